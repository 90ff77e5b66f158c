#ifndef EVENT_TEXT_H
#define EVENT_TEXT_H

#include <jansson.h>

/* A string of free text; U+FFFD stands for each byte that isn't UTF-8. */
json_t *text_json(const char *text);

#endif
