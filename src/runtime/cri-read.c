#include "cri.h"

#include "cri.pb-c.h"

#include <homelab/message.h>

#include <string.h>

/* --- messages, within a limit of memory -------------------------------------------- */

enum {
	MEMORY_MAX = 96 << 20, /* bytes that a reply may become: an empty message takes two */
	BLOCK_COST = 16, /* of a block, besides its bytes */
};

static void *
take_memory(void *left, size_t size)
{
	size_t *budget = left;

	if (*budget < BLOCK_COST || size > *budget - BLOCK_COST)
		return NULL;
	*budget -= size + BLOCK_COST;
	return memory_alloc(size);
}

static void
give_memory(void *left, void *block)
{
	(void)left;
	free(block);
}

/* protobuf-c's own functions, with each message's type behind them. */
static void *
unpack(const ProtobufCMessageDescriptor *type, const void *reply, size_t length)
{
	size_t left = MEMORY_MAX;
	ProtobufCAllocator memory = {take_memory, give_memory, &left};

	return protobuf_c_message_unpack(type, &memory, length, reply);
}

static void
release_message(void *message)
{
	ProtobufCAllocator memory = {take_memory, give_memory, NULL};

	protobuf_c_message_free_unpacked(message, &memory);
}

static void
release_pointer(void *message)
{
	release_message(*(void **)message);
}

#define cleanup_message __attribute__((cleanup(release_pointer)))

static void
pack(const ProtobufCMessage *message, struct buffer *out)
{
	size_t size = protobuf_c_message_get_packed_size(message);

	buffer_reserve(out, size);
	out->length += protobuf_c_message_pack(message, out->data + out->length);
}

/* --- requests ---------------------------------------------------------------------- */

void
cri_ask_version(struct buffer *out)
{
	Cri__VersionRequest request = CRI__VERSION_REQUEST__INIT;

	request.version = (char *)"v1";
	pack(&request.base, out);
}

void
cri_ask_status(const char *id, struct buffer *out)
{
	Cri__StatusRequest request = CRI__STATUS_REQUEST__INIT;

	request.container = (char *)id;
	pack(&request.base, out);
}

/* --- replies ----------------------------------------------------------------------- */

int
cri_read_version(const void *reply, size_t length, struct runtime *r)
{
	cleanup_message Cri__VersionReply *v =
	    unpack(&cri__version_reply__descriptor, reply, length);

	if (v == NULL || v->runtime_name[0] == '\0' || v->runtime_version[0] == '\0')
		return -1;
	text_escape_ascii(v->runtime_name, r->product, sizeof(r->product));
	text_escape_ascii(v->runtime_version, r->version, sizeof(r->version));
	text_escape_ascii(v->api_version, r->api, sizeof(r->api));
	return 0;
}

static timestamp
time_in(int64_t nanoseconds)
{
	return nanoseconds > 0 ? nanoseconds : TIMESTAMP_NONE;
}

static enum cri_state
state_in(uint32_t state)
{
	return state < CRI_UNKNOWN ? (enum cri_state)state : CRI_UNKNOWN;
}

static void
set_digest(struct container *c, const char *reference)
{
	const char *digest = strstr(reference, "sha256:");

	if (digest != NULL && (digest == reference || digest[-1] == '@'))
		container_set_text(&c->digest, digest);
}

/* One that is named by its digest only was asked for by a name that isn't told. */
static void
set_image(struct container *c, const Cri__Image *image)
{
	if (image == NULL)
		return;
	if (image->asked_for[0] != '\0')
		container_set_text(&c->image, image->asked_for);
	else if (image->name[0] != '\0' && strncmp(image->name, "sha256:", 7) != 0)
		container_set_text(&c->image, image->name);
}

static void
add_container(struct cri_view *view, const Cri__Container *from)
{
	struct container *c = containers_add(&view->containers);
	struct cri_entry *entry = &view->entries[view->containers.count - 1];

	*entry =
	    (struct cri_entry){.sandbox = text_copy(from->sandbox), .state = state_in(from->state)};
	container_set_text(&c->id, from->id);
	container_set_text(&c->name, from->metadata->name);
	set_image(c, from->image);
	set_digest(c, from->image_reference);
	for (size_t i = 0; i < from->n_labels; i++)
		container_set_label(c, from->labels[i]->key, from->labels[i]->value);
	c->created_at = time_in(from->created_at);
	c->restarts = from->metadata->attempt;
}

int
cri_read_list(const void *reply, size_t length, struct cri_view *out)
{
	cleanup_message Cri__ContainerList *list =
	    unpack(&cri__container_list__descriptor, reply, length);

	if (list == NULL || list->n_items > CONTAINERS_MAX)
		return -1;
	for (size_t i = 0; i < list->n_items; i++)
		if (list->items[i]->id[0] == '\0' || list->items[i]->metadata == NULL ||
		    list->items[i]->metadata->name[0] == '\0')
			return -1;
	out->room = list->n_items;
	out->entries = memory_alloc(out->room * sizeof(out->entries[0]));
	for (size_t i = 0; i < list->n_items; i++)
		add_container(out, list->items[i]);
	return 0;
}

static void
set_end(struct container *c, const Cri__Status *status)
{
	c->has_exited = true;
	/* Windows' codes are unsigned and come as negative numbers. */
	c->exit_code = (uint32_t)status->exit_code;
	c->oom_killed = strcmp(status->reason, "OOMKilled") == 0;
	c->signal = signal_of_exit(c->exit_code);
}

int
cri_read_status(
    const void *reply, size_t length, struct cri_view *view, size_t index, char **log_path)
{
	cleanup_message Cri__StatusReply *whole =
	    unpack(&cri__status_reply__descriptor, reply, length);
	const Cri__Status *status = whole != NULL ? whole->status : NULL;
	struct container *c = &view->containers.list[index];
	struct cri_entry *entry = &view->entries[index];

	if (status == NULL)
		return -1;
	entry->state = state_in(status->state);
	entry->detailed = true;
	set_image(c, status->image);
	set_digest(c, status->image_reference);
	c->started_at = time_in(status->started_at);
	c->finished_at = time_in(status->finished_at);
	if (entry->state == CRI_EXITED || c->finished_at != TIMESTAMP_NONE)
		set_end(c, status);
	if (log_path != NULL)
		*log_path = text_copy(status->log_path);
	return 0;
}

static int
compare_sandboxes(const void *a, const void *b)
{
	return strcmp(((const struct cri_sandbox *)a)->id, ((const struct cri_sandbox *)b)->id);
}

int
cri_read_sandboxes(const void *reply, size_t length, struct cri_sandboxes *out)
{
	cleanup_message Cri__SandboxList *list =
	    unpack(&cri__sandbox_list__descriptor, reply, length);

	if (list == NULL)
		return -1;
	for (size_t i = 0; i < list->n_items; i++) {
		const Cri__Sandbox *from = list->items[i];
		const Cri__SandboxMetadata *metadata = from->metadata;

		ARRAY_GROW(out->list, out->count, out->room);
		out->list[out->count++] = (struct cri_sandbox){.id = text_copy(from->id),
		    .name = text_copy(metadata != NULL ? metadata->name : ""),
		    .space = text_copy(metadata != NULL ? metadata->space : ""),
		    .ready = from->state == 0};
	}
	if (out->count > 0)
		qsort(out->list, out->count, sizeof(out->list[0]), compare_sandboxes);
	return 0;
}

void
cri_view_release(struct cri_view *view)
{
	for (size_t i = 0; i < view->containers.count; i++)
		free(view->entries[i].sandbox);
	free(view->entries);
	containers_release(&view->containers);
	*view = (struct cri_view){0};
}

void
cri_sandboxes_release(struct cri_sandboxes *sandboxes)
{
	for (size_t i = 0; i < sandboxes->count; i++) {
		free(sandboxes->list[i].id);
		free(sandboxes->list[i].name);
		free(sandboxes->list[i].space);
	}
	free(sandboxes->list);
	*sandboxes = (struct cri_sandboxes){0};
}
