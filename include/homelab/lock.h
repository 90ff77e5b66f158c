#ifndef HOMELAB_LOCK_H
#define HOMELAB_LOCK_H

#include <homelab/error.h>

#include <stdbool.h>

/*
 * One process at a time, by flock(2) on a file that was opened and names who has it: its
 * pid, a line, written where `signs` says that the file may be. It's given up where the
 * file is closed. 0, or -1 with *err set: EX_TEMPFAIL, naming `program` and the pid in
 * the file, where another process has it, else EX_IOERR. `path` is for messages.
 */
int lock_take(int file, const char *path, const char *program, bool signs, struct error *err);

/* Writes our pid into a file we have locked. -1 with errno set. */
int lock_sign(int file);

#endif
