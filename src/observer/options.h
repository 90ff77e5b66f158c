#ifndef HOMELAB_OPTIONS_H
#define HOMELAB_OPTIONS_H

#include <homelab/observer.h>

#include <limits.h>

/* A command line of homelab-observer. */
struct observer_command {
	struct observer_options options;
	bool verify;
	bool watch;
	timestamp interval; /* of --watch */
	timestamp expire; /* age of the event files to delete, or 0 */
	int done; /* exit status + 1 where nothing is left to do */
	char absolute[PATH_MAX]; /* what options.root may point to */
};

/* 0, or, having said why, the exit status of a usage error. Texts are those of argv
 * and the environment. */
int observer_command_parse(struct observer_command *c, int argc, char **argv);

#endif
