#include "isolation.h"

#include <homelab/buffer.h>
#include <homelab/hook.h>
#include <homelab/process.h>

#include <fcntl.h>
#include <string.h>
#include <sysexits.h>

#define TIMEOUT SECONDS(30)

/* What a pipe takes at once, whoever reads it, on every system. */
enum { INPUT_MAX = 16 << 10 };

/* The end to read from; nobody has the other. */
static int
make_input(const json_t *subject, struct error *err)
{
	cleanup_free char *text = json_dumps(subject, JSON_COMPACT | JSON_SORT_KEYS);
	size_t length = text == NULL ? 0 : strlen(text);
	cleanup_close int end = -1;
	int ends[2];

	if (pipe(ends) < 0)
		return error_errno(err, EX_OSERR, "cannot make a pipe");
	end = ends[1];
	(void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	(void)fcntl(end, F_SETFD, FD_CLOEXEC);
	if (length > 0 && length <= INPUT_MAX && write(end, text, length) == (ssize_t)length)
		return ends[0];
	(void)close(ends[0]);
	return error_set(err, EX_SOFTWARE, "cannot say what is to be isolated");
}

int
isolation_run(
    const char *hook, const json_t *subject, const volatile sig_atomic_t *stop, struct error *err)
{
	cleanup_free char *path = NULL;
	cleanup_close int input = -1;
	struct process process, *const one[] = {&process};
	char how[128];

	if (hook_resolve(hook, &path, err) < 0 || (input = make_input(subject, err)) < 0 ||
	    process_start(&process, "isolate-hook", path, input, TIMEOUT, err) < 0)
		return -1;
	while (!process_attend(&process)) {
		if (*stop)
			process_stop(&process);
		process_wait(one, 1);
	}
	if (!process_succeeded(&process, how, sizeof(how)))
		return error_set(err, EX_SOFTWARE, "the isolate hook %s", how);
	return 0;
}
