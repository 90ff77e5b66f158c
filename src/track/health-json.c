#include "health.h"

#include "kept.h"

#include <homelab/names.h>

#include <homelab/buffer.h>

#include <string.h>
#include <sysexits.h>

static const char *const said_names[SAID_COUNT] = {"nothing", "healthy", "unhealthy"};

json_t *
health_to_json(const struct health *h)
{
	json_t *services = json_object();

	for (size_t i = 0; i < h->count; i++) {
		const struct service_health *s = &h->list[i];

		(void)json_object_set_new(services, s->name,
		    json_pack("{s:s, s:o, s:o, s:o}", "said", said_names[s->said], "said_at",
			kept_of_time(s->said_at), "run", kept_of_time(s->run), "up_since",
			kept_of_time(s->up_since)));
	}
	return json_pack("{s:i, s:o, s:o}", "format", HEALTH_FORMAT, "looked_at",
	    kept_of_time(h->looked_at), "services", services);
}

static bool
read_service(const char *name, const json_t *value, struct health *h)
{
	struct service_health s = {0};
	int said;

	if (!name_is_service(name, strlen(name)) ||
	    !kept_word(value, "said", said_names, SAID_COUNT, &said) ||
	    !kept_time(value, "said_at", &s.said_at) || !kept_time(value, "run", &s.run) ||
	    !kept_time(value, "up_since", &s.up_since))
		return false;
	s.name = text_copy(name);
	s.said = (enum said)said;
	(void)health_append(h, s);
	return true;
}

static int
compare(const void *left, const void *right)
{
	const struct service_health *a = left, *b = right;

	return strcmp(a->name, b->name);
}

static int
read_services(json_t *services, struct health *h, struct error *err)
{
	const char *name;
	json_t *value;

	if (!json_is_object(services) || json_object_size(services) > HEALTH_SERVICES_MAX)
		return error_set(
		    err, EX_SOFTWARE, "services: not up to %d of them", HEALTH_SERVICES_MAX);
	json_object_foreach (services, name, value) {
		if (!read_service(name, value, h))
			return error_set(err, EX_SOFTWARE, "services: one isn't whole");
	}
	if (h->count > 0)
		qsort(h->list, h->count, sizeof(*h->list), compare);
	return 0;
}

struct health *
health_from_json(const json_t *value, struct error *err)
{
	struct health *h = health_new();

	if (kept_format(value, HEALTH_FORMAT, err) == 0 &&
	    (kept_time(value, "looked_at", &h->looked_at) ||
		error_set(err, EX_SOFTWARE, "looked_at: not a time") == 0) &&
	    read_services(json_object_get(value, "services"), h, err) == 0)
		return h;
	health_free(h);
	return NULL;
}
