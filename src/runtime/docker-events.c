#include "docker.h"

#include <signal.h>
#include <string.h>

/* A signal so long before an end wasn't what it was asked for by. */
#define STOP_TIME MINUTES(10)

enum { EXIT_OF_SIGNAL = 128, NUMBER_MAX = 10 };

/* --- reading ------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	enum docker_action action;
	const char *number; /* the attribute that has it */
} actions[] = {
    {"start", DOCKER_START, NULL},
    {"kill", DOCKER_KILL, "signal"},
    {"stop", DOCKER_STOP, NULL},
    {"oom", DOCKER_OOM, NULL},
    {"die", DOCKER_DIE, "exitCode"},
    {"died", DOCKER_DIE, "exitCode"},
};

/* Digits of a text, so many that they fit; else `otherwise`. */
static int64_t
number_of(const json_t *value, int64_t otherwise)
{
	const char *text = json_string_value(value);
	size_t digits = text != NULL ? strspn(text, "0123456789") : 0;
	int64_t number = 0;

	if (digits < 1 || digits > NUMBER_MAX || text[digits] != '\0')
		return otherwise;
	for (size_t i = 0; i < digits; i++)
		number = number * 10 + (text[i] - '0');
	return number;
}

static void
add_event(struct docker_events *out, const json_t *line)
{
	const json_t *actor = json_object_get(line, "Actor");
	const json_t *attributes = json_object_get(actor, "Attributes");
	const char *id = json_string_value(json_object_get(actor, "ID"));
	const char *action = json_string_value(json_object_get(line, "Action"));
	const json_t *at = json_object_get(line, "timeNano");

	if (id == NULL || action == NULL || !json_is_integer(at) || json_integer_value(at) < 0)
		return;
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		struct docker_event *e;

		if (strcmp(actions[i].name, action) != 0)
			continue;
		ARRAY_GROW(out->list, out->count, out->room);
		e = &out->list[out->count];
		*e = (struct docker_event){.id = text_copy(id),
		    .action = actions[i].action,
		    .at = json_integer_value(at),
		    .order = out->count++};
		if (actions[i].number != NULL)
			e->number = number_of(json_object_get(attributes, actions[i].number),
			    e->action == DOCKER_DIE ? -1 : 0);
	}
}

static int
compare(const void *a, const void *b)
{
	const struct docker_event *left = a, *right = b;
	int order = strcmp(left->id, right->id);

	if (order != 0)
		return order;
	return left->order < right->order ? -1 : left->order > right->order;
}

void
docker_read_events(const struct buffer *body, struct docker_events *out)
{
	const char *text = (const char *)body->data, *end;

	for (size_t at = 0; at < body->length; at = (size_t)(end - text) + 1) {
		json_t *event;

		end = memchr(text + at, '\n', body->length - at);
		if (end == NULL)
			break;
		event =
		    json_loadb(text + at, (size_t)(end - text) - at, JSON_REJECT_DUPLICATES, NULL);
		add_event(out, event);
		json_decref(event);
	}
	if (out->count > 0)
		qsort(out->list, out->count, sizeof(out->list[0]), compare);
}

void
docker_events_release(struct docker_events *e)
{
	for (size_t i = 0; i < e->count; i++)
		free(e->list[i].id);
	free(e->list);
	*e = (struct docker_events){0};
}

/* --- an end --------------------------------------------------------------------------------- */

/* What has been seen of one container, since it was started. */
struct course {
	bool stopped, oom;
	timestamp killed_at; /* TIMESTAMP_NONE: it wasn't */
	int64_t signal;
};

static const struct course begun = {.killed_at = TIMESTAMP_NONE};

/* Other signals are for reloading and the like, unless they were what ended it. */
static bool
is_to_end(int64_t number, int64_t exit_code)
{
	return number == 0 || number == SIGTERM || number == SIGKILL || number == SIGINT ||
	    number == SIGQUIT || exit_code == EXIT_OF_SIGNAL + number;
}

static bool
was_requested(const struct course *c, timestamp at, int64_t exit_code)
{
	if (c->stopped)
		return true;
	return c->killed_at != TIMESTAMP_NONE && at - c->killed_at <= STOP_TIME &&
	    is_to_end(c->signal, exit_code);
}

static void
go_on(struct course *c, const struct docker_event *e)
{
	switch (e->action) {
	case DOCKER_START:
	case DOCKER_DIE:
		*c = begun;
		break;
	case DOCKER_KILL:
		c->killed_at = e->at;
		c->signal = e->number;
		break;
	case DOCKER_STOP:
		c->stopped = true;
		break;
	case DOCKER_OOM:
		c->oom = true;
		break;
	}
}

static size_t
first_of(const struct docker_events *e, const char *id)
{
	size_t low = 0, high = e->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(e->list[middle].id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* An engine tells of an end just after it; podman of a stop before, Docker after. */
struct docker_end
docker_find_end(const struct docker_events *events, const char *id, timestamp finished_at)
{
	struct docker_end end = {.exit_code = -1};
	struct course course = begun;
	bool found = false;

	for (size_t i = first_of(events, id); i < events->count; i++) {
		const struct docker_event *e = &events->list[i];

		if (strcmp(e->id, id) != 0 || (found && e->action != DOCKER_STOP))
			break;
		if (e->action == DOCKER_DIE && e->at >= finished_at) {
			end = (struct docker_end){
			    e->number, was_requested(&course, e->at, e->number), course.oom};
			found = true;
		}
		go_on(&course, e);
	}
	end.requested |= found ? course.stopped : was_requested(&course, finished_at, -1);
	return end;
}

/* --- the judgement -------------------------------------------------------------------------- */

void
docker_judge(struct container *c, const struct docker_end *end, bool windows)
{
	if (end != NULL && !c->has_exited && end->exit_code >= 0) {
		c->has_exited = true;
		c->exit_code = end->exit_code;
		c->oom_killed = end->oom_killed;
	}
	c->signal = c->has_exited && !windows ? signal_of_exit(c->exit_code) : 0;
	c->stop_requested = end != NULL && end->requested;
	if (c->state == CONTAINER_EXITED && container_crashed(c))
		c->state = CONTAINER_FAILED;
}
