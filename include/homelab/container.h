#ifndef HOMELAB_CONTAINER_H
#define HOMELAB_CONTAINER_H

#include <homelab/error.h>
#include <homelab/timestamp.h>

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * A container as its runtime shows it at one moment. Texts are the container's
 * own and freed with it: UTF-8, cut to CONTAINER_TEXT_MAX, otherwise as hostile
 * as any (an image's author chooses labels).
 */

enum container_state {
	CONTAINER_CREATED,
	CONTAINER_RUNNING,
	CONTAINER_RESTARTING, /* down, and its runtime will start it again */
	CONTAINER_PAUSED,
	CONTAINER_STOPPING,
	CONTAINER_EXITED, /* ended, and that was no crash: container_crashed() */
	CONTAINER_FAILED, /* crashed */
	CONTAINER_REMOVED, /* not there any more */
	CONTAINER_STATE_COUNT
};

/* created running restarting paused stopping exited failed removed */
extern const char *const container_state_names[CONTAINER_STATE_COUNT];

enum container_health {
	HEALTH_NONE,
	HEALTH_STARTING,
	HEALTH_HEALTHY,
	HEALTH_UNHEALTHY,
	HEALTH_COUNT
};

extern const char *const container_health_names[HEALTH_COUNT];

enum { CONTAINER_TEXT_MAX = 255, CONTAINER_LABELS_MAX = 64, CONTAINERS_MAX = 10000 };

struct container {
	char *runtime; /* the name of its source, as "docker" */
	char *id; /* in full */
	char *name; /* without a leading '/' */
	char *image; /* as it was asked for, with its tag; "" = unknown */
	char *digest; /* of the image, "sha256:…"; "" = unknown */
	json_t *labels; /* an object of strings */
	enum container_state state;
	enum container_health health;
	timestamp created_at, started_at, finished_at; /* TIMESTAMP_NONE: not yet, unknown */
	int64_t exit_code; /* of the last end; Windows' reach to 2^32 - 1 */
	int signal; /* that ended it, 0 = none or unknown */
	bool has_exited; /* exit_code, signal and oom_killed mean something */
	bool oom_killed;
	bool stop_requested; /* somebody asked for the end it came to last */
	bool restarts_itself; /* its runtime starts it again when it ends */
	int64_t restarts; /* as its runtime counts them */
};

/* By runtime, name and id once sorted. */
struct containers {
	struct container *list;
	size_t count, room;
};

/* A new one at the end: zeroed but for texts "" (labels an empty object) and times
 * TIMESTAMP_NONE. Good until the next. */
struct container *containers_add(struct containers *c);
void containers_sort(struct containers *c);
/* By runtime, name and id: which container it is. */
int container_compare(const struct container *a, const struct container *b);
void containers_release(struct containers *c);
void container_release(struct container *c);
struct container container_copy(const struct container *c);

/* Copies a text, made UTF-8 and cut; frees the old one. NULL is "". */
void container_set_text(char **text, const char *value);

/* Adds a label, or gives it another value. Of one that has CONTAINER_LABELS_MAX
 * already only the labels that somebody here looks at are taken. */
void container_set_label(struct container *c, const char *name, const char *value);

/* Running, paused or stopping. */
bool container_is_up(const struct container *c);

/*
 * Whether the end it came to last is one that nobody asked for: not exit 0, not
 * 143 (SIGTERM), nothing after a stop request but a kill for want of memory.
 * False where it hasn't ended, or how isn't known.
 */
bool container_crashed(const struct container *c);

/*
 * The service it belongs to: the label homelab.service, else
 * com.docker.compose.service, else io.kubernetes.container.name, else its name,
 * of which a leading "<12 hex digits>_" is left out. What is no service's name,
 * or "all", which in events means every service, is passed over. NULL where
 * nothing is left. The container's own.
 */
const char *container_service(const struct container *c);
const char *container_label(const struct container *c, const char *name); /* or NULL */

/* 128 + signal, as shells and runtimes have it: 9 for 137; else 0. */
int signal_of_exit(int64_t exit_code);

/* As it is kept on disk, whole. New reference; NULL / -1 where it isn't one. */
json_t *container_to_json(const struct container *c);
int container_from_json(const json_t *value, struct container *out);

/* What an event says of it: runtime, id, name, image, state, exit_code (null
 * where it hasn't exited), oom_killed, started_at, restarts. New reference. */
json_t *container_describe(const struct container *c);

#endif
