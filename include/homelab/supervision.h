#ifndef HOMELAB_SUPERVISION_H
#define HOMELAB_SUPERVISION_H

#include <homelab/orders.h>
#include <homelab/policy.h>

/*
 * What becomes of containers that crash. Pure: it is told what happened, and
 * hands back orders and events. Each cycle, for each runtime that answered:
 *
 *	supervision_tell(s, &subject, input, at, now, &out);	each transition
 *	supervision_look(s, runtime, subjects, count, now, &out);	all it has now
 *	for each of out.orders that is to be carried out:
 *		supervision_done(s, &order, failure, now, chance, &out);
 *	supervision_describe(s, &subject, now);		for events
 *	supervision_to_json(s);					and keep that
 *
 * An order comes again with every look until supervision_done() is told or it
 * has become pointless, so that nothing is lost where orders are only said
 * (--no-act), put off (a deployment is at work), or the agent ends between.
 * Carrying one out twice does no harm. `service_shutdown` and
 * `container_isolated` come of supervision_done(), once it is so.
 *
 * What is kept of a container goes by its runtime's name, its own and its pod,
 * and outlives a change of its id: what is removed and made anew in a loop,
 * loops. Of several of one name the youngest is meant. It is forgotten when the
 * container is gone and a window went by without a crash.
 *
 * Times are the real clock's. One that is set back delays nothing longer than a
 * policy could; a runtime elsewhere must have the same but for much less than a
 * window. States, and what happens in each: see src/supervise/states.c.
 */

enum supervision_state {
	SUPERVISION_RUNNING,
	SUPERVISION_RESTARTING, /* crashed; its runtime or we start it again */
	SUPERVISION_LOOPING, /* from the crash that is one too many until it has run
			      * for a window without another */
	SUPERVISION_ISOLATED, /* crashed, and left as it is until a person acts */
	SUPERVISION_SHUTDOWN, /* crashed and stays down; so does what nobody starts */
	SUPERVISION_COMPLETED, /* ended with 0 or as it was asked to, or never ran */
	SUPERVISION_STATE_COUNT
};

/* running restarting crash_loop_backoff isolated shutdown completed */
extern const char *const supervision_state_names[SUPERVISION_STATE_COUNT];

enum supervision_input {
	INPUT_CRASHED,
	INPUT_COMPLETED, /* ended with 0, which nobody asked for */
	INPUT_STOPPED, /* ended as somebody asked for */
	INPUT_STARTED, /* is up, by a person or by us */
	INPUT_RESTARTED, /* is up, by its runtime; which of the two is found out here */
	INPUT_REMOVED,
	/* Those are for supervision_tell(); these come of _look() and _done(). */
	INPUT_TICK,
	INPUT_DONE,
	INPUT_FAILED,
	INPUT_COUNT
};

/* A container as it is seen now; a gone one as it was last. */
struct supervision_subject {
	const struct container *container;
	const struct policy *policy, *doubted; /* of policy_for() */
	bool acts; /* its runtime can start and stop: runtime_acts() */
	bool unattended; /* since the last look its runtime was gone or the host booted:
			  * one that its runtime may start was started by it then */
};

struct supervision;

struct supervision *supervision_new(void);
void supervision_free(struct supervision *s);

/* Something happened to a container at that time. */
void supervision_tell(struct supervision *s, const struct supervision_subject *who,
    enum supervision_input input, timestamp at, timestamp now, struct supervision_results *out);

/* Time went by. `subjects` are all that the runtime has; what happened to them
 * has been told. What differs all the same is believed to be nobody's crash. */
void supervision_look(struct supervision *s, const char *runtime,
    const struct supervision_subject *subjects, size_t count, timestamp now,
    struct supervision_results *out);

/* An order was carried out, or failed for that reason (else NULL): then it
 * comes again after a backoff, and the first failure of a row is told. */
void supervision_done(struct supervision *s, const struct supervision_order *order,
    const char *failure, timestamp now, uint64_t chance, struct supervision_results *out);

/* Whether a start that is seen now is our doing; ask before it is told. */
bool supervision_restarted_it(const struct supervision *s, const struct container *c);
/* Judged by its policy, or by the same defaults where it has none. */
bool supervision_is_looping(const struct supervision *s, const struct container *c);

/* {state, policy, restarts_total, restarts_in_window, last_exit_code, since,
 * backoff_until}, for `supervision` in events. New reference; JSON null where
 * nothing is known. */
json_t *supervision_describe(
    const struct supervision *s, const struct supervision_subject *who, timestamp now);

/* As it is kept on disk; only what happens changes it. NULL where it is damaged. */
json_t *supervision_to_json(const struct supervision *s);
struct supervision *supervision_from_json(const json_t *value);

#endif
