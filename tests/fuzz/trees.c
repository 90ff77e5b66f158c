#include "fuzz.h"

#include <homelab/disk.h>

#include <stdio.h>
#include <sysexits.h>

void
options_of_scratch(struct observer_options *options, timestamp now)
{
	observer_options_init(options);
	options->root = options->repo = scratch_path();
	options->now = now;
	options->settle = 0;
	options->jobs = 1;
}

int
checked_run(const struct observer_options *options)
{
	struct error err = {0};
	int status = observer_run(options, &err);

	HOLDS(status == EX_OK || status == EX_CONFIG || status == EX_IOERR);
	HOLDS(status == EX_OK || err.text[0] != '\0');
	return status;
}

static bool
add_document(const char *name, bool summary, struct buffer *out)
{
	cleanup_buffer struct buffer path = {0}, bytes = {0};
	json_auto_t *value = NULL;

	buffer_text(&path, "world/%s", name);
	if (disk_read(scratch_fd(), buffer_string(&path), SIZE_MAX / 2, &bytes, NULL) < 0)
		return false;
	value = json_loadb((char *)bytes.data, bytes.length, JSON_REJECT_DUPLICATES, NULL);
	HOLDS(json_is_object(value));
	HOLDS(bytes.data[bytes.length - 1] == '\n');
	if (!summary) {
		buffer_add(out, bytes.data, bytes.length);
		return true;
	}
	(void)json_object_del(value, "observation");
	document_dump(value, out);
	return true;
}

bool
read_world(struct buffer *out)
{
	out->length = 0;
	for (int i = 0; i < DOCUMENT_COUNT; i++)
		if (!add_document(document_names[i], false, out))
			return false;
	return add_document(SUMMARY_NAME, true, out);
}
