/* topology.yaml; what follows a NUL is NODE_ALIAS_MAP. */

#include "fuzz.h"

#include <homelab/names.h>

#include <string.h>

static void
check_complaint(const struct complaint *c)
{
	HOLDS(c->line >= 1 && c->column >= 1);
	HOLDS(c->reason[0] != '\0');
	for (const char *p = c->reason; *p != '\0'; p++)
		HOLDS(*p >= 0x20 && *p <= 0x7e);
}

static void
check_nodes(const struct topology *t)
{
	HOLDS(t->node_count > 0);
	for (size_t i = 0; i < t->node_count; i++) {
		const struct topology_node *n = &t->nodes[i];

		HOLDS(name_is_node(n->name, strlen(n->name)));
		HOLDS(i == 0 || strcmp(t->nodes[i - 1].name, n->name) < 0);
		HOLDS(topology_find(t, n->name) == n);
		HOLDS(n->heartbeat_ttl >= 0);
	}
	for (size_t i = 0; i < t->alias_count; i++) {
		const struct topology_alias *a = &t->aliases[i];

		HOLDS(name_is_node(a->alias, strlen(a->alias)));
		HOLDS(topology_find(t, a->alias) == NULL);
		HOLDS(strcmp(topology_node_of(t, a->alias), a->node) == 0);
		HOLDS(topology_find(t, a->node) != NULL);
		HOLDS(i == 0 || strcmp(t->aliases[i - 1].alias, a->alias) < 0);
	}
}

static void
check_memory(const struct topology *t)
{
	json_auto_t *value = topology_to_json(t);
	struct topology *back = topology_from_json(value);

	HOLDS(back != NULL && topology_same(t, back));
	topology_free(back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = text_copy_length((const char *)data, size);
	const char *nul = memchr(text, '\0', size);
	struct complaint why = {0};
	bool in_map = false;
	struct topology *t = topology_parse(
	    text, nul ? (size_t)(nul - text) : size, nul ? nul + 1 : NULL, &in_map, &why);

	if (t == NULL) {
		check_complaint(&why);
	} else {
		HOLDS(why.line == 0 && !in_map);
		check_nodes(t);
		check_memory(t);
	}
	topology_free(t);
	return 0;
}
