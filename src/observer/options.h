#ifndef OBSERVER_OPTIONS_H
#define OBSERVER_OPTIONS_H

#include <homelab/observer.h>

#include <limits.h>

/* A command line of homelab-observer. */
struct observer_command {
	struct observer_options options;
	bool verify;
	bool watch;
	timestamp interval; /* of --watch */
	timestamp expire; /* age of the event files to delete, or 0 */
	char absolute[PATH_MAX]; /* what options.root may point to */
};

/* 0, OPTIONS_DONE, or -1 with EX_USAGE. Texts are those of argv and the environment. */
int observer_command_parse(struct observer_command *c, int argc, char **argv, struct error *err);

#endif
