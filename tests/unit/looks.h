#ifndef UNIT_LOOKS_H
#define UNIT_LOOKS_H

#include "support.h"

#include <homelab/buffer.h>
#include <homelab/track.h>

/*
 * Looks at containers, and what is told, one line for each transition:
 *
 *	TIME crashed NAME/ID [STATE before] STATE after
 */
extern struct looks {
	struct track *known;
	struct containers seen;
	struct transitions told; /* by the last look */
	struct buffer text; /* of it */
} looks;

void looks_begin(void);
void looks_end(void);

/* Adds its line to the text. */
void looks_write(const struct transition *t);

/* Looks at a runtime, of which `lines` are the containers; what is told. */
const char *look_at(const char *runtime, const char *time, const char *lines);
/* At "docker". */
const char *look(const char *time, const char *lines);
void expect(const char *time, const char *lines, const char *expected);

#endif
