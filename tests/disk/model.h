#ifndef DISK_MODEL_H
#define DISK_MODEL_H

/*
 * What a power cut leaves on a disk.
 *
 * A file's bytes are durable as far as they were when it was last fsync'ed, a
 * name as its directory was when that was fsync'ed (POSIX promises no more).
 * Of everything since then, a cut keeps or loses what it likes: of a file a part
 * of the writes, the last of them torn, or its length with zeros for bytes; of a
 * directory any of the changes of names, each whole. See Pillai et al., "All
 * File Systems Are Not Created Equal", OSDI 2014, for what file systems do.
 */

#include "record.h"

enum cut {
	CUT_KILL, /* nothing is lost: the process ends, the machine goes on */
	CUT_LOSE, /* all that isn't durable is lost */
	CUT_EMPTY, /* names stay, bytes are lost */
	CUT_ZEROS, /* names and lengths stay, bytes are zeros */
	CUT_LAST, /* of each directory's names only the last change stays */
	CUT_RANDOM /* from here on: by chance, of that number */
};

struct model;

/* Reads what is below ROOT, but for events and inventory; all of it durable. */
struct model *model_read(const char *root);
void model_free(struct model *m);

/* Makes ROOT what is left of it where the power went before the change of that
 * number. */
void model_cut(
    const struct model *m, const struct recorded *r, size_t number, int cut, const char *root);

#endif
