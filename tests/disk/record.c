#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { DESCRIPTORS = 1024 };

struct recorded recorded;

const char *const call_names[CALL_COUNT] = {"open", "stat", "fstat", "read", "list", "next",
    "write", "truncate", "chmod", "fsync", "close", "rename", "unlink", "mkdir", "lock"};

static struct disk_calls real;
static const char *root;

/* What is known of descriptors that were opened here. */
static struct {
	enum place place;
	char path[192];
} descriptors[DESCRIPTORS];

static enum place
place_of(int dir, const char *path)
{
	static const struct {
		const char *name;
		enum place place;
	} names[] = {{"events", PLACE_EVENTS}, {"state", PLACE_OWN}, {"world", PLACE_OWN},
	    {"inventory", PLACE_INVENTORY}, {"hosts", PLACE_INVENTORY}};
	enum place at = dir >= 0 && dir < DESCRIPTORS ? descriptors[dir].place : PLACE_NONE;

	if (path == NULL)
		return at;
	if (path[0] == '/')
		return strcmp(path, root) == 0 ? PLACE_ROOT : PLACE_INVENTORY;
	for (size_t i = 0; at == PLACE_ROOT && i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(path, names[i].name, strlen(names[i].name)) == 0)
			return names[i].place;
	return at;
}

/* Counts a call; true where it is to fail, with errno set. */
static bool
enter(enum call call, int dir, const char *path, bool needs_room)
{
	enum place place = place_of(dir, path);
	unsigned number = recorded.total++;

	recorded.calls[call][place]++;
	if (number < RECORDED_MAX)
		recorded.order[number] = call;
	if (recorded.ends && recorded.count >= recorded.end_at) {
		errno = EIO;
		return true;
	}
	if (!recorded.fails || number < recorded.fail_at ||
	    (number > recorded.fail_at && !recorded.on) || (recorded.on && !needs_room))
		return false;
	if (!recorded.failed) {
		recorded.failed = true;
		recorded.failed_call = call;
		recorded.failed_place = place;
		(void)snprintf(recorded.failed_path, sizeof(recorded.failed_path), "%s%s%s",
		    dir >= 0 ? descriptors[dir].path : "", path ? "/" : "", path ? path : "");
	}
	errno = recorded.error;
	return recorded.error != 0;
}

static ino_t
inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/* The inode of the directory that a path's last component is in. */
static ino_t
parent_of(int dir, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char parent[512];
	struct stat st;

	*name = slash == NULL ? path : slash + 1;
	(void)snprintf(
	    parent, sizeof(parent), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	return fstatat(dir, parent, &st, 0) == 0 ? st.st_ino : 0;
}

static struct change *
add_change(enum call call, int dir, const char *path)
{
	const char *name = NULL;
	struct change *c;

	ARRAY_GROW(recorded.changes, recorded.count, recorded.room);
	c = &recorded.changes[recorded.count++];
	*c = (struct change){.call = call, .place = place_of(dir, path), .time = clock_real()};
	(void)snprintf(c->path, sizeof(c->path), "%s%s%s", dir >= 0 ? descriptors[dir].path : "",
	    path ? "/" : "", path ? path : "");
	if (path == NULL) {
		c->inode = inode_of(dir);
		return c;
	}
	c->dir = parent_of(dir, path, &name);
	c->name = text_copy(name);
	return c;
}

static int
on_open(int dir, const char *path, int flags, mode_t mode)
{
	bool creates = flags & O_CREAT;
	struct stat st;
	int fd;

	if (enter(CALL_OPEN, dir, path, creates))
		return -1;
	creates = creates && fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) < 0;
	fd = real.open(dir, path, flags, mode);
	if (fd < 0 || fd >= DESCRIPTORS)
		return fd;
	descriptors[fd].place = place_of(dir, path);
	(void)snprintf(descriptors[fd].path, sizeof(descriptors[fd].path), "%.90s/%.90s",
	    dir >= 0 ? descriptors[dir].path : "", path[0] == '/' ? "" : path);
	if (creates) {
		struct change *c = add_change(CALL_OPEN, dir, path);

		c->creates = true;
		c->inode = inode_of(fd);
	}
	return fd;
}

static int
on_stat(int dir, const char *path, struct stat *st, int flags)
{
	return enter(CALL_STAT, dir, path, false) ? -1 : real.stat(dir, path, st, flags);
}

static int
on_fstat(int fd, struct stat *st)
{
	return enter(CALL_FSTAT, fd, NULL, false) ? -1 : real.fstat(fd, st);
}

static ssize_t
on_read(int fd, void *data, size_t length, off_t at)
{
	return enter(CALL_READ, fd, NULL, false) ? -1 : real.read(fd, data, length, at);
}

/* `fd` is a copy of the directory's descriptor: told by its inode. */
static DIR *
on_list(int fd)
{
	for (int i = 0; i < DESCRIPTORS; i++)
		if (descriptors[i].place != PLACE_NONE && i != fd && inode_of(i) == inode_of(fd)) {
			descriptors[fd] = descriptors[i];
			break;
		}
	return enter(CALL_LIST, fd, NULL, false) ? NULL : real.list(fd);
}

static struct dirent *
on_next(DIR *stream)
{
	return enter(CALL_NEXT, dirfd(stream), NULL, false) ? NULL : real.next(stream);
}

static ssize_t
on_write(int fd, const void *data, size_t length, off_t at)
{
	bool was = recorded.failed;
	struct change *c;
	ssize_t done;

	if (enter(CALL_WRITE, fd, NULL, true))
		return -1;
	if (recorded.fails && recorded.error == 0 && recorded.failed && !was && length > 1)
		length /= 2;
	done = real.write(fd, data, length, at);
	if (done > 0) {
		c = add_change(CALL_WRITE, fd, NULL);
		buffer_add(&c->data, data, (size_t)done);
		c->at = (uint64_t)at;
		recorded.bytes_written += (uint64_t)done;
	}
	return done;
}

static int
on_truncate(int fd, off_t length)
{
	if (enter(CALL_TRUNCATE, fd, NULL, false))
		return -1;
	add_change(CALL_TRUNCATE, fd, NULL)->at = (uint64_t)length;
	return real.truncate(fd, length);
}

static int
on_chmod(int fd, mode_t mode)
{
	if (enter(CALL_CHMOD, fd, NULL, false))
		return -1;
	(void)add_change(CALL_CHMOD, fd, NULL);
	return real.chmod(fd, mode);
}

static int
on_fsync(int fd)
{
	if (enter(CALL_FSYNC, fd, NULL, false))
		return -1;
	(void)add_change(CALL_FSYNC, fd, NULL);
	return 0;
}

/* Closes in any case, as Linux does. */
static int
on_close(int fd)
{
	bool fails = enter(CALL_CLOSE, fd, NULL, false);
	int error = errno;

	(void)add_change(CALL_CLOSE, fd, NULL);
	(void)real.close(fd);
	errno = error;
	return fails ? -1 : 0;
}

static int
on_rename(int from_dir, const char *from, int to_dir, const char *to)
{
	const char *name;
	struct change *c;

	if (enter(CALL_RENAME, from_dir, from, true))
		return -1;
	c = add_change(CALL_RENAME, from_dir, from);
	c->to_dir = parent_of(to_dir, to, &name);
	c->to = text_copy(name);
	return real.rename(from_dir, from, to_dir, to);
}

static int
on_unlink(int dir, const char *path, int flags)
{
	if (enter(CALL_UNLINK, dir, path, false))
		return -1;
	(void)add_change(CALL_UNLINK, dir, path);
	return real.unlink(dir, path, flags);
}

static int
on_mkdir(int dir, const char *path, mode_t mode)
{
	struct stat st;
	int result;

	if (enter(CALL_MKDIR, dir, path, true))
		return -1;
	result = real.mkdir(dir, path, mode);
	if (result == 0 && fstatat(dir, path, &st, 0) == 0)
		add_change(CALL_MKDIR, dir, path)->inode = st.st_ino;
	return result;
}

static int
on_lock(int fd, int operation)
{
	return enter(CALL_LOCK, fd, NULL, false) ? -1 : real.lock(fd, operation);
}

void
record_begin(const char *at)
{
	record_release();
	root = at;
	real = disk;
	memset(descriptors, 0, sizeof(descriptors));
	disk = (struct disk_calls){on_open, on_stat, on_fstat, on_read, on_list, on_next, on_write,
	    on_truncate, on_chmod, on_fsync, on_close, on_rename, on_unlink, on_mkdir, on_lock,
	    false};
}

void
record_end(void)
{
	disk = real;
}

void
record_release(void)
{
	for (size_t i = 0; i < recorded.count; i++) {
		free(recorded.changes[i].name);
		free(recorded.changes[i].to);
		buffer_release(&recorded.changes[i].data);
	}
	free(recorded.changes);
	recorded = (struct recorded){0};
}
