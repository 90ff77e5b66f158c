/*
 * Deployments as one node tells them (F8, F9). Joining the runs of several
 * nodes that share a correlation id is the projection's work (F10).
 *
 *	none --started--> in progress --completed/failed--> ended
 *	ended --started--> in progress again, one attempt more
 *	none --completed/failed--> ended, without a start
 */

#include "fold.h"

#include <stdio.h>
#include <string.h>

#include <homelab/names.h>

static struct run *
run_find(const struct partition *p, const char *id, bool made)
{
	for (size_t i = p->run_count; i > 0; i--)
		if (p->runs[i - 1]->made == made && strcmp(p->runs[i - 1]->id, id) == 0)
			return p->runs[i - 1];
	return NULL;
}

static struct run *
run_ensure(struct partition *p, const char *id, const char *first_service)
{
	struct run *r = run_find(p, id, first_service != NULL);

	if (r != NULL)
		return r;
	r = memory_alloc(sizeof(*r));
	r->id = text_copy(id);
	r->made = first_service != NULL;
	if (r->made)
		r->first_service = text_copy(first_service);
	r->started_at = r->ended_at = r->last_event = TIMESTAMP_NONE;
	ARRAY_GROW(p->runs, p->run_count, p->run_room);
	p->runs[p->run_count++] = r;
	return r;
}

/* The least of an event's services that isn't a ghost, or "all". */
static const char *
first_service(const struct event *e)
{
	const char *first = NULL;

	for (size_t i = 0; i < e->service_count; i++)
		if (!name_is_ghost(e->services[i]) &&
		    (first == NULL || strcmp(e->services[i], first) < 0))
			first = e->services[i];
	return first == NULL ? "all" : first;
}

/* Made runs of a service began in the order of their starts: an earlier one's
 * second, which names it, is over. */
static struct run *
last_open_run(const struct partition *p, const char *service)
{
	for (size_t i = p->run_count; i > 0; i--) {
		struct run *r = p->runs[i - 1];

		if (r->made && r->status == RUN_IN_PROGRESS &&
		    strcmp(r->first_service, service) == 0)
			return r;
	}
	return NULL;
}

/* The run an event belongs to: that of its correlation id, or a made one. */
static struct run *
run_of(struct partition *p, const struct event *e)
{
	const char *service = first_service(e);
	cleanup_buffer struct buffer id = {0};
	struct run *open;

	if (e->correlation_id[0] != '\0')
		return run_ensure(p, e->correlation_id, NULL);
	if (e->kind->effect != EFFECT_DEPLOYMENT_STARTED &&
	    (open = last_open_run(p, service)) != NULL)
		return open;
	buffer_text(
	    &id, "dep-%lld-%s-%s", (long long)(e->at / NANOSECONDS_A_SECOND), p->node, service);
	return run_ensure(p, buffer_string(&id), service);
}

static bool
add_service(struct run *r, const char *name)
{
	size_t at = 0;

	while (at < r->service_count && strcmp(r->services[at], name) < 0)
		at++;
	if (at < r->service_count && strcmp(r->services[at], name) == 0)
		return true;
	if (r->service_count == PARTITION_SERVICES_MAX)
		return false;
	r->services = memory_resize(r->services, r->service_count + 1, sizeof(*r->services));
	memmove(
	    r->services + at + 1, r->services + at, (r->service_count - at) * sizeof(*r->services));
	r->services[at] = text_copy(name);
	r->service_count++;
	return true;
}

static void
add_diagnostics(struct run *r, const struct event *e)
{
	for (size_t i = 0; i < e->diagnostic_count; i++) {
		size_t k = 0;

		while (k < r->diagnostic_count && strcmp(r->diagnostics[k], e->diagnostics[i]) != 0)
			k++;
		if (k == r->diagnostic_count && k < EVENT_DIAGNOSTICS_MAX)
			r->diagnostics[r->diagnostic_count++] = text_copy(e->diagnostics[i]);
	}
}

static void
apply_effect(struct partition *p, struct run *r, const struct event *e)
{
	if (e->kind->effect == EFFECT_DEPLOYMENT_STARTED) {
		r->status = RUN_IN_PROGRESS;
		r->attempts++;
		if (r->started_at == TIMESTAMP_NONE)
			r->started_at = e->at;
		r->ended_at = TIMESTAMP_NONE;
		return;
	}
	r->status = e->kind->effect == EFFECT_DEPLOYMENT_FAILED ? RUN_FAILED : RUN_COMPLETED;
	r->ended = ++p->order;
	r->ended_at = e->at;
}

/* Beyond the limit the run that ended first is forgotten, or, where all are
 * open, the one that was silent longest (F11). */
static void
keep_limit(struct partition *p)
{
	size_t oldest = 0;
	bool open = true;

	if (p->run_count <= PARTITION_DEPLOYMENTS_MAX)
		return;
	for (size_t i = 0; i < p->run_count; i++) {
		const struct run *r = p->runs[i], *old = p->runs[oldest];

		if (r->status != RUN_IN_PROGRESS && (open || r->ended < old->ended)) {
			oldest = i;
			open = false;
		} else if (open && r->touched < old->touched) {
			oldest = i;
		}
	}
	run_forget(p, oldest);
}

bool
run_fold(struct partition *p, const struct event *e)
{
	struct run *r = run_of(p, e);
	bool all_fit = true;

	apply_effect(p, r, e);
	r->last_event = e->at;
	r->touched = ++p->order;
	r->says_all |= e->says_all;
	for (size_t i = 0; i < e->service_count; i++)
		if (!name_is_ghost(e->services[i]) && !add_service(r, e->services[i]))
			all_fit = false;
	if (r->source == NULL)
		text_set(&r->source, e->source);
	if (e->stage[0] != '\0')
		text_set(&r->stage, e->stage);
	if (e->message[0] != '\0')
		text_set(&r->message, e->message);
	add_diagnostics(r, e);
	keep_limit(p);
	return all_fit;
}

/* One that names no service is for all of them. */
static bool
concerns(const struct run *r, const char *service)
{
	for (size_t i = 0; i < r->service_count; i++)
		if (strcmp(r->services[i], service) == 0)
			return true;
	return r->service_count == 0;
}

const struct run *
run_suspect(const struct partition *p, const char *service, timestamp at)
{
	const struct run *latest = NULL;

	for (size_t i = 0; i < p->run_count; i++) {
		const struct run *r = p->runs[i];

		/* All its events are starts and ends. */
		if (r->last_event >= at - DEPLOYMENT_SUSPECT &&
		    (latest == NULL || r->touched > latest->touched) && concerns(r, service))
			latest = r;
	}
	return latest;
}

void
run_forget(struct partition *p, size_t index)
{
	run_free(p->runs[index]);
	free(p->runs[index]);
	p->run_count--;
	memmove(p->runs + index, p->runs + index + 1, (p->run_count - index) * sizeof(*p->runs));
}

void
run_free(struct run *r)
{
	free(r->id);
	free(r->first_service);
	for (size_t i = 0; i < r->service_count; i++)
		free(r->services[i]);
	free(r->services);
	free(r->source);
	free(r->stage);
	free(r->message);
	for (size_t i = 0; i < r->diagnostic_count; i++)
		free(r->diagnostics[i]);
}
