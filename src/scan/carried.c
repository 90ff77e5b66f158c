/*
 * A rebuild reads what is there; what is no longer there stays decided, and its
 * rows are carried over from the old journal (C2).
 */

#include "listing.h"

#include <homelab/names.h>

#include <string.h>

static bool
is_line(const struct decision *d)
{
	return strchr(d->key, '/') != NULL;
}

/* A line that was rejected, or is held, of a file that can't be read now: it is
 * looked at when the file is there again. Nothing else would bring us back to it,
 * as the file was read to beyond it. */
static bool
waits_for_file(const struct listing *l, const struct decision *d)
{
	char name[EVENT_FILE_NAME_MAX + 1];
	const struct decision *file;
	uint64_t offset;

	if ((d->verdict != VERDICT_REJECTED && d->verdict != VERDICT_HELD) ||
	    !listing_split_key(d->key, name, sizeof(name), &offset))
		return false;
	file = decisions_find(&l->out, name);
	return file == NULL || !file->present;
}

/* What stays decided although its file isn't there to be read again. */
static bool
is_carried(const struct decision *d)
{
	static const bool kept[VERDICT_COUNT] = {[VERDICT_EVENT] = true,
	    [VERDICT_UNPLACED] = true,
	    [VERDICT_READ] = true,
	    [VERDICT_SHRUNK] = true};

	return kept[d->verdict];
}

static void
carry_path(struct listing *l, const char *name)
{
	cleanup_buffer struct buffer path = {0};

	buffer_text(&path, "%s/%s", (char *)l->base.data, name);
	(void)json_object_set_new_nocheck(l->in->carried, buffer_string(&path), json_true());
}

static void
carry_decision(struct listing *l, const struct decision *d)
{
	decisions_set(&l->out, d->key, d->verdict, d->size, d->time);
	if (l->fd >= 0 && !is_line(d) &&
	    (d->verdict == VERDICT_EVENT || d->verdict == VERDICT_READ))
		carry_path(l, d->key);
}

/* In a rebuild: what was decided on files that are gone stays decided. Their
 * rows are carried over, as are those of a .jsonl that shrank; "DIRECTORY/"
 * stands for all in it. */
void
listing_carry(struct listing *l)
{
	if (l->fd < 0)
		carry_path(l, "");
	for (size_t i = 0; i < l->known->count; i++) {
		const struct decision *d = &l->known->items[i];

		if (decisions_find(&l->out, d->key) != NULL)
			continue;
		if (waits_for_file(l, d))
			decisions_set(&l->out, d->key, VERDICT_HELD, 0,
			    d->verdict == VERDICT_HELD ? d->time : l->in->scan->now);
		else if (is_carried(d))
			carry_decision(l, d);
	}
	for (size_t i = 0; i < l->out.count; i++)
		if (l->out.items[i].verdict == VERDICT_SHRUNK)
			carry_path(l, l->out.items[i].key);
}
