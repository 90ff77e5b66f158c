#include "run.h"

#include <homelab/station.h>

#include <sysexits.h>

enum { RECENT_DAYS = 2 };

struct station {
	struct observer_options options;
	struct observer observer;
	bool open; /* the observer is, and holds the lock */
};

struct station *
station_new(const struct observer_options *options)
{
	struct station *s = memory_alloc(sizeof(*s));

	s->options = *options;
	return s;
}

void
station_free(struct station *s)
{
	if (s == NULL)
		return;
	station_forget(s);
	free(s);
}

struct observer_options *
station_options(struct station *s)
{
	return &s->options;
}

void
station_forget(struct station *s)
{
	if (s->open)
		observer_close(&s->observer);
	s->open = false;
}

static int
fail(struct station *s, const char *stage, struct error *err)
{
	if (err->status == 0)
		err->status = EX_SOFTWARE;
	observer_discard(&s->observer);
	observer_tell_failure(&s->observer, stage, err);
	station_forget(s);
	return -1;
}

static int
open_observer(struct station *s, struct error *err)
{
	s->open = true;
	return observer_open(&s->observer, &s->options, false, err) < 0 ?
	    -1 :
	    observer_begin(&s->observer, err);
}

int
station_prepare(struct station *s, struct error *err)
{
	err->status = 0;
	if (s->open && s->observer.warm && !observer_is_undisturbed(&s->observer))
		station_forget(s);
	if (!s->open && open_observer(s, err) < 0)
		return fail(s, STAGE_SOURCES, err);
	observer_set_time(&s->observer);
	s->observer.rebuild |= s->options.reset;
	inventory_release(&s->observer.inventory); /* of a cycle that had nothing to do */
	if (observer_load_inventory(&s->observer, err) < 0)
		return fail(s, STAGE_SOURCES, err);
	return 0;
}

size_t
station_source_count(const struct station *s)
{
	return s->observer.inventory.topology->node_count;
}

const char *
station_source(const struct station *s, size_t i)
{
	return s->observer.inventory.topology->nodes[i].name;
}

int
station_cycle(struct station *s, bool early, struct error *err)
{
	struct observer *o = &s->observer;

	o->early = early && !o->rebuild && o->before != NULL;
	return observer_cycle_run(o, err) < 0 ? fail(s, STAGE_POLL, err) : 0;
}

static bool
is_recent(const struct station *s, int32_t date)
{
	return date == NO_DATE || date + RECENT_DAYS >= date_of(s->observer.now);
}

void
station_each_directory(
    const struct station *s, void (*visit)(void *context, const char *path), void *context)
{
	const struct observer *o = &s->observer;
	cleanup_buffer struct buffer path = {0};
	char date[DATE_TEXT_MAX];

	visit(context, "");
	for (size_t i = 0; i < o->tree.date_count; i++)
		if (is_recent(s, o->tree.dates[i].date))
			visit(context, date_format(o->tree.dates[i].date, date));
	for (size_t i = 0; i < o->slot_count; i++)
		for (size_t k = 0; k < o->slots[i].manifest->source_count; k++) {
			const struct source *source = &o->slots[i].manifest->sources[k];

			for (size_t n = 0; n < source->directory_count; n++) {
				if (!is_recent(s, source->directories[n].date))
					continue;
				directory_path(source, &source->directories[n], &path);
				visit(context, buffer_string(&path));
			}
		}
}

int
station_renew(struct station *s, json_t **changes, struct error *err)
{
	struct observer *o = &s->observer;
	bool published = !o->early || o->committed;
	int status;

	err->status = 0;
	status = published ? observer_conclude(o, err) : EX_OK;
	*changes = o->committed ? json_incref(o->changes) : NULL;
	s->options.reset = false;
	o->rebuild = false;
	observer_renew(o);
	return status;
}

const json_t *
station_summary(const struct station *s)
{
	return s->observer.published;
}
