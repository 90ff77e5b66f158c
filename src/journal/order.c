/*
 * The order of a day's rows in its file. What a run adds is sorted before it's written,
 * and for each hour it's marked where the first row of it or later is. A run that folds
 * from a snapshot on reads from there, not the whole day.
 */

#include "files.h"

struct pending_row {
	struct row row; /* first, for rows_sort() */
	const unsigned char *frame;
	size_t length; /* of the frame */
};

struct pending_rows {
	struct pending_row *items;
	size_t count, room;
};

/* Frames of our own making, as yet in memory: their sums aren't looked at. */
static void
find_rows(const struct buffer *pending, struct pending_rows *rows)
{
	struct unpack in = {pending->data, pending->data + pending->length, false};

	while (in.at < in.end) {
		struct pending_row item = {.frame = in.at};
		size_t length = (size_t)unpack_fixed(&in, 4);

		(void)unpack_fixed(&in, 4);
		item.length = FRAME_HEADER + length;
		(void)row_peek((struct unpack){in.at, in.at + length, false}, &item.row);
		in.at += length;
		ARRAY_GROW(rows->items, rows->count, rows->room);
		rows->items[rows->count++] = item;
	}
}

static void
sort_pending(struct buffer *pending, struct pending_rows *rows)
{
	struct buffer sorted = {0};

	if (!rows_sort(rows->items, rows->count, sizeof(*rows->items)))
		return;
	buffer_reserve(&sorted, pending->length);
	for (size_t i = 0; i < rows->count; i++)
		buffer_add(&sorted, rows->items[i].frame, rows->items[i].length);
	buffer_release(pending);
	*pending = sorted;
}

/* The hour of the day that a time is in; beyond 0 to 23 on other days. */
static int64_t
hour_in(const struct day *d, timestamp at)
{
	return hour_of(at) - (int64_t)d->date * DAY_HOURS;
}

static void
mark_hours(struct day *d, const struct pending_rows *rows)
{
	struct day_mark mark = {(uint32_t)(d->rows - rows->count),
	    (uint32_t)(d->length > 0 ? d->length - FILE_MAGIC : 0)};

	for (size_t i = 0; i < rows->count; i++) {
		int64_t hour = hour_in(d, rows->items[i].row.at);

		while (d->hour_count <= hour && d->hour_count < DAY_HOURS)
			day_mark_hour(d, mark);
		mark.rows++;
		mark.bytes += (uint32_t)rows->items[i].length;
	}
}

void
arrange_pending(struct day *d)
{
	struct pending_rows rows = {0};

	find_rows(&d->pending, &rows);
	sort_pending(&d->pending, &rows);
	/* A day that has rows and no mark is of an older version, and stays so. */
	if (d->length == 0 || d->hour_count > 0)
		mark_hours(d, &rows);
	free(rows.items);
}

void
day_mark_hour(struct day *d, struct day_mark mark)
{
	if (d->hours == NULL)
		d->hours = memory_alloc(DAY_HOURS * sizeof(*d->hours));
	d->hours[d->hour_count++] = mark;
}

struct day_mark
day_find(const struct day *d, timestamp from)
{
	int64_t hour = hour_in(d, from);

	if (hour <= 0 || d->hour_count == 0 || d->pending.length > 0)
		return (struct day_mark){0};
	if (hour < d->hour_count)
		return d->hours[hour];
	return (struct day_mark){(uint32_t)d->rows, (uint32_t)(d->length - FILE_MAGIC)};
}
