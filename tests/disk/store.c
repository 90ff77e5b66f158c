/* Whether all is there and whole that a checkpoint stands for. */

#include "homelab.h"

#include <homelab/checkpoint.h>
#include <homelab/inventory_load.h>
#include <homelab/journal.h>

#include <fcntl.h>
#include <stdio.h>

static void
check_source(const struct store *store, const struct source *s, const char *what)
{
	struct error err = {0};

	for (size_t i = 0; i < s->day_count; i++) {
		cleanup_buffer struct buffer rows = {0};

		ck_assert_msg(
		    day_load(store, s, &s->days[i], &rows, &err) == 0, "%s: %s", what, err.text);
	}
	for (size_t i = 0; i < s->directory_count; i++) {
		struct decisions d = {0};

		ck_assert_msg(decisions_load(store, s, &s->directories[i], &d, &err) == 0, "%s: %s",
		    what, err.text);
		decisions_release(&d);
	}
}

static void
check_partition(const struct store *store, const char *node, uint64_t generation, const char *what)
{
	cleanup_buffer struct buffer bytes = {0};
	struct error err = {0};
	struct manifest *m = manifest_load(store, node, generation, &bytes, &err);

	ck_assert_msg(m != NULL, "%s: %s", what, err.text);
	for (size_t i = 0; i < m->source_count; i++)
		check_source(store, &m->sources[i], what);
	for (size_t i = 0; i < m->snapshot_count; i++) {
		struct partition *p = snapshot_load(store, node, &m->snapshots[i], &err);

		ck_assert_msg(p != NULL, "%s: %s", what, err.text);
		partition_free(p);
	}
	manifest_free(m);
}

static void
check_memory(const struct store *store, const json_t *checkpoint, const char *what)
{
	json_auto_t *memory = NULL;
	struct error err = {0};

	if (json_object_get(checkpoint, "format") != NULL)
		ck_assert_msg(inventory_memory_read(store->fd,
				  json_object_get(checkpoint, "inventory"), &memory, &err) == 0,
		    "%s: %s", what, err.text);
}

void
homelab_check_store(const struct homelab *h, const char *what)
{
	char path[512];
	json_auto_t *checkpoint = NULL;
	cleanup_close int fd = -1;
	const char *node;
	json_t *entry;

	(void)snprintf(path, sizeof(path), "%s/state/" CHECKPOINT_NAME, h->root);
	checkpoint = json_load_file(path, 0, NULL);
	(void)snprintf(path, sizeof(path), "%s/state/observer", h->root);
	fd = disk_open_dir(AT_FDCWD, path, NULL);
	check_memory(&(struct store){.fd = fd}, checkpoint, what);
	json_object_foreach (json_object_get(checkpoint, "partitions"), node, entry) {
		uint64_t generation =
		    (uint64_t)json_integer_value(json_object_get(entry, "generation"));

		if (generation > 0)
			check_partition(&(struct store){.fd = fd}, node, generation, what);
	}
}
