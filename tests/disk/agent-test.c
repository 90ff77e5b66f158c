/*
 * Power cuts for what an agent keeps on its node: what it knows of containers, the note
 * of --offline, the last good services.yaml, and the buffer for backends; also after a
 * kill, from which another agent went on. Whatever was done when the power failed stays
 * done; what wasn't done yet is as before or as after, never damaged; and each event
 * reaches a backend under one key, whole.
 */

#include "../../src/agent/declared.h"
#include "receiver.h"
#include "trial.h"

#include <homelab/backend.h>
#include <homelab/policy.h>

#include <fcntl.h>
#include <string.h>

/*
 * A life of the agent that is cut short: the states it brings about are numbered, and
 * `live` goes from that number on to the last, unless something fails. What has to be
 * true after that number was reached, and maybe the next.
 */
struct life {
	const char *name;
	bool (*live)(size_t from);
	void (*check)(size_t reached, const char *what);
	bool silent; /* nothing is sent by the one that goes on after a kill */
};

static struct {
	struct homelab homelab;
	struct {
		size_t changes; /* of the disk that were recorded when it was reached */
		size_t number;
	} reached[16];
	size_t count;
	bool silent; /* nothing is sent */
	struct error err;
} agent;

static void
reach(size_t number)
{
	ck_assert_uint_lt(agent.count, COUNT(agent.reached));
	agent.reached[agent.count].changes = recorded.count;
	agent.reached[agent.count++].number = number;
}

/* What was reached before the change of that number. */
static size_t
reached_before(size_t changes)
{
	size_t number = 0;

	for (size_t i = 0; i < agent.count && agent.reached[i].changes <= changes; i++)
		number = agent.reached[i].number;
	return number;
}

static void
check_number(size_t number, size_t reached, const char *what)
{
	ck_assert_msg(
	    number == reached || number == reached + 1, "%s: %zu after %zu", what, number, reached);
}

/* --- what is known of containers ------------------------------------------------ */

static bool
save_state(size_t number)
{
	struct store s = {-1, -1, {0}};
	json_auto_t *before = NULL, *state = json_pack("{s:i}", "number", (int)number);
	bool done = store_open(&s, agent.homelab.root, &agent.err) == 0 &&
	    store_load(&s, &before, &agent.err) == 0 && store_save(&s, state, &agent.err) == 0;

	store_close(&s);
	return done;
}

static bool
save_states(size_t from)
{
	for (size_t i = from + 1; i <= 4; i++) {
		if (!save_state(i))
			return false;
		reach(i);
	}
	return true;
}

static void
check_state(size_t reached, const char *what)
{
	struct store s;
	json_auto_t *state = NULL;

	ck_assert_int_eq(store_open(&s, agent.homelab.root, &agent.err), 0);
	ck_assert_int_eq(store_load(&s, &state, &agent.err), 0);
	check_number((size_t)json_integer_value(json_object_get(state, "number")), reached, what);
	store_close(&s);
}

/* --- the note of --offline ------------------------------------------------------- */

static bool
write_note(size_t number)
{
	char note[8];
	struct store s = {-1, -1, {0}};
	bool done;

	(void)snprintf(note, sizeof(note), "%zu", number);
	done = store_open_directory(&s, agent.homelab.root, &agent.err) == 0 &&
	    store_write_offline(&s, note, &agent.err) == 0;
	store_close(&s);
	return done;
}

static bool
write_notes(size_t from)
{
	for (size_t i = from + 1; i <= 3; i++) {
		if (!write_note(i))
			return false;
		reach(i);
	}
	return true;
}

static void
check_note(size_t reached, const char *what)
{
	struct store s;
	char note[16];

	ck_assert_int_eq(store_open_directory(&s, agent.homelab.root, &agent.err), 0);
	store_read_offline(&s, note, sizeof(note));
	check_number((size_t)atoi(note), reached, what);
	store_close(&s);
}

/* --- services.yaml ---------------------------------------------------------------- */

#define DECLARED "hosts/n/services.yaml"

/* How often a service may be restarted: tells which file it was. 0: none was kept. */
static bool
look_at_declared(size_t *number)
{
	struct store s = {-1, -1, {0}};
	struct declared d = {0};
	const struct policy *policy = NULL;
	bool done = store_open(&s, agent.homelab.root, &agent.err) == 0;

	if (done)
		declared_look(&d, agent.homelab.root, "n", &s);
	if (d.policies != NULL)
		policy = policies_find(d.policies, "a");
	*number = policy != NULL ? (size_t)policy->max_restarts : 0;
	declared_release(&d);
	store_close(&s);
	return done;
}

static bool
declare(size_t from)
{
	size_t number;

	for (size_t i = from + 1; i <= 3; i++) {
		homelab_put(&agent.homelab, DECLARED,
		    "services: {a: {errors: {on_panic: {max_restarts: %zu}}}}\n", i);
		/* A copy that isn't kept is only said. */
		if (!look_at_declared(&number) || recorded.count >= recorded.end_at)
			return false;
		ck_assert_uint_eq(number, i);
		reach(i);
	}
	return true;
}

static void
check_declared(size_t reached, const char *what)
{
	size_t number;

	homelab_put(&agent.homelab, DECLARED, "services: [\n");
	ck_assert(look_at_declared(&number));
	check_number(number, reached, what);
}

/* --- backends ----------------------------------------------------------------------- */

/* An agent that runs, adds events and sends what there is, again and again. */
static const struct {
	size_t events;
	int status; /* what the backend answers */
} runs[] = {{3, 200}, {2, 400}, {2, 200}, {1, 200}};

enum { EVENTS = 8, BUFFER_BYTES = 2400 /* a segment is an eighth of it */ };

/* By its number. */
static size_t
event_of(const json_t *event)
{
	return (size_t)json_integer_value(
	    json_object_get(json_object_get(event, "payload"), "number"));
}

static int
add_events(struct backends *b, size_t from, size_t to)
{
	struct backend_event events[EVENTS] = {0};
	char names[EVENTS][16], texts[EVENTS][160];

	for (size_t i = from; i < to; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "%zu.json", i);
		(void)snprintf(texts[i], sizeof(texts[i]),
		    "{\"timestamp\":\"2026-05-12T12:00:0%zuZ\",\"node\":\"n\",\"type\":\"test\","
		    "\"payload\":{\"number\":%zu}}",
		    i, i);
		events[i] = (struct backend_event){names[i], texts[i], strlen(texts[i])};
	}
	return backends_add(b, events + from, to - from, DAYS(20585) + HOURS(12), &agent.err);
}

/* Waits until all is sent; false where it was killed meanwhile. */
static bool
send_all(struct backends *b)
{
	while (!backends_flush(b, SECONDS(1) / 20))
		if (recorded.count >= recorded.end_at)
			return false;
	return true;
}

/* Adds events, and sends what there is. */
static bool
run_backend(size_t from, size_t to, int status)
{
	const char *const urls[] = {receiver.url, NULL};
	struct backend_options options = {.urls = urls, .bytes_max = BUFFER_BYTES};
	struct backends *b = NULL;
	struct store s = {-1, -1, {0}};
	bool done;

	atomic_store(&receiver.status, status);
	done = store_open(&s, agent.homelab.root, &agent.err) == 0 &&
	    (b = backends_open(&options, s.directory, &agent.err)) != NULL &&
	    add_events(b, from, to) == 0;
	if (done)
		reach(to);
	if (done && !agent.silent)
		done = backends_start(b, &agent.err) == 0 && send_all(b);
	backends_close(b);
	store_close(&s);
	return done;
}

static bool
send_events(size_t from)
{
	size_t to = 0;

	for (size_t i = 0; i < COUNT(runs); i++) {
		to += runs[i].events;
		if (!run_backend(from < to ? from : to, to, runs[i].status))
			return false;
		from = from < to ? to : from;
	}
	return true;
}

static void
count_events(const json_t *events, unsigned counts[EVENTS])
{
	json_t *event;
	size_t i;

	json_array_foreach (events, i, event)
		if (event_of(event) < EVENTS)
			counts[event_of(event)]++;
}

/* Of what the backend took, each key once: the same bytes came with it every time. */
static void
count_taken(unsigned counts[EVENTS], json_t *keys, const char *what)
{
	for (size_t i = 0; i < receiver.count; i++) {
		struct delivery *d = &receiver.list[i];
		json_t *known = json_object_get(keys, d->key);

		if (known != NULL)
			ck_assert_msg(
			    strcmp(json_string_value(known), buffer_string(&d->body)) == 0,
			    "%s: a key of two arrays", what);
		if (known != NULL || d->status != 200)
			continue;
		json_auto_t *events = json_loads(buffer_string(&d->body), 0, NULL);
		count_events(events, counts);
		(void)json_object_set_new(keys, d->key, json_string(buffer_string(&d->body)));
	}
}

static int
find_directory(void *out, const struct dirent *entry)
{
	if (strcmp(entry->d_name, "events") != 0)
		buffer_text(out, "%s/rejected", entry->d_name);
	return 0;
}

struct rejected_files {
	int dir;
	unsigned *counts;
	json_t *keys;
	const char *what;
};

static int
count_file(void *context, const struct dirent *entry)
{
	struct rejected_files *files = context;
	cleanup_buffer struct buffer text = {0};
	json_auto_t *file = NULL;
	const char *key;

	if (entry->d_name[0] == '.')
		return 0;
	(void)disk_read(files->dir, entry->d_name, 1 << 20, &text, NULL);
	file = json_loadb((char *)text.data, text.length, 0, NULL);
	key = json_string_value(json_object_get(file, "key"));
	ck_assert_msg(key != NULL, "%s: %s isn't whole", files->what, entry->d_name);
	if (json_object_get(files->keys, key) == NULL)
		count_events(json_object_get(file, "events"), files->counts);
	return 0;
}

/* Those that were rejected and not taken later. */
static void
count_rejected(unsigned counts[EVENTS], json_t *keys, const char *what)
{
	cleanup_buffer struct buffer path = {0}, rejected = {0};
	struct rejected_files files = {-1, counts, keys, what};
	int outbox;

	buffer_text(&path, "%s/state/agent/outbox", agent.homelab.root);
	ck_assert_int_ge(outbox = disk_open_dir(AT_FDCWD, buffer_string(&path), NULL), 0);
	(void)disk_list(outbox, find_directory, &rejected);
	files.dir = disk_open_dir(outbox, buffer_string(&rejected), NULL);
	if (files.dir >= 0)
		(void)disk_list(files.dir, count_file, &files);
	(void)close(files.dir);
	(void)close(outbox);
}

static void
check_delivered(const char *what)
{
	json_auto_t *keys = json_object();
	unsigned counts[EVENTS] = {0};

	count_taken(counts, keys, what);
	count_rejected(counts, keys, what);
	for (size_t i = 0; i < EVENTS; i++)
		ck_assert_msg(counts[i] == 1, "%s: event %zu came %u times", what, i, counts[i]);
}

/* What the agent doesn't know to be added it adds again. */
static void
check_backend(size_t reached, const char *what)
{
	size_t count = agent.count;

	ck_assert_msg(run_backend(reached, EVENTS, 200), "%s: %s", what, agent.err.text);
	agent.count = count;
	check_delivered(what);
}

/* --- cuts ------------------------------------------------------------------------------- */

static const struct life lives[] = {
    {"states", save_states, check_state, false},
    {"notes", write_notes, check_note, false},
    {"services.yaml", declare, check_declared, false},
    {"backends", send_events, check_backend, false},
    {"backends, then out of reach", send_events, check_backend, true},
};

/* What came to the backend in the life that is cut. */
static struct delivery came[DELIVERIES_MAX];
static size_t came_count;

static void
keep_deliveries(void)
{
	memcpy(came, receiver.list, sizeof(came));
	came_count = receiver.count;
	receiver.count = 0;
}

static void
forget_deliveries(void)
{
	while (came_count > 0)
		buffer_release(&came[--came_count].body);
}

/* Lives from nothing on, with the disk's changes recorded; where `kills`, is killed
 * before the change of that number, and goes on in another life. True where it wasn't. */
static bool
live(const struct life *life, bool kills, size_t number)
{
	struct hearing hearing = homelab_listen();
	bool finished;

	agent.count = 0;
	record_begin(agent.homelab.root);
	recorded.ends = kills;
	recorded.end_at = kills ? number : SIZE_MAX;
	finished = life->live(0);
	recorded.ends = false;
	recorded.end_at = SIZE_MAX;
	agent.silent = life->silent;
	if (!finished || kills)
		ck_assert_msg(life->live(reached_before(recorded.count)), "%s: %s", life->name,
		    agent.err.text);
	agent.silent = false;
	record_end();
	homelab_heard(&agent.homelab, hearing);
	keep_deliveries();
	return finished;
}

/* The power fails before the change of that number. */
static void
cut_life(
    const struct model *before, const struct life *life, size_t number, int cut, const char *story)
{
	struct hearing hearing;
	size_t count = 0, reached = reached_before(number);
	char what[160];

	(void)snprintf(what, sizeof(what), "%s: %s, cut before change %zu of %zu, kind %d",
	    life->name, story, number, recorded.count, cut);
	model_cut(before, &recorded, number, cut, agent.homelab.root);
	for (; count < came_count && came[count].at <= number; count++)
		receiver.list[count] = came[count];
	receiver.count = count;
	hearing = homelab_listen();
	life->check(reached, what);
	homelab_heard(&agent.homelab, hearing);
	ck_assert_msg(strstr(agent.homelab.said, "damaged") == NULL &&
		strstr(agent.homelab.said, "outbox") == NULL,
	    "%s: %s", what, agent.homelab.said);
	receiver_forget(count);
	receiver.count = 0;
}

static struct model *
begin(void)
{
	homelab_make(&agent.homelab);
	receiver_start();
	return model_read(agent.homelab.root);
}

static void
end(struct model *before)
{
	model_free(before);
	forget_deliveries();
	receiver_stop();
	record_release();
	homelab_remove(&agent.homelab);
}

START_TEST(cuts)
{
	struct model *before = begin();

	ck_assert(live(&lives[_i], false, 0));
	for (size_t number = 0; number <= recorded.count; number++)
		for (int cut = 0; cut < CUT_RANDOM + 2; cut++)
			cut_life(before, &lives[_i], number, cut, "alive");
	end(before);
}
END_TEST

/* What is read after a kill was written, but maybe isn't durable: nothing may follow
 * from it before it is. */
START_TEST(kills_and_cuts)
{
	struct model *before = begin();
	bool finished = false;
	char story[64];

	for (size_t number = 0; !finished; number++) {
		model_cut(before, &recorded, 0, CUT_LOSE, agent.homelab.root);
		finished = live(&lives[_i], true, number);
		(void)snprintf(story, sizeof(story), "killed before change %zu", number);
		for (int cut = CUT_LOSE; cut < CUT_RANDOM + 2; cut++)
			cut_life(before, &lives[_i], recorded.count, cut, story);
		forget_deliveries();
	}
	end(before);
}
END_TEST

Suite *
agent_suite(void)
{
	Suite *suite = suite_create("power cuts, agent");
	TCase *tcase = tcase_create("agent");

	tcase_set_timeout(tcase, 1200);
	tcase_add_loop_test(tcase, cuts, 0, (int)COUNT(lives) - 1);
	tcase_add_loop_test(tcase, kills_and_cuts, 0, (int)COUNT(lives));
	suite_add_tcase(suite, tcase);
	return suite;
}
