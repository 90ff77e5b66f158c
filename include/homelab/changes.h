#ifndef HOMELAB_CHANGES_H
#define HOMELAB_CHANGES_H

#include <homelab/project.h>

/*
 * What changed: the difference between two worlds as a list of events, each of
 * which says that the status of one key went from something to something else.
 * Applied to the keys and statuses of the one world they give those of the other.
 * Pure; the kinds and their members are in homelab-world(5).
 */

struct changes_input {
	/* The documents, DOCUMENT_COUNT each; one that is the same in both worlds
	 * may be left empty in both. NULL: the world before isn't known. */
	const struct buffer *before, *after;
	const json_t *summary_before, *summary_after; /* `status` and `drift` of them */
	timestamp now; /* of the world after */
	timestamp incident_retention, deployment_retention; /* it was made with */
	bool rebuilt; /* the world was made anew: said in an event of its own */
	/* Whether events of a node were folded that came late: what is gone then may
	 * never have been. */
	bool (*is_revised)(void *context, const char *node);
	void *context;
};

/* An array of events, new reference; NULL where a document of the world before
 * isn't one. Where that world isn't known, there's one event: that this one was
 * made. */
json_t *changes_between(const struct changes_input *in);

/* How many of a list's events are of a kind. */
unsigned changes_count(const json_t *events, const char *kind);

/* --- entries ----------------------------------------------------------------- */

/*
 * A document taken apart into its members by its indentation alone, as
 * document_dump() writes it, so that those that are the same in two of them
 * needn't be parsed.
 */
struct entry {
	const char *text; /* "KEY": {…}, not terminated */
	size_t length;
};

struct entries {
	const char *at, *end;
};

bool entries_begin(struct entries *e, const struct buffer *document);
/* 1, 0 behind the last, -1 where the document isn't of that form. */
int entries_next(struct entries *e, struct entry *out);
/* The member as an object of its own; NULL where it isn't a key and an object. New
 * reference. */
json_t *entry_parse(const struct entry *e);

#endif
