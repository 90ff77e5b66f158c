/* homelab-observer: signals and exit. See its man page. */

#include "options.h"

#include <homelab/buffer.h>
#include <homelab/message.h>
#include <homelab/observation.h>

#include <sysexits.h>

static volatile sig_atomic_t stopped;
static struct observer_signals asked;

/* The one that stays finishes its cycle, unless it's told so twice. */
static void
on_stop(int number)
{
	static volatile sig_atomic_t told;

	(void)number;
	if (asked.runtime == NULL || told)
		stopped = 1;
	else
		observation_stop(asked.runtime);
	told = 1;
}

static void
on_request(int number)
{
	if (number == SIGHUP)
		asked.reload = 1;
	else
		asked.rebuild = 1;
	if (asked.runtime != NULL)
		observation_wake(asked.runtime);
}

static void
catch_signal(int number, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

	(void)sigaction(number, &action, NULL);
}

static void
catch_signals(bool stays)
{
	catch_signal(SIGTERM, on_stop);
	catch_signal(SIGINT, on_stop);
	if (!stays)
		return;
	catch_signal(SIGHUP, on_request);
	catch_signal(SIGUSR1, on_request);
}

int
main(int argc, char **argv)
{
	struct observer_command command;
	struct error err = {0};
	int status;

	message_init("homelab-observer");
	if ((status = observer_command_parse(&command, argc, argv, &err)) > 0)
		return EX_OK;
	if (status < 0) {
		message_error("%s", err.text);
		return err.status;
	}
	command.options.stop = &stopped;
	catch_signals(command.watch);
	memory_init();
	status = command.watch ?
	    observer_watch(&command.options, command.interval, command.expire, &asked, &err) :
	    command.expire > 0 ? observer_expire(&command.options, command.expire, &err) :
	    command.verify     ? observer_verify(&command.options, &err) :
				 observer_run(&command.options, &err);
	if (status != EX_OK)
		message_error("%s", err.text);
	return status;
}
