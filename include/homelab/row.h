#ifndef HOMELAB_ROW_H
#define HOMELAB_ROW_H

#include <homelab/event.h>
#include <homelab/pack.h>

/*
 * A row of the journal: a usable event and its place. Rows are frames.
 *
 * A place is what makes an event one and the same (E6): the file's path
 * relative to the event directory, and the byte offset in a .jsonl.
 */
struct place {
	const char *path;
	uint64_t offset;
	uint64_t end; /* of the line, behind its newline; 0 for a .json */
};

/* A row as it lies in memory, with what it's ordered by. */
struct row {
	timestamp at;
	int rank;
	bool is_new; /* decided on in this run */
	struct unpack rest;
};

/* Metrics, as in rows and snapshots. */
void metrics_pack(struct buffer *b, const struct metric *metrics, size_t count);
/* Their number; names refer to the input. */
size_t metrics_unpack(struct unpack *u, struct metric metrics[EVENT_METRICS_MAX]);

void row_pack(struct buffer *b, const struct event *event, const struct place *place);

/* The order of a node's events (E7). Returns false where the payload isn't a
 * row. The row refers to the payload. */
bool row_peek(struct unpack payload, struct row *row);
struct place row_place(const struct row *row);
/* The event, which refers to the row's memory. */
bool row_unpack(const struct row *row, struct event *event);

/* (timestamp, rank, directory's node name, path, offset): for qsort(). */
int row_compare(const void *a, const void *b);
/* Sorts rows, or items of `size` bytes that begin with one. Returns false where they
 * are in order as they stand, as most are. */
bool rows_sort(void *rows, size_t count, size_t size);

/* The node name in a path: DATE/NODE/file or NODE/file. */
struct name_span {
	const char *at;
	size_t length;
} path_node(const char *path);

#endif
