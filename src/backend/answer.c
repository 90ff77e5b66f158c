#include "parts.h"

#include <homelab/backoff.h>
#include <homelab/message.h>

#include <curl/curl.h>
#include <string.h>

#define WAIT_MAX BACKOFF_FLOOR_MAX

enum { HTTP_REQUEST_TIMEOUT = 408, HTTP_TOO_MANY_REQUESTS = 429 };

enum outcome
outcome_of(int status)
{
	if (status >= 200 && status <= 299)
		return OUTCOME_TAKEN;
	if (status >= 400 && status <= 499 && status != HTTP_REQUEST_TIMEOUT &&
	    status != HTTP_TOO_MANY_REQUESTS)
		return OUTCOME_REJECTED;
	return OUTCOME_AGAIN;
}

/* At most WAIT_MAX, whatever the digits say. */
static timestamp
read_seconds(const char *digits, size_t count)
{
	timestamp seconds = 0;

	for (size_t i = 0; i < count && seconds < WAIT_MAX / SECONDS(1); i++)
		seconds = seconds * 10 + (digits[i] - '0');
	return seconds < WAIT_MAX / SECONDS(1) ? SECONDS(seconds) : WAIT_MAX;
}

static timestamp
read_date(const char *text, timestamp now)
{
	time_t date = curl_getdate(text, NULL);
	int64_t left = (int64_t)date - now / SECONDS(1);

	if (date < 0 || left <= 0)
		return 0;
	return left < WAIT_MAX / SECONDS(1) ? SECONDS(left) : WAIT_MAX;
}

timestamp
retry_after(const char *value, timestamp now)
{
	size_t digits = value != NULL ? strspn(value, "0123456789") : 0;

	if (value == NULL)
		return 0;
	/* Every date of HTTP begins with the name of a day; libcurl takes others. */
	if (digits == 0)
		return read_date(value, now);
	return value[digits] == '\0' ? read_seconds(value, digits) : 0;
}

void
answer_text(const struct buffer *body, struct buffer *out)
{
	size_t length = body->length < BACKEND_ANSWER_MAX ? body->length : BACKEND_ANSWER_MAX;
	cleanup_free char *text =
	    text_copy_length(body->length > 0 ? (const char *)body->data : "", length);
	cleanup_free char *shown = memory_alloc(TEXT_ESCAPED_MAX(length));

	for (size_t at = 0; at < length; at += strlen(text + at) + 1) {
		if (at > 0)
			buffer_text(out, "\\x00");
		(void)text_escape(text + at, shown, TEXT_ESCAPED_MAX(length));
		buffer_add(out, shown, strlen(shown));
	}
	(void)buffer_string(out);
}
