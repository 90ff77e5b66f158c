/* Many containers, and what is kept of them on disk. */

#include "stage.h"
#include "support.h"

#include <homelab/supervision.h>

#include <stdio.h>
#include <string.h>

/* A few containers that are looked at together. */
struct crowd {
	struct supervision *supervision;
	struct containers containers;
	struct supervision_subject subjects[8];
	struct supervision_results results;
	timestamp now;
};

static struct container *
add(struct crowd *k, const char *runtime, const char *name, const char *id, const char *pod)
{
	struct container *c = containers_add(&k->containers);

	container_set_text(&c->runtime, runtime);
	container_set_text(&c->name, name);
	container_set_text(&c->id, id);
	if (pod != NULL)
		container_set_label(c, "io.kubernetes.pod.uid", pod);
	c->created_at = DAY_ZERO + (timestamp)k->containers.count;
	c->state = CONTAINER_RUNNING;
	return c;
}

static void
look_at_all(struct crowd *k, const char *runtime)
{
	size_t count = 0;

	for (size_t i = 0; i < k->containers.count; i++)
		if (strcmp(k->containers.list[i].runtime, runtime) == 0)
			k->subjects[count++] = (struct supervision_subject){
			    .container = &k->containers.list[i],
			    .policy = &policy_default,
			    .acts = true,
			};
	k->results.order_count = 0;
	supervision_look(k->supervision, runtime, k->subjects, count, k->now, &k->results);
}

static void
happen_to(struct crowd *k, size_t i, enum container_state state, enum supervision_input input)
{
	struct container *c = &k->containers.list[i];
	struct supervision_subject who = {.container = c, .policy = &policy_default, .acts = true};

	c->state = state;
	c->has_exited = state == CONTAINER_FAILED;
	c->exit_code = 1;
	supervision_tell(k->supervision, &who, input, k->now, k->now, &k->results);
}

static const char *
state_of(const struct crowd *k, size_t i)
{
	struct supervision_subject who = {
	    .container = &k->containers.list[i], .policy = &policy_default, .acts = true};
	json_auto_t *said = supervision_describe(k->supervision, &who, k->now);

	for (int state = 0; state < SUPERVISION_STATE_COUNT; state++)
		if (strcmp(json_string_value(json_object_get(said, "state")),
			supervision_state_names[state]) == 0)
			return supervision_state_names[state];
	return "";
}

static void
crowd_init(struct crowd *k)
{
	*k = (struct crowd){.supervision = supervision_new(), .now = DAY_ZERO};
}

static void
crowd_release(struct crowd *k)
{
	supervision_results_release(&k->results);
	supervision_free(k->supervision);
	containers_release(&k->containers);
}

/* By runtime, name and pod, in whatever order they come. */
START_TEST(each_for_itself)
{
	struct crowd k;

	crowd_init(&k);
	(void)add(&k, "docker", "web-2", "b", NULL);
	(void)add(&k, "docker", "web-1", "a", NULL);
	(void)add(&k, "docker", "web-3", "c", NULL);
	(void)add(&k, "podman", "web-1", "d", NULL);
	(void)add(&k, "cri", "web", "e", "pod-2");
	(void)add(&k, "cri", "web", "f", "pod-1");
	look_at_all(&k, "docker");
	look_at_all(&k, "podman");
	look_at_all(&k, "cri");
	for (size_t i = 0; i < 6; i++) {
		happen_to(&k, i, CONTAINER_FAILED, INPUT_CRASHED);
		for (size_t other = 0; other < 6; other++)
			ck_assert_str_eq(
			    state_of(&k, other), other == i ? "restarting" : "running");
		happen_to(&k, i, CONTAINER_RUNNING, INPUT_STARTED);
	}
	crowd_release(&k);
}
END_TEST

/* Orders are of the container they are for; another runtime's are not forgotten. */
START_TEST(orders_of_many)
{
	struct crowd k;

	crowd_init(&k);
	(void)add(&k, "docker", "a", "1", NULL);
	(void)add(&k, "docker", "b", "2", NULL);
	(void)add(&k, "podman", "c", "3", NULL);
	look_at_all(&k, "docker");
	look_at_all(&k, "podman");
	happen_to(&k, 1, CONTAINER_FAILED, INPUT_CRASHED);
	look_at_all(&k, "docker");
	ck_assert_uint_eq(k.results.order_count, 1);
	ck_assert_str_eq(k.results.orders[0].subject->container->name, "b");
	ck_assert_str_eq(state_of(&k, 2), "running");
	crowd_release(&k);
}
END_TEST

/* Kubernetes leaves the last one that ended beside its successor. */
START_TEST(youngest_of_a_name)
{
	struct crowd k;

	crowd_init(&k);
	(void)add(&k, "cri", "web", "old", "pod");
	look_at_all(&k, "cri");
	happen_to(&k, 0, CONTAINER_FAILED, INPUT_CRASHED);
	(void)add(&k, "cri", "web", "new", "pod");
	happen_to(&k, 1, CONTAINER_RUNNING, INPUT_STARTED);
	look_at_all(&k, "cri");
	ck_assert_str_eq(state_of(&k, 1), "running");
	ck_assert_uint_eq(k.results.order_count, 0);
	happen_to(&k, 0, CONTAINER_FAILED, INPUT_CRASHED);
	happen_to(&k, 0, CONTAINER_REMOVED, INPUT_REMOVED);
	ck_assert_str_eq(state_of(&k, 1), "running");
	/* Without the younger one the older one is it again. */
	happen_to(&k, 1, CONTAINER_REMOVED, INPUT_REMOVED);
	happen_to(&k, 0, CONTAINER_RUNNING, INPUT_STARTED);
	ck_assert_str_eq(state_of(&k, 0), "running");
	crowd_release(&k);
}
END_TEST

/* What is there when it is seen first: nobody claims a crash. */
START_TEST(first_seen)
{
	static const char *const expected[CONTAINER_STATE_COUNT] = {
	    [CONTAINER_CREATED] = "completed",
	    [CONTAINER_RUNNING] = "running",
	    [CONTAINER_RESTARTING] = "restarting",
	    [CONTAINER_PAUSED] = "running",
	    [CONTAINER_STOPPING] = "running",
	    [CONTAINER_EXITED] = "completed",
	    [CONTAINER_FAILED] = "completed",
	    [CONTAINER_REMOVED] = "completed",
	};
	struct crowd k;

	crowd_init(&k);
	add(&k, "docker", "web", "1", NULL)->state = (enum container_state)_i;
	k.containers.list[0].restarts = 50;
	look_at_all(&k, "docker");
	ck_assert_str_eq(state_of(&k, 0), expected[_i]);
	ck_assert_uint_eq(k.results.order_count + k.results.event_count, 0);
	crowd_release(&k);
}
END_TEST

/* What differs from what was told is believed, and is nobody's crash. */
START_TEST(never_told)
{
	static const struct {
		enum container_state state;
		const char *expected;
	} steps[] = {
	    {CONTAINER_RUNNING, "running"},
	    {CONTAINER_FAILED, "completed"},
	    {CONTAINER_RUNNING, "running"},
	    {CONTAINER_PAUSED, "running"},
	    {CONTAINER_RESTARTING, "running"},
	    {CONTAINER_EXITED, "completed"},
	    {CONTAINER_PAUSED, "running"},
	    {CONTAINER_CREATED, "completed"},
	};
	struct crowd k;

	crowd_init(&k);
	(void)add(&k, "docker", "web", "1", NULL);
	for (size_t i = 0; i < COUNT(steps); i++) {
		k.containers.list[0].state = steps[i].state;
		look_at_all(&k, "docker");
		ck_assert_str_eq(state_of(&k, 0), steps[i].expected);
	}
	ck_assert_uint_eq(k.results.order_count + k.results.event_count, 0);
	crowd_release(&k);
}
END_TEST

/* Of another service than its labels say: said once, and again when it changes. */
START_TEST(doubts)
{
	struct policy shop = policy_default;
	struct stage s;

	shop.service = (char *)"shop";
	stage_set(&s);
	s.subject.doubted = &shop;
	assert_text(stage_play(&s, "look look"),
	    "running [] supervision_failed@0(restart, its labels say shop, but its name or compose"
	    " project web: the policy of web holds)",
	    "");
	s.subject.policy = NULL;
	assert_text(stage_play(&s, "look reload look"),
	    "running [] supervision_failed@0(restart, its labels say shop, but neither its name nor"
	    " its compose project: it has no policy)",
	    "");
	s.subject.doubted = NULL;
	assert_text(stage_play(&s, "look"), "running []", "");
	s.subject.doubted = &shop;
	assert_text(stage_play(&s, "look"), "running []", "the same again");
	stage_clear(&s);
}
END_TEST

/* Disks wear out: looking alone changes nothing. */
START_TEST(looks_change_nothing)
{
	static const char *const scripts[] = {
	    "look", "crash:1 look", "ok", "fail", "up", "stop", "up rm look", "new look"};
	struct stage s;

	stage_set(&s);
	for (size_t i = 0; i < COUNT(scripts); i++) {
		json_auto_t *before = NULL, *after = NULL;

		(void)stage_play(&s, scripts[i]);
		(void)stage_play(&s, "look");
		before = supervision_to_json(s.supervision);
		(void)stage_play(&s, "+1 look +1 look");
		after = supervision_to_json(s.supervision);
		ck_assert_msg(json_equal(before, after), "after %s", scripts[i]);
	}
	stage_clear(&s);
}
END_TEST

/* A runtime may not know how it ended. */
START_TEST(end_unknown)
{
	struct stage s;

	stage_set(&s);
	s.containers.list[0].state = CONTAINER_FAILED;
	(void)stage_play(&s, "action:isolate");
	supervision_tell(s.supervision, &s.subject, INPUT_CRASHED, s.now, s.now, &s.results);
	assert_text(stage_play(&s, "look ok"), "isolated [] container_isolated@0(it crashed)", "");
	stage_clear(&s);
}
END_TEST

/* Of many crashes the latest are kept, in their order. */
START_TEST(many_crashes)
{
	struct stage s;
	json_auto_t *said = NULL;

	stage_set(&s);
	s.forgetful = true;
	(void)stage_play(&s, "self count:200 again +200 count:2 again look +101");
	said = supervision_describe(s.supervision, &s.subject, s.now);
	ck_assert_int_eq(json_integer_value(json_object_get(said, "restarts_in_window")), 3);
	ck_assert_int_eq(json_integer_value(json_object_get(said, "restarts_total")), 204);
	/* Told late. */
	supervision_tell(
	    s.supervision, &s.subject, INPUT_CRASHED, DAY_ZERO + SECONDS(100), s.now, &s.results);
	(void)stage_play(&s, "reload");
	stage_clear(&s);
}
END_TEST

/* --- damage -------------------------------------------------------------------------- */

static json_t *
kept(void)
{
	struct stage s;
	json_t *value;

	stage_set(&s);
	(void)stage_play(&s, "crash:1 look fail");
	value = supervision_to_json(s.supervision);
	stage_clear(&s);
	return value;
}

static void
assert_damaged(const json_t *value, const char *what)
{
	struct supervision *s = supervision_from_json(value);

	ck_assert_msg(s == NULL, "taken: %s", what);
}

static json_t *
item_of(const json_t *value)
{
	return json_array_get(json_object_get(value, "containers"), 0);
}

/* Every member is needed, and of its kind. */
START_TEST(damaged_members)
{
	json_auto_t *good = kept();
	const char *name;
	json_t *member;

	json_object_foreach (item_of(good), name, member) {
		json_auto_t *without = json_deep_copy(good), *other = json_deep_copy(good);

		(void)json_object_del(item_of(without), name);
		assert_damaged(without, name);
		(void)json_object_set_new(item_of(other), name, json_real(1.5));
		assert_damaged(other, name);
	}
}
END_TEST

/* In JSON, instead of the member. */
static const struct {
	const char *name, *value;
} damages[] = {
    {"state", "\"asleep\""},
    {"wanted", "\"reboot\""},
    {"due", "-1"},
    {"crashes", "-1"},
    {"restarts_seen", "-1"},
    {"since", "-1"},
    {"risen", "-1"},
    {"window", "0"},
    {"deaths", "[2, 1]"},
    {"deaths", "[-1]"},
    {"deaths", "[\"1\"]"},
    {"retry", "{\"failures\": -1, \"due\": 0}"},
    {"retry", "{\"failures\": 4294967296, \"due\": 0}"},
    {"retry", "{\"failures\": 1, \"due\": -1}"},
    {"retry", "{\"failures\": 1}"},
    {"runtime", "null"},
};

START_TEST(damaged_values)
{
	json_auto_t *value = kept();

	(void)json_object_set_new(
	    item_of(value), damages[_i].name, json_loads(damages[_i].value, JSON_DECODE_ANY, NULL));
	assert_damaged(value, damages[_i].name);
}
END_TEST

START_TEST(damaged_wholes)
{
	json_auto_t *twice = kept(), *many = kept(), *format = kept(), *none = json_array();
	json_t *deaths = json_array();

	(void)json_array_append_new(
	    json_object_get(twice, "containers"), json_deep_copy(item_of(twice)));
	assert_damaged(twice, "twice");
	for (int i = 0; i < POLICY_RESTARTS_MOST + 2; i++)
		(void)json_array_append_new(deaths, json_integer(i));
	(void)json_object_set_new(item_of(many), "deaths", deaths);
	assert_damaged(many, "too many deaths");
	(void)json_object_set_new(format, "format", json_integer(2));
	assert_damaged(format, "another format");
	assert_damaged(none, "no object");
	assert_damaged(NULL, "nothing");
	(void)json_object_set_new(format, "format", json_integer(1));
	(void)json_object_set_new(format, "containers", json_object());
	assert_damaged(format, "no array");
}
END_TEST

Suite *
supervision_memory_suite(void)
{
	Suite *suite = suite_create("supervision-memory");
	TCase *all = tcase_create("all");

	tcase_add_test(all, each_for_itself);
	tcase_add_test(all, orders_of_many);
	tcase_add_test(all, youngest_of_a_name);
	tcase_add_loop_test(all, first_seen, 0, CONTAINER_STATE_COUNT);
	tcase_add_test(all, never_told);
	tcase_add_test(all, doubts);
	tcase_add_test(all, looks_change_nothing);
	tcase_add_test(all, end_unknown);
	tcase_add_test(all, many_crashes);
	tcase_add_test(all, damaged_members);
	tcase_add_loop_test(all, damaged_values, 0, COUNT(damages));
	tcase_add_test(all, damaged_wholes);
	suite_add_tcase(suite, all);
	return suite;
}
