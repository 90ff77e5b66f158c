/* The clock of the system. */

#include "parts.h"

#include <homelab/disk.h>

#include <limits.h>

enum { NANOSECONDS_A_MILLISECOND = 1000000 };

static timestamp
real(void *context)
{
	(void)context;
	return clock_real();
}

static timestamp
monotonic(void *context)
{
	(void)context;
	return clock_monotonic();
}

/* Rounded up, so that nobody waits for nothing again and again. */
static int
milliseconds(timestamp longest)
{
	timestamp whole =
	    longest / NANOSECONDS_A_MILLISECOND + (longest % NANOSECONDS_A_MILLISECOND != 0);

	return whole < INT_MAX ? (int)whole : INT_MAX;
}

static int
wait_for(void *context, struct pollfd *fds, nfds_t count, timestamp longest)
{
	(void)context;
	return poll(fds, count, milliseconds(longest));
}

const struct observation_clock clock_system = {
    .real = real, .monotonic = monotonic, .wait = wait_for};
