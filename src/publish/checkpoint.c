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

static void
digest_of(const json_t *checkpoint, char digest[SHA256_TEXT_MAX])
{
	cleanup_buffer struct buffer bytes = {0};

	(void)json_dump_callback(checkpoint, append, &bytes, JSON_COMPACT | JSON_SORT_KEYS);
	(void)SHA256Data(bytes.data, bytes.length, digest);
}

static bool
digest_matches(json_t *checkpoint)
{
	char digest[SHA256_TEXT_MAX];
	json_auto_t *given = json_incref(json_object_get(checkpoint, "digest"));

	(void)json_object_del(checkpoint, "digest");
	digest_of(checkpoint, digest);
	return json_is_string(given) && strcmp(json_string_value(given), digest) == 0;
}

static enum checkpoint_state
judge(json_t *checkpoint, const json_error_t *parse, char why[ERROR_TEXT_MAX])
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
	if (!json_is_integer(format) || json_integer_value(format) != CHECKPOINT_FORMAT) {
		(void)snprintf(why, ERROR_TEXT_MAX, "its format isn't %d", CHECKPOINT_FORMAT);
		return CHECKPOINT_DAMAGED;
	}
	if (!digest_matches(checkpoint)) {
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
	*out = json_loadb((char *)bytes.data, bytes.length, JSON_REJECT_DUPLICATES, &parse);
	*state = judge(*out, &parse, why);
	if (*state != CHECKPOINT_SOUND) {
		json_decref(*out);
		*out = NULL;
	}
	return 0;
}

int
checkpoint_write(int state_dir, json_t *checkpoint, struct error *err)
{
	cleanup_buffer struct buffer bytes = {0};
	char digest[SHA256_TEXT_MAX];

	(void)json_object_set_new(checkpoint, "format", json_integer(CHECKPOINT_FORMAT));
	digest_of(checkpoint, digest);
	(void)json_object_set_new(checkpoint, "digest", json_string(digest));
	(void)json_dump_callback(checkpoint, append, &bytes, JSON_INDENT(1) | JSON_SORT_KEYS);
	buffer_add(&bytes, "\n", 1);
	if (disk_replace(state_dir, CHECKPOINT_NAME, bytes.data, bytes.length, err) < 0)
		return -1;
	return disk_sync_dir(state_dir, ".", err);
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
