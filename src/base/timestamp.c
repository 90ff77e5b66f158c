#include <homelab/timestamp.h>

#include <string.h>

/*
 * Civil dates by Howard Hinnant's days_from_civil, "chrono-Compatible Low-Level
 * Date Algorithms": years begin in March, in eras of 400 years or 146,097 days.
 */
static int64_t
days_from_civil(int64_t year, int month, int day)
{
	int64_t era, year_of_era, day_of_year;

	year -= month <= 2;
	era = (year >= 0 ? year : year - 399) / 400;
	year_of_era = year - era * 400;
	day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	    day_of_year - 719468;
}

static void
civil_from_days(int64_t days, int *year, int *month, int *day)
{
	int64_t era, day_of_era, year_of_era, day_of_year, m;

	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	day_of_era = days - era * 146097;
	year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	m = (5 * day_of_year + 2) / 153;
	*day = (int)(day_of_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = (int)(year_of_era + era * 400 + (*month <= 2));
}

static int
days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* A cursor over text that isn't NUL-terminated. */
struct reader {
	const char *at, *end;
};

static bool
read_digits(struct reader *r, int count, int *out)
{
	*out = 0;
	if (r->end - r->at < count)
		return false;
	for (; count > 0; count--, r->at++) {
		if (*r->at < '0' || *r->at > '9')
			return false;
		*out = *out * 10 + (*r->at - '0');
	}
	return true;
}

static bool
read_one_of(struct reader *r, const char *set)
{
	if (r->at == r->end || *r->at == '\0' || strchr(set, *r->at) == NULL)
		return false;
	r->at++;
	return true;
}

static bool
read_date(struct reader *r, int64_t *days)
{
	int year, month, day;

	if (!read_digits(r, 4, &year) || !read_one_of(r, "-") || !read_digits(r, 2, &month) ||
	    !read_one_of(r, "-") || !read_digits(r, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
		return false;
	*days = days_from_civil(year, month, day);
	return true;
}

static bool
read_fraction(struct reader *r, int64_t *nanoseconds)
{
	int64_t unit = NANOSECONDS_A_SECOND / 10;
	const char *start;

	*nanoseconds = 0;
	if (!read_one_of(r, "."))
		return true;
	for (start = r->at; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
		*nanoseconds += unit * (*r->at - '0');
		unit /= 10;
	}
	return r->at > start;
}

static bool
read_offset(struct reader *r, int64_t *seconds)
{
	int hours, minutes, sign;

	*seconds = 0;
	if (r->at == r->end || read_one_of(r, "Zz"))
		return true;
	sign = *r->at == '-' ? -1 : 1;
	if (!read_one_of(r, "+-") || !read_digits(r, 2, &hours) || !read_one_of(r, ":") ||
	    !read_digits(r, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*seconds = sign * (hours * INT64_C(3600) + minutes * INT64_C(60));
	return true;
}

bool
timestamp_parse(const char *text, size_t length, timestamp *out)
{
	struct reader r = {text, text + length};
	int64_t days, fraction, offset, seconds;
	int hour, minute, second;

	if (!read_date(&r, &days) || !read_one_of(&r, "Tt ") || !read_digits(&r, 2, &hour) ||
	    !read_one_of(&r, ":") || !read_digits(&r, 2, &minute) || !read_one_of(&r, ":") ||
	    !read_digits(&r, 2, &second) || !read_fraction(&r, &fraction) ||
	    !read_offset(&r, &offset) || r.at != r.end)
		return false;
	if (hour > 23 || minute > 59 || second > 59)
		return false;
	seconds = days * 86400 + hour * INT64_C(3600) + minute * INT64_C(60) + second - offset;
	if (seconds < 0)
		return false;
	if (seconds > (TIMESTAMP_LAST - fraction) / NANOSECONDS_A_SECOND)
		*out = TIMESTAMP_LAST;
	else
		*out = timestamp_add(SECONDS(seconds), fraction);
	return true;
}

static int64_t
floor_divide(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int32_t
date_of(timestamp at)
{
	return (int32_t)floor_divide(at, DAYS(1));
}

int64_t
hour_of(timestamp at)
{
	return floor_divide(at, HOURS(1));
}

timestamp
date_start(int32_t date)
{
	return DAYS(date);
}

bool
date_parse(const char *text, int32_t *out)
{
	struct reader r = {text, text + strlen(text)};
	int64_t days;

	if (!read_date(&r, &days) || r.at != r.end)
		return false;
	*out = (int32_t)days;
	return true;
}

static void
put_digits(char *out, unsigned value, int count)
{
	for (; count > 0; value /= 10)
		out[--count] = (char)('0' + value % 10);
}

char *
date_format(int32_t date, char *out)
{
	int year, month, day;

	civil_from_days(date, &year, &month, &day);
	put_digits(out, (unsigned)year, 4);
	put_digits(out + 5, (unsigned)month, 2);
	put_digits(out + 8, (unsigned)day, 2);
	out[4] = out[7] = '-';
	out[DATE_TEXT_MAX - 1] = '\0';
	return out;
}

/* Made for every time in every document: without the cost of a format. */
char *
timestamp_format(timestamp at, char *out)
{
	int64_t seconds = at / NANOSECONDS_A_SECOND, fraction = at % NANOSECONDS_A_SECOND;
	char *end = out + sizeof("2026-05-01T12:00:00") - 1;
	unsigned second;

	if (fraction < 0) {
		fraction += NANOSECONDS_A_SECOND;
		seconds--;
	}
	second = (unsigned)(seconds - (int64_t)date_of(at) * 86400);
	(void)date_format(date_of(at), out);
	(void)memcpy(out + DATE_TEXT_MAX - 1, "T00:00:00", sizeof("T00:00:00"));
	put_digits(out + 11, second / 3600, 2);
	put_digits(out + 14, second / 60 % 60, 2);
	put_digits(out + 17, second % 60, 2);
	if (fraction != 0) {
		*end = '.';
		put_digits(end + 1, (unsigned)fraction, 9);
		for (end += 10; end[-1] == '0';)
			end--;
	}
	(void)memcpy(end, "Z", 2);
	return out;
}

timestamp
timestamp_add(timestamp a, timestamp b)
{
	return a > TIMESTAMP_LAST - b ? TIMESTAMP_LAST : a + b;
}

bool
duration_parse(const char *text, timestamp *out)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = {{'\0', 1}, {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	int64_t number = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (number > INT64_MAX / 10 - 1)
			return false;
		number = number * 10 + (*p - '0');
	}
	if (p == text || (p[0] != '\0' && p[1] != '\0'))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (units[i].letter == *p) {
			if (number > TIMESTAMP_LAST / NANOSECONDS_A_SECOND / units[i].seconds)
				return false;
			*out = SECONDS(number * units[i].seconds);
			return true;
		}
	return false;
}
