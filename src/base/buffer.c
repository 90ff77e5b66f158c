#include <homelab/buffer.h>

#include <jansson.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

enum { TEXT_ROOM = 128 }; /* what most texts fit in at the first try */

void
memory_fail(void)
{
	static const char text[] = "homelab: error: out of memory\n";

	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(EX_SOFTWARE);
}

static void *
memory_check(void *p)
{
	if (p == NULL)
		memory_fail();
	return p;
}

static void *
memory_of_json(size_t size)
{
	return memory_check(malloc(size));
}

void
memory_init(void)
{
	json_set_alloc_funcs(memory_of_json, free);
	json_object_seed(0);
}

void *
memory_alloc(size_t size)
{
	return memory_check(calloc(1, size ? size : 1));
}

void *
memory_resize(void *old, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size)
		return memory_check(NULL);
	count *= size;
	return memory_check(realloc(old, count != 0 ? count : 1));
}

char *
text_copy_length(const char *text, size_t length)
{
	char *copy = memory_resize(NULL, length + 1, 1);

	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *
text_copy(const char *text)
{
	return text_copy_length(text, strlen(text));
}

void
buffer_release(struct buffer *b)
{
	free(b->data);
	*b = (struct buffer){0};
}

void
buffer_reserve(struct buffer *b, size_t more)
{
	size_t room = b->room ? b->room : 256;

	if (b->room - b->length >= more)
		return;
	while (room - b->length < more)
		room *= 2;
	b->data = memory_resize(b->data, room, 1);
	b->room = room;
}

void
buffer_add(struct buffer *b, const void *data, size_t length)
{
	buffer_reserve(b, length);
	if (length > 0)
		memcpy(b->data + b->length, data, length);
	b->length += length;
}

void
buffer_text(struct buffer *b, const char *format, ...)
{
	va_list args;
	int need;

	buffer_reserve(b, TEXT_ROOM);
	va_start(args, format);
	need = vsnprintf((char *)b->data + b->length, b->room - b->length, format, args);
	va_end(args);
	if (need < 0)
		memory_fail(); /* texts are short: nothing else can be wrong */
	if ((size_t)need >= b->room - b->length) {
		buffer_reserve(b, (size_t)need + 1);
		va_start(args, format);
		(void)vsnprintf((char *)b->data + b->length, (size_t)need + 1, format, args);
		va_end(args);
	}
	b->length += (size_t)need;
}

char *
buffer_string(struct buffer *b)
{
	buffer_reserve(b, 1);
	b->data[b->length] = '\0';
	return (char *)b->data;
}
