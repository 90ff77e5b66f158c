/* The table cell by cell, and the arithmetic of windows. */

#include "stage.h"
#include "support.h"

#include <stdio.h>
#include <string.h>

/* How each state is reached. The order it goes with is given by then, or one is
 * that has become pointless. */
static const char *const ways[SUPERVISION_STATE_COUNT] = {
    [SUPERVISION_RUNNING] = "crash:1 look up",
    [SUPERVISION_RESTARTING] = "crash:1 look",
    [SUPERVISION_LOOPING] = "crash:1 up crash:1 up crash:1 up crash:1 up crash:1 up crash:1"
			    " +30 look",
    [SUPERVISION_ISOLATED] = "action:isolate crash:1 look",
    [SUPERVISION_SHUTDOWN] = "action:shutdown crash:1 look",
    [SUPERVISION_COMPLETED] = "crash:1 look end",
};

static const char *const inputs[INPUT_COUNT] = {
    [INPUT_CRASHED] = "crash:7",
    [INPUT_COMPLETED] = "end",
    [INPUT_STOPPED] = "stop",
    [INPUT_STARTED] = "up",
    [INPUT_RESTARTED] = "again",
    [INPUT_REMOVED] = "rm",
    [INPUT_TICK] = "+2 look",
    [INPUT_DONE] = "ok",
    [INPUT_FAILED] = "fail",
};

/* By hand, from the promises: the state, what is wanted at a look right after
 * (star: as before), and what is told. */
static const struct {
	const char *state, *order, *event;
} cells[SUPERVISION_STATE_COUNT][INPUT_COUNT] =
    {
	[SUPERVISION_RUNNING] =
	    {
		[INPUT_CRASHED] = {"restarting", "restart", ""},
		[INPUT_COMPLETED] = {"completed", "", ""},
		[INPUT_STOPPED] = {"completed", "", ""},
		[INPUT_STARTED] = {"running", "", ""},
		[INPUT_RESTARTED] = {"running", "", ""},
		[INPUT_REMOVED] = {"completed", "", ""},
		[INPUT_TICK] = {"running", "", ""},
		[INPUT_DONE] = {"running", "", ""},
		[INPUT_FAILED] = {"running", "", ""},
	    },
	[SUPERVISION_RESTARTING] =
	    {
		[INPUT_CRASHED] = {"restarting", "restart", ""},
		[INPUT_COMPLETED] = {"completed", "", ""},
		[INPUT_STOPPED] = {"completed", "", ""},
		[INPUT_STARTED] = {"running", "", ""},
		[INPUT_RESTARTED] = {"running", "", ""},
		[INPUT_REMOVED] = {"completed", "", ""},
		[INPUT_TICK] = {"restarting", "restart*", ""},
		[INPUT_DONE] = {"restarting", "", ""},
		[INPUT_FAILED] = {"restarting", "", "supervision_failed"},
	    },
	[SUPERVISION_LOOPING] =
	    {
		[INPUT_CRASHED] = {"crash_loop_backoff", "", ""},
		[INPUT_COMPLETED] = {"completed", "", ""},
		[INPUT_STOPPED] = {"completed", "", ""},
		[INPUT_STARTED] = {"crash_loop_backoff", "", ""},
		[INPUT_RESTARTED] = {"crash_loop_backoff", "", ""},
		[INPUT_REMOVED] = {"completed", "", ""},
		[INPUT_TICK] = {"crash_loop_backoff", "restart*", ""},
		[INPUT_DONE] = {"crash_loop_backoff", "", ""},
		[INPUT_FAILED] = {"crash_loop_backoff", "", "supervision_failed"},
	    },
	[SUPERVISION_ISOLATED] =
	    {
		[INPUT_CRASHED] = {"isolated", "isolate", ""},
		[INPUT_COMPLETED] = {"isolated", "isolate*", ""},
		[INPUT_STOPPED] = {"completed", "", ""},
		[INPUT_STARTED] = {"running", "", ""},
		[INPUT_RESTARTED] = {"isolated", "isolate*", ""},
		[INPUT_REMOVED] = {"completed", "", ""},
		[INPUT_TICK] = {"isolated", "isolate*", ""},
		[INPUT_DONE] = {"isolated", "", "container_isolated"},
		[INPUT_FAILED] = {"isolated", "", "supervision_failed"},
	    },
	[SUPERVISION_SHUTDOWN] =
	    {
		[INPUT_CRASHED] = {"shutdown", "shutdown", ""},
		[INPUT_COMPLETED] = {"shutdown", "shutdown*", ""},
		[INPUT_STOPPED] = {"shutdown", "shutdown*", ""},
		[INPUT_STARTED] = {"running", "", ""},
		[INPUT_RESTARTED] = {"shutdown", "shutdown*", ""},
		[INPUT_REMOVED] = {"completed", "", ""},
		[INPUT_TICK] = {"shutdown", "shutdown*", ""},
		[INPUT_DONE] = {"shutdown", "", "service_shutdown"},
		[INPUT_FAILED] = {"shutdown", "", "supervision_failed"},
	    },
	[SUPERVISION_COMPLETED] =
	    {
		[INPUT_CRASHED] = {"restarting", "restart", ""},
		[INPUT_COMPLETED] = {"completed", "", ""},
		[INPUT_STOPPED] = {"completed", "", ""},
		[INPUT_STARTED] = {"running", "", ""},
		[INPUT_RESTARTED] = {"running", "", ""},
		[INPUT_REMOVED] = {"completed", "", ""},
		[INPUT_TICK] = {"completed", "", ""},
		[INPUT_DONE] = {"completed", "", ""},
		[INPUT_FAILED] = {"completed", "", ""},
	    },
};

/* An outcome's event, without time and the rest. */
static void
assert_event(const char *outcome, const char *expected, const char *what)
{
	const char *event = strchr(outcome, ']') + 1;
	char got[64];

	event += strspn(event, " ");
	(void)snprintf(got, sizeof(got), "%.*s", (int)strcspn(event, "!@"), event);
	assert_text(got, expected, what);
	ck_assert_msg(strchr(event, '@') == strrchr(event, '@'), "two events: %s", outcome);
}

START_TEST(table)
{
	int state = _i / INPUT_COUNT, input = _i % INPUT_COUNT;
	char script[64], what[256], begin[64];
	const char *outcome;
	struct stage s;

	stage_set(&s);
	outcome = stage_play(&s, ways[state]);
	ck_assert_msg(strncmp(outcome, supervision_state_names[state],
			  strlen(supervision_state_names[state])) == 0,
	    "not reached: %s, but %s", supervision_state_names[state], outcome);
	(void)snprintf(script, sizeof(script), "%s look", inputs[input]);
	(void)snprintf(what, sizeof(what), "\"%s\", then \"%s\"", ways[state], script);
	(void)snprintf(
	    begin, sizeof(begin), "%s [%s]", cells[state][input].state, cells[state][input].order);
	outcome = stage_play(&s, script);
	ck_assert_msg(strncmp(outcome, begin, strlen(begin)) == 0, "got \"%s\", not \"%s\": %s",
	    outcome, begin, what);
	assert_event(outcome, cells[state][input].event, what);
	stage_clear(&s);
}
END_TEST

/* --- windows: five restarts in 300 s are no loop, the sixth crash is ----------------- */

#define FIVE "crash:1 up crash:1 up crash:1 up crash:1 up crash:1 up "

static const struct {
	const char *script, *expected;
} windows[] = {
    {FIVE "look", "running []"},
    {FIVE "crash:1 look", "crash_loop_backoff [] container_crash_loop!@0(6, 300, 30s)"},
    /* A crash counts until it is older than the window. */
    {FIVE "+300 crash:1 look", "crash_loop_backoff [] container_crash_loop!@300(6, 300, 330s)"},
    {FIVE "+300 +1ns crash:1 look", "restarting [restart]"},
    {"crash:1 up +1 crash:1 up crash:1 up crash:1 up crash:1 up +299 +1ns crash:1 look",
	"restarting [restart]"},
    {"crash:1 up +1 crash:1 up crash:1 up crash:1 up crash:1 up +299 +1ns crash:1 up crash:1",
	"crash_loop_backoff [] container_crash_loop!@300(6, 300, 330s)"},
    /* One a minute for an hour never are. */
    {"crash:1 up +61 crash:1 up +61 crash:1 up +61 crash:1 up +61 crash:1 up +61 crash:1 up +61"
     " crash:1 up +61 crash:1 up +61 crash:1 look",
	"restarting [restart]"},
    /* Those that only the runtime's count tells: it counts its own start, too. */
    {"self count:5 again look", "crash_loop_backoff [] container_crash_loop!@0(6, 300, -)"},
    {"self count:4 again look", "running []"},
    {"self count:9223372036854775806 again look",
	"crash_loop_backoff [] container_crash_loop!@0(101, 300, -)"},
    /* Each crash once: where the count rises with the crash, with the start, and
     * where more were missed than seen. */
    {"self dying:1 look up dying:1 look up dying:1 look up dying:1 look up dying:1 look up look",
	"running []"},
    {"self dying:1 look up dying:1 look up dying:1 look up dying:1 look up dying:1 look up"
     " dying:1 look",
	"crash_loop_backoff [] container_crash_loop!@0(6, 300, -)"},
    {"self crash:1 again crash:1 again crash:1 again crash:1 again crash:1 again look",
	"running []"},
    {"self crash:1 again crash:1 again crash:1 again crash:1 again crash:1 again crash:1 look",
	"crash_loop_backoff [] container_crash_loop!@0(6, 300, -)"},
    {"self count:4 dying:1 look up look", "running []"},
    {"self count:5 dying:1 look up look",
	"crash_loop_backoff [] container_crash_loop!@0(6, 300, -)"},
    {"self crash:1 count:4 again look", "running []"},
    {"self crash:1 count:5 again look", "crash_loop_backoff [] container_crash_loop!@0(6, 300, -)"},
    /* A count that is set back is begun anew. */
    {"self count:5 look count:-5 look count:5 again look",
	"crash_loop_backoff [] container_crash_loop!@0(6, 300, -)"},
};

START_TEST(window)
{
	assert_plays(windows[_i].script, windows[_i].expected);
}
END_TEST

/* max_restarts crashes are no loop, one more is. */
START_TEST(limits_of_policy)
{
	static const int limits[] = {0, 1, 2, POLICY_RESTARTS_MOST};

	for (size_t i = 0; i < COUNT(limits); i++) {
		struct stage s;

		stage_set(&s);
		s.policy.max_restarts = limits[i];
		for (int crashes = 0; crashes < limits[i]; crashes++)
			assert_text(stage_play(&s, "crash:1 up look"), "running []", "below");
		ck_assert(!supervision_is_looping(s.supervision, s.subject.container));
		ck_assert_int_eq(strncmp(stage_play(&s, "crash:1"), "crash_loop_backoff", 18), 0);
		ck_assert(supervision_is_looping(s.supervision, s.subject.container));
		stage_clear(&s);
	}
}
END_TEST

/* The same for a window and a backoff that aren't the default's. */
START_TEST(policy_counts)
{
	struct stage s;

	stage_set(&s);
	s.policy.max_restarts = 1;
	s.policy.window = SECONDS(10);
	s.policy.backoff = SECONDS(100);
	assert_text(stage_play(&s, "crash:1 up +10 +1ns crash:1 look"), "restarting [restart]", "");
	assert_text(stage_play(&s, "up +10 crash:1 look"),
	    "crash_loop_backoff [] container_crash_loop!@20(2, 10, 120s)", "");
	assert_text(stage_play(&s, "+99 look"), "crash_loop_backoff []", "");
	assert_text(stage_play(&s, "+1 look"), "crash_loop_backoff [restart]", "");
	assert_text(stage_play(&s, "ok up +10 look"), "crash_loop_backoff []", "");
	assert_text(stage_play(&s, "+1ns look"), "running []", "");
	stage_clear(&s);
}
END_TEST

Suite *
supervision_suite(void)
{
	Suite *suite = suite_create("supervision");
	TCase *all = tcase_create("all");

	tcase_add_loop_test(all, table, 0, SUPERVISION_STATE_COUNT * INPUT_COUNT);
	tcase_add_loop_test(all, window, 0, COUNT(windows));
	tcase_add_test(all, limits_of_policy);
	tcase_add_test(all, policy_counts);
	suite_add_tcase(suite, all);
	return suite;
}
