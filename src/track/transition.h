#ifndef TRACK_TRANSITION_H
#define TRACK_TRANSITION_H

#include <homelab/track.h>

/* One container, before and now. */
struct change {
	const struct container *before; /* NULL: it wasn't known */
	const struct container *after; /* NULL: it isn't there any more */
	/* One of the same name with fewer restarts, of which an unknown one is the next
	 * attempt; or NULL. */
	const struct container *predecessor;
	timestamp looked_at, now;
};

/* Adds what is told of it to the end. */
void transitions_of_change(const struct change *c, struct transitions *out);

/* It has started since, and not for the first time. */
bool is_another_run(const struct container *before, const struct container *after);

bool container_has_ended(const struct container *c); /* exited, failed */

void transitions_sort(struct transitions *t);

#endif
