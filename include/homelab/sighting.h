#ifndef HOMELAB_SIGHTING_H
#define HOMELAB_SIGHTING_H

#include <homelab/container.h>
#include <homelab/pack.h>
#include <homelab/timestamp.h>

#include <jansson.h>

/*
 * A sighting: what an event says of one container, in its `payload.container`;
 * see homelab-event(5). The observer's side of container_describe().
 *
 *	payload --sighting_decode()--> struct sighting --sighting_pack()--> row
 *	row --sighting_unpack()--> struct sighting --> a service's containers
 *
 * Texts are never NULL; "" is "not said". They belong to the JSON value or the
 * row that the sighting was read from. A time that isn't said is TIMESTAMP_NONE.
 */

enum {
	SIGHTING_RUNTIME_MAX = 64, /* bytes; a name has those of a service's */
	SIGHTING_ID_MAX = 128,
	SIGHTING_IMAGE_MAX = 256,
	SIGHTING_WORD_MAX = 64, /* of what supervises it */
};

/* An integer that may not have been said. */
struct said_number {
	bool known;
	json_int_t value;
};

enum said { SAID_NOTHING, SAID_NO, SAID_YES };

struct supervised {
	bool known;
	const char *state, *policy;
	struct said_number restarts_total, restarts_in_window, last_exit_code;
	timestamp since, backoff_until;
};

struct sighting {
	const char *runtime, *id, *name, *image;
	bool has_state;
	enum container_state state;
	enum said oom_killed;
	struct said_number exit_code, restarts;
	timestamp started_at;
	struct supervised supervision;
};

/* Reads one; texts that are too long are cut in the value itself. False where it
 * isn't one: no object, or none with a name. */
bool sighting_decode(json_t *value, struct sighting *out);

void sighting_pack(struct buffer *b, const struct sighting *s);
/* Whole, or u->failed is set. */
void sighting_unpack(struct unpack *u, struct sighting *out);

#endif
