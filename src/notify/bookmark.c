#include <homelab/bookmark.h>

#include <homelab/hold.h>
#include <homelab/notification.h>

#include <homelab/project.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

enum {
	FORMAT = 1,
	BOOKMARK_BYTES_MAX = 64 << 20,
	NAME_BYTES = 128, /* of its file; a hook's is shorter */
};

static void
bookmark_name(const char *hook, char *out, size_t size)
{
	(void)snprintf(out, size, "%s.json", hook);
}

static bool
parse_bookmark(const json_t *file, struct bookmark *out)
{
	const char *next = json_string_value(json_object_get(file, "next_attempt"));
	json_int_t generation = json_integer_value(json_object_get(file, "generation"));
	json_int_t failures = json_integer_value(json_object_get(file, "failures"));
	json_t *kept = json_object_get(file, "kept"), *pending = json_object_get(file, "pending");

	if (json_integer_value(json_object_get(file, "format")) != FORMAT || generation < 0 ||
	    failures < 0 || failures > INT_MAX || !json_is_array(kept))
		return false;
	if (next != NULL && !timestamp_parse(next, strlen(next), &out->next_attempt))
		return false;
	out->generation = (uint64_t)generation;
	out->fresh = generation == 0;
	out->failures = (unsigned)failures;
	out->missed = json_is_true(json_object_get(file, "missed"));
	out->kept = json_incref(kept);
	out->pending = json_is_object(pending) ? json_incref(pending) : NULL;
	return true;
}

static int
set_aside(int dir, const char *name, struct error *err)
{
	char aside[NAME_BYTES + 16];

	(void)snprintf(aside, sizeof(aside), "%s.damaged", name);
	if (disk.rename(dir, name, dir, aside) < 0)
		return error_errno(err, EX_IOERR, "cannot rename %s", name);
	return disk_sync_dir(dir, ".", err);
}

int
bookmark_load(int dir, const char *hook, struct bookmark *out, bool *damaged, struct error *err)
{
	cleanup_buffer struct buffer bytes = {0};
	json_auto_t *file = NULL;
	char name[NAME_BYTES];

	*out = (struct bookmark){0};
	*damaged = false;
	bookmark_name(hook, name, sizeof(name));
	if (disk_read(dir, name, BOOKMARK_BYTES_MAX, &bytes, err) == 0) {
		file = json_loadb((char *)bytes.data, bytes.length, JSON_REJECT_DUPLICATES, NULL);
		if (parse_bookmark(file, out))
			return 0;
		*damaged = out->missed = true;
		if (set_aside(dir, name, err) < 0)
			return -1;
	} else if (errno != ENOENT) {
		return -1;
	}
	out->fresh = out->changed = true;
	out->kept = json_array();
	return 0;
}

int
bookmark_save(int dir, const char *hook, const struct bookmark *p, struct error *err)
{
	json_auto_t *file = json_pack("{s:i, s:I, s:b, s:i, s:o, s:O}", "format", FORMAT,
	    "generation", (json_int_t)p->generation, "missed", (int)p->missed, "failures",
	    (int)p->failures, "next_attempt",
	    p->failures > 0 ? json_time(p->next_attempt) : json_null(), "kept", p->kept);
	cleanup_free char *text = NULL;
	char name[NAME_BYTES];

	if (p->pending != NULL)
		(void)json_object_set(file, "pending", p->pending);
	text = json_dumps(file, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(15));
	bookmark_name(hook, name, sizeof(name));
	if (disk_replace(dir, name, text, strlen(text), err) < 0)
		return -1;
	return disk_sync_dir(dir, ".", err);
}

void
bookmark_release(struct bookmark *p)
{
	json_decref(p->kept);
	json_decref(p->pending);
	*p = (struct bookmark){0};
}

/* --- taking ------------------------------------------------------------------ */

/* A new hook begins with the newest batch; so does one that was told of
 * generations that the observer, its state lost, hasn't come to yet. */
static void
begin(struct bookmark *p, const struct batches *b)
{
	p->missed |= !p->fresh;
	p->fresh = false;
	p->begins = p->changed = true;
	p->generation = b->committed - 1;
}

static int
make_pending(
    struct bookmark *p, const struct bookmark_source *s, struct notification *n, struct error *err)
{
	json_auto_t *incidents = NULL;

	n->generation = p->generation;
	n->now = s->now;
	n->missed = p->missed;
	if (p->missed && (incidents = notification_incidents(s->root, TIMESTAMP_LAST, err)) == NULL)
		return -1;
	n->incidents = incidents;
	p->pending = notification_make(n);
	p->missed = p->begins = false;
	return 0;
}

static timestamp
observed_at(const json_t *batch, timestamp otherwise)
{
	const char *text = json_string_value(json_object_get(batch, "observed_at"));
	timestamp at;

	return text != NULL && timestamp_parse(text, strlen(text), &at) ? at : otherwise;
}

static int
take_batch(
    struct bookmark *p, const struct bookmark_source *s, const json_t *batch, struct error *err)
{
	json_auto_t *told = json_array();
	struct notification n = {.reason = "batch", .batch = batch, .events = told};
	uint64_t previous = (uint64_t)json_integer_value(json_object_get(batch, "previous"));

	p->missed |= !p->begins && previous != p->generation;
	if (p->missed)
		hold_clear(p->kept, told);
	hold_events(
	    p->kept, json_object_get(batch, "events"), observed_at(batch, s->now), s->hold, told);
	p->generation = (uint64_t)json_integer_value(json_object_get(batch, "generation"));
	p->begins = false;
	p->changed = true;
	return p->missed || json_array_size(told) > 0 ? make_pending(p, s, &n, err) : 0;
}

/* No batch is left: what was lost behind the last is missed, and what was kept
 * back long enough is told. */
static int
take_rest(struct bookmark *p, const struct bookmark_source *s, struct error *err)
{
	json_auto_t *told = json_array();
	struct notification n = {.events = told};

	if (p->generation < s->batches->committed) {
		p->missed |= !p->begins;
		p->generation = s->batches->committed;
		p->changed = true;
	}
	if (p->missed)
		hold_clear(p->kept, told);
	else
		hold_release(p->kept, s->now, s->hold, told);
	if (!p->missed && json_array_size(told) == 0)
		return 0;
	p->changed = true;
	n.reason = p->missed ? "missed" : "released";
	return make_pending(p, s, &n, err);
}

int
bookmark_take(struct bookmark *p, const struct bookmark_source *s, struct batches_cursor *cursor,
    struct error *err)
{
	if (s->batches->committed == 0) /* no news of what there is */
		return take_rest(p, s, err);
	if (p->fresh || p->generation > s->batches->committed)
		begin(p, s->batches);
	while (p->pending == NULL) {
		json_auto_t *batch = NULL;
		int found = batches_next(s->batches, p->generation, cursor, &batch, err);

		if (found < 0)
			return -1;
		if (found == 0)
			return take_rest(p, s, err);
		if (take_batch(p, s, batch, err) < 0)
			return -1;
	}
	return 0;
}

/* --- attempts ---------------------------------------------------------------- */

timestamp
bookmark_delay(unsigned failures)
{
	timestamp delay = MINUTES(1);

	while (failures-- > 1 && delay < HOURS(1))
		delay *= 2;
	return delay < HOURS(1) ? delay : HOURS(1);
}

void
bookmark_delivered(struct bookmark *p)
{
	json_decref(p->pending);
	p->pending = NULL;
	p->failures = 0;
	p->next_attempt = 0;
	p->changed = true;
}

void
bookmark_failed(struct bookmark *p, timestamp now)
{
	if (p->failures < INT_MAX)
		p->failures++;
	p->next_attempt = timestamp_add(now, bookmark_delay(p->failures));
	p->changed = true;
}

bool
bookmark_is_due(const struct bookmark *p, timestamp now)
{
	return p->failures == 0 || now >= p->next_attempt || p->next_attempt - HOURS(1) > now;
}
