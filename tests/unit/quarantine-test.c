/* Copies of what was rejected. */

#include "yard.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define PLACE "state/observer_failed_events/n/"

static int
put(struct yard *y, const char *name, const char *text)
{
	struct error err = {0};
	int result = quarantine_put(&y->intake.quarantine, y->scan.state, y->source->name, name, -1,
	    text, strlen(text), "it's bad", &err);

	ck_assert_msg(result >= 0, "%s", err.text);
	return result;
}

/* The same of an open file. */
static int
put_file(struct yard *y, const char *name, const char *text, uint64_t length)
{
	int fd, result;

	yard_write(y, "rejected", text, strlen(text));
	fd = disk.open(y->scan.root, "rejected", O_RDONLY, 0);
	result = quarantine_put(&y->intake.quarantine, y->scan.state, y->source->name, name, fd,
	    NULL, length, "it's bad", NULL);
	(void)close(fd);
	return result;
}

static void
expect_copy(struct yard *y, const char *name, const char *text)
{
	cleanup_buffer struct buffer path = {0}, bytes = {0};

	buffer_text(&path, PLACE "%s", name);
	if (disk_read(y->scan.root, buffer_string(&path), 1 << 20, &bytes, NULL) < 0)
		ck_assert_msg(text == NULL, "there is no %s", name);
	else
		assert_text(buffer_string(&bytes), text == NULL ? "nothing" : text, name);
}

START_TEST(copies_and_reasons)
{
	struct stat st, again;
	struct yard y;

	yard_make(&y);
	ck_assert_int_eq(put(&y, "a.json", "one"), 0);
	expect_copy(&y, "a.json", "one");
	expect_copy(&y, "a.json.reason", "it's bad\n");
	ck_assert_int_eq(fstatat(y.scan.root, PLACE "a.json", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0640);
	/* The same again, and not written again; another one, one of the same length. */
	ck_assert_int_eq(put(&y, "a.json", "one"), 0);
	expect_copy(&y, "a.json.2", NULL);
	ck_assert_int_eq(fstatat(y.scan.root, PLACE "a.json", &again, 0), 0);
	ck_assert_uint_eq(st.st_ino, again.st_ino);
	ck_assert_int_eq(put(&y, "a.json", "other"), 0);
	ck_assert_int_eq(put(&y, "a.json", "two"), 0);
	ck_assert_int_eq(put_file(&y, "a.json", "two", 3), 0);
	ck_assert_int_eq(put_file(&y, "a.json", "six", 3), 0);
	expect_copy(&y, "a.json.2", "other");
	expect_copy(&y, "a.json.2.reason", "it's bad\n");
	expect_copy(&y, "a.json.3", "two");
	expect_copy(&y, "a.json.4", "six");
	expect_copy(&y, "a.json.5", NULL);
	ck_assert_uint_eq(y.intake.quarantine.files, 4);
	ck_assert_uint_eq(y.intake.quarantine.bytes, 3 + 5 + 3 + 3);
	yard_remove(&y);
}
END_TEST

START_TEST(names_are_escaped)
{
	char name[256], expected[512], *end = expected;
	struct yard y;

	yard_make(&y);
	ck_assert_int_eq(put(&y, "plain % name", "1"), 0);
	expect_copy(&y, "plain % name", "1");
	ck_assert_int_eq(put(&y, "a b%c\x01\x7f\xc3~!.json", "1"), 0);
	expect_copy(&y, "a%20b%25c%01%7F%C3~!.json", "1");
	memset(name, '\n', 255);
	name[255] = '\0';
	for (int i = 0; i < 40; i++)
		end += sprintf(end, "%%0A");
	ck_assert_int_eq(put(&y, name, "1"), 0);
	expect_copy(&y, expected, "1");
	/* Room for what's added. */
	ck_assert_int_eq(put(&y, name, "2"), 0);
	strcat(expected, ".2");
	expect_copy(&y, expected, "2");
	strcat(expected, ".reason");
	expect_copy(&y, expected, "it's bad\n");
	yard_remove(&y);
}
END_TEST

/* What is there already isn't followed, and isn't written over. */
START_TEST(links_are_not_followed)
{
	struct yard y;

	yard_make(&y);
	yard_write(&y, PLACE "b", "one", 3);
	ck_assert_int_eq(symlinkat("b", y.scan.root, PLACE "a.json"), 0);
	ck_assert_int_eq(put(&y, "a.json", "one"), 0);
	expect_copy(&y, "a.json.2", "one");
	yard_write(&y, PLACE "c.reason", "other\n", 6);
	ck_assert_int_eq(put(&y, "c", "one"), 0);
	expect_copy(&y, "c.reason", "other\n");
	yard_remove(&y);
}
END_TEST

/* 1,000 files and 100 MiB, reasons and what's in the making left aside. */
START_TEST(there_is_room_for_so_much)
{
	char name[64];
	struct yard y;

	yard_make(&y);
	for (int i = 0; i < 997; i++) {
		(void)snprintf(name, sizeof(name), PLACE "%d", i);
		yard_write(&y, name, "", 0);
	}
	yard_write(&y, PLACE "long-name", "", 0);
	yard_write(&y, PLACE "0.reason", "reason", 6);
	yard_write(&y, PLACE ".0.new", "new", 3);
	yard_write(&y, PLACE "reason", "xy", 2);
	ck_assert_int_eq(put(&y, "a", "one"), 0);
	expect_copy(&y, "a", "one");
	ck_assert_uint_eq(y.intake.quarantine.files, 1000);
	ck_assert_uint_eq(y.intake.quarantine.bytes, 6 + 2 + 3);
	ck_assert_int_eq(put(&y, "b", "two"), 0);
	expect_copy(&y, "b", NULL);
	/* Counted anew by another run: none that is new, the reason of an old one. */
	y.intake.quarantine = (struct quarantine){0};
	ck_assert_int_eq(put(&y, "c", "one"), 0);
	expect_copy(&y, "c", NULL);
	expect_copy(&y, "c.reason", NULL);
	/* Whether it's there already can't be told: it isn't passed over for good. */
	y.intake.quarantine = (struct quarantine){0};
	yard_fail(YARD_READ, "rejected", EIO);
	ck_assert_int_eq(put_file(&y, "a", "one", 3), 1);
	yard_heal();
	/* How much another source has doesn't matter. */
	y.intake.quarantine = (struct quarantine){.source = "other", .files = 1000};
	ck_assert_int_eq(unlinkat(y.scan.root, PLACE "5", 0), 0);
	ck_assert_int_eq(put(&y, "d", "one"), 0);
	expect_copy(&y, "d", "one");
	y.intake.quarantine = (struct quarantine){0};
	ck_assert_int_eq(unlinkat(y.scan.root, PLACE "a.reason", 0), 0);
	ck_assert_int_eq(put(&y, "a", "one"), 0);
	expect_copy(&y, "a.reason", "it's bad\n");
	yard_remove(&y);
}
END_TEST

START_TEST(there_is_room_for_so_many_bytes)
{
	static const struct {
		uint64_t there, more;
		bool fits;
	} cases[] = {{0, 100 << 20, true}, {0, (100 << 20) + 1, false}, {1, 100 << 20, false},
	    {50 << 20, 50 << 20, true}, {50 << 20, (50 << 20) + 1, false}, {1, UINT64_MAX, false}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct yard y;

		yard_make(&y);
		ck_assert_int_eq(put(&y, "a", "x"), 0);
		ck_assert_uint_eq(y.intake.quarantine.bytes, 1);
		y.intake.quarantine.bytes = cases[i].there;
		/* Of a file that's shorter by now. */
		ck_assert_int_eq(put_file(&y, "b", "short", cases[i].more), 0);
		expect_copy(&y, "b", cases[i].fits ? "short" : NULL);
		yard_remove(&y);
	}
}
END_TEST

/* Where the file can't be read there's no copy of a part of it; where the copy
 * can't, that's an error of ours. */
START_TEST(what_cannot_be_read)
{
	struct error err = {0};
	struct yard y;

	yard_make(&y);
	yard_fail(YARD_READ, "rejected", EIO);
	ck_assert_int_eq(put_file(&y, "a", "one", 3), 1);
	expect_copy(&y, "a", NULL);
	expect_copy(&y, ".a.new", NULL);
	yard_heal();
	ck_assert_int_eq(put(&y, "a", "one"), 0);
	yard_fail(YARD_READ, "rejected", EIO);
	ck_assert_int_eq(put_file(&y, "a", "one", 3), 1);
	yard_fail(YARD_READ, "a", EIO);
	ck_assert_int_eq(put_file(&y, "a", "one", 3), -1);
	yard_fail(YARD_OPEN, "a", EACCES);
	ck_assert_int_eq(
	    quarantine_put(&y.intake.quarantine, y.scan.state, "n", "a", -1, "one", 3, "", &err),
	    -1);
	yard_fail(YARD_FSTAT, "a", EIO);
	ck_assert_int_eq(put_file(&y, "a", "one", 3), -1);
	yard_fail(YARD_STAT, "a", EIO);
	ck_assert_int_eq(put_file(&y, "a", "one", 3), -1);
	/* A copy that's shorter by then is another one, if the file can be read. */
	yard_fail(YARD_READ, "a", 0);
	ck_assert_int_eq(quarantine_put(&y.intake.quarantine, y.scan.state, y.source->name, "a", -1,
			     NULL, 3, "", &err),
	    1);
	ck_assert_int_eq(put_file(&y, "a", "one", 3), 0);
	expect_copy(&y, "a.2", "one");
	yard_heal();
	/* Shorter than it was when it was looked at. */
	ck_assert_int_eq(put_file(&y, "b", "one", 3), 0);
	ck_assert_int_eq(put_file(&y, "b", "o", 3), 0);
	expect_copy(&y, "b.2", "o");
	ck_assert_int_eq(put_file(&y, "b", "", 3), 0);
	expect_copy(&y, "b.3", "");
	/* Only a beginning of what is there. */
	ck_assert_int_eq(put(&y, "c", "longer"), 0);
	ck_assert_int_eq(put(&y, "c", "lo"), 0);
	expect_copy(&y, "c.2", "lo");
	ck_assert_int_eq(put(&y, "c", "long"), 0);
	expect_copy(&y, "c.3", "long");
	yard_remove(&y);
}
END_TEST

/* Bytes beyond one piece count, too. */
START_TEST(long_copies_are_compared)
{
	cleanup_buffer struct buffer text = {0};
	struct yard y;

	yard_make(&y);
	for (int i = 0; i < 70000; i++)
		buffer_add(&text, "x", 1);
	(void)buffer_string(&text);
	ck_assert_int_eq(put_file(&y, "a", (char *)text.data, 70000), 0);
	ck_assert_int_eq(put_file(&y, "a", (char *)text.data, 70000), 0);
	ck_assert_int_eq(put(&y, "a", (char *)text.data), 0);
	expect_copy(&y, "a", (char *)text.data);
	expect_copy(&y, "a.2", NULL);
	text.data[69999] = 'y';
	ck_assert_int_eq(put_file(&y, "a", (char *)text.data, 70000), 0);
	expect_copy(&y, "a.2", (char *)text.data);
	ck_assert_int_eq(put(&y, "a", (char *)text.data), 0);
	expect_copy(&y, "a.3", NULL);
	yard_remove(&y);
}
END_TEST

/* No more is copied than there was room for, by pieces. */
START_TEST(what_has_grown_is_cut)
{
	enum { PIECE = 65536 };
	cleanup_buffer struct buffer text = {0};
	struct stat st;
	struct yard y;

	yard_make(&y);
	for (int i = 0; i < PIECE + 10; i++)
		buffer_add(&text, "x", 1);
	(void)buffer_string(&text);
	ck_assert_int_eq(put_file(&y, "a", (char *)text.data, PIECE), 0);
	ck_assert_int_eq(fstatat(y.scan.root, PLACE "a", &st, 0), 0);
	ck_assert_int_eq(st.st_size, PIECE);
	/* A beginning of what is there is another one, however long. */
	ck_assert_int_eq(put_file(&y, "b", (char *)text.data, PIECE + 10), 0);
	ck_assert_int_eq(put_file(&y, "b", (char *)text.data, PIECE), 0);
	ck_assert_int_eq(fstatat(y.scan.root, PLACE "b.2", &st, 0), 0);
	ck_assert_int_eq(st.st_size, PIECE);
	yard_remove(&y);
}
END_TEST

/* The copy, then the names of the directories above, where it may be the first. */
START_TEST(copies_are_durable)
{
	for (unsigned syncs = 0; syncs < 4; syncs++) {
		struct error err = {0};
		struct yard y;

		yard_make(&y);
		yard_fail_later(YARD_FSYNC, ".", EIO, syncs);
		ck_assert_int_eq(quarantine_put(&y.intake.quarantine, y.scan.state, y.source->name,
				     "a", -1, "one", 3, "it's bad", &err),
		    syncs < 3 ? -1 : 0);
		yard_remove(&y);
	}
}
END_TEST

Suite *
quarantine_suite(void)
{
	Suite *suite = suite_create("quarantine");
	TCase *tcase = tcase_create("quarantine");

	tcase_set_timeout(tcase, 300); /* a thousand files, on a disk that may be busy */
	tcase_add_test(tcase, copies_and_reasons);
	tcase_add_test(tcase, names_are_escaped);
	tcase_add_test(tcase, links_are_not_followed);
	tcase_add_test(tcase, there_is_room_for_so_much);
	tcase_add_test(tcase, there_is_room_for_so_many_bytes);
	tcase_add_test(tcase, what_cannot_be_read);
	tcase_add_test(tcase, long_copies_are_compared);
	tcase_add_test(tcase, what_has_grown_is_cut);
	tcase_add_test(tcase, copies_are_durable);
	suite_add_tcase(suite, tcase);
	return suite;
}
