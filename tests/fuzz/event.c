/* One event's bytes: decoded, journalled and folded. */

#include "fuzz.h"

#include <string.h>

static void
check_fold(const struct event *e)
{
	struct partition *p = partition_new("saturn");

	partition_fold(p, e);
	check_partition(p, true);
	partition_fold(p, e);
	fold_some(p, e->at);
	check_partition(p, true);
	HOLDS(p->accepted == 14); /* twice this one, once each of fold_some() */
	partition_free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const known[] = {"chelsty-infra", "saturn"};
	const struct node_names names = {known, 2}, none = {NULL, 0};
	char reason[REASON_MAX] = "";
	struct event e;
	enum rejection why = event_decode((const char *)data, size, &names, &e, reason);

	if (why == REJECTION_NONE) {
		HOLDS(node_names_have(&names, e.node));
		check_event(&e);
		check_fold(&e);
		event_release(&e);
	} else {
		HOLDS(reason[0] != '\0' && memchr(reason, '\0', sizeof(reason)) != NULL);
	}
	/* Whose it is, is the last thing asked. */
	HOLDS((event_decode((const char *)data, size, &none, &e, reason) == REJECTION_CONTENT) ==
	    (why == REJECTION_CONTENT));
	return 0;
}
