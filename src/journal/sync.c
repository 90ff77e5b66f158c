/*
 * Making a partition's files durable: all together before the commit, instead
 * of each as it's written. A rebuild makes hundreds of them; a disk that was
 * asked for all before it's waited for any has done them many times sooner.
 */

#include <homelab/journal.h>

#include <fcntl.h>

enum { MANY = 16 };

/* Files that aren't durable yet. */
struct paths {
	char **items;
	size_t count, room;
};

static void
add_path(struct paths *paths, const struct buffer *path)
{
	ARRAY_GROW(paths->items, paths->count, paths->room);
	paths->items[paths->count++] = text_copy((const char *)path->data);
}

static void
paths_release(struct paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->items[i]);
	free(paths->items);
}

static void
take_unsynced(struct manifest *m, struct paths *paths)
{
	cleanup_buffer struct buffer path = {0};

	for (size_t k = 0; k < m->source_count; k++) {
		struct source *s = &m->sources[k];

		for (size_t i = 0; i < s->day_count; i++)
			if (s->days[i].unsynced) {
				day_path(s, &s->days[i], &path);
				add_path(paths, &path);
				s->days[i].unsynced = false;
			}
		for (size_t i = 0; i < s->directory_count; i++)
			if (s->directories[i].unsynced) {
				decisions_path(s, &s->directories[i], &path);
				add_path(paths, &path);
				s->directories[i].unsynced = false;
			}
	}
	for (size_t i = 0; i < m->snapshot_count; i++)
		if (m->snapshots[i].unsynced) {
			snapshot_path(m->node, &m->snapshots[i], &path);
			add_path(paths, &path);
			m->snapshots[i].unsynced = false;
		}
}

/* Has the system begin to write a file; only ever advice. */
static void
begin_writing(const struct store *store, const char *path)
{
	cleanup_close int fd = disk.open(store->fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);

	if (fd >= 0)
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

int
manifest_sync(struct store *store, struct manifest *m, struct error *err)
{
	struct paths paths = {0};
	int result = 0;

	take_unsynced(m, &paths);
	for (size_t i = 0; paths.count >= MANY && i < paths.count; i++)
		begin_writing(store, paths.items[i]);
	for (size_t i = 0; result == 0 && i < paths.count; i++)
		result = disk_sync_file(store->fd, paths.items[i], err);
	paths_release(&paths);
	return result;
}
