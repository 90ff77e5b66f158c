#ifndef RUNTIME_GRPC_H
#define RUNTIME_GRPC_H

#include <homelab/http.h>

/*
 * gRPC over a unix socket without TLS: one message there, one or a stream of
 * them back. What is in the messages is others' business.
 *
 *	struct grpc_call call = {.socket = "/run/containerd/containerd.sock",
 *	    .method = "runtime.v1.RuntimeService/Version",
 *	    .deadline = SECONDS(5), .reply_max = 1 << 20};
 *	cleanup_buffer struct buffer reply = {0};
 *	int status;
 *
 *	if (grpc_send(&call, request, length, &reply, &status, &err) == 0)
 *		… reply …
 */

struct grpc_call {
	const char *socket;
	const char *method; /* SERVICE/METHOD */
	const char *metadata; /* one more header, "name: value", or NULL */
	timestamp deadline; /* a duration */
	size_t reply_max; /* bytes of a message that comes back */
};

/* Of those that a call can end with, the ones that matter; GRPC_NONE: it didn't
 * end with one. */
enum grpc_status { GRPC_NONE = -1, GRPC_OK = 0, GRPC_NOT_FOUND = 5, GRPC_UNIMPLEMENTED = 12 };

/* The message that comes back is added to *reply. EX_UNAVAILABLE where there is
 * none, with *status as the other side has it. */
int grpc_send(const struct grpc_call *call, const void *message, size_t length,
    struct buffer *reply, int *status, struct error *err);

/*
 * A stream: calls `take` whenever messages have come, without their contents,
 * until *stop. 0 where it was stopped, or where the other side has no such method.
 * Else -1 with EX_UNAVAILABLE. call->deadline is for the first message.
 */
int grpc_follow(const struct grpc_call *call, const void *message, size_t length,
    void (*take)(void *context), void *context, const atomic_bool *stop, struct error *err);

/* --- the pure parts ----------------------------------------------------------- */

enum { GRPC_HEAD = 5 }; /* bytes before a message: a flag and its length */

/* Adds the head and the message. */
void grpc_frame(const void *message, size_t length, struct buffer *out);

/* Reads a stream however it is split. Zeroed at its start. */
struct grpc_reader {
	unsigned char head[GRPC_HEAD];
	size_t have; /* of the head */
	size_t left; /* of the message's bytes */
};

/* The number of messages that end in these bytes, or -1 where they are compressed
 * or longer than `most`. */
int64_t grpc_read(struct grpc_reader *r, const void *data, size_t length, size_t most);

/* The one message of a reply, within `frames`; NULL where it isn't exactly that. */
const void *grpc_message(const void *frames, size_t size, size_t *length);

/* A status' text with its %XX read. The caller's. */
char *grpc_decode_text(const char *encoded);

#endif
