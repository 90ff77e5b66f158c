/* argv of homelab-event, a row an option. */

#include "options.h"

#include <homelab/disk.h>
#include <homelab/node.h>
#include <homelab/options.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static int
refuse(struct error *err, const char *what)
{
	return error_set(err, EX_USAGE, "%s", what);
}

static int
take_service(void *command, const char *argument, struct error *err)
{
	struct event_command *c = command;

	c->outline.service = argument;
	if (name_is_service(argument, strlen(argument)))
		return 0;
	return refuse(err, "isn't 1 to 128 bytes of UTF-8 without / and control characters");
}

static int
take_severity(void *command, const char *argument, struct error *err)
{
	struct event_command *c = command;

	c->outline.severity = argument;
	for (int i = SEVERITY_INFO; i < SEVERITY_COUNT; i++)
		if (strcmp(argument, severity_names[i]) == 0)
			return 0;
	return refuse(err, "is none of info, warning, error, critical");
}

static int
take_source(void *command, const char *argument, struct error *err)
{
	struct event_command *c = command;

	c->outline.source = argument;
	return strlen(argument) <= SOURCE_MAX ? 0 : refuse(err, "is longer than 128 bytes");
}

static int
take_correlation_id(void *command, const char *argument, struct error *err)
{
	struct event_command *c = command;
	size_t length = strlen(argument);

	c->outline.correlation_id = argument;
	if (length >= 1 && length <= CORRELATION_ID_MAX && text_is_utf8(argument, length))
		return 0;
	return refuse(err, "isn't 1 to 128 bytes of UTF-8");
}

static int
take_payload(void *command, const char *argument, struct error *err)
{
	struct event_command *c = command;

	return payload_add(c->payload, argument, err);
}

static int
take_message(void *command, const char *argument, struct error *err)
{
	struct event_command *c = command;

	(void)err;
	c->outline.message = argument;
	return 0;
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
take_payload_json(void *command, const char *argument, struct error *err)
{
	struct event_command *c = command;
	bool is_stdin = strcmp(argument, "-") == 0;
	cleanup_buffer struct buffer bytes = {0};
	cleanup_close int file = is_stdin ? -1 : open(argument, O_RDONLY | O_CLOEXEC);

	if (!is_stdin && file < 0)
		return error_errno(err, EX_IOERR, "cannot be opened");
	if (read_all(is_stdin ? STDIN_FILENO : file, &bytes, err) < 0)
		return -1;
	return payload_merge(c->payload, (char *)bytes.data, bytes.length, err);
}

#define AT(member) .offset = offsetof(struct event_command, member)

static const struct option_row rows[] = {
    {"service", "SERVICE", "the service it is about, or all", OPTION_TAKEN, .take = take_service},
    {"node", "NODE", "the node it happened on (default NODE_NAME, or this host)", OPTION_TEXT,
	AT(outline.node)}, /* see node_name_check() */
    {"severity", "SEVERITY", "info, warning, error or critical (default: the type's)", OPTION_TAKEN,
	.take = take_severity},
    {"source", "TEXT", "who says so", OPTION_TAKEN, .take = take_source},
    {"correlation-id", "ID", "what links events, above all of one deployment", OPTION_TAKEN,
	.take = take_correlation_id},
    {"message", "TEXT", "what happened, for people", OPTION_TAKEN, .take = take_message},
    {"payload", "KEY=VALUE", "one more value: number, true, false, null or text", OPTION_TAKEN,
	.take = take_payload},
    {"payload-json", "FILE", "the members of an object in FILE, - is standard input", OPTION_TAKEN,
	.take = take_payload_json},
    {"at", "RFC3339", "when it happened (default: now)", OPTION_INSTANT, AT(outline.at)},
    {"root", "DIR", "where events are (default /opt/homelab, HOMELAB_ROOT)", OPTION_TEXT, AT(root)},
};

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
print_types(int width)
{
	const struct event_type *type;

	(void)puts("\nTypes that do something; any other of a-z 0-9 _ is only counted:");
	for (size_t i = 0; (type = event_type_at(i)) != NULL; i++)
		options_print(width, type->name, effect_help[type->effect]);
}

static const struct options options = {
    .program = "homelab-event",
    .usage = "homelab-event TYPE [options]\n"
	     "       homelab-event run --service SERVICE [options] [--] COMMAND ...\n"
	     "Writes an event for homelab-observer, or runs a deployment between two.\n\n"
	     "  run COMMAND                  run it between two events of a deployment",
    .more = print_types,
    .closing = "See homelab-event(1); homelab-event(5) says what each type does.",
    .width = 28,
    .in_order = true,
    .rows = rows,
    .count = sizeof(rows) / sizeof(rows[0]),
};

/* What follows `run` and its options. */
static int
take_command(struct event_command *c, char **words, struct error *err)
{
	if (c->outline.severity != NULL || c->outline.at != TIMESTAMP_NONE)
		return error_set(err, EX_USAGE, "--%s: not with run (see --help)",
		    c->outline.severity != NULL ? "severity" : "at");
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
	const char *word;
	int result;

	if ((result = options_parse(&options, c, argc, argv, err)) != 0)
		return result;
	if ((word = argv[optind]) == NULL)
		return refuse(err, "no TYPE is given (see --help)");
	c->runs = strcmp(word, "run") == 0;
	argc -= optind; /* the word stands where a program's name does */
	argv += optind;
	optind = 1;
	if ((result = options_parse(&options, c, argc, argv, err)) != 0)
		return result;
	result =
	    c->runs ? take_command(c, argv + optind, err) : take_type(c, word, argv + optind, err);
	return result < 0 ? -1 : node_name_check(c->outline.node, err);
}
