#ifndef HOMELAB_FILES_H
#define HOMELAB_FILES_H

#include <homelab/journal.h>

/* Every file begins with seven letters of its kind and one of its version. */
enum { FILE_MAGIC = 8 };

/* Goes beyond it; EX_DATAERR where it isn't there. */
int check_magic(
    struct unpack *in, const char magic[FILE_MAGIC], const char *path, struct error *err);

/* Reads a file of the store. One that is missing or no file of ours is damage,
 * EX_DATAERR; one that can't be read now is EX_IOERR. */
int read_own(const struct store *store, const char *path, struct buffer *out, struct error *err);

#endif
