/* Copies of what was rejected, so that nothing is thrown away (W4). */

#include <homelab/message.h>
#include <homelab/names.h>
#include <homelab/scan.h>

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
	*piece = step;
	if (offset >= c->length)
		return 0;
	if (c->data == NULL)
		return disk_read_at(c->fd, step, COPY_STEP, offset);
	*piece = c->data + offset;
	return (ssize_t)(c->length - offset);
}

enum comparison { SAME, OTHER, UNREADABLE, FAILED };

/* Compares the content with a copy, of the same length, that is there already. */
static enum comparison
compare_bytes(const struct content *copy, const struct content *c)
{
	unsigned char theirs[COPY_STEP], step[COPY_STEP];
	const unsigned char *a, *b;

	for (uint64_t at = 0; at < c->length;) {
		ssize_t got = content_piece(copy, at, theirs, &a);
		ssize_t mine = content_piece(c, at, step, &b);

		if (got < 0 || mine < 0)
			return got < 0 ? FAILED : UNREADABLE;
		if (got == 0 || mine < got || memcmp(a, b, (size_t)got) != 0)
			return OTHER;
		at += (uint64_t)got;
	}
	return SAME;
}

static enum comparison
compare_copy(int dir, const char *name, const struct content *c)
{
	cleanup_close int fd = disk.open(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	struct content copy = {.fd = fd, .length = c->length};
	struct stat st;

	if (fd < 0)
		return errno == ELOOP ? OTHER : FAILED;
	if (disk.fstat(fd, &st) < 0)
		return FAILED;
	return (uint64_t)st.st_size == c->length ? compare_bytes(&copy, c) : OTHER;
}

/* How much is there already. */
struct count {
	int dir;
	struct quarantine *quarantine;
};

static int
count_copy(void *context, const struct dirent *entry)
{
	const struct count *c = context;
	size_t length = strlen(entry->d_name);
	struct stat st;

	if (entry->d_name[0] == '.' || disk.stat(c->dir, entry->d_name, &st, 0) < 0)
		return 0;
	c->quarantine->bytes += (uint64_t)st.st_size;
	c->quarantine->files += length < 7 || strcmp(entry->d_name + length - 7, ".reason") != 0;
	return 0;
}

static void
count_quarantined(int dir, const char *source, struct quarantine *q)
{
	*q = (struct quarantine){.source = source};
	(void)disk_list(dir, count_copy, &(struct count){dir, q});
}

static bool
has_room(const struct quarantine *q, uint64_t length)
{
	return q->files < FILES_MAX && length <= BYTES_MAX && q->bytes + length <= BYTES_MAX;
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

/* 1, and no copy, where the content can't be read. */
static int
write_copy(int dir, const char *name, const struct content *c, struct error *err)
{
	char temporary[NAME_MAX + 8];
	unsigned char step[COPY_STEP];
	const unsigned char *piece;
	struct disk_file f;
	ssize_t got;

	(void)snprintf(temporary, sizeof(temporary), ".%s.new", name);
	if (disk_begin(&f, dir, temporary, 0640, err) < 0)
		return -1;
	while ((got = content_piece(c, f.at, step, &piece)) > 0)
		if (disk_write(&f, piece, (size_t)got, err) < 0)
			return -1;
	if (disk_end(&f, err) < 0)
		return -1;
	if (got < 0)
		return disk_remove(dir, temporary, err) < 0 ? -1 : 1;
	return disk_rename(dir, temporary, name, err);
}

/* A name that is free: the name itself, or with ".2", ".3" … behind; OTHER. Or
 * the name under which the same content is there already; SAME. */
static enum comparison
choose_name(int dir, const char *base, const struct content *c, char name[NAME_MAX])
{
	struct stat st;

	(void)snprintf(name, NAME_MAX, "%s", base);
	for (unsigned k = 2; disk.stat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0; k++) {
		enum comparison found = compare_copy(dir, name, c);

		if (found != OTHER)
			return found;
		(void)snprintf(name, NAME_MAX, "%.230s.%u", base, k);
	}
	return errno == ENOENT ? OTHER : FAILED;
}

static int
write_reason(int dir, const char *name, const char *reason, struct error *err)
{
	char beside[NAME_MAX + 8], text[1024];
	struct stat st;
	size_t length;

	(void)snprintf(beside, sizeof(beside), "%s.reason", name);
	if (disk.stat(dir, beside, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	(void)text_escape(reason, text, sizeof(text) - 1);
	length = strlen(text);
	text[length++] = '\n';
	return disk_replace(dir, beside, text, length, err);
}

/* The copy and its reason, durable. 1 where the content can't be read. */
static int
put(struct quarantine *q, int dir, const char *base, const struct content *c, const char *reason,
    struct error *err)
{
	char name[NAME_MAX];
	enum comparison found = choose_name(dir, base, c, name);
	int result = 0;

	if (found == FAILED)
		return error_errno(err, EX_IOERR, "cannot look at the copy %s", name);
	if (found == UNREADABLE)
		return 1;
	if (found == OTHER && !has_room(q, c->length))
		return 0;
	if (found == OTHER && (result = write_copy(dir, name, c, err)) != 0)
		return result;
	q->files += found == OTHER;
	q->bytes += found == OTHER ? c->length : 0;
	if (write_reason(dir, name, reason, err) < 0)
		return -1;
	return disk_sync_dir(dir, ".", err);
}

int
quarantine_put(struct quarantine *q, int state, const char *source, const char *name, int fd,
    const void *data, uint64_t length, const char *reason, struct error *err)
{
	struct content content = {fd, data, length};
	char escaped[NAME_MAX];
	cleanup_close int parent = -1;
	cleanup_close int dir = -1;
	int result;

	if (q->source == source && !has_room(q, length))
		return 0;
	if (disk_make_dir(state, QUARANTINE, err) < 0 ||
	    (parent = disk_open_dir(state, QUARANTINE, err)) < 0)
		return -1;
	if (disk_make_dir(parent, source, err) < 0 ||
	    (dir = disk_open_dir(parent, source, err)) < 0)
		return -1;
	if (q->source != source)
		count_quarantined(dir, source, q);
	escape_name(name, escaped);
	result = put(q, dir, escaped, &content, reason, err);
	/* What is there already may be of a run that was killed: where this may be
	 * the first copy, the directories' names are synced, too. */
	if (result == 0 && q->files <= 1 &&
	    (disk_sync_dir(parent, ".", err) < 0 || disk_sync_dir(state, ".", err) < 0))
		return -1;
	return result;
}
