#include "support.h"

#include <homelab/message.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* A row of source "n" dated `at`, into what is pending of its day. */
static void
add_row(struct source *s, timestamp at, const char *name, uint64_t generation, int32_t closed)
{
	struct day *d = source_day(s, generation, date_of(at));
	struct place place = {.path = name};
	struct event e;

	d->compressed |= d->date < closed;
	plain_event(at, "service_healthy", &e);
	e.services[e.service_count++] = name;
	row_pack(&d->pending, &e, &place);
	d->rows++;
}

/* "1 2 3": the names of the rows of a day, or why there are none. */
static const char *
day_text(const struct store *store, const struct source *s, const struct day *d)
{
	static char text[4096];
	cleanup_buffer struct buffer bytes = {0};
	struct unpack in, frame;
	struct error err = {0};
	size_t used = 0;
	struct row row;
	int more;

	text[0] = '\0';
	if (day_load(store, s, d, &bytes, &err) < 0) {
		ck_assert_int_eq(err.status, EX_DATAERR);
		return "unsound";
	}
	in = (struct unpack){bytes.data, bytes.data + bytes.length, false};
	while ((more = frame_next(&in, &frame)) > 0) {
		struct event e;

		if (!row_peek(frame, &row) || !row_unpack(&row, &e))
			return "unsound";
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
		    used == 0 ? "" : " ", row_place(&row).path);
	}
	return more < 0 ? "unsound" : text;
}

static void
flush(struct store *store, struct source *s, struct day *d)
{
	struct error err = {0};

	ck_assert_msg(day_flush(store, s, d, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(d->pending.length, 0);
}

static void
read_file(const struct store *store, const char *path, struct buffer *out)
{
	struct error err;

	out->length = 0;
	ck_assert_msg(disk_read(store->fd, path, 1 << 24, out, &err) == 0, "%s", err.text);
}

static void
write_file(const struct store *store, const char *path, const void *data, size_t length)
{
	int fd = openat(store->fd, path, O_WRONLY | O_CREAT, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, length), (ssize_t)length);
	ck_assert_int_eq(ftruncate(fd, (off_t)length), 0);
	(void)close(fd);
}

struct bench {
	struct scratch scratch;
	struct store *store;
	struct manifest *manifest;
	struct source *source;
	timestamp now; /* of flushing decisions */
};

static void
set_up(struct bench *b)
{
	b->now = 0;
	scratch_make(&b->scratch);
	b->store = &b->scratch.store;
	b->manifest = manifest_new("n");
	b->source = manifest_add_source(b->manifest, "n");
}

static void
tear_down(struct bench *b)
{
	manifest_free(b->manifest);
	scratch_remove(&b->scratch);
}

/* Rule: C2 W3 */
START_TEST(days_are_appended_to)
{
	bool compressed = _i == 1;
	int32_t closed = compressed ? INT32_MAX : 0;
	cleanup_buffer struct buffer path = {0};
	struct bench b;
	struct day *d;

	set_up(&b);
	add_row(b.source, time_at("00:00:01"), "1", 7, closed);
	d = &b.source->days[0];
	ck_assert_int_eq(d->compressed, compressed);
	ck_assert_str_eq(day_text(b.store, b.source, d), "1");
	flush(b.store, b.source, d);
	ck_assert_str_eq(day_text(b.store, b.source, d), "1");
	add_row(b.source, time_at("00:00:00"), "2", 8, closed);
	ck_assert_str_eq(day_text(b.store, b.source, d), "1 2");
	add_row(b.source, time_at("00:00:02"), "3", 8, closed);
	flush(b.store, b.source, d);
	flush(b.store, b.source, d);
	for (int i = 4; i < 8; i++) {
		add_row(b.source, time_at("00:00:02"), i % 2 ? "odd" : "even", 9, closed);
		flush(b.store, b.source, d);
	}
	ck_assert_str_eq(day_text(b.store, b.source, d), "1 2 3 even odd even odd");
	ck_assert_uint_eq(b.source->day_count, 1);
	ck_assert_uint_eq(d->generation, 7);
	day_path(b.source, d, &path);
	ck_assert_str_eq(
	    (char *)path.data, compressed ? "journal/n/2026-05-12.7.gz" : "journal/n/2026-05-12.7");
	tear_down(&b);
}
END_TEST

/* What a killed run left behind the committed length isn't there. Rule: W3 */
START_TEST(days_end_where_the_manifest_says)
{
	int32_t closed = _i == 1 ? INT32_MAX : 0;
	cleanup_buffer struct buffer path = {0};
	struct bench b;
	struct day *d;
	uint64_t committed;

	set_up(&b);
	add_row(b.source, time_at("00:00:01"), "1", 1, closed);
	d = &b.source->days[0];
	flush(b.store, b.source, d);
	committed = d->length;
	add_row(b.source, time_at("00:00:01"), "lost", 1, closed);
	flush(b.store, b.source, d);
	d->length = committed;
	ck_assert_str_eq(day_text(b.store, b.source, d), "1");
	add_row(b.source, time_at("00:00:01"), "2", 1, closed);
	flush(b.store, b.source, d);
	ck_assert_str_eq(day_text(b.store, b.source, d), "1 2");
	d->length++;
	ck_assert_str_eq(day_text(b.store, b.source, d), "unsound");
	day_path(b.source, d, &path);
	ck_assert_int_eq(unlinkat(b.store->fd, (char *)path.data, 0), 0);
	ck_assert_str_eq(day_text(b.store, b.source, d), "unsound");
	tear_down(&b);
}
END_TEST

/* Rule: W3 C2 */
START_TEST(days_are_compressed_beside_themselves)
{
	cleanup_buffer struct buffer before = {0}, after = {0};
	struct error err = {0};
	struct bench b;
	struct day *d;

	set_up(&b);
	add_row(b.source, time_at("00:00:01"), "1", 3, 0);
	d = &b.source->days[0];
	flush(b.store, b.source, d);
	add_row(b.source, time_at("00:00:01"), "2", 3, 0);
	read_file(b.store, "journal/n/2026-05-12.3", &before);
	b.store->generation = 4;
	ck_assert_msg(day_compress(b.store, b.source, d, &err) == 0, "%s", err.text);
	ck_assert(d->compressed);
	ck_assert_uint_eq(d->generation, 4);
	ck_assert_uint_eq(d->rows, 2);
	ck_assert_str_eq(day_text(b.store, b.source, d), "1 2");
	add_row(b.source, time_at("00:00:01"), "3", 5, INT32_MAX);
	flush(b.store, b.source, d);
	ck_assert_str_eq(day_text(b.store, b.source, d), "1 2 3");
	/* What is committed is never overwritten. */
	read_file(b.store, "journal/n/2026-05-12.3", &after);
	assert_same_bytes(&before, &after, "the plain day");
	tear_down(&b);
}
END_TEST

/* Rule: W2 */
START_TEST(days_of_a_source)
{
	static const int32_t dates[] = {20585, 20590, 20580, 20585, 0, 20587, 20590, 30000};
	static const int32_t sorted[] = {0, 20580, 20585, 20587, 20590, 30000};
	struct bench b;

	set_up(&b);
	for (size_t i = 0; i < COUNT(dates); i++) {
		struct day *d = source_day(b.source, i + 1, dates[i]);

		ck_assert_int_eq(d->date, dates[i]);
		ck_assert(!d->compressed);
	}
	ck_assert_uint_eq(b.source->day_count, COUNT(sorted));
	for (size_t i = 0; i < COUNT(sorted); i++)
		ck_assert_int_eq(b.source->days[i].date, sorted[i]);
	ck_assert_uint_eq(b.source->days[2].generation, 1);
	tear_down(&b);
}
END_TEST

/* Damage to any byte of a day's file is found, or means nothing. Rule: C4 */
START_TEST(damaged_days)
{
	struct error err = {0};
	cleanup_buffer struct buffer path = {0}, bytes = {0};
	int32_t closed = _i == 1 ? INT32_MAX : 0;
	struct bench b;
	struct day *d;
	int same = 0;

	set_up(&b);
	for (int i = 0; i < 3; i++) {
		add_row(b.source, time_at("00:00:01"), "one", 1, closed);
		add_row(b.source, time_at("00:00:02"), "two", 1, closed);
		d = &b.source->days[0];
		flush(b.store, b.source, d);
	}
	d = &b.source->days[0];
	day_path(b.source, d, &path);
	read_file(b.store, (char *)path.data, &bytes);
	ck_assert_uint_eq(bytes.length, d->length);
	for (size_t at = 0; at < bytes.length; at++)
		for (int bit = 0; bit < 8; bit++) {
			cleanup_buffer struct buffer mended = {0};
			const char *text;

			bytes.data[at] ^= (unsigned char)(1 << bit);
			write_file(b.store, (char *)path.data, bytes.data, bytes.length);
			bytes.data[at] ^= (unsigned char)(1 << bit);
			text = day_text(b.store, b.source, d);
			if (strcmp(text, "unsound") != 0 &&
			    strcmp(text, "one two one two one two") != 0)
				ck_abort_msg("bit %d of byte %zu: %s", bit, at, text);
			same += text[0] == 'o';
			ck_assert_int_eq(day_salvage(b.store, b.source, d, &mended, &err), 0);
		}
	/* Where it means nothing: time, level and system of a gzip member. */
	ck_assert_int_le(same, _i == 1 ? 3 * 8 * 10 : 0);
	for (size_t length = 0; length < bytes.length; length++) {
		write_file(b.store, (char *)path.data, bytes.data, length);
		ck_assert_str_eq(day_text(b.store, b.source, d), "unsound");
	}
	tear_down(&b);
}
END_TEST

/* What is sound before the damage can be had. Rule: C4 */
START_TEST(days_are_salvaged)
{
	struct error err = {0};
	cleanup_buffer struct buffer path = {0}, bytes = {0}, mended = {0};
	int32_t closed = _i == 1 ? INT32_MAX : 0;
	struct unpack in, frame;
	struct bench b;
	struct day *d;

	set_up(&b);
	add_row(b.source, time_at("00:00:01"), "one", 1, closed);
	d = &b.source->days[0];
	flush(b.store, b.source, d);
	add_row(b.source, time_at("00:00:02"), "two", 1, closed);
	flush(b.store, b.source, d);
	day_path(b.source, d, &path);
	read_file(b.store, (char *)path.data, &bytes);
	write_file(b.store, (char *)path.data, bytes.data, bytes.length - 3);
	ck_assert_int_eq(day_salvage(b.store, b.source, d, &mended, &err), 0);
	in = (struct unpack){mended.data, mended.data + mended.length, false};
	ck_assert_int_eq(frame_next(&in, &frame), 1);
	tear_down(&b);
}
END_TEST

/* The key and verdict of what was decided, or "-". */
static void
assert_decision(
    const struct decisions *d, const char *key, enum verdict verdict, uint64_t size, timestamp time)
{
	const struct decision *item = decisions_find(d, key);

	ck_assert_msg((item == NULL) == (verdict == VERDICT_NONE), "%s", key);
	if (item == NULL)
		return;
	ck_assert_str_eq(item->key, key);
	ck_assert_msg(item->verdict == verdict, "%s: %d", key, (int)item->verdict);
	ck_assert(item->size == size);
	ck_assert_int_eq(item->time, time);
}

static void
reload(struct bench *b, struct directory *dir, struct decisions *d)
{
	struct error err = {0};

	ck_assert_msg(
	    decisions_flush(b->store, b->source, dir, d, b->now, &err) == 0, "%s", err.text);
	decisions_release(d);
	ck_assert_msg(decisions_load(b->store, b->source, dir, d, &err) == 0, "%s", err.text);
}

/* Rule: E6 W2 */
START_TEST(the_latest_verdict_holds)
{
	struct decisions d = {0};
	struct directory *dir;
	struct bench b;

	set_up(&b);
	dir = source_add_directory(b.source, 20585);
	b.store->generation = 5;
	reload(&b, dir, &d);
	ck_assert_uint_eq(dir->decisions_length, 0);
	assert_decision(&d, "a", VERDICT_NONE, 0, 0);
	decisions_set(&d, "a", VERDICT_REJECTED, 17, time_at("12:00:00"));
	decisions_set(&d, "b", VERDICT_HELD, 0, time_at("1d00:00:00"));
	decisions_set(&d, "l/0", VERDICT_EVENT, 0, 0);
	assert_decision(&d, "a", VERDICT_REJECTED, 17, time_at("12:00:00"));
	reload(&b, dir, &d);
	assert_decision(&d, "a", VERDICT_REJECTED, 17, time_at("12:00:00"));
	assert_decision(&d, "b", VERDICT_HELD, 0, time_at("1d00:00:00"));
	decisions_set(&d, "a", VERDICT_EVENT, 0, 0);
	decisions_set(&d, "c", VERDICT_READ, UINT64_MAX, TIMESTAMP_NONE);
	decisions_set(&d, "c", VERDICT_SHRUNK, 1, TIMESTAMP_LAST);
	b.store->generation = 6;
	reload(&b, dir, &d);
	reload(&b, dir, &d);
	assert_decision(&d, "a", VERDICT_EVENT, 0, 0);
	assert_decision(&d, "b", VERDICT_HELD, 0, time_at("1d00:00:00"));
	assert_decision(&d, "c", VERDICT_SHRUNK, 1, TIMESTAMP_LAST);
	assert_decision(&d, "l/0", VERDICT_EVENT, 0, 0);
	assert_decision(&d, "l/", VERDICT_NONE, 0, 0);
	assert_decision(&d, "", VERDICT_NONE, 0, 0);
	ck_assert_uint_eq(dir->decisions_generation, 5);
	decisions_release(&d);
	tear_down(&b);
}
END_TEST

/* Each verdict is as old as the latest word on its key. Rule: C2 */
START_TEST(verdicts_have_the_time_they_were_written)
{
	struct decisions d = {0};
	struct directory *dir;
	struct bench b;

	set_up(&b);
	dir = source_add_directory(b.source, 20585);
	decisions_set(&d, "a", VERDICT_EVENT, 0, 0);
	decisions_set(&d, "l", VERDICT_READ, 10, 0);
	b.now = time_at("12:00:00");
	reload(&b, dir, &d);
	decisions_set(&d, "b", VERDICT_REJECTED, 1, 1);
	decisions_set(&d, "l", VERDICT_READ, 10, 0);
	b.now = time_at("12:00:00") - DAYS(1); /* a clock may be set back */
	reload(&b, dir, &d);
	b.now = time_at("15:00:00");
	reload(&b, dir, &d); /* nothing was decided */
	ck_assert_int_eq(decisions_find(&d, "a")->decided, time_at("12:00:00"));
	ck_assert_int_eq(decisions_find(&d, "b")->decided, time_at("12:00:00") - DAYS(1));
	ck_assert_int_eq(decisions_find(&d, "l")->decided, time_at("12:00:00") - DAYS(1));
	decisions_release(&d);
	tear_down(&b);
}
END_TEST

/* Rule: E6 */
START_TEST(many_decisions)
{
	enum { MANY = 20000 };
	struct decisions d = {0};
	struct directory *dir;
	struct bench b;
	char key[32];

	set_up(&b);
	dir = source_add_directory(b.source, NO_DATE);
	for (int round = 0; round < 3; round++) {
		for (int i = round; i < MANY; i += round + 1) {
			(void)snprintf(key, sizeof(key), "event-%d.json", i);
			decisions_set(
			    &d, key, (enum verdict)(VERDICT_EVENT + round), (uint64_t)i, round);
		}
		reload(&b, dir, &d);
	}
	ck_assert_uint_eq(d.count, MANY);
	for (int i = 0; i < MANY; i++) {
		int round = i >= 2 && (i - 2) % 3 == 0 ? 2 : i % 2 == 1 ? 1 : 0;
		const struct decision *item;

		(void)snprintf(key, sizeof(key), "event-%d.json", i);
		item = decisions_find(&d, key);
		if (item == NULL || (int)item->verdict != VERDICT_EVENT + round ||
		    item->size != (uint64_t)i || item->time != round)
			ck_abort_msg("%s", key);
	}
	decisions_release(&d);
	tear_down(&b);
}
END_TEST

/* Nothing of a run that wasn't committed is there; damage is found. Rule: W3 C4 */
START_TEST(damaged_decisions)
{
	cleanup_buffer struct buffer path = {0}, bytes = {0};
	struct decisions d = {0};
	struct directory *dir;
	struct error err = {0};
	struct bench b;
	uint64_t committed;

	set_up(&b);
	dir = source_add_directory(b.source, 20585);
	decisions_set(&d, "a", VERDICT_REJECTED, 17, 5);
	decisions_set(&d, "b", VERDICT_EVENT, 0, 0);
	reload(&b, dir, &d);
	committed = dir->decisions_length;
	decisions_set(&d, "a", VERDICT_EVENT, 0, 0);
	reload(&b, dir, &d);
	dir->decisions_length = committed;
	decisions_set(&d, "z", VERDICT_EVENT, 0, 0);
	d.pending.length = 0;
	reload(&b, dir, &d);
	assert_decision(&d, "a", VERDICT_REJECTED, 17, 5);
	assert_decision(&d, "z", VERDICT_NONE, 0, 0);
	decisions_path(b.source, dir, &path);
	read_file(b.store, (char *)path.data, &bytes);
	for (size_t at = 0; at < committed; at++)
		for (int bit = 0; bit < 8; bit++) {
			bytes.data[at] ^= (unsigned char)(1 << bit);
			write_file(b.store, (char *)path.data, bytes.data, bytes.length);
			bytes.data[at] ^= (unsigned char)(1 << bit);
			decisions_release(&d);
			if (decisions_load(b.store, b.source, dir, &d, &err) == 0 ||
			    err.status != EX_DATAERR)
				ck_abort_msg("bit %d of byte %zu", bit, at);
		}
	for (size_t length = 0; length < committed; length++) {
		write_file(b.store, (char *)path.data, bytes.data, length);
		decisions_release(&d);
		ck_assert_int_lt(decisions_load(b.store, b.source, dir, &d, &err), 0);
		ck_assert_int_eq(err.status, EX_DATAERR);
	}
	decisions_release(&d);
	tear_down(&b);
}
END_TEST

static struct partition *
some_state(int seed)
{
	struct partition *p = partition_new("n");
	struct dice d = dice_of(seed);
	timestamp at = DAY_ZERO;
	struct event e;

	for (int i = 0; i < 60; i++) {
		random_event(&d, at += (timestamp)roll(&d, MINUTES(20)), &e);
		partition_fold(p, &e);
	}
	return p;
}

/* Rule: C4 W1 */
START_TEST(damaged_snapshots)
{
	struct snapshot s = {.boundary = time_at("1d03:00:00"), .generation = 9};
	cleanup_buffer struct buffer path = {0}, bytes = {0}, one = {0}, other = {0};
	struct partition *p = some_state(1), *back;
	struct error err = {0};
	struct bench b;

	set_up(&b);
	snapshot_path("n", &s, &path);
	ck_assert_str_eq((char *)path.data, "partitions/n/2026-05-13T03.9");
	ck_assert_int_eq(snapshot_write(b.store, p, &s, &err), 0);
	back = snapshot_load(b.store, "n", &s, &err);
	ck_assert_ptr_nonnull(back);
	partition_pack(p, &one);
	partition_pack(back, &other);
	assert_same_bytes(&one, &other, "snapshot");
	partition_free(back);
	read_file(b.store, (char *)path.data, &bytes);
	for (size_t at = 0; at < bytes.length; at++) {
		int bit = (int)(at % 8);

		bytes.data[at] ^= (unsigned char)(1 << bit);
		write_file(b.store, (char *)path.data, bytes.data, bytes.length);
		bytes.data[at] ^= (unsigned char)(1 << bit);
		if ((back = snapshot_load(b.store, "n", &s, &err)) != NULL ||
		    err.status != EX_DATAERR)
			ck_abort_msg("bit %d of byte %zu", bit, at);
		write_file(b.store, (char *)path.data, bytes.data, at);
		if ((back = snapshot_load(b.store, "n", &s, &err)) != NULL ||
		    err.status != EX_DATAERR)
			ck_abort_msg("%zu bytes", at);
	}
	ck_assert_int_eq(unlinkat(b.store->fd, (char *)path.data, 0), 0);
	ck_assert_ptr_null(snapshot_load(b.store, "n", &s, &err));
	ck_assert_int_eq(err.status, EX_DATAERR);
	partition_free(p);
	tear_down(&b);
}
END_TEST

/* Nothing is written by --dry-run and --verify. */
START_TEST(a_store_that_is_only_read)
{
	struct snapshot s = {.boundary = time_at("03:00:00"), .generation = 9};
	cleanup_buffer struct buffer path = {0};
	struct partition *p = some_state(2);
	struct decisions d = {0};
	struct directory *dir;
	struct error err;
	struct bench b;

	set_up(&b);
	b.store->read_only = true;
	dir = source_add_directory(b.source, 20585);
	decisions_set(&d, "a", VERDICT_EVENT, 0, 0);
	ck_assert_int_eq(decisions_flush(b.store, b.source, dir, &d, 1, &err), 0);
	ck_assert_int_eq(snapshot_write(b.store, p, &s, &err), 0);
	snapshot_path("n", &s, &path);
	ck_assert_int_eq(faccessat(b.store->fd, (char *)path.data, F_OK, 0), -1);
	decisions_path(b.source, dir, &path);
	ck_assert_int_eq(faccessat(b.store->fd, (char *)path.data, F_OK, 0), -1);
	decisions_release(&d);
	partition_free(p);
	tear_down(&b);
}
END_TEST

static struct identity
identity(uint64_t n)
{
	return (struct identity){n, n + 1, n + 2, DAY_ZERO + (timestamp)n, -(timestamp)n};
}

/* A manifest with something in every field. */
static struct manifest *
some_manifest(void)
{
	static const int32_t dates[] = {20586, NO_DATE, 20585};
	struct manifest *m = manifest_new("n");

	m->names = memory_resize(NULL, 2, sizeof(*m->names));
	m->names[m->name_count++] = text_copy("n");
	m->names[m->name_count++] = text_copy("old");
	m->newest = time_at("2d00:00:00.000000001");
	m->based = m->anew = true;
	(void)manifest_add_source(m, "old");
	(void)manifest_add_source(m, "n");
	for (size_t i = 0; i < COUNT(dates); i++) {
		struct directory *d = source_add_directory(manifest_source(m, "n"), dates[i]);

		d->exists = i != 0;
		d->pending = i != 1;
		d->complete = i == 2;
		d->identity = identity(100 + i);
		d->listed = DAY_ZERO;
		d->decisions_generation = 3;
		d->decisions_length = 40 * i;
		d->newest = i == 0 ? TIMESTAMP_NONE : DAY_ZERO;
		d->held = 2 + i;
		d->held_until = TIMESTAMP_LAST;
		d->top = i == 1 ? NULL : text_copy("top.json");
		ARRAY_GROW(d->watched, d->watched_count, d->watched_room);
		d->watched[d->watched_count++] =
		    (struct watched){text_copy("w.jsonl"), identity(200 + i)};
	}
	source_day(manifest_source(m, "old"), 4, 20585)->rows = 7;
	*source_day(manifest_source(m, "n"), 5, 20584) =
	    (struct day){.date = 20584, .generation = 5, .length = 99, .compressed = true};
	m->snapshots = memory_alloc(2 * sizeof(*m->snapshots));
	m->snapshots[m->snapshot_count++] =
	    (struct snapshot){.boundary = time_at("01:00:00"), .generation = 3};
	m->snapshots[m->snapshot_count++] =
	    (struct snapshot){.boundary = time_at("1d00:00:00"), .generation = 4, .daily = true};
	m->snapshot_room = 2;
	return m;
}

/* Rule: C1 W1 */
START_TEST(manifests_there_and_back)
{
	cleanup_buffer struct buffer one = {0}, other = {0};
	struct manifest *m = some_manifest(), *back;
	const struct directory *d;
	const struct source *s;

	manifest_pack(m, &one);
	back = manifest_unpack(one.data, one.length);
	ck_assert_ptr_nonnull(back);
	manifest_pack(back, &other);
	assert_same_bytes(&one, &other, "manifest");
	ck_assert_str_eq(back->node, "n");
	ck_assert_str_eq(back->names[1], "old");
	ck_assert_int_eq(back->newest, time_at("2d00:00:00.000000001"));
	ck_assert(back->based && back->anew);
	s = manifest_source(back, "n");
	d = &s->directories[2];
	ck_assert_int_eq(d->date, NO_DATE);
	ck_assert(d->exists && !d->pending && !d->complete);
	ck_assert(d->identity.device == 101 && d->identity.inode == 102 && d->identity.size == 103);
	ck_assert(d->identity.ctime == DAY_ZERO + 101 && d->identity.mtime == -101);
	ck_assert(d->listed == DAY_ZERO && d->newest == DAY_ZERO);
	ck_assert(d->decisions_generation == 3 && d->decisions_length == 40);
	ck_assert(d->held == 3 && d->held_until == TIMESTAMP_LAST && d->top == NULL);
	ck_assert_str_eq(d->watched[0].name, "w.jsonl");
	ck_assert(d->watched[0].identity.device == 201);
	ck_assert_str_eq(s->directories[0].top, "top.json");
	ck_assert(s->directories[1].newest == TIMESTAMP_NONE && !s->directories[1].exists);
	ck_assert(s->days[0].compressed && s->days[0].length == 99 && s->days[0].generation == 5);
	s = manifest_source(back, "old");
	ck_assert(s->days[0].rows == 7 && s->days[0].old_rows == 7 && !s->days[0].compressed);
	ck_assert(back->snapshots[0].boundary == time_at("01:00:00") && !back->snapshots[0].daily);
	ck_assert(back->snapshots[1].generation == 4 && back->snapshots[1].daily);
	ck_assert_uint_eq(manifest_held(back), 2 + 3 + 4);
	ck_assert_ptr_null(manifest_source(back, "none"));
	manifest_free(m);
	manifest_free(back);
}
END_TEST

/* The names of sources stand in their order, each once. Rule: C1 */
START_TEST(manifests_of_names_out_of_order)
{
	static const struct {
		const char *names[2];
		bool good;
	} cases[] = {{{"n", "old"}, true}, {{"old", "n"}, false}, {{"n", "n"}, false}};
	cleanup_buffer struct buffer bytes = {0};
	struct manifest *m = some_manifest(), *back;

	for (size_t i = 0; i < 2; i++) {
		free(m->sources[i].name);
		m->sources[i].name = text_copy(cases[_i].names[i]);
	}
	manifest_pack(m, &bytes);
	back = manifest_unpack(bytes.data, bytes.length);
	ck_assert_int_eq(back != NULL, cases[_i].good);
	manifest_free(back);
	manifest_free(m);
}
END_TEST

/* Rule: C4 */
START_TEST(damaged_manifests)
{
	cleanup_buffer struct buffer bytes = {0};
	struct manifest *m = some_manifest(), *back;

	manifest_pack(m, &bytes);
	for (size_t at = 0; at < bytes.length; at++)
		for (int value = 1; value < 256; value++) {
			bytes.data[at] ^= (unsigned char)value;
			back = manifest_unpack(bytes.data, bytes.length);
			bytes.data[at] ^= (unsigned char)value;
			if (back != NULL)
				ck_abort_msg("byte %zu by %d", at, value);
		}
	for (size_t length = 0; length < bytes.length; length++) {
		cleanup_free unsigned char *torn = memory_resize(NULL, length, 1);

		memcpy(torn, bytes.data, length);
		ck_assert_ptr_null(manifest_unpack(torn, length));
	}
	manifest_free(m);
}
END_TEST

/* The same with a frame that is sound around what isn't. Rule: C4 */
START_TEST(hostile_manifests)
{
	cleanup_buffer struct buffer bytes = {0};
	struct manifest *m = some_manifest(), *back;
	size_t payload = 8 + FRAME_HEADER;

	manifest_pack(m, &bytes);
	for (size_t at = payload; at < bytes.length; at++)
		for (int value = 1; value < 256; value += 2) {
			bytes.data[at] ^= (unsigned char)value;
			frame_end(&bytes, payload);
			if ((back = manifest_unpack(bytes.data, bytes.length)) != NULL)
				manifest_free(back);
			bytes.data[at] ^= (unsigned char)value;
		}
	for (; bytes.length > payload; bytes.length--) {
		frame_end(&bytes, payload);
		back = manifest_unpack(bytes.data, bytes.length);
		ck_assert(back == NULL || back->snapshot_count == m->snapshot_count);
		manifest_free(back);
	}
	manifest_free(m);
}
END_TEST

/* Rule: C1 */
START_TEST(files_of_a_manifest)
{
	static const char *const expected[] = {"journal/n/2026-05-11.5.gz",
	    "journal/old/2026-05-12.4", "journal/n/decided-undated.3",
	    "journal/n/decided-2026-05-12.3", "partitions/n/2026-05-12T01.3",
	    "partitions/n/2026-05-13T00.4"};
	struct manifest *m = some_manifest();
	json_auto_t *set = json_object();

	manifest_files(m, set);
	ck_assert_uint_eq(json_object_size(set), COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++)
		ck_assert_msg(json_object_get(set, expected[i]) != NULL, "%s", expected[i]);
	manifest_free(m);
}
END_TEST

/* Where a directory's files begin: with a slash behind its path. */
static const char *
files_path(const struct source *s, const struct directory *d, struct buffer *out)
{
	directory_path(s, d, out);
	buffer_text(out, "/");
	return buffer_string(out);
}

/* Directories lie in the order of their files' paths: a node's name may be
 * before, between or after the dates. Rule: C1 */
START_TEST(directories_in_the_order_of_their_paths)
{
	static const char *const nodes[] = {
	    "piha", "0", "2026-05-12b", "2026-05-12-b", "2026-05-12.b", "Z"};
	static const int32_t dates[] = {20586, 20585, NO_DATE, 0, 20590};
	const char *name = nodes[_i];
	struct manifest *m = manifest_new("n");
	cleanup_buffer struct buffer before = {0}, path = {0};
	struct source *s = manifest_add_source(m, name);

	for (size_t i = 0; i < COUNT(dates); i++)
		ck_assert_int_eq(source_add_directory(s, dates[i])->date, dates[i]);
	for (size_t i = 0; i < s->directory_count; i++) {
		if (i > 0)
			ck_assert_str_lt(files_path(s, &s->directories[i - 1], &before),
			    files_path(s, &s->directories[i], &path));
	}
	for (size_t i = 0; i < COUNT(dates); i++)
		ck_assert_int_eq(source_directory(s, dates[i])->date, dates[i]);
	ck_assert_ptr_null(source_directory(s, 1));
	directory_path(s, source_directory(s, 20585), &path);
	ck_assert_str_eq((char *)path.data + 11, name);
	ck_assert_mem_eq(path.data, "2026-05-12/", 11);
	directory_path(s, source_directory(s, NO_DATE), &path);
	ck_assert_str_eq((char *)path.data, name);
	manifest_free(m);
}
END_TEST

/* Without a checkpoint: the newest sound manifest, and days as their files tell.
 * Rule: C4 W3 */
START_TEST(what_files_alone_tell)
{
	struct error err = {0};
	cleanup_buffer struct buffer bytes = {0};
	struct manifest *m = some_manifest(), *found;
	struct source *s;
	struct bench b;

	set_up(&b);
	ck_assert_int_eq(manifest_find_latest(b.store, "n", &found, &err), 0);
	ck_assert_ptr_null(found);
	ck_assert_int_eq(manifest_find_latest(b.store, "unknown", &found, &err), 0);
	ck_assert_ptr_null(found);
	for (int newest = 1; newest <= 3; newest++) {
		m->newest = newest;
		bytes.length = 0;
		manifest_pack(m, &bytes);
		if (newest == 3)
			bytes.length--;
		write_file(b.store,
		    newest == 1     ? "partitions/n/manifest.9" :
			newest == 2 ? "partitions/n/manifest.10" :
				      "partitions/n/manifest.11",
		    bytes.data, bytes.length);
	}
	write_file(b.store, "partitions/n/manifest.12x", bytes.data, bytes.length);
	ck_assert_int_eq(manifest_find_latest(b.store, "n", &found, &err), 0);
	ck_assert_ptr_nonnull(found);
	ck_assert_int_eq(found->newest, 2);
	manifest_free(found);
	add_row(b.source, time_at("00:00:01"), "1", 3, 0);
	add_row(b.source, time_at("1d00:00:01"), "2", 3, INT32_MAX);
	flush(b.store, b.source, &b.source->days[0]);
	flush(b.store, b.source, &b.source->days[1]);
	write_file(b.store, "journal/n/2026-05-14.3.gz2", "x", 1);
	write_file(b.store, "journal/n/2026-13-14.3", "x", 1);
	write_file(b.store, "journal/n/decided-2026-05-12.3", "x", 1);
	manifest_free(m);
	m = manifest_new("n");
	ck_assert_int_eq(source_from_files(b.store, m, "n", &err), 1);
	ck_assert_int_eq(source_from_files(b.store, m, "old", &err), 0);
	s = manifest_source(m, "n");
	ck_assert_uint_eq(s->day_count, 2);
	for (size_t i = 0; i < 2; i++)
		ck_assert_str_eq(
		    day_text(b.store, s, &s->days[i]), s->days[i].date == 20585 ? "1" : "2");
	manifest_free(m);
	tear_down(&b);
}
END_TEST

Suite *
journal_suite(void)
{
	Suite *suite = suite_create("journal");
	TCase *days = tcase_create("days"), *decisions = tcase_create("decisions");
	TCase *files = tcase_create("files");

	tcase_set_timeout(days, 60);
	tcase_set_timeout(files, 60);
	tcase_add_loop_test(days, days_are_appended_to, 0, 2);
	tcase_add_loop_test(days, days_end_where_the_manifest_says, 0, 2);
	tcase_add_test(days, days_are_compressed_beside_themselves);
	tcase_add_test(days, days_of_a_source);
	tcase_add_loop_test(days, damaged_days, 0, 2);
	tcase_add_loop_test(days, days_are_salvaged, 0, 2);
	tcase_add_test(decisions, the_latest_verdict_holds);
	tcase_add_test(decisions, verdicts_have_the_time_they_were_written);
	tcase_add_test(decisions, many_decisions);
	tcase_add_test(decisions, damaged_decisions);
	tcase_add_test(files, damaged_snapshots);
	tcase_add_test(files, a_store_that_is_only_read);
	tcase_add_test(files, manifests_there_and_back);
	tcase_add_loop_test(files, manifests_of_names_out_of_order, 0, 3);
	tcase_add_test(files, damaged_manifests);
	tcase_add_test(files, hostile_manifests);
	tcase_add_test(files, files_of_a_manifest);
	tcase_add_loop_test(files, directories_in_the_order_of_their_paths, 0, 6);
	tcase_add_test(files, what_files_alone_tell);
	suite_add_tcase(suite, days);
	suite_add_tcase(suite, decisions);
	suite_add_tcase(suite, files);
	return suite;
}
