/* The names of the journal's files, and what they have in common. */

#include "files.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

void
directory_path(const struct source *s, const struct directory *d, struct buffer *out)
{
	char date[DATE_TEXT_MAX];

	/* Made for every directory in every run: without the cost of a format. */
	out->length = 0;
	if (d->date != NO_DATE) {
		buffer_add(out, date_format(d->date, date), DATE_TEXT_MAX - 1);
		buffer_add(out, "/", 1);
	}
	buffer_add(out, s->name, strlen(s->name));
	(void)buffer_string(out);
}

void
day_path(const struct source *s, const struct day *d, struct buffer *out)
{
	char date[DATE_TEXT_MAX];

	out->length = 0;
	buffer_text(out, "journal/%s/%s.%llu%s", s->name, date_format(d->date, date),
	    (unsigned long long)d->generation, d->compressed ? ".gz" : "");
	(void)buffer_string(out);
}

void
decisions_path(const struct source *s, const struct directory *d, struct buffer *out)
{
	char date[DATE_TEXT_MAX];

	out->length = 0;
	buffer_text(out, "journal/%s/decided-%s.%llu", s->name,
	    d->date == NO_DATE ? "undated" : date_format(d->date, date),
	    (unsigned long long)d->decisions_generation);
	(void)buffer_string(out);
}

void
snapshot_path(const char *node, const struct snapshot *s, struct buffer *out)
{
	char time[TIMESTAMP_TEXT_MAX];

	out->length = 0;
	buffer_text(out, "partitions/%s/%.13s.%llu", node, timestamp_format(s->boundary, time),
	    (unsigned long long)s->generation);
	(void)buffer_string(out);
}

void
manifest_path(const char *node, uint64_t generation, struct buffer *out)
{
	out->length = 0;
	buffer_text(out, "partitions/%s/manifest.%llu", node, (unsigned long long)generation);
	(void)buffer_string(out);
}

enum { OWN_FILE_MAX = 1 << 30 }; /* no file of our own is larger */

int
read_own_from(const struct store *store, const char *path, uint64_t from, struct buffer *out,
    struct error *err)
{
	if (disk_read_from(store->fd, path, from, OWN_FILE_MAX, out, err) == 0)
		return 0;
	if (err != NULL &&
	    (errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == EINVAL ||
		errno == EFBIG))
		err->status = EX_DATAERR;
	return -1;
}

int
read_own(const struct store *store, const char *path, struct buffer *out, struct error *err)
{
	return read_own_from(store, path, 0, out, err);
}

int
check_magic(struct unpack *in, const char *magic, const char *path, struct error *err)
{
	if (in->end - in->at < FILE_MAGIC || memcmp(in->at, magic, FILE_MAGIC - 1) != 0)
		return error_set(err, EX_DATAERR, "%s is damaged at its start", path);
	if (in->at[FILE_MAGIC - 1] != (unsigned char)magic[FILE_MAGIC - 1])
		return error_set(err, EX_DATAERR, "%s is of another version", path);
	in->at += FILE_MAGIC;
	return 0;
}
