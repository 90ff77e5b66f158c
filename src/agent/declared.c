#include "declared.h"

#include <homelab/message.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define COPY_NAME "services.yaml"

enum { FILE_SIZE_MAX = 1 << 20 };

static void
complain(struct declared *d, const char *path, const char *reason)
{
	char text[sizeof(d->complaint)];

	d->bad = true;
	(void)snprintf(text, sizeof(text), "%s: %s", path, reason);
	if (strcmp(text, d->complaint) == 0)
		return;
	(void)memcpy(d->complaint, text, sizeof(text));
	message_error("%s: %s", text,
	    d->policies != NULL ? "the last good one stays" : "no service has a policy");
}

static void
use(struct declared *d, struct policies *policies)
{
	policies_free(d->policies);
	d->policies = policies;
	d->complaint[0] = '\0';
	d->bad = false;
}

/* That it can't be kept costs no more than a bad file could later. */
static void
keep_copy(const struct store *store, const struct buffer *text)
{
	cleanup_buffer struct buffer old = {0};
	struct error err;

	if (disk_read(store->directory, COPY_NAME, FILE_SIZE_MAX, &old, NULL) == 0 &&
	    old.length == text->length && memcmp(old.data, text->data, text->length) == 0)
		return;
	if (disk_replace(store->directory, COPY_NAME, text->data, text->length, &err) < 0 ||
	    disk_sync_dir(store->directory, ".", &err) < 0)
		message_warning("a copy of %s isn't kept: %s", COPY_NAME, err.text);
}

static void
recall_copy(struct declared *d, const struct store *store)
{
	cleanup_buffer struct buffer text = {0};
	struct complaint complaint;

	if (d->policies == NULL &&
	    disk_read(store->directory, COPY_NAME, FILE_SIZE_MAX, &text, NULL) == 0)
		d->policies =
		    policies_parse((char *)text.data, text.length, &complaint); /* or NULL */
}

static void
read_file(struct declared *d, const char *path, const struct store *store)
{
	cleanup_buffer struct buffer text = {0};
	struct complaint complaint;
	struct policies *policies;
	struct error err;

	if (disk_read_followed(AT_FDCWD, path, FILE_SIZE_MAX, &text, &err) < 0) {
		recall_copy(d, store);
		complain(d, path, strerror(errno));
		return;
	}
	policies = policies_parse((char *)text.data, text.length, &complaint);
	if (policies == NULL) {
		cleanup_buffer struct buffer reason = {0};

		buffer_text(
		    &reason, "%lu:%lu: %s", complaint.line, complaint.column, complaint.reason);
		recall_copy(d, store);
		complain(d, path, buffer_string(&reason));
		return;
	}
	use(d, policies);
	keep_copy(store, &text);
}

void
declared_look(struct declared *d, const char *repo, const char *node, const struct store *store)
{
	cleanup_buffer struct buffer path = {0};
	struct identity identity = {0};
	struct stat st;
	bool there;

	buffer_text(&path, "%s/hosts/%s/services.yaml", repo, node);
	there = disk.stat(AT_FDCWD, buffer_string(&path), &st, 0) == 0;
	if (there)
		identity_of(&st, &identity);
	if (d->looked && identity_same(&identity, &d->identity))
		return;
	d->looked = true;
	d->identity = identity;
	if (there || (errno != ENOENT && errno != ENOTDIR))
		read_file(d, buffer_string(&path), store);
	else if (d->policies != NULL)
		complain(d, buffer_string(&path), "is gone");
}

void
declared_forget(struct declared *d)
{
	declared_release(d);
}

void
declared_release(struct declared *d)
{
	policies_free(d->policies);
	*d = (struct declared){0};
}
