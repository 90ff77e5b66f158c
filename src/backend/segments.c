/*
 * The buffer: files OFFSET.jsonl of about a megabyte, each named by how many bytes
 * there were before it.
 *
 *	S1  What segments_append() made durable is never written again.
 *	S2  What is there when it is opened is made durable before it's used.
 *	S3  Behind it there may be what a crash left: it ends the last segment at its
 *	    first line that is no event, and is cut off with the next append.
 */

#include "parts.h"

#include <homelab/message.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

enum { SEGMENT_NAME_SIZE = 32, OFFSET_DIGITS_MAX = 18, SEGMENT_LENGTH_MAX = 16 << 20 };

static const char *
segment_name(const struct segment *s, char out[SEGMENT_NAME_SIZE])
{
	(void)snprintf(out, SEGMENT_NAME_SIZE, "%" PRIu64 ".jsonl", s->first);
	return out;
}

static struct segment *
last_segment(struct segments *s)
{
	return &s->list[s->count - 1];
}

uint64_t
segments_end(const struct segments *s)
{
	return s->list[s->count - 1].first + s->list[s->count - 1].length;
}

uint64_t
segments_bytes(const struct segments *s)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < s->count; i++)
		bytes += s->list[i].length;
	return bytes;
}

bool
segments_know(const struct segments *s, const char *name)
{
	for (int i = 0; i < GENERATIONS; i++)
		if (json_object_get(s->names[i], name) != NULL)
			return true;
	return false;
}

/* --- lines ------------------------------------------------------------------------- */

size_t
line_length(const struct buffer *text, size_t at)
{
	const unsigned char *begin = text->data + at, *end = NULL;

	if (at < text->length)
		end = memchr(begin, '\n', text->length - at);
	return end == NULL ? 0 : (size_t)(end - begin) + 1;
}

json_t *
line_parse(const void *line, size_t length)
{
	json_t *event = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_string(json_object_get(event, "id")))
		return event;
	json_decref(event);
	return NULL;
}

/* --- opening ------------------------------------------------------------------------ */

static int
see_file(void *context, const struct dirent *entry)
{
	struct segments *s = context;
	size_t digits = strspn(entry->d_name, "0123456789");
	uint64_t first = 0;

	if (digits < 1 || digits > OFFSET_DIGITS_MAX ||
	    strcmp(entry->d_name + digits, ".jsonl") != 0 ||
	    (digits > 1 && entry->d_name[0] == '0'))
		return 0;
	for (size_t i = 0; i < digits; i++)
		first = first * 10 + (uint64_t)(entry->d_name[i] - '0');
	ARRAY_GROW(s->list, s->count, s->room);
	s->list[s->count++] = (struct segment){.first = first};
	return 0;
}

static int
compare_segments(const void *a, const void *b)
{
	const struct segment *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static int
load_segment(
    struct segments *s, const struct segment *segment, struct buffer *out, struct error *err)
{
	char name[SEGMENT_NAME_SIZE];

	return disk_read(s->dir, segment_name(segment, name), SEGMENT_LENGTH_MAX, out, err);
}

/* Up to the first line that is none, and the names of its events. */
static size_t
read_names(const struct buffer *text, json_t *names)
{
	size_t at = 0, length;

	while ((length = line_length(text, at)) > 0) {
		json_auto_t *event = line_parse(text->data + at, length);

		if (event == NULL)
			break;
		(void)json_object_set_new(
		    names, json_string_value(json_object_get(event, "id")), json_true());
		at += length;
	}
	return at;
}

/* One before the last ends where the next begins, or sooner: whatever is in it. */
static int
measure(struct segments *s, size_t i, struct error *err)
{
	struct segment *segment = &s->list[i];
	size_t age = s->count - 1 - i;
	cleanup_buffer struct buffer text = {0};
	char name[SEGMENT_NAME_SIZE];
	struct stat st;

	if (age < GENERATIONS) {
		if (load_segment(s, segment, &text, err) < 0)
			return -1;
		segment->length = read_names(&text, s->names[age]);
	}
	if (age == 0)
		return 0;
	if (disk.stat(s->dir, segment_name(segment, name), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, EX_IOERR, "cannot stat %s", name);
	segment->length = s->list[i + 1].first - segment->first;
	if ((uint64_t)st.st_size < segment->length)
		segment->length = (uint64_t)st.st_size;
	return 0;
}

/* What a killed agent wrote is read, and may be sent, before anybody made it durable. */
static int
sync_last(struct segments *s, struct error *err)
{
	char name[SEGMENT_NAME_SIZE];

	if (disk_sync_file(s->dir, segment_name(last_segment(s), name), err) < 0)
		return -1;
	return disk_sync_dir(s->dir, ".", err);
}

int
segments_open(struct segments *s, int dir, uint64_t segment_bytes, struct error *err)
{
	*s = (struct segments){.dir = dir, .segment_bytes = segment_bytes};
	for (int i = 0; i < GENERATIONS; i++)
		s->names[i] = json_object();
	if (disk_list(dir, see_file, s) < 0)
		return error_errno(err, EX_IOERR, "cannot read the directory of events");
	if (s->count > 0)
		qsort(s->list, s->count, sizeof(*s->list), compare_segments);
	for (size_t i = 0; i < s->count; i++)
		if (measure(s, i, err) < 0)
			return -1;
	if (s->count > 0)
		return sync_last(s, err);
	ARRAY_GROW(s->list, s->count, s->room);
	s->list[s->count++] = (struct segment){0};
	return 0;
}

void
segments_release(struct segments *s)
{
	for (int i = 0; i < GENERATIONS; i++)
		json_decref(s->names[i]);
	free(s->list);
	if (s->dir >= 0)
		(void)close(s->dir);
	*s = (struct segments){.dir = -1};
}

/* --- adding -------------------------------------------------------------------------- */

static void
begin_segment(struct segments *s)
{
	uint64_t end = segments_end(s);

	ARRAY_GROW(s->list, s->count, s->room);
	s->list[s->count++] = (struct segment){.first = end};
	json_decref(s->names[1]);
	s->names[1] = s->names[0];
	s->names[0] = json_object();
}

static int
write_text(struct segments *s, const struct buffer *text, struct error *err)
{
	const struct segment *last = last_segment(s);
	char name[SEGMENT_NAME_SIZE];

	if (disk_append(s->dir, segment_name(last, name), last->length, text->data, text->length,
		err) < 0 ||
	    disk_sync_file(s->dir, name, err) < 0)
		return -1;
	return last->length == 0 ? disk_sync_dir(s->dir, ".", err) : 0;
}

int
segments_append(struct segments *s, const struct buffer *text, json_t *names, struct error *err)
{
	struct error why = {0};

	if (last_segment(s)->length >= s->segment_bytes)
		begin_segment(s);
	if (write_text(s, text, &why) < 0) {
		if (why.status != EX_DATAERR)
			return error_set(err, why.status, "%s", why.text);
		message_error("state/agent/outbox/events/%s; going on with a new one", why.text);
		begin_segment(s);
		if (write_text(s, text, err) < 0)
			return -1;
	}
	last_segment(s)->length += text->length;
	(void)json_object_update(s->names[0], names);
	return 0;
}

/* --- reading --------------------------------------------------------------------------- */

/* The segment `at` lies in, or the first behind it; NULL at the end. */
static const struct segment *
find_segment(const struct segments *s, uint64_t at)
{
	for (size_t i = 0; i < s->count; i++)
		if (at < s->list[i].first + s->list[i].length)
			return &s->list[i];
	return NULL;
}

int
segments_read(
    struct segments *s, uint64_t *at, uint64_t limit, struct buffer *out, struct error *err)
{
	const struct segment *segment = find_segment(s, *at);
	char name[SEGMENT_NAME_SIZE];
	uint64_t length;
	ssize_t got;

	out->length = 0;
	if (segment == NULL)
		return 0;
	if (*at < segment->first)
		*at = segment->first;
	length = segment->first + segment->length - *at;
	length = length < limit ? length : limit;
	cleanup_close int fd = disk.open(s->dir, segment_name(segment, name),
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
	if (fd < 0)
		return error_errno(err, EX_IOERR, "cannot open %s", name);
	buffer_reserve(out, length);
	if ((got = disk_read_at(fd, out->data, length, *at - segment->first)) < 0)
		return error_errno(err, EX_IOERR, "cannot read %s", name);
	out->length = (size_t)got;
	return 0;
}

uint64_t
segments_count_lines(struct segments *s, uint64_t from, uint64_t to)
{
	cleanup_buffer struct buffer text = {0};
	uint64_t lines = 0;

	while (from < to) {
		const struct segment *segment = find_segment(s, from);
		size_t length, at = 0;

		if (segment == NULL || segments_read(s, &from, to - from, &text, NULL) < 0)
			break;
		for (; (length = line_length(&text, at)) > 0; at += length)
			lines++;
		from = segment->first + segment->length;
	}
	return lines;
}

uint64_t
segments_behind(const struct segments *s, uint64_t at)
{
	const struct segment *segment = find_segment(s, at);

	if (segment == NULL)
		return segments_end(s);
	return at < segment->first ? segment->first : segment->first + segment->length;
}

int
segments_remove_first(struct segments *s, struct error *err)
{
	char name[SEGMENT_NAME_SIZE];

	if (disk_remove(s->dir, segment_name(&s->list[0], name), err) < 0)
		return -1;
	s->count--;
	memmove(s->list, s->list + 1, s->count * sizeof(*s->list));
	return 0;
}
