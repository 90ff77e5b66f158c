#ifndef HOMELAB_BACKOFF_H
#define HOMELAB_BACKOFF_H

#include <homelab/timestamp.h>

/*
 * How long to wait before trying again what failed: exponential backoff with
 * full jitter, as "Exponential Backoff And Jitter" in the AWS Architecture Blog
 * calls it. After n failures in a row the wait is anything from nothing to
 * BACKOFF_BASE doubled n - 1 times, at most BACKOFF_MAX, each as likely, so
 * that many who failed together don't come back together.
 *
 *	struct backoff b = {0};
 *
 *	if (backoff_is_due(&b, now)) {
 *		if (attempt() == 0)
 *			backoff_succeeded(&b);
 *		else
 *			backoff_failed(&b, now, 0, chance);
 *	}
 *
 * Pure: the time and the chance, 64 random bits, are the caller's. `now` is of
 * any clock, always the same one; of one that can be set back, and then no wait
 * lasts longer than it could have.
 */

#define BACKOFF_BASE SECONDS(1)
#define BACKOFF_MAX MINUTES(5)
#define BACKOFF_FLOOR_MAX HOURS(1)

struct backoff {
	unsigned failures; /* in a row */
	timestamp due; /* 0 without failures */
};

/* The wait after so many failures in a row (0: none). Never less than `floor`,
 * which is what the other side asked for, as by Retry-After, or 0; what was
 * asked for beyond BACKOFF_FLOOR_MAX isn't believed. The jitter comes on top. */
timestamp backoff_delay(unsigned failures, timestamp floor, uint64_t chance);

void backoff_failed(struct backoff *b, timestamp now, timestamp floor, uint64_t chance);
void backoff_succeeded(struct backoff *b);
bool backoff_is_due(const struct backoff *b, timestamp now);

#endif
