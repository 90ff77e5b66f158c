/* A rebuild: what is there is read again, what isn't stays decided. */

#include "yard.h"

#include <string.h>

START_TEST(what_is_there_is_read_again)
{
	struct yard y;

	yard_make(&y);
	yard_put(&y, "a.json", event_line("10:00:00"), NULL);
	yard_put(&y, "b.json", "{", NULL);
	yard_put(&y, "c.jsonl", event_line("09:00:00"), "x\n", event_line("12:20:00"), NULL);
	yard_put(&y, "h.json", event_line("12:10:00"), NULL);
	yard_scan(&y);
	yard_rebuild(&y);
	ck_assert_uint_eq(y.looks, 4);
	yard_expect(&y,
	    "a.json event 10:00:00\nb.json rejected 1\nc.jsonl read 130\n"
	    "c.jsonl/64 rejected\nc.jsonl/66 held 12:15:00\nh.json held 12:05:00\n"
	    "; top b.json held 2 until 12:05:00 newest 10:00:00 watched b.json c.jsonl\n"
	    "; consumed 2 rejected 2\n; rows a.json c.jsonl@0-64");
	yard_remove(&y);
}
END_TEST

START_TEST(what_is_gone_stays_decided)
{
	struct yard y;

	yard_make(&y);
	yard_decide(&y, "a.json", VERDICT_EVENT, 0, time_at("10:00:00"));
	yard_decide(&y, "b.json", VERDICT_REJECTED, 1, 1);
	yard_decide(&y, "c.jsonl", VERDICT_READ, 192, 0);
	yard_decide(&y, "c.jsonl/64", VERDICT_REJECTED, 0, 0);
	yard_decide(&y, "c.jsonl/128", VERDICT_EVENT, 0, time_at("11:00:00"));
	yard_decide(&y, "c.jsonl/160", VERDICT_HELD, 0, time_at("12:10:00"));
	yard_decide(&y, "h.json", VERDICT_HELD, 0, time_at("12:10:00"));
	yard_decide(&y, "s.jsonl", VERDICT_SHRUNK, 64, 0);
	yard_decide(&y, "u.json", VERDICT_UNPLACED, 0, time_at("01:00:00"));
	yard_put(&y, "z.json", event_line("10:00:00"), NULL);
	yard_rebuild(&y);
	yard_expect(&y,
	    "a.json event 10:00:00\nc.jsonl read 192\nc.jsonl/128 event 11:00:00\n"
	    "c.jsonl/160 held 12:10:00\nc.jsonl/64 held 12:00:00\ns.jsonl shrunk 64\nu.json "
	    "unplaced 01:00:00\n"
	    "z.json event 10:00:00\n; top z.json complete newest 10:00:00\n"
	    "; consumed 1\n; rows z.json\n"
	    "; carried 2026-05-12/n/a.json 2026-05-12/n/c.jsonl "
	    "2026-05-12/n/s.jsonl");
	yard_remove(&y);
}
END_TEST

/* A file that was gone when its directory was made anew: of what was read of it,
 * lines that were rejected or wait for their time are looked at when it's back. */
START_TEST(a_file_comes_back)
{
	const char *other =
	    "{\"timestamp\":\"2026-05-12T10:00:00Z\",\"node\":\"x\",\"type\":\"backup\"}\n";
	struct yard y;

	yard_make(&y);
	yard_decide(&y, "c.jsonl", VERDICT_READ, 256, 0);
	yard_decide(&y, "c.jsonl/64", VERDICT_REJECTED, 0, 0); /* for its node */
	yard_decide(&y, "c.jsonl/128", VERDICT_REJECTED, 0, 0);
	yard_decide(&y, "c.jsonl/192", VERDICT_HELD, 0, time_at("12:10:00"));
	yard_put(&y, "z.json", event_line("10:00:00"), NULL);
	yard_rebuild(&y);
	yard_put(&y, "c.jsonl", event_line("09:00:00"), event_line("10:01:00"), other,
	    event_line("12:15:00"), NULL);
	yard_scan(&y);
	yard_expect(&y,
	    "c.jsonl read 256\nc.jsonl/128 rejected\nc.jsonl/192 held 12:10:00\n"
	    "c.jsonl/64 event 10:01:00\nz.json event 10:00:00\n"
	    "; held 1 until 12:10:00 newest 10:01:00 watched c.jsonl\n"
	    "; consumed 1 rejected 1\n; rows c.jsonl@64-128 z.json\n"
	    "; carried 2026-05-12/n/c.jsonl");
	y.scan.now = time_at("12:10:00");
	yard_scan(&y);
	yard_expect(&y,
	    "c.jsonl read 256\nc.jsonl/128 rejected\nc.jsonl/192 event 12:15:00\n"
	    "c.jsonl/64 event 10:01:00\nz.json event 10:00:00\n"
	    "; top z.json complete newest 12:15:00 watched c.jsonl\n"
	    "; consumed 1\n; rows c.jsonl@192-256 c.jsonl@64-128 z.json\n"
	    "; carried 2026-05-12/n/c.jsonl");
	yard_remove(&y);
}
END_TEST

/* All rows of a directory that is gone. */
START_TEST(a_directory_is_gone)
{
	struct yard y;

	yard_make(&y);
	yard_decide(&y, "a.json", VERDICT_EVENT, 0, time_at("10:00:00"));
	yard_decide(&y, "h.json", VERDICT_HELD, 0, time_at("12:10:00"));
	yard_decide(&y, "s.jsonl", VERDICT_SHRUNK, 64, 0);
	yard_rebuild(&y);
	yard_expect(&y,
	    "a.json event 10:00:00\ns.jsonl shrunk 64\n; gone unseen pending\n"
	    "; carried 2026-05-12/n/ 2026-05-12/n/s.jsonl");
	yard_remove(&y);
}
END_TEST

/* Unplaced and shrunk for ever, also where they could be read. */
START_TEST(what_is_not_read_again)
{
	struct yard y;

	yard_make(&y);
	yard_decide(&y, "s.jsonl", VERDICT_SHRUNK, 64, 0);
	yard_decide(&y, "u.json", VERDICT_UNPLACED, 0, time_at("01:00:00"));
	yard_put(&y, "s.jsonl", event_line("10:00:00"), NULL);
	yard_put(&y, "u.json", event_line("10:00:00"), NULL);
	yard_rebuild(&y);
	ck_assert_uint_eq(y.looks, 0);
	yard_expect(&y,
	    "s.jsonl shrunk 64\nu.json unplaced 01:00:00\n"
	    "; top u.json complete watched s.jsonl\n; carried 2026-05-12/n/s.jsonl");
	yard_remove(&y);
}
END_TEST

/* Lines: unplaced ones stay so, held ones are counted once. */
START_TEST(lines_are_read_again)
{
	struct yard y;

	yard_make(&y);
	yard_decide(&y, "c.jsonl", VERDICT_READ, 192, 0);
	yard_decide(&y, "c.jsonl/0", VERDICT_REJECTED, 0, 0);
	yard_decide(&y, "c.jsonl/64", VERDICT_UNPLACED, 0, time_at("10:01:00"));
	yard_decide(&y, "c.jsonl/128", VERDICT_HELD, 0, time_at("12:10:00"));
	yard_put(&y, "c.jsonl", event_line("10:00:00"), event_line("10:01:00"),
	    event_line("12:15:00"), event_line("12:20:00"), NULL);
	yard_rebuild(&y);
	yard_expect(&y,
	    "c.jsonl read 256\nc.jsonl/0 event 10:00:00\nc.jsonl/128 held 12:10:00\nc.jsonl/192 "
	    "held 12:15:00\n"
	    "c.jsonl/64 unplaced 10:01:00\n"
	    "; held 2 until 12:10:00 newest 10:00:00 watched c.jsonl\n"
	    "; consumed 1 held 1\n; rows c.jsonl@0-64");
	yard_remove(&y);
}
END_TEST

/* Where a file is there, what was rejected in it waits for nothing. */
START_TEST(a_line_is_no_event_any_more)
{
	struct yard y;

	yard_make(&y);
	yard_decide(&y, "c.jsonl", VERDICT_READ, 66, 0);
	yard_decide(&y, "c.jsonl/64", VERDICT_REJECTED, 0, 0);
	yard_put(&y, "c.jsonl", event_line("10:00:00"), " \n", NULL);
	yard_rebuild(&y);
	yard_scan(&y);
	yard_expect(&y,
	    "c.jsonl read 66\n; top c.jsonl complete newest 10:00:00 watched c.jsonl\n"
	    "; rows c.jsonl@0-64");
	yard_remove(&y);
}
END_TEST

/* What was taken once is taken again, whatever the time is now and whatever came
 * since; not where the base stands for it. */
START_TEST(what_was_taken_is_taken)
{
	for (int told = 0; told < 2; told++) {
		struct yard y;

		yard_make(&y);
		y.told = told;
		yard_decide(&y, "a.json", VERDICT_EVENT, 0, time_at("13:00:00"));
		yard_decide(&y, "c.jsonl", VERDICT_READ, 64, 0);
		yard_put(&y, "a.json", event_line("13:00:00"), NULL);
		yard_put(&y, "c.jsonl", event_line("13:00:00"), event_line("13:00:00"), NULL);
		yard_rebuild(&y);
		/* Rows tell of each line: of one that has none nothing is known. */
		yard_expect(&y,
		    told ? "a.json event 13:00:00\nc.jsonl read 128\nc.jsonl/0 held 12:55:00\n"
			   "c.jsonl/64 held 12:55:00\n"
			   "; top a.json held 2 until 12:55:00 newest 13:00:00 watched c.jsonl\n"
			   "; consumed 1 held 2\n; rows a.json" :
			   "a.json event 13:00:00\nc.jsonl read 128\nc.jsonl/64 held 12:55:00\n"
			   "; top a.json held 1 until 12:55:00 newest 13:00:00 watched c.jsonl\n"
			   "; consumed 2 held 1\n; rows a.json c.jsonl@0-64");
		yard_remove(&y);
	}
}
END_TEST

START_TEST(what_was_too_late)
{
	struct yard y;

	yard_make(&y);
	y.scan.now = y.intake.newest = time_at("200d00:00:00");
	y.intake.base = time_at("10:00:00");
	yard_decide(&y, "a.json", VERDICT_EVENT, 0, time_at("10:00:00"));
	yard_decide(&y, "c.jsonl", VERDICT_READ, 64, 0);
	yard_put(&y, "a.json", event_line("10:00:00"), NULL);
	yard_put(&y, "c.jsonl", event_line("10:00:00"), event_line("10:00:00"), NULL);
	yard_rebuild(&y);
	yard_expect(&y,
	    "a.json event 10:00:00\nc.jsonl read 128\nc.jsonl/64 unplaced 10:00:00\n"
	    "; top c.jsonl complete newest 10:00:00 watched c.jsonl\n"
	    "; consumed 2 unplaced 1\n; rows a.json c.jsonl@0-64");
	/* A base. */
	y.intake.base = time_at("10:00:01");
	yard_rebuild(&y);
	yard_expect(&y,
	    "a.json event 10:00:00\nc.jsonl read 128\nc.jsonl/0 event 10:00:00\n"
	    "c.jsonl/64 unplaced 10:00:00\n; top c.jsonl complete watched c.jsonl");
	ck_assert_uint_eq(y.source->day_count, 0);
	yard_remove(&y);
}
END_TEST

/* Of a node that isn't ours any more: the row is kept. Nothing is known of the
 * rest, which is rejected. */
START_TEST(another_nodes_events)
{
	const char *other =
	    "{\"timestamp\":\"2026-05-12T10:00:00Z\",\"node\":\"x\",\"type\":\"backup\"}\n";
	struct yard y;

	yard_make(&y);
	yard_decide(&y, "a.json", VERDICT_EVENT, 0, time_at("10:00:00"));
	yard_decide(&y, "b.json", VERDICT_REJECTED, 1, 1);
	yard_decide(&y, "c.jsonl", VERDICT_READ, 64, 0);
	yard_decide(&y, "d.json", VERDICT_EVENT, 0, time_at("10:00:00"));
	yard_put(&y, "a.json", other, NULL);
	yard_put(&y, "b.json", other, NULL);
	yard_put(&y, "c.jsonl", other, other, NULL);
	yard_put(&y, "d.json", "{", NULL);
	yard_rebuild(&y);
	yard_expect(&y,
	    "a.json event\nb.json rejected 64\nc.jsonl read 128\nc.jsonl/64 rejected\n"
	    "d.json rejected 1\n"
	    "; top d.json complete watched b.json c.jsonl d.json\n"
	    "; rejected 3\n; carried 2026-05-12/n/a.json 2026-05-12/n/c.jsonl@0");
	yard_remove(&y);

	/* Where nothing is rebuilt there is nothing to be kept. */
	yard_make(&y);
	yard_put(&y, "a.json", other, NULL);
	yard_decide(&y, "c.jsonl", VERDICT_READ, 64, 0);
	yard_put(&y, "c.jsonl", other, other, NULL);
	yard_scan(&y);
	yard_expect(&y,
	    "a.json rejected 64\nc.jsonl read 128\nc.jsonl/64 rejected\n"
	    "; top c.jsonl complete watched a.json c.jsonl\n; rejected 2");
	yard_remove(&y);
}
END_TEST

Suite *
carried_suite(void)
{
	Suite *suite = suite_create("carried");
	TCase *tcase = tcase_create("carried");

	tcase_add_test(tcase, what_is_there_is_read_again);
	tcase_add_test(tcase, what_is_gone_stays_decided);
	tcase_add_test(tcase, a_file_comes_back);
	tcase_add_test(tcase, a_directory_is_gone);
	tcase_add_test(tcase, what_is_not_read_again);
	tcase_add_test(tcase, lines_are_read_again);
	tcase_add_test(tcase, a_line_is_no_event_any_more);
	tcase_add_test(tcase, what_was_taken_is_taken);
	tcase_add_test(tcase, what_was_too_late);
	tcase_add_test(tcase, another_nodes_events);
	suite_add_tcase(suite, tcase);
	return suite;
}
