#include <homelab/error.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
error_set(struct error *err, int status, const char *format, ...)
{
	va_list args;

	if (err == NULL)
		return -1;
	err->status = status;
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return -1;
}

int
error_errno(struct error *err, int status, const char *format, ...)
{
	int saved = errno;
	size_t length;
	va_list args;

	if (err == NULL)
		return -1;
	err->status = status;
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	length = strlen(err->text);
	(void)snprintf(err->text + length, sizeof(err->text) - length, ": %s", strerror(saved));
	errno = saved;
	return -1;
}
