#ifndef OBSERVATION_PARTS_H
#define OBSERVATION_PARTS_H

#include <homelab/observation.h>

#include <pthread.h>
#include <stdatomic.h>

/* What the files of the runtime share. */

/* sources.c */
void sources_release(struct observation_sources *sources);

/* batch.c */
struct observation_events {
	void **list;
	size_t count, room;
	void (*release)(void *event);
};

void events_release(struct observation_events *events);

/* Takes the events; one reference. */
const struct observation_batch *batch_new(
    const struct observation_cycle *cycle, struct observation_events *events);
const struct observation_batch *batch_keep(const struct observation_batch *batch);

/* Batches in their order, each with a reference. */
struct batch_queue {
	struct batch_link *first, **end;
	size_t count, limit;
};

void batch_queue_init(struct batch_queue *queue, size_t limit);
/* Takes a reference. What the limit leaves no room for, the oldest, is moved to
 * `dropped`: to be released when no lock is held. Returns how many. */
size_t batch_queue_push(
    struct batch_queue *queue, const struct observation_batch *batch, struct batch_queue *dropped);
/* The oldest with its reference, or NULL. */
const struct observation_batch *batch_queue_pop(struct batch_queue *queue);
/* Every batch, as many as `count`, each with a reference of its own. */
const struct observation_batch **batch_queue_copy(const struct batch_queue *queue);
void batch_queue_release(struct batch_queue *queue);

/* snapshot.c */
/* Takes the value; one reference. */
const struct observation_snapshot *snapshot_new(
    const struct observation_cycle *cycle, void *value, void (*release)(void *value));
const struct observation_snapshot *snapshot_keep(const struct observation_snapshot *snapshot);
void snapshot_release(const struct observation_snapshot *snapshot);

/* handle.c: what the thread that runs cycles tells the readers. */
struct observation_handle {
	atomic_size_t references;
	pthread_mutex_t lock; /* of all below, and of the subscriptions' queues */
	pthread_cond_t news; /* a batch, or the end; by the monotonic clock */
	const struct observation_snapshot *snapshot;
	struct batch_queue history;
	bool failed, ended;
	struct observation_failure failure;
	struct observation_subscription *subscriptions;
};

/* Takes the reference. */
struct observation_handle *handle_new(
    const struct observation_snapshot *first, size_t history_limit);
struct observation_handle *handle_keep(struct observation_handle *handle);
/* A cycle succeeded. Takes the references; `batch` may be NULL: no events. */
void handle_publish(struct observation_handle *handle, const struct observation_snapshot *snapshot,
    const struct observation_batch *batch);
void handle_fail(struct observation_handle *handle, const struct observation_failure *failure);
void handle_end(struct observation_handle *handle);

/* subscription.c: a batch for all subscriptions, under the lock. */
void subscriptions_push(struct observation_handle *handle, const struct observation_batch *batch,
    struct batch_queue *dropped);

/* schedule.c: when the next cycle begins. Pure. */
struct schedule {
	timestamp interval, gather;
	timestamp due; /* the next cycle whatever happens */
	timestamp gathered; /* the next one if woken */
	bool woken;
};

void schedule_begin(struct schedule *s, timestamp now, bool early);
void schedule_end(struct schedule *s, timestamp now);
timestamp schedule_next(const struct schedule *s);

/* bell.c: what ends a wait. */
struct bell {
	int pipe[2]; /* -1, -1 where closed */
	int hint_fd; /* or -1 */
};

int bell_open(struct bell *bell, int hint_fd, struct error *err);
void bell_close(struct bell *bell);
void bell_ring(const struct bell *bell); /* async-signal-safe */
/* What rang so far is forgotten. */
void bell_quiet(const struct bell *bell);
/* Waits so long, or until it rings, or the hint can be read where that's wanted.
 * True where something did. */
bool bell_wait(
    struct bell *bell, const struct observation_clock *clock, bool with_hint, timestamp longest);

/* clock.c */
extern const struct observation_clock clock_system;

#endif
