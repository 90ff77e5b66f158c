#include "cri.h"

#include "echo.h"
#include "grpc.h"

#include <sysexits.h>

#define STREAM_TIME DAYS(1) /* the first event may be long in coming */

enum { EVENT_MAX = 16 << 20 };

/* What there may be, the first that there is. What CRI has for it came late, and
 * containerd tells each event of it to one of its listeners only. */
static const struct grpc_call streams[] = {
    {.method = "containerd.services.events.v1.Events/Subscribe",
	.metadata = "containerd-namespace: k8s.io"},
    {.method = "runtime.v1.RuntimeService/GetContainerEvents"},
};

/* SubscribeRequest's filter, what becomes of containers; to the other it is a field
 * that it doesn't know. */
static const char request[] = "\x0a\x30"
			      "namespace==k8s.io,topic~=\"^/(tasks|containers)/\"";

static void
take_event(void *echo)
{
	echo_event(echo);
}

static int
follow_streams(
    const struct runtime *r, struct echo *echo, const atomic_bool *stop, struct error *err)
{
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		struct grpc_call stream = streams[i];

		stream.socket = r->address->socket;
		stream.deadline = STREAM_TIME;
		stream.reply_max = EVENT_MAX;
		if (grpc_follow(
			&stream, request, sizeof(request) - 1, take_event, echo, stop, err) < 0)
			return -1;
		if (atomic_load(stop))
			return 0;
	}
	return error_set(err, EX_SOFTWARE, "%s has no stream of events", r->address->name);
}

int
cri_follow(struct runtime *r, void (*hint)(void *context), void *context, const atomic_bool *stop,
    struct error *err)
{
	struct echo echo;
	int result;

	if (echo_begin(&echo, hint, context, err) < 0)
		return -1;
	/* A stream says nothing before its first event, not even that it's there: so what
	 * happens before it listens is looked for as after an event. */
	echo_event(&echo);
	result = follow_streams(r, &echo, stop, err);
	echo_end(&echo);
	return result;
}
