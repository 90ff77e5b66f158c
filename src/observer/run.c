/*
 * One run: what is new is read, folded, projected, committed and published;
 * where nothing is new, the summary alone says that somebody looked.
 */

#include "run.h"

#include <homelab/message.h>
#include <homelab/publish.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define UPSTREAM "upstream"

void
observer_options_init(struct observer_options *options)
{
	static volatile sig_atomic_t never;

	*options = (struct observer_options){.root = "/opt/homelab",
	    .now = TIMESTAMP_NONE,
	    .settle = SECONDS(10),
	    .retention = {DAYS(7), DAYS(7), DAYS(90)},
	    .stop = &never};
}

/* --- the checkpoint as found ----------------------------------------------- */

/* Keeps a damaged checkpoint under another name, so that it isn't lost (C4). */
static void
keep_checkpoint(struct observer *o, const char *why)
{
	char kept[128];

	(void)snprintf(kept, sizeof(kept), "%s.corrupt-%lld", CHECKPOINT_NAME,
	    (long long)(clock_real() / NANOSECONDS_A_SECOND));
	message_error("state/%s is damaged (%s): kept as %s, making everything anew",
	    CHECKPOINT_NAME, why, kept);
	if (!o->store.read_only)
		(void)disk.rename(o->state, CHECKPOINT_NAME, o->state, kept);
}

static int
read_before(struct observer *o, struct error *err)
{
	char why[ERROR_TEXT_MAX];
	enum checkpoint_state state;

	if (checkpoint_read(o->state, &o->before, &state, why, err) < 0)
		return -1;
	if (state == CHECKPOINT_DAMAGED)
		keep_checkpoint(o, why);
	o->upstream = state == CHECKPOINT_FOREIGN;
	if (o->upstream)
		message_warning("state/%s is the Python observer's: making the world anew from the "
				"events; what was only in events that are gone can't be known",
		    CHECKPOINT_NAME);
	o->rebuild = o->options->reset || o->before == NULL;
	o->store.generation =
	    (uint64_t)json_integer_value(json_object_get(o->before, "generation")) + 1;
	tree_from_json(o->rebuild ? NULL : json_object_get(o->before, "tree"), &o->tree);
	o->published = publish_read_summary(o->world);
	o->intact = o->world >= 0 &&
	    publish_is_intact(o->world, o->published, json_object_get(o->before, "documents"),
		o->store.generation - 1);
	return 0;
}

/* Without a checkpoint the generations on disk aren't known: begin above all. */
static void
count_generation(void *observer, const char *name)
{
	struct observer *o = observer;
	const char *dot = strrchr(name, '.');
	unsigned long long generation;

	while (dot != NULL && dot > name && sscanf(dot, ".%llu", &generation) != 1)
		for (dot--; dot > name && *dot != '.'; dot--)
			;
	if (dot != NULL && sscanf(dot, ".%llu", &generation) == 1 &&
	    generation >= o->store.generation && generation < UINT32_MAX)
		o->store.generation = generation + 1;
}

struct find_generation {
	struct observer *observer;
	const char *kind;
};

static void
count_generations(void *context, const char *name)
{
	const struct find_generation *f = context;
	cleanup_buffer struct buffer path = {0};

	buffer_text(&path, "%s/%s", f->kind, name);
	store_each(&f->observer->store, buffer_string(&path), count_generation, f->observer);
}

static void
find_generation(struct observer *o)
{
	struct find_generation f = {o, "journal"};

	if (o->before != NULL)
		return;
	store_each(&o->store, f.kind, count_generations, &f);
	f.kind = "partitions";
	store_each(&o->store, f.kind, count_generations, &f);
}

/* --- the Python observer's --------------------------------------------------- */

static void
copy_file(int from, const char *name, int to, const char *as)
{
	cleanup_buffer struct buffer bytes = {0};
	struct error err = {0};

	if (disk_read(from, name, SIZE_MAX / 2, &bytes, NULL) < 0)
		return;
	if (disk_create(to, as, bytes.data, bytes.length, 0644, &err) < 0)
		message_warning("cannot keep %s: %s", name, err.text);
}

/* Keeps what the Python observer left (C3): beside the world, or, where that
 * can't be written, in the state directory. */
static void
keep_upstream(struct observer *o)
{
	static const char *const names[] = {
	    "nodes.json", "services.json", "deployments.json", "incidents.json", SUMMARY_NAME};
	int parent = disk_make_dir(o->root, "world." UPSTREAM, NULL) >= 0 ? o->root : o->state;
	cleanup_close int dir = -1;
	struct stat st;

	if (fstatat(o->state, CHECKPOINT_NAME "." UPSTREAM, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return;
	if (parent == o->state)
		(void)disk_make_dir(o->state, "world." UPSTREAM, NULL);
	dir = disk_open_dir(parent, "world." UPSTREAM, NULL);
	for (size_t i = 0; dir >= 0 && i < sizeof(names) / sizeof(names[0]); i++)
		copy_file(o->world, names[i], dir, names[i]);
	copy_file(o->state, CHECKPOINT_NAME, o->state, CHECKPOINT_NAME "." UPSTREAM);
	message_notice("kept the Python observer's checkpoint as %s.%s and its world as world.%s/",
	    CHECKPOINT_NAME, UPSTREAM, UPSTREAM);
}

/* --- looking ----------------------------------------------------------------- */

/* What decides to which node a directory belongs. */
static bool
same_nodes(const struct observer *o)
{
	static const char *const states[] = {"present", "stale", "absent"};
	const json_t *inventory = json_object_get(o->before, "inventory");
	const char *state = json_string_value(json_object_get(o->before, "topology"));
	bool was_absent = state != NULL && strcmp(state, states[TOPOLOGY_ABSENT]) == 0;

	return was_absent == (o->inventory.state == TOPOLOGY_ABSENT) &&
	    json_equal(json_object_get(inventory, "topology"),
		json_object_get(o->inventory.memory, "topology")) &&
	    json_equal(json_object_get(inventory, "alias_map"),
		json_object_get(o->inventory.memory, "alias_map"));
}

/* Which directories and partitions have to be looked at. */
static bool
look(struct observer *o)
{
	bool news;

	slots_load(o);
	slots_assign(o);
	o->tree_listed = tree_scan(&o->scan, &o->tree, o->rebuild || !same_nodes(o), slots_source,
	    slots_each_source, o, &o->tally);
	news = o->rebuild || o->tree_listed || !o->intact;
	for (size_t i = 0; i < o->slot_count; i++) {
		struct slot *s = &o->slots[i];

		s->rebuild = s->active && (o->rebuild || s->manifest->anew);
		for (size_t k = 0; s->active && !s->due && k < s->manifest->source_count; k++)
			for (size_t d = 0; d < s->manifest->sources[k].directory_count; d++)
				if (directory_is_due(&s->intake, &s->manifest->sources[k],
					&s->manifest->sources[k].directories[d])) {
					s->due = true;
					break;
				}
		news |= s->due || s->rebuild || (s->active && s->damaged);
	}
	return news;
}

static bool
same_options(const struct observer *o)
{
	const json_t *options = json_object_get(o->before, "options");
	const struct retention *r = &o->options->retention;

	return json_integer_value(json_object_get(options, "incident_retention")) == r->incidents &&
	    json_integer_value(json_object_get(options, "service_retention")) == r->services &&
	    json_integer_value(json_object_get(options, "deployment_retention")) == r->deployments;
}

/* Whether the published world is still what a projection would make. */
static bool
world_holds(const struct observer *o)
{
	const json_t *inventory = json_object_get(o->before, "inventory");

	return same_options(o) && same_nodes(o) &&
	    json_equal(json_object_get(inventory, "absent"),
		json_object_get(o->inventory.memory, "absent")) &&
	    inventory_is_unchanged(o->repo, inventory) &&
	    o->now >= json_integer_value(json_object_get(o->before, "projected_at")) &&
	    o->now < json_integer_value(json_object_get(o->before, "valid_until"));
}

/* --- a run ------------------------------------------------------------------- */

static void
add_tallies(struct observer *o)
{
	for (size_t i = 0; i < o->slot_count; i++) {
		const struct tally *t = &o->slots[i].intake.tally;

		o->tally.consumed += t->consumed;
		o->tally.late += o->slots[i].late;
		o->tally.late_unplaced += t->late_unplaced;
		o->tally.held += t->held;
		o->tally.rejected += t->rejected;
		o->tally.unreadable += t->unreadable;
		o->tally.ignored += t->ignored;
	}
}

static json_int_t
accepted(const json_t *summary)
{
	return json_integer_value(json_object_get(json_object_get(summary, "events"), "accepted"));
}

/* Whether the published world had anything to lose. */
static bool
published_has_events(const struct observer *o)
{
	cleanup_buffer struct buffer bytes = {0};
	json_auto_t *nodes = NULL;

	if (accepted(o->published) > 0)
		return true;
	if (!o->upstream || o->world < 0 ||
	    disk_read(o->world, "nodes.json", SIZE_MAX / 2, &bytes, NULL) < 0)
		return false;
	nodes = json_loadb((char *)bytes.data, bytes.length, 0, NULL);
	return json_object_size(nodes) > 0;
}

/* An empty event directory may be an unmounted disk (W6). */
static int
guard_rebuild(const struct observer *o, struct error *err)
{
	if (!o->rebuild || o->options->force || accepted(o->projected.summary) > 0 ||
	    !published_has_events(o))
		return 0;
	return error_set(err, EX_IOERR,
	    "a rebuild found no events, but the published world has some; is %s/events mounted? "
	    "The world stays as it is; --reset --force empties it",
	    o->options->root);
}

static json_t *
published_incidents(const struct observer *o)
{
	cleanup_buffer struct buffer bytes = {0};

	if (o->world < 0 || disk_read(o->world, "incidents.json", SIZE_MAX / 2, &bytes, NULL) < 0)
		return NULL;
	return json_loadb((char *)bytes.data, bytes.length, 0, NULL);
}

static int
documents_to_write(const struct observer *o)
{
	const json_t *files = json_object_get(o->projected.summary, "files");
	const json_t *old = json_object_get(o->before, "documents");
	int count = 0;

	for (int i = 0; i < DOCUMENT_COUNT; i++)
		count += !o->intact ||
		    !json_equal(json_object_get(files, document_names[i]),
			json_object_get(old, document_names[i]));
	return count;
}

/* Nothing is new but the time: only the summary says so. */
static int
heartbeat(struct observer *o, json_t *summary, struct error *err)
{
	if (o->store.read_only)
		return 0;
	(void)json_object_set_new(summary, "generated_at", json_time(o->now));
	(void)json_object_set_new(
	    summary, "last_update", json_time(o->now - o->now % NANOSECONDS_A_SECOND));
	(void)json_object_set_new(summary, "deploy", observer_deploy(o));
	observer_observe(o, summary, o->store.generation - 1);
	return publish_summary(o->world, summary, err);
}

static int
reconcile(struct observer *o, struct error *err)
{
	json_auto_t *incidents = NULL;
	int documents;

	if (slots_work(o, err) < 0)
		return -1;
	add_tallies(o);
	observer_project(o);
	if (guard_rebuild(o, err) < 0)
		return -1;
	if (!observer_has_news(o))
		return heartbeat(o, o->projected.summary, err);
	documents = documents_to_write(o);
	if (documents > 0)
		incidents = published_incidents(o);
	if (!o->store.read_only) {
		if (o->upstream)
			keep_upstream(o);
		if (observer_commit(o, err) < 0)
			return -1;
		if (o->rebuild || o->tree_listed)
			observer_sweep(o);
	}
	observer_report(o, incidents, documents);
	return 0;
}

static int
run(struct observer *o, struct error *err)
{
	const struct observer_options *options = o->options;

	if (read_before(o, err) < 0)
		return -1;
	find_generation(o);
	if (inventory_load(&o->inventory, o->repo, json_object_get(o->before, "inventory"),
		options->no_topology, options->alias_map, err) < 0)
		return -1;
	if (look(o))
		return reconcile(o, err);
	if (world_holds(o)) {
		message_verbose("no news");
		return heartbeat(o, o->published, err);
	}
	return reconcile(o, err);
}

int
observer_run(const struct observer_options *options, struct error *err)
{
	struct observer o;
	int status = EX_OK;

	err->status = 0;
	if (observer_open(&o, options, options->dry_run, err) < 0 || run(&o, err) < 0) {
		status = err->status ? err->status : EX_SOFTWARE;
		observer_discard(&o);
	} else if (o.inventory.state == TOPOLOGY_STALE) {
		status = EX_CONFIG;
		(void)error_set(err, EX_CONFIG, "%s; going on with the last good topology",
		    json_string_value(
			json_array_get(json_object_get(o.inventory.memory, "topology_errors"), 0)));
	}
	observer_close(&o);
	return status;
}
