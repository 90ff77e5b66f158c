/*
 * Partitions and their sources. A source, the event directories of one name,
 * belongs to exactly one manifest: that of the node the inventory gives it to,
 * or, where no node has it, the one it was in last. So sources move when
 * aliases do, and nothing is lost when a node leaves the inventory for a while.
 */

#include "run.h"

#include <homelab/message.h>

#include <string.h>
#include <sysexits.h>
#include <zlib.h>

struct slot *
slots_find(const struct observer *o, const char *node)
{
	size_t low = 0, high = o->slot_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(o->slots[middle].manifest->node, node);

		if (order == 0)
			return &o->slots[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static struct slot *
add_slot(struct observer *o, struct manifest *m)
{
	size_t at = o->slot_count;

	ARRAY_GROW(o->slots, o->slot_count, o->slot_room);
	while (at > 0 && strcmp(o->slots[at - 1].manifest->node, m->node) > 0)
		at--;
	memmove(o->slots + at + 1, o->slots + at, (o->slot_count - at) * sizeof(*o->slots));
	o->slot_count++;
	o->slots[at] = (struct slot){.manifest = m};
	return &o->slots[at];
}

static struct slot *
ensure_slot(struct observer *o, const char *node)
{
	struct slot *s = slots_find(o, node);

	return s != NULL ? s : add_slot(o, manifest_new(node));
}

/* Reads the manifest that the checkpoint names. */
static int
load_manifest(struct observer *o, const json_t *entry, struct slot *s, struct error *err)
{
	uint64_t generation = (uint64_t)json_integer_value(json_object_get(entry, "generation"));
	json_int_t sum = json_integer_value(json_object_get(entry, "crc32"));
	struct manifest *m;

	s->committed_generation = generation;
	if (generation == 0) /* never heard of: there is none */
		return 0;
	m = manifest_load(&o->store, s->manifest->node, generation, &s->committed, err);
	if (m == NULL)
		return -1;
	if ((json_int_t)crc32_z(0, s->committed.data, s->committed.length) != sum) {
		manifest_free(m);
		return error_set(err, EX_DATAERR, "the manifest of %s isn't the committed one",
		    s->manifest->node);
	}
	manifest_free(s->manifest);
	s->manifest = m;
	return 0;
}

struct salvage {
	struct observer *observer;
	struct error *err;
};

static int
salvage_partition(void *context, const char *node)
{
	const struct salvage *salvage = context;
	struct observer *o = salvage->observer;
	struct manifest *m;

	if (slots_find(o, node) != NULL)
		return 0;
	if (manifest_find_latest(&o->store, node, &m, salvage->err) < 0)
		return -1;
	if (m != NULL)
		(void)add_slot(o, m);
	else
		ensure_slot(o, node)->damaged = true;
	return 0;
}

/* A source that no manifest has. */
static int
salvage_source(void *context, const char *name)
{
	const struct salvage *salvage = context;
	struct observer *o = salvage->observer;
	struct slot *s;
	int found;

	for (size_t i = 0; i < o->slot_count; i++)
		if (manifest_source(o->slots[i].manifest, name) != NULL)
			return 0;
	s = ensure_slot(o, name);
	if ((found = source_from_files(&o->store, s->manifest, name, salvage->err)) > 0)
		s->damaged = true;
	return found < 0 ? -1 : 0;
}

/*
 * From the checkpoint, or, without one, from what is in the store: its files
 * say the same, but for what an unfinished run left.
 */
int
slots_load(struct observer *o, struct error *err)
{
	struct salvage salvage = {o, err};
	const json_t *entry;
	const char *node;

	if (o->before == NULL)
		return store_each(&o->store, "partitions", salvage_partition, &salvage, err) < 0 ||
			store_each(&o->store, "journal", salvage_source, &salvage, err) < 0 ?
		    -1 :
		    0;
	json_object_foreach (json_object_get(o->before, "partitions"), node, entry) {
		struct slot *s = ensure_slot(o, node);

		if (load_manifest(o, entry, s, err) == 0)
			continue;
		if (err->status != EX_DATAERR)
			return -1;
		message_error("the manifest of %s is missing or damaged%s", node,
		    o->store.read_only ? "" : ": making it anew");
		s->damaged = true;
		if (salvage_source(&salvage, node) < 0)
			return -1;
	}
	return 0;
}

/* --- sources ------------------------------------------------------------- */

/* Where there was no checkpoint, manifests of different runs were found, and the one it
 * goes to may have it already. */
static void
move_source(struct observer *o, const char *from_node, const char *name, const char *to_node)
{
	struct slot *to = ensure_slot(o, to_node);
	struct slot *from = slots_find(o, from_node);
	struct manifest *m = from->manifest;
	struct source *source = manifest_source(m, name), moved = *source, *there;
	size_t at = (size_t)(source - m->sources);

	m->source_count--;
	memmove(m->sources + at, m->sources + at + 1, (m->source_count - at) * sizeof(*m->sources));
	m->anew = to->manifest->anew = true;
	if (manifest_source(to->manifest, moved.name) != NULL) {
		source_release(&moved);
		return;
	}
	there = manifest_add_source(to->manifest, moved.name);
	source_release(there);
	*there = moved;
}

/* Whether a node of that name is read; an alias isn't one. */
static bool
is_node(const struct observer *o, const char *name)
{
	const char *node = inventory_node_of(&o->inventory, name);

	return node != NULL && strcmp(node, name) == 0;
}

/* The node whose manifest should hold a source. */
static const char *
holder_of(const struct observer *o, const struct slot *s, const struct source *source)
{
	const char *node = inventory_node_of(&o->inventory, source->name);

	if (node != NULL)
		return node;
	return is_node(o, s->manifest->node) ? source->name : s->manifest->node;
}

static bool
move_one(struct observer *o)
{
	for (size_t i = 0; i < o->slot_count; i++)
		for (size_t k = 0; k < o->slots[i].manifest->source_count; k++) {
			const struct manifest *m = o->slots[i].manifest;
			const char *holder = holder_of(o, &o->slots[i], &m->sources[k]);

			if (strcmp(holder, m->node) == 0)
				continue;
			move_source(o, m->node, m->sources[k].name, holder);
			return true;
		}
	return false;
}

/* --- names --------------------------------------------------------------- */

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The texts a node's events may give as their node: its name and aliases. */
static char **
names_of(const struct observer *o, const char *node, size_t *count)
{
	const struct topology *t = o->inventory.topology;
	char **names = memory_resize(NULL, t->alias_count + 1, sizeof(*names));

	names[0] = text_copy(node);
	*count = 1;
	for (size_t i = 0; i < t->alias_count; i++)
		if (strcmp(t->aliases[i].node, node) == 0)
			names[(*count)++] = text_copy(t->aliases[i].alias);
	qsort(names, *count, sizeof(*names), compare_names);
	return names;
}

/* Where they aren't what they were, the partition is made anew (I6): what was
 * rejected may be ours now, and what was folded may not. */
static void
set_names(struct manifest *m, char **names, size_t count)
{
	bool same = m->name_count == count;

	for (size_t i = 0; same && i < count; i++)
		same = strcmp(m->names[i], names[i]) == 0;
	m->anew |= !same && m->name_count > 0;
	for (size_t i = 0; i < m->name_count; i++)
		free(m->names[i]);
	free(m->names);
	m->names = names;
	m->name_count = count;
}

static void
activate(struct observer *o, struct slot *s)
{
	size_t count;
	char **names = names_of(o, s->manifest->node, &count);

	set_names(s->manifest, names, count);
	s->active = true;
	s->intake = (struct intake){.scan = &o->scan,
	    .manifest = s->manifest,
	    .names = {(const char *const *)s->manifest->names, s->manifest->name_count},
	    .newest = s->manifest->newest,
	    .base = s->manifest->based ? s->manifest->snapshots[0].boundary : TIMESTAMP_NONE,
	    .oldest_new = TIMESTAMP_LAST};
}

void
slots_assign(struct observer *o)
{
	const struct topology *t = o->inventory.topology;

	while (move_one(o))
		;
	for (size_t i = 0; i < t->node_count; i++)
		(void)ensure_slot(o, t->nodes[i].name);
	for (size_t i = 0; i < o->slot_count; i++)
		if (is_node(o, o->slots[i].manifest->node) &&
		    (o->inventory.state != TOPOLOGY_ABSENT ||
			o->slots[i].manifest->source_count > 0))
			activate(o, &o->slots[i]);
}

struct source *
slots_source(void *observer, const char *directory)
{
	struct observer *o = observer;
	const char *node = inventory_node_of(&o->inventory, directory);
	struct source *source;
	struct slot *s;

	if (node == NULL)
		return NULL;
	s = ensure_slot(o, node);
	if (!s->active)
		activate(o, s);
	source = manifest_source(s->manifest, directory);
	return source != NULL ? source : manifest_add_source(s->manifest, directory);
}

void
slots_each_source(void *observer, void (*visit)(struct source *, int32_t), int32_t date)
{
	struct observer *o = observer;

	for (size_t i = 0; i < o->slot_count; i++)
		for (size_t k = 0; o->slots[i].active && k < o->slots[i].manifest->source_count;
		     k++)
			visit(&o->slots[i].manifest->sources[k], date);
}

void
slots_release(struct observer *o)
{
	for (size_t i = 0; i < o->slot_count; i++) {
		manifest_free(o->slots[i].manifest);
		buffer_release(&o->slots[i].committed);
		buffer_release(&o->slots[i].packed);
		partition_free(o->slots[i].state);
		json_decref(o->slots[i].intake.carried);
		json_decref(o->slots[i].damaged_files);
	}
	free(o->slots);
}
