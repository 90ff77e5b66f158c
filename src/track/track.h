#ifndef TRACK_PARTS_H
#define TRACK_PARTS_H

#include <homelab/track.h>

/* What is known, shared by what changes it and what keeps it. */

struct look {
	char *runtime;
	timestamp at;
};

struct track {
	struct containers known; /* sorted */
	struct look looks[TRACK_RUNTIMES_MAX];
	int look_count;
};

/* The look of that runtime, made where there is room; or NULL. */
struct look *track_look(struct track *t, const char *runtime);

/* Adds one, which is the list's own from now on. */
void containers_take(struct containers *to, struct container add);

#endif
