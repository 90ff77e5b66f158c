"""Fold: what the events of one node, in the order of E7, make of it (section 4)."""

import dataclasses

import containers
import decode
import instant
import naming

SERVICES_LIMIT = 1000         # F11, and names of one run (F11 read with E9)
INCIDENTS_LIMIT = 5000        # F11
DEPLOYMENTS_LIMIT = 1000      # F11
TYPES_LIMIT = 100             # F2: types not in the table
OCCURRENCES_LIMIT = 100       # F6: timestamps in `events`
METRICS_LIMIT = 64            # E9
DIAGNOSTICS_LIMIT = 16        # E9
SUSPECT_FOR = 10 * instant.MINUTE  # F16

CLEARED = {"cleared", "ok", "normal", "resolved", "none"}  # F1
PRESSURES = ["disk_pressure", "memory_pressure", "cpu_pressure"]
PRESSURE_TYPES = {"disk_pressure": "disk_pressure", "high_memory": "memory_pressure",
                  "high_cpu": "cpu_pressure"}


@dataclasses.dataclass
class Service:
    """F5."""

    status: str
    status_since: int
    last_seen: int
    last_healthy: int = None
    last_failure: int = None
    kept: containers.Containers = dataclasses.field(
        default_factory=containers.Containers)


@dataclasses.dataclass
class Incident:
    """F6, F7, F16."""

    id: str
    base_id: str              # without the suffix of F6
    service: str
    started_at: int
    event_type: str
    severity: str = "info"
    last_event_type: str = None
    last_occurrence: int = None
    source: str = None
    correlation_id: str = None
    message: str = None
    events: list = dataclasses.field(default_factory=list)
    occurrence_count: int = 0
    resolved_at: int = None
    resolved_by: str = None
    deployment: tuple = None  # F16: the key of a run
    remediation: dict = None  # started_at, completed_at, source
    touched: int = 0          # when in fold order its last occurrence was
    ended: int = 0            # when in fold order it was resolved

    @property
    def open(self):
        return self.resolved_at is None


@dataclasses.dataclass
class Run:
    """F8: what one node knows of a deployment."""

    id: str
    made: bool                # named by F9, not by a correlation_id
    first: str                # F9: the first service of the event that made it, or all
    status: str = None        # in_progress, completed, failed
    started_at: int = None
    ended_at: int = None
    last_event: int = None
    attempts: int = 0
    services: list = dataclasses.field(default_factory=list)
    says_all: bool = False
    source: str = None
    stage: str = None
    message: str = None
    diagnostics: list = dataclasses.field(default_factory=list)
    started: int = 0          # when in fold order its last start was
    touched: int = 0          # ... its last event
    ended: int = 0            # ... its last end

    @property
    def open(self):
        return self.status == "in_progress"


class Partition:
    """A node and all that is its own."""

    def __init__(self, node):
        self.node = node
        self.status = None
        self.status_since = None
        self.first_seen = None
        self.last_seen = None
        self.pressures = {name: None for name in PRESSURES}
        self.metrics = {}
        self.hours = set()        # UTC hours since 1970 in which an event is dated
        self.services = {}        # name -> Service
        self.incidents = []       # in the order they were opened
        self.runs = {}            # (made, id) -> Run, in the order they were made
        self.accepted = 0
        self.by_type = {}
        self.unscoped = 0
        self.ghosts = 0
        self.over_limit = 0
        self._own_types = set()   # F2: the first 100 that aren't in the table
        self._day = None
        self._step = 0            # counts what happens, in fold order

    def fold(self, event):
        """Fold one event more. None of those before comes after it in the order of E7."""
        over = self.over_limit
        self._fold_effect(event)
        if not self._fold_container(event):
            self.over_limit = over + 1  # once, whatever else was too much

    def _fold_effect(self, event):
        self._forget(event)
        self._see(event)
        self._fold_node(event)
        named = [name for name in event.names if not naming.is_ghost(name)]
        self.ghosts += len(event.names) - len(named)
        nameless = not event.names

        if event.type in decode.FAILURES:
            self._fold_failure(event, ["all"] if nameless and event.says_all else named)
        elif event.type in decode.RECOVERIES:
            everything = sorted(self.services, key=str.encode)
            self._fold_recovery(event, everything if nameless and event.says_all else named)
        elif event.type.startswith("remediation_") and event.type in decode.RANKS:
            self._fold_remediation(event, ["all"] if nameless and event.says_all else named)
        else:
            if event.type.startswith("deployment_") and event.type in decode.RANKS:
                self._fold_deployment(event, named)
            self._name_services(event, named)
            return
        if nameless and not event.says_all:
            self.unscoped += 1

    # The node (F1, F2)

    def _see(self, event):
        self.accepted += 1
        if self.first_seen is None:
            self.first_seen = event.timestamp
            self.last_seen = event.timestamp
        self.first_seen = min(self.first_seen, event.timestamp)
        self.last_seen = max(self.last_seen, event.timestamp)
        self.hours.add(event.timestamp // instant.HOUR)

        name = event.type
        if name not in decode.RANKS:
            if len(self._own_types) < TYPES_LIMIT:
                self._own_types.add(name)
            if name not in self._own_types:
                name = "other"
        self.by_type[name] = self.by_type.get(name, 0) + 1

    def _fold_node(self, event):
        if event.type == "node_offline":
            self._set_status(event, "offline")
        elif event.type in ("node_online", "node_health"):
            self._set_status(event, "online")
        elif self.status is None:
            self._set_status(event, "online")

        if event.type == "node_health":
            for pressure in PRESSURES:
                level = decode.text_of(event.payload, pressure)
                self.pressures[pressure] = _pressure(level)
            self.metrics = _metrics(event.payload)
        elif event.type in PRESSURE_TYPES:
            level = decode.text_of(event.payload, "level") or "high"
            self.pressures[PRESSURE_TYPES[event.type]] = _pressure(level)
        elif event.type == "disk_usage_high":
            self.pressures["disk_pressure"] = "high"
        else:
            for pressure in PRESSURES:
                prefix = pressure + "_"
                if event.type.startswith(prefix) and event.type != prefix:
                    self.pressures[pressure] = _pressure(event.type[len(prefix):])

    def _set_status(self, event, status):
        if self.status != status:
            self.status = status
            self.status_since = event.timestamp

    # Services and incidents (F3 to F7)

    def _fold_failure(self, event, names):
        for name in self._within_limit(event, names):
            service = self._set_service(event, name, "unhealthy")
            service.last_failure = event.timestamp
            incident = self._active_incident(name) or self._open_incident(event, name)
            self._add_occurrence(event, incident)

    def _fold_recovery(self, event, names):
        for name in self._within_limit(event, names):
            service = self._set_service(event, name, "healthy")
            service.last_healthy = event.timestamp
            incident = self._active_incident(name)
            if incident:
                incident.resolved_at = event.timestamp
                incident.resolved_by = event.type
                incident.ended = self._next_step()

    def _fold_remediation(self, event, names):
        self._name_services(event, names)
        for name in names:
            incident = self._latest_incident(name)
            if incident is None:
                continue
            if incident.remediation is None:
                incident.remediation = {"started_at": None, "completed_at": None, "source": None}
            if event.type == "remediation_started":
                incident.remediation["started_at"] = event.timestamp
                incident.remediation["source"] = event.source
                incident.remediation["completed_at"] = None
            else:
                incident.remediation["completed_at"] = event.timestamp

    def _within_limit(self, event, names):
        """Those names that have a service or may get one (F11), one after the other."""
        over = False
        for name in names:
            if name in self.services or len(self.services) < SERVICES_LIMIT:
                yield name
            else:
                over = True
        if over:
            self.over_limit += 1

    def _set_service(self, event, name, status):
        service = self.services.get(name)
        if service is None:
            service = Service(status, event.timestamp, event.timestamp)
            self.services[name] = service
        if service.status != status:
            service.status = status
            service.status_since = event.timestamp
        service.last_seen = max(service.last_seen, event.timestamp)
        return service

    def _name_services(self, event, names):
        """F5: an event of any type moves the `last_seen` of the services it names."""
        for name in names:
            if name in self.services:
                service = self.services[name]
                service.last_seen = max(service.last_seen, event.timestamp)

    def _active_incident(self, name):
        for incident in self.incidents:
            if incident.service == name and incident.open:
                return incident
        return None

    def _latest_incident(self, name):
        for incident in reversed(self.incidents):
            if incident.service == name:
                return incident
        return None

    def _open_incident(self, event, name):
        base = "inc-%d-%s-%s" % (event.timestamp // instant.SECOND, self.node, name)
        taken = {incident.id for incident in self.incidents}
        id_, number = base, 1
        while id_ in taken:
            number += 1
            id_ = "%s-%d" % (base, number)
        incident = Incident(id=id_, base_id=base, service=name, started_at=event.timestamp,
                            event_type=event.type, deployment=self._suspect(event, name))
        self.incidents.append(incident)
        incident.touched = self._next_step()
        if len(self.incidents) > INCIDENTS_LIMIT:
            self.incidents.remove(_least_needed(self.incidents))
        return incident

    def _suspect(self, event, name):
        """F16: the key of the last run that began or ended lately; one that names no service
        so far is for every one."""
        near = [key for key, run in self.runs.items()
                if event.timestamp - run.last_event <= SUSPECT_FOR
                and (name in run.services or not run.services)]
        return max(near, key=lambda key: self.runs[key].touched, default=None)

    def _add_occurrence(self, event, incident):
        incident.severity = max(incident.severity, event.severity, key=decode.SEVERITIES.index)
        incident.last_event_type = event.type
        incident.last_occurrence = event.timestamp
        incident.source = incident.source or event.source
        incident.correlation_id = incident.correlation_id or event.correlation_id
        incident.message = event.message or incident.message
        incident.events = (incident.events + [event.timestamp])[-OCCURRENCES_LIMIT:]
        incident.occurrence_count += 1
        incident.touched = self._next_step()

    # Containers (F13 to F15)

    def _fold_container(self, event):
        """False where something is beyond a limit."""
        container = containers.read(event)
        if container is None:
            return True
        name = event.names[0]
        if event.type == "container_removed" or container["state"] == "removed":
            service = self.services.get(name)
            if service and service.kept.remove(container):
                self._lose_last_container(event, name, service)
            return True
        if name not in self.services:
            if len(self.services) == SERVICES_LIMIT:
                return False
            self.services[name] = Service("unknown", event.timestamp, event.timestamp)
        return self.services[name].kept.tell(container, self._next_step())

    def _lose_last_container(self, event, name, service):
        """F15: what nobody ever reported otherwise was only its containers."""
        if service.last_healthy is None and service.last_failure is None:
            del self.services[name]
        else:
            self._set_service(event, name, "unknown")

    # Deployments (F8, F9)

    def _fold_deployment(self, event, names):
        first = min(names, key=str.encode) if names else "all"
        run = self._find_run(event, first)
        run.last_event = event.timestamp
        run.touched = self._next_step()
        if event.type == "deployment_started":
            if run.started_at is None:
                run.started_at = event.timestamp
            run.ended_at = None
            run.status = "in_progress"
            run.attempts += 1
            run.started = run.touched
        else:
            run.ended_at = event.timestamp
            run.status = "failed" if event.type == "deployment_failed" else "completed"
            run.ended = run.touched

        over = False
        for name in names:
            if name in run.services:
                continue
            if len(run.services) < SERVICES_LIMIT:
                run.services.append(name)
            else:
                over = True
        if over:
            self.over_limit += 1
        run.says_all = run.says_all or event.says_all
        run.source = run.source or event.source
        run.stage = decode.cut(decode.text_of(event.payload, "stage"), 128) or run.stage
        run.message = event.message or run.message
        run.diagnostics = distinct(run.diagnostics + _diagnostics(event.payload))
        run.diagnostics = run.diagnostics[:DIAGNOSTICS_LIMIT]

        if len(self.runs) > DEPLOYMENTS_LIMIT:
            forgotten = _least_needed(self.runs.values())
            del self.runs[forgotten.made, forgotten.id]

    def _find_run(self, event, first):
        """The run the event is one of; made where there is none."""
        if event.correlation_id is not None:
            key = (False, event.correlation_id)
        else:
            if event.type != "deployment_started":
                begun = [run for run in self.runs.values()
                         if run.made and run.open and run.first == first]
                if begun:
                    return max(begun, key=lambda run: run.started)
            seconds = event.timestamp // instant.SECOND
            key = (True, "dep-%d-%s-%s" % (seconds, self.node, first))
        if key not in self.runs:
            self.runs[key] = Run(id=key[1], made=key[0], first=first)
        return self.runs[key]

    # What is forgotten (F11)

    def _forget(self, event):
        """With the first event of each UTC day, before it is folded."""
        day = event.timestamp // instant.DAY
        if day == self._day:
            return
        self._day = day
        midnight = day * instant.DAY
        self.incidents = [i for i in self.incidents
                          if i.open or i.resolved_at >= midnight - 30 * instant.DAY]
        self.runs = {key: run for key, run in self.runs.items()
                     if run.last_event >= midnight - 120 * instant.DAY}
        active = {incident.service for incident in self.incidents if incident.open}
        self.services = {name: service for name, service in self.services.items()
                         if name in active
                         or service.last_seen >= midnight - 120 * instant.DAY}

    def _next_step(self):
        self._step += 1
        return self._step


def _least_needed(things):
    """F11: of those not open the one that ended first, else the one whose last event is first."""
    closed = [thing for thing in things if not thing.open]
    if closed:
        return min(closed, key=lambda thing: thing.ended)
    return min(things, key=lambda thing: thing.touched)


def _pressure(level):
    """F1: a level (or nothing) as what the pressure becomes."""
    level = decode.cut(level, 64)
    return None if level in CLEARED else level


def _metrics(payload):
    """The payload's top-level numbers (E9)."""
    numbers = {name: value for name, value in payload.items()
               if isinstance(value, (int, float)) and not isinstance(value, bool)
               and len(name.encode()) <= 64}
    return {name: numbers[name] for name in sorted(numbers, key=str.encode)[:METRICS_LIMIT]}


def _diagnostics(payload):
    """F8: the diagnostics one event points to."""
    found = []
    for key in ("diagnostics", "diagnostics_path", "diagnostic_files", "log_file", "log_path"):
        value = payload.get(key)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                item = item.get("path")
            if isinstance(item, str) and item:
                found.append(decode.cut(item, 512))
    return distinct(found)[:DIAGNOSTICS_LIMIT]


def distinct(items):
    """Without repeats, in the order they came first."""
    return list(dict.fromkeys(items))
