#ifndef HOMELAB_COMPOSE_H
#define HOMELAB_COMPOSE_H

#include <homelab/error.h>
#include <homelab/event.h>
#include <homelab/names.h>

/*
 * From what a caller says to the bytes of an event file, the other way round
 * than event.h. Pure: no file, clock or chance.
 *
 *	struct outline o = {.at = now, .node = "nas", .type = "backup_done"};
 *
 *	o.payload = json_object();
 *	payload_add(o.payload, "bytes=4711", &err);
 *	event_compose(&o, &bytes, &doubt, &err);
 *
 * What isn't UTF-8 in free text (source, message, payload) is replaced, since a
 * failure that isn't told is worse than one that is told badly; a name that
 * isn't right is refused.
 */

/* Texts are the caller's; NULL or "" is "missing". */
struct outline {
	timestamp at;
	const char *node, *type;
	const char *severity, *source, *service, *correlation_id, *message;
	json_t *payload; /* an object of the caller's, or NULL */
};

/*
 * Appends the event, one line, to `out`. It has been decoded as homelab-observer
 * will decode it, from these very bytes: EX_USAGE and the reason where it would
 * be rejected or would lose its severity or correlation_id. *doubt is a sentence
 * on what else won't count though it was said, or NULL.
 */
int event_compose(
    const struct outline *o, struct buffer *out, const char **doubt, struct error *err);

/* "KEY=VALUE" into the payload: a VALUE that is a JSON number, true, false or
 * null as that, anything else as a string. The last of one KEY counts. */
int payload_add(json_t *payload, const char *assignment, struct error *err);
/* The members of a JSON object; likewise. */
int payload_merge(json_t *payload, const char *json, size_t length, struct error *err);

/* --- names: unique by the moment and by chance ---------------------------------- */

enum {
	CHANCE_SIZE = 16, /* bytes of chance that make a name unique */
	EVENT_FILE_NAME_SIZE = EVENT_FILE_NAME_MAX + 1,
	CORRELATION_ID_SIZE = CORRELATION_ID_MAX + 1,
};

/* 20260512T120500.123456789Z_TYPE_UUID.json: sorts by time. */
char *event_file_name(
    timestamp at, const char *type, const unsigned char *chance, char out[EVENT_FILE_NAME_SIZE]);
/* The same with the service, as far as it's plain, and .log. */
char *log_file_name(
    timestamp at, const char *service, const unsigned char *chance, char out[EVENT_FILE_NAME_SIZE]);
/* deploy-20260512T120500Z-76bfd136 */
char *correlation_id_make(timestamp at, const unsigned char *chance, char out[CORRELATION_ID_SIZE]);

/* A time that is later than `last`, whatever the clock did in between. */
timestamp time_after(timestamp last, timestamp now);

#endif
