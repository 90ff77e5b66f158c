"""Inventory: which nodes there are and what should run on them (section 3)."""

import dataclasses
import os

import yaml

import instant
import naming
import strictjson

TOPOLOGY = "inventory/topology.yaml"
BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
LOADER = yaml.BaseLoader  # pure Python; takes all scalars as text
DEFAULT_NODE_TTL = 15 * instant.MINUTE
DEFAULT_SERVICE_TTL = 24 * instant.HOUR


@dataclasses.dataclass
class Node:
    roles: list = dataclasses.field(default_factory=list)
    heartbeat_ttl: int = DEFAULT_NODE_TTL    # 0 = never
    connectivity: str = "permanent"


@dataclasses.dataclass
class Declaration:
    role: str = None
    monitor: bool = True
    heartbeat_ttl: int = DEFAULT_SERVICE_TTL  # 0 = never


@dataclasses.dataclass
class Host:
    """A hosts/NODE/services.yaml: a good one, or (error is set) a bad one."""

    services: dict = dataclasses.field(default_factory=dict)  # name -> Declaration
    error: str = None


@dataclasses.dataclass
class Inventory:
    topology: str = "absent"    # present, stale, absent
    nodes: dict = dataclasses.field(default_factory=dict)    # name -> Node
    aliases: dict = dataclasses.field(default_factory=dict)  # alias -> name
    hosts: dict = dataclasses.field(default_factory=dict)    # node -> Host, where there is a file
    errors: list = dataclasses.field(default_factory=list)   # of topology and alias map

    def node_of(self, dirname):
        """The node a directory belongs to, None where it isn't to be read (I4, I6)."""
        if dirname in self.nodes:
            return dirname
        node = self.aliases.get(dirname, dirname)
        if self.topology == "absent" or node in self.nodes:
            return node
        return None

    def names_of(self, node):
        """The texts that may be in the `node` of a node's events (I4)."""
        return {node} | {alias for alias, name in self.aliases.items() if name == node}


class NoInventory(Exception):
    """I2: there is no good topology and never was: nothing can be published."""

    def __init__(self, errors):
        super().__init__("; ".join(errors))
        self.errors = errors


class Bad(Exception):
    """What makes a file bad, and where (1-based)."""

    def __init__(self, reason, line=1, column=1):
        super().__init__(reason)
        self.place = "%d:%d: %s" % (line, column, reason)


class Missing(Bad):
    """There is no such file."""


def load(repo, alias_map_json=None, no_topology=False, last_good=None):
    """The inventory of repo. last_good: the Inventory of an earlier run, if there was a good one.

    Raises NoInventory.
    """
    errors = []
    extra_aliases = {}
    try:
        extra_aliases = read_alias_map(alias_map_json)
    except Bad as bad:
        errors.append("NODE_ALIAS_MAP:" + bad.place)

    path = os.path.join(repo, TOPOLOGY)
    inventory = Inventory(aliases=extra_aliases)
    if not no_topology:
        try:
            inventory = read_topology(read(path), extra_aliases)
        except Missing as missing:
            if last_good is not None:  # I2: it was there before
                errors.append(TOPOLOGY + ":" + missing.place)
        except Bad as bad:
            errors.append(TOPOLOGY + ":" + bad.place)
    if errors:
        if no_topology or last_good is None:
            raise NoInventory(sorted(errors))
        inventory = Inventory("stale", last_good.nodes, last_good.aliases)
    inventory.errors = sorted(errors)
    inventory.hosts = read_hosts(repo, inventory)
    return inventory


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Missing("is gone") from error
    except OSError as error:
        raise Bad("cannot be read: %s" % error.strerror) from error


def read_alias_map(text):
    """I4: NODE_ALIAS_MAP, a JSON object, alias to name."""
    if not text:
        return {}
    try:
        aliases = strictjson.parse(os.fsencode(text))
    except (strictjson.NotJson, strictjson.TooDeep) as error:
        raise Bad("not JSON") from error
    if not isinstance(aliases, dict):
        raise Bad("not an object")
    for alias, name in aliases.items():
        if not naming.is_node(alias) or not isinstance(name, str) or not naming.is_node(name):
            raise Bad("not a node name")
    return aliases


def read_topology(data, extra_aliases=None):
    """An Inventory without hosts from the bytes of a topology.yaml."""
    root = compose(data)
    if root is None:
        raise Bad("lists no node")
    top = mapping(root)
    if "nodes" not in top:
        raise bad_at(root, "lists no node")
    nodes, aliases = {}, {}
    listed_aliases = []
    if not has_no_value(top["nodes"]):
        for key, value in mapping_pairs(top["nodes"]):
            name = key_text(key)
            if not naming.is_node(name):
                raise bad_at(key, "not a node name")
            nodes[name], own_aliases = read_node(value)
            listed_aliases += [(name, alias) for alias in own_aliases]
    if not nodes:
        raise bad_at(top["nodes"], "lists no node")
    for name, alias in listed_aliases:
        if alias.value in nodes:
            continue  # I4: a name in the topology is never an alias
        if aliases.setdefault(alias.value, name) != name:
            raise bad_at(alias, "an alias of two nodes")
    for alias, name in (extra_aliases or {}).items():
        if alias not in nodes:
            aliases.setdefault(alias, name)
    return Inventory("present", nodes, aliases)


def read_node(value):
    """A Node and the scalars of its aliases."""
    node = Node()
    aliases = []
    if has_no_value(value):
        return node, aliases
    keys = mapping(value)
    if given(keys, "roles"):
        node.roles = [text(role) for role in sequence(keys["roles"])]
    if given(keys, "aliases"):
        aliases = sequence(keys["aliases"])
        for alias in aliases:
            if not naming.is_node(text(alias)):
                raise bad_at(alias, "not a node name")
    if given(keys, "heartbeat_ttl"):
        node.heartbeat_ttl = duration(keys["heartbeat_ttl"])
    if given(keys, "connectivity"):
        node.connectivity = text(keys["connectivity"])
        if node.connectivity not in ("permanent", "intermittent"):
            raise bad_at(keys["connectivity"], "neither permanent nor intermittent")
    return node, aliases


def read_hosts(repo, inventory):
    """The Host of each node that has a file; without topology of every directory of hosts/."""
    if inventory.topology == "absent":
        try:
            nodes = [name for name in os.listdir(os.path.join(repo, "hosts"))
                     if naming.is_node(name)]
        except OSError:
            nodes = []
    else:
        nodes = inventory.nodes
    hosts = {}
    for node in nodes:
        path = "hosts/%s/services.yaml" % node
        try:
            hosts[node] = Host(read_services(read(os.path.join(repo, path))))
        except Missing:
            continue
        except Bad as bad:
            hosts[node] = Host(error=path + ":" + bad.place)
    return hosts


def read_services(data):
    """name -> Declaration, from the bytes of a services.yaml (I5)."""
    root = compose(data)
    if root is None:
        raise Bad("has no services")
    top = mapping(root)
    if "services" not in top:
        raise bad_at(root, "has no services")
    services = {}
    if has_no_value(top["services"]):
        return services
    for key, value in mapping_pairs(top["services"]):
        name = key_text(key)
        if not naming.is_service(name):
            raise bad_at(key, "not a service name")
        services[name] = read_declaration(value)
    return services


def read_declaration(value):
    declaration = Declaration()
    if has_no_value(value):
        return declaration
    keys = mapping(value)
    if given(keys, "role"):
        declaration.role = text(keys["role"])
    if given(keys, "monitor"):
        word = text(keys["monitor"]).lower()
        if word not in BOOLEANS:
            raise bad_at(keys["monitor"], "neither true nor false")
        declaration.monitor = BOOLEANS[word]
    if given(keys, "heartbeat_ttl"):
        declaration.heartbeat_ttl = duration(keys["heartbeat_ttl"])
    return declaration


# YAML: nodes of the yaml module, with their places (I1)

def compose(data):
    """The root of the only document; None where there is none."""
    try:
        root = yaml.compose(data, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = error.problem or error.context or "not YAML"
        if mark is None:
            raise Bad(reason) from error
        raise Bad(reason, mark.line + 1, mark.column + 1) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Bad("not YAML") from error
    check(root, set())
    return root


def check(node, seen):
    """Refuse duplicate keys anywhere in the file (I1), U+0000 and halves of surrogate pairs."""
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        if any(c == "\0" or 0xD800 <= ord(c) <= 0xDFFF for c in node.value):
            raise bad_at(node, "a character that cannot be")
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            check(item, seen)
    else:
        keys = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in keys:
                    raise bad_at(key, "a duplicate key")
                keys.add(key.value)
            check(key, seen)
            check(value, seen)


def bad_at(node, reason):
    return Bad(reason, node.start_mark.line + 1, node.start_mark.column + 1)


def has_no_value(node):
    """I1: empty, or a plain `~` or `null`."""
    if not isinstance(node, yaml.ScalarNode):
        return False
    return node.value == "" or (not node.style and node.value in ("~", "null"))


def given(keys, key):
    """Is there such a key, with a value?"""
    return key in keys and not has_no_value(keys[key])


def mapping_pairs(node):
    if not isinstance(node, yaml.MappingNode):
        raise bad_at(node, "not a mapping")
    return node.value


def mapping(node):
    """A mapping's values by the text of their keys; keys that are no scalars are passed over."""
    return {key.value: value for key, value in mapping_pairs(node)
            if isinstance(key, yaml.ScalarNode)}


def key_text(node):
    """A key's text, even if that is `null`."""
    if not isinstance(node, yaml.ScalarNode):
        raise bad_at(node, "not a text")
    return node.value


def sequence(node):
    if not isinstance(node, yaml.SequenceNode):
        raise bad_at(node, "not a list")
    return node.value


def text(node):
    """A scalar's text. Where it has no value it is bad: callers ask that before."""
    if not isinstance(node, yaml.ScalarNode) or has_no_value(node):
        raise bad_at(node, "not a text")
    return node.value


def duration(node):
    length = instant.parse_duration(text(node))
    if length is None:
        raise bad_at(node, "not a duration")
    return length
