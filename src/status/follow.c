/* Changes as they are committed: world/history.json, looked at once a second. */

#include <homelab/disk.h>
#include <homelab/message.h>
#include <homelab/status.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* One of the world's files, and whether it changed since the last look. */
struct watched {
	const char *name;
	struct identity identity;
	bool there;
};

struct follow {
	const struct query *query;
	struct screen *screen;
	struct watched history, summary;
	bool begun; /* the history was read */
	json_int_t position; /* generation of its latest batch then */
	bool history_told, world_told; /* it was said that these are missing */
	bool old; /* it was said that the world is */
	timestamp made; /* when the world was */
};

/* Text about the stream, not of it: with --json elsewhere, to keep that clean. */
static void __attribute__((format(printf, 3, 4)))
say(const struct follow *f, enum style style, const char *format, ...)
{
	char line[ERROR_TEXT_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (f->query->json)
		message_warning("%s", line);
	else
		screen_line(f->screen, style, "%s", line);
}

static bool
has_changed(const char *root, struct watched *w)
{
	char path[PATH_MAX];
	struct identity identity;
	struct stat st;
	bool changed;

	(void)snprintf(path, sizeof(path), "%s/world/%s", root, w->name);
	if (disk.stat(AT_FDCWD, path, &st, 0) < 0) {
		changed = w->there;
		w->there = false;
		return changed;
	}
	identity_of(&st, &identity);
	changed = !w->there || !identity_same(&identity, &w->identity);
	w->identity = identity;
	w->there = true;
	return changed;
}

static void
print_batch(const struct follow *f, json_t *batch)
{
	json_auto_t *chosen = history_batch_json(batch, f->query);
	const json_t *events = json_object_get(chosen, "events");

	if (f->query->json && chosen != NULL)
		json_print(chosen, true, &f->screen->out);
	for (size_t i = 0; !f->query->json && i < json_array_size(events); i++)
		history_event_print(json_array_get(events, i), f->query, f->screen);
}

/* The first batch beyond the position says which one came before it. */
static void
say_what_is_missing(const struct follow *f, const json_t *batches)
{
	for (size_t i = 0; i < json_array_size(batches); i++) {
		const json_t *batch = json_array_get(batches, i);
		const json_t *previous = json_object_get(batch, "previous");

		if (member_number(batch, "generation") <= f->position)
			continue;
		if (json_is_integer(previous) && json_integer_value(previous) != f->position)
			say(f, STYLE_LOUD, "too many changes at once: some are missing here");
		return;
	}
}

static void
print_news(struct follow *f, const json_t *history)
{
	const json_t *batches = json_object_get(history, "batches");

	if (member_number(history, "generation") < f->position) {
		say(f, STYLE_LOUD, "the observer began anew: changes may be missing here");
		f->position = 0;
	} else {
		say_what_is_missing(f, batches);
	}
	for (size_t i = 0; i < json_array_size(batches); i++) {
		json_t *batch = json_array_get(batches, i);

		if (member_number(batch, "generation") > f->position)
			print_batch(f, batch);
	}
}

static void
look_at_history(struct follow *f)
{
	json_auto_t *history = NULL;
	struct error err;

	if (!has_changed(f->query->root, &f->history) && f->begun)
		return;
	history = published_read_one(f->query->root, HISTORY_NAME, &err);
	if (history == NULL) {
		if (!f->history_told)
			say(f, STYLE_WARN, "%s; waiting for it", err.text);
		f->history_told = true;
		return;
	}
	f->history_told = false;
	if (f->begun)
		print_news(f, history);
	else if (!f->query->json)
		history_print(history, f->query, f->screen);
	f->position = member_number(history, "generation");
	f->begun = true;
}

static void
look_at_age(struct follow *f)
{
	char age[AGE_TEXT_MAX], at[TIMESTAMP_TEXT_MAX];
	struct error err;

	if (has_changed(f->query->root, &f->summary) || f->made == TIMESTAMP_NONE) {
		json_auto_t *summary = published_read_one(f->query->root, SUMMARY_NAME, &err);

		if (summary == NULL && !f->world_told)
			say(f, STYLE_LOUD, "%s", err.text);
		f->world_told = summary == NULL;
		if (summary != NULL)
			f->made = member_time(summary, "generated_at");
	}
	if (f->made == TIMESTAMP_NONE)
		return;
	if (!f->old && f->screen->now - f->made > f->query->warning_age) {
		f->old = true;
		say(f, STYLE_LOUD, "the world is old: of %s, %s ago; is the observer dead?",
		    timestamp_format(f->made, at), age_format(f->screen->now - f->made, age));
	} else if (f->old && f->screen->now - f->made <= f->query->warning_age) {
		f->old = false;
		say(f, STYLE_GOOD, "the world is of now again: %s", timestamp_format(f->made, at));
	}
}

int
status_follow(const struct query *q, struct screen *s, struct error *err)
{
	const struct timespec second = {.tv_sec = 1};
	struct follow follow = {.query = q,
	    .screen = s,
	    .history = {.name = HISTORY_NAME},
	    .summary = {.name = SUMMARY_NAME},
	    .made = TIMESTAMP_NONE};

	for (;;) {
		s->now = query_now(q);
		look_at_age(&follow);
		look_at_history(&follow);
		if (screen_write(s, STDOUT_FILENO, err) < 0)
			return -1;
		(void)nanosleep(&second, NULL);
	}
}
