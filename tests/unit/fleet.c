#include "fleet.h"
#include "support.h"

#include <stdio.h>
#include <string.h>

static int
index_of(const char *name, const char *const *names, int count)
{
	int i = 0;

	while (i < count && strcmp(names[i], name) != 0)
		i++;
	ck_assert_msg(i < count, "what is %s?", name);
	return i;
}

static void
set_label(struct container *c, const char *word, const char *value)
{
	static const struct {
		const char *word, *label, *value;
	} rows[] = {
	    {"service", "homelab.service", NULL},
	    {"pod", "io.kubernetes.pod.uid", NULL},
	    {"oneoff", "com.docker.compose.oneoff", "True"},
	    {"external", "homelab.health", "external"},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(word, rows[i].word) == 0) {
			container_set_label(
			    c, rows[i].label, value != NULL ? value : rows[i].value);
			return;
		}
	ck_abort_msg("what is %s?", word);
}

static void
set_word(struct container *c, char *word)
{
	char *value = word, *key = strsep(&value, "=");

	if (strcmp(key, "created") == 0)
		c->created_at = time_at(value);
	else if (strcmp(key, "started") == 0)
		c->started_at = time_at(value);
	else if (strcmp(key, "finished") == 0)
		c->finished_at = time_at(value);
	else if (strcmp(key, "restarts") == 0)
		c->restarts = atoi(value);
	else if (strcmp(key, "health") == 0)
		c->health =
		    (enum container_health)index_of(value, container_health_names, HEALTH_COUNT);
	else if (strcmp(key, "asked") == 0)
		c->stop_requested = true;
	else if (strcmp(key, "oom") == 0)
		c->oom_killed = true;
	else if (strcmp(key, "exit") == 0) {
		c->has_exited = true;
		c->exit_code = atoi(value);
	} else
		set_label(c, key, value);
}

struct container *
fleet_add(struct containers *fleet, const char *line)
{
	char copy[256], *words = copy, *word, *id;
	struct container *c = containers_add(fleet);

	(void)snprintf(copy, sizeof(copy), "%s", line);
	id = strsep(&words, " ");
	container_set_text(&c->runtime, "docker");
	container_set_text(&c->name, strsep(&id, "/"));
	container_set_text(&c->id, id);
	c->state = (enum container_state)index_of(
	    strsep(&words, " "), container_state_names, CONTAINER_STATE_COUNT);
	while ((word = strsep(&words, " ")) != NULL)
		set_word(c, word);
	return c;
}

void
fleet_read(struct containers *fleet, const char *lines)
{
	cleanup_free char *copy = text_copy(lines);
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n")) != NULL)
		if (line[0] != '\0')
			(void)fleet_add(fleet, line);
}
