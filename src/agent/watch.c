#include "watch.h"

#include <homelab/message.h>
#include <homelab/service.h>

#include <string.h>
#include <sysexits.h>

struct observation *volatile agent_observation;

struct watcher {
	struct agent agent;
	char complaint[ERROR_TEXT_MAX]; /* the last one, said once */
};

/* --- for the observation ------------------------------------------------------------ */

static int
list_sources(void *watcher, struct observation_sources *out, struct error *err)
{
	struct watcher *w = watcher;

	(void)err;
	agent_find_engines(&w->agent);
	for (size_t i = 0; i < w->agent.engines.count; i++)
		observation_sources_add(out, w->agent.engines.list[i]->address->name, NULL);
	return 0;
}

static int
init(void *watcher, const struct observation_cycle *cycle, void **state, struct error *err)
{
	(void)cycle;
	(void)err;
	*state = watcher;
	return 0;
}

static int
look(const struct observation_cycle *cycle, void *watcher, struct observation_events *events,
    struct error *err)
{
	struct watcher *w = watcher;
	json_auto_t *told = json_array();
	json_t *event;
	size_t i;

	(void)cycle;
	if (agent_look(&w->agent, told, err) < 0)
		return -1;
	json_array_foreach (told, i, event)
		observation_events_add(events, json_incref(event));
	return 0;
}

static void *
take_snapshot(void *watcher)
{
	const struct watcher *w = watcher;

	return agent_facts(&w->agent);
}

/* The watcher is agent_run()'s. */
static void
release_nothing(void *watcher)
{
	(void)watcher;
}

static void
release_json(void *value)
{
	json_decref(value);
}

static struct observation *
start(struct watcher *w, struct error *err)
{
	struct observation_config config;

	observation_config_init(&config);
	config.provider = (struct observation_provider){list_sources, w};
	config.observer = (struct observation_observer){.context = w,
	    .init = init,
	    .poll = look,
	    .snapshot = take_snapshot,
	    .release_state = release_nothing,
	    .release_value = release_json,
	    .release_event = release_json};
	config.interval = w->agent.options->interval;
	config.history_limit = 0; /* the observer of the homelab keeps it */
	return observation_start(&config, err);
}

/* --- cycles ------------------------------------------------------------------------------ */

static void
on_hint(void *observation)
{
	(void)observation;
	if (agent_observation != NULL)
		observation_wake(agent_observation);
}

static void
tell_service(const struct watcher *w)
{
	const struct agent *a = &w->agent;

	service_tell("READY=1\nSTATUS=%zu containers of %zu runtimes%s", track_count(a->track),
	    a->engines.count, a->unavailable ? "; not all of them answer" : "");
}

static int
cycle(struct watcher *w, struct observation *o, struct error *err)
{
	err->status = 0;
	if (observation_run_cycle(o, err) == 0) {
		if (w->complaint[0] != '\0')
			message_notice("all is well again");
		w->complaint[0] = '\0';
		tell_service(w);
		return 0;
	}
	if (strcmp(w->complaint, err->text) != 0) {
		message_error("%s", err->text);
		service_tell("READY=1\nSTATUS=failing: %.400s", err->text);
	}
	(void)memcpy(w->complaint, err->text, sizeof(w->complaint));
	return -1;
}

static int
stay(struct watcher *w, struct observation *o, struct agent_signals *signals, struct error *err)
{
	agent_observation = o;
	(void)cycle(w, o, err);
	service_is_alive();
	if (signals->stopped) /* before there was something to stop */
		observation_stop(o);
	while (observation_wait(o)) {
		if (signals->reload) {
			signals->reload = 0;
			message_notice("reading everything anew");
			declared_forget(&w->agent.declared);
		}
		(void)cycle(w, o, err);
		service_is_alive();
	}
	service_tell("STOPPING=1");
	return EX_OK;
}

/* How long a run of its own waits for backends. */
#define FLUSH SECONDS(10)

static int
look_once(struct watcher *w, struct observation *o, struct error *err)
{
	err->status = 0;
	if (observation_run_cycle(o, err) < 0)
		return err->status != 0 ? err->status : EX_SOFTWARE;
	if (w->agent.backends != NULL && !backends_flush(w->agent.backends, FLUSH))
		message_notice("not all backends have everything yet");
	err->text[0] = '\0'; /* what follows was said already */
	if (w->agent.declared.bad)
		return EX_CONFIG;
	return w->agent.unavailable ? EX_UNAVAILABLE : EX_OK;
}

int
agent_run(const struct agent_options *options, struct agent_signals *signals, struct error *err)
{
	struct watcher w = {.agent.stop = &signals->stopped};
	struct observation *o = NULL;
	int status = EX_OK;

	if (options->watch)
		w.agent.hint = on_hint;
	if (agent_open(&w.agent, options, err) < 0 || (o = start(&w, err)) == NULL)
		status = err->status;
	else if (options->watch)
		status = stay(&w, o, signals, err);
	else
		status = look_once(&w, o, err);
	agent_close(&w.agent); /* also the followers, who would wake it */
	agent_observation = NULL;
	observation_free(o);
	return status;
}
