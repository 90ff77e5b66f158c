/*
 * Days: the rows of a source's events of one date. Open days are plain and
 * appended to; days closed for a while are gzip files, to which late rows are
 * appended as further members (RFC 1952, 2.2).
 */

#include "files.h"

#include <string.h>
#include <sysexits.h>
#include <zlib.h>

static const char day_magic[FILE_MAGIC] = {'H', 'L', 'r', 'o', 'w', 's', '\n', '1'};

enum { GZIP_WINDOW = 15 + 16, GZIP_LEVEL = 1, INFLATE_STEP = 1 << 18 };

struct day *
source_day(struct source *s, uint64_t generation, int32_t date, int32_t closed)
{
	size_t at = s->day_count;

	while (at > 0 && s->days[at - 1].date > date)
		at--;
	if (at > 0 && s->days[at - 1].date == date)
		return &s->days[at - 1];
	ARRAY_GROW(s->days, s->day_count, s->day_room);
	memmove(s->days + at + 1, s->days + at, (s->day_count - at) * sizeof(*s->days));
	s->days[at] =
	    (struct day){.date = date, .generation = generation, .compressed = date < closed};
	s->day_count++;
	return &s->days[at];
}

/* One gzip member of `in`. */
static void
deflate_member(const struct buffer *in, struct buffer *out)
{
	z_stream z = {0};
	uLong bound;

	if (deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
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
		return -1;
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
	return result == Z_STREAM_END ? 0 : -1;
}

/* The bytes of a day's file, decompressed. */
static int
read_day(const struct store *store, const char *path, const struct day *d, struct buffer *out,
    struct error *err)
{
	cleanup_buffer struct buffer raw = {0};
	struct buffer *file = d->compressed ? &raw : out;
	size_t before = file->length;

	if (disk_read(store->fd, path, OWN_FILE_MAX, file, err) < 0) {
		if (err != NULL)
			err->status = EX_DATAERR;
		return -1;
	}
	if (file->length - before < d->length)
		return error_set(err, EX_DATAERR, "%s is shorter than it was", path);
	file->length = before + d->length;
	if (d->compressed && inflate_members(&raw, out) < 0)
		return error_set(err, EX_DATAERR, "%s is damaged", path);
	return 0;
}

int
day_load(const struct store *store, const struct source *s, const struct day *d, struct buffer *out,
    struct error *err)
{
	cleanup_buffer struct buffer path = {0};
	size_t before = out->length;
	struct unpack in;

	if (d->length > 0) {
		day_path(s, d, &path);
		if (read_day(store, buffer_string(&path), d, out, err) < 0)
			return -1;
		in = (struct unpack){out->data + before, out->data + out->length, false};
		if (check_magic(&in, day_magic, (char *)path.data, err) < 0)
			return -1;
		out->length -= FILE_MAGIC;
		memmove(out->data + before, in.at, out->length - before);
	}
	buffer_add(out, d->pending.data, d->pending.length);
	return 0;
}

void
day_salvage(
    const struct store *store, const struct source *s, const struct day *d, struct buffer *out)
{
	cleanup_buffer struct buffer path = {0}, raw = {0};
	struct buffer *file = d->compressed ? &raw : out;
	struct unpack in;

	day_path(s, d, &path);
	if (disk_read(store->fd, (char *)path.data, OWN_FILE_MAX, file, NULL) < 0)
		return;
	if (d->compressed)
		(void)inflate_members(&raw, out);
	in = (struct unpack){out->data, out->data + out->length, false};
	if (check_magic(&in, day_magic, "", NULL) < 0) {
		out->length = 0;
		return;
	}
	out->length -= FILE_MAGIC;
	memmove(out->data, in.at, out->length);
}

int
day_flush(struct store *store, const struct source *s, struct day *d, bool sync, struct error *err)
{
	cleanup_buffer struct buffer path = {0}, plain = {0}, packed = {0};
	struct buffer *out = &plain;

	if (d->length == 0 && d->pending.length > 0)
		buffer_add(&plain, day_magic, FILE_MAGIC);
	buffer_add(&plain, d->pending.data, d->pending.length);
	if (d->compressed && plain.length > 0) {
		deflate_member(&plain, &packed);
		out = &packed;
	}
	day_path(s, d, &path);
	if (disk_append(
		store->fd, buffer_string(&path), d->length, out->data, out->length, sync, err) < 0)
		return -1;
	d->length += out->length;
	d->pending.length = 0;
	d->unsynced = !sync;
	return 0;
}

int
day_compress(struct store *store, const struct source *s, struct day *d, struct error *err)
{
	cleanup_buffer struct buffer path = {0}, rows = {0}, packed = {0};
	struct day new = {.date = d->date,
	    .generation = store->generation,
	    .rows = d->rows,
	    .old_rows = d->old_rows,
	    .compressed = true};

	buffer_add(&rows, day_magic, FILE_MAGIC);
	if (day_load(store, s, d, &rows, err) < 0)
		return -1;
	deflate_member(&rows, &packed);
	day_path(s, &new, &path);
	if (disk_create(store->fd, buffer_string(&path), packed.data, packed.length, 0644, err) < 0)
		return -1;
	new.length = packed.length;
	buffer_release(&d->pending);
	*d = new;
	return 0;
}
