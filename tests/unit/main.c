/* Runs the unit tests of all modules. Exits with 1 where one fails. */

#include "support.h"

int
main(void)
{
	static Suite *(*const suites[])(void) = {timestamp_suite, names_suite, pack_suite,
	    message_suite, inventory_suite, decode_suite, row_suite, partition_suite, journal_suite,
	    replay_suite, project_suite};
	SRunner *runner = srunner_create(NULL);
	int failed;

	for (size_t i = 0; i < COUNT(suites); i++)
		srunner_add_suite(runner, suites[i]());
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
