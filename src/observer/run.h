#ifndef HOMELAB_RUN_H
#define HOMELAB_RUN_H

#include <homelab/checkpoint.h>
#include <homelab/inventory_load.h>
#include <homelab/observer.h>
#include <homelab/replay.h>
#include <homelab/scan.h>
#include <homelab/outbox.h>

#include <stdatomic.h>

/* What the files of a run share. */

/* A partition during a run. */
struct slot {
	struct manifest *manifest; /* as it will be committed */
	struct buffer committed; /* the manifest's bytes at the last commit */
	struct buffer packed; /* and now */
	uint64_t committed_generation; /* 0: never committed */
	bool active; /* its node is read in this run */
	bool due; /* some directory has to be looked at */
	bool rebuild; /* make it anew from files and journal */
	bool damaged; /* … because something of it is */
	json_t *damaged_files; /* a set of paths in the store, or NULL */
	struct partition *state;
	struct topology_node absent; /* in place of a topology's */
	struct intake intake;
	uint64_t late;
	bool failed;
	struct error error; /* where it failed */
};

struct observer {
	const struct observer_options *options;
	int root, state, world, repo, lock;
	struct store store;
	struct scan scan;
	timestamp now, started;
	struct retention retention;
	json_t *before; /* the committed checkpoint, or NULL */
	bool rebuild; /* everything is made anew */
	bool upstream; /* the checkpoint was the Python observer's (C3) */
	json_t *published; /* the summary on disk, or NULL */
	bool intact; /* the world on disk is the checkpoint's */
	struct inventory inventory;
	const json_t *remembered; /* what `before` refers to, where it's whole */
	bool memory_damaged;
	struct tree tree;
	bool tree_listed;
	struct slot *slots; /* by node */
	size_t slot_count, slot_room;
	struct tally tally;
	struct clock clock;
	struct world projected;
	json_t *changes; /* between the published world and the projected one */
	struct outbox outbox; /* as it will be committed */
	struct buffer history; /* history.json, where it has to be written */
	json_t *checkpoint; /* as it was committed in this run, or NULL */
	bool committed;
	bool early; /* commits only what others wait for */
	bool warm; /* what was committed last is in memory: see renew.c */
	json_t *memory; /* warm: what is remembered of the inventory */
	struct identity left_checkpoint, left_summary; /* warm: the files as they were left */
	atomic_size_t next_slot; /* the workers' queue */
	_Atomic uint64_t files_done;
	uint64_t files_to_do; /* counted for a terminal only */
};

/* begin.c: what was committed, as it is on disk. */
int observer_begin(struct observer *o, struct error *err);
/* upstream.c: keeps what the Python observer left (C3). */
int keep_upstream(struct observer *o, struct error *err);

/* run.c: what is done in every cycle, once its sources are known. */
int observer_cycle_run(struct observer *o, struct error *err);
/* When all is published: what comes besides. The exit status, with *err set where
 * it isn't EX_OK. */
int observer_conclude(const struct observer *o, struct error *err);
#define STAGE_SOURCES "source_refresh"
#define STAGE_POLL "poll"
void observer_tell_failure(struct observer *o, const char *stage, const struct error *err);

/* renew.c: after a cycle, makes ready for the next one. */
void observer_renew(struct observer *o);
/* Whether what is on disk is still what was left there. */
bool observer_is_undisturbed(const struct observer *o);

/* slots.c: which partitions there are, and which sources they have. */
int slots_load(struct observer *o, struct error *err);
void slots_assign(struct observer *o);
struct source *slots_source(void *observer, const char *directory);
void slots_each_source(void *observer, void (*visit)(struct source *, int32_t), int32_t date);
void slots_release(struct observer *o);
struct slot *slots_find(const struct observer *o, const char *node); /* or NULL */

/* work.c: what one thread does for one partition. */
int slot_work(struct observer *o, struct slot *s, struct error *err);
int slots_work(struct observer *o, struct error *err);

/* inventory.c: the inventory, and the file in which it is remembered. */
int observer_load_inventory(struct observer *o, struct error *err);
/* What the committed checkpoint remembers. EX_DATAERR where that is damaged. */
int observer_read_memory(struct observer *o, json_t **out, struct error *err);
/* Whether something else is to be remembered now. */
bool observer_has_learned(const struct observer *o);
/* Writes it, where it is; the reference for the checkpoint. */
json_t *observer_write_memory(
    const struct observer *o, struct unsynced *unsynced, struct error *err);
/* Adds its file to the sets of those before (may be NULL) and now. */
void observer_add_memory(const struct observer *o, json_t *before, json_t *now);
/* Gives it another name where it was damaged. */
void observer_keep_memory(const struct observer *o);

/* progress.c */
void progress_begin(struct observer *o);
void progress_step(void *observer);

/* rebuild.c */
int slot_rebuild(struct observer *o, struct slot *s, struct error *err);
/* Gives the damaged files, which nothing refers to any more, their names. */
void keep_damaged(const struct observer *o, const struct slot *s);
void keep_damaged_file(const struct observer *o, const char *path);

/* project.c: what the projection needs of a run. */
void observer_project(struct observer *o);
/* The summary's `deploy`. New reference. */
json_t *observer_deploy(const struct observer *o);

/* recall.c: the committed world again, of o->before and at o->now, projected.
 * `from` is replay_partition()'s. */
int observer_recall(struct observer *o, timestamp from, struct error *err);

/* history.c: what changed since the published world, for others. */
int observer_compare(struct observer *o, struct error *err);
/* Before the checkpoint is written: the changes as a batch, and history.json. */
int observer_record(struct observer *o, struct unsynced *unsynced, struct error *err);

/* commit.c: the one rename that makes a run real, what goes before and after. */
bool observer_has_news(struct observer *o);
/* What the projection depends on besides. New reference. */
json_t *observer_options_json(const struct observer *o);
int observer_commit(struct observer *o, struct error *err);
/* After a commit: what was written of a slot is what was committed last. */
void slot_take_over(struct slot *s, uint64_t generation);
/* Removes what an unfinished run wrote. */
void observer_discard(struct observer *o);
/* Removes files of a set, but for those in `keep`. */
void remove_files(const struct store *store, const json_t *set, const json_t *keep);
/* Removes what killed runs left. */
void observer_sweep(struct observer *o);

/* metrics.c: the world as published, for Prometheus, where that is wanted. */
int observer_write_metrics(const struct observer *o, struct error *err);

/* open.c */
#define LOCK_NAME "observer.lock"
int observer_open(
    struct observer *o, const struct observer_options *options, bool read_only, struct error *err);
void observer_close(struct observer *o);
/* The moment that the next cycle is about. */
void observer_set_time(struct observer *o);
/* Says in the lock, taken for reading only, who holds it, where we may. */
void observer_sign_lock(const struct observer *o);

/* report.c */
/* How damage is told: of what was committed it's an error; where there's no
 * checkpoint, what an unfinished run left looks the same. */
typedef void (*teller)(const char *format, ...) __attribute__((format(printf, 1, 2)));
teller tell_damage(const struct observer *o);
void observer_observe(struct observer *o, json_t *summary, uint64_t generation);
json_t *observer_totals(const struct observer *o);
uint64_t observer_cycle(const struct observer *o);
/* The summary's `last_error`. New reference. */
json_t *observer_failure(const struct observer *o, const char *stage, const char *message);
json_int_t observer_source_count(const struct observer *o); /* nodes with events */
void observer_report(const struct observer *o, int documents);

#endif
