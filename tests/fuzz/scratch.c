#include "fuzz.h"

#include <homelab/disk.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

static char path[256];
static int fd = -1;

static int
no_fsync(int file)
{
	(void)file;
	return 0;
}

static int
remove_one(const char *name, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	return where->level == 0 ? 0 : remove(name);
}

void
scratch_clear(void)
{
	(void)nftw(scratch_path(), remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
remove_scratch(void)
{
	scratch_clear();
	(void)rmdir(path);
}

/* In memory where there is such a place: a directory is made for each input. */
const char *
scratch_path(void)
{
	const char *base = getenv("TMPDIR");

	if (path[0] != '\0')
		return path;
	if (base == NULL)
		base = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
	(void)snprintf(path, sizeof(path), "%s/homelab-fuzz-XXXXXX", base);
	HOLDS(mkdtemp(path) != NULL);
	HOLDS((fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0);
	(void)atexit(remove_scratch);
	disk.fsync = no_fsync;
	return path;
}

int
scratch_fd(void)
{
	(void)scratch_path();
	return fd;
}

void
scratch_make_parents(const char *name)
{
	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		cleanup_free char *parent = text_copy_length(name, (size_t)(slash - name));

		(void)mkdirat(scratch_fd(), parent, 0755);
	}
}

void
scratch_write(const char *name, const void *data, size_t size)
{
	cleanup_close int file = -1;

	scratch_make_parents(name);
	file = openat(scratch_fd(), name,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
	if (file >= 0)
		(void)!write(file, data, size);
}

static void
store_word(uint8_t *at, size_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

void
mend_frames(uint8_t *data, size_t size, size_t start)
{
	while (size - start >= FRAME_HEADER && start <= size) {
		uint8_t *frame = data + start;
		size_t left = size - start - FRAME_HEADER;
		size_t length = frame[0] | (size_t)frame[1] << 8 | (size_t)frame[2] << 16;

		if (length > left)
			length = left;
		store_word(frame, length);
		store_word(frame + 4, crc32_z(0, frame + FRAME_HEADER, length));
		start += FRAME_HEADER + length;
	}
}
