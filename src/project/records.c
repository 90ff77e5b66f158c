/*
 * Deployments of several nodes as one record each (F10), and their document.
 */

#include "view.h"

#include <stdlib.h>
#include <string.h>

#define STALLED_AFTER HOURS(6)

const char *const record_status_names[RECORD_STATUS_COUNT] = {
    "in_progress", "stalled", "completed", "failed"};

static int
compare_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
unite_services(struct record *r)
{
	size_t count = 0, kept = 0;
	bool says_all = false;

	for (size_t i = 0; i < r->part_count; i++)
		count += r->parts[i].run->service_count;
	r->services = memory_resize(NULL, count + 1, sizeof(*r->services));
	for (size_t i = 0; i < r->part_count; i++) {
		const struct run *run = r->parts[i].run;

		says_all |= run->says_all;
		for (size_t k = 0; k < run->service_count; k++)
			r->services[r->service_count++] = run->services[k];
	}
	if (count == 0 && says_all)
		r->services[r->service_count++] = "all";
	qsort(r->services, r->service_count, sizeof(*r->services), compare_text);
	for (size_t i = 0; i < r->service_count; i++)
		if (kept == 0 || strcmp(r->services[kept - 1], r->services[i]) != 0)
			r->services[kept++] = r->services[i];
	r->service_count = kept;
}

static void
unite(struct record *r, struct clock *clock)
{
	bool open = false, failed = false;

	r->started_at = r->ended_at = r->last_event = TIMESTAMP_NONE;
	for (size_t i = 0; i < r->part_count; i++) {
		const struct run *run = r->parts[i].run;

		open |= run->status == RUN_IN_PROGRESS;
		failed |= run->status == RUN_FAILED;
		if (run->started_at != TIMESTAMP_NONE &&
		    (r->started_at == TIMESTAMP_NONE || run->started_at < r->started_at))
			r->started_at = run->started_at;
		if (run->ended_at > r->ended_at)
			r->ended_at = run->ended_at;
		if (run->last_event > r->last_event)
			r->last_event = run->last_event;
	}
	if (!open) {
		r->status = failed ? RECORD_FAILED : RECORD_COMPLETED;
	} else {
		r->ended_at = TIMESTAMP_NONE;
		r->status = clock_past(clock, timestamp_add(r->last_event, STALLED_AFTER)) ?
		    RECORD_STALLED :
		    RECORD_IN_PROGRESS;
	}
	unite_services(r);
}

/* The record a run belongs to. A made run's id is its own by now (P6). */
static struct record *
record_of(struct view *v, size_t *room, json_t *by_id, const char *id)
{
	const json_t *index = json_object_get(by_id, id);

	if (index != NULL)
		return &v->records[json_integer_value(index)];
	member(by_id, id, json_integer((json_int_t)v->record_count));
	ARRAY_GROW(v->records, v->record_count, *room);
	v->records[v->record_count] = (struct record){.id = id};
	return &v->records[v->record_count++];
}

static void
record_release(struct record *r)
{
	free(r->parts);
	free(r->services);
}

/* What names a run in the world: a made id is its node's, until P6; a
 * correlation id is all nodes'. No node's name is empty. */
static void
run_key(const char *node, const char *id, bool made, struct buffer *out)
{
	buffer_text(out, "%s/%s", made ? node : "", id);
}

static void
note_ids(struct view *v)
{
	v->deployment_ids = json_object();
	for (size_t i = 0; i < v->record_count; i++) {
		const struct record *r = &v->records[i];

		for (const struct part *part = r->parts; part < r->parts + r->part_count; part++) {
			cleanup_buffer struct buffer key = {0};

			run_key(part->node->name, part->run->id, part->run->made, &key);
			member(v->deployment_ids, buffer_string(&key), json_text(r->id));
		}
	}
}

void
view_join_records(struct view *v)
{
	json_auto_t *by_id = json_object();
	size_t room = 0, kept = 0;

	for (const struct node_view *n = v->nodes; n < v->nodes + v->node_count; n++)
		for (size_t i = 0; n->input->known && n->state && i < n->state->run_count; i++) {
			const struct run *run = n->state->runs[i];
			struct record *r = record_of(v, &room, by_id, n->run_ids[i]);

			r->parts = memory_resize(r->parts, r->part_count + 1, sizeof(*r->parts));
			r->parts[r->part_count++] = (struct part){n, run};
		}
	for (size_t i = 0; i < v->record_count; i++) {
		struct record *r = &v->records[i];

		unite(r, v->clock);
		if (clock_past(
			v->clock, timestamp_add(r->last_event, v->input->retention.deployments)))
			record_release(r);
		else
			v->records[kept++] = *r;
	}
	v->record_count = kept;
	note_ids(v);
}

const char *
view_deployment(const struct view *v, const struct node_view *n, const struct incident *i)
{
	cleanup_buffer struct buffer key = {0};

	if (i->deployment == NULL)
		return NULL;
	run_key(n->name, i->deployment, i->deployment_made, &key);
	return json_string_value(json_object_get(v->deployment_ids, buffer_string(&key)));
}

void
view_free_records(struct view *v)
{
	json_decref(v->deployment_ids);
	for (size_t i = 0; i < v->record_count; i++)
		record_release(&v->records[i]);
	free(v->records);
}

/* The part that speaks for the record: the latest, among the failed ones where
 * it failed; of equals the first by name. */
static const struct run *
spokesman(const struct record *r)
{
	const struct run *best = NULL;

	for (size_t i = 0; i < r->part_count; i++) {
		const struct run *run = r->parts[i].run;

		if (r->status == RECORD_FAILED && run->status != RUN_FAILED)
			continue;
		if (best == NULL || run->last_event > best->last_event)
			best = run;
	}
	return best;
}

static json_t *
diagnostics_of(const struct record *r)
{
	json_auto_t *seen = json_object();
	json_t *array = json_array();

	for (size_t i = 0; i < r->part_count; i++) {
		const struct run *run = r->parts[i].run;

		for (size_t k = 0; k < run->diagnostic_count; k++) {
			if (json_array_size(array) == EVENT_DIAGNOSTICS_MAX ||
			    set_has(seen, run->diagnostics[k]))
				continue;
			set_add(seen, run->diagnostics[k]);
			(void)json_array_append_new(array, json_text(run->diagnostics[k]));
		}
	}
	return array;
}

static json_t *
duration_of(const struct record *r)
{
	if (r->started_at == TIMESTAMP_NONE || r->ended_at == TIMESTAMP_NONE)
		return json_null();
	if (r->ended_at < r->started_at)
		return json_integer(0);
	return json_integer((r->ended_at - r->started_at) / NANOSECONDS_A_SECOND);
}

static json_t *
deployment(const struct record *r)
{
	const struct run *speaker = spokesman(r);
	json_t *d = json_object(), *nodes = json_array(), *services = json_array();
	uint64_t attempts = 0;

	for (size_t i = 0; i < r->part_count; i++) {
		(void)json_array_append_new(nodes, json_text(r->parts[i].node->name));
		if (r->parts[i].run->attempts > attempts)
			attempts = r->parts[i].run->attempts;
	}
	for (size_t i = 0; i < r->service_count; i++)
		(void)json_array_append_new(services, json_text(r->services[i]));
	member(d, "id", json_text(r->id));
	member(d, "status", json_text(record_status_names[r->status]));
	member(d, "nodes", nodes);
	member(d, "services", services);
	member(d, "node", json_text(r->parts[0].node->name));
	member(d, "service", json_text(r->service_count ? r->services[0] : NULL));
	member(d, "source", json_text(speaker->source));
	member(d, "stage", json_text(speaker->stage));
	member(d, "message", json_text(speaker->message));
	member(d, "attempts", json_integer((json_int_t)attempts));
	member(d, "started_at", json_time(r->started_at));
	member(d, "ended_at", json_time(r->ended_at));
	member(d, "duration_seconds", duration_of(r));
	member(d, "diagnostics", diagnostics_of(r));
	return d;
}

json_t *
deployments_document(const struct view *v)
{
	json_t *document = json_object();

	for (size_t i = 0; i < v->record_count; i++)
		member(document, v->records[i].id, deployment(&v->records[i]));
	return document;
}
