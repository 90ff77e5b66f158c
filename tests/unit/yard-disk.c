/* A disk that fails where it is told to, below the yard. */

#include "yard.h"

#include <errno.h>
#include <string.h>

static struct disk_calls real;

static struct {
	bool active, hides_types, frozen;
	unsigned after;
	enum yard_call call;
	const char *name;
	int error, fd;
	timestamp age;
} fault;

static struct {
	const char *name;
	int fd;
	uint64_t by;
} shorter;

static bool
is_named(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');

	return name != NULL && strcmp(slash ? slash + 1 : path, name) == 0;
}

static bool
fails(enum yard_call call, const char *path)
{
	if (!fault.active || fault.call != call || (path != NULL && !is_named(path, fault.name)))
		return false;
	if (fault.after > 0) {
		fault.after--;
		return false;
	}
	errno = fault.error;
	return true;
}

static void
make_older(struct stat *st)
{
	st->st_ctim.tv_sec -= fault.age / SECONDS(1);
	if (fault.frozen)
		st->st_ctim = (struct timespec){1778544000, 0};
}

static int
on_open(int dir, const char *path, int flags, mode_t mode)
{
	int fd = fails(YARD_OPEN, path) ? -1 : real.open(dir, path, flags, mode);

	if (fault.active && is_named(path, fault.name))
		fault.fd = fd;
	else if (fd == fault.fd)
		fault.fd = -1;
	if (is_named(path, shorter.name))
		shorter.fd = fd;
	else if (fd == shorter.fd)
		shorter.fd = -1;
	return fd;
}

static int
on_stat(int dir, const char *path, struct stat *st, int flags)
{
	if (fails(YARD_STAT, path) || real.stat(dir, path, st, flags) < 0)
		return -1;
	make_older(st);
	if (is_named(path, shorter.name))
		st->st_size -= (off_t)shorter.by;
	return 0;
}

static int
on_fstat(int fd, struct stat *st)
{
	if ((fd == fault.fd && fails(YARD_FSTAT, NULL)) || real.fstat(fd, st) < 0)
		return -1;
	make_older(st);
	if (fd == shorter.fd)
		st->st_size -= (off_t)shorter.by;
	return 0;
}

static ssize_t
on_read(int fd, void *data, size_t length, off_t at)
{
	if (fd == fault.fd && fails(YARD_READ, NULL))
		return fault.error == 0 ? 0 : -1;
	return real.read(fd, data, length, at);
}

static DIR *
on_list(int fd)
{
	return fails(YARD_LIST, NULL) ? NULL : real.list(fd);
}

static struct dirent *
on_next(DIR *stream)
{
	struct dirent *entry = fails(YARD_NEXT, NULL) ? NULL : real.next(stream);

	if (entry != NULL && fault.hides_types)
		entry->d_type = DT_UNKNOWN;
	return entry;
}

static int
on_fsync(int fd)
{
	return fd == fault.fd && fails(YARD_FSYNC, NULL) ? -1 : real.fsync(fd);
}

void
yard_fail(enum yard_call call, const char *name, int error)
{
	fault.active = true;
	fault.call = call;
	fault.name = name;
	fault.error = error;
	fault.fd = -1;
	fault.after = 0;
}

void
yard_fail_later(enum yard_call call, const char *name, int error, unsigned after)
{
	yard_fail(call, name, error);
	fault.after = after;
}

void
yard_freeze(void)
{
	fault.frozen = true;
}

void
yard_heal(void)
{
	fault.active = false;
}

void
yard_age(timestamp by)
{
	fault.age = by;
}

void
yard_shorten(const char *name, uint64_t by)
{
	shorter.name = name;
	shorter.by = by;
	shorter.fd = -1;
}

void
yard_hide_types(void)
{
	fault.hides_types = true;
}

void
yard_disk_begin(void)
{
	real = disk;
	disk = (struct disk_calls){on_open, on_stat, on_fstat, on_read, on_list, on_next,
	    real.write, real.truncate, real.chmod, on_fsync, real.close, real.rename, real.unlink,
	    real.mkdir, real.lock, false};
	memset(&fault, 0, sizeof(fault));
	yard_shorten(NULL, 0);
}

void
yard_disk_end(void)
{
	disk = real;
}
