#ifndef UNIT_DOCKER_SUPPORT_H
#define UNIT_DOCKER_SUPPORT_H

/* A runtime that is the engine that was made up, and lists of it. */

#include "engine.h"
#include "support.h"

#include "../../src/runtime/docker.h"

#include <sysexits.h>

#define VERSION "{\"Version\":\"20.10\",\"ApiVersion\":\"1.41\",\"Os\":\"linux\"}"
#define WINDOWS "{\"Version\":\"27.0\",\"ApiVersion\":\"1.41\",\"Os\":\"windows\"}"

#define ROW(id, state, status)                                                                     \
	"{\"Id\":\"" id "\",\"Names\":[\"/n" id "\"],\"State\":\"" state "\",\"Status\":\"" status \
	"\"}"
#define BOX(id, state)                                                                             \
	"{\"Id\":\"" id "\",\"Name\":\"/n" id "\",\"State\":{" state                               \
	"},\"Config\":{\"Image\":\"i\"}}"

#define RUNS "\"Status\":\"running\",\"StartedAt\":\"2026-05-12T12:00:00Z\""

#define ENDED                                                                                      \
	"\"Status\":\"exited\",\"ExitCode\":137,\"StartedAt\":\"2026-05-12T12:00:00Z\","           \
	"\"FinishedAt\":"                                                                          \
	"\"@\""
#define AGAIN                                                                                      \
	"\"Status\":\"running\",\"ExitCode\":0,\"StartedAt\":\"2026-05-12T12:00:00Z\","            \
	"\"FinishedAt\":"                                                                          \
	"\"@\""

struct docker_fixture {
	struct runtime_address address;
	struct runtime *r;
	struct containers seen; /* in the last list */
	struct error err;
	timestamp since; /* that is asked for */
};

extern struct docker_fixture here;

void docker_begin(void);
void docker_begin_on_windows(void); /* over TCP */
void docker_end(void);

/* A list that succeeds; its container of that id, or NULL. What happens in it takes
 * less than a second, which is what rows count in. */
const struct container *docker_list_of(const char *id);

/* An event of a minute ago, about "a1". */
const char *docker_event(const char *action, const char *attribute);
/* "a1" came to such an end; with a minute ago in place of the '@'. */
void docker_has_ended(const char *state);

#endif
