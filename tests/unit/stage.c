#include "stage.h"
#include "support.h"

#include <stdio.h>
#include <string.h>

static struct container *
actor(struct stage *s)
{
	return &s->containers.list[0];
}

static void
look(struct stage *s)
{
	s->results.order_count = 0;
	supervision_look(s->supervision, "docker", &s->subject, s->present, s->now, &s->results);
	s->subject.unattended = false;
}

void
stage_set(struct stage *s)
{
	struct container *c;

	*s = (struct stage){.supervision = supervision_new(), .policy = policy_default};
	c = containers_add(&s->containers);
	container_set_text(&c->runtime, "docker");
	container_set_text(&c->name, "web");
	container_set_text(&c->id, "id-1");
	c->state = CONTAINER_RUNNING;
	c->created_at = DAY_ZERO;
	s->policy.service = (char *)"web";
	s->subject =
	    (struct supervision_subject){.container = c, .policy = &s->policy, .acts = true};
	s->present = true;
	s->now = DAY_ZERO;
	look(s);
}

void
stage_clear(struct stage *s)
{
	supervision_results_release(&s->results);
	supervision_free(s->supervision);
	containers_release(&s->containers);
}

static void
happen(struct stage *s, enum supervision_input input)
{
	supervision_tell(s->supervision, &s->subject, input, s->now, s->now, &s->results);
}

static void
reload(struct stage *s)
{
	json_auto_t *before = supervision_to_json(s->supervision), *after = NULL, *read = NULL;
	cleanup_free char *text = json_dumps(before, JSON_SORT_KEYS);
	struct supervision *back;

	read = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	back = supervision_from_json(read);
	ck_assert_msg(back != NULL, "not read back: %s", text);
	after = supervision_to_json(back);
	ck_assert(json_equal(before, after));
	supervision_free(s->supervision);
	s->supervision = back;
}

static void
end_with(struct stage *s, enum container_state state, int64_t code)
{
	struct container *c = actor(s);

	c->state = state;
	c->has_exited = true;
	c->exit_code = code;
}

/* --- the words ---------------------------------------------------------------------- */

static void
pass(struct stage *s, const char *word)
{
	bool nanoseconds = strstr(word, "ns") != NULL;

	s->now += nanoseconds ? strtoll(word, NULL, 10) : SECONDS(strtoll(word, NULL, 10));
}

static void
come_up(struct stage *s, const char *word)
{
	actor(s)->state = CONTAINER_RUNNING;
	actor(s)->restarts += strcmp(word, "again") == 0;
	happen(s, strcmp(word, "again") == 0 ? INPUT_RESTARTED : INPUT_STARTED);
}

static void
crash(struct stage *s, const char *word)
{
	bool itself = word[0] == 'd';

	actor(s)->restarts += itself;
	end_with(s, itself ? CONTAINER_RESTARTING : CONTAINER_FAILED, atoi(strchr(word, ':') + 1));
	happen(s, INPUT_CRASHED);
}

static void
end(struct stage *s, const char *word)
{
	bool asked = strcmp(word, "stop") == 0;

	end_with(s, CONTAINER_EXITED, asked ? 143 : 0);
	happen(s, asked ? INPUT_STOPPED : INPUT_COMPLETED);
}

static void
replace(struct stage *s, const char *word)
{
	struct container *c = actor(s);

	if (strcmp(word, "rm") == 0) {
		c->state = CONTAINER_REMOVED;
		happen(s, INPUT_REMOVED);
		s->present = false;
		return;
	}
	container_set_text(&c->id, word);
	c->created_at = strcmp(word, "older") == 0 ? DAY_ZERO - 1 : s->now;
	c->state = CONTAINER_CREATED;
	c->has_exited = false;
	s->present = true;
}

static void
count(struct stage *s, const char *word)
{
	actor(s)->restarts += strtoll(strchr(word, ':') + 1, NULL, 10);
}

static void
carry_out(struct stage *s, const char *word)
{
	for (size_t i = 0; i < s->results.order_count; i++)
		supervision_done(s->supervision, &s->results.orders[i],
		    strcmp(word, "fail") == 0 ? "no such thing" : NULL, s->now,
		    (uint64_t)SECONDS(1), &s->results);
	s->results.order_count = 0;
}

static void
decide(struct stage *s, const char *word)
{
	s->subject.policy = &s->policy;
	for (int i = 0; i < PANIC_ACTION_COUNT; i++)
		if (strcmp(strchr(word, ':') + 1, panic_action_names[i]) == 0)
			s->policy.action = (enum panic_action)i;
}

static void
set(struct stage *s, const char *word)
{
	if (strcmp(word, "self") == 0)
		actor(s)->restarts_itself = true;
	else if (strcmp(word, "away") == 0)
		s->subject.unattended = true;
	else if (strcmp(word, "no-policy") == 0)
		s->subject.policy = NULL;
	else
		s->subject.acts = strcmp(word, "docker") == 0;
}

static void
see(struct stage *s, const char *word)
{
	if (strcmp(word, "look") == 0)
		look(s);
	else
		reload(s);
}

static const struct {
	const char *begin;
	void (*play)(struct stage *s, const char *word);
} words[] = {
    {"+", pass},
    {"-", pass},
    {"up", come_up},
    {"again", come_up},
    {"crash:", crash},
    {"dying:", crash},
    {"end", end},
    {"stop", end},
    {"rm", replace},
    {"new", replace},
    {"older", replace},
    {"count:", count},
    {"ok", carry_out},
    {"fail", carry_out},
    {"action:", decide},
    {"no-policy", set},
    {"cri", set},
    {"docker", set},
    {"self", set},
    {"away", set},
    {"look", see},
    {"reload", see},
};

static void
play_word(struct stage *s, const char *word)
{
	for (size_t i = 0; i < COUNT(words); i++)
		if (strncmp(word, words[i].begin, strlen(words[i].begin)) == 0) {
			words[i].play(s, word);
			return;
		}
	ck_abort_msg("unknown word %s", word);
}

/* --- the outcome -------------------------------------------------------------------- */

static void
add_value(struct buffer *out, const json_t *value)
{
	const char *text = json_string_value(value);
	timestamp at;

	if (json_is_integer(value))
		buffer_text(out, "%lld", (long long)json_integer_value(value));
	else if (text != NULL && timestamp_parse(text, strlen(text), &at))
		buffer_text(out, "%gs", (double)(at - DAY_ZERO) / 1e9);
	else
		buffer_text(out, "%s", text != NULL ? text : "-");
}

static void
add_event(struct buffer *out, const struct supervision_event *e)
{
	static const char *const members[] = {
	    "crashes", "window_seconds", "backoff_until", "action", "reason"};
	const char *between = "(";

	buffer_text(out, " %s%s@%g", e->type, e->severity != NULL ? "!" : "",
	    (double)(e->at - DAY_ZERO) / 1e9);
	for (size_t i = 0; i < COUNT(members); i++) {
		const json_t *value = json_object_get(e->payload, members[i]);

		if (value == NULL)
			continue;
		buffer_text(out, "%s", between);
		add_value(out, value);
		between = ", ";
	}
	buffer_text(out, ")");
}

static void
add_state(const struct stage *s, struct buffer *out)
{
	json_auto_t *said = supervision_describe(s->supervision, &s->subject, s->now);
	const char *state = json_string_value(json_object_get(said, "state"));

	buffer_text(out, "%s", state != NULL ? state : "-");
}

static void
add_orders(const struct stage *s, struct buffer *out)
{
	buffer_text(out, " [");
	for (size_t i = 0; i < s->results.order_count; i++)
		buffer_text(out, "%s%s", supervision_order_words[s->results.orders[i].kind].name,
		    s->results.orders[i].again ? "*" : "");
	buffer_text(out, "]");
}

static void
forget_events(struct stage *s)
{
	for (size_t i = 0; i < s->results.event_count; i++)
		json_decref(s->results.events[i].payload);
	s->results.event_count = 0;
}

const char *
stage_play(struct stage *s, const char *script)
{
	static struct buffer out;
	cleanup_free char *copy = text_copy(script);
	char *rest = copy;

	forget_events(s);
	for (char *word; (word = strtok_r(rest, " ", &rest)) != NULL;) {
		play_word(s, word);
		if (s->forgetful)
			reload(s);
	}
	out.length = 0;
	add_state(s, &out);
	add_orders(s, &out);
	for (size_t i = 0; i < s->results.event_count; i++)
		add_event(&out, &s->results.events[i]);
	return buffer_string(&out);
}

void
assert_plays(const char *script, const char *expected)
{
	for (int forgetful = 0; forgetful <= 1; forgetful++) {
		struct stage s;

		stage_set(&s);
		s.forgetful = forgetful;
		assert_text(stage_play(&s, script), expected, script);
		stage_clear(&s);
	}
}
