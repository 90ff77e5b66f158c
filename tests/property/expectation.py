"""What the oracle makes of what the model says has been decided on.

The oracle folds everything anew for each run; only what it said of a text is
remembered here from one run of a history to the next.
"""

import copy
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, "oracle"))

import decode       # noqa: E402
import fold         # noqa: E402
import instant      # noqa: E402
import inventory    # noqa: E402
import oracle       # noqa: E402
import project      # noqa: E402
import strictjson   # noqa: E402

from event import (FAILURES, HEALTHY, NAMED_LEVELS, NODES, PRESSURES, REMEDIES,
                   RUNS, UNUSABLE, Meaning)

RULE_OF_TYPE = {}
for _types, _rules in ((FAILURES, ("F5", "F6")), (HEALTHY, ("F5",)),
                       (RUNS, ("F8",)), (REMEDIES, ("F7",)), (NODES, ("F2",)),
                       (NAMED_LEVELS + ("disk_usage_high",), ("F1",))):
    for _type in _types:
        RULE_OF_TYPE[_type] = _rules


REMEMBERED = {}     # what the decoder said of this history's texts


def remembering(function):
    """The decoder, asked once for each text and the names it may have."""
    def decode_event(data, dirname, names):
        key = data, dirname, frozenset(names)
        if key not in REMEMBERED:
            REMEMBERED[key] = function(data, dirname, names)
        return copy.copy(REMEMBERED[key])
    return decode_event


def remembering_parse(function):
    """The parser, asked once for each text."""
    def parse(data, depth_limit=2048):
        key = data, depth_limit
        if key not in REMEMBERED:
            try:
                REMEMBERED[key] = function(data, depth_limit), None
            except (strictjson.NotJson, strictjson.TooDeep) as error:
                REMEMBERED[key] = None, error
        value, error = REMEMBERED[key]
        if error:
            raise error
        return value
    return parse


decode.decode_event = remembering(decode.decode_event)
strictjson.parse = remembering_parse(strictjson.parse)


class Disagreement(Exception):
    """The oracle and the model (or the generator) don't mean the same."""


class Meanings(dict):
    """text -> Meaning; in a story shortened by hand the oracle may say it."""

    oracle_may_say = False

    def __missing__(self, text):
        if not self.oracle_may_say:
            raise Disagreement("a text nobody has made: %r" % text[:600])
        try:
            node = strictjson.parse(text).get("node")
            verdict = decode.decode_event(text, "x", {node})
        except (strictjson.NotJson, strictjson.TooDeep, AttributeError, TypeError):
            return UNUSABLE
        if isinstance(verdict, decode.Reject):
            return UNUSABLE
        return Meaning(True, verdict.timestamp, node)


class Expectation:
    """The oracle's world of one history, run after run."""

    def __init__(self, root, repo, options, model, note):
        self.root, self.repo = root, repo
        self.options, self.no_topology = self._options(options)
        self.model, self.note = model, note
        self.last_good = None
        REMEMBERED.clear()
        self.checked = set()

    @staticmethod
    def _options(words):
        values = dict(zip(words, words[1:]))
        of = lambda name: instant.parse_duration(values[name]) \
            if name in values else None
        options = project.Options()
        for name in ("incident", "service", "deployment"):
            length = of("--%s-retention" % name)
            if length is not None:
                setattr(options, name + "_retention", length)
        return options, "--no-topology" in words

    def inventory(self, alias_text):
        """The inventory as the oracle reads it; None: nothing is published."""
        try:
            found = inventory.load(self.repo, alias_text, self.no_topology,
                                   self.last_good)
        except inventory.NoInventory:
            found = None
        state = found.topology if found else None
        model = self.model.inventory
        if state != model.state:
            raise Disagreement("topology: the oracle says %s, the model %s"
                               % (state, model.state))
        if state in ("present", "stale"):
            nodes, aliases = model.good
            theirs = {a: n for a, n in found.aliases.items() if n in found.nodes}
            if set(found.nodes) != nodes or theirs != aliases:
                raise Disagreement(
                    "topology: the oracle reads %s %s, the model %s %s"
                    % (sorted(found.nodes), theirs, sorted(nodes), aliases))
        if state == "present":
            self.last_good = found
        return found

    def world(self, now, alias_text):
        """The five documents by name; None where nothing is published."""
        found = self.inventory(alias_text)
        if found is None:
            return None
        model = self.model
        places = model.counting()
        for place in model.held_places:
            places[place] = model.text(place)
        self._check(found, now)
        partitions, held = oracle.partitions_of(places, found, now)
        documents = project.world(partitions, found, now, self.options, held,
                                  oracle.read_deploy(self.root))
        self._count_rules(found, partitions, documents, now)
        return documents

    # -- the generator and the model against the oracle's decoder -------------

    def _check(self, found, now):
        """Is everything that was judged what its maker meant it to be?"""
        model = self.model
        for text in model.seen - self.checked:
            meaning = model.meanings[text]
            verdict = decode.decode_event(text, "x", {meaning.node or "x"})
            if not meaning.usable:
                # Its node may be what makes it unusable: allow that one.
                wrong = not isinstance(verdict, decode.Reject)
            else:
                wrong = (isinstance(verdict, decode.Reject)
                         or verdict.timestamp != meaning.instant)
            if wrong:
                raise Disagreement("event: meant as %s, the oracle says %s: %r"
                                   % (meaning, verdict, text[:600]))
            self.checked.add(text)
            if meaning.usable:
                self._count_event(verdict)
        for kind, places in (("usable", model.counting()),
                             ("held", model.held_places),
                             ("rejected", model.rejected)):
            for place in places:
                text = places[place] if kind == "usable" else model.text(place)
                said = oracle.verdict_of(place[0], place[1], text, found, now)[0] \
                    if kind != "usable" else kind
                if said != kind:
                    raise Disagreement("place %s: the oracle says %s, the model %s"
                                       % (place, said, kind))

    def _count_event(self, event):
        note = self.note
        for rule in RULE_OF_TYPE.get(event.type, ("F2",)):
            note(rule)
        if event.type.startswith(tuple(p + "_" for p in PRESSURES)):
            note("F1")
        if event.type in RUNS and event.correlation_id is None:
            note("F9")
        if any(fold.naming.is_ghost(name) for name in event.names):
            note("F4")
        if len(event.names) > 1 or event.says_all:
            note("F3")

    # -- which rules a world shows --------------------------------------------

    def _count_rules(self, found, partitions, documents, now):
        note = self.note
        note({"present": "I4", "stale": "I2", "absent": "I3"}[found.topology])
        if any(host.error for host in found.hosts.values()):
            note("I5")
        known = project.known_nodes(partitions, found, now)
        statuses = {node.name: project.status_of(node, now) for node in known}
        if any(status == "stale" for status, _ in statuses.values()):
            note("P2")
        if documents["services.json"].count(b'"fresh": false'):
            note("P3")
        if documents["services.json"].count(b'"oom_killed"'):
            note("F13")
        if any(service.status == "unknown" and not service.kept.shown()
               for partition in partitions.values() for service in partition.services.values()):
            note("F15")
        if documents["incidents.json"].count(b'"deployment": "'):
            note("F16")
        if documents["deployments.json"].count(b'"stalled"'):
            note("P5")
        incidents = sum(len(p.incidents) for p in partitions.values())
        if incidents > documents["incidents.json"].count(b'"event_type"'):
            note("P4")
        ids = project.unique_incident_ids(partitions)
        made = project.unique_made_ids(partitions)
        if any(key[1] != id_ for table in (ids, made) for key, id_ in table.items()):
            note("P6")
        for partition in partitions.values():
            note("E7")
            if any(i.id != i.base_id for i in partition.incidents):
                note("F6")
            if any(first.started_at > second.started_at for first, second
                   in zip(partition.incidents, partition.incidents[1:])) \
                    or partition.accepted:
                note("F12")
        owners = {}
        for partition in partitions.values():
            for run in partition.runs.values():
                if not run.made:
                    owners.setdefault(run.id, set()).add(partition.node)
        if any(len(nodes) > 1 for nodes in owners.values()):
            note("F10")
