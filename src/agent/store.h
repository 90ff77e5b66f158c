#ifndef AGENT_STORE_H
#define AGENT_STORE_H

#include <homelab/buffer.h>
#include <homelab/error.h>

#include <jansson.h>

/*
 * ROOT/state/agent: the lock, and in containers.json all that one run has to know
 * of those before it. The file is replaced whole, and only where it changed.
 */
struct store {
	int directory, lock; /* -1 where it isn't open */
	struct buffer bytes; /* of containers.json as it is */
};

/* Makes the directory where it's missing. EX_TEMPFAIL where another agent runs. */
int store_open(struct store *s, const char *root, struct error *err);
void store_close(struct store *s);

/*
 * What was saved: a new reference, or NULL where there is nothing yet. One that is
 * damaged is said and set aside as containers.json.corrupt-TIME, and is as none.
 */
int store_load(struct store *s, json_t **out, struct error *err);
/* The same for what only whoever uses it sees. */
int store_set_aside(struct store *s, const char *reason, struct error *err);

/* Durable when it returns 0. */
int store_save(struct store *s, const json_t *state, struct error *err);

/* state/agent/offline has a note of the last --offline, which needs no lock: "" where
 * there was none. */
void store_read_offline(const struct store *s, char *out, size_t size);
int store_write_offline(const struct store *s, const char *note, struct error *err);
/* The directory alone, for --offline. */
int store_open_directory(struct store *s, const char *root, struct error *err);

#endif
