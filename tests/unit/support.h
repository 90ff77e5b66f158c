#ifndef UNIT_SUPPORT_H
#define UNIT_SUPPORT_H

/*
 * What the unit tests share: events and times written as short texts, chance
 * that can be repeated, and a place on disk.
 */

#include <homelab/journal.h>

#include <check.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* 2026-05-12, the day that times are told from: "12:05:00", "3d00:00:00.5". */
#define DAY_ZERO SECONDS(1778544000)

timestamp time_at(const char *text);
/* The same text again; "-" for none. Good until the fourth next call. */
const char *time_text(timestamp at);

/*
 * An event by hand, as the decoder would hand it over:
 *
 *	TIME TYPE [all] [svc=A,B] [src=] [cid=] [msg=] [sev=] [stage=]
 *	    [diag=A,B] [disk=] [memory=] [cpu=] [metrics=A:1,B:2.5]
 *	    [box=NAME,STATE,ID,STARTED,RUNTIME]
 */
struct told {
	struct event event;
	char words[1024];
};

void tell(const char *line, struct told *out);
/* An event of some type and time, and nothing else; refers to the texts. */
void plain_event(timestamp at, const char *type, struct event *out);
void fold_lines(struct partition *p, const char *lines);

/* Chance: the same for the same seed. */
struct dice {
	uint64_t state;
};

struct dice dice_of(int seed);
uint64_t roll(struct dice *d, uint64_t sides);
/* How much later the next event is: often nothing, seldom months. */
timestamp random_step(struct dice *d);
void random_event(struct dice *d, timestamp at, struct event *out);

void assert_same_bytes(const struct buffer *a, const struct buffer *b, const char *what);
void assert_text(const char *got, const char *expected, const char *what);

/* A store in a directory of its own, with folders for the sources and nodes
 * "n" and "old". */
struct scratch {
	char path[256];
	struct store store;
};

void scratch_make(struct scratch *s);
void scratch_remove(struct scratch *s);

Suite *options_suite(void);
Suite *timestamp_suite(void);
Suite *names_suite(void);
Suite *pack_suite(void);
Suite *decode_suite(void);
Suite *row_suite(void);
Suite *partition_suite(void);
Suite *sighting_suite(void);
Suite *project_suite(void);
Suite *state_suite(void);
Suite *message_suite(void);
Suite *inventory_suite(void);
Suite *inventory_load_suite(void);
Suite *inventory_memory_suite(void);
Suite *journal_suite(void);
Suite *order_suite(void);
Suite *replay_suite(void);
Suite *tree_suite(void);
Suite *scan_suite(void);
Suite *intake_suite(void);
Suite *lines_suite(void);
Suite *unreadable_suite(void);
Suite *carried_suite(void);
Suite *quarantine_suite(void);
Suite *observation_suite(void);
Suite *observation_wait_suite(void);
Suite *observation_reader_suite(void);
Suite *metrics_suite(void);
Suite *changes_suite(void);
Suite *entries_suite(void);
Suite *outbox_suite(void);
Suite *unsynced_suite(void);
Suite *compose_suite(void);
Suite *spool_suite(void);
Suite *screen_suite(void);
Suite *status_suite(void);
Suite *hold_suite(void);
Suite *bookmark_suite(void);
Suite *system_suite(void);
Suite *emit_suite(void);
Suite *http_suite(void);
Suite *grpc_suite(void);
Suite *cri_read_suite(void);
Suite *cri_suite(void);
Suite *backend_suite(void);
Suite *backend_buffer_suite(void);
Suite *backend_limits_suite(void);
Suite *container_suite(void);
Suite *address_suite(void);
Suite *docker_suite(void);
Suite *docker_end_suite(void);
Suite *docker_engine_suite(void);
Suite *docker_list_suite(void);
Suite *track_suite(void);
Suite *track_many_suite(void);
Suite *lives_suite(void);
Suite *health_suite(void);
Suite *backoff_suite(void);
Suite *policy_suite(void);
Suite *supervision_suite(void);
Suite *supervision_story_suite(void);
Suite *supervision_memory_suite(void);

#endif
