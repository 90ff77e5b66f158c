"""Decode: the bytes of one event (a file, or a line of a .jsonl) into an Event or a Reject."""

import dataclasses
import re

import instant
import naming
import strictjson

SIZE_LIMIT = 1048576   # E4
DEPTH_LIMIT = 32       # E1, the event itself being the first level
NAMES_LIMIT = 256      # E9: service names of one event

_TYPE = re.compile(r"[a-z0-9_]{1,64}")

SEVERITIES = ["info", "warning", "error", "critical"]  # ascending

FAILURES = {"service_unhealthy", "healthcheck_failed", "containers_not_running",
            "mqtt_unreachable", "container_crashed", "container_crash_loop", "service_shutdown",
            "container_isolated"}
RECOVERIES = {"service_healthy", "service_recovered"}

# The types written literally in the table of section 4, with their ranks. All others have rank 1.
RANKS = {
    "service_unhealthy": 0,
    "healthcheck_failed": 0,
    "containers_not_running": 0,
    "mqtt_unreachable": 0,
    "container_crashed": 0,
    "container_crash_loop": 0,
    "service_shutdown": 0,
    "container_isolated": 0,
    "container_removed": 2,
    "service_healthy": 2,
    "service_recovered": 2,
    "deployment_started": 0,
    "deployment_completed": 2,
    "deployment_failed": 2,
    "remediation_started": 0,
    "remediation_completed": 2,
    "node_offline": 0,
    "node_online": 2,
    "node_health": 2,
    "disk_pressure": 1,
    "high_memory": 1,
    "high_cpu": 1,
    "disk_usage_high": 1,
}


@dataclasses.dataclass
class Event:
    """What a usable event says, cut to size (E9). What it doesn't say is None."""

    timestamp: int          # an instant, in nanoseconds
    node: str               # as it is in the event: the node or one of its aliases
    type: str
    severity: str           # always one of SEVERITIES
    source: str
    says_all: bool          # the top-level `service` is `all`
    names: list             # F3: the services it names, ghosts among them
    correlation_id: str
    message: str
    payload: dict           # may be empty
    dirname: str            # the directory's node name
    path: str = ""          # relative to ROOT; the place is (path, offset), E6
    offset: int = 0

    @property
    def rank(self):
        return RANKS.get(self.type, 1)

    @property
    def order(self):
        """E7."""
        return (self.timestamp, self.rank, self.dirname.encode(),
                self.path.encode("utf-8", "surrogateescape"), self.offset)


@dataclasses.dataclass
class Reject:
    """An unusable event (E4): one of `name size json depth object node type timestamp service`."""

    reason: str


def decode_event(data, dirname, names):
    """The Event that data holds, or a Reject.

    names: the texts that may be in its `node`, which are the node's name and its aliases.
    """
    if len(data) > SIZE_LIMIT:
        return Reject("size")
    try:
        event = strictjson.parse(data, DEPTH_LIMIT)
    except strictjson.NotJson:
        return Reject("json")
    except strictjson.TooDeep:
        return Reject("depth")
    if not isinstance(event, dict):
        return Reject("object")

    node = text_of(event, "node")
    if node is None or not naming.is_node(node) or node not in names:
        return Reject("node")
    type_ = text_of(event, "type")
    if type_ is None or not _TYPE.fullmatch(type_):
        return Reject("type")
    timestamp = instant.parse(text_of(event, "timestamp") or "")
    if timestamp is None:
        return Reject("timestamp")
    service = text_of(event, "service")
    if service is not None and not naming.is_service(service):
        return Reject("service")

    payload = payload_of(event)
    severity = text_of(event, "severity")
    if severity not in SEVERITIES:
        severity = "error" if type_ in FAILURES else "info"
        if type_ == "container_crash_loop":
            severity = "critical"
    correlation_id = text_of(event, "correlation_id")
    if correlation_id is not None and len(correlation_id.encode()) > 128:
        correlation_id = None
    return Event(
        timestamp=timestamp,
        node=node,
        type=type_,
        severity=severity,
        source=cut(text_of(event, "source"), 128),
        says_all=service == "all",
        names=names_of(service, payload),
        correlation_id=correlation_id,
        message=cut(text_of(event, "message") or text_of(payload, "message"), 1024),
        payload=payload,
        dirname=dirname,
    )


def text_of(object_, key):
    """A string that isn't empty; everything else counts as missing (E1)."""
    value = object_.get(key)
    return value if isinstance(value, str) and value else None


def payload_of(event):
    """`payload`, or `details` where that is missing (section 2)."""
    for key in ("payload", "details"):
        value = event.get(key)
        if isinstance(value, dict) and value:
            return value
    return {}


def names_of(service, payload):
    """F3: which services an event names."""
    if service is not None and service != "all":
        return [service]
    for key in ("service", "services", "containers"):
        value = payload.get(key)
        if key == "service":
            candidates = [value]
        else:
            candidates = value if isinstance(value, list) else []
        names = []
        for name in candidates:
            if (isinstance(name, str) and naming.is_service(name) and name != "all"
                    and name not in names and len(names) < NAMES_LIMIT):
                names.append(name)
        if names:
            return names
    return []


def cut(text, size):
    """E9: at most size bytes of UTF-8, cut at a character."""
    if text is None:
        return None
    return text.encode()[:size].decode("utf-8", "ignore")
