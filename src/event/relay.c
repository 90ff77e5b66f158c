/*
 * One loop over one poll(2): the output of the command, its end, signals. A
 * handler only writes the signal's number into a pipe of ours, so that all is
 * done in the loop, and nothing is sent to a process that has been waited for.
 */

#include "relay.h"

#include <homelab/message.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* No pipe holds more than REST_MAX, so what the command wrote is in that. */
enum { CHUNK = 1 << 16, REST_MAX = 1 << 20, NOT_FOUND = 127, NOT_RUN = 126, BY_SIGNAL = 128 };

static const int forwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
enum { FORWARDED = sizeof(forwarded) / sizeof(forwarded[0]) };

enum { SIGNALS, OUTPUT, ERRORS, POLLED };

struct relay {
	struct pollfd polled[POLLED]; /* what is read; fd -1 where it's at its end */
	int out[POLLED]; /* where it goes; -1 where nobody takes it */
	pid_t child; /* 0 once it has been waited for */
	relay_sink sink;
	void *context;
	struct relay_end *end;
};

static int signal_pipe[2] = {-1, -1};
static struct sigaction pipe_action; /* of SIGPIPE, before us */
static volatile sig_atomic_t started;

static void
on_signal(int number, siginfo_t *info, void *context)
{
	unsigned char byte = (unsigned char)number;
	int saved = errno;

	(void)context;
	/* The terminal's signals come from the kernel, and reach a command, too. */
	if (number == SIGCHLD || !started || info->si_code == SI_USER || info->si_code == SI_QUEUE)
		(void)!write(signal_pipe[1], &byte, 1);
	errno = saved;
}

static bool
make_pipe(int fds[2])
{
	if (pipe(fds) < 0)
		return false;
	for (int i = 0; i < 2; i++)
		(void)fcntl(fds[i], F_SETFD, FD_CLOEXEC);
	return true;
}

static void
set_nonblocking(int fd)
{
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void
catch_signal(int number)
{
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO}, old;
	sigset_t set;

	if (sigaction(number, NULL, &old) == 0 && old.sa_handler == SIG_IGN && number != SIGCHLD)
		return;
	(void)sigaction(number, &action, NULL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, number);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void
relay_begin(void)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	if (!make_pipe(signal_pipe))
		return; /* relay_run() will say so */
	set_nonblocking(signal_pipe[0]);
	set_nonblocking(signal_pipe[1]);
	(void)sigaction(SIGPIPE, &ignore, &pipe_action);
	catch_signal(SIGCHLD);
	for (int i = 0; i < FORWARDED; i++)
		catch_signal(forwarded[i]);
}

/* --- the command -------------------------------------------------------------------- */

/* In the child: never returns. */
static void
become(char **argv, const int out[2], const int err[2], int report, const sigset_t *mask)
{
	int error;

	for (int i = 0; i < FORWARDED; i++) {
		struct sigaction action;

		/* A handler of ours must not write into the pipe we share. */
		if (sigaction(forwarded[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN) {
			action = (struct sigaction){.sa_handler = SIG_DFL};
			(void)sigaction(forwarded[i], &action, NULL);
		}
	}
	(void)sigaction(SIGPIPE, &pipe_action, NULL);
	(void)sigprocmask(SIG_SETMASK, mask, NULL);
	if (dup2(out[1], STDOUT_FILENO) >= 0 && dup2(err[1], STDERR_FILENO) >= 0)
		(void)execvp(argv[0], argv);
	error = errno;
	(void)!write(report, &error, sizeof(error));
	_exit(NOT_RUN);
}

static void
close_both(const int fds[2])
{
	(void)close(fds[0]);
	(void)close(fds[1]);
}

/* Starts the command; errno of why it can't be, or 0. */
static int
start(struct relay *r, char **argv, const int out[2], const int err[2])
{
	sigset_t all, mask;
	int report[2], error = 0;

	if (!make_pipe(report))
		return errno;
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &mask);
	r->child = fork();
	if (r->child == 0)
		become(argv, out, err, report[1], &mask);
	error = r->child < 0 ? errno : 0;
	(void)sigprocmask(SIG_SETMASK, &mask, NULL);
	started = 1;
	(void)close(report[1]);
	/* At its end once the command has taken over. */
	while (r->child > 0 && read(report[0], &error, sizeof(error)) < 0 && errno == EINTR)
		;
	(void)close(report[0]);
	return error;
}

static void
reap(struct relay *r)
{
	int status = 0;
	pid_t pid;

	while ((pid = waitpid(r->child, &status, WNOHANG)) < 0 && errno == EINTR)
		;
	if (pid == 0)
		return;
	r->child = 0;
	r->end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	r->end->status = WIFSIGNALED(status) ? BY_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

static void
take_signals(struct relay *r)
{
	unsigned char numbers[64];
	ssize_t count;

	while ((count = read(signal_pipe[0], numbers, sizeof(numbers))) > 0)
		for (ssize_t i = 0; i < count && r->child > 0; i++) {
			if (numbers[i] == SIGCHLD)
				reap(r);
			else
				(void)kill(r->child, numbers[i]);
		}
}

/* --- its output ----------------------------------------------------------------------- */

/* Ours is gone: the command goes on, and so does the sink. */
static void
give_up(struct relay *r, int which)
{
	r->out[which] = -1;
	if (which == OUTPUT && errno != EPIPE)
		message_warning("cannot write to standard output: %s", strerror(errno));
}

/* Writes no more at once than a pipe takes without making us wait, since signals
 * are to be taken meanwhile. */
static void
put(struct relay *r, int which, const char *data, size_t length)
{
	while (length > 0 && r->out[which] >= 0) {
		struct pollfd polled[] = {{signal_pipe[0], POLLIN, 0}, {r->out[which], POLLOUT, 0}};
		ssize_t done = 0;

		if (poll(polled, 2, -1) < 0 && errno != EINTR)
			return;
		take_signals(r);
		if (polled[1].revents != 0)
			done = write(r->out[which], data,
			    length < _POSIX_PIPE_BUF ? length : _POSIX_PIPE_BUF);
		if (done < 0 && errno != EINTR && errno != EAGAIN)
			give_up(r, which);
		else if (done > 0) {
			data += done;
			length -= (size_t)done;
		}
	}
}

static void
relay(struct relay *r, int which)
{
	char data[CHUNK];
	ssize_t got = read(r->polled[which].fd, data, sizeof(data));

	if (got > 0) {
		r->sink(r->context, data, (size_t)got);
		put(r, which, data, (size_t)got);
	} else if (got == 0) {
		r->polled[which].fd = -1;
	}
}

static void
relay_all(struct relay *r)
{
	while (r->child > 0) {
		if (poll(r->polled, POLLED, -1) < 0 && errno != EINTR)
			continue;
		for (int which = OUTPUT; which < POLLED; which++)
			if (r->polled[which].revents != 0 && r->polled[which].fd >= 0)
				relay(r, which);
		take_signals(r);
	}
	for (int i = 0; i < REST_MAX / CHUNK; i++)
		for (int which = OUTPUT; which < POLLED; which++)
			if (r->polled[which].fd >= 0)
				relay(r, which);
}

/* Between two pipes of the command's; closes both. */
static void
relay_between(struct relay *r, char **argv, const int out[2], const int err[2])
{
	r->polled[SIGNALS] = (struct pollfd){signal_pipe[0], POLLIN, 0};
	r->polled[OUTPUT] = (struct pollfd){out[0], POLLIN, 0};
	r->polled[ERRORS] = (struct pollfd){err[0], POLLIN, 0};
	set_nonblocking(out[0]);
	set_nonblocking(err[0]);
	r->end->error = start(r, argv, out, err);
	(void)close(out[1]);
	(void)close(err[1]);
	if (r->child > 0)
		relay_all(r);
	(void)close(out[0]);
	(void)close(err[0]);
}

void
relay_run(char **argv, relay_sink sink, void *context, struct relay_end *end)
{
	int out[2], err[2];
	struct relay r = {.out = {-1, STDOUT_FILENO, STDERR_FILENO},
	    .sink = sink,
	    .context = context,
	    .end = end};

	*end = (struct relay_end){0};
	if (signal_pipe[0] < 0 || !make_pipe(out)) {
		end->error = errno;
	} else if (!make_pipe(err)) {
		end->error = errno;
		close_both(out);
	} else {
		relay_between(&r, argv, out, err);
	}
	if (end->error != 0)
		end->status = end->error == ENOENT ? NOT_FOUND : NOT_RUN;
}
