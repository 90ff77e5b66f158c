"""The schemas themselves: sound, told in words, and neither too narrow nor too wide.

Run with Debian's Python: python3 -m unittest discover -s tests/schemas
"""

import copy
import json
import pathlib
import unittest

import yaml
from jsonschema import Draft202012Validator

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "schemas"
DOCUMENTS = ("nodes", "services", "incidents", "deployments", "runtime-summary")
NAMES = DOCUMENTS + ("history", "event", "event-batch", "node-facts", "checkpoint",
                     "topology", "host-services", "notification")

# What a schema may refer to in another.
WHOLE = {"event.schema.json", "event.schema.json#/$defs/node_name"}

T0 = "2026-05-12T12:05:00Z"
T1 = "2026-05-12T12:06:00Z"
T2 = "2026-05-12T12:10:00.25Z"
INCIDENT = "inc-1778587500-saturn-mosquitto"
ABSENT = object()


def schema(name):
    return json.loads((SCHEMAS / (name + ".schema.json")).read_text("utf-8"))


def errors(name, document, part=None):
    what = schema(name)
    if part:
        what = {**what, "$ref": "#/$defs/" + part}
        for member in ("properties", "required"):
            what.pop(member, None)
    return [e.message for e in Draft202012Validator(what).iter_errors(document)]


def changed(document, path, value):
    """A copy of document with the member at path set to value, or taken out."""
    document = copy.deepcopy(document)
    place = document
    for key in path[:-1]:
        place = place[key]
    if value is ABSENT:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return document


def members(document, path=()):
    """The path of every member of every object below document."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield path + (key,)
            yield from members(value, path + (key,))
    elif isinstance(document, list):
        for i, value in enumerate(document):
            yield from members(value, path + (i,))


def subschemas(node):
    """Every object within a schema."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from subschemas(value)
    elif isinstance(node, list):
        for value in node:
            yield from subschemas(value)


NODE = {
    "status": "online",
    "status_since": T0,
    "first_seen": T0,
    "last_seen": T2,
    "roles": ["infra"],
    "connectivity": "permanent",
    "disk_pressure": "high",
    "memory_pressure": None,
    "cpu_pressure": None,
    "metrics": {"load": 0.5, "disk_used_percent": 91},
    "services": {"total": 3, "healthy": 1, "unhealthy": 1, "unknown": 1},
    "active_incidents": [INCIDENT],
    "heard": "0" * 167 + "1",
    "held": 0,
}
UNKNOWN_NODE = {
    **NODE,
    "status": "unknown",
    "status_since": None,
    "first_seen": None,
    "last_seen": None,
    "disk_pressure": None,
    "metrics": {},
    "active_incidents": [],
    "heard": "0" * 168,
    "held": 2,
}
CONTAINER = {
    "runtime": "docker", "id": "4f5e", "name": "mosquitto", "image": "eclipse-mosquitto:2",
    "state": "running", "exit_code": None, "oom_killed": False, "started_at": T0, "restarts": 3,
    "supervision": {
        "state": "running", "policy": "restart", "restarts_total": 3, "restarts_in_window": 0,
        "last_exit_code": 137, "since": T0, "backoff_until": None},
}
BARE = {**dict.fromkeys(CONTAINER), "name": "mosquitto"}
HEALTHY = {
    "node": "saturn",
    "service": "mosquitto",
    "status": "healthy",
    "status_since": T2,
    "last_seen": T2,
    "last_healthy": T2,
    "last_failure": None,
    "active_incidents": [],
    "fresh": True,
    "declared": True,
    "monitored": True,
    "role": "broker",
    "containers": [CONTAINER],
}
UNHEALTHY = {
    **HEALTHY,
    "status": "unhealthy",
    "last_healthy": None,
    "last_failure": T1,
    "active_incidents": [INCIDENT],
    "declared": False,
    "role": None,
}
UNREPORTED = {
    **HEALTHY,
    "status": "unknown",
    "status_since": None,
    "last_seen": None,
    "last_healthy": None,
    "fresh": False,
    "monitored": False,
    "containers": [],
}
RESOLVED = {
    "id": INCIDENT,
    "node": "saturn",
    "service": "mosquitto",
    "status": "resolved",
    "severity": "error",
    "event_type": "containers_not_running",
    "last_event_type": "mqtt_unreachable",
    "source": "node-agent",
    "message": "connection refused",
    "started_at": T0,
    "last_occurrence": T1,
    "occurrence_count": 2,
    "events": [T0, T1],
    "correlation_id": None,
    "resolved_at": T2,
    "resolved_by": "service_recovered",
    "remediation": {"started_at": T1, "completed_at": None, "source": "agent"},
    "deployment": "deploy-7",
}
ACTIVE = {**RESOLVED, "status": "active", "resolved_at": None,
          "resolved_by": None, "remediation": None, "deployment": None}
COMPLETED = {
    "id": "deploy-7",
    "status": "completed",
    "nodes": ["piha", "vps"],
    "services": ["mosquitto", "traefik"],
    "node": "piha",
    "service": "mosquitto",
    "source": "deploy.sh",
    "stage": "complete",
    "attempts": 1,
    "started_at": T0,
    "ended_at": T2,
    "duration_seconds": 300,
    "message": None,
    "diagnostics": ["/opt/homelab/logs/deploy-7.log"],
}
RUNNING = {**COMPLETED, "status": "in_progress", "services": ["all"],
           "service": "all", "ended_at": None, "duration_seconds": None}
END_ONLY = {**COMPLETED, "status": "failed", "services": [], "service": None,
            "attempts": 0, "started_at": None, "duration_seconds": None}
FILE = {"bytes": 3, "sha256": "0" * 64}
SUMMARY = {
    "status": "DEGRADED",
    "last_update": "2026-05-12T12:10:00Z",
    "generated_at": T2,
    "topology": "present",
    "inventory_errors": ["hosts/piha/services.yaml:3:5: duplicate key"],
    "nodes": {"online": 1, "offline": 0, "stale": 0, "unknown": 1, "total": 2},
    "services": {"healthy": 1, "unhealthy": 1, "unknown": 1, "total": 3},
    "deployments": {"in_progress": 0, "stalled": 0, "completed": 1,
                    "failed": 0, "total": 1},
    "incidents": {"active": 1, "resolved": 0, "total": 1, "by_severity": {
        "info": 0, "warning": 0, "error": 1, "critical": 0}},
    "events": {"accepted": 3, "by_type": {"node_health": 2, "other": 1},
               "unscoped": 0, "ghosts": 0, "over_limit": 0},
    "drift": {"missing": ["saturn/traefik"], "silent": [], "undeclared": []},
    "deploy": {"current_stage": "verify", "last_service": None},
    "observation": {
        "cycle": 7, "generation": 3, "version": "1.0.0", "observed_at": T2,
        "source_count": 1, "consumed": 3, "late": 0, "late_unplaced": 0,
        "held": 0, "rejected": 0, "unreadable": 0, "ignored": 0,
        "duration_ms": 12, "last_error": None,
        "totals": {"consumed": 3, "late": 0, "late_unplaced": 0, "rejected": 0},
    },
    "files": {n + ".json": FILE for n in DOCUMENTS[:4]},
}
CALM = {
    **SUMMARY,
    "status": "NOMINAL",
    "inventory_errors": [],
    "incidents": {"active": 0, "resolved": 1, "total": 1, "by_severity": {
        "info": 0, "warning": 0, "error": 0, "critical": 0}},
    "drift": {"missing": [], "silent": [], "undeclared": ["saturn/x"]},
    "deploy": None,
}
EVENT = {
    "timestamp": T0,
    "node": "saturn",
    "type": "containers_not_running",
    "severity": "error",
    "source": "node-agent",
    "service": "mosquitto",
    "correlation_id": "deploy-7",
    "payload": {"level": None, "anything": [1, {}]},
    "message": "not running",
    "id": "e1",
}
CHECKPOINT = {
    "format": 1,
    "node_checkpoints": {
        "vps": "/opt/homelab/events/2026-05-27/vps/evt-vps-1234.json",
        "piha": "/srv/events/events/piha/log.jsonl",
    },
    "generation": 3,
}
OUTBOX = {
    **CHECKPOINT,
    "outbox": {"generation": 2, "segments": [{"first": 1, "bytes": 300, "newest": 1778587500}]},
    "history_bytes": 400,
}


def change(kind, key, before, after, **more):
    return {"kind": kind, "key": key, "at": T2, "from": before, "to": after, "node": None,
            "service": None, "severity": None, "message": None, **more}


OF_NODE = {"node": "saturn"}
OF_SERVICE = {**OF_NODE, "service": "mosquitto"}
OF_INCIDENT = {**OF_SERVICE, "severity": "error", "message": "connection refused",
               "correlation_id": None, "occurrence_count": 2}
OF_DEPLOYMENT = {**OF_NODE, "correlation_id": "deploy-7"}
CHANGES = [change(*values[:4], **values[4]) for values in (
    ("world_rebuilt", "world", "NOMINAL", "DEGRADED", {}),
    ("node_added", "saturn", None, "online", OF_NODE),
    ("node_removed", "saturn", "stale", None, OF_NODE),
    ("node_status_changed", "saturn", "online", "offline", OF_NODE),
    ("pressure_changed", "saturn/disk_pressure", None, "high", OF_NODE),
    ("service_added", "saturn/mosquitto", None, "unknown", OF_SERVICE),
    ("service_removed", "saturn/mosquitto", "healthy", None, OF_SERVICE),
    ("service_status_changed", "saturn/mosquitto", "healthy", "unhealthy", OF_SERVICE),
    ("incident_opened", INCIDENT, None, "active", OF_INCIDENT),
    ("incident_recurred", INCIDENT, 1, 2, OF_INCIDENT),
    ("incident_severity_changed", INCIDENT, "warning", "error", OF_INCIDENT),
    ("incident_resolved", INCIDENT, "active", "resolved", OF_INCIDENT),
    ("incident_reopened", INCIDENT, "resolved", "active", OF_INCIDENT),
    ("incident_withdrawn", INCIDENT, "active", None, {**OF_INCIDENT, "replaced_by": INCIDENT}),
    ("incident_expired", INCIDENT, "resolved", None, OF_INCIDENT),
    ("deployment_started", "deploy-7", None, "in_progress", OF_DEPLOYMENT),
    ("deployment_finished", "deploy-7", "in_progress", "failed", OF_DEPLOYMENT),
    ("deployment_stalled", "deploy-7", "in_progress", "stalled", OF_DEPLOYMENT),
    ("deployment_withdrawn", "deploy-7", "stalled", None, {**OF_DEPLOYMENT, "replaced_by": None}),
    ("deployment_expired", "deploy-7", "completed", None, OF_DEPLOYMENT),
    ("drift_changed", "missing", None, None, {"added": ["saturn/x"], "removed": []}),
    ("status_changed", "world", "DEGRADED", "CRITICAL", {}))]
HISTORY = {"generation": 9, "batches": [
    {"cycle": 1, "generation": 1, "previous": 0, "observed_at": T0, "source_count": 0,
     "events": [change("world_rebuilt", "world", None, "NOMINAL")]},
    {"cycle": 12, "generation": 9, "previous": 1, "observed_at": T2, "source_count": 2,
     "events": CHANGES}]}
TOPOLOGY = """
nodes:
  piha:
    roles: [infra, monitoring]
    services: [node-agent, mosquitto]     # informative
    owner: somebody
  chelsty-infra:
    roles: [edge-hypervisor]
    aliases: [chelsty]
    heartbeat_ttl: 6h
    connectivity: intermittent
  bare:
  off: {aliases: [12]}
  plain: {roles: ~, aliases: , heartbeat_ttl: 900, connectivity: }
"""
HOST_SERVICES = """
services:
  mosquitto:
    role: broker
    monitor: false
    heartbeat_ttl: 24h
    depends_on: {local: [], external: [vps/traefik]}
  "z\u00fcrich node": {monitor: "Off", heartbeat_ttl: 0}
  off:
  bare:
"""


class Schemas(unittest.TestCase):
    def test_each_is_a_sound_schema(self):
        for name in NAMES:
            with self.subTest(name):
                text = schema(name)
                Draft202012Validator.check_schema(text)
                self.assertEqual(text["$id"], name + ".schema.json")
                self.assertIn("title", text)
                self.assertIn("description", text)
                for example in text.get("examples", []):
                    self.assertEqual(errors(name, example), [])

    def test_no_file_is_left_out(self):
        there = {p.name for p in SCHEMAS.iterdir()}
        self.assertEqual(there, {n + ".schema.json" for n in NAMES})

    def test_every_reference_leads_somewhere(self):
        for name in NAMES:
            text = schema(name)
            used = {s["$ref"] for s in subschemas(text)
                    if isinstance(s.get("$ref"), str)}
            there = {"#/$defs/" + d for d in text.get("$defs", {})}
            others = {ref for ref in used if not ref.startswith("#")}
            with self.subTest(name):
                self.assertEqual(used - others, there)
                self.assertLessEqual(others, WHOLE)

    def test_what_two_schemas_define_is_the_same(self):
        seen = {}
        for name in DOCUMENTS:
            for key, value in schema(name).get("$defs", {}).items():
                value = {k: v for k, v in value.items() if k != "description"}
                with self.subTest(name, definition=key):
                    self.assertEqual(seen.setdefault(key, value), value)

    def test_every_required_member_is_described(self):
        for name in NAMES:
            text = schema(name)
            definitions = text.get("$defs", {})
            for part in subschemas(text):
                if not isinstance(part.get("properties"), dict):
                    continue
                if part.get("type") not in ("object", ["object", "null"]):
                    continue
                for key in part.get("required", []):
                    member = part["properties"][key]
                    target = definitions.get(
                        member.get("$ref", "").rpartition("/")[2], {})
                    with self.subTest(name, member=key):
                        self.assertTrue("description" in member
                                        or "description" in target)


class Taken(unittest.TestCase):
    """What the contract allows passes."""

    def check(self, name, *documents):
        for document in documents:
            with self.subTest(name, document=document):
                self.assertEqual(errors(name, document), [])

    def test_empty_documents(self):
        for name in DOCUMENTS[:4]:
            self.check(name, {})

    def test_documents(self):
        self.check("nodes", {"saturn": NODE, "chelsty-infra": UNKNOWN_NODE})
        self.check("services", {
            "saturn/mosquitto": HEALTHY,
            "saturn/all": {**UNHEALTHY, "service": "all"},
            "saturn/traefik": {**UNREPORTED, "service": "traefik"},
            "saturn/gone": {**HEALTHY, "service": "gone", "status": "unknown", "containers": []},
            "saturn/new": {**HEALTHY, "service": "new", "status": "unknown",
                           "last_healthy": None, "containers": [BARE] * 32},
        })
        self.check("incidents", {INCIDENT: RESOLVED}, {INCIDENT: ACTIVE},
                   {INCIDENT + "-2": {**ACTIVE, "id": INCIDENT + "-2"}})
        self.check("deployments", {"deploy-7": COMPLETED}, {"x y": RUNNING},
                   {"dep-1-piha-all": END_ONLY},
                   {"deploy-7": {**RUNNING, "status": "stalled"}})
        self.check("runtime-summary", SUMMARY, CALM,
                   {**SUMMARY, "topology": "stale"},
                   {**SUMMARY, "status": "CRITICAL"})

    def test_fields_may_be_added(self):
        for name, document, places in (
                ("nodes", {"saturn": NODE}, (("saturn",), ("saturn", "services"))),
                ("services", {"saturn/mosquitto": HEALTHY}, (("saturn/mosquitto",),)),
                ("incidents", {INCIDENT: RESOLVED},
                 ((INCIDENT,), (INCIDENT, "remediation"))),
                ("deployments", {"deploy-7": COMPLETED}, (("deploy-7",),)),
                ("runtime-summary", SUMMARY,
                 ((), ("observation",), ("files",), ("drift",), ("events",))),
                ("event", EVENT, ((),)),
                ("history", HISTORY, ((), ("batches", 1), ("batches", 1, "events", 8))),
                ("checkpoint", OUTBOX, ((), ("outbox",)))):
            for place in places:
                self.check(name, changed(document, place + ("later",), {"a": 1}))

    def test_checkpoint(self):
        self.check("checkpoint", CHECKPOINT, OUTBOX, {"format": 3, "node_checkpoints": {}})

    def test_history(self):
        self.check("history", HISTORY, {"batches": [], "generation": 0})
        self.assertEqual(sorted(change["kind"] for change in CHANGES), sorted(
            schema("history")["$defs"]["event"]["properties"]["kind"]["enum"]))

    def test_event(self):
        bare = {k: EVENT[k] for k in ("timestamp", "node", "type")}
        self.check("event", EVENT, bare,
                   {**bare, "service": "all"},
                   {**bare, "service": "", "severity": "", "message": "", "payload": {}},
                   {**bare, "details": {"services": ["a"]}},
                   {**bare, "service": "z\u00fcrich & \U0001f600"})
        for time in ("2026-05-12t12:05:00z", "2026-05-12 12:05:00",
                     "2026-05-12T12:05:00.123456789123+23:59",
                     "1969-12-31T23:30:00-00:30", "1970-01-01T00:00:00Z",
                     "9999-12-31T23:59:59-00:00"):
            self.check("event", {**bare, "timestamp": time})

    def test_usable_is_wider_than_event(self):
        for key, value in (("severity", "fatal"), ("severity", 3),
                           ("source", {}), ("service", None), ("service", ["a"]),
                           ("correlation_id", "x" * 129), ("payload", "text"),
                           ("message", 1), ("id", 7)):
            with self.subTest(key, value=value):
                self.assertEqual(errors("event", {**EVENT, key: value}, "usable"), [])
                if (key, value) not in (("service", None), ("service", ["a"])):
                    self.assertTrue(errors("event", {**EVENT, key: value}))

    def test_inventory(self):
        self.check("topology", yaml.safe_load(TOPOLOGY))
        self.check("host-services", yaml.safe_load(HOST_SERVICES),
                   {"services": None}, {"services": {}, "version": 2})
        for word in ("true", "FALSE", "Yes", "no", "On", "oFF"):
            self.check("host-services", {"services": {"a": {"monitor": word}}})
        for errors_key in (None, {}, {"on_start": 1}, {"on_panic": None}, {"on_panic": {}},
                           {"on_panic": {"action": None, "max_restarts": None, "x": []}},
                           {"on_panic": {"action": "shutdown", "max_restarts": 0}},
                           {"on_panic": {"action": "isolate", "max_restarts": "100",
                                         "window": 604800, "backoff": "1d"}}):
            self.check("host-services", {"services": {"a": {"errors": errors_key}}})


class Refused(unittest.TestCase):
    """What the contract forbids fails."""

    def refuse(self, name, document, *changes, part=None):
        self.assertEqual(errors(name, document, part), [])
        for path, value in changes:
            shown = "absent" if value is ABSENT else value
            with self.subTest(name, path=path, value=shown):
                self.assertTrue(errors(name, changed(document, path, value), part))

    def test_every_member_of_the_world_is_required(self):
        free = {"by_type", "metrics", "totals"}
        for name, document in (("nodes", {"saturn": NODE}),
                               ("services", {"saturn/mosquitto": HEALTHY}),
                               ("incidents", {INCIDENT: RESOLVED}),
                               ("deployments", {"deploy-7": COMPLETED}),
                               ("runtime-summary", SUMMARY)):
            for path in members(document):
                if len(path) == 1 and name != "runtime-summary":
                    continue
                if len(path) > 1 and path[-2] in free:
                    continue
                self.refuse(name, document, (path, ABSENT))

    def test_counts_are_whole_and_not_negative(self):
        for name, document in (("nodes", {"saturn": NODE}),
                               ("incidents", {INCIDENT: RESOLVED}),
                               ("deployments", {"deploy-7": COMPLETED}),
                               ("runtime-summary", SUMMARY)):
            for path in members(document):
                value = document
                for key in path:
                    value = value[key]
                if type(value) is int and "metrics" not in path:
                    self.refuse(name, document, (path, -1), (path, 0.5),
                                (path, "1"), (path, None)
                                if path[-1] != "duration_seconds" else (path, True))

    def test_timestamps_are_written_one_way(self):
        for time in ("2026-05-12T12:05:00", "2026-05-12 12:05:00Z",
                     "2026-05-12T12:05:00z", "2026-05-12T12:05:00+00:00",
                     "2026-05-12T12:05:00.0Z", "2026-05-12T12:05:00.50Z",
                     "2026-05-12T12:05:00.1234567891Z", "2026-05-12T12:05:60Z",
                     "2026-13-12T12:05:00Z", "2026-05-32T12:05:00Z",
                     "2026-05-12T24:00:00Z", "", 1778587500):
            self.refuse("nodes", {"saturn": NODE}, (("saturn", "last_seen"), time))
            self.refuse("incidents", {INCIDENT: RESOLVED},
                        ((INCIDENT, "started_at"), time),
                        ((INCIDENT, "events", 1), time))
            self.refuse("runtime-summary", SUMMARY, (("generated_at",), time))

    def test_nodes(self):
        at = lambda key, value: (("saturn", key), value)
        self.refuse("nodes", {"saturn": NODE},
                    (("-x",), NODE), (("a" * 64,), NODE), (("a/b",), NODE),
                    at("status", "up"), at("status", None),
                    at("status_since", None), at("last_seen", None),
                    at("roles", None), at("roles", "infra"),
                    at("connectivity", "lte"), at("connectivity", None),
                    at("disk_pressure", ""), at("disk_pressure", "cleared"),
                    at("cpu_pressure", 5), at("memory_pressure", "x" * 65),
                    at("metrics", None), at("metrics", {"a": "1"}),
                    at("metrics", {"a": True}), at("metrics", {"x" * 65: 1}),
                    at("metrics", {str(i): i for i in range(65)}),
                    at("active_incidents", [INCIDENT, INCIDENT]),
                    at("active_incidents", ["saturn/mosquitto"]),
                    at("heard", "0" * 167), at("heard", "0" * 169),
                    at("heard", "2" + "0" * 167), at("heard", "0" * 167 + "\n"),
                    at("held", None))
        self.refuse("nodes", {"saturn": UNKNOWN_NODE},
                    at("first_seen", T0), at("status_since", T0),
                    at("disk_pressure", "high"), at("metrics", {"a": 1}),
                    at("heard", "1" * 168))

    def test_services(self):
        key = "saturn/mosquitto"
        at = lambda member, value: ((key, member), value)
        self.refuse("services", {key: HEALTHY},
                    (("mosquitto",), HEALTHY), (("saturn/a/b",), HEALTHY),
                    (("saturn/0123456789ab_web",), HEALTHY),
                    (("saturn/" + "x" * 129,), HEALTHY),
                    at("service", "0123456789ab_web"), at("service", "a\tb"),
                    at("service", "a\n"), at("service", ""), at("node", ""),
                    at("status", "failed"), at("fresh", None), at("fresh", 1),
                    at("declared", "yes"), at("monitored", None),
                    at("last_healthy", None), at("last_seen", None),
                    at("active_incidents", [INCIDENT]), at("role", 5),
                    at("containers", None), at("containers", [CONTAINER] * 33))
        self.refuse("services", {key: UNHEALTHY},
                    at("last_failure", None), at("role", "broker"),
                    at("monitored", False),
                    at("active_incidents", [INCIDENT, INCIDENT + "-2"]))
        self.refuse("services", {key: UNREPORTED},
                    at("fresh", True), at("declared", False), at("last_seen", T0),
                    at("last_failure", T0), at("active_incidents", [INCIDENT]),
                    at("containers", [CONTAINER]))
        self.refuse("services", {key: {**HEALTHY, "status": "unknown", "containers": []}},
                    at("last_healthy", None), at("status_since", None))

    def test_containers(self):
        at = lambda *path: (("saturn/mosquitto", "containers", 0) + path[:-1], path[-1])
        self.refuse("services", {"saturn/mosquitto": HEALTHY},
                    at("name", None), at("name", "0123456789ab_web"), at("name", "a/b"),
                    at("state", "removed"), at("state", "dead"), at("exit_code", "1"),
                    at("exit_code", 0.5), at("oom_killed", 0), at("restarts", -1),
                    at("started_at", "0001-01-01"), at("runtime", ""), at("runtime", "x" * 65),
                    at("id", "x" * 129), at("image", "x" * 257), at("supervision", {}),
                    at("supervision", "state", ""), at("supervision", "policy", "x" * 65),
                    at("supervision", "restarts_total", -1), at("supervision", "since", 5),
                    at("supervision", "restarts_in_window", "1"),
                    at("supervision", "last_exit_code", 1.5),
                    at("supervision", "backoff_until", "soon"))

    def test_incidents(self):
        at = lambda key, value: ((INCIDENT, key), value)
        self.refuse("incidents", {INCIDENT: RESOLVED},
                    (("mosquitto",), RESOLVED), (("inc-01-a-b",), RESOLVED),
                    at("id", "inc--saturn-x"), at("status", "open"),
                    at("severity", None), at("severity", "fatal"),
                    at("event_type", "Bad"), at("event_type", None),
                    at("source", ""), at("message", "x" * 1025),
                    at("correlation_id", "x" * 129),
                    at("occurrence_count", 0), at("events", []),
                    at("events", [T0] * 101), at("resolved_at", None),
                    at("resolved_by", None), at("last_occurrence", None),
                    at("remediation", {}), at("remediation", []), at("deployment", ""),
                    at("deployment", 7),
                    at("remediation", {"started_at": None, "completed_at": None,
                                       "source": None}))
        self.refuse("incidents", {INCIDENT: ACTIVE},
                    at("resolved_at", T2), at("resolved_by", "service_healthy"))

    def test_deployments(self):
        at = lambda key, value: (("deploy-7", key), value)
        self.refuse("deployments", {"deploy-7": COMPLETED},
                    (("",), COMPLETED), at("status", "done"), at("nodes", []),
                    at("nodes", ["a", "a"]), at("services", ["all", "x"]),
                    at("services", []), at("service", None),
                    at("ended_at", None), at("duration_seconds", None),
                    at("duration_seconds", 0.5), at("attempts", 0),
                    at("started_at", None), at("stage", ""),
                    at("diagnostics", ["a"] * 2), at("diagnostics", None),
                    at("diagnostics", [str(i) for i in range(17)]),
                    at("diagnostics", ["x" * 513]))
        self.refuse("deployments", {"deploy-7": RUNNING},
                    at("ended_at", T2), at("duration_seconds", 3),
                    at("started_at", None), at("attempts", 0))
        self.refuse("deployments", {"deploy-7": END_ONLY},
                    at("attempts", 1), at("duration_seconds", 0),
                    at("service", "all"))

    def test_summary(self):
        self.refuse("runtime-summary", SUMMARY,
                    (("status",), "OK"), (("status",), "NOMINAL"),
                    (("last_update",), T2), (("topology",), "good"),
                    (("inventory_errors",), ["broken"]),
                    (("inventory_errors",), ["a:0:1: x"]),
                    (("inventory_errors",), None),
                    (("events", "by_type"), {"a": 0}),
                    (("events", "by_type"), {"A": 1}),
                    (("drift", "missing"), ["saturn"]),
                    (("drift", "silent"), ["a/b", "a/b"]),
                    (("deploy",), {}), (("deploy",), "verify"),
                    (("deploy", "current_stage"), None),
                    (("deploy", "current_stage"), "two words"),
                    (("deploy", "last_service"), "x" * 129),
                    (("observation", "last_error"), ""),
                    (("observation", "version"), None),
                    (("observation", "totals"), None),
                    (("observation", "totals", "held"), -1),
                    (("files", "nodes.json", "bytes"), 2),
                    (("files", "nodes.json", "sha256"), "A" * 64),
                    (("incidents", "by_severity", "critical"), 1))
        self.refuse("runtime-summary", CALM,
                    (("topology",), "stale"), (("nodes", "stale"), 1),
                    (("nodes", "offline"), 1), (("incidents", "active"), 1),
                    (("drift", "missing"), ["a/b"]), (("drift", "silent"), ["a/b"]))

    def test_checkpoint(self):
        path = ("node_checkpoints", "vps")
        self.refuse("checkpoint", CHECKPOINT,
                    (("format",), ABSENT), (("format",), "1"), (("format",), 0),
                    (("node_checkpoints",), ABSENT), (("node_checkpoints",), []),
                    (("node_checkpoints", "a/b"), "/events/a/b.json"),
                    (path, None), (path, ""), (path, "events/vps/a.json"),
                    (path, "/opt/homelab/vps/a.json"),
                    (path, "/opt/homelab/events/a.json"),
                    (path, "/opt/homelab/events/2026-05-12/vps/x/a.json"),
                    (path, "/opt/homelab/events/vps/a.txt"))

        self.refuse("checkpoint", OUTBOX, (("outbox",), []), (("history_bytes",), -1),
                    (("outbox", "generation"), ABSENT), (("outbox", "segments"), ABSENT),
                    (("outbox", "segments", 0, "first"), 0),
                    (("outbox", "segments", 0, "bytes"), ABSENT),
                    (("outbox", "segments", 0, "newest"), "x"))

    def test_history(self):
        batch, event = ("batches", 1), ("batches", 1, "events")
        self.refuse("history", HISTORY,
                    *[(path, ABSENT) for path in members(HISTORY)
                      if isinstance(path[-1], str)],
                    (("generation",), -1), (batch + ("events",), []),
                    (batch + ("generation",), 0), (batch + ("cycle",), "1"),
                    (batch + ("observed_at",), 5), (("batches", 1, "events", 0, "from"), None))
        for change in CHANGES:
            wrong = [("kind", "node_vanished"), ("key", ""), ("at", "today"), ("from", -1),
                     ("to", -1), ("node", "a b"), ("service", "a/b"), ("severity", "fatal"),
                     ("message", "")]
            wrong += [(name, value) for name, value in (
                ("correlation_id", "deploy-7"), ("occurrence_count", 2), ("replaced_by", None),
                ("added", ["a/b"]), ("removed", [])) if name not in change]
            self.refuse("history", change, *[((name,), value) for name, value in wrong],
                        part="event")
        self.refuse("history", HISTORY, (event + (20, "added"), []),
                    (event + (20, "added"), ["a/b", "a/b"]), (event + (20, "removed"), ["a"]),
                    (event + (9, "to"), 1), (event + (15, "to"), "stalled"),
                    (event + (1, "key"), "a/b"), (event + (5, "key"), "a//b"))

    def test_event(self):
        for part in (None, "usable"):
            self.refuse("event", EVENT,
                        (("timestamp",), ABSENT), (("node",), ABSENT),
                        (("type",), ABSENT), (("timestamp",), 1778587500),
                        (("timestamp",), "2026-05-12"),
                        (("timestamp",), "2026-05-12T12:05Z"),
                        (("timestamp",), "2026-05-12T12:05:60Z"),
                        (("timestamp",), "2026-05-12T12:05:00+24:00"),
                        (("timestamp",), "2026-05-12T12:05:00+0200"),
                        (("timestamp",), "2026-05-12T12:05:00.Z"),
                        (("timestamp",), "1968-12-31T23:59:59Z"),
                        (("timestamp",), " 2026-05-12T12:05:00Z"),
                        (("node",), ""), (("node",), ".a"), (("node",), "a b"),
                        (("type",), ""), (("type",), "Service"),
                        (("type",), "x" * 65), (("type",), 5),
                        (("service",), "a/b"), (("service",), "a\x7f"),
                        (("service",), "x" * 129), part=part)
        for document in ([], "x", None, 5):
            self.assertTrue(errors("event", document))

    def test_topology(self):
        node = lambda key, value: (("nodes", "piha", key), value)
        self.refuse("topology", yaml.safe_load(TOPOLOGY),
                    (("nodes",), ABSENT), (("nodes",), None), (("nodes",), {}),
                    (("nodes",), ["piha"]), (("nodes", "a b"), None),
                    (("nodes", "piha"), "infra"), node("roles", "infra"),
                    node("roles", [["a"]]), node("aliases", "old"),
                    node("aliases", ["a/b"]), node("heartbeat_ttl", "6 h"),
                    node("heartbeat_ttl", "-1"), node("heartbeat_ttl", -1),
                    node("heartbeat_ttl", "1w"), node("heartbeat_ttl", ""),
                    node("heartbeat_ttl", 1.5), node("heartbeat_ttl", []),
                    node("connectivity", "lte"), node("connectivity", {}))

    def test_host_services(self):
        service = lambda key, value: (("services", "mosquitto", key), value)
        self.refuse("host-services", yaml.safe_load(HOST_SERVICES),
                    (("services",), ABSENT), (("services",), ["mosquitto"]),
                    (("services", "a/b"), None), (("services", "mosquitto"), "x"),
                    service("role", ["x"]), service("monitor", "maybe"),
                    service("monitor", 1), service("heartbeat_ttl", "1.5h"),
                    service("heartbeat_ttl", True), service("errors", "restart"),
                    service("errors", {"on_panic": "restart"}),
                    *(service("errors", {"on_panic": {key: value}}) for key, value in (
                        ("action", "reboot"), ("action", "Restart"), ("action", ["restart"]),
                        ("max_restarts", 101), ("max_restarts", -1), ("max_restarts", "101"),
                        ("max_restarts", "5x"), ("max_restarts", ""), ("max_restarts", 0.5),
                        ("window", "soon"), ("window", []), ("backoff", "500ms"))))


if __name__ == "__main__":
    unittest.main()
