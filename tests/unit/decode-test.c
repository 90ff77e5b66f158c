#include "support.h"

#include <stdio.h>
#include <string.h>

static const char *const our_names[] = {"n", "old"};
static const struct node_names names = {our_names, COUNT(our_names)};

static void
add_list(struct buffer *out, const char *key, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buffer_text(out, "%s%s", i == 0 ? key : ",", list[i]);
}

static void
add_metrics(struct buffer *out, const struct event *e)
{
	for (size_t i = 0; i < e->metric_count; i++) {
		const struct metric *m = &e->metrics[i];

		buffer_text(out, "%s%s:", i == 0 ? " metrics=" : ",", m->name);
		if (m->is_integer)
			buffer_text(out, "%lld", (long long)m->integer);
		else
			buffer_text(out, "%g!", m->real);
	}
}

/* What an event says beyond who, when and what: a word for each. */
static void
describe(const struct event *e, struct buffer *out)
{
	static const char *const levels[] = {" disk=", " memory=", " cpu="};

	if (e->severity != SEVERITY_MISSING)
		buffer_text(out, " sev=%s", severity_names[e->severity]);
	add_list(out, " src=", &e->source, e->source[0] != '\0');
	add_list(out, " cid=", &e->correlation_id, e->correlation_id[0] != '\0');
	add_list(out, " msg=", &e->message, e->message[0] != '\0');
	add_list(out, " stage=", &e->stage, e->stage[0] != '\0');
	buffer_text(out, "%s", e->says_all ? " all" : "");
	add_list(out, " svc=", e->services, e->service_count);
	for (int i = 0; i < PRESSURE_COUNT; i++)
		add_list(out, levels[i], &e->level[i], e->level[i][0] != '\0');
	add_metrics(out, e);
	add_list(out, " diag=", e->diagnostics, e->diagnostic_count);
}

/* Decodes and describes; "!" and the class where it's unusable. The text lies
 * in memory of just its size. */
static void
decode_bytes(const char *text, size_t length, struct buffer *out)
{
	cleanup_free char *exact = memory_resize(NULL, length, 1);
	char reason[REASON_MAX] = "";
	struct event event;

	memcpy(exact, text, length);
	out->length = 0;
	switch (event_decode(exact, length, &names, &event, reason)) {
	case REJECTION_NONE:
		describe(&event, out);
		event_release(&event);
		break;
	case REJECTION_CONTENT:
		buffer_text(out, "!content");
		ck_assert(reason[0] != '\0');
		break;
	case REJECTION_NODE:
		buffer_text(out, "!node");
		ck_assert(reason[0] != '\0');
		break;
	}
	(void)buffer_string(out);
}

/* JSON in tables has ' for ". */
static char *
quoted(const char *text)
{
	char *copy = text_copy(text);

	for (char *p = copy; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	return copy;
}

struct decode_case {
	const char *text, *expected;
};

static void
check_text(const char *text, const char *expected)
{
	cleanup_free char *json = quoted(text);
	cleanup_buffer struct buffer got = {0};

	decode_bytes(json, strlen(json), &got);
	assert_text((char *)got.data, expected, text);
}

#define AT "'timestamp':'2026-05-12T12:05:00Z'"
#define N "'node':'n'"
#define X "'type':'x'"
#define EVENT "{" AT "," N "," X "}"

static const struct decode_case whole[] = {
    {EVENT, ""},
    {" \t\r\n" EVENT " \t\r\n", ""},
    /* not JSON, or not an object */
    {"", "!content"},
    {" ", "!content"},
    {"{", "!content"},
    {"null", "!content"},
    {"'text'", "!content"},
    {"[]", "!content"},
    {"[" EVENT "]", "!content"},
    {"{}", "!content"},
    {EVENT EVENT, "!content"},
    {EVENT " x", "!content"},
    {EVENT ",", "!content"},
    {"{" AT "," N "," X ",}", "!content"},
    {"\xef\xbb\xbf" EVENT, "!content"},
    {"{" AT "," N "," X "} // comment", "!content"},
    {"{" AT "," N "," X ",'a':01}", "!content"},
    {"{" AT "," N "," X ",'a':NaN}", "!content"},
    {"{" AT "," N "," X ",'a':True}", "!content"},
    {"{" AT "," N "," X ",'a':1e400}", "!content"},
    {"{" AT "," N "," X ",'a':-1e400}", "!content"},
    {"{" AT "," N "," X ",'a':9223372036854775808}", "!content"},
    {"{" AT "," N "," X ",'a':-9223372036854775809}", "!content"},
    {"{" AT "," N "," X ",'a':9223372036854775807,'b':-9223372036854775808,'c':1e308}", ""},
    /* duplicate keys, anywhere */
    {"{" AT "," N "," X "," X "}", "!content"},
    {"{" AT "," N "," X ",'payload':{'a':1,'a':1}}", "!content"},
    {"{" AT "," N "," X ",'typ\\u0065':'x'}", "!content"},
    /* characters */
    {"{" AT "," N "," X ",'a':'\xff'}", "!content"},
    {"{" AT "," N "," X ",'a':'\xc0\xaf'}", "!content"},
    {"{" AT "," N "," X ",'a':'\xed\xa0\x80'}", "!content"},
    {"{" AT "," N "," X ",'a':'\\ud800'}", "!content"},
    {"{" AT "," N "," X ",'a':'\\udc00\\ud800'}", "!content"},
    {"{" AT "," N "," X ",'a':'\\u0000'}", "!content"},
    {"{" AT "," N "," X ",'a\\u0000b':1}", "!content"},
    {"{" AT "," N "," X ",'a':'\n'}", "!content"},
    {"{" AT "," N "," X ",'message':'\\ud83c\\udfe0'}", " msg=\xf0\x9f\x8f\xa0"},
    /* required fields */
    {"{" N "," X "}", "!content"},
    {"{" AT "," X "}", "!content"},
    {"{" AT "," N "}", "!content"},
    {"{'timestamp':1778587500," N "," X "}", "!content"},
    {"{'timestamp':null," N "," X "}", "!content"},
    {"{'timestamp':''," N "," X "}", "!content"},
    {"{'timestamp':'2026-05-12T12:05:60Z'," N "," X "}", "!content"},
    {"{'timestamp':'1969-12-31T23:59:59Z'," N "," X "}", "!content"},
    {"{'timestamp':'9999-12-31T23:59:59Z'," N "," X "}", ""},
    {"{" AT ",'node':1," X "}", "!content"},
    {"{" AT ",'node':''," X "}", "!content"},
    {"{" AT ",'node':['n']," X "}", "!content"},
    {"{" AT ",'node':'-n'," X "}", "!content"},
    {"{" AT ",'node':'n\\u0020'," X "}", "!content"},
    {"{" AT ",'node':'old'," X "}", ""},
    {"{" AT ",'node':'N'," X "}", "!node"},
    {"{" AT ",'node':'other'," X "}", "!node"},
    {"{" AT ",'node':'other','type':'X'}", "!content"},
    {"{'timestamp':'x','node':'other'," X "}", "!content"},
    {"{" AT ",'node':'other'," X ",'service':'a/b'}", "!content"},
    {"{" AT "," N ",'type':1}", "!content"},
    {"{" AT "," N ",'type':''}", "!content"},
    {"{" AT "," N ",'type':'Node-Health'}", "!content"},
    {"{" AT "," N ",'type':'aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg'}",
	""},
    {"{" AT "," N ",'type':'aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg'}",
	"!content"},
    /* a service that isn't a service's name */
    {"{" AT "," N "," X ",'service':'a/b'}", "!content"},
    {"{" AT "," N "," X ",'service':'a\\nb'}", "!content"},
    {"{" AT "," N "," X ",'service':'\\u007f'}", "!content"},
    {"{" AT "," N "," X ",'service':'\\u0080'}", " svc=\xc2\x80"},
    /* keys are what they are after unescaping */
    {"{'t\\u0069mestamp':'2026-05-12T12:05:00Z'," N "," X "}", ""},
};

/* Rule: E1 E2 E4 */
START_TEST(whole_events)
{
	check_text(whole[_i].text, whole[_i].expected);
}
END_TEST

/* The rest of an event, behind time and node. */
static const struct decode_case fields[] = {
    /* optional fields */
    {X ",'severity':'info'", " sev=info"},
    {X ",'severity':'warning'", " sev=warning"},
    {X ",'severity':'error'", " sev=error"},
    {X ",'severity':'critical'", " sev=critical"},
    {X ",'severity':'CRITICAL'", ""},
    {X ",'severity':'fatal'", ""},
    {X ",'severity':''", ""},
    {X ",'severity':3", ""},
    {X ",'source':'agent','correlation_id':'r-1','message':'m','id':'7'",
	" src=agent cid=r-1 msg=m"},
    {X ",'source':'','correlation_id':'','message':'','service':'','payload':{}", ""},
    {X ",'source':1,'correlation_id':[],'message':{},'service':2.5,'payload':3,'id':{}", ""},
    {X ",'source':null,'correlation_id':true,'message':null,'service':null,'payload':null", ""},
    {X ",'message':'','payload':{'message':'inner'}", " msg=inner"},
    {X ",'message':7,'payload':{'message':'inner'}", " msg=inner"},
    {X ",'message':'outer','payload':{'message':'inner'}", " msg=outer"},
    {X ",'payload':{'message':7}", ""},
    {X ",'details':{'message':'inner'}", " msg=inner"},
    {X ",'payload':{},'details':{'message':'inner'}", " msg=inner"},
    {X ",'payload':'text','details':{'message':'inner'}", " msg=inner"},
    {X ",'payload':{'a':1},'details':{'message':'inner'}", ""},
    {X ",'payload':[{'message':'inner'}]", ""},
    /* which service */
    {X ",'service':'a'", " svc=a"},
    {X ",'service':'all'", " all"},
    {X ",'service':'All'", " svc=All"},
    {X ",'service':'a','payload':{'service':'b','services':['c']}", " svc=a"},
    {X ",'payload':{'service':'b','services':['c'],'containers':['d']}", " svc=b"},
    {X ",'payload':{'services':['c'],'containers':['d']}", " svc=c"},
    {X ",'payload':{'containers':['d']}", " svc=d"},
    {X ",'details':{'containers':['d']}", " svc=d"},
    {X ",'service':'all','payload':{'services':['c','b']}", " all svc=c,b"},
    {X ",'service':'','payload':{'service':'b'}", " svc=b"},
    {X ",'service':5,'payload':{'service':'b'}", " svc=b"},
    {X ",'payload':{'service':'all','services':['c']}", " svc=c"},
    {X ",'payload':{'service':'','services':['c']}", " svc=c"},
    {X ",'payload':{'service':'a/b','services':['c']}", " svc=c"},
    {X ",'payload':{'service':['b'],'services':['c']}", " svc=c"},
    {X ",'payload':{'services':['a/b',7,null,'','all',['x'],{'a':1}],'containers':['d']}",
	" svc=d"},
    {X ",'payload':{'services':'c','containers':['d']}", " svc=d"},
    {X ",'payload':{'services':[],'containers':{'d':1}}", ""},
    {X ",'payload':{'services':['all']}", ""},
    {X ",'payload':{'services':['c','b','c','all','b','a/b','a']}", " svc=c,b,a"},
    {X ",'payload':{'services':['0123456789ab_web','web']}", " svc=0123456789ab_web,web"},
    {X ",'payload':{'services':['0123456789ab_web'],'containers':['d']}", " svc=0123456789ab_web"},
    /* pressures of a type */
    {"'type':'disk_pressure_critical'", " disk=critical"},
    {"'type':'disk_pressure_critical','payload':{'level':'low'}", " disk=critical"},
    {"'type':'memory_pressure_a_b'", " memory=a_b"},
    {"'type':'cpu_pressure_7'", " cpu=7"},
    {"'type':'disk_pressure_cleared'", ""},
    {"'type':'disk_pressure_ok'", ""},
    {"'type':'memory_pressure_normal'", ""},
    {"'type':'cpu_pressure_resolved'", ""},
    {"'type':'cpu_pressure_none'", ""},
    {"'type':'cpu_pressure_okay'", " cpu=okay"},
    {"'type':'disk_usage_high'", " disk=high"},
    {"'type':'disk_usage_high','payload':{'level':'ok'}", " disk=high"},
    {"'type':'disk_pressure'", " disk=high"},
    {"'type':'high_memory'", " memory=high"},
    {"'type':'high_cpu'", " cpu=high"},
    {"'type':'high_cpu','payload':{'level':'critical'}", " cpu=critical"},
    {"'type':'high_cpu','details':{'level':'critical'}", " cpu=critical"},
    {"'type':'high_cpu','payload':{'level':''}", " cpu=high"},
    {"'type':'high_cpu','payload':{'level':93}", " cpu=high"},
    {"'type':'high_cpu','payload':{'level':null}", " cpu=high"},
    {"'type':'high_cpu','payload':{'level':'none'}", ""},
    {"'type':'disk_pressure','payload':{'level':'OK'}", " disk=OK"},
    {"'type':'high_memory','payload':{'level':'resolved'}", ""},
    {"'type':'disk_pressure_'", ""},
    {"'type':'memory_pressure','payload':{'level':'high'}", ""},
    {"'type':'cpu_pressure','payload':{'level':'high'}", ""},
    /* node_health */
    {"'type':'node_health'", ""},
    {"'type':'node_health','payload':{'disk_pressure':'high','cpu_pressure':'low'}",
	" disk=high cpu=low"},
    {"'type':'node_health','payload':{'disk_pressure':'ok','memory_pressure':'cleared',"
     "'cpu_pressure':'normal'}",
	""},
    {"'type':'node_health','payload':{'disk_pressure':true,'memory_pressure':null,"
     "'cpu_pressure':['x']}",
	""},
    {"'type':'node_health','payload':{'disk_pressure':'','memory_pressure':3}",
	" metrics=memory_pressure:3"},
    {"'type':'node_health','payload':{'load':0.5,'b':true,'a':-3,'c':'1','d':null,'e':{'f':1}}",
	" metrics=a:-3,load:0.5!"},
    {"'type':'node_health','payload':{'Z':1,'a':2,'\xc3\xa9':3,'_':4,'10':5,'9':6}",
	" metrics=10:5,9:6,Z:1,_:4,a:2,\xc3\xa9:3"},
    {"'type':'node_health','payload':{'x':1.0,'y':1e2}", " metrics=x:1!,y:100!"},
    /* deployments */
    {"'type':'deployment_started','payload':{'stage':'deploy'}", " stage=deploy"},
    {"'type':'deployment_failed','payload':{'stage':7}", ""},
    {"'type':'deployment_failed','stage':'deploy'", ""},
    {"'type':'deployment_completed','payload':{'diagnostics':'a'}", " diag=a"},
    {"'type':'deployment_completed','payload':{'diagnostics':{'path':'a'}}", " diag=a"},
    {"'type':'deployment_completed','payload':{'diagnostics':['a',{'path':'b'},'a',{'path':1},"
     "{},7,'',['c'],{'path':''}]}",
	" diag=a,b"},
    {"'type':'deployment_failed','payload':{'log_path':'e','log_file':'d',"
     "'diagnostic_files':['c','b'],'diagnostics_path':'b','diagnostics':'a'}",
	" diag=a,b,c,d,e"},
};

/* Rule: E1 F1 F3 F8 */
START_TEST(fields_of_events)
{
	cleanup_buffer struct buffer text = {0};

	buffer_text(&text, "{" AT "," N ",%s}", fields[_i].text);
	check_text(buffer_string(&text), fields[_i].expected);
}
END_TEST

/* Rule: E3 */
START_TEST(who_when_what)
{
	cleanup_free char *json = quoted("{'timestamp':'2026-05-12 14:05:00.5+02:00','node':'old',"
					 "'type':'service_unhealthy'}");
	char reason[REASON_MAX];
	struct event e;

	ck_assert_int_eq(event_decode(json, strlen(json), &names, &e, reason), REJECTION_NONE);
	ck_assert_int_eq(e.at, time_at("12:05:00.5"));
	ck_assert_str_eq(e.node, "old");
	ck_assert_str_eq(e.type, "service_unhealthy");
	ck_assert_int_eq(e.kind->effect, EFFECT_FAILURE);
	event_release(&e);
	ck_assert_ptr_null(e.json);
}
END_TEST

struct type_case {
	const char *name;
	enum effect effect;
	int rank;
	enum severity severity;
	bool literal;
	enum pressure pressure;
};

#define PRESSED(name, literal, which)                                                              \
	{                                                                                          \
		name, EFFECT_PRESSURE, 1, SEVERITY_INFO, literal, which                            \
	}
#define SEEN(name)                                                                                 \
	{                                                                                          \
		name, EFFECT_SEEN, 1, SEVERITY_INFO, false, 0                                      \
	}

/* The table of section 4, row by row. */
static const struct type_case types[] = {
    {"service_unhealthy", EFFECT_FAILURE, 0, SEVERITY_ERROR, true, 0},
    {"healthcheck_failed", EFFECT_FAILURE, 0, SEVERITY_ERROR, true, 0},
    {"containers_not_running", EFFECT_FAILURE, 0, SEVERITY_ERROR, true, 0},
    {"mqtt_unreachable", EFFECT_FAILURE, 0, SEVERITY_ERROR, true, 0},
    {"service_healthy", EFFECT_HEALTHY, 2, SEVERITY_INFO, true, 0},
    {"service_recovered", EFFECT_HEALTHY, 2, SEVERITY_INFO, true, 0},
    {"deployment_started", EFFECT_DEPLOYMENT_STARTED, 0, SEVERITY_INFO, true, 0},
    {"deployment_completed", EFFECT_DEPLOYMENT_COMPLETED, 2, SEVERITY_INFO, true, 0},
    {"deployment_failed", EFFECT_DEPLOYMENT_FAILED, 2, SEVERITY_INFO, true, 0},
    {"remediation_started", EFFECT_REMEDIATION_STARTED, 0, SEVERITY_INFO, true, 0},
    {"remediation_completed", EFFECT_REMEDIATION_COMPLETED, 2, SEVERITY_INFO, true, 0},
    {"node_offline", EFFECT_NODE_OFFLINE, 0, SEVERITY_INFO, true, 0},
    {"node_online", EFFECT_NODE_ONLINE, 2, SEVERITY_INFO, true, 0},
    {"node_health", EFFECT_NODE_HEALTH, 2, SEVERITY_INFO, true, 0},
    PRESSED("disk_pressure", true, PRESSURE_DISK),
    PRESSED("high_memory", true, PRESSURE_MEMORY),
    PRESSED("high_cpu", true, PRESSURE_CPU),
    PRESSED("disk_usage_high", true, PRESSURE_DISK),
    PRESSED("disk_pressure_high", false, PRESSURE_DISK),
    PRESSED("disk_pressure__", false, PRESSURE_DISK),
    PRESSED("memory_pressure_cleared", false, PRESSURE_MEMORY),
    PRESSED("cpu_pressure_x", false, PRESSURE_CPU),
    SEEN("disk_pressure_"),
    SEEN("memory_pressure_"),
    SEEN("cpu_pressure_"),
    SEEN("memory_pressure"),
    SEEN("cpu_pressure"),
    SEEN("high_disk"),
    SEEN("disk_usage_high_x"),
    SEEN("service_unhealth"),
    SEEN("service_unhealthy_"),
    SEEN("zzz"),
    SEEN("0"),
};

/* Rule: F1 E7 */
START_TEST(types_of_events)
{
	const struct type_case *c = &types[_i];
	const struct event_type *kind = event_type_find(c->name);

	ck_assert_int_eq(kind->effect, c->effect);
	ck_assert_int_eq(kind->rank, c->rank);
	ck_assert_int_eq(kind->severity, c->severity);
	ck_assert_int_eq(event_type_is_literal(c->name), c->literal);
	if (c->effect == EFFECT_PRESSURE)
		ck_assert_int_eq(kind->pressure, c->pressure);
}
END_TEST

static void
check_buffer(struct buffer *text, const char *expected)
{
	cleanup_free char *json = quoted(buffer_string(text));
	cleanup_buffer struct buffer got = {0};

	decode_bytes(json, strlen(json), &got);
	assert_text((char *)got.data, expected, "");
}

/* Rule: E4 */
START_TEST(a_mebibyte_is_the_most)
{
	cleanup_buffer struct buffer got = {0};
	cleanup_free char *event = quoted(EVENT), *text = memory_resize(NULL, 1048577, 1);

	memset(text, ' ', 1048577);
	memcpy(text, event, strlen(event));
	decode_bytes(text, 1048576, &got);
	ck_assert_str_eq((char *)got.data, "");
	decode_bytes(text, 1048577, &got);
	ck_assert_str_eq((char *)got.data, "!content");
}
END_TEST

/* An event with `inner` containers nested in it. */
static void
check_depth(const char *open, const char *close, int inner, const char *expected)
{
	cleanup_buffer struct buffer text = {0};

	buffer_text(&text, "{" AT "," N "," X ",'a':");
	for (int i = 0; i < inner; i++)
		buffer_text(&text, "%s", open);
	buffer_text(&text, "1");
	for (int i = 0; i < inner; i++)
		buffer_text(&text, "%s", close);
	buffer_text(&text, "}");
	check_buffer(&text, expected);
}

/* Rule: E1 E4 */
START_TEST(levels_of_nesting)
{
	check_depth("[", "]", 31, "");
	check_depth("[", "]", 32, "!content");
	check_depth("{'a':", "}", 31, "");
	check_depth("{'a':", "}", 32, "!content");
	check_depth("[{'a':", "}]", 15, "");
	check_depth("[{'a':", "}]", 16, "!content");
	check_depth("[1,[],", "]", 30, "");
	check_depth("[1,[],", "]", 32, "!content");
	check_depth("[", "]", 100000, "!content");
}
END_TEST

struct cut_case {
	const char *before, *after; /* of the value in the JSON */
	const char *word;
	size_t limit;
	bool whole; /* longer ones count as missing */
};

static const struct cut_case cuts[] = {
    {X ",'message':'", "'", " msg=", 1024, false},
    {X ",'payload':{'message':'", "'}", " msg=", 1024, false},
    {X ",'source':'", "'", " src=", 128, false},
    {X ",'correlation_id':'", "'", " cid=", 128, true},
    {"'type':'deployment_started','payload':{'stage':'", "'}", " stage=", 128, false},
    {"'type':'deployment_started','payload':{'log_path':'", "'}", " diag=", 512, false},
    {"'type':'deployment_started','payload':{'log_path':{'path':'", "'}}", " diag=", 512, false},
    {"'type':'deployment_started','payload':{'log_path':['", "']}", " diag=", 512, false},
    {"'type':'high_cpu','payload':{'level':'", "'}", " cpu=", 64, false},
    {"'type':'node_health','payload':{'disk_pressure':'", "'}", " disk=", 64, false},
};

/* `as` letters and then an e with accent, two bytes long. */
static void
check_cut(const struct cut_case *c, size_t as, bool accent, size_t expected)
{
	cleanup_buffer struct buffer text = {0}, value = {0}, shown = {0};

	for (size_t i = 0; i < as; i++)
		buffer_text(&value, "a");
	buffer_text(&value, "%s", accent ? "\xc3\xa9" : "");
	buffer_text(&text, "{" AT "," N ",%s%s%s}", c->before, buffer_string(&value), c->after);
	buffer_text(&shown, "%s%.*s", c->word, (int)expected, (char *)value.data);
	check_buffer(&text, expected > 0 ? buffer_string(&shown) : "");
}

/* Rule: E9 */
START_TEST(texts_cut_to_size)
{
	const struct cut_case *c = &cuts[_i];

	check_cut(c, c->limit, false, c->limit);
	check_cut(c, c->limit + 1, false, c->whole ? 0 : c->limit);
	check_cut(c, c->limit - 2, true, c->limit);
	check_cut(c, c->limit - 1, true, c->whole ? 0 : c->limit - 1);
	check_cut(c, c->limit, true, c->whole ? 0 : c->limit);
	check_cut(c, 5000, true, c->whole ? 0 : c->limit);
}
END_TEST

/* Rule: E9 */
START_TEST(names_of_metrics)
{
	cleanup_buffer struct buffer text = {0};
	char name[66];

	memset(name, 'm', 65);
	name[65] = '\0';
	buffer_text(&text, "{" AT "," N ",'type':'node_health','payload':{'%s':1}}", name);
	check_buffer(&text, "");
	name[64] = '\0';
	text.length = 0;
	buffer_text(&text, "{" AT "," N ",'type':'node_health','payload':{'%s':1}}", name);
	check_buffer(&text,
	    " metrics=mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm"
	    "mmmmmm:1");
}
END_TEST

/* 300 names, the first 256 that are good and new. Rule: E9 F3 */
START_TEST(names_of_services)
{
	cleanup_buffer struct buffer text = {0}, shown = {0};

	buffer_text(&text, "{" AT "," N "," X ",'payload':{'services':['all','a/b'");
	for (int i = 0; i < 300; i++) {
		buffer_text(&text, ",'s%d','s%d','',%d,'all'", i, i / 2, i);
		if (i < 256)
			buffer_text(&shown, "%ss%d", i == 0 ? " svc=" : ",", i);
	}
	buffer_text(&text, "]}}");
	check_buffer(&text, buffer_string(&shown));
}
END_TEST

/* Rule: E9 */
START_TEST(metrics_are_the_first_64_by_name)
{
	cleanup_buffer struct buffer text = {0}, shown = {0};

	buffer_text(&text, "{" AT "," N ",'type':'node_health','payload':{'a':'1','b':true");
	for (int i = 99; i >= 0; i--)
		buffer_text(&text, ",'m%02d':%d", i, i);
	for (int i = 0; i < 64; i++)
		buffer_text(&shown, "%sm%02d:%d", i == 0 ? " metrics=" : ",", i, i);
	buffer_text(&text, "}}");
	check_buffer(&text, buffer_string(&shown));
}
END_TEST

/* 16 distinct diagnostics, over all fields. Rule: E9 F8 */
START_TEST(diagnostics_are_the_first_16)
{
	cleanup_buffer struct buffer text = {0}, shown = {0};

	buffer_text(
	    &text, "{" AT "," N ",'type':'deployment_failed','payload':{'diagnostics':['p0'");
	for (int i = 0; i < 14; i++)
		buffer_text(&text, ",'p%d',{'path':'p%d'}", i, i);
	buffer_text(&text, "],'log_path':'last','log_file':['p0','x','y','z']}}");
	for (int i = 0; i < 14; i++)
		buffer_text(&shown, "%sp%d", i == 0 ? " diag=" : ",", i);
	buffer_text(&shown, ",x,y");
	check_buffer(&text, buffer_string(&shown));
}
END_TEST

/* Two that are the same when cut are one. Rule: E9 */
START_TEST(diagnostics_are_cut_before_they_are_compared)
{
	cleanup_buffer struct buffer text = {0}, shown = {0};
	char path[513];

	memset(path, 'p', 512);
	path[512] = '\0';
	buffer_text(&text,
	    "{" AT "," N ",'type':'deployment_failed',"
	    "'payload':{'diagnostics':['%s1','%s2','%s','q']}}",
	    path, path, path);
	buffer_text(&shown, " diag=%s,q", path);
	check_buffer(&text, buffer_string(&shown));
}
END_TEST

/* What the operator is told. Rule: E4 */
START_TEST(reasons)
{
	static const char *const cases[][2] = {{"[1]", "not an object"},
	    {"{\n'a':}", "not JSON: line 2, column 5: unexpected token near '}'"},
	    {"{" N "," X "}", "`timestamp` is missing"},
	    {"{" AT "," N ",'type':7}", "`type` isn't a string"},
	    {"{" AT "," N ",'type':'X'}", "`type` isn't 1 to 64 of a-z 0-9 _: \"X\""},
	    {"{" AT ",'node':'other'," X "}", "`node` isn't that of the directory: \"other\""},
	    {"{" AT "," N "," X ",'service':'/'}", "`service` isn't a service name: \"/\""}};
	cleanup_free char *json = quoted(cases[_i][0]);
	char reason[REASON_MAX] = "";
	struct event e;

	ck_assert_int_ne(event_decode(json, strlen(json), &names, &e, reason), REJECTION_NONE);
	assert_text(reason, cases[_i][1], json);
}
END_TEST

/* Pressures are what node_health says of them, and the types of their own;
 * nobody else. Rule: F1 */
START_TEST(levels_of_other_types)
{
	check_text("{" AT "," N "," X ",'payload':{'disk_pressure':'low','level':'low'}}", "");
	check_text("{" AT "," N
		   ",'type':'high_cpu','payload':{'disk_pressure':'low','level':'low'}}",
	    " cpu=low");
}
END_TEST

/* Whatever is broken in an event, decoding it ends. Rule: W4 */
START_TEST(broken_events)
{
	static const char sound[] =
	    "{" AT "," N ",'type':'node_health','severity':'error','service':'all','message':'m',"
	    "'payload':{'services':['a','b'],'load':1.5,'disk_pressure':'high','\\u00e9':[{}]}}";
	cleanup_free char *json = quoted(sound);
	cleanup_buffer struct buffer got = {0};
	struct dice d = dice_of(_i);
	size_t length = strlen(json);

	for (size_t cut = 0; cut < length; cut++) {
		decode_bytes(json, cut, &got);
		ck_assert_str_eq((char *)got.data, "!content");
	}
	for (int round = 0; round < 3000; round++) {
		cleanup_free char *broken = text_copy(json);

		for (uint64_t i = 0; i <= roll(&d, 3); i++)
			broken[roll(&d, length)] = (char)roll(&d, 256);
		decode_bytes(broken, length, &got);
	}
}
END_TEST

Suite *
decode_suite(void)
{
	Suite *suite = suite_create("decode");
	TCase *tc = tcase_create("decode");

	tcase_add_loop_test(tc, whole_events, 0, COUNT(whole));
	tcase_add_loop_test(tc, fields_of_events, 0, COUNT(fields));
	tcase_add_test(tc, who_when_what);
	tcase_add_loop_test(tc, types_of_events, 0, COUNT(types));
	tcase_add_test(tc, a_mebibyte_is_the_most);
	tcase_add_test(tc, levels_of_nesting);
	tcase_add_loop_test(tc, texts_cut_to_size, 0, COUNT(cuts));
	tcase_add_test(tc, names_of_metrics);
	tcase_add_test(tc, names_of_services);
	tcase_add_test(tc, metrics_are_the_first_64_by_name);
	tcase_add_test(tc, diagnostics_are_the_first_16);
	tcase_add_test(tc, diagnostics_are_cut_before_they_are_compared);
	tcase_add_loop_test(tc, reasons, 0, 7);
	tcase_add_test(tc, levels_of_other_types);
	tcase_add_loop_test(tc, broken_events, 0, 3);
	suite_add_tcase(suite, tc);
	return suite;
}
