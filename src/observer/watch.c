/*
 * --watch: run after run of a station on the observation runtime: whenever one is
 * due, and early where inotify says that something came.
 */

#include <homelab/disk.h>
#include <homelab/message.h>
#include <homelab/observation.h>
#include <homelab/service.h>
#include <homelab/station.h>
#include <homelab/watches.h>

#include <string.h>
#include <sysexits.h>

struct watcher {
	struct station *station;
	const char *root;
	struct watches watches;
	unsigned added; /* directories that weren't watched before */
	bool limited; /* that some can't be watched was said */
	bool wanted; /* an early cycle has something to look for */
	timestamp age; /* of event files that are deleted once a day; 0: none are */
	timestamp next_expiry; /* by the monotonic clock */
	char complaint[ERROR_TEXT_MAX]; /* the last one, said once */
	struct observation *runtime;
};

/* --- hints ------------------------------------------------------------------------ */

static void
watch_directory(void *watcher, const char *below)
{
	struct watcher *w = watcher;
	cleanup_buffer struct buffer path = {0};
	int added;

	buffer_text(&path, "%s/events/%s", w->root, below);
	added = watches_add(&w->watches, buffer_string(&path));
	if (added < 0 && below[0] == '\0') /* it may come yet */
		added = watches_add(&w->watches, w->root);
	w->added += added > 0;
}

/* What came into a directory before it was watched has to be looked for again. */
static void
watch_directories(struct watcher *w)
{
	if (w->watches.fd < 0)
		return;
	w->added = 0;
	watches_begin(&w->watches);
	station_each_directory(w->station, watch_directory, w);
	watches_end(&w->watches);
	if (w->watches.full && !w->limited)
		message_warning("not all directories can be watched (fs.inotify.max_user_watches): "
				"what comes there waits for the next look");
	w->limited |= w->watches.full;
	if (w->added == 0)
		return;
	w->wanted = true;
	if (w->runtime != NULL)
		observation_wake(w->runtime);
}

static void
open_watches(struct watcher *w)
{
	struct error err;

	if (watches_open(&w->watches, &err) < 0)
		message_warning("%s: what comes waits for the next look", err.text);
}

/* --- cycles ------------------------------------------------------------------------ */

static int
list_sources(void *watcher, struct observation_sources *out, struct error *err)
{
	struct watcher *w = watcher;

	w->wanted |= watches_drain(&w->watches);
	if (station_prepare(w->station, err) < 0)
		return -1;
	for (size_t i = 0; i < station_source_count(w->station); i++)
		observation_sources_add(out, station_source(w->station, i), NULL);
	return 0;
}

static void
complain(struct watcher *w, const struct error *err)
{
	if (strcmp(w->complaint, err->text) == 0)
		return;
	(void)memcpy(w->complaint, err->text, sizeof(w->complaint));
	message_error("%s", err->text);
	service_tell("STATUS=failing: %.400s", err->text);
}

static void
tell_service(const struct watcher *w)
{
	const json_t *summary = station_summary(w->station);
	const json_t *observation = json_object_get(summary, "observation");

	service_tell("READY=1\nSTATUS=%s; cycle %lld",
	    json_string_value(json_object_get(summary, "status")),
	    (long long)json_integer_value(json_object_get(observation, "cycle")));
	service_is_alive();
}

/* One whole cycle; its changes, or NULL, are a new reference. */
static int
run_cycle(struct watcher *w, bool early, json_t **changes, struct error *err)
{
	struct error besides;

	*changes = NULL;
	if (early && !w->wanted) /* a transfer that isn't complete yet */
		return 0;
	w->wanted = false;
	if (station_cycle(w->station, early, err) < 0)
		return -1;
	watch_directories(w);
	if (station_renew(w->station, changes, &besides) != EX_OK) {
		complain(w, &besides);
	} else if (w->complaint[0] != '\0' && !early) {
		message_notice("all is well again");
		w->complaint[0] = '\0';
	}
	tell_service(w);
	return 0;
}

static int
init(void *watcher, const struct observation_cycle *cycle, void **state, struct error *err)
{
	struct watcher *w = watcher;
	json_t *changes;
	int ran = run_cycle(w, false, &changes, err);

	(void)cycle;
	json_decref(changes);
	*state = w;
	return ran;
}

static int
look_again(const struct observation_cycle *cycle, void *watcher, struct observation_events *events,
    struct error *err)
{
	struct watcher *w = watcher;
	json_t *changes, *event;
	size_t i;

	if (run_cycle(w, cycle->early, &changes, err) < 0)
		return -1;
	json_array_foreach (changes, i, event)
		observation_events_add(events, json_incref(event));
	json_decref(changes);
	return 0;
}

static void *
take_snapshot(void *watcher)
{
	const struct watcher *w = watcher;

	return json_incref((json_t *)station_summary(w->station));
}

/* The watcher is observer_watch()'s. */
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

/* --- the program's part ------------------------------------------------------------- */

static struct observation *
start(struct watcher *w, timestamp interval, struct error *err)
{
	struct observation_config config;

	observation_config_init(&config);
	config.provider = (struct observation_provider){list_sources, w};
	config.observer = (struct observation_observer){.context = w,
	    .init = init,
	    .poll = look_again,
	    .snapshot = take_snapshot,
	    .release_state = release_nothing,
	    .release_value = release_json,
	    .release_event = release_json};
	config.interval = interval;
	config.hint_fd = w->watches.fd;
	return observation_start(&config, err);
}

static void
heed(struct watcher *w, struct observer_signals *signals)
{
	if (signals->reload) {
		signals->reload = 0;
		message_notice("reading everything anew");
		station_forget(w->station);
		w->wanted = true;
	}
	if (signals->rebuild) {
		signals->rebuild = 0;
		station_options(w->station)->reset = true;
		w->wanted = true;
	}
}

/* With the lock given up for so long: it's a program of its own. */
static void
expire(struct watcher *w)
{
	struct error err;

	if (w->age == 0 || clock_monotonic() < w->next_expiry)
		return;
	w->next_expiry = clock_monotonic() + DAYS(1);
	station_forget(w->station);
	if (observer_expire(station_options(w->station), w->age, &err) != EX_OK)
		message_error("%s", err.text);
}

static void
stay(struct watcher *w, struct observer_signals *signals)
{
	struct error err;

	signals->runtime = w->runtime;
	/* What was asked for before could wake or stop nobody. */
	if (w->wanted || signals->reload || signals->rebuild)
		observation_wake(w->runtime);
	if (*station_options(w->station)->stop)
		observation_stop(w->runtime);
	while (observation_wait(w->runtime)) {
		heed(w, signals);
		err.status = 0;
		if (observation_run_cycle(w->runtime, &err) < 0)
			complain(w, &err);
		expire(w);
	}
	service_tell("STOPPING=1");
	signals->runtime = NULL;
}

int
observer_watch(const struct observer_options *options, timestamp interval, timestamp age,
    struct observer_signals *signals, struct error *err)
{
	struct watcher w = {.station = station_new(options), .root = options->root, .age = age};
	int status = EX_OK;

	open_watches(&w);
	if ((w.runtime = start(&w, interval, err)) != NULL)
		stay(&w, signals);
	else
		status = err->status;
	observation_free(w.runtime);
	station_free(w.station);
	watches_release(&w.watches);
	return status;
}
