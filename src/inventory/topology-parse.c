#include "document.h"
#include "topology.h"

#include <homelab/names.h>

#include <string.h>

/* An alias as the file lists it; it may turn out not to be one. */
struct listed {
	const char *alias;
	const yaml_node_t *at;
	const char *node;
	size_t order;
};

struct reading {
	struct topology *topology;
	struct topology_node *node; /* whose keys are being read */
	struct listed *listed;
	size_t listed_count, listed_room;
};

static void
add_role(struct document *d, const yaml_node_t *entry, void *target)
{
	const struct reading *r = target;

	(void)d;
	topology_add_role(r->node, document_text(entry));
}

static void
set_roles(struct document *d, const struct key *key, const yaml_node_t *value, void *target)
{
	document_read_list(d, key, value, add_role, target);
}

static void
add_alias(struct document *d, const yaml_node_t *entry, void *target)
{
	const char *alias = document_text(entry);
	struct reading *r = target;

	if (!name_is_node(alias, strlen(alias))) {
		document_complain(d, &entry->start_mark, "bad alias '%.63s'", alias);
		return;
	}
	ARRAY_GROW(r->listed, r->listed_count, r->listed_room);
	r->listed[r->listed_count] = (struct listed){alias, entry, r->node->name, r->listed_count};
	r->listed_count++;
}

static void
set_aliases(struct document *d, const struct key *key, const yaml_node_t *value, void *target)
{
	document_read_list(d, key, value, add_alias, target);
}

static void
set_heartbeat_ttl(struct document *d, const struct key *key, const yaml_node_t *value, void *target)
{
	const struct reading *r = target;

	document_read_duration(d, key, value, &r->node->heartbeat_ttl);
}

static void
set_connectivity(struct document *d, const struct key *key, const yaml_node_t *value, void *target)
{
	static const struct word words[] = {
	    {"permanent", false},
	    {"intermittent", true},
	    {NULL, false},
	};
	const struct reading *r = target;
	int intermittent = r->node->intermittent;

	document_read_word(d, key, value, words, strcmp, &intermittent);
	r->node->intermittent = intermittent;
}

static void
add_node(struct document *d, const char *name, const yaml_node_t *value, void *target)
{
	static const struct key keys[] = {
	    {"roles", YAML_SEQUENCE_NODE, set_roles},
	    {"aliases", YAML_SEQUENCE_NODE, set_aliases},
	    {"heartbeat_ttl", YAML_SCALAR_NODE, set_heartbeat_ttl},
	    {"connectivity", YAML_SCALAR_NODE, set_connectivity},
	    {NULL, YAML_NO_NODE, NULL},
	};
	struct reading *r = target;

	r->node = topology_add_node(r->topology, name);
	document_read_keys(d, value, keys, r);
}

static void
set_nodes(struct document *d, const struct key *key, const yaml_node_t *value, void *target)
{
	static const struct names nodes = {"node", name_is_node, add_node};

	(void)key;
	document_read_names(d, value, &nodes, target);
}

static int
compare_listed(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;
	int order = strcmp(x->alias, y->alias);

	return order ? order : (x->order > y->order) - (x->order < y->order);
}

/* Now that all nodes are known. */
static void
add_listed(struct document *d, struct reading *r)
{
	struct topology *t = r->topology;

	if (r->listed_count > 1)
		qsort(r->listed, r->listed_count, sizeof(*r->listed), compare_listed);
	for (size_t i = 0, first = 0; i < r->listed_count; i++) {
		const struct listed *l = &r->listed[i];

		if (strcmp(l->alias, r->listed[first].alias) != 0)
			first = i;
		if (topology_find(t, l->alias) != NULL)
			continue;
		if (i == first)
			topology_add_alias(t, l->alias, l->node);
		else if (strcmp(l->node, r->listed[first].node) != 0)
			document_complain(d, &l->at->start_mark, "alias '%s' of both '%s' and '%s'",
			    l->alias, r->listed[first].node, l->node);
	}
}

static bool
read_file(struct reading *r, const char *text, size_t length, struct complaint *complaint)
{
	static const struct key keys[] = {
	    {"nodes", YAML_MAPPING_NODE, set_nodes},
	    {NULL, YAML_NO_NODE, NULL},
	};
	struct document d;
	bool good;

	document_init(&d, text, length, complaint);
	document_read_keys(&d, d.root, keys, r);
	topology_sort_nodes(r->topology);
	add_listed(&d, r);
	if (!d.bad && r->topology->node_count == 0) {
		const yaml_node_t *nodes = document_value(&d, d.root, "nodes");

		document_complain(&d, nodes ? &nodes->start_mark : NULL, "lists no node");
	}
	good = !d.bad;
	free(r->listed);
	document_release(&d);
	return good;
}

struct topology *
topology_parse(const char *text, size_t length, const char *alias_map, bool *in_map,
    struct complaint *complaint)
{
	struct topology *t = memory_alloc(sizeof(*t));
	struct reading r = {.topology = t};
	bool good;

	good = read_file(&r, text, length, complaint);
	*in_map = good && !topology_add_map(t, alias_map, complaint);
	if (!good || *in_map) {
		topology_free(t);
		return NULL;
	}
	topology_attach_aliases(t);
	return t;
}
