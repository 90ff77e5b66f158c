#ifndef HOMELAB_OPTIONS_H
#define HOMELAB_OPTIONS_H

#include <homelab/error.h>
#include <homelab/timestamp.h>

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The command line of a program, a row an option. Long options only, as
 * getopt_long(3) reads them: `--name VALUE`, `--name=VALUE`, shortened as long as
 * that is unambiguous, `--` ends them.
 *
 * A row sets what lies at `offset` in a struct of the program's own, of the type
 * that its kind says. Texts are argv's. A program has --version and --help besides
 * its rows.
 */

enum option_kind {
	OPTION_FLAG, /* bool: true */
	OPTION_TEXT, /* const char *; not empty */
	OPTION_TEXTS, /* struct texts: one more, not empty */
	OPTION_NUMBER, /* unsigned, from min to max */
	OPTION_DURATION, /* timestamp in nanoseconds, from min to max; see duration_parse() */
	OPTION_INSTANT, /* timestamp, a day before TIMESTAMP_LAST at most */
	OPTION_LEVEL, /* of messages: `min`; sets nothing else */
	OPTION_TAKEN, /* what `take` sets */
	OPTION_KINDS
};

/* What can be given several times. */
struct texts {
	const char **list; /* owned; NULL behind the last once there is one */
	size_t count;
};

void texts_add(struct texts *texts, const char *text);

struct option_row {
	const char *name, *argument, *help; /* argument: what stands for it in the help, or NULL */
	enum option_kind kind;
	size_t offset;
	int64_t min, max; /* max 0: no limit */
	/* Takes an argument (NULL for a row without): 0, or -1 with what is wrong with
	 * it in *err, such as "is empty", and a status. */
	int (*take)(void *command, const char *argument, struct error *err);
};

struct options {
	const char *program;
	const char *usage; /* the help's beginning, */
	void (*more)(int width); /* what it prints behind the rows, or NULL, */
	const char *closing; /* and its end */
	int width; /* of the help's left column */
	bool in_order; /* the first word that is no option ends them */
	const struct option_row *rows;
	int count;
};

enum {
	OPTIONS_MAX = 40, /* rows: getopt_long(3) tells by ':' and '?' what is wrong */
	OPTIONS_DONE = 1
};

/*
 * Reads argv from getopt's `optind` on, and leaves that at the first word that is no
 * option. Returns 0; OPTIONS_DONE where it printed version or help, and nothing is
 * left to do; -1 with EX_USAGE, or what a row's `take` set.
 */
int options_parse(
    const struct options *options, void *command, int argc, char **argv, struct error *err);

/* EX_USAGE for what is left of argv, to a program that takes no words. */
int options_end(int argc, char **argv, struct error *err);

/* A line of the help. */
void options_print(int width, const char *left, const char *help);

/* What the environment says, or `otherwise` where that is nothing or empty. */
const char *environment_get(const char *name, const char *otherwise);

/* The whole path of what is there under a relative one, in `out`; else `path`. */
const char *path_absolute(const char *path, char out[PATH_MAX]);

#endif
