#include "support.h"

#include <string.h>

struct good_time {
	const char *text;
	int64_t seconds, nanoseconds;
	const char *written; /* as E3 has it */
};

/*
 * Days of years since 1970: 30 years with 7 leap days make 2000-01-01 day
 * 10,957; 2026-05-12 is day 56 * 365 + 14 + 31 + 28 + 31 + 30 + 11 = 20,585.
 */
static const struct good_time good_times[] = {
    {"1970-01-01T00:00:00Z", 0, 0, "1970-01-01T00:00:00Z"},
    {"1970-01-01T00:00:00.000000001Z", 0, 1, "1970-01-01T00:00:00.000000001Z"},
    {"2026-05-12T12:05:00Z", 1778587500, 0, "2026-05-12T12:05:00Z"},
    {"2026-05-12t12:05:00z", 1778587500, 0, "2026-05-12T12:05:00Z"},
    {"2026-05-12 12:05:00Z", 1778587500, 0, "2026-05-12T12:05:00Z"},
    {"2026-05-12T12:05:00", 1778587500, 0, "2026-05-12T12:05:00Z"},
    {"2026-05-12 12:05:00.25", 1778587500, 250000000, "2026-05-12T12:05:00.25Z"},
    {"2026-05-12T12:05:00.5Z", 1778587500, 500000000, "2026-05-12T12:05:00.5Z"},
    {"2026-05-12T12:05:00.100Z", 1778587500, 100000000, "2026-05-12T12:05:00.1Z"},
    {"2026-05-12T12:05:00.000Z", 1778587500, 0, "2026-05-12T12:05:00Z"},
    {"2026-05-12T12:05:00.123456789Z", 1778587500, 123456789, "2026-05-12T12:05:00.123456789Z"},
    {"2026-05-12T12:05:00.1234567899Z", 1778587500, 123456789, "2026-05-12T12:05:00.123456789Z"},
    {"2026-05-12T12:05:00.0000000009999999999Z", 1778587500, 0, "2026-05-12T12:05:00Z"},
    {"2026-05-12T12:05:00.010203040Z", 1778587500, 10203040, "2026-05-12T12:05:00.01020304Z"},
    {"2026-05-12T12:05:00+00:00", 1778587500, 0, "2026-05-12T12:05:00Z"},
    {"2026-05-12T12:05:00-00:00", 1778587500, 0, "2026-05-12T12:05:00Z"},
    {"2026-05-12T14:05:00+02:00", 1778587500, 0, "2026-05-12T12:05:00Z"},
    {"2026-05-12T06:35:00-05:30", 1778587500, 0, "2026-05-12T12:05:00Z"},
    {"2026-05-13T12:04:00.5+23:59", 1778587500, 500000000, "2026-05-12T12:05:00.5Z"},
    {"2026-05-11T12:06:00-23:59", 1778587500, 0, "2026-05-12T12:05:00Z"},
    {"1969-12-31T23:30:00-01:00", 1800, 0, "1970-01-01T00:30:00Z"},
    {"1970-01-01T23:59:00+23:59", 0, 0, "1970-01-01T00:00:00Z"},
    {"2000-02-29T00:00:00Z", 951782400, 0, "2000-02-29T00:00:00Z"},
    {"2000-03-01T00:00:00Z", 951868800, 0, "2000-03-01T00:00:00Z"},
    {"2024-02-29T23:59:59Z", 1709251199, 0, "2024-02-29T23:59:59Z"},
    {"2024-12-31T23:59:59Z", 1735689599, 0, "2024-12-31T23:59:59Z"},
    {"2100-02-28T23:59:59Z", 4107542399, 0, "2100-02-28T23:59:59Z"},
    {"2100-03-01T00:00:00Z", 4107542400, 0, "2100-03-01T00:00:00Z"},
    {"2262-04-11T23:47:16Z", 9223372036, 0, "2262-04-11T23:47:16Z"},
    {"2262-04-11T23:47:16.854775806Z", 9223372036, 854775806, "2262-04-11T23:47:16.854775806Z"},
    {"2262-04-11T23:47:16.854775807Z", 9223372036, 854775807, "2262-04-11T23:47:16.854775807Z"},
    /* Beyond what can be told: the last instant. */
    {"2262-04-11T23:47:16.854775808Z", 9223372036, 854775807, "2262-04-11T23:47:16.854775807Z"},
    {"2262-04-11T23:47:17Z", 9223372036, 854775807, "2262-04-11T23:47:16.854775807Z"},
    {"9999-12-31T23:59:59.999999999-23:59", 9223372036, 854775807,
	"2262-04-11T23:47:16.854775807Z"},
};

/* Rule: E3 E4 */
START_TEST(usable_times)
{
	const struct good_time *t = &good_times[_i];
	char text[TIMESTAMP_TEXT_MAX];
	timestamp at = 0;

	ck_assert_msg(timestamp_parse(t->text, strlen(t->text), &at), "refused: %s", t->text);
	ck_assert_msg(
	    at == SECONDS(t->seconds) + t->nanoseconds, "%s: %lld", t->text, (long long)at);
	assert_text(timestamp_format(at, text), t->written, t->text);
}
END_TEST

static const char *const bad_times[] = {
    "",
    "2026-05-1:T12:05:00Z",
    "2026",
    "2026-05-12",
    "2026-05-12T",
    "2026-05-12T12:05Z",
    "2026-05-12T12:05",
    "12:05:00Z",
    "2026-05-12T12:05:60Z",
    "2016-12-31T23:59:60Z",
    "2026-05-12T12:60:00Z",
    "2026-05-12T24:00:00Z",
    "2026-05-12T12:05:00.Z",
    "2026-05-12T12:05:00.",
    "2026-05-12T12:05:00,5Z",
    "2026-05-12T12:05:00+24:00",
    "2026-05-12T12:05:00+02:60",
    "2026-05-12T12:05:00+0200",
    "2026-05-12T12:05:00+02",
    "2026-05-12T12:05:00+2:00",
    "2026-05-12T12:05:00+02:00Z",
    "2026-05-12T12:05:00ZZ",
    "2026-05-12T12:05:00Z ",
    " 2026-05-12T12:05:00Z",
    "2026-05-12T12:05:00 Z",
    "2026-05-12T12:05:00UTC",
    "2026-05-12X12:05:00Z",
    "2026-05-12  12:05:00Z",
    "2026-5-12T12:05:00Z",
    "2026-05-12T1:05:00Z",
    "20260512T120500Z",
    "2026-13-12T12:05:00Z",
    "2026-00-12T12:05:00Z",
    "2026-05-00T12:05:00Z",
    "2026-05-32T12:05:00Z",
    "2026-04-31T12:05:00Z",
    "2026-02-29T12:05:00Z",
    "2100-02-29T00:00:00Z",
    "2024-02-30T00:00:00Z",
    "+026-05-12T12:05:00Z",
    "-026-05-12T12:05:00Z",
    "12026-05-12T12:05:00Z",
    "1778587500",
    "1969-12-31T23:59:59Z",
    "1969-12-31T23:59:59.999999999Z",
    "1970-01-01T00:59:59+01:00",
    "0000-01-01T00:00:00Z",
    "2026-05-12T12:05:00\xe2\x88\x92"
    "02:00",
    "2026-05-12T-1:05:00Z",
};

/* Rule: E4 */
START_TEST(unusable_times)
{
	const char *text = bad_times[_i];
	timestamp at;

	ck_assert_msg(!timestamp_parse(text, strlen(text), &at), "taken: %s", text);
}
END_TEST

/* The length counts, not a NUL. Rule: E4 */
START_TEST(times_are_no_longer_than_they_are)
{
	static const char text[] = "2026-05-12T12:05:00Zulu";
	timestamp at;

	ck_assert(timestamp_parse(text, 20, &at));
	ck_assert_int_eq(at, SECONDS(1778587500));
	ck_assert(!timestamp_parse(text, 21, &at));
	ck_assert(!timestamp_parse("2026-05-12T12:05:00Z\0", 21, &at));
	ck_assert(!timestamp_parse("2026-05-12T12:05:00\0Z", 21, &at));
	ck_assert(!timestamp_parse("2026-05-12\0"
				   "12:05:00Z",
	    20, &at));
	ck_assert(timestamp_parse(text, 19, &at));
	ck_assert_int_eq(at, SECONDS(1778587500));
	ck_assert(timestamp_parse("2026-05-12T12:05:00.55Z", 21, &at));
	ck_assert_int_eq(at, SECONDS(1778587500) + 500000000);
	for (size_t length = 0; length < 19; length++) {
		cleanup_free char *exact = memory_resize(NULL, length, 1);

		memcpy(exact, text, length);
		ck_assert_msg(!timestamp_parse(exact, length, &at), "%zu", length);
	}
}
END_TEST

/* The instant before 1970. Rule: E3 */
START_TEST(before_the_beginning)
{
	char text[TIMESTAMP_TEXT_MAX];

	ck_assert_str_eq(timestamp_format(-1, text), "1969-12-31T23:59:59.999999999Z");
	ck_assert_str_eq(timestamp_format(SECONDS(-1), text), "1969-12-31T23:59:59Z");
}
END_TEST

/* Every day since 1970, by counting. Rule: E3 */
START_TEST(dates_in_a_row)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	char text[64], written[DATE_TEXT_MAX];
	int32_t days = 0, got;

	for (int year = 1970; year < 2262; year++)
		for (int month = 0; month < 12; month++) {
			bool leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
			int length = lengths[month] + (month == 1 && leap);

			for (int day = 1; day <= length; day++, days++) {
				(void)snprintf(
				    text, sizeof(text), "%04d-%02d-%02d", year, month + 1, day);
				if (!date_parse(text, &got) || got != days ||
				    strcmp(date_format(days, written), text) != 0 ||
				    date_of(date_start(days)) != days ||
				    date_of(date_start(days) + DAYS(1) - 1) != days)
					ck_abort_msg("%s isn't day %d", text, (int)days);
			}
			(void)snprintf(
			    text, sizeof(text), "%04d-%02d-%02d", year, month + 1, length + 1);
			ck_assert_msg(!date_parse(text, &got), "taken: %s", text);
		}
}
END_TEST

/* Rule: T3 */
START_TEST(texts_of_dates)
{
	static const char *const bad[] = {"", "2026", "2026-05", "2026-05-1", "2026-5-12",
	    "2026-05-12 ", "2026-05-123", "2026/05/12", "2026-02-30", "2026-00-01", "2026-01-00",
	    "9999-99-99", "abcd-ef-gh", "-026-01-01"};
	char text[DATE_TEXT_MAX];
	int32_t date;

	for (size_t i = 0; i < COUNT(bad); i++)
		ck_assert_msg(!date_parse(bad[i], &date), "taken: %s", bad[i]);
	ck_assert(date_parse("1969-12-31", &date));
	ck_assert_int_eq(date, -1);
	ck_assert_str_eq(date_format(-1, text), "1969-12-31");
	ck_assert(date_parse("9999-12-31", &date));
	ck_assert_str_eq(date_format(date, text), "9999-12-31");
	ck_assert(date_parse("0000-02-29", &date));
	ck_assert_str_eq(date_format(date, text), "0000-02-29");
}
END_TEST

START_TEST(days_and_hours)
{
	ck_assert_int_eq(date_of(-1), -1);
	ck_assert_int_eq(date_of(0), 0);
	ck_assert_int_eq(hour_of(-1), -1);
	ck_assert_int_eq(hour_of(HOURS(1) - 1), 0);
	ck_assert_int_eq(hour_of(HOURS(1)), 1);
	ck_assert_int_eq(date_of(DAY_ZERO), 20585);
	ck_assert_int_eq(date_start(20585), DAY_ZERO);
	ck_assert_int_eq(date_of(TIMESTAMP_LAST), 106751);
	ck_assert_int_eq(hour_of(TIMESTAMP_LAST), 2562047);
	ck_assert_int_eq(timestamp_add(5, 7), 12);
	ck_assert_int_eq(timestamp_add(TIMESTAMP_LAST - 1, 1), TIMESTAMP_LAST);
	ck_assert_int_eq(timestamp_add(TIMESTAMP_LAST, 1), TIMESTAMP_LAST);
	ck_assert_int_eq(timestamp_add(TIMESTAMP_LAST, TIMESTAMP_LAST), TIMESTAMP_LAST);
	ck_assert_int_eq(timestamp_add(0, TIMESTAMP_LAST), TIMESTAMP_LAST);
}
END_TEST

/* Rule: I1 */
START_TEST(durations)
{
	static const struct {
		const char *text;
		int64_t seconds; /* -1: refused */
	} cases[] = {{"0", 0}, {"90", 90}, {"30s", 30}, {"15m", 900}, {"6h", 21600}, {"7d", 604800},
	    {"0d", 0}, {"007", 7}, {"9223372036", INT64_C(9223372036)}, {"9223372037", -1},
	    {"153722867m", INT64_C(9223372020)}, {"153722868m", -1},
	    {"2562047h", INT64_C(9223369200)}, {"2562048h", -1}, {"106751d", INT64_C(9223286400)},
	    {"106752d", -1}, {"99999999999999999999", -1}, {"18446744073709551616s", -1}, {"", -1},
	    {"s", -1}, {"1w", -1}, {"1y", -1}, {"1D", -1}, {"1.5h", -1}, {"-1", -1}, {"+1", -1},
	    {" 1", -1}, {"1 ", -1}, {"1 h", -1}, {"1hm", -1}, {"1h30m", -1}, {"0x10", -1}};
	timestamp got;

	for (size_t i = 0; i < COUNT(cases); i++) {
		bool good = duration_parse(cases[i].text, &got);

		ck_assert_msg(good == (cases[i].seconds >= 0), "\"%s\"", cases[i].text);
		if (good)
			ck_assert_msg(got == SECONDS(cases[i].seconds), "\"%s\": %lld",
			    cases[i].text, (long long)got);
	}
}
END_TEST

/* Of files: whatever their sender says. */
START_TEST(times_of_files)
{
	static const struct {
		struct timespec file;
		timestamp at;
	} cases[] = {{{1778587500, 250}, SECONDS(1778587500) + 250}, {{-1, 999999999}, -1},
	    {{INT64_C(9223372036), 0}, TIMESTAMP_LAST},
	    {{INT64_C(15032385535), 999999999}, TIMESTAMP_LAST}, {{INT64_MAX, 0}, TIMESTAMP_LAST},
	    {{INT64_MIN, 0}, -TIMESTAMP_LAST}};

	for (size_t i = 0; i < COUNT(cases); i++)
		ck_assert_int_eq(time_of(&cases[i].file), cases[i].at);
}
END_TEST

Suite *
timestamp_suite(void)
{
	Suite *suite = suite_create("timestamp");
	TCase *tc = tcase_create("timestamp");

	tcase_add_loop_test(tc, usable_times, 0, COUNT(good_times));
	tcase_add_loop_test(tc, unusable_times, 0, COUNT(bad_times));
	tcase_add_test(tc, times_are_no_longer_than_they_are);
	tcase_add_test(tc, before_the_beginning);
	tcase_add_test(tc, dates_in_a_row);
	tcase_add_test(tc, texts_of_dates);
	tcase_add_test(tc, days_and_hours);
	tcase_add_test(tc, durations);
	tcase_add_test(tc, times_of_files);
	suite_add_tcase(suite, tc);
	return suite;
}
