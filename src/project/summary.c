/* runtime-summary.json, less the observation of the run. */

#include "view.h"

#include <stdlib.h>
#include <string.h>

#define DEPLOYMENT_WORRY DAYS(7)

struct tally {
	json_int_t nodes[NODE_STATUS_COUNT], services[SERVICE_STATUS_COUNT];
	json_int_t records[RECORD_STATUS_COUNT], severities[SEVERITY_COUNT];
	json_int_t active, resolved;
	json_int_t accepted, unscoped, ghosts, over_limit;
	json_t *by_type, *missing, *silent, *undeclared;
};

static json_t *
counts(const char *const *names, const json_int_t *values, size_t from, size_t count, bool total)
{
	json_t *value = json_object();
	json_int_t sum = 0;

	for (size_t i = from; i < count; i++) {
		member(value, names[i], json_integer(values[i]));
		sum += values[i];
	}
	if (total)
		member(value, "total", json_integer(sum));
	return value;
}

static void
tally_state(struct tally *t, const struct node_view *n)
{
	const struct partition *p = n->state;

	t->accepted += (json_int_t)p->accepted;
	t->unscoped += (json_int_t)p->unscoped;
	t->ghosts += (json_int_t)p->ghosts;
	t->over_limit += (json_int_t)p->over_limit;
	for (size_t i = 0; i < p->type_count; i++) {
		json_int_t before =
		    json_integer_value(json_object_get(t->by_type, p->types[i].type));

		member(t->by_type, p->types[i].type,
		    json_integer(before + (json_int_t)p->types[i].count));
	}
	for (size_t i = 0; i < p->incident_count; i++) {
		if (!n->incident_shown[i])
			continue;
		if (!p->incidents[i]->active) {
			t->resolved++;
			continue;
		}
		t->active++;
		t->severities[p->incidents[i]->severity]++;
	}
}

/* Which list of drift a service belongs to, or NULL. */
static json_t *
drift_of(const struct tally *t, const struct node_view *n, const struct service_view *s)
{
	if (n->input->declarations == NULL)
		return NULL;
	if (s->declaration == NULL)
		return strcmp(s->name, "all") != 0 ? t->undeclared : NULL;
	if (!s->declaration->monitored)
		return NULL;
	if (s->state == NULL)
		return t->missing;
	return !s->fresh && n->status == NODE_ONLINE ? t->silent : NULL;
}

static void
tally_services(struct tally *t, const struct node_view *n)
{
	cleanup_buffer struct buffer key = {0};

	for (size_t i = 0; i < n->service_count; i++) {
		const struct service_view *s = &n->services[i];
		json_t *drift = drift_of(t, n, s);

		t->services[s->state ? s->state->status : SERVICE_UNKNOWN]++;
		if (drift == NULL)
			continue;
		key.length = 0;
		buffer_text(&key, "%s/%s", n->name, s->name);
		(void)json_array_append_new(drift, json_text(buffer_string(&key)));
	}
}

/* "all" is never beside others (F8). */
static bool
names_every_service(const struct record *r)
{
	return r->service_count == 0 || strcmp(r->services[0], "all") == 0;
}

static bool
is_on(const struct record *r, const struct node_view *n)
{
	for (size_t i = 0; i < r->part_count; i++)
		if (r->parts[i].node == n)
			return true;
	return false;
}

static bool
is_newer(const struct record *a, const struct record *b)
{
	timestamp x = a->started_at != TIMESTAMP_NONE ? a->started_at : a->ended_at;
	timestamp y = b->started_at != TIMESTAMP_NONE ? b->started_at : b->ended_at;

	return x != y ? x > y : strcmp(a->id, b->id) > 0;
}

/* Notes a record as newest of a service, where it is. */
static void
offer(const struct view *v, json_t *newest, const char *service, const struct record *r)
{
	const json_t *holder = json_object_get(newest, service);

	if (!json_is_integer(holder) || is_newer(r, &v->records[json_integer_value(holder)]))
		member(newest, service, json_integer(r - v->records));
}

/* The newest record of each service of a node: services by name, values are
 * indices of records. */
static json_t *
newest_records(const struct view *v, const struct node_view *n)
{
	json_t *newest = json_object();
	const struct record *every = NULL; /* the newest of those for every service */
	const char *service;
	json_t *value;
	void *next;

	for (size_t i = 0; i < n->service_count; i++)
		set_add(newest, n->services[i].name);
	for (size_t i = 0; i < v->record_count; i++) {
		const struct record *r = &v->records[i];

		if (!is_on(r, n))
			continue;
		for (size_t k = 0; k < r->service_count && !names_every_service(r); k++)
			offer(v, newest, r->services[k], r);
		if (names_every_service(r) && (every == NULL || is_newer(r, every)))
			every = r;
	}
	if (json_object_size(newest) == 0)
		set_add(newest, "all");
	if (every != NULL)
		json_object_foreach_safe (newest, next, service, value)
			offer(v, newest, service, every);
	return newest;
}

/* Whether the last word on some service is a deployment gone wrong. */
static bool
deployment_worries(const struct view *v)
{
	bool worry = false;

	for (const struct node_view *n = v->nodes; n < v->nodes + v->node_count; n++) {
		json_auto_t *newest = n->input->known ? newest_records(v, n) : NULL;
		const char *service;
		json_t *value;

		json_object_foreach (newest, service, value) {
			const struct record *r;

			if (!json_is_integer(value))
				continue;
			r = &v->records[json_integer_value(value)];
			if (r->status != RECORD_FAILED && r->status != RECORD_STALLED)
				continue;
			if (!clock_past(v->clock, timestamp_add(r->last_event, DEPLOYMENT_WORRY)))
				worry = true;
		}
	}
	return worry;
}

enum verdict { VERDICT_NOMINAL, VERDICT_DEGRADED, VERDICT_CRITICAL };

static enum verdict
judge_node(const struct node_view *n)
{
	const struct topology_node *t = n->input->topology;

	if (n->status == NODE_OFFLINE || n->status == NODE_STALE)
		return t->intermittent ? VERDICT_DEGRADED : VERDICT_CRITICAL;
	if (n->status == NODE_UNKNOWN && !t->intermittent && t->heartbeat_ttl != 0)
		return VERDICT_DEGRADED;
	for (int i = 0; n->state && i < PRESSURE_COUNT; i++)
		if (n->state->pressure[i] != NULL)
			return VERDICT_DEGRADED;
	return VERDICT_NOMINAL;
}

static const char *
judge(const struct view *v, const struct tally *t)
{
	static const char *const names[] = {"NOMINAL", "DEGRADED", "CRITICAL"};
	enum verdict worst = VERDICT_NOMINAL;

	if (t->active > 0 || json_array_size(t->missing) > 0 || json_array_size(t->silent) > 0 ||
	    v->input->topology == TOPOLOGY_STALE ||
	    json_array_size(v->input->inventory_errors) > 0 || deployment_worries(v))
		worst = VERDICT_DEGRADED;
	for (const struct node_view *n = v->nodes; n < v->nodes + v->node_count; n++)
		if (n->input->known && judge_node(n) > worst)
			worst = judge_node(n);
	if (t->severities[SEVERITY_CRITICAL] > 0)
		worst = VERDICT_CRITICAL;
	return names[worst];
}

static json_t *
events_of(const struct tally *t)
{
	json_t *events = json_object();

	member(events, "accepted", json_integer(t->accepted));
	member(events, "by_type", json_incref(t->by_type));
	member(events, "unscoped", json_integer(t->unscoped));
	member(events, "ghosts", json_integer(t->ghosts));
	member(events, "over_limit", json_integer(t->over_limit));
	return events;
}

static json_t *
incidents_of(const struct tally *t)
{
	json_t *incidents = json_object();

	member(incidents, "active", json_integer(t->active));
	member(incidents, "resolved", json_integer(t->resolved));
	member(incidents, "total", json_integer(t->active + t->resolved));
	member(incidents, "by_severity",
	    counts(severity_names, t->severities, SEVERITY_INFO, SEVERITY_COUNT, false));
	return incidents;
}

static json_t *
files_of(const struct world *world)
{
	json_t *files = json_object();

	for (int i = 0; i < DOCUMENT_COUNT; i++) {
		json_t *file = json_object();

		member(file, "bytes", json_integer((json_int_t)world->documents[i].length));
		member(file, "sha256", json_text(world->digests[i]));
		member(files, document_names[i], file);
	}
	return files;
}

static int
compare_strings(const void *a, const void *b)
{
	return strcmp(
	    json_string_value(*(json_t *const *)a), json_string_value(*(json_t *const *)b));
}

/* An array of strings in their order; takes the array. */
static json_t *
sorted(json_t *array)
{
	size_t count = json_array_size(array);
	cleanup_free json_t **all = memory_resize(NULL, count, sizeof(json_t *));
	json_t *result = json_array();

	for (size_t i = 0; i < count; i++)
		all[i] = json_array_get(array, i);
	qsort(all, count, sizeof(json_t *), compare_strings);
	for (size_t i = 0; i < count; i++)
		(void)json_array_append(result, all[i]);
	json_decref(array);
	return result;
}

static void
add_times(json_t *summary, timestamp now)
{
	member(summary, "generated_at", json_time(now));
	member(summary, "last_update", json_time(now - now % NANOSECONDS_A_SECOND));
}

json_t *
summary_document(const struct view *v, const struct world *world)
{
	static const char *const topology_states[] = {"present", "stale", "absent"};
	struct tally t = {.by_type = json_object(),
	    .missing = json_array(),
	    .silent = json_array(),
	    .undeclared = json_array()};
	json_t *summary = json_object(), *drift = json_object();

	for (const struct node_view *n = v->nodes; n < v->nodes + v->node_count; n++) {
		if (!n->input->known)
			continue;
		t.nodes[n->status]++;
		if (n->state != NULL)
			tally_state(&t, n);
		tally_services(&t, n);
	}
	for (size_t i = 0; i < v->record_count; i++)
		t.records[v->records[i].status]++;
	add_times(summary, v->clock->now);
	member(summary, "status", json_text(judge(v, &t)));
	member(summary, "topology", json_text(topology_states[v->input->topology]));
	member(summary, "inventory_errors", json_deep_copy(v->input->inventory_errors));
	member(summary, "nodes", counts(node_status_names, t.nodes, 0, NODE_STATUS_COUNT, true));
	member(summary, "services",
	    counts(service_status_names, t.services, 0, SERVICE_STATUS_COUNT, true));
	member(summary, "deployments",
	    counts(record_status_names, t.records, 0, RECORD_STATUS_COUNT, true));
	member(summary, "incidents", incidents_of(&t));
	member(summary, "events", events_of(&t));
	member(drift, "missing", sorted(t.missing));
	member(drift, "silent", sorted(t.silent));
	member(drift, "undeclared", sorted(t.undeclared));
	member(summary, "drift", drift);
	member(summary, "deploy", json_deep_copy(v->input->deploy));
	member(summary, "files", files_of(world));
	json_decref(t.by_type);
	return summary;
}
