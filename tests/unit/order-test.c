#include "support.h"

#include <stdio.h>
#include <string.h>

/* A plain day of source "n", and the times of its rows. */
struct bench {
	struct scratch scratch;
	struct manifest *manifest;
	struct source *source;
	timestamp at[400];
	size_t count;
};

static void
set_up(struct bench *b)
{
	*b = (struct bench){0};
	scratch_make(&b->scratch);
	b->manifest = manifest_new("n");
	b->source = manifest_add_source(b->manifest, "n");
}

static void
tear_down(struct bench *b)
{
	manifest_free(b->manifest);
	scratch_remove(&b->scratch);
}

static struct day *
the_day(const struct bench *b)
{
	return &b->source->days[0];
}

static void
add_row(struct bench *b, timestamp at)
{
	struct day *d = source_day(b->source, 1, date_of(at));
	char path[32];
	struct place place = {.path = path};
	struct event e;

	(void)snprintf(path, sizeof(path), "n/%zu.json", b->count);
	plain_event(at, "service_healthy", &e);
	row_pack(&d->pending, &e, &place);
	d->rows++;
	b->at[b->count++] = at;
}

static void
flush(struct bench *b)
{
	struct error err = {0};

	ck_assert_msg(
	    day_flush(&b->scratch.store, b->source, the_day(b), &err) == 0, "%s", err.text);
}

/* The times of the rows from a place on. */
static size_t
load_from(const struct bench *b, struct day_mark mark, timestamp *out)
{
	cleanup_buffer struct buffer bytes = {0};
	struct unpack in, frame;
	struct error err = {0};
	size_t count = 0;
	struct row row;
	int more;

	ck_assert_msg(
	    day_load_from(&b->scratch.store, b->source, the_day(b), mark, &bytes, &err) == 0, "%s",
	    err.text);
	in = (struct unpack){bytes.data, bytes.data + bytes.length, false};
	while ((more = frame_next(&in, &frame)) > 0) {
		ck_assert(row_peek(frame, &row));
		out[count++] = row.at;
	}
	ck_assert_int_eq(more, 0);
	return count;
}

static size_t
count_since(const timestamp *at, size_t count, timestamp from)
{
	size_t since = 0;

	for (size_t i = 0; i < count; i++)
		since += at[i] >= from;
	return since;
}

/* No row since an hour is before its place, and as many are as the place says. */
static void
check_place(const struct bench *b, timestamp from)
{
	struct day_mark mark = day_find(the_day(b), from);
	timestamp got[COUNT(b->at)];
	size_t count = load_from(b, mark, got);

	ck_assert_uint_eq(mark.rows + count, b->count);
	ck_assert_msg(count_since(got, count, from) == count_since(b->at, b->count, from),
	    "some row since %s isn't read", time_text(from));
}

static void
check_places(const struct bench *b)
{
	for (int hour = -1; hour <= 25; hour++)
		check_place(b, DAY_ZERO + HOURS(hour));
	check_place(b, TIMESTAMP_NONE);
	check_place(b, TIMESTAMP_LAST);
}

/* Whenever they come, and after the manifest has been written and read.
 * Rule: W2 W5 */
START_TEST(every_row_is_behind_its_place)
{
	struct dice dice = dice_of(_i);
	cleanup_buffer struct buffer bytes = {0};
	struct bench b;

	set_up(&b);
	while (b.count < 200) {
		for (uint64_t n = 1 + roll(&dice, 40); n > 0; n--)
			add_row(&b, DAY_ZERO + SECONDS(roll(&dice, 24 * 60) * 60));
		check_places(&b);
		flush(&b);
		check_places(&b);
	}
	manifest_pack(b.manifest, &bytes);
	manifest_free(b.manifest);
	b.manifest = manifest_unpack(bytes.data, bytes.length);
	ck_assert_ptr_nonnull(b.manifest);
	b.source = &b.manifest->sources[0];
	check_places(&b);
	tear_down(&b);
}
END_TEST

/* As a rebuild finds them, in any order: then as if they had come in theirs. Two runs
 * that come in order leave nothing to be read twice. Rule: W5 */
START_TEST(nothing_older_is_read)
{
	timestamp got[COUNT(((struct bench *)0)->at)];
	struct bench b;

	set_up(&b);
	for (int minute = 0; minute < 120; minute++)
		add_row(&b, DAY_ZERO + HOURS(10) + SECONDS(minute * 7 % 120 * 60));
	flush(&b);
	for (int minute = 0; minute < 120; minute++)
		add_row(&b, DAY_ZERO + HOURS(12) + SECONDS(minute * 60));
	flush(&b);
	for (int hour = 0; hour < 24; hour++) {
		struct day_mark mark = day_find(the_day(&b), DAY_ZERO + HOURS(hour));
		size_t older = hour < 10 ? 0 : hour > 14 ? 240 : 60 * (size_t)(hour - 10);

		ck_assert_uint_eq(mark.rows, older);
		ck_assert_uint_eq(load_from(&b, mark, got), 240 - older);
	}
	ck_assert_uint_eq(load_from(&b, (struct day_mark){0}, got), 240);
	for (size_t i = 1; i < 240; i++)
		ck_assert_int_eq(got[i] - got[i - 1], SECONDS(60));
	tear_down(&b);
}
END_TEST

/* What wasn't committed is forgotten with its places. Rule: W3 */
START_TEST(places_go_back)
{
	struct bench b;

	set_up(&b);
	add_row(&b, time_at("03:00:00"));
	flush(&b);
	the_day(&b)->old_length = the_day(&b)->length;
	the_day(&b)->old_rows = the_day(&b)->rows;
	add_row(&b, time_at("01:00:00"));
	add_row(&b, time_at("05:00:00"));
	flush(&b);
	ck_assert_uint_eq(the_day(&b)->hour_count, 6);
	manifest_revert(b.manifest);
	ck_assert_uint_eq(the_day(&b)->hour_count, 4);
	b.count = 1;
	check_places(&b);
	add_row(&b, time_at("04:30:00"));
	flush(&b);
	ck_assert_uint_eq(day_find(the_day(&b), time_at("04:00:00")).rows, 1);
	check_places(&b);
	tear_down(&b);
}
END_TEST

/* A manifest of an older version knows no places: its days get none. */
START_TEST(a_day_without_places_gets_none)
{
	struct bench b;

	set_up(&b);
	add_row(&b, time_at("20:00:00"));
	flush(&b);
	the_day(&b)->hour_count = 0;
	check_places(&b);
	add_row(&b, time_at("19:00:00"));
	flush(&b);
	ck_assert_uint_eq(the_day(&b)->hour_count, 0);
	check_places(&b);
	tear_down(&b);
}
END_TEST

/* It can be read from its start alone. */
START_TEST(a_compressed_day_has_no_places)
{
	struct error err = {0};
	struct bench b;

	set_up(&b);
	for (int hour = 0; hour < 24; hour++)
		add_row(&b, DAY_ZERO + HOURS(hour));
	flush(&b);
	ck_assert_int_eq(day_compress(&b.scratch.store, b.source, the_day(&b), &err), 0);
	add_row(&b, time_at("12:00:00"));
	flush(&b);
	ck_assert_uint_eq(the_day(&b)->hour_count, 0);
	ck_assert_uint_eq(day_find(the_day(&b), time_at("12:00:00")).rows, 0);
	check_places(&b);
	tear_down(&b);
}
END_TEST

Suite *
order_suite(void)
{
	Suite *suite = suite_create("order");
	TCase *tests = tcase_create("order");

	tcase_add_loop_test(tests, every_row_is_behind_its_place, 0, 20);
	tcase_add_test(tests, nothing_older_is_read);
	tcase_add_test(tests, places_go_back);
	tcase_add_test(tests, a_day_without_places_gets_none);
	tcase_add_test(tests, a_compressed_day_has_no_places);
	suite_add_tcase(suite, tests);
	return suite;
}
