/* Runs the tests of what the disk may do to a run. Exits with 1 where one
 * fails. */

#include "homelab.h"

#include <homelab/http.h>
#include <homelab/message.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* All trees are made in one directory, which goes whatever the tests do: a failed
 * one leaves its tree. */
static void
make_place(char place[PATH_MAX])
{
	const char *below = getenv("TMPDIR");

	if (below == NULL)
		below = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	(void)snprintf(place, PATH_MAX, "%s/homelab-disk-XXXXXX", below);
	if (mkdtemp(place) == NULL || setenv("TMPDIR", place, 1) < 0) {
		perror(place);
		exit(EXIT_FAILURE);
	}
}

int
main(void)
{
	char place[PATH_MAX];
	SRunner *runner = srunner_create(cut_suite());
	int failed;

	make_place(place);
	message_init("homelab-observer");
	memory_init();
	http_init();
	srunner_add_suite(runner, agent_suite());
	srunner_add_suite(runner, fail_suite());
	srunner_add_suite(runner, memory_suite());
	srunner_add_suite(runner, count_suite());
	srunner_add_suite(runner, metrics_suite());
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	homelab_remove_all(place);
	return failed != 0;
}
