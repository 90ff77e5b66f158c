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

/* Calls for each row of a source. Where it's damaged, for the sound ones. */
static int
each_row(struct observer *o, const struct slot *slot, struct source *s, row_visitor visit,
    void *context, struct error *err)
{
	for (size_t i = 0; i < s->day_count; i++) {
		cleanup_buffer struct buffer bytes = {0};
		struct unpack in, frame;
		struct row row;

		if (slot->damaged)
			day_salvage(&o->store, s, &s->days[i], &bytes);
		else if (day_load(&o->store, s, &s->days[i], &bytes, err) < 0)
			return -1;
		in = (struct unpack){bytes.data, bytes.data + bytes.length, false};
		while (frame_next(&in, &frame) == 1 && row_peek(frame, &row)) {
			struct old_row old = {row_place(&row), row.at, frame};

			if (strchr(old.place.path, '/') == NULL)
				continue;
			if (visit(context, s, &old) < 0)
				return -1;
		}
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

/* What rows tell of each directory; NULL unless something is damaged. */
static struct decisions *
tell_decisions(struct observer *o, const struct slot *s, struct source *old)
{
	struct told told = {.source = old};

	if (!s->damaged)
		return NULL;
	(void)each_row(o, s, old, add_directory, NULL, NULL);
	told.decisions = memory_alloc(old->directory_count * sizeof(*told.decisions));
	(void)each_row(o, s, old, tell, &told, NULL);
	return told.decisions;
}

/* --- making anew ----------------------------------------------------------- */

struct carrying {
	struct slot *slot;
	struct source *new;
	struct store *store;
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

static int
carry(void *context, struct source *old, const struct old_row *row)
{
	struct carrying *c = context;
	struct intake *in = &c->slot->intake;
	struct directory *directory;
	struct day *day;
	size_t frame;
	int32_t date;

	(void)old;
	if (row->at < in->base || !is_carried(in->carried, &row->place) ||
	    is_repeated(c, &row->place))
		return 0;
	day =
	    source_day(c->new, c->store->generation, date_of(row->at), date_of(in->scan->now) - 2);
	frame = frame_begin(&day->pending);
	buffer_add(&day->pending, row->frame.at, (size_t)(row->frame.end - row->frame.at));
	frame_end(&day->pending, frame);
	day->rows++;
	(void)split_path(row->place.path, &date);
	directory = source_directory(c->new, date);
	if (directory != NULL && row->at > directory->newest)
		directory->newest = row->at;
	in->pending_bytes += (size_t)(row->frame.end - row->frame.at);
	if (in->pending_bytes > (4 << 20) && !c->store->read_only)
		return intake_flush(in, false, c->err);
	return 0;
}

/* Scans a directory with what was decided on it before, as its log says, or,
 * where that is damaged, as the rows tell. */
static int
rebuild_directory(struct observer *o, struct slot *s, const struct source *old, size_t index,
    struct source *new, struct decisions *told, struct error *err)
{
	const struct directory *before = &old->directories[index];
	struct directory *d = source_add_directory(new, before->date);
	struct decisions log = {0}, *known = &log;
	struct error damage = {0};
	int result = decisions_load(&o->store, old, before, &log, &damage);

	d->exists = d->seen = before->exists;
	if (told != NULL && (result < 0 || before->decisions_length == 0)) {
		known = &told[index];
		result = 0;
	}
	if (result < 0)
		*err = damage;
	else
		result = directory_scan(&s->intake, new, d, known, err);
	decisions_release(&log);
	return result;
}

static int
rebuild_source(
    struct observer *o, struct slot *s, struct source *old, struct source *new, struct error *err)
{
	struct decisions *told = tell_decisions(o, s, old);
	json_auto_t *places = json_object();
	struct carrying carrying = {s, new, &o->store, places, err};
	int result = 0;

	for (size_t i = 0; result == 0 && i < old->directory_count; i++)
		result = rebuild_directory(o, s, old, i, new, told, err);
	for (size_t i = 0; told != NULL && i < old->directory_count; i++)
		decisions_release(&told[i]);
	free(told);
	if (result == 0 && json_object_size(s->intake.carried) > 0)
		result = each_row(o, s, old, carry, &carrying, err);
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

/* Days that were read into memory and not flushed are no part of the old. */
static void
drop_pending(struct manifest *m)
{
	for (size_t i = 0; i < m->source_count; i++)
		for (size_t k = 0; k < m->sources[i].day_count; k++)
			buffer_release(&m->sources[i].days[k].pending);
}

static void
drop_damaged_base(struct observer *o, struct slot *s, struct manifest *old)
{
	struct error err = {0};
	struct partition *base;

	if (!old->based)
		return;
	base = snapshot_load(&o->store, old->node, &old->snapshots[0], &err);
	if (base == NULL) {
		message_error(
		    "%s: what %s did more than 120 days ago is forgotten", err.text, old->node);
		old->based = false;
		s->intake.base = TIMESTAMP_NONE;
	}
	partition_free(base);
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

int
slot_rebuild(struct observer *o, struct slot *s, struct error *err)
{
	struct manifest *old = s->manifest;
	struct scan scan = o->scan;
	int result = 0;

	scan.rebuild = true;
	drop_pending(old);
	if (old->anew)
		old->based = false;
	drop_damaged_base(o, s, old);
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
		result = intake_flush(&s->intake, true, err);
	s->intake.scan = &o->scan;
	if (result < 0) {
		undo(o, s, old);
		return -1;
	}
	if (s->damaged && !o->store.read_only)
		keep_damaged(&o->store, old);
	manifest_free(old);
	return 0;
}

/* --- damage ---------------------------------------------------------------- */

static void
keep(struct store *store, const char *path)
{
	cleanup_buffer struct buffer kept = {0};

	buffer_text(
	    &kept, "%s.corrupt-%lld", path, (long long)(clock_real() / NANOSECONDS_A_SECOND));
	if (disk.rename(store->fd, path, store->fd, buffer_string(&kept)) == 0)
		message_error("kept the damaged state/observer/%s", (char *)kept.data);
}

/* Whether all of a day's rows can be read. */
static bool
is_sound(const struct store *store, const struct source *s, const struct day *d)
{
	cleanup_buffer struct buffer bytes = {0};
	struct unpack in, frame;
	uint64_t count = 0;
	int more;

	if (day_load(store, s, d, &bytes, NULL) < 0)
		return false;
	in = (struct unpack){bytes.data, bytes.data + bytes.length, false};
	while ((more = frame_next(&in, &frame)) > 0)
		count++;
	return more == 0 && (d->rows == 0 || count == d->rows);
}

void
keep_damaged(struct store *store, const struct manifest *m)
{
	cleanup_buffer struct buffer path = {0};

	for (size_t i = 0; i < m->source_count; i++) {
		const struct source *s = &m->sources[i];

		for (size_t k = 0; k < s->day_count; k++) {
			day_path(s, &s->days[k], &path);
			if (!is_sound(store, s, &s->days[k]))
				keep(store, (char *)path.data);
		}
		for (size_t k = 0; k < s->directory_count; k++) {
			struct decisions log = {0};

			decisions_path(s, &s->directories[k], &path);
			if (decisions_load(store, s, &s->directories[k], &log, NULL) < 0)
				keep(store, (char *)path.data);
			decisions_release(&log);
		}
	}
}
