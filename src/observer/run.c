/*
 * One run: what is new is read, folded, projected, committed and published;
 * where nothing is new, the summary alone says that somebody looked.
 */

#include "run.h"

#include <homelab/message.h>
#include <homelab/publish.h>

#include <string.h>
#include <sysexits.h>

void
observer_options_init(struct observer_options *options)
{
	static volatile sig_atomic_t never;

	*options = (struct observer_options){.root = "/opt/homelab",
	    .now = TIMESTAMP_NONE,
	    .settle = SECONDS(10),
	    .retention = {DAYS(7), DAYS(7), DAYS(90)},
	    .history_limit = 64,
	    .stop = &never};
}

/* --- looking ----------------------------------------------------------------- */

/* What decides to which node a directory belongs. */
static bool
same_nodes(const struct observer *o)
{
	static const char *const states[] = {"present", "stale", "absent"};
	const json_t *inventory = o->inventory.before;
	const char *state = json_string_value(json_object_get(o->before, "topology"));
	bool was_absent = state != NULL && strcmp(state, states[TOPOLOGY_ABSENT]) == 0;

	return was_absent == (o->inventory.state == TOPOLOGY_ABSENT) &&
	    json_equal(json_object_get(inventory, "topology"),
		json_object_get(o->inventory.memory, "topology")) &&
	    json_equal(json_object_get(inventory, "alias_map"),
		json_object_get(o->inventory.memory, "alias_map"));
}

/* Which directories and partitions have to be looked at. */
static void
mark_due(struct slot *s)
{
	for (size_t i = 0; s->active && i < s->manifest->source_count; i++) {
		struct source *source = &s->manifest->sources[i];

		for (size_t k = 0; k < source->directory_count; k++) {
			struct directory *d = &source->directories[k];

			d->due = directory_is_due(&s->intake, source, d);
			s->due |= d->due;
		}
	}
}

/* Which directories and partitions have to be looked at. 1 for any, or -1. */
static int
look(struct observer *o, struct error *err)
{
	bool news, force = o->rebuild || !same_nodes(o);

	if (!o->warm && slots_load(o, err) < 0)
		return -1;
	slots_assign(o);
	/* Which directories a node has is known from its manifest alone. */
	for (size_t i = 0; i < o->slot_count; i++)
		force |= o->slots[i].damaged;
	o->tree_listed =
	    tree_scan(&o->scan, &o->tree, force, slots_source, slots_each_source, o, &o->tally);
	news = o->rebuild || o->tree_listed || !o->intact;
	for (size_t i = 0; i < o->slot_count; i++) {
		struct slot *s = &o->slots[i];

		s->rebuild = s->active && (o->rebuild || s->manifest->anew);
		mark_due(s);
		news |= s->due || s->rebuild || (s->active && s->damaged);
	}
	return news;
}

static bool
same_options(const struct observer *o)
{
	json_auto_t *options = observer_options_json(o);

	return json_equal(options, json_object_get(o->before, "options"));
}

/* Whether the published world is still what a projection would make. */
static bool
world_holds(const struct observer *o)
{
	const json_t *inventory = o->inventory.before;

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
	if (publish_summary(o->world, summary, err) < 0)
		return -1;
	if (summary != o->published) {
		json_decref(o->published);
		o->published = json_incref(summary);
	}
	return 0;
}

/* Whether there is anything that can't wait for the next cycle that is due. */
static bool
is_urgent(const struct observer *o)
{
	return o->before == NULL || o->rebuild || !o->intact || o->tally.rejected > 0 ||
	    json_array_size(o->changes) > 0;
}

static int
reconcile(struct observer *o, struct error *err)
{
	int documents;

	if (slots_work(o, err) < 0)
		return -1;
	add_tallies(o);
	observer_project(o);
	if (guard_rebuild(o, err) < 0)
		return -1;
	if (observer_compare(o, err) < 0)
		return -1;
	if (o->early && !is_urgent(o))
		return 0;
	if (!observer_has_news(o))
		return heartbeat(o, o->projected.summary, err);
	documents = documents_to_write(o);
	if (!o->store.read_only) {
		if (o->upstream && keep_upstream(o, err) < 0)
			return -1;
		if (observer_commit(o, err) < 0)
			return -1;
		if (o->rebuild || o->tree_listed)
			observer_sweep(o);
	}
	observer_report(o, documents);
	return 0;
}

int
observer_cycle_run(struct observer *o, struct error *err)
{
	int news = look(o, err);

	if (news < 0)
		return -1;
	if (news > 0 || !world_holds(o))
		return reconcile(o, err);
	message_verbose("no news");
	return o->early ? 0 : heartbeat(o, o->published, err);
}

/* Says in the published world that nothing could be done, where it can be said:
 * everything else of it stays as it is. */
void
observer_tell_failure(struct observer *o, const char *stage, const struct error *err)
{
	json_t *observation = json_object_get(o->published, "observation");

	if (o->store.read_only || o->lock < 0 || !json_is_object(observation) || *o->options->stop)
		return;
	(void)json_object_set_new(
	    observation, "cycle", json_integer((json_int_t)observer_cycle(o)));
	(void)json_object_set_new(observation, "last_error", observer_failure(o, stage, err->text));
	(void)publish_summary(o->world, o->published, NULL);
}

static int
run(struct observer *o, struct error *err)
{
	const char *stage = STAGE_SOURCES;

	if (observer_begin(o, err) == 0 && observer_load_inventory(o, err) == 0) {
		stage = STAGE_POLL;
		if (observer_cycle_run(o, err) == 0)
			return 0;
	}
	observer_tell_failure(o, stage, err);
	return -1;
}

int
observer_conclude(const struct observer *o, struct error *err)
{
	int status = observer_write_metrics(o, err) < 0 ? err->status : EX_OK;

	if (o->inventory.state != TOPOLOGY_STALE)
		return status;
	if (status != EX_OK)
		message_error("%s", err->text);
	(void)error_set(err, EX_CONFIG, "%s; going on with the last good topology",
	    json_string_value(
		json_array_get(json_object_get(o->inventory.memory, "topology_errors"), 0)));
	return EX_CONFIG;
}

int
observer_run(const struct observer_options *options, struct error *err)
{
	struct observer o;
	int status;

	err->status = 0;
	if (observer_open(&o, options, options->dry_run, err) < 0 || run(&o, err) < 0) {
		status = err->status ? err->status : EX_SOFTWARE;
		observer_discard(&o);
	} else {
		status = observer_conclude(&o, err);
	}
	observer_close(&o);
	return status;
}
