#ifndef HOMELAB_DISK_H
#define HOMELAB_DISK_H

#include <homelab/buffer.h>
#include <homelab/error.h>
#include <homelab/timestamp.h>

#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/types.h>

/*
 * Every call to the file system goes through this one table, so that a test can
 * count, fail or cut off at any of them. The members are the system calls of
 * the same names; the ...at ones of those that have one.
 */
struct disk_calls {
	/* looking */
	int (*open)(int dir, const char *path, int flags, mode_t mode);
	int (*stat)(int dir, const char *path, struct stat *st, int flags);
	int (*fstat)(int fd, struct stat *st);
	ssize_t (*read)(int fd, void *data, size_t length, off_t at); /* pread */
	DIR *(*list)(int fd); /* fdopendir */
	struct dirent *(*next)(DIR *stream); /* readdir */
	/* changing; open, too, with O_CREAT */
	ssize_t (*write)(int fd, const void *data, size_t length, off_t at); /* pwrite */
	int (*truncate)(int fd, off_t length);
	int (*chmod)(int fd, mode_t mode);
	int (*fsync)(int fd);
	int (*close)(int fd); /* of files that were written; others just close() */
	int (*rename)(int from_dir, const char *from, int to_dir, const char *to);
	int (*unlink)(int dir, const char *path, int flags);
	int (*mkdir)(int dir, const char *path, mode_t mode);
	int (*lock)(int fd, int operation); /* flock */
	bool parallel; /* several threads may call fsync at once */
};

extern struct disk_calls disk;

/*
 * The functions below return 0 or -1 with *err set (status EX_IOERR) and the
 * file as it was. `dir` is a directory's descriptor, paths are relative to it.
 */

/* Opens a directory, never through a link in its last component. */
int disk_open_dir(int dir, const char *path, struct error *err);
/* Mode 0755. 1 where it was made, 0 where it was there. */
int disk_make_dir(int dir, const char *path, struct error *err);
/* Opens a directory in `dir`, made where it's missing, and makes its name durable:
 * whoever made it may have been killed before that was. */
int disk_enter_dir(int dir, const char *name, struct error *err);

/*
 * Calls for each entry of an open directory but "." and "..", until a visit
 * returns other than 0, and returns that. -1 with errno set where it can't be
 * read to its end; errno is 0 where it was a visit that returned -1.
 */
typedef int (*disk_visitor)(void *context, const struct dirent *entry);
int disk_list(int dir, disk_visitor visit, void *context);

/* Up to `length` bytes from an offset on, fewer only at the end of the file;
 * -1 with errno set. */
ssize_t disk_read_at(int fd, void *out, size_t length, uint64_t at);
/* Reads a whole file of at most `limit` bytes; a regular one, not through a
 * link. ENOENT and the like are left in errno. */
int disk_read(int dir, const char *path, size_t limit, struct buffer *out, struct error *err);
/* The same from an offset on: nothing where the file ends before it. */
int disk_read_from(
    int dir, const char *path, uint64_t from, size_t limit, struct buffer *out, struct error *err);
/* The same for a file of the operator's, who may use links. */
int disk_read_followed(
    int dir, const char *path, size_t limit, struct buffer *out, struct error *err);

/* Replaces a file: whole, synced, then renamed over the old one. The name is
 * durable after disk_sync_dir(). */
int disk_replace(int dir, const char *path, const void *data, size_t length, struct error *err);
int disk_sync_dir(int dir, const char *path, struct error *err);
/* The same for what is soon made anew: whole for whoever reads it, but not
 * synced, so that a power cut may leave an empty or torn one. */
int disk_replace_unsynced(
    int dir, const char *path, const void *data, size_t length, struct error *err);

/* The hidden name a file has until it replaces the one of that path. */
const char *disk_beside(const char *path, char out[PATH_MAX]);

/* Writes a file under a name nobody relies on yet; not synced. */
int disk_create_unsynced(
    int dir, const char *path, const void *data, size_t length, mode_t mode, struct error *err);

/* The same in pieces: begun, written piece by piece, and ended, when it is synced, too.
 * After a failure it is gone. */
struct disk_file {
	int dir, fd;
	const char *path;
	uint64_t at;
};

int disk_begin(struct disk_file *f, int dir, const char *path, mode_t mode, struct error *err);
int disk_write(struct disk_file *f, const void *data, size_t length, struct error *err);
int disk_end(struct disk_file *f, struct error *err);

/* Makes a file `at` bytes long, whatever a killed run left behind that, and
 * appends; not synced. EX_DATAERR where it is shorter than that. */
int disk_append(
    int dir, const char *path, uint64_t at, const void *data, size_t length, struct error *err);
/* Makes durable what was appended to a file. */
int disk_sync_file(int dir, const char *path, struct error *err);

/* Has the system begin to write a file, where it can be told to; only ever advice. */
void disk_begin_sync(int fd);

/* Makes all of these files and directories durable, side by side. -1 with errno of
 * one that wasn't, and which in *failed; others may not be then. */
int disk_sync_all(const int *fds, size_t count, size_t *failed);

/* Gives a finished file its name; removes it where that fails. */
int disk_rename(int dir, const char *from, const char *to, struct error *err);
int disk_remove(int dir, const char *path, struct error *err); /* may be gone */

/* What tells that a file or directory is the same and unchanged. */
struct identity {
	uint64_t device, inode, size;
	timestamp ctime, mtime;
};

void identity_of(const struct stat *st, struct identity *out);
bool identity_same(const struct identity *a, const struct identity *b);
timestamp time_of(const struct timespec *t);
timestamp clock_real(void);
timestamp clock_monotonic(void);

#endif
