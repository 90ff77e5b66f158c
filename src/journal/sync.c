/* Which files of a partition aren't durable yet. */

#include <homelab/journal.h>

enum { MANY = 16 };

typedef void (*path_visitor)(void *context, const char *path);

/* Calls for each of them, and forgets which they are if told so. */
static void
each_unsynced(struct manifest *m, bool forget, path_visitor visit, void *context)
{
	cleanup_buffer struct buffer path = {0};

	for (size_t k = 0; k < m->source_count; k++) {
		struct source *s = &m->sources[k];

		for (size_t i = 0; i < s->day_count; i++)
			if (s->days[i].unsynced) {
				day_path(s, &s->days[i], &path);
				visit(context, buffer_string(&path));
				s->days[i].unsynced = !forget;
			}
		for (size_t i = 0; i < s->directory_count; i++)
			if (s->directories[i].unsynced) {
				decisions_path(s, &s->directories[i], &path);
				visit(context, buffer_string(&path));
				s->directories[i].unsynced = !forget;
			}
	}
	for (size_t i = 0; i < m->snapshot_count; i++)
		if (m->snapshots[i].unsynced) {
			snapshot_path(m->node, &m->snapshots[i], &path);
			visit(context, buffer_string(&path));
			m->snapshots[i].unsynced = !forget;
		}
}

static void
count_path(void *count, const char *path)
{
	(void)path;
	++*(size_t *)count;
}

static void
begin_path(void *store, const char *path)
{
	unsynced_begin(((const struct store *)store)->fd, path);
}

void
manifest_begin_sync(struct store *store, struct manifest *m)
{
	size_t count = 0;

	each_unsynced(m, false, count_path, &count);
	if (count >= MANY)
		each_unsynced(m, false, begin_path, store);
}

struct taken {
	struct unsynced *all;
	int store;
};

static void
take_path(void *taken, const char *path)
{
	const struct taken *t = taken;

	unsynced_add(t->all, t->store, path);
}

void
manifest_take_unsynced(const struct store *store, struct manifest *m, struct unsynced *all)
{
	struct taken taken = {all, store->fd};

	each_unsynced(m, true, take_path, &taken);
}
