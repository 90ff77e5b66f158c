#include "deployment.h"

#include <homelab/disk.h>

#include <fcntl.h>
#include <string.h>

#define TRUSTED MINUTES(30) /* a script that died leaves its last stage */

enum { STAGE_SIZE_MAX = 256 };

static const char *const working[] = {"deploy", "verify"};

bool
deployment_is_under_way(const char *root, timestamp now)
{
	cleanup_buffer struct buffer path = {0}, stage = {0};
	struct stat st;
	char *word;

	buffer_text(&path, "%s/state/deploy/current_stage", root);
	if (disk.stat(AT_FDCWD, buffer_string(&path), &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    now - time_of(&st.st_mtim) >= TRUSTED ||
	    disk_read(AT_FDCWD, buffer_string(&path), STAGE_SIZE_MAX, &stage, NULL) < 0)
		return false;
	word = buffer_string(&stage);
	word += strspn(word, " \t\r\n");
	word[strcspn(word, " \t\r\n")] = '\0';
	for (size_t i = 0; i < sizeof(working) / sizeof(working[0]); i++)
		if (strcmp(word, working[i]) == 0)
			return true;
	return false;
}
