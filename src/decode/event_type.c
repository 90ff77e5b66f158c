#include <homelab/event.h>

#include <stdlib.h>
#include <string.h>

const char *const severity_names[SEVERITY_COUNT] = {"", "info", "warning", "error", "critical"};

const char *const pressure_names[PRESSURE_COUNT] = {
    "disk_pressure", "memory_pressure", "cpu_pressure"};

/* clang-format off */
#define FAILURE(name) {name, EFFECT_FAILURE, 0, SEVERITY_ERROR, 0, NULL, false}
#define CRISIS(name) {name, EFFECT_FAILURE, 0, SEVERITY_CRITICAL, 0, NULL, false}
#define PLAIN(name, effect, rank) {name, effect, rank, SEVERITY_INFO, 0, NULL, false}
#define PRESSURE(name, which, level) {name, EFFECT_PRESSURE, 1, SEVERITY_INFO, which, level, false}
#define LEVEL(name, which) {name, EFFECT_PRESSURE, 1, SEVERITY_INFO, which, NULL, true}

/* In the order of strcmp(). */
static const struct event_type types[] = {
	CRISIS("container_crash_loop"),
	FAILURE("container_crashed"),
	FAILURE("container_isolated"),
	PLAIN("container_removed", EFFECT_REMOVED, 2),
	FAILURE("containers_not_running"),
	PLAIN("deployment_completed", EFFECT_DEPLOYMENT_COMPLETED, 2),
	PLAIN("deployment_failed", EFFECT_DEPLOYMENT_FAILED, 2),
	PLAIN("deployment_started", EFFECT_DEPLOYMENT_STARTED, 0),
	PRESSURE("disk_pressure", PRESSURE_DISK, NULL),
	PRESSURE("disk_usage_high", PRESSURE_DISK, "high"),
	FAILURE("healthcheck_failed"),
	PRESSURE("high_cpu", PRESSURE_CPU, NULL),
	PRESSURE("high_memory", PRESSURE_MEMORY, NULL),
	FAILURE("mqtt_unreachable"),
	PLAIN("node_health", EFFECT_NODE_HEALTH, 2),
	PLAIN("node_offline", EFFECT_NODE_OFFLINE, 0),
	PLAIN("node_online", EFFECT_NODE_ONLINE, 2),
	PLAIN("remediation_completed", EFFECT_REMEDIATION_COMPLETED, 2),
	PLAIN("remediation_started", EFFECT_REMEDIATION_STARTED, 0),
	PLAIN("service_healthy", EFFECT_HEALTHY, 2),
	PLAIN("service_recovered", EFFECT_HEALTHY, 2),
	FAILURE("service_shutdown"),
	FAILURE("service_unhealthy"),
};

static const struct event_type families[] = {
	LEVEL("disk_pressure_", PRESSURE_DISK),
	LEVEL("memory_pressure_", PRESSURE_MEMORY),
	LEVEL("cpu_pressure_", PRESSURE_CPU),
};

static const struct event_type any_other = PLAIN("", EFFECT_SEEN, 1);
/* clang-format on */

static int
compare_name(const void *name, const void *type)
{
	return strcmp(name, ((const struct event_type *)type)->name);
}

static const struct event_type *
find_literal(const char *name)
{
	return bsearch(
	    name, types, sizeof(types) / sizeof(types[0]), sizeof(types[0]), compare_name);
}

bool
event_type_is_literal(const char *name)
{
	return find_literal(name) != NULL;
}

const struct event_type *
event_type_at(size_t i)
{
	return i < sizeof(types) / sizeof(types[0]) ? &types[i] : NULL;
}

const struct event_type *
event_type_find(const char *name)
{
	const struct event_type *found = find_literal(name);

	if (found != NULL)
		return found;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		size_t length = strlen(families[i].name);

		if (strncmp(name, families[i].name, length) == 0 && name[length] != '\0')
			return &families[i];
	}
	return &any_other;
}
