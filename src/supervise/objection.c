/* Where a policy was meant that does not hold, or not as it was meant. */

#include "parts.h"

#include <stdio.h>
#include <string.h>

enum { OBJECTION_MAX = 512 };

/* What stands against its policy, in a sentence; false without. */
static bool
objection_to(const struct supervision_subject *who, char *out, size_t size)
{
	const struct policy *p = who->policy, *doubted = who->doubted;

	if (p != NULL && !who->acts)
		(void)snprintf(out, size,
		    "on_panic of %s says %s, but its runtime is for others to act on, as a kubelet",
		    p->service, panic_action_names[p->action]);
	else if (p != NULL && doubted != NULL)
		(void)snprintf(out, size,
		    "its labels say %s, but its name or compose project %s: the policy of %s holds",
		    doubted->service, p->service, p->service);
	else if (doubted != NULL)
		(void)snprintf(out, size,
		    "its labels say %s, but neither its name nor its compose project: it has no "
		    "policy",
		    doubted->service);
	else
		return false;
	return true;
}

void
supervised_object(struct step *step)
{
	const struct supervision_subject *who = step->who;
	const struct policy *p = who->policy != NULL ? who->policy : who->doubted;
	struct supervised *item = step->item;
	char text[OBJECTION_MAX];

	if (!objection_to(who, text, sizeof(text)) ||
	    (item->objection != NULL && strcmp(item->objection, text) == 0))
		return;
	free(item->objection);
	item->objection = text_copy(text);
	results_add_failed(step, panic_action_names[p->action], text);
}
