#ifndef HOMELAB_OUTBOX_H
#define HOMELAB_OUTBOX_H

#include <homelab/unsynced.h>

#include <jansson.h>

/*
 * Batches of changes for others, kept until they are a week old or more than
 * 10 MiB: STATE/observer/outbox/GENERATION.jsonl, each named by the first batch in
 * it; a line a batch, appended. A segment is valid up to the length the checkpoint
 * gives (A1). world/history.json shows the latest batches.
 *
 *	outbox_append()		before the commit: written, durable with it
 *	outbox_trim()		forgets segments that are too old or too many
 *	outbox_to_json()	into the checkpoint, which makes both real
 *	outbox_history()	after that: the bytes of history.json
 *
 * `store` is the descriptor of STATE/observer.
 */

enum { OUTBOX_BYTES_MAX = 10 << 20, OUTBOX_SEGMENT_BYTES = 1 << 20 };
#define OUTBOX_AGE_MAX DAYS(7)
#define OUTBOX_DIR "outbox"
#define HISTORY_NAME "history.json"

struct outbox_segment {
	uint64_t first; /* generation of its first batch */
	uint64_t bytes;
	timestamp newest; /* when its latest batch was observed */
};

struct outbox {
	uint64_t generation; /* of the latest batch ever; 0 for none */
	struct outbox_segment *segments; /* oldest first */
	size_t count, room;
};

/* NULL, as in a checkpoint that has none, is an empty one. */
void outbox_from_json(const json_t *value, struct outbox *out);
json_t *outbox_to_json(const struct outbox *o);
void outbox_release(struct outbox *o);

/* Where a batch is written, and noted as not durable yet. */
struct outbox_target {
	int store;
	struct unsynced *unsynced;
};

/* Adds a batch as `generation`, and its member `previous`. The name of a new
 * segment is durable after disk_sync_dir(). */
int outbox_append(const struct outbox_target *to, struct outbox *o, json_t *batch,
    uint64_t generation, timestamp now, struct error *err);
/* The segment with the newest batch stays in any case. */
void outbox_trim(struct outbox *o, timestamp now);
/* Adds the paths of its segments below the store to a set. */
void outbox_files(const struct outbox *o, json_t *set);

/* The latest `limit` batches as a document. Segments that are gone are left out. */
int outbox_history(
    int store, const struct outbox *o, uint64_t limit, struct buffer *out, struct error *err);

#endif
