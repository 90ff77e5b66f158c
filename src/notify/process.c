#include <homelab/process.h>

#include <homelab/disk.h>
#include <homelab/message.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <sysexits.h>

static sigset_t while_waiting; /* the signals blocked while we wait */
static volatile sig_atomic_t *stop_flag;

static void
on_stop(int number)
{
	(void)number;
	*stop_flag = 1;
}

static void
on_child(int number)
{
	(void)number; /* it's enough that pselect() ends */
}

void
process_watch_children(volatile sig_atomic_t *stop)
{
	struct sigaction action = {.sa_handler = on_child};
	sigset_t set;

	stop_flag = stop;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, &while_waiting);
	(void)sigdelset(&while_waiting, SIGCHLD);
	(void)sigdelset(&while_waiting, SIGTERM);
	(void)sigdelset(&while_waiting, SIGINT);
	(void)sigaction(SIGCHLD, &action, NULL);
	action.sa_handler = on_stop;
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
}

/* --- starting ---------------------------------------------------------------- */

_Noreturn static void
become(const char *path, int input, int output)
{
	char *const arguments[] = {(char *)path, NULL};
	struct sigaction action = {.sa_handler = SIG_DFL};

	(void)setpgid(0, 0);
	(void)sigaction(SIGCHLD, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigprocmask(SIG_SETMASK, &while_waiting, NULL);
	if (dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
	    dup2(output, STDERR_FILENO) >= 0 && chdir("/") == 0)
		(void)execv(path, arguments);
	(void)dprintf(output, "cannot execute %s: %s\n", path, strerror(errno));
	_exit(126);
}

static int
open_pipe(int ends[2], struct error *err)
{
	if (pipe(ends) < 0)
		return error_errno(err, EX_OSERR, "cannot make a pipe");
	(void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	(void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	return 0;
}

int
process_start(struct process *p, const char *name, const char *path, int input, timestamp duration,
    struct error *err)
{
	int ends[2];

	if (open_pipe(ends, err) < 0)
		return -1;
	*p = (struct process){.name = name, .output = ends[0]};
	p->deadline = timestamp_add(clock_monotonic(), duration);
	p->pid = fork();
	if (p->pid == 0)
		become(path, input, ends[1]);
	(void)close(ends[1]);
	if (p->pid < 0) {
		p->pid = 0;
		(void)close(ends[0]);
		return error_errno(err, EX_OSERR, "cannot fork");
	}
	(void)setpgid(p->pid, p->pid); /* whoever of us two is first */
	return 0;
}

/* --- what it says ------------------------------------------------------------ */

static void
say_line(struct process *p)
{
	p->line[p->length] = '\0';
	if (p->length > 0 && p->said <= OUTPUT_BYTES_MAX)
		message_notice("%s: %s", p->name, p->line);
	if (p->said <= OUTPUT_BYTES_MAX && p->said + p->length + 1 > OUTPUT_BYTES_MAX)
		message_warning("%s: says too much; the rest is left out", p->name);
	if (p->said <= OUTPUT_BYTES_MAX)
		p->said += p->length + 1;
	p->length = 0;
}

static void
take_output(struct process *p, const char *data, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (data[i] != '\n')
			p->line[p->length++] = data[i] != '\0' ? data[i] : '?';
		if (data[i] == '\n' || p->length == OUTPUT_LINE_MAX)
			say_line(p);
	}
}

/* Closes at the end: whoever still has the other end is none of ours. */
static void
drain(struct process *p, bool ended)
{
	char data[4096];
	ssize_t got = 0;

	for (int i = 0; p->output >= 0 && i < 64; i++) {
		if ((got = read(p->output, data, sizeof(data))) <= 0)
			break;
		take_output(p, data, (size_t)got);
	}
	if (p->output < 0 || (!ended && (got > 0 || (got < 0 && errno == EAGAIN))))
		return;
	if (p->length > 0)
		say_line(p);
	(void)close(p->output);
	p->output = -1;
}

/* --- waiting ----------------------------------------------------------------- */

void
process_wait(struct process *const *processes, size_t count)
{
	timestamp now = clock_monotonic(), wait = SECONDS(1);
	struct timespec patience;
	fd_set set;
	int last = -1;

	FD_ZERO(&set);
	for (size_t i = 0; i < count; i++) {
		const struct process *p = processes[i];

		if (p->pid == 0)
			continue;
		if (p->output >= 0 && p->output < FD_SETSIZE) {
			FD_SET(p->output, &set);
			last = p->output > last ? p->output : last;
		}
		if (p->deadline - now < wait)
			wait = p->deadline > now ? p->deadline - now : 0;
	}
	patience = (struct timespec){
	    (time_t)(wait / NANOSECONDS_A_SECOND), (long)(wait % NANOSECONDS_A_SECOND)};
	(void)pselect(last + 1, &set, NULL, NULL, &patience, &while_waiting);
}

void
process_stop(struct process *p)
{
	if (p->pid > 0 && !p->late)
		p->deadline = 0;
	p->stopped = true;
}

static void
hurry(struct process *p)
{
	if (clock_monotonic() < p->deadline)
		return;
	(void)kill(-p->pid, p->late ? SIGKILL : SIGTERM);
	p->late = true;
	p->deadline = clock_monotonic() + SECONDS(GRACE_SECONDS);
}

bool
process_attend(struct process *p)
{
	siginfo_t info = {0};

	drain(p, false);
	if (waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
	    info.si_pid != p->pid) {
		hurry(p);
		return false;
	}
	/* Not waited for yet, its number can't be another's group. */
	(void)kill(-p->pid, SIGKILL);
	(void)waitpid(p->pid, &p->status, 0);
	drain(p, true);
	p->pid = 0;
	return true;
}

bool
process_succeeded(const struct process *p, char *out, size_t size)
{
	if (p->stopped)
		(void)snprintf(out, size, "was stopped");
	else if (p->late)
		(void)snprintf(out, size, "took too long");
	else if (WIFSIGNALED(p->status))
		(void)snprintf(out, size, "ended by signal %d", WTERMSIG(p->status));
	else if (WEXITSTATUS(p->status) != 0)
		(void)snprintf(out, size, "ended with %d", WEXITSTATUS(p->status));
	else
		return true;
	return false;
}
