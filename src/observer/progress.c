/* The line that a long fold shows on a terminal. */

#include "run.h"

#include <homelab/message.h>
#include <homelab/service.h>

#include <fcntl.h>

enum { FILES_A_LINE = 2000, FILES_A_BEAT = 256 };

static int
count_file(void *count, const struct dirent *entry)
{
	*(uint64_t *)count += entry->d_name[0] != '.';
	return 0;
}

static uint64_t
count_files(const struct observer *o, const struct source *s, const struct directory *d)
{
	cleanup_buffer struct buffer below = {0}, path = {0};
	cleanup_close int fd = -1;
	uint64_t count = 0;

	directory_path(s, d, &below);
	buffer_text(&path, EVENTS "/%s", (char *)below.data);
	fd = disk.open(o->root, buffer_string(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd >= 0)
		(void)disk_list(fd, count_file, &count);
	return count;
}

void
progress_begin(struct observer *o)
{
	if (!message_shows_progress())
		return;
	for (size_t i = 0; i < o->slot_count; i++) {
		const struct manifest *m = o->slots[i].manifest;

		if (!o->slots[i].active || (!o->slots[i].due && !o->slots[i].rebuild))
			continue;
		for (size_t k = 0; k < m->source_count; k++)
			for (size_t n = 0; n < m->sources[k].directory_count; n++)
				o->files_to_do +=
				    count_files(o, &m->sources[k], &m->sources[k].directories[n]);
	}
}

void
progress_step(void *observer)
{
	struct observer *o = observer;
	uint64_t done = atomic_fetch_add(&o->files_done, 1) + 1, rate;
	timestamp spent;

	if (done % FILES_A_BEAT == 0)
		service_is_alive();
	if (done % FILES_A_LINE != 0 || o->files_to_do < done)
		return;
	spent = clock_monotonic() - o->started;
	rate = done * (uint64_t)(NANOSECONDS_A_SECOND / 1000) / (uint64_t)(spent / 1000 + 1);
	message_progress("%llu of %llu files, %llu a second, %llu s left", (unsigned long long)done,
	    (unsigned long long)o->files_to_do, (unsigned long long)rate,
	    (unsigned long long)((o->files_to_do - done) / (rate + 1)));
}
