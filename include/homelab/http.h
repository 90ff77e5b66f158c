#ifndef HOMELAB_HTTP_H
#define HOMELAB_HTTP_H

#include <homelab/buffer.h>
#include <homelab/error.h>
#include <homelab/timestamp.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * One request and its answer, over a unix socket, TCP or TLS, by libcurl. The
 * other side is not trusted: an answer has a size and a time, a redirect isn't
 * followed, a certificate is always checked, no proxy is asked, and only http
 * and https are spoken.
 *
 *	struct http_request request = {.method = "GET", .url = "http://localhost/version",
 *	    .socket = "/run/docker.sock", .deadline = SECONDS(5), .body_max = 1 << 20};
 *	struct http_answer answer;
 *
 *	if (http_send(&request, &answer, &err) == 0)
 *		… answer.status, answer.body …
 *	http_answer_release(&answer);
 *
 * http_init() before threads start; then any thread may send, each its own.
 */

struct http_tls { /* paths of PEM files; NULL where there is none */
	const char *authority; /* in place of the system's */
	const char *certificate, *key; /* our own */
};

struct http_request {
	const char *method; /* GET, POST, DELETE */
	const char *url;
	const char *socket; /* a unix socket's path, or NULL */
	struct http_tls tls;
	const char *const *headers; /* "Name: value", NULL behind the last; or NULL */
	const void *body; /* or NULL */
	size_t body_length;
	bool http2; /* with prior knowledge, as gRPC is spoken without TLS */
	timestamp deadline; /* for all of it; a duration */
	size_t body_max; /* bytes of the answer that are read */
	struct buffer *head; /* NULL, or where http_follow() puts the answer's headers */
	/* NULL, or what http_follow() calls, with its context, when the head of an answer
	 * that is no error has come. */
	void (*opened)(void *context);
	const atomic_bool *stop; /* http_send() gives up within a second once it is
	                            true; or NULL */
};

struct http_answer {
	int status; /* of HTTP, 200 */
	struct buffer body;
	bool cut; /* there was more than body_max */
	struct buffer headers; /* "name: value\n", names in lower case, trailers too */
};

void http_init(void);

/*
 * 0 with an answer of any status, or -1 with EX_UNAVAILABLE where there is
 * none: refused, too late, broken off, no HTTP, a certificate that isn't good.
 * What was sent before may have had its effect all the same. An answer that is
 * too long is cut and the connection given up. Release it in either case.
 */
int http_send(const struct http_request *request, struct http_answer *answer, struct error *err);
void http_answer_release(struct http_answer *answer);

/* The value of a header or trailer, the last of its name, in *out, or NULL.
 * `name` is in lower case. */
const char *http_answer_header(
    const struct http_answer *answer, const char *name, struct buffer *out);

/*
 * An answer without an end, as of an event stream: `take` gets what comes, as it
 * comes, and ends it by returning false. body_max doesn't count. request->deadline
 * is for the connection and the answer's head. Looks at *stop at least once a
 * second. 0 where it ended, or was to, with the status in *status; -1 as above.
 */
int http_follow(const struct http_request *request,
    bool (*take)(void *context, const void *data, size_t length), void *context,
    const atomic_bool *stop, int *status, struct error *err);

#endif
