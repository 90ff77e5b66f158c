#include "support.h"

#include <homelab/hold.h>

#include <stdio.h>
#include <string.h>

/*
 * Histories by chance of some statuses and incidents, and a reader who believes
 * what is told. Whenever they are compared:
 *
 *	it's never worse than the reader believes
 *	after a while in which nothing changes, it's as the reader believes
 */
enum { THINGS = 6, INCIDENTS_FROM = 4, ROUNDS = 400 };

static const struct {
	const char *kind, *key;
	const char *statuses[4]; /* by badness; "" is null */
	int count;
} things[THINGS] = {
    {"node_status_changed", "pluto", {"online", "stale", "offline"}, 3},
    {"status_changed", "world", {"NOMINAL", "DEGRADED", "CRITICAL"}, 3},
    {"service_status_changed", "pluto/web", {"healthy", "unhealthy"}, 2},
    {"pressure_changed", "pluto/disk_pressure", {"", "high"}, 2},
    {"incident", "pluto/web", {"", "warning", "critical"}, 3},
    {"incident", "saturn/all", {"", "error", "critical"}, 3},
};

struct history {
	int now[THINGS], believed[THINGS]; /* indices of statuses */
	int number[THINGS]; /* of the incident there is or was last */
	char told[THINGS][64]; /* the id that the reader knows as active */
	json_t *kept;
	timestamp at, duration;
};

static json_t *
text_or_null(const char *text)
{
	return text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *
status_event(int i, int from, int to)
{
	return json_pack("{s:s, s:s, s:o, s:o}", "kind", things[i].kind, "key", things[i].key,
	    "from", text_or_null(things[i].statuses[from]), "to",
	    text_or_null(things[i].statuses[to]));
}

static json_t *
incident_event(const struct history *h, int i, const char *kind, int severity)
{
	const char *slash = strchr(things[i].key, '/');
	char id[64];

	(void)snprintf(id, sizeof(id), "inc-%d-%s", h->number[i], things[i].key);
	return json_pack("{s:s, s:s, s:s%, s:s, s:s}", "kind", kind, "key", id, "node",
	    things[i].key, (size_t)(slash - things[i].key), "service", slash + 1, "severity",
	    things[i].statuses[severity]);
}

/* Something else than it is, or for an incident sometimes the same again. */
static json_t *
change(struct history *h, struct dice *d, int i)
{
	static const char *const ends[] = {
	    "incident_resolved", "incident_resolved", "incident_resolved", "incident_withdrawn"};
	int from = h->now[i], to = (int)roll(d, (uint64_t)things[i].count);

	if (i < INCIDENTS_FROM) {
		h->now[i] = to;
		return from == to ? NULL : status_event(i, from, to);
	}
	if (from != 0 && to != 0)
		return incident_event(h, i, "incident_recurred", from);
	h->now[i] = to;
	if (from != 0)
		return incident_event(h, i, ends[roll(d, COUNT(ends))], from);
	if (to == 0)
		return NULL;
	if (h->number[i] > 0 && roll(d, 4) == 0)
		return incident_event(h, i, "incident_reopened", to);
	h->number[i]++;
	return incident_event(h, i, "incident_opened", to);
}

static const char *
member(const json_t *event, const char *name)
{
	const char *text = json_string_value(json_object_get(event, name));

	return text != NULL ? text : "";
}

static int
index_of(int i, const char *status)
{
	for (int s = 0; s < things[i].count; s++)
		if (strcmp(things[i].statuses[s], status) == 0)
			return s;
	ck_abort_msg("%s: no status %s", things[i].kind, status);
	return 0;
}

static void
believe_incident(struct history *h, int i, const json_t *event)
{
	const char *kind = member(event, "kind"), *id = member(event, "continues");

	if (id[0] == '\0')
		id = member(event, "key");
	if (strcmp(kind, "incident_opened") == 0 || strcmp(kind, "incident_reopened") == 0) {
		ck_assert_str_eq(h->told[i], ""); /* else there would be two */
		(void)snprintf(h->told[i], sizeof(h->told[i]), "%s", id);
		h->believed[i] = index_of(i, member(event, "severity"));
		return;
	}
	ck_assert_str_eq(h->told[i], id); /* about the one that it was told of */
	if (strcmp(kind, "incident_recurred") == 0)
		return;
	h->told[i][0] = '\0';
	h->believed[i] = 0;
}

static bool
is_about(int i, const json_t *event)
{
	char where[256];

	if (i < INCIDENTS_FROM)
		return strcmp(member(event, "kind"), things[i].kind) == 0 &&
		    strcmp(member(event, "key"), things[i].key) == 0;
	(void)snprintf(
	    where, sizeof(where), "%s/%s", member(event, "node"), member(event, "service"));
	return strcmp(where, things[i].key) == 0;
}

static void
believe(struct history *h, const json_t *told)
{
	size_t n;
	json_t *event;

	json_array_foreach ((json_t *)told, n, event)
		for (int i = 0; i < THINGS; i++) {
			if (!is_about(i, event))
				continue;
			if (i >= INCIDENTS_FROM) {
				believe_incident(h, i, event);
				continue;
			}
			ck_assert_int_eq(index_of(i, member(event, "from")), h->believed[i]);
			h->believed[i] = index_of(i, member(event, "to"));
		}
}

static void
live_a_while(struct history *h, struct dice *d)
{
	json_auto_t *events = json_array(), *told = json_array();
	uint64_t count = roll(d, 4);

	h->at = timestamp_add(h->at, SECONDS(1 + roll(d, 90)));
	for (uint64_t n = 0; n < count; n++) {
		int i = (int)roll(d, THINGS);
		json_t *event = change(h, d, i);

		if (event != NULL)
			(void)json_array_append_new(events, event);
	}
	hold_events(h->kept, events, h->at, h->duration, told);
	believe(h, told);
	for (int i = 0; i < THINGS; i++)
		ck_assert_msg(h->believed[i] >= h->now[i], "%s %s is worse than was told",
		    things[i].kind, things[i].key);
}

static void
rest_a_while(struct history *h)
{
	json_auto_t *told = json_array();

	h->at = timestamp_add(h->at, h->duration);
	hold_release(h->kept, h->at, h->duration, told);
	believe(h, told);
	for (int i = 0; i < THINGS; i++)
		if (i < INCIDENTS_FROM)
			ck_assert_int_eq(h->believed[i], h->now[i]);
		else
			ck_assert_int_eq(h->believed[i] != 0, h->now[i] != 0);
}

START_TEST(a_reader_is_never_too_hopeful_and_learns_all_in_the_end)
{
	struct dice d = dice_of(_i);
	struct history h = {.kept = json_array(), .at = DAY_ZERO};

	h.duration = _i % 8 == 0 ? 0 : SECONDS(120);
	for (int round = 0; round < ROUNDS; round++) {
		live_a_while(&h, &d);
		if (roll(&d, 20) == 0)
			rest_a_while(&h);
	}
	rest_a_while(&h);
	for (int i = INCIDENTS_FROM; i < THINGS; i++)
		ck_assert_uint_le(json_array_size(h.kept), 2); /* incidents that came back */
	json_decref(h.kept);
}
END_TEST

/* Whatever is in a batch or a place, it's taken as something. */
START_TEST(nonsense_is_no_matter)
{
	static const char *const texts[] = {"[]", "[1,null,\"x\",[],{}]", "[{\"kind\":7}]",
	    "[{\"kind\":\"incident_resolved\"},{\"kind\":\"incident_opened\"}]",
	    "[{\"kind\":\"status_changed\",\"from\":[],\"to\":{}}]",
	    "[{\"subject\":\"incident /\",\"event\":3,\"due\":4}]",
	    "[{\"subject\":\"status_changed \",\"event\":{}}]", "[{\"subject\":\"\"}]"};

	for (size_t i = 0; i < COUNT(texts); i++)
		for (size_t k = 0; k < COUNT(texts); k++) {
			json_auto_t *kept = json_loads(texts[k], 0, NULL), *told = json_array();
			json_auto_t *events = json_loads(texts[i], 0, NULL);

			hold_events(kept, events, DAY_ZERO, SECONDS(1), told);
			hold_release(kept, DAY_ZERO + SECONDS(9), SECONDS(1), told);
			hold_clear(kept, told);
			ck_assert_uint_eq(json_array_size(kept), 0);
		}
}
END_TEST

Suite *
hold_suite(void)
{
	Suite *suite = suite_create("hold");
	TCase *tc = tcase_create("hold");

	tcase_add_loop_test(tc, a_reader_is_never_too_hopeful_and_learns_all_in_the_end, 0, 40);
	tcase_add_test(tc, nonsense_is_no_matter);
	suite_add_tcase(suite, tc);
	return suite;
}
