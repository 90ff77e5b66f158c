/* homelab-status: argv, environment, terminal, exit. See its man page. */

#include <homelab/message.h>
#include <homelab/names.h>
#include <homelab/options.h>
#include <homelab/status.h>

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <termios.h>

enum { COLUMNS_DEFAULT = 80, COLUMNS_LIMIT = 10000 };

struct command {
	struct query query;
	bool check, follow, exact;
};

/* "node/service", too, as services are called everywhere. */
static int
take_service(void *command, const char *argument, struct error *err)
{
	static char node[NODE_NAME_MAX + 1];
	struct command *c = command;
	const char *slash = strchr(argument, '/');

	c->query.service = slash ? slash + 1 : argument;
	if (c->query.service[0] == '\0' ||
	    (slash != NULL && !name_is_node(argument, (size_t)(slash - argument))))
		return error_set(err, EX_USAGE, "is no SERVICE or NODE/SERVICE");
	if (slash == NULL)
		return 0;
	(void)snprintf(node, sizeof(node), "%.*s", (int)(slash - argument), argument);
	c->query.node = node;
	return 0;
}

#define AT(member) .offset = offsetof(struct command, member)

static const struct option_row rows[] = {
    {"root", "DIR", "the tree that holds world (default /opt/homelab, HOMELAB_ROOT)", OPTION_TEXT,
	AT(query.root)},
    {"node", "NODE", "only what is about this node", OPTION_TEXT, AT(query.node)},
    {"service", "SERVICE", "only what is about this service, or NODE/SERVICE", OPTION_TAKEN,
	.take = take_service},
    {"all", NULL, "also what is as it should be, or over", OPTION_FLAG, AT(query.all)},
    {"json", NULL, "the same as JSON", OPTION_FLAG, AT(query.json)},
    {"follow", NULL, "go on printing changes as they come", OPTION_FLAG, AT(follow)},
    {"check", NULL, "one line for monitoring plugins; exit status 0, 1, 2 or 3", OPTION_FLAG,
	AT(check)},
    {"warning-age", "DUR", "a world is old when older (default 2m)", OPTION_DURATION,
	AT(query.warning_age)},
    {"critical-age", "DUR", "and critical for --check (default 10m)", OPTION_DURATION,
	AT(query.critical_age)},
    {"now", "RFC3339", "take this for now", OPTION_INSTANT, AT(query.now)},
    {"verbose", NULL, "times as they are, not \"3 m ago\"", OPTION_FLAG, AT(exact)},
};

static const struct options options = {
    .program = "homelab-status",
    .usage = "homelab-status [options] [nodes | services | incidents [ID] |\n"
	     "                      deployments [ID] | history]\n"
	     "Shows how a homelab stands. ID is of one incident or deployment, or the\n"
	     "NODE/SERVICE whose latest incident is meant.",
    .closing = "Durations are whole seconds or 30s, 15m, 6h, 7d. See homelab-status(1).",
    .width = 20,
    .rows = rows,
    .count = sizeof(rows) / sizeof(rows[0]),
};

static const char *const subjects[] = {[SUBJECT_NODES] = "nodes",
    [SUBJECT_SERVICES] = "services",
    [SUBJECT_INCIDENTS] = "incidents",
    [SUBJECT_DEPLOYMENTS] = "deployments",
    [SUBJECT_HISTORY] = "history"};

enum { SUBJECTS = sizeof(subjects) / sizeof(subjects[0]) };

static bool
take_words(struct command *c, int count, char **words)
{
	bool with_id;

	if (count == 0)
		return true;
	for (size_t i = SUBJECT_NODES; i < SUBJECTS; i++)
		if (strcmp(words[0], subjects[i]) == 0)
			c->query.subject = (enum subject)i;
	if (c->query.subject == SUBJECT_OVERVIEW)
		return false;
	with_id = c->query.subject == SUBJECT_INCIDENTS || c->query.subject == SUBJECT_DEPLOYMENTS;
	if (count == 2)
		c->query.id = words[1];
	return count == 1 || (count == 2 && with_id && words[1][0] != '\0');
}

static int
parse_options(struct command *c, int argc, char **argv, struct error *err)
{
	int result = options_parse(&options, c, argc, argv, err);

	if (result != 0)
		return result;
	if (!take_words(c, argc - optind, argv + optind))
		return error_set(err, EX_USAGE, "%s: no such argument (see --help)",
		    argv[argc - optind > 1 ? argc - 1 : optind]);
	if (c->check && (c->follow || c->query.json || c->query.subject != SUBJECT_OVERVIEW))
		return error_set(err, EX_USAGE, "--check goes with --node and --service only");
	if (c->query.critical_age < c->query.warning_age)
		return error_set(err, EX_USAGE, "--critical-age is less than --warning-age");
	return 0;
}

/* The terminal's, or what COLUMNS says (as watch(1) does); without either no limit. */
static size_t
find_columns(bool terminal)
{
	struct winsize size = {0};
	unsigned long columns = strtoul(environment_get("COLUMNS", "0"), NULL, 10);

	if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	if (columns > 0 && columns < COLUMNS_LIMIT)
		return columns;
	return terminal ? COLUMNS_DEFAULT : 0;
}

static void
open_screen(const struct command *c, struct screen *s)
{
	bool terminal = isatty(STDOUT_FILENO) == 1;

	(void)setlocale(LC_CTYPE, "");
	*s = (struct screen){.columns = find_columns(terminal),
	    .unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
	    .exact = c->exact || c->follow,
	    .now = query_now(&c->query)};
	s->colour = terminal && *environment_get("NO_COLOR", "") == '\0' &&
	    strcmp(environment_get("TERM", "dumb"), "dumb") != 0;
	if (c->check || c->query.id != NULL)
		s->columns = 0; /* whole lines */
}

static void
warn_of_world(const struct published *world, const struct query *q, struct screen *s)
{
	char age[AGE_TEXT_MAX];

	if (world_age(world->summary, s->now) > q->warning_age)
		message_warning("the world is old: %s; is the observer dead?",
		    age_format(world_age(world->summary, s->now), age));
	if (!world->consistent)
		message_warning("the world is torn: its %s isn't the one that its summary is about",
		    world->odd);
}

static int
show_json(const struct published *world, const json_t *history, const struct query *q,
    struct screen *s, struct error *err)
{
	json_auto_t *value = NULL;

	if (q->id != NULL && story_find(world, q) == NULL)
		return story_print(world, q, s, err); /* says so */
	warn_of_world(world, q, s);
	value = history != NULL ? history_json(history, q) : status_json(world, q);
	json_print(value, false, &s->out);
	return 0;
}

static int
show_text(const struct published *world, const json_t *history, const struct query *q,
    struct screen *s, struct error *err)
{
	if (q->id != NULL)
		return story_print(world, q, s, err);
	if (history != NULL) {
		warnings_print(world, q, s);
		history_print(history, q, s);
	} else if (q->subject == SUBJECT_OVERVIEW) {
		overview_print(world, q, s);
	} else {
		list_print(world, q, s);
	}
	return 0;
}

static json_t *
read_history(const struct query *q, struct error *err)
{
	struct error why = {0};
	json_t *history = published_read_one(q->root, HISTORY_NAME, &why);

	if (history == NULL)
		(void)error_set(err, why.status, "%s; does the observer keep a history?", why.text);
	return history;
}

/* Whoever follows a name that isn't there would wait for long; a world that can't
 * be read yet may come. */
static int
check_names(const struct query *q, struct error *err)
{
	cleanup_published struct published world = {0};
	json_auto_t *history = NULL;

	if ((q->node == NULL && q->service == NULL) || published_read(q->root, &world, NULL) < 0)
		return 0;
	history = published_read_one(q->root, HISTORY_NAME, NULL);
	return select_check(&world, history, q, err);
}

static int
run(const struct command *c, struct screen *s, struct error *err)
{
	cleanup_published struct published world = {0};
	json_auto_t *history = NULL;
	const struct query *q = &c->query;
	int result;

	if (c->follow)
		return check_names(q, err) < 0 ? -1 : status_follow(q, s, err);
	if (published_read(q->root, &world, err) < 0)
		return -1;
	if (q->subject == SUBJECT_HISTORY && (history = read_history(q, err)) == NULL)
		return -1;
	if (select_check(&world, history, q, err) < 0)
		return -1;
	result =
	    q->json ? show_json(&world, history, q, s, err) : show_text(&world, history, q, s, err);
	return result < 0 ? -1 : screen_write(s, STDOUT_FILENO, err);
}

/* Whatever goes wrong, a plugin says so on standard output and ends with 3. */
static int
run_check(const struct command *c, struct screen *s, struct error *err)
{
	cleanup_published struct published world = {0};
	enum alarm alarm = ALARM_UNKNOWN;

	if (err->status != 0 || published_read(c->query.root, &world, err) < 0 ||
	    select_check(&world, NULL, &c->query, err) < 0)
		screen_line(s, STYLE_PLAIN, "HOMELAB UNKNOWN - %s", err->text);
	else
		alarm = check_print(&world, &c->query, s);
	return screen_write(s, STDOUT_FILENO, err) < 0 ? ALARM_UNKNOWN : (int)alarm;
}

static bool
asks_for_check(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--check") == 0)
			return true;
	return false;
}

int
main(int argc, char **argv)
{
	struct command command = {
	    .query = {
		.now = TIMESTAMP_NONE, .warning_age = MINUTES(2), .critical_age = MINUTES(10)}};
	struct error err = {0};
	struct screen screen;
	int status = EX_OK;

	message_init("homelab-status");
	memory_init();
	command.query.root = environment_get("HOMELAB_ROOT", "/opt/homelab");
	command.check = asks_for_check(argc, argv);
	if (parse_options(&command, argc, argv, &err) == OPTIONS_DONE)
		return EX_OK;
	open_screen(&command, &screen);
	if (command.check)
		status = run_check(&command, &screen, &err);
	else if (err.status != 0 || run(&command, &screen, &err) < 0)
		message_error("%s", err.text);
	buffer_release(&screen.out);
	return command.check ? status : err.status;
}
