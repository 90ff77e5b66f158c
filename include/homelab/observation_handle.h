#ifndef HOMELAB_OBSERVATION_HANDLE_H
#define HOMELAB_OBSERVATION_HANDLE_H

#include <homelab/error.h>
#include <homelab/timestamp.h>

/*
 * What readers see of an observation runtime (homelab/observation.h), from any
 * thread, while it runs and after it was freed:
 *
 *	observation_view_take(handle, &view);
 *	… view.snapshot->value, view.history …
 *	observation_view_release(&view);
 *
 *	subscription = observation_subscribe(handle, 64);
 *	while ((got = observation_receive(subscription, OBSERVATION_FOREVER, &batch,
 *	    &lost)) != OBSERVATION_ENDED)
 *		…
 *	observation_unsubscribe(subscription);
 *
 *	observation_handle_release(handle);
 *
 * Snapshots and batches are shared and never change. A view, a batch received
 * and a subscription stay good without the handle; each has to be released.
 */

struct observation_snapshot {
	uint64_t cycle; /* 0: made at start */
	timestamp observed_at;
	size_t source_count;
	void *value;
};

/* The events of one cycle, at least one. */
struct observation_batch {
	uint64_t cycle;
	timestamp observed_at;
	size_t source_count;
	void **events;
	size_t event_count;
};

void observation_batch_release(const struct observation_batch *batch);

enum observation_stage { OBSERVATION_SOURCE_REFRESH, OBSERVATION_POLL, OBSERVATION_STAGE_COUNT };

/* "source_refresh", "poll" */
extern const char *const observation_stage_names[OBSERVATION_STAGE_COUNT];

struct observation_failure {
	uint64_t cycle;
	timestamp at;
	size_t source_count; /* as last known where it's they that failed */
	enum observation_stage stage;
	struct error error; /* its text is the message */
};

/* A reference that readers hold, from observation_handle(). */
struct observation_handle;
void observation_handle_release(struct observation_handle *handle);

/* Everything as of one moment. */
struct observation_view {
	const struct observation_snapshot *snapshot;
	const struct observation_batch **history; /* oldest first */
	size_t history_count;
	bool failed; /* … and no cycle has succeeded since */
	struct observation_failure failure;
	bool ended; /* the runtime is gone: nothing will change */
};

void observation_view_take(struct observation_handle *handle, struct observation_view *out);
void observation_view_release(struct observation_view *view);

/*
 * Gets every batch from now on, by one thread at a time. At most `limit` of them
 * wait; then the oldest is lost for the newest. 0: only how many there were.
 */
struct observation_subscription;
struct observation_subscription *observation_subscribe(
    struct observation_handle *handle, size_t limit);
void observation_unsubscribe(struct observation_subscription *subscription);

enum observation_received {
	OBSERVATION_BATCH, /* *batch, to be released */
	OBSERVATION_LOST, /* *lost batches before the next one */
	OBSERVATION_NOTHING, /* in this time */
	OBSERVATION_ENDED, /* the runtime is gone, and all was received */
};

#define OBSERVATION_FOREVER TIMESTAMP_LAST

/* Waits for `longest` nanoseconds; 0 doesn't. */
enum observation_received observation_receive(struct observation_subscription *subscription,
    timestamp longest, const struct observation_batch **batch, uint64_t *lost);

#endif
