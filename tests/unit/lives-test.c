#include "support.h"

#include <homelab/track.h>

#include <stdio.h>
#include <string.h>

/*
 * Lives of containers by chance, in a runtime that shows of them what such do, and
 * forgets what such forget. A reader believes what is told. At every look:
 *
 *	what the reader believes is what is seen
 *	each transition begins where the one before it ended
 *	a crash that is told is one that was, after the first look, and told once
 *
 * and with a look after every event nothing is missing either.
 */
enum { NAMES = 4, LIVES_MAX = 200, ENDS_MAX = 600, EVENTS = 150 };

struct end {
	int life;
	timestamp at;
	bool crash, told;
};

struct life {
	bool there, up, paused, restarting;
	bool asked; /* for its end, which is to come */
	bool end_asked; /* for the last one, as long as the runtime knows it */
	int run; /* number */
	bool has_exited;
	int64_t exit_code, restarts;
	timestamp created_at, started_at, finished_at;
	char name[16];
	int believed; /* 0: not there, 1: down, 2: up, 3: paused */
	char believed_name[16];
};

struct history {
	struct dice dice;
	bool often, knows_ends, forgets, renames;
	timestamp now, first_look;
	struct life lives[LIVES_MAX];
	int life_count;
	struct end ends[ENDS_MAX];
	int end_count, starts, starts_told;
	struct track *track;
	int seed;
};

/* --- what happens ------------------------------------------------------------------- */

static void
start(struct history *h, struct life *l)
{
	l->up = true;
	l->restarting = l->asked = false;
	l->run++;
	l->started_at = h->now;
	h->starts += h->first_look != TIMESTAMP_NONE;
}

static void
end_run(struct history *h, struct life *l, int64_t exit_code)
{
	bool crash = exit_code != 0 && exit_code != 143 && !l->asked;

	l->end_asked = l->asked;
	l->up = l->paused = l->asked = false;
	l->has_exited = true;
	l->exit_code = exit_code;
	l->finished_at = h->now;
	ck_assert_int_lt(h->end_count, ENDS_MAX);
	h->ends[h->end_count++] = (struct end){(int)(l - h->lives), h->now, crash, false};
}

static void
create(struct history *h, int name)
{
	struct life *l = &h->lives[h->life_count++];

	ck_assert_int_lt(h->life_count, LIVES_MAX);
	*l = (struct life){.there = true,
	    .created_at = h->now,
	    .started_at = TIMESTAMP_NONE,
	    .finished_at = TIMESTAMP_NONE};
	(void)snprintf(l->name, sizeof(l->name), "n%d", name);
}

static struct life *
life_named(struct history *h, int name)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "n%d", name);
	for (int i = 0; i < h->life_count; i++)
		if (h->lives[i].there && strcmp(h->lives[i].name, text) == 0)
			return &h->lives[i];
	return NULL;
}

static void
happen_while_up(struct history *h, struct life *l)
{
	static const int64_t codes[] = {0, 1, 137, 139, 143, 255};

	switch (l->asked ? 0 : roll(&h->dice, 7)) {
	case 0:
	case 1:
		end_run(h, l, codes[roll(&h->dice, COUNT(codes))]);
		break;
	case 2: /* its runtime starts it again */
		end_run(h, l, 1);
		l->restarting = true;
		l->restarts++;
		break;
	case 3:
	case 4:
		l->asked = true;
		break;
	default:
		l->paused = !l->paused;
	}
}

/* One that was asked to end does so before anything else happens. */
static struct life *
asked_life(struct history *h)
{
	for (int i = 0; i < h->life_count; i++)
		if (h->lives[i].asked)
			return &h->lives[i];
	return NULL;
}

static void
happen(struct history *h)
{
	int name = (int)roll(&h->dice, NAMES);
	struct life *l = asked_life(h);

	if (l == NULL)
		l = life_named(h, name);
	if (l == NULL)
		create(h, name);
	else if (l->up)
		happen_while_up(h, l);
	else if (roll(&h->dice, 4) > 0)
		start(h, l);
	else if (h->renames && life_named(h, name + NAMES) == NULL)
		(void)snprintf(l->name, sizeof(l->name), "n%d", name + NAMES);
	else
		l->there = false;
}

/* --- what is seen ------------------------------------------------------------------- */

static enum container_state
state_of(const struct life *l, const struct container *c)
{
	if (l->up)
		return l->paused ? CONTAINER_PAUSED : CONTAINER_RUNNING;
	if (l->run == 0)
		return CONTAINER_CREATED;
	if (l->restarting)
		return CONTAINER_RESTARTING;
	return container_crashed(c) ? CONTAINER_FAILED : CONTAINER_EXITED;
}

static void
show(const struct history *h, const struct life *l, struct containers *out)
{
	struct container *c = containers_add(out);
	char id[16];

	(void)snprintf(id, sizeof(id), "%d", (int)(l - h->lives));
	container_set_text(&c->id, id);
	container_set_text(&c->name, l->name);
	c->created_at = l->created_at;
	c->started_at = l->started_at;
	c->finished_at = l->finished_at;
	c->restarts = l->restarts;
	c->has_exited = l->has_exited && (!l->up || h->knows_ends);
	c->exit_code = c->has_exited ? l->exit_code : 0;
	c->stop_requested = c->has_exited && l->end_asked;
	c->state = state_of(l, c);
}

/* --- what is believed ----------------------------------------------------------------- */

static int
belief(const struct container *c)
{
	static const int beliefs[CONTAINER_STATE_COUNT] = {1, 2, 1, 3, 2, 1, 1, 0};

	return c == NULL ? 0 : beliefs[c->state];
}

static void
believe_end(struct history *h, const struct transition *t, int life)
{
	for (int i = 0; i < h->end_count; i++) {
		struct end *end = &h->ends[i];

		if (end->life != life || end->at != t->after->finished_at)
			continue;
		ck_assert_msg(!end->told, "seed %d: an end is told twice", h->seed);
		ck_assert_msg(end->at > h->first_look, "seed %d: an old end", h->seed);
		if (t->kind == TRANSITION_CRASHED || h->often)
			ck_assert_msg(end->crash == (t->kind == TRANSITION_CRASHED),
			    "seed %d: another end than was", h->seed);
		end->told = true;
		return;
	}
	ck_abort_msg("seed %d: an end that wasn't", h->seed);
}

static void
believe(struct history *h, const struct transition *t, bool first)
{
	int life = atoi(t->after->id);
	struct life *l = &h->lives[life];

	if (t->kind == TRANSITION_STARTED || t->kind == TRANSITION_RESTARTED)
		h->starts_told += !first;
	if (t->kind == TRANSITION_STOPPED || t->kind == TRANSITION_CRASHED)
		believe_end(h, t, life);
	/* Of one that was renamed the old name goes in its own time. */
	if (h->renames)
		return;
	ck_assert_msg(belief(t->before) == l->believed || t->kind == TRANSITION_RESTARTED,
	    "seed %d: it was %d, not %d", h->seed, l->believed, belief(t->before));
	l->believed = belief(t->after);
}

static void
keep_and_read(struct history *h)
{
	json_auto_t *kept = track_to_json(h->track);

	track_free(h->track);
	h->track = track_from_json(kept, NULL);
	ck_assert_ptr_nonnull(h->track);
}

static void
compare(const struct history *h, const struct containers *seen)
{
	for (size_t i = 0; i < seen->count && !h->renames; i++)
		ck_assert_msg(h->lives[atoi(seen->list[i].id)].believed == belief(&seen->list[i]),
		    "seed %d: %s/%s is %s", h->seed, seen->list[i].name, seen->list[i].id,
		    container_state_names[seen->list[i].state]);
	for (int i = 0; i < h->life_count; i++)
		ck_assert_msg(h->lives[i].there || h->lives[i].believed == 0,
		    "seed %d: %d isn't there", h->seed, i);
	ck_assert_uint_eq(track_count(h->track), seen->count);
}

static void
look(struct history *h)
{
	struct containers seen = {0};
	struct transitions told = {0};
	bool first = h->first_look == TIMESTAMP_NONE;

	if (first)
		h->first_look = h->now;
	for (int i = 0; i < h->life_count; i++) {
		if (h->lives[i].there)
			show(h, &h->lives[i], &seen);
		if (h->forgets)
			h->lives[i].end_asked = false;
	}
	track_update(h->track, "docker", &seen, h->now, &told);
	for (size_t i = 0; i < told.count; i++) {
		ck_assert(i == 0 || told.list[i - 1].at <= told.list[i].at);
		believe(h, &told.list[i], first);
	}
	compare(h, &seen);
	transitions_release(&told);
	containers_release(&seen);
	if (roll(&h->dice, 5) == 0)
		keep_and_read(h);
}

/* --- histories ------------------------------------------------------------------------ */

static void
assert_nothing_is_missing(const struct history *h)
{
	for (int i = 0; i < h->end_count; i++)
		ck_assert_msg(h->ends[i].told || h->ends[i].at <= h->first_look,
		    "seed %d: an end isn't told", h->seed);
	if (!h->renames)
		ck_assert_int_eq(h->starts_told, h->starts);
}

static void
live(int seed)
{
	struct history *h = memory_alloc(sizeof(*h));

	h->seed = seed;
	h->dice = dice_of(seed);
	h->often = roll(&h->dice, 2) == 0;
	h->knows_ends = roll(&h->dice, 2) == 0;
	h->forgets = roll(&h->dice, 2) == 0;
	h->renames = roll(&h->dice, 3) == 0;
	h->first_look = TIMESTAMP_NONE;
	h->now = time_at("12:00:00");
	h->track = track_new();
	for (int i = 0; i < EVENTS; i++) {
		h->now += (timestamp)(1 + roll(&h->dice, 10000)) * 1000000;
		happen(h);
		if (i > 10 && (h->often || roll(&h->dice, 4) == 0)) {
			h->now += (timestamp)roll(&h->dice, 1000) * 1000000;
			look(h);
		}
	}
	look(h);
	if (h->often)
		assert_nothing_is_missing(h);
	ck_assert(h->renames || h->starts_told <= h->starts);
	track_free(h->track);
	free(h);
}

START_TEST(what_is_told_leads_to_what_is_seen)
{
	for (int i = 0; i < 50; i++)
		live(_i * 50 + i);
}
END_TEST

Suite *
lives_suite(void)
{
	Suite *suite = suite_create("lives");
	TCase *tests = tcase_create("lives");

	tcase_add_loop_test(tests, what_is_told_leads_to_what_is_seen, 0, 20);
	suite_add_tcase(suite, tests);
	return suite;
}
