#include "docker.h"

#include "echo.h"

#include <homelab/disk.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define STOP_GRACE SECONDS(10) /* from SIGTERM to SIGKILL */

enum { LOG_LINES_MAX = 1000 };

struct docker_kept *
docker_kept_of(struct runtime *r)
{
	struct docker_kept *kept = r->kept;

	if (kept == NULL) {
		r->kept = kept = memory_alloc(sizeof(*kept));
		kept->call_time = DOCKER_CALL_TIME;
	}
	return kept;
}

static void
docker_release(struct runtime *r)
{
	struct docker_kept *kept = r->kept;

	if (kept != NULL)
		docker_view_release(&kept->view);
	free(kept);
	r->kept = NULL;
}

/* --- a call --------------------------------------------------------------------------------- */

static struct http_request
request_to(const struct runtime *r, const char *method, const char *url)
{
	const struct runtime_address *a = r->address;

	return (struct http_request){.method = method,
	    .url = url,
	    .socket = a->socket,
	    .tls = {a->authority, a->certificate, a->key}};
}

static void
add_base(const struct runtime *r, struct buffer *url)
{
	buffer_text(url, "%s", r->address->socket != NULL ? "http://localhost" : r->address->url);
}

static bool
is_one_of(int status, const int *statuses)
{
	for (; *statuses != 0; statuses++)
		if (*statuses == status)
			return true;
	return false;
}

static int
fail(const struct docker_call *call, const struct runtime *r, const struct http_answer *answer,
    struct error *err)
{
	cleanup_buffer struct buffer message = {0};
	bool refused = answer->status >= 400 && answer->status < 500;

	return error_set(err, refused ? EX_SOFTWARE : EX_UNAVAILABLE,
	    "cannot %s %s of %s: its answer is %d%s", call->method, call->path, r->address->name,
	    answer->status, docker_read_message(&answer->body, &message));
}

static int
send_to(struct runtime *r, const char *url, const struct docker_call *call,
    struct http_answer *answer, struct error *err)
{
	struct http_request request = request_to(r, call->method, url);

	request.body_max = call->body_max;
	request.deadline = call->deadline > 1 ? call->deadline : 1;
	if (http_send(&request, answer, err) < 0)
		return -1;
	if (answer->cut)
		return error_set(err, EX_UNAVAILABLE, "cannot %s %s of %s: its answer is too long",
		    call->method, call->path, r->address->name);
	return is_one_of(answer->status, call->statuses) ? 0 : fail(call, r, answer, err);
}

/* --- what is it --------------------------------------------------------------------------------- */

/* To ask for its version makes podman start other programs. So first what every
 * answer says of it is asked for, and, where that is the same, or enough, no more. */
static int
greet(struct runtime *r, char *greeting, size_t size, struct error *err)
{
	const struct docker_call call = {
	    "GET", "/_ping", docker_kept_of(r)->call_time, DOCKER_SMALL_MAX, {200}};
	cleanup_buffer struct buffer url = {0}, server = {0}, api = {0};
	struct http_answer answer;
	const char *name = NULL, *version = NULL;
	int result;

	add_base(r, &url);
	buffer_text(&url, "%s", call.path);
	result = send_to(r, buffer_string(&url), &call, &answer, err);
	if (result == 0) {
		name = http_answer_header(&answer, "server", &server);
		version = http_answer_header(&answer, "api-version", &api);
	}
	(void)snprintf(
	    greeting, size, "%s %s", name != NULL ? name : "-", version != NULL ? version : "-");
	http_answer_release(&answer);
	return result;
}

static int
ask_version(struct runtime *r, struct error *err)
{
	const struct docker_call call = {
	    "GET", "/version", docker_kept_of(r)->call_time, DOCKER_SMALL_MAX, {200}};
	cleanup_buffer struct buffer url = {0};
	struct http_answer answer;
	int result;

	add_base(r, &url);
	buffer_text(&url, "%s", call.path);
	result = send_to(r, buffer_string(&url), &call, &answer, err);
	if (result == 0)
		result = docker_read_version(&answer.body, r, err);
	http_answer_release(&answer);
	return result;
}

/* Whatever it answers to that: as long as it can't be connected, it isn't there. */
static int
docker_connect(struct runtime *r, struct error *err)
{
	struct docker_kept *kept = docker_kept_of(r);
	struct error why = {0};
	char greeting[sizeof(kept->greeting)];

	if (greet(r, greeting, sizeof(greeting), &why) < 0)
		return error_set(err, EX_UNAVAILABLE, "%s", why.text);
	if (r->api[0] != '\0' && strcmp(greeting, kept->greeting) == 0)
		return 0;
	r->api[0] = '\0';
	if (!docker_read_greeting(greeting, r) && ask_version(r, &why) < 0)
		return error_set(err, EX_UNAVAILABLE, "%s", why.text);
	memcpy(kept->greeting, greeting, sizeof(greeting));
	return 0;
}

/* What is called for is asked of one that has been connected. */
static int
make_url(struct runtime *r, const char *path, struct buffer *url, struct error *err)
{
	if (r->api[0] == '\0' && docker_connect(r, err) < 0)
		return -1;
	add_base(r, url);
	buffer_text(url, "/v%s%s", r->api, path);
	return 0;
}

int
docker_send(struct runtime *r, const struct docker_call *call, struct http_answer *answer,
    struct error *err)
{
	struct docker_call limited = *call;
	cleanup_buffer struct buffer url = {0};
	timestamp call_time = docker_kept_of(r)->call_time;

	*answer = (struct http_answer){0};
	if (make_url(r, call->path, &url, err) < 0)
		return -1;
	if (strcmp(call->method, "GET") == 0 && limited.deadline > call_time)
		limited.deadline = call_time;
	return send_to(r, buffer_string(&url), &limited, answer, err);
}

void
docker_add_query(struct buffer *path, const char *text)
{
	for (; *text != '\0'; text++)
		if (isalnum((unsigned char)*text))
			buffer_add(path, text, 1);
		else
			buffer_text(path, "%%%02X", (unsigned)(unsigned char)*text);
}

void
docker_add_time(struct buffer *path, const char *name, timestamp at)
{
	at = at < 0 ? 0 : at;
	buffer_text(path, "%s=%lld.%09lld&", name, (long long)(at / SECONDS(1)),
	    (long long)(at % SECONDS(1)));
}

/* --- acting ------------------------------------------------------------------------------------ */

/* 304: it's so already. */
static int
act(struct runtime *r, const char *id, const char *action, timestamp deadline, struct error *err)
{
	cleanup_buffer struct buffer path = {0};
	struct docker_call call = {
	    .method = "POST", .deadline = deadline, .body_max = DOCKER_SMALL_MAX};
	struct http_answer answer;
	int result;

	buffer_text(&path, "/containers/");
	docker_add_query(&path, id);
	buffer_text(&path, "%s", action);
	call.path = buffer_string(&path);
	call.statuses[0] = 204;
	call.statuses[1] = 304;
	result = docker_send(r, &call, &answer, err);
	if (result < 0 && err != NULL && answer.status >= 400)
		err->status = EX_SOFTWARE; /* also where a start fails: Docker's 500 */
	http_answer_release(&answer);
	return result;
}

static int
docker_start(struct runtime *r, const char *id, struct error *err)
{
	return act(r, id, "/start", 6 * docker_kept_of(r)->call_time, err);
}

static int
docker_stop(struct runtime *r, const char *id, struct error *err)
{
	struct docker_kept *kept = docker_kept_of(r);
	struct docker_entry *e = docker_view_find(&kept->view, id);

	if (e != NULL)
		e->stopping = true;
	return act(r, id, "/stop?t=10", STOP_GRACE + kept->call_time, err);
}

/* --- the log ----------------------------------------------------------------------------------- */

static int
ask_container(struct runtime *r, const char *id, const char *what, struct http_answer *answer,
    struct error *err)
{
	cleanup_buffer struct buffer path = {0};
	struct docker_call call = {.method = "GET",
	    .deadline = DOCKER_CALL_TIME,
	    .body_max = DOCKER_SMALL_MAX,
	    .statuses = {200}};

	buffer_text(&path, "/containers/");
	docker_add_query(&path, id);
	buffer_text(&path, "%s", what);
	call.path = buffer_string(&path);
	return docker_send(r, &call, answer, err);
}

static int
docker_log(struct runtime *r, const char *id, unsigned lines, struct buffer *out, struct error *err)
{
	struct http_answer answer;
	char what[64];
	bool framed;
	int result;

	if (lines > LOG_LINES_MAX)
		lines = LOG_LINES_MAX;
	result = ask_container(r, id, "/json", &answer, err);
	framed = result == 0 && !docker_read_tty(&answer.body);
	http_answer_release(&answer);
	if (result < 0)
		return -1;
	(void)snprintf(what, sizeof(what), "/logs?stdout=1&stderr=1&tail=%u", lines);
	result = ask_container(r, id, what, &answer, err);
	if (answer.cut)
		result = 0; /* of long lines what there is will do */
	if (result == 0)
		docker_read_log(&answer.body, framed, lines, out);
	http_answer_release(&answer);
	return result;
}

/* --- hints -------------------------------------------------------------------------------------- */

/* Each event is a line. What it says isn't read: the next list tells. */
static bool
take_events(void *context, const void *data, size_t length)
{
	struct echo *echo = context;

	if (memchr(data, '\n', length) == NULL)
		return true;
	echo->hint(echo->context);
	echo_event(echo);
	return true;
}

/* A health check that runs makes three events each time that aren't asked for. */
static const char wanted[] = "{\"type\":[\"container\"],\"event\":[\"create\",\"start\",\"die\","
			     "\"died\",\"oom\",\"stop\",\"restart\",\"pause\",\"unpause\","
			     "\"rename\",\"destroy\",\"remove\",\"health_status\"]}";

/* It listens from here on: what happened before a look now shows. */
static void
begin_events(void *context)
{
	struct echo *echo = context;

	echo->hint(echo->context);
}

/* An engine says that it listens somewhat before it does. One on this machine, which has
 * our clock, is asked for what happens meanwhile, too. */
static void
add_events_path(const struct runtime *r, struct buffer *path)
{
	buffer_text(path, "/events?");
	if (r->address->socket != NULL)
		docker_add_time(path, "since", clock_real());
	buffer_text(path, "filters=");
	docker_add_query(path, wanted);
}

static int
follow_events(struct runtime *r, struct echo *echo, const atomic_bool *stop, struct error *err)
{
	cleanup_buffer struct buffer path = {0}, url = {0};
	struct http_request request;
	int status;

	add_events_path(r, &path);
	if (make_url(r, buffer_string(&path), &url, err) < 0)
		return -1;
	request = request_to(r, "GET", buffer_string(&url));
	request.deadline = docker_kept_of(r)->call_time;
	request.opened = begin_events;
	if (http_follow(&request, take_events, echo, stop, &status, err) < 0)
		return -1;
	if (atomic_load(stop))
		return 0;
	if (status == 403 || status == 404 || status == 501)
		return error_set(err, EX_SOFTWARE, "%s tells no events", r->address->name);
	return error_set(err, EX_UNAVAILABLE, "%s stopped telling events", r->address->name);
}

static int
docker_follow(struct runtime *r, void (*hint)(void *context), void *context,
    const atomic_bool *stop, struct error *err)
{
	struct echo echo;
	int result;

	if (echo_begin(&echo, hint, context, err) < 0)
		return -1;
	result = follow_events(r, &echo, stop, err);
	echo_end(&echo);
	return result;
}

const struct runtime_operations docker_operations = {
    .connect = docker_connect,
    .list = docker_list,
    .start = docker_start,
    .stop = docker_stop,
    .log = docker_log,
    .follow = docker_follow,
    .release = docker_release,
    .acts = true,
};
