#include "parts.h"

#include <homelab/message.h>

#include <errno.h>
#include <sha2.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#define OUTBOX "outbox"
#define END_MAX SECONDS(3) /* for all threads to end */

enum { SEGMENTS_AT_LEAST = 8 };

/* --- opening ------------------------------------------------------------------------- */

static int
add_backend(struct backends *b, const char *url, struct error *err)
{
	struct backend *k;

	ARRAY_GROW(b->list, b->count, b->room);
	k = &b->list[b->count++];
	*k = (struct backend){.all = b};
	if (address_parse(url, b->authorization != NULL, &k->url, &k->directory, err) < 0)
		return -1;
	for (size_t i = 0; i + 1 < b->count; i++)
		if (strcmp(b->list[i].directory, k->directory) == 0)
			return error_set(err, EX_CONFIG, "%s: given twice", url);
	return 0;
}

static int
read_options(struct backends *b, struct error *err)
{
	const struct backend_options *o = b->options;

	if (o->token_file != NULL && token_read(o->token_file, &b->authorization, err) < 0)
		return -1;
	for (size_t i = 0; o->urls[i] != NULL; i++)
		if (add_backend(b, o->urls[i], err) < 0)
			return -1;
	return 0;
}

static int
open_buffer(struct backends *b, int state, struct error *err)
{
	uint64_t bytes_max = b->options->bytes_max ? b->options->bytes_max : BACKEND_BYTES_MAX;
	uint64_t segment = bytes_max / SEGMENTS_AT_LEAST;
	int events;

	if ((b->dir = disk_enter_dir(state, OUTBOX, err)) < 0 ||
	    (events = disk_enter_dir(b->dir, "events", err)) < 0 ||
	    segments_open(
		&b->segments, events, segment < SEGMENT_BYTES ? segment : SEGMENT_BYTES, err) < 0)
		return -1;
	b->opened_end = segments_end(&b->segments);
	return 0;
}

/* A position beyond the buffer's end: that was lost or is another one. Durable then,
 * but for the names of their directories. */
static int
open_position(struct backends *b, struct backend *k, struct error *err)
{
	struct position *p = &k->position;
	uint64_t end = segments_end(&b->segments);
	int found = position_load(b->dir, k->directory, p, err);

	if (found < 0)
		return -1;
	if (found == 1 && p->upto <= end)
		return position_sync(b->dir, k->directory, err);
	if (found == 1)
		message_warning("state/agent/outbox: %s had more than there is now", k->url);
	p->taken = p->upto = end;
	return position_create(b->dir, k->directory, p, err);
}

static int
open_positions(struct backends *b, struct error *err)
{
	for (size_t i = 0; i < b->count; i++)
		if (open_position(b, &b->list[i], err) < 0)
			return -1;
	return disk_sync_dir(b->dir, ".", err);
}

static void
init_lock(struct backends *b)
{
	pthread_condattr_t attributes;

	if (pthread_condattr_init(&attributes) != 0 ||
	    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) != 0 ||
	    pthread_cond_init(&b->changed, &attributes) != 0 ||
	    pthread_mutex_init(&b->lock, NULL) != 0)
		memory_fail();
	(void)pthread_condattr_destroy(&attributes);
}

struct backends *
backends_open(const struct backend_options *options, int state, struct error *err)
{
	struct backends *b = memory_alloc(sizeof(*b));

	*b = (struct backends){.options = options, .dir = -1, .opened_at = clock_monotonic()};
	b->segments.dir = -1;
	init_lock(b);
	if (read_options(b, err) == 0 && open_buffer(b, state, err) == 0 &&
	    open_positions(b, err) == 0)
		return b;
	backends_close(b);
	return NULL;
}

/* --- threads -------------------------------------------------------------------------- */

int
backends_start(struct backends *b, struct error *err)
{
	for (size_t i = 0; i < b->count; i++) {
		struct backend *k = &b->list[i];

		errno = pthread_create(&k->thread, NULL, sender_run, k);
		k->has_thread = errno == 0;
		if (!k->has_thread)
			return error_errno(err, EX_OSERR, "cannot start a thread");
	}
	return 0;
}

static struct timespec
monotonic_end(timestamp longest)
{
	timestamp end = timestamp_add(clock_monotonic(), longest);

	return (struct timespec){(time_t)(end / SECONDS(1)), (long)(end % SECONDS(1))};
}

static bool
all_ended(const struct backends *b)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->list[i].has_thread && !b->list[i].ended)
			return false;
	return true;
}

/* False where one hangs, as the look-up of a name may, which nobody can end. */
static bool
stop_threads(struct backends *b)
{
	struct timespec due = monotonic_end(END_MAX);
	bool ended;

	(void)pthread_mutex_lock(&b->lock);
	atomic_store(&b->stop, true);
	(void)pthread_cond_broadcast(&b->changed);
	while (!(ended = all_ended(b)) &&
	    pthread_cond_timedwait(&b->changed, &b->lock, &due) != ETIMEDOUT)
		;
	(void)pthread_mutex_unlock(&b->lock);
	for (size_t i = 0; ended && i < b->count; i++)
		if (b->list[i].has_thread)
			(void)pthread_join(b->list[i].thread, NULL);
	return ended;
}

static void
release_backend(struct backend *k)
{
	free(k->url);
	free(k->directory);
}

void
backends_close(struct backends *b)
{
	if (b == NULL)
		return;
	if (!stop_threads(b))
		return; /* what a thread still uses isn't freed */
	for (size_t i = 0; i < b->count; i++)
		release_backend(&b->list[i]);
	segments_release(&b->segments);
	buffer_release(&b->facts);
	if (b->dir >= 0)
		(void)close(b->dir);
	(void)pthread_cond_destroy(&b->changed);
	(void)pthread_mutex_destroy(&b->lock);
	free(b->authorization);
	free(b->list);
	free(b);
}

/* --- adding ----------------------------------------------------------------------------- */

static int
dump_piece(const char *data, size_t length, void *out)
{
	buffer_add(out, data, length);
	return 0;
}

static int
add_line(const struct backend_event *event, struct buffer *out, struct error *err)
{
	json_auto_t *json = json_loadb(event->bytes, event->length, JSON_REJECT_DUPLICATES, NULL);
	size_t before = out->length;

	if (json_object_set_new(json, "id", json_string(event->name)) < 0)
		return error_set(err, EX_SOFTWARE, "%s is no event", event->name);
	(void)json_dump_callback(
	    json, dump_piece, out, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(15));
	buffer_add(out, "\n", 1);
	if (out->length - before < BACKEND_BATCH_BYTES)
		return 0;
	out->length = before;
	return error_set(err, EX_SOFTWARE, "%s is too long", event->name);
}

static int
append(struct backends *b, struct buffer *text, json_t *names, struct error *err)
{
	if (text->length > 0 && segments_append(&b->segments, text, names, err) < 0)
		return -1;
	text->length = 0;
	(void)json_object_clear(names);
	return 0;
}

/* As many at once as a segment takes: mostly all. */
static int
append_events(
    struct backends *b, const struct backend_event *events, size_t count, struct error *err)
{
	cleanup_buffer struct buffer text = {0};
	json_auto_t *names = json_object();

	for (size_t i = 0; i < count; i++) {
		if (segments_know(&b->segments, events[i].name) ||
		    json_object_get(names, events[i].name) != NULL)
			continue;
		if (add_line(&events[i], &text, err) < 0)
			return -1;
		(void)json_object_set_new(names, events[i].name, json_true());
		if (text.length >= b->segments.segment_bytes && append(b, &text, names, err) < 0)
			return -1;
	}
	return append(b, &text, names, err);
}

int
backends_add(struct backends *b, const struct backend_event *events, size_t count, timestamp now,
    struct error *err)
{
	int failed;

	(void)pthread_mutex_lock(&b->lock);
	failed = append_events(b, events, count, err) < 0 || limits_apply(b, now, err) < 0;
	(void)pthread_cond_broadcast(&b->changed);
	(void)pthread_mutex_unlock(&b->lock);
	return failed ? -1 : 0;
}

void
backends_facts(struct backends *b, const json_t *facts)
{
	(void)pthread_mutex_lock(&b->lock);
	b->facts.length = 0;
	(void)json_dump_callback(
	    facts, dump_piece, &b->facts, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(15));
	(void)SHA256Data(b->facts.data, b->facts.length, b->facts_digest);
	(void)pthread_cond_broadcast(&b->changed);
	(void)pthread_mutex_unlock(&b->lock);
}

/* --- what was dropped --------------------------------------------------------------------- */

int
backends_dropped(struct backends *b, struct backend_drop *out)
{
	int found = 0;

	(void)pthread_mutex_lock(&b->lock);
	for (size_t i = 0; !found && i < b->count; i++) {
		const struct position *p = &b->list[i].position;

		*out = (struct backend_drop){b->list[i].url, p->dropped_events - p->told_events,
		    p->dropped_bytes - p->told_bytes, p->dropped_events};
		found = out->events > 0 || out->bytes > 0;
	}
	(void)pthread_mutex_unlock(&b->lock);
	return found;
}

int
backends_told(struct backends *b, const struct backend_drop *drop, struct error *err)
{
	int failed = 0;

	(void)pthread_mutex_lock(&b->lock);
	for (size_t i = 0; i < b->count; i++) {
		struct backend *k = &b->list[i];

		if (drop->backend != k->url)
			continue;
		k->position.told_events += drop->events;
		k->position.told_bytes += drop->bytes;
		failed = position_save(b->dir, k->directory, &k->position, true, err);
	}
	(void)pthread_mutex_unlock(&b->lock);
	return failed;
}

/* --- one shot -------------------------------------------------------------------------------- */

/* Whether nobody has anything to do before `end`; *done: nor after it. */
static bool
all_rest(struct backends *b, timestamp end, bool *done)
{
	timestamp now = clock_real(), until;

	*done = true;
	for (size_t i = 0; i < b->count; i++) {
		const struct backend *k = &b->list[i];
		const struct backoff *lanes = k->position.lanes;
		bool waits = lanes[LANE_EVENTS].failures > 0 || lanes[LANE_FACTS].failures > 0;

		if (k->busy || sender_work(k, now, &until) != WORK_NONE || (waits && until < end))
			return false;
		*done &= !waits;
	}
	return true;
}

bool
backends_flush(struct backends *b, timestamp longest)
{
	timestamp end = timestamp_add(clock_real(), longest);
	struct timespec due = monotonic_end(longest);
	bool done = false;

	(void)pthread_mutex_lock(&b->lock);
	while (!all_rest(b, end, &done))
		if (pthread_cond_timedwait(&b->changed, &b->lock, &due) == ETIMEDOUT) {
			done = false;
			break;
		}
	(void)pthread_mutex_unlock(&b->lock);
	return done;
}
