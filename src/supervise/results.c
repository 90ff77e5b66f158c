#include "parts.h"

#include <homelab/message.h>

#include <stdio.h>

enum { REASON_MAX = 512 };

const struct supervision_order_words supervision_order_words[ORDER_COUNT] = {
    [ORDER_RESTART] = {"restart", "restart"},
    [ORDER_SHUTDOWN] = {"shutdown", "shut down"},
    [ORDER_ISOLATE] = {"isolate", "isolate"},
};

void
supervision_results_release(struct supervision_results *out)
{
	for (size_t i = 0; i < out->event_count; i++)
		json_decref(out->events[i].payload);
	free(out->events);
	free(out->orders);
	*out = (struct supervision_results){0};
}

void
results_add_order(
    struct supervision_results *out, enum supervision_order_kind kind, const struct step *step)
{
	ARRAY_GROW(out->orders, out->order_count, out->order_room);
	out->orders[out->order_count++] =
	    (struct supervision_order){kind, step->who, step->item->ordered};
}

static void
add_event(const struct step *step, const char *type, timestamp at, json_t *payload)
{
	struct supervision_results *out = step->out;

	ARRAY_GROW(out->events, out->event_count, out->event_room);
	out->events[out->event_count++] =
	    (struct supervision_event){type, NULL, step->who->container, at, payload};
}

void
results_add_loop(const struct step *step)
{
	const struct supervised *item = step->item;
	const struct policy *policy = policy_of(step->who);
	char until[TIMESTAMP_TEXT_MAX];
	bool waits = item->state == SUPERVISION_LOOPING && item->wanted == ORDER_RESTART;

	add_event(step, "container_crash_loop", step->at,
	    json_pack("{s:I, s:I, s:s?}", "crashes",
		(json_int_t)deaths_within(&item->deaths, step->now, policy->window),
		"window_seconds", (json_int_t)(policy->window / NANOSECONDS_A_SECOND),
		"backoff_until", waits ? timestamp_format(item->due, until) : NULL));
	step->out->events[step->out->event_count - 1].severity = "critical";
}

static void
add_decided(const struct step *step, const char *type)
{
	const struct supervised *item = step->item;
	int signal = signal_of_exit(item->last_exit_code);
	char reason[REASON_MAX] = "it crashed";

	if (item->has_exited && signal != 0)
		(void)snprintf(reason, sizeof(reason), "it crashed by signal %d", signal);
	else if (item->has_exited)
		(void)snprintf(reason, sizeof(reason), "it crashed with exit code %lld",
		    (long long)item->last_exit_code);
	add_event(step, type, deaths_last(&item->deaths), json_pack("{s:s}", "reason", reason));
}

void
results_add_shutdown(const struct step *step)
{
	add_decided(step, "service_shutdown");
}

void
results_add_isolated(const struct step *step)
{
	add_decided(step, "container_isolated");
}

void
results_add_failed(const struct step *step, const char *action, const char *reason)
{
	char shown[REASON_MAX];

	add_event(step, "supervision_failed", step->now,
	    json_pack("{s:s, s:s}", "action", action, "reason",
		text_escape(reason, shown, sizeof(shown))));
}
