/* What belongs to a partition: see journal.h. One frame in one file. */

#include "files.h"

#include <string.h>

enum { MARKED_DAYS = 2 };

struct manifest *
manifest_new(const char *node)
{
	struct manifest *m = memory_alloc(sizeof(*m));

	m->node = text_copy(node);
	m->newest = TIMESTAMP_NONE;
	return m;
}

void
directory_release(struct directory *d)
{
	for (size_t i = 0; i < d->watched_count; i++)
		free(d->watched[i].name);
	free(d->watched);
	free(d->top);
}

void
source_release(struct source *s)
{
	for (size_t i = 0; i < s->directory_count; i++)
		directory_release(&s->directories[i]);
	for (size_t i = 0; i < s->day_count; i++)
		day_release(&s->days[i]);
	free(s->directories);
	free(s->days);
	free(s->name);
}

void
manifest_free(struct manifest *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->source_count; i++)
		source_release(&m->sources[i]);
	for (size_t i = 0; i < m->name_count; i++)
		free(m->names[i]);
	free(m->names);
	free(m->sources);
	free(m->snapshots);
	free(m->node);
	free(m);
}

struct source *
manifest_source(struct manifest *m, const char *name)
{
	for (size_t i = 0; i < m->source_count; i++)
		if (strcmp(m->sources[i].name, name) == 0)
			return &m->sources[i];
	return NULL;
}

struct source *
manifest_add_source(struct manifest *m, const char *name)
{
	size_t at = 0;

	while (at < m->source_count && strcmp(m->sources[at].name, name) < 0)
		at++;
	ARRAY_GROW(m->sources, m->source_count, m->source_room);
	memmove(m->sources + at + 1, m->sources + at, (m->source_count - at) * sizeof(*m->sources));
	m->source_count++;
	m->sources[at] = (struct source){.name = text_copy(name)};
	return &m->sources[at];
}

struct directory *
source_directory(struct source *s, int32_t date)
{
	for (size_t i = s->directory_count; i > 0; i--)
		if (s->directories[i - 1].date == date)
			return &s->directories[i - 1];
	return NULL;
}

/* Whether the files of the directory of date `a` come before those of `b` by
 * path, byte for byte: "2026-05-04/…" is before "2026-05/…". */
static bool
is_before(const struct source *s, int32_t a, int32_t b)
{
	cleanup_buffer struct buffer x = {0}, y = {0};

	if (a != NO_DATE && b != NO_DATE)
		return a < b;
	directory_path(s, &(struct directory){.date = a}, &x);
	directory_path(s, &(struct directory){.date = b}, &y);
	buffer_text(&x, "/");
	buffer_text(&y, "/");
	return strcmp(buffer_string(&x), buffer_string(&y)) < 0;
}

struct directory *
source_add_directory(struct source *s, int32_t date)
{
	size_t at = s->directory_count;

	ARRAY_GROW(s->directories, s->directory_count, s->directory_room);
	while (at > 0 && is_before(s, date, s->directories[at - 1].date))
		at--;
	memmove(s->directories + at + 1, s->directories + at,
	    (s->directory_count - at) * sizeof(*s->directories));
	s->directory_count++;
	s->directories[at] = (struct directory){.date = date,
	    .exists = true,
	    .seen = true,
	    .pending = true,
	    .listed = TIMESTAMP_NONE,
	    .newest = TIMESTAMP_NONE,
	    .held_until = TIMESTAMP_LAST};
	return &s->directories[at];
}

static void
pack_identity(struct buffer *b, const struct identity *i)
{
	pack_unsigned(b, i->device);
	pack_unsigned(b, i->inode);
	pack_unsigned(b, i->size);
	pack_signed(b, i->ctime);
	pack_signed(b, i->mtime);
}

static void
unpack_identity(struct unpack *u, struct identity *i)
{
	i->device = unpack_unsigned(u);
	i->inode = unpack_unsigned(u);
	i->size = unpack_unsigned(u);
	i->ctime = unpack_signed(u);
	i->mtime = unpack_signed(u);
}

enum { FLAG_EXISTS = 1, FLAG_PENDING = 2, FLAG_COMPLETE = 4 };

static void
pack_directory(struct buffer *b, const struct directory *d)
{
	pack_signed(b, d->date);
	pack_unsigned(b,
	    (d->exists ? FLAG_EXISTS : 0U) | (d->pending ? FLAG_PENDING : 0U) |
		(d->complete ? FLAG_COMPLETE : 0U));
	pack_identity(b, &d->identity);
	pack_signed(b, d->listed);
	pack_unsigned(b, d->decisions_generation);
	pack_unsigned(b, d->decisions_length);
	pack_signed(b, d->newest);
	pack_unsigned(b, d->held);
	pack_signed(b, d->held_until);
	pack_text(b, d->top);
	pack_unsigned(b, d->watched_count);
	for (size_t i = 0; i < d->watched_count; i++) {
		pack_text(b, d->watched[i].name);
		pack_identity(b, &d->watched[i].identity);
	}
}

static void
unpack_directory(struct source *s, struct unpack *u)
{
	struct directory *d;
	uint64_t flags;

	ARRAY_GROW(s->directories, s->directory_count, s->directory_room);
	d = &s->directories[s->directory_count++];
	*d = (struct directory){.date = (int32_t)unpack_signed(u)};
	flags = unpack_unsigned(u);
	d->exists = flags & FLAG_EXISTS;
	d->pending = flags & FLAG_PENDING;
	d->complete = flags & FLAG_COMPLETE;
	unpack_identity(u, &d->identity);
	d->listed = unpack_signed(u);
	d->decisions_generation = unpack_unsigned(u);
	d->decisions_length = d->committed_length = unpack_unsigned(u);
	d->newest = unpack_signed(u);
	d->held = unpack_unsigned(u);
	d->held_until = unpack_signed(u);
	d->top = unpack_copy(u);
	d->watched_count = d->watched_room = unpack_count(u);
	d->watched = memory_alloc(d->watched_count * sizeof(*d->watched));
	for (size_t i = 0; i < d->watched_count; i++) {
		d->watched[i].name = text_copy(unpack_text(u));
		unpack_identity(u, &d->watched[i].identity);
	}
}

/* Of days that have snapshots of hours. */
static void
pack_marks(struct buffer *b, const struct day *d, timestamp newest)
{
	bool marked = date_of(newest) - d->date <= MARKED_DAYS;
	unsigned count = marked ? d->hour_count : 0;

	pack_unsigned(b, count);
	for (unsigned i = 0; i < count; i++) {
		pack_unsigned(b, d->hours[i].rows);
		pack_unsigned(b, d->hours[i].bytes);
	}
}

static void
unpack_marks(struct day *d, struct unpack *u)
{
	size_t count = unpack_count(u);

	if (count > DAY_HOURS) {
		u->failed = true;
		return;
	}
	while (d->hour_count < count) {
		struct day_mark mark = {.rows = (uint32_t)unpack_unsigned(u)};

		mark.bytes = (uint32_t)unpack_unsigned(u);
		day_mark_hour(d, mark);
	}
}

static void
pack_source(struct buffer *b, const struct source *s, timestamp newest)
{
	pack_text(b, s->name);
	pack_unsigned(b, s->directory_count);
	for (size_t i = 0; i < s->directory_count; i++)
		pack_directory(b, &s->directories[i]);
	pack_unsigned(b, s->day_count);
	for (size_t i = 0; i < s->day_count; i++) {
		pack_signed(b, s->days[i].date);
		pack_unsigned(b, s->days[i].generation);
		pack_unsigned(b, s->days[i].length);
		pack_unsigned(b, s->days[i].rows);
		pack_unsigned(b, s->days[i].bytes);
		pack_unsigned(b, s->days[i].compressed);
		pack_marks(b, &s->days[i], newest);
	}
}

/* They were written in the order of their names, each once. */
static void
unpack_source(struct manifest *m, struct unpack *u, bool marked)
{
	const char *name = unpack_text(u);
	struct source *s;
	size_t count = m->source_count;

	u->failed |= count > 0 && strcmp(m->sources[count - 1].name, name) >= 0;
	s = manifest_add_source(m, name);
	for (count = unpack_count(u); count > 0 && !u->failed; count--)
		unpack_directory(s, u);
	for (count = unpack_count(u); count > 0 && !u->failed; count--) {
		struct day *d;

		ARRAY_GROW(s->days, s->day_count, s->day_room);
		d = &s->days[s->day_count++];
		*d = (struct day){.date = (int32_t)unpack_signed(u)};
		d->generation = unpack_unsigned(u);
		d->length = d->old_length = unpack_unsigned(u);
		d->rows = d->old_rows = unpack_unsigned(u);
		d->bytes = d->old_bytes = unpack_unsigned(u);
		d->compressed = unpack_unsigned(u) != 0;
		if (marked)
			unpack_marks(d, u);
	}
}

void
manifest_pack(const struct manifest *m, struct buffer *out)
{
	size_t frame;

	buffer_add(out, MANIFEST_MAGIC, FILE_MAGIC);
	frame = frame_begin(out);
	pack_text(out, m->node);
	pack_signed(out, m->newest);
	pack_unsigned(out, m->based);
	pack_unsigned(out, m->anew);
	pack_unsigned(out, m->name_count);
	for (size_t i = 0; i < m->name_count; i++)
		pack_text(out, m->names[i]);
	pack_unsigned(out, m->source_count);
	for (size_t i = 0; i < m->source_count; i++)
		pack_source(out, &m->sources[i], m->newest);
	pack_unsigned(out, m->snapshot_count);
	for (size_t i = 0; i < m->snapshot_count; i++) {
		pack_signed(out, m->snapshots[i].boundary);
		pack_unsigned(out, m->snapshots[i].generation);
		pack_unsigned(out, m->snapshots[i].daily);
	}
	frame_end(out, frame);
}

static void
unpack_snapshots(struct manifest *m, struct unpack *u)
{
	for (size_t count = unpack_count(u); count > 0 && !u->failed; count--) {
		struct snapshot *s;

		ARRAY_GROW(m->snapshots, m->snapshot_count, m->snapshot_room);
		s = &m->snapshots[m->snapshot_count++];
		*s = (struct snapshot){.boundary = unpack_signed(u)};
		s->generation = unpack_unsigned(u);
		s->daily = unpack_unsigned(u) != 0;
	}
}

struct manifest *
manifest_unpack(const void *data, size_t length)
{
	struct unpack in = {data, (const unsigned char *)data + length, false}, u;
	bool marked = check_magic(&in, MANIFEST_MAGIC, "", NULL) == 0;
	struct manifest *m;
	size_t count;

	if (!marked && check_magic(&in, MANIFEST_MAGIC_UNMARKED, "", NULL) < 0)
		return NULL;
	if (frame_next(&in, &u) != 1)
		return NULL;
	m = manifest_new(unpack_text(&u));
	m->newest = unpack_signed(&u);
	m->based = unpack_unsigned(&u) != 0;
	m->anew = unpack_unsigned(&u) != 0;
	m->name_count = unpack_count(&u);
	m->names = memory_alloc(m->name_count * sizeof(*m->names));
	for (size_t i = 0; i < m->name_count; i++)
		m->names[i] = text_copy(unpack_text(&u));
	for (count = unpack_count(&u); count > 0 && !u.failed; count--)
		unpack_source(m, &u, marked);
	unpack_snapshots(m, &u);
	if (!u.failed && u.at == u.end)
		return m;
	manifest_free(m);
	return NULL;
}

static void
source_revert(struct source *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->directory_count; i++)
		s->directories[i].decisions_length = s->directories[i].committed_length;
	for (size_t i = 0; i < s->day_count; i++) {
		struct day *d = &s->days[i];

		buffer_release(&d->pending);
		d->length = d->old_length;
		d->rows = d->old_rows;
		d->bytes = d->old_bytes;
		while (d->hour_count > 0 && d->hours[d->hour_count - 1].rows >= d->rows)
			d->hour_count--;
		if (d->length > 0)
			s->days[kept++] = *d;
		else
			day_release(d);
	}
	s->day_count = kept;
}

void
manifest_revert(struct manifest *m)
{
	for (size_t i = 0; i < m->source_count; i++)
		source_revert(&m->sources[i]);
}

static void
add_name(json_t *set, struct buffer *path)
{
	(void)json_object_set_new_nocheck(set, buffer_string(path), json_true());
}

void
manifest_files(const struct manifest *m, json_t *set)
{
	cleanup_buffer struct buffer path = {0};

	for (size_t i = 0; i < m->source_count; i++) {
		const struct source *s = &m->sources[i];

		for (size_t k = 0; k < s->day_count; k++) {
			day_path(s, &s->days[k], &path);
			add_name(set, &path);
		}
		for (size_t k = 0; k < s->directory_count; k++)
			if (s->directories[k].decisions_length > 0) {
				decisions_path(s, &s->directories[k], &path);
				add_name(set, &path);
			}
	}
	for (size_t i = 0; i < m->snapshot_count; i++) {
		snapshot_path(m->node, &m->snapshots[i], &path);
		add_name(set, &path);
	}
}

uint64_t
manifest_held(const struct manifest *m)
{
	uint64_t held = 0;

	for (size_t i = 0; i < m->source_count; i++)
		for (size_t k = 0; k < m->sources[i].directory_count; k++)
			held += m->sources[i].directories[k].held;
	return held;
}
