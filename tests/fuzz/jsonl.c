/*
 * A .jsonl as the intake reads it: once whole, and once in two steps as if it
 * had been appended to in between. Both must come to the same.
 */

#include "fuzz.h"

#include <homelab/scan.h>

#include <fcntl.h>
#include <string.h>

#define NOW SECONDS(1778588400)

static const char *const known_names[] = {"saturn"};

/* What one way of reading came to. */
struct reading {
	struct store store;
	struct scan scan;
	struct manifest *manifest;
	struct intake intake;
	struct decisions decisions;
};

static void
looked_at(void *context)
{
	(void)context;
}

static void
reading_init(struct reading *r)
{
	*r = (struct reading){.store = {.fd = -1, .generation = 1, .read_only = true},
	    .manifest = manifest_new("saturn")};
	(void)source_add_directory(manifest_add_source(r->manifest, "saturn"), NO_DATE);
	r->scan = (struct scan){.root = -1,
	    .state = -1,
	    .store = &r->store,
	    .now = NOW,
	    .day_limit = DAY_BYTES_MAX,
	    .looked_at = looked_at};
	r->intake = (struct intake){.scan = &r->scan,
	    .manifest = r->manifest,
	    .names = {known_names, 1},
	    .newest = TIMESTAMP_NONE,
	    .base = TIMESTAMP_NONE,
	    .oldest_new = TIMESTAMP_LAST};
}

static void
reading_release(struct reading *r)
{
	manifest_free(r->manifest);
	decisions_release(&r->decisions);
}

/* Reads the file as if it were `size` bytes long. */
static enum outcome
read_lines(struct reading *r, int fd, size_t size)
{
	struct source *source = &r->manifest->sources[0];
	struct candidate c = {.source = source,
	    .directory = &source->directories[0],
	    .known = &r->decisions,
	    .out = &r->decisions,
	    .name = "a.jsonl",
	    .path = "saturn/a.jsonl",
	    .fd = fd,
	    .identity = {.size = size}};
	struct error err = {0};
	enum outcome outcome = intake_lines(&r->intake, &c, &err);

	HOLDS(outcome == OUTCOME_DECIDED || outcome == OUTCOME_UNFINISHED);
	return outcome;
}

static void
check_same(const struct reading *a, const struct reading *b)
{
	const struct source *x = &a->manifest->sources[0], *y = &b->manifest->sources[0];

	HOLDS(x->day_count == y->day_count);
	for (size_t i = 0; i < x->day_count; i++) {
		HOLDS(x->days[i].date == y->days[i].date && x->days[i].rows == y->days[i].rows);
		HOLDS(same_bytes(&x->days[i].pending, &y->days[i].pending));
	}
	HOLDS(a->decisions.count == b->decisions.count);
	for (size_t i = 0; i < a->decisions.count; i++) {
		const struct decision *d = &a->decisions.items[i];
		const struct decision *other = decisions_find(&b->decisions, d->key);

		HOLDS(other != NULL && other->verdict == d->verdict && other->size == d->size &&
		    other->time == d->time);
	}
	HOLDS(memcmp(&a->intake.tally, &b->intake.tally, sizeof(struct tally)) == 0);
}

/* A row stands for exactly one line, and says what decoding that line says. */
static void
check_line(const struct row *row, const uint8_t *data, size_t size)
{
	const struct node_names names = {known_names, 1};
	struct place place = row_place(row);
	cleanup_buffer struct buffer again = {0};
	char reason[REASON_MAX];
	struct event e;

	HOLDS(place.offset < place.end && place.end <= size && data[place.end - 1] == '\n');
	HOLDS(place.offset == 0 || data[place.offset - 1] == '\n');
	HOLDS(event_decode((const char *)data + place.offset, place.end - place.offset - 1, &names,
		  &e, reason) == REJECTION_NONE);
	check_event(&e);
	row_pack(&again, &e, &place);
	HOLDS(again.length - FRAME_HEADER > (size_t)(row->rest.end - row->rest.at) &&
	    memcmp(again.data + again.length - (row->rest.end - row->rest.at), row->rest.at,
		(size_t)(row->rest.end - row->rest.at)) == 0);
	event_release(&e);
}

static void
check_rows(const struct reading *r, const uint8_t *data, size_t size)
{
	const struct source *s = &r->manifest->sources[0];
	uint64_t rows = 0;

	for (size_t i = 0; i < s->day_count; i++) {
		const struct buffer *bytes = &s->days[i].pending;
		struct unpack in = {bytes->data, bytes->data + bytes->length, false}, frame;
		struct row row;

		for (; frame_next(&in, &frame) == 1; rows++) {
			HOLDS(row_peek(frame, &row));
			HOLDS(date_of(row.at) == s->days[i].date);
			HOLDS(row.at <= NOW + HELD_AHEAD);
			check_line(&row, data, size);
		}
	}
	HOLDS(rows == r->intake.tally.consumed);
}

/* Every whole line that isn't blank was counted as something. */
static void
check_counts(const struct reading *r, const uint8_t *data, size_t size)
{
	const struct tally *t = &r->intake.tally;
	const struct decision *file = decisions_find(&r->decisions, "a.jsonl");
	uint64_t lines = 0, end = 0;
	bool blank = true;

	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\n') {
			lines += !blank;
			blank = true;
			end = i + 1;
		} else if (strchr(" \t\r", data[i]) == NULL || data[i] == '\0') {
			blank = false;
		}
	}
	HOLDS(t->consumed + t->rejected + t->held + t->late_unplaced == lines);
	HOLDS(file != NULL && file->verdict == VERDICT_READ && file->size == end);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reading once, twice;
	size_t first = size;
	int fd;

	for (size_t i = 0; i < size; i++)
		first = (first * 31 + data[i]) % (size + 1);
	scratch_clear();
	scratch_write("a.jsonl", data, size);
	HOLDS((fd = openat(scratch_fd(), "a.jsonl", O_RDONLY | O_CLOEXEC)) >= 0);
	reading_init(&once);
	reading_init(&twice);
	(void)read_lines(&once, fd, size);
	(void)read_lines(&twice, fd, first);
	(void)read_lines(&twice, fd, size);
	check_same(&once, &twice);
	check_rows(&once, data, size);
	check_counts(&once, data, size);
	reading_release(&once);
	reading_release(&twice);
	(void)close(fd);
	return 0;
}
