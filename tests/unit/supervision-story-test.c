/* Whole stories, each also with an agent that ends after every word of it. */

#include "stage.h"
#include "support.h"

#include <string.h>

/* Five crashes that were restarted, and the sixth. */
#define LOOP                                                                                       \
	"crash:1 look ok up crash:1 look ok up crash:1 look ok up crash:1 look ok up"              \
	" crash:1 look ok up crash:1 look"
#define LOOP_TOLD " container_crash_loop!@0(6, 300, 30s)"

struct story {
	const char *script, *expected;
};

static const struct story restart_stories[] = {
    {"crash:1 look", "restarting [restart]"},
    {"crash:1 look ok look", "restarting []"},
    {"crash:1 look ok up look", "running []"},
    /* At once means at once, and after exit 0 never. */
    {"end look +1000 look", "completed []"},
    {"crash:1 look ok up end look +1000 look", "completed []"},
    {"stop look +1000 look", "completed []"},
    /* Carried out, but nothing came of it: after a backoff, here of 1 s. */
    {"crash:1 look ok +1 look", "restarting [restart*]"},
    /* The loop: told once, and each further restart waits for 30 s. */
    {LOOP, "crash_loop_backoff []" LOOP_TOLD},
    {LOOP " +29 look", "crash_loop_backoff []" LOOP_TOLD},
    {LOOP " +30 look", "crash_loop_backoff [restart]" LOOP_TOLD},
    {LOOP " +30 look ok up look", "crash_loop_backoff []" LOOP_TOLD},
    {LOOP " +30 look ok up crash:1 +29 look", "crash_loop_backoff []" LOOP_TOLD},
    {LOOP " +30 look ok up crash:1 +30 look", "crash_loop_backoff [restart]" LOOP_TOLD},
    /* Over when it has run for a window. */
    {LOOP " +30 look ok up look +300 look", "crash_loop_backoff []" LOOP_TOLD},
    {LOOP " +30 look ok up look +300 +1ns look", "running []" LOOP_TOLD},
    {LOOP " +30 look ok up look +301 look crash:1 look", "restarting [restart]" LOOP_TOLD},
    /* Not by being down for one. */
    {LOOP " +301 look", "crash_loop_backoff [restart]" LOOP_TOLD},
    {LOOP " +301 look ok up look +300 look", "crash_loop_backoff []" LOOP_TOLD},
    /* A deadline that passed while nobody looked. */
    {LOOP " reload +3600 away look", "crash_loop_backoff [restart]" LOOP_TOLD},
    {LOOP " +30 look reload look", "crash_loop_backoff [restart*]" LOOP_TOLD},
    /* Only said, or put off: it comes again, and is said once. */
    {"crash:1 look look", "restarting [restart*]"},
    {"crash:1 look +1800 look", "restarting [restart*]"},
    /* Started once more while it's up: it has run since the first. */
    {LOOP " +30 look ok up +100 up look +200 +1ns look", "running []" LOOP_TOLD},
    /* Not what was made anew in between and never ran. */
    {"crash:1 new look", "restarting []"},
    /* Stopped in a loop: nobody is going to start it. */
    {LOOP " +30 look ok up stop look +271 look up look", "running []" LOOP_TOLD},
    /* Ended with 0 in a loop. */
    {LOOP " +30 look ok up end look +1000 look", "completed []" LOOP_TOLD},
};

static const struct story runtime_stories[] = {
    {"self dying:1 look", "restarting []"},
    {"self dying:1 look up look", "running []"},
    {"self crash:1 look +100 look", "restarting []"},
    /* One that it has given up. */
    {"self crash:1 look +301 look", "shutdown []"},
    {"self end look again look", "running []"},
    /* What nobody restarts, with and without a policy. */
    {"no-policy crash:1 look +10 look", "shutdown []"},
    {"no-policy crash:1 look up look", "running []"},
    {"no-policy crash:1 look again", "running []"},
    {"self no-policy dying:1 look", "restarting []"},
    {LOOP " no-policy look +301 look", "shutdown []" LOOP_TOLD},
    {"no-policy " LOOP, "crash_loop_backoff [] container_crash_loop!@0(6, 300, -)"},
    {"no-policy " LOOP " up crash:1 look up crash:1 look",
	"crash_loop_backoff [] container_crash_loop!@0(6, 300, -)"},
    {"no-policy " LOOP " +301 look", "shutdown [] container_crash_loop!@0(6, 300, -)"},
    {"no-policy " LOOP " up look +301 look", "running [] container_crash_loop!@0(6, 300, -)"},
};

#define DOWN " service_shutdown@0(it crashed with exit code 1)"
#define APART " container_isolated@0(it crashed with exit code 1)"

static const struct story down_stories[] = {
    {"action:shutdown crash:1 look", "shutdown [shutdown]"},
    {"action:shutdown crash:1 look ok look +1000 look", "shutdown []" DOWN},
    {"action:shutdown crash:137 look ok", "shutdown [] service_shutdown@0(it crashed by signal 9)"},
    /* Against its runtime, as often as it tries, but told once. */
    {"action:shutdown self dying:1 look", "shutdown [shutdown]"},
    {"action:shutdown self dying:1 look up look", "shutdown [shutdown*]"},
    {"action:shutdown self dying:1 look ok stop look", "shutdown []" DOWN},
    {"action:shutdown self dying:1 look ok again look", "shutdown [shutdown]" DOWN},
    {"action:shutdown self dying:1 look ok again look ok stop look", "shutdown []" DOWN},
    {"action:shutdown self dying:1 look ok stop look away up look", "shutdown [shutdown]" DOWN},
    {"action:shutdown self dying:1 look ok again dying:1 look ok", "shutdown []" DOWN},
    {"action:shutdown self dying:1 look ok crash:1 look", "shutdown [shutdown]" DOWN},
    /* A person overrules. */
    {"action:shutdown self dying:1 look ok stop look up look", "running []" DOWN},
    {"action:shutdown crash:1 look ok up look", "running []" DOWN},
    {"action:shutdown crash:1 look ok up +5 crash:2 look ok",
	"shutdown []" DOWN " service_shutdown@5(it crashed with exit code 2)"},
    {"action:shutdown crash:1 look up look", "running []"},
    /* Loops are told besides. */
    {"action:shutdown crash:1 up crash:1 up crash:1 up crash:1 up crash:1 up crash:1 look ok",
	"shutdown [] container_crash_loop!@0(6, 300, -)" DOWN},

    {"action:isolate crash:1 look", "isolated [isolate]"},
    {"action:isolate crash:1 up crash:1 up crash:1 up crash:1 up crash:1 up crash:1 look",
	"isolated [isolate] container_crash_loop!@0(6, 300, -)"},
    /* A loop ends though the order was only said. */
    {"action:isolate crash:1 up crash:1 up crash:1 up crash:1 up crash:1 up crash:1 look"
     " +301 look up look",
	"running [] container_crash_loop!@0(6, 300, -)"},
    {"action:isolate crash:1 look ok look +1000 look", "isolated []" APART},
    {"action:isolate self dying:1 look ok up look", "isolated []" APART},
    {"action:isolate self dying:1 look ok up dying:1 look", "isolated []" APART},
    {"action:isolate crash:1 look ok up look", "running []" APART},
    {"action:isolate crash:1 look ok up crash:1 look", "isolated [isolate]" APART},
    {"action:isolate self dying:1 look ok up look stop look up look", "running []" APART},
    {"action:isolate self dying:1 look ok up look end look", "isolated []" APART},
    {"action:isolate self dying:1 look ok up look count:5 again look",
	"isolated []" APART " container_crash_loop!@0(7, 300, -)"},
};

#define FAILED " supervision_failed@0(restart, no such thing)"

static const struct story failure_stories[] = {
    {"crash:1 look fail look", "restarting []" FAILED},
    /* After 1 s, 2 s of at most 4 s (the chance is 1 s, here of 1, 2, 4 s). */
    {"crash:1 look fail +1 look", "restarting [restart*]" FAILED},
    {"crash:1 look fail +1 look fail look", "restarting []" FAILED},
    {"crash:1 look fail +1 look fail +1 look fail +1 look", "restarting [restart*]" FAILED},
    {"crash:1 look fail +1 look ok up look", "running []" FAILED},
    /* A new row of failures is told anew. */
    {"crash:1 look fail +1 look ok +1 look fail",
	"restarting []" FAILED " supervision_failed@2(restart, no such thing)"},
    {"crash:1 look fail up crash:1 look fail", "restarting []" FAILED FAILED},
    {"action:isolate crash:1 look fail +1 look ok",
	"isolated [] supervision_failed@0(isolate, no such thing)" APART},
    {"action:shutdown crash:1 look fail +1 look ok",
	"shutdown [] supervision_failed@0(shutdown, no such thing)" DOWN},
};

#define KUBELET(action)                                                                            \
	" supervision_failed@0(" action ", on_panic of web says " action                           \
	", but its runtime is for others to act on, as a kubelet)"

static const struct story cri_stories[] = {
    {"cri look look crash:1 look up look", "running []" KUBELET("restart")},
    {"cri crash:1 look", "shutdown []" KUBELET("restart")},
    {"cri crash:1 look again look +3600 look", "running []" KUBELET("restart")},
    {"cri look action:shutdown look crash:1 look look",
	"shutdown []" KUBELET("restart") KUBELET("shutdown")},
    {"cri action:isolate crash:1 look up crash:1 look", "shutdown []" KUBELET("isolate")},
    {"cri no-policy crash:1 look", "shutdown []"},
    {"cri look " LOOP,
	"crash_loop_backoff []" KUBELET("restart") " container_crash_loop!@0(6, 300, -)"},
};

static const struct story person_stories[] = {
    /* During backoff. */
    {LOOP " up look +60 look", "crash_loop_backoff []" LOOP_TOLD},
    {LOOP " up look stop look +60 look", "completed []" LOOP_TOLD},
    {LOOP " up look stop look up look", "crash_loop_backoff []" LOOP_TOLD},
    {LOOP " up look stop look +301 look up look", "running []" LOOP_TOLD},
    {LOOP " no-policy look +30 look", "crash_loop_backoff []" LOOP_TOLD},
    {LOOP " rm look +30 look", "completed []" LOOP_TOLD},
    /* Before it is restarted. */
    {"crash:1 look up look", "running []"},
    {"crash:1 rm look +30 look", "completed []"},
    {"crash:1 no-policy look", "restarting []"},
    {"crash:1 action:isolate look", "restarting []"},
    {"crash:1 no-policy look +301 look", "shutdown []"},
    {"crash:1 no-policy look action:restart look", "restarting [restart]"},
    /* A changed policy counts from the next crash on. */
    {"action:isolate crash:1 look ok action:restart look", "isolated []" APART},
    {"action:isolate crash:1 look ok action:restart look up crash:1 look",
	"restarting [restart]" APART},
    {"action:isolate crash:1 look ok action:shutdown crash:1 look ok", "shutdown []" APART DOWN},
    {"action:shutdown self crash:1 look ok action:restart again", "running []" DOWN},
    {"action:shutdown self crash:1 look ok action:restart again look", "running []" DOWN},
};

static const struct story name_stories[] = {
    /* Another id of the same name goes on with what is known of it. */
    {LOOP " rm new look up look", "crash_loop_backoff []" LOOP_TOLD},
    {"crash:1 up crash:1 up crash:1 up rm new up crash:1 up crash:1 up rm new up crash:1 look",
	"crash_loop_backoff []" LOOP_TOLD},
    {"new look", "completed []"},
    {"rm look", "- []"},
    {"crash:1 look rm look +300 look", "completed []"},
    {"crash:1 look rm look +301 look", "- []"},
    {"crash:1 look rm look +301 look new up look", "running []"},
};

/* The clock is set back. */
static const struct story clock_stories[] = {
    {"-3600 look", "running []"},
    {LOOP " -3600 look", "crash_loop_backoff [restart]" LOOP_TOLD},
    {LOOP " +30 look ok up -3600 look +300 look", "crash_loop_backoff []" LOOP_TOLD},
    {LOOP " +30 look ok up -3600 look +300 +1ns look", "running []" LOOP_TOLD},
    {"crash:1 look fail -3600 look", "restarting [restart*]" FAILED},
};

static const struct {
	const struct story *list;
	size_t count;
} stories[] = {
    {restart_stories, COUNT(restart_stories)},
    {runtime_stories, COUNT(runtime_stories)},
    {down_stories, COUNT(down_stories)},
    {failure_stories, COUNT(failure_stories)},
    {cri_stories, COUNT(cri_stories)},
    {person_stories, COUNT(person_stories)},
    {name_stories, COUNT(name_stories)},
    {clock_stories, COUNT(clock_stories)},
};

/* What is said of it in events. */
static void
assert_described(struct stage *s, const char *script, const char *expected)
{
	json_auto_t *said = NULL, *wanted = json_loads(expected, 0, NULL);
	cleanup_free char *text = NULL;

	(void)stage_play(s, script);
	said = supervision_describe(s->supervision, &s->subject, s->now);
	text = json_dumps(said, JSON_SORT_KEYS);
	ck_assert_ptr_nonnull(wanted);
	ck_assert_msg(json_equal(said, wanted), "%s: %s, not %s", script, text, expected);
}

#define SAID(state, policy, total, recent, code, until)                                            \
	"{\"state\": \"" state "\", \"policy\": " policy ", \"restarts_total\": " total            \
	", \"restarts_in_window\": " recent ", \"last_exit_code\": " code                          \
	", \"since\": \"2026-05-12T00:00:00Z\", \"backoff_until\": " until "}"

START_TEST(description)
{
	struct stage s;

	stage_set(&s);
	assert_described(&s, "", SAID("running", "\"restart\"", "0", "0", "null", "null"));
	assert_described(&s, "crash:3", SAID("restarting", "\"restart\"", "0", "0", "3", "null"));
	assert_described(&s, "look ok up", SAID("running", "\"restart\"", "1", "1", "3", "null"));
	assert_described(&s, "+1 crash:1 up crash:1 up crash:1 up",
	    SAID("running", "\"restart\"", "4", "4", "1", "null"));
	assert_described(&s, "crash:1 up crash:4",
	    SAID("crash_loop_backoff", "\"restart\"", "5", "5", "4", "\"2026-05-12T00:00:31Z\""));
	assert_described(
	    &s, "no-policy", SAID("crash_loop_backoff", "null", "5", "5", "4", "null"));
	assert_described(&s, "action:restart +30 look ok up +270",
	    SAID("crash_loop_backoff", "\"restart\"", "6", "5", "4", "null"));
	assert_described(
	    &s, "+60 look +1 look", SAID("running", "\"restart\"", "6", "0", "4", "null"));
	assert_described(&s, "stop", SAID("completed", "\"restart\"", "6", "0", "143", "null"));
	assert_described(&s, "action:shutdown up crash:1 look",
	    SAID("shutdown", "\"shutdown\"", "6", "0", "1", "null"));
	assert_described(&s, "up", SAID("running", "\"shutdown\"", "7", "1", "1", "null"));
	assert_described(&s, "action:isolate crash:1 look",
	    SAID("isolated", "\"isolate\"", "7", "1", "1", "null"));
	stage_clear(&s);
}
END_TEST

START_TEST(unknown_is_null)
{
	struct supervision *s = supervision_new();
	struct stage stage;

	stage_set(&stage);
	ck_assert(json_is_null(supervision_describe(s, &stage.subject, stage.now)));
	ck_assert(!supervision_is_looping(s, stage.subject.container));
	ck_assert(!supervision_restarted_it(s, stage.subject.container));
	stage_clear(&stage);
	supervision_free(s);
	supervision_free(NULL);
}
END_TEST

/* Ours is a start that was carried out, from then until it is seen. */
START_TEST(who_restarted_it)
{
	static const struct {
		const char *script;
		bool ours;
	} cases[] = {
	    {"", false},
	    {"crash:1 look", false},
	    {"ok", true},
	    {"reload", true},
	    {"up", false},
	    {"crash:1 look fail", false},
	    {"+1 look ok", true},
	    {"rm", false},
	};
	struct stage s;

	stage_set(&s);
	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)stage_play(&s, cases[i].script);
		ck_assert_msg(
		    supervision_restarted_it(s.supervision, s.subject.container) == cases[i].ours,
		    "%zu: %s", i, cases[i].script);
	}
	stage_clear(&s);
}
END_TEST

START_TEST(story)
{
	for (size_t i = 0; i < stories[_i].count; i++)
		assert_plays(stories[_i].list[i].script, stories[_i].list[i].expected);
}
END_TEST

Suite *
supervision_story_suite(void)
{
	Suite *suite = suite_create("supervision-story");
	TCase *all = tcase_create("all");

	tcase_add_test(all, description);
	tcase_add_test(all, unknown_is_null);
	tcase_add_test(all, who_restarted_it);
	tcase_add_loop_test(all, story, 0, COUNT(stories));
	suite_add_tcase(suite, all);
	return suite;
}
