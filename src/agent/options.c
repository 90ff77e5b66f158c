/* What homelab-agent is told: options, a row each, and environment. */

#include "options.h"

#include <homelab/message.h>
#include <homelab/node.h>
#include <homelab/options.h>
#include <homelab/runtime.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static int
take_isolate_hook(void *command, const char *argument, struct error *err)
{
	struct agent_options *o = command;

	o->isolate_hook = argument;
	return argument[0] == '/' ? 0 : error_set(err, EX_USAGE, "isn't an absolute path");
}

#define AT(member) .offset = offsetof(struct agent_options, member)

static const struct option_row rows[] = {
    {"root", "DIR", "the tree: events, state (default /opt/homelab, HOMELAB_ROOT)", OPTION_TEXT,
	AT(root)},
    {"repo", "DIR", "hosts/NODE/services.yaml (default: the root, HOMELAB_REPO)", OPTION_TEXT,
	AT(repo)},
    {"node", "NODE", "this node (default NODE_NAME, or this host)", OPTION_TEXT, AT(node)},
    {"runtime", "RUNTIME",
	"auto (default), cri:PATH, docker:PATH, docker:tcp://HOST:PORT; also several", OPTION_TEXTS,
	AT(runtimes)},
    {"watch", NULL, "stay, and look again and again", OPTION_FLAG, AT(watch)},
    {"interval", "DUR", "with --watch: at least so often (default 5s)", OPTION_DURATION,
	AT(interval), .min = 1, .max = DAYS(1)},
    {"heartbeat", "DUR", "tell that node and services are well so often (default 5m)",
	OPTION_DURATION, AT(heartbeat), .min = 1, .max = DAYS(1)},
    {"stable", "DUR", "a service is healthy once it ran so long (default 60s)", OPTION_DURATION,
	AT(stable), .max = DAYS(1)},
    {"log-lines", "N", "the last lines of its log with a crash (default 0)", OPTION_NUMBER,
	AT(log_lines), .max = LOG_LINES_MAX},
    {"mount", "DIR", "a file system that is watched (default / and the root); also several",
	OPTION_TEXTS, AT(mounts)},
    {"no-act", NULL, "only watch, and say what would be done", OPTION_FLAG, AT(no_act)},
    {"isolate-hook", "FILE", "run where a service is isolated", OPTION_TAKEN,
	.take = take_isolate_hook},
    {"backend", "URL", "send events and facts there, too; also several", OPTION_TEXTS, AT(urls)},
    {"backend-token-file", "FILE", "the token for it", OPTION_TEXT, AT(backend.token_file)},
    {"backend-ca", "FILE", "who vouches for it, in place of the system's", OPTION_TEXT,
	AT(backend.tls.authority)},
    {"backend-certificate", "FILE", "our certificate for it", OPTION_TEXT,
	AT(backend.tls.certificate)},
    {"backend-key", "FILE", "the certificate's key", OPTION_TEXT, AT(backend.tls.key)},
    {"offline", NULL, "tell that the node goes down, and nothing else", OPTION_FLAG, AT(offline)},
    {"verbose", NULL, "say more", OPTION_LEVEL, .min = MESSAGE_VERBOSE},
    {"quiet", NULL, "only warnings and errors", OPTION_LEVEL, .min = MESSAGE_WARNING},
};

static const struct options options = {
    .program = "homelab-agent",
    .usage = "homelab-agent [options]\n"
	     "Tells what the containers of this node do, and restarts what should run.",
    .closing = "Durations are whole seconds or 30s, 15m, 6h, 7d. See homelab-agent(8).",
    .width = 28,
    .rows = rows,
    .count = sizeof(rows) / sizeof(rows[0]),
};

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

static void
set_defaults(struct agent_options *o)
{
	*o = (struct agent_options){
	    .interval = SECONDS(5), .heartbeat = MINUTES(5), .stable = SECONDS(60)};
	o->root = environment_get("HOMELAB_ROOT", "/opt/homelab");
	o->repo = environment_get("HOMELAB_REPO", NULL);
	o->node = node_name_find(o->host, sizeof(o->host));
}

int
agent_options_parse(struct agent_options *o, int argc, char **argv, struct error *err)
{
	int result;

	set_defaults(o);
	if ((result = options_parse(&options, o, argc, argv, err)) != 0)
		return result;
	if (options_end(argc, argv, err) < 0)
		return -1;
	o->root = path_absolute(o->root, o->absolute);
	if (o->repo == NULL)
		o->repo = o->root;
	if (o->runtimes.count == 0)
		texts_add(&o->runtimes, "auto");
	if (o->mounts.count == 0) {
		texts_add(&o->mounts, "/");
		texts_add(&o->mounts, o->root);
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
