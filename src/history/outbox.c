#include <homelab/message.h>
#include <homelab/outbox.h>

#include <errno.h>
#include <string.h>
#include <sysexits.h>

static void
segment_path(const struct outbox_segment *s, struct buffer *out)
{
	out->length = 0;
	buffer_text(out, OUTBOX_DIR "/%llu.jsonl", (unsigned long long)s->first);
}

void
outbox_from_json(const json_t *value, struct outbox *out)
{
	const json_t *segment;
	size_t i;

	*out = (struct outbox){
	    .generation = (uint64_t)json_integer_value(json_object_get(value, "generation"))};
	json_array_foreach (json_object_get(value, "segments"), i, segment) {
		ARRAY_GROW(out->segments, out->count, out->room);
		out->segments[out->count++] = (struct outbox_segment){
		    (uint64_t)json_integer_value(json_object_get(segment, "first")),
		    (uint64_t)json_integer_value(json_object_get(segment, "bytes")),
		    json_integer_value(json_object_get(segment, "newest"))};
	}
}

json_t *
outbox_to_json(const struct outbox *o)
{
	json_t *segments = json_array();

	for (size_t i = 0; i < o->count; i++)
		(void)json_array_append_new(segments,
		    json_pack("{s:I,s:I,s:I}", "first", (json_int_t)o->segments[i].first, "bytes",
			(json_int_t)o->segments[i].bytes, "newest",
			(json_int_t)o->segments[i].newest));
	return json_pack(
	    "{s:I,s:o}", "generation", (json_int_t)o->generation, "segments", segments);
}

void
outbox_release(struct outbox *o)
{
	free(o->segments);
	*o = (struct outbox){0};
}

/* --- adding -------------------------------------------------------------------- */

static int
dump_piece(const char *data, size_t length, void *out)
{
	buffer_add(out, data, length);
	return 0;
}

static int
append_line(const struct outbox_target *to, struct outbox_segment *s, const struct buffer *line,
    struct error *err)
{
	cleanup_buffer struct buffer path = {0};

	segment_path(s, &path);
	if (disk_append(to->store, (char *)path.data, s->bytes, line->data, line->length, err) < 0)
		return -1;
	unsynced_add(to->unsynced, to->store, (char *)path.data);
	s->bytes += line->length;
	return 0;
}

/* The one that's appended to. */
static struct outbox_segment *
last_segment(struct outbox *o, uint64_t generation)
{
	if (o->count == 0 || o->segments[o->count - 1].bytes >= OUTBOX_SEGMENT_BYTES) {
		ARRAY_GROW(o->segments, o->count, o->room);
		o->segments[o->count++] = (struct outbox_segment){.first = generation};
	}
	return &o->segments[o->count - 1];
}

static int
append_batch(const struct outbox_target *to, struct outbox_segment *last, uint64_t generation,
    const struct buffer *line, struct error *err)
{
	if (append_line(to, last, line, err) == 0)
		return 0;
	if (err->status != EX_DATAERR)
		return -1;
	message_error("state/observer/%s; going on with a new one", err->text);
	err->status = 0;
	*last = (struct outbox_segment){.first = generation};
	return append_line(to, last, line, err);
}

int
outbox_append(const struct outbox_target *to, struct outbox *o, json_t *batch, uint64_t generation,
    timestamp now, struct error *err)
{
	struct outbox_segment *last;
	cleanup_buffer struct buffer line = {0};

	(void)json_object_set_new(batch, "previous", json_integer((json_int_t)o->generation));
	(void)json_dump_callback(batch, dump_piece, &line, JSON_COMPACT | JSON_SORT_KEYS);
	buffer_add(&line, "\n", 1);
	if (disk_make_dir(to->store, OUTBOX_DIR, err) < 0)
		return -1;
	last = last_segment(o, generation);
	if (append_batch(to, last, generation, &line, err) < 0) {
		if (last->bytes == 0)
			o->count--; /* one without a batch isn't one */
		return -1;
	}
	last->newest = now;
	o->generation = generation;
	return 0;
}

/* --- forgetting ------------------------------------------------------------------ */

void
outbox_trim(struct outbox *o, timestamp now)
{
	uint64_t bytes = 0;
	size_t first = o->count;

	for (; first > 0; first--) {
		const struct outbox_segment *s = &o->segments[first - 1];

		bytes += s->bytes;
		if (first < o->count &&
		    (bytes > OUTBOX_BYTES_MAX || now > timestamp_add(s->newest, OUTBOX_AGE_MAX)))
			break;
	}
	o->count -= first;
	memmove(o->segments, o->segments + first, o->count * sizeof(*o->segments));
}

void
outbox_files(const struct outbox *o, json_t *set)
{
	cleanup_buffer struct buffer path = {0};

	for (size_t i = 0; i < o->count; i++) {
		segment_path(&o->segments[i], &path);
		(void)json_object_set_new(set, (char *)path.data, json_true());
	}
}

/* --- history.json ---------------------------------------------------------------- */

/* The last `limit` lines of a text that ends with one: where they begin, and how
 * many there are. */
static size_t
last_lines(const struct buffer *text, uint64_t limit, uint64_t *count)
{
	size_t at = text->length;

	*count = 0;
	while (at > 0 && *count < limit) {
		at--;
		while (at > 0 && text->data[at - 1] != '\n')
			at--;
		++*count;
	}
	return at;
}

/* What the checkpoint says a segment has; nothing where that isn't there. */
static int
load_segment(int store, const struct outbox_segment *s, struct buffer *out, struct error *err)
{
	cleanup_buffer struct buffer path = {0};

	segment_path(s, &path);
	if (disk_read(store, (char *)path.data, SIZE_MAX / 2, out, err) < 0) {
		if (errno != ENOENT)
			return -1;
		err->status = 0;
	}
	if (out->length < s->bytes)
		message_warning("state/observer/%s is gone or cut; its changes are left out of "
				"world/" HISTORY_NAME,
		    (char *)path.data);
	out->length = out->length < s->bytes ? 0 : s->bytes;
	return 0;
}

/* Lines from here on, older segments first. */
static int
add_lines(int store, const struct outbox *o, size_t count, uint64_t limit, struct buffer *out,
    struct error *err)
{
	cleanup_buffer struct buffer text = {0};
	uint64_t found;
	size_t from;

	if (count == 0 || limit == 0)
		return 0;
	if (load_segment(store, &o->segments[count - 1], &text, err) < 0)
		return -1;
	from = last_lines(&text, limit, &found);
	if (add_lines(store, o, count - 1, limit - found, out, err) < 0)
		return -1;
	if (from < text.length)
		buffer_add(out, text.data + from, text.length - from);
	return 0;
}

int
outbox_history(
    int store, const struct outbox *o, uint64_t limit, struct buffer *out, struct error *err)
{
	cleanup_buffer struct buffer lines = {0};
	size_t begin = 0;

	if (add_lines(store, o, o->count, limit, &lines, err) < 0)
		return -1;
	buffer_text(out, "{\n  \"batches\": [");
	for (size_t at = 0; at < lines.length; at++) {
		if (lines.data[at] != '\n')
			continue;
		buffer_text(out, "%s\n    ", begin > 0 ? "," : "");
		buffer_add(out, lines.data + begin, at - begin);
		begin = at + 1;
	}
	buffer_text(out, "%s],\n  \"generation\": %llu\n}\n", begin > 0 ? "\n  " : "",
	    (unsigned long long)o->generation);
	return 0;
}
