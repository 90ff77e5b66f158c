#ifndef HOMELAB_BACKEND_H
#define HOMELAB_BACKEND_H

#include <homelab/container.h>
#include <homelab/disk.h>
#include <homelab/http.h>

/*
 * Events and facts for HTTP backends. What is to be sent is first put in a buffer
 * on disk; a thread for each backend sends it from there, so that none holds back
 * the caller or another, and says on standard error what goes wrong.
 *
 *	backends_open -> backends_start -> backends_facts, backends_add …
 *	              -> backends_flush (one shot) -> backends_close
 *
 * POST URL/events has a JSON array of at most 100 events and 1 MiB, gzip; POST
 * URL/facts an object, gzip (schemas/event-batch and node-facts). An array's header
 * Idempotency-Key is made from its bytes. What an array holds is made durable before
 * it is sent first, so that it comes again as it was, under the same key, until the
 * backend took it (2xx): also after a crash of the agent or of the machine.
 *
 *	2xx                               taken
 *	408, 429, 5xx, 3xx, no answer     sent again, after a backoff and Retry-After
 *	other 4xx                         kept in BACKEND/rejected/ with the answer; on
 *
 * Facts are sent when they changed and every hour.
 *
 * In STATE, which one process uses at a time:
 *
 *	outbox/events/OFFSET.jsonl        an event a line; OFFSET is how many bytes
 *	                                  there were before it since the first ever
 *	outbox/HOST-DIGEST/position.jsonl how far that backend took it; the last line
 *	outbox/HOST-DIGEST/rejected/KEY.json
 *
 * One thread calls these functions. All return 0, or -1 with *err set.
 */

enum {
	BACKEND_BATCH_EVENTS = 100,
	BACKEND_BATCH_BYTES = 1 << 20,
	BACKEND_ANSWER_MAX = 64 << 10,
	BACKEND_REJECTED_MAX = 1000, /* files; beyond, the batch is dropped */
	BACKEND_BYTES_MAX = 64 << 20, /* of the buffer */
};

#define BACKEND_AGE_MAX DAYS(7)
#define BACKEND_DEADLINE SECONDS(30)
#define BACKEND_FACTS_EVERY HOURS(1)

struct backend_options { /* the caller's; have to outlive the backends */
	const char *const *urls; /* http:// or https://, NULL behind the last */
	const char *token_file; /* of all of them, or NULL */
	struct http_tls tls;
	uint64_t bytes_max; /* 0: BACKEND_BYTES_MAX */
	timestamp age_max; /* 0: BACKEND_AGE_MAX */
	timestamp deadline; /* of one request; 0: BACKEND_DEADLINE */
};

struct backends;

/*
 * `state` is the directory's descriptor, and stays the caller's. The first time a
 * backend is named it begins with what is added from then on. EX_CONFIG: a URL is
 * none of http or https with a host, or has a user, a query or a fragment, or is
 * there twice; there is a token and a URL isn't https; the token's file isn't a
 * regular one, can be read by others than its owner and group, or holds no token.
 * EX_IOERR. NULL on failure.
 */
struct backends *backends_open(const struct backend_options *options, int state, struct error *err);

/* Begins to send; after http_init(). */
int backends_start(struct backends *b, struct error *err);

/* The bytes of an event file and its name, which becomes the event's member `id`:
 * an event whose name is among the latest some thousand isn't added again. */
struct backend_event {
	const char *name;
	const void *bytes;
	size_t length;
};

/* Durable, all of them, when it returns 0: one fsync. Then drops what is beyond the
 * limits of size and, by the events' timestamps, of age: also with none to add. */
int backends_add(struct backends *b, const struct backend_event *events, size_t count,
    timestamp now, struct error *err);

/* What the node is now: {"node": …, "runtimes": […], "containers": […]}. Cheap
 * where it is as before. */
void backends_facts(struct backends *b, const json_t *facts);

/* The facts' array `containers`, without what changes with every look. New
 * reference. */
json_t *backend_describe_containers(const struct containers *containers);

/* What the limits, a damaged buffer or too many rejected batches cost one backend
 * and isn't told yet, for an event `backend_dropped`. */
struct backend_drop {
	const char *backend; /* its URL; good until backends_close() */
	uint64_t events, bytes;
	uint64_t total; /* events dropped since ever: makes a name that is unique */
};

/* The next one that isn't told yet: 1, or 0 where there is none. */
int backends_dropped(struct backends *b, struct backend_drop *out);
/* That one was told durably. */
int backends_told(struct backends *b, const struct backend_drop *drop, struct error *err);

/* Waits until every backend took all there is, but at most so long, and not for what
 * is tried again only after that. True where all is taken. */
bool backends_flush(struct backends *b, timestamp longest);

/* Ends the threads within about a second, in the middle of a request if need be:
 * it is sent again the next time. One that can't be ended, since the look-up of a
 * name hangs, is left behind after 3 s, and the options have to stay then until the
 * process ends. NULL is nothing. */
void backends_close(struct backends *b);

#endif
