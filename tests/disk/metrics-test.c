/*
 * The file of --metrics on a disk that fails: the old file or the new one, whole,
 * and nothing beside it; the world is published all the same. And what it costs.
 */

#include "homelab.h"
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#define FILE_NAME "homelab.prom"
#define LAST_LINE "\nhomelab_observer_error N\n"

enum { CALLS_MAX = 400, FSYNCS_MAX = 2 };

static char file[300];

/* With a file, and so that further runs find no news. */
static void
make(struct homelab *h)
{
	/* A directory that changed just now is listed once more. */
	const struct timespec racy = {2, 200000000};

	homelab_make(h);
	homelab_put(h, "inventory/topology.yaml", "nodes:\n  piha:\n");
	homelab_put(h, "prom/keep", "%s", "");
	homelab_event(h, "piha", "0d10:00:00", "service_unhealthy", "mosquitto", "");
	(void)snprintf(file, sizeof(file), "%s/prom/" FILE_NAME, h->root);
	h->options.metrics = file;
	homelab_run(h, "0d10:01:00");
	ck_assert_msg(h->status == 0, "%s", h->error.text);
	(void)nanosleep(&racy, NULL);
	homelab_run(h, "0d10:02:00");
}

static void
take(struct buffer *out)
{
	out->length = 0;
	ck_assert_int_eq(disk_read(AT_FDCWD, file, SIZE_MAX / 2, out, NULL), 0);
}

/* Its last line's value aside. */
static bool
is_whole(const struct buffer *b)
{
	size_t length = strlen(LAST_LINE);

	return b->length > length && b->data[b->length - 1] == '\n' &&
	    memcmp(b->data + b->length - length, LAST_LINE, length - 2) == 0;
}

static int
refuse_others(void *what, const struct dirent *entry)
{
	bool ours = strcmp(entry->d_name, FILE_NAME) == 0 || strcmp(entry->d_name, "keep") == 0;

	ck_assert_msg(ours, "%s: %s is left", (const char *)what, entry->d_name);
	return 0;
}

static void
check_alone(const struct homelab *h, const char *what)
{
	char path[300];
	cleanup_close int dir = -1;

	(void)snprintf(path, sizeof(path), "%s/prom", h->root);
	dir = disk_open_dir(AT_FDCWD, path, NULL);
	ck_assert_int_eq(disk_list(dir, refuse_others, (void *)what), 0);
}

/* Whether the world is the run's. */
static bool
is_published(const struct homelab *h, const char *now)
{
	cleanup_buffer struct buffer bytes = {0};
	char path[300], line[64];

	(void)snprintf(path, sizeof(path), "%s/world/" SUMMARY_NAME, h->root);
	(void)disk_read(AT_FDCWD, path, SIZE_MAX / 2, &bytes, NULL);
	(void)snprintf(line, sizeof(line), "\"generated_at\": \"2026-05-12T%sZ\"", now);
	return strstr(buffer_string(&bytes), line) != NULL;
}

static bool
is_same(const struct buffer *a, const struct buffer *b)
{
	return a->length == b->length && memcmp(a->data, b->data, a->length) == 0;
}

/* One run, in which call `number` fails, whether there was such a call; `late`
 * counts those that failed when all was published. */
static bool
fail_at(struct homelab *h, unsigned number, int error, unsigned *late)
{
	cleanup_buffer struct buffer before = {0}, after = {0};
	char what[512], now[32];

	take(&before);
	(void)snprintf(now, sizeof(now), "0d10:%02u:%02u", 3 + number / 60, number % 60);
	record_begin(h->root);
	recorded.fails = true;
	recorded.fail_at = number;
	recorded.error = error;
	recorded.on = error == ENOSPC;
	homelab_run(h, now);
	record_end();
	(void)snprintf(what, sizeof(what), "call %u (%s %s: %s)", number,
	    call_names[recorded.failed_call], recorded.failed_path, strerror(error));
	take(&after);
	ck_assert_msg(is_whole(&after), "%s: half a file", what);
	check_alone(h, what);
	if (h->status != EX_IOERR)
		return recorded.failed;
	ck_assert_msg(is_same(&before, &after), "%s: not the old file", what);
	*late += is_published(h, now + 2);
	return recorded.failed;
}

/* Rule: W3 */
START_TEST(every_call_fails)
{
	static const int errors[] = {EIO, ENOSPC, 0};
	unsigned number = 0, late = 0;
	struct homelab h;

	make(&h);
	while (number < CALLS_MAX && fail_at(&h, number, errors[_i], &late))
		number++;
	ck_assert_uint_lt(number, CALLS_MAX);
	/* Of reading three documents and of writing: for want of room, of that. */
	ck_assert_uint_ge(late, errors[_i] == EIO ? 14 : errors[_i] == ENOSPC ? 3 : 0);
	homelab_run(&h, "0d10:50:00");
	ck_assert_msg(h.status == 0, "%s", h.error.text);
	record_release();
	homelab_remove(&h);
}
END_TEST

/* What is synced without news is what was without metrics. Rule: W5 */
START_TEST(no_news_is_synced_no_more)
{
	unsigned syncs = 0, events = 0;
	struct homelab h;

	make(&h);
	record_begin(h.root);
	homelab_run(&h, "0d10:03:00");
	record_end();
	for (int place = 0; place < PLACE_COUNT; place++)
		syncs += recorded.calls[CALL_FSYNC][place];
	events = recorded.calls[CALL_READ][PLACE_EVENTS];
	ck_assert_int_eq(h.status, 0);
	ck_assert(is_published(&h, "10:03:00"));
	ck_assert_uint_le(syncs, FSYNCS_MAX);
	ck_assert_uint_eq(events, 0);
	record_release();
	homelab_remove(&h);
}
END_TEST

Suite *
metrics_suite(void)
{
	Suite *suite = suite_create("metrics");
	TCase *tcase = tcase_create("metrics");

	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, every_call_fails, 0, 3);
	tcase_add_test(tcase, no_news_is_synced_no_more);
	suite_add_tcase(suite, tcase);
	return suite;
}
