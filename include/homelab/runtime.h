#ifndef HOMELAB_RUNTIME_H
#define HOMELAB_RUNTIME_H

#include <homelab/buffer.h>
#include <homelab/container.h>
#include <homelab/error.h>

#include <stdatomic.h>

/*
 * Container runtimes, seen alike: what there is, and what can be done to it.
 *
 *	runtime_new -> runtime_connect -> runtime_list, …        once a cycle
 *	            -> runtime_follow                            in another thread
 *
 * Every call has a deadline and fails with EX_UNAVAILABLE where the runtime isn't
 * there or doesn't answer as one, so that a runtime that is gone is never taken
 * for one without containers. A list is whole or fails.
 */

enum runtime_kind { RUNTIME_DOCKER, RUNTIME_CRI };

/* Where one is. Texts are its own. */
struct runtime_address {
	enum runtime_kind kind;
	char *name; /* what it is called, as in "docker:/run/docker.sock" */
	char *socket; /* or NULL */
	char *url; /* where there is no socket: http:// or https://HOST:PORT */
	char *authority, *certificate, *key; /* of TLS, or NULL */
};

struct runtime_addresses {
	struct runtime_address *list;
	size_t count, room;
};

void runtime_addresses_release(struct runtime_addresses *a);

/*
 * Adds the one that `text` says: "cri:PATH", "docker:PATH", "docker:tcp://HOST:PORT"
 * (TLS as DOCKER_TLS_VERIFY and DOCKER_CERT_PATH have it); "auto": those that
 * DOCKER_HOST and CONTAINER_RUNTIME_ENDPOINT name, or else whose usual socket is
 * there now: of containerd, CRI-O, Docker, podman. `variable` is getenv or a
 * test's, `exists` says whether there is a socket. EX_USAGE where it's neither.
 */
int runtime_addresses_add(struct runtime_addresses *a, const char *text,
    char *(*variable)(const char *name), bool (*exists)(const char *path), struct error *err);

struct runtime;

/* What a kind of runtime can do; see below. */
struct runtime_operations {
	int (*connect)(struct runtime *r, struct error *err);
	int (*list)(struct runtime *r, timestamp since, struct containers *out, struct error *err);
	int (*start)(struct runtime *r, const char *id, struct error *err);
	int (*stop)(struct runtime *r, const char *id, struct error *err);
	int (*log)(struct runtime *r, const char *id, unsigned lines, struct buffer *out,
	    struct error *err);
	int (*follow)(struct runtime *r, void (*hint)(void *context), void *context,
	    const atomic_bool *stop, struct error *err);
	void (*release)(struct runtime *r); /* what it has kept; or NULL */
	bool acts; /* start and stop are there */
};

extern const struct runtime_operations docker_operations, cri_operations;

struct runtime {
	const struct runtime_operations *operations;
	const struct runtime_address *address;
	char product[64]; /* "docker", "podman", "containerd"; "" before it is connected */
	char version[64];
	char api[32]; /* the version of its API that is spoken */
	bool windows; /* its containers are */
	void *kept; /* what its operations remember between calls; zeroed at first */
};

/* The address has to outlive it. Nothing is connected yet. */
struct runtime *runtime_new(const struct runtime_address *address);
/* Another one to the same, for another thread: that knows what this one was told. */
struct runtime *runtime_again(const struct runtime *r);
void runtime_free(struct runtime *r);

/* Asks what it is. Cheap: may be called before every list. EX_SOFTWARE where what is
 * there is no runtime for us, as Docker's containerd, whose CRI is switched off. */
int runtime_connect(struct runtime *r, struct error *err);

/* All its containers, ended ones too, with all that is known of them. `since` is
 * when it was asked last (TIMESTAMP_NONE: never), for what only its events tell:
 * whether somebody asked for a stop. Added to *out; after a failure nothing is. */
int runtime_list(struct runtime *r, timestamp since, struct containers *out, struct error *err);

/* Start an ended one again; stop one (SIGTERM, 10 s, SIGKILL). 0 also where it is
 * so already. EX_UNAVAILABLE, or EX_SOFTWARE where the runtime refuses or its
 * kind can't (CRI: see runtime_acts). */
bool runtime_acts(const struct runtime *r);
int runtime_start(struct runtime *r, const char *id, struct error *err);
int runtime_stop(struct runtime *r, const char *id, struct error *err);

/* The last lines of its log, at most 4 KiB, raw. */
enum { RUNTIME_LOG_MAX = 4096 };
int runtime_log(
    struct runtime *r, const char *id, unsigned lines, struct buffer *out, struct error *err);

/* Calls `hint` whenever something may have changed, until *stop or an error, and at
 * first: a look after that misses nothing that no hint follows. A hint tells
 * nothing but that; what changed the next list tells. Blocks: for a
 * thread, with a runtime of its own. EX_SOFTWARE where it has no such thing. */
int runtime_follow(struct runtime *r, void (*hint)(void *context), void *context,
    const atomic_bool *stop, struct error *err);

#endif
