#include "support.h"

#include <homelab/status.h>

#include <stdio.h>
#include <string.h>

/*
 * Worlds told in lines, a record each: DOCUMENT ID MEMBERS, where the members are
 * JSON with ' for ".
 */
static void
add_record(struct published *world, const char *line)
{
	static const char *const names[DOCUMENT_COUNT] = {
	    [DOCUMENT_INCIDENTS] = "incident",
	    [DOCUMENT_SERVICES] = "service",
	    [DOCUMENT_NODES] = "node",
	    [DOCUMENT_DEPLOYMENTS] = "deployment",
	};
	char name[32], id[64], members[512];
	json_t *record;

	if (sscanf(line, "%31s %63s %511[^\n]", name, id, members) != 3)
		ck_abort_msg("not a record: %s", line);
	for (char *p = members; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	if ((record = json_loads(members, 0, NULL)) == NULL)
		ck_abort_msg("not JSON: %s", members);
	(void)json_object_set_new(record, "id", json_string(id));
	for (int i = 0; i < DOCUMENT_COUNT; i++)
		if (strcmp(names[i], name) == 0)
			(void)json_object_set(world->documents[i], id, record);
	json_decref(record);
}

static struct published
world_of(const char *text)
{
	struct published world = {.summary = json_object(), .consistent = true};
	cleanup_free char *lines = text_copy(text);
	char *rest, *line;

	for (int i = 0; i < DOCUMENT_COUNT; i++)
		world.documents[i] = json_object();
	for (line = strtok_r(lines, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
		add_record(&world, line);
	return world;
}

#define RUN(id, status, node, services, from, to)                                                  \
	"deployment " id " {'status': '" status "', 'nodes': ['" node "'], 'services': [" services \
	"], 'started_at': '2026-05-" from "T00:00:00Z', 'ended_at': " to "}\n"
#define ENDED(day) "'2026-05-" day "T00:00:00Z'"
#define SERVICE(key, node, name) "service " key " {'node': '" node "', 'service': '" name "'}\n"

/* Now is the noon of May 12. */
static const struct {
	const char *world, *id;
	bool trouble;
} troubles[] = {
    {RUN("a", "failed", "n", "'x'", "10", ENDED("11")), "a", true},
    {RUN("a", "stalled", "n", "'x'", "10", "null"), "a", true},
    {RUN("a", "in_progress", "n", "'x'", "10", "null"), "a", false},
    {RUN("a", "completed", "n", "'x'", "10", ENDED("11")), "a", false},
    /* long ago */
    {RUN("a", "failed", "n", "'x'", "04", ENDED("05")), "a", false},
    {RUN("a", "failed", "n", "'x'", "04", ENDED("06")), "a", true},
    /* made up for, by whatever run is newer; not one elsewhere or of another service */
    {RUN("a", "failed", "n", "'x'", "10", ENDED("11"))
	    RUN("b", "completed", "n", "'x'", "11", ENDED("12")),
	"a", false},
    {RUN("a", "failed", "n", "'x'", "11", ENDED("11"))
	    RUN("b", "completed", "n", "'x'", "10", ENDED("12")),
	"a", true},
    {RUN("a", "failed", "n", "'x'", "10", ENDED("11"))
	    RUN("b", "in_progress", "n", "'x'", "11", "null"),
	"a", false},
    {RUN("a", "failed", "n", "'x'", "10", ENDED("11"))
	    RUN("b", "completed", "m", "'x'", "11", ENDED("12")),
	"a", true},
    {RUN("a", "failed", "n", "'x'", "10", ENDED("11"))
	    RUN("b", "completed", "n", "'y'", "11", ENDED("12")),
	"a", true},
    {RUN("a", "failed", "n", "'x', 'y'", "10", ENDED("11"))
	    RUN("b", "completed", "n", "'y'", "11", ENDED("12")),
	"a", true},
    /* a run of all services makes up for each, and is made up for by all of them */
    {RUN("a", "failed", "n", "'x'", "10", ENDED("11"))
	    RUN("b", "completed", "n", "'all'", "11", ENDED("12")),
	"a", false},
    {RUN("a", "failed", "n", "", "10", ENDED("11"))
	    RUN("b", "completed", "n", "'x'", "11", ENDED("12")),
	"a", false},
    {RUN("a", "failed", "n", "'all'", "10", ENDED("11"))
	    RUN("b", "completed", "n", "'x'", "11", ENDED("12")) SERVICE("n/y", "n", "y"),
	"a", true},
    {RUN("a", "failed", "n", "'all'", "10", ENDED("11"))
	    RUN("b", "completed", "n", "'x'", "11", ENDED("12")) SERVICE("m/y", "m", "y"),
	"a", false},
    /* of equals the greater id */
    {RUN("a", "failed", "n", "'x'", "10", ENDED("11"))
	    RUN("b", "completed", "n", "'x'", "10", ENDED("11")),
	"a", false},
    {RUN("b", "failed", "n", "'x'", "10", ENDED("11"))
	    RUN("a", "completed", "n", "'x'", "10", ENDED("11")),
	"b", true},
};

/* Rule: P5 */
START_TEST(deployments_in_trouble)
{
	struct published world = world_of(troubles[_i].world);
	const json_t *run = json_object_get(world.documents[DOCUMENT_DEPLOYMENTS], troubles[_i].id);

	if (deployment_is_trouble(&world, run, DAY_ZERO + HOURS(12)) != troubles[_i].trouble)
		ck_abort_msg("%s of\n%s", troubles[_i].id, troubles[_i].world);
	published_release(&world);
}
END_TEST

#define EVENT(kind, key, node, service)                                                            \
	"{\"kind\": \"" kind "\", \"key\": \"" key "\", \"node\": " node ", \"service\": " service \
	"}"

static const struct {
	enum subject subject;
	const char *id, *node, *service, *event;
	bool chosen;
} choices[] = {
    {SUBJECT_HISTORY, NULL, NULL, NULL, EVENT("anything", "k", "null", "null"), true},
    {SUBJECT_NODES, NULL, NULL, NULL, EVENT("node_added", "n", "\"n\"", "null"), true},
    {SUBJECT_NODES, NULL, NULL, NULL, EVENT("pressure_changed", "n/d", "\"n\"", "null"), true},
    {SUBJECT_NODES, NULL, NULL, NULL, EVENT("service_added", "n/s", "\"n\"", "\"s\""), false},
    {SUBJECT_NODES, NULL, NULL, NULL, EVENT("status_changed", "world", "null", "null"), false},
    {SUBJECT_NODES, NULL, NULL, NULL, EVENT("noderous", "world", "null", "null"), false},
    {SUBJECT_SERVICES, NULL, NULL, NULL, EVENT("drift_changed", "silent", "null", "null"), true},
    {SUBJECT_INCIDENTS, NULL, NULL, NULL, EVENT("incident_opened", "i", "\"n\"", "\"s\""), true},
    {SUBJECT_INCIDENTS, "i", NULL, NULL, EVENT("incident_opened", "i", "\"n\"", "\"s\""), true},
    {SUBJECT_INCIDENTS, "n/s", NULL, NULL, EVENT("incident_opened", "i", "\"n\"", "\"s\""), true},
    {SUBJECT_INCIDENTS, "n/", NULL, NULL, EVENT("incident_opened", "i", "\"n\"", "\"s\""), false},
    {SUBJECT_INCIDENTS, "j", NULL, NULL, EVENT("incident_opened", "i", "\"n\"", "\"s\""), false},
    {SUBJECT_DEPLOYMENTS, "i", NULL, NULL, EVENT("incident_opened", "i", "\"n\"", "\"s\""), false},
    {SUBJECT_HISTORY, NULL, "n", NULL, EVENT("node_added", "n", "\"n\"", "null"), true},
    {SUBJECT_HISTORY, NULL, "n", NULL, EVENT("node_added", "m", "\"m\"", "null"), false},
    {SUBJECT_HISTORY, NULL, "n", "s", EVENT("service_added", "n/s", "\"n\"", "\"s\""), true},
    {SUBJECT_HISTORY, NULL, "n", "s", EVENT("node_added", "n", "\"n\"", "null"), false},
    {SUBJECT_HISTORY, NULL, "n", NULL, EVENT("status_changed", "world", "null", "null"), false},
    {SUBJECT_HISTORY, NULL, "n", NULL,
	"{\"kind\": \"drift_changed\", \"key\": \"silent\", \"added\": [\"n/s\"]}", true},
    {SUBJECT_HISTORY, NULL, "n", "t",
	"{\"kind\": \"drift_changed\", \"key\": \"silent\", \"removed\": [\"n/s\", \"m/t\"]}",
	false},
    {SUBJECT_HISTORY, NULL, NULL, NULL, "{\"key\": \"k\"}", false},
};

START_TEST(events_are_chosen)
{
	struct query q = {.subject = choices[_i].subject,
	    .id = choices[_i].id,
	    .node = choices[_i].node,
	    .service = choices[_i].service};
	json_auto_t *event = json_loads(choices[_i].event, 0, NULL);

	if (select_event(&q, event) != choices[_i].chosen)
		ck_abort_msg("%s", choices[_i].event);
}
END_TEST

/* What nobody sees is escaped, and means the same. */
START_TEST(json_is_the_same)
{
	static const char text[] = "[\"a\xe2\x80\xae\x7f\xc2\x9b\xf3\xa0\x81\x81\xc3\xa9\\\\\\n\"]";
	json_auto_t *value = json_loads(text, 0, NULL), *again = NULL;
	cleanup_buffer struct buffer out = {0};

	json_print(value, true, &out);
	assert_text(buffer_string(&out),
	    "[\"a\\u202e\\u007f\\u009b\\udb40\\udc41\xc3\xa9\\\\\\n\"]\n", "on one line");
	again = json_loads(buffer_string(&out), 0, NULL);
	ck_assert(json_equal(value, again));
	out.length = 0;
	json_print(value, false, &out);
	assert_text(buffer_string(&out),
	    "[\n  \"a\\u202e\\u007f\\u009b\\udb40\\udc41\xc3\xa9\\\\\\n\"\n]\n", "as the world is");
}
END_TEST

Suite *
status_suite(void)
{
	Suite *suite = suite_create("status");
	TCase *tc = tcase_create("status");

	tcase_add_loop_test(tc, deployments_in_trouble, 0, COUNT(troubles));
	tcase_add_loop_test(tc, events_are_chosen, 0, COUNT(choices));
	tcase_add_test(tc, json_is_the_same);
	suite_add_tcase(suite, tc);
	return suite;
}
