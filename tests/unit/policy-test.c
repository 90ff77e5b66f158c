#include "support.h"

#include <homelab/policy.h>

#include <stdio.h>
#include <string.h>

/* What is parsed lies in memory of just its size, without a NUL. */
static struct policies *
parse(const char *text, struct complaint *why)
{
	size_t length = strlen(text);
	cleanup_free char *copy = memory_resize(NULL, length, 1);

	memcpy(copy, text, length);
	*why = (struct complaint){0};
	return policies_parse(copy, length, why);
}

static struct policies *
good(const char *text)
{
	struct complaint why;
	struct policies *p = parse(text, &why);

	ck_assert_msg(p != NULL, "%lu:%lu: %s\n%s", why.line, why.column, why.reason, text);
	ck_assert_uint_eq(why.line, 0);
	return p;
}

/* "SERVICE ACTION MAX WINDOW BACKOFF", a policy a line, in seconds. */
static void
assert_policies(const char *text, const char *expected)
{
	cleanup_buffer struct buffer got = {0};
	struct policies *p = good(text);

	for (size_t i = 0; i < p->count; i++)
		buffer_text(&got, "%s %s %d %lld %lld\n", p->items[i].service,
		    panic_action_names[p->items[i].action], p->items[i].max_restarts,
		    (long long)(p->items[i].window / SECONDS(1)),
		    (long long)(p->items[i].backoff / SECONDS(1)));
	assert_text(buffer_string(&got), expected, text);
	policies_free(p);
}

#define ON_PANIC(what) "services:\n  a:\n    errors:\n      on_panic: " what "\n"

static const struct {
	const char *text, *expected;
} good_cases[] = {
    {ON_PANIC("{action: shutdown, max_restarts: 7, window: 10m, backoff: 1h}"),
	"a shutdown 7 600 3600\n"},
    {ON_PANIC("{action: isolate}"), "a isolate 5 300 30\n"},
    {ON_PANIC("{action: restart}"), "a restart 5 300 30\n"},
    {ON_PANIC("{max_restarts: 0}"), "a restart 0 300 30\n"},
    {ON_PANIC("{max_restarts: 100, window: 1s, backoff: 1}"), "a restart 100 1 1\n"},
    {ON_PANIC("{max_restarts: '05', window: 7d, backoff: 1d}"), "a restart 5 604800 86400\n"},
    /* Nothing behind it is all defaults. */
    {ON_PANIC("{}"), "a restart 5 300 30\n"},
    {ON_PANIC(""), "a restart 5 300 30\n"},
    {ON_PANIC("~"), "a restart 5 300 30\n"},
    {ON_PANIC("{action: , max_restarts: null, window: ~, backoff: }"), "a restart 5 300 30\n"},
    /* Unknown keys, wherever. */
    {ON_PANIC("{action: isolate, notify: [me]}"), "a isolate 5 300 30\n"},
    {"services: {a: {errors: {on_start: {action: 7}}}}", ""},
    {"x: [1]\nservices: {a: {role: [], monitor: perhaps, errors: }}", ""},
    {"services: {a: {errors: {}}, b: , c: {}}", ""},
    {"services:\n", ""},
    /* By name, whatever their order in the file. */
    {"services: {b: {errors: {on_panic: {action: isolate}}}, c: {},"
     " a: {errors: {on_panic: {max_restarts: 1}}}}",
	"a restart 1 300 30\nb isolate 5 300 30\n"},
    {"services: {w: &x {errors: {on_panic: {action: shutdown}}}, v: *x}",
	"v shutdown 5 300 30\nw shutdown 5 300 30\n"},
};

START_TEST(policies_good)
{
	assert_policies(good_cases[_i].text, good_cases[_i].expected);
}
END_TEST

static const struct {
	const char *text, *expected;
} bad_cases[] = {
    {"", "1:1: no services"},
    {"nodes: {}\n", "1:1: no services"},
    {"services: []\n", "1:11: 'services' must be a mapping"},
    {"services: {a/b: }\n", "1:12: bad service name 'a/b'"},
    {"services: {a: {errors: no}}\n", "1:24: 'errors' must be a mapping"},
    {ON_PANIC("restart"), "4:17: 'on_panic' must be a mapping"},
    {ON_PANIC("[restart]"), "4:17: 'on_panic' must be a mapping"},
    {ON_PANIC("{action: reboot}"), "4:26: unknown word for 'action': 'reboot'"},
    {ON_PANIC("{action: Restart}"), "4:26: unknown word for 'action': 'Restart'"},
    {ON_PANIC("{action: [restart]}"), "4:26: 'action' must be text"},
    {ON_PANIC("{action: '', x: 1}"), "4:26: unknown word for 'action': ''"},
    {ON_PANIC("{max_restarts: 101}"),
	"4:32: 'max_restarts' must be a number from 0 to 100, not '101'"},
    {ON_PANIC("{max_restarts: -1}"),
	"4:32: 'max_restarts' must be a number from 0 to 100, not '-1'"},
    {ON_PANIC("{max_restarts: 5x}"),
	"4:32: 'max_restarts' must be a number from 0 to 100, not '5x'"},
    {ON_PANIC("{max_restarts: ''}"), "4:32: 'max_restarts' must be a number from 0 to 100, not ''"},
    {ON_PANIC("{max_restarts: 4294967296}"),
	"4:32: 'max_restarts' must be a number from 0 to 100, not '4294967296'"},
    {ON_PANIC("{max_restarts: 5/}"),
	"4:32: 'max_restarts' must be a number from 0 to 100, not '5/'"},
    {ON_PANIC("{window: 0}"), "4:26: 'window' must be 1s to 7d, not '0'"},
    {ON_PANIC("{window: 604801}"), "4:26: 'window' must be 1s to 7d, not '604801'"},
    {ON_PANIC("{window: soon}"), "4:26: 'window' must be a duration, not 'soon'"},
    {ON_PANIC("{window: 500ms}"), "4:26: 'window' must be a duration, not '500ms'"},
    {ON_PANIC("{backoff: 0s}"), "4:27: 'backoff' must be 1s to 1d, not '0s'"},
    {ON_PANIC("{backoff: 86401}"), "4:27: 'backoff' must be 1s to 1d, not '86401'"},
    {ON_PANIC("{backoff: {}}"), "4:27: 'backoff' must be text"},
    {ON_PANIC("{backoff: 1s, backoff: 2s}"), "4:31: duplicate key 'backoff'"},
    {"services: {a: {errors: {on_panic: , on_panic: }}}\n", "1:37: duplicate key 'on_panic'"},
    /* The first of several. */
    {ON_PANIC("{window: 0, action: x, backoff: 0}"), "4:26: 'window' must be 1s to 7d, not '0'"},
    {"services: {}\n---\nb: 1\n", "2:1: a second document"},
};

START_TEST(policies_bad)
{
	const char *text = bad_cases[_i].text;
	struct complaint why;
	struct policies *p = parse(text, &why);
	char got[512];

	ck_assert_msg(p == NULL, "good: %s", text);
	(void)snprintf(got, sizeof(got), "%lu:%lu: %s", why.line, why.column, why.reason);
	assert_text(got, bad_cases[_i].expected, text);
}
END_TEST

/* What the agent reads the observer passes over, right or wrong. */
START_TEST(observer_ignores_errors)
{
	struct complaint why = {0};
	const char text[] = ON_PANIC("{action: reboot, window: [], backoff: 0}");
	struct declarations *d = declarations_parse(text, strlen(text), &why);

	ck_assert_ptr_nonnull(d);
	ck_assert_uint_eq(d->count, 1);
	declarations_free(d);
}
END_TEST

START_TEST(policies_found_by_name)
{
	struct policies *p =
	    good("services: {a: {errors: {on_panic: }}, b: , c: {errors: {on_panic: }}}");

	ck_assert_ptr_eq(policies_find(p, "a"), &p->items[0]);
	ck_assert_ptr_eq(policies_find(p, "c"), &p->items[1]);
	ck_assert_ptr_null(policies_find(p, "b"));
	ck_assert_ptr_null(policies_find(p, ""));
	ck_assert_ptr_null(policies_find(p, NULL));
	ck_assert_ptr_null(policies_find(NULL, "a"));
	policies_free(p);
	policies_free(NULL);
}
END_TEST

/* Policies: web, shop, db. What applies, and what is doubted. */
static const struct {
	const char *name, *project, *compose_service, *label;
	const char *applies, *doubted;
} matches[] = {
    {"web", NULL, NULL, NULL, "web", NULL},
    {"0123456789ab_web", NULL, NULL, NULL, "web", NULL},
    {"0123456789a_web", NULL, NULL, NULL, NULL, NULL},
    {"web-1", NULL, NULL, NULL, NULL, NULL},
    {"Web", NULL, NULL, NULL, NULL, NULL},
    /* Each container of a project, and each replica. */
    {"shop-cart-1", "shop", "cart", NULL, "shop", NULL},
    {"shop-cart-2", "shop", "cart", NULL, "shop", NULL},
    {"shop-shop-1", "shop", "shop", NULL, "shop", NULL},
    {"shop-cart-1", "other", "cart", NULL, NULL, NULL},
    /* The name is more to the point than the project. */
    {"web", "shop", "web", NULL, "web", NULL},
    {"web", "shop", "cart", NULL, "web", NULL},
    /* A label alone makes no policy, but a doubt. */
    {"stack-web-1", "stack", "web", NULL, NULL, "web"},
    {"nginx", NULL, NULL, "web", NULL, "web"},
    {"nginx", NULL, NULL, "unheard", NULL, NULL},
    {"db", NULL, NULL, "web", "db", "web"},
    {"shop-db-1", "shop", "db", NULL, "shop", "db"},
    {"shop-db-1", "shop", "db", "shop", "shop", NULL},
    {"db", NULL, NULL, "backend", "db", NULL},
    {"", NULL, NULL, NULL, NULL, NULL},
};

static void
label(struct container *c, const char *name, const char *value)
{
	if (value != NULL)
		container_set_label(c, name, value);
}

START_TEST(policy_of_container)
{
	static const char text[] = "services: {web: {errors: {on_panic: }},"
				   " shop: {errors: {on_panic: }}, db: {errors: {on_panic: }}}";
	struct policies *p = good(text);
	struct containers all = {0};
	struct container *c = containers_add(&all);
	const struct policy *doubted = &policy_default, *applies;

	container_set_text(&c->name, matches[_i].name);
	label(c, "com.docker.compose.project", matches[_i].project);
	label(c, "com.docker.compose.service", matches[_i].compose_service);
	label(c, "homelab.service", matches[_i].label);
	applies = policy_for(p, c, &doubted);
	ck_assert_pstr_eq(applies != NULL ? applies->service : NULL, matches[_i].applies);
	ck_assert_pstr_eq(doubted != NULL ? doubted->service : NULL, matches[_i].doubted);
	ck_assert_ptr_null(policy_for(NULL, c, &doubted));
	ck_assert_ptr_null(doubted);
	containers_release(&all);
	policies_free(p);
}
END_TEST

Suite *
policy_suite(void)
{
	Suite *suite = suite_create("policy");
	TCase *all = tcase_create("all");

	tcase_add_loop_test(all, policies_good, 0, COUNT(good_cases));
	tcase_add_loop_test(all, policies_bad, 0, COUNT(bad_cases));
	tcase_add_test(all, observer_ignores_errors);
	tcase_add_test(all, policies_found_by_name);
	tcase_add_loop_test(all, policy_of_container, 0, COUNT(matches));
	suite_add_tcase(suite, all);
	return suite;
}
