#ifndef HOMELAB_VIEW_H
#define HOMELAB_VIEW_H

#include <homelab/project.h>

/* What the projection works out once and its documents share. */

struct service_view {
	const char *name;
	const struct service *state; /* NULL: declared, never reported */
	const struct declaration *declaration; /* NULL: not declared */
	bool fresh;
};

struct node_view {
	const struct node_input *input;
	const char *name;
	const struct partition *state; /* NULL: never heard of */
	enum node_status status;
	timestamp status_since;
	struct service_view *services; /* those that are shown, by name */
	size_t service_count;
	char **incident_ids; /* of state->incidents, unique in the world */
	bool *incident_shown; /* of state->incidents */
	char **run_ids; /* of state->runs */
};

/* A deployment, joined over its nodes (F10). */
struct part {
	const struct node_view *node;
	const struct run *run;
};

enum record_status {
	RECORD_IN_PROGRESS,
	RECORD_STALLED,
	RECORD_COMPLETED,
	RECORD_FAILED,
	RECORD_STATUS_COUNT
};

struct record {
	const char *id;
	struct part *parts; /* by node */
	size_t part_count;
	enum record_status status;
	timestamp started_at, ended_at, last_event;
	const char **services; /* sorted; {"all"} or none for every service */
	size_t service_count;
};

struct view {
	const struct world_input *input;
	struct clock *clock;
	struct node_view *nodes; /* all that are read, by name */
	size_t node_count;
	struct record *records; /* those that are shown */
	size_t record_count;
	json_t *deployment_ids; /* their ids, by what runs call themselves */
};

/* A set of strings: the keys of a JSON object. */
static inline bool
set_has(const json_t *set, const char *key)
{
	return json_object_get(set, key) != NULL;
}

static inline void
set_add(json_t *set, const char *key)
{
	(void)json_object_set_new_nocheck(set, key, json_true());
}

static inline json_t *
json_text(const char *text)
{
	return text == NULL ? json_null() : json_string_nocheck(text);
}

static inline void
member(json_t *object, const char *key, json_t *value)
{
	(void)json_object_set_new_nocheck(object, key, value);
}

void view_name_ids(struct view *v);
void view_join_records(struct view *v);
void view_free_records(struct view *v);
/* The id of the deployment that an incident names, where that is shown (F16);
 * NULL otherwise. */
const char *view_deployment(
    const struct view *v, const struct node_view *n, const struct incident *i);
json_t *containers_json(const struct service *s);
/* The id of a service's active incident, or NULL. */
const char *view_active_incident(const struct node_view *n, const struct service_view *s);

bool service_is_monitored(const struct service_view *s);

json_t *incidents_document(const struct view *v);
json_t *services_document(const struct view *v);
json_t *nodes_document(const struct view *v);
json_t *deployments_document(const struct view *v);
json_t *summary_document(const struct view *v, const struct world *world);

extern const char *const node_status_names[NODE_STATUS_COUNT];
extern const char *const service_status_names[SERVICE_STATUS_COUNT];
extern const char *const record_status_names[RECORD_STATUS_COUNT];

#endif
