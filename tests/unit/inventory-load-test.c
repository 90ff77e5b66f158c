/*
 * The inventory's files through real directories: as they are, against what is
 * remembered of them. Changes of inodes seem to be AGED old, so that a file is
 * only read again where it has to be; a test that wants to know makes its
 * opening fail.
 */

#include "yard.h"

#include <homelab/checkpoint.h>
#include <homelab/inventory_load.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sysexits.h>

#define AGED SECONDS(10)
#define TOPOLOGY "inventory/topology.yaml"
#define PIHA "hosts/piha/services.yaml"
#define VPS "hosts/vps/services.yaml"

struct house {
	struct scratch scratch;
	int repo; /* the same, until it can't be opened */
	struct inventory inventory;
	json_t *memory; /* of the latest load that was good */
	const char *map;
	bool no_topology;
};

static void
house_put(struct house *h, const char *path, const char *text)
{
	char full[PATH_MAX];
	int fd;

	(void)snprintf(full, sizeof(full), "%s/%s", h->scratch.path, path);
	for (char *slash = full + 1; (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
		*slash = '\0';
		(void)mkdir(full, 0755);
	}
	/* Another inode, as git does it: no change goes unseen. */
	(void)snprintf(full + strlen(full), sizeof(full) - strlen(full), ".new");
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
	ck_assert_int_eq(renameat(AT_FDCWD, full, h->repo, path), 0);
}

static void
house_delete(struct house *h, const char *path)
{
	ck_assert_int_eq(unlinkat(h->repo, path, 0), 0);
}

/* Two nodes, one of which declares a service. */
static void
house_make(struct house *h)
{
	*h = (struct house){0};
	scratch_make(&h->scratch);
	h->repo = h->scratch.store.fd;
	house_put(h, TOPOLOGY, "nodes: {piha: , vps: {aliases: [sat]}}");
	house_put(h, PIHA, "services: {mosquitto: }");
	yard_disk_begin();
	yard_age(AGED);
}

static void
house_remove(struct house *h)
{
	yard_disk_end();
	inventory_release(&h->inventory);
	json_decref(h->memory);
	scratch_remove(&h->scratch);
}

/* --- what it says ----------------------------------------------------------------- */

static void
tell_host(struct house *h, const char *node, struct buffer *out)
{
	const struct host *host = inventory_host(&h->inventory, node);

	buffer_text(out, "%s%s", host->node, host->bad ? " bad" : "");
	if (host->declarations == NULL)
		buffer_text(out, " none");
	for (size_t i = 0; host->declarations != NULL && i < host->declarations->count; i++)
		buffer_text(out, " %s", host->declarations->items[i].service);
	buffer_text(out, "\n");
}

static void
tell_topology(struct house *h, struct buffer *out)
{
	static const char *const states[] = {"present", "stale", "absent"};
	const struct topology *t = h->inventory.topology;

	buffer_text(out, "%s", states[h->inventory.state]);
	for (size_t i = 0; i < t->node_count; i++)
		buffer_text(out, " %s", t->nodes[i].name);
	for (size_t i = 0; i < t->alias_count; i++)
		buffer_text(out, " %s=%s", t->aliases[i].alias, t->aliases[i].node);
	buffer_text(out, "\n");
}

/* The topology, both hosts, all errors. */
static void
expect_told(struct house *h, const char *expected)
{
	cleanup_buffer struct buffer out = {0};
	json_auto_t *errors = NULL;

	tell_topology(h, &out);
	tell_host(h, "piha", &out);
	tell_host(h, "vps", &out);
	errors = inventory_errors(&h->inventory);
	for (size_t i = 0; i < json_array_size(errors); i++)
		buffer_text(&out, "%s\n", json_string_value(json_array_get(errors, i)));
	assert_text(buffer_string(&out), expected, "the inventory");
}

static int
load(struct house *h, struct error *err)
{
	inventory_release(&h->inventory);
	*err = (struct error){0};
	return inventory_load(&h->inventory, h->repo, h->memory, h->no_topology, h->map, err);
}

/* One run: loaded with what the run before remembered, and remembered. */
static void
expect(struct house *h, const char *expected)
{
	struct error err;

	ck_assert_msg(load(h, &err) == 0, "%s", err.text);
	expect_told(h, expected);
	json_decref(h->memory);
	h->memory = json_incref(h->inventory.memory);
}

static void
expect_failure(struct house *h, int status, const char *text)
{
	struct error err;

	ck_assert_int_eq(load(h, &err), -1);
	ck_assert_int_eq(err.status, status);
	assert_text(err.text, text, "the error");
}

static void
expect_unchanged(struct house *h, bool unchanged)
{
	ck_assert_int_eq(inventory_is_unchanged(h->repo, h->memory), unchanged);
}

/* The same inventory from what is remembered: no file can be opened. */
static void
expect_remembered(struct house *h, const char *file, const char *expected)
{
	json_auto_t *before = json_incref(h->memory);

	expect_unchanged(h, true);
	yard_fail(YARD_OPEN, file, EIO);
	expect(h, expected);
	yard_heal();
	ck_assert(json_equal(before, h->memory));
}

#define WELL "present piha vps sat=vps\npiha mosquitto\nvps none\n"

/* --- files ---------------------------------------------------------------------- */

/* Rule: I1 W5 */
START_TEST(unchanged_files_are_not_opened)
{
	struct house h;

	house_make(&h);
	ck_assert(!inventory_is_unchanged(h.repo, NULL));
	expect(&h, WELL);
	expect_remembered(&h, "topology.yaml", WELL);
	expect_remembered(&h, "services.yaml", WELL);
	house_remove(&h);
}
END_TEST

/* What is remembered of a file: when it was read, after its change. */
static void
set_read(struct house *h, const char *path, timestamp after)
{
	json_t *file = json_object_get(json_object_get(h->memory, "files"), path);
	struct identity identity;

	ck_assert(identity_from_json(json_object_get(file, "identity"), &identity));
	ck_assert_int_eq(
	    json_object_set_new(file, "read", json_integer(identity.ctime + after)), 0);
}

/* Rule: I1 */
START_TEST(files_read_just_after_a_change_are_read_again)
{
	static const char *const paths[] = {TOPOLOGY, PIHA};
	struct house h;

	house_make(&h);
	expect(&h, WELL);
	for (size_t i = 0; i < COUNT(paths); i++) {
		set_read(&h, paths[i], SECONDS(2) + 1);
		expect_unchanged(&h, true);
		set_read(&h, paths[i], SECONDS(2));
		expect_unchanged(&h, false);
		set_read(&h, paths[i], SECONDS(3));
	}
	set_read(&h, TOPOLOGY, SECONDS(2));
	yard_fail(YARD_OPEN, "topology.yaml", EIO);
	expect(&h,
	    "stale piha vps sat=vps\npiha mosquitto\nvps none\n" TOPOLOGY
	    ":1:1: cannot read: Input/output error\n");
	yard_heal();
	expect(&h, WELL);
	set_read(&h, PIHA, SECONDS(2));
	yard_fail(YARD_OPEN, "services.yaml", EIO);
	expect(&h,
	    "present piha vps sat=vps\npiha bad none\nvps none\n" PIHA
	    ":1:1: cannot read: Input/output error\n");
	house_remove(&h);
}
END_TEST

/* Rule: I1 */
START_TEST(files_are_remembered_as_read_when_they_were)
{
	struct house h;
	timestamp before = clock_real();

	house_make(&h);
	yard_age(0);
	expect(&h, WELL);
	expect_unchanged(&h, false);
	for (int i = 0; i < 2; i++) {
		json_int_t read = json_integer_value(json_object_get(
		    json_object_get(json_object_get(h.memory, "files"), i ? TOPOLOGY : PIHA),
		    "read"));

		ck_assert_int_ge(read, before);
		ck_assert_int_le(read, clock_real());
	}
	house_remove(&h);
}
END_TEST

/* Rule: I1 */
START_TEST(changed_files_are_read)
{
	struct house h;

	house_make(&h);
	expect(&h, WELL);
	house_put(&h, TOPOLOGY, "nodes: {piha: , saturn: , vps: }");
	expect_unchanged(&h, false);
	expect(&h, "present piha saturn vps\npiha mosquitto\nvps none\n");
	expect_unchanged(&h, true);
	house_put(&h, PIHA, "services: {grafana: , mosquitto: }");
	house_put(&h, VPS, "services: {}");
	expect_unchanged(&h, false);
	expect(&h, "present piha saturn vps\npiha grafana mosquitto\nvps\n");
	house_delete(&h, PIHA);
	expect_unchanged(&h, false);
	expect(&h, "present piha saturn vps\npiha none\nvps\n");
	expect_unchanged(&h, true);
	house_remove(&h);
}
END_TEST

/* Rule: I2 T4 */
START_TEST(a_file_that_cannot_be_looked_at_is_read_each_time)
{
	struct house h;

	house_make(&h);
	for (int i = 0; i < 2; i++) {
		yard_fail(YARD_STAT, "topology.yaml", EACCES);
		expect(&h, WELL);
		expect_unchanged(&h, false);
		yard_heal();
		expect_unchanged(&h, false);
	}
	expect(&h, WELL);
	yard_fail(YARD_STAT, "services.yaml", EIO);
	for (int i = 0; i < 2; i++) {
		expect_unchanged(&h, false);
		expect(&h,
		    "present piha vps sat=vps\npiha mosquitto\nvps bad none\n" VPS
		    ":1:1: cannot read: No such file or directory\n");
	}
	yard_heal();
	expect(&h, WELL);
	house_remove(&h);
}
END_TEST

/* Rule: I2 */
START_TEST(a_file_in_place_of_a_directory_is_no_file)
{
	struct house h;

	house_make(&h);
	house_delete(&h, PIHA);
	ck_assert_int_eq(unlinkat(h.repo, "hosts/piha", AT_REMOVEDIR), 0);
	house_put(&h, "hosts/piha", "text");
	expect(&h, "present piha vps sat=vps\npiha none\nvps none\n");
	house_remove(&h);
}
END_TEST

/* --- the topology ------------------------------------------------------------------ */

#define STALE "stale piha vps sat=vps\npiha mosquitto\nvps none\n"

/* Rule: I2 */
START_TEST(a_bad_topology_leaves_the_last_good_one)
{
	struct house h;

	house_make(&h);
	expect(&h, WELL);
	house_put(&h, TOPOLOGY, "nodes: {piha: , piha: }");
	expect(&h, STALE TOPOLOGY ":1:17: duplicate key 'piha'\n");
	expect_remembered(&h, "topology.yaml", STALE TOPOLOGY ":1:17: duplicate key 'piha'\n");
	house_put(&h, TOPOLOGY, "nodes: {}");
	expect(&h, STALE TOPOLOGY ":1:8: lists no node\n");
	house_put(&h, TOPOLOGY, "nodes: {piha: }");
	expect(&h, "present piha\npiha mosquitto\nvps none\n");
	house_remove(&h);
}
END_TEST

/* Rule: I2 */
START_TEST(a_topology_that_is_gone_leaves_the_last_good_one)
{
	struct house h;

	house_make(&h);
	expect(&h, WELL);
	house_delete(&h, TOPOLOGY);
	expect(&h, STALE TOPOLOGY ":1:1: is gone, though it was there before\n");
	expect_remembered(
	    &h, "topology.yaml", STALE TOPOLOGY ":1:1: is gone, though it was there before\n");
	house_put(&h, TOPOLOGY, "nodes: {piha: , vps: {aliases: [sat]}}");
	expect(&h, WELL);
	house_remove(&h);
}
END_TEST

/* Rule: I2 */
START_TEST(an_unreadable_topology_leaves_the_last_good_one)
{
	struct house h;

	house_make(&h);
	expect(&h, WELL);
	house_put(&h, TOPOLOGY, "nodes: {saturn: }");
	for (int i = 0; i < 2; i++) {
		yard_fail(YARD_READ, "topology.yaml", EIO);
		expect(&h, STALE TOPOLOGY ":1:1: cannot read: Input/output error\n");
		yard_heal();
		expect_unchanged(&h, false);
	}
	expect(&h, "present saturn\npiha mosquitto\nvps none\n");
	house_remove(&h);
}
END_TEST

/* Rule: I2 */
START_TEST(without_a_good_topology_ever_there_is_no_inventory)
{
	struct house h;

	house_make(&h);
	house_put(&h, TOPOLOGY, "nodes: [piha]");
	expect_failure(&h, EX_CONFIG,
	    TOPOLOGY ":1:8: 'nodes' must be a mapping (and there never was a good topology)");
	yard_fail(YARD_OPEN, "topology.yaml", EACCES);
	expect_failure(&h, EX_CONFIG,
	    TOPOLOGY ":1:1: cannot read: Permission denied (and there never was a good topology)");
	house_remove(&h);
}
END_TEST

/* Rule: I2 */
START_TEST(a_repository_that_cannot_be_opened)
{
	struct house h;

	house_make(&h);
	expect(&h, WELL);
	h.repo = -1;
	expect(&h,
	    "stale piha vps sat=vps\npiha bad none\nvps bad none\n" PIHA
	    ":1:1: cannot read: the repository can't be opened\n" VPS
	    ":1:1: cannot read: the repository can't be opened\n" TOPOLOGY
	    ":1:1: cannot read: the repository can't be opened\n");
	h.repo = h.scratch.store.fd;
	expect(&h, WELL);
	house_remove(&h);
}
END_TEST

/* Rule: I3 */
START_TEST(no_topology_ever)
{
	struct house h;

	house_make(&h);
	house_delete(&h, TOPOLOGY);
	expect(&h, "absent\npiha mosquitto\nvps none\n");
	expect_remembered(&h, "topology.yaml", "absent\npiha mosquitto\nvps none\n");
	assert_text(inventory_node_of(&h.inventory, "anything"), "anything", "the node");
	ck_assert(json_is_null(json_object_get(h.memory, "topology")));
	house_put(&h, TOPOLOGY, "nodes: {}");
	expect_failure(
	    &h, EX_CONFIG, TOPOLOGY ":1:8: lists no node (and there never was a good topology)");
	house_put(&h, TOPOLOGY, "nodes: {vps: }");
	expect(&h, "present vps\npiha mosquitto\nvps none\n");
	ck_assert_ptr_null(inventory_node_of(&h.inventory, "anything"));
	house_remove(&h);
}
END_TEST

/* Rule: I3 */
START_TEST(no_topology_wanted)
{
	struct house h;

	house_make(&h);
	expect(&h, WELL);
	ck_assert(json_is_false(json_object_get(h.memory, "absent")));
	h.no_topology = true;
	h.map = "{\"old\": \"vps\"}";
	expect(&h, "absent old=vps\npiha mosquitto\nvps none\n");
	ck_assert(json_is_true(json_object_get(h.memory, "absent")));
	assert_text(inventory_node_of(&h.inventory, "old"), "vps", "the node");
	assert_text(inventory_node_of(&h.inventory, "new"), "new", "the node");
	/* The last good one is kept for when it is wanted again. */
	h.no_topology = false;
	h.map = NULL;
	house_put(&h, TOPOLOGY, "nodes: {}");
	expect(&h, STALE TOPOLOGY ":1:8: lists no node\n");
	house_remove(&h);
}
END_TEST

/* --- the map -------------------------------------------------------------------- */

/* Rule: I4 */
START_TEST(another_map_is_another_topology)
{
	struct house h;

	house_make(&h);
	expect(&h, WELL);
	h.map = "";
	expect_remembered(&h, "topology.yaml", WELL);
	h.map = "{\"old\": \"piha\"}";
	expect(&h, "present piha vps old=piha sat=vps\npiha mosquitto\nvps none\n");
	assert_text(inventory_node_of(&h.inventory, "old"), "piha", "the node");
	expect_remembered(
	    &h, "topology.yaml", "present piha vps old=piha sat=vps\npiha mosquitto\nvps none\n");
	h.map = "{\"old\": \"vps\"}";
	expect(&h, "present piha vps old=vps sat=vps\npiha mosquitto\nvps none\n");
	h.map = NULL;
	expect(&h, WELL);
	house_remove(&h);
}
END_TEST

/* Rule: I4 I2 */
START_TEST(a_bad_map_leaves_the_last_good_topology)
{
	struct house h;

	house_make(&h);
	h.map = "{\"old\": \"piha\"}";
	expect(&h, "present piha vps old=piha sat=vps\npiha mosquitto\nvps none\n");
	h.map = "[]";
	expect(&h,
	    "stale piha vps old=piha sat=vps\npiha mosquitto\nvps none\n"
	    "NODE_ALIAS_MAP:1:1: not a JSON object\n");
	h.map = "\xff";
	expect_failure(&h, EX_CONFIG, "NODE_ALIAS_MAP:1:1: isn't UTF-8");
	h.map = "[]";
	h.no_topology = true;
	expect_failure(&h, EX_CONFIG, "NODE_ALIAS_MAP:1:1: not a JSON object");
	house_remove(&h);
}
END_TEST

/* --- hosts ---------------------------------------------------------------------- */

/* Rule: I5 */
START_TEST(a_bad_host_file_is_that_hosts_alone)
{
	struct house h;

	house_make(&h);
	house_put(&h, VPS, "roles: []");
	expect(&h,
	    "present piha vps sat=vps\npiha mosquitto\nvps bad none\n" VPS ":1:1: no services\n");
	expect_remembered(&h, "services.yaml",
	    "present piha vps sat=vps\npiha mosquitto\nvps bad none\n" VPS ":1:1: no services\n");
	house_put(&h, VPS, "services: {nginx: }");
	expect(&h, "present piha vps sat=vps\npiha mosquitto\nvps nginx\n");
	house_delete(&h, VPS);
	expect(&h, WELL);
	house_remove(&h);
}
END_TEST

/* Rule: I5 */
START_TEST(all_that_is_wrong_is_sorted)
{
	struct house h;

	house_make(&h);
	expect(&h, WELL);
	house_put(&h, TOPOLOGY, "nodes: {}");
	house_put(&h, VPS, "services: {a/b: }");
	house_put(&h, PIHA, "services: []");
	expect(&h,
	    "stale piha vps sat=vps\npiha bad none\nvps bad none\n" PIHA
	    ":1:11: 'services' must be a mapping\n" VPS ":1:12: bad service name 'a/b'\n" TOPOLOGY
	    ":1:8: lists no node\n");
	house_remove(&h);
}
END_TEST

/* Many hosts in one inventory, of which one is asked for twice. */
START_TEST(many_hosts)
{
	struct house h;
	struct error err;
	char node[16];

	house_make(&h);
	ck_assert_int_eq(load(&h, &err), 0);
	for (int i = 0; i < 100; i++) {
		(void)snprintf(node, sizeof(node), "n%d", i);
		ck_assert(!inventory_host(&h.inventory, node)->bad);
	}
	ck_assert_uint_eq(inventory_host(&h.inventory, "piha")->declarations->count, 1);
	ck_assert_uint_eq(json_object_size(json_object_get(h.inventory.memory, "hosts")), 101);
	house_remove(&h);
}
END_TEST

/* --- recall --------------------------------------------------------------------- */

static void
recall(struct house *h, enum topology_state state)
{
	struct error err;

	inventory_release(&h->inventory);
	ck_assert_msg(inventory_recall(&h->inventory, h->memory, state, &err) == 0, "%s", err.text);
	yard_fail(YARD_STAT, "services.yaml", EIO);
}

/* Whatever the files are by now. */
START_TEST(the_inventory_is_recalled)
{
	struct house h;

	house_make(&h);
	house_put(&h, VPS, "services: []");
	expect(&h,
	    "present piha vps sat=vps\npiha mosquitto\nvps bad none\n" VPS
	    ":1:11: 'services' must be a mapping\n");
	house_delete(&h, TOPOLOGY);
	house_delete(&h, PIHA);
	recall(&h, TOPOLOGY_PRESENT);
	expect_told(&h,
	    "present piha vps sat=vps\npiha mosquitto\nvps bad none\n" VPS
	    ":1:11: 'services' must be a mapping\n");
	recall(&h, TOPOLOGY_STALE);
	ck_assert_int_eq(h.inventory.state, TOPOLOGY_STALE);
	house_remove(&h);
}
END_TEST

START_TEST(an_absent_topology_is_recalled)
{
	struct house h;

	house_make(&h);
	h.no_topology = true;
	h.map = "{\"old\": \"vps\"}";
	expect(&h, "absent old=vps\npiha mosquitto\nvps none\n");
	recall(&h, TOPOLOGY_ABSENT);
	expect_told(&h, "absent old=vps\npiha mosquitto\nvps none\n");
	house_remove(&h);
}
END_TEST

/* Rule: C4 */
START_TEST(a_memory_that_somebody_wrote)
{
	struct house h;
	struct error err;

	house_make(&h);
	expect(&h, WELL);
	ck_assert_int_eq(json_object_set_new(h.memory, "topology", json_null()), 0);
	expect_failure(&h, EX_SOFTWARE, "the inventory is lost");
	inventory_release(&h.inventory);
	ck_assert_int_eq(inventory_recall(&h.inventory, h.memory, TOPOLOGY_PRESENT, &err), -1);
	ck_assert_int_eq(err.status, EX_DATAERR);
	assert_text(err.text, "the checkpoint's inventory is damaged", "the error");
	house_remove(&h);
}
END_TEST

/* Rule: C4 I2 */
START_TEST(a_topology_that_there_was_is_not_forgotten)
{
	struct house h;

	house_make(&h);
	h.memory = inventory_memory_lost();
	expect(&h, WELL);
	house_delete(&h, TOPOLOGY);
	json_decref(h.memory);
	h.memory = inventory_memory_lost();
	expect_failure(&h, EX_CONFIG,
	    TOPOLOGY ":1:1: is gone, though it was there before (and what the last good topology "
		     "was is lost)");
	h.no_topology = true;
	expect(&h, "absent\npiha mosquitto\nvps none\n");
	h.no_topology = false;
	house_put(&h, TOPOLOGY, "nodes: {}");
	expect_failure(&h, EX_CONFIG,
	    TOPOLOGY ":1:8: lists no node (and what the last good topology was is lost)");
	house_remove(&h);
}
END_TEST

Suite *
inventory_load_suite(void)
{
	Suite *suite = suite_create("load");
	TCase *tcase = tcase_create("load");

	tcase_add_test(tcase, unchanged_files_are_not_opened);
	tcase_add_test(tcase, files_read_just_after_a_change_are_read_again);
	tcase_add_test(tcase, files_are_remembered_as_read_when_they_were);
	tcase_add_test(tcase, changed_files_are_read);
	tcase_add_test(tcase, a_file_that_cannot_be_looked_at_is_read_each_time);
	tcase_add_test(tcase, a_file_in_place_of_a_directory_is_no_file);
	tcase_add_test(tcase, a_bad_topology_leaves_the_last_good_one);
	tcase_add_test(tcase, a_topology_that_is_gone_leaves_the_last_good_one);
	tcase_add_test(tcase, an_unreadable_topology_leaves_the_last_good_one);
	tcase_add_test(tcase, without_a_good_topology_ever_there_is_no_inventory);
	tcase_add_test(tcase, a_repository_that_cannot_be_opened);
	tcase_add_test(tcase, no_topology_ever);
	tcase_add_test(tcase, no_topology_wanted);
	tcase_add_test(tcase, another_map_is_another_topology);
	tcase_add_test(tcase, a_bad_map_leaves_the_last_good_topology);
	tcase_add_test(tcase, a_bad_host_file_is_that_hosts_alone);
	tcase_add_test(tcase, all_that_is_wrong_is_sorted);
	tcase_add_test(tcase, many_hosts);
	tcase_add_test(tcase, the_inventory_is_recalled);
	tcase_add_test(tcase, an_absent_topology_is_recalled);
	tcase_add_test(tcase, a_memory_that_somebody_wrote);
	tcase_add_test(tcase, a_topology_that_there_was_is_not_forgotten);
	suite_add_tcase(suite, tcase);
	return suite;
}
