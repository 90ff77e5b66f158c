#ifndef HOMELAB_REPLAY_H
#define HOMELAB_REPLAY_H

#include <homelab/journal.h>

/* How long the journal keeps what events said, back from the newest one. */
#define JOURNAL_MEMORY DAYS(120)

struct replay {
	struct store *store;
	struct manifest *manifest;
	timestamp newest; /* of all rows: decides which snapshots are taken */
	bool take_snapshots; /* false: the manifest's stay as they are */
	uint64_t late; /* out: new rows that sorted before an old one */
	uint64_t waiting; /* new rows since the last old one */
};

/*
 * Folds a partition from its journal. `oldest_new` is the least timestamp of
 * the rows added since the snapshots were taken, TIMESTAMP_LAST for none,
 * TIMESTAMP_NONE to fold all that there is. Damage is EX_DATAERR.
 */
struct partition *replay_partition(struct replay *r, timestamp oldest_new, struct error *err);

#endif
