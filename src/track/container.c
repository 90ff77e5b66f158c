#include <homelab/container.h>

#include "kept.h"

#include <homelab/buffer.h>
#include <homelab/names.h>

#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { SIGNALLED = 128, SIGNAL_MAX = 64, CHARACTER_MAX = 4 };

const char *const container_state_names[CONTAINER_STATE_COUNT] = {
    "created", "running", "restarting", "paused", "stopping", "exited", "failed", "removed"};

const char *const container_health_names[HEALTH_COUNT] = {
    "none", "starting", "healthy", "unhealthy"};

/* --- fields, by their names on disk -------------------------------------------- */

struct field {
	const char *name;
	size_t offset;
};

#define FIELD(name)                                                                                \
	{                                                                                          \
#name, offsetof(struct container, name)                                            \
	}

static const struct field texts[] = {
    FIELD(runtime), FIELD(id), FIELD(name), FIELD(image), FIELD(digest)};
static const struct field times[] = {FIELD(created_at), FIELD(started_at), FIELD(finished_at)};
static const struct field flags[] = {
    FIELD(has_exited), FIELD(oom_killed), FIELD(stop_requested), FIELD(restarts_itself)};

static char **
text_at(const struct container *c, const struct field *f)
{
	return (char **)((char *)(uintptr_t)c + f->offset);
}

static timestamp *
time_at(const struct container *c, const struct field *f)
{
	return (timestamp *)(void *)((char *)(uintptr_t)c + f->offset);
}

static bool *
flag_at(const struct container *c, const struct field *f)
{
	return (bool *)((char *)(uintptr_t)c + f->offset);
}

/* --- memory --------------------------------------------------------------------- */

static struct container
container_none(void)
{
	struct container c = {.labels = json_object(),
	    .created_at = TIMESTAMP_NONE,
	    .started_at = TIMESTAMP_NONE,
	    .finished_at = TIMESTAMP_NONE};

	for (size_t i = 0; i < COUNT(texts); i++)
		*text_at(&c, &texts[i]) = text_copy("");
	return c;
}

struct container *
containers_add(struct containers *c)
{
	ARRAY_GROW(c->list, c->count, c->room);
	c->list[c->count] = container_none();
	return &c->list[c->count++];
}

void
container_release(struct container *c)
{
	for (size_t i = 0; i < COUNT(texts); i++)
		free(*text_at(c, &texts[i]));
	json_decref(c->labels);
	*c = (struct container){0};
}

void
containers_release(struct containers *c)
{
	for (size_t i = 0; i < c->count; i++)
		container_release(&c->list[i]);
	free(c->list);
	*c = (struct containers){0};
}

struct container
container_copy(const struct container *c)
{
	struct container copy = *c;

	for (size_t i = 0; i < COUNT(texts); i++)
		*text_at(&copy, &texts[i]) = text_copy(*text_at(c, &texts[i]));
	copy.labels = json_deep_copy(c->labels);
	return copy;
}

int
container_compare(const struct container *a, const struct container *b)
{
	int order = strcmp(a->runtime, b->runtime);

	if (order == 0)
		order = strcmp(a->name, b->name);
	return order != 0 ? order : strcmp(a->id, b->id);
}

static int
compare(const void *a, const void *b)
{
	return container_compare(a, b);
}

void
containers_sort(struct containers *c)
{
	if (c->count > 0)
		qsort(c->list, c->count, sizeof(*c->list), compare);
}

/* --- texts ---------------------------------------------------------------------- */

/* Of a long one only so much is read that a character at the limit is whole. */
static char *
bounded_copy(const char *value)
{
	cleanup_buffer struct buffer mended = {0};

	text_mend(value, strnlen(value, CONTAINER_TEXT_MAX + CHARACTER_MAX), &mended);
	return text_copy_length(buffer_string(&mended),
	    text_cut((char *)mended.data, mended.length, CONTAINER_TEXT_MAX));
}

void
container_set_text(char **text, const char *value)
{
	char *copy = bounded_copy(value != NULL ? value : "");

	free(*text);
	*text = copy;
}

static bool
is_label_of_interest(const char *name)
{
	static const char *const names[] = {"homelab.service", "homelab.health",
	    "com.docker.compose.service", "com.docker.compose.project", "com.docker.compose.oneoff",
	    "io.kubernetes.container.name", "io.kubernetes.pod.name", "io.kubernetes.pod.namespace",
	    "io.kubernetes.pod.uid"};

	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

void
container_set_label(struct container *c, const char *name, const char *value)
{
	cleanup_free char *key = bounded_copy(name), *text = bounded_copy(value);

	if (json_object_size(c->labels) < CONTAINER_LABELS_MAX ||
	    json_object_get(c->labels, key) != NULL || is_label_of_interest(key))
		(void)json_object_set_new(c->labels, key, json_string(text));
}

const char *
container_label(const struct container *c, const char *name)
{
	return json_string_value(json_object_get(c->labels, name));
}

/* --- what it is ----------------------------------------------------------------- */

static bool
is_service(const char *name)
{
	return name != NULL && name_is_service(name, strlen(name)) && strcmp(name, "all") != 0;
}

const char *
container_service(const struct container *c)
{
	static const char *const labels[] = {
	    "homelab.service", "com.docker.compose.service", "io.kubernetes.container.name"};
	const char *name = c->name;

	for (size_t i = 0; i < COUNT(labels); i++)
		if (is_service(container_label(c, labels[i])))
			return container_label(c, labels[i]);
	while (name_is_ghost(name))
		name += CONTAINER_ID_LENGTH + 1;
	return is_service(name) ? name : NULL;
}

int
signal_of_exit(int64_t exit_code)
{
	return exit_code > SIGNALLED && exit_code <= SIGNALLED + SIGNAL_MAX ?
	    (int)(exit_code - SIGNALLED) :
	    0;
}

bool
container_is_up(const struct container *c)
{
	return c->state == CONTAINER_RUNNING || c->state == CONTAINER_PAUSED ||
	    c->state == CONTAINER_STOPPING;
}

bool
container_crashed(const struct container *c)
{
	if (!c->has_exited || c->exit_code == 0 || c->exit_code == SIGNALLED + SIGTERM)
		return false;
	return !c->stop_requested || (c->oom_killed && c->exit_code == SIGNALLED + SIGKILL);
}

json_t *
container_describe(const struct container *c)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:o, s:I}", "runtime", c->runtime,
	    "id", c->id, "name", c->name, "image", c->image, "state",
	    container_state_names[c->state], "exit_code",
	    c->has_exited ? json_integer(c->exit_code) : json_null(), "oom_killed",
	    c->has_exited && c->oom_killed, "started_at", kept_of_time(c->started_at), "restarts",
	    (json_int_t)c->restarts);
}

/* --- on disk -------------------------------------------------------------------- */

json_t *
container_to_json(const struct container *c)
{
	json_t *value = json_pack("{s:O, s:s, s:s, s:I, s:i, s:I}", "labels", c->labels, "state",
	    container_state_names[c->state], "health", container_health_names[c->health],
	    "exit_code", (json_int_t)c->exit_code, "signal", c->signal, "restarts",
	    (json_int_t)c->restarts);

	for (size_t i = 0; i < COUNT(texts); i++)
		(void)json_object_set_new(
		    value, texts[i].name, json_string(*text_at(c, &texts[i])));
	for (size_t i = 0; i < COUNT(times); i++)
		(void)json_object_set_new(
		    value, times[i].name, kept_of_time(*time_at(c, &times[i])));
	for (size_t i = 0; i < COUNT(flags); i++)
		(void)json_object_set_new(
		    value, flags[i].name, json_boolean(*flag_at(c, &flags[i])));
	return value;
}

static bool
read_texts(const json_t *value, struct container *out)
{
	for (size_t i = 0; i < COUNT(texts); i++) {
		const char *text =
		    kept_text(json_object_get(value, texts[i].name), CONTAINER_TEXT_MAX);

		if (text == NULL)
			return false;
		container_set_text(text_at(out, &texts[i]), text);
	}
	return out->runtime[0] != '\0' && out->id[0] != '\0';
}

static bool
read_labels(const json_t *value, struct container *out)
{
	json_t *labels = json_object_get(value, "labels"), *label;
	const char *name;

	if (!json_is_object(labels))
		return false;
	json_object_foreach (labels, name, label) {
		if (strlen(name) > CONTAINER_TEXT_MAX ||
		    kept_text(label, CONTAINER_TEXT_MAX) == NULL)
			return false;
		container_set_label(out, name, json_string_value(label));
	}
	return true;
}

static bool
read_numbers(const json_t *value, struct container *out)
{
	int64_t number;
	int state, health;

	if (!kept_word(value, "state", container_state_names, CONTAINER_STATE_COUNT, &state) ||
	    !kept_word(value, "health", container_health_names, HEALTH_COUNT, &health) ||
	    !kept_integer(value, "exit_code", INT64_MIN, &out->exit_code) ||
	    !kept_integer(value, "restarts", 0, &out->restarts) ||
	    !kept_integer(value, "signal", 0, &number) || number > INT_MAX)
		return false;
	out->state = (enum container_state)state;
	out->health = (enum container_health)health;
	out->signal = (int)number;
	return true;
}

static bool
read_times_and_flags(const json_t *value, struct container *out)
{
	for (size_t i = 0; i < COUNT(times); i++)
		if (!kept_time(value, times[i].name, time_at(out, &times[i])))
			return false;
	for (size_t i = 0; i < COUNT(flags); i++)
		if (!kept_flag(value, flags[i].name, flag_at(out, &flags[i])))
			return false;
	return true;
}

int
container_from_json(const json_t *value, struct container *out)
{
	struct container c = container_none();

	if (!read_texts(value, &c) || !read_labels(value, &c) || !read_numbers(value, &c) ||
	    !read_times_and_flags(value, &c)) {
		container_release(&c);
		return -1;
	}
	*out = c;
	return 0;
}
