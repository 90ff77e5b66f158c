#include <homelab/names.h>
#include <homelab/node.h>
#include <homelab/options.h>

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

const char *
node_name_find(char *out, size_t size)
{
	const char *value = environment_get("NODE_NAME", NULL);

	if (value != NULL)
		return value;
	if (gethostname(out, size) < 0)
		return "";
	out[size - 1] = '\0';
	out[strcspn(out, ".")] = '\0';
	return out;
}

int
node_name_check(const char *node, struct error *err)
{
	if (!name_is_node(node, strlen(node)))
		return error_set(err, EX_USAGE,
		    "node %.100s: isn't 1 to 63 of A-Z a-z 0-9 . _ -, the first a letter or digit",
		    node);
	if (name_is_container_id(node))
		return error_set(err, EX_USAGE,
		    "node %s: is a container's id; name the host with --node or NODE_NAME", node);
	return 0;
}
