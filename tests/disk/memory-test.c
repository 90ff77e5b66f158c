/*
 * Each allocation of a run fails in turn, whoever makes it: we, jansson, libyaml,
 * zlib or the C library. The run says that memory is short and ends with 70, or
 * goes on where it can do without; what is on disk is as after a kill, and the
 * next run makes the world as if nothing had happened.
 *
 * The C library's own malloc is reached by glibc's names for it, and not where a
 * sanitizer has put its own in its place.
 */

#include "trial.h"

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static bool counting;
static unsigned allocations, failing;

static bool
fails(void)
{
	if (!counting || ++allocations != failing)
		return false;
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *
realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

/* A run in a process of its own, with that allocation failing. */
static int
run_failing(struct trial *trial, unsigned number)
{
	int status;
	pid_t child;

	model_cut(trial->model, &trial->recorded, 0, CUT_KILL, trial->homelab.root);
	if ((child = fork()) == 0) {
		struct error err = {0};

		(void)!freopen("/dev/null", "w", stderr);
		trial->homelab.options.reset = trial->scenario->is == RESET;
		failing = number;
		counting = true;
		_exit(observer_run(&trial->homelab.options, &err));
	}
	ck_assert_int_gt(child, 1);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(
	    WIFEXITED(status), "allocation %u: ended by signal %d", number, WTERMSIG(status));
	return WEXITSTATUS(status);
}

static void
check_allocation(struct trial *trial, unsigned number)
{
	struct homelab *h = &trial->homelab;
	int status = run_failing(trial, number);
	struct picture left;
	char what[128];

	(void)snprintf(what, sizeof(what), "%s, allocation %u fails, status %d",
	    trial->scenario->name, number, status);
	picture_take(h, &left);
	picture_check_documents(&left, &trial->before, &trial->after, what);
	if (status != EX_SOFTWARE && status != EX_IOERR)
		ck_assert_msg(status == 0 && picture_same_world(&left, &trial->after), "%s", what);
	picture_release(&left);
	homelab_run(h, trial->scenario->now);
	ck_assert_msg(h->status == 0, "%s: then status %d: %s", what, h->status, h->error.text);
	picture_take(h, &left);
	picture_compare(&left, &trial->after, h, what);
	picture_check_changes(&left, &trial->before, h, what);
	picture_release(&left);
}

static unsigned
count_allocations(struct trial *trial)
{
	model_cut(trial->model, &trial->recorded, 0, CUT_KILL, trial->homelab.root);
	trial->homelab.options.reset = trial->scenario->is == RESET;
	allocations = failing = 0;
	counting = true;
	homelab_run(&trial->homelab, trial->scenario->now);
	counting = false;
	trial->homelab.options.reset = false;
	return allocations;
}

/* Some hundred of them, spread over the run; all with ALLOCATIONS=all. */
START_TEST(memory_fails)
{
	const char *wanted = getenv("ALLOCATIONS");
	struct trial trial;
	unsigned count, step;

	if (!trial_is_wanted(_i) || scenarios[_i].by != A_RUN)
		return;
	trial_begin(&trial, &scenarios[_i]);
	count = count_allocations(&trial);
	step = wanted != NULL && strcmp(wanted, "all") == 0 ? 1 : 1 + count / 100;
	for (unsigned number = 1; number <= count; number += step)
		check_allocation(&trial, number);
	trial_end(&trial);
}
END_TEST

Suite *
memory_suite(void)
{
	Suite *suite = suite_create("memory");
	TCase *tcase = tcase_create("memory");

	tcase_set_timeout(tcase, 1200);
	tcase_add_loop_test(tcase, memory_fails, 0, scenario_count);
	suite_add_tcase(suite, tcase);
	return suite;
}

#else

Suite *
memory_suite(void)
{
	return suite_create("memory");
}

#endif
