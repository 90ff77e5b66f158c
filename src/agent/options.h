#ifndef AGENT_OPTIONS_H
#define AGENT_OPTIONS_H

#include <homelab/backend.h>
#include <homelab/options.h>

#include <limits.h>

/* What homelab-agent was told. Strings are argv's and the environment's. */

struct agent_options {
	const char *root, *repo, *node;
	struct texts runtimes, mounts, urls;
	bool watch; /* stay */
	bool offline; /* node_offline, and nothing else */
	timestamp interval, heartbeat, stable;
	unsigned log_lines;
	bool no_act;
	const char *isolate_hook; /* or NULL */
	struct backend_options backend; /* its urls are `urls` */
	char host[256], absolute[PATH_MAX]; /* what node and root may point to */
};

enum { LOG_LINES_MAX = 100 };

/* 0, OPTIONS_DONE, or -1 with EX_USAGE; release it in each case. */
int agent_options_parse(struct agent_options *o, int argc, char **argv, struct error *err);
void agent_options_release(struct agent_options *o);

#endif
