#include <homelab/unsynced.h>

#include <fcntl.h>
#include <string.h>
#include <sysexits.h>

enum { AT_ONCE = 32 }; /* files that are open together */

static void
add(struct unsynced *u, int dir, const char *path, bool replaces)
{
	ARRAY_GROW(u->items, u->count, u->room);
	u->items[u->count++] =
	    (struct unsynced_file){.dir = dir, .path = text_copy(path), .replaces = replaces};
}

void
unsynced_add(struct unsynced *u, int dir, const char *path)
{
	add(u, dir, path, false);
}

void
unsynced_add_dir(struct unsynced *u, int dir, const char *path)
{
	add(u, dir, path, false);
	u->items[u->count - 1].directory = true;
}

int
unsynced_create(struct unsynced *u, int dir, const char *path, const void *data, size_t length,
    struct error *err)
{
	if (disk_create_unsynced(dir, path, data, length, 0644, err) < 0)
		return -1;
	add(u, dir, path, false);
	return 0;
}

int
unsynced_replace(struct unsynced *u, int dir, const char *path, const void *data, size_t length,
    struct error *err)
{
	char beside[PATH_MAX];

	if (disk_create_unsynced(dir, disk_beside(path, beside), data, length, 0644, err) < 0)
		return -1;
	add(u, dir, path, true);
	return 0;
}

static const char *
written_path(const struct unsynced_file *f, char *out)
{
	return f->replaces ? disk_beside(f->path, out) : f->path;
}

void
unsynced_begin(int dir, const char *path)
{
	cleanup_close int fd = disk.open(dir, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);

	if (fd >= 0)
		disk_begin_sync(fd);
}

static int
open_files(const struct unsynced_file *files, size_t count, int *fds, struct error *err)
{
	char beside[PATH_MAX];

	for (size_t i = 0; i < count; i++)
		fds[i] = -1;
	for (size_t i = 0; i < count; i++) {
		const char *path = written_path(&files[i], beside);
		int flags = files[i].directory ? O_RDONLY | O_DIRECTORY : O_WRONLY;

		fds[i] = disk.open(files[i].dir, path, flags | O_NOFOLLOW | O_CLOEXEC, 0);
		if (fds[i] < 0)
			return error_errno(err, EX_IOERR, "cannot open %s", path);
	}
	return 0;
}

/* Closes them all, whatever happens. */
static int
sync_some(const struct unsynced_file *files, size_t count, struct error *err)
{
	int fds[AT_ONCE], failed = open_files(files, count, fds, err);
	size_t which;

	if (!failed && disk_sync_all(fds, count, &which) < 0)
		failed = error_errno(err, EX_IOERR, "cannot sync %s", files[which].path);
	for (size_t i = 0; i < count && fds[i] >= 0; i++)
		if (disk.close(fds[i]) < 0 && !failed)
			failed = error_errno(err, EX_IOERR, "cannot close %s", files[i].path);
	return failed;
}

int
unsynced_sync(struct unsynced *u, struct error *err)
{
	for (size_t i = 0; i < u->count; i += AT_ONCE) {
		size_t count = u->count - i < AT_ONCE ? u->count - i : AT_ONCE;

		if (sync_some(u->items + i, count, err) < 0)
			return -1;
	}
	return 0;
}

int
unsynced_rename(struct unsynced *u, int dir, const char *path, struct error *err)
{
	char beside[PATH_MAX];

	for (size_t i = 0; i < u->count; i++) {
		struct unsynced_file *f = &u->items[i];

		if (f->replaces && f->dir == dir && strcmp(f->path, path) == 0) {
			f->replaces = false;
			return disk_rename(dir, disk_beside(path, beside), path, err);
		}
	}
	return 0;
}

void
unsynced_release(struct unsynced *u)
{
	char beside[PATH_MAX];

	for (size_t i = 0; i < u->count; i++) {
		struct unsynced_file *f = &u->items[i];

		if (f->replaces)
			(void)disk_remove(f->dir, disk_beside(f->path, beside), NULL);
		free(f->path);
	}
	free(u->items);
	*u = (struct unsynced){0};
}
