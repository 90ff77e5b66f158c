#ifndef HOMELAB_NOTIFICATION_H
#define HOMELAB_NOTIFICATION_H

#include <homelab/error.h>
#include <homelab/timestamp.h>

#include <jansson.h>

/*
 * What a hook gets on its standard input; schemas/notification.schema.json.
 * All results are new references.
 */

struct notification {
	const char *reason; /* "batch", "released", "missed", "state" or "test" */
	const json_t *batch; /* whose other members it has; NULL: none */
	uint64_t generation; /* without a batch: up to which all is told */
	const json_t *events;
	const json_t *incidents; /* array, or NULL where there's no need */
	bool missed;
	timestamp now; /* when it was observed, without a batch */
};

json_t *notification_make(const struct notification *n);

/* One with an event of each kind that hooks usually make words of, about a node
 * and service that there are not. */
json_t *notification_example(timestamp now);

/* How long a resolved incident is still shown to hooks that are told states. */
enum { RESOLVED_MINUTES = 15 };

/* The active incidents of world/incidents.json as an array by id, and those
 * resolved after `since` (TIMESTAMP_LAST: none). Empty where there is no such
 * file; NULL with *err set where it can't be read. `root` is the tree's. */
json_t *notification_incidents(int root, timestamp since, struct error *err);

#endif
