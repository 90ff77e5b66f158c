#ifndef HOMELAB_BATCHES_H
#define HOMELAB_BATCHES_H

#include <homelab/disk.h>

#include <jansson.h>

/*
 * The outbox from its readers' side: ROOT/state/observer/outbox holds segments
 * GENERATION.jsonl, named by the first generation in them, each line a batch of
 * what changed in one commit of the observer's. A reader learns first how far
 * batches are committed, and then takes one after the other:
 *
 *	batches_open(root, &b, &err)
 *	while (batches_next(&b, position, &cursor, &batch, &err) == 1)
 *		position = its generation
 *	batches_close(&b)
 *
 * Nothing is ever written there. Whatever lies there, memory and time are
 * bounded: a line over BATCH_BYTES_MAX, one that isn't a batch, one that isn't
 * whole and one beyond the committed generation are passed over, so is what
 * lies beyond SEGMENT_BYTES_MAX in one file. What was passed over, or is gone,
 * shows in the member `previous` of the next batch: it isn't the position.
 */

enum {
	BATCH_BYTES_MAX = 4 << 20,
	SEGMENT_BYTES_MAX = 64 << 20,
};

struct batches {
	int outbox; /* its directory, -1 where there is none */
	uint64_t committed; /* history.json's generation; 0: nothing yet */
	struct identity history;
};

/* Where a reader left off, so that it needn't begin at the top of a segment
 * again. Zeroed at first; no longer true, it's as good as none. */
struct batches_cursor {
	uint64_t generation; /* of the batch before it */
	uint64_t segment, device, inode, at;
};

/* `root` is the tree's directory. Without world/history.json nothing is
 * committed. 0, or -1 with *err set where something can't be read. */
int batches_open(int root, struct batches *out, struct error *err);
/* Whether history.json is another one than when they were opened. */
bool batches_are_stale(int root, const struct batches *b);
void batches_close(struct batches *b);

/* The first batch beyond generation `after`: 1 with *out, a new reference; 0
 * where there is none; -1 with *err set. */
int batches_next(const struct batches *b, uint64_t after, struct batches_cursor *cursor,
    json_t **out, struct error *err);

#endif
