#ifndef HOMELAB_PUBLISH_H
#define HOMELAB_PUBLISH_H

#include <homelab/project.h>
#include <homelab/unsynced.h>

/*
 * ROOT/world. The documents are replaced one by one and made durable before
 * the summary is, which names their digests: so a summary on disk means that
 * its documents are there too (A2).
 *
 *	publish_write()		before the commit: all files, beside the old ones
 *	unsynced_sync()
 *	publish_rename()	after it: documents and history, then the summary
 *
 * Documents whose bytes are the published ones already aren't written. Neither is
 * a history without bytes.
 */
struct publication {
	struct unsynced *unsynced;
	int dir;
	const struct world *world;
	const json_t *old; /* the checkpoint's `documents`, or NULL to write all */
	bool intact; /* what is published is what the checkpoint says */
	const struct buffer *history;
	int renamed;
};

int publish_write(struct publication *p, struct error *err);
int publish_rename(struct publication *p, struct error *err);

/* The summary alone, where nothing else is new. */
int publish_summary(int world_dir, const json_t *summary, struct error *err);

/* The published summary, or NULL where it can't be read as one. */
json_t *publish_read_summary(int world_dir);

/* Whether the documents on disk are those of the checkpoint and the summary:
 * of their sizes, and none changed after the summary was written. */
bool publish_is_intact(
    int world_dir, const json_t *summary, const json_t *documents, uint64_t generation);

/* Whether history.json has the size it was written with; true where that isn't
 * known. */
bool publish_has_history(int world_dir, const json_t *bytes);

/* {"nodes.json": {"bytes", "sha256"}, …} of a world. New reference. */
json_t *publish_digests(const struct world *world);

#endif
