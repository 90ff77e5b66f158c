/*
 * A run is killed before each of its changes, the next one or --expire-events comes to
 * its end, and then the power fails. What ended is durable, also what it found as the
 * killed run left it (W3); and nothing is lost that a checkpoint called decided on which
 * wasn't durable, though its event files are deleted (A6).
 */

#include "trial.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* What is lost: names, above all. */
static const enum cut cuts[] = {CUT_LOSE, CUT_LAST, CUT_RANDOM};

/* What comes between the kill and the power cut. */
struct sequel {
	const char *name;
	void (*act)(struct trial *trial, const char *what);
	bool deletes; /* event files */
	bool publishes; /* all that is new */
};

static void
run_again(struct trial *trial, const char *what)
{
	const struct homelab *h = &trial->homelab;

	homelab_run(&trial->homelab, trial->scenario->now);
	ck_assert_msg(h->status == 0, "%s: %d: %s%s", what, h->status, h->error.text, h->said);
}

/* Without a checkpoint there is nothing to go by. */
static void
expire(struct trial *trial, const char *what)
{
	const struct homelab *h = &trial->homelab;

	homelab_expire(&trial->homelab);
	if (h->status == EX_IOERR && strstr(h->error.text, "nothing was deleted") != NULL)
		return;
	ck_assert_msg(h->status == 0, "%s: %d: %s%s", what, h->status, h->error.text, h->said);
	ck_assert_msg(strstr(h->said, "deleted 0 event files") == NULL, "%s: %s", what, h->said);
}

static const struct sequel sequels[] = {
    {"run again", run_again, false, true},
    {"decided events deleted", expire, true, false},
};

/* The run, killed there, and the sequel, both recorded: what was on disk before them. */
static struct model *
kill_and_go_on(struct trial *trial, const struct sequel *sequel, size_t number, const char *what)
{
	struct homelab *h = &trial->homelab;
	struct model *before;

	model_cut(trial->model, &trial->recorded, 0, CUT_KILL, h->root);
	before = model_read(h->root);
	h->options.reset = trial->scenario->is == RESET;
	record_begin(h->root);
	recorded.ends = true;
	recorded.end_at = number;
	homelab_run(h, trial->scenario->now);
	h->options.reset = false;
	recorded.ends = false;
	sequel->act(trial, what);
	record_end();
	return before;
}

static void
check_published(struct trial *trial, const char *what)
{
	struct picture left;

	picture_take(&trial->homelab, &left);
	picture_check_documents(&left, &trial->after, &trial->after, what);
	homelab_check_store(&trial->homelab, what);
	picture_release(&left);
}

static void
kill_at(struct trial *trial, const struct sequel *sequel, size_t number)
{
	struct recorded both;
	struct model *before;
	char what[256];

	(void)snprintf(what, sizeof(what), "%s, killed before change %zu of %zu, then %s",
	    trial->scenario->name, number, trial->recorded.count, sequel->name);
	if (sequel->deletes)
		homelab_keep_events(&trial->homelab);
	before = kill_and_go_on(trial, sequel, number, what);
	both = recorded;
	recorded = (struct recorded){0};
	for (size_t i = 0; i < COUNT(cuts); i++) {
		size_t length = strlen(what);

		(void)snprintf(
		    what + length, sizeof(what) - length, ", and the power cut, kind %d", cuts[i]);
		model_cut(before, &both, both.count, cuts[i], trial->homelab.root);
		if (sequel->publishes)
			check_published(trial, what);
		trial_check_next_run(trial, true, what);
		what[length] = '\0';
	}
	model_free(before);
	recorded = both;
	record_release();
	if (sequel->deletes)
		homelab_restore_events(&trial->homelab);
}

/* With KILLS=3 before every third change only. */
START_TEST(kills)
{
	const char *wanted = getenv("KILLS");
	size_t step = wanted != NULL && atoi(wanted) > 1 ? (size_t)atoi(wanted) : 1;
	const struct scenario *scenario = &scenarios[_i % scenario_count];
	const struct sequel *sequel = &sequels[_i / scenario_count];
	struct trial trial;

	/* What is mended needs the event files. */
	if (!trial_is_wanted(_i % scenario_count) || (sequel->deletes && scenario->is == MENDS))
		return;
	trial_begin(&trial, scenario);
	for (size_t number = (size_t)_i % step; number <= trial.recorded.count; number += step)
		if (!trial_is_same_cut(&trial.recorded, number))
			kill_at(&trial, sequel, number);
	trial_end(&trial);
}
END_TEST

TCase *
kill_tcase(void)
{
	TCase *tcase = tcase_create("kills");

	tcase_set_timeout(tcase, 1200);
	tcase_add_loop_test(tcase, kills, 0, (int)COUNT(sequels) * scenario_count);
	return tcase;
}
