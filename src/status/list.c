/* Lists of nodes, services, incidents and deployments: a row of `lists` each. */

#include <homelab/status.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What fills a row of a table from a record. */
struct filler {
	const struct published *world;
	const struct query *query;
	const struct screen *screen;
	struct table *table;
	bool brief; /* in an overview */
};

struct row {
	const char *id;
	const json_t *record;
	int urgency;
	timestamp when;
};

static void
add_word(const struct filler *f, const json_t *record, const char *key)
{
	const char *word = member_text(record, key);

	table_add(f->table, f->screen, style_of_word(word), "%s", word ? word : "-");
}

static void
add_text(const struct filler *f, const json_t *record, const char *key)
{
	const char *text = member_text(record, key);

	table_add(f->table, f->screen, STYLE_PLAIN, "%s", text ? text : "");
}

static void
add_ago(const struct filler *f, const json_t *record, const char *key)
{
	char ago[AGE_TEXT_MAX];

	table_add(f->table, f->screen, STYLE_PLAIN, "%s",
	    screen_ago(f->screen, member_time(record, key), ago));
}

static void
add_joined(const struct filler *f, const json_t *record, const char *key)
{
	const json_t *array = json_object_get(record, key);
	cleanup_buffer struct buffer text = {0};

	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *element = json_string_value(json_array_get(array, i));

		buffer_text(&text, "%s%s", i > 0 ? ", " : "", element ? element : "?");
	}
	table_add(f->table, f->screen, STYLE_PLAIN, "%s", buffer_string(&text));
}

/* Adds to a note of several parts. */
static void __attribute__((format(printf, 2, 3))) note(struct buffer *text, const char *format, ...)
{
	char part[256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(part, sizeof(part), format, args);
	va_end(args);
	buffer_text(text, "%s%s", text->length > 0 ? ", " : "", part);
}

/* --- nodes ----------------------------------------------------------------- */

static const struct column node_columns[] = {{"NODE", 16, 0}, {"STATUS", 0, 0}, {"SINCE", 0, 2},
    {"SEEN", 0, 1}, {"HEALTHY", 0, 3}, {"WHAT WEIGHS ON IT", 20, 0}, {"ROLES", 10, 4},
    {"METRICS", 20, 5}};

static const char *const pressures[][2] = {
    {"disk_pressure", "disk"}, {"memory_pressure", "memory"}, {"cpu_pressure", "CPU"}};

enum { PRESSURES = sizeof(pressures) / sizeof(pressures[0]) };

static bool
is_burdened(const json_t *node)
{
	for (size_t i = 0; i < PRESSURES; i++)
		if (member_text(node, pressures[i][0]) != NULL)
			return true;
	return json_array_size(json_object_get(node, "active_incidents")) > 0;
}

/* An intermittent node is away now and then; that is less than any burden. */
static bool
is_away(const json_t *node)
{
	return member_is(node, "connectivity", "intermittent") &&
	    (member_is(node, "status", "offline") || member_is(node, "status", "stale"));
}

static int
node_urgency(const json_t *node)
{
	int urgency =
	    is_away(node) ? urgency_of_word("") : urgency_of_word(member_text(node, "status"));

	return urgency > 3 && is_burdened(node) ? 3 : urgency;
}

static void
add_burden(const struct filler *f, const json_t *node)
{
	size_t incidents = json_array_size(json_object_get(node, "active_incidents"));
	cleanup_buffer struct buffer text = {0};

	for (size_t i = 0; i < PRESSURES; i++)
		if (member_text(node, pressures[i][0]) != NULL)
			note(&text, "%s %s", pressures[i][1], member_text(node, pressures[i][0]));
	if (incidents > 0)
		note(&text, "%zu incident%s", incidents, incidents == 1 ? "" : "s");
	if (member_is(node, "connectivity", "intermittent"))
		note(&text, "intermittent");
	if (member_number(node, "held") > 0)
		note(&text, "%lld events dated ahead", (long long)member_number(node, "held"));
	table_add(f->table, f->screen, is_burdened(node) ? STYLE_WARN : STYLE_PLAIN, "%s",
	    buffer_string(&text));
}

static void
add_metrics(const struct filler *f, const json_t *node)
{
	cleanup_buffer struct buffer text = {0};
	json_t *value;
	const char *name;

	json_object_foreach (json_object_get(node, "metrics"), name, value)
		note(&text, "%.64s %.15g", name, json_number_value(value));
	table_add(f->table, f->screen, STYLE_PLAIN, "%s", buffer_string(&text));
}

static void
fill_node(const struct filler *f, const char *id, const json_t *node)
{
	const json_t *services = json_object_get(node, "services");
	json_int_t total = member_number(services, "total");
	json_int_t healthy = member_number(services, "healthy");
	bool bad = member_number(services, "unhealthy") > 0;
	const char *status = member_text(node, "status");

	table_add(f->table, f->screen, STYLE_PLAIN, "%s", id);
	table_add(f->table, f->screen, is_away(node) ? STYLE_WARN : style_of_word(status), "%s",
	    status ? status : "-");
	add_ago(f, node, "status_since");
	add_ago(f, node, "last_seen");
	if (total > 0)
		table_add(f->table, f->screen, bad ? STYLE_WARN : STYLE_PLAIN, "%lld/%lld",
		    (long long)healthy, (long long)total);
	else
		table_add(f->table, f->screen, STYLE_PLAIN, "-");
	add_burden(f, node);
	if (f->brief) {
		table_add(f->table, f->screen, STYLE_PLAIN, "%s", "");
		table_add(f->table, f->screen, STYLE_PLAIN, "%s", "");
		return;
	}
	add_joined(f, node, "roles");
	add_metrics(f, node);
}

/* --- services -------------------------------------------------------------- */

static const struct column service_columns[] = {{"SERVICE", 32, 0}, {"STATUS", 0, 0},
    {"SINCE", 0, 1}, {"SEEN", 0, 2}, {"NOTE", 24, 0}, {"ROLE", 8, 3}};

static int
service_urgency(const json_t *service)
{
	return urgency_of_word(member_text(service, "status"));
}

static void
add_service_note(const struct filler *f, const char *id, const json_t *service)
{
	size_t incidents = json_array_size(json_object_get(service, "active_incidents"));
	const char *drift = select_drift(f->world, id);
	cleanup_buffer struct buffer text = {0};

	if (drift != NULL)
		note(
		    &text, "%s", strcmp(drift, "missing") == 0 ? "missing: never reported" : drift);
	else if (json_is_false(json_object_get(service, "monitored")))
		note(&text, "not monitored");
	else if (json_is_false(json_object_get(service, "fresh")))
		note(&text, "not heard lately");
	if (incidents > 0)
		note(&text, "%zu incident%s", incidents, incidents == 1 ? "" : "s");
	table_add(
	    f->table, f->screen, drift ? STYLE_WARN : STYLE_PLAIN, "%s", buffer_string(&text));
}

static void
fill_service(const struct filler *f, const char *id, const json_t *service)
{
	table_add(f->table, f->screen, STYLE_PLAIN, "%s", id);
	add_word(f, service, "status");
	add_ago(f, service, "status_since");
	add_ago(f, service, "last_seen");
	add_service_note(f, id, service);
	add_text(f, service, "role");
}

/* --- incidents ------------------------------------------------------------- */

static const struct column incident_columns[] = {{"SEVERITY", 0, 0}, {"INCIDENT", 40, 0},
    {"STATUS", 0, 3}, {"SINCE", 0, 0}, {"LATEST", 0, 1}, {"COUNT", 0, 2}, {"MESSAGE", 20, 0},
    {"REMEDIATION", 20, 4}};

static int
incident_urgency(const json_t *incident)
{
	if (member_is(incident, "status", "resolved"))
		return urgency_of_word("resolved");
	return urgency_of_word(member_text(incident, "severity"));
}

static void
add_remediation(const struct filler *f, const json_t *incident)
{
	const json_t *remediation = json_object_get(incident, "remediation");
	const char *source = member_text(remediation, "source");
	timestamp end = member_time(remediation, "completed_at");
	char ago[AGE_TEXT_MAX];

	if (!json_is_object(remediation))
		table_add(f->table, f->screen, STYLE_PLAIN, "%s", "");
	else if (end != TIMESTAMP_NONE)
		table_add(f->table, f->screen, STYLE_PLAIN, "%s completed %s",
		    source ? source : "?", screen_ago(f->screen, end, ago));
	else
		table_add(f->table, f->screen, STYLE_PLAIN, "%s started %s", source ? source : "?",
		    screen_ago(f->screen, member_time(remediation, "started_at"), ago));
}

/* In an overview by its service, which is what one looks for; else by its id. */
static void
fill_incident(const struct filler *f, const char *id, const json_t *incident)
{
	const char *node = member_text(incident, "node"),
		   *service = member_text(incident, "service");

	if (member_is(incident, "status", "resolved"))
		table_add(
		    f->table, f->screen, STYLE_PLAIN, "%s", member_text(incident, "severity"));
	else
		add_word(f, incident, "severity");
	if (f->brief && node != NULL && service != NULL)
		table_add(f->table, f->screen, STYLE_PLAIN, "%s/%s", node, service);
	else
		table_add(f->table, f->screen, STYLE_PLAIN, "%s", id);
	if (f->query->all)
		add_word(f, incident, "status");
	else
		table_add(f->table, f->screen, STYLE_PLAIN, "%s", "");
	add_ago(f, incident, "started_at");
	add_ago(f, incident, "last_occurrence");
	table_add(f->table, f->screen, STYLE_PLAIN, "%lld",
	    (long long)member_number(incident, "occurrence_count"));
	add_text(f, incident, "message");
	add_remediation(f, incident);
}

/* --- deployments ----------------------------------------------------------- */

static const struct column deployment_columns[] = {{"STATUS", 0, 0}, {"DEPLOYMENT", 40, 0},
    {"NODES", 8, 3}, {"SERVICES", 8, 4}, {"STAGE", 0, 2}, {"STARTED", 0, 0}, {"TOOK", 0, 5},
    {"TRIES", 0, 6}, {"MESSAGE", 20, 0}};

static int
deployment_urgency(const json_t *run)
{
	return urgency_of_word(member_text(run, "status"));
}

static void
fill_deployment(const struct filler *f, const char *id, const json_t *run)
{
	const json_t *took = json_object_get(run, "duration_seconds");
	char age[AGE_TEXT_MAX] = "";

	if (json_is_integer(took) && json_integer_value(took) < INT32_MAX)
		(void)age_format(SECONDS(json_integer_value(took)), age);
	add_word(f, run, "status");
	table_add(f->table, f->screen, STYLE_PLAIN, "%s", id);
	add_joined(f, run, "nodes");
	add_joined(f, run, "services");
	add_text(f, run, "stage");
	add_ago(f, run, "started_at");
	table_add(f->table, f->screen, STYLE_PLAIN, "%s", age);
	if (member_number(run, "attempts") > 1)
		table_add(f->table, f->screen, STYLE_PLAIN, "%lld",
		    (long long)member_number(run, "attempts"));
	else
		table_add(f->table, f->screen, STYLE_PLAIN, "%s", "");
	add_text(f, run, "message");
}

/* --- all of them ----------------------------------------------------------- */

enum { STATUSES_MAX = 4 };

#define COLUMNS(array) array, sizeof(array) / sizeof((array)[0])

static const struct list {
	const char *title, *word;
	const char *statuses[STATUSES_MAX]; /* in the order they are counted in */
	const struct column *columns;
	size_t column_count;
	void (*fill)(const struct filler *f, const char *id, const json_t *record);
	int (*urgency)(const json_t *record);
	const char *when; /* of equally urgent ones the latest first; NULL: by id */
} lists[DOCUMENT_COUNT] = {
    [DOCUMENT_NODES] = {"NODES", "nodes", {"online", "offline", "stale", "unknown"},
	COLUMNS(node_columns), fill_node, node_urgency, NULL},
    [DOCUMENT_SERVICES] = {"SERVICES", "services", {"healthy", "unhealthy", "unknown"},
	COLUMNS(service_columns), fill_service, service_urgency, NULL},
    [DOCUMENT_INCIDENTS] = {"INCIDENTS", "incidents", {"active", "resolved"},
	COLUMNS(incident_columns), fill_incident, incident_urgency, "started_at"},
    [DOCUMENT_DEPLOYMENTS] = {"DEPLOYMENTS", "deployments",
	{"in_progress", "stalled", "failed", "completed"}, COLUMNS(deployment_columns),
	fill_deployment, deployment_urgency, "started_at"},
};

static int
compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->urgency != y->urgency)
		return x->urgency < y->urgency ? -1 : 1;
	if (x->when != y->when)
		return x->when > y->when ? -1 : 1;
	return strcmp(x->id, y->id);
}

static struct row *
sort_rows(json_t *records, const struct list *list)
{
	struct row *rows = memory_alloc(sizeof(*rows) * (json_object_size(records) + 1)), *r = rows;
	const char *id;
	json_t *record;

	json_object_foreach (records, id, record)
		*r++ = (struct row){id, record, list->urgency(record),
		    list->when ? member_time(record, list->when) : 0};
	qsort(rows, json_object_size(records), sizeof(*rows), compare_rows);
	return rows;
}

/* The counts, each in the style of its status; what there's no room for as one
 * text, so that it is seen to be cut. */
static void
put_counts(const struct list *list, const size_t *counts, struct screen *s)
{
	cleanup_buffer struct buffer rest = {0};
	const char *separator = ": ";

	for (size_t i = 0; i < STATUSES_MAX && list->statuses[i] != NULL; i++) {
		char part[64];

		if (counts[i] == 0)
			continue;
		(void)snprintf(part, sizeof(part), "%zu %s", counts[i],
		    strcmp(list->statuses[i], "in_progress") == 0 ? "in progress" :
								    list->statuses[i]);
		if (rest.length > 0 ||
		    (s->columns > 0 && s->used + strlen(separator) + strlen(part) >= s->columns)) {
			buffer_text(&rest, "%s%s", separator, part);
		} else {
			screen_put(s, STYLE_PLAIN, "%s", separator);
			screen_put(s, style_of_word(list->statuses[i]), "%s", part);
		}
		separator = ", ";
	}
	screen_put(s, STYLE_PLAIN, "%s", buffer_string(&rest));
}

/* "NODES  7: 6 online, 1 offline" */
static void
print_title(const struct list *list, json_t *records, struct screen *s)
{
	size_t counts[STATUSES_MAX] = {0};
	json_t *record;
	const char *id;

	screen_put(s, STYLE_BOLD, "%s", list->title);
	if (json_object_size(records) == 0) {
		screen_line(s, STYLE_PLAIN, "  none");
		return;
	}
	json_object_foreach (records, id, record)
		for (size_t i = 0; i < STATUSES_MAX && list->statuses[i] != NULL; i++)
			counts[i] += member_is(record, "status", list->statuses[i]);
	screen_put(s, STYLE_PLAIN, "  %zu", json_object_size(records));
	put_counts(list, counts, s);
	screen_end(s);
}

void
list_section(const struct published *world, const struct query *q, enum document which, size_t most,
    struct screen *s)
{
	const struct list *list = &lists[which];
	json_auto_t *every = select_all(world, q, which), *shown = select_records(world, q, which);
	size_t count = json_object_size(shown), all = json_object_size(every);
	cleanup_free struct row *rows = sort_rows(shown, list);
	cleanup_table struct table table = {list->columns, list->column_count, 2, NULL, 0, 0};
	struct filler filler = {world, q, s, &table, q->subject == SUBJECT_OVERVIEW};

	print_title(list, every, s);
	for (size_t i = 0; i < count && i < most; i++)
		list->fill(&filler, rows[i].id, rows[i].record);
	if (count > 0)
		table_print(&table, s);
	if (count > most)
		screen_line(
		    s, STYLE_DIM, "  and %zu more: homelab-status %s", count - most, list->word);
	else if (all > count && q->subject != SUBJECT_OVERVIEW)
		screen_line(
		    s, STYLE_DIM, "  %s%zu with --all", count > 0 ? "and " : "", all - count);
}

void
list_print(const struct published *world, const struct query *q, struct screen *s)
{
	static const enum document documents[] = {[SUBJECT_NODES] = DOCUMENT_NODES,
	    [SUBJECT_SERVICES] = DOCUMENT_SERVICES,
	    [SUBJECT_INCIDENTS] = DOCUMENT_INCIDENTS,
	    [SUBJECT_DEPLOYMENTS] = DOCUMENT_DEPLOYMENTS};

	warnings_print(world, q, s);
	list_section(world, q, documents[q->subject], SIZE_MAX, s);
	if (q->subject == SUBJECT_SERVICES && q->service != NULL)
		containers_print(world, q, s);
}
