/*
 * From bytes to an event, or to the reason why they aren't one. Pure: nothing
 * here knows files, clocks or other events.
 *
 * An optional field that is empty or of the wrong type is missing (E1); only
 * the four fields that say who, when and what can make an event unusable (E4).
 */

#include "text.h"

#include <homelab/event.h>
#include <homelab/names.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
node_names_have(const struct node_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->names[i], name) == 0)
			return true;
	return false;
}

static bool
is_too_deep(const json_t *value, int levels)
{
	const json_t *member;
	const char *key;
	size_t i;

	if (!json_is_object(value) && !json_is_array(value))
		return false;
	if (levels == 0)
		return true;
	json_array_foreach (value, i, member)
		if (is_too_deep(member, levels - 1))
			return true;
	json_object_foreach ((json_t *)value, key, member)
		if (is_too_deep(member, levels - 1))
			return true;
	return false;
}

static json_t *
parse(const char *bytes, size_t length, char *reason)
{
	json_error_t error;
	json_t *json;

	if (length > EVENT_SIZE_MAX) {
		(void)snprintf(reason, REASON_MAX, "larger than 1 MiB");
		return NULL;
	}
	json = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL) {
		(void)snprintf(reason, REASON_MAX, "not JSON: line %d, column %d: %s", error.line,
		    error.column, error.text);
	} else if (!json_is_object(json)) {
		(void)snprintf(reason, REASON_MAX, "not an object");
	} else if (is_too_deep(json, EVENT_DEPTH_MAX)) {
		(void)snprintf(reason, REASON_MAX, "nested deeper than %d levels", EVENT_DEPTH_MAX);
	} else {
		return json;
	}
	json_decref(json);
	return NULL;
}

static enum rejection
refuse(enum rejection why, char *reason, const char *field, const char *problem, const char *text)
{
	if (text != NULL)
		(void)snprintf(reason, REASON_MAX, "`%s` %s: \"%.100s\"", field, problem, text);
	else
		(void)snprintf(reason, REASON_MAX, "`%s` %s", field, problem);
	return why;
}

/* The string of a required field, or NULL with the reason. */
static const char *
required(const json_t *json, const char *field, char *reason)
{
	const json_t *value = json_object_get(json, field);

	if (json_is_string(value))
		return json_string_value(value);
	(void)refuse(REJECTION_CONTENT, reason, field,
	    value == NULL ? "is missing" : "isn't a string", NULL);
	return NULL;
}

static enum rejection
decode_identity(const json_t *json, const struct node_names *names, struct event *e, char *reason)
{
	const char *at, *service = text_of(json_object_get(json, "service"));

	if ((at = required(json, "timestamp", reason)) == NULL ||
	    (e->node = required(json, "node", reason)) == NULL ||
	    (e->type = required(json, "type", reason)) == NULL)
		return REJECTION_CONTENT;
	if (!timestamp_parse(at, strlen(at), &e->at))
		return refuse(REJECTION_CONTENT, reason, "timestamp",
		    "isn't an RFC 3339 date-time since 1970", at);
	if (!name_is_type(e->type, strlen(e->type)))
		return refuse(
		    REJECTION_CONTENT, reason, "type", "isn't 1 to 64 of a-z 0-9 _", e->type);
	if (service[0] != '\0' && !name_is_service(service, strlen(service)))
		return refuse(
		    REJECTION_CONTENT, reason, "service", "isn't a service name", service);
	if (!name_is_node(e->node, strlen(e->node)))
		return refuse(REJECTION_CONTENT, reason, "node", "isn't a node name", e->node);
	if (!node_names_have(names, e->node))
		return refuse(
		    REJECTION_NODE, reason, "node", "isn't that of the directory", e->node);
	return REJECTION_NONE;
}

static json_t *
object_of(const json_t *json, const char *field)
{
	json_t *value = json_object_get(json, field);

	return json_is_object(value) && json_object_size(value) > 0 ? value : NULL;
}

static enum severity
severity_of(const json_t *json)
{
	const char *text = text_of(json_object_get(json, "severity"));

	for (int i = SEVERITY_INFO; i < SEVERITY_COUNT; i++)
		if (strcmp(text, severity_names[i]) == 0)
			return (enum severity)i;
	return SEVERITY_MISSING;
}

/* Adds the names of an array, or the one of a string: each once (F3). */
static void
add_services(struct event *e, const json_t *value)
{
	json_auto_t *seen = json_object();
	size_t count = json_is_array(value) ? json_array_size(value) : 1;

	for (size_t i = 0; i < count && e->service_count < EVENT_SERVICES_MAX; i++) {
		const char *name = text_of(json_is_array(value) ? json_array_get(value, i) : value);

		if (!name_is_service(name, strlen(name)) || strcmp(name, "all") == 0 ||
		    json_object_get(seen, name) != NULL)
			continue;
		(void)json_object_set_new_nocheck(seen, name, json_true());
		e->services[e->service_count++] = name;
	}
}

static void
decode_services(const json_t *json, const json_t *payload, struct event *e)
{
	const char *service = text_of(json_object_get(json, "service"));
	const json_t *one = json_object_get(payload, "service");
	const json_t *several = json_object_get(payload, "services");
	const json_t *containers = json_object_get(payload, "containers");

	e->says_all = strcmp(service, "all") == 0;
	if (service[0] != '\0' && !e->says_all) {
		e->services[e->service_count++] = service;
		return;
	}
	if (json_is_string(one))
		add_services(e, one);
	if (e->service_count == 0 && json_is_array(several))
		add_services(e, several);
	if (e->service_count == 0 && json_is_array(containers))
		add_services(e, containers);
}

/* "" where a level says that there is no pressure (F1). */
static const char *
level_or_clear(const char *level)
{
	static const char *const clear[] = {"cleared", "ok", "normal", "resolved", "none"};

	for (size_t i = 0; i < sizeof(clear) / sizeof(clear[0]); i++)
		if (strcmp(level, clear[i]) == 0)
			return "";
	return level;
}

static void
decode_levels(const json_t *payload, struct event *e)
{
	const struct event_type *kind = e->kind;
	const char *level = kind->level;

	if (kind->effect == EFFECT_NODE_HEALTH)
		for (int i = 0; i < PRESSURE_COUNT; i++)
			e->level[i] = level_or_clear(
			    text_cut_to(json_object_get(payload, pressure_names[i]), LEVEL_MAX));
	if (kind->effect != EFFECT_PRESSURE)
		return;
	if (kind->prefix)
		level = e->type + strlen(kind->name);
	else if (level == NULL)
		level = text_cut_to(json_object_get(payload, "level"), LEVEL_MAX);
	e->level[kind->pressure] = level[0] == '\0' ? "high" : level_or_clear(level);
}

static int
compare_metric(const void *a, const void *b)
{
	return strcmp(((const struct metric *)a)->name, ((const struct metric *)b)->name);
}

/* The payload's numbers, the first 64 by name (E9). */
static void
decode_metrics(const json_t *payload, struct event *e)
{
	cleanup_free struct metric *all =
	    memory_resize(NULL, json_object_size(payload) + 1, sizeof(*all));
	size_t count = 0;
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)payload, name, value)
		if (json_is_number(value) && strlen(name) <= METRIC_NAME_MAX)
			all[count++] = (struct metric){.name = name,
			    .is_integer = json_is_integer(value),
			    .integer = json_integer_value(value),
			    .real = json_real_value(value)};
	qsort(all, count, sizeof(*all), compare_metric);
	e->metric_count = count < EVENT_METRICS_MAX ? count : EVENT_METRICS_MAX;
	memcpy(e->metrics, all, e->metric_count * sizeof(*all));
}

static void
add_diagnostic(struct event *e, json_t *value)
{
	const char *path = text_cut_to(
	    json_is_object(value) ? json_object_get(value, "path") : value, DIAGNOSTIC_MAX);

	if (path[0] == '\0' || e->diagnostic_count == EVENT_DIAGNOSTICS_MAX)
		return;
	for (size_t i = 0; i < e->diagnostic_count; i++)
		if (strcmp(e->diagnostics[i], path) == 0)
			return;
	e->diagnostics[e->diagnostic_count++] = path;
}

static void
decode_diagnostics(const json_t *payload, struct event *e)
{
	static const char *const fields[] = {
	    "diagnostics", "diagnostics_path", "diagnostic_files", "log_file", "log_path"};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		json_t *value = json_object_get(payload, fields[i]), *member;
		size_t k;

		add_diagnostic(e, value);
		json_array_foreach (value, k, member)
			add_diagnostic(e, member);
	}
}

/* The container it tells of. It counts for one service (F13). */
static void
decode_container(const json_t *payload, struct event *e)
{
	json_t *value = json_object_get(payload, "container");

	e->has_container = value != NULL && e->service_count == 1 &&
	    !name_is_ghost(e->services[0]) && sighting_decode(value, &e->container);
}

/* Everything that can't make an event unusable. */
static void
decode_rest(json_t *json, struct event *e)
{
	json_t *payload = object_of(json, "payload");
	const json_t *id = json_object_get(json, "correlation_id");

	if (payload == NULL)
		payload = object_of(json, "details");
	e->kind = event_type_find(e->type);
	e->severity = severity_of(json);
	e->source = text_cut_to(json_object_get(json, "source"), SOURCE_MAX);
	e->message = text_cut_to(json_object_get(json, "message"), MESSAGE_MAX);
	if (e->message[0] == '\0')
		e->message = text_cut_to(json_object_get(payload, "message"), MESSAGE_MAX);
	e->correlation_id = strlen(text_of(id)) <= CORRELATION_ID_MAX ? text_of(id) : "";
	decode_services(json, payload, e);
	decode_container(payload, e);
	decode_levels(payload, e);
	switch (e->kind->effect) {
	case EFFECT_NODE_HEALTH:
		decode_metrics(payload, e);
		break;
	case EFFECT_DEPLOYMENT_STARTED:
	case EFFECT_DEPLOYMENT_COMPLETED:
	case EFFECT_DEPLOYMENT_FAILED:
		e->stage = text_cut_to(json_object_get(payload, "stage"), STAGE_MAX);
		decode_diagnostics(payload, e);
		break;
	default:
		break;
	}
}

enum rejection
event_decode(const char *bytes, size_t length, const struct node_names *names, struct event *event,
    char reason[REASON_MAX])
{
	json_t *json = parse(bytes, length, reason);
	enum rejection rejection;

	if (json == NULL)
		return REJECTION_CONTENT;
	event->service_count = event->metric_count = event->diagnostic_count = 0;
	event->stage = "";
	for (int i = 0; i < PRESSURE_COUNT; i++)
		event->level[i] = "";
	rejection = decode_identity(json, names, event, reason);
	if (rejection != REJECTION_NONE) {
		json_decref(json);
		return rejection;
	}
	event->json = json;
	decode_rest(json, event);
	return REJECTION_NONE;
}

void
event_release(struct event *event)
{
	json_decref(event->json);
	event->json = NULL;
}
