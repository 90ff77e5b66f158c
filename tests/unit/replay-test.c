/*
 * Events that arrive in any order, in any batches, are folded as if they had
 * come in theirs: with snapshots, closed days and the base in between.
 */

#include "support.h"

#include <homelab/message.h>
#include <homelab/replay.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* A partition as the observer keeps it, and beside it all rows that it has. */
struct bench {
	struct scratch scratch;
	struct manifest *manifest;
	struct buffer all; /* rows, as a journal would have them */
	size_t count;
	timestamp oldest_new;
};

static void
set_up(struct bench *b)
{
	*b = (struct bench){.oldest_new = TIMESTAMP_LAST};
	scratch_make(&b->scratch);
	b->scratch.store.generation = 0;
	b->manifest = manifest_new("n");
	b->manifest->names = memory_resize(NULL, 2, sizeof(*b->manifest->names));
	b->manifest->names[b->manifest->name_count++] = text_copy("n");
	b->manifest->names[b->manifest->name_count++] = text_copy("old");
	(void)manifest_add_source(b->manifest, "n");
	(void)manifest_add_source(b->manifest, "old");
	message_set_level(MESSAGE_ERROR);
}

static void
tear_down(struct bench *b)
{
	manifest_free(b->manifest);
	buffer_release(&b->all);
	scratch_remove(&b->scratch);
}

/* An event comes into a source's journal. */
static void
arrive(struct bench *b, const struct event *e, const char *source, unsigned number)
{
	struct manifest *m = b->manifest;
	int32_t closed = m->newest == TIMESTAMP_NONE ? 0 : date_of(m->newest) - 2;
	struct day *d =
	    source_day(manifest_source(m, source), b->scratch.store.generation + 1, date_of(e->at));
	char path[64];
	struct place place = {.path = path};

	d->compressed |= d->length == 0 && d->date < closed;
	(void)snprintf(path, sizeof(path), "%s/e-%u.json", source, number);
	row_pack(&d->pending, e, &place);
	d->rows++;
	row_pack(&b->all, e, &place);
	b->count++;
	if (e->at < b->oldest_new)
		b->oldest_new = e->at;
}

/* What one sorted fold of all rows before some time makes. */
static struct partition *
sorted_fold(const struct bench *b, timestamp before)
{
	cleanup_free struct row *rows = memory_resize(NULL, b->count, sizeof(*rows));
	const unsigned char *end = b->all.length > 0 ? b->all.data + b->all.length : b->all.data;
	struct unpack in = {b->all.data, end, false}, frame;
	struct partition *p = partition_new("n");
	size_t count = 0;
	struct event e;

	while (frame_next(&in, &frame) > 0)
		ck_assert(row_peek(frame, &rows[count++]));
	qsort(rows, count, sizeof(*rows), row_compare);
	for (size_t i = 0; i < count && rows[i].at < before; i++) {
		ck_assert(row_unpack(&rows[i], &e));
		partition_fold(p, &e);
	}
	return p;
}

static void
assert_state(const struct partition *got, const struct bench *b, timestamp before, const char *what)
{
	struct partition *expected = sorted_fold(b, before);
	cleanup_buffer struct buffer one = {0}, other = {0};

	partition_pack(got, &one);
	partition_pack(expected, &other);
	assert_same_bytes(&one, &other, what);
	partition_free(expected);
}

static void
flush_days(struct bench *b, bool compress)
{
	struct manifest *m = b->manifest;
	struct error err = {0};

	for (size_t i = 0; i < m->source_count; i++)
		for (size_t k = 0; k < m->sources[i].day_count; k++) {
			struct day *d = &m->sources[i].days[k];

			if (compress && !d->compressed && d->date + 2 < date_of(m->newest))
				ck_assert_msg(
				    day_compress(&b->scratch.store, &m->sources[i], d, &err) == 0,
				    "%s", err.text);
			else if (d->pending.length > 0)
				ck_assert_msg(
				    day_flush(&b->scratch.store, &m->sources[i], d, &err) == 0,
				    "%s", err.text);
			if (compress)
				d->old_rows = d->rows;
		}
}

static struct replay
replay_of(struct bench *b)
{
	struct replay r = {
	    .store = &b->scratch.store, .manifest = b->manifest, .take_snapshots = true};

	r.newest = b->manifest->newest > b->oldest_new ? b->manifest->newest : b->oldest_new;
	for (size_t i = 0; i < b->manifest->source_count; i++) {
		const struct source *s = &b->manifest->sources[i];

		if (s->day_count > 0 && date_start(s->days[s->day_count - 1].date) > r.newest)
			r.newest = date_start(s->days[s->day_count - 1].date);
	}
	return r;
}

/* A run: what arrived becomes durable and is folded, then the manifest is
 * written and read again. Returns how many were late. */
static uint64_t
run(struct bench *b, const char *what)
{
	struct replay r = replay_of(b);
	cleanup_buffer struct buffer bytes = {0};
	struct error err = {0};
	struct partition *p;

	b->scratch.store.generation++;
	flush_days(b, false);
	p = replay_partition(&r, b->oldest_new, &err);
	ck_assert_msg(p != NULL, "%s: %s", what, err.text);
	assert_state(p, b, TIMESTAMP_LAST, what);
	ck_assert_int_eq(b->manifest->newest, b->count > 0 ? p->last_seen : TIMESTAMP_NONE);
	partition_free(p);
	flush_days(b, true);
	manifest_pack(b->manifest, &bytes);
	manifest_free(b->manifest);
	b->manifest = manifest_unpack(bytes.data, bytes.length);
	ck_assert_ptr_nonnull(b->manifest);
	b->oldest_new = TIMESTAMP_LAST;
	return r.late;
}

/* Snapshots lie in order, are dense for two days and sparse beyond, and hold
 * what is before them. */
static void
check_snapshots(const struct bench *b, size_t which, const char *what)
{
	const struct manifest *m = b->manifest;
	struct error err = {0};
	struct partition *p;

	for (size_t i = 0; i < m->snapshot_count; i++) {
		const struct snapshot *s = &m->snapshots[i];

		if (s->boundary % HOURS(1) != 0 || s->boundary > m->newest ||
		    (i > 0 && s->boundary <= m->snapshots[i - 1].boundary))
			ck_abort_msg("%s: snapshot %zu at %s", what, i, time_text(s->boundary));
	}
	ck_assert_msg(m->snapshot_count <= 49 + 122, "%s: %zu snapshots", what, m->snapshot_count);
	if (m->snapshot_count == 0)
		return;
	which %= m->snapshot_count;
	p = snapshot_load(&b->scratch.store, "n", &m->snapshots[which], &err);
	ck_assert_msg(p != NULL, "%s", err.text);
	assert_state(p, b, m->snapshots[which].boundary, what);
	partition_free(p);
}

/* The same from nothing but the base and the journal. */
static void
check_rebuild(struct bench *b, const char *what)
{
	struct replay r = replay_of(b);
	struct error err = {0};
	struct partition *p;

	r.take_snapshots = false;
	p = replay_partition(&r, TIMESTAMP_NONE, &err);
	ck_assert_msg(p != NULL, "%s", err.text);
	assert_state(p, b, TIMESTAMP_LAST, what);
	ck_assert_uint_eq(r.late, 0);
	partition_free(p);
}

enum { EVENTS = 300 };

/* Events in their order, and when they come: about in that order, but some
 * late by a few, some by very many. */
struct plan {
	struct event events[EVENTS];
	struct arrival {
		uint64_t when;
		unsigned number;
	} arrivals[EVENTS];
};

static int
compare_arrivals(const void *a, const void *b)
{
	const struct arrival *x = a, *y = b;

	if (x->when != y->when)
		return x->when < y->when ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static struct plan *
plan_of(struct dice *d)
{
	struct plan *plan = memory_alloc(sizeof(*plan));
	uint64_t lateness[] = {1, 20, 20, 120, EVENTS};
	timestamp at = DAY_ZERO;

	for (unsigned i = 0; i < EVENTS; i++) {
		at += random_step(d);
		random_event(d, at, &plan->events[i]);
		plan->events[i].node = roll(d, 3) == 0 ? "old" : "n";
		plan->arrivals[i].number = i;
		plan->arrivals[i].when = i + roll(d, lateness[roll(d, COUNT(lateness))]);
	}
	qsort(plan->arrivals, EVENTS, sizeof(plan->arrivals[0]), compare_arrivals);
	return plan;
}

/* Rule: W1 W2 E7 F11 */
START_TEST(any_order_of_arrival)
{
	struct dice d = dice_of(_i);
	cleanup_free struct plan *plan = plan_of(&d);
	struct bench b;
	char what[32];
	int unplaced = 0;

	set_up(&b);
	for (unsigned next = 0, round = 0; next < EVENTS; round++) {
		uint64_t batch = 1 + roll(&d, roll(&d, 3) == 0 ? 60 : 8);

		for (; batch > 0 && next < EVENTS; batch--, next++) {
			unsigned number = plan->arrivals[next].number;
			const struct event *e = &plan->events[number];

			if (b.manifest->newest != TIMESTAMP_NONE &&
			    e->at < b.manifest->newest - DAYS(120))
				unplaced++;
			else
				arrive(&b, e, number % 3 ? "n" : "old", number);
		}
		(void)snprintf(what, sizeof(what), "seed %d, run %u", _i, round);
		(void)run(&b, what);
		check_snapshots(&b, roll(&d, 1000), what);
		if (roll(&d, 10) == 0) {
			struct manifest *m = b.manifest;

			/* A rebuild forgets snapshots; they come again. */
			check_rebuild(&b, what);
			m->snapshot_count = m->based ? 1 : 0;
		}
	}
	ck_assert_uint_eq(b.count + (unsigned)unplaced, EVENTS);
	check_rebuild(&b, "at the end");
	tear_down(&b);
}
END_TEST

static void
arrive_plain(struct bench *b, timestamp at, const char *type, const char *source, unsigned number)
{
	struct event e;

	plain_event(at, type, &e);
	e.node = source;
	arrive(b, &e, source, number);
}

/* Late is what sorts before the newest that was committed. Rule: W2 E7 */
START_TEST(late_events)
{
	struct bench b;

	set_up(&b);
	ck_assert_uint_eq(run(&b, "nothing"), 0);
	arrive_plain(&b, time_at("12:00:00"), "x", "n", 5);
	arrive_plain(&b, time_at("11:00:00"), "x", "n", 6);
	ck_assert_uint_eq(run(&b, "first"), 0);
	arrive_plain(&b, time_at("12:00:00"), "x", "n", 4);
	arrive_plain(&b, time_at("12:00:00"), "service_unhealthy", "old", 7);
	arrive_plain(&b, time_at("12:00:00"), "x", "old", 8);
	arrive_plain(&b, time_at("12:00:00"), "x", "n", 6);
	arrive_plain(&b, time_at("10:00:00"), "x", "n", 9);
	ck_assert_uint_eq(run(&b, "late ones"), 3);
	ck_assert_uint_eq(run(&b, "nothing new"), 0);
	arrive_plain(&b, time_at("12:00:01"), "x", "n", 10);
	ck_assert_uint_eq(run(&b, "on time"), 0);
	tear_down(&b);
}
END_TEST

/* A steady node: each ten minutes something, for `hours`. */
static void
live(struct bench *b, timestamp from, int hours)
{
	static unsigned number;

	for (int i = 0; i < hours; i++) {
		for (int k = 0; k < 6; k++)
			arrive_plain(b, from + HOURS(i) + MINUTES(10 * k), "x", "n", number++);
		(void)run(b, "living");
	}
}

static size_t
snapshots_between(const struct manifest *m, timestamp from, timestamp to)
{
	size_t count = 0;

	for (size_t i = 0; i < m->snapshot_count; i++)
		count += m->snapshots[i].boundary >= from && m->snapshots[i].boundary <= to;
	return count;
}

/* Hourly for two days, daily before. Rule: W5 */
START_TEST(snapshots_of_a_steady_node)
{
	timestamp newest = time_at("4d23:50:00");
	struct bench b;

	set_up(&b);
	live(&b, DAY_ZERO, 120);
	ck_assert_int_eq(b.manifest->newest, newest);
	/* An event an hour late: the state before it is at most two hours old. */
	for (timestamp at = newest - HOURS(1); at < newest; at += MINUTES(7))
		ck_assert_uint_ge(snapshots_between(b.manifest, newest - HOURS(2), at), 1);
	ck_assert_uint_eq(snapshots_between(b.manifest, newest - DAYS(2), newest), 48);
	ck_assert_uint_le(snapshots_between(b.manifest, 0, newest - DAYS(2) - HOURS(1)), 3);
	ck_assert_uint_ge(snapshots_between(b.manifest, 0, time_at("2d00:00:00")), 2);
	ck_assert(!b.manifest->based);
	tear_down(&b);
}
END_TEST

static void
damage(const struct bench *b, const char *path)
{
	int fd = openat(b->scratch.store.fd, path, O_WRONLY);

	ck_assert_msg(fd >= 0, "%s", path);
	ck_assert_int_eq(pwrite(fd, "\xa5\x5a\xa5", 3, 20), 3);
	(void)close(fd);
}

static void
damage_snapshot(const struct bench *b, size_t which)
{
	cleanup_buffer struct buffer path = {0};

	snapshot_path("n", &b->manifest->snapshots[which], &path);
	damage(b, (char *)path.data);
}

static size_t
files_of(const struct bench *b, const char *directory)
{
	int fd = openat(b->scratch.store.fd, directory, O_RDONLY | O_DIRECTORY);
	DIR *stream = fdopendir(fd);
	size_t count = 0;

	for (const struct dirent *entry; (entry = readdir(stream)) != NULL;)
		count += entry->d_name[0] != '.';
	(void)closedir(stream);
	return count;
}

/* An event on each full hour, 84 hours long, folded at once: a snapshot for
 * each day but the first, and for each hour of the last 48, the edge included;
 * none is written in vain, and none again that no new event is before.
 * Rule: W5 */
START_TEST(snapshots_of_a_rebuild)
{
	const struct manifest *m;
	struct bench b;

	set_up(&b);
	for (unsigned i = 0; i <= 84; i++)
		arrive_plain(&b, DAY_ZERO + HOURS(i), "x", "n", i);
	b.oldest_new = DAY_ZERO + HOURS(84); /* from which the newest is told */
	(void)run(&b, "rebuild");
	m = b.manifest;
	ck_assert_uint_eq(m->snapshot_count, 1 + 49);
	ck_assert_uint_eq(files_of(&b, "partitions/n"), 1 + 49);
	ck_assert_int_eq(m->snapshots[0].boundary, time_at("1d00:00:00"));
	ck_assert_int_eq(m->snapshots[1].boundary, time_at("1d12:00:00"));
	arrive_plain(&b, time_at("3d10:00:00"), "x", "n", 85);
	ck_assert_uint_eq(run(&b, "late"), 1);
	m = b.manifest;
	ck_assert_uint_eq(m->snapshot_count, 1 + 49);
	ck_assert_uint_eq(m->snapshots[49 - 2].generation, 1);
	ck_assert_uint_eq(m->snapshots[49 - 1].generation, 2);
	tear_down(&b);
}
END_TEST

/* Days before the snapshot aren't read. Rule: W5 */
START_TEST(days_that_are_folded_already)
{
	cleanup_buffer struct buffer path = {0};
	struct bench b;

	set_up(&b);
	live(&b, time_at("22:00:00"), 4);
	day_path(&b.manifest->sources[0], &b.manifest->sources[0].days[0], &path);
	ck_assert_int_eq(unlinkat(b.scratch.store.fd, (char *)path.data, 0), 0);
	arrive_plain(&b, time_at("1d03:00:00"), "x", "n", 1000);
	(void)run(&b, "on time");
	tear_down(&b);
}
END_TEST

/* Where nothing may be written, nothing is: not even what is due. */
START_TEST(looking_on)
{
	size_t snapshots;
	struct bench b;
	struct replay r;
	struct error err = {0};
	struct partition *p;

	set_up(&b);
	live(&b, time_at("22:00:00"), 4);
	snapshots = b.manifest->snapshot_count;
	ck_assert_uint_gt(snapshots, 1);
	arrive_plain(&b, time_at("130d00:00:00"), "x", "n", 1000);
	r = replay_of(&b);
	r.take_snapshots = false;
	p = replay_partition(&r, b.oldest_new, &err);
	assert_state(p, &b, TIMESTAMP_LAST, "looked at");
	ck_assert_uint_eq(b.manifest->snapshot_count, snapshots);
	ck_assert(!b.manifest->based);
	partition_free(p);
	tear_down(&b);
}
END_TEST

/* Of several days that are too old the newest becomes the base, time and
 * again; and the damage of a later snapshot is none of the base's. Rule: W1 */
START_TEST(the_journal_ends_again)
{
	struct bench b;

	set_up(&b);
	for (unsigned i = 0; i < 7; i++)
		arrive_plain(&b, DAY_ZERO + DAYS(i), "x", "n", i);
	arrive_plain(&b, time_at("123d00:00:00"), "x", "n", 10);
	(void)run(&b, "first");
	ck_assert(b.manifest->based);
	ck_assert_int_eq(b.manifest->snapshots[0].boundary, time_at("3d00:00:00"));
	ck_assert_int_eq(b.manifest->snapshots[1].boundary, time_at("4d00:00:00"));
	ck_assert_int_eq(b.manifest->sources[0].days[0].date, 20585 + 3);
	arrive_plain(&b, time_at("125d00:00:00"), "x", "n", 11);
	(void)run(&b, "second");
	ck_assert_int_eq(b.manifest->snapshots[0].boundary, time_at("5d00:00:00"));
	ck_assert_int_eq(b.manifest->sources[0].days[0].date, 20585 + 5);
	damage_snapshot(&b, b.manifest->snapshot_count - 1);
	arrive_plain(&b, time_at("125d00:00:01"), "x", "n", 12);
	(void)run(&b, "damaged");
	check_rebuild(&b, "rebuilt");
	tear_down(&b);
}
END_TEST

/* Days more than 120 days old are dropped; their snapshot isn't. Rule: W1 C2 */
START_TEST(the_journal_ends)
{
	struct bench b;

	set_up(&b);
	live(&b, time_at("22:00:00"), 4);
	arrive_plain(&b, time_at("120d12:00:00"), "x", "n", 1000);
	(void)run(&b, "a day is old");
	/* The boundary of the day after is older than the newest less 120 days
	 * from 121d00:00:00 on. */
	ck_assert_int_eq(b.manifest->sources[0].days[0].date, 20585);
	arrive_plain(&b, time_at("121d01:00:00"), "x", "n", 1001);
	(void)run(&b, "older");
	ck_assert(b.manifest->based);
	ck_assert_int_eq(b.manifest->snapshots[0].boundary, time_at("1d00:00:00"));
	ck_assert_int_eq(b.manifest->sources[0].days[0].date, 20586);
	/* Not too late: exactly 120 days. */
	arrive_plain(&b, time_at("1d01:00:00"), "service_unhealthy", "old", 1002);
	ck_assert_uint_eq(run(&b, "just placed"), 1);
	ck_assert_int_eq(b.manifest->snapshots[0].boundary, time_at("1d00:00:00"));
	check_rebuild(&b, "rebuilt");
	tear_down(&b);
}
END_TEST

/* Rows of a name that the node no longer has don't count. Rule: I6 I4 */
START_TEST(rows_of_other_nodes)
{
	struct replay r;
	struct error err;
	struct partition *p;
	struct bench b;

	set_up(&b);
	arrive_plain(&b, time_at("12:00:00"), "x", "n", 1);
	arrive_plain(&b, time_at("12:00:01"), "x", "old", 2);
	(void)run(&b, "both names");
	b.manifest->name_count--;
	free(b.manifest->names[1]);
	r = replay_of(&b);
	p = replay_partition(&r, TIMESTAMP_NONE, &err);
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(p->accepted, 1);
	ck_assert_int_eq(p->last_seen, time_at("12:00:00"));
	ck_assert_int_eq(b.manifest->newest, time_at("12:00:00"));
	partition_free(p);
	tear_down(&b);
}
END_TEST

/* Without a snapshot the one before it does. Rule: C4 W3 */
START_TEST(damaged_snapshots_are_done_without)
{
	struct bench b;

	set_up(&b);
	live(&b, DAY_ZERO, 30);
	for (size_t i = b.manifest->snapshot_count; i > 20; i--)
		damage_snapshot(&b, i - 1);
	arrive_plain(&b, time_at("2d00:00:00"), "x", "n", 1000);
	(void)run(&b, "some damaged");
	for (size_t i = b.manifest->snapshot_count; i > 0; i--)
		damage_snapshot(&b, i - 1);
	arrive_plain(&b, time_at("2d00:00:01"), "x", "n", 1001);
	(void)run(&b, "all damaged");
	tear_down(&b);
}
END_TEST

/* And it is said which one is. Rule: W4 */
START_TEST(damaged_snapshots_are_told_of)
{
	int kept = dup(STDERR_FILENO);
	FILE *file = tmpfile();
	char said[512] = "";
	struct bench b;

	set_up(&b);
	live(&b, DAY_ZERO, 30);
	damage_snapshot(&b, b.manifest->snapshot_count - 1);
	arrive_plain(&b, time_at("2d00:00:00"), "x", "n", 1000);
	message_set_level(MESSAGE_WARNING);
	(void)fflush(stderr);
	(void)dup2(fileno(file), STDERR_FILENO);
	(void)run(&b, "one damaged");
	(void)dup2(kept, STDERR_FILENO);
	(void)close(kept);
	rewind(file);
	(void)fread(said, 1, sizeof(said) - 1, file);
	(void)fclose(file);
	ck_assert_msg(
	    strstr(said, "damaged") != NULL && strstr(said, "partitions/n") != NULL, "%s", said);
	tear_down(&b);
}
END_TEST

static ssize_t
read_nothing(int fd, void *data, size_t length, off_t at)
{
	(void)fd;
	(void)data;
	(void)length;
	(void)at;
	errno = EIO;
	return -1;
}

/* A snapshot that can't be read just now isn't damaged, and not given up. Rule: W3 */
START_TEST(snapshots_out_of_reach_are_kept)
{
	struct error err = {0};
	struct replay r;
	struct bench b;
	size_t count;

	set_up(&b);
	live(&b, DAY_ZERO, 30);
	count = b.manifest->snapshot_count;
	r = replay_of(&b);
	disk.read = read_nothing;
	ck_assert_ptr_null(replay_partition(&r, TIMESTAMP_LAST, &err));
	disk.read = pread;
	ck_assert_int_eq(err.status, EX_IOERR);
	ck_assert_uint_eq(b.manifest->snapshot_count, count);
	check_rebuild(&b, "readable again");
	tear_down(&b);
}
END_TEST

static void
assert_damaged(struct bench *b)
{
	struct replay r = replay_of(b);
	struct error err = {0};

	ck_assert_ptr_null(replay_partition(&r, TIMESTAMP_NONE, &err));
	ck_assert_int_eq(err.status, EX_DATAERR);
	ck_assert_int_ne(err.text[0], '\0');
}

/* What is nowhere else is missed aloud. Rule: C4 */
START_TEST(a_damaged_base)
{
	struct bench b;

	set_up(&b);
	live(&b, time_at("22:00:00"), 4);
	arrive_plain(&b, time_at("130d00:00:00"), "x", "n", 1000);
	(void)run(&b, "based");
	ck_assert(b.manifest->based);
	damage_snapshot(&b, 0);
	assert_damaged(&b);
	tear_down(&b);
}
END_TEST

/* Not a frame; or a frame, but not of a row. */
static void
add_noise(struct day *d, bool framed)
{
	size_t frame = framed ? frame_begin(&d->pending) : 0;

	buffer_add(&d->pending, "noise, noise", 7);
	if (framed)
		frame_end(&d->pending, frame);
}

/* Rule: C4 */
START_TEST(damaged_days_are_not_folded)
{
	cleanup_buffer struct buffer path = {0};
	struct bench b;
	struct day *d;

	set_up(&b);
	live(&b, time_at("22:00:00"), 4);
	d = &b.manifest->sources[0].days[_i % 2];
	day_path(&b.manifest->sources[0], d, &path);
	switch (_i / 2) {
	case 0:
		damage(&b, (char *)path.data);
		break;
	case 1:
		d->rows++;
		break;
	case 2:
		d->rows--;
		break;
	case 3:
	case 4:
		add_noise(d, _i / 2 == 4);
		break;
	default:
		ck_assert_int_eq(unlinkat(b.scratch.store.fd, (char *)path.data, 0), 0);
		break;
	}
	assert_damaged(&b);
	tear_down(&b);
}
END_TEST

Suite *
replay_suite(void)
{
	Suite *suite = suite_create("replay");
	TCase *tc = tcase_create("replay");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, any_order_of_arrival, 0, 12);
	tcase_add_test(tc, late_events);
	tcase_add_test(tc, snapshots_of_a_steady_node);
	tcase_add_test(tc, snapshots_of_a_rebuild);
	tcase_add_test(tc, days_that_are_folded_already);
	tcase_add_test(tc, looking_on);
	tcase_add_test(tc, the_journal_ends);
	tcase_add_test(tc, the_journal_ends_again);
	tcase_add_test(tc, rows_of_other_nodes);
	tcase_add_test(tc, damaged_snapshots_are_done_without);
	tcase_add_test(tc, damaged_snapshots_are_told_of);
	tcase_add_test(tc, snapshots_out_of_reach_are_kept);
	tcase_add_test(tc, a_damaged_base);
	tcase_add_loop_test(tc, damaged_days_are_not_folded, 0, 12);
	suite_add_tcase(suite, tc);
	return suite;
}
