/*
 * What is too old or too much is dropped, and counted for each backend that hadn't
 * taken it. What is on its way to one is neither yet: it is decided on when the
 * answer is there.
 */

#include "parts.h"

#include <string.h>

enum { LOOK_BYTES = 64 << 10 };

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Where a backend begins what it may still be given. */
static uint64_t
place_of(const struct backend *k)
{
	return k->sends_events ? k->position.upto : k->position.taken;
}

static int
save(struct backend *k, struct error *err)
{
	return position_save(k->all->dir, k->directory, &k->position, true, err);
}

void
limits_drop(struct backend *k, uint64_t to)
{
	struct position *p = &k->position;
	uint64_t from = place_of(k);

	if (from < to) {
		p->dropped_events += segments_count_lines(&k->all->segments, from, to);
		p->dropped_bytes += to - from;
	}
	if (p->taken < to)
		p->taken = to;
	if (p->upto < to)
		p->upto = to;
}

/* --- age ------------------------------------------------------------------------------ */

static bool
is_old(const unsigned char *line, size_t length, timestamp oldest)
{
	json_auto_t *event = line_parse(line, length);
	const char *text = json_string_value(json_object_get(event, "timestamp"));
	timestamp at;

	return text != NULL && timestamp_parse(text, strlen(text), &at) && at < oldest;
}

/* How far what lies from there on may be too old. What came since we began can't be,
 * unless that is long ago: the clock may have been set since, as on a machine without
 * one of its own. */
static uint64_t
may_be_old(const struct backends *b, timestamp age_max)
{
	return clock_monotonic() - b->opened_at > age_max ? segments_end(&b->segments) :
							    b->opened_end;
}

static uint64_t
old_until(struct backends *b, uint64_t from, uint64_t end, timestamp oldest)
{
	cleanup_buffer struct buffer text = {0};
	uint64_t at = from;
	size_t done = 0, length;

	if (from >= end ||
	    segments_read(&b->segments, &at, least(LOOK_BYTES, end - from), &text, NULL) < 0)
		return from;
	if (line_length(&text, 0) == 0 &&
	    segments_read(&b->segments, &at, end - from, &text, NULL) < 0)
		return from;
	while ((length = line_length(&text, done)) > 0 && is_old(text.data + done, length, oldest))
		done += length;
	return done > 0 ? at + done : from;
}

/* Of a batch that was begun nothing is taken away: it's dropped as a whole. */
static int
drop_old(struct backend *k, timestamp now, timestamp age_max, struct error *err)
{
	uint64_t end = may_be_old(k->all, age_max), begin = place_of(k), from = begin, to;

	while ((to = old_until(k->all, from, end, now - age_max)) > from) {
		from = to > k->position.upto ? to : k->position.upto;
		limits_drop(k, from);
	}
	return from > begin ? save(k, err) : 0;
}

/* --- size ------------------------------------------------------------------------------ */

static bool
is_wanted(const struct backends *b, const struct segment *s)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->list[i].position.taken < s->first + s->length)
			return true;
	return false;
}

/* What a backend took is durable before it can't be read again. */
static int
remove_first(struct backends *b, struct error *err)
{
	uint64_t end = b->segments.list[1].first;

	for (size_t i = 0; i < b->count; i++) {
		limits_drop(&b->list[i], end);
		if (save(&b->list[i], err) < 0)
			return -1;
	}
	return segments_remove_first(&b->segments, err);
}

int
limits_apply(struct backends *b, timestamp now, struct error *err)
{
	uint64_t bytes_max = b->options->bytes_max ? b->options->bytes_max : BACKEND_BYTES_MAX;
	timestamp age_max = b->options->age_max ? b->options->age_max : BACKEND_AGE_MAX;

	for (size_t i = 0; i < b->count; i++)
		if (drop_old(&b->list[i], now, age_max, err) < 0)
			return -1;
	while (b->segments.count > 1 &&
	    (segments_bytes(&b->segments) > bytes_max || !is_wanted(b, &b->segments.list[0])))
		if (remove_first(b, err) < 0)
			return -1;
	return 0;
}
