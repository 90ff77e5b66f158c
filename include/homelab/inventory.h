#ifndef HOMELAB_INVENTORY_H
#define HOMELAB_INVENTORY_H

#include <homelab/buffer.h>
#include <homelab/error.h>
#include <homelab/timestamp.h>

#include <jansson.h>

/*
 * The inventory: which nodes exist (inventory/topology.yaml), by which names
 * they were known before, and which services should run on each
 * (hosts/NODE/services.yaml). See homelab-topology(5).
 *
 *	struct topology *t = topology_parse(text, length, map, &complaint);
 *	const char *node = topology_node_of(t, "chelsty");	// "chelsty-infra"
 *	struct declarations *d = declarations_parse(text, length, &complaint);
 *
 * Everything is read whole or refused whole: a parse that fails returns NULL
 * and says where and why in *complaint: of several reasons the one that comes
 * first in the file. On success it isn't touched.
 */

/* Where in a file, and why; both 1-based, columns are characters. What has no
 * place, a key that is missing, is at 1:1. */
struct complaint {
	unsigned long line, column;
	char reason[256]; /* one line of printable ASCII, the rest as \xNN */
};

#define NODE_TTL_DEFAULT MINUTES(15)
#define SERVICE_TTL_DEFAULT HOURS(24)

struct topology_node {
	char *name;
	char **roles; /* in file order */
	size_t role_count;
	char **aliases; /* those that hold: see topology_parse; sorted */
	size_t alias_count;
	timestamp heartbeat_ttl; /* 0 = never stale */
	bool intermittent;
};

struct topology_alias {
	char *alias, *node;
};

struct topology {
	struct topology_node *nodes; /* by name */
	size_t node_count;
	struct topology_alias *aliases; /* by alias, of all nodes */
	size_t alias_count;
};

/*
 * Reads a topology. `alias_map` is the text of NODE_ALIAS_MAP or NULL: a JSON
 * object, alias to node name, that adds to the file's aliases; the file wins.
 * A name of a node is never an alias; one that is listed as such is ignored.
 * What the map has for a name that is no node is ignored too. An alias that the
 * file gives two nodes, or a bad map (an empty one is none), fails the whole;
 * *in_map says whether it was the map, which is looked at after the file; the
 * position is 1:1 then. A topology without a node is refused ("lists no node").
 */
struct topology *topology_parse(const char *text, size_t length, const char *alias_map,
    bool *in_map, struct complaint *complaint);

/* A topology without nodes that has the aliases of the map (may be NULL) only,
 * for homelabs that have no topology file: topology_node_of tells the node of an
 * alias, and of other names that it doesn't know them. NULL where the map is bad. */
struct topology *topology_of_map(const char *alias_map, struct complaint *complaint);

/* The last good topology, as kept with the checkpoint, and back; NULL where the
 * value isn't one (or jansson is out of memory). The value is a new reference. */
json_t *topology_to_json(const struct topology *t);
struct topology *topology_from_json(const json_t *value);

const struct topology_node *topology_find(const struct topology *t, const char *name);
/* The node a directory of that name belongs to: itself, or the node it is an
 * alias of. NULL where it's neither. The result lives as long as t. */
const char *topology_node_of(const struct topology *t, const char *directory);
bool topology_same(const struct topology *a, const struct topology *b);
void topology_free(struct topology *t);

struct declaration {
	char *service;
	char *role; /* or NULL */
	bool monitored;
	timestamp heartbeat_ttl; /* 0 = always fresh */
};

/* What one host's services.yaml declares, by name. */
struct declarations {
	struct declaration *items;
	size_t count;
};

/* A file without `services` is refused; with an empty one it declares nothing.
 * Containers' leftovers and a service called `all` are kept as they stand. */
struct declarations *declarations_parse(
    const char *text, size_t length, struct complaint *complaint);
json_t *declarations_to_json(const struct declarations *d);
struct declarations *declarations_from_json(const json_t *value);
const struct declaration *declarations_find(const struct declarations *d, const char *service);
void declarations_free(struct declarations *d);

#endif
