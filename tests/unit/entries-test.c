#include "support.h"

#include <homelab/changes.h>

#include <string.h>

/* The members found, ready to be compared: each between brackets; then how it ended. */
static void
entries_text(const char *document, struct buffer *out)
{
	cleanup_buffer struct buffer bytes = {0};
	struct entries e;
	struct entry entry;
	int more = -1;

	buffer_text(&bytes, "%s", document);
	if (!entries_begin(&e, &bytes)) {
		buffer_text(out, "no");
		return;
	}
	while ((more = entries_next(&e, &entry)) > 0) {
		json_auto_t *parsed = entry_parse(&entry);
		cleanup_free char *text = parsed ? json_dumps(parsed, JSON_COMPACT) : NULL;

		buffer_text(out, "%s;", text ? text : "?");
	}
	buffer_text(out, "%d", more);
}

struct entries_case {
	const char *document, *found;
};

static const struct entries_case cases[] = {
    {"", "0"},
    {"{}\n", "0"},
    {"{}", "no"},
    {"{}\nx\n", "no"},
    {"[\n", "no"},
    {"{\n", "0"},
    {"{\n}\n", "-1"},
    {"{\n  \"a\": {}\n}\n", "-1"},
    {"{\n  \"a\": {\n    \"x\": 1\n  }\n}\n", "{\"a\":{\"x\":1}};0"},
    {"{\n  \"a\": {\n    \"x\": {\n      \"y\": 2\n    }\n  },\n  \"b\": {\n    \"z\": []\n  "
     "}\n}\n",
	"{\"a\":{\"x\":{\"y\":2}}};{\"b\":{\"z\":[]}};0"},
    /* braces and quotes within strings */
    {"{\n  \"a\\\"}\": {\n    \"x\": \"  }\\n  }\"\n  }\n}\n",
	"{\"a\\\"}\":{\"x\":\"  }\\n  }\"}};0"},
    /* cut off */
    {"{\n  \"a\": {\n    \"x\": 1\n", "-1"},
    {"{\n  \"a\": {\n    \"x\": 1\n  }", "-1"},
    {"{\n  \"a\": {\n    \"x\": 1\n  }\n", "-1"},
    {"{\n  \"a\": {\n    \"x\": 1\n  },\n  \"b\"", "{\"a\":{\"x\":1}};-1"},
    /* something behind the end, or no member */
    {"{\n  \"a\": {\n    \"x\": 1\n  }\n}\n}\n", "{\"a\":{\"x\":1}};-1"},
    {"{\n  \"a\": {\n    \"x\": 1\n  },\n5\n", "{\"a\":{\"x\":1}};-1"},
    {"{\n    \"a\": {\n    \"x\": 1\n  }\n}\n", "-1"},
    {"{\n  a\": {\n    \"x\": 1\n  }\n}\n", "-1"},
    /* found by indentation, but no object of its own */
    {"{\n  \"a\": {}, \"b\": {\n  }\n}\n", "?;0"},
    {"{\n  \"a\": 5,\n  \"b\": {\n  }\n}\n", "?;0"},
    {"{\n  \"a\": [\n  }\n}\n", "?;0"},
    {"{\n  \"a\": {\n    \"x\": 1,\n    \"x\": 2\n  }\n}\n", "?;0"},
};

START_TEST(members_are_found)
{
	cleanup_buffer struct buffer found = {0};

	entries_text(cases[_i].document, &found);
	assert_text(buffer_string(&found), cases[_i].found, cases[_i].document);
}
END_TEST

Suite *
entries_suite(void)
{
	Suite *suite = suite_create("entries");
	TCase *tc = tcase_create("entries");

	tcase_add_loop_test(tc, members_are_found, 0, COUNT(cases));
	suite_add_tcase(suite, tc);
	return suite;
}
