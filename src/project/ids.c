/*
 * Ids are unique in the world, not only in their node (P6). "inc-1-a-b-c" may
 * be service b-c of node a or service c of node a-b; the node that comes later
 * by name yields. An id is never given that any node made itself.
 */

#include "view.h"

static char *
incident_id(const struct incident *i, const char *node, unsigned suffix)
{
	struct buffer id = {0};

	incident_base_id(i, node, &id);
	if (suffix > 0)
		buffer_text(&id, "-%u", suffix);
	return buffer_string(&id);
}

/* `base` with the least free suffix. */
static char *
next_free(const json_t *originals, const json_t *given, const char *base)
{
	for (unsigned k = 2;; k++) {
		struct buffer id = {0};

		buffer_text(&id, "%s-%u", base, k);
		if (!set_has(originals, buffer_string(&id)) && !set_has(given, (char *)id.data))
			return (char *)id.data;
		buffer_release(&id);
	}
}

static void
name_incidents(struct view *v)
{
	json_auto_t *originals = json_object(), *given = json_object();

	for (struct node_view *n = v->nodes; n < v->nodes + v->node_count; n++) {
		size_t count = n->state ? n->state->incident_count : 0;

		n->incident_ids = memory_resize(NULL, count, sizeof(*n->incident_ids));
		for (size_t i = 0; i < count; i++) {
			const struct incident *incident = n->state->incidents[i];

			n->incident_ids[i] = incident_id(incident, n->name, incident->suffix);
			set_add(originals, n->incident_ids[i]);
		}
	}
	for (struct node_view *n = v->nodes; n < v->nodes + v->node_count; n++)
		for (size_t i = 0; n->state && i < n->state->incident_count; i++) {
			if (set_has(given, n->incident_ids[i])) {
				cleanup_free char *base =
				    incident_id(n->state->incidents[i], n->name, 0);

				free(n->incident_ids[i]);
				n->incident_ids[i] = next_free(originals, given, base);
			}
			set_add(given, n->incident_ids[i]);
		}
}

static void
name_runs(struct view *v)
{
	json_auto_t *originals = json_object(), *given = json_object();

	for (struct node_view *n = v->nodes; n < v->nodes + v->node_count; n++)
		for (size_t i = 0; n->state && i < n->state->run_count; i++) {
			const struct run *r = n->state->runs[i];

			set_add(originals, r->id);
			if (!r->made)
				set_add(given, r->id);
		}
	for (struct node_view *n = v->nodes; n < v->nodes + v->node_count; n++) {
		size_t count = n->state ? n->state->run_count : 0;

		n->run_ids = memory_resize(NULL, count, sizeof(*n->run_ids));
		for (size_t i = 0; i < count; i++) {
			const struct run *r = n->state->runs[i];

			if (!r->made || !set_has(given, r->id))
				n->run_ids[i] = text_copy(r->id);
			else
				n->run_ids[i] = next_free(originals, given, r->id);
			set_add(given, n->run_ids[i]);
		}
	}
}

void
view_name_ids(struct view *v)
{
	name_incidents(v);
	name_runs(v);
}
