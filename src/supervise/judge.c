/* Is it a loop, and what is to be done. */

#include "parts.h"

static const struct verdict verdicts[REMEDY_COUNT][2] = {
    [REMEDY_NONE] =
	{
	    {SUPERVISION_SHUTDOWN, ORDER_NONE, false},
	    {SUPERVISION_LOOPING, ORDER_NONE, false},
	},
    [REMEDY_RUNTIME] =
	{
	    {SUPERVISION_RESTARTING, ORDER_NONE, false},
	    {SUPERVISION_LOOPING, ORDER_NONE, false},
	},
    [REMEDY_RESTART] =
	{
	    {SUPERVISION_RESTARTING, ORDER_RESTART, false},
	    {SUPERVISION_LOOPING, ORDER_RESTART, true},
	},
    [REMEDY_SHUTDOWN] =
	{
	    {SUPERVISION_SHUTDOWN, ORDER_SHUTDOWN, false},
	    {SUPERVISION_SHUTDOWN, ORDER_SHUTDOWN, false},
	},
    [REMEDY_ISOLATE] =
	{
	    {SUPERVISION_ISOLATED, ORDER_ISOLATE, false},
	    {SUPERVISION_ISOLATED, ORDER_ISOLATE, false},
	},
};

struct verdict
verdict_of(enum remedy remedy, bool loop)
{
	return verdicts[remedy][loop];
}

enum remedy
remedy_of(const struct supervision_subject *who)
{
	static const enum remedy remedies[PANIC_ACTION_COUNT] = {
	    [PANIC_RESTART] = REMEDY_RESTART,
	    [PANIC_SHUTDOWN] = REMEDY_SHUTDOWN,
	    [PANIC_ISOLATE] = REMEDY_ISOLATE,
	};
	enum remedy remedy =
	    who->policy != NULL && who->acts ? remedies[who->policy->action] : REMEDY_NONE;

	/* Two that restart it would get in each other's way. */
	if (who->container->restarts_itself && (remedy == REMEDY_NONE || remedy == REMEDY_RESTART))
		return REMEDY_RUNTIME;
	return remedy;
}

bool
remedy_wants(enum remedy remedy, enum supervision_order_kind order)
{
	return order != ORDER_NONE && verdicts[remedy][false].order == order;
}

const struct policy *
policy_of(const struct supervision_subject *who)
{
	return who->policy != NULL ? who->policy : &policy_default;
}

bool
loop_begins(const struct deaths *d, const struct policy *p, timestamp now)
{
	return deaths_within(d, now, p->window) > (size_t)p->max_restarts;
}

bool
loop_ends(const struct supervised *item, const struct supervision_subject *who, timestamp now)
{
	timestamp window = policy_of(who)->window;

	if (remedy_wants(remedy_of(who), item->wanted) && item->wanted == ORDER_RESTART)
		return false;
	if (item->up && timestamp_add(item->risen, window) >= now)
		return false;
	return deaths_within(&item->deaths, now, window) == 0;
}
