#ifndef HOMELAB_CHECKPOINT_H
#define HOMELAB_CHECKPOINT_H

#include <homelab/error.h>
#include <homelab/scan.h>

#include <jansson.h>

/*
 * ROOT/state/observer_checkpoint.json: what has been decided on, and THE commit
 * point: a run becomes real by its rename. One JSON object, of which other
 * programs read `node_checkpoints`; the members:
 *
 * format		CHECKPOINT_FORMAT; up to 2 what events say of containers wasn't
 *			read
 * digest		SHA-256 of all bytes behind the first line, which is this
 *			member's
 * node_checkpoints	for each directory name the greatest path at or below
 *			which every event file has been decided on
 * generation, cycle	of the last commit
 * projected_at,	the world holds from the one to before the other, in
 * valid_until		nanoseconds
 * tree			the directories of dates as last listed
 * partitions		for each node generation, bytes and CRC-32 of its
 *			manifest, and whether it's in the world
 * documents		bytes and SHA-256 of each published document
 * topology		how the inventory's was: present, stale or absent
 * inventory		refers to what is remembered of it: see inventory_load.h;
 *			in format 1 the memory itself
 * options		what the projection depends on besides
 * totals		of `observation` since the last rebuild
 * outbox		generation of the latest batch of changes, and the segments
 *			that hold the batches: see outbox.h
 * history_bytes	size of world/history.json
 */
enum { CHECKPOINT_FORMAT = 3, CHECKPOINT_FORMAT_OLDEST = 1 };

#define CHECKPOINT_NAME "observer_checkpoint.json"

enum checkpoint_state {
	CHECKPOINT_SOUND,
	CHECKPOINT_MISSING,
	CHECKPOINT_FOREIGN, /* the Python observer's: no `format` (C3) */
	CHECKPOINT_DAMAGED /* torn, of a newer version, or not its digest (C4) */
};

/* Reads it. *out is the object where it's sound, and *why says what's wrong
 * with a damaged one. -1 where it can't be read. */
int checkpoint_read(int state_dir, json_t **out, enum checkpoint_state *state,
    char why[ERROR_TEXT_MAX], struct error *err);

/* Adds format and digest and writes the file that is to replace the old one:
 * unsynced_rename() of CHECKPOINT_NAME makes it the one, disk_sync_dir() for good. */
int checkpoint_write(
    struct unsynced *unsynced, int state_dir, json_t *checkpoint, struct error *err);

/* Whether what it names holds all that would be read of the same events today:
 * where not, everything is made anew, as with --reset. */
bool checkpoint_is_current(const json_t *checkpoint);

/* Whether it's of format 1, which has the memory of the inventory within. */
bool checkpoint_has_inventory(const json_t *checkpoint);

json_t *tree_to_json(const struct tree *tree);
void tree_from_json(const json_t *value, struct tree *tree);

/* Identities as arrays of five integers. */
json_t *identity_to_json(const struct identity *i);
bool identity_from_json(const json_t *value, struct identity *out);

#endif
