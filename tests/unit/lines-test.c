/* A .jsonl: what is read of it, line by line. */

#include "yard.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

START_TEST(lines_are_read_once)
{
	struct yard y;

	yard_make(&y);
	yard_put(&y, "a.jsonl", event_line("10:00:00"), " \t\r\n\n", "nonsense\n",
	    event_line("10:01:00"), "{\"timestamp", NULL);
	yard_put(&y, "b.json", event_line("09:00:00"), NULL);
	yard_scan(&y);
	yard_expect(&y,
	    "a.jsonl read 142\na.jsonl/69 rejected\nb.json event 09:00:00\n"
	    "; newest 10:01:00 watched a.jsonl\n; consumed 3 rejected 1\n"
	    "; rows a.jsonl@0-64 a.jsonl@78-142 b.json");
	ck_assert_int_eq(
	    faccessat(y.scan.state, "observer_failed_events/n/a.jsonl@69", F_OK, 0), 0);
	ck_assert_ptr_nonnull(strstr(yard_said(&y), "events/2026-05-12/n/a.jsonl@69: rejected: "));
	yard_scan(&y);
	ck_assert_uint_eq(y.intake.tally.consumed + y.intake.tally.rejected, 0);
	/* The unfinished line's end comes. */
	yard_put(&y, "a.jsonl", event_line("10:00:00"), " \t\r\n\n", "nonsense\n",
	    event_line("10:01:00"), event_line("10:02:00"), NULL);
	yard_scan(&y);
	yard_expect(&y,
	    "a.jsonl read 206\na.jsonl/69 rejected\nb.json event 09:00:00\n"
	    "; top b.json complete newest 10:02:00 watched a.jsonl\n; consumed 1\n"
	    "; rows a.jsonl@0-64 a.jsonl@142-206 a.jsonl@78-142 b.json");
	yard_remove(&y);
}
END_TEST

/* What comes while it's read is for the next run. */
START_TEST(lines_that_grow)
{
	struct yard y;

	yard_make(&y);
	yard_shorten("a.jsonl", 64);
	yard_put(&y, "a.jsonl", event_line("10:00:00"), event_line("10:01:00"), NULL);
	yard_scan(&y);
	yard_expect(&y,
	    "a.jsonl read 64\n; top a.jsonl complete newest 10:00:00 watched a.jsonl\n"
	    "; consumed 1\n; rows a.jsonl@0-64");
	yard_remove(&y);
}
END_TEST

/* Rule: W5 */
START_TEST(nothing_is_written_of_an_unfinished_line)
{
	uint64_t length;
	struct yard y;

	yard_make(&y);
	yard_put(&y, "a.jsonl", event_line("10:00:00"), "{\"time", NULL);
	yard_scan(&y);
	length = yard_directory(&y)->decisions_length;
	yard_put(&y, "a.jsonl", event_line("10:00:00"), "{\"timestamp\"", NULL);
	yard_scan(&y);
	ck_assert_uint_eq(y.looks, 1);
	ck_assert_uint_eq(yard_directory(&y)->decisions_length, length);
	yard_remove(&y);
}
END_TEST

START_TEST(lines_that_shrink)
{
	struct yard y;

	yard_make(&y);
	yard_put(&y, "a.jsonl", event_line("10:00:00"), event_line("10:01:00"), NULL);
	yard_put(&y, "b.jsonl", "", NULL);
	yard_scan(&y);
	yard_put(&y, "a.jsonl", event_line("10:00:00"), NULL);
	yard_scan(&y);
	yard_expect(&y,
	    "a.jsonl shrunk 128\nb.jsonl read\n"
	    "; top b.jsonl complete newest 10:01:00 watched a.jsonl b.jsonl\n"
	    "; rejected 1\n; rows a.jsonl@0-64 a.jsonl@64-128");
	ck_assert_ptr_nonnull(
	    strstr(yard_said(&y), "64 bytes long, but 128 were read of it before"));
	/* For good. */
	yard_put(&y, "a.jsonl", event_line("10:00:00"), event_line("10:01:00"),
	    event_line("10:02:00"), NULL);
	yard_scan(&y);
	ck_assert_uint_eq(y.looks, 0);
	yard_remove(&y);
}
END_TEST

/* The copy of one that shrank can't be made now. */
START_TEST(shrunk_lines_that_cannot_be_read)
{
	struct yard y;

	yard_make(&y);
	yard_put(&y, "a.jsonl", event_line("10:00:00"), event_line("10:01:00"), NULL);
	yard_put(&y, "b.json", "{", NULL);
	yard_scan(&y);
	yard_put(&y, "a.jsonl", event_line("10:00:00"), NULL);
	yard_fail(YARD_READ, "a.jsonl", EIO);
	yard_scan(&y);
	yard_expect(&y,
	    "a.jsonl read 128\nb.json rejected 1\n"
	    "; pending newest 10:01:00 watched a.jsonl b.json\n"
	    "; unreadable 1\n; rows a.jsonl@0-64 a.jsonl@64-128");
	yard_remove(&y);
}
END_TEST

START_TEST(lines_that_cannot_be_read)
{
	struct yard y;

	yard_make(&y);
	yard_put(&y, "a.jsonl", event_line("10:00:00"), NULL);
	yard_put(&y, "b.json", event_line("10:00:00"), NULL);
	yard_fail(YARD_READ, "a.jsonl", EIO);
	yard_scan(&y);
	yard_expect(&y,
	    "a.jsonl read\nb.json event 10:00:00\n"
	    "; pending newest 10:00:00 watched a.jsonl\n"
	    "; consumed 1 unreadable 1\n; rows b.json");
	yard_remove(&y);
}
END_TEST

static void
add_filling(struct buffer *b, char filling, size_t count)
{
	buffer_reserve(b, count);
	memset(b->data + b->length, filling, count);
	b->length += count;
}

/* A line of `length` bytes without its newline: an event and white space. */
static void
add_long(struct buffer *b, size_t length)
{
	const char *line = event_line("10:00:00");

	buffer_add(b, line, 63);
	add_filling(b, ' ', length - 63);
	buffer_add(b, "\n", 1);
}

START_TEST(long_lines)
{
	cleanup_buffer struct buffer lines = {0};
	struct yard y;

	yard_make(&y);
	add_long(&lines, 100000);
	add_long(&lines, EVENT_SIZE_MAX);
	add_long(&lines, EVENT_SIZE_MAX + 1);
	add_long(&lines, 63);
	add_long(&lines, EVENT_SIZE_MAX + 300000);
	add_long(&lines, 63);
	yard_write(&y, "events/2026-05-12/n/a.jsonl", lines.data, lines.length);
	yard_scan(&y);
	/* 0, 100001, 1148578, 2197156, 2197220, 3545797, 3545861 */
	yard_expect(&y,
	    "a.jsonl read 3545861\na.jsonl/1148578 rejected\n"
	    "a.jsonl/2197220 rejected\n"
	    "; top a.jsonl complete newest 10:00:00 watched a.jsonl\n"
	    "; consumed 4 rejected 2\n"
	    "; rows a.jsonl@0-100001 a.jsonl@100001-1148578 "
	    "a.jsonl@2197156-2197220 a.jsonl@3545797-3545861");
	yard_remove(&y);
}
END_TEST

/* One that ends where a read does. */
START_TEST(a_long_line_alone)
{
	cleanup_buffer struct buffer lines = {0};
	struct yard y;

	yard_make(&y);
	add_long(&lines, EVENT_SIZE_MAX);
	yard_write(&y, "events/2026-05-12/n/a.jsonl", lines.data, lines.length);
	yard_scan(&y);
	ck_assert_uint_eq(y.intake.tally.consumed, 1);
	yard_remove(&y);
}
END_TEST

/* A read of it fails, or the file is shorter by then: within the line's first
 * MiB, and behind it. */
START_TEST(a_long_line_that_cannot_be_read)
{
	cleanup_buffer struct buffer lines = {0};

	add_long(&lines, EVENT_SIZE_MAX + 300000);
	for (unsigned i = 0; i < 4; i++) {
		bool fails = i % 2 == 0;
		struct yard y;

		yard_make(&y);
		yard_write(&y, "events/2026-05-12/n/a.jsonl", lines.data, lines.length);
		yard_fail_later(YARD_READ, "a.jsonl", fails ? EIO : 0, i < 2 ? 3 : 17);
		yard_scan(&y);
		yard_expect(&y,
		    fails ? "a.jsonl read\n; pending watched a.jsonl\n; unreadable 1" :
			    "a.jsonl read\n; watched a.jsonl");
		yard_remove(&y);
	}
}
END_TEST

/* One that is too long, and isn't at its end yet. */
START_TEST(a_long_line_without_an_end)
{
	static const size_t lengths[] = {EVENT_SIZE_MAX + 1, EVENT_SIZE_MAX + 300000};

	for (size_t i = 0; i < COUNT(lengths); i++) {
		cleanup_buffer struct buffer lines = {0};
		struct yard y;

		yard_make(&y);
		add_long(&lines, 63);
		add_filling(&lines, 'x', lengths[i]);
		yard_write(&y, "events/2026-05-12/n/a.jsonl", lines.data, lines.length);
		yard_scan(&y);
		yard_expect(&y,
		    "a.jsonl read 64\n; newest 10:00:00 watched a.jsonl\n"
		    "; consumed 1\n; rows a.jsonl@0-64");
		buffer_add(&lines, "\n", 1);
		add_long(&lines, 63);
		yard_write(&y, "events/2026-05-12/n/a.jsonl", lines.data, lines.length);
		yard_scan(&y);
		ck_assert_uint_eq(y.intake.tally.rejected, 1);
		ck_assert_uint_eq(y.intake.tally.consumed, 1);
		ck_assert(yard_directory(&y)->complete);
		yard_remove(&y);
	}
}
END_TEST

Suite *
lines_suite(void)
{
	Suite *suite = suite_create("lines");
	TCase *tcase = tcase_create("lines");

	tcase_add_test(tcase, lines_are_read_once);
	tcase_add_test(tcase, lines_that_grow);
	tcase_add_test(tcase, nothing_is_written_of_an_unfinished_line);
	tcase_add_test(tcase, lines_that_shrink);
	tcase_add_test(tcase, shrunk_lines_that_cannot_be_read);
	tcase_add_test(tcase, lines_that_cannot_be_read);
	tcase_add_test(tcase, long_lines);
	tcase_add_test(tcase, a_long_line_alone);
	tcase_add_test(tcase, a_long_line_that_cannot_be_read);
	tcase_add_test(tcase, a_long_line_without_an_end);
	suite_add_tcase(suite, tcase);
	return suite;
}
