#ifndef UNIT_FLEET_H
#define UNIT_FLEET_H

#include <homelab/container.h>

/*
 * Containers that are written as lines:
 *
 *	NAME/ID STATE [created=TIME] [started=TIME] [finished=TIME] [exit=N]
 *	    [restarts=N] [health=HEALTH] [service=NAME] [pod=UID] [asked] [oom]
 *	    [oneoff] [external]
 */
struct container *fleet_add(struct containers *fleet, const char *line);

/* Each line of a text. */
void fleet_read(struct containers *fleet, const char *lines);

#endif
