#include "looks.h"

#include "fleet.h"

#include <string.h>

struct looks looks;

void
looks_begin(void)
{
	looks.known = track_new();
}

void
looks_end(void)
{
	track_free(looks.known);
	containers_release(&looks.seen);
	transitions_release(&looks.told);
	buffer_release(&looks.text);
}

void
looks_write(const struct transition *t)
{
	buffer_text(&looks.text, "%s %s %s/%s %s%s%s\n", time_text(t->at),
	    transition_types[t->kind] + strlen("container_"), t->after->name, t->after->id,
	    t->before != NULL ? container_state_names[t->before->state] : "",
	    t->before != NULL ? " " : "", container_state_names[t->after->state]);
}

/* Looks at a runtime, of which `lines` are the containers; what is told. */
const char *
look_at(const char *runtime, const char *time, const char *lines)
{
	containers_release(&looks.seen);
	transitions_release(&looks.told);
	buffer_release(&looks.text);
	fleet_read(&looks.seen, lines);
	track_update(looks.known, runtime, &looks.seen, time_at(time), &looks.told);
	for (size_t i = 0; i < looks.told.count; i++)
		looks_write(&looks.told.list[i]);
	return buffer_string(&looks.text);
}

const char *
look(const char *time, const char *lines)
{
	return look_at("docker", time, lines);
}

void
expect(const char *time, const char *lines, const char *expected)
{
	assert_text(look(time, lines), expected, time);
}
