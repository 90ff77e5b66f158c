#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

timestamp
time_at(const char *text)
{
	char full[64];
	int days = 0, used = 0;
	timestamp at;

	if (sscanf(text, "%dd%n", &days, &used) != 1 || used == 0)
		days = used = 0;
	(void)snprintf(full, sizeof(full), "2026-05-12T%sZ", text + used);
	ck_assert_msg(timestamp_parse(full, strlen(full), &at), "no time: %s", text);
	return at + DAYS(days);
}

const char *
time_text(timestamp at)
{
	static char texts[4][48];
	static unsigned next;
	char *out = texts[next++ % 4];
	int64_t since, second, fraction;
	int length = 0, digits = 9;

	if (at == TIMESTAMP_NONE)
		return "-";
	since = at - DAY_ZERO;
	if (since >= DAYS(1))
		length = snprintf(out, 16, "%dd", (int)(since / DAYS(1)));
	second = since % DAYS(1) / SECONDS(1);
	fraction = since % SECONDS(1);
	length += snprintf(out + length, 16, "%02d:%02d:%02d", (int)(second / 3600),
	    (int)(second / 60 % 60), (int)(second % 60));
	for (; fraction != 0 && fraction % 10 == 0; fraction /= 10)
		digits--;
	if (fraction != 0)
		(void)snprintf(out + length, 16, ".%0*d", digits, (int)fraction);
	return out;
}

void
plain_event(timestamp at, const char *type, struct event *e)
{
	e->at = at;
	e->type = type;
	e->kind = event_type_find(type);
	e->severity = SEVERITY_MISSING;
	e->node = "n";
	e->source = e->correlation_id = e->message = e->stage = "";
	e->says_all = false;
	e->service_count = e->metric_count = e->diagnostic_count = 0;
	for (int i = 0; i < PRESSURE_COUNT; i++)
		e->level[i] = "";
	e->has_container = false;
	e->json = NULL;
}

/* Splits "A,B" where it stands. */
static size_t
tell_list(char *value, const char **list)
{
	size_t count = 0;

	for (char *rest = value, *one; (one = strsep(&rest, ",")) != NULL;)
		list[count++] = one;
	return count;
}

static void
tell_metrics(struct event *e, char *value)
{
	const char *all[EVENT_METRICS_MAX];

	e->metric_count = tell_list(value, all);
	for (size_t i = 0; i < e->metric_count; i++) {
		char *number = strchr(all[i], ':');

		*number++ = '\0';
		e->metrics[i] = (struct metric){.name = all[i]};
		e->metrics[i].is_integer = strchr(number, '.') == NULL;
		if (e->metrics[i].is_integer)
			e->metrics[i].integer = atoll(number);
		else
			e->metrics[i].real = strtod(number, NULL);
	}
}

/* A container: what isn't told of it isn't said. */
static void
tell_container(struct event *e, char *value)
{
	static char none[] = "";
	char *fields[5], *rest = value;
	struct sighting *c = &e->container;

	for (size_t i = 0; i < COUNT(fields); i++)
		if ((fields[i] = strsep(&rest, ",")) == NULL)
			fields[i] = none;
	*c = (struct sighting){.name = fields[0],
	    .id = fields[2],
	    .runtime = fields[4],
	    .image = none,
	    .started_at = fields[3][0] == '\0' ? TIMESTAMP_NONE : time_at(fields[3])};
	for (int i = 0; i < CONTAINER_STATE_COUNT; i++)
		if (strcmp(container_state_names[i], fields[1]) == 0) {
			c->has_state = true;
			c->state = (enum container_state)i;
		}
	ck_assert_msg(c->has_state || fields[1][0] == '\0', "what is %s?", fields[1]);
	c->supervision.state = c->supervision.policy = none;
	c->supervision.since = c->supervision.backoff_until = TIMESTAMP_NONE;
	e->has_container = true;
}

static enum severity
severity_named(const char *name)
{
	int i = SEVERITY_INFO;

	while (i < SEVERITY_CRITICAL && strcmp(severity_names[i], name) != 0)
		i++;
	return (enum severity)i;
}

static void
tell_word(struct event *e, char *word)
{
	static const struct {
		const char *key;
		size_t field;
	} texts[] = {
	    {"src", offsetof(struct event, source)},
	    {"cid", offsetof(struct event, correlation_id)},
	    {"msg", offsetof(struct event, message)},
	    {"stage", offsetof(struct event, stage)},
	    {"disk", offsetof(struct event, level[PRESSURE_DISK])},
	    {"memory", offsetof(struct event, level[PRESSURE_MEMORY])},
	    {"cpu", offsetof(struct event, level[PRESSURE_CPU])},
	};
	char *value = word, *key = strsep(&value, "=");

	for (size_t i = 0; i < COUNT(texts); i++)
		if (strcmp(key, texts[i].key) == 0) {
			*(const char **)((char *)e + texts[i].field) = value;
			return;
		}
	if (strcmp(key, "all") == 0)
		e->says_all = true;
	else if (strcmp(key, "sev") == 0)
		e->severity = severity_named(value);
	else if (strcmp(key, "svc") == 0)
		e->service_count = tell_list(value, e->services);
	else if (strcmp(key, "diag") == 0)
		e->diagnostic_count = tell_list(value, e->diagnostics);
	else if (strcmp(key, "metrics") == 0)
		tell_metrics(e, value);
	else if (strcmp(key, "box") == 0)
		tell_container(e, value);
	else
		ck_abort_msg("what is %s?", key);
}

void
tell(const char *line, struct told *out)
{
	char *rest = out->words, *at, *type, *word;

	ck_assert_uint_lt(strlen(line), sizeof(out->words));
	strcpy(out->words, line);
	at = strsep(&rest, " ");
	type = strsep(&rest, " ");
	plain_event(time_at(at), type, &out->event);
	while ((word = strsep(&rest, " ")) != NULL)
		if (word[0] != '\0')
			tell_word(&out->event, word);
}

void
fold_lines(struct partition *p, const char *lines)
{
	cleanup_free char *copy = text_copy(lines);
	char *rest = copy, *line;
	struct told told;

	while ((line = strsep(&rest, "\n")) != NULL)
		if (line[0] != '\0') {
			tell(line, &told);
			partition_fold(p, &told.event);
		}
}

struct dice
dice_of(int seed)
{
	return (struct dice){(uint64_t)(seed + 1) * 0x9e3779b97f4a7c15U};
}

/* xorshift64* */
uint64_t
roll(struct dice *d, uint64_t sides)
{
	d->state ^= d->state >> 12;
	d->state ^= d->state << 25;
	d->state ^= d->state >> 27;
	return (d->state * 0x2545f4914f6cdd1dU >> 1) % sides;
}

timestamp
random_step(struct dice *d)
{
	static const struct {
		unsigned until;
		timestamp most;
	} steps[] = {{30, 1}, {45, SECONDS(1)}, {70, MINUTES(2)}, {90, HOURS(3)}, {98, DAYS(2)},
	    {99, DAYS(35)}, {100, DAYS(130)}};
	uint64_t chance = roll(d, 100);
	size_t i = 0;

	while (chance >= steps[i].until)
		i++;
	return (timestamp)roll(d, (uint64_t)steps[i].most);
}

static const char *
one_of(struct dice *d, const char *const *texts, size_t count)
{
	return texts[roll(d, count)];
}

static void
random_services(struct dice *d, struct event *e)
{
	static const char *const names[] = {
	    "b", "a", "a-2", "zigbee2mqtt", "0123456789ab_web", "\xc3\xa9"};

	e->says_all = roll(d, 4) == 0;
	for (size_t i = 0; i < COUNT(names); i++)
		if (roll(d, 4) == 0)
			e->services[e->service_count++] = names[i];
}

static void
random_levels(struct dice *d, struct event *e)
{
	static const char *const levels[] = {"", "high", "critical"};
	static const char *const names[] = {"load", "temperature", "uptime"};

	if (e->kind->effect == EFFECT_PRESSURE)
		e->level[e->kind->pressure] = one_of(d, levels, COUNT(levels));
	if (e->kind->effect != EFFECT_NODE_HEALTH)
		return;
	for (int i = 0; i < PRESSURE_COUNT; i++)
		e->level[i] = one_of(d, levels, COUNT(levels));
	for (size_t i = 0; i < COUNT(names); i++)
		if (roll(d, 2) == 0)
			e->metrics[e->metric_count++] = (struct metric){.name = names[i],
			    .is_integer = i > 0,
			    .integer = (json_int_t)roll(d, 100),
			    .real = (double)roll(d, 100) / 8};
}

static const char *
random_type(struct dice *d)
{
	static const char *const types[] = {"service_unhealthy", "healthcheck_failed",
	    "containers_not_running", "mqtt_unreachable", "service_healthy", "service_recovered",
	    "service_healthy", "deployment_started", "deployment_started", "deployment_completed",
	    "deployment_failed", "remediation_started", "remediation_completed", "node_offline",
	    "node_online", "node_health", "disk_pressure_critical", "memory_pressure_low",
	    "cpu_pressure_ok", "disk_pressure", "high_memory", "high_cpu", "disk_usage_high",
	    "container_restarted", "backup_done", "container_crashed", "container_crash_loop",
	    "container_removed", "container_removed", "service_shutdown"};
	static char numbered[150][32];
	uint64_t n = roll(d, COUNT(types) + 2);

	if (n < COUNT(types))
		return types[n];
	n = roll(d, COUNT(numbered));
	(void)snprintf(numbered[n], sizeof(numbered[n]), "custom_%d", (int)n);
	return numbered[n];
}

static struct said_number
random_number(struct dice *d)
{
	return (struct said_number){roll(d, 3) > 0, (json_int_t)roll(d, 1000) - 9};
}

static timestamp
random_time(struct dice *d)
{
	return roll(d, 3) == 0 ? TIMESTAMP_NONE : DAY_ZERO + (timestamp)roll(d, 4);
}

/* Of few names and ids, so that they meet. */
static void
random_container(struct dice *d, struct event *e)
{
	static const char *const names[] = {"a", "a_1", "a_2", "b"};
	static const char *const ids[] = {"", "1", "2", "3"};
	static const char *const runtimes[] = {"", "docker", "docker", "podman"};
	static const char *const words[] = {"", "running", "crash_loop_backoff"};

	e->has_container = true;
	e->container = (struct sighting){.name = one_of(d, names, COUNT(names)),
	    .id = one_of(d, ids, COUNT(ids)),
	    .runtime = one_of(d, runtimes, COUNT(runtimes)),
	    .image = one_of(d, words, COUNT(words)),
	    .has_state = roll(d, 6) > 0,
	    .oom_killed = (enum said)roll(d, SAID_YES + 1),
	    .exit_code = random_number(d),
	    .restarts = random_number(d),
	    .started_at = random_time(d),
	    .supervision = {.state = "",
		.policy = "",
		.since = TIMESTAMP_NONE,
		.backoff_until = TIMESTAMP_NONE}};
	if (e->container.has_state)
		e->container.state = (enum container_state)roll(d, CONTAINER_STATE_COUNT);
	if (roll(d, 2) == 0)
		e->container.supervision = (struct supervised){.known = true,
		    .state = one_of(d, words, COUNT(words)),
		    .policy = one_of(d, words, COUNT(words)),
		    .restarts_total = random_number(d),
		    .restarts_in_window = random_number(d),
		    .last_exit_code = random_number(d),
		    .since = random_time(d),
		    .backoff_until = random_time(d)};
}

void
random_event(struct dice *d, timestamp at, struct event *e)
{
	static const char *const sources[] = {"", "agent", "deploy.sh"};
	static const char *const ids[] = {"", "", "run-1", "run-2", "dep-1778544000-n-a"};
	static const char *const texts[] = {"", "down", "up again"};
	static const char *const paths[] = {"/a.log", "/b.log", "/c.log", "/d.log"};

	plain_event(at, random_type(d), e);
	e->severity = (enum severity)roll(d, SEVERITY_COUNT);
	e->source = one_of(d, sources, COUNT(sources));
	e->correlation_id = one_of(d, ids, COUNT(ids));
	e->message = one_of(d, texts, COUNT(texts));
	random_services(d, e);
	random_levels(d, e);
	if (roll(d, 3) == 0)
		e->service_count = e->service_count > 0;
	if (e->service_count == 1 && roll(d, 3) > 0)
		random_container(d, e);
	if (strncmp(e->type, "deployment_", 11) != 0)
		return;
	e->stage = one_of(d, texts, COUNT(texts));
	for (size_t i = 0; i < COUNT(paths); i++)
		if (roll(d, 3) == 0)
			e->diagnostics[e->diagnostic_count++] = paths[i];
}

void
assert_same_bytes(const struct buffer *a, const struct buffer *b, const char *what)
{
	size_t at = 0;

	while (at < a->length && at < b->length && a->data[at] == b->data[at])
		at++;
	ck_assert_msg(at == a->length && at == b->length, "%s: differs at byte %zu of %zu, %zu",
	    what, at, a->length, b->length);
}

void
assert_text(const char *got, const char *expected, const char *what)
{
	ck_assert_msg(
	    strcmp(got, expected) == 0, "%s\ngot:\n%s\nexpected:\n%s", what, got, expected);
}

/* Nothing here has to outlive a power cut. */
static int
no_fsync(int fd)
{
	(void)fd;
	return 0;
}

void
scratch_make(struct scratch *s)
{
	static const char *const folders[] = {
	    "journal", "journal/n", "journal/old", "partitions", "partitions/n"};

	const char *base = getenv("TMPDIR");

	disk.fsync = no_fsync;
	*s = (struct scratch){0};
	(void)snprintf(s->path, sizeof(s->path), "%s/homelab-unit-XXXXXX", base ? base : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(s->path));
	s->store.fd = open(s->path, O_RDONLY | O_DIRECTORY);
	s->store.generation = 1;
	ck_assert_int_ge(s->store.fd, 0);
	for (size_t i = 0; i < COUNT(folders); i++)
		ck_assert_int_eq(mkdirat(s->store.fd, folders[i], 0755), 0);
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

void
scratch_remove(struct scratch *s)
{
	(void)close(s->store.fd);
	(void)nftw(s->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
