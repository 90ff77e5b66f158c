#include <homelab/row.h>

#include <string.h>

static void
pack_names(struct buffer *b, const char *const *names, size_t count)
{
	pack_unsigned(b, count);
	for (size_t i = 0; i < count; i++)
		pack_text(b, names[i]);
}

static size_t
unpack_names(struct unpack *u, const char **names, size_t limit)
{
	size_t count = unpack_count(u);

	if (count > limit) {
		u->failed = true;
		return 0;
	}
	for (size_t i = 0; i < count; i++)
		names[i] = unpack_text(u);
	return count;
}

void
metrics_pack(struct buffer *b, const struct metric *metrics, size_t count)
{
	pack_unsigned(b, count);
	for (size_t i = 0; i < count; i++) {
		const struct metric *m = &metrics[i];

		pack_text(b, m->name);
		pack_unsigned(b, m->is_integer);
		if (m->is_integer)
			pack_signed(b, m->integer);
		else
			pack_real(b, m->real);
	}
}

size_t
metrics_unpack(struct unpack *u, struct metric metrics[EVENT_METRICS_MAX])
{
	size_t count = unpack_count(u);

	if (count > EVENT_METRICS_MAX) {
		u->failed = true;
		return 0;
	}
	for (struct metric *m = metrics; m < metrics + count; m++) {
		*m = (struct metric){.name = unpack_text(u)};
		m->is_integer = unpack_unsigned(u) != 0;
		if (m->is_integer)
			m->integer = unpack_signed(u);
		else
			m->real = unpack_real(u);
	}
	return count;
}

void
row_pack(struct buffer *b, const struct event *e, const struct place *place)
{
	size_t frame = frame_begin(b);

	pack_fixed(b, (uint64_t)e->at, 8);
	pack_unsigned(b, (uint64_t)e->kind->rank);
	pack_text(b, place->path);
	pack_unsigned(b, place->offset);
	pack_unsigned(b, place->end);
	pack_text(b, e->node);
	pack_text(b, e->type);
	pack_unsigned(b, (uint64_t)e->severity << 1 | e->says_all);
	pack_text(b, e->source);
	pack_text(b, e->correlation_id);
	pack_text(b, e->message);
	pack_text(b, e->stage);
	for (int i = 0; i < PRESSURE_COUNT; i++)
		pack_text(b, e->level[i]);
	pack_names(b, e->services, e->service_count);
	metrics_pack(b, e->metrics, e->metric_count);
	pack_names(b, e->diagnostics, e->diagnostic_count);
	if (e->has_container)
		sighting_pack(b, &e->container);
	frame_end(b, frame);
}

bool
row_peek(struct unpack payload, struct row *row)
{
	row->at = (timestamp)unpack_fixed(&payload, 8);
	row->rank = (int)unpack_unsigned(&payload);
	row->is_new = false;
	row->rest = payload;
	return !payload.failed && row->at >= 0;
}

struct place
row_place(const struct row *row)
{
	struct unpack u = row->rest;
	struct place place;

	place.path = unpack_text(&u);
	place.offset = unpack_unsigned(&u);
	place.end = unpack_unsigned(&u);
	return place;
}

bool
row_unpack(const struct row *row, struct event *e)
{
	struct unpack u = row->rest;
	uint64_t flags;

	e->json = NULL;
	e->at = row->at;
	(void)unpack_text(&u);
	(void)unpack_unsigned(&u);
	(void)unpack_unsigned(&u);
	e->node = unpack_text(&u);
	e->type = unpack_text(&u);
	e->kind = event_type_find(e->type);
	flags = unpack_unsigned(&u);
	e->says_all = flags & 1;
	e->severity = flags >> 1 < SEVERITY_COUNT ? (enum severity)(flags >> 1) : SEVERITY_MISSING;
	e->source = unpack_text(&u);
	e->correlation_id = unpack_text(&u);
	e->message = unpack_text(&u);
	e->stage = unpack_text(&u);
	for (int i = 0; i < PRESSURE_COUNT; i++)
		e->level[i] = unpack_text(&u);
	e->service_count = unpack_names(&u, e->services, EVENT_SERVICES_MAX);
	e->metric_count = metrics_unpack(&u, e->metrics);
	e->diagnostic_count = unpack_names(&u, e->diagnostics, EVENT_DIAGNOSTICS_MAX);
	/* Most rows end here, as all did before there were containers. */
	e->has_container = !u.failed && u.at < u.end;
	if (e->has_container)
		sighting_unpack(&u, &e->container);
	u.failed |= e->has_container && e->service_count != 1;
	return !u.failed && u.at == u.end;
}

struct name_span
path_node(const char *path)
{
	const char *end = strrchr(path, '/');
	const char *start = end;

	if (end == NULL)
		return (struct name_span){path, 0};
	while (start > path && start[-1] != '/')
		start--;
	return (struct name_span){start, (size_t)(end - start)};
}

static int
compare_path_nodes(const char *a, const char *b)
{
	struct name_span x = path_node(a), y = path_node(b);
	int order = memcmp(x.at, y.at, x.length < y.length ? x.length : y.length);

	return order != 0 ? order : (x.length > y.length) - (x.length < y.length);
}

int
row_compare(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	struct place p, q;
	int order;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	p = row_place(x);
	q = row_place(y);
	if ((order = compare_path_nodes(p.path, q.path)) != 0)
		return order;
	if ((order = strcmp(p.path, q.path)) != 0)
		return order;
	return (p.offset > q.offset) - (p.offset < q.offset);
}

bool
rows_sort(void *rows, size_t count, size_t size)
{
	const char *row = rows;

	for (size_t i = 1; i < count; i++, row += size)
		if (row_compare(row, row + size) > 0) {
			qsort(rows, count, size, row_compare);
			return true;
		}
	return false;
}
