#include "document.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/*
 * Each entry of a file without aliases takes a byte at least, so such a file,
 * however large, is within BUDGET_PER_BYTE.
 */
enum {
	ENTRY_COST = 64, /* besides its text; about the memory it ends up in */
	BUDGET_PER_BYTE = 2 * ENTRY_COST,
	BUDGET_BASE = 16 << 20,
};

static const char *const kind_names[] = {
    [YAML_SCALAR_NODE] = "text",
    [YAML_SEQUENCE_NODE] = "a list",
    [YAML_MAPPING_NODE] = "a mapping",
};

static void
reason_set(struct complaint *c, const char *format, va_list args)
{
	char raw[sizeof(c->reason)];
	size_t length = 0, escape = sizeof("\\xNN");

	(void)vsnprintf(raw, sizeof(raw), format, args);
	c->reason[0] = '\0';
	for (const char *p = raw; *p != '\0' && length + escape <= sizeof(c->reason); p++)
		length += (size_t)snprintf(c->reason + length, escape,
		    *p >= 0x20 && *p <= 0x7e ? "%c" : "\\x%02x", (unsigned char)*p);
}

void
complaint_set(
    struct complaint *c, unsigned long line, unsigned long column, const char *format, ...)
{
	va_list args;

	c->line = line;
	c->column = column;
	va_start(args, format);
	reason_set(c, format, args);
	va_end(args);
}

void
document_complain(struct document *d, const yaml_mark_t *at, const char *format, ...)
{
	unsigned long line = at ? at->line + 1 : 1, column = at ? at->column + 1 : 1;
	struct complaint *c = d->complaint;
	va_list args;

	if (d->bad && (c->line < line || (c->line == line && c->column <= column)))
		return;
	d->bad = true;
	c->line = line;
	c->column = column;
	va_start(args, format);
	reason_set(c, format, args);
	va_end(args);
}

/* libyaml gives bytes that are no text an offset only. */
static yaml_mark_t
mark_of_offset(const char *text, size_t length, size_t offset)
{
	yaml_mark_t mark = {0};

	for (size_t i = 0; i < offset && i < length; i++)
		if (text[i] == '\n') {
			mark.line++;
			mark.column = 0;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80)
			mark.column++;
	return mark;
}

static bool
load(struct document *d, yaml_parser_t *parser, yaml_document_t *out, const char *text,
    size_t length)
{
	yaml_mark_t mark;

	if (yaml_parser_load(parser, out))
		return true;
	if (parser->error == YAML_MEMORY_ERROR)
		memory_fail();
	if (parser->error == YAML_READER_ERROR)
		mark = mark_of_offset(text, length, parser->problem_offset);
	else
		mark = parser->problem ? parser->problem_mark : parser->mark;
	document_complain(d, &mark, "%s%s%s", parser->context ? parser->context : "",
	    parser->context ? ": " : "", parser->problem ? parser->problem : "no YAML");
	return false;
}

static void
load_only(struct document *d, yaml_parser_t *parser, const char *text, size_t length)
{
	yaml_document_t second;

	if (!load(d, parser, &d->yaml, text, length) || !load(d, parser, &second, text, length))
		return;
	if (yaml_document_get_root_node(&second) != NULL)
		document_complain(d, &second.start_mark, "a second document");
	yaml_document_delete(&second);
}

static bool
is_null(const yaml_node_t *node)
{
	static const char *const spellings[] = {"", "~", "null", "Null", "NULL"};

	if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
		if (strcmp(document_text(node), spellings[i]) == 0)
			return true;
	return false;
}

void
document_init(struct document *d, const char *text, size_t length, struct complaint *complaint)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	yaml_parser_t parser;

	*d = (struct document){.complaint = complaint};
	d->budget = BUDGET_BASE + length * BUDGET_PER_BYTE;
	if (length == 0)
		text = ""; /* libyaml refuses NULL, which an empty buffer has */
	if (length >= 3 && memcmp(text, byte_order_mark, 3) == 0) {
		text += 3;
		length -= 3;
	}
	if (!yaml_parser_initialize(&parser))
		memory_fail();
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
	load_only(d, &parser, text, length);
	yaml_parser_delete(&parser);

	d->root = yaml_document_get_root_node(&d->yaml);
	if (d->root == NULL || d->root->type == YAML_MAPPING_NODE)
		return;
	if (!is_null(d->root))
		document_complain(d, &d->root->start_mark, "the top level must be a mapping");
	d->root = NULL;
}

void
document_release(struct document *d)
{
	yaml_document_delete(&d->yaml);
	*d = (struct document){0};
}

const char *
document_text(const yaml_node_t *scalar)
{
	return (const char *)scalar->data.scalar.value;
}

static const yaml_node_t *
node_at(struct document *d, int index)
{
	return yaml_document_get_node(&d->yaml, index);
}

static bool
afford(struct document *d, const yaml_node_t *node)
{
	size_t cost = ENTRY_COST;

	if (node->type == YAML_SCALAR_NODE)
		cost += node->data.scalar.length;
	if (cost > d->budget) {
		document_complain(d, &node->start_mark, "aliases make it too large");
		d->budget = 0;
		return false;
	}
	d->budget -= cost;
	return true;
}

static bool
has_nul(const yaml_node_t *scalar)
{
	return strlen(document_text(scalar)) != scalar->data.scalar.length;
}

/* By text, then as they stand in the file: nodes lie in the order they were read in. */
static int
compare_keys(const void *a, const void *b)
{
	const yaml_node_t *const *x = a, *const *y = b;
	int order = strcmp(document_text(*x), document_text(*y));

	return order ? order : (*x > *y) - (*x < *y);
}

static void
complain_of_duplicates(struct document *d, const yaml_node_t **keys, size_t count)
{
	if (count > 1)
		qsort(keys, count, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < count; i++)
		if (strcmp(document_text(keys[i - 1]), document_text(keys[i])) == 0)
			document_complain(d, &keys[i]->start_mark, "duplicate key '%.63s'",
			    document_text(keys[i]));
}

static size_t
pair_count(const yaml_node_t *mapping)
{
	return (size_t)(mapping->data.mapping.pairs.top - mapping->data.mapping.pairs.start);
}

/* False where the mapping shouldn't be read, not even to find more that's bad. */
static bool
check_keys(struct document *d, const yaml_node_t *mapping)
{
	cleanup_free const yaml_node_t **keys = NULL;
	size_t count = 0, room = 0;

	for (size_t i = 0; i < pair_count(mapping); i++) {
		const yaml_node_t *key = node_at(d, mapping->data.mapping.pairs.start[i].key);

		if (!afford(d, key))
			return false;
		if (key->type != YAML_SCALAR_NODE) {
			document_complain(d, &key->start_mark, "a key must be text");
			continue;
		}
		if (has_nul(key))
			document_complain(d, &key->start_mark, "key '%.63s' has a NUL behind that",
			    document_text(key));
		ARRAY_GROW(keys, count, room);
		keys[count++] = key;
	}
	complain_of_duplicates(d, keys, count);
	return true;
}

static bool
is_key(const yaml_node_t *node, const char *name)
{
	return node->type == YAML_SCALAR_NODE && strcmp(document_text(node), name) == 0;
}

const yaml_node_t *
document_value(struct document *d, const yaml_node_t *mapping, const char *key)
{
	const yaml_node_pair_t *pairs = mapping ? mapping->data.mapping.pairs.start : NULL;

	for (size_t i = 0; pairs != NULL && i < pair_count(mapping); i++)
		if (is_key(node_at(d, pairs[i].key), key))
			return node_at(d, pairs[i].value);
	return NULL;
}

static bool
has_kind(struct document *d, const struct key *key, const yaml_node_t *value)
{
	if (is_null(value))
		return false;
	if (value->type != key->kind) {
		document_complain(
		    d, &value->start_mark, "'%s' must be %s", key->name, kind_names[key->kind]);
		return false;
	}
	if (value->type != YAML_SCALAR_NODE)
		return true;
	if (has_nul(value)) {
		document_complain(d, &value->start_mark, "'%s' has a NUL", key->name);
		return false;
	}
	return afford(d, value);
}

static const struct key *
find_key(const struct key *keys, const yaml_node_t *name)
{
	for (; keys->name != NULL; keys++)
		if (is_key(name, keys->name))
			return keys;
	return NULL;
}

void
document_read_keys(
    struct document *d, const yaml_node_t *mapping, const struct key *keys, void *target)
{
	const yaml_node_pair_t *pairs = mapping ? mapping->data.mapping.pairs.start : NULL;

	if (mapping == NULL || !check_keys(d, mapping))
		return;
	for (size_t i = 0; i < pair_count(mapping); i++) {
		const struct key *key = find_key(keys, node_at(d, pairs[i].key));
		const yaml_node_t *value = node_at(d, pairs[i].value);

		if (key != NULL && has_kind(d, key, value))
			key->set(d, key, value, target);
	}
}

static void
read_name(struct document *d, const yaml_node_t *key, const yaml_node_t *value,
    const struct names *names, void *target)
{
	const char *name = document_text(key);

	if (!names->valid(name, key->data.scalar.length))
		document_complain(d, &key->start_mark, "bad %s name '%.63s'", names->what, name);
	else if (value->type == YAML_MAPPING_NODE)
		names->add(d, name, value, target);
	else if (is_null(value))
		names->add(d, name, NULL, target);
	else
		document_complain(
		    d, &value->start_mark, "%s '%.63s' must be a mapping", names->what, name);
}

void
document_read_names(
    struct document *d, const yaml_node_t *mapping, const struct names *names, void *target)
{
	const yaml_node_pair_t *pairs = mapping->data.mapping.pairs.start;

	if (!check_keys(d, mapping))
		return;
	for (size_t i = 0; i < pair_count(mapping); i++) {
		const yaml_node_t *key = node_at(d, pairs[i].key);

		if (key->type == YAML_SCALAR_NODE)
			read_name(d, key, node_at(d, pairs[i].value), names, target);
	}
}

void
document_read_list(struct document *d, const struct key *key, const yaml_node_t *list,
    void (*add)(struct document *d, const yaml_node_t *entry, void *target), void *target)
{
	const yaml_node_item_t *item = list->data.sequence.items.start;

	for (; item < list->data.sequence.items.top; item++) {
		const yaml_node_t *entry = node_at(d, *item);

		if (!afford(d, entry))
			return;
		if (entry->type != YAML_SCALAR_NODE || is_null(entry) || has_nul(entry))
			document_complain(
			    d, &entry->start_mark, "an entry of '%s' must be text", key->name);
		else
			add(d, entry, target);
	}
}

void
document_read_duration(
    struct document *d, const struct key *key, const yaml_node_t *value, timestamp *out)
{
	if (!duration_parse(document_text(value), out))
		document_complain(d, &value->start_mark, "'%s' must be a duration, not '%.63s'",
		    key->name, document_text(value));
}

void
document_read_word(struct document *d, const struct key *key, const yaml_node_t *value,
    const struct word *words, int (*compare)(const char *, const char *), int *out)
{
	for (; words->text != NULL; words++)
		if (compare(document_text(value), words->text) == 0) {
			*out = words->meaning;
			return;
		}
	document_complain(d, &value->start_mark, "unknown word for '%s': '%.63s'", key->name,
	    document_text(value));
}
