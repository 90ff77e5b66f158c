/* homelab-event: argv, environment, exit. See its man page. */

#include <homelab/disk.h>
#include <homelab/emit.h>
#include <homelab/message.h>
#include <homelab/node.h>
#include <homelab/options.h>

#include "deployment.h"
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define HELD MINUTES(5) /* what the observer takes for the future */

/* A caller may have closed them; a file of ours must not take their place. */
static void
guard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}

static int
write_event(struct event_command *c, struct error *err)
{
	timestamp now = clock_real();
	struct emitted emitted;

	if (c->outline.at == TIMESTAMP_NONE)
		c->outline.at = now;
	c->outline.payload = c->payload;
	if (event_emit(c->root, &c->outline, now, &emitted, err) < 0)
		return -1;
	if (emitted.doubt != NULL)
		message_warning("the event %s", emitted.doubt);
	if (c->outline.at > now + HELD)
		message_warning("the event is of the future, so the observer holds it till then");
	if (puts(emitted.path) == EOF || fflush(stdout) == EOF)
		message_warning("cannot print its path: %s", strerror(errno));
	return EX_OK;
}

static int
run(struct event_command *c, int argc, char **argv, struct error *err)
{
	int parsed = event_options_parse(c, argc, argv, err);

	if (parsed != 0)
		return parsed < 0 ? -1 : EX_OK;
	c->root = path_absolute(c->root, c->absolute);
	return c->runs ? deployment_run(c, err) : write_event(c, err);
}

int
main(int argc, char **argv)
{
	struct event_command command = {.outline.at = TIMESTAMP_NONE};
	struct error err = {0};
	char host[256];
	int status;

	guard_descriptors();
	message_init("homelab-event");
	memory_init();
	command.root = environment_get("HOMELAB_ROOT", "/opt/homelab");
	command.outline.node = node_name_find(host, sizeof(host));
	command.payload = json_object();
	if ((status = run(&command, argc, argv, &err)) < 0) {
		message_error("%s", err.text);
		status = err.status;
	}
	json_decref(command.payload);
	return status;
}
