/*
 * --expire-events: deletes event files whose events are in the journal, once
 * they have been there for long enough, and the directories that are empty then.
 *
 * A file goes where all of these hold:
 *
 *	its verdict is that its event is in the journal, or that it's a .jsonl
 *	read to its end, each of whose lines is in the journal
 *	that was decided on long enough ago
 *	it is a regular file that hasn't changed for as long
 *	the journal of its node can be read
 *
 * The checkpoint isn't touched: to the next run, a file that is gone is nothing
 * new, since what was decided on it stands (C2, E6).
 */

#include "run.h"

#include <homelab/message.h>
#include <homelab/service.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sysexits.h>

enum { CLOSED_AFTER_DAYS = 2 }; /* before, a directory may still be written to */

struct expiry {
	struct observer *observer;
	timestamp before; /* what is younger stays */
	int32_t closed; /* the last date whose directories may go */
	uint64_t files, bytes, directories;
	bool failed; /* something couldn't be looked at or deleted */
};

/* An event directory being looked through. */
struct visit {
	struct expiry *expiry;
	const struct source *source;
	const struct directory *directory;
	struct buffer path;
	struct decisions decisions;
	int fd;
	uint64_t entries, deleted;
};

static void
complain(struct expiry *e, const char *path, const char *what)
{
	e->failed = true;
	message_warning("events/%s: cannot %s: %s", path, what, strerror(errno));
}

/* --- the journal ------------------------------------------------------------- */

/* Whether all that a partition's verdicts speak of can be read. */
static bool
is_intact(const struct observer *o, const struct slot *s)
{
	const struct manifest *m = s->manifest;
	struct partition *base;

	for (size_t i = 0; i < m->source_count; i++)
		for (size_t k = 0; k < m->sources[i].day_count; k++)
			if (!day_is_sound(&o->store, &m->sources[i], &m->sources[i].days[k]))
				return false;
	if (!m->based)
		return true;
	base = snapshot_load(&o->store, m->node, &m->snapshots[0], NULL);
	partition_free(base);
	return base != NULL;
}

/* A run that was killed may have left a checkpoint, and if it was the first one a
 * state directory, whose names aren't durable. */
static int
make_durable(const struct observer *o, struct error *err)
{
	if (o->options->dry_run)
		return 0;
	return disk_sync_dir(o->state, ".", err) < 0 ? -1 : disk_sync_dir(o->root, ".", err);
}

static int
load_committed(struct observer *o, struct error *err)
{
	char why[ERROR_TEXT_MAX] = "there is none";
	enum checkpoint_state state;

	if (o->lock < 0)
		return error_set(
		    err, EX_IOERR, "cannot open state/%s; nothing was deleted", LOCK_NAME);
	if (checkpoint_read(o->state, &o->before, &state, why, err) < 0)
		return -1;
	if (o->before == NULL)
		return error_set(err, EX_IOERR, "no sound checkpoint: %s; nothing was deleted",
		    state == CHECKPOINT_FOREIGN ? "it is the Python observer's" : why);
	tree_from_json(json_object_get(o->before, "tree"), &o->tree);
	return make_durable(o, err) < 0 ? -1 : slots_load(o, err);
}

/* --- files --------------------------------------------------------------------- */

static int
meet(void *context, const struct dirent *entry)
{
	struct visit *v = context;
	struct decision *d = decisions_find(&v->decisions, entry->d_name);

	v->entries++;
	if (d != NULL)
		d->present = true;
	return 0;
}

/* A .jsonl with lines that are in no journal stays. */
static void
spare_lines(struct visit *v)
{
	for (size_t i = 0; i < v->decisions.count; i++) {
		const struct decision *line = &v->decisions.items[i];
		const char *slash = strchr(line->key, '/');
		cleanup_free char *name = NULL;
		struct decision *file;

		if (slash == NULL || line->verdict == VERDICT_EVENT)
			continue;
		name = text_copy_length(line->key, (size_t)(slash - line->key));
		if ((file = decisions_find(&v->decisions, name)) != NULL)
			file->present = false;
	}
}

static bool
may_go(const struct expiry *e, const struct decision *d, const struct stat *st)
{
	if (!S_ISREG(st->st_mode) || time_of(&st->st_ctim) > e->before)
		return false;
	return d->verdict == VERDICT_EVENT || (uint64_t)st->st_size == d->size;
}

/* -1 where nothing can be deleted in this directory. */
static int
expire_file(struct visit *v, const struct decision *d)
{
	struct expiry *e = v->expiry;
	bool dry_run = e->observer->options->dry_run;
	struct stat st;

	if (disk.stat(v->fd, d->key, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -1;
	if (!may_go(e, d, &st))
		return 0;
	if (!dry_run && disk.unlink(v->fd, d->key, 0) < 0)
		return errno == ENOENT ? 0 : -1;
	message_verbose("events/%s/%s: %s", (char *)v->path.data, d->key,
	    dry_run ? "would be deleted" : "deleted");
	v->deleted++;
	e->files++;
	service_is_alive();
	e->bytes += (uint64_t)st.st_size;
	return 0;
}

static bool
is_stopped(const struct expiry *e)
{
	return *e->observer->options->stop != 0;
}

static void
expire_files(struct visit *v)
{
	for (size_t i = 0; i < v->decisions.count && !is_stopped(v->expiry); i++) {
		const struct decision *d = &v->decisions.items[i];

		if (!d->present || d->decided > v->expiry->before ||
		    (d->verdict != VERDICT_EVENT && d->verdict != VERDICT_READ))
			continue;
		if (expire_file(v, d) < 0) {
			complain(v->expiry, (char *)v->path.data, "delete files");
			break;
		}
	}
	v->expiry->directories += v->deleted > 0;
}

/* --- directories ------------------------------------------------------------------ */

/* Removes a directory of a date that is over, where it is empty. */
static void
remove_empty(struct expiry *e, int parent, const char *name, const char *path)
{
	if (!e->observer->options->dry_run && disk.unlink(parent, name, AT_REMOVEDIR) < 0 &&
	    errno != ENOTEMPTY && errno != EEXIST && errno != ENOENT && errno != ENOTDIR)
		complain(e, path, "remove the directory");
}

static void
remove_visited(const struct visit *v)
{
	char date[DATE_TEXT_MAX];
	cleanup_close int events = -1, parent = -1;

	if (v->directory->date == NO_DATE || v->directory->date > v->expiry->closed ||
	    v->deleted < v->entries)
		return;
	events = scan_open_events(&v->expiry->observer->scan);
	parent = disk_open_dir(events, date_format(v->directory->date, date), NULL);
	if (parent >= 0)
		remove_empty(v->expiry, parent, v->source->name, (char *)v->path.data);
}

static void
remove_dates(struct expiry *e)
{
	const struct tree *t = &e->observer->tree;
	cleanup_close int events = scan_open_events(&e->observer->scan);
	char date[DATE_TEXT_MAX];

	for (size_t i = 0; events >= 0 && i < t->date_count && t->dates[i].date <= e->closed; i++)
		remove_empty(e, events, date_format(t->dates[i].date, date), date);
}

static void
look_through(struct visit *v)
{
	if (disk_list(v->fd, meet, v) < 0) {
		complain(v->expiry, (char *)v->path.data, "list the directory");
		return;
	}
	spare_lines(v);
	expire_files(v);
	remove_visited(v);
}

static void
expire_directory(struct expiry *e, const struct source *s, const struct directory *d)
{
	struct visit v = {.expiry = e, .source = s, .directory = d};
	struct error err;

	directory_path(s, d, &v.path);
	v.fd = directory_open(&e->observer->scan, s, d);
	if (v.fd < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
		complain(e, (char *)v.path.data, "open the directory");
	if (v.fd >= 0) {
		if (decisions_load(&e->observer->store, s, d, &v.decisions, &err) == 0) {
			look_through(&v);
		} else {
			message_error(
			    "%s: events/%s stays as it is", err.text, (char *)v.path.data);
			e->failed = true;
		}
		(void)close(v.fd);
	}
	decisions_release(&v.decisions);
	buffer_release(&v.path);
}

static void
expire_slot(struct expiry *e, const struct slot *s)
{
	const struct manifest *m = s->manifest;

	if (s->damaged || !is_intact(e->observer, s)) {
		message_error("the journal of %s is damaged: its event files stay", m->node);
		e->failed = true;
		return;
	}
	for (size_t i = 0; i < m->source_count; i++)
		for (size_t k = 0; k < m->sources[i].directory_count && !is_stopped(e); k++)
			expire_directory(e, &m->sources[i], &m->sources[i].directories[k]);
}

static int
expire(struct expiry *e, struct error *err)
{
	struct observer *o = e->observer;

	if (load_committed(o, err) < 0)
		return -1;
	if (!o->options->dry_run)
		observer_sign_lock(o);
	for (size_t i = 0; i < o->slot_count && !is_stopped(e); i++)
		expire_slot(e, &o->slots[i]);
	if (!is_stopped(e))
		remove_dates(e);
	message_notice("%s %llu event files of %llu bytes in %llu directories",
	    o->options->dry_run ? "would delete" : "deleted", (unsigned long long)e->files,
	    (unsigned long long)e->bytes, (unsigned long long)e->directories);
	if (is_stopped(e))
		return error_set(err, EX_TEMPFAIL, "interrupted; the next time goes on from here");
	if (e->failed)
		return error_set(err, EX_IOERR, "not everything could be looked at and deleted");
	return 0;
}

int
observer_expire(const struct observer_options *options, timestamp age, struct error *err)
{
	struct observer o;
	struct expiry e = {.observer = &o};
	int status = EX_OK;

	err->status = 0;
	/* Read-only: nothing is made or written in state and world. */
	if (observer_open(&o, options, true, err) == 0) {
		e.before = o.now - age;
		e.closed = date_of(o.now) - CLOSED_AFTER_DAYS;
	}
	if (err->status != 0 || expire(&e, err) < 0)
		status = err->status ? err->status : EX_SOFTWARE;
	observer_close(&o);
	return status;
}
