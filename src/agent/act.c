/* Orders of supervision, carried out. */

#include "agent.h"
#include "deployment.h"
#include "isolation.h"

#include <homelab/disk.h>
#include <homelab/message.h>

#include <string.h>

static struct runtime *
runtime_of(const struct agent *a, const struct container *c)
{
	struct engine *engine = engines_find(&a->engines, c->runtime);

	return engine != NULL ? engine->runtime : NULL;
}

static int
restart(struct agent *a, const struct supervision_order *o, struct error *err)
{
	const struct container *c = o->subject->container;

	return runtime_start(runtime_of(a, c), c->id, err);
}

static int
shut_down(struct agent *a, const struct supervision_order *o, struct error *err)
{
	const struct container *c = o->subject->container;

	return runtime_stop(runtime_of(a, c), c->id, err);
}

static int
isolate(struct agent *a, const struct supervision_order *o, struct error *err)
{
	const struct container *c = o->subject->container;
	const char *service = container_service(c);
	json_auto_t *subject = json_pack("{s:s, s:s?, s:o}", "node", a->options->node, "service",
	    service, "container", container_describe(c));

	if (a->options->isolate_hook == NULL)
		return 0;
	return isolation_run(a->options->isolate_hook, subject, a->stop, err);
}

static int (*const actions[ORDER_COUNT])(
    struct agent *a, const struct supervision_order *o, struct error *err) = {
    [ORDER_RESTART] = restart,
    [ORDER_SHUTDOWN] = shut_down,
    [ORDER_ISOLATE] = isolate,
};

static void
carry_out(struct agent *a, const struct supervision_order *o, struct supervision_results *results)
{
	const struct container *c = o->subject->container;
	struct error err = {0};
	int failed = actions[o->kind](a, o, &err);

	if (failed < 0)
		message_warning(
		    "cannot %s %s: %s", supervision_order_words[o->kind].verb, c->name, err.text);
	else
		message_notice("%s: %s", supervision_order_words[o->kind].verb, c->name);
	supervision_done(a->supervision, o, failed < 0 ? err.text : NULL, clock_real(),
	    engine_chance(), results);
}

static bool
only_watches(struct agent *a)
{
	bool deployment = deployment_is_under_way(a->options->root, a->now);

	if (deployment != a->watches_only)
		message_notice(deployment ? "a deployment is under way: only watching" :
					    "no deployment is under way any more");
	a->watches_only = deployment;
	return deployment || a->options->no_act;
}

void
agent_act(struct agent *a, struct supervision_results *results)
{
	bool only = only_watches(a);
	size_t count = results->order_count;

	for (size_t i = 0; i < count && !*a->stop; i++) {
		const struct supervision_order *o = &results->orders[i];

		if (!only)
			carry_out(a, o, results);
		else if (!o->again)
			message_notice("would %s %s", supervision_order_words[o->kind].verb,
			    o->subject->container->name);
	}
}
