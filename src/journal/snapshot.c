/* Snapshots: a partition's state as a file of one compressed frame. */

#include "files.h"

#include <sysexits.h>
#include <zlib.h>

enum { STATE_MAX = 1 << 28, SNAPSHOT_LEVEL = 1 };

int
snapshot_write(
    struct store *store, const struct partition *p, struct snapshot *s, struct error *err)
{
	cleanup_buffer struct buffer path = {0}, state = {0}, out = {0};
	uLongf length;
	size_t frame;

	if (store->read_only)
		return 0;
	partition_pack(p, &state);
	length = compressBound(state.length);
	buffer_add(&out, SNAPSHOT_MAGIC, FILE_MAGIC);
	frame = frame_begin(&out);
	pack_fixed(&out, state.length, 8);
	buffer_reserve(&out, length);
	if (compress2(out.data + out.length, &length, state.data, state.length, SNAPSHOT_LEVEL) !=
	    Z_OK)
		memory_fail();
	out.length += length;
	frame_end(&out, frame);
	snapshot_path(p->node, s, &path);
	if (disk_append(store->fd, buffer_string(&path), 0, out.data, out.length, err) < 0)
		return -1;
	s->unsynced = true;
	return 0;
}

static struct partition *
unpack_state(struct unpack frame)
{
	cleanup_buffer struct buffer state = {0};
	uint64_t length = unpack_fixed(&frame, 8);
	uLongf got = (uLongf)length;
	struct unpack in;
	int result;

	if (frame.failed || length > STATE_MAX)
		return NULL;
	buffer_reserve(&state, length + 1);
	result = uncompress(state.data, &got, frame.at, (uLong)(frame.end - frame.at));
	if (result == Z_MEM_ERROR)
		memory_fail();
	if (result != Z_OK || got != length)
		return NULL;
	in = (struct unpack){state.data, state.data + length, false};
	return partition_unpack(&in);
}

struct partition *
snapshot_load(
    const struct store *store, const char *node, const struct snapshot *s, struct error *err)
{
	cleanup_buffer struct buffer path = {0}, file = {0};
	struct partition *p = NULL;
	struct unpack in, frame;

	snapshot_path(node, s, &path);
	if (read_own(store, buffer_string(&path), &file, err) < 0)
		return NULL;
	in = (struct unpack){file.data, file.data + file.length, false};
	if (check_magic(&in, SNAPSHOT_MAGIC, (char *)path.data, err) < 0)
		return NULL;
	if (frame_next(&in, &frame) == 1)
		p = unpack_state(frame);
	if (p == NULL)
		(void)error_set(err, EX_DATAERR, "%s is damaged", (char *)path.data);
	return p;
}
