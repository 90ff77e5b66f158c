#include <homelab/hook.h>

#include <homelab/disk.h>
#include <homelab/message.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static bool
is_hook_name(const char *name)
{
	size_t length = strspn(name,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789_-");

	return length >= 1 && length <= HOOK_NAME_MAX && name[length] == '\0';
}

/* One component of a real path: root's or ours, and nobody else's to change.
 * In a directory with the sticky bit others can't touch what isn't theirs. */
static int
check_component(const char *path, bool last, struct error *err)
{
	struct stat st;

	if (disk.stat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, EX_CONFIG, "cannot stat %s", path);
	if (last ? !S_ISREG(st.st_mode) : !S_ISDIR(st.st_mode))
		return error_set(
		    err, EX_CONFIG, "%s is not a %s", path, last ? "regular file" : "directory");
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return error_set(err, EX_CONFIG, "%s belongs to neither root nor user %lu", path,
		    (unsigned long)geteuid());
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (last || (st.st_mode & S_ISVTX) == 0))
		return error_set(err, EX_CONFIG, "%s can be written by others", path);
	return 0;
}

static int
check_path(char *path, struct error *err)
{
	if (check_component("/", false, err) < 0)
		return -1;
	for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		int failed;

		*slash = '\0';
		failed = check_component(path, false, err);
		*slash = '/';
		if (failed)
			return -1;
	}
	return check_component(path, true, err);
}

int
hook_resolve(const char *path, char **real, struct error *err)
{
	char found[PATH_MAX];

	if (realpath(path, found) == NULL)
		return error_errno(err, EX_CONFIG, "cannot find %s", path);
	if (check_path(found, err) < 0)
		return -1;
	if (access(found, X_OK) < 0)
		return error_errno(err, EX_CONFIG, "cannot execute %s", found);
	*real = text_copy(found);
	return 0;
}

/* --- a directory ------------------------------------------------------------- */

struct listing {
	struct hooks *hooks;
	const char *directory, *prefix;
	int fd;
};

static void
add_hook(const struct listing *l, const char *name, const char *path)
{
	struct hooks *h = l->hooks;
	struct buffer full = {0};
	struct error err;
	char *real;

	buffer_text(&full, "%s%s", l->prefix, name);
	if (h->count == HOOKS_MAX)
		message_warning(
		    "hook %s refused: there are more than %d", buffer_string(&full), HOOKS_MAX);
	else if (hook_resolve(path, &real, &err) < 0)
		message_warning("hook %s refused: %s", buffer_string(&full), err.text);
	else {
		ARRAY_GROW(h->hooks, h->count, h->room);
		h->hooks[h->count++] =
		    (struct hook){buffer_string(&full), real, l->prefix[0] != '\0'};
		return;
	}
	h->refused++;
	buffer_release(&full);
}

/* What can't be executed by anybody isn't a hook yet, or no longer. */
static int
see_entry(void *context, const struct dirent *entry)
{
	const struct listing *l = context;
	cleanup_buffer struct buffer path = {0};
	struct stat st;

	if (!is_hook_name(entry->d_name) || disk.stat(l->fd, entry->d_name, &st, 0) < 0 ||
	    !S_ISREG(st.st_mode) || (st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0)
		return 0;
	buffer_text(&path, "%s/%s", l->directory, entry->d_name);
	add_hook(l, entry->d_name, buffer_string(&path));
	return 0;
}

static int
list_hooks(struct hooks *h, const char *directory, const char *prefix, struct error *err)
{
	struct listing l = {h, directory, prefix, -1};
	cleanup_close int fd =
	    disk.open(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

	if (fd < 0 && errno == ENOENT)
		return 0;
	l.fd = fd;
	if (fd < 0 || disk_list(fd, see_entry, &l) < 0)
		return error_errno(err, EX_CONFIG, "cannot read directory %s", directory);
	return 0;
}

static int
compare_hooks(const void *a, const void *b)
{
	const struct hook *left = a, *right = b;

	return strcmp(left->name, right->name);
}

int
hooks_load(const char *directory, struct hooks *out, struct error *err)
{
	cleanup_buffer struct buffer state = {0};

	*out = (struct hooks){0};
	buffer_text(&state, "%s/state", directory);
	if (list_hooks(out, directory, "", err) < 0 ||
	    list_hooks(out, buffer_string(&state), "state/", err) < 0) {
		hooks_release(out);
		return -1;
	}
	if (out->count > 1)
		qsort(out->hooks, out->count, sizeof(out->hooks[0]), compare_hooks);
	return 0;
}

void
hooks_release(struct hooks *h)
{
	for (size_t i = 0; i < h->count; i++) {
		free(h->hooks[i].name);
		free(h->hooks[i].path);
	}
	free(h->hooks);
	*h = (struct hooks){0};
}
