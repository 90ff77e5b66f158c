/* What a run left, to be compared with what another left. */

#include "homelab.h"

#include <homelab/checkpoint.h>
#include <homelab/disk.h>
#include <homelab/outbox.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
read_own(int root, const char *directory, const char *name, struct buffer *out)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	out->length = 0;
	(void)disk_read(root, path, SIZE_MAX / 2, out, NULL);
}

static void
take_summary(struct picture *p)
{
	json_auto_t *summary =
	    json_loadb((char *)p->raw_summary.data, p->raw_summary.length, 0, NULL);

	p->accepted =
	    json_integer_value(json_object_get(json_object_get(summary, "events"), "accepted"));
	(void)json_object_del(summary, "observation");
	if (summary != NULL)
		document_dump(summary, &p->summary);
}

static struct picture *taken;
static char *quarantined[256];
static size_t quarantined_count;

static int
look(const char *path, const struct stat *st, int type, struct FTW *at)
{
	const char *name = path + at->base;
	bool kept = strstr(path, "/observer_failed_events/") || strstr(path, ".upstream");

	(void)st;
	taken->temporary += at->level > 0 && name[0] == '.';
	if (type == FTW_F && kept && name[0] != '.' && quarantined_count < 256)
		quarantined[quarantined_count++] = text_copy(path);
	return 0;
}

static int
compare_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
take_quarantine(struct picture *p)
{
	qsort(quarantined, quarantined_count, sizeof(quarantined[0]), compare_text);
	for (size_t i = 0; i < quarantined_count; i++) {
		cleanup_buffer struct buffer bytes = {0};

		(void)disk_read(AT_FDCWD, quarantined[i], SIZE_MAX / 2, &bytes, NULL);
		/* The Python observer's world may be kept in either of two places. */
		const char *upstream = strstr(quarantined[i], "/world.upstream");

		buffer_text(&p->quarantine, "%s: ", upstream ? upstream : quarantined[i]);
		buffer_add(&p->quarantine, bytes.data, bytes.length);
		free(quarantined[i]);
	}
	quarantined_count = 0;
}

void
picture_take(const struct homelab *h, struct picture *p)
{
	cleanup_close int root = disk_open_dir(AT_FDCWD, h->root, NULL);
	static const char *const own[] = {"state", "world", "world.upstream"};
	char path[512];

	*p = (struct picture){0};
	taken = p;
	for (int i = 0; i < DOCUMENT_COUNT; i++)
		read_own(root, "world", document_names[i], &p->documents[i]);
	read_own(root, "world", SUMMARY_NAME, &p->raw_summary);
	read_own(root, "state", CHECKPOINT_NAME, &p->checkpoint);
	read_own(root, "world", HISTORY_NAME, &p->history);
	take_summary(p);
	for (size_t i = 0; i < COUNT(own); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", h->root, own[i]);
		(void)nftw(path, look, 16, FTW_PHYS);
	}
	take_quarantine(p);
}

void
picture_release(struct picture *p)
{
	for (int i = 0; i < DOCUMENT_COUNT; i++)
		buffer_release(&p->documents[i]);
	buffer_release(&p->summary);
	buffer_release(&p->raw_summary);
	buffer_release(&p->checkpoint);
	buffer_release(&p->history);
	buffer_release(&p->quarantine);
}

static bool
same(const struct buffer *a, const struct buffer *b)
{
	return a->length == b->length &&
	    (a->length == 0 || memcmp(a->data, b->data, a->length) == 0);
}

bool
picture_same_checkpoint(const struct picture *a, const struct picture *b)
{
	return same(&a->checkpoint, &b->checkpoint);
}

bool
picture_same_world(const struct picture *a, const struct picture *b)
{
	for (int i = 0; i < DOCUMENT_COUNT; i++)
		if (!same(&a->documents[i], &b->documents[i]))
			return false;
	return same(&a->summary, &b->summary);
}

/* Where two texts begin to differ: the line, and some before. */
static const char *
difference(const struct buffer *a, const struct buffer *b)
{
	size_t at = 0, from;

	while (at < a->length && at < b->length && a->data[at] == b->data[at])
		at++;
	for (from = at; from > 0 && at - from < 200;)
		from--;
	return a->length == 0 ? "" : (const char *)a->data + from;
}

static void
check_same(const struct buffer *got, const struct buffer *expected, const struct homelab *h,
    const char *name, const char *what)
{
	struct buffer a = *got, b = *expected;

	(void)buffer_string(&a);
	(void)buffer_string(&b);
	if (!same(got, expected))
		ck_abort_msg(
		    "%s: another %s: status %d %s\n%s--- got\n%.400s\n--- expected\n%.400s", what,
		    name, h->status, h->error.text, h->said, difference(&a, &b),
		    difference(&b, &a));
}

void
picture_compare(const struct picture *got, const struct picture *expected, const struct homelab *h,
    const char *what)
{
	for (int i = 0; i < DOCUMENT_COUNT; i++)
		check_same(&got->documents[i], &expected->documents[i], h, document_names[i], what);
	check_same(&got->summary, &expected->summary, h, SUMMARY_NAME, what);
	check_same(&got->quarantine, &expected->quarantine, h, "quarantine", what);
}

static void
check_one(const struct buffer *got, const struct buffer *before, const struct buffer *after,
    const char *name, const char *what)
{
	struct buffer copy = *got;

	if (!same(got, before) && !same(got, after))
		ck_abort_msg("%s: %s is neither the old one nor the new one but %zu bytes: %.500s",
		    what, name, got->length, buffer_string(&copy));
}

void
picture_check_documents(const struct picture *got, const struct picture *before,
    const struct picture *after, const char *what)
{
	for (int i = 0; i < DOCUMENT_COUNT; i++)
		check_one(&got->documents[i], &before->documents[i], &after->documents[i],
		    document_names[i], what);
	check_one(&got->summary, &before->summary, &after->summary, SUMMARY_NAME, what);
}

void
picture_check_whole(const struct picture *got, const struct picture *before,
    const struct picture *after, const char *what)
{
	picture_check_documents(got, before, after, what);
	check_one(&got->raw_summary, &before->raw_summary, &after->raw_summary, SUMMARY_NAME, what);
	check_one(&got->history, &before->history, &after->history, HISTORY_NAME, what);
	check_one(&got->checkpoint, &before->checkpoint, &after->checkpoint, CHECKPOINT_NAME, what);
}

static bool
tells_failure(const struct picture *p)
{
	json_auto_t *summary =
	    json_loadb((char *)p->raw_summary.data, p->raw_summary.length, 0, NULL);

	return json_is_object(
	    json_object_get(json_object_get(summary, "observation"), "last_error"));
}

void
picture_check_kept(const struct picture *got, const struct picture *before, const char *what)
{
	picture_check_documents(got, before, before, what);
	check_one(
	    &got->checkpoint, &before->checkpoint, &before->checkpoint, CHECKPOINT_NAME, what);
	check_one(&got->history, &before->history, &before->history, HISTORY_NAME, what);
	ck_assert_msg(same(&got->raw_summary, &before->raw_summary) || tells_failure(got),
	    "%s: another summary, without an error", what);
}
