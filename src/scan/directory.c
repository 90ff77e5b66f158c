/*
 * One event directory: whether anything in it may be new, and, where it may,
 * all of it listed and decided on. A directory is either untouched or listed
 * whole.
 */

#include "listing.h"

#include <homelab/names.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static bool
watched_changed(int root, struct buffer *path, const struct directory *d)
{
	struct identity now;
	struct stat st;

	for (size_t i = 0; i < d->watched_count; i++) {
		size_t base = path->length;

		buffer_text(path, "/%s", d->watched[i].name);
		if (disk.stat(root, buffer_string(path), &st, AT_SYMLINK_NOFOLLOW) < 0)
			return true;
		identity_of(&st, &now);
		if (!identity_same(&now, &d->watched[i].identity))
			return true;
		path->length = base;
	}
	return false;
}

bool
directory_is_due(const struct intake *in, const struct source *s, const struct directory *d)
{
	cleanup_buffer struct buffer below = {0}, path = {0};
	struct stat st;

	if (!d->exists)
		return false;
	if (d->pending || in->scan->rebuild || in->scan->now >= d->held_until)
		return true;
	directory_path(s, d, &below);
	buffer_text(&path, EVENTS "/%s", (char *)below.data);
	if (disk.stat(in->scan->root, buffer_string(&path), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return true;
	return !listing_holds(&d->identity, d->listed, &st) ||
	    watched_changed(in->scan->root, &path, d);
}

int
directory_open(const struct scan *scan, const struct source *s, const struct directory *d)
{
	char date[DATE_TEXT_MAX];
	cleanup_close int events = scan_open_events(scan);
	cleanup_close int parent = -1;

	if (events < 0)
		return -1;
	if (d->date == NO_DATE)
		return disk_open_dir(events, s->name, NULL);
	parent = disk_open_dir(events, date_format(d->date, date), NULL);
	return parent < 0 ? -1 : disk_open_dir(parent, s->name, NULL);
}

/* The greatest name below which everything is decided (C1). */
static void
find_top(struct listing *l)
{
	struct directory *d = l->directory;
	const char *top = NULL;

	for (size_t i = 0; i < l->out.count; i++) {
		const struct decision *item = &l->out.items[i];

		if (item->present && item->verdict != VERDICT_HELD &&
		    (l->undecided == NULL || strcmp(item->key, l->undecided) < 0) &&
		    (top == NULL || strcmp(item->key, top) > 0) && name_is_printable(item->key) &&
		    strchr(item->key, '/') == NULL)
			top = item->key;
	}
	free(d->top);
	d->top = top ? text_copy(top) : NULL;
	d->complete = l->undecided == NULL;
}

static void
forget_watched(struct directory *d)
{
	for (size_t i = 0; i < d->watched_count; i++)
		free(d->watched[i].name);
	d->watched_count = 0;
}

static void
mark_unreadable(struct listing *l)
{
	struct directory *d = l->directory;

	l->in->tally.unreadable++;
	d->pending = true;
	d->complete = false;
	free(d->top);
	d->top = NULL;
}

static int
list(struct listing *l, struct error *err)
{
	struct directory *d = l->directory;
	timestamp began = clock_real();
	struct stat st;

	if (disk.fstat(l->fd, &st) < 0) {
		mark_unreadable(l);
		return 0;
	}
	forget_watched(d);
	if (listing_walk(l, err) < 0 || listing_settle_held(l, err) < 0)
		return -1;
	d->pending = l->waits;
	d->listed = TIMESTAMP_NONE;
	d->identity = (struct identity){0};
	if (!l->waits) {
		d->listed = began;
		identity_of(&st, &d->identity);
	}
	find_top(l);
	return 0;
}

static void
mark_gone(struct directory *d)
{
	d->exists = d->seen = false;
	d->pending = true;
	d->held = 0;
	d->held_until = TIMESTAMP_LAST;
}

int
directory_scan(struct intake *in, struct source *s, struct directory *d, struct decisions *old,
    struct error *err)
{
	struct listing l = {.in = in, .source = s, .directory = d, .known = &l.out, .fd = -1};
	int result = 0;

	if (old != NULL)
		l.known = old;
	else
		result = decisions_load(in->scan->store, s, d, &l.out, err);
	directory_path(s, d, &l.base);
	if (result == 0 && d->exists) {
		l.fd = directory_open(in->scan, s, d);
		if (l.fd >= 0)
			result = list(&l, err);
		else if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
			mark_gone(d);
		else
			mark_unreadable(&l);
	}
	if (result == 0 && old != NULL)
		listing_carry(&l);
	if (result == 0)
		result = decisions_flush(in->scan->store, s, d, &l.out, clock_real(), err);
	if (l.fd >= 0)
		(void)close(l.fd);
	decisions_release(&l.out);
	buffer_release(&l.base);
	free(l.undecided);
	return result;
}
