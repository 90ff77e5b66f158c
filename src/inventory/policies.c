/* What a host's services.yaml says about crashes; see also declarations.c. */

#include "document.h"

#include <homelab/names.h>
#include <homelab/policy.h>

#include <string.h>

const char *const panic_action_names[PANIC_ACTION_COUNT] = {
    [PANIC_RESTART] = "restart",
    [PANIC_SHUTDOWN] = "shutdown",
    [PANIC_ISOLATE] = "isolate",
};

const struct policy policy_default = {
    .action = PANIC_RESTART,
    .max_restarts = POLICY_RESTARTS_DEFAULT,
    .window = POLICY_WINDOW_DEFAULT,
    .backoff = POLICY_BACKOFF_DEFAULT,
};

struct reading {
	struct policies *policies;
	size_t room;
	const char *service; /* whose keys are being read */
	struct policy *item; /* its policy, once it has one */
};

static void
set_action(struct document *d, const struct key *key, const yaml_node_t *value, void *target)
{
	static const struct word words[] = {
	    {"restart", PANIC_RESTART},
	    {"shutdown", PANIC_SHUTDOWN},
	    {"isolate", PANIC_ISOLATE},
	    {NULL, 0},
	};
	const struct reading *r = target;
	int action = (int)r->item->action;

	document_read_word(d, key, value, words, strcmp, &action);
	r->item->action = (enum panic_action)action;
}

static void
set_max_restarts(struct document *d, const struct key *key, const yaml_node_t *value, void *target)
{
	const struct reading *r = target;
	const char *text = document_text(value);
	int number = 0;
	bool good = *text != '\0';

	for (const char *p = text; good && *p != '\0'; p++) {
		good = *p >= '0' && *p <= '9';
		number = number * 10 + (*p - '0');
		good = good && number <= POLICY_RESTARTS_MOST;
	}
	if (good)
		r->item->max_restarts = number;
	else
		document_complain(d, &value->start_mark,
		    "'%s' must be a number from 0 to %d, not '%.63s'", key->name,
		    POLICY_RESTARTS_MOST, text);
}

struct range {
	timestamp least, most;
	const char *text;
};

static void
read_within(struct document *d, const struct key *key, const yaml_node_t *value,
    const struct range *range, timestamp *out)
{
	timestamp read = range->least;

	document_read_duration(d, key, value, &read);
	if (read < range->least || read > range->most)
		document_complain(d, &value->start_mark, "'%s' must be %s, not '%.63s'", key->name,
		    range->text, document_text(value));
	*out = read;
}

static void
set_window(struct document *d, const struct key *key, const yaml_node_t *value, void *target)
{
	static const struct range range = {POLICY_WINDOW_LEAST, POLICY_WINDOW_MOST, "1s to 7d"};
	const struct reading *r = target;

	read_within(d, key, value, &range, &r->item->window);
}

static void
set_backoff(struct document *d, const struct key *key, const yaml_node_t *value, void *target)
{
	static const struct range range = {POLICY_BACKOFF_LEAST, POLICY_BACKOFF_MOST, "1s to 1d"};
	const struct reading *r = target;

	read_within(d, key, value, &range, &r->item->backoff);
}

static void
set_on_panic(struct document *d, const struct key *key, const yaml_node_t *value, void *target)
{
	static const struct key keys[] = {
	    {"action", YAML_SCALAR_NODE, set_action},
	    {"max_restarts", YAML_SCALAR_NODE, set_max_restarts},
	    {"window", YAML_SCALAR_NODE, set_window},
	    {"backoff", YAML_SCALAR_NODE, set_backoff},
	    {NULL, YAML_NO_NODE, NULL},
	};

	(void)key;
	document_read_keys(d, value, keys, target);
}

static void
add_policy(struct reading *r)
{
	struct policies *all = r->policies;

	ARRAY_GROW(all->items, all->count, r->room);
	r->item = &all->items[all->count++];
	*r->item = policy_default;
	r->item->service = text_copy(r->service);
}

static void
set_errors(struct document *d, const struct key *key, const yaml_node_t *value, void *target)
{
	static const struct key keys[] = {
	    {"on_panic", YAML_MAPPING_NODE, set_on_panic},
	    {NULL, YAML_NO_NODE, NULL},
	};

	(void)key;
	/* Without a value, too, it says that something is to be done. */
	if (document_value(d, value, "on_panic") == NULL)
		return;
	add_policy(target);
	document_read_keys(d, value, keys, target);
}

static void
read_service(struct document *d, const char *name, const yaml_node_t *value, void *target)
{
	static const struct key keys[] = {
	    {"errors", YAML_MAPPING_NODE, set_errors},
	    {NULL, YAML_NO_NODE, NULL},
	};
	struct reading *r = target;

	r->service = name;
	document_read_keys(d, value, keys, r);
}

static void
set_services(struct document *d, const struct key *key, const yaml_node_t *value, void *target)
{
	static const struct names services = {"service", name_is_service, read_service};

	(void)key;
	document_read_names(d, value, &services, target);
}

static int
compare_services(const void *a, const void *b)
{
	return strcmp(((const struct policy *)a)->service, ((const struct policy *)b)->service);
}

struct policies *
policies_parse(const char *text, size_t length, struct complaint *complaint)
{
	static const struct key keys[] = {
	    {"services", YAML_MAPPING_NODE, set_services},
	    {NULL, YAML_NO_NODE, NULL},
	};
	struct policies *p = memory_alloc(sizeof(*p));
	struct reading r = {.policies = p};
	struct document d;

	document_init(&d, text, length, complaint);
	document_read_keys(&d, d.root, keys, &r);
	if (!d.bad && document_value(&d, d.root, "services") == NULL)
		document_complain(&d, NULL, "no services");
	if (d.bad) {
		policies_free(p);
		p = NULL;
	} else if (p->count > 1)
		qsort(p->items, p->count, sizeof(*p->items), compare_services);
	document_release(&d);
	return p;
}

void
policies_free(struct policies *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->count; i++)
		free(p->items[i].service);
	free(p->items);
	free(p);
}

const struct policy *
policies_find(const struct policies *p, const char *service)
{
	struct policy key = {.service = (char *)service};

	if (p == NULL || service == NULL || p->count == 0)
		return NULL;
	return bsearch(&key, p->items, p->count, sizeof(*p->items), compare_services);
}

const struct policy *
policy_for(const struct policies *p, const struct container *c, const struct policy **doubted)
{
	const char *name = c->name;
	const struct policy *said = policies_find(p, container_service(c)), *found;

	if (name_is_ghost(name))
		name += CONTAINER_ID_LENGTH + 1;
	found = policies_find(p, name);
	if (found == NULL)
		found = policies_find(p, container_label(c, "com.docker.compose.project"));
	*doubted = said != found ? said : NULL;
	return found;
}
