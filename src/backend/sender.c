/*
 * A backend's thread: takes from the buffer, sends, and notes how that went. It
 * holds the lock but while it sends.
 */

#include "parts.h"

#include <homelab/message.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#define WAIT_MAX MINUTES(1) /* since the clock may be set */

static const struct {
	const char *path, *what;
} lanes[LANE_COUNT] = {{"/events", "events"}, {"/facts", "facts"}};

static int
save(struct backend *k, bool durable, struct error *err)
{
	return position_save(k->all->dir, k->directory, &k->position, durable, err);
}

/* --- what is to be done ----------------------------------------------------------------- */

static bool
has_events(const struct backend *k)
{
	return k->position.upto > k->position.taken ||
	    k->position.taken < segments_end(&k->all->segments);
}

/* When facts are to be sent: TIMESTAMP_NONE for now, TIMESTAMP_LAST for never. */
static timestamp
facts_due(const struct backend *k, timestamp now)
{
	const struct position *p = &k->position;

	if (k->all->facts.length == 0)
		return TIMESTAMP_LAST;
	if (strcmp(k->all->facts_digest, p->facts) != 0 || p->facts_at > now)
		return TIMESTAMP_NONE;
	return timestamp_add(p->facts_at, BACKEND_FACTS_EVERY);
}

/* Whether it's time for a lane; if not, when it will be. */
static bool
is_time(const struct backoff *lane, timestamp due, timestamp now, timestamp *until)
{
	if (due <= now && backoff_is_due(lane, now))
		return true;
	if (due <= now)
		due = lane->due;
	if (due < *until)
		*until = due;
	return false;
}

enum work
sender_work(const struct backend *k, timestamp now, timestamp *until)
{
	const struct backoff *lane = k->position.lanes;

	*until = TIMESTAMP_LAST;
	if (is_time(
		&lane[LANE_EVENTS], has_events(k) ? TIMESTAMP_NONE : TIMESTAMP_LAST, now, until))
		return WORK_EVENTS;
	if (is_time(&lane[LANE_FACTS], facts_due(k, now), now, until))
		return WORK_FACTS;
	return WORK_NONE;
}

/* --- sending ------------------------------------------------------------------------------ */

struct post {
	enum lane_name lane;
	const struct buffer *body;
	const char *key; /* or NULL */
};

/* Without the lock. */
static int
post_send(
    const struct backend *k, const struct post *post, struct http_answer *answer, struct error *err)
{
	const struct backend_options *o = k->all->options;
	cleanup_buffer struct buffer url = {0}, body = {0}, key = {0};
	const char *headers[6] = {"Content-Type: application/json", "Content-Encoding: gzip",
	    "User-Agent: homelab-agent/" HOMELAB_VERSION};
	size_t count = 3;
	struct http_request request = {.method = "POST",
	    .tls = o->tls,
	    .headers = headers,
	    .deadline = o->deadline ? o->deadline : BACKEND_DEADLINE,
	    .body_max = BACKEND_ANSWER_MAX,
	    .stop = &k->all->stop};

	buffer_text(&url, "%s%s", k->url, lanes[post->lane].path);
	gzip_bytes(post->body->data, post->body->length, &body);
	request.url = buffer_string(&url);
	request.body = body.data;
	request.body_length = body.length;
	if (post->key != NULL) {
		buffer_text(&key, "Idempotency-Key: %s", post->key);
		headers[count++] = buffer_string(&key);
	}
	if (k->all->authorization != NULL)
		headers[count++] = k->all->authorization;
	return http_send(&request, answer, err);
}

static enum outcome
send_unlocked(
    struct backend *k, const struct post *post, struct http_answer *answer, struct error *why)
{
	struct backends *b = k->all;
	int failed;

	k->busy = true;
	k->sends_events = post->lane == LANE_EVENTS;
	(void)pthread_mutex_unlock(&b->lock);
	failed = post_send(k, post, answer, why);
	(void)pthread_mutex_lock(&b->lock);
	k->busy = k->sends_events = false;
	if (failed == 0 && outcome_of(answer->status) != OUTCOME_TAKEN)
		(void)error_set(why, EX_UNAVAILABLE, "%s%s answered with %d", k->url,
		    lanes[post->lane].path, answer->status);
	return failed == 0 ? outcome_of(answer->status) : OUTCOME_AGAIN;
}

/* --- afterwards --------------------------------------------------------------------------- */

/* Said once; what fails the same way again is said with -v alone. */
static void
note_failure(struct backend *k, enum lane_name lane, timestamp floor, const char *why)
{
	uint64_t chance = 0;

	if (atomic_load(&k->all->stop))
		return;
	(void)getentropy(&chance, sizeof(chance));
	backoff_failed(&k->position.lanes[lane], clock_real(), floor, chance);
	if (k->position.lanes[lane].failures > 1)
		message_verbose("%s", why);
	else
		message_warning("%s; will be sent again", why);
}

static void
note_success(struct backend *k, enum lane_name lane)
{
	if (k->position.lanes[lane].failures > 0)
		message_notice("%s takes %s again", k->url, lanes[lane].what);
	backoff_succeeded(&k->position.lanes[lane]);
}

static timestamp
asked_wait(const struct http_answer *answer)
{
	cleanup_buffer struct buffer value = {0};

	return retry_after(http_answer_header(answer, "retry-after", &value), clock_real());
}

/* --- events --------------------------------------------------------------------------------- */

/* What can't be read any more is dropped up to the end of its segment. */
static void
skip_unreadable(struct backend *k, const char *why)
{
	message_error("state/agent/outbox: %s; going on behind it",
	    why[0] != '\0' ? why : "a file is cut or damaged");
	limits_drop(k, segments_behind(&k->all->segments, k->position.taken));
}

/* Fills a batch with whole lines; how many bytes they were. Lines that are no
 * events are left out and counted. */
static size_t
fill(const struct buffer *text, struct batch *out, uint64_t *bad)
{
	size_t at = 0, length;

	for (; (length = line_length(text, at)) > 0; at += length) {
		json_auto_t *event = line_parse(text->data + at, length);

		if (event == NULL)
			++*bad;
		else if (!batch_add(out, text->data + at, length - 1))
			break;
	}
	batch_end(out);
	return at;
}

/*
 * The next batch, or the one that was begun: that has the same bytes as before.
 * It is durable that it was begun before anybody gets it. Empty where there was
 * nothing to be had.
 */
static int
take_batch(struct backend *k, struct batch *out, struct error *err)
{
	struct position *p = &k->position;
	cleanup_buffer struct buffer text = {0};
	uint64_t at = p->taken, bad = 0, limit = p->upto - p->taken;
	struct error why = {0};
	size_t length;

	if (limit == 0)
		limit = BACKEND_BATCH_BYTES + 1;
	if (segments_read(&k->all->segments, &at, limit, &text, &why) < 0 && errno != ENOENT)
		return error_set(err, why.status, "%s", why.text);
	if (at != p->taken || (length = fill(&text, out, &bad)) == 0) {
		skip_unreadable(k, why.text);
		return save(k, true, err);
	}
	if (p->upto > p->taken)
		return 0;
	p->upto = p->taken + length;
	p->dropped_events += bad;
	if (save(k, true, err) == 0)
		return 0;
	p->upto = p->taken;
	return -1;
}

static void
count_dropped(struct position *p, const struct batch *batch, uint64_t bytes)
{
	p->dropped_events += batch->events;
	p->dropped_bytes += bytes;
}

/* 0, or -1 where it has to be sent again. */
static int
keep_rejected(struct backend *k, const struct batch *batch, const struct http_answer *answer,
    uint64_t bytes, struct error *why)
{
	const struct rejection_note note = {k->url, batch, answer, clock_real()};
	struct error err;
	int kept = rejected_keep(k->all->dir, k->directory, &note, &err);

	if (kept < 0)
		return error_set(why, EX_IOERR, "state/agent/outbox: %s", err.text);
	message_warning("%s; %s: %zu events", why->text,
	    kept ? "kept in the folder of what was rejected" : "dropped, too many were rejected",
	    batch->events);
	if (!kept)
		count_dropped(&k->position, batch, bytes);
	return 0;
}

/* The limits may have moved the position meanwhile. */
static void
settle(struct backend *k, uint64_t from, uint64_t upto, bool done, const struct batch *batch)
{
	struct position *p = &k->position;
	uint64_t dropped = p->dropped_events;
	struct error err;

	if (done && p->taken < upto)
		p->taken = upto;
	if (!done && p->taken > from)
		count_dropped(p, batch, upto - from);
	/* Another may own the disk by now, see backends_close(). */
	if (!done && atomic_load(&k->all->stop))
		return;
	if (save(k, p->dropped_events != dropped, &err) < 0)
		message_error("state/agent/outbox: %s", err.text);
}

static void
send_batch(struct backend *k, const struct batch *batch)
{
	uint64_t from = k->position.taken, upto = k->position.upto;
	struct post post = {LANE_EVENTS, &batch->body, batch->key};
	struct http_answer answer = {0};
	struct error why;
	enum outcome outcome = send_unlocked(k, &post, &answer, &why);

	if (outcome == OUTCOME_REJECTED && keep_rejected(k, batch, &answer, upto - from, &why) < 0)
		outcome = OUTCOME_AGAIN;
	if (outcome == OUTCOME_AGAIN)
		note_failure(k, LANE_EVENTS, asked_wait(&answer), why.text);
	else
		note_success(k, LANE_EVENTS);
	settle(k, from, upto, outcome != OUTCOME_AGAIN, batch);
	http_answer_release(&answer);
}

static void
send_events(struct backend *k)
{
	struct batch batch = {0};
	struct error err;

	if (take_batch(k, &batch, &err) < 0)
		note_failure(k, LANE_EVENTS, 0, err.text);
	else if (batch.events > 0)
		send_batch(k, &batch);
	else
		k->position.taken = k->position.upto;
	batch_release(&batch);
}

/* --- facts ------------------------------------------------------------------------------------ */

/* Those that are rejected aren't sent again before the next ones. */
static void
send_facts(struct backend *k)
{
	struct backends *b = k->all;
	cleanup_buffer struct buffer facts = {0};
	char digest[DIGEST_TEXT_MAX];
	struct post post = {LANE_FACTS, &facts, NULL};
	struct http_answer answer = {0};
	struct error why;
	enum outcome outcome;

	buffer_add(&facts, b->facts.data, b->facts.length);
	memcpy(digest, b->facts_digest, sizeof(digest));
	outcome = send_unlocked(k, &post, &answer, &why);
	if (outcome == OUTCOME_AGAIN && atomic_load(&b->stop)) {
		http_answer_release(&answer);
		return;
	}
	if (outcome == OUTCOME_AGAIN) {
		note_failure(k, LANE_FACTS, asked_wait(&answer), why.text);
	} else {
		if (outcome == OUTCOME_REJECTED)
			message_warning("%s", why.text);
		note_success(k, LANE_FACTS);
		memcpy(k->position.facts, digest, sizeof(digest));
		k->position.facts_at = clock_real();
	}
	if (save(k, false, &why) < 0)
		message_error("state/agent/outbox: %s", why.text);
	http_answer_release(&answer);
}

/* --- the thread --------------------------------------------------------------------------------- */

static void
rest(struct backends *b, timestamp longest)
{
	timestamp end = clock_monotonic() + (longest < WAIT_MAX ? longest : WAIT_MAX);
	struct timespec due = {
	    .tv_sec = (time_t)(end / SECONDS(1)), .tv_nsec = (long)(end % SECONDS(1))};

	(void)pthread_cond_timedwait(&b->changed, &b->lock, &due);
}

void *
sender_run(void *backend)
{
	struct backend *k = backend;
	struct backends *b = k->all;

	(void)pthread_mutex_lock(&b->lock);
	while (!atomic_load(&b->stop)) {
		timestamp now = clock_real(), until;
		enum work work = sender_work(k, now, &until);

		if (work == WORK_NONE) {
			rest(b, until == TIMESTAMP_LAST ? WAIT_MAX : until - now);
			continue;
		}
		if (work == WORK_EVENTS)
			send_events(k);
		else
			send_facts(k);
		(void)pthread_cond_broadcast(&b->changed); /* for who waits for the end */
	}
	k->ended = true;
	(void)pthread_cond_broadcast(&b->changed);
	(void)pthread_mutex_unlock(&b->lock);
	return NULL;
}
