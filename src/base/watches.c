#include <homelab/buffer.h>
#include <homelab/names.h>
#include <homelab/watches.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <sysexits.h>

/* A file is there when it's renamed into place, linked, closed, or, a .jsonl,
 * appended to. */
#define EVENTS_OF_INTEREST (IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_MODIFY)

int
watches_open(struct watches *w, struct error *err)
{
	*w = (struct watches){.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
	return w->fd >= 0 ? 0 : error_errno(err, EX_OSERR, "cannot use inotify");
}

void
watches_release(struct watches *w)
{
	if (w->fd >= 0)
		(void)close(w->fd);
	free(w->list);
	*w = (struct watches){.fd = -1};
}

void
watches_begin(struct watches *w)
{
	w->round++;
	w->full = false;
}

/* Where it is in the list, or would be. */
static size_t
find(const struct watches *w, int id)
{
	size_t low = 0, high = w->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (w->list[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int
watches_add(struct watches *w, const char *path)
{
	int id = inotify_add_watch(w->fd, path, EVENTS_OF_INTEREST | IN_ONLYDIR);
	size_t at = find(w, id);

	if (id < 0) {
		w->full |= errno == ENOSPC || errno == ENOMEM;
		return -1;
	}
	if (at < w->count && w->list[at].id == id) {
		w->list[at].round = w->round;
		return 0;
	}
	ARRAY_GROW(w->list, w->count, w->room);
	memmove(w->list + at + 1, w->list + at, (w->count - at) * sizeof(*w->list));
	w->list[at] = (struct watch){id, w->round};
	w->count++;
	return 1;
}

void
watches_end(struct watches *w)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->count; i++)
		if (w->list[i].round == w->round)
			w->list[kept++] = w->list[i];
		else /* gone already where its directory is */
			(void)inotify_rm_watch(w->fd, w->list[i].id);
	w->count = kept;
}

static bool
is_appended_to(const char *name)
{
	static const char ending[] = ".jsonl";
	size_t length = strlen(name);

	return length > sizeof(ending) - 1 &&
	    strcmp(name + length - (sizeof(ending) - 1), ending) == 0;
}

static bool
is_of_interest(const struct inotify_event *e)
{
	if (e->mask & IN_Q_OVERFLOW)
		return true;
	if ((e->mask & EVENTS_OF_INTEREST) == 0 || e->len == 0 || name_is_transfer(e->name))
		return false;
	return (e->mask & EVENTS_OF_INTEREST) != IN_MODIFY || is_appended_to(e->name);
}

bool
watches_drain(struct watches *w)
{
	_Alignas(struct inotify_event) char bytes[16384];
	bool found = false;
	ssize_t got;

	while (w->fd >= 0 && (got = read(w->fd, bytes, sizeof(bytes))) > 0) {
		const struct inotify_event *e;

		for (char *at = bytes; at < bytes + got; at += sizeof(*e) + e->len) {
			e = (const struct inotify_event *)(void *)at;
			found |= is_of_interest(e);
		}
	}
	return found;
}
