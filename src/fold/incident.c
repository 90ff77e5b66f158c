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

static bool
id_is_taken(const struct partition *p, const struct incident *new)
{
	int64_t second = new->started_at / NANOSECONDS_A_SECOND;
	cleanup_buffer struct buffer mine = {0}, theirs = {0};

	/* Incidents lie in the order of their starts. */
	for (size_t i = p->incident_count; i > 0; i--) {
		const struct incident *other = p->incidents[i - 1];

		if (other->started_at / NANOSECONDS_A_SECOND != second)
			break;
		mine.length = theirs.length = 0;
		buffer_text(&mine, new->suffix ? "%s-%u" : "%s", new->service, new->suffix);
		buffer_text(&theirs, other->suffix ? "%s-%u" : "%s", other->service, other->suffix);
		if (strcmp(buffer_string(&mine), buffer_string(&theirs)) == 0)
			return true;
	}
	return false;
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
	for (i->suffix = 0; id_is_taken(p, i);)
		i->suffix = i->suffix == 0 ? 2 : i->suffix + 1;
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
	/* Most incidents have few: room grows by doubling from 4. */
	if (i->time_count == 0 ||
	    (i->time_count >= 4 && (i->time_count & (i->time_count - 1)) == 0))
		i->times = memory_resize(
		    i->times, i->time_count ? i->time_count * 2 : 4, sizeof(*i->times));
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
	free(i->times);
	free(i->remediation.source);
}
