#include "support.h"

#include <homelab/unsynced.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

enum { MANY = 70 }; /* more than are open at once */

static struct {
	struct disk_calls real;
	unsigned writes, syncs, writes_at_first_sync;
	unsigned fail_sync; /* which of them fails, from 1 on */
	int open, most_open;
} spy;

static int
spy_open(int dir, const char *path, int flags, mode_t mode)
{
	int fd = spy.real.open(dir, path, flags, mode);

	spy.open += fd >= 0;
	if (spy.open > spy.most_open)
		spy.most_open = spy.open;
	return fd;
}

static ssize_t
spy_write(int fd, const void *data, size_t length, off_t at)
{
	spy.writes++;
	return spy.real.write(fd, data, length, at);
}

static int
spy_fsync(int fd)
{
	if (spy.syncs++ == 0)
		spy.writes_at_first_sync = spy.writes;
	errno = EIO;
	return spy.syncs == spy.fail_sync ? -1 : spy.real.fsync(fd);
}

static int
spy_close(int fd)
{
	spy.open--;
	return spy.real.close(fd);
}

struct files {
	struct scratch scratch;
	struct unsynced unsynced;
	struct error error;
};

static void
files_make(struct files *f)
{
	*f = (struct files){0};
	scratch_make(&f->scratch);
	memset(&spy, 0, sizeof(spy));
	spy.real = disk;
	disk.open = spy_open;
	disk.write = spy_write;
	disk.fsync = spy_fsync;
	disk.close = spy_close;
	disk.parallel = false;
}

static void
files_remove(struct files *f)
{
	unsynced_release(&f->unsynced);
	disk = spy.real;
	scratch_remove(&f->scratch);
}

static int
dir_of(const struct files *f)
{
	return f->scratch.store.fd;
}

static void
expect_file(const struct files *f, const char *path, const char *text)
{
	cleanup_buffer struct buffer is = {0};
	int found = disk_read(dir_of(f), path, 100, &is, NULL);

	ck_assert_msg((found == 0) == (text != NULL), "%s", path);
	if (text != NULL)
		assert_text(buffer_string(&is), text, path);
}

static void
create_many(struct files *f)
{
	char name[16];

	for (int i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		ck_assert_int_eq(
		    unsynced_create(&f->unsynced, dir_of(f), name, "x", 1, &f->error), 0);
	}
}

START_TEST(all_are_written_before_any_is_waited_for)
{
	struct files f;

	files_make(&f);
	create_many(&f);
	ck_assert_uint_eq(spy.syncs, 0);
	ck_assert_int_eq(unsynced_sync(&f.unsynced, &f.error), 0);
	ck_assert_uint_eq(spy.writes_at_first_sync, MANY);
	ck_assert_uint_eq(spy.syncs, MANY);
	ck_assert_int_eq(spy.open, 0);
	ck_assert_int_le(spy.most_open, 32);
	files_remove(&f);
}
END_TEST

START_TEST(the_old_file_is_whole_until_the_new_one_takes_its_place)
{
	struct files f;

	files_make(&f);
	ck_assert_int_eq(disk_create_unsynced(dir_of(&f), "a", "old", 3, 0644, &f.error), 0);
	ck_assert_int_eq(unsynced_replace(&f.unsynced, dir_of(&f), "a", "new", 3, &f.error), 0);
	ck_assert_int_eq(unsynced_sync(&f.unsynced, &f.error), 0);
	expect_file(&f, "a", "old");
	ck_assert_int_eq(unsynced_rename(&f.unsynced, dir_of(&f), "a", &f.error), 0);
	expect_file(&f, "a", "new");
	unsynced_release(&f.unsynced);
	expect_file(&f, "a", "new");
	expect_file(&f, ".a.new", NULL);
	files_remove(&f);
}
END_TEST

START_TEST(what_has_not_replaced_a_file_is_removed)
{
	struct files f;

	files_make(&f);
	ck_assert_int_eq(disk_create_unsynced(dir_of(&f), "a", "old", 3, 0644, &f.error), 0);
	ck_assert_int_eq(unsynced_replace(&f.unsynced, dir_of(&f), "a", "new", 3, &f.error), 0);
	expect_file(&f, ".a.new", "new");
	unsynced_release(&f.unsynced);
	expect_file(&f, "a", "old");
	expect_file(&f, ".a.new", NULL);
	files_remove(&f);
}
END_TEST

START_TEST(what_others_wrote_is_synced_too)
{
	struct files f;

	files_make(&f);
	ck_assert_int_eq(disk_append(dir_of(&f), "log", 0, "line", 4, &f.error), 0);
	unsynced_add(&f.unsynced, dir_of(&f), "log");
	ck_assert_int_eq(unsynced_sync(&f.unsynced, &f.error), 0);
	ck_assert_uint_eq(spy.syncs, 1);
	unsynced_release(&f.unsynced);
	expect_file(&f, "log", "line");
	files_remove(&f);
}
END_TEST

/* In the second lot of files, too. */
START_TEST(a_sync_that_fails_ends_it_and_leaves_nothing_open)
{
	static const unsigned at[] = {1, 7, 32, 33, MANY};
	struct files f;

	files_make(&f);
	create_many(&f);
	spy.syncs = 0;
	spy.fail_sync = at[_i];
	ck_assert_int_eq(unsynced_sync(&f.unsynced, &f.error), -1);
	ck_assert_int_eq(f.error.status, EX_IOERR);
	ck_assert_uint_eq(spy.syncs, at[_i]);
	ck_assert_int_eq(spy.open, 0);
	files_remove(&f);
}
END_TEST

START_TEST(a_file_that_is_gone_is_an_error_that_names_it)
{
	struct files f;

	files_make(&f);
	ck_assert_int_eq(unsynced_create(&f.unsynced, dir_of(&f), "a", "x", 1, &f.error), 0);
	ck_assert_int_eq(unsynced_replace(&f.unsynced, dir_of(&f), "b", "x", 1, &f.error), 0);
	ck_assert_int_eq(disk_remove(dir_of(&f), ".b.new", &f.error), 0);
	ck_assert_int_eq(unsynced_sync(&f.unsynced, &f.error), -1);
	ck_assert_ptr_nonnull(strstr(f.error.text, "cannot open .b.new"));
	ck_assert_int_eq(spy.open, 0);
	files_remove(&f);
}
END_TEST

Suite *
unsynced_suite(void)
{
	Suite *suite = suite_create("unsynced");
	TCase *tc = tcase_create("unsynced");

	tcase_add_test(tc, all_are_written_before_any_is_waited_for);
	tcase_add_test(tc, the_old_file_is_whole_until_the_new_one_takes_its_place);
	tcase_add_test(tc, what_has_not_replaced_a_file_is_removed);
	tcase_add_test(tc, what_others_wrote_is_synced_too);
	tcase_add_loop_test(tc, a_sync_that_fails_ends_it_and_leaves_nothing_open, 0, 5);
	tcase_add_test(tc, a_file_that_is_gone_is_an_error_that_names_it);
	suite_add_tcase(suite, tc);
	return suite;
}
