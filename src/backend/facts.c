#include "parts.h"

#include <string.h>

static json_t *
text_or_null(const char *text)
{
	return text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *
describe(const struct container *c)
{
	json_t *fact = container_describe(c);

	(void)json_object_set_new(fact, "digest", text_or_null(c->digest));
	(void)json_object_set_new(fact, "health", json_string(container_health_names[c->health]));
	return fact;
}

json_t *
backend_describe_containers(const struct containers *containers)
{
	json_t *facts = json_array();

	for (size_t i = 0; i < containers->count; i++)
		(void)json_array_append_new(facts, describe(&containers->list[i]));
	return facts;
}
