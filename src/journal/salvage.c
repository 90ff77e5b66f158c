/* What can be told from the store's files alone, sound or not. */

#include "files.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

void
store_each(const struct store *store, const char *path,
    void (*visit)(void *context, const char *name), void *context)
{
	int fd = store->fd < 0 ? -1 : disk_open_dir(store->fd, path, NULL);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (stream == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	while ((entry = readdir(stream)) != NULL)
		if (entry->d_name[0] != '.')
			visit(context, entry->d_name);
	(void)closedir(stream);
}

struct search {
	const struct store *store;
	const char *node;
	struct manifest *found;
	uint64_t generation;
};

static void
try_manifest(void *context, const char *name)
{
	struct search *s = context;
	unsigned long long generation;
	cleanup_buffer struct buffer path = {0}, bytes = {0};
	struct manifest *m;
	int end = 0;

	if (sscanf(name, "manifest.%llu%n", &generation, &end) != 1 || name[end] != '\0' ||
	    (s->found != NULL && generation < s->generation))
		return;
	manifest_path(s->node, generation, &path);
	if (disk_read(s->store->fd, (char *)path.data, OWN_FILE_MAX, &bytes, NULL) < 0 ||
	    (m = manifest_unpack(bytes.data, bytes.length)) == NULL)
		return;
	manifest_free(s->found);
	s->found = m;
	s->generation = generation;
}

struct manifest *
manifest_find_latest(const struct store *store, const char *node)
{
	struct search s = {.store = store, .node = node};
	cleanup_buffer struct buffer path = {0};

	buffer_text(&path, "partitions/%s", node);
	store_each(store, buffer_string(&path), try_manifest, &s);
	return s.found;
}

struct files {
	const struct store *store;
	struct source *source;
};

/* DATE.GENERATION[.gz]: a day, as long as its file is. */
static void
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
		return;
	day.generation = generation;
	day.compressed = rest[0] != '\0';
	day_path(f->source, &day, &path);
	if (fstatat(f->store->fd, (char *)path.data, &st, 0) < 0)
		return;
	day.length = (uint64_t)st.st_size;
	ARRAY_GROW(f->source->days, f->source->day_count, f->source->day_room);
	f->source->days[f->source->day_count++] = day;
}

bool
source_from_files(const struct store *store, struct manifest *m, const char *name)
{
	struct files f = {store, manifest_add_source(m, name)};
	cleanup_buffer struct buffer path = {0};

	buffer_text(&path, "journal/%s", name);
	store_each(store, buffer_string(&path), try_day, &f);
	return f.source->day_count > 0;
}
