#ifndef HOMELAB_WATCHES_H
#define HOMELAB_WATCHES_H

#include <homelab/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Directories watched by inotify(7), as a hint that something may have come.
 *
 *	watches_open(&w, &err)		w.fd can be read when there's something
 *	watches_begin(&w)
 *	watches_add(&w, path)		each directory there is now
 *	watches_end(&w)			no longer those that weren't added
 *	watches_drain(&w)		what came since
 *
 * A hint only: watches are limited, queues overflow, and network file systems say
 * nothing. Who uses it looks from time to time all the same.
 */

struct watch {
	int id;
	uint64_t round;
};

struct watches {
	int fd; /* -1: there is no inotify */
	uint64_t round;
	struct watch *list; /* by id */
	size_t count, room;
	bool full; /* a directory couldn't be watched */
};

int watches_open(struct watches *w, struct error *err);
void watches_release(struct watches *w);

void watches_begin(struct watches *w);
/* 1 where it wasn't watched before, 0 where it was, -1 where it can't be: it isn't
 * there, or the limit is reached. */
int watches_add(struct watches *w, const char *path);
void watches_end(struct watches *w);

/* Reads all that waits; true where any of it may be an event, or where something
 * was lost. */
bool watches_drain(struct watches *w);

#endif
