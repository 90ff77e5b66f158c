#include "fuzz.h"

#include <homelab/names.h>
#include <homelab/project.h>

#include <stdio.h>
#include <string.h>

void
fuzz_fail(const char *promise, const char *file, int line)
{
	(void)fprintf(stderr, "%s:%d: broken promise: %s\n", file, line, promise);
	abort();
}

bool
same_bytes(const struct buffer *a, const struct buffer *b)
{
	return a->length == b->length &&
	    (a->length == 0 || memcmp(a->data, b->data, a->length) == 0);
}

static bool
is_text(const char *text, size_t limit)
{
	return strlen(text) <= limit && text_is_utf8(text, strlen(text));
}

/* Names that count: usable, and each once. */
static void
check_services(const struct event *e)
{
	HOLDS(e->service_count <= EVENT_SERVICES_MAX);
	for (size_t i = 0; i < e->service_count; i++) {
		HOLDS(name_is_service(e->services[i], strlen(e->services[i])));
		HOLDS(strcmp(e->services[i], "all") != 0);
		for (size_t k = 0; k < i; k++)
			HOLDS(strcmp(e->services[i], e->services[k]) != 0);
	}
}

static void
check_metrics(const struct event *e)
{
	HOLDS(e->metric_count <= EVENT_METRICS_MAX);
	for (size_t i = 0; i < e->metric_count; i++) {
		HOLDS(is_text(e->metrics[i].name, METRIC_NAME_MAX));
		HOLDS(i == 0 || strcmp(e->metrics[i - 1].name, e->metrics[i].name) < 0);
	}
}

static void
check_texts(const struct event *e)
{
	HOLDS(e->at >= 0);
	HOLDS(name_is_type(e->type, strlen(e->type)));
	HOLDS(name_is_node(e->node, strlen(e->node)));
	HOLDS(is_text(e->message, MESSAGE_MAX));
	HOLDS(is_text(e->source, SOURCE_MAX));
	HOLDS(is_text(e->stage, STAGE_MAX));
	HOLDS(is_text(e->correlation_id, CORRELATION_ID_MAX));
	for (int i = 0; i < PRESSURE_COUNT; i++)
		HOLDS(is_text(e->level[i], LEVEL_MAX));
	HOLDS(e->diagnostic_count <= EVENT_DIAGNOSTICS_MAX);
	for (size_t i = 0; i < e->diagnostic_count; i++)
		HOLDS(e->diagnostics[i][0] != '\0' && is_text(e->diagnostics[i], DIAGNOSTIC_MAX));
}

static void
check_container(const struct event *e)
{
	const struct sighting *c = &e->container;

	if (!e->has_container)
		return;
	HOLDS(e->service_count == 1);
	HOLDS(name_is_service(c->name, strlen(c->name)) && !name_is_ghost(c->name));
	HOLDS(is_text(c->runtime, SIGHTING_RUNTIME_MAX));
	HOLDS(is_text(c->id, SIGHTING_ID_MAX));
	HOLDS(is_text(c->image, SIGHTING_IMAGE_MAX));
	HOLDS(is_text(c->supervision.state, SIGHTING_WORD_MAX));
	HOLDS(is_text(c->supervision.policy, SIGHTING_WORD_MAX));
}

/* The one row in a buffer. */
static struct row
only_row(const struct buffer *b)
{
	struct unpack in = {b->data, b->data + b->length, false}, frame;
	struct row row;

	HOLDS(frame_next(&in, &frame) == 1);
	HOLDS(in.at == in.end);
	HOLDS(row_peek(frame, &row));
	return row;
}

void
check_row(const struct row *row)
{
	cleanup_buffer struct buffer once = {0}, twice = {0};
	struct place place = row_place(row);
	struct event e;
	struct row again;

	if (!row_unpack(row, &e))
		return;
	row_pack(&once, &e, &place);
	again = only_row(&once);
	HOLDS(row_unpack(&again, &e));
	place = row_place(&again);
	row_pack(&twice, &e, &place);
	HOLDS(same_bytes(&once, &twice));
}

void
check_event(const struct event *e)
{
	static const struct place place = {"2026-05-12/saturn/a.jsonl", 7, 9};
	cleanup_buffer struct buffer packed = {0}, again = {0};
	struct row row;
	struct event back;

	check_texts(e);
	check_services(e);
	check_metrics(e);
	check_container(e);
	row_pack(&packed, e, &place);
	row = only_row(&packed);
	HOLDS(row.at == e->at && row.rank == e->kind->rank);
	HOLDS(row_unpack(&row, &back));
	HOLDS(back.kind == e->kind);
	row_pack(&again, &back, &place);
	HOLDS(same_bytes(&packed, &again));
}

static void
check_limits(const struct partition *p)
{
	HOLDS(p->service_count <= PARTITION_SERVICES_MAX);
	HOLDS(p->incident_count <= PARTITION_INCIDENTS_MAX);
	HOLDS(p->run_count <= PARTITION_DEPLOYMENTS_MAX);
	HOLDS(p->metric_count <= EVENT_METRICS_MAX);
	HOLDS(p->other_types <= PARTITION_TYPES_MAX + 1);
	for (size_t i = 0; i < p->incident_count; i++)
		HOLDS(p->incidents[i]->time_count <= INCIDENT_TIMES_MAX);
	for (size_t i = 0; i < p->run_count; i++)
		HOLDS(p->runs[i]->diagnostic_count <= EVENT_DIAGNOSTICS_MAX &&
		    p->runs[i]->service_count <= PARTITION_SERVICES_MAX);
	for (size_t i = 0; i < p->service_count; i++)
		HOLDS(p->services[i]->container_count <= SERVICE_CONTAINERS_MAX);
	for (size_t i = 0; i < p->service_count; i++)
		HOLDS(i == 0 || strcmp(p->services[i - 1]->name, p->services[i]->name) < 0);
}

static void
check_document(const struct buffer *document)
{
	json_auto_t *value =
	    json_loadb((char *)document->data, document->length, JSON_REJECT_DUPLICATES, NULL);

	HOLDS(json_is_object(value));
}

static void
check_projection(const struct partition *p, bool sound)
{
	struct topology_node node = {.name = p->node, .heartbeat_ttl = NODE_TTL_DEFAULT};
	struct node_input input = {.topology = &node, .partition = p, .known = true};
	struct world_input world_input = {
	    .nodes = &input, .node_count = 1, .retention = {DAYS(7), DAYS(7), DAYS(90)}};
	struct clock clock = {SECONDS(1778587800), TIMESTAMP_LAST};
	json_auto_t *none = json_array(), *null = json_null();
	struct world world;

	world_input.inventory_errors = none;
	world_input.deploy = null;
	world_project(&world_input, &clock, &world);
	HOLDS(clock.next > clock.now);
	for (int i = 0; sound && i < DOCUMENT_COUNT; i++)
		check_document(&world.documents[i]);
	world_release(&world);
}

void
check_partition(const struct partition *p, bool sound)
{
	cleanup_buffer struct buffer once = {0}, twice = {0};
	struct unpack in;
	struct partition *back;

	check_limits(p);
	partition_pack(p, &once);
	in = (struct unpack){once.data, once.data + once.length, false};
	back = partition_unpack(&in);
	HOLDS(back != NULL);
	partition_pack(back, &twice);
	HOLDS(same_bytes(&once, &twice));
	check_projection(back, sound);
	partition_free(back);
}

void
fold_some(struct partition *p, timestamp at)
{
	static const char *const types[] = {"service_unhealthy", "remediation_started",
	    "remediation_completed", "service_healthy", "deployment_started", "deployment_failed",
	    "node_offline", "node_online", "node_health", "disk_pressure", "seen",
	    "container_removed"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct event e = {.at = timestamp_add(at, SECONDS((timestamp)i)),
		    .type = types[i],
		    .kind = event_type_find(types[i]),
		    .node = p->node,
		    .source = "",
		    .correlation_id = "",
		    .message = "",
		    .stage = "",
		    .level = {"", "", ""},
		    .service_count = 1,
		    .services = {"a"},
		    .has_container = true,
		    .container = {.name = "a",
			.id = i % 2 ? "1" : "",
			.runtime = "",
			.image = "",
			.has_state = true,
			.state = CONTAINER_EXITED,
			.started_at = at,
			.supervision = {.state = "", .policy = ""}}};

		partition_fold(p, &e);
	}
}
