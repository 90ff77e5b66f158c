/* What homelab-observer is told: options and environment. */

#include "options.h"

#include <homelab/message.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#ifndef HOMELAB_VERSION
#define HOMELAB_VERSION "unknown"
#endif

/* How an option's argument is taken. Returns false where it's no good. */
typedef bool (*option_taker)(struct observer_command *c, const char *argument);

static bool
take_root(struct observer_command *c, const char *argument)
{
	c->options.root = argument;
	return argument[0] != '\0';
}

static bool
take_repo(struct observer_command *c, const char *argument)
{
	c->options.repo = argument;
	return argument[0] != '\0';
}

static bool
take_reset(struct observer_command *c, const char *argument)
{
	(void)argument;
	return c->options.reset = true;
}

static bool
take_force(struct observer_command *c, const char *argument)
{
	(void)argument;
	return c->options.force = true;
}

static bool
take_dry_run(struct observer_command *c, const char *argument)
{
	(void)argument;
	return c->options.dry_run = true;
}

static bool
take_verify(struct observer_command *c, const char *argument)
{
	(void)argument;
	return c->verify = true;
}

static bool
take_watch(struct observer_command *c, const char *argument)
{
	(void)argument;
	return c->watch = true;
}

static bool
take_interval(struct observer_command *c, const char *argument)
{
	return duration_parse(argument, &c->interval) && c->interval > 0;
}

static bool
take_expire_events(struct observer_command *c, const char *argument)
{
	return duration_parse(argument, &c->expire) && c->expire >= HOURS(EXPIRE_HOURS_MIN);
}

static bool
take_no_topology(struct observer_command *c, const char *argument)
{
	(void)argument;
	return c->options.no_topology = true;
}

static bool
take_now(struct observer_command *c, const char *argument)
{
	return timestamp_parse(argument, strlen(argument), &c->options.now) &&
	    c->options.now < TIMESTAMP_LAST - DAYS(1);
}

static bool
take_jobs(struct observer_command *c, const char *argument)
{
	char *end;
	unsigned long jobs = strtoul(argument, &end, 10);

	c->options.jobs = (unsigned)jobs;
	return argument[0] >= '0' && argument[0] <= '9' && *end == '\0' && jobs >= 1 &&
	    jobs <= 1024;
}

static bool
take_settle(struct observer_command *c, const char *argument)
{
	return duration_parse(argument, &c->options.settle);
}

static bool
take_incident_retention(struct observer_command *c, const char *argument)
{
	return duration_parse(argument, &c->options.retention.incidents) &&
	    c->options.retention.incidents <= INCIDENT_MEMORY;
}

static bool
take_service_retention(struct observer_command *c, const char *argument)
{
	return duration_parse(argument, &c->options.retention.services) &&
	    c->options.retention.services <= SERVICE_MEMORY;
}

static bool
take_deployment_retention(struct observer_command *c, const char *argument)
{
	return duration_parse(argument, &c->options.retention.deployments) &&
	    c->options.retention.deployments <= DEPLOYMENT_MEMORY;
}

static bool
take_history_limit(struct observer_command *c, const char *argument)
{
	char *end;
	unsigned long limit = strtoul(argument, &end, 10);

	c->options.history_limit = limit;
	return argument[0] >= '0' && argument[0] <= '9' && *end == '\0' &&
	    limit <= HISTORY_LIMIT_MAX;
}

static bool
take_metrics(struct observer_command *c, const char *argument)
{
	size_t length = strlen(argument);

	c->options.metrics = argument;
	return length > 0 && argument[length - 1] != '/';
}

static bool
take_verbose(struct observer_command *c, const char *argument)
{
	(void)c;
	(void)argument;
	message_set_level(MESSAGE_VERBOSE);
	return true;
}

static bool
take_quiet(struct observer_command *c, const char *argument)
{
	(void)c;
	(void)argument;
	message_set_level(MESSAGE_WARNING);
	return true;
}

static bool
take_version(struct observer_command *c, const char *argument)
{
	(void)argument;
	(void)puts("homelab-observer " HOMELAB_VERSION);
	c->done = EX_OK + 1;
	return true;
}

static bool take_help(struct observer_command *c, const char *argument);

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
    {"watch", NULL, "stay, and do it again when something comes", take_watch},
    {"interval", "DUR", "with --watch: and at least so often (default 30s)", take_interval},
    {"expire-events", "DUR", "delete event files decided on so long ago (at least 1h)",
	take_expire_events},
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
    {"history-limit", "N", "show so many batches of changes (default 64)", take_history_limit},
    {"metrics", "FILE", "write Prometheus text there, too (HOMELAB_METRICS)", take_metrics},
    {"verbose", NULL, "say more", take_verbose},
    {"quiet", NULL, "only warnings and errors", take_quiet},
    {"version", NULL, "print the version", take_version},
    {"help", NULL, "print this", take_help},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static bool
take_help(struct observer_command *c, const char *argument)
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
parse_options(struct observer_command *c, int argc, char **argv)
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
	if (c->watch && (c->verify || c->options.dry_run || c->options.now != TIMESTAMP_NONE)) {
		message_error("--watch: not with --verify, --dry-run or --now");
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
observer_command_parse(struct observer_command *c, int argc, char **argv)
{
	int status;

	*c = (struct observer_command){.interval = SECONDS(30)};
	observer_options_init(&c->options);
	c->options.root = from_environment("HOMELAB_ROOT", c->options.root);
	c->options.repo = from_environment("HOMELAB_REPO", NULL);
	c->options.metrics = from_environment("HOMELAB_METRICS", NULL);
	c->options.alias_map = from_environment("NODE_ALIAS_MAP", NULL);
	if ((status = parse_options(c, argc, argv)) != 0)
		return status;
	/* The checkpoint names whole paths. */
	if (c->options.root[0] != '/' && realpath(c->options.root, c->absolute) != NULL)
		c->options.root = c->absolute;
	if (c->options.repo == NULL)
		c->options.repo = c->options.root;
	return 0;
}
