#include "topology.h"

#include <homelab/names.h>

#include <string.h>

static json_t *
node_to_json(const struct topology_node *node)
{
	json_t *roles = json_array();

	for (size_t i = 0; i < node->role_count; i++)
		if (json_array_append_new(roles, json_string(node->roles[i])) != 0) {
			json_decref(roles);
			return NULL;
		}
	return json_pack("{s:o, s:I, s:b}", "roles", roles, "heartbeat_ttl",
	    (json_int_t)node->heartbeat_ttl, "intermittent", (int)node->intermittent);
}

json_t *
topology_to_json(const struct topology *t)
{
	json_auto_t *nodes = json_object(), *aliases = json_object();

	for (size_t i = 0; i < t->node_count; i++)
		if (json_object_set_new(nodes, t->nodes[i].name, node_to_json(&t->nodes[i])) != 0)
			return NULL;
	for (size_t i = 0; i < t->alias_count; i++)
		if (json_object_set_new(
			aliases, t->aliases[i].alias, json_string(t->aliases[i].node)) != 0)
			return NULL;
	return json_pack("{s:O, s:O}", "nodes", nodes, "aliases", aliases);
}

static bool
add_roles(struct topology_node *node, const json_t *roles)
{
	if (!json_is_array(roles))
		return false;
	for (size_t i = 0; i < json_array_size(roles); i++) {
		const char *role = json_string_value(json_array_get(roles, i));

		if (role == NULL)
			return false;
		topology_add_role(node, role);
	}
	return true;
}

static bool
add_node(struct topology *t, const char *name, json_t *value)
{
	struct topology_node *node;
	json_t *roles;
	json_int_t ttl;
	int intermittent;

	if (!name_is_node(name, strlen(name)) ||
	    json_unpack(value, "{s:o, s:I, s:b}", "roles", &roles, "heartbeat_ttl", &ttl,
		"intermittent", &intermittent) != 0 ||
	    ttl < 0)
		return false;
	node = topology_add_node(t, name);
	node->heartbeat_ttl = ttl;
	node->intermittent = intermittent;
	return add_roles(node, roles);
}

static bool
add_alias(struct topology *t, const char *alias, const json_t *value)
{
	const char *node = json_string_value(value);

	if (node == NULL || !name_is_node(alias, strlen(alias)) ||
	    !name_is_node(node, strlen(node)) || topology_find(t, alias) != NULL ||
	    (t->node_count > 0 && topology_find(t, node) == NULL))
		return false;
	topology_add_alias(t, alias, node);
	return true;
}

static bool
fill(struct topology *t, json_t *nodes, json_t *aliases)
{
	const char *name;
	json_t *value;

	json_object_foreach (nodes, name, value)
		if (!add_node(t, name, value))
			return false;
	topology_sort_nodes(t);
	json_object_foreach (aliases, name, value)
		if (!add_alias(t, name, value))
			return false;
	topology_attach_aliases(t);
	return true;
}

struct topology *
topology_from_json(const json_t *value)
{
	json_t *nodes = json_object_get(value, "nodes");
	json_t *aliases = json_object_get(value, "aliases");
	struct topology *t;

	if (!json_is_object(nodes) || !json_is_object(aliases))
		return NULL;
	t = memory_alloc(sizeof(*t));
	if (!fill(t, nodes, aliases)) {
		topology_free(t);
		return NULL;
	}
	return t;
}
