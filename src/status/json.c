/* What is shown, as JSON. */

#include <homelab/message.h>
#include <homelab/status.h>

#include <stdlib.h>
#include <string.h>

static const struct {
	enum subject subject;
	enum document document;
	const char *member;
} parts[] = {
    {SUBJECT_NODES, DOCUMENT_NODES, "nodes"},
    {SUBJECT_SERVICES, DOCUMENT_SERVICES, "services"},
    {SUBJECT_INCIDENTS, DOCUMENT_INCIDENTS, "incidents"},
    {SUBJECT_DEPLOYMENTS, DOCUMENT_DEPLOYMENTS, "deployments"},
};

enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

static json_t *
one_record(const json_t *record)
{
	json_t *value = json_object();

	(void)json_object_set_nocheck(
	    value, member_text(record, "id"), (json_t *)(uintptr_t)record);
	return value;
}

json_t *
status_json(const struct published *world, const struct query *q)
{
	json_t *value;

	if (q->id != NULL)
		return one_record(story_find(world, q));
	for (size_t i = 0; i < PARTS; i++)
		if (parts[i].subject == q->subject)
			return select_records(world, q, parts[i].document);
	value = json_object();
	(void)json_object_set(value, "summary", world->summary);
	for (size_t i = 0; i < PARTS; i++)
		(void)json_object_set_new(
		    value, parts[i].member, select_records(world, q, parts[i].document));
	return value;
}

/* A batch with those of its events that are asked for; NULL where there are none. */
json_t *
history_batch_json(json_t *batch, const struct query *q)
{
	const json_t *events = json_object_get(batch, "events");
	json_auto_t *chosen = json_array();
	json_t *value;

	for (size_t i = 0; i < json_array_size(events); i++)
		if (select_event(q, json_array_get(events, i)))
			(void)json_array_append(chosen, json_array_get(events, i));
	if (json_array_size(chosen) == 0)
		return NULL;
	value = json_copy(batch);
	(void)json_object_set(value, "events", chosen);
	return value;
}

json_t *
history_json(const json_t *history, const struct query *q)
{
	const json_t *batches = json_object_get(history, "batches");
	json_t *chosen = json_array(), *value = json_object();

	for (size_t i = 0; i < json_array_size(batches); i++) {
		json_t *batch = history_batch_json(json_array_get(batches, i), q);

		if (batch != NULL)
			(void)json_array_append_new(chosen, batch);
	}
	(void)json_object_set_new(value, "batches", chosen);
	(void)json_object_set(value, "generation", json_object_get(history, "generation"));
	return value;
}

/* Of the escape of text_escape() the one that JSON knows. */
static void
put_escape(const char *escape, struct buffer *out)
{
	unsigned long c = strtoul(escape + 2, NULL, 16);

	if (c <= 0xffff)
		buffer_text(out, "\\u%04lx", c);
	else
		buffer_text(
		    out, "\\u%04lx\\u%04lx", 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + (c & 0x3ff));
}

void
json_print(const json_t *value, bool on_one_line, struct buffer *out)
{
	cleanup_buffer struct buffer dumped = {0};
	const char *p;

	if (on_one_line) {
		cleanup_free char *line =
		    json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(15));

		buffer_text(&dumped, "%s\n", line);
	} else {
		document_dump(value, &dumped);
	}
	for (p = buffer_string(&dumped); *p != '\0';) {
		size_t length = 1;
		char character[5] = {0}, shown[TEXT_ESCAPED_MAX(4)];

		while (length < 4 && ((unsigned char)p[length] & 0xc0) == 0x80)
			length++;
		memcpy(character, p, length);
		(void)text_escape(character, shown, sizeof(shown));
		if (*p != '\n' && *p != '\\' && shown[0] == '\\')
			put_escape(shown, out);
		else
			buffer_add(out, p, length);
		p += length;
	}
}
