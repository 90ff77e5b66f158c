#include <homelab/disk.h>
#include <homelab/published.h>

#include <fcntl.h>
#include <limits.h>
#include <sha2.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

enum { DOCUMENT_MAX = 256 << 20 };

static int
open_world(const char *root, struct error *err)
{
	char path[PATH_MAX];
	int dir;

	if ((size_t)snprintf(path, sizeof(path), "%s/world", root) >= sizeof(path))
		return error_set(err, EX_IOERR, "cannot open the world: too long a path");
	if ((dir = disk.open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)) < 0)
		return error_errno(err, EX_IOERR, "cannot open %s", path);
	return dir;
}

static json_t *
parse(const char *root, const char *name, const struct buffer *bytes, struct error *err)
{
	json_error_t why;
	json_t *value =
	    json_loadb((const char *)bytes->data, bytes->length, JSON_REJECT_DUPLICATES, &why);

	if (json_is_object(value))
		return value;
	if (value == NULL)
		(void)error_set(err, EX_IOERR, "cannot read %s/world/%s:%d:%d: %s", root, name,
		    why.line, why.column, why.text);
	else
		(void)error_set(
		    err, EX_IOERR, "cannot read %s/world/%s: not a JSON object", root, name);
	json_decref(value);
	return NULL;
}

static int
read_bytes(int dir, const char *root, const char *name, struct buffer *bytes, struct error *err)
{
	if (disk_read(dir, name, DOCUMENT_MAX, bytes, NULL) < 0)
		return error_errno(err, EX_IOERR, "cannot read %s/world/%s", root, name);
	return 0;
}

static json_t *
read_document(int dir, const char *root, const char *name, struct error *err)
{
	cleanup_buffer struct buffer bytes = {0};

	if (read_bytes(dir, root, name, &bytes, err) < 0)
		return NULL;
	return parse(root, name, &bytes, err);
}

static bool
is_named(const json_t *summary, const char *name, const struct buffer *bytes)
{
	const json_t *file = json_object_get(json_object_get(summary, "files"), name);
	const char *told = json_string_value(json_object_get(file, "sha256"));
	char digest[SHA256_TEXT_MAX];

	if (told == NULL ||
	    json_integer_value(json_object_get(file, "bytes")) != (json_int_t)bytes->length)
		return false;
	(void)SHA256Data(bytes->data, bytes->length, digest);
	return strcmp(told, digest) == 0;
}

/* Lists of services as an object, in which one is found at once. */
static json_t *
index_drift(const json_t *summary)
{
	static const char *const kinds[] = {"missing", "silent", "undeclared"};
	json_t *index = json_object();

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const json_t *keys = json_object_get(json_object_get(summary, "drift"), kinds[i]);

		for (size_t k = 0; k < json_array_size(keys); k++)
			if (json_is_string(json_array_get(keys, k)))
				(void)json_object_set_new(index,
				    json_string_value(json_array_get(keys, k)),
				    json_string(kinds[i]));
	}
	return index;
}

/* The summary first: a set read after it is never older. */
static int
read_set(int dir, const char *root, struct published *out, struct error *err)
{
	*out = (struct published){.consistent = true};
	if ((out->summary = read_document(dir, root, SUMMARY_NAME, err)) == NULL)
		return -1;
	out->drift = index_drift(out->summary);
	for (int i = 0; i < DOCUMENT_COUNT; i++) {
		cleanup_buffer struct buffer bytes = {0};

		if (read_bytes(dir, root, document_names[i], &bytes, err) < 0)
			return -1;
		if (!is_named(out->summary, document_names[i], &bytes) && out->consistent) {
			out->consistent = false;
			out->odd = document_names[i];
		}
		out->documents[i] = parse(root, document_names[i], &bytes, err);
		if (out->documents[i] == NULL)
			return -1;
	}
	return 0;
}

static void
pause_reading(void)
{
	const struct timespec pause = {.tv_nsec = PUBLISHED_PAUSE_MS * 1000000L};

	(void)nanosleep(&pause, NULL);
}

int
published_read(const char *root, struct published *out, struct error *err)
{
	cleanup_close int dir = open_world(root, err);
	int result;

	*out = (struct published){0};
	if (dir < 0)
		return -1;
	for (int try = 1;; try++) {
		result = read_set(dir, root, out, err);
		if (result < 0 || out->consistent || try == PUBLISHED_TRIES)
			break;
		published_release(out);
		pause_reading();
	}
	if (result < 0)
		published_release(out);
	return result;
}

void
published_release(struct published *p)
{
	json_decref(p->summary);
	json_decref(p->drift);
	for (int i = 0; i < DOCUMENT_COUNT; i++)
		json_decref(p->documents[i]);
	*p = (struct published){0};
}

json_t *
published_read_one(const char *root, const char *name, struct error *err)
{
	cleanup_close int dir = open_world(root, err);

	return dir < 0 ? NULL : read_document(dir, root, name, err);
}
