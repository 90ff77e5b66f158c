/*
 * A disk that takes its time to make things durable: one file, DIRECTORY/disk, whose
 * bytes lie in FILE, and whose fsync takes so many microseconds longer. With a loop
 * device and a file system on it that is what a card or a rotating disk is.
 *
 *	slowdisk FILE MICROSECONDS -f DIRECTORY
 *
 * By FUSE (libfuse 3, high-level interface).
 */

#define FUSE_USE_VERSION 31

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define DISK "/disk"

static int file;
static struct timespec delay;

static int
result_of(long result)
{
	return result < 0 ? -errno : (int)result;
}

static int
disk_getattr(const char *path, struct stat *st, struct fuse_file_info *info)
{
	(void)info;
	if (strcmp(path, "/") == 0) {
		*st = (struct stat){.st_mode = S_IFDIR | 0755, .st_nlink = 2};
		return 0;
	}
	return strcmp(path, DISK) == 0 ? result_of(fstat(file, st)) : -ENOENT;
}

static int
disk_read(const char *path, char *out, size_t size, off_t at, struct fuse_file_info *info)
{
	(void)path;
	(void)info;
	return result_of(pread(file, out, size, at));
}

static int
disk_write(const char *path, const char *data, size_t size, off_t at, struct fuse_file_info *info)
{
	(void)path;
	(void)info;
	return result_of(pwrite(file, data, size, at));
}

static int
disk_fsync(const char *path, int data_only, struct fuse_file_info *info)
{
	(void)path;
	(void)data_only;
	(void)info;
	(void)nanosleep(&delay, NULL);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct fuse_operations operations = {
	    .getattr = disk_getattr, .read = disk_read, .write = disk_write, .fsync = disk_fsync};

	if (argc != 5)
		errx(EX_USAGE, "usage: slowdisk FILE MICROSECONDS -f DIRECTORY");
	if ((file = open(argv[1], O_RDWR | O_CLOEXEC)) < 0)
		err(EX_NOINPUT, "%s", argv[1]);
	delay.tv_sec = atol(argv[2]) / 1000000;
	delay.tv_nsec = atol(argv[2]) % 1000000 * 1000;
	argv[2] = argv[0]; /* the rest is for FUSE */
	return fuse_main(argc - 2, argv + 2, &operations, NULL);
}
