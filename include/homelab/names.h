#ifndef HOMELAB_NAMES_H
#define HOMELAB_NAMES_H

#include <homelab/buffer.h>

#include <stdbool.h>
#include <stddef.h>

/*
 * The rules for names. A name is refused, never mended, so that a string that
 * passed here can be a file's name or part of an identifier.
 */

enum {
	NODE_NAME_MAX = 63,
	SERVICE_NAME_MAX = 128, /* bytes of UTF-8 */
	TYPE_NAME_MAX = 64,
	EVENT_FILE_NAME_MAX = 200,
	CONTAINER_ID_LENGTH = 12, /* hex digits of a Docker short id */
};

/* 1 to 63 of A-Z a-z 0-9 . _ -, the first a letter or digit. */
bool name_is_node(const char *name, size_t length);

/* 1 to 128 bytes of UTF-8 without '/', U+0000-001F and U+007F. */
bool name_is_service(const char *name, size_t length);

/* 1 to 64 of a-z 0-9 _. */
bool name_is_type(const char *name, size_t length);

/* Exactly 12 hex digits: a container's id in place of a name. */
bool name_is_container_id(const char *name);

/* What Docker leaves while it replaces a container: 12 hex digits, '_' and the
 * name that was meant. */
bool name_is_ghost(const char *name);

/* A transfer under way: starts with '.', ends in '~', ".tmp" or ".part". */
bool name_is_transfer(const char *name);

/* Printable ASCII of at most 200 bytes: a file name that needs no escaping. */
bool name_is_printable(const char *name);

/* Well-formed UTF-8 as RFC 3629 has it: nothing overlong, no surrogates. */
bool text_is_utf8(const char *text, size_t length);

/* The most bytes, at most `limit`, that `text` can be cut to at a character. */
size_t text_cut(const char *text, size_t length, size_t limit);

/* Adds the text with U+FFFD in place of each byte that isn't UTF-8. */
void text_mend(const char *text, size_t length, struct buffer *out);

#endif
