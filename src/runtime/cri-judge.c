#include "cri.h"

#include <string.h>

/* --- what is known already --------------------------------------------------------- */

static int
compare_ids(const void *a, const void *b)
{
	return strcmp(
	    (*(const struct container *const *)a)->id, (*(const struct container *const *)b)->id);
}

static const struct container **
sort_by_id(const struct containers *c)
{
	const struct container **list = memory_alloc(c->count * sizeof(*list));

	for (size_t i = 0; i < c->count; i++)
		list[i] = &c->list[i];
	if (c->count > 0)
		qsort(list, c->count, sizeof(*list), compare_ids);
	return list;
}

static bool
is_settled(const struct container *c, const struct cri_entry *entry, timestamp settled)
{
	return entry->state != CRI_EXITED ||
	    (c->finished_at != TIMESTAMP_NONE && c->finished_at < settled);
}

void
cri_reuse(struct cri_view *view, const struct cri_view *kept, timestamp settled)
{
	cleanup_free const struct container **known = sort_by_id(&kept->containers);

	for (size_t i = 0; i < view->containers.count; i++) {
		struct container *c = &view->containers.list[i];
		struct cri_entry *entry = &view->entries[i];
		const struct container *const *found = kept->containers.count == 0 ?
		    NULL :
		    bsearch(&(const struct container *){c}, known, kept->containers.count,
			sizeof(*known), compare_ids);
		const struct cri_entry *old;

		if (found == NULL || entry->state == CRI_UNKNOWN)
			continue;
		old = &kept->entries[*found - kept->containers.list];
		if (!old->detailed || old->state != entry->state ||
		    !is_settled(*found, old, settled))
			continue;
		container_release(c);
		*c = container_copy(*found);
		entry->detailed = true;
	}
}

/* --- judging ----------------------------------------------------------------------- */

static const struct cri_sandbox *
find_sandbox(const struct cri_sandboxes *sandboxes, const char *id)
{
	size_t from = 0, to = sandboxes->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = strcmp(sandboxes->list[middle].id, id);

		if (order == 0)
			return &sandboxes->list[middle];
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return NULL;
}

static void
set_name(struct container *c, const struct cri_sandbox *sandbox)
{
	cleanup_buffer struct buffer name = {0};

	if (sandbox == NULL)
		return;
	if (sandbox->space[0] != '\0' && strcmp(sandbox->space, "default") != 0)
		buffer_text(&name, "%s_", sandbox->space);
	if (sandbox->name[0] != '\0' && strcmp(sandbox->name, c->name) != 0)
		buffer_text(&name, "%s_", sandbox->name);
	buffer_text(&name, "%s", c->name);
	container_set_text(&c->name, buffer_string(&name));
}

static enum container_state
state_of(const struct container *c, enum cri_state state)
{
	if (c->has_exited)
		return container_crashed(c) ? CONTAINER_FAILED : CONTAINER_EXITED;
	/* Where the runtime has lost track of one, the kubelet takes it down. */
	if (state == CRI_UNKNOWN)
		return CONTAINER_STOPPING;
	return state == CRI_RUNNING ? CONTAINER_RUNNING : CONTAINER_CREATED;
}

void
cri_judge(struct container *c, const struct cri_entry *entry, const struct cri_sandboxes *sandboxes)
{
	const struct cri_sandbox *sandbox = find_sandbox(sandboxes, entry->sandbox);

	set_name(c, sandbox);
	c->stop_requested = sandbox == NULL || !sandbox->ready;
	c->state = state_of(c, entry->state);
}
