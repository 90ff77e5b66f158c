#ifndef EVENT_DEPLOYMENT_H
#define EVENT_DEPLOYMENT_H

#include "options.h"

/*
 * `homelab-event run`: a command between deployment_started and
 * deployment_completed or deployment_failed, with a log of its output in
 * ROOT/logs/deploy.
 *
 * Where an event or the log can't be written that is said on standard error, and
 * the command runs all the same: a full disk is no reason not to deploy. Only
 * events that can't be (EX_USAGE) keep it from running.
 */

/* The command's status, as shells have it; -1 where it was not run. */
int deployment_run(const struct event_command *c, struct error *err);

#endif
