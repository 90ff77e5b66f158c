#include <homelab/outbox.h>
#include <homelab/publish.h>

#include <fcntl.h>
#include <string.h>

enum { SUMMARY_MAX = 64 << 20 };

json_t *
publish_digests(const struct world *world)
{
	return json_incref(json_object_get(world->summary, "files"));
}

static bool
is_published(const struct world *world, const json_t *old, int i)
{
	const json_t *file = json_object_get(old, document_names[i]);
	const char *digest = json_string_value(json_object_get(file, "sha256"));

	return digest != NULL && strcmp(digest, world->digests[i]) == 0;
}

int
publish_documents(int world_dir, const struct world *world, const json_t *old, bool intact,
    const struct buffer *history, struct error *err)
{
	int written = 0;

	for (int i = 0; i < DOCUMENT_COUNT; i++) {
		if (intact && is_published(world, old, i))
			continue;
		if (disk_replace(world_dir, document_names[i], world->documents[i].data,
			world->documents[i].length, err) < 0)
			return -1;
		written++;
	}
	if (history->length > 0 &&
	    disk_replace(world_dir, HISTORY_NAME, history->data, history->length, err) < 0)
		return -1;
	if (written + (history->length > 0) > 0 && disk_sync_dir(world_dir, ".", err) < 0)
		return -1;
	return written;
}

int
publish_summary(int world_dir, const json_t *summary, struct error *err)
{
	cleanup_buffer struct buffer bytes = {0};

	document_dump(summary, &bytes);
	if (disk_replace(world_dir, SUMMARY_NAME, bytes.data, bytes.length, err) < 0)
		return -1;
	return disk_sync_dir(world_dir, ".", err);
}

json_t *
publish_read_summary(int world_dir)
{
	cleanup_buffer struct buffer bytes = {0};
	json_t *summary;

	if (world_dir < 0 || disk_read(world_dir, SUMMARY_NAME, SUMMARY_MAX, &bytes, NULL) < 0)
		return NULL;
	summary = json_loadb((char *)bytes.data, bytes.length, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(summary))
		return summary;
	json_decref(summary);
	return NULL;
}

bool
publish_is_intact(
    int world_dir, const json_t *summary, const json_t *documents, uint64_t generation)
{
	const json_t *observation = json_object_get(summary, "observation");
	struct stat st, written;

	if (summary == NULL || disk.stat(world_dir, SUMMARY_NAME, &written, 0) < 0 ||
	    (uint64_t)json_integer_value(json_object_get(observation, "generation")) !=
		generation ||
	    !json_equal(json_object_get(summary, "files"), documents))
		return false;
	for (int i = 0; i < DOCUMENT_COUNT; i++) {
		const json_t *file = json_object_get(documents, document_names[i]);

		if (disk.stat(world_dir, document_names[i], &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode) ||
		    st.st_size != json_integer_value(json_object_get(file, "bytes")) ||
		    time_of(&st.st_mtim) > time_of(&written.st_mtim))
			return false;
	}
	return true;
}

bool
publish_has_history(int world_dir, const json_t *bytes)
{
	struct stat st;

	return bytes == NULL ||
	    (disk.stat(world_dir, HISTORY_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISREG(st.st_mode) && st.st_size == json_integer_value(bytes));
}
