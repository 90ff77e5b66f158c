#ifndef HOMELAB_INVENTORY_TOPOLOGY_H
#define HOMELAB_INVENTORY_TOPOLOGY_H

#include <homelab/inventory.h>

/*
 * How a topology is made: nodes are added and sorted, then aliases are added,
 * which asks for the nodes, and at last attached to them.
 */

/* Makes room for one more where only the count is kept: such an array has room
 * up to the next power of two. */
#define ARRAY_ROOM(array, count)                                                                   \
	do {                                                                                       \
		if (((count) & ((count)-1)) == 0)                                                  \
			(array) =                                                                  \
			    memory_resize((array), (count) ? (count)*2 : 1, sizeof(*(array)));     \
	} while (0)

/* A node with the defaults; good until the next one is added. */
struct topology_node *topology_add_node(struct topology *t, const char *name);
void topology_add_role(struct topology_node *node, const char *role);
void topology_sort_nodes(struct topology *t);

void topology_add_alias(struct topology *t, const char *alias, const char *node);

/* Adds those of NODE_ALIAS_MAP (may be NULL) that hold beside the ones that are
 * there, which are sorted; of a topology without nodes, all. */
bool topology_add_map(struct topology *t, const char *map, struct complaint *complaint);

void topology_attach_aliases(struct topology *t);

#endif
