/* A runtime of the kubelet's as a whole: calls one after another, and logs. */

#include "rpc.h"

#include "../../src/runtime/cri.h"

#include <homelab/http.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

static struct runtime_address address = {.kind = RUNTIME_CRI, .name = (char *)"cri:test"};
static struct runtime runtime;
static struct containers found;
static struct error err;

static void
start(void)
{
	memory_init();
	http_init();
	rpc_start();
	address.socket = rpc_server.path;
	runtime = (struct runtime){.operations = &cri_operations, .address = &address};
}

static void
stop(void)
{
	rpc_stop();
	cri_operations.release(&runtime);
	containers_release(&found);
}

/* --- what it answers ------------------------------------------------------------------ */

static void
answer_version(void)
{
	struct rpc_answer *a = rpc_add(RPC_WELL);

	proto_text(&a->message, 2, "containerd");
	proto_text(&a->message, 3, "1.7");
	proto_text(&a->message, 4, "v1");
}

static void
add_listed(struct buffer *message, const char *id, unsigned state)
{
	struct buffer c = {0}, metadata = {0};

	proto_text(&c, 1, id);
	proto_text(&c, 2, "sandbox");
	proto_text(&metadata, 1, id);
	proto_message(&c, 3, &metadata);
	proto_number(&c, 6, state);
	proto_message(message, 1, &c);
}

/* "a" in a state, and "b" which runs. */
static void
answer_list(unsigned state)
{
	struct rpc_answer *a = rpc_add(RPC_WELL);

	add_listed(&a->message, "a", state);
	add_listed(&a->message, "b", 1);
}

static void
answer_status(unsigned state, const char *log)
{
	struct buffer s = {0};

	proto_number(&s, 3, state);
	proto_number(&s, 5, 5);
	proto_number(&s, 6, state == 2 ? 6 : 0);
	proto_number(&s, 7, state == 2 ? 137 : 0);
	proto_text(&s, 15, log);
	proto_message(&rpc_add(RPC_WELL)->message, 1, &s);
}

static void
answer_sandboxes(unsigned state)
{
	struct buffer s = {0};

	proto_text(&s, 1, "sandbox");
	proto_number(&s, 3, state);
	proto_message(&rpc_add(RPC_WELL)->message, 1, &s);
}

static int
list(void)
{
	err = (struct error){0};
	containers_release(&found);
	return cri_operations.list(&runtime, TIMESTAMP_NONE, &found, &err);
}

/* --- calls ----------------------------------------------------------------------------- */

START_TEST(test_connect)
{
	answer_version();
	ck_assert_msg(cri_operations.connect(&runtime, &err) == 0, "%s", err.text);
	ck_assert_str_eq(runtime.product, "containerd");
	ck_assert_str_eq(runtime.version, "1.7");
	ck_assert_str_eq(runtime.api, "v1");
	ck_assert_mem_eq(rpc_server.answers[0].request.data, "\0\0\0\0\4\x0a\2v1", 9);
}
END_TEST

START_TEST(test_connect_to_another)
{
	buffer_text(&rpc_add(RPC_WELL)->message, "no protobuf");
	ck_assert_int_eq(cri_operations.connect(&runtime, &err), -1);
	ck_assert_int_eq(err.status, EX_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(err.text, "Version at "));
}
END_TEST

/* As Docker's containerd has it. */
START_TEST(test_connect_to_none)
{
	rpc_add(RPC_TRAILERS_ONLY)->status = 12;
	ck_assert_int_eq(cri_operations.connect(&runtime, &err), -1);
	ck_assert_int_eq(err.status, EX_SOFTWARE);
	rpc_add(RPC_TRAILERS_ONLY)->status = 14;
	ck_assert_int_eq(cri_operations.connect(&runtime, &err), -1);
	ck_assert_int_eq(err.status, EX_UNAVAILABLE);
}
END_TEST

START_TEST(test_list)
{
	answer_list(2);
	answer_status(2, "");
	answer_status(1, "");
	answer_sandboxes(0);
	ck_assert_msg(list() == 0, "%s", err.text);
	ck_assert_uint_eq(found.count, 2);
	ck_assert_str_eq(found.list[0].runtime, "cri:test");
	ck_assert_str_eq(found.list[0].id, "a");
	ck_assert_int_eq(found.list[0].state, CONTAINER_FAILED);
	ck_assert_int_eq(found.list[0].signal, 9);
	ck_assert_int_eq(found.list[1].state, CONTAINER_RUNNING);
	ck_assert_mem_eq(rpc_server.answers[1].request.data, "\0\0\0\0\3\x0a\1a", 8);
	ck_assert_mem_eq(rpc_server.answers[2].request.data, "\0\0\0\0\3\x0a\1b", 8);
}
END_TEST

/* The second look asks of the one that isn't what it was; a stop of the sandbox
 * is seen in it, too. */
START_TEST(test_list_again)
{
	answer_list(1);
	answer_status(1, "");
	answer_status(1, "");
	answer_sandboxes(0);
	ck_assert_int_eq(list(), 0);
	answer_list(2);
	answer_status(2, "");
	answer_sandboxes(1);
	ck_assert_msg(list() == 0, "%s", err.text);
	ck_assert_int_eq(atomic_load(&rpc_server.calls), 7);
	ck_assert_int_eq(found.list[0].state, CONTAINER_EXITED);
	ck_assert(found.list[0].stop_requested);
	ck_assert_int_eq(found.list[1].state, CONTAINER_RUNNING);
	ck_assert_int_eq(found.list[1].started_at, 5);
}
END_TEST

START_TEST(test_list_without_the_removed)
{
	answer_list(2);
	rpc_add(RPC_TRAILERS_ONLY)->status = 5;
	answer_status(1, "");
	answer_sandboxes(0);
	ck_assert_int_eq(list(), 0);
	ck_assert_uint_eq(found.count, 1);
	ck_assert_str_eq(found.list[0].id, "b");
}
END_TEST

/* Whichever call fails, nothing is added; and the next list is whole. */
START_TEST(test_a_list_fails)
{
	static const enum rpc_manner manners[] = {
	    RPC_TRAILERS_ONLY, RPC_CUT, RPC_WITHOUT_STATUS, RPC_WELL};

	for (int at = 0; at < 4; at++) {
		int first = rpc_server.count;

		answer_list(2);
		answer_status(2, "");
		answer_status(1, "");
		answer_sandboxes(0);
		rpc_server.answers[first + at].manner = manners[_i];
		rpc_server.answers[first + at].status = manners[_i] == RPC_TRAILERS_ONLY ? 2 : 0;
		rpc_server.answers[first + at].message.length = 0;
		buffer_text(&rpc_server.answers[first + at].message, "no protobuf");
		ck_assert_int_eq(list(), -1);
		ck_assert_int_eq(err.status, EX_UNAVAILABLE);
		ck_assert_uint_eq(found.count, 0);
		ck_assert_int_eq(atomic_load(&rpc_server.next), first + at + 1);
		rpc_forget();
	}
	answer_list(2);
	answer_status(2, "");
	answer_status(1, "");
	answer_sandboxes(0);
	ck_assert_msg(list() == 0, "%s", err.text);
	ck_assert_uint_eq(found.count, 2);
}
END_TEST

START_TEST(test_nothing_is_done)
{
	ck_assert(!cri_operations.acts);
	ck_assert_int_eq(cri_operations.start(&runtime, "a", &err), -1);
	ck_assert_int_eq(err.status, EX_SOFTWARE);
	err.status = 0;
	ck_assert_int_eq(cri_operations.stop(&runtime, "a", &err), -1);
	ck_assert_int_eq(err.status, EX_SOFTWARE);
	ck_assert_int_eq(atomic_load(&rpc_server.calls), 0);
}
END_TEST

/* --- hints ------------------------------------------------------------------------------ */

static atomic_bool stopped;
static atomic_int hints, enough;

static void
hint(void *context)
{
	(void)context;
	if (atomic_fetch_add(&hints, 1) + 1 == atomic_load(&enough))
		atomic_store(&stopped, true);
}

enum { HINTS = 6 }; /* of one event: the list may be slower than it */

static int
follow(int until)
{
	atomic_store(&hints, 0);
	atomic_store(&enough, until);
	err = (struct error){0};
	atomic_store(&stopped, false);
	return cri_operations.follow(&runtime, hint, NULL, &stopped, &err);
}

/* It says nothing before its first event; until then as after one. */
START_TEST(test_stream_begins)
{
	rpc_add(RPC_SILENT);
	ck_assert_msg(follow(3) == 0, "%s", err.text);
	ck_assert_int_ge(atomic_load(&hints), 3);
}
END_TEST

START_TEST(test_first_stream)
{
	struct rpc_answer *a = rpc_add(RPC_STREAM);

	buffer_text(&a->message, "event");
	a->delay = SECONDS(1) / 10;
	ck_assert_msg(follow(HINTS + 1) == 0, "%s", err.text);
	ck_assert_int_ge(atomic_load(&hints), HINTS + 1);
	ck_assert_uint_eq(rpc_server.answers[0].request.length, 7 + 48);
	ck_assert_mem_eq(
	    rpc_server.answers[0].request.data, "\0\0\0\0\x32\x0a\x30namespace==k8s.io,", 25);
}
END_TEST

START_TEST(test_second_stream)
{
	rpc_add(RPC_TRAILERS_ONLY)->status = 12;
	buffer_text(&rpc_add(RPC_STREAM)->message, "event");
	ck_assert_int_eq(follow(3), 0);
	ck_assert_int_ge(atomic_load(&hints), 3);
}
END_TEST

START_TEST(test_no_stream)
{
	rpc_add(RPC_TRAILERS_ONLY)->status = 12;
	rpc_add(RPC_TRAILERS_ONLY)->status = 12;
	ck_assert_int_eq(follow(3), -1);
	ck_assert_int_eq(err.status, EX_SOFTWARE);
}
END_TEST

START_TEST(test_a_stream_breaks)
{
	rpc_add(RPC_CUT);
	ck_assert_int_eq(follow(3), -1);
	ck_assert_int_eq(err.status, EX_UNAVAILABLE);
}
END_TEST

/* --- logs ------------------------------------------------------------------------------- */

#define T "2026-05-12T12:05:00.123456789Z "

static const struct {
	const char *text;
	bool whole;
	unsigned lines;
	const char *expected;
} logs[] = {
    {T "stdout F one\n" T "stderr F two\n", true, 5, "one\ntwo\n"},
    {T "stdout F one\n" T "stderr F two\n", true, 1, "two\n"},
    {T "stdout F one\n" T "stderr F two\n", true, 2, "one\ntwo\n"},
    {T "stdout F one\n" T "stderr F two\n", false, 5, "two\n"},
    {T "stdout F one\n", true, 0, ""},
    {T "stdout P on\n" T "stdout P e\n" T "stdout F !\n", true, 1, "one!\n"},
    {T "stdout P a\n" T "stderr F b\n", true, 5, "a\nb\n"},
    {T "stdout P a\n", true, 5, "a\n"},
    {T "stdout F one\n" T "stdout F not ended", true, 5, "one\nnot ended\n"},
    {T "stdout F \n", true, 5, "\n"},
    {T "stdout F  a b \n", true, 5, " a b \n"},
    {"root:x:0:0:root:/root:/bin/sh\nstdout F a\n\n" T "\n" T "stdout\n", true, 5, ""},
    {T "stdlog F a\n" T "stdout X a\n" T "stdout Fa\n" T "stdout F", true, 5, ""},
    {"yesterday stdout F a\n" T "stdout F b\n", true, 5, "b\n"},
    {"", true, 5, ""},
    {"", false, 5, ""},
    {"no newline", false, 5, ""},
};

START_TEST(test_tail)
{
	cleanup_buffer struct buffer out = {0};

	cri_log_tail(logs[_i].text, strlen(logs[_i].text), logs[_i].whole, logs[_i].lines, &out);
	ck_assert_str_eq(buffer_string(&out), logs[_i].expected);
}
END_TEST

/* Lines of `length` bytes without the newline, `count` times. */
static void
add_log(struct buffer *out, size_t length, unsigned count)
{
	while (count-- > 0)
		buffer_text(out, T "stdout F %0*u\n", (int)length, count);
}

START_TEST(test_tail_of_much)
{
	cleanup_buffer struct buffer log = {0}, out = {0};

	add_log(&log, 99, 100);
	cri_log_tail((char *)log.data, log.length, true, 1000, &out);
	ck_assert_uint_eq(out.length, 4000); /* whole lines, as many as go in */
	out.length = 0;
	cri_log_tail((char *)log.data, log.length, true, 3, &out);
	ck_assert_uint_eq(out.length, 300);
	out.length = log.length = 0;
	add_log(&log, 1023, 6);
	cri_log_tail((char *)log.data, log.length, true, 9, &out);
	ck_assert_uint_eq(out.length, RUNTIME_LOG_MAX);
	out.length = log.length = 0;
	add_log(&log, 10000, 2);
	cri_log_tail((char *)log.data, log.length, true, 1, &out);
	ck_assert_uint_eq(out.length, RUNTIME_LOG_MAX);
	ck_assert_int_eq(out.data[RUNTIME_LOG_MAX - 2], '0');
}
END_TEST

static char path[128];

static void
write_log(const struct buffer *log)
{
	int fd;

	(void)snprintf(path, sizeof(path), "%s/log", rpc_server.directory);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, log->data, log->length), (ssize_t)log->length);
	(void)close(fd);
}

START_TEST(test_log)
{
	cleanup_buffer struct buffer log = {0}, out = {0};

	add_log(&log, 10, 10000);
	write_log(&log);
	answer_status(1, path);
	ck_assert_msg(cri_operations.log(&runtime, "a", 2, &out, &err) == 0, "%s", err.text);
	ck_assert_str_eq(buffer_string(&out), "0000000001\n0000000000\n");
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(test_no_log)
{
	cleanup_buffer struct buffer out = {0};
	char link[160];

	(void)snprintf(path, sizeof(path), "%s/pipe", rpc_server.directory);
	(void)snprintf(link, sizeof(link), "%s/link", rpc_server.directory);
	ck_assert_int_eq(mkfifo(path, 0644), 0);
	ck_assert_int_eq(symlink("/etc/hostname", link), 0);
	for (int i = 0; i < 5; i++) {
		const char *const paths[] = {path, link, rpc_server.directory, "/nowhere/log", ""};

		answer_status(1, paths[i]);
		err = (struct error){0};
		ck_assert_int_eq(cri_operations.log(&runtime, "a", 2, &out, &err), -1);
		ck_assert_int_eq(err.status, EX_UNAVAILABLE);
	}
	rpc_add(RPC_TRAILERS_ONLY)->status = 5;
	ck_assert_int_eq(cri_operations.log(&runtime, "a", 2, &out, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "cannot find the log of a"));
	ck_assert_uint_eq(out.length, 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(unlink(link), 0);
}
END_TEST

Suite *
cri_suite(void)
{
	Suite *suite = suite_create("cri");
	TCase *calls = tcase_create("calls"), *hearing = tcase_create("hints"),
	      *pure = tcase_create("lines");

	tcase_add_checked_fixture(calls, start, stop);
	tcase_add_test(calls, test_connect);
	tcase_add_test(calls, test_connect_to_another);
	tcase_add_test(calls, test_connect_to_none);
	tcase_add_test(calls, test_list);
	tcase_add_test(calls, test_list_again);
	tcase_add_test(calls, test_list_without_the_removed);
	tcase_add_loop_test(calls, test_a_list_fails, 0, 4);
	tcase_add_test(calls, test_nothing_is_done);
	tcase_add_test(calls, test_log);
	tcase_add_test(calls, test_no_log);
	suite_add_tcase(suite, calls);
	tcase_add_checked_fixture(hearing, start, stop);
	tcase_set_tags(hearing, "threads");
	tcase_add_test(hearing, test_stream_begins);
	tcase_add_test(hearing, test_first_stream);
	tcase_add_test(hearing, test_second_stream);
	tcase_add_test(hearing, test_no_stream);
	tcase_add_test(hearing, test_a_stream_breaks);
	suite_add_tcase(suite, hearing);
	tcase_add_loop_test(pure, test_tail, 0, (int)COUNT(logs));
	tcase_add_test(pure, test_tail_of_much);
	suite_add_tcase(suite, pure);
	return suite;
}
