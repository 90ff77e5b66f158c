/*
 * The states of a container, and what each input does in each.
 *
 *	             crash, to be restarted            started
 *	 running ─────────────────────────► restarting ────────► running
 *	    │  ▲                                 │
 *	    │  │ up for a window                 │ one crash too many
 *	    │  └──────────── crash_loop_backoff ◄┘   started: stays, up
 *	    │ crash, policy
 *	    ├──────► isolated ──── started, stopped or removed by a person ──► …
 *	    ├──────► shutdown ──── started by a person; by its runtime: stopped again
 *	    └──────► completed     ended with 0 or as asked to; started: running
 *
 * S1  A loop is told once: when `loop` is set. It ends only in end_loop().
 * S2  What is `wanted` is handed out by hand_out() alone, and cleared once it is
 *     so: that may be in another process than the one that wanted it.
 * S3  What ended with 0, or as it was asked to, is never started here.
 * S4  A person overrules: a start by hand ends isolation, shutdown and backoff; a
 *     stop all but shutdown, which it is what we want as well. What was down stays
 *     in its state when it is stopped, since nobody sees that; then `docker rm`
 *     or a changed policy calls off a restart.
 */

#include "parts.h"

const char *const supervision_state_names[SUPERVISION_STATE_COUNT] = {
    [SUPERVISION_RUNNING] = "running",
    [SUPERVISION_RESTARTING] = "restarting",
    [SUPERVISION_LOOPING] = "crash_loop_backoff",
    [SUPERVISION_ISOLATED] = "isolated",
    [SUPERVISION_SHUTDOWN] = "shutdown",
    [SUPERVISION_COMPLETED] = "completed",
};

static void
want(struct supervised *item, enum supervision_order_kind order, timestamp due)
{
	item->wanted = order;
	item->due = due;
	item->ordered = item->tried = item->failing = false;
	backoff_succeeded(&item->retry);
}

static void
enter(struct supervised *item, enum supervision_state state)
{
	item->state = state;
	want(item, ORDER_NONE, 0);
}

static void
nothing(struct step *step)
{
	(void)step;
}

/* Marks the loop before what it leads to is known; true where it's new. */
static bool
begin_loop(struct step *step)
{
	struct supervised *item = step->item;

	if (item->loop || !loop_begins(&item->deaths, policy_of(step->who), step->now))
		return false;
	item->loop = true;
	return true;
}

static void
judge(struct step *step)
{
	struct supervised *item = step->item;
	bool begun = begin_loop(step);
	struct verdict verdict = verdict_of(remedy_of(step->who), item->loop);
	timestamp wait = verdict.waits ? policy_of(step->who)->backoff : 0;
	bool known = item->state == verdict.state && item->announced;

	item->up = false;
	/* It has been isolated already, and its runtime is left to restart it. */
	if (!known || verdict.order != ORDER_ISOLATE)
		want(item, verdict.order, timestamp_add(step->now, wait));
	item->state = verdict.state;
	item->announced = known;
	if (begun)
		results_add_loop(step);
}

static void
complete(struct step *step)
{
	step->item->up = false;
	enter(step->item, SUPERVISION_COMPLETED);
}

static void
stay_down(struct step *step)
{
	step->item->up = false;
}

static void
come_up(struct supervised *item, timestamp now)
{
	item->up = true;
	item->owed = item->ahead = false;
	item->risen = now;
}

static void
rise(struct step *step)
{
	struct supervised *item = step->item;

	if (!item->up)
		come_up(item, step->now);
	enter(item, item->loop ? SUPERVISION_LOOPING : SUPERVISION_RUNNING);
}

static void
rise_again(struct step *step)
{
	bool begun = begin_loop(step);

	rise(step);
	if (begun)
		results_add_loop(step);
}

/* In isolation it's left to its runtime. */
static void
carry_on(struct step *step)
{
	bool begun = begin_loop(step);

	come_up(step->item, step->now);
	if (begun)
		results_add_loop(step);
}

static void
shut_down_again(struct step *step)
{
	struct supervised *item = step->item;

	if (remedy_of(step->who) != REMEDY_SHUTDOWN) {
		rise_again(step);
		return;
	}
	carry_on(step);
	if (item->wanted == ORDER_NONE)
		want(item, ORDER_SHUTDOWN, step->now);
}

static void
leave(struct step *step)
{
	complete(step);
	step->item->gone = true;
}

static void
end_loop(struct step *step)
{
	struct supervised *item = step->item;

	if (!loop_ends(item, step->who, step->now))
		return;
	item->loop = false;
	if (item->state == SUPERVISION_LOOPING)
		enter(item, item->up ? SUPERVISION_RUNNING : SUPERVISION_SHUTDOWN);
}

static bool
is_due(const struct supervised *item, const struct step *step)
{
	timestamp latest = timestamp_add(step->now, policy_of(step->who)->backoff);

	return (item->due <= step->now || item->due > latest) &&
	    backoff_is_due(&item->retry, step->now);
}

static void
hand_out(struct step *step)
{
	struct supervised *item = step->item;

	if (!remedy_wants(remedy_of(step->who), item->wanted) || !is_due(item, step))
		return;
	if (item->wanted == ORDER_RESTART && step->who->container->state != CONTAINER_FAILED)
		return;
	results_add_order(step->out, item->wanted, step);
	item->ordered = true;
}

/* Nobody is going to start it, or has for so long that nobody will. */
static void
give_up(struct step *step)
{
	struct supervised *item = step->item;

	if (!remedy_wants(remedy_of(step->who), item->wanted) &&
	    step->who->container->state == CONTAINER_FAILED &&
	    deaths_within(&item->deaths, step->now, policy_of(step->who)->window) == 0)
		enter(item, SUPERVISION_SHUTDOWN);
}

static void
wait_for_start(struct step *step)
{
	hand_out(step);
	give_up(step);
}

static void
wait(struct step *step)
{
	end_loop(step);
	hand_out(step);
}

/* Whether it has come up the next look will show; until then, not too often. */
static void
expect_start(struct step *step)
{
	step->item->tried = true;
	step->item->failing = false;
	backoff_failed(&step->item->retry, step->now, 0, step->chance);
}

static void
announce(struct step *step, void (*add)(const struct step *step))
{
	want(step->item, ORDER_NONE, 0);
	if (!step->item->announced)
		add(step);
	step->item->announced = true;
}

static void
announce_isolated(struct step *step)
{
	announce(step, results_add_isolated);
}

static void
announce_shutdown(struct step *step)
{
	announce(step, results_add_shutdown);
}

static void
retry(struct step *step)
{
	struct supervised *item = step->item;

	if (!item->failing)
		results_add_failed(step, supervision_order_words[item->wanted].name, step->failure);
	item->failing = true;
	backoff_failed(&item->retry, step->now, 0, step->chance);
}

typedef void transition(struct step *step);

/* clang-format off */
static transition *const transitions[SUPERVISION_STATE_COUNT][INPUT_COUNT] = {
	[SUPERVISION_RUNNING] = {
		[INPUT_CRASHED] = judge,
		[INPUT_COMPLETED] = complete,
		[INPUT_STOPPED] = complete,
		[INPUT_STARTED] = rise,
		[INPUT_RESTARTED] = rise_again,
		[INPUT_REMOVED] = leave,
		[INPUT_TICK] = nothing,
		[INPUT_DONE] = nothing,
		[INPUT_FAILED] = nothing,
	},
	[SUPERVISION_RESTARTING] = {
		[INPUT_CRASHED] = judge,
		[INPUT_COMPLETED] = complete,
		[INPUT_STOPPED] = complete,
		[INPUT_STARTED] = rise,
		[INPUT_RESTARTED] = rise_again,
		[INPUT_REMOVED] = leave,
		[INPUT_TICK] = wait_for_start,
		[INPUT_DONE] = expect_start,
		[INPUT_FAILED] = retry,
	},
	[SUPERVISION_LOOPING] = {
		[INPUT_CRASHED] = judge,
		[INPUT_COMPLETED] = complete,
		[INPUT_STOPPED] = complete,
		[INPUT_STARTED] = rise,
		[INPUT_RESTARTED] = rise_again,
		[INPUT_REMOVED] = leave,
		[INPUT_TICK] = wait,
		[INPUT_DONE] = expect_start,
		[INPUT_FAILED] = retry,
	},
	[SUPERVISION_ISOLATED] = {
		[INPUT_CRASHED] = judge,
		[INPUT_COMPLETED] = stay_down,
		[INPUT_STOPPED] = complete,
		[INPUT_STARTED] = rise,
		[INPUT_RESTARTED] = carry_on,
		[INPUT_REMOVED] = leave,
		[INPUT_TICK] = wait,
		[INPUT_DONE] = announce_isolated,
		[INPUT_FAILED] = retry,
	},
	[SUPERVISION_SHUTDOWN] = {
		[INPUT_CRASHED] = judge,
		[INPUT_COMPLETED] = stay_down,
		[INPUT_STOPPED] = stay_down,
		[INPUT_STARTED] = rise,
		[INPUT_RESTARTED] = shut_down_again,
		[INPUT_REMOVED] = leave,
		[INPUT_TICK] = wait,
		[INPUT_DONE] = announce_shutdown,
		[INPUT_FAILED] = retry,
	},
	[SUPERVISION_COMPLETED] = {
		[INPUT_CRASHED] = judge,
		[INPUT_COMPLETED] = complete,
		[INPUT_STOPPED] = complete,
		[INPUT_STARTED] = rise,
		[INPUT_RESTARTED] = rise_again,
		[INPUT_REMOVED] = leave,
		[INPUT_TICK] = end_loop,
		[INPUT_DONE] = nothing,
		[INPUT_FAILED] = nothing,
	},
};
/* clang-format on */

void
supervised_step(struct step *step, enum supervision_input input)
{
	transitions[step->item->state][input](step);
}
