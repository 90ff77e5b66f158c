#ifndef AGENT_WATCH_H
#define AGENT_WATCH_H

#include "agent.h"

#include <homelab/observation.h>

/*
 * The agent on the observation runtime: sources are the container runtimes, a poll
 * is one look, its events are what was told, the snapshot is agent_facts().
 */

/* What a signal handler may reach; NULL where nothing is running. */
extern struct observation *volatile agent_observation;

struct agent_signals {
	volatile sig_atomic_t stopped; /* told to stop */
	volatile sig_atomic_t reload; /* told to read everything anew */
};

/* One look, or, with --watch, until it is stopped. An exit status, with *err set
 * where that is for people, too. */
int agent_run(
    const struct agent_options *options, struct agent_signals *signals, struct error *err);

#endif
