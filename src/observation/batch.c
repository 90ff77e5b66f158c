/* The events of a cycle, and batches of them waiting in order. */

#include "parts.h"

#include <homelab/buffer.h>

struct shared_batch {
	struct observation_batch shown; /* first: what readers point to */
	void (*release)(void *event);
	atomic_size_t references;
};

void
observation_events_add(struct observation_events *events, void *event)
{
	ARRAY_GROW(events->list, events->count, events->room);
	events->list[events->count++] = event;
}

void
events_release(struct observation_events *events)
{
	for (size_t i = 0; i < events->count; i++)
		events->release(events->list[i]);
	free(events->list);
	events->list = NULL;
	events->count = events->room = 0;
}

const struct observation_batch *
batch_new(const struct observation_cycle *cycle, struct observation_events *events)
{
	struct shared_batch *b = memory_alloc(sizeof(*b));

	b->shown = (struct observation_batch){.cycle = cycle->number,
	    .observed_at = cycle->at,
	    .source_count = cycle->sources.count,
	    .events = events->list,
	    .event_count = events->count};
	b->release = events->release;
	atomic_init(&b->references, 1);
	events->list = NULL;
	events->count = events->room = 0;
	return &b->shown;
}

const struct observation_batch *
batch_keep(const struct observation_batch *batch)
{
	(void)atomic_fetch_add(&((struct shared_batch *)batch)->references, 1);
	return batch;
}

void
observation_batch_release(const struct observation_batch *batch)
{
	struct shared_batch *b = (struct shared_batch *)batch;
	struct observation_events events;

	if (atomic_fetch_sub(&b->references, 1) > 1)
		return;
	events = (struct observation_events){
	    .list = b->shown.events, .count = b->shown.event_count, .release = b->release};
	events_release(&events);
	free(b);
}

/* --- queues ---------------------------------------------------------------- */

struct batch_link {
	const struct observation_batch *batch;
	struct batch_link *next;
};

void
batch_queue_init(struct batch_queue *queue, size_t limit)
{
	*queue = (struct batch_queue){.end = &queue->first, .limit = limit};
}

static void
append(struct batch_queue *queue, struct batch_link *link)
{
	*queue->end = link;
	queue->end = &link->next;
	queue->count++;
}

static struct batch_link *
take_first(struct batch_queue *queue)
{
	struct batch_link *link = queue->first;

	if (link == NULL)
		return NULL;
	queue->first = link->next;
	link->next = NULL;
	if (queue->first == NULL)
		queue->end = &queue->first;
	queue->count--;
	return link;
}

size_t
batch_queue_push(
    struct batch_queue *queue, const struct observation_batch *batch, struct batch_queue *dropped)
{
	struct batch_link *link = memory_alloc(sizeof(*link));
	size_t count = 0;

	link->batch = batch;
	append(queue, link);
	for (; queue->count > queue->limit; count++)
		append(dropped, take_first(queue));
	return count;
}

const struct observation_batch *
batch_queue_pop(struct batch_queue *queue)
{
	struct batch_link *link = take_first(queue);
	const struct observation_batch *batch = link != NULL ? link->batch : NULL;

	free(link);
	return batch;
}

const struct observation_batch **
batch_queue_copy(const struct batch_queue *queue)
{
	const struct observation_batch **copy = memory_resize(NULL, queue->count, sizeof(*copy));
	size_t count = 0;

	for (const struct batch_link *link = queue->first; link != NULL; link = link->next)
		copy[count++] = batch_keep(link->batch);
	return copy;
}

void
batch_queue_release(struct batch_queue *queue)
{
	const struct observation_batch *batch;

	while ((batch = batch_queue_pop(queue)) != NULL)
		observation_batch_release(batch);
}
