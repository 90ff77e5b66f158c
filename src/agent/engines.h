#ifndef AGENT_ENGINES_H
#define AGENT_ENGINES_H

#include "options.h"

#include <homelab/backoff.h>
#include <homelab/runtime.h>

/*
 * The container runtimes that are watched: those of --runtime, and, once they were
 * seen, those that `auto` found. One that doesn't answer is asked again after a
 * backoff, and what it has isn't taken for gone.
 */
struct engine {
	struct runtime_addresses own; /* the one: `address` */
	const struct runtime_address *address;
	struct runtime *runtime;
	struct backoff backoff; /* by the monotonic clock */
	bool told; /* that it is (un)available, so: */
	bool available;
	bool back; /* it is, and wasn't, or wasn't known to be, at the look before */
	bool answered; /* in this cycle: `seen` is what it has */
	char product[64], version[64], api[32]; /* as they were last */
	struct error failure; /* of this cycle; status 0: none */
	struct containers seen; /* sorted */
	struct follower *follower; /* in another thread; NULL: none */
};

struct engines {
	struct engine **list;
	size_t count, room;
};

/* Adds those that weren't there yet. `known` is what was saved of them: the ones
 * that were found by `auto` before are added, too, where that is still told. */
void engines_refresh(struct engines *e, const struct agent_options *o, const json_t *known);
void engines_release(struct engines *e);
/* By its address's name, a container's `runtime`; or NULL. */
struct engine *engines_find(const struct engines *e, const char *name);

/* As it was saved: for those that are there already. */
void engines_restore(struct engines *e, const json_t *known);

/* Asks one for all it has, unless its backoff isn't over. `since` is when it was
 * asked before. */
void engine_ask(struct engine *engine, timestamp since);

/* {NAME: {available, product, version, api}, …} of those that were asked. New
 * reference. */
json_t *engines_describe(const struct engines *e);

/* Random bits for backoffs. */
uint64_t engine_chance(void);

#endif
