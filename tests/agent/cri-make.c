/* Makes sandboxes and containers in a runtime of the kubelet's, for tests. */

#include "cri-make.pb-c.h"

#include "../../src/runtime/grpc.h"

#include <homelab/message.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

enum { NODE = 2, OWN = 1 }; /* namespaces */

static const char usage[] =
    "usage: cri-make SOCKET run [OPTION]... NAME IMAGE [LABEL=VALUE]... -- COMMAND...\n"
    "       cri-make SOCKET attempt [OPTION]... NAME IMAGE [LABEL=VALUE]... -- COMMAND...\n"
    "       cri-make SOCKET start | remove | stop-sandbox | remove-sandbox ID\n"
    "       cri-make SOCKET stop ID [SECONDS]\n"
    "\n"
    "run      makes a sandbox and a container in it and starts it; prints both ids\n"
    "attempt  makes one in the sandbox of -s and starts it; prints its id\n"
    "\n"
    "  -a N          it is attempt N (0)\n"
    "  -c            only create it, don't start it\n"
    "  -l DIRECTORY  where its log goes, as NAME/N.log\n"
    "  -m BYTES      its memory\n"
    "  -p NAME       the sandbox's name; as the container's\n"
    "  -s ID         the sandbox, which has to be of the same -l and -p\n";

struct making {
	const char *socket;
	const char *sandbox, *pod, *logs, *name, *image;
	int64_t memory;
	uint32_t attempt;
	bool only_create;
	char **labels, **command;
	size_t n_labels, n_command;
};

/* Ends with the error where there is one. */
static void
ask(const char *socket, const char *method, const ProtobufCMessage *request, struct buffer *reply)
{
	cleanup_buffer struct buffer bytes = {0}, path = {0};
	struct grpc_call call = {.socket = socket, .deadline = SECONDS(60), .reply_max = 1 << 20};
	struct error err;
	int status;

	buffer_text(&path, "runtime.v1.RuntimeService/%s", method);
	call.method = buffer_string(&path);
	buffer_reserve(&bytes, protobuf_c_message_get_packed_size(request));
	bytes.length = protobuf_c_message_pack(request, bytes.data);
	if (grpc_send(&call, bytes.data, bytes.length, reply, &status, &err) < 0) {
		message_error("%s", err.text);
		exit(err.status);
	}
}

static char *
ask_id(const char *socket, const char *method, const ProtobufCMessage *request)
{
	cleanup_buffer struct buffer reply = {0};
	Make__Named *named;
	char *id;

	ask(socket, method, request, &reply);
	named = make__named__unpack(NULL, reply.length, reply.data);
	id = text_copy(named != NULL ? named->id : "");
	make__named__free_unpacked(named, NULL);
	return id;
}

/* --- making ------------------------------------------------------------------------ */

static Make__Namespaces namespaces = MAKE__NAMESPACES__INIT;
static Make__PodSecurity pod_security = MAKE__POD_SECURITY__INIT;
static Make__PodLinux pod_platform = MAKE__POD_LINUX__INIT;
static Make__PodMetadata pod_metadata = MAKE__POD_METADATA__INIT;
static Make__PodConfig pod = MAKE__POD_CONFIG__INIT;

/* On the node's network, since another needs plugins. */
static void
set_pod(const struct making *m)
{
	namespaces.network = NODE;
	namespaces.pid = OWN;
	pod_security.namespaces = &namespaces;
	pod_platform.security = &pod_security;
	pod_metadata.name = pod_metadata.uid = (char *)(m->pod != NULL ? m->pod : m->name);
	pod_metadata.space = (char *)"default";
	pod.metadata = &pod_metadata;
	pod.log_directory = (char *)(m->logs != NULL ? m->logs : "");
	pod.platform = &pod_platform;
}

static char *
run_sandbox(const struct making *m)
{
	Make__RunPod request = MAKE__RUN_POD__INIT;

	request.config = &pod;
	return ask_id(m->socket, "RunPodSandbox", &request.base);
}

static void
start_container(const char *socket, const char *id)
{
	cleanup_buffer struct buffer reply = {0};
	Make__Named request = MAKE__NAMED__INIT;

	request.id = (char *)id;
	ask(socket, "StartContainer", &request.base, &reply);
}

static Make__Config__LabelsEntry **
make_labels(const struct making *m)
{
	Make__Config__LabelsEntry **list = memory_alloc(m->n_labels * sizeof(list[0]));

	for (size_t i = 0; i < m->n_labels; i++) {
		char *value = strchr(m->labels[i], '=');

		*value = '\0';
		list[i] = memory_alloc(sizeof(*list[i]));
		make__config__labels_entry__init(list[i]);
		list[i]->key = m->labels[i];
		list[i]->value = value + 1;
	}
	return list;
}

static char *
create_container(const struct making *m, const char *sandbox)
{
	Make__Metadata metadata = MAKE__METADATA__INIT;
	Make__Image image = MAKE__IMAGE__INIT;
	Make__Resources resources = MAKE__RESOURCES__INIT;
	Make__Security security = MAKE__SECURITY__INIT;
	Make__Linux platform = MAKE__LINUX__INIT;
	Make__Config config = MAKE__CONFIG__INIT;
	Make__Create request = MAKE__CREATE__INIT;
	cleanup_buffer struct buffer log = {0};

	buffer_text(&log, "%s/%u.log", m->name, (unsigned)m->attempt);
	metadata.name = (char *)m->name;
	metadata.attempt = m->attempt;
	image.name = (char *)m->image;
	resources.memory = m->memory;
	security.namespaces = &namespaces;
	platform.resources = &resources;
	platform.security = &security;
	config.metadata = &metadata;
	config.image = &image;
	config.command = m->command;
	config.n_command = m->n_command;
	config.labels = make_labels(m);
	config.n_labels = m->n_labels;
	config.log_path = m->logs != NULL ? buffer_string(&log) : (char *)"";
	config.platform = &platform;
	request.sandbox = (char *)sandbox;
	request.config = &config;
	request.pod = &pod;
	return ask_id(m->socket, "CreateContainer", &request.base);
}

static int
make(struct making *m, bool with_sandbox)
{
	cleanup_free char *sandbox = NULL, *container = NULL;

	set_pod(m);
	sandbox = with_sandbox ? run_sandbox(m) : text_copy(m->sandbox);
	container = create_container(m, sandbox);
	if (!m->only_create)
		start_container(m->socket, container);
	if (with_sandbox)
		(void)printf("%s ", sandbox);
	(void)puts(container);
	return 0;
}

/* --- the command line ---------------------------------------------------------------- */

static bool
parse_options(int argc, char **argv, struct making *m)
{
	int option;

	while ((option = getopt(argc, argv, "+a:cl:m:p:s:")) != -1)
		switch (option) {
		case 'a':
			m->attempt = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'c':
			m->only_create = true;
			break;
		case 'l':
			m->logs = optarg;
			break;
		case 'm':
			m->memory = strtoll(optarg, NULL, 10);
			break;
		case 'p':
			m->pod = optarg;
			break;
		case 's':
			m->sandbox = optarg;
			break;
		default:
			return false;
		}
	return true;
}

/* NAME IMAGE [LABEL=VALUE]... -- COMMAND... */
static bool
parse_words(int argc, char **argv, struct making *m)
{
	int i = 2;

	if (argc < 4)
		return false;
	m->name = argv[0];
	m->image = argv[1];
	m->labels = argv + i;
	for (; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strchr(argv[i], '=') == NULL)
			return false;
	m->n_labels = (size_t)(i - 2);
	m->command = argv + i + 1;
	m->n_command = (size_t)(argc - i - 1);
	return i < argc - 1;
}

static int
act(const char *socket, const char *method, char **words)
{
	cleanup_buffer struct buffer reply = {0};
	Make__Named request = MAKE__NAMED__INIT;

	request.id = words[0];
	request.seconds = words[1] != NULL ? strtoll(words[1], NULL, 10) : 0;
	ask(socket, method, &request.base, &reply);
	return 0;
}

int
main(int argc, char **argv)
{
	static const char *const methods[][2] = {{"start", "StartContainer"},
	    {"stop", "StopContainer"}, {"remove", "RemoveContainer"},
	    {"stop-sandbox", "StopPodSandbox"}, {"remove-sandbox", "RemovePodSandbox"}};
	struct making m = {.socket = argc > 1 ? argv[1] : NULL};
	bool run = argc > 2 && strcmp(argv[2], "run") == 0;

	message_init("cri-make");
	http_init();
	for (size_t i = 0; argc > 3 && i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(argv[2], methods[i][0]) == 0)
			return act(m.socket, methods[i][1], argv + 3);
	if ((run || (argc > 2 && strcmp(argv[2], "attempt") == 0)) &&
	    parse_options(argc - 2, argv + 2, &m) && (run || m.sandbox != NULL) &&
	    parse_words(argc - 2 - optind, argv + 2 + optind, &m))
		return make(&m, run);
	(void)fputs(usage, stderr);
	return EX_USAGE;
}
