#ifndef HOMELAB_FILES_H
#define HOMELAB_FILES_H

#include <homelab/journal.h>

/* order.c: puts what is pending of a plain day in the order of its rows, and marks
 * the hours that begin there, for its being written now. */
void arrange_pending(struct day *d);
/* Marks the next hour. */
void day_mark_hour(struct day *d, struct day_mark mark);

/* Every file begins with seven letters of its kind and one of its version. */
enum { FILE_MAGIC = 8 };

#define DAY_MAGIC "HLrows\n1"
#define DECISIONS_MAGIC "HLname\n2"
#define MANIFEST_MAGIC "HLmani\n3"
#define MANIFEST_MAGIC_UNMARKED "HLmani\n2" /* read, never written: of days without marks */
#define SNAPSHOT_MAGIC "HLstat\n1"

/* Goes beyond it; EX_DATAERR where it isn't there. */
int check_magic(struct unpack *in, const char *magic, const char *path, struct error *err);

/* Reads a file of the store. One that is missing or no file of ours is damage,
 * EX_DATAERR; one that can't be read now is EX_IOERR. */
int read_own(const struct store *store, const char *path, struct buffer *out, struct error *err);
/* The same from an offset on. */
int read_own_from(const struct store *store, const char *path, uint64_t from, struct buffer *out,
    struct error *err);

#endif
