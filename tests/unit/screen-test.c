#include "support.h"

#include <homelab/names.h>
#include <homelab/screen.h>

#include <locale.h>
#include <stdio.h>
#include <string.h>

#define NOW (DAY_ZERO + HOURS(12))

static void
set_up(void)
{
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		ck_abort_msg("no locale C.UTF-8");
}

static struct screen
screen_of(size_t columns)
{
	return (struct screen){.columns = columns, .unicode = true, .now = NOW};
}

static const struct {
	const char *text;
	size_t width;
} widths[] = {{"", 0}, {"abc", 3}, {"\xc3\xa9", 1}, {"e\xcc\x81", 1},
    {"\xe6\x97\xa5\xe6\x9c\xac", 4}, {"\xf0\x9f\x8f\xa0", 2}, {"\xef\xbd\xb1", 1},
    {"\xef\xbc\xa1", 2}, {"a\xe6\x97\xa5z", 4}};

START_TEST(widths_are_columns)
{
	ck_assert_uint_eq(text_width(widths[_i].text), widths[_i].width);
}
END_TEST

static const struct {
	timestamp duration;
	const char *text;
} ages[] = {{0, "0 s"}, {SECONDS(1) - 1, "0 s"}, {SECONDS(119), "119 s"}, {MINUTES(2) - 1, "119 s"},
    {MINUTES(2), "2 m"}, {HOURS(2) - 1, "119 m"}, {HOURS(2), "2 h"}, {DAYS(2) - 1, "47 h"},
    {DAYS(2), "2 d"}, {DAYS(400), "400 d"}};

START_TEST(ages_have_one_unit)
{
	char out[AGE_TEXT_MAX];

	assert_text(age_format(ages[_i].duration, out), ages[_i].text, "age");
}
END_TEST

START_TEST(times_are_told_from_now)
{
	struct screen s = screen_of(80);
	char out[AGE_TEXT_MAX];

	assert_text(screen_ago(&s, NOW - MINUTES(3), out), "3 m ago", "past");
	assert_text(screen_ago(&s, NOW, out), "0 s ago", "now");
	assert_text(screen_ago(&s, NOW + MINUTES(3), out), "in 3 m", "to come");
	assert_text(screen_ago(&s, TIMESTAMP_NONE, out), "never", "none");
	s.exact = true;
	assert_text(screen_ago(&s, NOW + 1, out), "2026-05-12T12:00:00.000000001Z", "exact");
	assert_text(screen_ago(&s, TIMESTAMP_NONE, out), "never", "none");
}
END_TEST

static const struct {
	size_t columns;
	bool unicode;
	const char *text, *line;
} lines[] = {
    {0, true, "as long as it takes", "as long as it takes\n"},
    {3, true, "abc", "abc\n"},
    {3, true, "abcd", "ab\xe2\x80\xa6\n"},
    {1, true, "abcd", "\xe2\x80\xa6\n"},
    {4, false, "abcde", "a...\n"},
    {2, false, "abcde", "..\n"},
    /* a wide character isn't halved */
    {4, true, "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", "\xe6\x97\xa5\xe2\x80\xa6\n"},
    {5, true, "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", "\xe6\x97\xa5\xe6\x9c\xac\xe2\x80\xa6\n"},
    {6, true, "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\n"},
    /* an accent goes with its letter */
    {2, true, "e\xcc\x81tude", "e\xcc\x81\xe2\x80\xa6\n"},
    {20, true, "\033[31m\xe2\x80\xaered", "\\x1b[31m\\u202ered\n"},
    {40, false, "\xc3\xa9\xe6\x97\xa5\xf0\x9f\x8f\xa0", "\\u00e9\\u65e5\\U0001f3e0\n"},
    {20, true, "\xff", "\\xff\n"},
};

START_TEST(lines_are_escaped_and_cut)
{
	struct screen s = screen_of(lines[_i].columns);

	s.unicode = lines[_i].unicode;
	screen_line(&s, STYLE_BAD, "%s", lines[_i].text);
	assert_text(buffer_string(&s.out), lines[_i].line, "line");
	buffer_release(&s.out);
}
END_TEST

START_TEST(parts_share_a_line)
{
	struct screen s = screen_of(10);

	s.colour = true;
	screen_put(&s, STYLE_BAD, "%s", "abc");
	screen_skip_to(&s, 5);
	screen_put(&s, STYLE_GOOD, "%s", "defghi");
	screen_put(&s, STYLE_GOOD, "%s", "no room");
	screen_end(&s);
	screen_put(&s, STYLE_PLAIN, "%s", "plain");
	screen_skip_to(&s, 2);
	screen_put(&s, STYLE_GOOD, "%s", "");
	screen_end(&s);
	assert_text(buffer_string(&s.out),
	    "\033[1;31mabc\033[0m  \033[32mdefg\xe2\x80\xa6\033[0m\nplain \n", "parts");
	buffer_release(&s.out);
}
END_TEST

static const struct column columns[] = {
    {"NAME", 8, 0}, {"N", 0, 1}, {"EMPTY", 0, 0}, {"TEXT", 10, 0}};

static const struct {
	size_t columns;
	const char *text;
} tables[] = {
    {0, "NAME       N   TEXT\nsome-name  12  a text of some words\nx\n"},
    {35, "NAME       N   TEXT\nsome-name  12  a text of some words\nx\n"},
    {30, "NAME       N   TEXT\nsome-name  12  a text of some\xe2\x80\xa6\nx\n"},
    {24, "NAME      N   TEXT\nsome-na\xe2\x80\xa6  12  a text of\xe2\x80\xa6\nx\n"},
    /* N is left out, and the names have their own width again */
    {21, "NAME       TEXT\nsome-name  a text of\xe2\x80\xa6\nx\n"},
    {14, "NAME    TEXT\nsome-\xe2\x80\xa6  a tex\xe2\x80\xa6\nx\n"},
};

START_TEST(tables_fit)
{
	struct screen s = screen_of(tables[_i].columns);
	struct table t = {columns, COUNT(columns), 0, NULL, 0, 0};
	static const char *const cells[] = {
	    "some-name", "12", "", "a text of some words", "x", "", "", ""};

	for (size_t i = 0; i < COUNT(cells); i++)
		table_add(&t, &s, STYLE_PLAIN, "%s", cells[i]);
	table_print(&t, &s);
	assert_text(buffer_string(&s.out), tables[_i].text, "table");
	table_release(&t);
	buffer_release(&s.out);
}
END_TEST

static void
random_text(struct dice *d, char *out)
{
	static const char *const pieces[] = {"a", "bc", " ", "\xe6\x97\xa5", "\xf0\x9f\x8f\xa0",
	    "e\xcc\x81", "\xff", "\033", "\xe2\x80\xae"};

	*out = '\0';
	for (uint64_t n = roll(d, 30); n > 0; n--)
		(void)strcat(out, pieces[roll(d, COUNT(pieces))]);
}

/* Whatever is in the cells, no line is wider than the screen. */
START_TEST(no_line_is_too_wide)
{
	struct dice d = dice_of(_i);

	for (int round = 0; round < 300; round++) {
		struct screen s = screen_of(1 + roll(&d, 60));
		struct table t = {columns, COUNT(columns), roll(&d, 3), NULL, 0, 0};
		char text[256], *rest, *line;

		for (size_t i = COUNT(columns) * roll(&d, 4); i > 0; i--) {
			random_text(&d, text);
			table_add(&t, &s, STYLE_PLAIN, "%s", text);
		}
		table_print(&t, &s);
		random_text(&d, text);
		screen_line(&s, STYLE_PLAIN, "%s", text);
		for (line = strtok_r(buffer_string(&s.out), "\n", &rest); line != NULL;
		     line = strtok_r(NULL, "\n", &rest))
			if (text_width(line) > s.columns || !text_is_utf8(line, strlen(line)))
				ck_abort_msg("wider than %zu: %s", s.columns, line);
		table_release(&t);
		buffer_release(&s.out);
	}
}
END_TEST

Suite *
screen_suite(void)
{
	Suite *suite = suite_create("screen");
	TCase *tc = tcase_create("screen");

	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_loop_test(tc, widths_are_columns, 0, COUNT(widths));
	tcase_add_loop_test(tc, ages_have_one_unit, 0, COUNT(ages));
	tcase_add_test(tc, times_are_told_from_now);
	tcase_add_loop_test(tc, lines_are_escaped_and_cut, 0, COUNT(lines));
	tcase_add_test(tc, parts_share_a_line);
	tcase_add_loop_test(tc, tables_fit, 0, COUNT(tables));
	tcase_add_loop_test(tc, no_line_is_too_wide, 0, 4);
	suite_add_tcase(suite, tc);
	return suite;
}
