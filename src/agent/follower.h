#ifndef AGENT_FOLLOWER_H
#define AGENT_FOLLOWER_H

#include <homelab/runtime.h>

/*
 * A thread that waits for a runtime's events, and says `hint` when it begins to and
 * for each. Where they end it tries again, after a backoff; of a runtime that has none
 * it does nothing. It takes no signals.
 */
struct follower;

/* Of a runtime that is connected; its address has to outlive it. NULL where there can be
 * no thread. */
struct follower *follower_start(
    const struct runtime *runtime, void (*hint)(void *context), void *context);
/* Ends it within about a second. NULL is nothing. */
void follower_free(struct follower *f);

#endif
