#ifndef AGENT_NODE_H
#define AGENT_NODE_H

#include "news.h"
#include "options.h"
#include "store.h"

#include <homelab/system.h>

/*
 * What the node itself does: node_online at the first look after a boot (or after
 * --offline), node_health at every heartbeat and whenever a pressure changed.
 */
struct sample {
	struct cpu_times cpu;
	timestamp at; /* since the boot */
};

struct node {
	char boot[BOOT_ID_SIZE]; /* that was told; "" = none */
	char offline[128]; /* the note of --offline that was answered */
	timestamp health_at; /* of the last node_health; TIMESTAMP_NONE = never */
	enum pressure_level levels[PRESSURE_COUNT];
	/* The processors' percentage counts from `base`; `kept` is of the last
	 * node_health, and where the next run begins. */
	struct sample base, recent, kept;
	bool missing; /* that a mount can't be read was said */
};

/* As it is kept in the state. New reference. */
json_t *node_to_json(const struct node *n);
void node_from_json(const json_t *value, struct node *out);

/* Adds what is to be told to `news`, and the events to `told`. True at the first
 * look after a boot. */
bool node_look(struct node *n, const struct agent_options *o, const struct store *store,
    struct news *news, timestamp now, json_t *told);

#endif
