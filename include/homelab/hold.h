#ifndef HOMELAB_HOLD_H
#define HOMELAB_HOLD_H

#include <homelab/timestamp.h>

#include <jansson.h>

/*
 * Keeping back what got better, in case it doesn't stay so. Pure.
 *
 * What got worse is told at once. What got better (an incident resolved, a
 * node online, a service healthy, a pressure gone, the whole's status) is kept
 * for a while first:
 *
 *	it stays so			-> told when the time is over
 *	it gets as bad again meanwhile	-> neither is told
 *	it gets worse than it was	-> told as from what it was
 *
 * An incident is opened anew under another id; that one then goes on in place
 * of the one that was told: its events have `continues`, the id that was told,
 * and its resolution says how often it came back, `relapses`. Where it comes
 * back with a higher severity, resolution and opening are told both. Events of
 * one thing never change their order.
 *
 * `kept` is an array that the caller stores between calls; its elements are
 * private to this module. `told` is an array that events are added to. An
 * event is one of homelab-world(5)'s history; nothing of it is believed.
 */

enum {
	KEPT_MAX = 1000,
	KEPT_BYTES_MAX = 8 << 10
}; /* things; of an event: beyond, nothing is
	kept back */

/* Takes the events of a batch observed at `at`; first releases what was due. */
void hold_events(
    json_t *kept, const json_t *events, timestamp at, timestamp duration, json_t *told);

/* Releases what is due at `now`, or dated so that the clock must have been set
 * back. */
void hold_release(json_t *kept, timestamp now, timestamp duration, json_t *told);

/* Releases and forgets everything. */
void hold_clear(json_t *kept, json_t *told);

#endif
