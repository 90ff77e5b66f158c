/*
 * What a run costs, counted: calls, syncs, bytes (W5). Counts don't depend on how
 * busy a machine is, as times do.
 */

#include "homelab.h"
#include "record.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	FEW = 5,
	MANY = 500,
	NODES = 40,
	FSYNCS_MAX = 2,
	BYTES_MAX = 12000,
	CHECKPOINT_MAX = 2000 + NODES * 300,
	WAITS_MAX = 4
};

/* Twenty services declared on a node. */
static void
put_declarations(struct homelab *h, const char *node)
{
	char path[64], services[1024] = "services:\n";

	for (int i = 0; i < 20; i++)
		(void)snprintf(services + strlen(services), 64, "  service%02d: {role: r}\n", i);
	(void)snprintf(path, sizeof(path), "hosts/%s/services.yaml", node);
	homelab_put(h, path, "%s", services);
}

/* Nodes that have this many events in one directory each. */
static void
put_nodes(struct homelab *h, int nodes, int events)
{
	char topology[8192] = "nodes:\n", node[32], at[32];

	for (int i = 0; i < nodes; i++) {
		(void)snprintf(node, sizeof(node), "node%02d", i);
		put_declarations(h, node);
		(void)snprintf(topology + strlen(topology), 64, "  %s:\n", node);
		for (int k = 0; k < events; k++) {
			(void)snprintf(at, sizeof(at), "0d10:%02d:%02d", k / 60, k % 60);
			homelab_event(h, node, at, "service_healthy", "mosquitto", "");
		}
	}
	homelab_put(h, "inventory/topology.yaml", "%s", topology);
}

static void
run_well(struct homelab *h, const char *now)
{
	homelab_run(h, now);
	ck_assert_msg(h->status == 0, "%s%s", h->error.text, h->said);
}

/* A directory is listed once more after it was changed within 2 s of a listing
 * (git calls it racily clean). */
static void
settle(struct homelab *h)
{
	const struct timespec racy = {2, 200000000};

	run_well(h, "0d11:00:00");
	(void)nanosleep(&racy, NULL);
	run_well(h, "0d11:00:30");
}

static struct recorded
count_run(struct homelab *h, const char *now)
{
	struct recorded r;

	record_begin(h->root);
	run_well(h, now);
	record_end();
	r = recorded;
	recorded = (struct recorded){0};
	return r;
}

static void
forget(struct recorded *r)
{
	recorded = *r;
	record_release();
}

static struct recorded
run_without_news(int events)
{
	struct homelab h;
	struct recorded r;

	homelab_make(&h);
	put_nodes(&h, 3, events);
	settle(&h);
	r = count_run(&h, "0d11:01:00");
	homelab_remove(&h);
	return r;
}

static unsigned
all_of(const struct recorded *r, enum call call)
{
	unsigned sum = 0;

	for (int place = 0; place < PLACE_COUNT; place++)
		sum += r->calls[call][place];
	return sum;
}

/* Rule: W5 */
START_TEST(no_news_costs_the_same_whatever_there_is)
{
	struct recorded few = run_without_news(FEW), many = run_without_news(MANY);

	for (int call = 0; call < CALL_COUNT; call++)
		ck_assert_msg(all_of(&few, call) == all_of(&many, call), "%s: %u and %u calls",
		    call_names[call], all_of(&few, call), all_of(&many, call));
	ck_assert_uint_eq(many.calls[CALL_OPEN][PLACE_EVENTS], 0);
	ck_assert_uint_eq(many.calls[CALL_LIST][PLACE_EVENTS], 0);
	ck_assert_uint_eq(all_of(&many, CALL_LIST), 0);
	ck_assert_uint_le(all_of(&many, CALL_FSYNC), FSYNCS_MAX);
	ck_assert_uint_le(many.bytes_written, BYTES_MAX);
	forget(&few);
	forget(&many);
}
END_TEST

/* What may be written for news of node07. */
static bool
is_expected(const char *path)
{
	static const char *const parts[] = {"/node07", "/.observer_checkpoint.json.new",
	    "/observer.lock", "/.nodes.json.new", "/.services.json.new",
	    "/.runtime-summary.json.new", "/outbox/", "/.history.json.new"};

	for (size_t i = 0; i < COUNT(parts); i++)
		if (strstr(path, parts[i]) != NULL)
			return true;
	return false;
}

static size_t
bytes_of_checkpoint(const struct recorded *r)
{
	size_t bytes = 0;

	for (size_t i = 0; i < r->count; i++)
		if (strstr(r->changes[i].path, "/.observer_checkpoint.json.new") != NULL)
			bytes += r->changes[i].data.length;
	return bytes;
}

/* How often a run waits for the disk: syncs of what was changed since the one before.
 * A file system with a journal makes all durable with the first of several. */
static unsigned
count_waits(const struct recorded *r)
{
	unsigned waits = 0;
	bool changed = false;

	for (size_t i = 0; i < r->count; i++) {
		const struct change *c = &r->changes[i];

		if (c->call == CALL_FSYNC) {
			waits += changed;
			changed = false;
		} else if (c->call != CALL_CLOSE && (c->call != CALL_OPEN || c->creates)) {
			changed = true;
		}
	}
	return waits;
}

/* Rule: W5 */
START_TEST(one_event_writes_what_it_changes)
{
	unsigned opened = 0;
	struct homelab h;
	struct recorded r;

	homelab_make(&h);
	put_nodes(&h, NODES, FEW);
	settle(&h);
	homelab_event(&h, "node07", "0d11:00:40", "service_healthy", "mosquitto", "");
	r = count_run(&h, "0d11:01:00");
	for (size_t i = 0; i < r.count; i++)
		if (r.changes[i].call == CALL_WRITE)
			ck_assert_msg(
			    is_expected(r.changes[i].path), "writes %s", r.changes[i].path);
	/* What is declared isn't written again. */
	ck_assert_uint_gt(bytes_of_checkpoint(&r), 0);
	ck_assert_uint_le(bytes_of_checkpoint(&r), CHECKPOINT_MAX);
	/* For the files, the checkpoint's name, the documents' and the summary's. */
	ck_assert_uint_le(count_waits(&r), WAITS_MAX);
	/* Its directory, two above it, and the one file. */
	opened = r.calls[CALL_OPEN][PLACE_EVENTS];
	ck_assert_msg(opened <= 4, "%u opens below events", opened);
	ck_assert_uint_eq(r.calls[CALL_LIST][PLACE_EVENTS], 1);
	ck_assert_uint_eq(r.calls[CALL_READ][PLACE_EVENTS], 1);
	forget(&r);
	homelab_remove(&h);
}
END_TEST

Suite *
count_suite(void)
{
	Suite *suite = suite_create("cost");
	TCase *tcase = tcase_create("cost");

	tcase_set_timeout(tcase, 300);
	tcase_add_test(tcase, no_news_costs_the_same_whatever_there_is);
	tcase_add_test(tcase, one_event_writes_what_it_changes);
	suite_add_tcase(suite, tcase);
	return suite;
}
