#include <homelab/pack.h>

#include <string.h>
#include <zlib.h>

enum { UNSIGNED_MAX = 10 }; /* bytes of 64 bits, seven in each */

void
pack_unsigned(struct buffer *b, uint64_t value)
{
	buffer_reserve(b, UNSIGNED_MAX);
	for (; value >= 0x80; value >>= 7)
		b->data[b->length++] = (unsigned char)(value | 0x80);
	b->data[b->length++] = (unsigned char)value;
}

void
pack_signed(struct buffer *b, int64_t value)
{
	pack_unsigned(b, ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0));
}

static void
store_fixed(unsigned char *out, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		out[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t
load_fixed(const unsigned char *in, int bytes)
{
	uint64_t value = 0;

	for (int i = 0; i < bytes; i++)
		value |= (uint64_t)in[i] << (8 * i);
	return value;
}

void
pack_fixed(struct buffer *b, uint64_t value, int bytes)
{
	unsigned char out[8];

	store_fixed(out, value, bytes);
	buffer_add(b, out, (size_t)bytes);
}

void
pack_real(struct buffer *b, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	pack_fixed(b, bits, 8);
}

void
pack_time(struct buffer *b, timestamp at)
{
	pack_unsigned(b, at == TIMESTAMP_NONE ? 0 : (uint64_t)at + 1);
}

void
pack_text(struct buffer *b, const char *text)
{
	size_t length = text == NULL ? 0 : strlen(text);

	pack_unsigned(b, length);
	if (length > 0)
		buffer_add(b, text, length + 1);
}

static uint64_t
unpack_fail(struct unpack *u)
{
	u->failed = true;
	u->at = u->end;
	return 0;
}

uint64_t
unpack_unsigned(struct unpack *u)
{
	uint64_t value = 0;

	for (int shift = 0; shift < 64 && u->at < u->end; shift += 7) {
		unsigned char byte = *u->at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
	}
	return unpack_fail(u);
}

int64_t
unpack_signed(struct unpack *u)
{
	uint64_t value = unpack_unsigned(u);

	return (int64_t)((value >> 1) ^ (value & 1 ? UINT64_MAX : 0));
}

uint64_t
unpack_fixed(struct unpack *u, int bytes)
{
	if (u->end - u->at < bytes)
		return unpack_fail(u);
	u->at += bytes;
	return load_fixed(u->at - bytes, bytes);
}

double
unpack_real(struct unpack *u)
{
	uint64_t bits = unpack_fixed(u, 8);
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

timestamp
unpack_time(struct unpack *u)
{
	uint64_t value = unpack_unsigned(u);

	if (value > (uint64_t)TIMESTAMP_LAST + 1)
		value = unpack_fail(u);
	return value == 0 ? TIMESTAMP_NONE : (timestamp)(value - 1);
}

const char *
unpack_text(struct unpack *u)
{
	uint64_t length = unpack_unsigned(u);
	const char *text = (const char *)u->at;

	if (length == 0)
		return "";
	if (length >= (uint64_t)(u->end - u->at) || text[length] != '\0' ||
	    memchr(text, '\0', (size_t)length) != NULL) {
		(void)unpack_fail(u);
		return "";
	}
	u->at += length + 1;
	return text;
}

char *
unpack_copy(struct unpack *u)
{
	const char *text = unpack_text(u);

	return text[0] == '\0' ? NULL : text_copy(text);
}

size_t
unpack_count(struct unpack *u)
{
	uint64_t count = unpack_unsigned(u);

	return (size_t)(count > (uint64_t)(u->end - u->at) ? unpack_fail(u) : count);
}

size_t
frame_begin(struct buffer *b)
{
	pack_fixed(b, 0, FRAME_HEADER);
	return b->length;
}

static uint32_t
checksum(const unsigned char *data, size_t length)
{
	return (uint32_t)crc32_z(crc32_z(0, NULL, 0), data, length);
}

void
frame_end(struct buffer *b, size_t begun)
{
	size_t length = b->length - begun;
	unsigned char *payload = b->data + begun;

	store_fixed(payload - 8, length, 4);
	store_fixed(payload - 4, checksum(payload, length), 4);
}

int
frame_next(struct unpack *in, struct unpack *payload)
{
	uint64_t length, sum;

	if (in->at == in->end)
		return 0;
	length = unpack_fixed(in, 4);
	sum = unpack_fixed(in, 4);
	if (in->failed || length > (uint64_t)(in->end - in->at) ||
	    checksum(in->at, (size_t)length) != sum)
		return -1;
	*payload = (struct unpack){in->at, in->at + length, false};
	in->at += length;
	return 1;
}
