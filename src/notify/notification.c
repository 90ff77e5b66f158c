#include <homelab/notification.h>

#include <homelab/disk.h>
#include <homelab/project.h>

#include <errno.h>
#include <string.h>
#include <sysexits.h>

#define INCIDENTS "world/incidents.json"

enum { INCIDENTS_BYTES_MAX = 64 << 20 };

json_t *
notification_make(const struct notification *n)
{
	json_t *out = n->batch != NULL ?
	    json_copy((json_t *)n->batch) :
	    json_pack("{s:n, s:I, s:o, s:n}", "cycle", "generation", (json_int_t)n->generation,
		"observed_at", json_time(n->now), "source_count");

	(void)json_object_set_new(out, "reason", json_string(n->reason));
	(void)json_object_set(out, "events", (json_t *)n->events);
	(void)json_object_set_new(out, "missed", json_boolean(n->missed));
	if (n->incidents != NULL)
		(void)json_object_set(out, "incidents", (json_t *)n->incidents);
	else
		(void)json_object_set_new(out, "incidents", json_null());
	return out;
}

/* --- incidents --------------------------------------------------------------- */

static bool
is_wanted(const json_t *incident, timestamp since)
{
	const char *status = json_string_value(json_object_get(incident, "status"));
	const char *at = json_string_value(json_object_get(incident, "resolved_at"));
	timestamp resolved;

	if (status == NULL)
		return false;
	if (strcmp(status, "active") == 0)
		return true;
	return at != NULL && timestamp_parse(at, strlen(at), &resolved) && resolved > since;
}

json_t *
notification_incidents(int root, timestamp since, struct error *err)
{
	cleanup_buffer struct buffer bytes = {0};
	json_auto_t *all = NULL;
	json_t *out, *incident;
	const char *id;

	if (disk_read(root, INCIDENTS, INCIDENTS_BYTES_MAX, &bytes, err) < 0)
		return errno == ENOENT ? json_array() : NULL;
	all = json_loadb((char *)bytes.data, bytes.length, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(all)) {
		(void)error_set(err, EX_IOERR, "%s is no JSON object", INCIDENTS);
		return NULL;
	}
	out = json_array(); /* by id, as the file is */
	json_object_foreach (all, id, incident)
		if (is_wanted(incident, since))
			(void)json_array_append(out, incident);
	return out;
}

/* --- an example -------------------------------------------------------------- */

#define EXAMPLE_NODE "example"
#define EXAMPLE_SERVICE "homelab-notify"
#define EXAMPLE_TEXT "This is a test of homelab-notify; nothing has happened."

static json_t *
example_event(const char *kind, const char *key, const char *from, const char *to, timestamp now)
{
	return json_pack("{s:s, s:s, s:o, s:s?, s:s, s:n, s:n, s:n, s:n}", "kind", kind, "key", key,
	    "at", json_time(now), "from", from, "to", to, "node", "service", "severity", "message");
}

static json_t *
example_opening(const char *id, timestamp now)
{
	json_t *event = example_event("incident_opened", id, NULL, "active", now);

	(void)json_object_set_new(event, "node", json_string(EXAMPLE_NODE));
	(void)json_object_set_new(event, "service", json_string(EXAMPLE_SERVICE));
	(void)json_object_set_new(event, "severity", json_string("info"));
	(void)json_object_set_new(event, "message", json_string(EXAMPLE_TEXT));
	(void)json_object_set_new(event, "correlation_id", json_null());
	(void)json_object_set_new(event, "occurrence_count", json_integer(1));
	return event;
}

static json_t *
example_incident(const char *id, timestamp now)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:i, s:[o], s:n,"
			 " s:n, s:n, s:n}",
	    "id", id, "node", EXAMPLE_NODE, "service", EXAMPLE_SERVICE, "status", "active",
	    "severity", "info", "event_type", "service_unhealthy", "last_event_type",
	    "service_unhealthy", "source", EXAMPLE_SERVICE, "message", EXAMPLE_TEXT, "started_at",
	    json_time(now), "last_occurrence", json_time(now), "occurrence_count", 1, "events",
	    json_time(now), "correlation_id", "resolved_at", "resolved_by", "remediation");
}

json_t *
notification_example(timestamp now)
{
	cleanup_buffer struct buffer id = {0};
	json_auto_t *events = json_array(), *incidents = json_array();
	struct notification n = {
	    .reason = "test", .events = events, .incidents = incidents, .now = now};

	buffer_text(&id, "inc-%lld-%s-%s", (long long)(now / NANOSECONDS_A_SECOND), EXAMPLE_NODE,
	    EXAMPLE_SERVICE);
	(void)json_array_append_new(events, example_opening(buffer_string(&id), now));
	(void)json_array_append_new(
	    events, example_event("status_changed", "world", "NOMINAL", "DEGRADED", now));
	(void)json_array_append_new(incidents, example_incident(buffer_string(&id), now));
	return notification_make(&n);
}
