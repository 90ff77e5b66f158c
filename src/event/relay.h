#ifndef EVENT_RELAY_H
#define EVENT_RELAY_H

#include <stddef.h>

/*
 * Runs a command whose output goes where ours does, and to a sink as well.
 *
 *	relay_begin();
 *	status = relay_run(argv, sink, context, &end);
 *
 * Standard output and error of the command are pipes that are read here; what
 * comes from both reaches the sink in the order it's read. Standard input is
 * ours. When the command has ended what is in the pipes is read, and no longer
 * waited for, though something it left in the background may hold them.
 *
 * Signals that another process sends us (HUP, INT, QUIT, TERM, USR1, USR2) are
 * sent on to the command and don't end us; those of the terminal go to both
 * anyway. What was ignored when we began stays ignored.
 */

struct relay_end {
	int status; /* 0 to 255, as shells have it: 128 + signal, 126, 127 */
	int signal; /* that ended it, or 0 */
	int error; /* errno of why it couldn't be started, or 0 */
};

typedef void (*relay_sink)(void *context, const void *data, size_t length);

/* From here on signals wait for the command. */
void relay_begin(void);
/* `argv` ends with NULL; argv[0] is searched in PATH. */
void relay_run(char **argv, relay_sink sink, void *context, struct relay_end *end);

#endif
