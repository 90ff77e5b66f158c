#include "receiver.h"

#include "homelab.h"
#include "record.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

struct receiver receiver;

/* Reads on until there are so many bytes. */
static bool
read_up_to(int fd, struct buffer *text, size_t length)
{
	while (text->length < length) {
		ssize_t got;

		buffer_reserve(text, length - text->length);
		got = read(fd, text->data + text->length, length - text->length);
		if (got <= 0)
			return false;
		text->length += (size_t)got;
	}
	return true;
}

/* A request's head with the empty line at its end, byte by byte. */
static bool
read_head(int fd, struct buffer *head)
{
	static const char end[] = "\r\n\r\n";

	while (head->length < 4 || memcmp(head->data + head->length - 4, end, 4) != 0)
		if (!read_up_to(fd, head, head->length + 1))
			return false;
	return true;
}

/* The value of a header, or "". */
static void
find_header(struct buffer *head, const char *name, char *out, size_t size)
{
	const char *line = buffer_string(head);

	out[0] = '\0';
	for (; (line = strchr(line, '\n')) != NULL; line++)
		if (strncasecmp(line + 1, name, strlen(name)) == 0)
			(void)snprintf(out, size, "%.*s",
			    (int)strcspn(line + 1 + strlen(name), "\r"), line + 1 + strlen(name));
}

static bool
unpack(const struct buffer *packed, struct buffer *out)
{
	z_stream stream = {.next_in = packed->data, .avail_in = (uInt)packed->length};
	int status;

	buffer_reserve(out, 1 << 16);
	stream.next_out = out->data;
	stream.avail_out = 1 << 16;
	if (inflateInit2(&stream, MAX_WBITS + 16) != Z_OK)
		return false;
	status = inflate(&stream, Z_FINISH);
	out->length = stream.total_out;
	(void)inflateEnd(&stream);
	return status == Z_STREAM_END;
}

static bool
take(int fd, struct delivery *d)
{
	cleanup_buffer struct buffer head = {0}, packed = {0};
	char length[32];

	if (!read_head(fd, &head))
		return false;
	find_header(&head, "Content-Length: ", length, sizeof(length));
	find_header(&head, "Idempotency-Key: ", d->key, sizeof(d->key));
	return read_up_to(fd, &packed, (size_t)atoi(length)) && unpack(&packed, &d->body);
}

static void
serve_one(int fd)
{
	struct delivery *d = &receiver.list[receiver.count];
	cleanup_buffer struct buffer answer = {0};

	*d = (struct delivery){.at = recorded.count, .status = atomic_load(&receiver.status)};
	if (!take(fd, d) || receiver.count + 1 == DELIVERIES_MAX) {
		buffer_release(&d->body);
		return;
	}
	receiver.count++;
	buffer_text(&answer, "HTTP/1.1 %d Some\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
	    d->status);
	(void)send(fd, answer.data, answer.length, MSG_NOSIGNAL);
}

static void *
serve(void *unused)
{
	int fd;

	while ((fd = accept(receiver.listener, NULL, NULL)) >= 0) {
		serve_one(fd);
		(void)close(fd);
	}
	return unused;
}

void
receiver_start(void)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);

	receiver.listener = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(receiver.listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(getsockname(receiver.listener, (struct sockaddr *)&address, &length), 0);
	ck_assert_int_eq(listen(receiver.listener, 8), 0);
	(void)snprintf(receiver.url, sizeof(receiver.url), "http://127.0.0.1:%d",
	    (int)ntohs(address.sin_port));
	ck_assert_int_eq(pthread_create(&receiver.thread, NULL, serve, NULL), 0);
}

void
receiver_stop(void)
{
	(void)shutdown(receiver.listener, SHUT_RDWR);
	(void)pthread_join(receiver.thread, NULL);
	(void)close(receiver.listener);
	receiver_forget(0);
}

void
receiver_forget(size_t from)
{
	while (receiver.count > from)
		buffer_release(&receiver.list[--receiver.count].body);
}
