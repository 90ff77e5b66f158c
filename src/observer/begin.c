/* What a run finds: the checkpoint, the world that goes with it, and which
 * generation comes next. */

#include "run.h"

#include <homelab/message.h>
#include <homelab/publish.h>

#include <stdio.h>
#include <string.h>

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
	if (o->before != NULL && !checkpoint_is_current(o->before))
		message_notice("state/%s is of an older version: making everything anew from "
			       "journal and event files",
		    CHECKPOINT_NAME);
	o->rebuild = o->options->reset || !checkpoint_is_current(o->before);
	o->store.generation =
	    (uint64_t)json_integer_value(json_object_get(o->before, "generation")) + 1;
	tree_from_json(o->rebuild ? NULL : json_object_get(o->before, "tree"), &o->tree);
	outbox_from_json(json_object_get(o->before, "outbox"), &o->outbox);
	o->published = publish_read_summary(o->world);
	o->intact = o->world >= 0 &&
	    publish_is_intact(o->world, o->published, json_object_get(o->before, "documents"),
		o->store.generation - 1) &&
	    publish_has_history(o->world, json_object_get(o->before, "history_bytes"));
	return 0;
}

/* Without a checkpoint the generations on disk aren't known: begin above all. */
static int
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
	return 0;
}

/* A segment of the outbox is "GENERATION.jsonl". */
static int
count_segment(void *observer, const char *name)
{
	cleanup_buffer struct buffer dotted = {0};

	buffer_text(&dotted, ".%s", name);
	return count_generation(observer, buffer_string(&dotted));
}

struct find_generation {
	struct observer *observer;
	const char *kind;
	struct error *err;
};

static int
count_generations(void *context, const char *name)
{
	const struct find_generation *f = context;
	cleanup_buffer struct buffer path = {0};

	buffer_text(&path, "%s/%s", f->kind, name);
	return store_each(
	    &f->observer->store, buffer_string(&path), count_generation, f->observer, f->err);
}

static int
find_generation(struct observer *o, struct error *err)
{
	struct find_generation f = {o, "journal", err};

	if (o->before != NULL)
		return 0;
	if (store_each(&o->store, f.kind, count_generations, &f, err) < 0)
		return -1;
	f.kind = "partitions";
	if (store_each(&o->store, f.kind, count_generations, &f, err) < 0)
		return -1;
	if (store_each(&o->store, INVENTORY_MEMORY_DIRECTORY, count_generation, o, err) < 0)
		return -1;
	return store_each(&o->store, OUTBOX_DIR, count_segment, o, err);
}

int
observer_begin(struct observer *o, struct error *err)
{
	return read_before(o, err) < 0 ? -1 : find_generation(o, err);
}
