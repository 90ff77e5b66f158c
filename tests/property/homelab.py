"""A random homelab: machines with their names, services and inventory texts."""

import json

from event import GHOSTS

NAMES = ("vps", "piha", "saturn", "a", "a-b", "a-b-c", "9node", "UP", "node_1",
         "chelsty-infra", "x.y", "0", "n" * 63, "pi-2", "Mars", "2026-05")
OLD_NAMES = ("chelsty", "vps-old", "a-c", "old.name", "pi", "b", "jupiter",
             "1-2-3", "z_z", "Vps", "deadbeef0123", "x" * 60)
SERVICES = ("web", "b", "c", "b-c", "c-2", "2", "mosquitto", "web app", "café",
            "日本", "web-2", "traefik", "quo\"te\\", "x" * 128, "all-in-one",
            "node-agent", "\u0080odd", "0123456789ab", "A", "~", "null", "#1",
            "a: b", "- x", "'q'", "s.p", "2-2")
ROLES = ("infra", "monitoring", "edge", "nas", "yes", "1e3", "a b", "é")
TTLS = ("30s", "15m", "6h", "7d", "0", "1", "900", "0s", "24h", "1d", "300",
        "26h")


class Machine:
    """A machine: the name it has, the names it had, what runs on it."""

    def __init__(self, name, old_names, services):
        self.name = name
        self.old_names = old_names
        self.services = services
        self.declared = None      # service -> settings; None: no services.yaml
        self.settings = {}        # of topology.yaml

    def names(self):
        return [self.name] + self.old_names


def make_machines(rng, count):
    """Machines whose names and services make ids that look alike likely."""
    if rng.random() < 0.5:
        pool = ["a", "a-b", "a-b-c", "9node", "vps"] + rng.sample(NAMES, 6)
        pool = list(dict.fromkeys(pool))
    else:
        pool = list(NAMES)
        rng.shuffle(pool)
    if rng.random() < 0.5:
        services = ["b", "c", "b-c", "c-2", "2", "2-2"] + rng.sample(SERVICES, 4)
    else:
        services = rng.sample(SERVICES, 9)
    services = list(dict.fromkeys(services))
    old = list(OLD_NAMES)
    rng.shuffle(old)
    machines = []
    for name in pool[:count]:
        taken = [old.pop() for _ in range(rng.choice((0, 0, 1, 1, 2)))
                 if old]
        machines.append(Machine(name, taken, rng.sample(
            services, rng.randint(2, min(6, len(services))))))
    return machines


def random_settings(rng):
    """What topology.yaml may say of a node."""
    settings = {}
    if rng.random() < 0.5:
        settings["roles"] = rng.sample(ROLES, rng.randint(0, 3))
    if rng.random() < 0.5:
        settings["heartbeat_ttl"] = rng.choice(TTLS)
    if rng.random() < 0.4:
        settings["connectivity"] = rng.choice(("permanent", "intermittent"))
    if rng.random() < 0.2:
        settings["services"] = rng.sample(SERVICES[:12], 2)
    if rng.random() < 0.15:
        settings[rng.choice(("site", "Roles", "notes"))] = rng.choice(
            ("home", [], {"a": ["b"]}, None))
    return settings


def random_declarations(rng, machine):
    """What a services.yaml may declare."""
    names = rng.sample(machine.services, rng.randint(0, len(machine.services)))
    if rng.random() < 0.5:
        names += rng.sample(SERVICES, rng.randint(0, 2))
    if rng.random() < 0.1:
        names.append(rng.choice(GHOSTS))
    declared = {}
    for name in names:
        settings = {}
        if rng.random() < 0.4:
            settings["role"] = rng.choice(ROLES + (None,))
        if rng.random() < 0.3:
            settings["monitor"] = rng.choice(
                ("true", "false", "yes", "no", "on", "off", "False", "NO"))
        if rng.random() < 0.5:
            settings["heartbeat_ttl"] = rng.choice(TTLS)
        if rng.random() < 0.15:
            settings["depends_on"] = {"local": [], "external": ["vps/traefik"]}
        if rng.random() < 0.1:
            settings["image"] = "x:y"
        declared[name] = settings or None
    return declared


# -- YAML -------------------------------------------------------------------

PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                  "0123456789._/-")


def scalar(rng, value):
    """A scalar that reads back as that text."""
    if value is None:
        return rng.choice(("", "~", "null"))
    text = str(value)
    plain = (text and set(text) <= PLAIN and text[0].isalnum()
             and text not in ("null", "Null", "NULL"))
    if plain and rng.random() < 0.8:
        return text
    if text.isprintable() and rng.random() < 0.3:
        return "'%s'" % text.replace("'", "''")
    return json.dumps(text, ensure_ascii=rng.random() < 0.5 or
                      not text.isprintable())


def flow(rng, value):
    if isinstance(value, dict):
        return "{%s}" % ", ".join(
            "%s: %s" % (scalar(rng, k), flow(rng, v)) for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return "[%s]" % ", ".join(flow(rng, v) for v in value)
    return scalar(rng, value) if value is not None else "~"


def block(rng, value, indent):
    """Lines of a mapping in block style, its values in either."""
    pad, lines = " " * indent, []
    for key, inner in value.items():
        head = "%s%s:" % (pad, scalar(rng, key))
        comment = "  # note: [" if rng.random() < 0.08 else ""
        if isinstance(inner, dict) and inner and rng.random() < 0.75:
            lines.append(head + comment)
            lines += block(rng, inner, indent + rng.choice((1, 2, 2, 4)))
        elif isinstance(inner, (list, tuple)) and inner and rng.random() < 0.3:
            lines.append(head + comment)
            lines += ["%s  - %s" % (pad, scalar(rng, item)) for item in inner]
        elif isinstance(inner, (dict, list, tuple)):
            lines.append("%s %s%s" % (head, flow(rng, inner), comment))
        else:
            lines.append(("%s %s" % (head, scalar(rng, inner))).rstrip() +
                         comment)
        if rng.random() < 0.04:
            lines.append("")
        if rng.random() < 0.04:
            lines.append("# %s" % rng.choice(("a comment", "\tx", "é: {")))
    return lines


def document(rng, value):
    lines = block(rng, value, 0)
    if rng.random() < 0.15:
        lines.insert(0, "---")
    elif rng.random() < 0.1:
        lines.insert(0, "# inventory")
    text = "\n".join(lines)
    return (text + ("\n" if rng.random() < 0.95 else "")).encode()


def topology_text(rng, nodes, aliases):
    """topology.yaml of these nodes (Machines by name) and their aliases."""
    table = {}
    for name, machine in nodes.items():
        settings = dict(machine.settings)
        if aliases.get(name):
            settings["aliases"] = list(aliases[name])
        elif rng.random() < 0.1:
            settings["aliases"] = []
        table[name] = settings or rng.choice((None, {}))
    top = {"nodes": table}
    if rng.random() < 0.1:
        top = {"version": "1", **top}
    return document(rng, top)


def services_text(rng, declared):
    return document(rng, {"services": dict(declared)})


BAD_TOPOLOGIES = (
    b"nodes:\n\tvps: {}\n", b"nodes: [\n", b"nodes:\n  vps: {}\n  vps: {}\n",
    b"\xff\xfe\x00", b"nodes:\n  -bad: {}\n", b"- vps\n", b"just text\n",
    b"nodes:\n  vps: {heartbeat_ttl: 5x}\n", b"nodes:\n  vps: {roles: {}}\n",
    b"nodes:\n  vps: {}\n---\nnodes:\n  vps: {}\n", b"nodes: [vps]\n",
    b"nodes:\n  vps: {aliases: [q]}\n  piha: {aliases: [q]}\n",
    b"nodes:\n  vps: {heartbeat_ttl: [1]}\n", b"nodes: {vps: {}, 'a b': {}}\n",
    b"nodes:\n  vps: {}\nnodes:\n  piha: {}\n", b"nodes:\n  vps: text\n",
    b"nodes:\n  vps: {heartbeat_ttl: -1}\n", b"{", b"nodes:\n vps:\n  a\n b\n")
EMPTY_TOPOLOGIES = (b"", b"nodes:\n", b"nodes: {}\n", b"# nothing\n",
                    b"other: 1\n", b"---\n", b"nodes: ~\n", b"{}\n")
BAD_SERVICES = (
    b"services:\n  web: {}\n  web: {}\n", b"", b"services: [\n", b"web: {}\n",
    b"services:\n  web: {monitor: maybe}\n", b"services: [web]\n",
    b"services:\n  web: {heartbeat_ttl: soon}\n", b"\x00", b"services: text\n",
    b"services:\n  a/b: {}\n", b"services:\n  web: {role: [x]}\n", b"[]\n",
    b"services: {}\n---\nservices: {}\n", b"services:\n\tweb: {}\n")
BAD_ALIAS_MAPS = ("{", "[]", "{\"a\": 1}", "x", "{\"a\": \"b\"", "3",
                  "{\"a\":\"b\",\"a\":\"c\"}")
