#ifndef HOMELAB_MESSAGE_H
#define HOMELAB_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Messages for people, on standard error, one line each:
 *
 *	homelab-observer: error: cannot rename PATH: No space left on device
 *
 * Bytes that aren't printable, as events may hold them, are escaped. Where
 * standard error is the journal of systemd, the line begins with its priority
 * (sd-daemon(3)) in place of the program's name. Threads may call these.
 */
enum message_level { MESSAGE_ERROR, MESSAGE_WARNING, MESSAGE_NOTICE, MESSAGE_VERBOSE };

void message_init(const char *program);
/* What is said: MESSAGE_NOTICE and worse by default. */
void message_set_level(enum message_level level);
bool message_is_shown(enum message_level level);

void message_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void message_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void message_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));
void message_verbose(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A line that is written over by the next and erased by message_progress_end;
 * nothing unless standard error is a terminal. */
bool message_shows_progress(void);
void message_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
void message_progress_end(void);

/*
 * Copies text so that it can be shown. Bytes that aren't UTF-8, C0 controls and
 * DEL become \xNN; C1 controls, format characters (direction, zero width, tags)
 * and others that nobody sees become \uNNNN or \UNNNNNNNN; and so does
 * whatever isn't ASCII with text_escape_ascii(). Cut to size at a character;
 * TEXT_ESCAPED_MAX(length) is always enough. Return out.
 */
#define TEXT_ESCAPED_MAX(length) ((length)*4 + 1)
char *text_escape(const char *text, char *out, size_t size);
char *text_escape_ascii(const char *text, char *out, size_t size);

#endif
