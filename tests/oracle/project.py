"""Projection: the five documents, from what was folded, the inventory and now (section 5)."""

import dataclasses
import hashlib

import decode
import instant
import naming
import strictjson

HOURS_SHOWN = 168
RUN_STATUSES = ["in_progress", "stalled", "completed", "failed"]
STALLED_AFTER = 6 * instant.HOUR                   # P5
KNOWN_FOR = 30 * instant.DAY                       # I3
DEPLOYMENT_MATTERS_FOR = 7 * instant.DAY           # in the summary's status
DIAGNOSTICS_LIMIT = 16                             # F10


@dataclasses.dataclass
class Options:
    """P4."""

    incident_retention: int = 7 * instant.DAY
    service_retention: int = 7 * instant.DAY
    deployment_retention: int = 90 * instant.DAY


@dataclasses.dataclass
class KnownNode:
    """What is known of a node that isn't in a topology, or is."""

    name: str
    roles: list
    connectivity: str
    heartbeat_ttl: int
    partition: object   # None where it was never heard of


@dataclasses.dataclass
class Record:
    """F10: a deployment, over all its nodes."""

    id: str
    nodes: list
    services: list
    status: str
    started_at: int
    ended_at: int
    attempts: int
    source: str
    stage: str
    message: str
    diagnostics: list
    last_event: int


def world(partitions, inventory, now, options=None, held_counts=None, deploy=None,
          inventory_errors=None):
    """The documents, by file name. The summary has no `observation`.

    partitions: node -> fold.Partition, all that were read, be their nodes known or not.
    held_counts: node -> number of its events that are held (E8).
    deploy: {"current_stage", "last_service"}, None where both are missing.
    inventory_errors: in place of those of the inventory.
    """
    options = options or Options()
    held_counts = held_counts or {}
    known = known_nodes(partitions, inventory, now)

    node_status = {node.name: status_of(node, now) for node in known}
    services = project_services(known, inventory, node_status, now, options)
    records = project_records(partitions, known, now, options)
    incidents = project_incidents(partitions, known, services, records, now, options)
    add_active_incidents(services, incidents)
    nodes = {node.name: project_node(node, node_status[node.name], services, incidents,
                                     held_counts.get(node.name, 0), now)
             for node in known}
    deployments = {record.id: project_deployment(record) for record in records}

    if inventory_errors is None:
        inventory_errors = errors_of(inventory, known)
    summary = project_summary(known, inventory, now, nodes, services, incidents, deployments,
                              records, inventory_errors, deploy)
    files = {
        "nodes.json": strictjson.dump(nodes),
        "services.json": strictjson.dump(services),
        "incidents.json": strictjson.dump(incidents),
        "deployments.json": strictjson.dump(deployments),
    }
    summary["files"] = {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in files.items()}
    files["runtime-summary.json"] = strictjson.dump(summary)
    return files


def in_byte_order(texts):
    return sorted(texts, key=str.encode)


# Nodes

def known_nodes(partitions, inventory, now):
    """I3, P4: the nodes of the topology; without one those heard of lately. By name."""
    known = []
    if inventory.topology == "absent":
        for name in in_byte_order(partitions):
            partition = partitions[name]
            if (partition.accepted and now - partition.last_seen <= KNOWN_FOR
                    and not naming.is_container_id(name)):
                known.append(KnownNode(name, [], "permanent", 15 * instant.MINUTE, partition))
        return known
    for name in in_byte_order(inventory.nodes):
        node = inventory.nodes[name]
        partition = partitions.get(name)
        if partition and not partition.accepted:
            partition = None
        known.append(KnownNode(name, node.roles, node.connectivity, node.heartbeat_ttl, partition))
    return known


def status_of(node, now):
    """A node's status and since when it has it (P2)."""
    if node.partition is None:
        return "unknown", None
    partition, ttl = node.partition, node.heartbeat_ttl
    if partition.status == "online" and ttl != 0 and now - partition.last_seen > ttl:
        return "stale", partition.last_seen + ttl
    return partition.status, partition.status_since


def project_node(node, status_and_since, services, incidents, held, now):
    status, since = status_and_since
    partition = node.partition
    own = [service["status"] for service in services.values() if service["node"] == node.name]
    this_hour = now // instant.HOUR
    hours = partition.hours if partition else set()
    pressures = partition.pressures if partition else {}
    return {
        "status": status,
        "status_since": instant.format(since),
        "first_seen": instant.format(partition.first_seen if partition else None),
        "last_seen": instant.format(partition.last_seen if partition else None),
        "roles": list(node.roles),
        "connectivity": node.connectivity,
        "disk_pressure": pressures.get("disk_pressure"),
        "memory_pressure": pressures.get("memory_pressure"),
        "cpu_pressure": pressures.get("cpu_pressure"),
        "metrics": dict(partition.metrics) if partition else {},
        "services": count(own, ["healthy", "unhealthy", "unknown"]),
        "active_incidents": in_byte_order(
            id_ for id_, incident in incidents.items()
            if incident["node"] == node.name and incident["status"] == "active"),
        "heard": "".join("1" if hour in hours else "0"
                         for hour in range(this_hour - HOURS_SHOWN + 1, this_hour + 1)),
        "held": held,
    }


def count(statuses, words):
    """How often each of the words occurs, and how many there are."""
    counts = {word: statuses.count(word) for word in words}
    counts["total"] = len(statuses)
    return counts


# Services

def project_services(known, inventory, node_status, now, options):
    """By node/service: the declared ones and those seen, less the pruned (P3, P4)."""
    services = {}
    for node in known:
        host = inventory.hosts.get(node.name)
        declared = host.services if host else {}
        declared = {name: d for name, d in declared.items() if not naming.is_ghost(name)}
        bad_host = host is not None and host.error is not None
        seen = node.partition.services if node.partition else {}
        for name in in_byte_order(set(declared) | set(seen)):
            declaration, service = declared.get(name), seen.get(name)
            if (declaration is None and not bad_host
                    and now - service.last_seen > options.service_retention):
                continue
            online = node_status[node.name][0] == "online"
            services[node.name + "/" + name] = project_service(
                node.name, name, declaration, service, online, now)
    return services


def project_service(node, name, declaration, service, online, now):
    ttl = declaration.heartbeat_ttl if declaration else 24 * instant.HOUR
    last_seen = service.last_seen if service else None
    fresh = online and last_seen is not None and (ttl == 0 or now - last_seen <= ttl)
    return {
        "node": node,
        "service": name,
        "status": service.status if service else "unknown",
        "status_since": instant.format(service.status_since if service else None),
        "last_seen": instant.format(last_seen),
        "last_healthy": instant.format(service.last_healthy if service else None),
        "last_failure": instant.format(service.last_failure if service else None),
        "active_incidents": [],
        "fresh": fresh,
        "declared": declaration is not None,
        "monitored": declaration.monitor if declaration else True,
        "role": declaration.role if declaration else None,
        "containers": service.kept.shown() if service else [],
    }


def add_active_incidents(services, incidents):
    for id_ in in_byte_order(incidents):
        incident = incidents[id_]
        if incident["status"] == "active":
            key = incident["node"] + "/" + incident["service"]
            services[key]["active_incidents"].append(id_)


# Incidents

def project_incidents(partitions, known, services, records, now, options):
    """By id, less the pruned (P4)."""
    ids = unique_incident_ids(partitions)
    made_ids = unique_made_ids(partitions)
    shown = {record.id for record in records}
    incidents = {}
    for node in known:
        for incident in node.partition.incidents if node.partition else []:
            if incident.open:
                if node.name + "/" + incident.service not in services:
                    continue
            elif now - incident.resolved_at > options.incident_retention:
                continue
            id_ = ids[node.name, incident.id]
            deployment = deployment_of(node.name, incident, made_ids, shown)
            incidents[id_] = project_incident(id_, node.name, incident, deployment)
    return incidents


def deployment_of(node, incident, made_ids, shown):
    """F16: the deployment's id in deployments.json; None where it isn't there any more."""
    if incident.deployment is None:
        return None
    made, id_ = incident.deployment
    if made:
        id_ = made_ids.get((node, id_))
    return id_ if id_ in shown else None


def project_incident(id_, node, incident, deployment):
    remediation = incident.remediation
    if remediation is not None:
        remediation = {
            "started_at": instant.format(remediation["started_at"]),
            "completed_at": instant.format(remediation["completed_at"]),
            "source": remediation["source"],
        }
    return {
        "id": id_,
        "node": node,
        "service": incident.service,
        "status": "active" if incident.open else "resolved",
        "severity": incident.severity,
        "event_type": incident.event_type,
        "last_event_type": incident.last_event_type,
        "source": incident.source,
        "message": incident.message,
        "started_at": instant.format(incident.started_at),
        "last_occurrence": instant.format(incident.last_occurrence),
        "occurrence_count": incident.occurrence_count,
        "events": [instant.format(timestamp) for timestamp in incident.events],
        "correlation_id": incident.correlation_id,
        "resolved_at": instant.format(incident.resolved_at),
        "resolved_by": incident.resolved_by,
        "remediation": remediation,
        "deployment": deployment,
    }


def unique_incident_ids(partitions):
    """P6: (node, id there) -> id in the documents."""
    originals = {incident.id for partition in partitions.values()
                 for incident in partition.incidents}
    ids, given = {}, set()
    for name in in_byte_order(partitions):
        for incident in partitions[name].incidents:
            id_ = incident.id
            if id_ in given:
                id_ = next_free(incident.base_id, originals | given)
            ids[name, incident.id] = id_
            given.add(id_)
    return ids


def next_free(base, taken):
    """base-2, base-3 ...: the first that isn't taken."""
    number = 2
    while "%s-%d" % (base, number) in taken:
        number += 1
    return "%s-%d" % (base, number)


# Deployments

def project_records(partitions, known, now, options):
    """F10, P4, P6: the records that are shown."""
    known_partitions = [node.partition for node in known if node.partition]
    made_ids = unique_made_ids(partitions)
    runs_of = {}  # id -> (node, run) of each node that has it, in the order of names
    for partition in known_partitions:
        for run in partition.runs.values():
            id_ = made_ids[partition.node, run.id] if run.made else run.id
            runs_of.setdefault(id_, []).append((partition.node, run))
    records = [join(id_, runs, now) for id_, runs in runs_of.items()]
    return [record for record in records
            if now - record.last_event <= options.deployment_retention]


def unique_made_ids(partitions):
    """P6, F9: (node, id there) of each made run -> id in the documents."""
    correlation_ids, originals = set(), set()
    for partition in partitions.values():
        for run in partition.runs.values():
            originals.add(run.id)
            if not run.made:
                correlation_ids.add(run.id)
    ids, given = {}, set(correlation_ids)
    for name in in_byte_order(partitions):
        for run in partitions[name].runs.values():
            if run.made:
                id_ = run.id
                if id_ in given:
                    id_ = next_free(run.id, originals | given)
                ids[name, run.id] = id_
                given.add(id_)
    return ids


def join(id_, runs, now):
    """F10: the record of the runs, pairs of node and run in the order of names."""
    statuses = [run.status for _, run in runs]
    last_event = max(run.last_event for _, run in runs)
    if "in_progress" in statuses:
        status = "stalled" if now - last_event > STALLED_AFTER else "in_progress"
    elif "failed" in statuses:
        status = "failed"
    else:
        status = "completed"

    speakers = [run for _, run in runs if status != "failed" or run.status == "failed"]
    speaker = max(speakers, key=lambda run: run.last_event)  # of equals the first

    services = {name for _, run in runs for name in run.services}
    if not services and any(run.says_all for _, run in runs):
        services = {"all"}

    diagnostics = []
    for _, run in runs:
        for path in run.diagnostics:
            if path not in diagnostics:
                diagnostics.append(path)

    starts = [run.started_at for _, run in runs if run.started_at is not None]
    ends = [run.ended_at for _, run in runs if run.ended_at is not None]
    ended = status in ("completed", "failed")
    return Record(
        id=id_,
        nodes=[node for node, _ in runs],
        services=in_byte_order(services),
        status=status,
        started_at=min(starts) if starts else None,
        ended_at=max(ends) if ended else None,
        attempts=max(run.attempts for _, run in runs),
        source=speaker.source,
        stage=speaker.stage,
        message=speaker.message,
        diagnostics=diagnostics[:DIAGNOSTICS_LIMIT],
        last_event=last_event,
    )


def project_deployment(record):
    duration = None
    if record.started_at is not None and record.ended_at is not None:
        duration = max(0, (record.ended_at - record.started_at) // instant.SECOND)
    return {
        "id": record.id,
        "status": record.status,
        "nodes": record.nodes,
        "services": record.services,
        "node": record.nodes[0],
        "service": record.services[0] if record.services else None,
        "source": record.source,
        "stage": record.stage,
        "attempts": record.attempts,
        "started_at": instant.format(record.started_at),
        "ended_at": instant.format(record.ended_at),
        "duration_seconds": duration,
        "message": record.message,
        "diagnostics": record.diagnostics,
    }


# The summary

def errors_of(inventory, known):
    """I2, I5."""
    errors = list(inventory.errors)
    for node in known:
        host = inventory.hosts.get(node.name)
        if host is not None and host.error is not None:
            errors.append(host.error)
    return in_byte_order(errors)


def project_summary(known, inventory, now, nodes, services, incidents, deployments, records,
                    inventory_errors, deploy):
    drift = find_drift(known, inventory, nodes, services)
    active = [incident for incident in incidents.values() if incident["status"] == "active"]
    by_severity = count([incident["severity"] for incident in active], decode.SEVERITIES)
    del by_severity["total"]
    incident_counts = count([incident["status"] for incident in incidents.values()],
                            ["active", "resolved"])
    incident_counts["by_severity"] = by_severity
    return {
        "status": overall_status(known, inventory, now, nodes, services, active, records,
                                 inventory_errors, drift),
        "last_update": instant.format(now - now % instant.SECOND),
        "generated_at": instant.format(now),
        "topology": inventory.topology,
        "inventory_errors": in_byte_order(inventory_errors),
        "nodes": count([node["status"] for node in nodes.values()],
                       ["online", "offline", "stale", "unknown"]),
        "services": count([service["status"] for service in services.values()],
                          ["healthy", "unhealthy", "unknown"]),
        "deployments": count([deployment["status"] for deployment in deployments.values()],
                             RUN_STATUSES),
        "incidents": incident_counts,
        "events": count_events([node.partition for node in known if node.partition]),
        "drift": drift,
        "deploy": deploy,
    }


def count_events(partitions):
    by_type = {}
    for partition in partitions:
        for name, number in partition.by_type.items():
            by_type[name] = by_type.get(name, 0) + number
    return {
        "accepted": sum(partition.accepted for partition in partitions),
        "by_type": by_type,
        "unscoped": sum(partition.unscoped for partition in partitions),
        "ghosts": sum(partition.ghosts for partition in partitions),
        "over_limit": sum(partition.over_limit for partition in partitions),
    }


def find_drift(known, inventory, nodes, services):
    """Where what should run isn't what does. A host whose file is bad has no drift (I5)."""
    drift = {"missing": [], "silent": [], "undeclared": []}
    for key in in_byte_order(services):
        service = services[key]
        host = inventory.hosts.get(service["node"])
        if host is None or host.error is not None:
            continue
        seen = service["last_seen"] is not None
        if service["declared"]:
            if service["monitored"] and not seen:
                drift["missing"].append(key)
            if (service["monitored"] and seen and not service["fresh"]
                    and nodes[service["node"]]["status"] == "online"):
                drift["silent"].append(key)
        elif seen and service["service"] != "all":
            drift["undeclared"].append(key)
    return drift


def overall_status(known, inventory, now, nodes, services, active, records, inventory_errors,
                   drift):
    ttl_of = {node.name: node.heartbeat_ttl for node in known}
    permanent = {name for name, node in nodes.items() if node["connectivity"] == "permanent"}
    dead = {name for name, node in nodes.items() if node["status"] in ("offline", "stale")}
    awaited = {name for name in permanent
               if nodes[name]["status"] == "unknown" and ttl_of[name] != 0}

    if any(incident["severity"] == "critical" for incident in active) or dead & permanent:
        return "CRITICAL"
    pressed = any(node[pressure] is not None for node in nodes.values()
                  for pressure in ("disk_pressure", "memory_pressure", "cpu_pressure"))
    if (active or dead or awaited or pressed or drift["missing"] or drift["silent"]
            or inventory.topology == "stale" or inventory_errors
            or a_deployment_went_wrong(now, nodes, services, records)):
        return "DEGRADED"
    return "NOMINAL"


def a_deployment_went_wrong(now, nodes, services, records):
    """Is one that failed or stalled lately the newest of a service on one of its nodes?"""
    newest = {}
    for node in nodes:
        on_node = [record for record in records if node in record.nodes]
        own = {service["service"] for service in services.values() if service["node"] == node}
        for record in on_node:
            if not concerns_every_service(record):
                own.update(record.services)
        for name in own or {"all"}:
            for record in on_node:
                if concerns_every_service(record) or name in record.services:
                    rival = newest.get((node, name))
                    if rival is None or age_key(record) > age_key(rival):
                        newest[node, name] = record
    return any(record.status in ("failed", "stalled")
               and now - record.last_event <= DEPLOYMENT_MATTERS_FOR
               for record in newest.values())


def concerns_every_service(record):
    return record.services in ([], ["all"])


def age_key(record):
    """Newest by its start, or its end where it has none; of equals the greater id."""
    moment = record.started_at if record.started_at is not None else record.ended_at
    return moment, record.id.encode()
