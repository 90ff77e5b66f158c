#ifndef HOMELAB_OBSERVER_H
#define HOMELAB_OBSERVER_H

#include <homelab/project.h>

#include <signal.h>

/*
 * One run of homelab-observer, without argv, environment and exit, so that
 * tests can have a thousand of them in a process. See homelab-observer(8).
 */
struct observer_options {
	const char *root, *repo;
	const char *alias_map; /* NODE_ALIAS_MAP, or NULL */
	bool reset, force, dry_run, no_topology;
	timestamp now; /* TIMESTAMP_NONE: the clock's */
	timestamp settle;
	struct retention retention;
	unsigned jobs; /* threads; 0: one for each processor */
	volatile sig_atomic_t *stop; /* set from outside to end the run early */
};

void observer_options_init(struct observer_options *options);

/*
 * One reconcile. Returns the exit status: EX_OK, or EX_CONFIG where it went on
 * with the last good topology; otherwise nothing was changed and *err says why:
 * EX_IOERR for our own state and world, EX_TEMPFAIL where another observer runs
 * or the run was stopped, EX_CONFIG without any topology, EX_SOFTWARE.
 */
int observer_run(const struct observer_options *options, struct error *err);

/* Folds from scratch what was decided on and compares it with the published
 * world: EX_OK, 1 where they differ, or as above. Says so. */
int observer_verify(const struct observer_options *options, struct error *err);

#endif
