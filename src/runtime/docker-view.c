#include "docker.h"

#include <string.h>

/* --- what a list says ----------------------------------------------------------------- */

static const struct {
	const char *text;
	timestamp least;
} phrases[] = {
    {"Less than a second", 0},
    {"About a minute", MINUTES(1)},
    {"About an hour", HOURS(1)},
};

/* Hours are rounded to the nearest, and days and more are made of such hours. */
static const struct {
	const char *name;
	timestamp length, rounding;
} units[] = {
    {"second", SECONDS(1), 0},
    {"minute", MINUTES(1), 0},
    {"hour", HOURS(1), MINUTES(30)},
    {"day", DAYS(1), MINUTES(30)},
    {"week", DAYS(7), MINUTES(30)},
    {"month", DAYS(30), MINUTES(30)},
    {"year", DAYS(365), MINUTES(30)},
};

/* "3 minutes"; what is behind it, or NULL. */
static const char *
read_count(const char *text, timestamp *least)
{
	size_t digits = strspn(text, "0123456789");
	timestamp count = 0;

	if (digits < 1 || digits > 3 || text[digits] != ' ')
		return NULL;
	for (size_t i = 0; i < digits; i++)
		count = count * 10 + (text[i] - '0');
	text += digits + 1;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t length = strlen(units[i].name);

		if (strncmp(text, units[i].name, length) != 0)
			continue;
		*least = count * units[i].length - units[i].rounding;
		return text + length + (text[length] == 's');
	}
	return NULL;
}

static const char *
read_age(const char *text, timestamp *least)
{
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
		size_t length = strlen(phrases[i].text);

		if (strncmp(text, phrases[i].text, length) != 0)
			continue;
		*least = phrases[i].least;
		return text + length;
	}
	return read_count(text, least);
}

/* Where the age begins: behind "Up ", or "Exited (1) "; NULL without. */
static const char *
find_age(const char *status)
{
	const char *close;

	if (strncmp(status, "Up ", 3) == 0)
		return status + 3;
	if (strncmp(status, "Exited (", 8) != 0 || (close = strstr(status, ") ")) == NULL)
		return NULL;
	return close + 2;
}

timestamp
docker_read_status(const char *status, struct buffer *shape)
{
	const char *age = find_age(status), *behind = NULL;
	timestamp least = 0;

	if (strcmp(status, "Created") == 0)
		least = TIMESTAMP_LAST; /* whatever happens to it, it won't be that again */
	if (age != NULL)
		behind = read_age(age, &least);
	if (behind == NULL) {
		buffer_text(shape, "%s", status);
	} else {
		buffer_add(shape, status, (size_t)(age - status));
		buffer_text(shape, "%s", behind);
	}
	return least < SECONDS(1) ? 0 : least - SECONDS(1);
}

/* --- a list ----------------------------------------------------------------------------- */

static bool
is_id(const char *text)
{
	size_t length = text != NULL ? strlen(text) : 0;

	return length >= 1 && length <= DOCKER_ID_MAX &&
	    strspn(text,
		"0123456789abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ") == length;
}

static int
add_row(struct docker_view *v, const json_t *row)
{
	const char *id = json_string_value(json_object_get(row, "Id"));
	const char *state = json_string_value(json_object_get(row, "State"));
	const char *status = json_string_value(json_object_get(row, "Status"));
	const char *name = json_string_value(json_array_get(json_object_get(row, "Names"), 0));
	struct buffer shape = {0};
	struct docker_entry *e;

	if (!is_id(id) || v->count == CONTAINERS_MAX)
		return -1;
	ARRAY_GROW(v->list, v->count, v->room);
	e = &v->list[v->count++];
	*e = (struct docker_entry){.id = text_copy(id)};
	buffer_text(&shape, "%s\n%s\n", name != NULL ? name : "", state != NULL ? state : "");
	e->age = docker_read_status(status != NULL ? status : "", &shape);
	e->shape = buffer_string(&shape);
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const struct docker_entry *left = a, *right = b;

	return strcmp(left->id, right->id);
}

static bool
has_twins(const struct docker_view *v)
{
	for (size_t i = 1; i < v->count; i++)
		if (strcmp(v->list[i - 1].id, v->list[i].id) == 0)
			return true;
	return false;
}

int
docker_read_list(const struct buffer *body, struct docker_view *out)
{
	json_auto_t *rows =
	    json_loadb((const char *)body->data, body->length, JSON_REJECT_DUPLICATES, NULL);
	const json_t *row;
	size_t i;

	if (!json_is_array(rows))
		return -1;
	json_array_foreach (rows, i, row)
		if (add_row(out, row) < 0)
			return -1;
	if (out->count > 0)
		qsort(out->list, out->count, sizeof(out->list[0]), compare);
	return has_twins(out) ? -1 : 0;
}

struct docker_entry *
docker_view_find(const struct docker_view *v, const char *id)
{
	const struct docker_entry wanted = {.id = (char *)id};

	return v->count == 0 ? NULL :
			       bsearch(&wanted, v->list, v->count, sizeof(v->list[0]), compare);
}

void
docker_view_release(struct docker_view *v)
{
	for (size_t i = 0; i < v->count; i++) {
		free(v->list[i].id);
		free(v->list[i].shape);
		if (v->list[i].known)
			container_release(&v->list[i].container);
	}
	free(v->list);
	*v = (struct docker_view){0};
}
