#ifndef HOMELAB_STATUS_H
#define HOMELAB_STATUS_H

#include <homelab/published.h>
#include <homelab/screen.h>

/*
 * What homelab-status shows of a published world. All but status_follow() is
 * pure: a world, a query and a screen in, text on the screen out.
 *
 * What is asked for goes two ways: `node` and `service` say what it is about,
 * and without `all` only that is shown of it which matters: what isn't as it
 * should be, and what is under way.
 */

enum subject {
	SUBJECT_OVERVIEW,
	SUBJECT_NODES,
	SUBJECT_SERVICES,
	SUBJECT_INCIDENTS,
	SUBJECT_DEPLOYMENTS,
	SUBJECT_HISTORY
};

struct query {
	const char *root;
	enum subject subject;
	const char *id; /* of one incident or deployment, or NULL */
	const char *node, *service; /* or NULL */
	bool all, json;
	timestamp now; /* or TIMESTAMP_NONE: the clock's */
	timestamp warning_age, critical_age; /* of the world: older is old */
};

timestamp query_now(const struct query *q);

/* Members of records; NULL, TIMESTAMP_NONE, 0 where they aren't there. */
const char *member_text(const json_t *record, const char *key);
timestamp member_time(const json_t *record, const char *key);
json_int_t member_number(const json_t *record, const char *key);
bool member_is(const json_t *record, const char *key, const char *text);
bool array_has(const json_t *array, const char *text);

/* select.c: which records are shown. A new object of them, by their ids. */
json_t *select_records(const struct published *world, const struct query *q, enum document which);
/* The same with what doesn't matter, too. */
json_t *select_all(const struct published *world, const struct query *q, enum document which);
/* "missing", "silent", "undeclared", or NULL: how a service differs from what is declared. */
const char *select_drift(const struct published *world, const char *key);
/* Whether an event of the history is about what is asked for. */
bool select_event(const struct query *q, const json_t *event);
/* Whether there is any such node and service. -1 with status 1 where not.
 * `history` may be NULL. */
int select_check(
    const struct published *world, const json_t *history, const struct query *q, struct error *err);

/* deployment.c: failed or stalled less than 7 days ago, and none newer of one of
 * its services: what makes a world DEGRADED. */
bool deployment_is_trouble(const struct published *world, const json_t *run, timestamp now);

/* The style that a status, severity or level is shown in, and how urgent it is:
 * the less the more. */
enum style style_of_word(const char *word);
int urgency_of_word(const char *word);

/* reasons.c: why a world isn't nominal. */
enum alarm { ALARM_OK, ALARM_WARNING, ALARM_CRITICAL, ALARM_UNKNOWN };

struct reasons {
	enum alarm worst;
	struct reason {
		enum alarm alarm;
		char *text; /* not escaped */
	} * list;
	size_t count, room;
};

void reasons_find(const struct published *world, const struct query *q, timestamp now,
    struct reasons *out); /* the worst first */
void reasons_release(struct reasons *r);

/* How old the world is; less than 0 where its clock is ahead. */
timestamp world_age(const json_t *summary, timestamp now);

/* Pages. */
void overview_print(const struct published *world, const struct query *q, struct screen *s);
void list_print(const struct published *world, const struct query *q, struct screen *s);
/* containers.c: those of all services that are asked for; nothing for none. */
void containers_print(const struct published *world, const struct query *q, struct screen *s);
/* One of an overview's lists: so many lines at most. */
void list_section(const struct published *world, const struct query *q, enum document which,
    size_t most, struct screen *s);
/* Says loudly where the world is old, dated ahead, or torn. */
void warnings_print(const struct published *world, const struct query *q, struct screen *s);
/* One incident or deployment. -1 with status 1 where there is none. */
int story_print(
    const struct published *world, const struct query *q, struct screen *s, struct error *err);
/* The record that q->id means: an id, or of incidents node/service: its latest. */
const json_t *story_find(const struct published *world, const struct query *q);
void history_print(const json_t *history, const struct query *q, struct screen *s);
void history_event_print(const json_t *event, const struct query *q, struct screen *s);

/* The same as JSON. New reference. */
json_t *status_json(const struct published *world, const struct query *q);
/* A batch with those of its events that are asked for; NULL where none is. */
json_t *history_batch_json(json_t *batch, const struct query *q);
json_t *history_json(const json_t *history, const struct query *q);
/* Dumped as the world is, or on one line; a character that isn't seen becomes
 * JSON's \uNNNN. */
void json_print(const json_t *value, bool on_one_line, struct buffer *out);

/* check.c: one line for monitoring plugins. */
enum alarm check_print(const struct published *world, const struct query *q, struct screen *s);

/* follow.c: prints changes as they are committed, looking once a second, until a
 * signal ends the program or standard output can't be written: -1. */
int status_follow(const struct query *q, struct screen *s, struct error *err);

#endif
