/* Members of the world's records, and what its words mean to the eye. */

#include <homelab/disk.h>
#include <homelab/status.h>

#include <string.h>

timestamp
query_now(const struct query *q)
{
	return q->now != TIMESTAMP_NONE ? q->now : clock_real();
}

const char *
member_text(const json_t *record, const char *key)
{
	return json_string_value(json_object_get(record, key));
}

timestamp
member_time(const json_t *record, const char *key)
{
	const char *text = member_text(record, key);
	timestamp at;

	if (text == NULL || !timestamp_parse(text, strlen(text), &at))
		return TIMESTAMP_NONE;
	return at;
}

json_int_t
member_number(const json_t *record, const char *key)
{
	return json_integer_value(json_object_get(record, key));
}

bool
member_is(const json_t *record, const char *key, const char *text)
{
	const char *value = member_text(record, key);

	return value != NULL && strcmp(value, text) == 0;
}

bool
array_has(const json_t *array, const char *text)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *element = json_string_value(json_array_get(array, i));

		if (element != NULL && strcmp(element, text) == 0)
			return true;
	}
	return false;
}

static const struct word {
	const char *word;
	enum style style;
	int urgency;
} words[] = {
    {"CRITICAL", STYLE_BAD, 0},
    {"critical", STYLE_BAD, 0},
    {"offline", STYLE_BAD, 0},
    {"unhealthy", STYLE_BAD, 0},
    {"failed", STYLE_BAD, 0},
    {"error", STYLE_BAD, 1},
    {"active", STYLE_BAD, 1},
    {"stale", STYLE_BAD, 1},
    {"stalled", STYLE_WARN, 1},
    {"DEGRADED", STYLE_WARN, 2},
    {"warning", STYLE_WARN, 2},
    {"unknown", STYLE_WARN, 2},
    {"high", STYLE_WARN, 2},
    {"in_progress", STYLE_BOLD, 2},
    {"info", STYLE_PLAIN, 3},
    {"NOMINAL", STYLE_GOOD, 5},
    {"online", STYLE_GOOD, 5},
    {"healthy", STYLE_GOOD, 5},
    {"completed", STYLE_GOOD, 5},
    {"resolved", STYLE_GOOD, 5},
};

static const struct word *
find_word(const char *word)
{
	static const struct word other = {"", STYLE_PLAIN, 4};

	for (size_t i = 0; word != NULL && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, word) == 0)
			return &words[i];
	return &other;
}

enum style
style_of_word(const char *word)
{
	return find_word(word)->style;
}

int
urgency_of_word(const char *word)
{
	return find_word(word)->urgency;
}

timestamp
world_age(const json_t *summary, timestamp now)
{
	timestamp made = member_time(summary, "generated_at");

	return made == TIMESTAMP_NONE ? TIMESTAMP_LAST : now - made;
}
