#ifndef RUNTIME_CRI_H
#define RUNTIME_CRI_H

#include <homelab/runtime.h>

/*
 * What a runtime of the kubelet's replies, read; and what follows from it. Pure:
 * replies are messages of cri.proto, without gRPC's frames, and as hostile as any
 * other bytes. Where one isn't what it should be, its reader returns -1 and
 * nothing was added.
 */

enum cri_state { CRI_CREATED, CRI_RUNNING, CRI_EXITED, CRI_UNKNOWN };

/* What is known of a container besides what struct container has. */
struct cri_entry {
	char *sandbox; /* the id */
	enum cri_state state;
	bool detailed; /* its status has been read */
	bool gone; /* since it was listed */
};

/* Entry i goes with containers.list[i]. */
struct cri_view {
	struct containers containers;
	struct cri_entry *entries;
	size_t room;
};

struct cri_sandbox {
	char *id, *name, *space;
	bool ready;
};

struct cri_sandboxes { /* by id */
	struct cri_sandbox *list;
	size_t count, room;
};

/* Each makes a request; add the message to *out. */
void cri_ask_version(struct buffer *out);
void cri_ask_status(const char *id, struct buffer *out);

int cri_read_version(const void *reply, size_t length, struct runtime *r);
/* Into an empty view: id, image, labels, times of creation, restarts. */
int cri_read_list(const void *reply, size_t length, struct cri_view *out);
/* The details of container `index`; where its log is in *log_path, the caller's,
 * unless that is NULL. */
int cri_read_status(
    const void *reply, size_t length, struct cri_view *view, size_t index, char **log_path);
/* Into an empty list. */
int cri_read_sandboxes(const void *reply, size_t length, struct cri_sandboxes *out);

void cri_view_release(struct cri_view *view);
void cri_sandboxes_release(struct cri_sandboxes *sandboxes);

/*
 * The details of those that `kept` knows and for which they can't be others now:
 * a container runs once, and is then what it is. `settled`: what ended later than
 * that is asked for again, since the runtime may yet learn why.
 */
void cri_reuse(struct cri_view *view, const struct cri_view *kept, timestamp settled);

/*
 * What the sandbox adds: the name, which is "NAMESPACE_POD_CONTAINER" without a
 * namespace "default" and a pod named as the container; and whether the end was
 * asked for, which CRI doesn't tell: where the sandbox is gone or not ready, it
 * was. (SIGTERM is no crash in any runtime: container_crashed().)
 */
void cri_judge(
    struct container *c, const struct cri_entry *entry, const struct cri_sandboxes *sandboxes);

/*
 * The last lines of a log as the kubelet has it: "TIME stdout|stderr F|P TEXT",
 * P for a line that goes on. Others are left out. `data` is its end, and begins
 * with a line where it is the whole. At most RUNTIME_LOG_MAX bytes.
 */
void cri_log_tail(const char *data, size_t length, bool whole, unsigned lines, struct buffer *out);
/* The same of a file: a regular one, not through a link, by its absolute path. */
int cri_log_read(const char *path, unsigned lines, struct buffer *out, struct error *err);

/* As runtime_follow(), but `hint` is called from a thread of its own, and more than
 * once for an event: a list that shows what it was may be long in coming. */
int cri_follow(struct runtime *r, void (*hint)(void *context), void *context,
    const atomic_bool *stop, struct error *err);

#endif
