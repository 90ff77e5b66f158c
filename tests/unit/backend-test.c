/* What answers mean, what fits in a batch, how far a backend is. */

#include "support.h"

#include "../../src/backend/parts.h"

#include <fcntl.h>
#include <string.h>
#include <sysexits.h>
#include <zlib.h>

#define NOW SECONDS(1795651200) /* Thu, 26 Nov 2026 00:00:00 GMT */

/* --- answers ------------------------------------------------------------------- */

START_TEST(statuses_have_an_outcome)
{
	for (int status = 0; status < 1000; status++) {
		enum outcome expected = OUTCOME_AGAIN;

		if (status / 100 == 2)
			expected = OUTCOME_TAKEN;
		if (status / 100 == 4 && status != 408 && status != 429)
			expected = OUTCOME_REJECTED;
		ck_assert_msg(outcome_of(status) == expected, "%d", status);
	}
}
END_TEST

START_TEST(waits_as_asked)
{
	static const struct {
		const char *value;
		int64_t seconds;
	} rows[] = {
	    {NULL, 0},
	    {"", 0},
	    {"0", 0},
	    {"1", 1},
	    {"120", 120},
	    {"3599", 3599},
	    {"3600", 3600},
	    {"3601", 3600},
	    {"00000000000000000000000000000007", 7},
	    {"99999999999999999999999999999999", 3600},
	    {"9223372037", 3600}, /* as nanoseconds too many */
	    {"18446744073709551617", 3600},
	    {"-5", 0},
	    {"+5", 0},
	    {"1.5", 0},
	    {"5s", 0},
	    {"20270101", 3600}, /* seconds, and no date */
	    {"2027-01-01", 0},
	    {"soon", 0},
	    {"Thu, 26 Nov 2026 00:00:30 GMT", 30},
	    {"Thu, 26 Nov 2026 00:59:59 GMT", 3599},
	    {"Thursday, 26-Nov-26 00:00:30 GMT", 30},
	    {"Thu Nov 26 00:00:30 2026", 30},
	    {"Thu, 26 Nov 2026 00:00:00 GMT", 0},
	    {"Wed, 25 Nov 2026 23:59:59 GMT", 0},
	    {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
	    {"Fri, 31 Dec 9999 23:59:59 GMT", 3600},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		ck_assert_msg(retry_after(rows[i].value, NOW) == SECONDS(rows[i].seconds),
		    "row %zu: %lld", i, (long long)retry_after(rows[i].value, NOW));
}
END_TEST

START_TEST(answers_are_shown_safely)
{
	static const struct {
		const char *body;
		size_t length;
		const char *text;
	} rows[] = {
	    {"", 0, ""},
	    {"no", 2, "no"},
	    {"a\0b", 3, "a\\x00b"},
	    {"\0", 1, ""},
	    {"\0\0a", 3, "\\x00\\x00a"},
	    {"\xff\x1b[1m\r\n", 7, "\\xff\\x1b[1m\\x0d\\x0a"},
	    {"gr\xc3\xbc\xc3", 5, "gr\xc3\xbc\\xc3"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buffer body = {0};
		cleanup_buffer struct buffer text = {0};

		buffer_add(&body, rows[i].body, rows[i].length);
		answer_text(&body, &text);
		assert_text((char *)text.data, rows[i].text, "answer");
		buffer_release(&body);
	}
}
END_TEST

/* --- batches -------------------------------------------------------------------- */

START_TEST(batches_end_at_a_hundred)
{
	struct batch batch = {0};

	for (int i = 0; i < 100; i++)
		ck_assert(batch_add(&batch, "{}", 2));
	ck_assert(!batch_add(&batch, "{}", 2));
	batch_end(&batch);
	ck_assert_uint_eq(batch.events, 100);
	ck_assert_uint_eq(batch.body.length, 1 + 100 * 2 + 99 + 1);
	ck_assert_int_eq(batch.body.data[0], '[');
	batch_release(&batch);
}
END_TEST

/* To the byte. */
START_TEST(batches_end_at_a_mebibyte)
{
	cleanup_free char *text = memory_alloc(1 << 20);
	struct batch batch = {0};

	memset(text, '1', 1 << 20);
	ck_assert(!batch_add(&batch, text, (1 << 20) - 1));
	ck_assert(batch_add(&batch, text, (1 << 20) - 2 - 5));
	ck_assert(!batch_add(&batch, text, 5));
	ck_assert(batch_add(&batch, text, 4));
	ck_assert(!batch_add(&batch, text, 0));
	batch_end(&batch);
	ck_assert_uint_eq(batch.body.length, 1 << 20);
	batch_release(&batch);
}
END_TEST

START_TEST(keys_are_of_the_bytes)
{
	struct batch a = {0}, b = {0}, c = {0};

	(void)batch_add(&a, "{}", 2);
	(void)batch_add(&b, "{}", 2);
	(void)batch_add(&c, "{ }", 3);
	batch_end(&a);
	batch_end(&b);
	batch_end(&c);
	ck_assert_str_eq(a.key, b.key);
	ck_assert_str_ne(a.key, c.key);
	batch_release(&a);
	batch_release(&b);
	batch_release(&c);
}
END_TEST

START_TEST(gzip_comes_back)
{
	static unsigned char data[100000], back[sizeof(data) + 1];
	cleanup_buffer struct buffer packed = {0};
	struct dice dice = dice_of(1);

	for (size_t length = 0; length <= sizeof(data); length += 33333) {
		z_stream stream = {.next_out = back, .avail_out = sizeof(back)};

		for (size_t i = 0; i < length; i++)
			data[i] = (unsigned char)roll(&dice, 256);
		packed.length = 0;
		gzip_bytes(data, length, &packed);
		stream.next_in = packed.data;
		stream.avail_in = (uInt)packed.length;
		ck_assert_int_eq(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
		ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
		ck_assert_uint_eq(stream.total_out, length);
		ck_assert_mem_eq(back, data, length);
		(void)inflateEnd(&stream);
	}
}
END_TEST

/* --- addresses -------------------------------------------------------------------- */

START_TEST(addresses_have_a_directory)
{
	char *url, *directory, *other;
	struct error err;

	ck_assert_int_eq(
	    address_parse("https://a.example:8443/in//", true, &url, &directory, &err), 0);
	ck_assert_str_eq(url, "https://a.example:8443/in");
	ck_assert_int_eq(strncmp(directory, "a.example-", 10), 0);
	ck_assert_uint_eq(strlen(directory), 10 + 8);
	free(url);
	ck_assert_int_eq(address_parse("https://a.example:8443/in2", false, &url, &other, &err), 0);
	ck_assert_str_ne(directory, other);
	free(url);
	free(directory);
	free(other);
	ck_assert_int_eq(address_parse("http://[::1]/", false, &url, &directory, &err), 0);
	ck_assert_int_eq(strncmp(directory, "___1_-", 6), 0);
	free(url);
	free(directory);
	ck_assert_int_eq(address_parse("http://a/", true, &url, &directory, &err), -1);
	ck_assert_int_eq(err.status, EX_CONFIG);
}
END_TEST

/* --- facts ---------------------------------------------------------------------- */

START_TEST(containers_are_facts)
{
	struct containers containers = {0};
	struct container *c = containers_add(&containers);
	json_auto_t *facts = NULL;
	const json_t *first;

	container_set_text(&c->name, "web");
	container_set_text(&c->digest, "sha256:1");
	c->health = HEALTH_UNHEALTHY;
	(void)containers_add(&containers);
	facts = backend_describe_containers(&containers);
	ck_assert_uint_eq(json_array_size(facts), 2);
	first = json_array_get(facts, 0);
	ck_assert_str_eq(json_string_value(json_object_get(first, "name")), "web");
	ck_assert_str_eq(json_string_value(json_object_get(first, "digest")), "sha256:1");
	ck_assert_str_eq(json_string_value(json_object_get(first, "health")), "unhealthy");
	ck_assert(json_is_null(json_object_get(json_array_get(facts, 1), "digest")));
	containers_release(&containers);
}
END_TEST

Suite *
backend_suite(void)
{
	Suite *suite = suite_create("backend");
	TCase *tests = tcase_create("backend");

	tcase_add_test(tests, statuses_have_an_outcome);
	tcase_add_test(tests, waits_as_asked);
	tcase_add_test(tests, answers_are_shown_safely);
	tcase_add_test(tests, batches_end_at_a_hundred);
	tcase_add_test(tests, batches_end_at_a_mebibyte);
	tcase_add_test(tests, keys_are_of_the_bytes);
	tcase_add_test(tests, gzip_comes_back);
	tcase_add_test(tests, addresses_have_a_directory);
	tcase_add_test(tests, containers_are_facts);
	suite_add_tcase(suite, tests);
	return suite;
}
