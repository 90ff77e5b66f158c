/* homelab-notify: argv, environment, signals, exit. See its man page. */

#include <homelab/buffer.h>
#include <homelab/message.h>
#include <homelab/notify.h>
#include <homelab/process.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#ifndef HOMELAB_VERSION
#define HOMELAB_VERSION "unknown"
#endif

static volatile sig_atomic_t stopped;

struct command {
	struct notify_options options;
	const char *test; /* a hook, or NULL */
	int done; /* exit status + 1 where nothing is left to do */
};

/* How an option's argument is taken. Returns false where it's no good. */
typedef bool (*option_taker)(struct command *c, const char *argument);

static bool
take_root(struct command *c, const char *argument)
{
	c->options.root = argument;
	return argument[0] != '\0';
}

static bool
take_hooks(struct command *c, const char *argument)
{
	c->options.hooks = argument;
	return argument[0] != '\0';
}

static bool
take_state(struct command *c, const char *argument)
{
	c->options.state = argument;
	return argument[0] != '\0';
}

static bool
take_hold(struct command *c, const char *argument)
{
	return duration_parse(argument, &c->options.hold) && c->options.hold <= DAYS(1);
}

static bool
take_timeout(struct command *c, const char *argument)
{
	return duration_parse(argument, &c->options.timeout) && c->options.timeout > 0 &&
	    c->options.timeout <= HOURS(1);
}

static bool
take_test(struct command *c, const char *argument)
{
	c->test = argument;
	return argument[0] != '\0';
}

static bool
take_now(struct command *c, const char *argument)
{
	return timestamp_parse(argument, strlen(argument), &c->options.now) &&
	    c->options.now < TIMESTAMP_LAST - DAYS(1);
}

static bool
take_verbose(struct command *c, const char *argument)
{
	(void)c;
	(void)argument;
	message_set_level(MESSAGE_VERBOSE);
	return true;
}

static bool
take_quiet(struct command *c, const char *argument)
{
	(void)c;
	(void)argument;
	message_set_level(MESSAGE_WARNING);
	return true;
}

static bool
take_version(struct command *c, const char *argument)
{
	(void)argument;
	(void)puts("homelab-notify " HOMELAB_VERSION);
	c->done = EX_OK + 1;
	return true;
}

static bool take_help(struct command *c, const char *argument);

static const struct {
	const char *name, *argument, *help;
	option_taker take;
} rows[] = {
    {"root", "DIR", "the tree: state, world (default /opt/homelab, HOMELAB_ROOT)", take_root},
    {"hooks", "DIR", "who is told (default /etc/homelab/hooks.d)", take_hooks},
    {"state", "DIR", "how far each was told (default /var/lib/homelab-notify)", take_state},
    {"hold", "DUR", "keep back what got better so long (default 2m, at most 1d)", take_hold},
    {"timeout", "DUR", "how long a hook may take (default 30s, at most 1h)", take_timeout},
    {"test", "HOOK", "give one hook an example, and nothing else", take_test},
    {"now", "RFC3339", "take this for now", take_now},
    {"verbose", NULL, "say more", take_verbose},
    {"quiet", NULL, "only warnings and errors", take_quiet},
    {"version", NULL, "print the version", take_version},
    {"help", NULL, "print this", take_help},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static bool
take_help(struct command *c, const char *argument)
{
	(void)argument;
	(void)puts("usage: homelab-notify [options]\n"
		   "Tells hooks what changed in the world of a homelab.\n");
	for (size_t i = 0; i < ROWS; i++) {
		char left[64];

		(void)snprintf(left, sizeof(left), "--%s%s%s", rows[i].name,
		    rows[i].argument ? " " : "", rows[i].argument ? rows[i].argument : "");
		(void)printf("  %-16s %s\n", left, rows[i].help);
	}
	(void)puts("\nDurations are whole seconds or 30s, 15m, 6h, 7d. See homelab-notify(8).");
	c->done = EX_OK + 1;
	return true;
}

/* 0, or the exit status of a usage error. */
static int
parse_options(struct command *c, int argc, char **argv)
{
	struct option options[ROWS + 1] = {{0}};
	int index;

	for (int i = 0; i < ROWS; i++)
		options[i] = (struct option){
		    rows[i].name, rows[i].argument ? required_argument : no_argument, NULL, i};
	opterr = 0;
	while (c->done == 0 && (index = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (index == '?' || index == ':') {
			message_error("%s: %s (see --help)", argv[optind - 1],
			    index == '?' ? "unknown option" : "needs an argument");
			return EX_USAGE;
		}
		if (!rows[index].take(c, optarg)) {
			message_error("--%s %s: not a %s it can take (see --help)",
			    rows[index].name, optarg, rows[index].argument);
			return EX_USAGE;
		}
	}
	if (c->done == 0 && optind < argc) {
		message_error("%s: no such argument (see --help)", argv[optind]);
		return EX_USAGE;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct command command = {0};
	const char *root = getenv("HOMELAB_ROOT");
	struct error err = {0};
	int status;

	message_init("homelab-notify");
	notify_options_init(&command.options);
	if (root != NULL && root[0] != '\0')
		command.options.root = root;
	command.options.stop = &stopped;
	if ((status = parse_options(&command, argc, argv)) != 0)
		return status;
	if (command.done != 0)
		return command.done - 1;
	process_watch_children(&stopped);
	memory_init();
	status = command.test != NULL ? notify_test(&command.options, command.test, &err) :
					notify_run(&command.options, &err);
	if (status != EX_OK && err.text[0] != '\0')
		message_error("%s", err.text);
	return status;
}
