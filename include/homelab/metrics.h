#ifndef HOMELAB_METRICS_H
#define HOMELAB_METRICS_H

#include <homelab/buffer.h>

#include <jansson.h>

/*
 * The world as Prometheus reads it: the text exposition format, version 0.0.4,
 * which node_exporter's textfile collector takes. Pure: the same documents give
 * the same text. homelab-observer(8) lists the metrics; src/metrics/metrics.c
 * has them in a table, a row each.
 *
 * Names begin with homelab_. Times are seconds since 1970, durations seconds.
 * What isn't known has no sample: a node never heard of has no time it was last
 * seen at. Names of nodes and services, which come from events, are label
 * values: any UTF-8, with backslash, quote and newline escaped.
 *
 * The number of series: 13 for each node, and two for each active incident, of
 * which the first METRICS_INCIDENTS_MAX are told: the most severe ones, then by
 * node and service. homelab_incidents_omitted says how many weren't.
 */

enum { METRICS_INCIDENTS_MAX = 1000 };

/* Documents of homelab-world(5), of one set. Borrowed. */
struct metrics_world {
	const json_t *summary; /* with its observation */
	const json_t *nodes, *incidents;
};

/* Appends the text. */
void metrics_text(const struct metrics_world *world, struct buffer *out);

#endif
