/*
 * Every call to the file system fails in turn. What comes of it depends on whose
 * file it was: our own state and world end the run with 74, the old world whole
 * and nothing left lying about; a file in an event directory waits, and the run
 * goes on; the inventory is taken as it was. The next run makes up for all of it.
 */

#include "trial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* How a call may fail. ENOSPC goes on: until the next run all is full. */
enum { SHORT = 0, NO_MORE = -1 };

static const int errors[CALL_COUNT][4] = {
    [CALL_OPEN] = {EIO, EACCES, EMFILE, ENOSPC},
    [CALL_STAT] = {EIO, EACCES, NO_MORE},
    [CALL_FSTAT] = {EIO, NO_MORE},
    [CALL_READ] = {EIO, EINTR, NO_MORE},
    [CALL_LIST] = {EMFILE, ENOMEM, NO_MORE},
    [CALL_NEXT] = {EIO, NO_MORE},
    [CALL_WRITE] = {EIO, ENOSPC, EINTR, SHORT},
    [CALL_TRUNCATE] = {EIO, NO_MORE},
    [CALL_CHMOD] = {EPERM, NO_MORE},
    [CALL_FSYNC] = {EIO, ENOSPC, NO_MORE},
    [CALL_CLOSE] = {EIO, ENOSPC, NO_MORE},
    [CALL_RENAME] = {EIO, EACCES, ENOSPC, NO_MORE},
    [CALL_UNLINK] = {EIO, EACCES, NO_MORE},
    [CALL_MKDIR] = {EACCES, ENOSPC, NO_MORE},
    [CALL_LOCK] = {EIO, NO_MORE},
};

static void
fail_run(struct trial *trial, unsigned number, int error)
{
	struct homelab *h = &trial->homelab;

	model_cut(trial->model, &trial->recorded, 0, CUT_KILL, h->root);
	h->options.reset = trial->scenario->is == RESET;
	record_begin(h->root);
	recorded.fails = true;
	recorded.fail_at = number;
	recorded.error = error;
	recorded.on = error == ENOSPC;
	homelab_run(h, trial->scenario->now);
	record_end();
	h->options.reset = false;
}

static bool
is_done(const struct trial *trial, const struct picture *p)
{
	return trial->homelab.status == 0 && picture_same_world(p, &trial->after);
}

/* Of our own files: an error of input and output, or nothing that mattered. */
static void
check_own(const struct trial *trial, const struct picture *left, const char *what)
{
	const struct homelab *h = &trial->homelab;

	if (is_done(trial, left))
		return;
	ck_assert_msg(h->status == EX_IOERR, "%s: status %d: %s\n%s", what, h->status,
	    h->error.text, h->said);
	ck_assert_msg(h->error.text[0] != '\0', "%s: no message", what);
	if (picture_same_checkpoint(left, &trial->before))
		picture_check_kept(left, &trial->before, what);
	picture_check_documents(left, &trial->before, &trial->after, what);
}

/* Where the inventory changes, so do the nodes whose events count. */
static long long
least_accepted(const struct trial *trial)
{
	if (trial->before.accepted <= trial->after.accepted)
		return trial->before.accepted;
	return trial->after.accepted - (long long)trial->news.news_count;
}

static void
check_left(const struct trial *trial, const char *what)
{
	const struct homelab *h = &trial->homelab;
	struct picture left;

	picture_take(h, &left);
	switch (recorded.failed_place) {
	case PLACE_EVENTS:
		/* A rebuild that finds no event at all isn't believed (W6). */
		if (h->status == EX_IOERR && strstr(h->error.text, "mounted?") != NULL)
			break;
		ck_assert_msg(h->status == 0, "%s: status %d: %s", what, h->status, h->error.text);
		ck_assert_msg(
		    trial->scenario->is == MENDS || left.accepted >= least_accepted(trial),
		    "%s: %lld events where there were %lld", what, left.accepted,
		    trial->before.accepted);
		break;
	case PLACE_INVENTORY:
		ck_assert_msg(h->status == 0 || h->status == EX_CONFIG, "%s: status %d: %s", what,
		    h->status, h->error.text);
		break;
	default:
		check_own(trial, &left, what);
		break;
	}
	ck_assert_msg(left.temporary == 0, "%s: %u temporary files are left", what, left.temporary);
	picture_release(&left);
}

static void
fail_at(struct trial *trial, unsigned number, int error)
{
	char what[512];

	fail_run(trial, number, error);
	if (!recorded.failed) /* nothing needed room, or a directory has settled by now */
		return;
	(void)snprintf(what, sizeof(what), "%s, call %u fails (%s %s: %s)", trial->scenario->name,
	    number, call_names[recorded.failed_call], recorded.failed_path,
	    error ? strerror(error) : "short");
	check_left(trial, what);
	trial_check_next_run(trial, trial->scenario->is != MENDS, what);
}

/* Calls of the run in their order, as they are where nothing fails. */
static unsigned
count_calls(struct trial *trial, enum call order[RECORDED_MAX])
{
	fail_run(trial, RECORDED_MAX, EIO);
	memcpy(order, recorded.order, sizeof(recorded.order));
	ck_assert_uint_lt(recorded.total, RECORDED_MAX);
	return recorded.total;
}

/* One error for each call, another one for the next of its kind; all of them
 * with FAILURES=all, and for every third call only with FAILURES=3. */
START_TEST(failures)
{
	const char *wanted = getenv("FAILURES");
	bool all = wanted != NULL && strcmp(wanted, "all") == 0;
	unsigned step = wanted != NULL && atoi(wanted) > 1 ? (unsigned)atoi(wanted) : 1;
	enum call order[RECORDED_MAX];
	unsigned seen[CALL_COUNT] = {0}, calls;
	struct trial trial;

	if (!trial_is_wanted(_i) || scenarios[_i].by != A_RUN)
		return;
	trial_begin(&trial, &scenarios[_i]);
	calls = count_calls(&trial, order);
	for (unsigned number = (unsigned)_i % step; number < calls; number += step) {
		const int *of = errors[order[number]];
		unsigned kinds = 0;

		while (kinds < 4 && of[kinds] != NO_MORE)
			kinds++;
		for (unsigned i = 0; i < kinds; i++)
			if (all || i == seen[order[number]] % kinds)
				fail_at(&trial, number, of[i]);
		seen[order[number]]++;
	}
	trial_end(&trial);
}
END_TEST

Suite *
fail_suite(void)
{
	Suite *suite = suite_create("failing calls");
	TCase *tcase = tcase_create("failures");

	tcase_set_timeout(tcase, 1200);
	tcase_add_loop_test(tcase, failures, 0, scenario_count);
	suite_add_tcase(suite, tcase);
	return suite;
}
