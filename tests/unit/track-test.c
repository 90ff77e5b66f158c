/* What is told of a container. */

#include "looks.h"

#include <stdio.h>
#include <string.h>

/* --- every cell -------------------------------------------------------------------- */

enum { STATES = CONTAINER_REMOVED };

/* How one of each state looks that was started at 12:00:00, and, again, at 12:00:05. */
static const char *const looks_like[STATES][2] = {
    {"a/1 created created=11:00:00", "a/1 created created=11:00:00 started=12:00:05"},
    {"a/1 running created=11:00:00 started=12:00:00",
	"a/1 running created=11:00:00 started=12:00:05 finished=12:00:04 exit=1"},
    {"a/1 restarting created=11:00:00 started=12:00:00 finished=12:00:06 exit=1",
	"a/1 restarting created=11:00:00 started=12:00:05 finished=12:00:06 exit=1"},
    {"a/1 paused created=11:00:00 started=12:00:00",
	"a/1 paused created=11:00:00 started=12:00:05 finished=12:00:04 exit=1"},
    {"a/1 stopping created=11:00:00 started=12:00:00",
	"a/1 stopping created=11:00:00 started=12:00:05 finished=12:00:04 exit=1"},
    {"a/1 exited created=11:00:00 started=12:00:00 finished=12:00:06 exit=0",
	"a/1 exited created=11:00:00 started=12:00:05 finished=12:00:06 exit=0"},
    {"a/1 failed created=11:00:00 started=12:00:00 finished=12:00:06 exit=2",
	"a/1 failed created=11:00:00 started=12:00:05 finished=12:00:06 exit=2"},
};

/* What was told of one container, as words. */
static const char *
words_told(void)
{
	buffer_release(&looks.text);
	for (size_t i = 0; i < looks.told.count; i++)
		buffer_text(&looks.text, "%s%s", i > 0 ? " " : "",
		    transition_types[looks.told.list[i].kind] + strlen("container_"));
	return buffer_string(&looks.text);
}

static void
assert_words(const char *expected, int before, int after)
{
	ck_assert_msg(strcmp(words_told(), expected) == 0, "from %d to %d: \"%s\", not \"%s\"",
	    before, after, words_told(), expected);
}

START_TEST(tells_every_change)
{
	static const char *const expected[STATES][STATES + 1] = {
	    [CONTAINER_CREATED] = {"", "started", "started crashed", "started paused", "started",
		"started stopped", "started crashed", "removed"},
	    [CONTAINER_RUNNING] = {"stopped", "", "crashed", "paused", "", "stopped", "crashed",
		"removed"},
	    [CONTAINER_RESTARTING] = {"", "restarted", "", "restarted paused", "restarted",
		"stopped", "", "removed"},
	    [CONTAINER_PAUSED] = {"stopped", "resumed", "crashed", "", "resumed", "stopped",
		"crashed", "removed"},
	    [CONTAINER_STOPPING] = {"stopped", "", "crashed", "paused", "", "stopped", "crashed",
		"removed"},
	    [CONTAINER_EXITED] = {"", "started", "", "started paused", "started", "", "",
		"removed"},
	    [CONTAINER_FAILED] = {"", "restarted", "", "restarted paused", "restarted", "", "",
		"removed"},
	};

	for (int before = 0; before < STATES; before++)
		for (int after = 0; after <= STATES; after++) {
			looks_end();
			looks_begin();
			(void)look("12:00:01", looks_like[before][0]);
			(void)look("12:00:10", after < STATES ? looks_like[after][0] : "");
			assert_words(expected[before][after], before, after);
		}
}
END_TEST

/* Another run than the one that was seen before: it was down in between, and how
 * that was is known only of one that is up. */
START_TEST(tells_every_change_to_another_run)
{
	static const char *const expected[STATES][STATES] = {
	    [CONTAINER_CREATED] = {"", "started", "started crashed", "started paused", "started",
		"started stopped", "started crashed"},
	    [CONTAINER_RUNNING] = {"restarted stopped", "crashed restarted", "restarted crashed",
		"crashed restarted paused", "crashed restarted", "restarted stopped",
		"restarted crashed"},
	    [CONTAINER_RESTARTING] = {"restarted stopped", "restarted", "restarted crashed",
		"restarted paused", "restarted", "restarted stopped", "restarted crashed"},
	    [CONTAINER_PAUSED] = {"restarted stopped", "crashed restarted", "restarted crashed",
		"crashed restarted paused", "crashed restarted", "restarted stopped",
		"restarted crashed"},
	    [CONTAINER_STOPPING] = {"restarted stopped", "crashed restarted", "restarted crashed",
		"crashed restarted paused", "crashed restarted", "restarted stopped",
		"restarted crashed"},
	    [CONTAINER_EXITED] = {"started stopped", "started", "started crashed", "started paused",
		"started", "started stopped", "started crashed"},
	    [CONTAINER_FAILED] = {"restarted stopped", "restarted", "restarted crashed",
		"restarted paused", "restarted", "restarted stopped", "restarted crashed"},
	};

	for (int before = 0; before < STATES; before++)
		for (int after = 0; after < STATES; after++) {
			looks_end();
			looks_begin();
			(void)look("12:00:01", looks_like[before][0]);
			(void)look("12:00:10", looks_like[after][1]);
			assert_words(expected[before][after], before, after);
		}
}
END_TEST

START_TEST(tells_what_is_new_and_what_is_there_at_first)
{
	static const struct {
		const char *first, *since;
	} expected[STATES + 1] = {
	    {"created", "created"},
	    {"created started", "created started"},
	    {"created", "created started crashed"},
	    {"created started paused", "created started paused"},
	    {"created started", "created started"},
	    {"created", "created started stopped"},
	    {"created", "created started crashed"},
	    {"", ""},
	};

	for (int state = 0; state <= STATES; state++) {
		const char *line = state < STATES ? looks_like[state][0] : "a/1 removed exit=1";

		looks_end();
		looks_begin();
		(void)look("12:00:10", line);
		assert_words(expected[state].first, -1, state);
		looks_end();
		looks_begin();
		(void)look("10:59:00", "");
		(void)look("12:00:10", line);
		assert_words(expected[state].since, -2, state);
	}
}
END_TEST

/* Of one that is gone nothing is kept, also where the runtime still lists it. */
START_TEST(forgets_what_is_removed)
{
	(void)look("12:00:00", looks_like[CONTAINER_RUNNING][0]);
	ck_assert_uint_eq(track_count(looks.known), 1);
	expect(
	    "12:00:10", "a/1 removed started=12:00:00", "12:00:10 removed a/1 running removed\n");
	ck_assert_uint_eq(track_count(looks.known), 0);
	expect("12:00:20", "", "");
}
END_TEST

/* --- lives ------------------------------------------------------------------------- */

START_TEST(a_crash_and_a_restart_by_hand)
{
	expect("12:00:00", "", "");
	expect("12:00:10", "web/1 running created=12:00:01 started=12:00:02",
	    "12:00:01 created web/1 created\n"
	    "12:00:02 started web/1 created running\n");
	ck_assert(looks.told.list[0].after->started_at == TIMESTAMP_NONE);
	ck_assert(looks.told.list[1].after->started_at == time_at("12:00:02"));
	expect("12:00:20", "web/1 running created=12:00:01 started=12:00:02", "");
	expect("12:00:30",
	    "web/1 failed created=12:00:01 started=12:00:02 finished=12:00:25.5 exit=137",
	    "12:00:25.5 crashed web/1 running failed\n");
	ck_assert_int_eq(looks.told.list[0].after->exit_code, 137);
	expect("12:00:40",
	    "web/1 failed created=12:00:01 started=12:00:02 finished=12:00:25.5 exit=137", "");
	expect("12:00:50", "web/1 running created=12:00:01 started=12:00:41 finished=12:00:25.5",
	    "12:00:41 restarted web/1 failed running\n");
}
END_TEST

/* Down and up between two looks, with what the runtime still knows of its end. */
START_TEST(down_and_up_between_two_looks)
{
	(void)look("12:00:00", "web/1 running created=11:00:00 started=11:00:01");
	expect("12:00:10",
	    "web/1 running created=11:00:00 started=12:00:05 finished=12:00:03 exit=1 restarts=1",
	    "12:00:03 crashed web/1 running failed\n"
	    "12:00:05 restarted web/1 failed running\n");
	ck_assert(looks.told.list[0].after->started_at == time_at("11:00:01"));
	ck_assert_int_eq(looks.told.list[0].after->restarts, 0);
	ck_assert_int_eq(looks.told.list[0].after->exit_code, 1);
	ck_assert(looks.told.list[1].after->started_at == time_at("12:00:05"));
	ck_assert_int_eq(looks.told.list[1].before->restarts, 0);
	ck_assert_int_eq(looks.told.list[1].after->restarts, 1);
	expect("12:00:20",
	    "web/1 running created=11:00:00 started=12:00:15 finished=12:00:13 exit=0 restarts=1",
	    "12:00:13 stopped web/1 running exited\n"
	    "12:00:15 restarted web/1 exited running\n");
	expect("12:00:30",
	    "web/1 running created=11:00:00 started=12:00:25 finished=12:00:23 exit=137 asked "
	    "restarts=1",
	    "12:00:23 stopped web/1 running exited\n"
	    "12:00:25 restarted web/1 exited running\n");
	/* It doesn't say how it ended. */
	expect("12:00:40", "web/1 running created=11:00:00 started=12:00:35 finished=12:00:33",
	    "12:00:35 restarted web/1 running running\n");
	/* What it says is of an end before. */
	expect("12:00:50",
	    "web/1 running created=11:00:00 started=12:00:45 finished=12:00:33 exit=1",
	    "12:00:45 restarted web/1 running running\n");
	/* It has no times. */
	expect("12:01:00", "web/1 running created=11:00:00 started=12:00:45 restarts=3",
	    "12:00:45 restarted web/1 running running\n");
	expect("12:01:10", "web/1 running created=11:00:00 restarts=3", "");
	expect("12:01:20", "web/1 running created=11:00:00 exit=9 restarts=4",
	    "12:01:19.999999999 crashed web/1 running failed\n"
	    "12:01:20 restarted web/1 failed running\n");
	/* Another count as a look at it goes down isn't another run. */
	expect("12:01:30", "web/1 restarting created=11:00:00 exit=9 restarts=5",
	    "12:01:30 crashed web/1 running restarting\n");
	expect("12:01:40", "web/1 running created=11:00:00 exit=9 restarts=5",
	    "12:01:40 restarted web/1 restarting running\n");
}
END_TEST

/* What tells an end that came since from one that was told before. */
START_TEST(how_it_ended_before_it_came_up)
{
	static const struct {
		const char *before, *after, *told;
	} rows[] = {
	    {"web/1 running started=11:00:00", "web/1 running started=12:00:05 exit=1",
		"12:00:04.999999999 crashed web/1 running failed\n"
		"12:00:05 restarted web/1 failed running\n"},
	    {"web/1 running started=11:59:50",
		"web/1 running started=12:00:05 finished=11:59:50 exit=1",
		"11:59:50 crashed web/1 running failed\n"
		"12:00:05 restarted web/1 failed running\n"},
	    {"web/1 running started=11:59:50",
		"web/1 running started=12:00:05 finished=11:59:49 exit=1",
		"12:00:05 restarted web/1 running running\n"},
	    {"web/1 created started=11:00:00", "web/1 running started=12:00:05",
		"12:00:05 started web/1 created running\n"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		looks_end();
		looks_begin();
		(void)look("12:00:00", rows[i].before);
		expect("12:00:10", rows[i].after, rows[i].told);
	}
}
END_TEST

/* One that wasn't known: whether its end is news. */
START_TEST(whether_something_happened_since)
{
	static const struct {
		const char *line;
		bool since;
	} rows[] = {
	    {"web/1 failed exit=1", false},
	    {"web/1 failed created=12:00:00 started=12:00:00 finished=12:00:00 exit=1", false},
	    {"web/1 failed created=12:00:01 exit=1", true},
	    {"web/1 failed created=11:00:00 started=12:00:01 exit=1", true},
	    {"web/1 failed created=11:00:00 started=11:00:00 finished=12:00:01 exit=1", true},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		looks_end();
		looks_begin();
		(void)look("12:00:00", "");
		(void)look("12:00:10", rows[i].line);
		assert_words(rows[i].since ? "created started crashed" : "created", (int)i, -1);
	}
}
END_TEST

/* In a loop, with a look now and then. */
START_TEST(a_loop)
{
	(void)look("12:00:00", "web/1 running created=11:00:00 started=11:00:00");
	expect("12:00:10",
	    "web/1 restarting created=11:00:00 started=12:00:08 finished=12:00:09 exit=1 "
	    "restarts=4",
	    "12:00:08 restarted web/1 running running\n"
	    "12:00:09 crashed web/1 running restarting\n");
	ck_assert(!looks.told.list[0].after->has_exited);
	expect("12:00:20",
	    "web/1 restarting created=11:00:00 started=12:00:18 finished=12:00:19 exit=1 "
	    "restarts=5",
	    "12:00:18 restarted web/1 restarting running\n"
	    "12:00:19 crashed web/1 running restarting\n");
	expect("12:00:30",
	    "web/1 failed created=11:00:00 started=12:00:28 finished=12:00:29 exit=1 restarts=5",
	    "12:00:28 restarted web/1 restarting running\n"
	    "12:00:29 crashed web/1 running failed\n");
	expect("12:00:40",
	    "web/1 exited created=11:00:00 started=12:00:28 finished=12:00:29 exit=1 asked", "");
}
END_TEST

/* Whether somebody asked for an end the runtime knows for some time only. */
START_TEST(an_end_that_was_asked_for)
{
	(void)look("12:00:00", "web/1 running created=11:00:00 started=11:00:00");
	expect("12:00:30",
	    "web/1 exited created=11:00:00 started=11:00:00 finished=12:00:21 exit=137 asked",
	    "12:00:21 stopped web/1 running exited\n");
	expect("12:00:40",
	    "web/1 failed created=11:00:00 started=11:00:00 finished=12:00:21 exit=137", "");
	ck_assert_int_eq(track_container(looks.known, 0)->state, CONTAINER_EXITED);
	ck_assert(track_container(looks.known, 0)->stop_requested);
	/* The next end is another, which nobody asked for. */
	expect("12:00:50",
	    "web/1 failed created=11:00:00 started=12:00:42 finished=12:00:43 exit=137",
	    "12:00:42 started web/1 exited running\n"
	    "12:00:43 crashed web/1 running failed\n");
	expect("12:01:00",
	    "web/1 exited created=11:00:00 started=12:00:42 finished=12:00:43 exit=137 asked", "");
	ck_assert_int_eq(track_container(looks.known, 0)->state, CONTAINER_FAILED);
	ck_assert(!track_container(looks.known, 0)->stop_requested);
}
END_TEST

/* "docker restart": the request was for the end before. */
START_TEST(a_restart_by_hand)
{
	(void)look("12:00:00", "web/1 running created=11:00:00 started=11:00:00");
	expect("12:00:10",
	    "web/1 running created=11:00:00 started=12:00:05 finished=12:00:04 exit=137 asked",
	    "12:00:04 stopped web/1 running exited\n"
	    "12:00:05 restarted web/1 exited running\n");
	ck_assert(looks.told.list[0].after->stop_requested);
	expect("12:00:15",
	    "web/1 running created=11:00:00 started=12:00:05 finished=12:00:04 exit=137 asked", "");
	expect("12:00:20",
	    "web/1 failed created=11:00:00 started=12:00:05 finished=12:00:16 exit=9",
	    "12:00:16 crashed web/1 running failed\n");
}
END_TEST

START_TEST(for_want_of_memory)
{
	(void)look("12:00:00", "web/1 running created=11:00:00 started=11:00:00");
	expect("12:00:10",
	    "web/1 failed created=11:00:00 started=11:00:00 finished=12:00:05 exit=137 oom asked",
	    "12:00:05 crashed web/1 running failed\n");
}
END_TEST

START_TEST(pause_and_resume)
{
	(void)look("12:00:00", "web/1 running started=11:00:00");
	expect(
	    "12:00:10", "web/1 paused started=11:00:00", "12:00:10 paused web/1 running paused\n");
	expect("12:00:20", "web/1 paused started=11:00:00", "");
	expect("12:00:30", "web/1 running started=11:00:00",
	    "12:00:30 resumed web/1 paused running\n");
}
END_TEST

/* --- clocks that are wrong --------------------------------------------------------- */

START_TEST(times_that_cannot_be)
{
	(void)look("12:00:00", "web/1 running created=11:00:00 started=11:00:00");
	/* Long before the last look, and later than now. */
	expect("12:00:10",
	    "web/1 failed created=11:00:00 started=11:00:00 finished=11:58:59 exit=1",
	    "12:00:10 crashed web/1 running failed\n");
	expect("12:00:20", "web/1 running created=11:00:00 started=12:01:21",
	    "12:00:20 restarted web/1 failed running\n");
	expect("12:00:30",
	    "web/1 failed created=11:00:00 started=12:01:21 finished=12:01:30 exit=1",
	    "12:01:30 crashed web/1 running failed\n");
	/* A start and an end in the wrong order. */
	expect("12:01:40",
	    "web/1 failed created=11:00:00 started=12:01:35 finished=12:01:33 exit=1",
	    "12:01:35 restarted web/1 failed running\n"
	    "12:01:35.000000001 crashed web/1 running failed\n");
	/* The clock went back. */
	expect("11:00:00", "web/1 running created=11:00:00 started=10:59:58",
	    "11:00:00 restarted web/1 failed running\n");
	expect("11:00:10", "web/1 running created=11:00:00 started=11:00:05",
	    "11:00:05 restarted web/1 running running\n");
}
END_TEST

Suite *
track_suite(void)
{
	Suite *suite = suite_create("track");
	TCase *tests = tcase_create("track");

	tcase_add_checked_fixture(tests, looks_begin, looks_end);
	tcase_add_test(tests, tells_every_change);
	tcase_add_test(tests, tells_every_change_to_another_run);
	tcase_add_test(tests, tells_what_is_new_and_what_is_there_at_first);
	tcase_add_test(tests, forgets_what_is_removed);
	tcase_add_test(tests, a_crash_and_a_restart_by_hand);
	tcase_add_test(tests, down_and_up_between_two_looks);
	tcase_add_test(tests, how_it_ended_before_it_came_up);
	tcase_add_test(tests, whether_something_happened_since);
	tcase_add_test(tests, a_loop);
	tcase_add_test(tests, an_end_that_was_asked_for);
	tcase_add_test(tests, a_restart_by_hand);
	tcase_add_test(tests, for_want_of_memory);
	tcase_add_test(tests, pause_and_resume);
	tcase_add_test(tests, times_that_cannot_be);
	suite_add_tcase(suite, tests);
	return suite;
}
