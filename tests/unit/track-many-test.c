/* Containers of one name, of several runtimes, too many of them; and what is kept. */

#include "fleet.h"
#include "looks.h"

#include <stdio.h>
#include <string.h>

/* One is removed before another takes its name, whatever their ids. */
START_TEST(another_id_under_one_name)
{
	(void)look("12:00:00", "web/2 running created=11:00:00 started=11:00:00");
	expect("12:00:10", "web/1 running created=12:00:05 started=12:00:06",
	    "12:00:04.999999999 removed web/2 running removed\n"
	    "12:00:05 created web/1 created\n"
	    "12:00:06 started web/1 created running\n");
	expect("12:00:20", "web/3 running created=12:00:15",
	    "12:00:14.999999999 removed web/1 running removed\n"
	    "12:00:15 created web/3 created\n"
	    "12:00:20 started web/3 created running\n");
}
END_TEST

START_TEST(several_ids_under_one_name)
{
	(void)look("12:00:00", "web/3 created created=11:00:00");
	expect("12:00:10", "web/1 created created=12:00:03\nweb/2 created created=12:00:06",
	    "12:00:02.999999999 removed web/3 created removed\n"
	    "12:00:03 created web/1 created\n"
	    "12:00:06 created web/2 created\n");
}
END_TEST

/* As Kubernetes does: the next attempt is another container of the same name. */
START_TEST(the_next_attempt)
{
	(void)look("12:00:00", "web/7 running created=11:00:00 started=11:00:00 pod=p");
	expect("12:00:10",
	    "web/7 failed created=11:00:00 started=11:00:00 finished=12:00:02 exit=1 pod=p\n"
	    "web/4 running created=12:00:05 started=12:00:06 restarts=1 pod=p",
	    "12:00:02 crashed web/7 running failed\n"
	    "12:00:05 created web/4 created\n"
	    "12:00:06 restarted web/4 running running\n");
	ck_assert_str_eq(looks.told.list[2].before->id, "7");
	ck_assert_int_eq(looks.told.list[2].before->restarts, 0);
	expect("12:00:20",
	    "web/4 running created=12:00:05 started=12:00:06 restarts=1 pod=p\n"
	    "web/5 running created=12:00:15 started=12:00:16 restarts=2 pod=other",
	    "12:00:14.999999999 removed web/7 failed removed\n"
	    "12:00:15 created web/5 created\n"
	    "12:00:16 started web/5 created running\n");
}
END_TEST

/* It is created some time before it runs; by then the one before may be gone. */
START_TEST(the_next_attempt_seen_before_it_runs)
{
	(void)look("12:00:00",
	    "web/7 failed created=11:00:00 started=11:00:00 finished=11:59:00 exit=1 pod=p");
	expect("12:00:10",
	    "web/7 failed created=11:00:00 started=11:00:00 finished=11:59:00 exit=1 pod=p\n"
	    "web/4 created created=12:00:05 restarts=1 pod=p",
	    "12:00:05 created web/4 created\n");
	expect("12:00:20",
	    "web/4 failed created=12:00:05 started=12:00:11 finished=12:00:12 exit=1 restarts=1",
	    "12:00:11 restarted web/4 created running\n"
	    "12:00:12 crashed web/4 running failed\n"
	    "12:00:20 removed web/7 failed removed\n");
	expect("12:00:30",
	    "web/5 created created=12:00:25\nweb/4 failed started=12:00:11 restarts=1",
	    "12:00:25 created web/5 created\n");
	/* The first of them is none. */
	expect("12:00:40",
	    "web/5 running created=12:00:25 started=12:00:31\n"
	    "web/4 failed started=12:00:11 restarts=1",
	    "12:00:31 started web/5 created running\n");
}
END_TEST

/* Nothing is told again of how it ended. */
START_TEST(another_name)
{
	(void)look(
	    "12:00:00", "old/1 failed created=11:00:00 started=11:00:00 finished=11:30:00 exit=1");
	expect("12:00:10",
	    "new/1 failed created=11:00:00 started=11:00:00 finished=11:30:00 exit=1",
	    "12:00:10 created new/1 failed\n"
	    "12:00:10 removed old/1 failed removed\n");
}
END_TEST

/* All times are others after it, and the clock was wrong at first. */
START_TEST(the_host_boots)
{
	(void)look("12:00:00",
	    "db/1 running created=11:00:00 started=11:00:00\n"
	    "web/2 running created=11:00:00 started=11:00:00");
	expect("13:00:00",
	    "db/1 failed created=11:00:00 started=11:00:00 finished=12:30:00 exit=255\n"
	    "web/2 running created=11:00:00 started=00:00:07",
	    "12:30:00 crashed db/1 running failed\n"
	    "13:00:00 restarted web/2 running running\n");
}
END_TEST

START_TEST(each_runtime_for_itself)
{
	static const char *const kept[] = {"podman", "other"};

	(void)look_at("docker", "12:00:00", "web/1 running created=11:00:00");
	assert_text(look_at("podman", "12:00:01", "web/1 running created=11:00:00"),
	    "12:00:00.999999999 created web/1 created\n"
	    "12:00:01 started web/1 created running\n",
	    "podman");
	assert_text(look_at("docker", "12:00:10", ""), "12:00:10 removed web/1 running removed\n",
	    "docker");
	ck_assert_uint_eq(track_count(looks.known), 1);
	ck_assert_str_eq(track_container(looks.known, 0)->runtime, "podman");
	ck_assert(track_looked_at(looks.known, "docker") == time_at("12:00:10"));
	ck_assert(track_looked_at(looks.known, "podman") == time_at("12:00:01"));
	ck_assert(track_looked_at(looks.known, "cri") == TIMESTAMP_NONE);
	(void)look_at("docker", "12:00:20", "web/2 running created=12:00:15");
	track_keep(looks.known, kept, COUNT(kept));
	ck_assert_uint_eq(track_count(looks.known), 1);
	ck_assert(track_looked_at(looks.known, "docker") == TIMESTAMP_NONE);
	ck_assert(track_looked_at(looks.known, "podman") == time_at("12:00:01"));
}
END_TEST

/* What several runtimes tell is in one order. */
START_TEST(tells_in_the_order_of_time)
{
	(void)look_at("a", "12:00:00", "");
	(void)look_at("b", "12:00:00", "");
	(void)look_at("a", "12:00:10",
	    "x/1 running created=12:00:02 started=12:00:06\n"
	    "y/1 running created=12:00:01 started=12:00:03");
	containers_release(&looks.seen);
	fleet_read(&looks.seen, "z/1 created created=12:00:04");
	track_update(looks.known, "b", &looks.seen, time_at("12:00:10"), &looks.told);
	buffer_release(&looks.text);
	for (size_t i = 0; i < looks.told.count; i++)
		looks_write(&looks.told.list[i]);
	assert_text(buffer_string(&looks.text),
	    "12:00:01 created y/1 created\n"
	    "12:00:02 created x/1 created\n"
	    "12:00:03 started y/1 created running\n"
	    "12:00:04 created z/1 created\n"
	    "12:00:06 started x/1 created running\n",
	    "order");
}
END_TEST

/* --- limits ------------------------------------------------------------------------ */

START_TEST(each_only_once_and_none_without_an_id)
{
	expect("12:00:00", "web/1 created\nweb/ running\nweb/1 created\ndb/1 created",
	    "12:00:00 created db/1 created\n12:00:00 created web/1 created\n");
	ck_assert_uint_eq(track_count(looks.known), 2);
}
END_TEST

START_TEST(no_more_than_can_be_kept)
{
	char name[32];
	json_auto_t *kept = NULL;
	struct track *again;

	for (int i = CONTAINERS_MAX + 10; i > 0; i--) {
		struct container *c = containers_add(&looks.seen);

		(void)snprintf(name, sizeof(name), "%05d", i);
		container_set_text(&c->name, name);
		container_set_text(&c->id, name);
		c->restarts = -i;
	}
	track_update(looks.known, "docker", &looks.seen, time_at("12:00:00"), &looks.told);
	ck_assert_uint_eq(track_count(looks.known), CONTAINERS_MAX);
	ck_assert_str_eq(track_container(looks.known, CONTAINERS_MAX - 1)->name, "10000");
	for (int i = 0; i < TRACK_RUNTIMES_MAX + 5; i++) {
		(void)snprintf(name, sizeof(name), "r%d", i);
		(void)look_at(name, "12:00:00", "web/1 running");
	}
	ck_assert_uint_eq(track_count(looks.known), CONTAINERS_MAX + TRACK_RUNTIMES_MAX - 1);
	kept = track_to_json(looks.known);
	again = track_from_json(kept, NULL);
	ck_assert_ptr_nonnull(again);
	ck_assert_uint_eq(track_count(again), track_count(looks.known));
	track_free(again);
}
END_TEST

/* --- as JSON ----------------------------------------------------------------------- */

/* Goes on from disk as if nothing had been. */
static void
keep_and_read(void)
{
	json_auto_t *kept = track_to_json(looks.known), *again = NULL;
	cleanup_free char *bytes = json_dumps(kept, JSON_COMPACT);
	json_auto_t *read = json_loads(bytes, JSON_REJECT_DUPLICATES, NULL);
	struct error err;

	track_free(looks.known);
	looks.known = track_from_json(read, &err);
	ck_assert_msg(looks.known != NULL, "%s", err.text);
	again = track_to_json(looks.known);
	ck_assert(json_equal(kept, again));
}

START_TEST(goes_on_from_disk)
{
	keep_and_read();
	(void)look_at("podman", "11:59:00", "db/1 running started=11:00:00");
	(void)look("12:00:00", "web/2 running started=11:00:00\nweb/1 created");
	keep_and_read();
	ck_assert(track_looked_at(looks.known, "podman") == time_at("11:59:00"));
	expect("12:00:10",
	    "web/1 created\n"
	    "web/2 exited started=11:00:00 finished=12:00:05 exit=1 asked",
	    "12:00:05 stopped web/2 running exited\n");
	keep_and_read();
	expect("12:00:20", "web/2 failed started=11:00:00 finished=12:00:05 exit=1",
	    "12:00:20 removed web/1 created removed\n");
	ck_assert_uint_eq(track_count(looks.known), 2);
}
END_TEST

#define CONTAINER                                                                                  \
	"{\"runtime\":\"docker\",\"id\":\"1\",\"name\":\"web\",\"image\":\"\",\"digest\":\"\","    \
	"\"labels\":{},\"state\":\"running\",\"health\":\"none\",\"created_at\":null,"             \
	"\"started_at\":null,\"finished_at\":null,\"exit_code\":0,\"signal\":0,"                   \
	"\"has_exited\":false,\"oom_killed\":false,\"stop_requested\":false,"                      \
	"\"restarts_itself\":false,\"restarts\":0}"
#define LOOKS "\"looked_at\":{\"docker\":\"2026-05-12T12:00:00Z\"}"

START_TEST(refuses_what_is_damaged)
{
	static const struct {
		const char *kept, *reason;
	} rows[] = {
	    {"{\"format\":1," LOOKS ",\"containers\":[" CONTAINER "]}", NULL},
	    {"{\"format\":1," LOOKS ",\"containers\":[]}", NULL},
	    {"{\"format\":1,\"looked_at\":{},\"containers\":[]}", NULL},
	    {"[]", "no format"},
	    {"{}", "no format"},
	    {"{\"format\":\"1\"," LOOKS ",\"containers\":[]}", "no format"},
	    {"{\"format\":2," LOOKS ",\"containers\":[]}", "format 2, not 1"},
	    {"{\"format\":0," LOOKS ",\"containers\":[]}", "format 0, not 1"},
	    {"{\"format\":1,\"containers\":[]}", "looked_at: not up to 64 runtimes"},
	    {"{\"format\":1,\"looked_at\":[],\"containers\":[]}",
		"looked_at: not up to 64 runtimes"},
	    {"{\"format\":1,\"looked_at\":{\"docker\":1},\"containers\":[]}",
		"looked_at: not a time of a runtime"},
	    {"{\"format\":1," LOOKS "}", "containers: not a list of them"},
	    {"{\"format\":1," LOOKS ",\"containers\":{}}", "containers: not a list of them"},
	    {"{\"format\":1," LOOKS ",\"containers\":[null]}", "containers: not one at 0"},
	    {"{\"format\":1," LOOKS ",\"containers\":[" CONTAINER ",{}]}",
		"containers: not one at 1"},
	    {"{\"format\":1," LOOKS ",\"containers\":[" CONTAINER "," CONTAINER "]}",
		"containers: one is there twice"},
	    {"{\"format\":1,\"looked_at\":{},\"containers\":[" CONTAINER "]}",
		"containers: not one at 0"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		json_auto_t *kept = json_loads(rows[i].kept, 0, NULL);
		struct error err = {0};
		struct track *t = track_from_json(kept, &err);

		ck_assert_ptr_nonnull(kept);
		ck_assert_msg((t != NULL) == (rows[i].reason == NULL), "row %zu: %s", i, err.text);
		if (t == NULL)
			ck_assert_str_eq(err.text, rows[i].reason);
		track_free(t);
	}
	ck_assert_ptr_null(track_from_json(NULL, NULL));
}
END_TEST

/* Neither what isn't there any more is kept, nor of a runtime nobody looked at. */
START_TEST(refuses_a_damaged_container)
{
	static const struct {
		const char *name, *value;
	} rows[] = {{"state", "\"removed\""}, {"runtime", "\"other\""}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		json_auto_t *kept =
		    json_loads("{\"format\":1," LOOKS ",\"containers\":[" CONTAINER "]}", 0, NULL);

		(void)json_object_set_new(json_array_get(json_object_get(kept, "containers"), 0),
		    rows[i].name, json_loads(rows[i].value, JSON_DECODE_ANY, NULL));
		ck_assert_msg(track_from_json(kept, NULL) == NULL, "row %zu", i);
	}
}
END_TEST

Suite *
track_many_suite(void)
{
	Suite *suite = suite_create("track-many");
	TCase *tests = tcase_create("track-many");

	tcase_add_checked_fixture(tests, looks_begin, looks_end);
	tcase_add_test(tests, another_id_under_one_name);
	tcase_add_test(tests, several_ids_under_one_name);
	tcase_add_test(tests, the_next_attempt);
	tcase_add_test(tests, the_next_attempt_seen_before_it_runs);
	tcase_add_test(tests, another_name);
	tcase_add_test(tests, the_host_boots);
	tcase_add_test(tests, each_runtime_for_itself);
	tcase_add_test(tests, tells_in_the_order_of_time);
	tcase_add_test(tests, each_only_once_and_none_without_an_id);
	tcase_add_test(tests, no_more_than_can_be_kept);
	tcase_add_test(tests, goes_on_from_disk);
	tcase_add_test(tests, refuses_what_is_damaged);
	tcase_add_test(tests, refuses_a_damaged_container);
	suite_add_tcase(suite, tests);
	return suite;
}
