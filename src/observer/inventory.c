/*
 * The inventory of a run, and what is remembered of it between two: a file of
 * the store that the checkpoint names, written where it has changed. Where it
 * can't be used, all is read from the operator's files again; but that there was
 * a topology isn't forgotten (I2, C4).
 */

#include "run.h"

#include <homelab/message.h>

#include <string.h>
#include <sysexits.h>

static bool
was_absent(const struct observer *o)
{
	const char *state = json_string_value(json_object_get(o->before, "topology"));

	return state == NULL || strcmp(state, "absent") == 0;
}

int
observer_read_memory(struct observer *o, json_t **out, struct error *err)
{
	json_t *inventory = json_object_get(o->before, "inventory");

	*out = NULL;
	if (o->before == NULL)
		return 0;
	if (o->warm) {
		*out = json_incref(o->memory);
		o->remembered = inventory;
		return 0;
	}
	if (checkpoint_has_inventory(o->before)) {
		*out = json_incref(inventory);
		return 0;
	}
	if (inventory_memory_read(o->store.fd, inventory, out, err) < 0)
		return -1;
	o->remembered = inventory;
	return 0;
}

static int
read_memory_or_forget(struct observer *o, json_t **out, struct error *err)
{
	if (observer_read_memory(o, out, err) == 0)
		return 0;
	if (err->status != EX_DATAERR)
		return -1;
	message_error("state/observer/%s: reading the inventory anew", err->text);
	*err = (struct error){0};
	o->memory_damaged = true;
	*out = was_absent(o) ? NULL : inventory_memory_lost();
	return 0;
}

int
observer_load_inventory(struct observer *o, struct error *err)
{
	json_auto_t *memory = NULL;

	if (read_memory_or_forget(o, &memory, err) < 0)
		return -1;
	return inventory_load(
	    &o->inventory, o->repo, memory, o->options->no_topology, o->options->alias_map, err);
}

bool
observer_has_learned(const struct observer *o)
{
	return !json_equal(o->inventory.memory, o->inventory.before);
}

static bool
is_written(const struct observer *o)
{
	return o->remembered == NULL || observer_has_learned(o);
}

json_t *
observer_write_memory(const struct observer *o, struct unsynced *unsynced, struct error *err)
{
	if (!is_written(o))
		return json_incref((json_t *)o->remembered);
	return inventory_memory_write(
	    o->store.fd, o->inventory.memory, o->store.generation, unsynced, err);
}

void
observer_add_memory(const struct observer *o, json_t *before, json_t *now)
{
	json_auto_t *written = json_pack("{s:I}", "generation", (json_int_t)o->store.generation);
	cleanup_buffer struct buffer path = {0};

	if (before != NULL && o->remembered != NULL)
		(void)json_object_set_new(
		    before, inventory_memory_path(o->remembered, &path), json_true());
	(void)json_object_set_new(now,
	    inventory_memory_path(is_written(o) ? written : o->remembered, &path), json_true());
}

void
observer_keep_memory(const struct observer *o)
{
	cleanup_buffer struct buffer path = {0};

	if (o->memory_damaged)
		keep_damaged_file(
		    o, inventory_memory_path(json_object_get(o->before, "inventory"), &path));
}
