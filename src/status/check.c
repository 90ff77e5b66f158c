/* One line for monitoring plugins, and the alarm that is their exit status. */

#include <homelab/names.h>
#include <homelab/status.h>

#include <string.h>

enum { TEXT_MAX = 1000 }; /* bytes; some agents cut at 1024 */

static const char *const alarm_words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

struct answer {
	enum alarm alarm;
	struct buffer text;
};

static void
answer_add(struct answer *a, enum alarm alarm, const char *text)
{
	buffer_text(&a->text, "%s%s", a->text.length > 0 ? "; " : "", text);
	if (alarm > a->alarm)
		a->alarm = alarm;
}

static void
judge_age(const struct published *world, const struct query *q, timestamp now, struct answer *a)
{
	const char *made = member_text(world->summary, "generated_at");
	timestamp age = world_age(world->summary, now);
	char text[AGE_TEXT_MAX];
	cleanup_buffer struct buffer line = {0};

	if (age > q->warning_age)
		buffer_text(&line, "world is old: %s%s", made ? age_format(age, text) : "no date",
		    made ? "" : " in it");
	else if (age < -q->warning_age)
		buffer_text(&line, "world is dated ahead by %s", age_format(-age, text));
	else
		return;
	answer_add(a, age > q->critical_age ? ALARM_CRITICAL : ALARM_WARNING, buffer_string(&line));
}

/* Of the whole homelab the observer's alarm counts, of a part its reasons. */
static void
judge_world(const struct published *world, const struct query *q, timestamp now, struct answer *a)
{
	static const char *const statuses[] = {"NOMINAL", "DEGRADED", "CRITICAL"};
	struct reasons reasons;

	reasons_find(world, q, now, &reasons);
	for (size_t i = 0; i < reasons.count; i++)
		answer_add(a, ALARM_OK, reasons.list[i].text);
	if (q->node != NULL || q->service != NULL) {
		if (reasons.worst > a->alarm)
			a->alarm = reasons.worst;
	} else {
		enum alarm told = ALARM_UNKNOWN;

		for (int i = 0; i < 3; i++)
			if (member_is(world->summary, "status", statuses[i]))
				told = (enum alarm)i;
		if (told > a->alarm)
			a->alarm = told;
	}
	reasons_release(&reasons);
}

static size_t
count_where(const struct published *world, const struct query *q, enum document which,
    const char *key, const char *value)
{
	json_auto_t *records = select_all(world, q, which);
	const char *id;
	json_t *record;
	size_t count = 0;

	json_object_foreach (records, id, record)
		count += member_is(record, key, value);
	return count;
}

static void
add_figures(const struct published *world, const struct query *q, timestamp now, struct buffer *out)
{
	static const struct {
		const char *label;
		enum document document;
		const char *key, *value, *limits;
	} figures[] = {
	    {"nodes_offline", DOCUMENT_NODES, "status", "offline", ";;;0"},
	    {"nodes_stale", DOCUMENT_NODES, "status", "stale", ";;;0"},
	    {"services_unhealthy", DOCUMENT_SERVICES, "status", "unhealthy", ";;;0"},
	    {"incidents", DOCUMENT_INCIDENTS, "status", "active", ";0;;0"},
	    {"deployments_in_progress", DOCUMENT_DEPLOYMENTS, "status", "in_progress", ";;;0"},
	};
	timestamp age = world_age(world->summary, now);

	buffer_text(out, " |");
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		buffer_text(out, " '%s'=%zu%s", figures[i].label,
		    count_where(world, q, figures[i].document, figures[i].key, figures[i].value),
		    figures[i].limits);
	if (age != TIMESTAMP_LAST)
		buffer_text(out, " 'age'=%llds;%lld;%lld", (long long)(age / SECONDS(1)),
		    (long long)(q->warning_age / SECONDS(1)),
		    (long long)(q->critical_age / SECONDS(1)));
}

/* The reasons as they may stand in the line: a bar would begin the figures, and
 * too long a text could have them cut off. */
static void
put_text(const struct buffer *text, struct screen *s)
{
	size_t length = text_cut((char *)text->data, text->length, TEXT_MAX);
	cleanup_buffer struct buffer shown = {0};

	for (size_t i = 0; i < length; i++)
		if (text->data[i] == '|')
			buffer_text(&shown, "\\x7c");
		else
			buffer_add(&shown, text->data + i, 1);
	screen_put(
	    s, STYLE_PLAIN, "%s%s", buffer_string(&shown), length < text->length ? " ..." : "");
}

enum alarm
check_print(const struct published *world, const struct query *q, struct screen *s)
{
	struct answer answer = {ALARM_OK, {0}};
	cleanup_buffer struct buffer figures = {0};

	judge_age(world, q, s->now, &answer);
	if (!world->consistent)
		answer_add(&answer, ALARM_WARNING, "world is torn: its documents don't match");
	judge_world(world, q, s->now, &answer);
	if (answer.text.length == 0 && (q->node != NULL || q->service != NULL))
		answer_add(&answer, ALARM_OK, "all well");
	else if (answer.text.length == 0)
		buffer_text(&answer.text, "all well; nodes: %lld, services: %lld",
		    (long long)member_number(json_object_get(world->summary, "nodes"), "total"),
		    (long long)member_number(json_object_get(world->summary, "services"), "total"));
	add_figures(world, q, s->now, &figures);
	screen_put(s, STYLE_PLAIN, "HOMELAB %s - ", alarm_words[answer.alarm]);
	put_text(&answer.text, s);
	screen_line(s, STYLE_PLAIN, "%s", buffer_string(&figures));
	buffer_release(&answer.text);
	return answer.alarm;
}
