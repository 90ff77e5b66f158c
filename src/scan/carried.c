/*
 * A rebuild reads what is there; what is no longer there stays decided, and its
 * rows are carried over from the old journal (C2).
 */

#include "listing.h"

#include <string.h>

/* What stays decided although its file isn't there to be read again. */
static bool
is_carried(const struct listing *l, const struct decision *d)
{
	static const bool kept[VERDICT_COUNT] = {[VERDICT_EVENT] = true,
	    [VERDICT_UNPLACED] = true,
	    [VERDICT_READ] = true,
	    [VERDICT_SHRUNK] = true};

	if (strchr(d->key, '/') != NULL && d->verdict == VERDICT_REJECTED)
		return decisions_find(&l->out, d->key) == NULL;
	return kept[d->verdict] && decisions_find(&l->out, d->key) == NULL;
}

static void
carry_path(struct listing *l, const char *name)
{
	cleanup_buffer struct buffer path = {0};

	buffer_text(&path, "%s/%s", (char *)l->base.data, name);
	(void)json_object_set_new_nocheck(l->in->carried, buffer_string(&path), json_true());
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

		if (is_carried(l, d)) {
			decisions_set(&l->out, d->key, d->verdict, d->size, d->time);
			if (l->fd >= 0 && strchr(d->key, '/') == NULL &&
			    (d->verdict == VERDICT_EVENT || d->verdict == VERDICT_READ))
				carry_path(l, d->key);
		}
	}
	for (size_t i = 0; i < l->out.count; i++)
		if (l->out.items[i].verdict == VERDICT_SHRUNK)
			carry_path(l, l->out.items[i].key);
}
