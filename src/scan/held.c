/* Events that are dated ahead of now wait in their directory until then (E8). */

#include "listing.h"

#include <homelab/names.h>

#include <stdlib.h>
#include <string.h>

bool
listing_split_key(const char *key, char *name, size_t size, uint64_t *offset)
{
	const char *slash = strchr(key, '/');

	if (slash == NULL || (size_t)(slash - key) >= size)
		return false;
	memcpy(name, key, (size_t)(slash - key));
	name[slash - key] = '\0';
	*offset = strtoull(slash + 1, NULL, 10);
	return true;
}

static int
look_at_line(struct listing *l, const char *name, uint64_t offset, struct error *err)
{
	cleanup_buffer struct buffer path = {0};
	struct candidate c = {l->source, l->directory, l->known, &l->out, name, NULL, -1, {0}};
	enum outcome outcome = OUTCOME_WAITS;

	buffer_text(&path, "%s/%s", (char *)l->base.data, name);
	c.path = buffer_string(&path);
	if (listing_open(l, &c) == OPENED)
		outcome = intake_line(l->in, &c, offset, err);
	if (c.fd >= 0)
		(void)close(c.fd);
	listing_note(l, name, outcome);
	return outcome == OUTCOME_FAILED ? -1 : 0;
}

/* Held events: takes in the lines that are due and counts what goes on waiting;
 * one item of the decisions. */
static int
settle_item(struct listing *l, size_t i, struct error *err)
{
	char name[EVENT_FILE_NAME_MAX + 1];
	const struct decision *file = &l->out.items[i];
	struct directory *d = l->directory;
	uint64_t offset;
	bool line;

	if (file->verdict != VERDICT_HELD)
		return 0;
	line = listing_split_key(file->key, name, sizeof(name), &offset);
	if (line)
		file = decisions_find(&l->out, name);
	if (file == NULL || !file->present || file->verdict == VERDICT_SHRUNK)
		return 0;
	if (line && l->in->scan->now >= l->out.items[i].time &&
	    look_at_line(l, name, offset, err) < 0)
		return -1;
	if (l->out.items[i].verdict != VERDICT_HELD)
		return 0;
	d->held++;
	if (l->out.items[i].time < d->held_until)
		d->held_until = l->out.items[i].time;
	listing_note(l, line ? name : l->out.items[i].key, OUTCOME_UNFINISHED);
	return 0;
}

int
listing_settle_held(struct listing *l, struct error *err)
{
	l->directory->held = 0;
	l->directory->held_until = TIMESTAMP_LAST;
	for (size_t i = 0; i < l->out.count; i++)
		if (settle_item(l, i, err) < 0)
			return -1;
	return 0;
}
