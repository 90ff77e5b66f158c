"""The oracle held to the contract: expectations are derived by hand, each from the rule it names."""

import hashlib
import json
import os
import tempfile
import unittest

import decode
import instant
import inventory
import oracle
import project
import strictjson
import tree

NOON = "2026-05-12T12:00:00Z"


def at(text):
    moment = instant.parse(text)
    assert moment is not None, text
    return moment


class Homelab:
    """A homelab in memory: what is in its files, and the world that follows."""

    def __init__(self, *nodes, topology=None, hosts=None, alias_map=None):
        self.places = {}
        if topology is None:
            topology = "nodes: {%s}" % ", ".join("%s: {}" % node for node in nodes)
        self.inventory = inventory.read_topology(topology.encode(),
                                                 inventory.read_alias_map(alias_map))
        for node, content in (hosts or {}).items():
            try:
                host = inventory.Host(inventory.read_services(content.encode()))
            except inventory.Bad as bad:
                host = inventory.Host(error="hosts/%s/services.yaml:%s" % (node, bad.place))
            self.inventory.hosts[node] = host

    def absent(self):
        self.inventory = inventory.Inventory()
        return self

    def event(self, time, node, type_, dirname=None, **fields):
        if time[2] == ":":
            time = "2026-05-12T" + time + "Z"
        event = dict(timestamp=time, node=node, type=type_, **fields)
        return self.raw(json.dumps(event).encode(), dirname or node)

    def raw(self, data, dirname):
        path = "events/2026-05-12/%s/evt-%05d.json" % (dirname, len(self.places))
        self.places[path, 0] = data
        return self

    def world(self, now="12:30:00", **more):
        if now[2] == ":":
            now = "2026-05-12T" + now + "Z"
        files = oracle.world_of(self.places, self.inventory, at(now), **more)
        return {name.split(".")[0]: json.loads(content) for name, content in files.items()}

    def status(self, now="12:30:00"):
        return self.world(now)["runtime-summary"]["status"]


def verdict(data, names=("vps",)):
    if isinstance(data, dict):
        data = json.dumps(data).encode()
    return decode.decode_event(data, "vps", set(names))


def event_like(**fields):
    return dict({"timestamp": NOON, "node": "vps", "type": "x"}, **fields)


class Time(unittest.TestCase):
    def test_what_is_usable(self):
        for text, expected in [
                ("1970-01-01T00:00:00Z", 0),
                ("1970-01-01t00:00:01z", 10**9),
                ("1970-01-01 00:00:01", 10**9),
                ("1970-01-01T00:00:00.1234567899Z", 123456789),
                ("1970-01-01T01:00:00+01:00", 0),
                ("1969-12-31T00:01:00-23:59", 0),
                ("2026-05-12T12:05:00Z", 1778587500 * 10**9),
                ("9999-12-31T23:59:59Z", 2**63 - 1)]:
            self.assertEqual(instant.parse(text), expected, text)

    def test_what_is_not(self):
        for text in ["", "2026-05-12", "2026-05-12T12:05Z", "2026-05-12T12:05:60Z",
                     "2026-05-12T24:00:00Z", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
                     "2026-05-12T12:05:00.Z", "2026-05-12T12:05:00+24:00",
                     "2026-05-12T12:05:00+01:60", "2026-05-12T12:05:00+0100",
                     "2026-05-12T12:05:00Z\n", " 2026-05-12T12:05:00Z", "1969-12-31T23:59:59Z",
                     "1970-01-01T00:00:00+00:01", "2026-5-12T12:05:00Z", "0000-01-01T00:00:00Z"]:
            self.assertIsNone(instant.parse(text), text)

    def test_written_out(self):
        self.assertEqual(instant.format(1778587500 * 10**9), "2026-05-12T12:05:00Z")
        self.assertEqual(instant.format(10**9 + 120000000), "1970-01-01T00:00:01.12Z")
        self.assertEqual(instant.format(1), "1970-01-01T00:00:00.000000001Z")
        self.assertEqual(instant.format(2**63 - 1), "2262-04-11T23:47:16.854775807Z")

    def test_durations(self):
        self.assertEqual(instant.parse_duration("90"), 90 * 10**9)
        self.assertEqual(instant.parse_duration("6h"), 6 * 3600 * 10**9)
        self.assertEqual(instant.parse_duration("0"), 0)
        for text in ["", "h", "1.5h", "-1", "+1", " 1", "1w", "1H", "9" * 5000]:
            self.assertIsNone(instant.parse_duration(text), text)


class Json(unittest.TestCase):
    def test_refused(self):
        for data in [b"", b"[01]", b"[1.]", b"[-]", b"[.5]", b"[1e]", b"[+1]", b"[1,]",
                     b'{"a":1,"a":2}', b'{"a":1,"\\u0061":2}', b'["\\u0000"]', b'["\\ud800"]',
                     b'["\\udc00"]', b'["\xc0\x80"]', b'["\xed\xa0\x80"]', b'["\n"]', b"[] x",
                     b"\xef\xbb\xbf[]", b"1", b'"a"', b"[9223372036854775808]", b"[1e309]",
                     b"[NaN]", b"[\x0c]", b"[]\0", b"[\0]", b"[1\0\0]"]:
            with self.assertRaises(strictjson.NotJson, msg=data):
                strictjson.parse(data)

    def test_accepted(self):
        self.assertEqual(strictjson.parse(b' [-0, "\\ud83d\\ude00", "\x7f"]\r\n'),
                         [0, "\U0001F600", "\x7f"])
        self.assertEqual(strictjson.parse(b"[-9223372036854775808, 1e-999]"), [-2**63, 0.0])
        self.assertEqual(strictjson.parse(b"[1\0, true\0]"), [1, True])  # jansson's quirk

    def test_numbers_written(self):
        for value, text in [(0.1, "0.1"), (1.0, "1.0"), (-0.0, "-0.0"), (1e15, "1e15"),
                            (1e14, "100000000000000.0"), (1e-5, "1e-5"), (2.5e-10, "2.5e-10"),
                            (1 / 3, "0.333333333333333"), (1e100, "1e100")]:
            self.assertEqual(strictjson.format_real(value), text)
        self.assertEqual(strictjson.dump([1, -5, True, None]),
                         b"[\n  1,\n  -5,\n  true,\n  null\n]\n")

    def test_text_written(self):
        self.assertEqual(strictjson.dump({"b": {}, "a": [], "\u00e9": "\x1f\x7f/\n\"\\\u2028"}),
                         '{\n  "a": [],\n  "b": {},\n  "\u00e9": "\\u001F\x7f/\\n\\"\\\\\u2028"\n}\n'
                         .encode())


class Decode(unittest.TestCase):
    def assertRejected(self, data, reason):
        self.assertEqual(verdict(data), decode.Reject(reason))

    def test_required(self):
        self.assertRejected(event_like(node="piha"), "node")
        self.assertRejected(event_like(node=""), "node")
        self.assertRejected(event_like(type="Big"), "type")
        self.assertRejected(event_like(type="a" * 65), "type")
        self.assertRejected(event_like(type="a\n"), "type")
        self.assertRejected(event_like(timestamp=1), "timestamp")
        self.assertRejected(b"[]", "object")
        self.assertRejected(b"{", "json")

    def test_service(self):
        self.assertRejected(event_like(service="a/b"), "service")
        self.assertRejected(event_like(service="a\x7f"), "service")
        self.assertRejected(event_like(service="\u00e9" * 64 + "x"), "service")
        self.assertEqual(verdict(event_like(service="\u00e9" * 64)).names, ["\u00e9" * 64])
        self.assertEqual(verdict(event_like(service="")).names, [])
        self.assertEqual(verdict(event_like(service=7)).names, [])

    def test_size_and_depth(self):
        small = json.dumps(event_like()).encode()
        fill = b" " * (1048576 - len(small))
        self.assertIsInstance(verdict(small + fill), decode.Event)
        self.assertRejected(small + fill + b" ", "size")
        deep = b"[" * 31 + b"]" * 31
        self.assertIsInstance(verdict(small[:-1] + b', "k":' + deep + b"}"), decode.Event)
        self.assertRejected(small[:-1] + b', "k":[' + deep + b"]}", "depth")

    def test_names(self):
        def names(**fields):
            return verdict(event_like(**fields)).names
        self.assertEqual(names(service="a", payload={"service": "b"}), ["a"])
        self.assertEqual(names(service="all", payload={"service": "b"}), ["b"])
        self.assertEqual(names(payload={"service": "all", "services": ["all", 1, "a/", "b", "b"],
                                        "containers": ["c"]}), ["b"])
        self.assertEqual(names(payload={"services": "b", "containers": ["c", "d"]}), ["c", "d"])
        self.assertEqual(names(payload={"service": ["b"]}), [])
        self.assertEqual(names(payload={}, details={"service": "b"}), ["b"])
        self.assertEqual(names(payload={"x": 1}, details={"service": "b"}), [])
        many = ["s%d" % i for i in range(300)]
        self.assertEqual(names(payload={"services": many}), many[:256])

    def test_optional(self):
        event = verdict(event_like(severity="loud", source="\u20ac" * 43, message="",
                                   correlation_id="c" * 129, payload={"message": "m"}))
        self.assertEqual((event.severity, event.source, event.message, event.correlation_id),
                         ("info", "\u20ac" * 42, "m", None))
        self.assertEqual(verdict(event_like(type="mqtt_unreachable")).severity, "error")
        self.assertEqual(verdict(event_like(correlation_id="c" * 128)).correlation_id, "c" * 128)


class Scan(unittest.TestCase):
    def test_tree(self):
        with tempfile.TemporaryDirectory() as root:
            good = json.dumps(event_like()).encode()
            files = {
                "2026-05-12/vps/a.json": good,
                "2026-05-12/vps/.a.json": good,
                "2026-05-12/vps/a.json.tmp": good,
                "2026-05-12/vps/a.txt": good,
                "2026-05-12/vps/b\u00e9.json": good,
                "2026-05-12/vps/l.jsonl": good + b"\n \t\r\n{\n" + good,
                "2026-05-12/piha/a.json": good,
                "2026-02-30/vps/a.json": good,
                "vps/c.json": good,
                "vps/deep/a.json": good,
                "2026-05-12/vps.part/a.json": good,
                "loose.json": good,
            }
            for path, content in files.items():
                path = os.path.join(root, "events", path)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as file:
                    file.write(content)
            os.symlink("a.json", root + "/events/2026-05-12/vps/s.json")
            os.mkfifo(root + "/events/2026-05-12/vps/f.json")
            homelab = Homelab("vps").inventory
            scan = tree.scan(root, homelab.node_of, homelab.names_of)
        usable = {(p.path[7:], p.offset) for p in scan.places
                  if isinstance(p.verdict, decode.Event)}
        rejected = {(p.path[7:], p.offset) for p in scan.places
                    if isinstance(p.verdict, decode.Reject)}
        self.assertEqual(usable, {("2026-05-12/vps/a.json", 0), ("2026-05-12/vps/l.jsonl", 0),
                                  ("vps/c.json", 0)})
        self.assertEqual(rejected, {("2026-05-12/vps/b\u00e9.json", 0),
                                    ("2026-05-12/vps/l.jsonl", len(good) + 5)})
        self.assertEqual({path[7:] for path in scan.ignored},
                         {"2026-05-12/vps/a.txt", "2026-05-12/vps/s.json",
                          "2026-05-12/vps/f.json", "2026-02-30", "vps/deep", "loose.json"})
        self.assertEqual(scan.unreadable, [])


class Inventory(unittest.TestCase):
    def assertBad(self, content, place, read=inventory.read_topology):
        with self.assertRaises(inventory.Bad) as caught:
            read(content.encode())
        self.assertTrue(caught.exception.place.startswith(place + ": "), caught.exception.place)

    def test_topology(self):
        homelab = inventory.read_topology(b"""
nodes:
  piha:
    roles: [infra, "monitoring"]
    colour: {x: y}
  chelsty-infra: {aliases: [chelsty], heartbeat_ttl: 6h, connectivity: intermittent}
  bare:
  empty: {roles: ~, aliases: null, heartbeat_ttl: , connectivity: ~}
""")
        self.assertEqual(homelab.nodes["piha"].roles, ["infra", "monitoring"])
        self.assertEqual(homelab.nodes["chelsty-infra"].heartbeat_ttl, 6 * instant.HOUR)
        self.assertEqual(homelab.nodes["bare"], inventory.Node())
        self.assertEqual(homelab.nodes["empty"], inventory.Node([], 15 * instant.MINUTE,
                                                                "permanent"))
        self.assertEqual(homelab.node_of("chelsty"), "chelsty-infra")
        self.assertIsNone(homelab.node_of("stranger"))
        self.assertEqual(homelab.names_of("chelsty-infra"), {"chelsty", "chelsty-infra"})

    def test_bad_topology(self):
        self.assertBad("", "1:1")
        self.assertBad("nodes:\n", "1:7")
        self.assertBad("nodes: {}\n", "1:8")
        self.assertBad("nodes: [a]\n", "1:8")
        self.assertBad("nodes:\n  a: {}\n  a: {}\n", "3:3")
        self.assertBad("nodes:\n  a b: {}\n", "2:3")
        self.assertBad("nodes:\n  a: {roles: infra}\n", "2:14")
        self.assertBad("nodes:\n  a: {heartbeat_ttl: 1w}\n", "2:22")
        self.assertBad("nodes:\n  a: {connectivity: sometimes}\n", "2:21")
        self.assertBad("nodes:\n  a: {}\n---\nnodes: {}\n", "3:1")
        self.assertBad("nodes:\n  a: {aliases: [x]}\n  b: {aliases: [y, x]}\n", "3:20")

    def test_services(self):
        services = inventory.read_services(
            b"services:\n  a: {role: broker, monitor: 'OFF', heartbeat_ttl: 0, depends_on: 7}\n"
            b"  b:\n  c: {monitor: ~}\n")
        self.assertEqual(services["a"], inventory.Declaration("broker", False, 0))
        self.assertEqual(services["b"], inventory.Declaration(None, True, 24 * instant.HOUR))
        self.assertEqual(services["c"], services["b"])
        self.assertEqual(inventory.read_services(b"services:\n"), {})
        for content, place in [("", "1:1"), ("x: y\n", "1:1"), ("services: [a]\n", "1:11"),
                               ("services:\n  a: {monitor: maybe}\n", "2:16"),
                               ("services:\n  a: broker\n", "2:6"),
                               ("services:\n  a/b:\n", "2:3")]:
            self.assertBad(content, place, inventory.read_services)

    def test_alias_map(self):
        homelab = Homelab(topology="nodes: {a: {aliases: [x]}, b: {}}",
                          alias_map='{"x": "b", "y": "b", "a": "b", "z": "y"}').inventory
        self.assertEqual(homelab.node_of("x"), "a")       # the topology wins
        self.assertEqual(homelab.node_of("a"), "a")       # never an alias
        self.assertEqual(homelab.node_of("y"), "b")
        self.assertIsNone(homelab.node_of("z"))           # one step
        for text in ["[]", "{", '{"a": 1}', '{"a b": "c"}', '{"a": "b", "a": "b"}']:
            with self.assertRaises(inventory.Bad):
                inventory.read_alias_map(text)

    def test_last_good(self):
        with tempfile.TemporaryDirectory() as repo:
            self.assertEqual(inventory.load(repo).topology, "absent")
            os.mkdir(repo + "/inventory")
            with open(repo + "/inventory/topology.yaml", "w") as file:
                file.write("nodes: {a: {aliases: [b]}}")
            good = inventory.load(repo)
            self.assertEqual(good.topology, "present")
            with open(repo + "/inventory/topology.yaml", "w") as file:
                file.write("nodes: [")
            with self.assertRaises(inventory.NoInventory):
                inventory.load(repo)
            stale = inventory.load(repo, last_good=good)
            self.assertEqual((stale.topology, stale.node_of("b"), len(stale.errors)),
                             ("stale", "a", 1))
            os.remove(repo + "/inventory/topology.yaml")
            gone = inventory.load(repo, last_good=good)
            self.assertTrue(gone.errors[0].startswith("inventory/topology.yaml:1:1: "))
            self.assertEqual(inventory.load(repo, no_topology=True, last_good=good).topology,
                             "absent")


class Nodes(unittest.TestCase):
    def test_never_heard(self):
        node = Homelab("vps").world()["nodes"]["vps"]
        self.assertEqual(node, {
            "status": "unknown", "status_since": None, "first_seen": None, "last_seen": None,
            "roles": [], "connectivity": "permanent", "disk_pressure": None,
            "memory_pressure": None, "cpu_pressure": None, "metrics": {},
            "services": {"total": 0, "healthy": 0, "unhealthy": 0, "unknown": 0},
            "active_incidents": [], "heard": "0" * 168, "held": 0})

    def test_offline_stays_offline(self):
        homelab = Homelab("vps").event("12:00:00", "vps", "x")
        homelab.event("12:01:00", "vps", "node_offline").event("12:02:00", "vps", "x")
        node = homelab.world("12:03:00")["nodes"]["vps"]
        self.assertEqual((node["status"], node["status_since"]),
                         ("offline", "2026-05-12T12:01:00Z"))
        homelab.event("12:02:00", "vps", "node_online")
        node = homelab.world("12:03:00")["nodes"]["vps"]
        self.assertEqual((node["status"], node["status_since"]),
                         ("online", "2026-05-12T12:02:00Z"))

    def test_stale_at_the_nanosecond(self):
        homelab = Homelab("vps").event("12:00:00", "vps", "node_online")
        self.assertEqual(homelab.world("12:15:00")["nodes"]["vps"]["status"], "online")
        node = homelab.world("12:15:00.000000001")["nodes"]["vps"]
        self.assertEqual((node["status"], node["status_since"]),
                         ("stale", "2026-05-12T12:15:00Z"))

    def test_never_stale(self):
        homelab = Homelab(topology="nodes: {vps: {heartbeat_ttl: 0}}")
        homelab.event("12:00:00", "vps", "node_online")
        self.assertEqual(homelab.world("2027-01-01T00:00:00Z")["nodes"]["vps"]["status"], "online")

    def test_pressures(self):
        def pressures(*events):
            homelab = Homelab("vps")
            for i, (type_, payload) in enumerate(events):
                homelab.event("12:00:%02d" % i, "vps", type_, payload=payload)
            node = homelab.world()["nodes"]["vps"]
            return node["disk_pressure"], node["memory_pressure"], node["cpu_pressure"]
        self.assertEqual(pressures(("disk_pressure_critical", {})), ("critical", None, None))
        self.assertEqual(pressures(("disk_usage_high", {}), ("disk_pressure_ok", {})),
                         (None, None, None))
        self.assertEqual(pressures(("disk_pressure_", {})), (None, None, None))
        self.assertEqual(pressures(("memory_pressure", {"level": "x"})), (None, None, None))
        self.assertEqual(pressures(("high_memory", {"level": "low"}), ("high_cpu", {"level": 3})),
                         (None, "low", "high"))
        self.assertEqual(pressures(("disk_pressure", {}), ("disk_pressure", {"level": "cleared"})),
                         (None, None, None))
        self.assertEqual(pressures(("high_cpu", {}), ("node_health", {"disk_pressure": "x" * 65,
                                                                      "cpu_pressure": True})),
                         ("x" * 64, None, None))

    def test_metrics(self):
        homelab = Homelab("vps").event("12:00:00", "vps", "node_health", payload={
            "load": 0.5, "n": 3, "up": True, "text": "7", "deep": {"x": 1}, "m" * 65: 1})
        self.assertEqual(homelab.world()["nodes"]["vps"]["metrics"], {"load": 0.5, "n": 3})
        homelab.event("12:01:00", "vps", "node_health")
        self.assertEqual(homelab.world()["nodes"]["vps"]["metrics"], {})

    def test_heard(self):
        homelab = Homelab("vps").event("2026-05-05T12:59:59Z", "vps", "x")
        homelab.event("2026-05-05T13:00:00Z", "vps", "x").event("12:00:00", "vps", "x")
        heard = homelab.world("12:30:00")["nodes"]["vps"]["heard"]
        self.assertEqual(heard, "1" + "0" * 166 + "1")

    def test_held(self):
        homelab = Homelab("vps").event("12:00:00", "vps", "x").event("12:05:00.1", "vps", "y")
        world = homelab.world("12:00:00")
        self.assertEqual(world["nodes"]["vps"]["held"], 1)
        self.assertEqual(world["runtime-summary"]["events"]["by_type"], {"x": 1})
        self.assertEqual(homelab.world("12:00:00", on_disk=set())["nodes"]["vps"]["held"], 0)
        self.assertEqual(homelab.world("12:00:00.1")["nodes"]["vps"]["held"], 0)

    def test_topology_absent(self):
        homelab = Homelab("x").absent()
        homelab.event("2026-04-12T12:00:00Z", "old", "x").event("12:00:00", "deadbeef0123", "x")
        homelab.event("12:00:00", "new", "x")
        self.assertEqual(set(homelab.world(NOON)["nodes"]), {"old", "new"})
        self.assertEqual(set(homelab.world("12:00:00.1")["nodes"]), {"new"})
        self.assertEqual(homelab.world()["runtime-summary"]["topology"], "absent")

    def test_alias(self):
        homelab = Homelab(topology="nodes: {a: {aliases: [old]}}")
        homelab.event("12:00:00", "old", "x").event("12:00:00", "old", "x", dirname="a")
        homelab.event("12:00:00", "a", "x", dirname="old")
        homelab.event("12:00:00", "b", "x", dirname="old")
        self.assertEqual(homelab.world()["runtime-summary"]["events"]["accepted"], 3)

    def test_other_types(self):
        homelab = Homelab("vps")
        for i in range(102):
            homelab.event("12:00:00.%03d" % i, "vps", "t%03d" % i)
        homelab.event("12:01:00", "vps", "t000").event("12:01:00", "vps", "node_online")
        by_type = homelab.world()["runtime-summary"]["events"]["by_type"]
        self.assertEqual((by_type["t000"], by_type["t099"], by_type["other"],
                          by_type["node_online"], len(by_type)), (2, 1, 2, 1, 102))


class ServicesAndIncidents(unittest.TestCase):
    def test_worked_example(self):
        homelab = Homelab("saturn")
        homelab.event("12:10:00", "saturn", "service_recovered", service="mosquitto")
        homelab.event("12:06:00", "saturn", "healthcheck_failed", service="mosquitto",
                      severity="warning", message="again", correlation_id="c")
        homelab.event("12:05:00", "saturn", "service_unhealthy", service="mosquitto", source="s",
                      message="first")
        world = homelab.world()
        self.assertEqual(world["incidents"], {"inc-1778587500-saturn-mosquitto": {
            "id": "inc-1778587500-saturn-mosquitto", "node": "saturn", "service": "mosquitto",
            "status": "resolved", "severity": "error", "event_type": "service_unhealthy",
            "last_event_type": "healthcheck_failed", "source": "s", "message": "again",
            "started_at": "2026-05-12T12:05:00Z", "last_occurrence": "2026-05-12T12:06:00Z",
            "occurrence_count": 2, "events": ["2026-05-12T12:05:00Z", "2026-05-12T12:06:00Z"],
            "correlation_id": "c", "resolved_at": "2026-05-12T12:10:00Z",
            "resolved_by": "service_recovered", "remediation": None, "deployment": None}})
        self.assertEqual(world["services"]["saturn/mosquitto"], {
            "node": "saturn", "service": "mosquitto", "status": "healthy",
            "status_since": "2026-05-12T12:10:00Z", "last_seen": "2026-05-12T12:10:00Z",
            "last_healthy": "2026-05-12T12:10:00Z", "last_failure": "2026-05-12T12:06:00Z",
            "active_incidents": [], "fresh": False, "declared": False, "monitored": True,
            "role": None, "containers": []})

    def test_rank_within_a_second(self):
        homelab = Homelab("vps").event("12:00:00", "vps", "service_healthy", service="a")
        homelab.event("12:00:00", "vps", "service_unhealthy", service="a")
        self.assertEqual(homelab.world()["services"]["vps/a"]["status"], "healthy")

    def test_suffix(self):
        homelab = Homelab("vps")
        for fraction in ("1", "3", "5"):
            homelab.event("12:00:00." + fraction, "vps", "service_unhealthy", service="a")
            homelab.event("12:00:00.%d" % (int(fraction) + 1), "vps", "service_healthy",
                          service="a")
        base = "inc-1778587200-vps-a"
        self.assertEqual(set(homelab.world()["incidents"]), {base, base + "-2", base + "-3"})

    def test_same_id_on_two_nodes(self):
        # inc-S-a-b-c is service `b-c` of node a and service `c` of node a-b (P6)
        homelab = Homelab("a", "a-b")
        homelab.event("12:00:00", "a-b", "service_unhealthy", service="c")
        homelab.event("12:00:00.5", "a", "service_unhealthy", service="b-c")
        world = homelab.world()
        base = "inc-1778587200-a-b-c"
        self.assertEqual({key: value["node"] for key, value in world["incidents"].items()},
                         {base: "a", base + "-2": "a-b"})
        self.assertEqual(world["nodes"]["a-b"]["active_incidents"], [base + "-2"])
        self.assertEqual(world["services"]["a-b/c"]["active_incidents"], [base + "-2"])

    def test_next_free_is_no_original(self):
        # node a holds BASE and BASE-2; node a-b's BASE must not become BASE-2
        homelab = Homelab("a", "a-b")
        homelab.event("12:00:00", "a", "service_unhealthy", service="b-c")
        homelab.event("12:00:00", "a", "service_healthy", service="b-c")
        homelab.event("12:00:00.1", "a", "service_unhealthy", service="b-c")
        homelab.event("12:00:00", "a-b", "service_unhealthy", service="c")
        base = "inc-1778587200-a-b-c"
        incidents = homelab.world()["incidents"]
        self.assertEqual({key: value["node"] for key, value in incidents.items()},
                         {base: "a", base + "-2": "a", base + "-3": "a-b"})

    def test_all(self):
        homelab = Homelab("vps").event("12:00:00", "vps", "service_unhealthy", service="all")
        homelab.event("12:01:00", "vps", "service_unhealthy", service="a")
        homelab.event("12:02:00", "vps", "service_unhealthy")
        homelab.event("12:03:00", "vps", "x", service="all")
        services = homelab.world()["services"]
        self.assertEqual(services["vps/all"]["last_seen"], "2026-05-12T12:00:00Z")
        homelab.event("12:04:00", "vps", "service_healthy", service="all")
        world = homelab.world()
        self.assertEqual({key: value["status"] for key, value in world["services"].items()},
                         {"vps/a": "healthy", "vps/all": "healthy"})
        self.assertEqual(world["runtime-summary"]["incidents"]["resolved"], 2)
        self.assertEqual(world["runtime-summary"]["events"]["unscoped"], 1)

    def test_healthy_all_makes_none(self):
        homelab = Homelab("vps").event("12:00:00", "vps", "service_healthy", service="all")
        self.assertEqual(homelab.world()["services"], {})

    def test_ghosts(self):
        ghost = "0123456789ab_traefik"
        homelab = Homelab("vps").event("12:00:00", "vps", "service_unhealthy", service=ghost)
        homelab.event("12:01:00", "vps", "x", payload={"containers": [ghost, ghost, "a"]})
        homelab.event("12:02:00", "vps", "service_unhealthy", service="0123456789ab_")
        world = homelab.world()
        self.assertEqual(set(world["services"]), {"vps/0123456789ab_"})
        self.assertEqual(world["runtime-summary"]["events"]["ghosts"], 2)
        self.assertEqual(world["runtime-summary"]["events"]["unscoped"], 0)

    def test_any_event_moves_last_seen(self):
        homelab = Homelab("vps").event("12:00:00", "vps", "service_healthy", service="a")
        homelab.event("12:01:00", "vps", "deployment_started", service="a")
        homelab.event("12:02:00", "vps", "whatever", payload={"services": ["a", "new"]})
        services = homelab.world()["services"]
        self.assertEqual(set(services), {"vps/a"})
        self.assertEqual(services["vps/a"]["last_seen"], "2026-05-12T12:02:00Z")
        self.assertEqual(services["vps/a"]["last_healthy"], "2026-05-12T12:00:00Z")

    def test_remediation(self):
        homelab = Homelab("vps").event("11:59:00", "vps", "remediation_started", service="a")
        homelab.event("12:00:00", "vps", "service_unhealthy", service="a")
        homelab.event("12:01:00", "vps", "remediation_completed", service="a")
        incident, = homelab.world()["incidents"].values()
        self.assertEqual(incident["remediation"], {
            "started_at": None, "completed_at": "2026-05-12T12:01:00Z", "source": None})
        homelab.event("12:02:00", "vps", "service_healthy", service="a")
        homelab.event("12:03:00", "vps", "remediation_started", service="a", source="agent")
        incident, = homelab.world()["incidents"].values()
        self.assertEqual(incident["remediation"], {
            "started_at": "2026-05-12T12:03:00Z", "completed_at": None, "source": "agent"})

    def test_hundred_occurrences(self):
        homelab = Homelab("vps")
        for i in range(101):
            homelab.event("12:%02d:%02d" % (i // 60, i % 60), "vps", "mqtt_unreachable",
                          service="a")
        incident, = homelab.world()["incidents"].values()
        self.assertEqual((incident["occurrence_count"], len(incident["events"]),
                          incident["events"][0]), (101, 100, "2026-05-12T12:00:01Z"))

    def test_service_limit(self):
        homelab = Homelab("vps")
        for start in range(0, 1000, 250):
            homelab.event("12:00:00", "vps", "service_healthy", payload={
                "services": ["s%d" % i for i in range(start, start + 250)]})
        homelab.event("12:01:00", "vps", "service_unhealthy",
                      payload={"services": ["x", "y", "s7"]})
        world = homelab.world()
        self.assertEqual(len(world["services"]), 1000)
        self.assertEqual([i["service"] for i in world["incidents"].values()], ["s7"])
        self.assertEqual(world["runtime-summary"]["events"]["over_limit"], 1)

    def test_resolved_incidents_expire(self):
        homelab = Homelab("vps").event("11:00:00", "vps", "service_unhealthy", service="a")
        homelab.event("12:00:00", "vps", "service_healthy", service="a")
        self.assertEqual(len(homelab.world("2026-05-19T12:00:00Z")["incidents"]), 1)
        self.assertEqual(len(homelab.world("2026-05-19T12:00:01Z")["incidents"]), 0)

    def test_services_expire_with_their_incidents(self):
        homelab = Homelab("vps").event("12:00:00", "vps", "service_unhealthy", service="a")
        edge = homelab.world("2026-05-19T12:00:00Z")
        self.assertEqual((len(edge["services"]), len(edge["incidents"])), (1, 1))
        after = homelab.world("2026-05-19T12:00:01Z")
        self.assertEqual((after["services"], after["incidents"]), ({}, {}))
        self.assertEqual(after["nodes"]["vps"]["active_incidents"], [])

    def test_declared_and_bad_hosts_lose_nothing(self):
        for content in ("services: {a: {}}", "services: ["):
            homelab = Homelab("vps", hosts={"vps": content})
            homelab.event("12:00:00", "vps", "service_unhealthy", service="a")
            world = homelab.world("2026-06-19T12:00:01Z")
            self.assertEqual((len(world["services"]), len(world["incidents"])), (1, 1))

    def test_forgotten_with_the_first_event_of_a_day(self):
        homelab = Homelab("vps").event("2026-01-01T00:00:00Z", "vps", "service_unhealthy",
                                       service="a")
        homelab.event("2026-01-02T00:00:00Z", "vps", "service_healthy", service="a")
        options = {"options": project.Options(1000 * instant.DAY, 1000 * instant.DAY,
                                              1000 * instant.DAY)}
        homelab.event("2026-02-01T12:00:00Z", "vps", "x")     # D - 30 days is January 2nd
        self.assertEqual(len(homelab.world(NOON, **options)["incidents"]), 1)
        homelab.event("2026-02-02T00:00:00Z", "vps", "x")
        self.assertEqual(len(homelab.world(NOON, **options)["incidents"]), 0)
        homelab.event("2026-05-02T23:00:00Z", "vps", "x")     # D - 120 days is January 2nd
        self.assertEqual(len(homelab.world(NOON, **options)["services"]), 1)
        homelab.event("2026-05-03T00:00:00Z", "vps", "x")
        self.assertEqual(len(homelab.world(NOON, **options)["services"]), 0)

    def test_incident_limit(self):
        homelab = Homelab("vps")
        lines = []
        for i in range(2501):
            for tenth, type_ in ((1, "service_unhealthy"), (2, "service_healthy")):
                lines.append({"timestamp": "2026-05-12T%02d:%02d:%02d.%dZ"
                              % (i // 3600, i // 60 % 60, i % 60, tenth),
                              "node": "vps", "type": type_, "payload": {"services": ["b", "a"]}})
        for i, line in enumerate(lines):
            homelab.places["events/vps/x.jsonl", i] = json.dumps(line).encode()
        incidents = homelab.world()["incidents"]
        self.assertEqual(len(incidents), 5000)
        first = "inc-%d-vps-" % (at("2026-05-12T00:00:00Z") // instant.SECOND)
        self.assertNotIn(first + "b", incidents)   # resolved first: in the order of the event
        self.assertNotIn(first + "a", incidents)


class Deployments(unittest.TestCase):
    def test_one_run(self):
        homelab = Homelab("vps")
        homelab.event("12:00:00", "vps", "deployment_started", correlation_id="d", source="ci",
                      service="web", message="go", payload={"stage": "prepare"})
        homelab.event("12:01:30.9", "vps", "deployment_failed", correlation_id="d",
                      payload={"stage": "verify", "services": ["db"], "log_path": "l",
                               "diagnostics": ["x", {"path": "y"}, 3, ["z"]], "log_file": "x"})
        self.assertEqual(homelab.world()["deployments"], {"d": {
            "id": "d", "status": "failed", "nodes": ["vps"], "services": ["db", "web"],
            "node": "vps", "service": "db", "source": "ci", "stage": "verify", "attempts": 1,
            "started_at": "2026-05-12T12:00:00Z", "ended_at": "2026-05-12T12:01:30.9Z",
            "duration_seconds": 90, "message": "go", "diagnostics": ["x", "y", "l"]}})

    def test_again(self):
        homelab = Homelab("vps")
        for time, type_ in [("12:00:00", "started"), ("12:01:00", "failed"),
                            ("12:02:00", "started")]:
            homelab.event(time, "vps", "deployment_" + type_, correlation_id="d")
        run = homelab.world()["deployments"]["d"]
        self.assertEqual((run["status"], run["attempts"], run["started_at"], run["ended_at"],
                          run["service"]),
                         ("in_progress", 2, "2026-05-12T12:00:00Z", None, None))

    def test_joined(self):
        homelab = Homelab("a", "b")
        homelab.event("12:00:00", "b", "deployment_started", correlation_id="d", source="b",
                      service="all")
        homelab.event("12:00:10", "a", "deployment_started", correlation_id="d", source="a")
        homelab.event("12:01:00", "b", "deployment_failed", correlation_id="d", message="broken")
        run = homelab.world()["deployments"]["d"]
        self.assertEqual((run["status"], run["source"], run["ended_at"]),
                         ("in_progress", "b", None))
        homelab.event("12:02:00", "a", "deployment_completed", correlation_id="d", message="fine")
        run = homelab.world()["deployments"]["d"]
        self.assertEqual((run["status"], run["source"], run["message"], run["ended_at"],
                          run["nodes"], run["services"], run["duration_seconds"]),
                         ("failed", "b", "broken", "2026-05-12T12:02:00Z", ["a", "b"], ["all"],
                          120))

    def test_of_equals_the_first_by_name(self):
        homelab = Homelab("a", "b")
        for node in ("b", "a"):
            homelab.event("12:00:00", node, "deployment_started", correlation_id="d", source=node)
        self.assertEqual(homelab.world()["deployments"]["d"]["source"], "a")

    def test_without_correlation(self):
        homelab = Homelab("vps")
        homelab.event("12:00:00", "vps", "deployment_started", payload={"services": ["b", "a"]})
        homelab.event("12:00:00.5", "vps", "deployment_started", service="a")
        homelab.event("12:00:20", "vps", "deployment_started", service="a")
        homelab.event("12:01:00", "vps", "deployment_completed", service="a")
        homelab.event("12:02:00", "vps", "deployment_failed", service="z")
        runs = homelab.world()["deployments"]
        self.assertEqual(
            {key: (run["status"], run["attempts"], run["started_at"]) for key, run in runs.items()},
            {"dep-1778587200-vps-a": ("in_progress", 2, "2026-05-12T12:00:00Z"),
             "dep-1778587220-vps-a": ("completed", 1, "2026-05-12T12:00:20Z"),
             "dep-1778587320-vps-z": ("failed", 0, None)})
        homelab.event("12:03:00", "vps", "deployment_completed", service="a")
        runs = homelab.world()["deployments"]
        self.assertEqual(runs["dep-1778587200-vps-a"]["status"], "completed")

    def test_first_of_none_is_all(self):
        homelab = Homelab("vps").event("12:00:00", "vps", "deployment_started")
        run = homelab.world()["deployments"]["dep-1778587200-vps-all"]
        self.assertEqual((run["services"], run["service"]), ([], None))

    def test_made_run_yields(self):
        homelab = Homelab("a", "a-b")
        homelab.event("12:00:00", "a", "deployment_started", service="b-c")
        homelab.event("12:00:00", "a-b", "deployment_started", service="c")
        homelab.event("12:00:00", "a-b", "deployment_started",
                      correlation_id="dep-1778587200-a-b-c")
        base = "dep-1778587200-a-b-c"
        runs = homelab.world()["deployments"]
        self.assertEqual({key: (run["nodes"], run["services"]) for key, run in runs.items()},
                         {base: (["a-b"], []), base + "-2": (["a"], ["b-c"]),
                          base + "-3": (["a-b"], ["c"])})

    def test_stalled_and_pruned(self):
        homelab = Homelab("vps").event("12:00:00", "vps", "deployment_started", service="a")

        def statuses(now):
            return [run["status"] for run in homelab.world(now)["deployments"].values()]
        self.assertEqual(statuses("18:00:00"), ["in_progress"])
        self.assertEqual(statuses("18:00:00.000000001"), ["stalled"])
        self.assertEqual(statuses("2026-08-10T12:00:00Z"), ["stalled"])
        self.assertEqual(statuses("2026-08-10T12:00:01Z"), [])

    def test_limit(self):
        homelab = Homelab("vps")
        for i in range(1001):
            homelab.event("11:%02d:%02d" % (i // 60, i % 60), "vps", "deployment_started",
                          correlation_id="d%d" % i)
        runs = homelab.world()["deployments"]
        self.assertEqual(len(runs), 1000)
        self.assertNotIn("d0", runs)


class Summary(unittest.TestCase):
    def test_nominal(self):
        homelab = Homelab("vps").event("12:20:00", "vps", "node_online")
        self.assertEqual(homelab.status(), "NOMINAL")

    def test_critical(self):
        homelab = Homelab("vps").event("12:20:00", "vps", "service_unhealthy", service="a")
        self.assertEqual(homelab.status(), "DEGRADED")
        homelab.event("12:21:00", "vps", "service_unhealthy", service="a", severity="critical")
        self.assertEqual(homelab.status(), "CRITICAL")
        homelab.event("12:22:00", "vps", "service_healthy", service="a")
        self.assertEqual(homelab.status(), "NOMINAL")

    def test_dead_nodes(self):
        for connectivity, expected in (("permanent", "CRITICAL"), ("intermittent", "DEGRADED")):
            topology = "nodes: {vps: {connectivity: %s}}" % connectivity
            homelab = Homelab(topology=topology).event("12:00:00", "vps", "node_online")
            self.assertEqual(homelab.status("12:16:00"), expected)
            homelab.event("12:01:00", "vps", "node_offline")
            self.assertEqual(homelab.status("12:02:00"), expected)

    def test_unknown_nodes(self):
        self.assertEqual(Homelab("vps").status(), "DEGRADED")
        for quiet in ("connectivity: intermittent", "heartbeat_ttl: 0"):
            self.assertEqual(Homelab(topology="nodes: {vps: {%s}}" % quiet).status(), "NOMINAL")

    def test_drift(self):
        homelab = Homelab("vps", "mute", hosts={
            "vps": "services: {gone: {}, quiet: {heartbeat_ttl: 5m}, off: {monitor: no}, ok: {}}",
            "mute": "services: {0123456789ab_x: {}, lost: {}}"})
        homelab.event("12:00:00", "vps", "service_healthy",
                      payload={"services": ["quiet", "ok", "extra", "extra2"]})
        homelab.event("12:00:00", "vps", "service_unhealthy", service="all")
        homelab.event("12:29:00", "vps", "node_online")
        drift = homelab.world()["runtime-summary"]["drift"]
        self.assertEqual(drift, {"missing": ["mute/lost", "vps/gone"], "silent": ["vps/quiet"],
                                 "undeclared": ["vps/extra", "vps/extra2"]})
        drift = homelab.world("13:00:00")["runtime-summary"]["drift"]   # vps is stale now
        self.assertEqual(drift["silent"], [])

    def test_no_drift_without_a_host_file(self):
        homelab = Homelab("vps").event("12:20:00", "vps", "service_healthy", service="a")
        self.assertEqual(homelab.world()["runtime-summary"]["drift"],
                         {"missing": [], "silent": [], "undeclared": []})

    def test_bad_host(self):
        homelab = Homelab("vps", hosts={"vps": "services: 7"})
        homelab.event("12:20:00", "vps", "service_healthy", service="a")
        summary = homelab.world()["runtime-summary"]
        self.assertEqual(summary["status"], "DEGRADED")
        self.assertTrue(summary["inventory_errors"][0].startswith("hosts/vps/services.yaml:1:11: "))
        self.assertEqual(summary["drift"]["undeclared"], [])

    def test_newest_deployment(self):
        homelab = Homelab("vps").event("12:29:00", "vps", "node_online")

        def run(start, end, id_, kind, **fields):
            homelab.event(start, "vps", "deployment_started", correlation_id=id_, **fields)
            homelab.event(end, "vps", "deployment_" + kind, correlation_id=id_)
        run("12:00:00", "12:01:00", "one", "failed", service="a")
        self.assertEqual(homelab.status(), "DEGRADED")
        run("12:02:00", "12:03:00", "two", "completed", service="b")
        self.assertEqual(homelab.status(), "DEGRADED")
        run("12:04:00", "12:05:00", "three", "completed")     # of no service: of every one
        self.assertEqual(homelab.status(), "NOMINAL")
        run("12:04:00", "12:05:00", "Three", "failed", service="a")   # of equals the lesser id
        self.assertEqual(homelab.status(), "NOMINAL")
        run("12:04:00", "12:05:00", "zeta", "failed", service="c")    # the greater
        self.assertEqual(homelab.status(), "DEGRADED")

    def test_old_failures_do_not_matter(self):
        homelab = Homelab(topology="nodes: {vps: {heartbeat_ttl: 0}}")
        homelab.event("12:00:00", "vps", "deployment_failed", correlation_id="d")
        self.assertEqual(homelab.status("2026-05-19T12:00:00Z"), "DEGRADED")
        self.assertEqual(homelab.status("2026-05-19T12:00:01Z"), "NOMINAL")

    def test_pressure(self):
        homelab = Homelab("vps").event("12:20:00", "vps", "high_cpu")
        self.assertEqual(homelab.status(), "DEGRADED")

    def test_digests_and_times(self):
        homelab = Homelab("vps").event("12:20:00", "vps", "x")
        files = oracle.world_of(homelab.places, homelab.inventory, at("2026-05-12T12:30:00.25Z"))
        summary = json.loads(files["runtime-summary.json"])
        self.assertEqual((summary["last_update"], summary["generated_at"]),
                         ("2026-05-12T12:30:00Z", "2026-05-12T12:30:00.25Z"))
        self.assertNotIn("observation", summary)
        for name, digest in summary["files"].items():
            self.assertEqual(digest, {"bytes": len(files[name]),
                                      "sha256": hashlib.sha256(files[name]).hexdigest()})

    def test_deploy(self):
        with tempfile.TemporaryDirectory() as root:
            self.assertIsNone(oracle.read_deploy(root))
            os.makedirs(root + "/state/deploy")
            with open(root + "/state/deploy/current_stage", "w") as file:
                file.write("  verify now\n")
            with open(root + "/state/deploy/last_service", "w") as file:
                file.write("x" * 129)
            self.assertEqual(oracle.read_deploy(root),
                             {"current_stage": "verify", "last_service": None})

    def test_unplaced(self):
        homelab = Homelab("vps").event("12:00:00", "vps", "x").event("12:01:00", "vps", "y")
        unplaced = {next(iter(homelab.places))}
        world = homelab.world(unplaced=unplaced)
        self.assertEqual(world["runtime-summary"]["events"]["by_type"], {"y": 1})


if __name__ == "__main__":
    unittest.main()
