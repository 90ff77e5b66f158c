#include "echo.h"

#include <homelab/disk.h>

#include <sysexits.h>
#include <time.h>

static const timestamp echoes[] = {
    SECONDS(1) / 50, SECONDS(1) / 10, SECONDS(1) / 4, SECONDS(1) / 2, SECONDS(1), SECONDS(2)};

enum { ECHOES = sizeof(echoes) / sizeof(echoes[0]) };

static struct timespec
timespec_of(timestamp at)
{
	return (struct timespec){.tv_sec = (time_t)(at / NANOSECONDS_A_SECOND),
	    .tv_nsec = (long)(at % NANOSECONDS_A_SECOND)};
}

static void *
give_hints(void *echo)
{
	struct echo *e = echo;

	(void)pthread_mutex_lock(&e->lock);
	while (!e->ended) {
		timestamp due = e->next < ECHOES ? e->event + echoes[e->next] : TIMESTAMP_LAST;
		const struct timespec until = timespec_of(due);

		if (due == TIMESTAMP_LAST) {
			(void)pthread_cond_wait(&e->changed, &e->lock);
		} else if (clock_monotonic() < due) {
			(void)pthread_cond_timedwait(&e->changed, &e->lock, &until);
		} else {
			e->next++;
			(void)pthread_mutex_unlock(&e->lock);
			e->hint(e->context);
			(void)pthread_mutex_lock(&e->lock);
		}
	}
	(void)pthread_mutex_unlock(&e->lock);
	return NULL;
}

/* One before the first echo is heard with it, so that many can't put it off. */
void
echo_event(struct echo *e)
{
	(void)pthread_mutex_lock(&e->lock);
	if (e->next > 0) {
		e->event = clock_monotonic();
		e->next = 0;
		(void)pthread_cond_signal(&e->changed);
	}
	(void)pthread_mutex_unlock(&e->lock);
}

int
echo_begin(struct echo *e, void (*hint)(void *context), void *context, struct error *err)
{
	pthread_condattr_t monotonic;

	*e = (struct echo){.hint = hint, .context = context, .next = ECHOES};
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&e->lock, NULL);
	(void)pthread_cond_init(&e->changed, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	if (pthread_create(&e->thread, NULL, give_hints, e) != 0)
		return error_set(err, EX_OSERR, "cannot start a thread");
	return 0;
}

void
echo_end(struct echo *e)
{
	(void)pthread_mutex_lock(&e->lock);
	e->ended = true;
	(void)pthread_cond_signal(&e->changed);
	(void)pthread_mutex_unlock(&e->lock);
	(void)pthread_join(e->thread, NULL);
	(void)pthread_cond_destroy(&e->changed);
	(void)pthread_mutex_destroy(&e->lock);
}
