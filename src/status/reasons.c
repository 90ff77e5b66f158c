/* Why a world isn't nominal: a row for each kind of reason. */

#include <homelab/status.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_SHOWN = 3 };

struct noun {
	const char *one, *many;
};

/* Names that share a reason: the first few, and how many more. */
struct names {
	struct buffer text;
	size_t count;
};

static void
names_add(struct names *n, const char *node, const char *service)
{
	if (n->count++ >= NAMES_SHOWN)
		return;
	buffer_text(&n->text, "%s%s%s%s", n->count > 1 ? ", " : "", node ? node : "",
	    service ? "/" : "", service ? service : "");
}

static void
reasons_add(struct reasons *r, enum alarm alarm, const struct noun *what, struct names *n)
{
	cleanup_buffer struct buffer text = {0};

	if (n->count > 0) {
		buffer_text(&text, "%zu %s: %s", n->count, n->count == 1 ? what->one : what->many,
		    buffer_string(&n->text));
		if (n->count > NAMES_SHOWN)
			buffer_text(&text, " and %zu more", n->count - NAMES_SHOWN);
		ARRAY_GROW(r->list, r->count, r->room);
		r->list[r->count++] = (struct reason){alarm, text_copy(buffer_string(&text))};
		if (alarm > r->worst)
			r->worst = alarm;
	}
	buffer_release(&n->text);
	n->count = 0;
}

static bool
is_down(const json_t *node)
{
	return member_is(node, "status", "offline") || member_is(node, "status", "stale");
}

static bool
is_permanent(const json_t *node)
{
	return !member_is(node, "connectivity", "intermittent");
}

static bool
is_pressed(const json_t *node)
{
	return member_text(node, "disk_pressure") != NULL ||
	    member_text(node, "memory_pressure") != NULL ||
	    member_text(node, "cpu_pressure") != NULL;
}

static bool
is_down_for_good(const json_t *node)
{
	return is_down(node) && is_permanent(node);
}

static bool
is_away(const json_t *node)
{
	return is_down(node) && !is_permanent(node);
}

static bool
is_unheard(const json_t *node)
{
	return member_is(node, "status", "unknown") && is_permanent(node);
}

static bool
is_critical(const json_t *incident)
{
	return member_is(incident, "status", "active") &&
	    member_is(incident, "severity", "critical");
}

static bool
is_active(const json_t *incident)
{
	return member_is(incident, "status", "active") && !is_critical(incident);
}

static const struct rule {
	enum alarm alarm;
	enum document document;
	bool (*applies)(const json_t *record);
	struct noun what;
} rules[] = {
    {ALARM_CRITICAL, DOCUMENT_INCIDENTS, is_critical, {"critical incident", "critical incidents"}},
    {ALARM_CRITICAL, DOCUMENT_NODES, is_down_for_good, {"node down", "nodes down"}},
    {ALARM_WARNING, DOCUMENT_INCIDENTS, is_active, {"incident active", "incidents active"}},
    {ALARM_WARNING, DOCUMENT_NODES, is_away, {"intermittent node away", "intermittent nodes away"}},
    {ALARM_WARNING, DOCUMENT_NODES, is_unheard, {"node never heard of", "nodes never heard of"}},
    {ALARM_WARNING, DOCUMENT_NODES, is_pressed, {"node under pressure", "nodes under pressure"}},
};

static void
apply_rules(const struct published *world, const struct query *q, struct reasons *out)
{
	struct names names = {0};

	for (const struct rule *rule = rules; rule < rules + sizeof(rules) / sizeof(rules[0]);
	     rule++) {
		/* A node that needn't ever be heard of (heartbeat_ttl 0) is no reason. */
		if (rule->applies == is_unheard && member_is(world->summary, "status", "NOMINAL"))
			continue;
		json_auto_t *records = select_all(world, q, rule->document);
		json_t *record;
		const char *id;

		json_object_foreach (records, id, record)
			if (rule->applies(record))
				names_add(&names,
				    rule->document == DOCUMENT_NODES ? id :
								       member_text(record, "node"),
				    member_text(record, "service"));
		reasons_add(out, rule->alarm, &rule->what, &names);
	}
}

static void
find_deployments(
    const struct published *world, const struct query *q, timestamp now, struct reasons *out)
{
	static const struct noun what = {
	    "deployment failed or stalled", "deployments failed or stalled"};
	json_auto_t *runs = select_all(world, q, DOCUMENT_DEPLOYMENTS);
	struct names names = {0};
	json_t *run;
	const char *id;

	json_object_foreach (runs, id, run)
		if (deployment_is_trouble(world, run, now))
			names_add(&names, id, NULL);
	reasons_add(out, ALARM_WARNING, &what, &names);
}

static void
find_drift(const struct published *world, const struct query *q, const char *kind,
    const struct noun *what, struct reasons *out)
{
	json_auto_t *services = select_all(world, q, DOCUMENT_SERVICES);
	const json_t *keys = json_object_get(json_object_get(world->summary, "drift"), kind);
	struct names names = {0};

	for (size_t i = 0; i < json_array_size(keys); i++) {
		const char *key = json_string_value(json_array_get(keys, i));

		if (key != NULL && json_object_get(services, key) != NULL)
			names_add(&names, key, NULL);
	}
	reasons_add(out, ALARM_WARNING, what, &names);
}

static void
find_inventory(const struct published *world, struct reasons *out)
{
	static const struct noun what = {"inventory error", "inventory errors"};
	const json_t *errors = json_object_get(world->summary, "inventory_errors");
	struct names names = {0};

	for (size_t i = 0; i < json_array_size(errors); i++)
		names_add(&names, json_string_value(json_array_get(errors, i)), NULL);
	if (names.count == 0 && member_is(world->summary, "topology", "stale"))
		names_add(&names, "topology is gone, the last good one is in use", NULL);
	reasons_add(out, ALARM_WARNING, &what, &names);
}

void
reasons_find(
    const struct published *world, const struct query *q, timestamp now, struct reasons *out)
{
	static const struct noun missing = {"service never reported", "services never reported"};
	static const struct noun silent = {"service silent", "services silent"};

	*out = (struct reasons){0};
	apply_rules(world, q, out);
	find_deployments(world, q, now, out);
	find_drift(world, q, "missing", &missing, out);
	find_drift(world, q, "silent", &silent, out);
	if (q->node == NULL && q->service == NULL)
		find_inventory(world, out);
}

void
reasons_release(struct reasons *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->list[i].text);
	free(r->list);
	*r = (struct reasons){0};
}
