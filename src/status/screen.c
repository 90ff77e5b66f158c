#include <homelab/message.h>
#include <homelab/screen.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <wchar.h>

static const char *const style_codes[] = {[STYLE_PLAIN] = NULL,
    [STYLE_GOOD] = "32",
    [STYLE_DIM] = "2",
    [STYLE_BOLD] = "1",
    [STYLE_WARN] = "33",
    [STYLE_BAD] = "1;31",
    [STYLE_LOUD] = "1;37;41"};

/* The character at p: its bytes, and its columns in *columns. Of no width, or
 * not a character where the locale isn't UTF-8: one byte, one column. */
static size_t
measure(const char *p, size_t *columns)
{
	mbstate_t state = {0};
	wchar_t wide;
	size_t length = mbrtowc(&wide, p, MB_CUR_MAX, &state);
	int width;

	*columns = 1;
	if (length == 0 || length > MB_CUR_MAX)
		return 1;
	width = wcwidth(wide);
	if (width >= 0)
		*columns = (size_t)width;
	return length;
}

size_t
text_width(const char *text)
{
	size_t columns, width = 0;

	for (const char *p = text; *p != '\0'; p += measure(p, &columns), width += columns)
		;
	return width;
}

/* The most bytes of text that take at most `limit` columns; those in *width. */
static size_t
text_fit(const char *text, size_t limit, size_t *width)
{
	const char *p = text;

	*width = 0;
	while (*p != '\0') {
		size_t columns, length = measure(p, &columns);

		if (*width + columns > limit)
			break;
		*width += columns;
		p += length;
	}
	return (size_t)(p - text);
}

/* Adds text to the line, cut to `limit` columns. */
static void
put_cut(struct screen *s, const char *text, size_t limit)
{
	const char *ellipsis = s->unicode ? "\xe2\x80\xa6" : "...";
	size_t room = s->unicode ? 1 : 3;
	size_t width = text_width(text), length;

	if (width <= limit) {
		buffer_add(&s->out, text, strlen(text));
		s->used += width;
		return;
	}
	if (limit < room)
		room = limit;
	length = text_fit(text, limit - room, &width);
	buffer_add(&s->out, text, length);
	buffer_add(&s->out, ellipsis, s->unicode && room > 0 ? strlen(ellipsis) : room);
	s->used += width + room;
}

static void
put_styled(struct screen *s, enum style style, const char *text, size_t limit)
{
	const char *code = s->colour && *text != '\0' ? style_codes[style] : NULL;

	if (s->columns > 0 && limit > s->columns - s->used)
		limit = s->columns - s->used;
	if (limit == 0)
		return;
	if (code != NULL)
		buffer_text(&s->out, "\033[%sm", code);
	put_cut(s, text, limit);
	if (code != NULL)
		buffer_text(&s->out, "\033[0m");
}

/* What a format gives, escaped for this screen. */
static char *
format_escaped(const struct screen *s, const char *format, va_list args)
{
	va_list again;
	cleanup_free char *raw = NULL;
	char *shown;
	int length;
	size_t size;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		return text_copy("");
	raw = memory_resize(NULL, (size_t)length + 1, 1);
	(void)vsnprintf(raw, (size_t)length + 1, format, args);
	size = TEXT_ESCAPED_MAX((size_t)length);
	shown = memory_resize(NULL, size, 1);
	return s->unicode ? text_escape(raw, shown, size) : text_escape_ascii(raw, shown, size);
}

void
screen_put(struct screen *s, enum style style, const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list args;

	va_start(args, format);
	text = format_escaped(s, format, args);
	va_end(args);
	put_styled(s, style, text, SIZE_MAX);
}

void
screen_skip_to(struct screen *s, size_t column)
{
	size_t spaces = column > s->used ? column - s->used : s->used > 0;

	put_styled(s, STYLE_PLAIN, " ", spaces);
	while (spaces-- > 1)
		put_styled(s, STYLE_PLAIN, " ", 1);
}

void
screen_end(struct screen *s)
{
	buffer_add(&s->out, "\n", 1);
	s->used = 0;
}

void
screen_line(struct screen *s, enum style style, const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list args;

	va_start(args, format);
	text = format_escaped(s, format, args);
	va_end(args);
	put_styled(s, style, text, SIZE_MAX);
	screen_end(s);
}

int
screen_write(struct screen *s, int fd, struct error *err)
{
	size_t done = 0;

	while (done < s->out.length) {
		ssize_t n = write(fd, s->out.data + done, s->out.length - done);

		if (n < 0 && errno != EINTR)
			return error_errno(err, EX_IOERR, "cannot write");
		if (n > 0)
			done += (size_t)n;
	}
	s->out.length = 0;
	return 0;
}

char *
age_format(timestamp duration, char *out)
{
	static const struct {
		timestamp length;
		const char *unit;
	} units[] = {{DAYS(1), "d"}, {HOURS(1), "h"}, {MINUTES(1), "m"}, {SECONDS(1), "s"}};
	size_t i = 0;

	while (i < 3 && duration < 2 * units[i].length)
		i++;
	(void)snprintf(
	    out, AGE_TEXT_MAX, "%lld %s", (long long)(duration / units[i].length), units[i].unit);
	return out;
}

char *
screen_ago(const struct screen *s, timestamp at, char *out)
{
	char age[AGE_TEXT_MAX];

	if (s->exact && at != TIMESTAMP_NONE)
		return timestamp_format(at, out);
	if (at == TIMESTAMP_NONE)
		(void)snprintf(out, AGE_TEXT_MAX, "never");
	else if (at > s->now)
		(void)snprintf(out, AGE_TEXT_MAX, "in %.20s", age_format(at - s->now, age));
	else
		(void)snprintf(out, AGE_TEXT_MAX, "%.20s ago", age_format(s->now - at, age));
	return out;
}

timestamp
whole_seconds(timestamp at)
{
	return at == TIMESTAMP_NONE ? at : at - at % SECONDS(1);
}

/* --- tables ---------------------------------------------------------------- */

enum { COLUMNS_MAX = 12, GAP = 2, LEAST_OF_ALL = 6 };

struct layout {
	size_t width[COLUMNS_MAX]; /* 0: not shown */
};

void
table_add(struct table *t, const struct screen *s, enum style style, const char *format, ...)
{
	va_list args;

	ARRAY_GROW(t->cells, t->count, t->room);
	va_start(args, format);
	t->cells[t->count++] = (struct cell){format_escaped(s, format, args), style};
	va_end(args);
}

void
table_release(struct table *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->cells[i].text);
	free(t->cells);
	t->cells = NULL;
	t->count = t->room = 0;
}

static void
measure_columns(const struct table *t, struct layout *l)
{
	*l = (struct layout){{0}};
	for (size_t i = 0; i < t->count; i++) {
		size_t column = i % t->column_count, width = text_width(t->cells[i].text);

		if (width > l->width[column])
			l->width[column] = width;
	}
	for (size_t i = 0; i < t->column_count; i++)
		if (l->width[i] > 0 && l->width[i] < strlen(t->columns[i].title))
			l->width[i] = strlen(t->columns[i].title);
}

static size_t
total_width(const struct table *t, const struct layout *l)
{
	size_t total = t->indent;

	for (size_t i = 0; i < t->column_count; i++)
		if (l->width[i] > 0)
			total += l->width[i] + (total > t->indent ? GAP : 0);
	return total;
}

/* Takes a column off the widest that can shrink so far; false where none can. */
static bool
shrink_one(const struct table *t, struct layout *l, bool further)
{
	size_t widest = t->column_count;

	for (size_t i = 0; i < t->column_count; i++)
		if (t->columns[i].least > 0 &&
		    l->width[i] > (further ? LEAST_OF_ALL : t->columns[i].least) &&
		    (widest == t->column_count || l->width[i] >= l->width[widest]))
			widest = i;
	if (widest == t->column_count)
		return false;
	l->width[widest]--;
	return true;
}

/* Leaves out the column that matters least; false where all must stay. */
static bool
drop_one(const struct table *t, struct layout *l)
{
	size_t least = t->column_count;

	for (size_t i = 0; i < t->column_count; i++)
		if (l->width[i] > 0 && t->columns[i].drop > 0 &&
		    (least == t->column_count || t->columns[i].drop > t->columns[least].drop))
			least = i;
	if (least == t->column_count)
		return false;
	l->width[least] = 0;
	return true;
}

static bool
shrink(const struct table *t, struct layout *l, size_t columns, bool further)
{
	while (total_width(t, l) > columns)
		if (!shrink_one(t, l, further))
			return false;
	return true;
}

/* What is dropped makes room again: so all start over at their own widths. */
static void
fit_columns(const struct table *t, size_t columns, struct layout *l)
{
	struct layout shown;

	measure_columns(t, &shown);
	do {
		*l = shown;
		if (shrink(t, l, columns, false))
			return;
	} while (drop_one(t, &shown));
	(void)shrink(t, l, columns, true);
}

static void
print_row(const struct table *t, struct screen *s, const struct layout *l, const struct cell *row)
{
	size_t column = t->indent;

	for (size_t i = 0; i < t->column_count; i++) {
		const char *text = row ? row[i].text : t->columns[i].title;

		if (l->width[i] == 0)
			continue;
		if (*text != '\0') {
			if (column > s->used)
				screen_skip_to(s, column);
			put_styled(s, row ? row[i].style : STYLE_DIM, text, l->width[i]);
		}
		column += l->width[i] + GAP;
	}
	screen_end(s);
}

void
table_print(const struct table *t, struct screen *s)
{
	struct layout l;

	measure_columns(t, &l);
	if (s->columns > 0)
		fit_columns(t, s->columns, &l);
	print_row(t, s, &l, NULL);
	for (size_t i = 0; i + t->column_count <= t->count; i += t->column_count)
		print_row(t, s, &l, t->cells + i);
}
