#ifndef HOMELAB_ERROR_H
#define HOMELAB_ERROR_H

/*
 * How functions of this project fail.
 *
 * A function that can fail returns 0 or a negative number (or NULL) and takes
 * a `struct error *` as its last parameter, which it sets only on failure.
 * Nothing below a program's main prints or exits because of it. `status` is
 * the exit status, from <sysexits.h>, the program should end with if nobody
 * knows better. An `err` of NULL means the caller wants the result alone.
 */

enum { ERROR_TEXT_MAX = 1024 };

struct error {
	int status;
	char text[ERROR_TEXT_MAX];
};

/* Sets *err and returns -1. Too long a text is cut. */
int error_set(struct error *err, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, with ": " and the text of errno at the end; errno survives. */
int error_errno(struct error *err, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
