#include <homelab/inventory.h>

#include <check.h>
#include <stdio.h>
#include <string.h>

Suite *inventory_suite(void);

/* Every text that is parsed lies in memory of just its size, without a NUL. */
static char *
exact_copy(const char *text, size_t length)
{
	char *copy = memory_resize(NULL, length, 1);

	memcpy(copy, text, length);
	return copy;
}

static struct topology *
parse_bytes(const char *text, size_t length, const char *map, bool *in_map, struct complaint *why)
{
	cleanup_free char *copy = exact_copy(text, length);

	*why = (struct complaint){0};
	return topology_parse(copy, length, map, in_map, why);
}

static struct topology *
good_with_map(const char *text, const char *map)
{
	struct complaint why;
	bool in_map = true;
	struct topology *t = parse_bytes(text, strlen(text), map, &in_map, &why);

	ck_assert_msg(t != NULL, "%lu:%lu: %s\n%s", why.line, why.column, why.reason, text);
	ck_assert(!in_map);
	ck_assert_uint_eq(why.line, 0);
	return t;
}

static struct topology *
good(const char *text)
{
	return good_with_map(text, NULL);
}

static void
assert_complaint(const struct complaint *why, const char *expected, const char *text)
{
	char got[512];

	(void)snprintf(got, sizeof(got), "%lu:%lu: %s", why->line, why->column, why->reason);
	ck_assert_msg(
	    strcmp(got, expected) == 0, "got \"%s\", not \"%s\", of\n%s", got, expected, text);
}

static void
assert_bad_bytes(const char *text, size_t length, const char *expected)
{
	struct complaint why;
	bool in_map = true;
	struct topology *t = parse_bytes(text, length, NULL, &in_map, &why);

	ck_assert_msg(t == NULL, "good: %s", text);
	ck_assert(!in_map);
	assert_complaint(&why, expected, text);
}

static void
assert_bad(const char *text, const char *expected)
{
	assert_bad_bytes(text, strlen(text), expected);
}

static struct declarations *
declared(const char *text)
{
	cleanup_free char *copy = exact_copy(text, strlen(text));
	struct complaint why = {0};
	struct declarations *d = declarations_parse(copy, strlen(text), &why);

	ck_assert_msg(d != NULL, "%lu:%lu: %s\n%s", why.line, why.column, why.reason, text);
	return d;
}

static void
assert_undeclared(const char *text, const char *expected)
{
	cleanup_free char *copy = exact_copy(text, strlen(text));
	struct complaint why = {0};
	struct declarations *d = declarations_parse(copy, strlen(text), &why);

	ck_assert_msg(d == NULL, "good: %s", text);
	assert_complaint(&why, expected, text);
}

struct bad_case {
	const char *text, *expected;
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char example[] = "# inventory/topology.yaml\n"
			      "nodes:\n"
			      "  piha:\n"
			      "    roles: [infra, monitoring]\n"
			      "    services: [node-agent, mosquitto]     # informative\n"
			      "  chelsty-infra:\n"
			      "    roles: [edge-hypervisor]\n"
			      "    aliases: [chelsty]\n"
			      "    heartbeat_ttl: 6h\n"
			      "    connectivity: intermittent\n";

/* Rule: I1 */
START_TEST(topology_example)
{
	struct topology *t = good(example);
	const struct topology_node *piha = topology_find(t, "piha");
	const struct topology_node *infra = topology_find(t, "chelsty-infra");

	ck_assert_uint_eq(t->node_count, 2);
	ck_assert_ptr_eq(infra, &t->nodes[0]);
	ck_assert_ptr_eq(piha, &t->nodes[1]);
	ck_assert_uint_eq(piha->role_count, 2);
	ck_assert_str_eq(piha->roles[0], "infra");
	ck_assert_str_eq(piha->roles[1], "monitoring");
	ck_assert_uint_eq(piha->alias_count, 0);
	ck_assert_int_eq(piha->heartbeat_ttl, MINUTES(15));
	ck_assert(!piha->intermittent);
	ck_assert_int_eq(infra->heartbeat_ttl, HOURS(6));
	ck_assert(infra->intermittent);
	ck_assert_uint_eq(infra->alias_count, 1);
	ck_assert_str_eq(infra->aliases[0], "chelsty");
	ck_assert_ptr_null(topology_find(t, "chelsty"));
	topology_free(t);
}
END_TEST

/* Rule: I1 */
START_TEST(declarations_example)
{
	struct declarations *d = declared("# hosts/piha/services.yaml\n"
					  "services:\n"
					  "  mosquitto:\n"
					  "    role: broker\n"
					  "    monitor: false\n"
					  "    heartbeat_ttl: 36h\n"
					  "    depends_on: {local: [], external: [vps/traefik]}\n"
					  "  grafana:\n");
	const struct declaration *mosquitto = declarations_find(d, "mosquitto");
	const struct declaration *grafana = declarations_find(d, "grafana");

	ck_assert_uint_eq(d->count, 2);
	ck_assert_ptr_eq(grafana, &d->items[0]);
	ck_assert_ptr_eq(mosquitto, &d->items[1]);
	ck_assert_str_eq(mosquitto->role, "broker");
	ck_assert(!mosquitto->monitored);
	ck_assert_int_eq(mosquitto->heartbeat_ttl, HOURS(36));
	ck_assert_ptr_null(grafana->role);
	ck_assert(grafana->monitored);
	ck_assert_int_eq(grafana->heartbeat_ttl, HOURS(24));
	ck_assert_ptr_null(declarations_find(d, "traefik"));
	declarations_free(d);
}
END_TEST

/* Rule: I1 */
START_TEST(flow_style_and_block_style_are_the_same)
{
	struct topology *block = good(example);
	struct topology *flow =
	    good("\xef\xbb\xbf%YAML 1.1\n---\n"
		 "{nodes: {chelsty-infra: {connectivity: 'intermittent', heartbeat_ttl: \"6h\", "
		 "\"aliases\": ['chelsty'], roles: [\"edge-hypervisor\"]}, 'piha': {roles: "
		 "[infra, monitoring], unknown: {a: [b]}}}, unknown: [1, 2]}\n...\n# end\n");
	struct topology *dashes = good("nodes:\r\n"
				       "  chelsty-infra:\r\n"
				       "    roles:\r\n"
				       "    - edge-hypervisor\r\n"
				       "    aliases:\r\n"
				       "      - chelsty\r\n"
				       "    heartbeat_ttl: 360m\r\n"
				       "    connectivity: intermittent\r\n"
				       "  piha:\r\n"
				       "    roles:\r\n"
				       "    - infra # first\r\n"
				       "    - >-\r\n"
				       "      monitoring\r\n");

	ck_assert(topology_same(block, flow));
	ck_assert(topology_same(block, dashes));
	topology_free(block);
	topology_free(flow);
	topology_free(dashes);
}
END_TEST

/* Rule: I1 */
START_TEST(scalars_are_text)
{
	struct topology *t =
	    good("nodes:\n"
		 "  1:\n"
		 "    roles: [1, 0x10, true, 1.50, 2026-05-12, '', '~', \"null\"]\n"
		 "  null:\n"
		 "  yes: {heartbeat_ttl: 90, connectivity: \"permanent\"}\n");
	const char *const roles[] = {"1", "0x10", "true", "1.50", "2026-05-12", "", "~", "null"};
	struct declarations *d = declared("services: {5: {role: 010}, ~: {role: \"null\"}, "
					  "'a b': {role: ''}, \"\\u00fc\": {role: \"~\"}}");

	ck_assert_uint_eq(t->node_count, 3);
	ck_assert_str_eq(t->nodes[1].name, "null");
	ck_assert_int_eq(topology_find(t, "yes")->heartbeat_ttl, SECONDS(90));
	ck_assert_uint_eq(t->nodes[0].role_count, COUNT(roles));
	for (size_t i = 0; i < COUNT(roles); i++)
		ck_assert_str_eq(t->nodes[0].roles[i], roles[i]);
	ck_assert_uint_eq(d->count, 4);
	ck_assert_str_eq(declarations_find(d, "5")->role, "010");
	ck_assert_str_eq(declarations_find(d, "~")->role, "null");
	ck_assert_str_eq(declarations_find(d, "a b")->role, "");
	ck_assert_str_eq(declarations_find(d, "\xc3\xbc")->role, "~");
	topology_free(t);
	declarations_free(d);
}
END_TEST

static const char *const nulls[] = {"", "~", "null", "Null", "NULL", "# comment"};

/* Rule: I1 */
START_TEST(no_value_means_the_default_in_a_topology)
{
	struct topology *bare = good("nodes: {a: {}}");
	char text[256];

	(void)snprintf(text, sizeof(text), "nodes:\n  a: %s\n", nulls[_i]);
	struct topology *node = good(text);
	(void)snprintf(text, sizeof(text),
	    "nodes:\n  a:\n    roles: %s\n    aliases: %s\n    heartbeat_ttl: %s\n"
	    "    connectivity: %s\n",
	    nulls[_i], nulls[_i], nulls[_i], nulls[_i]);
	struct topology *keys = good(text);

	ck_assert(topology_same(bare, node));
	ck_assert(topology_same(bare, keys));
	ck_assert_int_eq(keys->nodes[0].heartbeat_ttl, NODE_TTL_DEFAULT);
	ck_assert_uint_eq(keys->nodes[0].role_count, 0);
	topology_free(bare);
	topology_free(node);
	topology_free(keys);
}
END_TEST

/* Rule: I1 */
START_TEST(no_value_means_the_default_in_declarations)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
	    "services:\n  a: %s\n  b:\n    role: %s\n    monitor: %s\n    heartbeat_ttl: %s\n",
	    nulls[_i], nulls[_i], nulls[_i], nulls[_i]);
	struct declarations *d = declared(text);

	ck_assert_uint_eq(d->count, 2);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_ptr_null(d->items[i].role);
		ck_assert(d->items[i].monitored);
		ck_assert_int_eq(d->items[i].heartbeat_ttl, SERVICE_TTL_DEFAULT);
	}
	declarations_free(d);
}
END_TEST

/* Rule: I1 */
START_TEST(words_of_monitor)
{
	static const struct {
		const char *text;
		bool monitored;
	} words[] = {
	    {"true", true},
	    {"True", true},
	    {"YES", true},
	    {"yes", true},
	    {"oN", true},
	    {"'on'", true},
	    {"false", false},
	    {"FALSE", false},
	    {"No", false},
	    {"\"no\"", false},
	    {"off", false},
	    {"OFF", false},
	};

	for (size_t i = 0; i < COUNT(words); i++) {
		char text[64];

		(void)snprintf(text, sizeof(text), "services: {a: {monitor: %s}}", words[i].text);
		struct declarations *d = declared(text);

		ck_assert_msg(d->items[0].monitored == words[i].monitored, "%s", text);
		declarations_free(d);
	}
}
END_TEST

/* Rule: I1 */
START_TEST(texts_of_durations)
{
	static const struct {
		const char *text;
		timestamp expected;
	} durations[] = {
	    {"0", 0},
	    {"90", SECONDS(90)},
	    {"30s", SECONDS(30)},
	    {"15m", MINUTES(15)},
	    {"'6h'", HOURS(6)},
	    {"7d", DAYS(7)},
	};

	for (size_t i = 0; i < COUNT(durations); i++) {
		char text[64];

		(void)snprintf(
		    text, sizeof(text), "services: {a: {heartbeat_ttl: %s}}", durations[i].text);
		struct declarations *d = declared(text);
		(void)snprintf(
		    text, sizeof(text), "nodes: {a: {heartbeat_ttl: %s}}", durations[i].text);
		struct topology *t = good(text);

		ck_assert_int_eq(d->items[0].heartbeat_ttl, durations[i].expected);
		ck_assert_int_eq(t->nodes[0].heartbeat_ttl, durations[i].expected);
		declarations_free(d);
		topology_free(t);
	}
}
END_TEST

/* Rule: I1 */
START_TEST(what_is_not_looked_at)
{
	struct topology *bare = good("nodes: {a: {}}");
	struct topology *t = good("nodes:\n"
				  "  a:\n"
				  "    services: {x: [1], x: 2, [3]: ~}\n"
				  "    unknown: {x: [1], x: 2, [3]: ~}\n"
				  "unknown: {x: [1], x: 2, {y: z}: ~}\n"
				  "services: 5\n");
	struct declarations *d = declared("services:\n"
					  "  a:\n"
					  "    depends_on: {x: [1], x: 2, [3]: ~}\n"
					  "    image: {x: 1, x: 2}\n"
					  "version: {x: 1, x: 2}\n");

	ck_assert(topology_same(bare, t));
	ck_assert_uint_eq(d->count, 1);
	topology_free(bare);
	topology_free(t);
	declarations_free(d);
}
END_TEST

/* Rule: I1 */
START_TEST(yaml_aliases)
{
	struct topology *plain = good("nodes:\n"
				      "  a: {roles: [x, y], heartbeat_ttl: 6h}\n"
				      "  b: {roles: [x, y], heartbeat_ttl: 6h}\n"
				      "  c: {roles: [x, y], heartbeat_ttl: 6h}\n");
	struct topology *t = good("nodes:\n"
				  "  a: &a {roles: &roles [&x x, y], heartbeat_ttl: &ttl 6h}\n"
				  "  b: *a\n"
				  "  c: {roles: *roles, heartbeat_ttl: *ttl, other: *x}\n");

	ck_assert(topology_same(plain, t));
	topology_free(plain);
	topology_free(t);

	t = good("{name: &n b, nodes: {*n : {}}}");
	ck_assert_str_eq(t->nodes[0].name, "b");
	topology_free(t);
}
END_TEST

/* Rule: I1 */
START_TEST(yaml_aliases_that_cycle)
{
	struct topology *t = good("&top\nnodes: &nodes\n  a: *nodes\n  b: &b {unknown: *b}\n"
				  "  c: *top\nagain: *top\n");

	ck_assert_uint_eq(t->node_count, 3);
	topology_free(t);
	t = good("&top\nnodes: *top\n");
	ck_assert_str_eq(t->nodes[0].name, "nodes");
	topology_free(t);
	assert_bad("nodes: {a: {roles: &r [*r]}}", "1:20: an entry of 'roles' must be text");
}
END_TEST

/* Rule: I1 */
START_TEST(yaml_aliases_that_multiply)
{
	struct buffer b = {0};
	struct complaint why = {0};
	bool in_map;

	buffer_text(&b, "text: &x ");
	for (int i = 0; i < 100000; i++)
		buffer_text(&b, "x");
	buffer_text(&b, "\nnodes: {a: {roles: [");
	for (int i = 0; i < 10000; i++)
		buffer_text(&b, "*x,");
	buffer_text(&b, "]}}\n");
	ck_assert_ptr_null(topology_parse(buffer_string(&b), b.length, NULL, &in_map, &why));
	assert_complaint(&why, "1:7: aliases make it too large", "many");
	buffer_release(&b);
}
END_TEST

/* Keys are read for each alias of their mapping: 400 times 1,000 are more than a small
 * file may have, 100 times aren't. Rule: I1 */
START_TEST(yaml_keys_that_multiply)
{
	for (int aliases = 100; aliases <= 400; aliases += 300) {
		cleanup_buffer struct buffer b = {0};
		struct complaint why = {0};
		struct topology *t;
		bool in_map;

		buffer_text(&b, "nodes:\n  n: &n {");
		for (int i = 0; i < 1000; i++)
			buffer_text(&b, "%d: ,", i);
		buffer_text(&b, "}\n");
		for (int i = 0; i < aliases; i++)
			buffer_text(&b, "  n%d: *n\n", i);
		t = topology_parse(buffer_string(&b), b.length, NULL, &in_map, &why);
		ck_assert_int_eq(t != NULL, aliases == 100);
		if (t == NULL)
			assert_complaint(&why, "2:10: aliases make it too large", "keys");
		topology_free(t);
	}
}
END_TEST

/* What was being read is told with what isn't there. Rule: I1 */
START_TEST(bad_yaml_is_explained)
{
	assert_bad("nodes:\n  a: [\n",
	    "3:1: while parsing a flow node: did not find expected node content");
	assert_bad("nodes:\n  a: *b\n", "2:6: found undefined alias");
	assert_bad("nodes: {a: {}\n",
	    "2:1: while parsing a flow mapping: did not find expected ',' or '}'");
}
END_TEST

/* As an empty file. Rule: I1 I2 */
START_TEST(nothing_but_a_byte_order_mark)
{
	struct complaint why = {0};
	struct declarations *d = declarations_parse("\xef\xbb\xbf", 3, &why);

	ck_assert_ptr_null(d);
	assert_complaint(&why, "1:1: no services", "mark");
}
END_TEST

static const struct bad_case topology_cases[] = {
    /* values of another kind */
    {"nodes:\n  a: {roles: infra}\n", "2:14: 'roles' must be a list"},
    {"nodes:\n  a: {roles: ''}\n", "2:14: 'roles' must be a list"},
    {"nodes:\n  a:\n    roles: {x: y}\n", "3:12: 'roles' must be a list"},
    {"nodes:\n  a:\n    aliases: b\n", "3:14: 'aliases' must be a list"},
    {"nodes:\n  a:\n    heartbeat_ttl: [6h]\n", "3:20: 'heartbeat_ttl' must be text"},
    {"nodes:\n  a:\n    connectivity:\n      x: y\n", "4:7: 'connectivity' must be text"},
    {"nodes:\n  a:\n    roles: [x, [y]]\n", "3:16: an entry of 'roles' must be text"},
    {"nodes:\n  a:\n    roles:\n    - x\n    - ~\n", "5:7: an entry of 'roles' must be text"},
    {"nodes:\n  a:\n    aliases:\n    - null\n", "4:7: an entry of 'aliases' must be text"},
    {"nodes: [a, b]\n", "1:8: 'nodes' must be a mapping"},
    {"nodes: a\n", "1:8: 'nodes' must be a mapping"},
    {"nodes: ''\n", "1:8: 'nodes' must be a mapping"},
    {"nodes:\n  a: text\n", "2:6: node 'a' must be a mapping"},
    {"nodes:\n  a:\n  - b\n", "3:3: node 'a' must be a mapping"},
    {"- nodes\n", "1:1: the top level must be a mapping"},
    {"# a comment\n  nodes\n", "2:3: the top level must be a mapping"},
    {"''\n", "1:1: the top level must be a mapping"},
    /* unknown words, bad durations */
    {"nodes:\n  a: {connectivity: sometimes}\n",
	"2:21: unknown word for 'connectivity': 'sometimes'"},
    {"nodes:\n  a: {connectivity: Permanent}\n",
	"2:21: unknown word for 'connectivity': 'Permanent'"},
    {"nodes:\n  a: {connectivity: ''}\n", "2:21: unknown word for 'connectivity': ''"},
    {"nodes:\n  a: {heartbeat_ttl: 6 h}\n", "2:22: 'heartbeat_ttl' must be a duration, not '6 h'"},
    {"nodes:\n  a: {heartbeat_ttl: -1}\n", "2:22: 'heartbeat_ttl' must be a duration, not '-1'"},
    {"nodes:\n  a: {heartbeat_ttl: '~'}\n", "2:22: 'heartbeat_ttl' must be a duration, not '~'"},
    {"nodes:\n  a: {heartbeat_ttl: 99999999999d}\n",
	"2:22: 'heartbeat_ttl' must be a duration, not '99999999999d'"},
    /* duplicate keys, also of unknown ones */
    {"nodes: {}\nx: 1\nnodes: {}\n", "3:1: duplicate key 'nodes'"},
    {"nodes: {a: {}}\nx: 1\n'x': 2\n\"x\": 3\n", "3:1: duplicate key 'x'"},
    {"nodes:\n  b: {}\n  a: {}\n  b: {}\n", "4:3: duplicate key 'b'"},
    {"nodes:\n  a: {roles: [x], roles: [y]}\n", "2:19: duplicate key 'roles'"},
    {"nodes:\n  a: {services: [x], services: [y]}\n", "2:22: duplicate key 'services'"},
    {"nodes:\n  a: {<<: {}, <<: {}}\n", "2:15: duplicate key '<<'"},
    /* bad names */
    {"nodes:\n  a: {}\n  -b: {}\n", "3:3: bad node name '-b'"},
    {"nodes:\n  '': {}\n", "2:3: bad node name ''"},
    {"nodes:\n  a/b: text\n", "2:3: bad node name 'a/b'"},
    {"nodes:\n  k\xc3\xbche: {}\n", "2:3: bad node name 'k\\xc3\\xbche'"},
    {"nodes:\n  \"a\\n\\e[1m\": {}\n", "2:3: bad node name 'a\\x0a\\x1b[1m'"},
    {"nodes:\n  \"a\\0b\": {}\n", "2:3: key 'a' has a NUL behind that"},
    {"nodes:\n  a: {aliases: [b, c d]}\n", "2:20: bad alias 'c d'"},
    {"nodes:\n  a: {aliases: ['']}\n", "2:17: bad alias ''"},
    {"nodes:\n  "
     "1234567890123456789012345678901234567890123456789012345678901234567890: {}\n",
	"2:3: bad node name "
	"'123456789012345678901234567890123456789012345678901234567890123'"},
    /* keys that aren't text */
    {"[nodes]: {}\n", "1:1: a key must be text"},
    {"nodes:\n  a: {}\n  ? {b: c}\n  : {}\n", "3:5: a key must be text"},
    {"nodes:\n  a:\n    ? [roles]\n    : x\n", "3:7: a key must be text"},
    /* NULs */
    {"nodes:\n  a: {roles: [\"x\\0y\"]}\n", "2:15: an entry of 'roles' must be text"},
    {"nodes:\n  a: {connectivity: \"permanent\\0\"}\n", "2:21: 'connectivity' has a NUL"},
    /* a second document */
    {"nodes: {a: {}}\n---\nnodes: {b: {}}\n", "2:1: a second document"},
    {"nodes: {a: {}}\n---\n", "2:1: a second document"},
    {"nodes: {a: {}}\n...\n--- b\n", "3:1: a second document"},
    {"---\n---\nnodes: {a: {}}\n", "2:1: a second document"},
    /* no node */
    {"", "1:1: lists no node"},
    {"# nothing\n\n", "1:1: lists no node"},
    {"---\n", "1:1: lists no node"},
    {"~\n", "1:1: lists no node"},
    {"{}\n", "1:1: lists no node"},
    {"\n\nservices: {}\n", "1:1: lists no node"},
    {"# none yet\nnodes:\n", "2:7: lists no node"},
    {"# none yet\nnodes: {}\n", "2:8: lists no node"},
    {"# none yet\nnodes: ~\n", "2:8: lists no node"},
    /* two nodes' alias: at the later one */
    {"nodes:\n  b: {aliases: [x]}\n  a: {aliases: [y, x]}\n",
	"3:20: alias 'x' of both 'b' and 'a'"},
    {"nodes:\n  a: {aliases: [x]}\n  b: {aliases: [x]}\n  c: {aliases: [x]}\n",
	"3:17: alias 'x' of both 'a' and 'b'"},
    /* of several the first in the file */
    {"nodes:\n  a: {roles: x}\n  b: {connectivity: y}\n  a: {}\n", "2:14: 'roles' must be a list"},
    {"x: 1\nx: 1\nnodes: [1]\n", "2:1: duplicate key 'x'"},
    {"nodes: 5\n---\n", "1:8: 'nodes' must be a mapping"},
};

/* Rule: I1 */
START_TEST(bad_topologies)
{
	assert_bad(topology_cases[_i].text, topology_cases[_i].expected);
}
END_TEST

static const struct bad_case yaml_cases[] = {
    {"nodes:\n  a: [\n", "3:1: "},
    {"nodes:\n  a: {}\n b: {}\n", "3:2: "},
    {"nodes:\n\ta: {}\n", "2:1: "},
    {"nodes:\n  a: *b\n", "2:6: "},
    {"nodes:\n  a: 'x\n", "3:1: "},
    {"nodes: {a: {}}\n---\n[", "4:1: "},
    {"nodes: {a: {}}\n...\nb: {}\n", "3:1: "},
    {"nodes: \"\\ud800\"", "1:11: "},
    {"n\xc3\xb6:\n  \xc3\xb6\xc3\xb6 \x01\n", "2:6: "},
    {"n\xc3\xb6:\n  \xc3\xb6\xc3\xb6\xff\n", "2:5: "},
    {"nodes: {\xc0\x80: {}}", "1:9: "},
    {"nodes: {\xed\xa0\x80: {}}", "1:9: "},
    {"nodes: {\xf5\x80\x80\x80: {}}", "1:9: "},
    {"nodes: {a: {}} # \xc3", "1:18: "},
    {"\xef\xbb\xbfnodes: [\n", "2:1: "},
    {"\xff\xfen", "1:1: "},
};

/* Rule: I1 */
START_TEST(bad_yaml)
{
	struct complaint why;
	bool in_map;
	char position[64];
	const char *text = yaml_cases[_i].text;

	ck_assert_ptr_null(parse_bytes(text, strlen(text), NULL, &in_map, &why));
	(void)snprintf(position, sizeof(position), "%lu:%lu: ", why.line, why.column);
	ck_assert_msg(strcmp(position, yaml_cases[_i].expected) == 0, "%s%s of %s", position,
	    why.reason, text);
	ck_assert_uint_gt(strlen(why.reason), 0);
}
END_TEST

/* Rule: I1 */
START_TEST(bytes_that_are_no_text)
{
	static const char nul[] = "nodes:\n  a: {}\n  # \0\n";
	static const char utf16[] = "\xff\xfen\0o\0d\0e\0s\0:\0{\0a\0:\0}\0";

	assert_bad_bytes(nul, sizeof(nul) - 1, "3:5: control characters are not allowed");
	assert_bad_bytes(utf16, sizeof(utf16) - 1, "1:1: invalid leading UTF-8 octet");
}
END_TEST

/* Rule: I2, I5 */
START_TEST(a_buffer_without_data_is_an_empty_file)
{
	struct complaint why;
	bool in_map;

	ck_assert_ptr_null(topology_parse(NULL, 0, NULL, &in_map, &why));
	assert_complaint(&why, "1:1: lists no node", "");
	ck_assert_ptr_null(declarations_parse(NULL, 0, &why));
	assert_complaint(&why, "1:1: no services", "");
}
END_TEST

/* Rule: I1 */
START_TEST(reasons_are_one_printable_line)
{
	struct buffer b = {0};
	struct complaint why;
	bool in_map;

	buffer_text(&b, "nodes: {\"");
	for (int i = 0; i < 200; i++)
		buffer_text(&b, "\\x01");
	buffer_text(&b, "\": {}}");
	ck_assert_ptr_null(parse_bytes((char *)b.data, b.length, NULL, &in_map, &why));
	ck_assert_uint_lt(strlen(why.reason), sizeof(why.reason));
	ck_assert_uint_gt(strlen(why.reason), 200);
	ck_assert_str_eq(why.reason + strlen(why.reason) - 4, "\\x01");
	buffer_release(&b);
}
END_TEST

static const struct bad_case declarations_cases[] = {
    {"services:\n  a: {role: [x]}\n", "2:13: 'role' must be text"},
    {"services:\n  a: {role: {x: y}}\n", "2:13: 'role' must be text"},
    {"services:\n  a: {monitor: [true]}\n", "2:16: 'monitor' must be text"},
    {"services:\n  a: {monitor: maybe}\n", "2:16: unknown word for 'monitor': 'maybe'"},
    {"services:\n  a: {monitor: 1}\n", "2:16: unknown word for 'monitor': '1'"},
    {"services:\n  a: {monitor: ''}\n", "2:16: unknown word for 'monitor': ''"},
    {"services:\n  a: {monitor: \"~\"}\n", "2:16: unknown word for 'monitor': '~'"},
    {"services:\n  a: {heartbeat_ttl: soon}\n",
	"2:22: 'heartbeat_ttl' must be a duration, not 'soon'"},
    {"services:\n  a: {heartbeat_ttl: {h: 1}}\n", "2:22: 'heartbeat_ttl' must be text"},
    {"services:\n  a:\n  b:\n  a:\n", "4:3: duplicate key 'a'"},
    {"services:\n  a:\n    role: x\n    role: y\n", "4:5: duplicate key 'role'"},
    {"services:\n  a: {image: x, image: y}\n", "2:17: duplicate key 'image'"},
    {"services:\n  a: {depends_on: x, depends_on: y}\n", "2:22: duplicate key 'depends_on'"},
    {"services: {}\nservices: {}\n", "2:1: duplicate key 'services'"},
    {"services:\n  a/b:\n", "2:3: bad service name 'a/b'"},
    {"services:\n  \"a\\u0000b\":\n", "2:3: key 'a' has a NUL behind that"},
    {"services:\n  \"\\x7f\":\n", "2:3: bad service name '\\x7f'"},
    {"services:\n  '':\n", "2:3: bad service name ''"},
    {"services:\n  a: [x]\n", "2:6: service 'a' must be a mapping"},
    {"services:\n  a: x\n", "2:6: service 'a' must be a mapping"},
    {"services:\n- a\n", "2:1: 'services' must be a mapping"},
    {"services: a\n", "1:11: 'services' must be a mapping"},
    {"services:\n  ? [a]\n  : {}\n", "2:5: a key must be text"},
    {"- services\n", "1:1: the top level must be a mapping"},
    {"services: {}\n---\nservices: {}\n", "2:1: a second document"},
    {"", "1:1: no services"},
    {"# nothing yet\n", "1:1: no services"},
    {"~", "1:1: no services"},
    {"{}\n", "1:1: no services"},
    {"\nservice: {a: {}}\n", "1:1: no services"},
};

/* Rule: I1, I5 */
START_TEST(bad_declarations)
{
	assert_undeclared(declarations_cases[_i].text, declarations_cases[_i].expected);
}
END_TEST

/* Rule: I5 */
START_TEST(empty_services_declare_nothing)
{
	static const char *const texts[] = {
	    "services:\n", "services: {}\n", "services: ~\n", "services: null\nversion: 2\n"};

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct declarations *d = declared(texts[i]);

		ck_assert_uint_eq(d->count, 0);
		ck_assert_ptr_null(declarations_find(d, "a"));
		declarations_free(d);
	}
}
END_TEST

/* Rule: I4 */
START_TEST(directories_of_nodes)
{
	struct topology *t = good(example);

	ck_assert_str_eq(topology_node_of(t, "piha"), "piha");
	ck_assert_str_eq(topology_node_of(t, "chelsty-infra"), "chelsty-infra");
	ck_assert_str_eq(topology_node_of(t, "chelsty"), "chelsty-infra");
	ck_assert_ptr_null(topology_node_of(t, "vps"));
	ck_assert_ptr_null(topology_node_of(t, ""));
	topology_free(t);
}
END_TEST

/* Rule: I4 */
START_TEST(a_name_in_the_topology_is_never_an_alias)
{
	struct topology *t = good_with_map("nodes:\n"
					   "  a: {aliases: [b, a, old, old]}\n"
					   "  c: {aliases: [b]}\n"
					   "  b: {}\n",
	    "{\"a\": \"b\", \"c\": \"a\"}");

	ck_assert_str_eq(topology_node_of(t, "a"), "a");
	ck_assert_str_eq(topology_node_of(t, "b"), "b");
	ck_assert_str_eq(topology_node_of(t, "c"), "c");
	ck_assert_str_eq(topology_node_of(t, "old"), "a");
	ck_assert_uint_eq(t->alias_count, 1);
	ck_assert_uint_eq(t->nodes[0].alias_count, 1);
	ck_assert_uint_eq(t->nodes[1].alias_count, 0);
	topology_free(t);
}
END_TEST

/* Rule: I4 */
START_TEST(the_map_adds_to_the_file)
{
	struct topology *t = good_with_map("nodes:\n"
					   "  a: {aliases: [x, m]}\n"
					   "  b: {aliases: [y]}\n",
	    "{\"z\": \"a\", \"x\": \"b\", \"y\": \"b\", \"h\": \"a\", \"gone\": \"nobody\", "
	    "\"step\": \"x\"}");
	const struct topology_node *a = topology_find(t, "a"), *b = topology_find(t, "b");
	const char *const of_a[] = {"h", "m", "x", "z"};

	ck_assert_uint_eq(a->alias_count, COUNT(of_a));
	for (size_t i = 0; i < COUNT(of_a); i++) {
		ck_assert_str_eq(a->aliases[i], of_a[i]);
		ck_assert_str_eq(topology_node_of(t, of_a[i]), "a");
	}
	ck_assert_uint_eq(b->alias_count, 1);
	ck_assert_str_eq(topology_node_of(t, "y"), "b");
	ck_assert_uint_eq(t->alias_count, 5);
	for (size_t i = 1; i < t->alias_count; i++)
		ck_assert_int_lt(strcmp(t->aliases[i - 1].alias, t->aliases[i].alias), 0);
	ck_assert_ptr_null(topology_node_of(t, "gone"));
	ck_assert_ptr_null(topology_node_of(t, "step"));
	topology_free(t);
}
END_TEST

static const struct bad_case bad_maps[] = {
    {"[]", "1:1: not a JSON object"},
    {"\"a\"", "1:1: not a JSON object"},
    {"null", "1:1: not a JSON object"},
    {" ", "1:1: not JSON: "},
    {"chelsty=chelsty-infra", "1:1: not JSON: "},
    {"{\"a\": \"b\"", "1:1: not JSON: "},
    {"{\"a\": \"b\"} x", "1:1: not JSON: "},
    {"{\"a\": \"b\", \"a\": \"b\"}", "1:1: not JSON: "},
    {"{\"a\": \"\xff\"}", "1:1: not JSON: "},
    {"{\"a\": 1}", "1:1: 'a' must be text"},
    {"{\"a\": null}", "1:1: 'a' must be text"},
    {"{\"a\": [\"b\"]}", "1:1: 'a' must be text"},
    {"{\"a b\": \"c\"}", "1:1: bad alias 'a b'"},
    {"{\"\": \"c\"}", "1:1: bad alias ''"},
    {"{\"a\": \"b/c\"}", "1:1: bad node name 'b/c'"},
    {"{\"a\": \"\"}", "1:1: bad node name ''"},
    {"{\"a\": \"b\\nc\"}", "1:1: bad node name 'b\\x0ac'"},
};

/* Rule: I4 */
START_TEST(a_bad_map_fails_the_whole)
{
	const char *map = bad_maps[_i].text, *expected = bad_maps[_i].expected;
	struct complaint why;
	bool in_map = false;

	ck_assert_ptr_null(parse_bytes(example, strlen(example), map, &in_map, &why));
	ck_assert(in_map);
	ck_assert_uint_eq(why.line, 1);
	ck_assert_uint_eq(why.column, 1);
	ck_assert_msg(strncmp(why.reason, expected + 5, strlen(expected + 5)) == 0, "%s: %s", map,
	    why.reason);
	for (const char *p = why.reason; *p != '\0'; p++)
		ck_assert(*p >= 0x20 && *p <= 0x7e);
	ck_assert_ptr_null(topology_of_map(map, &why));
	ck_assert_ptr_null(parse_bytes("nodes: 5", 8, map, &in_map, &why));
	ck_assert(!in_map);
	assert_complaint(&why, "1:8: 'nodes' must be a mapping", map);
}
END_TEST

/* Rule: I4 */
START_TEST(an_empty_map_is_none)
{
	struct topology *without = good(example), *with = good_with_map(example, "");
	struct topology *empty = good_with_map(example, "{}");

	ck_assert(topology_same(without, with));
	ck_assert(topology_same(without, empty));
	topology_free(without);
	topology_free(with);
	topology_free(empty);
}
END_TEST

/* Rule: I3, I4 */
START_TEST(a_map_without_a_topology)
{
	struct complaint why;
	struct topology *t =
	    topology_of_map("{\"chelsty\": \"chelsty-infra\", \"a\": \"chelsty\"}", &why);
	struct topology *none = topology_of_map(NULL, &why), *empty = topology_of_map("", &why);

	ck_assert_uint_eq(t->node_count, 0);
	ck_assert_str_eq(topology_node_of(t, "chelsty"), "chelsty-infra");
	ck_assert_str_eq(topology_node_of(t, "a"), "chelsty");
	ck_assert_ptr_null(topology_node_of(t, "chelsty-infra"));
	ck_assert_ptr_null(topology_find(t, "chelsty-infra"));
	ck_assert_uint_eq(none->alias_count, 0);
	ck_assert_ptr_null(topology_node_of(none, "chelsty"));
	ck_assert(topology_same(none, empty));
	ck_assert(!topology_same(none, t));
	topology_free(t);
	topology_free(none);
	topology_free(empty);
}
END_TEST

/* Rule: I6 */
START_TEST(topologies_that_differ)
{
	static const char *const texts[] = {
	    "nodes: {a: {}}",
	    "nodes: {b: {}}",
	    "nodes: {a: {}, b: {}}",
	    "nodes: {a: {roles: [x]}}",
	    "nodes: {a: {roles: [y]}}",
	    "nodes: {a: {roles: [x, y]}}",
	    "nodes: {a: {roles: [y, x]}}",
	    "nodes: {a: {aliases: [x]}}",
	    "nodes: {a: {aliases: [x, y]}}",
	    "nodes: {a: {aliases: [x]}, b: {}}",
	    "nodes: {a: {}, b: {aliases: [x]}}",
	    "nodes: {a: {heartbeat_ttl: 0}}",
	    "nodes: {a: {connectivity: intermittent}}",
	};

	for (size_t i = 0; i < COUNT(texts); i++)
		for (size_t j = 0; j < COUNT(texts); j++) {
			struct topology *a = good(texts[i]), *b = good(texts[j]);

			ck_assert_msg(topology_same(a, b) == (i == j), "%s %s", texts[i], texts[j]);
			topology_free(a);
			topology_free(b);
		}
}
END_TEST

/* Rule: I2 */
START_TEST(the_last_good_topology_is_kept)
{
	struct complaint why;
	struct topology *all[] = {
	    good(example),
	    good_with_map(
		"nodes: {b: {roles: [\"\\xfc\", '']}, a: {aliases: [y]}}", "{\"x\": \"a\"}"),
	    good("nodes: {a: }"),
	    topology_of_map("{\"b\": \"c\", \"a\": \"b\"}", &why),
	    topology_of_map(NULL, &why),
	};

	for (size_t i = 0; i < COUNT(all); i++) {
		json_auto_t *value = topology_to_json(all[i]);
		cleanup_free char *text = json_dumps(value, 0);
		json_auto_t *loaded = json_loads(text, 0, NULL);
		struct topology *back = topology_from_json(loaded);

		ck_assert_ptr_nonnull(back);
		ck_assert(topology_same(all[i], back));
		topology_free(back);
		topology_free(all[i]);
	}
}
END_TEST

/* Rule: I2 */
START_TEST(values_that_are_no_topology)
{
	static const char *const texts[] = {
	    "[]",
	    "{}",
	    "{'nodes': {}}",
	    "{'nodes': [], 'aliases': {}}",
	    "{'nodes': {'a': {}}, 'aliases': {}}",
	    "{'nodes': {'a': 5}, 'aliases': {}}",
	    "{'nodes': {'-a': {'roles': [], 'heartbeat_ttl': 1, 'intermittent': true}}, "
	    "'aliases': {}}",
	    "{'nodes': {'a': {'roles': [1], 'heartbeat_ttl': 1, 'intermittent': true}}, "
	    "'aliases': {}}",
	    "{'nodes': {'a': {'roles': {}, 'heartbeat_ttl': 1, 'intermittent': true}}, "
	    "'aliases': {}}",
	    "{'nodes': {'a': {'roles': [], 'heartbeat_ttl': -1, 'intermittent': true}}, "
	    "'aliases': {}}",
	    "{'nodes': {'a': {'roles': [], 'heartbeat_ttl': 1, 'intermittent': 1}}, "
	    "'aliases': {}}",
	    "{'nodes': {'a': {'roles': [], 'heartbeat_ttl': 1, 'intermittent': true}}, "
	    "'aliases': {'a': 'a'}}",
	    "{'nodes': {'a': {'roles': [], 'heartbeat_ttl': 1, 'intermittent': true}}, "
	    "'aliases': {'b': 'c'}}",
	    "{'nodes': {}, 'aliases': {'b': 5}}",
	    "{'nodes': {}, 'aliases': {'b c': 'd'}}",
	    "{'nodes': {}, 'aliases': {'b': 'c d'}}",
	};

	ck_assert_ptr_null(topology_from_json(NULL));
	for (size_t i = 0; i < COUNT(texts); i++) {
		cleanup_free char *text = text_copy(texts[i]);

		for (char *p = text; *p != '\0'; p++)
			if (*p == '\'')
				*p = '"';
		json_auto_t *value = json_loads(text, 0, NULL);

		ck_assert_ptr_nonnull(value);
		ck_assert_msg(topology_from_json(value) == NULL, "%s", text);
	}
}
END_TEST

START_TEST(declarations_as_json)
{
	struct declarations *d = declared("services:\n"
					  "  b: {role: \"x\\n\", monitor: no, heartbeat_ttl: 0}\n"
					  "  \xc3\xbc: {}\n"
					  "  a: {role: ''}\n");
	json_auto_t *value = declarations_to_json(d);
	struct declarations *back = declarations_from_json(value);

	ck_assert_uint_eq(back->count, d->count);
	for (size_t i = 0; i < d->count; i++) {
		const struct declaration *a = &d->items[i], *b = &back->items[i];

		ck_assert_str_eq(a->service, b->service);
		ck_assert_pstr_eq(a->role, b->role);
		ck_assert(a->monitored == b->monitored);
		ck_assert_int_eq(a->heartbeat_ttl, b->heartbeat_ttl);
	}
	declarations_free(d);
	declarations_free(back);
}
END_TEST

START_TEST(values_that_are_no_declarations)
{
	static const char *const texts[] = {
	    "[]",
	    "{\"a\": 5}",
	    "{\"a\": {}}",
	    "{\"a/b\": {\"role\": null, \"monitored\": true, \"heartbeat_ttl\": 1}}",
	    "{\"a\": {\"role\": 5, \"monitored\": true, \"heartbeat_ttl\": 1}}",
	    "{\"a\": {\"role\": null, \"monitored\": 1, \"heartbeat_ttl\": 1}}",
	    "{\"a\": {\"role\": null, \"monitored\": true, \"heartbeat_ttl\": -1}}",
	    "{\"a\": {\"role\": null, \"monitored\": true, \"heartbeat_ttl\": 1.5}}",
	    "{\"b\": {\"role\": null, \"monitored\": true, \"heartbeat_ttl\": 1}, \"a\": 5}",
	};

	ck_assert_ptr_null(declarations_from_json(NULL));
	for (size_t i = 0; i < COUNT(texts); i++) {
		json_auto_t *value = json_loads(texts[i], 0, NULL);

		ck_assert_ptr_nonnull(value);
		ck_assert_msg(declarations_from_json(value) == NULL, "%s", texts[i]);
	}
}
END_TEST

/* Would take minutes if anything in it were quadratic. */
START_TEST(many_nodes_and_services)
{
	enum { MANY = 20000 };
	struct buffer nodes = {0}, services = {0};
	struct complaint why;
	bool in_map;

	buffer_text(&nodes, "nodes:\n");
	buffer_text(&services, "services:\n");
	for (int i = MANY; i > 0; i--) {
		buffer_text(&nodes, "  n%d: {aliases: [o%d, p%d]}\n", i, i, i);
		buffer_text(&services, "  s%d: {role: r}\n", i);
	}
	struct topology *t =
	    topology_parse(buffer_string(&nodes), nodes.length, NULL, &in_map, &why);
	struct declarations *d =
	    declarations_parse(buffer_string(&services), services.length, &why);

	ck_assert_uint_eq(t->node_count, MANY);
	ck_assert_uint_eq(t->alias_count, 2 * MANY);
	ck_assert_str_eq(topology_node_of(t, "o77"), "n77");
	ck_assert_uint_eq(d->count, MANY);
	topology_free(t);
	declarations_free(d);

	buffer_text(&nodes, "  n%d: {}\n", MANY / 2);
	ck_assert_ptr_null(
	    topology_parse(buffer_string(&nodes), nodes.length, NULL, &in_map, &why));
	assert_complaint(&why, "20002:3: duplicate key 'n10000'", "many");
	buffer_release(&nodes);
	buffer_release(&services);
}
END_TEST

/* What is found later may stand before, in a line, too. */
START_TEST(the_first_in_a_line_is_told)
{
	assert_bad("nodes: {a: {heartbeat_ttl: soon}, a: }",
	    "1:28: 'heartbeat_ttl' must be a duration, not 'soon'");
}
END_TEST

Suite *
inventory_suite(void)
{
	Suite *suite = suite_create("inventory");
	TCase *topology = tcase_create("topology"), *services = tcase_create("services");
	TCase *aliases = tcase_create("aliases"), *kept = tcase_create("kept");

	tcase_set_timeout(topology, 60);
	tcase_add_test(topology, topology_example);
	tcase_add_test(topology, the_first_in_a_line_is_told);
	tcase_add_test(topology, flow_style_and_block_style_are_the_same);
	tcase_add_test(topology, scalars_are_text);
	tcase_add_loop_test(topology, no_value_means_the_default_in_a_topology, 0, COUNT(nulls));
	tcase_add_test(topology, texts_of_durations);
	tcase_add_test(topology, what_is_not_looked_at);
	tcase_add_test(topology, yaml_aliases);
	tcase_add_test(topology, yaml_aliases_that_cycle);
	tcase_add_test(topology, yaml_aliases_that_multiply);
	tcase_add_test(topology, yaml_keys_that_multiply);
	tcase_add_test(topology, bad_yaml_is_explained);
	tcase_add_test(topology, nothing_but_a_byte_order_mark);
	tcase_add_loop_test(topology, bad_topologies, 0, COUNT(topology_cases));
	tcase_add_loop_test(topology, bad_yaml, 0, COUNT(yaml_cases));
	tcase_add_test(topology, bytes_that_are_no_text);
	tcase_add_test(topology, a_buffer_without_data_is_an_empty_file);
	tcase_add_test(topology, reasons_are_one_printable_line);
	tcase_add_test(topology, many_nodes_and_services);

	tcase_add_test(services, declarations_example);
	tcase_add_loop_test(services, no_value_means_the_default_in_declarations, 0, COUNT(nulls));
	tcase_add_test(services, words_of_monitor);
	tcase_add_loop_test(services, bad_declarations, 0, COUNT(declarations_cases));
	tcase_add_test(services, empty_services_declare_nothing);

	tcase_add_test(aliases, directories_of_nodes);
	tcase_add_test(aliases, a_name_in_the_topology_is_never_an_alias);
	tcase_add_test(aliases, the_map_adds_to_the_file);
	tcase_add_loop_test(aliases, a_bad_map_fails_the_whole, 0, COUNT(bad_maps));
	tcase_add_test(aliases, an_empty_map_is_none);
	tcase_add_test(aliases, a_map_without_a_topology);

	tcase_add_test(kept, topologies_that_differ);
	tcase_add_test(kept, the_last_good_topology_is_kept);
	tcase_add_test(kept, values_that_are_no_topology);
	tcase_add_test(kept, declarations_as_json);
	tcase_add_test(kept, values_that_are_no_declarations);

	suite_add_tcase(suite, topology);
	suite_add_tcase(suite, services);
	suite_add_tcase(suite, aliases);
	suite_add_tcase(suite, kept);
	return suite;
}
