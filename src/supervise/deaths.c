#include "parts.h"

#include <string.h>

void
deaths_add(struct deaths *d, timestamp at)
{
	size_t place;

	if (d->count == DEATHS_MAX)
		memmove(d->times, d->times + 1, --d->count * sizeof(*d->times));
	ARRAY_GROW(d->times, d->count, d->room);
	for (place = d->count++; place > 0 && d->times[place - 1] > at; place--)
		d->times[place] = d->times[place - 1];
	d->times[place] = at;
}

size_t
deaths_within(const struct deaths *d, timestamp now, timestamp window)
{
	size_t count = 0;

	while (count < d->count && timestamp_add(d->times[d->count - count - 1], window) >= now)
		count++;
	return count;
}

timestamp
deaths_last(const struct deaths *d)
{
	return d->count > 0 ? d->times[d->count - 1] : TIMESTAMP_NONE;
}

void
deaths_clamp(struct deaths *d, timestamp now)
{
	timestamp latest = timestamp_add(now, MINUTES(1));

	for (size_t i = d->count; i > 0 && d->times[i - 1] > latest; i--)
		d->times[i - 1] = now;
}

void
deaths_release(struct deaths *d)
{
	free(d->times);
	*d = (struct deaths){0};
}

json_t *
deaths_to_json(const struct deaths *d)
{
	json_t *all = json_array();

	for (size_t i = 0; i < d->count; i++)
		(void)json_array_append_new(all, json_integer((json_int_t)d->times[i]));
	return all;
}

bool
deaths_from_json(const json_t *value, struct deaths *out)
{
	size_t i;
	json_t *time;

	if (!json_is_array(value) || json_array_size(value) > DEATHS_MAX)
		return false;
	json_array_foreach ((json_t *)value, i, time) {
		timestamp at = (timestamp)json_integer_value(time);

		if (!json_is_integer(time) || at < 0 || at < deaths_last(out))
			return false;
		deaths_add(out, at);
	}
	return true;
}
