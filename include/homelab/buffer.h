#ifndef HOMELAB_BUFFER_H
#define HOMELAB_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Memory. Running out of it can't be handled sensibly in the middle of a fold,
 * and needn't be: nothing is committed before the end of a run. So these never
 * return NULL; they say so on standard error and end the program with 70.
 */
_Noreturn void memory_fail(void); /* says so and ends */
/* Has jansson do the same, and chooses its hash's start; before threads start. */
void memory_init(void);
void *memory_alloc(size_t size); /* zeroed */
void *memory_resize(void *old, size_t count, size_t size);
char *text_copy(const char *text);
char *text_copy_length(const char *text, size_t length);

/* Scope-bound release, for locals: `cleanup_free char *path = …`. */
#define cleanup_free __attribute__((cleanup(cleanup_free_)))
#define cleanup_close __attribute__((cleanup(cleanup_close_)))
#define cleanup_buffer __attribute__((cleanup(buffer_release)))

static inline void
cleanup_free_(void *p)
{
	free(*(void **)p);
}

static inline void
cleanup_close_(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

/* Makes room for one more in an array of count/room elements. */
#define ARRAY_GROW(array, count, room)                                                             \
	do {                                                                                       \
		if ((count) == (room)) {                                                           \
			(room) = (room) ? (room)*2 : 8;                                            \
			(array) = memory_resize((array), (room), sizeof(*(array)));                \
		}                                                                                  \
	} while (0)

/* Bytes that grow. `data` is NULL while nothing was added. */
struct buffer {
	unsigned char *data;
	size_t length, room;
};

void buffer_release(struct buffer *b);
void buffer_reserve(struct buffer *b, size_t more);
void buffer_add(struct buffer *b, const void *data, size_t length);
void buffer_text(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A NUL behind the contents, not counted; returns the contents as text. */
char *buffer_string(struct buffer *b);

#endif
