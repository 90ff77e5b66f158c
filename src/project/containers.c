/* The containers of services.json. */

#include "view.h"

/* What wasn't said is null. */
static json_t *
text_or_null(const char *text)
{
	return json_text(text[0] == '\0' ? NULL : text);
}

static json_t *
number_or_null(struct said_number n)
{
	return n.known ? json_integer(n.value) : json_null();
}

static json_t *
truth_or_null(enum said said)
{
	return said == SAID_NOTHING ? json_null() : json_boolean(said == SAID_YES);
}

static json_t *
supervision(const struct supervised *w)
{
	json_t *value;

	if (!w->known)
		return json_null();
	value = json_object();
	member(value, "state", text_or_null(w->state));
	member(value, "policy", text_or_null(w->policy));
	member(value, "restarts_total", number_or_null(w->restarts_total));
	member(value, "restarts_in_window", number_or_null(w->restarts_in_window));
	member(value, "last_exit_code", number_or_null(w->last_exit_code));
	member(value, "since", json_time(w->since));
	member(value, "backoff_until", json_time(w->backoff_until));
	return value;
}

static json_t *
container(const struct sighting *s)
{
	json_t *value = json_object();

	member(value, "runtime", text_or_null(s->runtime));
	member(value, "id", text_or_null(s->id));
	member(value, "name", json_text(s->name));
	member(value, "image", text_or_null(s->image));
	member(value, "state", json_text(s->has_state ? container_state_names[s->state] : NULL));
	member(value, "exit_code", number_or_null(s->exit_code));
	member(value, "oom_killed", truth_or_null(s->oom_killed));
	member(value, "started_at", json_time(s->started_at));
	member(value, "restarts", number_or_null(s->restarts));
	member(value, "supervision", supervision(&s->supervision));
	return value;
}

json_t *
containers_json(const struct service *s)
{
	json_t *value = json_array();

	for (size_t i = 0; i < s->container_count; i++)
		(void)json_array_append_new(value, container(&s->containers[i].seen));
	return value;
}
