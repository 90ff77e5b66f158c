/* The first screen: how it stands, how old that is, and what isn't right. */

#include <homelab/status.h>

#include <string.h>

enum { OVERVIEW_LINES = 12 }; /* of a list */

void
warnings_print(const struct published *world, const struct query *q, struct screen *s)
{
	const char *made = member_text(world->summary, "generated_at");
	timestamp age = world_age(world->summary, s->now);
	char text[AGE_TEXT_MAX];

	if (made == NULL)
		screen_line(s, STYLE_LOUD, "THIS WORLD HAS NO DATE: nobody knows how old it is.");
	else if (age > q->warning_age)
		screen_line(s, STYLE_LOUD,
		    "THIS WORLD IS OLD: of %s, %s ago. Is the observer dead? It was like this:",
		    made, age_format(age, text));
	else if (age < -q->warning_age)
		screen_line(s, STYLE_LOUD,
		    "THIS WORLD IS DATED AHEAD: by %s. Which clock is wrong, here or there?",
		    age_format(-age, text));
	if (!world->consistent)
		screen_line(s, STYLE_LOUD,
		    "THIS WORLD IS TORN: its %s isn't the one that its summary is about.",
		    world->odd);
}

static void
print_reasons(const struct published *world, const struct query *q, struct screen *s)
{
	static const enum style styles[] = {STYLE_GOOD, STYLE_WARN, STYLE_BAD, STYLE_WARN};
	struct reasons reasons;

	reasons_find(world, q, s->now, &reasons);
	for (size_t i = 0; i < reasons.count; i++)
		screen_line(s, styles[reasons.list[i].alarm], "  %s", reasons.list[i].text);
	reasons_release(&reasons);
}

static void
print_last_run(const json_t *summary, struct screen *s)
{
	static const char *const counts[] = {"rejected", "unreadable", "late_unplaced"};
	const json_t *observation = json_object_get(summary, "observation");
	const json_t *error = json_object_get(observation, "last_error");
	char ago[AGE_TEXT_MAX];

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (member_number(observation, counts[i]) > 0)
			screen_line(s, STYLE_WARN, "  last run: %lld %s",
			    (long long)member_number(observation, counts[i]), counts[i]);
	if (member_text(error, "message") != NULL)
		screen_line(s, STYLE_WARN, "  the observer failed %s: %s",
		    screen_ago(s, member_time(error, "observed_at"), ago),
		    member_text(error, "message"));
}

/* An old verdict is never shown as the present one. */
static void
print_verdict(const struct published *world, const struct query *q, struct screen *s)
{
	const char *status = member_text(world->summary, "status");
	bool old = world_age(world->summary, s->now) > q->warning_age;
	char ago[AGE_TEXT_MAX];

	screen_put(s, old ? STYLE_DIM : style_of_word(status), "%s%s", old ? "was " : "",
	    status ? status : "UNKNOWN");
	screen_put(s, STYLE_PLAIN, "  as of %s; %lld events",
	    screen_ago(s, member_time(world->summary, "generated_at"), ago),
	    (long long)member_number(json_object_get(world->summary, "events"), "accepted"));
	if (q->node != NULL || q->service != NULL)
		screen_put(s, STYLE_PLAIN, "; what follows is of %s%s%s alone",
		    q->node ? q->node : "", q->node && q->service ? "/" : "",
		    q->service ? q->service : "");
	screen_end(s);
}

static void
print_deploy(const json_t *summary, struct screen *s)
{
	const json_t *deploy = json_object_get(summary, "deploy");
	const char *stage = member_text(deploy, "current_stage");
	const char *service = member_text(deploy, "last_service");

	if (stage != NULL && strcmp(stage, "complete") != 0)
		screen_line(s, STYLE_PLAIN, "  on the observer's host: stage %s%s%s", stage,
		    service ? ", last service " : "", service ? service : "");
}

void
overview_print(const struct published *world, const struct query *q, struct screen *s)
{
	static const enum document order[] = {
	    DOCUMENT_NODES, DOCUMENT_SERVICES, DOCUMENT_INCIDENTS, DOCUMENT_DEPLOYMENTS};

	warnings_print(world, q, s);
	print_verdict(world, q, s);
	print_reasons(world, q, s);
	print_last_run(world->summary, s);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		screen_end(s);
		list_section(world, q, order[i], q->all ? SIZE_MAX : OVERVIEW_LINES, s);
	}
	print_deploy(world->summary, s);
}
