#include "follower.h"

#include "engines.h"

#include <homelab/disk.h>

#include <pthread.h>
#include <signal.h>
#include <sysexits.h>
#include <time.h>

struct follower {
	const struct runtime_address *address;
	struct runtime *runtime; /* connected; NULL: none is */
	void (*hint)(void *context);
	void *context;
	atomic_bool stop;
	pthread_t thread;
};

/* Looks at `stop` in between. */
static void
wait_for(const struct follower *f, const struct backoff *b)
{
	const struct timespec slice = {0, 200 * 1000 * 1000};

	while (!atomic_load(&f->stop) && !backoff_is_due(b, clock_monotonic()))
		(void)nanosleep(&slice, NULL);
}

static int
connect_again(struct follower *f, struct error *err)
{
	if (f->runtime != NULL)
		return 0;
	f->runtime = runtime_new(f->address);
	return runtime_connect(f->runtime, err);
}

/* False where it never will. */
static bool
follow_once(struct follower *f, struct backoff *b)
{
	struct error err = {0};
	timestamp began;
	int failed = connect_again(f, &err);

	if (failed == 0) {
		began = clock_monotonic();
		failed = runtime_follow(f->runtime, f->hint, f->context, &f->stop, &err);
		if (clock_monotonic() - began >= BACKOFF_MAX)
			backoff_succeeded(b);
		if (failed == 0 || err.status != EX_SOFTWARE)
			f->hint(f->context);
	}
	backoff_failed(b, clock_monotonic(), 0, engine_chance());
	runtime_free(f->runtime);
	f->runtime = NULL;
	return failed == 0 || err.status != EX_SOFTWARE;
}

static void *
follow(void *follower)
{
	struct follower *f = follower;
	struct backoff backoff = {0};

	while (!atomic_load(&f->stop) && follow_once(f, &backoff))
		wait_for(f, &backoff);
	return NULL;
}

struct follower *
follower_start(const struct runtime *runtime, void (*hint)(void *context), void *context)
{
	struct follower *f = memory_alloc(sizeof(*f));
	sigset_t all, before;
	int failed;

	f->address = runtime->address;
	f->runtime = runtime_again(runtime);
	f->hint = hint;
	f->context = context;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before);
	failed = pthread_create(&f->thread, NULL, follow, f);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed == 0)
		return f;
	runtime_free(f->runtime);
	free(f);
	return NULL;
}

void
follower_free(struct follower *f)
{
	if (f == NULL)
		return;
	atomic_store(&f->stop, true);
	(void)pthread_join(f->thread, NULL);
	runtime_free(f->runtime);
	free(f);
}
