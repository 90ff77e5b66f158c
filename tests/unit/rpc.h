#ifndef UNIT_RPC_H
#define UNIT_RPC_H

#include "support.h"

#include <homelab/buffer.h>

#include <pthread.h>
#include <stdatomic.h>

/*
 * The other side of gRPC, for tests: messages by hand, and a server that answers
 * one call after another as it was told to, well or badly.
 *
 *	rpc_start();
 *	proto_text(&rpc_add(RPC_WELL)->message, 2, "containerd");
 *	… a call to rpc_server.path …
 *	rpc_stop();
 */

/* --- messages, field by field ------------------------------------------------------- */

void proto_number(struct buffer *out, unsigned field, uint64_t value);
void proto_text(struct buffer *out, unsigned field, const char *text);
/* Releases what is within. */
void proto_message(struct buffer *out, unsigned field, struct buffer *within);
void proto_label(struct buffer *out, unsigned field, const char *name, const char *value);

/* --- the server --------------------------------------------------------------------- */

enum rpc_manner {
	RPC_WELL,
	RPC_TWICE, /* the message comes two times */
	RPC_TRAILERS_ONLY, /* the status, and nothing else */
	RPC_WITHOUT_STATUS,
	RPC_COMPRESSED,
	RPC_CUT, /* the connection ends in the middle of the message */
	RPC_SHORT, /* the message ends before its length says so */
	RPC_HUGE, /* 2 MiB */
	RPC_SILENT, /* nothing comes */
	RPC_HTTP_1,
	RPC_HTTP_ERROR, /* 503 */
	RPC_STREAM, /* the message once, and the stream stays open */
};

enum { RPC_CALLS_MAX = 32 };

struct rpc_answer {
	enum rpc_manner manner;
	struct buffer message;
	int status; /* of gRPC */
	const char *text; /* of the status, or NULL */
	timestamp delay; /* before it */
	struct buffer request; /* afterwards: the message that came */
};

extern struct rpc_server {
	char path[96];
	size_t piece; /* bytes that are sent at once; 0: as they come */
	struct rpc_answer answers[RPC_CALLS_MAX];
	int count;
	atomic_int calls; /* so many came */
	atomic_int next; /* the answer that is due */
	/* its own */
	char directory[64];
	int listener;
	pthread_t thread;
} rpc_server;

void rpc_start(void);
void rpc_stop(void);
struct rpc_answer *rpc_add(enum rpc_manner manner);
/* Takes back those that nobody asked for. */
void rpc_forget(void);

#endif
