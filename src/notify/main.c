/* homelab-notify: argv, environment, signals, exit. See its man page. */

#include <homelab/buffer.h>
#include <homelab/message.h>
#include <homelab/notify.h>
#include <homelab/options.h>
#include <homelab/process.h>

#include <sysexits.h>

static volatile sig_atomic_t stopped;

struct command {
	struct notify_options options;
	const char *test; /* a hook, or NULL */
};

#define AT(member) .offset = offsetof(struct command, member)

static const struct option_row rows[] = {
    {"root", "DIR", "the tree: state, world (default /opt/homelab, HOMELAB_ROOT)", OPTION_TEXT,
	AT(options.root)},
    {"hooks", "DIR", "who is told (default /etc/homelab/hooks.d)", OPTION_TEXT, AT(options.hooks)},
    {"state", "DIR", "how far each was told (default /var/lib/homelab-notify)", OPTION_TEXT,
	AT(options.state)},
    {"hold", "DUR", "keep back what got better so long (default 2m, at most 1d)", OPTION_DURATION,
	AT(options.hold), .max = DAYS(1)},
    {"timeout", "DUR", "how long a hook may take (default 30s, at most 1h)", OPTION_DURATION,
	AT(options.timeout), .min = 1, .max = HOURS(1)},
    {"test", "HOOK", "give one hook an example, and nothing else", OPTION_TEXT, AT(test)},
    {"now", "RFC3339", "take this for now", OPTION_INSTANT, AT(options.now)},
    {"verbose", NULL, "say more", OPTION_LEVEL, .min = MESSAGE_VERBOSE},
    {"quiet", NULL, "only warnings and errors", OPTION_LEVEL, .min = MESSAGE_WARNING},
};

static const struct options options = {
    .program = "homelab-notify",
    .usage = "homelab-notify [options]\n"
	     "Tells hooks what changed in the world of a homelab.",
    .closing = "Durations are whole seconds or 30s, 15m, 6h, 7d. See homelab-notify(8).",
    .width = 16,
    .rows = rows,
    .count = sizeof(rows) / sizeof(rows[0]),
};

static int
run(const struct command *c, struct error *err)
{
	process_watch_children(&stopped);
	memory_init();
	return c->test != NULL ? notify_test(&c->options, c->test, err) :
				 notify_run(&c->options, err);
}

int
main(int argc, char **argv)
{
	struct command command = {0};
	struct error err = {0};
	int status;

	message_init("homelab-notify");
	notify_options_init(&command.options);
	command.options.root = environment_get("HOMELAB_ROOT", command.options.root);
	command.options.stop = &stopped;
	if ((status = options_parse(&options, &command, argc, argv, &err)) > 0)
		return EX_OK;
	status = status < 0 || options_end(argc, argv, &err) < 0 ? err.status : run(&command, &err);
	if (status != EX_OK && err.text[0] != '\0')
		message_error("%s", err.text);
	return status;
}
