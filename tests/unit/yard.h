#ifndef UNIT_YARD_H
#define UNIT_YARD_H

/*
 * Event directories of one node "n", also known as "old", to be scanned by
 * hand. Its `now` is 2026-05-12 12:00, its event directory that of 2026-05-12
 * until another one is chosen.
 */

#include "support.h"

#include <homelab/scan.h>

#include <stdio.h>

struct yard {
	struct scratch scratch; /* ROOT and store in one */
	struct scan scan;
	struct manifest *manifest;
	struct source *source;
	struct intake intake;
	int32_t date; /* of the directory that is meant */
	volatile sig_atomic_t stop;
	bool told; /* a rebuild is told by rows of what was decided */
	unsigned looks; /* files looked at by the latest scan */
	unsigned open_files; /* before the first scan */
	FILE *said; /* standard error since yard_make() */
	int stderr_kept;
};

void yard_make(struct yard *y);
void yard_remove(struct yard *y);
struct directory *yard_directory(struct yard *y);

/* A line that is an event: 64 bytes with its newline. Good for eight calls. */
const char *event_line(const char *at);
/* A file in the event directory, whose text ends with a NULL. */
void yard_put(struct yard *y, const char *name, ...) __attribute__((sentinel));
/* ROOT/PATH; directories are made. */
void yard_write(struct yard *y, const char *path, const void *data, size_t length);
void yard_delete(struct yard *y, const char *name);

/* A verdict on a key, as of an earlier run. */
void yard_decide(
    struct yard *y, const char *key, enum verdict verdict, uint64_t size, timestamp time);

/* Scans the directory; of the tallies only this scan's count. */
void yard_scan(struct yard *y);
/* A scan that fails: the error's status. */
int yard_scan_fails(struct yard *y);
/* Scans it again as a rebuild does, into a manifest of its own. */
void yard_rebuild(struct yard *y);

/*
 * What was decided, a line each and sorted, then the directory, what it was
 * tallied as, and where rows are from:
 *
 *	a.json event 10:00:00
 *	b.jsonl read 64
 *	; top b.jsonl complete watched b.jsonl
 *	; consumed 2
 *	; rows a.json b.jsonl@0-64
 *	; carried 2026-05-12/n/c.json
 *
 * Left out is what there is none of.
 */
void yard_expect(struct yard *y, const char *text);
/* What was said since the last time. */
const char *yard_said(struct yard *y);

/* --- yard-disk.c: between the scan and the disk, from yard_make() on --- */

void yard_disk_begin(void);
void yard_disk_end(void);

/* From now on calls of one kind fail for files of this name, and for what's opened
 * by it. One kind at a time. */
enum yard_call { YARD_OPEN, YARD_STAT, YARD_FSTAT, YARD_READ, YARD_LIST, YARD_NEXT, YARD_FSYNC };
void yard_fail(enum yard_call call, const char *name, int error);
/* The same after so many calls; a read that fails with error 0 is at its end. */
void yard_fail_later(enum yard_call call, const char *name, int error, unsigned after);
/* All changes of inodes seem to be of one time. */
void yard_freeze(void);
void yard_heal(void);
/* Changes of inodes seem to be so much older than they are. */
void yard_age(timestamp by);
/* A file of this name seems to be so much shorter than it is: it has grown since. */
void yard_shorten(const char *name, uint64_t by);
/* readdir() no longer says of what type a name is. */
void yard_hide_types(void);

#endif
