#include "fleet.h"
#include "support.h"

#include <homelab/track.h>

#include <stdio.h>
#include <string.h>

/*
 * Looks at containers, and what is told, one line for each transition:
 *
 *	TIME crashed NAME/ID [STATE before] STATE after
 */

static struct track *known;
static struct containers seen;
static struct transitions told;
static struct buffer text;

static void
begin(void)
{
	known = track_new();
}

static void
end(void)
{
	track_free(known);
	containers_release(&seen);
	transitions_release(&told);
	buffer_release(&text);
}

static void
write_transition(const struct transition *t)
{
	buffer_text(&text, "%s %s %s/%s %s%s%s\n", time_text(t->at),
	    transition_types[t->kind] + strlen("container_"), t->after->name, t->after->id,
	    t->before != NULL ? container_state_names[t->before->state] : "",
	    t->before != NULL ? " " : "", container_state_names[t->after->state]);
}

/* Looks at a runtime, of which `lines` are the containers; what is told. */
static const char *
look_at(const char *runtime, const char *time, const char *lines)
{
	containers_release(&seen);
	transitions_release(&told);
	buffer_release(&text);
	fleet_read(&seen, lines);
	track_update(known, runtime, &seen, time_at(time), &told);
	for (size_t i = 0; i < told.count; i++)
		write_transition(&told.list[i]);
	return buffer_string(&text);
}

static const char *
look(const char *time, const char *lines)
{
	return look_at("docker", time, lines);
}

static void
expect(const char *time, const char *lines, const char *expected)
{
	assert_text(look(time, lines), expected, time);
}

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
	buffer_release(&text);
	for (size_t i = 0; i < told.count; i++)
		buffer_text(&text, "%s%s", i > 0 ? " " : "",
		    transition_types[told.list[i].kind] + strlen("container_"));
	return buffer_string(&text);
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
			end();
			begin();
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
			end();
			begin();
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

		end();
		begin();
		(void)look("12:00:10", line);
		assert_words(expected[state].first, -1, state);
		end();
		begin();
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
	ck_assert_uint_eq(track_count(known), 1);
	expect(
	    "12:00:10", "a/1 removed started=12:00:00", "12:00:10 removed a/1 running removed\n");
	ck_assert_uint_eq(track_count(known), 0);
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
	ck_assert(told.list[0].after->started_at == TIMESTAMP_NONE);
	ck_assert(told.list[1].after->started_at == time_at("12:00:02"));
	expect("12:00:20", "web/1 running created=12:00:01 started=12:00:02", "");
	expect("12:00:30",
	    "web/1 failed created=12:00:01 started=12:00:02 finished=12:00:25.5 exit=137",
	    "12:00:25.5 crashed web/1 running failed\n");
	ck_assert_int_eq(told.list[0].after->exit_code, 137);
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
	ck_assert(told.list[0].after->started_at == time_at("11:00:01"));
	ck_assert_int_eq(told.list[0].after->restarts, 0);
	ck_assert_int_eq(told.list[0].after->exit_code, 1);
	ck_assert(told.list[1].after->started_at == time_at("12:00:05"));
	ck_assert_int_eq(told.list[1].before->restarts, 0);
	ck_assert_int_eq(told.list[1].after->restarts, 1);
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
		end();
		begin();
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
		end();
		begin();
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
	ck_assert(!told.list[0].after->has_exited);
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
	ck_assert_int_eq(track_container(known, 0)->state, CONTAINER_EXITED);
	ck_assert(track_container(known, 0)->stop_requested);
	/* The next end is another, which nobody asked for. */
	expect("12:00:50",
	    "web/1 failed created=11:00:00 started=12:00:42 finished=12:00:43 exit=137",
	    "12:00:42 started web/1 exited running\n"
	    "12:00:43 crashed web/1 running failed\n");
	expect("12:01:00",
	    "web/1 exited created=11:00:00 started=12:00:42 finished=12:00:43 exit=137 asked", "");
	ck_assert_int_eq(track_container(known, 0)->state, CONTAINER_FAILED);
	ck_assert(!track_container(known, 0)->stop_requested);
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
	ck_assert(told.list[0].after->stop_requested);
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
	ck_assert_str_eq(told.list[2].before->id, "7");
	ck_assert_int_eq(told.list[2].before->restarts, 0);
	expect("12:00:20",
	    "web/4 running created=12:00:05 started=12:00:06 restarts=1 pod=p\n"
	    "web/5 running created=12:00:15 started=12:00:16 restarts=2 pod=other",
	    "12:00:14.999999999 removed web/7 failed removed\n"
	    "12:00:15 created web/5 created\n"
	    "12:00:16 started web/5 created running\n");
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
	ck_assert_uint_eq(track_count(known), 1);
	ck_assert_str_eq(track_container(known, 0)->runtime, "podman");
	ck_assert(track_looked_at(known, "docker") == time_at("12:00:10"));
	ck_assert(track_looked_at(known, "podman") == time_at("12:00:01"));
	ck_assert(track_looked_at(known, "cri") == TIMESTAMP_NONE);
	(void)look_at("docker", "12:00:20", "web/2 running created=12:00:15");
	track_keep(known, kept, COUNT(kept));
	ck_assert_uint_eq(track_count(known), 1);
	ck_assert(track_looked_at(known, "docker") == TIMESTAMP_NONE);
	ck_assert(track_looked_at(known, "podman") == time_at("12:00:01"));
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
	containers_release(&seen);
	fleet_read(&seen, "z/1 created created=12:00:04");
	track_update(known, "b", &seen, time_at("12:00:10"), &told);
	buffer_release(&text);
	for (size_t i = 0; i < told.count; i++)
		write_transition(&told.list[i]);
	assert_text(buffer_string(&text),
	    "12:00:01 created y/1 created\n"
	    "12:00:02 created x/1 created\n"
	    "12:00:03 started y/1 created running\n"
	    "12:00:04 created z/1 created\n"
	    "12:00:06 started x/1 created running\n",
	    "order");
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

/* --- limits ------------------------------------------------------------------------ */

START_TEST(each_only_once_and_none_without_an_id)
{
	expect("12:00:00", "web/1 created\nweb/ running\nweb/1 created\ndb/1 created",
	    "12:00:00 created db/1 created\n12:00:00 created web/1 created\n");
	ck_assert_uint_eq(track_count(known), 2);
}
END_TEST

START_TEST(no_more_than_can_be_kept)
{
	char name[32];
	json_auto_t *kept = NULL;
	struct track *again;

	for (int i = CONTAINERS_MAX + 10; i > 0; i--) {
		struct container *c = containers_add(&seen);

		(void)snprintf(name, sizeof(name), "%05d", i);
		container_set_text(&c->name, name);
		container_set_text(&c->id, name);
		c->restarts = -i;
	}
	track_update(known, "docker", &seen, time_at("12:00:00"), &told);
	ck_assert_uint_eq(track_count(known), CONTAINERS_MAX);
	ck_assert_str_eq(track_container(known, CONTAINERS_MAX - 1)->name, "10000");
	for (int i = 0; i < TRACK_RUNTIMES_MAX + 5; i++) {
		(void)snprintf(name, sizeof(name), "r%d", i);
		(void)look_at(name, "12:00:00", "web/1 running");
	}
	ck_assert_uint_eq(track_count(known), CONTAINERS_MAX + TRACK_RUNTIMES_MAX - 1);
	kept = track_to_json(known);
	again = track_from_json(kept, NULL);
	ck_assert_ptr_nonnull(again);
	ck_assert_uint_eq(track_count(again), track_count(known));
	track_free(again);
}
END_TEST

/* --- as JSON ----------------------------------------------------------------------- */

/* Goes on from disk as if nothing had been. */
static void
keep_and_read(void)
{
	json_auto_t *kept = track_to_json(known), *again = NULL;
	cleanup_free char *bytes = json_dumps(kept, JSON_COMPACT);
	json_auto_t *read = json_loads(bytes, JSON_REJECT_DUPLICATES, NULL);
	struct error err;

	track_free(known);
	known = track_from_json(read, &err);
	ck_assert_msg(known != NULL, "%s", err.text);
	again = track_to_json(known);
	ck_assert(json_equal(kept, again));
}

START_TEST(goes_on_from_disk)
{
	keep_and_read();
	(void)look_at("podman", "11:59:00", "db/1 running started=11:00:00");
	(void)look("12:00:00", "web/2 running started=11:00:00\nweb/1 created");
	keep_and_read();
	ck_assert(track_looked_at(known, "podman") == time_at("11:59:00"));
	expect("12:00:10",
	    "web/1 created\n"
	    "web/2 exited started=11:00:00 finished=12:00:05 exit=1 asked",
	    "12:00:05 stopped web/2 running exited\n");
	keep_and_read();
	expect("12:00:20", "web/2 failed started=11:00:00 finished=12:00:05 exit=1",
	    "12:00:20 removed web/1 created removed\n");
	ck_assert_uint_eq(track_count(known), 2);
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
track_suite(void)
{
	Suite *suite = suite_create("track");
	TCase *tests = tcase_create("track");

	tcase_add_checked_fixture(tests, begin, end);
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
	tcase_add_test(tests, another_id_under_one_name);
	tcase_add_test(tests, several_ids_under_one_name);
	tcase_add_test(tests, the_next_attempt);
	tcase_add_test(tests, another_name);
	tcase_add_test(tests, the_host_boots);
	tcase_add_test(tests, each_runtime_for_itself);
	tcase_add_test(tests, tells_in_the_order_of_time);
	tcase_add_test(tests, times_that_cannot_be);
	tcase_add_test(tests, each_only_once_and_none_without_an_id);
	tcase_add_test(tests, no_more_than_can_be_kept);
	tcase_add_test(tests, goes_on_from_disk);
	tcase_add_test(tests, refuses_what_is_damaged);
	tcase_add_test(tests, refuses_a_damaged_container);
	suite_add_tcase(suite, tests);
	return suite;
}
