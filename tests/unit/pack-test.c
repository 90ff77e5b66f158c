#include "support.h"

#include <stdio.h>
#include <string.h>

static struct unpack
input_of(const struct buffer *b)
{
	return (struct unpack){b->data, b->data + b->length, false};
}

struct number_case {
	uint64_t value;
	size_t length;
	const char *bytes;
};

/* LEB128: seven bits a byte, the lowest first, the top bit for "more". */
static const struct number_case numbers[] = {{0, 1, "\x00"}, {1, 1, "\x01"}, {127, 1, "\x7f"},
    {128, 2, "\x80\x01"}, {300, 2, "\xac\x02"}, {16383, 2, "\xff\x7f"}, {16384, 3, "\x80\x80\x01"},
    {UINT32_MAX, 5, "\xff\xff\xff\xff\x0f"},
    {(uint64_t)1 << 63, 10, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"},
    {UINT64_MAX, 10, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"}};

START_TEST(varints)
{
	const struct number_case *n = &numbers[_i];
	cleanup_buffer struct buffer b = {0};
	struct unpack in;

	pack_unsigned(&b, n->value);
	ck_assert_uint_eq(b.length, n->length);
	ck_assert_mem_eq(b.data, n->bytes, n->length);
	in = input_of(&b);
	ck_assert(unpack_unsigned(&in) == n->value);
	ck_assert(!in.failed && in.at == in.end);
	for (size_t length = 0; length < n->length; length++) {
		cleanup_free unsigned char *torn = memory_resize(NULL, length, 1);

		memcpy(torn, b.data, length);
		in = (struct unpack){torn, torn + length, false};
		ck_assert(unpack_unsigned(&in) == 0);
		ck_assert(in.failed && in.at == in.end);
	}
}
END_TEST

START_TEST(varints_without_end)
{
	unsigned char bytes[20];
	struct unpack in = {bytes, bytes + sizeof(bytes), false};

	memset(bytes, 0xff, sizeof(bytes));
	ck_assert(unpack_unsigned(&in) == 0);
	ck_assert(in.failed);
}
END_TEST

START_TEST(signed_numbers)
{
	static const struct number_case cases[] = {{0, 1, "\x00"}, {(uint64_t)-1, 1, "\x01"},
	    {1, 1, "\x02"}, {(uint64_t)-64, 1, "\x7f"}, {64, 2, "\x80\x01"},
	    {(uint64_t)INT64_MAX, 10, "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"},
	    {(uint64_t)INT64_MIN, 10, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup_buffer struct buffer b = {0};
		struct unpack in;

		pack_signed(&b, (int64_t)cases[i].value);
		ck_assert_uint_eq(b.length, cases[i].length);
		ck_assert_mem_eq(b.data, cases[i].bytes, cases[i].length);
		in = input_of(&b);
		ck_assert(unpack_signed(&in) == (int64_t)cases[i].value);
		ck_assert(!in.failed && in.at == in.end);
	}
}
END_TEST

START_TEST(fixed_and_real_numbers)
{
	static const double reals[] = {0.0, -0.0, 0.1, -1.5, 1e308, 5e-324};
	cleanup_buffer struct buffer b = {0};
	struct unpack in;

	pack_fixed(&b, 0x0102030405060708U, 8);
	pack_fixed(&b, 0xfffefdfcU, 4);
	ck_assert_uint_eq(b.length, 12);
	ck_assert_mem_eq(b.data, "\x08\x07\x06\x05\x04\x03\x02\x01\xfc\xfd\xfe\xff", 12);
	for (size_t i = 0; i < COUNT(reals); i++)
		pack_real(&b, reals[i]);
	in = input_of(&b);
	ck_assert(unpack_fixed(&in, 8) == 0x0102030405060708U);
	ck_assert(unpack_fixed(&in, 4) == 0xfffefdfcU);
	for (size_t i = 0; i < COUNT(reals); i++) {
		double got = unpack_real(&in);

		ck_assert_mem_eq(&got, &reals[i], sizeof(got));
	}
	ck_assert(!in.failed && in.at == in.end);
	in = (struct unpack){b.data, b.data + 7, false};
	ck_assert(unpack_fixed(&in, 8) == 0);
	ck_assert(in.failed);
	in = (struct unpack){b.data, b.data + 7, false};
	ck_assert(unpack_real(&in) == 0.0);
	ck_assert(in.failed);
}
END_TEST

START_TEST(texts)
{
	static const char *const cases[] = {"", "a", "\xc3\xa9 / \n", "a longer one"};
	cleanup_buffer struct buffer b = {0};
	struct unpack in, again;

	for (size_t i = 0; i < COUNT(cases); i++)
		pack_text(&b, cases[i]);
	pack_text(&b, NULL);
	in = again = input_of(&b);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *text = unpack_text(&in);
		cleanup_free char *copy = unpack_copy(&again);

		ck_assert_str_eq(text, cases[i]);
		ck_assert(i == 0 ? copy == NULL : strcmp(copy, cases[i]) == 0);
	}
	ck_assert_str_eq(unpack_text(&in), "");
	ck_assert_ptr_null(unpack_copy(&again));
	ck_assert(!in.failed && in.at == in.end);
	ck_assert(!again.failed && again.at == again.end);
}
END_TEST

START_TEST(torn_texts)
{
	static const struct {
		size_t length;
		const char *bytes;
	} cases[] = {{1, "\x01"},
	    {2,
		"\x01"
		"a"},
	    {3,
		"\x01"
		"ab"},
	    {4,
		"\x03"
		"abc"},
	    {4,
		"\x02"
		"a\0\0"},
	    {4,
		"\x02"
		"\0a\0"},
	    {3,
		"\x7f"
		"a\0"},
	    {12,
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
		"a\0"},
	    {12,
		"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"
		"a\0"}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup_free unsigned char *exact = memory_resize(NULL, cases[i].length, 1);
		struct unpack in = {exact, exact + cases[i].length, false};

		memcpy(exact, cases[i].bytes, cases[i].length);
		ck_assert_msg(unpack_text(&in)[0] == '\0' && in.failed, "case %zu", i);
		/* And everything after it. */
		ck_assert(unpack_unsigned(&in) == 0 && unpack_signed(&in) == 0);
		ck_assert(unpack_fixed(&in, 1) == 0 && unpack_count(&in) == 0);
		ck_assert_ptr_null(unpack_copy(&in));
		ck_assert(in.failed);
	}
}
END_TEST

/* Rule: C4 */
START_TEST(counts_from_outside_arent_trusted)
{
	static const uint64_t counts[] = {4, 5, 1000, UINT32_MAX, (uint64_t)1 << 62, UINT64_MAX};
	struct unpack in;

	for (size_t i = 0; i < COUNT(counts); i++) {
		cleanup_buffer struct buffer b = {0};

		pack_unsigned(&b, counts[i]);
		buffer_add(&b, "abc", 3);
		in = input_of(&b);
		ck_assert_uint_eq(unpack_count(&in), 0);
		ck_assert(in.failed);
	}
	in = (struct unpack){(const unsigned char *)"\x03"
						    "abc",
	    NULL, false};
	in.end = in.at + 4;
	ck_assert_uint_eq(unpack_count(&in), 3);
	ck_assert(!in.failed);
}
END_TEST

static void
add_frame(struct buffer *b, const char *text)
{
	size_t begun = frame_begin(b);

	buffer_add(b, text, strlen(text));
	frame_end(b, begun);
}

/* The texts of all frames, each followed by ';', then '.' for a sound end or
 * '!' for a torn one. */
static void
read_frames(const unsigned char *data, size_t length, struct buffer *out)
{
	struct unpack in = {data, data + length, false}, payload;
	int more;

	out->length = 0;
	while ((more = frame_next(&in, &payload)) > 0) {
		buffer_add(out, payload.at, (size_t)(payload.end - payload.at));
		buffer_add(out, ";", 1);
	}
	buffer_add(out, more == 0 ? "." : "!", 1);
	(void)buffer_string(out);
}

/* "123456789" has the CRC-32 cbf43926. */
START_TEST(frames)
{
	cleanup_buffer struct buffer b = {0}, got = {0};

	add_frame(&b, "123456789");
	ck_assert_uint_eq(b.length, 17);
	ck_assert_mem_eq(b.data,
	    "\x09\0\0\0\x26\x39\xf4\xcb"
	    "123456789",
	    17);
	add_frame(&b, "");
	add_frame(&b, "third");
	read_frames(b.data, b.length, &got);
	ck_assert_str_eq((char *)got.data, "123456789;;third;.");
	read_frames(b.data, 0, &got);
	ck_assert_str_eq((char *)got.data, ".");
}
END_TEST

/* Rule: C4 W3 */
START_TEST(torn_frames)
{
	cleanup_buffer struct buffer b = {0}, got = {0};

	add_frame(&b, "123456789");
	add_frame(&b, "second");
	for (size_t length = 1; length < b.length; length++) {
		cleanup_free unsigned char *torn = memory_resize(NULL, length, 1);
		const char *expected = length < 17 ? "!" :
		    length == 17                   ? "123456789;." :
						     "123456789;!";

		memcpy(torn, b.data, length);
		read_frames(torn, length, &got);
		assert_text((char *)got.data, expected, "torn");
	}
}
END_TEST

/* Rule: C4 */
START_TEST(damaged_frames)
{
	cleanup_buffer struct buffer b = {0}, got = {0};

	add_frame(&b, "123456789");
	add_frame(&b, "second");
	for (size_t at = 0; at < b.length; at++)
		for (int bit = 0; bit < 8; bit++) {
			b.data[at] ^= (unsigned char)(1 << bit);
			read_frames(b.data, b.length, &got);
			b.data[at] ^= (unsigned char)(1 << bit);
			if (strcmp((char *)got.data, at < 17 ? "!" : "123456789;!") != 0)
				ck_abort_msg("bit %d of byte %zu: %s", bit, at, (char *)got.data);
		}
}
END_TEST

Suite *
pack_suite(void)
{
	Suite *suite = suite_create("pack");
	TCase *tc = tcase_create("pack");

	tcase_add_loop_test(tc, varints, 0, COUNT(numbers));
	tcase_add_test(tc, varints_without_end);
	tcase_add_test(tc, signed_numbers);
	tcase_add_test(tc, fixed_and_real_numbers);
	tcase_add_test(tc, texts);
	tcase_add_test(tc, torn_texts);
	tcase_add_test(tc, counts_from_outside_arent_trusted);
	tcase_add_test(tc, frames);
	tcase_add_test(tc, torn_frames);
	tcase_add_test(tc, damaged_frames);
	suite_add_tcase(suite, tc);
	return suite;
}
