#ifndef DISK_HOMELAB_H
#define DISK_HOMELAB_H

#include <homelab/observer.h>

#include <check.h>
#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Small homelabs on disk, and runs over them. ROOT is a temporary directory;
 * times are told as "DAYSdHH:MM:SS" since 2026-05-12.
 */
struct homelab {
	char root[256], repo[258];
	struct observer_options options;
	int status; /* of the last run */
	struct error error;
	char said[8192]; /* on standard error, by the last run */
	bool has_run;
	char news[16][128]; /* files put since the last run */
	size_t news_count;
};

void homelab_make(struct homelab *h);
void homelab_remove_all(const char *path);
void homelab_remove(struct homelab *h);

/* ROOT/PATH with this text; directories are made. */
void homelab_put(struct homelab *h, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* An event file; `more` are further members of the object, or "". */
void homelab_event(struct homelab *h, const char *node, const char *at, const char *type,
    const char *service, const char *more);
void homelab_delete(const struct homelab *h, const char *path);

/* What is said on standard error from the one to the other goes to `said`. */
struct hearing {
	FILE *file;
	int kept;
};
struct hearing homelab_listen(void);
void homelab_heard(struct homelab *h, struct hearing hearing);

/* One run at a time of the tests' own; what it says goes to `said`. */
void homelab_run(struct homelab *h, const char *now);
void homelab_verify(struct homelab *h);
/* The same by an observer that stays from the first to homelab_leave(). */
void homelab_cycle(struct homelab *h, const char *now, bool early);
void homelab_leave(void);
/* Deletes the event files of what is decided on. */
void homelab_expire(struct homelab *h);

/* Whether a name in ROOT is the operator's or the nodes'. */
bool homelab_is_input(const char *name);
/* Removes all in ROOT but that. */
void homelab_remove_own(const char *root);
void homelab_write(int dir, const char *name, const void *data, size_t length, timestamp mtime);

/* Makes events/ a copy of itself; homelab_restore_events() takes it back. */
void homelab_keep_events(const struct homelab *h);
/* The same, and removes every event file of the copy that the checkpoint says is
 * decided on (C2). */
void homelab_delete_decided(const struct homelab *h);
void homelab_restore_events(const struct homelab *h);

/* What a tree's state and world look like. */
struct picture {
	struct buffer documents[DOCUMENT_COUNT]; /* as they are */
	struct buffer summary; /* less its observation, as text */
	struct buffer raw_summary, checkpoint, history; /* as they are */
	struct buffer quarantine; /* names and contents, sorted */
	unsigned temporary; /* names with a dot before, below state and world */
	long long accepted;
};

void picture_take(const struct homelab *h, struct picture *p);
void picture_release(struct picture *p);
/* Fails the test, with `what`, where the worlds or quarantines differ. */
void picture_compare(const struct picture *got, const struct picture *expected,
    const struct homelab *h, const char *what);
bool picture_same_checkpoint(const struct picture *a, const struct picture *b);
bool picture_same_world(const struct picture *a, const struct picture *b);
/* Fails the test where a document is neither that of one nor that of the other. */
void picture_check_documents(const struct picture *got, const struct picture *before,
    const struct picture *after, const char *what);
/* The same for all files, byte for byte: of a run that was recorded. */
void picture_check_whole(const struct picture *got, const struct picture *before,
    const struct picture *after, const char *what);

/* Nothing but the failure's being told in the summary may differ. */
void picture_check_kept(const struct picture *got, const struct picture *before, const char *what);

/* Fails the test where the changes told since `before` don't lead from its keys and
 * statuses to those of `got`, or tell one twice. */
void picture_check_changes(const struct picture *got, const struct picture *before,
    const struct homelab *h, const char *what);

/* Fails the test where a file isn't whole that the checkpoint stands for. */
void homelab_check_store(const struct homelab *h, const char *what);

/* --- scenario.c ----------------------------------------------------------------- */

/* A run to be cut or failed, and what there was before. */
struct scenario {
	const char *name, *now;
	void (*before)(struct homelab *h); /* trees and runs up to it */
	void (*news)(struct homelab *h); /* what is new to the run, or NULL */
	enum {
		ORDINARY,
		RESET, /* the run is a rebuild */
		MENDS, /* the run finds damage and says so */
		KEEPS_SIZES, /* documents change, but not in size */
	} is;
	enum { A_RUN, STAYING, EARLY } by; /* a cycle of one that stays, due or early */
};

extern const struct scenario scenarios[];
extern const int scenario_count;

TCase *kill_tcase(void);
Suite *cut_suite(void);
Suite *agent_suite(void);
Suite *fail_suite(void);
Suite *memory_suite(void);
Suite *count_suite(void);
Suite *metrics_suite(void);

#endif
