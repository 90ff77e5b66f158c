#include "exposition.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void
exposition_family(struct buffer *out, const char *name, const char *type, const char *help)
{
	buffer_text(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value may be any UTF-8; these three would end it. */
static void
add_escaped(struct buffer *out, const char *text)
{
	static const char special[] = "\\\"\n";

	while (*text != '\0') {
		size_t plain = strcspn(text, special);

		buffer_add(out, text, plain);
		text += plain;
		if (*text != '\0')
			buffer_text(out, "\\%c", *text == '\n' ? 'n' : *text);
		text += *text != '\0';
	}
}

static void
add_labels(struct buffer *out, const struct label *last)
{
	if (last->before != NULL) {
		add_labels(out, last->before);
		buffer_text(out, ",");
	}
	buffer_text(out, "%s=\"", last->name);
	add_escaped(out, last->value);
	buffer_text(out, "\"");
}

static void
add_series(struct buffer *out, const char *name, const struct label *last)
{
	buffer_text(out, "%s", name);
	if (last != NULL) {
		buffer_text(out, "{");
		add_labels(out, last);
		buffer_text(out, "}");
	}
	buffer_text(out, " ");
}

void
exposition_count(struct buffer *out, const char *name, const struct label *last, int64_t value)
{
	add_series(out, name, last);
	buffer_text(out, "%" PRId64 "\n", value);
}

void
exposition_seconds(struct buffer *out, const char *name, const struct label *last, timestamp value)
{
	char fraction[16];
	size_t length = (size_t)snprintf(
	    fraction, sizeof(fraction), ".%09" PRId64, value % NANOSECONDS_A_SECOND);

	while (fraction[length - 1] == '0')
		length--;
	add_series(out, name, last);
	buffer_text(out, "%" PRId64 "%.*s\n", value / NANOSECONDS_A_SECOND,
	    length > 1 ? (int)length : 0, fraction);
}
