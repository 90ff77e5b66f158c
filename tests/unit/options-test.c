#include "support.h"

#include <homelab/message.h>
#include <homelab/options.h>

#include <getopt.h>
#include <string.h>
#include <sysexits.h>

struct given {
	bool flag;
	const char *text;
	struct texts texts;
	unsigned number;
	timestamp duration, instant;
	char taken[16];
};

static int
take(void *command, const char *argument, struct error *err)
{
	struct given *given = command;

	if (strlen(argument) >= sizeof(given->taken))
		return error_set(err, EX_IOERR, "is too long");
	(void)strcpy(given->taken, argument);
	return 0;
}

#define AT(member) .offset = offsetof(struct given, member)

static const struct option_row rows[] = {
    {"flag", NULL, "a flag", OPTION_FLAG, AT(flag)},
    {"text", "TEXT", "a text", OPTION_TEXT, AT(text)},
    {"texts", "TEXT", "several", OPTION_TEXTS, AT(texts)},
    {"number", "N", "a number", OPTION_NUMBER, AT(number), .min = 1, .max = 100},
    {"duration", "DUR", "a while", OPTION_DURATION, AT(duration), .min = 1, .max = HOURS(1)},
    {"instant", "RFC3339", "a time", OPTION_INSTANT, AT(instant)},
    {"taken", "WORD", "of its own", OPTION_TAKEN, .take = take},
    {"verbose", NULL, "say more", OPTION_LEVEL, .min = MESSAGE_VERBOSE},
};

static struct given given;
static struct error err;

/* Reads words that are parted by spaces; what comes of it. */
static int
read_words(const char *text, bool in_order)
{
	static char program[] = "program", empty[1], line[256];
	char *words[20] = {program};
	int count = 1;
	const struct options options = {.program = "program",
	    .usage = "program",
	    .closing = "",
	    .in_order = in_order,
	    .rows = rows,
	    .count = COUNT(rows)};
	int result;

	free(given.texts.list);
	given = (struct given){0};
	err = (struct error){0};
	(void)snprintf(line, sizeof(line), "%s", text);
	for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " "))
		words[count++] = strcmp(word, "EMPTY") == 0 ? empty : word;
	words[count] = NULL;
	optind = 1;
	result = options_parse(&options, &given, count, words, &err);
	return result == 0 ? options_end(count, words, &err) : result;
}

START_TEST(each_kind_sets_its_own)
{
	ck_assert_int_eq(read_words("--flag --text a --texts b --texts=c --number 7 --duration 30s "
				    "--instant 1970-01-01T00:00:01Z --taken d",
			     false),
	    0);
	ck_assert(given.flag);
	ck_assert_str_eq(given.text, "a");
	ck_assert_uint_eq(given.texts.count, 2);
	ck_assert_str_eq(given.texts.list[0], "b");
	ck_assert_str_eq(given.texts.list[1], "c");
	ck_assert_ptr_null(given.texts.list[2]);
	ck_assert_uint_eq(given.number, 7);
	ck_assert_int_eq(given.duration, SECONDS(30));
	ck_assert_int_eq(given.instant, SECONDS(1));
	ck_assert_str_eq(given.taken, "d");
}
END_TEST

START_TEST(nothing_sets_nothing)
{
	ck_assert_int_eq(read_words("", false), 0);
	ck_assert(!given.flag);
	ck_assert_ptr_null(given.text);
	ck_assert_ptr_null(given.texts.list);
	ck_assert_int_eq(read_words("--", false), 0);
}
END_TEST

START_TEST(a_level_is_set_at_once)
{
	message_set_level(MESSAGE_NOTICE);
	ck_assert_int_eq(read_words("--verbose", false), 0);
	ck_assert(message_is_shown(MESSAGE_VERBOSE));
	message_set_level(MESSAGE_NOTICE);
}
END_TEST

START_TEST(limits_are_taken_and_nothing_beyond)
{
	ck_assert_int_eq(read_words("--number 1", false), 0);
	ck_assert_int_eq(read_words("--number 100", false), 0);
	ck_assert_int_eq(read_words("--duration 1h", false), 0);
	ck_assert_int_eq(read_words("--instant 2262-04-09T00:00:00Z", false), 0);
}
END_TEST

static const struct {
	const char *words, *message;
	int status;
} refused[] = {
    {"--other", "--other: unknown option (see --help)", EX_USAGE},
    {"--text", "--text: needs an argument (see --help)", EX_USAGE},
    {"--text EMPTY", "--text: is empty", EX_USAGE},
    {"--texts EMPTY", "--texts: is empty", EX_USAGE},
    {"--number 0", "--number 0: isn't a number from 1 to 100", EX_USAGE},
    {"--number 101", "--number 101: isn't a number from 1 to 100", EX_USAGE},
    {"--number 1x", "--number 1x: isn't a number from 1 to 100", EX_USAGE},
    {"--number -1", "--number -1: isn't a number from 1 to 100", EX_USAGE},
    {"--number +1", "--number +1: isn't a number from 1 to 100", EX_USAGE},
    {"--number EMPTY", "--number: isn't a number from 1 to 100", EX_USAGE},
    {"--number 4294967297", "--number 4294967297: isn't a number from 1 to 100", EX_USAGE},
    {"--duration soon", "--duration soon: isn't a duration: whole seconds, or as 30s, 15m, 6h, 7d",
	EX_USAGE},
    {"--duration 0", "--duration 0: is too short or too long", EX_USAGE},
    {"--duration 61m", "--duration 61m: is too short or too long", EX_USAGE},
    {"--instant now", "--instant now: isn't an RFC 3339 date-time between 1970 and 2262", EX_USAGE},
    {"--instant 2262-04-11T00:00:00Z",
	"--instant 2262-04-11T00:00:00Z: isn't an RFC 3339 date-time between 1970 and 2262",
	EX_USAGE},
    {"--taken 0123456789abcdef", "--taken 0123456789abcdef: is too long", EX_IOERR},
    {"word", "word: no such argument (see --help)", EX_USAGE},
    {"--flag -- --text", "--text: no such argument (see --help)", EX_USAGE},
};

START_TEST(what_is_refused)
{
	ck_assert_int_eq(read_words(refused[_i].words, false), -1);
	ck_assert_str_eq(err.text, refused[_i].message);
	ck_assert_int_eq(err.status, refused[_i].status);
}
END_TEST

/* A program that runs another's command must not take its options. */
START_TEST(a_word_ends_options_in_order)
{
	ck_assert_int_eq(read_words("--flag run --text a", true), -1);
	ck_assert_str_eq(err.text, "run: no such argument (see --help)");
	ck_assert(given.flag);
	ck_assert_ptr_null(given.text);
}
END_TEST

START_TEST(environment)
{
	ck_assert_int_eq(setenv("HOMELAB_TEST", "", 1), 0);
	ck_assert_str_eq(environment_get("HOMELAB_TEST", "b"), "b");
	ck_assert_int_eq(setenv("HOMELAB_TEST", "a", 1), 0);
	ck_assert_str_eq(environment_get("HOMELAB_TEST", "b"), "a");
	ck_assert_int_eq(unsetenv("HOMELAB_TEST"), 0);
	ck_assert_ptr_null(environment_get("HOMELAB_TEST", NULL));
}
END_TEST

Suite *
options_suite(void)
{
	Suite *suite = suite_create("options");
	TCase *tcase = tcase_create("options");

	tcase_add_test(tcase, each_kind_sets_its_own);
	tcase_add_test(tcase, nothing_sets_nothing);
	tcase_add_test(tcase, a_level_is_set_at_once);
	tcase_add_test(tcase, limits_are_taken_and_nothing_beyond);
	tcase_add_loop_test(tcase, what_is_refused, 0, COUNT(refused));
	tcase_add_test(tcase, a_word_ends_options_in_order);
	tcase_add_test(tcase, environment);
	suite_add_tcase(suite, tcase);
	return suite;
}
