#ifndef DECODE_TEXT_H
#define DECODE_TEXT_H

#include <jansson.h>

/* A value's text, or "" where it isn't a string. */
const char *text_of(const json_t *value);

/* The same, cut to `limit` bytes at a character, in the value itself. */
const char *text_cut_to(json_t *value, size_t limit);

#endif
