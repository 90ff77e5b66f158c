/* What changed, an event a line. */

#include <homelab/status.h>

#include <stdio.h>
#include <string.h>

enum { HISTORY_LINES = 20, WHAT_COLUMNS = 21, WHERE_COLUMNS = 28 };

/* "service_status_changed" as "service status". */
static void
put_kind(const char *kind, enum style style, struct screen *s)
{
	static const char end[] = "_changed";
	cleanup_free char *words = text_copy(kind);
	size_t length = strlen(words);

	if (length > strlen(end) && strcmp(words + length - strlen(end), end) == 0)
		words[length - strlen(end)] = '\0';
	for (char *p = words; *p != '\0'; p++)
		if (*p == '_')
			*p = ' ';
	screen_put(s, style, "%s", words);
}

static bool
is_about(const char *kind, const char *what)
{
	return strncmp(kind, what, strlen(what)) == 0;
}

static void
add_part(struct buffer *text, const char *before, const char *part)
{
	buffer_text(text, "%s%s%s", text->length > 0 ? ", " : "", before, part);
}

static void
add_change(const json_t *event, struct buffer *text)
{
	const char *from = member_text(event, "from"), *to = member_text(event, "to");

	if (from != NULL && to != NULL)
		buffer_text(text, "%s%s -> %s", text->length > 0 ? ", " : "", from, to);
	else if (to != NULL)
		add_part(text, "", to);
	else if (member_is(event, "kind", "pressure_changed"))
		add_part(text, "", "cleared");
	else if (from != NULL)
		add_part(text, "was ", from);
}

static void
add_keys(const json_t *keys, const char *sign, struct buffer *text)
{
	for (size_t i = 0; i < json_array_size(keys); i++)
		if (json_is_string(json_array_get(keys, i)))
			add_part(text, sign, json_string_value(json_array_get(keys, i)));
}

/* Of an incident its severity and count say more than "active". */
static void
add_incident(const json_t *event, struct buffer *text)
{
	json_int_t count = member_number(event, "occurrence_count");

	if (member_is(event, "kind", "incident_severity_changed"))
		add_change(event, text);
	else if (member_text(event, "severity") != NULL)
		add_part(text, "", member_text(event, "severity"));
	if (count > 1)
		buffer_text(text, ", %lld times", (long long)count);
}

static void
describe(const char *kind, const json_t *event, struct buffer *text)
{
	const char *message = member_text(event, "message");

	if (is_about(kind, "incident_"))
		add_incident(event, text);
	else
		add_change(event, text);
	add_keys(json_object_get(event, "added"), "+", text);
	add_keys(json_object_get(event, "removed"), "-", text);
	if (member_text(event, "replaced_by") != NULL)
		add_part(text, "now ", member_text(event, "replaced_by"));
	if (message != NULL)
		buffer_text(text, "%s%s", text->length > 0 ? ": " : "", message);
}

static enum style
style_of_event(const char *kind, const json_t *event)
{
	if (strcmp(kind, "incident_opened") == 0 || strcmp(kind, "incident_reopened") == 0)
		return STYLE_BAD;
	if (is_about(kind, "incident_resolved"))
		return STYLE_GOOD;
	return style_of_word(member_text(event, "to"));
}

void
history_event_print(const json_t *event, const struct query *q, struct screen *s)
{
	const char *kind = member_text(event, "kind"), *key = member_text(event, "key");
	const char *node = member_text(event, "node"), *service = member_text(event, "service");
	size_t column = s->exact ? 22 : 10;
	cleanup_buffer struct buffer text = {0};
	char ago[AGE_TEXT_MAX];

	screen_put(s, STYLE_DIM, "%s", screen_ago(s, whole_seconds(member_time(event, "at")), ago));
	screen_skip_to(s, column);
	put_kind(kind, style_of_event(kind, event), s);
	screen_skip_to(s, column += WHAT_COLUMNS + 1);
	if (is_about(kind, "incident_") && q->id == NULL && node != NULL && service != NULL)
		screen_put(s, STYLE_BOLD, "%s/%s", node, service);
	else
		screen_put(s, STYLE_BOLD, "%s", key ? key : "");
	describe(kind, event, &text);
	if (text.length > 0) {
		screen_skip_to(s, column + WHERE_COLUMNS);
		screen_put(s, STYLE_PLAIN, "%s", buffer_string(&text));
	}
	screen_end(s);
}

static json_t *
chosen_events(const json_t *history, const struct query *q)
{
	const json_t *batches = json_object_get(history, "batches");
	json_t *chosen = json_array();

	for (size_t i = 0; i < json_array_size(batches); i++) {
		const json_t *events = json_object_get(json_array_get(batches, i), "events");

		for (size_t k = 0; k < json_array_size(events); k++)
			if (select_event(q, json_array_get(events, k)))
				(void)json_array_append(chosen, json_array_get(events, k));
	}
	return chosen;
}

void
history_print(const json_t *history, const struct query *q, struct screen *s)
{
	json_auto_t *events = chosen_events(history, q);
	size_t count = json_array_size(events);
	size_t first = !q->all && count > HISTORY_LINES ? count - HISTORY_LINES : 0;

	screen_put(s, STYLE_BOLD, "HISTORY");
	if (count == 0)
		screen_line(s, STYLE_PLAIN, "  nothing has changed, as far as is remembered");
	else
		screen_line(s, STYLE_PLAIN, "  %zu change%s", count, count == 1 ? "" : "s");
	if (first > 0)
		screen_line(s, STYLE_DIM, "%zu earlier ones with --all", first);
	for (size_t i = first; i < count; i++)
		history_event_print(json_array_get(events, i), q, s);
}
