/* What is decided on a file or a line: taken, held, unplaced or rejected. */

#include "yard.h"

#include <errno.h>
#include <string.h>

/* --- files ------------------------------------------------------------------------ */

/* A file of so many bytes that is an event. */
static void
put_padded(struct yard *y, const char *path, size_t length)
{
	cleanup_buffer struct buffer bytes = {0};
	const char *line = event_line("10:00:00");

	buffer_add(&bytes, line, strlen(line) - 1);
	while (bytes.length < length)
		buffer_add(&bytes, " ", 1);
	yard_write(y, path, bytes.data, bytes.length);
}

START_TEST(a_file_of_one_mebibyte)
{
	struct yard y;

	yard_make(&y);
	put_padded(&y, "events/2026-05-12/n/a.json", EVENT_SIZE_MAX);
	put_padded(&y, "events/2026-05-12/n/b.json", EVENT_SIZE_MAX + 1);
	yard_scan(&y);
	yard_expect(&y,
	    "a.json event 10:00:00\nb.json rejected 1048577\n"
	    "; top b.json complete newest 10:00:00 watched b.json\n"
	    "; consumed 1 rejected 1\n; rows a.json");
	yard_remove(&y);
}
END_TEST

/* Where the quarantine is full nothing is read for it: one that can't be read
 * waits, one that's too large isn't read at all. */
START_TEST(no_copies_are_made)
{
	static const struct {
		size_t length;
		bool waits;
	} cases[] = {{100, true}, {EVENT_SIZE_MAX + 1, false}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct yard y;

		yard_make(&y);
		y.intake.quarantine = (struct quarantine){y.source->name, 1000, 0};
		put_padded(&y, "events/2026-05-12/n/a.json", cases[i].length);
		yard_fail(YARD_READ, "a.json", EIO);
		yard_scan(&y);
		ck_assert_uint_eq(y.intake.tally.unreadable, cases[i].waits);
		ck_assert_uint_eq(y.intake.tally.rejected, !cases[i].waits);
		yard_remove(&y);
	}
}
END_TEST

START_TEST(an_empty_file)
{
	struct yard y;

	yard_make(&y);
	yard_put(&y, "a.json", "", NULL);
	yard_scan(&y);
	yard_expect(&y, "a.json rejected\n; top a.json complete watched a.json\n; rejected 1");
	/* It becomes an event ahead. */
	yard_put(&y, "a.json", event_line("12:30:00"), NULL);
	yard_scan(&y);
	yard_expect(&y, "a.json held 12:25:00\n; held 1 until 12:25:00\n; held 1");
	yard_remove(&y);
}
END_TEST

/* What isn't an event waits as long as it was changed just now, or in a future
 * that is as near. */
START_TEST(a_file_may_be_arriving)
{
	static const struct {
		timestamp age;
		bool waits;
	} cases[] = {{SECONDS(0), true}, {SECONDS(50), true}, {SECONDS(61), false},
	    {-SECONDS(50), true}, {-SECONDS(61), false}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct yard y;

		yard_make(&y);
		y.scan.settle = SECONDS(60);
		yard_age(cases[i].age);
		yard_put(&y, "a.json", event_line("10:00:00"), NULL);
		yard_put(&y, "b.json", "{", NULL);
		yard_put(&y, "c.jsonl", "{\n", NULL);
		yard_scan(&y);
		yard_expect(&y,
		    cases[i].waits ?
			"a.json event 10:00:00\nc.jsonl read 2\nc.jsonl/0 rejected\n"
			"; top a.json pending newest 10:00:00 watched c.jsonl\n"
			"; consumed 1 rejected 1\n; rows a.json" :
			"a.json event 10:00:00\nb.json rejected 1\nc.jsonl read 2\n"
			"c.jsonl/0 rejected\n"
			"; top c.jsonl complete newest 10:00:00 watched b.json c.jsonl\n"
			"; consumed 1 rejected 2\n; rows a.json");
		yard_remove(&y);
	}
}
END_TEST

START_TEST(rejections_are_shown)
{
	struct yard y;
	char name[32];
	const char *said;
	unsigned lines = 0;

	yard_make(&y);
	for (int i = 0; i < 12; i++) {
		(void)snprintf(name, sizeof(name), "%02d.json", i);
		yard_put(&y, name, "{", NULL);
	}
	yard_scan(&y);
	ck_assert_uint_eq(y.intake.tally.rejected, 12);
	said = yard_said(&y);
	for (const char *at = said; (at = strstr(at, ": rejected: ")) != NULL; at++)
		lines++;
	ck_assert_uint_eq(lines, 10);
	ck_assert_ptr_nonnull(strstr(said, "events of n: more were rejected\n"));
	ck_assert_ptr_null(strstr(strstr(said, "more were") + 1, "more were"));
	yard_remove(&y);
}
END_TEST

/* A dry run: nothing is written. */
START_TEST(nothing_is_written)
{
	struct yard y;

	yard_make(&y);
	y.scratch.store.read_only = true;
	yard_put(&y, "a.json", event_line("10:00:00"), NULL);
	yard_put(&y, "b.json", "{", NULL);
	yard_put(&y, "c.jsonl", "{\n", NULL);
	yard_scan(&y);
	yard_expect(&y,
	    "; top c.jsonl complete newest 10:00:00 watched b.json c.jsonl\n"
	    "; consumed 1 rejected 2\n; rows a.json");
	ck_assert_int_lt(faccessat(y.scan.state, "observer_failed_events", F_OK, 0), 0);
	yard_remove(&y);
}
END_TEST

/* --- time ------------------------------------------------------------------------ */

START_TEST(events_ahead_are_held)
{
	struct yard y;

	yard_make(&y);
	yard_put(&y, "a.json", event_line("12:05:00"), NULL);
	yard_put(&y, "b.json", event_line("12:06:00"), NULL);
	yard_put(&y, "c.jsonl", event_line("12:05:00"), event_line("12:07:00"),
	    event_line("12:05:01"), event_line("12:00:00"), NULL);
	yard_scan(&y);
	yard_expect(&y,
	    "a.json event 12:05:00\nb.json held 12:01:00\nc.jsonl read 256\n"
	    "c.jsonl/128 held 12:00:01\nc.jsonl/64 held 12:02:00\n"
	    "; top a.json held 3 until 12:00:01 newest 12:05:00 watched c.jsonl\n"
	    "; consumed 3 held 3\n; rows a.json c.jsonl@0-64 c.jsonl@192-256");
	/* Not yet. */
	y.scan.now = time_at("12:00:01") - 1;
	yard_scan(&y);
	ck_assert_uint_eq(y.looks, 0);
	yard_expect(&y,
	    "a.json event 12:05:00\nb.json held 12:01:00\nc.jsonl read 256\n"
	    "c.jsonl/128 held 12:00:01\nc.jsonl/64 held 12:02:00\n"
	    "; top a.json held 3 until 12:00:01 newest 12:05:00 watched c.jsonl\n"
	    "; rows a.json c.jsonl@0-64 c.jsonl@192-256");
	y.scan.now = time_at("12:00:01");
	yard_scan(&y);
	yard_expect(&y,
	    "a.json event 12:05:00\nb.json held 12:01:00\nc.jsonl read 256\n"
	    "c.jsonl/128 event 12:05:01\nc.jsonl/64 held 12:02:00\n"
	    "; top a.json held 2 until 12:01:00 newest 12:05:01 watched c.jsonl\n"
	    "; consumed 1\n; rows a.json c.jsonl@0-64 c.jsonl@128-192 "
	    "c.jsonl@192-256");
	y.scan.now = time_at("12:01:00");
	yard_scan(&y);
	ck_assert_uint_eq(y.looks, 1);
	yard_expect(&y,
	    "a.json event 12:05:00\nb.json event 12:06:00\nc.jsonl read 256\n"
	    "c.jsonl/128 event 12:05:01\nc.jsonl/64 held 12:02:00\n"
	    "; top b.json held 1 until 12:02:00 newest 12:06:00 watched c.jsonl\n"
	    "; consumed 1\n; rows a.json b.json c.jsonl@0-64 c.jsonl@128-192 "
	    "c.jsonl@192-256");
	y.scan.now = time_at("12:30:00");
	yard_scan(&y);
	yard_expect(&y,
	    "a.json event 12:05:00\nb.json event 12:06:00\nc.jsonl read 256\n"
	    "c.jsonl/128 event 12:05:01\nc.jsonl/64 event 12:07:00\n"
	    "; top c.jsonl complete newest 12:07:00 watched c.jsonl\n"
	    "; consumed 1\n; rows a.json b.json c.jsonl@0-64 c.jsonl@128-192 "
	    "c.jsonl@192-256 c.jsonl@64-128");
	yard_remove(&y);
}
END_TEST

/* Names of different lengths, and a line of which there's no file. */
START_TEST(held_lines_of_many_files)
{
	struct yard y;

	yard_make(&y);
	yard_put(&y, "c.jsonl", event_line("12:07:00"), NULL);
	yard_put(&y, "longer-name.jsonl", event_line("12:08:00"), NULL);
	yard_put(&y, "d.jsonl", event_line("12:09:00"), NULL);
	yard_decide(&y, "nothing.jsonl/0", VERDICT_HELD, 0, 1);
	yard_scan(&y);
	ck_assert_uint_eq(yard_directory(&y)->held, 3);
	y.scan.now = time_at("12:30:00");
	yard_scan(&y);
	ck_assert_uint_eq(yard_directory(&y)->held, 0);
	ck_assert_uint_eq(y.intake.tally.consumed, 3);
	yard_remove(&y);
}
END_TEST

/* A held event is counted only as long as its file is there. */
START_TEST(held_files_that_go)
{
	struct yard y;

	yard_make(&y);
	yard_put(&y, "b.json", event_line("12:06:00"), NULL);
	yard_put(&y, "c.jsonl", event_line("12:07:00"), NULL);
	yard_put(&y, "d.jsonl", event_line("12:08:00"), NULL);
	yard_scan(&y);
	ck_assert_uint_eq(yard_directory(&y)->held, 3);
	yard_delete(&y, "b.json");
	yard_delete(&y, "c.jsonl");
	yard_put(&y, "d.jsonl", "", NULL);
	y.scan.now = time_at("12:30:00");
	yard_scan(&y);
	yard_expect(&y,
	    "b.json held 12:01:00\nc.jsonl read 64\nc.jsonl/0 held 12:02:00\n"
	    "d.jsonl shrunk 64\nd.jsonl/0 held 12:03:00\n"
	    "; top d.jsonl complete watched d.jsonl\n; rejected 1");
	yard_remove(&y);
}
END_TEST

/* A held line that is due, in a file that can't be read, or not to its end. */
START_TEST(held_lines_that_cannot_be_read)
{
	static const struct {
		enum yard_call call;
		int error;
		const char *tally;
	} cases[] = {{YARD_OPEN, EACCES, ""}, {YARD_OPEN, ENOENT, ""}, {YARD_FSTAT, EIO, ""},
	    {YARD_READ, EIO, "; unreadable 1"}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup_buffer struct buffer text = {0};
		struct yard y;

		yard_make(&y);
		yard_put(&y, "c.jsonl", event_line("12:07:00"), NULL);
		yard_put(&y, "d.json", event_line("12:00:00"), NULL);
		yard_scan(&y);
		y.scan.now = time_at("12:30:00");
		yard_fail(cases[i].call, "c.jsonl", cases[i].error);
		yard_scan(&y);
		buffer_text(&text,
		    "c.jsonl read 64\nc.jsonl/0 held 12:02:00\nd.json event 12:00:00\n"
		    "; pending held 1 until 12:02:00 newest 12:00:00 watched c.jsonl\n"
		    "%s%s; rows d.json",
		    cases[i].tally, cases[i].tally[0] ? "\n" : "");
		yard_expect(&y, buffer_string(&text));
		yard_remove(&y);
	}
}
END_TEST

START_TEST(late_events_are_unplaced)
{
	struct yard y;

	yard_make(&y);
	y.intake.newest = time_at("121d10:00:00");
	y.scan.now = time_at("121d10:00:00");
	yard_put(&y, "a.json", event_line("1d10:00:00"), NULL);
	yard_put(&y, "b.json", event_line("1d09:59:59"), NULL);
	yard_put(&y, "c.jsonl", event_line("1d09:59:59"), event_line("1d10:00:00"), NULL);
	yard_scan(&y);
	yard_expect(&y,
	    "a.json event 1d10:00:00\nb.json unplaced 1d09:59:59\n"
	    "c.jsonl read 128\nc.jsonl/0 unplaced 1d09:59:59\n"
	    "; top c.jsonl complete newest 1d10:00:00 watched c.jsonl\n"
	    "; consumed 2 unplaced 2\n; rows a.json c.jsonl@64-128");
	ck_assert_ptr_nonnull(
	    strstr(yard_said(&y), "events/2026-05-12/n/b.json: dated more than 120 days"));
	yard_scan(&y);
	ck_assert_uint_eq(y.looks, 0);
	/* The base. */
	y.intake.newest = TIMESTAMP_NONE;
	y.intake.base = time_at("3d00:00:00");
	yard_put(&y, "d.json", event_line("3d00:00:00"), NULL);
	yard_put(&y, "e.json", event_line("2d23:59:59"), NULL);
	yard_scan(&y);
	ck_assert_uint_eq(y.intake.tally.consumed, 1);
	ck_assert_uint_eq(y.intake.tally.late_unplaced, 1);
	yard_remove(&y);
}
END_TEST

START_TEST(days_of_rows)
{
	struct yard y;

	yard_make(&y);
	y.scan.now = time_at("5d12:00:00");
	yard_put(&y, "a.jsonl", event_line("2d10:00:00"), event_line("3d10:00:00"),
	    event_line("4d10:00:00"), event_line("5d10:00:00"), NULL);
	yard_scan(&y);
	ck_assert_uint_eq(y.source->day_count, 4);
	ck_assert_uint_gt(y.intake.pending_bytes, 0);
	ck_assert_int_eq(y.intake.oldest_new, time_at("2d10:00:00"));
	ck_assert_int_eq(intake_flush(&y.intake, NULL), 0);
	ck_assert_uint_eq(y.intake.pending_bytes, 0);
	for (size_t i = 0; i < 4; i++)
		ck_assert_uint_gt(y.source->days[i].length, 0);
	yard_expect(&y,
	    "a.jsonl read 256\n; top a.jsonl complete newest 5d10:00:00 "
	    "watched a.jsonl\n; consumed 4\n"
	    "; rows a.jsonl@0-64 a.jsonl@128-192 a.jsonl@192-256 a.jsonl@64-128");
	yard_remove(&y);
}
END_TEST

/* Rows aren't kept in memory beyond 4 MiB. */
START_TEST(many_rows_are_flushed)
{
	cleanup_buffer struct buffer lines = {0};
	char message[1001];
	struct yard y;

	memset(message, 'm', sizeof(message) - 1);
	message[sizeof(message) - 1] = '\0';
	for (int i = 0; i < 4200; i++)
		buffer_text(&lines,
		    "{\"timestamp\":\"2026-05-12T10:00:00Z\",\"node\":\"n\",\"type\":\"backup\","
		    "\"message\":\"%s\"}\n",
		    message);
	for (int read_only = 0; read_only < 2; read_only++) {
		yard_make(&y);
		y.scratch.store.read_only = read_only;
		yard_write(&y, "events/2026-05-12/n/a.jsonl", lines.data, lines.length);
		yard_scan(&y);
		ck_assert_uint_eq(y.intake.tally.consumed, 4200);
		ck_assert_uint_eq(y.source->days[0].rows, 4200);
		if (read_only) {
			ck_assert_uint_eq(y.source->days[0].length, 0);
		} else {
			ck_assert_uint_gt(y.source->days[0].length, 4 << 20);
			ck_assert_uint_lt(y.source->days[0].length, (4 << 20) + 2048);
			ck_assert_uint_lt(y.intake.pending_bytes, 1 << 20);
		}
		yard_remove(&y);
	}
}
END_TEST

Suite *
intake_suite(void)
{
	Suite *suite = suite_create("intake");
	TCase *tcase = tcase_create("intake");

	tcase_add_test(tcase, a_file_of_one_mebibyte);
	tcase_add_test(tcase, no_copies_are_made);
	tcase_add_test(tcase, an_empty_file);
	tcase_add_test(tcase, held_lines_of_many_files);
	tcase_add_test(tcase, a_file_may_be_arriving);
	tcase_add_test(tcase, rejections_are_shown);
	tcase_add_test(tcase, nothing_is_written);
	tcase_add_test(tcase, events_ahead_are_held);
	tcase_add_test(tcase, held_files_that_go);
	tcase_add_test(tcase, held_lines_that_cannot_be_read);
	tcase_add_test(tcase, late_events_are_unplaced);
	tcase_add_test(tcase, days_of_rows);
	tcase_add_test(tcase, many_rows_are_flushed);
	suite_add_tcase(suite, tcase);
	return suite;
}
