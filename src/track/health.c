/*
 * What was said of a service last, and what it is now:
 *
 *	              good               bad               neither
 *	nothing       say healthy        say unhealthy     -
 *	healthy       say it when due    say unhealthy     nothing from now on
 *	unhealthy     say healthy        -                 -
 */

#include "health.h"

#include <homelab/buffer.h>

#include <string.h>

enum verdict { GOOD, BAD, NEITHER, VERDICT_COUNT };

enum act { KEEP_QUIET, SAY, SAY_WHEN_DUE };

static const struct row {
	enum said then;
	enum act act;
} table[SAID_COUNT][VERDICT_COUNT] = {
    [SAID_NOTHING] = {[GOOD] = {SAID_HEALTHY, SAY},
	[BAD] = {SAID_UNHEALTHY, SAY},
	[NEITHER] = {SAID_NOTHING, KEEP_QUIET}},
    [SAID_HEALTHY] = {[GOOD] = {SAID_HEALTHY, SAY_WHEN_DUE},
	[BAD] = {SAID_UNHEALTHY, SAY},
	[NEITHER] = {SAID_NOTHING, KEEP_QUIET}},
    [SAID_UNHEALTHY] = {[GOOD] = {SAID_HEALTHY, SAY},
	[BAD] = {SAID_UNHEALTHY, KEEP_QUIET},
	[NEITHER] = {SAID_UNHEALTHY, KEEP_QUIET}},
};

/* --- memory --------------------------------------------------------------------- */

struct health *
health_new(void)
{
	struct health *h = memory_alloc(sizeof(*h));

	h->looked_at = TIMESTAMP_NONE;
	return h;
}

static void
release_list(struct health *h)
{
	for (size_t i = 0; i < h->count; i++)
		free(h->list[i].name);
	free(h->list);
}

void
health_free(struct health *h)
{
	if (h == NULL)
		return;
	release_list(h);
	free(h);
}

struct service_health *
health_append(struct health *h, struct service_health add)
{
	ARRAY_GROW(h->list, h->count, h->room);
	h->list[h->count] = add;
	return &h->list[h->count++];
}

void
health_reports_release(struct health_reports *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->list[i].service);
	free(r->list);
	*r = (struct health_reports){0};
}

/* --- the containers of a service -------------------------------------------------- */

struct sight {
	const char *service;
	const struct health_sight *seen;
};

/* Sights of one service, [first, end). */
struct group {
	const struct sight *first, *end;
};

static bool
has_label(const struct container *c, const char *name, const char *value)
{
	const char *label = container_label(c, name);

	return label != NULL && strcmp(label, value) == 0;
}

static bool
is_replaced(const struct container *c, const struct group *g)
{
	for (const struct sight *s = g->first; s < g->end; s++) {
		const struct container *other = s->seen->container;

		if (strcmp(other->runtime, c->runtime) == 0 && strcmp(other->name, c->name) == 0 &&
		    other->created_at > c->created_at)
			return true;
	}
	return false;
}

static bool
is_current(const struct container *c, const struct group *g)
{
	if (has_label(c, "com.docker.compose.oneoff", "True"))
		return false;
	return c->state == CONTAINER_FAILED ?
	    !is_replaced(c, g) :
	    c->state != CONTAINER_EXITED && c->state != CONTAINER_REMOVED;
}

static bool
is_failing(const struct container *c)
{
	return c->state == CONTAINER_RUNNING && c->health == HEALTH_UNHEALTHY;
}

/* A start that is later than now, by a clock that was wrong, says nothing. */
static bool
is_good(const struct health_sight *seen, const struct service_health *s, timestamp stable,
    timestamp now)
{
	const struct container *c = seen->container;
	timestamp start =
	    c->started_at != TIMESTAMP_NONE && c->started_at <= now ? c->started_at : s->up_since;

	return c->state == CONTAINER_RUNNING && !seen->looping &&
	    (c->health == HEALTH_NONE || c->health == HEALTH_HEALTHY) && start != TIMESTAMP_NONE &&
	    now - start >= stable;
}

/* Which container to name: the one that was started last, or of those that fail. */
static const struct container *
latest(const struct group *g, bool failing)
{
	const struct container *found = NULL;

	for (const struct sight *s = g->first; s < g->end; s++) {
		const struct container *c = s->seen->container;

		if (is_current(c, g) && (!failing || is_failing(c)) &&
		    (found == NULL || c->started_at > found->started_at))
			found = c;
	}
	return found;
}

static enum verdict
judge(const struct group *g, const struct service_health *s, const struct health_rule *rule,
    timestamp now)
{
	enum verdict verdict = NEITHER;

	if (latest(g, true) != NULL)
		return BAD;
	for (const struct sight *each = g->first; each < g->end; each++) {
		if (!is_current(each->seen->container, g))
			continue;
		if (!is_good(each->seen, s, rule->stable, now))
			return NEITHER;
		verdict = GOOD;
	}
	return verdict;
}

/* --- what is said ----------------------------------------------------------------- */

static bool
are_up(const struct group *g)
{
	for (const struct sight *s = g->first; s < g->end; s++)
		if (is_current(s->seen->container, g) &&
		    s->seen->container->state != CONTAINER_RUNNING)
			return false;
	return latest(g, false) != NULL;
}

/* Returns whether one has started since the last look. */
static bool
note_run(struct service_health *s, const struct group *g, timestamp now)
{
	const struct container *c = latest(g, false);
	timestamp run = c != NULL ? c->started_at : TIMESTAMP_NONE;
	bool is_newer = run > s->run;

	if (!are_up(g))
		s->up_since = TIMESTAMP_NONE;
	else if (s->up_since == TIMESTAMP_NONE || s->up_since > now || run != s->run)
		s->up_since = now;
	s->run = run;
	return is_newer;
}

static void
say(struct service_health *s, const struct group *g, timestamp now, struct health_reports *out)
{
	bool healthy = s->said == SAID_HEALTHY;

	ARRAY_GROW(out->list, out->count, out->room);
	out->list[out->count++] = (struct health_report){
	    .service = text_copy(s->name), .healthy = healthy, .container = latest(g, !healthy)};
	s->said_at = now;
}

static void
look_at(struct service_health *s, const struct group *g, const struct health_rule *rule,
    timestamp now, struct health_reports *out)
{
	bool is_newer = note_run(s, g, now);
	struct row row = table[s->said][judge(g, s, rule, now)];
	bool is_due =
	    is_newer || s->said_at > now || now >= timestamp_add(s->said_at, rule->heartbeat);

	s->said = row.then;
	if (row.act == SAY || (row.act == SAY_WHEN_DUE && is_due))
		say(s, g, now, out);
}

/* --- all services ----------------------------------------------------------------- */

static int
compare(const void *left, const void *right)
{
	const struct sight *a = left, *b = right;
	int order = strcmp(a->service, b->service);

	return order != 0 ? order : container_compare(a->seen->container, b->seen->container);
}

static size_t
sort_sights(const struct health_sight *sights, size_t count, struct sight *out)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		const char *service = container_service(sights[i].container);

		if (service != NULL)
			out[n++] = (struct sight){service, &sights[i]};
	}
	if (n > 0)
		qsort(out, n, sizeof(*out), compare);
	return n;
}

static bool
is_external(const struct group *g)
{
	for (const struct sight *s = g->first; s < g->end; s++)
		if (has_label(s->seen->container, "homelab.health", "external"))
			return true;
	return false;
}

static bool
is_unseen(const struct group *g)
{
	for (const struct sight *s = g->first; s < g->end; s++)
		if (s->seen->unseen)
			return true;
	return false;
}

/* All of its containers were made since: those that were spoken of are gone. */
static bool
is_new(const struct group *g, timestamp looked_at)
{
	for (const struct sight *s = g->first; s < g->end; s++)
		if (s->seen->container->created_at < looked_at)
			return false;
	return true;
}

static struct service_health
recall(const struct health *h, size_t *at, const struct group *g)
{
	const char *name = g->first->service;
	struct service_health s = {
	    text_copy(name), SAID_NOTHING, TIMESTAMP_NONE, TIMESTAMP_NONE, TIMESTAMP_NONE};

	while (*at < h->count && strcmp(h->list[*at].name, name) < 0)
		++*at;
	if (*at < h->count && strcmp(h->list[*at].name, name) == 0 && !is_new(g, h->looked_at)) {
		char *own = s.name;

		s = h->list[*at];
		s.name = own;
	}
	return s;
}

void
health_update(struct health *h, const struct health_sight *sights, size_t count,
    const struct health_rule *rule, timestamp now, struct health_reports *out)
{
	cleanup_free struct sight *sorted = memory_alloc(count * sizeof(*sorted));
	size_t n = sort_sights(sights, count, sorted), at = 0;
	struct health after = {.looked_at = now};
	struct group g = {sorted, sorted};

	for (; g.first < sorted + n && after.count < HEALTH_SERVICES_MAX; g.first = g.end) {
		struct service_health *s;

		while (g.end < sorted + n && strcmp(g.end->service, g.first->service) == 0)
			g.end++;
		if (is_external(&g))
			continue;
		s = health_append(&after, recall(h, &at, &g));
		if (!is_unseen(&g))
			look_at(s, &g, rule, now, out);
	}
	release_list(h);
	*h = after;
}
