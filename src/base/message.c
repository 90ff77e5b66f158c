#include <homelab/buffer.h>
#include <homelab/message.h>
#include <homelab/names.h>

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LINE_MAX_BYTES = 4096,
	ESCAPE_MAX = 10, /* \U000e0041 */
};

static struct {
	const char *program;
	enum message_level level;
	bool to_journal, to_terminal, in_progress;
	pthread_mutex_t lock;
} messages = {.program = "homelab", .level = MESSAGE_NOTICE, .lock = PTHREAD_MUTEX_INITIALIZER};

/* JOURNAL_STREAM is "device:inode" of the journal's socket (systemd.exec(5)). */
static bool
is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	    fstat(STDERR_FILENO, &st) == 0 && (unsigned long long)st.st_dev == device &&
	    (unsigned long long)st.st_ino == inode;
}

void
message_init(const char *program)
{
	messages.program = program;
	messages.to_journal = is_journal();
	messages.to_terminal = isatty(STDERR_FILENO) == 1;
}

void
message_set_level(enum message_level level)
{
	messages.level = level;
}

bool
message_is_shown(enum message_level level)
{
	return level <= messages.level;
}

/*
 * Controls (C0, DEL, C1), the lines of Unicode, its format characters (category
 * Cf of Unicode 15.1: direction, zero width, soft hyphen, byte order mark, tags),
 * and what else is drawn as nothing: fillers, joiners, variations of ideographs.
 * The variation selectors of emoji (U+FE00 to U+FE0F) are ordinary text.
 */
static bool
is_hidden(unsigned long c)
{
	static const struct {
		unsigned long from, to;
	} hidden[] = {{0, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, {0x34f, 0x34f}, {0x600, 0x605},
	    {0x61c, 0x61c}, {0x6dd, 0x6dd}, {0x70f, 0x70f}, {0x890, 0x891}, {0x8e2, 0x8e2},
	    {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x200b, 0x200f},
	    {0x2028, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164}, {0xfeff, 0xfeff},
	    {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0x110bd, 0x110bd}, {0x110cd, 0x110cd},
	    {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (c >= hidden[i].from && c <= hidden[i].to)
			return true;
	return false;
}

/* The character of UTF-8 at p: its bytes, and itself in *c; 0 for none. */
static size_t
read_character(const unsigned char *p, unsigned long *c)
{
	size_t length = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	*c = length == 1 ? p[0] : p[0] & (0xffU >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if (p[i] == '\0')
			return 0;
		*c = *c << 6 | (p[i] & 0x3f);
	}
	return text_is_utf8((const char *)p, length) ? length : 0;
}

/* One character as it is shown; returns its bytes in the text. */
static size_t
show_character(const unsigned char *p, unsigned long last, char *out, size_t size)
{
	unsigned long c;
	size_t length = read_character(p, &c);

	if (length == 0 || c == 0x7f || c < 0x20)
		(void)snprintf(out, size, "\\x%02x", p[0]);
	else if (c <= last && !is_hidden(c))
		(void)snprintf(out, size, "%.*s", (int)length, (const char *)p);
	else
		(void)snprintf(out, size, c > 0xffff ? "\\U%08lx" : "\\u%04lx", c);
	return length ? length : 1;
}

static char *
escape(const char *text, unsigned long last, char *out, size_t size)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t used = 0;

	while (*p != '\0') {
		char shown[ESCAPE_MAX + 1];
		size_t length = show_character(p, last, shown, sizeof(shown));
		size_t more = strlen(shown);

		if (used + more >= size)
			break;
		memcpy(out + used, shown, more);
		used += more;
		p += length;
	}
	out[used] = '\0';
	return out;
}

char *
text_escape(const char *text, char *out, size_t size)
{
	return escape(text, 0x10ffff, out, size);
}

char *
text_escape_ascii(const char *text, char *out, size_t size)
{
	return escape(text, 0x7e, out, size);
}

static void
put_line(const char *line, size_t length)
{
	(void)pthread_mutex_lock(&messages.lock);
	if (messages.in_progress)
		(void)!write(STDERR_FILENO, "\r\033[K", 4);
	messages.in_progress = false;
	(void)!write(STDERR_FILENO, line, length);
	(void)pthread_mutex_unlock(&messages.lock);
}

static void
say(enum message_level level, const char *format, va_list args)
{
	static const struct {
		const char *priority, *word;
	} words[] = {{"<3>", "error: "}, {"<4>", "warning: "}, {"<6>", ""}, {"<7>", ""}};
	char text[LINE_MAX_BYTES / 2], shown[LINE_MAX_BYTES - 256], line[LINE_MAX_BYTES];
	int length;

	if (!message_is_shown(level))
		return;
	(void)vsnprintf(text, sizeof(text), format, args);
	(void)text_escape(text, shown, sizeof(shown));
	if (messages.to_journal)
		length = snprintf(line, sizeof(line), "%s%s%s\n", words[level].priority,
		    words[level].word, shown);
	else
		length = snprintf(
		    line, sizeof(line), "%s: %s%s\n", messages.program, words[level].word, shown);
	put_line(line, (size_t)length);
}

#define MESSAGE_FUNCTION(name, level)                                                              \
	void name(const char *format, ...)                                                         \
	{                                                                                          \
		va_list args;                                                                      \
                                                                                                   \
		va_start(args, format);                                                            \
		say(level, format, args);                                                          \
		va_end(args);                                                                      \
	}

MESSAGE_FUNCTION(message_error, MESSAGE_ERROR)
MESSAGE_FUNCTION(message_warning, MESSAGE_WARNING)
MESSAGE_FUNCTION(message_notice, MESSAGE_NOTICE)
MESSAGE_FUNCTION(message_verbose, MESSAGE_VERBOSE)

bool
message_shows_progress(void)
{
	return messages.to_terminal && messages.level >= MESSAGE_NOTICE;
}

void
message_progress(const char *format, ...)
{
	char line[256];
	va_list args;
	int length;

	if (!message_shows_progress())
		return;
	va_start(args, format);
	length = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (length < 0)
		return;
	if ((size_t)length >= sizeof(line))
		length = sizeof(line) - 1;
	(void)pthread_mutex_lock(&messages.lock);
	(void)!write(STDERR_FILENO, "\r\033[K", 4);
	(void)!write(STDERR_FILENO, line, (size_t)length);
	messages.in_progress = true;
	(void)pthread_mutex_unlock(&messages.lock);
}

void
message_progress_end(void)
{
	(void)pthread_mutex_lock(&messages.lock);
	if (messages.in_progress)
		(void)!write(STDERR_FILENO, "\r\033[K", 4);
	messages.in_progress = false;
	(void)pthread_mutex_unlock(&messages.lock);
}
