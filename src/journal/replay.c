/*
 * From the journal to the folded state: the latest sound snapshot that no new
 * event is before, and every row since, in order, day by day (A3, A4). A late
 * event costs the snapshots behind it, which are made again on the way.
 *
 * Snapshots are taken before the first event of an hour. Those of the last two
 * days are kept for every hour, older ones for the first event of a day; days
 * more than 120 days before the newest event are dropped, and the snapshot
 * behind them becomes the base.
 */

#include <homelab/message.h>
#include <homelab/replay.h>

#include <string.h>
#include <sysexits.h>

#define HOURLY_FOR DAYS(2)

/* Rows of one day, sorted. */
struct rows {
	struct row *items;
	size_t count, room;
	struct buffer bytes;
};

static void
rows_release(struct rows *rows)
{
	free(rows->items);
	buffer_release(&rows->bytes);
}

/* What was loaded of a source's day. */
struct part {
	const struct source *source;
	const struct day *day;
	uint64_t first_row;
	size_t from, to; /* in the rows' bytes */
};

/* Adds the rows of a part that aren't before `boundary`. */
static int
add_rows(struct rows *rows, const struct part *part, timestamp boundary, struct error *err)
{
	const struct day *d = part->day;
	struct unpack in = {rows->bytes.data + part->from, rows->bytes.data + part->to, false};
	struct unpack frame;
	uint64_t index = part->first_row;
	int more;

	while ((more = frame_next(&in, &frame)) > 0) {
		struct row row;

		if (!row_peek(frame, &row))
			break;
		row.is_new = index++ >= d->old_rows;
		if (row.at < boundary)
			continue;
		ARRAY_GROW(rows->items, rows->count, rows->room);
		rows->items[rows->count++] = row;
	}
	if (more != 0 || index != d->rows) {
		char date[DATE_TEXT_MAX];

		return error_set(err, EX_DATAERR, "journal/%s/%s is damaged", part->source->name,
		    date_format(d->date, date));
	}
	return 0;
}

/* Loads a day of all sources. The bytes are loaded first, since rows refer to
 * them. */
static int
load_date(
    const struct replay *r, int32_t date, timestamp boundary, struct rows *rows, struct error *err)
{
	const struct manifest *m = r->manifest;
	cleanup_free struct part *parts = memory_resize(NULL, m->source_count, sizeof(*parts));
	size_t count = 0;

	rows->count = rows->bytes.length = 0;
	for (size_t i = 0; i < m->source_count; i++) {
		const struct source *s = &m->sources[i];
		const struct day *d = source_find_day(s, date);
		struct day_mark mark;

		if (d == NULL)
			continue;
		mark = day_find(d, boundary);
		parts[count] = (struct part){s, d, mark.rows, rows->bytes.length, 0};
		if (day_load_from(r->store, s, d, mark, &rows->bytes, err) < 0)
			return -1;
		parts[count++].to = rows->bytes.length;
	}
	for (size_t i = 0; i < count; i++)
		if (add_rows(rows, &parts[i], boundary, err) < 0)
			return -1;
	(void)rows_sort(rows->items, rows->count, sizeof(*rows->items));
	return 0;
}

/* The least date after `date` that some source has rows of. */
static bool
next_date(const struct manifest *m, int64_t date, int32_t *next)
{
	bool found = false;

	for (size_t i = 0; i < m->source_count; i++)
		for (size_t k = 0; k < m->sources[i].day_count; k++) {
			int32_t other = m->sources[i].days[k].date;

			if (other > date && (!found || other < *next)) {
				*next = other;
				found = true;
			}
		}
	return found;
}

/* Takes a snapshot before an event, where one belongs there. */
static int
take_snapshot(struct replay *r, const struct partition *p, timestamp at, struct error *err)
{
	struct manifest *m = r->manifest;
	struct snapshot s = {.boundary = HOURS(hour_of(at)),
	    .generation = r->store->generation,
	    .daily = date_of(at) != date_of(p->last_seen)};

	if (m->snapshot_count > 0 && m->snapshots[m->snapshot_count - 1].boundary >= s.boundary)
		return 0;
	if (!s.daily && r->newest - s.boundary > HOURLY_FOR)
		return 0;
	if (snapshot_write(r->store, p, &s, err) < 0)
		return -1;
	ARRAY_GROW(m->snapshots, m->snapshot_count, m->snapshot_room);
	m->snapshots[m->snapshot_count++] = s;
	return 0;
}

static bool
is_ours(const struct manifest *m, const char *node)
{
	for (size_t i = 0; i < m->name_count; i++)
		if (strcmp(m->names[i], node) == 0)
			return true;
	return false;
}

static int
fold_rows(struct replay *r, struct partition *p, const struct rows *rows, struct error *err)
{
	struct event event;

	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->items[i];

		if (!row_unpack(row, &event))
			return error_set(err, EX_DATAERR, "a row of %s is damaged", p->node);
		if (!is_ours(r->manifest, event.node))
			continue;
		if (r->take_snapshots && p->accepted > 0 &&
		    hour_of(event.at) != hour_of(p->last_seen) &&
		    take_snapshot(r, p, event.at, err) < 0)
			return -1;
		partition_fold(p, &event);
		/* New rows count as late once an old one comes after them. */
		if (row->is_new) {
			r->waiting++;
		} else {
			r->late += r->waiting;
			r->waiting = 0;
		}
	}
	return 0;
}

/* The state to start from: the last snapshot that can be read. The base can't
 * be done without: what it stands for is nowhere else. */
static struct partition *
start(struct replay *r, timestamp *boundary, struct error *err)
{
	struct manifest *m = r->manifest;

	while (m->snapshot_count > 0) {
		const struct snapshot *s = &m->snapshots[m->snapshot_count - 1];
		struct partition *p = snapshot_load(r->store, m->node, s, err);

		if (p != NULL) {
			*boundary = s->boundary;
			return p;
		}
		if (err->status != EX_DATAERR || (m->based && m->snapshot_count == 1))
			return NULL;
		message_warning("%s", err->text);
		m->snapshot_count--;
	}
	return partition_new(m->node);
}

/* Drops snapshots that some new event is before. */
static void
drop_later(struct manifest *m, timestamp oldest_new)
{
	while (m->snapshot_count > (m->based ? 1U : 0U) &&
	    m->snapshots[m->snapshot_count - 1].boundary > oldest_new)
		m->snapshot_count--;
}

/* The base, being old, is one of a day. */
static void
thin_out(struct manifest *m, timestamp newest)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->snapshot_count; i++)
		if (m->snapshots[i].daily || newest - m->snapshots[i].boundary <= HOURLY_FOR)
			m->snapshots[kept++] = m->snapshots[i];
	m->snapshot_count = kept;
}

/* Ends the journal: the last snapshot that is old enough becomes the base. */
static void
end_journal(struct manifest *m, timestamp newest)
{
	size_t base = m->snapshot_count;

	while (base > 0 && m->snapshots[base - 1].boundary > newest - JOURNAL_MEMORY)
		base--;
	if (base == 0)
		return;
	m->based = true;
	m->snapshot_count -= base - 1;
	memmove(m->snapshots, m->snapshots + base - 1, m->snapshot_count * sizeof(*m->snapshots));
	for (size_t i = 0; i < m->source_count; i++) {
		struct source *s = &m->sources[i];
		size_t gone = 0;

		while (
		    gone < s->day_count && s->days[gone].date < date_of(m->snapshots[0].boundary))
			day_release(&s->days[gone++]);
		if (gone == 0)
			continue;
		s->day_count -= gone;
		memmove(s->days, s->days + gone, s->day_count * sizeof(*s->days));
	}
}

struct partition *
replay_partition(struct replay *r, timestamp oldest_new, struct error *err)
{
	struct manifest *m = r->manifest;
	struct partition *p;
	struct rows rows = {0};
	timestamp boundary = TIMESTAMP_NONE;
	int32_t date = INT32_MIN;
	int result = 0;

	drop_later(m, oldest_new);
	if ((p = start(r, &boundary, err)) == NULL)
		return NULL;
	for (int64_t after = date_of(boundary) - 1; result == 0 && next_date(m, after, &date);
	     after = date) {
		result = load_date(r, date, boundary, &rows, err);
		if (result == 0)
			result = fold_rows(r, p, &rows, err);
	}
	rows_release(&rows);
	if (result < 0) {
		partition_free(p);
		return NULL;
	}
	m->newest = p->last_seen;
	if (r->take_snapshots) {
		thin_out(m, m->newest);
		end_journal(m, m->newest);
	}
	return p;
}
