/* What is remembered of the inventory, in a file of its own. */

#include <homelab/disk.h>
#include <homelab/inventory_load.h>

#include <errno.h>
#include <sha2.h>
#include <string.h>
#include <sysexits.h>

enum { MEMORY_MAX = 256 << 20 };

static int
append(const char *data, size_t length, void *out)
{
	buffer_add(out, data, length);
	return 0;
}

static const char *
memory_path(uint64_t generation, struct buffer *out)
{
	out->length = 0;
	buffer_text(out, INVENTORY_MEMORY_DIRECTORY "/memory.%llu", (unsigned long long)generation);
	return buffer_string(out);
}

const char *
inventory_memory_path(const json_t *reference, struct buffer *out)
{
	return memory_path(
	    (uint64_t)json_integer_value(json_object_get(reference, "generation")), out);
}

json_t *
inventory_memory_write(int store, const json_t *memory, uint64_t generation,
    struct unsynced *unsynced, struct error *err)
{
	cleanup_buffer struct buffer bytes = {0}, path = {0};
	char digest[SHA256_TEXT_MAX];

	if (disk_make_dir(store, INVENTORY_MEMORY_DIRECTORY, err) < 0)
		return NULL;
	(void)json_dump_callback(memory, append, &bytes, JSON_COMPACT | JSON_SORT_KEYS);
	buffer_add(&bytes, "\n", 1);
	if (unsynced_create(
		unsynced, store, memory_path(generation, &path), bytes.data, bytes.length, err) < 0)
		return NULL;
	(void)SHA256Data(bytes.data, bytes.length, digest);
	return json_pack("{s:I,s:I,s:s}", "generation", (json_int_t)generation, "bytes",
	    (json_int_t)bytes.length, "sha256", digest);
}

json_t *
inventory_memory_lost(void)
{
	return json_pack("{s:{}}", "topology");
}

static bool
is_the_named(const struct buffer *bytes, const json_t *reference)
{
	const char *named = json_string_value(json_object_get(reference, "sha256"));
	char digest[SHA256_TEXT_MAX];

	(void)SHA256Data(bytes->data, bytes->length, digest);
	return named != NULL && strcmp(named, digest) == 0 &&
	    json_integer_value(json_object_get(reference, "bytes")) == (json_int_t)bytes->length;
}

int
inventory_memory_read(int store, const json_t *reference, json_t **out, struct error *err)
{
	cleanup_buffer struct buffer bytes = {0}, text = {0};
	const char *path = inventory_memory_path(reference, &text);

	*out = NULL;
	if (disk_read(store, path, MEMORY_MAX, &bytes, err) < 0)
		return store < 0 || errno == ENOENT || errno == ENOTDIR ?
		    error_set(err, EX_DATAERR, "%s is missing", path) :
		    -1;
	if (is_the_named(&bytes, reference))
		*out = json_loadb((char *)bytes.data, bytes.length, 0, NULL);
	if (*out == NULL)
		return error_set(err, EX_DATAERR, "%s isn't the committed one", path);
	return 0;
}
