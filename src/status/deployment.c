/* Which deployments make a world DEGRADED (homelab-world(5), status). */

#include <homelab/status.h>

#include <string.h>

#define DEPLOYMENT_WORRY DAYS(7)

static bool
names_every_service(const json_t *run)
{
	const json_t *services = json_object_get(run, "services");

	return json_array_size(services) == 0 || array_has(services, "all");
}

static timestamp
start_of(const json_t *run)
{
	timestamp at = member_time(run, "started_at");

	return at != TIMESTAMP_NONE ? at : member_time(run, "ended_at");
}

static bool
is_newer(const json_t *a, const json_t *b)
{
	timestamp x = start_of(a), y = start_of(b);
	const char *id = member_text(a, "id"), *other = member_text(b, "id");

	return x != y ? x > y : id != NULL && other != NULL && strcmp(id, other) > 0;
}

static bool
concerns(const json_t *run, const char *node, const char *service)
{
	return array_has(json_object_get(run, "nodes"), node) &&
	    (names_every_service(run) || array_has(json_object_get(run, "services"), service));
}

static bool
is_newest_of(
    const struct published *world, const json_t *run, const char *node, const char *service)
{
	json_t *other;
	const char *id;

	json_object_foreach (world->documents[DOCUMENT_DEPLOYMENTS], id, other)
		if (other != run && concerns(other, node, service) && is_newer(other, run))
			return false;
	return true;
}

static bool
is_newest_of_any(
    const struct published *world, const json_t *run, const char *node, const json_t *services)
{
	for (size_t i = 0; i < json_array_size(services); i++) {
		const char *service = json_string_value(json_array_get(services, i));

		if (service != NULL && is_newest_of(world, run, node, service))
			return true;
	}
	return false;
}

/* A run of all services: the newest of one that is seen there, or that another
 * run names there; or of "all", where there is none. */
static bool
is_newest_of_all(const struct published *world, const json_t *run, const char *node)
{
	json_t *record;
	const char *id;
	bool any = false;

	json_object_foreach (world->documents[DOCUMENT_SERVICES], id, record) {
		size_t length = strlen(node); /* the id is "node/service" */

		if (strncmp(id, node, length) != 0 || id[length] != '/')
			continue;
		if (is_newest_of(world, run, node, id + length + 1))
			return true;
		any = true;
	}
	json_object_foreach (world->documents[DOCUMENT_DEPLOYMENTS], id, record) {
		const json_t *services = json_object_get(record, "services");

		if (names_every_service(record) ||
		    !array_has(json_object_get(record, "nodes"), node))
			continue;
		if (is_newest_of_any(world, run, node, services))
			return true;
		any = true;
	}
	return !any && is_newest_of(world, run, node, "all");
}

bool
deployment_is_trouble(const struct published *world, const json_t *run, timestamp now)
{
	const json_t *nodes = json_object_get(run, "nodes");
	timestamp last = member_time(run, "ended_at");

	if (!member_is(run, "status", "failed") && !member_is(run, "status", "stalled"))
		return false;
	if (last == TIMESTAMP_NONE)
		last = start_of(run);
	if (last != TIMESTAMP_NONE && now > timestamp_add(last, DEPLOYMENT_WORRY))
		return false;
	for (size_t i = 0; i < json_array_size(nodes); i++) {
		const char *node = json_string_value(json_array_get(nodes, i));

		if (node == NULL)
			continue;
		if (names_every_service(run) ?
			is_newest_of_all(world, run, node) :
			is_newest_of_any(world, run, node, json_object_get(run, "services")))
			return true;
	}
	return false;
}
