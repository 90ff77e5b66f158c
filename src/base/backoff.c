#include <homelab/backoff.h>

#include <limits.h>

timestamp
backoff_delay(unsigned failures, timestamp floor, uint64_t chance)
{
	timestamp ceiling = failures > 0 ? BACKOFF_BASE : 0;

	for (unsigned n = 1; n < failures && ceiling < BACKOFF_MAX; n++)
		ceiling *= 2;
	if (ceiling > BACKOFF_MAX)
		ceiling = BACKOFF_MAX;
	if (floor > BACKOFF_FLOOR_MAX)
		floor = BACKOFF_FLOOR_MAX;
	if (floor < 0)
		floor = 0;
	return floor + (timestamp)(chance % ((uint64_t)ceiling + 1));
}

void
backoff_failed(struct backoff *b, timestamp now, timestamp floor, uint64_t chance)
{
	if (b->failures < UINT_MAX)
		b->failures++;
	b->due = timestamp_add(now, backoff_delay(b->failures, floor, chance));
}

void
backoff_succeeded(struct backoff *b)
{
	*b = (struct backoff){0};
}

bool
backoff_is_due(const struct backoff *b, timestamp now)
{
	return now >= b->due || b->due > timestamp_add(now, BACKOFF_FLOOR_MAX + BACKOFF_MAX);
}
