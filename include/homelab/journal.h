#ifndef HOMELAB_JOURNAL_H
#define HOMELAB_JOURNAL_H

#include <homelab/disk.h>
#include <homelab/partition.h>
#include <homelab/row.h>
#include <homelab/unsynced.h>

/*
 * What the observer keeps in ROOT/state/observer, and the words for it:
 *
 * source	the event directories of one directory name (a node's name or
 *		alias): its days and decisions are named by it
 * day		journal/SOURCE/DATE.GENERATION[.gz]: rows of its events dated
 *		DATE, in the order they were decided on
 * decisions	journal/SOURCE/decided-DATE.GENERATION: what was decided on each
 *		name in one event directory; DATE is the directory's, or "undated"
 * snapshot	partitions/NODE/HOUR.GENERATION: the node's folded state before
 *		its first event of that hour or later
 * manifest	partitions/NODE/manifest.GENERATION: what belongs to a node's
 *		partition: sources with their directories and days, snapshots
 *
 * A file is valid up to the length its manifest gives, a manifest is valid if
 * the checkpoint names it: so everything becomes real by one rename. A file is
 * only ever made anew (under a new generation) or appended to (A1).
 */

enum { NO_DATE = INT32_MIN }; /* the date of a directory without one */

/* The observer's state directory and the generation being written. */
struct store {
	int fd; /* ROOT/state/observer; -1 where there is none */
	uint64_t generation;
	bool read_only; /* nothing is written: --dry-run, --verify */
};

/* A file whose fate may change without its directory's changing: a .jsonl, or
 * one that was rejected. Stat'ed at every run. */
struct watched {
	char *name;
	struct identity identity;
};

struct directory {
	int32_t date; /* or NO_DATE */
	bool exists; /* at the last look */
	bool seen; /* by the look that is under way */
	bool due; /* has to be listed in this run */
	bool pending; /* has to be listed again whatever its identity says */
	struct identity identity;
	timestamp listed; /* when its last listing began, by the real clock */
	uint64_t decisions_generation, decisions_length;
	uint64_t committed_length; /* of the decisions */
	bool unsynced; /* its decisions' file has something that isn't durable yet */
	timestamp newest; /* greatest timestamp among its events */
	uint64_t held;
	timestamp held_until; /* when the first of them is due */
	char *top; /* greatest name decided on before any undecided one */
	bool complete; /* every event file in it is decided on */
	struct watched *watched;
	size_t watched_count, watched_room;
};

/* A place in a plain day's file: how many rows are before it, and their bytes. */
struct day_mark {
	uint32_t rows, bytes;
};

enum { DAY_HOURS = 24 };

struct day {
	int32_t date;
	uint64_t generation, length, rows;
	bool compressed;
	uint64_t bytes; /* of its rows in memory */
	/* Of a plain one's file: where the first row dated in that hour or later is.
	 * Hours that none is dated in or after have no mark. */
	struct day_mark *hours; /* DAY_HOURS of them, where there are any */
	unsigned hour_count;
	uint64_t old_rows, old_length, old_bytes; /* of them, what earlier runs committed */
	bool unsynced; /* the file has something that isn't durable yet */
	struct buffer pending; /* rows that aren't in the file yet */
};

struct source {
	char *name;
	struct directory *directories; /* in the order of their paths */
	size_t directory_count, directory_room;
	struct day *days; /* by date */
	size_t day_count, day_room;
};

struct snapshot {
	timestamp boundary; /* holds the events before it; a full hour */
	uint64_t generation;
	bool daily; /* the first of its day: kept when hours are thinned out */
	bool unsynced; /* written in this run, not durable yet */
};

struct manifest {
	char *node;
	char **names; /* that its events may have: the node's and its aliases */
	size_t name_count;
	timestamp newest; /* of its events; TIMESTAMP_NONE */
	bool based; /* the first snapshot stands for days that are gone */
	bool anew; /* its names or sources changed: make it from files and journal */
	struct source *sources; /* by name */
	size_t source_count, source_room;
	struct snapshot *snapshots; /* by boundary */
	size_t snapshot_count, snapshot_room;
};

/* --- manifest ----------------------------------------------------------- */

struct manifest *manifest_new(const char *node);
void manifest_free(struct manifest *m);
struct source *manifest_source(struct manifest *m, const char *name); /* or NULL */
struct source *manifest_add_source(struct manifest *m, const char *name);
void source_release(struct source *s);
struct directory *source_add_directory(struct source *s, int32_t date);
struct directory *source_directory(struct source *s, int32_t date); /* or NULL */
void directory_release(struct directory *d);

uint64_t manifest_held(const struct manifest *m); /* events that wait now */
/* Goes back to what earlier runs committed of days and decisions. */
void manifest_revert(struct manifest *m);
/* Adds the names of all files that belong to it to a set, a JSON object. */
void manifest_files(const struct manifest *m, json_t *set);
void manifest_pack(const struct manifest *m, struct buffer *out);
struct manifest *manifest_unpack(const void *data, size_t length); /* NULL: unsound */

/* Without a checkpoint: the newest sound manifest of a node that is on disk, NULL
 * for none; and a source as far as the names of its files tell: 1, 0 for none. */
int manifest_find_latest(
    const struct store *store, const char *node, struct manifest **out, struct error *err);
int source_from_files(
    const struct store *store, struct manifest *m, const char *source, struct error *err);
/* Reads a manifest. EX_DATAERR where it isn't sound. */
struct manifest *manifest_load(const struct store *store, const char *node, uint64_t generation,
    struct buffer *bytes, struct error *err);
/* Calls for each name in a directory of the store that doesn't start with a
 * dot; not for any where there is none. */
int store_each(const struct store *store, const char *path,
    int (*visit)(void *context, const char *name), void *context, struct error *err);

/* Adds what was written of a partition's days, decisions and snapshots since the
 * last commit to what the next one makes durable. */
void manifest_take_unsynced(const struct store *store, struct manifest *m, struct unsynced *all);
/* Where that is much: has the system begin with it. */
void manifest_begin_sync(struct store *store, struct manifest *m);

/* Path of an event directory below the events directory: "DATE/NAME" or "NAME". */
void directory_path(const struct source *s, const struct directory *d, struct buffer *out);

/* --- days --------------------------------------------------------------- */

/* Names of files below the store. */
void day_path(const struct source *s, const struct day *d, struct buffer *out);
void decisions_path(const struct source *s, const struct directory *d, struct buffer *out);
void snapshot_path(const char *node, const struct snapshot *s, struct buffer *out);
void manifest_path(const char *node, uint64_t generation, struct buffer *out);

/* The day of a date, made where there is none. */
struct day *source_day(struct source *s, uint64_t generation, int32_t date);

void day_release(struct day *d);
/* For another source; nothing may be pending. */
struct day day_copy(const struct day *d);

const struct day *source_find_day(const struct source *s, int32_t date); /* or NULL */

/* Where to begin to read a day for rows dated `from` or later: all before are older. */
struct day_mark day_find(const struct day *d, timestamp from);

/* Adds the rows of a day, as in the file and pending, to `out`, from `mark` on. A
 * file that is shorter or otherwise than its length says is an error of status
 * EX_DATAERR. */
int day_load_from(const struct store *store, const struct source *s, const struct day *d,
    struct day_mark mark, struct buffer *out, struct error *err);
/* All of them. */
int day_load(const struct store *store, const struct source *s, const struct day *d,
    struct buffer *out, struct error *err);

/* The same as far as it is sound: for mending. */
int day_salvage(const struct store *store, const struct source *s, const struct day *d,
    struct buffer *out, struct error *err);

/* Whether all of a day's rows can be read. */
bool day_is_sound(const struct store *store, const struct source *s, const struct day *d);

/* Appends what is pending to the file. */
int day_flush(struct store *store, const struct source *s, struct day *d, struct error *err);

/* Writes a day anew, compressed, under this run's generation. */
int day_compress(struct store *store, const struct source *s, struct day *d, struct error *err);

/* --- decisions ---------------------------------------------------------- */

enum verdict {
	VERDICT_NONE,
	VERDICT_EVENT, /* its event is in the journal */
	VERDICT_REJECTED, /* until size or ctime changes */
	VERDICT_HELD, /* until its time comes */
	VERDICT_UNPLACED, /* too late to be folded, for ever */
	VERDICT_READ, /* a .jsonl, up to an offset */
	VERDICT_SHRUNK, /* a .jsonl that lost what was read of it, for ever */
	VERDICT_COUNT
};

/* A key is a file's name, or "name/offset" for a line of a .jsonl. The latest
 * verdict on a key holds. */
struct decision {
	const char *key;
	enum verdict verdict;
	uint64_t size; /* rejected: size; read, shrunk: offset */
	timestamp time; /* rejected: ctime; held: when it's due; unplaced: its date */
	timestamp decided; /* as loaded: when the latest verdict was written down */
	bool present; /* for the lister's use: seen in the directory */
	bool owned; /* the key is; others lie in the log */
};

struct decision_slot {
	uint32_t item; /* 1 + its index; 0 for none */
	uint32_t tag; /* of its key's hash */
};

/* All verdicts on one directory: a hash table over an append-only log. */
struct decisions {
	struct decision *items;
	size_t count, room;
	struct decision_slot *slots;
	size_t slot_count; /* a power of two */
	struct buffer log; /* as read */
	bool told; /* by rows: nothing is known of other lines */
	struct buffer pending; /* records to be appended */
};

void decisions_release(struct decisions *d);
int decisions_load(const struct store *store, const struct source *s, const struct directory *dir,
    struct decisions *out, struct error *err);
struct decision *decisions_find(const struct decisions *d, const char *key);
/* Decides; the key is copied. */
void decisions_set(
    struct decisions *d, const char *key, enum verdict verdict, uint64_t size, timestamp time);
/* Appends what was decided; `now` is the time by the real clock. */
int decisions_flush(struct store *store, const struct source *s, struct directory *dir,
    struct decisions *d, timestamp now, struct error *err);

/* --- snapshots ---------------------------------------------------------- */

int snapshot_write(
    struct store *store, const struct partition *p, struct snapshot *s, struct error *err);
struct partition *snapshot_load(
    const struct store *store, const char *node, const struct snapshot *s, struct error *err);

#endif
