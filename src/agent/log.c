#include "agent.h"

#include <string.h>

/* A character that is none to see: C0, DEL, C1. 0, or its length. */
static size_t
control_length(const unsigned char *at)
{
	if (at[0] < 0x20 || at[0] == 0x7f)
		return 1;
	return at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f ? 2 : 0;
}

static json_t *
clean(const char *line, size_t length)
{
	cleanup_buffer struct buffer mended = {0}, shown = {0};
	const unsigned char *at;

	text_mend(line, length, &mended);
	for (at = (unsigned char *)buffer_string(&mended); *at != '\0';) {
		size_t control = control_length(at);

		if (control == 0)
			buffer_add(&shown, at, 1);
		at += control > 0 ? control : 1;
	}
	return json_stringn(shown.length > 0 ? (char *)shown.data : "", shown.length);
}

/* Where the last line of a text begins. */
static size_t
last_line(const char *text, size_t length)
{
	while (length > 0 && text[length - 1] != '\n')
		length--;
	return length;
}

json_t *
log_lines(const void *log, size_t length, unsigned lines)
{
	const char *text = log;
	json_t *all = json_array();
	size_t room = RUNTIME_LOG_MAX;

	if (length > 0 && text[length - 1] == '\n')
		length--;
	while (length > 0 && lines-- > 0) {
		size_t begin = last_line(text, length), end = length;
		json_t *line;

		if (end - begin > RUNTIME_LOG_MAX)
			begin = end - RUNTIME_LOG_MAX;
		line = clean(text + begin, end - begin);
		if (json_string_length(line) > room) {
			json_decref(line);
			break;
		}
		room -= json_string_length(line);
		(void)json_array_insert_new(all, 0, line);
		length = begin > 0 && text[begin - 1] == '\n' ? begin - 1 : 0;
	}
	return all;
}
