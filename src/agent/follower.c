#include "follower.h"

#include "engines.h"

#include <homelab/disk.h>

#include <pthread.h>
#include <signal.h>
#include <sysexits.h>
#include <time.h>

struct follower {
	const struct runtime_address *address;
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

/* False where it never will. */
static bool
follow_once(const struct follower *f, struct backoff *b)
{
	struct runtime *runtime = runtime_new(f->address);
	struct error err = {0};
	timestamp began;
	int failed = runtime_connect(runtime, &err);

	if (failed == 0) {
		if (b->failures > 0)
			f->hint(f->context); /* what it said meanwhile was missed */
		began = clock_monotonic();
		failed = runtime_follow(runtime, f->hint, f->context, &f->stop, &err);
		if (clock_monotonic() - began >= BACKOFF_MAX)
			backoff_succeeded(b);
		if (failed == 0 || err.status != EX_SOFTWARE)
			f->hint(f->context);
	}
	backoff_failed(b, clock_monotonic(), 0, engine_chance());
	runtime_free(runtime);
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
follower_start(const struct runtime_address *address, void (*hint)(void *context), void *context)
{
	struct follower *f = memory_alloc(sizeof(*f));
	sigset_t all, before;
	int failed;

	f->address = address;
	f->hint = hint;
	f->context = context;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before);
	failed = pthread_create(&f->thread, NULL, follow, f);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed == 0)
		return f;
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
	free(f);
}
