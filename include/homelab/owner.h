#ifndef HOMELAB_OWNER_H
#define HOMELAB_OWNER_H

#include <homelab/error.h>

#include <sys/stat.h>

/* As root, becomes the owner of what `st` is of, for good, so that nothing is left
 * behind that the service can't write. `path` is for messages. 0, or -1 with EX_IOERR. */
int become_owner(const struct stat *st, const char *path, struct error *err);

#endif
