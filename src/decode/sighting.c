/*
 * What an event says of a container: decoded, packed, unpacked. Whatever has
 * another type than it should counts as not said (E1); only the name must be
 * there, since that is what it is kept by.
 */

#include "text.h"

#include <homelab/names.h>
#include <homelab/sighting.h>

#include <string.h>

/* The name: that of a leftover of Docker is what it was before (F4). */
static const char *
name_of(const json_t *value)
{
	const char *name = text_of(json_object_get(value, "name"));

	while (name_is_ghost(name))
		name += CONTAINER_ID_LENGTH + 1;
	return name_is_service(name, strlen(name)) ? name : NULL;
}

static struct said_number
integer_of(const json_t *value, const char *field)
{
	const json_t *number = json_object_get(value, field);

	return (struct said_number){json_is_integer(number), json_integer_value(number)};
}

/* A number of things: not one below zero. */
static struct said_number
count_of(const json_t *value, const char *field)
{
	struct said_number n = integer_of(value, field);

	return n.value < 0 ? (struct said_number){false, 0} : n;
}

static timestamp
time_of(const json_t *value, const char *field)
{
	const char *text = text_of(json_object_get(value, field));
	timestamp at;

	return timestamp_parse(text, strlen(text), &at) ? at : TIMESTAMP_NONE;
}

static enum said
truth_of(const json_t *value)
{
	if (!json_is_boolean(value))
		return SAID_NOTHING;
	return json_is_true(value) ? SAID_YES : SAID_NO;
}

static void
decode_state(const json_t *value, struct sighting *out)
{
	const char *text = text_of(json_object_get(value, "state"));

	for (int i = 0; i < CONTAINER_STATE_COUNT; i++)
		if (strcmp(text, container_state_names[i]) == 0) {
			out->has_state = true;
			out->state = (enum container_state)i;
		}
}

static void
decode_supervision(const json_t *value, struct supervised *out)
{
	out->since = out->backoff_until = TIMESTAMP_NONE;
	out->state = out->policy = "";
	if (!json_is_object(value) || json_object_size(value) == 0)
		return;
	out->known = true;
	out->state = text_cut_to(json_object_get(value, "state"), SIGHTING_WORD_MAX);
	out->policy = text_cut_to(json_object_get(value, "policy"), SIGHTING_WORD_MAX);
	out->restarts_total = count_of(value, "restarts_total");
	out->restarts_in_window = count_of(value, "restarts_in_window");
	out->last_exit_code = integer_of(value, "last_exit_code");
	out->since = time_of(value, "since");
	out->backoff_until = time_of(value, "backoff_until");
}

bool
sighting_decode(json_t *value, struct sighting *out)
{
	*out = (struct sighting){.name = name_of(value)};
	if (out->name == NULL)
		return false;
	out->runtime = text_cut_to(json_object_get(value, "runtime"), SIGHTING_RUNTIME_MAX);
	out->id = text_cut_to(json_object_get(value, "id"), SIGHTING_ID_MAX);
	out->image = text_cut_to(json_object_get(value, "image"), SIGHTING_IMAGE_MAX);
	decode_state(value, out);
	out->oom_killed = truth_of(json_object_get(value, "oom_killed"));
	out->exit_code = integer_of(value, "exit_code");
	out->restarts = count_of(value, "restarts");
	out->started_at = time_of(value, "started_at");
	decode_supervision(json_object_get(value, "supervision"), &out->supervision);
	return true;
}

static void
pack_number(struct buffer *b, struct said_number n)
{
	pack_unsigned(b, n.known);
	if (n.known)
		pack_signed(b, n.value);
}

static struct said_number
unpack_number(struct unpack *u)
{
	struct said_number n = {.known = unpack_unsigned(u) != 0};

	if (n.known)
		n.value = unpack_signed(u);
	return n;
}

void
sighting_pack(struct buffer *b, const struct sighting *s)
{
	const struct supervised *w = &s->supervision;

	pack_text(b, s->name);
	pack_text(b, s->runtime);
	pack_text(b, s->id);
	pack_text(b, s->image);
	pack_unsigned(b, s->has_state ? (uint64_t)s->state + 1 : 0);
	pack_unsigned(b, (uint64_t)s->oom_killed);
	pack_number(b, s->exit_code);
	pack_number(b, s->restarts);
	pack_time(b, s->started_at);
	pack_unsigned(b, w->known);
	if (!w->known)
		return;
	pack_text(b, w->state);
	pack_text(b, w->policy);
	pack_number(b, w->restarts_total);
	pack_number(b, w->restarts_in_window);
	pack_number(b, w->last_exit_code);
	pack_time(b, w->since);
	pack_time(b, w->backoff_until);
}

static void
unpack_supervision(struct unpack *u, struct supervised *w)
{
	w->known = true;
	w->state = unpack_text(u);
	w->policy = unpack_text(u);
	w->restarts_total = unpack_number(u);
	w->restarts_in_window = unpack_number(u);
	w->last_exit_code = unpack_number(u);
	w->since = unpack_time(u);
	w->backoff_until = unpack_time(u);
}

void
sighting_unpack(struct unpack *u, struct sighting *s)
{
	uint64_t state, said;

	*s = (struct sighting){.name = unpack_text(u)};
	s->runtime = unpack_text(u);
	s->id = unpack_text(u);
	s->image = unpack_text(u);
	state = unpack_unsigned(u);
	said = unpack_unsigned(u);
	u->failed |= state > CONTAINER_STATE_COUNT || said > SAID_YES;
	s->has_state = state > 0;
	s->state = s->has_state ? (enum container_state)(state - 1) : CONTAINER_CREATED;
	s->oom_killed = (enum said)said;
	s->exit_code = unpack_number(u);
	s->restarts = unpack_number(u);
	s->started_at = unpack_time(u);
	s->supervision.state = s->supervision.policy = "";
	s->supervision.since = s->supervision.backoff_until = TIMESTAMP_NONE;
	if (unpack_unsigned(u) != 0)
		unpack_supervision(u, &s->supervision);
}
