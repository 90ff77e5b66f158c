/*
 * From one cycle to the next without the disk: what is in memory then is exactly
 * what would be read from there. Whatever a cycle did that wasn't committed is
 * forgotten; the next one finds it again. The states of the partitions are all
 * that is kept besides.
 */

#include "run.h"

#include <homelab/publish.h>

#include <fcntl.h>

/* The manifest goes back to what was committed last. */
static void
renew_slot(struct slot *s, bool committed)
{
	const struct slot was = *s;
	bool holds = s->active && (committed || !(s->due || s->rebuild || s->damaged));
	struct manifest *m = s->committed.length == 0 ?
	    NULL :
	    manifest_unpack(s->committed.data, s->committed.length);

	if (m == NULL)
		m = manifest_new(s->manifest->node);
	*s = (struct slot){.manifest = m,
	    .committed = was.committed,
	    .packed = was.packed,
	    .committed_generation = was.committed_generation,
	    .state = holds ? was.state : NULL};
	if (!holds)
		partition_free(was.state);
	manifest_free(was.manifest);
	json_decref(was.intake.carried);
	json_decref(was.damaged_files);
}

/* The new checkpoint is now the one before. */
static void
take_over(struct observer *o)
{
	json_decref(o->before);
	o->before = o->checkpoint;
	o->checkpoint = NULL;
	json_decref(o->published);
	o->published = json_incref(o->projected.summary);
	for (size_t i = 0; i < o->slot_count; i++)
		slot_take_over(&o->slots[i], o->store.generation);
}

static void
identify(int dir, const char *name, struct identity *out)
{
	struct stat st;

	*out = (struct identity){0};
	if (disk.stat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		identity_of(&st, out);
}

bool
observer_is_undisturbed(const struct observer *o)
{
	struct identity checkpoint, summary;

	identify(o->state, CHECKPOINT_NAME, &checkpoint);
	identify(o->world, SUMMARY_NAME, &summary);
	return identity_same(&checkpoint, &o->left_checkpoint) &&
	    identity_same(&summary, &o->left_summary) &&
	    publish_is_intact(o->world, o->published, json_object_get(o->before, "documents"),
		o->store.generation - 1) &&
	    publish_has_history(o->world, json_object_get(o->before, "history_bytes"));
}

void
observer_renew(struct observer *o)
{
	bool committed = o->committed;
	json_t *memory = committed ? o->inventory.memory : o->inventory.before;

	(void)json_incref(memory);
	json_decref(o->memory);
	o->memory = memory;
	if (committed)
		take_over(o);
	for (size_t i = 0; i < o->slot_count; i++)
		renew_slot(&o->slots[i], committed);
	tree_release(&o->tree);
	tree_from_json(json_object_get(o->before, "tree"), &o->tree);
	outbox_release(&o->outbox);
	outbox_from_json(json_object_get(o->before, "outbox"), &o->outbox);
	inventory_release(&o->inventory);
	world_release(&o->projected);
	o->projected = (struct world){0};
	buffer_release(&o->history);
	json_decref(o->changes);
	o->changes = NULL;
	o->tally = (struct tally){0};
	o->store.generation =
	    (uint64_t)json_integer_value(json_object_get(o->before, "generation")) + 1;
	o->remembered = NULL;
	o->memory_damaged = o->upstream = o->tree_listed = o->committed = false;
	o->intact = o->warm = true;
	o->files_done = o->files_to_do = 0;
	identify(o->state, CHECKPOINT_NAME, &o->left_checkpoint);
	identify(o->world, SUMMARY_NAME, &o->left_summary);
}
