/*
 * The observer's own binary files, told apart by how they begin: a day of rows
 * (plain, or gzip), decisions, a manifest, a snapshot. Checksums are made right
 * first, so that what is behind them is reached. "HLpart\n1" stands for a
 * snapshot's contents before compression.
 */

#include "../../src/journal/files.h"
#include "fuzz.h"

#include <homelab/replay.h>

#include <stdio.h>
#include <string.h>

enum { DATE = 20585 }; /* 2026-05-12 */

static struct store
open_store(void)
{
	static const char *const folders[] = {"journal", "journal/n", "partitions", "partitions/n"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		(void)mkdirat(scratch_fd(), folders[i], 0755);
	return (struct store){.fd = scratch_fd(), .generation = 2};
}

/* --- rows ------------------------------------------------------------------ */

static struct manifest *
manifest_of_day(size_t length, uint64_t rows, bool compressed)
{
	struct manifest *m = manifest_new("n");
	struct source *s = manifest_add_source(m, "n");

	m->names = memory_alloc(sizeof(*m->names));
	m->names[m->name_count++] = text_copy("n");
	*source_day(s, 1, DATE) = (struct day){.date = DATE,
	    .generation = 1,
	    .length = length,
	    .rows = rows,
	    .old_rows = rows / 2,
	    .compressed = compressed};
	return m;
}

static struct partition *
replay(struct store *store, struct manifest *m, bool snapshots)
{
	struct replay r = {
	    .store = store, .manifest = m, .newest = date_start(DATE), .take_snapshots = snapshots};
	struct error err = {0};

	return replay_partition(&r, TIMESTAMP_NONE, &err);
}

static uint64_t
count_rows(const struct buffer *bytes)
{
	struct unpack in = {bytes->data, bytes->data + bytes->length, false}, frame;
	struct row row;
	uint64_t count = 0;

	for (; frame_next(&in, &frame) == 1; count++)
		if (row_peek(frame, &row))
			check_row(&row);
	return count;
}

/* What was replayed from the file as it is, and from it compressed anew. */
static void
check_replay(struct store *store, struct manifest *m)
{
	struct partition *p = replay(store, m, false), *again;
	cleanup_buffer struct buffer once = {0}, twice = {0};
	struct error err;

	if (p == NULL)
		return;
	check_partition(p, false);
	partition_pack(p, &once);
	partition_free(p);
	HOLDS(day_compress(store, &m->sources[0], &m->sources[0].days[0], &err) == 0);
	HOLDS((again = replay(store, m, true)) != NULL);
	partition_pack(again, &twice);
	partition_free(again);
	HOLDS(same_bytes(&once, &twice));
}

static void
try_day(struct store *store, const uint8_t *data, size_t size, bool compressed)
{
	cleanup_buffer struct buffer rows = {0}, salvaged = {0};
	struct manifest *m = manifest_of_day(size, 0, compressed);
	struct day *day = &m->sources[0].days[0];
	struct error err;

	scratch_write(
	    compressed ? "journal/n/2026-05-12.1.gz" : "journal/n/2026-05-12.1", data, size);
	HOLDS(day_salvage(store, &m->sources[0], day, &salvaged, &err) == 0);
	if (day_load(store, &m->sources[0], day, &rows, &err) == 0) {
		HOLDS(same_bytes(&rows, &salvaged));
		day->rows = count_rows(&rows);
		day->old_rows = day->rows / 2;
		check_replay(store, m);
	}
	manifest_free(m);
}

static void
try_plain_day(struct store *store, const uint8_t *data, size_t size)
{
	try_day(store, data, size, false);
}

static void
try_compressed_day(struct store *store, const uint8_t *data, size_t size)
{
	try_day(store, data, size, true);
}

/* --- decisions ------------------------------------------------------------- */

static void
check_reload(
    struct store *store, const struct source *s, struct directory *d, struct decisions *before)
{
	struct decisions after = {0};
	struct error err;

	decisions_set(before, "new.json", VERDICT_REJECTED, 7, 8);
	HOLDS(decisions_flush(store, s, d, before, 9, &err) == 0);
	HOLDS(decisions_load(store, s, d, &after, &err) == 0);
	HOLDS(after.count == before->count);
	for (size_t i = 0; i < before->count; i++) {
		const struct decision *x = &before->items[i], *y = decisions_find(&after, x->key);

		HOLDS(y != NULL && y->verdict == x->verdict && y->size == x->size &&
		    y->time == x->time &&
		    y->decided == (strcmp(x->key, "new.json") == 0 ? 9 : x->decided));
	}
	decisions_release(&after);
}

static void
try_decisions(struct store *store, const uint8_t *data, size_t size)
{
	struct manifest *m = manifest_new("n");
	struct source *s = manifest_add_source(m, "n");
	struct directory *d = source_add_directory(s, DATE);
	struct decisions decisions = {0};
	struct error err;

	d->decisions_generation = 1;
	d->decisions_length = size;
	scratch_write("journal/n/decided-2026-05-12.1", data, size);
	if (decisions_load(store, s, d, &decisions, &err) == 0)
		check_reload(store, s, d, &decisions);
	decisions_release(&decisions);
	manifest_free(m);
}

/* --- manifests, snapshots -------------------------------------------------- */

static void
try_manifest(struct store *store, const uint8_t *data, size_t size)
{
	struct manifest *m = manifest_unpack(data, size), *back;
	cleanup_buffer struct buffer once = {0}, twice = {0};
	json_auto_t *files = json_object();

	(void)store;
	if (m == NULL)
		return;
	manifest_pack(m, &once);
	manifest_files(m, files);
	HOLDS((back = manifest_unpack(once.data, once.length)) != NULL);
	manifest_pack(back, &twice);
	HOLDS(same_bytes(&once, &twice));
	HOLDS(manifest_held(m) == manifest_held(back));
	manifest_free(m);
	manifest_free(back);
}

static void
try_state(struct partition *p)
{
	if (p == NULL)
		return;
	check_partition(p, false);
	fold_some(p, p->last_seen > 0 ? p->last_seen : 0);
	check_partition(p, false);
	partition_free(p);
}

static void
try_snapshot(struct store *store, const uint8_t *data, size_t size)
{
	const struct snapshot s = {.boundary = date_start(DATE), .generation = 1};
	struct error err;

	scratch_write("partitions/n/2026-05-12T00.1", data, size);
	try_state(snapshot_load(store, "n", &s, &err));
}

static void
try_partition(struct store *store, const uint8_t *data, size_t size)
{
	struct unpack in = {data + FILE_MAGIC, data + size, false};

	(void)store;
	try_state(partition_unpack(&in));
}

/* --------------------------------------------------------------------------- */

static const struct {
	const char *magic;
	size_t length, framed_from; /* 0: it has no frames */
	void (*try)(struct store *store, const uint8_t *data, size_t size);
} kinds[] = {
    {DAY_MAGIC, FILE_MAGIC, FILE_MAGIC, try_plain_day},
    {DECISIONS_MAGIC, FILE_MAGIC, FILE_MAGIC, try_decisions},
    {MANIFEST_MAGIC, FILE_MAGIC, FILE_MAGIC, try_manifest},
    {MANIFEST_MAGIC_UNMARKED, FILE_MAGIC, FILE_MAGIC, try_manifest},
    {SNAPSHOT_MAGIC, FILE_MAGIC, FILE_MAGIC, try_snapshot},
    {"HLpart\n1", FILE_MAGIC, 0, try_partition},
    {"\x1f\x8b", 2, 0, try_compressed_day},
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free uint8_t *copy = memory_alloc(size);
	struct store store;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (size < kinds[i].length || memcmp(data, kinds[i].magic, kinds[i].length) != 0)
			continue;
		memcpy(copy, data, size);
		if (kinds[i].framed_from > 0)
			mend_frames(copy, size, kinds[i].framed_from);
		scratch_clear();
		store = open_store();
		kinds[i].try(&store, copy, size);
	}
	return 0;
}
