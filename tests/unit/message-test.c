#include "support.h"

#include <homelab/message.h>
#include <homelab/names.h>

#include <stdio.h>
#include <string.h>

struct escape_case {
	const char *text, *shown;
};

static const struct escape_case escapes[] = {
    {"", ""},
    {"plain ASCII ~!\"'\\", "plain ASCII ~!\"'\\"},
    {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x8f\xa0", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x8f\xa0"},
    {"\xc2\xa0\xd7\x90\xd8\xa7\xe6\x97\xa5", "\xc2\xa0\xd7\x90\xd8\xa7\xe6\x97\xa5"},
    /* C0, DEL */
    {"a\nb\rc\td", "a\\x0ab\\x0dc\\x09d"},
    {"\x01\x1f\x7f", "\\x01\\x1f\\x7f"},
    {"\033[31mred\033[0m", "\\x1b[31mred\\x1b[0m"},
    /* C1: U+0080, U+009B (a CSI of one character), U+009F */
    {"\xc2\x80\xc2\x9b\xc2\x9f", "\\u0080\\u009b\\u009f"},
    /* direction: U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069 */
    {"\xd8\x9c", "\\u061c"},
    {"\xe2\x80\x8e\xe2\x80\x8f", "\\u200e\\u200f"},
    {"\xe2\x80\xaa\xe2\x80\xae", "\\u202a\\u202e"},
    {"\xe2\x81\xa6\xe2\x81\xa9", "\\u2066\\u2069"},
    /* without width: U+00AD, U+200B to U+200D, U+2060, U+FEFF, U+E0041 */
    {"\xc2\xad", "\\u00ad"},
    {"\xe2\x80\x8b\xe2\x80\x8c\xe2\x80\x8d", "\\u200b\\u200c\\u200d"},
    {"\xe2\x81\xa0\xef\xbb\xbf", "\\u2060\\ufeff"},
    {"\xf3\xa0\x81\x81", "\\U000e0041"},
    /* lines of Unicode: U+2028, U+2029 */
    {"\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029"},
    /* no UTF-8: a lone byte, overlong, a surrogate, beyond, not whole */
    {"a\xff"
     "b\x80",
	"a\\xffb\\x80"},
    {"\xc0\xaf", "\\xc0\\xaf"},
    {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
    {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
    {"\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"},
    {"\xc3", "\\xc3"},
    {"\xe2\x82", "\\xe2\\x82"},
    {"\xf0\x9f\x8f", "\\xf0\\x9f\\x8f"},
    {"\xe2\x82z\xc3\xa9", "\\xe2\\x82z\xc3\xa9"},
    {"\xc3\x28\xc3\xa9", "\\xc3(\xc3\xa9"},
};

/* Rule: W4 */
START_TEST(texts_are_escaped)
{
	const struct escape_case *c = &escapes[_i];
	cleanup_free char *exact = text_copy(c->text);
	char out[256];

	assert_text(text_escape(exact, out, sizeof(out)), c->shown, "escaped");
}
END_TEST

/* What must not be shown as it is: categories Cc, Cf, Zl and Zp of Unicode, from
 * its UnicodeData.txt, and after these the rest of Default_Ignorable_Code_Point
 * less the variation selectors of emoji. */
static const unsigned long unseen[][2] = {{0x1, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, {0x600, 0x605},
    {0x61c, 0x61c}, {0x6dd, 0x6dd}, {0x70f, 0x70f}, {0x890, 0x891}, {0x8e2, 0x8e2},
    {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x2029}, {0x202a, 0x202e}, {0x2060, 0x2064},
    {0x2066, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0x110bd, 0x110bd}, {0x110cd, 0x110cd},
    {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0001, 0xe0001},
    {0xe0020, 0xe007f}, {0x34f, 0x34f}, {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180d},
    {0x180f, 0x180f}, {0x2065, 0x2065}, {0x3164, 0x3164}, {0xffa0, 0xffa0}, {0xfff0, 0xfff8},
    {0xe0000, 0xe0000}, {0xe0002, 0xe001f}, {0xe0080, 0xe0fff}};

static bool
is_unseen(unsigned long c)
{
	for (size_t i = 0; i < COUNT(unseen); i++)
		if (c >= unseen[i][0] && c <= unseen[i][1])
			return true;
	return false;
}

static void
put_character(unsigned long c, char *out)
{
	static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
	int length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	out[length] = '\0';
	for (int i = length - 1; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(first[length] | c);
}

static void
expect_escape(unsigned long c, char *out)
{
	(void)sprintf(out, c < 0x80 ? "\\x%02lx" : c < 0x10000 ? "\\u%04lx" : "\\U%08lx", c);
}

START_TEST(every_character)
{
	char text[5], escaped[16], out[TEXT_ESCAPED_MAX(4)];

	for (unsigned long c = 1; c <= 0x10ffff; c++) {
		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		put_character(c, text);
		expect_escape(c, escaped);
		assert_text(text_escape(text, out, sizeof(out)), is_unseen(c) ? escaped : text,
		    "a character");
		assert_text(text_escape_ascii(text, out, sizeof(out)),
		    is_unseen(c) || c > 0x7e ? escaped : text, "in ASCII");
	}
}
END_TEST

/* Every size gives whole characters and whole escapes, as many as there is room for. */
START_TEST(escaped_texts_are_cut)
{
	static const char text[] = "a\n\xc3\xa9\xf0\x9f\x8f\xa0z";
	static const char *const expected[] = {[1] = "",
	    [2] = "a",
	    [3] = "a",
	    [4] = "a",
	    [5] = "a",
	    [6] = "a\\x0a",
	    [7] = "a\\x0a",
	    [8] = "a\\x0a\xc3\xa9",
	    [9] = "a\\x0a\xc3\xa9",
	    [10] = "a\\x0a\xc3\xa9",
	    [11] = "a\\x0a\xc3\xa9",
	    [12] = "a\\x0a\xc3\xa9\xf0\x9f\x8f\xa0",
	    [13] = "a\\x0a\xc3\xa9\xf0\x9f\x8f\xa0z"};

	for (size_t size = 1; size < COUNT(expected); size++) {
		cleanup_free char *out = memory_resize(NULL, size, 1);

		assert_text(text_escape(text, out, size), expected[size], "cut");
	}
}
END_TEST

/* Whatever comes in, what comes out is UTF-8 of one line. */
START_TEST(escaped_noise)
{
	struct dice d = dice_of(_i);
	char text[65], out[300];

	for (int round = 0; round < 2000; round++) {
		size_t length = roll(&d, 64);

		for (size_t i = 0; i < length; i++)
			text[i] = (char)(roll(&d, 3) ? 0x80 + roll(&d, 128) : 1 + roll(&d, 127));
		text[length] = '\0';
		(void)text_escape(text, out, sizeof(out));
		for (const char *p = out; *p != '\0'; p++)
			if ((unsigned char)*p < 0x20 || *p == 0x7f)
				ck_abort_msg("a control in %s", out);
		if (strlen(out) < length || !text_is_utf8(out, strlen(out)))
			ck_abort_msg("not shown as it should: %s", out);
	}
}
END_TEST

/* "error" is always said, more only as far as is wanted. */
START_TEST(levels)
{
	ck_assert(message_is_shown(MESSAGE_ERROR));
	ck_assert(message_is_shown(MESSAGE_NOTICE));
	ck_assert(!message_is_shown(MESSAGE_VERBOSE));
	message_set_level(MESSAGE_WARNING);
	ck_assert(message_is_shown(MESSAGE_WARNING));
	ck_assert(!message_is_shown(MESSAGE_NOTICE));
	message_set_level(MESSAGE_VERBOSE);
	ck_assert(message_is_shown(MESSAGE_VERBOSE));
}
END_TEST

Suite *
message_suite(void)
{
	Suite *suite = suite_create("message");
	TCase *tc = tcase_create("message"), *long_ones = tcase_create("every character");

	tcase_set_timeout(long_ones, 120);
	tcase_add_test(long_ones, every_character);
	suite_add_tcase(suite, long_ones);
	tcase_add_loop_test(tc, texts_are_escaped, 0, COUNT(escapes));
	tcase_add_test(tc, escaped_texts_are_cut);
	tcase_add_loop_test(tc, escaped_noise, 0, 4);
	tcase_add_test(tc, levels);
	suite_add_tcase(suite, tc);
	return suite;
}
