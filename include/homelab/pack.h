#ifndef HOMELAB_PACK_H
#define HOMELAB_PACK_H

#include <homelab/buffer.h>
#include <homelab/timestamp.h>

/*
 * The binary form of what the observer keeps for itself: numbers as LEB128
 * varints (signed ones zigzag), texts with their length before and a NUL
 * behind them, so that they are read in place.
 *
 * Reading never goes beyond the end: from the first value that isn't whole,
 * `failed` is set and every further value is 0 or "".
 */
void pack_unsigned(struct buffer *b, uint64_t value);
void pack_signed(struct buffer *b, int64_t value);
void pack_real(struct buffer *b, double value);
void pack_fixed(struct buffer *b, uint64_t value, int bytes); /* little-endian */
/* TIMESTAMP_NONE as 0, others moved by one: short for what is usually null. */
void pack_time(struct buffer *b, timestamp at);
void pack_text(struct buffer *b, const char *text); /* NULL is "" */

struct unpack {
	const unsigned char *at, *end;
	bool failed;
};

uint64_t unpack_unsigned(struct unpack *u);
int64_t unpack_signed(struct unpack *u);
double unpack_real(struct unpack *u);
uint64_t unpack_fixed(struct unpack *u, int bytes);
timestamp unpack_time(struct unpack *u);
const char *unpack_text(struct unpack *u); /* within the input, or "" */
/* A copy, NULL for "". */
char *unpack_copy(struct unpack *u);
/* A count of things of at least one byte each: more than there are bytes left
 * is a failure and 0, so that no size from outside is trusted. */
size_t unpack_count(struct unpack *u);

/*
 * Frames: length and CRC-32 (4 bytes each) before a payload; what files of
 * frames consist of. A frame is begun, its payload added, and ended.
 */
enum { FRAME_HEADER = 8 };
size_t frame_begin(struct buffer *b);
void frame_end(struct buffer *b, size_t begun);
/* The next frame's payload: 1; 0 at the end; -1 where what follows is torn or
 * doesn't match its CRC. */
int frame_next(struct unpack *in, struct unpack *payload);

#endif
