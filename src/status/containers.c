/* The containers of the services that are asked for. */

#include <homelab/status.h>

#include <stdlib.h>
#include <string.h>

static const struct column columns[] = {{"CONTAINER", 24, 0}, {"STATE", 0, 0}, {"STARTED", 0, 1},
    {"RESTARTS", 0, 2}, {"NOTE", 20, 0}, {"IMAGE", 16, 3}, {"RUNTIME", 0, 4}};

static void
note(struct buffer *text, const char *part)
{
	buffer_text(text, "%s%s", text->length > 0 ? ", " : "", part);
}

static void
note_exit(const json_t *container, struct buffer *text)
{
	const json_t *code = json_object_get(container, "exit_code");

	if (json_is_true(json_object_get(container, "oom_killed")))
		note(text, "out of memory");
	if (json_is_integer(code))
		buffer_text(text, "%sexit %lld", text->length > 0 ? ", " : "",
		    (long long)json_integer_value(code));
}

/* What is done about it, where that isn't just that it runs. */
static void
note_supervision(const json_t *container, const struct screen *s, struct buffer *text)
{
	const json_t *supervision = json_object_get(container, "supervision");
	const char *state = member_text(supervision, "state");
	timestamp until = member_time(supervision, "backoff_until");
	char ago[AGE_TEXT_MAX];

	if (state != NULL && strcmp(state, "running") != 0)
		note(text, state);
	if (until != TIMESTAMP_NONE && until > s->now)
		buffer_text(text, ", next try %s", screen_ago(s, until, ago));
}

static void
add_container(const char *id, const json_t *container, struct table *table, const struct screen *s)
{
	const char *state = member_text(container, "state"), *name = member_text(container, "name");
	const char *image = member_text(container, "image");
	const char *runtime = member_text(container, "runtime");
	timestamp started = member_time(container, "started_at");
	cleanup_buffer struct buffer text = {0};
	char ago[AGE_TEXT_MAX];

	note_exit(container, &text);
	note_supervision(container, s, &text);
	table_add(table, s, STYLE_PLAIN, "%.*s/%s", (int)strcspn(id, "/"), id, name ? name : "?");
	table_add(table, s, style_of_word(state), "%s", state ? state : "-");
	table_add(table, s, STYLE_PLAIN, "%s",
	    started != TIMESTAMP_NONE ? screen_ago(s, started, ago) : "-");
	table_add(table, s, STYLE_PLAIN, "%lld", (long long)member_number(container, "restarts"));
	table_add(table, s, STYLE_PLAIN, "%s", buffer_string(&text));
	table_add(table, s, STYLE_PLAIN, "%s", image ? image : "");
	table_add(table, s, STYLE_PLAIN, "%s", runtime ? runtime : "");
}

static int
compare_ids(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void
containers_print(const struct published *world, const struct query *q, struct screen *s)
{
	json_auto_t *services = select_all(world, q, DOCUMENT_SERVICES);
	cleanup_free const char **ids =
	    memory_resize(NULL, json_object_size(services), sizeof(*ids));
	cleanup_table struct table table = {
	    columns, sizeof(columns) / sizeof(columns[0]), 2, NULL, 0, 0};
	size_t count = 0, k;
	const char *id;
	json_t *service, *container;

	json_object_foreach (services, id, service)
		ids[count++] = id;
	qsort(ids, count, sizeof(*ids), compare_ids);
	for (size_t i = 0; i < count; i++)
		json_array_foreach (
		    json_object_get(json_object_get(services, ids[i]), "containers"), k, container)
			add_container(ids[i], container, &table, s);
	if (table.count == 0)
		return;
	screen_line(s, STYLE_BOLD, "CONTAINERS");
	table_print(&table, s);
}
