#include "docker.h"

#include <homelab/message.h>
#include <homelab/names.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

enum { MESSAGE_CUT = 200 };

static json_t *
parse(const struct buffer *body)
{
	return json_loadb((const char *)body->data, body->length, JSON_REJECT_DUPLICATES, NULL);
}

static const char *
text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static void
copy_cut(char *out, size_t size, const char *text)
{
	size_t length = text_cut(text, strlen(text), size - 1);

	memcpy(out, text, length);
	out[length] = '\0';
}

/* --- the engine ----------------------------------------------------------------------- */

/* The number behind "1."; -1 where there is none. */
static int
read_api(const char *text)
{
	size_t digits = strncmp(text, "1.", 2) == 0 ? strspn(text + 2, "0123456789") : 0;
	int number = 0;

	if (digits < 1 || digits > 4 || text[2 + digits] != '\0')
		return -1;
	for (const char *p = text + 2; *p != '\0'; p++)
		number = number * 10 + (*p - '0');
	return number;
}

static bool
is_podman(const json_t *version)
{
	const json_t *component;
	size_t i;

	json_array_foreach (json_object_get(version, "Components"), i, component)
		if (strcmp(text_of(component, "Name"), "Podman Engine") == 0)
			return true;
	return false;
}

static void
set_api(struct runtime *r, int newest)
{
	(void)snprintf(r->api, sizeof(r->api), "1.%d",
	    newest < DOCKER_API_NEWEST ? newest : DOCKER_API_NEWEST);
}

bool
docker_read_greeting(const char *greeting, struct runtime *r)
{
	static const char podman[] = "Libpod/";
	const char *version = greeting + sizeof(podman) - 1, *api = strrchr(greeting, ' ');
	int newest = api != NULL ? read_api(api + 1) : -1;
	char text[sizeof(r->version)] = "";

	if (strncmp(greeting, podman, sizeof(podman) - 1) != 0 || newest < DOCKER_API_OLDEST)
		return false;
	(void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(version, " "), version);
	copy_cut(r->product, sizeof(r->product), "podman");
	text_escape_ascii(text, r->version, sizeof(r->version));
	set_api(r, newest);
	r->windows = false;
	return true;
}

int
docker_read_version(const struct buffer *body, struct runtime *r, struct error *err)
{
	json_auto_t *version = parse(body);
	int newest = read_api(text_of(version, "ApiVersion"));
	int oldest = read_api(text_of(version, "MinAPIVersion"));

	if (newest < 0)
		return error_set(err, EX_UNAVAILABLE, "%s is no Docker engine: it tells no version",
		    r->address->name);
	if (newest < DOCKER_API_OLDEST || oldest > DOCKER_API_NEWEST)
		return error_set(err, EX_UNAVAILABLE,
		    "cannot speak with %s: its API is 1.%d to 1.%d, ours 1.%d to 1.%d",
		    r->address->name, oldest < 0 ? 0 : oldest, newest, DOCKER_API_OLDEST,
		    DOCKER_API_NEWEST);
	copy_cut(r->product, sizeof(r->product), is_podman(version) ? "podman" : "docker");
	copy_cut(r->version, sizeof(r->version), text_of(version, "Version"));
	set_api(r, newest);
	r->windows = strcmp(text_of(version, "Os"), "windows") == 0;
	return 0;
}

const char *
docker_read_message(const struct buffer *body, struct buffer *out)
{
	json_auto_t *answer = parse(body);
	char cut[MESSAGE_CUT + 1], shown[TEXT_ESCAPED_MAX(MESSAGE_CUT)];

	copy_cut(cut, sizeof(cut), text_of(answer, "message"));
	buffer_text(
	    out, "%s%s", cut[0] != '\0' ? ": " : "", text_escape(cut, shown, sizeof(shown)));
	return buffer_string(out);
}

/* --- a container ------------------------------------------------------------------------ */

/* Docker's states, and those that podman has besides. */
static const struct {
	const char *name;
	enum container_state state;
} states[] = {
    {"created", CONTAINER_CREATED},
    {"configured", CONTAINER_CREATED},
    {"initialized", CONTAINER_CREATED},
    {"running", CONTAINER_RUNNING},
    {"restarting", CONTAINER_RESTARTING},
    {"paused", CONTAINER_PAUSED},
    {"stopping", CONTAINER_STOPPING},
    {"stopped", CONTAINER_EXITED},
    {"exited", CONTAINER_EXITED},
    {"removing", CONTAINER_EXITED},
    {"dead", CONTAINER_EXITED},
};

/* A state that isn't known is what the flags say. */
static enum container_state
state_of(const json_t *state, bool was_started)
{
	const char *name = text_of(state, "Status");
	enum container_state found = CONTAINER_STATE_COUNT;

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(states[i].name, name) == 0)
			found = states[i].state;
	if (found == CONTAINER_STATE_COUNT)
		found = json_is_true(json_object_get(state, "Running")) ? CONTAINER_RUNNING :
									  CONTAINER_EXITED;
	return found == CONTAINER_EXITED && !was_started ? CONTAINER_CREATED : found;
}

static enum container_health
health_of(const json_t *state)
{
	const char *name = text_of(json_object_get(state, "Health"), "Status");

	for (int i = 0; i < HEALTH_COUNT; i++)
		if (strcmp(container_health_names[i], name) == 0)
			return (enum container_health)i;
	return HEALTH_NONE;
}

/* An engine's 0001-01-01T00:00:00Z is none. */
static timestamp
time_at(const json_t *object, const char *key)
{
	const char *text = text_of(object, key);
	timestamp at;

	return timestamp_parse(text, strlen(text), &at) ? at : TIMESTAMP_NONE;
}

/* Windows' codes are unsigned: what comes as -1073741510 is 3221225786. */
static int64_t
exit_code_of(const json_t *state, bool windows)
{
	int64_t code = json_integer_value(json_object_get(state, "ExitCode"));

	if (windows && code < 0 && code >= INT32_MIN)
		code += INT64_C(1) << 32;
	return code;
}

static void
read_state(const json_t *state, bool windows, struct container *c)
{
	c->started_at = time_at(state, "StartedAt");
	c->finished_at = time_at(state, "FinishedAt");
	c->state =
	    state_of(state, c->started_at != TIMESTAMP_NONE || c->finished_at != TIMESTAMP_NONE);
	c->health = health_of(state);
	c->has_exited = c->state == CONTAINER_EXITED || c->state == CONTAINER_RESTARTING;
	if (!c->has_exited)
		return;
	c->exit_code = exit_code_of(state, windows);
	c->oom_killed = json_is_true(json_object_get(state, "OOMKilled"));
}

static void
read_labels(const json_t *labels, struct container *out)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)labels, name, value)
		if (json_is_string(value))
			container_set_label(out, name, json_string_value(value));
}

/* "no", "", "always", "unless-stopped", "on-failure" so many times. */
static bool
restarts_itself(const json_t *container, int64_t restarts)
{
	const json_t *policy =
	    json_object_get(json_object_get(container, "HostConfig"), "RestartPolicy");
	const char *name = text_of(policy, "Name");
	int64_t most = json_integer_value(json_object_get(policy, "MaximumRetryCount"));

	if (strcmp(name, "on-failure") == 0)
		return most <= 0 || restarts < most;
	return strcmp(name, "always") == 0 || strcmp(name, "unless-stopped") == 0;
}

static const char *
name_of(const json_t *container)
{
	const char *name = text_of(container, "Name");

	return name + strspn(name, "/");
}

static void
read_names(const json_t *container, const json_t *config, struct container *c)
{
	const char *digest = text_of(container, "Image");

	container_set_text(&c->id, text_of(container, "Id"));
	container_set_text(&c->name, name_of(container));
	container_set_text(&c->image, text_of(config, "Image"));
	container_set_text(&c->digest, strncmp(digest, "sha256:", 7) == 0 ? digest : "");
}

int
docker_read_container(const struct buffer *body, bool windows, struct container *out)
{
	json_auto_t *container = parse(body);
	const json_t *config = json_object_get(container, "Config");
	const json_t *state = json_object_get(container, "State");

	if (text_of(container, "Id")[0] == '\0' || name_of(container)[0] == '\0' ||
	    !json_is_object(state))
		return -1;
	read_names(container, config, out);
	read_labels(json_object_get(config, "Labels"), out);
	out->created_at = time_at(container, "Created");
	read_state(state, windows, out);
	out->restarts = json_integer_value(json_object_get(container, "RestartCount"));
	if (out->restarts < 0)
		out->restarts = 0;
	out->restarts_itself = restarts_itself(container, out->restarts);
	return 0;
}

bool
docker_read_tty(const struct buffer *body)
{
	json_auto_t *container = parse(body);

	return json_is_true(json_object_get(json_object_get(container, "Config"), "Tty"));
}
