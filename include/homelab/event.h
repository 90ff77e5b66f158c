#ifndef HOMELAB_EVENT_H
#define HOMELAB_EVENT_H

#include <homelab/buffer.h>
#include <homelab/sighting.h>
#include <homelab/timestamp.h>

#include <jansson.h>

/*
 * One event: what a file or a line of a .jsonl said, reduced to what the fold
 * uses. See homelab-event(5).
 *
 *	bytes --event_decode()--> struct event --event_pack()--> journal row
 *	journal row --event_unpack()--> struct event --partition_fold()--> state
 *
 * Strings are NUL-terminated UTF-8 and never NULL; "" is "missing". They
 * belong to the JSON value or to the row the event was read from.
 */

enum {
	EVENT_SIZE_MAX = 1 << 20, /* bytes of a file or a line */
	EVENT_DEPTH_MAX = 32, /* nested containers, the event the first */
	EVENT_SERVICES_MAX = 256,
	EVENT_METRICS_MAX = 64,
	EVENT_DIAGNOSTICS_MAX = 16,
	MESSAGE_MAX = 1024,
	SOURCE_MAX = 128,
	STAGE_MAX = 128,
	LEVEL_MAX = 64,
	DIAGNOSTIC_MAX = 512,
	CORRELATION_ID_MAX = 128,
	METRIC_NAME_MAX = 64,
};

enum severity {
	SEVERITY_MISSING,
	SEVERITY_INFO,
	SEVERITY_WARNING,
	SEVERITY_ERROR,
	SEVERITY_CRITICAL,
	SEVERITY_COUNT
};

extern const char *const severity_names[SEVERITY_COUNT];

enum pressure { PRESSURE_DISK, PRESSURE_MEMORY, PRESSURE_CPU, PRESSURE_COUNT };

/* Names of the payload's and of nodes.json's fields. */
extern const char *const pressure_names[PRESSURE_COUNT];

/* What an event of some type does to its node's state. */
enum effect {
	EFFECT_SEEN, /* nothing but that the node lives */
	EFFECT_FAILURE,
	EFFECT_HEALTHY,
	EFFECT_DEPLOYMENT_STARTED,
	EFFECT_DEPLOYMENT_COMPLETED,
	EFFECT_DEPLOYMENT_FAILED,
	EFFECT_REMEDIATION_STARTED,
	EFFECT_REMEDIATION_COMPLETED,
	EFFECT_NODE_OFFLINE,
	EFFECT_NODE_ONLINE,
	EFFECT_NODE_HEALTH,
	EFFECT_PRESSURE,
	EFFECT_REMOVED, /* the container that it tells of is gone */
	EFFECT_COUNT
};

/* A row of the table of types: adding a type is adding a row. */
struct event_type {
	const char *name;
	enum effect effect;
	int rank; /* order of events of one instant: causes before ends */
	enum severity severity; /* where an event gives none */
	enum pressure pressure;
	const char *level; /* a pressure's level where the type says it; else
	                      NULL: the payload's */
	bool prefix; /* the level is what follows the name */
};

/* The row of a type; a row of EFFECT_SEEN for those without one. */
const struct event_type *event_type_find(const char *name);
/* Whether a type is written in the table as it is, and so always counted by
 * its own name. */
bool event_type_is_literal(const char *name);
/* The types written in the table as they are, by name; NULL behind the last. */
const struct event_type *event_type_at(size_t i);

struct metric {
	const char *name;
	bool is_integer;
	json_int_t integer;
	double real;
};

struct event {
	timestamp at;
	const struct event_type *kind;
	enum severity severity; /* SEVERITY_MISSING where it isn't given */
	const char *type, *node, *source, *correlation_id, *message, *stage;
	bool says_all; /* `service` is "all" */
	size_t service_count, metric_count, diagnostic_count;
	const char *level[PRESSURE_COUNT]; /* "" = no pressure */
	const char *services[EVENT_SERVICES_MAX];
	struct metric metrics[EVENT_METRICS_MAX];
	const char *diagnostics[EVENT_DIAGNOSTICS_MAX];
	bool has_container; /* of its one service */
	struct sighting container;
	json_t *json; /* what the strings belong to, or NULL */
};

/* The texts an event's `node` may be: the node's name and its aliases. */
struct node_names {
	const char *const *names;
	size_t count;
};

bool node_names_have(const struct node_names *names, const char *name);

enum rejection {
	REJECTION_NONE,
	REJECTION_CONTENT, /* unusable whatever the inventory says */
	REJECTION_NODE /* of another node: the inventory may change that */
};

/*
 * Decodes one event of a directory. Where it is unusable, returns why and puts
 * a sentence in reason[]. It may hold bytes of the event: print it escaped. A
 * usable event is released with event_release().
 */
enum { REASON_MAX = 256 };
enum rejection event_decode(const char *bytes, size_t length, const struct node_names *names,
    struct event *event, char reason[REASON_MAX]);
void event_release(struct event *event);

#endif
