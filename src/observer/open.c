/* A run's directories, its lock, and whose it is. */

#include "run.h"

#include <homelab/lock.h>
#include <homelab/owner.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* Opens a directory below; -1 without error where it isn't there. */
static int
open_existing(int dir, const char *name)
{
	return dir < 0 ? -1 : disk.open(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
}

/* Opens a directory of our own, made where it isn't there. */
static int
open_own(struct observer *o, int dir, const char *name, struct error *err)
{
	int fd = open_existing(dir, name);

	if (fd >= 0 || o->store.read_only)
		return fd;
	if (errno == ENOENT && disk_make_dir(dir, name, err) >= 0)
		fd = open_existing(dir, name);
	if (fd < 0 && err->status == 0)
		(void)error_errno(err, EX_IOERR, "cannot open directory %s", name);
	return fd;
}

/* That of ROOT/state, or of ROOT where there is none. */
static int
become_owner_of_state(const struct observer *o, struct error *err)
{
	cleanup_buffer struct buffer path = {0};
	struct stat st;

	if (o->store.read_only)
		return 0;
	if (disk.stat(o->root, "state", &st, 0) < 0 && disk.fstat(o->root, &st) < 0)
		return error_errno(err, EX_IOERR, "cannot stat %s", o->options->root);
	buffer_text(&path, "%s/state", o->options->root);
	return become_owner(&st, buffer_string(&path), err);
}

void
observer_sign_lock(const struct observer *o)
{
	cleanup_close int fd = disk.open(o->state, LOCK_NAME, O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0);

	if (fd >= 0)
		(void)lock_sign(fd);
}

static int
take_lock(struct observer *o, struct error *err)
{
	bool signs = !o->store.read_only;

	o->lock = disk.open(o->state, LOCK_NAME,
	    (signs ? O_RDWR | O_CREAT : O_RDONLY) | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (o->lock >= 0)
		return lock_take(o->lock, "state/" LOCK_NAME, "homelab-observer", signs, err);
	return signs ? error_errno(err, EX_IOERR, "cannot open state/%s", LOCK_NAME) : 0;
}

static int
open_directories(struct observer *o, struct error *err)
{
	o->state = open_own(o, o->root, "state", err);
	if (o->state < 0)
		return o->store.read_only ? 0 : -1;
	if (take_lock(o, err) < 0)
		return -1;
	o->store.fd = open_own(o, o->state, "observer", err);
	o->world = open_own(o, o->root, "world", err);
	if (o->store.read_only)
		return 0;
	if (o->store.fd < 0 || o->world < 0)
		return -1;
	return disk_make_dir(o->store.fd, "journal", err) < 0 ||
		disk_make_dir(o->store.fd, "partitions", err) < 0 ?
	    -1 :
	    0;
}

void
observer_set_time(struct observer *o)
{
	o->started = clock_monotonic();
	o->now = o->options->now == TIMESTAMP_NONE ? clock_real() : o->options->now;
	o->scan.now = o->now;
}

int
observer_open(
    struct observer *o, const struct observer_options *options, bool read_only, struct error *err)
{
	*o = (struct observer){.options = options};
	o->state = o->world = o->repo = o->lock = o->store.fd = -1;
	observer_set_time(o);
	o->store.read_only = read_only;
	o->retention = options->retention;
	o->root = disk.open(AT_FDCWD, options->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (o->root < 0)
		return error_errno(err, EX_IOERR, "cannot open %s", options->root);
	if (become_owner_of_state(o, err) < 0 || open_directories(o, err) < 0)
		return -1;
	o->repo = disk.open(AT_FDCWD, options->repo, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	o->scan.root = o->root;
	o->scan.state = o->state;
	o->scan.store = &o->store;
	o->scan.settle = options->settle;
	o->scan.day_limit = DAY_BYTES_MAX;
	o->scan.stop = options->stop;
	o->scan.looked_at = progress_step;
	o->scan.context = o;
	return 0;
}

void
observer_close(struct observer *o)
{
	int fds[] = {o->root, o->state, o->world, o->repo, o->store.fd, o->lock};

	slots_release(o);
	tree_release(&o->tree);
	inventory_release(&o->inventory);
	world_release(&o->projected);
	outbox_release(&o->outbox);
	buffer_release(&o->history);
	json_decref(o->changes);
	json_decref(o->checkpoint);
	json_decref(o->memory);
	json_decref(o->before);
	json_decref(o->published);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
}
