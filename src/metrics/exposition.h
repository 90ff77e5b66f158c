#ifndef HOMELAB_EXPOSITION_H
#define HOMELAB_EXPOSITION_H

#include <homelab/buffer.h>
#include <homelab/timestamp.h>

/* How Prometheus' text format is written: a family's head, then its samples. */

/* A series' labels, each of which knows the one before it; NULL for none. */
struct label {
	const struct label *before;
	const char *name, *value;
};

void exposition_family(struct buffer *out, const char *name, const char *type, const char *help);
void exposition_count(
    struct buffer *out, const char *name, const struct label *last, int64_t value);
/* Nanoseconds, at least 0, as seconds. */
void exposition_seconds(
    struct buffer *out, const char *name, const struct label *last, timestamp value);

#endif
