#ifndef HOMELAB_FILES_H
#define HOMELAB_FILES_H

#include <homelab/journal.h>

/* Every file begins with seven letters of its kind and one of its version. */
enum { FILE_MAGIC = 8 };

/* Goes beyond it; EX_DATAERR where it isn't there. */
int check_magic(
    struct unpack *in, const char magic[FILE_MAGIC], const char *path, struct error *err);

enum { OWN_FILE_MAX = 1 << 30 }; /* no file of our own is larger */

#endif
