#ifndef HOMELAB_SUPERVISE_PARTS_H
#define HOMELAB_SUPERVISE_PARTS_H

#include <homelab/backoff.h>
#include <homelab/buffer.h>
#include <homelab/supervision.h>

/*
 * Mechanism: deaths.c (who died when), memory.c (on disk). Policy: judge.c (is
 * that a loop, what is to be done). Between them the table of states, states.c;
 * supervision.c finds what each input is about.
 */

/* --- deaths.c ------------------------------------------------------------------- */

/* When it crashed lately, in order; of more than DEATHS_MAX the latest. */
enum { DEATHS_MAX = POLICY_RESTARTS_MOST + 1 };

struct deaths {
	timestamp *times;
	size_t count, room;
};

void deaths_add(struct deaths *d, timestamp at);
/* Those that are at most `window` old; what lies ahead of now is not older. */
size_t deaths_within(const struct deaths *d, timestamp now, timestamp window);
timestamp deaths_last(const struct deaths *d); /* TIMESTAMP_NONE without */
/* The clock was set back: none lies ahead of now, but for what clocks differ. */
void deaths_clamp(struct deaths *d, timestamp now);
void deaths_release(struct deaths *d);
json_t *deaths_to_json(const struct deaths *d);
bool deaths_from_json(const json_t *value, struct deaths *out);

/* --- one container -------------------------------------------------------------- */

#define ORDER_NONE ORDER_COUNT

struct supervised {
	char *runtime, *name, *pod; /* what it goes by; pod "" without */
	char *id;
	timestamp created; /* as the one of that id was; TIMESTAMP_NONE = unknown */
	enum supervision_state state;
	bool up; /* as far as was told */
	bool gone;
	bool looked; /* at in this look; not kept */
	bool loop; /* in a crash loop, whatever the state */
	bool owed; /* its last crash was followed by no start yet */
	bool ahead; /* its last crash isn't in its runtime's count of restarts yet */
	bool promised; /* its runtime is about to start it, as it was looked at last */
	bool announced; /* that it is shut down or isolated */
	bool ordered; /* `wanted` was handed out */
	bool tried; /* and carried out */
	bool failing; /* or failed, which was told */
	enum supervision_order_kind wanted; /* or ORDER_NONE */
	timestamp due; /* when it is */
	struct backoff retry;
	struct deaths deaths;
	int64_t crashes; /* in all */
	int64_t restarts_seen; /* as its runtime counts them */
	bool has_exited;
	int64_t last_exit_code;
	timestamp since, risen; /* known since; up since, where it is */
	timestamp window; /* of its policy when it was last looked at */
	char *objection; /* what was last said against its policy, or NULL */
};

/* An input, and all that it is to be weighed with. */
struct step {
	struct supervised *item;
	const struct supervision_subject *who;
	timestamp at, now;
	uint64_t chance; /* of INPUT_DONE and INPUT_FAILED */
	const char *failure; /* of INPUT_FAILED */
	struct supervision_results *out;
};

/* --- states.c --------------------------------------------------------------------- */

void supervised_step(struct step *step, enum supervision_input input);

/* --- judge.c ---------------------------------------------------------------------- */

/* Who sees to a container that crashed, and how. */
enum remedy {
	REMEDY_NONE, /* nobody */
	REMEDY_RUNTIME, /* its runtime starts it */
	REMEDY_RESTART, /* we do */
	REMEDY_SHUTDOWN,
	REMEDY_ISOLATE,
	REMEDY_COUNT
};

struct verdict {
	enum supervision_state state;
	enum supervision_order_kind order;
	bool waits; /* the order does, for the policy's backoff */
};

enum remedy remedy_of(const struct supervision_subject *who);
struct verdict verdict_of(enum remedy remedy, bool loop);
/* Whether an order is still what the policy wants. */
bool remedy_wants(enum remedy remedy, enum supervision_order_kind order);
/* The container's policy, or the default. */
const struct policy *policy_of(const struct supervision_subject *who);
/* Whether a loop has begun: more crashes within the window than may be. */
bool loop_begins(const struct deaths *d, const struct policy *p, timestamp now);
/* Whether one is over: a window without a crash, in which it was up or at least
 * nobody was to start it. */
bool loop_ends(const struct supervised *item, const struct supervision_subject *who, timestamp now);

/* --- results.c ----------------------------------------------------------------------- */

void results_add_order(
    struct supervision_results *out, enum supervision_order_kind kind, const struct step *step);
void results_add_loop(const struct step *step);
void results_add_shutdown(const struct step *step);
void results_add_isolated(const struct step *step);
/* The reason is made printable, and cut. */
void results_add_failed(const struct step *step, const char *action, const char *reason);

/* --- objection.c --------------------------------------------------------------- */

/* Says what stands against its policy, unless that was said last. */
void supervised_object(struct step *step);

/* --- memory.c, supervision.c ------------------------------------------------------ */

struct supervision {
	struct supervised **items; /* by runtime, name, pod */
	size_t count, room;
};

int supervised_compare(const struct supervised *a, const struct supervised *b);
struct supervised *supervised_new(void);
void supervised_free(struct supervised *item);

#endif
