#include "support.h"

#include <homelab/backoff.h>

#include <limits.h>

/* By hand: 1 s, doubled, until 5 minutes. */
static const struct {
	unsigned failures;
	timestamp most;
} ceilings[] = {
    {0, 0},
    {1, SECONDS(1)},
    {2, SECONDS(2)},
    {3, SECONDS(4)},
    {4, SECONDS(8)},
    {5, SECONDS(16)},
    {6, SECONDS(32)},
    {7, SECONDS(64)},
    {8, SECONDS(128)},
    {9, SECONDS(256)},
    {10, SECONDS(300)},
    {11, SECONDS(300)},
    {1000, SECONDS(300)},
    {UINT_MAX, SECONDS(300)},
};

START_TEST(ceiling_doubles)
{
	unsigned failures = ceilings[_i].failures;
	timestamp most = ceilings[_i].most;

	ck_assert_int_eq(backoff_delay(failures, 0, 0), 0);
	ck_assert_int_eq(backoff_delay(failures, 0, (uint64_t)most), most);
	ck_assert_int_eq(backoff_delay(failures, 0, (uint64_t)most + 1), 0);
	ck_assert_int_le(backoff_delay(failures, 0, UINT64_MAX), most);
}
END_TEST

/* Full jitter: all of the range, each part as often. */
START_TEST(jitter_is_full)
{
	int quarters[4] = {0};

	for (int i = 0; i < 4000; i++) {
		struct dice d = dice_of(i);
		uint64_t chance = roll(&d, UINT64_MAX);
		timestamp delay = backoff_delay(5, 0, chance);

		ck_assert_int_ge(delay, 0);
		ck_assert_int_le(delay, SECONDS(16));
		quarters[delay / (SECONDS(4) + 1)]++;
	}
	for (int i = 0; i < 4; i++) {
		ck_assert_int_gt(quarters[i], 800);
		ck_assert_int_lt(quarters[i], 1200);
	}
}
END_TEST

START_TEST(floor_is_honoured)
{
	ck_assert_int_eq(backoff_delay(1, SECONDS(120), 0), SECONDS(120));
	ck_assert_int_eq(backoff_delay(1, SECONDS(120), SECONDS(1)), SECONDS(121));
	ck_assert_int_eq(backoff_delay(0, SECONDS(120), 12345), SECONDS(120));
	ck_assert_int_eq(backoff_delay(1, HOURS(1), 0), HOURS(1));
	ck_assert_int_eq(backoff_delay(1, HOURS(1) + 1, 0), HOURS(1));
	ck_assert_int_eq(backoff_delay(1, TIMESTAMP_LAST, 0), HOURS(1));
	ck_assert_int_eq(backoff_delay(1, -1, 0), 0);
}
END_TEST

START_TEST(failures_in_a_row)
{
	struct backoff b = {0};
	timestamp now = DAY_ZERO;

	ck_assert(backoff_is_due(&b, now));
	backoff_failed(&b, now, 0, SECONDS(1));
	ck_assert_uint_eq(b.failures, 1);
	ck_assert(!backoff_is_due(&b, now + SECONDS(1) - 1));
	ck_assert(backoff_is_due(&b, now + SECONDS(1)));
	backoff_failed(&b, now, SECONDS(10), SECONDS(2));
	ck_assert_uint_eq(b.failures, 2);
	ck_assert(!backoff_is_due(&b, now + SECONDS(12) - 1));
	ck_assert(backoff_is_due(&b, now + SECONDS(12)));
	backoff_succeeded(&b);
	ck_assert(backoff_is_due(&b, now));
	backoff_failed(&b, now, 0, SECONDS(2));
	ck_assert_int_eq(b.due, now + SECONDS(2) % (SECONDS(1) + 1));
}
END_TEST

START_TEST(failures_do_not_overflow)
{
	struct backoff b = {.failures = UINT_MAX};

	backoff_failed(&b, TIMESTAMP_LAST, HOURS(1), UINT64_MAX);
	ck_assert_uint_eq(b.failures, UINT_MAX);
	ck_assert_int_eq(b.due, TIMESTAMP_LAST);
}
END_TEST

START_TEST(clock_set_back)
{
	struct backoff b = {0};
	timestamp now = DAY_ZERO, longest = HOURS(1) + MINUTES(5);

	backoff_failed(&b, now, HOURS(1), 0);
	b.due = now + longest;
	ck_assert(!backoff_is_due(&b, now));
	ck_assert(backoff_is_due(&b, now - 1));
}
END_TEST

Suite *
backoff_suite(void)
{
	Suite *suite = suite_create("backoff");
	TCase *all = tcase_create("all");

	tcase_add_loop_test(all, ceiling_doubles, 0, COUNT(ceilings));
	tcase_add_test(all, jitter_is_full);
	tcase_add_test(all, floor_is_honoured);
	tcase_add_test(all, failures_in_a_row);
	tcase_add_test(all, failures_do_not_overflow);
	tcase_add_test(all, clock_set_back);
	suite_add_tcase(suite, all);
	return suite;
}
