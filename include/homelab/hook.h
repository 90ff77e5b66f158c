#ifndef HOMELAB_HOOK_H
#define HOMELAB_HOOK_H

#include <homelab/error.h>

#include <stdbool.h>
#include <stddef.h>

/*
 * The hooks in a directory: its executables named by 1 to 64 of A-Z a-z 0-9 _ -
 * (so neither NAME.bak nor NAME~), and those in its subdirectory `state`, which
 * are told how it is in place of what changed.
 *
 * Whoever can change a hook can do what we can. So nothing is run unless it,
 * and every directory on the way to it, belongs to root or to us and can be
 * written by nobody else (a directory with the sticky bit may be). Links are
 * followed, and all this is asked of where they lead. What passed can be
 * exchanged by nobody but root and us.
 */
enum { HOOK_NAME_MAX = 64, HOOKS_MAX = 32 };

struct hook {
	char *name; /* of one told states "state/NAME" */
	char *path; /* where it really is */
	bool state;
};

struct hooks {
	struct hook *hooks; /* by name */
	size_t count, room;
	size_t refused; /* each said in a warning */
};

/* Lists and checks. Without the directory there are none. 0 or -1. */
int hooks_load(const char *directory, struct hooks *out, struct error *err);
void hooks_release(struct hooks *h);

/* Checks one and finds its real path, which the caller frees. -1 with *err set
 * (EX_CONFIG) where it can't be run or must not be. */
int hook_resolve(const char *path, char **real, struct error *err);

#endif
