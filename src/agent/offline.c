#include "offline.h"

#include "agent.h"

#include <homelab/disk.h>
#include <homelab/emit.h>

#include <stdio.h>
#include <sysexits.h>

#define FLUSH SECONDS(5) /* a machine that goes down waits for us */

/* As any other news. */
static int
tell(struct agent *a, const struct outline *outline, struct error *err)
{
	json_t *event = news_add(&a->news, outline, outline->at);

	json_decref(event);
	if (agent_save(a, err) < 0 || news_send(&a->news, err) < 0 || agent_save(a, err) < 0)
		return -1;
	if (a->backends != NULL)
		(void)backends_flush(a->backends, FLUSH);
	return 0;
}

static int
tell_beside(const struct agent_options *o, struct outline *outline, struct error *err)
{
	struct emitted emitted;

	outline->node = o->node;
	outline->source = NEWS_SOURCE;
	return event_emit(o->root, outline, outline->at, &emitted, err);
}

/* For the next look, whose boot it may still be. */
static int
leave_note(const char *root, timestamp now, struct error *err)
{
	char note[128], at[TIMESTAMP_TEXT_MAX], boot[BOOT_ID_SIZE] = "unknown";
	struct store store;
	int failed = store_open_directory(&store, root, err);

	(void)system_boot_id(boot);
	(void)snprintf(note, sizeof(note), "%s %s", boot, timestamp_format(now, at));
	if (failed == 0)
		failed = store_write_offline(&store, note, err);
	store_close(&store);
	return failed;
}

int
agent_go_offline(const struct agent_options *options, struct error *err)
{
	struct agent a = {0};
	timestamp now = clock_real();
	json_auto_t *payload = json_pack("{s:s}", "reason", "shutdown");
	struct outline outline = {.type = "node_offline", .at = now, .payload = payload};
	int failed = agent_open(&a, options, err);

	if (failed == 0)
		failed = tell(&a, &outline, err);
	else if (err->status == EX_TEMPFAIL)
		failed = tell_beside(options, &outline, err);
	agent_close(&a);
	if (failed == 0)
		failed = leave_note(options->root, now, err);
	return failed == 0 ? EX_OK : err->status;
}
