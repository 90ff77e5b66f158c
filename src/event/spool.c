#include <homelab/disk.h>
#include <homelab/spool.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define FRESH MINUTES(1) /* longer than a kernel keeps what isn't on disk yet */

/* Says where it happened, too. */
static int
fail_in(const char *path, const struct error *why, struct error *err)
{
	return error_set(err, why->status, "in %s: %s", path, why->text);
}

static int
open_root(struct spool *spool, const char *root, struct error *err)
{
	spool->fd = disk.open(AT_FDCWD, root, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (spool->fd < 0)
		return error_errno(err, EX_IOERR, "cannot open directory %s", root);
	/* What could be opened is shorter than PATH_MAX. */
	(void)snprintf(spool->path, sizeof(spool->path), "%s", root);
	return 0;
}

/* Another may have made it meanwhile. */
static int
make_like(int parent, const struct stat *st, const char *name, struct error *err)
{
	mode_t mask = umask(0);
	int result = disk.mkdir(parent, name, st->st_mode & 0777);

	(void)umask(mask);
	if (result < 0 && errno != EEXIST)
		return error_errno(err, EX_IOERR, "cannot make directory %s", name);
	return 0;
}

/* Whether what is found in a directory may not be on disk yet. */
static bool
is_fresh(const struct stat *st, timestamp now)
{
	return time_of(&st->st_ctim) > now - FRESH;
}

/* Makes it where it's missing, and durable what may not be yet. */
static int
prepare(int parent, const char *name, bool missing, timestamp now, struct error *err)
{
	struct stat st;

	if (disk.fstat(parent, &st) < 0)
		return error_errno(err, EX_IOERR, "cannot stat the directory");
	if (missing && make_like(parent, &st, name, err) < 0)
		return -1;
	if ((missing || is_fresh(&st, now)) && disk.fsync(parent) < 0)
		return error_errno(err, EX_IOERR, "cannot sync the directory");
	return 0;
}

static int
open_or_make(int parent, const char *name, timestamp now, struct error *err)
{
	int fd = disk_open_dir(parent, name, err);
	bool missing = fd < 0;

	if (prepare(parent, name, missing, now, err) == 0)
		return missing ? disk_open_dir(parent, name, err) : fd;
	if (!missing)
		(void)close(fd);
	return -1;
}

static int
enter(struct spool *spool, const char *name, timestamp now, struct error *err)
{
	size_t length = strlen(spool->path), room = sizeof(spool->path) - length;
	struct error why = {0};
	int fd;

	if (snprintf(spool->path + length, room, "/%s", name) >= (int)room)
		return error_set(err, EX_IOERR, "the path is too long: %s", spool->path);
	if ((fd = open_or_make(spool->fd, name, now, &why)) < 0) {
		spool->path[length] = '\0';
		return fail_in(spool->path, &why, err);
	}
	(void)close(spool->fd);
	spool->fd = fd;
	return 0;
}

int
spool_open(struct spool *spool, const char *root, const char *const *names, timestamp now,
    struct error *err)
{
	if (open_root(spool, root, err) < 0)
		return -1;
	for (; *names != NULL; names++)
		if (enter(spool, *names, now, err) < 0)
			return -1;
	return 0;
}

void
spool_close(struct spool *spool)
{
	if (spool->fd >= 0)
		(void)close(spool->fd);
	spool->fd = -1;
}

int
spool_sync(struct spool *spool, struct error *err)
{
	if (disk.fsync(spool->fd) < 0)
		return error_errno(err, EX_IOERR, "cannot sync directory %s", spool->path);
	return 0;
}

int
spool_put(struct spool *spool, const char *name, const void *data, size_t length, struct error *err)
{
	struct error why = {0};

	if (disk_replace(spool->fd, name, data, length, &why) < 0)
		return fail_in(spool->path, &why, err);
	return spool_sync(spool, err);
}
