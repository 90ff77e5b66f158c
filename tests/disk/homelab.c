#include "homelab.h"

#include <homelab/checkpoint.h>
#include <homelab/disk.h>
#include <homelab/station.h>
#include <homelab/publish.h>

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool
homelab_is_input(const char *name)
{
	static const char *const inputs[] = {"events", "kept-events", "inventory", "hosts"};

	for (size_t i = 0; i < COUNT(inputs); i++)
		if (strcmp(name, inputs[i]) == 0)
			return true;
	return false;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void
homelab_remove_all(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int
remove_own(void *root, const struct dirent *entry)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", (const char *)root, entry->d_name);
	if (!homelab_is_input(entry->d_name))
		homelab_remove_all(path);
	return 0;
}

void
homelab_remove_own(const char *root)
{
	cleanup_close int fd = disk_open_dir(AT_FDCWD, root, NULL);

	(void)disk_list(fd, remove_own, (void *)root);
}

void
homelab_make(struct homelab *h)
{
	*h = (struct homelab){0};
	(void)snprintf(h->root, sizeof(h->root), "%s/XXXXXX", getenv("TMPDIR"));
	ck_assert_ptr_nonnull(mkdtemp(h->root));
	observer_options_init(&h->options);
	(void)snprintf(h->repo, sizeof(h->repo), "%s/.", h->root);
	h->options.root = h->root;
	h->options.repo = h->repo;
	h->options.settle = 0;
	h->options.jobs = 1;
}

void
homelab_remove(struct homelab *h)
{
	homelab_remove_all(h->root);
}

void
homelab_write(int dir, const char *name, const void *data, size_t length, timestamp mtime)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
	    {mtime / NANOSECONDS_A_SECOND, (long)(mtime % NANOSECONDS_A_SECOND)}};
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_msg(fd >= 0, "cannot make %s", name);
	ck_assert_int_eq(write(fd, data, length), (ssize_t)length);
	if (mtime != TIMESTAMP_NONE)
		(void)futimens(fd, times);
	(void)close(fd);
}

void
homelab_put(struct homelab *h, const char *path, const char *format, ...)
{
	char full[PATH_MAX], text[16384];
	va_list args;

	(void)snprintf(full, sizeof(full), "%s/%s", h->root, path);
	for (char *slash = full + strlen(h->root) + 1; (slash = strchr(slash, '/')) != NULL;) {
		*slash = '\0';
		(void)mkdir(full, 0755);
		*slash++ = '/';
	}
	if (h->news_count < COUNT(h->news) && h->has_run)
		(void)snprintf(h->news[h->news_count++], sizeof(h->news[0]), "%s", path);
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	homelab_write(AT_FDCWD, full, text, strlen(text), TIMESTAMP_NONE);
}

/* "1d12:00:00" since 2026-05-12 as RFC 3339. */
static void
time_in_full(const char *at, char out[TIMESTAMP_TEXT_MAX])
{
	char text[64];
	int days, used = 0;
	timestamp time;

	ck_assert_int_ge(sscanf(at, "%dd%n", &days, &used), 1);
	(void)snprintf(text, sizeof(text), "2026-05-12T%sZ", at + used);
	ck_assert(timestamp_parse(text, strlen(text), &time));
	(void)timestamp_format(time + DAYS(days), out);
}

void
homelab_event(struct homelab *h, const char *node, const char *at, const char *type,
    const char *service, const char *more)
{
	char time[TIMESTAMP_TEXT_MAX], path[256];

	time_in_full(at, time);
	(void)snprintf(
	    path, sizeof(path), "events/%.10s/%s/%s-%s-%s.json", time, node, at, type, service);
	homelab_put(h, path, "{\"timestamp\": \"%s\", \"node\": \"%s\", \"type\": \"%s\"%s%s%s%s}",
	    time, node, type, service[0] ? ", \"service\": \"" : "", service,
	    service[0] ? "\"" : "", more);
}

void
homelab_delete(const struct homelab *h, const char *path)
{
	char full[PATH_MAX];

	(void)snprintf(full, sizeof(full), "%s/%s", h->root, path);
	ck_assert_msg(unlink(full) == 0, "cannot delete %s", path);
}

/* --- runs ----------------------------------------------------------------------- */

struct hearing
homelab_listen(void)
{
	struct hearing hearing = {tmpfile(), dup(STDERR_FILENO)};

	(void)fflush(stderr);
	(void)dup2(fileno(hearing.file), STDERR_FILENO);
	return hearing;
}

void
homelab_heard(struct homelab *h, struct hearing hearing)
{
	size_t got;

	(void)dup2(hearing.kept, STDERR_FILENO);
	(void)close(hearing.kept);
	rewind(hearing.file);
	got = fread(h->said, 1, sizeof(h->said) - 1, hearing.file);
	h->said[got] = '\0';
	(void)fclose(hearing.file);
}

void
homelab_run(struct homelab *h, const char *now)
{
	char time[TIMESTAMP_TEXT_MAX];
	struct hearing hearing = homelab_listen();

	time_in_full(now, time);
	(void)timestamp_parse(time, strlen(time), &h->options.now);
	h->has_run = true;
	h->news_count = 0;
	h->error = (struct error){0};
	h->status = observer_run(&h->options, &h->error);
	homelab_heard(h, hearing);
}

static struct station *station;

static int
cycle(struct homelab *h, bool early)
{
	json_t *changes = NULL;
	int status;

	if (station == NULL)
		station = station_new(&h->options);
	*station_options(station) = h->options;
	if (station_prepare(station, &h->error) < 0 || station_cycle(station, early, &h->error) < 0)
		return h->error.status;
	status = station_renew(station, &changes, &h->error);
	json_decref(changes);
	return status;
}

void
homelab_cycle(struct homelab *h, const char *now, bool early)
{
	char time[TIMESTAMP_TEXT_MAX];
	struct hearing hearing = homelab_listen();

	time_in_full(now, time);
	(void)timestamp_parse(time, strlen(time), &h->options.now);
	h->news_count = 0;
	h->error = (struct error){0};
	h->status = cycle(h, early);
	homelab_heard(h, hearing);
}

void
homelab_leave(void)
{
	station_free(station);
	station = NULL;
}

void
homelab_verify(struct homelab *h)
{
	struct hearing hearing = homelab_listen();

	h->error = (struct error){0};
	h->status = observer_verify(&h->options, &h->error);
	homelab_heard(h, hearing);
}

/* By the clock, as files have their times from it. */
void
homelab_expire(struct homelab *h)
{
	struct hearing hearing = homelab_listen();

	h->error = (struct error){0};
	h->options.now = clock_real() + HOURS(1);
	h->status = observer_expire(&h->options, HOURS(1), &h->error);
	homelab_heard(h, hearing);
}

/* --- decided events --------------------------------------------------------------- */

static const char *copied_from, *copied_to;

static int
copy_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	cleanup_buffer struct buffer bytes = {0};
	char to[PATH_MAX];

	(void)at;
	(void)snprintf(to, sizeof(to), "%s%s", copied_to, path + strlen(copied_from));
	if (type == FTW_D)
		return mkdir(to, 0755);
	ck_assert_int_eq(disk_read(AT_FDCWD, path, SIZE_MAX / 2, &bytes, NULL), 0);
	homelab_write(AT_FDCWD, to, bytes.data, bytes.length, time_of(&st->st_mtim));
	return 0;
}

static const struct homelab *deleting;
static const json_t *decided;

/* Whether a file came with the news: not decided on, whatever its name, as long
 * as the checkpoint is the old one. */
static bool
is_news(const char *path)
{
	const char *below = path + strlen(deleting->root) + 1;

	for (size_t i = 0; i < deleting->news_count; i++)
		if (strcmp(deleting->news[i], below) == 0)
			return true;
	return false;
}

static int
delete_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	char directory[256];
	const char *last;

	(void)st;
	if (type != FTW_F || is_news(path))
		return 0;
	(void)snprintf(directory, sizeof(directory), "%.*s", at->base - 1, path);
	last = json_string_value(json_object_get(decided, strrchr(directory, '/') + 1));
	return last != NULL && strcmp(path, last) <= 0 ? unlink(path) : 0;
}

static void
events_paths(const struct homelab *h, char events[PATH_MAX], char kept[PATH_MAX])
{
	(void)snprintf(events, PATH_MAX, "%s/events", h->root);
	(void)snprintf(kept, PATH_MAX, "%s/kept-events", h->root);
}

void
homelab_keep_events(const struct homelab *h)
{
	char events[PATH_MAX], kept[PATH_MAX];

	events_paths(h, events, kept);
	ck_assert_int_eq(rename(events, kept), 0);
	copied_from = kept;
	copied_to = events;
	ck_assert_int_eq(nftw(kept, copy_one, 16, FTW_PHYS), 0);
}

void
homelab_delete_decided(const struct homelab *h)
{
	char events[PATH_MAX], kept[PATH_MAX], path[PATH_MAX];
	json_auto_t *checkpoint = NULL;

	homelab_keep_events(h);
	events_paths(h, events, kept);
	(void)snprintf(path, sizeof(path), "%s/state/" CHECKPOINT_NAME, h->root);
	checkpoint = json_load_file(path, 0, NULL);
	decided = json_object_get(checkpoint, "node_checkpoints");
	deleting = h;
	ck_assert_int_eq(nftw(events, delete_one, 16, FTW_PHYS), 0);
}

void
homelab_restore_events(const struct homelab *h)
{
	char events[PATH_MAX], kept[PATH_MAX];

	events_paths(h, events, kept);
	homelab_remove_all(events);
	ck_assert_int_eq(rename(kept, events), 0);
}
