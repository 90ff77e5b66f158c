#include <homelab/runtime.h>

#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <sysexits.h>

/* Where runtimes usually are. Below /var/run where there is no /run. */
static const struct {
	enum runtime_kind kind;
	const char *path; /* where it begins with '$', of the user's own */
} usual[] = {
    {RUNTIME_CRI, "/run/containerd/containerd.sock"},
    {RUNTIME_CRI, "/run/crio/crio.sock"},
    {RUNTIME_DOCKER, "/run/docker.sock"},
    {RUNTIME_DOCKER, "/run/podman/podman.sock"},
    {RUNTIME_DOCKER, "$/docker.sock"},
    {RUNTIME_DOCKER, "$/podman/podman.sock"},
};

static const char *const kind_names[] = {[RUNTIME_DOCKER] = "docker", [RUNTIME_CRI] = "cri"};

typedef char *variable_function(const char *name);
typedef bool exists_function(const char *path);

void
runtime_addresses_release(struct runtime_addresses *a)
{
	for (size_t i = 0; i < a->count; i++) {
		struct runtime_address *one = &a->list[i];

		free(one->name);
		free(one->socket);
		free(one->url);
		free(one->authority);
		free(one->certificate);
		free(one->key);
	}
	free(a->list);
	*a = (struct runtime_addresses){0};
}

/* A new one at the end, or NULL where it is among them already. */
static struct runtime_address *
add(struct runtime_addresses *a, enum runtime_kind kind, const char *place)
{
	cleanup_buffer struct buffer name = {0};

	buffer_text(&name, "%s:%s", kind_names[kind], place);
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->list[i].name, buffer_string(&name)) == 0)
			return NULL;
	ARRAY_GROW(a->list, a->count, a->room);
	a->list[a->count] =
	    (struct runtime_address){.kind = kind, .name = text_copy(buffer_string(&name))};
	return &a->list[a->count++];
}

/* The value of a variable, NULL also where it is empty. */
static const char *
value_of(variable_function *variable, const char *name)
{
	const char *value = variable(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* --- a socket --------------------------------------------------------------------- */

static int
add_socket(struct runtime_addresses *a, enum runtime_kind kind, const char *path, struct error *err)
{
	struct runtime_address *one;

	if (path[0] != '/')
		return error_set(
		    err, EX_USAGE, "a runtime's socket needs a path from '/' on: %s", path);
	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return error_set(
		    err, EX_USAGE, "the path of a runtime's socket is too long: %s", path);
	if ((one = add(a, kind, path)) != NULL)
		one->socket = text_copy(path);
	return 0;
}

/* --- a host ------------------------------------------------------------------------ */

static bool
is_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long port = 0;

	if (digits < 1 || digits > 5 || text[digits] != '\0')
		return false;
	for (size_t i = 0; i < digits; i++)
		port = port * 10 + (unsigned long)(text[i] - '0');
	return port >= 1 && port <= 65535;
}

/* HOST or [IPV6], and behind it, as it should be, ":PORT". */
static bool
is_host_and_port(const char *text)
{
	size_t length = text[0] == '[' ? 1 + strspn(text + 1, "0123456789abcdefABCDEF:.") :
					 strspn(text,
					     "0123456789abcdefghijklmnopqrstuvwxyz"
					     "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-_");

	if (text[0] == '[' && (length < 3 || text[length++] != ']'))
		return false;
	return length > 0 && text[0] != '-' && text[length] == ':' && is_port(text + length + 1);
}

static char *
path_below(const char *directory, const char *name)
{
	struct buffer path = {0};

	buffer_text(&path, "%s/%s", directory, name);
	return buffer_string(&path);
}

/* As docker's own client has it: DOCKER_CERT_PATH, or DOCKER_TLS_VERIFY with the
 * user's own files. A certificate is checked in either case. */
static void
set_tls(struct runtime_address *one, variable_function *variable)
{
	const char *directory = value_of(variable, "DOCKER_CERT_PATH");
	const char *home = value_of(variable, "HOME");
	cleanup_free char *own = home != NULL ? path_below(home, ".docker") : NULL;

	if (directory == NULL)
		directory = own;
	if (directory == NULL)
		return;
	one->authority = path_below(directory, "ca.pem");
	one->certificate = path_below(directory, "cert.pem");
	one->key = path_below(directory, "key.pem");
}

static int
add_host(
    struct runtime_addresses *a, const char *host, variable_function *variable, struct error *err)
{
	bool tls = value_of(variable, "DOCKER_TLS_VERIFY") != NULL ||
	    value_of(variable, "DOCKER_CERT_PATH") != NULL;
	cleanup_buffer struct buffer place = {0};
	struct buffer url = {0};
	struct runtime_address *one;

	if (!is_host_and_port(host))
		return error_set(err, EX_USAGE, "a runtime at tcp:// needs HOST:PORT: %s", host);
	buffer_text(&place, "tcp://%s", host);
	if ((one = add(a, RUNTIME_DOCKER, buffer_string(&place))) == NULL)
		return 0;
	buffer_text(&url, "%s://%s", tls ? "https" : "http", host);
	one->url = buffer_string(&url);
	if (tls)
		set_tls(one, variable);
	return 0;
}

/* --- texts ------------------------------------------------------------------------- */

/* PATH, unix://PATH or, of Docker's, tcp://HOST:PORT. */
static int
add_place(struct runtime_addresses *a, enum runtime_kind kind, const char *place,
    variable_function *variable, struct error *err)
{
	if (strncmp(place, "unix://", 7) == 0)
		return add_socket(a, kind, place + 7, err);
	if (kind == RUNTIME_DOCKER && strncmp(place, "tcp://", 6) == 0)
		return add_host(a, place + 6, variable, err);
	return add_socket(a, kind, place, err);
}

static int
add_of_variable(struct runtime_addresses *a, enum runtime_kind kind, const char *name,
    variable_function *variable, struct error *err)
{
	const char *place = value_of(variable, name);
	struct error why;

	if (place == NULL || add_place(a, kind, place, variable, &why) == 0)
		return 0;
	return error_set(err, why.status, "%s: %s", name, why.text);
}

static int
add_usual(struct runtime_addresses *a, enum runtime_kind kind, const char *path,
    variable_function *variable, exists_function *exists, struct error *err)
{
	const char *own = value_of(variable, "XDG_RUNTIME_DIR");
	cleanup_buffer struct buffer full = {0};

	if (path[0] == '$' && (own == NULL || own[0] != '/'))
		return 0;
	buffer_text(&full, "%s%s", path[0] == '$' ? own : "", path + (path[0] == '$'));
	if (exists(buffer_string(&full)))
		return add_socket(a, kind, buffer_string(&full), err);
	if (path[0] == '$')
		return 0;
	full.length = 0;
	buffer_text(&full, "/var%s", path);
	return exists(buffer_string(&full)) ? add_socket(a, kind, buffer_string(&full), err) : 0;
}

static int
add_automatically(struct runtime_addresses *a, variable_function *variable, exists_function *exists,
    struct error *err)
{
	if (add_of_variable(a, RUNTIME_DOCKER, "DOCKER_HOST", variable, err) < 0 ||
	    add_of_variable(a, RUNTIME_CRI, "CONTAINER_RUNTIME_ENDPOINT", variable, err) < 0)
		return -1;
	if (value_of(variable, "DOCKER_HOST") != NULL ||
	    value_of(variable, "CONTAINER_RUNTIME_ENDPOINT") != NULL)
		return 0;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (add_usual(a, usual[i].kind, usual[i].path, variable, exists, err) < 0)
			return -1;
	return 0;
}

int
runtime_addresses_add(struct runtime_addresses *a, const char *text,
    char *(*variable)(const char *name), bool (*exists)(const char *path), struct error *err)
{
	if (strcmp(text, "auto") == 0)
		return add_automatically(a, variable, exists, err);
	for (size_t i = 0; i < sizeof(kind_names) / sizeof(kind_names[0]); i++) {
		size_t length = strlen(kind_names[i]);

		if (strncmp(text, kind_names[i], length) == 0 && text[length] == ':')
			return add_place(a, (enum runtime_kind)i, text + length + 1, variable, err);
	}
	return error_set(err, EX_USAGE,
	    "a runtime is auto, cri:PATH, docker:PATH or docker:tcp://HOST:PORT: %s", text);
}
