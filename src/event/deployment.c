#include "deployment.h"

#include <homelab/disk.h>
#include <homelab/emit.h>
#include <homelab/message.h>
#include <homelab/spool.h>

#include "relay.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

enum { LOG_MODE = 0640 }; /* output of deployments is for the group */

/* The log; after a failure it ends there. */
struct log {
	struct spool spool;
	char name[EVENT_FILE_NAME_SIZE];
	uint64_t size;
	bool is_open;
};

struct deployment {
	const struct event_command *c;
	struct outline outline;
	char id[CORRELATION_ID_SIZE];
	struct log log;
	char failure[512]; /* how it ended, for people */
};

/* --- the log --------------------------------------------------------------------- */

static void
log_open(struct log *log, const struct deployment *d, const unsigned char *chance)
{
	static const char *const names[] = {"logs", "deploy", NULL};
	struct error err = {0};

	(void)log_file_name(d->outline.at, d->outline.service, chance, log->name);
	log->is_open = spool_open(&log->spool, d->c->root, names, d->outline.at, &err) == 0 &&
	    disk_create_unsynced(log->spool.fd, log->name, "", 0, LOG_MODE, &err) == 0 &&
	    spool_sync(&log->spool, &err) == 0;
	if (!log->is_open)
		message_error("the output isn't kept: %s", err.text);
}

static void
log_add(void *context, const void *data, size_t length)
{
	struct log *log = context;
	struct error err = {0};

	if (!log->is_open)
		return;
	if (disk_append(log->spool.fd, log->name, log->size, data, length, &err) < 0) {
		message_error("the rest of the output isn't kept: %s", err.text);
		log->is_open = false;
	}
	log->size += length;
}

static void
log_close(struct log *log)
{
	struct error err = {0};

	if (log->is_open && disk_sync_file(log->spool.fd, log->name, &err) < 0)
		message_error("the output may not be kept: %s", err.text);
	spool_close(&log->spool);
}

/* --- its events ------------------------------------------------------------------ */

static json_t *
payload_of(const struct deployment *d)
{
	json_t *payload = json_copy(d->c->payload);
	char path[PATH_MAX + EVENT_FILE_NAME_SIZE];

	(void)json_object_set_new(payload, "command", text_json(d->c->command[0]));
	if (d->log.is_open) {
		/* The observer reads both names; the first may be the caller's. */
		bool taken = json_object_get(payload, "diagnostics") != NULL;

		(void)snprintf(path, sizeof(path), "%s/%s", d->log.spool.path, d->log.name);
		(void)json_object_set_new(
		    payload, taken ? "log_path" : "diagnostics", text_json(path));
	}
	return payload;
}

/* Whether the first event could be written at all. */
static int
check(const struct deployment *d, struct error *err)
{
	cleanup_buffer struct buffer bytes = {0};
	const char *doubt;

	if (event_compose(&d->outline, &bytes, &doubt, err) < 0)
		return -1;
	if (doubt != NULL)
		message_warning("the deployment %s", doubt);
	return 0;
}

static void
emit(struct deployment *d, const char *type, json_t *payload)
{
	struct outline outline = d->outline;
	struct error err = {0};
	struct emitted emitted;

	outline.type = type;
	outline.payload = payload;
	if (event_emit(d->c->root, &outline, outline.at, &emitted, &err) < 0)
		message_error("%s isn't written: %s", type, err.text);
}

static void
describe(struct deployment *d, const struct relay_end *end)
{
	const char *name = d->c->command[0];

	if (end->error != 0)
		(void)snprintf(d->failure, sizeof(d->failure), "cannot run %.200s: %s", name,
		    strerror(end->error));
	else if (end->signal != 0)
		(void)snprintf(d->failure, sizeof(d->failure), "%.200s was ended by signal %d (%s)",
		    name, end->signal, strsignal(end->signal));
	else
		(void)snprintf(d->failure, sizeof(d->failure), "%.200s exited with status %d", name,
		    end->status);
}

static void
emit_end(struct deployment *d, const struct relay_end *end, json_t *payload)
{
	(void)json_object_set_new(payload, "exit_status", json_integer(end->status));
	if (end->signal != 0)
		(void)json_object_set_new(payload, "signal", json_integer(end->signal));
	if (end->status != 0) {
		describe(d, end);
		message_error("%s", d->failure);
		d->outline.message = d->failure;
	}
	d->outline.at = time_after(d->outline.at, clock_real());
	emit(d, end->status == 0 ? "deployment_completed" : "deployment_failed", payload);
}

/* Names, the correlation id, and what a started one says. */
static int
begin(struct deployment *d, unsigned char *chance, struct error *err)
{
	d->outline = d->c->outline;
	d->outline.type = "deployment_started";
	d->outline.at = clock_real();
	d->outline.payload = d->c->payload;
	if (chance_get(chance, err) < 0)
		return -1;
	if (d->outline.correlation_id == NULL)
		d->outline.correlation_id = correlation_id_make(d->outline.at, chance, d->id);
	if (setenv("HOMELAB_CORRELATION_ID", d->outline.correlation_id, 1) < 0)
		memory_fail();
	return check(d, err);
}

int
deployment_run(const struct event_command *c, struct error *err)
{
	struct deployment d = {.c = c, .log.spool.fd = -1};
	unsigned char chance[CHANCE_SIZE];
	struct relay_end end;

	if (begin(&d, chance, err) < 0)
		return -1;
	log_open(&d.log, &d, chance);
	json_auto_t *payload = payload_of(&d);
	relay_begin();
	emit(&d, "deployment_started", payload);
	relay_run(c->command, log_add, &d.log, &end);
	log_close(&d.log);
	emit_end(&d, &end, payload);
	return end.status;
}
