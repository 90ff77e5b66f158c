/*
 * From partitions to the world. What depends on now is decided here, once, in
 * the views; the documents only write it down.
 *
 *	input --> views: status, freshness, what is shown (P2-P5)
 *	      --> ids (P6), records (F10)
 *	      --> documents --> digests --> summary
 */

#include "view.h"

#include <sha2.h>
#include <stdlib.h>
#include <string.h>

#include <homelab/names.h>

#define KNOWN_FOR DAYS(30)

const char *const document_names[DOCUMENT_COUNT] = {
    "incidents.json", "services.json", "nodes.json", "deployments.json"};

bool
clock_past(struct clock *clock, timestamp edge)
{
	if (clock->now > edge)
		return true;
	if (timestamp_add(edge, 1) < clock->next)
		clock->next = timestamp_add(edge, 1);
	return false;
}

bool
node_is_known(struct clock *clock, const struct partition *p)
{
	return p != NULL && !name_is_container_id(p->node) &&
	    !clock_past(clock, timestamp_add(p->last_seen, KNOWN_FOR));
}

json_t *
json_time(timestamp at)
{
	char text[TIMESTAMP_TEXT_MAX];

	return at == TIMESTAMP_NONE ? json_null() : json_string_nocheck(timestamp_format(at, text));
}

static void
judge_status(struct node_view *n, struct clock *clock)
{
	timestamp ttl = n->input->topology->heartbeat_ttl;

	n->status = NODE_UNKNOWN;
	n->status_since = TIMESTAMP_NONE;
	if (n->state == NULL)
		return;
	n->status = n->state->status;
	n->status_since = n->state->status_since;
	if (n->status != NODE_ONLINE || ttl == 0)
		return;
	if (clock_past(clock, timestamp_add(n->state->last_seen, ttl))) {
		n->status = NODE_STALE;
		n->status_since = timestamp_add(n->state->last_seen, ttl);
	}
}

static bool
is_fresh(const struct node_view *n, const struct service_view *s, struct clock *clock)
{
	timestamp ttl = s->declaration ? s->declaration->heartbeat_ttl : SERVICE_TTL_DEFAULT;

	if (s->state == NULL || n->status != NODE_ONLINE)
		return false;
	return ttl == 0 || !clock_past(clock, timestamp_add(s->state->last_seen, ttl));
}

/* An undeclared service is shown while it was seen lately, or while what is
 * declared can't be read (P4, I5). */
static bool
is_shown(const struct view *v, const struct node_view *n, const struct service *s)
{
	return n->input->declarations_bad ||
	    !clock_past(v->clock, timestamp_add(s->last_seen, v->input->retention.services));
}

/* Merges what is declared and what was folded, both by name. */
static void
list_services(const struct view *v, struct node_view *n)
{
	const struct declarations *d = n->input->declarations;
	size_t declared = d ? d->count : 0, folded = n->state ? n->state->service_count : 0;

	n->services = memory_resize(NULL, declared + folded, sizeof(*n->services));
	for (size_t i = 0, k = 0;;) {
		const struct declaration *a = i < declared ? &d->items[i] : NULL;
		const struct service *b = k < folded ? n->state->services[k] : NULL;
		struct service_view s = {0};
		int order;

		if (a == NULL && b == NULL)
			break;
		order = a == NULL ? 1 : b == NULL ? -1 : strcmp(a->service, b->name);
		if (order <= 0) {
			s.declaration = a;
			s.name = a->service;
			i++;
		}
		if (order >= 0) {
			s.state = b;
			s.name = b->name;
			k++;
		}
		if (s.declaration ? name_is_ghost(s.name) : !is_shown(v, n, s.state))
			continue;
		s.fresh = is_fresh(n, &s, v->clock);
		n->services[n->service_count++] = s;
	}
}

static bool
shows_service(const struct node_view *n, const char *name)
{
	size_t low = 0, high = n->service_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(n->services[middle].name, name);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static void
choose_incidents(const struct view *v, struct node_view *n)
{
	size_t count = n->state ? n->state->incident_count : 0;

	n->incident_shown = memory_alloc(count * sizeof(*n->incident_shown));
	for (size_t i = 0; n->input->known && i < count; i++) {
		const struct incident *incident = n->state->incidents[i];

		n->incident_shown[i] = incident->active ?
		    shows_service(n, incident->service) :
		    !clock_past(v->clock,
			timestamp_add(incident->resolved_at, v->input->retention.incidents));
	}
}

static void
view_init(struct view *v, const struct world_input *input, struct clock *clock)
{
	*v = (struct view){.input = input, .clock = clock, .node_count = input->node_count};
	v->nodes = memory_alloc(input->node_count * sizeof(*v->nodes));
	for (size_t i = 0; i < input->node_count; i++) {
		struct node_view *n = &v->nodes[i];

		n->input = &input->nodes[i];
		n->name = n->input->topology->name;
		n->state = n->input->partition;
		if (n->input->known) {
			judge_status(n, clock);
			list_services(v, n);
		}
		choose_incidents(v, n);
	}
	view_name_ids(v);
	view_join_records(v);
}

static void
free_texts(char **texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	free(texts);
}

static void
view_release(struct view *v)
{
	view_free_records(v);
	for (struct node_view *n = v->nodes; n < v->nodes + v->node_count; n++) {
		free(n->services);
		free(n->incident_shown);
		free_texts(n->incident_ids, n->state ? n->state->incident_count : 0);
		free_texts(n->run_ids, n->state ? n->state->run_count : 0);
	}
	free(v->nodes);
}

static int
dump_piece(const char *data, size_t length, void *out)
{
	buffer_add(out, data, length);
	return 0;
}

void
document_dump(const json_t *value, struct buffer *out)
{
	(void)json_dump_callback(
	    value, dump_piece, out, JSON_INDENT(2) | JSON_SORT_KEYS | JSON_REAL_PRECISION(15));
	buffer_add(out, "\n", 1);
}

void
world_project(const struct world_input *input, struct clock *clock, struct world *world)
{
	static json_t *(*const documents[DOCUMENT_COUNT])(const struct view *) = {
	    [DOCUMENT_INCIDENTS] = incidents_document,
	    [DOCUMENT_SERVICES] = services_document,
	    [DOCUMENT_NODES] = nodes_document,
	    [DOCUMENT_DEPLOYMENTS] = deployments_document,
	};
	struct view view;

	*world = (struct world){0};
	view_init(&view, input, clock);
	for (int i = 0; i < DOCUMENT_COUNT; i++) {
		json_auto_t *value = documents[i](&view);

		document_dump(value, &world->documents[i]);
		(void)SHA256Data(
		    world->documents[i].data, world->documents[i].length, world->digests[i]);
	}
	world->summary = summary_document(&view, world);
	view_release(&view);
}

void
world_release(struct world *world)
{
	for (int i = 0; i < DOCUMENT_COUNT; i++)
		buffer_release(&world->documents[i]);
	json_decref(world->summary);
}
