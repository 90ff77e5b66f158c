#ifndef HOMELAB_SCAN_H
#define HOMELAB_SCAN_H

#include <homelab/journal.h>

#include <signal.h>

/*
 * From the event directories to the journal: which names are new, what they
 * hold, what is decided on them.
 *
 *	tree_scan()		which directories there are
 *	directory_is_due()	which of them may have something new
 *	directory_scan()	lists one, decides on what is new
 *
 * Everything in an event directory is hostile (A5): opened without following
 * links, limited in size, decoded before it's believed. Nothing in it can fail
 * a run; an error here is always one of our own state.
 */

/* What happened, for the summary's `observation`. */
struct tally {
	uint64_t consumed, late, late_unplaced, held, rejected, unreadable, ignored;
};

/* What a run's scans share and don't change. */
struct scan {
	int root; /* descriptor of ROOT */
	int state; /* of ROOT/state */
	struct store *store;
	timestamp now; /* what events are compared with */
	timestamp settle; /* how old an unusable file must be to be rejected */
	bool rebuild; /* read everything again */
	uint64_t day_limit; /* see DAY_BYTES_MAX */
	volatile sig_atomic_t *stop;
	void (*looked_at)(void *context); /* called for every file; any thread */
	void *context;
};

/* Opens ROOT/events, which may be a link of the operator's. */
int scan_open_events(const struct scan *scan);

#define EVENTS "events"

/*
 * Rows of one date that a source may have: a day is held in memory while it's
 * folded (A4), and no node may make that fail. It's room for some million events;
 * what comes beyond waits, counted as unreadable.
 */
enum { DAY_BYTES_MAX = 256 << 20 };

#define HELD_AHEAD MINUTES(5)
#define PLACED_WITHIN DAYS(120)

/* How much the quarantine of a source holds: counted once a run, since a node
 * may have a million files to reject. */
struct quarantine {
	const char *source; /* whose it is; NULL before it was counted */
	uint64_t files, bytes;
};

/* One partition's work in a run. Only one thread works on it. */
struct intake {
	const struct scan *scan;
	struct manifest *manifest;
	struct node_names names;
	timestamp newest; /* of what earlier runs folded; TIMESTAMP_NONE */
	timestamp base; /* events before it are in the base or nowhere */
	timestamp oldest_new; /* least of this run's events; TIMESTAMP_LAST */
	size_t pending_bytes;
	struct tally tally;
	uint64_t shown; /* rejections shown to the operator */
	bool is_full; /* a day was full, and the operator told */
	struct quarantine quarantine; /* of the source being scanned */
	json_t *carried; /* rebuild: places whose rows are kept, as a set */
};

/* Opens it one component at a time, so that no link is followed; -1 with errno
 * set. */
int directory_open(const struct scan *scan, const struct source *s, const struct directory *d);
/* Looks at one directory. -1 with *err set is a failure of our own state. */
bool directory_is_due(const struct intake *in, const struct source *s, const struct directory *d);
/* `old` is NULL, or, in a rebuild, what was decided on it before. */
int directory_scan(struct intake *in, struct source *s, struct directory *d, struct decisions *old,
    struct error *err);

/* The day that a row of that time is added to, and the count of one that was
 * added behind the `before` bytes that were pending there. */
struct day *intake_day(struct intake *in, struct source *s, timestamp at);
int intake_count_row(struct intake *in, struct day *day, size_t before, struct error *err);

/* Sees to it that what was decided is in the journal's files. */
int intake_flush(struct intake *in, struct error *err);

/* --- within scan -------------------------------------------------------- */

/* A file being looked at. */
struct candidate {
	struct source *source;
	struct directory *directory;
	struct decisions *known; /* verdicts so far */
	struct decisions *out; /* where verdicts go; the same unless rebuilding */
	const char *name;
	const char *path; /* relative to the event directory */
	int fd;
	struct identity identity;
};

enum outcome {
	OUTCOME_DECIDED,
	OUTCOME_WAITS, /* has to be looked at again in the next run */
	OUTCOME_UNFINISHED, /* the same once it has changed */
	OUTCOME_FAILED /* our own state did */
};

/* Decide on a .json, or on what a .jsonl has beyond what was read of it. */
enum outcome intake_file(struct intake *in, struct candidate *c, struct error *err);
enum outcome intake_lines(struct intake *in, struct candidate *c, struct error *err);
/* Decide on a held line that is due. */
enum outcome intake_line(
    struct intake *in, struct candidate *c, uint64_t offset, struct error *err);
/* Rejects a whole file, whatever is in it. */
enum outcome intake_reject(
    struct intake *in, struct candidate *c, const char *reason, struct error *err);

/*
 * Copies what was rejected to observer_failed_events/SOURCE/, with its reason
 * beside, never over another one, 1,000 files and 100 MiB at most (E4). `name`
 * is escaped as needed. The content is `data`, or what can be read from `fd`
 * where data is NULL. Durable on return. 1 where the content can't be read now.
 */
int quarantine_put(struct quarantine *q, int state, const char *source, const char *name, int fd,
    const void *data, uint64_t length, const char *reason, struct error *err);

/* --- the tree ----------------------------------------------------------- */

struct tree_date {
	int32_t date;
	bool unreadable;
	struct identity identity;
	timestamp listed;
};

/* The directories above the event directories, at the last look. */
struct tree {
	bool unreadable;
	struct identity identity;
	timestamp listed;
	struct tree_date *dates; /* by date */
	size_t date_count, date_room;
};

/* Where a directory name's events belong: its source, or NULL where nobody
 * knows the node. */
typedef struct source *(*tree_source)(void *context, const char *name);
/* Calls for every source there is. */
typedef void (*tree_each)(void *context, void (*visit)(struct source *, int32_t), int32_t date);

/* Looks for directories that came or went; all of them where `force`. Returns
 * whether something was listed. */
bool tree_scan(const struct scan *scan, struct tree *tree, bool force, tree_source find,
    tree_each each, void *context, struct tally *tally);
void tree_release(struct tree *tree);

/* Whether a directory is as it was when listed (racily clean, as git has it). */
bool listing_holds(const struct identity *then, timestamp listed, const struct stat *now);

#endif
