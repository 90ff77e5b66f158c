/*
 * The containers of a service: one for each name within its runtime, as the
 * latest event tells it.
 *
 *	none --event--> kept		F13; makes the service where there is none
 *	kept --event, same id--> kept	F13, all of it is new
 *	kept --event, other id--> kept	F14: it took the other's place, unless it
 *					has ended and wasn't started later
 *	kept --gone, same id--> none	F15; with the last one nothing is known of
 *					the service any more
 */

#include "fold.h"

#include <string.h>

static bool
is_ended(const struct sighting *s)
{
	return s->has_state && (s->state == CONTAINER_EXITED || s->state == CONTAINER_FAILED);
}

static bool
is_gone(const struct event *e)
{
	const struct sighting *s = &e->container;

	return e->kind->effect == EFFECT_REMOVED || (s->has_state && s->state == CONTAINER_REMOVED);
}

/* Of the same name; an id that isn't said may be any. */
static bool
is_another(const struct sighting *a, const struct sighting *b)
{
	return a->id[0] != '\0' && b->id[0] != '\0' && strcmp(a->id, b->id) != 0;
}

static bool
started_later(const struct sighting *a, const struct sighting *b)
{
	return b->started_at != TIMESTAMP_NONE && a->started_at > b->started_at;
}

static int
compare(const struct sighting *a, const struct sighting *b)
{
	int order = strcmp(a->name, b->name);

	return order != 0 ? order : strcmp(a->runtime, b->runtime);
}

/* Where a container is, or would be. */
static size_t
position(const struct service *s, const struct sighting *seen)
{
	size_t at = 0;

	while (at < s->container_count && compare(&s->containers[at].seen, seen) < 0)
		at++;
	return at;
}

static struct kept_container *
find(const struct service *s, const struct sighting *seen)
{
	size_t at = position(s, seen);

	if (at < s->container_count && compare(&s->containers[at].seen, seen) == 0)
		return &s->containers[at];
	return NULL;
}

static void
take(struct service *s, struct kept_container *c)
{
	size_t at = (size_t)(c - s->containers);

	buffer_release(&c->bytes);
	s->container_count--;
	memmove(c, c + 1, (s->container_count - at) * sizeof(*c));
}

static struct kept_container *
insert(struct service *s, size_t at)
{
	s->containers =
	    memory_resize(s->containers, s->container_count + 1, sizeof(*s->containers));
	memmove(&s->containers[at + 1], &s->containers[at],
	    (s->container_count - at) * sizeof(*s->containers));
	s->container_count++;
	s->containers[at] = (struct kept_container){0};
	return &s->containers[at];
}

/* Beyond the limit one that has ended goes, the one that was told of first. */
static bool
make_room(struct service *s)
{
	struct kept_container *oldest = NULL;

	if (s->container_count < SERVICE_CONTAINERS_MAX)
		return true;
	for (size_t i = 0; i < s->container_count; i++) {
		struct kept_container *c = &s->containers[i];

		if (is_ended(&c->seen) && (oldest == NULL || c->touched < oldest->touched))
			oldest = c;
	}
	if (oldest != NULL)
		take(s, oldest);
	return oldest != NULL;
}

/* Its texts are those in `bytes`. */
static void
read_packed(struct kept_container *c)
{
	struct unpack u = {c->bytes.data, c->bytes.data + c->bytes.length, false};

	sighting_unpack(&u, &c->seen);
}

static bool
keep(struct partition *p, struct service *s, const struct sighting *seen)
{
	struct kept_container *c = find(s, seen);

	if (c != NULL && is_another(&c->seen, seen) && is_ended(seen) &&
	    !started_later(seen, &c->seen))
		return true;
	if (c == NULL) {
		if (!make_room(s))
			return false;
		c = insert(s, position(s, seen));
	}
	c->bytes.length = 0;
	sighting_pack(&c->bytes, seen);
	read_packed(c);
	c->touched = ++p->order;
	return true;
}

/* What nobody ever called healthy or failed goes with its last container. */
static void
lose_last(struct partition *p, struct service *s, timestamp at)
{
	if (s->last_healthy == TIMESTAMP_NONE && s->last_failure == TIMESTAMP_NONE)
		service_forget(p, s);
	else
		service_set_status(s, SERVICE_UNKNOWN, at);
}

static void
lose(struct partition *p, struct service *s, const struct event *e)
{
	struct kept_container *c = find(s, &e->container);

	if (c == NULL || is_another(&c->seen, &e->container))
		return;
	take(s, c);
	if (s->container_count == 0)
		lose_last(p, s, e->at);
}

bool
containers_fold(struct partition *p, const struct event *e)
{
	const char *name = e->services[0];
	struct service *s = service_find(p, name);

	if (is_gone(e)) {
		if (s != NULL)
			lose(p, s, e);
		return true;
	}
	if (s == NULL) {
		if ((s = service_ensure(p, name)) == NULL)
			return false;
		s->status_since = s->last_seen = e->at;
	}
	return keep(p, s, &e->container);
}

void
containers_restore(struct service *s, struct unpack *u)
{
	const unsigned char *begin = u->at;
	struct kept_container *c;
	struct sighting seen;

	sighting_unpack(u, &seen);
	u->failed |=
	    s->container_count == SERVICE_CONTAINERS_MAX || position(s, &seen) < s->container_count;
	if (u->failed)
		return;
	c = insert(s, s->container_count);
	buffer_add(&c->bytes, begin, (size_t)(u->at - begin));
	read_packed(c);
	c->touched = unpack_unsigned(u);
}

void
containers_free(struct service *s)
{
	for (size_t i = 0; i < s->container_count; i++)
		buffer_release(&s->containers[i].bytes);
	free(s->containers);
}
