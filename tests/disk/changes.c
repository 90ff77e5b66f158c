/* Whether what history.json tells leads from one world to another. */

#include "homelab.h"

#include <jansson.h>
#include <string.h>

/* Which document an event is about; others change no key or status. */
static const struct {
	const char *kind, *document;
} kinds[] = {
    {"node_added", "nodes.json"},
    {"node_removed", "nodes.json"},
    {"node_status_changed", "nodes.json"},
    {"service_added", "services.json"},
    {"service_removed", "services.json"},
    {"service_status_changed", "services.json"},
    {"incident_opened", "incidents.json"},
    {"incident_resolved", "incidents.json"},
    {"incident_reopened", "incidents.json"},
    {"incident_withdrawn", "incidents.json"},
    {"incident_expired", "incidents.json"},
    {"deployment_started", "deployments.json"},
    {"deployment_finished", "deployments.json"},
    {"deployment_stalled", "deployments.json"},
    {"deployment_withdrawn", "deployments.json"},
    {"deployment_expired", "deployments.json"},
};

/* {"DOCUMENT": {"KEY": "STATUS"}} of a world. */
static json_t *
statuses_of(const struct picture *p)
{
	json_t *all = json_object();

	for (int i = 0; i < DOCUMENT_COUNT; i++) {
		const struct buffer *bytes = &p->documents[i];
		json_auto_t *document = json_loadb((char *)bytes->data, bytes->length, 0, NULL);
		json_t *statuses = json_object();
		const char *key;
		json_t *entry;

		json_object_foreach (document, key, entry)
			(void)json_object_set(statuses, key, json_object_get(entry, "status"));
		(void)json_object_set_new(all, document_names[i], statuses);
	}
	return all;
}

static bool
apply_event(json_t *statuses, const json_t *event)
{
	const char *kind = json_string_value(json_object_get(event, "kind"));
	const char *key = json_string_value(json_object_get(event, "key"));
	json_t *from = json_object_get(event, "from"), *to = json_object_get(event, "to");

	for (size_t i = 0; i < COUNT(kinds); i++) {
		json_t *document = json_object_get(statuses, kinds[i].document);
		json_t *is = json_object_get(document, key);

		if (strcmp(kinds[i].kind, kind) != 0)
			continue;
		if (json_is_null(from) ? is != NULL : !json_equal(is, from))
			return false;
		if (json_is_null(to))
			(void)json_object_del(document, key);
		else
			(void)json_object_set(document, key, to);
	}
	return true;
}

/* Whether a batch says that nothing is known of the world before. */
static bool
begins_anew(const json_t *batch)
{
	const json_t *first = json_array_get(json_object_get(batch, "events"), 0);

	return strcmp(json_string_value(json_object_get(first, "kind")), "world_rebuilt") == 0 &&
	    json_is_null(json_object_get(first, "from"));
}

static json_int_t
generation_of(const json_t *value)
{
	return json_integer_value(json_object_get(value, "generation"));
}

void
picture_check_changes(const struct picture *got, const struct picture *before,
    const struct homelab *h, const char *what)
{
	json_auto_t *history = json_loadb((char *)got->history.data, got->history.length, 0, NULL);
	json_auto_t *old =
	    json_loadb((char *)before->history.data, before->history.length, 0, NULL);
	json_auto_t *is = statuses_of(before), *should = statuses_of(got);
	bool anew = false;
	const json_t *batch, *event;
	size_t i, k;

	ck_assert_msg(history != NULL, "%s: no history.json: %s", what, h->said);
	json_array_foreach (json_object_get(history, "batches"), i, batch) {
		if (generation_of(batch) <= generation_of(old))
			continue;
		anew |= begins_anew(batch);
		json_array_foreach (json_object_get(batch, "events"), k, event)
			if (!anew && !apply_event(is, event))
				ck_abort_msg("%s: told twice or after something was lost: %s\n%s",
				    what, json_dumps(event, 0), h->said);
	}
	if (!anew && !json_equal(is, should))
		ck_abort_msg("%s: the changes lead to\n%s\n--- the world is\n%s", what,
		    json_dumps(is, JSON_SORT_KEYS), json_dumps(should, JSON_SORT_KEYS));
}
