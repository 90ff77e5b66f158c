/* The inventory's files as they are now, against what is remembered of them. */

#include <homelab/checkpoint.h>
#include <homelab/inventory_load.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define TOPOLOGY_PATH "inventory/topology.yaml"
#define MAP_PATH "NODE_ALIAS_MAP"
#define RACY SECONDS(2)

enum { INVENTORY_FILE_MAX = 16 << 20 };

static void
put(json_t *object, const char *key, json_t *value)
{
	(void)json_object_set_new_nocheck(object, key, value);
}

/* Of a file that can't be looked at or read: never the same again. */
static const struct identity unknown = {.inode = UINT64_MAX, .ctime = TIMESTAMP_LAST};

/* The file's identity now; zeros where it isn't there, and one that is never
 * the same again where that can't be told. */
static void
identify(int repo, const char *path, struct identity *out)
{
	struct stat st;

	*out = (struct identity){0};
	if (disk.stat(repo, path, &st, 0) == 0)
		identity_of(&st, out);
	else if (errno != ENOENT && errno != ENOTDIR)
		*out = unknown;
}

static bool
is_as_remembered(const json_t *file, const struct identity *now)
{
	struct identity then;
	timestamp read = json_integer_value(json_object_get(file, "read"));

	return identity_from_json(json_object_get(file, "identity"), &then) &&
	    identity_same(&then, now) && read > timestamp_add(now->ctime, RACY);
}

static const json_t *
remembered(const json_t *memory, const char *kind, const char *key)
{
	return json_object_get(json_object_get(memory, kind), key);
}

static void
remember_file(struct inventory *inv, const char *path, const struct identity *now, timestamp read)
{
	put(json_object_get(inv->memory, "files"), path,
	    json_pack("{s:o,s:I}", "identity", identity_to_json(now), "read", (json_int_t)read));
}

/* What can't be read now is read again in the next run. */
static void
remember_unread(struct inventory *inv, const char *path)
{
	remember_file(inv, path, &unknown, 0);
}

bool
inventory_is_unchanged(int repo, const json_t *memory)
{
	const json_t *file;
	const char *path;
	struct identity now;

	json_object_foreach (json_object_get(memory, "files"), path, file) {
		identify(repo, path, &now);
		if (!is_as_remembered(file, &now))
			return false;
	}
	return memory != NULL;
}

static json_t *
complaint_text(const char *path, unsigned long line, unsigned long column, const char *reason)
{
	return json_sprintf("%s:%lu:%lu: %s", path, line, column, reason);
}

/* Reads a file of the inventory. 1, or 0 with *complaint where it can't. */
static bool
read_text(struct inventory *inv, const char *path, struct buffer *out, struct complaint *complaint)
{
	if (disk_read_followed(inv->repo, path, INVENTORY_FILE_MAX, out, NULL) == 0)
		return true;
	*complaint = (struct complaint){.line = 1, .column = 1};
	(void)snprintf(complaint->reason, sizeof(complaint->reason), "cannot read: %s",
	    inv->repo < 0 ? "the repository can't be opened" : strerror(errno));
	remember_unread(inv, path);
	return false;
}

static struct topology *
read_topology(struct inventory *inv, const char *map, json_t *errors)
{
	cleanup_buffer struct buffer text = {0};
	struct topology *topology = NULL;
	struct complaint why = {0};
	bool in_map = false;

	if (read_text(inv, TOPOLOGY_PATH, &text, &why))
		topology = topology_parse(buffer_string(&text), text.length, map, &in_map, &why);
	if (topology == NULL)
		(void)json_array_append_new(errors,
		    complaint_text(
			in_map ? MAP_PATH : TOPOLOGY_PATH, why.line, why.column, why.reason));
	return topology;
}

/* No topology: only the aliases of the map. */
static int
load_absent(struct inventory *inv, const char *map, struct error *err)
{
	struct complaint why;

	inv->state = TOPOLOGY_ABSENT;
	inv->topology = topology_of_map(map, &why);
	if (inv->topology == NULL)
		return error_set(err, EX_CONFIG, "%s:1:1: %s", MAP_PATH, why.reason);
	return 0;
}

/* The last good topology, where the file is no good now (I2). */
static int
fall_back(struct inventory *inv, json_t *errors, struct error *err)
{
	const json_t *last_good = json_object_get(inv->before, "topology");

	inv->state = TOPOLOGY_STALE;
	inv->topology = topology_from_json(last_good);
	if (inv->topology != NULL)
		return 0;
	return error_set(err, EX_CONFIG, "%s (and %s)",
	    json_string_value(json_array_get(errors, 0)),
	    json_is_object(last_good) ? "what the last good topology was is lost" :
					"there never was a good topology");
}

static int
load_topology(struct inventory *inv, const char *map, bool same_map, struct error *err)
{
	const json_t *last_good = json_object_get(inv->before, "topology");
	json_t *errors = json_object_get(inv->memory, "topology_errors");
	timestamp read = clock_real();
	struct identity now;

	identify(inv->repo, TOPOLOGY_PATH, &now);
	remember_file(inv, TOPOLOGY_PATH, &now, read);
	if (same_map && is_as_remembered(remembered(inv->before, "files", TOPOLOGY_PATH), &now)) {
		const json_t *before = json_object_get(inv->before, "topology_errors");

		put(json_object_get(inv->memory, "files"), TOPOLOGY_PATH,
		    json_incref((json_t *)remembered(inv->before, "files", TOPOLOGY_PATH)));
		(void)json_array_extend(errors, (json_t *)before);
	} else if (now.inode != 0) {
		inv->topology = read_topology(inv, map, errors);
	} else if (json_is_object(last_good)) {
		(void)json_array_append_new(errors,
		    complaint_text(TOPOLOGY_PATH, 1, 1, "is gone, though it was there before"));
	}
	if (json_array_size(errors) > 0)
		return fall_back(inv, errors, err);
	if (now.inode == 0)
		return load_absent(inv, map, err);
	inv->state = TOPOLOGY_PRESENT;
	if (inv->topology == NULL)
		inv->topology = topology_from_json(last_good);
	return inv->topology != NULL ? 0 : error_set(err, EX_SOFTWARE, "the inventory is lost");
}

int
inventory_load(struct inventory *inv, int repo, const json_t *memory, bool no_topology,
    const char *alias_map, struct error *err)
{
	const char *map = alias_map != NULL && alias_map[0] != '\0' ? alias_map : NULL;
	const char *map_before = json_string_value(json_object_get(memory, "alias_map"));
	bool same_map = memory != NULL && (map == NULL) == (map_before == NULL) &&
	    (map == NULL || strcmp(map, map_before) == 0);
	json_t *last_good;

	*inv = (struct inventory){.repo = repo, .before = json_incref((json_t *)memory)};
	inv->memory = json_pack("{s:{},s:{},s:[],s:s?,s:b}", "files", "hosts", "topology_errors",
	    "alias_map", map, "absent", no_topology);
	if (inv->memory == NULL)
		return error_set(err, EX_CONFIG, "%s:1:1: isn't UTF-8", MAP_PATH);
	if (no_topology ? load_absent(inv, map, err) < 0 :
			  load_topology(inv, map, same_map, err) < 0)
		return -1;
	last_good = inv->state == TOPOLOGY_PRESENT ?
	    topology_to_json(inv->topology) :
	    json_incref(json_object_get(inv->before, "topology"));
	put(inv->memory, "topology", last_good ? last_good : json_null());
	return 0;
}

/* --- hosts --------------------------------------------------------------- */

static void
add_host(struct inventory *inv, const char *node, const json_t *what)
{
	const json_t *bad = json_object_get(what, "bad");

	ARRAY_GROW(inv->hosts, inv->host_count, inv->host_room);
	inv->hosts[inv->host_count++] = (struct host){.node = text_copy(node),
	    .bad = bad != NULL,
	    .declarations = declarations_from_json(json_object_get(what, "declarations"))};
}

static json_t *
read_host(struct inventory *inv, const char *path)
{
	cleanup_buffer struct buffer text = {0};
	struct declarations *declarations = NULL;
	struct complaint why;
	json_t *what;

	if (read_text(inv, path, &text, &why))
		declarations = declarations_parse(buffer_string(&text), text.length, &why);
	if (declarations == NULL)
		return json_pack(
		    "{s:o}", "bad", complaint_text(path, why.line, why.column, why.reason));
	what = json_pack("{s:o}", "declarations", declarations_to_json(declarations));
	declarations_free(declarations);
	return what;
}

const struct host *
inventory_host(struct inventory *inv, const char *node)
{
	cleanup_buffer struct buffer text = {0};
	timestamp read = clock_real();
	const json_t *file;
	const char *path;
	struct identity now;
	json_t *what;

	buffer_text(&text, "hosts/%s/services.yaml", node);
	path = buffer_string(&text);
	if (inv->repo == INVENTORY_RECALLED) {
		add_host(inv, node, remembered(inv->memory, "hosts", node));
		return &inv->hosts[inv->host_count - 1];
	}
	identify(inv->repo, path, &now);
	file = remembered(inv->before, "files", path);
	if (is_as_remembered(file, &now)) {
		put(json_object_get(inv->memory, "files"), path, json_incref((json_t *)file));
		what = json_incref((json_t *)remembered(inv->before, "hosts", node));
	} else {
		remember_file(inv, path, &now, read);
		what = now.inode == 0 ? json_object() : read_host(inv, path);
	}
	add_host(inv, node, what);
	put(json_object_get(inv->memory, "hosts"), node, what);
	return &inv->hosts[inv->host_count - 1];
}

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(
	    json_string_value(*(json_t *const *)a), json_string_value(*(json_t *const *)b));
}

json_t *
inventory_errors(const struct inventory *inv)
{
	const json_t *topology = json_object_get(inv->memory, "topology_errors"), *host;
	size_t count = 0,
	       room = json_array_size(topology) +
	    json_object_size(json_object_get(inv->memory, "hosts"));
	cleanup_free json_t **all = memory_resize(NULL, room, sizeof(json_t *));
	json_t *sorted = json_array();
	const char *node;

	for (size_t i = 0; i < json_array_size(topology); i++)
		all[count++] = json_array_get(topology, i);
	json_object_foreach (json_object_get(inv->memory, "hosts"), node, host)
		if (json_object_get(host, "bad") != NULL)
			all[count++] = json_object_get(host, "bad");
	qsort(all, count, sizeof(json_t *), compare_texts);
	for (size_t i = 0; i < count; i++)
		(void)json_array_append(sorted, all[i]);
	return sorted;
}

const char *
inventory_node_of(const struct inventory *inv, const char *directory)
{
	const char *node = topology_node_of(inv->topology, directory);

	return node == NULL && inv->state == TOPOLOGY_ABSENT ? directory : node;
}

int
inventory_recall(
    struct inventory *inv, const json_t *memory, enum topology_state state, struct error *err)
{
	struct complaint why;

	*inv = (struct inventory){
	    .repo = INVENTORY_RECALLED, .state = state, .memory = json_incref((json_t *)memory)};
	inv->topology = state == TOPOLOGY_ABSENT ?
	    topology_of_map(json_string_value(json_object_get(memory, "alias_map")), &why) :
	    topology_from_json(json_object_get(memory, "topology"));
	if (inv->topology == NULL)
		return error_set(err, EX_DATAERR, "the checkpoint's inventory is damaged");
	return 0;
}

void
inventory_release(struct inventory *inv)
{
	for (size_t i = 0; i < inv->host_count; i++) {
		free(inv->hosts[i].node);
		declarations_free(inv->hosts[i].declarations);
	}
	free(inv->hosts);
	topology_free(inv->topology);
	json_decref(inv->memory);
	json_decref(inv->before);
	*inv = (struct inventory){.repo = -1};
}
