#include <homelab/disk.h>
#include <homelab/http.h>

#include <ctype.h>
#include <curl/curl.h>
#include <pthread.h>
#include <string.h>
#include <sysexits.h>

enum {
	HEADERS_MAX = 64 << 10,
	/* libcurl 7 reads 32 KiB of HTTP/2 at once. What doesn't fit into its buffer, of 16
	 * KiB by itself, it forgets until one of its timers, of 200 ms, goes off. */
	HTTP2_BUFFER = 64 << 10,
};

/* What is being received. */
struct reception {
	struct http_answer *answer;
	size_t body_max;
	bool too_many_headers;
	/* of http_follow() */
	bool (*take)(void *context, const void *data, size_t length);
	void (*opened)(void *context);
	void *context;
	const atomic_bool *stop;
	timestamp head_due; /* when the head has to be there; TIMESTAMP_NONE: it is */
	bool ended, late;
	CURL *handle;
};

/* --- one handle a thread, which keeps its connections -------------------------- */

static pthread_key_t handles;

static void
free_handle(void *handle)
{
	curl_easy_cleanup(handle);
}

void
http_init(void)
{
	if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK ||
	    pthread_key_create(&handles, free_handle) != 0)
		memory_fail();
}

static CURL *
get_handle(void)
{
	CURL *handle = pthread_getspecific(handles);

	if (handle != NULL) {
		curl_easy_reset(handle);
		return handle;
	}
	if ((handle = curl_easy_init()) == NULL || pthread_setspecific(handles, handle) != 0)
		memory_fail();
	return handle;
}

/* --- receiving ------------------------------------------------------------------ */

static void
end_head(struct reception *r)
{
	long status = 0;

	(void)curl_easy_getinfo(r->handle, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200) /* an interim one */
		return;
	r->head_due = TIMESTAMP_NONE;
	if (status < 300 && r->opened != NULL)
		r->opened(r->context);
}

static size_t
receive_header(char *line, size_t size, size_t count, void *reception)
{
	struct reception *r = reception;
	struct buffer *headers = &r->answer->headers;
	size_t length = size * count, name;

	if (length >= 5 && strncmp(line, "HTTP/", 5) == 0)
		headers->length = 0; /* of an interim answer */
	if (headers->length + length > HEADERS_MAX) {
		r->too_many_headers = true;
		return 0;
	}
	while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
		length--;
	if (length == 0)
		end_head(r);
	if (length == 0 || memchr(line, ':', length) == NULL)
		return size * count;
	name = (size_t)((char *)memchr(line, ':', length) - line);
	for (size_t i = 0; i < name; i++)
		buffer_add(headers, &(char){(char)tolower((unsigned char)line[i])}, 1);
	buffer_add(headers, line + name, length - name);
	buffer_add(headers, "\n", 1);
	return size * count;
}

static size_t
receive_body(char *data, size_t size, size_t count, void *reception)
{
	struct reception *r = reception;
	struct buffer *body = &r->answer->body;
	size_t length = size * count, room = r->body_max - body->length;

	buffer_add(body, data, length < room ? length : room);
	r->answer->cut |= length > room;
	return length > room ? 0 : length;
}

static size_t
receive_stream(char *data, size_t size, size_t count, void *reception)
{
	struct reception *r = reception;

	r->ended = !r->take(r->context, data, size * count);
	return r->ended ? 0 : size * count;
}

/* Called by libcurl at least once a second. */
static int
look_at_stop(void *reception, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct reception *r = reception;

	(void)a, (void)b, (void)c, (void)d;
	r->ended |= atomic_load(r->stop);
	r->late = r->head_due != TIMESTAMP_NONE && clock_monotonic() > r->head_due;
	return r->ended || r->late;
}

/* --- sending -------------------------------------------------------------------- */

static void
set_protocols(CURL *handle)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	(void)curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	(void)curl_easy_setopt(handle, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
}

static void
set_version(CURL *handle, bool http2)
{
	if (!http2) {
		(void)curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
		return;
	}
	(void)curl_easy_setopt(
	    handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
	(void)curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, (long)HTTP2_BUFFER);
	/* libcurl before 8.0 fails on a reused one. */
	(void)curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L);
	(void)curl_easy_setopt(handle, CURLOPT_FORBID_REUSE, 1L);
}

static void
set_tls(CURL *handle, const struct http_tls *tls)
{
	(void)curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
	(void)curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
	if (tls->authority != NULL) {
		(void)curl_easy_setopt(handle, CURLOPT_CAINFO, tls->authority);
		(void)curl_easy_setopt(handle, CURLOPT_CAPATH, NULL);
	}
	if (tls->certificate != NULL)
		(void)curl_easy_setopt(handle, CURLOPT_SSLCERT, tls->certificate);
	if (tls->key != NULL)
		(void)curl_easy_setopt(handle, CURLOPT_SSLKEY, tls->key);
}

static void
set_method(CURL *handle, const struct http_request *q)
{
	if (q->body != NULL || strcmp(q->method, "POST") == 0) {
		(void)curl_easy_setopt(handle, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(
		    handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body_length);
		(void)curl_easy_setopt(
		    handle, CURLOPT_POSTFIELDS, q->body != NULL ? q->body : (const void *)"");
	}
	(void)curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, q->method);
}

static struct curl_slist *
make_headers(const struct http_request *q)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");

	for (size_t i = 0; list != NULL && q->headers != NULL && q->headers[i] != NULL; i++) {
		struct curl_slist *longer = curl_slist_append(list, q->headers[i]);

		if (longer == NULL)
			memory_fail();
		list = longer;
	}
	if (list == NULL)
		memory_fail();
	return list;
}

static long
milliseconds(timestamp t)
{
	return t < SECONDS(1) / 1000 ? 1 : (long)(t / (SECONDS(1) / 1000));
}

static void
set_request(CURL *handle, const struct http_request *q, struct reception *r)
{
	(void)curl_easy_setopt(handle, CURLOPT_URL, q->url);
	(void)curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, q->socket);
	set_protocols(handle);
	set_version(handle, q->http2);
	set_tls(handle, &q->tls);
	set_method(handle, q);
	(void)curl_easy_setopt(handle, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
	(void)curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(q->deadline));
	(void)curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, receive_header);
	(void)curl_easy_setopt(handle, CURLOPT_HEADERDATA, r);
	(void)curl_easy_setopt(handle, CURLOPT_WRITEDATA, r);
}

/* What it was that failed, as far as libcurl tells. */
static int
fail(const struct http_request *q, const struct reception *r, CURLcode code, const char *detail,
    struct error *err)
{
	const char *text = r->too_many_headers ? "the answer's head is too long" :
	    r->late                            ? "no answer in time" :
	    detail[0] != '\0'                  ? detail :
						 curl_easy_strerror(code);

	return error_set(err, EX_UNAVAILABLE, "cannot %s %s%s%s: %s", q->method, q->url,
	    q->socket != NULL ? " at " : "", q->socket != NULL ? q->socket : "", text);
}

static int
perform(CURL *handle, const struct http_request *q, struct reception *r, struct error *err)
{
	char detail[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = make_headers(q);
	CURLcode code;
	long status = 0;

	(void)curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, detail);
	code = curl_easy_perform(handle);
	(void)curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, NULL);
	(void)curl_easy_setopt(handle, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	r->answer->status = (int)status;
	if (code == CURLE_OK || r->ended || (code == CURLE_WRITE_ERROR && r->answer->cut))
		return 0;
	return fail(q, r, code, detail, err);
}

static void
watch_stop(CURL *handle, struct reception *r)
{
	(void)curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, look_at_stop);
	(void)curl_easy_setopt(handle, CURLOPT_XFERINFODATA, r);
}

int
http_send(const struct http_request *q, struct http_answer *answer, struct error *err)
{
	CURL *handle = get_handle();
	struct reception r = {.answer = answer,
	    .body_max = q->body_max,
	    .stop = q->stop,
	    .head_due = TIMESTAMP_NONE,
	    .handle = handle};
	int result;

	*answer = (struct http_answer){0};
	set_request(handle, q, &r);
	(void)curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, milliseconds(q->deadline));
	(void)curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, receive_body);
	if (q->stop != NULL)
		watch_stop(handle, &r);
	result = perform(handle, q, &r, err);
	if (r.ended)
		return error_set(
		    err, EX_UNAVAILABLE, "cannot %s %s: told to stop", q->method, q->url);
	return result;
}

int
http_follow(const struct http_request *q,
    bool (*take)(void *context, const void *data, size_t length), void *context,
    const atomic_bool *stop, int *status, struct error *err)
{
	CURL *handle = get_handle();
	struct http_answer answer = {0};
	struct reception r = {.answer = &answer,
	    .take = take,
	    .opened = q->opened,
	    .context = context,
	    .stop = stop,
	    .head_due = clock_monotonic() + q->deadline,
	    .handle = handle};
	int result;

	set_request(handle, q, &r);
	(void)curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, receive_stream);
	watch_stop(handle, &r);
	result = perform(handle, q, &r, err);
	*status = answer.status;
	if (q->head != NULL)
		buffer_add(q->head, answer.headers.data, answer.headers.length);
	http_answer_release(&answer);
	return result;
}

/* --- the answer ------------------------------------------------------------------ */

void
http_answer_release(struct http_answer *answer)
{
	buffer_release(&answer->body);
	buffer_release(&answer->headers);
	*answer = (struct http_answer){0};
}

const char *
http_answer_header(const struct http_answer *answer, const char *name, struct buffer *out)
{
	const char *line = (const char *)answer->headers.data, *found = NULL;
	const char *end = line + answer->headers.length;
	size_t length = strlen(name);

	for (const char *next; line != NULL && line < end; line = next + 1) {
		next = memchr(line, '\n', (size_t)(end - line));
		if ((size_t)(next - line) > length && memcmp(line, name, length) == 0 &&
		    line[length] == ':')
			found = line + length + 1;
	}
	if (found == NULL)
		return NULL;
	found += strspn(found, " \t");
	out->length = 0;
	buffer_add(out, found, strcspn(found, "\n"));
	return buffer_string(out);
}
