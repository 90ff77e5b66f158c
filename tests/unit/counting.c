#include "counting.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

enum {
	WAITS_MAX = 10000, /* of a test: who waits for nothing waits for ever */
	SECONDS_MAX = 60 /* of a test: what should have been woken wasn't */
};

static void __attribute__((format(printf, 3, 4)))
note(char *text, size_t size, const char *format, ...)
{
	size_t length = strlen(text);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text + length, size - length, format, args);
	va_end(args);
}

/* The letter of a call. */
static char
letter(const struct counting *c, const char *letters, uint64_t call)
{
	size_t length = strlen(letters);

	if (c->over_and_over)
		return letters[call % length];
	return letters[call < length ? call : length - 1];
}

/* --- provider and observer ------------------------------------------------- */

static int
list(void *context, struct observation_sources *out, struct error *err)
{
	struct counting *c = context;
	char sources = letter(c, c->sources, c->lists++);

	if (!c->by_system)
		note(c->log, sizeof(c->log), "list ");
	if (sources == 'x') {
		note(c->times, sizeof(c->times), "%lldx ", (long long)(c->now / MILLISECONDS(1)));
		return error_set(err, EX_NOINPUT, "no sources");
	}
	for (char name[] = "a"; name[0] < 'a' + sources - '0'; name[0]++)
		observation_sources_add(out, name, c);
	return 0;
}

static void
note_sources(struct counting *c, const char *call, const struct observation_cycle *cycle)
{
	if (c->by_system)
		return;
	note(c->log, sizeof(c->log), "%s(", call);
	for (size_t i = 0; i < cycle->sources.count; i++) {
		note(c->log, sizeof(c->log), "%s", cycle->sources.list[i].name);
		ck_assert_ptr_eq(cycle->sources.list[i].data, c);
	}
	note(c->log, sizeof(c->log), ") ");
}

static struct number *
count_one(struct counting *c, uint64_t number)
{
	struct number *n = memory_alloc(sizeof(*n));

	*n = (struct number){c, number};
	atomic_fetch_add(&c->alive, 1);
	return n;
}

static int
init(void *context, const struct observation_cycle *cycle, void **state, struct error *err)
{
	struct counting *c = context;

	note_sources(c, "init", cycle);
	ck_assert_uint_eq(cycle->number, 0);
	if (c->init_fails)
		return error_set(err, EX_CONFIG, "cannot begin");
	*state = count_one(c, 0);
	return 0;
}

static int
poll_events(const struct observation_cycle *cycle, void *state, struct observation_events *events,
    struct error *err)
{
	struct number *counted = state;
	struct counting *c = counted->of;
	uint64_t call = c->cycles++;
	char found = letter(c, c->polls, call);
	uint64_t count = found == 'x' ? 2 : (uint64_t)(found - '0');

	note_sources(c, "poll", cycle);
	if (!c->by_system)
		note(c->times, sizeof(c->times), "%lld%s%s ", (long long)(c->now / MILLISECONDS(1)),
		    cycle->early ? "e" : "", found == 'x' ? "x" : "");
	if (!c->by_system && call < COUNT(c->lasts))
		c->now += c->lasts[call];
	if (c->in_poll != NULL)
		c->in_poll(c);
	for (uint64_t i = 1; i <= count; i++)
		observation_events_add(events, count_one(c, counted->number + i));
	if (found == 'x')
		return error_set(err, EX_IOERR, "cannot count");
	counted->number += count;
	return 0;
}

static void *
snapshot(void *state)
{
	struct number *counted = state;
	struct counting *c = counted->of;

	if (!c->by_system)
		note(c->log, sizeof(c->log), "snapshot ");
	return count_one(c, counted->number);
}

static void
release(void *number)
{
	struct number *n = number;
	struct counting *c = n->of;

	if (c->in_release != NULL)
		c->in_release(c);
	atomic_fetch_sub(&c->alive, 1);
	free(n);
}

/* --- clock ----------------------------------------------------------------- */

static timestamp
real(void *context)
{
	const struct counting *c = context;

	return c->wall + c->now;
}

static timestamp
monotonic(void *context)
{
	const struct counting *c = context;

	return c->now;
}

static int
wait_for(void *context, struct pollfd *fds, nfds_t count, timestamp longest)
{
	struct counting *c = context;
	int ready = poll(fds, count, 0);
	timestamp until = c->now + longest, next;

	ck_assert_int_gt(longest, 0);
	ck_assert_uint_lt(c->waits++, WAITS_MAX);
	if (ready != 0)
		return ready;
	next = MILLISECONDS(c->meanwhile[c->next_deed].at);
	if (c->meanwhile[c->next_deed].deed == NULL || next > until) {
		c->now = until;
		return 0;
	}
	if (c->now < next)
		c->now = next;
	c->meanwhile[c->next_deed++].deed(c);
	return 0;
}

/* --- how tests use it ------------------------------------------------------ */

static unsigned
open_files(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* The process alone, where it isn't one of the test's own: libcheck would end
 * its whole group. */
static void
set_alarm(struct counting *c)
{
	const struct sigaction end = {.sa_handler = SIG_DFL};

	(void)sigaction(SIGALRM, &end, &c->on_alarm);
	(void)alarm(SECONDS_MAX);
}

void
counting_make(struct counting *c)
{
	*c = (struct counting){.sources = "1", .polls = "0", .wall = DAY_ZERO};
	set_alarm(c);
	c->open_files = open_files();
	observation_config_init(&c->config);
	c->config.provider = (struct observation_provider){list, c};
	c->config.observer = (struct observation_observer){
	    c, init, poll_events, snapshot, release, release, release};
	c->config.clock = (struct observation_clock){real, monotonic, wait_for, c};
}

void
counting_use_system_clock(struct counting *c)
{
	struct observation_config config;

	observation_config_init(&config);
	c->config.clock = config.clock;
	c->by_system = true;
}

void
counting_start(struct counting *c)
{
	c->runtime = observation_start(&c->config, &c->err);
	ck_assert_msg(c->runtime != NULL, "not started: %s", c->err.text);
	c->handle = observation_handle(c->runtime);
}

void
counting_end(struct counting *c)
{
	observation_free(c->runtime);
	observation_handle_release(c->handle);
	ck_assert_int_eq(atomic_load(&c->alive), 0);
	ck_assert_uint_eq(open_files(), c->open_files);
	(void)alarm(0);
	(void)sigaction(SIGALRM, &c->on_alarm, NULL);
}

void
counting_cycle(struct counting *c)
{
	int result = observation_run_cycle(c->runtime, &c->err);

	ck_assert_msg(result == 0, "%s", c->err.text);
}

void
counting_cycles(struct counting *c, int count)
{
	while (count-- > 0)
		counting_cycle(c);
}

void
counting_stay(struct counting *c, int count)
{
	for (; count > 0; count--) {
		ck_assert(observation_wait(c->runtime));
		(void)observation_run_cycle(c->runtime, NULL);
	}
}

static void
note_batch(char *text, size_t size, const struct observation_batch *batch)
{
	note(text, size, "%llu:", (unsigned long long)batch->cycle);
	for (size_t i = 0; i < batch->event_count; i++)
		note(text, size, " %llu",
		    (unsigned long long)((struct number *)batch->events[i])->number);
}

const char *
counting_history(struct counting *c)
{
	static char text[2048];
	struct observation_view view;

	text[0] = '\0';
	observation_view_take(c->handle, &view);
	for (size_t i = 0; i < view.history_count; i++) {
		note(text, sizeof(text), "%s", i > 0 ? "; " : "");
		note_batch(text, sizeof(text), view.history[i]);
	}
	observation_view_release(&view);
	return text;
}

const char *
counting_receive(struct observation_subscription *s, timestamp longest)
{
	static char text[256];
	const struct observation_batch *batch;
	uint64_t lost;

	text[0] = '\0';
	switch (observation_receive(s, longest, &batch, &lost)) {
	case OBSERVATION_BATCH:
		note_batch(text, sizeof(text), batch);
		observation_batch_release(batch);
		return text;
	case OBSERVATION_LOST:
		note(text, sizeof(text), "lost %llu", (unsigned long long)lost);
		return text;
	case OBSERVATION_NOTHING:
		return "nothing";
	case OBSERVATION_ENDED:
		return "ended";
	}
	return NULL;
}
