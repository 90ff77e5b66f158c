#include "track.h"

#include "transition.h"

#include <homelab/buffer.h>

#include <string.h>

/* --- memory --------------------------------------------------------------------- */

struct track *
track_new(void)
{
	return memory_alloc(sizeof(struct track));
}

void
track_free(struct track *t)
{
	if (t == NULL)
		return;
	track_keep(t, NULL, 0);
	free(t->known.list);
	free(t);
}

struct look *
track_look(struct track *t, const char *runtime)
{
	for (int i = 0; i < t->look_count; i++)
		if (strcmp(t->looks[i].runtime, runtime) == 0)
			return &t->looks[i];
	if (t->look_count == TRACK_RUNTIMES_MAX)
		return NULL;
	t->looks[t->look_count] = (struct look){text_copy(runtime), TIMESTAMP_NONE};
	return &t->looks[t->look_count++];
}

timestamp
track_looked_at(const struct track *t, const char *runtime)
{
	for (int i = 0; i < t->look_count; i++)
		if (strcmp(t->looks[i].runtime, runtime) == 0)
			return t->looks[i].at;
	return TIMESTAMP_NONE;
}

size_t
track_count(const struct track *t)
{
	return t->known.count;
}

const struct container *
track_container(const struct track *t, size_t i)
{
	return &t->known.list[i];
}

void
containers_take(struct containers *to, struct container add)
{
	ARRAY_GROW(to->list, to->count, to->room);
	to->list[to->count++] = add;
}

static bool
is_one_of(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

void
track_keep(struct track *t, const char *const *runtimes, size_t count)
{
	size_t kept = 0;
	int looks = 0;

	for (size_t i = 0; i < t->known.count; i++)
		if (is_one_of(t->known.list[i].runtime, runtimes, count))
			t->known.list[kept++] = t->known.list[i];
		else
			container_release(&t->known.list[i]);
	t->known.count = kept;
	for (int i = 0; i < t->look_count; i++)
		if (is_one_of(t->looks[i].runtime, runtimes, count))
			t->looks[looks++] = t->looks[i];
		else
			free(t->looks[i].runtime);
	t->look_count = looks;
}

/* --- one container, known before or seen now -------------------------------------- */

/* At least one of the two. */
struct pair {
	struct container *before;
	struct container after; /* of id NULL: it isn't seen */
	const struct container *predecessor;
};

struct pairs {
	struct pair *list;
	size_t count, room;
};

static bool
is_seen(const struct pair *p)
{
	return p->after.id != NULL;
}

static const char *
name_of(const struct pair *p)
{
	return is_seen(p) ? p->after.name : p->before->name;
}

/* An end stays what it was told as: runtimes forget that somebody asked for it. */
static void
keep_end(struct container *after, const struct container *before)
{
	if (!container_has_ended(before) || !container_has_ended(after) ||
	    is_another_run(before, after))
		return;
	after->state = before->state;
	after->stop_requested = before->stop_requested;
	after->oom_killed = after->oom_killed || before->oom_killed;
}

static bool
is_of_one_pod(const struct container *a, const struct container *b)
{
	const char *one = container_label(a, "io.kubernetes.pod.uid");
	const char *other = container_label(b, "io.kubernetes.pod.uid");

	return one == NULL || other == NULL || strcmp(one, other) == 0;
}

/* The latest of the same name, and pod, that has fewer restarts. */
static const struct container *
find_predecessor(const struct pair *first, const struct pair *end, const struct container *next)
{
	const struct container *found = NULL;

	for (; first < end; first++)
		if (first->before != NULL && is_of_one_pod(first->before, next) &&
		    first->before->restarts < next->restarts &&
		    (found == NULL || first->before->restarts > found->restarts))
			found = first->before;
	return found;
}

static void
tell(const struct pair *p, timestamp looked_at, timestamp now, struct transitions *out)
{
	struct change change = {.before = p->before,
	    .after = is_seen(p) ? &p->after : NULL,
	    .predecessor = p->predecessor,
	    .looked_at = looked_at,
	    .now = now};

	transitions_of_change(&change, out);
}

/* All of one name. One is removed before another takes its name. */
static void
tell_name(struct pair *first, const struct pair *end, timestamp looked_at, timestamp now,
    struct transitions *out)
{
	timestamp until = now;

	for (struct pair *p = first; p < end; p++) {
		size_t told = out->count;

		if (!is_seen(p))
			continue;
		if (p->before != NULL)
			keep_end(&p->after, p->before);
		else
			p->predecessor = find_predecessor(first, end, &p->after);
		tell(p, looked_at, now, out);
		if (p->before == NULL && told < out->count && out->list[told].at <= until)
			until = out->list[told].at - 1;
	}
	for (struct pair *p = first; p < end; p++)
		if (!is_seen(p))
			tell(p, looked_at, until, out);
}

static void
tell_all(struct pairs *pairs, timestamp looked_at, timestamp now, struct transitions *out)
{
	for (size_t i = 0, end; i < pairs->count; i = end) {
		for (end = i + 1; end < pairs->count; end++)
			if (strcmp(name_of(&pairs->list[i]), name_of(&pairs->list[end])) != 0)
				break;
		tell_name(pairs->list + i, pairs->list + end, looked_at, now, out);
	}
}

/* --- all of a runtime ------------------------------------------------------------- */

/* Those of this look, each once, sorted. */
static struct containers
copy_seen(const struct containers *seen, const char *runtime)
{
	struct containers all = {0};
	size_t kept = 0;

	for (size_t i = 0; i < seen->count; i++) {
		struct container c = container_copy(&seen->list[i]);

		container_set_text(&c.runtime, runtime);
		if (c.restarts < 0) /* such a one couldn't be read again */
			c.restarts = 0;
		containers_take(&all, c);
	}
	containers_sort(&all);
	for (size_t i = 0; i < all.count; i++) {
		struct container *c = &all.list[i];

		if (c->id[0] != '\0' && kept < CONTAINERS_MAX &&
		    (kept == 0 || container_compare(&all.list[kept - 1], c) != 0))
			all.list[kept++] = *c;
		else
			container_release(c);
	}
	all.count = kept;
	return all;
}

/* The range of a runtime in what is known. */
static void
find_range(const struct track *t, const char *runtime, size_t *first, size_t *end)
{
	*first = 0;
	while (*first < t->known.count && strcmp(t->known.list[*first].runtime, runtime) < 0)
		++*first;
	*end = *first;
	while (*end < t->known.count && strcmp(t->known.list[*end].runtime, runtime) == 0)
		++*end;
}

/* What is known from `i` to `end`, and what is seen: both are sorted; what is seen goes
 * over to *out. */
static void
match(const struct containers *known, size_t i, size_t end, const struct containers *seen,
    struct pairs *out)
{
	for (size_t k = 0; i < end || k < seen->count;) {
		int order = i == end ? 1 :
		    k == seen->count ? -1 :
				       container_compare(&known->list[i], &seen->list[k]);
		struct pair p = {0};

		if (order <= 0)
			p.before = &known->list[i++];
		if (order >= 0)
			p.after = seen->list[k++];
		ARRAY_GROW(out->list, out->count, out->room);
		out->list[out->count++] = p;
	}
}

/* What is known from now on, in place of [first, end). */
static void
replace(struct track *t, size_t first, size_t end, const struct pairs *pairs)
{
	struct containers now = {0};

	for (size_t i = 0; i < first; i++)
		containers_take(&now, t->known.list[i]);
	for (size_t i = 0; i < pairs->count; i++) {
		struct pair p = pairs->list[i];

		if (p.before != NULL)
			container_release(p.before);
		if (is_seen(&p) && p.after.state != CONTAINER_REMOVED)
			containers_take(&now, p.after);
		else if (is_seen(&p))
			container_release(&p.after);
	}
	for (size_t i = end; i < t->known.count; i++)
		containers_take(&now, t->known.list[i]);
	free(t->known.list);
	t->known = now;
}

void
track_update(struct track *t, const char *runtime, const struct containers *seen, timestamp now,
    struct transitions *out)
{
	struct look *look = track_look(t, runtime);
	struct containers copy;
	struct pairs pairs = {0};
	size_t first, end;

	if (look == NULL)
		return;
	copy = copy_seen(seen, look->runtime);
	find_range(t, look->runtime, &first, &end);
	match(&t->known, first, end, &copy, &pairs);
	tell_all(&pairs, look->at, now, out);
	transitions_sort(out);
	replace(t, first, end, &pairs);
	free(copy.list);
	free(pairs.list);
	look->at = now;
}
