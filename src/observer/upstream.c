/* What the Python observer left, kept beside what is ours (C3). */

#include "run.h"

#include <homelab/message.h>
#include <homelab/publish.h>

#include <errno.h>
#include <fcntl.h>

#define UPSTREAM "upstream"

static int
copy_file(int from, const char *name, int to, const char *as, struct error *err)
{
	cleanup_buffer struct buffer bytes = {0};

	if (disk_read(from, name, SIZE_MAX / 2, &bytes, err) < 0)
		return errno == ENOENT ? 0 : -1;
	return disk_replace(to, as, bytes.data, bytes.length, err);
}

/* Keeps the world that the Python observer left: beside ours, or, where that
 * can't be written, in the state directory. */
static int
keep_world(struct observer *o, bool *in_state, struct error *err)
{
	static const char *const names[] = {
	    "nodes.json", "services.json", "deployments.json", "incidents.json", SUMMARY_NAME};
	int parent = disk_make_dir(o->root, "world." UPSTREAM, NULL) >= 0 ? o->root : o->state;
	cleanup_close int dir = -1;

	*in_state = parent == o->state;
	if (*in_state && disk_make_dir(o->state, "world." UPSTREAM, err) < 0)
		return -1;
	if ((dir = disk_open_dir(parent, "world." UPSTREAM, err)) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (copy_file(o->world, names[i], dir, names[i], err) < 0)
			return -1;
	return disk_sync_dir(dir, ".", err) < 0 ? -1 : disk_sync_dir(parent, ".", err);
}

/* Keeps what the Python observer left (C3), the checkpoint last: where that is
 * kept, all is. */
int
keep_upstream(struct observer *o, struct error *err)
{
	bool in_state;
	struct stat st;

	if (disk.stat(o->state, CHECKPOINT_NAME "." UPSTREAM, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (keep_world(o, &in_state, err) < 0 ||
	    copy_file(o->state, CHECKPOINT_NAME, o->state, CHECKPOINT_NAME "." UPSTREAM, err) < 0)
		return -1;
	message_notice(
	    "kept the Python observer's checkpoint as %s.%s and its world as %sworld.%s/",
	    CHECKPOINT_NAME, UPSTREAM, in_state ? "state/" : "", UPSTREAM);
	return 0;
}
