#include "docker.h"

#include <homelab/disk.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/*
 * What there is now. One call lists the containers. Another, for each that may
 * have changed, tells the rest; the others are as they were:
 *
 *	L1 Whatever the list says is the same, but for how long it has been so.
 *	L2 It has been so since before the last list. So it didn't go down and up, or
 *	   up and down, in between: that would have begun the time anew.
 *	L3 Still, each is looked into once in TURNS lists. Clocks step, and what its
 *	   owner changes in it shows in no list.
 *
 * At last, where a container came to an end that isn't explained yet, the engine's
 * events tell whether somebody asked for it, and the exit code of what runs again.
 */

#define EXPLAINED_BEFORE MINUTES(10) /* the last look: what ended then was seen */
#define STOP_TIME MINUTES(10) /* from a stop request to the end */
#define FIRST_LOOK HOURS(24) /* how far back what ended before it is explained */

/* podman 4.3 ends a stream whose end has come before it has told everything. So it is
 * asked for no stream, which takes it no time, and given time where it doesn't know of
 * that, or where an end isn't among what it told. */
#define PODMAN_TIME SECONDS(1)

enum { TURNS = 30, ID_PART = 12 };

struct look {
	struct runtime *r;
	struct docker_kept *kept;
	struct docker_view view;
	timestamp began, began_real; /* by the clocks */
	timestamp since;
};

/* --- looking into containers ------------------------------------------------------------ */

/* Takes another part of all containers each time. */
static bool
is_its_turn(const char *id, unsigned turn)
{
	unsigned sum = 0;

	for (int i = 0; i < ID_PART && id[i] != '\0'; i++)
		sum += (unsigned char)id[i];
	return sum % TURNS == turn % TURNS;
}

/* The health of podman's is in no list. */
static bool
is_listed_whole(const struct docker_entry *e)
{
	static const char *const words[] = {
	    [HEALTH_STARTING] = "(health: starting)",
	    [HEALTH_HEALTHY] = "(healthy)",
	    [HEALTH_UNHEALTHY] = "(unhealthy)",
	};
	const char *word = words[e->container.health];

	return e->container.state != CONTAINER_RUNNING || word == NULL ||
	    strstr(e->shape, word) != NULL;
}

static timestamp
time_between(const struct look *l)
{
	timestamp by_one = l->began - l->kept->listed_at;
	timestamp by_other = l->began_real - l->kept->listed_at_real;

	return by_one > by_other ? by_one : by_other;
}

static bool
is_as_it_was(const struct look *l, const struct docker_entry *now, const struct docker_entry *old)
{
	return old != NULL && old->known && strcmp(now->shape, old->shape) == 0 &&
	    now->age > time_between(l) && is_listed_whole(old) &&
	    !is_its_turn(now->id, l->kept->turn);
}

/* What was known of the end that it came to last. */
static void
take_over(struct docker_entry *now, const struct docker_entry *old, bool windows)
{
	struct container *c = &now->container;
	const struct container *before = &old->container;
	const struct docker_end end = {before->has_exited ? before->exit_code : -1,
	    before->stop_requested, before->oom_killed};

	if (!old->known || !old->judged)
		return;
	if (c->finished_at != before->finished_at) {
		now->stopping = old->stopping; /* and now it has ended */
		return;
	}
	docker_judge(c, &end, windows);
	now->stopping = c->state == CONTAINER_STOPPING;
	now->judged = true;
}

static struct container
new_container(void)
{
	struct containers one = {0};
	struct container c = *containers_add(&one);

	free(one.list);
	return c;
}

static int
look_into(struct look *l, struct docker_entry *e, struct error *err)
{
	char path[DOCKER_ID_MAX + 32];
	const struct docker_call call = {"GET", path,
	    l->began + DOCKER_LIST_TIME - clock_monotonic(), DOCKER_SMALL_MAX, {200, 404}};
	struct http_answer answer;
	int result;

	(void)snprintf(path, sizeof(path), "/containers/%s/json", e->id);
	result = docker_send(l->r, &call, &answer, err);
	if (result == 0 && answer.status == 200) {
		e->container = new_container();
		e->known = true;
		container_set_text(&e->container.runtime, l->r->address->name);
		if (docker_read_container(&answer.body, l->r->windows, &e->container) < 0 ||
		    strcmp(e->container.id, e->id) != 0)
			result = error_set(err, EX_UNAVAILABLE,
			    "cannot read what %s says of container %s", l->r->address->name, e->id);
	}
	http_answer_release(&answer);
	return result;
}

static int
look_into_all(struct look *l, struct error *err)
{
	for (size_t i = 0; i < l->view.count; i++) {
		struct docker_entry *now = &l->view.list[i];
		const struct docker_entry *old = docker_view_find(&l->kept->view, now->id);

		if (is_as_it_was(l, now, old)) {
			now->container = container_copy(&old->container);
			now->known = true;
			now->judged = old->judged;
			now->stopping = now->container.state == CONTAINER_STOPPING;
			continue;
		}
		if (look_into(l, now, err) < 0)
			return -1;
		if (now->known && old != NULL)
			take_over(now, old, l->r->windows);
	}
	return 0;
}

/* --- explaining ends ----------------------------------------------------------------------- */

/* When ends are of interest from. */
static timestamp
explained_from(const struct look *l)
{
	timestamp from = l->began_real - FIRST_LOOK;

	return (l->since > from ? l->since : from) - EXPLAINED_BEFORE;
}

/* What runs again before it was ever looked at is taken as it is. */
static bool
needs_reason(const struct look *l, const struct docker_entry *e)
{
	const struct container *c = &e->container;

	if (!e->known || e->judged || c->finished_at == TIMESTAMP_NONE ||
	    c->finished_at < explained_from(l))
		return false;
	return c->has_exited ? container_crashed(c) : l->since != TIMESTAMP_NONE;
}

/* The times of the first and the last end that isn't explained; false without. */
static bool
find_ends(const struct look *l, timestamp *first, timestamp *last)
{
	*first = TIMESTAMP_LAST;
	*last = TIMESTAMP_NONE;
	for (size_t i = 0; i < l->view.count; i++) {
		timestamp at = l->view.list[i].container.finished_at;

		if (!needs_reason(l, &l->view.list[i]))
			continue;
		*first = at < *first ? at : *first;
		*last = at > *last ? at : *last;
	}
	return *last != TIMESTAMP_NONE;
}

/* What is asked for: what happened between these times. */
struct span {
	timestamp first, until;
	bool at_once; /* as far as it is known already */
};

/* Proxies of an engine's socket may refuse it: then nothing is known. */
static int
ask_events(struct look *l, const struct span *span, struct docker_events *out, struct error *err)
{
	cleanup_buffer struct buffer path = {0};
	struct docker_call call = {.method = "GET",
	    .deadline = l->began + DOCKER_LIST_TIME - clock_monotonic(),
	    .body_max = DOCKER_EVENTS_MAX,
	    .statuses = {200, 403, 404}};
	struct http_answer answer;
	int result;

	buffer_text(&path, "/events?");
	docker_add_time(&path, "since", span->first - STOP_TIME);
	docker_add_time(&path, "until", span->until);
	if (span->at_once)
		buffer_text(&path, "stream=false&");
	buffer_text(&path, "filters=");
	docker_add_query(&path,
	    "{\"type\":[\"container\"],"
	    "\"event\":[\"start\",\"kill\",\"stop\",\"oom\",\"die\",\"died\"]}");
	call.path = buffer_string(&path);
	result = docker_send(l->r, &call, &answer, err);
	if (answer.cut)
		result = 0; /* what there is will do */
	if (result == 0 && answer.status == 200)
		docker_read_events(&answer.body, out);
	http_answer_release(&answer);
	return result;
}

static bool
tell_all_ends(const struct look *l, const struct docker_events *events)
{
	for (size_t i = 0; i < l->view.count; i++) {
		const struct docker_entry *e = &l->view.list[i];

		if (needs_reason(l, e) &&
		    docker_find_end(events, e->id, e->container.finished_at).exit_code < 0)
			return false;
	}
	return true;
}

static int
ask_podman(struct look *l, timestamp first, struct docker_events *out, struct error *err)
{
	struct span span = {first, clock_real() + PODMAN_TIME, true};

	if (ask_events(l, &span, out, err) < 0)
		return -1;
	if (tell_all_ends(l, out))
		return 0;
	docker_events_release(out);
	span = (struct span){first, clock_real() + PODMAN_TIME, false};
	return ask_events(l, &span, out, err);
}

/* An engine on this machine has our clock; of another only its own times are known. */
static int
ask_why(struct look *l, struct docker_events *out, struct error *err)
{
	struct span span = {0};
	timestamp last;

	if (!find_ends(l, &span.first, &last))
		return 0;
	if (strcmp(l->r->product, "podman") == 0 && l->r->address->socket != NULL)
		return ask_podman(l, span.first, out, err);
	span.until = l->r->address->socket != NULL ? clock_real() : timestamp_add(last, SECONDS(1));
	return ask_events(l, &span, out, err);
}

static int
explain(struct look *l, struct error *err)
{
	struct docker_events events = {0};
	int result = ask_why(l, &events, err);

	for (size_t i = 0; result == 0 && i < l->view.count; i++) {
		struct docker_entry *e = &l->view.list[i];
		struct docker_end end;

		if (!e->known || e->judged)
			continue;
		end = docker_find_end(&events, e->id, e->container.finished_at);
		end.requested |= e->stopping; /* podman doesn't tell of every stop */
		docker_judge(&e->container, needs_reason(l, e) ? &end : NULL, l->r->windows);
		e->stopping = e->container.state == CONTAINER_STOPPING;
		e->judged = true;
	}
	docker_events_release(&events);
	return result;
}

/* --- a list ----------------------------------------------------------------------------------- */

static int
ask_list(struct look *l, struct error *err)
{
	const struct docker_call call = {
	    "GET", "/containers/json?all=1", DOCKER_CALL_TIME, DOCKER_LIST_MAX, {200}};
	struct http_answer answer;
	int result = docker_send(l->r, &call, &answer, err);

	if (result == 0 && docker_read_list(&answer.body, &l->view) < 0)
		result = error_set(err, EX_UNAVAILABLE, "cannot read the list of containers of %s",
		    l->r->address->name);
	http_answer_release(&answer);
	return result;
}

static void
keep(struct look *l)
{
	docker_view_release(&l->kept->view);
	l->kept->view = l->view;
	l->kept->listed_at = l->began;
	l->kept->listed_at_real = l->began_real;
	l->kept->turn++;
}

int
docker_list(struct runtime *r, timestamp since, struct containers *out, struct error *err)
{
	struct look l = {.r = r,
	    .kept = docker_kept_of(r),
	    .began = clock_monotonic(),
	    .began_real = clock_real(),
	    .since = since};

	if (ask_list(&l, err) < 0 || look_into_all(&l, err) < 0 || explain(&l, err) < 0) {
		docker_view_release(&l.view);
		if (err != NULL)
			err->status = EX_UNAVAILABLE; /* refused is as good as not there */
		return -1;
	}
	for (size_t i = 0; i < l.view.count; i++) {
		struct container *c;

		if (!l.view.list[i].known)
			continue; /* it was gone before it could be looked into */
		c = containers_add(out);
		container_release(c);
		*c = container_copy(&l.view.list[i].container);
	}
	keep(&l);
	return 0;
}
