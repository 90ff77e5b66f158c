#ifndef HOMELAB_NOTIFY_H
#define HOMELAB_NOTIFY_H

#include <homelab/error.h>
#include <homelab/timestamp.h>

#include <signal.h>

/*
 * One run of homelab-notify, without argv, environment and exit: each hook is
 * told what is new since its bookmark, hooks side by side, until nothing is left
 * that could be told now. See homelab-notify(8).
 */
struct notify_options {
	const char *root; /* the tree; only ever read */
	const char *hooks; /* directory */
	const char *state; /* directory of the bookmarks, made where it isn't there */
	timestamp hold; /* see hold.h */
	timestamp timeout; /* of a hook */
	timestamp now; /* TIMESTAMP_NONE: the clock's */
	volatile sig_atomic_t *stop; /* set by SIGTERM and SIGINT to end the run early */
};

void notify_options_init(struct notify_options *options);

/*
 * Returns the exit status: EX_OK, also where hooks failed; EX_CONFIG where some
 * were refused; EX_IOERR where something of ours couldn't be read or written;
 * EX_TEMPFAIL where another run is under way or this one was stopped. err->text
 * is empty where all was said already.
 */
int notify_run(const struct notify_options *options, struct error *err);

/* Gives an example to one hook: a path that begins with "/" or ".", or a name
 * below the directory of hooks. EX_OK where it took it, 1 where it didn't, or
 * as above. */
int notify_test(const struct notify_options *options, const char *hook, struct error *err);

#endif
