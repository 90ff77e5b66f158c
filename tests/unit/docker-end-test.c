/* How containers ended, and their logs: src/runtime/docker.h without an engine. */

#include "support.h"

#include "../../src/runtime/docker.h"

#include <stdio.h>
#include <string.h>

static struct buffer
bytes(const char *text)
{
	struct buffer b = {0};

	buffer_add(&b, text, strlen(text));
	return b;
}

/* --- ends -------------------------------------------------------------------------------------- */

/*
 * Words are events of one container, SECOND:ACTION[=NUMBER]; the end that is asked
 * for is at second 100.
 */
static const struct {
	const char *events, *expected; /* "CODE [requested] [oom]" */
} ends[] = {
    {"", "-1"},
    {"100:die=1", "1"},
    {"1:start 99:kill=15 100:die=143 100:stop", "143 requested"},
    {"90:kill=15 100:kill=9 100:die=137 101:stop", "137 requested"},
    {"99:kill=9 100:die=137", "137 requested"},
    {"99:kill 100:die=137", "137 requested"}, /* podman names no signal */
    {"99:stop 100:die=137", "137 requested"}, /* and tells a stop before */
    {"100:die=137", "137"}, /* a signal from outside */
    {"99:oom 100:die=137", "137 oom"},
    {"90:oom 91:die=137 92:start 100:die=137", "137"},
    {"99:kill=1 100:die=0", "0"}, /* a reload */
    {"50:kill=1 100:die=7", "7"},
    {"99:kill=1 100:die=129", "129 requested"}, /* it was what ended it */
    {"99:kill=2 100:die=1", "1 requested"},
    {"99:kill=3 100:die=1", "1 requested"},
    {"1:kill=15 100:die=1", "1 requested"}, /* it took its time */
    {"90:kill=9 91:die=137 92:stop 93:start 100:die=1", "1"}, /* that was another end */
    {"90:kill=9 91:die=137 100:die=1", "1"},
    {"100:die=1 101:start 102:kill=9 103:die=137", "1"}, /* so is this */
    {"99:kill=15", "-1 requested"}, /* its end wasn't told yet */
    {"99:kill=15 100:start", "-1"},
    {"100:die=x", "-1"},
    {"100:die=99999999999", "-1"},
    {"100:died=3221225786", "3221225786"},
    {"99:exec_die=7 100:die=2 101:destroy", "2"},
};

static void
add_event(struct buffer *b, const char *word)
{
	char action[32] = "", number[32] = "";
	int second = 0;

	ck_assert_int_ge(sscanf(word, "%d:%31[a-z_]=%31s", &second, action, number), 2);
	buffer_text(b,
	    "{\"Type\":\"container\",\"Action\":\"%s\",\"Actor\":{\"ID\":\"c0\",\"Attributes\":{"
	    "\"%s\":\"%s\"}},\"timeNano\":%d000000000}\n",
	    action, strncmp(action, "die", 3) == 0 ? "exitCode" : "signal", number, second);
	/* Others come in between. */
	buffer_text(b, "{\"Action\":\"kill\",\"Actor\":{\"ID\":\"c1\"},\"timeNano\":%d000000001}\n",
	    second);
}

START_TEST(finds_how_it_ended)
{
	cleanup_free char *words = text_copy(ends[_i].events);
	cleanup_buffer struct buffer body = {0}, seen = {0};
	struct docker_events events = {0};
	struct docker_end found;
	char *rest = NULL;

	for (char *w = strtok_r(words, " ", &rest); w != NULL; w = strtok_r(NULL, " ", &rest))
		add_event(&body, w);
	docker_read_events(&body, &events);
	found = docker_find_end(&events, "c0", SECONDS(100));
	buffer_text(&seen, "%lld%s%s", (long long)found.exit_code,
	    found.requested ? " requested" : "", found.oom_killed ? " oom" : "");
	assert_text(buffer_string(&seen), ends[_i].expected, ends[_i].events);
	docker_events_release(&events);
}
END_TEST

START_TEST(an_old_signal_asked_for_nothing)
{
	cleanup_buffer struct buffer body = {0};
	struct docker_events events = {0};

	add_event(&body, "100:kill=15");
	add_event(&body, "701:die=1");
	docker_read_events(&body, &events);
	ck_assert(!docker_find_end(&events, "c0", SECONDS(701)).requested);
	docker_events_release(&events);
}
END_TEST

START_TEST(leaves_out_what_is_no_event)
{
	cleanup_buffer struct buffer body =
	    bytes("\n\nnothing\n{}\n[]\n{\"Action\":\"die\"}\n"
		  "{\"Action\":\"die\",\"Actor\":{\"ID\":7},\"timeNano\":1}\n"
		  "{\"Action\":\"die\",\"Actor\":{\"ID\":\"c0\"},\"timeNano\":\"1\"}\n"
		  "{\"Action\":\"die\",\"Actor\":{\"ID\":\"c0\"},\"timeNano\":-1}\n");
	struct docker_events events = {0};

	add_event(&body, "100:die=3");
	buffer_text(&body, "{\"Action\":\"die\",\"Actor\":{\"ID\":\"c0\"},\"timeNano\":1}");
	docker_read_events(&(struct buffer){0}, &events);
	ck_assert_uint_eq(events.count, 0);
	docker_read_events(&body, &events);
	ck_assert_uint_eq(events.count, 2); /* and that of the other */
	ck_assert_int_eq(docker_find_end(&events, "c0", 0).exit_code, 3);
	docker_events_release(&events);
}
END_TEST

static void
read_state(const char *state, struct container *c)
{
	cleanup_buffer struct buffer body = {0};

	buffer_text(&body,
	    "{\"Id\":\"f00d\",\"Name\":\"/web\",\"State\":{%s,"
	    "\"StartedAt\":\"2026-05-12T12:01:00Z\",\"FinishedAt\":\"2026-05-12T12:02:00Z\"}}",
	    state);
	ck_assert_int_eq(docker_read_container(&body, false, c), 0);
}

static const struct {
	const char *state; /* what the engine says */
	struct docker_end end;
	enum container_state expected;
	int signal;
	bool requested, has_exited;
} judgements[] = {
    {"\"Status\":\"exited\",\"ExitCode\":0", {-1, 0, 0}, CONTAINER_EXITED, 0, 0, 1},
    {"\"Status\":\"exited\",\"ExitCode\":1", {-1, 0, 0}, CONTAINER_FAILED, 0, 0, 1},
    {"\"Status\":\"exited\",\"ExitCode\":1", {1, 1, 0}, CONTAINER_EXITED, 0, 1, 1},
    {"\"Status\":\"exited\",\"ExitCode\":143", {-1, 0, 0}, CONTAINER_EXITED, 15, 0, 1},
    {"\"Status\":\"exited\",\"ExitCode\":137", {-1, 0, 0}, CONTAINER_FAILED, 9, 0, 1},
    {"\"Status\":\"exited\",\"ExitCode\":137", {137, 1, 0}, CONTAINER_EXITED, 9, 1, 1},
    {"\"Status\":\"exited\",\"ExitCode\":137,\"OOMKilled\":true", {137, 1, 1}, CONTAINER_FAILED, 9,
	1, 1},
    {"\"Status\":\"running\",\"ExitCode\":0", {-1, 0, 0}, CONTAINER_RUNNING, 0, 0, 0},
    {"\"Status\":\"running\",\"ExitCode\":0", {139, 0, 0}, CONTAINER_RUNNING, 11, 0, 1},
    {"\"Status\":\"restarting\",\"ExitCode\":3", {3, 0, 0}, CONTAINER_RESTARTING, 0, 0, 1},
};

START_TEST(judges_ends)
{
	struct containers all = {0};
	struct container *c = containers_add(&all);

	read_state(judgements[_i].state, c);
	docker_judge(c, &judgements[_i].end, false);
	ck_assert_int_eq(c->state, judgements[_i].expected);
	ck_assert_int_eq(c->signal, judgements[_i].signal);
	ck_assert_int_eq(c->stop_requested, judgements[_i].requested);
	ck_assert_int_eq(c->has_exited, judgements[_i].has_exited);
	containers_release(&all);
}
END_TEST

/* --- a log --------------------------------------------------------------------------------------- */

static void
expect_log(
    const void *data, size_t length, bool framed, unsigned lines, const char *text, size_t size)
{
	cleanup_buffer struct buffer body = {0}, out = {0};

	buffer_add(&body, data, length);
	docker_read_log(&body, framed, lines, &out);
	ck_assert_uint_eq(out.length, size);
	ck_assert_mem_eq(buffer_string(&out), text, size);
}

#define EXPECT_LOG(data, framed, lines, text)                                                      \
	expect_log(data, sizeof(data) - 1, framed, lines, text, sizeof(text) - 1)

START_TEST(joins_frames)
{
#define OUT "\1\0\0\0\0\0\0\4out\n"
#define ERR "\2\0\0\0\0\0\0\4err\n"
	EXPECT_LOG(OUT ERR, true, 5, "out\nerr\n");
	EXPECT_LOG(OUT ERR, true, 1, "err\n");
	EXPECT_LOG(OUT "\1\0\0\0\0\0\0\0" ERR, true, 2, "out\nerr\n");
	EXPECT_LOG(OUT ERR, true, 0, "");
	EXPECT_LOG(OUT "\2\0\0\0\xff\xff\xff\xff"
		       "cut",
	    true, 9, "out\ncut");
	EXPECT_LOG(OUT "\2\0\0\0\0", true, 9, "out\n");
	EXPECT_LOG(OUT "\7\0\0\0\0\0\0\4bad\n", true, 9, "out\n");
	EXPECT_LOG(OUT "\1\0\1\0\0\0\0\4bad\n", true, 9, "out\n");
	EXPECT_LOG("no frames\n", true, 9, "");
	EXPECT_LOG("", true, 9, "");
}
END_TEST

START_TEST(takes_a_terminal_as_it_is)
{
	EXPECT_LOG("one\r\ntwo\r\nthree", false, 2, "two\r\nthree");
	EXPECT_LOG("\n\n\n", false, 2, "\n\n");
	EXPECT_LOG("\1\0\0\0", false, 2, "\1\0\0\0");
}
END_TEST

START_TEST(takes_four_kilobytes_at_most)
{
	cleanup_buffer struct buffer body = {0}, out = {0};

	for (int i = 0; i < 1000; i++)
		buffer_text(&body, "%09d\n", i);
	docker_read_log(&body, false, 1000, &out);
	ck_assert_uint_eq(out.length, RUNTIME_LOG_MAX);
	ck_assert_mem_eq(out.data + out.length - 10, "000000999\n", 10);
}
END_TEST

Suite *
docker_end_suite(void)
{
	Suite *s = suite_create("docker-end");
	TCase *t = tcase_create("docker-end");

	tcase_add_loop_test(t, finds_how_it_ended, 0, COUNT(ends));
	tcase_add_test(t, an_old_signal_asked_for_nothing);
	tcase_add_test(t, leaves_out_what_is_no_event);
	tcase_add_loop_test(t, judges_ends, 0, COUNT(judgements));
	tcase_add_test(t, joins_frames);
	tcase_add_test(t, takes_a_terminal_as_it_is);
	tcase_add_test(t, takes_four_kilobytes_at_most);
	suite_add_tcase(s, t);
	return s;
}
