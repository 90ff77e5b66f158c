/* Subscriptions: batches that wait for one reader each. */

#include "parts.h"

#include <homelab/buffer.h>
#include <homelab/disk.h>

#include <time.h>

struct observation_subscription {
	struct observation_handle *handle;
	struct observation_subscription *next;
	struct batch_queue queue;
	uint64_t lost;
};

struct observation_subscription *
observation_subscribe(struct observation_handle *handle, size_t limit)
{
	struct observation_subscription *s = memory_alloc(sizeof(*s));

	s->handle = handle_keep(handle);
	batch_queue_init(&s->queue, limit);
	(void)pthread_mutex_lock(&handle->lock);
	s->next = handle->subscriptions;
	handle->subscriptions = s;
	(void)pthread_mutex_unlock(&handle->lock);
	return s;
}

void
observation_unsubscribe(struct observation_subscription *s)
{
	struct observation_subscription **at;

	if (s == NULL)
		return;
	(void)pthread_mutex_lock(&s->handle->lock);
	for (at = &s->handle->subscriptions; *at != s; at = &(*at)->next)
		;
	*at = s->next;
	(void)pthread_mutex_unlock(&s->handle->lock);
	batch_queue_release(&s->queue);
	observation_handle_release(s->handle);
	free(s);
}

void
subscriptions_push(struct observation_handle *handle, const struct observation_batch *batch,
    struct batch_queue *dropped)
{
	for (struct observation_subscription *s = handle->subscriptions; s != NULL; s = s->next)
		s->lost += batch_queue_push(&s->queue, batch_keep(batch), dropped);
}

static enum observation_received
take(struct observation_subscription *s, const struct observation_batch **batch, uint64_t *lost)
{
	if (s->lost > 0) {
		*lost = s->lost;
		s->lost = 0;
		return OBSERVATION_LOST;
	}
	*batch = batch_queue_pop(&s->queue);
	if (*batch != NULL)
		return OBSERVATION_BATCH;
	return s->handle->ended ? OBSERVATION_ENDED : OBSERVATION_NOTHING;
}

/* A day at most, which fits any time_t; the caller looks again anyway. */
static void
wait_for_news(struct observation_handle *handle, timestamp now, timestamp until)
{
	timestamp next = until - now > DAYS(1) ? timestamp_add(now, DAYS(1)) : until;
	struct timespec at = {.tv_sec = (time_t)(next / NANOSECONDS_A_SECOND),
	    .tv_nsec = (long)(next % NANOSECONDS_A_SECOND)};

	(void)pthread_cond_timedwait(&handle->news, &handle->lock, &at);
}

enum observation_received
observation_receive(struct observation_subscription *s, timestamp longest,
    const struct observation_batch **batch, uint64_t *lost)
{
	timestamp now = clock_monotonic(), until = timestamp_add(now, longest);
	enum observation_received received;

	(void)pthread_mutex_lock(&s->handle->lock);
	while ((received = take(s, batch, lost)) == OBSERVATION_NOTHING && now < until) {
		wait_for_news(s->handle, now, until);
		now = clock_monotonic();
	}
	(void)pthread_mutex_unlock(&s->handle->lock);
	return received;
}
