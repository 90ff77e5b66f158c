/* The runs that the power fails in. */

#include "homelab.h"

#define TOPOLOGY                                                                                   \
	"nodes:\n  piha:\n    roles: [infra]\n  saturn:\n    aliases: [sat]\n"                     \
	"  vps:\n    connectivity: intermittent\n"

/* Three nodes, two days; one file is no event, one line neither; one is held. */
static void
put_events(struct homelab *h)
{
	static const char *const nodes[] = {"piha", "saturn", "vps"};

	homelab_put(h, "inventory/topology.yaml", TOPOLOGY);
	homelab_put(h, "hosts/piha/services.yaml", "services:\n  mosquitto:\n    role: broker\n");
	for (size_t i = 0; i < COUNT(nodes); i++) {
		homelab_event(h, nodes[i], "0d10:00:00", "node_online", "", "");
		homelab_event(h, nodes[i], "0d12:05:00", "service_unhealthy", "mosquitto",
		    ", \"message\": \"gone\"");
		homelab_event(h, nodes[i], "0d12:10:00", "service_recovered", "mosquitto", "");
		homelab_event(h, nodes[i], "1d09:00:00", "node_health", "",
		    ", \"payload\": {\"load\": 0.5, \"disk_pressure\": \"high\"}");
	}
	homelab_event(h, "vps", "1d09:30:00", "deployment_started", "grafana",
	    ", \"correlation_id\": \"dep-1\"");
	homelab_put(h, "events/2026-05-13/sat/old-name.json",
	    "{\"timestamp\": \"2026-05-13T09:10:00Z\", \"node\": \"sat\", \"type\": \"high_cpu\"}");
	homelab_put(h, "events/2026-05-13/piha/bad.json", "{\"timestamp\": ");
	homelab_put(h, "events/2026-05-13/piha/lines.jsonl",
	    "{\"timestamp\": \"2026-05-13T09:15:00Z\", \"node\": \"piha\", \"type\": \"backup\"}\n"
	    "not an event\n"
	    "{\"timestamp\": \"2026-05-13T09:16:00Z\", \"node\": \"piha\", \"type\": \"backup\"}\n"
	    "{\"timestamp\": \"2026-05-13T09:17");
	homelab_event(h, "saturn", "1d11:00:00", "service_healthy", "later", "");
}

static void
put_and_run(struct homelab *h)
{
	put_events(h);
	homelab_run(h, "1d10:00:00");
	ck_assert_msg(h->status == 0, "status %d: %s%s", h->status, h->error.text, h->said);
}

/* Among them what changes no document's size: a time of day. */
static void
put_news(struct homelab *h)
{
	homelab_event(h, "piha", "1d10:00:10", "node_health", "", "");
	homelab_event(h, "piha", "1d10:00:20", "service_unhealthy", "mosquitto", "");
	homelab_event(h, "vps", "1d10:00:15", "deployment_completed", "grafana",
	    ", \"correlation_id\": \"dep-1\"");
	homelab_put(h, "events/2026-05-13/vps/worse.json", "[]");
	homelab_put(h, "events/2026-05-13/piha/more.jsonl",
	    "{\"timestamp\": \"2026-05-13T10:00:01Z\", \"node\": \"piha\", \"type\": "
	    "\"backup\"}\n");
}

/* With a node that is still fresh when the next event of it comes. */
static void
put_fresh_and_run(struct homelab *h)
{
	homelab_event(h, "piha", "1d09:50:00", "node_online", "", "");
	put_and_run(h);
}

static void
put_same_size(struct homelab *h)
{
	homelab_event(h, "piha", "1d09:59:59", "node_online", "", "");
}

/* Nothing to be rejected until now. */
static void
put_good_and_run(struct homelab *h)
{
	homelab_put(h, "inventory/topology.yaml", TOPOLOGY);
	homelab_event(h, "piha", "1d09:00:00", "node_online", "", "");
	homelab_run(h, "1d10:00:00");
}

static void
put_bad(struct homelab *h)
{
	homelab_put(h, "events/2026-05-13/piha/bad.json", "{\"timestamp\": ");
}

static void
put_late(struct homelab *h)
{
	homelab_event(h, "piha", "1d08:55:00", "service_unhealthy", "nginx", "");
	homelab_event(h, "saturn", "0d12:07:00", "service_unhealthy", "mosquitto", "");
	homelab_event(h, "vps", "0d09:00:00", "service_unhealthy", "zigbee", "");
}

static void
put_days(struct homelab *h)
{
	homelab_event(h, "piha", "5d09:00:00", "node_health", "", "");
	homelab_event(h, "saturn", "5d09:10:00", "node_health", "", "");
	homelab_event(h, "saturn", "5d10:10:00", "backup", "", "");
}

/* Of the old events some are no longer there when all is made anew. */
static void
delete_some(struct homelab *h)
{
	put_news(h);
	homelab_delete(h, "events/2026-05-12/piha/0d12:05:00-service_unhealthy-mosquitto.json");
	homelab_delete(h, "events/2026-05-12/vps/0d12:10:00-service_recovered-mosquitto.json");
}

static void
rename_node(struct homelab *h)
{
	homelab_put(
	    h, "inventory/topology.yaml", "nodes:\n  piha:\n    aliases: [sat]\n  saturn:\n");
	homelab_event(h, "saturn", "1d10:01:00", "node_online", "", "");
}

static void
be_python(struct homelab *h)
{
	put_events(h);
	homelab_put(h, "state/observer_checkpoint.json",
	    "{\"last_processed_file\": \"/opt/homelab/events/2026-05-12/vps/a.json\"}");
	homelab_put(h, "world/nodes.json", "{\"piha\": {\"status\": \"online\"}}\n");
	homelab_put(h, "world/runtime-summary.json", "{\"status\": \"NOMINAL\"}\n");
}

/* Journal and checkpoint both have been changed behind our back. */
static void
damage(struct homelab *h)
{
	put_news(h);
	homelab_put(h, "state/observer/journal/piha/2026-05-13.1", "HLrows\n1 nonsense");
}

/* What is remembered of the inventory has been. */
static void
damage_memory(struct homelab *h)
{
	put_news(h);
	homelab_put(h, "state/observer/inventory/memory.1", "{\"topology\": null}");
}

static void
put_and_run_late(struct homelab *h)
{
	put_and_run(h);
	put_news(h);
	homelab_run(h, "1d10:01:00");
}

static void
forget_checkpoint(struct homelab *h)
{
	put_news(h);
	homelab_delete(h, "state/observer_checkpoint.json");
	homelab_delete(h, "events/2026-05-12/piha/0d12:05:00-service_unhealthy-mosquitto.json");
}

const struct scenario scenarios[] = {
    {"the first run", "1d10:00:00", put_events, NULL, ORDINARY, A_RUN},
    {"an ordinary run", "1d10:01:00", put_and_run, put_news, ORDINARY, A_RUN},
    {"a run that changes no size", "1d10:00:00", put_fresh_and_run, put_same_size, KEEPS_SIZES,
	A_RUN},
    {"the first rejected file", "1d10:01:00", put_good_and_run, put_bad, ORDINARY, A_RUN},
    {"late events", "1d10:02:00", put_and_run_late, put_late, ORDINARY, A_RUN},
    {"no news", "1d10:01:30", put_and_run_late, NULL, ORDINARY, A_RUN},
    {"a held event is due", "1d10:58:00", put_and_run_late, NULL, ORDINARY, A_RUN},
    {"days are closed", "5d10:11:00", put_and_run, put_days, ORDINARY, A_RUN},
    {"a rebuild", "1d10:01:00", put_and_run, delete_some, RESET, A_RUN},
    {"another inventory", "1d10:02:00", put_and_run, rename_node, ORDINARY, A_RUN},
    {"the first after the Python observer", "1d10:00:00", be_python, NULL, ORDINARY, A_RUN},
    {"the checkpoint was deleted", "1d10:01:00", put_and_run, forget_checkpoint, MENDS, A_RUN},
    {"mending", "1d10:01:00", put_and_run, damage, MENDS, A_RUN},
    {"the inventory is forgotten", "1d10:01:00", put_and_run, damage_memory, MENDS, A_RUN},
    {"a cycle of one that stays", "1d10:01:00", put_and_run, put_news, ORDINARY, STAYING},
    {"an early one, late events", "1d10:02:00", put_and_run_late, put_late, ORDINARY, EARLY},
    {"a rebuild by one that stays", "1d10:01:00", put_and_run, delete_some, RESET, STAYING},
};

const int scenario_count = COUNT(scenarios);
