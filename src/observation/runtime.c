/*
 * The runtime: its start, its cycles, its end.
 *
 *	R1  One thread at a time runs cycles.
 *	R2  What readers see comes from whole cycles alone.
 *	R3  Whoever wakes before a cycle begins is answered by it; whoever wakes
 *	    later is answered by another.
 */

#include "parts.h"

#include <homelab/buffer.h>

#include <errno.h>
#include <signal.h>
#include <sysexits.h>

enum { HISTORY_LIMIT = 64 };

#define INTERVAL SECONDS(1)
#define GATHER (NANOSECONDS_A_SECOND / 20)

struct observation {
	struct observation_config config;
	struct observation_handle *handle; /* NULL until started */
	void *state;
	uint64_t next; /* cycle */
	size_t source_count; /* as last known */
	bool early; /* the next cycle is */
	bool failed; /* the last one did */
	struct schedule schedule;
	struct bell bell;
	atomic_bool stopped;
	atomic_bool taken; /* some thread runs cycles (R1) */
	bool has_thread;
	pthread_t thread;
};

_Static_assert(ATOMIC_BOOL_LOCK_FREE == 2, "observation_stop() is called by signal handlers");

void
observation_config_init(struct observation_config *config)
{
	*config = (struct observation_config){.interval = INTERVAL,
	    .gather = GATHER,
	    .history_limit = HISTORY_LIMIT,
	    .hint_fd = -1,
	    .clock = clock_system};
}

/* --- cycles ---------------------------------------------------------------- */

static timestamp
monotonic(const struct observation *o)
{
	return o->config.clock.monotonic(o->config.clock.context);
}

static void
begin_cycle(struct observation *o, struct observation_cycle *c)
{
	bell_quiet(&o->bell);
	*c = (struct observation_cycle){.number = o->next++,
	    .at = o->config.clock.real(o->config.clock.context),
	    .early = o->early};
	schedule_begin(&o->schedule, monotonic(o), o->early);
	o->early = false;
}

static void
end_cycle(struct observation *o, struct observation_cycle *c)
{
	sources_release(&c->sources);
	schedule_end(&o->schedule, monotonic(o));
}

static int
list_sources(struct observation *o, struct observation_cycle *c, struct error *err)
{
	const struct observation_provider *p = &o->config.provider;

	if (p->list(p->context, &c->sources, err) < 0)
		return -1;
	o->source_count = c->sources.count;
	return 0;
}

static const struct observation_snapshot *
take_snapshot(const struct observation *o, const struct observation_cycle *c)
{
	return snapshot_new(
	    c, o->config.observer.snapshot(o->state), o->config.observer.release_value);
}

static int
poll_observer(struct observation *o, const struct observation_cycle *c, struct error *err)
{
	struct observation_events events = {.release = o->config.observer.release_event};
	int result = o->config.observer.poll(c, o->state, &events, err);

	if (result >= 0)
		handle_publish(o->handle, take_snapshot(o, c),
		    events.count > 0 ? batch_new(c, &events) : NULL);
	events_release(&events);
	return result;
}

static int
run_cycle(struct observation *o, struct error *err)
{
	struct observation_failure failure = {.stage = OBSERVATION_SOURCE_REFRESH};
	struct observation_cycle cycle;
	int result;

	begin_cycle(o, &cycle);
	result = list_sources(o, &cycle, &failure.error);
	if (result >= 0) {
		failure.stage = OBSERVATION_POLL;
		result = poll_observer(o, &cycle, &failure.error);
	}
	o->failed = result < 0;
	if (o->failed) {
		failure.cycle = cycle.number;
		failure.at = cycle.at;
		failure.source_count = o->source_count;
		handle_fail(o->handle, &failure);
		if (err != NULL)
			*err = failure.error;
	}
	end_cycle(o, &cycle);
	return result;
}

static int
take_turn(struct observation *o, struct error *err)
{
	return atomic_exchange(&o->taken, true) ?
	    error_set(err, EX_SOFTWARE, "cannot run cycles: another thread does") :
	    0;
}

int
observation_run_cycle(struct observation *o, struct error *err)
{
	int result;

	if (take_turn(o, err) < 0)
		return -1;
	result = run_cycle(o, err);
	atomic_store(&o->taken, false);
	return result;
}

/* --- waiting --------------------------------------------------------------- */

bool
observation_wait(struct observation *o)
{
	while (!atomic_load(&o->stopped)) {
		timestamp now = monotonic(o), next = schedule_next(&o->schedule);

		if (now >= next) {
			o->early = now < o->schedule.due;
			return true;
		}
		/* A cycle that failed may not have read from the hint. */
		if (bell_wait(
			&o->bell, &o->config.clock, !o->schedule.woken && !o->failed, next - now))
			o->schedule.woken = true;
	}
	return false;
}

void
observation_wake(struct observation *o)
{
	bell_ring(&o->bell);
}

void
observation_stop(struct observation *o)
{
	atomic_store(&o->stopped, true);
	bell_ring(&o->bell);
}

static void *
run_cycles(void *observation)
{
	struct observation *o = observation;

	while (observation_wait(o))
		(void)run_cycle(o, NULL);
	return NULL;
}

int
observation_start_thread(struct observation *o, struct error *err)
{
	sigset_t all, before;

	if (take_turn(o, err) < 0)
		return -1;
	/* Signals are for the program's own threads. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	errno = pthread_create(&o->thread, NULL, run_cycles, o);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	o->has_thread = errno == 0;
	if (o->has_thread)
		return 0;
	atomic_store(&o->taken, false);
	return error_errno(err, EX_OSERR, "cannot start a thread");
}

/* --- start and end --------------------------------------------------------- */

static int
check_config(const struct observation_config *config, struct error *err)
{
	if (config->interval <= 0)
		return error_set(err, EX_USAGE,
		    "cannot observe at an interval of %lld ns: it has to be more than 0",
		    (long long)config->interval);
	if (config->gather < 0)
		return error_set(err, EX_USAGE, "cannot gather for %lld ns: it has to be 0 or more",
		    (long long)config->gather);
	return 0;
}

static int
run_first_cycle(struct observation *o, struct error *err)
{
	const struct observation_observer *observer = &o->config.observer;
	struct observation_cycle cycle;
	int result;

	begin_cycle(o, &cycle);
	result = list_sources(o, &cycle, err);
	if (result >= 0)
		result = observer->init(observer->context, &cycle, &o->state, err);
	if (result >= 0)
		o->handle = handle_new(take_snapshot(o, &cycle), o->config.history_limit);
	end_cycle(o, &cycle);
	return result;
}

struct observation *
observation_start(const struct observation_config *config, struct error *err)
{
	struct observation *o;

	if (check_config(config, err) < 0)
		return NULL;
	o = memory_alloc(sizeof(*o));
	o->config = *config;
	o->schedule = (struct schedule){.interval = config->interval, .gather = config->gather};
	atomic_init(&o->stopped, false);
	atomic_init(&o->taken, false);
	if (bell_open(&o->bell, config->hint_fd, err) == 0 && run_first_cycle(o, err) >= 0)
		return o;
	observation_free(o);
	return NULL;
}

void
observation_free(struct observation *o)
{
	if (o == NULL)
		return;
	observation_stop(o);
	if (o->has_thread)
		(void)pthread_join(o->thread, NULL);
	if (o->handle != NULL) {
		o->config.observer.release_state(o->state);
		handle_end(o->handle);
		observation_handle_release(o->handle);
	}
	bell_close(&o->bell);
	free(o);
}

struct observation_handle *
observation_handle(struct observation *o)
{
	return handle_keep(o->handle);
}
