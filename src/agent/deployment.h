#ifndef AGENT_DEPLOYMENT_H
#define AGENT_DEPLOYMENT_H

#include <homelab/timestamp.h>

/* Whether a deployment is at work on this node, which replaces containers itself:
 * ROOT/state/deploy/current_stage says `deploy` or `verify`, and said so less than
 * 30 minutes ago. What can't be read says nothing. */
bool deployment_is_under_way(const char *root, timestamp now);

#endif
