/*
 * What is told of a container that was in one state and is in another, by the one
 * table below.
 *
 *	c created	s started	o stopped (ended as asked, or with 0)
 *	x crashed	r restarted	e stopped or crashed, as it ended; nothing
 *	p paused	u resumed	  where that isn't known
 *	d removed (done for)
 *
 * Rows: what it was. "removed": it wasn't there at the last look, and something
 * happened to it since. "unknown": it wasn't known, and nothing did, so that only
 * what it is can be told. Columns: what it is now; the last one is the way to the
 * run it is in now, where that isn't the one it was in: what is told is then this,
 * and the cell of "running" and what it is now.
 */

#include "transition.h"

#include <homelab/buffer.h>

enum {
	ROW_UNKNOWN = CONTAINER_STATE_COUNT,
	ROWS,
	COLUMN_AGAIN = CONTAINER_STATE_COUNT,
	COLUMNS,
	STEPS_MAX = 3, /* of one container in one look */
};

/* clang-format off */
static const char table[ROWS][COLUMNS][STEPS_MAX + 1] = {
/*                         created running restarting paused stopping exited failed removed again */
[CONTAINER_CREATED]    = {"",     "s",    "se",      "sp",  "s",     "so",  "sx",  "d",    "s"},
[CONTAINER_RUNNING]    = {"o",    "",     "e",       "p",   "",      "o",   "x",   "d",    "er"},
[CONTAINER_RESTARTING] = {"",     "r",    "",        "rp",  "r",     "o",   "",    "d",    "r"},
[CONTAINER_PAUSED]     = {"o",    "u",    "e",       "",    "u",     "o",   "x",   "d",    "er"},
[CONTAINER_STOPPING]   = {"o",    "",     "e",       "p",   "",      "o",   "x",   "d",    "er"},
[CONTAINER_EXITED]     = {"",     "s",    "",        "sp",  "s",     "",    "",    "d",    "s"},
[CONTAINER_FAILED]     = {"",     "r",    "",        "rp",  "r",     "",    "",    "d",    "r"},
[CONTAINER_REMOVED]    = {"c",    "cs",   "cse",     "csp", "cs",    "cso", "csx", "",     ""},
[ROW_UNKNOWN]          = {"c",    "cs",   "c",       "csp", "cs",    "c",   "c",   "",     ""},
};
/* clang-format on */

/* What each transition is, in the order of enum transition_kind. */
static const struct {
	char letter;
	enum container_state leaves;
} kinds[TRANSITION_COUNT] = {
    [TRANSITION_CREATED] = {'c', CONTAINER_CREATED},
    [TRANSITION_STARTED] = {'s', CONTAINER_RUNNING},
    [TRANSITION_STOPPED] = {'o', CONTAINER_EXITED},
    [TRANSITION_CRASHED] = {'x', CONTAINER_FAILED},
    [TRANSITION_RESTARTED] = {'r', CONTAINER_RUNNING},
    [TRANSITION_PAUSED] = {'p', CONTAINER_PAUSED},
    [TRANSITION_RESUMED] = {'u', CONTAINER_RUNNING},
    [TRANSITION_REMOVED] = {'d', CONTAINER_REMOVED},
};

const char *const transition_types[TRANSITION_COUNT] = {"container_created", "container_started",
    "container_stopped", "container_crashed", "container_restarted", "container_paused",
    "container_resumed", "container_removed"};

/* What is told of one container. */
struct steps {
	enum transition_kind kinds[STEPS_MAX];
	timestamp at[STEPS_MAX];
	int count;
};

bool
container_has_ended(const struct container *c)
{
	return c->state == CONTAINER_EXITED || c->state == CONTAINER_FAILED;
}

/* --- which ---------------------------------------------------------------------- */

/* The count of restarts says so only of one that is up: a runtime counts the next
 * start as soon as it means to. */
bool
is_another_run(const struct container *before, const struct container *after)
{
	if (before->started_at != TIMESTAMP_NONE && after->started_at != TIMESTAMP_NONE &&
	    before->started_at != after->started_at)
		return true;
	return container_is_up(after) && after->restarts > before->restarts;
}

/* How the run ended that "e" stands for. Of one that is up again an end that came
 * before its last run began is another, which was told; of one that went down a
 * second time how the first time was isn't known any more. */
static char
letter_of_end(const struct change *c, bool again)
{
	const struct container *end = c->after;

	if (!end->has_exited || (again && !container_is_up(end)))
		return '\0';
	if (again && end->finished_at != TIMESTAMP_NONE && end->finished_at < c->before->started_at)
		return '\0';
	return container_crashed(end) ? 'x' : 'o';
}

static void
add_steps(struct steps *s, const char *letters, char end)
{
	for (; *letters != '\0'; letters++) {
		char letter = *letters == 'e' ? end : *letters;

		for (int i = 0; i < TRANSITION_COUNT; i++)
			if (kinds[i].letter == letter)
				s->kinds[s->count++] = (enum transition_kind)i;
	}
}

/* No time at all is before every other. */
static int
row_of(const struct change *c)
{
	const struct container *now = c->after;

	if (c->before != NULL)
		return (int)c->before->state;
	return c->looked_at != TIMESTAMP_NONE &&
		(now->created_at > c->looked_at || now->started_at > c->looked_at ||
		    now->finished_at > c->looked_at) ?
	    CONTAINER_REMOVED :
	    ROW_UNKNOWN;
}

/* Kubernetes' next attempt of one that ended: it's there only since this look, or was
 * seen before it ran. */
static bool
takes_over(const struct change *c)
{
	return c->predecessor != NULL ||
	    (c->before != NULL && c->before->state == CONTAINER_CREATED && c->after != NULL &&
		c->after->restarts > 0);
}

static struct steps
steps_of(const struct change *c)
{
	struct steps s = {0};
	int row = row_of(c), column = c->after != NULL ? (int)c->after->state : CONTAINER_REMOVED;
	bool again = c->before != NULL && c->after != NULL && column != CONTAINER_REMOVED &&
	    is_another_run(c->before, c->after);

	if (again) {
		add_steps(&s, table[row][COLUMN_AGAIN], letter_of_end(c, true));
		row = CONTAINER_RUNNING;
	}
	add_steps(&s, table[row][column], c->after != NULL ? letter_of_end(c, false) : '\0');
	for (int i = 0; takes_over(c) && i < s.count; i++)
		if (s.kinds[i] == TRANSITION_STARTED)
			s.kinds[i] = TRANSITION_RESTARTED;
	return s;
}

/* --- when ----------------------------------------------------------------------- */

/* A time that can't be, as of a clock that was wrong, is none; none is before all. */
static timestamp
time_by_runtime(const struct change *c, enum transition_kind kind)
{
	const timestamp slack = MINUTES(1);
	timestamp at = TIMESTAMP_NONE;

	if (c->looked_at == TIMESTAMP_NONE)
		return TIMESTAMP_NONE;
	if (kind == TRANSITION_CREATED)
		at = c->after->created_at;
	else if (kind == TRANSITION_STARTED || kind == TRANSITION_RESTARTED)
		at = c->after->started_at;
	else if (kind == TRANSITION_STOPPED || kind == TRANSITION_CRASHED)
		at = c->after->finished_at;
	return at >= c->looked_at - slack && at <= timestamp_add(c->now, slack) ? at :
										  TIMESTAMP_NONE;
}

/* Where the runtime has none it is just before the next step, at last now. */
static void
set_times(struct steps *s, const struct change *c)
{
	timestamp next = timestamp_add(c->now, 1);

	for (int i = s->count - 1; i >= 0; i--) {
		s->at[i] = time_by_runtime(c, s->kinds[i]);
		if (s->at[i] == TIMESTAMP_NONE)
			s->at[i] = next - 1;
		next = s->at[i];
	}
	for (int i = 1; i < s->count; i++)
		if (s->at[i] <= s->at[i - 1])
			s->at[i] = s->at[i - 1] + 1;
}

/* --- as it was left ------------------------------------------------------------- */

static void
set_end(struct container *c, const struct container *end)
{
	c->has_exited = end != NULL && end->has_exited;
	c->exit_code = end != NULL ? end->exit_code : 0;
	c->signal = end != NULL ? end->signal : 0;
	c->oom_killed = end != NULL && end->oom_killed;
	c->stop_requested = end != NULL && end->stop_requested;
	c->finished_at = end != NULL ? end->finished_at : TIMESTAMP_NONE;
}

/* Between two looks: with what was true then of what was seen later. */
static struct container
container_between(const struct change *c, enum transition_kind kind)
{
	struct container left = container_copy(c->after);

	left.state = kinds[kind].leaves;
	left.health = HEALTH_NONE;
	if (kind == TRANSITION_STOPPED || kind == TRANSITION_CRASHED) {
		left.started_at = c->before->started_at;
		left.restarts = c->before->restarts;
		return left;
	}
	if (!container_is_up(c->after))
		set_end(&left, c->before);
	if (kind == TRANSITION_CREATED)
		left.started_at = TIMESTAMP_NONE;
	return left;
}

static struct container *
on_heap(struct container c)
{
	struct container *copy = memory_alloc(sizeof(*copy));

	*copy = c;
	return copy;
}

static struct container *
copy_of(const struct container *c)
{
	return c != NULL ? on_heap(container_copy(c)) : NULL;
}

static struct container *
left_by(const struct change *c, const struct steps *s, int step)
{
	struct container *left;

	if (s->kinds[step] == TRANSITION_REMOVED) {
		left = copy_of(c->before);
		left->state = CONTAINER_REMOVED;
		return left;
	}
	return step + 1 == s->count ? copy_of(c->after) :
				      on_heap(container_between(c, s->kinds[step]));
}

void
transitions_of_change(const struct change *c, struct transitions *out)
{
	struct steps s = steps_of(c);
	const struct container *before = c->before;

	set_times(&s, c);
	for (int i = 0; i < s.count; i++) {
		struct transition *t;

		ARRAY_GROW(out->list, out->count, out->room);
		t = &out->list[out->count++];
		if (c->predecessor != NULL && s.kinds[i] == TRANSITION_RESTARTED)
			before = c->predecessor;
		*t = (struct transition){.kind = s.kinds[i],
		    .at = s.at[i],
		    .before = copy_of(before),
		    .after = left_by(c, &s, i)};
		before = t->after;
	}
}

/* --- lists ---------------------------------------------------------------------- */

void
transitions_release(struct transitions *t)
{
	for (size_t i = 0; i < t->count; i++) {
		struct container *both[] = {t->list[i].before, t->list[i].after};

		for (size_t k = 0; k < 2; k++)
			if (both[k] != NULL) {
				container_release(both[k]);
				free(both[k]);
			}
	}
	free(t->list);
	*t = (struct transitions){0};
}

/* Of one container no two have the same time. */
static int
compare(const void *left, const void *right)
{
	const struct transition *a = left, *b = right;
	int order = (a->at > b->at) - (a->at < b->at);

	return order != 0 ? order : container_compare(a->after, b->after);
}

void
transitions_sort(struct transitions *t)
{
	if (t->count > 0)
		qsort(t->list, t->count, sizeof(*t->list), compare);
}
