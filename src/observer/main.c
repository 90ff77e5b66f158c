/* homelab-observer: argv, environment, signals, exit. See its man page. */

#include <homelab/message.h>
#include <homelab/observer.h>

#include <getopt.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#ifndef HOMELAB_VERSION
#define HOMELAB_VERSION "unknown"
#endif

static volatile sig_atomic_t stopped;

static void
on_signal(int number)
{
	(void)number;
	stopped = 1;
}

static void
catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
}

struct command {
	struct observer_options options;
	bool verify;
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
take_repo(struct command *c, const char *argument)
{
	c->options.repo = argument;
	return argument[0] != '\0';
}

static bool
take_reset(struct command *c, const char *argument)
{
	(void)argument;
	return c->options.reset = true;
}

static bool
take_force(struct command *c, const char *argument)
{
	(void)argument;
	return c->options.force = true;
}

static bool
take_dry_run(struct command *c, const char *argument)
{
	(void)argument;
	return c->options.dry_run = true;
}

static bool
take_verify(struct command *c, const char *argument)
{
	(void)argument;
	return c->verify = true;
}

static bool
take_no_topology(struct command *c, const char *argument)
{
	(void)argument;
	return c->options.no_topology = true;
}

static bool
take_now(struct command *c, const char *argument)
{
	return timestamp_parse(argument, strlen(argument), &c->options.now) &&
	    c->options.now < TIMESTAMP_LAST - DAYS(1);
}

static bool
take_jobs(struct command *c, const char *argument)
{
	char *end;
	unsigned long jobs = strtoul(argument, &end, 10);

	c->options.jobs = (unsigned)jobs;
	return argument[0] >= '0' && argument[0] <= '9' && *end == '\0' && jobs >= 1 &&
	    jobs <= 1024;
}

static bool
take_settle(struct command *c, const char *argument)
{
	return duration_parse(argument, &c->options.settle);
}

static bool
take_incident_retention(struct command *c, const char *argument)
{
	return duration_parse(argument, &c->options.retention.incidents) &&
	    c->options.retention.incidents <= INCIDENT_MEMORY;
}

static bool
take_service_retention(struct command *c, const char *argument)
{
	return duration_parse(argument, &c->options.retention.services) &&
	    c->options.retention.services <= SERVICE_MEMORY;
}

static bool
take_deployment_retention(struct command *c, const char *argument)
{
	return duration_parse(argument, &c->options.retention.deployments) &&
	    c->options.retention.deployments <= DEPLOYMENT_MEMORY;
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
	(void)puts("homelab-observer " HOMELAB_VERSION);
	c->done = EX_OK + 1;
	return true;
}

static bool take_help(struct command *c, const char *argument);

static const struct {
	const char *name, *argument, *help;
	option_taker take;
} rows[] = {
    {"root", "DIR", "the tree: events, state, world (default /opt/homelab, HOMELAB_ROOT)",
	take_root},
    {"repo", "DIR", "inventory and hosts (default: the root, HOMELAB_REPO)", take_repo},
    {"reset", NULL, "rebuild everything from event files and journal", take_reset},
    {"force", NULL, "commit a rebuild even if it finds no events", take_force},
    {"dry-run", NULL, "do everything but write, and say what would be done", take_dry_run},
    {"verify", NULL, "fold from scratch and compare with the published world", take_verify},
    {"no-topology", NULL, "every node heard of in 30 days is known", take_no_topology},
    {"now", "RFC3339", "take this for now", take_now},
    {"jobs", "N", "threads of a rebuild (default: one a processor)", take_jobs},
    {"settle", "DUR", "how old an unusable file is when it's rejected (default 10s)", take_settle},
    {"incident-retention", "DUR", "show resolved incidents so long (default 7d, at most 30d)",
	take_incident_retention},
    {"service-retention", "DUR",
	"show undeclared, silent services so long (default 7d, at most 120d)",
	take_service_retention},
    {"deployment-retention", "DUR", "show deployments so long (default 90d, at most 120d)",
	take_deployment_retention},
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
	(void)puts("usage: homelab-observer [options]\n"
		   "Folds the event files of a homelab into the world that others read.\n");
	for (size_t i = 0; i < ROWS; i++) {
		char left[64];

		(void)snprintf(left, sizeof(left), "--%s%s%s", rows[i].name,
		    rows[i].argument ? " " : "", rows[i].argument ? rows[i].argument : "");
		(void)printf("  %-28s %s\n", left, rows[i].help);
	}
	(void)puts("\nDurations are whole seconds or 30s, 15m, 6h, 7d. "
		   "See homelab-observer(8).");
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

static const char *
from_environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : otherwise;
}

int
main(int argc, char **argv)
{
	struct command command = {0};
	struct error err = {0};
	char absolute[PATH_MAX];
	int status;

	message_init("homelab-observer");
	observer_options_init(&command.options);
	command.options.root = from_environment("HOMELAB_ROOT", command.options.root);
	command.options.repo = from_environment("HOMELAB_REPO", NULL);
	command.options.alias_map = from_environment("NODE_ALIAS_MAP", NULL);
	command.options.stop = &stopped;
	if ((status = parse_options(&command, argc, argv)) != 0)
		return status;
	if (command.done != 0)
		return command.done - 1;
	/* The checkpoint names whole paths. */
	if (command.options.root[0] != '/' && realpath(command.options.root, absolute) != NULL)
		command.options.root = absolute;
	if (command.options.repo == NULL)
		command.options.repo = command.options.root;
	catch_signals();
	json_object_seed(0);
	status = command.verify ? observer_verify(&command.options, &err) :
				  observer_run(&command.options, &err);
	if (status != EX_OK)
		message_error("%s", err.text);
	return status;
}
