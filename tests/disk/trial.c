#include "trial.h"

#include <string.h>

/* So that sizes don't tell which document is the new one. */
static void
check_sizes(const struct trial *trial)
{
	for (int i = 0; i < DOCUMENT_COUNT; i++)
		ck_assert_uint_eq(
		    trial->before.documents[i].length, trial->after.documents[i].length);
	ck_assert(!picture_same_world(&trial->before, &trial->after));
}

void
trial_begin(struct trial *trial, const struct scenario *s)
{
	*trial = (struct trial){.scenario = s};
	homelab_make(&trial->homelab);
	s->before(&trial->homelab);
	if (s->by != A_RUN)
		homelab_cycle(&trial->homelab, s->now, false);
	if (s->news != NULL)
		s->news(&trial->homelab);
	picture_take(&trial->homelab, &trial->before);
	trial->news = trial->homelab;
	trial->model = model_read(trial->homelab.root);
	trial->homelab.options.reset = s->is == RESET;
	record_begin(trial->homelab.root);
	if (s->by == A_RUN)
		homelab_run(&trial->homelab, s->now);
	else
		homelab_cycle(&trial->homelab, s->now, s->by == EARLY);
	record_end();
	homelab_leave();
	ck_assert_msg(trial->homelab.status == 0, "%s: %s%s", s->name, trial->homelab.error.text,
	    trial->homelab.said);
	trial->homelab.options.reset = false;
	picture_take(&trial->homelab, &trial->after);
	if (s->is == KEEPS_SIZES)
		check_sizes(trial);
	trial->recorded = recorded;
	recorded = (struct recorded){0};
}

bool
trial_is_wanted(int number)
{
	const char *wanted = getenv("SCENARIO");

	return wanted == NULL || atoi(wanted) == number;
}

bool
trial_is_same_cut(const struct recorded *r, size_t number)
{
	return number > 0 && number < r->count &&
	    (r->changes[number - 1].call == CALL_CHMOD ||
		r->changes[number - 1].call == CALL_CLOSE);
}

void
trial_check_next_run(struct trial *trial, bool quiet, const char *what)
{
	struct homelab *h = &trial->homelab;
	struct picture next;

	homelab_run(h, trial->scenario->now);
	ck_assert_msg(h->status == 0, "%s: then status %d: %s", what, h->status, h->error.text);
	if (quiet)
		ck_assert_msg(strstr(h->said, "error:") == NULL, "%s: then %s", what, h->said);
	picture_take(h, &next);
	picture_compare(&next, &trial->after, h, what);
	picture_check_changes(&next, &trial->before, h, what);
	picture_release(&next);
}

void
trial_end(struct trial *trial)
{
	record_release();
	recorded = trial->recorded;
	record_release();
	model_free(trial->model);
	picture_release(&trial->before);
	picture_release(&trial->after);
	homelab_remove(&trial->homelab);
}
