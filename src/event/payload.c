#include <homelab/compose.h>

#include "text.h"

#include <string.h>
#include <sysexits.h>

/* Numbers that jansson can't hold stay the digits they are. */
static json_t *
value_of(const char *text)
{
	json_t *value = NULL;

	if (strpbrk(text, " \t\r\n\"[{") == NULL)
		value = json_loads(text, JSON_DECODE_ANY, NULL);
	return value != NULL ? value : text_json(text);
}

int
payload_add(json_t *payload, const char *assignment, struct error *err)
{
	const char *equals = strchr(assignment, '=');
	cleanup_free char *key = NULL;

	if (equals == NULL || equals == assignment)
		return error_set(err, EX_USAGE, "isn't KEY=VALUE");
	key = text_copy_length(assignment, (size_t)(equals - assignment));
	if (json_object_set_new(payload, key, value_of(equals + 1)) < 0)
		return error_set(err, EX_USAGE, "the key isn't UTF-8");
	return 0;
}

int
payload_merge(json_t *payload, const char *json, size_t length, struct error *err)
{
	json_error_t error;
	json_auto_t *more = json_loadb(json, length, JSON_REJECT_DUPLICATES, &error);

	if (more == NULL)
		return error_set(err, EX_USAGE, "isn't JSON: line %d, column %d: %s", error.line,
		    error.column, error.text);
	if (!json_is_object(more))
		return error_set(err, EX_USAGE, "isn't a JSON object");
	(void)json_object_update(payload, more);
	return 0;
}
