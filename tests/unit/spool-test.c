#include "support.h"

#include <homelab/disk.h>
#include <homelab/spool.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>

#define TEXT "{\"a whole\": \"event\"}\n"

static const char *const names[] = {"events", "2026-05-12", "nas", NULL};

/* --- a disk that counts, fails and kills -------------------------------------------- */

enum { SYNCS_MAX = 16 };

static struct {
	unsigned calls, fail_at, kill_at; /* of those that change the disk; 0: none */
	bool overtaken; /* another makes each directory just before us */
	ino_t synced[SYNCS_MAX];
	unsigned sync_count, renames;
} wire;

static struct disk_calls real;

/* Whether this call fails; or it's the last one. */
static bool
is_due(void)
{
	wire.calls++;
	if (wire.calls == wire.kill_at)
		(void)raise(SIGKILL);
	errno = EIO;
	return wire.calls == wire.fail_at;
}

static int
on_open(int dir, const char *path, int flags, mode_t mode)
{
	return (flags & O_CREAT) != 0 && is_due() ? -1 : real.open(dir, path, flags, mode);
}

static ssize_t
on_write(int fd, const void *data, size_t length, off_t at)
{
	return is_due() ? -1 : real.write(fd, data, length, at);
}

static int
on_chmod(int fd, mode_t mode)
{
	return is_due() ? -1 : real.chmod(fd, mode);
}

static int
on_fsync(int fd)
{
	struct stat st;

	if (is_due())
		return -1;
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_lt(wire.sync_count, SYNCS_MAX);
	wire.synced[wire.sync_count++] = st.st_ino;
	return 0;
}

static int
on_close(int fd)
{
	bool fails = is_due();

	(void)real.close(fd);
	errno = EIO;
	return fails ? -1 : 0;
}

static int
on_rename(int from_dir, const char *from, int to_dir, const char *to)
{
	wire.renames++;
	return is_due() ? -1 : real.rename(from_dir, from, to_dir, to);
}

static int
on_mkdir(int dir, const char *path, mode_t mode)
{
	if (is_due())
		return -1;
	if (wire.overtaken)
		ck_assert_int_eq(real.mkdir(dir, path, mode), 0);
	return real.mkdir(dir, path, mode);
}

static void
wire_up(unsigned fail_at, unsigned kill_at)
{
	wire.calls = wire.sync_count = wire.renames = 0;
	wire.fail_at = fail_at;
	wire.kill_at = kill_at;
}

static void
make(struct scratch *s)
{
	scratch_make(s);
	real = disk;
	disk.open = on_open;
	disk.write = on_write;
	disk.chmod = on_chmod;
	disk.fsync = on_fsync;
	disk.close = on_close;
	disk.rename = on_rename;
	disk.mkdir = on_mkdir;
	wire_up(0, 0);
}

static void
unmake(struct scratch *s)
{
	disk = real;
	scratch_remove(s);
}

/* --- helpers ------------------------------------------------------------------------ */

static int
put(const struct scratch *s, const char *name, timestamp now, struct error *err)
{
	cleanup_spool struct spool p = {.fd = -1};

	if (spool_open(&p, s->path, names, now, err) < 0)
		return -1;
	return spool_put(&p, name, TEXT, strlen(TEXT), err);
}

static ino_t
inode_of(const struct scratch *s, const char *path)
{
	struct stat st;

	ck_assert_int_eq(fstatat(s->store.fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_ino;
}

static void
expect_syncs(const struct scratch *s, const char *const *paths, unsigned count)
{
	ck_assert_uint_eq(wire.sync_count, count);
	for (unsigned i = 0; i < count; i++)
		ck_assert_msg(
		    wire.synced[i] == inode_of(s, paths[i]), "sync %u isn't of %s", i, paths[i]);
}

/* How many files a reader sees, each of them whole; *hidden counts the others. */
static unsigned
visible(const struct scratch *s, unsigned *hidden)
{
	DIR *stream = fdopendir(openat(s->store.fd, "events/2026-05-12/nas", O_RDONLY));
	const struct dirent *entry;
	unsigned count = 0;

	*hidden = 0;
	while (stream != NULL && (entry = readdir(stream)) != NULL) {
		cleanup_buffer struct buffer bytes = {0};

		if (entry->d_name[0] != '.') {
			ck_assert_int_eq(
			    disk_read(dirfd(stream), entry->d_name, 1000, &bytes, NULL), 0);
			ck_assert_str_eq(buffer_string(&bytes), TEXT);
			count++;
		} else if (strlen(entry->d_name) > 2) {
			++*hidden;
		}
	}
	if (stream != NULL)
		(void)closedir(stream);
	return count;
}

/* --- tests -------------------------------------------------------------------------- */

START_TEST(what_is_made_is_synced_from_the_top)
{
	static const char *const paths[] = {".", "events", "events/2026-05-12",
	    "events/2026-05-12/nas/a.json", "events/2026-05-12/nas"};
	struct scratch s;

	make(&s);
	/* However old ROOT itself is. */
	ck_assert_int_eq(put(&s, "a.json", clock_real() + DAYS(1), NULL), 0);
	expect_syncs(&s, paths, COUNT(paths));
	ck_assert_uint_eq(wire.renames, 1);
	unmake(&s);
}
END_TEST

START_TEST(in_an_old_directory_one_file_costs_two_syncs)
{
	static const char *const paths[] = {
	    "events/2026-05-12/nas/b.json", "events/2026-05-12/nas"};
	struct scratch s;

	make(&s);
	ck_assert_int_eq(put(&s, "a.json", clock_real(), NULL), 0);
	wire_up(0, 0);
	ck_assert_int_eq(put(&s, "b.json", clock_real() + SECONDS(61), NULL), 0);
	expect_syncs(&s, paths, COUNT(paths));
	ck_assert_uint_eq(wire.renames, 1);
	/* create, chmod, write, fsync, close, rename, fsync */
	ck_assert_uint_eq(wire.calls, 7);
	unmake(&s);
}
END_TEST

/* Another writer may have made them and not have come to the sync yet. */
START_TEST(young_directories_are_synced_by_whoever_finds_them)
{
	static const char *const paths[] = {".", "events", "events/2026-05-12",
	    "events/2026-05-12/nas/a.json", "events/2026-05-12/nas"};
	struct scratch s;

	make(&s);
	ck_assert_int_eq(mkdirat(s.store.fd, "events", 0755), 0);
	ck_assert_int_eq(mkdirat(s.store.fd, "events/2026-05-12", 0755), 0);
	ck_assert_int_eq(mkdirat(s.store.fd, "events/2026-05-12/nas", 0755), 0);
	ck_assert_int_eq(put(&s, "a.json", clock_real() + SECONDS(30), NULL), 0);
	expect_syncs(&s, paths, COUNT(paths));
	/* A clock that went back makes nothing old. */
	wire_up(0, 0);
	ck_assert_int_eq(put(&s, "a.json", clock_real() - DAYS(30), NULL), 0);
	expect_syncs(&s, paths, COUNT(paths));
	unmake(&s);
}
END_TEST

static mode_t
mode_of(const struct scratch *s, const char *path)
{
	struct stat st;

	ck_assert_int_eq(fstatat(s->store.fd, path, &st, 0), 0);
	return st.st_mode & 07777;
}

START_TEST(a_directory_is_shared_as_the_one_it_lies_in)
{
	struct scratch s;

	make(&s);
	ck_assert_int_eq(fchmod(s.store.fd, 02775), 0);
	(void)umask(077);
	ck_assert_int_eq(put(&s, "a.json", clock_real(), NULL), 0);
	ck_assert_uint_eq(umask(022), 077);
	ck_assert_uint_eq(mode_of(&s, "events"), 02775);
	ck_assert_uint_eq(mode_of(&s, "events/2026-05-12/nas"), 02775);
	ck_assert_uint_eq(mode_of(&s, "events/2026-05-12/nas/a.json"), 0644);
	unmake(&s);
}
END_TEST

START_TEST(no_link_is_followed)
{
	char expected[ERROR_TEXT_MAX];
	struct error err = {0};
	struct scratch s;

	make(&s);
	ck_assert_int_eq(mkdirat(s.store.fd, "elsewhere", 0755), 0);
	ck_assert_int_eq(symlinkat("elsewhere", s.store.fd, "events"), 0);
	ck_assert_int_eq(put(&s, "a.json", clock_real(), &err), -1);
	ck_assert_int_eq(err.status, EX_IOERR);
	(void)snprintf(expected, sizeof(expected), "in %s: cannot open directory events: ", s.path);
	ck_assert_msg(strncmp(err.text, expected, strlen(expected)) == 0, "%s", err.text);
	ck_assert_int_eq(unlinkat(s.store.fd, "elsewhere", AT_REMOVEDIR), 0); /* still empty */
	unmake(&s);
}
END_TEST

static unsigned
open_files(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* With the k-th call failing; whether that was the last one there is. */
static bool
try_failing(const struct scratch *s, unsigned k, unsigned calls, unsigned before)
{
	unsigned files = open_files(), hidden, seen;
	struct error err = {0};
	int result;

	wire_up(k, 0);
	result = put(s, "b.json", clock_real(), &err);
	ck_assert_uint_eq(open_files(), files);
	seen = visible(s, &hidden);
	ck_assert_uint_eq(hidden, 0);
	/* Only the last sync comes after the rename. */
	ck_assert_uint_eq(seen, before + (k >= calls));
	if (result == 0)
		return true;
	ck_assert_int_eq(err.status, EX_IOERR);
	ck_assert_ptr_nonnull(strstr(err.text, "Input/output error"));
	ck_assert_ptr_nonnull(strstr(err.text, s->path));
	return false;
}

/* Rule: W3 */
START_TEST(a_failing_call_leaves_nothing)
{
	/* Mkdir and sync thrice, or sync thrice; and the seven of a file. */
	static const unsigned calls[] = {13, 10};
	unsigned k = 0;
	bool done;

	do {
		struct scratch s;

		make(&s);
		if (_i == 1)
			ck_assert_int_eq(put(&s, "a.json", clock_real(), NULL), 0);
		done = try_failing(&s, ++k, calls[_i], _i == 1);
		unmake(&s);
	} while (!done);
	ck_assert_uint_eq(k, calls[_i] + 1);
}
END_TEST

START_TEST(another_may_make_it_meanwhile)
{
	static const char *const paths[] = {".", "events", "events/2026-05-12",
	    "events/2026-05-12/nas/a.json", "events/2026-05-12/nas"};
	struct scratch s;

	make(&s);
	wire.overtaken = true;
	ck_assert_int_eq(put(&s, "a.json", clock_real() + DAYS(1), NULL), 0);
	wire.overtaken = false;
	expect_syncs(&s, paths, COUNT(paths));
	unmake(&s);
}
END_TEST

START_TEST(just_a_minute_is_old)
{
	struct scratch s;
	struct stat st;

	make(&s);
	ck_assert_int_eq(put(&s, "a.json", clock_real(), NULL), 0);
	ck_assert_int_eq(fstatat(s.store.fd, "events/2026-05-12", &st, 0), 0);
	wire_up(0, 0);
	ck_assert_int_eq(put(&s, "b.json", time_of(&st.st_ctim) + MINUTES(1), NULL), 0);
	ck_assert_uint_eq(wire.sync_count, 2);
	wire_up(0, 0);
	ck_assert_int_eq(put(&s, "c.json", time_of(&st.st_ctim) + MINUTES(1) - 1, NULL), 0);
	ck_assert_uint_ge(wire.sync_count, 3);
	unmake(&s);
}
END_TEST

START_TEST(a_root_must_be_there)
{
	struct spool spool = {.fd = -1};
	struct error err = {0};

	ck_assert_int_eq(spool_open(&spool, "/nonexistent/root", names, 0, &err), -1);
	ck_assert_int_eq(err.status, EX_IOERR);
	ck_assert_str_eq(
	    err.text, "cannot open directory /nonexistent/root: No such file or directory");
	spool_close(&spool);
}
END_TEST

START_TEST(a_path_ends_at_path_max)
{
	char name[PATH_MAX] = {0};
	const char *const only[] = {name, NULL};
	struct scratch s;
	size_t room;

	make(&s);
	room = PATH_MAX - strlen(s.path) - strlen("/");
	memset(name, '/', room - 1);
	for (size_t i = 0; i < room - 1; i += 2)
		name[i] = '.'; /* the same directory, said at length */
	for (int fits = 1; fits >= 0; fits--) {
		struct spool spool = {.fd = -1};
		struct error err = {0};

		name[room - 1] = fits ? '\0' : '/';
		ck_assert_int_eq(
		    spool_open(&spool, s.path, only, clock_real(), &err), fits ? 0 : -1);
		ck_assert_uint_eq(strlen(spool.path), PATH_MAX - 1);
		ck_assert(fits || strstr(err.text, "too long") != NULL);
		spool_close(&spool);
	}
	unmake(&s);
}
END_TEST

/* Rule: W3 */
START_TEST(killed_before_any_call_no_half_file_is_seen)
{
	int status = -1;

	for (unsigned k = 1; status != 0; k++) {
		unsigned hidden, seen;
		struct scratch s;
		pid_t pid;

		make(&s);
		if ((pid = fork()) == 0) {
			wire_up(0, k);
			_exit(put(&s, "a.json", clock_real(), NULL) == 0 ? 0 : 1);
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(WIFSIGNALED(status) ? WTERMSIG(status) : SIGKILL, SIGKILL);
		seen = visible(&s, &hidden);
		ck_assert_uint_eq(seen, status == 0 || k == 13);
		/* From its creation (7) to its rename (12) it has a name that is passed over. */
		ck_assert_uint_eq(hidden, k > 7 && k < 13);
		unmake(&s);
	}
}
END_TEST

Suite *
spool_suite(void)
{
	Suite *suite = suite_create("spool");
	TCase *tcase = tcase_create("spool");

	tcase_add_test(tcase, what_is_made_is_synced_from_the_top);
	tcase_add_test(tcase, in_an_old_directory_one_file_costs_two_syncs);
	tcase_add_test(tcase, young_directories_are_synced_by_whoever_finds_them);
	tcase_add_test(tcase, a_directory_is_shared_as_the_one_it_lies_in);
	tcase_add_test(tcase, no_link_is_followed);
	tcase_add_loop_test(tcase, a_failing_call_leaves_nothing, 0, 2);
	tcase_add_test(tcase, another_may_make_it_meanwhile);
	tcase_add_test(tcase, just_a_minute_is_old);
	tcase_add_test(tcase, a_root_must_be_there);
	tcase_add_test(tcase, a_path_ends_at_path_max);
	tcase_add_test(tcase, killed_before_any_call_no_half_file_is_seen);
	suite_add_tcase(suite, tcase);
	return suite;
}
