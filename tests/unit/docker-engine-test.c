/* docker.c's calls, against an engine that says and does what it is told to. */

#include "docker-support.h"

#include <string.h>

/* --- connecting ---------------------------------------------------------------------------- */

START_TEST(connects_and_asks_once_what_it_is)
{
	ck_assert_msg(runtime_connect(here.r, &here.err) == 0, "%s", here.err.text);
	ck_assert_str_eq(here.r->product, "docker");
	ck_assert_str_eq(here.r->api, "1.41");
	ck_assert_int_eq(runtime_connect(here.r, &here.err), 0);
	ck_assert_int_eq(engine_count("GET /_ping"), 2);
	ck_assert_int_eq(engine_count("GET /version"), 1);
	ck_assert(runtime_acts(here.r));
}
END_TEST

START_TEST(is_refused_at_first_and_later_served)
{
	engine_stop();
	ck_assert_int_eq(runtime_connect(here.r, &here.err), -1);
	ck_assert_int_eq(here.err.status, EX_UNAVAILABLE);
	ck_assert_int_eq(runtime_list(here.r, here.since, &here.seen, &here.err), -1);
	ck_assert_int_eq(here.err.status, EX_UNAVAILABLE);
	engine_start(false);
	engine_tell("GET /_ping", 200, "OK");
	engine_tell("GET /version", 200, VERSION);
	here.address.socket = engine.path;
	ck_assert_msg(runtime_connect(here.r, &here.err) == 0, "%s", here.err.text);
}
END_TEST

START_TEST(speaks_no_version_that_is_too_new)
{
	engine_tell("GET /version", 200, "{\"ApiVersion\":\"1.90\",\"MinAPIVersion\":\"1.80\"}");
	ck_assert_int_eq(runtime_list(here.r, here.since, &here.seen, &here.err), -1);
	ck_assert_int_eq(here.err.status, EX_UNAVAILABLE);
	ck_assert_int_eq(engine_count("/v1."), 0);
}
END_TEST

/* --- whoever answers so is no engine ------------------------------------------------------------- */

static const char *const calls[] = {
    "GET /_ping", "GET /version", "GET /v1.41/containers/json", "a1/json", "GET /v1.41/events"};

static bool
is_harmless(enum engine_manner manner, const char *call)
{
	bool json = manner == ENGINE_NO_JSON || manner == ENGINE_WRONG_TYPE;

	if (manner == ENGINE_ENDLESS && strcmp(call, calls[4]) == 0)
		return true; /* of events what there is will do */
	if (json) /* a ping's answer isn't read, and of events what is none is left out */
		return strcmp(call, calls[0]) == 0 || strcmp(call, calls[4]) == 0;
	return manner < ENGINE_CUT_OFF;
}

START_TEST(believes_no_broken_answer)
{
	enum engine_manner manner = (enum engine_manner)(_i % ENGINE_MANNERS);
	const char *call = calls[_i / ENGINE_MANNERS];
	bool waits = manner == ENGINE_SILENT || manner == ENGINE_SLOW;
	int result;

	docker_has_ended(BOX("a1", ENDED));
	engine_tell("GET /v1.41/events", 200, docker_event("kill", "\"signal\":\"9\""));
	engine_behave(manner, call);
	if (waits)
		docker_kept_of(here.r)->call_time = SECONDS(1) / 2;
	result = runtime_connect(here.r, &here.err) < 0 ?
	    -1 :
	    runtime_list(here.r, here.since, &here.seen, &here.err);
	if (is_harmless(manner, call)) {
		ck_assert_msg(result == 0, "%s: %s", call, here.err.text);
		ck_assert_uint_eq(here.seen.count, 1);
		return;
	}
	ck_assert_msg(result == -1, "%s, %d", call, (int)manner);
	ck_assert_int_eq(here.err.status, EX_UNAVAILABLE);
	ck_assert_uint_eq(here.seen.count, 0);
	engine_behave(ENGINE_WHOLE, NULL);
	docker_kept_of(here.r)->call_time = DOCKER_CALL_TIME;
	ck_assert_msg(
	    runtime_list(here.r, here.since, &here.seen, &here.err) == 0, "%s", here.err.text);
	ck_assert_uint_eq(here.seen.count, 1);
}
END_TEST

/* --- a Windows engine, over TCP -------------------------------------------------------------------- */

START_TEST(sees_containers_of_windows)
{
	const struct container *c;

	engine_tell("GET /v1.41/containers/json?all=1", 200,
	    "[{\"Id\":\"a1\",\"Names\":[\"/iis\"],\"Command\":\"C:\\\\ServiceMonitor.exe w3svc\","
	    "\"State\":\"exited\",\"Status\":\"Exited (3221225786) 2 hours ago\",\"Mounts\":[{"
	    "\"Source\":\"C:\\\\data\",\"Destination\":\"c:\\\\inetpub\"}]}]");
	engine_tell("GET /v1.41/containers/a1/json", 200,
	    "{\"Id\":\"a1\",\"Created\":\"2026-05-12T12:00:00.1234567Z\",\"Path\":\"C:\\\\x.exe\","
	    "\"State\":{\"Status\":\"exited\",\"ExitCode\":3221225786,"
	    "\"StartedAt\":\"2026-05-12T12:00:01.1Z\",\"FinishedAt\":\"2026-05-12T12:05:00Z\"},"
	    "\"Image\":\"sha256:feed\",\"Name\":\"/iis\",\"Platform\":\"windows\","
	    "\"Config\":{\"Image\":\"mcr.microsoft.com/windows/servercore/iis\","
	    "\"WorkingDir\":\"C:\\\\\",\"Labels\":{\"dir\":\"C:\\\\apps\"}}}");
	engine_tell("GET /v1.41/events", 200, "");
	ck_assert_ptr_nonnull(c = docker_list_of("a1"));
	ck_assert(here.r->windows);
	ck_assert(c->exit_code == INT64_C(3221225786));
	ck_assert_int_eq(c->signal, 0);
	ck_assert_int_eq(c->state, CONTAINER_FAILED);
	ck_assert_str_eq(c->image, "mcr.microsoft.com/windows/servercore/iis");
	ck_assert_str_eq(container_label(c, "dir"), "C:\\apps");
	ck_assert_str_eq(time_text(c->started_at), "12:00:01.1");
}
END_TEST

START_TEST(a_stop_on_windows_is_one)
{
	cleanup_buffer struct buffer events = {0};

	docker_has_ended("{\"Id\":\"a1\",\"Name\":\"/iis\",\"State\":{\"Status\":\"exited\","
			 "\"ExitCode\":3221225786,\"FinishedAt\":\"@\"}}");
	buffer_text(&events, "%s", docker_event("kill", "\"signal\":\"15\""));
	buffer_text(&events, "%s", docker_event("die", "\"exitCode\":\"3221225786\""));
	engine_tell("GET /v1.41/events", 200, buffer_string(&events));
	ck_assert_int_eq(docker_list_of("a1")->state, CONTAINER_EXITED);
	ck_assert(here.seen.list[0].stop_requested);
}
END_TEST

/* --- acting --------------------------------------------------------------------------------------- */

static const struct {
	int status, result, error;
} acts[] = {
    {204, 0, 0},
    {304, 0, 0}, /* it is so already */
    {200, -1, EX_UNAVAILABLE},
    {404, -1, EX_SOFTWARE},
    {409, -1, EX_SOFTWARE},
    {500, -1, EX_SOFTWARE},
};

START_TEST(starts_and_stops)
{
	engine_tell("POST /v1.41/containers/a1/start", acts[_i].status, "{\"message\":\"no\"}");
	engine_tell("POST /v1.41/containers/a1/stop?t=10", acts[_i].status, "{\"message\":\"no\"}");
	for (int i = 0; i < 2; i++) {
		here.err = (struct error){0};
		ck_assert_int_eq(i == 0 ? runtime_start(here.r, "a1", &here.err) :
					  runtime_stop(here.r, "a1", &here.err),
		    acts[_i].result);
		ck_assert_int_eq(here.err.status, acts[_i].error);
	}
	ck_assert_int_eq(engine_count("POST /v1.41/containers/a1/start"), 1);
	ck_assert_int_eq(engine_count("POST /v1.41/containers/a1/stop?t=10"), 1);
}
END_TEST

START_TEST(asks_for_no_other_path)
{
	ck_assert_int_eq(runtime_start(here.r, "../x?y#z", &here.err), -1);
	ck_assert_int_eq(engine_count("POST /v1.41/containers/%2E%2E%2Fx%3Fy%23z/start"), 1);
}
END_TEST

/* --- logs ------------------------------------------------------------------------------------------ */

START_TEST(reads_logs_with_and_without_a_terminal)
{
	cleanup_buffer struct buffer framed = {0}, raw = {0};

	engine_tell("GET /v1.41/containers/a1/json", 200, BOX("a1", RUNS));
	engine_tell("GET /v1.41/containers/a1/logs?stdout=1&stderr=1&tail=2", 200, "\1");
	engine.answers[3].body = "\1\0\0\0\0\0\0\4one\n\2\0\0\0\0\0\0\4two\n";
	engine.answers[3].length = 24;
	ck_assert_msg(runtime_log(here.r, "a1", 2, &framed, &here.err) == 0, "%s", here.err.text);
	ck_assert_str_eq(buffer_string(&framed), "one\ntwo\n");
	engine_tell(
	    "GET /v1.41/containers/a1/json", 200, "{\"Id\":\"a1\",\"Config\":{\"Tty\":true}}");
	engine_tell(
	    "GET /v1.41/containers/a1/logs?stdout=1&stderr=1&tail=2", 200, "a\r\nb\r\nc\r\n");
	ck_assert_msg(runtime_log(here.r, "a1", 2, &raw, &here.err) == 0, "%s", here.err.text);
	ck_assert_str_eq(buffer_string(&raw), "b\r\nc\r\n");
}
END_TEST

START_TEST(has_no_log_of_what_is_gone)
{
	cleanup_buffer struct buffer log = {0};

	ck_assert_int_eq(runtime_log(here.r, "a1", 2, &log, &here.err), -1);
	ck_assert_int_eq(here.err.status, EX_SOFTWARE);
	ck_assert_uint_eq(log.length, 0);
}
END_TEST

/* --- hints ------------------------------------------------------------------------------------------- */

static atomic_bool stopped;
static int hints;

static void
count_hint(void *context)
{
	hints++;
	if (context != NULL)
		atomic_store(&stopped, true);
}

START_TEST(hints_at_events_until_they_end)
{
	engine_tell("GET /v1.41/events?", 200, "{}\n{}\n");
	atomic_store(&stopped, false);
	hints = 0;
	ck_assert_int_eq(runtime_follow(here.r, count_hint, NULL, &stopped, &here.err), -1);
	ck_assert_int_eq(here.err.status, EX_UNAVAILABLE);
	ck_assert_int_ge(hints, 1);
	engine_tell("GET /v1.41/events?", 403, "");
	ck_assert_int_eq(runtime_follow(here.r, count_hint, NULL, &stopped, &here.err), -1);
	ck_assert_int_eq(here.err.status, EX_SOFTWARE);
}
END_TEST

/* A look after that misses nothing. On this machine with what happens until it does. */
START_TEST(hints_once_it_listens)
{
	engine_tell("GET /v1.41/events?", 200, "");
	atomic_store(&stopped, false);
	hints = 0;
	ck_assert_int_eq(runtime_follow(here.r, count_hint, NULL, &stopped, &here.err), -1);
	ck_assert_int_eq(hints, 1);
	ck_assert_int_eq(engine_count("GET /v1.41/events?since="), 1);
	engine_tell("GET /v1.41/events?", 503, "");
	ck_assert_int_eq(runtime_follow(here.r, count_hint, NULL, &stopped, &here.err), -1);
	ck_assert_int_eq(hints, 1);
}
END_TEST

START_TEST(another_one_knows_what_it_is)
{
	struct runtime *again;

	ck_assert_int_eq(runtime_connect(here.r, &here.err), 0);
	engine_forget();
	engine_tell("GET /v1.41/events?", 200, "");
	again = runtime_again(here.r);
	ck_assert_str_eq(again->product, here.r->product);
	(void)runtime_follow(again, count_hint, NULL, &stopped, &here.err);
	ck_assert_int_eq(engine_count("GET /"), 1);
	runtime_free(again);
}
END_TEST

START_TEST(is_told_to_stop)
{
	engine_tell("GET /v1.41/events?", 200, "{}\n{}\n{\"half\": \"and silent\"}\n");
	engine_behave(ENGINE_SILENT, "/events");
	atomic_store(&stopped, false);
	ck_assert_int_eq(runtime_follow(here.r, count_hint, &stopped, &stopped, &here.err), 0);
}
END_TEST

Suite *
docker_engine_suite(void)
{
	Suite *s = suite_create("docker-engine");
	TCase *t = tcase_create("docker-engine"), *w = tcase_create("docker-windows");

	tcase_add_checked_fixture(t, docker_begin, docker_end);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, connects_and_asks_once_what_it_is);
	tcase_add_test(t, is_refused_at_first_and_later_served);
	tcase_add_test(t, speaks_no_version_that_is_too_new);
	tcase_add_loop_test(t, believes_no_broken_answer, 0, (int)COUNT(calls) * ENGINE_MANNERS);
	tcase_add_loop_test(t, starts_and_stops, 0, COUNT(acts));
	tcase_add_test(t, asks_for_no_other_path);
	tcase_add_test(t, reads_logs_with_and_without_a_terminal);
	tcase_add_test(t, has_no_log_of_what_is_gone);
	tcase_add_test(t, hints_at_events_until_they_end);
	tcase_add_test(t, hints_once_it_listens);
	tcase_add_test(t, another_one_knows_what_it_is);
	tcase_add_test(t, is_told_to_stop);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(w, docker_begin_on_windows, docker_end);
	tcase_add_test(w, sees_containers_of_windows);
	tcase_add_test(w, a_stop_on_windows_is_one);
	suite_add_tcase(s, w);
	return s;
}
