/*
 * What a new file or line says, and what is decided on it: folded, held,
 * unplaced or rejected. Events go to the journal as rows.
 */

#include <homelab/message.h>
#include <homelab/names.h>
#include <homelab/scan.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

enum {
	PENDING_MAX = 4 << 20, /* rows kept in memory before they're written */
	REJECTIONS_SHOWN = 10, /* a source and run */
};

int
intake_flush(struct intake *in, struct error *err)
{
	in->pending_bytes = 0;
	for (size_t i = 0; i < in->manifest->source_count; i++) {
		struct source *s = &in->manifest->sources[i];

		for (size_t k = 0; k < s->day_count; k++) {
			struct day *d = &s->days[k];

			if (d->pending.length == 0)
				continue;
			if (day_flush(in->scan->store, s, d, err) < 0)
				return -1;
			buffer_release(&d->pending);
		}
	}
	return 0;
}

/* Where in a file an event stands: a line, or all of it. */
struct span {
	uint64_t offset, end; /* end is 0 for the whole file */
};

static bool
is_line(const struct span *span)
{
	return span->end != 0;
}

struct day *
intake_day(struct intake *in, struct source *s, timestamp at)
{
	return source_day(s, in->scan->store->generation, date_of(at));
}

int
intake_count_row(struct intake *in, struct day *day, size_t before, struct error *err)
{
	size_t length = day->pending.length - before;

	day->rows++;
	day->bytes += length;
	in->pending_bytes += length;
	if (in->pending_bytes > PENDING_MAX && !in->scan->store->read_only)
		return intake_flush(in, err);
	return 0;
}

static int
add_row(struct intake *in, struct candidate *c, struct day *day, const struct event *e,
    const struct span *span, struct error *err)
{
	size_t before = day->pending.length;

	row_pack(&day->pending, e, &(struct place){c->path, span->offset, span->end});
	in->tally.consumed++;
	if (e->at < in->oldest_new)
		in->oldest_new = e->at;
	if (e->at > c->directory->newest)
		c->directory->newest = e->at;
	return intake_count_row(in, day, before, err);
}

/* The event's day, or NULL where that has no room for more. */
static struct day *
day_with_room(struct intake *in, struct candidate *c, const struct event *e)
{
	struct day *day = intake_day(in, c->source, e->at);

	if (day->bytes < in->scan->day_limit)
		return day;
	if (!in->is_full)
		message_error("events/%s: %s has too many events of one day: the rest waits",
		    c->path, in->manifest->node);
	in->is_full = true;
	in->tally.unreadable++;
	return NULL;
}

/* The key of a place: of the file, or of a line, which is put in *key. */
static const char *
key_of(const struct candidate *c, const struct span *span, struct buffer *key)
{
	if (!is_line(span))
		return c->name;
	buffer_text(key, "%s/%llu", c->name, (unsigned long long)span->offset);
	return buffer_string(key);
}

static bool
is_too_late(const struct intake *in, const struct event *e)
{
	return e->at < in->base ||
	    (in->newest != TIMESTAMP_NONE && e->at < in->newest - PLACED_WITHIN);
}

static void
show_unplaced(struct intake *in, const struct candidate *c)
{
	in->tally.late_unplaced++;
	message_warning("events/%s: dated more than 120 days before the newest event of %s: "
			"counted, not folded",
	    c->path, in->manifest->node);
}

/* Whether an event, found again in a rebuild, was folded before. The log has a
 * verdict on a line only where it's another than that; rows tell of each. */
static bool
was_folded(const struct candidate *c, const struct span *span, const struct decision *before)
{
	const struct decision *file = decisions_find(c->known, c->name);

	if (before != NULL)
		return before->verdict == VERDICT_EVENT;
	return is_line(span) && !c->known->told && file != NULL && file->verdict == VERDICT_READ &&
	    span->offset < file->size;
}

/* A usable event. That a line was folded is recorded only where there was
 * another verdict on it: how far the file was read says the rest. */
static enum outcome
accept(struct intake *in, struct candidate *c, const struct event *e, const struct span *span,
    struct error *err)
{
	cleanup_buffer struct buffer key = {0};
	const char *name = key_of(c, span, &key);
	bool line = is_line(span);
	const struct decision *before = decisions_find(c->known, name);
	bool decided = was_folded(c, span, before);
	struct day *day;

	if (before != NULL && before->verdict == VERDICT_UNPLACED) {
		decisions_set(c->out, name, VERDICT_UNPLACED, 0, e->at);
		return OUTCOME_DECIDED;
	}
	if (!decided && e->at > timestamp_add(in->scan->now, HELD_AHEAD)) {
		in->tally.held += before == NULL || before->verdict != VERDICT_HELD;
		decisions_set(c->out, name, VERDICT_HELD, 0, e->at - HELD_AHEAD);
		return OUTCOME_DECIDED;
	}
	if (is_too_late(in, e) && (!decided || e->at < in->base)) {
		enum verdict verdict = decided ? VERDICT_EVENT : VERDICT_UNPLACED;

		decisions_set(c->out, name, verdict, 0, e->at);
		if (!decided)
			show_unplaced(in, c);
		return OUTCOME_DECIDED;
	}
	if ((day = day_with_room(in, c, e)) == NULL)
		return OUTCOME_UNFINISHED;
	if (!line || before != NULL)
		decisions_set(c->out, name, VERDICT_EVENT, 0, e->at);
	return add_row(in, c, day, e, span, err) < 0 ? OUTCOME_FAILED : OUTCOME_DECIDED;
}

static void
show_rejection(struct intake *in, const char *path, const char *reason)
{
	in->tally.rejected++;
	if (in->shown < REJECTIONS_SHOWN)
		message_warning("events/%s: rejected: %s", path, reason);
	else if (in->shown == REJECTIONS_SHOWN)
		message_warning("events of %s: more were rejected", in->manifest->node);
	in->shown++;
}

enum outcome
intake_reject(struct intake *in, struct candidate *c, const char *reason, struct error *err)
{
	uint64_t size = c->identity.size;
	int kept = 0;

	if (!in->scan->store->read_only)
		kept = quarantine_put(&in->quarantine, in->scan->state, c->source->name, c->name,
		    c->fd, NULL, size, reason, err);
	if (kept < 0)
		return OUTCOME_FAILED;
	if (kept > 0) {
		in->tally.unreadable++;
		return OUTCOME_WAITS;
	}
	show_rejection(in, c->path, reason);
	decisions_set(c->out, c->name, VERDICT_REJECTED, size, c->identity.ctime);
	return OUTCOME_DECIDED;
}

/* An unusable file that was changed just now may still be arriving (E5). */
static bool
may_be_arriving(const struct intake *in, const struct candidate *c)
{
	timestamp age = clock_real() - c->identity.ctime;

	return age < in->scan->settle && age > -in->scan->settle;
}

/*
 * In a rebuild: an event that was folded, but whose `node` isn't one of this
 * node's names any more. Its row is kept: the fold passes it over, but it's
 * there when the name comes back.
 */
static bool
keeps_row(struct intake *in, struct candidate *c, const struct span *span)
{
	cleanup_buffer struct buffer key = {0}, path = {0};
	const struct decision *before = decisions_find(c->known, key_of(c, span, &key));

	if (in->carried == NULL || !was_folded(c, span, before))
		return false;
	buffer_text(
	    &path, is_line(span) ? "%s@%llu" : "%s", c->path, (unsigned long long)span->offset);
	(void)json_object_set_new_nocheck(in->carried, buffer_string(&path), json_true());
	return true;
}

static enum outcome
refuse_file(struct intake *in, struct candidate *c, enum rejection why, const char *reason,
    struct error *err)
{
	if (why == REJECTION_NODE && keeps_row(in, c, &(struct span){0, 0})) {
		decisions_set(c->out, c->name, VERDICT_EVENT, 0, 0);
		return OUTCOME_DECIDED;
	}
	if (may_be_arriving(in, c))
		return OUTCOME_WAITS;
	return intake_reject(in, c, reason, err);
}

enum outcome
intake_file(struct intake *in, struct candidate *c, struct error *err)
{
	cleanup_buffer struct buffer bytes = {0};
	char reason[REASON_MAX];
	enum rejection rejection;
	enum outcome outcome;
	struct event event;
	ssize_t got;

	if (c->identity.size > EVENT_SIZE_MAX)
		return refuse_file(in, c, REJECTION_CONTENT, "larger than 1 MiB", err);
	buffer_reserve(&bytes, c->identity.size + 1);
	if ((got = disk_read_at(c->fd, bytes.data, c->identity.size, 0)) < 0) {
		in->tally.unreadable++;
		return OUTCOME_WAITS;
	}
	rejection = event_decode((char *)bytes.data, (size_t)got, &in->names, &event, reason);
	if (rejection != REJECTION_NONE)
		return refuse_file(in, c, rejection, reason, err);
	outcome = accept(in, c, &event, &(struct span){0, 0}, err);
	event_release(&event);
	return outcome;
}

/* Whether a line is nothing but JSON's white space. */
static bool
is_blank(const unsigned char *line, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
			return false;
	return true;
}

static enum outcome
refuse_line(struct intake *in, struct candidate *c, const unsigned char *line, size_t length,
    uint64_t offset, const char *reason, struct error *err)
{
	cleanup_buffer struct buffer name = {0}, path = {0}, key = {0};

	decisions_set(c->out, key_of(c, &(struct span){offset, 1}, &key), VERDICT_REJECTED, 0, 0);
	buffer_text(&name, "%s@%llu", c->name, (unsigned long long)offset);
	buffer_text(&path, "%s@%llu", c->path, (unsigned long long)offset);
	show_rejection(in, buffer_string(&path), reason);
	if (in->scan->store->read_only)
		return OUTCOME_DECIDED;
	if (quarantine_put(&in->quarantine, in->scan->state, c->source->name, buffer_string(&name),
		-1, line, length, reason, err) < 0)
		return OUTCOME_FAILED;
	return OUTCOME_DECIDED;
}

static enum outcome
decide_line(struct intake *in, struct candidate *c, const unsigned char *line, size_t length,
    const struct span *span, struct error *err)
{
	char reason[REASON_MAX];
	enum rejection rejection;
	enum outcome outcome;
	struct event event;

	if (is_blank(line, length))
		return OUTCOME_DECIDED;
	rejection = event_decode((const char *)line, length, &in->names, &event, reason);
	if (rejection == REJECTION_NODE && keeps_row(in, c, span))
		return OUTCOME_DECIDED;
	if (rejection != REJECTION_NONE)
		return refuse_line(in, c, line, length, span->offset, reason, err);
	outcome = accept(in, c, &event, span, err);
	event_release(&event);
	return outcome;
}

/* How far a .jsonl has been read, line by line. */
struct line_reader {
	struct buffer bytes; /* from `at` on */
	uint64_t at; /* offset of the line's start */
	uint64_t end; /* of the file */
	bool failed;
};

enum { LINE_STEP = 1 << 16 };

/* Skips the rest of a line that is too long: its end's offset, 0 where there
 * is none yet. */
static uint64_t
find_line_end(int fd, struct line_reader *r, uint64_t from)
{
	unsigned char step[LINE_STEP];

	while (from < r->end) {
		ssize_t got = disk_read_at(fd, step, sizeof(step), from);
		const unsigned char *end;

		if (got <= 0) {
			r->failed = got < 0;
			return 0;
		}
		if ((end = memchr(step, '\n', (size_t)got)) != NULL)
			return from + (uint64_t)(end - step);
		from += (uint64_t)got;
	}
	return 0;
}

/* The next whole line's length, without newline; -1 where there is none. A
 * line over the limit is cut to one byte more than that. */
static ssize_t
next_line(int fd, struct line_reader *r, uint64_t *next)
{
	size_t searched = 0;

	for (;;) {
		const unsigned char *end = searched < r->bytes.length ?
		    memchr(r->bytes.data + searched, '\n', r->bytes.length - searched) :
		    NULL;
		uint64_t left = r->end - r->at - r->bytes.length;
		ssize_t got;

		if (end != NULL) {
			*next = r->at + (uint64_t)(end - r->bytes.data) + 1;
			return end - r->bytes.data;
		}
		searched = r->bytes.length;
		if (searched > EVENT_SIZE_MAX) {
			*next = find_line_end(fd, r, r->at + searched) + 1;
			return *next == 1 ? -1 : EVENT_SIZE_MAX + 1;
		}
		if (left == 0)
			return -1;
		buffer_reserve(&r->bytes, LINE_STEP);
		got = disk_read_at(fd, r->bytes.data + searched,
		    left < LINE_STEP ? left : LINE_STEP, r->at + searched);
		if (got <= 0) {
			r->failed = got < 0;
			return -1;
		}
		r->bytes.length += (size_t)got;
	}
}

static void
advance(struct line_reader *r, uint64_t next)
{
	uint64_t used = next - r->at;

	if (used >= r->bytes.length) {
		r->bytes.length = 0;
	} else {
		r->bytes.length -= used;
		memmove(r->bytes.data, r->bytes.data + used, r->bytes.length);
	}
	r->at = next;
}

/* A .jsonl that lost what was read of it is rejected for good. */
static enum outcome
refuse_shrunk(struct intake *in, struct candidate *c, uint64_t read, struct error *err)
{
	char reason[REASON_MAX];
	enum outcome outcome;

	(void)snprintf(reason, sizeof(reason), "%llu bytes long, but %llu were read of it before",
	    (unsigned long long)c->identity.size, (unsigned long long)read);
	outcome = intake_reject(in, c, reason, err);
	if (outcome == OUTCOME_DECIDED)
		decisions_set(c->out, c->name, VERDICT_SHRUNK, read, 0);
	return outcome;
}

enum outcome
intake_lines(struct intake *in, struct candidate *c, struct error *err)
{
	const struct decision *before = decisions_find(c->known, c->name);
	uint64_t read = before != NULL && before->verdict == VERDICT_READ ? before->size : 0;
	struct line_reader r = {.at = in->scan->rebuild ? 0 : read, .end = c->identity.size};
	enum outcome outcome = OUTCOME_DECIDED;
	uint64_t next = 0, from = r.at;
	ssize_t length;

	if (c->identity.size < read)
		return refuse_shrunk(in, c, read, err);
	while (outcome == OUTCOME_DECIDED && (length = next_line(c->fd, &r, &next)) >= 0) {
		outcome = decide_line(
		    in, c, r.bytes.data, (size_t)length, &(struct span){r.at, next}, err);
		if (outcome == OUTCOME_DECIDED)
			advance(&r, next);
	}
	if (outcome != OUTCOME_FAILED && (r.at != from || before == NULL || in->scan->rebuild))
		decisions_set(c->out, c->name, VERDICT_READ, r.at, 0);
	in->tally.unreadable += r.failed;
	if (outcome == OUTCOME_DECIDED && r.at < r.end)
		outcome = r.failed ? OUTCOME_WAITS : OUTCOME_UNFINISHED;
	buffer_release(&r.bytes);
	return outcome;
}

enum outcome
intake_line(struct intake *in, struct candidate *c, uint64_t offset, struct error *err)
{
	struct line_reader r = {.at = offset, .end = c->identity.size};
	enum outcome outcome = OUTCOME_WAITS;
	uint64_t next;
	ssize_t length = next_line(c->fd, &r, &next);

	if (length >= 0)
		outcome = decide_line(
		    in, c, r.bytes.data, (size_t)length, &(struct span){offset, next}, err);
	else
		in->tally.unreadable++;
	buffer_release(&r.bytes);
	return outcome;
}
