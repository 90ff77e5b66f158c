/*
 * One event directory: what in it is new. A directory is either untouched or
 * listed whole; a listing meets every name with what was decided on it:
 *
 *	no verdict, waits	-> looked at
 *	event, unplaced, shrunk	-> passed over, for ever
 *	rejected		-> looked at where size or ctime changed
 *	held			-> looked at when its time has come
 *	read (.jsonl)		-> looked at where it changed
 *
 * A rebuild looks at all but what was unplaced or shrunk, and carries over the
 * verdicts on what is no longer there.
 */

#include <homelab/message.h>
#include <homelab/names.h>
#include <homelab/scan.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

enum { WATCHED_MAX = 1000 };

struct listing {
	struct intake *in;
	struct source *source;
	struct directory *directory;
	struct decisions out;
	struct decisions *known; /* &out, or the old ones in a rebuild */
	struct buffer base; /* path of the directory */
	int fd;
	char *undecided; /* least name of what waits, or NULL */
	bool waits; /* something has to be looked at in the next run */
};

static bool
stat_at(const struct listing *l, const char *name, struct identity *out, bool *regular)
{
	struct stat st;

	if (fstatat(l->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	*regular = S_ISREG(st.st_mode);
	identity_of(&st, out);
	return true;
}

static bool
watched_changed(int root, struct buffer *path, const struct directory *d)
{
	struct identity now;
	struct stat st;

	for (size_t i = 0; i < d->watched_count; i++) {
		size_t base = path->length;

		buffer_text(path, "/%s", d->watched[i].name);
		if (fstatat(root, buffer_string(path), &st, AT_SYMLINK_NOFOLLOW) < 0)
			return true;
		identity_of(&st, &now);
		if (!identity_same(&now, &d->watched[i].identity))
			return true;
		path->length = base;
	}
	return false;
}

bool
directory_is_due(const struct intake *in, const struct source *s, struct directory *d)
{
	cleanup_buffer struct buffer below = {0}, path = {0};
	struct stat st;

	if (!d->exists)
		return false;
	if (d->pending || in->scan->rebuild || in->scan->now >= d->held_until)
		return true;
	directory_path(s, d, &below);
	buffer_text(&path, EVENTS "/%s", (char *)below.data);
	if (fstatat(in->scan->root, buffer_string(&path), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return true;
	return !listing_holds(&d->identity, d->listed, &st) ||
	    watched_changed(in->scan->root, &path, d);
}

/* Opens the directory one component at a time, so that no link is followed. */
static int
open_directory(const struct scan *scan, const struct source *s, const struct directory *d)
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

static void
note_undecided(struct listing *l, const char *name)
{
	if (l->undecided != NULL && strcmp(l->undecided, name) <= 0)
		return;
	free(l->undecided);
	l->undecided = text_copy(name);
}

static void
note_outcome(struct listing *l, const char *name, enum outcome outcome)
{
	if (outcome == OUTCOME_WAITS || outcome == OUTCOME_UNFINISHED)
		note_undecided(l, name);
	l->waits |= outcome == OUTCOME_WAITS;
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

enum opened { OPENED, OPENED_STRAY, OPENED_GONE, OPENED_NOT };

/* Opens a file that is to be looked at; anything but a regular file is stray.
 * O_NONBLOCK: a FIFO put in its place must not hold us up. */
static enum opened
open_candidate(const struct listing *l, struct candidate *c)
{
	struct stat st;

	c->fd = openat(l->fd, c->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (c->fd < 0 && (errno == ELOOP || errno == EMLINK || errno == ENXIO))
		return OPENED_STRAY;
	if (c->fd < 0)
		return errno == ENOENT ? OPENED_GONE : OPENED_NOT;
	if (fstat(c->fd, &st) < 0)
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
		return intake_reject(l->in, c,
			   "its name isn't printable ASCII of at most 200 bytes", err) < 0 ?
		    OUTCOME_FAILED :
		    OUTCOME_DECIDED;
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
	switch (open_candidate(l, c)) {
	case OPENED_STRAY:
		l->in->tally.ignored++;
		return OUTCOME_DECIDED;
	case OPENED_GONE:
		return OUTCOME_DECIDED;
	case OPENED_NOT:
		message_verbose("events/%s: cannot read: %s", c->path, strerror(errno));
		l->in->tally.unreadable++;
		return OUTCOME_WAITS;
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
	note_outcome(l, name, outcome);
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

static int
walk_entries(struct listing *l, DIR *stream, struct error *err)
{
	const struct dirent *entry;

	errno = 0;
	while ((entry = readdir(stream)) != NULL) {
		if (*l->in->scan->stop)
			return error_set(err, EX_TEMPFAIL, "interrupted");
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    name_is_transfer(entry->d_name))
			continue;
		if (!is_event_file(entry->d_name) || is_other_than_regular(entry))
			l->in->tally.ignored++;
		else if (meet(l, entry->d_name, err) < 0)
			return -1;
		errno = 0;
	}
	if (errno != 0) {
		l->in->tally.unreadable++;
		l->waits = true;
		note_undecided(l, "");
	}
	return 0;
}

/* The file's part of a line's key "name/offset". */
static bool
split_key(const char *key, char *name, size_t size, uint64_t *offset)
{
	const char *slash = strchr(key, '/');

	if (slash == NULL || (size_t)(slash - key) >= size)
		return false;
	memcpy(name, key, (size_t)(slash - key));
	name[slash - key] = '\0';
	*offset = strtoull(slash + 1, NULL, 10);
	return true;
}

static int
look_at_line(struct listing *l, const char *name, uint64_t offset, struct error *err)
{
	cleanup_buffer struct buffer path = {0};
	struct candidate c = {l->source, l->directory, l->known, &l->out, name, NULL, -1, {0}};
	enum outcome outcome = OUTCOME_WAITS;

	buffer_text(&path, "%s/%s", (char *)l->base.data, name);
	c.path = buffer_string(&path);
	if (open_candidate(l, &c) == OPENED)
		outcome = intake_line(l->in, &c, offset, err);
	if (c.fd >= 0)
		(void)close(c.fd);
	note_outcome(l, name, outcome);
	return outcome == OUTCOME_FAILED ? -1 : 0;
}

/* Held events: takes in the lines that are due and counts what goes on waiting;
 * one item of the decisions. */
static int
settle_item(struct listing *l, size_t i, struct error *err)
{
	char name[EVENT_FILE_NAME_MAX + 1];
	const struct decision *file = &l->out.items[i];
	struct directory *d = l->directory;
	uint64_t offset;
	bool line = split_key(file->key, name, sizeof(name), &offset);

	if (file->verdict != VERDICT_HELD)
		return 0;
	if (line)
		file = decisions_find(&l->out, name);
	if (file == NULL || !file->present || file->verdict == VERDICT_SHRUNK)
		return 0;
	if (line && l->in->scan->now >= l->out.items[i].time &&
	    look_at_line(l, name, offset, err) < 0)
		return -1;
	if (l->out.items[i].verdict != VERDICT_HELD)
		return 0;
	d->held++;
	if (l->out.items[i].time < d->held_until)
		d->held_until = l->out.items[i].time;
	note_undecided(l, line ? name : l->out.items[i].key);
	return 0;
}

static int
settle_lines(struct listing *l, struct error *err)
{
	l->directory->held = 0;
	l->directory->held_until = TIMESTAMP_LAST;
	for (size_t i = 0; i < l->out.count; i++)
		if (settle_item(l, i, err) < 0)
			return -1;
	return 0;
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

/* What stays decided although its file isn't there to be read again. */
static bool
is_carried(const struct listing *l, const struct decision *d)
{
	static const bool kept[VERDICT_COUNT] = {[VERDICT_EVENT] = true,
	    [VERDICT_UNPLACED] = true,
	    [VERDICT_READ] = true,
	    [VERDICT_SHRUNK] = true};

	if (strchr(d->key, '/') != NULL && d->verdict == VERDICT_REJECTED)
		return decisions_find(&l->out, d->key) == NULL;
	return kept[d->verdict] && decisions_find(&l->out, d->key) == NULL;
}

static void
carry_path(struct listing *l, const char *name)
{
	cleanup_buffer struct buffer path = {0};

	buffer_text(&path, "%s/%s", (char *)l->base.data, name);
	(void)json_object_set_new_nocheck(l->in->carried, buffer_string(&path), json_true());
}

/* In a rebuild: what was decided on files that are gone stays decided. Their
 * rows are carried over, as are those of a .jsonl that shrank; "DIRECTORY/"
 * stands for all in it. */
static void
carry_over(struct listing *l)
{
	if (l->fd < 0)
		carry_path(l, "");
	for (size_t i = 0; i < l->known->count; i++) {
		const struct decision *d = &l->known->items[i];

		if (is_carried(l, d)) {
			decisions_set(&l->out, d->key, d->verdict, d->size, d->time);
			if (l->fd >= 0 && strchr(d->key, '/') == NULL &&
			    (d->verdict == VERDICT_EVENT || d->verdict == VERDICT_READ))
				carry_path(l, d->key);
		}
	}
	for (size_t i = 0; i < l->out.count; i++)
		if (l->out.items[i].verdict == VERDICT_SHRUNK)
			carry_path(l, l->out.items[i].key);
}

static void
forget_watched(struct directory *d)
{
	for (size_t i = 0; i < d->watched_count; i++)
		free(d->watched[i].name);
	d->watched_count = 0;
}

static int
list(struct listing *l, struct error *err)
{
	struct directory *d = l->directory;
	timestamp began = clock_real();
	struct stat st;
	DIR *stream;
	int result, fd;

	if (fstat(l->fd, &st) < 0 || (fd = dup(l->fd)) < 0 || (stream = fdopendir(fd)) == NULL) {
		l->in->tally.unreadable++;
		return 0;
	}
	forget_watched(d);
	result = walk_entries(l, stream, err);
	(void)closedir(stream);
	if (result < 0 || settle_lines(l, err) < 0)
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
mark_unreadable(struct listing *l)
{
	struct directory *d = l->directory;

	l->in->tally.unreadable++;
	d->pending = true;
	d->complete = false;
	free(d->top);
	d->top = NULL;
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
		l.fd = open_directory(in->scan, s, d);
		if (l.fd >= 0)
			result = list(&l, err);
		else if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
			mark_gone(d);
		else
			mark_unreadable(&l);
	}
	if (result == 0 && old != NULL)
		carry_over(&l);
	if (result == 0)
		result = decisions_flush(in->scan->store, s, d, &l.out, err);
	if (l.fd >= 0)
		(void)close(l.fd);
	decisions_release(&l.out);
	buffer_release(&l.base);
	free(l.undecided);
	return result;
}
