/* What an engine says: the first byte chooses the decoder of the rest. */

#include "fuzz.h"

#include "../../src/runtime/docker.h"

#include <homelab/names.h>

#include <string.h>

static bool
is_bounded(const char *text)
{
	return strlen(text) <= CONTAINER_TEXT_MAX && text_is_utf8(text, strlen(text));
}

static void
check_container(struct container *c, bool windows)
{
	const struct docker_end end = {137, true, false};
	struct container back;
	json_t *kept;

	HOLDS(c->id[0] != '\0' && is_bounded(c->id));
	HOLDS(c->name[0] != '\0' && is_bounded(c->name));
	HOLDS(is_bounded(c->image) && is_bounded(c->digest) && c->restarts >= 0);
	docker_judge(c, &end, windows);
	HOLDS(c->state != CONTAINER_FAILED || container_crashed(c));
	HOLDS(c->state != CONTAINER_EXITED || !container_crashed(c));
	kept = container_to_json(c);
	HOLDS(container_from_json(kept, &back) == 0);
	container_release(&back);
	json_decref(kept);
}

static void
read_container(const struct buffer *body, bool windows)
{
	struct containers all = {0};
	struct container *c = containers_add(&all);

	container_set_text(&c->runtime, "docker");
	if (docker_read_container(body, windows, c) == 0)
		check_container(c, windows);
	(void)docker_read_tty(body);
	containers_release(&all);
}

static void
read_list(const struct buffer *body)
{
	struct docker_view view = {0};

	if (docker_read_list(body, &view) == 0)
		for (size_t i = 0; i < view.count; i++) {
			HOLDS(strlen(view.list[i].id) <= DOCKER_ID_MAX);
			HOLDS(view.list[i].age >= 0);
			HOLDS(i == 0 || strcmp(view.list[i - 1].id, view.list[i].id) < 0);
			HOLDS(docker_view_find(&view, view.list[i].id) == &view.list[i]);
		}
	docker_view_release(&view);
}

static void
read_events(const struct buffer *body)
{
	struct docker_events events = {0};

	docker_read_events(body, &events);
	for (size_t i = 0; i < events.count; i++) {
		HOLDS(i == 0 || strcmp(events.list[i - 1].id, events.list[i].id) <= 0);
		HOLDS(
		    docker_find_end(&events, events.list[i].id, events.list[i].at).exit_code >= -1);
	}
	docker_events_release(&events);
}

static void
read_version(const struct buffer *body)
{
	struct runtime_address address = {.name = (char *)"docker:here"};
	struct runtime r = {.address = &address};
	cleanup_buffer struct buffer message = {0};
	struct error err;

	if (docker_read_version(body, &r, &err) == 0)
		HOLDS(r.api[0] == '1' && r.product[0] != '\0' &&
		    text_is_utf8(r.version, strlen(r.version)));
	HOLDS(strchr(docker_read_message(body, &message), '\n') == NULL);
}

static void
read_log(const struct buffer *body, bool framed)
{
	cleanup_buffer struct buffer out = {0};
	unsigned lines = 0;

	docker_read_log(body, framed, 3, &out);
	HOLDS(out.length <= RUNTIME_LOG_MAX && out.length <= body->length);
	for (size_t i = 0; i + 1 < out.length; i++)
		lines += out.data[i] == '\n';
	HOLDS(lines <= 2);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_buffer struct buffer body = {0};

	if (size == 0)
		return 0;
	buffer_add(&body, data + 1, size - 1);
	switch (data[0]) {
	case 'v':
		read_version(&body);
		break;
	case 'l':
		read_list(&body);
		break;
	case 'e':
		read_events(&body);
		break;
	case 'f':
	case 'r':
		read_log(&body, data[0] == 'f');
		break;
	default:
		read_container(&body, data[0] == 'w');
		break;
	}
	return 0;
}
