/*
 * When cycles begin.
 *
 *	S1  Between the starts of two due cycles lies an interval or more: one that
 *	    comes late puts off those behind it.
 *	S2  Early cycles don't put off due ones.
 *	S3  Between the end of a cycle and an early one lies `gather` or more.
 */

#include "parts.h"

void
schedule_begin(struct schedule *s, timestamp now, bool early)
{
	s->woken = false;
	if (!early)
		s->due = timestamp_add(now, s->interval);
}

void
schedule_end(struct schedule *s, timestamp now)
{
	s->gathered = timestamp_add(now, s->gather);
}

timestamp
schedule_next(const struct schedule *s)
{
	return s->woken && s->gathered < s->due ? s->gathered : s->due;
}
