/* homelab-agent: signals and exit. See its man page. */

#include "offline.h"
#include "watch.h"

#include <homelab/buffer.h>
#include <homelab/message.h>

#include <sysexits.h>

static struct agent_signals asked;

static void
on_stop(int number)
{
	(void)number;
	asked.stopped = 1;
	if (agent_observation != NULL)
		observation_stop(agent_observation);
}

static void
on_reload(int number)
{
	(void)number;
	asked.reload = 1;
	if (agent_observation != NULL)
		observation_wake(agent_observation);
}

static void
catch_signal(int number, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

	(void)sigaction(number, &action, NULL);
}

int
main(int argc, char **argv)
{
	struct agent_options options;
	struct error err = {0};
	int status;

	message_init("homelab-agent");
	memory_init();
	if ((status = agent_options_parse(&options, argc, argv, &err)) == 0) {
		catch_signal(SIGPIPE, SIG_IGN);
		catch_signal(SIGTERM, on_stop);
		catch_signal(SIGINT, on_stop);
		if (options.watch)
			catch_signal(SIGHUP, on_reload);
		http_init();
		status = options.offline ? agent_go_offline(&options, &err) :
					   agent_run(&options, &asked, &err);
	} else {
		status = status < 0 ? err.status : EX_OK;
	}
	if (status != EX_OK && err.text[0] != '\0')
		message_error("%s", err.text);
	agent_options_release(&options);
	return status;
}
