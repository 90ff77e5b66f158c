#ifndef HOMELAB_STATION_H
#define HOMELAB_STATION_H

#include <homelab/observer.h>

#include <jansson.h>

/*
 * An observer that stays: run after run, with what was committed last in memory
 * and the lock held. Each run is three calls:
 *
 *	station_prepare(s, &err)		reads what isn't in memory, and the inventory
 *	station_cycle(s, early, &err)		everything else
 *	station_renew(s, &changes, &err)	ready for the next
 *
 * The first two return 0, or -1 with *err set, after which nothing in memory is
 * believed: the next run begins with the disk.
 */
struct station;

struct station *station_new(const struct observer_options *options);
void station_free(struct station *s);

/* To be changed between runs; `reset` goes when a run was done. */
struct observer_options *station_options(struct station *s);
/* Closes everything: what comes next begins with the disk. */
void station_forget(struct station *s);

int station_prepare(struct station *s, struct error *err);
/* The nodes of the inventory, by name; after station_prepare(). */
size_t station_source_count(const struct station *s);
const char *station_source(const struct station *s, size_t i);

/* One that is `early` commits only what others wait for: a change of a status, an
 * incident, a deployment, a pressure. All else is found again by a later one. */
int station_cycle(struct station *s, bool early, struct error *err);
/* Calls for every directory that may get events, by its path below ROOT/events;
 * not for those of dates more than two days ago. After station_cycle(). */
void station_each_directory(
    const struct station *s, void (*visit)(void *context, const char *path), void *context);

/* What was committed, as an array of events, or NULL where nothing was; a new
 * reference. Returns the exit status a run would end with: EX_OK, or with *err set
 * EX_CONFIG or EX_IOERR, though the world is published. */
int station_renew(struct station *s, json_t **changes, struct error *err);
/* The summary that is published; the station's own. */
const json_t *station_summary(const struct station *s);

#endif
