#ifndef HOMELAB_TRACK_H
#define HOMELAB_TRACK_H

#include <homelab/container.h>
#include <homelab/error.h>
#include <homelab/timestamp.h>

#include <jansson.h>

/*
 * What is known of all containers, and what must have happened between two looks
 * at them. Pure.
 *
 *	t = track_from_json(kept, &err);          NULL: say so, then track_new()
 *	struct transitions told = {0};
 *
 *	if (runtime_list(r, track_looked_at(t, name), &seen, &err) == 0)
 *		track_update(t, name, &seen, now, &told);
 *	… one event for each of told.list, in that order …
 *	kept = track_to_json(t);
 *	transitions_release(&told);
 *
 * A container is one by its runtime, its name and its id: one that was renamed is
 * removed and created. A runtime that can't be asked is left out: what was known
 * of its containers stays as it was.
 *
 * What is told is what can be known, never more:
 *	- at the first look at a runtime what there is is told as it is, without the
 *	  ends that its containers came to before;
 *	- one that went down and came up between two looks has "restarted"; how it
 *	  ended is told where the runtime still knows that;
 *	- an end stays what it was told as, though runtimes forget who asked for it.
 */

enum transition_kind {
	TRANSITION_CREATED,
	TRANSITION_STARTED,
	TRANSITION_STOPPED, /* it ended, and that was no crash: exit_code 0 or asked for */
	TRANSITION_CRASHED,
	TRANSITION_RESTARTED, /* by whom isn't known here */
	TRANSITION_PAUSED,
	TRANSITION_RESUMED,
	TRANSITION_REMOVED,
	TRANSITION_COUNT
};

/* "container_created" … "container_removed" */
extern const char *const transition_types[TRANSITION_COUNT];

struct transition {
	enum transition_kind kind;
	/* When it happened, as the runtime says it, so that it is the same where the
	 * same is told again; else `now`. Of one container each is later than the one
	 * before, and none is later than `now` by more than a minute. */
	timestamp at;
	/* NULL for what wasn't known. Of a container that takes the place of another,
	 * as Kubernetes' next attempt does, RESTARTED has that other one here, unless
	 * the new one was seen before it ran. */
	struct container *before;
	/* As this transition left it: the last of one container has it as it was seen,
	 * REMOVED as it was known, state removed. */
	struct container *after;
};

/* In the order of `at`. Begun as {0}. */
struct transitions {
	struct transition *list;
	size_t count, room;
};

void transitions_release(struct transitions *t);

enum {
	TRACK_FORMAT = 1,
	TRACK_RUNTIMES_MAX = 64, /* further ones aren't looked at */
};

struct track;

struct track *track_new(void);
void track_free(struct track *t); /* NULL is nothing */

/*
 * Adds to *out what led from what was known of this runtime's containers to what
 * is seen of them at `now`. Of more than CONTAINERS_MAX the last by name are left
 * out, and of two with one name and id the second.
 */
void track_update(struct track *t, const char *runtime, const struct containers *seen,
    timestamp now, struct transitions *out);

/* When a runtime was looked at last; TIMESTAMP_NONE: never. */
timestamp track_looked_at(const struct track *t, const char *runtime);

/* Those that are known, by runtime, name and id; good until the next change. */
size_t track_count(const struct track *t);
const struct container *track_container(const struct track *t, size_t i);

/* Forgets all runtimes but these, and says nothing: they aren't watched any more. */
void track_keep(struct track *t, const char *const *runtimes, size_t count);

/* New reference. */
json_t *track_to_json(const struct track *t);

/* NULL and the reason (EX_SOFTWARE) where that isn't whole, or of another format. */
struct track *track_from_json(const json_t *value, struct error *err);

#endif
