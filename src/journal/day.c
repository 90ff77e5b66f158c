/*
 * Days: the rows of a source's events of one date. Days are plain and appended to;
 * those that ended a while ago become gzip files, to which late rows are appended
 * as further members (RFC 1952, 2.2).
 */

#include "files.h"

#include <string.h>
#include <sysexits.h>
#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16, GZIP_LEVEL = 1, INFLATE_STEP = 1 << 18 };

struct day *
source_day(struct source *s, uint64_t generation, int32_t date)
{
	size_t at = s->day_count;

	while (at > 0 && s->days[at - 1].date > date)
		at--;
	if (at > 0 && s->days[at - 1].date == date)
		return &s->days[at - 1];
	ARRAY_GROW(s->days, s->day_count, s->day_room);
	memmove(s->days + at + 1, s->days + at, (s->day_count - at) * sizeof(*s->days));
	s->days[at] = (struct day){.date = date, .generation = generation};
	s->day_count++;
	return &s->days[at];
}

void
day_release(struct day *d)
{
	free(d->hours);
	buffer_release(&d->pending);
}

struct day
day_copy(const struct day *d)
{
	struct day copy = *d;

	copy.hours = NULL;
	copy.hour_count = 0;
	while (copy.hour_count < d->hour_count)
		day_mark_hour(&copy, d->hours[copy.hour_count]);
	return copy;
}

const struct day *
source_find_day(const struct source *s, int32_t date)
{
	for (size_t i = s->day_count; i > 0; i--)
		if (s->days[i - 1].date == date)
			return &s->days[i - 1];
	return NULL;
}

/* One gzip member of `in`. */
static void
deflate_member(const struct buffer *in, struct buffer *out)
{
	z_stream z = {0};
	uLong bound;

	if (deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		memory_fail();
	bound = deflateBound(&z, in->length);
	buffer_reserve(out, bound);
	z.next_in = in->data;
	z.avail_in = (uInt)in->length;
	z.next_out = out->data + out->length;
	z.avail_out = (uInt)bound;
	(void)deflate(&z, Z_FINISH);
	out->length += bound - z.avail_out;
	(void)deflateEnd(&z);
}

/* All members of `in`. */
static int
inflate_members(const struct buffer *in, struct buffer *out)
{
	z_stream z = {.next_in = in->data, .avail_in = (uInt)in->length};
	int result;

	if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
		memory_fail();
	do {
		buffer_reserve(out, INFLATE_STEP);
		z.next_out = out->data + out->length;
		z.avail_out = (uInt)(out->room - out->length);
		result = inflate(&z, Z_NO_FLUSH);
		out->length = out->room - z.avail_out;
		if (result == Z_STREAM_END && z.avail_in > 0)
			result = inflateReset(&z);
	} while (result == Z_OK);
	(void)inflateEnd(&z);
	if (result == Z_MEM_ERROR)
		memory_fail();
	return result == Z_STREAM_END ? 0 : -1;
}

/* Adds what is in a day's file, decompressed, from an offset in a plain one on. */
static int
read_day(const struct store *store, const char *path, const struct day *d, uint64_t from,
    struct buffer *out, struct error *err)
{
	cleanup_buffer struct buffer raw = {0};
	struct buffer *file = d->compressed ? &raw : out;
	size_t before = file->length;

	if (read_own_from(store, path, from, file, err) < 0)
		return -1;
	if (file->length - before < d->length - from)
		return error_set(err, EX_DATAERR, "%s is shorter than it was", path);
	file->length = before + d->length - from;
	if (d->compressed && inflate_members(&raw, out) < 0)
		return error_set(err, EX_DATAERR, "%s is damaged", path);
	return 0;
}

/* Adds the rows in a day's file, but for the first `from` bytes of them. */
static int
load_stored(const struct store *store, const struct source *s, const struct day *d, uint64_t from,
    struct buffer *out, struct error *err)
{
	cleanup_buffer struct buffer path = {0};
	size_t before = out->length;
	struct unpack in;

	day_path(s, d, &path);
	if (from > 0)
		return read_day(store, (char *)path.data, d, FILE_MAGIC + from, out, err);
	if (read_day(store, (char *)path.data, d, 0, out, err) < 0)
		return -1;
	in = (struct unpack){out->data + before, out->data + out->length, false};
	if (check_magic(&in, DAY_MAGIC, (char *)path.data, err) < 0)
		return -1;
	out->length -= FILE_MAGIC;
	if (out->data != NULL)
		memmove(out->data + before, in.at, out->length - before);
	return 0;
}

int
day_load_from(const struct store *store, const struct source *s, const struct day *d,
    struct day_mark mark, struct buffer *out, struct error *err)
{
	if (d->length > 0 && load_stored(store, s, d, mark.bytes, out, err) < 0)
		return -1;
	buffer_add(out, d->pending.data, d->pending.length);
	return 0;
}

int
day_load(const struct store *store, const struct source *s, const struct day *d, struct buffer *out,
    struct error *err)
{
	return day_load_from(store, s, d, (struct day_mark){0}, out, err);
}

int
day_salvage(const struct store *store, const struct source *s, const struct day *d,
    struct buffer *out, struct error *err)
{
	cleanup_buffer struct buffer path = {0}, raw = {0};
	struct buffer *file = d->compressed ? &raw : out;
	struct unpack in;

	day_path(s, d, &path);
	if (read_own(store, (char *)path.data, file, err) < 0)
		return err->status == EX_DATAERR ? 0 : -1;
	if (d->compressed)
		(void)inflate_members(&raw, out);
	in = (struct unpack){out->data, out->data + out->length, false};
	if (check_magic(&in, DAY_MAGIC, "", NULL) < 0) {
		out->length = 0;
		return 0;
	}
	out->length -= FILE_MAGIC;
	memmove(out->data, in.at, out->length);
	return 0;
}

bool
day_is_sound(const struct store *store, const struct source *s, const struct day *d)
{
	cleanup_buffer struct buffer bytes = {0};
	struct unpack in, frame;
	uint64_t count = 0;
	int more;

	if (day_load(store, s, d, &bytes, NULL) < 0)
		return false;
	in = (struct unpack){bytes.data, bytes.data + bytes.length, false};
	while ((more = frame_next(&in, &frame)) > 0)
		count++;
	return more == 0 && (d->rows == 0 || count == d->rows);
}

int
day_flush(struct store *store, const struct source *s, struct day *d, struct error *err)
{
	cleanup_buffer struct buffer path = {0}, plain = {0}, packed = {0};
	struct buffer *out = &plain;

	if (!d->compressed)
		arrange_pending(d);
	if (d->length == 0 && d->pending.length > 0)
		buffer_add(&plain, DAY_MAGIC, FILE_MAGIC);
	buffer_add(&plain, d->pending.data, d->pending.length);
	if (d->compressed && plain.length > 0) {
		deflate_member(&plain, &packed);
		out = &packed;
	}
	day_path(s, d, &path);
	if (disk_append(store->fd, buffer_string(&path), d->length, out->data, out->length, err) <
	    0)
		return -1;
	d->length += out->length;
	d->pending.length = 0;
	d->unsynced = true;
	return 0;
}

int
day_compress(struct store *store, const struct source *s, struct day *d, struct error *err)
{
	cleanup_buffer struct buffer path = {0}, rows = {0}, packed = {0};
	struct day new = {.date = d->date,
	    .generation = store->generation,
	    .rows = d->rows,
	    .bytes = d->bytes,
	    .old_rows = d->old_rows,
	    .old_bytes = d->old_bytes,
	    .compressed = true,
	    .unsynced = true};

	buffer_add(&rows, DAY_MAGIC, FILE_MAGIC);
	if (day_load(store, s, d, &rows, err) < 0)
		return -1;
	deflate_member(&rows, &packed);
	day_path(s, &new, &path);
	if (disk_create_unsynced(
		store->fd, buffer_string(&path), packed.data, packed.length, 0644, err) < 0)
		return -1;
	new.length = new.old_length = packed.length;
	day_release(d);
	*d = new;
	return 0;
}
