#include "docker-support.h"

#include <homelab/disk.h>

#include <stdio.h>
#include <string.h>

struct docker_fixture here;

static void
set_up(bool loopback)
{
	http_init();
	engine_start(loopback);
	here.address = (struct runtime_address){.kind = RUNTIME_DOCKER,
	    .name = (char *)"docker:here",
	    .socket = loopback ? NULL : engine.path,
	    .url = loopback ? engine.url : NULL};
	here.r = runtime_new(&here.address);
	here.seen = (struct containers){0};
	here.since = TIMESTAMP_NONE;
	engine_tell("GET /_ping", 200, "OK");
	engine_tell("GET /version", 200, VERSION);
}

void
docker_begin(void)
{
	set_up(false);
}

void
docker_begin_on_windows(void)
{
	set_up(true);
	engine_tell("GET /version", 200, WINDOWS);
}

void
docker_end(void)
{
	containers_release(&here.seen);
	runtime_free(here.r);
	engine_stop();
}

const struct container *
docker_list_of(const char *id)
{
	containers_release(&here.seen);
	engine_forget();
	here.err = (struct error){0};
	ck_assert_msg(
	    runtime_list(here.r, here.since, &here.seen, &here.err) == 0, "%s", here.err.text);
	for (size_t i = 0; i < here.seen.count; i++)
		if (strcmp(here.seen.list[i].id, id) == 0)
			return &here.seen.list[i];
	return NULL;
}

/* With a minute ago, as an engine writes it, in place of the '@'. */
static const char *
recent(const char *text)
{
	static char made[1024];
	char at[TIMESTAMP_TEXT_MAX];
	const char *place = strchr(text, '@');

	(void)snprintf(made, sizeof(made), "%.*s%s%s", (int)(place - text), text,
	    timestamp_format(clock_real() / SECONDS(1) * SECONDS(1) - MINUTES(1), at), place + 1);
	return made;
}

const char *
docker_event(const char *action, const char *attribute)
{
	static char text[512];

	(void)snprintf(text, sizeof(text),
	    "{\"Action\":\"%s\",\"Actor\":{\"ID\":\"a1\",\"Attributes\":{%s}},"
	    "\"timeNano\":%lld}\n",
	    action, attribute, (long long)(clock_real() / SECONDS(1) * SECONDS(1) - MINUTES(1)));
	return text;
}

void
docker_has_ended(const char *state)
{
	engine_tell("GET /v1.41/containers/json?all=1", 200,
	    "[" ROW("a1", "exited", "Exited (137) 1 minute ago") "]");
	engine_tell("GET /v1.41/containers/a1/json", 200, recent(state));
}
