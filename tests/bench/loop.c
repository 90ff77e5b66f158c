/*
 * The least that any observer of loose files has to do: opens each event file,
 * reads it and parses it with jansson; directories side by side in threads.
 *
 *	loop EVENTS THREADS
 *
 * Prints how many files it has parsed.
 */

#include <homelab/buffer.h>

#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

enum { THREADS_MAX = 64 };

static char **directories;
static size_t directory_count, directory_room;
static atomic_size_t next_directory, parsed;

static DIR *
open_directory(const char *path)
{
	DIR *stream = opendir(path);

	if (stream == NULL)
		err(EX_NOINPUT, "%s", path);
	return stream;
}

/* Lists EVENTS/DATE/NODE. */
static void
list_directories(const char *path, int levels)
{
	DIR *stream = open_directory(path);
	const struct dirent *entry;

	while ((entry = readdir(stream)) != NULL) {
		cleanup_buffer struct buffer below = {0};

		if (entry->d_name[0] == '.')
			continue;
		buffer_text(&below, "%s/%s", path, entry->d_name);
		if (levels > 1) {
			list_directories((char *)below.data, levels - 1);
			continue;
		}
		ARRAY_GROW(directories, directory_count, directory_room);
		directories[directory_count++] = text_copy((char *)below.data);
	}
	(void)closedir(stream);
}

static void
parse_file(int dir, const char *name, struct buffer *bytes)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	json_t *value;

	if (fd < 0 || fstat(fd, &st) < 0)
		err(EX_NOINPUT, "%s", name);
	bytes->length = 0;
	buffer_reserve(bytes, (size_t)st.st_size);
	if (read(fd, bytes->data, (size_t)st.st_size) != st.st_size)
		err(EX_NOINPUT, "%s", name);
	(void)close(fd);
	if ((value = json_loadb((char *)bytes->data, (size_t)st.st_size, 0, NULL)) == NULL)
		errx(EX_DATAERR, "%s: not JSON", name);
	json_decref(value);
}

static void *
parse_directories(void *unused)
{
	cleanup_buffer struct buffer bytes = {0};
	const struct dirent *entry;
	size_t i, count = 0;

	while ((i = atomic_fetch_add(&next_directory, 1)) < directory_count) {
		DIR *stream = open_directory(directories[i]);

		while ((entry = readdir(stream)) != NULL)
			if (entry->d_name[0] != '.') {
				parse_file(dirfd(stream), entry->d_name, &bytes);
				count++;
			}
		(void)closedir(stream);
	}
	atomic_fetch_add(&parsed, count);
	return unused;
}

int
main(int argc, char **argv)
{
	pthread_t threads[THREADS_MAX];
	int count = argc == 3 ? atoi(argv[2]) : 0;

	if (count < 1 || count > THREADS_MAX)
		errx(EX_USAGE, "usage: loop EVENTS THREADS");
	list_directories(argv[1], 2);
	json_object_seed(0);
	for (int i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, parse_directories, NULL) != 0)
			errx(EX_OSERR, "cannot start a thread");
	for (int i = 0; i < count; i++)
		(void)pthread_join(threads[i], NULL);
	(void)printf("%zu\n", (size_t)parsed);
	return 0;
}
