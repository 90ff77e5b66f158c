#ifndef HEALTH_PARTS_H
#define HEALTH_PARTS_H

#include <homelab/health.h>

/* What was said last, shared by what says it and what keeps it. */

enum said { SAID_NOTHING, SAID_HEALTHY, SAID_UNHEALTHY, SAID_COUNT };

struct service_health {
	char *name;
	enum said said;
	timestamp said_at;
	/* The latest start of its containers at the last look, and since when they have
	 * been up with that one being the latest; or none. */
	timestamp run, up_since;
};

/* By name. */
struct health {
	struct service_health *list;
	size_t count, room;
	timestamp looked_at;
};

struct service_health *health_append(struct health *h, struct service_health add);

#endif
