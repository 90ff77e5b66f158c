#ifndef HOMELAB_SCREEN_H
#define HOMELAB_SCREEN_H

#include <homelab/buffer.h>
#include <homelab/error.h>
#include <homelab/timestamp.h>

/*
 * Text for people: lines and tables that fit a terminal.
 *
 *	struct screen s = {.columns = 80, .unicode = true, .now = now};
 *	screen_put(&s, STYLE_BAD, "%s", status);
 *	screen_put(&s, STYLE_PLAIN, "  %s", message);
 *	screen_end(&s);
 *	screen_write(&s, STDOUT_FILENO, &err);
 *
 * Whatever is put is escaped first (text_escape() of homelab/message.h), so no
 * string of the world reaches a terminal raw; then cut to what is left of the
 * line, with an ellipsis. Widths are those of wcwidth(3): with `unicode`, the
 * program must be in a locale of UTF-8.
 */

enum style { STYLE_PLAIN, STYLE_GOOD, STYLE_DIM, STYLE_BOLD, STYLE_WARN, STYLE_BAD, STYLE_LOUD };

struct screen {
	size_t columns; /* of a line; 0: as long as it takes */
	bool colour;
	bool unicode; /* or ASCII alone */
	bool exact; /* times as instants, not "3 m ago" */
	timestamp now;
	size_t used; /* columns of the line so far */
	struct buffer out;
};

void screen_put(struct screen *s, enum style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts spaces up to a column; at least one, unless the line is empty. */
void screen_skip_to(struct screen *s, size_t column);
void screen_end(struct screen *s);
/* One line of one style. */
void screen_line(struct screen *s, enum style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Writes what was put, and empties the screen. -1 with EX_IOERR on failure. */
int screen_write(struct screen *s, int fd, struct error *err);

/* Columns of an escaped text. */
size_t text_width(const char *text);

/* "45 s", "3 m", "5 h", "12 d": at least two of the smaller unit. */
enum { AGE_TEXT_MAX = 32 };
char *age_format(timestamp duration, char *out);
/* "3 m ago", "in 3 m", or the instant where the screen is exact; "never" for
 * TIMESTAMP_NONE. `out` has AGE_TEXT_MAX bytes. Returns out. */
char *screen_ago(const struct screen *s, timestamp at, char *out);
/* For lines of time after time, which should be equally wide. */
timestamp whole_seconds(timestamp at);

/*
 * A table: cells row by row, then printed. Columns without any text aren't
 * shown. Where it is too wide, first the columns that can shrink do, the widest
 * first; then those with a `drop` are left out, the greatest first; then the rest
 * shrink further.
 */
struct column {
	const char *title;
	size_t least; /* columns it can shrink to; 0: it doesn't */
	unsigned drop; /* 0: never */
};

struct cell {
	char *text; /* escaped */
	enum style style;
};

struct table {
	const struct column *columns;
	size_t column_count;
	size_t indent;
	struct cell *cells;
	size_t count, room;
};

#define cleanup_table __attribute__((cleanup(table_release)))

void table_add(struct table *t, const struct screen *s, enum style style, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void table_print(const struct table *t, struct screen *s);
void table_release(struct table *t);

#endif
