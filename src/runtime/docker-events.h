#ifndef RUNTIME_DOCKER_EVENTS_H
#define RUNTIME_DOCKER_EVENTS_H

#include <homelab/runtime.h>

/*
 * How containers came to their ends, by what an engine tells of what happened to
 * them: whether somebody asked for it, and the exit code of what runs again. An
 * engine forgets: Docker all but its last 256 events, podman by the size of a file.
 *
 *	docker_read_events -> docker_find_end -> docker_judge
 */

enum docker_action { DOCKER_START, DOCKER_KILL, DOCKER_STOP, DOCKER_OOM, DOCKER_DIE };

struct docker_event {
	char *id;
	enum docker_action action;
	timestamp at;
	int64_t number; /* the signal, 0 = unknown; the exit code, -1 = unknown */
	size_t order; /* as it came */
};

struct docker_events { /* by id, then as they came */
	struct docker_event *list;
	size_t count, room;
};

struct docker_end {
	int64_t exit_code; /* -1 = unknown */
	bool requested, oom_killed;
};

/* A line that is none is left out, also a last one that was cut off. */
void docker_read_events(const struct buffer *body, struct docker_events *out);
void docker_events_release(struct docker_events *e);

/* The end that a container came to at that time. */
struct docker_end docker_find_end(
    const struct docker_events *e, const char *id, timestamp finished_at);

/* Gives a container what is known of its last end, NULL where that is nothing, and
 * the state it has by that. */
void docker_judge(struct container *c, const struct docker_end *end, bool windows);

#endif
