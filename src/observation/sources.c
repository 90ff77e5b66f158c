/* The sources of a cycle, and a provider of always the same. */

#include "parts.h"

#include <homelab/buffer.h>

void
observation_sources_add(struct observation_sources *sources, const char *name, void *data)
{
	ARRAY_GROW(sources->list, sources->count, sources->room);
	sources->list[sources->count++] = (struct observation_source){text_copy(name), data};
}

void
sources_release(struct observation_sources *sources)
{
	for (size_t i = 0; i < sources->count; i++)
		free((char *)sources->list[i].name);
	free(sources->list);
	*sources = (struct observation_sources){0};
}

static int
list_static(void *context, struct observation_sources *out, struct error *err)
{
	const struct observation_sources *all = context;

	(void)err;
	for (size_t i = 0; i < all->count; i++)
		observation_sources_add(out, all->list[i].name, all->list[i].data);
	return 0;
}

struct observation_provider
observation_provider_static(const struct observation_sources *sources)
{
	return (struct observation_provider){list_static, (void *)sources};
}
