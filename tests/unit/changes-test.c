/* Pairs of small worlds, and what is to be told of them, worked out by hand. */

#include "support.h"

#include <homelab/changes.h>

#include <string.h>

#define AT(time) "'2026-05-12T" time "Z'"
#define NODE(status, pressure)                                                                     \
	"{'status': '" status                                                                      \
	"', 'status_since': " AT("11:00:00") ", 'disk_pressure': " pressure                        \
					     ", 'cpu_pressure': null, 'memory_pressure': null}"
#define NOWHERE "'node': 'a', 'service': 'w', "
#define SERVICE(status)                                                                            \
	"'a/w': {" NOWHERE "'status': '" status "', 'status_since': " AT("11:10:00") "}"
#define INCIDENT(id, status, severity, count, started, resolved)                                   \
	"'" id "': {" NOWHERE "'status': '" status "', 'severity': '" severity                     \
	"', 'message': 'm', 'correlation_id': null, 'occurrence_count': " #count                   \
	", 'started_at': " started                                                                 \
	", 'last_occurrence': " AT("11:30:00") ", 'resolved_at': " resolved "}"
#define ACTIVE INCIDENT("i", "active", "error", 2, AT("11:20:00"), "null")
#define OTHER(id, started)                                                                         \
	"'" id "': {'node': 'a', 'service': 'x', 'status': 'active', 'severity': 'error', "        \
	"'message': 'm', 'correlation_id': null, 'occurrence_count': 3, 'started_at': " started    \
	", 'last_occurrence': " AT("11:30:00") ", 'resolved_at': null}"
#define RESOLVED INCIDENT("i", "resolved", "error", 2, AT("11:20:00"), AT("11:40:00"))
#define OVER INCIDENT("i", "resolved", "error", 2, AT("10:00:00"), AT("10:59:59"))
#define DEPLOYMENT(id, nodes, status, attempts, started, ended)                                    \
	"'" id "': {" NOWHERE "'nodes': [" nodes "], 'status': '" status                           \
	"', 'message': null, 'attempts': " #attempts ", 'started_at': " started                    \
	", 'ended_at': " ended "}"
#define RUNS(attempts) DEPLOYMENT("d", "'a'", "in_progress", attempts, AT("11:50:00"), "null")
#define DONE(attempts) DEPLOYMENT("d", "'a'", "completed", attempts, AT("11:50:00"), AT("11:55:00"))
#define STALLED DEPLOYMENT("d", "'a'", "stalled", 1, AT("11:50:00"), "null")
#define STATUS(word) "'status': '" word "'"
#define DRIFT(missing) "'drift': {'missing': [" missing "], 'silent': [], 'undeclared': []}"

/* Of now, 12:00:00; retentions are an hour. A document is what's between the braces. */
struct difference {
	const char *what;
	enum document document; /* DOCUMENT_COUNT: the summary */
	const char *before, *after, *revised, *told;
};

static const struct difference differences[] = {
    {"nothing", DOCUMENT_NODES, "'a': " NODE("online", "null"), "'a': " NODE("online", "null"),
	NULL, ""},
    {"nodes come with their pressures", DOCUMENT_NODES, "", "'a': " NODE("online", "'high'"), NULL,
	"11:00:00 node_added a null>'online' a\n"
	"12:00:00 pressure_changed a/disk_pressure null>'high' a\n"},
    {"nodes go", DOCUMENT_NODES, "'a': " NODE("stale", "'high'"), "", NULL,
	"12:00:00 node_removed a 'stale'>null a\n"},
    {"nodes change", DOCUMENT_NODES, "'a': " NODE("online", "'low'"),
	"'a': " NODE("offline", "'high'"), NULL,
	"11:00:00 node_status_changed a 'online'>'offline' a\n"
	"12:00:00 pressure_changed a/disk_pressure 'low'>'high' a\n"},
    {"by key, what was and what is", DOCUMENT_NODES,
	"'A': " NODE("online", "null") ", 'b': " NODE("online", "null"),
	"'a': " NODE("online", "null") ", 'b': " NODE("offline", "null") ", 'c': " NODE(
	    "online", "null"),
	NULL,
	"12:00:00 node_removed A 'online'>null A\n"
	"11:00:00 node_added a null>'online' a\n"
	"11:00:00 node_status_changed b 'online'>'offline' b\n"
	"11:00:00 node_added c null>'online' c\n"},
    {"services", DOCUMENT_SERVICES, "", SERVICE("healthy"), NULL,
	"11:10:00 service_added a/w null>'healthy' a/w\n"},
    {"services", DOCUMENT_SERVICES, SERVICE("healthy"), "", NULL,
	"12:00:00 service_removed a/w 'healthy'>null a/w\n"},
    {"services", DOCUMENT_SERVICES, SERVICE("healthy"), SERVICE("unhealthy"), NULL,
	"11:10:00 service_status_changed a/w 'healthy'>'unhealthy' a/w\n"},
    {"an incident", DOCUMENT_INCIDENTS, "", ACTIVE, NULL,
	"11:20:00 incident_opened i null>'active' a/w error m 2\n"},
    {"one that is over already", DOCUMENT_INCIDENTS, "", RESOLVED, NULL,
	"11:20:00 incident_opened i null>'active' a/w error m 2\n"
	"11:40:00 incident_resolved i 'active'>'resolved' a/w error m 2\n"},
    {"all at once", DOCUMENT_INCIDENTS,
	INCIDENT("i", "active", "warning", 1, AT("11:20:00"), "null"), RESOLVED, NULL,
	"11:30:00 incident_recurred i 1>2 a/w error m 2\n"
	"11:30:00 incident_severity_changed i 'warning'>'error' a/w error m 2\n"
	"11:40:00 incident_resolved i 'active'>'resolved' a/w error m 2\n"},
    {"fewer occurrences aren't told", DOCUMENT_INCIDENTS,
	INCIDENT("i", "active", "error", 3, AT("11:20:00"), "null"), ACTIVE, NULL, ""},
    {"reopened", DOCUMENT_INCIDENTS, RESOLVED, ACTIVE, NULL,
	"11:30:00 incident_reopened i 'resolved'>'active' a/w error m 2\n"},
    {"gone, and nothing came late", DOCUMENT_INCIDENTS, ACTIVE, "", NULL,
	"12:00:00 incident_expired i 'active'>null a/w error m 2\n"},
    {"gone, and something came late", DOCUMENT_INCIDENTS, ACTIVE, "", "a",
	"12:00:00 incident_withdrawn i 'active'>null a/w error m 2 replaced_by null\n"},
    {"late, but of another node", DOCUMENT_INCIDENTS, ACTIVE, "", "b",
	"12:00:00 incident_expired i 'active'>null a/w error m 2\n"},
    {"late, but it was over", DOCUMENT_INCIDENTS, OVER, "", "a",
	"12:00:00 incident_expired i 'resolved'>null a/w error m 2\n"},
    {"late, and just not over", DOCUMENT_INCIDENTS,
	INCIDENT("i", "resolved", "error", 2, AT("10:00:00"), AT("11:00:00")), "", "a",
	"12:00:00 incident_withdrawn i 'resolved'>null a/w error m 2 replaced_by null\n"},
    {"one that began earlier takes its place", DOCUMENT_INCIDENTS, ACTIVE,
	INCIDENT("h", "active", "error", 3, AT("11:19:00"), "null"), "a",
	"11:19:00 incident_opened h null>'active' a/w error m 3\n"
	"12:00:00 incident_withdrawn i 'active'>null a/w error m 2 replaced_by 'h'\n"},
    {"one that had ended doesn't", DOCUMENT_INCIDENTS, ACTIVE,
	INCIDENT("h", "resolved", "error", 3, AT("11:18:00"), AT("11:19:59")), "a",
	"11:18:00 incident_opened h null>'active' a/w error m 3\n"
	"11:19:59 incident_resolved h 'active'>'resolved' a/w error m 3\n"
	"12:00:00 incident_withdrawn i 'active'>null a/w error m 2 replaced_by null\n"},
    {"one that ended then does", DOCUMENT_INCIDENTS, ACTIVE,
	INCIDENT("h", "resolved", "error", 3, AT("11:18:00"), AT("11:20:00")), "a",
	"11:18:00 incident_opened h null>'active' a/w error m 3\n"
	"11:20:00 incident_resolved h 'active'>'resolved' a/w error m 3\n"
	"12:00:00 incident_withdrawn i 'active'>null a/w error m 2 replaced_by 'h'\n"},
    {"one that began later doesn't", DOCUMENT_INCIDENTS, ACTIVE,
	INCIDENT("j", "active", "error", 1, AT("11:20:01"), "null"), "a",
	"12:00:00 incident_withdrawn i 'active'>null a/w error m 2 replaced_by null\n"
	"11:20:01 incident_opened j null>'active' a/w error m 1\n"},
    {"another id without anything late", DOCUMENT_INCIDENTS, ACTIVE,
	INCIDENT("i-2", "active", "error", 2, AT("11:20:00"), "null"), NULL,
	"12:00:00 incident_withdrawn i 'active'>null a/w error m 2 replaced_by 'i-2'\n"
	"11:20:00 incident_opened i-2 null>'active' a/w error m 2\n"},
    {"an id that stands for another now", DOCUMENT_INCIDENTS,
	"'i': {'node': 'b', 'service': 'w', 'status': 'active', 'occurrence_count': 1}", ACTIVE,
	NULL,
	"12:00:00 incident_expired i 'active'>null b/w\n"
	"11:20:00 incident_opened i null>'active' a/w error m 2\n"},
    {"one of another service doesn't", DOCUMENT_INCIDENTS, ACTIVE, OTHER("h", AT("11:19:00")), "a",
	"11:19:00 incident_opened h null>'active' a/x error m 3\n"
	"12:00:00 incident_withdrawn i 'active'>null a/w error m 2 replaced_by null\n"},
    {"an id that stands for another service now", DOCUMENT_INCIDENTS, OTHER("i", AT("11:20:00")),
	ACTIVE, NULL,
	"12:00:00 incident_expired i 'active'>null a/x error m 3\n"
	"11:20:00 incident_opened i null>'active' a/w error m 2\n"},
    {"and what it stood for has another id", DOCUMENT_INCIDENTS, OTHER("i", AT("11:20:00")),
	ACTIVE ", " OTHER("j", AT("11:19:00")), NULL,
	"12:00:00 incident_withdrawn i 'active'>null a/x error m 3 replaced_by 'j'\n"
	"11:20:00 incident_opened i null>'active' a/w error m 2\n"
	"11:19:00 incident_opened j null>'active' a/x error m 3\n"},
    /* Documents that others changed may lack anything. */
    {"an incident of nowhere", DOCUMENT_INCIDENTS, "'i': {'status': 'active'}", "", "a",
	"12:00:00 incident_expired i 'active'>null\n"},
    {"one without a status", DOCUMENT_INCIDENTS, "", "'i': {'node': 'a', 'service': 'w'}", NULL,
	"12:00:00 incident_opened i null>'active' a/w\n"},
    {"a service that wasn't named before", DOCUMENT_INCIDENTS,
	"'i': {'node': 'a', 'status': 'active'}", ACTIVE, NULL,
	"12:00:00 incident_expired i 'active'>null a\n"
	"11:20:00 incident_opened i null>'active' a/w error m 2\n"},
    {"a service that isn't named any more", DOCUMENT_INCIDENTS, ACTIVE,
	"'i': {'node': 'a', 'status': 'active'}", NULL,
	"12:00:00 incident_expired i 'active'>null a/w error m 2\n"
	"12:00:00 incident_opened i null>'active' a\n"},
    {"a deployment of nowhere", DOCUMENT_DEPLOYMENTS, "", "'d': {'status': 'in_progress'}", NULL,
	"12:00:00 deployment_started d null>'in_progress' of d\n"},
    {"a node without pressures", DOCUMENT_NODES, "'a': {'status': 'online'}",
	"'a': {'status': 'online', 'cpu_pressure': null, 'disk_pressure': 'low'}", NULL,
	"12:00:00 pressure_changed a/disk_pressure null>'low' a\n"},
    {"drift of no service", DOCUMENT_COUNT, DRIFT("1"), DRIFT("'a/a'"), NULL,
	"12:00:00 drift_changed missing null>null +['a/a'] -[1]\n"},
    {"a deployment", DOCUMENT_DEPLOYMENTS, "", RUNS(1), NULL,
	"11:50:00 deployment_started d null>'in_progress' a/w of d\n"},
    {"one that has stalled already", DOCUMENT_DEPLOYMENTS, "", STALLED, NULL,
	"11:50:00 deployment_started d null>'in_progress' a/w of d\n"
	"12:00:00 deployment_stalled d 'in_progress'>'stalled' a/w of d\n"},
    {"one whose start is unknown", DOCUMENT_DEPLOYMENTS, "",
	DEPLOYMENT("dep-17-a-w", "'a'", "failed", 0, "null", AT("11:55:00")), NULL,
	"11:55:00 deployment_started dep-17-a-w null>'in_progress' a/w of null\n"
	"11:55:00 deployment_finished dep-17-a-w 'in_progress'>'failed' a/w of null\n"},
    {"ids that only look made", DOCUMENT_DEPLOYMENTS, "",
	DEPLOYMENT("dep-17-ab-w", "'a'", "in_progress", 1, AT("11:50:00"), "null") ", " DEPLOYMENT(
	    "dep17-a-w", "'a'", "in_progress", 1, AT("11:50:00"),
	    "null") ", " DEPLOYMENT("dex-1-a-w", "'a'", "in_progress", 1, AT("11:50:00"),
	    "null") ", " DEPLOYMENT("dep-17-b-w", "'a'", "in_progress", 1, AT("11:50:00"),
	    "null") ", " DEPLOYMENT("dep-17xa-w", "'a'", "in_progress", 1, AT("11:50:00"), "null"),
	NULL,
	"11:50:00 deployment_started dep-17-ab-w null>'in_progress' a/w of dep-17-ab-w\n"
	"11:50:00 deployment_started dep-17-b-w null>'in_progress' a/w of dep-17-b-w\n"
	"11:50:00 deployment_started dep-17xa-w null>'in_progress' a/w of dep-17xa-w\n"
	"11:50:00 deployment_started dep17-a-w null>'in_progress' a/w of dep17-a-w\n"
	"11:50:00 deployment_started dex-1-a-w null>'in_progress' a/w of dex-1-a-w\n"},
    {"finished", DOCUMENT_DEPLOYMENTS, RUNS(1), DONE(1), NULL,
	"11:55:00 deployment_finished d 'in_progress'>'completed' a/w of d\n"},
    {"stalled", DOCUMENT_DEPLOYMENTS, RUNS(1), STALLED, NULL,
	"12:00:00 deployment_stalled d 'in_progress'>'stalled' a/w of d\n"},
    {"not ended after all", DOCUMENT_DEPLOYMENTS, DONE(1), RUNS(1), NULL,
	"11:50:00 deployment_started d 'completed'>'in_progress' a/w of d\n"},
    {"begun again", DOCUMENT_DEPLOYMENTS, DONE(1), RUNS(2), NULL,
	"12:00:00 deployment_started d 'completed'>'in_progress' a/w of d\n"},
    {"begun again and ended", DOCUMENT_DEPLOYMENTS, DONE(1), DONE(2), NULL,
	"12:00:00 deployment_started d 'completed'>'in_progress' a/w of d\n"
	"11:55:00 deployment_finished d 'in_progress'>'completed' a/w of d\n"},
    {"another node joins", DOCUMENT_DEPLOYMENTS,
	"'d': {'node': 'b', 'nodes': ['b'], 'service': 'x', 'status': 'in_progress', 'attempts': "
	"1}",
	DEPLOYMENT("d", "'a', 'b'", "in_progress", 1, AT("11:50:00"), "null"), NULL, ""},
    {"on other nodes only", DOCUMENT_DEPLOYMENTS,
	"'d': {'node': 'b', 'nodes': ['b', 'c'], 'service': 'w', 'status': 'stalled', 'attempts': "
	"1}",
	RUNS(1), NULL,
	"12:00:00 deployment_expired d 'stalled'>null b/w of d\n"
	"11:50:00 deployment_started d null>'in_progress' a/w of d\n"},
    {"gone", DOCUMENT_DEPLOYMENTS, DONE(1), "", NULL,
	"12:00:00 deployment_expired d 'completed'>null a/w of d\n"},
    {"never was", DOCUMENT_DEPLOYMENTS, DONE(1), "", "a",
	"12:00:00 deployment_withdrawn d 'completed'>null a/w of d replaced_by null\n"},
    {"gone in its time, by its end", DOCUMENT_DEPLOYMENTS,
	DEPLOYMENT("d", "'a'", "completed", 1, AT("10:00:00"), AT("10:59:59")), "", "a",
	"12:00:00 deployment_expired d 'completed'>null a/w of d\n"},
    {"gone in its time, by its start", DOCUMENT_DEPLOYMENTS,
	DEPLOYMENT("d", "'a'", "stalled", 1, AT("10:59:59"), "null"), "", "a",
	"12:00:00 deployment_expired d 'stalled'>null a/w of d\n"},
    {"it was another all along", DOCUMENT_DEPLOYMENTS,
	DEPLOYMENT("dep-17-a-w", "'a'", "failed", 0, "null", AT("11:55:00")), DONE(1), "a",
	"11:50:00 deployment_started d null>'in_progress' a/w of d\n"
	"11:55:00 deployment_finished d 'in_progress'>'completed' a/w of d\n"
	"12:00:00 deployment_withdrawn dep-17-a-w 'failed'>null a/w of null replaced_by 'd'\n"},
    {"one without a start that ended later takes no place", DOCUMENT_DEPLOYMENTS, RUNS(1),
	DEPLOYMENT("e", "'a'", "failed", 0, "null", AT("11:55:00")), "a",
	"12:00:00 deployment_withdrawn d 'in_progress'>null a/w of d replaced_by null\n"
	"11:55:00 deployment_started e null>'in_progress' a/w of e\n"
	"11:55:00 deployment_finished e 'in_progress'>'failed' a/w of e\n"},
    {"drift", DOCUMENT_COUNT, STATUS("NOMINAL") ", " DRIFT("'a/b', 'a/d', 'a/f'"),
	STATUS("NOMINAL") ", " DRIFT("'a/a', 'a/d', 'a/e'"), NULL,
	"12:00:00 drift_changed missing null>null +['a/a', 'a/e'] -['a/b', 'a/f']\n"},
    {"every list", DOCUMENT_COUNT, "'drift': {'missing': [], 'silent': ['a/x'], 'undeclared': []}",
	"'drift': {'missing': [], 'silent': [], 'undeclared': ['a/x']}", NULL,
	"12:00:00 drift_changed silent null>null +[] -['a/x']\n"
	"12:00:00 drift_changed undeclared null>null +['a/x'] -[]\n"},
    {"every pressure", DOCUMENT_NODES,
	"'a': {'status': 'stale', 'cpu_pressure': 'low', 'disk_pressure': null, 'memory_pressure': "
	"'low'}",
	"'a': {'status': 'stale', 'cpu_pressure': 'high', 'disk_pressure': null, "
	"'memory_pressure': null}",
	NULL,
	"12:00:00 pressure_changed a/cpu_pressure 'low'>'high' a\n"
	"12:00:00 pressure_changed a/memory_pressure 'low'>null a\n"},
    {"status, behind the drift", DOCUMENT_COUNT, STATUS("NOMINAL") ", " DRIFT(""),
	STATUS("CRITICAL") ", " DRIFT("'a/a'"), NULL,
	"12:00:00 drift_changed missing null>null +['a/a'] -[]\n"
	"12:00:00 status_changed world 'NOMINAL'>'CRITICAL'\n"},
    {"keys with quotes, backslashes, other scripts", DOCUMENT_NODES,
	"'a\\\"b': " NODE("online", "null") ", 'a\\\\n': " NODE("online", "null"),
	"'a\\\"b': " NODE("stale", "null") ", '\xc3\xa9': " NODE("online", "null"), NULL,
	"11:00:00 node_status_changed a\"b 'online'>'stale' a\"b\n"
	"12:00:00 node_removed a\\n 'online'>null a\\n\n"
	"11:00:00 node_added \xc3\xa9 null>'online' \xc3\xa9\n"},
};

static json_t *
parse_between(const char *text)
{
	cleanup_buffer struct buffer whole = {0};
	json_error_t error;
	json_t *value;

	buffer_text(&whole, "{%s}", text);
	for (size_t i = 0; i < whole.length; i++)
		if (whole.data[i] == '\'')
			whole.data[i] = '"';
	value = json_loadb((char *)whole.data, whole.length, 0, &error);
	ck_assert_msg(value != NULL, "%s in %s", error.text, text);
	return value;
}

/* --- events as text ------------------------------------------------------------- */

static void
add_value(struct buffer *out, const char *before, const json_t *value)
{
	cleanup_free char *text = json_dumps(value, JSON_ENCODE_ANY);

	for (char *at = text; *at != '\0'; at++)
		*at = *at == '"' ? '\'' : *at;
	buffer_text(out, "%s%s", before, text);
}

static const char *
member(const json_t *event, const char *name)
{
	const char *text = json_string_value(json_object_get(event, name));

	return text ? text : "";
}

static void
add_some(struct buffer *out, const json_t *event, const char *name, const char *before)
{
	if (json_object_get(event, name) != NULL)
		add_value(out, before, json_object_get(event, name));
}

static void
add_event(struct buffer *out, const json_t *event)
{
	static const char *const always[] = {
	    "kind", "key", "at", "from", "to", "node", "service", "severity", "message"};
	const json_t *correlation = json_object_get(event, "correlation_id");

	for (size_t i = 0; i < COUNT(always); i++)
		ck_assert_msg(json_object_get(event, always[i]), "there's no %s", always[i]);
	buffer_text(out, "%.8s %s %s ", member(event, "at") + strlen("2026-05-12T"),
	    member(event, "kind"), member(event, "key"));
	add_value(out, "", json_object_get(event, "from"));
	add_value(out, ">", json_object_get(event, "to"));
	buffer_text(out, "%s%s", member(event, "node")[0] ? " " : "", member(event, "node"));
	buffer_text(out, "%s%s", member(event, "service")[0] ? "/" : "", member(event, "service"));
	if (member(event, "severity")[0])
		buffer_text(out, " %s %s", member(event, "severity"), member(event, "message"));
	if (member(event, "severity")[0])
		add_some(out, event, "occurrence_count", " ");
	if (strncmp(member(event, "kind"), "deployment", 10) == 0)
		buffer_text(
		    out, " of %s", correlation ? member(event, "correlation_id") : "nothing");
	if (json_is_null(correlation) && strncmp(member(event, "kind"), "deployment", 10) == 0)
		buffer_text(out, "null");
	add_some(out, event, "added", " +");
	add_some(out, event, "removed", " -");
	add_some(out, event, "replaced_by", " replaced_by ");
	buffer_text(out, "\n");
}

static void
expect(const json_t *events, const char *told, const char *what)
{
	cleanup_buffer struct buffer text = {0};

	for (size_t i = 0; i < json_array_size(events); i++)
		add_event(&text, json_array_get(events, i));
	assert_text(buffer_string(&text), told, what);
}

/* --- comparing ------------------------------------------------------------------- */

static bool
is_revised(void *context, const char *node)
{
	return context != NULL && strcmp(context, node) == 0;
}

struct pair {
	struct buffer before[DOCUMENT_COUNT], after[DOCUMENT_COUNT];
	json_t *summary_before, *summary_after;
	struct changes_input in;
};

static void
pair_make(struct pair *p, const char *revised)
{
	*p = (struct pair){.summary_before = parse_between(STATUS("NOMINAL")),
	    .summary_after = parse_between(STATUS("NOMINAL"))};
	p->in = (struct changes_input){p->before, p->after, p->summary_before, p->summary_after,
	    time_at("12:00:00"), HOURS(1), HOURS(1), false, is_revised, (void *)(uintptr_t)revised};
}

static void
pair_put(struct pair *p, enum document document, const char *before, const char *after)
{
	json_auto_t *old = parse_between(before), *new = parse_between(after);

	if (document == DOCUMENT_COUNT) {
		(void)json_object_update(p->summary_before, old);
		(void)json_object_update(p->summary_after, new);
		return;
	}
	document_dump(old, &p->before[document]);
	document_dump(new, &p->after[document]);
}

static void
pair_release(struct pair *p)
{
	for (int i = 0; i < DOCUMENT_COUNT; i++) {
		buffer_release(&p->before[i]);
		buffer_release(&p->after[i]);
	}
	json_decref(p->summary_before);
	json_decref(p->summary_after);
}

START_TEST(differences_are_told)
{
	const struct difference *d = &differences[_i];
	struct pair p;

	pair_make(&p, d->revised);
	pair_put(&p, d->document, d->before, d->after);
	json_auto_t *events = changes_between(&p.in);
	ck_assert_msg(events != NULL, "%s: no list", d->what);
	expect(events, d->told, d->what);
	pair_release(&p);
}
END_TEST

/* What goes with its service or node isn't withdrawn, whatever came late. */
START_TEST(goes_with_its_place)
{
	struct pair p;

	pair_make(&p, "a");
	pair_put(&p, DOCUMENT_SERVICES, SERVICE("unhealthy"), "");
	pair_put(&p, DOCUMENT_INCIDENTS, ACTIVE, "");
	json_auto_t *of_service = changes_between(&p.in);
	expect(of_service,
	    "12:00:00 service_removed a/w 'unhealthy'>null a/w\n"
	    "12:00:00 incident_expired i 'active'>null a/w error m 2\n",
	    "service");
	pair_release(&p);
	pair_make(&p, "a");
	pair_put(&p, DOCUMENT_NODES, "'a': " NODE("online", "null"), "");
	pair_put(&p, DOCUMENT_DEPLOYMENTS, RUNS(1), "");
	json_auto_t *of_node = changes_between(&p.in);
	expect(of_node,
	    "12:00:00 node_removed a 'online'>null a\n"
	    "12:00:00 deployment_expired d 'in_progress'>null a/w of d\n",
	    "node");
	pair_release(&p);
}
END_TEST

/* What takes an incident's place is an incident, and so on. */
START_TEST(documents_are_compared_each_for_itself)
{
	struct pair p;

	pair_make(&p, "a");
	pair_put(&p, DOCUMENT_INCIDENTS, "",
	    INCIDENT("h", "active", "error", 3, AT("11:19:00"), "null"));
	pair_put(&p, DOCUMENT_DEPLOYMENTS, RUNS(1), "");
	json_auto_t *came = changes_between(&p.in);
	expect(came,
	    "11:19:00 incident_opened h null>'active' a/w error m 3\n"
	    "12:00:00 deployment_withdrawn d 'in_progress'>null a/w of d replaced_by null\n",
	    "an incident came");
	pair_release(&p);
	pair_make(&p, "a");
	pair_put(&p, DOCUMENT_INCIDENTS,
	    INCIDENT("d", "active", "error", 2, AT("11:51:00"), "null"), "");
	pair_put(&p, DOCUMENT_DEPLOYMENTS,
	    DEPLOYMENT("d", "'a'", "completed", 1, AT("10:00:00"), AT("10:59:59")),
	    DEPLOYMENT("e", "'a'", "in_progress", 1, AT("11:50:00"), "null"));
	json_auto_t *went = changes_between(&p.in);
	expect(went,
	    "12:00:00 incident_withdrawn d 'active'>null a/w error m 2 replaced_by null\n"
	    "12:00:00 deployment_expired d 'completed'>null a/w of d\n"
	    "11:50:00 deployment_started e null>'in_progress' a/w of e\n",
	    "an incident went");
	pair_release(&p);
}
END_TEST

START_TEST(groups_are_in_order)
{
	struct pair p;

	pair_make(&p, NULL);
	p.in.rebuilt = true;
	pair_put(&p, DOCUMENT_DEPLOYMENTS, "", RUNS(1));
	pair_put(&p, DOCUMENT_INCIDENTS, "", ACTIVE);
	pair_put(&p, DOCUMENT_SERVICES, "", SERVICE("unhealthy"));
	pair_put(&p, DOCUMENT_NODES, "", "'a': " NODE("online", "null"));
	pair_put(&p, DOCUMENT_COUNT, DRIFT("'a/w'"), STATUS("DEGRADED") ", " DRIFT(""));
	json_auto_t *events = changes_between(&p.in);
	expect(events,
	    "12:00:00 world_rebuilt world 'NOMINAL'>'DEGRADED'\n"
	    "11:00:00 node_added a null>'online' a\n"
	    "11:10:00 service_added a/w null>'unhealthy' a/w\n"
	    "11:20:00 incident_opened i null>'active' a/w error m 2\n"
	    "11:50:00 deployment_started d null>'in_progress' a/w of d\n"
	    "12:00:00 drift_changed missing null>null +[] -['a/w']\n"
	    "12:00:00 status_changed world 'NOMINAL'>'DEGRADED'\n",
	    "order");
	ck_assert_uint_eq(changes_count(events, "node_added"), 1);
	ck_assert_uint_eq(changes_count(events, "node_removed"), 0);
	pair_release(&p);
}
END_TEST

START_TEST(nothing_is_known)
{
	struct pair p;

	pair_make(&p, NULL);
	pair_put(&p, DOCUMENT_NODES, "", "'a': " NODE("online", "null"));
	p.in.before = NULL;
	p.in.summary_before = NULL;
	json_auto_t *events = changes_between(&p.in);
	expect(events, "12:00:00 world_rebuilt world null>'NOMINAL'\n", "the first");
	pair_release(&p);
}
END_TEST

static const char *const damaged[] = {"[]\n", "{", "{}", "{\n}\n",
    "{\n  \"a\": {\n    \"x\"\n  }\n}\n", "{\n  \"a\": {\n    \"status\": \"online\"\n",
    "{\n  \"a\": {\n  }", "{\n  \"a\": {\n  }\n", "{\n  \"a\": 5,\n  \"b\": {\n  }\n}\n",
    "{\n  \"a\": {\n  }\n}\nmore", "\x00\x01\xff\n"};

START_TEST(damage_is_seen)
{
	struct pair p;

	pair_make(&p, NULL);
	pair_put(&p, DOCUMENT_NODES, "", "'b': " NODE("online", "null"));
	p.before[DOCUMENT_NODES].length = 0;
	buffer_text(&p.before[DOCUMENT_NODES], "%s", damaged[_i]);
	if (damaged[_i][0] == '\0')
		buffer_add(&p.before[DOCUMENT_NODES], "\x00\x01\n", 3);
	ck_assert_ptr_null(changes_between(&p.in));
	pair_release(&p);
}
END_TEST

/* In the world that is now, too: it may have been changed since it was made. */
START_TEST(damage_is_seen_on_either_side)
{
	struct pair p;

	pair_make(&p, NULL);
	pair_put(&p, DOCUMENT_NODES, "'b': " NODE("online", "null"), "");
	p.after[DOCUMENT_NODES].length = 0;
	buffer_text(&p.after[DOCUMENT_NODES], "{\n  \"a\": {\n    \"x\"\n  }\n}\n");
	ck_assert_ptr_null(changes_between(&p.in));
	pair_release(&p);
}
END_TEST

Suite *
changes_suite(void)
{
	Suite *suite = suite_create("changes");
	TCase *tc = tcase_create("changes");

	tcase_add_loop_test(tc, differences_are_told, 0, COUNT(differences));
	tcase_add_test(tc, goes_with_its_place);
	tcase_add_test(tc, documents_are_compared_each_for_itself);
	tcase_add_test(tc, groups_are_in_order);
	tcase_add_test(tc, nothing_is_known);
	tcase_add_loop_test(tc, damage_is_seen, 0, COUNT(damaged));
	tcase_add_test(tc, damage_is_seen_on_either_side);
	suite_add_tcase(suite, tc);
	return suite;
}
