#include "parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

enum { REJECTED_PATH_SIZE = 256 };

static int
count_file(void *context, const struct dirent *entry)
{
	(void)entry;
	++*(size_t *)context;
	return 0;
}

static int
count_files(int dir, const char *path, size_t *count, struct error *err)
{
	cleanup_close int fd = disk_open_dir(dir, path, err);

	*count = 0;
	if (fd < 0)
		return -1;
	if (disk_list(fd, count_file, count) < 0)
		return error_errno(err, EX_IOERR, "cannot read directory %s", path);
	return 0;
}

static char *
describe(const struct rejection_note *note)
{
	const struct buffer *body = &note->batch->body;
	char at[TIMESTAMP_TEXT_MAX];
	cleanup_buffer struct buffer answer = {0};
	json_auto_t *file = NULL;

	answer_text(&note->answer->body, &answer);
	file = json_pack("{s:s, s:s, s:s, s:i, s:s, s:b, s:o}", "url", note->url, "rejected_at",
	    timestamp_format(note->at, at), "key", note->batch->key, "status", note->answer->status,
	    "answer", (char *)answer.data, "answer_cut", (int)note->answer->cut, "events",
	    json_loadb((char *)body->data, body->length, 0, NULL));
	return json_dumps(file, JSON_INDENT(2) | JSON_SORT_KEYS | JSON_REAL_PRECISION(15));
}

/* One that comes again, since the position wasn't on disk yet, has the same name. */
int
rejected_keep(int dir, const char *directory, const struct rejection_note *note, struct error *err)
{
	char path[REJECTED_PATH_SIZE];
	cleanup_free char *text = NULL;
	size_t count;

	(void)snprintf(path, sizeof(path), "%s/rejected", directory);
	if (disk_make_dir(dir, path, err) < 0 || disk_sync_dir(dir, directory, err) < 0 ||
	    count_files(dir, path, &count, err) < 0)
		return -1;
	if (count >= BACKEND_REJECTED_MAX)
		return 0;
	text = describe(note);
	(void)snprintf(path, sizeof(path), "%s/rejected/%s.json", directory, note->batch->key);
	if (disk_replace(dir, path, text, strlen(text), err) < 0)
		return -1;
	path[strlen(directory) + strlen("/rejected")] = '\0';
	return disk_sync_dir(dir, path, err) < 0 ? -1 : 1;
}
