/* One incident or deployment from beginning to end, and what it hangs together with. */

#include <homelab/status.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEAR_BEFORE HOURS(24) /* a deployment so long before an incident may be why */
#define NEAR_TOGETHER HOURS(1) /* incidents of one node that may be one */

enum { ENDS_SHOWN = 3, SHOWN_WHOLE = 9 };

/* --- finding it ------------------------------------------------------------ */

/* The latest incident of "node/service". */
static const json_t *
latest_incident(const struct published *world, const char *key)
{
	const char *slash = strchr(key, '/'), *id;
	const json_t *latest = NULL;
	json_t *incident;

	if (slash == NULL)
		return NULL;
	json_object_foreach (world->documents[DOCUMENT_INCIDENTS], id, incident) {
		const char *node = member_text(incident, "node");

		if (node != NULL && strlen(node) == (size_t)(slash - key) &&
		    strncmp(node, key, strlen(node)) == 0 &&
		    member_is(incident, "service", slash + 1) &&
		    (latest == NULL ||
			member_time(incident, "started_at") >= member_time(latest, "started_at")))
			latest = incident;
	}
	return latest;
}

const json_t *
story_find(const struct published *world, const struct query *q)
{
	bool incident = q->subject == SUBJECT_INCIDENTS;
	const json_t *record = json_object_get(
	    world->documents[incident ? DOCUMENT_INCIDENTS : DOCUMENT_DEPLOYMENTS], q->id);

	if (record == NULL && incident)
		record = latest_incident(world, q->id);
	return member_text(record, "id") != NULL ? record : NULL;
}

/* --- moments --------------------------------------------------------------- */

struct moment {
	timestamp at;
	size_t order; /* of moments at the same instant */
	enum style style;
	char *text;
};

struct moments {
	struct moment *list;
	size_t count, room;
};

static void __attribute__((format(printf, 4, 5)))
moments_add(struct moments *m, timestamp at, enum style style, const char *format, ...)
{
	char line[2048];
	va_list args;

	if (at == TIMESTAMP_NONE)
		return;
	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	ARRAY_GROW(m->list, m->count, m->room);
	m->list[m->count] = (struct moment){at, m->count, style, text_copy(line)};
	m->count++;
}

static int
compare_moments(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static void
moments_print(struct moments *m, struct screen *s)
{
	char at[TIMESTAMP_TEXT_MAX], ago[AGE_TEXT_MAX];

	if (m->count > 0)
		qsort(m->list, m->count, sizeof(*m->list), compare_moments);
	for (size_t i = 0; i < m->count; i++) {
		screen_put(
		    s, STYLE_PLAIN, "  %s", timestamp_format(whole_seconds(m->list[i].at), at));
		screen_skip_to(s, 24);
		if (!s->exact)
			screen_put(s, STYLE_DIM, "%s", screen_ago(s, m->list[i].at, ago));
		screen_skip_to(s, s->exact ? 24 : 35);
		screen_put(s, m->list[i].style, "%s", m->list[i].text);
		screen_end(s);
		free(m->list[i].text);
	}
	free(m->list);
}

static const char *
or_else(const char *text, const char *otherwise)
{
	return text != NULL ? text : otherwise;
}

/* Occurrences, but the first; of many those at the ends. */
static void
add_occurrences(const json_t *incident, bool all, struct moments *m)
{
	const json_t *events = json_object_get(incident, "events");
	size_t count = json_array_size(events);
	json_int_t total = member_number(incident, "occurrence_count");
	timestamp first = member_time(incident, "started_at");

	if (total > (json_int_t)count)
		moments_add(m, first, STYLE_DIM, "... %lld more, their times aren't kept",
		    (long long)(total - (json_int_t)count));
	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(events, i));
		timestamp at;

		if (text == NULL || !timestamp_parse(text, strlen(text), &at))
			continue;
		if (!all && count > SHOWN_WHOLE && i >= ENDS_SHOWN && i < count - ENDS_SHOWN) {
			if (i == ENDS_SHOWN)
				moments_add(m, at, STYLE_DIM, "... %zu more with --all",
				    count - 2 * ENDS_SHOWN);
			continue;
		}
		if (i > 0 || at != first)
			moments_add(m, at, STYLE_PLAIN, "failed again");
	}
}

static void
add_incident_moments(const json_t *incident, bool all, struct moments *m)
{
	const json_t *remediation = json_object_get(incident, "remediation");
	const char *source = or_else(member_text(remediation, "source"), "somebody");

	moments_add(m, member_time(incident, "started_at"), STYLE_BAD, "failed: %s, from %s",
	    or_else(member_text(incident, "event_type"), "?"),
	    or_else(member_text(incident, "source"), "an unnamed source"));
	add_occurrences(incident, all, m);
	moments_add(m, member_time(remediation, "started_at"), STYLE_BOLD,
	    "remediation started by %s", source);
	moments_add(m, member_time(remediation, "completed_at"), STYLE_BOLD,
	    "remediation completed by %s", source);
	moments_add(m, member_time(incident, "resolved_at"), STYLE_GOOD, "resolved: %s",
	    or_else(member_text(incident, "resolved_by"), "?"));
}

/* --- what is near ---------------------------------------------------------- */

/* "20 m before", "5 s after", from a to b. */
static const char *
distance(timestamp a, timestamp b, char *out, size_t size)
{
	char age[AGE_TEXT_MAX];

	if (a == TIMESTAMP_NONE || b == TIMESTAMP_NONE)
		return "some time from";
	(void)snprintf(out, size, "%.20s %s", age_format(a < b ? b - a : a - b, age),
	    a < b ? "before" : "after");
	return out;
}

static bool
concerns(const json_t *run, const json_t *incident)
{
	const char *node = member_text(incident, "node"),
		   *service = member_text(incident, "service");
	const json_t *services = json_object_get(run, "services");

	return node != NULL && service != NULL && array_has(json_object_get(run, "nodes"), node) &&
	    (json_array_size(services) == 0 || array_has(services, "all") ||
		strcmp(service, "all") == 0 || array_has(services, service));
}

/* The last of a run that can have been why an incident began. */
static timestamp
end_of(const json_t *run)
{
	timestamp ended = member_time(run, "ended_at");

	return ended != TIMESTAMP_NONE ? ended : member_time(run, "started_at");
}

static bool
hangs_together(const json_t *run, const json_t *incident)
{
	const char *id = member_text(run, "id");
	timestamp began = member_time(incident, "started_at");
	timestamp from = member_time(run, "started_at"), to = end_of(run);

	if (id != NULL && member_is(incident, "correlation_id", id))
		return true;
	if (!concerns(run, incident) || began == TIMESTAMP_NONE || to == TIMESTAMP_NONE)
		return false;
	return began >= (from != TIMESTAMP_NONE ? from : to) && began - to <= NEAR_BEFORE;
}

static bool
is_under_way(const json_t *run, timestamp at)
{
	timestamp ended = member_time(run, "ended_at");

	return member_time(run, "started_at") <= at && (ended == TIMESTAMP_NONE || ended > at);
}

static size_t
print_near_deployments(const struct published *world, const json_t *incident, struct screen *s)
{
	timestamp began = member_time(incident, "started_at");
	const char *id;
	json_t *run;
	size_t count = 0;

	json_object_foreach (world->documents[DOCUMENT_DEPLOYMENTS], id, run) {
		const char *status = or_else(member_text(run, "status"), "?");
		bool under_way = is_under_way(run, began);
		timestamp at = under_way ? member_time(run, "started_at") : end_of(run);
		char text[64];

		if (!hangs_together(run, incident))
			continue;
		screen_put(s, STYLE_PLAIN, "  deployment %s, ", id);
		screen_put(s, style_of_word(status), "%s", status);
		screen_line(s, STYLE_PLAIN, ", %s %s it%s", under_way ? "began" : "ended",
		    distance(at, began, text, sizeof(text)),
		    member_is(incident, "correlation_id", id) ? ", same correlation id" : "");
		count++;
	}
	return count;
}

static void
put_incident(const char *id, const json_t *incident, struct screen *s)
{
	const char *status = or_else(member_text(incident, "status"), "?");

	screen_put(s, STYLE_PLAIN, "  incident %s, %s, ", id,
	    or_else(member_text(incident, "severity"), "?"));
	screen_put(s, style_of_word(status), "%s", status);
}

/* Of the same service, anywhere; or on the same node about the same time. */
static bool
is_near(const json_t *a, const json_t *b)
{
	const char *node = member_text(a, "node"), *service = member_text(a, "service");
	timestamp x = member_time(a, "started_at"), y = member_time(b, "started_at");

	if (service != NULL && member_is(b, "service", service))
		return true;
	return node != NULL && member_is(b, "node", node) && x != TIMESTAMP_NONE &&
	    y != TIMESTAMP_NONE && (x > y ? x - y : y - x) <= NEAR_TOGETHER;
}

static size_t
print_other_incidents(const struct published *world, const json_t *incident, struct screen *s)
{
	timestamp began = member_time(incident, "started_at");
	const char *id;
	json_t *other;
	size_t count = 0;

	json_object_foreach (world->documents[DOCUMENT_INCIDENTS], id, other) {
		char text[64];

		if (other == incident || !is_near(incident, other))
			continue;
		put_incident(id, other, s);
		screen_line(s, STYLE_PLAIN, ", began %s it",
		    distance(member_time(other, "started_at"), began, text, sizeof(text)));
		count++;
	}
	return count;
}

static size_t
print_near_incidents(const struct published *world, const json_t *run, struct screen *s)
{
	const char *id, *run_id = member_text(run, "id");
	json_t *incident;
	size_t count = 0;

	json_object_foreach (world->documents[DOCUMENT_INCIDENTS], id, incident) {
		timestamp began = member_time(incident, "started_at");
		bool ended = member_time(run, "ended_at") != TIMESTAMP_NONE && began > end_of(run);
		char text[64];

		if (!hangs_together(run, incident))
			continue;
		put_incident(id, incident, s);
		screen_line(s, STYLE_PLAIN, ", began %s its %s%s",
		    distance(began, ended ? end_of(run) : member_time(run, "started_at"), text,
			sizeof(text)),
		    ended ? "end" : "start",
		    member_is(incident, "correlation_id", run_id) ? ", same correlation id" : "");
		count++;
	}
	return count;
}

/* --- the stories ----------------------------------------------------------- */

static void
print_field(const json_t *record, const char *key, const char *title, struct screen *s)
{
	const char *text = member_text(record, key);

	if (text == NULL)
		return;
	screen_put(s, STYLE_DIM, "%s", title);
	screen_skip_to(s, 14);
	screen_line(s, STYLE_PLAIN, "%s", text);
}

static void
print_array(const json_t *record, const char *key, const char *title, struct screen *s)
{
	const json_t *array = json_object_get(record, key);

	for (size_t i = 0; i < json_array_size(array); i++) {
		screen_put(s, STYLE_DIM, "%s", i == 0 ? title : "");
		screen_skip_to(s, 14);
		screen_line(s, STYLE_PLAIN, "%s",
		    or_else(json_string_value(json_array_get(array, i)), "?"));
	}
}

static void
print_incident(
    const struct published *world, const struct query *q, const json_t *incident, struct screen *s)
{
	const char *status = or_else(member_text(incident, "status"), "?");
	timestamp end = member_time(incident, "resolved_at");
	timestamp began = member_time(incident, "started_at");
	struct moments moments = {0};
	char age[AGE_TEXT_MAX];

	screen_put(s, style_of_word(status), "%s", status);
	if (began != TIMESTAMP_NONE)
		screen_put(s, STYLE_PLAIN, " %s %s", end != TIMESTAMP_NONE ? "after" : "for",
		    age_format((end != TIMESTAMP_NONE ? end : s->now) - began, age));
	screen_line(s, STYLE_PLAIN, ", failed %lld time%s",
	    (long long)member_number(incident, "occurrence_count"),
	    member_number(incident, "occurrence_count") == 1 ? "" : "s");
	print_field(incident, "severity", "severity", s);
	print_field(incident, "node", "node", s);
	print_field(incident, "service", "service", s);
	print_field(incident, "message", "message", s);
	print_field(incident, "correlation_id", "correlation", s);
	print_field(incident, "deployment", "deployment", s);
	screen_line(s, STYLE_BOLD, "WHAT HAPPENED");
	add_incident_moments(incident, q->all, &moments);
	moments_print(&moments, s);
	screen_line(s, STYLE_BOLD, "NEAR IT");
	if (print_near_deployments(world, incident, s) +
		print_other_incidents(world, incident, s) ==
	    0)
		screen_line(s, STYLE_PLAIN, "  nothing");
}

static void
print_deployment(const struct published *world, const json_t *run, struct screen *s)
{
	const char *status = or_else(member_text(run, "status"), "?");
	const json_t *took = json_object_get(run, "duration_seconds");
	json_int_t attempts = member_number(run, "attempts");
	struct moments moments = {0};
	char age[AGE_TEXT_MAX];

	screen_put(s, style_of_word(status), "%s", status);
	if (json_is_integer(took) && json_integer_value(took) < INT32_MAX)
		screen_put(s, STYLE_PLAIN, " after %s",
		    age_format(SECONDS(json_integer_value(took)), age));
	screen_line(
	    s, STYLE_PLAIN, ", tried %lld time%s", (long long)attempts, attempts == 1 ? "" : "s");
	print_array(run, "nodes", "nodes", s);
	print_array(run, "services", "services", s);
	print_field(run, "stage", "stage", s);
	print_field(run, "source", "source", s);
	print_field(run, "message", "message", s);
	print_array(run, "diagnostics", "diagnostics", s);
	screen_line(s, STYLE_BOLD, "WHAT HAPPENED");
	moments_add(&moments, member_time(run, "started_at"), STYLE_PLAIN, "started");
	moments_add(&moments, member_time(run, "ended_at"), style_of_word(status), "%s at stage %s",
	    status, or_else(member_text(run, "stage"), "unknown"));
	moments_print(&moments, s);
	screen_line(s, STYLE_BOLD, "NEAR IT");
	if (print_near_incidents(world, run, s) == 0)
		screen_line(s, STYLE_PLAIN, "  nothing");
}

int
story_print(
    const struct published *world, const struct query *q, struct screen *s, struct error *err)
{
	const json_t *record = story_find(world, q);

	if (record == NULL)
		return error_set(err, 1, "no %s is called %s here",
		    q->subject == SUBJECT_INCIDENTS ? "incident" : "deployment", q->id);
	warnings_print(world, q, s);
	screen_line(s, STYLE_BOLD, "%s", member_text(record, "id"));
	if (q->subject == SUBJECT_INCIDENTS)
		print_incident(world, q, record, s);
	else
		print_deployment(world, record, s);
	return 0;
}
