#include "support.h"

#include <homelab/runtime.h>

#include <string.h>
#include <sysexits.h>

/* What getenv() and a look at the disk would say: "NAME=VALUE …", "PATH …". */
static const char *variables, *sockets;

static char *
variable(const char *name)
{
	static char value[256];
	size_t length = strlen(name);

	for (const char *p = variables; *p != '\0'; p += strspn(p, " ")) {
		size_t word = strcspn(p, " ");

		if (strncmp(p, name, length) == 0 && p[length] == '=') {
			(void)memcpy(value, p + length + 1, word - length - 1);
			value[word - length - 1] = '\0';
			return value;
		}
		p += word;
	}
	return NULL;
}

static bool
exists(const char *path)
{
	size_t length = strlen(path);

	for (const char *p = sockets; (p = strstr(p, path)) != NULL; p += length)
		if ((p == sockets || p[-1] == ' ') && (p[length] == ' ' || p[length] == '\0'))
			return true;
	return false;
}

/* "NAME [URL] [of AUTHORITY,CERTIFICATE,KEY]; …" */
static const struct {
	const char *text, *variables, *sockets, *expected; /* "!…": refused, saying that */
} rows[] = {
    {"docker:/run/docker.sock", "", "", "docker:/run/docker.sock"},
    {"cri:/run/containerd/containerd.sock", "", "", "cri:/run/containerd/containerd.sock"},
    {"docker:unix:///run/docker.sock", "", "", "docker:/run/docker.sock"},
    {"docker:tcp://nas:2375", "", "", "docker:tcp://nas:2375 http://nas:2375"},
    {"docker:tcp://[fe80::1]:2375", "", "", "docker:tcp://[fe80::1]:2375 http://[fe80::1]:2375"},
    {"docker:tcp://nas:2375", "DOCKER_TLS_VERIFY= DOCKER_CERT_PATH=", "",
	"docker:tcp://nas:2375 http://nas:2375"},
    {"docker:tcp://nas:2376", "DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=/c", "",
	"docker:tcp://nas:2376 https://nas:2376 of /c/ca.pem,/c/cert.pem,/c/key.pem"},
    {"docker:tcp://nas:2376", "DOCKER_CERT_PATH=/c", "",
	"docker:tcp://nas:2376 https://nas:2376 of /c/ca.pem,/c/cert.pem,/c/key.pem"},
    {"docker:tcp://nas:2376", "DOCKER_TLS_VERIFY=1 HOME=/h", "",
	"docker:tcp://nas:2376 https://nas:2376 of "
	"/h/.docker/ca.pem,/h/.docker/cert.pem,/h/.docker/key.pem"},
    {"docker:tcp://nas:2376", "DOCKER_TLS_VERIFY=1", "", "docker:tcp://nas:2376 https://nas:2376"},

    {"auto", "", "", ""},
    {"auto", "", "/run/docker.sock", "docker:/run/docker.sock"},
    {"auto", "", "/var/run/docker.sock", "docker:/var/run/docker.sock"},
    {"auto", "", "/var/run/docker.sock /run/docker.sock", "docker:/run/docker.sock"},
    {"auto", "",
	"/run/docker.sock /run/crio/crio.sock /run/podman/podman.sock "
	"/run/containerd/containerd.sock",
	"cri:/run/containerd/containerd.sock; cri:/run/crio/crio.sock; docker:/run/docker.sock; "
	"docker:/run/podman/podman.sock"},
    {"auto", "XDG_RUNTIME_DIR=/run/user/7",
	"/run/user/7/podman/podman.sock /run/user/7/docker.sock",
	"docker:/run/user/7/docker.sock; docker:/run/user/7/podman/podman.sock"},
    {"auto", "XDG_RUNTIME_DIR=run", "run/docker.sock", ""},
    {"auto", "DOCKER_HOST=unix:///d.sock", "/run/podman/podman.sock", "docker:/d.sock"},
    {"auto", "DOCKER_HOST=", "/run/podman/podman.sock", "docker:/run/podman/podman.sock"},
    {"auto", "DOCKER_HOST=tcp://nas:2376 DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=/c", "",
	"docker:tcp://nas:2376 https://nas:2376 of /c/ca.pem,/c/cert.pem,/c/key.pem"},
    {"auto", "CONTAINER_RUNTIME_ENDPOINT=unix:///c.sock", "/run/docker.sock", "cri:/c.sock"},
    {"auto", "CONTAINER_RUNTIME_ENDPOINT=/c.sock", "", "cri:/c.sock"},
    {"auto", "CONTAINER_RUNTIME_ENDPOINT=unix:///c.sock DOCKER_HOST=unix:///d.sock", "",
	"docker:/d.sock; cri:/c.sock"},

    {"auto", "DOCKER_HOST=npipe:////./pipe/docker_engine", "",
	"!DOCKER_HOST: a runtime's socket needs a path from '/' on: "
	"npipe:////./pipe/docker_engine"},
    {"auto", "DOCKER_HOST=ssh://nas", "", "!DOCKER_HOST: "},
    {"auto", "CONTAINER_RUNTIME_ENDPOINT=tcp://nas:1", "", "!CONTAINER_RUNTIME_ENDPOINT: "},
    {"", "", "", "!a runtime is auto, "},
    {"docker", "", "", "!a runtime is auto, "},
    {"podman:/x", "", "", "!a runtime is auto, "},
    {"docker:", "", "", "!a runtime's socket needs a path"},
    {"docker:run/docker.sock", "", "", "!a runtime's socket needs a path"},
    {"cri:tcp://nas:1", "", "", "!a runtime's socket needs a path"},
    {"docker:tcp://", "", "", "!a runtime at tcp://"},
    {"docker:tcp://nas", "", "", "!a runtime at tcp://"},
    {"docker:tcp://:2375", "", "", "!a runtime at tcp://"},
    {"docker:tcp://nas:0", "", "", "!a runtime at tcp://"},
    {"docker:tcp://nas:65536", "", "", "!a runtime at tcp://"},
    {"docker:tcp://nas:2375/x", "", "", "!a runtime at tcp://"},
    {"docker:tcp://me@nas:2375", "", "", "!a runtime at tcp://"},
    {"docker:tcp://nas/..:2375", "", "", "!a runtime at tcp://"},
    {"docker:tcp://[::1:2375", "", "", "!a runtime at tcp://"},
    {"docker:tcp://[]:2375", "", "", "!a runtime at tcp://"},
    {"docker:/"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	"", "", "!the path of a runtime's socket is too long"},
};

static const char *
text_of(const struct runtime_addresses *a, struct buffer *out)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct runtime_address *one = &a->list[i];

		buffer_text(out, "%s%s", i > 0 ? "; " : "", one->name);
		if (one->url != NULL)
			buffer_text(out, " %s", one->url);
		if (one->authority != NULL)
			buffer_text(
			    out, " of %s,%s,%s", one->authority, one->certificate, one->key);
		ck_assert((one->socket != NULL) != (one->url != NULL));
		ck_assert(one->socket == NULL || strstr(one->name, one->socket) != NULL);
		ck_assert_int_eq(one->kind, one->name[0] == 'c' ? RUNTIME_CRI : RUNTIME_DOCKER);
	}
	return buffer_string(out);
}

START_TEST(reads_addresses)
{
	struct runtime_addresses a = {0};
	cleanup_buffer struct buffer seen = {0};
	const char *expected = rows[_i].expected;
	struct error err = {0};
	int result;

	variables = rows[_i].variables;
	sockets = rows[_i].sockets;
	result = runtime_addresses_add(&a, rows[_i].text, variable, exists, &err);
	if (expected[0] == '!') {
		ck_assert_int_eq(result, -1);
		ck_assert_int_eq(err.status, EX_USAGE);
		ck_assert_msg(
		    strncmp(err.text, expected + 1, strlen(expected + 1)) == 0, "%s", err.text);
		ck_assert_uint_eq(a.count, 0);
	} else {
		ck_assert_msg(result == 0, "%s: %s", rows[_i].text, err.text);
		assert_text(text_of(&a, &seen), expected, rows[_i].text);
	}
	runtime_addresses_release(&a);
}
END_TEST

START_TEST(takes_each_once)
{
	struct runtime_addresses a = {0};

	variables = "";
	sockets = "/run/docker.sock";
	ck_assert_int_eq(
	    runtime_addresses_add(&a, "docker:/run/docker.sock", variable, exists, NULL), 0);
	ck_assert_int_eq(runtime_addresses_add(&a, "auto", variable, exists, NULL), 0);
	ck_assert_int_eq(
	    runtime_addresses_add(&a, "cri:/run/docker.sock", variable, exists, NULL), 0);
	ck_assert_uint_eq(a.count, 2);
	runtime_addresses_release(&a);
	ck_assert_uint_eq(a.count, 0);
}
END_TEST

Suite *
address_suite(void)
{
	Suite *s = suite_create("address");
	TCase *t = tcase_create("address");

	tcase_add_loop_test(t, reads_addresses, 0, COUNT(rows));
	tcase_add_test(t, takes_each_once);
	suite_add_tcase(s, t);
	return s;
}
