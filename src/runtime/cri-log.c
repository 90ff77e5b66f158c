#include "cri.h"

#include <homelab/disk.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sysexits.h>

enum {
	WINDOW = 64 << 10, /* of the file's end that is looked at */
	STREAM_MAX = 8, /* "stdout " and NUL */
};

/* --- lines ------------------------------------------------------------------------- */

struct line {
	const char *text;
	size_t length;
	char stream[STREAM_MAX];
	bool goes_on;
};

/* "2026-05-12T12:05:00.123456789Z stderr F text" */
static bool
parse_line(const char *at, size_t length, struct line *out)
{
	const char *stream = memchr(at, ' ', length), *end = at + length;
	timestamp time;

	if (stream == NULL || !timestamp_parse(at, (size_t)(stream - at), &time))
		return false;
	stream++;
	if (end - stream < 9 ||
	    (memcmp(stream, "stdout ", 7) != 0 && memcmp(stream, "stderr ", 7) != 0))
		return false;
	if ((stream[7] != 'F' && stream[7] != 'P') || stream[8] != ' ')
		return false;
	*out = (struct line){
	    .text = stream + 9, .length = (size_t)(end - stream) - 9, .goes_on = stream[7] == 'P'};
	memcpy(out->stream, stream, 7);
	return true;
}

/* The texts, each ended by a newline unless the next goes on with it. */
static void
join_lines(const char *at, const char *end, struct buffer *out)
{
	struct line last = {.length = 0};

	for (const char *next; at < end; at = next) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		struct line line;

		next = newline != NULL ? newline + 1 : end;
		if (!parse_line(at, (size_t)((newline != NULL ? newline : end) - at), &line))
			continue;
		if (last.goes_on && strcmp(last.stream, line.stream) != 0)
			buffer_add(out, "\n", 1);
		buffer_add(out, line.text, line.length);
		if (!line.goes_on)
			buffer_add(out, "\n", 1);
		last = line;
	}
	if (last.goes_on)
		buffer_add(out, "\n", 1);
}

/* Where the last lines begin, and where a line begins within the last bytes; one
 * that is longer is cut at its front. */
static size_t
find_tail(const char *text, size_t length, unsigned lines)
{
	size_t least = length > RUNTIME_LOG_MAX ? length - RUNTIME_LOG_MAX : 0;
	size_t at = length, start = length;

	for (unsigned n = 0; n < lines && at > least; n++) {
		at--; /* over the newline at its end */
		while (at > least && text[at - 1] != '\n')
			at--;
		if (at > 0 && at == least && text[at - 1] != '\n' && start < length)
			return start;
		start = at;
	}
	return start;
}

void
cri_log_tail(const char *data, size_t length, bool whole, unsigned lines, struct buffer *out)
{
	cleanup_buffer struct buffer text = {0};
	const char *first = whole ? data : memchr(data, '\n', length);
	size_t start;

	if (first == NULL)
		return;
	join_lines(whole ? first : first + 1, data + length, &text);
	start = find_tail((const char *)text.data, text.length, lines);
	if (text.length > start)
		buffer_add(out, text.data + start, text.length - start);
}

/* --- the file ---------------------------------------------------------------------- */

int
cri_log_read(const char *path, unsigned lines, struct buffer *out, struct error *err)
{
	cleanup_free char *window = memory_alloc(WINDOW);
	struct stat st;
	uint64_t from;
	ssize_t got;
	cleanup_close int fd = -1;

	if (path[0] != '/')
		return error_set(
		    err, EX_UNAVAILABLE, "cannot read a log that has no absolute path");
	fd =
	    disk.open(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
	if (fd < 0)
		return error_errno(err, EX_UNAVAILABLE, "cannot open %s", path);
	if (disk.fstat(fd, &st) < 0)
		return error_errno(err, EX_UNAVAILABLE, "cannot stat %s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, EX_UNAVAILABLE, "%s is not a regular file", path);
	from = st.st_size > WINDOW ? (uint64_t)st.st_size - WINDOW : 0;
	if ((got = disk_read_at(fd, window, WINDOW, from)) < 0)
		return error_errno(err, EX_UNAVAILABLE, "cannot read %s", path);
	cri_log_tail(window, (size_t)got, from == 0, lines, out);
	return 0;
}
