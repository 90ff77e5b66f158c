/*
 * The fold of one node's events. Invariants, kept here and relied upon by the
 * projection and the journal:
 *
 * A3  fold(a ++ b) = fold(fold(a), b): the state is all that the past is
 *     remembered by, so that it can be packed anywhere in between.
 * F1  Events come in their total order; nothing here looks at their arrival.
 * F2  A service's `latest` incident is one the partition holds; incidents of a
 *     service are forgotten before the service is.
 * F3  Sizes are bounded whatever the events say (F11 of the world model).
 *
 * What an event does is its type's row in event_type.c and the function for
 * that effect in the table at the end.
 */

#include "fold.h"

#include <string.h>

#include <homelab/names.h>

struct partition *
partition_new(const char *node)
{
	struct partition *p = memory_alloc(sizeof(*p));

	p->node = text_copy(node);
	p->status_since = p->first_seen = p->last_seen = TIMESTAMP_NONE;
	return p;
}

static void
free_metrics(struct partition *p)
{
	for (size_t i = 0; i < p->metric_count; i++)
		free((char *)p->metrics[i].name);
	free(p->metrics);
}

static void
service_free(struct service *s)
{
	containers_free(s);
	free(s->name);
	free(s);
}

void
partition_free(struct partition *p)
{
	if (p == NULL)
		return;
	for (int i = 0; i < PRESSURE_COUNT; i++)
		free(p->pressure[i]);
	free_metrics(p);
	for (size_t i = 0; i < p->type_count; i++)
		free(p->types[i].type);
	for (size_t i = 0; i < p->service_count; i++)
		service_free(p->services[i]);
	for (size_t i = 0; i < p->incident_count; i++) {
		incident_free(p->incidents[i]);
		free(p->incidents[i]);
	}
	for (size_t i = 0; i < p->run_count; i++) {
		run_free(p->runs[i]);
		free(p->runs[i]);
	}
	free(p->types);
	free(p->services);
	free(p->incidents);
	free(p->runs);
	free(p->node);
	free(p);
}

void
text_set(char **field, const char *text)
{
	char *copy = text[0] == '\0' ? NULL : text_copy(text);

	free(*field);
	*field = copy;
}

/* Where a service of that name is, or would be. */
static size_t
service_position(const struct partition *p, const char *name)
{
	size_t low = 0, high = p->service_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(p->services[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct service *
service_find(const struct partition *p, const char *name)
{
	size_t at = service_position(p, name);

	if (at < p->service_count && strcmp(p->services[at]->name, name) == 0)
		return p->services[at];
	return NULL;
}

struct service *
service_ensure(struct partition *p, const char *name)
{
	size_t at = service_position(p, name);
	struct service *s;

	if (at < p->service_count && strcmp(p->services[at]->name, name) == 0)
		return p->services[at];
	if (p->service_count == PARTITION_SERVICES_MAX)
		return NULL;
	s = memory_alloc(sizeof(*s));
	s->name = text_copy(name);
	s->last_healthy = s->last_failure = TIMESTAMP_NONE;
	ARRAY_GROW(p->services, p->service_count, p->service_room);
	memmove(p->services + at + 1, p->services + at,
	    (p->service_count - at) * sizeof(struct service *));
	p->services[at] = s;
	p->service_count++;
	return s;
}

void
service_forget(struct partition *p, const struct service *s)
{
	size_t at = service_position(p, s->name);

	service_free(p->services[at]);
	p->service_count--;
	memmove(p->services + at, p->services + at + 1,
	    (p->service_count - at) * sizeof(struct service *));
}

void
service_set_status(struct service *s, enum service_status status, timestamp at)
{
	if (s->status != status)
		s->status_since = at;
	s->status = status;
	s->last_seen = at;
}

static void
fail_service(struct partition *p, const char *name, const struct event *e, bool *fits)
{
	struct service *s;

	if (name_is_ghost(name))
		return;
	if ((s = service_ensure(p, name)) == NULL) {
		*fits = false;
		return;
	}
	service_set_status(s, SERVICE_UNHEALTHY, e->at);
	s->last_failure = e->at;
	incident_fail(p, s, e);
}

static void
heal_service(struct partition *p, struct service *s, const struct event *e)
{
	service_set_status(s, SERVICE_HEALTHY, e->at);
	s->last_healthy = e->at;
	incident_resolve(p, s, e);
}

static void
fold_failure(struct partition *p, const struct event *e)
{
	bool fits = true;

	for (size_t i = 0; i < e->service_count; i++)
		fail_service(p, e->services[i], e, &fits);
	if (e->service_count == 0 && e->says_all)
		fail_service(p, "all", e, &fits);
	else if (e->service_count == 0)
		p->unscoped++;
	p->over_limit += !fits;
}

static void
fold_healthy(struct partition *p, const struct event *e)
{
	bool fits = true;

	for (size_t i = 0; i < e->service_count; i++) {
		struct service *s;

		if (name_is_ghost(e->services[i]))
			continue;
		if ((s = service_ensure(p, e->services[i])) != NULL)
			heal_service(p, s, e);
		else
			fits = false;
	}
	if (e->service_count == 0 && e->says_all)
		for (size_t i = 0; i < p->service_count; i++)
			heal_service(p, p->services[i], e);
	else if (e->service_count == 0)
		p->unscoped++;
	p->over_limit += !fits;
}

static void
fold_remediation(struct partition *p, const struct event *e)
{
	bool starts = e->kind->effect == EFFECT_REMEDIATION_STARTED;
	bool all = e->service_count == 0 && e->says_all;

	p->unscoped += e->service_count == 0 && !all;
	for (size_t i = 0; i < e->service_count + all; i++) {
		struct service *s = service_find(p, all ? "all" : e->services[i]);

		if (s == NULL)
			continue;
		s->last_seen = e->at;
		if (starts)
			incident_note_start(s, e);
		else
			incident_note_completion(s, e);
	}
}

static void
fold_deployment(struct partition *p, const struct event *e)
{
	if (!run_fold(p, e))
		p->over_limit++;
}

static void
set_node_status(struct partition *p, enum node_status status, timestamp at)
{
	if (p->status != status)
		p->status_since = at;
	p->status = status;
}

static void
fold_node_offline(struct partition *p, const struct event *e)
{
	set_node_status(p, NODE_OFFLINE, e->at);
}

static void
fold_node_online(struct partition *p, const struct event *e)
{
	set_node_status(p, NODE_ONLINE, e->at);
}

static void
fold_node_health(struct partition *p, const struct event *e)
{
	set_node_status(p, NODE_ONLINE, e->at);
	for (int i = 0; i < PRESSURE_COUNT; i++)
		text_set(&p->pressure[i], e->level[i]);
	free_metrics(p);
	p->metrics = memory_resize(NULL, e->metric_count, sizeof(*p->metrics));
	p->metric_count = e->metric_count;
	for (size_t i = 0; i < e->metric_count; i++) {
		p->metrics[i] = e->metrics[i];
		p->metrics[i].name = text_copy(e->metrics[i].name);
	}
}

static void
fold_pressure(struct partition *p, const struct event *e)
{
	text_set(&p->pressure[e->kind->pressure], e->level[e->kind->pressure]);
}

static void
fold_seen(struct partition *p, const struct event *e)
{
	(void)p;
	(void)e;
}

static void
hear(struct partition *p, timestamp at)
{
	int64_t shift = hour_of(at) - p->heard_hour;

	if (shift >= HEARD_WORDS * 64)
		memset(p->heard, 0, sizeof(p->heard));
	else
		for (; shift > 0; shift--) {
			for (int w = HEARD_WORDS - 1; w > 0; w--)
				p->heard[w] = p->heard[w] << 1 | p->heard[w - 1] >> 63;
			p->heard[0] <<= 1;
		}
	p->heard_hour = hour_of(at);
	p->heard[0] |= 1;
}

bool
partition_heard(const struct partition *p, int64_t hour)
{
	int64_t ago = p->heard_hour - hour;

	if (ago < 0 || ago >= HEARD_WORDS * 64)
		return false;
	return p->heard[ago / 64] >> (ago % 64) & 1;
}

static void
add_type(struct partition *p, size_t at, const char *type)
{
	ARRAY_GROW(p->types, p->type_count, p->type_room);
	memmove(p->types + at + 1, p->types + at, (p->type_count - at) * sizeof(*p->types));
	p->types[at] = (struct type_count){text_copy(type), 0};
	p->type_count++;
}

static void
count_type(struct partition *p, const char *type)
{
	size_t low = 0, high = p->type_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(p->types[middle].type, type) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == p->type_count || strcmp(p->types[low].type, type) != 0) {
		bool literal = event_type_is_literal(type);

		if (!literal && p->other_types >= PARTITION_TYPES_MAX &&
		    strcmp(type, "other") != 0) {
			count_type(p, "other");
			return;
		}
		p->other_types += !literal;
		add_type(p, low, type);
	}
	p->types[low].count++;
}

/* With the first event of a day what is long over is forgotten (F11). */
static void
forget(struct partition *p, timestamp day)
{
	size_t i;

	for (i = p->incident_count; i > 0; i--)
		if (!p->incidents[i - 1]->active &&
		    p->incidents[i - 1]->resolved_at < day - INCIDENT_MEMORY)
			incident_forget(p, i - 1);
	for (i = p->run_count; i > 0; i--)
		if (p->runs[i - 1]->last_event < day - DEPLOYMENT_MEMORY)
			run_forget(p, i - 1);
	for (i = p->service_count; i > 0; i--) {
		const struct service *s = p->services[i - 1];

		if (s->last_seen < day - SERVICE_MEMORY && s->latest == NULL)
			service_forget(p, s);
	}
}

/* What every event does, whatever its type (F2, F4, F5). */
static void
fold_common(struct partition *p, const struct event *e)
{
	hear(p, e->at);
	count_type(p, e->type);
	if (p->accepted++ == 0) {
		p->first_seen = e->at;
		set_node_status(p, NODE_ONLINE, e->at);
	}
	p->last_seen = e->at;
	for (size_t i = 0; i < e->service_count; i++) {
		struct service *s;

		if (name_is_ghost(e->services[i]))
			p->ghosts++;
		else if ((s = service_find(p, e->services[i])) != NULL)
			s->last_seen = e->at;
	}
}

void
partition_fold(struct partition *p, const struct event *e)
{
	static void (*const effects[EFFECT_COUNT])(struct partition *, const struct event *) = {
	    [EFFECT_SEEN] = fold_seen,
	    [EFFECT_FAILURE] = fold_failure,
	    [EFFECT_HEALTHY] = fold_healthy,
	    [EFFECT_DEPLOYMENT_STARTED] = fold_deployment,
	    [EFFECT_DEPLOYMENT_COMPLETED] = fold_deployment,
	    [EFFECT_DEPLOYMENT_FAILED] = fold_deployment,
	    [EFFECT_REMEDIATION_STARTED] = fold_remediation,
	    [EFFECT_REMEDIATION_COMPLETED] = fold_remediation,
	    [EFFECT_NODE_OFFLINE] = fold_node_offline,
	    [EFFECT_NODE_ONLINE] = fold_node_online,
	    [EFFECT_NODE_HEALTH] = fold_node_health,
	    [EFFECT_PRESSURE] = fold_pressure,
	    [EFFECT_REMOVED] = fold_seen,
	};
	uint64_t over = p->over_limit;

	if (date_of(e->at) != date_of(p->last_seen))
		forget(p, date_start(date_of(e->at)));
	fold_common(p, e);
	effects[e->kind->effect](p, e);
	if (e->has_container && !containers_fold(p, e))
		p->over_limit = over + 1;
}
