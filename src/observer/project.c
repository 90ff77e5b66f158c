/* What the projection needs of a run: nodes, inventory, deployment at work. */

#include "run.h"

#include <homelab/names.h>

#include <string.h>

enum { WORD_MAX = 128 };

/* The first word of a file of the deploy scripts; NULL for none. */
static char *
read_word(int state, const char *path)
{
	cleanup_buffer struct buffer bytes = {0};
	size_t length;
	char *word;

	if (state < 0 || disk_read(state, path, 4 * WORD_MAX, &bytes, NULL) < 0)
		return NULL;
	word = buffer_string(&bytes);
	if (strlen(word) != bytes.length)
		return NULL;
	word += strspn(word, " \t\r\n\v\f");
	length = strcspn(word, " \t\r\n\v\f");
	if (length == 0 || length > WORD_MAX)
		return NULL;
	word[length] = '\0';
	return name_is_printable(word) ? text_copy(word) : NULL;
}

static void
set_input(struct observer *o, struct slot *s, struct node_input *input)
{
	const struct host *host;

	*input = (struct node_input){.partition = s->state, .held = manifest_held(s->manifest)};
	if (o->inventory.state == TOPOLOGY_ABSENT) {
		s->absent = (struct topology_node){
		    .name = s->manifest->node, .heartbeat_ttl = NODE_TTL_DEFAULT};
		input->topology = &s->absent;
		input->known = node_is_known(&o->clock, s->state);
	} else {
		input->topology = topology_find(o->inventory.topology, s->manifest->node);
		input->known = true;
	}
	if (!input->known)
		return;
	host = inventory_host(&o->inventory, s->manifest->node);
	input->declarations = host->declarations;
	input->declarations_bad = host->bad;
}

json_t *
observer_deploy(const struct observer *o)
{
	cleanup_free char *stage = read_word(o->state, "deploy/current_stage");
	cleanup_free char *service = read_word(o->state, "deploy/last_service");

	if (stage == NULL && service == NULL)
		return json_null();
	return json_pack("{s:s?,s:s?}", "current_stage", stage, "last_service", service);
}

void
observer_project(struct observer *o)
{
	cleanup_free struct node_input *nodes = memory_alloc(o->slot_count * sizeof(*nodes));
	json_auto_t *deploy = observer_deploy(o);
	json_t *errors;
	struct world_input input = {.nodes = nodes,
	    .topology = o->inventory.state,
	    .retention = o->retention,
	    .deploy = deploy};

	o->clock = (struct clock){o->now, TIMESTAMP_LAST};
	for (size_t i = 0; i < o->slot_count; i++)
		if (o->slots[i].active)
			set_input(o, &o->slots[i], &nodes[input.node_count++]);
	errors = inventory_errors(&o->inventory);
	input.inventory_errors = errors;
	world_project(&input, &o->clock, &o->projected);
	json_decref(errors);
}
