/*
 * The commit. In this order, each step durable before the next:
 *
 *	journal and snapshots (written by the workers)
 *	manifests of the partitions that changed
 *	the checkpoint: the run is real from its rename on
 *	documents, summary
 *
 * A1  What the checkpoint on disk names is never overwritten: files are made
 *     under this run's generation, or appended to behind their known length.
 * A6  The files of the old checkpoint go when the new one stands.
 */

#include "run.h"

#include <homelab/message.h>
#include <homelab/publish.h>

#include <string.h>
#include <zlib.h>

/* A node that was never heard of has no manifest; its generation is 0. */
static bool
has_manifest(const struct slot *s)
{
	return s->manifest->source_count > 0 || s->manifest->snapshot_count > 0;
}

static bool
is_changed(const struct slot *s)
{
	if (!has_manifest(s))
		return s->committed_generation != 0;
	return s->packed.length != s->committed.length || s->packed.length == 0 ||
	    memcmp(s->packed.data, s->committed.data, s->packed.length) != 0;
}

static json_t *
options_of(const struct observer *o)
{
	const struct retention *r = &o->options->retention;

	return json_pack("{s:I,s:I,s:I}", "incident_retention", (json_int_t)r->incidents,
	    "service_retention", (json_int_t)r->services, "deployment_retention",
	    (json_int_t)r->deployments);
}

bool
observer_has_news(struct observer *o)
{
	json_auto_t *options = options_of(o), *digests = publish_digests(&o->projected);
	bool news = o->before == NULL || o->rebuild || !o->intact || o->tree_listed;

	for (size_t i = 0; i < o->slot_count; i++) {
		struct slot *s = &o->slots[i];

		s->packed.length = 0;
		manifest_pack(s->manifest, &s->packed);
		news |= is_changed(s);
	}
	return news || !json_equal(options, json_object_get(o->before, "options")) ||
	    !json_equal(digests, json_object_get(o->before, "documents")) ||
	    !json_equal(o->inventory.memory, json_object_get(o->before, "inventory")) ||
	    o->clock.next != json_integer_value(json_object_get(o->before, "valid_until"));
}

/* --- node_checkpoints ------------------------------------------------------ */

/* The least date whose directory can't be listed: nothing from there on is
 * known to be decided. */
static int32_t
first_unreadable(const struct tree *t)
{
	for (size_t i = 0; i < t->date_count; i++)
		if (t->dates[i].unreadable)
			return t->dates[i].date;
	return INT32_MAX;
}

/* The greatest path at or below which every event file of a source has been
 * decided on (C1); false for none. */
static bool
frontier_of(const struct observer *o, const struct source *s, struct buffer *out)
{
	int32_t unreadable = first_unreadable(&o->tree);
	bool found = false;

	for (size_t i = 0; i < s->directory_count; i++) {
		const struct directory *d = &s->directories[i];

		if (d->date != NO_DATE && d->date >= unreadable)
			break;
		if (d->exists && d->top != NULL) {
			directory_path(s, d, out);
			buffer_text(out, "/%s", d->top);
			found = true;
		}
		if (d->exists && !d->complete)
			break;
	}
	return found && !o->tree.unreadable;
}

static json_t *
node_checkpoints(const struct observer *o)
{
	json_t *all = json_object();
	cleanup_buffer struct buffer path = {0}, full = {0};

	for (size_t i = 0; i < o->slot_count; i++)
		for (size_t k = 0; o->slots[i].active && k < o->slots[i].manifest->source_count;
		     k++) {
			const struct source *s = &o->slots[i].manifest->sources[k];

			if (!frontier_of(o, s, &path))
				continue;
			full.length = 0;
			buffer_text(&full, "%s/events/%s", o->options->root, buffer_string(&path));
			(void)json_object_set_new(all, s->name, json_string(buffer_string(&full)));
		}
	return all;
}

/* --- manifests ------------------------------------------------------------- */

static void
files_before(const struct slot *s, json_t *set)
{
	struct manifest *m;
	cleanup_buffer struct buffer path = {0};

	if (s->committed.length == 0 ||
	    (m = manifest_unpack(s->committed.data, s->committed.length)) == NULL)
		return;
	manifest_files(m, set);
	manifest_free(m);
	manifest_path(s->manifest->node, s->committed_generation, &path);
	(void)json_object_set_new(set, (char *)path.data, json_true());
}

static void
files_now(const struct observer *o, const struct slot *s, json_t *set)
{
	cleanup_buffer struct buffer path = {0};

	if (!has_manifest(s))
		return;
	manifest_files(s->manifest, set);
	manifest_path(s->manifest->node,
	    is_changed(s) ? o->store.generation : s->committed_generation, &path);
	(void)json_object_set_new(set, (char *)path.data, json_true());
}

/* Syncs the directories in which this run made files. */
static int
sync_directories(struct observer *o, const json_t *before, const json_t *now, struct error *err)
{
	json_auto_t *directories = json_object();
	const char *path;
	json_t *value;

	json_object_foreach ((json_t *)now, path, value) {
		cleanup_free char *directory = NULL;

		if (json_object_get(before, path) != NULL)
			continue;
		directory = text_copy_length(path, (size_t)(strrchr(path, '/') - path));
		(void)json_object_set_new(directories, directory, json_true());
	}
	json_object_foreach (directories, path, value)
		if (disk_sync_dir(o->store.fd, path, err) < 0)
			return -1;
	if (!atomic_load(&o->store.new_dirs))
		return 0;
	if (disk_sync_dir(o->store.fd, "journal", err) < 0 ||
	    disk_sync_dir(o->store.fd, "partitions", err) < 0)
		return -1;
	return disk_sync_dir(o->store.fd, ".", err);
}

static int
write_manifest(struct observer *o, const struct slot *s, struct error *err)
{
	cleanup_buffer struct buffer path = {0};
	int made;

	buffer_text(&path, "partitions/%s", s->manifest->node);
	if ((made = disk_make_dir(o->store.fd, buffer_string(&path), err)) < 0)
		return -1;
	if (made > 0)
		atomic_store(&o->store.new_dirs, true);
	manifest_path(s->manifest->node, o->store.generation, &path);
	return disk_create(
	    o->store.fd, (char *)path.data, s->packed.data, s->packed.length, 0644, err);
}

static int
write_manifests(struct observer *o, json_t *partitions, struct error *err)
{
	for (size_t i = 0; i < o->slot_count; i++) {
		const struct slot *s = &o->slots[i];
		bool has = has_manifest(s);
		uint64_t generation = !has ? 0 :
		    is_changed(s)          ? o->store.generation :
					     s->committed_generation;

		if (!has && !s->active)
			continue;
		if (has && is_changed(s) && write_manifest(o, s, err) < 0)
			return -1;
		(void)json_object_set_new(partitions, s->manifest->node,
		    json_pack("{s:I,s:I,s:I,s:b}", "generation", (json_int_t)generation, "bytes",
			(json_int_t)s->packed.length, "crc32",
			(json_int_t)crc32_z(0, s->packed.data, s->packed.length), "active",
			s->active));
	}
	return 0;
}

/* --- the commit ------------------------------------------------------------ */

static json_t *
new_checkpoint(const struct observer *o, json_t *partitions)
{
	static const char *const states[] = {"present", "stale", "absent"};

	return json_pack("{s:o,s:I,s:I,s:I,s:I,s:o,s:o,s:o,s:O,s:s,s:o,s:o}", "node_checkpoints",
	    node_checkpoints(o), "generation", (json_int_t)o->store.generation, "cycle",
	    (json_int_t)observer_cycle(o), "projected_at", (json_int_t)o->now, "valid_until",
	    (json_int_t)o->clock.next, "tree", tree_to_json(&o->tree), "partitions", partitions,
	    "documents", publish_digests(&o->projected), "inventory", o->inventory.memory,
	    "topology", states[o->inventory.state], "options", options_of(o), "totals",
	    observer_totals(o));
}

void
remove_files(const struct store *store, const json_t *set, const json_t *keep)
{
	const char *path;
	json_t *value;

	json_object_foreach ((json_t *)set, path, value)
		if (json_object_get(keep, path) == NULL)
			(void)disk_remove(store->fd, path, NULL);
}

static int
commit_state(struct observer *o, json_t *before, json_t *now, struct error *err)
{
	json_t *partitions = json_object();
	json_auto_t *checkpoint = NULL;

	if (write_manifests(o, partitions, err) < 0) {
		json_decref(partitions);
		return -1;
	}
	checkpoint = new_checkpoint(o, partitions);
	if (sync_directories(o, before, now, err) < 0)
		return -1;
	return checkpoint_write(o->state, checkpoint, err);
}

static int
publish(struct observer *o, struct error *err)
{
	const json_t *old = json_object_get(o->before, "documents");
	int written = publish_documents(o->world, &o->projected, old, o->intact, err);

	if (written < 0)
		return -1;
	observer_observe(o, o->projected.summary, o->store.generation);
	return publish_summary(o->world, o->projected.summary, err) < 0 ? -1 : written;
}

int
observer_commit(struct observer *o, struct error *err)
{
	json_auto_t *before = json_object(), *now = json_object();
	int written;

	for (size_t i = 0; i < o->slot_count; i++) {
		files_before(&o->slots[i], before);
		files_now(o, &o->slots[i], now);
	}
	if (commit_state(o, before, now, err) < 0)
		return -1;
	o->committed = true;
	if ((written = publish(o, err)) < 0)
		return -1;
	remove_files(&o->store, before, now);
	return written;
}

void
observer_discard(struct observer *o)
{
	json_auto_t *before = json_object(), *now = json_object();

	if (o->committed || o->store.read_only || o->store.fd < 0)
		return;
	for (size_t i = 0; i < o->slot_count; i++) {
		files_before(&o->slots[i], before);
		if (o->slots[i].manifest != NULL)
			files_now(o, &o->slots[i], now);
	}
	remove_files(&o->store, now, before);
}

/* --- what killed runs left -------------------------------------------------- */

struct sweep {
	struct observer *observer;
	const char *kind, *name;
	const json_t *files;
};

static void
sweep_file(void *context, const char *name)
{
	const struct sweep *s = context;
	cleanup_buffer struct buffer path = {0};

	buffer_text(&path, "%s/%s/%s", s->kind, s->name, name);
	if (strstr(name, ".corrupt-") == NULL &&
	    json_object_get(s->files, buffer_string(&path)) == NULL)
		(void)disk_remove(s->observer->store.fd, (char *)path.data, NULL);
}

static void
sweep_directory(void *context, const char *name)
{
	struct sweep s = *(const struct sweep *)context;
	cleanup_buffer struct buffer path = {0};

	s.name = name;
	buffer_text(&path, "%s/%s", s.kind, name);
	store_each(&s.observer->store, buffer_string(&path), sweep_file, &s);
}

void
observer_sweep(struct observer *o)
{
	json_auto_t *files = json_object();
	struct sweep s = {.observer = o, .files = files};

	for (size_t i = 0; i < o->slot_count; i++)
		files_now(o, &o->slots[i], files);
	for (int i = 0; i < 2; i++) {
		s.kind = i == 0 ? "journal" : "partitions";
		store_each(&o->store, s.kind, sweep_directory, &s);
	}
}
