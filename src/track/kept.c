#include "kept.h"

#include <homelab/project.h>

#include <string.h>
#include <sysexits.h>

int
kept_format(const json_t *value, int format, struct error *err)
{
	const json_t *member = json_object_get(value, "format");

	if (!json_is_integer(member))
		return error_set(err, EX_SOFTWARE, "no format");
	if (json_integer_value(member) != format)
		return error_set(err, EX_SOFTWARE, "format %lld, not %d",
		    (long long)json_integer_value(member), format);
	return 0;
}

bool
kept_word(const json_t *object, const char *name, const char *const *words, int count, int *out)
{
	const char *text = json_string_value(json_object_get(object, name));

	for (int i = 0; text != NULL && i < count; i++)
		if (strcmp(text, words[i]) == 0) {
			*out = i;
			return true;
		}
	return false;
}

bool
kept_integer(const json_t *object, const char *name, int64_t least, int64_t *out)
{
	const json_t *value = json_object_get(object, name);

	*out = json_integer_value(value);
	return json_is_integer(value) && *out >= least;
}

bool
kept_flag(const json_t *object, const char *name, bool *out)
{
	const json_t *value = json_object_get(object, name);

	*out = json_is_true(value);
	return json_is_boolean(value);
}

bool
kept_time(const json_t *object, const char *name, timestamp *out)
{
	const json_t *value = json_object_get(object, name);

	*out = TIMESTAMP_NONE;
	return json_is_null(value) ||
	    (json_is_string(value) &&
		timestamp_parse(json_string_value(value), json_string_length(value), out));
}

json_t *
kept_of_time(timestamp at)
{
	return json_time(at < 0 ? TIMESTAMP_NONE : at);
}

const char *
kept_text(const json_t *value, size_t limit)
{
	const char *text = json_string_value(value);
	size_t length = json_string_length(value);

	return text != NULL && length <= limit && strlen(text) == length ? text : NULL;
}
