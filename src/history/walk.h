#ifndef HOMELAB_WALK_H
#define HOMELAB_WALK_H

#include <homelab/changes.h>

/* What changes.c, which knows what each difference means, and walk.c, which finds
 * the differences, share. */

/* A walk through both worlds, and what it found so far. */
struct walk {
	const struct changes_input *in;
	json_t *events;
	json_t *gone; /* nodes and services that went: a set of keys */
	json_t *came, *withdrawn; /* entries of the document at hand, by key: those that
	                             came, and those that went before their time */
};

/* A document, and what it means that one of its entries came, went or differs:
 * a row for each, in the order of a batch. */
struct subject {
	enum document document;
	void (*came)(struct walk *w, const char *key, const json_t *after);
	void (*went)(struct walk *w, const char *key, const json_t *before);
	void (*differs)(struct walk *w, const char *key, const json_t *before, const json_t *after);
	/* Whether an id now stands for something else: what it was went, and what it
	 * is came. */
	bool (*is_another)(const json_t *before, const json_t *after);
	const char *withdrawn; /* the kind that names a replacement, or NULL */
	const char *end; /* member with the end of what began at started_at */
};

/* Whether two entries aren't of the same node and service. */
bool is_elsewhere(const json_t *before, const json_t *after);

/* Goes through one document of both worlds. -1 where it isn't one. */
int walk_document(struct walk *w, const struct subject *s);

#endif
