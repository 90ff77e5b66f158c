#ifndef HOMELAB_TIMESTAMP_H
#define HOMELAB_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Instants are nanoseconds since 1970-01-01T00:00:00Z. They reach to
 * 2262-04-11T23:47:16.854775807Z; a later instant becomes that one.
 */
typedef int64_t timestamp;

#define TIMESTAMP_NONE INT64_MIN
#define TIMESTAMP_LAST INT64_MAX

#define NANOSECONDS_A_SECOND INT64_C(1000000000)
#define SECONDS(n) ((timestamp)(n)*NANOSECONDS_A_SECOND)
#define MINUTES(n) SECONDS((timestamp)(n)*60)
#define HOURS(n) SECONDS((timestamp)(n)*3600)
#define DAYS(n) SECONDS((timestamp)(n)*86400)

enum {
	TIMESTAMP_TEXT_MAX = 31, /* 2026-05-12T12:05:00.123456789Z and NUL */
	DATE_TEXT_MAX = 11, /* 2026-05-12 and NUL */
};

/*
 * Reads an RFC 3339 date-time: 'T', 't' or a space between, a fraction of any
 * length (digits after the ninth are cut off), 'Z', 'z', an offset up to 23:59,
 * or nothing, which is UTC. Second 60 and instants before 1970 are refused.
 */
bool timestamp_parse(const char *text, size_t length, timestamp *out);

/* Writes UTC, with a fraction only where it isn't zero and without trailing
 * zeros. `out` has TIMESTAMP_TEXT_MAX bytes. Returns out. */
char *timestamp_format(timestamp at, char *out);

/* A date is the number of days since 1970-01-01. */
int32_t date_of(timestamp at);
timestamp date_start(int32_t date);
bool date_parse(const char *text, int32_t *out); /* exactly YYYY-MM-DD */
char *date_format(int32_t date, char *out); /* DATE_TEXT_MAX bytes */

/* The hour since 1970-01-01T00Z. */
int64_t hour_of(timestamp at);

/* a + b for b >= 0, not beyond TIMESTAMP_LAST. */
timestamp timestamp_add(timestamp a, timestamp b);

/* Whole seconds or a number with s, m, h or d: "90", "30s", "15m", "6h", "7d".
 * False for anything else and for what doesn't fit. In nanoseconds. */
bool duration_parse(const char *text, timestamp *out);

#endif
