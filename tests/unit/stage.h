#ifndef UNIT_STAGE_H
#define UNIT_STAGE_H

/*
 * Supervision played from a script: one container, words for what happens to it,
 * and what came of it as a text.
 *
 *	+N		N seconds go by, +Nns nanoseconds, -N the clock is set back
 *	up		it is started
 *	again		it is started by its runtime, which counts that
 *	crash:N		it crashes with that exit code, and is down
 *	dying:N		the same, and its runtime, which counts that, will start it
 *	end stop	it ends with 0, as it was asked to
 *	rm new older	it is removed, made anew with another id, or in place of one
 *			that is older
 *	count:N		its runtime counts N more restarts
 *	look		at all there is
 *	ok fail		the orders of the last look are carried out, or fail
 *	reload		the agent ends and begins again
 *	action:WORD no-policy	what services.yaml says
 *	cri docker self	whether its runtime can't or can be acted on; restarts it
 *	away		the runtime was gone since the last look
 *
 * The outcome of stage_play(): the state, then in brackets the orders of the last
 * look ("restart", "restart*" where it was given before), then all events since
 * the play began; times in seconds since the stage was set.
 */

#include <homelab/supervision.h>

struct stage {
	struct supervision *supervision;
	struct containers containers; /* of one */
	struct policy policy;
	struct supervision_subject subject;
	bool present;
	bool forgetful; /* reloads after each word */
	timestamp now;
	struct supervision_results results;
};

/* A running container under the default policy, looked at once. */
void stage_set(struct stage *s);
void stage_clear(struct stage *s);
/* Good until the next call. */
const char *stage_play(struct stage *s, const char *script);
/* Under a stage of its own, both ways: with one agent, and with one that ends
 * after each word. */
void assert_plays(const char *script, const char *expected);

#endif
