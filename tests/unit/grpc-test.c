/* gRPC: its frames however they are split, and calls to a server of any manners. */

#include "rpc.h"

#include "../../src/runtime/grpc.h"

#include <string.h>
#include <sysexits.h>

/* --- frames -------------------------------------------------------------------------- */

START_TEST(test_frame)
{
	cleanup_buffer struct buffer out = {0};
	char message[300] = "hello";

	grpc_frame("hello", 5, &out);
	ck_assert_uint_eq(out.length, 10);
	ck_assert_mem_eq(out.data, "\0\0\0\0\5hello", 10);
	grpc_frame(message, sizeof(message), &out);
	ck_assert_mem_eq(out.data + 10, "\0\0\0\1\x2chello", 10);
}
END_TEST

/* Two messages and an empty one, fed in pieces of every size. */
START_TEST(test_reading_in_pieces)
{
	static const char bytes[] = "\0\0\0\0\3abc\0\0\0\0\0\0\0\0\0\1d";
	const size_t size = sizeof(bytes) - 1, piece = (size_t)_i;
	struct grpc_reader r = {0};
	int64_t count = 0;

	for (size_t at = 0; at < size; at += piece) {
		int64_t ended = grpc_read(&r, bytes + at, size - at < piece ? size - at : piece, 3);

		ck_assert_int_ge(ended, 0);
		count += ended;
		ck_assert_int_eq(count,
		    at + piece >= size   ? 3 :
			at + piece >= 13 ? 2 :
					   at + piece >= 8);
	}
}
END_TEST

START_TEST(test_reading_what_is_not_taken)
{
	struct grpc_reader r = {0};

	ck_assert_int_eq(grpc_read(&r, "\0\0\0\0\4", 5, 3), -1);
	r = (struct grpc_reader){0};
	ck_assert_int_eq(grpc_read(&r, "\1\0\0\0\2", 5, 3), -1);
	r = (struct grpc_reader){0};
	ck_assert_int_eq(grpc_read(&r, "\0\xff\xff\xff\xff", 5, 1 << 20), -1);
}
END_TEST

START_TEST(test_one_message)
{
	size_t length = 99;

	ck_assert_mem_eq(grpc_message("\0\0\0\0\2ab", 7, &length), "ab", 2);
	ck_assert_uint_eq(length, 2);
	ck_assert_ptr_nonnull(grpc_message("\0\0\0\0\0", 5, &length));
	ck_assert_uint_eq(length, 0);
	ck_assert_ptr_null(grpc_message("\0\0\0\0\2a", 6, &length));
	ck_assert_ptr_null(grpc_message("\0\0\0\0\2abc", 8, &length));
	ck_assert_ptr_null(grpc_message("\1\0\0\0\2ab", 7, &length));
	ck_assert_ptr_null(grpc_message("\0\0\0\0", 4, &length));
	ck_assert_ptr_null(grpc_message(NULL, 0, &length));
	ck_assert_ptr_null(grpc_message("\0\1\0\0\2ab", 7, &length));
}
END_TEST

START_TEST(test_text_of_a_status)
{
	static const char *const rows[][2] = {{"plain", "plain"}, {"a%20b", "a b"},
	    {"%e2%82%AC", "€"}, {"100%", "100%"}, {"%4", "%4"}, {"%zz%41", "%zzA"}, {"", ""}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_free char *text = grpc_decode_text(rows[i][0]);

		ck_assert_str_eq(text, rows[i][1]);
	}
}
END_TEST

/* --- calls --------------------------------------------------------------------------- */

static struct buffer reply;
static int status;

static void
start(void)
{
	http_init();
	rpc_start();
}

static void
stop(void)
{
	rpc_stop();
	buffer_release(&reply);
}

static int
ask(timestamp deadline, struct error *err)
{
	struct grpc_call call = {.socket = rpc_server.path,
	    .method = "a.Service/Method",
	    .deadline = deadline,
	    .reply_max = 1 << 20};

	*err = (struct error){0};
	reply.length = 0;
	return grpc_send(&call, "question", 8, &reply, &status, err);
}

static void
check_answer(void)
{
	struct error err;

	ck_assert_msg(ask(SECONDS(20), &err) == 0, "%s", err.text);
	ck_assert_int_eq(status, GRPC_OK);
	ck_assert_uint_eq(reply.length, 6);
	ck_assert_mem_eq(reply.data, "answer", 6);
	ck_assert_mem_eq(rpc_server.answers[0].request.data, "\0\0\0\0\x08question", 13);
}

START_TEST(test_an_answer)
{
	buffer_text(&rpc_add(RPC_WELL)->message, "answer");
	check_answer();
}
END_TEST

START_TEST(test_an_answer_byte_by_byte)
{
	rpc_server.piece = 1;
	buffer_text(&rpc_add(RPC_WELL)->message, "answer");
	check_answer();
}
END_TEST

START_TEST(test_an_empty_answer)
{
	struct error err;

	rpc_add(RPC_WELL);
	ck_assert_int_eq(ask(SECONDS(20), &err), 0);
	ck_assert_uint_eq(reply.length, 0);
}
END_TEST

/* More than libcurl's buffer holds by itself, but read at once: it then waits 200 ms. On a
 * machine that is busy another try may be in time. */
START_TEST(test_a_long_answer_at_once)
{
	enum { LONG = 20 << 10, TRIES = 10 };
	timestamp shortest = SECONDS(10);

	for (int i = 0; i < TRIES; i++) {
		timestamp began = clock_monotonic(), time;
		struct error err;
		struct rpc_answer *a = rpc_add(RPC_WELL);

		buffer_reserve(&a->message, LONG);
		memset(a->message.data, 'x', LONG);
		a->message.length = LONG;
		ck_assert_msg(ask(SECONDS(20), &err) == 0, "%s", err.text);
		ck_assert_uint_eq(reply.length, LONG);
		time = clock_monotonic() - began;
		shortest = time < shortest ? time : shortest;
	}
	ck_assert_int_lt(shortest, SECONDS(1) / 10);
}
END_TEST

START_TEST(test_a_status_in_trailers_or_headers)
{
	static const enum rpc_manner manners[] = {RPC_WELL, RPC_TRAILERS_ONLY};
	struct rpc_answer *a = rpc_add(manners[_i]);
	struct error err;

	a->status = GRPC_NOT_FOUND;
	a->text = "no such%20thing";
	ck_assert_int_eq(ask(SECONDS(20), &err), -1);
	ck_assert_int_eq(status, GRPC_NOT_FOUND);
	ck_assert_int_eq(err.status, EX_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(err.text, "cannot call a.Service/Method at "));
	ck_assert_ptr_nonnull(strstr(err.text, ": no such thing (status 5)"));
	ck_assert_uint_eq(reply.length, 0);
}
END_TEST

/* All that is no answer, and what is said of it. */
static const struct {
	enum rpc_manner manner;
	const char *said;
} bad[] = {
    {RPC_TWICE, "isn't one message"},
    {RPC_SHORT, "isn't one message"},
    {RPC_COMPRESSED, "isn't one message"},
    {RPC_WITHOUT_STATUS, "without a status"},
    {RPC_CUT, "cannot POST"},
    {RPC_HUGE, "too long"},
    {RPC_HTTP_1, "cannot POST"},
    {RPC_HTTP_ERROR, "doesn't speak gRPC"},
};

START_TEST(test_no_answer)
{
	struct error err;

	buffer_text(&rpc_add(bad[_i].manner)->message, "answer");
	ck_assert_int_eq(ask(SECONDS(20), &err), -1);
	ck_assert_int_eq(err.status, EX_UNAVAILABLE);
	ck_assert_int_eq(status, GRPC_NONE);
	ck_assert_msg(strstr(err.text, bad[_i].said) != NULL, "%s", err.text);
	ck_assert_uint_eq(reply.length, 0);
}
END_TEST

START_TEST(test_a_status_of_its_own_kind)
{
	struct rpc_answer *a = rpc_add(RPC_TRAILERS_ONLY);
	struct error err;

	a->status = 1000;
	ck_assert_int_eq(ask(SECONDS(20), &err), -1);
	ck_assert_int_eq(status, GRPC_NONE);
}
END_TEST

/* With no more patience than a little, silence is no answer. */
START_TEST(test_a_deadline)
{
	struct error err;

	rpc_add(RPC_SILENT);
	ck_assert_int_eq(ask(SECONDS(1) / 5, &err), -1);
	ck_assert_int_eq(err.status, EX_UNAVAILABLE);
	ck_assert_int_eq(status, GRPC_NONE);
}
END_TEST

START_TEST(test_nobody_there)
{
	struct grpc_call call = {.socket = "/nowhere/s",
	    .method = "a.Service/Method",
	    .deadline = SECONDS(20),
	    .reply_max = 10};
	struct error err;

	ck_assert_int_eq(grpc_send(&call, "", 0, &reply, &status, &err), -1);
	ck_assert_int_eq(err.status, EX_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(err.text, "/nowhere/s"));
}
END_TEST

/* --- streams ------------------------------------------------------------------------- */

static atomic_bool stopped;
static uint64_t hints;

static void
take(void *context)
{
	hints++;
	atomic_store(&stopped, *(bool *)context);
}

static int
follow(bool stop_then, struct error *err)
{
	struct grpc_call call = {.socket = rpc_server.path,
	    .method = "a.Service/Stream",
	    .deadline = SECONDS(20),
	    .reply_max = 1 << 20};

	hints = 0;
	atomic_store(&stopped, false);
	*err = (struct error){0};
	return grpc_follow(&call, "", 0, take, &stop_then, &stopped, err);
}

START_TEST(test_a_stream)
{
	struct error err;

	rpc_server.piece = (size_t)_i;
	buffer_text(&rpc_add(RPC_STREAM)->message, "something");
	ck_assert_msg(follow(true, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(hints, 1);
}
END_TEST

START_TEST(test_a_stream_that_ends)
{
	struct error err;

	buffer_text(&rpc_add(RPC_TWICE)->message, "something");
	ck_assert_int_eq(follow(false, &err), -1);
	ck_assert_int_eq(err.status, EX_UNAVAILABLE);
	ck_assert_uint_ge(hints, 1);
	ck_assert_ptr_nonnull(strstr(err.text, "ended the stream"));
}
END_TEST

START_TEST(test_a_stream_that_is_not_there)
{
	struct error err;

	rpc_add(RPC_TRAILERS_ONLY)->status = GRPC_UNIMPLEMENTED;
	ck_assert_int_eq(follow(false, &err), 0);
	ck_assert_uint_eq(hints, 0);
	ck_assert(!atomic_load(&stopped));
}
END_TEST

/* Refused for another reason it may come yet. */
START_TEST(test_a_stream_that_is_refused)
{
	struct rpc_answer *a = rpc_add(RPC_TRAILERS_ONLY);
	struct error err;

	a->status = 14;
	a->text = "not yet";
	ck_assert_int_eq(follow(false, &err), -1);
	ck_assert_int_eq(err.status, EX_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(err.text, "not yet (status 14)"));
}
END_TEST

/* None of them brings a whole message. */
static const struct {
	enum rpc_manner manner;
	const char *said;
} bad_streams[] = {
    {RPC_HUGE, "too long, or compressed"},
    {RPC_COMPRESSED, "too long, or compressed"},
    {RPC_HTTP_1, "cannot POST"},
    {RPC_CUT, "cannot POST"},
    {RPC_SHORT, "ended the stream"},
};

START_TEST(test_a_stream_of_another_kind)
{
	struct error err;

	buffer_text(&rpc_add(bad_streams[_i].manner)->message, "something");
	ck_assert_int_eq(follow(false, &err), -1);
	ck_assert_int_eq(err.status, EX_UNAVAILABLE);
	ck_assert_msg(strstr(err.text, bad_streams[_i].said) != NULL, "%s", err.text);
	ck_assert_uint_eq(hints, 0);
}
END_TEST

START_TEST(test_a_stream_of_another_status)
{
	struct error err;

	rpc_add(RPC_HTTP_ERROR)->status = GRPC_UNIMPLEMENTED;
	ck_assert_int_eq(follow(false, &err), -1);
	ck_assert_msg(strstr(err.text, "doesn't speak gRPC") != NULL, "%s", err.text);
}
END_TEST

Suite *
grpc_suite(void)
{
	Suite *suite = suite_create("grpc");
	TCase *frames = tcase_create("frames"), *calls = tcase_create("calls");

	tcase_add_test(frames, test_frame);
	tcase_add_loop_test(frames, test_reading_in_pieces, 1, 20);
	tcase_add_test(frames, test_reading_what_is_not_taken);
	tcase_add_test(frames, test_one_message);
	tcase_add_test(frames, test_text_of_a_status);
	suite_add_tcase(suite, frames);
	tcase_add_checked_fixture(calls, start, stop);
	tcase_add_test(calls, test_an_answer);
	tcase_add_test(calls, test_an_answer_byte_by_byte);
	tcase_add_test(calls, test_an_empty_answer);
	tcase_add_test(calls, test_a_long_answer_at_once);
	tcase_add_loop_test(calls, test_a_status_in_trailers_or_headers, 0, 2);
	tcase_add_loop_test(calls, test_no_answer, 0, (int)COUNT(bad));
	tcase_add_test(calls, test_a_status_of_its_own_kind);
	tcase_add_test(calls, test_a_deadline);
	tcase_add_test(calls, test_nobody_there);
	tcase_add_loop_test(calls, test_a_stream, 0, 4);
	tcase_add_test(calls, test_a_stream_that_ends);
	tcase_add_test(calls, test_a_stream_that_is_not_there);
	tcase_add_test(calls, test_a_stream_that_is_refused);
	tcase_add_loop_test(calls, test_a_stream_of_another_kind, 0, (int)COUNT(bad_streams));
	tcase_add_test(calls, test_a_stream_of_another_status);
	suite_add_tcase(suite, calls);
	return suite;
}
