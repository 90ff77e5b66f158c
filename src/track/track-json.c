#include "track.h"

#include "kept.h"

#include <homelab/buffer.h>

#include <string.h>
#include <sysexits.h>

json_t *
track_to_json(const struct track *t)
{
	json_t *looks = json_object(), *containers = json_array();

	for (int i = 0; i < t->look_count; i++)
		(void)json_object_set_new(looks, t->looks[i].runtime, kept_of_time(t->looks[i].at));
	for (size_t i = 0; i < t->known.count; i++)
		(void)json_array_append_new(containers, container_to_json(&t->known.list[i]));
	return json_pack("{s:i, s:o, s:o}", "format", TRACK_FORMAT, "looked_at", looks,
	    "containers", containers);
}

static int
read_looks(json_t *looks, struct track *t, struct error *err)
{
	const char *runtime;
	json_t *value;

	if (!json_is_object(looks) || json_object_size(looks) > TRACK_RUNTIMES_MAX)
		return error_set(
		    err, EX_SOFTWARE, "looked_at: not up to %d runtimes", TRACK_RUNTIMES_MAX);
	json_object_foreach (looks, runtime, value) {
		timestamp at;

		if (!kept_time(looks, runtime, &at) || strlen(runtime) > CONTAINER_TEXT_MAX)
			return error_set(err, EX_SOFTWARE, "looked_at: not a time of a runtime");
		track_look(t, runtime)->at = at;
	}
	return 0;
}

static bool
is_of_a_look(const struct track *t, const char *runtime)
{
	for (int i = 0; i < t->look_count; i++)
		if (strcmp(t->looks[i].runtime, runtime) == 0)
			return true;
	return false;
}

static bool
read_container(const json_t *value, struct track *t)
{
	struct container c;

	if (container_from_json(value, &c) != 0)
		return false;
	containers_take(&t->known, c);
	return c.state != CONTAINER_REMOVED && is_of_a_look(t, c.runtime);
}

static int
read_containers(const json_t *containers, struct track *t, struct error *err)
{
	const struct container *list;

	if (!json_is_array(containers) ||
	    json_array_size(containers) > (size_t)CONTAINERS_MAX * TRACK_RUNTIMES_MAX)
		return error_set(err, EX_SOFTWARE, "containers: not a list of them");
	for (size_t i = 0; i < json_array_size(containers); i++)
		if (!read_container(json_array_get(containers, i), t))
			return error_set(err, EX_SOFTWARE, "containers: not one at %zu", i);
	containers_sort(&t->known);
	list = t->known.list;
	for (size_t i = 1; i < t->known.count; i++)
		if (container_compare(&list[i - 1], &list[i]) == 0)
			return error_set(err, EX_SOFTWARE, "containers: one is there twice");
	return 0;
}

struct track *
track_from_json(const json_t *value, struct error *err)
{
	struct track *t = track_new();

	if (kept_format(value, TRACK_FORMAT, err) == 0 &&
	    read_looks(json_object_get(value, "looked_at"), t, err) == 0 &&
	    read_containers(json_object_get(value, "containers"), t, err) == 0)
		return t;
	track_free(t);
	return NULL;
}
