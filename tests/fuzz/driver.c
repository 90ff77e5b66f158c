/* Runs every file of the given corpora once through the target it's linked to. */

#include "fuzz.h"

#include <homelab/disk.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { INPUT_MAX = 64 << 20 };

/* The input's name goes first, so that a crash is known by it. */
static int
run_file(const char *path)
{
	cleanup_buffer struct buffer bytes = {0};
	cleanup_free uint8_t *copy = NULL;

	(void)fprintf(stderr, "input: %s\n", path);
	if (disk_read_followed(AT_FDCWD, path, INPUT_MAX, &bytes, NULL) < 0) {
		(void)fprintf(stderr, "cannot read %s: %s\n", path, strerror(errno));
		return -1;
	}
	/* Of exactly its size, so that reading beyond it is seen. */
	copy = memory_alloc(bytes.length);
	if (bytes.length > 0)
		memcpy(copy, bytes.data, bytes.length);
	(void)LLVMFuzzerTestOneInput(copy, bytes.length);
	return 0;
}

static int
run_corpus(const char *path, unsigned *count)
{
	DIR *stream = opendir(path);
	const struct dirent *entry;
	int result = 0;

	if (stream == NULL) {
		++*count;
		return run_file(path);
	}
	while (result == 0 && (entry = readdir(stream)) != NULL) {
		cleanup_buffer struct buffer file = {0};

		if (entry->d_name[0] == '.')
			continue;
		buffer_text(&file, "%s/%s", path, entry->d_name);
		result = run_file(buffer_string(&file));
		++*count;
	}
	(void)closedir(stream);
	return result;
}

int
main(int argc, char **argv)
{
	unsigned count = 0;

	for (int i = 1; i < argc; i++)
		if (run_corpus(argv[i], &count) < 0)
			return 1;
	(void)printf("%u inputs\n", count);
	return count == 0;
}
