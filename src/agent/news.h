#ifndef AGENT_NEWS_H
#define AGENT_NEWS_H

#include <homelab/backend.h>
#include <homelab/compose.h>

/*
 * Events on their way out, told once: whatever the agent dies of in between.
 *
 *	news_add …        composed, and given the place they'll have
 *	news_pending      goes into the state that is saved with what they tell of
 *	news_send         puts them there, and into the backends' buffer
 *
 * A run that finds pending ones in the state it loads begins with news_recall() and
 * news_send(): those that are in their places already stay as they are.
 */
#define NEWS_SOURCE "homelab-agent"

struct news {
	const char *root, *node;
	struct backends *backends; /* or NULL */
	json_t *pending; /* [[PLACE, TEXT], …] */
	timestamp last; /* name of the latest: later ones sort behind it */
};

void news_init(struct news *n, const char *root, const char *node);
void news_release(struct news *n);

/*
 * Adds one: `outline` needs type, at, severity, service, message and payload; at of
 * TIMESTAMP_NONE or later than now is now. One that can't be composed is said and
 * left out. Returns the event, a new reference, or NULL.
 */
json_t *news_add(struct news *n, const struct outline *outline, timestamp now);

/* What isn't out yet, borrowed: to be saved. */
const json_t *news_pending(const struct news *n);
void news_recall(struct news *n, const json_t *pending);
/* Takes back those from the count'th on. */
void news_drop(struct news *n, size_t count);

/* What fails stays pending. */
int news_send(struct news *n, struct error *err);

#endif
