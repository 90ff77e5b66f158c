#include "engines.h"

#include "follower.h"

#include <homelab/disk.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

uint64_t
engine_chance(void)
{
	uint64_t chance = 0;

	if (getentropy(&chance, sizeof(chance)) < 0)
		chance = (uint64_t)clock_monotonic(); /* as good, for a wait */
	return chance;
}

static bool
is_socket(const char *path)
{
	struct stat st;

	return disk.stat(AT_FDCWD, path, &st, 0) == 0 && S_ISSOCK(st.st_mode);
}

struct engine *
engines_find(const struct engines *e, const char *name)
{
	for (size_t i = 0; i < e->count; i++)
		if (strcmp(e->list[i]->address->name, name) == 0)
			return e->list[i];
	return NULL;
}

static void
copy_text(char *out, size_t size, const char *text)
{
	(void)snprintf(out, size, "%s", text != NULL ? text : "");
}

static const char *
text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void
set_known(struct engine *engine, const json_t *known)
{
	engine->told = json_is_boolean(json_object_get(known, "available"));
	engine->available = json_is_true(json_object_get(known, "available"));
	copy_text(engine->product, sizeof(engine->product), text_of(known, "product"));
	copy_text(engine->version, sizeof(engine->version), text_of(known, "version"));
	copy_text(engine->api, sizeof(engine->api), text_of(known, "api"));
}

/* Takes an address over. */
static void
add(struct engines *e, struct runtime_address *address, const json_t *known)
{
	struct engine *engine = memory_alloc(sizeof(*engine));

	engine->own = (struct runtime_addresses){memory_alloc(sizeof(*address)), 1, 1};
	engine->own.list[0] = *address;
	engine->address = engine->own.list;
	*address = (struct runtime_address){0};
	set_known(engine, json_object_get(known, engine->address->name));
	engine->runtime = runtime_new(engine->address);
	ARRAY_GROW(e->list, e->count, e->room);
	e->list[e->count++] = engine;
}

void
engines_refresh(struct engines *e, const struct agent_options *o, const json_t *known)
{
	struct runtime_addresses found = {0};
	bool automatic = false;
	const char *name;
	json_t *value;

	/* What each of them says was checked with the options. */
	for (size_t i = 0; i < o->runtimes.count; i++) {
		automatic |= strcmp(o->runtimes.list[i], "auto") == 0;
		(void)runtime_addresses_add(&found, o->runtimes.list[i], getenv, is_socket, NULL);
	}
	if (automatic)
		json_object_foreach ((json_t *)known, name, value)
			(void)runtime_addresses_add(&found, name, getenv, is_socket, NULL);
	for (size_t i = 0; i < found.count; i++)
		if (engines_find(e, found.list[i].name) == NULL)
			add(e, &found.list[i], known);
	runtime_addresses_release(&found);
}

void
engines_release(struct engines *e)
{
	for (size_t i = 0; i < e->count; i++) {
		struct engine *engine = e->list[i];

		follower_free(engine->follower);
		runtime_free(engine->runtime);
		containers_release(&engine->seen);
		runtime_addresses_release(&engine->own);
		free(engine);
	}
	free(e->list);
	*e = (struct engines){0};
}

void
engines_restore(struct engines *e, const json_t *known)
{
	for (size_t i = 0; i < e->count; i++)
		set_known(e->list[i], json_object_get(known, e->list[i]->address->name));
}

static int
ask(struct engine *engine, timestamp since, struct error *err)
{
	if (runtime_connect(engine->runtime, err) < 0 ||
	    runtime_list(engine->runtime, since, &engine->seen, err) < 0)
		return -1;
	containers_sort(&engine->seen);
	copy_text(engine->product, sizeof(engine->product), engine->runtime->product);
	copy_text(engine->version, sizeof(engine->version), engine->runtime->version);
	copy_text(engine->api, sizeof(engine->api), engine->runtime->api);
	return 0;
}

void
engine_ask(struct engine *engine, timestamp since)
{
	engine->answered = engine->back = false;
	engine->failure.status = 0;
	if (!backoff_is_due(&engine->backoff, clock_monotonic()))
		return;
	containers_release(&engine->seen);
	if (ask(engine, since, &engine->failure) < 0) {
		if (engine->failure.status == 0)
			engine->failure.status = EX_UNAVAILABLE;
		backoff_failed(&engine->backoff, clock_monotonic(), 0, engine_chance());
		return;
	}
	backoff_succeeded(&engine->backoff);
	engine->answered = true;
	engine->back = !engine->told || !engine->available;
}

static json_t *
describe(const struct engine *engine)
{
	return json_pack("{s:b, s:s, s:s, s:s}", "available", engine->available, "product",
	    engine->product, "version", engine->version, "api", engine->api);
}

json_t *
engines_describe(const struct engines *e)
{
	json_t *all = json_object();

	for (size_t i = 0; i < e->count; i++)
		if (e->list[i]->told)
			(void)json_object_set_new(
			    all, e->list[i]->address->name, describe(e->list[i]));
	return all;
}
