#ifndef HOMELAB_NODE_H
#define HOMELAB_NODE_H

#include <homelab/error.h>

#include <stddef.h>

/*
 * The name of the node a program runs on, as events have it: what the caller
 * was told, else NODE_NAME, else the host's name up to the first dot.
 */

/* The latter two; `out` may hold it. "" where there is none. */
const char *node_name_find(char *out, size_t size);

/* EX_USAGE where that is no node's name, or a container's id, which programs in
 * containers take for the host's name. */
int node_name_check(const char *node, struct error *err);

#endif
