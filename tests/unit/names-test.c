#include "support.h"

#include <homelab/names.h>

#include <stdio.h>
#include <string.h>

#define TEN "abcdefghij"
#define SIXTY TEN TEN TEN TEN TEN TEN
#define FOUR_E "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
#define EIGHT_E FOUR_E FOUR_E
#define SIXTY_FOUR_E EIGHT_E EIGHT_E EIGHT_E EIGHT_E EIGHT_E EIGHT_E EIGHT_E EIGHT_E

struct name_case {
	const char *name;
	size_t length; /* 0: up to the NUL */
	bool good;
};

static void
check_names(const struct name_case *cases, size_t count, bool (*rule)(const char *, size_t))
{
	for (const struct name_case *c = cases; c < cases + count; c++) {
		size_t length = c->length ? c->length : strlen(c->name);
		cleanup_free char *exact = memory_resize(NULL, length, 1);

		memcpy(exact, c->name, length);
		ck_assert_msg(rule(exact, length) == c->good, "\"%s\", %zu bytes", c->name, length);
	}
}

/* Rule: E2 */
START_TEST(node_names)
{
	static const struct name_case cases[] = {{"a", 0, true}, {"9", 0, true}, {"Z", 0, true},
	    {"piha", 0, true}, {"chelsty-infra", 0, true}, {"a.b_c-d", 0, true}, {"a-", 0, true},
	    {"a..", 0, true}, {"2026-05-12", 0, true}, {SIXTY "abc", 0, true},
	    {SIXTY "abcd", 0, false}, {"", 0, false}, {".", 0, false}, {"..", 0, false},
	    {"-a", 0, false}, {"_a", 0, false}, {".a", 0, false}, {"a b", 0, false},
	    {"a/b", 0, false}, {"a\n", 0, false}, {"a\0b", 3, false}, {"a\0", 2, false},
	    {"\xc3\xa9", 0, false}, {"a\xc3\xa9", 0, false}, {"a:b", 0, false}, {"a+b", 0, false},
	    {"a@b", 0, false}, {"a[b", 0, false}, {"a`b", 0, false}, {"a{b", 0, false}};

	check_names(cases, COUNT(cases), name_is_node);
}
END_TEST

/* Rule: E2 */
START_TEST(service_names)
{
	static const struct name_case cases[] = {{"a", 0, true}, {" ", 0, true}, {".", 0, true},
	    {"all", 0, true}, {"home assistant", 0, true}, {"-", 0, true}, {"\xc3\xa9", 0, true},
	    {"\xc2\x80", 0, true}, {"\xf0\x9f\x8f\xa0", 0, true}, {SIXTY SIXTY "abcdefgh", 0, true},
	    {SIXTY SIXTY "abcdefghi", 0, false}, {SIXTY_FOUR_E, 0, true},
	    {SIXTY_FOUR_E "a", 0, false}, {"", 0, false}, {"a/b", 0, false}, {"/", 0, false},
	    {"a\nb", 0, false}, {"\x1f", 0, false}, {"\x01", 0, false}, {"a\x7f", 0, false},
	    {"a\0b", 3, false}, {"\xc3", 0, false}, {"\xff", 0, false}, {"\xc0\xaf", 0, false},
	    {"\xed\xa0\x80", 0, false}};

	check_names(cases, COUNT(cases), name_is_service);
}
END_TEST

/* Rule: E2 */
START_TEST(type_names)
{
	static const struct name_case cases[] = {{"a", 0, true}, {"0", 0, true}, {"_", 0, true},
	    {"node_health", 0, true}, {SIXTY "abcd", 0, true}, {SIXTY "abcde", 0, false},
	    {"", 0, false}, {"Node", 0, false}, {"a-b", 0, false}, {"a b", 0, false},
	    {"a.b", 0, false}, {"a\0b", 3, false}, {"\xc3\xa9", 0, false}, {"a{", 0, false},
	    {"a`", 0, false}, {"a/", 0, false}, {"a:", 0, false}};

	check_names(cases, COUNT(cases), name_is_type);
}
END_TEST

struct text_case {
	const char *text;
	bool good;
};

static void
check_texts(const struct text_case *cases, size_t count, bool (*rule)(const char *))
{
	for (const struct text_case *c = cases; c < cases + count; c++) {
		cleanup_free char *exact = text_copy(c->text);

		ck_assert_msg(rule(exact) == c->good, "\"%s\"", c->text);
	}
}

#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Which bytes a name may begin and go on with. Rule: E2 */
START_TEST(every_byte)
{
	for (int byte = 1; byte < 256; byte++) {
		const char first[] = {(char)byte, '\0'}, later[] = {'a', (char)byte, '\0'};
		bool plain = strchr(DIGITS LOWER UPPER, byte) != NULL;

		ck_assert_msg(name_is_node(first, 1) == plain, "%d", byte);
		ck_assert_msg(
		    name_is_node(later, 2) == (plain || strchr("._-", byte) != NULL), "%d", byte);
		ck_assert_msg(
		    name_is_type(first, 1) == (strchr(DIGITS LOWER "_", byte) != NULL), "%d", byte);
	}
}
END_TEST

/* What stands before or behind a name is none of it. Rule: E2 T3 */
START_TEST(names_are_no_longer_than_they_are)
{
	ck_assert(!name_is_node("abc", 0));
	ck_assert(!name_is_transfer(&"a.tmp"[2]));
	ck_assert(!name_is_transfer(&"a.part"[2]));
	ck_assert(!text_is_utf8("\xc3\xa9", 1));
	ck_assert(!text_is_utf8("a\xe2\x82\xac", 3));
}
END_TEST

/* Rule: F4 */
START_TEST(ghosts)
{
	static const struct text_case cases[] = {{"0123456789ab_web", true},
	    {"0123456789ab_w", true}, {"ffffffffffff__", true}, {"0123456789ab_", false},
	    {"0123456789ab", false}, {"0123456789ab-web", false}, {"0123456789abc_web", false},
	    {"0123456789a_web", false}, {"0123456789AB_web", false}, {"0123456789ag_web", false},
	    {"web_0123456789ab", false}, {"_", false}, {"", false}, {"0", false}};

	check_texts(cases, COUNT(cases), name_is_ghost);
}
END_TEST

/* Rule: I3 */
START_TEST(container_ids)
{
	static const struct text_case cases[] = {{"0123456789ab", true}, {"cdefcdefcdef", true},
	    {"0123456789a", false}, {"0123456789abc", false}, {"0123456789aB", false},
	    {"0123456789ag", false}, {"0123456789ab_web", false}, {"", false}, {"piha", false}};

	check_texts(cases, COUNT(cases), name_is_container_id);
}
END_TEST

/* Rule: T3 */
START_TEST(transfers)
{
	static const struct text_case cases[] = {{".a.json", true}, {".", true}, {"..", true},
	    {".a.json.X7gh2K", true}, {"a.json~", true}, {"~", true}, {"a.tmp", true},
	    {".tmp", true}, {"a.part", true}, {"a.json.part", true}, {"", false}, {"a.json", false},
	    {"tmp", false}, {"part", false}, {"a.tmp.json", false}, {"a.TMP", false},
	    {"a~b", false}, {"a.parts", false}, {"atmp", false}};

	check_texts(cases, COUNT(cases), name_is_transfer);
}
END_TEST

/* Rule: T3 */
START_TEST(printable_names)
{
	static const struct text_case cases[] = {{"a", true}, {" ", true}, {"~", true},
	    {"a b.json", true}, {SIXTY SIXTY SIXTY TEN TEN, true},
	    {SIXTY SIXTY SIXTY TEN TEN "a", false}, {"", false}, {"a\n", false}, {"\x1f", false},
	    {"\x7f", false}, {"\x80", false}, {"\xff", false}, {"\xc3\xa9.json", false},
	    {"a\033[2J", false}};

	check_texts(cases, COUNT(cases), name_is_printable);
}
END_TEST

/* Rule: E1 E2 */
START_TEST(utf8)
{
	static const struct name_case cases[] = {{"", 0, true}, {"a", 0, true}, {"a\0b", 3, true},
	    {"\x7f", 0, true}, {"\xc2\x80", 0, true}, {"\xdf\xbf", 0, true},
	    {"\xe0\xa0\x80", 0, true}, {"\xed\x9f\xbf", 0, true}, {"\xee\x80\x80", 0, true},
	    {"\xef\xbf\xbf", 0, true}, {"\xf0\x90\x80\x80", 0, true}, {"\xf4\x8f\xbf\xbf", 0, true},
	    {"a\xc3\xa9z", 0, true},
	    /* overlong */
	    {"\xc0\x80", 0, false}, {"\xc1\xbf", 0, false}, {"\xe0\x80\x80", 0, false},
	    {"\xe0\x9f\xbf", 0, false}, {"\xf0\x80\x80\x80", 0, false},
	    {"\xf0\x8f\xbf\xbf", 0, false},
	    /* surrogates, beyond U+10FFFF */
	    {"\xed\xa0\x80", 0, false}, {"\xed\xbf\xbf", 0, false}, {"\xf4\x90\x80\x80", 0, false},
	    {"\xf5\x80\x80\x80", 0, false}, {"\xf8\x88\x80\x80\x80", 0, false}, {"\xff", 0, false},
	    {"\xfe", 0, false},
	    /* not whole, or no start */
	    {"\xc3", 0, false}, {"\xe2\x82", 0, false}, {"\xf0\x9f\x8f", 0, false},
	    {"\x80", 0, false}, {"a\xbf", 0, false}, {"\xc3(", 0, false}, {"\xe2\x82(", 0, false},
	    {"\xe2(\x80", 0, false}, {"\xf0\x9f\x8f(", 0, false}, {"\xf0\x9f(\x8f", 0, false}};

	check_names(cases, COUNT(cases), text_is_utf8);
}
END_TEST

/* Rule: E9 */
START_TEST(texts_are_cut_at_a_character)
{
	static const struct {
		const char *text;
		size_t limit, expected;
	} cases[] = {{"", 0, 0}, {"", 5, 0}, {"abc", 3, 3}, {"abc", 4, 3}, {"abc", 2, 2},
	    {"abc", 0, 0}, {"\xc3\xa9", 2, 2}, {"\xc3\xa9", 1, 0}, {"a\xc3\xa9", 2, 1},
	    {"a\xc3\xa9", 3, 3}, {"a\xe2\x82\xac", 3, 1}, {"a\xe2\x82\xac", 2, 1},
	    {"a\xe2\x82\xac"
	     "b",
		4, 4},
	    {"\xf0\x9f\x8f\xa0\xf0\x9f\x8f\xa0", 7, 4}, {"\xf0\x9f\x8f\xa0", 3, 0},
	    {"\xc3\xa9\xc3\xa9\xc3\xa9", 4, 4}, {"\xc3\xa9\xc3\xa9\xc3\xa9", 5, 4},
	    /* nothing that begins */
	    {"\x80\x80\x80", 2, 0}};

	for (size_t i = 0; i < COUNT(cases); i++)
		ck_assert_msg(text_cut(cases[i].text, strlen(cases[i].text), cases[i].limit) ==
			cases[i].expected,
		    "case %zu", i);
}
END_TEST

Suite *
names_suite(void)
{
	Suite *suite = suite_create("names");
	TCase *tc = tcase_create("names");

	tcase_add_test(tc, node_names);
	tcase_add_test(tc, service_names);
	tcase_add_test(tc, type_names);
	tcase_add_test(tc, every_byte);
	tcase_add_test(tc, names_are_no_longer_than_they_are);
	tcase_add_test(tc, ghosts);
	tcase_add_test(tc, container_ids);
	tcase_add_test(tc, transfers);
	tcase_add_test(tc, printable_names);
	tcase_add_test(tc, utf8);
	tcase_add_test(tc, texts_are_cut_at_a_character);
	suite_add_tcase(suite, tc);
	return suite;
}
