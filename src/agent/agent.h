#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "declared.h"
#include "engines.h"
#include "news.h"
#include "node.h"
#include "options.h"
#include "store.h"

#include <homelab/health.h>
#include <homelab/supervision.h>
#include <homelab/track.h>

#include <signal.h>

/*
 * One look after another at everything on this node:
 *
 *	engines ─▶ track ─▶ transitions ─▶ supervision ─▶ orders
 *	    node ─▶ health, pressures  └──────┬──────┘
 *	                                      ▼
 *	                                     news ─▶ ROOT/events, backends
 *
 * Invariants:
 *	L1 What is told is saved before, in one file with the state that it follows
 *	   from, so that after a crash it is told neither twice nor never.
 *	L2 Orders are carried out only after the state that gave them was saved, and
 *	   come again until it is saved that they were.
 *	L3 Where nothing happened nothing is written.
 *	L4 A look that couldn't be saved is as if it hadn't been.
 */
struct agent {
	const struct agent_options *options;
	const volatile sig_atomic_t *stop;
	void (*hint)(void *context); /* for followers of engines; NULL: none */
	void *hint_context;
	struct store store;
	struct news news;
	struct node node;
	struct engines engines;
	struct declared declared;
	struct backends *backends; /* NULL: none */
	struct track *track;
	struct supervision *supervision;
	struct health *health;
	json_t *dropped; /* URL to the total that was told of it */
	json_t *saved, *gist; /* the state, and of it what a change of is saved */
	json_t *told; /* the events of this look */
	timestamp now; /* of this look */
	bool booted; /* since the look before */
	bool found_none; /* that there is no runtime was said */
	bool watches_only; /* a deployment is under way, and that was said */
	bool unavailable; /* a runtime was, in the last look */
};

/* EX_TEMPFAIL where another runs; EX_CONFIG, EX_IOERR. Close it in either case. */
int agent_open(struct agent *a, const struct agent_options *options, struct error *err);
void agent_close(struct agent *a);

/* The state as it was saved last, also in memory. */
void agent_restore(struct agent *a);
/* Saves what changed (L1, L3). */
int agent_save(struct agent *a, struct error *err);

/* The engines there are now; those that aren't watched any more are forgotten. */
void agent_find_engines(struct agent *a);

/* Looks once at all of them. Its events are added to the array `told`. */
int agent_look(struct agent *a, json_t *told, struct error *err);

/* {node, runtimes, containers}: what there is now. New reference. */
json_t *agent_facts(const struct agent *a);

/* --- tell.c: what becomes news ---------------------------------------------------- */

struct supervision_subject agent_subject(
    const struct agent *a, const struct engine *engine, const struct container *c);
void agent_tell(struct agent *a, const struct outline *outline);
/* Lets supervision know, too. */
void agent_tell_transition(struct agent *a, struct engine *engine, const struct transition *t,
    struct supervision_results *results);
/* The events from the first'th on. */
void agent_tell_supervision(
    struct agent *a, const struct supervision_results *results, size_t first);
void agent_tell_health(struct agent *a, const struct health_report *report);
void agent_tell_engine(struct agent *a, const struct engine *engine);

/* --- act.c: orders ------------------------------------------------------------------- */

/* What it leads to is added to the results' events. */
void agent_act(struct agent *a, struct supervision_results *results);

/* --- log.c ------------------------------------------------------------------------------ */

/* The last lines of a log, without control characters, at most RUNTIME_LOG_MAX
 * bytes: an array. Pure. */
json_t *log_lines(const void *log, size_t length, unsigned lines);

#endif
