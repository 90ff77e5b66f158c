#include "worker.h"

#include <homelab/lock.h>
#include <homelab/message.h>
#include <homelab/notification.h>
#include <homelab/owner.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define LOCK_NAME "notify.lock" /* no hook's name has a dot in front of its .json */

void
notify_options_init(struct notify_options *options)
{
	*options = (struct notify_options){.root = "/opt/homelab",
	    .hooks = "/etc/homelab/hooks.d",
	    .state = "/var/lib/homelab-notify",
	    .hold = MINUTES(2),
	    .timeout = SECONDS(30),
	    .now = TIMESTAMP_NONE};
}

/* --- our own directory ------------------------------------------------------- */

/* That of the bookmarks, so that hooks run as they do from the service. */
static int
become_owner_of_state(int state, const char *path, struct error *err)
{
	struct stat st;

	if (disk.fstat(state, &st) < 0)
		return error_errno(err, EX_IOERR, "cannot stat %s", path);
	return become_owner(&st, path, err);
}

static int
take_lock(struct notifier *n, struct error *err)
{
	n->lock = disk.open(n->state, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (n->lock < 0)
		return error_errno(err, EX_IOERR, "cannot open %s", LOCK_NAME);
	return lock_take(n->lock, LOCK_NAME, "homelab-notify", true, err);
}

static int
open_directories(struct notifier *n, struct error *err)
{
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

	if (disk_make_dir(AT_FDCWD, n->options->state, err) < 0)
		return -1;
	n->state = disk.open(AT_FDCWD, n->options->state, flags, 0);
	if (n->state < 0)
		return error_errno(err, EX_IOERR, "cannot open %s", n->options->state);
	if (become_owner_of_state(n->state, n->options->state, err) < 0 || take_lock(n, err) < 0)
		return -1;
	n->root = disk.open(AT_FDCWD, n->options->root, flags, 0);
	if (n->root < 0)
		return error_errno(err, EX_IOERR, "cannot open %s", n->options->root);
	return 0;
}

/* --- looking for news -------------------------------------------------------- */

static void
note_error(struct notifier *n, const struct error *err)
{
	message_error("%s", err->text);
	n->failed = true;
}

static struct worker *
find_worker(struct notifier *n, const char *name)
{
	for (size_t i = 0; i < n->count; i++)
		if (strcmp(n->workers[i]->hook.name, name) == 0)
			return n->workers[i];
	return NULL;
}

static void
free_worker(struct worker *w)
{
	free(w->hook.name);
	free(w->hook.path);
	free(w);
}

/* Where a hook is that was there before may be elsewhere now; a running one goes
 * by its name, which stays. */
static void
adopt(struct worker *w, struct hook *found)
{
	char *path = w->hook.path;

	if (w->hook.name == NULL) {
		w->hook = *found;
		*found = (struct hook){0};
		return;
	}
	w->hook.path = found->path;
	found->path = path;
}

/* Hooks come and go, also while others of this run are busy. */
static void
remove_gone(struct notifier *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->count; i++)
		if (n->workers[i]->gone && n->workers[i]->state != WORKER_RUNNING)
			free_worker(n->workers[i]);
		else
			n->workers[kept++] = n->workers[i];
	n->count = kept;
}

static void
look_for_hooks(struct notifier *n)
{
	struct hooks found;
	struct error err;

	if (hooks_load(n->options->hooks, &found, &err) < 0) {
		note_error(n, &err);
		return;
	}
	n->refused = found.refused;
	for (size_t i = 0; i < n->count; i++)
		n->workers[i]->gone = true;
	for (size_t i = 0; i < found.count; i++) {
		struct worker *w = find_worker(n, found.hooks[i].name);

		if (w == NULL) {
			w = memory_alloc(sizeof(*w));
			ARRAY_GROW(n->workers, n->count, n->room);
			n->workers[n->count++] = w;
		}
		w->gone = false;
		adopt(w, &found.hooks[i]);
	}
	hooks_release(&found);
	remove_gone(n);
}

static void
look_for_batches(struct notifier *n)
{
	struct error err;

	batches_close(&n->batches);
	if (batches_open(n->root, &n->batches, &err) < 0)
		note_error(n, &err);
}

/* Every second while hooks run: one that takes long keeps none from the news. */
static void
look_for_news(struct notifier *n)
{
	timestamp now = clock_monotonic();
	bool minute = n->minute == 0 || now - n->minute >= MINUTES(1);

	if (!minute && now - n->looked_at < SECONDS(1))
		return;
	n->looked_at = now;
	if (!minute && !batches_are_stale(n->root, &n->batches))
		return;
	look_for_batches(n);
	if (minute) {
		n->minute = now;
		look_for_hooks(n);
	}
	for (size_t i = 0; i < n->count; i++)
		if (n->workers[i]->state == WORKER_RESTING)
			n->workers[i]->state = WORKER_IDLE;
}

/* --- a run ------------------------------------------------------------------- */

/* Returns how many hooks run. */
static size_t
begin_idle(struct notifier *n)
{
	size_t running = 0;

	for (size_t i = 0; i < n->count; i++) {
		struct worker *w = n->workers[i];

		if (w->state == WORKER_IDLE && !w->gone)
			worker_begin(n, w);
		running += w->state == WORKER_RUNNING;
	}
	return running;
}

static void
attend(struct notifier *n)
{
	struct process *running[HOOKS_MAX * 2];
	size_t count = 0;

	for (size_t i = 0; i < n->count && count < HOOKS_MAX * 2; i++)
		if (n->workers[i]->state == WORKER_RUNNING)
			running[count++] = &n->workers[i]->process;
	process_wait(running, count);
	for (size_t i = 0; i < n->count; i++)
		if (n->workers[i]->state == WORKER_RUNNING)
			(void)worker_attend(n, n->workers[i]);
}

static bool
is_stopped(const struct notifier *n)
{
	return n->options->stop != NULL && *n->options->stop != 0;
}

static void
tell_all(struct notifier *n)
{
	do {
		look_for_news(n);
		while (!is_stopped(n) && begin_idle(n) > 0) {
			attend(n);
			look_for_news(n);
		}
		n->looked_at = 0;
	} while (!is_stopped(n) && batches_are_stale(n->root, &n->batches));
}

/* Told to stop: so are the hooks, and get the same again another time. */
static void
stop_all(struct notifier *n)
{
	bool running = true;

	for (size_t i = 0; i < n->count; i++)
		if (n->workers[i]->state == WORKER_RUNNING)
			process_stop(&n->workers[i]->process);
	while (running) {
		running = false;
		attend(n);
		for (size_t i = 0; i < n->count; i++)
			running |= n->workers[i]->state == WORKER_RUNNING;
	}
}

static void
release(struct notifier *n)
{
	int fds[] = {n->root, n->state, n->lock};

	for (size_t i = 0; i < n->count; i++)
		free_worker(n->workers[i]);
	free(n->workers);
	batches_close(&n->batches);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
}

int
notify_run(const struct notify_options *options, struct error *err)
{
	struct notifier n = {
	    .options = options, .root = -1, .state = -1, .lock = -1, .batches.outbox = -1};
	int status = EX_OK;

	if (open_directories(&n, err) < 0) {
		release(&n);
		return err->status;
	}
	tell_all(&n);
	if (is_stopped(&n)) {
		stop_all(&n);
		status = error_set(err, EX_TEMPFAIL, "stopped by a signal");
	}
	status = status != EX_OK ? EX_TEMPFAIL :
	    n.failed             ? EX_IOERR :
	    n.refused > 0        ? EX_CONFIG :
				   EX_OK;
	release(&n);
	return status;
}

/* --- a test of one hook ------------------------------------------------------ */

static int
become_user_of_service(const struct notify_options *options, struct error *err)
{
	cleanup_close int fd =
	    disk.open(AT_FDCWD, options->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

	return fd < 0 ? 0 : become_owner_of_state(fd, options->state, err);
}

static int
resolve_named(const struct notify_options *options, const char *hook, char **out, struct error *err)
{
	cleanup_buffer struct buffer path = {0};

	if (hook[0] == '/' || hook[0] == '.')
		return hook_resolve(hook, out, err);
	buffer_text(&path, "%s/%s", options->hooks, hook);
	return hook_resolve(buffer_string(&path), out, err);
}

int
notify_test(const struct notify_options *options, const char *hook, struct error *err)
{
	json_auto_t *example = notification_example(notifier_now(options));
	cleanup_free char *real = NULL;
	struct worker w = {.hook = {.name = (char *)hook}};
	struct process *const running[] = {&w.process};
	char how[64];

	if (become_user_of_service(options, err) < 0 ||
	    resolve_named(options, hook, &real, err) < 0)
		return err->status;
	w.hook.path = real;
	if (worker_give(&w, options, example, err) < 0)
		return err->status;
	while (!process_attend(&w.process)) {
		process_wait(running, 1);
		if (options->stop != NULL && *options->stop != 0)
			process_stop(&w.process);
	}
	if (!process_succeeded(&w.process, how, sizeof(how))) {
		(void)error_set(err, 1, "%s %s", hook, how);
		return 1;
	}
	message_notice("%s took the example", hook);
	return EX_OK;
}
