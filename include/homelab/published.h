#ifndef HOMELAB_PUBLISHED_H
#define HOMELAB_PUBLISHED_H

#include <homelab/project.h>

/*
 * Reading the published world, as anybody may while the observer goes on.
 *
 * The documents are replaced one by one, the summary last. They belong together
 * exactly when their bytes are those whose digests the summary names. Where they
 * don't, a run of the observer is just publishing, or was ended there: so they
 * are read again for a while.
 */

#define HISTORY_NAME "history.json"

enum { PUBLISHED_TRIES = 20, PUBLISHED_PAUSE_MS = 100 };

struct published {
	json_t *summary; /* objects, all of them */
	json_t *documents[DOCUMENT_COUNT];
	json_t *drift; /* services to "missing", "silent" or "undeclared", of the summary */
	bool consistent;
	const char *odd; /* where not: the name of a document that doesn't belong */
};

#define cleanup_published __attribute__((cleanup(published_release)))

/* 0 also where the documents don't belong together, after the last try. -1 with
 * EX_IOERR where one of them can't be read or isn't a JSON object. */
int published_read(const char *root, struct published *out, struct error *err);
void published_release(struct published *p);

/* One document of ROOT/world: an object. New reference, NULL on failure. */
json_t *published_read_one(const char *root, const char *name, struct error *err);

#endif
