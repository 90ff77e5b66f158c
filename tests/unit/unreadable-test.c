/* An event directory that can't be read, or not all of it. */

#include "yard.h"

#include <homelab/message.h>

#include <errno.h>
#include <string.h>

/* Rule: T4 */
START_TEST(what_waits_is_told_to_who_asks)
{
	struct yard y;

	yard_make(&y);
	yard_put(&y, "b.json", event_line("11:00:00"), NULL);
	yard_fail(YARD_OPEN, "b.json", EACCES);
	yard_scan(&y);
	ck_assert_str_eq(yard_said(&y), "");
	message_set_level(MESSAGE_VERBOSE);
	yard_scan(&y);
	message_set_level(MESSAGE_NOTICE);
	ck_assert_ptr_nonnull(
	    strstr(yard_said(&y), "events/2026-05-12/n/b.json: cannot read: Permission denied\n"));
	yard_remove(&y);
}
END_TEST

/* Whatever fails, the file or directory waits, and is read as soon as it can be. */
START_TEST(what_cannot_be_read_waits)
{
	static const struct {
		enum yard_call call;
		const char *name;
		int error;
		const char *left;
	} cases[] = {
	    {YARD_OPEN, "b.json", EACCES,
		"a.json event 10:00:00\nc.json event 10:00:00\n; top a.json pending "
		"newest 10:00:00\n; consumed 2 unreadable 1\n; rows a.json c.json"},
	    {YARD_FSTAT, "b.json", EIO,
		"a.json event 10:00:00\nc.json event 10:00:00\n; top a.json pending "
		"newest 10:00:00\n; consumed 2 unreadable 1\n; rows a.json c.json"},
	    {YARD_READ, "b.json", EIO,
		"a.json event 10:00:00\nc.json event 10:00:00\n; top a.json pending "
		"newest 10:00:00\n; consumed 2 unreadable 1\n; rows a.json c.json"},
	    {YARD_OPEN, "b.json", ENOENT,
		"a.json event 10:00:00\nc.json event 10:00:00\n; top c.json complete "
		"newest 10:00:00\n; consumed 2\n; rows a.json c.json"},
	    {YARD_OPEN, "b.json", ELOOP,
		"a.json event 10:00:00\nc.json event 10:00:00\n; top c.json complete "
		"newest 10:00:00\n; consumed 2 ignored 1\n; rows a.json c.json"},
	    {YARD_OPEN, "b.json", EMLINK,
		"a.json event 10:00:00\nc.json event 10:00:00\n; top c.json complete "
		"newest 10:00:00\n; consumed 2 ignored 1\n; rows a.json c.json"},
	    {YARD_OPEN, "b.json", ENXIO,
		"a.json event 10:00:00\nc.json event 10:00:00\n; top c.json complete "
		"newest 10:00:00\n; consumed 2 ignored 1\n; rows a.json c.json"},
	    {YARD_LIST, "", EMFILE, "; pending\n; unreadable 1"},
	    {YARD_NEXT, "", EIO, "; pending\n; unreadable 1"},
	    {YARD_FSTAT, "n", EIO, "; pending\n; unreadable 1"},
	    {YARD_OPEN, "n", EACCES, "; pending\n; unreadable 1"},
	    {YARD_OPEN, "2026-05-12", EACCES, "; pending\n; unreadable 1"},
	    {YARD_OPEN, "events", EACCES, "; pending\n; unreadable 1"},
	    {YARD_OPEN, "events", ENOENT, "; gone unseen pending"},
	    {YARD_OPEN, "n", ENOENT, "; gone unseen pending"},
	    {YARD_OPEN, "2026-05-12", ENOENT, "; gone unseen pending"},
	    {YARD_OPEN, "n", ENOTDIR, "; gone unseen pending"},
	    {YARD_OPEN, "n", ELOOP, "; gone unseen pending"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct yard y;

		yard_make(&y);
		yard_age(MINUTES(1));
		yard_put(&y, "a.json", event_line("10:00:00"), NULL);
		yard_put(&y, "b.json", event_line("11:00:00"), NULL);
		yard_put(&y, "c.json", event_line("10:00:00"), NULL);
		yard_fail(cases[i].call, cases[i].name, cases[i].error);
		yard_scan(&y);
		yard_expect(&y, cases[i].left);
		/* What is complete holds; only it isn't looked at again. */
		ck_assert_int_eq(yard_directory(&y)->listed == TIMESTAMP_NONE,
		    strstr(cases[i].left, "pending") != NULL);
		yard_heal();
		yard_directory(&y)->exists = yard_directory(&y)->seen = true;
		yard_scan(&y);
		yard_expect(&y,
		    strstr(cases[i].left, "a.json") == NULL ?
			"a.json event 10:00:00\nb.json event 11:00:00\nc.json event 10:00:00\n"
			"; top c.json complete newest 11:00:00\n; consumed 3\n"
			"; rows a.json b.json c.json" :
			"a.json event 10:00:00\nb.json event 11:00:00\nc.json event 10:00:00\n"
			"; top c.json complete newest 11:00:00\n; consumed 1\n"
			"; rows a.json b.json c.json");
		ck_assert_int_ne(yard_directory(&y)->listed, TIMESTAMP_NONE);
		yard_remove(&y);
	}
}
END_TEST

/* An old verdict stays where its file can't be looked at. */
START_TEST(a_watched_file_that_cannot_be_read)
{
	static const int errors[] = {EACCES, ENOENT};

	for (size_t i = 0; i < COUNT(errors); i++) {
		struct yard y;

		yard_make(&y);
		yard_put(&y, "a.json", event_line("10:00:00"), NULL);
		yard_put(&y, "b.json", "{", NULL);
		yard_put(&y, "c.json", event_line("10:00:00"), NULL);
		yard_scan(&y);
		yard_fail(YARD_STAT, "b.json", errors[i]);
		yard_scan(&y);
		yard_expect(&y,
		    errors[i] == EACCES ?
			"a.json event 10:00:00\nb.json rejected 1\nc.json event 10:00:00\n"
			"; top a.json pending newest 10:00:00\n; unreadable 1\n"
			"; rows a.json c.json" :
			"a.json event 10:00:00\nb.json rejected 1\nc.json event 10:00:00\n"
			"; top c.json complete newest 10:00:00\n; rows a.json c.json");
		yard_remove(&y);
	}
}
END_TEST

/* What was readable once and isn't any more: nothing below is said to be decided. */
START_TEST(a_directory_that_becomes_unreadable)
{
	struct yard y;

	yard_make(&y);
	yard_put(&y, "a.json", event_line("10:00:00"), NULL);
	yard_put(&y, "b.jsonl", "", NULL);
	yard_scan(&y);
	yard_fail(YARD_NEXT, "", EIO);
	yard_scan(&y);
	ck_assert_int_eq(yard_directory(&y)->listed, TIMESTAMP_NONE);
	ck_assert_uint_eq(yard_directory(&y)->identity.inode, 0);
	yard_expect(&y,
	    "a.json event 10:00:00\nb.jsonl read\n; pending newest 10:00:00\n"
	    "; unreadable 1\n; rows a.json");
	yard_heal();
	yard_scan(&y);
	yard_fail(YARD_OPEN, "n", EACCES);
	yard_scan(&y);
	yard_expect(&y,
	    "a.json event 10:00:00\nb.jsonl read\n"
	    "; pending newest 10:00:00 watched b.jsonl\n"
	    "; unreadable 1\n; rows a.json");
	yard_remove(&y);
}
END_TEST

/* The least name that waits is the one that counts. */
START_TEST(the_least_undecided_name)
{
	static const char *const names[] = {"b.json", "d.json", "c.json", "a.json", "e.json"};
	struct yard y;

	yard_make(&y);
	for (size_t i = 0; i < COUNT(names); i++)
		yard_put(&y, names[i], "{", NULL);
	yard_put(&y, "0.json", event_line("10:00:00"), NULL);
	yard_put(&y, "a5.json", event_line("10:00:00"), NULL);
	yard_put(&y, "f.json", event_line("10:00:00"), NULL);
	y.scan.settle = HOURS(1);
	yard_scan(&y);
	yard_expect(&y,
	    "0.json event 10:00:00\na5.json event 10:00:00\nf.json event 10:00:00\n"
	    "; top 0.json pending newest 10:00:00\n; consumed 3\n"
	    "; rows 0.json a5.json f.json");
	yard_remove(&y);
}
END_TEST

Suite *
unreadable_suite(void)
{
	Suite *suite = suite_create("unreadable");
	TCase *tcase = tcase_create("unreadable");

	tcase_add_test(tcase, what_cannot_be_read_waits);
	tcase_add_test(tcase, what_waits_is_told_to_who_asks);
	tcase_add_test(tcase, a_watched_file_that_cannot_be_read);
	tcase_add_test(tcase, a_directory_that_becomes_unreadable);
	tcase_add_test(tcase, the_least_undecided_name);
	suite_add_tcase(suite, tcase);
	return suite;
}
