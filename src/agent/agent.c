/* The agent's state: opened, saved, and taken back (agent.h says how it is used). */

#include "agent.h"

#include <homelab/disk.h>
#include <homelab/message.h>

#include <string.h>
#include <sysexits.h>

/* --- as JSON ---------------------------------------------------------------------- */

static void
forget(struct agent *a)
{
	track_free(a->track);
	health_free(a->health);
	supervision_free(a->supervision);
	json_decref(a->dropped);
	a->track = NULL;
	a->health = NULL;
	a->supervision = NULL;
	a->dropped = NULL;
}

/* What was kept, into the parts; -1 where one of them is damaged. */
static int
recall(struct agent *a, struct error *err)
{
	const json_t *track = json_object_get(a->saved, "track");
	const json_t *health = json_object_get(a->saved, "health");
	const json_t *supervision = json_object_get(a->saved, "supervision");
	const json_t *dropped = json_object_get(a->saved, "dropped");

	forget(a);
	a->track = track == NULL ? track_new() : track_from_json(track, err);
	if (a->track == NULL)
		return -1;
	a->health = health == NULL ? health_new() : health_from_json(health, err);
	if (a->health == NULL)
		return -1;
	a->supervision =
	    supervision == NULL ? supervision_new() : supervision_from_json(supervision);
	if (a->supervision == NULL)
		return error_set(err, EX_SOFTWARE, "what is known of crashes isn't whole");
	a->dropped = json_is_object(dropped) ? json_deep_copy(dropped) : json_object();
	return 0;
}

/* As they were known, where nobody looked. */
static json_t *
describe_engines(const struct agent *a)
{
	json_t *known = json_object_get(a->saved, "engines");

	return a->engines.count == 0 && known != NULL ? json_incref(known) :
							engines_describe(&a->engines);
}

static json_t *
state_of(const struct agent *a)
{
	json_t *state = json_object();

	(void)json_object_set_new(state, "track", track_to_json(a->track));
	(void)json_object_set_new(state, "health", health_to_json(a->health));
	(void)json_object_set_new(state, "supervision", supervision_to_json(a->supervision));
	(void)json_object_set_new(state, "node", node_to_json(&a->node));
	(void)json_object_set_new(state, "engines", describe_engines(a));
	(void)json_object_set_new(state, "dropped", json_deep_copy(a->dropped));
	(void)json_object_set_new(state, "pending", json_deep_copy(news_pending(&a->news)));
	return state;
}

/* All but when it was looked last, which changes with every look. */
static json_t *
gist_of(const json_t *state)
{
	static const char *const parts[] = {"track", "health"};
	json_t *gist = json_copy((json_t *)(uintptr_t)state);

	(void)json_object_del(gist, "version");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		json_t *part = json_copy(json_object_get(state, parts[i]));

		(void)json_object_del(part, "looked_at");
		(void)json_object_set_new(gist, parts[i], part);
	}
	return gist;
}

int
agent_save(struct agent *a, struct error *err)
{
	json_auto_t *state = state_of(a), *gist = gist_of(state);

	if (json_equal(gist, a->gist))
		return 0;
	if (store_save(&a->store, state, err) < 0)
		return -1;
	json_decref(a->saved);
	json_decref(a->gist);
	a->saved = json_incref(state);
	a->gist = json_incref(gist);
	return 0;
}

void
agent_restore(struct agent *a)
{
	struct node node = a->node;
	struct error err;

	(void)recall(a, &err); /* what we made ourselves */
	node_from_json(json_object_get(a->saved, "node"), &a->node);
	a->node.base = node.base;
	a->node.recent = node.recent;
	a->node.missing = node.missing;
	engines_restore(&a->engines, json_object_get(a->saved, "engines"));
}

/* --- opened ------------------------------------------------------------------------- */

static int
open_backends(struct agent *a, struct error *err)
{
	if (a->options->urls.count == 0)
		return 0;
	a->backends = backends_open(&a->options->backend, a->store.directory, err);
	if (a->backends == NULL)
		return -1;
	a->news.backends = a->backends;
	return backends_start(a->backends, err);
}

int
agent_open(struct agent *a, const struct agent_options *options, struct error *err)
{
	struct error why;

	a->options = options;
	a->store = (struct store){-1, -1, {0}};
	news_init(&a->news, options->root, options->node);
	if (store_open(&a->store, options->root, err) < 0 ||
	    store_load(&a->store, &a->saved, err) < 0)
		return -1;
	news_recall(&a->news, json_object_get(a->saved, "pending"));
	if (recall(a, &why) < 0) {
		if (store_set_aside(&a->store, why.text, err) < 0)
			return -1;
		json_decref(a->saved);
		a->saved = NULL;
		(void)recall(a, &why); /* nothing */
	}
	node_from_json(json_object_get(a->saved, "node"), &a->node);
	a->gist = gist_of(a->saved);
	return open_backends(a, err);
}

void
agent_close(struct agent *a)
{
	engines_release(&a->engines);
	backends_close(a->backends);
	forget(a);
	declared_release(&a->declared);
	news_release(&a->news);
	json_decref(a->saved);
	json_decref(a->gist);
	store_close(&a->store);
}

/* --- facts ---------------------------------------------------------------------------- */

static json_t *
describe_containers(const struct track *track)
{
	struct containers all = {.count = track_count(track)};
	json_t *value;

	all.list = memory_alloc((all.count + 1) * sizeof(all.list[0]));
	for (size_t i = 0; i < all.count; i++)
		all.list[i] = *track_container(track, i);
	value = backend_describe_containers(&all);
	free(all.list); /* what is in them is the track's */
	return value;
}

json_t *
agent_facts(const struct agent *a)
{
	json_t *facts = json_pack("{s:s, s:s}", "node", a->options->node, "agent", HOMELAB_VERSION);
	json_t *runtimes = json_array(), *value;
	json_auto_t *engines = engines_describe(&a->engines);
	const char *name;

	json_object_foreach (engines, name, value) {
		(void)json_object_set_new(value, "name", json_string(name));
		(void)json_array_append(runtimes, value);
	}
	(void)json_object_set_new(facts, "runtimes", runtimes);
	(void)json_object_set_new(facts, "containers", describe_containers(a->track));
	return facts;
}
