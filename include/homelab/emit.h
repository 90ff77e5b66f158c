#ifndef HOMELAB_EMIT_H
#define HOMELAB_EMIT_H

#include <homelab/compose.h>

#include <limits.h>

/*
 * Writes events below ROOT/events: the one way to do it. An event lies where and
 * is named as its moment of writing says, so that it sorts behind what has been
 * decided on, though it may be dated earlier.
 *
 *	event_emit(root, &outline, now, &emitted, &err);
 *
 * Whoever must not tell one twice, not even after a crash, chooses the place
 * first, keeps it with the bytes, and puts them there, again after a crash:
 *
 *	event_place(node, type, now, place, &err);
 *	event_put(root, place, bytes, length, now, &err);
 *
 * `now` is the real clock's.
 */

struct emitted {
	const char *doubt; /* see event_compose() */
	char path[PATH_MAX];
};

/* EX_USAGE, with nothing written, where it can't be an event, EX_IOERR where it
 * can't be written. */
int event_emit(const char *root, const struct outline *o, timestamp now, struct emitted *out,
    struct error *err);

/* DATE/NODE/NAME.json that nobody else has, below ROOT/events. */
enum { EVENT_PLACE_SIZE = DATE_TEXT_MAX + NODE_NAME_MAX + EVENT_FILE_NAME_SIZE + 2 };
int event_place(const char *node, const char *type, timestamp now, char out[EVENT_PLACE_SIZE],
    struct error *err);

/* Durable when it returns. One that is there already is left as it is. EX_DATAERR
 * where that is no place. */
int event_put(const char *root, const char *place, const void *data, size_t length, timestamp now,
    struct error *err);

/* CHANCE_SIZE bytes nobody else has. */
int chance_get(unsigned char *out, struct error *err);

#endif
