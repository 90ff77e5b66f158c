#include "store.h"

#include <homelab/disk.h>
#include <homelab/lock.h>
#include <homelab/message.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define FILE_NAME "containers.json"
#define OFFLINE_NAME "offline"
#define LOCK_NAME "lock"

enum { SIZE_MAX_BYTES = 64 << 20, VERSION_OF_STATE = 1 };

int
store_open_directory(struct store *s, const char *root, struct error *err)
{
	cleanup_close int top = -1, state = -1;

	*s = (struct store){-1, -1, {0}};
	top = disk.open(AT_FDCWD, root, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (top < 0)
		return error_errno(err, EX_IOERR, "cannot open directory %s", root);
	if ((state = disk_enter_dir(top, "state", err)) < 0)
		return -1;
	if ((s->directory = disk_enter_dir(state, "agent", err)) < 0)
		return -1;
	/* As the names on the way to it, what is found in it is durable then. */
	if (disk.fsync(s->directory) < 0)
		return error_errno(err, EX_IOERR, "cannot sync directory state/agent");
	return 0;
}

/* Opened for reading: whoever may write the directory can lock a file that another made,
 * and a look without news writes nothing, not even who looks. */
static int
take_lock(struct store *s, struct error *err)
{
	s->lock =
	    disk.open(s->directory, LOCK_NAME, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (s->lock < 0)
		return error_errno(err, EX_IOERR, "cannot open state/agent/%s", LOCK_NAME);
	return lock_take(s->lock, "state/agent/" LOCK_NAME, "homelab-agent", false, err);
}

int
store_open(struct store *s, const char *root, struct error *err)
{
	if (store_open_directory(s, root, err) < 0)
		return -1;
	return take_lock(s, err);
}

void
store_close(struct store *s)
{
	if (s->lock >= 0)
		(void)close(s->lock);
	if (s->directory >= 0)
		(void)close(s->directory);
	buffer_release(&s->bytes);
	*s = (struct store){-1, -1, {0}};
}

/* --- containers.json ------------------------------------------------------------ */

int
store_set_aside(struct store *s, const char *reason, struct error *err)
{
	char at[TIMESTAMP_TEXT_MAX];
	char name[sizeof(FILE_NAME) + sizeof(".corrupt-") + sizeof(at)];
	timestamp now = clock_real();

	s->bytes.length = 0;
	(void)snprintf(name, sizeof(name), "%s.corrupt-%s", FILE_NAME,
	    timestamp_format(now - now % NANOSECONDS_A_SECOND, at));
	if (disk.rename(s->directory, FILE_NAME, s->directory, name) < 0)
		return error_errno(err, EX_IOERR, "cannot rename state/agent/%s", FILE_NAME);
	message_warning("state/agent/%s is damaged (%s), and kept as %s: beginning anew", FILE_NAME,
	    reason, name);
	return 0;
}

static json_t *
parse(const struct buffer *bytes, char *reason, size_t size)
{
	json_error_t error = {.text = "empty"};
	json_t *state = bytes->length == 0 ?
	    NULL :
	    json_loadb((char *)bytes->data, bytes->length, JSON_REJECT_DUPLICATES, &error);

	if (state != NULL &&
	    json_integer_value(json_object_get(state, "version")) == VERSION_OF_STATE)
		return state;
	(void)snprintf(reason, size, "%s", state != NULL ? "not of this version" : error.text);
	json_decref(state);
	return NULL;
}

int
store_load(struct store *s, json_t **out, struct error *err)
{
	char reason[JSON_ERROR_TEXT_LENGTH];

	*out = NULL;
	s->bytes.length = 0;
	errno = 0;
	if (disk_read(s->directory, FILE_NAME, SIZE_MAX_BYTES, &s->bytes, err) < 0) {
		s->bytes.length = 0;
		if (errno == ENOENT)
			return 0;
		if (errno == EFBIG || errno == EINVAL || errno == ELOOP)
			return store_set_aside(s, "not a file of this size", err);
		return -1;
	}
	if ((*out = parse(&s->bytes, reason, sizeof(reason))) != NULL)
		return 0;
	s->bytes.length = 0;
	return store_set_aside(s, reason, err);
}

static int
add_bytes(const char *bytes, size_t length, void *out)
{
	buffer_add(out, bytes, length);
	return 0;
}

int
store_save(struct store *s, const json_t *state, struct error *err)
{
	cleanup_buffer struct buffer bytes = {0};
	json_auto_t *whole = json_copy((json_t *)(uintptr_t)state);

	(void)json_object_set_new(whole, "version", json_integer(VERSION_OF_STATE));
	if (json_dump_callback(whole, add_bytes, &bytes, JSON_COMPACT | JSON_SORT_KEYS) < 0)
		return error_set(err, EX_SOFTWARE, "cannot write the state as JSON");
	buffer_add(&bytes, "\n", 1);
	if (bytes.length == s->bytes.length && memcmp(bytes.data, s->bytes.data, bytes.length) == 0)
		return 0;
	if (disk_replace(s->directory, FILE_NAME, bytes.data, bytes.length, err) < 0)
		return -1;
	/* It's there, even where its name may not outlive a power cut. */
	buffer_release(&s->bytes);
	s->bytes = bytes;
	bytes = (struct buffer){0};
	if (disk.fsync(s->directory) < 0)
		return error_errno(err, EX_IOERR, "cannot sync directory state/agent");
	return 0;
}

/* --- offline ------------------------------------------------------------------------ */

void
store_read_offline(const struct store *s, char *out, size_t size)
{
	cleanup_buffer struct buffer text = {0};

	if (disk_read(s->directory, OFFLINE_NAME, size - 1, &text, NULL) < 0)
		text.length = 0;
	(void)snprintf(out, size, "%s", buffer_string(&text));
}

int
store_write_offline(const struct store *s, const char *note, struct error *err)
{
	if (disk_replace(s->directory, OFFLINE_NAME, note, strlen(note), err) < 0)
		return -1;
	if (disk.fsync(s->directory) < 0)
		return error_errno(err, EX_IOERR, "cannot sync directory state/agent");
	return 0;
}
