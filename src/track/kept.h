#ifndef TRACK_KEPT_H
#define TRACK_KEPT_H

#include <homelab/error.h>
#include <homelab/timestamp.h>

#include <jansson.h>
#include <stdbool.h>

/*
 * Members of the JSON that is kept on disk. Nothing is guessed: false where one
 * is missing or isn't what it has to be.
 */

/* Whether it is an object whose "format" is that one: 0, or -1 and EX_SOFTWARE. */
int kept_format(const json_t *value, int format, struct error *err);

/* Of one of `count` words its index. */
bool kept_word(
    const json_t *object, const char *name, const char *const *words, int count, int *out);
bool kept_integer(const json_t *object, const char *name, int64_t least, int64_t *out);
bool kept_flag(const json_t *object, const char *name, bool *out);
/* null is TIMESTAMP_NONE. */
bool kept_time(const json_t *object, const char *name, timestamp *out);

/* As kept_time() reads it. */
json_t *kept_of_time(timestamp at);

/* A text of at most `limit` bytes without a NUL, or NULL. */
const char *kept_text(const json_t *value, size_t limit);

#endif
