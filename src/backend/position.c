#include "parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

enum { POSITION_BYTES_MAX = 64 << 10, POSITION_PATH_SIZE = 128 };

static const char *
position_path(const char *directory, char out[POSITION_PATH_SIZE])
{
	(void)snprintf(out, POSITION_PATH_SIZE, "%s/position.jsonl", directory);
	return out;
}

/* --- a line ------------------------------------------------------------------------- */

/* Each number of a position, a row. */
static const struct {
	const char *name;
	size_t offset;
} numbers[] = {
    {"taken", offsetof(struct position, taken)},
    {"upto", offsetof(struct position, upto)},
    {"dropped_events", offsetof(struct position, dropped_events)},
    {"dropped_bytes", offsetof(struct position, dropped_bytes)},
    {"told_events", offsetof(struct position, told_events)},
    {"told_bytes", offsetof(struct position, told_bytes)},
};

static const char *const lane_names[LANE_COUNT] = {"events", "facts"};

static uint64_t *
number_of(struct position *p, size_t i)
{
	return (uint64_t *)(void *)((char *)p + numbers[i].offset);
}

static json_t *
position_to_json(struct position *p)
{
	json_t *line =
	    json_pack("{s:s, s:I}", "facts_digest", p->facts, "facts_at", (json_int_t)p->facts_at);

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		(void)json_object_set_new(
		    line, numbers[i].name, json_integer((json_int_t)*number_of(p, i)));
	for (int i = 0; i < LANE_COUNT; i++)
		(void)json_object_set_new(line, lane_names[i],
		    json_pack("{s:i, s:I}", "failures", (int)p->lanes[i].failures, "due",
			(json_int_t)p->lanes[i].due));
	return line;
}

static bool
lane_from_json(const json_t *value, struct backoff *out)
{
	json_int_t failures, due;

	if (json_unpack((json_t *)value, "{s:I, s:I}", "failures", &failures, "due", &due) < 0 ||
	    failures < 0 || failures > INT32_MAX)
		return false;
	*out = (struct backoff){(unsigned)failures, due};
	return true;
}

static bool
position_from_json(const json_t *line, struct position *out)
{
	const char *facts;
	json_int_t facts_at;

	if (json_unpack(
		(json_t *)line, "{s:s, s:I}", "facts_digest", &facts, "facts_at", &facts_at) < 0 ||
	    strlen(facts) >= DIGEST_TEXT_MAX)
		return false;
	memcpy(out->facts, facts, strlen(facts) + 1);
	out->facts_at = facts_at;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const json_t *number = json_object_get(line, numbers[i].name);

		if (!json_is_integer(number) || json_integer_value(number) < 0)
			return false;
		*number_of(out, i) = (uint64_t)json_integer_value(number);
	}
	for (int i = 0; i < LANE_COUNT; i++)
		if (!lane_from_json(json_object_get(line, lane_names[i]), &out->lanes[i]))
			return false;
	return out->taken <= out->upto && out->told_events <= out->dropped_events &&
	    out->told_bytes <= out->dropped_bytes;
}

/* --- the file ------------------------------------------------------------------------- */

/* The last line that is one counts: a power cut may leave anything behind it. */
static void
read_lines(const struct buffer *text, struct position *out)
{
	size_t length;

	for (size_t at = 0; (length = line_length(text, at)) > 0; at += length) {
		json_auto_t *line = json_loadb((char *)text->data + at, length, 0, NULL);
		struct position position = {0};

		if (position_from_json(line, &position)) {
			*out = position;
			out->file_length = at + length;
		}
	}
}

int
position_load(int dir, const char *directory, struct position *out, struct error *err)
{
	cleanup_buffer struct buffer text = {0};
	char path[POSITION_PATH_SIZE];

	*out = (struct position){0};
	if (disk_read(dir, position_path(directory, path), SIZE_MAX / 2, &text, err) < 0)
		return errno == ENOENT ? 0 : -1;
	read_lines(&text, out);
	return 1;
}

static int
dump_piece(const char *data, size_t length, void *out)
{
	buffer_add(out, data, length);
	return 0;
}

static void
position_line(struct position *p, struct buffer *out)
{
	json_auto_t *line = position_to_json(p);

	(void)json_dump_callback(line, dump_piece, out, JSON_COMPACT | JSON_SORT_KEYS);
	buffer_add(out, "\n", 1);
}

int
position_sync(int dir, const char *directory, struct error *err)
{
	char path[POSITION_PATH_SIZE];

	if (disk_sync_file(dir, position_path(directory, path), err) < 0)
		return -1;
	return disk_sync_dir(dir, directory, err);
}

int
position_create(int dir, const char *directory, struct position *p, struct error *err)
{
	cleanup_buffer struct buffer line = {0};
	char path[POSITION_PATH_SIZE];

	position_line(p, &line);
	if (disk_make_dir(dir, directory, err) < 0 ||
	    disk_replace(dir, position_path(directory, path), line.data, line.length, err) < 0 ||
	    disk_sync_dir(dir, directory, err) < 0)
		return -1;
	p->file_length = line.length;
	return 0;
}

static int
append_line(int dir, const char *path, struct position *p, bool durable, struct error *err)
{
	cleanup_buffer struct buffer line = {0};

	position_line(p, &line);
	if (disk_append(dir, path, p->file_length, line.data, line.length, err) < 0 ||
	    (durable && disk_sync_file(dir, path, err) < 0))
		return -1;
	p->file_length += line.length;
	return 0;
}

int
position_save(int dir, const char *directory, struct position *p, bool durable, struct error *err)
{
	char path[POSITION_PATH_SIZE];
	struct error why = {0};

	if (p->file_length > 0 && p->file_length <= POSITION_BYTES_MAX &&
	    append_line(dir, position_path(directory, path), p, durable, &why) == 0)
		return 0;
	/* Too long, or cut by somebody, or none yet. */
	return why.status == 0 || why.status == EX_DATAERR ?
	    position_create(dir, directory, p, err) :
	    error_set(err, why.status, "%s", why.text);
}
