#ifndef HOMELAB_RUN_H
#define HOMELAB_RUN_H

#include <homelab/checkpoint.h>
#include <homelab/inventory_load.h>
#include <homelab/observer.h>
#include <homelab/replay.h>
#include <homelab/scan.h>

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
	struct tree tree;
	bool tree_listed;
	struct slot *slots; /* by node */
	size_t slot_count, slot_room;
	struct tally tally;
	struct clock clock;
	struct world projected;
	bool committed;
	bool worked; /* partitions were looked at; the world was projected */
	atomic_size_t next_slot; /* the workers' queue */
	_Atomic uint64_t files_done;
	uint64_t files_to_do; /* counted for a terminal only */
};

/* slots.c: which partitions there are, and which sources they have. */
void slots_load(struct observer *o);
void slots_assign(struct observer *o);
struct source *slots_source(void *observer, const char *directory);
void slots_each_source(void *observer, void (*visit)(struct source *, int32_t), int32_t date);
void slots_release(struct observer *o);

/* work.c: what one thread does for one partition. */
int slot_work(struct observer *o, struct slot *s, struct error *err);
int slots_work(struct observer *o, struct error *err);

/* progress.c */
void progress_begin(struct observer *o);
void progress_step(void *observer);

/* rebuild.c */
int slot_rebuild(struct observer *o, struct slot *s, struct error *err);
void keep_damaged(struct store *store, const struct manifest *m);

/* project.c: what the projection needs of a run. */
void observer_project(struct observer *o);
/* The summary's `deploy`. New reference. */
json_t *observer_deploy(const struct observer *o);

/* commit.c: the one rename that makes a run real, what goes before and after. */
bool observer_has_news(struct observer *o);
int observer_commit(struct observer *o, struct error *err);
/* Removes what an unfinished run wrote. */
void observer_discard(struct observer *o);
/* Removes files of a set, but for those in `keep`. */
void remove_files(const struct store *store, const json_t *set, const json_t *keep);
/* Removes what killed runs left. */
void observer_sweep(struct observer *o);

/* open.c */
int observer_open(
    struct observer *o, const struct observer_options *options, bool read_only, struct error *err);
void observer_close(struct observer *o);

/* report.c */
void observer_observe(struct observer *o, json_t *summary, uint64_t generation);
json_t *observer_totals(const struct observer *o);
uint64_t observer_cycle(const struct observer *o);
void observer_report(const struct observer *o, const json_t *incidents_before, int documents);

#endif
