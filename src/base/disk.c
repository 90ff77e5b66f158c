#include <homelab/disk.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

static int
call_open(int dir, const char *path, int flags, mode_t mode)
{
	return openat(dir, path, flags, mode);
}

struct disk_calls disk = {
    .open = call_open,
    .write = write,
    .truncate = ftruncate,
    .chmod = fchmod,
    .fsync = fsync,
    .close = close,
    .rename = renameat,
    .unlink = unlinkat,
    .mkdir = mkdirat,
};

int
disk_open_dir(int dir, const char *path, struct error *err)
{
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, EX_IOERR, "cannot open directory %s", path);
	return fd;
}

int
disk_make_dir(int dir, const char *path, struct error *err)
{
	if (disk.mkdir(dir, path, 0755) == 0)
		return 1;
	if (errno == EEXIST)
		return 0;
	return error_errno(err, EX_IOERR, "cannot make directory %s", path);
}

static int
read_all(int fd, size_t size, struct buffer *out)
{
	ssize_t got;

	buffer_reserve(out, size + 1);
	for (;;) {
		buffer_reserve(out, 1);
		got = read(fd, out->data + out->length, out->room - out->length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return (int)got;
		out->length += (size_t)got;
	}
}

static int
read_file(int dir, const char *path, int flags, size_t limit, struct buffer *out, struct error *err)
{
	struct stat st;
	cleanup_close int fd =
	    openat(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags);

	if (fd < 0)
		return error_errno(err, EX_IOERR, "cannot open %s", path);
	if (fstat(fd, &st) < 0)
		return error_errno(err, EX_IOERR, "cannot stat %s", path);
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return error_set(err, EX_IOERR, "%s is not a regular file", path);
	}
	if ((uint64_t)st.st_size > limit) {
		errno = EFBIG;
		return error_set(err, EX_IOERR, "%s is larger than %zu bytes", path, limit);
	}
	if (read_all(fd, (size_t)st.st_size, out) < 0)
		return error_errno(err, EX_IOERR, "cannot read %s", path);
	return 0;
}

int
disk_read(int dir, const char *path, size_t limit, struct buffer *out, struct error *err)
{
	return read_file(dir, path, O_NOFOLLOW, limit, out, err);
}

int
disk_read_followed(int dir, const char *path, size_t limit, struct buffer *out, struct error *err)
{
	return read_file(dir, path, 0, limit, out, err);
}

static int
write_all(int fd, const unsigned char *data, size_t length)
{
	while (length > 0) {
		ssize_t done = disk.write(fd, data, length);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		data += done;
		length -= (size_t)done;
	}
	return 0;
}

/* Writes and closes, whatever happens. An fsync that failed is never tried
 * again: the kernel may have dropped what it couldn't write. */
static int
finish_file(int fd, const char *path, const void *data, size_t length, bool sync, struct error *err)
{
	int failed = 0;

	if (write_all(fd, data, length) < 0)
		failed = error_errno(err, EX_IOERR, "cannot write %s", path);
	if (!failed && sync && disk.fsync(fd) < 0)
		failed = error_errno(err, EX_IOERR, "cannot sync %s", path);
	if (disk.close(fd) < 0 && !failed)
		failed = error_errno(err, EX_IOERR, "cannot close %s", path);
	return failed;
}

int
disk_create(
    int dir, const char *path, const void *data, size_t length, mode_t mode, struct error *err)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = disk.open(dir, path, flags, mode);

	/* Left by a run that was killed. */
	if (fd < 0 && errno == EEXIST && disk.unlink(dir, path, 0) == 0)
		fd = disk.open(dir, path, flags, mode);
	if (fd < 0)
		return error_errno(err, EX_IOERR, "cannot create %s", path);
	if (disk.chmod(fd, mode) < 0) {
		(void)error_errno(err, EX_IOERR, "cannot set mode of %s", path);
		(void)disk.close(fd);
		(void)disk.unlink(dir, path, 0);
		return -1;
	}
	if (finish_file(fd, path, data, length, true, err) < 0) {
		(void)disk.unlink(dir, path, 0);
		return -1;
	}
	return 0;
}

int
disk_replace(int dir, const char *path, const void *data, size_t length, struct error *err)
{
	const char *slash = strrchr(path, '/');
	size_t parent = slash == NULL ? 0 : (size_t)(slash - path) + 1;
	char temporary[PATH_MAX];

	(void)snprintf(
	    temporary, sizeof(temporary), "%.*s.%s.new", (int)parent, path, path + parent);
	if (disk_create(dir, temporary, data, length, 0644, err) < 0)
		return -1;
	if (disk.rename(dir, temporary, dir, path) < 0) {
		(void)error_errno(err, EX_IOERR, "cannot rename %s to %s", temporary, path);
		(void)disk.unlink(dir, temporary, 0);
		return -1;
	}
	return 0;
}

int
disk_sync_dir(int dir, const char *path, struct error *err)
{
	cleanup_close int fd = disk_open_dir(dir, path, err);

	if (fd < 0)
		return -1;
	if (disk.fsync(fd) < 0)
		return error_errno(err, EX_IOERR, "cannot sync directory %s", path);
	return 0;
}

int
disk_append(int dir, const char *path, uint64_t at, const void *data, size_t length, bool sync,
    struct error *err)
{
	int fd = disk.open(dir, path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	struct stat st;

	if (fd < 0)
		return error_errno(err, EX_IOERR, "cannot open %s", path);
	if (fstat(fd, &st) < 0 || (uint64_t)st.st_size < at) {
		(void)disk.close(fd);
		return error_set(err, EX_IOERR, "%s is shorter than it was", path);
	}
	if (((uint64_t)st.st_size > at && disk.truncate(fd, (off_t)at) < 0) ||
	    lseek(fd, (off_t)at, SEEK_SET) < 0) {
		(void)error_errno(err, EX_IOERR, "cannot cut %s", path);
		(void)disk.close(fd);
		return -1;
	}
	return finish_file(fd, path, data, length, sync, err);
}

int
disk_remove(int dir, const char *path, struct error *err)
{
	if (disk.unlink(dir, path, 0) == 0 || errno == ENOENT)
		return 0;
	return error_errno(err, EX_IOERR, "cannot remove %s", path);
}

timestamp
time_of(const struct timespec *t)
{
	return SECONDS(t->tv_sec) + t->tv_nsec;
}

void
identity_of(const struct stat *st, struct identity *out)
{
	out->device = (uint64_t)st->st_dev;
	out->inode = (uint64_t)st->st_ino;
	out->size = (uint64_t)st->st_size;
	out->ctime = time_of(&st->st_ctim);
	out->mtime = time_of(&st->st_mtim);
}

bool
identity_same(const struct identity *a, const struct identity *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	    a->ctime == b->ctime && a->mtime == b->mtime;
}

timestamp
clock_real(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return time_of(&now);
}

timestamp
clock_monotonic(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return time_of(&now);
}
