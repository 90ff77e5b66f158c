#ifndef HOMELAB_HEALTH_H
#define HOMELAB_HEALTH_H

#include <homelab/container.h>
#include <homelab/error.h>
#include <homelab/timestamp.h>

#include <jansson.h>

/*
 * When a service is said to be healthy or unhealthy. Pure.
 *
 *	h = health_from_json(kept, &err);         NULL: say so, then health_new()
 *	struct health_reports said = {0};
 *
 *	health_update(h, sights, count, &rule, now, &said);     once a cycle, all
 *	… service_healthy or service_unhealthy for each of said.list …
 *	kept = health_to_json(h);
 *	health_reports_release(&said);
 *
 * A service is its current containers (container_service()). Not current is one
 * that ended where another of its runtime and name was created later, one that
 * ended without a crash where another is there, and one that `docker compose run`
 * made. It is
 *
 *	good	where every current one runs, has done so for `stable`, isn't in a
 *		crash loop, and its health check, if it has one, says healthy
 *	bad	where the health check of a current one that runs says unhealthy
 *
 * and else it isn't known yet, or down, of which the containers' own events tell.
 * In the observer's fold "healthy" ends an incident and "unhealthy" is one more
 * occurrence of it. So the first is said when it becomes good, when it is good
 * again though it was down meanwhile, and every `heartbeat`; the second once, and
 * again only after it was good. What is neither ends "healthy" in silence but not
 * "unhealthy": a container that is restarted and fails its check again was
 * unhealthy all the time.
 *
 * One container with the label homelab.health=external leaves the health of its
 * service to others: nothing is said. Of a service with a container that can't be
 * seen nothing is said either, and nothing forgotten; one without any is forgotten.
 */

struct health_sight {
	const struct container *container;
	bool looping; /* in a crash loop, or in its backoff */
	bool unseen; /* its runtime doesn't answer: this is how it was */
};

struct health_rule {
	timestamp stable, heartbeat; /* durations, of 60 s and 5 min */
};

struct health_report {
	char *service; /* its own */
	bool healthy;
	/* The one that was started last; of those that fail their check, if unhealthy.
	 * Of the sights' containers. */
	const struct container *container;
};

/* By service. Begun as {0}. */
struct health_reports {
	struct health_report *list;
	size_t count, room;
};

void health_reports_release(struct health_reports *r);

enum {
	HEALTH_FORMAT = 1,
	HEALTH_SERVICES_MAX = 1000, /* of further ones, by name, nothing is said */
};

struct health;

struct health *health_new(void);
void health_free(struct health *h); /* NULL is nothing */

/* Adds to *out what is to be said at `now`. */
void health_update(struct health *h, const struct health_sight *sights, size_t count,
    const struct health_rule *rule, timestamp now, struct health_reports *out);

/* New reference. */
json_t *health_to_json(const struct health *h);

/* NULL and the reason (EX_SOFTWARE) where that isn't whole, or of another format. */
struct health *health_from_json(const json_t *value, struct error *err);

#endif
