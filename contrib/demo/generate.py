#!/usr/bin/env python3
"""Write the realistic homelab of fixtures/homelab: generate.py DIR

Seven nodes, about a hundred services, one week. Always the same bytes. The result is kept in the
repository, so that the demo needs nothing but the observer; run this only to change the story.
"""

import datetime
import json
import math
import os
import random
import shutil
import sys
import zlib

START = datetime.datetime(2026, 5, 4, 6, 30, tzinfo=datetime.timezone.utc)
NOW = START + datetime.timedelta(days=7)
MINUTE = datetime.timedelta(minutes=1)

TOPOLOGY = """\
# The nodes there are. Events of others aren't read.
nodes:
  piha:                       # control host: deployments start here, events arrive here
    roles: [infra, monitoring]
    heartbeat_ttl: 20m
  vps:
    roles: [edge, public]
    heartbeat_ttl: 20m
  saturn:
    roles: [apps]
    heartbeat_ttl: 20m
  chelsty-infra:              # at the end of an LTE link
    roles: [edge-hypervisor]
    aliases: [chelsty]        # until May 2026
    heartbeat_ttl: 6h
    connectivity: intermittent
  nas:
    roles: [storage, backup]
    heartbeat_ttl: 20m
  edge-1: {roles: [gateway], heartbeat_ttl: 20m}
  lab: {roles: [lab, ci], heartbeat_ttl: 0}   # switched off at will
"""

# What runs where: the name, or the name and what services.yaml says about it.
SERVICES = {
    "piha": [
        "alertmanager", "esphome", "grafana", "homeassistant", "influxdb", "loki",
        ("mosquitto", "role: broker"), ("nginx", "role: proxy"), "node-agent", "node-exporter",
        "node-red", ("pihole", "role: dns"), "prometheus", "promtail", "telegraf",
        ("unbound", "role: dns"), ("zigbee2mqtt", "depends_on: {local: [mosquitto]}")],
    "vps": [
        ("authelia", "role: auth"), "blackbox-exporter", "crowdsec", "mail-relay", "node-agent",
        "node-exporter", "ntfy", ("traefik", "role: proxy"), "umami", "umami-db", "uptime-kuma",
        "website", ("wireguard", "role: vpn")],
    "saturn": [
        "actual", "audiobookshelf", "freshrss", ("gitea", "depends_on: {local: [gitea-db]}"),
        ("gitea-db", "role: database"), "homepage", ("immich-db", "role: database"), "immich-ml",
        "immich-server", "jellyfin", "linkding", "mealie", "miniflux",
        ("miniflux-db", "role: database"), "navidrome",
        ("nextcloud", "depends_on: {local: [nextcloud-db, redis], external: [vps/traefik]}"),
        ("nextcloud-db", "role: database"), "node-agent", "node-exporter", "paperless",
        ("paperless-db", "role: database"), ("redis", "role: cache"), "registry", "searxng",
        "stirling-pdf", ("vaultwarden", "role: secrets"), "woodpecker"],
    "chelsty-infra": [
        ("frigate", "heartbeat_ttl: 0"), "homeassistant", ("mosquitto", "role: broker"),
        "node-agent", "node-exporter", "solar-bridge", "telegraf", ("wireguard", "role: vpn"),
        "zigbee2mqtt"],
    "nas": [
        "borgmatic", "filebrowser", "minio", "nfs", "node-agent", "node-exporter",
        "postgres-backup", "restic-server", "samba", "scrutiny", ("smartd", "monitor: false"),
        "syncthing", "urbackup", "zfs-exporter"],
    "edge-1": [
        ("adguard", "role: dns"), "chrony", "ddclient", "dhcp", "node-agent", "node-exporter",
        "snmp-exporter", "unbound", "unifi", ("wireguard", "role: vpn")],
    "lab": [
        "argocd", "harbor", "k3s", "longhorn", "node-agent", "node-exporter", "playground",
        ("runner", "role: ci"), "sonarqube", "vector"],
}
NEVER_REPORTED = {("nas", "urbackup"), ("nas", "smartd")}

# Hours of the week, from START, in which a node is cut off or switched off.
AWAY = {
    "chelsty-infra": [(83.5, 97.0), (163.75, 200.0)],
    "lab": [(15.5, 25.5), (39.5, 49.5), (63.5, 73.5), (87.5, 97.5), (111.5, 122.0), (136.0, 146.0),
            (159.5, 167.5)],
}
# Pressures a node's own reports name: node, key, level, first and last hour.
PRESSURES = [("nas", "disk_pressure", "high", 31.5, 50.5),
             ("saturn", "memory_pressure", "high", 166.75, 200.0)]


class Homelab:
    """Collects events; each goes to a file of its own or to a .jsonl of its directory."""

    def __init__(self, directory):
        self.directory = directory
        self.lines = {}
        self.loose = {}
        self.count = 0
        self.random = random.Random(20260504)

    def event(self, when, node, kind, loose=False, dirname=None, dated=True, **fields):
        self.count += 1
        if isinstance(when, (int, float)):
            when = START + datetime.timedelta(seconds=round(when * 3600))
        text = when.strftime("%Y-%m-%dT%H:%M:%SZ")
        event = {"timestamp": text, "node": dirname or node, "type": kind}
        event.update(fields)
        line = json.dumps(event, separators=(",", ":"), ensure_ascii=False) + "\n"
        place = "events/" + (text[:10] + "/" if dated else "") + (dirname or node)
        if loose:
            mark = "%08x" % zlib.crc32(line.encode())
            name = "%s_%s_%s.json" % (text.replace("-", "").replace(":", ""), kind, mark)
            self.loose["%s/%s" % (place, name)] = line
        else:
            name = "health" if kind == "node_health" else "agent"
            self.lines.setdefault("%s/%s.jsonl" % (place, name), []).append((when, line))

    def write(self):
        for path, lines in self.lines.items():
            self.put(path, "".join(line for _, line in sorted(lines, key=lambda item: item[0])))
        for path, line in self.loose.items():
            self.put(path, line)

    def put(self, path, text):
        path = os.path.join(self.directory, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def hours_of(when):
    return (when - START) / (60 * MINUTE)


def is_away(node, hour):
    return any(first <= hour < last for first, last in AWAY.get(node, ()))


def dirname_at(node, hour):
    """chelsty-infra was called chelsty until the third day."""
    return "chelsty" if node == "chelsty-infra" and hour < 53.5 else node


def report_health(lab):
    """node_health of every node: every 15 minutes, hourly over LTE."""
    busy = {"piha": 18, "vps": 9, "saturn": 38, "chelsty-infra": 22, "nas": 12, "edge-1": 6, "lab": 30}
    for node, load in busy.items():
        step = 60 if node == "chelsty-infra" else 15
        when = START + (2 + len(node)) * MINUTE
        while when < NOW:
            hour = hours_of(when)
            if not is_away(node, hour):
                day = math.sin((hour - 5) / 24 * 2 * math.pi)
                noise = lab.random.random()
                payload = {
                    "cpu_percent": round(load + 6 * day + 9 * noise, 1),
                    "mem_percent": round(35 + load * 0.8 + 4 * lab.random.random(), 1),
                    "disk_percent": 41 + len(node) * 3 + int(hour / 24),
                    "load1": round((load + 5 * noise) / 25, 2)}
                if node in ("piha", "edge-1", "chelsty-infra"):
                    payload["temp_c"] = round(47 + 5 * day + 2 * noise, 1)
                for where, key, level, first, last in PRESSURES:
                    if where == node and first <= hour < last:
                        payload[key] = level
                        payload["mem_percent" if key == "memory_pressure" else "disk_percent"] = 94
                lab.event(when, node, "node_health", dirname=dirname_at(node, hour),
                          payload=payload)
            when += step * MINUTE


def sweep_services(lab):
    """Every six hours each agent names the services it found healthy."""
    for node, services in SERVICES.items():
        for hour in range(0, 169, 6):
            hour = hour + len(node) / 60
            if is_away(node, hour) or hour >= 168:
                continue
            names = sorted(entry if isinstance(entry, str) else entry[0] for entry in services)
            names = [name for name in names if (node, name) not in NEVER_REPORTED
                     and not is_failing(node, name, hour)
                     and not (name == "umami" and hour > 128)]  # nobody noticed yet
            lab.event(hour, node, "service_healthy", dirname=dirname_at(node, hour),
                      source="node-agent", payload={"services": names})


# node, service, first and last hour, minutes between occurrences, type, severity, message
FAILURES = [
    ("piha", "zigbee2mqtt", 19.6, 19.8, 4, "healthcheck_failed", "warning", "adapter does not answer"),
    ("piha", "zigbee2mqtt", 20.0, 20.15, 4, "healthcheck_failed", "warning", "adapter does not answer"),
    ("piha", "zigbee2mqtt", 20.3, 20.5, 4, "healthcheck_failed", "warning", "adapter does not answer"),
    ("piha", "zigbee2mqtt", 20.6, 20.8, 4, "mqtt_unreachable", "error",
     "mqtt://piha:1883: connection reset"),
    ("piha", "zigbee2mqtt", 20.95, 21.4, 5, "containers_not_running", "error",
     "exited (1) 3 times in 10 minutes"),
    ("vps", "authelia", 52.2, 52.75, 5, "service_unhealthy", "error",
     "502 Bad Gateway from http://authelia:9091/api/health"),
    ("vps", "crowdsec", 76.0, 76.5, 10, "healthcheck_failed", "warning",
     "lapi: context deadline exceeded"),
    ("saturn", "paperless", 58.1, 58.6, 10, "service_unhealthy", "error",
     "consumer: no space left on device /consume (nfs)"),
    ("saturn", "jellyfin", 103.0, 103.2, 5, "healthcheck_failed", "warning",
     "GET /health: timeout after 10 s"),
    ("saturn", "woodpecker", 124.4, 124.9, 10, "containers_not_running", "error",
     "exited (137), out of memory"),
    ("chelsty-infra", "frigate", 70.0, 71.5, 30, "service_unhealthy", "warning",
     "camera »Hof« delivers no frames"),
    ("nas", "restic-server", 49.9, 50.6, 10, "service_unhealthy", "error",
     "repository is locked by PID 3417 on saturn"),
    ("nas", "samba", 131.0, 131.3, 5, "service_unhealthy", "error", "smbd: too many open files"),
    ("edge-1", "unifi", 34.0, 35.5, 15, "service_unhealthy", "warning", "mongo: connection refused"),
    ("edge-1", "ddclient", 90.0, 92.0, 30, "healthcheck_failed", "info", "last update 25 h ago"),
    ("lab", "longhorn", 100.2, 101.8, 20, "service_unhealthy", "warning", "2 replicas degraded"),
    ("lab", "argocd", 148.0, 149.0, 20, "service_unhealthy", "info", "OutOfSync: playground"),
    # what the week ends with
    ("saturn", "immich-ml", 166.83, 200.0, 10, "containers_not_running", "error",
     "exited (137), out of memory"),
    ("saturn", "nextcloud-db", 166.9, 200.0, 5, "healthcheck_failed", "critical",
     "FATAL: sorry, too many clients already"),
    ("saturn", "nextcloud", 167.0, 200.0, 10, "service_unhealthy", "error",
     "503 Service Unavailable: database"),
]


def is_failing(node, service, hour):
    return any(row[:2] == (node, service) and row[2] <= hour <= row[3] for row in FAILURES)


def fail_services(lab):
    for node, service, first, last, minutes, kind, severity, message in FAILURES:
        hour = first
        while hour < min(last, 167.95):
            lab.event(hour, node, kind, severity=severity, source="healthcheck", service=service,
                      message=message)
            hour += minutes / 60
        if last <= 168:
            lab.event(last, node, "service_recovered", source="healthcheck", service=service)
        # what is short or only a warning heals by itself
        if severity in ("error", "critical") and last - first > 0.3:
            common = {"loose": True, "source": "auto-heal", "service": service,
                      "payload": {"action": "restart"}}
            lab.event(first + 0.12, node, "remediation_started", message="restart of %s" % service,
                      **common)
            lab.event(first + 0.15, node, "remediation_completed", **common)


def deploy(lab, correlation_id, first, nodes, minutes, outcome="completed", source="deploy.sh",
           message=None, failed_on=(), diagnostics=()):
    """One run: `nodes` maps each node to its services."""
    for number, (node, services) in enumerate(nodes.items()):
        hour = first + number / 60
        common = {"loose": True, "source": source}
        if correlation_id:
            common["correlation_id"] = correlation_id
        names = ", ".join(services)
        lab.event(hour, node, "deployment_started", message="deploying " + names,
                  payload={"services": services, "stage": "prepare"}, **common)
        end = hour + minutes / 60
        if outcome == "failed" and (not failed_on or node in failed_on):
            payload = {"services": services, "stage": "verify", "diagnostics": list(diagnostics)}
            lab.event(end, node, "deployment_failed", severity="error", message=message,
                      payload=payload, **common)
        elif outcome != "in_progress":
            lab.event(end, node, "deployment_completed", message="deployed " + names,
                      payload={"services": services, "stage": "complete"}, **common)


def deploy_services(lab):
    deploy(lab, "deploy-20260504-nextcloud", 2.5, {"saturn": ["nextcloud", "nextcloud-db"]}, 4)
    deploy(lab, "deploy-20260504-dns", 8.1,
           {"piha": ["pihole", "unbound"], "edge-1": ["adguard", "unbound"]}, 3)
    deploy(lab, "deploy-20260505-grafana", 27.0, {"piha": ["grafana", "prometheus"]}, 2)
    deploy(lab, None, 30.4, {"lab": ["playground"]}, 1, source="make")
    # breaks the log-in of everything, is repaired and tried again
    deploy(lab, "deploy-20260506-authelia", 52.0, {"vps": ["authelia", "traefik"]}, 10, "failed",
           message="verify: https://auth.example.org/api/health answers 502",
           diagnostics=["logs/deploy/20260506-authelia/compose.log",
                        "logs/deploy/20260506-authelia/verify.log"])
    deploy(lab, "deploy-20260506-authelia", 52.6, {"vps": ["authelia", "traefik"]}, 6)
    deploy(lab, "deploy-20260507-immich", 77.25,
           {"saturn": ["immich-db", "immich-ml", "immich-server"]}, 11)
    deploy(lab, "deploy-20260508-ntfy", 99.5, {"vps": ["ntfy"]}, 2)
    deploy(lab, None, 105.0, {"lab": ["argocd", "harbor"]}, 7, "failed", source="make",
           message="harbor: ImagePullBackOff", diagnostics=["logs/lab/harbor-events.txt"])
    deploy(lab, None, 107.0, {"lab": ["argocd", "harbor"]}, 9, source="make")
    # never came to an end
    deploy(lab, "deploy-20260509-vector", 125.0, {"lab": ["vector"]}, 0, "in_progress")
    # several nodes, one of them fails: still to be looked at when the week ends
    deploy(lab, "deploy-20260510-exporters", 159.25,
           {"piha": ["node-exporter"], "saturn": ["node-exporter"],
            "nas": ["node-exporter", "zfs-exporter"], "vps": ["node-exporter"]}, 5, "failed",
           message="verify: nas: zfs-exporter: permission denied: /dev/zfs", failed_on=["nas"],
           diagnostics=["logs/deploy/20260510-exporters/nas-verify.log",
                        {"path": "logs/deploy/20260510-exporters/nas-journal.log", "lines": 200}])
    deploy(lab, "deploy-20260511-gitea", 167.9, {"saturn": ["gitea", "gitea-db"]}, 0, "in_progress")


def tell_the_rest(lab):
    # links and switches
    for hour in (83.5, 163.75):
        lab.event(hour, "chelsty-infra", "node_offline", severity="warning", source="monitor",
                  message="no handshake for 180 s")
    lab.event(97.0, "chelsty-infra", "node_online", source="monitor")
    for hour in (84.2, 86.9, 91.3, 95.0, 164.5):  # written down while cut off
        lab.event(hour, "chelsty-infra", "lte_signal", source="modem",
                  payload={"rsrp": -124 + int(hour) % 7})
    lab.event(42.0, "edge-1", "node_offline", source="monitor", message="reboot for updates")
    lab.event(42.07, "edge-1", "node_online", source="monitor")
    for first, last in AWAY["lab"]:
        lab.event(first, "lab", "node_offline", source="power", message="switched off")
        lab.event(last, "lab", "node_online", source="power")
    # pressures
    pressures = (
        (31.5, "nas", "disk_pressure_high", "warning", "/tank 94 % full"),
        (50.6, "nas", "disk_pressure_cleared", "info", "old snapshots deleted"),
        (58.0, "saturn", "disk_usage_high", "warning", "/var/lib/docker 88 % full"),
        (124.35, "saturn", "high_memory", "warning", "swapping"),
        (124.95, "saturn", "memory_pressure_normal", "info", "61 % used"),
        (166.75, "saturn", "memory_pressure_high", "warning", "94 % used, swapping"))
    for hour, node, kind, severity, message in pressures:
        lab.event(hour, node, kind, severity=severity, source="node-agent", message=message)
    # an operator at work on what is broken
    lab.event(167.4, "saturn", "remediation_started", loose=True, source="operator",
              service="nextcloud-db", message="raise max_connections",
              payload={"action": "reconfigure"})
    # leftovers of Docker, something nobody declared
    for hour in (101.0, 101.5, 102.0):
        lab.event(hour, "lab", "containers_not_running", severity="warning", source="healthcheck",
                  payload={"containers": ["3f9a1c0d2b7e_runner"]})
    for hour in (110.0, 134.0, 158.0):
        lab.event(hour, "saturn", "service_healthy", source="healthcheck", service="jupyter-test")
    # the Docker daemon of the lab is restarted
    lab.event(150.0, "lab", "service_unhealthy", severity="error", source="healthcheck",
              service="all", message="Cannot connect to the Docker daemon")
    lab.event(150.3, "lab", "service_healthy", source="healthcheck", service="all")
    # what else there is to say
    for day in range(7):
        hour = 24 * day
        lab.event(hour + 20.6, "nas", "backup_completed", source="borgmatic",
                  payload={"repository": "offsite", "gib": 3 + day})
        lab.event(hour + 21.1, "piha", "certificate_checked", source="cron",
                  payload={"days_left": 41 - day})
        lab.event(hour + 18.5, "edge-1", "ip_changed", loose=True, dated=False, source="ddclient",
                  payload={"ipv4": "203.0.113.%d" % (17 + day)})
    # a battery died while this was being written
    lab.put("events/2026-05-09/edge-1/evt-edge-1-20260509031502.json",
            '{"timestamp":"2026-05-09T03:15:02Z","node":"edge-1","type":"service_unhea')


def write_inventory(lab):
    lab.put("inventory/topology.yaml", TOPOLOGY)
    for node, services in SERVICES.items():
        text = "# What should run on %s.\nservices:\n" % node
        for entry in services:
            name, rest = (entry, None) if isinstance(entry, str) else entry
            text += "  %s:\n" % name + ("    %s\n" % rest if rest else "")
        lab.put("hosts/%s/services.yaml" % node, text)
    lab.put("state/deploy/current_stage", "deploy\n")
    lab.put("state/deploy/last_service", "gitea-db\n")
    lab.put("now", NOW.strftime("%Y-%m-%dT%H:%M:%SZ\n"))


def write_homelab(directory, now=NOW):
    """The week that ends `now`; names that have a date in them keep that of the original."""
    global START, NOW
    NOW = now
    START = NOW - datetime.timedelta(days=7)
    lab = Homelab(directory)
    for name in ("events", "inventory", "hosts", "state"):
        shutil.rmtree(os.path.join(lab.directory, name), ignore_errors=True)
    report_health(lab)
    sweep_services(lab)
    fail_services(lab)
    deploy_services(lab)
    tell_the_rest(lab)
    lab.write()
    write_inventory(lab)
    return lab


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: generate.py DIR")
    lab = write_homelab(sys.argv[1])
    print("%d events, %d services" % (lab.count, sum(map(len, SERVICES.values()))))


if __name__ == "__main__":
    main()
