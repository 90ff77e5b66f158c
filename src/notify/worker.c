#include "worker.h"

#include <homelab/message.h>
#include <homelab/notification.h>
#include <homelab/bookmark.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sysexits.h>

timestamp
notifier_now(const struct notify_options *options)
{
	return options->now == TIMESTAMP_NONE ? clock_real() : options->now;
}

/* A file without a name: nobody waits for a hook to read, and it can't fail to
 * be there when it does. */
static FILE *
make_input(const json_t *notification, struct error *err)
{
	FILE *file = tmpfile();

	if (file == NULL) {
		(void)error_errno(err, EX_IOERR, "cannot make a temporary file");
		return NULL;
	}
	(void)fcntl(fileno(file), F_SETFD, FD_CLOEXEC);
	if (json_dumpf(
		notification, file, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(15)) == 0 &&
	    fputc('\n', file) != EOF && fflush(file) == 0 && lseek(fileno(file), 0, SEEK_SET) == 0)
		return file;
	(void)error_errno(err, EX_IOERR, "cannot write a temporary file");
	(void)fclose(file);
	return NULL;
}

int
worker_give(struct worker *w, const struct notify_options *options, const json_t *notification,
    struct error *err)
{
	FILE *input = make_input(notification, err);
	int failed;

	if (input == NULL)
		return -1;
	failed = process_start(
	    &w->process, w->hook.name, w->hook.path, fileno(input), options->timeout, err);
	(void)fclose(input);
	if (failed == 0)
		w->state = WORKER_RUNNING;
	return failed;
}

/* --- what changed ------------------------------------------------------------ */

/* What was delivered goes to disk together with what is next, and that before
 * the hook sees it. */
static int
store_next(struct notifier *n, struct worker *w, struct bookmark *p, struct error *err)
{
	struct bookmark_source source = {
	    &n->batches, n->root, notifier_now(n->options), n->options->hold};
	int failed = 0;

	if (w->delivered && p->pending != NULL)
		bookmark_delivered(p);
	if (p->pending == NULL)
		failed = bookmark_take(p, &source, &w->cursor, err);
	if (p->changed && bookmark_save(n->state, w->hook.name, p, failed ? NULL : err) < 0)
		return -1;
	w->delivered = false;
	return failed;
}

static int
tell_change(struct notifier *n, struct worker *w, struct error *err)
{
	struct bookmark mark;
	bool damaged;
	int failed;

	if (bookmark_load(n->state, w->hook.name, &mark, &damaged, err) < 0)
		return -1;
	if (damaged)
		message_warning("%s: its bookmark was damaged, and is kept as %s.json.damaged",
		    w->hook.name, w->hook.name);
	failed = store_next(n, w, &mark, err);
	if (failed == 0 && mark.pending != NULL && bookmark_is_due(&mark, notifier_now(n->options)))
		failed = worker_give(w, n->options, mark.pending, err);
	bookmark_release(&mark);
	return failed;
}

static int
note_failure(struct notifier *n, struct worker *w, const char *how, struct error *err)
{
	struct bookmark mark;
	bool damaged;
	int failed;

	if (bookmark_load(n->state, w->hook.name, &mark, &damaged, err) < 0)
		return -1;
	bookmark_failed(&mark, notifier_now(n->options));
	message_warning("%s %s; the same again in %lld minutes", w->hook.name, how,
	    (long long)(bookmark_delay(mark.failures) / MINUTES(1)));
	failed = bookmark_save(n->state, w->hook.name, &mark, err);
	bookmark_release(&mark);
	return failed;
}

/* --- how it is --------------------------------------------------------------- */

static int
tell_state(struct notifier *n, struct worker *w, struct error *err)
{
	timestamp now = notifier_now(n->options);
	json_auto_t *events = json_array(), *notification = NULL;
	json_auto_t *incidents =
	    notification_incidents(n->root, now - MINUTES(RESOLVED_MINUTES), err);
	struct notification state = {.reason = "state",
	    .generation = n->batches.committed,
	    .events = events,
	    .incidents = incidents,
	    .now = now};

	if (incidents == NULL)
		return -1;
	notification = notification_make(&state);
	return worker_give(w, n->options, notification, err);
}

/* --- a hook's turn ----------------------------------------------------------- */

static void
note_error(struct notifier *n, const struct worker *w, const struct error *err)
{
	message_error("%s: %s", w->hook.name, err->text);
	n->failed = true;
}

void
worker_begin(struct notifier *n, struct worker *w)
{
	struct error err;

	w->state = WORKER_RESTING;
	if ((w->hook.state ? tell_state(n, w, &err) : tell_change(n, w, &err)) < 0)
		note_error(n, w, &err);
}

bool
worker_attend(struct notifier *n, struct worker *w)
{
	struct error err;
	char how[64];

	if (!process_attend(&w->process))
		return false;
	w->state = WORKER_RESTING;
	if (process_succeeded(&w->process, how, sizeof(how))) {
		message_verbose("%s took it", w->hook.name);
		w->delivered = true;
		if (!w->hook.state)
			w->state = WORKER_IDLE;
	} else if (w->process.stopped) {
		message_verbose("%s %s", w->hook.name, how);
	} else if (w->hook.state) {
		message_warning("%s %s", w->hook.name, how);
	} else if (note_failure(n, w, how, &err) < 0) {
		note_error(n, w, &err);
	}
	return true;
}
