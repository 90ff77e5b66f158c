#ifndef DISK_TRIAL_H
#define DISK_TRIAL_H

#include "homelab.h"
#include "model.h"

/* A scenario's run as it goes when nothing goes wrong, and all that's needed to
 * have it go wrong again and again. */
struct trial {
	const struct scenario *scenario;
	struct homelab homelab;
	struct model *model;
	struct picture before, after;
	struct homelab news; /* as it was before the run */
	struct recorded recorded;
};

void trial_begin(struct trial *trial, const struct scenario *s);
/* Whether this scenario is to be tried: all are, or that of SCENARIO=NUMBER. */
bool trial_is_wanted(int number);
/* Whether the disk is as it was before the change of that number: nothing is
 * lost or gained by a chmod or close. */
bool trial_is_same_cut(const struct recorded *r, size_t number);
/* Runs once more: the world and what is told are as if nothing had gone wrong, and no
 * error is said where it has to be quiet. */
void trial_check_next_run(struct trial *trial, bool quiet, const char *what);
void trial_end(struct trial *trial);

#endif
