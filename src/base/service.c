#include <homelab/disk.h>
#include <homelab/service.h>

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { TEXT_MAX = 512 };

/* A path, or, where it begins with '@', a name without a file (Linux). */
static bool
address_of(const char *name, struct sockaddr_un *out, socklen_t *length)
{
	size_t size = name ? strlen(name) : 0;

	if (size == 0 || size >= sizeof(out->sun_path) || (name[0] != '/' && name[0] != '@'))
		return false;
	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(out->sun_path, name, size);
	if (name[0] == '@')
		out->sun_path[0] = '\0';
	*length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
	return true;
}

static void
send_text(const char *text)
{
	struct sockaddr_un address;
	socklen_t length;
	cleanup_close int fd = -1;

	if (!address_of(getenv("NOTIFY_SOCKET"), &address, &length))
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		(void)sendto(fd, text, strlen(text), 0, (struct sockaddr *)&address, length);
}

void
service_tell(const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	send_text(text);
}

void
service_is_alive(void)
{
	static _Atomic timestamp last;
	timestamp now = clock_monotonic(), then = atomic_load(&last);

	if (getenv("WATCHDOG_USEC") == NULL || now < then + SECONDS(1))
		return;
	if (atomic_compare_exchange_strong(&last, &then, now))
		send_text("WATCHDOG=1");
}
