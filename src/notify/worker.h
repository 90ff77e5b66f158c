#ifndef NOTIFY_WORKER_H
#define NOTIFY_WORKER_H

#include <homelab/batches.h>
#include <homelab/hook.h>
#include <homelab/notify.h>
#include <homelab/process.h>

/*
 * One hook and how far it is within a run:
 *
 *	idle    -> running	something is to be told
 *	idle    -> resting	nothing, or not yet
 *	running -> idle		it took it
 *	running -> resting	it didn't; again when it's time
 *	resting -> idle		there may be news, or a minute went by
 */
enum worker_state { WORKER_IDLE, WORKER_RUNNING, WORKER_RESTING };

struct worker {
	struct hook hook;
	enum worker_state state;
	bool delivered; /* not on disk yet */
	bool gone; /* no hook any more */
	struct process process;
	struct batches_cursor cursor;
};

struct notifier {
	const struct notify_options *options;
	int root, state, lock;
	struct batches batches;
	struct worker **workers; /* each keeps its place in memory */
	size_t count, room, refused;
	bool failed; /* something was said with message_error() */
	timestamp looked_at, minute; /* monotonic */
};

timestamp notifier_now(const struct notify_options *options);

/* Of an idle one: tells its hook what is next, or lets it rest. */
void worker_begin(struct notifier *n, struct worker *w);
/* Of a running one: true, and no longer running, once its hook has ended. */
bool worker_attend(struct notifier *n, struct worker *w);

/* Gives a hook something to read. */
int worker_give(struct worker *w, const struct notify_options *options, const json_t *notification,
    struct error *err);

#endif
