/* Copies of what was rejected, so that nothing is thrown away (W4). */

#include <homelab/message.h>
#include <homelab/names.h>
#include <homelab/scan.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define QUARANTINE "observer_failed_events"

enum {
	FILES_MAX = 1000,
	BYTES_MAX = 100 << 20,
	COPY_STEP = 1 << 16,
	NAME_KEPT = 120, /* of an escaped name, so that suffixes fit */
};

/* What is to be copied: bytes in memory or an open file. */
struct content {
	int fd;
	const unsigned char *data;
	uint64_t length;
};

/* The next piece at an offset; 0 at the end, -1 on failure. */
static ssize_t
content_piece(const struct content *c, uint64_t offset, unsigned char step[COPY_STEP],
    const unsigned char **piece)
{
	ssize_t got;

	if (offset >= c->length)
		return 0;
	if (c->data != NULL) {
		*piece = c->data + offset;
		return (ssize_t)(c->length - offset);
	}
	*piece = step;
	do
		got = pread(c->fd, step, COPY_STEP, (off_t)offset);
	while (got < 0 && errno == EINTR);
	return got;
}

/* Whether a file holds exactly this content. */
static bool
is_same_content(int dir, const char *name, const struct content *c)
{
	unsigned char theirs[COPY_STEP], step[COPY_STEP];
	cleanup_close int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct content other = {.fd = fd};
	const unsigned char *a, *b;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || (uint64_t)st.st_size != c->length)
		return false;
	other.length = c->length;
	for (uint64_t at = 0; at < c->length;) {
		ssize_t got = content_piece(&other, at, theirs, &a);
		ssize_t mine = content_piece(c, at, step, &b);

		if (got <= 0 || mine < got || memcmp(a, b, (size_t)got) != 0)
			return false;
		at += (uint64_t)got;
	}
	return true;
}

/* How much is there already. */
static void
count_quarantined(int dir, uint64_t *files, uint64_t *bytes)
{
	const struct dirent *entry;
	int fd = dup(dir);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct stat st;

	*files = *bytes = 0;
	if (stream == NULL)
		return;
	rewinddir(stream);
	while ((entry = readdir(stream)) != NULL) {
		size_t length = strlen(entry->d_name);

		if (entry->d_name[0] == '.' || fstatat(dir, entry->d_name, &st, 0) < 0)
			continue;
		*bytes += (uint64_t)st.st_size;
		*files += length < 7 || strcmp(entry->d_name + length - 7, ".reason") != 0;
	}
	(void)closedir(stream);
}

/* A name of ours for any name: what isn't printable, and '%', as %XX. */
static void
escape_name(const char *name, char out[NAME_MAX])
{
	size_t used = 0;

	if (name_is_printable(name)) {
		(void)snprintf(out, NAME_MAX, "%s", name);
		return;
	}
	for (; *name != '\0' && used < NAME_KEPT; name++) {
		unsigned char c = (unsigned char)*name;

		if (c > 0x20 && c < 0x7f && c != '%')
			out[used++] = (char)c;
		else
			used += (size_t)snprintf(out + used, NAME_MAX - used, "%%%02X", c);
	}
	out[used] = '\0';
}

static int
write_copy(int dir, const char *name, const struct content *c, struct error *err)
{
	char temporary[NAME_MAX + 8];
	unsigned char step[COPY_STEP];
	const unsigned char *piece;
	ssize_t got;
	uint64_t at = 0;

	(void)snprintf(temporary, sizeof(temporary), ".%s.new", name);
	if (disk_create(dir, temporary, NULL, 0, 0640, err) < 0)
		return -1;
	while ((got = content_piece(c, at, step, &piece)) > 0) {
		if (disk_append(dir, temporary, at, piece, (size_t)got, false, err) < 0) {
			(void)disk_remove(dir, temporary, NULL);
			return -1;
		}
		at += (uint64_t)got;
	}
	if (disk_append(dir, temporary, at, NULL, 0, true, err) == 0 &&
	    disk.rename(dir, temporary, dir, name) == 0)
		return 0;
	if (err != NULL && err->status == 0)
		(void)error_errno(err, EX_IOERR, "cannot rename %s to %s", temporary, name);
	(void)disk_remove(dir, temporary, NULL);
	return -1;
}

/* A name that is free: the name itself, or with ".2", ".3" … behind. False
 * where the same content is there already. */
static bool
choose_name(int dir, const char *base, const struct content *c, char name[NAME_MAX])
{
	struct stat st;

	(void)snprintf(name, NAME_MAX, "%s", base);
	for (unsigned k = 2; fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0; k++) {
		if (is_same_content(dir, name, c))
			return false;
		(void)snprintf(name, NAME_MAX, "%.230s.%u", base, k);
	}
	return true;
}

static int
put(int dir, const char *base, const struct content *c, const char *reason, struct error *err)
{
	char name[NAME_MAX], beside[NAME_MAX + 8], text[1024];
	uint64_t files, bytes;
	int length;

	if (!choose_name(dir, base, c, name))
		return 0;
	count_quarantined(dir, &files, &bytes);
	if (files >= FILES_MAX || c->length > BYTES_MAX || bytes + c->length > BYTES_MAX)
		return 0;
	(void)snprintf(beside, sizeof(beside), "%s.reason", name);
	(void)text_escape(reason, text, sizeof(text) - 1);
	length = (int)strlen(text);
	text[length++] = '\n';
	if (disk_replace(dir, beside, text, (size_t)length, err) < 0 ||
	    write_copy(dir, name, c, err) < 0 || disk_sync_dir(dir, ".", err) < 0)
		return -1;
	return 0;
}

int
quarantine_put(int state, const char *source, const char *name, int fd, const void *data,
    uint64_t length, const char *reason, struct error *err)
{
	struct content content = {fd, data, length};
	char escaped[NAME_MAX];
	cleanup_close int parent = -1;
	cleanup_close int dir = -1;

	if (disk_make_dir(state, QUARANTINE, err) < 0 ||
	    (parent = disk_open_dir(state, QUARANTINE, err)) < 0)
		return -1;
	if (disk_make_dir(parent, source, err) < 0 ||
	    (dir = disk_open_dir(parent, source, err)) < 0)
		return -1;
	escape_name(name, escaped);
	return put(dir, escaped, &content, reason, err);
}
