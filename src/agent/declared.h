#ifndef AGENT_DECLARED_H
#define AGENT_DECLARED_H

#include "store.h"

#include <homelab/disk.h>
#include <homelab/policy.h>

/*
 * The policies of REPO/hosts/NODE/services.yaml, read again when the file changed.
 * A file that is bad or can't be read is said once, and the last good one stays: a
 * copy of that is kept in the state. So it is, while the agent stays, where the file
 * is gone: git replaces files by removing them first.
 */
struct declared {
	struct policies *policies; /* NULL: none */
	bool bad; /* what is there now isn't what `policies` are of */
	struct identity identity; /* of the file that was looked at; zeros: none */
	bool looked; /* once at least */
	char complaint[512]; /* the last one, said once */
};

/* After it, `policies` are those in force. */
void declared_look(
    struct declared *d, const char *repo, const char *node, const struct store *store);
/* Has it read anew. */
void declared_forget(struct declared *d);
void declared_release(struct declared *d);

#endif
