/*
 * Containers, from what an event says of one to what its service keeps of all.
 * A container is shown as NAME/RUNTIME=ID:STATE.
 */

#include "support.h"

#include <homelab/project.h>

#include <stdio.h>
#include <string.h>

/* --- decoded --------------------------------------------------------------------- */

static void
show_number(struct buffer *out, const char *key, struct said_number n)
{
	if (n.known)
		buffer_text(out, " %s=%lld", key, (long long)n.value);
}

static void
show_time(struct buffer *out, const char *key, timestamp at)
{
	if (at != TIMESTAMP_NONE)
		buffer_text(out, " %s=%s", key, time_text(at));
}

static void
show_text(struct buffer *out, const char *key, const char *text)
{
	if (text[0] != '\0')
		buffer_text(out, " %s=%s", key, text);
}

static const char *
show_sighting(const struct sighting *s, struct buffer *out)
{
	const struct supervised *w = &s->supervision;

	out->length = 0;
	buffer_text(out, "%s", s->name);
	show_text(out, "runtime", s->runtime);
	show_text(out, "id", s->id);
	show_text(out, "image", s->image);
	if (s->has_state)
		buffer_text(out, " %s", container_state_names[s->state]);
	if (s->oom_killed != SAID_NOTHING)
		buffer_text(out, " oom=%s", s->oom_killed == SAID_YES ? "yes" : "no");
	show_number(out, "exit", s->exit_code);
	show_number(out, "restarts", s->restarts);
	show_time(out, "started", s->started_at);
	if (w->known)
		buffer_text(out, " supervised");
	show_text(out, "state", w->state);
	show_text(out, "policy", w->policy);
	show_number(out, "total", w->restarts_total);
	show_number(out, "window", w->restarts_in_window);
	show_number(out, "last", w->last_exit_code);
	show_time(out, "since", w->since);
	show_time(out, "until", w->backoff_until);
	return buffer_string(out);
}

#define S32 "ssssssssssssssssssssssssssssssss"
#define S64 S32 S32
#define S128 S64 S64
#define E "\xc3\xa9"

static const struct {
	const char *text, *expected; /* ' for " */
} said[] = {
    {"{'name':'web'}", "web"},
    {"{'name':'web','runtime':'docker','id':'4f','image':'web:1','state':'running',"
     "'oom_killed':false,'exit_code':null,'restarts':2,'started_at':'2026-05-12T00:00:01.5Z',"
     "'supervision':null,'more':[1]}",
	"web runtime=docker id=4f image=web:1 running oom=no restarts=2 started=00:00:01.5"},
    {"{'name':'web','supervision':{'state':'crash_loop_backoff','policy':'restart',"
     "'restarts_total':9,'restarts_in_window':6,'last_exit_code':-1,"
     "'since':'2026-05-12 02:00:00+02:00','backoff_until':'2026-05-12T00:00:30Z'}}",
	"web supervised state=crash_loop_backoff policy=restart total=9 window=6 last=-1 "
	"since=00:00:00 until=00:00:30"},
    {"{'name':'w','oom_killed':true,'exit_code':3221225786,'state':'removed'}",
	"w removed oom=yes exit=3221225786"},
    /* no container */
    {"{}", "-"},
    {"null", "-"},
    {"7", "-"},
    {"'web'", "-"},
    {"[{'name':'web'}]", "-"},
    {"{'name':''}", "-"},
    {"{'name':7}", "-"},
    {"{'name':'a/b'}", "-"},
    {"{'Name':'web'}", "-"},
    {"{'name':'" S128 "s'}", "-"},
    {"{'name':'" S128 "'}", S128},
    /* leftovers of Docker */
    {"{'name':'0123456789ab_web'}", "web"},
    {"{'name':'0123456789ab_0123456789ab_web'}", "web"},
    {"{'name':'0123456789ab_'}", "0123456789ab_"},
    {"{'name':'0123456789ab_a/b'}", "-"},
    /* not said in the right way */
    {"{'name':'w','runtime':1,'id':[],'image':{},'state':true,'oom_killed':'yes',"
     "'exit_code':'1','restarts':1.0,'started_at':5,'supervision':[1]}",
	"w"},
    {"{'name':'w','runtime':'','id':'','image':'','state':'','oom_killed':0,'exit_code':true,"
     "'restarts':-1,'started_at':'','supervision':{}}",
	"w"},
    {"{'name':'w','state':'Running','started_at':'0001-01-01T00:00:00Z','exit_code':-5,"
     "'supervision':{'restarts_total':-1,'restarts_in_window':1e2,'since':'-','state':3}}",
	"w exit=-5 supervised"},
    /* cut to size, at a character */
    {"{'name':'w','runtime':'" S64 "s','id':'" S128 "s','image':'" S128 S128 "s',"
     "'supervision':{'state':'" S64 "s','policy':'" S32 S32 E "'}}",
	"w runtime=" S64 " id=" S128 " image=" S128 S128 " supervised state=" S64 " policy=" S64},
    {"{'name':'w','runtime':'a" S32 E E E E E E E E E E E E E E E E "'}",
	"w runtime=a" S32 E E E E E E E E E E E E E E E},
};

static char *
quoted(const char *text)
{
	char *copy = text_copy(text);

	for (char *p = copy; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	return copy;
}

/* Decoded, and packed and read again from memory of just its size. Rule: F13 E1 E9 */
START_TEST(sightings)
{
	cleanup_free char *json = quoted(said[_i].text);
	json_auto_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
	cleanup_buffer struct buffer got = {0}, bytes = {0};
	cleanup_free unsigned char *exact = NULL;
	struct sighting s;
	struct unpack in;

	if (!sighting_decode(value, &s)) {
		ck_assert_str_eq(said[_i].expected, "-");
		return;
	}
	assert_text(show_sighting(&s, &got), said[_i].expected, json);
	sighting_pack(&bytes, &s);
	for (size_t length = 0; length < bytes.length; length++) {
		in = (struct unpack){bytes.data, bytes.data + length, false};
		sighting_unpack(&in, &s);
		ck_assert_msg(in.failed, "%zu bytes of %zu", length, bytes.length);
	}
	exact = memory_resize(NULL, bytes.length, 1);
	memcpy(exact, bytes.data, bytes.length);
	in = (struct unpack){exact, exact + bytes.length, false};
	sighting_unpack(&in, &s);
	ck_assert(!in.failed && in.at == in.end);
	assert_text(show_sighting(&s, &got), said[_i].expected, "packed");
}
END_TEST

static const char *const our_names[] = {"n"};
static const struct node_names names = {our_names, COUNT(our_names)};

/* Which events tell of a container: those of exactly one service. Rule: F13 F3 */
START_TEST(events_with_a_container)
{
	static const struct {
		const char *rest;
		bool tells;
	} cases[] = {{"'service':'a'", true}, {"'service':'all'", false}, {"'source':'x'", false},
	    {"'service':'0123456789ab_web'", false}, {"'severity':'info','service':''", false}};
	static const struct {
		const char *services;
		bool tells;
	} lists[] = {{"['a']", true}, {"['a','a','all','a/b']", true}, {"['a','b']", false},
	    {"['a','0123456789ab_a']", false}, {"[]", false}};
	char reason[REASON_MAX];

	for (size_t i = 0; i < COUNT(cases) + COUNT(lists); i++) {
		bool list = i >= COUNT(cases);
		bool tells = list ? lists[i - COUNT(cases)].tells : cases[i].tells;
		cleanup_buffer struct buffer text = {0};
		cleanup_free char *json = NULL;
		struct event e;

		buffer_text(&text,
		    "{'timestamp':'2026-05-12T00:00:00Z','node':'n','type':'x',%s,"
		    "'payload':{'container':{'name':'c'}%s%s}}",
		    list ? "'id':'1'" : cases[i].rest, list ? ",'services':" : "",
		    list ? lists[i - COUNT(cases)].services : "");
		json = quoted(buffer_string(&text));
		ck_assert_int_eq(
		    event_decode(json, strlen(json), &names, &e, reason), REJECTION_NONE);
		ck_assert_msg(e.has_container == tells, "%s", json);
		event_release(&e);
	}
}
END_TEST

/* --- in rows ---------------------------------------------------------------------- */

static bool
reads(const struct buffer *b, struct event *e)
{
	struct unpack in = {b->data, b->data + b->length, false}, payload;
	struct row row;

	return frame_next(&in, &payload) == 1 && row_peek(payload, &row) && row_unpack(&row, e);
}

/* The same row with so many bytes behind it. */
static bool
reads_with_more(const struct buffer *b, size_t more)
{
	cleanup_buffer struct buffer longer = {0};
	struct unpack in = {b->data, b->data + b->length, false}, payload;
	size_t frame = frame_begin(&longer);
	struct event e;

	ck_assert_int_eq(frame_next(&in, &payload), 1);
	buffer_add(&longer, payload.at, (size_t)(payload.end - payload.at));
	buffer_add(&longer, "more", more);
	frame_end(&longer, frame);
	return reads(&longer, &e);
}

/* A row without one ends where rows ended before there were any, and one of no
 * service or of several isn't read. Rule: C2 C4 F13 */
START_TEST(rows)
{
	struct place place = {"2026-05-12/n/a.json", 0, 0};
	cleanup_buffer struct buffer with = {0}, without = {0}, shown = {0};
	struct event back;
	struct told told;

	tell("00:00:01 x svc=a box=a,running,1,00:00:00,docker", &told);
	row_pack(&with, &told.event, &place);
	ck_assert(reads(&with, &back) && back.has_container);
	assert_text(show_sighting(&back.container, &shown),
	    "a runtime=docker id=1 running started=00:00:00", "row");
	ck_assert(reads_with_more(&with, 0));
	ck_assert(!reads_with_more(&with, 1));
	told.event.service_count = 0;
	with.length = 0;
	row_pack(&with, &told.event, &place);
	ck_assert(!reads(&with, &back));
	told.event.service_count = 1;
	told.event.has_container = false;
	row_pack(&without, &told.event, &place);
	ck_assert(reads(&without, &back) && !back.has_container);
	/* the last byte is the number of diagnostics, as ever */
	ck_assert_uint_eq(without.data[without.length - 1], 0);
	ck_assert_uint_lt(without.length, with.length);
}
END_TEST

/* --- kept ------------------------------------------------------------------------- */

static const char *
show_services(const struct partition *p, struct buffer *out)
{
	static const char *const status[] = {"unknown", "healthy", "unhealthy"};

	out->length = 0;
	for (size_t i = 0; i < p->service_count; i++) {
		const struct service *s = p->services[i];

		buffer_text(out, "%s%s %s since %s seen %s", i > 0 ? "\n" : "", s->name,
		    status[s->status], time_text(s->status_since), time_text(s->last_seen));
		for (size_t k = 0; k < s->container_count; k++) {
			const struct sighting *c = &s->containers[k].seen;

			buffer_text(out, " %s/%s=%s:%s", c->name, c->runtime, c->id,
			    c->has_state ? container_state_names[c->state] : "");
		}
	}
	return buffer_string(out);
}

static const struct {
	const char *events, *expected;
} kept[] = {
    /* F13: it makes a service, of which nothing is known */
    {"00:00:01 container_started svc=a box=a,running,1",
	"a unknown since 00:00:01 seen 00:00:01 a/=1:running"},
    {"00:00:01 x svc=a box=a\n00:00:02 x svc=a box=a,paused,2",
	"a unknown since 00:00:01 seen 00:00:02 a/=2:paused"},
    {"00:00:01 container_crashed svc=a box=a,failed,1\n00:00:02 x svc=a box=a,running,1",
	"a unhealthy since 00:00:01 seen 00:00:02 a/=1:running"},
    {"00:00:01 x svc=a box=b,running,1\n00:00:02 x svc=a box=a,running,2\n"
     "00:00:03 x svc=a box=a,running,3,,docker\n00:00:04 x svc=a box=a,running,4,,cri",
	"a unknown since 00:00:01 seen 00:00:04 a/=2:running a/cri=4:running "
	"a/docker=3:running b/=1:running"},
    {"00:00:01 service_healthy svc=a box=a,running,1\n00:00:02 service_healthy all",
	"a healthy since 00:00:01 seen 00:00:02 a/=1:running"},
    /* F14 */
    {"00:00:01 x svc=a box=a,running,2,00:00:01\n00:00:02 x svc=a box=a,exited,1,00:00:00",
	"a unknown since 00:00:01 seen 00:00:02 a/=2:running"},
    {"00:00:01 x svc=a box=a,running,2,00:00:01\n00:00:02 x svc=a box=a,failed,1,00:00:01",
	"a unknown since 00:00:01 seen 00:00:02 a/=2:running"},
    {"00:00:01 x svc=a box=a,running,2,00:00:01\n00:00:02 x svc=a box=a,failed,1,00:00:02",
	"a unknown since 00:00:01 seen 00:00:02 a/=1:failed"},
    {"00:00:01 x svc=a box=a,created,2\n00:00:02 x svc=a box=a,exited,1,00:00:02",
	"a unknown since 00:00:01 seen 00:00:02 a/=2:created"},
    {"00:00:01 x svc=a box=a,running,2,00:00:01\n00:00:02 x svc=a box=a,exited,1",
	"a unknown since 00:00:01 seen 00:00:02 a/=2:running"},
    {"00:00:01 x svc=a box=a,running,2,00:00:01\n00:00:02 x svc=a box=a,stopping,1,00:00:00",
	"a unknown since 00:00:01 seen 00:00:02 a/=1:stopping"},
    {"00:00:01 x svc=a box=a,running,2,00:00:01\n00:00:02 x svc=a box=a,,1,00:00:00",
	"a unknown since 00:00:01 seen 00:00:02 a/=1:"},
    {"00:00:01 x svc=a box=a,running,2,00:00:01\n00:00:02 x svc=a box=a,exited,,00:00:00",
	"a unknown since 00:00:01 seen 00:00:02 a/=:exited"},
    {"00:00:01 x svc=a box=a,running,,00:00:01\n00:00:02 x svc=a box=a,exited,2,00:00:00",
	"a unknown since 00:00:01 seen 00:00:02 a/=2:exited"},
    {"00:00:01 x svc=a box=a,running,1,00:00:01\n00:00:02 x svc=a box=a,exited,1,00:00:00",
	"a unknown since 00:00:01 seen 00:00:02 a/=1:exited"},
    /* F15 */
    {"00:00:01 x svc=a box=a,running,1\n00:00:02 container_removed svc=a box=a,,1", ""},
    {"00:00:01 x svc=a box=a,running,1\n00:00:02 x svc=a box=a,removed,1", ""},
    {"00:00:01 x svc=a box=a,running,1\n00:00:02 container_removed svc=a box=a", ""},
    {"00:00:01 x svc=a box=a,running,1\n00:00:02 container_removed svc=a box=a,,2",
	"a unknown since 00:00:01 seen 00:00:02 a/=1:running"},
    {"00:00:01 x svc=a box=a,running,1\n00:00:02 container_removed svc=a box=a,,1,,docker",
	"a unknown since 00:00:01 seen 00:00:02 a/=1:running"},
    {"00:00:01 x svc=a box=a,running,1\n00:00:02 container_removed svc=a",
	"a unknown since 00:00:01 seen 00:00:02 a/=1:running"},
    {"00:00:01 service_healthy svc=a\n00:00:02 container_removed svc=a box=a,,1",
	"a healthy since 00:00:01 seen 00:00:02"},
    {"00:00:01 container_removed svc=a box=a,,1\n00:00:02 x svc=b box=b,removed,1", ""},
    {"00:00:01 service_healthy svc=a box=a,running,1\n00:00:02 container_removed svc=a box=a,,1",
	"a unknown since 00:00:02 seen 00:00:02"},
    {"00:00:01 service_unhealthy svc=a box=a,running,1\n00:00:02 x svc=a box=a,removed,1\n"
     "00:00:03 x svc=a",
	"a unknown since 00:00:02 seen 00:00:03"},
    {"00:00:01 service_healthy svc=a box=a,running,1\n00:00:02 x svc=a box=b,running,1\n"
     "00:00:03 container_removed svc=a box=a,,1",
	"a healthy since 00:00:01 seen 00:00:03 b/=1:running"},
};

/* Rule: F13 F14 F15 */
START_TEST(containers_kept)
{
	struct partition *p = partition_new("n");
	cleanup_buffer struct buffer got = {0};

	fold_lines(p, kept[_i].events);
	assert_text(show_services(p, &got), kept[_i].expected, kept[_i].events);
	partition_free(p);
}
END_TEST

/* What fails while its container is removed goes on failing. Rule: F15 F6 */
START_TEST(incidents_outlive_containers)
{
	struct partition *p = partition_new("n");

	fold_lines(p,
	    "00:00:01 container_crash_loop svc=a box=a,failed,1\n"
	    "00:00:02 container_removed svc=a box=a,,1\n"
	    "00:00:03 container_started svc=a box=a,running,2\n"
	    "00:00:04 container_crashed svc=a box=a,failed,2");
	ck_assert_uint_eq(p->incident_count, 1);
	ck_assert(p->incidents[0]->active);
	ck_assert_uint_eq(p->incidents[0]->occurrence_count, 2);
	ck_assert_int_eq(p->incidents[0]->severity, SEVERITY_CRITICAL);
	fold_lines(p, "200d00:00:00 x");
	ck_assert_uint_eq(p->service_count, 1);
	ck_assert_uint_eq(p->services[0]->container_count, 1);
	partition_free(p);
}
END_TEST

static void
see(struct partition *p, int number, const char *state)
{
	char line[128];

	(void)snprintf(line, sizeof(line), "00:00:01 x svc=a box=c%02d,%s,1", number, state);
	fold_lines(p, line);
}

/* Rule: F13 F11 */
START_TEST(containers_beyond_the_limit)
{
	struct partition *p = partition_new("n");
	const struct service *s;

	for (int i = 0; i < SERVICE_CONTAINERS_MAX; i++)
		see(p, i, i == 3 || i == 9 ? "exited" : "running");
	s = p->services[0];
	ck_assert_uint_eq(s->container_count, SERVICE_CONTAINERS_MAX);
	see(p, 3, "failed"); /* told of again: now 9 was told of first */
	see(p, 40, "running");
	ck_assert_uint_eq(s->container_count, SERVICE_CONTAINERS_MAX);
	ck_assert_str_eq(s->containers[9].seen.name, "c10");
	ck_assert_str_eq(s->containers[3].seen.name, "c03");
	see(p, 41, "running");
	ck_assert_str_eq(s->containers[3].seen.name, "c04");
	ck_assert_uint_eq(p->over_limit, 0);
	see(p, 42, "running");
	see(p, 5, "paused");
	ck_assert_uint_eq(p->over_limit, 1);
	ck_assert_uint_eq(s->container_count, SERVICE_CONTAINERS_MAX);
	ck_assert_str_eq(s->containers[SERVICE_CONTAINERS_MAX - 1].seen.name, "c41");
	partition_free(p);
}
END_TEST

/* A thousand services there are; a container makes none beyond. Rule: F11 F13 */
START_TEST(no_service_beyond_the_limit)
{
	struct partition *p = partition_new("n");
	struct event e;
	char name[16];

	for (int i = 0; i < PARTITION_SERVICES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "s%d", i);
		plain_event(DAY_ZERO, "service_healthy", &e);
		e.services[e.service_count++] = name;
		partition_fold(p, &e);
	}
	fold_lines(p, "00:00:01 x svc=a box=a,running,1");
	ck_assert_uint_eq(p->over_limit, 1);
	fold_lines(p, "00:00:02 service_unhealthy svc=a box=a,running,1");
	ck_assert_uint_eq(p->over_limit, 2);
	fold_lines(p, "00:00:02 x svc=s7 box=a,running,1");
	ck_assert_uint_eq(p->over_limit, 2);
	ck_assert_uint_eq(p->service_count, PARTITION_SERVICES_MAX);
	partition_free(p);
}
END_TEST

static struct partition *
read_again(const struct partition *p)
{
	cleanup_buffer struct buffer bytes = {0};
	struct unpack in;

	partition_pack(p, &bytes);
	in = (struct unpack){bytes.data, bytes.data + bytes.length, false};
	return partition_unpack(&in);
}

/* As many as there may be, in their order; else the state is refused. Rule: C4 */
START_TEST(states_with_containers)
{
	struct partition *p = partition_new("n"), *other;
	struct kept_container *c, first;
	struct service *s;

	for (int i = 0; i < SERVICE_CONTAINERS_MAX; i++)
		see(p, i, "running");
	ck_assert_ptr_nonnull(other = read_again(p));
	partition_free(other);
	s = p->services[0];
	c = s->containers;
	first = c[0];
	c[0] = c[1];
	c[1] = first;
	ck_assert_ptr_null(read_again(p));
	c[1] = c[0];
	c[0] = first;
	s->containers = c = memory_resize(c, SERVICE_CONTAINERS_MAX + 1, sizeof(*s->containers));
	s->container_count++;
	c[SERVICE_CONTAINERS_MAX] = (struct kept_container){0};
	buffer_add(&c[SERVICE_CONTAINERS_MAX].bytes, c[9].bytes.data, c[9].bytes.length);
	c[SERVICE_CONTAINERS_MAX].bytes.data[1] = 'd'; /* d09 comes behind all */
	ck_assert_ptr_null(read_again(p));
	partition_free(p);
}
END_TEST

/* --- suspects --------------------------------------------------------------------- */

static const struct {
	const char *events, *expected; /* of the first incident; "made" of a made run */
} suspects[] = {
    {"00:00:00 service_unhealthy svc=a", "-"},
    {"00:00:00 deployment_started svc=a cid=r\n00:10:00 service_unhealthy svc=a", "r"},
    {"00:00:00 deployment_started svc=a cid=r\n00:10:00.000000001 service_unhealthy svc=a", "-"},
    {"00:00:00 deployment_started svc=a cid=r\n01:00:00 deployment_failed svc=a cid=r\n"
     "01:10:00 service_unhealthy svc=a",
	"r"},
    {"00:00:00 deployment_started svc=b cid=r\n00:00:01 service_unhealthy svc=a", "-"},
    {"00:00:00 deployment_started svc=b,a cid=r\n00:00:01 service_unhealthy svc=a", "r"},
    {"00:00:00 deployment_started all cid=r\n00:00:01 service_unhealthy svc=a", "r"},
    {"00:00:00 deployment_started cid=r\n00:00:01 service_unhealthy all", "r"},
    {"00:00:00 deployment_started svc=a cid=r\n00:00:01 service_unhealthy all", "-"},
    {"00:00:00 deployment_started svc=a cid=r\n00:00:00 deployment_started svc=a cid=q\n"
     "00:00:01 service_unhealthy svc=a",
	"q"},
    {"00:00:00 deployment_started svc=a cid=r\n00:00:01 deployment_started svc=a cid=q\n"
     "00:00:02 deployment_completed svc=a cid=r\n00:00:03 service_unhealthy svc=a",
	"r"},
    {"00:00:00 deployment_started svc=a\n00:00:01 service_unhealthy svc=a",
	"made dep-1778544000-n-a"},
    /* what comes later changes nothing */
    {"00:00:00 service_unhealthy svc=a\n00:00:01 deployment_started svc=a cid=r\n"
     "00:00:02 service_unhealthy svc=a",
	"-"},
    {"00:00:00 deployment_started svc=a cid=r\n00:00:01 service_unhealthy svc=a\n"
     "05:00:00 deployment_started svc=a cid=r\n05:00:00 deployment_started svc=a cid=q\n"
     "05:00:01 service_unhealthy svc=a",
	"r"},
};

/* Rule: F16 P7 */
START_TEST(suspected_deployments)
{
	struct partition *p = partition_new("n"), *other;
	cleanup_buffer struct buffer got = {0};
	const struct incident *i;

	fold_lines(p, suspects[_i].events);
	other = read_again(p);
	partition_free(p);
	ck_assert_uint_eq(other->incident_count, 1);
	i = other->incidents[0];
	buffer_text(
	    &got, "%s%s", i->deployment_made ? "made " : "", i->deployment ? i->deployment : "-");
	assert_text(buffer_string(&got), suspects[_i].expected, suspects[_i].events);
	partition_free(other);
}
END_TEST

/* A state of the version before there were containers. Rule: C2 C4 */
START_TEST(states_of_the_version_before)
{
	static const unsigned char bytes[] = {
	    0x02,
	    0x01,
	    0x6e,
	    0x00,
	    0x01,
	    0x81,
	    0x80,
	    0x9c,
	    0xcb,
	    0x84,
	    0x8b,
	    0xaa,
	    0xd7,
	    0x18,
	    0x81,
	    0x80,
	    0x9c,
	    0xcb,
	    0x84,
	    0x8b,
	    0xaa,
	    0xd7,
	    0x18,
	    0x81,
	    0xd0,
	    0xc8,
	    0xbe,
	    0x93,
	    0x8b,
	    0xaa,
	    0xd7,
	    0x18,
	    0x03,
	    0x00,
	    0x00,
	    0x00,
	    0xb0,
	    0xa7,
	    0x3c,
	    0x01,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x05,
	    0x00,
	    0x00,
	    0x00,
	    0x02,
	    0x00,
	    0x00,
	    0x04,
	    0x12,
	    0x64,
	    0x65,
	    0x70,
	    0x6c,
	    0x6f,
	    0x79,
	    0x6d,
	    0x65,
	    0x6e,
	    0x74,
	    0x5f,
	    0x73,
	    0x74,
	    0x61,
	    0x72,
	    0x74,
	    0x65,
	    0x64,
	    0x00,
	    0x01,
	    0x13,
	    0x72,
	    0x65,
	    0x6d,
	    0x65,
	    0x64,
	    0x69,
	    0x61,
	    0x74,
	    0x69,
	    0x6f,
	    0x6e,
	    0x5f,
	    0x73,
	    0x74,
	    0x61,
	    0x72,
	    0x74,
	    0x65,
	    0x64,
	    0x00,
	    0x01,
	    0x0f,
	    0x73,
	    0x65,
	    0x72,
	    0x76,
	    0x69,
	    0x63,
	    0x65,
	    0x5f,
	    0x68,
	    0x65,
	    0x61,
	    0x6c,
	    0x74,
	    0x68,
	    0x79,
	    0x00,
	    0x01,
	    0x11,
	    0x73,
	    0x65,
	    0x72,
	    0x76,
	    0x69,
	    0x63,
	    0x65,
	    0x5f,
	    0x75,
	    0x6e,
	    0x68,
	    0x65,
	    0x61,
	    0x6c,
	    0x74,
	    0x68,
	    0x79,
	    0x00,
	    0x02,
	    0x02,
	    0x01,
	    0x61,
	    0x00,
	    0x01,
	    0x81,
	    0xbc,
	    0xdd,
	    0xe1,
	    0x8f,
	    0x8b,
	    0xaa,
	    0xd7,
	    0x18,
	    0x81,
	    0xbc,
	    0xdd,
	    0xe1,
	    0x8f,
	    0x8b,
	    0xaa,
	    0xd7,
	    0x18,
	    0x81,
	    0xbc,
	    0xdd,
	    0xe1,
	    0x8f,
	    0x8b,
	    0xaa,
	    0xd7,
	    0x18,
	    0x81,
	    0x94,
	    0x87,
	    0xa8,
	    0x88,
	    0x8b,
	    0xaa,
	    0xd7,
	    0x18,
	    0x01,
	    0x62,
	    0x00,
	    0x02,
	    0x81,
	    0xa8,
	    0xf2,
	    0x84,
	    0x8c,
	    0x8b,
	    0xaa,
	    0xd7,
	    0x18,
	    0x81,
	    0xd0,
	    0xc8,
	    0xbe,
	    0x93,
	    0x8b,
	    0xaa,
	    0xd7,
	    0x18,
	    0x00,
	    0x81,
	    0xa8,
	    0xf2,
	    0x84,
	    0x8c,
	    0x8b,
	    0xaa,
	    0xd7,
	    0x18,
	    0x02,
	    0x01,
	    0x61,
	    0x00,
	    0x00,
	    0x00,
	    0x03,
	    0x11,
	    0x73,
	    0x65,
	    0x72,
	    0x76,
	    0x69,
	    0x63,
	    0x65,
	    0x5f,
	    0x75,
	    0x6e,
	    0x68,
	    0x65,
	    0x61,
	    0x6c,
	    0x74,
	    0x68,
	    0x79,
	    0x00,
	    0x11,
	    0x73,
	    0x65,
	    0x72,
	    0x76,
	    0x69,
	    0x63,
	    0x65,
	    0x5f,
	    0x75,
	    0x6e,
	    0x68,
	    0x65,
	    0x61,
	    0x6c,
	    0x74,
	    0x68,
	    0x79,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x0f,
	    0x73,
	    0x65,
	    0x72,
	    0x76,
	    0x69,
	    0x63,
	    0x65,
	    0x5f,
	    0x68,
	    0x65,
	    0x61,
	    0x6c,
	    0x74,
	    0x68,
	    0x79,
	    0x00,
	    0x81,
	    0x94,
	    0x87,
	    0xa8,
	    0x88,
	    0x8b,
	    0xaa,
	    0xd7,
	    0x18,
	    0x81,
	    0x94,
	    0x87,
	    0xa8,
	    0x88,
	    0x8b,
	    0xaa,
	    0xd7,
	    0x18,
	    0x81,
	    0xbc,
	    0xdd,
	    0xe1,
	    0x8f,
	    0x8b,
	    0xaa,
	    0xd7,
	    0x18,
	    0x01,
	    0x02,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x01,
	    0x00,
	    0x01,
	    0x62,
	    0x00,
	    0x01,
	    0x00,
	    0x03,
	    0x11,
	    0x73,
	    0x65,
	    0x72,
	    0x76,
	    0x69,
	    0x63,
	    0x65,
	    0x5f,
	    0x75,
	    0x6e,
	    0x68,
	    0x65,
	    0x61,
	    0x6c,
	    0x74,
	    0x68,
	    0x79,
	    0x00,
	    0x11,
	    0x73,
	    0x65,
	    0x72,
	    0x76,
	    0x69,
	    0x63,
	    0x65,
	    0x5f,
	    0x75,
	    0x6e,
	    0x68,
	    0x65,
	    0x61,
	    0x6c,
	    0x74,
	    0x68,
	    0x79,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x81,
	    0xa8,
	    0xf2,
	    0x84,
	    0x8c,
	    0x8b,
	    0xaa,
	    0xd7,
	    0x18,
	    0x81,
	    0xa8,
	    0xf2,
	    0x84,
	    0x8c,
	    0x8b,
	    0xaa,
	    0xd7,
	    0x18,
	    0x00,
	    0x01,
	    0x00,
	    0x01,
	    0x81,
	    0xd0,
	    0xc8,
	    0xbe,
	    0x93,
	    0x8b,
	    0xaa,
	    0xd7,
	    0x18,
	    0x00,
	    0x02,
	    0x6d,
	    0x65,
	    0x00,
	    0x01,
	    0x00,
	    0x01,
	    0x01,
	    0x72,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x00,
	    0x01,
	    0x81,
	    0x80,
	    0x9c,
	    0xcb,
	    0x84,
	    0x8b,
	    0xaa,
	    0xd7,
	    0x18,
	    0x00,
	    0x81,
	    0x80,
	    0x9c,
	    0xcb,
	    0x84,
	    0x8b,
	    0xaa,
	    0xd7,
	    0x18,
	    0x00,
	    0x01,
	    0x01,
	    0x01,
	    0x61,
	    0x00,
	    0x00,
	};
	struct unpack in = {bytes, bytes + sizeof(bytes), false};
	struct partition *p = partition_unpack(&in);
	cleanup_buffer struct buffer got = {0};

	ck_assert_ptr_nonnull(p);
	assert_text(show_services(p, &got),
	    "a healthy since 00:00:03 seen 00:00:03\nb unhealthy since 00:00:02 seen 00:00:04",
	    "state");
	ck_assert_uint_eq(p->incident_count, 2);
	ck_assert_ptr_null(p->incidents[0]->deployment);
	ck_assert_str_eq(p->incidents[1]->remediation.source, "me");
	ck_assert_uint_eq(p->run_count, 1);
	partition_free(p);
}
END_TEST

Suite *
sighting_suite(void)
{
	Suite *suite = suite_create("sighting");
	TCase *tc = tcase_create("containers");

	tcase_add_loop_test(tc, sightings, 0, COUNT(said));
	tcase_add_test(tc, events_with_a_container);
	tcase_add_test(tc, rows);
	tcase_add_loop_test(tc, containers_kept, 0, COUNT(kept));
	tcase_add_test(tc, incidents_outlive_containers);
	tcase_add_test(tc, containers_beyond_the_limit);
	tcase_add_test(tc, no_service_beyond_the_limit);
	tcase_add_test(tc, states_with_containers);
	tcase_add_loop_test(tc, suspected_deployments, 0, COUNT(suspects));
	tcase_add_test(tc, states_of_the_version_before);
	suite_add_tcase(suite, tc);
	return suite;
}
