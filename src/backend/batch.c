#include "parts.h"

#include <sha2.h>
#include <string.h>
#include <zlib.h>

enum { GZIP_WINDOW = MAX_WBITS + 16, GZIP_MEMORY = 8 };

bool
batch_add(struct batch *b, const void *line, size_t length)
{
	/* A bracket or comma before it, and the bracket at the end. */
	if (b->events >= BACKEND_BATCH_EVENTS ||
	    b->body.length + 1 + length + 1 > BACKEND_BATCH_BYTES)
		return false;
	buffer_text(&b->body, "%c", b->events == 0 ? '[' : ',');
	buffer_add(&b->body, line, length);
	b->events++;
	return true;
}

void
batch_end(struct batch *b)
{
	buffer_text(&b->body, "%s", b->events == 0 ? "[]" : "]");
	(void)SHA256Data(b->body.data, b->body.length, b->key);
}

void
batch_release(struct batch *b)
{
	buffer_release(&b->body);
	*b = (struct batch){0};
}

void
gzip_bytes(const void *data, size_t length, struct buffer *out)
{
	z_stream stream = {0};
	uLong room;

	if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
		Z_DEFAULT_STRATEGY) != Z_OK)
		memory_fail();
	room = deflateBound(&stream, (uLong)length);
	buffer_reserve(out, room);
	stream.next_in = (z_const Bytef *)data;
	stream.avail_in = (uInt)length;
	stream.next_out = out->data + out->length;
	stream.avail_out = (uInt)room;
	if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
		memory_fail(); /* with so much room nothing else can be wrong */
	out->length += stream.total_out;
	(void)deflateEnd(&stream);
}
