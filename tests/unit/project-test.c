/*
 * The projection. A world is told in lines and asked in paths:
 *
 *	@NODE [ttl=] [intermittent] [unknown] [bad] [declares] [held=] [roles=]
 *	+SERVICE [ttl=] [unmonitored] [role=]	declared on that node
 *	TIME TYPE …				an event of that node (tell())
 *	!stale !absent !error !incidents= !services= !deployments=
 *
 * Nodes and declarations are told in their order.
 */

#include "support.h"

#include <homelab/project.h>

#include <stdio.h>
#include <string.h>

enum { NODES_MAX = 4, DECLARED_MAX = 8, SUMMARY = DOCUMENT_COUNT };

struct stage {
	struct node_input nodes[NODES_MAX];
	struct topology_node topology[NODES_MAX];
	struct partition *partitions[NODES_MAX];
	struct declarations declarations[NODES_MAX];
	struct declaration declared[NODES_MAX][DECLARED_MAX];
	char *roles[NODES_MAX][DECLARED_MAX];
	size_t node_count;
	struct world_input input;
	json_t *errors, *deploy;
	char *text; /* what names refer to */
};

static timestamp
duration_of(const char *text)
{
	timestamp got;

	ck_assert_msg(duration_parse(text, &got), "%s", text);
	return got;
}

static void
tell_node(struct stage *s, char *words)
{
	size_t i = s->node_count++;
	struct node_input *n = &s->nodes[i];
	struct topology_node *t = &s->topology[i];

	ck_assert_uint_lt(i, NODES_MAX);
	t->name = strsep(&words, " ");
	t->roles = s->roles[i];
	t->heartbeat_ttl = NODE_TTL_DEFAULT;
	s->declarations[i].items = s->declared[i];
	*n = (struct node_input){.topology = t, .known = true};
	for (char *word; (word = strsep(&words, " ")) != NULL;) {
		char *value = word, *key = strsep(&value, "=");

		if (strcmp(key, "ttl") == 0)
			t->heartbeat_ttl = duration_of(value);
		else if (strcmp(key, "held") == 0)
			n->held = strtoull(value, NULL, 10);
		else if (strcmp(key, "roles") == 0)
			for (char *role; (role = strsep(&value, ",")) != NULL;)
				t->roles[t->role_count++] = role;
		t->intermittent |= strcmp(key, "intermittent") == 0;
		n->known &= strcmp(key, "unknown") != 0;
		n->declarations_bad |= strcmp(key, "bad") == 0;
		if (strcmp(key, "declares") == 0)
			n->declarations = &s->declarations[i];
	}
}

static void
tell_declaration(struct stage *s, char *words)
{
	size_t i = s->node_count - 1;
	struct declaration *d = &s->declared[i][s->declarations[i].count++];

	s->nodes[i].declarations = &s->declarations[i];
	*d = (struct declaration){.service = strsep(&words, " "),
	    .monitored = true,
	    .heartbeat_ttl = SERVICE_TTL_DEFAULT};
	for (char *word; (word = strsep(&words, " ")) != NULL;) {
		char *value = word, *key = strsep(&value, "=");

		if (strcmp(key, "ttl") == 0)
			d->heartbeat_ttl = duration_of(value);
		else if (strcmp(key, "role") == 0)
			d->role = value;
		d->monitored &= strcmp(key, "unmonitored") != 0;
	}
}

static void
tell_option(struct stage *s, char *word)
{
	char *value = word, *key = strsep(&value, "=");

	if (strcmp(key, "stale") == 0)
		s->input.topology = TOPOLOGY_STALE;
	else if (strcmp(key, "absent") == 0)
		s->input.topology = TOPOLOGY_ABSENT;
	else if (strcmp(key, "error") == 0)
		(void)json_array_append_new(s->errors, json_string("a:1:1: b"));
	else if (strcmp(key, "incidents") == 0)
		s->input.retention.incidents = duration_of(value);
	else if (strcmp(key, "services") == 0)
		s->input.retention.services = duration_of(value);
	else
		s->input.retention.deployments = duration_of(value);
}

static void
tell_event(struct stage *s, const char *line)
{
	struct partition **p = &s->partitions[s->node_count - 1];

	if (*p == NULL)
		*p = partition_new(s->topology[s->node_count - 1].name);
	s->nodes[s->node_count - 1].partition = *p;
	fold_lines(*p, line);
}

static void
stage_make(struct stage *s, const char *text)
{
	char *rest, *line;

	*s = (struct stage){.errors = json_array(), .deploy = json_null()};
	s->input = (struct world_input){.nodes = s->nodes,
	    .topology = TOPOLOGY_PRESENT,
	    .inventory_errors = s->errors,
	    .deploy = s->deploy,
	    .retention = {DAYS(7), DAYS(7), DAYS(90)}};
	rest = s->text = text_copy(text);
	while ((line = strsep(&rest, "\n")) != NULL)
		if (line[0] == '@')
			tell_node(s, line + 1);
		else if (line[0] == '+')
			tell_declaration(s, line + 1);
		else if (line[0] == '!')
			tell_option(s, line + 1);
		else if (line[0] != '\0')
			tell_event(s, line);
	s->input.node_count = s->node_count;
}

static void
stage_release(struct stage *s)
{
	for (size_t i = 0; i < NODES_MAX; i++)
		partition_free(s->partitions[i]);
	json_decref(s->errors);
	json_decref(s->deploy);
	free(s->text);
}

static timestamp
project(const struct stage *s, timestamp now, struct world *world)
{
	struct clock clock = {now, TIMESTAMP_LAST};

	world_project(&s->input, &clock, world);
	return clock.next;
}

static int
compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The keys of an object, as a sorted array. */
static json_t *
keys_of(const json_t *object)
{
	const char *keys[64], *key;
	json_t *array = json_array(), *value;
	size_t count = 0;

	json_object_foreach ((json_t *)object, key, value)
		keys[count++] = key;
	qsort(keys, count, sizeof(keys[0]), compare_keys);
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(array, json_string(keys[i]));
	return array;
}

static json_t *
document_of(const struct world *world, const char *name)
{
	static const char *const short_names[DOCUMENT_COUNT] = {
	    [DOCUMENT_NODES] = "nodes",
	    [DOCUMENT_SERVICES] = "services",
	    [DOCUMENT_INCIDENTS] = "incidents",
	    [DOCUMENT_DEPLOYMENTS] = "deployments",
	};
	int i = 0;

	while (i < DOCUMENT_COUNT && strcmp(short_names[i], name) != 0)
		i++;
	if (i == SUMMARY)
		return json_incref(world->summary);
	return json_loadb((const char *)world->documents[i].data, world->documents[i].length,
	    JSON_REJECT_DUPLICATES, NULL);
}

/* What is at a path, "nodes piha status", as compact JSON with ' for "; its keys
 * where it ends in "*". */
static char *
ask(const struct world *world, const char *path)
{
	cleanup_free char *copy = text_copy(path);
	char *rest = copy, *step = strsep(&rest, " "), *text;
	json_auto_t *document = document_of(world, step), *keys = NULL;
	const json_t *value = document;

	ck_assert_ptr_nonnull(document);
	while (value != NULL && (step = strsep(&rest, " ")) != NULL)
		if (strcmp(step, "*") == 0)
			value = keys = keys_of(value);
		else
			value = json_object_get(value, step);
	if (value == NULL)
		return text_copy("absent");
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
	for (char *p = text; *p != '\0'; p++)
		if (*p == '"')
			*p = '\'';
	return text;
}

struct question {
	const char *now, *path, *expected; /* now: as before where NULL */
};

struct project_case {
	const char *scene;
	struct question questions[24];
};

static void
check_project(const struct project_case *c)
{
	struct stage s;
	struct world world = {0};
	const char *now = NULL;

	stage_make(&s, c->scene);
	for (const struct question *q = c->questions; q->path != NULL; q++) {
		cleanup_free char *got = NULL;
		char what[1024];

		if (q->now != NULL) {
			world_release(&world);
			(void)project(&s, time_at(q->now), &world);
		}
		got = ask(&world, q->path);
		now = q->now ? q->now : now;
		(void)snprintf(what, sizeof(what), "%s\nat %s: %s", c->scene, now, q->path);
		assert_text(got, q->expected, what);
	}
	world_release(&world);
	stage_release(&s);
}

#define T "177854400" /* and the digit of the second */
#define ON "2026-05-12T"
#define NS ".000000001"

static const struct project_case node_cases[] = {
    {"@a ttl=15m\n00:00:00 node_online",
	{{"00:15:00", "nodes a status", "'online'"},
	    {NULL, "nodes a status_since", "'" ON "00:00:00Z'"},
	    {NULL, "summary nodes", "{'offline':0,'online':1,'stale':0,'total':1,'unknown':0}"},
	    {"00:15:00" NS, "nodes a status", "'stale'"},
	    {NULL, "nodes a status_since", "'" ON "00:15:00Z'"},
	    {NULL, "nodes a last_seen", "'" ON "00:00:00Z'"},
	    {NULL, "summary nodes", "{'offline':0,'online':0,'stale':1,'total':1,'unknown':0}"}}},
    {"@a\n00:00:00 node_online\n00:10:00.5 service_healthy svc=s",
	{{"00:25:00.5", "nodes a status", "'online'"},
	    {"00:25:00.500000001", "nodes a status", "'stale'"},
	    {NULL, "nodes a status_since", "'" ON "00:25:00.5Z'"}}},
    {"@a ttl=0\n00:00:00 node_online", {{"900d00:00:00", "nodes a status", "'online'"}}},
    {"@a ttl=15m\n00:00:00 node_online\n00:01:00 node_offline\n00:02:00 x",
	{{"9d00:00:00", "nodes a status", "'offline'"},
	    {NULL, "nodes a status_since", "'" ON "00:01:00Z'"}}},
    /* an event may be up to five minutes ahead */
    {"@a ttl=15m\n00:05:00 node_online",
	{{"00:00:00", "nodes a status", "'online'"},
	    {NULL, "nodes a last_seen", "'" ON "00:05:00Z'"}}},
    /* never heard of */
    {"@a roles=z,b intermittent held=3",
	{{"00:00:00", "nodes a",
	    "{'active_incidents':[],'connectivity':'intermittent','cpu_pressure':null,"
	    "'disk_pressure':null,'first_seen':null,"
	    "'heard':'0000000000000000000000000000000000000000000000000000000000000000"
	    "000000000000000000000000000000000000000000000000000000000000000000000000"
	    "00000000000000000000000000000000','held':3,'last_seen':null,"
	    "'memory_pressure':null,'metrics':{},'roles':['z','b'],"
	    "'services':{'healthy':0,'total':0,'unhealthy':0,'unknown':0},"
	    "'status':'unknown','status_since':null}"}}},
    {"@a\n+s\n+t\n@b\n00:00:00 x",
	{{"00:00:00", "nodes *", "['a','b']"}, {NULL, "nodes b connectivity", "'permanent'"},
	    {NULL, "nodes a services", "{'healthy':0,'total':2,'unhealthy':0,'unknown':2}"}}},
    {"@a ttl=0\n+d\n00:00:00 service_unhealthy svc=t,s\n00:00:01 service_healthy svc=u\n"
     "00:00:02 node_health disk=high cpu=x metrics=l:0.5,n:3,z:-1",
	{{"00:00:09", "nodes a services", "{'healthy':1,'total':4,'unhealthy':2,'unknown':1}"},
	    {NULL, "nodes a active_incidents", "['inc-" T "0-a-s','inc-" T "0-a-t']"},
	    {NULL, "nodes a disk_pressure", "'high'"}, {NULL, "nodes a memory_pressure", "null"},
	    {NULL, "nodes a cpu_pressure", "'x'"},
	    {NULL, "nodes a metrics", "{'l':0.5,'n':3,'z':-1}"},
	    {NULL, "nodes a first_seen", "'" ON "00:00:00Z'"},
	    {NULL, "nodes a last_seen", "'" ON "00:00:02Z'"}}},
};

/* Rule: P2 P7 I6 */
START_TEST(nodes)
{
	check_project(&node_cases[_i]);
}
END_TEST

/* The UTC hours up to that of now, whatever is in them later. Rule: F2 */
START_TEST(hours_heard)
{
	static const struct {
		const char *now, *last; /* its last digits */
	} cases[] = {{"02:00:00", "101"}, {"02:59:59.999999999", "101"}, {"03:00:00", "1010"},
	    {"01:30:00", "10"}, {"6d23:59:59", ""}, {"7d00:00:00", ""}, {"7d01:00:00", ""},
	    {"7d02:00:00", NULL}, {"7d03:00:00", NULL}};
	static const char *const firsts[] = {
	    [4] = "101000", [5] = "0100", [6] = "100", [7] = "00", [8] = "00"};
	struct stage s;

	stage_make(&s, "@a ttl=0\n00:30:00 x\n02:00:00 x");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct world world;
		cleanup_free char *heard = NULL;
		size_t length = cases[i].last ? strlen(cases[i].last) : 0;

		(void)project(&s, time_at(cases[i].now), &world);
		heard = ask(&world, "nodes a heard");
		ck_assert_uint_eq(strlen(heard), 168 + 2);
		heard[169] = '\0';
		ck_assert_str_eq(heard + 169 - length, cases[i].last ? cases[i].last : "");
		if (i >= 4)
			ck_assert_msg(strncmp(heard + 1, firsts[i], strlen(firsts[i])) == 0 &&
				strchr(heard + 1 + strlen(firsts[i]), '1') == NULL,
			    "%s: %s", cases[i].now, heard);
		world_release(&world);
	}
	stage_release(&s);
}
END_TEST

static const struct project_case service_cases[] = {
    {"@a ttl=0\n+s ttl=1h\n+t ttl=0\n+u\n00:00:00 service_healthy svc=s,t,u,v",
	{{"01:00:00", "services a/s fresh", "true"}, {"01:00:00" NS, "services a/s fresh", "false"},
	    {NULL, "services a/s status", "'healthy'"},
	    {"1d00:00:00", "services a/u fresh", "true"}, {NULL, "services a/v fresh", "true"},
	    {"1d00:00:00" NS, "services a/u fresh", "false"}, {NULL, "services a/v fresh", "false"},
	    {"90d00:00:00", "services a/t fresh", "true"}}},
    {"@a ttl=15m\n00:00:00 service_healthy svc=s",
	{{"00:15:00", "services a/s fresh", "true"},
	    {"00:15:00" NS, "services a/s fresh", "false"}}},
    {"@a ttl=0\n+s ttl=0\n00:00:00 service_healthy svc=s\n00:00:01 node_offline",
	{{"00:00:02", "services a/s fresh", "false"}}},
    {"@a ttl=0\n00:00:00 service_unhealthy svc=s\n", {{"00:00:02", "services a/s fresh", "true"}}},
    /* what is declared, and what isn't */
    {"@a ttl=0\n+d role=broker unmonitored\n+e\n00:00:00 service_unhealthy svc=e,f\n"
     "00:00:01 service_healthy svc=e",
	{{"00:00:02", "services *", "['a/d','a/e','a/f']"},
	    {NULL, "services a/d",
		"{'active_incidents':[],'containers':[],'declared':true,'fresh':false,'last_"
		"failure':null,"
		"'last_healthy':null,'last_seen':null,'monitored':false,'node':'a','role':'broker',"
		"'service':'d','status':'unknown','status_since':null}"},
	    {NULL, "services a/e",
		"{'active_incidents':[],'containers':[],'declared':true,'fresh':true,'last_failure'"
		":'" ON "00:00:00Z','last_healthy':'" ON "00:00:01Z','last_seen':'" ON
		"00:00:01Z','monitored':true,'node':'a','role':null,'service':'e',"
		"'status':'healthy','status_since':'" ON "00:00:01Z'}"},
	    {NULL, "services a/f",
		"{'active_incidents':['inc-" T
		"0-a-f'],'containers':[],'declared':false,'fresh':true,"
		"'last_failure':'" ON "00:00:00Z','last_healthy':null,'last_seen':'" ON
		"00:00:00Z','monitored':true,'node':'a','role':null,'service':'f',"
		"'status':'unhealthy','status_since':'" ON "00:00:00Z'}"}}},
    /* containers: what isn't said is null */
    {"@a ttl=0\n+d\n00:00:00 x svc=s box=b,failed,1,00:00:00,docker\n00:00:01 x svc=s box=a",
	{{"00:00:02", "services *", "['a/d','a/s']"}, {NULL, "services a/d containers", "[]"},
	    {NULL, "services a/s status", "'unknown'"},
	    {NULL, "services a/s status_since", "'" ON "00:00:00Z'"},
	    {NULL, "services a/s last_seen", "'" ON "00:00:01Z'"},
	    {NULL, "services a/s containers",
		"[{'exit_code':null,'id':null,'image':null,'name':'a','oom_killed':null,"
		"'restarts':null,'runtime':null,'started_at':null,'state':null,"
		"'supervision':null},{'exit_code':null,'id':'1','image':null,'name':'b',"
		"'oom_killed':null,'restarts':null,'runtime':'docker','started_at':'" ON
		"00:00:00Z','state':'failed','supervision':null}]"},
	    {NULL, "summary drift", "{'missing':['a/d'],'silent':[],'undeclared':['a/s']}"},
	    {NULL, "nodes a services", "{'healthy':0,'total':2,'unhealthy':0,'unknown':2}"}}},
    {"@a ttl=0\n+0123456789ab_web\n+web\n00:00:00 x", {{"00:00:02", "services *", "['a/web']"}}},
    {"@a-b ttl=0\n+s\n@a.b\n+s\n", {{"00:00:02", "services *", "['a-b/s','a.b/s']"}}},
};

/* Rule: P3 P7 F4 F13 */
START_TEST(services)
{
	check_project(&service_cases[_i]);
}
END_TEST

static const struct project_case pruned_cases[] = {
    /* services, and their active incidents with them */
    {"@a ttl=0\n+d\n00:00:00 service_unhealthy svc=d,u",
	{{"7d00:00:00", "services *", "['a/d','a/u']"},
	    {NULL, "incidents *", "['inc-" T "0-a-d','inc-" T "0-a-u']"},
	    {NULL, "nodes a active_incidents", "['inc-" T "0-a-d','inc-" T "0-a-u']"},
	    {NULL, "summary incidents active", "2"}, {"7d00:00:00" NS, "services *", "['a/d']"},
	    {NULL, "incidents *", "['inc-" T "0-a-d']"},
	    {NULL, "nodes a active_incidents", "['inc-" T "0-a-d']"},
	    {NULL, "nodes a services", "{'healthy':0,'total':1,'unhealthy':1,'unknown':0}"},
	    {NULL, "summary incidents",
		"{'active':1,'by_severity':{'critical':0,'error':1,'info':0,'warning':0},"
		"'resolved':0,'total':1}"},
	    {NULL, "summary services", "{'healthy':0,'total':1,'unhealthy':1,'unknown':0}"},
	    {"900d00:00:00", "incidents *", "['inc-" T "0-a-d']"}}},
    {"!services=1d\n@a ttl=0\n00:00:00 service_unhealthy svc=u\n00:00:00 service_healthy svc=u",
	{{"1d00:00:00", "services *", "['a/u']"}, {"1d00:00:00" NS, "services *", "[]"},
	    {NULL, "incidents *", "['inc-" T "0-a-u']"}}},
    /* seen by any event that names it */
    {"@a ttl=0\n00:00:00 service_healthy svc=u\n1d00:00:00 x svc=u",
	{{"8d00:00:00", "services *", "['a/u']"}, {"8d00:00:00" NS, "services *", "[]"}}},
    /* nothing is pruned for lack of a file that is bad */
    {"@a ttl=0 bad\n00:00:00 service_unhealthy svc=u",
	{{"300d00:00:00", "services *", "['a/u']"}, {NULL, "incidents *", "['inc-" T "0-a-u']"},
	    {NULL, "services a/u declared", "false"}, {NULL, "summary drift undeclared", "[]"}}},
    /* resolved incidents */
    {"@a ttl=0\n+s\n00:00:00 service_unhealthy svc=s\n00:01:00 service_healthy svc=s",
	{{"7d00:01:00", "incidents *", "['inc-" T "0-a-s']"},
	    {NULL, "summary incidents resolved", "1"}, {"7d00:01:00" NS, "incidents *", "[]"},
	    {NULL, "summary incidents total", "0"}}},
    {"!incidents=30d\n@a ttl=0\n+s\n00:00:00 service_unhealthy svc=s\n"
     "00:01:00 service_healthy svc=s",
	{{"30d00:01:00", "incidents *", "['inc-" T "0-a-s']"},
	    {"30d00:01:00" NS, "incidents *", "[]"}}},
    /* deployments, also those that stalled */
    {"@a ttl=0\n00:00:00 deployment_started cid=r\n00:00:00 deployment_started cid=q\n"
     "00:00:01 deployment_completed cid=q",
	{{"90d00:00:00", "deployments *", "['q','r']"},
	    {NULL, "summary deployments",
		"{'completed':1,'failed':0,'in_progress':0,'stalled':1,'total':2}"},
	    {"90d00:00:00" NS, "deployments *", "['q']"}, {"90d00:00:01", "deployments *", "['q']"},
	    {"90d00:00:01" NS, "deployments *", "[]"}}},
    {"!deployments=1h\n@a ttl=0\n00:00:00 deployment_started cid=r",
	{{"01:00:00", "deployments *", "['r']"}, {"01:00:00" NS, "deployments *", "[]"}}},
    /* nodes that nobody knows, with all that is theirs */
    {"@a ttl=0\n00:00:00 x\n@b unknown\n+d\n00:00:00 service_unhealthy svc=s sev=critical\n"
     "00:00:00 service_unhealthy\n00:00:00 x svc=0123456789ab_web\n00:00:00 node_offline\n"
     "00:00:00 deployment_started cid=r",
	{{"00:00:09", "nodes *", "['a']"}, {NULL, "services *", "[]"}, {NULL, "incidents *", "[]"},
	    {NULL, "deployments *", "[]"},
	    {NULL, "summary events",
		"{'accepted':1,'by_type':{'x':1},'ghosts':0,'over_limit':0,'unscoped':0}"},
	    {NULL, "summary drift", "{'missing':[],'silent':[],'undeclared':[]}"},
	    {NULL, "summary status", "'NOMINAL'"}}},
};

/* Rule: P4 P7 I5 I6 */
START_TEST(pruned)
{
	check_project(&pruned_cases[_i]);
}
END_TEST

#define STARTED(time, id) time " deployment_started cid=" id

static const struct project_case deployment_cases[] = {
    {"@a ttl=0\n" STARTED("00:00:00", "r"),
	{{"06:00:00", "deployments r status", "'in_progress'"},
	    {"06:00:00" NS, "deployments r status", "'stalled'"},
	    {NULL, "deployments r",
		"{'attempts':1,'diagnostics':[],'duration_seconds':null,'ended_at':null,'id':'r',"
		"'message':null,'node':'a','nodes':['a'],'service':null,'services':[],"
		"'source':null,'stage':null,'started_at':'" ON "00:00:00Z','status':'stalled'}"},
	    {NULL, "summary deployments",
		"{'completed':0,'failed':0,'in_progress':0,'stalled':1,'total':1}"}}},
    {"@a ttl=0\n" STARTED("00:00:00", "r") "\n@b ttl=0\n" STARTED("01:00:00", "r"),
	{{"07:00:00", "deployments r status", "'in_progress'"},
	    {"07:00:00" NS, "deployments r status", "'stalled'"},
	    {NULL, "deployments r started_at", "'" ON "00:00:00Z'"}}},
    /* failed: those that failed speak for it */
    {"@a ttl=0\n" STARTED("00:00:10",
	 "r") " src=sa stage=deploy msg=ma svc=z diag=/a,/x\n"
	      "00:01:00.9 deployment_completed cid=r stage=complete\n"
	      "@b ttl=0\n" STARTED("00:00:05", "r") " src=sb svc=y diag=/x,/b\n" STARTED(
		  "00:00:06", "r") "\n00:00:50 deployment_failed cid=r stage=verify msg=mb",
	{{"00:02:00", "deployments r",
	    "{'attempts':2,'diagnostics':['/a','/x','/b'],'duration_seconds':55,'ended_at':'" ON
	    "00:01:00.9Z','id':'r','message':'mb','node':'a','nodes':['a','b'],'service':'y',"
	    "'services':['y','z'],'source':'sb','stage':'verify','started_at':'" ON
	    "00:00:05Z','status':'failed'}"}}},
    /* in progress while any is; then the latest speaks */
    {"@a ttl=0\n" STARTED("00:00:10", "r") " src=sa stage=deploy\n"
					   "00:01:00 deployment_failed cid=r stage=verify\n"
					   "@b ttl=0\n" STARTED(
					       "00:00:05", "r") " src=sb stage=prepare",
	{{"00:02:00", "deployments r status", "'in_progress'"},
	    {NULL, "deployments r ended_at", "null"},
	    {NULL, "deployments r duration_seconds", "null"},
	    {NULL, "deployments r source", "'sa'"}, {NULL, "deployments r stage", "'verify'"}}},
    {"@a ttl=0\n" STARTED(
	 "00:00:10", "r") " src=sa stage=x\n"
			  "00:01:00 deployment_completed cid=r\n"
			  "@b ttl=0\n00:02:00 deployment_completed cid=r src=sb msg=m svc=s",
	{{"00:03:00", "deployments r",
	    "{'attempts':1,'diagnostics':[],'duration_seconds':110,'ended_at':'" ON
	    "00:02:00Z','id':'r','message':'m','node':'a','nodes':['a','b'],'service':'s',"
	    "'services':['s'],'source':'sb','stage':null,'started_at':'" ON
	    "00:00:10Z','status':'completed'}"}}},
    /* of equals the first by name */
    {"@a ttl=0\n00:01:00 deployment_completed cid=r src=sa\n"
     "@b ttl=0\n00:01:00 deployment_completed cid=r src=sb",
	{{"00:03:00", "deployments r source", "'sa'"}, {NULL, "deployments r started_at", "null"},
	    {NULL, "deployments r duration_seconds", "null"},
	    {NULL, "deployments r attempts", "0"}}},
    {"@a ttl=0\n00:02:00 deployment_completed cid=r src=sa\n"
     "@b ttl=0\n00:01:00 deployment_failed cid=r src=sb\n"
     "@c ttl=0\n00:01:00 deployment_failed cid=r src=sc",
	{{"00:03:00", "deployments r source", "'sb'"},
	    {NULL, "deployments r ended_at", "'" ON "00:02:00Z'"}}},
    /* a node that isn't known has no part in it */
    {"@a ttl=0\n" STARTED("00:00:10", "r") "\n00:00:11 deployment_completed cid=r\n"
					   "@b unknown\n" STARTED(
					       "00:00:09", "r") " svc=x src=sb\n",
	{{"00:03:00", "deployments r nodes", "['a']"},
	    {NULL, "deployments r status", "'completed'"}, {NULL, "deployments r source", "null"},
	    {NULL, "deployments r services", "[]"},
	    {NULL, "deployments r started_at", "'" ON "00:00:10Z'"}}},
    /* all, where there is no service in all of it */
    {"@a ttl=0\n" STARTED("00:00:10", "r") " all\n@b ttl=0\n" STARTED("00:00:10", "r"),
	{{"00:03:00", "deployments r services", "['all']"},
	    {NULL, "deployments r service", "'all'"}}},
    {"@a ttl=0\n" STARTED("00:00:10", "r") " all\n@b ttl=0\n" STARTED("00:00:10", "r") " svc=y",
	{{"00:03:00", "deployments r services", "['y']"}}},
    /* each service once, and the latest event of all */
    {"@a ttl=0\n" STARTED("01:00:00", "r") " svc=x,y\n@b ttl=0\n" STARTED("00:00:00", "r") " svc=y",
	{{"07:00:00", "deployments r services", "['x','y']"},
	    {NULL, "deployments r status", "'in_progress'"},
	    {"07:00:00" NS, "deployments r status", "'stalled'"}}},
    /* 16 diagnostics, node by node */
    {"@a ttl=0\n" STARTED("00:00:10", "r") " diag=/1,/2,/3,/4,/5,/6,/7,/8,/9,/10\n"
					   "@b ttl=0\n" STARTED(
					       "00:00:10", "r") " diag=/1,/b,/c,/d,/e,/f,/g,/h,/i",
	{{"00:03:00", "deployments r diagnostics",
	    "['/1','/2','/3','/4','/5','/6','/7','/8','/9','/10','/b','/c','/d','/e','/f','/g']"}}},
};

/* Rule: F10 P5 P7 */
START_TEST(deployments)
{
	check_project(&deployment_cases[_i]);
}
END_TEST

#define FAILED(time, service) time " service_unhealthy svc=" service
#define HEALED(time, service) time " service_healthy svc=" service
#define X "inc-" T "0-a-b-c"
#define D "dep-" T "0-a-b-c"

static const struct project_case id_cases[] = {
    /* service b-c of node a, service c of node a-b */
    {"@a ttl=0\n" FAILED("00:00:00", "b-c") "\n@a-b ttl=0\n" FAILED("00:00:00", "c"),
	{{"00:01:00", "incidents *", "['" X "','" X "-2']"}, {NULL, "incidents " X " node", "'a'"},
	    {NULL, "incidents " X " remediation", "null"},
	    {NULL, "incidents " X "-2 node", "'a-b'"}, {NULL, "incidents " X "-2 id", "'" X "-2'"},
	    {NULL, "nodes a-b active_incidents", "['" X "-2']"},
	    {NULL, "services a-b/c active_incidents", "['" X "-2']"},
	    {NULL, "services a/b-c active_incidents", "['" X "']"}}},
    /* suffixes of F6 are replaced, ids of others never taken */
    {"@a ttl=0\n" FAILED("00:00:00", "b-c") "\n" HEALED("00:00:00", "b-c") "\n" FAILED(
	 "00:00:00", "b-c") "\n@a-b ttl=0\n" FAILED("00:00:00", "c") "\n" HEALED("00:00:00",
	 "c") "\n" FAILED("00:00:00", "c"),
	{{"00:01:00", "incidents *", "['" X "','" X "-2','" X "-3','" X "-4']"},
	    {NULL, "incidents " X "-2 node", "'a'"}, {NULL, "incidents " X "-2 status", "'active'"},
	    {NULL, "incidents " X "-3 node", "'a-b'"},
	    {NULL, "incidents " X "-3 status", "'resolved'"},
	    {NULL, "incidents " X "-4 node", "'a-b'"},
	    {NULL, "nodes a-b active_incidents", "['" X "-4']"}}},
    {"@a ttl=0\n" FAILED("00:00:00", "b-c-2") "\n" FAILED(
	 "00:00:00", "b-c") "\n@a-b ttl=0\n" FAILED("00:00:00", "c"),
	{{"00:01:00", "incidents *", "['" X "','" X "-2','" X "-3']"},
	    {NULL, "incidents " X "-2 service", "'b-c-2'"},
	    {NULL, "incidents " X "-3 node", "'a-b'"}}},
    /* an id that a later node made itself isn't given either */
    {"@a ttl=0\n" FAILED("00:00:00", "b-c") "\n@a-b ttl=0\n" FAILED("00:00:00", "c") "\n" FAILED(
	 "00:00:00", "c-2"),
	{{"00:01:00", "incidents *", "['" X "','" X "-2','" X "-3']"},
	    {NULL, "incidents " X "-2 service", "'c-2'"},
	    {NULL, "incidents " X "-3 service", "'c'"}}},
    /* before pruning: also of what isn't shown */
    {"@a unknown\n" FAILED("00:00:00", "b-c") "\n@a-b ttl=0\n" FAILED("00:00:00", "c"),
	{{"00:01:00", "incidents *", "['" X "-2']"},
	    {NULL, "nodes a-b active_incidents", "['" X "-2']"}}},
    {"@a ttl=0\n" FAILED("00:00:00", "b-c") "\n" HEALED(
	 "00:00:00", "b-c") "\n@a-b ttl=0\n+c\n" FAILED("00:00:00", "c"),
	{{"20d00:01:00", "incidents *", "['" X "-2']"}}},
    /* by their ids, not by their services; whatever became of the one before */
    {"@a ttl=0\n" FAILED("00:00:00", "z") "\n" FAILED("00:00:01", "y") "\n" FAILED(
	 "00:00:02", "x") "\n" FAILED("00:00:03", "w") "\n" FAILED("00:00:04", "v"),
	{{"00:01:00", "nodes a active_incidents",
	     "['inc-" T "0-a-z','inc-" T "1-a-y','inc-" T "2-a-x','inc-" T "3-a-w','inc-" T
	     "4-a-v']"},
	    {NULL, "incidents *",
		"['inc-" T "0-a-z','inc-" T "1-a-y','inc-" T "2-a-x','inc-" T "3-a-w','inc-" T
		"4-a-v']"}}},
    {"@a ttl=0\n" FAILED("00:00:00", "b-c") "\n" HEALED("00:00:00", "b-c") "\n" FAILED(
	 "00:00:00", "b-c") "\n31d00:00:00 x\n31d00:00:01 x svc=b-c",
	{{"31d00:01:00", "incidents *", "['" X "-2']"}}},
    {"@a unknown\n" FAILED("00:00:00", "s") "\n" HEALED("00:00:01", "s"),
	{{"00:01:00", "incidents *", "[]"}}},
    /* a made run's id isn't given to another either */
    {"@a ttl=0\n00:00:00 deployment_started svc=b-c\n@a-b ttl=0\n"
     "00:00:00 deployment_started svc=c\n00:00:00 deployment_started svc=c-2",
	{{"00:01:00", "deployments *", "['" D "','" D "-2','" D "-3']"},
	    {NULL, "deployments " D "-2 service", "'c-2'"},
	    {NULL, "deployments " D "-3 service", "'c'"}}},
    /* made runs yield to each other and to correlation ids */
    {"@a ttl=0\n00:00:00 deployment_started svc=b-c\n@a-b ttl=0\n"
     "00:00:00 deployment_started svc=c",
	{{"00:01:00", "deployments *", "['" D "','" D "-2']"},
	    {NULL, "deployments " D " nodes", "['a']"},
	    {NULL, "deployments " D "-2 nodes", "['a-b']"},
	    {NULL, "deployments " D "-2 id", "'" D "-2'"}}},
    {"@a ttl=0\n00:00:00 deployment_started svc=b-c\n@a-b ttl=0\n"
     "00:00:00 deployment_started svc=c\n@z ttl=0\n" STARTED("00:00:00", D) " svc=s\n" STARTED(
	 "00:00:00", D "-2"),
	{{"00:01:00", "deployments *", "['" D "','" D "-2','" D "-3','" D "-4']"},
	    {NULL, "deployments " D " nodes", "['z']"},
	    {NULL, "deployments " D "-2 nodes", "['z']"},
	    {NULL, "deployments " D "-3 nodes", "['a']"},
	    {NULL, "deployments " D "-4 nodes", "['a-b']"}}},
    {"@a ttl=0\n00:00:00 deployment_started svc=b-c\n@z unknown\n" STARTED("00:00:00", D),
	{{"00:01:00", "deployments *", "['" D "-2']"}}},
    /* an incident's deployment goes by the id it has, while it is there */
    {"!deployments=1h\n@a ttl=0\n00:00:00 deployment_started svc=b-c\n" FAILED(
	 "00:00:01", "b-c") "\n@a-b ttl=0\n00:00:00 deployment_started svc=c\n" FAILED("00:00:01",
	 "c") "\n" STARTED("00:00:02", "r") " svc=d\n" FAILED("00:00:03", "d"),
	{{"00:01:00", "incidents inc-" T "1-a-b-c deployment", "'" D "'"},
	    {NULL, "incidents inc-" T "1-a-b-c-2 node", "'a-b'"},
	    {NULL, "incidents inc-" T "1-a-b-c-2 deployment", "'" D "-2'"},
	    {NULL, "incidents inc-" T "3-a-b-d deployment", "'r'"},
	    {"01:00:00", "incidents inc-" T "1-a-b-c deployment", "'" D "'"},
	    {"01:00:00" NS, "incidents inc-" T "1-a-b-c deployment", "null"},
	    {NULL, "incidents inc-" T "3-a-b-d deployment", "'r'"},
	    {"01:00:02" NS, "incidents inc-" T "3-a-b-d deployment", "null"}}},
};

/* Rule: P6 F9 F10 F16 */
START_TEST(ids)
{
	check_project(&id_cases[_i]);
}
END_TEST

struct status_case {
	const char *scene, *now, *status;
};

#define QUIET "@a ttl=0\n"
#define R1_FAILED STARTED("00:00:00", "r1") " svc=s\n00:00:01 deployment_failed cid=r1\n"

static const struct status_case statuses[] = {
    {QUIET "00:00:00 node_online", "00:00:09", "NOMINAL"},
    {"", "00:00:09", "NOMINAL"},
    {QUIET "00:00:00 node_online\n!absent", "00:00:09", "NOMINAL"},
    {QUIET "00:00:00 node_online\n!stale", "00:00:09", "DEGRADED"},
    {QUIET "00:00:00 node_online\n!error", "00:00:09", "DEGRADED"},
    /* incidents */
    {QUIET "00:00:00 service_unhealthy svc=s sev=info", "00:00:09", "DEGRADED"},
    {QUIET "00:00:00 service_unhealthy svc=s", "00:00:09", "DEGRADED"},
    {QUIET "00:00:00 service_unhealthy svc=s sev=critical", "00:00:09", "CRITICAL"},
    {QUIET "00:00:00 service_unhealthy svc=s sev=critical\n00:00:01 service_healthy svc=s",
	"00:00:09", "NOMINAL"},
    {QUIET "00:00:00 service_unhealthy svc=s sev=critical", "7d00:00:00", "CRITICAL"},
    {QUIET "00:00:00 service_unhealthy svc=s sev=critical", "7d00:00:00" NS, "NOMINAL"},
    {QUIET "+s unmonitored\n00:00:00 service_unhealthy svc=s sev=critical", "7d00:00:00" NS,
	"CRITICAL"},
    /* nodes */
    {QUIET "00:00:00 node_offline", "00:00:09", "CRITICAL"},
    {"@a intermittent\n00:00:00 node_offline", "00:00:09", "DEGRADED"},
    {"@a\n00:00:00 x", "00:15:00", "NOMINAL"},
    {"@a\n00:00:00 x", "00:15:00" NS, "CRITICAL"},
    {"@a intermittent\n00:00:00 x", "00:15:00" NS, "DEGRADED"},
    {"@a", "00:00:09", "DEGRADED"},
    {"@a ttl=0", "00:00:09", "NOMINAL"},
    {"@a intermittent", "00:00:09", "NOMINAL"},
    {QUIET "@b unknown\n00:00:00 node_offline", "00:00:09", "NOMINAL"},
    /* pressures */
    {QUIET "00:00:00 disk_pressure_low disk=low", "00:00:09", "DEGRADED"},
    {"@a ttl=0 intermittent\n00:00:00 high_cpu cpu=high", "00:00:09", "DEGRADED"},
    {QUIET "00:00:00 high_memory memory=high\n00:00:01 node_health", "00:00:09", "NOMINAL"},
    /* drift */
    {QUIET "+s\n00:00:00 x", "00:00:09", "DEGRADED"},
    {QUIET "+s unmonitored\n00:00:00 x", "00:00:09", "NOMINAL"},
    {QUIET "+s ttl=1h\n00:00:00 service_healthy svc=s", "01:00:00", "NOMINAL"},
    {QUIET "+s ttl=1h\n00:00:00 service_healthy svc=s", "01:00:00" NS, "DEGRADED"},
    {QUIET "+s ttl=1h unmonitored\n00:00:00 service_healthy svc=s", "02:00:00", "NOMINAL"},
    {QUIET "+s\n00:00:00 service_healthy svc=s,t", "00:00:09", "NOMINAL"},
    /* deployments gone wrong, for a week */
    {QUIET R1_FAILED, "00:00:09", "DEGRADED"},
    {QUIET R1_FAILED, "7d00:00:01", "DEGRADED"},
    {QUIET R1_FAILED, "7d00:00:01" NS, "NOMINAL"},
    {QUIET STARTED("00:00:00", "r1"), "06:00:00", "NOMINAL"},
    {QUIET STARTED("00:00:00", "r1"), "06:00:00" NS, "DEGRADED"},
    {QUIET STARTED("00:00:00", "r1"), "7d00:00:00", "DEGRADED"},
    {QUIET STARTED("00:00:00", "r1"), "7d00:00:00" NS, "NOMINAL"},
    {QUIET "00:00:00 node_offline\n" R1_FAILED, "00:00:09", "CRITICAL"},
    {"!deployments=1h\n" QUIET R1_FAILED, "01:00:02", "NOMINAL"},
    /* ... while it is the newest of one of its nodes' services */
    {QUIET R1_FAILED STARTED("00:00:02", "r2") " svc=s\n00:00:03 deployment_completed cid=r2",
	"00:00:09", "NOMINAL"},
    {QUIET R1_FAILED STARTED("00:00:02", "r2") " svc=s", "06:00:02", "NOMINAL"},
    {QUIET R1_FAILED STARTED("00:00:02", "r2") " svc=s", "06:00:02" NS, "DEGRADED"},
    {QUIET R1_FAILED STARTED("00:00:02", "r2") " svc=t", "00:00:09", "DEGRADED"},
    {QUIET R1_FAILED STARTED("00:00:02", "r2") " all", "00:00:09", "NOMINAL"},
    {QUIET R1_FAILED STARTED("00:00:02", "r2"), "00:00:09", "NOMINAL"},
    {QUIET STARTED("00:00:00", "r1") " svc=s,t\n00:00:01 deployment_failed cid=r1\n" STARTED(
	 "00:00:02", "r2") " svc=s",
	"00:00:09", "DEGRADED"},
    {QUIET STARTED("00:00:00", "r1") " svc=s,t\n00:00:01 deployment_failed cid=r1\n" STARTED(
	 "00:00:02", "r2") " svc=s\n" STARTED("00:00:03", "r3") " svc=t",
	"00:00:09", "NOMINAL"},
    /* one of all, or of none, is of every service the node has, or of `all` */
    {QUIET "00:00:00 deployment_failed cid=r1 all", "00:00:09", "DEGRADED"},
    {QUIET "00:00:00 deployment_failed cid=r1", "00:00:09", "DEGRADED"},
    {QUIET "00:00:00 deployment_failed cid=r1 all\n" STARTED("00:00:02", "r2") " svc=x", "00:00:09",
	"NOMINAL"},
    {QUIET "00:00:00 service_healthy svc=s,t\n00:00:01 deployment_failed cid=r1 all\n" STARTED(
	 "00:00:02", "r2") " svc=s",
	"00:00:09", "DEGRADED"},
    {QUIET "00:00:00 service_healthy svc=s,t\n00:00:01 deployment_failed cid=r1\n" STARTED(
	 "00:00:02", "r2") " svc=s,t",
	"00:00:09", "NOMINAL"},
    {QUIET "+s unmonitored\n00:00:01 deployment_failed cid=r1\n" STARTED("00:00:02", "r2") " svc=t",
	"00:00:09", "DEGRADED"},
    {QUIET "00:00:01 deployment_failed cid=r1\n00:00:02 deployment_completed cid=r2", "00:00:09",
	"NOMINAL"},
    /* newest by its start, or its end where it has none */
    {QUIET STARTED("00:00:00", "r1") " svc=s\n" STARTED("00:00:05",
	 "r2") " svc=s\n"
	       "00:00:06 deployment_completed cid=r2\n00:00:08 deployment_failed cid=r1",
	"00:00:09", "NOMINAL"},
    {QUIET STARTED("00:00:00", "r2") " svc=s\n" STARTED("00:00:05",
	 "r1") " svc=s\n"
	       "00:00:06 deployment_failed cid=r1\n00:00:08 deployment_completed cid=r2",
	"00:00:09", "DEGRADED"},
    {QUIET STARTED("00:00:05", "r2") " svc=s\n00:00:06 deployment_failed cid=r1 svc=s\n"
				     "00:00:08 deployment_completed cid=r2",
	"00:00:09", "DEGRADED"},
    {QUIET STARTED("00:00:05", "r1") " svc=s\n00:00:06 deployment_completed cid=r2 svc=s\n"
				     "00:00:08 deployment_failed cid=r1",
	"00:00:09", "NOMINAL"},
    /* of equals the greater id */
    {QUIET STARTED("00:00:00", "r1") " svc=s\n" STARTED(
	 "00:00:00", "r2") " svc=s\n"
			   "00:00:01 deployment_failed cid=r1",
	"00:00:09", "NOMINAL"},
    {QUIET STARTED("00:00:00", "r1") " svc=s\n" STARTED(
	 "00:00:00", "r2") " svc=s\n"
			   "00:00:01 deployment_failed cid=r2",
	"00:00:09", "DEGRADED"},
    {QUIET STARTED("00:00:00", "r2") " svc=s\n" STARTED(
	 "00:00:00", "r1") " svc=s\n"
			   "00:00:01 deployment_failed cid=r2",
	"00:00:09", "DEGRADED"},
    {QUIET "00:00:01 deployment_completed cid=r1 svc=s\n" STARTED("00:00:05",
	 "r2") " svc=s\n@z ttl=0\n00:00:06 deployment_failed cid=r1 svc=s\n" STARTED("00:00:07",
	 "r3") " svc=s",
	"00:00:09", "DEGRADED"},
    /* on each of its nodes */
    {QUIET R1_FAILED "@b ttl=0\n" STARTED("00:00:02", "r2") " all", "00:00:09", "DEGRADED"},
    {QUIET R1_FAILED STARTED("00:00:02", "r2") " svc=s\n@b ttl=0\n" R1_FAILED, "00:00:09",
	"DEGRADED"},
    {QUIET R1_FAILED STARTED("00:00:02", "r2") " svc=s\n@b ttl=0\n" R1_FAILED STARTED(
	 "00:00:02", "r2") " svc=s",
	"00:00:09", "NOMINAL"},
    {QUIET R1_FAILED "@b ttl=0\n" STARTED("00:00:02", "r2") " svc=s", "00:00:09", "DEGRADED"},
};

/* Rule: P5 P7 I2 I5 */
START_TEST(status_of_the_world)
{
	const struct status_case *c = &statuses[_i];
	char expected[16];
	struct project_case one = {c->scene, {{c->now, "summary status", expected}}};

	(void)snprintf(expected, sizeof(expected), "'%s'", c->status);
	check_project(&one);
}
END_TEST

static const struct project_case drift_cases[] = {
    {"@a ttl=0\n+m\n+q unmonitored\n+s ttl=1h\n+w\n00:00:00 service_healthy svc=s,u,w\n"
     "00:00:00 service_unhealthy all\n00:00:00 x svc=v",
	{{"02:00:00", "summary drift",
	    "{'missing':['a/m'],'silent':['a/s'],'undeclared':['a/u']}"}}},
    /* by bytes, over all nodes: "-" is before "/" */
    {"@a ttl=0\n+x\n+y\n@a-b ttl=0\n+x",
	{{"00:00:00", "summary drift missing", "['a-b/x','a/x','a/y']"}}},
    /* silent only while the node itself is heard */
    {"@a ttl=2h\n+s ttl=1h\n00:00:00 service_healthy svc=s",
	{{"02:00:00", "summary drift silent", "['a/s']"},
	    {"02:00:00" NS, "summary drift silent", "[]"}}},
    {"@a ttl=0\n+s ttl=1h\n00:00:00 service_healthy svc=s\n00:00:01 node_offline",
	{{"02:00:00", "summary drift silent", "[]"}}},
    /* a host that declares nothing, one that has no declarations, a bad one */
    {"@a ttl=0 declares\n00:00:00 service_healthy svc=s\n@b ttl=0\n00:00:00 service_healthy svc=s\n"
     "@c ttl=0 bad\n00:00:00 service_healthy svc=s",
	{{"00:00:01", "summary drift undeclared", "['a/s']"},
	    {"7d00:00:00", "summary drift undeclared", "['a/s']"},
	    {"7d00:00:00" NS, "summary drift undeclared", "[]"}, {NULL, "services *", "['c/s']"}}},
};

/* Rule: P3 P4 I5 */
START_TEST(drift)
{
	check_project(&drift_cases[_i]);
}
END_TEST

static const struct project_case summary_cases[] = {
    {"@a\n00:00:00 x\n00:00:01 service_unhealthy\n00:00:02 x svc=0123456789ab_web\n@b\n"
     "00:00:00 node_health\n00:00:02 x\n@c",
	{{"00:00:03.5", "summary *",
	     "['deploy','deployments','drift','events','files','generated_at','incidents',"
	     "'inventory_errors','last_update','nodes','services','status','topology']"},
	    {NULL, "summary generated_at", "'" ON "00:00:03.5Z'"},
	    {NULL, "summary last_update", "'" ON "00:00:03Z'"},
	    {NULL, "summary topology", "'present'"}, {NULL, "summary inventory_errors", "[]"},
	    {NULL, "summary deploy", "null"},
	    {NULL, "summary nodes", "{'offline':0,'online':2,'stale':0,'total':3,'unknown':1}"},
	    {NULL, "summary events",
		"{'accepted':5,'by_type':{'node_health':1,'service_unhealthy':1,'x':3},"
		"'ghosts':1,'over_limit':0,'unscoped':1}"},
	    {NULL, "summary files *",
		"['deployments.json','incidents.json','nodes.json','services.json']"},
	    {NULL, "summary files incidents.json",
		"{'bytes':3,'sha256':"
		"'ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356'}"}}},
    {"@a\n00:00:00 x\n!stale\n!error",
	{{"00:00:03", "summary topology", "'stale'"},
	    {NULL, "summary inventory_errors", "['a:1:1: b']"}}},
    {"!absent\n@a\n00:00:00 x", {{"00:00:03", "summary topology", "'absent'"}}},
};

/* Rule: P1 I2 I3 */
START_TEST(summaries)
{
	check_project(&summary_cases[_i]);
}
END_TEST

/* The worked example of the contract, to the byte. */
static const char *const example_documents[DOCUMENT_COUNT] = {
    [DOCUMENT_INCIDENTS] = "{\n"
			   "  \"inc-1778587500-saturn-mosquitto\": {\n"
			   "    \"correlation_id\": null,\n"
			   "    \"deployment\": null,\n"
			   "    \"event_type\": \"service_unhealthy\",\n"
			   "    \"events\": [\n"
			   "      \"2026-05-12T12:05:00Z\",\n"
			   "      \"2026-05-12T12:06:00Z\"\n"
			   "    ],\n"
			   "    \"id\": \"inc-1778587500-saturn-mosquitto\",\n"
			   "    \"last_event_type\": \"mqtt_unreachable\",\n"
			   "    \"last_occurrence\": \"2026-05-12T12:06:00Z\",\n"
			   "    \"message\": \"d\xc3\xa9sol\xc3\xa9 \\\"1\\\"\",\n"
			   "    \"node\": \"saturn\",\n"
			   "    \"occurrence_count\": 2,\n"
			   "    \"remediation\": {\n"
			   "      \"completed_at\": null,\n"
			   "      \"source\": \"agent\",\n"
			   "      \"started_at\": \"2026-05-12T12:07:00Z\"\n"
			   "    },\n"
			   "    \"resolved_at\": \"2026-05-12T12:10:00Z\",\n"
			   "    \"resolved_by\": \"service_recovered\",\n"
			   "    \"service\": \"mosquitto\",\n"
			   "    \"severity\": \"error\",\n"
			   "    \"source\": null,\n"
			   "    \"started_at\": \"2026-05-12T12:05:00Z\",\n"
			   "    \"status\": \"resolved\"\n"
			   "  }\n"
			   "}\n",
    [DOCUMENT_SERVICES] = "{\n"
			  "  \"saturn/mosquitto\": {\n"
			  "    \"active_incidents\": [],\n"
			  "    \"containers\": [],\n"
			  "    \"declared\": false,\n"
			  "    \"fresh\": true,\n"
			  "    \"last_failure\": \"2026-05-12T12:06:00Z\",\n"
			  "    \"last_healthy\": \"2026-05-12T12:10:00Z\",\n"
			  "    \"last_seen\": \"2026-05-12T12:10:00Z\",\n"
			  "    \"monitored\": true,\n"
			  "    \"node\": \"saturn\",\n"
			  "    \"role\": null,\n"
			  "    \"service\": \"mosquitto\",\n"
			  "    \"status\": \"healthy\",\n"
			  "    \"status_since\": \"2026-05-12T12:10:00Z\"\n"
			  "  }\n"
			  "}\n",
    [DOCUMENT_NODES] =
	"{\n"
	"  \"saturn\": {\n"
	"    \"active_incidents\": [],\n"
	"    \"connectivity\": \"permanent\",\n"
	"    \"cpu_pressure\": null,\n"
	"    \"disk_pressure\": null,\n"
	"    \"first_seen\": \"2026-05-12T12:05:00Z\",\n"
	"    \"heard\": \"000000000000000000000000000000000000000000000000000000000000000000000000"
	"000000000000000000000000000000000000000000000000000000000000000000000000"
	"000000000000000000000001\",\n"
	"    \"held\": 0,\n"
	"    \"last_seen\": \"2026-05-12T12:10:00Z\",\n"
	"    \"memory_pressure\": null,\n"
	"    \"metrics\": {},\n"
	"    \"roles\": [],\n"
	"    \"services\": {\n"
	"      \"healthy\": 1,\n"
	"      \"total\": 1,\n"
	"      \"unhealthy\": 0,\n"
	"      \"unknown\": 0\n"
	"    },\n"
	"    \"status\": \"online\",\n"
	"    \"status_since\": \"2026-05-12T12:05:00Z\"\n"
	"  }\n"
	"}\n",
    [DOCUMENT_DEPLOYMENTS] = "{}\n",
};

/* Rule: P1 F6 F7 */
START_TEST(the_worked_example)
{
	struct partition *p = partition_new("saturn");
	struct stage s;
	struct world world;
	struct event e;

	plain_event(time_at("12:05:00"), "service_unhealthy", &e);
	e.services[e.service_count++] = "mosquitto";
	partition_fold(p, &e);
	plain_event(time_at("12:06:00"), "mqtt_unreachable", &e);
	e.services[e.service_count++] = "mosquitto";
	e.message = "d\xc3\xa9sol\xc3\xa9 \"1\"";
	partition_fold(p, &e);
	fold_lines(p,
	    "12:07:00 remediation_started svc=mosquitto src=agent\n"
	    "12:10:00 service_recovered svc=mosquitto");
	stage_make(&s, "@saturn");
	s.nodes[0].partition = s.partitions[0] = p;
	(void)project(&s, time_at("12:10:00"), &world);
	for (int i = 0; i < DOCUMENT_COUNT; i++)
		assert_text(
		    buffer_string(&world.documents[i]), example_documents[i], document_names[i]);
	world_release(&world);
	stage_release(&s);
}
END_TEST

/* Rule: P1 */
START_TEST(bytes_of_values)
{
	static const double reals[] = {
	    0.0, 3.0, 0.1, 0.1 + 0.2, -1.5, 1e20, 1e-7, 1.5e300, 123456789012345680.0, 1.0 / 3};
	static const char *const texts[] = {
	    "a/b", "\"\\\b\f\n\r\t", "\x01\x1f\x7f", "\xc3\xa9\xf0\x9f\x8f\xa0"};
	static const char expected[] =
	    "{\n  \"reals\": [\n    0.0,\n    3.0,\n    0.1,\n    0.3,\n    -1.5,\n    1e20,\n"
	    "    1e-7,\n    1.5e300,\n    1.23456789012346e17,\n    0.333333333333333\n  ],\n"
	    "  \"texts\": [\n    \"a/b\",\n    \"\\\"\\\\\\b\\f\\n\\r\\t\",\n"
	    "    \"\\u0001\\u001F\x7f\",\n    \"\xc3\xa9\xf0\x9f\x8f\xa0\"\n  ]\n}\n";
	json_auto_t *value = json_pack("{s:[], s:[]}", "texts", "reals");
	cleanup_buffer struct buffer out = {0};

	for (size_t i = 0; i < COUNT(reals); i++)
		(void)json_array_append_new(json_object_get(value, "reals"), json_real(reals[i]));
	for (size_t i = 0; i < COUNT(texts); i++)
		(void)json_array_append_new(json_object_get(value, "texts"), json_string(texts[i]));
	document_dump(value, &out);
	assert_text(buffer_string(&out), expected, "dump");
}
END_TEST

/* In a homelab without topology. Rule: I3 P7 */
START_TEST(nodes_without_a_topology)
{
	static const struct {
		const char *node, *events, *now;
		bool known;
	} cases[] = {{"a", "00:00:00 x", "00:00:00", true},
	    {"a", "00:00:00 x", "30d00:00:00", true}, {"a", "00:00:00 x", "30d00:00:00" NS, false},
	    {"a", "00:00:00 x\n1d00:00:00 x", "31d00:00:00", true}, {"a", "", "00:00:00", false},
	    {"a", "00:05:00 x", "00:00:00", true},
	    {"0123456789ab", "00:00:00 x", "00:00:00", false},
	    {"0123456789abc", "00:00:00 x", "00:00:00", true},
	    {"0123456789a", "00:00:00 x", "00:00:00", true},
	    {"0123456789aB", "00:00:00 x", "00:00:00", true}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct partition *p = partition_new(cases[i].node);
		struct clock clock = {time_at(cases[i].now), TIMESTAMP_LAST};

		fold_lines(p, cases[i].events);
		ck_assert_msg(node_is_known(&clock, p) == cases[i].known, "case %zu", i);
		if (i == 1)
			ck_assert_int_eq(clock.next, time_at("30d00:00:00" NS));
		ck_assert(!node_is_known(&clock, NULL));
		partition_free(p);
	}
}
END_TEST

/* Rule: P7 */
START_TEST(clocks)
{
	struct clock clock = {100, TIMESTAMP_LAST};

	ck_assert(clock_past(&clock, 99));
	ck_assert_int_eq(clock.next, TIMESTAMP_LAST);
	ck_assert(!clock_past(&clock, 200));
	ck_assert_int_eq(clock.next, 201);
	ck_assert(!clock_past(&clock, 300));
	ck_assert_int_eq(clock.next, 201);
	ck_assert(!clock_past(&clock, 100));
	ck_assert_int_eq(clock.next, 101);
	ck_assert(!clock_past(&clock, TIMESTAMP_LAST));
	clock = (struct clock){TIMESTAMP_LAST, TIMESTAMP_LAST};
	ck_assert(!clock_past(&clock, TIMESTAMP_LAST));
	ck_assert(clock_past(&clock, TIMESTAMP_LAST - 1));
}
END_TEST

struct next_case {
	const char *scene, *now, *next;
};

static const struct next_case next_cases[] = {
    {"@a\n00:00:30 x", "00:01:00", "00:15:30" NS},
    {"@a\n00:00:30 x", "00:15:30", "00:15:30" NS},
    {"@a\n00:00:30 x", "00:15:30" NS, "01:00:00"},
    {"@a ttl=0\n00:00:30 x", "00:59:59.999999999", "01:00:00"},
    {"@a ttl=0\n00:00:30 service_healthy svc=s", "23:30:00", "1d00:00:00"},
    {"@a ttl=0\n00:00:30 service_healthy svc=s", "1d00:00:10", "1d00:00:30" NS},
    {"@a ttl=0\n+s ttl=0\n00:00:30 service_healthy svc=s", "1d00:00:10", "1d01:00:00"},
    {"@a ttl=0\n00:00:30 deployment_started cid=r", "06:00:10", "06:00:30" NS},
    {"@a ttl=0\n00:00:30 deployment_failed cid=r", "7d00:00:10", "7d00:00:30" NS},
    {"@a ttl=0\n00:00:30 deployment_completed cid=r", "90d00:00:10", "90d00:00:30" NS},
    {"@a ttl=0\n00:00:30 service_healthy svc=s", "7d00:00:10", "7d00:00:30" NS},
    {"@a ttl=0\n+s ttl=0\n00:00:20 service_unhealthy svc=s\n00:00:30 service_healthy svc=s",
	"7d00:00:10", "7d00:00:30" NS},
};

/* Until when it holds. Rule: W5 P7 */
START_TEST(until_when_it_holds)
{
	const struct next_case *c = &next_cases[_i];
	struct world world;
	struct stage s;

	stage_make(&s, c->scene);
	assert_text(time_text(project(&s, time_at(c->now), &world)), c->next, c->scene);
	world_release(&world);
	stage_release(&s);
}
END_TEST

/* Nothing can be later than the last instant. Rule: P7 */
START_TEST(the_last_instant)
{
	struct world world;
	struct stage s;

	stage_make(&s, "@a\n+s\n00:00:00 service_unhealthy svc=s\n00:00:01 deployment_started");
	ck_assert_int_eq(project(&s, TIMESTAMP_LAST, &world), TIMESTAMP_LAST);
	world_release(&world);
	stage_release(&s);
}
END_TEST

/* A world of three nodes, two of which make the same ids. */
static void
random_stage(struct dice *d, struct stage *s, timestamp *newest)
{
	static const char *const scenes[] = {
	    "@a ttl=15m\n+a ttl=1h\n+b\n@a-b ttl=0 intermittent\n@b ttl=6h declares",
	    "@a ttl=0\n@a-b ttl=15m bad\n@b ttl=6h unknown\n+a",
	    "!incidents=30d\n!services=1d\n!deployments=2d\n"
	    "@a ttl=1d\n@a-b ttl=0\n+zigbee2mqtt ttl=7d\n@b intermittent\n+a-2 unmonitored ttl=0"};
	struct event e;

	stage_make(s, scenes[roll(d, COUNT(scenes))]);
	*newest = 0;
	for (size_t i = 0; i < s->node_count; i++) {
		timestamp at = DAY_ZERO;

		if (roll(d, 8) == 0)
			continue;
		s->nodes[i].partition = s->partitions[i] = partition_new(s->topology[i].name);
		for (int k = 0; k < 80; k++) {
			random_event(d, at, &e);
			partition_fold(s->partitions[i], &e);
			if (at > *newest)
				*newest = at;
			at += random_step(d);
		}
	}
}

/* All that is published, less the times of the run. */
static void
dump_world(const struct stage *s, timestamp now, struct buffer *out, timestamp *next)
{
	struct world world;

	*next = project(s, now, &world);
	out->length = 0;
	for (int i = 0; i < DOCUMENT_COUNT; i++)
		buffer_add(out, world.documents[i].data, world.documents[i].length);
	(void)json_object_del(world.summary, "generated_at");
	(void)json_object_del(world.summary, "last_update");
	document_dump(world.summary, out);
	world_release(&world);
}

/* Between now and the next instant that the clock names, all stays as it is;
 * so nothing ever changes before it is said to. Rule: P1 W5 */
START_TEST(nothing_changes_before_it_is_said_to)
{
	struct dice d = dice_of(_i);
	cleanup_buffer struct buffer first = {0}, later = {0};
	timestamp now, next, unused;
	struct stage s;
	char what[64];

	random_stage(&d, &s, &now);
	for (int round = 0; round < 60; round++) {
		dump_world(&s, now, &first, &next);
		if (next <= now)
			ck_abort_msg("seed %d: %s is not after now", _i, time_text(next));
		for (int k = 0; k < 3; k++) {
			timestamp then = k == 0 ? now :
			    k == 1              ? next - 1 :
						  now + (timestamp)roll(&d, (uint64_t)(next - now));

			dump_world(&s, then, &later, &unused);
			(void)snprintf(what, sizeof(what), "seed %d: %s to %s", _i, time_text(now),
			    time_text(then));
			assert_same_bytes(&first, &later, what);
			if (unused != next)
				ck_abort_msg(
				    "%s: %s, not %s", what, time_text(unused), time_text(next));
		}
		/* From edge to edge, and now and then a leap. */
		now = next + (roll(&d, 5) == 0 ? (timestamp)roll(&d, (uint64_t)DAYS(9)) : 0);
	}
	stage_release(&s);
}
END_TEST

static TCase *
documents(void)
{
	TCase *tc = tcase_create("documents");

	tcase_add_loop_test(tc, nodes, 0, COUNT(node_cases));
	tcase_add_test(tc, hours_heard);
	tcase_add_loop_test(tc, services, 0, COUNT(service_cases));
	tcase_add_loop_test(tc, pruned, 0, COUNT(pruned_cases));
	tcase_add_loop_test(tc, deployments, 0, COUNT(deployment_cases));
	tcase_add_loop_test(tc, ids, 0, COUNT(id_cases));
	tcase_add_loop_test(tc, status_of_the_world, 0, COUNT(statuses));
	tcase_add_loop_test(tc, drift, 0, COUNT(drift_cases));
	tcase_add_loop_test(tc, summaries, 0, COUNT(summary_cases));
	tcase_add_test(tc, the_worked_example);
	tcase_add_test(tc, bytes_of_values);
	return tc;
}

static TCase *
time_alone(void)
{
	TCase *tc = tcase_create("time");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, nodes_without_a_topology);
	tcase_add_test(tc, clocks);
	tcase_add_loop_test(tc, until_when_it_holds, 0, COUNT(next_cases));
	tcase_add_test(tc, the_last_instant);
	tcase_add_loop_test(tc, nothing_changes_before_it_is_said_to, 0, 20);
	return tc;
}

Suite *
project_suite(void)
{
	Suite *suite = suite_create("project");

	suite_add_tcase(suite, documents());
	suite_add_tcase(suite, time_alone());
	return suite;
}
