#include "grpc.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* --- frames ---------------------------------------------------------------------- */

void
grpc_frame(const void *message, size_t length, struct buffer *out)
{
	const unsigned char head[GRPC_HEAD] = {0, (unsigned char)(length >> 24),
	    (unsigned char)(length >> 16), (unsigned char)(length >> 8), (unsigned char)length};

	buffer_add(out, head, sizeof(head));
	buffer_add(out, message, length);
}

static size_t
length_in(const unsigned char *head)
{
	return (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];
}

int64_t
grpc_read(struct grpc_reader *r, const void *data, size_t length, size_t most)
{
	const unsigned char *at = data, *end = at + length;
	int64_t messages = 0;

	while (at < end) {
		if (r->have < GRPC_HEAD) {
			r->head[r->have++] = *at++;
			if (r->have < GRPC_HEAD)
				continue;
			r->left = length_in(r->head);
			if (r->head[0] != 0 || r->left > most)
				return -1;
		}
		if (r->left > (size_t)(end - at)) {
			r->left -= (size_t)(end - at);
			break;
		}
		at += r->left;
		r->have = 0;
		messages++;
	}
	return messages;
}

const void *
grpc_message(const void *frames, size_t size, size_t *length)
{
	const unsigned char *head = frames;

	if (size < GRPC_HEAD || head[0] != 0 || length_in(head) != size - GRPC_HEAD)
		return NULL;
	*length = size - GRPC_HEAD;
	return head + GRPC_HEAD;
}

char *
grpc_decode_text(const char *encoded)
{
	char *text = text_copy(encoded), *to = text;

	for (const char *from = text; *from != '\0'; from++) {
		char byte[3] = {0};

		if (from[0] == '%' && isxdigit((unsigned char)from[1]) &&
		    isxdigit((unsigned char)from[2])) {
			memcpy(byte, from + 1, 2);
			*to++ = (char)strtol(byte, NULL, 16);
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return text;
}

/* --- calling --------------------------------------------------------------------- */

enum { HEADERS = 5, HEADER_MAX = 64, MILLISECONDS_MAX = 99999999 }; /* eight digits */

/* What http.h needs for a call, and what it refers to. */
struct sending {
	struct http_request request;
	const char *headers[HEADERS];
	char timeout[HEADER_MAX];
	struct buffer url, body;
};

static void
prepare(
    const struct grpc_call *call, const void *message, size_t length, bool timed, struct sending *s)
{
	timestamp milliseconds = call->deadline / (NANOSECONDS_A_SECOND / 1000);
	size_t n = 0;

	*s = (struct sending){0};
	buffer_text(&s->url, "http://localhost/%s", call->method);
	grpc_frame(message, length, &s->body);
	s->headers[n++] = "content-type: application/grpc";
	s->headers[n++] = "te: trailers";
	if (call->metadata != NULL)
		s->headers[n++] = call->metadata;
	if (timed) {
		(void)snprintf(s->timeout, sizeof(s->timeout), "grpc-timeout: %lldm",
		    milliseconds < MILLISECONDS_MAX ? (long long)milliseconds : MILLISECONDS_MAX);
		s->headers[n++] = s->timeout;
	}
	s->request = (struct http_request){.method = "POST",
	    .url = buffer_string(&s->url),
	    .socket = call->socket,
	    .headers = s->headers,
	    .body = s->body.data,
	    .body_length = s->body.length,
	    .http2 = true,
	    .deadline = call->deadline,
	    .body_max = call->reply_max + GRPC_HEAD};
}

static void
release(struct sending *s)
{
	buffer_release(&s->url);
	buffer_release(&s->body);
}

static int
fail(const struct grpc_call *call, const char *reason, struct error *err)
{
	return error_set(
	    err, EX_UNAVAILABLE, "cannot call %s at %s: %s", call->method, call->socket, reason);
}

/* GRPC_NONE where there is none, or what isn't a number. */
static int
status_of(const struct http_answer *answer)
{
	cleanup_buffer struct buffer text = {0};
	const char *value = http_answer_header(answer, "grpc-status", &text);
	char *end;
	long number;

	if (value == NULL || !isdigit((unsigned char)value[0]))
		return GRPC_NONE;
	number = strtol(value, &end, 10);
	return number < 1000 && strspn(end, " \t\r") == strlen(end) ? (int)number : GRPC_NONE;
}

static int
fail_with_status(
    const struct grpc_call *call, const struct http_answer *answer, int status, struct error *err)
{
	cleanup_buffer struct buffer text = {0}, reason = {0};
	const char *value = http_answer_header(answer, "grpc-message", &text);
	cleanup_free char *message = grpc_decode_text(value != NULL ? value : "no reason given");

	buffer_text(&reason, "%s (status %d)", message, status);
	return fail(call, buffer_string(&reason), err);
}

static int
take_reply(const struct grpc_call *call, const struct http_answer *answer, struct buffer *reply,
    int *status, struct error *err)
{
	const void *message;
	size_t length;

	if (answer->cut)
		return fail(call, "the reply is too long", err);
	if (answer->status != 200)
		return fail(call, "the other side doesn't speak gRPC", err);
	if ((*status = status_of(answer)) == GRPC_NONE)
		return fail(call, "the reply ends without a status", err);
	if (*status != GRPC_OK)
		return fail_with_status(call, answer, *status, err);
	message = grpc_message(answer->body.data, answer->body.length, &length);
	if (message == NULL) {
		*status = GRPC_NONE;
		return fail(call, "the reply isn't one message, or compressed", err);
	}
	buffer_add(reply, message, length);
	return 0;
}

int
grpc_send(const struct grpc_call *call, const void *message, size_t length, struct buffer *reply,
    int *status, struct error *err)
{
	struct sending s;
	struct http_answer answer;
	int result;

	*status = GRPC_NONE;
	prepare(call, message, length, true, &s);
	result = http_send(&s.request, &answer, err);
	if (result == 0)
		result = take_reply(call, &answer, reply, status, err);
	http_answer_release(&answer);
	release(&s);
	return result;
}

/* --- following ------------------------------------------------------------------- */

struct following {
	struct grpc_reader reader;
	size_t most;
	void (*take)(void *context);
	void *context;
	bool broken;
};

static bool
take_bytes(void *context, const void *data, size_t length)
{
	struct following *f = context;
	int64_t messages = grpc_read(&f->reader, data, length, f->most);

	f->broken = messages < 0;
	if (messages > 0)
		f->take(f->context);
	return !f->broken;
}

/* 0 where there is no such stream. */
static int
judge_end(const struct grpc_call *call, const struct following *f, const struct http_answer *answer,
    struct error *err)
{
	int status;

	if (f->broken)
		return fail(call, "a message is too long, or compressed", err);
	if (answer->status != 200)
		return fail(call, "the other side doesn't speak gRPC", err);
	if ((status = status_of(answer)) == GRPC_UNIMPLEMENTED)
		return 0;
	if (status > GRPC_OK)
		return fail_with_status(call, answer, status, err);
	return fail(call, "the other side ended the stream", err);
}

int
grpc_follow(const struct grpc_call *call, const void *message, size_t length,
    void (*take)(void *context), void *context, const atomic_bool *stop, struct error *err)
{
	struct following f = {.most = call->reply_max, .take = take, .context = context};
	struct http_answer answer = {0};
	struct sending s;
	int result;

	prepare(call, message, length, false, &s);
	s.request.head = &answer.headers;
	result = http_follow(&s.request, take_bytes, &f, stop, &answer.status, err);
	if (result == 0 && !atomic_load(stop))
		result = judge_end(call, &f, &answer, err);
	http_answer_release(&answer);
	release(&s);
	return result;
}
