#ifndef HOMELAB_INVENTORY_LOAD_H
#define HOMELAB_INVENTORY_LOAD_H

#include <homelab/inventory.h>
#include <homelab/project.h>
#include <homelab/unsynced.h>

/*
 * The inventory as the files of REPO have it now, with the last good topology
 * behind it. What was read is remembered with the checkpoint, so that a run
 * opens no file that is as it was:
 *
 * topology		the last good topology, or null
 * files		path to [identity, when it was read]; an identity of
 *			zeros stands for "not there"
 * hosts		node to {"declarations": …}, {"bad": complaint} or {}
 * topology_errors	what is wrong with the topology's file now
 * alias_map, absent	what it was read with
 */
struct host {
	char *node;
	struct declarations *declarations; /* NULL: none, or bad */
	bool bad;
};

struct inventory {
	enum topology_state state;
	struct topology *topology; /* the one in force; no nodes where absent */
	json_t *memory; /* to be kept with the checkpoint */
	json_t *before; /* the one that was, or NULL */
	int repo; /* descriptor; -1 where there is none */
	struct host *hosts;
	size_t host_count, host_room;
};

/*
 * Reads the topology. `memory` is what was kept, or NULL. Fails with EX_CONFIG
 * where there is no good topology and never was one (I2).
 */
int inventory_load(struct inventory *inventory, int repo, const json_t *memory, bool no_topology,
    const char *alias_map, struct error *err);
/* What a node's hosts/NODE/services.yaml declares. The result is good until the
 * next call (its declarations until the release). */
const struct host *inventory_host(struct inventory *inventory, const char *node);
/* All that is wrong, sorted. New reference. */
json_t *inventory_errors(const struct inventory *inventory);
/* The node that a directory's events belong to, or NULL for an unknown one.
 * Where there is no topology every directory is a node or alias. */
const char *inventory_node_of(const struct inventory *inventory, const char *directory);

/* Whether all remembered files are as they were. */
bool inventory_is_unchanged(int repo, const json_t *memory);

/* The inventory as remembered, whatever the files are now: for --verify. */
enum { INVENTORY_RECALLED = -2 };
int inventory_recall(struct inventory *inventory, const json_t *memory, enum topology_state state,
    struct error *err);
void inventory_release(struct inventory *inventory);

/*
 * --- memory.c: STORE/inventory/memory.GENERATION ------------------------------
 *
 * The memory lies in a file of its own, since it is large where there are many
 * nodes and seldom changes. A checkpoint refers to it with {"generation", "bytes",
 * "sha256"}.
 */
#define INVENTORY_MEMORY_DIRECTORY "inventory"

/* Of the file that is referred to, below the store; the text is in *out. */
const char *inventory_memory_path(const json_t *reference, struct buffer *out);
/* Writes it under that generation into its directory, which is made where there is
 * none; neither is durable yet. A new reference to it, or NULL. */
json_t *inventory_memory_write(int store, const json_t *memory, uint64_t generation,
    struct unsynced *unsynced, struct error *err);
/* *out is a new reference. EX_DATAERR where it's missing or another one. */
int inventory_memory_read(int store, const json_t *reference, json_t **out, struct error *err);
/* A memory that knows only that there was a good topology. New reference. */
json_t *inventory_memory_lost(void);

#endif
