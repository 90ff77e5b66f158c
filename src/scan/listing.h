#ifndef HOMELAB_LISTING_H
#define HOMELAB_LISTING_H

#include <homelab/scan.h>

/* What the files share that list one event directory. */
struct listing {
	struct intake *in;
	struct source *source;
	struct directory *directory;
	struct decisions out;
	struct decisions *known; /* &out, or the old ones in a rebuild */
	struct buffer base; /* path of the directory */
	int fd;
	char *undecided; /* least name of what waits, or NULL */
	bool waits; /* something has to be looked at in the next run */
};

/* listing.c: decides on every name in the directory. -1 where our own state
 * failed or the run is to end; a directory that can't be read waits. */
int listing_walk(struct listing *l, struct error *err);
/* What came of a look at a name. */
void listing_note(struct listing *l, const char *name, enum outcome outcome);

enum opened { OPENED, OPENED_STRAY, OPENED_GONE, OPENED_NOT };
enum opened listing_open(const struct listing *l, struct candidate *c);

/* held.c: the parts of a line's key "name/offset"; `name` has `size` bytes. False for
 * a file's key. */
bool listing_split_key(const char *key, char *name, size_t size, uint64_t *offset);
/* Takes in the held lines that are due, and counts what goes on
 * waiting. */
int listing_settle_held(struct listing *l, struct error *err);

/* carried.c: in a rebuild, what was decided on files that are gone stays
 * decided; their rows are named in the intake's `carried`. */
void listing_carry(struct listing *l);

#endif
