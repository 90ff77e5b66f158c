#include "text.h"

#include <homelab/names.h>

const char *
text_of(const json_t *value)
{
	return json_is_string(value) ? json_string_value(value) : "";
}

const char *
text_cut_to(json_t *value, size_t limit)
{
	size_t length = json_string_length(value); /* 0 of anything else */

	if (length > limit)
		(void)json_string_setn_nocheck(
		    value, json_string_value(value), text_cut(text_of(value), length, limit));
	return text_of(value);
}
