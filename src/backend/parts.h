#ifndef BACKEND_PARTS_H
#define BACKEND_PARTS_H

#include <homelab/backend.h>
#include <homelab/backoff.h>

#include <pthread.h>
#include <stdatomic.h>

/* What the files of the backends share. */

enum { DIGEST_TEXT_MAX = 65 }; /* of SHA-256 */

/* --- answer.c: what an answer means; pure ------------------------------------------ */

enum outcome { OUTCOME_TAKEN, OUTCOME_AGAIN, OUTCOME_REJECTED };

enum outcome outcome_of(int status);

/* How long a Retry-After asks to wait at `now`: seconds or an HTTP-date, at most
 * BACKOFF_FLOOR_MAX; 0 where it's neither, or over. NULL is none. */
timestamp retry_after(const char *value, timestamp now);

/* Bytes as ASCII without controls, whatever they are, cut where they are more than
 * an answer has. */
void answer_text(const struct buffer *body, struct buffer *out);

/* --- address.c: what the operator said ----------------------------------------------- */

/* A URL without slashes at its end, and the name of its directory. */
int address_parse(const char *text, bool secret, char **url, char **directory, struct error *err);
/* "Authorization: Bearer …" */
int token_read(const char *path, char **header, struct error *err);

/* --- batch.c: what is sent at once; pure ----------------------------------------------- */

struct batch {
	struct buffer body; /* a JSON array once it is ended */
	size_t events;
	char key[DIGEST_TEXT_MAX];
};

/* False where there is no room for it any more. */
bool batch_add(struct batch *b, const void *line, size_t length);
void batch_end(struct batch *b);
void batch_release(struct batch *b);

void gzip_bytes(const void *data, size_t length, struct buffer *out);

/* --- segments.c: the buffer -------------------------------------------------------------- */

enum { SEGMENT_BYTES = 1 << 20, GENERATIONS = 2 };

struct segment {
	uint64_t first, length; /* bytes */
};

struct segments {
	int dir;
	struct segment *list; /* oldest first, at least one once open */
	size_t count, room;
	uint64_t segment_bytes; /* a new one begins behind that */
	json_t *names[GENERATIONS]; /* of the events in the last, and in the one before */
};

/* `dir` becomes its own. What a power cut left behind the last whole event is cut
 * off with the next append. */
int segments_open(struct segments *s, int dir, uint64_t segment_bytes, struct error *err);
void segments_release(struct segments *s);

uint64_t segments_end(const struct segments *s);
uint64_t segments_bytes(const struct segments *s);
bool segments_know(const struct segments *s, const char *name);

/* Whole lines and a set of the names in them; durable when it returns 0, and else
 * as if they weren't there. */
int segments_append(
    struct segments *s, const struct buffer *text, json_t *names, struct error *err);

/* What the segment has that `at` lies in, or the first behind it, from there on up
 * to `limit` bytes; *at becomes where that begins. Nothing at the end. ENOENT is
 * left in errno. */
int segments_read(
    struct segments *s, uint64_t *at, uint64_t limit, struct buffer *out, struct error *err);
/* Lines from `from` up to `to`, as far as they can be read. */
uint64_t segments_count_lines(struct segments *s, uint64_t from, uint64_t to);
/* The end of the segment `at` lies in, or where the next begins, or the end. */
uint64_t segments_behind(const struct segments *s, uint64_t at);
int segments_remove_first(struct segments *s, struct error *err);

/* The bytes of a line with its newline; 0 where it isn't whole. */
size_t line_length(const struct buffer *text, size_t at);
/* A line as an event, or NULL. New reference. */
json_t *line_parse(const void *line, size_t length);

/* --- position.c: how far a backend is ------------------------------------------------------ */

enum lane_name { LANE_EVENTS, LANE_FACTS, LANE_COUNT };

struct position {
	uint64_t taken; /* all before it */
	uint64_t upto; /* of the batch that was begun, else as `taken` */
	uint64_t dropped_events, dropped_bytes; /* ever */
	uint64_t told_events, told_bytes; /* of these */
	struct backoff lanes[LANE_COUNT]; /* by the real clock */
	char facts[DIGEST_TEXT_MAX]; /* that were taken last */
	timestamp facts_at;
	uint64_t file_length;
};

/* Of a directory below `dir`. 1; 0 where there is none yet; or -1. One that can't
 * be read begins with 0. */
int position_load(int dir, const char *directory, struct position *out, struct error *err);
/* Makes durable what was loaded: a killed agent may not have come to it. */
int position_sync(int dir, const char *directory, struct error *err);
/* As a whole, durable. */
int position_create(int dir, const char *directory, struct position *p, struct error *err);
int position_save(
    int dir, const char *directory, struct position *p, bool durable, struct error *err);

/* --- rejected.c ------------------------------------------------------------------------------ */

struct rejection_note {
	const char *url;
	const struct batch *batch;
	const struct http_answer *answer;
	timestamp at;
};

/* 1; 0 where there are too many already; or -1. */
int rejected_keep(
    int dir, const char *directory, const struct rejection_note *note, struct error *err);

/* --- sender.c: a backend and its thread ---------------------------------------------------- */

struct backend {
	struct backends *all;
	char *url, *directory;
	struct position position;
	bool busy; /* something is being sent, without the lock */
	bool sends_events; /* and that are those up to position.upto */
	bool has_thread;
	bool ended; /* the thread has */
	pthread_t thread;
};

struct backends {
	const struct backend_options *options;
	int dir; /* outbox */
	char *authorization; /* a header, or NULL */
	timestamp opened_at; /* monotonic */
	uint64_t opened_end; /* of the buffer then */
	pthread_mutex_t lock; /* of all below, of positions and of the disk */
	pthread_cond_t changed; /* by the monotonic clock */
	struct segments segments;
	struct backend *list;
	size_t count, room;
	struct buffer facts; /* none yet while it is empty */
	char facts_digest[DIGEST_TEXT_MAX];
	atomic_bool stop;
};

/* A thread's function, for a backend. */
void *sender_run(void *backend);

/* What a backend has to do now; where that is nothing, *until is when that changes
 * by time alone. With the lock. */
enum work { WORK_NONE, WORK_EVENTS, WORK_FACTS };
enum work sender_work(const struct backend *b, timestamp now, timestamp *until);

/* --- limits.c: what a backend isn't given any more; with the lock ------------------------- */

/* Up to there, whatever of it isn't on its way just now. */
void limits_drop(struct backend *k, uint64_t to);
int limits_apply(struct backends *b, timestamp now, struct error *err);

#endif
