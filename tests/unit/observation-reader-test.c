/* Readers: subscriptions, handles, and threads of all kinds. */

#include "counting.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

static struct counting c;

static void
make(void)
{
	counting_make(&c);
}

static void
end(void)
{
	counting_end(&c);
}

static pthread_t
start(void *(*run)(void *), void *context)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, run, context), 0);
	return thread;
}

static void
free_runtime(void)
{
	observation_free(c.runtime);
	c.runtime = NULL;
}

/* --- subscriptions --------------------------------------------------------- */

START_TEST(subscribers_get_batches_since_they_subscribed)
{
	struct observation_subscription *early, *late;

	c.polls = "120301";
	counting_start(&c);
	counting_cycle(&c);
	early = observation_subscribe(c.handle, 8);
	assert_text(counting_receive(early, 0), "nothing", "first");
	counting_cycles(&c, 3);
	late = observation_subscribe(c.handle, 8);
	counting_cycles(&c, 2);
	assert_text(counting_receive(early, 0), "2: 2 3", "early");
	assert_text(counting_receive(early, 0), "4: 4 5 6", "early");
	assert_text(counting_receive(early, 0), "6: 7", "early");
	assert_text(counting_receive(early, 0), "nothing", "early");
	assert_text(counting_receive(late, 0), "6: 7", "late");
	assert_text(counting_receive(late, 0), "nothing", "late");
	observation_unsubscribe(early);
	observation_unsubscribe(late);
}
END_TEST

START_TEST(subscribers_hear_nothing_of_failing_cycles)
{
	struct observation_subscription *s;

	c.polls = "x1";
	counting_start(&c);
	s = observation_subscribe(c.handle, 8);
	ck_assert_int_eq(observation_run_cycle(c.runtime, NULL), -1);
	assert_text(counting_receive(s, 0), "nothing", "received");
	counting_cycle(&c);
	assert_text(counting_receive(s, 0), "2: 1", "received");
	observation_unsubscribe(s);
}
END_TEST

START_TEST(laggards_lose_the_oldest_and_are_told)
{
	struct observation_subscription *s, *quick;

	c.polls = "1";
	c.config.history_limit = 0;
	counting_start(&c);
	s = observation_subscribe(c.handle, 2);
	quick = observation_subscribe(c.handle, 9);
	counting_cycles(&c, 5);
	assert_text(counting_receive(s, 0), "lost 3", "received");
	assert_text(counting_receive(s, 0), "4: 4", "received");
	counting_cycles(&c, 2);
	assert_text(counting_receive(s, 0), "lost 1", "received");
	assert_text(counting_receive(s, 0), "6: 6", "received");
	assert_text(counting_receive(s, 0), "7: 7", "received");
	assert_text(counting_receive(s, 0), "nothing", "received");
	for (char expected[] = "1: 1"; expected[0] <= '7'; expected[0]++, expected[3]++)
		assert_text(counting_receive(quick, 0), expected, "of the quick one");
	counting_cycle(&c);
	assert_text(counting_receive(s, 0), "8: 8", "received");
	/* Batches that nobody needs are gone: left are state, value and one event. */
	ck_assert_int_eq(atomic_load(&c.alive), 3);
	observation_unsubscribe(quick);
	ck_assert_int_eq(atomic_load(&c.alive), 2);
	observation_unsubscribe(s);
}
END_TEST

START_TEST(subscriptions_may_only_count)
{
	struct observation_subscription *s;

	c.polls = "101";
	counting_start(&c);
	s = observation_subscribe(c.handle, 0);
	counting_cycles(&c, 3);
	assert_text(counting_receive(s, 0), "lost 2", "received");
	assert_text(counting_receive(s, 0), "nothing", "received");
	observation_unsubscribe(s);
}
END_TEST

/* The n-th of three leaves, the others go on. */
START_TEST(subscribers_leave)
{
	struct observation_subscription *s[3];

	c.polls = "1";
	c.config.history_limit = 0;
	counting_start(&c);
	for (int i = 0; i < 3; i++)
		s[i] = observation_subscribe(c.handle, 8);
	counting_cycle(&c);
	observation_unsubscribe(s[_i]);
	counting_cycle(&c);
	for (int i = 0; i < 3; i++)
		if (i != _i) {
			assert_text(counting_receive(s[i], 0), "1: 1", "received");
			assert_text(counting_receive(s[i], 0), "2: 2", "received");
			observation_unsubscribe(s[i]);
		}
	counting_cycle(&c);
	ck_assert_int_eq(atomic_load(&c.alive), 2);
	observation_unsubscribe(NULL);
}
END_TEST

static timestamp
time_worked(void)
{
	struct timespec worked;

	ck_assert_int_eq(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &worked), 0);
	return time_of(&worked);
}

/* … and asleep: by another clock each wait would end at once, and be begun anew. */
START_TEST(subscribers_wait_so_long)
{
	struct observation_subscription *s;
	timestamp before, worked;

	counting_start(&c);
	s = observation_subscribe(c.handle, 8);
	before = clock_monotonic();
	worked = time_worked();
	assert_text(counting_receive(s, MILLISECONDS(60)), "nothing", "received");
	ck_assert_int_ge(clock_monotonic() - before, MILLISECONDS(60));
	ck_assert_int_lt(time_worked() - worked, MILLISECONDS(2));
	observation_unsubscribe(s);
}
END_TEST

struct waiter {
	struct observation_subscription *subscription;
	timestamp longest;
	char received[64];
	atomic_bool waits;
};

static void *
receive(void *context)
{
	struct waiter *w = context;
	const struct observation_batch *batch;
	uint64_t lost;

	atomic_store(&w->waits, true);
	switch (observation_receive(w->subscription, w->longest, &batch, &lost)) {
	case OBSERVATION_BATCH:
		strcpy(w->received, "batch");
		observation_batch_release(batch);
		break;
	case OBSERVATION_ENDED:
		strcpy(w->received, "ended");
		break;
	case OBSERVATION_LOST:
		strcpy(w->received, "lost");
		break;
	case OBSERVATION_NOTHING:
		strcpy(w->received, "nothing");
		break;
	}
	return NULL;
}

/* As far as one can see from outside. */
static void
let_wait(struct waiter *w)
{
	while (!atomic_load(&w->waits))
		(void)sched_yield();
	(void)poll(NULL, 0, 2);
}

static const timestamp long_waits[] = {OBSERVATION_FOREVER, OBSERVATION_FOREVER - 1, DAYS(30000)};

START_TEST(subscribers_wait_for_a_batch)
{
	struct waiter w = {.longest = long_waits[_i]};
	pthread_t thread;

	c.polls = "01";
	counting_start(&c);
	w.subscription = observation_subscribe(c.handle, 8);
	thread = start(receive, &w);
	let_wait(&w);
	counting_cycles(&c, 2);
	(void)pthread_join(thread, NULL);
	assert_text(w.received, "batch", "received");
	observation_unsubscribe(w.subscription);
}
END_TEST

START_TEST(subscribers_that_wait_are_told_of_the_end)
{
	struct waiter w = {.longest = long_waits[_i]};
	pthread_t thread;

	counting_start(&c);
	w.subscription = observation_subscribe(c.handle, 8);
	observation_handle_release(c.handle);
	c.handle = NULL;
	thread = start(receive, &w);
	let_wait(&w);
	free_runtime();
	(void)pthread_join(thread, NULL);
	assert_text(w.received, "ended", "received");
	observation_unsubscribe(w.subscription);
}
END_TEST

START_TEST(subscribers_get_all_before_the_end)
{
	struct observation_subscription *s;

	c.polls = "1";
	counting_start(&c);
	s = observation_subscribe(c.handle, 2);
	counting_cycles(&c, 3);
	free_runtime();
	assert_text(counting_receive(s, OBSERVATION_FOREVER), "lost 1", "received");
	assert_text(counting_receive(s, OBSERVATION_FOREVER), "2: 2", "received");
	assert_text(counting_receive(s, OBSERVATION_FOREVER), "3: 3", "received");
	assert_text(counting_receive(s, OBSERVATION_FOREVER), "ended", "received");
	assert_text(counting_receive(s, 0), "ended", "received");
	observation_unsubscribe(s);
}
END_TEST

/* --- handles --------------------------------------------------------------- */

START_TEST(handle_outlives_the_runtime)
{
	struct observation_subscription *s;
	struct observation_view v;

	c.polls = "2x";
	counting_start(&c);
	counting_cycle(&c);
	(void)observation_run_cycle(c.runtime, NULL);
	free_runtime();
	assert_text(counting_history(&c), "1: 1 2", "history");
	observation_view_take(c.handle, &v);
	ck_assert(v.ended);
	ck_assert(v.failed);
	ck_assert_uint_eq(v.snapshot->cycle, 1);
	ck_assert_uint_eq(((struct number *)v.snapshot->value)->number, 2);
	s = observation_subscribe(c.handle, 1);
	observation_handle_release(c.handle);
	c.handle = NULL;
	assert_text(counting_receive(s, OBSERVATION_FOREVER), "ended", "received");
	observation_unsubscribe(s);
	/* The view alone. */
	ck_assert_int_eq(atomic_load(&c.alive), 3);
	observation_view_release(&v);
}
END_TEST

START_TEST(handles_are_references)
{
	struct observation_handle *other;

	counting_start(&c);
	other = observation_handle(c.runtime);
	observation_handle_release(other);
	assert_text(counting_history(&c), "", "history");
	other = observation_handle(c.runtime);
	free_runtime();
	observation_handle_release(c.handle);
	c.handle = other;
	assert_text(counting_history(&c), "", "history");
}
END_TEST

/* --- the thread that runs cycles ------------------------------------------- */

static void
start_thread(void)
{
	counting_use_system_clock(&c);
	counting_start(&c);
	ck_assert_int_eq(observation_start_thread(c.runtime, &c.err), 0);
}

START_TEST(thread_runs_cycles)
{
	struct observation_subscription *s;

	c.config.interval = MILLISECONDS(1);
	c.polls = "0100110";
	counting_use_system_clock(&c);
	counting_start(&c);
	s = observation_subscribe(c.handle, 8);
	ck_assert_int_eq(observation_start_thread(c.runtime, &c.err), 0);
	assert_text(counting_receive(s, OBSERVATION_FOREVER), "2: 1", "received");
	assert_text(counting_receive(s, OBSERVATION_FOREVER), "5: 2", "received");
	assert_text(counting_receive(s, OBSERVATION_FOREVER), "6: 3", "received");
	observation_unsubscribe(s);
}
END_TEST

START_TEST(thread_goes_on_after_failures)
{
	struct observation_subscription *s;

	c.config.interval = MILLISECONDS(1);
	c.polls = "xx10";
	counting_use_system_clock(&c);
	counting_start(&c);
	s = observation_subscribe(c.handle, 8);
	ck_assert_int_eq(observation_start_thread(c.runtime, &c.err), 0);
	assert_text(counting_receive(s, OBSERVATION_FOREVER), "3: 1", "received");
	observation_unsubscribe(s);
}
END_TEST

START_TEST(thread_is_woken)
{
	struct observation_subscription *s;

	c.config.interval = DAYS(1);
	c.config.gather = 0;
	c.polls = "1";
	start_thread();
	s = observation_subscribe(c.handle, 8);
	observation_wake(c.runtime);
	assert_text(counting_receive(s, OBSERVATION_FOREVER), "1: 1", "received");
	observation_wake(c.runtime);
	assert_text(counting_receive(s, OBSERVATION_FOREVER), "2: 2", "received");
	observation_unsubscribe(s);
}
END_TEST

/* It would take a day. */
START_TEST(freeing_ends_the_wait)
{
	c.config.interval = DAYS(1);
	c.config.gather = _i > 0 ? DAYS(1) : 0;
	start_thread();
	if (_i > 0)
		observation_wake(c.runtime);
	if (_i > 1)
		(void)poll(NULL, 0, 2);
	free_runtime();
	ck_assert_uint_eq(atomic_load(&c.cycles), 0);
}
END_TEST

static atomic_bool polling, polled, differs;
static pthread_t caller, runner;

static void
poll_slowly(struct counting *counting)
{
	(void)counting;
	atomic_store(&polling, true);
	(void)poll(NULL, 0, 5);
	atomic_store(&polled, true);
}

START_TEST(freeing_lets_a_cycle_end)
{
	struct observation_view v;

	c.config.interval = MILLISECONDS(1);
	c.in_poll = poll_slowly;
	atomic_store(&polling, false);
	atomic_store(&polled, false);
	start_thread();
	while (!atomic_load(&polling))
		(void)sched_yield();
	free_runtime();
	ck_assert(atomic_load(&polled));
	observation_view_take(c.handle, &v);
	ck_assert_uint_eq(v.snapshot->cycle, atomic_load(&c.cycles));
	observation_view_release(&v);
}
END_TEST

static int
count_blocked(void)
{
	static const int signals[] = {
	    SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGCHLD};
	sigset_t blocked;
	int count = 0;

	(void)pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	for (size_t i = 0; i < COUNT(signals); i++)
		count += sigismember(&blocked, signals[i]);
	return count;
}

static void
look_who_runs(struct counting *counting)
{
	if (atomic_load(&counting->cycles) == 1)
		runner = pthread_self();
	if (!pthread_equal(runner, pthread_self()) || pthread_equal(runner, caller) ||
	    count_blocked() != 9)
		atomic_store(&differs, true);
}

static void
await_cycles(uint64_t count)
{
	while (atomic_load(&c.cycles) < count)
		(void)sched_yield();
}

START_TEST(one_thread_runs_all_cycles_and_gets_no_signals)
{
	caller = pthread_self();
	atomic_store(&differs, false);
	c.config.interval = MILLISECONDS(1);
	c.in_poll = look_who_runs;
	start_thread();
	await_cycles(5);
	free_runtime();
	ck_assert(!atomic_load(&differs));
	ck_assert_int_eq(count_blocked(), 0);
}
END_TEST

static void
assert_refused(int result)
{
	ck_assert_int_eq(result, -1);
	ck_assert_int_eq(c.err.status, EX_SOFTWARE);
	assert_text(c.err.text, "cannot run cycles: another thread does", "error");
	c.err = (struct error){0};
}

START_TEST(no_other_thread_runs_cycles)
{
	struct observation_view v;

	c.config.interval = DAYS(1);
	start_thread();
	assert_refused(observation_run_cycle(c.runtime, &c.err));
	assert_refused(observation_start_thread(c.runtime, &c.err));
	assert_refused(observation_run_cycle(c.runtime, &c.err));
	ck_assert_uint_eq(atomic_load(&c.cycles), 0);
	observation_view_take(c.handle, &v);
	ck_assert(!v.failed);
	observation_view_release(&v);
}
END_TEST

#ifdef __linux__ /* it counts threads among a user's processes */

enum { NOBODY = 65534 };

static void *
do_nothing(void *nothing)
{
	return nothing;
}

/* In a process of its own, of a user who may have no more. */
static int
start_one_thread_too_many(void)
{
	const struct rlimit none = {0, 0};
	pthread_t thread;

	if (setrlimit(RLIMIT_NPROC, &none) < 0 || (geteuid() == 0 && setuid(NOBODY) < 0) ||
	    pthread_create(&thread, NULL, do_nothing, NULL) == 0)
		return 0; /* not to be had here */
	if (observation_start_thread(c.runtime, &c.err) != -1 || c.err.status != EX_OSERR)
		return 1;
	if (strcmp(c.err.text, "cannot start a thread: Resource temporarily unavailable") != 0)
		return 2;
	/* It can be done without. */
	return observation_run_cycle(c.runtime, &c.err) == 0 ? 0 : 3;
}

START_TEST(thread_that_cannot_be_started_is_an_error)
{
	pid_t child;
	int status;

	counting_start(&c);
	child = fork();
	if (child == 0)
		_exit(start_one_thread_too_many());
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}
END_TEST

#endif

static void
run_another(struct counting *counting)
{
	assert_refused(observation_run_cycle(counting->runtime, &counting->err));
	assert_refused(observation_start_thread(counting->runtime, &counting->err));
}

START_TEST(no_cycle_runs_within_another)
{
	c.in_poll = run_another;
	counting_start(&c);
	counting_cycles(&c, 2);
	ck_assert_uint_eq(atomic_load(&c.cycles), 2);
}
END_TEST

/* --- any thread reads ------------------------------------------------------ */

enum { CYCLES = 300, READERS = 3, THREADS = READERS + 4 };

static atomic_bool wrong;

static void
expect(bool as_it_should)
{
	if (!as_it_should)
		atomic_store(&wrong, true);
}

/* Of "120x": events so far after some cycles, however many failed. */
static uint64_t
events_after(uint64_t cycles)
{
	return cycles / 4 * 3 + (cycles % 4 > 1 ? 3 : cycles % 4);
}

static void
check_batch(const struct observation_batch *b)
{
	uint64_t before = events_after(b->cycle - 1);

	expect(b->event_count == events_after(b->cycle) - before && b->event_count > 0);
	for (size_t i = 0; i < b->event_count; i++)
		expect(((struct number *)b->events[i])->number == before + 1 + i);
}

/* What is seen together belongs together. */
static void
check_view(const struct observation_view *v, uint64_t *newest)
{
	uint64_t cycle = v->snapshot->cycle, last = 0;

	expect(cycle >= *newest && cycle % 4 != 0);
	expect(((struct number *)v->snapshot->value)->number == events_after(cycle));
	for (size_t i = 0; i < v->history_count; i++) {
		expect(v->history[i]->cycle > last && v->history[i]->cycle <= cycle);
		check_batch(v->history[i]);
		last = v->history[i]->cycle;
	}
	expect(!v->failed || (v->failure.cycle == cycle + 1 && v->failure.cycle % 4 == 0));
	*newest = cycle;
}

static void *
read_views(void *handle)
{
	struct observation_view v;
	uint64_t newest = 1;
	bool ended = false;

	while (!ended) {
		observation_view_take(handle, &v);
		if (v.snapshot->cycle > 0)
			check_view(&v, &newest);
		ended = v.ended;
		observation_view_release(&v);
		(void)sched_yield();
	}
	return NULL;
}

/* Nothing twice, nothing out of order, and what is missing was told. */
static void *
read_batches(void *subscription)
{
	const struct observation_batch *batch;
	enum observation_received received;
	uint64_t batches = 0, newest = 0, lost;

	while ((received = observation_receive(subscription, MILLISECONDS(1), &batch, &lost)) !=
	    OBSERVATION_ENDED) {
		if (received == OBSERVATION_LOST)
			batches += lost;
		if (received != OBSERVATION_BATCH)
			continue;
		check_batch(batch);
		expect(batch->cycle > newest);
		newest = batch->cycle;
		observation_batch_release(batch);
		batches++;
	}
	/* Two of four cycles have events. */
	expect(batches >= CYCLES / 2);
	return NULL;
}

static void *
come_and_go(void *handle)
{
	enum observation_received received = OBSERVATION_NOTHING;
	struct observation_subscription *s[16];
	const struct observation_batch *batch;
	uint64_t lost;

	while (received != OBSERVATION_ENDED) {
		for (size_t i = 0; i < COUNT(s); i++)
			s[i] = observation_subscribe(handle, 1);
		received = observation_receive(s[0], MILLISECONDS(1), &batch, &lost);
		if (received == OBSERVATION_BATCH)
			observation_batch_release(batch);
		for (size_t i = 0; i < COUNT(s); i++)
			observation_unsubscribe(s[i]);
	}
	return NULL;
}

static void *
wake_often(void *context)
{
	(void)context;
	while (atomic_load(&c.cycles) < CYCLES) {
		observation_wake(c.runtime);
		(void)sched_yield();
	}
	return NULL;
}

START_TEST(any_thread_reads)
{
	struct observation_subscription *few, *many;
	pthread_t readers[THREADS], waker;

	atomic_store(&wrong, false);
	c.polls = "120x";
	c.over_and_over = true;
	c.config.interval = MILLISECONDS(1);
	c.config.gather = 0;
	c.config.history_limit = 3;
	counting_use_system_clock(&c);
	counting_start(&c);
	few = observation_subscribe(c.handle, 2);
	many = observation_subscribe(c.handle, CYCLES);
	for (int i = 0; i < READERS; i++)
		readers[i] = start(read_views, c.handle);
	readers[READERS] = start(read_batches, few);
	readers[READERS + 1] = start(read_batches, many);
	readers[READERS + 2] = start(come_and_go, c.handle);
	readers[READERS + 3] = start(come_and_go, c.handle);
	ck_assert_int_eq(observation_start_thread(c.runtime, &c.err), 0);
	waker = start(wake_often, NULL);
	(void)pthread_join(waker, NULL);
	free_runtime();
	for (int i = 0; i < THREADS; i++)
		(void)pthread_join(readers[i], NULL);
	ck_assert(!atomic_load(&wrong));
	observation_unsubscribe(few);
	observation_unsubscribe(many);
}
END_TEST

/* Who lets go last, the runtime or a reader: everything is released once. */
START_TEST(readers_race_the_end)
{
	atomic_store(&wrong, false);
	c.polls = "120x";
	c.over_and_over = true;
	c.config.interval = MILLISECONDS(1);
	for (int i = 0; i < 50; i++) {
		struct waiter w = {.longest = OBSERVATION_FOREVER};
		pthread_t reader, waiter;

		start_thread();
		w.subscription = observation_subscribe(c.handle, 1);
		reader = start(read_views, c.handle);
		waiter = start(receive, &w);
		free_runtime();
		(void)pthread_join(waiter, NULL);
		(void)pthread_join(reader, NULL);
		ck_assert_str_ne(w.received, "");
		observation_unsubscribe(w.subscription);
		observation_handle_release(c.handle);
		c.handle = NULL;
		ck_assert(!atomic_load(&wrong));
		ck_assert_int_eq(atomic_load(&c.alive), 0);
		atomic_store(&c.cycles, 0);
	}
}
END_TEST

static TCase *
make_case(Suite *suite, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_set_tags(tc, "threads");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, make, end);
	suite_add_tcase(suite, tc);
	return tc;
}

Suite *
observation_reader_suite(void)
{
	Suite *suite = suite_create("observation-reader");
	TCase *tc = make_case(suite, "subscription");

	tcase_add_test(tc, subscribers_get_batches_since_they_subscribed);
	tcase_add_test(tc, subscribers_hear_nothing_of_failing_cycles);
	tcase_add_test(tc, laggards_lose_the_oldest_and_are_told);
	tcase_add_test(tc, subscriptions_may_only_count);
	tcase_add_loop_test(tc, subscribers_leave, 0, 3);
	tcase_add_test(tc, subscribers_wait_so_long);
	tcase_add_loop_test(tc, subscribers_wait_for_a_batch, 0, COUNT(long_waits));
	tcase_add_loop_test(tc, subscribers_that_wait_are_told_of_the_end, 0, COUNT(long_waits));
	tcase_add_test(tc, subscribers_get_all_before_the_end);
	tcase_add_test(tc, handle_outlives_the_runtime);
	tcase_add_test(tc, handles_are_references);
	tc = make_case(suite, "thread");
	tcase_add_test(tc, thread_runs_cycles);
	tcase_add_test(tc, thread_goes_on_after_failures);
	tcase_add_test(tc, thread_is_woken);
	tcase_add_loop_test(tc, freeing_ends_the_wait, 0, 3);
	tcase_add_test(tc, freeing_lets_a_cycle_end);
	tcase_add_test(tc, one_thread_runs_all_cycles_and_gets_no_signals);
	tcase_add_test(tc, no_other_thread_runs_cycles);
	tcase_add_test(tc, no_cycle_runs_within_another);
	tcase_add_test(tc, any_thread_reads);
	tcase_add_test(tc, readers_race_the_end);
	tc = make_case(suite, "limit");
	tcase_set_tags(tc, ""); /* it forks */
#ifdef __linux__
	tcase_add_test(tc, thread_that_cannot_be_started_is_an_error);
#endif
	return suite;
}
