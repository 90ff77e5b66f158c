/*
 * What changed since the published world. The world before is what is on disk; where
 * a run was killed before all of it was there, or it was damaged since, it's made
 * once more from what was committed. So no change is lost or told twice.
 */

#include "run.h"

#include <homelab/changes.h>
#include <homelab/message.h>
#include <homelab/publish.h>

#include <string.h>

/* A world as it was: documents that didn't change are left empty. */
struct past {
	struct buffer documents[DOCUMENT_COUNT];
	json_t *summary;
};

static void
past_release(struct past *p)
{
	for (int i = 0; i < DOCUMENT_COUNT; i++)
		buffer_release(&p->documents[i]);
	json_decref(p->summary);
}

/* Without a checkpoint: whether the published documents belong together. */
static bool
is_whole(const struct observer *o)
{
	const json_t *observation = json_object_get(o->published, "observation");

	return o->world >= 0 &&
	    publish_is_intact(o->world, o->published, json_object_get(o->published, "files"),
		(uint64_t)json_integer_value(json_object_get(observation, "generation")));
}

static bool
is_same_document(const struct observer *o, int i)
{
	const char *name = document_names[i];

	return json_equal(json_object_get(json_object_get(o->published, "files"), name),
	    json_object_get(json_object_get(o->projected.summary, "files"), name));
}

static int
read_published(const struct observer *o, struct past *p, struct error *err)
{
	p->summary = json_incref(o->published);
	for (int i = 0; i < DOCUMENT_COUNT; i++)
		if (!is_same_document(o, i) &&
		    disk_read(o->world, document_names[i], SIZE_MAX / 2, &p->documents[i], err) < 0)
			return -1;
	return 0;
}

/* The committed world, made once more: what is folded in this run isn't in it. */
static int
recall(const struct observer *o, struct past *p, struct error *err)
{
	struct observer past = {.options = o->options,
	    .root = o->root,
	    .state = o->state,
	    .world = o->world,
	    .repo = o->repo,
	    .lock = o->lock,
	    .store = {.fd = o->store.fd, .read_only = true},
	    .before = o->before,
	    .now = json_integer_value(json_object_get(o->before, "projected_at"))};
	int recalled = observer_recall(&past, TIMESTAMP_LAST, err);

	if (recalled == 0) {
		memcpy(p->documents, past.projected.documents, sizeof(p->documents));
		memset(past.projected.documents, 0, sizeof(past.projected.documents));
		p->summary = json_incref(past.projected.summary);
	}
	slots_release(&past);
	inventory_release(&past.inventory);
	world_release(&past.projected);
	return recalled;
}

/* 1, 0 where nothing is known of the world before, or -1. */
static int
find_past(const struct observer *o, struct past *p, struct error *err)
{
	if (o->upstream || (o->before == NULL && !is_whole(o)))
		return 0;
	if (o->before == NULL || o->intact)
		return read_published(o, p, err) < 0 ? -1 : 1;
	if (recall(o, p, err) == 0)
		return 1;
	message_warning("%s: what changed since the world before can't be told", err->text);
	err->status = 0;
	return 0;
}

static bool
is_revised(void *observer, const char *node)
{
	const struct observer *o = observer;
	const struct slot *s = slots_find(o, node);

	return o->rebuild || (s != NULL && (s->late > 0 || s->rebuild || s->damaged));
}

static const struct buffer *
documents_after(const struct observer *o, const struct past *p, struct buffer *out)
{
	for (int i = 0; i < DOCUMENT_COUNT; i++)
		out[i] =
		    p->documents[i].length > 0 ? o->projected.documents[i] : (struct buffer){0};
	return out;
}

int
observer_compare(struct observer *o, struct error *err)
{
	struct past past = {0};
	struct buffer after[DOCUMENT_COUNT];
	int known = find_past(o, &past, err);
	struct changes_input in = {.before = known > 0 ? past.documents : NULL,
	    .after = documents_after(o, &past, after),
	    .summary_before = past.summary,
	    .summary_after = o->projected.summary,
	    .now = o->now,
	    .incident_retention = o->retention.incidents,
	    .deployment_retention = o->retention.deployments,
	    .rebuilt = o->rebuild,
	    .is_revised = is_revised,
	    .context = o};

	if (known >= 0 && (o->changes = changes_between(&in)) == NULL) {
		message_warning(
		    "the published world can't be read: what changed since can't be told");
		in.before = NULL;
		in.summary_before = NULL;
		o->changes = changes_between(&in);
	}
	past_release(&past);
	return known < 0 ? -1 : 0;
}

static int
append(struct observer *o, struct unsynced *unsynced, struct error *err)
{
	const struct outbox_target to = {o->store.fd, unsynced};
	json_auto_t *batch =
	    json_pack("{s:I,s:I,s:o,s:I,s:O}", "cycle", (json_int_t)observer_cycle(o), "generation",
		(json_int_t)o->store.generation, "observed_at", json_time(o->now), "source_count",
		observer_source_count(o), "events", o->changes);

	return outbox_append(&to, &o->outbox, batch, o->store.generation, o->now, err);
}

/* Whether history.json isn't what it should be, though there is no new batch. */
static bool
shows_otherwise(const struct observer *o)
{
	const json_t *limit =
	    json_object_get(json_object_get(o->before, "options"), "history_limit");

	return !o->intact || !json_is_integer(limit) ||
	    (uint64_t)json_integer_value(limit) != o->options->history_limit;
}

int
observer_record(struct observer *o, struct unsynced *unsynced, struct error *err)
{
	if (json_array_size(o->changes) > 0) {
		if (append(o, unsynced, err) < 0)
			return -1;
		outbox_trim(&o->outbox, o->now);
	} else if (!shows_otherwise(o)) {
		return 0;
	}
	return outbox_history(o->store.fd, &o->outbox, o->options->history_limit, &o->history, err);
}
