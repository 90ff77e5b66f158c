/* The committed world again, from the checkpoint and the journal alone. */

#include "run.h"

#include <string.h>
#include <sysexits.h>

/* Whether a partition can be of the inventory that is remembered beside it. */
static bool
is_remembered(const struct observer *o, const char *node)
{
	return o->inventory.state == TOPOLOGY_ABSENT ||
	    topology_find(o->inventory.topology, node) != NULL;
}

static int
fold_all(struct observer *o, timestamp from, struct error *err)
{
	const json_t *partitions = json_object_get(o->before, "partitions");

	for (size_t i = 0; i < o->slot_count; i++) {
		struct slot *s = &o->slots[i];
		struct replay replay = {.store = &o->store, .manifest = s->manifest};
		const json_t *entry = json_object_get(partitions, s->manifest->node);

		if (!json_is_true(json_object_get(entry, "active")))
			continue;
		if (!is_remembered(o, s->manifest->node))
			return error_set(err, EX_DATAERR,
			    "the checkpoint has a partition of %s, its inventory has no such node",
			    s->manifest->node);
		if (s->damaged)
			return error_set(
			    err, EX_DATAERR, "the journal of %s is damaged", s->manifest->node);
		s->active = true;
		s->state = replay_partition(&replay, from, err);
		if (s->state == NULL)
			return -1;
	}
	return 0;
}

static enum topology_state
topology_before(const struct observer *o)
{
	const char *state = json_string_value(json_object_get(o->before, "topology"));

	if (state != NULL && strcmp(state, "absent") == 0)
		return TOPOLOGY_ABSENT;
	return state != NULL && strcmp(state, "stale") == 0 ? TOPOLOGY_STALE : TOPOLOGY_PRESENT;
}

/* The retention the world was made with. */
static struct retention
retention_before(const struct observer *o)
{
	const json_t *options = json_object_get(o->before, "options");

	return (struct retention){
	    json_integer_value(json_object_get(options, "incident_retention")),
	    json_integer_value(json_object_get(options, "service_retention")),
	    json_integer_value(json_object_get(options, "deployment_retention"))};
}

int
observer_recall(struct observer *o, timestamp from, struct error *err)
{
	json_auto_t *memory = NULL;

	if (observer_read_memory(o, &memory, err) < 0 ||
	    inventory_recall(&o->inventory, memory, topology_before(o), err) < 0)
		return -1;
	if (slots_load(o, err) < 0 || fold_all(o, from, err) < 0)
		return -1;
	o->retention = retention_before(o);
	observer_project(o);
	return 0;
}
