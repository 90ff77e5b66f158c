#ifndef RUNTIME_ECHO_H
#define RUNTIME_ECHO_H

#include <homelab/error.h>
#include <homelab/timestamp.h>

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Hints of an event stream. containerd and dockerd tell of an end up to some hundred
 * milliseconds before their lists show it, and then nothing more: so a hint is given
 * again and again for a while. An event that comes meanwhile begins it anew.
 *
 *	echo_begin -> echo_event, with each event -> echo_end
 */
struct echo {
	void (*hint)(void *context);
	void *context;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	timestamp event; /* when the last came */
	size_t next; /* the echo that is due */
	bool ended;
};

/* Hints are given by a thread of its own until echo_end(). */
int echo_begin(struct echo *e, void (*hint)(void *context), void *context, struct error *err);
void echo_event(struct echo *e);
void echo_end(struct echo *e);

#endif
