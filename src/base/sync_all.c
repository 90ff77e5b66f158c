/*
 * Many fsyncs at once. A disk that is asked to make one file durable after the other
 * empties its cache for each; asked side by side, for several together.
 */

#include <homelab/disk.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

enum { THREADS_MAX = 15, STACK_SIZE = 64 << 10 };

struct group {
	const int *fds;
	size_t count;
	atomic_size_t next;
	atomic_int error; /* errno of one that failed */
	atomic_size_t failed; /* which one */
};

static void *
sync_next(void *context)
{
	struct group *g = context;
	size_t i;

	while ((i = atomic_fetch_add(&g->next, 1)) < g->count)
		if (disk.fsync(g->fds[i]) < 0) {
			atomic_store(&g->failed, i);
			atomic_store(&g->error, errno);
			atomic_store(&g->next, g->count);
		}
	return NULL;
}

/* Signals are for the thread that calls. Where there can't be as many threads, there
 * are fewer. */
static size_t
start_threads(pthread_t *threads, size_t count, struct group *g)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	size_t started = 0;

	if (count == 0 || pthread_attr_init(&attributes) != 0)
		return 0;
	(void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	while (started < count && pthread_create(&threads[started], &attributes, sync_next, g) == 0)
		started++;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attributes);
	return started;
}

int
disk_sync_all(const int *fds, size_t count, size_t *failed)
{
	pthread_t threads[THREADS_MAX];
	struct group g = {.fds = fds, .count = count};
	size_t others = !disk.parallel || count == 0 ? 0 : count - 1;
	size_t started = start_threads(threads, others < THREADS_MAX ? others : THREADS_MAX, &g);

	(void)sync_next(&g);
	while (started > 0)
		(void)pthread_join(threads[--started], NULL);
	*failed = atomic_load(&g.failed);
	errno = atomic_load(&g.error);
	return errno == 0 ? 0 : -1;
}
