#include "topology.h"

#include "document.h"

#include <homelab/names.h>

#include <string.h>

/* The name is the first member of both, and what they are sorted by. */
static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void *
find_name(const char *name, const void *array, size_t count, size_t size)
{
	return count ? bsearch(&name, array, count, size, compare_names) : NULL;
}

static void
sort_names(void *array, size_t count, size_t size)
{
	if (count > 1)
		qsort(array, count, size, compare_names);
}

struct topology_node *
topology_add_node(struct topology *t, const char *name)
{
	struct topology_node *node;

	ARRAY_ROOM(t->nodes, t->node_count);
	node = &t->nodes[t->node_count++];
	*node = (struct topology_node){
	    .name = text_copy(name),
	    .heartbeat_ttl = NODE_TTL_DEFAULT,
	};
	return node;
}

void
topology_add_role(struct topology_node *node, const char *role)
{
	ARRAY_ROOM(node->roles, node->role_count);
	node->roles[node->role_count++] = text_copy(role);
}

void
topology_sort_nodes(struct topology *t)
{
	sort_names(t->nodes, t->node_count, sizeof(*t->nodes));
}

void
topology_add_alias(struct topology *t, const char *alias, const char *node)
{
	ARRAY_ROOM(t->aliases, t->alias_count);
	t->aliases[t->alias_count++] = (struct topology_alias){text_copy(alias), text_copy(node)};
}

void
topology_attach_aliases(struct topology *t)
{
	sort_names(t->aliases, t->alias_count, sizeof(*t->aliases));
	for (size_t i = 0; i < t->alias_count; i++) {
		struct topology_node *node =
		    find_name(t->aliases[i].node, t->nodes, t->node_count, sizeof(*t->nodes));

		if (node == NULL)
			continue;
		ARRAY_ROOM(node->aliases, node->alias_count);
		node->aliases[node->alias_count++] = text_copy(t->aliases[i].alias);
	}
}

static bool
is_node_name(const char *name)
{
	return name != NULL && name_is_node(name, strlen(name));
}

static bool
check_map(json_t *map, struct complaint *complaint)
{
	const char *alias;
	json_t *node;

	if (!json_is_object(map)) {
		complaint_set(complaint, 1, 1, "not a JSON object");
		return false;
	}
	json_object_foreach (map, alias, node) {
		if (!is_node_name(alias))
			complaint_set(complaint, 1, 1, "bad alias '%.63s'", alias);
		else if (!json_is_string(node))
			complaint_set(complaint, 1, 1, "'%.63s' must be text", alias);
		else if (!is_node_name(json_string_value(node)))
			complaint_set(
			    complaint, 1, 1, "bad node name '%.63s'", json_string_value(node));
		else
			continue;
		return false;
	}
	return true;
}

/* Of a checked map. */
static void
add_mapped(struct topology *t, json_t *map)
{
	size_t listed = t->alias_count;
	const char *alias;
	json_t *value;

	json_object_foreach (map, alias, value) {
		const char *node = json_string_value(value);

		if (topology_find(t, alias) != NULL ||
		    find_name(alias, t->aliases, listed, sizeof(*t->aliases)) != NULL ||
		    (t->node_count > 0 && topology_find(t, node) == NULL))
			continue;
		topology_add_alias(t, alias, node);
	}
}

bool
topology_add_map(struct topology *t, const char *map, struct complaint *complaint)
{
	json_auto_t *value = NULL;
	json_error_t error;

	if (map == NULL || map[0] == '\0')
		return true;
	value = json_loads(map, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (value == NULL) {
		complaint_set(complaint, 1, 1, "not JSON: %.127s", error.text);
		return false;
	}
	if (!check_map(value, complaint))
		return false;
	add_mapped(t, value);
	return true;
}

struct topology *
topology_of_map(const char *alias_map, struct complaint *complaint)
{
	struct topology *t = memory_alloc(sizeof(*t));

	if (!topology_add_map(t, alias_map, complaint)) {
		topology_free(t);
		return NULL;
	}
	topology_attach_aliases(t);
	return t;
}

const struct topology_node *
topology_find(const struct topology *t, const char *name)
{
	return find_name(name, t->nodes, t->node_count, sizeof(*t->nodes));
}

const char *
topology_node_of(const struct topology *t, const char *directory)
{
	const struct topology_node *node = topology_find(t, directory);
	const struct topology_alias *alias;

	if (node != NULL)
		return node->name;
	alias = find_name(directory, t->aliases, t->alias_count, sizeof(*t->aliases));
	return alias ? alias->node : NULL;
}

static bool
texts_same(char *const *a, size_t a_count, char *const *b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (strcmp(a[i], b[i]) != 0)
			return false;
	return true;
}

static bool
nodes_same(const struct topology_node *a, const struct topology_node *b)
{
	return strcmp(a->name, b->name) == 0 &&
	    texts_same(a->roles, a->role_count, b->roles, b->role_count) &&
	    texts_same(a->aliases, a->alias_count, b->aliases, b->alias_count) &&
	    a->heartbeat_ttl == b->heartbeat_ttl && a->intermittent == b->intermittent;
}

bool
topology_same(const struct topology *a, const struct topology *b)
{
	if (a->node_count != b->node_count || a->alias_count != b->alias_count)
		return false;
	for (size_t i = 0; i < a->node_count; i++)
		if (!nodes_same(&a->nodes[i], &b->nodes[i]))
			return false;
	for (size_t i = 0; i < a->alias_count; i++)
		if (strcmp(a->aliases[i].alias, b->aliases[i].alias) != 0 ||
		    strcmp(a->aliases[i].node, b->aliases[i].node) != 0)
			return false;
	return true;
}

static void
texts_free(char **texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	free(texts);
}

void
topology_free(struct topology *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->node_count; i++) {
		free(t->nodes[i].name);
		texts_free(t->nodes[i].roles, t->nodes[i].role_count);
		texts_free(t->nodes[i].aliases, t->nodes[i].alias_count);
	}
	for (size_t i = 0; i < t->alias_count; i++) {
		free(t->aliases[i].alias);
		free(t->aliases[i].node);
	}
	free(t->nodes);
	free(t->aliases);
	free(t);
}
