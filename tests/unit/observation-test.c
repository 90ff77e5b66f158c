#include "counting.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>

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
view(struct observation_view *out)
{
	observation_view_take(c.handle, out);
}

static uint64_t
value_of(const struct observation_view *v)
{
	return ((const struct number *)v->snapshot->value)->number;
}

static void
fail_cycle(void)
{
	c.err = (struct error){0};
	ck_assert_int_eq(observation_run_cycle(c.runtime, &c.err), -1);
}

/* --- what the program gives ------------------------------------------------ */

START_TEST(sources_are_listed_anew_in_every_cycle)
{
	c.sources = "2103";
	counting_start(&c);
	counting_cycles(&c, 3);
	assert_text(c.log,
	    "list init(ab) snapshot list poll(a) snapshot list poll() snapshot "
	    "list poll(abc) snapshot ",
	    "calls");
}
END_TEST

START_TEST(sources_can_be_static)
{
	struct observation_source two[] = {{"left", &c}, {"right", &c}};
	const struct observation_sources sources = {two, 2, 0};

	c.config.provider = observation_provider_static(&sources);
	counting_start(&c);
	counting_cycles(&c, 2);
	assert_text(c.log,
	    "init(leftright) snapshot poll(leftright) snapshot poll(leftright) snapshot ", "calls");
}
END_TEST

START_TEST(names_of_sources_are_copied)
{
	struct observation_sources sources = {0};
	char name[] = "one";

	observation_sources_add(&sources, name, NULL);
	name[0] = 'x';
	assert_text(sources.list[0].name, "one", "name");
	free((char *)sources.list[0].name);
	free(sources.list);
}
END_TEST

START_TEST(configuration_has_defaults)
{
	ck_assert_int_eq(c.config.interval, SECONDS(1));
	ck_assert_int_eq(c.config.gather, MILLISECONDS(50));
	ck_assert_uint_eq(c.config.history_limit, 64);
	ck_assert_int_eq(c.config.hint_fd, -1);
}
END_TEST

static const struct {
	timestamp interval, gather;
	const char *message;
} refused[] = {
    {0, 0, "cannot observe at an interval of 0 ns: it has to be more than 0"},
    {-1, 0, "cannot observe at an interval of -1 ns: it has to be more than 0"},
    {TIMESTAMP_NONE, 0,
	"cannot observe at an interval of -9223372036854775808 ns: it has to be more than 0"},
    {1, -1, "cannot gather for -1 ns: it has to be 0 or more"},
};

/* … before anything is done. */
START_TEST(intervals_of_nothing_are_refused_at_start)
{
	c.config.interval = refused[_i].interval;
	c.config.gather = refused[_i].gather;
	ck_assert_ptr_null(observation_start(&c.config, &c.err));
	ck_assert_int_eq(c.err.status, EX_USAGE);
	assert_text(c.err.text, refused[_i].message, "error");
	assert_text(c.log, "", "calls");
}
END_TEST

START_TEST(shortest_interval_is_taken)
{
	c.config.interval = 1;
	c.config.gather = 0;
	counting_start(&c);
}
END_TEST

/* --- what it keeps --------------------------------------------------------- */

START_TEST(snapshot_is_there_from_the_start)
{
	struct observation_view v;

	c.sources = "3";
	c.now = SECONDS(7);
	counting_start(&c);
	view(&v);
	ck_assert_uint_eq(v.snapshot->cycle, 0);
	ck_assert_int_eq(v.snapshot->observed_at, DAY_ZERO + SECONDS(7));
	ck_assert_uint_eq(v.snapshot->source_count, 3);
	ck_assert_uint_eq(value_of(&v), 0);
	ck_assert_uint_eq(v.history_count, 0);
	ck_assert(!v.failed);
	ck_assert(!v.ended);
	observation_view_release(&v);
}
END_TEST

START_TEST(snapshot_is_the_latest)
{
	struct observation_view v;

	c.sources = "3312";
	c.polls = "205";
	c.lasts[2] = SECONDS(9);
	counting_start(&c);
	c.now = SECONDS(1);
	counting_cycle(&c);
	view(&v);
	ck_assert_uint_eq(v.snapshot->cycle, 1);
	ck_assert_uint_eq(value_of(&v), 2);
	observation_view_release(&v);
	c.now = SECONDS(2);
	counting_cycle(&c);
	view(&v);
	ck_assert_uint_eq(v.snapshot->cycle, 2);
	ck_assert_uint_eq(v.snapshot->source_count, 1);
	observation_view_release(&v);
	c.now = SECONDS(3);
	counting_cycle(&c);
	view(&v);
	ck_assert_uint_eq(v.snapshot->cycle, 3);
	ck_assert_int_eq(v.snapshot->observed_at, DAY_ZERO + SECONDS(3));
	ck_assert_uint_eq(v.snapshot->source_count, 2);
	ck_assert_uint_eq(value_of(&v), 7);
	observation_view_release(&v);
}
END_TEST

START_TEST(history_has_the_batches_with_events)
{
	struct observation_view v;

	c.sources = "123456";
	c.polls = "020310";
	counting_start(&c);
	for (int i = 1; i <= 6; i++) {
		c.now = SECONDS(i);
		counting_cycle(&c);
	}
	assert_text(counting_history(&c), "2: 1 2; 4: 3 4 5; 5: 6", "history");
	view(&v);
	ck_assert_int_eq(v.history[1]->observed_at, DAY_ZERO + SECONDS(4));
	ck_assert_uint_eq(v.history[1]->source_count, 5);
	observation_view_release(&v);
}
END_TEST

static const struct {
	size_t limit;
	const char *after_1, *after_5;
} limits[] = {
    {0, "", ""},
    {1, "1: 1", "5: 5"},
    {2, "1: 1", "4: 4; 5: 5"},
    {4, "1: 1", "2: 2; 3: 3; 4: 4; 5: 5"},
    {5, "1: 1", "1: 1; 2: 2; 3: 3; 4: 4; 5: 5"},
};

START_TEST(history_drops_the_oldest_at_its_limit)
{
	struct observation_view v;

	c.polls = "1";
	c.config.history_limit = limits[_i].limit;
	counting_start(&c);
	counting_cycle(&c);
	assert_text(counting_history(&c), limits[_i].after_1, "history");
	counting_cycles(&c, 4);
	assert_text(counting_history(&c), limits[_i].after_5, "history");
	/* What is dropped is released: left are the state, a value and the history. */
	ck_assert_int_eq(atomic_load(&c.alive), 2 + (int)limits[_i].limit);
	view(&v);
	ck_assert_uint_eq(v.snapshot->cycle, 5);
	observation_view_release(&v);
}
END_TEST

START_TEST(history_is_64_batches_by_default)
{
	struct observation_view v;

	c.polls = "1";
	counting_start(&c);
	counting_cycles(&c, 66);
	view(&v);
	ck_assert_uint_eq(v.history_count, 64);
	ck_assert_uint_eq(v.history[0]->cycle, 3);
	ck_assert_uint_eq(v.history[63]->cycle, 66);
	observation_view_release(&v);
}
END_TEST

START_TEST(views_stay_as_they_were_taken)
{
	struct observation_view before, after;

	c.polls = "1";
	c.config.history_limit = 1;
	counting_start(&c);
	counting_cycle(&c);
	view(&before);
	counting_cycles(&c, 3);
	ck_assert_uint_eq(before.snapshot->cycle, 1);
	ck_assert_uint_eq(value_of(&before), 1);
	ck_assert_uint_eq(before.history_count, 1);
	ck_assert_uint_eq(((struct number *)before.history[0]->events[0])->number, 1);
	view(&after);
	ck_assert_uint_eq(after.snapshot->cycle, 4);
	/* State; two values and two events. */
	ck_assert_int_eq(atomic_load(&c.alive), 5);
	observation_view_release(&before);
	ck_assert_int_eq(atomic_load(&c.alive), 3);
	observation_view_release(&after);
}
END_TEST

static void
look(struct counting *counting)
{
	struct observation_view v;

	counting->in_release = NULL;
	view(&v);
	observation_view_release(&v);
	counting->in_release = look;
}

/* A release that reads would wait for itself. */
START_TEST(releases_hold_no_lock)
{
	struct observation_subscription *s;

	c.polls = "1";
	c.config.history_limit = 1;
	counting_start(&c);
	s = observation_subscribe(c.handle, 1);
	c.in_release = look;
	counting_cycles(&c, 3);
	observation_unsubscribe(s);
	c.in_release = NULL;
}
END_TEST

/* --- how it fails ---------------------------------------------------------- */

START_TEST(failing_sources_at_start_are_its_error)
{
	c.sources = "x";
	ck_assert_ptr_null(observation_start(&c.config, &c.err));
	ck_assert_int_eq(c.err.status, EX_NOINPUT);
	assert_text(c.err.text, "no sources", "error");
	assert_text(c.log, "list ", "calls");
}
END_TEST

START_TEST(failing_init_is_an_error_of_start)
{
	c.init_fails = true;
	ck_assert_ptr_null(observation_start(&c.config, &c.err));
	ck_assert_int_eq(c.err.status, EX_CONFIG);
	assert_text(c.err.text, "cannot begin", "error");
	assert_text(c.log, "list init(a) ", "calls");
}
END_TEST

START_TEST(start_without_a_pipe_is_an_error)
{
	struct rlimit before, less;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	less = before;
	less.rlim_cur = 0;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &less), 0);
	c.runtime = observation_start(&c.config, &c.err);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	ck_assert_ptr_null(c.runtime);
	ck_assert_int_eq(c.err.status, EX_OSERR);
	assert_text(c.err.text, "cannot make a pipe: Too many open files", "error");
	assert_text(c.log, "", "calls");
}
END_TEST

/* Programs that are run don't get what wakes the runtime. */
START_TEST(files_are_closed_on_exec)
{
	bool open[256];

	for (int fd = 0; fd < 256; fd++)
		open[fd] = fcntl(fd, F_GETFD) >= 0;
	counting_start(&c);
	for (int fd = 0; fd < 256; fd++) {
		int flags = fcntl(fd, F_GETFD);

		ck_assert(open[fd] || flags < 0 || (flags & FD_CLOEXEC) != 0);
	}
}
END_TEST

START_TEST(failing_poll_is_told)
{
	struct observation_view v;

	c.sources = "123";
	c.polls = "0x";
	counting_start(&c);
	counting_cycle(&c);
	c.now = SECONDS(5);
	fail_cycle();
	ck_assert_int_eq(c.err.status, EX_IOERR);
	assert_text(c.err.text, "cannot count", "error");
	view(&v);
	ck_assert(v.failed);
	ck_assert_uint_eq(v.failure.cycle, 2);
	ck_assert_int_eq(v.failure.at, DAY_ZERO + SECONDS(5));
	ck_assert_uint_eq(v.failure.source_count, 3);
	ck_assert_int_eq(v.failure.stage, OBSERVATION_POLL);
	ck_assert_int_eq(v.failure.error.status, EX_IOERR);
	assert_text(v.failure.error.text, "cannot count", "message");
	observation_view_release(&v);
}
END_TEST

START_TEST(failing_sources_are_told)
{
	struct observation_view v;

	c.sources = "34x";
	counting_start(&c);
	counting_cycle(&c);
	c.now = SECONDS(5);
	fail_cycle();
	ck_assert_int_eq(c.err.status, EX_NOINPUT);
	view(&v);
	ck_assert(v.failed);
	ck_assert_uint_eq(v.failure.cycle, 2);
	ck_assert_int_eq(v.failure.at, DAY_ZERO + SECONDS(5));
	ck_assert_uint_eq(v.failure.source_count, 4);
	ck_assert_int_eq(v.failure.stage, OBSERVATION_SOURCE_REFRESH);
	assert_text(v.failure.error.text, "no sources", "message");
	observation_view_release(&v);
	assert_text(c.log, "list init(abc) snapshot list poll(abcd) snapshot list ", "calls");
}
END_TEST

START_TEST(stages_have_names)
{
	assert_text(observation_stage_names[OBSERVATION_SOURCE_REFRESH], "source_refresh", "name");
	assert_text(observation_stage_names[OBSERVATION_POLL], "poll", "name");
}
END_TEST

START_TEST(failure_is_the_last_and_cleared_by_success)
{
	struct observation_view v;

	c.sources = "111x1";
	c.polls = "xx0x";
	counting_start(&c);
	fail_cycle();
	fail_cycle();
	view(&v);
	ck_assert_uint_eq(v.failure.cycle, 2);
	ck_assert_int_eq(v.failure.stage, OBSERVATION_POLL);
	observation_view_release(&v);
	fail_cycle();
	view(&v);
	ck_assert_uint_eq(v.failure.cycle, 3);
	ck_assert_int_eq(v.failure.stage, OBSERVATION_SOURCE_REFRESH);
	observation_view_release(&v);
	counting_cycle(&c); /* without events, too */
	view(&v);
	ck_assert(!v.failed);
	observation_view_release(&v);
	fail_cycle();
	view(&v);
	ck_assert(v.failed);
	ck_assert_uint_eq(v.failure.cycle, 5);
	observation_view_release(&v);
}
END_TEST

START_TEST(failing_cycles_take_a_number_and_change_nothing)
{
	struct observation_view before, after;

	c.sources = "1111x1";
	c.polls = "23x4";
	counting_start(&c);
	counting_cycles(&c, 2);
	view(&before);
	fail_cycle();
	fail_cycle();
	view(&after);
	ck_assert_ptr_eq(before.snapshot, after.snapshot);
	ck_assert_uint_eq(after.snapshot->cycle, 2);
	observation_view_release(&after);
	observation_view_release(&before);
	/* State, value and events; nothing of what failed. */
	ck_assert_int_eq(atomic_load(&c.alive), 7);
	assert_text(counting_history(&c), "1: 1 2; 2: 3 4 5", "history");
	counting_cycle(&c);
	assert_text(counting_history(&c), "1: 1 2; 2: 3 4 5; 5: 6 7 8 9", "history");
}
END_TEST

START_TEST(errors_need_not_be_wanted)
{
	c.polls = "x";
	counting_start(&c);
	ck_assert_int_eq(observation_run_cycle(c.runtime, NULL), -1);
	c.config.interval = 0;
	ck_assert_ptr_null(observation_start(&c.config, NULL));
}
END_TEST

Suite *
observation_suite(void)
{
	Suite *suite = suite_create("observation");
	TCase *tc = tcase_create("observation");

	tcase_set_tags(tc, "threads");
	tcase_add_checked_fixture(tc, make, end);
	tcase_add_test(tc, sources_are_listed_anew_in_every_cycle);
	tcase_add_test(tc, sources_can_be_static);
	tcase_add_test(tc, names_of_sources_are_copied);
	tcase_add_test(tc, configuration_has_defaults);
	tcase_add_loop_test(tc, intervals_of_nothing_are_refused_at_start, 0, COUNT(refused));
	tcase_add_test(tc, shortest_interval_is_taken);
	tcase_add_test(tc, snapshot_is_there_from_the_start);
	tcase_add_test(tc, snapshot_is_the_latest);
	tcase_add_test(tc, history_has_the_batches_with_events);
	tcase_add_loop_test(tc, history_drops_the_oldest_at_its_limit, 0, COUNT(limits));
	tcase_add_test(tc, history_is_64_batches_by_default);
	tcase_add_test(tc, views_stay_as_they_were_taken);
	tcase_add_test(tc, releases_hold_no_lock);
	tcase_add_test(tc, failing_sources_at_start_are_its_error);
	tcase_add_test(tc, failing_init_is_an_error_of_start);
	tcase_add_test(tc, start_without_a_pipe_is_an_error);
	tcase_add_test(tc, files_are_closed_on_exec);
	tcase_add_test(tc, failing_poll_is_told);
	tcase_add_test(tc, failing_sources_are_told);
	tcase_add_test(tc, stages_have_names);
	tcase_add_test(tc, failure_is_the_last_and_cleared_by_success);
	tcase_add_test(tc, failing_cycles_take_a_number_and_change_nothing);
	tcase_add_test(tc, errors_need_not_be_wanted);
	suite_add_tcase(suite, tc);
	return suite;
}
