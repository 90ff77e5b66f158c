#include "support.h"

#include <homelab/container.h>

#include <stdio.h>
#include <string.h>

static struct containers all;

static void
begin(void)
{
	all = (struct containers){0};
}

static void
end(void)
{
	containers_release(&all);
}

static struct container *
new_container(const char *name)
{
	struct container *c = containers_add(&all);

	container_set_text(&c->runtime, "docker");
	container_set_text(&c->id, "f00d");
	container_set_text(&c->name, name);
	return c;
}

/* --- texts ---------------------------------------------------------------------- */

START_TEST(is_empty_at_first)
{
	struct container *c = containers_add(&all);

	ck_assert_str_eq(c->runtime, "");
	ck_assert_str_eq(c->digest, "");
	ck_assert_uint_eq(json_object_size(c->labels), 0);
	ck_assert(c->created_at == TIMESTAMP_NONE && c->finished_at == TIMESTAMP_NONE);
	ck_assert(!c->has_exited);
}
END_TEST

START_TEST(makes_texts_utf8_and_cuts_them)
{
	static const struct {
		const char *text, *kept;
	} rows[] = {
	    {"nginx:1.25", "nginx:1.25"},
	    {"", ""},
	    {"caf\xc3\xa9", "caf\xc3\xa9"},
	    {"a\xff\xfe"
	     "b",
		"a\xef\xbf\xbd\xef\xbf\xbd"
		"b"},
	    {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* a surrogate */
	    {"end\xe2\x82", "end\xef\xbf\xbd\xef\xbf\xbd"},
	    {NULL, ""},
	};
	struct container *c = containers_add(&all);

	for (size_t i = 0; i < COUNT(rows); i++) {
		container_set_text(&c->image, rows[i].text);
		ck_assert_str_eq(c->image, rows[i].kept);
	}
}
END_TEST

/* The character that the limit goes through isn't there, nor half of it. */
START_TEST(cuts_at_a_character)
{
	static char text[100000];
	struct container *c = containers_add(&all);

	for (size_t ascii = 250; ascii < 258; ascii++) {
		size_t kept = ascii >= 255 ? 255 : ascii + (255 - ascii) / 4 * 4;

		memset(text, 'x', ascii);
		for (size_t i = ascii; i + 4 < sizeof(text); i += 4)
			memcpy(text + i, "\xf0\x9f\x90\xb3", 4);
		container_set_text(&c->name, text);
		ck_assert_uint_eq(strlen(c->name), kept);
		ck_assert_mem_eq(c->name, text, kept);
	}
}
END_TEST

START_TEST(takes_a_limited_number_of_labels)
{
	struct container *c = new_container("web");
	char name[32];

	for (int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "homelab.%d", i);
		container_set_label(c, name, "x");
	}
	ck_assert_uint_eq(json_object_size(c->labels), 64);
	container_set_label(c, "homelab.0", "y");
	ck_assert_str_eq(container_label(c, "homelab.0"), "y");
	ck_assert_ptr_null(container_label(c, "homelab.64"));
	container_set_label(c, "homelab.service", "b\xff");
	ck_assert_str_eq(container_service(c), "b\xef\xbf\xbd");
	ck_assert_uint_eq(json_object_size(c->labels), 65);
}
END_TEST

/* --- the service ------------------------------------------------------------------ */

START_TEST(names_its_service)
{
	static const struct {
		const char *homelab, *compose, *kubernetes, *name, *service;
	} rows[] = {
	    {"a", "b", "c", "d", "a"},
	    {NULL, "b", "c", "d", "b"},
	    {NULL, NULL, "c", "d", "c"},
	    {NULL, NULL, NULL, "d", "d"},
	    {"", "b", "c", "d", "b"},
	    {"x/y", "", "c", "d", "c"},
	    {"all", "all", "all", "d", "d"}, /* would heal every service of the node */
	    {"a\nb", "c\177", "d\x1f", "e", "e"},
	    {NULL, NULL, NULL, "0123456789ab_web", "web"},
	    {NULL, NULL, NULL, "0123456789ab_ba9876543210_web", "web"},
	    {NULL, NULL, NULL, "0123456789AB_web", "0123456789AB_web"},
	    {NULL, NULL, NULL, "0123456789a_web", "0123456789a_web"},
	    {NULL, NULL, NULL, "0123456789ab_", "0123456789ab_"},
	    {NULL, NULL, NULL, "0123456789abc_web", "0123456789abc_web"},
	    {NULL, NULL, NULL, "0123456789ab_all", NULL},
	    {NULL, NULL, NULL, "all", NULL},
	    {NULL, NULL, NULL, "", NULL},
	    {NULL, NULL, NULL, "other/alias", NULL},
	    {NULL, NULL, NULL, "All", "All"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct container *c = new_container(rows[i].name);
		const char *service;

		if (rows[i].homelab != NULL)
			container_set_label(c, "homelab.service", rows[i].homelab);
		if (rows[i].compose != NULL)
			container_set_label(c, "com.docker.compose.service", rows[i].compose);
		if (rows[i].kubernetes != NULL)
			container_set_label(c, "io.kubernetes.container.name", rows[i].kubernetes);
		service = container_service(c);
		ck_assert_msg(
		    (service == NULL) == (rows[i].service == NULL), "row %zu: %s", i, service);
		if (service != NULL)
			ck_assert_str_eq(service, rows[i].service);
	}
}
END_TEST

/* 128 bytes are a service's name, more aren't. */
START_TEST(knows_the_longest_service)
{
	char name[130];
	struct container *c;

	memset(name, 'n', sizeof(name));
	name[128] = '\0';
	c = new_container(name);
	ck_assert_str_eq(container_service(c), name);
	name[128] = 'n';
	name[129] = '\0';
	container_set_text(&c->name, name);
	ck_assert_ptr_null(container_service(c));
}
END_TEST

/* --- the end it came to ----------------------------------------------------------- */

START_TEST(knows_a_crash)
{
	static const struct {
		int64_t exit_code;
		int signal;
		bool exited, oom, asked, crashed;
	} rows[] = {
	    {.exit_code = 0, .exited = true, .crashed = false},
	    {.exit_code = 1, .exited = true, .crashed = true},
	    {.exit_code = 1, .exited = false, .crashed = false}, /* that isn't known */
	    {.exit_code = 1, .exited = true, .asked = true, .crashed = false},
	    {.exit_code = 137, .signal = 9, .exited = true, .crashed = true},
	    {.exit_code = 137, .signal = 9, .exited = true, .asked = true, .crashed = false},
	    {.exit_code = 137, .signal = 9, .exited = true, .oom = true, .crashed = true},
	    {.exit_code = 137, .exited = true, .oom = true, .asked = true, .crashed = true},
	    {.exit_code = 143, .signal = 15, .exited = true, .crashed = false},
	    {.exit_code = 143, .exited = true, .oom = true, .crashed = false},
	    {.exit_code = 1, .exited = true, .oom = true, .asked = true, .crashed = false},
	    {.exit_code = 0, .exited = true, .oom = true, .crashed = false},
	    {.exit_code = 139, .signal = 11, .exited = true, .crashed = true},
	    {.exit_code = 255, .exited = true, .crashed = true},
	    {.exit_code = INT64_C(3221225786), .exited = true, .crashed = true},
	    {.exit_code = INT64_C(3221225786), .exited = true, .asked = true, .crashed = false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct container *c = new_container("web");

		c->exit_code = rows[i].exit_code;
		c->signal = rows[i].signal;
		c->has_exited = rows[i].exited;
		c->oom_killed = rows[i].oom;
		c->stop_requested = rows[i].asked;
		ck_assert_msg(container_crashed(c) == rows[i].crashed, "row %zu", i);
	}
}
END_TEST

START_TEST(knows_the_signal)
{
	ck_assert_int_eq(signal_of_exit(137), 9);
	ck_assert_int_eq(signal_of_exit(143), 15);
	ck_assert_int_eq(signal_of_exit(129), 1);
	ck_assert_int_eq(signal_of_exit(192), 64);
	ck_assert_int_eq(signal_of_exit(193), 0);
	ck_assert_int_eq(signal_of_exit(255), 0);
	ck_assert_int_eq(signal_of_exit(128), 0);
	ck_assert_int_eq(signal_of_exit(0), 0);
	ck_assert_int_eq(signal_of_exit(-1), 0);
	ck_assert_int_eq(signal_of_exit(INT64_C(3221225786)), 0);
	ck_assert_int_eq(signal_of_exit(INT64_C(4294967433)), 0); /* 137 and 2^32 */
}
END_TEST

/* --- as JSON ---------------------------------------------------------------------- */

static const char whole[] =
    "{\"runtime\":\"docker\",\"id\":\"f00d\",\"name\":\"web\",\"image\":\"nginx:1\",\"digest\":"
    "\"sha256:1\",\"labels\":{\"homelab.service\":\"w\"},\"state\":\"failed\",\"health\":"
    "\"unhealthy\",\"created_at\":\"2026-05-12T12:00:00Z\",\"started_at\":\"2026-05-12T12:00:"
    "01.000000001Z\",\"finished_at\":null,\"exit_code\":4294967295,\"signal\":9,\"has_exited\":"
    "true,\"oom_killed\":true,\"stop_requested\":false,\"restarts_itself\":true,\"restarts\":3}";

START_TEST(reads_what_is_on_disk)
{
	json_auto_t *value = json_loads(whole, 0, NULL), *again = NULL;
	struct container c;

	ck_assert_int_eq(container_from_json(value, &c), 0);
	ck_assert_str_eq(c.image, "nginx:1");
	ck_assert_str_eq(container_service(&c), "w");
	ck_assert_int_eq(c.state, CONTAINER_FAILED);
	ck_assert_int_eq(c.health, HEALTH_UNHEALTHY);
	ck_assert(c.created_at == time_at("12:00:00"));
	ck_assert(c.started_at == time_at("12:00:01") + 1);
	ck_assert(c.finished_at == TIMESTAMP_NONE);
	ck_assert(c.exit_code == UINT32_MAX && c.signal == 9 && c.restarts == 3);
	ck_assert(c.has_exited && c.oom_killed && !c.stop_requested && c.restarts_itself);
	again = container_to_json(&c);
	ck_assert(json_equal(value, again));
	container_release(&c);
}
END_TEST

/* Each member in turn missing, and of every other kind. */
START_TEST(refuses_what_is_damaged)
{
	json_auto_t *value = json_loads(whole, 0, NULL);
	json_auto_t *others = json_loads("[null, true, 1, -1, 1.5, \"word\", \"a\\u0000b\", [], "
					 "{}, {\"l\":1}, {\"l\":\"\\u0000\"}]",
	    JSON_ALLOW_NUL, NULL);
	json_t *member, *other;
	const char *name;
	struct container c;
	size_t i;

	json_object_foreach (value, name, member) {
		json_auto_t *copy = json_copy(value);

		(void)json_object_del(copy, name);
		ck_assert_msg(container_from_json(copy, &c) == -1, "without %s", name);
		json_array_foreach (others, i, other) {
			bool fits = json_typeof(other) == json_typeof(member) ||
			    (json_is_boolean(other) && json_is_boolean(member)) ||
			    (json_is_null(other) && strstr(name, "_at") != NULL);

			(void)json_object_set(copy, name, other);
			if (!fits)
				ck_assert_msg(
				    container_from_json(copy, &c) == -1, "%s %zu", name, i);
			else if (container_from_json(copy, &c) == 0)
				container_release(&c);
		}
	}
	ck_assert_int_eq(container_from_json(NULL, &c), -1);
	ck_assert_int_eq(container_from_json(others, &c), -1);
}
END_TEST

START_TEST(refuses_values_out_of_bounds)
{
	static const struct {
		const char *name, *value;
	} rows[] = {
	    {"restarts", "-1"},
	    {"signal", "-1"},
	    {"signal", "4294967296"},
	    {"runtime", "\"\""},
	    {"id", "\"\""},
	    {"id", "\"a\\u0000b\""},
	    {"state", "\"dead\""},
	    {"health", "\"well\""},
	    {"started_at", "\"yesterday\""},
	    {"started_at", "\"2026-05-12T12:00:60Z\""},
	    {"labels", "{\"l\":1}"},
	    {"labels", "{\"l\":\"\\u0000\"}"},
	};
	json_auto_t *value = json_loads(whole, 0, NULL);
	char text[300];
	struct container c;

	for (size_t i = 0; i < COUNT(rows); i++) {
		json_auto_t *copy = json_copy(value);
		json_t *other = json_loads(rows[i].value, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

		ck_assert_ptr_nonnull(other);
		(void)json_object_set_new(copy, rows[i].name, other);
		ck_assert_msg(container_from_json(copy, &c) == -1, "row %zu", i);
	}
	memset(text, 'x', sizeof(text));
	text[255] = '\0';
	(void)json_object_set_new(value, "image", json_string(text));
	ck_assert_int_eq(container_from_json(value, &c), 0);
	container_release(&c);
	text[255] = 'x';
	text[256] = '\0';
	(void)json_object_set_new(value, "image", json_string(text));
	ck_assert_int_eq(container_from_json(value, &c), -1);
}
END_TEST

START_TEST(describes_itself)
{
	json_auto_t *value = json_loads(whole, 0, NULL);
	json_auto_t *ended = json_loads(
	    "{\"runtime\":\"docker\",\"id\":\"f00d\",\"name\":\"web\",\"image\":\"nginx:1\","
	    "\"state\":\"failed\",\"exit_code\":4294967295,\"oom_killed\":true,\"started_at\":"
	    "\"2026-05-12T12:00:01.000000001Z\",\"restarts\":3}",
	    0, NULL);
	json_auto_t *running =
	    json_loads("{\"runtime\":\"docker\",\"id\":\"f00d\",\"name\":\"web\","
		       "\"image\":\"nginx:1\",\"state\":\"running\",\"exit_code\":"
		       "null,\"oom_killed\":false,\"started_at\":null,"
		       "\"restarts\":0}",
		0, NULL);
	json_auto_t *first = NULL, *second = NULL;
	struct container c;

	ck_assert_int_eq(container_from_json(value, &c), 0);
	first = container_describe(&c);
	ck_assert(json_equal(first, ended));
	c.state = CONTAINER_RUNNING;
	c.has_exited = false;
	c.started_at = TIMESTAMP_NONE;
	c.restarts = 0;
	second = container_describe(&c);
	ck_assert(json_equal(second, running));
	container_release(&c);
}
END_TEST

START_TEST(copies_and_sorts)
{
	static const char *const rows[][3] = {{"podman", "a", "1"}, {"docker", "b", "1"},
	    {"docker", "a", "2"}, {"docker", "a", "1"}, {"docker", "", "9"}};
	static const char *const sorted[] = {
	    "docker  9", "docker a 1", "docker a 2", "docker b 1", "podman a 1"};
	struct container *c, copy;
	char text[64];

	containers_sort(&all);
	for (size_t i = 0; i < COUNT(rows); i++) {
		c = containers_add(&all);
		container_set_text(&c->runtime, rows[i][0]);
		container_set_text(&c->name, rows[i][1]);
		container_set_text(&c->id, rows[i][2]);
	}
	containers_sort(&all);
	for (size_t i = 0; i < COUNT(sorted); i++) {
		c = &all.list[i];
		(void)snprintf(text, sizeof(text), "%s %s %s", c->runtime, c->name, c->id);
		ck_assert_str_eq(text, sorted[i]);
	}
	container_set_label(c, "l", "old");
	copy = container_copy(c);
	container_set_label(c, "l", "new");
	container_set_text(&c->id, "other");
	ck_assert_str_eq(container_label(&copy, "l"), "old");
	ck_assert_str_eq(copy.id, "1");
	container_release(&copy);
}
END_TEST

Suite *
container_suite(void)
{
	Suite *suite = suite_create("container");
	TCase *tests = tcase_create("container");

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, is_empty_at_first);
	tcase_add_test(tests, makes_texts_utf8_and_cuts_them);
	tcase_add_test(tests, cuts_at_a_character);
	tcase_add_test(tests, takes_a_limited_number_of_labels);
	tcase_add_test(tests, names_its_service);
	tcase_add_test(tests, knows_the_longest_service);
	tcase_add_test(tests, knows_a_crash);
	tcase_add_test(tests, knows_the_signal);
	tcase_add_test(tests, reads_what_is_on_disk);
	tcase_add_test(tests, refuses_what_is_damaged);
	tcase_add_test(tests, refuses_values_out_of_bounds);
	tcase_add_test(tests, describes_itself);
	tcase_add_test(tests, copies_and_sorts);
	suite_add_tcase(suite, tests);
	return suite;
}
