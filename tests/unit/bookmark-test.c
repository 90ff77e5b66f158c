#include "support.h"

#include <homelab/bookmark.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* What was done to the disk, a letter a call, and which of them fails. */
static struct {
	struct disk_calls real;
	char done[64];
	size_t count, fail_at;
	int error;
} spy;

static bool
note(char letter)
{
	ck_assert_uint_lt(spy.count, sizeof(spy.done) - 1);
	spy.done[spy.count++] = letter;
	errno = spy.error;
	return spy.count == spy.fail_at;
}

static int
spy_open(int dir, const char *path, int flags, mode_t mode)
{
	return (flags & O_CREAT) != 0 && note('o') ? -1 : spy.real.open(dir, path, flags, mode);
}

static ssize_t
spy_write(int fd, const void *data, size_t length, off_t at)
{
	return note('w') ? -1 : spy.real.write(fd, data, length, at);
}

static int
spy_fsync(int fd)
{
	struct stat st;

	(void)fstat(fd, &st);
	return note(S_ISDIR(st.st_mode) ? 'D' : 'F') ? -1 : spy.real.fsync(fd);
}

static int
spy_close(int fd)
{
	int done = spy.real.close(fd);

	return note('c') ? -1 : done;
}

static int
spy_rename(int from_dir, const char *from, int to_dir, const char *to)
{
	return note('r') ? -1 : spy.real.rename(from_dir, from, to_dir, to);
}

static void
spy_begin(size_t fail_at, int error)
{
	spy.real = disk;
	memset(spy.done, 0, sizeof(spy.done));
	spy.count = 0;
	spy.fail_at = fail_at;
	spy.error = error;
	disk.open = spy_open;
	disk.write = spy_write;
	disk.fsync = spy_fsync;
	disk.close = spy_close;
	disk.rename = spy_rename;
}

static void
spy_end(void)
{
	disk = spy.real;
}

static int
save(int dir, uint64_t generation, struct error *err)
{
	struct bookmark b = {.generation = generation, .missed = true, .failures = 2};
	int failed;

	b.next_attempt = DAY_ZERO + 1;
	b.kept = json_pack("[{s:s}]", "subject", "status_changed world");
	b.pending = json_pack("{s:s, s:f}", "reason", "batch", "number", 0.1);
	failed = bookmark_save(dir, "hook", &b, err);
	bookmark_release(&b);
	return failed;
}

static uint64_t
saved_generation(int dir)
{
	struct bookmark b;
	struct error err;
	uint64_t generation;
	bool damaged;

	ck_assert_int_eq(bookmark_load(dir, "hook", &b, &damaged, &err), 0);
	ck_assert(!damaged && !b.fresh && !b.changed && b.missed);
	ck_assert_uint_eq(b.failures, 2);
	ck_assert_int_eq(b.next_attempt, DAY_ZERO + 1);
	ck_assert_uint_eq(json_array_size(b.kept), 1);
	ck_assert(json_real_value(json_object_get(b.pending, "number")) == 0.1);
	generation = b.generation;
	bookmark_release(&b);
	return generation;
}

/* The bytes before the name, the name before we go on. */
START_TEST(a_saved_bookmark_is_durable)
{
	struct scratch s;
	struct error err;

	scratch_make(&s);
	spy_begin(0, 0);
	ck_assert_int_eq(save(s.store.fd, 7, &err), 0);
	spy_end();
	ck_assert_str_eq(spy.done, "owFcrD");
	ck_assert_uint_eq(saved_generation(s.store.fd), 7);
	scratch_remove(&s);
}
END_TEST

/* Whatever fails, the old one stays; but of a name that isn't durable. */
START_TEST(a_bookmark_that_cannot_be_saved_stays_as_it_was)
{
	static const int errors[] = {EIO, ENOSPC, EACCES};
	struct scratch s;
	struct error err;

	scratch_make(&s);
	ck_assert_int_eq(save(s.store.fd, 7, &err), 0);
	for (size_t at = 1; at <= 6; at++) {
		spy_begin(at, errors[at % COUNT(errors)]);
		ck_assert_int_eq(save(s.store.fd, 8, &err), -1);
		spy_end();
		ck_assert_int_eq(err.status, 74);
		ck_assert_uint_eq(saved_generation(s.store.fd), at == 6 ? 8 : 7);
	}
	scratch_remove(&s);
}
END_TEST

START_TEST(a_damaged_bookmark_is_set_aside_durably)
{
	struct scratch s;
	struct bookmark b;
	struct error err;
	bool damaged;

	scratch_make(&s);
	ck_assert_int_eq(disk_create_unsynced(s.store.fd, "hook.json", "{", 1, 0644, &err), 0);
	spy_begin(0, 0);
	ck_assert_int_eq(bookmark_load(s.store.fd, "hook", &b, &damaged, &err), 0);
	spy_end();
	ck_assert_str_eq(spy.done, "rD");
	ck_assert(damaged && b.fresh && b.missed && b.changed);
	bookmark_release(&b);
	ck_assert_int_eq(bookmark_load(s.store.fd, "hook", &b, &damaged, &err), 0);
	ck_assert(!damaged && b.fresh && !b.missed);
	bookmark_release(&b);
	scratch_remove(&s);
}
END_TEST

START_TEST(delays_double_up_to_an_hour)
{
	static const int minutes[] = {1, 1, 2, 4, 8, 16, 32, 60, 60};

	for (unsigned i = 0; i < COUNT(minutes); i++)
		ck_assert_int_eq(bookmark_delay(i), MINUTES(minutes[i]));
	ck_assert_int_eq(bookmark_delay(UINT32_MAX), HOURS(1));
}
END_TEST

START_TEST(an_attempt_is_due_at_its_time_or_when_the_clock_went_back)
{
	struct bookmark p = {.failures = 0, .next_attempt = DAY_ZERO};

	ck_assert(bookmark_is_due(&p, 0));
	p.failures = 1;
	ck_assert(bookmark_is_due(&p, DAY_ZERO));
	ck_assert(!bookmark_is_due(&p, DAY_ZERO - 1));
	ck_assert(!bookmark_is_due(&p, DAY_ZERO - HOURS(1)));
	ck_assert(bookmark_is_due(&p, DAY_ZERO - HOURS(1) - 1));
}
END_TEST

Suite *
bookmark_suite(void)
{
	Suite *suite = suite_create("bookmark");
	TCase *tc = tcase_create("bookmark");

	tcase_add_test(tc, a_saved_bookmark_is_durable);
	tcase_add_test(tc, a_bookmark_that_cannot_be_saved_stays_as_it_was);
	tcase_add_test(tc, a_damaged_bookmark_is_set_aside_durably);
	tcase_add_test(tc, delays_double_up_to_an_hour);
	tcase_add_test(tc, an_attempt_is_due_at_its_time_or_when_the_clock_went_back);
	suite_add_tcase(suite, tc);
	return suite;
}
