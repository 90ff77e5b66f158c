/* What it means that an entry of a document came, went or differs: rows of
 * functions that say it as events. */

#include "walk.h"

#include <string.h>

static const char *
text(const json_t *entry, const char *name)
{
	return json_string_value(json_object_get(entry, name));
}

static bool
has(const json_t *entry, const char *name, const char *value)
{
	const char *is = text(entry, name);

	return is != NULL && strcmp(is, value) == 0;
}

static json_t *
value(const json_t *entry, const char *name)
{
	return json_incref(json_object_get(entry, name));
}

static bool
differs(const json_t *a, const json_t *b, const char *name)
{
	return !json_equal(json_object_get(a, name), json_object_get(b, name));
}

/* As a time; TIMESTAMP_NONE for none. */
static timestamp
when(const json_t *entry, const char *name)
{
	const char *is = text(entry, name);
	timestamp at;

	return is != NULL && timestamp_parse(is, strlen(is), &at) ? at : TIMESTAMP_NONE;
}

static void
put(json_t *event, const char *name, json_t *is)
{
	(void)json_object_set_new(event, name, is ? is : json_null());
}

/* --- events -------------------------------------------------------------------- */

/* Adds an event about `entry`, which may be NULL. `at` names the member that has
 * its time; where that has none it's now. Takes over `from` and `to`. */
static json_t *
say(struct walk *w, const char *kind, const char *key, const json_t *entry, const char *at,
    json_t *from, json_t *to)
{
	json_t *event = json_object();
	timestamp time = at ? when(entry, at) : TIMESTAMP_NONE;

	put(event, "kind", json_string(kind));
	put(event, "key", json_string(key));
	put(event, "at", json_time(time != TIMESTAMP_NONE ? time : w->in->now));
	put(event, "from", from);
	put(event, "to", to);
	put(event, "node", value(entry, "node"));
	put(event, "service", value(entry, "service"));
	put(event, "severity", value(entry, "severity"));
	put(event, "message", value(entry, "message"));
	(void)json_array_append_new(w->events, event);
	return event;
}

static void
note_gone(struct walk *w, const char *key)
{
	(void)json_object_set_new(w->gone, key, json_true());
}

static bool
is_past(const struct walk *w, timestamp at, timestamp retention)
{
	return at != TIMESTAMP_NONE && w->in->now > timestamp_add(at, retention);
}

/* Which kind it is that something went: expired where its time is `over` or its node
 * is gone; else it may be that a late event showed that it never was, or that its id
 * is another one now, which shows when all that came is known. */
static const char *
went_as(struct walk *w, const char *key, const json_t *before, bool over, const char *withdrawn,
    const char *expired)
{
	const char *node = text(before, "node");

	if (over || node == NULL || json_object_get(w->gone, node) != NULL)
		return expired;
	(void)json_object_set(w->withdrawn, key, (json_t *)before);
	return w->in->is_revised(w->in->context, node) ? withdrawn : expired;
}

/* --- nodes ----------------------------------------------------------------------- */

static const char *const pressures[] = {"cpu_pressure", "disk_pressure", "memory_pressure"};

static bool
is_none(const json_t *pressure)
{
	return pressure == NULL || json_is_null(pressure);
}

static void
compare_pressures(struct walk *w, const char *node, const json_t *before, const json_t *after)
{
	for (size_t i = 0; i < sizeof(pressures) / sizeof(pressures[0]); i++) {
		cleanup_buffer struct buffer key = {0};
		const json_t *was = json_object_get(before, pressures[i]);
		const json_t *is = json_object_get(after, pressures[i]);
		json_t *event;

		if (is_none(was) ? is_none(is) : json_equal(was, is))
			continue;
		buffer_text(&key, "%s/%s", node, pressures[i]);
		event = say(w, "pressure_changed", buffer_string(&key), NULL, NULL,
		    json_incref((json_t *)was), json_incref((json_t *)is));
		put(event, "node", json_string(node));
	}
}

static void
node_came(struct walk *w, const char *key, const json_t *after)
{
	put(say(w, "node_added", key, after, "status_since", NULL, value(after, "status")), "node",
	    json_string(key));
	compare_pressures(w, key, NULL, after);
}

static void
node_went(struct walk *w, const char *key, const json_t *before)
{
	put(say(w, "node_removed", key, NULL, NULL, value(before, "status"), NULL), "node",
	    json_string(key));
	note_gone(w, key);
}

static void
node_differs(struct walk *w, const char *key, const json_t *before, const json_t *after)
{
	if (differs(before, after, "status"))
		put(say(w, "node_status_changed", key, after, "status_since",
			value(before, "status"), value(after, "status")),
		    "node", json_string(key));
	compare_pressures(w, key, before, after);
}

/* --- services -------------------------------------------------------------------- */

static void
service_came(struct walk *w, const char *key, const json_t *after)
{
	(void)say(w, "service_added", key, after, "status_since", NULL, value(after, "status"));
}

static void
service_went(struct walk *w, const char *key, const json_t *before)
{
	(void)say(w, "service_removed", key, before, NULL, value(before, "status"), NULL);
	note_gone(w, key);
}

static void
service_differs(struct walk *w, const char *key, const json_t *before, const json_t *after)
{
	if (differs(before, after, "status"))
		(void)say(w, "service_status_changed", key, after, "status_since",
		    value(before, "status"), value(after, "status"));
}

/* --- incidents ------------------------------------------------------------------- */

static void
say_incident(struct walk *w, const char *kind, const char *key, const json_t *entry, const char *at,
    json_t *from, json_t *to)
{
	json_t *event = say(w, kind, key, entry, at, from, to);

	put(event, "correlation_id", value(entry, "correlation_id"));
	put(event, "occurrence_count", value(entry, "occurrence_count"));
}

static void
incident_came(struct walk *w, const char *key, const json_t *after)
{
	say_incident(w, "incident_opened", key, after, "started_at", NULL, json_string("active"));
	if (has(after, "status", "resolved"))
		say_incident(w, "incident_resolved", key, after, "resolved_at",
		    json_string("active"), value(after, "status"));
}

static bool
is_service_gone(const struct walk *w, const json_t *before)
{
	const char *node = text(before, "node"), *service = text(before, "service");
	cleanup_buffer struct buffer key = {0};

	buffer_text(&key, "%s/%s", node ? node : "", service ? service : "");
	return json_object_get(w->gone, buffer_string(&key)) != NULL;
}

static void
incident_went(struct walk *w, const char *key, const json_t *before)
{
	bool over = is_past(w, when(before, "resolved_at"), w->in->incident_retention) ||
	    is_service_gone(w, before);

	say_incident(w, went_as(w, key, before, over, "incident_withdrawn", "incident_expired"),
	    key, before, NULL, value(before, "status"), NULL);
}

static void
incident_differs(struct walk *w, const char *key, const json_t *before, const json_t *after)
{
	const char *count = "occurrence_count";

	if (json_integer_value(json_object_get(after, count)) >
	    json_integer_value(json_object_get(before, count)))
		say_incident(w, "incident_recurred", key, after, "last_occurrence",
		    value(before, count), value(after, count));
	if (differs(before, after, "severity"))
		say_incident(w, "incident_severity_changed", key, after, "last_occurrence",
		    value(before, "severity"), value(after, "severity"));
	if (differs(before, after, "status"))
		say_incident(w,
		    has(after, "status", "active") ? "incident_reopened" : "incident_resolved", key,
		    after, has(after, "status", "active") ? "last_occurrence" : "resolved_at",
		    value(before, "status"), value(after, "status"));
}

/* --- deployments ----------------------------------------------------------------- */

/* Ids are the sources' correlation ids, save those that were made:
 * dep-SECONDS-NODE-SERVICE. */
static bool
is_made(const char *id, const char *node)
{
	static const char begin[] = "dep-";
	size_t length = strlen(node);

	if (strncmp(id, begin, sizeof(begin) - 1) != 0)
		return false;
	id += sizeof(begin) - 1;
	id += strspn(id, "0123456789");
	return id[0] == '-' && strncmp(id + 1, node, length) == 0 && id[1 + length] == '-';
}

static void
say_deployment(struct walk *w, const char *kind, const char *key, const json_t *entry,
    const char *at, json_t *from, json_t *to)
{
	const char *node = text(entry, "node");
	json_t *event = say(w, kind, key, entry, at, from, to);

	put(event, "correlation_id", node && is_made(key, node) ? NULL : json_string(key));
}

static void
say_status(struct walk *w, const char *key, const json_t *after, json_t *from)
{
	const char *kind = "deployment_finished", *at = "ended_at";

	if (has(after, "status", "in_progress")) {
		kind = "deployment_started";
		at = "started_at";
	} else if (has(after, "status", "stalled")) {
		kind = "deployment_stalled";
		at = NULL;
	}
	say_deployment(w, kind, key, after, at, from, value(after, "status"));
}

static void
say_started(struct walk *w, const char *key, const json_t *after, const char *at, json_t *from)
{
	say_deployment(w, "deployment_started", key, after, at, from, json_string("in_progress"));
	if (!has(after, "status", "in_progress"))
		say_status(w, key, after, json_string("in_progress"));
}

static void
deployment_came(struct walk *w, const char *key, const json_t *after)
{
	say_started(w, key, after,
	    when(after, "started_at") != TIMESTAMP_NONE ? "started_at" : "ended_at", NULL);
}

static void
deployment_went(struct walk *w, const char *key, const json_t *before)
{
	timestamp end = when(before, "ended_at");
	bool over = is_past(w, end != TIMESTAMP_NONE ? end : when(before, "started_at"),
	    w->in->deployment_retention);

	say_deployment(w,
	    went_as(w, key, before, over, "deployment_withdrawn", "deployment_expired"), key,
	    before, NULL, value(before, "status"), NULL);
}

static void
deployment_differs(struct walk *w, const char *key, const json_t *before, const json_t *after)
{
	if (json_integer_value(json_object_get(after, "attempts")) >
	    json_integer_value(json_object_get(before, "attempts")))
		say_started(w, key, after, NULL, value(before, "status"));
	else if (differs(before, after, "status"))
		say_status(w, key, after, value(before, "status"));
}

/* A deployment goes on under its id when nodes or services join or leave it. */
static bool
is_on_other_nodes(const json_t *before, const json_t *after)
{
	const json_t *old, *new;
	size_t i, k;

	json_array_foreach (json_object_get(before, "nodes"), i, old)
		json_array_foreach (json_object_get(after, "nodes"), k, new)
			if (json_equal(old, new))
				return false;
	return true;
}

/* --- the whole ------------------------------------------------------------------- */

static const struct subject subjects[] = {
    {DOCUMENT_NODES, node_came, node_went, node_differs, is_elsewhere, NULL, NULL},
    {DOCUMENT_SERVICES, service_came, service_went, service_differs, is_elsewhere, NULL, NULL},
    {DOCUMENT_INCIDENTS, incident_came, incident_went, incident_differs, is_elsewhere,
	"incident_withdrawn", "resolved_at"},
    {DOCUMENT_DEPLOYMENTS, deployment_came, deployment_went, deployment_differs, is_on_other_nodes,
	"deployment_withdrawn", "ended_at"},
};

static const char *const drifts[] = {"missing", "silent", "undeclared"};

static const json_t *
drift_of(const json_t *summary, const char *list)
{
	return json_object_get(json_object_get(summary, "drift"), list);
}

/* Those of `list` that aren't in `other`; both are sorted. New reference. */
static json_t *
only_in(const json_t *list, const json_t *other)
{
	json_t *only = json_array();
	size_t i = 0, k = 0;

	while (i < json_array_size(list)) {
		const char *a = json_string_value(json_array_get(list, i));
		const char *b = json_string_value(json_array_get(other, k));
		int order = b == NULL ? -1 : strcmp(a ? a : "", b);

		if (order < 0)
			(void)json_array_append(only, json_array_get(list, i));
		i += order <= 0;
		k += order >= 0;
	}
	return only;
}

static void
compare_drift(struct walk *w, const char *list)
{
	const json_t *before = drift_of(w->in->summary_before, list);
	const json_t *after = drift_of(w->in->summary_after, list);
	json_auto_t *added = only_in(after, before), *removed = only_in(before, after);
	json_t *event;

	if (json_array_size(added) + json_array_size(removed) == 0)
		return;
	event = say(w, "drift_changed", list, NULL, NULL, NULL, NULL);
	put(event, "added", json_incref(added));
	put(event, "removed", json_incref(removed));
}

static void
compare_status(struct walk *w, const char *kind)
{
	const json_t *before = w->in->summary_before, *after = w->in->summary_after;

	(void)say(w, kind, "world", NULL, NULL, value(before, "status"), value(after, "status"));
}

static int
compare(struct walk *w)
{
	if (w->in->rebuilt || w->in->before == NULL)
		compare_status(w, "world_rebuilt");
	if (w->in->before == NULL)
		return 0;
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
		if (walk_document(w, &subjects[i]) < 0)
			return -1;
	for (size_t i = 0; i < sizeof(drifts) / sizeof(drifts[0]); i++)
		compare_drift(w, drifts[i]);
	if (differs(w->in->summary_before, w->in->summary_after, "status"))
		compare_status(w, "status_changed");
	return 0;
}

json_t *
changes_between(const struct changes_input *in)
{
	json_auto_t *gone = json_object(), *came = json_object(), *withdrawn = json_object();
	struct walk w = {in, json_array(), gone, came, withdrawn};

	if (compare(&w) == 0)
		return w.events;
	json_decref(w.events);
	return NULL;
}

unsigned
changes_count(const json_t *events, const char *kind)
{
	unsigned count = 0;

	for (size_t i = 0; i < json_array_size(events); i++)
		count += has(json_array_get(events, i), "kind", kind);
	return count;
}
