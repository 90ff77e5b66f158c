/* A host's services.yaml. */

#include "fuzz.h"

#include <homelab/names.h>
#include <homelab/policy.h>

#include <string.h>

static void
check_items(const struct declarations *d)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct declaration *item = &d->items[i];

		HOLDS(name_is_service(item->service, strlen(item->service)));
		HOLDS(i == 0 || strcmp(d->items[i - 1].service, item->service) < 0);
		HOLDS(declarations_find(d, item->service) == item);
		HOLDS(item->heartbeat_ttl >= 0);
	}
}

static void
check_memory(const struct declarations *d)
{
	json_auto_t *once = declarations_to_json(d), *twice = NULL;
	struct declarations *back;

	HOLDS(json_object_size(once) == d->count);
	back = declarations_from_json(once);
	HOLDS(back != NULL);
	twice = declarations_to_json(back);
	HOLDS(json_equal(once, twice));
	declarations_free(back);
}

static void
check_policies(const char *text, size_t size, const struct declarations *d)
{
	struct complaint why = {0};
	struct policies *all = policies_parse(text, size, &why);

	HOLDS((all == NULL) == (why.line >= 1 && why.column >= 1 && why.reason[0] != '\0'));
	for (size_t i = 0; all != NULL && i < all->count; i++) {
		const struct policy *p = &all->items[i];

		HOLDS(policies_find(all, p->service) == p);
		HOLDS(d == NULL || declarations_find(d, p->service) != NULL);
		HOLDS(p->action < PANIC_ACTION_COUNT);
		HOLDS(p->max_restarts >= 0 && p->max_restarts <= POLICY_RESTARTS_MOST);
		HOLDS(p->window >= POLICY_WINDOW_LEAST && p->window <= POLICY_WINDOW_MOST);
		HOLDS(p->backoff >= POLICY_BACKOFF_LEAST && p->backoff <= POLICY_BACKOFF_MOST);
	}
	policies_free(all);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct complaint why = {0};
	struct declarations *d = declarations_parse((const char *)data, size, &why);

	if (d == NULL) {
		HOLDS(why.line >= 1 && why.column >= 1 && why.reason[0] != '\0');
	} else {
		HOLDS(why.line == 0);
		check_items(d);
		check_memory(d);
	}
	check_policies((const char *)data, size, d);
	declarations_free(d);
	return 0;
}
