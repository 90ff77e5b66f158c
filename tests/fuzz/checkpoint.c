/*
 * The checkpoint: as it's read, and, with format and digest made right, as a
 * run goes by it. Whatever it says, a run ends with a documented status, and
 * after a rebuild the world is one that --verify agrees with.
 */

#include "fuzz.h"

#include <homelab/checkpoint.h>
#include <homelab/inventory_load.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sysexits.h>

#define NOW SECONDS(1778588400)

static void
make_tree(void)
{
	static const char event[] = "{\"timestamp\": \"2026-05-12T12:05:00Z\", \"node\": "
				    "\"saturn\", \"type\": \"service_unhealthy\", "
				    "\"service\": \"mosquitto\"}";
	static const char topology[] = "nodes:\n  saturn:\n";

	scratch_write("events/2026-05-12/saturn/a.json", event, sizeof(event) - 1);
	scratch_write("events/saturn/b.json", event, sizeof(event) - 1);
	scratch_write("inventory/topology.yaml", topology, sizeof(topology) - 1);
	scratch_write("state/keep", "", 0);
}

/* Reads the bytes as they are. Sound is only what has the right digest. */
static void
check_raw(int state, const uint8_t *data, size_t size)
{
	char why[ERROR_TEXT_MAX] = "";
	enum checkpoint_state found;
	json_t *checkpoint;
	struct error err;

	scratch_write("state/" CHECKPOINT_NAME, data, size);
	HOLDS(checkpoint_read(state, &checkpoint, &found, why, &err) == 0);
	HOLDS((found == CHECKPOINT_SOUND) == (checkpoint != NULL));
	HOLDS(found != CHECKPOINT_DAMAGED || why[0] != '\0');
	HOLDS(found != CHECKPOINT_MISSING);
	json_decref(checkpoint);
}

static void
check_tree(const json_t *checkpoint)
{
	struct tree tree, again;
	json_auto_t *once = NULL, *twice = NULL;

	tree_from_json(json_object_get(checkpoint, "tree"), &tree);
	once = tree_to_json(&tree);
	tree_from_json(once, &again);
	twice = tree_to_json(&again);
	HOLDS(once != NULL && json_equal(once, twice));
	tree_release(&tree);
	tree_release(&again);
}

/* Puts what it remembers of the inventory, whatever that is, into the file it then
 * refers to. */
static void
move_memory(int state, json_t *checkpoint)
{
	json_auto_t *memory = json_incref(json_object_get(checkpoint, "inventory"));
	json_auto_t *reference = NULL, *again = NULL;
	struct unsynced unsynced = {0};
	int store = -1;
	struct error err;

	if (!json_is_object(memory) && !json_is_array(memory))
		return;
	if (mkdirat(state, "observer", 0755) == 0 || errno == EEXIST)
		store = openat(state, "observer", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	HOLDS(store >= 0);
	reference = inventory_memory_write(store, memory, 1, &unsynced, &err);
	HOLDS(reference != NULL);
	unsynced_release(&unsynced);
	(void)json_object_set(checkpoint, "inventory", reference);
	HOLDS(inventory_memory_read(store, reference, &again, &err) == 0);
	HOLDS(json_equal(again, memory));
	(void)close(store);
}

/* Writes it with format and digest and reads it again. */
static void
check_written(int state, json_t *value)
{
	char why[ERROR_TEXT_MAX];
	enum checkpoint_state found;
	json_auto_t *checkpoint = NULL;
	struct unsynced unsynced = {0};
	struct error err;

	(void)json_object_del(value, "digest");
	HOLDS(checkpoint_write(&unsynced, state, value, &err) == 0);
	HOLDS(unsynced_rename(&unsynced, state, CHECKPOINT_NAME, &err) == 0);
	unsynced_release(&unsynced);
	HOLDS(checkpoint_read(state, &checkpoint, &found, why, &err) == 0);
	HOLDS(found == CHECKPOINT_SOUND);
	(void)json_object_del(value, "digest");
	HOLDS(json_equal(checkpoint, value));
	check_tree(checkpoint);
}

static void
check_runs(void)
{
	struct observer_options options;
	struct error err = {0};

	options_of_scratch(&options, NOW);
	(void)checked_run(&options);
	(void)checked_run(&options);
	options.reset = options.force = true;
	if (checked_run(&options) != EX_OK)
		return;
	HOLDS(observer_verify(&options, &err) == EX_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_auto_t *value = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	int state;

	scratch_clear();
	make_tree();
	HOLDS((state = openat(scratch_fd(), "state", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0);
	check_raw(state, data, size);
	if (json_is_object(value)) {
		check_written(state, value);
		check_runs();
		move_memory(state, value);
		check_written(state, value);
		check_runs();
	}
	(void)close(state);
	return 0;
}
