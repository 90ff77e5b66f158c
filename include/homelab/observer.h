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
	const char *metrics; /* where Prometheus text goes, or NULL */
	bool reset, force, dry_run, no_topology;
	timestamp now; /* TIMESTAMP_NONE: the clock's */
	timestamp settle;
	struct retention retention;
	unsigned history_limit; /* batches that world/history.json shows */
	unsigned jobs; /* threads; 0: one for each processor */
	volatile sig_atomic_t *stop; /* set from outside to end the run early */
};

enum { HISTORY_LIMIT_MAX = 10000 };

void observer_options_init(struct observer_options *options);

/*
 * One reconcile. Returns the exit status: EX_OK, or EX_CONFIG where it went on
 * with the last good topology, or EX_IOERR where all is published but the
 * metrics, as *err says; otherwise nothing was changed and *err says why:
 * EX_IOERR for our own state and world, EX_TEMPFAIL where another observer runs
 * or the run was stopped, EX_CONFIG without any topology, EX_SOFTWARE.
 */
int observer_run(const struct observer_options *options, struct error *err);

struct observation;

/* What signal handlers ask of observer_watch(). */
struct observer_signals {
	struct observation *volatile runtime; /* to be woken or stopped; or NULL */
	volatile sig_atomic_t reload; /* read everything from the disk again */
	volatile sig_atomic_t rebuild; /* make everything anew */
};

/* Stays until it's stopped: a reconcile every `interval`, and in between whenever
 * something came; where `age` isn't 0, observer_expire() once a day. EX_OK, or the
 * status of the first one where that fails. */
int observer_watch(const struct observer_options *options, timestamp interval, timestamp age,
    struct observer_signals *signals, struct error *err);

/* Folds from scratch what was decided on and compares it with the published
 * world: EX_OK, 1 where they differ, or as above. Says so. */
int observer_verify(const struct observer_options *options, struct error *err);

/* Deletes event files decided on at least `age` ago, and directories that are
 * empty then; says how many. EX_OK, EX_IOERR where the state is missing or
 * damaged or something couldn't be deleted, or as above. */
int observer_expire(const struct observer_options *options, timestamp age, struct error *err);

enum { EXPIRE_HOURS_MIN = 1 }; /* the least age: whoever writes a file is done */

#endif
