#include "support.h"

#include <stdio.h>
#include <string.h>

/* Packs one row into memory of just its size and peeks at it. */
static struct row
pack_one(const struct event *e, const struct place *place, struct buffer *bytes)
{
	struct unpack in, payload;
	struct row row;

	bytes->length = 0;
	row_pack(bytes, e, place);
	in = (struct unpack){bytes->data, bytes->data + bytes->length, false};
	ck_assert_int_eq(frame_next(&in, &payload), 1);
	ck_assert_ptr_eq(in.at, in.end);
	ck_assert(row_peek(payload, &row));
	return row;
}

static void
assert_list(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
	ck_assert_uint_eq(a_count, b_count);
	for (size_t i = 0; i < a_count; i++)
		ck_assert_str_eq(a[i], b[i]);
}

static void
assert_metrics(const struct event *a, const struct event *b)
{
	ck_assert_uint_eq(a->metric_count, b->metric_count);
	for (size_t i = 0; i < a->metric_count; i++) {
		const struct metric *x = &a->metrics[i], *y = &b->metrics[i];

		ck_assert_str_eq(x->name, y->name);
		ck_assert_int_eq(x->is_integer, y->is_integer);
		ck_assert(x->is_integer ? x->integer == y->integer :
					  memcmp(&x->real, &y->real, sizeof(x->real)) == 0);
	}
}

static void
assert_same_event(const struct event *a, const struct event *b)
{
	ck_assert_int_eq(a->at, b->at);
	ck_assert_ptr_eq(a->kind, b->kind);
	ck_assert_int_eq(a->severity, b->severity);
	ck_assert_int_eq(a->says_all, b->says_all);
	assert_list(&a->type, 1, &b->type, 1);
	assert_list(&a->node, 1, &b->node, 1);
	assert_list(&a->source, 1, &b->source, 1);
	assert_list(&a->correlation_id, 1, &b->correlation_id, 1);
	assert_list(&a->message, 1, &b->message, 1);
	assert_list(&a->stage, 1, &b->stage, 1);
	assert_list(a->level, PRESSURE_COUNT, b->level, PRESSURE_COUNT);
	assert_list(a->services, a->service_count, b->services, b->service_count);
	assert_list(a->diagnostics, a->diagnostic_count, b->diagnostics, b->diagnostic_count);
	assert_metrics(a, b);
}

static const char *const lines[] = {
    "00:00:00 x",
    "12:05:00.123456789 service_unhealthy svc=a src=agent cid=r msg=down sev=critical",
    "12:05:00 service_healthy all",
    "12:05:00 service_healthy all svc=0123456789ab_web,web,\xc3\xa9",
    "12:05:00 deployment_failed cid=r stage=verify diag=/a,/b,/c svc=a",
    "12:05:00 node_health disk=high memory=low cpu=9 metrics=a:-1,b:0.1,c:9223372036854775807",
    "12:05:00 disk_pressure_critical disk=critical",
};

/* Rule: C2 */
START_TEST(rows_there_and_back)
{
	cleanup_buffer struct buffer bytes = {0};
	struct place place = {"2026-05-12/n/a b.jsonl", UINT64_MAX, 7}, got;
	struct told told;
	struct event back;
	struct row row;

	tell(lines[_i], &told);
	row = pack_one(&told.event, &place, &bytes);
	ck_assert_int_eq(row.at, told.event.at);
	ck_assert_int_eq(row.rank, told.event.kind->rank);
	ck_assert(!row.is_new);
	got = row_place(&row);
	ck_assert_str_eq(got.path, place.path);
	ck_assert(got.offset == place.offset && got.end == place.end);
	ck_assert(row_unpack(&row, &back));
	assert_same_event(&told.event, &back);
	ck_assert_ptr_null(back.json);
}
END_TEST

/* As many of everything as there can be. Rule: E9 C2 */
START_TEST(the_largest_row)
{
	static char texts[EVENT_SERVICES_MAX][16];
	cleanup_buffer struct buffer bytes = {0};
	struct place place = {"n/a.json", 0, 0};
	struct event e, back;
	struct row row;

	plain_event(TIMESTAMP_LAST - 1, "node_health", &e);
	for (size_t i = 0; i < EVENT_SERVICES_MAX; i++) {
		(void)snprintf(texts[i], sizeof(texts[i]), "text %zu", i);
		e.services[e.service_count++] = texts[i];
		if (i < EVENT_METRICS_MAX)
			e.metrics[e.metric_count++] =
			    (struct metric){.name = texts[i], .real = (double)i / 3};
		if (i < EVENT_DIAGNOSTICS_MAX)
			e.diagnostics[e.diagnostic_count++] = texts[i];
	}
	row = pack_one(&e, &place, &bytes);
	ck_assert(row_unpack(&row, &back));
	assert_same_event(&e, &back);
}
END_TEST

/* Rule: E7 */
START_TEST(order_of_events)
{
	/* Each is before all that follow. */
	static const struct {
		const char *line;
		struct place place;
	} sorted[] = {
	    {"00:00:00 node_online", {"z/z.json", 9, 0}},
	    {"00:00:00.000000001 service_unhealthy", {"z/z.json", 0, 0}},
	    {"00:00:00.000000001 x", {"a/a.json", 0, 0}},
	    {"00:00:00.000000001 service_healthy", {"a/a.json", 0, 0}},
	    /* the directory's node, with or without a date before it */
	    {"00:00:01 x", {"2026-05-13/a/z.json", 0, 0}},
	    {"00:00:01 x", {"a/a.json", 0, 0}},
	    {"00:00:01 x", {"2026-05-12/a-b/a.json", 0, 0}},
	    {"00:00:01 x", {"2026-05-12/ab/a.json", 0, 0}},
	    {"00:00:01 x", {"2026-05-12/b/a.json", 0, 0}},
	    /* then the path, by bytes: the older day first, "Z" before "a" */
	    {"00:00:01 x", {"2026-05-12/c/B.json", 0, 0}},
	    {"00:00:01 x", {"2026-05-12/c/a.json", 0, 0}},
	    {"00:00:01 x", {"2026-05-12/c/a.jsonl", 0, 0}},
	    {"00:00:01 x", {"2026-05-12/c/a1.json", 0, 0}},
	    {"00:00:01 x", {"2026-05-13/c/A.json", 0, 0}},
	    {"00:00:01 x", {"c/A.json", 0, 0}},
	    /* then the offset, as a number */
	    {"00:00:01 x", {"d/a.jsonl", 0, 5}},
	    {"00:00:01 x", {"d/a.jsonl", 9, 4}},
	    {"00:00:01 x", {"d/a.jsonl", 10, 3}},
	    {"00:00:01 x", {"d/a.jsonl", 100, 2}},
	    {"00:00:01 x", {"d/a.jsonl", UINT64_MAX, 1}},
	    {"00:00:01 service_healthy", {"a/a.jsonl", 0, 0}},
	    {"1d00:00:00 service_unhealthy", {"a/a.jsonl", 0, 0}},
	};
	struct buffer bytes[COUNT(sorted)] = {0};
	struct row rows[COUNT(sorted)];
	struct told told;

	for (size_t i = 0; i < COUNT(sorted); i++) {
		tell(sorted[i].line, &told);
		rows[i] = pack_one(&told.event, &sorted[i].place, &bytes[i]);
	}
	for (size_t i = 0; i < COUNT(sorted); i++)
		for (size_t k = 0; k < COUNT(sorted); k++) {
			int order = row_compare(&rows[i], &rows[k]);

			ck_assert_msg((order > 0) - (order < 0) == (i > k) - (i < k),
			    "%zu, %zu: %d", i, k, order);
		}
	for (size_t i = 0; i < COUNT(sorted); i++)
		buffer_release(&bytes[i]);
}
END_TEST

/* Rule: E7 */
START_TEST(nodes_of_paths)
{
	static const struct {
		const char *path, *node;
	} cases[] = {{"2026-05-12/piha/a.json", "piha"}, {"piha/a.json", "piha"},
	    {"2026-05-12/a/a.json", "a"}, {"a.json", ""}};
	const char *bare = "a.json";

	ck_assert_ptr_eq(path_node(bare).at, bare);

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct name_span span = path_node(cases[i].path);

		ck_assert_uint_eq(span.length, strlen(cases[i].node));
		ck_assert_mem_eq(span.at, cases[i].node, span.length);
	}
}
END_TEST

/* Payloads that aren't rows are refused, or read as some other row: never
 * beyond their end. Rule: C4 */
START_TEST(payloads_that_are_no_rows)
{
	cleanup_buffer struct buffer bytes = {0};
	struct place place = {"2026-05-12/n/a.jsonl", 300, 400};
	struct told told;
	struct row row;
	struct event back;

	tell(lines[_i], &told);
	(void)pack_one(&told.event, &place, &bytes);
	for (size_t length = 0; length < bytes.length - FRAME_HEADER; length++) {
		cleanup_free unsigned char *torn = memory_resize(NULL, length, 1);

		memcpy(torn, bytes.data + FRAME_HEADER, length);
		if (row_peek((struct unpack){torn, torn + length, false}, &row) &&
		    row_unpack(&row, &back))
			ck_abort_msg("a row of %zu bytes", length);
	}
	for (size_t at = FRAME_HEADER; at < bytes.length; at++)
		for (int value = 0; value < 256; value++) {
			unsigned char was = bytes.data[at];

			bytes.data[at] = (unsigned char)value;
			if (row_peek((struct unpack){bytes.data + FRAME_HEADER,
					 bytes.data + bytes.length, false},
				&row)) {
				(void)row_place(&row);
				(void)row_unpack(&row, &back);
			}
			bytes.data[at] = was;
		}
}
END_TEST

/* A row by hand, with so many names, numbers and diagnostics. */
static void
pack_by_hand(struct buffer *b, timestamp at, uint64_t flags, size_t names, size_t metrics,
    size_t diagnostics)
{
	b->length = 0;
	pack_fixed(b, (uint64_t)at, 8);
	pack_unsigned(b, 1);
	pack_text(b, "2026-05-12/n/a.json");
	pack_unsigned(b, 0);
	pack_unsigned(b, 0);
	pack_text(b, "n");
	pack_text(b, "x");
	pack_unsigned(b, flags);
	for (int i = 0; i < 4 + PRESSURE_COUNT; i++)
		pack_text(b, "");
	pack_unsigned(b, names);
	for (size_t i = 0; i < names; i++)
		pack_text(b, "s");
	pack_unsigned(b, metrics);
	for (size_t i = 0; i < metrics; i++) {
		pack_text(b, "m");
		pack_unsigned(b, 1);
		pack_signed(b, -1);
	}
	pack_unsigned(b, diagnostics);
	for (size_t i = 0; i < diagnostics; i++)
		pack_text(b, "d");
}

static bool
reads(const struct buffer *b, struct event *e)
{
	struct row row;

	return row_peek((struct unpack){b->data, b->data + b->length, false}, &row) &&
	    row_unpack(&row, e);
}

/* Rule: C4 E9 */
START_TEST(rows_beyond_the_limits)
{
	static const struct {
		timestamp at;
		size_t names, metrics, diagnostics;
		bool good;
	} cases[] = {{0, 0, 0, 0, true}, {-1, 0, 0, 0, false}, {TIMESTAMP_NONE, 0, 0, 0, false},
	    {1, EVENT_SERVICES_MAX, EVENT_METRICS_MAX, EVENT_DIAGNOSTICS_MAX, true},
	    {1, EVENT_SERVICES_MAX + 1, 0, 0, false}, {1, 0, EVENT_METRICS_MAX + 1, 0, false},
	    {1, 0, 0, EVENT_DIAGNOSTICS_MAX + 1, false}};
	cleanup_buffer struct buffer bytes = {0};
	struct event e;

	for (size_t i = 0; i < COUNT(cases); i++) {
		pack_by_hand(
		    &bytes, cases[i].at, 0, cases[i].names, cases[i].metrics, cases[i].diagnostics);
		ck_assert_msg(reads(&bytes, &e) == cases[i].good, "case %zu", i);
		buffer_add(&bytes, "", 1);
		ck_assert_msg(!reads(&bytes, &e), "more behind case %zu", i);
	}
	ck_assert(!row_peek((struct unpack){bytes.data, bytes.data + 8, false}, &(struct row){0}));
}
END_TEST

/* Rule: C4 */
START_TEST(severities_of_rows)
{
	cleanup_buffer struct buffer bytes = {0};
	struct event e;

	for (unsigned severity = 0; severity < SEVERITY_COUNT + 3; severity++) {
		memset(&e, 0xff, sizeof(e));
		pack_by_hand(&bytes, 1, severity << 1 | 1, 0, 0, 0);
		ck_assert(reads(&bytes, &e) && e.says_all);
		ck_assert_ptr_null(e.json);
		ck_assert_uint_eq(
		    e.severity, severity < SEVERITY_COUNT ? severity : SEVERITY_MISSING);
	}
}
END_TEST

Suite *
row_suite(void)
{
	Suite *suite = suite_create("row");
	TCase *tc = tcase_create("row");

	tcase_add_loop_test(tc, rows_there_and_back, 0, COUNT(lines));
	tcase_add_test(tc, the_largest_row);
	tcase_add_test(tc, order_of_events);
	tcase_add_test(tc, nodes_of_paths);
	tcase_add_loop_test(tc, payloads_that_are_no_rows, 0, COUNT(lines));
	tcase_add_test(tc, rows_beyond_the_limits);
	tcase_add_test(tc, severities_of_rows);
	suite_add_tcase(suite, tc);
	return suite;
}
