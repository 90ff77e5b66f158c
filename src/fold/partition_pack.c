/*
 * A partition's state as bytes and back: what a snapshot holds. The version is
 * the first number. One of the version before is read as well, since a base
 * stands for days that are gone; it knows no containers and no suspects.
 */

#include "fold.h"

#include <homelab/row.h>

#include <string.h>

enum { STATE_VERSION = 3, STATE_VERSION_OLDEST = 2 };

static void
pack_service(struct buffer *b, const struct service *s)
{
	pack_text(b, s->name);
	pack_unsigned(b, (uint64_t)s->status);
	pack_time(b, s->status_since);
	pack_time(b, s->last_seen);
	pack_time(b, s->last_healthy);
	pack_time(b, s->last_failure);
	pack_unsigned(b, s->container_count);
	for (size_t i = 0; i < s->container_count; i++) {
		const struct kept_container *c = &s->containers[i];

		buffer_add(b, c->bytes.data, c->bytes.length);
		pack_unsigned(b, c->touched);
	}
}

static void
unpack_service(struct partition *p, struct unpack *u, uint64_t version)
{
	struct service *s = service_ensure(p, unpack_text(u));

	if (s == NULL) {
		u->failed = true;
		return;
	}
	s->status = (enum service_status)(unpack_unsigned(u) % SERVICE_STATUS_COUNT);
	s->status_since = unpack_time(u);
	s->last_seen = unpack_time(u);
	s->last_healthy = unpack_time(u);
	s->last_failure = unpack_time(u);
	if (version == STATE_VERSION)
		for (size_t count = unpack_count(u); count > 0 && !u->failed; count--)
			containers_restore(s, u);
}

static void
pack_incident(struct buffer *b, const struct incident *i)
{
	timestamp before = i->started_at;

	pack_text(b, i->service);
	pack_unsigned(b, i->active);
	pack_unsigned(b, i->suffix);
	pack_unsigned(b, (uint64_t)i->severity);
	pack_text(b, i->event_type);
	pack_text(b, i->last_event_type);
	pack_text(b, i->source);
	pack_text(b, i->message);
	pack_text(b, i->correlation_id);
	pack_text(b, i->resolved_by);
	pack_time(b, i->started_at);
	pack_time(b, i->last_occurrence);
	pack_time(b, i->resolved_at);
	pack_unsigned(b, i->occurrence_count);
	pack_unsigned(b, i->ended);
	pack_unsigned(b, i->remediation.exists);
	pack_time(b, i->remediation.started_at);
	pack_time(b, i->remediation.completed_at);
	pack_text(b, i->remediation.source);
	pack_unsigned(b, i->deployment_made);
	pack_text(b, i->deployment);
	pack_unsigned(b, i->time_count);
	for (size_t k = 0; k < i->time_count; k++) {
		pack_unsigned(b, (uint64_t)(incident_time(i, k) - before));
		before = incident_time(i, k);
	}
}

static void
unpack_times(struct incident *i, struct unpack *u)
{
	timestamp before = i->started_at;
	size_t room = 1;

	i->time_count = unpack_count(u);
	u->failed |= i->time_count > INCIDENT_TIMES_MAX;
	while (room < i->time_count)
		room *= 2;
	i->times = memory_resize(NULL, room, sizeof(*i->times));
	for (size_t k = 0; k < i->time_count; k++)
		i->times[k] = before = (timestamp)((uint64_t)before + unpack_unsigned(u));
}

static void
unpack_incident(struct partition *p, struct unpack *u, uint64_t version)
{
	struct incident *i = memory_alloc(sizeof(*i));
	struct service *s;

	i->service = text_copy(unpack_text(u));
	i->active = unpack_unsigned(u) != 0;
	i->suffix = (unsigned)unpack_unsigned(u);
	i->severity = (enum severity)(unpack_unsigned(u) % SEVERITY_COUNT);
	i->event_type = unpack_copy(u);
	i->last_event_type = unpack_copy(u);
	i->source = unpack_copy(u);
	i->message = unpack_copy(u);
	i->correlation_id = unpack_copy(u);
	i->resolved_by = unpack_copy(u);
	i->started_at = unpack_time(u);
	i->last_occurrence = unpack_time(u);
	i->resolved_at = unpack_time(u);
	i->occurrence_count = unpack_unsigned(u);
	i->ended = unpack_unsigned(u);
	i->remediation.exists = unpack_unsigned(u) != 0;
	i->remediation.started_at = unpack_time(u);
	i->remediation.completed_at = unpack_time(u);
	i->remediation.source = unpack_copy(u);
	if (version == STATE_VERSION) {
		i->deployment_made = unpack_unsigned(u) != 0;
		i->deployment = unpack_copy(u);
	}
	unpack_times(i, u);
	ARRAY_GROW(p->incidents, p->incident_count, p->incident_room);
	p->incidents[p->incident_count++] = i;
	if ((s = service_find(p, i->service)) != NULL)
		s->latest = i;
	else
		u->failed = true;
}

static void
pack_texts(struct buffer *b, char *const *texts, size_t count)
{
	pack_unsigned(b, count);
	for (size_t i = 0; i < count; i++)
		pack_text(b, texts[i]);
}

static void
pack_run(struct buffer *b, const struct run *r)
{
	pack_text(b, r->id);
	pack_text(b, r->first_service);
	pack_unsigned(b, (uint64_t)r->status);
	pack_unsigned(b, r->says_all);
	pack_text(b, r->source);
	pack_text(b, r->stage);
	pack_text(b, r->message);
	pack_unsigned(b, r->attempts);
	pack_time(b, r->started_at);
	pack_time(b, r->ended_at);
	pack_time(b, r->last_event);
	pack_unsigned(b, r->ended);
	pack_unsigned(b, r->touched);
	pack_texts(b, r->services, r->service_count);
	pack_texts(b, r->diagnostics, r->diagnostic_count);
}

static void
unpack_run(struct partition *p, struct unpack *u)
{
	struct run *r = memory_alloc(sizeof(*r));
	size_t count;

	ARRAY_GROW(p->runs, p->run_count, p->run_room);
	p->runs[p->run_count++] = r;
	r->id = text_copy(unpack_text(u));
	r->first_service = unpack_copy(u);
	r->made = r->first_service != NULL;
	r->status = (enum run_status)(unpack_unsigned(u) % (RUN_FAILED + 1));
	r->says_all = unpack_unsigned(u) != 0;
	r->source = unpack_copy(u);
	r->stage = unpack_copy(u);
	r->message = unpack_copy(u);
	r->attempts = unpack_unsigned(u);
	r->started_at = unpack_time(u);
	r->ended_at = unpack_time(u);
	r->last_event = unpack_time(u);
	r->ended = unpack_unsigned(u);
	r->touched = unpack_unsigned(u);
	r->service_count = unpack_count(u);
	r->services = memory_resize(NULL, r->service_count, sizeof(*r->services));
	for (size_t i = 0; i < r->service_count; i++)
		r->services[i] = text_copy(unpack_text(u));
	count = unpack_count(u);
	u->failed |= count > EVENT_DIAGNOSTICS_MAX;
	for (; r->diagnostic_count < count && !u->failed; r->diagnostic_count++)
		r->diagnostics[r->diagnostic_count] = text_copy(unpack_text(u));
}

static void
pack_node(struct buffer *b, const struct partition *p)
{
	pack_text(b, p->node);
	pack_unsigned(b, (uint64_t)p->status);
	pack_time(b, p->status_since);
	pack_time(b, p->first_seen);
	pack_time(b, p->last_seen);
	pack_texts(b, p->pressure, PRESSURE_COUNT);
	pack_signed(b, p->heard_hour);
	for (int i = 0; i < HEARD_WORDS; i++)
		pack_fixed(b, p->heard[i], 8);
	pack_unsigned(b, p->accepted);
	pack_unsigned(b, p->unscoped);
	pack_unsigned(b, p->ghosts);
	pack_unsigned(b, p->over_limit);
	pack_unsigned(b, p->order);
	metrics_pack(b, p->metrics, p->metric_count);
}

static void
unpack_metrics(struct partition *p, struct unpack *u)
{
	struct metric metrics[EVENT_METRICS_MAX];

	p->metric_count = metrics_unpack(u, metrics);
	p->metrics = memory_resize(NULL, p->metric_count, sizeof(*p->metrics));
	for (size_t i = 0; i < p->metric_count; i++) {
		p->metrics[i] = metrics[i];
		p->metrics[i].name = text_copy(metrics[i].name);
	}
}

static struct partition *
unpack_node(struct unpack *u)
{
	struct partition *p = partition_new(unpack_text(u));

	p->status = (enum node_status)(unpack_unsigned(u) % NODE_STALE);
	p->status_since = unpack_time(u);
	p->first_seen = unpack_time(u);
	p->last_seen = unpack_time(u);
	u->failed |= unpack_count(u) != PRESSURE_COUNT;
	for (int i = 0; i < PRESSURE_COUNT; i++)
		p->pressure[i] = unpack_copy(u);
	p->heard_hour = unpack_signed(u);
	for (int i = 0; i < HEARD_WORDS; i++)
		p->heard[i] = unpack_fixed(u, 8);
	p->accepted = unpack_unsigned(u);
	p->unscoped = unpack_unsigned(u);
	p->ghosts = unpack_unsigned(u);
	p->over_limit = unpack_unsigned(u);
	p->order = unpack_unsigned(u);
	unpack_metrics(p, u);
	return p;
}

void
partition_pack(const struct partition *p, struct buffer *out)
{
	pack_unsigned(out, STATE_VERSION);
	pack_node(out, p);
	pack_unsigned(out, p->other_types);
	pack_unsigned(out, p->type_count);
	for (size_t i = 0; i < p->type_count; i++) {
		pack_text(out, p->types[i].type);
		pack_unsigned(out, p->types[i].count);
	}
	pack_unsigned(out, p->service_count);
	for (size_t i = 0; i < p->service_count; i++)
		pack_service(out, p->services[i]);
	pack_unsigned(out, p->incident_count);
	for (size_t i = 0; i < p->incident_count; i++)
		pack_incident(out, p->incidents[i]);
	pack_unsigned(out, p->run_count);
	for (size_t i = 0; i < p->run_count; i++)
		pack_run(out, p->runs[i]);
}

static void
unpack_types(struct partition *p, struct unpack *u)
{
	size_t others = 0, limit = PARTITION_TYPES_MAX;

	p->other_types = (size_t)unpack_unsigned(u);
	for (size_t count = unpack_count(u); count > 0 && !u->failed; count--) {
		const char *type = unpack_text(u);

		u->failed |=
		    p->type_count > 0 && strcmp(p->types[p->type_count - 1].type, type) >= 0;
		ARRAY_GROW(p->types, p->type_count, p->type_room);
		p->types[p->type_count].type = text_copy(type);
		p->types[p->type_count++].count = unpack_unsigned(u);
		others += !event_type_is_literal(type);
		limit += strcmp(type, "other") == 0; /* stands for those beyond */
	}
	u->failed |= others != p->other_types || others > limit;
}

/* What the fold relies on (F3 of partition.c), whoever wrote the bytes. */
static bool
is_within_limits(const struct partition *p)
{
	bool fits = p->incident_count <= PARTITION_INCIDENTS_MAX &&
	    p->run_count <= PARTITION_DEPLOYMENTS_MAX && p->heard_hour >= 0 &&
	    p->heard_hour <= hour_of(TIMESTAMP_LAST);

	for (size_t i = 0; i < p->run_count; i++)
		fits &= p->runs[i]->service_count <= PARTITION_SERVICES_MAX;
	return fits;
}

struct partition *
partition_unpack(struct unpack *u)
{
	uint64_t version = unpack_unsigned(u);
	struct partition *p;
	size_t count;

	if (version < STATE_VERSION_OLDEST || version > STATE_VERSION)
		return NULL;
	p = unpack_node(u);
	unpack_types(p, u);
	for (count = unpack_count(u); count > 0 && !u->failed; count--)
		unpack_service(p, u, version);
	for (count = unpack_count(u); count > 0 && !u->failed; count--)
		unpack_incident(p, u, version);
	for (count = unpack_count(u); count > 0 && !u->failed; count--)
		unpack_run(p, u);
	if (!u->failed && u->at == u->end && is_within_limits(p))
		return p;
	partition_free(p);
	return NULL;
}
