#ifndef HOMELAB_POLICY_H
#define HOMELAB_POLICY_H

#include <homelab/container.h>
#include <homelab/inventory.h>

/*
 * What is to be done about a container that crashed, as the operator says in
 * hosts/NODE/services.yaml (homelab-topology(5)):
 *
 *	services:
 *	  mosquitto:
 *	    errors:
 *	      on_panic: {action: restart, max_restarts: 5, window: 300s, backoff: 30s}
 *
 *	struct policies *p = policies_parse(text, length, &complaint);
 *	const struct policy *doubted, *policy = policy_for(p, container, &doubted);
 *
 * A service has a policy where it has the key `on_panic`, be it empty. The
 * observer doesn't look at `errors`.
 */

enum panic_action {
	PANIC_RESTART, /* started again; in a crash loop only after `backoff` */
	PANIC_SHUTDOWN, /* stays down, whatever its runtime would do */
	PANIC_ISOLATE, /* is left as it is, and others are told to do without it */
	PANIC_ACTION_COUNT
};

/* restart shutdown isolate */
extern const char *const panic_action_names[PANIC_ACTION_COUNT];

#define POLICY_WINDOW_DEFAULT SECONDS(300)
#define POLICY_WINDOW_LEAST SECONDS(1)
#define POLICY_WINDOW_MOST DAYS(7)
#define POLICY_BACKOFF_DEFAULT SECONDS(30)
#define POLICY_BACKOFF_LEAST SECONDS(1)
#define POLICY_BACKOFF_MOST DAYS(1)
enum { POLICY_RESTARTS_DEFAULT = 5, POLICY_RESTARTS_MOST = 100 };

struct policy {
	char *service;
	enum panic_action action;
	int max_restarts; /* more crashes within the window are a crash loop; from 0 */
	timestamp window, backoff;
};

/* By service. */
struct policies {
	struct policy *items;
	size_t count;
};

/* The default of everything, for containers that have none; of no service. */
extern const struct policy policy_default;

/*
 * Reads what one services.yaml says. NULL where the file is bad: as for
 * declarations_parse, but of a service only `errors` is looked at. Limits, both
 * ends included: max_restarts 0 to 100, window 1s to 7d, backoff 1s to 1d.
 */
struct policies *policies_parse(const char *text, size_t length, struct complaint *complaint);
const struct policy *policies_find(const struct policies *p, const char *service);
void policies_free(struct policies *p);

/*
 * The policy that applies to a container: of the service that has its name (of
 * which a leading "<12 hex digits>_" is left out), else of the one that has the
 * name of its compose project, whichever of the project's containers it is. Or
 * NULL: what it is said to be by another label, which whoever made the image
 * may have set, makes no policy.
 *
 * *doubted is the policy of the service that its labels say it belongs to
 * (container_service()), where that isn't the one that applies; else NULL. That
 * is for an event, so that an operator sees which of the two was meant. Both
 * live as long as `p`, which may be NULL.
 */
const struct policy *policy_for(
    const struct policies *p, const struct container *c, const struct policy **doubted);

#endif
