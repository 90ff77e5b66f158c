/*
 * The file for Prometheus. It is made of the documents on disk, so that it says
 * what they say whichever way the run went; that costs reading them, also where
 * nothing is new, since its ages and the time of the last success go on.
 *
 * It comes after everything else and holds nothing up: where it can't be written
 * the world has been published all the same. It isn't synced: the next run makes
 * it anew, and a run without news syncs no more than it did (W5).
 */

#include "run.h"

#include <homelab/metrics.h>

#include <fcntl.h>
#include <sysexits.h>

static json_t *
read_document(const struct observer *o, const char *name, struct error *err)
{
	cleanup_buffer struct buffer bytes = {0};
	json_t *document;

	if (disk_read(o->world, name, SIZE_MAX / 2, &bytes, err) < 0)
		return NULL;
	document = json_loadb((char *)bytes.data, bytes.length, 0, NULL);
	if (json_is_object(document))
		return document;
	json_decref(document);
	(void)error_set(err, EX_IOERR, "cannot read world/%s: not the document it was", name);
	return NULL;
}

int
observer_write_metrics(const struct observer *o, struct error *err)
{
	cleanup_buffer struct buffer text = {0};
	json_auto_t *summary = NULL, *nodes = NULL, *incidents = NULL;

	if (o->options->metrics == NULL || o->store.read_only)
		return 0;
	if ((summary = read_document(o, SUMMARY_NAME, err)) == NULL ||
	    (nodes = read_document(o, document_names[DOCUMENT_NODES], err)) == NULL ||
	    (incidents = read_document(o, document_names[DOCUMENT_INCIDENTS], err)) == NULL)
		return -1;
	metrics_text(
	    &(struct metrics_world){.summary = summary, .nodes = nodes, .incidents = incidents},
	    &text);
	return disk_replace_unsynced(AT_FDCWD, o->options->metrics, text.data, text.length, err);
}
