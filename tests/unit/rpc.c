#include "rpc.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* --- messages ------------------------------------------------------------------------ */

enum { WIRE_NUMBER = 0, WIRE_BYTES = 2 };

static void
add_varint(struct buffer *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		buffer_add(out, &(unsigned char){(unsigned char)(value | 0x80)}, 1);
	buffer_add(out, &(unsigned char){(unsigned char)value}, 1);
}

static void
add_bytes(struct buffer *out, unsigned field, const void *bytes, size_t length)
{
	add_varint(out, field << 3 | WIRE_BYTES);
	add_varint(out, length);
	buffer_add(out, bytes, length);
}

void
proto_number(struct buffer *out, unsigned field, uint64_t value)
{
	add_varint(out, field << 3 | WIRE_NUMBER);
	add_varint(out, value);
}

void
proto_text(struct buffer *out, unsigned field, const char *text)
{
	add_bytes(out, field, text, strlen(text));
}

void
proto_message(struct buffer *out, unsigned field, struct buffer *within)
{
	add_bytes(out, field, within->data, within->length);
	buffer_release(within);
}

void
proto_label(struct buffer *out, unsigned field, const char *name, const char *value)
{
	struct buffer entry = {0};

	proto_text(&entry, 1, name);
	proto_text(&entry, 2, value);
	proto_message(out, field, &entry);
}

/* --- HTTP/2, as much as it takes ------------------------------------------------------ */

enum { DATA = 0, HEADERS = 1, SETTINGS = 4 };
enum { END_STREAM = 1, ACKNOWLEDGED = 1, END_HEADERS = 4 };
enum { PREFACE = 24, HEAD = 9, PAYLOAD_MAX = 16384, HUGE = 2 << 20 };

struct rpc_server rpc_server;

static void
send_all(int fd, const struct buffer *bytes)
{
	size_t piece = rpc_server.piece != 0 ? rpc_server.piece : bytes->length;

	for (size_t at = 0; at < bytes->length; at += piece) {
		size_t part = bytes->length - at < piece ? bytes->length - at : piece;

		if (send(fd, bytes->data + at, part, MSG_NOSIGNAL) != (ssize_t)part)
			return;
	}
}

static void
add_frame(struct buffer *out, int type, int flags, int stream, const struct buffer *payload)
{
	const unsigned char head[HEAD] = {(unsigned char)(payload->length >> 16),
	    (unsigned char)(payload->length >> 8), (unsigned char)payload->length,
	    (unsigned char)type, (unsigned char)flags, 0, 0, 0, (unsigned char)stream};

	buffer_add(out, head, sizeof(head));
	buffer_add(out, payload->data, payload->length);
}

/* A literal that isn't indexed, with a new name. */
static void
add_header(struct buffer *out, const char *name, const char *value)
{
	buffer_text(out, "%c%c%s%c%s", 0, (char)strlen(name), name, (char)strlen(value), value);
}

static void
add_headers(struct buffer *out, struct buffer *block, bool last)
{
	add_frame(out, HEADERS, END_HEADERS | (last ? END_STREAM : 0), 1, block);
	block->length = 0;
}

static void
add_data(struct buffer *out, const void *bytes, size_t length)
{
	for (size_t at = 0; at < length; at += PAYLOAD_MAX) {
		struct buffer part = {(unsigned char *)bytes + at,
		    length - at < PAYLOAD_MAX ? length - at : PAYLOAD_MAX, 0};

		add_frame(out, DATA, 0, 1, &part);
	}
}

static void
add_status(struct buffer *out, const struct rpc_answer *a)
{
	char status[16];

	(void)snprintf(status, sizeof(status), "%d", a->status);
	add_header(out, "grpc-status", status);
	if (a->text != NULL)
		add_header(out, "grpc-message", a->text);
}

/* A message as it's framed within DATA, well or not. */
static void
add_message(struct buffer *out, const struct rpc_answer *a)
{
	cleanup_buffer struct buffer framed = {0};
	size_t length = a->manner == RPC_HUGE ? HUGE : a->message.length;
	const unsigned char head[5] = {a->manner == RPC_COMPRESSED, 0,
	    (unsigned char)(length >> 16), (unsigned char)(length >> 8), (unsigned char)length};

	buffer_add(&framed, head, sizeof(head));
	buffer_add(&framed, a->message.data, a->message.length);
	if (a->manner == RPC_HUGE) {
		buffer_reserve(&framed, HUGE);
		memset(framed.data + framed.length, 0, HUGE);
		framed.length += HUGE;
	}
	if (a->manner == RPC_CUT || a->manner == RPC_SHORT)
		framed.length--;
	add_data(out, framed.data, framed.length);
}

static void
compose(struct buffer *out, const struct rpc_answer *a)
{
	cleanup_buffer struct buffer block = {0};

	add_header(&block, ":status", a->manner == RPC_HTTP_ERROR ? "503" : "200");
	add_header(&block, "content-type", "application/grpc");
	if (a->manner == RPC_TRAILERS_ONLY) {
		add_status(&block, a);
		add_headers(out, &block, true);
		return;
	}
	add_headers(out, &block, false);
	add_message(out, a);
	if (a->manner == RPC_TWICE)
		add_message(out, a);
	if (a->manner == RPC_CUT || a->manner == RPC_STREAM)
		return;
	if (a->manner == RPC_WITHOUT_STATUS)
		add_header(&block, "nothing", "here");
	else
		add_status(&block, a);
	add_headers(out, &block, true);
}

static bool
receive(int fd, void *out, size_t length)
{
	for (size_t have = 0; have < length;) {
		ssize_t got = read(fd, (char *)out + have, length - have);

		if (got <= 0)
			return false;
		have += (size_t)got;
	}
	return true;
}

/* Until the request has ended; its message is added to *request. */
static bool
receive_request(int fd, struct buffer *request)
{
	unsigned char head[HEAD], preface[PREFACE];
	cleanup_buffer struct buffer settings = {0}, nothing = {0};

	if (!receive(fd, preface, PREFACE) || memcmp(preface, "PRI * HTTP/2.0", 14) != 0)
		return false;
	add_frame(&settings, SETTINGS, 0, 0, &nothing);
	add_frame(&settings, SETTINGS, ACKNOWLEDGED, 0, &nothing);
	send_all(fd, &settings);
	while (receive(fd, head, HEAD)) {
		size_t length = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
		cleanup_free char *payload = memory_alloc(length);

		if (!receive(fd, payload, length))
			return false;
		if (head[3] == DATA)
			buffer_add(request, payload, length);
		if ((head[3] == DATA || head[3] == HEADERS) && (head[4] & END_STREAM) != 0)
			return true;
	}
	return false;
}

static void
answer(int fd, struct rpc_answer *a)
{
	static const char http_1[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
	cleanup_buffer struct buffer out = {0};
	char rest[256];

	if (!receive_request(fd, &a->request))
		return;
	atomic_fetch_add(&rpc_server.calls, 1);
	(void)nanosleep(&(struct timespec){.tv_nsec = (long)a->delay}, NULL);
	if (a->manner == RPC_HTTP_1)
		buffer_add(&out, http_1, sizeof(http_1) - 1);
	else if (a->manner != RPC_SILENT)
		compose(&out, a);
	send_all(fd, &out);
	if (a->manner == RPC_CUT || a->manner == RPC_HTTP_1)
		return;
	while (read(fd, rest, sizeof(rest)) > 0)
		continue;
}

static void *
serve(void *nothing)
{
	int fd;

	while ((fd = accept(rpc_server.listener, NULL, NULL)) >= 0) {
		int i = atomic_fetch_add(&rpc_server.next, 1);

		if (i < rpc_server.count)
			answer(fd, &rpc_server.answers[i]);
		(void)close(fd);
	}
	return nothing;
}

void
rpc_start(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct rpc_server *s = &rpc_server;

	*s = (struct rpc_server){0};
	(void)snprintf(s->directory, sizeof(s->directory), "/tmp/homelab-rpc-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(s->directory));
	(void)snprintf(s->path, sizeof(s->path), "%s/s", s->directory);
	(void)memcpy(address.sun_path, s->path, sizeof(s->path));
	s->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(s->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(s->listener, 8), 0);
	ck_assert_int_eq(pthread_create(&s->thread, NULL, serve, NULL), 0);
}

void
rpc_stop(void)
{
	(void)shutdown(rpc_server.listener, SHUT_RDWR);
	(void)pthread_join(rpc_server.thread, NULL);
	(void)close(rpc_server.listener);
	(void)unlink(rpc_server.path);
	(void)rmdir(rpc_server.directory);
	for (int i = 0; i < rpc_server.count; i++) {
		buffer_release(&rpc_server.answers[i].message);
		buffer_release(&rpc_server.answers[i].request);
	}
}

struct rpc_answer *
rpc_add(enum rpc_manner manner)
{
	struct rpc_answer *a = &rpc_server.answers[rpc_server.count++];

	ck_assert_int_le(rpc_server.count, RPC_CALLS_MAX);
	buffer_release(&a->message); /* of one that was taken back */
	buffer_release(&a->request);
	*a = (struct rpc_answer){.manner = manner};
	return a;
}

void
rpc_forget(void)
{
	rpc_server.count = atomic_load(&rpc_server.next);
}
