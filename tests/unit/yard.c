#include "yard.h"

#include <homelab/message.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>

/* --- the yard ------------------------------------------------------------------- */

static void
count_look(void *context)
{
	struct yard *y = context;

	y->looks++;
}

static void
begin_intake(struct yard *y)
{
	static const char *const names[] = {"n", "old"};

	y->intake = (struct intake){.scan = &y->scan,
	    .manifest = y->manifest,
	    .names = {names, COUNT(names)},
	    .newest = TIMESTAMP_NONE,
	    .base = TIMESTAMP_NONE,
	    .oldest_new = TIMESTAMP_LAST};
}

static unsigned
open_files(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

void
yard_make(struct yard *y)
{
	*y = (struct yard){0};
	scratch_make(&y->scratch);
	yard_disk_begin();
	yard_write(y, "state/empty", "", 0);
	y->date = date_of(DAY_ZERO);
	y->scan = (struct scan){.root = y->scratch.store.fd,
	    .state = openat(y->scratch.store.fd, "state", O_RDONLY | O_DIRECTORY),
	    .store = &y->scratch.store,
	    .now = time_at("12:00:00"),
	    .day_limit = DAY_BYTES_MAX,
	    .stop = &y->stop,
	    .looked_at = count_look,
	    .context = y};
	y->manifest = manifest_new("n");
	y->source = manifest_add_source(y->manifest, "n");
	begin_intake(y);
	message_set_level(MESSAGE_NOTICE);
	y->said = tmpfile();
	(void)fflush(stderr);
	y->stderr_kept = dup(STDERR_FILENO);
	(void)dup2(fileno(y->said), STDERR_FILENO);
	y->open_files = open_files();
}

void
yard_remove(struct yard *y)
{
	ck_assert_msg(open_files() == y->open_files, "a file was left open");
	(void)fflush(stderr);
	(void)dup2(y->stderr_kept, STDERR_FILENO);
	(void)close(y->stderr_kept);
	(void)fclose(y->said);
	json_decref(y->intake.carried);
	manifest_free(y->manifest);
	(void)close(y->scan.state);
	scratch_remove(&y->scratch);
	yard_disk_end();
}

const char *
yard_said(struct yard *y)
{
	static char text[8192];
	ssize_t got = pread(fileno(y->said), text, sizeof(text) - 1, 0);

	text[got < 0 ? 0 : got] = '\0';
	(void)ftruncate(fileno(y->said), 0);
	(void)lseek(fileno(y->said), 0, SEEK_SET);
	return text;
}

struct directory *
yard_directory(struct yard *y)
{
	struct directory *d = source_directory(y->source, y->date);

	return d ? d : source_add_directory(y->source, y->date);
}

const char *
event_line(const char *at)
{
	static char lines[8][96];
	static unsigned next;
	char time[TIMESTAMP_TEXT_MAX], *out = lines[next++ % 8];

	(void)snprintf(out, sizeof(lines[0]),
	    "{\"timestamp\":\"%s\",\"node\":\"n\",\"type\":\"backup\"}\n",
	    timestamp_format(time_at(at), time));
	return out;
}

void
yard_write(struct yard *y, const char *path, const void *data, size_t length)
{
	char full[PATH_MAX];
	int fd;

	(void)snprintf(full, sizeof(full), "%s/%s", y->scratch.path, path);
	for (char *slash = full + 1; (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
		*slash = '\0';
		(void)mkdir(full, 0755);
	}
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ck_assert_msg(fd >= 0, "cannot make %s", full);
	ck_assert_int_eq(write(fd, data, length), (ssize_t)length);
	(void)close(fd);
}

static void
path_of(struct yard *y, const char *name, struct buffer *path)
{
	cleanup_buffer struct buffer below = {0};

	directory_path(y->source, yard_directory(y), &below);
	buffer_text(path, EVENTS "/%s/%s", (char *)below.data, name);
	(void)buffer_string(path);
}

void
yard_put(struct yard *y, const char *name, ...)
{
	cleanup_buffer struct buffer path = {0}, text = {0};
	const char *part;
	va_list args;

	va_start(args, name);
	while ((part = va_arg(args, const char *)) != NULL)
		buffer_add(&text, part, strlen(part));
	va_end(args);
	path_of(y, name, &path);
	yard_write(y, (char *)path.data, text.data, text.length);
}

void
yard_delete(struct yard *y, const char *name)
{
	cleanup_buffer struct buffer path = {0};

	path_of(y, name, &path);
	ck_assert_int_eq(unlinkat(y->scan.root, (char *)path.data, 0), 0);
}

void
yard_decide(struct yard *y, const char *key, enum verdict verdict, uint64_t size, timestamp time)
{
	struct directory *d = yard_directory(y);
	struct decisions all = {0};
	struct error err = {0};

	ck_assert_int_eq(decisions_load(&y->scratch.store, y->source, d, &all, &err), 0);
	decisions_set(&all, key, verdict, size, time);
	ck_assert_int_eq(
	    decisions_flush(&y->scratch.store, y->source, d, &all, y->scan.now, &err), 0);
	decisions_release(&all);
}

void
yard_scan(struct yard *y)
{
	struct error err = {0};

	y->looks = 0;
	y->intake.tally = (struct tally){0};
	ck_assert_msg(directory_scan(&y->intake, y->source, yard_directory(y), NULL, &err) == 0,
	    "%s", err.text);
}

int
yard_scan_fails(struct yard *y)
{
	struct error err = {0};

	ck_assert_int_eq(directory_scan(&y->intake, y->source, yard_directory(y), NULL, &err), -1);
	return err.status;
}

void
yard_rebuild(struct yard *y)
{
	struct manifest *old = y->manifest;
	struct source *source = y->source;
	struct intake intake = y->intake;
	struct decisions known = {0};
	struct error err = {0};

	ck_assert_int_eq(
	    decisions_load(&y->scratch.store, source, yard_directory(y), &known, &err), 0);
	known.told = y->told;
	y->scan.rebuild = true;
	y->scratch.store.generation++;
	y->manifest = manifest_new("n");
	y->source = manifest_add_source(y->manifest, "n");
	json_decref(y->intake.carried);
	begin_intake(y);
	y->intake.newest = intake.newest;
	y->intake.base = intake.base;
	y->intake.carried = json_object();
	y->looks = 0;
	ck_assert_msg(directory_scan(&y->intake, y->source, yard_directory(y), &known, &err) == 0,
	    "%s", err.text);
	y->scan.rebuild = false;
	decisions_release(&known);
	manifest_free(old);
}

/* --- what came of it -------------------------------------------------------------- */

static char *words[4096];
static size_t word_count;

static void
add_word(const struct buffer *word)
{
	ck_assert_uint_lt(word_count, COUNT(words));
	words[word_count++] = text_copy_length((char *)word->data, word->length);
}

static int
compare_words(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
tell_words(struct buffer *out, const char *before, const char *between)
{
	qsort(words, word_count, sizeof(words[0]), compare_words);
	for (size_t i = 0; i < word_count; i++) {
		buffer_text(out, "%s%s", i == 0 ? before : between, words[i]);
		free(words[i]);
	}
	word_count = 0;
}

static void
add_verdict(const struct decision *d)
{
	static const char *const verdicts[VERDICT_COUNT] = {
	    "none", "event", "rejected", "held", "unplaced", "read", "shrunk"};
	cleanup_buffer struct buffer word = {0};

	buffer_text(&word, "%s %s", d->key, verdicts[d->verdict]);
	if (d->size != 0)
		buffer_text(&word, " %llu", (unsigned long long)d->size);
	if (d->time != 0 && d->verdict != VERDICT_REJECTED)
		buffer_text(&word, " %s", time_text(d->time));
	add_word(&word);
}

static void
tell_decisions(struct yard *y, struct buffer *out)
{
	struct decisions d = {0};
	struct error err = {0};

	ck_assert_msg(
	    decisions_load(&y->scratch.store, y->source, yard_directory(y), &d, &err) == 0, "%s",
	    err.text);
	for (size_t i = 0; i < d.count; i++)
		add_verdict(&d.items[i]);
	tell_words(out, "", "\n");
	if (d.count > 0)
		buffer_text(out, "\n");
	decisions_release(&d);
}

static void
tell_directory(struct yard *y, struct buffer *out)
{
	const struct directory *d = yard_directory(y);

	buffer_text(out, ";%s%s", d->top ? " top " : "", d->top ? d->top : "");
	buffer_text(out, "%s%s%s%s", d->exists ? "" : " gone", d->seen ? "" : " unseen",
	    d->pending ? " pending" : "", d->complete ? " complete" : "");
	if (d->held > 0)
		buffer_text(out, " held %llu until", (unsigned long long)d->held);
	if (d->held_until != TIMESTAMP_LAST)
		buffer_text(out, " %s", time_text(d->held_until));
	if (d->newest != TIMESTAMP_NONE)
		buffer_text(out, " newest %s", time_text(d->newest));
	for (size_t i = 0; i < d->watched_count; i++) {
		struct buffer word = {
		    (unsigned char *)d->watched[i].name, strlen(d->watched[i].name), 0};

		add_word(&word);
	}
	tell_words(out, " watched ", " ");
	buffer_text(out, "\n");
}

static void
tell_tally(const struct tally *t, struct buffer *out)
{
	const struct {
		const char *name;
		uint64_t count;
	} all[] = {{"consumed", t->consumed}, {"unplaced", t->late_unplaced}, {"held", t->held},
	    {"rejected", t->rejected}, {"unreadable", t->unreadable}, {"ignored", t->ignored}};
	const char *between = "; ";

	for (size_t i = 0; i < COUNT(all); i++)
		if (all[i].count > 0) {
			buffer_text(out, "%s%s %llu", between, all[i].name,
			    (unsigned long long)all[i].count);
			between = " ";
		}
	if (between[0] == ' ')
		buffer_text(out, "\n");
}

static void
add_row_word(const struct place *place)
{
	const char *name = strrchr(place->path, '/');
	cleanup_buffer struct buffer word = {0};

	buffer_text(&word, "%s", name ? name + 1 : place->path);
	if (place->end != 0)
		buffer_text(&word, "@%llu-%llu", (unsigned long long)place->offset,
		    (unsigned long long)place->end);
	add_word(&word);
}

static void
tell_rows(struct yard *y, struct buffer *out)
{
	for (size_t i = 0; i < y->source->day_count; i++) {
		const struct day *d = &y->source->days[i];
		cleanup_buffer struct buffer bytes = {0};
		struct unpack in, frame;
		struct error err = {0};
		size_t rows = word_count;

		ck_assert_int_eq(day_load(&y->scratch.store, y->source, d, &bytes, &err), 0);
		in = (struct unpack){bytes.data, bytes.data + bytes.length, false};
		while (frame_next(&in, &frame) > 0) {
			struct row row;
			struct place place;

			ck_assert(row_peek(frame, &row));
			place = row_place(&row);
			add_row_word(&place);
		}
		ck_assert_uint_eq(d->rows, word_count - rows);
	}
	if (word_count == 0)
		return;
	tell_words(out, "; rows ", " ");
	buffer_text(out, "\n");
}

static void
tell_carried(struct yard *y, struct buffer *out)
{
	const char *path;
	json_t *value;

	json_object_foreach (y->intake.carried, path, value) {
		cleanup_buffer struct buffer word = {0};

		buffer_text(&word, "%s", path);
		add_word(&word);
	}
	if (word_count > 0)
		tell_words(out, "; carried ", " ");
}

void
yard_expect(struct yard *y, const char *text)
{
	cleanup_buffer struct buffer out = {0};

	tell_decisions(y, &out);
	tell_directory(y, &out);
	tell_tally(&y->intake.tally, &out);
	tell_rows(y, &out);
	if (y->intake.carried != NULL)
		tell_carried(y, &out);
	while (out.length > 0 && out.data[out.length - 1] == '\n')
		out.length--;
	assert_text(buffer_string(&out), text, "the yard");
}
