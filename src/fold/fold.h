#ifndef HOMELAB_FOLD_H
#define HOMELAB_FOLD_H

#include <homelab/partition.h>

/* What the files of the fold share. */

/* Replaces an owned string; "" is none. */
void text_set(char **field, const char *text);

struct service *service_find(const struct partition *p, const char *name);
/* The service, made where there is none; NULL beyond the limit. */
struct service *service_ensure(struct partition *p, const char *name);

void incident_fail(struct partition *p, struct service *s, const struct event *e);
void incident_resolve(struct partition *p, struct service *s, const struct event *e);
void incident_note_start(struct service *s, const struct event *e);
void incident_note_completion(struct service *s, const struct event *e);
void incident_forget(struct partition *p, size_t index);

/* Returns false where a name was beyond the limit of a run's services. */
bool run_fold(struct partition *p, const struct event *e);
void run_forget(struct partition *p, size_t index);

#endif
