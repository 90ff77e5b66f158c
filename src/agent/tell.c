/* What becomes news, and what it says: homelab-event(5) has the payloads. */

#include "agent.h"

#include <homelab/message.h>

#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = 512 };

struct supervision_subject
agent_subject(const struct agent *a, const struct engine *engine, const struct container *c)
{
	struct supervision_subject s = {.container = c,
	    .acts = runtime_acts(engine->runtime),
	    .unattended = engine->back || a->booted};

	s.policy = policy_for(a->declared.policies, c, &s.doubted);
	return s;
}

void
agent_tell(struct agent *a, const struct outline *outline)
{
	json_t *event = news_add(&a->news, outline, a->now);

	if (event != NULL)
		(void)json_array_append_new(a->told, event);
}

/* `container` of a payload: with what supervision knows of it by now. */
static json_t *
describe(const struct agent *a, const struct supervision_subject *who)
{
	json_t *value = container_describe(who->container);

	(void)json_object_set_new(
	    value, "supervision", supervision_describe(a->supervision, who, a->now));
	return value;
}

static json_t *
json_time(timestamp at)
{
	char text[TIMESTAMP_TEXT_MAX];

	return at == TIMESTAMP_NONE ? json_null() : json_string(timestamp_format(at, text));
}

/* --- transitions ------------------------------------------------------------------- */

static void
add_log(const struct agent *a, const struct engine *engine, const char *id, json_t *payload)
{
	cleanup_buffer struct buffer log = {0};
	struct error err;

	if (a->options->log_lines == 0)
		return;
	if (runtime_log(engine->runtime, id, a->options->log_lines, &log, &err) < 0)
		message_verbose("no log of %s: %s", id, err.text);
	else
		(void)json_object_set_new(
		    payload, "log", log_lines(log.data, log.length, a->options->log_lines));
}

static void
fill_crashed(
    const struct agent *a, const struct engine *engine, const struct container *c, json_t *payload)
{
	(void)json_object_set_new(payload, "exit_code", json_integer(c->exit_code));
	(void)json_object_set_new(
	    payload, "signal", c->signal > 0 ? json_integer(c->signal) : json_null());
	(void)json_object_set_new(payload, "oom_killed", json_boolean(c->oom_killed));
	(void)json_object_set_new(payload, "started_at", json_time(c->started_at));
	(void)json_object_set_new(payload, "finished_at", json_time(c->finished_at));
	add_log(a, engine, c->id, payload);
}

static const char *
say_crashed(const struct container *c, char *out, size_t size)
{
	int used =
	    snprintf(out, size, "%s ended with exit code %lld", c->name, (long long)c->exit_code);

	if (c->signal > 0)
		used += snprintf(out + used, size - (size_t)used, " (signal %d)", c->signal);
	if (c->oom_killed)
		(void)snprintf(out + used, size - (size_t)used, ", out of memory");
	return out;
}

/* What a transition is to others, given who is behind it. */
struct tale {
	const char *type;
	enum supervision_input input; /* INPUT_COUNT: nothing to supervision */
	bool by_agent;
};

static struct tale
tale_of(const struct agent *a, const struct transition *t, const struct supervision_subject *who)
{
	static const enum supervision_input inputs[TRANSITION_COUNT] = {
	    [TRANSITION_CREATED] = INPUT_COUNT,
	    [TRANSITION_STARTED] = INPUT_STARTED,
	    [TRANSITION_STOPPED] = INPUT_STOPPED,
	    [TRANSITION_CRASHED] = INPUT_CRASHED,
	    [TRANSITION_RESTARTED] = INPUT_RESTARTED,
	    [TRANSITION_PAUSED] = INPUT_COUNT,
	    [TRANSITION_RESUMED] = INPUT_COUNT,
	    [TRANSITION_REMOVED] = INPUT_REMOVED,
	};
	struct tale tale = {transition_types[t->kind], inputs[t->kind], false};

	if (t->kind == TRANSITION_STOPPED && t->after->exit_code == 0 &&
	    !t->after->stop_requested) {
		tale.input = INPUT_COMPLETED;
		if (who->policy != NULL)
			tale.type = "container_completed";
	}
	tale.by_agent = (t->kind == TRANSITION_STARTED || t->kind == TRANSITION_RESTARTED) &&
	    supervision_restarted_it(a->supervision, t->after);
	if (tale.by_agent) {
		tale.type = transition_types[TRANSITION_RESTARTED];
		tale.input = INPUT_STARTED;
	}
	return tale;
}

static void
fill_restarted(const struct container *c, bool by_agent, json_t *payload)
{
	(void)json_object_set_new(payload, "restarts", json_integer(c->restarts));
	(void)json_object_set_new(payload, "by", json_string(by_agent ? "agent" : "runtime"));
}

void
agent_tell_transition(struct agent *a, struct engine *engine, const struct transition *t,
    struct supervision_results *results)
{
	const struct supervision_subject who = agent_subject(a, engine, t->after);
	const struct tale tale = tale_of(a, t, &who);
	json_auto_t *payload = json_object();
	char text[TEXT_SIZE];
	struct outline outline = {.type = tale.type,
	    .at = t->at,
	    .service = container_service(t->after),
	    .payload = payload};
	size_t before = results->event_count;

	if (tale.input != INPUT_COUNT)
		supervision_tell(a->supervision, &who, tale.input, t->at, a->now, results);
	(void)json_object_set_new(payload, "container", describe(a, &who));
	if (t->kind == TRANSITION_CRASHED) {
		fill_crashed(a, engine, t->after, payload);
		outline.message = say_crashed(t->after, text, sizeof(text));
	}
	if (strcmp(tale.type, transition_types[TRANSITION_RESTARTED]) == 0)
		fill_restarted(t->after, tale.by_agent, payload);
	agent_tell(a, &outline);
	agent_tell_supervision(a, results, before);
}

/* --- what follows from them ----------------------------------------------------------- */

static const char *
say_supervision(const struct supervision_event *e, char *out, size_t size)
{
	const char *reason = json_string_value(json_object_get(e->payload, "reason"));

	if (reason != NULL)
		(void)snprintf(out, size, "%s: %s", e->container->name, reason);
	else
		(void)snprintf(out, size, "%s crashes again and again", e->container->name);
	return out;
}

void
agent_tell_supervision(struct agent *a, const struct supervision_results *results, size_t first)
{
	for (size_t i = first; i < results->event_count; i++) {
		const struct supervision_event *e = &results->events[i];
		const struct engine *engine = engines_find(&a->engines, e->container->runtime);
		const struct supervision_subject who = agent_subject(a, engine, e->container);
		json_auto_t *payload = json_copy(e->payload);
		char text[TEXT_SIZE];
		const struct outline outline = {.type = e->type,
		    .at = e->at,
		    .severity = e->severity,
		    .service = container_service(e->container),
		    .message = say_supervision(e, text, sizeof(text)),
		    .payload = payload};

		(void)json_object_set_new(payload, "container", describe(a, &who));
		agent_tell(a, &outline);
	}
}

void
agent_tell_health(struct agent *a, const struct health_report *report)
{
	const struct engine *engine = engines_find(&a->engines, report->container->runtime);
	const struct supervision_subject who = agent_subject(a, engine, report->container);
	json_auto_t *payload = json_pack("{s:o}", "container", describe(a, &who));
	char text[TEXT_SIZE];
	struct outline outline = {.type = report->healthy ? "service_healthy" : "service_unhealthy",
	    .at = TIMESTAMP_NONE,
	    .service = report->service,
	    .payload = payload};

	if (!report->healthy) {
		(void)snprintf(
		    text, sizeof(text), "the health check of %s fails", report->container->name);
		outline.message = text;
	}
	agent_tell(a, &outline);
}

/* --- runtimes --------------------------------------------------------------------------- */

void
agent_tell_engine(struct agent *a, const struct engine *engine)
{
	const char *reason = engine->failure.text;
	json_auto_t *payload = json_pack("{s:s}", "runtime", engine->address->name);
	cleanup_buffer struct buffer mended = {0};
	const struct outline outline = {
	    .type = engine->available ? "runtime_available" : "runtime_unavailable",
	    .at = TIMESTAMP_NONE,
	    .severity = engine->available ? "info" : "warning",
	    .message = engine->available ? NULL : reason,
	    .payload = payload};

	text_mend(reason, strlen(reason), &mended);
	if (engine->available)
		(void)json_object_set_new(payload, "version", json_string(engine->version));
	else
		(void)json_object_set_new(payload, "reason", json_string(buffer_string(&mended)));
	agent_tell(a, &outline);
	if (engine->available)
		message_notice("%s is back", engine->address->name);
	else
		message_warning("%s: %s", engine->address->name, reason);
}
