#include <homelab/checkpoint.h>
#include <homelab/project.h>

#include <errno.h>
#include <sha2.h>
#include <stdio.h>
#include <string.h>

enum { CHECKPOINT_MAX = 256 << 20 };

static int
append(const char *data, size_t length, void *out)
{
	buffer_add(out, data, length);
	return 0;
}

/*
 * The first line is the digest of all behind it, so that neither side has to
 * parse or print what is digested:
 *
 *	{"digest":"2c26b46b…",
 *	"cycle":…}
 */
#define SEAL_BEGIN "{\"digest\":\""
#define SEAL_END "\",\n"

enum { SEAL_LENGTH = sizeof(SEAL_BEGIN SEAL_END) - 1 + SHA256_TEXT_MAX - 1 };

static void
add_seal(struct buffer *out, const unsigned char *data, size_t length)
{
	char digest[SHA256_TEXT_MAX];

	(void)SHA256Data(data, length, digest);
	buffer_text(out, SEAL_BEGIN "%s" SEAL_END, digest);
}

static bool
seal_holds(const struct buffer *bytes)
{
	cleanup_buffer struct buffer seal = {0};

	if (bytes->length < SEAL_LENGTH)
		return false;
	add_seal(&seal, bytes->data + SEAL_LENGTH, bytes->length - SEAL_LENGTH);
	return memcmp(bytes->data, seal.data, SEAL_LENGTH) == 0;
}

static enum checkpoint_state
judge(const json_t *checkpoint, const struct buffer *bytes, const json_error_t *parse,
    char why[ERROR_TEXT_MAX])
{
	const json_t *format = json_object_get(checkpoint, "format");

	if (checkpoint == NULL || !json_is_object(checkpoint)) {
		(void)snprintf(why, ERROR_TEXT_MAX, "not JSON: line %d: %s", parse->line,
		    checkpoint == NULL ? parse->text : "not an object");
		return CHECKPOINT_DAMAGED;
	}
	if (format == NULL &&
	    (json_object_get(checkpoint, "last_processed_file") != NULL ||
		json_object_get(checkpoint, "node_checkpoints") != NULL))
		return CHECKPOINT_FOREIGN;
	if (!json_is_integer(format) || json_integer_value(format) < CHECKPOINT_FORMAT_OLDEST ||
	    json_integer_value(format) > CHECKPOINT_FORMAT) {
		(void)snprintf(why, ERROR_TEXT_MAX, "its format isn't %d", CHECKPOINT_FORMAT);
		return CHECKPOINT_DAMAGED;
	}
	if (!seal_holds(bytes)) {
		(void)snprintf(why, ERROR_TEXT_MAX, "it doesn't match its digest");
		return CHECKPOINT_DAMAGED;
	}
	return CHECKPOINT_SOUND;
}

int
checkpoint_read(int state_dir, json_t **out, enum checkpoint_state *state, char why[ERROR_TEXT_MAX],
    struct error *err)
{
	cleanup_buffer struct buffer bytes = {0};
	json_error_t parse;

	*out = NULL;
	if (state_dir < 0 ||
	    disk_read(state_dir, CHECKPOINT_NAME, CHECKPOINT_MAX, &bytes, err) < 0) {
		*state = CHECKPOINT_MISSING;
		return state_dir < 0 || errno == ENOENT ? 0 : -1;
	}
	*out = json_loadb((char *)bytes.data, bytes.length, 0, &parse);
	*state = judge(*out, &bytes, &parse, why);
	(void)json_object_del(*out, "digest");
	if (*state != CHECKPOINT_SOUND) {
		json_decref(*out);
		*out = NULL;
	}
	return 0;
}

int
checkpoint_write(struct unsynced *unsynced, int state_dir, json_t *checkpoint, struct error *err)
{
	cleanup_buffer struct buffer members = {0}, out = {0};

	(void)json_object_set_new(checkpoint, "format", json_integer(CHECKPOINT_FORMAT));
	(void)json_dump_callback(checkpoint, append, &members, JSON_COMPACT | JSON_SORT_KEYS);
	buffer_add(&members, "\n", 1);
	add_seal(&out, members.data + 1, members.length - 1); /* in place of the brace */
	buffer_add(&out, members.data + 1, members.length - 1);
	return unsynced_replace(unsynced, state_dir, CHECKPOINT_NAME, out.data, out.length, err);
}

bool
checkpoint_is_current(const json_t *checkpoint)
{
	return json_integer_value(json_object_get(checkpoint, "format")) == CHECKPOINT_FORMAT;
}

bool
checkpoint_has_inventory(const json_t *checkpoint)
{
	return json_integer_value(json_object_get(checkpoint, "format")) ==
	    CHECKPOINT_FORMAT_OLDEST;
}

json_t *
identity_to_json(const struct identity *i)
{
	return json_pack("[I,I,I,I,I]", (json_int_t)i->device, (json_int_t)i->inode,
	    (json_int_t)i->size, (json_int_t)i->ctime, (json_int_t)i->mtime);
}

bool
identity_from_json(const json_t *value, struct identity *out)
{
	json_int_t n[5];

	if (!json_is_array(value) || json_array_size(value) != 5)
		return false;
	for (size_t i = 0; i < 5; i++)
		n[i] = json_integer_value(json_array_get(value, i));
	*out = (struct identity){(uint64_t)n[0], (uint64_t)n[1], (uint64_t)n[2], n[3], n[4]};
	return true;
}

static json_t *
listed_to_json(const struct identity *identity, timestamp listed, bool unreadable)
{
	return json_pack("{s:o,s:I,s:b}", "identity", identity_to_json(identity), "listed",
	    (json_int_t)listed, "unreadable", unreadable);
}

static void
listed_from_json(
    const json_t *value, struct identity *identity, timestamp *listed, bool *unreadable)
{
	(void)identity_from_json(json_object_get(value, "identity"), identity);
	*listed = json_integer_value(json_object_get(value, "listed"));
	*unreadable = json_is_true(json_object_get(value, "unreadable"));
}

json_t *
tree_to_json(const struct tree *tree)
{
	json_t *dates = json_object();

	for (size_t i = 0; i < tree->date_count; i++) {
		const struct tree_date *d = &tree->dates[i];
		char name[DATE_TEXT_MAX];

		(void)json_object_set_new(dates, date_format(d->date, name),
		    listed_to_json(&d->identity, d->listed, d->unreadable));
	}
	return json_pack("{s:o,s:o}", "root",
	    listed_to_json(&tree->identity, tree->listed, tree->unreadable), "dates", dates);
}

static int
compare_dates(const void *a, const void *b)
{
	const struct tree_date *x = a, *y = b;

	return (x->date > y->date) - (x->date < y->date);
}

void
tree_from_json(const json_t *value, struct tree *tree)
{
	const json_t *date;
	const char *name;

	*tree = (struct tree){.listed = TIMESTAMP_NONE};
	if (value == NULL)
		return;
	listed_from_json(
	    json_object_get(value, "root"), &tree->identity, &tree->listed, &tree->unreadable);
	json_object_foreach (json_object_get(value, "dates"), name, date) {
		struct tree_date d = {0};

		if (!date_parse(name, &d.date))
			continue;
		listed_from_json(date, &d.identity, &d.listed, &d.unreadable);
		ARRAY_GROW(tree->dates, tree->date_count, tree->date_room);
		tree->dates[tree->date_count++] = d;
	}
	if (tree->date_count > 0)
		qsort(tree->dates, tree->date_count, sizeof(*tree->dates), compare_dates);
}
