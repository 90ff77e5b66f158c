/* What a run says of itself: in the summary, and to the operator. */

#include "run.h"

#include <homelab/changes.h>
#include <homelab/message.h>

#ifndef HOMELAB_VERSION
#define HOMELAB_VERSION "unknown"
#endif

teller
tell_damage(const struct observer *o)
{
	return o->before != NULL ? message_error : message_warning;
}

/* The tally's members, as the summary has them. */
static const struct {
	const char *name;
	size_t offset;
} counters[] = {
    {"consumed", offsetof(struct tally, consumed)},
    {"late", offsetof(struct tally, late)},
    {"late_unplaced", offsetof(struct tally, late_unplaced)},
    {"held", offsetof(struct tally, held)},
    {"rejected", offsetof(struct tally, rejected)},
    {"unreadable", offsetof(struct tally, unreadable)},
    {"ignored", offsetof(struct tally, ignored)},
};

enum { COUNTERS = sizeof(counters) / sizeof(counters[0]) };

static uint64_t
counter(const struct tally *t, size_t i)
{
	return *(const uint64_t *)((const char *)t + counters[i].offset);
}

/* The published observation, where it belongs to the committed state. */
static const json_t *
last_observation(const struct observer *o)
{
	const json_t *last = json_object_get(o->published, "observation");

	if (o->before == NULL || o->rebuild ||
	    !json_equal(
		json_object_get(last, "generation"), json_object_get(o->before, "generation")))
		return NULL;
	return last;
}

uint64_t
observer_cycle(const struct observer *o)
{
	json_int_t committed = json_integer_value(json_object_get(o->before, "cycle"));
	json_int_t published = json_integer_value(
	    json_object_get(json_object_get(o->published, "observation"), "cycle"));

	return (uint64_t)(committed > published ? committed : published) + 1;
}

static json_int_t
duration_ms(const struct observer *o)
{
	return (clock_monotonic() - o->started) / (NANOSECONDS_A_SECOND / 1000);
}

json_t *
observer_totals(const struct observer *o)
{
	const json_t *before = json_object_get(last_observation(o), "totals");
	json_t *totals = json_object();

	if (before == NULL && !o->rebuild)
		before = json_object_get(o->before, "totals");
	for (size_t i = 0; i < COUNTERS; i++)
		(void)json_object_set_new(totals, counters[i].name,
		    json_integer(json_integer_value(json_object_get(before, counters[i].name)) +
			(json_int_t)counter(&o->tally, i)));
	(void)json_object_set_new(totals, "duration_ms",
	    json_integer(
		json_integer_value(json_object_get(before, "duration_ms")) + duration_ms(o)));
	return totals;
}

json_int_t
observer_source_count(const struct observer *o)
{
	json_int_t count = 0;

	for (size_t i = 0; i < o->slot_count; i++)
		count += o->slots[i].active && o->slots[i].manifest->newest != TIMESTAMP_NONE;
	return count;
}

/* In the totals `held` counts events once, when they begin to wait. */
static json_int_t
held_now(const struct observer *o)
{
	uint64_t held = 0;

	for (size_t i = 0; i < o->slot_count; i++)
		if (o->slots[i].active)
			held += manifest_held(o->slots[i].manifest);
	return (json_int_t)held;
}

json_t *
observer_failure(const struct observer *o, const char *stage, const char *message)
{
	return json_pack("{s:I,s:o,s:I,s:s,s:s}", "cycle", (json_int_t)observer_cycle(o),
	    "observed_at", json_time(o->now), "source_count", observer_source_count(o), "stage",
	    stage, "message", message);
}

static json_t *
last_error(const struct observer *o)
{
	const json_t *errors = o->inventory.state != TOPOLOGY_STALE ?
	    NULL :
	    json_object_get(o->inventory.memory, "topology_errors");
	const char *first = json_string_value(json_array_get(errors, 0));

	return first == NULL ? json_null() : observer_failure(o, STAGE_SOURCES, first);
}

void
observer_observe(struct observer *o, json_t *summary, uint64_t generation)
{
	json_t *observation = json_object();

	for (size_t i = 0; i < COUNTERS; i++)
		(void)json_object_set_new(
		    observation, counters[i].name, json_integer((json_int_t)counter(&o->tally, i)));
	(void)json_object_set_new(observation, "held", json_integer(held_now(o)));
	(void)json_object_set_new(
	    observation, "cycle", json_integer((json_int_t)observer_cycle(o)));
	(void)json_object_set_new(observation, "generation", json_integer((json_int_t)generation));
	(void)json_object_set_new(observation, "version", json_string(HOMELAB_VERSION));
	(void)json_object_set_new(observation, "observed_at", json_time(o->now));
	(void)json_object_set_new(
	    observation, "source_count", json_integer(observer_source_count(o)));
	(void)json_object_set_new(observation, "duration_ms", json_integer(duration_ms(o)));
	(void)json_object_set_new(observation, "last_error", last_error(o));
	(void)json_object_set_new(observation, "totals", observer_totals(o));
	(void)json_object_set_new(summary, "observation", observation);
}

static unsigned
nodes_with_news(const struct observer *o)
{
	unsigned count = 0;

	for (size_t i = 0; i < o->slot_count; i++)
		count += o->slots[i].intake.tally.consumed > 0;
	return count;
}

void
observer_report(const struct observer *o, int documents)
{
	uint64_t late = o->tally.late + o->tally.late_unplaced;
	const char *would = o->options->dry_run ? "dry run, nothing written: " : "";

	if (o->tally.consumed + o->tally.rejected + o->tally.late_unplaced == 0 && documents == 0 &&
	    !o->rebuild && !o->options->dry_run) {
		message_verbose("no news; world of %s",
		    json_string_value(json_object_get(o->projected.summary, "generated_at")));
		return;
	}
	message_notice("%s%s%llu events of %u nodes, %u incidents opened, %u resolved, "
		       "%llu late, %llu rejected, %lld ms: %s",
	    would, o->rebuild && o->published != NULL ? "rebuilt: " : "",
	    (unsigned long long)o->tally.consumed, nodes_with_news(o),
	    changes_count(o->changes, "incident_opened"),
	    changes_count(o->changes, "incident_resolved"), (unsigned long long)late,
	    (unsigned long long)o->tally.rejected, (long long)duration_ms(o),
	    json_string_value(json_object_get(o->projected.summary, "status")));
	if (o->options->dry_run)
		message_notice("would write %d documents", documents);
}
