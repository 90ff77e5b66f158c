/* Runs the unit tests of all modules. Exits with 1 where one fails. */

#include "support.h"

int
main(void)
{
	static Suite *(*const suites[])(void) = {
	    options_suite,
	    timestamp_suite,
	    names_suite,
	    pack_suite,
	    message_suite,
	    inventory_suite,
	    inventory_load_suite,
	    inventory_memory_suite,
	    decode_suite,
	    row_suite,
	    partition_suite,
	    sighting_suite,
	    journal_suite,
	    order_suite,
	    replay_suite,
	    tree_suite,
	    scan_suite,
	    intake_suite,
	    lines_suite,
	    unreadable_suite,
	    carried_suite,
	    quarantine_suite,
	    project_suite,
	    state_suite,
	    observation_suite,
	    observation_wait_suite,
	    observation_reader_suite,
	    metrics_suite,
	    changes_suite,
	    entries_suite,
	    outbox_suite,
	    unsynced_suite,
	    compose_suite,
	    spool_suite,
	    screen_suite,
	    status_suite,
	    hold_suite,
	    bookmark_suite,
	    system_suite,
	    emit_suite,
	    http_suite,
	    grpc_suite,
	    cri_read_suite,
	    cri_suite,
	    backoff_suite,
	    policy_suite,
	    supervision_suite,
	    supervision_story_suite,
	    supervision_memory_suite,
	    backend_suite,
	    backend_buffer_suite,
	    backend_limits_suite,
	    container_suite,
	    track_suite,
	    track_many_suite,
	    lives_suite,
	    health_suite,
	    address_suite,
	    docker_suite,
	    docker_end_suite,
	    docker_engine_suite,
	    docker_list_suite,
	};
	SRunner *runner = srunner_create(NULL);
	int failed;

	for (size_t i = 0; i < COUNT(suites); i++)
		srunner_add_suite(runner, suites[i]());
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
