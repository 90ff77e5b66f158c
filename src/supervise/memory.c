/* What is supervised, on disk: a member a row. */

#include "parts.h"

#include <string.h>

enum { FORMAT = 1 };

#define MEMBER(name) #name, offsetof(struct supervised, name)
#define AT(type, item, offset) ((type *)(void *)((char *)(item) + (offset)))
#define AT_CONST(type, item, offset) ((const type *)(const void *)((const char *)(item) + (offset)))

static const struct {
	const char *name;
	size_t offset;
	bool optional;
} texts[] = {
    {MEMBER(runtime), false},
    {MEMBER(name), false},
    {MEMBER(pod), false},
    {MEMBER(id), false},
    {MEMBER(objection), true},
};

static const struct {
	const char *name;
	size_t offset;
} flags[] = {
    {MEMBER(up)},
    {MEMBER(gone)},
    {MEMBER(loop)},
    {MEMBER(owed)},
    {MEMBER(ahead)},
    {MEMBER(promised)},
    {MEMBER(announced)},
    {MEMBER(ordered)},
    {MEMBER(tried)},
    {MEMBER(failing)},
    {MEMBER(has_exited)},
};

static const struct {
	const char *name;
	size_t offset;
	int64_t least;
} numbers[] = {
    {MEMBER(created), TIMESTAMP_NONE},
    {MEMBER(due), 0},
    {MEMBER(crashes), 0},
    {MEMBER(restarts_seen), 0},
    {MEMBER(last_exit_code), INT64_MIN},
    {MEMBER(since), 0},
    {MEMBER(risen), 0},
    {MEMBER(window), POLICY_WINDOW_LEAST},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static json_t *
item_to_json(const struct supervised *item)
{
	const char *wanted =
	    item->wanted != ORDER_NONE ? supervision_order_words[item->wanted].name : NULL;
	json_t *value = json_pack("{s:s, s:s?, s:{s:I, s:I}, s:o}", "state",
	    supervision_state_names[item->state], "wanted", wanted, "retry", "failures",
	    (json_int_t)item->retry.failures, "due", (json_int_t)item->retry.due, "deaths",
	    deaths_to_json(&item->deaths));

	for (size_t i = 0; i < COUNT(texts); i++) {
		const char *text = *AT_CONST(char *, item, texts[i].offset);

		(void)json_object_set_new(
		    value, texts[i].name, text != NULL ? json_string(text) : json_null());
	}
	for (size_t i = 0; i < COUNT(flags); i++)
		(void)json_object_set_new(
		    value, flags[i].name, json_boolean(*AT_CONST(bool, item, flags[i].offset)));
	for (size_t i = 0; i < COUNT(numbers); i++)
		(void)json_object_set_new(value, numbers[i].name,
		    json_integer((json_int_t)*AT_CONST(int64_t, item, numbers[i].offset)));
	return value;
}

json_t *
supervision_to_json(const struct supervision *s)
{
	json_t *all = json_array();

	for (size_t i = 0; i < s->count; i++)
		(void)json_array_append_new(all, item_to_json(s->items[i]));
	return json_pack("{s:i, s:o}", "format", FORMAT, "containers", all);
}

static bool
read_texts(const json_t *value, struct supervised *item)
{
	for (size_t i = 0; i < COUNT(texts); i++) {
		const json_t *text = json_object_get(value, texts[i].name);

		if (texts[i].optional && json_is_null(text))
			continue;
		if (!json_is_string(text))
			return false;
		*AT(char *, item, texts[i].offset) = text_copy(json_string_value(text));
	}
	return true;
}

static bool
read_flags(const json_t *value, struct supervised *item)
{
	for (size_t i = 0; i < COUNT(flags); i++) {
		const json_t *flag = json_object_get(value, flags[i].name);

		if (!json_is_boolean(flag))
			return false;
		*AT(bool, item, flags[i].offset) = json_is_true(flag);
	}
	return true;
}

static bool
read_numbers(const json_t *value, struct supervised *item)
{
	for (size_t i = 0; i < COUNT(numbers); i++) {
		const json_t *number = json_object_get(value, numbers[i].name);

		if (!json_is_integer(number) || json_integer_value(number) < numbers[i].least)
			return false;
		*AT(int64_t, item, numbers[i].offset) = json_integer_value(number);
	}
	return true;
}

static bool
read_state(const json_t *value, struct supervised *item)
{
	const char *state = json_string_value(json_object_get(value, "state"));

	for (int i = 0; state != NULL && i < SUPERVISION_STATE_COUNT; i++)
		if (strcmp(state, supervision_state_names[i]) == 0) {
			item->state = (enum supervision_state)i;
			return true;
		}
	return false;
}

static bool
read_wanted(const json_t *value, struct supervised *item)
{
	const json_t *wanted = json_object_get(value, "wanted");

	if (json_is_null(wanted))
		return true;
	for (int i = 0; json_is_string(wanted) && i < ORDER_COUNT; i++)
		if (strcmp(json_string_value(wanted), supervision_order_words[i].name) == 0) {
			item->wanted = (enum supervision_order_kind)i;
			return true;
		}
	return false;
}

static bool
read_retry(const json_t *value, struct supervised *item)
{
	json_int_t failures, due;

	if (json_unpack((json_t *)value, "{s:{s:I, s:I}}", "retry", "failures", &failures, "due",
		&due) != 0 ||
	    failures < 0 || failures > INT32_MAX || due < 0)
		return false;
	item->retry = (struct backoff){(unsigned)failures, due};
	return true;
}

static struct supervised *
item_from_json(const json_t *value)
{
	struct supervised *item = supervised_new();

	if (read_texts(value, item) && read_flags(value, item) && read_numbers(value, item) &&
	    read_state(value, item) && read_wanted(value, item) && read_retry(value, item) &&
	    deaths_from_json(json_object_get(value, "deaths"), &item->deaths))
		return item;
	supervised_free(item);
	return NULL;
}

/* They stand in their order, each once. */
static bool
append(struct supervision *s, const json_t *value)
{
	struct supervised *item = item_from_json(value);

	if (item == NULL)
		return false;
	if (s->count > 0 && supervised_compare(s->items[s->count - 1], item) >= 0) {
		supervised_free(item);
		return false;
	}
	ARRAY_GROW(s->items, s->count, s->room);
	s->items[s->count++] = item;
	return true;
}

struct supervision *
supervision_from_json(const json_t *value)
{
	struct supervision *s = supervision_new();
	const json_t *format = json_object_get(value, "format");
	const json_t *containers = json_object_get(value, "containers");
	bool good = json_is_integer(format) && json_integer_value(format) == FORMAT &&
	    json_is_array(containers);
	json_t *item;
	size_t i;

	json_array_foreach ((json_t *)containers, i, item)
		good = good && append(s, item);
	if (good)
		return s;
	supervision_free(s);
	return NULL;
}
