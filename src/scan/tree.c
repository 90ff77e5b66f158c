/* The directories of dates, and which event directories they have. */

#include <homelab/names.h>
#include <homelab/scan.h>

#include <dirent.h>
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
	return openat(scan->root, EVENTS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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

static bool
is_directory(int dir, const struct dirent *entry)
{
	struct stat st;

#ifdef DT_DIR
	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
#endif
	return fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* Calls for each directory that isn't a transfer; counts the strays. NULL or
 * the stream's end leave errno. */
static int
each_directory(
    struct walk *w, int dir, void (*visit)(struct walk *, const char *, int32_t), int32_t date)
{
	const struct dirent *entry;
	int fd = dup(dir);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);

	if (stream == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	rewinddir(stream);
	errno = 0;
	while ((entry = readdir(stream)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    name_is_transfer(entry->d_name))
			continue;
		if (is_directory(dir, entry))
			visit(w, entry->d_name, date);
		else
			w->tally->ignored++;
		errno = 0;
	}
	if (errno != 0) {
		(void)closedir(stream);
		return -1;
	}
	return closedir(stream);
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

	if (fstatat(w->scan->root, EVENTS, &st, 0) < 0) {
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

/* False where the directory of the date is no more. */
static bool
scan_date(struct walk *w, struct tree_date *t, bool *listed)
{
	char path[sizeof(EVENTS) + DATE_TEXT_MAX] = EVENTS "/";
	const char *name = date_format(t->date, path + sizeof(EVENTS));
	cleanup_close int fd = -1;
	struct stat st;

	if (fstatat(w->scan->root, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode)) {
		w->each(w->context, mark_unseen, t->date);
		w->each(w->context, settle, t->date);
		*listed = true;
		return false;
	}
	if (!w->force && !t->unreadable && listing_holds(&t->identity, t->listed, &st))
		return true;
	*listed = true;
	identity_of(&st, &t->identity);
	t->listed = clock_real();
	fd = disk_open_dir(events_of(w), name, NULL);
	if (fd >= 0) {
		w->each(w->context, mark_unseen, t->date);
		t->unreadable = each_directory(w, fd, visit_node, t->date) < 0;
		if (!t->unreadable)
			w->each(w->context, settle, t->date);
	} else {
		t->unreadable = errno != ENOENT;
	}
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
