/*
 * A run is killed before each of its changes, decided event files are deleted
 * (--expire-events), and then the power fails: nothing that a checkpoint which
 * wasn't durable called decided on may be lost with it (A6). The next run makes
 * the world as if nothing had happened.
 */

#include "trial.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* What is lost: names, above all. */
static const enum cut cuts[] = {CUT_LOSE, CUT_LAST, CUT_RANDOM};

static bool
is_tried(const struct scenario *s)
{
	/* What is mended needs the event files. */
	return s->is != MENDS;
}

/* The run, killed there, and the expiry after it, both recorded: what was on disk
 * before them. */
static struct model *
kill_and_expire(struct trial *trial, size_t number)
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
	homelab_expire(h);
	record_end();
	return before;
}

/* Without a checkpoint there is nothing to go by. */
static void
check_expiry(const struct trial *trial, const char *what)
{
	const struct homelab *h = &trial->homelab;

	if (h->status == EX_IOERR && strstr(h->error.text, "nothing was deleted") != NULL)
		return;
	ck_assert_msg(h->status == 0, "%s: --expire-events: %d: %s%s", what, h->status,
	    h->error.text, h->said);
	ck_assert_msg(strstr(h->said, "deleted 0 event files") == NULL, "%s: %s", what, h->said);
}

static void
check_next_run(struct trial *trial, const char *what)
{
	struct homelab *h = &trial->homelab;
	struct picture next;

	homelab_run(h, trial->scenario->now);
	ck_assert_msg(h->status == 0, "%s: status %d: %s", what, h->status, h->error.text);
	ck_assert_msg(strstr(h->said, "error:") == NULL, "%s: %s", what, h->said);
	picture_take(h, &next);
	picture_compare(&next, &trial->after, h, what);
	picture_release(&next);
}

static void
expire_at(struct trial *trial, size_t number)
{
	struct recorded both;
	struct model *before;
	char what[256];

	homelab_keep_events(&trial->homelab);
	before = kill_and_expire(trial, number);
	both = recorded;
	recorded = (struct recorded){0};
	for (size_t i = 0; i < COUNT(cuts); i++) {
		(void)snprintf(what, sizeof(what),
		    "%s, killed before change %zu of %zu, then decided events deleted and the "
		    "power cut, kind %d",
		    trial->scenario->name, number, trial->recorded.count, cuts[i]);
		if (i == 0)
			check_expiry(trial, what);
		model_cut(before, &both, both.count, cuts[i], trial->homelab.root);
		check_next_run(trial, what);
	}
	model_free(before);
	recorded = both;
	record_release();
	homelab_restore_events(&trial->homelab);
}

START_TEST(expiries)
{
	struct trial trial;

	if (!trial_is_wanted(_i) || !is_tried(&scenarios[_i]))
		return;
	trial_begin(&trial, &scenarios[_i]);
	for (size_t number = 0; number <= trial.recorded.count; number++)
		if (!trial_is_same_cut(&trial.recorded, number))
			expire_at(&trial, number);
	trial_end(&trial);
}
END_TEST

TCase *
expiry_tcase(void)
{
	TCase *tcase = tcase_create("expiries");

	tcase_set_timeout(tcase, 1200);
	tcase_add_loop_test(tcase, expiries, 0, scenario_count);
	return tcase;
}
