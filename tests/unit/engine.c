#include "engine.h"

#include "support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct engine engine;

/* --- answering ------------------------------------------------------------------------ */

static bool
put(int fd, const void *data, size_t length)
{
	return send(fd, data, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static bool
put_slowly(int fd, const char *data, size_t length, long pause)
{
	for (size_t i = 0; i < length; i++) {
		if (!put(fd, data + i, 1))
			return false;
		(void)nanosleep(&(struct timespec){0, pause}, NULL);
	}
	return true;
}

static void
wait_for_the_other(int fd)
{
	char byte;

	while (read(fd, &byte, 1) > 0)
		;
}

static void
put_endlessly(int fd)
{
	static const char spaces[4096] = {' '};

	(void)put(fd, "HTTP/1.1 200 OK\r\n\r\n", 19);
	while (put(fd, spaces, sizeof(spaces)))
		;
}

static void
put_chunks(int fd, const char *body, size_t length)
{
	char head[64];

	(void)put(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 47);
	for (size_t i = 0; i < length; i += 7) {
		size_t part = length - i < 7 ? length - i : 7;

		(void)put(fd, head, (size_t)snprintf(head, sizeof(head), "%zx\r\n", part));
		(void)put(fd, body + i, part);
		(void)put(fd, "\r\n", 2);
	}
	(void)put(fd, "0\r\n\r\n", 5);
}

static void
put_long_head(int fd)
{
	(void)put(fd, "HTTP/1.1 200 OK\r\n", 17);
	while (put(fd, "Name: value value value value value value value\r\n", 49))
		;
}

/* Whether the connection goes on. */
static bool
answer(int fd, const struct engine_answer *a, enum engine_manner manner)
{
	static const char junk[] = "\x16\x03\x01 no http at all\r\n\r\n";
	const char *body = manner == ENGINE_NO_JSON ? "<html>\xff\x00</html>" :
	    manner == ENGINE_WRONG_TYPE             ? "[\"wrong\", {\"Id\": [7]}]" :
						      a->body;
	size_t length = body == a->body && a->length != 0 ? a->length : strlen(body);
	int status = manner == ENGINE_ERROR ? 500 : manner == ENGINE_MOVED ? 302 : a->status;
	cleanup_buffer struct buffer text = {0};

	if (status == 204 || status == 304)
		length = 0;
	buffer_text(&text,
	    "HTTP/1.1 %d Some\r\nServer: engine\r\nApi-Version: 1.41\r\nLocation: /version\r\n",
	    status);
	if (status != 204)
		buffer_text(&text, "Content-Length: %zu\r\n", length);
	buffer_text(&text, "\r\n");
	buffer_add(&text, body, length);
	switch (manner) {
	case ENGINE_BYTE_BY_BYTE:
		return put_slowly(fd, (char *)text.data, text.length, 0);
	case ENGINE_CHUNKED:
		put_chunks(fd, body, length);
		return true;
	case ENGINE_CUT_OFF:
		return put(fd, text.data, text.length - length + length / 2) && false;
	case ENGINE_SILENT:
		(void)put(fd, text.data, text.length - length + length / 2);
		wait_for_the_other(fd);
		return false;
	case ENGINE_SLOW:
		return put_slowly(fd, (char *)text.data, text.length, 100000000);
	case ENGINE_CLOSED:
		return false;
	case ENGINE_NO_HTTP:
		return put(fd, junk, sizeof(junk)) && false;
	case ENGINE_ENDLESS:
		put_endlessly(fd);
		return false;
	case ENGINE_LONG_HEAD:
		put_long_head(fd);
		return false;
	default:
		return put(fd, text.data, text.length);
	}
}

static struct engine_answer
find_answer(const char *request, enum engine_manner *manner)
{
	struct engine_answer found = {request, 404, "{\"message\":\"no such thing\"}", 0};

	(void)pthread_mutex_lock(&engine.lock);
	ck_assert_uint_lt(strlen(engine.log) + strlen(request) + 2, sizeof(engine.log));
	(void)strcat(engine.log, request);
	(void)strcat(engine.log, "\n");
	for (size_t i = 0; i < COUNT(engine.answers) && engine.answers[i].request != NULL; i++)
		if (strncmp(request, engine.answers[i].request,
			strlen(engine.answers[i].request)) == 0) {
			found = engine.answers[i];
			break;
		}
	*manner =
	    engine.at == NULL || strstr(request, engine.at) != NULL ? engine.manner : ENGINE_WHOLE;
	(void)pthread_mutex_unlock(&engine.lock);
	return found;
}

/* Of a request's head the first line, less " HTTP/1.1". No request has a body. */
static bool
receive(int fd, char *request, size_t size)
{
	size_t length = 0;
	char *end;

	request[0] = '\0';
	while (strstr(request, "\r\n\r\n") == NULL) {
		ssize_t got = read(fd, request + length, size - 1 - length);

		if (got <= 0)
			return false;
		length += (size_t)got;
		request[length] = '\0';
	}
	end = strstr(request, " HTTP/1.1");
	ck_assert_ptr_nonnull(end);
	*end = '\0';
	return true;
}

static void *
talk(void *connection)
{
	int fd = (int)(intptr_t)connection;
	char request[4096];

	while (receive(fd, request, sizeof(request))) {
		enum engine_manner manner;
		struct engine_answer a = find_answer(request, &manner);

		if (!answer(fd, &a, manner))
			break;
	}
	(void)close(fd);
	return NULL;
}

static void *
serve(void *listener)
{
	int fd;

	while ((fd = accept((int)(intptr_t)listener, NULL, NULL)) >= 0) {
		pthread_t thread;

		ck_assert_int_eq(pthread_create(&thread, NULL, talk, (void *)(intptr_t)fd), 0);
		(void)pthread_detach(thread);
	}
	return NULL;
}

/* --- where it is -------------------------------------------------------------------------- */

static void
listen_on_socket(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)memcpy(address.sun_path, engine.path, sizeof(engine.path));
	engine.listener = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(engine.listener, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void
listen_on_loopback(void)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);

	engine.listener = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(engine.listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(getsockname(engine.listener, (struct sockaddr *)&address, &length), 0);
	(void)snprintf(
	    engine.url, sizeof(engine.url), "http://127.0.0.1:%d", (int)ntohs(address.sin_port));
}

void
engine_start(bool loopback)
{
	if (engine.directory[0] == '\0') {
		const char *base = getenv("TMPDIR");

		(void)snprintf(engine.directory, sizeof(engine.directory),
		    "%s/homelab-engine-XXXXXX", base != NULL && strlen(base) < 32 ? base : "/tmp");
		ck_assert_ptr_nonnull(mkdtemp(engine.directory));
		(void)snprintf(engine.path, sizeof(engine.path), "%s/s", engine.directory);
		ck_assert_int_eq(pthread_mutex_init(&engine.lock, NULL), 0);
	}
	if (loopback)
		listen_on_loopback();
	else
		listen_on_socket();
	ck_assert_int_eq(listen(engine.listener, 8), 0);
	ck_assert_int_eq(
	    pthread_create(&engine.thread, NULL, serve, (void *)(intptr_t)engine.listener), 0);
}

void
engine_stop(void)
{
	(void)shutdown(engine.listener, SHUT_RDWR);
	(void)pthread_join(engine.thread, NULL);
	(void)close(engine.listener);
	(void)unlink(engine.path);
	(void)rmdir(engine.directory);
	engine = (struct engine){0};
}

/* --- what it is told ------------------------------------------------------------------------ */

void
engine_tell(const char *request, int status, const char *body)
{
	size_t i = 0;

	(void)pthread_mutex_lock(&engine.lock);
	while (engine.answers[i].request != NULL && strcmp(engine.answers[i].request, request) != 0)
		i++;
	ck_assert_uint_lt(i, COUNT(engine.answers));
	engine.answers[i] = (struct engine_answer){request, status, body, 0};
	(void)pthread_mutex_unlock(&engine.lock);
}

void
engine_behave(enum engine_manner manner, const char *at)
{
	(void)pthread_mutex_lock(&engine.lock);
	engine.manner = manner;
	engine.at = at;
	(void)pthread_mutex_unlock(&engine.lock);
}

int
engine_count(const char *text)
{
	int count = 0;

	(void)pthread_mutex_lock(&engine.lock);
	for (const char *line = engine.log, *end; *line != '\0'; line = end + 1) {
		cleanup_free char *one = NULL;

		end = strchr(line, '\n');
		one = text_copy_length(line, (size_t)(end - line));
		count += strstr(one, text) != NULL;
	}
	(void)pthread_mutex_unlock(&engine.lock);
	return count;
}

void
engine_forget(void)
{
	(void)pthread_mutex_lock(&engine.lock);
	engine.log[0] = '\0';
	(void)pthread_mutex_unlock(&engine.lock);
}
