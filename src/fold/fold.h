#ifndef HOMELAB_FOLD_H
#define HOMELAB_FOLD_H

#include <homelab/partition.h>

/* What the files of the fold share. */

/* Replaces an owned string; "" is none. */
void text_set(char **field, const char *text);

struct service *service_find(const struct partition *p, const char *name);
/* The service, made where there is none; NULL beyond the limit. */
struct service *service_ensure(struct partition *p, const char *name);
void service_set_status(struct service *s, enum service_status status, timestamp at);
void service_forget(struct partition *p, const struct service *s);

void incident_fail(struct partition *p, struct service *s, const struct event *e);
void incident_resolve(struct partition *p, struct service *s, const struct event *e);
void incident_note_start(struct service *s, const struct event *e);
void incident_note_completion(struct service *s, const struct event *e);
void incident_forget(struct partition *p, size_t index);

/* What an event says of its service's container. False where it is beyond the
 * limits. */
bool containers_fold(struct partition *p, const struct event *e);
/* Takes over a packed one, at the end of the list; it has to come there. */
void containers_restore(struct service *s, struct unpack *u);
void containers_free(struct service *s);

/* Returns false where a name was beyond the limit of a run's services. */
bool run_fold(struct partition *p, const struct event *e);
void run_forget(struct partition *p, size_t index);
/* The latest run of a service that has begun or ended so lately that what fails
 * now may come of it (F16), or NULL. */
const struct run *run_suspect(const struct partition *p, const char *service, timestamp at);

#endif
