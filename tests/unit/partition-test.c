/*
 * The fold, told in lines and shown in lines. Times are of 2026-05-12; its
 * midnight is second 1778544000, so an incident of n/a that began at 00:00:01
 * is inc-1778544001-n-a.
 */

#include "support.h"

#include <stdio.h>
#include <string.h>

#define T "177854400" /* and the digit of the second */

enum {
	NODE = 1,
	COUNTS = 2,
	TYPES = 4,
	SERVICES = 8,
	INCIDENTS = 16,
	ORIGINS = 32,
	TIMES = 64,
	REMEDIES = 128,
	RUNS = 256,
	WORDS = 512
};

static const char *
or_dash(const char *text)
{
	return text == NULL ? "-" : text;
}

static void
show_node(const struct partition *p, unsigned what, struct buffer *out)
{
	static const char *const status[] = {"unknown", "online", "offline"};

	if (what & NODE) {
		buffer_text(out, "node %s since %s", status[p->status], time_text(p->status_since));
		buffer_text(out, " seen %s %s", time_text(p->first_seen), time_text(p->last_seen));
		for (int i = 0; i < PRESSURE_COUNT; i++)
			buffer_text(out, " %s", or_dash(p->pressure[i]));
		for (size_t i = 0; i < p->metric_count; i++)
			buffer_text(out, " %s=%g", p->metrics[i].name,
			    p->metrics[i].is_integer ? (double)p->metrics[i].integer :
						       p->metrics[i].real);
		buffer_text(out, "\n");
	}
	if (what & COUNTS)
		buffer_text(out, "counts %d unscoped %d ghosts %d over %d\n", (int)p->accepted,
		    (int)p->unscoped, (int)p->ghosts, (int)p->over_limit);
	for (size_t i = 0; what & TYPES && i < p->type_count; i++)
		buffer_text(out, "%s %d\n", p->types[i].type, (int)p->types[i].count);
}

static void
show_services(const struct partition *p, struct buffer *out)
{
	for (size_t i = 0; i < p->service_count; i++) {
		const struct service *s = p->services[i];

		buffer_text(out, "%s %s since %s", s->name,
		    s->status == SERVICE_HEALTHY     ? "healthy" :
			s->status == SERVICE_UNKNOWN ? "unknown" :
						       "unhealthy",
		    time_text(s->status_since));
		buffer_text(out, " seen %s healthy %s failure %s\n", time_text(s->last_seen),
		    time_text(s->last_healthy), time_text(s->last_failure));
	}
}

static void
show_incident(
    const struct partition *p, const struct incident *i, unsigned what, struct buffer *out)
{
	if (what & INCIDENTS) {
		incident_base_id(i, p->node, out);
		if (i->suffix > 0)
			buffer_text(out, "-%u", i->suffix);
		buffer_text(out, " %s %s %s", i->active ? "active" : "resolved",
		    severity_names[i->severity], time_text(i->started_at));
		buffer_text(
		    out, " %s x%d", time_text(i->last_occurrence), (int)i->occurrence_count);
		if (!i->active)
			buffer_text(out, " %s %s", time_text(i->resolved_at), i->resolved_by);
		buffer_text(out, "\n");
	}
	if (what & ORIGINS)
		buffer_text(out, "%s %s source %s id %s message %s\n", i->event_type,
		    i->last_event_type, or_dash(i->source), or_dash(i->correlation_id),
		    or_dash(i->message));
	if (what & TIMES)
		for (size_t k = 0; k < i->time_count; k++)
			buffer_text(out, "%s%s", time_text(incident_time(i, k)),
			    k + 1 < i->time_count ? " " : "\n");
	if (what & REMEDIES && !i->remediation.exists)
		buffer_text(out, "no remedy\n");
	else if (what & REMEDIES)
		buffer_text(out, "remedy %s %s %s\n", time_text(i->remediation.started_at),
		    time_text(i->remediation.completed_at), or_dash(i->remediation.source));
}

static void
show_run(const struct run *r, unsigned what, struct buffer *out)
{
	static const char *const status[] = {"open", "completed", "failed"};

	if (what & RUNS) {
		buffer_text(out, "%s%s %s x%d", r->id, r->made ? " (made)" : "", status[r->status],
		    (int)r->attempts);
		buffer_text(out, " %s %s last %s\n", time_text(r->started_at),
		    time_text(r->ended_at), time_text(r->last_event));
	}
	if (!(what & WORDS))
		return;
	buffer_text(out, "of%s", r->says_all ? " (all)" : "");
	for (size_t i = 0; i < r->service_count; i++)
		buffer_text(out, " %s", r->services[i]);
	buffer_text(out, " source %s stage %s message %s", or_dash(r->source), or_dash(r->stage),
	    or_dash(r->message));
	for (size_t i = 0; i < r->diagnostic_count; i++)
		buffer_text(out, " %s", r->diagnostics[i]);
	buffer_text(out, "\n");
}

static char *
show(const struct partition *p, unsigned what, struct buffer *out)
{
	out->length = 0;
	show_node(p, what, out);
	if (what & SERVICES)
		show_services(p, out);
	for (size_t i = 0; i < p->incident_count; i++)
		show_incident(p, p->incidents[i], what, out);
	for (size_t i = 0; i < p->run_count; i++)
		show_run(p->runs[i], what, out);
	return buffer_string(out);
}

struct fold_case {
	unsigned what;
	const char *events, *expected;
};

static void
check_fold(const struct fold_case *c)
{
	struct partition *p = partition_new("n");
	cleanup_buffer struct buffer out = {0};

	fold_lines(p, c->events);
	assert_text(show(p, c->what, &out), c->expected, c->events);
	partition_free(p);
}

/* The partition in these bytes, or NULL. */
static struct partition *
unpacked(const struct buffer *bytes)
{
	struct unpack in = {bytes->data, bytes->data + bytes->length, false};

	return partition_unpack(&in);
}

/* A partition that is packed and unpacked. */
static struct partition *
there_and_back(struct partition *p)
{
	cleanup_buffer struct buffer bytes = {0}, again = {0};
	struct partition *back;
	struct unpack in;

	partition_pack(p, &bytes);
	in = (struct unpack){bytes.data, bytes.data + bytes.length, false};
	back = partition_unpack(&in);
	ck_assert_ptr_nonnull(back);
	ck_assert_ptr_eq(in.at, in.end);
	partition_pack(back, &again);
	assert_same_bytes(&bytes, &again, "packed again");
	partition_free(p);
	return back;
}

static const struct fold_case node_cases[] = {
    {NODE | COUNTS | TYPES, "",
	"node unknown since - seen - - - - -\ncounts 0 unscoped 0 ghosts 0 over 0\n"},
    {NODE, "00:00:05 anything", "node online since 00:00:05 seen 00:00:05 00:00:05 - - -\n"},
    {NODE, "00:00:05 node_online", "node online since 00:00:05 seen 00:00:05 00:00:05 - - -\n"},
    {NODE, "00:00:05 node_health", "node online since 00:00:05 seen 00:00:05 00:00:05 - - -\n"},
    {NODE, "00:00:05 node_offline", "node offline since 00:00:05 seen 00:00:05 00:00:05 - - -\n"},
    /* nothing but node_online and node_health brings it back */
    {NODE,
	"00:00:01 node_offline\n00:00:02 service_healthy svc=a\n"
	"00:00:03 disk_usage_high disk=high\n00:00:04 deployment_started\n00:00:05 anything",
	"node offline since 00:00:01 seen 00:00:01 00:00:05 high - -\n"},
    {NODE, "00:00:01 node_offline\n00:00:02 node_online\n00:00:03 node_online",
	"node online since 00:00:02 seen 00:00:01 00:00:03 - - -\n"},
    {NODE, "00:00:01 node_offline\n00:00:02 node_health\n00:00:03 node_health",
	"node online since 00:00:02 seen 00:00:01 00:00:03 - - -\n"},
    {NODE, "00:00:01 anything\n00:00:02 node_offline\n00:00:03 node_offline",
	"node offline since 00:00:02 seen 00:00:01 00:00:03 - - -\n"},
    {NODE, "00:00:01 anything\n00:00:02 node_online",
	"node online since 00:00:01 seen 00:00:01 00:00:02 - - -\n"},
    /* node_health says all, other types their own */
    {NODE,
	"00:00:01 disk_pressure_high disk=high\n00:00:02 high_memory memory=high\n"
	"00:00:03 high_cpu cpu=low",
	"node online since 00:00:01 seen 00:00:01 00:00:03 high high low\n"},
    {NODE,
	"00:00:01 disk_pressure_high disk=high\n00:00:02 high_memory memory=high\n"
	"00:00:03 disk_pressure_ok",
	"node online since 00:00:01 seen 00:00:01 00:00:03 - high -\n"},
    {NODE,
	"00:00:01 disk_pressure_high disk=high\n00:00:02 high_cpu cpu=high\n"
	"00:00:03 node_health memory=low metrics=a:1,b:2.5",
	"node online since 00:00:01 seen 00:00:01 00:00:03 - low - a=1 b=2.5\n"},
    {NODE,
	"00:00:01 node_health disk=x metrics=a:1,b:2.5\n00:00:02 node_health metrics=c:3\n"
	"00:00:03 anything metrics=d:4",
	"node online since 00:00:01 seen 00:00:01 00:00:03 - - - c=3\n"},
    {NODE, "00:00:01 node_health metrics=a:1\n00:00:02 node_health",
	"node online since 00:00:01 seen 00:00:01 00:00:02 - - -\n"},
    {TYPES,
	"00:00:01 b\n00:00:01 disk_pressure_ok\n00:00:02 a\n00:00:02 node_online\n00:00:03 b\n"
	"00:00:04 other",
	"a 1\nb 2\ndisk_pressure_ok 1\nnode_online 1\nother 1\n"},
};

/* Rule: F1 F2 F12 */
START_TEST(nodes)
{
	check_fold(&node_cases[_i]);
}
END_TEST

/* Names by count: 100 that aren't in the table, in the order they come; of the
 * table's all. Rule: F2 */
START_TEST(counts_by_type)
{
	struct partition *p = partition_new("n");
	cleanup_buffer struct buffer out = {0}, expected = {0};
	char type[32];
	struct event e;

	fold_lines(p, "00:00:00 high_cpu\n00:00:00 high_memory");
	for (int i = 0; i < 206; i++) {
		(void)snprintf(type, sizeof(type), "x%03d", 200 - i % 103);
		plain_event(time_at("00:00:01"), type, &e);
		partition_fold(p, &e);
		if (i % 50 == 0)
			p = there_and_back(p);
	}
	fold_lines(p, "00:00:02 node_online\n00:00:02 disk_pressure\n00:00:02 disk_pressure_x");
	buffer_text(
	    &expected, "disk_pressure 1\nhigh_cpu 1\nhigh_memory 1\nnode_online 1\nother 7\n");
	for (int i = 101; i <= 200; i++)
		buffer_text(&expected, "x%03d 2\n", i);
	assert_text(show(p, TYPES, &out), buffer_string(&expected), "types");
	partition_free(p);
}
END_TEST

static const struct fold_case service_cases[] = {
    /* what names no service */
    {COUNTS | SERVICES,
	"00:00:01 service_unhealthy\n00:00:02 service_healthy\n00:00:03 remediation_started\n"
	"00:00:04 remediation_completed\n00:00:05 deployment_started\n00:00:06 anything\n"
	"00:00:07 node_health",
	"counts 7 unscoped 4 ghosts 0 over 0\n"},
    {COUNTS | SERVICES | INCIDENTS, "00:00:01 mqtt_unreachable all",
	"counts 1 unscoped 0 ghosts 0 over 0\n"
	"all unhealthy since 00:00:01 seen 00:00:01 healthy - failure 00:00:01\n"
	"inc-" T "1-n-all active error 00:00:01 00:00:01 x1\n"},
    {COUNTS | SERVICES,
	"00:00:01 service_healthy all\n00:00:02 remediation_started all\n"
	"00:00:03 remediation_completed svc=a",
	"counts 3 unscoped 0 ghosts 0 over 0\n"},
    /* names in the payload beside `all` */
    {COUNTS | SERVICES, "00:00:01 service_unhealthy all svc=b,a",
	"counts 1 unscoped 0 ghosts 0 over 0\n"
	"a unhealthy since 00:00:01 seen 00:00:01 healthy - failure 00:00:01\n"
	"b unhealthy since 00:00:01 seen 00:00:01 healthy - failure 00:00:01\n"},
    {SERVICES, "00:00:01 service_unhealthy svc=b,a\n00:00:02 service_healthy all svc=a",
	"a healthy since 00:00:02 seen 00:00:02 healthy 00:00:02 failure 00:00:01\n"
	"b unhealthy since 00:00:01 seen 00:00:01 healthy - failure 00:00:01\n"},
    /* healthy all: every service there is, `all` too */
    {SERVICES | INCIDENTS,
	"00:00:01 service_unhealthy svc=b\n00:00:02 service_healthy svc=c\n"
	"00:00:03 service_unhealthy all\n00:00:04 service_recovered all",
	"all healthy since 00:00:04 seen 00:00:04 healthy 00:00:04 failure 00:00:03\n"
	"b healthy since 00:00:04 seen 00:00:04 healthy 00:00:04 failure 00:00:01\n"
	"c healthy since 00:00:02 seen 00:00:04 healthy 00:00:04 failure -\n"
	"inc-" T "1-n-b resolved error 00:00:01 00:00:01 x1 00:00:04 service_recovered\n"
	"inc-" T "3-n-all resolved error 00:00:03 00:00:03 x1 00:00:04 service_recovered\n"},
    /* the service `all` is named by failures and remediations only */
    {SERVICES,
	"00:00:01 healthcheck_failed all\n00:00:02 anything all\n00:00:03 deployment_started all",
	"all unhealthy since 00:00:01 seen 00:00:01 healthy - failure 00:00:01\n"},
    {SERVICES,
	"00:00:01 healthcheck_failed all\n00:00:02 remediation_started all\n"
	"00:00:03 deployment_completed all\n00:00:04 service_healthy all svc=a",
	"a healthy since 00:00:04 seen 00:00:04 healthy 00:00:04 failure -\n"
	"all unhealthy since 00:00:01 seen 00:00:02 healthy - failure 00:00:01\n"},
    {SERVICES, "00:00:01 healthcheck_failed all\n00:00:02 remediation_started all svc=b",
	"all unhealthy since 00:00:01 seen 00:00:01 healthy - failure 00:00:01\n"},
    /* last_seen: any type, but only of a service that is there */
    {SERVICES,
	"00:00:01 anything svc=a\n00:00:02 service_healthy svc=a\n00:00:03 anything svc=b,a\n"
	"00:00:04 deployment_started svc=b,c\n00:00:05 node_health svc=a\n"
	"00:00:06 remediation_started svc=b",
	"a healthy since 00:00:02 seen 00:00:05 healthy 00:00:02 failure -\n"},
    {SERVICES,
	"00:00:01 service_healthy svc=a\n00:00:02 service_healthy svc=a\n"
	"00:00:03 service_unhealthy svc=a\n00:00:04 mqtt_unreachable svc=a\n"
	"00:00:05 remediation_completed svc=a",
	"a unhealthy since 00:00:03 seen 00:00:05 healthy 00:00:02 failure 00:00:04\n"},
    /* ghosts */
    {COUNTS | SERVICES | INCIDENTS,
	"00:00:01 service_unhealthy svc=0123456789ab_web\n"
	"00:00:02 service_healthy svc=0123456789ab_web,a,ba9876543210_web\n"
	"00:00:03 anything svc=0123456789ab_web,b\n00:00:04 node_health svc=ffffffffffff__",
	"counts 4 unscoped 0 ghosts 5 over 0\n"
	"a healthy since 00:00:02 seen 00:00:02 healthy 00:00:02 failure -\n"},
    {COUNTS | SERVICES,
	"00:00:01 service_unhealthy svc=0123456789ab_web all\n"
	"00:00:02 remediation_started svc=0123456789ab_web all",
	"counts 2 unscoped 0 ghosts 2 over 0\n"},
    {COUNTS | SERVICES, "00:00:01 service_healthy svc=0123456789ab,0123456789ab_",
	"counts 1 unscoped 0 ghosts 0 over 0\n"
	"0123456789ab healthy since 00:00:01 seen 00:00:01 healthy 00:00:01 failure -\n"
	"0123456789ab_ healthy since 00:00:01 seen 00:00:01 healthy 00:00:01 failure -\n"},
};

/* Rule: F3 F4 F5 F12 */
START_TEST(services)
{
	check_fold(&service_cases[_i]);
}
END_TEST

static const struct fold_case incident_cases[] = {
    {INCIDENTS | TIMES,
	"12:05:00 service_unhealthy svc=mosquitto\n12:06:00 service_unhealthy svc=mosquitto\n"
	"12:10:00 service_recovered svc=mosquitto",
	"inc-1778587500-n-mosquitto resolved error 12:05:00 12:06:00 x2 12:10:00 "
	"service_recovered\n12:05:00 12:06:00\n"},
    {INCIDENTS | TIMES,
	"00:00:01.5 service_unhealthy svc=b,a\n00:00:02 service_healthy svc=b\n"
	"00:00:03 service_healthy svc=b\n00:00:04 mqtt_unreachable svc=b",
	"inc-" T "1-n-b resolved error 00:00:01.5 00:00:01.5 x1 00:00:02 service_healthy\n"
	"00:00:01.5\n"
	"inc-" T "1-n-a active error 00:00:01.5 00:00:01.5 x1\n00:00:01.5\n"
	"inc-" T "4-n-b active error 00:00:04 00:00:04 x1\n00:00:04\n"},
    /* the highest severity; the default is that of a failure */
    {INCIDENTS, "00:00:01 service_unhealthy svc=a sev=info",
	"inc-" T "1-n-a active info 00:00:01 00:00:01 x1\n"},
    {INCIDENTS, "00:00:01 service_unhealthy svc=a sev=info\n00:00:02 service_unhealthy svc=a",
	"inc-" T "1-n-a active error 00:00:01 00:00:02 x2\n"},
    {INCIDENTS,
	"00:00:01 service_unhealthy svc=a sev=critical\n"
	"00:00:02 service_unhealthy svc=a sev=warning\n00:00:03 service_healthy svc=a sev=critical",
	"inc-" T "1-n-a resolved critical 00:00:01 00:00:02 x2 00:00:03 service_healthy\n"},
    {INCIDENTS,
	"00:00:01 service_unhealthy svc=a sev=warning\n"
	"00:00:02 anything svc=a sev=critical\n00:00:03 service_unhealthy svc=a sev=info",
	"inc-" T "1-n-a active warning 00:00:01 00:00:03 x2\n"},
    /* fields of its occurrences alone */
    {ORIGINS,
	"00:00:01 service_unhealthy svc=a\n00:00:02 mqtt_unreachable svc=a src=one msg=x\n"
	"00:00:03 healthcheck_failed svc=a src=two cid=r1 msg=y\n"
	"00:00:04 containers_not_running svc=a cid=r2\n00:00:05 anything svc=a src=z msg=z cid=z\n"
	"00:00:06 service_healthy svc=a src=z msg=z cid=z",
	"service_unhealthy containers_not_running source one id r1 message y\n"},
    {ORIGINS,
	"00:00:01 service_unhealthy svc=a src=one msg=x cid=r\n00:00:02 service_healthy svc=a\n"
	"00:00:03 mqtt_unreachable svc=a",
	"service_unhealthy service_unhealthy source one id r message x\n"
	"mqtt_unreachable mqtt_unreachable source - id - message -\n"},
    /* ids within one second */
    {INCIDENTS,
	"00:00:01 service_unhealthy svc=a\n00:00:01.1 service_healthy svc=a\n"
	"00:00:01.2 service_unhealthy svc=a\n00:00:01.3 service_healthy svc=a\n"
	"00:00:01.999999999 service_unhealthy svc=a\n00:00:02 service_healthy svc=a\n"
	"00:00:02 service_unhealthy svc=a",
	"inc-" T "1-n-a resolved error 00:00:01 00:00:01 x1 00:00:01.1 service_healthy\n"
	"inc-" T "1-n-a-2 resolved error 00:00:01.2 00:00:01.2 x1 00:00:01.3 service_healthy\n"
	"inc-" T "1-n-a-3 resolved error 00:00:01.999999999 00:00:01.999999999 x1 00:00:02 "
	"service_healthy\n"
	"inc-" T "2-n-a active error 00:00:02 00:00:02 x1\n"},
    /* ... also when another service's name makes the same id */
    {INCIDENTS,
	"00:00:01 service_unhealthy svc=a\n00:00:01.1 service_healthy svc=a\n"
	"00:00:01.2 service_unhealthy svc=a-2\n00:00:01.3 service_unhealthy svc=a",
	"inc-" T "1-n-a resolved error 00:00:01 00:00:01 x1 00:00:01.1 service_healthy\n"
	"inc-" T "1-n-a-2 active error 00:00:01.2 00:00:01.2 x1\n"
	"inc-" T "1-n-a-3 active error 00:00:01.3 00:00:01.3 x1\n"},
    {INCIDENTS,
	"00:00:01 service_unhealthy svc=a\n00:00:01.1 service_healthy svc=a\n"
	"00:00:01.2 service_unhealthy svc=a\n00:00:01.3 service_unhealthy svc=a-2\n"
	"00:00:01.4 service_unhealthy svc=a-2-2",
	"inc-" T "1-n-a resolved error 00:00:01 00:00:01 x1 00:00:01.1 service_healthy\n"
	"inc-" T "1-n-a-2 active error 00:00:01.2 00:00:01.2 x1\n"
	"inc-" T "1-n-a-2-2 active error 00:00:01.3 00:00:01.3 x1\n"
	"inc-" T "1-n-a-2-2-2 active error 00:00:01.4 00:00:01.4 x1\n"},
    /* healthy without an incident makes none */
    {INCIDENTS, "00:00:01 service_healthy svc=a\n00:00:02 service_recovered svc=a", ""},
};

/* Rule: F6 F12 */
START_TEST(incidents)
{
	check_fold(&incident_cases[_i]);
}
END_TEST

/* The latest 100 times of 250. Rule: F6 */
START_TEST(times_of_incidents)
{
	struct partition *p = partition_new("n");
	const char *name = "a";
	struct event e;

	for (int i = 0; i < 250; i++) {
		plain_event(time_at("00:00:00") + MINUTES(i), "service_unhealthy", &e);
		e.services[e.service_count++] = name;
		partition_fold(p, &e);
		ck_assert_uint_eq(p->incident_count, 1);
		ck_assert_uint_eq(p->incidents[0]->occurrence_count, (unsigned)i + 1);
		ck_assert_uint_eq(p->incidents[0]->time_count, i < 100 ? (unsigned)i + 1 : 100);
		ck_assert_int_eq(incident_time(p->incidents[0], 0),
		    time_at("00:00:00") + MINUTES(i < 100 ? 0 : i - 99));
		ck_assert_int_eq(
		    incident_time(p->incidents[0], p->incidents[0]->time_count - 1), e.at);
	}
	for (size_t i = 0; i < 100; i++)
		ck_assert_int_eq(
		    incident_time(p->incidents[0], i), time_at("00:00:00") + MINUTES((int)i + 150));
	partition_free(p);
}
END_TEST

static const struct fold_case remedy_cases[] = {
    {REMEDIES, "00:00:01 service_unhealthy svc=a", "no remedy\n"},
    {REMEDIES, "00:00:01 service_unhealthy svc=a\n00:00:02 remediation_started svc=a src=r",
	"remedy 00:00:02 - r\n"},
    {REMEDIES,
	"00:00:01 service_unhealthy svc=a\n00:00:02 remediation_started svc=a src=r\n"
	"00:00:03 remediation_completed svc=a src=s",
	"remedy 00:00:02 00:00:03 r\n"},
    {REMEDIES, "00:00:01 service_unhealthy svc=a\n00:00:03 remediation_completed svc=a src=s",
	"remedy - 00:00:03 -\n"},
    {REMEDIES,
	"00:00:01 service_unhealthy svc=a\n00:00:02 remediation_started svc=a src=r\n"
	"00:00:03 remediation_completed svc=a\n00:00:04 remediation_started svc=a src=q",
	"remedy 00:00:04 - q\n"},
    {REMEDIES,
	"00:00:01 service_unhealthy svc=a\n00:00:02 remediation_completed svc=a\n"
	"00:00:03 remediation_completed svc=a",
	"remedy - 00:00:03 -\n"},
    /* the latest, active or not; not one before it */
    {REMEDIES,
	"00:00:01 service_unhealthy svc=a\n00:00:02 service_healthy svc=a\n"
	"00:00:03 remediation_started svc=a src=r",
	"remedy 00:00:03 - r\n"},
    {REMEDIES,
	"00:00:01 service_unhealthy svc=a\n00:00:02 service_healthy svc=a\n"
	"00:00:03 service_unhealthy svc=a\n00:00:04 remediation_started svc=a src=r",
	"no remedy\nremedy 00:00:04 - r\n"},
    /* of several services, and of `all` the one called so */
    {REMEDIES,
	"00:00:01 service_unhealthy svc=a,b,c\n"
	"00:00:04 remediation_started svc=c,x,a src=r",
	"remedy 00:00:04 - r\nno remedy\nremedy 00:00:04 - r\n"},
    {REMEDIES,
	"00:00:01 service_unhealthy svc=a\n00:00:02 service_unhealthy all\n"
	"00:00:04 remediation_started all src=r",
	"no remedy\nremedy 00:00:04 - r\n"},
    {REMEDIES,
	"00:00:01 service_unhealthy svc=a\n00:00:02 service_unhealthy all\n"
	"00:00:04 remediation_started all svc=a src=r",
	"remedy 00:00:04 - r\nno remedy\n"},
    /* a remediation is no occurrence */
    {INCIDENTS | SERVICES,
	"00:00:01 service_unhealthy svc=a\n00:00:02 remediation_completed svc=a sev=critical",
	"a unhealthy since 00:00:01 seen 00:00:02 healthy - failure 00:00:01\n"
	"inc-" T "1-n-a active error 00:00:01 00:00:01 x1\n"},
};

/* Rule: F7 */
START_TEST(remedies)
{
	check_fold(&remedy_cases[_i]);
}
END_TEST

static const struct fold_case run_cases[] = {
    {RUNS | WORDS,
	"00:00:01 deployment_started cid=r svc=b src=s stage=prepare msg=x diag=/1\n"
	"00:00:02 deployment_completed cid=r svc=a src=t stage=complete msg=y diag=/2,/1",
	"r completed x1 00:00:01 00:00:02 last 00:00:02\n"
	"of a b source s stage complete message y /1 /2\n"},
    {RUNS, "00:00:01 deployment_failed cid=r", "r failed x0 - 00:00:01 last 00:00:01\n"},
    /* begun again */
    {RUNS | WORDS,
	"00:00:01 deployment_started cid=r svc=b src=s stage=prepare msg=x diag=/1\n"
	"00:00:02 deployment_failed cid=r stage=verify msg=y diag=/2\n"
	"00:00:03 deployment_started cid=r",
	"r open x2 00:00:01 - last 00:00:03\nof b source s stage verify message y /1 /2\n"},
    {RUNS,
	"00:00:01 deployment_started cid=r\n00:00:02 deployment_failed cid=r\n"
	"00:00:03 deployment_started cid=r\n00:00:04 deployment_started cid=r\n"
	"00:00:05 deployment_completed cid=r",
	"r completed x3 00:00:01 00:00:05 last 00:00:05\n"},
    {RUNS, "00:00:01 deployment_completed cid=r\n00:00:02 deployment_started cid=r",
	"r open x1 00:00:02 - last 00:00:02\n"},
    {RUNS, "00:00:01 deployment_completed cid=r\n00:00:02 deployment_failed cid=r",
	"r failed x0 - 00:00:02 last 00:00:02\n"},
    /* source the first that is there, stage and message the latest */
    {WORDS,
	"00:00:01 deployment_started cid=r\n00:00:02 deployment_started cid=r src=s stage=a msg=x\n"
	"00:00:03 deployment_completed cid=r src=t",
	"of source s stage a message x\n"},
    {WORDS, "00:00:01 deployment_started cid=r all\n00:00:02 deployment_completed cid=r",
	"of (all) source - stage - message -\n"},
    {WORDS, "00:00:01 deployment_started cid=r all\n00:00:02 deployment_completed cid=r svc=b,a,b2",
	"of (all) a b b2 source - stage - message -\n"},
    {WORDS | COUNTS, "00:00:01 deployment_started cid=r svc=0123456789ab_web,b",
	"counts 1 unscoped 0 ghosts 1 over 0\nof b source - stage - message -\n"},
    /* only deployment_* are its events; it makes no service */
    {RUNS | WORDS | SERVICES,
	"00:00:01 deployment_started cid=r svc=a\n00:00:02 service_unhealthy cid=r svc=b msg=x\n"
	"00:00:03 anything cid=r stage=y diag=/1",
	"b unhealthy since 00:00:02 seen 00:00:02 healthy - failure 00:00:02\n"
	"r open x1 00:00:01 - last 00:00:01\nof a source - stage - message -\n"},
    {WORDS,
	"00:00:01 deployment_started cid=r diag=/1,/2,/3,/4,/5,/6,/7,/8,/9,/10\n"
	"00:00:01 deployment_started cid=r diag=/10,/11,/12,/13,/14,/15,/16,/17,/18\n",
	"of source - stage - message - /1 /2 /3 /4 /5 /6 /7 /8 /9 /10 /11 /12 /13 /14 /15 /16\n"},
};

/* Rule: F8 F12 */
START_TEST(deployments)
{
	check_fold(&run_cases[_i]);
}
END_TEST

#define MADE(second, name) "dep-" T #second "-n-" name " (made)"

static const struct fold_case made_cases[] = {
    {RUNS, "00:00:01.9 deployment_started svc=a\n00:00:03 deployment_completed svc=a",
	MADE(1, "a") " completed x1 00:00:01.9 00:00:03 last 00:00:03\n"},
    /* named by the least of its services that is no ghost, or all */
    {RUNS, "00:00:01 deployment_started svc=c,b,0123456789ab_a",
	MADE(1, "b") " open x1 00:00:01 - last 00:00:01\n"},
    {RUNS, "00:00:01 deployment_started svc=b,c",
	MADE(1, "b") " open x1 00:00:01 - last 00:00:01\n"},
    {RUNS, "00:00:01 deployment_started svc=0123456789ab_a",
	MADE(1, "all") " open x1 00:00:01 - last 00:00:01\n"},
    {RUNS, "00:00:01 deployment_started", MADE(1, "all") " open x1 00:00:01 - last 00:00:01\n"},
    {RUNS, "00:00:01 deployment_started all\n00:00:02 deployment_failed",
	MADE(1, "all") " failed x1 00:00:01 00:00:02 last 00:00:02\n"},
    {RUNS, "00:00:01 deployment_started all svc=b\n00:00:02 deployment_failed all",
	MADE(1, "b") " open x1 00:00:01 - last 00:00:01\n" MADE(
	    2, "all") " failed x0 - 00:00:02 last 00:00:02\n"},
    /* two starts in one second are two attempts */
    {RUNS, "00:00:01 deployment_started svc=a\n00:00:01.5 deployment_started svc=a",
	MADE(1, "a") " open x2 00:00:01 - last 00:00:01.5\n"},
    {RUNS,
	"00:00:01 deployment_started svc=a\n00:00:01.5 deployment_failed svc=a\n"
	"00:00:01.7 deployment_started svc=a",
	MADE(1, "a") " open x2 00:00:01 - last 00:00:01.7\n"},
    /* an end ends the latest started that is open */
    {RUNS,
	"00:00:01 deployment_started svc=a\n00:00:02 deployment_started svc=a\n"
	"00:00:03 deployment_started svc=b\n00:00:04 deployment_completed svc=a",
	MADE(1, "a") " open x1 00:00:01 - last 00:00:01\n" MADE(
	    2, "a") " completed x1 00:00:02 00:00:04 last 00:00:04\n" MADE(3,
	    "b") " open x1 00:00:03 - last 00:00:03\n"},
    {RUNS,
	"00:00:01 deployment_started svc=a\n00:00:02 deployment_started svc=a\n"
	"00:00:03 deployment_completed svc=a\n00:00:04 deployment_failed svc=a\n"
	"00:00:05 deployment_failed svc=a",
	MADE(1, "a") " failed x1 00:00:01 00:00:04 last 00:00:04\n" MADE(
	    2, "a") " completed x1 00:00:02 00:00:03 last 00:00:03\n" MADE(5,
	    "a") " failed x0 - 00:00:05 last 00:00:05\n"},
    /* without an open one it makes one, or ends the one of that second again */
    {RUNS, "00:00:01 deployment_completed svc=a\n00:00:01.5 deployment_failed svc=a",
	MADE(1, "a") " failed x0 - 00:00:01.5 last 00:00:01.5\n"},
    {RUNS, "00:00:01 deployment_completed svc=a\n00:00:01.5 deployment_started svc=a",
	MADE(1, "a") " open x1 00:00:01.5 - last 00:00:01.5\n"},
    /* runs that have a correlation id are apart, whatever it is */
    {RUNS,
	"00:00:01 deployment_started svc=a\n00:00:02 deployment_started svc=a cid=dep-" T "1-n-a\n"
	"00:00:03 deployment_completed svc=a cid=dep-" T "1-n-a\n00:00:04 deployment_failed svc=a",
	MADE(1, "a") " failed x1 00:00:01 00:00:04 last 00:00:04\n"
		     "dep-" T "1-n-a completed x1 00:00:02 00:00:03 last 00:00:03\n"},
    {RUNS, "00:00:01 deployment_started svc=a cid=r\n00:00:02 deployment_completed svc=a",
	"r open x1 00:00:01 - last 00:00:01\n" MADE(
	    2, "a") " completed x0 - 00:00:02 last 00:00:02\n"},
};

/* Rule: F9 F4 */
START_TEST(deployments_without_correlation_id)
{
	check_fold(&made_cases[_i]);
}
END_TEST

/* An event of that type that names services s<from> to s<to - 1>. */
static void
fold_many(struct partition *p, timestamp at, const char *type, int from, int to)
{
	static char texts[2000][16];
	struct event e;

	plain_event(at, type, &e);
	e.correlation_id = "r";
	for (int i = from; i < to; i++) {
		(void)snprintf(texts[i], sizeof(texts[i]), "s%04d", i);
		e.services[e.service_count++] = texts[i];
	}
	partition_fold(p, &e);
}

/* Rule: F11 */
START_TEST(a_thousand_services)
{
	struct partition *p = partition_new("n");

	for (int i = 0; i < 900; i += 100)
		fold_many(p, time_at("00:00:01"), "service_healthy", i, i + 100);
	fold_many(p, time_at("00:00:02"), "service_unhealthy", 900, 1000);
	ck_assert_uint_eq(p->service_count, 1000);
	ck_assert_uint_eq(p->over_limit, 0);
	fold_many(p, time_at("00:00:03"), "service_unhealthy", 998, 1050);
	ck_assert_uint_eq(p->service_count, 1000);
	ck_assert_uint_eq(p->incident_count, 100);
	ck_assert_uint_eq(p->over_limit, 1);
	ck_assert_int_eq(p->services[999]->last_failure, time_at("00:00:03"));
	ck_assert_int_eq(p->services[997]->last_failure, time_at("00:00:02"));
	fold_many(p, time_at("00:00:04"), "service_healthy", 1000, 1001);
	ck_assert_uint_eq(p->over_limit, 2);
	fold_lines(p, "00:00:05 service_unhealthy all");
	ck_assert_uint_eq(p->over_limit, 3);
	ck_assert_uint_eq(p->unscoped, 0);
	fold_lines(p, "00:00:06 anything svc=new\n00:00:06 remediation_started svc=new");
	ck_assert_uint_eq(p->over_limit, 3);
	fold_many(p, time_at("00:00:07"), "service_unhealthy", 0, 200);
	ck_assert_uint_eq(p->over_limit, 3);
	ck_assert_uint_eq(p->incident_count, 300);
	ck_assert_uint_eq(p->service_count, 1000);
	partition_free(p);
}
END_TEST

/* Rule: F11 */
START_TEST(a_thousand_services_of_a_run)
{
	struct partition *p = partition_new("n");

	for (int i = 0; i < 1000; i += 250)
		fold_many(p, time_at("00:00:01"), "deployment_started", i, i + 250);
	ck_assert_uint_eq(p->run_count, 1);
	ck_assert_uint_eq(p->runs[0]->service_count, 1000);
	ck_assert_uint_eq(p->over_limit, 0);
	fold_many(p, time_at("00:00:02"), "deployment_started", 900, 1100);
	ck_assert_uint_eq(p->runs[0]->service_count, 1000);
	ck_assert_uint_eq(p->over_limit, 1);
	fold_many(p, time_at("00:00:03"), "deployment_started", 500, 700);
	ck_assert_uint_eq(p->over_limit, 1);
	ck_assert_uint_eq(p->runs[0]->attempts, 6);
	partition_free(p);
}
END_TEST

/* Opens and resolves an incident, so many times; each is a second long. */
static timestamp
cycle(struct partition *p, timestamp at, const char *service, int times)
{
	struct event e;

	for (int i = 0; i < times; i++) {
		plain_event(at, "service_unhealthy", &e);
		e.services[e.service_count++] = service;
		partition_fold(p, &e);
		e.at = at += SECONDS(1);
		e.type = "service_healthy";
		e.kind = event_type_find(e.type);
		partition_fold(p, &e);
	}
	return at;
}

static void
break_service(struct partition *p, timestamp at, const char *service)
{
	struct event e;

	plain_event(at, "service_unhealthy", &e);
	e.services[e.service_count++] = service;
	partition_fold(p, &e);
}

/* Of those resolved the one that ended first goes, not the one that began
 * first. Rule: F11 F6 */
START_TEST(five_thousand_incidents)
{
	struct partition *p = partition_new("n");
	timestamp at = time_at("00:00:00"), first = at;

	break_service(p, at, "a");
	ck_assert_int_eq(p->incidents[0]->resolved_at, TIMESTAMP_NONE);
	at = cycle(p, at, "b", 4999);
	ck_assert_uint_eq(p->incident_count, 5000);
	fold_lines(p, "05:00:00 service_healthy svc=a");
	ck_assert_uint_eq(p->incident_count, 5000);
	break_service(p, time_at("05:00:01"), "c");
	ck_assert_uint_eq(p->incident_count, 5000);
	ck_assert_str_eq(p->incidents[0]->service, "a");
	ck_assert_int_eq(p->incidents[0]->resolved_at, time_at("05:00:00"));
	ck_assert_str_eq(p->incidents[1]->service, "b");
	ck_assert_int_eq(p->incidents[1]->started_at, first + SECONDS(1));
	ck_assert_str_eq(p->incidents[4999]->service, "c");
	ck_assert_uint_eq(p->over_limit, 0);
	/* a's is the newest end but one: it stays for 4,998 more. */
	p = there_and_back(p);
	at = cycle(p, time_at("05:00:02"), "d", 4998);
	ck_assert_str_eq(p->incidents[0]->service, "a");
	(void)cycle(p, at, "d", 1);
	ck_assert_str_eq(p->incidents[0]->service, "c");
	ck_assert(p->incidents[0]->active);
	partition_free(p);
}
END_TEST

/*
 * A service that fails and heals 6,000 times within a second, and takes no time
 * worth telling: the first is a, the k-th a-(k+1), since a-2 is another service.
 * From the 5,001st on there is one too many: the first is forgotten, then the
 * next, and each new one takes the id of the one before. Rule: F6 F11
 */
START_TEST(incidents_of_one_second)
{
	struct partition *p = partition_new("n");
	timestamp at = time_at("00:00:00");

	break_service(p, at++, "a-2");
	for (int k = 1; k <= 6000; k++) {
		struct event e;

		break_service(p, at++, "a");
		plain_event(at++, "service_healthy", &e);
		e.services[e.service_count++] = "a";
		partition_fold(p, &e);
		if (k == 1 || k == 5001)
			ck_assert_uint_eq(p->incidents[p->incident_count - 1]->suffix, 0);
		else
			ck_assert_uint_eq(p->incidents[p->incident_count - 1]->suffix,
			    (unsigned)(k > 5000 ? k - 5000 : k) + 1);
	}
	ck_assert_uint_eq(p->incident_count, 5000);
	partition_free(p);
}
END_TEST

static bool
can_be_read(const struct partition *p)
{
	cleanup_buffer struct buffer bytes = {0};
	struct partition *back;

	partition_pack(p, &bytes);
	back = unpacked(&bytes);
	partition_free(back);
	return back != NULL;
}

static void
add_run_services(struct run *r, size_t count)
{
	r->services = memory_resize(r->services, r->service_count + count, sizeof(*r->services));
	for (; count > 0; count--)
		r->services[r->service_count++] = text_copy("s");
}

/* What the fold relies on is asked of bytes too. Rule: F11 */
START_TEST(states_beyond_the_limits)
{
	struct partition *p = partition_new("n");

	fold_lines(p, "00:00:00 deployment_started cid=d");
	ck_assert(can_be_read(p));
	add_run_services(p->runs[0], PARTITION_SERVICES_MAX);
	ck_assert(can_be_read(p));
	add_run_services(p->runs[0], 1);
	ck_assert(!can_be_read(p));
	p->runs[0]->service_count--;
	p->heard_hour = INT64_MIN;
	ck_assert(!can_be_read(p));
	p->runs[0]->service_count++;
	partition_free(p);
}
END_TEST

/* Rule: C4 */
START_TEST(states_of_other_versions)
{
	struct partition *p = partition_new("n"), *back;
	cleanup_buffer struct buffer bytes = {0};
	unsigned char current;

	fold_lines(p, "00:00:00 node_online");
	partition_pack(p, &bytes);
	current = bytes.data[0];
	for (int version = 0; version < 128; version++) {
		bytes.data[0] = (unsigned char)version;
		back = unpacked(&bytes);
		ck_assert_int_eq(back != NULL, version == current || version == current - 1);
		partition_free(back);
	}
	partition_free(p);
}
END_TEST

/* The same of types: so many of their own and one for all others, in order. Rule: F11 */
START_TEST(states_of_too_many_types)
{
	struct partition *p = partition_new("n");
	struct event e;
	char type[16];

	for (int i = 0; i < PARTITION_TYPES_MAX + 3; i++) {
		(void)snprintf(type, sizeof(type), "zz-%04d", i);
		plain_event(time_at("00:00:00"), type, &e);
		partition_fold(p, &e);
		ck_assert(can_be_read(p));
	}
	ck_assert_uint_eq(p->other_types, PARTITION_TYPES_MAX + 1);
	ck_assert_str_eq(p->types[0].type, "other");
	ck_assert_uint_eq(p->types[0].count, 3);
	p->types[0].type[4] = 's';
	ck_assert(!can_be_read(p));
	p->types[0].type[4] = 'r';
	p->other_types--;
	ck_assert(!can_be_read(p));
	p->other_types++;
	ck_assert(can_be_read(p));
	p->types[1].type[0] = 'a';
	ck_assert(!can_be_read(p));
	p->types[1].type[0] = 'z';
	p->types[1].type[6] = p->types[2].type[6];
	ck_assert_str_eq(p->types[1].type, p->types[2].type);
	ck_assert(!can_be_read(p));
	partition_free(p);
}
END_TEST

/* One event ends several: in the order of the services' names. Rule: F11 F3 */
START_TEST(ends_of_one_event)
{
	struct partition *p = partition_new("n");
	timestamp at;

	break_service(p, time_at("00:00:00"), "b");
	break_service(p, time_at("00:00:00"), "a");
	break_service(p, time_at("00:00:00"), "c");
	fold_lines(p, "00:00:01 service_healthy all");
	p = there_and_back(p);
	at = cycle(p, time_at("00:00:02"), "d", 4998);
	ck_assert_uint_eq(p->incident_count, 5000);
	ck_assert_str_eq(p->incidents[0]->service, "b");
	ck_assert_str_eq(p->incidents[1]->service, "c");
	at = cycle(p, at, "d", 1);
	ck_assert_str_eq(p->incidents[0]->service, "c");
	(void)cycle(p, at, "d", 1);
	ck_assert_str_eq(p->incidents[0]->service, "d");
	partition_free(p);
}
END_TEST

/* ... and those it names in the order it names them. Rule: F11 F3 */
START_TEST(ends_of_one_event_by_name)
{
	struct partition *p = partition_new("n");
	timestamp at;

	fold_lines(p, "00:00:00 service_unhealthy svc=a,b,c\n00:00:01 service_healthy svc=c,a,b");
	p = there_and_back(p);
	at = cycle(p, time_at("00:00:02"), "d", 4998);
	ck_assert_str_eq(p->incidents[0]->service, "a");
	ck_assert_str_eq(p->incidents[1]->service, "b");
	at = cycle(p, at, "d", 1);
	ck_assert_str_eq(p->incidents[0]->service, "b");
	(void)cycle(p, at, "d", 1);
	ck_assert_str_eq(p->incidents[0]->service, "d");
	partition_free(p);
}
END_TEST

static void
deploy(struct partition *p, timestamp at, const char *type, int number)
{
	char id[16];
	struct event e;

	(void)snprintf(id, sizeof(id), "r%d", number);
	plain_event(at, type, &e);
	e.correlation_id = id;
	partition_fold(p, &e);
}

static bool
has_run(const struct partition *p, const char *id)
{
	for (size_t i = 0; i < p->run_count; i++)
		if (strcmp(p->runs[i]->id, id) == 0)
			return true;
	return false;
}

/* Rule: F11 */
START_TEST(a_thousand_deployments)
{
	struct partition *p = partition_new("n");
	timestamp at = time_at("00:00:00");
	int i;

	for (i = 0; i < 1000; i++)
		deploy(p, at += SECONDS(1), "deployment_started", i);
	deploy(p, at += SECONDS(1), "deployment_started", 0);
	ck_assert_uint_eq(p->run_count, 1000);
	/* all open: the one whose last event is first */
	deploy(p, at += SECONDS(1), "deployment_started", i++);
	ck_assert_uint_eq(p->run_count, 1000);
	ck_assert(has_run(p, "r0") && !has_run(p, "r1") && has_run(p, "r2"));
	p = there_and_back(p);
	/* an ended one goes before any open one */
	deploy(p, at += SECONDS(1), "deployment_failed", 500);
	deploy(p, at += SECONDS(1), "deployment_completed", 400);
	deploy(p, at += SECONDS(1), "deployment_started", i++);
	ck_assert(!has_run(p, "r500") && has_run(p, "r400") && has_run(p, "r2"));
	p = there_and_back(p);
	/* ended first, though its last event is later: ended, begun, ended */
	deploy(p, at += SECONDS(1), "deployment_completed", 300);
	deploy(p, at += SECONDS(1), "deployment_started", 400);
	deploy(p, at += SECONDS(1), "deployment_completed", 400);
	p = there_and_back(p);
	deploy(p, at += SECONDS(1), "deployment_started", i++);
	ck_assert(!has_run(p, "r300") && has_run(p, "r400"));
	deploy(p, at += SECONDS(1), "deployment_started", i++);
	ck_assert(!has_run(p, "r400"));
	/* an end out of the blue is the only one that isn't open */
	deploy(p, at += SECONDS(1), "deployment_failed", i);
	ck_assert_uint_eq(p->run_count, 1000);
	ck_assert(!has_run(p, "r1004") && has_run(p, "r2") && has_run(p, "r1003"));
	ck_assert_uint_eq(p->over_limit, 0);
	partition_free(p);
}
END_TEST

static const struct fold_case forget_cases[] = {
    /* resolved incidents: more than 30 days before the day */
    {INCIDENTS,
	"00:00:00 service_unhealthy svc=a\n00:00:00 service_healthy svc=a\n30d23:59:59.999999999 x",
	"inc-" T "0-n-a resolved error 00:00:00 00:00:00 x1 00:00:00 service_healthy\n"},
    {INCIDENTS, "00:00:00 service_unhealthy svc=a\n00:00:00 service_healthy svc=a\n31d00:00:00 x",
	""},
    {INCIDENTS,
	"00:00:00 service_unhealthy svc=a\n00:00:00.000000001 service_healthy svc=b\n"
	"23:59:59.999999999 service_healthy svc=a\n31d23:00:00 x",
	""},
    {INCIDENTS, "00:00:00 service_unhealthy svc=a\n1d00:00:00 service_healthy svc=a\n31d23:59:59 x",
	"inc-" T "0-n-a resolved error 00:00:00 00:00:00 x1 1d00:00:00 service_healthy\n"},
    /* with each day's first event, before that is folded */
    {INCIDENTS | SERVICES | REMEDIES,
	"00:00:01 service_unhealthy svc=a\n00:00:02 service_healthy svc=a\n"
	"31d00:00:00 remediation_started svc=a",
	"a healthy since 00:00:02 seen 31d00:00:00 healthy 00:00:02 failure 00:00:01\n"},
    {INCIDENTS,
	"00:00:00 service_unhealthy svc=a\n00:00:00 service_healthy svc=a\n"
	"00:00:00 service_unhealthy svc=a\n00:00:00 service_healthy svc=b\n"
	"500d00:00:00 x\n500d00:00:01 service_healthy svc=a\n530d00:00:00 x",
	"inc-" T "0-n-a-2 resolved error 00:00:00 00:00:00 x1 500d00:00:01 service_healthy\n"},
    /* deployments, open or not: 120 days since the last event */
    {RUNS,
	"00:00:00 deployment_started cid=r\n00:00:00 deployment_completed cid=s\n"
	"120d23:59:59 x",
	"r open x1 00:00:00 - last 00:00:00\ns completed x0 - 00:00:00 last 00:00:00\n"},
    {RUNS,
	"00:00:00 deployment_started cid=r\n00:00:00 deployment_completed cid=s\n"
	"1d00:00:00 deployment_started svc=a\n121d00:00:00 deployment_completed cid=r",
	"dep-1778630400-n-a (made) open x1 1d00:00:00 - last 1d00:00:00\n"
	"r completed x0 - 121d00:00:00 last 121d00:00:00\n"},
    {RUNS, "00:00:00 deployment_started cid=r\n1d00:00:00 deployment_started cid=r\n121d23:00:00 x",
	"r open x2 00:00:00 - last 1d00:00:00\n"},
    /* services without active incident: 120 days since last seen */
    {SERVICES, "00:00:00 service_healthy svc=a\n120d23:59:59 x",
	"a healthy since 00:00:00 seen 00:00:00 healthy 00:00:00 failure -\n"},
    {SERVICES, "00:00:00 service_healthy svc=a\n121d00:00:00 x", ""},
    {SERVICES | INCIDENTS, "00:00:00 service_unhealthy svc=a\n500d00:00:00 x",
	"a unhealthy since 00:00:00 seen 00:00:00 healthy - failure 00:00:00\n"
	"inc-" T "0-n-a active error 00:00:00 00:00:00 x1\n"},
    {SERVICES, "00:00:00 service_healthy svc=a\n60d00:00:00 x svc=a\n180d23:59:59 x",
	"a healthy since 00:00:00 seen 60d00:00:00 healthy 00:00:00 failure -\n"},
    {SERVICES, "00:00:00 service_healthy svc=a,b\n200d00:00:00 service_healthy svc=a",
	"a healthy since 200d00:00:00 seen 200d00:00:00 healthy 200d00:00:00 failure -\n"},
    {SERVICES, "00:00:00 service_healthy svc=a\n200d00:00:00 service_healthy all", ""},
    /* what the node is, is never forgotten */
    {NODE | COUNTS | TYPES,
	"00:00:00 node_offline\n00:00:01 disk_usage_high disk=high\n900d00:00:00 x",
	"node offline since 00:00:00 seen 00:00:00 900d00:00:00 high - -\n"
	"counts 3 unscoped 0 ghosts 0 over 0\ndisk_usage_high 1\nnode_offline 1\nx 1\n"},
};

/* Rule: F11 */
START_TEST(forgetting)
{
	check_fold(&forget_cases[_i]);
}
END_TEST

/* Hours with an event, for the 168 up to the newest and to the one before it.
 * Rule: F2 */
START_TEST(hours_heard)
{
	static const struct {
		uint64_t sides;
		timestamp unit;
	} gaps[] = {{90, MINUTES(1)}, {40, HOURS(1)}, {300, HOURS(1)}, {3, HOURS(64)}};
	struct dice d = dice_of(_i);
	struct partition *p = partition_new("n");
	bool heard[3000] = {false};
	int64_t first = hour_of(DAY_ZERO), hour = 0;
	timestamp at = DAY_ZERO;
	struct event e;

	ck_assert(!partition_heard(p, first) && !partition_heard(p, 0));
	for (int i = 0; i < 500; i++) {
		size_t gap = roll(&d, COUNT(gaps));

		at += (timestamp)roll(&d, gaps[gap].sides) * gaps[gap].unit;
		if ((hour = hour_of(at) - first) >= (int64_t)COUNT(heard))
			break;
		heard[hour] = true;
		plain_event(at, "x", &e);
		partition_fold(p, &e);
		for (int64_t k = hour - 168; k <= hour + 2; k++)
			if (partition_heard(p, first + k) !=
			    (k >= 0 && k < (int64_t)COUNT(heard) && heard[k]))
				ck_abort_msg("seed %d, hour %d of %d", _i, (int)k, (int)hour);
		ck_assert(!partition_heard(p, first + hour - HEARD_WORDS * 64));
	}
	partition_free(p);
}
END_TEST

static void
assert_same_state(const struct partition *a, const struct partition *b, int seed)
{
	cleanup_buffer struct buffer one = {0}, other = {0};
	char what[32];

	(void)snprintf(what, sizeof(what), "seed %d", seed);
	partition_pack(a, &one);
	partition_pack(b, &other);
	assert_same_bytes(&one, &other, what);
	one.length = other.length = 0;
	assert_text(show(a, UINT32_MAX, &one), show(b, UINT32_MAX, &other), what);
}

/* fold(a ++ b) = fold(fold(a), b), with the state packed at every event.
 * Rule: W1 */
START_TEST(folding_can_be_interrupted_anywhere)
{
	struct dice d = dice_of(_i);
	struct partition *straight = partition_new("n"), *packed = partition_new("n");
	timestamp at = DAY_ZERO;
	struct event e;

	for (int i = 0; i < 600; i++) {
		at += random_step(&d);
		random_event(&d, at, &e);
		partition_fold(straight, &e);
		packed = there_and_back(packed);
		partition_fold(packed, &e);
	}
	assert_same_state(straight, packed, _i);
	partition_free(straight);
	partition_free(packed);
}
END_TEST

/* The same where every limit has been reached. Rule: W1 F11 */
START_TEST(a_full_partition_can_be_packed)
{
	struct partition *a = partition_new("n"), *b;
	cleanup_buffer struct buffer bytes = {0};
	timestamp at = DAY_ZERO;

	for (int i = 0; i < 1000; i += 250)
		fold_many(a, at, "deployment_started", i, i + 250);
	for (int i = 0; i < 1001; i++)
		deploy(a, at += SECONDS(1), "deployment_started", i);
	for (int i = 0; i < 1000; i += 200)
		fold_many(a, at, "service_unhealthy", i, i + 200);
	at = cycle(a, at + SECONDS(1), "s0500", 4300);
	partition_pack(a, &bytes);
	b = unpacked(&bytes);
	ck_assert_ptr_nonnull(b);
	ck_assert_uint_eq(b->incident_count, 5000);
	ck_assert_uint_eq(b->run_count, 1000);
	ck_assert_uint_eq(b->service_count, 1000);
	(void)cycle(a, at, "s0001", 3);
	(void)cycle(b, at, "s0001", 3);
	deploy(a, at, "deployment_completed", 5000);
	deploy(b, at, "deployment_completed", 5000);
	assert_same_state(a, b, 0);
	partition_free(a);
	partition_free(b);
}
END_TEST

/* Bytes that are no partition, or not that one, are refused or read: never
 * beyond their end. Rule: C4 */
START_TEST(damaged_states)
{
	struct dice d = dice_of(_i);
	struct partition *p = partition_new("n");
	cleanup_buffer struct buffer bytes = {0};
	timestamp at = DAY_ZERO;
	struct event e;

	for (int i = 0; i < 40; i++) {
		random_event(&d, at += (timestamp)roll(&d, MINUTES(20)), &e);
		partition_fold(p, &e);
	}
	partition_pack(p, &bytes);
	for (size_t length = 0; length < bytes.length; length++) {
		cleanup_free unsigned char *torn = memory_resize(NULL, length, 1);

		memcpy(torn, bytes.data, length);
		if (unpacked(&(struct buffer){.data = torn, .length = length}) != NULL)
			ck_abort_msg("a state of %zu bytes", length);
	}
	for (size_t i = 0; i < bytes.length; i++) {
		unsigned char was = bytes.data[i];

		bytes.data[i] ^= (unsigned char)(1 << roll(&d, 8));
		partition_free(unpacked(&bytes));
		bytes.data[i] = was;
	}
	partition_free(p);
}
END_TEST

static TCase *
rules_of_the_fold(void)
{
	TCase *tc = tcase_create("rules");

	tcase_add_loop_test(tc, nodes, 0, COUNT(node_cases));
	tcase_add_test(tc, counts_by_type);
	tcase_add_loop_test(tc, services, 0, COUNT(service_cases));
	tcase_add_loop_test(tc, incidents, 0, COUNT(incident_cases));
	tcase_add_test(tc, times_of_incidents);
	tcase_add_loop_test(tc, remedies, 0, COUNT(remedy_cases));
	tcase_add_loop_test(tc, deployments, 0, COUNT(run_cases));
	tcase_add_loop_test(tc, deployments_without_correlation_id, 0, COUNT(made_cases));
	tcase_add_loop_test(tc, forgetting, 0, COUNT(forget_cases));
	tcase_add_loop_test(tc, hours_heard, 0, 20);
	return tc;
}

static TCase *
limits_of_the_fold(void)
{
	TCase *tc = tcase_create("limits");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_thousand_services);
	tcase_add_test(tc, a_thousand_services_of_a_run);
	tcase_add_test(tc, five_thousand_incidents);
	tcase_add_test(tc, incidents_of_one_second);
	tcase_add_test(tc, ends_of_one_event);
	tcase_add_test(tc, ends_of_one_event_by_name);
	tcase_add_test(tc, a_thousand_deployments);
	return tc;
}

static TCase *
states(void)
{
	TCase *tc = tcase_create("states");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, folding_can_be_interrupted_anywhere, 0, 20);
	tcase_add_test(tc, a_full_partition_can_be_packed);
	tcase_add_loop_test(tc, damaged_states, 0, 4);
	tcase_add_test(tc, states_beyond_the_limits);
	tcase_add_test(tc, states_of_too_many_types);
	tcase_add_test(tc, states_of_other_versions);
	return tc;
}

Suite *
partition_suite(void)
{
	Suite *suite = suite_create("partition");

	suite_add_tcase(suite, rules_of_the_fold());
	suite_add_tcase(suite, limits_of_the_fold());
	suite_add_tcase(suite, states());
	return suite;
}
