/*
 * The commit. All files are written first, under names that nobody reads: journal
 * and snapshots (by the workers), manifests of the partitions that changed, outbox,
 * the new checkpoint, documents, summary. Then all of them, and the directories they
 * are in, become durable at once, and then real, each step durable before the next:
 *
 *	the checkpoint: the run is real from its rename on
 *	documents
 *	summary
 *
 * A1  What the checkpoint on disk names is never overwritten: files are made
 *     under this run's generation, or appended to behind their known length.
 * A6  The files of the old checkpoint go when the new one stands.
 */

#include "run.h"

#include <homelab/message.h>
#include <homelab/publish.h>

#include <stdio.h>
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

void
slot_take_over(struct slot *s, uint64_t generation)
{
	struct buffer written = s->packed;

	if (!has_manifest(s)) {
		s->committed.length = 0;
		s->committed_generation = 0;
	} else if (is_changed(s)) {
		s->packed = s->committed;
		s->committed = written;
		s->committed_generation = generation;
	}
}

json_t *
observer_options_json(const struct observer *o)
{
	const struct retention *r = &o->options->retention;

	return json_pack("{s:I,s:I,s:I,s:I}", "incident_retention", (json_int_t)r->incidents,
	    "service_retention", (json_int_t)r->services, "deployment_retention",
	    (json_int_t)r->deployments, "history_limit", (json_int_t)o->options->history_limit);
}

bool
observer_has_news(struct observer *o)
{
	json_auto_t *options = observer_options_json(o), *digests = publish_digests(&o->projected);
	bool news = o->before == NULL || o->rebuild || !o->intact || o->tree_listed ||
	    json_array_size(o->changes) > 0;

	for (size_t i = 0; i < o->slot_count; i++) {
		struct slot *s = &o->slots[i];

		s->packed.length = 0;
		manifest_pack(s->manifest, &s->packed);
		news |= is_changed(s);
	}
	return news || !json_equal(options, json_object_get(o->before, "options")) ||
	    !json_equal(digests, json_object_get(o->before, "documents")) ||
	    observer_has_learned(o) ||
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

static void
add_directories(const json_t *files, json_t *set)
{
	const char *path;
	json_t *value;

	json_object_foreach ((json_t *)files, path, value) {
		cleanup_free char *directory =
		    text_copy_length(path, (size_t)(strrchr(path, '/') - path));

		(void)json_object_set_new(set, directory, json_true());
	}
}

/* The store's own directories, down to its name in ROOT/state. */
static void
add_store(const struct observer *o, struct unsynced *unsynced)
{
	unsynced_add_dir(unsynced, o->store.fd, "journal");
	unsynced_add_dir(unsynced, o->store.fd, "partitions");
	unsynced_add_dir(unsynced, o->store.fd, ".");
	unsynced_add_dir(unsynced, o->state, ".");
}

/* The directories in which this run made files; also those above one that has no
 * committed file, since whoever made it may have been killed before its name was
 * durable. */
static void
add_made_directories(
    const struct observer *o, const json_t *before, const json_t *now, struct unsynced *unsynced)
{
	json_auto_t *known = json_object(), *touched = json_object(),
		    *made = json_copy((json_t *)now);
	bool is_new = false;
	const char *path;
	json_t *value;

	json_object_foreach ((json_t *)before, path, value)
		(void)json_object_del(made, path);
	add_directories(before, known);
	add_directories(made, touched);
	json_object_foreach (touched, path, value) {
		unsynced_add_dir(unsynced, o->store.fd, path);
		is_new |= json_object_get(known, path) == NULL;
	}
	if (is_new)
		add_store(o, unsynced);
}

static int
write_manifest(
    const struct observer *o, const struct slot *s, struct unsynced *unsynced, struct error *err)
{
	cleanup_buffer struct buffer path = {0};

	buffer_text(&path, "partitions/%s", s->manifest->node);
	if (disk_make_dir(o->store.fd, buffer_string(&path), err) < 0)
		return -1;
	manifest_path(s->manifest->node, o->store.generation, &path);
	return unsynced_create(
	    unsynced, o->store.fd, (char *)path.data, s->packed.data, s->packed.length, err);
}

static int
write_manifests(
    const struct observer *o, json_t *partitions, struct unsynced *unsynced, struct error *err)
{
	for (size_t i = 0; i < o->slot_count; i++) {
		const struct slot *s = &o->slots[i];
		bool has = has_manifest(s);
		uint64_t generation = !has ? 0 :
		    is_changed(s)          ? o->store.generation :
					     s->committed_generation;

		if (!has && !s->active)
			continue;
		if (has && is_changed(s) && write_manifest(o, s, unsynced, err) < 0)
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

static json_int_t
history_bytes(const struct observer *o)
{
	return o->history.length > 0 ?
	    (json_int_t)o->history.length :
	    json_integer_value(json_object_get(o->before, "history_bytes"));
}

static json_t *
new_checkpoint(const struct observer *o, json_t *partitions, json_t *inventory)
{
	static const char *const states[] = {"present", "stale", "absent"};

	return json_pack("{s:o,s:I,s:I,s:I,s:I,s:o,s:o,s:o,s:o,s:s,s:o,s:o,s:o,s:I}",
	    "node_checkpoints", node_checkpoints(o), "generation", (json_int_t)o->store.generation,
	    "cycle", (json_int_t)observer_cycle(o), "projected_at", (json_int_t)o->now,
	    "valid_until", (json_int_t)o->clock.next, "tree", tree_to_json(&o->tree), "partitions",
	    partitions, "documents", publish_digests(&o->projected), "inventory", inventory,
	    "topology", states[o->inventory.state], "options", observer_options_json(o), "totals",
	    observer_totals(o), "outbox", outbox_to_json(&o->outbox), "history_bytes",
	    history_bytes(o));
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

/* All files but the world's. */
static int
write_state(struct observer *o, struct unsynced *unsynced, struct error *err)
{
	json_t *partitions = json_object(), *inventory = NULL;

	for (size_t i = 0; i < o->slot_count; i++)
		if (o->slots[i].active)
			manifest_take_unsynced(&o->store, o->slots[i].manifest, unsynced);
	if (observer_record(o, unsynced, err) < 0 ||
	    write_manifests(o, partitions, unsynced, err) < 0 ||
	    (inventory = observer_write_memory(o, unsynced, err)) == NULL) {
		json_decref(partitions);
		return -1;
	}
	o->checkpoint = new_checkpoint(o, partitions, inventory);
	return checkpoint_write(unsynced, o->state, o->checkpoint, err);
}

static int
write_all(struct observer *o, struct publication *world, struct error *err)
{
	if (write_state(o, world->unsynced, err) < 0)
		return -1;
	observer_observe(o, o->projected.summary, o->store.generation);
	return publish_write(world, err);
}

static int
make_real(struct observer *o, struct publication *world, struct error *err)
{
	if (unsynced_rename(world->unsynced, o->state, CHECKPOINT_NAME, err) < 0)
		return -1;
	o->committed = true;
	if (disk_sync_dir(o->state, ".", err) < 0)
		return -1;
	/* The directory itself may be new. */
	if (!o->intact && disk_sync_dir(o->root, ".", err) < 0)
		return -1;
	return publish_rename(world, err);
}

static int
commit(struct observer *o, struct publication *world, const json_t *before, json_t *now,
    struct error *err)
{
	if (write_all(o, world, err) < 0)
		return -1;
	outbox_files(&o->outbox, now);
	add_made_directories(o, before, now, world->unsynced);
	return unsynced_sync(world->unsynced, err) < 0 ? -1 : make_real(o, world, err);
}

/* The files of the partitions that change, and all others: before and now. */
static void
list_files(struct observer *o, json_t *before, json_t *now)
{
	for (size_t i = 0; i < o->slot_count; i++) {
		if (!is_changed(&o->slots[i]))
			continue;
		files_before(&o->slots[i], before);
		files_now(o, &o->slots[i], now);
	}
	observer_add_memory(o, before, now);
}

int
observer_commit(struct observer *o, struct error *err)
{
	json_auto_t *before = json_object(), *now = json_object();
	struct unsynced unsynced = {0};
	struct publication world = {.unsynced = &unsynced,
	    .dir = o->world,
	    .world = &o->projected,
	    .old = json_object_get(o->before, "documents"),
	    .intact = o->intact,
	    .history = &o->history};
	int failed;

	list_files(o, before, now);
	outbox_files(&o->outbox, before);
	failed = commit(o, &world, before, now, err);
	unsynced_release(&unsynced);
	if (failed)
		return -1;
	for (size_t i = 0; i < o->slot_count; i++)
		keep_damaged(o, &o->slots[i]);
	observer_keep_memory(o);
	remove_files(&o->store, before, now);
	return 0;
}

/* Whether a name carries this run's generation: "….GENERATION[.gz]", or that of
 * a segment of the outbox. */
static bool
is_of_this_run(const struct observer *o, const char *path)
{
	static const char *const around[][2] = {{".", ""}, {".", ".gz"}, {"/", ".jsonl"}};
	size_t length = strlen(path);

	for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
		char ending[48];
		size_t size = (size_t)snprintf(ending, sizeof(ending), "%s%llu%s", around[i][0],
		    (unsigned long long)o->store.generation, around[i][1]);

		if (length > size && strcmp(path + length - size, ending) == 0)
			return true;
	}
	return false;
}

/* Whatever went wrong: files of another generation may be committed ones. */
void
observer_discard(struct observer *o)
{
	json_auto_t *now = json_object();
	const char *path;
	json_t *value;

	if (o->committed || o->store.read_only || o->store.fd < 0)
		return;
	for (size_t i = 0; i < o->slot_count; i++)
		if (o->slots[i].manifest != NULL)
			files_now(o, &o->slots[i], now);
	observer_add_memory(o, NULL, now);
	outbox_files(&o->outbox, now);
	json_object_foreach (now, path, value)
		if (is_of_this_run(o, path))
			(void)disk_remove(o->store.fd, path, NULL);
}

/* --- what killed runs left -------------------------------------------------- */

struct sweep {
	struct observer *observer;
	const char *directory; /* below the store */
	const json_t *files;
};

static int
sweep_file(void *context, const char *name)
{
	const struct sweep *s = context;
	cleanup_buffer struct buffer path = {0};

	buffer_text(&path, "%s/%s", s->directory, name);
	if (strstr(name, ".corrupt-") == NULL &&
	    json_object_get(s->files, buffer_string(&path)) == NULL)
		(void)disk_remove(s->observer->store.fd, (char *)path.data, NULL);
	return 0;
}

static int
sweep_directory(void *context, const char *name)
{
	struct sweep s = *(const struct sweep *)context;
	cleanup_buffer struct buffer path = {0};

	buffer_text(&path, "%s/%s", s.directory, name);
	s.directory = buffer_string(&path);
	return store_each(&s.observer->store, s.directory, sweep_file, &s, NULL);
}

void
observer_sweep(struct observer *o)
{
	json_auto_t *files = json_object();
	struct sweep s = {o, "journal", files};

	for (size_t i = 0; i < o->slot_count; i++)
		files_now(o, &o->slots[i], files);
	observer_add_memory(o, NULL, files);
	outbox_files(&o->outbox, files);
	(void)store_each(&o->store, s.directory, sweep_directory, &s, NULL);
	s.directory = "partitions";
	(void)store_each(&o->store, s.directory, sweep_directory, &s, NULL);
	s.directory = INVENTORY_MEMORY_DIRECTORY;
	(void)store_each(&o->store, s.directory, sweep_file, &s, NULL);
	s.directory = OUTBOX_DIR;
	(void)store_each(&o->store, s.directory, sweep_file, &s, NULL);
}
