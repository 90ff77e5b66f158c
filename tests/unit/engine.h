#ifndef UNIT_ENGINE_H
#define UNIT_ENGINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * An engine made up: it answers on a unix socket or a port of loopback what it was
 * told to, whole or in a manner that no engine should have. One a process.
 */

struct engine_answer {
	const char *request; /* what it begins with: "GET /version" */
	int status;
	const char *body;
	size_t length; /* of the body; 0: a text's */
};

enum engine_manner {
	ENGINE_WHOLE,
	ENGINE_BYTE_BY_BYTE,
	ENGINE_CHUNKED,
	/* What follows is none. */
	ENGINE_CUT_OFF, /* half of the body, then closed */
	ENGINE_SILENT, /* half of the body, then nothing more */
	ENGINE_SLOW, /* a byte each tenth of a second */
	ENGINE_CLOSED, /* at once */
	ENGINE_NO_HTTP,
	ENGINE_NO_JSON,
	ENGINE_WRONG_TYPE, /* JSON, but another */
	ENGINE_ENDLESS, /* a body without an end */
	ENGINE_LONG_HEAD,
	ENGINE_ERROR, /* status 500 */
	ENGINE_MOVED, /* status 302 */
	ENGINE_MANNERS
};

struct engine {
	char directory[64], path[80]; /* of the socket */
	char url[40]; /* on loopback */
	int listener;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	struct engine_answer answers[32]; /* the first that fits */
	enum engine_manner manner;
	const char *at; /* of requests that have this in them; NULL: of all */
	char log[1 << 16]; /* requests, a line each: "GET /version" */
};

extern struct engine engine;

/* By `loopback` on a port. Nothing is answered but 404 until it is told what. */
void engine_start(bool loopback);
void engine_stop(void);

/* Instead of what was told for the same; texts have to live as long. */
void engine_tell(const char *request, int status, const char *body);
void engine_behave(enum engine_manner manner, const char *at);

/* Requests that had this in them, since it was asked last to forget. */
int engine_count(const char *text);
void engine_forget(void);

#endif
