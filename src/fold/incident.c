/*
 * Incidents: from a service's first failure to the event that heals it (F6).
 *
 *	none/resolved --failure--> active	incident_fail, a new one
 *	active --failure--> active		incident_fail, one more occurrence
 *	active --healthy--> resolved		incident_resolve
 *	any --remediation--> the same		incident_note_*, on the latest
 *
 * An incident's fields come from its occurrences alone, so that a late event
 * changes no more than it has to.
 */

#include "fold.h"

#include <string.h>

/*
 * Which id of a service's an incident has: 0 for the one without suffix, its
 * suffix, or -1 for none. "a-2" may be the second of a or the first of a-2.
 */
static long
suffix_of(const struct incident *other, const char *service)
{
	size_t length = strlen(service);
	cleanup_buffer struct buffer id = {0};
	const char *rest;
	char *end;
	long suffix;

	if (strcmp(other->service, service) == 0)
		return other->suffix;
	buffer_text(&id, other->suffix ? "%s-%u" : "%s", other->service, other->suffix);
	if (strncmp(buffer_string(&id), service, length) != 0)
		return -1;
	rest = (char *)id.data + length;
	if (rest[0] == '\0')
		return 0;
	if (rest[0] != '-' || rest[1] < '1' || rest[1] > '9')
		return -1;
	suffix = strtol(rest + 1, &end, 10);
	return *end == '\0' && suffix > 1 ? suffix : -1;
}

/* The least suffix that makes its id one the node doesn't have. One look at
 * each incident of that second: a node may have thousands. */
static unsigned
free_suffix(const struct partition *p, const struct incident *new)
{
	int64_t second = new->started_at / NANOSECONDS_A_SECOND;
	size_t room = p->incident_count + 3;
	cleanup_free bool *taken = memory_alloc(room * sizeof(*taken));
	unsigned suffix = 2;

	/* Incidents lie in the order of their starts. */
	for (size_t i = p->incident_count; i > 0; i--) {
		const struct incident *other = p->incidents[i - 1];
		long theirs;

		if (other->started_at / NANOSECONDS_A_SECOND != second)
			break;
		theirs = suffix_of(other, new->service);
		if (theirs >= 0 && (size_t)theirs < room)
			taken[theirs] = true;
	}
	if (!taken[0])
		return 0;
	while (taken[suffix])
		suffix++;
	return suffix;
}

/* Of those resolved, the one that ended first is forgotten beyond the limit
 * (F11). There always is one: a node has fewer services than incidents. */
static void
keep_limit(struct partition *p)
{
	size_t oldest = 0;
	uint64_t ended = UINT64_MAX;

	if (p->incident_count <= PARTITION_INCIDENTS_MAX)
		return;
	for (size_t i = 0; i < p->incident_count; i++)
		if (!p->incidents[i]->active && p->incidents[i]->ended < ended) {
			ended = p->incidents[i]->ended;
			oldest = i;
		}
	incident_forget(p, oldest);
}

static void
name_suspect(const struct partition *p, struct incident *i)
{
	const struct run *r = run_suspect(p, i->service, i->started_at);

	if (r == NULL)
		return;
	i->deployment = text_copy(r->id);
	i->deployment_made = r->made;
}

static struct incident *
incident_open(struct partition *p, struct service *s, const struct event *e)
{
	struct incident *i = memory_alloc(sizeof(*i));

	i->service = text_copy(s->name);
	i->active = true;
	i->started_at = i->last_occurrence = e->at;
	i->resolved_at = TIMESTAMP_NONE;
	i->event_type = text_copy(e->type);
	i->remediation.started_at = i->remediation.completed_at = TIMESTAMP_NONE;
	i->suffix = free_suffix(p, i);
	name_suspect(p, i);
	ARRAY_GROW(p->incidents, p->incident_count, p->incident_room);
	p->incidents[p->incident_count++] = i;
	s->latest = i;
	keep_limit(p);
	return i;
}

static void
add_time(struct incident *i, timestamp at)
{
	if (i->time_count == INCIDENT_TIMES_MAX) {
		i->times[i->time_first] = at;
		i->time_first = (i->time_first + 1) % INCIDENT_TIMES_MAX;
		return;
	}
	/* Most incidents have few: the room is the next power of two. */
	if ((i->time_count & (i->time_count - 1)) == 0)
		i->times = memory_resize(
		    i->times, i->time_count ? i->time_count * 2 : 1, sizeof(*i->times));
	i->times[i->time_count++] = at;
}

timestamp
incident_time(const struct incident *i, size_t index)
{
	return i->times[(i->time_first + index) % i->time_count];
}

void
incident_fail(struct partition *p, struct service *s, const struct event *e)
{
	bool active = s->latest != NULL && s->latest->active;
	struct incident *i = active ? s->latest : incident_open(p, s, e);
	enum severity severity = e->severity ? e->severity : e->kind->severity;

	if (severity > i->severity)
		i->severity = severity;
	if (i->source == NULL)
		text_set(&i->source, e->source);
	if (i->correlation_id == NULL)
		text_set(&i->correlation_id, e->correlation_id);
	if (e->message[0] != '\0')
		text_set(&i->message, e->message);
	text_set(&i->last_event_type, e->type);
	i->last_occurrence = e->at;
	i->occurrence_count++;
	add_time(i, e->at);
}

void
incident_resolve(struct partition *p, struct service *s, const struct event *e)
{
	struct incident *i = s->latest;

	if (i == NULL || !i->active)
		return;
	i->active = false;
	i->resolved_at = e->at;
	i->ended = ++p->order;
	text_set(&i->resolved_by, e->type);
}

void
incident_note_start(struct service *s, const struct event *e)
{
	struct remediation *r;

	if (s->latest == NULL)
		return;
	r = &s->latest->remediation;
	r->exists = true;
	r->started_at = e->at;
	r->completed_at = TIMESTAMP_NONE;
	text_set(&r->source, e->source);
}

void
incident_note_completion(struct service *s, const struct event *e)
{
	if (s->latest == NULL)
		return;
	s->latest->remediation.exists = true;
	s->latest->remediation.completed_at = e->at;
}

void
incident_forget(struct partition *p, size_t index)
{
	struct incident *i = p->incidents[index];
	struct service *s = service_find(p, i->service);

	if (s != NULL && s->latest == i)
		s->latest = NULL;
	incident_free(i);
	free(i);
	p->incident_count--;
	memmove(p->incidents + index, p->incidents + index + 1,
	    (p->incident_count - index) * sizeof(*p->incidents));
}

void
incident_base_id(const struct incident *i, const char *node, struct buffer *out)
{
	buffer_text(out, "inc-%lld-%s-%s", (long long)(i->started_at / NANOSECONDS_A_SECOND), node,
	    i->service);
}

void
incident_free(struct incident *i)
{
	free(i->service);
	free(i->event_type);
	free(i->last_event_type);
	free(i->source);
	free(i->message);
	free(i->correlation_id);
	free(i->resolved_by);
	free(i->deployment);
	free(i->times);
	free(i->remediation.source);
}
