#include <homelab/runtime.h>

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const struct runtime_operations *const kinds[] = {
    [RUNTIME_DOCKER] = &docker_operations,
    [RUNTIME_CRI] = &cri_operations,
};

struct runtime *
runtime_new(const struct runtime_address *address)
{
	struct runtime *r = memory_alloc(sizeof(*r));

	r->address = address;
	r->operations = kinds[address->kind];
	return r;
}

struct runtime *
runtime_again(const struct runtime *r)
{
	struct runtime *again = runtime_new(r->address);

	(void)memcpy(again->product, r->product, sizeof(again->product));
	(void)memcpy(again->version, r->version, sizeof(again->version));
	(void)memcpy(again->api, r->api, sizeof(again->api));
	again->windows = r->windows;
	return again;
}

void
runtime_free(struct runtime *r)
{
	if (r != NULL && r->operations->release != NULL)
		r->operations->release(r);
	free(r);
}

int
runtime_connect(struct runtime *r, struct error *err)
{
	return r->operations->connect(r, err);
}

int
runtime_list(struct runtime *r, timestamp since, struct containers *out, struct error *err)
{
	return r->operations->list(r, since, out, err);
}

bool
runtime_acts(const struct runtime *r)
{
	return r->operations->acts;
}

int
runtime_start(struct runtime *r, const char *id, struct error *err)
{
	return r->operations->start(r, id, err);
}

int
runtime_stop(struct runtime *r, const char *id, struct error *err)
{
	return r->operations->stop(r, id, err);
}

int
runtime_log(
    struct runtime *r, const char *id, unsigned lines, struct buffer *out, struct error *err)
{
	return r->operations->log(r, id, lines, out, err);
}

int
runtime_follow(struct runtime *r, void (*hint)(void *context), void *context,
    const atomic_bool *stop, struct error *err)
{
	return r->operations->follow(r, hint, context, stop, err);
}
