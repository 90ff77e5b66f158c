#ifndef HOMELAB_PARTITION_H
#define HOMELAB_PARTITION_H

#include <homelab/event.h>
#include <homelab/pack.h>

/*
 * A partition: the state of one node, folded from its events in their order
 * (E7). Pure: no clock, file or other node has a part in it.
 *
 *	struct partition *p = partition_new("piha");
 *	for each event, in order: partition_fold(p, &event);
 *	partition_pack(p, &bytes);	// a snapshot
 *	p = partition_unpack(&in);	// and back: folding goes on as if
 *					// it hadn't been interrupted
 *
 * Strings are owned by the state; NULL is "none". Times are TIMESTAMP_NONE
 * where there is none.
 */

enum {
	PARTITION_SERVICES_MAX = 1000,
	PARTITION_INCIDENTS_MAX = 5000,
	PARTITION_DEPLOYMENTS_MAX = 1000,
	PARTITION_TYPES_MAX = 100, /* types outside the table, by own name */
	INCIDENT_TIMES_MAX = 100,
	SERVICE_CONTAINERS_MAX = 32,
	HEARD_HOURS = 168,
	HEARD_WORDS = 4, /* 256 hours: now may be an hour behind the newest */
};

#define INCIDENT_MEMORY DAYS(30)
#define SERVICE_MEMORY DAYS(120)
#define DEPLOYMENT_MEMORY DAYS(120)
#define DEPLOYMENT_SUSPECT MINUTES(10) /* of what happens so long after it */

enum node_status { NODE_UNKNOWN, NODE_ONLINE, NODE_OFFLINE, NODE_STALE, NODE_STATUS_COUNT };
enum service_status { SERVICE_UNKNOWN, SERVICE_HEALTHY, SERVICE_UNHEALTHY, SERVICE_STATUS_COUNT };
enum run_status { RUN_IN_PROGRESS, RUN_COMPLETED, RUN_FAILED };

struct remediation {
	bool exists;
	timestamp started_at, completed_at;
	char *source;
};

struct incident {
	char *service;
	bool active;
	unsigned suffix; /* of its id, "-2" on; 0 for none */
	enum severity severity;
	char *event_type, *last_event_type, *source, *message, *correlation_id;
	timestamp started_at, last_occurrence, resolved_at;
	char *resolved_by;
	uint64_t occurrence_count;
	timestamp *times; /* the latest, in fold order; a ring once full */
	size_t time_count, time_first;
	struct remediation remediation;
	char *deployment; /* id of the run that it began shortly after (F16), or NULL */
	bool deployment_made; /* that is a made one */
	uint64_t ended; /* place in the partition's order of ends */
};

/* A container of a service, as the latest event tells it. */
struct kept_container {
	struct sighting seen; /* its texts lie in `bytes` */
	struct buffer bytes; /* packed */
	uint64_t touched; /* place of that event in the partition's order */
};

struct service {
	char *name;
	enum service_status status;
	timestamp status_since, last_seen, last_healthy, last_failure;
	struct incident *latest; /* opened last of those still held, or NULL */
	struct kept_container *containers; /* by name and runtime */
	size_t container_count;
};

/* A deployment as this node tells it. */
struct run {
	char *id; /* correlation id, or made (F9) */
	bool made;
	char *first_service; /* of a made run; or "all" */
	enum run_status status;
	char **services; /* sorted */
	size_t service_count;
	bool says_all;
	char *source, *stage, *message;
	uint64_t attempts;
	timestamp started_at, ended_at, last_event;
	char *diagnostics[EVENT_DIAGNOSTICS_MAX];
	size_t diagnostic_count;
	uint64_t ended, touched; /* places in the partition's order */
};

struct type_count {
	char *type;
	uint64_t count;
};

struct partition {
	char *node;
	enum node_status status; /* never NODE_STALE: that is the clock's say */
	timestamp status_since, first_seen, last_seen;
	char *pressure[PRESSURE_COUNT];
	struct metric *metrics; /* names owned; by name */
	size_t metric_count;
	int64_t heard_hour; /* the newest hour of the bits in `heard` */
	uint64_t heard[HEARD_WORDS];
	uint64_t accepted, unscoped, ghosts, over_limit;
	uint64_t order; /* counts ends, and what is touched */
	struct type_count *types; /* by name */
	size_t type_count, type_room, other_types;
	struct service **services; /* by name */
	size_t service_count, service_room;
	struct incident **incidents; /* as opened */
	size_t incident_count, incident_room;
	struct run **runs; /* as begun */
	size_t run_count, run_room;
};

struct partition *partition_new(const char *node);
void partition_free(struct partition *p);
void partition_fold(struct partition *p, const struct event *event);

void partition_pack(const struct partition *p, struct buffer *out);
/* NULL where the bytes aren't a packed partition. */
struct partition *partition_unpack(struct unpack *in);

/* Whether an event is dated in that hour since 1970. */
bool partition_heard(const struct partition *p, int64_t hour);
/* The i-th of the latest times of an incident, oldest first. */
timestamp incident_time(const struct incident *i, size_t index);
/* "inc-SECONDS-NODE-SERVICE", without suffix. */
void incident_base_id(const struct incident *i, const char *node, struct buffer *out);

/* Frees all but the struct itself. */
void incident_free(struct incident *i);
void run_free(struct run *r);

#endif
