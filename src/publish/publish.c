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

/* Calls for each document that has to be written, and for the history. */
static int
each_news(struct publication *p,
    int (*call)(
	struct publication *, const char *name, const struct buffer *bytes, struct error *err),
    struct error *err)
{
	for (int i = 0; i < DOCUMENT_COUNT; i++)
		if (!(p->intact && is_published(p->world, p->old, i)) &&
		    call(p, document_names[i], &p->world->documents[i], err) < 0)
			return -1;
	return p->history->length > 0 ? call(p, HISTORY_NAME, p->history, err) : 0;
}

static int
write_file(struct publication *p, const char *name, const struct buffer *bytes, struct error *err)
{
	return unsynced_replace(p->unsynced, p->dir, name, bytes->data, bytes->length, err);
}

static int
rename_file(struct publication *p, const char *name, const struct buffer *bytes, struct error *err)
{
	(void)bytes;
	p->renamed++;
	return unsynced_rename(p->unsynced, p->dir, name, err);
}

int
publish_write(struct publication *p, struct error *err)
{
	cleanup_buffer struct buffer summary = {0};

	document_dump(p->world->summary, &summary);
	return each_news(p, write_file, err) < 0 ? -1 : write_file(p, SUMMARY_NAME, &summary, err);
}

int
publish_rename(struct publication *p, struct error *err)
{
	if (each_news(p, rename_file, err) < 0 ||
	    (p->renamed > 0 && disk_sync_dir(p->dir, ".", err) < 0))
		return -1;
	if (unsynced_rename(p->unsynced, p->dir, SUMMARY_NAME, err) < 0)
		return -1;
	return disk_sync_dir(p->dir, ".", err);
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
