/* --verify: what was decided on, folded from scratch, against the world. */

#include "run.h"

#include <homelab/message.h>
#include <homelab/publish.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

enum { DIFFERENCES_SHOWN = 10, DIFFERS = 1, VALUE_SHOWN = 120 };

struct comparison {
	const char *document;
	unsigned differences;
};

static void
show(struct comparison *c, const char *path, const json_t *published, const json_t *folded)
{
	cleanup_free char *is = published ? json_dumps(published, JSON_ENCODE_ANY) : NULL;
	cleanup_free char *should = folded ? json_dumps(folded, JSON_ENCODE_ANY) : NULL;

	if (c->differences++ < DIFFERENCES_SHOWN)
		message_warning("world/%s: %s is %.*s, should be %.*s", c->document,
		    path[0] ? path : "the document", VALUE_SHOWN, is ? is : "missing", VALUE_SHOWN,
		    should ? should : "absent");
}

/* Goes down where both are objects, so that what is shown is small. */
static void
compare(struct comparison *c, const char *path, const json_t *published, const json_t *folded)
{
	const json_t *member;
	const char *key;

	if (json_equal(published, folded))
		return;
	if (!json_is_object(published) || !json_is_object(folded)) {
		show(c, path, published, folded);
		return;
	}
	json_object_foreach ((json_t *)folded, key, member) {
		cleanup_buffer struct buffer below = {0};

		buffer_text(&below, "%s/%s", path, key);
		compare(c, buffer_string(&below), json_object_get(published, key), member);
	}
	json_object_foreach ((json_t *)published, key, member) {
		cleanup_buffer struct buffer below = {0};

		buffer_text(&below, "%s/%s", path, key);
		if (json_object_get(folded, key) == NULL)
			show(c, buffer_string(&below), member, NULL);
	}
}

static unsigned
compare_document(const struct observer *o, int i)
{
	cleanup_buffer struct buffer bytes = {0};
	const struct buffer *folded = &o->projected.documents[i];
	struct comparison c = {.document = document_names[i]};
	json_auto_t *is = NULL, *should = NULL;

	if (disk_read(o->world, document_names[i], SIZE_MAX / 2, &bytes, NULL) == 0 &&
	    bytes.length == folded->length && memcmp(bytes.data, folded->data, bytes.length) == 0)
		return 0;
	is = json_loadb((char *)bytes.data, bytes.length, 0, NULL);
	should = json_loadb((char *)folded->data, folded->length, 0, NULL);
	compare(&c, "", is, should);
	if (c.differences == 0)
		show(&c, "", NULL, NULL);
	return c.differences;
}

/* Less the observation, and what isn't folded but read as it is now. */
static unsigned
compare_summary(struct observer *o)
{
	struct comparison c = {.document = SUMMARY_NAME};

	(void)json_object_del(o->published, "observation");
	(void)json_object_del(o->published, "deploy");
	(void)json_object_del(o->projected.summary, "deploy");
	compare(&c, "", o->published, o->projected.summary);
	return c.differences;
}

static int
load_published(struct observer *o, struct error *err)
{
	char why[ERROR_TEXT_MAX] = "there is none";
	enum checkpoint_state state;
	const char *at;

	if (checkpoint_read(o->state, &o->before, &state, why, err) < 0)
		return -1;
	if (o->before == NULL)
		return error_set(err, DIFFERS, "no sound checkpoint: %s", why);
	o->published = publish_read_summary(o->world);
	at = json_string_value(json_object_get(o->published, "generated_at"));
	if (at == NULL || !timestamp_parse(at, strlen(at), &o->now))
		return error_set(err, DIFFERS, "world/%s is missing or unreadable", SUMMARY_NAME);
	return 0;
}

static int
verify(struct observer *o, struct error *err)
{
	unsigned differences = 0;

	if (load_published(o, err) < 0 || observer_recall(o, TIMESTAMP_NONE, err) < 0)
		return -1;
	for (int i = 0; i < DOCUMENT_COUNT; i++)
		differences += compare_document(o, i);
	differences += compare_summary(o);
	if (differences > 0)
		return error_set(err, DIFFERS,
		    "the published world differs from what its events say in %u places",
		    differences);
	message_notice("verified: the world is what its %lld events say",
	    (long long)json_integer_value(
		json_object_get(json_object_get(o->projected.summary, "events"), "accepted")));
	return 0;
}

int
observer_verify(const struct observer_options *options, struct error *err)
{
	struct observer o;
	int status = EX_OK;

	err->status = 0;
	if (observer_open(&o, options, true, err) < 0 || verify(&o, err) < 0)
		status = err->status == EX_DATAERR ? DIFFERS :
		    err->status                    ? err->status :
						     EX_SOFTWARE;
	observer_close(&o);
	return status;
}
