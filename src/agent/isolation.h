#ifndef AGENT_ISOLATION_H
#define AGENT_ISOLATION_H

#include <homelab/error.h>

#include <jansson.h>
#include <signal.h>

/*
 * Runs --isolate-hook, which has what is isolated taken out of service elsewhere
 * (a load balancer, DNS): the event's JSON is its standard input, it has 30 s, and
 * it is waited for. Whose it has to be: see homelab/hook.h. A stop ends it early.
 */
int isolation_run(
    const char *hook, const json_t *subject, const volatile sig_atomic_t *stop, struct error *err);

#endif
