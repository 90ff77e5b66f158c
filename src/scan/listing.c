/*
 * A listing meets every name in an event directory with what was decided on it:
 *
 *	no verdict, waits	-> looked at
 *	event, unplaced, shrunk	-> passed over, for ever
 *	rejected		-> looked at where size or ctime changed
 *	held			-> looked at when its time has come
 *	read (.jsonl)		-> looked at where it changed
 *
 * A rebuild looks at all but what was unplaced or shrunk.
 */

#include "listing.h"

#include <homelab/message.h>
#include <homelab/names.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sysexits.h>

enum { WATCHED_MAX = 1000 };

static void
note_undecided(struct listing *l, const char *name)
{
	if (l->undecided != NULL && strcmp(l->undecided, name) <= 0)
		return;
	free(l->undecided);
	l->undecided = text_copy(name);
}

void
listing_note(struct listing *l, const char *name, enum outcome outcome)
{
	if (outcome == OUTCOME_WAITS || outcome == OUTCOME_UNFINISHED)
		note_undecided(l, name);
	l->waits |= outcome == OUTCOME_WAITS;
}

/* What can't be read waits (T4). */
static enum outcome
wait_for(struct listing *l, const char *name)
{
	message_verbose(
	    "events/%s/%s: cannot read: %s", (char *)l->base.data, name, strerror(errno));
	l->in->tally.unreadable++;
	listing_note(l, name, OUTCOME_WAITS);
	return OUTCOME_WAITS;
}

/* False where it can't be looked at: it may be gone since it was listed. */
static bool
stat_at(struct listing *l, const char *name, struct identity *out, bool *regular)
{
	struct stat st;

	if (disk.stat(l->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			wait_for(l, name);
		return false;
	}
	*regular = S_ISREG(st.st_mode);
	identity_of(&st, out);
	return true;
}

static void
watch(struct listing *l, const char *name, const struct identity *identity)
{
	struct directory *d = l->directory;

	if (d->watched_count == WATCHED_MAX)
		return;
	ARRAY_GROW(d->watched, d->watched_count, d->watched_room);
	d->watched[d->watched_count++] = (struct watched){text_copy(name), *identity};
}

/* Opens a file that is to be looked at; anything but a regular file is stray.
 * O_NONBLOCK: a FIFO put in its place must not hold us up. */
enum opened
listing_open(const struct listing *l, struct candidate *c)
{
	struct stat st;

	c->fd =
	    disk.open(l->fd, c->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
	if (c->fd < 0 && (errno == ELOOP || errno == EMLINK || errno == ENXIO))
		return OPENED_STRAY;
	if (c->fd < 0)
		return errno == ENOENT ? OPENED_GONE : OPENED_NOT;
	if (disk.fstat(c->fd, &st) < 0)
		return OPENED_NOT;
	if (!S_ISREG(st.st_mode))
		return OPENED_STRAY;
	identity_of(&st, &c->identity);
	return OPENED;
}

static bool
is_lines(const char *name)
{
	size_t length = strlen(name);

	return length > 6 && strcmp(name + length - 6, ".jsonl") == 0;
}

static bool
is_event_file(const char *name)
{
	size_t length = strlen(name);

	return is_lines(name) || (length > 5 && strcmp(name + length - 5, ".json") == 0);
}

static enum outcome
decide(struct listing *l, struct candidate *c, struct error *err)
{
	if (!name_is_printable(c->name))
		return intake_reject(
		    l->in, c, "its name isn't printable ASCII of at most 200 bytes", err);
	return is_lines(c->name) ? intake_lines(l->in, c, err) : intake_file(l->in, c, err);
}

static bool
is_watched(const struct decision *d)
{
	return d->verdict == VERDICT_REJECTED || is_lines(d->key);
}

static enum outcome
decide_opened(struct listing *l, struct candidate *c, struct error *err)
{
	switch (listing_open(l, c)) {
	case OPENED_STRAY:
		l->in->tally.ignored++;
		return OUTCOME_DECIDED;
	case OPENED_GONE:
		return OUTCOME_DECIDED;
	case OPENED_NOT:
		return wait_for(l, c->name);
	case OPENED:
		break;
	}
	return decide(l, c, err);
}

/* Looks at a file; -1 where our own state failed. */
static int
look_at(struct listing *l, const char *name, struct error *err)
{
	cleanup_buffer struct buffer path = {0};
	struct candidate c = {l->source, l->directory, l->known, &l->out, name, NULL, -1, {0}};
	struct decision *d;
	enum outcome outcome;

	l->in->scan->looked_at(l->in->scan->context);
	buffer_text(&path, "%s/%s", (char *)l->base.data, name);
	c.path = buffer_string(&path);
	outcome = decide_opened(l, &c, err);
	if (c.fd >= 0)
		(void)close(c.fd);
	if (outcome == OUTCOME_FAILED)
		return -1;
	listing_note(l, name, outcome);
	if ((d = decisions_find(&l->out, name)) != NULL) {
		d->present = c.identity.inode != 0;
		if (d->present && is_watched(d))
			watch(l, name, &c.identity);
	}
	return 0;
}

/* Whether a name that was decided on has to be looked at again. */
static bool
needs_look(const struct listing *l, const struct decision *d, const struct identity *now)
{
	switch (d->verdict) {
	case VERDICT_EVENT:
		return l->in->scan->rebuild;
	case VERDICT_UNPLACED:
	case VERDICT_SHRUNK:
		return false;
	case VERDICT_HELD:
		return l->in->scan->rebuild || l->in->scan->now >= d->time;
	case VERDICT_READ:
		return l->in->scan->rebuild || now->size != d->size;
	case VERDICT_REJECTED:
		return l->in->scan->rebuild || now->size != d->size || now->ctime != d->time;
	case VERDICT_NONE:
	case VERDICT_COUNT:
		break;
	}
	return true;
}

/* In a rebuild: what isn't looked at keeps its verdict. */
static void
keep_verdict(struct listing *l, const struct decision *d)
{
	if (l->known != &l->out)
		decisions_set(&l->out, d->key, d->verdict, d->size, d->time);
}

static int
meet(struct listing *l, const char *name, struct error *err)
{
	struct decision *d = decisions_find(l->known, name);
	struct identity now = {0};
	bool regular = true, watched;

	if (d == NULL)
		return look_at(l, name, err);
	watched = is_watched(d);
	if (watched && !stat_at(l, name, &now, &regular))
		return 0;
	d->present = true;
	if (regular && needs_look(l, d, &now))
		return look_at(l, name, err);
	keep_verdict(l, d);
	d = decisions_find(&l->out, name);
	d->present = true;
	if (watched)
		watch(l, name, &now);
	return 0;
}

static bool
is_other_than_regular(const struct dirent *entry)
{
#ifdef DT_REG
	return entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN;
#else
	(void)entry;
	return false;
#endif
}

struct walk {
	struct listing *listing;
	struct error *err;
};

static int
visit(void *context, const struct dirent *entry)
{
	const struct walk *w = context;
	struct listing *l = w->listing;

	if (*l->in->scan->stop)
		return error_set(w->err, EX_TEMPFAIL, "interrupted");
	if (name_is_transfer(entry->d_name))
		return 0;
	if (is_event_file(entry->d_name) && !is_other_than_regular(entry))
		return meet(l, entry->d_name, w->err);
	l->in->tally.ignored++;
	return 0;
}

int
listing_walk(struct listing *l, struct error *err)
{
	struct walk w = {l, err};

	if (disk_list(l->fd, visit, &w) == 0)
		return 0;
	if (errno == 0)
		return -1;
	l->in->tally.unreadable++;
	l->waits = true;
	note_undecided(l, "");
	return 0;
}
