#ifndef HOMELAB_BOOKMARK_H
#define HOMELAB_BOOKMARK_H

#include <homelab/batches.h>

/*
 * How far a hook has been told: a small file NAME.json in homelab-notify's own
 * directory, replaced as a whole and durable when bookmark_save() returns.
 *
 * What is to be told is taken out of the outbox first and stored here, pending;
 * then the hook gets exactly that, again and again until it takes it. So it
 * gets everything at least once, and after a crash or a failure the same as
 * before, even where the outbox is gone meanwhile:
 *
 *	bookmark_load -> pending? -> hook run -> bookmark_delivered or bookmark_failed
 *	           -> none?    -> bookmark_take -> bookmark_save -> hook run
 */
struct bookmark {
	uint64_t generation; /* everything up to it was taken */
	bool fresh; /* nothing was: the hook is new */
	bool begins; /* no batch was taken yet: nothing can be missed before it */
	bool missed; /* to be said with the next */
	bool changed; /* since it was loaded */
	unsigned failures; /* in a row */
	timestamp next_attempt;
	json_t *kept; /* see hold.h */
	json_t *pending; /* notification, or NULL */
};

/* A file that is damaged is kept as NAME.json.damaged: *damaged; this is
 * as of a new hook, but something was missed. `dir` is the directory. */
int bookmark_load(
    int dir, const char *name, struct bookmark *out, bool *damaged, struct error *err);
int bookmark_save(int dir, const char *name, const struct bookmark *p, struct error *err);
void bookmark_release(struct bookmark *p);

/* What bookmark_take() takes from. */
struct bookmark_source {
	const struct batches *batches;
	int root; /* for the incidents of now */
	timestamp now, hold;
};

/* Makes pending what is next to be told, if there is anything. 0 or -1. */
int bookmark_take(struct bookmark *p, const struct bookmark_source *s,
    struct batches_cursor *cursor, struct error *err);

/* The hook took what was pending, or it didn't and gets it again later. */
void bookmark_delivered(struct bookmark *p);
void bookmark_failed(struct bookmark *p, timestamp now);

/* Whether the time for the next attempt has come, or the clock was set back. */
bool bookmark_is_due(const struct bookmark *p, timestamp now);

/* How long after so many failures in a row: 1 minute, doubled up to 1 hour. */
timestamp bookmark_delay(unsigned failures);

#endif
