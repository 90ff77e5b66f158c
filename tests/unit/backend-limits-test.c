/* What is too old or too much, for backends that are at different places. */

#include "support.h"

#include "../../src/backend/parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Lines of one length, ten of which are a segment; event N is of N minutes past 12. */
enum { LINE = 50, SEGMENT = 10 * LINE, BACKENDS = 3 };

#define AGE_MAX HOURS(1)

static struct scratch place;
static struct backend_options options;
static struct backends all;
static struct backend list[BACKENDS];
static struct error err;

static void
begin(void)
{
	static const char *const names[BACKENDS] = {"a", "b", "c"};

	scratch_make(&place);
	options = (struct backend_options){.bytes_max = 1 << 20, .age_max = AGE_MAX};
	all = (struct backends){.options = &options,
	    .dir = place.store.fd,
	    .opened_at = clock_monotonic(),
	    .list = list,
	    .count = BACKENDS};
	ck_assert_int_eq(
	    segments_open(&all.segments, disk_open_dir(place.store.fd, ".", &err), SEGMENT, &err),
	    0);
	for (int i = 0; i < BACKENDS; i++) {
		list[i] = (struct backend){.all = &all, .directory = (char *)names[i]};
		ck_assert_int_eq(position_create(all.dir, names[i], &list[i].position, &err), 0);
	}
}

static void
end(void)
{
	disk.fsync = fsync;
	segments_release(&all.segments);
	scratch_remove(&place);
}

static void
add(const char *time)
{
	static int number;
	cleanup_buffer struct buffer line = {0};
	char name[16];
	json_auto_t *names = NULL;

	(void)snprintf(name, sizeof(name), "%05d", ++number % 100000);
	names = json_pack("{s:b}", name, 1);
	buffer_text(&line, "{\"id\":\"%s\",\"timestamp\":\"2026-05-12T%s\"}\n", name, time);
	ck_assert_uint_eq(line.length, LINE);
	ck_assert_int_eq(segments_append(&all.segments, &line, names, &err), 0);
}

/* As many events, which were there when this began. */
static void
add_many(int count)
{
	for (int i = 0; i < count; i++) {
		char time[32];

		(void)snprintf(time, sizeof(time), "12:%02d:00Z", i);
		add(time);
	}
	all.opened_end = segments_end(&all.segments);
}

/* It took as many. */
static void
took(int backend, unsigned events)
{
	list[backend].position.taken = list[backend].position.upto = (uint64_t)events * LINE;
}

static void
apply(const char *time)
{
	ck_assert_msg(limits_apply(&all, time_at(time), &err) == 0, "%s", err.text);
}

/* Where it goes on, and how many it wasn't given; the same on disk. */
static void
expect(int backend, unsigned next, unsigned dropped)
{
	const struct backend *k = &list[backend];
	struct position saved;

	ck_assert_uint_eq(k->position.taken, (uint64_t)next * LINE);
	ck_assert_uint_eq(k->position.dropped_events, dropped);
	ck_assert_uint_eq(k->position.dropped_bytes, (uint64_t)dropped * LINE);
	if (dropped == 0)
		return;
	ck_assert_int_eq(position_load(all.dir, k->directory, &saved, &err), 1);
	ck_assert_uint_eq(saved.taken, k->position.taken);
	ck_assert_uint_eq(saved.dropped_events, dropped);
	ck_assert_uint_eq(saved.dropped_bytes, (uint64_t)dropped * LINE);
}

/* --- age ----------------------------------------------------------------------------- */

START_TEST(what_is_old_is_counted_for_each_that_lacks_it)
{
	add_many(30);
	took(1, 5);
	took(2, 30);
	apply("13:15:00");
	expect(0, 15, 15);
	expect(1, 15, 10);
	expect(2, 30, 0);
	/* Nobody wants the first segment any more. */
	ck_assert_uint_eq(all.segments.list[0].first, SEGMENT);
	apply("13:15:00");
	expect(0, 15, 15);
}
END_TEST

START_TEST(what_is_as_old_as_it_may_be_stays)
{
	add_many(30);
	apply("13:00:00");
	expect(0, 0, 0);
	apply("13:00:00.000000001");
	expect(0, 1, 1);
}
END_TEST

/* The clock may have been set: what came since it began can't be that old. */
START_TEST(what_came_since_then_is_not_old)
{
	add_many(5);
	add("11:00:00Z");
	add("11:00:00Z");
	apply("15:00:00");
	expect(0, 5, 5);
	all.opened_at = clock_monotonic() - AGE_MAX - SECONDS(1);
	apply("15:00:00");
	expect(0, 7, 7);
}
END_TEST

START_TEST(what_lies_behind_one_that_is_not_old_stays)
{
	add("12:00:00Z");
	add("12:30:00Z");
	add("12:00:00Z");
	add("whenever.");
	all.opened_end = segments_end(&all.segments);
	apply("13:15:00");
	expect(0, 1, 1);
	apply("20:00:00");
	expect(0, 3, 3); /* of what has no time nothing is known */
}
END_TEST

/* What is on its way may arrive yet: it's no concern of anybody until the answer. */
START_TEST(what_is_on_its_way_is_not_counted)
{
	add_many(30);
	list[0].position.upto = (uint64_t)5 * LINE;
	list[0].sends_events = true;
	apply("13:15:00");
	expect(0, 15, 10);
}
END_TEST

START_TEST(a_batch_that_was_begun_goes_as_a_whole)
{
	add_many(30);
	list[0].position.upto = (uint64_t)8 * LINE;
	apply("13:03:00");
	expect(0, 8, 8);
	ck_assert_uint_eq(list[0].position.upto, list[0].position.taken);
	expect(1, 3, 3);
}
END_TEST

START_TEST(no_limit_is_the_usual_one)
{
	options = (struct backend_options){0};
	add_many(30);
	apply("13:30:00");
	expect(0, 0, 0);
	ck_assert_int_eq(limits_apply(&all, time_at("12:10:00") + BACKEND_AGE_MAX, &err), 0);
	expect(0, 10, 10);
}
END_TEST

/* --- size ------------------------------------------------------------------------------ */

START_TEST(what_is_too_much_goes_by_segments_from_the_first)
{
	add_many(40);
	took(1, 12);
	took(2, 40);
	options.bytes_max = 25 * LINE;
	apply("12:40:00");
	expect(0, 20, 20);
	expect(1, 20, 8);
	expect(2, 40, 0);
	ck_assert_uint_eq(segments_bytes(&all.segments), 20 * LINE);
}
END_TEST

START_TEST(as_much_as_may_be_stays)
{
	add_many(40);
	options.bytes_max = 40 * LINE;
	apply("12:40:00");
	expect(0, 0, 0);
	ck_assert_uint_eq(all.segments.count, 4);
}
END_TEST

START_TEST(the_last_segment_stays)
{
	add_many(35);
	options.bytes_max = 1;
	apply("12:40:00");
	ck_assert_uint_eq(all.segments.count, 1);
	expect(0, 30, 30);
}
END_TEST

START_TEST(what_all_took_goes_uncounted)
{
	add_many(35);
	for (int i = 0; i < BACKENDS; i++)
		took(i, 20 + (unsigned)i);
	apply("12:40:00");
	ck_assert_uint_eq(all.segments.list[0].first, 2 * SEGMENT);
	for (int i = 0; i < BACKENDS; i++)
		expect(i, 20 + (unsigned)i, 0);
}
END_TEST

static int
fail_sync(int fd)
{
	(void)fd;
	errno = EIO;
	return -1;
}

START_TEST(nothing_goes_before_it_is_saved)
{
	add_many(30);
	options.bytes_max = 25 * LINE;
	disk.fsync = fail_sync;
	ck_assert_int_eq(limits_apply(&all, time_at("12:40:00"), &err), -1);
	ck_assert_uint_eq(all.segments.list[0].first, 0);
}
END_TEST

Suite *
backend_limits_suite(void)
{
	Suite *suite = suite_create("backend-limits");
	TCase *tests = tcase_create("backend-limits");

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, what_is_old_is_counted_for_each_that_lacks_it);
	tcase_add_test(tests, what_is_as_old_as_it_may_be_stays);
	tcase_add_test(tests, what_came_since_then_is_not_old);
	tcase_add_test(tests, what_lies_behind_one_that_is_not_old_stays);
	tcase_add_test(tests, what_is_on_its_way_is_not_counted);
	tcase_add_test(tests, a_batch_that_was_begun_goes_as_a_whole);
	tcase_add_test(tests, no_limit_is_the_usual_one);
	tcase_add_test(tests, what_is_too_much_goes_by_segments_from_the_first);
	tcase_add_test(tests, as_much_as_may_be_stays);
	tcase_add_test(tests, the_last_segment_stays);
	tcase_add_test(tests, what_all_took_goes_uncounted);
	tcase_add_test(tests, nothing_goes_before_it_is_saved);
	suite_add_tcase(suite, tests);
	return suite;
}
