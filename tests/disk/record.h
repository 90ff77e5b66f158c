#ifndef DISK_RECORD_H
#define DISK_RECORD_H

/*
 * Stands in the table of calls to the file system (homelab/disk.h) between the
 * observer and the kernel: counts every call, keeps those that change the disk,
 * and fails the one it is told to.
 *
 *	record_begin(root);	// from here on
 *	observer_run(…);
 *	record_end();		// `recorded` says what there was
 *
 * One thread. fsync isn't passed on: the model (model.h) says what it would
 * have done, and no disk is slowed down by it.
 */

#include <homelab/disk.h>

/* Where a path lies. */
enum place { PLACE_NONE, PLACE_ROOT, PLACE_OWN, PLACE_EVENTS, PLACE_INVENTORY, PLACE_COUNT };

enum call {
	CALL_OPEN,
	CALL_STAT,
	CALL_FSTAT,
	CALL_READ,
	CALL_LIST,
	CALL_NEXT,
	CALL_WRITE,
	CALL_TRUNCATE,
	CALL_CHMOD,
	CALL_FSYNC,
	CALL_CLOSE,
	CALL_RENAME,
	CALL_UNLINK,
	CALL_MKDIR,
	CALL_LOCK,
	CALL_COUNT
};

/* One call. Those that change something are changes of inodes and of names in
 * directories, told by their inodes' numbers. */
struct change {
	enum call call;
	enum place place;
	bool creates; /* an open that made the file */
	ino_t inode, dir, to_dir;
	char *name, *to;
	char path[256]; /* of the file, below ROOT */
	struct buffer data; /* of a write */
	uint64_t at; /* where it was written, or the length cut to */
	timestamp time; /* by the real clock */
};

enum { RECORDED_MAX = 4096 };

struct recorded {
	struct change *changes; /* calls that change, in their order */
	size_t count, room;
	unsigned calls[CALL_COUNT][PLACE_COUNT];
	unsigned total; /* calls of all kinds */
	enum call order[RECORDED_MAX]; /* the first of them */
	uint64_t bytes_written;
	/* What to fail: the call of that number, counted from 0, and with `on`
	 * every later one that needs room. error 0: a write is cut short. */
	bool fails, on;
	unsigned fail_at;
	int error;
	/* With `ends`, the process ends before the change of that number: every call
	 * from there on fails and does nothing. */
	bool ends;
	size_t end_at;
	/* What became of it: the call that failed first. */
	bool failed;
	enum call failed_call;
	enum place failed_place;
	char failed_path[256];
};

extern struct recorded recorded;
extern const char *const call_names[CALL_COUNT];

/* Begins, with nothing to fail. */
void record_begin(const char *root);
void record_end(void);
void record_release(void);

#endif
