#include "news.h"

#include <homelab/emit.h>
#include <homelab/message.h>

#include <string.h>
#include <sysexits.h>

void
news_init(struct news *n, const char *root, const char *node)
{
	*n = (struct news){.root = root, .node = node, .pending = json_array()};
}

void
news_release(struct news *n)
{
	json_decref(n->pending);
	n->pending = NULL;
}

/* Into `place` and `bytes`. */
static int
compose(struct news *n, const struct outline *outline, timestamp now, char *place,
    struct buffer *bytes, struct error *err)
{
	struct outline o = *outline;
	const char *doubt;

	n->last = time_after(n->last, now);
	if (o.at == TIMESTAMP_NONE || o.at > n->last)
		o.at = n->last;
	o.node = n->node;
	o.source = NEWS_SOURCE;
	if (event_compose(&o, bytes, &doubt, err) < 0)
		return -1;
	return event_place(n->node, o.type, n->last, place, err);
}

json_t *
news_add(struct news *n, const struct outline *outline, timestamp now)
{
	char place[EVENT_PLACE_SIZE];
	cleanup_buffer struct buffer bytes = {0};
	struct error err = {0};

	if (compose(n, outline, now, place, &bytes, &err) < 0) {
		message_error("%s isn't told: %s", outline->type, err.text);
		return NULL;
	}
	(void)json_array_append_new(
	    n->pending, json_pack("[s, s%]", place, (char *)bytes.data, bytes.length));
	return json_loadb((char *)bytes.data, bytes.length, 0, NULL);
}

const json_t *
news_pending(const struct news *n)
{
	return n->pending;
}

void
news_recall(struct news *n, const json_t *pending)
{
	const json_t *one;
	size_t i;

	json_array_foreach (pending, i, one)
		if (json_is_string(json_array_get(one, 0)) &&
		    json_is_string(json_array_get(one, 1)))
			(void)json_array_append(n->pending, (json_t *)one);
}

void
news_drop(struct news *n, size_t count)
{
	while (json_array_size(n->pending) > count)
		(void)json_array_remove(n->pending, json_array_size(n->pending) - 1);
}

static const char *
place_of(const json_t *pending)
{
	return json_string_value(json_array_get(pending, 0));
}

/* What is no event's place was changed in the state by others: it is left out. */
static int
put_all(struct news *n, struct error *err)
{
	for (size_t i = 0; i < json_array_size(n->pending);) {
		const json_t *one = json_array_get(n->pending, i), *text = json_array_get(one, 1);

		if (event_put(n->root, place_of(one), json_string_value(text),
			json_string_length(text), clock_real(), err) == 0) {
			message_verbose("%s", place_of(one));
			i++;
		} else if (err->status == EX_DATAERR) {
			message_error("%s", err->text);
			(void)json_array_remove(n->pending, i);
		} else {
			return -1;
		}
	}
	return 0;
}

static int
add_to_backends(const struct news *n, struct error *err)
{
	size_t count = json_array_size(n->pending);
	cleanup_free struct backend_event *events = memory_alloc(count * sizeof(*events));

	if (n->backends == NULL)
		return 0;
	for (size_t i = 0; i < count; i++) {
		const json_t *one = json_array_get(n->pending, i), *text = json_array_get(one, 1);

		events[i].name = strrchr(place_of(one), '/') + 1;
		events[i].bytes = json_string_value(text);
		events[i].length = json_string_length(text);
	}
	return backends_add(n->backends, events, count, clock_real(), err);
}

int
news_send(struct news *n, struct error *err)
{
	if (json_array_size(n->pending) == 0)
		return 0;
	if (put_all(n, err) < 0 || add_to_backends(n, err) < 0)
		return -1;
	(void)json_array_clear(n->pending);
	return 0;
}
