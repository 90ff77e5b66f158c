#include "docker.h"

enum { FRAME_HEAD = 8, STREAMS = 3 };

/* What is in the frames: a stream's number, three zeros, a length, the bytes. What
 * can't be one ends it; of one that was cut off what is there is taken. */
static void
join_frames(const struct buffer *body, struct buffer *out)
{
	const unsigned char *at = body->data;
	size_t left = body->length;

	while (left > FRAME_HEAD && at[0] < STREAMS && (at[1] | at[2] | at[3]) == 0) {
		size_t length =
		    (size_t)at[4] << 24 | (size_t)at[5] << 16 | (size_t)at[6] << 8 | at[7];

		at += FRAME_HEAD;
		left -= FRAME_HEAD;
		if (length > left)
			length = left;
		buffer_add(out, at, length);
		at += length;
		left -= length;
	}
}

/* Where the last lines begin; the end of the last is none of its own. */
static size_t
find_lines(const struct buffer *b, unsigned lines)
{
	size_t at = b->length, least = at > RUNTIME_LOG_MAX ? at - RUNTIME_LOG_MAX : 0;

	if (at > 0 && b->data[at - 1] == '\n')
		at--;
	for (; at > least; at--)
		if (b->data[at - 1] == '\n' && --lines == 0)
			return at;
	return least;
}

void
docker_read_log(const struct buffer *body, bool framed, unsigned lines, struct buffer *out)
{
	cleanup_buffer struct buffer joined = {0};
	size_t from;

	if (framed)
		join_frames(body, &joined);
	else
		buffer_add(&joined, body->data, body->length);
	if (lines == 0 || joined.length == 0)
		return;
	from = find_lines(&joined, lines);
	buffer_add(out, joined.data + from, joined.length - from);
}
