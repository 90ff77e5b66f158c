/* Command lines: rows, read by getopt_long(3). */

#include <homelab/buffer.h>
#include <homelab/message.h>
#include <homelab/options.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#ifndef HOMELAB_VERSION
#define HOMELAB_VERSION "unknown"
#endif

void
texts_add(struct texts *texts, const char *text)
{
	texts->list = memory_resize(texts->list, texts->count + 2, sizeof(texts->list[0]));
	texts->list[texts->count++] = text;
	texts->list[texts->count] = NULL;
}

const char *
environment_get(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : otherwise;
}

const char *
path_absolute(const char *path, char out[PATH_MAX])
{
	return path[0] != '/' && realpath(path, out) != NULL ? out : path;
}

/* --- kinds ---------------------------------------------------------------- */

static int
refuse(struct error *err, const char *what)
{
	return error_set(err, EX_USAGE, "%s", what);
}

static bool
is_within(const struct option_row *row, int64_t value)
{
	return value >= row->min && (row->max == 0 || value <= row->max);
}

static int
set_flag(const struct option_row *row, void *at, const char *argument, struct error *err)
{
	(void)row;
	(void)argument;
	(void)err;
	*(bool *)at = true;
	return 0;
}

static int
set_text(const struct option_row *row, void *at, const char *argument, struct error *err)
{
	(void)row;
	*(const char **)at = argument;
	return argument[0] != '\0' ? 0 : refuse(err, "is empty");
}

static int
add_text(const struct option_row *row, void *at, const char *argument, struct error *err)
{
	(void)row;
	texts_add(at, argument);
	return argument[0] != '\0' ? 0 : refuse(err, "is empty");
}

static int
set_number(const struct option_row *row, void *at, const char *argument, struct error *err)
{
	size_t digits = strspn(argument, "0123456789");
	long value = strtol(argument, NULL, 10);

	*(unsigned *)at = (unsigned)value;
	if (digits > 0 && digits < 10 && argument[digits] == '\0' && is_within(row, value))
		return 0;
	return error_set(err, EX_USAGE, "isn't a number from %lld to %lld", (long long)row->min,
	    (long long)row->max);
}

static int
set_duration(const struct option_row *row, void *at, const char *argument, struct error *err)
{
	if (!duration_parse(argument, at))
		return refuse(err, "isn't a duration: whole seconds, or as 30s, 15m, 6h, 7d");
	return is_within(row, *(timestamp *)at) ? 0 : refuse(err, "is too short or too long");
}

static int
set_instant(const struct option_row *row, void *at, const char *argument, struct error *err)
{
	(void)row;
	if (timestamp_parse(argument, strlen(argument), at) &&
	    *(timestamp *)at < TIMESTAMP_LAST - DAYS(1))
		return 0;
	return refuse(err, "isn't an RFC 3339 date-time between 1970 and 2262");
}

static int
set_level(const struct option_row *row, void *at, const char *argument, struct error *err)
{
	(void)at;
	(void)argument;
	(void)err;
	message_set_level((enum message_level)row->min);
	return 0;
}

/* Returns 0, or -1 having said what's wrong with the argument. */
static int (*const setters[OPTION_KINDS])(
    const struct option_row *row, void *at, const char *argument, struct error *err) = {
    [OPTION_FLAG] = set_flag,
    [OPTION_TEXT] = set_text,
    [OPTION_TEXTS] = add_text,
    [OPTION_NUMBER] = set_number,
    [OPTION_DURATION] = set_duration,
    [OPTION_INSTANT] = set_instant,
    [OPTION_LEVEL] = set_level,
};

static int
take(const struct option_row *row, void *command, const char *argument, struct error *err)
{
	struct error why = {0};
	int result = row->kind == OPTION_TAKEN ?
	    row->take(command, argument, &why) :
	    setters[row->kind](row, (char *)command + row->offset, argument, &why);

	if (result == 0)
		return 0;
	return argument == NULL || argument[0] == '\0' ?
	    error_set(err, why.status, "--%s: %s", row->name, why.text) :
	    error_set(err, why.status, "--%s %.100s: %s", row->name, argument, why.text);
}

/* --- help ------------------------------------------------------------------ */

void
options_print(int width, const char *left, const char *help)
{
	(void)printf("  %-*s %s\n", width, left, help);
}

static void
print_row(const struct options *o, const char *name, const char *argument, const char *help)
{
	char left[64];

	(void)snprintf(
	    left, sizeof(left), "--%s%s%s", name, argument ? " " : "", argument ? argument : "");
	options_print(o->width, left, help);
}

static void
print_help(const struct options *o)
{
	(void)printf("usage: %s\n\n", o->usage);
	for (int i = 0; i < o->count; i++)
		print_row(o, o->rows[i].name, o->rows[i].argument, o->rows[i].help);
	print_row(o, "version", NULL, "print the version");
	print_row(o, "help", NULL, "print this");
	if (o->more != NULL)
		o->more(o->width);
	(void)printf("\n%s\n", o->closing);
}

/* --- argv ------------------------------------------------------------------ */

static void
fill(const struct options *o, struct option *out)
{
	for (int i = 0; i < o->count; i++)
		out[i] = (struct option){o->rows[i].name,
		    o->rows[i].argument ? required_argument : no_argument, NULL, i};
	out[o->count] = (struct option){"version", no_argument, NULL, o->count};
	out[o->count + 1] = (struct option){"help", no_argument, NULL, o->count + 1};
}

int
options_parse(const struct options *o, void *command, int argc, char **argv, struct error *err)
{
	struct option long_options[OPTIONS_MAX + 3] = {{0}};
	int index;

	fill(o, long_options);
	opterr = 0;
	while (
	    (index = getopt_long(argc, argv, o->in_order ? "+:" : ":", long_options, NULL)) != -1) {
		if (index == '?' || index == ':')
			return error_set(err, EX_USAGE, "%.100s: %s (see --help)", argv[optind - 1],
			    index == '?' ? "unknown option" : "needs an argument");
		if (index == o->count)
			return printf("%s " HOMELAB_VERSION "\n", o->program), OPTIONS_DONE;
		if (index > o->count)
			return print_help(o), OPTIONS_DONE;
		if (take(&o->rows[index], command, optarg, err) < 0)
			return -1;
	}
	return 0;
}

int
options_end(int argc, char **argv, struct error *err)
{
	if (optind == argc)
		return 0;
	return error_set(err, EX_USAGE, "%.100s: no such argument (see --help)", argv[optind]);
}
