/* nodes.json, services.json and incidents.json. */

#include "view.h"

#include <stdlib.h>
#include <string.h>

const char *const node_status_names[NODE_STATUS_COUNT] = {"unknown", "online", "offline", "stale"};
const char *const service_status_names[SERVICE_STATUS_COUNT] = {"unknown", "healthy", "unhealthy"};

static json_t *
remediation(const struct remediation *r)
{
	json_t *value;

	if (!r->exists)
		return json_null();
	value = json_object();
	member(value, "started_at", json_time(r->started_at));
	member(value, "completed_at", json_time(r->completed_at));
	member(value, "source", json_text(r->source));
	return value;
}

static json_t *
incident(const struct view *v, const struct node_view *n, const struct incident *i, const char *id)
{
	json_t *value = json_object(), *events = json_array();

	for (size_t k = 0; k < i->time_count; k++)
		(void)json_array_append_new(events, json_time(incident_time(i, k)));
	member(value, "id", json_text(id));
	member(value, "node", json_text(n->name));
	member(value, "service", json_text(i->service));
	member(value, "status", json_text(i->active ? "active" : "resolved"));
	member(value, "severity", json_text(severity_names[i->severity]));
	member(value, "event_type", json_text(i->event_type));
	member(value, "last_event_type", json_text(i->last_event_type));
	member(value, "source", json_text(i->source));
	member(value, "message", json_text(i->message));
	member(value, "started_at", json_time(i->started_at));
	member(value, "last_occurrence", json_time(i->last_occurrence));
	member(value, "occurrence_count", json_integer((json_int_t)i->occurrence_count));
	member(value, "events", events);
	member(value, "correlation_id", json_text(i->correlation_id));
	member(value, "resolved_at", json_time(i->resolved_at));
	member(value, "resolved_by", json_text(i->resolved_by));
	member(value, "remediation", remediation(&i->remediation));
	member(value, "deployment", json_text(view_deployment(v, n, i)));
	return value;
}

json_t *
incidents_document(const struct view *v)
{
	json_t *document = json_object();

	for (const struct node_view *n = v->nodes; n < v->nodes + v->node_count; n++)
		for (size_t i = 0; n->state && i < n->state->incident_count; i++)
			if (n->incident_shown[i])
				member(document, n->incident_ids[i],
				    incident(v, n, n->state->incidents[i], n->incident_ids[i]));
	return document;
}

const char *
view_active_incident(const struct node_view *n, const struct service_view *s)
{
	if (n->state == NULL || s->state == NULL)
		return NULL;
	if (s->state->latest == NULL || !s->state->latest->active)
		return NULL;
	/* Active incidents are among the latest opened: look from the end. */
	for (size_t i = n->state->incident_count; i > 0; i--)
		if (n->state->incidents[i - 1] == s->state->latest)
			return n->incident_ids[i - 1];
	return NULL;
}

bool
service_is_monitored(const struct service_view *s)
{
	return s->declaration == NULL || s->declaration->monitored;
}

static json_t *
service(const struct node_view *n, const struct service_view *s)
{
	static const struct service never = {.status = SERVICE_UNKNOWN,
	    .status_since = TIMESTAMP_NONE,
	    .last_seen = TIMESTAMP_NONE,
	    .last_healthy = TIMESTAMP_NONE,
	    .last_failure = TIMESTAMP_NONE};
	const struct service *state = s->state ? s->state : &never;
	const char *active = view_active_incident(n, s);
	json_t *value = json_object(), *incidents = json_array();

	if (active != NULL)
		(void)json_array_append_new(incidents, json_text(active));
	member(value, "node", json_text(n->name));
	member(value, "service", json_text(s->name));
	member(value, "status", json_text(service_status_names[state->status]));
	member(value, "status_since", json_time(state->status_since));
	member(value, "last_seen", json_time(state->last_seen));
	member(value, "last_healthy", json_time(state->last_healthy));
	member(value, "last_failure", json_time(state->last_failure));
	member(value, "active_incidents", incidents);
	member(value, "fresh", json_boolean(s->fresh));
	member(value, "declared", json_boolean(s->declaration != NULL));
	member(value, "monitored", json_boolean(service_is_monitored(s)));
	member(value, "role", json_text(s->declaration ? s->declaration->role : NULL));
	member(value, "containers", containers_json(state));
	return value;
}

json_t *
services_document(const struct view *v)
{
	json_t *document = json_object();
	cleanup_buffer struct buffer key = {0};

	for (const struct node_view *n = v->nodes; n < v->nodes + v->node_count; n++)
		for (size_t i = 0; i < n->service_count; i++) {
			key.length = 0;
			buffer_text(&key, "%s/%s", n->name, n->services[i].name);
			member(document, buffer_string(&key), service(n, &n->services[i]));
		}
	return document;
}

static json_t *
metrics(const struct partition *p)
{
	json_t *value = json_object();

	for (size_t i = 0; p && i < p->metric_count; i++) {
		const struct metric *m = &p->metrics[i];

		member(
		    value, m->name, m->is_integer ? json_integer(m->integer) : json_real(m->real));
	}
	return value;
}

static json_t *
service_counts(const struct node_view *n)
{
	json_int_t counts[SERVICE_STATUS_COUNT] = {0};
	json_t *value = json_object();

	for (size_t i = 0; i < n->service_count; i++)
		counts[n->services[i].state ? n->services[i].state->status : SERVICE_UNKNOWN]++;
	for (int i = 0; i < SERVICE_STATUS_COUNT; i++)
		member(value, service_status_names[i], json_integer(counts[i]));
	member(value, "total", json_integer((json_int_t)n->service_count));
	return value;
}

static int
compare_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static json_t *
active_incidents(const struct node_view *n)
{
	size_t count = 0;
	json_t *value = json_array();
	cleanup_free const char **ids = memory_resize(NULL, n->service_count, sizeof(*ids));

	for (size_t i = 0; i < n->service_count; i++)
		if ((ids[count] = view_active_incident(n, &n->services[i])) != NULL)
			count++;
	qsort(ids, count, sizeof(*ids), compare_text);
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(value, json_text(ids[i]));
	return value;
}

static json_t *
heard(const struct partition *p, struct clock *clock)
{
	int64_t hour = hour_of(clock->now);
	char bits[HEARD_HOURS + 1];

	(void)clock_past(clock, timestamp_add(HOURS(hour), HOURS(1) - 1));
	for (int i = 0; i < HEARD_HOURS; i++)
		bits[i] = p && partition_heard(p, hour - HEARD_HOURS + 1 + i) ? '1' : '0';
	bits[HEARD_HOURS] = '\0';
	return json_text(bits);
}

static json_t *
node(const struct node_view *n, struct clock *clock)
{
	const struct topology_node *t = n->input->topology;
	json_t *value = json_object(), *roles = json_array();

	for (size_t i = 0; i < t->role_count; i++)
		(void)json_array_append_new(roles, json_text(t->roles[i]));
	member(value, "status", json_text(node_status_names[n->status]));
	member(value, "status_since", json_time(n->status_since));
	member(value, "first_seen", json_time(n->state ? n->state->first_seen : TIMESTAMP_NONE));
	member(value, "last_seen", json_time(n->state ? n->state->last_seen : TIMESTAMP_NONE));
	member(value, "roles", roles);
	member(value, "connectivity", json_text(t->intermittent ? "intermittent" : "permanent"));
	for (int i = 0; i < PRESSURE_COUNT; i++)
		member(
		    value, pressure_names[i], json_text(n->state ? n->state->pressure[i] : NULL));
	member(value, "metrics", metrics(n->state));
	member(value, "services", service_counts(n));
	member(value, "active_incidents", active_incidents(n));
	member(value, "heard", heard(n->state, clock));
	member(value, "held", json_integer((json_int_t)n->input->held));
	return value;
}

json_t *
nodes_document(const struct view *v)
{
	json_t *document = json_object();

	for (const struct node_view *n = v->nodes; n < v->nodes + v->node_count; n++)
		if (n->input->known)
			member(document, n->name, node(n, v->clock));
	return document;
}
