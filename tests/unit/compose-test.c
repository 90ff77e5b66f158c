#include "support.h"

#include <homelab/compose.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define AT (DAY_ZERO + HOURS(12) + 123456789)
#define LONG_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* 64 */

/* --- the payload -------------------------------------------------------------------- */

struct payload_case {
	const char *assignment, *json;
};

static const struct payload_case payloads[] = {
    {"a=1", "{\"a\": 1}"},
    {"a=-1", "{\"a\": -1}"},
    {"a=0", "{\"a\": 0}"},
    {"a=1.5", "{\"a\": 1.5}"},
    {"a=0.1", "{\"a\": 0.1}"},
    {"a=1e3", "{\"a\": 1000.0}"},
    {"a=9223372036854775807", "{\"a\": 9223372036854775807}"},
    {"a=true", "{\"a\": true}"},
    {"a=false", "{\"a\": false}"},
    {"a=null", "{\"a\": null}"},
    /* texts */
    {"a=", "{\"a\": \"\"}"},
    {"a=x", "{\"a\": \"x\"}"},
    {"a=b=c", "{\"a\": \"b=c\"}"},
    {"a b=c d", "{\"a b\": \"c d\"}"},
    {"a=True", "{\"a\": \"True\"}"},
    {"a=nul", "{\"a\": \"nul\"}"},
    {"a=01", "{\"a\": \"01\"}"},
    {"a=+1", "{\"a\": \"+1\"}"},
    {"a=0x10", "{\"a\": \"0x10\"}"},
    {"a=1.", "{\"a\": \"1.\"}"},
    {"a=1 ", "{\"a\": \"1 \"}"},
    {"a=\n1", "{\"a\": \"\\n1\"}"},
    {"a=NaN", "{\"a\": \"NaN\"}"},
    {"a=\"x\"", "{\"a\": \"\\\"x\\\"\"}"},
    {"a=[1]", "{\"a\": \"[1]\"}"},
    {"a={}", "{\"a\": \"{}\"}"},
    /* numbers that don't fit */
    {"a=9223372036854775808", "{\"a\": \"9223372036854775808\"}"},
    {"a=1e999", "{\"a\": \"1e999\"}"},
    /* control characters; no UTF-8 */
    {"a=\033[2J\x7f", "{\"a\": \"\\u001B[2J\x7f\"}"},
    {"a=caf\xe9!", "{\"a\": \"caf\xef\xbf\xbd!\"}"},
    {"a=\xc3\xa9\xff\xe2\x82", "{\"a\": \"\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"}"},
};

static void
expect_json(json_t *json, const char *expected)
{
	cleanup_free char *text = json_dumps(json, JSON_REAL_PRECISION(15));

	assert_text(text, expected, "JSON");
}

START_TEST(values_are_json_or_text)
{
	const struct payload_case *c = &payloads[_i];
	json_auto_t *payload = json_object();
	struct error err = {0};

	ck_assert_msg(payload_add(payload, c->assignment, &err) == 0, "%s", err.text);
	expect_json(payload, c->json);
}
END_TEST

START_TEST(what_is_no_assignment_is_refused)
{
	static const char *const bad[] = {"", "a", "=", "=a", "\xff=1"};
	json_auto_t *payload = json_object();

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct error err = {0};

		ck_assert_int_eq(payload_add(payload, bad[i], &err), -1);
		ck_assert_int_eq(err.status, EX_USAGE);
	}
	ck_assert_uint_eq(json_object_size(payload), 0);
}
END_TEST

START_TEST(the_last_of_a_key_counts)
{
	static const char more[] = "{\"b\": [1, {\"c\": 2}], \"a\": 3}";
	json_auto_t *payload = json_object();

	ck_assert_int_eq(payload_add(payload, "a=1", NULL), 0);
	ck_assert_int_eq(payload_add(payload, "a=2", NULL), 0);
	expect_json(payload, "{\"a\": 2}");
	ck_assert_int_eq(payload_merge(payload, more, strlen(more), NULL), 0);
	expect_json(payload, "{\"a\": 3, \"b\": [1, {\"c\": 2}]}");
	ck_assert_int_eq(payload_add(payload, "b=x", NULL), 0);
	expect_json(payload, "{\"a\": 3, \"b\": \"x\"}");
}
END_TEST

START_TEST(only_an_object_is_merged)
{
	static const struct {
		const char *json, *word;
	} cases[] = {{"[1]", "object"}, {"\"a\"", "JSON"}, {"{\"a\": 1, \"a\": 2}", "duplicate"},
	    {"{\"a\": 1", "line 1"}, {"", "JSON"}, {"{} {}", "end of file"}};
	json_auto_t *payload = json_object();

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = {0};

		ck_assert_int_eq(
		    payload_merge(payload, cases[i].json, strlen(cases[i].json), &err), -1);
		ck_assert_int_eq(err.status, EX_USAGE);
		ck_assert_msg(strstr(err.text, cases[i].word) != NULL, "%s", err.text);
	}
	ck_assert_uint_eq(json_object_size(payload), 0);
}
END_TEST

/* --- events ------------------------------------------------------------------------- */

static const struct outline plain = {.at = AT, .node = "nas", .type = "backup_done"};

START_TEST(an_event_is_one_line_of_what_was_said)
{
	struct outline o = plain;
	cleanup_buffer struct buffer bytes = {0}, again = {0};
	const char *doubt;
	struct error err = {0};

	ck_assert_msg(event_compose(&o, &bytes, &doubt, &err) == 0, "%s", err.text);
	assert_text(buffer_string(&bytes),
	    "{\"timestamp\": \"2026-05-12T12:00:00.123456789Z\", \"node\": \"nas\", "
	    "\"type\": \"backup_done\"}\n",
	    "event");
	ck_assert_ptr_null(doubt);
	/* What is empty is missing. */
	o.severity = o.source = o.service = o.correlation_id = o.message = "";
	o.payload = json_object();
	ck_assert_int_eq(event_compose(&o, &again, &doubt, &err), 0);
	assert_same_bytes(&again, &bytes, "an event of nothing");
	json_decref(o.payload);
	bytes.length = 0;
	o.severity = "warning";
	o.source = "cron";
	o.service = "web";
	o.correlation_id = "run-1";
	o.message = "caf\xe9 \033[2J";
	o.payload = json_pack("{s:i}", "a", 1);
	ck_assert_int_eq(event_compose(&o, &bytes, &doubt, &err), 0);
	assert_text(buffer_string(&bytes),
	    "{\"timestamp\": \"2026-05-12T12:00:00.123456789Z\", \"node\": \"nas\", "
	    "\"type\": \"backup_done\", \"severity\": \"warning\", \"source\": \"cron\", "
	    "\"service\": \"web\", \"correlation_id\": \"run-1\", "
	    "\"message\": \"caf\xef\xbf\xbd \\u001B[2J\", \"payload\": {\"a\": 1}}\n",
	    "event");
	json_decref(o.payload);
}
END_TEST

static void
expect_refusal(const struct outline *o, const char *word)
{
	cleanup_buffer struct buffer bytes = {0};
	struct error err = {0};
	const char *doubt;

	ck_assert_msg(event_compose(o, &bytes, &doubt, &err) == -1, "%s is taken", word);
	ck_assert_int_eq(err.status, EX_USAGE);
	ck_assert_msg(strstr(err.text, word) != NULL, "%s", err.text);
	ck_assert_uint_eq(bytes.length, 0);
}

/* Rules: E2, E4, E9 */
START_TEST(what_the_observer_would_reject_or_lose_is_refused)
{
	struct outline o = plain;

	o.type = "Backup";
	expect_refusal(&o, "type");
	o = plain;
	o.node = "-nas";
	expect_refusal(&o, "node");
	o = plain;
	o.service = "a/b";
	expect_refusal(&o, "service");
	o = plain;
	o.at = -1;
	expect_refusal(&o, "timestamp");
	o = plain;
	o.severity = "fatal";
	expect_refusal(&o, "severity");
	o = plain;
	o.correlation_id = LONG_A LONG_A "a"; /* 129 */
	expect_refusal(&o, "correlation_id");
	o.correlation_id = "a\xff";
	expect_refusal(&o, "correlation_id");
}
END_TEST

/* A payload whose event has just so many bytes. */
static json_t *
payload_of_size(size_t size)
{
	cleanup_buffer struct buffer bytes = {0};
	struct outline o = plain;
	const char *doubt;
	size_t rest;
	char *text;
	json_t *payload = json_pack("{s:s}", "a", "");

	o.payload = payload;
	ck_assert_int_eq(event_compose(&o, &bytes, &doubt, NULL), 0);
	rest = size - bytes.length;
	text = memory_alloc(rest + 1);
	memset(text, 'x', rest);
	(void)json_object_set_new(payload, "a", json_string(text));
	free(text);
	return payload;
}

/* Rules: E1, E4 */
START_TEST(events_end_where_the_observer_ends)
{
	cleanup_buffer struct buffer bytes = {0};
	struct outline o = plain;
	const char *doubt;
	json_t *deep = json_object();

	o.payload = payload_of_size(EVENT_SIZE_MAX);
	ck_assert_int_eq(event_compose(&o, &bytes, &doubt, NULL), 0);
	ck_assert_uint_eq(bytes.length, EVENT_SIZE_MAX);
	json_decref(o.payload);
	o.payload = payload_of_size(EVENT_SIZE_MAX + 1);
	expect_refusal(&o, "1 MiB");
	json_decref(o.payload);
	for (int i = 0; i < EVENT_DEPTH_MAX - 2; i++)
		deep = json_pack("{s:o}", "a", deep);
	o.payload = deep; /* 31 levels, and the event */
	ck_assert_int_eq(event_compose(&o, &bytes, &doubt, NULL), 0);
	o.payload = deep = json_pack("{s:o}", "a", deep);
	expect_refusal(&o, "nested");
	json_decref(deep);
}
END_TEST

static void
expect_doubt(const struct outline *o, const char *word)
{
	cleanup_buffer struct buffer bytes = {0};
	const char *doubt = "?";

	ck_assert_int_eq(event_compose(o, &bytes, &doubt, NULL), 0);
	if (word == NULL)
		ck_assert_msg(doubt == NULL, "%s", doubt);
	else
		ck_assert_msg(doubt != NULL && strstr(doubt, word) != NULL, "%s", word);
}

/* Rules: F3, F4, E9 */
START_TEST(what_wont_count_is_doubted)
{
	static const char *const needing[] = {"service_recovered", "remediation_started",
	    "remediation_completed", "service_unhealthy"};
	static char long_message[MESSAGE_MAX + 2];
	struct outline o = plain;

	expect_doubt(&o, NULL);
	for (size_t i = 0; i < COUNT(needing); i++) {
		o.type = needing[i];
		expect_doubt(&o, "no service");
	}
	o.service = "all";
	expect_doubt(&o, NULL);
	o.service = "0123456789ab_web";
	expect_doubt(&o, "Docker");
	o.service = "web";
	expect_doubt(&o, NULL);
	o.service = NULL;
	o.payload = json_pack("{s:[s]}", "services", "web");
	expect_doubt(&o, NULL);
	json_decref(o.payload);
	o = plain;
	memset(long_message, 'x', MESSAGE_MAX);
	o.message = long_message;
	expect_doubt(&o, NULL);
	long_message[MESSAGE_MAX] = 'x';
	expect_doubt(&o, "1024");
}
END_TEST

/* --- names -------------------------------------------------------------------------- */

static const unsigned char chance[CHANCE_SIZE] = {
    0x76, 0xbf, 0xd1, 0x36, 0, 1, 0xff, 2, 0xff, 3, 4, 5, 6, 7, 8, 0xfe};

START_TEST(names_tell_time_and_type)
{
	char name[EVENT_FILE_NAME_SIZE], id[CORRELATION_ID_SIZE];

	ck_assert_str_eq(event_file_name(AT, "backup_done", chance, name),
	    "20260512T120000.123456789Z_backup_done_76bfd136-0001-4f02-bf03-0405060708fe.json");
	ck_assert_str_eq(event_file_name(DAY_ZERO, "x", chance, name),
	    "20260512T000000.000000000Z_x_76bfd136-0001-4f02-bf03-0405060708fe.json");
	(void)event_file_name(AT, LONG_A, chance, name);
	ck_assert(name_is_printable(name));
	ck_assert_str_eq(name + strlen(name) - 5, ".json");
	ck_assert_str_eq(correlation_id_make(AT, chance, id), "deploy-20260512T120000Z-76bfd136");
}
END_TEST

START_TEST(a_service_in_a_name_is_plain)
{
	static const struct {
		const char *service, *shown;
	} cases[] = {{"web", "web"}, {"Web-1.x_y", "Web-1.x_y"},
	    {"home assistant", "home_assistant"}, {"\xc3\xa9", "__"}, {"..", ".."},
	    {"$(x)`\"'*", "__x_____"}, {LONG_A "bb", LONG_A}};
	char name[EVENT_FILE_NAME_SIZE], expected[EVENT_FILE_NAME_SIZE];

	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)snprintf(expected, sizeof(expected),
		    "20260512T120000.123456789Z_%s_76bfd136.log", cases[i].shown);
		ck_assert_str_eq(log_file_name(AT, cases[i].service, chance, name), expected);
	}
}
END_TEST

START_TEST(times_of_a_writer_only_grow)
{
	ck_assert_int_eq(time_after(AT, AT + 5), AT + 5);
	ck_assert_int_eq(time_after(AT, AT), AT + 1);
	ck_assert_int_eq(time_after(AT, AT - HOURS(1)), AT + 1);
}
END_TEST

/* As help and completion list them. */
START_TEST(types_are_listed_by_name)
{
	const struct event_type *type, *last = NULL;

	for (size_t i = 0; (type = event_type_at(i)) != NULL; last = type, i++) {
		ck_assert(event_type_is_literal(type->name));
		ck_assert(last == NULL || strcmp(last->name, type->name) < 0);
	}
	ck_assert_str_eq(last->name, "service_unhealthy");
}
END_TEST

Suite *
compose_suite(void)
{
	Suite *suite = suite_create("compose");
	TCase *tcase = tcase_create("compose");

	tcase_add_loop_test(tcase, values_are_json_or_text, 0, (int)COUNT(payloads));
	tcase_add_test(tcase, what_is_no_assignment_is_refused);
	tcase_add_test(tcase, the_last_of_a_key_counts);
	tcase_add_test(tcase, only_an_object_is_merged);
	tcase_add_test(tcase, an_event_is_one_line_of_what_was_said);
	tcase_add_test(tcase, what_the_observer_would_reject_or_lose_is_refused);
	tcase_add_test(tcase, events_end_where_the_observer_ends);
	tcase_add_test(tcase, what_wont_count_is_doubted);
	tcase_add_test(tcase, names_tell_time_and_type);
	tcase_add_test(tcase, a_service_in_a_name_is_plain);
	tcase_add_test(tcase, times_of_a_writer_only_grow);
	tcase_add_test(tcase, types_are_listed_by_name);
	suite_add_tcase(suite, tcase);
	return suite;
}
