/*
 * An element of `kept`:
 *
 *	subject		"incident NODE/SERVICE", or an event's kind and key
 *	event, due	what is kept back and until when; null where an incident
 *			came back, and waits for its next resolution
 *	told, current	of an incident: the id that was told, the one it has now
 *	relapses	how often it came back
 */

#include <homelab/hold.h>

#include <homelab/buffer.h>
#include <homelab/project.h>

#include <string.h>

struct step {
	json_t *kept, *told;
	timestamp at, duration;
};

static const char *
text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text != NULL ? text : "";
}

static void
tell(const struct step *s, json_t *event)
{
	(void)json_array_append(s->told, event);
}

/* --- what is kept ------------------------------------------------------------ */

/* The index in `kept`, or its size. */
static size_t
find(const struct step *s, const char *subject)
{
	size_t i = 0;

	while (i < json_array_size(s->kept) &&
	    strcmp(text_of(json_array_get(s->kept, i), "subject"), subject) != 0)
		i++;
	return i;
}

/* Tells what one has kept back, if anything, and forgets it. */
static void
let_go(const struct step *s, size_t i)
{
	json_t *event = json_object_get(json_array_get(s->kept, i), "event");

	if (json_is_object(event))
		tell(s, event);
	(void)json_array_remove(s->kept, i);
}

static timestamp
due_of(const json_t *entry)
{
	const char *text = text_of(entry, "due");
	timestamp due;

	return timestamp_parse(text, strlen(text), &due) ? due : 0;
}

static bool
is_room(const struct step *s, const json_t *event)
{
	return s->duration > 0 && json_array_size(s->kept) < KEPT_MAX &&
	    json_dumpb(event, NULL, 0, JSON_COMPACT) <= KEPT_BYTES_MAX;
}

static void
keep(const struct step *s, json_t *entry, json_t *event, timestamp due)
{
	(void)json_object_set(entry, "event", event);
	(void)json_object_set_new(entry, "due", json_time(due));
	(void)json_array_append(s->kept, entry);
}

/* --- statuses ---------------------------------------------------------------- */

/* How bad it is to be so; what isn't here isn't bad. A pressure is, whichever. */
static int
badness(const char *kind, const json_t *value)
{
	static const struct {
		const char *kind, *value;
		int badness;
	} rows[] = {{"service_status_changed", "unhealthy", 1}, {"node_status_changed", "stale", 1},
	    {"node_status_changed", "offline", 2}, {"status_changed", "DEGRADED", 1},
	    {"status_changed", "CRITICAL", 2}};
	const char *text = json_string_value(value);

	if (text == NULL)
		return 0;
	if (strcmp(kind, "pressure_changed") == 0)
		return 1;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].kind, kind) == 0 && strcmp(rows[i].value, text) == 0)
			return rows[i].badness;
	return 0;
}

static char *
status_subject(const json_t *event)
{
	struct buffer b = {0};

	buffer_text(&b, "%s %s", text_of(event, "kind"), text_of(event, "key"));
	return buffer_string(&b);
}

/* One change after another is one from the first's beginning to the second's
 * end. Kept back it is no longer than the first would have been. */
static void
take_status(const struct step *s, json_t *event)
{
	const char *kind = text_of(event, "kind");
	cleanup_free char *subject = status_subject(event);
	size_t i = find(s, subject);
	json_auto_t *change = json_copy(event);
	json_auto_t *entry = json_pack("{s:s}", "subject", subject);
	timestamp due = timestamp_add(s->at, s->duration);

	if (i < json_array_size(s->kept)) {
		json_t *before = json_array_get(s->kept, i);

		(void)json_object_set(
		    change, "from", json_object_get(json_object_get(before, "event"), "from"));
		due = due_of(before);
		(void)json_array_remove(s->kept, i);
	}
	if (json_equal(json_object_get(change, "from"), json_object_get(change, "to")))
		return;
	if (badness(kind, json_object_get(change, "to")) <
		badness(kind, json_object_get(change, "from")) &&
	    is_room(s, change))
		keep(s, entry, change, due);
	else
		tell(s, change);
}

/* --- incidents --------------------------------------------------------------- */

static int
severity_rank(const json_t *event)
{
	static const char *const severities[] = {"info", "warning", "error", "critical"};
	const char *severity = text_of(event, "severity");
	int rank = 0;

	for (int i = 0; i < (int)(sizeof(severities) / sizeof(severities[0])); i++)
		if (strcmp(severities[i], severity) == 0)
			rank = i;
	return rank;
}

static char *
incident_subject(const json_t *event)
{
	struct buffer b = {0};

	buffer_text(&b, "incident %s/%s", text_of(event, "node"), text_of(event, "service"));
	return buffer_string(&b);
}

static size_t
find_incident(const struct step *s, const json_t *event)
{
	cleanup_free char *subject = incident_subject(event);

	return find(s, subject);
}

static json_t *
new_incident(const json_t *event)
{
	cleanup_free char *subject = incident_subject(event);
	const char *key = text_of(event, "key");

	return json_pack("{s:s, s:n, s:n, s:s, s:s, s:i}", "subject", subject, "event", "due",
	    "told", key, "current", key, "relapses", 0);
}

static bool
is_current(const json_t *entry, const json_t *event)
{
	return strcmp(text_of(entry, "current"), text_of(event, "key")) == 0;
}

/* A copy of an incident's event that says under which id it was told. */
static json_t *
continued(const json_t *entry, const json_t *event)
{
	json_t *copy = json_copy((json_t *)event);

	if (entry != NULL &&
	    !json_equal(json_object_get(entry, "told"), json_object_get(event, "key")))
		(void)json_object_set(copy, "continues", json_object_get(entry, "told"));
	return copy;
}

static void
take_resolution(const struct step *s, json_t *event)
{
	size_t i = find_incident(s, event);
	json_auto_t *entry = json_incref(json_array_get(s->kept, i));
	json_auto_t *resolution = NULL;

	if (entry != NULL && !is_current(entry, event)) {
		let_go(s, i);
		json_decref(entry);
		entry = NULL;
	} else if (entry != NULL) {
		(void)json_array_remove(s->kept, i);
	}
	if (entry == NULL)
		entry = new_incident(event);
	resolution = continued(entry, event);
	if (json_integer_value(json_object_get(entry, "relapses")) > 0)
		(void)json_object_set(resolution, "relapses", json_object_get(entry, "relapses"));
	if (is_room(s, resolution))
		keep(s, entry, resolution, timestamp_add(s->at, s->duration));
	else
		tell(s, resolution);
}

static void
take_opening(const struct step *s, json_t *event)
{
	size_t i = find_incident(s, event);
	json_t *entry = json_array_get(s->kept, i);
	const json_t *resolution = json_object_get(entry, "event");

	if (!json_is_object(resolution) || severity_rank(event) > severity_rank(resolution)) {
		if (entry != NULL)
			let_go(s, i);
		tell(s, event);
		return;
	}
	(void)json_object_set_new(entry, "event", json_null());
	(void)json_object_set_new(entry, "due", json_null());
	(void)json_object_set(entry, "current", json_object_get(event, "key"));
	(void)json_object_set_new(entry, "relapses",
	    json_integer(1 + json_integer_value(json_object_get(entry, "relapses"))));
}

/* It goes on: what was told stays the one it continues. */
static void
take_course(const struct step *s, json_t *event)
{
	size_t i = find_incident(s, event);
	json_t *entry = json_array_get(s->kept, i);
	json_auto_t *copy = NULL;

	if (entry != NULL && !is_current(entry, event))
		entry = NULL;
	copy = continued(entry, event);
	if (entry != NULL && json_is_object(json_object_get(entry, "event")))
		let_go(s, i);
	tell(s, copy);
}

/* It ends without a resolution. */
static void
take_end(const struct step *s, json_t *event)
{
	size_t i;

	take_course(s, event);
	i = find_incident(s, event);
	if (i < json_array_size(s->kept) && is_current(json_array_get(s->kept, i), event))
		let_go(s, i);
}

/* --- batches ----------------------------------------------------------------- */

static bool
is_of_key(const json_t *entry, const char *key)
{
	const char *space = strchr(text_of(entry, "subject"), ' ');

	return space != NULL && strcmp(space + 1, key) == 0;
}

/* Anything else comes behind what is kept of the same thing. */
static void
take_other(const struct step *s, json_t *event)
{
	for (size_t i = 0; i < json_array_size(s->kept);)
		if (is_of_key(json_array_get(s->kept, i), text_of(event, "key")))
			let_go(s, i);
		else
			i++;
	tell(s, event);
}

static void
take(const struct step *s, json_t *event)
{
	static const struct {
		const char *kind;
		void (*take)(const struct step *s, json_t *event);
	} rows[] = {{"incident_opened", take_opening}, {"incident_reopened", take_opening},
	    {"incident_resolved", take_resolution}, {"incident_recurred", take_course},
	    {"incident_severity_changed", take_course}, {"incident_withdrawn", take_end},
	    {"incident_expired", take_end}, {"service_status_changed", take_status},
	    {"node_status_changed", take_status}, {"pressure_changed", take_status},
	    {"status_changed", take_status}};
	const char *kind = text_of(event, "kind");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].kind, kind) == 0) {
			rows[i].take(s, event);
			return;
		}
	take_other(s, event);
}

void
hold_events(json_t *kept, const json_t *events, timestamp at, timestamp duration, json_t *told)
{
	struct step step = {kept, told, at, duration};
	size_t i;
	json_t *event;

	hold_release(kept, at, duration, told);
	json_array_foreach ((json_t *)events, i, event)
		if (json_is_object(event))
			take(&step, event);
}

void
hold_release(json_t *kept, timestamp now, timestamp duration, json_t *told)
{
	struct step step = {kept, told, now, duration};

	for (size_t i = 0; i < json_array_size(kept);) {
		const json_t *entry = json_array_get(kept, i);
		timestamp due = due_of(entry);

		if (json_is_object(json_object_get(entry, "event")) &&
		    (now >= due || due - duration > now))
			let_go(&step, i);
		else
			i++;
	}
}

void
hold_clear(json_t *kept, json_t *told)
{
	struct step step = {kept, told, 0, 0};

	while (json_array_size(kept) > 0)
		let_go(&step, 0);
}
