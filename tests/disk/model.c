#include "model.h"

#include "homelab.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* A file or directory. Of a file the durable bytes, of a directory the durable
 * names; and the numbers of the changes since. */
struct node {
	bool is_dir;
	struct buffer bytes;
	timestamp mtime;
	struct name {
		char *text;
		size_t node;
	} * names;
	size_t name_count, name_room;
	size_t *since;
	size_t since_count, since_room;
};

struct model {
	struct node *nodes; /* the first is ROOT */
	size_t count, room;
	struct inode {
		ino_t inode;
		size_t node;
	} * inodes; /* the latest of a number counts */
	size_t inode_count, inode_room;
};

enum { NOWHERE = -1 };

static size_t
add_node(struct model *m, bool is_dir, ino_t inode)
{
	ARRAY_GROW(m->nodes, m->count, m->room);
	m->nodes[m->count] = (struct node){.is_dir = is_dir};
	ARRAY_GROW(m->inodes, m->inode_count, m->inode_room);
	m->inodes[m->inode_count++] = (struct inode){inode, m->count};
	return m->count++;
}

static size_t
find_node(const struct model *m, ino_t inode)
{
	for (size_t i = m->inode_count; i > 0; i--)
		if (m->inodes[i - 1].inode == inode)
			return m->inodes[i - 1].node;
	return (size_t)NOWHERE;
}

static size_t
find_name(const struct node *dir, const char *text)
{
	for (size_t i = 0; i < dir->name_count; i++)
		if (strcmp(dir->names[i].text, text) == 0)
			return i;
	return (size_t)NOWHERE;
}

static void
set_name(struct node *dir, const char *text, size_t node)
{
	size_t at = find_name(dir, text);

	if (at == (size_t)NOWHERE) {
		ARRAY_GROW(dir->names, dir->name_count, dir->name_room);
		at = dir->name_count++;
		dir->names[at].text = text_copy(text);
	}
	dir->names[at].node = node;
}

static void
remove_name(struct node *dir, const char *text)
{
	size_t at = find_name(dir, text);

	if (at == (size_t)NOWHERE)
		return;
	free(dir->names[at].text);
	dir->names[at] = dir->names[--dir->name_count];
}

/* --- reading ------------------------------------------------------------------ */

struct reading {
	struct model *model;
	int dir;
	size_t node;
};

static void read_below(struct model *m, size_t node, int fd);

static int
read_entry(void *context, const struct dirent *entry)
{
	const struct reading *r = context;
	struct model *m = r->model;
	struct stat st;
	size_t node;

	if (r->node == 0 && homelab_is_input(entry->d_name))
		return 0;
	(void)fstatat(r->dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW);
	node = add_node(m, S_ISDIR(st.st_mode), st.st_ino);
	set_name(&m->nodes[r->node], entry->d_name, node);
	m->nodes[node].mtime = time_of(&st.st_mtim);
	if (S_ISDIR(st.st_mode)) {
		cleanup_close int fd = disk_open_dir(r->dir, entry->d_name, NULL);

		read_below(m, node, fd);
	} else {
		(void)disk_read(r->dir, entry->d_name, SIZE_MAX / 2, &m->nodes[node].bytes, NULL);
	}
	return 0;
}

static void
read_below(struct model *m, size_t node, int fd)
{
	struct reading r = {m, fd, node};

	(void)disk_list(fd, read_entry, &r);
}

struct model *
model_read(const char *root)
{
	struct model *m = memory_alloc(sizeof(*m));
	cleanup_close int fd = disk_open_dir(AT_FDCWD, root, NULL);
	struct stat st;

	(void)fstat(fd, &st);
	(void)add_node(m, true, st.st_ino);
	read_below(m, 0, fd);
	return m;
}

static void
node_copy(const struct node *from, struct node *to)
{
	*to = (struct node){.is_dir = from->is_dir, .mtime = from->mtime};
	buffer_add(&to->bytes, from->bytes.data, from->bytes.length);
	for (size_t i = 0; i < from->name_count; i++)
		set_name(to, from->names[i].text, from->names[i].node);
}

static struct model *
model_copy(const struct model *m)
{
	struct model *copy = memory_alloc(sizeof(*copy));

	for (size_t i = 0; i < m->count; i++)
		(void)add_node(copy, m->nodes[i].is_dir, 0);
	for (size_t i = 0; i < m->count; i++)
		node_copy(&m->nodes[i], &copy->nodes[i]);
	for (size_t i = 0; i < m->inode_count; i++)
		copy->inodes[i] = m->inodes[i];
	return copy;
}

void
model_free(struct model *m)
{
	for (size_t i = 0; i < m->count; i++) {
		struct node *n = &m->nodes[i];

		for (size_t k = 0; k < n->name_count; k++)
			free(n->names[k].text);
		free(n->names);
		free(n->since);
		buffer_release(&n->bytes);
	}
	free(m->nodes);
	free(m->inodes);
	free(m);
}

/* --- changes ------------------------------------------------------------------ */

static void
put_bytes(struct node *n, const struct change *c, size_t length, bool zeros)
{
	size_t end = c->at + length;

	n->mtime = c->time;
	if (end > n->bytes.length) {
		buffer_reserve(&n->bytes, end - n->bytes.length);
		memset(n->bytes.data + n->bytes.length, 0, end - n->bytes.length);
		n->bytes.length = end;
	}
	if (length == 0)
		return;
	if (zeros)
		memset(n->bytes.data + c->at, 0, length);
	else
		memcpy(n->bytes.data + c->at, c->data.data, length);
}

static void
cut_bytes(struct node *n, const struct change *c)
{
	n->mtime = c->time;
	if (c->at < n->bytes.length)
		n->bytes.length = c->at;
}

/* What a name stands for after a change of names. */
static size_t
renamed_node(const struct model *m, const struct recorded *r, size_t number)
{
	const struct change *c = &r->changes[number];

	for (; number > 0; number--) {
		const struct change *made = &r->changes[number - 1];

		if (made->call == CALL_OPEN && made->dir == c->dir &&
		    strcmp(made->name, c->name) == 0)
			return find_node(m, made->inode);
	}
	return m->nodes[find_node(m, c->dir)]
	    .names[find_name(&m->nodes[find_node(m, c->dir)], c->name)]
	    .node;
}

static void
change_names(struct model *m, const struct recorded *r, size_t number)
{
	const struct change *c = &r->changes[number];
	struct node *dir = &m->nodes[find_node(m, c->dir)];

	switch (c->call) {
	case CALL_OPEN:
	case CALL_MKDIR:
		set_name(dir, c->name, find_node(m, c->inode));
		break;
	case CALL_UNLINK:
		remove_name(dir, c->name);
		break;
	case CALL_RENAME:
		set_name(dir, c->to, renamed_node(m, r, number));
		remove_name(dir, c->name);
		break;
	default:
		break;
	}
}

static void
make_durable(struct model *m, const struct recorded *r, struct node *n)
{
	for (size_t i = 0; i < n->since_count; i++) {
		const struct change *c = &r->changes[n->since[i]];

		if (n->is_dir)
			change_names(m, r, n->since[i]);
		else if (c->call == CALL_WRITE)
			put_bytes(n, c, c->data.length, false);
		else
			cut_bytes(n, c);
	}
	n->since_count = 0;
}

/* A change happens, and isn't durable yet; or it is an fsync. */
static void
apply(struct model *m, const struct recorded *r, size_t number)
{
	const struct change *c = &r->changes[number];
	size_t node;

	if (c->call == CALL_CHMOD || c->call == CALL_CLOSE)
		return;
	if (c->call == CALL_OPEN || c->call == CALL_MKDIR)
		(void)add_node(m, c->call == CALL_MKDIR, c->inode);
	node = find_node(m, c->name == NULL ? c->inode : c->dir);
	if (node == (size_t)NOWHERE)
		return;
	if (c->call == CALL_FSYNC) {
		make_durable(m, r, &m->nodes[node]);
		return;
	}
	ARRAY_GROW(m->nodes[node].since, m->nodes[node].since_count, m->nodes[node].since_room);
	m->nodes[node].since[m->nodes[node].since_count++] = number;
}

/* --- the cut ------------------------------------------------------------------ */

static uint64_t
chance(uint64_t *state, uint64_t sides)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (*state >> 33) % sides;
}

/* Of a file's changes a beginning is left, the last write of it torn. */
static void
tear_file(struct node *n, const struct recorded *r, int cut, uint64_t *dice)
{
	int kind = cut >= CUT_RANDOM ? (int)chance(dice, 4) : cut;
	size_t kept = n->since_count;

	if (kind == CUT_LOSE || kind == CUT_EMPTY)
		return;
	if (cut >= CUT_RANDOM && kind == CUT_KILL)
		kept = (size_t)chance(dice, n->since_count + 1);
	for (size_t i = 0; i < kept; i++) {
		const struct change *c = &r->changes[n->since[i]];
		bool torn = cut >= CUT_RANDOM && i + 1 == kept && chance(dice, 2) == 0;

		if (c->call != CALL_WRITE)
			cut_bytes(n, c);
		else
			put_bytes(n, c,
			    torn ? (size_t)chance(dice, c->data.length + 1) : c->data.length,
			    kind == CUT_ZEROS);
	}
}

static bool
keeps_name(int cut, bool is_last, uint64_t *dice)
{
	if (cut >= CUT_RANDOM)
		return chance(dice, 2) == 0;
	return cut == CUT_LAST ? is_last : cut != CUT_LOSE;
}

static void
tear_names(struct model *m, const struct recorded *r, const struct node *n, int cut, uint64_t *dice)
{
	for (size_t i = 0; i < n->since_count; i++)
		if (keeps_name(cut, i + 1 == n->since_count, dice))
			change_names(m, r, n->since[i]);
}

static void
lay_out(const struct model *m, size_t node, int parent, const char *name)
{
	const struct node *n = &m->nodes[node];
	cleanup_close int fd = -1;

	if (!n->is_dir) {
		homelab_write(parent, name, n->bytes.data, n->bytes.length, n->mtime);
		return;
	}
	if (node != 0)
		(void)mkdirat(parent, name, 0755);
	fd = disk_open_dir(parent, name, NULL);
	for (size_t i = 0; i < n->name_count; i++)
		lay_out(m, n->names[i].node, fd, n->names[i].text);
}

void
model_cut(
    const struct model *before, const struct recorded *r, size_t number, int cut, const char *root)
{
	struct model *m = model_copy(before);
	uint64_t dice = (uint64_t)cut * 0x9e3779b97f4a7c15u + number;

	for (size_t i = 0; i < number; i++)
		apply(m, r, i);
	for (size_t i = 0; i < m->count; i++)
		if (m->nodes[i].is_dir)
			tear_names(m, r, &m->nodes[i], cut, &dice);
		else
			tear_file(&m->nodes[i], r, cut, &dice);
	homelab_remove_own(root);
	lay_out(m, 0, AT_FDCWD, root);
	model_free(m);
}
