/* One look at everything (agent.h). */

#include "agent.h"

#include "follower.h"

#include <homelab/disk.h>
#include <homelab/message.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* The containers of all engines, and which of them supervision is to look at. */
struct sight {
	struct supervision_subject *subjects; /* by runtime, as the containers are */
	struct health_sight *sights;
	size_t count;
	struct supervision_results results;
};

/* --- engines ------------------------------------------------------------------------- */

static void
tell_availability(struct agent *a, struct engine *engine)
{
	bool available = engine->answered, first = !engine->told;

	if (!available && engine->failure.status == 0)
		return; /* it wasn't asked */
	if (!first && engine->available == available)
		return;
	engine->told = true;
	engine->available = available;
	if (!first || !available)
		agent_tell_engine(a, engine);
}

static void
follow(struct agent *a, struct engine *engine)
{
	if (a->hint != NULL && engine->follower == NULL && engine->answered)
		engine->follower = follower_start(engine->runtime, a->hint, a->hint_context);
}

static void
look_at_engine(struct agent *a, struct engine *engine, struct supervision_results *results)
{
	struct transitions transitions = {0};

	engine_ask(engine, track_looked_at(a->track, engine->address->name));
	a->unavailable |= !engine->answered;
	tell_availability(a, engine);
	if (!engine->answered)
		return;
	follow(a, engine);
	track_update(a->track, engine->address->name, &engine->seen, a->now, &transitions);
	for (size_t i = 0; i < transitions.count; i++)
		agent_tell_transition(a, engine, &transitions.list[i], results);
	transitions_release(&transitions);
}

static void
look_at_engines(struct agent *a)
{
	struct supervision_results results = {0};

	a->unavailable = a->engines.count == 0;
	for (size_t i = 0; i < a->engines.count; i++)
		look_at_engine(a, a->engines.list[i], &results);
	supervision_results_release(&results);
}

/* --- containers ------------------------------------------------------------------------ */

static void
see_containers(struct agent *a, struct sight *s)
{
	size_t count = track_count(a->track);

	s->subjects = memory_alloc((count + 1) * sizeof(s->subjects[0]));
	s->sights = memory_alloc((count + 1) * sizeof(s->sights[0]));
	for (size_t i = 0; i < count; i++) {
		const struct container *c = track_container(a->track, i);
		const struct engine *engine = engines_find(&a->engines, c->runtime);

		if (engine == NULL)
			continue; /* nothing is known of others: track_keep() */
		s->subjects[s->count] = agent_subject(a, engine, c);
		s->sights[s->count].container = c;
		s->sights[s->count++].unseen = !engine->answered;
	}
}

static void
supervise(struct agent *a, struct sight *s)
{
	for (size_t i = 0; i < a->engines.count; i++) {
		const struct engine *engine = a->engines.list[i];
		const char *name = engine->address->name;
		size_t first = 0, count = 0;

		while (first < s->count && strcmp(s->subjects[first].container->runtime, name) != 0)
			first++;
		while (first + count < s->count &&
		    strcmp(s->subjects[first + count].container->runtime, name) == 0)
			count++;
		if (engine->answered)
			supervision_look(
			    a->supervision, name, s->subjects + first, count, a->now, &s->results);
	}
	agent_tell_supervision(a, &s->results, 0);
}

static void
judge_health(struct agent *a, struct sight *s)
{
	const struct health_rule rule = {a->options->stable, a->options->heartbeat};
	struct health_reports reports = {0};

	for (size_t i = 0; i < s->count; i++)
		s->sights[i].looping =
		    supervision_is_looping(a->supervision, s->sights[i].container);
	health_update(a->health, s->sights, s->count, &rule, a->now, &reports);
	for (size_t i = 0; i < reports.count; i++)
		agent_tell_health(a, &reports.list[i]);
	health_reports_release(&reports);
}

/* --- backends ---------------------------------------------------------------------------- */

static bool
was_told(const struct agent *a, const struct backend_drop *drop)
{
	return (uint64_t)json_integer_value(json_object_get(a->dropped, drop->backend)) ==
	    drop->total;
}

/* True where there is one that has to be marked once it's saved. */
static bool
tell_dropped(struct agent *a, struct backend_drop *drop)
{
	if (a->backends == NULL || backends_dropped(a->backends, drop) == 0)
		return false;
	if (!was_told(a, drop)) {
		json_auto_t *payload = json_pack("{s:s, s:I, s:I}", "backend", drop->backend,
		    "events", (json_int_t)drop->events, "bytes", (json_int_t)drop->bytes);
		const struct outline outline = {.type = "backend_dropped",
		    .at = TIMESTAMP_NONE,
		    .severity = "warning",
		    .payload = payload};

		agent_tell(a, &outline);
		(void)json_object_set_new(
		    a->dropped, drop->backend, json_integer((json_int_t)drop->total));
	}
	return true;
}

static void
send_facts(struct agent *a)
{
	json_auto_t *facts = NULL;

	if (a->backends == NULL)
		return;
	facts = agent_facts(a);
	backends_facts(a->backends, facts);
}

/* --- the look ------------------------------------------------------------------------------ */

static void
look_at_all(struct agent *a, struct sight *s)
{
	declared_look(&a->declared, a->options->repo, a->options->node, &a->store);
	a->booted = node_look(&a->node, a->options, &a->store, &a->news, a->now, a->told);
	look_at_engines(a);
	see_containers(a, s);
	supervise(a, s);
	judge_health(a, s);
}

/* After what was seen is saved: nothing is taken back any more. */
static int
follow_up(struct agent *a, struct sight *s, struct error *err)
{
	size_t before = s->results.event_count;
	int failed = news_send(&a->news, err);

	agent_act(a, &s->results);
	agent_tell_supervision(a, &s->results, before);
	if (agent_save(a, err) < 0)
		return -1;
	if (news_send(&a->news, err) < 0)
		return -1;
	return failed < 0 ? -1 : agent_save(a, err);
}

static int
look(struct agent *a, struct sight *s, struct error *err)
{
	size_t before;
	struct backend_drop drop;
	bool dropped;

	if (news_send(&a->news, err) < 0)
		return -1;
	before = json_array_size(news_pending(&a->news));
	look_at_all(a, s);
	dropped = tell_dropped(a, &drop);
	if (agent_save(a, err) < 0) {
		news_drop(&a->news, before);
		agent_restore(a);
		return -1;
	}
	send_facts(a);
	if (follow_up(a, s, err) < 0)
		return -1;
	return dropped ? backends_told(a->backends, &drop, err) : 0;
}

void
agent_find_engines(struct agent *a)
{
	cleanup_free const char **names = NULL;

	engines_refresh(&a->engines, a->options, json_object_get(a->saved, "engines"));
	names = memory_alloc((a->engines.count + 1) * sizeof(names[0]));
	for (size_t i = 0; i < a->engines.count; i++)
		names[i] = a->engines.list[i]->address->name;
	track_keep(a->track, names, a->engines.count);
	if (a->engines.count == 0 && !a->found_none)
		message_warning("no container runtime is found");
	a->found_none = a->engines.count == 0;
}

int
agent_look(struct agent *a, json_t *told, struct error *err)
{
	struct sight sight = {0};
	int result;

	a->told = told;
	a->now = clock_real();
	result = look(a, &sight, err);
	a->told = NULL;
	supervision_results_release(&sight.results);
	free(sight.subjects);
	free(sight.sights);
	return result;
}
