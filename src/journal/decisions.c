/*
 * What was decided on each name of one event directory. The log on disk is
 * append-only; in memory it's a hash table with open addressing, since a
 * directory may have tens of thousands of names and is looked through at every
 * listing.
 */

#include "files.h"

#include <pthread.h>
#include <string.h>
#include <sysexits.h>

static const char decisions_magic[FILE_MAGIC] = {'H', 'L', 'n', 'a', 'm', 'e', '\n', '1'};

/* Names are hostile: the hash's start is not to be guessed. */
static uint64_t hash_start;

static void
choose_hash_start(void)
{
	cleanup_buffer struct buffer random = {0};

	hash_start = (uint64_t)clock_real() ^ (uint64_t)(uintptr_t)&random;
	hash_start = hash_start * 0x9e3779b97f4a7c15u ^ (uint64_t)getpid();
}

/* FNV-1a (Fowler, Noll, Vo), 64 bits, from a start of our own. */
static uint64_t
hash(const char *key)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	uint64_t h;

	(void)pthread_once(&once, choose_hash_start);
	h = hash_start ^ 0xcbf29ce484222325u;
	for (; *key != '\0'; key++)
		h = (h ^ (unsigned char)*key) * 0x100000001b3u;
	return h ^ h >> 32;
}

static size_t
slot_of(const struct decisions *d, const char *key)
{
	size_t at = hash(key) & (d->slot_count - 1);

	while (d->slots[at] != 0 && strcmp(d->items[d->slots[at] - 1].key, key) != 0)
		at = (at + 1) & (d->slot_count - 1);
	return at;
}

static void
grow(struct decisions *d)
{
	if (2 * (d->count + 1) < d->slot_count)
		return;
	free(d->slots);
	d->slot_count = d->slot_count ? d->slot_count * 4 : 64;
	d->slots = memory_alloc(d->slot_count * sizeof(*d->slots));
	for (size_t i = 0; i < d->count; i++)
		d->slots[slot_of(d, d->items[i].key)] = (uint32_t)(i + 1);
}

struct decision *
decisions_find(const struct decisions *d, const char *key)
{
	size_t at;

	if (d->slot_count == 0)
		return NULL;
	at = slot_of(d, key);
	return d->slots[at] ? &d->items[d->slots[at] - 1] : NULL;
}

/* The item of a key, made where there is none. */
static struct decision *
ensure(struct decisions *d, const char *key, bool copy)
{
	size_t at;

	grow(d);
	at = slot_of(d, key);
	if (d->slots[at] == 0) {
		ARRAY_GROW(d->items, d->count, d->room);
		d->items[d->count++] =
		    (struct decision){.key = copy ? text_copy(key) : key, .owned = copy};
		d->slots[at] = (uint32_t)d->count;
	}
	return &d->items[d->slots[at] - 1];
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

	while ((more = frame_next(in, &frame)) > 0)
		while (frame.at < frame.end) {
			uint64_t verdict = unpack_unsigned(&frame);
			struct decision *item = ensure(d, unpack_text(&frame), false);

			if (verdict >= VERDICT_COUNT || item->key[0] == '\0')
				return false;
			item->verdict = (enum verdict)verdict;
			item->size = unpack_unsigned(&frame);
			item->time = unpack_signed(&frame);
			if (frame.failed)
				return false;
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
	if (disk_read(store->fd, buffer_string(&path), OWN_FILE_MAX, &out->log, err) < 0) {
		if (err != NULL)
			err->status = EX_DATAERR;
		return -1;
	}
	if (out->log.length < dir->decisions_length)
		return error_set(err, EX_DATAERR, "%s is shorter than it was", (char *)path.data);
	in = (struct unpack){out->log.data, out->log.data + dir->decisions_length, false};
	if (check_magic(&in, decisions_magic, (char *)path.data, err) < 0)
		return -1;
	if (!replay(out, &in))
		return error_set(err, EX_DATAERR, "%s is damaged", (char *)path.data);
	return 0;
}

int
decisions_flush(struct store *store, const struct source *s, struct directory *dir,
    struct decisions *d, struct error *err)
{
	cleanup_buffer struct buffer path = {0}, out = {0};
	size_t frame;

	if (d->pending.length == 0 || store->read_only)
		return 0;
	if (dir->decisions_length == 0) {
		dir->decisions_generation = store->generation;
		buffer_add(&out, decisions_magic, FILE_MAGIC);
	}
	frame = frame_begin(&out);
	buffer_add(&out, d->pending.data, d->pending.length);
	frame_end(&out, frame);
	decisions_path(s, dir, &path);
	if (disk_append(store->fd, buffer_string(&path), dir->decisions_length, out.data,
		out.length, true, err) < 0)
		return -1;
	dir->decisions_length += out.length;
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
