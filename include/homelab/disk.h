#ifndef HOMELAB_DISK_H
#define HOMELAB_DISK_H

#include <homelab/buffer.h>
#include <homelab/error.h>
#include <homelab/timestamp.h>

#include <sys/stat.h>
#include <sys/types.h>

/*
 * Everything that changes the disk goes through this one table, so that a test
 * can count, fail or cut off at any call. The members are the system calls of
 * the same names; the ...at ones of those that have one.
 */
struct disk_calls {
	int (*open)(int dir, const char *path, int flags, mode_t mode);
	ssize_t (*write)(int fd, const void *data, size_t length);
	int (*truncate)(int fd, off_t length);
	int (*chmod)(int fd, mode_t mode);
	int (*fsync)(int fd);
	int (*close)(int fd);
	int (*rename)(int from_dir, const char *from, int to_dir, const char *to);
	int (*unlink)(int dir, const char *path, int flags);
	int (*mkdir)(int dir, const char *path, mode_t mode);
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

/* Reads a whole file of at most `limit` bytes; a regular one, not through a
 * link. ENOENT and the like are left in errno. */
int disk_read(int dir, const char *path, size_t limit, struct buffer *out, struct error *err);
/* The same for a file of the operator's, who may use links. */
int disk_read_followed(
    int dir, const char *path, size_t limit, struct buffer *out, struct error *err);

/* Replaces a file: whole, synced, then renamed over the old one. The name is
 * durable after disk_sync_dir(). */
int disk_replace(int dir, const char *path, const void *data, size_t length, struct error *err);
int disk_sync_dir(int dir, const char *path, struct error *err);

/* Writes a file under a name nobody relies on yet; synced. */
int disk_create(
    int dir, const char *path, const void *data, size_t length, mode_t mode, struct error *err);

/* Makes a file `at` bytes long, whatever a killed run left behind that, and
 * appends; synced where `sync`. */
int disk_append(int dir, const char *path, uint64_t at, const void *data, size_t length, bool sync,
    struct error *err);

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
