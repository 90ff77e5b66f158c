#ifdef __linux__

#include <homelab/disk.h>
#include <homelab/system.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The beginning of a file that has no size. */
static bool
read_proc(const char *path, char *out, size_t size)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, out, size - 1);

	out[got > 0 ? got : 0] = '\0';
	return got > 0;
}

bool
system_cpu(struct cpu_times *out)
{
	char text[512]; /* the first line is all processors together */

	return read_proc("/proc/stat", text, sizeof(text)) && cpu_times_parse(text, out);
}

bool
system_memory(struct memory_reading *out)
{
	char text[512]; /* it begins with what is looked for */

	return read_proc("/proc/meminfo", text, sizeof(text)) && memory_parse(text, out);
}

bool
system_uptime(timestamp *out)
{
	struct timespec now;

	if (clock_gettime(CLOCK_BOOTTIME, &now) < 0)
		return false;
	*out = time_of(&now);
	return true;
}

bool
system_boot_id(char out[BOOT_ID_SIZE])
{
	char text[BOOT_ID_SIZE];

	if (!read_proc("/proc/sys/kernel/random/boot_id", text, sizeof(text)))
		return false;
	text[strcspn(text, "\n")] = '\0';
	(void)memcpy(out, text, sizeof(text));
	return text[0] != '\0';
}

#endif
typedef int system_linux; /* a file has to have something in it */
