/* Snapshots, shared by whoever reads them. */

#include "parts.h"

#include <homelab/buffer.h>

struct shared_snapshot {
	struct observation_snapshot shown; /* first: what readers point to */
	void (*release)(void *value);
	atomic_size_t references;
};

const struct observation_snapshot *
snapshot_new(const struct observation_cycle *cycle, void *value, void (*release)(void *value))
{
	struct shared_snapshot *s = memory_alloc(sizeof(*s));

	s->shown = (struct observation_snapshot){.cycle = cycle->number,
	    .observed_at = cycle->at,
	    .source_count = cycle->sources.count,
	    .value = value};
	s->release = release;
	atomic_init(&s->references, 1);
	return &s->shown;
}

const struct observation_snapshot *
snapshot_keep(const struct observation_snapshot *snapshot)
{
	(void)atomic_fetch_add(&((struct shared_snapshot *)snapshot)->references, 1);
	return snapshot;
}

void
snapshot_release(const struct observation_snapshot *snapshot)
{
	struct shared_snapshot *s = (struct shared_snapshot *)snapshot;

	if (atomic_fetch_sub(&s->references, 1) > 1)
		return;
	s->release(s->shown.value);
	free(s);
}
