/*
 * Makes a homelab to measure on: inventory, declared services, and loose event
 * files, as many as asked for. The same arguments give the same tree.
 *
 *	tree DIR NODES SERVICES DAYS FILES SEED
 *
 * However many files there are, the world they make is about the same: every
 * node has one incident a day and one deployment every third day; all other
 * events are routine. The last event is dated 2026-05-30T23:50Z, late in its
 * day, when that day's directories are full.
 */

#include <homelab/buffer.h>
#include <homelab/timestamp.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

enum { NAMES = 20, NAME_MAX_LENGTH = 64, STORY = 5, DEPLOYMENT_DAYS = 3 };

static const char *const service_names[NAMES] = {"adguard", "caddy", "frigate", "gitea", "grafana",
    "homeassistant", "immich", "jellyfin", "loki", "mosquitto", "nextcloud", "node-agent",
    "node-exporter", "paperless", "prometheus", "telegraf", "traefik", "unbound", "wireguard",
    "zigbee2mqtt"};

static const char *const routine_types[] = {"backup_completed", "container_started", "image_pulled",
    "log_rotated", "certificate_renewed", "config_reloaded", "update_available", "login"};

struct homelab {
	int fd;
	unsigned nodes, services, days, files;
	uint64_t random;
	timestamp first, last;
};

/* splitmix64, by Sebastiano Vigna. */
static uint64_t
next_random(struct homelab *h)
{
	uint64_t z = (h->random += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static unsigned
below(struct homelab *h, unsigned limit)
{
	return (unsigned)(next_random(h) % limit);
}

static const char *
node_name(unsigned node, char *out)
{
	(void)snprintf(out, NAME_MAX_LENGTH, "node-%04u", node);
	return out;
}

static const char *
service_name(unsigned service, char *out)
{
	unsigned copy = service / NAMES;

	(void)snprintf(
	    out, NAME_MAX_LENGTH, copy ? "%s-%u" : "%s", service_names[service % NAMES], copy + 1);
	return out;
}

static void
make_dir(int dir, const char *path)
{
	if (mkdirat(dir, path, 0755) < 0 && errno != EEXIST)
		err(EX_CANTCREAT, "%s", path);
}

static void
write_file(int dir, const char *path, const struct buffer *bytes)
{
	int fd = openat(dir, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, bytes->data, bytes->length) != (ssize_t)bytes->length ||
	    close(fd) < 0)
		err(EX_CANTCREAT, "%s", path);
}

static void
make_inventory(const struct homelab *h)
{
	cleanup_buffer struct buffer topology = {0}, services = {0};
	char name[NAME_MAX_LENGTH], path[PATH_MAX];

	make_dir(h->fd, "inventory");
	make_dir(h->fd, "hosts");
	buffer_text(&services, "services:\n");
	for (unsigned i = 0; i < h->services; i++)
		buffer_text(&services, "  %s: {role: app}\n", service_name(i, name));
	buffer_text(&topology, "nodes:\n");
	for (unsigned i = 0; i < h->nodes; i++) {
		buffer_text(
		    &topology, "  %s: {roles: [apps], heartbeat_ttl: 6h}\n", node_name(i, name));
		(void)snprintf(path, sizeof(path), "hosts/%s", name);
		make_dir(h->fd, path);
		(void)snprintf(path, sizeof(path), "hosts/%s/services.yaml", name);
		write_file(h->fd, path, &services);
	}
	write_file(h->fd, "inventory/topology.yaml", &topology);
}

struct event {
	timestamp at;
	unsigned node, day, service, index;
	char type[NAME_MAX_LENGTH];
};

/* The incident and deployment of a node's day, in five steps; NULL: routine. */
static const char *
story_type(const struct event *e, unsigned step)
{
	static const char *const types[STORY] = {"service_unhealthy", "service_unhealthy",
	    "service_recovered", "deployment_started", "deployment_completed"};

	return step >= 3 && e->day % DEPLOYMENT_DAYS != 0 ? NULL : types[step];
}

static void
choose_type(struct homelab *h, struct event *e, unsigned count)
{
	unsigned step = e->index * STORY / count;
	bool starts = e->index == 0 || (e->index - 1) * STORY / count != step;
	const char *type = starts ? story_type(e, step) : NULL;
	unsigned choice = below(h, 100);

	if (type != NULL)
		e->service = (e->node + e->day) % h->services;
	else if (choice < 60)
		type = "service_healthy";
	else if (choice < 85)
		type = "node_health";
	else
		type = routine_types[below(h, sizeof(routine_types) / sizeof(routine_types[0]))];
	(void)snprintf(e->type, sizeof(e->type), "%s", type);
}

static void
write_payload(struct homelab *h, const struct event *e, struct buffer *out)
{
	if (strcmp(e->type, "node_health") == 0)
		buffer_text(out,
		    "\"cpu_percent\": %u.%u, \"mem_percent\": %u.%u, \"disk_percent\": %u, "
		    "\"load1\": %u.%02u, \"temp_c\": %u.%u, \"uptime_seconds\": %u",
		    below(h, 90), below(h, 10), below(h, 90), below(h, 10), below(h, 60),
		    below(h, 3), below(h, 100), 40 + below(h, 20), below(h, 10),
		    below(h, 10000000));
	else if (strncmp(e->type, "deployment_", 11) == 0)
		buffer_text(out,
		    "\"stage\": \"deploy\", \"diagnostics_path\": \"logs/deploy-%u.log\"", e->day);
	else
		buffer_text(out,
		    "\"container\": \"%012" PRIx64 "\", \"restarts\": %u, \"response_ms\": %u, "
		    "\"image\": \"registry.lan/apps:%u.%u\"",
		    next_random(h) >> 16, below(h, 3), below(h, 400), below(h, 9), below(h, 30));
}

static void
write_event(struct homelab *h, const struct event *e, struct buffer *out)
{
	char node[NAME_MAX_LENGTH], service[NAME_MAX_LENGTH], at[TIMESTAMP_TEXT_MAX];

	out->length = 0;
	buffer_text(out, "{\"timestamp\": \"%s\", \"node\": \"%s\", \"type\": \"%s\", ",
	    timestamp_format(e->at, at), node_name(e->node, node), e->type);
	if (strcmp(e->type, "node_health") != 0)
		buffer_text(out, "\"service\": \"%s\", ", service_name(e->service, service));
	if (strncmp(e->type, "deployment_", 11) == 0)
		buffer_text(out, "\"correlation_id\": \"deploy-%s-%u\", ", node, e->day);
	buffer_text(out,
	    "\"severity\": \"info\", \"source\": \"node-agent\", "
	    "\"message\": \"%s reported by the agent of %s\", \"payload\": {",
	    e->type, node);
	write_payload(h, e, out);
	buffer_text(out, "}}\n");
}

/* An event's file, usually named: TIMESTAMP_TYPE_UUID.json. */
static void
make_event(struct homelab *h, int dir, const struct event *e, struct buffer *bytes)
{
	char name[NAME_MAX], at[TIMESTAMP_TEXT_MAX];
	uint64_t a = next_random(h), b = next_random(h);

	(void)timestamp_format(e->at - e->at % NANOSECONDS_A_SECOND, at);
	(void)snprintf(name, sizeof(name),
	    "%.4s%.2s%.5s%.2s%.3s_%s_%08x-%04x-4%03x-%04x-%012" PRIx64 ".json", at, at + 5, at + 8,
	    at + 14, at + 17, e->type, (unsigned)(a >> 32), (unsigned)(a & 0xffff),
	    (unsigned)(a >> 16 & 0xfff), (unsigned)(b & 0xffff), b >> 16);
	write_event(h, e, bytes);
	write_file(dir, name, bytes);
}

/* A node's events of a day, evenly over what the day has of the time. */
static void
make_day(struct homelab *h, int dir, unsigned node, unsigned day, unsigned count)
{
	cleanup_buffer struct buffer bytes = {0};
	timestamp start = h->first + DAYS(day);
	timestamp span = (h->last - start < DAYS(1) ? h->last - start : DAYS(1)) / count;

	for (unsigned i = 0; i < count; i++) {
		struct event e = {.node = node, .day = day, .index = i};

		e.at = start + span * i + (timestamp)(next_random(h) % (uint64_t)span);
		e.at -= e.at % (NANOSECONDS_A_SECOND / 1000);
		e.service = (unsigned)(((uint64_t)day * count + i) % h->services);
		choose_type(h, &e, count);
		make_event(h, dir, &e, &bytes);
	}
}

/* A share of `files` such that all shares add up to it. */
static unsigned
share(const struct homelab *h, unsigned part)
{
	uint64_t parts = (uint64_t)h->nodes * h->days;

	return (
	    unsigned)((uint64_t)h->files * (part + 1) / parts - (uint64_t)h->files * part / parts);
}

static void
make_events(struct homelab *h)
{
	char date[DATE_TEXT_MAX], node[NAME_MAX_LENGTH], path[PATH_MAX];

	make_dir(h->fd, "events");
	for (unsigned day = 0; day < h->days; day++) {
		(void)date_format(date_of(h->first + DAYS(day)), date);
		(void)snprintf(path, sizeof(path), "events/%s", date);
		make_dir(h->fd, path);
		for (unsigned i = 0; i < h->nodes; i++) {
			cleanup_close int dir = -1;

			(void)snprintf(
			    path, sizeof(path), "events/%s/%s", date, node_name(i, node));
			make_dir(h->fd, path);
			if ((dir = openat(h->fd, path, O_RDONLY | O_DIRECTORY)) < 0)
				err(EX_OSERR, "%s", path);
			make_day(h, dir, i, day, share(h, day * h->nodes + i));
		}
	}
}

static unsigned
number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*end != '\0' || value == 0 || value > INT_MAX)
		errx(EX_USAGE, "%s: not a number from 1 on", text);
	return (unsigned)value;
}

int
main(int argc, char **argv)
{
	static const char last[] = "2026-05-30T23:50:00Z";
	struct homelab h = {0};

	if (argc != 7)
		errx(EX_USAGE, "usage: tree DIR NODES SERVICES DAYS FILES SEED");
	h.nodes = number(argv[2]);
	h.services = number(argv[3]);
	h.days = number(argv[4]);
	h.files = number(argv[5]);
	h.random = number(argv[6]);
	if (h.files < h.nodes * h.days * STORY)
		errx(EX_USAGE, "fewer than %d files a node and day", STORY);
	(void)timestamp_parse(last, strlen(last), &h.last);
	h.first = date_start(date_of(h.last)) - DAYS(h.days - 1);
	if ((h.fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		err(EX_NOINPUT, "%s", argv[1]);
	make_inventory(&h);
	make_events(&h);
	return 0;
}
