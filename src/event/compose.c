#include <homelab/compose.h>

#include "text.h"

#include <string.h>
#include <sysexits.h>

static bool
is_given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static json_t *
object_of(const struct outline *o)
{
	const struct {
		const char *field, *text;
	} rows[] = {{"node", o->node}, {"type", o->type}, {"severity", o->severity},
	    {"source", o->source}, {"service", o->service}, {"correlation_id", o->correlation_id},
	    {"message", o->message}};
	char at[TIMESTAMP_TEXT_MAX];
	json_t *json = json_object();

	(void)json_object_set_new(json, "timestamp", json_string(timestamp_format(o->at, at)));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (is_given(rows[i].text))
			(void)json_object_set_new(json, rows[i].field, text_json(rows[i].text));
	if (json_object_size(o->payload) > 0)
		(void)json_object_set(json, "payload", o->payload);
	return json;
}

static int
add_bytes(const char *bytes, size_t length, void *out)
{
	buffer_add(out, bytes, length);
	return 0;
}

/* What the decoder takes for missing without a word. */
static int
check_kept(const struct outline *o, const struct event *e, struct error *err)
{
	if (is_given(o->severity) && e->severity == SEVERITY_MISSING)
		return error_set(err, EX_USAGE,
		    "`severity` is none of info, warning, error, critical: \"%.100s\"",
		    o->severity);
	if (is_given(o->correlation_id) && strcmp(o->correlation_id, e->correlation_id) != 0)
		return error_set(err, EX_USAGE, "`correlation_id` isn't 1 to %d bytes of UTF-8",
		    CORRELATION_ID_MAX);
	return 0;
}

static bool
needs_service(enum effect effect)
{
	return effect == EFFECT_FAILURE || effect == EFFECT_HEALTHY ||
	    effect == EFFECT_REMEDIATION_STARTED || effect == EFFECT_REMEDIATION_COMPLETED;
}

static const char *
doubt_of(const struct outline *o, const struct event *e)
{
	if (needs_service(e->kind->effect) && e->service_count == 0 && !e->says_all)
		return "names no service, so the observer only counts it";
	if (e->service_count == 1 && name_is_ghost(e->services[0]))
		return "has the name of a service that Docker leaves behind, so the observer "
		       "passes it over";
	if (is_given(o->message) && strlen(o->message) > MESSAGE_MAX)
		return "has a long message, of which the observer keeps 1024 bytes";
	return NULL;
}

/* The decoder's own view of the bytes as they will be read. */
static int
check(const struct outline *o, const struct buffer *bytes, const char **doubt, struct error *err)
{
	const struct node_names names = {&o->node, 1};
	char reason[REASON_MAX];
	struct event *e = memory_alloc(sizeof(*e));
	int result;

	if (event_decode((char *)bytes->data, bytes->length, &names, e, reason) != REJECTION_NONE) {
		free(e);
		return error_set(err, EX_USAGE, "the observer would reject it: %s", reason);
	}
	result = check_kept(o, e, err);
	*doubt = doubt_of(o, e);
	event_release(e);
	free(e);
	return result;
}

int
event_compose(const struct outline *o, struct buffer *out, const char **doubt, struct error *err)
{
	json_auto_t *json = object_of(o);
	cleanup_buffer struct buffer bytes = {0};

	if (json_dump_callback(json, add_bytes, &bytes, JSON_REAL_PRECISION(15)) < 0)
		return error_set(err, EX_USAGE, "it can't be written as JSON: nested too deep?");
	buffer_add(&bytes, "\n", 1);
	if (check(o, &bytes, doubt, err) < 0)
		return -1;
	buffer_add(out, bytes.data, bytes.length);
	return 0;
}
