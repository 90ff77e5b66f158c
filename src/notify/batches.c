#include <homelab/batches.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define HISTORY "world/history.json"
#define OUTBOX "state/observer/outbox"

enum {
	TAIL_BYTES = 64 << 10,
	CHUNK_BYTES = 64 << 10,
	DIGITS_MAX = 18, /* of a generation: fits an int64_t */
};

/* The number at the beginning of a text, without leading zeros, followed by
 * `end`; 0 where there is no such. */
static uint64_t
parse_generation(const char *text, const char *end)
{
	size_t digits = strspn(text, "0123456789");
	uint64_t number = 0;

	if (digits < 1 || digits > DIGITS_MAX || text[0] == '0' ||
	    strncmp(text + digits, end, strlen(end)) != 0)
		return 0;
	for (size_t i = 0; i < digits; i++)
		number = number * 10 + (uint64_t)(text[i] - '0');
	return number;
}

/*
 * The batches in history.json may be many, and only its generation is wanted,
 * a member near its end. No string holds a raw line break, so this text is
 * nothing else, wherever it is found.
 */
static int
read_committed(int fd, uint64_t *out, struct error *err)
{
	static const char member[] = "\n  \"generation\": ";
	cleanup_free char *tail = memory_alloc(TAIL_BYTES + 1);
	char *found = NULL;
	struct stat st;
	off_t at;

	if (disk.fstat(fd, &st) < 0)
		return error_errno(err, EX_IOERR, "cannot stat %s", HISTORY);
	at = st.st_size > TAIL_BYTES ? st.st_size - TAIL_BYTES : 0;
	if (disk_read_at(fd, tail, TAIL_BYTES, (uint64_t)at) < 0)
		return error_errno(err, EX_IOERR, "cannot read %s", HISTORY);
	for (char *p = tail; (p = strstr(p, member)) != NULL; p++)
		found = p + strlen(member);
	if (found == NULL)
		return error_set(err, EX_IOERR, "%s has no generation", HISTORY);
	*out = parse_generation(found, "");
	return 0;
}

int
batches_open(int root, struct batches *out, struct error *err)
{
	int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	cleanup_close int fd = disk.open(root, HISTORY, flags, 0);
	struct stat st;

	*out = (struct batches){.outbox = -1};
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return error_errno(err, EX_IOERR, "cannot open %s", HISTORY);
	if (disk.fstat(fd, &st) == 0)
		identity_of(&st, &out->history);
	if (read_committed(fd, &out->committed, err) < 0)
		return -1;
	out->outbox = disk.open(root, OUTBOX, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (out->outbox < 0 && errno != ENOENT)
		return error_errno(err, EX_IOERR, "cannot open directory %s", OUTBOX);
	return 0;
}

bool
batches_are_stale(int root, const struct batches *b)
{
	struct identity now = {0};
	struct stat st;

	if (disk.stat(root, HISTORY, &st, AT_SYMLINK_NOFOLLOW) == 0)
		identity_of(&st, &now);
	return !identity_same(&now, &b->history);
}

void
batches_close(struct batches *b)
{
	if (b->outbox >= 0)
		(void)close(b->outbox);
	b->outbox = -1;
}

/* --- segments ---------------------------------------------------------------- */

/* The segments on both sides of a generation; 0 where there is none. */
struct sides {
	uint64_t generation;
	uint64_t upto; /* the last that begins there or before */
	uint64_t beyond; /* the first that begins after it */
};

static int
see_segment(void *context, const struct dirent *entry)
{
	struct sides *s = context;
	size_t digits = strspn(entry->d_name, "0123456789");
	uint64_t first = parse_generation(entry->d_name, ".jsonl");

	if (first == 0 || entry->d_name[digits + strlen(".jsonl")] != '\0')
		return 0;
	if (first > s->generation && (s->beyond == 0 || first < s->beyond))
		s->beyond = first;
	if (first <= s->generation && first > s->upto)
		s->upto = first;
	return 0;
}

static int
find_sides(int outbox, uint64_t generation, struct sides *out, struct error *err)
{
	*out = (struct sides){.generation = generation};
	if (disk_list(outbox, see_segment, out) < 0)
		return error_errno(err, EX_IOERR, "cannot read directory %s", OUTBOX);
	return 0;
}

/* --- lines ------------------------------------------------------------------- */

struct segment {
	int fd;
	uint64_t at; /* of the next line */
	size_t used, filled;
	char chunk[CHUNK_BYTES];
};

enum line { LINE_FAILED = -1, LINE_NONE, LINE_WHOLE, LINE_TOO_LONG };

/* The next line without its newline. One that isn't whole is none. */
static enum line
next_line(struct segment *s, struct buffer *line)
{
	bool too_long = false;
	const char *end = NULL;

	line->length = 0;
	while (end == NULL) {
		size_t length;

		if (s->used == s->filled) {
			ssize_t got = disk_read_at(s->fd, s->chunk, sizeof(s->chunk), s->at);

			if (got <= 0 || s->at >= SEGMENT_BYTES_MAX)
				return got < 0 ? LINE_FAILED : LINE_NONE;
			s->used = 0;
			s->filled = (size_t)got;
		}
		end = memchr(s->chunk + s->used, '\n', s->filled - s->used);
		length = end == NULL ? s->filled - s->used : (size_t)(end - (s->chunk + s->used));
		too_long |= line->length + length > BATCH_BYTES_MAX;
		if (!too_long)
			buffer_add(line, s->chunk + s->used, length);
		s->used += length + (end != NULL);
		s->at += length + (end != NULL);
	}
	return too_long ? LINE_TOO_LONG : LINE_WHOLE;
}

/* A line as a batch of one of these generations; NULL where it is none. */
static json_t *
parse_batch(const struct buffer *line, uint64_t after, uint64_t committed)
{
	json_t *batch = json_loadb((char *)line->data, line->length, JSON_REJECT_DUPLICATES, NULL);
	json_int_t generation = json_integer_value(json_object_get(batch, "generation"));

	if (generation > 0 && (uint64_t)generation > after && (uint64_t)generation <= committed &&
	    json_is_array(json_object_get(batch, "events")))
		return batch;
	json_decref(batch);
	return NULL;
}

static void
note_place(struct batches_cursor *c, const struct segment *s, uint64_t first, const json_t *batch)
{
	struct stat st;

	*c = (struct batches_cursor){0};
	if (disk.fstat(s->fd, &st) < 0)
		return;
	c->generation = (uint64_t)json_integer_value(json_object_get(batch, "generation"));
	c->segment = first;
	c->device = (uint64_t)st.st_dev;
	c->inode = (uint64_t)st.st_ino;
	c->at = s->at;
}

/* Where to begin in a segment: behind what the cursor has seen of it. */
static uint64_t
start_in(const struct segment *s, uint64_t first, uint64_t after, const struct batches_cursor *c)
{
	struct stat st;

	if (c->segment != first || c->generation != after || disk.fstat(s->fd, &st) < 0 ||
	    c->device != (uint64_t)st.st_dev || c->inode != (uint64_t)st.st_ino ||
	    c->at > (uint64_t)st.st_size)
		return 0;
	return c->at;
}

/* 1, 0 where the segment has none or is gone or no file, or -1. */
static int
search_segment(const struct batches *b, uint64_t first, uint64_t after,
    struct batches_cursor *cursor, json_t **out, struct error *err)
{
	int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	cleanup_free struct segment *s = memory_alloc(sizeof(*s));
	cleanup_buffer struct buffer line = {0};
	char name[32];
	struct stat st;
	enum line found;

	(void)snprintf(name, sizeof(name), "%llu.jsonl", (unsigned long long)first);
	cleanup_close int fd = disk.open(b->outbox, name, flags, 0);
	if (fd < 0 && (errno == ENOENT || errno == ELOOP || errno == EMLINK || errno == ENXIO))
		return 0;
	if (fd < 0 || disk.fstat(fd, &st) < 0)
		return error_errno(err, EX_IOERR, "cannot open %s/%s", OUTBOX, name);
	if (!S_ISREG(st.st_mode))
		return 0;
	s->fd = fd;
	s->at = start_in(s, first, after, cursor);
	while ((found = next_line(s, &line)) > LINE_NONE) {
		if (found == LINE_TOO_LONG)
			continue;
		if ((*out = parse_batch(&line, after, b->committed)) != NULL) {
			note_place(cursor, s, first, *out);
			return 1;
		}
	}
	return found == LINE_FAILED ?
	    error_errno(err, EX_IOERR, "cannot read %s/%s", OUTBOX, name) :
	    0;
}

int
batches_next(const struct batches *b, uint64_t after, struct batches_cursor *cursor, json_t **out,
    struct error *err)
{
	struct sides sides;
	uint64_t first;
	int found = 0;

	*out = NULL;
	if (b->outbox < 0 || after >= b->committed)
		return 0;
	if (find_sides(b->outbox, after + 1, &sides, err) < 0)
		return -1;
	first = sides.upto != 0 ? sides.upto : sides.beyond;
	while (first != 0 && found == 0) {
		found = search_segment(b, first, after, cursor, out, err);
		if (find_sides(b->outbox, first, &sides, err) < 0)
			return -1;
		first = sides.beyond;
	}
	return found;
}
