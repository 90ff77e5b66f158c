/*
 * Prints a short overview of a world for people: `overview DIR`, where DIR
 * holds nodes.json and the others. For the demo; strings of events are escaped.
 */

#include <homelab/message.h>

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

enum { SHOWN_MAX = 200 };

static json_t *
load(const char *dir, const char *name)
{
	char path[PATH_MAX];
	json_error_t error;
	json_t *value;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	value = json_load_file(path, 0, &error);
	if (value == NULL)
		message_error("cannot read %s: %s", path, error.text);
	return value;
}

/* A member as text, "-" where it is null; good until the eighth next call. */
static const char *
text(const json_t *object, const char *key)
{
	static char ring[8][SHOWN_MAX];
	static unsigned next;
	const json_t *value = json_object_get(object, key);
	char *out = ring[next++ % 8];

	if (json_is_integer(value))
		(void)snprintf(out, SHOWN_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_string(value))
		(void)text_escape(json_string_value(value), out, SHOWN_MAX);
	else
		(void)strcpy(out, "-");
	return out;
}

static const char *
count(const json_t *object, const char *group, const char *key)
{
	return text(json_object_get(object, group), key);
}

static void
print_nodes(json_t *nodes)
{
	const char *name;
	json_t *node;

	(void)printf("\n%-15s %-8s %-21s %-9s %-10s %s\n", "NODE", "STATUS", "LAST SEEN",
	    "SERVICES", "UNHEALTHY", "DISK/MEMORY/CPU");
	json_object_foreach (nodes, name, node)
		(void)printf("%-15s %-8s %-21s %-9s %-10s %s/%s/%s\n", name, text(node, "status"),
		    text(node, "last_seen"), count(node, "services", "total"),
		    count(node, "services", "unhealthy"), text(node, "disk_pressure"),
		    text(node, "memory_pressure"), text(node, "cpu_pressure"));
}

static void
print_incidents(json_t *incidents)
{
	const char *id;
	json_t *incident;

	(void)printf("\nACTIVE INCIDENTS\n");
	json_object_foreach (incidents, id, incident)
		if (strcmp(text(incident, "status"), "active") == 0)
			(void)printf("  %-8s %s/%s since %s, %s times: %s\n",
			    text(incident, "severity"), text(incident, "node"),
			    text(incident, "service"), text(incident, "started_at"),
			    text(incident, "occurrence_count"), text(incident, "message"));
}

static void
print_deployments(json_t *deployments)
{
	const char *id;
	json_t *run;

	(void)printf("\nDEPLOYMENTS NOT COMPLETED\n");
	json_object_foreach (deployments, id, run)
		if (strcmp(text(run, "status"), "completed") != 0)
			(void)printf("  %-11s %s/%s at %s: %s\n", text(run, "status"),
			    text(run, "node"), text(run, "service"), text(run, "stage"),
			    text(run, "message"));
}

int
main(int argc, char **argv)
{
	static const char *const names[] = {
	    "runtime-summary.json", "nodes.json", "incidents.json", "deployments.json"};
	json_t *world[4];

	message_init("overview");
	if (argc != 2) {
		message_error("usage: overview DIR");
		return EX_USAGE;
	}
	for (int i = 0; i < 4; i++)
		if ((world[i] = load(argv[1], names[i])) == NULL)
			return EX_IOERR;
	(void)printf("%s at %s: %s events, %s services, %s active incidents (%s resolved), "
		     "%s deployments\n",
	    text(world[0], "status"), text(world[0], "generated_at"),
	    count(world[0], "events", "accepted"), count(world[0], "services", "total"),
	    count(world[0], "incidents", "active"), count(world[0], "incidents", "resolved"),
	    count(world[0], "deployments", "total"));
	print_nodes(world[1]);
	print_incidents(world[2]);
	print_deployments(world[3]);
	for (int i = 0; i < 4; i++)
		json_decref(world[i]);
	return EX_OK;
}
