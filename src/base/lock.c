#include <homelab/disk.h>
#include <homelab/lock.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sysexits.h>
#include <unistd.h>

static int
refuse_second(int file, const char *program, struct error *err)
{
	char pid[32] = "";
	ssize_t got = disk_read_at(file, pid, sizeof(pid) - 1, 0);

	pid[got > 0 ? got : 0] = '\0';
	pid[strspn(pid, "0123456789")] = '\0';
	if (pid[0] == '\0')
		return error_set(err, EX_TEMPFAIL, "another %s is running", program);
	return error_set(err, EX_TEMPFAIL, "another %s is running (pid %s)", program, pid);
}

int
lock_take(int file, const char *path, const char *program, bool signs, struct error *err)
{
	if (disk.lock(file, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? refuse_second(file, program, err) :
					      error_errno(err, EX_IOERR, "cannot lock %s", path);
	if (signs && lock_sign(file) < 0)
		return error_errno(err, EX_IOERR, "cannot write %s", path);
	return 0;
}

int
lock_sign(int file)
{
	char pid[32];
	int length = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());

	if (disk.truncate(file, 0) < 0 || disk.write(file, pid, (size_t)length, 0) != length)
		return -1;
	return 0;
}
