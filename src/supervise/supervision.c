/* Which container an input is about, and what it counts for. */

#include "parts.h"

#include <string.h>

enum { RESTARTS_A_LOOK_MAX = 1000000 };

struct supervision *
supervision_new(void)
{
	return memory_alloc(sizeof(struct supervision));
}

struct supervised *
supervised_new(void)
{
	struct supervised *item = memory_alloc(sizeof(*item));

	item->wanted = ORDER_NONE;
	item->created = TIMESTAMP_NONE;
	item->window = POLICY_WINDOW_DEFAULT;
	return item;
}

void
supervised_free(struct supervised *item)
{
	if (item == NULL)
		return;
	free(item->runtime);
	free(item->name);
	free(item->pod);
	free(item->id);
	free(item->objection);
	deaths_release(&item->deaths);
	free(item);
}

void
supervision_free(struct supervision *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->count; i++)
		supervised_free(s->items[i]);
	free(s->items);
	free(s);
}

/* --- finding ----------------------------------------------------------------------- */

int
supervised_compare(const struct supervised *a, const struct supervised *b)
{
	int order = strcmp(a->runtime, b->runtime);

	if (order == 0)
		order = strcmp(a->name, b->name);
	return order != 0 ? order : strcmp(a->pod, b->pod);
}

/* The containers of a pod have names of their own in it alone. */
static const char *
pod_of(const struct container *c)
{
	const char *pod = container_label(c, "io.kubernetes.pod.uid");

	return pod != NULL ? pod : "";
}

/* Where it is, or *found is false and it would be. */
static size_t
place_of(const struct supervision *s, const struct container *c, bool *found)
{
	const struct supervised key = {
	    .runtime = c->runtime,
	    .name = c->name,
	    .pod = (char *)pod_of(c),
	};
	size_t from = 0, to = s->count;

	*found = false;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = supervised_compare(s->items[middle], &key);

		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static struct supervised *
find(const struct supervision *s, const struct container *c)
{
	bool found;
	size_t place = place_of(s, c, &found);

	return found ? s->items[place] : NULL;
}

static enum supervision_state
first_state(const struct container *c)
{
	if (container_is_up(c))
		return SUPERVISION_RUNNING;
	return c->state == CONTAINER_RESTARTING ? SUPERVISION_RESTARTING : SUPERVISION_COMPLETED;
}

static struct supervised *
insert(struct supervision *s, size_t place, const struct container *c, timestamp now)
{
	struct supervised *item = supervised_new();

	item->runtime = text_copy(c->runtime);
	item->name = text_copy(c->name);
	item->pod = text_copy(pod_of(c));
	item->id = text_copy(c->id);
	item->created = c->created_at;
	item->state = first_state(c);
	item->up = container_is_up(c);
	item->since = item->risen = now;
	item->restarts_seen = c->restarts > 0 ? c->restarts : 0;
	ARRAY_GROW(s->items, s->count, s->room);
	memmove(s->items + place + 1, s->items + place, (s->count - place) * sizeof(*s->items));
	s->items[place] = item;
	s->count++;
	return item;
}

/* False where the container is an older one of the name. */
static bool
take_over(struct supervised *item, const struct container *c)
{
	if (strcmp(item->id, c->id) != 0) {
		if (!item->gone && c->created_at != TIMESTAMP_NONE && c->created_at < item->created)
			return false;
		free(item->id);
		item->id = text_copy(c->id);
		item->created = c->created_at;
	}
	if (c->restarts < item->restarts_seen)
		item->restarts_seen = c->restarts > 0 ? c->restarts : 0;
	return true;
}

/* NULL where it isn't the one that is meant by its name. */
static struct supervised *
subject_item(struct supervision *s, const struct container *c, timestamp now)
{
	bool found;
	size_t place = place_of(s, c, &found);

	if (!found)
		return insert(s, place, c, now);
	return take_over(s->items[place], c) ? s->items[place] : NULL;
}

/* --- telling ----------------------------------------------------------------------- */

static int64_t
count_restarts(struct supervised *item, const struct container *c)
{
	int64_t more = c->restarts > item->restarts_seen ? c->restarts - item->restarts_seen : 0;

	return more < RESTARTS_A_LOOK_MAX ? more : RESTARTS_A_LOOK_MAX;
}

/*
 * A crash may come before its runtime counts the restart, with it, or not by
 * itself at all but in the count alone; each is to be counted once.
 */
static void
note_crashes(struct step *step, bool crashed)
{
	struct supervised *item = step->item;
	int64_t restarts = count_restarts(item, step->who->container);
	int64_t crashes = restarts - item->ahead;

	if (crashed && crashes < 1)
		crashes = 1;
	if (crashes < 0)
		crashes = 0;
	for (int64_t i = 0; i < crashes && i < DEATHS_MAX; i++)
		deaths_add(&item->deaths, step->at);
	item->crashes += crashes;
	item->ahead = item->ahead + crashes > restarts;
	item->owed = item->owed || crashed;
	item->restarts_seen += restarts;
}

/* Who started it: its runtime, or a person, or we. */
static enum supervision_input
meant_input(
    struct supervised *item, const struct supervision_subject *who, enum supervision_input input)
{
	bool by_runtime;

	if (input != INPUT_STARTED && input != INPUT_RESTARTED)
		return input;
	by_runtime = item->promised || count_restarts(item, who->container) > 0 ||
	    (who->unattended && who->container->restarts_itself);
	return by_runtime ? INPUT_RESTARTED : INPUT_STARTED;
}

static void
take_step(struct step *step, enum supervision_input input)
{
	const struct container *c = step->who->container;

	if (input == INPUT_CRASHED || input == INPUT_RESTARTED)
		note_crashes(step, input == INPUT_CRASHED);
	if (c->has_exited && input <= INPUT_STOPPED) {
		step->item->has_exited = true;
		step->item->last_exit_code = c->exit_code;
	}
	supervised_step(step, input);
}

void
supervision_tell(struct supervision *s, const struct supervision_subject *who,
    enum supervision_input input, timestamp at, timestamp now, struct supervision_results *out)
{
	const struct supervised *known = find(s, who->container);
	struct step step = {.who = who, .at = at, .now = now, .out = out};

	if (input == INPUT_REMOVED && (known == NULL || strcmp(known->id, who->container->id) != 0))
		return;
	step.item = subject_item(s, who->container, now);
	if (step.item == NULL)
		return;
	step.item->gone = false;
	take_step(&step, meant_input(step.item, who, input));
}

/* --- looking ----------------------------------------------------------------------- */

static void
set_clock_back(struct supervised *item, timestamp now)
{
	deaths_clamp(&item->deaths, now);
	if (item->risen > now)
		item->risen = now;
	if (item->retry.due > timestamp_add(now, BACKOFF_MAX))
		item->retry.due = now;
}

/* What was never told, since nobody saw it, or it was lost. */
static void
agree(struct step *step)
{
	const struct container *c = step->who->container;
	bool ended = !container_is_up(c) && c->state != CONTAINER_RESTARTING;

	if (!step->item->up && container_is_up(c))
		take_step(step, meant_input(step->item, step->who, INPUT_STARTED));
	else if (step->item->up && ended)
		take_step(step, INPUT_STOPPED);
	step->item->promised = c->state == CONTAINER_RESTARTING;
}

static void
look_at(struct supervision *s, const struct supervision_subject *who, timestamp now,
    struct supervision_results *out)
{
	struct step step = {.who = who, .at = now, .now = now, .out = out};

	step.item = subject_item(s, who->container, now);
	if (step.item == NULL)
		return;
	step.item->looked = true;
	step.item->gone = false;
	step.item->window = policy_of(who)->window;
	set_clock_back(step.item, now);
	supervised_object(&step);
	agree(&step);
	take_step(&step, INPUT_TICK);
}

static bool
is_over(struct supervised *item, timestamp now)
{
	return !item->looked && deaths_within(&item->deaths, now, item->window) == 0;
}

/* Those of the runtime that weren't looked at. */
static void
forget(struct supervision *s, const char *runtime, timestamp now)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++) {
		struct supervised *item = s->items[i];

		if (strcmp(item->runtime, runtime) == 0 && is_over(item, now)) {
			supervised_free(item);
			continue;
		}
		item->looked = false;
		s->items[kept++] = item;
	}
	s->count = kept;
}

void
supervision_look(struct supervision *s, const char *runtime,
    const struct supervision_subject *subjects, size_t count, timestamp now,
    struct supervision_results *out)
{
	for (size_t i = 0; i < count; i++)
		look_at(s, &subjects[i], now, out);
	forget(s, runtime, now);
}

void
supervision_done(struct supervision *s, const struct supervision_order *order, const char *failure,
    timestamp now, uint64_t chance, struct supervision_results *out)
{
	struct step step = {
	    .item = find(s, order->subject->container),
	    .who = order->subject,
	    .at = now,
	    .now = now,
	    .chance = chance,
	    .failure = failure,
	    .out = out,
	};

	if (step.item != NULL && step.item->wanted == order->kind)
		take_step(&step, failure != NULL ? INPUT_FAILED : INPUT_DONE);
}

/* --- asking ------------------------------------------------------------------------ */

bool
supervision_restarted_it(const struct supervision *s, const struct container *c)
{
	const struct supervised *item = find(s, c);

	return item != NULL && item->wanted == ORDER_RESTART && item->tried;
}

bool
supervision_is_looping(const struct supervision *s, const struct container *c)
{
	const struct supervised *item = find(s, c);

	return item != NULL && item->loop;
}

json_t *
supervision_describe(
    const struct supervision *s, const struct supervision_subject *who, timestamp now)
{
	const struct supervised *item = find(s, who->container);
	char since[TIMESTAMP_TEXT_MAX], until[TIMESTAMP_TEXT_MAX];
	bool waits;
	size_t recent;

	if (item == NULL)
		return json_null();
	waits = item->state == SUPERVISION_LOOPING && item->wanted == ORDER_RESTART &&
	    remedy_wants(remedy_of(who), item->wanted);
	recent = deaths_within(&item->deaths, now, policy_of(who)->window);
	/* Each crash but one that is owed a start was followed by one. */
	if (recent > 0 && item->owed)
		recent--;
	return json_pack("{s:s, s:s?, s:I, s:I, s:o, s:s, s:s?}", "state",
	    supervision_state_names[item->state], "policy",
	    who->policy != NULL ? panic_action_names[who->policy->action] : NULL, "restarts_total",
	    (json_int_t)(item->crashes - item->owed), "restarts_in_window", (json_int_t)recent,
	    "last_exit_code",
	    item->has_exited ? json_integer((json_int_t)item->last_exit_code) : json_null(),
	    "since", timestamp_format(item->since, since), "backoff_until",
	    waits ? timestamp_format(item->due, until) : NULL);
}
