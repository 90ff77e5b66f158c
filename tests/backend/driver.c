/*
 * Backends as the agent uses them, told line by line on standard input:
 *
 *	add NAME EVENT		one more event for the next "commit"
 *	commit			adds them: "committed"
 *	facts FACTS
 *	flush SECONDS		"flushed yes" or "flushed no"
 *	dropped			"dropped EVENTS BYTES TOTAL URL" of each; "end"
 *	told			the same, and these are told
 *
 * At the end of the input it closes them and says "closed". Ends with the status
 * of what failed.
 *
 * The look-up of the name "hangs.example" hangs.
 */

#define _GNU_SOURCE /* RTLD_NEXT */

#include <homelab/backend.h>
#include <homelab/message.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

enum { EVENTS_MAX = 5000, URLS_MAX = 8 };

/* In place of the C library's, libcurl's look-ups too. */
int
getaddrinfo(const char *restrict name, const char *restrict service,
    const struct addrinfo *restrict hints, struct addrinfo **restrict out)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

	while (name != NULL && strcmp(name, "hangs.example") == 0)
		(void)pause();
	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	return real(name, service, hints, out);
}

struct driver {
	struct backend_options options;
	const char *urls[URLS_MAX + 1];
	const char *state;
	struct backends *backends;
	struct backend_event events[EVENTS_MAX];
	size_t count;
};

static void
fail(const struct error *err)
{
	message_error("%s", err->text);
	exit(err->status);
}

static void
add(struct driver *d, char *rest)
{
	char *event = strchr(rest, ' ');

	if (event == NULL || d->count == EVENTS_MAX)
		exit(2);
	*event++ = '\0';
	d->events[d->count++] =
	    (struct backend_event){text_copy(rest), text_copy(event), strlen(event)};
}

static void
commit(struct driver *d, char *rest)
{
	struct error err;

	(void)rest;
	if (backends_add(d->backends, d->events, d->count, clock_real(), &err) < 0)
		fail(&err);
	for (size_t i = 0; i < d->count; i++) {
		free((char *)d->events[i].name);
		free((char *)d->events[i].bytes);
	}
	d->count = 0;
	(void)puts("committed");
}

static void
facts(struct driver *d, char *rest)
{
	json_auto_t *value = json_loads(rest, 0, NULL);

	backends_facts(d->backends, value);
}

static void
flush(struct driver *d, char *rest)
{
	bool done = backends_flush(d->backends, SECONDS(atoi(rest)));

	(void)printf("flushed %s\n", done ? "yes" : "no");
}

static void
show_drop(const struct backend_drop *drop)
{
	(void)printf("dropped %llu %llu %llu %s\n", (unsigned long long)drop->events,
	    (unsigned long long)drop->bytes, (unsigned long long)drop->total, drop->backend);
}

static void
dropped(struct driver *d, char *rest)
{
	struct backend_drop drop;

	(void)rest;
	if (backends_dropped(d->backends, &drop) == 1)
		show_drop(&drop);
	(void)puts("end");
}

static void
told(struct driver *d, char *rest)
{
	struct backend_drop drop;
	struct error err;

	(void)rest;
	while (backends_dropped(d->backends, &drop) == 1) {
		show_drop(&drop);
		if (backends_told(d->backends, &drop, &err) < 0)
			fail(&err);
	}
	(void)puts("end");
}

static const struct {
	const char *word;
	void (*run)(struct driver *d, char *rest);
} commands[] = {{"add", add}, {"commit", commit}, {"facts", facts}, {"flush", flush},
    {"dropped", dropped}, {"told", told}};

static void
obey(struct driver *d, char *line)
{
	char *rest = strpbrk(line, " \n");

	line[strcspn(line, "\n")] = '\0';
	if (*rest == ' ')
		*rest++ = '\0';
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].word, line) == 0)
			commands[i].run(d, rest);
	(void)fflush(stdout);
}

static void
read_options(struct driver *d, char **argv)
{
	size_t urls = 0;

	d->options.urls = d->urls;
	for (; argv[0] != NULL && argv[1] != NULL; argv += 2) {
		if (strcmp(argv[0], "--state") == 0)
			d->state = argv[1];
		else if (strcmp(argv[0], "--token") == 0)
			d->options.token_file = argv[1];
		else if (strcmp(argv[0], "--ca") == 0)
			d->options.tls.authority = argv[1];
		else if (strcmp(argv[0], "--certificate") == 0)
			d->options.tls.certificate = argv[1];
		else if (strcmp(argv[0], "--key") == 0)
			d->options.tls.key = argv[1];
		else if (strcmp(argv[0], "--bytes") == 0)
			d->options.bytes_max = (uint64_t)atoll(argv[1]);
		else if (strcmp(argv[0], "--age") == 0)
			d->options.age_max = SECONDS(atoll(argv[1]));
		else if (strcmp(argv[0], "--deadline") == 0)
			d->options.deadline = SECONDS(atoll(argv[1]));
		else if (urls < URLS_MAX)
			d->urls[urls++] = argv[1];
	}
}

int
main(int argc, char **argv)
{
	static struct driver d;
	struct error err;
	char *line = NULL;
	size_t room = 0;
	int state;

	(void)argc;
	message_init("driver");
	memory_init();
	http_init();
	read_options(&d, argv + 1);
	state = disk_open_dir(AT_FDCWD, d.state, &err);
	d.backends = state < 0 ? NULL : backends_open(&d.options, state, &err);
	if (d.backends == NULL || backends_start(d.backends, &err) < 0)
		fail(&err);
	while (getline(&line, &room, stdin) > 0)
		obey(&d, line);
	free(line);
	backends_close(d.backends);
	(void)close(state);
	(void)puts("closed");
	return 0;
}
