#ifndef HOMELAB_SYSTEM_H
#define HOMELAB_SYSTEM_H

#include <homelab/error.h>
#include <homelab/event.h>
#include <homelab/timestamp.h>

/*
 * How the machine is: what it says of itself now, and what of that is too much.
 *
 * --- readings: linux.c, or bsd.c, and posix.c -----------------------------------
 *
 * Each is false where the system doesn't tell (or, as /proc in a sandbox may be,
 * is hidden), with *out as it was. None waits for anything but a file system that
 * doesn't answer.
 */

/* Of all processors, in ticks since boot. Only differences say how busy it is. */
struct cpu_times {
	uint64_t busy, total;
};

struct memory_reading {
	uint64_t total, available; /* bytes; what programs could still get */
};

struct disk_reading {
	uint64_t size, used, available; /* bytes; available to others than root */
};

enum { BOOT_ID_SIZE = 64 };

bool system_cpu(struct cpu_times *out);
bool system_memory(struct memory_reading *out);
bool system_disk(const char *path, struct disk_reading *out);
bool system_load(double out[3]); /* of 1, 5 and 15 minutes */
bool system_uptime(timestamp *out); /* a duration */
/* What differs from one boot to the next, and is the same in between. */
bool system_boot_id(char out[BOOT_ID_SIZE]);

/* What Linux' /proc/stat and /proc/meminfo say. Pure. */
bool cpu_times_parse(const char *text, struct cpu_times *out);
bool memory_parse(const char *text, struct memory_reading *out);

/*
 * --- percentages: 0 to 100. Pure -------------------------------------------------
 */

/* Busy from one sample to the next; -1 where no time lies between. */
double cpu_percent(const struct cpu_times *before, const struct cpu_times *now);
double memory_percent(const struct memory_reading *memory);
/* As df(1) has it: of what could be used by others than root. */
double disk_percent(const struct disk_reading *disk);

/*
 * --- pressures: pressure.c. Pure ---------------------------------------------------
 *
 * A pressure has a level once its percentage has reached the level's threshold, and
 * loses it when it has fallen by the margin below that, so that one that hovers
 * about a threshold isn't told again and again.
 */
enum pressure_level {
	PRESSURE_NONE,
	PRESSURE_WARNING,
	PRESSURE_HIGH,
	PRESSURE_CRITICAL,
	PRESSURE_LEVEL_COUNT
};

/* NULL, "warning", "high", "critical" */
extern const char *const pressure_level_names[PRESSURE_LEVEL_COUNT];

/* PRESSURE_NONE for NULL and for what is none of them. */
enum pressure_level pressure_level_of(const char *name);

/* The level after `before`. A percentage below 0 isn't known: the level stays. */
enum pressure_level pressure_judge(
    enum pressure pressure, enum pressure_level before, double percent);

#endif
