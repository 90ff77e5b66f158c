/*
 * What a run does for one partition, and for all of them side by side. A
 * partition is worked on by one thread, from its directories to its state;
 * threads share nothing but the queue.
 */

#include "run.h"

#include <homelab/message.h>

#include <pthread.h>
#include <string.h>
#include <sysexits.h>

enum { OPEN_DAYS = 2, THREADS_MAX = 64, MANY_SLOTS = 64 };

static int
make_dir(struct store *store, const char *kind, const char *name, struct error *err)
{
	cleanup_buffer struct buffer path = {0};

	buffer_text(&path, "%s/%s", kind, name);
	return disk_make_dir(store->fd, buffer_string(&path), err) < 0 ? -1 : 0;
}

static int
make_dirs(struct observer *o, const struct manifest *m, struct error *err)
{
	if (o->store.read_only)
		return 0;
	if (make_dir(&o->store, "partitions", m->node, err) < 0)
		return -1;
	for (size_t i = 0; i < m->source_count; i++)
		if (make_dir(&o->store, "journal", m->sources[i].name, err) < 0)
			return -1;
	return 0;
}

static int
scan_sources(struct slot *s, struct error *err)
{
	for (size_t i = 0; i < s->manifest->source_count; i++) {
		struct source *source = &s->manifest->sources[i];

		for (size_t k = 0; k < source->directory_count; k++)
			if (source->directories[k].due &&
			    directory_scan(&s->intake, source, &source->directories[k], NULL, err) <
				0)
				return -1;
	}
	return 0;
}

/* When a new day begins, those that ended two days before are compressed. Not by a
 * rebuild, which would take a third longer. */
static int
compress_days(struct observer *o, struct slot *s, timestamp newest_before, struct error *err)
{
	struct manifest *m = s->manifest;

	if (o->store.read_only || newest_before == TIMESTAMP_NONE ||
	    date_of(newest_before) == date_of(m->newest))
		return 0;
	for (size_t i = 0; i < m->source_count; i++)
		for (size_t k = 0; k < m->sources[i].day_count; k++) {
			struct day *d = &m->sources[i].days[k];

			if (!d->compressed && d->date + OPEN_DAYS < date_of(m->newest) &&
			    day_compress(&o->store, &m->sources[i], d, err) < 0)
				return -1;
		}
	return 0;
}

static timestamp
newest_of(const struct manifest *m)
{
	timestamp newest = m->newest;

	for (size_t i = 0; i < m->source_count; i++)
		for (size_t k = 0; k < m->sources[i].directory_count; k++)
			if (m->sources[i].directories[k].newest > newest)
				newest = m->sources[i].directories[k].newest;
	return newest;
}

static int
fold(struct observer *o, struct slot *s, bool all, struct error *err)
{
	struct replay replay = {.store = &o->store,
	    .manifest = s->manifest,
	    .newest = newest_of(s->manifest),
	    .take_snapshots = true};
	timestamp from = all ? TIMESTAMP_NONE : s->intake.oldest_new;
	timestamp newest_before = all ? TIMESTAMP_NONE : s->manifest->newest;

	partition_free(s->state);
	s->state = replay_partition(&replay, from, err);
	s->late = s->committed_generation == 0 || all ? 0 : replay.late;
	if (s->state == NULL || compress_days(o, s, newest_before, err) < 0)
		return -1;
	manifest_begin_sync(&o->store, s->manifest);
	return 0;
}

static int
work(struct observer *o, struct slot *s, struct error *err)
{
	if (s->due) {
		if (make_dirs(o, s->manifest, err) < 0 || scan_sources(s, err) < 0)
			return -1;
	}
	if (!o->store.read_only && intake_flush(&s->intake, err) < 0)
		return -1;
	return fold(o, s, false, err);
}

int
slot_work(struct observer *o, struct slot *s, struct error *err)
{
	if (!s->rebuild && !s->damaged) {
		if (work(o, s, err) == 0)
			return 0;
		if (err->status != EX_DATAERR)
			return -1;
		tell_damage(o)("%s: making %s anew", err->text, s->manifest->node);
		s->damaged = true;
	}
	if (make_dirs(o, s->manifest, err) < 0)
		return -1;
	if (slot_rebuild(o, s, err) < 0) {
		if (s->damaged || err->status != EX_DATAERR)
			return -1;
		tell_damage(o)("%s: making %s anew", err->text, s->manifest->node);
		s->damaged = true;
		if (slot_rebuild(o, s, err) < 0)
			return -1;
	}
	return fold(o, s, true, err);
}

static void *
worker(void *observer)
{
	struct observer *o = observer;
	size_t i;

	while (!*o->scan.stop && (i = atomic_fetch_add(&o->next_slot, 1)) < o->slot_count) {
		struct slot *s = &o->slots[i];

		/* In memory, and nothing to add to it. */
		if (s->state != NULL && !s->due && !s->rebuild && !s->damaged)
			continue;
		if (s->active)
			s->failed = slot_work(o, s, &s->error) < 0;
	}
	return NULL;
}

/* Threads cost more than they bring where there is little to do. */
static unsigned
thread_count(const struct observer *o)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned jobs = o->options->jobs;
	bool long_work = o->rebuild;

	for (size_t i = 0; i < o->slot_count; i++)
		long_work |= o->slots[i].active && o->slots[i].committed_generation == 0;
	if (jobs == 0)
		jobs = processors > 0 ? (unsigned)processors : 1;
	if (jobs > THREADS_MAX)
		jobs = THREADS_MAX;
	if (!long_work && o->slot_count < MANY_SLOTS)
		return 1;
	return jobs < o->slot_count ? jobs : (unsigned)o->slot_count;
}

int
slots_work(struct observer *o, struct error *err)
{
	pthread_t threads[THREADS_MAX];
	unsigned count = thread_count(o), started = 0;

	progress_begin(o);
	atomic_store(&o->next_slot, 0);
	for (; started + 1 < count; started++)
		if (pthread_create(&threads[started], NULL, worker, o) != 0)
			break;
	(void)worker(o);
	while (started > 0)
		(void)pthread_join(threads[--started], NULL);
	message_progress_end();
	if (*o->scan.stop)
		return error_set(err, EX_TEMPFAIL, "interrupted; nothing was changed");
	for (size_t i = 0; i < o->slot_count; i++)
		if (o->slots[i].failed) {
			*err = o->slots[i].error;
			return -1;
		}
	return 0;
}
