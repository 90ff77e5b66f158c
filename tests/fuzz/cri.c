/* What a runtime of the kubelet's may answer: the first byte says which reply it is. */

#include "fuzz.h"

#include "../../src/runtime/cri.h"
#include "../../src/runtime/grpc.h"

#include <homelab/names.h>

#include <string.h>

static void
check_text(const char *text)
{
	HOLDS(text != NULL);
	HOLDS(strlen(text) <= CONTAINER_TEXT_MAX);
	HOLDS(text_is_utf8(text, strlen(text)));
}

static void
check_container(struct container *c)
{
	json_auto_t *once = NULL, *twice = NULL;
	struct container back;

	container_set_text(&c->runtime, "cri");
	check_text(c->id);
	check_text(c->name);
	check_text(c->image);
	check_text(c->digest);
	HOLDS(c->id[0] != '\0' && c->name[0] != '\0');
	HOLDS(c->created_at == TIMESTAMP_NONE || c->created_at > 0);
	once = container_to_json(c);
	HOLDS(once != NULL && container_from_json(once, &back) == 0);
	twice = container_to_json(&back);
	HOLDS(json_equal(once, twice));
	container_release(&back);
}

static void
run_version(const uint8_t *data, size_t size)
{
	struct runtime r = {0};

	if (cri_read_version(data, size, &r) == 0)
		HOLDS(r.product[0] != '\0' && r.version[0] != '\0');
	else
		HOLDS(r.product[0] == '\0' && r.version[0] == '\0' && r.api[0] == '\0');
}

static void
run_list(const uint8_t *data, size_t size)
{
	struct cri_view view = {0}, again = {0};
	struct cri_sandboxes none = {0};

	if (cri_read_list(data, size, &view) == 0) {
		HOLDS(view.containers.count <= CONTAINERS_MAX);
		HOLDS(cri_read_list(data, size, &again) == 0);
		for (size_t i = 0; i < view.containers.count; i++)
			view.entries[i].detailed = true;
		cri_reuse(&again, &view, 0);
		for (size_t i = 0; i < again.containers.count; i++) {
			check_container(&again.containers.list[i]);
			cri_judge(&again.containers.list[i], &again.entries[i], &none);
			check_container(&again.containers.list[i]);
		}
	} else {
		HOLDS(view.containers.count == 0 && view.entries == NULL);
	}
	cri_view_release(&view);
	cri_view_release(&again);
}

/* Of the container "a" in the sandbox "s". */
static const unsigned char one[] = "\x0a\x0b\x0a\1a\x12\1s\x1a\3\x0a\1n";

static void
run_status(const uint8_t *data, size_t size)
{
	struct cri_view view = {0};
	struct cri_sandboxes none = {0};
	cleanup_free char *log = NULL;

	HOLDS(cri_read_list(one, sizeof(one) - 1, &view) == 0);
	if (cri_read_status(data, size, &view, 0, &log) == 0) {
		HOLDS(view.entries[0].detailed && log != NULL);
		HOLDS(view.containers.list[0].exit_code >= 0);
		cri_judge(&view.containers.list[0], &view.entries[0], &none);
		check_container(&view.containers.list[0]);
	} else {
		HOLDS(!view.entries[0].detailed && log == NULL);
	}
	cri_view_release(&view);
}

static void
run_sandboxes(const uint8_t *data, size_t size)
{
	struct cri_view view = {0};
	struct cri_sandboxes sandboxes = {0};

	HOLDS(cri_read_list(one, sizeof(one) - 1, &view) == 0);
	if (cri_read_sandboxes(data, size, &sandboxes) == 0) {
		for (size_t i = 1; i < sandboxes.count; i++)
			HOLDS(strcmp(sandboxes.list[i - 1].id, sandboxes.list[i].id) <= 0);
		cri_judge(&view.containers.list[0], &view.entries[0], &sandboxes);
		check_container(&view.containers.list[0]);
	} else {
		HOLDS(sandboxes.count == 0);
	}
	cri_sandboxes_release(&sandboxes);
	cri_view_release(&view);
}

static void
run_log(const uint8_t *data, size_t size)
{
	cleanup_buffer struct buffer out = {0};
	unsigned lines = size > 0 ? data[0] % 8 : 0, found = 0;

	if (size > 0)
		cri_log_tail((const char *)data + 1, size - 1, (data[0] & 0x80) != 0, lines, &out);
	HOLDS(out.length <= RUNTIME_LOG_MAX);
	for (size_t i = 0; i < out.length; i++)
		found += out.data[i] == '\n';
	HOLDS(found <= lines);
	HOLDS(out.length == 0 || out.data[out.length - 1] == '\n');
}

/* However frames are split, they are the same. */
static void
run_frames(const uint8_t *data, size_t size)
{
	enum { MOST = 1000 };
	struct grpc_reader whole = {0}, split = {0};
	int64_t expected = grpc_read(&whole, data, size, MOST), found = 0;
	size_t length;

	for (size_t i = 0; i < size && found >= 0; i++) {
		int64_t ended = grpc_read(&split, data + i, 1, MOST);

		found = ended < 0 ? -1 : found + ended;
	}
	HOLDS(found == expected);
	if (grpc_message(data, size, &length) != NULL && length <= MOST)
		HOLDS(expected == 1);
}

static void
run_text(const uint8_t *data, size_t size)
{
	cleanup_free char *encoded = text_copy_length((const char *)data, size);
	cleanup_free char *text = grpc_decode_text(encoded);

	HOLDS(strlen(text) <= strlen(encoded));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct {
		uint8_t kind;
		void (*run)(const uint8_t *data, size_t size);
	} replies[] = {{'v', run_version}, {'c', run_list}, {'s', run_status}, {'p', run_sandboxes},
	    {'l', run_log}, {'f', run_frames}, {'t', run_text}};

	for (size_t i = 0; size > 0 && i < sizeof(replies) / sizeof(replies[0]); i++)
		if (data[0] == replies[i].kind)
			replies[i].run(data + 1, size - 1);
	return 0;
}
