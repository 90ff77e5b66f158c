/*
 * States that no fold makes: beyond a limit, or with a part missing. They can
 * only come from a file that somebody wrote, and are refused whole or lived
 * with; what is just at a limit is read.
 */

#include "support.h"

#include <stdio.h>
#include <string.h>

/* The state that comes of packing, or NULL. */
static struct partition *
packed_and_read(const struct partition *p, struct buffer *bytes)
{
	struct unpack in;

	bytes->length = 0;
	partition_pack(p, bytes);
	in = (struct unpack){bytes->data, bytes->data + bytes->length, false};
	return partition_unpack(&in);
}

static void
assert_refused(const struct partition *p)
{
	cleanup_buffer struct buffer bytes = {0};

	ck_assert_ptr_null(packed_and_read(p, &bytes));
}

static void
assert_read(const struct partition *p)
{
	cleanup_buffer struct buffer bytes = {0}, again = {0};
	struct partition *other = packed_and_read(p, &bytes);

	ck_assert_ptr_nonnull(other);
	partition_pack(other, &again);
	assert_same_bytes(&bytes, &again, "packed again");
	partition_free(other);
}

/* Rule: F11 C4 */
START_TEST(services_beyond_the_limit)
{
	struct partition *p = partition_new("n");
	char name[16];
	struct event e;

	for (int i = 0; i <= PARTITION_SERVICES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "s%04d", i);
		plain_event(DAY_ZERO, "service_healthy", &e);
		e.services[e.service_count++] = name;
		partition_fold(p, &e);
	}
	ck_assert_uint_eq(p->service_count, PARTITION_SERVICES_MAX);
	assert_read(p);
	ARRAY_GROW(p->services, p->service_count, p->service_room);
	p->services[p->service_count] = memory_alloc(sizeof(struct service));
	p->services[p->service_count++]->name = text_copy("t");
	assert_refused(p);
	partition_free(p);
}
END_TEST

/* Rule: F6 C4 */
START_TEST(times_beyond_the_limit)
{
	struct partition *p = partition_new("n");
	struct incident *i;

	for (int k = 0; k < INCIDENT_TIMES_MAX + 7; k++) {
		fold_lines(p, "00:00:01 service_unhealthy svc=a");
		assert_read(p);
	}
	i = p->incidents[0];
	ck_assert_uint_eq(i->time_count, INCIDENT_TIMES_MAX);
	i->times = memory_resize(i->times, INCIDENT_TIMES_MAX + 1, sizeof(*i->times));
	i->times[i->time_count++] = i->times[0];
	assert_refused(p);
	partition_free(p);
}
END_TEST

/* A state ends with the diagnostics of its last run: their number, then each
 * with its length before it and a NUL behind. Rule: F8 E9 C4 */
START_TEST(diagnostics_beyond_the_limit)
{
	struct partition *p = partition_new("n");
	cleanup_buffer struct buffer bytes = {0};
	unsigned char *count;
	struct unpack in;

	fold_lines(p, "00:00:01 deployment_failed cid=r diag=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p");
	assert_read(p);
	partition_pack(p, &bytes);
	count = bytes.data + bytes.length - EVENT_DIAGNOSTICS_MAX * strlen("1a0") - 1;
	ck_assert_uint_eq(*count, EVENT_DIAGNOSTICS_MAX);
	++*count;
	buffer_add(&bytes, "\001q", 3);
	in = (struct unpack){bytes.data, bytes.data + bytes.length, false};
	ck_assert_ptr_null(partition_unpack(&in));
	partition_free(p);
}
END_TEST

/* Rule: C4 */
START_TEST(a_state_with_more_behind_it)
{
	struct partition *p = partition_new("n");
	cleanup_buffer struct buffer bytes = {0};
	struct unpack in;

	partition_pack(p, &bytes);
	buffer_add(&bytes, "", 1);
	in = (struct unpack){bytes.data, bytes.data + bytes.length, false};
	ck_assert_ptr_null(partition_unpack(&in));
	partition_free(p);
}
END_TEST

/* Rule: C4 */
START_TEST(an_incident_of_no_service)
{
	struct partition *p = partition_new("n");

	fold_lines(p, "00:00:01 service_unhealthy svc=a");
	assert_read(p);
	p->service_count = 0;
	assert_refused(p);
	p->service_count = 1;
	partition_free(p);
}
END_TEST

/* The service goes first, the incident, which says that it ended far in the
 * future, after it. Rule: F11 */
START_TEST(an_incident_that_outlives_its_service)
{
	struct partition *p = partition_new("n");

	fold_lines(p, "00:00:01 service_unhealthy svc=a\n00:00:02 service_healthy svc=a");
	p->incidents[0]->resolved_at = time_at("300d00:00:00");
	p->services[0]->latest = NULL;
	fold_lines(p, "200d00:00:00 x");
	ck_assert_uint_eq(p->service_count, 0);
	ck_assert_uint_eq(p->incident_count, 1);
	fold_lines(p, "400d00:00:00 x");
	ck_assert_uint_eq(p->incident_count, 0);
	partition_free(p);
}
END_TEST

Suite *
state_suite(void)
{
	Suite *suite = suite_create("state");
	TCase *tc = tcase_create("beyond");

	tcase_add_test(tc, services_beyond_the_limit);
	tcase_add_test(tc, times_beyond_the_limit);
	tcase_add_test(tc, diagnostics_beyond_the_limit);
	tcase_add_test(tc, a_state_with_more_behind_it);
	tcase_add_test(tc, an_incident_of_no_service);
	tcase_add_test(tc, an_incident_that_outlives_its_service);
	suite_add_tcase(suite, tc);
	return suite;
}
