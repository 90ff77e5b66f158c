"""What changed from one world to the next, made anew from the contract: slow and obvious.

A world is its five documents, parsed, by name without `.json`. Events are made in the order of a
batch; within a group they are sorted by key.
"""

import re

import instant
import project

PRESSURES = ("cpu_pressure", "disk_pressure", "memory_pressure")
DRIFTS = ("missing", "silent", "undeclared")
MADE_ID = re.compile(r"dep-[0-9]+-")


def changes(before, after, now, options=None, rebuilt=False):
    """The events of a batch. before: None where nothing is known of it."""
    return Changes(before, after, now, options or project.Options()).all(rebuilt)


class Changes:
    def __init__(self, before, after, now, options):
        self.before, self.after, self.now, self.options = before, after, now, options
        self.events = []

    def all(self, rebuilt):
        status = [world and world["runtime-summary"]["status"]
                  for world in (self.before, self.after)]
        if rebuilt or self.before is None:
            self.say("world_rebuilt", "world", *status)
        if self.before is None:
            return self.events
        self.nodes()
        self.services()
        self.incidents()
        self.deployments()
        self.drift()
        if status[0] != status[1]:
            self.say("status_changed", "world", *status)
        return self.events

    def say(self, kind, key, before, after, entry=None, at=None, **more):
        entry = entry or {}
        self.events.append({
            "kind": kind, "key": key, "at": at or instant.format(self.now),
            "from": before, "to": after,
            "node": entry.get("node"), "service": entry.get("service"),
            "severity": entry.get("severity"), "message": entry.get("message"), **more})

    def pairs(self, name, is_same):
        """(key, entry before, entry after) of all keys. Where a key stands for something else
        now, what it stood for goes, and then comes what it stands for."""
        before, after = self.before[name], self.after[name]
        for key in project.in_byte_order(before.keys() | after.keys()):
            old, new = before.get(key), after.get(key)
            if old and new and not is_same(old, new):
                yield key, old, None
                old = None
            yield key, old, new

    # Nodes and services

    def nodes(self):
        for key, old, new in self.pairs("nodes", lambda old, new: True):
            about = {"node": key}
            if not new:
                self.say("node_removed", key, old["status"], None, about)
                continue
            if not old:
                self.say("node_added", key, None, new["status"], about, new["status_since"])
            elif old["status"] != new["status"]:
                self.say("node_status_changed", key, old["status"], new["status"], about,
                         new["status_since"])
            for name in PRESSURES:
                was = old and old[name]
                if was != new[name]:
                    self.say("pressure_changed", key + "/" + name, was, new[name], about)

    def services(self):
        for key, old, new in self.pairs("services", lambda old, new: True):
            if not new:
                self.say("service_removed", key, old["status"], None, old)
            elif not old:
                self.say("service_added", key, None, new["status"], new, new["status_since"])
            elif old["status"] != new["status"]:
                self.say("service_status_changed", key, old["status"], new["status"], new,
                         new["status_since"])

    # Incidents

    def incidents(self):
        pairs = list(self.pairs("incidents", same_place))
        came = {key: new for key, old, new in pairs if new and not old}
        for key, old, new in pairs:
            if not new:
                self.incident_went(key, old, came)
            elif not old:
                self.incident("opened", key, None, "active", new, new["started_at"])
                if new["status"] == "resolved":
                    self.incident("resolved", key, "active", "resolved", new, new["resolved_at"])
            else:
                self.incident_differs(key, old, new)

    def incident(self, what, key, before, after, entry, at=None, **more):
        self.say("incident_" + what, key, before, after, entry, at,
                 correlation_id=entry["correlation_id"],
                 occurrence_count=entry["occurrence_count"], **more)

    def incident_went(self, key, old, came):
        service = old["node"] + "/" + old["service"]
        hidden = old["node"] not in self.after["nodes"] or (
            service in self.before["services"] and service not in self.after["services"])
        if hidden or self.is_over(old["resolved_at"], self.options.incident_retention):
            self.incident("expired", key, old["status"], None, old)
        else:
            self.incident("withdrawn", key, old["status"], None, old,
                          replaced_by=replacement(old, came, "resolved_at"))

    def incident_differs(self, key, old, new):
        last = new["last_occurrence"]
        if new["occurrence_count"] > old["occurrence_count"]:
            self.incident("recurred", key, old["occurrence_count"], new["occurrence_count"],
                          new, last)
        if new["severity"] != old["severity"]:
            self.incident("severity_changed", key, old["severity"], new["severity"], new, last)
        if (old["status"], new["status"]) == ("active", "resolved"):
            self.incident("resolved", key, "active", "resolved", new, new["resolved_at"])
        elif (old["status"], new["status"]) == ("resolved", "active"):
            self.incident("reopened", key, "resolved", "active", new, last)

    # Deployments

    def deployments(self):
        pairs = list(self.pairs("deployments", share_a_node))
        came = {key: new for key, old, new in pairs if new and not old}
        for key, old, new in pairs:
            if not new:
                self.deployment_went(key, old, came)
            elif not old:
                self.deployment("started", key, None, "in_progress", new,
                                new["started_at"] or new["ended_at"])
                if new["status"] != "in_progress":
                    self.deployment_became(key, "in_progress", new)
            elif new["attempts"] > old["attempts"]:
                self.deployment("started", key, old["status"], "in_progress", new)
                if new["status"] != "in_progress":
                    self.deployment_became(key, "in_progress", new)
            elif new["status"] != old["status"]:
                self.deployment_became(key, old["status"], new)

    def deployment(self, what, key, before, after, entry, at=None, **more):
        made = MADE_ID.match(key) and key[MADE_ID.match(key).end():].startswith(
            entry["nodes"][0] + "-")
        self.say("deployment_" + what, key, before, after, entry, at,
                 correlation_id=None if made else key, **more)

    def deployment_became(self, key, before, new):
        what, at = {"in_progress": ("started", new["started_at"]),
                    "stalled": ("stalled", None)}.get(
                        new["status"], ("finished", new["ended_at"]))
        self.deployment(what, key, before, new["status"], new, at)

    def deployment_went(self, key, old, came):
        hidden = not any(node in self.after["nodes"] for node in old["nodes"])
        if hidden or self.is_over(old["ended_at"] or old["started_at"],
                                  self.options.deployment_retention):
            self.deployment("expired", key, old["status"], None, old)
        else:
            self.deployment("withdrawn", key, old["status"], None, old,
                            replaced_by=replacement(old, came, "ended_at"))

    # The rest

    def drift(self):
        for name in DRIFTS:
            old, new = (set(world["runtime-summary"]["drift"][name])
                        for world in (self.before, self.after))
            if old != new:
                self.say("drift_changed", name, None, None,
                         added=project.in_byte_order(new - old),
                         removed=project.in_byte_order(old - new))

    def is_over(self, end, retention):
        return end is not None and self.now - instant.parse_exact(end) > retention


def same_place(old, new):
    return (old["node"], old["service"]) == (new["node"], new["service"])


def share_a_node(old, new):
    return bool(set(old["nodes"]) & set(new["nodes"]))


def began(entry, end):
    return instant.parse_exact(entry["started_at"] or entry[end])


def replacement(gone, came, end):
    """The id of what came, is about the same place and was under way when `gone` began."""
    moment = began(gone, end)
    for key in project.in_byte_order(came):
        new = came[key]
        if (same_place(gone, new) and began(new, end) <= moment
                and (new[end] is None or instant.parse_exact(new[end]) >= moment)):
            return key
    return None


def may_be_over(event, before, now, options):
    """Of an incident that was active: whether it may have been resolved and have expired since,
    which two worlds alone don't tell."""
    last = before["incidents"][event["key"]]["last_occurrence"]
    return (event["from"] == "active"
            and now - instant.parse_exact(last) > options.incident_retention)
