#include <homelab/names.h>

#include <string.h>

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool
is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool
name_is_node(const char *name, size_t length)
{
	if (length < 1 || length > NODE_NAME_MAX || !is_alphanumeric(name[0]))
		return false;
	for (size_t i = 1; i < length; i++)
		if (!is_alphanumeric(name[i]) && strchr("._-", name[i]) == NULL)
			return false;
	return memchr(name, '\0', length) == NULL;
}

bool
name_is_service(const char *name, size_t length)
{
	if (length < 1 || length > SERVICE_NAME_MAX || !text_is_utf8(name, length))
		return false;
	for (size_t i = 0; i < length; i++)
		if (name[i] == '/' || name[i] == 0x7f || (unsigned char)name[i] < 0x20)
			return false;
	return true;
}

bool
name_is_type(const char *name, size_t length)
{
	if (length < 1 || length > TYPE_NAME_MAX)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!(name[i] >= 'a' && name[i] <= 'z') && !(name[i] >= '0' && name[i] <= '9') &&
		    name[i] != '_')
			return false;
	return true;
}

static bool
starts_with_container_id(const char *name)
{
	for (int i = 0; i < CONTAINER_ID_LENGTH; i++)
		if (!is_hex(name[i]))
			return false;
	return true;
}

bool
name_is_container_id(const char *name)
{
	return starts_with_container_id(name) && name[CONTAINER_ID_LENGTH] == '\0';
}

bool
name_is_ghost(const char *name)
{
	return starts_with_container_id(name) && name[CONTAINER_ID_LENGTH] == '_' &&
	    name[CONTAINER_ID_LENGTH + 1] != '\0';
}

static bool
ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), tail = strlen(end);

	return length >= tail && memcmp(name + length - tail, end, tail) == 0;
}

bool
name_is_transfer(const char *name)
{
	return name[0] == '.' || ends_with(name, "~") || ends_with(name, ".tmp") ||
	    ends_with(name, ".part");
}

bool
name_is_printable(const char *name)
{
	size_t length = strlen(name);

	if (length < 1 || length > EVENT_FILE_NAME_MAX)
		return false;
	for (size_t i = 0; i < length; i++)
		if (name[i] < 0x20 || name[i] > 0x7e)
			return false;
	return true;
}

/* Length of the well-formed character at p, 0 where there is none. The second
 * byte's range is what keeps out overlong forms, surrogates and > U+10FFFF. */
static size_t
utf8_character(const unsigned char *p, size_t left)
{
	size_t length = p[0] < 0x80 ? 1 :
	    p[0] < 0xc2             ? 0 :
	    p[0] < 0xe0             ? 2 :
	    p[0] < 0xf0             ? 3 :
	    p[0] < 0xf5             ? 4 :
				      0;
	unsigned char low = 0x80, high = 0xbf;

	if (length > left)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (length > 1 && (p[1] < low || p[1] > high))
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

bool
text_is_utf8(const char *text, size_t length)
{
	const unsigned char *p = (const unsigned char *)text;

	for (size_t i = 0, n; i < length; i += n)
		if ((n = utf8_character(p + i, length - i)) == 0)
			return false;
	return true;
}

size_t
text_cut(const char *text, size_t length, size_t limit)
{
	if (length <= limit)
		return length;
	while (limit > 0 && ((unsigned char)text[limit] & 0xc0) == 0x80)
		limit--;
	return limit;
}

void
text_mend(const char *text, size_t length, struct buffer *out)
{
	for (size_t i = 0, n; i<length; i += n> 0 ? n : 1) {
		n = utf8_character((const unsigned char *)text + i, length - i);
		buffer_add(out, n > 0 ? text + i : "\xef\xbf\xbd", n > 0 ? n : 3);
	}
}
