#ifndef HOMELAB_PROJECT_H
#define HOMELAB_PROJECT_H

#include <homelab/inventory.h>
#include <homelab/partition.h>

/*
 * The projection: partitions, inventory and now become the five documents of
 * homelab-world(5). Pure: the same input gives the same bytes (P1).
 *
 * It also says until when it holds: every comparison with now goes through
 * clock_past(), which notes the next instant at which one would come out
 * otherwise. A run without news before that instant needn't project.
 */

struct clock {
	timestamp now;
	timestamp next; /* the first instant with another result; start with
	                   TIMESTAMP_LAST */
};

/* Whether now is after `edge`; the edge itself isn't (P7). */
bool clock_past(struct clock *clock, timestamp edge);

/* In a homelab without topology: whether a node counts as known (I3). */
bool node_is_known(struct clock *clock, const struct partition *p);

/* One node that is read, by name in the array. */
struct node_input {
	const struct topology_node *topology; /* never NULL: defaults where absent */
	const struct partition *partition; /* NULL: never heard of */
	const struct declarations *declarations; /* NULL: none, or bad */
	bool declarations_bad;
	bool known;
	uint64_t held;
};

enum topology_state { TOPOLOGY_PRESENT, TOPOLOGY_STALE, TOPOLOGY_ABSENT };

struct retention {
	timestamp incidents, services, deployments;
};

struct world_input {
	const struct node_input *nodes; /* by name */
	size_t node_count;
	enum topology_state topology;
	const json_t *inventory_errors; /* array of strings, sorted */
	struct retention retention;
	const json_t *deploy; /* the summary's member, as it is to be */
};

enum document {
	DOCUMENT_INCIDENTS, /* in the order they are published in */
	DOCUMENT_SERVICES,
	DOCUMENT_NODES,
	DOCUMENT_DEPLOYMENTS,
	DOCUMENT_COUNT
};

extern const char *const document_names[DOCUMENT_COUNT];
#define SUMMARY_NAME "runtime-summary.json"

enum { SHA256_TEXT_MAX = 65 };

struct world {
	struct buffer documents[DOCUMENT_COUNT];
	char digests[DOCUMENT_COUNT][SHA256_TEXT_MAX];
	json_t *summary; /* less `observation` */
	uint64_t active_incidents;
};

void world_project(const struct world_input *input, struct clock *clock, struct world *world);
void world_release(struct world *world);

/* The bytes of a document (P1). */
void document_dump(const json_t *value, struct buffer *out);

/* A timestamp as JSON: null where there is none. New reference. */
json_t *json_time(timestamp at);

#endif
