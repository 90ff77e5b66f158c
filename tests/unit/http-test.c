/* http.h, against a server that says what it was told to, byte by byte. */

#include "support.h"

#include <homelab/http.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

enum { CALLS_MAX = 8 };

/* One answer after another, each when a request has come. */
static struct {
	char directory[64], path[80];
	int listener;
	pthread_t thread;
	const char *answers[CALLS_MAX]; /* NULL behind the last */
	bool stays; /* with the connection open behind the last */
	size_t piece; /* bytes that are sent at once; 0: all */
	char requests[CALLS_MAX][512];
	atomic_int connections, calls;
} server;

static bool
receive(int fd, char *request, size_t size)
{
	size_t length = 0;

	request[0] = '\0';
	while (strstr(request, "\r\n\r\n") == NULL && length + 1 < size) {
		ssize_t got = read(fd, request + length, size - 1 - length);

		if (got <= 0)
			return false;
		length += (size_t)got;
		request[length] = '\0';
	}
	return true;
}

static void
answer(int fd, const char *text)
{
	size_t left = strlen(text), piece = server.piece == 0 ? left : server.piece;

	for (size_t part; left > 0; text += part, left -= part) {
		part = piece < left ? piece : left;
		if (send(fd, text, part, MSG_NOSIGNAL) != (ssize_t)part)
			return;
	}
}

static void *
serve(void *nothing)
{
	int fd;

	while ((fd = accept(server.listener, NULL, NULL)) >= 0) {
		atomic_fetch_add(&server.connections, 1);
		for (int i = atomic_load(&server.calls);
		     server.answers[i] != NULL && receive(fd, server.requests[i], 512);
		     i = atomic_fetch_add(&server.calls, 1) + 1) {
			answer(fd, server.answers[i]);
			if (strstr(server.answers[i], "close") != NULL) {
				atomic_fetch_add(&server.calls, 1);
				break;
			}
		}
		if (server.stays)
			(void)receive(fd, (char[8]){0}, 8);
		(void)close(fd);
	}
	return nothing;
}

static void
start(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	server.piece = 0;
	server.stays = false;
	(void)memset(server.answers, 0, sizeof(server.answers));
	atomic_store(&server.calls, 0);
	atomic_store(&server.connections, 0);
	(void)snprintf(server.directory, sizeof(server.directory), "/tmp/homelab-http-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(server.directory));
	(void)snprintf(server.path, sizeof(server.path), "%s/s", server.directory);
	(void)memcpy(address.sun_path, server.path, sizeof(server.path));
	server.listener = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(server.listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(server.listener, 8), 0);
	http_init();
	ck_assert_int_eq(pthread_create(&server.thread, NULL, serve, NULL), 0);
}

static void
stop(void)
{
	(void)shutdown(server.listener, SHUT_RDWR);
	(void)close(server.listener);
	(void)unlink(server.path);
	(void)rmdir(server.directory);
}

static struct http_request
ask(void)
{
	return (struct http_request){.method = "GET",
	    .url = "http://localhost/v",
	    .socket = server.path,
	    .deadline = SECONDS(5),
	    .body_max = 64};
}

static int
send_one(const struct http_request *q, struct http_answer *a, struct error *err)
{
	*err = (struct error){0};
	return http_send(q, a, err);
}

/* --- whole answers ------------------------------------------------------------------- */

static void
answers(void)
{
	struct http_request q = ask();
	struct http_answer a;
	struct error err;
	cleanup_buffer struct buffer value = {0};

	ck_assert_msg(send_one(&q, &a, &err) == 0, "%s", err.text);
	ck_assert_int_eq(a.status, 404);
	ck_assert_uint_eq(a.body.length, 5);
	ck_assert_mem_eq(a.body.data, "hello", 5);
	ck_assert(!a.cut);
	ck_assert_str_eq(http_answer_header(&a, "api-version", &value), "1.41");
	ck_assert_ptr_null(http_answer_header(&a, "api", &value));
	ck_assert_ptr_null(http_answer_header(&a, "hello", &value));
	http_answer_release(&a);
}

#define HELLO "HTTP/1.1 404 Not Found\r\nAPI-Version:  1.41\r\nContent-Length: 5\r\n\r\nhello"

START_TEST(test_an_answer_of_any_status)
{
	server.answers[0] = HELLO;
	answers();
}
END_TEST

START_TEST(test_byte_by_byte)
{
	server.answers[0] = HELLO;
	server.piece = 1;
	answers();
}
END_TEST

START_TEST(test_two_over_one_connection)
{
	server.answers[0] = server.answers[1] = HELLO;
	answers();
	answers();
	ck_assert_int_eq(atomic_load(&server.connections), 1);
}
END_TEST

START_TEST(test_a_body_is_posted)
{
	static const char *const headers[] = {"Content-Type: application/json", NULL};
	struct http_request q = ask();
	struct http_answer a;
	struct error err;

	server.answers[0] = "HTTP/1.1 204 No Content\r\n\r\n";
	q.method = "POST";
	q.headers = headers;
	q.body = "{}";
	q.body_length = 2;
	ck_assert_msg(send_one(&q, &a, &err) == 0, "%s", err.text);
	ck_assert_int_eq(a.status, 204);
	ck_assert_ptr_nonnull(strstr(server.requests[0], "POST /v HTTP/1.1\r\n"));
	ck_assert_ptr_nonnull(strstr(server.requests[0], "Content-Type: application/json\r\n"));
	ck_assert_ptr_nonnull(strstr(server.requests[0], "Content-Length: 2\r\n"));
	ck_assert_ptr_null(strstr(server.requests[0], "Expect"));
	http_answer_release(&a);
}
END_TEST

START_TEST(test_an_interim_answer_is_none)
{
	server.answers[0] = "HTTP/1.1 100 Continue\r\nAPI-Version: 9\r\n\r\n" HELLO;
	answers();
}
END_TEST

START_TEST(test_a_redirect_is_an_answer)
{
	struct http_request q = ask();
	struct http_answer a;
	struct error err;

	server.answers[0] = "HTTP/1.1 307 Go\r\nLocation: /w\r\nContent-Length: 0\r\n\r\n";
	server.answers[1] = HELLO;
	ck_assert_int_eq(send_one(&q, &a, &err), 0);
	ck_assert_int_eq(a.status, 307);
	ck_assert_int_eq(atomic_load(&server.calls), 1);
	http_answer_release(&a);
}
END_TEST

/* --- others -------------------------------------------------------------------------- */

START_TEST(test_a_long_answer_is_cut)
{
	struct http_request q = ask();
	struct http_answer a;
	struct error err;

	server.answers[0] = HELLO;
	q.body_max = 4;
	ck_assert_int_eq(send_one(&q, &a, &err), 0);
	ck_assert(a.cut);
	ck_assert_uint_eq(a.body.length, 4);
	http_answer_release(&a);
	q.body_max = 5;
	server.answers[1] = server.answers[2] = HELLO;
	ck_assert_msg(send_one(&q, &a, &err) == 0, "%s", err.text);
	ck_assert(!a.cut);
	http_answer_release(&a);
}
END_TEST

static void
assert_none(const char *answer, const char *reason)
{
	struct http_request q = ask();
	struct http_answer a;
	struct error err;

	server.answers[0] = server.answers[1] = answer;
	ck_assert_int_eq(send_one(&q, &a, &err), -1);
	ck_assert_int_eq(err.status, EX_UNAVAILABLE);
	ck_assert_msg(strstr(err.text, reason) != NULL, "%s", err.text);
	ck_assert_ptr_nonnull(strstr(err.text, server.path));
	http_answer_release(&a);
}

START_TEST(test_broken_off)
{
	assert_none("HTTP/1.1 200 close\r\nContent-Length: 5\r\n\r\nhell", "1 bytes remaining");
}
END_TEST

START_TEST(test_no_http)
{
	assert_none("SSH-2.0-OpenSSH_9.2 close\r\n", "HTTP/0.9");
}
END_TEST

START_TEST(test_nothing_at_all)
{
	assert_none("HTTP/1.1 200 close", "");
}
END_TEST

START_TEST(test_an_endless_head)
{
	static char head[100 << 10];
	size_t at = (size_t)sprintf(head, "HTTP/1.1 200 OK\r\n");

	while (at < sizeof(head) - 64)
		at += (size_t)sprintf(head + at, "x-%zu: some more of that\r\n", at);
	assert_none(head, "head is too long");
}
END_TEST

START_TEST(test_nobody_there)
{
	stop();
	assert_none(NULL, "");
}
END_TEST

START_TEST(test_no_answer_in_time)
{
	struct http_request q = ask();
	struct http_answer a;
	struct error err;

	server.answers[0] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell";
	server.stays = true;
	q.deadline = SECONDS(1) / 5;
	ck_assert_int_eq(send_one(&q, &a, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "timed out"));
	http_answer_release(&a);
}
END_TEST

START_TEST(test_other_protocols_are_none)
{
	struct http_request q = ask();
	struct http_answer a;
	struct error err;

	q.socket = NULL;
	q.url = "file:///etc/passwd";
	ck_assert_int_eq(send_one(&q, &a, &err), -1);
	ck_assert_uint_eq(a.body.length, 0);
	http_answer_release(&a);
}
END_TEST

/* --- streams --------------------------------------------------------------------------- */

struct taken {
	char text[64];
	size_t length, enough;
	atomic_bool *stop; /* to be set, or NULL */
};

static bool
take(void *taken, const void *data, size_t length)
{
	struct taken *t = taken;

	ck_assert_uint_lt(t->length + length, sizeof(t->text));
	(void)memcpy(t->text + t->length, data, length);
	t->length += length;
	if (t->stop != NULL)
		atomic_store(t->stop, true);
	return t->length < t->enough;
}

#define STREAM "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n"

static int
follow(struct taken *t, atomic_bool *stop, struct error *err)
{
	struct http_request q = ask();
	int status = 0;

	server.answers[0] = STREAM;
	server.stays = true;
	q.deadline = SECONDS(1);
	if (http_follow(&q, take, t, stop, &status, err) < 0)
		return -1;
	return status;
}

START_TEST(test_a_stream_until_it_is_enough)
{
	struct taken t = {.enough = 6};
	atomic_bool stop = false;
	struct error err;

	ck_assert_int_eq(follow(&t, &stop, &err), 200);
	ck_assert_str_eq(t.text, "onetwo");
}
END_TEST

START_TEST(test_a_stream_until_stopped)
{
	atomic_bool stop = false;
	struct taken t = {.enough = 60, .stop = &stop};
	struct error err;

	ck_assert_int_eq(follow(&t, &stop, &err), 200);
}
END_TEST

START_TEST(test_a_stream_that_never_begins)
{
	struct http_request q = ask();
	struct taken t = {.enough = 60};
	atomic_bool stop = false;
	struct error err;
	int status;

	server.answers[0] = "HTTP/1.1 200 OK\r\n";
	server.stays = true;
	q.deadline = SECONDS(1) / 5;
	ck_assert_int_eq(http_follow(&q, take, &t, &stop, &status, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "no answer in time"));
}
END_TEST

START_TEST(test_a_stream_that_breaks_off)
{
	struct http_request q = ask();
	struct taken t = {.enough = 60};
	atomic_bool stop = false;
	struct error err;
	int status;

	server.answers[0] =
	    "HTTP/1.1 200 close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\nt";
	ck_assert_int_eq(http_follow(&q, take, &t, &stop, &status, &err), -1);
	ck_assert_int_eq(err.status, EX_UNAVAILABLE);
	ck_assert_mem_eq(t.text, "one", 3);
}
END_TEST

Suite *
http_suite(void)
{
	Suite *s = suite_create("http");
	TCase *c = tcase_create("http");

	tcase_add_checked_fixture(c, start, stop);
	tcase_add_test(c, test_an_answer_of_any_status);
	tcase_add_test(c, test_byte_by_byte);
	tcase_add_test(c, test_two_over_one_connection);
	tcase_add_test(c, test_a_body_is_posted);
	tcase_add_test(c, test_an_interim_answer_is_none);
	tcase_add_test(c, test_a_redirect_is_an_answer);
	tcase_add_test(c, test_a_long_answer_is_cut);
	tcase_add_test(c, test_broken_off);
	tcase_add_test(c, test_no_http);
	tcase_add_test(c, test_nothing_at_all);
	tcase_add_test(c, test_an_endless_head);
	tcase_add_test(c, test_nobody_there);
	tcase_add_test(c, test_no_answer_in_time);
	tcase_add_test(c, test_other_protocols_are_none);
	tcase_add_test(c, test_a_stream_until_it_is_enough);
	tcase_add_test(c, test_a_stream_until_stopped);
	tcase_add_test(c, test_a_stream_that_never_begins);
	tcase_add_test(c, test_a_stream_that_breaks_off);
	suite_add_tcase(s, c);
	return s;
}
