/*
 * Prometheus text. A world is told as the three documents' JSON, with ' for ";
 * what is expected are whole lines, by hand.
 */

#include "support.h"

#include <homelab/metrics.h>

#include <stdio.h>
#include <string.h>

static json_t *
json_of(const char *text)
{
	cleanup_free char *copy = text_copy(text);
	json_error_t error;
	json_t *value;

	for (char *c = copy; *c != '\0'; c++)
		*c = *c == '\'' ? '"' : *c;
	value = json_loads(copy, 0, &error);
	ck_assert_msg(value != NULL, "%s: %s", text, error.text);
	return value;
}

/* The text, after a newline. */
static char *
text_of_world(const char *summary, const char *nodes, const char *incidents, struct buffer *out)
{
	json_auto_t *s = json_of(summary), *n = json_of(nodes), *i = json_of(incidents);

	out->length = 0;
	buffer_text(out, "\n");
	metrics_text(&(struct metrics_world){.summary = s, .nodes = n, .incidents = i}, out);
	return buffer_string(out);
}

static void
expect(const char *text, const char *line)
{
	char whole[512];

	(void)snprintf(whole, sizeof(whole), "\n%s\n", line);
	ck_assert_msg(strstr(text, whole) != NULL, "no line %s in %s", line, text);
}

static size_t
lines_with(const char *text, const char *beginning)
{
	char with[256];
	size_t count = 0;

	(void)snprintf(with, sizeof(with), "\n%s", beginning);
	while ((text = strstr(text, with)) != NULL) {
		count++;
		text++;
	}
	return count;
}

/* --- the whole ------------------------------------------------------------------- */

static const char summary[] =
    "{'status': 'DEGRADED', 'topology': 'stale', 'generated_at': '2026-05-12T12:05:00.25Z',"
    " 'inventory_errors': ['a:1:1: b', 'c:1:1: d'],"
    " 'nodes': {'offline': 1, 'online': 2, 'stale': 3, 'total': 10, 'unknown': 4},"
    " 'services': {'healthy': 5, 'total': 18, 'unhealthy': 6, 'unknown': 7},"
    " 'deployments': {'completed': 8, 'failed': 9, 'in_progress': 10, 'stalled': 11, 'total': 38},"
    " 'incidents': {'active': 12, 'resolved': 13, 'total': 25,"
    "   'by_severity': {'critical': 1, 'error': 2, 'info': 3, 'warning': 6}},"
    " 'drift': {'missing': ['a/b'], 'silent': [], 'undeclared': ['a/c', 'a/d']},"
    " 'observation': {'cycle': 7, 'version': '9.8.7', 'duration_ms': 1204, 'held': 14,"
    "   'unreadable': 15, 'last_error': {'message': 'x'}, 'consumed': 1, 'rejected': 1, 'late': 1,"
    "   'totals': {'consumed': 16, 'rejected': 17, 'late': 18, 'late_unplaced': 19}}}";

static const char *const of_the_whole[] = {
    "# HELP homelab_status The verdict: 1 for the one that holds.",
    "# TYPE homelab_status gauge",
    "homelab_status{status=\"NOMINAL\"} 0",
    "homelab_status{status=\"DEGRADED\"} 1",
    "homelab_status{status=\"CRITICAL\"} 0",
    "homelab_topology{state=\"present\"} 0",
    "homelab_topology{state=\"stale\"} 1",
    "homelab_topology{state=\"absent\"} 0",
    "homelab_inventory_errors 2",
    "homelab_nodes{status=\"offline\"} 1",
    "homelab_nodes{status=\"online\"} 2",
    "homelab_nodes{status=\"stale\"} 3",
    "homelab_nodes{status=\"unknown\"} 4",
    "homelab_services{status=\"healthy\"} 5",
    "homelab_services{status=\"unhealthy\"} 6",
    "homelab_services{status=\"unknown\"} 7",
    "homelab_deployments{status=\"completed\"} 8",
    "homelab_deployments{status=\"failed\"} 9",
    "homelab_deployments{status=\"in_progress\"} 10",
    "homelab_deployments{status=\"stalled\"} 11",
    "homelab_incidents{status=\"active\"} 12",
    "homelab_incidents{status=\"resolved\"} 13",
    "homelab_active_incidents{severity=\"critical\"} 1",
    "homelab_active_incidents{severity=\"error\"} 2",
    "homelab_active_incidents{severity=\"info\"} 3",
    "homelab_active_incidents{severity=\"warning\"} 6",
    "homelab_drift{kind=\"missing\"} 1",
    "homelab_drift{kind=\"silent\"} 0",
    "homelab_drift{kind=\"undeclared\"} 2",
    "homelab_incidents_omitted 0",
    "# TYPE homelab_events_accepted_total counter",
    "homelab_events_accepted_total 16",
    "homelab_events_rejected_total 17",
    "homelab_events_late_total 18",
    "homelab_events_late_unplaced_total 19",
    "homelab_events_held 14",
    "homelab_events_unreadable 15",
    "homelab_observer_build_info{version=\"9.8.7\"} 1",
    "homelab_observer_last_success_timestamp_seconds 1778587500.25",
    "homelab_observer_last_run_duration_seconds 1.204",
    "homelab_observer_error 1",
};

START_TEST(the_whole_is_what_the_summary_says)
{
	cleanup_buffer struct buffer out = {0};
	const char *text = text_of_world(summary, "{}", "{}", &out);

	for (size_t i = 0; i < COUNT(of_the_whole); i++)
		expect(text, of_the_whole[i]);
	ck_assert_ptr_null(strstr(text, "total\""));
	ck_assert_ptr_null(strstr(text, "by_severity"));
}
END_TEST

/* Numbers without fraction have no point; one that is less than a second does. */
START_TEST(seconds_are_exact)
{
	static const struct {
		const char *at, *duration, *lines[2];
	} rows[] = {
	    {"2026-05-12T12:05:00Z", "2000",
		{"homelab_observer_last_success_timestamp_seconds 1778587500",
		    "homelab_observer_last_run_duration_seconds 2"}},
	    {"2026-05-12T12:05:00.000000001Z", "5",
		{"homelab_observer_last_success_timestamp_seconds 1778587500.000000001",
		    "homelab_observer_last_run_duration_seconds 0.005"}},
	    {"1970-01-01T00:00:00Z", "0",
		{"homelab_observer_last_success_timestamp_seconds 0",
		    "homelab_observer_last_run_duration_seconds 0"}},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_buffer struct buffer out = {0};
		char told[256];
		const char *text;

		(void)snprintf(told, sizeof(told),
		    "{'generated_at': '%s', 'observation': {'duration_ms': %s,"
		    " 'last_error': null}}",
		    rows[i].at, rows[i].duration);
		text = text_of_world(told, "{}", "{}", &out);
		expect(text, rows[i].lines[0]);
		expect(text, rows[i].lines[1]);
		expect(text, "homelab_observer_error 0");
	}
}
END_TEST

/* --- nodes ------------------------------------------------------------------------ */

static const char nodes[] =
    "{'ahead': {'status': 'online', 'connectivity': 'permanent',"
    "   'last_seen': '2026-05-12T12:06:00Z', 'disk_pressure': 'high', 'memory_pressure': null,"
    "   'cpu_pressure': '90 %\\n', 'services': {'healthy': 1, 'total': 3, 'unhealthy': 2}},"
    " 'never': {'status': 'unknown', 'connectivity': 'intermittent', 'last_seen': null,"
    "   'disk_pressure': null, 'services': {'healthy': 0, 'total': 0, 'unhealthy': 0}},"
    " 'silent': {'status': 'stale', 'connectivity': 'permanent',"
    "   'last_seen': '2026-05-12T11:05:00.5Z'}}";

static const char *const of_nodes[] = {
    "homelab_node_info{node=\"ahead\",connectivity=\"permanent\"} 1",
    "homelab_node_info{node=\"never\",connectivity=\"intermittent\"} 1",
    "homelab_node_status{node=\"ahead\",status=\"online\"} 1",
    "homelab_node_status{node=\"ahead\",status=\"offline\"} 0",
    "homelab_node_status{node=\"ahead\",status=\"stale\"} 0",
    "homelab_node_status{node=\"ahead\",status=\"unknown\"} 0",
    "homelab_node_status{node=\"never\",status=\"unknown\"} 1",
    "homelab_node_status{node=\"silent\",status=\"stale\"} 1",
    "homelab_node_last_seen_timestamp_seconds{node=\"ahead\"} 1778587560",
    "homelab_node_last_seen_timestamp_seconds{node=\"silent\"} 1778583900.5",
    /* A node's clock may be ahead of ours. */
    "homelab_node_silence_seconds{node=\"ahead\"} 0",
    "homelab_node_silence_seconds{node=\"silent\"} 3599.75",
    "homelab_node_pressure{node=\"ahead\",resource=\"cpu\"} 1",
    "homelab_node_pressure{node=\"ahead\",resource=\"disk\"} 1",
    "homelab_node_pressure{node=\"ahead\",resource=\"memory\"} 0",
    "homelab_node_pressure{node=\"never\",resource=\"disk\"} 0",
    "homelab_node_services{node=\"ahead\",status=\"healthy\"} 1",
    "homelab_node_services{node=\"ahead\",status=\"unhealthy\"} 2",
};

START_TEST(nodes_are_told_one_by_one)
{
	cleanup_buffer struct buffer out = {0};
	const char *text = text_of_world(summary, nodes, "{}", &out);

	for (size_t i = 0; i < COUNT(of_nodes); i++)
		expect(text, of_nodes[i]);
	/* Nothing is said of when a node was seen that never was. */
	ck_assert_uint_eq(lines_with(text, "homelab_node_last_seen_timestamp_seconds{"), 2);
	ck_assert_uint_eq(lines_with(text, "homelab_node_silence_seconds{"), 2);
	ck_assert_uint_eq(lines_with(text, "homelab_node_status{"), 12);
}
END_TEST

/* --- incidents --------------------------------------------------------------------- */

START_TEST(active_incidents_are_told_one_by_one)
{
	cleanup_buffer struct buffer out = {0};
	const char *text = text_of_world(summary, "{}",
	    "{'inc-1': {'node': 'vps', 'service': 'nginx', 'severity': 'error', 'status': 'active',"
	    "   'started_at': '2026-05-12T12:00:00Z'},"
	    " 'inc-2': {'node': 'vps', 'service': 'db', 'severity': 'critical',"
	    "   'status': 'resolved', 'started_at': '2026-05-12T12:00:00Z'}}",
	    &out);

	expect(
	    text, "homelab_incident_active{node=\"vps\",service=\"nginx\",severity=\"error\"} 1");
	expect(text,
	    "homelab_incident_started_timestamp_seconds"
	    "{node=\"vps\",service=\"nginx\",severity=\"error\"} 1778587200");
	ck_assert_uint_eq(lines_with(text, "homelab_incident_active{"), 1);
}
END_TEST

/* Services are named by events: a name is no way out of its quotes. */
START_TEST(labels_are_escaped)
{
	static const char *const rows[][2] = {
	    {"a\\\\b", "a\\\\b"},
	    {"\\\\", "\\\\"},
	    {"say \\u0022hi\\u0022", "say \\\"hi\\\""},
	    {"two\\nlines", "two\\nlines"},
	    {"\\n\\u0022\\\\n", "\\n\\\"\\\\n"},
	    {"{x=y} 1 # HELP", "{x=y} 1 # HELP"},
	    {"caf\xc3\xa9 \xe2\x98\x95\\tx", "caf\xc3\xa9 \xe2\x98\x95\tx"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_buffer struct buffer out = {0};
		char told[256], line[256];

		(void)snprintf(told, sizeof(told),
		    "{'i': {'node': 'n', 'service': '%s', 'severity': 'info', 'status': "
		    "'active'}}",
		    rows[i][0]);
		(void)snprintf(line, sizeof(line),
		    "homelab_incident_active{node=\"n\",service=\"%s\",severity=\"info\"} 1",
		    rows[i][1]);
		expect(text_of_world("{}", "{}", told, &out), line);
	}
}
END_TEST

/* One critical incident comes first wherever it lies; what is too much is told. */
START_TEST(incidents_have_a_limit)
{
	cleanup_buffer struct buffer out = {0}, told = {0};
	const char *text;

	buffer_text(&told, "{");
	for (int i = 0; i < METRICS_INCIDENTS_MAX + 2; i++)
		buffer_text(&told,
		    "%s'inc-%d': {'node': 'n', 'service': 's%04d', 'severity': '%s',"
		    " 'status': 'active'}",
		    i > 0 ? ", " : "", i, i,
		    i == METRICS_INCIDENTS_MAX + 1 ? "critical" :
			i == 0                     ? "info" :
						     "warning");
	buffer_text(&told, "}");
	text = text_of_world("{}", "{}", buffer_string(&told), &out);
	ck_assert_uint_eq(lines_with(text, "homelab_incident_active{"), 1000);
	expect(text, "homelab_incidents_omitted 2");
	ck_assert_ptr_nonnull(strstr(text,
	    "gauge\nhomelab_incident_active{node=\"n\",service=\"s1001\",severity=\"critical\"} 1\n"
	    "homelab_incident_active{node=\"n\",service=\"s0001\",severity=\"warning\"} 1\n"));
	/* The least severe one, and the last of the others. */
	ck_assert_ptr_null(strstr(text, "s0000"));
	ck_assert_ptr_null(strstr(text, "s1000"));
}
END_TEST

START_TEST(incidents_are_by_severity_node_and_service)
{
	cleanup_buffer struct buffer out = {0};
	const char *text = text_of_world("{}", "{}",
	    "{'1': {'node': 'b', 'service': 'a', 'severity': 'info', 'status': 'active'},"
	    " '2': {'node': 'a', 'service': 'c', 'severity': 'info', 'status': 'active'},"
	    " '3': {'node': 'a', 'service': 'b', 'severity': 'info', 'status': 'active'},"
	    " '4': {'node': 'a', 'service': 'a', 'status': 'active'},"
	    " '5': {'node': 'z', 'service': 'z', 'severity': 'critical', 'status': 'active'},"
	    " '6': {'node': 'y', 'service': 'y', 'severity': 'error', 'status': 'active'},"
	    " '7': {'node': 'x', 'service': 'x', 'severity': 'warning', 'status': 'active'}}",
	    &out);

	ck_assert_ptr_nonnull(strstr(text,
	    "homelab_incident_active{node=\"z\",service=\"z\",severity=\"critical\"} 1\n"
	    "homelab_incident_active{node=\"y\",service=\"y\",severity=\"error\"} 1\n"
	    "homelab_incident_active{node=\"x\",service=\"x\",severity=\"warning\"} 1\n"
	    "homelab_incident_active{node=\"a\",service=\"b\",severity=\"info\"} 1\n"
	    "homelab_incident_active{node=\"a\",service=\"c\",severity=\"info\"} 1\n"
	    "homelab_incident_active{node=\"b\",service=\"a\",severity=\"info\"} 1\n"
	    "homelab_incident_active{node=\"a\",service=\"a\",severity=\"\"} 1\n"));
}
END_TEST

/* --- the format ---------------------------------------------------------------------- */

/* What isn't there has no sample or is 0; no text is left unfinished. */
START_TEST(nothing_known_is_still_a_text)
{
	cleanup_buffer struct buffer out = {0};
	const char *text = text_of_world("{}", "{'n': null}", "{'i': {'status': 'active'}}", &out);

	expect(text, "homelab_status{status=\"NOMINAL\"} 0");
	expect(text, "homelab_events_accepted_total 0");
	expect(text, "homelab_node_status{node=\"n\",status=\"online\"} 0");
	expect(text, "homelab_incident_active{node=\"\",service=\"\",severity=\"\"} 1");
	ck_assert_uint_eq(lines_with(text, "homelab_observer_last_success"), 0);
	ck_assert_uint_eq(lines_with(text, "homelab_observer_build_info"), 0);
	ck_assert_int_eq(text[strlen(text) - 1], '\n');
}
END_TEST

/* As Prometheus wants it: help and type once, before the samples; names that end
 * in _total are counters, and only those. */
START_TEST(families_are_well_formed)
{
	cleanup_buffer struct buffer out = {0};
	char *rest = text_of_world(summary, nodes, "{}", &out) + 1, *line, family[128] = "";
	json_auto_t *seen = json_object();

	while ((line = strsep(&rest, "\n")) != NULL && line[0] != '\0') {
		char name[128], type[16];
		const char *suffix;

		if (sscanf(line, "# HELP %127s %*c", name) == 1) {
			ck_assert_msg(json_object_get(seen, name) == NULL, "%s twice", name);
			(void)json_object_set_new(seen, name, json_true());
			(void)strcpy(family, name);
		} else if (sscanf(line, "# TYPE %127s %15s", name, type) == 2) {
			suffix = strstr(name, "_total");
			ck_assert_str_eq(name, family);
			ck_assert_str_eq(type, suffix ? "counter" : "gauge");
		} else {
			ck_assert_int_eq(sscanf(line, "%127[a-z_]", name), 1);
			ck_assert_str_eq(name, family);
		}
	}
	ck_assert_uint_gt(json_object_size(seen), 20);
}
END_TEST

Suite *
metrics_suite(void)
{
	Suite *suite = suite_create("metrics");
	TCase *tcase = tcase_create("metrics");

	tcase_add_test(tcase, the_whole_is_what_the_summary_says);
	tcase_add_test(tcase, seconds_are_exact);
	tcase_add_test(tcase, nodes_are_told_one_by_one);
	tcase_add_test(tcase, active_incidents_are_told_one_by_one);
	tcase_add_test(tcase, labels_are_escaped);
	tcase_add_test(tcase, incidents_have_a_limit);
	tcase_add_test(tcase, incidents_are_by_severity_node_and_service);
	tcase_add_test(tcase, nothing_known_is_still_a_text);
	tcase_add_test(tcase, families_are_well_formed);
	suite_add_tcase(suite, tcase);
	return suite;
}
