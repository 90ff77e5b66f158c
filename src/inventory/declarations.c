#include "document.h"

#include <homelab/names.h>

#include <string.h>
#include <strings.h>

struct reading {
	struct declarations *declarations;
	size_t room;
	struct declaration *item; /* whose keys are being read */
};

static struct declaration *
add_item(struct reading *r, const char *service)
{
	struct declarations *all = r->declarations;

	ARRAY_GROW(all->items, all->count, r->room);
	r->item = &all->items[all->count++];
	*r->item = (struct declaration){
	    .service = text_copy(service),
	    .monitored = true,
	    .heartbeat_ttl = SERVICE_TTL_DEFAULT,
	};
	return r->item;
}

static void
set_role(struct document *d, const struct key *key, const yaml_node_t *value, void *target)
{
	const struct reading *r = target;

	(void)d;
	(void)key;
	free(r->item->role);
	r->item->role = text_copy(document_text(value));
}

static void
set_monitor(struct document *d, const struct key *key, const yaml_node_t *value, void *target)
{
	static const struct word words[] = {
	    {"true", true},
	    {"yes", true},
	    {"on", true},
	    {"false", false},
	    {"no", false},
	    {"off", false},
	    {NULL, false},
	};
	const struct reading *r = target;
	int monitored = r->item->monitored;

	document_read_word(d, key, value, words, strcasecmp, &monitored);
	r->item->monitored = monitored;
}

static void
set_heartbeat_ttl(struct document *d, const struct key *key, const yaml_node_t *value, void *target)
{
	const struct reading *r = target;

	document_read_duration(d, key, value, &r->item->heartbeat_ttl);
}

static void
add_service(struct document *d, const char *name, const yaml_node_t *value, void *target)
{
	static const struct key keys[] = {
	    {"role", YAML_SCALAR_NODE, set_role},
	    {"monitor", YAML_SCALAR_NODE, set_monitor},
	    {"heartbeat_ttl", YAML_SCALAR_NODE, set_heartbeat_ttl},
	    {NULL, YAML_NO_NODE, NULL},
	};

	(void)add_item(target, name);
	document_read_keys(d, value, keys, target);
}

static void
set_services(struct document *d, const struct key *key, const yaml_node_t *value, void *target)
{
	static const struct names services = {"service", name_is_service, add_service};

	(void)key;
	document_read_names(d, value, &services, target);
}

static int
compare_services(const void *a, const void *b)
{
	return strcmp(
	    ((const struct declaration *)a)->service, ((const struct declaration *)b)->service);
}

static void
sort_items(struct declarations *d)
{
	if (d->count > 1)
		qsort(d->items, d->count, sizeof(*d->items), compare_services);
}

struct declarations *
declarations_parse(const char *text, size_t length, struct complaint *complaint)
{
	static const struct key keys[] = {
	    {"services", YAML_MAPPING_NODE, set_services},
	    {NULL, YAML_NO_NODE, NULL},
	};
	struct reading r = {.declarations = memory_alloc(sizeof(*r.declarations))};
	struct document d;

	document_init(&d, text, length, complaint);
	document_read_keys(&d, d.root, keys, &r);
	if (!d.bad && document_value(&d, d.root, "services") == NULL)
		document_complain(&d, NULL, "no services");
	if (d.bad) {
		declarations_free(r.declarations);
		r.declarations = NULL;
	} else
		sort_items(r.declarations);
	document_release(&d);
	return r.declarations;
}

json_t *
declarations_to_json(const struct declarations *d)
{
	json_auto_t *all = json_object();

	for (size_t i = 0; i < d->count; i++) {
		const struct declaration *item = &d->items[i];
		json_t *value = json_pack("{s:s?, s:b, s:I}", "role", item->role, "monitored",
		    (int)item->monitored, "heartbeat_ttl", (json_int_t)item->heartbeat_ttl);

		if (json_object_set_new(all, item->service, value) != 0)
			return NULL;
	}
	return json_incref(all);
}

static bool
add_from_json(struct reading *r, const char *service, json_t *value)
{
	struct declaration *item;
	const json_t *role;
	json_int_t ttl;
	int monitored;

	if (!name_is_service(service, strlen(service)) ||
	    json_unpack(value, "{s:o, s:b, s:I}", "role", &role, "monitored", &monitored,
		"heartbeat_ttl", &ttl) != 0 ||
	    (!json_is_string(role) && !json_is_null(role)) || ttl < 0)
		return false;
	item = add_item(r, service);
	item->role = json_is_string(role) ? text_copy(json_string_value(role)) : NULL;
	item->monitored = monitored;
	item->heartbeat_ttl = ttl;
	return true;
}

struct declarations *
declarations_from_json(const json_t *value)
{
	struct reading r = {.declarations = memory_alloc(sizeof(*r.declarations))};
	bool good = json_is_object(value);
	const char *service;
	json_t *item;

	json_object_foreach ((json_t *)value, service, item)
		good = good && add_from_json(&r, service, item);
	if (!good) {
		declarations_free(r.declarations);
		return NULL;
	}
	sort_items(r.declarations);
	return r.declarations;
}

const struct declaration *
declarations_find(const struct declarations *d, const char *service)
{
	struct declaration key = {.service = (char *)service};

	if (d->count == 0)
		return NULL;
	return bsearch(&key, d->items, d->count, sizeof(*d->items), compare_services);
}

void
declarations_free(struct declarations *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < d->count; i++) {
		free(d->items[i].service);
		free(d->items[i].role);
	}
	free(d->items);
	free(d);
}
