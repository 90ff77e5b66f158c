#ifndef HOMELAB_ORDERS_H
#define HOMELAB_ORDERS_H

#include <homelab/container.h>

/*
 * What supervision (homelab/supervision.h) hands back: what to do, and what to
 * tell others.
 */

enum supervision_order_kind {
	ORDER_RESTART, /* runtime_start() */
	ORDER_SHUTDOWN, /* runtime_stop(), also where it is down: so that its runtime
			 * doesn't start it */
	ORDER_ISOLATE, /* the hook; without one it is done at once */
	ORDER_COUNT
};

/* The name as in a payload's `action`, the verb as in "would restart". */
struct supervision_order_words {
	const char *name, *verb;
};
extern const struct supervision_order_words supervision_order_words[ORDER_COUNT];

struct supervision_subject;

struct supervision_order {
	enum supervision_order_kind kind;
	const struct supervision_subject *subject; /* the one that was looked at */
	bool again; /* was given before: not to be said again */
};

struct supervision_event {
	const char *type; /* container_crash_loop service_shutdown container_isolated
			   * supervision_failed */
	const char *severity; /* or NULL: the type's */
	const struct container *container; /* the subject's */
	timestamp at; /* the crash's, so the same when told again; of a failure now */
	json_t *payload; /* what is its own; `container` is the caller's to add */
};

/* In the order they came. Zeroed is empty. */
struct supervision_results {
	struct supervision_event *events;
	size_t event_count, event_room;
	struct supervision_order *orders;
	size_t order_count, order_room;
};

void supervision_results_release(struct supervision_results *out);

#endif
