#ifndef AGENT_OPTIONS_H
#define AGENT_OPTIONS_H

#include <homelab/backend.h>

#include <limits.h>

/* What homelab-agent was told. Strings are argv's and the environment's. */

struct texts {
	const char **list; /* NULL behind the last once there is one */
	size_t count;
};

enum agent_mode {
	AGENT_ONCE, /* one cycle */
	AGENT_WATCH, /* stays */
	AGENT_OFFLINE, /* node_offline */
	AGENT_DONE, /* by --help or --version: nothing is left to do */
};

struct agent_options {
	const char *root, *repo, *node;
	struct texts runtimes, mounts, urls;
	enum agent_mode mode;
	timestamp interval, heartbeat, stable;
	unsigned log_lines;
	bool no_act;
	const char *isolate_hook; /* or NULL */
	struct backend_options backend; /* its urls are `urls` */
	char host[256], absolute[PATH_MAX]; /* what node and root may point to */
};

enum { LOG_LINES_MAX = 100 };

/* Release it in either case. EX_USAGE. */
int agent_options_parse(struct agent_options *o, int argc, char **argv, struct error *err);
void agent_options_release(struct agent_options *o);

#endif
