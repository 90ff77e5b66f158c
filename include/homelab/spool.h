#ifndef HOMELAB_SPOOL_H
#define HOMELAB_SPOOL_H

#include <homelab/buffer.h>
#include <homelab/error.h>
#include <homelab/timestamp.h>

#include <limits.h>

/*
 * A directory below ROOT that a writer puts files in, as ROOT/events/DATE/NODE.
 *
 *	static const char *const names[] = {"events", "2026-05-12", "nas", NULL};
 *	cleanup_spool struct spool spool;
 *
 *	spool_open(&spool, root, names, now, &err);
 *	spool_put(&spool, "a.json", data, length, &err);
 *
 * Directories that are missing are made, with the mode of the one they lie in,
 * whatever the umask: where a group shares ROOT/events, it shares what is made
 * in it. (The umask is changed for the moment of a mkdir: not for threads.)
 * No link is followed below ROOT.
 *
 * What spool_put() has put is durable when it returns. For that the directory
 * itself must be, too: one is synced that was made here, and one above that
 * changed within the last minute, since another writer may have made what we
 * found there and not have synced it yet. In a directory that is older, a file
 * costs one fsync of it and one of the directory.
 *
 * All return 0, or -1 with *err set (EX_IOERR).
 */
struct spool {
	int fd;
	char path[PATH_MAX]; /* ROOT/… */
};

#define cleanup_spool __attribute__((cleanup(spool_close)))

/* `names` ends with NULL; `now` is the real clock's. */
int spool_open(struct spool *spool, const char *root, const char *const *names, timestamp now,
    struct error *err);
void spool_close(struct spool *spool);

/* A new file, which nobody sees before it is whole. Where only the sync of the
 * directory fails the file is there, but may not outlive a power cut. */
int spool_put(
    struct spool *spool, const char *name, const void *data, size_t length, struct error *err);
/* Makes durable the names that are in it. */
int spool_sync(struct spool *spool, struct error *err);

#endif
