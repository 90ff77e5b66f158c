#ifndef HOMELAB_INVENTORY_DOCUMENT_H
#define HOMELAB_INVENTORY_DOCUMENT_H

#include <homelab/inventory.h>

#include <yaml.h>

/*
 * A file of the operator's: one YAML document, read along tables of the keys we
 * know.
 *
 *	struct document d;
 *
 *	document_init(&d, text, length, &complaint);
 *	document_read_keys(&d, d.root, keys, target);
 *	if (d.bad)
 *		...
 *	document_release(&d);
 *
 * Reading goes on behind what is bad, leaving it out, so that the complaint is
 * about what comes first in the file. What is bad is pointed at where it
 * begins; what an alias (`*x`) stands for begins at its anchor.
 *
 * Aliases can make a mapping its own child, and a small file look huge. So
 * nothing here follows a document deeper than its tables go, and what is looked
 * at, each time it is, counts against a budget that grows with the file.
 */
struct document {
	yaml_document_t yaml;
	const yaml_node_t *root; /* a mapping; NULL where there is none */
	size_t budget; /* bytes */
	struct complaint *complaint;
	bool bad;
};

/* A key we know: `set` gets a value of that kind, never one that is null. */
struct key {
	const char *name; /* NULL ends a table */
	yaml_node_type_t kind;
	void (*set)(
	    struct document *d, const struct key *key, const yaml_node_t *value, void *target);
};

/* A mapping whose keys are names of `what`, its values mappings or null. */
struct names {
	const char *what;
	bool (*valid)(const char *name, size_t length);
	void (*add)(struct document *d, const char *name, const yaml_node_t *value, void *target);
};

struct word {
	const char *text; /* NULL ends a table */
	int meaning;
};

void document_init(
    struct document *d, const char *text, size_t length, struct complaint *complaint);
void document_release(struct document *d);

/* Makes d bad. Of several complaints the first by position stays; `at` of NULL
 * is the beginning of the file. */
void document_complain(struct document *d, const yaml_mark_t *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The value of a key, also where it's null; NULL without, or without a mapping. */
const yaml_node_t *document_value(struct document *d, const yaml_node_t *mapping, const char *key);

/* `mapping` may be NULL, which is an empty one. */
void document_read_keys(
    struct document *d, const yaml_node_t *mapping, const struct key *keys, void *target);
void document_read_names(
    struct document *d, const yaml_node_t *mapping, const struct names *names, void *target);
void document_read_list(struct document *d, const struct key *key, const yaml_node_t *list,
    void (*add)(struct document *d, const yaml_node_t *entry, void *target), void *target);
void document_read_duration(
    struct document *d, const struct key *key, const yaml_node_t *value, timestamp *out);
void document_read_word(struct document *d, const struct key *key, const yaml_node_t *value,
    const struct word *words, int (*compare)(const char *, const char *), int *out);

/* A scalar that was handed out above has no NUL but at its end. */
const char *document_text(const yaml_node_t *scalar);

/* Whatever isn't printable ASCII in what is formatted becomes \xNN. */
void complaint_set(struct complaint *c, unsigned long line, unsigned long column,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
