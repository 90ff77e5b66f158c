#include "cri.h"

#include "grpc.h"

#include <homelab/disk.h>

#include <string.h>
#include <sysexits.h>

/*
 * Containers of containerd, CRI-O and others that the kubelet drives. They belong
 * to it, so nothing is started or stopped here. A list is three kinds of calls:
 * the containers, the status of those of which it isn't known, and at last the
 * sandboxes, so that one that is being taken down is seen to be.
 */

#define CALL_TIME SECONDS(5)
#define LIST_TIME SECONDS(30) /* for all the calls of one */
#define SETTLING_TIME SECONDS(10) /* until a runtime knows why a container ended */

enum {
	SMALL_MAX = 1 << 20,
	LIST_MAX = 16 << 20, /* as long as the kubelet takes */
};

#define SERVICE "runtime.v1.RuntimeService/"

static int
call(struct runtime *r, const char *method, size_t most, const struct buffer *request,
    struct buffer *reply, int *status, struct error *err)
{
	const struct grpc_call c = {.socket = r->address->socket,
	    .method = method,
	    .deadline = CALL_TIME,
	    .reply_max = most};

	return grpc_send(&c, request->data, request->length, reply, status, err);
}

static int
fail(const struct runtime *r, const char *method, struct error *err)
{
	return error_set(err, EX_UNAVAILABLE, "cannot call %s at %s: the reply isn't one", method,
	    r->address->socket);
}

static int
fail_without_cri(const struct runtime *r, struct error *err)
{
	return error_set(err, EX_SOFTWARE, "%s has no CRI, version v1", r->address->socket);
}

static int
cri_connect(struct runtime *r, struct error *err)
{
	static const char method[] = SERVICE "Version";
	cleanup_buffer struct buffer request = {0}, reply = {0};
	int status;

	cri_ask_version(&request);
	if (call(r, method, SMALL_MAX, &request, &reply, &status, err) < 0)
		return status == GRPC_UNIMPLEMENTED ? fail_without_cri(r, err) : -1;
	return cri_read_version(reply.data, reply.length, r) < 0 ? fail(r, method, err) : 0;
}

/* --- listing ------------------------------------------------------------------------ */

static int
list_containers(struct runtime *r, struct cri_view *out, struct error *err)
{
	static const char method[] = SERVICE "ListContainers";
	cleanup_buffer struct buffer request = {0}, reply = {0};
	int status;

	if (call(r, method, LIST_MAX, &request, &reply, &status, err) < 0)
		return -1;
	return cri_read_list(reply.data, reply.length, out) < 0 ? fail(r, method, err) : 0;
}

static int
list_sandboxes(struct runtime *r, struct cri_sandboxes *out, struct error *err)
{
	static const char method[] = SERVICE "ListPodSandbox";
	cleanup_buffer struct buffer request = {0}, reply = {0};
	int status;

	if (call(r, method, LIST_MAX, &request, &reply, &status, err) < 0)
		return -1;
	return cri_read_sandboxes(reply.data, reply.length, out) < 0 ? fail(r, method, err) : 0;
}

/* A container that was removed meanwhile is none of the list. */
static int
ask_status(
    struct runtime *r, struct cri_view *view, size_t index, char **log_path, struct error *err)
{
	static const char method[] = SERVICE "ContainerStatus";
	cleanup_buffer struct buffer request = {0}, reply = {0};
	int status;

	cri_ask_status(view->containers.list[index].id, &request);
	if (call(r, method, SMALL_MAX, &request, &reply, &status, err) < 0) {
		view->entries[index].gone = status == GRPC_NOT_FOUND;
		return view->entries[index].gone ? 0 : -1;
	}
	return cri_read_status(reply.data, reply.length, view, index, log_path) < 0 ?
	    fail(r, method, err) :
	    0;
}

static int
ask_details(struct runtime *r, struct cri_view *view, struct error *err)
{
	timestamp due = clock_monotonic() + LIST_TIME;

	if (r->kept != NULL)
		cri_reuse(view, r->kept, clock_real() - SETTLING_TIME);
	for (size_t i = 0; i < view->containers.count; i++) {
		if (view->entries[i].detailed)
			continue;
		if (clock_monotonic() > due)
			return error_set(err, EX_UNAVAILABLE,
			    "cannot list the containers at %s: it takes too long",
			    r->address->socket);
		if (ask_status(r, view, i, NULL, err) < 0)
			return -1;
	}
	return 0;
}

static void
add_judged(struct runtime *r, const struct cri_view *view, const struct cri_sandboxes *sandboxes,
    struct containers *out)
{
	for (size_t i = 0; i < view->containers.count; i++) {
		struct container *c;

		if (view->entries[i].gone)
			continue;
		c = containers_add(out);
		container_release(c);
		*c = container_copy(&view->containers.list[i]);
		container_set_text(&c->runtime, r->address->name);
		cri_judge(c, &view->entries[i], sandboxes);
	}
}

static void
cri_release(struct runtime *r)
{
	if (r->kept != NULL)
		cri_view_release(r->kept);
	free(r->kept);
	r->kept = NULL;
}

static void
keep(struct runtime *r, struct cri_view *view)
{
	cri_release(r);
	r->kept = memory_alloc(sizeof(*view));
	*(struct cri_view *)r->kept = *view;
}

static int
cri_list(struct runtime *r, timestamp since, struct containers *out, struct error *err)
{
	struct cri_view view = {0};
	struct cri_sandboxes sandboxes = {0};
	int result = list_containers(r, &view, err);

	(void)since; /* no events tell what the list doesn't */
	if (result == 0)
		result = ask_details(r, &view, err);
	if (result == 0)
		result = list_sandboxes(r, &sandboxes, err);
	if (result == 0) {
		add_judged(r, &view, &sandboxes, out);
		keep(r, &view);
	} else {
		cri_view_release(&view);
	}
	cri_sandboxes_release(&sandboxes);
	return result;
}

/* --- the rest ----------------------------------------------------------------------- */

static int
cri_act(struct runtime *r, const char *id, struct error *err)
{
	(void)id;
	return error_set(err, EX_SOFTWARE,
	    "the containers of %s are the kubelet's to start and stop", r->address->name);
}

static int
cri_log(struct runtime *r, const char *id, unsigned lines, struct buffer *out, struct error *err)
{
	struct cri_view view = {.entries = memory_alloc(sizeof(struct cri_entry)), .room = 1};
	cleanup_free char *path = NULL;
	int result;

	container_set_text(&containers_add(&view.containers)->id, id);
	result = ask_status(r, &view, 0, &path, err);
	if (result == 0 && path == NULL)
		result = error_set(err, EX_UNAVAILABLE, "cannot find the log of %s", id);
	cri_view_release(&view);
	return result < 0 ? -1 : cri_log_read(path, lines, out, err);
}

const struct runtime_operations cri_operations = {
    .connect = cri_connect,
    .list = cri_list,
    .start = cri_act,
    .stop = cri_act,
    .log = cri_log,
    .follow = cri_follow,
    .release = cri_release,
    .acts = false,
};
