#ifndef HOMELAB_UNSYNCED_H
#define HOMELAB_UNSYNCED_H

#include <homelab/disk.h>

/*
 * Files that were written and aren't durable yet. A commit writes all it has and
 * makes all of it durable at once: a disk that was asked for everything before
 * it's waited for anything is done several times sooner than one file after the
 * other.
 *
 * The functions return 0 or -1 with *err set, as those of disk.h. Nothing is
 * durable, and no name that was to be replaced is, before unsynced_sync().
 */
struct unsynced_file {
	int dir;
	char *path;
	bool replaces; /* lies beside the file it is to replace */
	bool directory;
};

struct unsynced {
	struct unsynced_file *items;
	size_t count, room;
};

/* A file that was written by others, with disk_append() say; may be added twice. */
void unsynced_add(struct unsynced *u, int dir, const char *path);

/* A directory, for the names in it. */
void unsynced_add_dir(struct unsynced *u, int dir, const char *path);

/* disk_create_unsynced() and disk_replace(), as far as they go without waiting. */
int unsynced_create(struct unsynced *u, int dir, const char *path, const void *data, size_t length,
    struct error *err);
int unsynced_replace(struct unsynced *u, int dir, const char *path, const void *data, size_t length,
    struct error *err);

/* Makes all of them durable, side by side; names only by their directories. What
 * failed is not to be tried again. */
int unsynced_sync(struct unsynced *u, struct error *err);

/* Lets a file take the place of the one it replaces. */
int unsynced_rename(struct unsynced *u, int dir, const char *path, struct error *err);

/* Removes what was to replace a file and hasn't. */
void unsynced_release(struct unsynced *u);

/* Has the system begin to write a file; only ever advice. */
void unsynced_begin(int dir, const char *path);

#endif
