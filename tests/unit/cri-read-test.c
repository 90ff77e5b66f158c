/* What CRI's replies say, of messages made by hand; and what follows from it. */

#include "rpc.h"

#include "../../src/runtime/cri.h"

#include <string.h>

static struct cri_view view, kept;
static struct cri_sandboxes sandboxes;
static struct buffer reply;

static void
start(void)
{
	memory_init();
}

static void
stop(void)
{
	cri_view_release(&view);
	cri_view_release(&kept);
	cri_sandboxes_release(&sandboxes);
	buffer_release(&reply);
}

/* A container of a list; field numbers are those of runtime.v1. */
static void
add_listed(const char *id, const char *name, unsigned state)
{
	struct buffer c = {0}, metadata = {0}, image = {0};

	proto_text(&c, 1, id);
	proto_text(&c, 2, "sandbox");
	proto_text(&metadata, 1, name);
	proto_number(&metadata, 2, 7);
	proto_message(&c, 3, &metadata);
	proto_text(&image, 1, "sha256:aaaa");
	proto_message(&c, 4, &image);
	proto_text(&c, 5, "docker.io/library/web@sha256:bbbb");
	proto_number(&c, 6, state);
	proto_number(&c, 7, 1778544000000000001);
	proto_label(&c, 8, "homelab.service", "web");
	proto_label(&c, 8, "other", "");
	proto_label(&c, 9, "annotation", "no label");
	proto_text(&c, 10, "a field of later versions");
	proto_message(&reply, 1, &c);
}

static void
read_listed(struct cri_view *out)
{
	cri_view_release(out);
	ck_assert_int_eq(cri_read_list(reply.data, reply.length, out), 0);
	reply.length = 0;
}

static void
add_status(unsigned state, int64_t started, int64_t finished, int32_t code, const char *reason)
{
	struct buffer s = {0}, image = {0};

	proto_text(&s, 1, "c1");
	proto_number(&s, 3, state);
	proto_number(&s, 4, 5);
	proto_number(&s, 5, (uint64_t)started);
	proto_number(&s, 6, (uint64_t)finished);
	proto_number(&s, 7, (uint64_t)(int64_t)code);
	proto_text(&image, 1, "docker.io/library/web:2");
	proto_message(&s, 8, &image);
	proto_text(&s, 10, reason);
	proto_text(&s, 15, "/var/log/pods/x/0.log");
	proto_message(&reply, 1, &s);
}

/* Container c1 of sandbox "sandbox", with that status. */
static struct container *
container_with(unsigned state, int64_t started, int64_t finished, int32_t code, const char *reason)
{
	add_listed("c1", "web", state);
	read_listed(&view);
	add_status(state, started, finished, code, reason);
	ck_assert_int_eq(cri_read_status(reply.data, reply.length, &view, 0, NULL), 0);
	reply.length = 0;
	return &view.containers.list[0];
}

static void
add_sandbox(const char *id, const char *name, const char *space, unsigned state)
{
	struct buffer s = {0}, metadata = {0};

	proto_text(&s, 1, id);
	proto_text(&metadata, 1, name);
	proto_text(&metadata, 2, "uid");
	proto_text(&metadata, 3, space);
	proto_message(&s, 2, &metadata);
	proto_number(&s, 3, state);
	proto_message(&reply, 1, &s);
}

static void
read_sandboxes(void)
{
	cri_sandboxes_release(&sandboxes);
	ck_assert_int_eq(cri_read_sandboxes(reply.data, reply.length, &sandboxes), 0);
	reply.length = 0;
}

/* --- reading ------------------------------------------------------------------------- */

START_TEST(test_version)
{
	struct runtime r = {0};

	proto_text(&reply, 1, "0.1.0");
	proto_text(&reply, 2, "containerd");
	proto_text(&reply, 3, "1.6.20~ds1\n");
	proto_text(&reply, 4, "v1");
	ck_assert_int_eq(cri_read_version(reply.data, reply.length, &r), 0);
	ck_assert_str_eq(r.product, "containerd");
	ck_assert_str_eq(r.version, "1.6.20~ds1\\x0a");
	ck_assert_str_eq(r.api, "v1");
}
END_TEST

START_TEST(test_no_version)
{
	struct runtime r = {.product = "kept"};

	ck_assert_int_eq(cri_read_version(NULL, 0, &r), -1);
	proto_text(&reply, 2, "containerd");
	ck_assert_int_eq(cri_read_version(reply.data, reply.length, &r), -1);
	ck_assert_int_eq(cri_read_version("\xff\xff", 2, &r), -1);
	ck_assert_str_eq(r.product, "kept");
}
END_TEST

START_TEST(test_list)
{
	const struct container *c;

	add_listed("c1", "web", 1);
	add_listed("c2", "db", 9);
	read_listed(&view);
	ck_assert_uint_eq(view.containers.count, 2);
	c = &view.containers.list[0];
	ck_assert_str_eq(c->id, "c1");
	ck_assert_str_eq(c->name, "web");
	ck_assert_str_eq(c->image, "");
	ck_assert_str_eq(c->digest, "sha256:bbbb");
	ck_assert_int_eq(c->created_at, 1778544000000000001);
	ck_assert_int_eq(c->started_at, TIMESTAMP_NONE);
	ck_assert_int_eq(c->restarts, 7);
	ck_assert_str_eq(container_label(c, "homelab.service"), "web");
	ck_assert_str_eq(container_label(c, "other"), "");
	ck_assert_ptr_null(container_label(c, "annotation"));
	ck_assert_str_eq(view.entries[0].sandbox, "sandbox");
	ck_assert_int_eq(view.entries[0].state, CRI_RUNNING);
	ck_assert(!view.entries[0].detailed && !view.entries[0].gone);
	ck_assert_int_eq(view.entries[1].state, CRI_UNKNOWN);
}
END_TEST

START_TEST(test_empty_list)
{
	read_listed(&view);
	ck_assert_uint_eq(view.containers.count, 0);
}
END_TEST

START_TEST(test_no_list)
{
	struct buffer c = {0};

	add_listed("", "web", 1);
	ck_assert_int_eq(cri_read_list(reply.data, reply.length, &view), -1);
	reply.length = 0;
	add_listed("c1", "", 1);
	ck_assert_int_eq(cri_read_list(reply.data, reply.length, &view), -1);
	reply.length = 0;
	proto_text(&c, 1, "c1"); /* and no metadata */
	proto_message(&reply, 1, &c);
	ck_assert_int_eq(cri_read_list(reply.data, reply.length, &view), -1);
	reply.length = 0;
	add_listed("c1", "web", 1);
	ck_assert_int_eq(cri_read_list(reply.data, reply.length - 1, &view), -1);
	ck_assert_uint_eq(view.containers.count, 0);
}
END_TEST

/* Two bytes a message, and each becomes a hundred. */
START_TEST(test_a_list_that_grows)
{
	for (int i = 0; i < 8 << 20; i++)
		buffer_add(&reply, "\x0a\0", 2);
	ck_assert_int_eq(cri_read_list(reply.data, reply.length, &view), -1);
	ck_assert_int_eq(cri_read_sandboxes(reply.data, reply.length, &sandboxes), -1);
}
END_TEST

START_TEST(test_more_than_is_taken)
{
	for (int i = 0; i < CONTAINERS_MAX; i++)
		add_listed("c", "web", 1);
	ck_assert_int_eq(cri_read_list(reply.data, reply.length, &view), 0);
	cri_view_release(&view);
	add_listed("c", "web", 1);
	ck_assert_int_eq(cri_read_list(reply.data, reply.length, &view), -1);
}
END_TEST

START_TEST(test_status_of_one_that_runs)
{
	cleanup_free char *log = NULL;
	const struct container *c = container_with(1, 11, 0, 0, "");

	ck_assert_int_eq(c->started_at, 11);
	ck_assert_int_eq(c->finished_at, TIMESTAMP_NONE);
	ck_assert(!c->has_exited);
	ck_assert_str_eq(c->image, "docker.io/library/web:2");
	ck_assert(view.entries[0].detailed);
	add_status(1, 11, 0, 0, "");
	ck_assert_int_eq(cri_read_status(reply.data, reply.length, &view, 0, &log), 0);
	ck_assert_str_eq(log, "/var/log/pods/x/0.log");
}
END_TEST

/* An exit code as it's told, and what becomes of it. */
START_TEST(test_status_of_one_that_ended)
{
	static const struct {
		int32_t told;
		const char *reason;
		int64_t code;
		int signal;
		bool oom;
	} rows[] = {{0, "Completed", 0, 0, false}, {3, "Error", 3, 0, false},
	    {137, "Error", 137, 9, false}, {137, "OOMKilled", 137, 9, true},
	    {143, "Error", 143, 15, false}, {(int32_t)0xC000013A, "Error", 3221225786, 0, false}};
	const struct container *c = container_with(2, 11, 12, rows[_i].told, rows[_i].reason);

	ck_assert(c->has_exited);
	ck_assert_int_eq(c->finished_at, 12);
	ck_assert_int_eq(c->exit_code, rows[_i].code);
	ck_assert_int_eq(c->signal, rows[_i].signal);
	ck_assert(c->oom_killed == rows[_i].oom);
}
END_TEST

START_TEST(test_no_status)
{
	add_listed("c1", "web", 1);
	read_listed(&view);
	ck_assert_int_eq(cri_read_status("", 0, &view, 0, NULL), -1);
	ck_assert_int_eq(cri_read_status("\x0a\x05", 2, &view, 0, NULL), -1);
	ck_assert(!view.entries[0].detailed);
}
END_TEST

/* --- judging ------------------------------------------------------------------------- */

/* The state it's in, by its own and its sandbox'. */
START_TEST(test_states)
{
	enum { READY, NOT_READY, GONE };
	static const struct {
		unsigned state;
		int64_t finished;
		int32_t code;
		const char *reason;
		int sandbox;
		enum container_state expected;
		bool requested;
	} rows[] = {
	    {0, 0, 0, "", READY, CONTAINER_CREATED, false},
	    {1, 0, 0, "", READY, CONTAINER_RUNNING, false},
	    {2, 9, 0, "Completed", READY, CONTAINER_EXITED, false},
	    {2, 9, 1, "Error", READY, CONTAINER_FAILED, false},
	    {2, 9, 137, "Error", READY, CONTAINER_FAILED, false},
	    {2, 9, 143, "Error", READY, CONTAINER_EXITED, false},
	    {2, 9, 137, "Error", NOT_READY, CONTAINER_EXITED, true},
	    {2, 9, 137, "Error", GONE, CONTAINER_EXITED, true},
	    {2, 9, 137, "OOMKilled", NOT_READY, CONTAINER_FAILED, true},
	    {3, 0, 255, "Unknown", READY, CONTAINER_STOPPING, false},
	    {3, 9, 255, "Unknown", READY, CONTAINER_FAILED, false},
	    {77, 0, 0, "", READY, CONTAINER_STOPPING, false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct container *c = container_with(
		    rows[i].state, 5, rows[i].finished, rows[i].code, rows[i].reason);

		add_sandbox("another", "pod", "default", 1);
		if (rows[i].sandbox != GONE)
			add_sandbox("sandbox", "web", "default", rows[i].sandbox == NOT_READY);
		add_sandbox("zzz", "pod", "default", 0);
		read_sandboxes();
		cri_judge(c, &view.entries[0], &sandboxes);
		ck_assert_msg(c->state == rows[i].expected, "row %zu: %s", i,
		    container_state_names[c->state]);
		ck_assert_int_eq(c->stop_requested, rows[i].requested);
	}
}
END_TEST

START_TEST(test_names)
{
	static const char *const rows[][3] = {/* pod, namespace, expected */
	    {"web", "default", "web"}, {"pod", "default", "pod_web"}, {"pod", "", "pod_web"},
	    {"pod", "staging", "staging_pod_web"}, {"web", "staging", "staging_web"},
	    {"", "", "web"}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct container *c = container_with(1, 5, 0, 0, "");

		add_sandbox("sandbox", rows[i][0], rows[i][1], 0);
		read_sandboxes();
		cri_judge(c, &view.entries[0], &sandboxes);
		ck_assert_str_eq(c->name, rows[i][2]);
	}
}
END_TEST

/* --- what is known already ------------------------------------------------------------ */

/* Listed in a state after it was known in another, ended at a time: is it known? */
START_TEST(test_reuse)
{
	static const struct {
		unsigned known, listed;
		int64_t finished;
		bool same_id, expected;
	} rows[] = {
	    {1, 1, 0, true, true},
	    {0, 0, 0, true, true},
	    {1, 1, 0, false, false},
	    {1, 2, 0, true, false},
	    {0, 1, 0, true, false},
	    {2, 2, 99, true, true},
	    {2, 2, 100, true, false},
	    {3, 3, 0, true, false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		cri_view_release(&kept);
		(void)container_with(rows[i].known, 5, rows[i].finished, 0, "");
		kept = view;
		view = (struct cri_view){0};
		add_listed("c0", "first", 1);
		add_listed(rows[i].same_id ? "c1" : "c2", "web", rows[i].listed);
		read_listed(&view);
		cri_reuse(&view, &kept, 100);
		ck_assert(!view.entries[0].detailed);
		ck_assert_msg(view.entries[1].detailed == rows[i].expected, "row %zu", i);
		ck_assert_int_eq(
		    view.containers.list[1].started_at, rows[i].expected ? 5 : TIMESTAMP_NONE);
	}
}
END_TEST

/* What has been listed only is not known. */
START_TEST(test_reuse_of_nothing)
{
	add_listed("c1", "web", 1);
	read_listed(&kept);
	add_listed("c1", "web", 1);
	read_listed(&view);
	cri_reuse(&view, &kept, 100);
	ck_assert(!view.entries[0].detailed);
	cri_view_release(&kept);
	cri_reuse(&view, &kept, 100);
	ck_assert(!view.entries[0].detailed);
}
END_TEST

Suite *
cri_read_suite(void)
{
	Suite *suite = suite_create("cri-read");
	TCase *reading = tcase_create("reading"), *judging = tcase_create("judging");

	tcase_add_checked_fixture(reading, start, stop);
	tcase_add_test(reading, test_version);
	tcase_add_test(reading, test_no_version);
	tcase_add_test(reading, test_list);
	tcase_add_test(reading, test_empty_list);
	tcase_add_test(reading, test_no_list);
	tcase_add_test(reading, test_a_list_that_grows);
	tcase_add_test(reading, test_more_than_is_taken);
	tcase_add_test(reading, test_status_of_one_that_runs);
	tcase_add_loop_test(reading, test_status_of_one_that_ended, 0, 6);
	tcase_add_test(reading, test_no_status);
	suite_add_tcase(suite, reading);
	tcase_add_checked_fixture(judging, start, stop);
	tcase_add_test(judging, test_states);
	tcase_add_test(judging, test_names);
	tcase_add_test(judging, test_reuse);
	tcase_add_test(judging, test_reuse_of_nothing);
	suite_add_tcase(suite, judging);
	return suite;
}
