/*
 * A partition made anew: every event file that is there is read again, and the
 * rows of what is no longer there are carried over from the old journal. All of
 * it goes to files of this run's generation, so the old ones stay as they are
 * until the commit.
 *
 * The same mends what is damaged: then the old journal is read as far as it is
 * sound, and what was decided is told from its rows.
 */

#include "run.h"

#include <homelab/message.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* --- what was decided before ---------------------------------------------- */

/* A row of the old journal, told from its frame. */
struct old_row {
	struct place place;
	timestamp at;
	struct unpack frame; /* payload */
};

typedef int (*row_visitor)(void *context, struct source *old, const struct old_row *row);

/* Calls for each row of some. */
static int
visit_rows(const struct buffer *rows, struct source *s, row_visitor visit, void *context)
{
	struct unpack in = {rows->data, rows->data + rows->length, false}, frame;
	struct row row;

	while (frame_next(&in, &frame) == 1 && row_peek(frame, &row)) {
		struct old_row old = {row_place(&row), row.at, frame};

		if (strchr(old.place.path, '/') != NULL && visit(context, s, &old) < 0)
			return -1;
	}
	return 0;
}

/* Loads a day; where the partition is damaged, what is sound of it. */
static int
load_day(const struct observer *o, const struct slot *slot, const struct source *s,
    const struct day *d, struct buffer *rows, struct error *err)
{
	return (slot->damaged ? day_salvage : day_load)(&o->store, s, d, rows, err);
}

/* Calls for each row of a source. Where it's damaged, for the sound ones. */
static int
each_row(struct observer *o, const struct slot *slot, struct source *s, row_visitor visit,
    void *context, struct error *err)
{
	for (size_t i = 0; i < s->day_count; i++) {
		cleanup_buffer struct buffer rows = {0};

		if (load_day(o, slot, s, &s->days[i], &rows, err) < 0 ||
		    visit_rows(&rows, s, visit, context) < 0)
			return -1;
	}
	return 0;
}

/* Splits a row's path: the directory's date and the file's name. */
static const char *
split_path(const char *path, int32_t *date)
{
	const char *last = strrchr(path, '/');
	char text[DATE_TEXT_MAX];

	*date = NO_DATE;
	if (last == NULL || strchr(path, '/') == last)
		return last ? last + 1 : path;
	(void)snprintf(text, sizeof(text), "%.10s", path);
	(void)date_parse(text, date);
	return last + 1;
}

/* Old decisions by directory, told from rows: where the log is damaged. */
struct told {
	struct source *source;
	struct decisions *decisions; /* parallel to source->directories */
};

static void
tell_read(struct decisions *d, const char *name, uint64_t end)
{
	const struct decision *before = decisions_find(d, name);

	if (before == NULL || before->size < end)
		decisions_set(d, name, VERDICT_READ, end, 0);
}

static int
tell(void *context, struct source *old, const struct old_row *row)
{
	struct told *t = context;
	int32_t date;
	const char *name = split_path(row->place.path, &date);

	cleanup_buffer struct buffer line = {0};
	size_t i = 0;

	while (i < old->directory_count && old->directories[i].date != date)
		i++;
	if (i == old->directory_count)
		return 0;
	t->decisions[i].told = true;
	if (row->place.end == 0) {
		decisions_set(&t->decisions[i], name, VERDICT_EVENT, 0, row->at);
		return 0;
	}
	buffer_text(&line, "%s/%llu", name, (unsigned long long)row->place.offset);
	decisions_set(&t->decisions[i], buffer_string(&line), VERDICT_EVENT, 0, row->at);
	tell_read(&t->decisions[i], name, row->place.end);
	return 0;
}

/* Directories that only rows know of any more. */
static int
add_directory(void *context, struct source *old, const struct old_row *row)
{
	int32_t date;

	(void)context;
	(void)split_path(row->place.path, &date);
	if (source_directory(old, date) == NULL)
		source_add_directory(old, date)->exists = false;
	return 0;
}

/* What rows tell of each directory; nothing unless something is damaged. */
static int
tell_decisions(struct observer *o, const struct slot *s, struct source *old, struct decisions **out,
    struct error *err)
{
	struct told told = {.source = old};

	*out = NULL;
	if (!s->damaged)
		return 0;
	if (each_row(o, s, old, add_directory, NULL, err) < 0)
		return -1;
	*out = told.decisions = memory_alloc(old->directory_count * sizeof(*told.decisions));
	return each_row(o, s, old, tell, &told, err);
}

/* --- making anew ----------------------------------------------------------- */

struct carrying {
	struct slot *slot;
	struct source *new;
	json_t *places; /* of damaged journals, which may have a row twice */
	struct error *err;
};

static bool
is_repeated(const struct carrying *c, const struct place *place)
{
	cleanup_buffer struct buffer key = {0};

	if (!c->slot->damaged)
		return false;
	buffer_text(&key, "%s@%llu", place->path, (unsigned long long)place->offset);
	if (json_object_get(c->places, buffer_string(&key)) != NULL)
		return true;
	(void)json_object_set_new_nocheck(c->places, (char *)key.data, json_true());
	return false;
}

/* Whether a row is kept: its line is, or its file, or all of its directory. */
static bool
is_carried(const json_t *carried, const struct place *place)
{
	cleanup_buffer struct buffer line = {0};
	cleanup_free char *directory = NULL;

	if (json_object_get(carried, place->path) != NULL)
		return true;
	directory =
	    text_copy_length(place->path, (size_t)(strrchr(place->path, '/') - place->path) + 1);
	if (json_object_get(carried, directory) != NULL)
		return true;
	buffer_text(&line, "%s@%llu", place->path, (unsigned long long)place->offset);
	return place->end != 0 && json_object_get(carried, buffer_string(&line)) != NULL;
}

static void
note_newest(struct source *new, const struct old_row *row)
{
	struct directory *directory;
	int32_t date;

	(void)split_path(row->place.path, &date);
	directory = source_directory(new, date);
	if (directory != NULL && row->at > directory->newest)
		directory->newest = row->at;
}

static bool
is_kept(const struct carrying *c, const struct old_row *row)
{
	const struct intake *in = &c->slot->intake;

	return row->at >= in->base && is_carried(in->carried, &row->place);
}

static int
carry(void *context, struct source *old, const struct old_row *row)
{
	struct carrying *c = context;
	struct intake *in = &c->slot->intake;
	struct day *day;
	size_t frame, before;

	(void)old;
	if (!is_kept(c, row) || is_repeated(c, &row->place))
		return 0;
	day = intake_day(in, c->new, row->at);
	before = day->pending.length;
	frame = frame_begin(&day->pending);
	buffer_add(&day->pending, row->frame.at, (size_t)(row->frame.end - row->frame.at));
	frame_end(&day->pending, frame);
	note_newest(c->new, row);
	return intake_count_row(in, day, before, c->err);
}

/* Of a damaged partition rows alone tell which events it has since its base; the
 * log tells of the rest, where it is sound. */
static void
add_other_verdicts(struct decisions *told, const struct decisions *log, timestamp base)
{
	for (size_t i = 0; i < log->count; i++) {
		const struct decision *d = &log->items[i];
		bool needs_row =
		    d->verdict == VERDICT_READ || (d->verdict == VERDICT_EVENT && d->time >= base);

		if (!needs_row && decisions_find(told, d->key) == NULL)
			decisions_set(told, d->key, d->verdict, d->size, d->time);
	}
}

static int
check_kept(void *context, struct source *old, const struct old_row *row)
{
	struct carrying *c = context;

	(void)old;
	if (!is_kept(c, row))
		return -1;
	note_newest(c->new, row);
	return 0;
}

/* Carries a day's rows over. Where all of them are, and nothing else is dated
 * in it, its file stays as it is: it's never written to but behind its end. */
static int
carry_day(struct observer *o, struct carrying *c, struct source *old, const struct day *d)
{
	cleanup_buffer struct buffer rows = {0};

	if (load_day(o, c->slot, old, d, &rows, c->err) < 0)
		return -1;
	if (c->slot->damaged || source_find_day(c->new, d->date) != NULL ||
	    visit_rows(&rows, old, check_kept, c) < 0)
		return visit_rows(&rows, old, carry, c);
	*source_day(c->new, d->generation, d->date) = day_copy(d);
	return 0;
}

/* Scans a directory with what was decided on it before, as its log says, or,
 * where something is damaged, as the rows tell. */
static int
rebuild_directory(struct observer *o, struct slot *s, const struct source *old, size_t index,
    struct source *new, struct decisions *told, struct error *err)
{
	const struct directory *before = &old->directories[index];
	struct directory *d = source_add_directory(new, before->date);
	struct decisions log = {0}, *known = &log;
	int result = decisions_load(&o->store, old, before, &log, err);

	d->exists = d->seen = before->exists;
	if (told != NULL) {
		known = &told[index];
		if (result == 0)
			add_other_verdicts(known, &log, s->intake.base);
		else if (err->status == EX_DATAERR)
			result = 0;
	}
	if (result == 0)
		result = directory_scan(&s->intake, new, d, known, err);
	decisions_release(&log);
	return result;
}

static int
rebuild_source(
    struct observer *o, struct slot *s, struct source *old, struct source *new, struct error *err)
{
	struct decisions *told;
	json_auto_t *places = json_object();
	struct carrying carrying = {s, new, places, err};
	int result = tell_decisions(o, s, old, &told, err);

	for (size_t i = 0; result == 0 && i < old->directory_count; i++)
		result = rebuild_directory(o, s, old, i, new, told, err);
	for (size_t i = 0; told != NULL && i < old->directory_count; i++)
		decisions_release(&told[i]);
	free(told);
	for (size_t i = 0;
	     result == 0 && json_object_size(s->intake.carried) > 0 && i < old->day_count; i++)
		result = carry_day(o, &carrying, old, &old->days[i]);
	(void)json_object_clear(s->intake.carried);
	return result;
}

/* An empty manifest for the same node, on the same base. */
static struct manifest *
fresh_manifest(const struct manifest *old)
{
	struct manifest *m = manifest_new(old->node);

	m->names = memory_alloc(old->name_count * sizeof(*m->names));
	for (m->name_count = 0; m->name_count < old->name_count; m->name_count++)
		m->names[m->name_count] = text_copy(old->names[m->name_count]);
	m->based = old->based;
	if (old->based) {
		ARRAY_GROW(m->snapshots, m->snapshot_count, m->snapshot_room);
		m->snapshots[m->snapshot_count++] = old->snapshots[0];
	}
	return m;
}

static int
drop_damaged_base(struct observer *o, struct slot *s, struct manifest *old, struct error *err)
{
	struct partition *base;

	if (!old->based)
		return 0;
	base = snapshot_load(&o->store, old->node, &old->snapshots[0], err);
	partition_free(base);
	if (base != NULL)
		return 0;
	if (err->status != EX_DATAERR)
		return -1;
	tell_damage(o)("%s: what %s did more than 120 days ago is forgotten", err->text, old->node);
	old->based = false;
	s->intake.base = TIMESTAMP_NONE;
	return 0;
}

/* Goes back to the old manifest, and removes the new one's files. */
static void
undo(struct observer *o, struct slot *s, struct manifest *old)
{
	json_auto_t *made = json_object(), *kept = json_object();

	manifest_files(s->manifest, made);
	manifest_files(old, kept);
	if (!o->store.read_only)
		remove_files(&o->store, made, kept);
	manifest_free(s->manifest);
	s->manifest = old;
}

/* --- damage ---------------------------------------------------------------- */

/* Notes the damaged files of a partition: they go on lying where the committed
 * checkpoint has them until another one stands (A1). */
static void
note_damaged(struct observer *o, struct slot *s, const struct manifest *m)
{
	cleanup_buffer struct buffer path = {0};

	if (s->damaged_files == NULL)
		s->damaged_files = json_object();
	for (size_t i = 0; i < m->source_count; i++) {
		const struct source *source = &m->sources[i];

		for (size_t k = 0; k < source->day_count; k++) {
			day_path(source, &source->days[k], &path);
			if (!day_is_sound(&o->store, source, &source->days[k]))
				(void)json_object_set_new(
				    s->damaged_files, (char *)path.data, json_true());
		}
		for (size_t k = 0; k < source->directory_count; k++) {
			struct decisions log = {0};

			decisions_path(source, &source->directories[k], &path);
			if (decisions_load(&o->store, source, &source->directories[k], &log, NULL) <
			    0)
				(void)json_object_set_new(
				    s->damaged_files, (char *)path.data, json_true());
			decisions_release(&log);
		}
	}
}

int
slot_rebuild(struct observer *o, struct slot *s, struct error *err)
{
	struct manifest *old = s->manifest;
	struct scan scan = o->scan;
	int result = 0;

	scan.rebuild = true;
	/* What this run read before it met the damage is read again. */
	manifest_revert(old);
	if (old->anew)
		old->based = false;
	if (drop_damaged_base(o, s, old, err) < 0)
		return -1;
	s->manifest = fresh_manifest(old);
	json_decref(s->intake.carried);
	s->intake = (struct intake){.scan = &scan,
	    .manifest = s->manifest,
	    .names = {(const char *const *)s->manifest->names, s->manifest->name_count},
	    .newest = old->newest,
	    .base = old->based ? old->snapshots[0].boundary : TIMESTAMP_NONE,
	    .oldest_new = TIMESTAMP_LAST,
	    .carried = json_object()};
	for (size_t i = 0; i < old->source_count; i++)
		(void)manifest_add_source(s->manifest, old->sources[i].name);
	for (size_t i = 0; result == 0 && i < old->source_count; i++)
		result = rebuild_source(o, s, &old->sources[i], &s->manifest->sources[i], err);
	if (result == 0 && !o->store.read_only)
		result = intake_flush(&s->intake, err);
	s->intake.scan = &o->scan;
	if (result < 0) {
		undo(o, s, old);
		return -1;
	}
	if (s->damaged)
		note_damaged(o, s, old);
	manifest_free(old);
	return 0;
}

void
keep_damaged_file(const struct observer *o, const char *path)
{
	long long now = (long long)(clock_real() / NANOSECONDS_A_SECOND);
	cleanup_buffer struct buffer kept = {0};

	buffer_text(&kept, "%s.corrupt-%lld", path, now);
	if (disk.rename(o->store.fd, path, o->store.fd, buffer_string(&kept)) == 0)
		tell_damage(o)("kept the damaged state/observer/%s", (char *)kept.data);
}

void
keep_damaged(const struct observer *o, const struct slot *s)
{
	const char *path;
	json_t *value;

	json_object_foreach (s->damaged_files, path, value)
		keep_damaged_file(o, path);
}
