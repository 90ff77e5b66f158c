/* What a query asks for, and what of it matters. */

#include <homelab/status.h>

#include <stdio.h>
#include <string.h>

enum { CHECK_DIFFERS = 1 }; /* the exit status where there is no such thing */

const char *
select_drift(const struct published *world, const char *key)
{
	return member_text(world->drift, key);
}

static bool
has_service(const struct published *world, const char *node, const char *service)
{
	cleanup_buffer struct buffer key = {0};

	buffer_text(&key, "%s/%s", node, service);
	return json_object_get(world->documents[DOCUMENT_SERVICES], buffer_string(&key)) != NULL;
}

/* Whether a record is about the node and service that are asked for. */
typedef bool (*record_test)(
    const struct published *world, const struct query *q, const char *id, const json_t *record);

static bool
is_node_asked(
    const struct published *world, const struct query *q, const char *id, const json_t *record)
{
	(void)record;
	return (q->node == NULL || strcmp(q->node, id) == 0) &&
	    (q->service == NULL || has_service(world, id, q->service));
}

static bool
is_record_asked(
    const struct published *world, const struct query *q, const char *id, const json_t *record)
{
	(void)world;
	(void)id;
	return (q->node == NULL || member_is(record, "node", q->node)) &&
	    (q->service == NULL || member_is(record, "service", q->service));
}

/* A run of all services is about each of them. */
static bool
is_deployment_asked(
    const struct published *world, const struct query *q, const char *id, const json_t *record)
{
	const json_t *services = json_object_get(record, "services");

	(void)world;
	(void)id;
	return (q->node == NULL || array_has(json_object_get(record, "nodes"), q->node)) &&
	    (q->service == NULL || json_array_size(services) == 0 || array_has(services, "all") ||
		array_has(services, q->service));
}

static bool
node_matters(
    const struct published *world, const struct query *q, const char *id, const json_t *record)
{
	(void)world;
	(void)q;
	(void)id;
	(void)record;
	return true;
}

static bool
service_matters(
    const struct published *world, const struct query *q, const char *id, const json_t *record)
{
	(void)q;
	if (member_is(record, "status", "unknown") &&
	    json_is_false(json_object_get(record, "monitored")))
		return false;
	return !member_is(record, "status", "healthy") || select_drift(world, id) != NULL;
}

static bool
incident_matters(
    const struct published *world, const struct query *q, const char *id, const json_t *record)
{
	(void)world;
	(void)q;
	(void)id;
	return !member_is(record, "status", "resolved");
}

static bool
deployment_matters(
    const struct published *world, const struct query *q, const char *id, const json_t *record)
{
	(void)id;
	return member_is(record, "status", "in_progress") ||
	    deployment_is_trouble(world, record, query_now(q));
}

static const struct {
	record_test is_asked, matters;
} tests[DOCUMENT_COUNT] = {
    [DOCUMENT_NODES] = {is_node_asked, node_matters},
    [DOCUMENT_SERVICES] = {is_record_asked, service_matters},
    [DOCUMENT_INCIDENTS] = {is_record_asked, incident_matters},
    [DOCUMENT_DEPLOYMENTS] = {is_deployment_asked, deployment_matters},
};

static json_t *
select_by(const struct published *world, const struct query *q, enum document which, bool all)
{
	json_t *chosen = json_object(), *record;
	const char *id;

	json_object_foreach (world->documents[which], id, record)
		if (json_is_object(record) && tests[which].is_asked(world, q, id, record) &&
		    (all || tests[which].matters(world, q, id, record)))
			(void)json_object_set_nocheck(chosen, id, record);
	return chosen;
}

json_t *
select_records(const struct published *world, const struct query *q, enum document which)
{
	return select_by(world, q, which, q->all);
}

json_t *
select_all(const struct published *world, const struct query *q, enum document which)
{
	return select_by(world, q, which, true);
}

/* --- events of the history ------------------------------------------------- */

static const char *const subject_kinds[] = {[SUBJECT_OVERVIEW] = "",
    [SUBJECT_NODES] = "node_ pressure_",
    [SUBJECT_SERVICES] = "service_ drift_",
    [SUBJECT_INCIDENTS] = "incident_",
    [SUBJECT_DEPLOYMENTS] = "deployment_",
    [SUBJECT_HISTORY] = ""};

static bool
is_of_subject(enum subject subject, const char *kind)
{
	const char *kinds = subject_kinds[subject], *end = strchr(kind, '_');
	char stem[32];

	if (*kinds == '\0')
		return true;
	(void)snprintf(stem, sizeof(stem), "%.*s_", end ? (int)(end - kind) : 0, kind);
	return stem[0] != '_' && strstr(kinds, stem) != NULL;
}

/* Of a change of drift: whether one of its services is asked for. */
static bool
names_asked(const struct query *q, const json_t *keys)
{
	for (size_t i = 0; i < json_array_size(keys); i++) {
		const char *key = json_string_value(json_array_get(keys, i));
		const char *slash = key ? strchr(key, '/') : NULL;

		if (slash != NULL &&
		    (q->node == NULL ||
			(strlen(q->node) == (size_t)(slash - key) &&
			    strncmp(q->node, key, (size_t)(slash - key)) == 0)) &&
		    (q->service == NULL || strcmp(q->service, slash + 1) == 0))
			return true;
	}
	return false;
}

/* Whether an event is about "node/service". */
static bool
is_of_service(const json_t *event, const char *key)
{
	const char *node = member_text(event, "node"), *service = member_text(event, "service");
	size_t length = node != NULL ? strlen(node) : 0;

	return node != NULL && service != NULL && strncmp(key, node, length) == 0 &&
	    key[length] == '/' && strcmp(key + length + 1, service) == 0;
}

bool
select_event(const struct query *q, const json_t *event)
{
	const char *kind = member_text(event, "kind");

	if (kind == NULL || !is_of_subject(q->subject, kind))
		return false;
	if (q->id != NULL)
		return member_is(event, "key", q->id) || is_of_service(event, q->id);
	if (q->node == NULL && q->service == NULL)
		return true;
	return is_record_asked(NULL, q, NULL, event) ||
	    names_asked(q, json_object_get(event, "added")) ||
	    names_asked(q, json_object_get(event, "removed"));
}

/* --- whether there is such a thing ----------------------------------------- */

static bool
history_has(const json_t *history, const struct query *q)
{
	const json_t *batches = json_object_get(history, "batches");
	struct query all = *q;

	all.subject = SUBJECT_HISTORY;
	for (size_t i = 0; i < json_array_size(batches); i++) {
		const json_t *events = json_object_get(json_array_get(batches, i), "events");

		for (size_t k = 0; k < json_array_size(events); k++)
			if (select_event(&all, json_array_get(events, k)))
				return true;
	}
	return false;
}

static bool
world_has(const struct published *world, const struct query *q)
{
	static const enum document of_services[] = {
	    DOCUMENT_SERVICES, DOCUMENT_INCIDENTS, DOCUMENT_DEPLOYMENTS};

	if (q->service == NULL)
		return json_object_get(world->documents[DOCUMENT_NODES], q->node) != NULL;
	for (size_t i = 0; i < sizeof(of_services) / sizeof(of_services[0]); i++) {
		json_t *record;
		const char *id;

		json_object_foreach (world->documents[of_services[i]], id, record)
			if (is_record_asked(world, q, id, record) ||
			    (of_services[i] == DOCUMENT_DEPLOYMENTS &&
				array_has(json_object_get(record, "services"), q->service) &&
				is_deployment_asked(world, q, id, record)))
				return true;
	}
	return false;
}

int
select_check(
    const struct published *world, const json_t *history, const struct query *q, struct error *err)
{
	if (q->node == NULL && q->service == NULL)
		return 0;
	if (world_has(world, q) || (history != NULL && history_has(history, q)))
		return 0;
	if (q->service == NULL)
		return error_set(err, CHECK_DIFFERS, "no node is called %s here", q->node);
	return error_set(err, CHECK_DIFFERS, "no service is called %s %s%s", q->service,
	    q->node ? "on " : "here", q->node ? q->node : "");
}
