/*
 * What readers see, from any thread. What is given up is released when the lock
 * isn't held any more: the observer's functions may take long, or read.
 */

#include "parts.h"

#include <homelab/buffer.h>

#include <time.h>

const char *const observation_stage_names[OBSERVATION_STAGE_COUNT] = {
    [OBSERVATION_SOURCE_REFRESH] = "source_refresh",
    [OBSERVATION_POLL] = "poll",
};

static void
init_lock(struct observation_handle *h)
{
	pthread_condattr_t monotonic;

	if (pthread_mutex_init(&h->lock, NULL) != 0 || pthread_condattr_init(&monotonic) != 0 ||
	    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) != 0 ||
	    pthread_cond_init(&h->news, &monotonic) != 0)
		memory_fail();
	(void)pthread_condattr_destroy(&monotonic);
}

struct observation_handle *
handle_new(const struct observation_snapshot *first, size_t history_limit)
{
	struct observation_handle *h = memory_alloc(sizeof(*h));

	atomic_init(&h->references, 1);
	init_lock(h);
	h->snapshot = first;
	batch_queue_init(&h->history, history_limit);
	return h;
}

struct observation_handle *
handle_keep(struct observation_handle *h)
{
	(void)atomic_fetch_add(&h->references, 1);
	return h;
}

void
observation_handle_release(struct observation_handle *h)
{
	if (h == NULL || atomic_fetch_sub(&h->references, 1) > 1)
		return;
	snapshot_release(h->snapshot);
	batch_queue_release(&h->history);
	(void)pthread_cond_destroy(&h->news);
	(void)pthread_mutex_destroy(&h->lock);
	free(h);
}

void
handle_publish(struct observation_handle *h, const struct observation_snapshot *snapshot,
    const struct observation_batch *batch)
{
	const struct observation_snapshot *old;
	struct batch_queue dropped;

	batch_queue_init(&dropped, SIZE_MAX);
	(void)pthread_mutex_lock(&h->lock);
	old = h->snapshot;
	h->snapshot = snapshot;
	h->failed = false;
	if (batch != NULL) {
		subscriptions_push(h, batch, &dropped);
		(void)batch_queue_push(&h->history, batch, &dropped);
		(void)pthread_cond_broadcast(&h->news);
	}
	(void)pthread_mutex_unlock(&h->lock);
	snapshot_release(old);
	batch_queue_release(&dropped);
}

void
handle_fail(struct observation_handle *h, const struct observation_failure *failure)
{
	(void)pthread_mutex_lock(&h->lock);
	h->failed = true;
	h->failure = *failure;
	(void)pthread_mutex_unlock(&h->lock);
}

void
handle_end(struct observation_handle *h)
{
	(void)pthread_mutex_lock(&h->lock);
	h->ended = true;
	(void)pthread_cond_broadcast(&h->news);
	(void)pthread_mutex_unlock(&h->lock);
}

void
observation_view_take(struct observation_handle *h, struct observation_view *out)
{
	(void)pthread_mutex_lock(&h->lock);
	*out = (struct observation_view){.snapshot = snapshot_keep(h->snapshot),
	    .history = batch_queue_copy(&h->history),
	    .history_count = h->history.count,
	    .failed = h->failed,
	    .failure = h->failure,
	    .ended = h->ended};
	(void)pthread_mutex_unlock(&h->lock);
}

void
observation_view_release(struct observation_view *view)
{
	snapshot_release(view->snapshot);
	for (size_t i = 0; i < view->history_count; i++)
		observation_batch_release(view->history[i]);
	free(view->history);
	*view = (struct observation_view){0};
}
