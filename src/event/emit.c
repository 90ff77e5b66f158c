#include <homelab/disk.h>
#include <homelab/emit.h>
#include <homelab/spool.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

int
chance_get(unsigned char *out, struct error *err)
{
	if (getentropy(out, CHANCE_SIZE) < 0)
		return error_errno(err, EX_SOFTWARE, "cannot get random bytes");
	return 0;
}

int
event_place(const char *node, const char *type, timestamp now, char out[EVENT_PLACE_SIZE],
    struct error *err)
{
	char date[DATE_TEXT_MAX], name[EVENT_FILE_NAME_SIZE];
	unsigned char chance[CHANCE_SIZE];

	if (chance_get(chance, err) < 0)
		return -1;
	(void)snprintf(out, EVENT_PLACE_SIZE, "%s/%s/%s", date_format(date_of(now), date), node,
	    event_file_name(now, type, chance, name));
	return 0;
}

/* Into the names of the directories and of the file, which point into `place`. */
static bool
take_apart(char *place, const char **date, const char **node, const char **name)
{
	char *first = strchr(place, '/'), *second = first ? strchr(first + 1, '/') : NULL;
	int32_t day;

	if (second == NULL)
		return false;
	*first = *second = '\0';
	*date = place;
	*node = first + 1;
	*name = second + 1;
	return date_parse(*date, &day) && name_is_node(*node, strlen(*node)) &&
	    name_is_printable(*name) && strchr(*name, '/') == NULL && (*name)[0] != '\0' &&
	    !name_is_transfer(*name);
}

int
event_put(const char *root, const char *place, const void *data, size_t length, timestamp now,
    struct error *err)
{
	cleanup_free char *copy = text_copy(place);
	const char *names[] = {"events", NULL, NULL, NULL}, *name;
	cleanup_spool struct spool spool = {.fd = -1};
	struct stat st;

	if (!take_apart(copy, &names[1], &names[2], &name))
		return error_set(err, EX_DATAERR, "no place of an event: %.200s", place);
	if (spool_open(&spool, root, names, now, err) < 0)
		return -1;
	/* Put there before a crash, which its directory may not have survived. */
	if (disk.stat(spool.fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return spool_sync(&spool, err);
	return spool_put(&spool, name, data, length, err);
}

int
event_emit(const char *root, const struct outline *o, timestamp now, struct emitted *out,
    struct error *err)
{
	char place[EVENT_PLACE_SIZE];
	cleanup_buffer struct buffer bytes = {0};

	if (event_compose(o, &bytes, &out->doubt, err) < 0 ||
	    event_place(o->node, o->type, now, place, err) < 0)
		return -1;
	if (snprintf(out->path, sizeof(out->path), "%s/events/%s", root, place) >=
	    (int)sizeof(out->path))
		return error_set(err, EX_IOERR, "the path is too long: %s", root);
	return event_put(root, place, bytes.data, bytes.length, now, err);
}
