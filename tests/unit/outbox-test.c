/* Batches of about any size, appended, trimmed, shown; damaged in between. */

#include "yard.h"

#include <homelab/outbox.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sysexits.h>

enum { BIG = 600 << 10 };

struct box {
	struct yard yard;
	struct outbox outbox;
	struct error error;
};

static int
store_of(const struct box *b)
{
	return b->yard.scratch.store.fd;
}

static void
box_make(struct box *b)
{
	*b = (struct box){0};
	yard_make(&b->yard);
	outbox_from_json(NULL, &b->outbox);
}

static void
box_remove(struct box *b)
{
	outbox_release(&b->outbox);
	yard_remove(&b->yard);
}

/* A batch with a text so long. */
static int
box_try(struct box *b, uint64_t generation, size_t length, timestamp now)
{
	cleanup_free char *text = memory_alloc(length + 1);
	json_auto_t *batch = NULL;
	struct unsynced unsynced = {0};
	const struct outbox_target to = {store_of(b), &unsynced};
	int failed;

	memset(text, 'x', length);
	batch = json_pack("{s:s}", "x", text);
	failed = outbox_append(&to, &b->outbox, batch, generation, now, &b->error);
	ck_assert_uint_eq(unsynced.count, failed ? 0 : 1);
	unsynced_release(&unsynced);
	return failed;
}

static void
box_add(struct box *b, uint64_t generation, size_t length, timestamp now)
{
	ck_assert_msg(box_try(b, generation, length, now) == 0, "%s", b->error.text);
}

/* FIRST:BYTES of each segment. */
static void
box_expect(const struct box *b, const char *text)
{
	cleanup_buffer struct buffer is = {0};

	for (size_t i = 0; i < b->outbox.count; i++)
		buffer_text(&is, "%s%llu:%llu", i ? " " : "",
		    (unsigned long long)b->outbox.segments[i].first,
		    (unsigned long long)b->outbox.segments[i].bytes);
	assert_text(buffer_string(&is), text, "segments");
}

static void
box_expect_file(const struct box *b, const char *path, const char *text)
{
	cleanup_buffer struct buffer is = {0};

	ck_assert_int_eq(disk_read(store_of(b), path, SIZE_MAX / 2, &is, NULL), 0);
	assert_text(buffer_string(&is), text, path);
}

/* The batches that history.json shows, each by its `previous`. */
static void
box_expect_history(struct box *b, uint64_t limit, const char *text)
{
	cleanup_buffer struct buffer bytes = {0}, is = {0};
	json_auto_t *history = NULL;
	const json_t *batch;
	size_t i;

	ck_assert_int_eq(outbox_history(store_of(b), &b->outbox, limit, &bytes, &b->error), 0);
	ck_assert_int_eq(b->error.status, 0);
	history = json_loadb((char *)bytes.data, bytes.length, 0, NULL);
	ck_assert_ptr_nonnull(history);
	ck_assert_int_eq(bytes.data[bytes.length - 1], '\n');
	json_array_foreach (json_object_get(history, "batches"), i, batch)
		buffer_text(&is, "%lld ", json_integer_value(json_object_get(batch, "previous")));
	buffer_text(&is, "of %lld", json_integer_value(json_object_get(history, "generation")));
	assert_text(buffer_string(&is), text, "history");
}

START_TEST(lines_are_appended)
{
	struct box b;

	box_make(&b);
	box_expect_history(&b, 64, "of 0");
	box_add(&b, 3, 1, time_at("12:00:00"));
	box_add(&b, 7, 2, time_at("12:01:00"));
	box_expect(&b, "3:47");
	box_expect_file(
	    &b, "outbox/3.jsonl", "{\"previous\":0,\"x\":\"x\"}\n{\"previous\":3,\"x\":\"xx\"}\n");
	ck_assert_int_eq(b.outbox.segments[0].newest, time_at("12:01:00"));
	box_expect_history(&b, 64, "0 3 of 7");
	box_expect_history(&b, 1, "3 of 7");
	box_expect_history(&b, 0, "of 7");
	assert_text(yard_said(&b.yard), "", "said");
	box_remove(&b);
}
END_TEST

START_TEST(history_is_a_document)
{
	cleanup_buffer struct buffer bytes = {0}, none = {0};
	struct box b;

	box_make(&b);
	ck_assert_int_eq(outbox_history(store_of(&b), &b.outbox, 64, &none, &b.error), 0);
	assert_text(
	    buffer_string(&none), "{\n  \"batches\": [],\n  \"generation\": 0\n}\n", "none");
	box_add(&b, 1, 1, time_at("12:00:00"));
	box_add(&b, 2, 1, time_at("12:00:00"));
	ck_assert_int_eq(outbox_history(store_of(&b), &b.outbox, 64, &bytes, &b.error), 0);
	assert_text(buffer_string(&bytes),
	    "{\n  \"batches\": [\n    {\"previous\":0,\"x\":\"x\"},\n    "
	    "{\"previous\":1,\"x\":\"x\"}\n"
	    "  ],\n  \"generation\": 2\n}\n",
	    "two");
	box_remove(&b);
}
END_TEST

/* One that has reached 1 MiB is followed by a new one. */
START_TEST(segments_follow_each_other)
{
	struct box b;

	box_make(&b);
	for (uint64_t i = 1; i <= 5; i++)
		box_add(&b, i, BIG, time_at("12:00:00"));
	box_expect(&b, "1:1228844 3:1228844 5:614422");
	box_expect_history(&b, 64, "0 1 2 3 4 of 5");
	box_expect_history(&b, 2, "3 4 of 5");
	box_expect_history(&b, 3, "2 3 4 of 5");
	b.outbox.segments[2].bytes = OUTBOX_SEGMENT_BYTES - 1;
	ck_assert_int_eq(box_try(&b, 6, 1, 0), 0);
	ck_assert_uint_eq(b.outbox.count, 3);
	b.outbox.segments[2].bytes = OUTBOX_SEGMENT_BYTES;
	ck_assert_int_eq(box_try(&b, 7, 1, 0), 0);
	ck_assert_uint_eq(b.outbox.count, 4);
	box_remove(&b);
}
END_TEST

START_TEST(old_ones_are_forgotten)
{
	struct box b;

	box_make(&b);
	box_add(&b, 1, OUTBOX_SEGMENT_BYTES, time_at("12:00:00"));
	box_add(&b, 2, OUTBOX_SEGMENT_BYTES, time_at("12:00:01"));
	outbox_trim(&b.outbox, time_at("12:00:00") + DAYS(7));
	ck_assert_uint_eq(b.outbox.count, 2);
	outbox_trim(&b.outbox, time_at("12:00:00") + DAYS(7) + 1);
	ck_assert_uint_eq(b.outbox.count, 1);
	ck_assert_uint_eq(b.outbox.segments[0].first, 2);
	outbox_trim(&b.outbox, time_at("12:00:00") + DAYS(70));
	ck_assert_uint_eq(b.outbox.count, 1);
	box_expect_history(&b, 64, "1 of 2");
	box_remove(&b);
}
END_TEST

START_TEST(too_many_are_forgotten)
{
	static struct outbox_segment segments[] = {
	    {1, 1, 0}, {2, 1, 0}, {3, OUTBOX_BYTES_MAX - 2, 0}, {4, 1, 0}, {5, 1, 0}};
	static struct outbox_segment one[] = {{1, 5, 0}, {9, OUTBOX_BYTES_MAX + 1, 0}};
	struct outbox o = {5, segments, COUNT(segments), COUNT(segments)};
	struct outbox big = {9, one, COUNT(one), COUNT(one)};
	json_auto_t *files = json_object();

	outbox_trim(&o, 0);
	ck_assert_uint_eq(o.count, 3);
	ck_assert_uint_eq(segments[0].first, 3);
	outbox_files(&o, files);
	ck_assert_uint_eq(json_object_size(files), 3);
	ck_assert_ptr_nonnull(json_object_get(files, "outbox/3.jsonl"));
	outbox_trim(&big, 0);
	ck_assert_uint_eq(big.count, 1);
	ck_assert_uint_eq(one[0].first, 9);
}
END_TEST

START_TEST(checkpoints_keep_it)
{
	struct box b;
	struct outbox again;

	box_make(&b);
	box_add(&b, 4, 1, time_at("12:00:00"));
	json_auto_t *kept = outbox_to_json(&b.outbox);
	outbox_from_json(kept, &again);
	json_auto_t *same = outbox_to_json(&again);
	ck_assert(json_equal(kept, same));
	ck_assert_uint_eq(again.generation, 4);
	ck_assert_uint_eq(again.count, 1);
	ck_assert_uint_eq(again.segments[0].bytes, b.outbox.segments[0].bytes);
	ck_assert_int_eq(again.segments[0].newest, time_at("12:00:00"));
	outbox_release(&again);
	box_remove(&b);
}
END_TEST

/* What lies behind the length that counts is never shown, and cut off. */
START_TEST(uncommitted_lines_are_cut_off)
{
	struct box b;
	int fd;

	box_make(&b);
	box_add(&b, 1, 1, 0);
	fd = openat(store_of(&b), "outbox/1.jsonl", O_WRONLY | O_APPEND);
	ck_assert_int_eq(write(fd, "{\"previous\":9}\n{\"prev", 21), 21);
	(void)close(fd);
	box_expect_history(&b, 64, "0 of 1");
	box_add(&b, 2, 1, 0);
	box_expect_file(
	    &b, "outbox/1.jsonl", "{\"previous\":0,\"x\":\"x\"}\n{\"previous\":1,\"x\":\"x\"}\n");
	box_remove(&b);
}
END_TEST

static void
three_segments(struct box *b)
{
	box_make(b);
	for (uint64_t i = 1; i <= 3; i++)
		box_add(b, i, OUTBOX_SEGMENT_BYTES, 0);
	ck_assert_uint_eq(b->outbox.count, 3);
}

START_TEST(files_are_those_of_all_segments)
{
	json_auto_t *files = json_object(), *expected = NULL;
	struct box b;

	three_segments(&b);
	outbox_files(&b.outbox, files);
	expected = json_pack(
	    "{s:b,s:b,s:b}", "outbox/1.jsonl", 1, "outbox/2.jsonl", 1, "outbox/3.jsonl", 1);
	ck_assert(json_equal(files, expected));
	box_remove(&b);
}
END_TEST

START_TEST(what_is_gone_is_left_out)
{
	struct box b;

	three_segments(&b);
	(void)yard_said(&b.yard);
	ck_assert_int_eq(unlinkat(store_of(&b), "outbox/2.jsonl", 0), 0);
	box_expect_history(&b, 64, "0 2 of 3");
	ck_assert_ptr_nonnull(strstr(yard_said(&b.yard), "outbox/2.jsonl is gone or cut"));
	box_remove(&b);
}
END_TEST

START_TEST(what_is_cut_is_left_out)
{
	struct box b;
	int fd;

	three_segments(&b);
	fd = openat(store_of(&b), "outbox/3.jsonl", O_WRONLY);
	ck_assert_int_eq(ftruncate(fd, 100), 0);
	(void)close(fd);
	box_expect_history(&b, 64, "0 1 of 3");
	ck_assert_ptr_nonnull(strstr(yard_said(&b.yard), "outbox/3.jsonl is gone or cut"));
	b.outbox.segments[2].bytes = 1000; /* and where one would be appended */
	box_add(&b, 4, 1, 0);
	ck_assert_ptr_nonnull(strstr(yard_said(&b.yard), "going on with a new one"));
	ck_assert_int_eq(b.error.status, 0);
	ck_assert_uint_eq(b.outbox.segments[2].first, 4);
	box_expect_history(&b, 64, "0 1 3 of 4");
	box_remove(&b);
}
END_TEST

START_TEST(unreadable_ones_end_the_run)
{
	cleanup_buffer struct buffer out = {0};
	struct box b;

	three_segments(&b);
	yard_fail(YARD_OPEN, "1.jsonl", EIO);
	ck_assert_int_eq(outbox_history(store_of(&b), &b.outbox, 64, &out, &b.error), -1);
	ck_assert_int_eq(b.error.status, EX_IOERR);
	ck_assert_uint_eq(out.length, 0);
	yard_heal();
	box_remove(&b);
}
END_TEST

static const enum yard_call failures[] = {YARD_OPEN, YARD_FSTAT};

START_TEST(failing_calls_count_nothing)
{
	struct box b;

	box_make(&b);
	box_add(&b, 1, 1, time_at("12:00:00"));
	yard_fail(failures[_i], "1.jsonl", EIO);
	ck_assert_int_eq(box_try(&b, 2, 1, time_at("12:01:00")), -1);
	ck_assert_int_eq(b.error.status, EX_IOERR);
	yard_heal();
	box_expect(&b, "1:23");
	ck_assert_uint_eq(b.outbox.generation, 1);
	ck_assert_int_eq(b.outbox.segments[0].newest, time_at("12:00:00"));
	b.error.status = 0;
	box_expect_history(&b, 64, "0 of 1");
	box_add(&b, 3, 1, 0);
	box_expect_history(&b, 64, "0 1 of 3");
	box_remove(&b);
}
END_TEST

START_TEST(failed_segments_are_none)
{
	struct box b;

	box_make(&b);
	box_add(&b, 1, OUTBOX_SEGMENT_BYTES, 0);
	yard_fail(YARD_OPEN, "2.jsonl", ENOSPC);
	ck_assert_int_eq(box_try(&b, 2, 1, 0), -1);
	yard_heal();
	ck_assert_uint_eq(b.outbox.count, 1);
	box_add(&b, 3, 1, 0);
	box_expect(&b, "1:1048598 3:23");
	box_remove(&b);
}
END_TEST

Suite *
outbox_suite(void)
{
	Suite *suite = suite_create("outbox");
	TCase *tc = tcase_create("outbox");

	tcase_add_test(tc, files_are_those_of_all_segments);
	tcase_add_test(tc, lines_are_appended);
	tcase_add_test(tc, history_is_a_document);
	tcase_add_test(tc, segments_follow_each_other);
	tcase_add_test(tc, old_ones_are_forgotten);
	tcase_add_test(tc, too_many_are_forgotten);
	tcase_add_test(tc, checkpoints_keep_it);
	tcase_add_test(tc, uncommitted_lines_are_cut_off);
	tcase_add_test(tc, what_is_gone_is_left_out);
	tcase_add_test(tc, what_is_cut_is_left_out);
	tcase_add_test(tc, unreadable_ones_end_the_run);
	tcase_add_test(tc, failed_segments_are_none);
	tcase_add_loop_test(tc, failing_calls_count_nothing, 0, COUNT(failures));
	suite_add_tcase(suite, tc);
	return suite;
}
