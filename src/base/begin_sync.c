/* Linux alone can be told to begin to write without being waited for. */
#define _GNU_SOURCE

#include <homelab/disk.h>

#include <fcntl.h>

void
disk_begin_sync(int fd)
{
#ifdef __linux__
	(void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
#else
	(void)fd;
#endif
}
