/*
 * The power fails before each call that changes the disk, and after the last.
 * Whatever is left then: every file of the world and every one that the
 * checkpoint stands for is whole, and the next run makes the same world as if
 * nothing had happened, also where the event files that the checkpoint called
 * decided on are gone by then (W3, C2).
 */

#include "trial.h"

#include <stdio.h>
#include <string.h>

static void
check_left(struct trial *trial, size_t number, const char *what)
{
	struct picture left;
	bool is_new;

	picture_take(&trial->homelab, &left);
	picture_check_whole(&left, &trial->before, &trial->after, what);
	/* A run that has ended is durable. */
	if (number == trial->recorded.count)
		picture_check_whole(&left, &trial->after, &trial->after, what);
	is_new = picture_same_checkpoint(&left, &trial->after);
	if (is_new || trial->scenario->is != MENDS)
		homelab_check_store(&trial->homelab, what);
	/* Where the old checkpoint stands, what is new isn't decided on. */
	trial->homelab.news_count = 0;
	if (!is_new) {
		memcpy(trial->homelab.news, trial->news.news, sizeof(trial->news.news));
		trial->homelab.news_count = trial->news.news_count;
	}
	picture_release(&left);
}

static void
check_next_run(struct trial *trial, bool verifies, const char *what)
{
	struct picture next;

	homelab_run(&trial->homelab, trial->scenario->now);
	ck_assert_msg(trial->homelab.status == 0, "%s: status %d: %s", what, trial->homelab.status,
	    trial->homelab.error.text);
	if (trial->scenario->is != MENDS)
		ck_assert_msg(strstr(trial->homelab.said, "error:") == NULL, "%s: %s", what,
		    trial->homelab.said);
	picture_take(&trial->homelab, &next);
	picture_compare(&next, &trial->after, &trial->homelab, what);
	picture_check_changes(&next, &trial->before, &trial->homelab, what);
	ck_assert_msg(next.temporary == 0, "%s: temporary files are left", what);
	picture_release(&next);
	if (!verifies)
		return;
	homelab_verify(&trial->homelab);
	ck_assert_msg(trial->homelab.status == 0, "%s: --verify: %s%s", what,
	    trial->homelab.error.text, trial->homelab.said);
}

static void
cut_at(struct trial *trial, size_t number, int cut)
{
	/* Events go only where none is needed to mend. */
	bool deletes = trial->scenario->is != MENDS && (cut + (int)number) % 3 == 0;
	char what[256];

	(void)snprintf(what, sizeof(what), "%s, cut before change %zu (%s %s) of %zu, kind %d%s",
	    trial->scenario->name, number,
	    number < trial->recorded.count ? call_names[trial->recorded.changes[number].call] : "",
	    number < trial->recorded.count && trial->recorded.changes[number].name ?
		trial->recorded.changes[number].name :
		"",
	    trial->recorded.count, cut, deletes ? ", decided events deleted" : "");
	model_cut(trial->model, &trial->recorded, number, cut, trial->homelab.root);
	check_left(trial, number, what);
	if (deletes)
		homelab_delete_decided(&trial->homelab);
	check_next_run(trial, number % 4 == 0, what);
	if (deletes)
		homelab_restore_events(&trial->homelab);
}

START_TEST(cuts)
{
	const char *wanted = getenv("CUTS");
	int kinds = CUT_RANDOM + (wanted != NULL ? atoi(wanted) : 1);
	struct trial trial;

	if (!trial_is_wanted(_i))
		return;
	trial_begin(&trial, &scenarios[_i]);
	for (size_t number = 0; number <= trial.recorded.count; number++)
		for (int cut = 0; cut < kinds && !trial_is_same_cut(&trial.recorded, number); cut++)
			cut_at(&trial, number, cut);
	trial_end(&trial);
}
END_TEST

Suite *
cut_suite(void)
{
	Suite *suite = suite_create("power cuts");
	TCase *tcase = tcase_create("cuts");

	tcase_set_timeout(tcase, 1200);
	tcase_add_loop_test(tcase, cuts, 0, scenario_count);
	suite_add_tcase(suite, tcase);
	suite_add_tcase(suite, kill_tcase());
	return suite;
}
