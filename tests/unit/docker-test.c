/* What engines say, taken apart: src/runtime/docker.h without an engine. */

#include "support.h"

#include "../../src/runtime/docker.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static struct buffer
bytes(const char *text)
{
	struct buffer b = {0};

	buffer_add(&b, text, strlen(text));
	return b;
}

/* --- an engine ------------------------------------------------------------------------ */

static const struct {
	const char *answer;
	const char *seen; /* "PRODUCT VERSION API [windows]", or NULL: refused */
} versions[] = {
    {"{\"Components\":[{\"Name\":\"Engine\",\"Version\":\"20.10.24+dfsg1\"}],\"Os\":\"linux\","
     "\"Version\":\"20.10.24+dfsg1\",\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.12\"}",
	"docker 20.10.24+dfsg1 1.41"},
    {"{\"Components\":[{\"Name\":\"Podman Engine\"},{\"Name\":\"Conmon\"}],\"Os\":\"linux\","
     "\"Version\":\"4.3.1\",\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.24\"}",
	"podman 4.3.1 1.41"},
    {"{\"Os\":\"windows\",\"Version\":\"27.0.3\",\"ApiVersion\":\"1.46\","
     "\"MinAPIVersion\":\"1.24\"}",
	"docker 27.0.3 1.46 windows"},
    {"{\"Version\":\"99\",\"ApiVersion\":\"1.70\",\"MinAPIVersion\":\"1.44\"}",
	"docker 99 1.51"}, /* ours */
    {"{\"Version\":\"99\",\"ApiVersion\":\"1.70\",\"MinAPIVersion\":\"1.51\"}", "docker 99 1.51"},
    {"{\"ApiVersion\":\"1.24\"}", "docker  1.24"},
    {"{\"ApiVersion\":\"1.41\",\"Version\":7,\"Components\":{\"Name\":3},\"Os\":[]}",
	"docker  1.41"},
    {"{\"ApiVersion\":\"1.70\",\"MinAPIVersion\":\"1.52\"}", NULL},
    {"{\"ApiVersion\":\"1.23\"}", NULL},
    {"{\"ApiVersion\":\"2.0\"}", NULL},
    {"{\"ApiVersion\":\"1.\"}", NULL},
    {"{\"ApiVersion\":\"1.41x\"}", NULL},
    {"{\"ApiVersion\":\"1.99999999999\"}", NULL},
    {"{\"ApiVersion\":1.41}", NULL},
    {"{\"ApiVersion\":\"1.41\"", NULL},
    {"{\"ApiVersion\":\"1.41\",\"ApiVersion\":\"1.41\"}", NULL},
    {"[]", NULL},
    {"<html>404</html>", NULL},
    {"", NULL},
};

START_TEST(tells_engines_apart)
{
	struct runtime_address address = {.name = (char *)"docker:/x"};
	struct runtime r = {.address = &address};
	cleanup_buffer struct buffer body = bytes(versions[_i].answer), seen = {0};
	struct error err = {0};
	int result = docker_read_version(&body, &r, &err);

	if (versions[_i].seen == NULL) {
		ck_assert_int_eq(result, -1);
		ck_assert_int_eq(err.status, EX_UNAVAILABLE);
		ck_assert_ptr_nonnull(strstr(err.text, "docker:/x"));
		ck_assert_str_eq(r.api, "");
		return;
	}
	ck_assert_msg(result == 0, "%s", err.text);
	buffer_text(&seen, "%s %s %s%s", r.product, r.version, r.api, r.windows ? " windows" : "");
	ck_assert_str_eq(buffer_string(&seen), versions[_i].seen);
}
END_TEST

/* What podman says with every answer saves asking it. */
static const struct {
	const char *greeting, *seen;
} greetings[] = {
    {"Libpod/4.3.1 (linux) 1.41", "podman 4.3.1 1.41"},
    {"Libpod/9.9 (freebsd) 1.99", "podman 9.9 1.51"}, /* ours */
    {"Libpod/\xff (linux) 1.41", "podman \\xff 1.41"},
    {"Libpod/4.3.1 (linux) 1.23", NULL},
    {"Libpod/4.3.1 (linux) -", NULL},
    {"Libpod/4.3.1", NULL},
    {"Docker/20.10.24+dfsg1 (linux) 1.41", NULL},
    {"- -", NULL},
    {"", NULL},
};

START_TEST(reads_what_podman_says_with_every_answer)
{
	struct runtime r = {.windows = true};
	cleanup_buffer struct buffer seen = {0};

	ck_assert(docker_read_greeting(greetings[_i].greeting, &r) == (greetings[_i].seen != NULL));
	buffer_text(&seen, "%s %s %s", r.product, r.version, r.api);
	ck_assert_str_eq(
	    buffer_string(&seen), greetings[_i].seen != NULL ? greetings[_i].seen : "  ");
	ck_assert(r.windows == (greetings[_i].seen == NULL));
}
END_TEST

START_TEST(cuts_a_long_version_at_a_character)
{
	struct runtime_address address = {.name = (char *)"docker:/x"};
	struct runtime r = {.address = &address};
	cleanup_buffer struct buffer body = bytes("{\"ApiVersion\":\"1.41\",\"Version\":\"");

	for (int i = 0; i < 100; i++)
		buffer_text(&body, "\xc3\xa9");
	buffer_text(&body, "\"}");
	ck_assert_int_eq(docker_read_version(&body, &r, NULL), 0);
	ck_assert_uint_eq(strlen(r.version), 62);
}
END_TEST

START_TEST(shows_messages_without_controls)
{
	cleanup_buffer struct buffer body = bytes("{\"message\":\"No such\\u001b[2J thing\"}");
	cleanup_buffer struct buffer none = bytes("nothing"), out = {0}, empty = {0};

	ck_assert_str_eq(docker_read_message(&body, &out), ": No such\\x1b[2J thing");
	ck_assert_str_eq(docker_read_message(&none, &empty), "");
}
END_TEST

/* --- a container ------------------------------------------------------------------------- */

static struct containers all;

static void
end(void)
{
	containers_release(&all);
}

/* "{}"'s are what differs: State, HostConfig, RestartCount. */
static struct container *
read_state(const char *state, const char *policy, const char *restarts, bool windows)
{
	cleanup_buffer struct buffer body = {0};
	struct container *c = containers_add(&all);

	buffer_text(&body,
	    "{\"Id\":\"f00d\",\"Created\":\"2026-05-12T12:00:00.5Z\",\"State\":%s,"
	    "\"Image\":\"sha256:abc\",\"Name\":\"/web\",\"RestartCount\":%s,"
	    "\"HostConfig\":{\"RestartPolicy\":%s},"
	    "\"Config\":{\"Image\":\"nginx:1\",\"Labels\":{\"a\":\"b\",\"n\":7}}}",
	    state, restarts, policy);
	ck_assert_int_eq(docker_read_container(&body, windows, c), 0);
	return c;
}

#define TIMES ",\"StartedAt\":\"2026-05-12T12:01:00Z\",\"FinishedAt\":\"2026-05-12T14:02:00+02:00\""
#define NEVER ",\"StartedAt\":\"0001-01-01T00:00:00Z\",\"FinishedAt\":\"0001-01-01T00:00:00Z\""

START_TEST(reads_a_container)
{
	const struct container *c =
	    read_state("{\"Status\":\"exited\",\"ExitCode\":137,\"OOMKilled\":true" TIMES "}",
		"{\"Name\":\"no\"}", "3", false);

	ck_assert_str_eq(c->id, "f00d");
	ck_assert_str_eq(c->name, "web");
	ck_assert_str_eq(c->image, "nginx:1");
	ck_assert_str_eq(c->digest, "sha256:abc");
	ck_assert_str_eq(container_label(c, "a"), "b");
	ck_assert_ptr_null(container_label(c, "n"));
	ck_assert_str_eq(time_text(c->created_at), "12:00:00.5");
	ck_assert_str_eq(time_text(c->started_at), "12:01:00");
	ck_assert_str_eq(time_text(c->finished_at), "12:02:00");
	ck_assert(c->has_exited && c->oom_killed && !c->restarts_itself);
	ck_assert_int_eq(c->exit_code, 137);
	ck_assert_int_eq(c->restarts, 3);
}
END_TEST

static const struct {
	const char *state;
	enum container_state expected;
	enum container_health health;
	bool has_exited;
} states[] = {
    {"{\"Status\":\"created\",\"ExitCode\":127" NEVER "}", CONTAINER_CREATED, HEALTH_NONE, false},
    {"{\"Status\":\"configured\"" NEVER "}", CONTAINER_CREATED, HEALTH_NONE, false},
    {"{\"Status\":\"initialized\"" NEVER "}", CONTAINER_CREATED, HEALTH_NONE, false},
    {"{\"Status\":\"running\",\"ExitCode\":0" TIMES "}", CONTAINER_RUNNING, HEALTH_NONE, false},
    {"{\"Status\":\"paused\"" TIMES "}", CONTAINER_PAUSED, HEALTH_NONE, false},
    {"{\"Status\":\"restarting\",\"Running\":true" TIMES "}", CONTAINER_RESTARTING, HEALTH_NONE,
	true},
    {"{\"Status\":\"stopping\"" TIMES "}", CONTAINER_STOPPING, HEALTH_NONE, false},
    {"{\"Status\":\"stopped\"" TIMES "}", CONTAINER_EXITED, HEALTH_NONE, true},
    {"{\"Status\":\"exited\"" TIMES "}", CONTAINER_EXITED, HEALTH_NONE, true},
    {"{\"Status\":\"removing\"" TIMES "}", CONTAINER_EXITED, HEALTH_NONE, true},
    {"{\"Status\":\"removing\"" NEVER "}", CONTAINER_CREATED, HEALTH_NONE, false},
    {"{\"Status\":\"dead\"" TIMES "}", CONTAINER_EXITED, HEALTH_NONE, true},
    {"{\"Status\":\"new word\",\"Running\":true" TIMES "}", CONTAINER_RUNNING, HEALTH_NONE, false},
    {"{\"Status\":\"new word\",\"Running\":false" TIMES "}", CONTAINER_EXITED, HEALTH_NONE, true},
    {"{\"Status\":7" NEVER "}", CONTAINER_CREATED, HEALTH_NONE, false},
    {"{}", CONTAINER_CREATED, HEALTH_NONE, false},
    {"{\"Status\":\"running\",\"Health\":{\"Status\":\"starting\"}" TIMES "}", CONTAINER_RUNNING,
	HEALTH_STARTING, false},
    {"{\"Status\":\"running\",\"Health\":{\"Status\":\"healthy\"}" TIMES "}", CONTAINER_RUNNING,
	HEALTH_HEALTHY, false},
    {"{\"Status\":\"running\",\"Health\":{\"Status\":\"unhealthy\"}" TIMES "}", CONTAINER_RUNNING,
	HEALTH_UNHEALTHY, false},
    {"{\"Status\":\"running\",\"Health\":{\"Status\":\"\"}" TIMES "}", CONTAINER_RUNNING,
	HEALTH_NONE, false},
};

START_TEST(maps_states)
{
	const struct container *c = read_state(states[_i].state, "{}", "0", false);

	ck_assert_int_eq(c->state, states[_i].expected);
	ck_assert_int_eq(c->health, states[_i].health);
	ck_assert_int_eq(c->has_exited, states[_i].has_exited);
}
END_TEST

static const struct {
	const char *policy, *restarts;
	bool itself;
} policies[] = {
    {"{\"Name\":\"no\",\"MaximumRetryCount\":0}", "0", false},
    {"{\"Name\":\"\"}", "0", false},
    {"{\"Name\":\"always\"}", "9", true},
    {"{\"Name\":\"unless-stopped\"}", "0", true},
    {"{\"Name\":\"on-failure\",\"MaximumRetryCount\":0}", "9", true},
    {"{\"Name\":\"on-failure\",\"MaximumRetryCount\":3}", "2", true},
    {"{\"Name\":\"on-failure\",\"MaximumRetryCount\":3}", "3", false},
    {"[]", "0", false},
    {"{\"Name\":[\"always\"]}", "\"7\"", false},
};

START_TEST(knows_what_restarts_itself)
{
	ck_assert_int_eq(
	    read_state("{}", policies[_i].policy, policies[_i].restarts, false)->restarts_itself,
	    policies[_i].itself);
}
END_TEST

START_TEST(reads_codes_of_windows)
{
	static const char plain[] = "{\"Status\":\"exited\",\"ExitCode\":3221225786" TIMES "}";
	static const char minus[] = "{\"Status\":\"exited\",\"ExitCode\":-1073741510" TIMES "}";
	struct container *c = read_state(plain, "{}", "0", true);

	ck_assert(c->exit_code == INT64_C(3221225786));
	docker_judge(c, NULL, true);
	ck_assert_int_eq(c->state, CONTAINER_FAILED);
	ck_assert_int_eq(c->signal, 0);
	ck_assert(read_state(minus, "{}", "0", true)->exit_code == INT64_C(3221225786));
	ck_assert(read_state(minus, "{}", "0", false)->exit_code == -1073741510);
}
END_TEST

START_TEST(keeps_backslashes)
{
	cleanup_buffer struct buffer body = bytes(
	    "{\"Id\":\"f00d\",\"Name\":\"/web\",\"State\":{},\"Config\":{\"Image\":\"iis\","
	    "\"Labels\":{\"com.docker.compose.project.working_dir\":\"C:\\\\apps\\\\web\"}}}");
	struct container *c = containers_add(&all);

	ck_assert_int_eq(docker_read_container(&body, true, c), 0);
	ck_assert_str_eq(
	    container_label(c, "com.docker.compose.project.working_dir"), "C:\\apps\\web");
}
END_TEST

static const char *const no_containers[] = {"", "{", "[]", "7", "null", "{}", "{\"message\":\"x\"}",
    "{\"Id\":7,\"Name\":\"/a\",\"State\":{}}", "{\"Id\":\"a\",\"Name\":\"/a\",\"State\":[]}",
    "{\"Id\":\"\",\"Name\":\"/a\",\"State\":{}}", "{\"Id\":\"a\",\"Name\":null,\"State\":{}}",
    "{\"Id\":\"a\",\"Name\":\"/\",\"State\":{}}",
    "{\"Id\":\"a\",\"Id\":\"a\",\"Name\":\"/a\",\"State\":{}}",
    "{\"Id\":\"a\",\"Name\":\"/\xff\",\"State\":{}}"};

START_TEST(refuses_what_is_no_container)
{
	cleanup_buffer struct buffer body = bytes(no_containers[_i]);

	ck_assert_int_eq(docker_read_container(&body, false, containers_add(&all)), -1);
}
END_TEST

START_TEST(takes_no_nesting_without_end)
{
	cleanup_buffer struct buffer body = {0};

	for (int i = 0; i < 500000; i++)
		buffer_text(&body, "[");
	ck_assert_int_eq(docker_read_container(&body, false, containers_add(&all)), -1);
	ck_assert(!docker_read_tty(&body));
}
END_TEST

/* --- a list ---------------------------------------------------------------------------------- */

static const struct {
	const char *status, *shape;
	timestamp age; /* a second less than what it says at least */
} statuses[] = {
    {"Up Less than a second", "Up ", 0},
    {"Up 1 second", "Up ", 0},
    {"Up 59 seconds", "Up ", SECONDS(58)},
    {"Up About a minute", "Up ", SECONDS(59)},
    {"Up 2 minutes", "Up ", SECONDS(119)},
    {"Up 46 minutes (healthy)", "Up  (healthy)", SECONDS(46 * 60 - 1)},
    {"Up About an hour (Paused)", "Up  (Paused)", SECONDS(3599)},
    {"Up 2 hours", "Up ", SECONDS(90 * 60 - 1)}, /* from an hour and a half on */
    {"Up 3 days", "Up ", DAYS(3) - MINUTES(30) - SECONDS(1)},
    {"Up 2 weeks (unhealthy)", "Up  (unhealthy)", DAYS(14) - MINUTES(30) - SECONDS(1)},
    {"Exited (137) 4 months ago", "Exited (137)  ago", DAYS(120) - MINUTES(30) - SECONDS(1)},
    {"Exited (3221225786) 2 years ago", "Exited (3221225786)  ago",
	DAYS(730) - MINUTES(30) - SECONDS(1)},
    {"Exited (0) About a minute ago", "Exited (0)  ago", SECONDS(59)},
    {"Created", "Created", TIMESTAMP_LAST - SECONDS(1)},
    {"Restarting (1) 5 minutes ago", "Restarting (1) 5 minutes ago", 0},
    {"Removal In Progress", "Removal In Progress", 0},
    {"Dead", "Dead", 0},
    {"", "", 0},
    {"Up ", "Up ", 0},
    {"Up 5", "Up 5", 0},
    {"Up 5 parsecs", "Up 5 parsecs", 0},
    {"Up 99999 days", "Up 99999 days", 0},
    {"Exited (0", "Exited (0", 0},
    {"Exited (0) ", "Exited (0) ", 0},
};

START_TEST(reads_how_long_it_has_been_so)
{
	cleanup_buffer struct buffer shape = {0};

	ck_assert_msg(docker_read_status(statuses[_i].status, &shape) == statuses[_i].age, "%s",
	    statuses[_i].status);
	ck_assert_str_eq(buffer_string(&shape), statuses[_i].shape);
}
END_TEST

START_TEST(lists_by_id)
{
	cleanup_buffer struct buffer body =
	    bytes("[{\"Id\":\"b2\",\"Names\":[\"/web\"],\"State\":\"running\","
		  "\"Status\":\"Up 3 hours (healthy)\"},{\"Id\":\"A1\"},"
		  "{\"Id\":\"b1\",\"Names\":7,\"State\":{},\"Status\":[]}]");
	struct docker_view v = {0};

	ck_assert_int_eq(docker_read_list(&body, &v), 0);
	ck_assert_uint_eq(v.count, 3);
	ck_assert_str_eq(v.list[0].id, "A1");
	ck_assert_str_eq(v.list[0].shape, "\n\n");
	ck_assert_str_eq(v.list[1].id, "b1");
	ck_assert_str_eq(v.list[2].shape, "/web\nrunning\nUp  (healthy)");
	ck_assert_ptr_eq(docker_view_find(&v, "b2"), &v.list[2]);
	ck_assert_ptr_null(docker_view_find(&v, "b3"));
	docker_view_release(&v);
	ck_assert_ptr_null(docker_view_find(&v, "b2"));
}
END_TEST

static const char *const no_lists[] = {"", "{}", "null", "[", "[7]", "[{}]", "[{\"Id\":7}]",
    "[{\"Id\":\"\"}]", "[{\"Id\":\"../x\"}]", "[{\"Id\":\"a b\"}]", "[{\"Id\":\"a?b\"}]",
    "[{\"Id\":\"a\"},{\"Id\":\"b\"},{\"Id\":\"a\"}]", "{\"message\":\"x\"}"};

START_TEST(refuses_what_is_no_list)
{
	cleanup_buffer struct buffer body = bytes(no_lists[_i]);
	struct docker_view v = {0};

	ck_assert_int_eq(docker_read_list(&body, &v), -1);
	docker_view_release(&v);
}
END_TEST

START_TEST(refuses_endless_lists)
{
	cleanup_buffer struct buffer body = bytes("[");
	struct docker_view v = {0};

	for (int i = 0; i <= CONTAINERS_MAX; i++)
		buffer_text(&body, "%s{\"Id\":\"%d\"}", i > 0 ? "," : "", i);
	buffer_text(&body, "]");
	ck_assert_int_eq(docker_read_list(&body, &v), -1);
	docker_view_release(&v);
}
END_TEST

Suite *
docker_suite(void)
{
	Suite *s = suite_create("docker");
	TCase *t = tcase_create("docker");

	tcase_add_checked_fixture(t, NULL, end);
	tcase_add_loop_test(t, tells_engines_apart, 0, COUNT(versions));
	tcase_add_loop_test(t, reads_what_podman_says_with_every_answer, 0, COUNT(greetings));
	tcase_add_test(t, cuts_a_long_version_at_a_character);
	tcase_add_test(t, shows_messages_without_controls);
	tcase_add_test(t, reads_a_container);
	tcase_add_loop_test(t, maps_states, 0, COUNT(states));
	tcase_add_loop_test(t, knows_what_restarts_itself, 0, COUNT(policies));
	tcase_add_test(t, reads_codes_of_windows);
	tcase_add_test(t, keeps_backslashes);
	tcase_add_loop_test(t, refuses_what_is_no_container, 0, COUNT(no_containers));
	tcase_add_test(t, takes_no_nesting_without_end);
	tcase_add_loop_test(t, reads_how_long_it_has_been_so, 0, COUNT(statuses));
	tcase_add_test(t, lists_by_id);
	tcase_add_loop_test(t, refuses_what_is_no_list, 0, COUNT(no_lists));
	tcase_add_test(t, refuses_endless_lists);
	suite_add_tcase(s, t);
	return s;
}
