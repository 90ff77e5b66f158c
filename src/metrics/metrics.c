/* What is measured: the table of metrics, and how a row finds its values. */

#include "exposition.h"

#include <homelab/event.h>
#include <homelab/metrics.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 32 };

/* What a metric speaks of: the whole, each node, or each active incident. */
enum scope { WHOLE, NODE, INCIDENT };

/* One of them, and the last of the labels that its samples begin with. */
struct subject {
	const json_t *value;
	const struct label *labels;
};

/* All there is to tell. */
struct told {
	const json_t *nodes;
	timestamp now; /* of the world */
	const json_t **incidents; /* active, the most severe first */
	size_t incident_count;
};

struct family {
	const char *name, *type, *help;
	enum scope scope;
	void (*write)(const struct family *f, const struct subject *s, const struct told *t,
	    struct buffer *out);
	const char *path; /* from the subject, members with '/' between */
	const char *label; /* and its values, with spaces between */
	const char *values;
};

/* --- values ------------------------------------------------------------------ */

/* What lies behind a path; NULL where nothing does. */
static const json_t *
value_at(const json_t *value, const char *path)
{
	while (*path != '\0') {
		size_t length = strcspn(path, "/");
		cleanup_free char *name = text_copy_length(path, length);

		value = json_object_get(value, name);
		path += length + (path[length] == '/');
	}
	return value;
}

static timestamp
time_value(const json_t *value)
{
	const char *text = json_string_value(value);
	timestamp at;

	return text != NULL && timestamp_parse(text, strlen(text), &at) ? at : TIMESTAMP_NONE;
}

/* An array counts by its elements, what isn't a number by being there. */
static json_int_t
number_of(const json_t *value)
{
	if (json_is_integer(value))
		return json_integer_value(value);
	if (json_is_array(value))
		return (json_int_t)json_array_size(value);
	return value != NULL && !json_is_null(value);
}

/* --- how a row is written ------------------------------------------------------ */

static void
write_number(
    const struct family *f, const struct subject *s, const struct told *t, struct buffer *out)
{
	(void)t;
	exposition_count(out, f->name, s->labels, number_of(value_at(s->value, f->path)));
}

static void
write_time(
    const struct family *f, const struct subject *s, const struct told *t, struct buffer *out)
{
	timestamp at = time_value(value_at(s->value, f->path));

	(void)t;
	if (at != TIMESTAMP_NONE)
		exposition_seconds(out, f->name, s->labels, at);
}

/* How long ago; never less than 0, though clocks of nodes may be ahead. */
static void
write_age(const struct family *f, const struct subject *s, const struct told *t, struct buffer *out)
{
	timestamp at = time_value(value_at(s->value, f->path));

	if (at != TIMESTAMP_NONE)
		exposition_seconds(out, f->name, s->labels, t->now > at ? t->now - at : 0);
}

static void
write_milliseconds(
    const struct family *f, const struct subject *s, const struct told *t, struct buffer *out)
{
	json_int_t value = json_integer_value(value_at(s->value, f->path));

	(void)t;
	exposition_seconds(
	    out, f->name, s->labels, (timestamp)value * (NANOSECONDS_A_SECOND / 1000));
}

/* A sample for each count or list; "total" is their sum, which Prometheus can
 * make itself. */
static void
write_members(
    const struct family *f, const struct subject *s, const struct told *t, struct buffer *out)
{
	const char *name;
	json_t *value;

	(void)t;
	json_object_foreach ((json_t *)value_at(s->value, f->path), name, value) {
		struct label label = {s->labels, f->label, name};

		if (!json_is_object(value) && strcmp(name, "total") != 0)
			exposition_count(out, f->name, &label, number_of(value));
	}
}

/* Takes the first of a row's values; what is behind it, or NULL for no more. */
static const char *
next_value(const char *values, char out[VALUE_MAX])
{
	size_t length;

	values += strspn(values, " ");
	if ((length = strcspn(values, " ")) == 0)
		return NULL;
	(void)snprintf(out, VALUE_MAX, "%.*s", (int)length, values);
	return values + length;
}

/* For each state there is a sample: 1 for the one that holds. */
static void
write_states(
    const struct family *f, const struct subject *s, const struct told *t, struct buffer *out)
{
	const char *holds = json_string_value(value_at(s->value, f->path));
	char state[VALUE_MAX];

	(void)t;
	for (const char *rest = f->values; (rest = next_value(rest, state)) != NULL;) {
		struct label label = {s->labels, f->label, state};

		exposition_count(out, f->name, &label, holds != NULL && strcmp(holds, state) == 0);
	}
}

/* Members RESOURCE_pressure: 1 where there is any. The levels are words of the
 * nodes' own, too many to be labels. */
static void
write_pressures(
    const struct family *f, const struct subject *s, const struct told *t, struct buffer *out)
{
	char resource[VALUE_MAX];

	(void)t;
	for (const char *rest = f->values; (rest = next_value(rest, resource)) != NULL;) {
		struct label label = {s->labels, f->label, resource};
		cleanup_buffer struct buffer member = {0};

		buffer_text(&member, "%s_pressure", resource);
		exposition_count(out, f->name, &label,
		    number_of(json_object_get(s->value, buffer_string(&member))));
	}
}

/* A text as a label of a sample that is always 1. */
static void
write_label(
    const struct family *f, const struct subject *s, const struct told *t, struct buffer *out)
{
	const char *text = json_string_value(value_at(s->value, f->path));
	struct label label = {s->labels, f->label, text};

	(void)t;
	if (text != NULL)
		exposition_count(out, f->name, &label, 1);
}

static void
write_omitted(
    const struct family *f, const struct subject *s, const struct told *t, struct buffer *out)
{
	size_t most = METRICS_INCIDENTS_MAX;

	exposition_count(out, f->name, s->labels,
	    (int64_t)(t->incident_count > most ? t->incident_count - most : 0));
}

/* --- the table ------------------------------------------------------------------ */

#define GAUGE "gauge"
#define COUNTER "counter"
#define SINCE "since the last rebuild."

static const struct family families[] = {
    /* the whole */
    {"homelab_status", GAUGE, "The verdict: 1 for the one that holds.", WHOLE, write_states,
	"status", "status", "NOMINAL DEGRADED CRITICAL"},
    {"homelab_topology", GAUGE, "The topology in use: 1 for the state it is in.", WHOLE,
	write_states, "topology", "state", "present stale absent"},
    {"homelab_inventory_errors", GAUGE, "Errors in the inventory.", WHOLE, write_number,
	"inventory_errors", NULL, NULL},
    {"homelab_nodes", GAUGE, "Nodes by status.", WHOLE, write_members, "nodes", "status", NULL},
    {"homelab_services", GAUGE, "Services by status.", WHOLE, write_members, "services", "status",
	NULL},
    {"homelab_deployments", GAUGE, "Deployments in the world by status.", WHOLE, write_members,
	"deployments", "status", NULL},
    {"homelab_incidents", GAUGE, "Incidents in the world by status.", WHOLE, write_members,
	"incidents", "status", NULL},
    {"homelab_active_incidents", GAUGE, "Active incidents by severity.", WHOLE, write_members,
	"incidents/by_severity", "severity", NULL},
    {"homelab_drift", GAUGE, "Services that aren't as declared, by how.", WHOLE, write_members,
	"drift", "kind", NULL},
    /* nodes */
    {"homelab_node_info", GAUGE, "What is known of a node; always 1.", NODE, write_label,
	"connectivity", "connectivity", NULL},
    {"homelab_node_status", GAUGE, "A node's status: 1 for the one it has.", NODE, write_states,
	"status", "status", "online offline stale unknown"},
    {"homelab_node_last_seen_timestamp_seconds", GAUGE, "Time of a node's latest event.", NODE,
	write_time, "last_seen", NULL, NULL},
    {"homelab_node_silence_seconds", GAUGE,
	"Time since a node's latest event, as of the observer's last success.", NODE, write_age,
	"last_seen", NULL, NULL},
    {"homelab_node_pressure", GAUGE, "1 where a node is short of the resource.", NODE,
	write_pressures, "", "resource", "cpu disk memory"},
    {"homelab_node_services", GAUGE, "A node's services by status.", NODE, write_members,
	"services", "status", NULL},
    /* incidents */
    {"homelab_incident_active", GAUGE, "An active incident; always 1.", INCIDENT, write_number, "",
	NULL, NULL},
    {"homelab_incident_started_timestamp_seconds", GAUGE,
	"Time of an active incident's first occurrence.", INCIDENT, write_time, "started_at", NULL,
	NULL},
    {"homelab_incidents_omitted", GAUGE,
	"Active incidents without series of their own, because there are too many.", WHOLE,
	write_omitted, "", NULL, NULL},
    /* events */
    {"homelab_events_accepted_total", COUNTER, "Events accepted " SINCE, WHOLE, write_number,
	"observation/totals/consumed", NULL, NULL},
    {"homelab_events_rejected_total", COUNTER, "Events rejected " SINCE, WHOLE, write_number,
	"observation/totals/rejected", NULL, NULL},
    {"homelab_events_late_total", COUNTER, "Events put in their place late " SINCE, WHOLE,
	write_number, "observation/totals/late", NULL, NULL},
    {"homelab_events_late_unplaced_total", COUNTER, "Events too late to be placed " SINCE, WHOLE,
	write_number, "observation/totals/late_unplaced", NULL, NULL},
    {"homelab_events_held", GAUGE, "Events dated in the future, which wait.", WHOLE, write_number,
	"observation/held", NULL, NULL},
    {"homelab_events_unreadable", GAUGE,
	"Event files and directories that the last run couldn't read.", WHOLE, write_number,
	"observation/unreadable", NULL, NULL},
    /* the observer */
    {"homelab_observer_build_info", GAUGE, "The observer's version; always 1.", WHOLE, write_label,
	"observation/version", "version", NULL},
    {"homelab_observer_last_success_timestamp_seconds", GAUGE,
	"Time of the last run that published the world.", WHOLE, write_time, "generated_at", NULL,
	NULL},
    {"homelab_observer_last_run_duration_seconds", GAUGE, "How long that run took.", WHOLE,
	write_milliseconds, "observation/duration_ms", NULL, NULL},
    {"homelab_observer_error", GAUGE, "1 where that run had to do without something.", WHOLE,
	write_number, "observation/last_error", NULL, NULL},
};

/* --- what there is to tell ------------------------------------------------------- */

static const char *
text_at(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

static int
rank_of(const json_t *incident)
{
	for (int rank = SEVERITY_INFO; rank < SEVERITY_COUNT; rank++)
		if (strcmp(text_at(incident, "severity"), severity_names[rank]) == 0)
			return rank;
	return SEVERITY_MISSING;
}

static int
compare_incidents(const void *left, const void *right)
{
	const json_t *a = *(const json_t *const *)left, *b = *(const json_t *const *)right;
	int by_rank = rank_of(b) - rank_of(a);
	int by_node = strcmp(text_at(a, "node"), text_at(b, "node"));

	if (by_rank != 0 || by_node != 0)
		return by_rank != 0 ? by_rank : by_node;
	return strcmp(text_at(a, "service"), text_at(b, "service"));
}

static void
find_active(const json_t *incidents, struct told *t)
{
	const char *id;
	json_t *incident;

	t->incidents = memory_alloc((json_object_size(incidents) + 1) * sizeof(*t->incidents));
	json_object_foreach ((json_t *)incidents, id, incident)
		if (strcmp(text_at(incident, "status"), "active") == 0)
			t->incidents[t->incident_count++] = incident;
	qsort(t->incidents, t->incident_count, sizeof(*t->incidents), compare_incidents);
}

static void
tell_nodes(const struct family *f, const struct told *t, struct buffer *out)
{
	const char *name;
	json_t *node;

	json_object_foreach ((json_t *)t->nodes, name, node) {
		struct label label = {NULL, "node", name};
		struct subject s = {node, &label};

		f->write(f, &s, t, out);
	}
}

static void
tell_incidents(const struct family *f, const struct told *t, struct buffer *out)
{
	for (size_t i = 0; i < t->incident_count && i < METRICS_INCIDENTS_MAX; i++) {
		const json_t *incident = t->incidents[i];
		struct label node = {NULL, "node", text_at(incident, "node")};
		struct label service = {&node, "service", text_at(incident, "service")};
		struct label severity = {&service, "severity", text_at(incident, "severity")};
		struct subject s = {incident, &severity};

		f->write(f, &s, t, out);
	}
}

void
metrics_text(const struct metrics_world *world, struct buffer *out)
{
	struct subject whole = {.value = world->summary};
	struct told t = {.nodes = world->nodes,
	    .now = time_value(json_object_get(world->summary, "generated_at"))};

	find_active(world->incidents, &t);
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		const struct family *f = &families[i];

		exposition_family(out, f->name, f->type, f->help);
		if (f->scope == NODE)
			tell_nodes(f, &t, out);
		else if (f->scope == INCIDENT)
			tell_incidents(f, &t, out);
		else
			f->write(f, &whole, &t, out);
	}
	free(t.incidents);
}
