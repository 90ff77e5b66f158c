/* What can be told from the store's files alone, sound or not. */

#include "files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

struct each {
	int (*visit)(void *context, const char *name);
	void *context;
};

static int
visit_name(void *context, const struct dirent *entry)
{
	const struct each *e = context;

	return entry->d_name[0] == '.' ? 0 : e->visit(e->context, entry->d_name);
}

int
store_each(const struct store *store, const char *path,
    int (*visit)(void *context, const char *name), void *context, struct error *err)
{
	cleanup_close int fd = store->fd < 0 ? -1 : disk_open_dir(store->fd, path, err);
	struct each e = {visit, context};

	if (fd < 0)
		return store->fd < 0 || errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	if (disk_list(fd, visit_name, &e) == 0)
		return 0;
	return errno == 0 ? -1 : error_errno(err, EX_IOERR, "cannot list state/observer/%s", path);
}

struct manifest *
manifest_load(const struct store *store, const char *node, uint64_t generation,
    struct buffer *bytes, struct error *err)
{
	cleanup_buffer struct buffer path = {0};
	struct manifest *m;

	manifest_path(node, generation, &path);
	if (read_own(store, (char *)path.data, bytes, err) < 0)
		return NULL;
	m = manifest_unpack(bytes->data, bytes->length);
	if (m != NULL && strcmp(m->node, node) == 0)
		return m;
	manifest_free(m);
	(void)error_set(err, EX_DATAERR, "%s is damaged", (char *)path.data);
	return NULL;
}

static bool
is_long_enough(const struct store *store, const struct buffer *path, uint64_t length)
{
	struct stat st;

	return disk.stat(store->fd, (char *)path->data, &st, 0) == 0 &&
	    (uint64_t)st.st_size >= length;
}

/* Whether all files of a manifest are there: of a run that was cut off before
 * their names were durable, they may not be. */
static bool
is_complete(const struct store *store, const struct manifest *m)
{
	cleanup_buffer struct buffer path = {0};

	for (size_t k = 0; k < m->source_count; k++) {
		const struct source *s = &m->sources[k];

		for (size_t i = 0; i < s->day_count; i++) {
			day_path(s, &s->days[i], &path);
			if (!is_long_enough(store, &path, s->days[i].length))
				return false;
		}
		for (size_t i = 0; i < s->directory_count; i++) {
			const struct directory *d = &s->directories[i];

			decisions_path(s, d, &path);
			if (d->decisions_length > 0 &&
			    !is_long_enough(store, &path, d->decisions_length))
				return false;
		}
	}
	return true;
}

/* The newest manifest that is complete, or the newest of those that aren't. */
struct search {
	const struct store *store;
	const char *node;
	struct manifest *found;
	uint64_t generation;
	bool complete;
	struct error *err;
};

static bool
is_better(const struct search *s, bool complete, uint64_t generation)
{
	if (s->found == NULL || s->complete != complete)
		return s->found == NULL || complete;
	return generation > s->generation;
}

static int
try_manifest(void *context, const char *name)
{
	struct search *s = context;
	unsigned long long generation;
	cleanup_buffer struct buffer bytes = {0};
	struct manifest *m;
	bool complete;
	int end = 0;

	if (sscanf(name, "manifest.%llu%n", &generation, &end) != 1 || name[end] != '\0')
		return 0;
	if ((m = manifest_load(s->store, s->node, generation, &bytes, s->err)) == NULL)
		return s->err->status == EX_DATAERR ? 0 : -1;
	complete = is_complete(s->store, m);
	if (!is_better(s, complete, generation)) {
		manifest_free(m);
		return 0;
	}
	manifest_free(s->found);
	s->found = m;
	s->generation = generation;
	s->complete = complete;
	return 0;
}

int
manifest_find_latest(
    const struct store *store, const char *node, struct manifest **out, struct error *err)
{
	struct search s = {.store = store, .node = node, .err = err};
	cleanup_buffer struct buffer path = {0};

	buffer_text(&path, "partitions/%s", node);
	*out = NULL;
	if (store_each(store, buffer_string(&path), try_manifest, &s, err) < 0) {
		manifest_free(s.found);
		return -1;
	}
	*out = s.found;
	return 0;
}

struct files {
	const struct store *store;
	struct source *source;
	struct error *err;
};

/* DATE.GENERATION[.gz]: a day, as long as its file is. */
static int
try_day(void *context, const char *name)
{
	struct files *f = context;
	struct day day = {0};
	unsigned long long generation;
	char date[DATE_TEXT_MAX], rest[8] = "";
	struct stat st;
	cleanup_buffer struct buffer path = {0};

	if (sscanf(name, "%10[0-9-].%llu%7s", date, &generation, rest) < 2 ||
	    !date_parse(date, &day.date) || (rest[0] != '\0' && strcmp(rest, ".gz") != 0))
		return 0;
	day.generation = generation;
	day.compressed = rest[0] != '\0';
	day_path(f->source, &day, &path);
	if (disk.stat(f->store->fd, (char *)path.data, &st, 0) < 0)
		return errno == ENOENT ?
		    0 :
		    error_errno(f->err, EX_IOERR, "cannot stat %s", (char *)path.data);
	day.length = day.old_length = (uint64_t)st.st_size;
	ARRAY_GROW(f->source->days, f->source->day_count, f->source->day_room);
	f->source->days[f->source->day_count++] = day;
	return 0;
}

int
source_from_files(
    const struct store *store, struct manifest *m, const char *name, struct error *err)
{
	struct files f = {store, manifest_add_source(m, name), err};
	cleanup_buffer struct buffer path = {0};

	buffer_text(&path, "journal/%s", name);
	if (store_each(store, buffer_string(&path), try_day, &f, err) < 0)
		return -1;
	return f.source->day_count > 0;
}
