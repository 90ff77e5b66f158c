/* One event directory: what is looked at, decided, watched and waited for. */

#include "yard.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#define EVENTS_DAY EVENTS "/2026-05-12/n/"

/* --- names ------------------------------------------------------------------------ */

START_TEST(names_are_sorted_out)
{
	for (int hidden = 0; hidden < 2; hidden++) {
		struct yard y;
		uint64_t length;

		yard_make(&y);
		if (hidden)
			yard_hide_types();
		yard_put(&y, "a.json", event_line("10:00:00"), NULL);
		yard_put(&y, "b.json", event_line("11:00:00"), NULL);
		yard_put(&y, "lines.jsonl", event_line("09:00:00"), event_line("09:30:00"), NULL);
		yard_put(&y, "notes.txt", event_line("09:00:00"), NULL);
		yard_put(&y, "json", event_line("09:00:00"), NULL);
		yard_put(&y, "jsonl", event_line("09:00:00"), NULL);
		yard_put(&y, ".json", event_line("09:00:00"), NULL);
		yard_put(&y, ".hidden.json", event_line("09:00:00"), NULL);
		yard_put(&y, "x.json.part", event_line("09:00:00"), NULL);
		ck_assert_int_eq(mkdirat(y.scan.root, EVENTS_DAY "d.json", 0755), 0);
		ck_assert_int_eq(mkfifoat(y.scan.root, EVENTS_DAY "f.json", 0644), 0);
		ck_assert_int_eq(symlinkat("a.json", y.scan.root, EVENTS_DAY "l.json"), 0);
		yard_scan(&y);
		yard_expect(&y,
		    "a.json event 10:00:00\nb.json event 11:00:00\n"
		    "lines.jsonl read 128\n"
		    "; top lines.jsonl complete newest 11:00:00 watched lines.jsonl\n"
		    "; consumed 4 ignored 6\n"
		    "; rows a.json b.json lines.jsonl@0-64 lines.jsonl@64-128");
		ck_assert_uint_eq(y.looks, hidden ? 6 : 3);
		ck_assert_int_eq(y.intake.oldest_new, time_at("09:00:00"));
		/* Once more: nothing is new. */
		length = yard_directory(&y)->decisions_length;
		yard_scan(&y);
		ck_assert_uint_eq(yard_directory(&y)->decisions_length, length);
		ck_assert_uint_eq(y.looks, hidden ? 3 : 0);
		yard_expect(&y,
		    "a.json event 10:00:00\nb.json event 11:00:00\n"
		    "lines.jsonl read 128\n"
		    "; top lines.jsonl complete newest 11:00:00 watched lines.jsonl\n"
		    "; ignored 6\n"
		    "; rows a.json b.json lines.jsonl@0-64 lines.jsonl@64-128");
		yard_remove(&y);
	}
}
END_TEST

/* Such a file is rejected, whatever is in it; it's no name that others could
 * come after. */
START_TEST(a_name_that_is_not_printable)
{
	struct yard y;

	yard_make(&y);
	yard_put(&y, "a.json", event_line("10:00:00"), NULL);
	yard_put(&y, "b\x01.json", event_line("10:00:00"), NULL);
	yard_put(&y, "b\x02.jsonl", event_line("10:00:00"), NULL);
	yard_scan(&y);
	yard_expect(&y,
	    "a.json event 10:00:00\nb\x01.json rejected 64\nb\x02.jsonl rejected 64\n"
	    "; top a.json complete newest 10:00:00 watched b\x01.json b\x02.jsonl\n"
	    "; consumed 1 rejected 2\n; rows a.json");
	ck_assert_ptr_nonnull(strstr(yard_said(&y), "printable"));
	yard_remove(&y);
}
END_TEST

START_TEST(a_run_is_interrupted)
{
	struct yard y;

	yard_make(&y);
	yard_put(&y, "a.json", event_line("10:00:00"), NULL);
	y.stop = 1;
	ck_assert_int_eq(yard_scan_fails(&y), EX_TEMPFAIL);
	yard_remove(&y);
}
END_TEST

/* Nothing is decided anew where it isn't known what was decided. */
START_TEST(a_log_is_damaged)
{
	struct yard y;

	yard_make(&y);
	yard_put(&y, "a.json", event_line("10:00:00"), NULL);
	yard_scan(&y);
	yard_write(&y, "journal/n/decided-2026-05-12.1", event_line("10:00:00"), 64);
	ck_assert_int_eq(yard_scan_fails(&y), EX_DATAERR);
	yard_remove(&y);
}
END_TEST

/* Our own state fails: so does the run. */
START_TEST(copies_cannot_be_made)
{
	struct yard y;

	yard_make(&y);
	yard_write(&y, "state/observer_failed_events", "", 0);
	yard_put(&y, "a.json", "{", NULL);
	ck_assert_int_eq(yard_scan_fails(&y), EX_IOERR);
	yard_delete(&y, "a.json");
	yard_put(&y, "b.jsonl", "x\n", event_line("10:00:00"), NULL);
	ck_assert_int_eq(yard_scan_fails(&y), EX_IOERR);
	yard_put(&y, "b.jsonl", event_line("13:00:00"), NULL);
	yard_scan(&y);
	yard_put(&y, "b.jsonl", "x\n", event_line("10:00:00"), NULL);
	yard_decide(&y, "b.jsonl", VERDICT_READ, 66, 0);
	y.scan.now = time_at("14:00:00");
	ck_assert_int_eq(yard_scan_fails(&y), EX_IOERR);
	yard_remove(&y);
}
END_TEST

START_TEST(the_greatest_name)
{
	static const char *const names[] = {"b.json", "c.json", "a.json"};

	for (size_t first = 0; first < COUNT(names); first++) {
		struct yard y;

		yard_make(&y);
		for (size_t i = 0; i < COUNT(names); i++)
			yard_put(
			    &y, names[(first + i) % COUNT(names)], event_line("10:00:00"), NULL);
		yard_scan(&y);
		ck_assert_str_eq(yard_directory(&y)->top, "c.json");
		yard_remove(&y);
	}
}
END_TEST

/* What was a file and is another thing now keeps its verdict. */
START_TEST(a_file_becomes_a_fifo)
{
	struct yard y;

	yard_make(&y);
	yard_hide_types();
	yard_put(&y, "a.json", "{", NULL);
	yard_scan(&y);
	yard_delete(&y, "a.json");
	ck_assert_int_eq(mkfifoat(y.scan.root, EVENTS_DAY "a.json", 0644), 0);
	yard_scan(&y);
	ck_assert_uint_eq(y.looks, 0);
	yard_expect(&y, "a.json rejected 1\n; top a.json complete watched a.json");
	yard_remove(&y);
}
END_TEST

/* A rejected file goes between two looks, or changes within a tick of the clock. */
START_TEST(rejected_files_that_change)
{
	struct yard y;

	yard_make(&y);
	yard_freeze();
	yard_put(&y, "a.json", "{", NULL);
	yard_scan(&y);
	yard_scan(&y);
	ck_assert_uint_eq(y.looks, 0);
	yard_put(&y, "a.json", "{{", NULL);
	yard_scan(&y);
	ck_assert_uint_eq(y.looks, 1);
	yard_put(&y, "a.json", "{{{", NULL);
	yard_fail(YARD_OPEN, "a.json", ENOENT);
	yard_scan(&y);
	yard_expect(&y, "a.json rejected 2\n; complete");
	yard_remove(&y);
}
END_TEST

/* What is beyond a day's room waits: it isn't decided on, and of a .jsonl the rest
 * from there on isn't read. Rule: W4 */
START_TEST(a_day_is_full)
{
	struct yard y;

	yard_make(&y);
	y.scan.day_limit = 1; /* one row fits, and no second */
	yard_put(&y, "lines.jsonl", event_line("09:00:00"), event_line("09:30:00"), NULL);
	yard_scan(&y);
	yard_expect(&y,
	    "lines.jsonl read 64\n; newest 09:00:00 watched lines.jsonl\n"
	    "; consumed 1 unreadable 1\n; rows lines.jsonl@0-64");
	ck_assert_ptr_nonnull(strstr(yard_said(&y), "too many events of one day"));
	/* There is room now. */
	y.scan.day_limit = DAY_BYTES_MAX;
	yard_scan(&y);
	yard_expect(&y,
	    "lines.jsonl read 128\n"
	    "; top lines.jsonl complete newest 09:30:00 watched lines.jsonl\n"
	    "; consumed 1\n; rows lines.jsonl@0-64 lines.jsonl@64-128");
	yard_remove(&y);
}
END_TEST

/* A day with just its room's bytes is full; that is said once. */
START_TEST(a_day_is_just_full)
{
	struct yard y;
	char *said;

	yard_make(&y);
	yard_put(&y, "a.json", event_line("09:00:00"), NULL);
	yard_scan(&y);
	yard_put(&y, "b.json", event_line("09:10:00"), NULL);
	yard_put(&y, "c.json", event_line("09:20:00"), NULL);
	y.scan.day_limit = y.source->days[0].bytes;
	yard_scan(&y);
	yard_expect(&y,
	    "a.json event 09:00:00\n; top a.json newest 09:00:00\n; unreadable 2\n"
	    "; rows a.json");
	said = strstr(yard_said(&y), "too many events of one day");
	ck_assert_ptr_nonnull(said);
	ck_assert_ptr_null(strstr(said + 1, "too many events of one day"));
	y.scan.day_limit++;
	yard_delete(&y, "c.json");
	yard_scan(&y);
	yard_expect(&y,
	    "a.json event 09:00:00\nb.json event 09:10:00\n; top b.json complete newest 09:10:00\n"
	    "; consumed 1\n; rows a.json b.json");
	yard_remove(&y);
}
END_TEST

/* --- files that change ---------------------------------------------------------- */

START_TEST(rejected_files_are_watched)
{
	struct yard y;

	yard_make(&y);
	yard_put(&y, "a.json", "{", NULL);
	yard_put(&y, "z.json", event_line("10:00:00"), NULL);
	yard_scan(&y);
	yard_expect(&y,
	    "a.json rejected 1\nz.json event 10:00:00\n"
	    "; top z.json complete newest 10:00:00 watched a.json\n"
	    "; consumed 1 rejected 1\n; rows z.json");
	yard_scan(&y);
	ck_assert_uint_eq(y.looks, 0);
	ck_assert_uint_eq(yard_directory(&y)->watched_count, 1);
	/* Another size, then only another ctime. */
	yard_put(&y, "a.json", "{{", NULL);
	yard_scan(&y);
	ck_assert_uint_eq(y.looks, 1);
	yard_age(SECONDS(1));
	yard_scan(&y);
	ck_assert_uint_eq(y.looks, 1);
	yard_expect(&y,
	    "a.json rejected 2\nz.json event 10:00:00\n"
	    "; top z.json complete newest 10:00:00 watched a.json\n"
	    "; rejected 1\n; rows z.json");
	yard_put(&y, "a.json", event_line("09:00:00"), NULL);
	yard_scan(&y);
	yard_expect(&y,
	    "a.json event 09:00:00\nz.json event 10:00:00\n"
	    "; top z.json complete newest 10:00:00\n"
	    "; consumed 1\n; rows a.json z.json");
	ck_assert_int_eq(y.intake.oldest_new, time_at("09:00:00"));
	yard_remove(&y);
}
END_TEST

/* A decided event isn't opened again, whatever becomes of it. */
START_TEST(events_are_passed_over)
{
	struct yard y;

	yard_make(&y);
	yard_put(&y, "a.json", event_line("10:00:00"), NULL);
	yard_scan(&y);
	yard_put(&y, "a.json", "{", NULL);
	yard_fail(YARD_STAT, "a.json", EACCES);
	yard_scan(&y);
	ck_assert_uint_eq(y.looks, 0);
	ck_assert_uint_eq(y.intake.tally.unreadable, 0);
	yard_delete(&y, "a.json");
	yard_scan(&y);
	yard_expect(&y, "a.json event 10:00:00\n; complete newest 10:00:00\n; rows a.json");
	yard_remove(&y);
}
END_TEST

START_TEST(only_a_thousand_are_watched)
{
	struct yard y;
	char name[32];

	yard_make(&y);
	for (int i = 0; i < 1001; i++) {
		(void)snprintf(name, sizeof(name), "%04d.jsonl", i);
		yard_put(&y, name, "", NULL);
	}
	yard_scan(&y);
	ck_assert_uint_eq(yard_directory(&y)->watched_count, 1000);
	yard_remove(&y);
}
END_TEST

/* --- whether a directory is due ------------------------------------------------- */

static bool
is_due(struct yard *y)
{
	return directory_is_due(&y->intake, y->source, yard_directory(y));
}

START_TEST(a_directory_is_due)
{
	struct directory *d;
	struct yard y;

	yard_make(&y);
	yard_age(MINUTES(1));
	yard_put(&y, "a.json", "{", NULL);
	yard_put(&y, "b.jsonl", "", NULL);
	d = yard_directory(&y);
	ck_assert(is_due(&y));
	yard_scan(&y);
	ck_assert(!is_due(&y));
	d->pending = true;
	ck_assert(is_due(&y));
	d->exists = false;
	ck_assert(!is_due(&y));
	d->exists = true;
	d->pending = false;
	y.scan.rebuild = true;
	ck_assert(is_due(&y));
	y.scan.rebuild = false;
	d->held_until = y.scan.now;
	ck_assert(is_due(&y));
	d->held_until = y.scan.now + 1;
	ck_assert(!is_due(&y));
	d->listed -= MINUTES(61);
	ck_assert(is_due(&y));
	d->listed += MINUTES(61);
	ck_assert(!is_due(&y));
	yard_fail(YARD_STAT, "n", EACCES);
	ck_assert(is_due(&y));
	yard_fail(YARD_STAT, "b.jsonl", ENOENT);
	ck_assert(is_due(&y));
	yard_heal();
	ck_assert(!is_due(&y));
	yard_put(&y, "b.jsonl", event_line("10:00:00"), NULL);
	ck_assert(is_due(&y));
	yard_scan(&y);
	ck_assert(!is_due(&y));
	yard_put(&y, "a.json", "[]", NULL);
	ck_assert(is_due(&y));
	yard_remove(&y);
}
END_TEST

START_TEST(a_directory_without_a_date)
{
	struct yard y;

	yard_make(&y);
	y.date = NO_DATE;
	yard_put(&y, "a.json", event_line("10:00:00"), NULL);
	yard_scan(&y);
	yard_expect(&y,
	    "a.json event 10:00:00\n; top a.json complete newest 10:00:00\n"
	    "; consumed 1\n; rows a.json");
	yard_remove(&y);
}
END_TEST

/* --- gone, and back -------------------------------------------------------------- */

START_TEST(a_directory_that_is_gone)
{
	struct directory *d;
	struct yard y;

	yard_make(&y);
	yard_put(&y, "a.json", event_line("13:00:00"), NULL);
	yard_scan(&y);
	yard_expect(&y, "a.json held 12:55:00\n; held 1 until 12:55:00\n; held 1");
	ck_assert_int_eq(renameat(y.scan.root, "events/2026-05-12/n", y.scan.root, "elsewhere"), 0);
	yard_scan(&y);
	yard_expect(&y, "a.json held 12:55:00\n; gone unseen pending");
	ck_assert_int_eq(renameat(y.scan.root, "elsewhere", y.scan.root, "events/2026-05-12/n"), 0);
	/* Not before the tree was looked at. */
	yard_scan(&y);
	yard_expect(&y, "a.json held 12:55:00\n; gone unseen pending");
	d = yard_directory(&y);
	d->exists = d->seen = true;
	yard_scan(&y);
	yard_expect(&y, "a.json held 12:55:00\n; held 1 until 12:55:00");
	yard_remove(&y);
}
END_TEST

Suite *
scan_suite(void)
{
	Suite *suite = suite_create("scan");
	TCase *tcase = tcase_create("scan");

	tcase_set_timeout(tcase, 300); /* a thousand files, on a disk that may be busy */
	tcase_add_test(tcase, names_are_sorted_out);
	tcase_add_test(tcase, a_name_that_is_not_printable);
	tcase_add_test(tcase, a_run_is_interrupted);
	tcase_add_test(tcase, a_day_is_full);
	tcase_add_test(tcase, a_day_is_just_full);
	tcase_add_test(tcase, a_log_is_damaged);
	tcase_add_test(tcase, copies_cannot_be_made);
	tcase_add_test(tcase, the_greatest_name);
	tcase_add_test(tcase, a_file_becomes_a_fifo);
	tcase_add_test(tcase, rejected_files_that_change);
	tcase_add_test(tcase, rejected_files_are_watched);
	tcase_add_test(tcase, events_are_passed_over);
	tcase_add_test(tcase, only_a_thousand_are_watched);
	tcase_add_test(tcase, a_directory_is_due);
	tcase_add_test(tcase, a_directory_without_a_date);
	tcase_add_test(tcase, a_directory_that_is_gone);
	suite_add_tcase(suite, tcase);
	return suite;
}
