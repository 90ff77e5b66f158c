/* When cycles begin, and what ends a wait. */

#include "counting.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
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

static void
wake(struct counting *counting)
{
	observation_wake(counting->runtime);
}

static void
stop(struct counting *counting)
{
	observation_stop(counting->runtime);
}

static void
nap(struct counting *counting)
{
	counting->now += SECONDS(3600);
}

static void
meanwhile(timestamp at, deed what)
{
	size_t i = 0;

	while (c.meanwhile[i].deed != NULL)
		i++;
	c.meanwhile[i].at = at;
	c.meanwhile[i].deed = what;
}

static void
stay(int count, const char *times)
{
	counting_start(&c);
	counting_stay(&c, count);
	assert_text(c.times, times, "times of the cycles");
}

/* --- the interval ---------------------------------------------------------- */

START_TEST(cycles_begin_an_interval_apart)
{
	stay(4, "1000 2000 3000 4000 ");
}
END_TEST

START_TEST(interval_is_configured)
{
	c.config.interval = MILLISECONDS(30);
	stay(3, "30 60 90 ");
}
END_TEST

START_TEST(interval_counts_from_a_cycle_run_by_hand)
{
	counting_start(&c);
	c.now = MILLISECONDS(400);
	counting_cycle(&c);
	counting_stay(&c, 2);
	assert_text(c.times, "400 1400 2400 ", "times of the cycles");
}
END_TEST

START_TEST(what_a_cycle_lasts_is_no_delay)
{
	c.lasts[0] = MILLISECONDS(300);
	c.lasts[1] = MILLISECONDS(999);
	stay(4, "1000 2000 3000 4000 ");
}
END_TEST

/* The second is as long as four. */
START_TEST(missed_ticks_are_delayed_never_a_burst)
{
	c.lasts[1] = MILLISECONDS(4300);
	stay(5, "1000 2000 6300 7300 8300 ");
}
END_TEST

START_TEST(missed_ticks_of_every_cycle)
{
	c.config.interval = MILLISECONDS(100);
	for (size_t i = 0; i < COUNT(c.lasts); i++)
		c.lasts[i] = MILLISECONDS(250);
	stay(4, "100 350 600 850 ");
}
END_TEST

START_TEST(machine_that_slept_is_one_cycle_late)
{
	meanwhile(1500, nap);
	stay(4, "1000 3601500 3602500 3603500 ");
}
END_TEST

START_TEST(failing_cycles_leave_the_next_on_time)
{
	c.sources = "11x1";
	c.polls = "0x0";
	stay(4, "1000 2000x 3000x 4000 ");
}
END_TEST

/* No number of the clock's is too great for it. */
START_TEST(longest_interval_never_ends)
{
	c.now = SECONDS(1000);
	c.config.interval = TIMESTAMP_LAST;
	meanwhile(2000000, wake);
	stay(1, "2000000e ");
}
END_TEST

/* --- early cycles ---------------------------------------------------------- */

START_TEST(wake_begins_a_cycle_early_and_puts_nothing_off)
{
	meanwhile(1200, wake);
	stay(4, "1000 1200e 2000 3000 ");
}
END_TEST

START_TEST(early_cycles_for_ever_put_nothing_off)
{
	for (timestamp at = 100; at < 3000; at += 100)
		meanwhile(at + 1, wake);
	counting_start(&c);
	counting_stay(&c, 32);
	ck_assert_ptr_nonnull(strstr(c.times, " 901e 1000 1050e "));
	ck_assert_ptr_nonnull(strstr(c.times, " 1901e 2000 2050e "));
}
END_TEST

/* The first at once, those behind it as one, 50 ms after the end of the first. */
START_TEST(bursts_are_gathered)
{
	c.lasts[1] = MILLISECONDS(7);
	meanwhile(1200, wake);
	for (timestamp at = 1210; at <= 1250; at += 10)
		meanwhile(at, wake);
	stay(4, "1000 1200e 1257e 2000 ");
}
END_TEST

START_TEST(gathering_puts_no_due_cycle_off)
{
	meanwhile(980, wake);
	meanwhile(990, wake);
	stay(3, "980e 1000 2000 ");
}
END_TEST

START_TEST(gathering_can_be_for_no_time)
{
	c.config.gather = 0;
	meanwhile(1200, wake);
	meanwhile(1201, wake);
	stay(4, "1000 1200e 1201e 2000 ");
}
END_TEST

START_TEST(gathering_begins_at_the_start)
{
	meanwhile(20, wake);
	stay(2, "50e 1000 ");
}
END_TEST

START_TEST(any_number_of_wakes_is_one_cycle)
{
	counting_start(&c);
	c.now = MILLISECONDS(100);
	errno = ENOTTY;
	for (int i = 0; i < 200000; i++)
		observation_wake(c.runtime);
	ck_assert_int_eq(errno, ENOTTY);
	counting_stay(&c, 3);
	assert_text(c.times, "100e 1000 2000 ", "times of the cycles");
}
END_TEST

START_TEST(cycle_answers_all_wakes_before_it)
{
	counting_start(&c);
	c.now = MILLISECONDS(100);
	for (int i = 0; i < 200000; i++)
		observation_wake(c.runtime);
	counting_cycle(&c);
	counting_stay(&c, 2);
	assert_text(c.times, "100 1100 2100 ", "times of the cycles");
}
END_TEST

static void
wake_once(struct counting *counting)
{
	counting->in_poll = NULL;
	wake(counting);
}

START_TEST(wake_within_a_cycle_asks_for_another)
{
	c.in_poll = wake_once;
	stay(3, "1000 1050e 2000 ");
}
END_TEST

START_TEST(wake_after_a_failure_is_answered)
{
	c.polls = "x0";
	meanwhile(1200, wake);
	stay(3, "1000x 1200e 2000 ");
}
END_TEST

static void
on_signal(int number)
{
	(void)number;
	wake(&c);
}

static void
send_signal(struct counting *counting)
{
	(void)counting;
	(void)raise(SIGUSR1);
}

START_TEST(signal_handlers_may_wake)
{
	struct sigaction action = {.sa_handler = on_signal}, before;

	ck_assert_int_eq(sigaction(SIGUSR1, &action, &before), 0);
	meanwhile(1200, send_signal);
	stay(3, "1000 1200e 2000 ");
	(void)sigaction(SIGUSR1, &before, NULL);
}
END_TEST

/* … and puts off what is due, whatever was before it. */
START_TEST(cycle_run_by_hand_is_not_early)
{
	meanwhile(200, wake);
	counting_start(&c);
	counting_stay(&c, 1);
	c.now = MILLISECONDS(700);
	counting_cycle(&c);
	counting_stay(&c, 1);
	assert_text(c.times, "200e 700 1700 ", "times of the cycles");
}
END_TEST

/* --- the hint -------------------------------------------------------------- */

static int hint[2];

static void
write_hint(struct counting *counting)
{
	(void)counting;
	ck_assert_int_eq((int)write(hint[1], "x", 1), 1);
}

static void
close_hint(struct counting *counting)
{
	(void)counting;
	(void)close(hint[1]);
	hint[1] = -1;
}

static void
read_hint(struct counting *counting)
{
	char byte;

	(void)counting;
	while (read(hint[0], &byte, 1) == 1)
		;
}

static void
make_hint(void)
{
	make();
	ck_assert_int_eq(pipe(hint), 0);
	ck_assert_int_eq(fcntl(hint[0], F_SETFL, O_NONBLOCK), 0);
	c.config.hint_fd = hint[0];
}

static void
end_hint(void)
{
	/* It isn't the runtime's to close. */
	ck_assert_int_eq(close(hint[0]), 0);
	if (hint[1] >= 0)
		(void)close(hint[1]);
	end();
}

START_TEST(hint_begins_a_cycle_early)
{
	c.in_poll = read_hint;
	meanwhile(1200, write_hint);
	meanwhile(1210, write_hint);
	stay(4, "1000 1200e 1250e 2000 ");
}
END_TEST

START_TEST(hint_that_nobody_reads_is_gathered_all_the_same)
{
	meanwhile(1200, write_hint);
	stay(5, "1000 1200e 1250e 1300e 1350e ");
}
END_TEST

/* The poll that would have read from it was never called. */
START_TEST(hint_waits_for_the_interval_after_a_failure)
{
	c.in_poll = read_hint;
	c.sources = "11x1";
	meanwhile(1200, write_hint);
	stay(4, "1000 1200x 2000 3000 ");
}
END_TEST

START_TEST(hint_that_hung_up_is_left_alone)
{
	meanwhile(1200, close_hint);
	stay(4, "1000 1200e 2000 3000 ");
}
END_TEST

/* No descriptor has this number. */
START_TEST(hint_that_is_none_is_left_alone)
{
	c.config.hint_fd = 1000;
	stay(3, "50e 1000 2000 ");
}
END_TEST

/* --- stopping -------------------------------------------------------------- */

START_TEST(stop_ends_the_wait)
{
	meanwhile(1500, stop);
	counting_start(&c);
	counting_stay(&c, 1);
	ck_assert(!observation_wait(c.runtime));
	ck_assert_int_eq(c.now, MILLISECONDS(1500));
	ck_assert(!observation_wait(c.runtime));
}
END_TEST

START_TEST(stop_ends_the_gathering)
{
	meanwhile(1000, wake);
	meanwhile(1020, wake);
	meanwhile(1030, stop);
	c.config.interval = SECONDS(10);
	counting_start(&c);
	counting_stay(&c, 1);
	ck_assert(!observation_wait(c.runtime));
	ck_assert_int_eq(c.now, MILLISECONDS(1030));
}
END_TEST

START_TEST(stop_goes_before_what_is_due)
{
	counting_start(&c);
	observation_stop(c.runtime);
	c.now = SECONDS(100);
	ck_assert(!observation_wait(c.runtime));
}
END_TEST

START_TEST(polls_may_stop)
{
	c.in_poll = stop;
	counting_start(&c);
	counting_stay(&c, 1);
	ck_assert(!observation_wait(c.runtime));
	ck_assert_uint_eq(c.cycles, 1);
}
END_TEST

/* --- the clock of the system ----------------------------------------------- */

START_TEST(system_clock_ticks)
{
	timestamp before = clock_monotonic();

	counting_use_system_clock(&c);
	c.config.interval = MILLISECONDS(2);
	counting_start(&c);
	counting_stay(&c, 3);
	ck_assert_int_ge(clock_monotonic() - before, MILLISECONDS(6));
}
END_TEST

START_TEST(system_clock_tells_the_time)
{
	timestamp before = clock_real();
	struct observation_view v;

	counting_use_system_clock(&c);
	counting_start(&c);
	observation_view_take(c.handle, &v);
	ck_assert_int_ge(v.snapshot->observed_at, before);
	ck_assert_int_le(v.snapshot->observed_at, clock_real());
	observation_view_release(&v);
}
END_TEST

static const struct {
	timestamp longest;
	int least;
} short_waits[] = {{1, 1}, {MILLISECONDS(3), 3}, {MILLISECONDS(3) + 1, 4}};

/* Rounded up: who wakes before the time would only wait again. */
START_TEST(system_clock_waits_long_enough)
{
	timestamp before = clock_monotonic();

	counting_use_system_clock(&c);
	ck_assert_int_eq(c.config.clock.wait(NULL, NULL, 0, short_waits[_i].longest), 0);
	ck_assert_int_ge(clock_monotonic() - before, MILLISECONDS(short_waits[_i].least));
}
END_TEST

/* Days aren't a number of milliseconds that turns negative or around. */
START_TEST(system_clock_waits_for_years)
{
	static const timestamp years[] = {DAYS(25), DAYS(50), DAYS(365), TIMESTAMP_LAST};

	counting_use_system_clock(&c);
	c.config.interval = years[_i];
	c.config.gather = 0;
	c.config.hint_fd = hint[0];
	c.in_poll = read_hint;
	counting_start(&c);
	write_hint(&c);
	counting_stay(&c, 1);
	ck_assert_uint_eq(c.cycles, 1);
}
END_TEST

static TCase *
make_case(Suite *suite, const char *name, void (*setup)(void), void (*teardown)(void))
{
	TCase *tc = tcase_create(name);

	tcase_set_tags(tc, "threads");
	tcase_add_checked_fixture(tc, setup, teardown);
	suite_add_tcase(suite, tc);
	return tc;
}

Suite *
observation_wait_suite(void)
{
	Suite *suite = suite_create("observation-wait");
	TCase *tc = make_case(suite, "wait", make, end);

	tcase_add_test(tc, cycles_begin_an_interval_apart);
	tcase_add_test(tc, interval_is_configured);
	tcase_add_test(tc, interval_counts_from_a_cycle_run_by_hand);
	tcase_add_test(tc, what_a_cycle_lasts_is_no_delay);
	tcase_add_test(tc, missed_ticks_are_delayed_never_a_burst);
	tcase_add_test(tc, missed_ticks_of_every_cycle);
	tcase_add_test(tc, machine_that_slept_is_one_cycle_late);
	tcase_add_test(tc, failing_cycles_leave_the_next_on_time);
	tcase_add_test(tc, longest_interval_never_ends);
	tcase_add_test(tc, wake_begins_a_cycle_early_and_puts_nothing_off);
	tcase_add_test(tc, early_cycles_for_ever_put_nothing_off);
	tcase_add_test(tc, bursts_are_gathered);
	tcase_add_test(tc, gathering_puts_no_due_cycle_off);
	tcase_add_test(tc, gathering_can_be_for_no_time);
	tcase_add_test(tc, gathering_begins_at_the_start);
	tcase_add_test(tc, any_number_of_wakes_is_one_cycle);
	tcase_add_test(tc, cycle_answers_all_wakes_before_it);
	tcase_add_test(tc, wake_within_a_cycle_asks_for_another);
	tcase_add_test(tc, wake_after_a_failure_is_answered);
	tcase_add_test(tc, signal_handlers_may_wake);
	tcase_add_test(tc, cycle_run_by_hand_is_not_early);
	tcase_add_test(tc, stop_ends_the_wait);
	tcase_add_test(tc, stop_ends_the_gathering);
	tcase_add_test(tc, stop_goes_before_what_is_due);
	tcase_add_test(tc, polls_may_stop);
	tcase_add_test(tc, system_clock_ticks);
	tcase_add_test(tc, system_clock_tells_the_time);
	tcase_add_loop_test(tc, system_clock_waits_long_enough, 0, COUNT(short_waits));
	tc = make_case(suite, "hint", make_hint, end_hint);
	tcase_add_test(tc, hint_begins_a_cycle_early);
	tcase_add_test(tc, hint_that_nobody_reads_is_gathered_all_the_same);
	tcase_add_test(tc, hint_waits_for_the_interval_after_a_failure);
	tcase_add_test(tc, hint_that_hung_up_is_left_alone);
	tcase_add_test(tc, hint_that_is_none_is_left_alone);
	tcase_add_loop_test(tc, system_clock_waits_for_years, 0, 4);
	return suite;
}
