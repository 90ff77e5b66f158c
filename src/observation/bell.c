/*
 * What ends a wait: a pipe that wakes and stops, written to from any thread or
 * signal handler, and the program's own descriptor.
 */

#include "parts.h"

#include <errno.h>
#include <fcntl.h>
#include <sysexits.h>
#include <unistd.h>

static int
set_flags(int fd)
{
	return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ? -1 : 0;
}

int
bell_open(struct bell *bell, int hint_fd, struct error *err)
{
	*bell = (struct bell){{-1, -1}, hint_fd};
	if (pipe(bell->pipe) < 0 || set_flags(bell->pipe[0]) < 0 || set_flags(bell->pipe[1]) < 0) {
		(void)error_errno(err, EX_OSERR, "cannot make a pipe");
		bell_close(bell);
		return -1;
	}
	return 0;
}

void
bell_close(struct bell *bell)
{
	for (int i = 0; i < 2; i++) {
		if (bell->pipe[i] >= 0)
			(void)close(bell->pipe[i]);
		bell->pipe[i] = -1;
	}
}

void
bell_ring(const struct bell *bell)
{
	int saved = errno;

	/* A full pipe rings already. */
	(void)!write(bell->pipe[1], "", 1);
	errno = saved;
}

void
bell_quiet(const struct bell *bell)
{
	char bytes[512];

	while (read(bell->pipe[0], bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes))
		;
}

bool
bell_wait(
    struct bell *bell, const struct observation_clock *clock, bool with_hint, timestamp longest)
{
	struct pollfd fds[] = {{.fd = bell->pipe[0], .events = POLLIN},
	    {.fd = with_hint ? bell->hint_fd : -1, .events = POLLIN}};

	if (clock->wait(clock->context, fds, 2, longest) <= 0)
		return false;
	if (fds[0].revents != 0)
		bell_quiet(bell);
	/* It would end every wait from here on. */
	if (fds[1].revents & (POLLHUP | POLLERR | POLLNVAL))
		bell->hint_fd = -1;
	return true;
}
