#ifndef EVENT_OPTIONS_H
#define EVENT_OPTIONS_H

#include <homelab/compose.h>

#include <limits.h>

/* What homelab-event was told. Strings are argv's. */
struct event_command {
	const char *root;
	char absolute[PATH_MAX]; /* for a root that was told as relative */
	bool runs; /* `run` */
	struct outline outline; /* `at` is TIMESTAMP_NONE where it isn't given */
	json_t *payload; /* owned */
	char **command; /* of `run`, ended with NULL */
};

/* Reads argv over what is set already. 0, OPTIONS_DONE, or -1: EX_USAGE, EX_IOERR for
 * a file. */
int event_options_parse(struct event_command *c, int argc, char **argv, struct error *err);

#endif
