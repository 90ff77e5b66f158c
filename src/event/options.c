/* argv of homelab-event, a row an option. */

#include "options.h"

#include <homelab/disk.h>
#include <homelab/node.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#ifndef HOMELAB_VERSION
#define HOMELAB_VERSION "unknown"
#endif

/* Takes an option's argument; the error says what's wrong with it. */
typedef int (*option_taker)(struct event_command *c, const char *argument, struct error *err);

static int
refuse(struct error *err, const char *what)
{
	return error_set(err, EX_USAGE, "%s", what);
}

static int
take_service(struct event_command *c, const char *argument, struct error *err)
{
	c->outline.service = argument;
	if (name_is_service(argument, strlen(argument)))
		return 0;
	return refuse(err, "isn't 1 to 128 bytes of UTF-8 without / and control characters");
}

static int
take_node(struct event_command *c, const char *argument, struct error *err)
{
	c->outline.node = argument;
	return argument[0] != '\0' ? 0 : refuse(err, "is empty"); /* else see node_name_check() */
}

static int
take_severity(struct event_command *c, const char *argument, struct error *err)
{
	c->outline.severity = argument;
	for (int i = SEVERITY_INFO; i < SEVERITY_COUNT; i++)
		if (strcmp(argument, severity_names[i]) == 0)
			return 0;
	return refuse(err, "is none of info, warning, error, critical");
}

static int
take_source(struct event_command *c, const char *argument, struct error *err)
{
	c->outline.source = argument;
	return strlen(argument) <= SOURCE_MAX ? 0 : refuse(err, "is longer than 128 bytes");
}

static int
take_correlation_id(struct event_command *c, const char *argument, struct error *err)
{
	size_t length = strlen(argument);

	c->outline.correlation_id = argument;
	if (length >= 1 && length <= CORRELATION_ID_MAX && text_is_utf8(argument, length))
		return 0;
	return refuse(err, "isn't 1 to 128 bytes of UTF-8");
}

static int
take_message(struct event_command *c, const char *argument, struct error *err)
{
	(void)err;
	c->outline.message = argument;
	return 0;
}

static int
take_payload(struct event_command *c, const char *argument, struct error *err)
{
	return payload_add(c->payload, argument, err);
}

/* All of a file or of standard input, as far as it can be an event. */
static int
read_all(int fd, struct buffer *out, struct error *err)
{
	ssize_t got;

	do {
		buffer_reserve(out, 1 << 16);
		got = read(fd, out->data + out->length, out->room - out->length);
		if (got > 0)
			out->length += (size_t)got;
		if (out->length > EVENT_SIZE_MAX)
			return refuse(err, "is larger than 1 MiB");
	} while (got > 0 || (got < 0 && errno == EINTR));
	return got == 0 ? 0 : error_errno(err, EX_IOERR, "cannot be read");
}

static int
take_payload_json(struct event_command *c, const char *argument, struct error *err)
{
	bool is_stdin = strcmp(argument, "-") == 0;
	cleanup_buffer struct buffer bytes = {0};
	cleanup_close int file = is_stdin ? -1 : open(argument, O_RDONLY | O_CLOEXEC);

	if (!is_stdin && file < 0)
		return error_errno(err, EX_IOERR, "cannot be opened");
	if (read_all(is_stdin ? STDIN_FILENO : file, &bytes, err) < 0)
		return -1;
	return payload_merge(c->payload, (char *)bytes.data, bytes.length, err);
}

static int
take_at(struct event_command *c, const char *argument, struct error *err)
{
	if (timestamp_parse(argument, strlen(argument), &c->outline.at) &&
	    c->outline.at < TIMESTAMP_LAST - DAYS(1))
		return 0;
	return refuse(err, "isn't an RFC 3339 date-time between 1970 and 2262");
}

static int
take_root(struct event_command *c, const char *argument, struct error *err)
{
	c->root = argument;
	return argument[0] != '\0' ? 0 : refuse(err, "is empty");
}

static int
take_version(struct event_command *c, const char *argument, struct error *err)
{
	(void)argument;
	(void)err;
	(void)puts("homelab-event " HOMELAB_VERSION);
	c->done = true;
	return 0;
}

static int take_help(struct event_command *c, const char *argument, struct error *err);

static const struct {
	const char *name, *argument, *help;
	bool runs; /* good for `run`, too */
	option_taker take;
} rows[] = {
    {"service", "SERVICE", "the service it is about, or all", true, take_service},
    {"node", "NODE", "the node it happened on (default NODE_NAME, or this host)", true, take_node},
    {"severity", "SEVERITY", "info, warning, error or critical (default: the type's)", false,
	take_severity},
    {"source", "TEXT", "who says so", true, take_source},
    {"correlation-id", "ID", "what links events, above all of one deployment", true,
	take_correlation_id},
    {"message", "TEXT", "what happened, for people", true, take_message},
    {"payload", "KEY=VALUE", "one more value: number, true, false, null or text", true,
	take_payload},
    {"payload-json", "FILE", "the members of an object in FILE, - is standard input", true,
	take_payload_json},
    {"at", "RFC3339", "when it happened (default: now)", false, take_at},
    {"root", "DIR", "where events are (default /opt/homelab, HOMELAB_ROOT)", true, take_root},
    {"version", NULL, "print the version", true, take_version},
    {"help", NULL, "print this", true, take_help},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static const char *const effect_help[EFFECT_COUNT] = {
    [EFFECT_SEEN] = "only counted",
    [EFFECT_FAILURE] = "the service is unhealthy: an incident",
    [EFFECT_HEALTHY] = "the service is healthy: its incident is over",
    [EFFECT_DEPLOYMENT_STARTED] = "begins the deployment of its correlation id",
    [EFFECT_DEPLOYMENT_COMPLETED] = "ends it well",
    [EFFECT_DEPLOYMENT_FAILED] = "ends it badly",
    [EFFECT_REMEDIATION_STARTED] = "noted on the service's latest incident",
    [EFFECT_REMEDIATION_COMPLETED] = "noted on the service's latest incident",
    [EFFECT_NODE_OFFLINE] = "the node is offline",
    [EFFECT_NODE_ONLINE] = "the node is online",
    [EFFECT_NODE_HEALTH] = "the node is online; its pressures and metrics",
    [EFFECT_PRESSURE] = "a pressure of the node",
};

static void
print_row(const char *left, const char *help)
{
	(void)printf("  %-28s %s\n", left, help);
}

static int
take_help(struct event_command *c, const char *argument, struct error *err)
{
	const struct event_type *type;

	(void)argument;
	(void)err;
	(void)puts("usage: homelab-event TYPE [options]\n"
		   "       homelab-event run --service SERVICE [options] [--] COMMAND ...\n"
		   "Writes an event for homelab-observer, or runs a deployment between two.\n");
	print_row("run COMMAND", "run it between two events of a deployment");
	(void)puts("");
	for (size_t i = 0; i < ROWS; i++) {
		char left[64];

		(void)snprintf(left, sizeof(left), "--%s%s%s", rows[i].name,
		    rows[i].argument ? " " : "", rows[i].argument ? rows[i].argument : "");
		print_row(left, rows[i].help);
	}
	(void)puts("\nTypes that do something; any other of a-z 0-9 _ is only counted:");
	for (size_t i = 0; (type = event_type_at(i)) != NULL; i++)
		print_row(type->name, effect_help[type->effect]);
	(void)puts("\nSee homelab-event(1); homelab-event(5) says what each type does.");
	c->done = true;
	return 0;
}

static int
take(struct event_command *c, int index, const char *argument, struct error *err)
{
	struct error why = {0};

	if (rows[index].take(c, argument, &why) == 0)
		return 0;
	return error_set(err, why.status, "--%s %.100s: %s", rows[index].name, argument, why.text);
}

/* Options up to the next word that is none; marks those that are given. */
static int
parse_options(struct event_command *c, int argc, char **argv, bool *given, struct error *err)
{
	struct option options[ROWS + 1] = {{0}};
	int index;

	for (int i = 0; i < ROWS; i++)
		options[i] = (struct option){
		    rows[i].name, rows[i].argument ? required_argument : no_argument, NULL, i};
	opterr = 0;
	while (!c->done && (index = getopt_long(argc, argv, "+:", options, NULL)) != -1) {
		if (index == '?' || index == ':')
			return error_set(err, EX_USAGE, "%.100s: %s (see --help)", argv[optind - 1],
			    index == '?' ? "unknown option" : "needs an argument");
		if (take(c, index, optarg, err) < 0)
			return -1;
		given[index] = true;
	}
	return 0;
}

/* What follows `run` and its options. */
static int
take_command(struct event_command *c, char **words, const bool *given, struct error *err)
{
	for (int i = 0; i < ROWS; i++)
		if (given[i] && !rows[i].runs)
			return error_set(
			    err, EX_USAGE, "--%s: not with run (see --help)", rows[i].name);
	if (words[0] == NULL)
		return refuse(err, "run: no COMMAND is given (see --help)");
	if (c->outline.service == NULL)
		return refuse(err, "run: --service is missing (see --help)");
	c->command = words;
	return 0;
}

static int
take_type(struct event_command *c, const char *type, char **words, struct error *err)
{
	if (!name_is_type(type, strlen(type)))
		return error_set(err, EX_USAGE, "type %.100s: isn't 1 to 64 of a-z 0-9 _", type);
	if (words[0] != NULL)
		return error_set(err, EX_USAGE, "%.100s: no such argument (see --help)", words[0]);
	c->outline.type = type;
	return 0;
}

int
event_options_parse(struct event_command *c, int argc, char **argv, struct error *err)
{
	bool given[ROWS] = {false};
	const char *word;
	int result;

	if (parse_options(c, argc, argv, given, err) < 0)
		return -1;
	if (c->done)
		return 0;
	if ((word = argv[optind]) == NULL)
		return refuse(err, "no TYPE is given (see --help)");
	c->runs = strcmp(word, "run") == 0;
	argc -= optind; /* the word stands where a program's name does */
	argv += optind;
	optind = 1;
	if (parse_options(c, argc, argv, given, err) < 0)
		return -1;
	if (c->done)
		return 0;
	result = c->runs ? take_command(c, argv + optind, given, err) :
			   take_type(c, word, argv + optind, err);
	return result < 0 ? -1 : node_name_check(c->outline.node, err);
}
