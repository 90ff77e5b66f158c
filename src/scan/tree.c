/* The directories of dates, and which event directories they have. */

#include <homelab/names.h>
#include <homelab/scan.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define RACY SECONDS(2)
#define RELIST_AFTER HOURS(1)

bool
listing_holds(const struct identity *then, timestamp listed, const struct stat *st)
{
	struct identity now;
	timestamp real = clock_real();

	identity_of(st, &now);
	return identity_same(then, &now) && listed > now.ctime + RACY && listed <= real &&
	    real - listed < RELIST_AFTER;
}

int
scan_open_events(const struct scan *scan)
{
	return disk.open(scan->root, EVENTS, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
}

struct walk {
	const struct scan *scan;
	int events; /* opened when something has to be listed */
	struct tree *tree;
	tree_source find;
	tree_each each;
	void *context;
	struct tally *tally;
	bool force;
};

static void
mark_unseen(struct source *s, int32_t date)
{
	struct directory *d = source_directory(s, date);

	if (d != NULL)
		d->seen = false;
}

static void
mark_seen(struct source *s, int32_t date)
{
	struct directory *d = source_directory(s, date);

	if (d == NULL)
		d = source_add_directory(s, date);
	d->seen = true;
}

/* Directories that came or went since the last look. */
static void
settle(struct source *s, int32_t date)
{
	struct directory *d = source_directory(s, date);

	if (d == NULL || d->seen == d->exists)
		return;
	d->exists = d->seen;
	d->pending = true;
	d->held = 0;
	d->held_until = TIMESTAMP_LAST;
}

enum kind { KIND_DIRECTORY, KIND_STRAY, KIND_UNREADABLE };

static enum kind
kind_of(int dir, const struct dirent *entry)
{
	struct stat st;

#ifdef DT_DIR
	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR ? KIND_DIRECTORY : KIND_STRAY;
#endif
	if (disk.stat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? KIND_STRAY : KIND_UNREADABLE;
	return S_ISDIR(st.st_mode) ? KIND_DIRECTORY : KIND_STRAY;
}

/* A directory being listed. */
struct level {
	struct walk *walk;
	int dir;
	void (*visit)(struct walk *w, const char *name, int32_t date);
	int32_t date;
};

static int
visit_entry(void *context, const struct dirent *entry)
{
	const struct level *l = context;

	if (name_is_transfer(entry->d_name))
		return 0;
	switch (kind_of(l->dir, entry)) {
	case KIND_DIRECTORY:
		l->visit(l->walk, entry->d_name, l->date);
		break;
	case KIND_STRAY:
		l->walk->tally->ignored++;
		break;
	case KIND_UNREADABLE:
		return -1;
	}
	return 0;
}

/* Calls for each directory that isn't a transfer; counts the strays. */
static int
each_directory(
    struct walk *w, int dir, void (*visit)(struct walk *, const char *, int32_t), int32_t date)
{
	struct level level = {w, dir, visit, date};

	return disk_list(dir, visit_entry, &level);
}

static void
visit_node(struct walk *w, const char *name, int32_t date)
{
	struct source *s;

	if (!name_is_node(name, strlen(name)))
		w->tally->ignored++;
	else if ((s = w->find(w->context, name)) != NULL)
		mark_seen(s, date);
}

static struct tree_date *
find_date(struct tree *t, int32_t date)
{
	for (size_t i = t->date_count; i > 0; i--)
		if (t->dates[i - 1].date == date)
			return &t->dates[i - 1];
	return NULL;
}

static void
add_date(struct tree *t, int32_t date)
{
	size_t at = t->date_count;

	ARRAY_GROW(t->dates, t->date_count, t->date_room);
	while (at > 0 && t->dates[at - 1].date > date)
		at--;
	memmove(t->dates + at + 1, t->dates + at, (t->date_count - at) * sizeof(*t->dates));
	t->date_count++;
	t->dates[at] = (struct tree_date){.date = date, .listed = TIMESTAMP_NONE};
}

/* NNNN-NN-NN, a date or not. */
static bool
looks_like_date(const char *name)
{
	for (int i = 0; i < DATE_TEXT_MAX - 1; i++)
		if (i == 4 || i == 7 ? name[i] != '-' : name[i] < '0' || name[i] > '9')
			return false;
	return name[DATE_TEXT_MAX - 1] == '\0';
}

static void
visit_root(struct walk *w, const char *name, int32_t none)
{
	int32_t date;

	if (!looks_like_date(name))
		visit_node(w, name, none);
	else if (!date_parse(name, &date))
		w->tally->ignored++;
	else if (find_date(w->tree, date) == NULL)
		add_date(w->tree, date);
}

static int
events_of(struct walk *w)
{
	if (w->events < 0)
		w->events = scan_open_events(w->scan);
	return w->events;
}

static bool
scan_root(struct walk *w)
{
	struct tree *t = w->tree;
	struct stat st;

	if (disk.stat(w->scan->root, EVENTS, &st, 0) < 0) {
		bool gone = errno == ENOENT || errno == ENOTDIR;

		w->tally->unreadable += !gone;
		memset(&st, 0, sizeof(st));
		if (!gone || t->identity.inode == 0)
			return false;
	}
	if (!w->force && !t->unreadable && listing_holds(&t->identity, t->listed, &st))
		return false;
	identity_of(&st, &t->identity);
	t->listed = clock_real();
	w->each(w->context, mark_unseen, NO_DATE);
	t->unreadable = st.st_ino != 0 && each_directory(w, events_of(w), visit_root, NO_DATE) < 0;
	if (!t->unreadable)
		w->each(w->context, settle, NO_DATE);
	w->tally->unreadable += t->unreadable;
	return true;
}

/* What is at the path of a date now. */
static enum kind
look_at_date(const struct walk *w, const char *path, struct stat *st)
{
	if (disk.stat(w->scan->root, path, st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT || errno == ENOTDIR ? KIND_STRAY : KIND_UNREADABLE;
	return S_ISDIR(st->st_mode) ? KIND_DIRECTORY : KIND_STRAY;
}

static void
list_date(struct walk *w, struct tree_date *t, const char *name)
{
	cleanup_close int fd = disk_open_dir(events_of(w), name, NULL);

	t->unreadable = fd < 0 && errno != ENOENT;
	if (fd < 0)
		return;
	w->each(w->context, mark_unseen, t->date);
	t->unreadable = each_directory(w, fd, visit_node, t->date) < 0;
	if (!t->unreadable)
		w->each(w->context, settle, t->date);
}

/* False where the directory of the date is no more. */
static bool
scan_date(struct walk *w, struct tree_date *t, bool *listed)
{
	char path[sizeof(EVENTS) + DATE_TEXT_MAX] = EVENTS "/";
	const char *name = date_format(t->date, path + sizeof(EVENTS));
	struct stat st;

	switch (look_at_date(w, path, &st)) {
	case KIND_STRAY:
		w->each(w->context, mark_unseen, t->date);
		w->each(w->context, settle, t->date);
		*listed = true;
		return false;
	case KIND_UNREADABLE:
		t->unreadable = true;
		w->tally->unreadable++;
		return true;
	case KIND_DIRECTORY:
		break;
	}
	if (!w->force && !t->unreadable && listing_holds(&t->identity, t->listed, &st))
		return true;
	*listed = true;
	identity_of(&st, &t->identity);
	t->listed = clock_real();
	list_date(w, t, name);
	w->tally->unreadable += t->unreadable;
	return true;
}

bool
tree_scan(const struct scan *scan, struct tree *tree, bool force, tree_source find, tree_each each,
    void *context, struct tally *tally)
{
	struct walk w = {scan, -1, tree, find, each, context, tally, force};
	size_t kept = 0;
	bool listed = scan_root(&w);

	for (size_t i = 0; i < tree->date_count; i++)
		if (scan_date(&w, &tree->dates[i], &listed))
			tree->dates[kept++] = tree->dates[i];
	tree->date_count = kept;
	if (w.events >= 0)
		(void)close(w.events);
	return listed;
}

void
tree_release(struct tree *tree)
{
	free(tree->dates);
	*tree = (struct tree){0};
}
