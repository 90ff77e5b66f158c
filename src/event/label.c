/* Names of what is written: they sort by time and never meet. */

#include <homelab/compose.h>

#include <stdio.h>
#include <string.h>

enum { STAMP_SIZE = 32, UUID_SIZE = 37, PLAIN_SIZE = 65 };

/* 20260512T120500.123456789Z, or without a fraction. */
static char *
format_stamp(timestamp at, bool fraction, char out[STAMP_SIZE])
{
	char text[TIMESTAMP_TEXT_MAX];
	int nanoseconds = (int)(at % NANOSECONDS_A_SECOND);

	(void)timestamp_format(at - nanoseconds, text); /* 2026-05-12T12:05:00Z */
	(void)snprintf(out, STAMP_SIZE, "%.4s%.2s%.5s%.2s%.2s", text, text + 5, text + 8, text + 14,
	    text + 17);
	if (fraction)
		(void)snprintf(out + 15, STAMP_SIZE - 15, ".%09dZ", nanoseconds);
	else
		(void)snprintf(out + 15, STAMP_SIZE - 15, "Z");
	return out;
}

/* RFC 9562, version 4. */
static char *
format_uuid(const unsigned char *chance, char out[UUID_SIZE])
{
	static const unsigned char dashes[] = {4, 6, 8, 10};
	size_t used = 0;

	for (size_t i = 0; i < CHANCE_SIZE; i++) {
		unsigned byte = chance[i];

		if (i == 6)
			byte = 0x40 | (byte & 0x0f);
		if (i == 8)
			byte = 0x80 | (byte & 0x3f);
		if (memchr(dashes, (int)i, sizeof(dashes)) != NULL)
			out[used++] = '-';
		used += (size_t)snprintf(out + used, UUID_SIZE - used, "%02x", byte);
	}
	return out;
}

char *
event_file_name(
    timestamp at, const char *type, const unsigned char *chance, char out[EVENT_FILE_NAME_SIZE])
{
	char stamp[STAMP_SIZE], uuid[UUID_SIZE];

	(void)snprintf(out, EVENT_FILE_NAME_SIZE, "%s_%.*s_%s.json", format_stamp(at, true, stamp),
	    TYPE_NAME_MAX, type, format_uuid(chance, uuid));
	return out;
}

/* What isn't a letter, digit, dot or dash becomes '_'. */
static char *
make_plain(const char *text, char out[PLAIN_SIZE])
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	size_t length = text_cut(text, strlen(text), PLAIN_SIZE - 1);

	for (size_t i = 0; i < length; i++)
		out[i] = strchr(plain, text[i]) != NULL ? text[i] : '_';
	out[length] = '\0';
	return out;
}

char *
log_file_name(
    timestamp at, const char *service, const unsigned char *chance, char out[EVENT_FILE_NAME_SIZE])
{
	char stamp[STAMP_SIZE], uuid[UUID_SIZE], plain[PLAIN_SIZE];

	(void)snprintf(out, EVENT_FILE_NAME_SIZE, "%s_%s_%.8s.log", format_stamp(at, true, stamp),
	    make_plain(service, plain), format_uuid(chance, uuid));
	return out;
}

char *
correlation_id_make(timestamp at, const unsigned char *chance, char out[CORRELATION_ID_SIZE])
{
	char stamp[STAMP_SIZE], uuid[UUID_SIZE];

	(void)snprintf(out, CORRELATION_ID_SIZE, "deploy-%s-%.8s", format_stamp(at, false, stamp),
	    format_uuid(chance, uuid));
	return out;
}

timestamp
time_after(timestamp last, timestamp now)
{
	return now > last ? now : timestamp_add(last, 1);
}
