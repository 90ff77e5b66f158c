/*
 * What was decided on each name of one event directory. The log on disk is
 * append-only, a frame for each run that decided something, which begins with the
 * time it was written at; in memory it's a hash table with open addressing, since a
 * directory may have tens of thousands of names and is looked through at every
 * listing.
 */

#include "files.h"

#include <pthread.h>
#include <string.h>
#include <sysexits.h>

enum { USUAL_RECORD = 64 }; /* bytes of one, rather too few */

/* Names are hostile: the hash's start is not to be guessed. */
static uint64_t hash_start;

static void
choose_hash_start(void)
{
	cleanup_buffer struct buffer random = {0};

	hash_start = (uint64_t)clock_real() ^ (uint64_t)(uintptr_t)&random;
	hash_start = hash_start * 0x9e3779b97f4a7c15u ^ (uint64_t)getpid();
}

static uint64_t
mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

/* Eight bytes at a time, from a start of our own: a directory's tens of
 * thousands of names are hashed twice at every listing. */
static uint64_t
hash(const char *key)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	size_t left = strlen(key);
	uint64_t word, h;

	(void)pthread_once(&once, choose_hash_start);
	h = mix(hash_start, left);
	for (; left >= sizeof(word); key += sizeof(word), left -= sizeof(word)) {
		memcpy(&word, key, sizeof(word));
		h = mix(h, word);
	}
	word = 0;
	memcpy(&word, key, left);
	h = mix(h, word);
	return h ^ h >> 32;
}

/* Where a key is, or would be. Keys are compared where the hashes' upper halves
 * are the same: another key's text is seldom in a cache. */
static struct decision_slot *
slot_of(const struct decisions *d, const char *key, uint64_t h)
{
	size_t at = h & (d->slot_count - 1);

	while (d->slots[at].item != 0 &&
	    (d->slots[at].tag != h >> 32 || strcmp(d->items[d->slots[at].item - 1].key, key) != 0))
		at = (at + 1) & (d->slot_count - 1);
	return &d->slots[at];
}

/* Makes room for `count` keys. */
static void
reserve(struct decisions *d, size_t count)
{
	if (2 * count < d->slot_count)
		return;
	free(d->slots);
	d->slot_count = d->slot_count ? d->slot_count : 64;
	while (2 * count >= d->slot_count)
		d->slot_count *= 4;
	d->slots = memory_alloc(d->slot_count * sizeof(*d->slots));
	for (size_t i = 0; i < d->count; i++) {
		uint64_t h = hash(d->items[i].key);

		*slot_of(d, d->items[i].key, h) =
		    (struct decision_slot){(uint32_t)(i + 1), (uint32_t)(h >> 32)};
	}
}

struct decision *
decisions_find(const struct decisions *d, const char *key)
{
	const struct decision_slot *slot;

	if (d->slot_count == 0)
		return NULL;
	slot = slot_of(d, key, hash(key));
	return slot->item != 0 ? &d->items[slot->item - 1] : NULL;
}

/* The item of a key, made where there is none. */
static struct decision *
ensure(struct decisions *d, const char *key, bool copy)
{
	struct decision_slot *slot;
	uint64_t h = hash(key);

	reserve(d, d->count + 1);
	slot = slot_of(d, key, h);
	if (slot->item == 0) {
		ARRAY_GROW(d->items, d->count, d->room);
		d->items[d->count++] =
		    (struct decision){.key = copy ? text_copy(key) : key, .owned = copy};
		*slot = (struct decision_slot){(uint32_t)d->count, (uint32_t)(h >> 32)};
	}
	return &d->items[slot->item - 1];
}

void
decisions_set(
    struct decisions *d, const char *key, enum verdict verdict, uint64_t size, timestamp time)
{
	struct decision *item = ensure(d, key, true);

	item->verdict = verdict;
	item->size = size;
	item->time = time;
	pack_unsigned(&d->pending, (uint64_t)verdict);
	pack_text(&d->pending, key);
	pack_unsigned(&d->pending, size);
	pack_signed(&d->pending, time);
}

static bool
replay(struct decisions *d, struct unpack *in)
{
	struct unpack frame;
	int more;

	while ((more = frame_next(in, &frame)) > 0) {
		timestamp decided = unpack_signed(&frame);

		if (frame.failed)
			return false;
		while (frame.at < frame.end) {
			uint64_t verdict = unpack_unsigned(&frame);
			struct decision *item = ensure(d, unpack_text(&frame), false);

			if (verdict >= VERDICT_COUNT || item->key[0] == '\0')
				return false;
			item->verdict = (enum verdict)verdict;
			item->size = unpack_unsigned(&frame);
			item->time = unpack_signed(&frame);
			item->decided = decided;
			if (frame.failed)
				return false;
		}
	}
	return more == 0;
}

int
decisions_load(const struct store *store, const struct source *s, const struct directory *dir,
    struct decisions *out, struct error *err)
{
	cleanup_buffer struct buffer path = {0};
	struct unpack in;

	if (dir->decisions_length == 0)
		return 0;
	decisions_path(s, dir, &path);
	if (read_own(store, buffer_string(&path), &out->log, err) < 0)
		return -1;
	if (out->log.length < dir->decisions_length)
		return error_set(err, EX_DATAERR, "%s is shorter than it was", (char *)path.data);
	in = (struct unpack){out->log.data, out->log.data + dir->decisions_length, false};
	if (check_magic(&in, DECISIONS_MAGIC, (char *)path.data, err) < 0)
		return -1;
	reserve(out, out->log.length / USUAL_RECORD);
	if (!replay(out, &in))
		return error_set(err, EX_DATAERR, "%s is damaged", (char *)path.data);
	return 0;
}

int
decisions_flush(struct store *store, const struct source *s, struct directory *dir,
    struct decisions *d, timestamp now, struct error *err)
{
	cleanup_buffer struct buffer path = {0}, out = {0};
	size_t frame;

	if (d->pending.length == 0 || store->read_only)
		return 0;
	if (dir->decisions_length == 0) {
		dir->decisions_generation = store->generation;
		buffer_add(&out, DECISIONS_MAGIC, FILE_MAGIC);
	}
	frame = frame_begin(&out);
	pack_signed(&out, now);
	buffer_add(&out, d->pending.data, d->pending.length);
	frame_end(&out, frame);
	decisions_path(s, dir, &path);
	if (disk_append(store->fd, buffer_string(&path), dir->decisions_length, out.data,
		out.length, err) < 0)
		return -1;
	dir->decisions_length += out.length;
	dir->unsynced = true;
	d->pending.length = 0;
	return 0;
}

void
decisions_release(struct decisions *d)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->items[i].owned)
			free((char *)d->items[i].key);
	free(d->items);
	free(d->slots);
	buffer_release(&d->log);
	buffer_release(&d->pending);
	*d = (struct decisions){0};
}
