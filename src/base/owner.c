#include <homelab/message.h>
#include <homelab/owner.h>

#include <grp.h>
#include <sysexits.h>
#include <unistd.h>

int
become_owner(const struct stat *st, const char *path, struct error *err)
{
	if (geteuid() != 0 || st->st_uid == 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setgid(st->st_gid) < 0 || setuid(st->st_uid) < 0)
		return error_errno(err, EX_IOERR, "cannot become the owner of %s", path);
	message_verbose("running as user %lu, the owner of %s", (unsigned long)st->st_uid, path);
	return 0;
}
