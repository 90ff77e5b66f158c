/* The texts of Linux' /proc. */

#include <homelab/system.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The columns of /proc/stat that count; guests' time is in user and nice already. */
enum { USER, NICE, SYSTEM_TIME, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, COLUMNS };

bool
cpu_times_parse(const char *text, struct cpu_times *out)
{
	struct cpu_times times = {0};
	const char *at = text + 4;

	if (strncmp(text, "cpu ", 4) != 0)
		return false;
	for (int column = 0; column < COLUMNS; column++) {
		char *end;
		uint64_t ticks = strtoull(at, &end, 10);

		/* Old kernels have fewer columns than this, but never fewer than idle. */
		if (end == at && column <= IDLE)
			return false;
		if (end == at)
			break;
		at = end;
		times.total += ticks;
		if (column != IDLE && column != IOWAIT)
			times.busy += ticks;
	}
	*out = times;
	return true;
}

/* Of a line "Name:   123 kB"; in bytes. */
static bool
find_line(const char *text, const char *name, uint64_t *out)
{
	const char *line = text;
	size_t length = strlen(name);

	while (line != NULL && strncmp(line, name, length) != 0)
		line = (line = strchr(line, '\n')) != NULL ? line + 1 : NULL;
	if (line == NULL || sscanf(line + length, "%" SCNu64, out) != 1)
		return false;
	*out *= 1024;
	return true;
}

bool
memory_parse(const char *text, struct memory_reading *out)
{
	struct memory_reading memory;

	if (!find_line(text, "MemTotal:", &memory.total) ||
	    !find_line(text, "MemAvailable:", &memory.available) || memory.total == 0)
		return false;
	*out = memory;
	return true;
}
