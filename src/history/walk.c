/*
 * Both worlds side by side, a document at a time and in the order of its keys. What
 * is the same in both is passed over unread; the rest goes to the functions of the
 * document's row.
 */

#include "walk.h"

#include <string.h>

/* One side of the walk: the entry it stands at. */
struct side {
	struct entries rest;
	struct entry entry;
	json_t *parsed; /* NULL until it's needed */
	int state; /* of entries_next() */
};

static void
step(struct side *s)
{
	json_decref(s->parsed);
	s->parsed = NULL;
	s->state = entries_next(&s->rest, &s->entry);
}

static bool
side_begin(struct side *s, const struct buffer *document)
{
	*s = (struct side){.state = -1};
	if (!entries_begin(&s->rest, document))
		return false;
	step(s);
	return s->state >= 0;
}

/* The entry's key, NULL behind the last or where it can't be read. */
static const char *
side_key(struct side *s)
{
	if (s->state > 0 && s->parsed == NULL && (s->parsed = entry_parse(&s->entry)) == NULL)
		s->state = -1;
	return s->state > 0 ? json_object_iter_key(json_object_iter(s->parsed)) : NULL;
}

static const json_t *
side_value(const struct side *s)
{
	return json_object_iter_value(json_object_iter(s->parsed));
}

static bool
is_same(const struct side *a, const struct side *b)
{
	return a->state > 0 && b->state > 0 && a->entry.length == b->entry.length &&
	    memcmp(a->entry.text, b->entry.text, a->entry.length) == 0;
}

static bool
is_same_text(const json_t *a, const json_t *b, const char *name)
{
	const char *x = json_string_value(json_object_get(a, name));
	const char *y = json_string_value(json_object_get(b, name));

	return x == NULL || y == NULL ? x == y : strcmp(x, y) == 0;
}

bool
is_elsewhere(const json_t *before, const json_t *after)
{
	return !is_same_text(before, after, "node") || !is_same_text(before, after, "service");
}

static void
visit(struct walk *w, const struct subject *s, const char *key, const json_t *before,
    const json_t *after)
{
	if (before != NULL && after != NULL && !s->is_another(before, after)) {
		s->differs(w, key, before, after);
		return;
	}
	if (before != NULL)
		s->went(w, key, before);
	if (after != NULL) {
		s->came(w, key, after);
		(void)json_object_set(w->came, key, (json_t *)after);
	}
}

/* One step of the walk. 1, 0 at the end, -1 where a document isn't one. */
static int
walk_on(struct walk *w, const struct subject *s, struct side *before, struct side *after)
{
	const char *old, *new;
	int order;

	if (is_same(before, after)) {
		step(before);
		step(after);
		return 1;
	}
	old = side_key(before);
	new = side_key(after);
	if (before->state < 0 || after->state < 0)
		return -1;
	if (old == NULL && new == NULL)
		return 0;
	order = old == NULL ? 1 : new == NULL ? -1 : strcmp(old, new);
	visit(w, s, order <= 0 ? old : new, order <= 0 ? side_value(before) : NULL,
	    order >= 0 ? side_value(after) : NULL);
	if (order <= 0)
		step(before);
	if (order >= 0)
		step(after);
	return 1;
}

/* --- what took its place ----------------------------------------------------------- */

static timestamp
when(const json_t *entry, const char *name)
{
	const char *text = json_string_value(json_object_get(entry, name));
	timestamp at;

	return text != NULL && timestamp_parse(text, strlen(text), &at) ? at : TIMESTAMP_NONE;
}

static timestamp
began(const struct subject *s, const json_t *entry)
{
	timestamp start = when(entry, "started_at");

	return start != TIMESTAMP_NONE ? start : when(entry, s->end);
}

/* Whether `entry` is about the same as one that was withdrawn and was under way
 * when that began. */
static bool
takes_place(const struct subject *s, const json_t *entry, const json_t *withdrawn)
{
	timestamp at = began(s, withdrawn), end = when(entry, s->end);

	return !is_elsewhere(entry, withdrawn) && began(s, entry) <= at &&
	    (end == TIMESTAMP_NONE || end >= at);
}

/* The id of what came in its place, or NULL. */
static const char *
replacement_of(const struct walk *w, const struct subject *s, const json_t *withdrawn)
{
	const json_t *entry;
	const char *key;

	json_object_foreach (w->came, key, entry)
		if (takes_place(s, entry, withdrawn))
			return key;
	return NULL;
}

static void
name_replacement(const struct walk *w, const struct subject *s, json_t *event)
{
	const char *key = json_string_value(json_object_get(event, "key"));
	const char *kind = json_string_value(json_object_get(event, "kind"));
	const json_t *entry = json_object_get(w->withdrawn, key);
	const char *by = entry ? replacement_of(w, s, entry) : NULL;

	if (!json_is_null(json_object_get(event, "to")) || entry == NULL)
		return;
	if (by != NULL)
		(void)json_object_set_new(event, "kind", json_string(s->withdrawn));
	if (by != NULL || strcmp(kind, s->withdrawn) == 0)
		(void)json_object_set_new(event, "replaced_by", by ? json_string(by) : json_null());
}

int
walk_document(struct walk *w, const struct subject *s)
{
	size_t from = json_array_size(w->events);
	struct side before = {0}, after = {0};
	int more = -1;

	(void)json_object_clear(w->came);
	(void)json_object_clear(w->withdrawn);
	if (side_begin(&before, &w->in->before[s->document]) &&
	    side_begin(&after, &w->in->after[s->document]))
		while ((more = walk_on(w, s, &before, &after)) > 0)
			;
	json_decref(before.parsed);
	json_decref(after.parsed);
	for (size_t i = from; i < json_array_size(w->events); i++)
		name_replacement(w, s, json_array_get(w->events, i));
	return more;
}
