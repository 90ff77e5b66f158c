/* What homelab-observer is told: options and environment. */

#include "options.h"

#include <homelab/message.h>
#include <homelab/options.h>

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static int
take_metrics(void *command, const char *argument, struct error *err)
{
	struct observer_command *c = command;
	size_t length = strlen(argument);

	c->options.metrics = argument;
	return length > 0 && argument[length - 1] != '/' ?
	    0 :
	    error_set(err, EX_USAGE, "isn't a file's path");
}

#define AT(member) .offset = offsetof(struct observer_command, member)

static const struct option_row rows[] = {
    {"root", "DIR", "the tree: events, state, world (default /opt/homelab, HOMELAB_ROOT)",
	OPTION_TEXT, AT(options.root)},
    {"repo", "DIR", "inventory and hosts (default: the root, HOMELAB_REPO)", OPTION_TEXT,
	AT(options.repo)},
    {"reset", NULL, "rebuild everything from event files and journal", OPTION_FLAG,
	AT(options.reset)},
    {"force", NULL, "commit a rebuild even if it finds no events", OPTION_FLAG, AT(options.force)},
    {"dry-run", NULL, "do everything but write, and say what would be done", OPTION_FLAG,
	AT(options.dry_run)},
    {"verify", NULL, "fold from scratch and compare with the published world", OPTION_FLAG,
	AT(verify)},
    {"watch", NULL, "stay, and do it again when something comes", OPTION_FLAG, AT(watch)},
    {"interval", "DUR", "with --watch: and at least so often (default 30s)", OPTION_DURATION,
	AT(interval), .min = 1},
    {"expire-events", "DUR", "delete event files decided on so long ago (at least 1h)",
	OPTION_DURATION, AT(expire), .min = HOURS(EXPIRE_HOURS_MIN)},
    {"no-topology", NULL, "every node heard of in 30 days is known", OPTION_FLAG,
	AT(options.no_topology)},
    {"now", "RFC3339", "take this for now", OPTION_INSTANT, AT(options.now)},
    {"jobs", "N", "threads of a rebuild (default: one a processor)", OPTION_NUMBER,
	AT(options.jobs), .min = 1, .max = 1024},
    {"settle", "DUR", "how old an unusable file is when it's rejected (default 10s)",
	OPTION_DURATION, AT(options.settle)},
    {"incident-retention", "DUR", "show resolved incidents so long (default 7d, at most 30d)",
	OPTION_DURATION, AT(options.retention.incidents), .max = INCIDENT_MEMORY},
    {"service-retention", "DUR",
	"show undeclared, silent services so long (default 7d, at most 120d)", OPTION_DURATION,
	AT(options.retention.services), .max = SERVICE_MEMORY},
    {"deployment-retention", "DUR", "show deployments so long (default 90d, at most 120d)",
	OPTION_DURATION, AT(options.retention.deployments), .max = DEPLOYMENT_MEMORY},
    {"history-limit", "N", "show so many batches of changes (default 64)", OPTION_NUMBER,
	AT(options.history_limit), .max = HISTORY_LIMIT_MAX},
    {"metrics", "FILE", "write Prometheus text there, too (HOMELAB_METRICS)", OPTION_TAKEN,
	.take = take_metrics},
    {"verbose", NULL, "say more", OPTION_LEVEL, .min = MESSAGE_VERBOSE},
    {"quiet", NULL, "only warnings and errors", OPTION_LEVEL, .min = MESSAGE_WARNING},
};

static const struct options options = {
    .program = "homelab-observer",
    .usage = "homelab-observer [options]\n"
	     "Folds the event files of a homelab into the world that others read.",
    .closing = "Durations are whole seconds or 30s, 15m, 6h, 7d. See homelab-observer(8).",
    .width = 28,
    .rows = rows,
    .count = sizeof(rows) / sizeof(rows[0]),
};

int
observer_command_parse(struct observer_command *c, int argc, char **argv, struct error *err)
{
	int result;

	*c = (struct observer_command){.interval = SECONDS(30)};
	observer_options_init(&c->options);
	c->options.root = environment_get("HOMELAB_ROOT", c->options.root);
	c->options.repo = environment_get("HOMELAB_REPO", NULL);
	c->options.metrics = environment_get("HOMELAB_METRICS", NULL);
	c->options.alias_map = environment_get("NODE_ALIAS_MAP", NULL);
	if ((result = options_parse(&options, c, argc, argv, err)) != 0)
		return result;
	if (options_end(argc, argv, err) < 0)
		return -1;
	if (c->watch && (c->verify || c->options.dry_run || c->options.now != TIMESTAMP_NONE))
		return error_set(err, EX_USAGE, "--watch: not with --verify, --dry-run or --now");
	/* The checkpoint names whole paths. */
	c->options.root = path_absolute(c->options.root, c->absolute);
	if (c->options.repo == NULL)
		c->options.repo = c->options.root;
	return 0;
}
