/* The buffer's segments and the positions in it, on disk. */

#include "support.h"

#include "../../src/backend/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

enum { SMALL = 200 };

static struct scratch place;
static struct segments segments;
static unsigned syncs;
static struct error err;

static int
count_sync(int fd)
{
	syncs++;
	return fsync(fd);
}

static int
fail_sync(int fd)
{
	(void)fd;
	errno = EIO;
	return -1;
}

static void
open_segments(void)
{
	int dir = disk_open_dir(place.store.fd, ".", &err);

	ck_assert_msg(segments_open(&segments, dir, SMALL, &err) == 0, "%s", err.text);
}

static void
begin(void)
{
	scratch_make(&place);
	open_segments();
	disk.fsync = count_sync;
	syncs = 0;
}

static void
end(void)
{
	disk.fsync = fsync;
	segments_release(&segments);
	scratch_remove(&place);
}

static int
try_append(const char *name)
{
	cleanup_buffer struct buffer line = {0};
	json_auto_t *names = json_pack("{s:b}", name, 1);

	buffer_text(&line, "{\"id\":\"%s\"}\n", name);
	return segments_append(&segments, &line, names, &err);
}

static void
append(const char *name)
{
	ck_assert_msg(try_append(name) == 0, "%s", err.text);
}

/* Ten lines of 20 bytes are a segment. */
static void
append_many(int from, int to)
{
	char name[16];

	for (; from < to; from++) {
		(void)snprintf(name, sizeof(name), "%010d", from);
		append(name);
	}
}

static void
again(void)
{
	segments_release(&segments);
	open_segments();
}

/* --- segments ------------------------------------------------------------------------ */

START_TEST(segments_follow_each_other)
{
	append_many(0, 30);
	ck_assert_uint_eq(segments_end(&segments), 30 * 20);
	ck_assert_uint_eq(segments.count, 3);
	ck_assert_uint_eq(segments.list[2].first, 400);
	again();
	ck_assert_uint_eq(segments_end(&segments), 30 * 20);
	ck_assert_uint_eq(segments_bytes(&segments), 30 * 20);
	ck_assert_uint_eq(segments.count, 3);
	ck_assert(segments_know(&segments, "0000000029"));
	ck_assert(segments_know(&segments, "0000000010"));
	ck_assert(!segments_know(&segments, "0000000030"));
}
END_TEST

/* One to add, one more for the name of a new file. */
START_TEST(few_syncs)
{
	append("a");
	ck_assert_uint_eq(syncs, 2);
	append("b");
	ck_assert_uint_eq(syncs, 3);
}
END_TEST

START_TEST(what_failed_isnt_there)
{
	append("a");
	disk.fsync = fail_sync;
	ck_assert_int_eq(try_append("b"), -1);
	disk.fsync = count_sync;
	ck_assert(!segments_know(&segments, "b"));
	ck_assert_uint_eq(segments_end(&segments), 11);
	append("c");
	again();
	ck_assert(segments_know(&segments, "c") && !segments_know(&segments, "b"));
	ck_assert_uint_eq(segments_end(&segments), 22);
}
END_TEST

START_TEST(reads_within_a_segment)
{
	cleanup_buffer struct buffer text = {0};
	static const struct {
		uint64_t at, limit, begin, length;
	} rows[] = {{0, 1000, 0, 200}, {20, 1000, 20, 180}, {20, 40, 20, 40}, {200, 1000, 200, 200},
	    {399, 1000, 399, 1}, {400, 1000, 400, 100}, {500, 1000, 500, 0}, {900, 10, 900, 0}};

	append_many(0, 25);
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t at = rows[i].at;

		ck_assert_int_eq(segments_read(&segments, &at, rows[i].limit, &text, &err), 0);
		ck_assert_uint_eq(at, rows[i].begin);
		ck_assert_uint_eq(text.length, rows[i].length);
	}
	ck_assert_uint_eq(segments_count_lines(&segments, 0, 500), 25);
	ck_assert_uint_eq(segments_count_lines(&segments, 20, 420), 20);
	ck_assert_uint_eq(segments_behind(&segments, 20), 200);
	ck_assert_uint_eq(segments_behind(&segments, 500), 500);
	ck_assert_int_eq(segments_remove_first(&segments, &err), 0);
	ck_assert_uint_eq(segments_behind(&segments, 20), 200);
	ck_assert_uint_eq(segments_count_lines(&segments, 0, 500), 15);
}
END_TEST

/* --- positions -------------------------------------------------------------------------- */

static void
save(struct position *p, bool durable)
{
	ck_assert_msg(position_save(place.store.fd, "b", p, durable, &err) == 0, "%s", err.text);
}

static struct position
load(void)
{
	struct position p;

	ck_assert_int_eq(position_load(place.store.fd, "b", &p, &err), 1);
	return p;
}

START_TEST(positions_come_back)
{
	struct position p, back;

	ck_assert_int_eq(position_load(place.store.fd, "b", &p, &err), 0);
	p = (struct position){.taken = 1,
	    .upto = 2,
	    .dropped_events = 5,
	    .dropped_bytes = 6,
	    .told_events = 3,
	    .told_bytes = 4,
	    .lanes = {{7, 1795651200}, {8, 9}},
	    .facts = "f",
	    .facts_at = 10};
	save(&p, true);
	back = load();
	ck_assert_uint_eq(back.file_length, p.file_length);
	ck_assert_mem_eq(&back, &p, sizeof(p));
}
END_TEST

START_TEST(a_batch_costs_one_sync)
{
	struct position p = {0};

	save(&p, true);
	syncs = 0;
	p.upto = 100;
	save(&p, true);
	p.taken = 100;
	save(&p, false);
	ck_assert_uint_eq(syncs, 1);
	ck_assert_uint_eq(load().taken, 100);
}
END_TEST

START_TEST(positions_dont_grow_for_ever)
{
	struct position p = {0};
	struct stat st;

	for (int i = 0; i < 2000; i++) {
		p.taken = p.upto = (uint64_t)i;
		save(&p, false);
	}
	ck_assert_int_eq(fstatat(place.store.fd, "b/position.jsonl", &st, 0), 0);
	ck_assert_int_le(st.st_size, 66 << 10);
	ck_assert_uint_eq(load().taken, 1999);
}
END_TEST

START_TEST(what_is_no_position_is_passed_over)
{
	static const char *const tails[] = {"{}\n", "{\"taken\":1", "null\n", "\n", "[1]\n"};
	struct position p = {.taken = 7, .upto = 7};

	save(&p, true);
	for (size_t i = 0; i < COUNT(tails); i++) {
		ck_assert_int_eq(disk_append(place.store.fd, "b/position.jsonl", p.file_length,
				     tails[i], strlen(tails[i]), &err),
		    0);
		ck_assert_uint_eq(load().taken, 7);
		ck_assert_uint_eq(load().file_length, p.file_length);
	}
	p.taken = p.upto = 8;
	save(&p, false);
	ck_assert_uint_eq(load().taken, 8);
}
END_TEST

Suite *
backend_buffer_suite(void)
{
	Suite *suite = suite_create("backend buffer");
	TCase *tests = tcase_create("buffer");

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, segments_follow_each_other);
	tcase_add_test(tests, few_syncs);
	tcase_add_test(tests, what_failed_isnt_there);
	tcase_add_test(tests, reads_within_a_segment);
	tcase_add_test(tests, positions_come_back);
	tcase_add_test(tests, a_batch_costs_one_sync);
	tcase_add_test(tests, positions_dont_grow_for_ever);
	tcase_add_test(tests, what_is_no_position_is_passed_over);
	suite_add_tcase(suite, tests);
	return suite;
}
