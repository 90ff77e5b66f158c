#ifndef UNIT_COUNTING_H
#define UNIT_COUNTING_H

/*
 * An observer made up for the tests of the observation runtime: it counts.
 * Events are the numbers 1, 2, 3 …, a value is how many events there were. What
 * the cycles find is a text, a letter a cycle, the last one for ever. Its clock
 * stands still but for waits and for what cycles last; what happens meanwhile
 * is a list.
 */

#include "support.h"

#include <homelab/observation.h>

#include <signal.h>
#include <stdatomic.h>

#define MILLISECONDS(n) ((timestamp)(n)*1000000)

struct counting;
typedef void (*deed)(struct counting *c);

struct number {
	struct counting *of;
	uint64_t number;
};

struct counting {
	/* What is to happen. */
	const char *sources; /* a digit: so many, "a" and on; x: fails */
	const char *polls; /* a digit: so many events; x: fails, after two */
	bool over_and_over; /* after the last letter the first */
	bool init_fails;
	deed in_poll, in_release;
	timestamp lasts[8]; /* the n-th cycle's poll */
	struct {
		timestamp at; /* milliseconds after the start, in order */
		deed deed;
	} meanwhile[128];

	/* What happened. */
	char log[1024]; /* calls; unless the clock is the system's */
	char times[1024]; /* milliseconds; e: early, x: failed */
	uint64_t lists, counted;
	_Atomic uint64_t cycles; /* polls */
	atomic_int alive; /* states, values and events */
	struct error err;

	/* Its time, and what a clock on the wall adds. */
	timestamp now, wall;
	size_t next_deed;
	unsigned waits;
	bool by_system; /* the clock */

	struct observation_config config;
	struct observation *runtime;
	struct observation_handle *handle;
	unsigned open_files;
	struct sigaction on_alarm; /* before */
};

void counting_make(struct counting *c);
void counting_use_system_clock(struct counting *c);
/* Starts and has a handle. */
void counting_start(struct counting *c);
/* Frees both; everything has to be released then. */
void counting_end(struct counting *c);

/* One cycle at once, which succeeds. */
void counting_cycle(struct counting *c);
void counting_cycles(struct counting *c, int count);
/* Waits for cycles and runs them. */
void counting_stay(struct counting *c, int count);

/* "CYCLE: EVENT EVENT; CYCLE: …" of the history now. */
const char *counting_history(struct counting *c);
/* "CYCLE: EVENT EVENT", "lost N", "nothing" or "ended" */
const char *counting_receive(struct observation_subscription *s, timestamp longest);

#endif
