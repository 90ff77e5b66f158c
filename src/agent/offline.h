#ifndef AGENT_OFFLINE_H
#define AGENT_OFFLINE_H

#include "options.h"

/* --offline: tells node_offline, to backends, too, unless another agent runs, who has
 * what they are sent. An exit status, with *err set unless it's EX_OK. */
int agent_go_offline(const struct agent_options *options, struct error *err);

#endif
