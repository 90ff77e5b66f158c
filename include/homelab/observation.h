#ifndef HOMELAB_OBSERVATION_H
#define HOMELAB_OBSERVATION_H

#include <homelab/error.h>
#include <homelab/observation_handle.h>
#include <homelab/timestamp.h>

#include <poll.h>

/*
 * The observation runtime: looks at something again and again, in cycles, and
 * keeps for readers in any thread what was seen last, what changed lately and
 * what went wrong. What is looked at, and how, the program says by a provider
 * of sources and an observer; the runtime knows neither.
 *
 *	observation_config_init(&config);
 *	config.provider = …; config.observer = …;
 *	o = observation_start(&config, &err);        cycle 0: sources, init, snapshot
 *
 *	observation_run_cycle(o, &err);              one shot: one cycle
 *
 *	while (observation_wait(o))                  staying, in this thread:
 *		(void)observation_run_cycle(o, &err);    a cycle that fails isn't the end
 *
 *	observation_start_thread(o, &err);           staying, in a thread of its own
 *
 *	observation_free(o);
 *
 * A cycle asks the provider for the sources, then the observer for the events
 * that lead from what was seen before to what is seen now, and for a snapshot.
 * Only a whole cycle is shown: one that fails takes a number, is told as the
 * last failure until another succeeds, and changes nothing else.
 *
 * One thread at a time runs cycles. Provider and observer are called in that
 * thread, and in the one of observation_start() and observation_free().
 *
 * Memory: one snapshot, the batches of the history and those that wait for
 * subscribers, each within its limit, and what readers hold on to.
 */

/* --- what the program gives ------------------------------------------------ */

struct observation_source {
	const char *name;
	void *data; /* the provider's; the runtime passes it on */
};

struct observation_sources {
	struct observation_source *list;
	size_t count, room;
};

/* The name is copied. */
void observation_sources_add(struct observation_sources *sources, const char *name, void *data);

/* Called anew in every cycle: adds the sources there are now. `data` has to
 * stay until the next call. */
struct observation_provider {
	int (*list)(void *context, struct observation_sources *out, struct error *err);
	void *context;
};

/* A provider of always the same sources, which have to outlive the runtime. */
struct observation_provider observation_provider_static(const struct observation_sources *sources);

struct observation_cycle {
	uint64_t number; /* 0 for init */
	timestamp at; /* when it began, by the real clock */
	bool early; /* woken before the interval was over */
	struct observation_sources sources;
};

/* Events in their order; each is the observer's own, and from here on the
 * runtime's. */
struct observation_events;
void observation_events_add(struct observation_events *events, void *event);

/*
 * Values and events are the observer's own kind, never changed once handed
 * over, and released once, when nobody needs them any more: in whichever thread
 * that is, perhaps after observation_free(). No lock is held then.
 */
struct observation_observer {
	void *context; /* for init */
	int (*init)(
	    void *context, const struct observation_cycle *cycle, void **state, struct error *err);
	/* After a failure the state has to be as before; events added are dropped. */
	int (*poll)(const struct observation_cycle *cycle, void *state,
	    struct observation_events *events, struct error *err);
	void *(*snapshot)(void *state);
	void (*release_state)(void *state);
	void (*release_value)(void *value);
	void (*release_event)(void *event);
};

/* The system's, unless a test or an option says what time it is. */
struct observation_clock {
	timestamp (*real)(void *context);
	timestamp (*monotonic)(void *context);
	/* poll(2) with a time in nanoseconds; may return sooner. */
	int (*wait)(void *context, struct pollfd *fds, nfds_t count, timestamp longest);
	void *context;
};

struct observation_config {
	struct observation_provider provider;
	struct observation_observer observer;
	timestamp interval; /* from the start of a cycle to the next; 1 s */
	/* A cycle that begins early does so at least this long after the end of the
	 * one before, so that a burst of wakes is one cycle; 50 ms. */
	timestamp gather;
	size_t history_limit; /* batches; 64; 0 keeps none */
	/* Begins a cycle early when it can be read, or -1. It isn't read from: the
	 * observer has to, to the end, in every poll. After a failure it waits for
	 * the next cycle that is due or woken; hung up, it is left alone. */
	int hint_fd;
	struct observation_clock clock;
};

void observation_config_init(struct observation_config *config);

/* --- running --------------------------------------------------------------- */

struct observation;

/* NULL where the configuration is no good (EX_USAGE: the interval must be more
 * than 0), or the provider or init fails (their error). */
struct observation *observation_start(const struct observation_config *config, struct error *err);

/*
 * Waits until a cycle is due or wanted early; false once stopped. A cycle is due
 * an interval after the last due one began: early ones don't put it off, and what
 * was missed, since a cycle took long or the machine slept, is one cycle late and
 * never made up for.
 */
bool observation_wait(struct observation *o);

/* One cycle, now. -1 where it fails, or where another thread runs cycles
 * (EX_SOFTWARE), which is no failure of a cycle. */
int observation_run_cycle(struct observation *o, struct error *err);

/* Waits and runs cycles in a thread of its own until it is freed. */
int observation_start_thread(struct observation *o, struct error *err);

/* Begin the next cycle early; end the wait and all later ones. From any thread
 * or signal handler, a poll included, until observation_free() is called. */
void observation_wake(struct observation *o);
void observation_stop(struct observation *o);

/* Ends a wait at once, lets a cycle come to its end; not from within one. NULL
 * is nothing. */
void observation_free(struct observation *o);

/* What readers hold, see homelab/observation_handle.h. New reference. */
struct observation_handle *observation_handle(struct observation *o);

#endif
