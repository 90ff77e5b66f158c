/* docker-list.c: what is looked into, and how ends are explained. */

#include "docker-support.h"

#include <homelab/disk.h>

#include <string.h>

/* --- a list --------------------------------------------------------------------------------- */

START_TEST(looks_into_what_may_have_changed)
{
	static const char old[] = "[" ROW("a1", "running", "Up 2 hours") "]";
	static const char healthy[] = "[" ROW("a1", "running", "Up 2 hours (healthy)") "]";
	static const char young[] = "[" ROW("a1", "running", "Up Less than a second") "]";

	engine_tell("GET /v1.41/containers/json?all=1", 200, old);
	engine_tell("GET /v1.41/containers/a1/json", 200, BOX("a1", RUNS));
	ck_assert_str_eq(docker_list_of("a1")->name, "na1");
	ck_assert_str_eq(docker_list_of("a1")->runtime, "docker:here");
	ck_assert_int_eq(engine_count("a1/json"), 0); /* the second time */
	engine_tell("GET /v1.41/containers/json?all=1", 200, healthy);
	(void)docker_list_of("a1");
	ck_assert_int_eq(engine_count("a1/json"), 1);
	engine_tell("GET /v1.41/containers/json?all=1", 200, young);
	(void)docker_list_of("a1");
	(void)docker_list_of("a1");
	ck_assert_int_eq(engine_count("a1/json"), 1); /* down and up, for all we know */
}
END_TEST

START_TEST(sees_what_was_down_and_up)
{
	engine_tell(
	    "GET /v1.41/containers/json?all=1", 200, "[" ROW("a1", "running", "Up 1 second") "]");
	engine_tell("GET /v1.41/containers/a1/json", 200, BOX("a1", RUNS));
	engine_tell("GET /v1.41/events", 200, "");
	ck_assert_str_eq(time_text(docker_list_of("a1")->started_at), "12:00:00");
	engine_tell("GET /v1.41/containers/a1/json", 200,
	    BOX("a1", "\"Status\":\"running\",\"StartedAt\":\"2026-05-12T12:00:03Z\""));
	ck_assert_str_eq(time_text(docker_list_of("a1")->started_at), "12:00:03");
}
END_TEST

START_TEST(looks_into_each_now_and_then)
{
	int looks = 0;

	engine_tell("GET /v1.41/containers/json?all=1", 200,
	    "[" ROW("a1", "running", "Up 2 hours") "," ROW("b2", "created", "Created") "]");
	engine_tell("GET /v1.41/containers/a1/json", 200, BOX("a1", RUNS));
	engine_tell("GET /v1.41/containers/b2/json", 200, BOX("b2", "\"Status\":\"created\""));
	(void)docker_list_of("a1");
	for (int i = 0; i < 30; i++) {
		(void)docker_list_of("a1");
		looks += engine_count("/json") - 1;
	}
	ck_assert_int_eq(looks, 2);
}
END_TEST

START_TEST(asks_for_health_that_is_in_no_list)
{
	engine_tell(
	    "GET /v1.41/containers/json?all=1", 200, "[" ROW("a1", "running", "Up 2 hours") "]");
	engine_tell("GET /v1.41/containers/a1/json", 200,
	    BOX("a1", RUNS ",\"Health\":{\"Status\":\"healthy\"}"));
	(void)docker_list_of("a1");
	engine_tell("GET /v1.41/containers/a1/json", 200,
	    BOX("a1", RUNS ",\"Health\":{\"Status\":\"unhealthy\"}"));
	ck_assert_int_eq(docker_list_of("a1")->health, HEALTH_UNHEALTHY);
}
END_TEST

START_TEST(goes_on_without_what_is_gone)
{
	engine_tell("GET /v1.41/containers/json?all=1", 200,
	    "[" ROW("a1", "running", "Up 2 hours") "," ROW("b2", "running", "Up 1 second") "]");
	engine_tell("GET /v1.41/containers/a1/json", 200, BOX("a1", RUNS));
	ck_assert_ptr_null(docker_list_of("b2"));
	ck_assert_uint_eq(here.seen.count, 1);
	engine_tell("GET /v1.41/containers/json?all=1", 200, "[]");
	(void)docker_list_of("a1");
	ck_assert_uint_eq(here.seen.count, 0);
}
END_TEST

START_TEST(takes_no_other_for_it)
{
	engine_tell(
	    "GET /v1.41/containers/json?all=1", 200, "[" ROW("a1", "running", "Up 2 hours") "]");
	engine_tell("GET /v1.41/containers/a1/json", 200, BOX("a2", RUNS));
	ck_assert_int_eq(runtime_list(here.r, here.since, &here.seen, &here.err), -1);
	ck_assert_int_eq(here.err.status, EX_UNAVAILABLE);
	ck_assert_uint_eq(here.seen.count, 0);
}
END_TEST

START_TEST(is_not_there_where_it_refuses)
{
	engine_tell("GET /v1.41/containers/json?all=1", 403, "{\"message\":\"by a proxy\"}");
	ck_assert_int_eq(runtime_list(here.r, here.since, &here.seen, &here.err), -1);
	ck_assert_int_eq(here.err.status, EX_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(here.err.text, "by a proxy"));
}
END_TEST

START_TEST(leaves_what_was_there_before_a_failure)
{
	engine_tell("GET /v1.41/containers/json?all=1", 200,
	    "[" ROW("a1", "running", "Up 2 hours") "," ROW("b2", "running", "Up 2 hours") "]");
	engine_tell("GET /v1.41/containers/a1/json", 200, BOX("a1", RUNS));
	engine_tell("GET /v1.41/containers/b2/json", 500, "{\"message\":\"so \\u001b sad\"}");
	(void)containers_add(&here.seen);
	ck_assert_int_eq(runtime_list(here.r, here.since, &here.seen, &here.err), -1);
	ck_assert_int_eq(here.err.status, EX_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(here.err.text, "500: so \\x1b sad"));
	ck_assert_uint_eq(here.seen.count, 1);
}
END_TEST

/* --- ends --------------------------------------------------------------------------------------- */

START_TEST(asks_once_why_it_ended)
{
	cleanup_buffer struct buffer events = {0};

	buffer_text(&events, "%s", docker_event("kill", "\"signal\":\"15\""));
	buffer_text(&events, "%s", docker_event("die", "\"exitCode\":\"137\""));
	docker_has_ended(BOX("a1", ENDED));
	engine_tell("GET /v1.41/events", 200, buffer_string(&events));
	ck_assert_int_eq(docker_list_of("a1")->state, CONTAINER_EXITED);
	ck_assert(here.seen.list[0].stop_requested && here.seen.list[0].signal == 9);
	ck_assert_int_eq(engine_count("GET /v1.41/events"), 1);
	engine_tell("GET /v1.41/events", 200, ""); /* it has forgotten */
	ck_assert_int_eq(docker_list_of("a1")->state, CONTAINER_EXITED);
	ck_assert(here.seen.list[0].stop_requested);
	ck_assert_int_eq(engine_count("GET /v1.41/events"), 0);
}
END_TEST

START_TEST(nobody_asked)
{
	docker_has_ended(BOX("a1", ENDED));
	engine_tell("GET /v1.41/events", 200, docker_event("die", "\"exitCode\":\"137\""));
	ck_assert_int_eq(docker_list_of("a1")->state, CONTAINER_FAILED);
	ck_assert(!here.seen.list[0].stop_requested);
}
END_TEST

START_TEST(knows_the_code_of_what_runs_again)
{
	docker_has_ended(BOX("a1", AGAIN));
	engine_tell("GET /v1.41/events", 200, docker_event("die", "\"exitCode\":\"3\""));
	ck_assert(!docker_list_of("a1")->has_exited); /* the first sight claims no end before it */
	runtime_free(here.r);
	here.r = runtime_new(&here.address);
	here.since = clock_real() - MINUTES(2);
	ck_assert(docker_list_of("a1")->has_exited);
	ck_assert_int_eq(here.seen.list[0].exit_code, 3);
	ck_assert_int_eq(here.seen.list[0].state, CONTAINER_RUNNING);
	ck_assert_int_eq(docker_list_of("a1")->exit_code, 3);
	ck_assert_int_eq(engine_count("GET /v1.41/events"), 0);
}
END_TEST

/* podman's events don't always have it. */
START_TEST(saw_it_being_stopped)
{
	engine_tell(
	    "GET /v1.41/containers/json?all=1", 200, "[" ROW("a1", "stopping", "Up 2 hours") "]");
	engine_tell("GET /v1.41/containers/a1/json", 200, BOX("a1", "\"Status\":\"stopping\""));
	ck_assert_int_eq(docker_list_of("a1")->state, CONTAINER_STOPPING);
	docker_has_ended(BOX("a1", ENDED));
	engine_tell("GET /v1.41/events", 200, docker_event("die", "\"exitCode\":\"137\""));
	ck_assert_int_eq(docker_list_of("a1")->state, CONTAINER_EXITED);
	ck_assert(here.seen.list[0].stop_requested);
}
END_TEST

START_TEST(stopped_it_itself)
{
	engine_tell(
	    "GET /v1.41/containers/json?all=1", 200, "[" ROW("a1", "running", "Up 2 hours") "]");
	engine_tell("GET /v1.41/containers/a1/json", 200, BOX("a1", RUNS));
	engine_tell("POST /v1.41/containers/a1/stop", 204, "");
	(void)docker_list_of("a1");
	ck_assert_int_eq(runtime_stop(here.r, "a1", &here.err), 0);
	docker_has_ended(BOX("a1", ENDED));
	engine_tell("GET /v1.41/events", 200, docker_event("die", "\"exitCode\":\"137\""));
	ck_assert_int_eq(docker_list_of("a1")->state, CONTAINER_EXITED);
}
END_TEST

START_TEST(a_stop_that_failed_asked_for_no_later_end)
{
	engine_tell(
	    "GET /v1.41/containers/json?all=1", 200, "[" ROW("a1", "running", "Up 2 hours") "]");
	engine_tell("GET /v1.41/containers/a1/json", 200, BOX("a1", RUNS));
	(void)docker_list_of("a1");
	ck_assert_int_eq(runtime_stop(here.r, "a1", &here.err), -1);
	(void)docker_list_of("a1");
	docker_has_ended(BOX("a1", ENDED));
	engine_tell("GET /v1.41/events", 200, docker_event("die", "\"exitCode\":\"137\""));
	ck_assert_int_eq(docker_list_of("a1")->state, CONTAINER_FAILED);
}
END_TEST

static const char podman[] =
    "{\"ApiVersion\":\"1.41\",\"Components\":[{\"Name\":\"Podman Engine\"}]}";

START_TEST(asks_podman_for_no_stream)
{
	engine_tell("GET /version", 200, podman);
	docker_has_ended(BOX("a1", ENDED));
	engine_tell("GET /v1.41/events", 200, docker_event("die", "\"exitCode\":\"137\""));
	ck_assert_int_eq(docker_list_of("a1")->state, CONTAINER_FAILED);
	ck_assert_int_eq(engine_count("GET /v1.41/events"), 1);
	ck_assert_int_eq(engine_count("stream=false"), 1);
}
END_TEST

/* 4.3 ends a stream before it has told everything, if it has no time. */
START_TEST(gives_podman_time)
{
	engine_tell("GET /version", 200, podman);
	docker_has_ended(BOX("a1", ENDED));
	engine_tell("GET /v1.41/events", 200, "");
	ck_assert_int_eq(docker_list_of("a1")->state, CONTAINER_FAILED);
	ck_assert_int_eq(engine_count("GET /v1.41/events"), 2);
	ck_assert_int_eq(engine_count("stream=false"), 1);
}
END_TEST

START_TEST(does_without_events_that_are_refused)
{
	docker_has_ended(BOX("a1", ENDED));
	engine_tell("GET /v1.41/events", 403, "");
	ck_assert_int_eq(docker_list_of("a1")->state, CONTAINER_FAILED);
}
END_TEST

START_TEST(needs_events_that_are_there)
{
	docker_has_ended(BOX("a1", ENDED));
	engine_tell("GET /v1.41/events", 500, "");
	ck_assert_int_eq(runtime_list(here.r, here.since, &here.seen, &here.err), -1);
	ck_assert_int_eq(here.err.status, EX_UNAVAILABLE);
}
END_TEST

Suite *
docker_list_suite(void)
{
	Suite *s = suite_create("docker-list");
	TCase *t = tcase_create("docker-list");

	tcase_add_checked_fixture(t, docker_begin, docker_end);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, looks_into_what_may_have_changed);
	tcase_add_test(t, sees_what_was_down_and_up);
	tcase_add_test(t, looks_into_each_now_and_then);
	tcase_add_test(t, asks_for_health_that_is_in_no_list);
	tcase_add_test(t, goes_on_without_what_is_gone);
	tcase_add_test(t, takes_no_other_for_it);
	tcase_add_test(t, is_not_there_where_it_refuses);
	tcase_add_test(t, leaves_what_was_there_before_a_failure);
	tcase_add_test(t, asks_once_why_it_ended);
	tcase_add_test(t, nobody_asked);
	tcase_add_test(t, knows_the_code_of_what_runs_again);
	tcase_add_test(t, saw_it_being_stopped);
	tcase_add_test(t, stopped_it_itself);
	tcase_add_test(t, a_stop_that_failed_asked_for_no_later_end);
	tcase_add_test(t, asks_podman_for_no_stream);
	tcase_add_test(t, gives_podman_time);
	tcase_add_test(t, does_without_events_that_are_refused);
	tcase_add_test(t, needs_events_that_are_there);
	suite_add_tcase(s, t);
	return s;
}
