#ifndef DISK_RECEIVER_H
#define DISK_RECEIVER_H

#include <homelab/buffer.h>

#include <pthread.h>
#include <stdatomic.h>

/*
 * A backend made up, on a port of loopback: keeps each array of events that is posted
 * to it, and answers with the status it was told. Its lists are for reading while
 * nothing is sent.
 */

enum { DELIVERIES_MAX = 16 };

struct delivery {
	char key[128]; /* the header Idempotency-Key */
	struct buffer body; /* less gzip */
	int status; /* what the answer was */
	size_t at; /* changes of the disk that were recorded when it came */
};

struct receiver {
	char url[40];
	atomic_int status;
	int listener;
	pthread_t thread;
	struct delivery list[DELIVERIES_MAX];
	size_t count;
};

extern struct receiver receiver;

void receiver_start(void);
void receiver_stop(void);
/* Forgets those from that number on. */
void receiver_forget(size_t from);

#endif
