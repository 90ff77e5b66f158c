#include <homelab/disk.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sysexits.h>
#include <time.h>

/* openat(2) takes its mode by "...". */
static int
call_open(int dir, const char *path, int flags, mode_t mode)
{
	return openat(dir, path, flags, mode);
}

struct disk_calls disk = {
    .open = call_open,
    .stat = fstatat,
    .fstat = fstat,
    .read = pread,
    .list = fdopendir,
    .next = readdir,
    .write = pwrite,
    .truncate = ftruncate,
    .chmod = fchmod,
    .fsync = fsync,
    .close = close,
    .rename = renameat,
    .unlink = unlinkat,
    .mkdir = mkdirat,
    .lock = flock,
    .parallel = true,
};

int
disk_open_dir(int dir, const char *path, struct error *err)
{
	int fd = disk.open(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);

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

int
disk_enter_dir(int dir, const char *name, struct error *err)
{
	if (disk_make_dir(dir, name, err) < 0)
		return -1;
	if (disk.fsync(dir) < 0)
		return error_errno(err, EX_IOERR, "cannot sync the directory of %s", name);
	return disk_open_dir(dir, name, err);
}

int
disk_list(int dir, disk_visitor visit, void *context)
{
	int fd = dup(dir), result = 0;
	DIR *stream = fd < 0 ? NULL : disk.list(fd);
	const struct dirent *entry;

	if (stream == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	rewinddir(stream); /* the position is shared with `dir` */
	errno = 0;
	while (result == 0 && (entry = disk.next(stream)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			result = visit(context, entry);
		errno = 0;
	}
	if (errno != 0)
		result = -1;
	fd = errno;
	(void)closedir(stream);
	errno = fd;
	return result;
}

ssize_t
disk_read_at(int fd, void *out, size_t length, uint64_t at)
{
	size_t done = 0;

	while (done < length) {
		ssize_t got = disk.read(fd, (char *)out + done, length - done, (off_t)(at + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

static int
read_file(int dir, const char *path, int flags, uint64_t from, size_t limit, struct buffer *out,
    struct error *err)
{
	struct stat st;
	uint64_t length;
	ssize_t got;
	cleanup_close int fd =
	    disk.open(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags, 0);

	if (fd < 0)
		return error_errno(err, EX_IOERR, "cannot open %s", path);
	if (disk.fstat(fd, &st) < 0)
		return error_errno(err, EX_IOERR, "cannot stat %s", path);
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return error_set(err, EX_IOERR, "%s is not a regular file", path);
	}
	if ((uint64_t)st.st_size > limit) {
		errno = EFBIG;
		return error_set(err, EX_IOERR, "%s is larger than %zu bytes", path, limit);
	}
	length = (uint64_t)st.st_size > from ? (uint64_t)st.st_size - from : 0;
	buffer_reserve(out, (size_t)length + 1);
	if ((got = disk_read_at(fd, out->data + out->length, (size_t)length, from)) < 0)
		return error_errno(err, EX_IOERR, "cannot read %s", path);
	out->length += (size_t)got;
	return 0;
}

int
disk_read(int dir, const char *path, size_t limit, struct buffer *out, struct error *err)
{
	return read_file(dir, path, O_NOFOLLOW, 0, limit, out, err);
}

int
disk_read_from(
    int dir, const char *path, uint64_t from, size_t limit, struct buffer *out, struct error *err)
{
	return read_file(dir, path, O_NOFOLLOW, from, limit, out, err);
}

int
disk_read_followed(int dir, const char *path, size_t limit, struct buffer *out, struct error *err)
{
	return read_file(dir, path, 0, 0, limit, out, err);
}

int
disk_begin(struct disk_file *f, int dir, const char *path, mode_t mode, struct error *err)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

	*f = (struct disk_file){dir, disk.open(dir, path, flags, mode), path, 0};
	/* Left by a run that was killed. */
	if (f->fd < 0 && errno == EEXIST && disk.unlink(dir, path, 0) == 0)
		f->fd = disk.open(dir, path, flags, mode);
	if (f->fd < 0)
		return error_errno(err, EX_IOERR, "cannot create %s", path);
	if (disk.chmod(f->fd, mode) == 0)
		return 0;
	(void)error_errno(err, EX_IOERR, "cannot set mode of %s", path);
	(void)disk.close(f->fd);
	(void)disk.unlink(dir, path, 0);
	return -1;
}

static int
write_all(struct disk_file *f, const unsigned char *data, size_t length, struct error *err)
{
	while (length > 0) {
		ssize_t done = disk.write(f->fd, data, length, (off_t)f->at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return error_errno(err, EX_IOERR, "cannot write %s", f->path);
		data += done;
		length -= (size_t)done;
		f->at += (uint64_t)done;
	}
	return 0;
}

/* Closes, whatever happens. An fsync that failed is never tried again: the
 * kernel may have dropped what it couldn't write. */
static int
finish(struct disk_file *f, bool sync, struct error *err)
{
	int failed = 0;

	if (sync && disk.fsync(f->fd) < 0)
		failed = error_errno(err, EX_IOERR, "cannot sync %s", f->path);
	if (disk.close(f->fd) < 0 && !failed)
		failed = error_errno(err, EX_IOERR, "cannot close %s", f->path);
	return failed;
}

int
disk_write(struct disk_file *f, const void *data, size_t length, struct error *err)
{
	if (write_all(f, data, length, err) == 0)
		return 0;
	(void)disk.close(f->fd);
	(void)disk.unlink(f->dir, f->path, 0);
	return -1;
}

static int
end(struct disk_file *f, bool sync, struct error *err)
{
	if (finish(f, sync, err) == 0)
		return 0;
	(void)disk.unlink(f->dir, f->path, 0);
	return -1;
}

int
disk_end(struct disk_file *f, struct error *err)
{
	return end(f, true, err);
}

static int
create(int dir, const char *path, const void *data, size_t length, mode_t mode, bool sync,
    struct error *err)
{
	struct disk_file f;

	if (disk_begin(&f, dir, path, mode, err) < 0 || disk_write(&f, data, length, err) < 0)
		return -1;
	return end(&f, sync, err);
}

int
disk_create_unsynced(
    int dir, const char *path, const void *data, size_t length, mode_t mode, struct error *err)
{
	return create(dir, path, data, length, mode, false, err);
}

int
disk_rename(int dir, const char *from, const char *to, struct error *err)
{
	if (disk.rename(dir, from, dir, to) == 0)
		return 0;
	(void)error_errno(err, EX_IOERR, "cannot rename %s to %s", from, to);
	(void)disk.unlink(dir, from, 0);
	return -1;
}

const char *
disk_beside(const char *path, char out[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	size_t parent = slash == NULL ? 0 : (size_t)(slash - path) + 1;

	(void)snprintf(out, PATH_MAX, "%.*s.%s.new", (int)parent, path, path + parent);
	return out;
}

static int
replace(int dir, const char *path, const void *data, size_t length, bool sync, struct error *err)
{
	char beside[PATH_MAX];

	if (create(dir, disk_beside(path, beside), data, length, 0644, sync, err) < 0)
		return -1;
	return disk_rename(dir, beside, path, err);
}

int
disk_replace(int dir, const char *path, const void *data, size_t length, struct error *err)
{
	return replace(dir, path, data, length, true, err);
}

int
disk_replace_unsynced(int dir, const char *path, const void *data, size_t length, struct error *err)
{
	return replace(dir, path, data, length, false, err);
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

static int
append(struct disk_file *f, const void *data, size_t length, struct error *err)
{
	struct stat st;

	if (disk.fstat(f->fd, &st) < 0)
		return error_errno(err, EX_IOERR, "cannot stat %s", f->path);
	if ((uint64_t)st.st_size < f->at)
		return error_set(err, EX_DATAERR, "%s is shorter than it was", f->path);
	if ((uint64_t)st.st_size > f->at && disk.truncate(f->fd, (off_t)f->at) < 0)
		return error_errno(err, EX_IOERR, "cannot cut %s", f->path);
	return write_all(f, data, length, err);
}

int
disk_append(
    int dir, const char *path, uint64_t at, const void *data, size_t length, struct error *err)
{
	int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
	struct disk_file f = {dir, disk.open(dir, path, flags, 0644), path, at};

	if (f.fd < 0)
		return error_errno(err, EX_IOERR, "cannot open %s", path);
	if (append(&f, data, length, err) == 0)
		return finish(&f, false, err);
	(void)disk.close(f.fd);
	return -1;
}

int
disk_sync_file(int dir, const char *path, struct error *err)
{
	int flags = O_WRONLY | O_NOFOLLOW | O_CLOEXEC;
	struct disk_file f = {dir, disk.open(dir, path, flags, 0), path, 0};

	if (f.fd < 0)
		return error_errno(err, EX_IOERR, "cannot open %s", path);
	return finish(&f, true, err);
}

int
disk_remove(int dir, const char *path, struct error *err)
{
	if (disk.unlink(dir, path, 0) == 0 || errno == ENOENT)
		return 0;
	return error_errno(err, EX_IOERR, "cannot remove %s", path);
}

/* File systems have times before 1970 and beyond 2262, which a sender sets. */
timestamp
time_of(const struct timespec *t)
{
	int64_t seconds = t->tv_sec, most = TIMESTAMP_LAST / NANOSECONDS_A_SECOND - 1;

	if (seconds < -most || seconds > most)
		return seconds < 0 ? -TIMESTAMP_LAST : TIMESTAMP_LAST;
	return SECONDS(seconds) + t->tv_nsec;
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
