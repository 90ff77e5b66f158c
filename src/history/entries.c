/* Members of a document that document_dump() wrote, found by their indentation:
 * within strings there are no line breaks, and all that is deeper is indented
 * further. */

#include <homelab/changes.h>

#include <string.h>

#define NONE "{}\n"
#define BEGIN "{\n"
#define MEMBER_BEGIN "  \""
#define MEMBER_END "  }"
#define END "}\n"

static bool
starts(const char *at, const char *end, const char *with)
{
	size_t length = strlen(with);

	return (size_t)(end - at) >= length && memcmp(at, with, length) == 0;
}

/* Behind the line's end; NULL where it has none. */
static const char *
next_line(const char *at, const char *end)
{
	const char *found = memchr(at, '\n', (size_t)(end - at));

	return found ? found + 1 : NULL;
}

bool
entries_begin(struct entries *e, const struct buffer *document)
{
	const char *text = (const char *)document->data;

	*e = (struct entries){0};
	if (document->length == 0)
		return true;
	*e = (struct entries){text, text + document->length};
	if (document->length == sizeof(NONE) - 1 && starts(e->at, e->end, NONE)) {
		e->at = e->end;
		return true;
	}
	if (!starts(e->at, e->end, BEGIN))
		return false;
	e->at += sizeof(BEGIN) - 1;
	return true;
}

int
entries_next(struct entries *e, struct entry *out)
{
	const char *line = e->at;

	if (e->at == e->end)
		return 0;
	if (!starts(e->at, e->end, MEMBER_BEGIN))
		return -1;
	do {
		if ((line = next_line(line, e->end)) == NULL)
			return -1;
	} while (!starts(line, e->end, MEMBER_END));
	out->text = e->at + 2;
	out->length = (size_t)(line + sizeof(MEMBER_END) - 1 - out->text);
	if ((e->at = next_line(line, e->end)) == NULL || e->at == e->end)
		return -1;
	if (starts(e->at, e->end, END))
		e->at += sizeof(END) - 1;
	return 1;
}

json_t *
entry_parse(const struct entry *e)
{
	cleanup_buffer struct buffer text = {0};
	json_t *member;

	buffer_add(&text, "{", 1);
	buffer_add(&text, e->text, e->length);
	buffer_add(&text, "}", 1);
	member = json_loadb((char *)text.data, text.length, JSON_REJECT_DUPLICATES, NULL);
	if (json_object_size(member) == 1 &&
	    json_is_object(json_object_iter_value(json_object_iter(member))))
		return member;
	json_decref(member);
	return NULL;
}
