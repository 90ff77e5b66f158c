#ifndef RUNTIME_DOCKER_H
#define RUNTIME_DOCKER_H

#include "docker-events.h"

#include <homelab/http.h>
#include <homelab/runtime.h>

/*
 * The Docker Engine API, of which podman's is a second implementation and that of
 * a Windows engine a third. Whatever an engine says is taken for hostile: the
 * functions named docker_read_… are pure, take bytes, and return -1 where these
 * aren't such an answer.
 *
 * A list says too little of a container, and to ask for each what else there is
 * costs too much. So a list is compared with the last one: see docker-list.c.
 */

#define DOCKER_CALL_TIME SECONDS(5)
#define DOCKER_LIST_TIME SECONDS(10) /* for all the calls of one */

enum {
	DOCKER_ID_MAX = 128,
	DOCKER_API_NEWEST = 51, /* 1.51 */
	DOCKER_API_OLDEST = 24, /* 1.24, of 2016; podman's first too */
	DOCKER_SMALL_MAX = 1 << 20,
	DOCKER_EVENTS_MAX = 4 << 20,
	DOCKER_LIST_MAX = 16 << 20,
};

/* --- docker-read.c: what an engine is, and what a container ------------------------ */

/* What an engine says of itself with every answer, "SERVER API": podman says all by
 * that, "Libpod/4.3.1 (linux) 1.41". False where it has to be asked; else as below. */
bool docker_read_greeting(const char *greeting, struct runtime *r);
/* Into product, version, api (the lower of ours and theirs) and windows. */
int docker_read_version(const struct buffer *body, struct runtime *r, struct error *err);

/* What an engine says of an error, for people; "" where it says nothing. */
const char *docker_read_message(const struct buffer *body, struct buffer *out);

/* One that was ended is CONTAINER_EXITED until docker_judge() has seen it. Of one
 * that runs (again) has_exited is false. `out` is one of containers_add(). */
int docker_read_container(const struct buffer *body, bool windows, struct container *out);
bool docker_read_tty(const struct buffer *body);

/* --- docker-view.c: a list, and what is known of it ------------------------------- */

struct docker_entry {
	char *id; /* letters and digits only */
	char *shape; /* what the list says of it, less what time alone changes */
	timestamp age; /* it has been so for longer than that; 0: not known */
	struct container container;
	bool known; /* container is */
	bool judged; /* and docker_judge() has seen its last end */
	bool stopping; /* it was seen to be, or we asked for it */
};

struct docker_view { /* by id */
	struct docker_entry *list;
	size_t count, room;
};

int docker_read_list(const struct buffer *body, struct docker_view *out);
struct docker_entry *docker_view_find(const struct docker_view *v, const char *id);
void docker_view_release(struct docker_view *v);

/* Takes an engine's "Up 3 minutes (healthy)" apart: adds it to *shape without the
 * time, and returns the least duration that this means, less a second. */
timestamp docker_read_status(const char *status, struct buffer *shape);

/* --- docker-log.c ------------------------------------------------------------------- */

/* The last lines of at most RUNTIME_LOG_MAX bytes. Without a terminal both streams
 * come in frames. */
void docker_read_log(const struct buffer *body, bool framed, unsigned lines, struct buffer *out);

/* --- docker.c and docker-list.c: asking ---------------------------------------------- */

struct docker_kept {
	timestamp call_time; /* the longest that a call may last */
	char greeting[128]; /* what it said of itself before it was asked for more */
	struct docker_view view;
	timestamp listed_at, listed_at_real; /* by the clocks; when the view was asked for */
	unsigned turn;
};

struct docker_kept *docker_kept_of(struct runtime *r);

/* A call of the API's version that is spoken, `path` begins with '/'. A status that
 * isn't one of `statuses` (0 ends them) is an error. Release the answer always. */
struct docker_call {
	const char *method, *path;
	timestamp deadline;
	size_t body_max;
	int statuses[4];
};

int docker_send(struct runtime *r, const struct docker_call *call, struct http_answer *answer,
    struct error *err);

/* Adds a text as a value of a query. */
void docker_add_query(struct buffer *path, const char *text);
/* Adds "NAME=SECONDS.NANOSECONDS&". */
void docker_add_time(struct buffer *path, const char *name, timestamp at);

int docker_list(struct runtime *r, timestamp since, struct containers *out, struct error *err);

#endif
