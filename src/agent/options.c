/* What homelab-agent is told: options, a row each, and environment. */

#include "options.h"

#include <homelab/message.h>
#include <homelab/node.h>
#include <homelab/runtime.h>

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#ifndef HOMELAB_VERSION
#define HOMELAB_VERSION "unknown"
#endif

/* How an option's argument is taken. Returns false where it's no good. */
typedef bool (*option_taker)(struct agent_options *o, const char *argument);

static bool
add_text(struct texts *texts, const char *argument)
{
	texts->list = memory_resize(texts->list, texts->count + 2, sizeof(texts->list[0]));
	texts->list[texts->count++] = argument;
	texts->list[texts->count] = NULL;
	return argument[0] != '\0';
}

static bool
set_text(const char **text, const char *argument)
{
	*text = argument;
	return argument[0] != '\0';
}

static bool
set_duration(timestamp *out, const char *argument)
{
	return duration_parse(argument, out) && *out > 0 && *out <= DAYS(1);
}

static bool
take_root(struct agent_options *o, const char *argument)
{
	return set_text(&o->root, argument);
}

static bool
take_repo(struct agent_options *o, const char *argument)
{
	return set_text(&o->repo, argument);
}

static bool
take_node(struct agent_options *o, const char *argument)
{
	return set_text(&o->node, argument);
}

static bool
take_runtime(struct agent_options *o, const char *argument)
{
	return add_text(&o->runtimes, argument);
}

static bool
take_watch(struct agent_options *o, const char *argument)
{
	(void)argument;
	o->mode = AGENT_WATCH;
	return true;
}

static bool
take_interval(struct agent_options *o, const char *argument)
{
	return set_duration(&o->interval, argument);
}

static bool
take_heartbeat(struct agent_options *o, const char *argument)
{
	return set_duration(&o->heartbeat, argument);
}

static bool
take_stable(struct agent_options *o, const char *argument)
{
	return duration_parse(argument, &o->stable) && o->stable <= DAYS(1);
}

static bool
take_log_lines(struct agent_options *o, const char *argument)
{
	char *end;
	unsigned long lines = strtoul(argument, &end, 10);

	o->log_lines = (unsigned)lines;
	return argument[0] >= '0' && argument[0] <= '9' && *end == '\0' && lines <= LOG_LINES_MAX;
}

static bool
take_mount(struct agent_options *o, const char *argument)
{
	return add_text(&o->mounts, argument);
}

static bool
take_no_act(struct agent_options *o, const char *argument)
{
	(void)argument;
	return o->no_act = true;
}

static bool
take_isolate_hook(struct agent_options *o, const char *argument)
{
	return set_text(&o->isolate_hook, argument) && argument[0] == '/';
}

static bool
take_backend(struct agent_options *o, const char *argument)
{
	return add_text(&o->urls, argument);
}

static bool
take_backend_token_file(struct agent_options *o, const char *argument)
{
	return set_text(&o->backend.token_file, argument);
}

static bool
take_backend_ca(struct agent_options *o, const char *argument)
{
	return set_text(&o->backend.tls.authority, argument);
}

static bool
take_backend_certificate(struct agent_options *o, const char *argument)
{
	return set_text(&o->backend.tls.certificate, argument);
}

static bool
take_backend_key(struct agent_options *o, const char *argument)
{
	return set_text(&o->backend.tls.key, argument);
}

static bool
take_offline(struct agent_options *o, const char *argument)
{
	(void)argument;
	o->mode = AGENT_OFFLINE;
	return true;
}

static bool
take_verbose(struct agent_options *o, const char *argument)
{
	(void)o;
	(void)argument;
	message_set_level(MESSAGE_VERBOSE);
	return true;
}

static bool
take_quiet(struct agent_options *o, const char *argument)
{
	(void)o;
	(void)argument;
	message_set_level(MESSAGE_WARNING);
	return true;
}

static bool
take_version(struct agent_options *o, const char *argument)
{
	(void)argument;
	(void)puts("homelab-agent " HOMELAB_VERSION);
	o->mode = AGENT_DONE;
	return true;
}

static bool take_help(struct agent_options *o, const char *argument);

static const struct {
	const char *name, *argument, *help;
	option_taker take;
} rows[] = {
    {"root", "DIR", "the tree: events, state (default /opt/homelab, HOMELAB_ROOT)", take_root},
    {"repo", "DIR", "hosts/NODE/services.yaml (default: the root, HOMELAB_REPO)", take_repo},
    {"node", "NODE", "this node (default NODE_NAME, or this host)", take_node},
    {"runtime", "RUNTIME",
	"auto (default), cri:PATH, docker:PATH, docker:tcp://HOST:PORT; also several",
	take_runtime},
    {"watch", NULL, "stay, and look again and again", take_watch},
    {"interval", "DUR", "with --watch: at least so often (default 5s)", take_interval},
    {"heartbeat", "DUR", "tell that node and services are well so often (default 5m)",
	take_heartbeat},
    {"stable", "DUR", "a service is healthy once it ran so long (default 60s)", take_stable},
    {"log-lines", "N", "the last lines of its log with a crash (default 0)", take_log_lines},
    {"mount", "DIR", "a file system that is watched (default / and the root); also several",
	take_mount},
    {"no-act", NULL, "only watch, and say what would be done", take_no_act},
    {"isolate-hook", "FILE", "run where a service is isolated", take_isolate_hook},
    {"backend", "URL", "send events and facts there, too; also several", take_backend},
    {"backend-token-file", "FILE", "the token for it", take_backend_token_file},
    {"backend-ca", "FILE", "who vouches for it, in place of the system's", take_backend_ca},
    {"backend-certificate", "FILE", "our certificate for it", take_backend_certificate},
    {"backend-key", "FILE", "the certificate's key", take_backend_key},
    {"offline", NULL, "tell that the node goes down, and nothing else", take_offline},
    {"verbose", NULL, "say more", take_verbose},
    {"quiet", NULL, "only warnings and errors", take_quiet},
    {"version", NULL, "print the version", take_version},
    {"help", NULL, "print this", take_help},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static bool
take_help(struct agent_options *o, const char *argument)
{
	(void)argument;
	(void)puts("usage: homelab-agent [options]\n"
		   "Tells what the containers of this node do, and restarts what should run.\n");
	for (size_t i = 0; i < ROWS; i++) {
		char left[64];

		(void)snprintf(left, sizeof(left), "--%s%s%s", rows[i].name,
		    rows[i].argument ? " " : "", rows[i].argument ? rows[i].argument : "");
		(void)printf("  %-28s %s\n", left, rows[i].help);
	}
	(void)puts("\nDurations are whole seconds or 30s, 15m, 6h, 7d. See homelab-agent(8).");
	o->mode = AGENT_DONE;
	return true;
}

static int
parse_options(struct agent_options *o, int argc, char **argv, struct error *err)
{
	struct option options[ROWS + 1] = {{0}};
	int index;

	for (int i = 0; i < ROWS; i++)
		options[i] = (struct option){
		    rows[i].name, rows[i].argument ? required_argument : no_argument, NULL, i};
	opterr = 0;
	while (
	    o->mode != AGENT_DONE && (index = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (index == '?' || index == ':')
			return error_set(err, EX_USAGE, "%.100s: %s (see --help)", argv[optind - 1],
			    index == '?' ? "unknown option" : "needs an argument");
		if (!rows[index].take(o, optarg))
			return error_set(err, EX_USAGE,
			    "--%s %.100s: not a %s it can take (see --help)", rows[index].name,
			    optarg, rows[index].argument);
	}
	if (o->mode != AGENT_DONE && optind < argc)
		return error_set(
		    err, EX_USAGE, "%.100s: no such argument (see --help)", argv[optind]);
	return 0;
}

static bool
there_is_none(const char *path)
{
	(void)path;
	return false;
}

/* What only all of them together tell. */
static int
check(const struct agent_options *o, struct error *err)
{
	struct runtime_addresses addresses = {0};
	struct error why = {0};
	int failed = node_name_check(o->node, err);

	for (size_t i = 0; failed == 0 && i < o->runtimes.count; i++)
		if (runtime_addresses_add(
			&addresses, o->runtimes.list[i], getenv, there_is_none, &why) < 0)
			failed = error_set(
			    err, EX_USAGE, "--runtime %.200s: %s", o->runtimes.list[i], why.text);
	runtime_addresses_release(&addresses);
	if (failed == 0 && (o->backend.tls.certificate == NULL) != (o->backend.tls.key == NULL))
		return error_set(err, EX_USAGE,
		    "--backend-certificate and --backend-key: not one without the other");
	return failed;
}

static const char *
from_environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : otherwise;
}

static void
set_defaults(struct agent_options *o)
{
	*o = (struct agent_options){
	    .interval = SECONDS(5), .heartbeat = MINUTES(5), .stable = SECONDS(60)};
	o->root = from_environment("HOMELAB_ROOT", "/opt/homelab");
	o->repo = from_environment("HOMELAB_REPO", NULL);
	o->node = node_name_find(o->host, sizeof(o->host));
}

int
agent_options_parse(struct agent_options *o, int argc, char **argv, struct error *err)
{
	set_defaults(o);
	if (parse_options(o, argc, argv, err) < 0)
		return -1;
	if (o->mode == AGENT_DONE)
		return 0;
	if (o->root[0] != '/' && realpath(o->root, o->absolute) != NULL)
		o->root = o->absolute;
	if (o->repo == NULL)
		o->repo = o->root;
	if (o->runtimes.count == 0)
		(void)add_text(&o->runtimes, "auto");
	if (o->mounts.count == 0) {
		(void)add_text(&o->mounts, "/");
		(void)add_text(&o->mounts, o->root);
	}
	o->backend.urls = o->urls.list;
	return check(o, err);
}

void
agent_options_release(struct agent_options *o)
{
	free(o->runtimes.list);
	free(o->mounts.list);
	free(o->urls.list);
}
