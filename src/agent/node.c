#include "node.h"

#include <homelab/disk.h>
#include <homelab/message.h>

#include <stdio.h>
#include <string.h>

#define WINDOW MINUTES(1) /* that the processors' percentage is of, where we stay */
#define WINDOW_LEAST SECONDS(10) /* of less it says nothing */

/* --- state ------------------------------------------------------------------------ */

json_t *
node_to_json(const struct node *n)
{
	json_t *value = json_pack("{s:s, s:s, s:I, s:[I, I, I]}", "boot", n->boot, "offline",
	    n->offline, "health_at", (json_int_t)n->health_at, "cpu", (json_int_t)n->kept.at,
	    (json_int_t)n->kept.cpu.busy, (json_int_t)n->kept.cpu.total);

	for (int p = 0; p < PRESSURE_COUNT; p++)
		(void)json_object_set_new(value, pressure_names[p],
		    n->levels[p] == PRESSURE_NONE ?
			json_null() :
			json_string(pressure_level_names[n->levels[p]]));
	return value;
}

static void
copy_text(char *out, size_t size, const json_t *value)
{
	const char *text = json_string_value(value);

	(void)snprintf(out, size, "%s", text != NULL ? text : "");
}

static void
sample_from_json(const json_t *value, struct sample *out)
{
	out->at = json_integer_value(json_array_get(value, 0));
	out->cpu.busy = (uint64_t)json_integer_value(json_array_get(value, 1));
	out->cpu.total = (uint64_t)json_integer_value(json_array_get(value, 2));
}

void
node_from_json(const json_t *value, struct node *out)
{
	const json_t *at = json_object_get(value, "health_at");

	*out = (struct node){.health_at = TIMESTAMP_NONE};
	copy_text(out->boot, sizeof(out->boot), json_object_get(value, "boot"));
	copy_text(out->offline, sizeof(out->offline), json_object_get(value, "offline"));
	if (json_is_integer(at))
		out->health_at = json_integer_value(at);
	for (int p = 0; p < PRESSURE_COUNT; p++)
		out->levels[p] =
		    pressure_level_of(json_string_value(json_object_get(value, pressure_names[p])));
	sample_from_json(json_object_get(value, "cpu"), &out->kept);
	out->base = out->kept;
}

/* --- node_online -------------------------------------------------------------------- */

static void
tell(struct news *news, const char *type, timestamp now, json_t *payload, json_t *told)
{
	const struct outline outline = {.type = type, .at = TIMESTAMP_NONE, .payload = payload};
	json_t *event = news_add(news, &outline, now);

	if (event != NULL)
		(void)json_array_append_new(told, event);
}

static json_t *
describe_boot(const char *boot)
{
	json_t *payload = json_pack("{s:s}", "boot_id", boot);
	timestamp uptime;

	if (system_uptime(&uptime))
		(void)json_object_set_new(
		    payload, "uptime_seconds", json_integer(uptime / NANOSECONDS_A_SECOND));
	return payload;
}

/* Where the system has no such thing, every first run with an empty state. */
/* Whether this is another boot than the last look's. */
static bool
look_at_boot(
    struct node *n, const struct store *store, struct news *news, timestamp now, json_t *told)
{
	char boot[BOOT_ID_SIZE] = "unknown", offline[sizeof(n->offline)];
	bool booted;

	(void)system_boot_id(boot);
	booted = strcmp(boot, n->boot) != 0;
	store_read_offline(store, offline, sizeof(offline));
	if (booted) {
		n->base = n->recent = n->kept = (struct sample){0};
		(void)snprintf(n->boot, sizeof(n->boot), "%s", boot);
	}
	if (booted || (offline[0] != '\0' && strcmp(offline, n->offline) != 0)) {
		json_auto_t *payload = describe_boot(boot);

		tell(news, "node_online", now, payload, told);
	}
	(void)snprintf(n->offline, sizeof(n->offline), "%s", offline);
	return booted;
}

/* --- node_health ---------------------------------------------------------------------- */

/* To a part of `scale`, of what isn't negative. */
static json_t *
rounded(double value, int scale)
{
	return json_real((double)(int64_t)(value * scale + 0.5) / scale);
}

static void
set_number(json_t *payload, const char *name, double value)
{
	if (value >= 0)
		(void)json_object_set_new(payload, name, rounded(value, 10));
}

static void
set_count(json_t *payload, const char *name, uint64_t value)
{
	(void)json_object_set_new(payload, name, json_integer((json_int_t)value));
}

/* Over the last minute or two, or since the last node_health where this is a run of
 * its own; at first since the boot. */
static double
read_cpu(struct node *n, struct sample *now)
{
	*now = (struct sample){0};
	if (!system_cpu(&now->cpu) || !system_uptime(&now->at))
		return -1;
	if (n->recent.at == 0)
		n->recent = *now;
	if (now->at - n->recent.at >= WINDOW) {
		n->base = n->recent;
		n->recent = *now;
	}
	return now->at - n->base.at < WINDOW_LEAST ? -1 : cpu_percent(&n->base.cpu, &now->cpu);
}

static double
read_memory(json_t *payload)
{
	struct memory_reading memory;

	if (!system_memory(&memory))
		return -1;
	set_count(payload, "memory_total_bytes", memory.total);
	set_count(payload, "memory_available_bytes", memory.available);
	return memory_percent(&memory);
}

/* Of the fullest; what each of them says is in `disks`. */
static double
read_disks(struct node *n, const struct texts *mounts, json_t *payload)
{
	json_t *disks = json_object();
	double most = -1;

	for (size_t i = 0; i < mounts->count; i++) {
		struct disk_reading reading;
		double percent = -1;

		if (system_disk(mounts->list[i], &reading))
			percent = disk_percent(&reading);
		else if (!n->missing)
			message_warning("cannot tell how full %s is", mounts->list[i]);
		n->missing |= percent < 0;
		set_number(disks, mounts->list[i], percent);
		most = percent > most ? percent : most;
	}
	(void)json_object_set_new(payload, "disks", disks);
	return most;
}

static void
read_others(json_t *payload)
{
	static const char *const names[] = {"load1", "load5", "load15"};
	double load[3];
	timestamp uptime;

	if (system_load(load))
		for (int i = 0; i < 3; i++)
			(void)json_object_set_new(payload, names[i], rounded(load[i], 100));
	if (system_uptime(&uptime))
		set_count(payload, "uptime_seconds", (uint64_t)(uptime / NANOSECONDS_A_SECOND));
}

/* Whether a pressure changed. */
static bool
judge(struct node *n, const double percents[PRESSURE_COUNT], json_t *payload)
{
	bool changed = false;

	for (int p = 0; p < PRESSURE_COUNT; p++) {
		enum pressure_level level =
		    pressure_judge((enum pressure)p, n->levels[p], percents[p]);

		changed |= level != n->levels[p];
		n->levels[p] = level;
		(void)json_object_set_new(payload, pressure_names[p],
		    level == PRESSURE_NONE ? json_null() :
					     json_string(pressure_level_names[level]));
	}
	return changed;
}

static void
look_at_health(
    struct node *n, const struct agent_options *o, struct news *news, timestamp now, json_t *told)
{
	static const char *const names[PRESSURE_COUNT] = {[PRESSURE_DISK] = "disk_percent",
	    [PRESSURE_MEMORY] = "memory_percent",
	    [PRESSURE_CPU] = "cpu_percent"};
	json_auto_t *payload = json_object();
	struct sample sample;
	double percents[PRESSURE_COUNT] = {[PRESSURE_DISK] = read_disks(n, &o->mounts, payload),
	    [PRESSURE_MEMORY] = read_memory(payload),
	    [PRESSURE_CPU] = read_cpu(n, &sample)};
	bool due = n->health_at == TIMESTAMP_NONE || now < n->health_at ||
	    now - n->health_at >= o->heartbeat;

	if (!judge(n, percents, payload) && !due)
		return;
	for (int p = 0; p < PRESSURE_COUNT; p++)
		set_number(payload, names[p], percents[p]);
	read_others(payload);
	n->health_at = now;
	n->kept = sample;
	tell(news, "node_health", now, payload, told);
}

bool
node_look(struct node *n, const struct agent_options *o, const struct store *store,
    struct news *news, timestamp now, json_t *told)
{
	bool booted = look_at_boot(n, store, news, now, told);

	look_at_health(n, o, news, now, told);
	return booted;
}
