#include "fleet.h"
#include "support.h"

#include <homelab/health.h>

#include <stdio.h>
#include <string.h>

/*
 * What is said of the services of containers that are written as lines (fleet.h),
 * which may end in " looping" or " unseen":
 *
 *	healthy SERVICE of ID
 */

static const struct health_rule rule = {SECONDS(60), MINUTES(5)};

static struct health *known;
static struct buffer text;

static void
begin(void)
{
	known = health_new();
}

static void
end(void)
{
	health_free(known);
	buffer_release(&text);
}

static bool
take_word(char *line, const char *word)
{
	size_t length = strlen(line), tail = strlen(word);

	if (length < tail || strcmp(line + length - tail, word) != 0)
		return false;
	line[length - tail] = '\0';
	return true;
}

static size_t
see(const char *lines, struct containers *fleet, struct health_sight *sights)
{
	cleanup_free char *copy = text_copy(lines);
	char *rest = copy, *line;
	size_t count = 0;

	while ((line = strsep(&rest, "\n")) != NULL)
		if (line[0] != '\0') {
			sights[count].looping = take_word(line, " looping");
			sights[count].unseen = take_word(line, " unseen");
			(void)fleet_add(fleet, line);
			count++;
		}
	for (size_t i = 0; i < count; i++)
		sights[i].container = &fleet->list[i];
	return count;
}

static const char *
say_at(timestamp now, const char *lines)
{
	struct containers fleet = {0};
	struct health_sight sights[16] = {0};
	struct health_reports said = {0};
	size_t count = see(lines, &fleet, sights);

	health_update(known, sights, count, &rule, now, &said);
	buffer_release(&text);
	for (size_t i = 0; i < said.count; i++)
		buffer_text(&text, "%s %s of %s\n", said.list[i].healthy ? "healthy" : "unhealthy",
		    said.list[i].service, said.list[i].container->id);
	health_reports_release(&said);
	containers_release(&fleet);
	return buffer_string(&text);
}

static void
expect(const char *time, const char *lines, const char *expected)
{
	assert_text(say_at(time_at(time), lines), expected, time);
}

#define UP "web/1 running created=11:00:00 started=11:00:00"
#define WELL UP " health=healthy"
#define ILL UP " health=unhealthy"
#define STARTING UP " health=starting"
#define HEALTHY "healthy web of 1\n"
#define UNHEALTHY "unhealthy web of 1\n"

/* --- every cell -------------------------------------------------------------------- */

START_TEST(says_after_every_word_what_is_true)
{
	static const char *const sights[] = {WELL, ILL, STARTING};
	/* First seen as one, then as the other: what is said at the second. */
	static const char *const expected[][3] = {
	    {"", UNHEALTHY, ""},
	    {HEALTHY, "", ""},
	    {HEALTHY, UNHEALTHY, ""},
	};

	for (size_t before = 0; before < COUNT(sights); before++)
		for (size_t after = 0; after < COUNT(sights); after++) {
			end();
			begin();
			(void)say_at(time_at("12:00:00"), sights[before]);
			expect("12:00:05", sights[after], expected[before][after]);
		}
}
END_TEST

START_TEST(says_ill_once_until_it_was_well)
{
	expect("12:00:00", ILL, UNHEALTHY);
	expect("12:10:00", ILL, "");
	expect("2d12:10:00", ILL, "");
	expect("2d12:10:05", STARTING, "");
	expect("2d12:10:10", "web/1 restarting created=11:00:00", "");
	expect("2d12:10:20", "web/1 exited created=11:00:00", "");
	expect("2d12:10:30", ILL, "");
	expect("2d12:10:40", WELL, HEALTHY);
	expect("2d12:10:50", ILL, UNHEALTHY);
}
END_TEST

START_TEST(says_well_again_after_anything_else)
{
	static const char *const others[] = {STARTING, "web/1 paused created=11:00:00",
	    "web/1 stopping created=11:00:00", "web/1 restarting created=11:00:00",
	    "web/1 exited created=11:00:00", "web/1 failed created=11:00:00",
	    "web/1 created created=11:00:00", "web/1 removed created=11:00:00", "",
	    WELL " looping"};

	for (size_t i = 0; i < COUNT(others); i++) {
		end();
		begin();
		expect("12:00:00", others[i], "");
		expect("12:00:05", WELL, HEALTHY);
		expect("12:00:10", WELL, "");
		expect("12:00:15", others[i], "");
		expect("12:00:20", WELL, HEALTHY);
	}
}
END_TEST

/* --- time -------------------------------------------------------------------------- */

START_TEST(says_well_when_it_has_run_long_enough)
{
	expect("11:00:59.999999999", UP, "");
	expect("11:01:00", UP, HEALTHY);
}
END_TEST

START_TEST(says_well_every_heartbeat)
{
	expect("12:00:00", UP, HEALTHY);
	expect("12:04:59.999999999", UP, "");
	expect("12:05:00", UP, HEALTHY);
	expect("12:09:00", UP, "");
	expect("12:11:00", UP, HEALTHY);
	expect("12:15:59", UP, "");
	expect("12:16:00", UP, HEALTHY);
	/* The clock went back. */
	expect("12:10:00", UP, HEALTHY);
	expect("12:14:59", UP, "");
}
END_TEST

/* It crashed and came up again, and has run long enough, all between two looks: an
 * incident is open that nobody else would end. */
START_TEST(says_well_of_another_run)
{
	expect("12:00:00", UP, HEALTHY);
	expect("12:02:00", "web/1 running created=11:00:00 started=12:00:30", HEALTHY);
	expect("12:02:10", "web/1 running created=11:00:00 started=12:00:30", "");
	expect("12:02:20", "web/1 running created=11:00:00 started=12:02:15", "");
	expect("12:03:15", "web/1 running created=11:00:00 started=12:02:15", HEALTHY);
}
END_TEST

/* Started in the future, or it isn't known when. */
START_TEST(looks_itself_how_long_it_runs)
{
	static const char *const sights[] = {"web/1 running created=11:00:00 started=15:00:00",
	    "web/1 running created=11:00:00", "web/1 running"};

	for (size_t i = 0; i < COUNT(sights); i++) {
		end();
		begin();
		expect("12:00:00", sights[i], "");
		expect("12:00:59", sights[i], "");
		expect("12:01:00", sights[i], HEALTHY);
		expect("12:01:05", "web/1 restarting created=11:00:00", "");
		expect("12:01:10", sights[i], "");
		expect("12:02:09", sights[i], "");
		expect("12:02:10", sights[i], HEALTHY);
		/* The clock goes back. */
		expect("11:30:00", sights[i], "");
		expect("11:31:00", sights[i], HEALTHY);
	}
}
END_TEST

/* --- loops ------------------------------------------------------------------------- */

START_TEST(says_nothing_good_of_a_loop)
{
	expect("12:00:00", UP " looping", "");
	expect("12:10:00", WELL " looping", "");
	expect("12:10:05", ILL " looping", UNHEALTHY);
	expect("12:10:10", WELL " looping", "");
	expect("12:10:15", WELL, HEALTHY);
}
END_TEST

/*
 * Ten minutes of runs by chance, none of them as long as it takes, looked at now
 * and then: one incident, which ends when the loop does.
 */
static void
loop_by_chance(int seed)
{
	struct dice d = dice_of(seed);
	timestamp now = time_at("12:00:00"), started = now, ends;
	char line[128];
	int said = 0;

	ends = started + (timestamp)(1 + roll(&d, 59 * 1000)) * 1000000;
	while (now < time_at("12:10:00")) {
		now += (timestamp)(1 + roll(&d, 20 * 1000)) * 1000000;
		while (ends <= now) {
			started = ends + (timestamp)roll(&d, 40 * 1000) * 1000000;
			ends = started + (timestamp)(1 + roll(&d, 59 * 1000)) * 1000000;
		}
		(void)snprintf(line, sizeof(line), "web/1 %s created=11:00:00 started=%s",
		    started <= now ? "running" : "restarting", time_text(started));
		said += say_at(now, started <= now ? line : "web/1 restarting")[0] != '\0';
	}
	ck_assert_msg(said == 0, "seed %d", seed);
	(void)snprintf(
	    line, sizeof(line), "web/1 running created=11:00:00 started=%s", time_text(started));
	assert_text(say_at(started + SECONDS(60), line), HEALTHY, "the last run stays");
}

START_TEST(says_nothing_in_ten_minutes_of_a_loop)
{
	for (int i = 0; i < 20; i++) {
		end();
		begin();
		loop_by_chance(_i * 20 + i);
	}
}
END_TEST

/* --- several containers of a service ----------------------------------------------- */

#define REPLICA(id, rest) "web-" id "/" id " " rest " service=web\n"

START_TEST(needs_all_replicas)
{
	expect("12:00:00",
	    REPLICA("1", "running started=11:00:00") REPLICA("2", "running started=11:59:01"), "");
	expect("12:00:01",
	    REPLICA("1", "running started=11:00:00") REPLICA("2", "running started=11:59:01"),
	    "healthy web of 2\n");
	expect("12:00:10",
	    REPLICA("1", "running started=11:00:00 health=unhealthy")
		REPLICA("2", "running started=11:59:01"),
	    "unhealthy web of 1\n");
	expect("12:00:20",
	    REPLICA("1", "running started=11:00:00 health=unhealthy")
		REPLICA("2", "running started=11:59:01 health=unhealthy"),
	    "");
	expect("12:00:30",
	    REPLICA("1", "running started=11:00:00")
		REPLICA("2", "running started=11:59:01 health=starting"),
	    "");
	expect("12:00:40",
	    REPLICA("1", "running started=11:00:00") REPLICA("2", "failed started=11:59:01"), "");
	expect("12:00:50",
	    REPLICA("1", "running started=11:00:00") REPLICA("2", "running started=11:00:00"),
	    "healthy web of 1\n");
	expect("12:01:00", REPLICA("1", "running started=11:00:00") REPLICA("2", "created"), "");
	/* Scaled down. */
	expect("12:01:10",
	    REPLICA("1", "running started=11:00:00") REPLICA("2", "exited started=11:00:00"),
	    "healthy web of 1\n");
}
END_TEST

START_TEST(leaves_out_what_is_not_current)
{
	/* The attempt before, of which Kubernetes keeps the remains. */
	static const char attempts[] = "web/1 failed created=11:00:00 started=11:00:00\n"
				       "web/2 running created=11:10:00 started=11:10:00";
	static const char older[] = "web/1 failed created=11:20:00 started=11:20:00\n"
				    "web/2 running created=11:10:00 started=11:10:00";
	static const char other[] = "web/1 failed created=11:00:00 started=11:00:00\n"
				    "web2/2 running created=11:10:00 started=11:10:00 service=web";

	expect("12:00:00", attempts, "healthy web of 2\n");
	expect("12:00:10", older, "");
	expect("12:00:20", attempts, "healthy web of 2\n");
	expect("12:00:30", other, "");
	/* docker compose run */
	expect("12:00:40", "web-run-1/9 failed created=11:50:00 service=web oneoff\n" UP, HEALTHY);
	expect("12:00:50",
	    "web-run-1/9 running created=11:50:00 service=web oneoff health=unhealthy\n" UP, "");
	expect("12:01:00", "web-run-1/9 running created=11:50:00 started=11:50:00 oneoff", "");
}
END_TEST

/* All that were spoken of are gone, and for the observer what was said is too. */
START_TEST(begins_anew_with_other_containers)
{
	expect("12:00:00", ILL, UNHEALTHY);
	expect("12:00:10", ILL "\nweb/2 running created=12:00:05 started=12:00:05 health=unhealthy",
	    "");
	expect("12:00:20", "web/2 running created=12:00:05 started=12:00:05 health=unhealthy", "");
	expect("12:00:30", "web/3 running created=12:00:25 started=12:00:25 health=unhealthy",
	    "unhealthy web of 3\n");
	expect("12:00:40", "", "");
	expect("12:00:50", "web/3 running created=12:00:25 started=12:00:25 health=unhealthy",
	    "unhealthy web of 3\n");
}
END_TEST

START_TEST(leaves_to_others_what_is_theirs)
{
	expect("12:00:00", ILL " external", "");
	expect("12:00:10", WELL " external", "");
	expect("12:00:20", WELL, HEALTHY);
	expect("12:00:30", WELL "\nx/2 running service=web external", "");
	expect("12:00:40", WELL, HEALTHY);
	expect("12:00:50", UP " service=all", "");
	expect("12:00:55", "all/1 running started=11:00:00", "");
}
END_TEST

START_TEST(says_nothing_of_what_it_cannot_see)
{
	expect("12:00:00", WELL, HEALTHY);
	expect("12:30:00", WELL " unseen", "");
	expect("12:30:10", WELL "\nx/2 running started=12:30:00 service=web unseen", "");
	expect("12:30:15", WELL, HEALTHY);
	expect("12:30:20", ILL, UNHEALTHY);
	expect("12:30:30", ILL " unseen", "");
	expect("12:30:40", ILL, "");
	expect("12:30:50", WELL " unseen", "");
	expect("12:31:00", WELL, HEALTHY);
}
END_TEST

START_TEST(knows_services_apart)
{
	expect("12:00:00",
	    "b/2 running started=11:00:00\nc/3 running started=11:00:00 health=unhealthy\n"
	    "a/1 running started=11:00:00",
	    "healthy a of 1\nhealthy b of 2\nunhealthy c of 3\n");
	expect("12:00:10",
	    "c/3 running started=11:00:00\nb/2 running started=11:00:00 health=unhealthy",
	    "unhealthy b of 2\nhealthy c of 3\n");
	expect("12:00:20",
	    "a/1 running started=11:00:00\nb/2 running started=11:00:00 health=unhealthy\n"
	    "c/3 running started=11:00:00",
	    "healthy a of 1\n");
}
END_TEST

/* --- on disk ------------------------------------------------------------------------ */

static void
keep_and_read(void)
{
	json_auto_t *kept = health_to_json(known), *again = NULL;
	cleanup_free char *bytes = json_dumps(kept, JSON_COMPACT);
	json_auto_t *read = json_loads(bytes, JSON_REJECT_DUPLICATES, NULL);
	struct error err;

	health_free(known);
	known = health_from_json(read, &err);
	ck_assert_msg(known != NULL, "%s", err.text);
	again = health_to_json(known);
	ck_assert(json_equal(kept, again));
}

START_TEST(goes_on_from_disk)
{
	keep_and_read();
	expect("12:00:00", ILL "\nz/2 running\na/3 running started=11:00:00",
	    "healthy a of 3\n" UNHEALTHY);
	keep_and_read();
	expect("12:00:59", ILL "\nz/2 running\na/3 running started=11:00:00", "");
	keep_and_read();
	expect("12:01:00", ILL "\nz/2 running\na/3 running started=11:00:00", "healthy z of 2\n");
	keep_and_read();
	expect("12:05:00", ILL "\nz/2 running\na/3 running started=11:00:00", "healthy a of 3\n");
	keep_and_read();
	expect(
	    "12:05:10", "web/2 running created=12:05:05 health=unhealthy", "unhealthy web of 2\n");
}
END_TEST

START_TEST(refuses_what_is_damaged)
{
#define SERVICE "{\"said\":\"healthy\",\"said_at\":null,\"run\":null,\"up_since\":null}"
	static const struct {
		const char *kept, *reason;
	} rows[] = {
	    {"{\"format\":1,\"looked_at\":null,\"services\":{\"web\":" SERVICE "}}", NULL},
	    {"{\"format\":1,\"looked_at\":null,\"services\":{}}", NULL},
	    {"{\"looked_at\":null,\"services\":{}}", "no format"},
	    {"{\"format\":2,\"looked_at\":null,\"services\":{}}", "format 2, not 1"},
	    {"{\"format\":1,\"services\":{}}", "looked_at: not a time"},
	    {"{\"format\":1,\"looked_at\":7,\"services\":{}}", "looked_at: not a time"},
	    {"{\"format\":1,\"looked_at\":null}", "services: not up to 1000 of them"},
	    {"{\"format\":1,\"looked_at\":null,\"services\":[]}",
		"services: not up to 1000 of them"},
	    {"{\"format\":1,\"looked_at\":null,\"services\":{\"a/b\":" SERVICE "}}",
		"services: one isn't whole"},
	    {"{\"format\":1,\"looked_at\":null,\"services\":{\"a\":{}}}",
		"services: one isn't whole"},
	    {"{\"format\":1,\"looked_at\":null,\"services\":{\"a\":{\"said\":\"well\",\"said_at\":"
	     "null,\"run\":null,\"up_since\":null}}}",
		"services: one isn't whole"},
	    {"{\"format\":1,\"looked_at\":null,\"services\":{\"a\":{\"said\":\"healthy\","
	     "\"run\":null,\"up_since\":null}}}",
		"services: one isn't whole"},
	    {"{\"format\":1,\"looked_at\":null,\"services\":{\"a\":{\"said\":\"healthy\",\"said_"
	     "at\":null,\"run\":true,\"up_since\":null}}}",
		"services: one isn't whole"},
	    {"{\"format\":1,\"looked_at\":null,\"services\":{\"a\":{\"said\":\"healthy\",\"said_"
	     "at\":null,\"run\":null,\"up_since\":\"\"}}}",
		"services: one isn't whole"},
	    {"[]", "no format"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		json_auto_t *kept = json_loads(rows[i].kept, 0, NULL);
		struct error err = {0};
		struct health *h = health_from_json(kept, &err);

		ck_assert_ptr_nonnull(kept);
		ck_assert_msg((h != NULL) == (rows[i].reason == NULL), "row %zu: %s", i, err.text);
		if (h == NULL)
			ck_assert_str_eq(err.text, rows[i].reason);
		health_free(h);
	}
	ck_assert_ptr_null(health_from_json(NULL, NULL));
}
END_TEST

START_TEST(speaks_of_a_limited_number_of_services)
{
	enum { MANY = HEALTH_SERVICES_MAX + 5 };
	static struct health_sight sights[MANY];
	struct containers fleet = {0};
	struct health_reports said = {0};
	char line[64];

	for (int i = 0; i < MANY; i++) {
		(void)snprintf(line, sizeof(line), "s%04d/%d running started=11:00:00", i, i);
		(void)fleet_add(&fleet, line);
	}
	for (int i = 0; i < MANY; i++)
		sights[i].container = &fleet.list[MANY - 1 - i];
	health_update(known, sights, MANY, &rule, time_at("12:00:00"), &said);
	ck_assert_uint_eq(said.count, HEALTH_SERVICES_MAX);
	ck_assert_str_eq(said.list[HEALTH_SERVICES_MAX - 1].service, "s0999");
	keep_and_read();
	health_reports_release(&said);
	health_update(known, sights, MANY, &rule, time_at("12:00:05"), &said);
	ck_assert_uint_eq(said.count, 0);
	health_reports_release(&said);
	containers_release(&fleet);
}
END_TEST

Suite *
health_suite(void)
{
	Suite *suite = suite_create("health");
	TCase *tests = tcase_create("health");

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, says_after_every_word_what_is_true);
	tcase_add_test(tests, says_ill_once_until_it_was_well);
	tcase_add_test(tests, says_well_again_after_anything_else);
	tcase_add_test(tests, says_well_when_it_has_run_long_enough);
	tcase_add_test(tests, says_well_every_heartbeat);
	tcase_add_test(tests, says_well_of_another_run);
	tcase_add_test(tests, looks_itself_how_long_it_runs);
	tcase_add_test(tests, says_nothing_good_of_a_loop);
	tcase_add_loop_test(tests, says_nothing_in_ten_minutes_of_a_loop, 0, 10);
	tcase_add_test(tests, needs_all_replicas);
	tcase_add_test(tests, leaves_out_what_is_not_current);
	tcase_add_test(tests, begins_anew_with_other_containers);
	tcase_add_test(tests, leaves_to_others_what_is_theirs);
	tcase_add_test(tests, says_nothing_of_what_it_cannot_see);
	tcase_add_test(tests, knows_services_apart);
	tcase_add_test(tests, goes_on_from_disk);
	tcase_add_test(tests, refuses_what_is_damaged);
	tcase_add_test(tests, speaks_of_a_limited_number_of_services);
	suite_add_tcase(suite, tests);
	return suite;
}
