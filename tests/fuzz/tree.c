/*
 * A whole small tree and what happens to it, as text. A line that begins with @
 * begins a step:
 *
 *	@+ PATH		writes a file: the lines that follow, up to the next step
 *	@a PATH		appends them
 *	@- PATH		removes it
 *	@l PATH		a symbolic link to something outside that must not be read
 *	@p PATH		a FIFO		@d PATH		a directory
 *	@~ N M X	changes byte M of the N-th file below state/observer by X
 *	@n SECONDS	now goes on
 *	@r		runs the observer
 *
 * After the steps it is run once more, and then: a second run changes nothing,
 * --verify agrees, a rebuild makes the same world (W1), and nothing of what the
 * links point to is in it (A5).
 */

#include "fuzz.h"

#include <homelab/disk.h>

#include <ftw.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

enum { STEPS_MAX = 64, RUNS_MAX = 6, PATH_LENGTH_MAX = 300, DEPTH_MAX = 5 };

#define CANARY "canary-4711"

struct history {
	timestamp now;
	unsigned runs;
	bool removed; /* some event file, after a run */
	bool tampered; /* with state, world or decided files: W1 isn't promised */
};

/* Below the tree only, in what is the observer's to read. */
static bool
is_ours(const char *path)
{
	static const char *const tops[] = {"events/", "inventory/", "hosts/", "state/", "world/"};
	unsigned depth = 0;
	bool found = false;

	for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++)
		found |= strncmp(path, tops[i], strlen(tops[i])) == 0;
	for (const char *p = path; *p != '\0'; p++)
		depth += *p == '/';
	return found && strlen(path) < PATH_LENGTH_MAX && depth <= DEPTH_MAX &&
	    strstr(path, "/.") == NULL && strstr(path, "//") == NULL;
}

static bool
is_there(const char *path)
{
	struct stat st;

	return fstatat(scratch_fd(), path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* What was decided on may go, but not come back otherwise than it was. */
static void
touch_path(struct history *h, const char *path, bool replaces)
{
	if (strncmp(path, "state/", 6) == 0 || strncmp(path, "world/", 6) == 0)
		h->tampered = true;
	if (strncmp(path, "events/", 7) == 0 && h->runs > 0 && (replaces || h->removed))
		h->tampered = true;
}

/* A run knows its documents by their sizes; other bytes of the same size are noticed
 * by --verify alone. */
static bool
goes_unnoticed(const char *path, size_t length)
{
	struct stat st;

	return strncmp(path, "world/", 6) == 0 &&
	    fstatat(scratch_fd(), path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (size_t)st.st_size == length;
}

static void
step_write(struct history *h, const char *path, const char *body, size_t length)
{
	if (goes_unnoticed(path, length))
		return;
	touch_path(h, path, is_there(path));
	scratch_write(path, body, length);
}

static void
step_append(struct history *h, const char *path, const char *body, size_t length)
{
	int fd;

	touch_path(h, path, strstr(path, ".jsonl") == NULL);
	fd = openat(scratch_fd(), path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!write(fd, body, length);
	(void)close(fd);
}

static void
step_remove(struct history *h, const char *path, const char *body, size_t length)
{
	(void)body;
	(void)length;
	h->removed |= h->runs > 0;
	h->tampered |= strncmp(path, "state/", 6) == 0 || strncmp(path, "world/", 6) == 0;
	if (unlinkat(scratch_fd(), path, 0) < 0)
		(void)unlinkat(scratch_fd(), path, AT_REMOVEDIR);
}

static void
step_link(struct history *h, const char *path, const char *body, size_t length)
{
	static const char secret[] =
	    "{\"timestamp\": \"2026-05-12T12:05:00Z\", \"node\": \"saturn\", "
	    "\"type\": \"service_unhealthy\", \"service\": \"" CANARY "\"}\n";
	bool file = strstr(path, ".json") != NULL;
	cleanup_buffer struct buffer target = {0};

	(void)body;
	(void)length;
	touch_path(h, path, false);
	scratch_write("outside/secret.json", secret, sizeof(secret) - 1);
	scratch_make_parents(path);
	buffer_text(&target, "%s/outside%s", scratch_path(), file ? "/secret.json" : "");
	(void)symlinkat(buffer_string(&target), scratch_fd(), path);
}

static void
step_fifo(struct history *h, const char *path, const char *body, size_t length)
{
	(void)body;
	(void)length;
	touch_path(h, path, false);
	scratch_make_parents(path);
	(void)mkfifoat(scratch_fd(), path, 0644);
}

static void
step_directory(struct history *h, const char *path, const char *body, size_t length)
{
	(void)body;
	(void)length;
	touch_path(h, path, false);
	scratch_make_parents(path);
	(void)mkdirat(scratch_fd(), path, 0755);
}

/* --- damage ---------------------------------------------------------------- */

static struct {
	unsigned long wanted, at;
	unsigned char change;
} flip;

static int
flip_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	cleanup_close int fd = -1;
	unsigned char byte;
	off_t at;

	(void)where;
	if (kind != FTW_F || st->st_size == 0 || flip.wanted-- > 0)
		return 0;
	at = (off_t)(flip.at % (unsigned long)st->st_size);
	if ((fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC)) < 0 || pread(fd, &byte, 1, at) != 1)
		return 1;
	byte ^= flip.change;
	(void)!pwrite(fd, &byte, 1, at);
	return 1;
}

static void
step_flip(struct history *h, const char *words)
{
	cleanup_buffer struct buffer store = {0};
	unsigned change;

	if (sscanf(words, "%3lu %6lu %3u", &flip.wanted, &flip.at, &change) != 3)
		return;
	flip.change = (unsigned char)change;
	h->tampered = true;
	buffer_text(&store, "%s/state/observer", scratch_path());
	(void)nftw(buffer_string(&store), flip_one, 16, FTW_PHYS);
}

/* --- steps ----------------------------------------------------------------- */

static void
run(struct history *h)
{
	struct observer_options options;

	if (h->runs++ >= RUNS_MAX)
		return;
	options_of_scratch(&options, h->now);
	(void)checked_run(&options);
}

static const struct {
	char letter;
	void (*take)(struct history *h, const char *path, const char *body, size_t length);
} steps[] = {
    {'+', step_write},
    {'a', step_append},
    {'-', step_remove},
    {'l', step_link},
    {'p', step_fifo},
    {'d', step_directory},
};

/* One step: its first line without the '@', and what follows. */
static void
take_step(struct history *h, const char *line, const char *body, size_t length)
{
	unsigned long seconds;

	if (line[0] == 'r')
		run(h);
	else if (line[0] == '~')
		step_flip(h, line + 1);
	else if (line[0] == 'n' && sscanf(line + 1, "%8lu", &seconds) == 1)
		h->now += SECONDS((timestamp)seconds);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (line[0] == steps[i].letter && line[1] == ' ' && is_ours(line + 2))
			steps[i].take(h, line + 2, body, length);
}

static void
take_steps(struct history *h, const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;

	for (unsigned count = 0; at < end && *at == '@' && count < STEPS_MAX; count++) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		const char *next = eol;
		cleanup_free char *line = NULL;

		if (eol == NULL)
			return;
		do
			next = memchr(next + 1, '@', (size_t)(end - next - 1));
		while (next != NULL && next[-1] != '\n');
		if (next == NULL)
			next = end;
		line = text_copy_length(at + 1, (size_t)(eol - at - 1));
		take_step(h, line, eol + 1, (size_t)(next - eol - 1));
		at = next;
	}
}

/* --- what must hold at the end ---------------------------------------------- */

static bool
has_canary(const void *data, size_t size)
{
	const char *at = data;

	for (size_t i = 0; i + sizeof(CANARY) - 1 <= size; i++)
		if (memcmp(at + i, CANARY, sizeof(CANARY) - 1) == 0)
			return true;
	return false;
}

static void
check_end(const struct history *h, bool says_canary)
{
	cleanup_buffer struct buffer once = {0}, twice = {0}, anew = {0};
	struct observer_options options;
	struct error err = {0};
	int status;

	options_of_scratch(&options, h->now);
	status = checked_run(&options);
	HOLDS(status != EX_IOERR || h->tampered);
	if (status != EX_OK || !read_world(&once))
		return;
	HOLDS(checked_run(&options) == EX_OK);
	HOLDS(read_world(&twice) && same_bytes(&once, &twice));
	HOLDS(observer_verify(&options, &err) == EX_OK);
	options.reset = options.force = true;
	status = checked_run(&options);
	if (h->tampered)
		return;
	HOLDS(status == EX_OK);
	HOLDS(read_world(&anew) && same_bytes(&once, &anew));
	HOLDS(says_canary || !has_canary(once.data, once.length));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct history h = {.now = SECONDS(1778588400)};

	scratch_clear();
	take_steps(&h, data, size);
	check_end(&h, has_canary(data, size));
	return 0;
}
