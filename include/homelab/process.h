#ifndef HOMELAB_PROCESS_H
#define HOMELAB_PROCESS_H

#include <homelab/error.h>
#include <homelab/timestamp.h>

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * A program that is given something to read and a time to do it in. It runs in
 * a process group of its own, in /, with our environment. What it writes to
 * standard output and error goes to our messages, line by line behind its name.
 *
 * When the time is over its group gets SIGTERM, and SIGKILL 3 s later. When the
 * program has ended, so has whatever it left in its group.
 *
 *	process_watch_children()
 *	process_start -> process_wait, process_attend … until it says ended
 */

enum {
	OUTPUT_LINE_MAX = 1024,
	OUTPUT_BYTES_MAX = 64 << 10, /* the rest isn't said */
	GRACE_SECONDS = 3,
};

struct process {
	pid_t pid; /* 0: none; also its group */
	int output;
	const char *name; /* the caller's, while it runs */
	timestamp deadline; /* monotonic */
	bool late, stopped;
	int status; /* as of waitpid(2), once it ended */
	size_t length, said;
	char line[OUTPUT_LINE_MAX + 1];
};

/* SIGCHLD, SIGTERM and SIGINT come during process_wait() only; *stop becomes 1
 * with the latter two. */
void process_watch_children(volatile sig_atomic_t *stop);

/* Starts `path` with the file `input` as its standard input. */
int process_start(struct process *p, const char *name, const char *path, int input,
    timestamp duration, struct error *err);

/* Waits until one of them has something to say, ended, or is late; until a
 * signal; or for a second. */
void process_wait(struct process *const *processes, size_t count);

/* Does what is to be done. True once it has ended; p->pid is 0 then. */
bool process_attend(struct process *p);

/* As if its time were over. */
void process_stop(struct process *p);

/* Whether it ended by itself with 0; else *out says how it ended. */
bool process_succeeded(const struct process *p, char *out, size_t size);

#endif
