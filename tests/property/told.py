"""What changed, as history.json tells it: followed from world to world.

The facts of a world are what its changes are about. Every batch not seen before
is applied to the facts of the world before; each change must start from what is
the case, and all of them together must lead to the facts of the world now. So
none is lost and none is told twice, whatever was killed in between.

Of runs that weren't killed before, the events are those that the oracle tells of
the worlds before and now, word for word and in its order.
"""

import copy
import json
import os

import changes  # the oracle's; expectation.py says where it is
from compare import differences_of, fail, Failure

STATUS = {"node": "nodes", "service": "services", "incident": "incidents",
          "deployment": "deployments"}
PRESSURES = ("cpu_pressure", "disk_pressure", "memory_pressure")
DRIFTS = ("missing", "silent", "undeclared")
COUNTED = {"incident_recurred": "counts", "incident_severity_changed": "severities"}
ENDS = ("node_removed", "service_removed", "incident_withdrawn", "incident_expired",
        "deployment_withdrawn", "deployment_expired")
BEGINS = {"node_added", "service_added", "incident_opened"}
MEMBERS = {"kind", "key", "at", "from", "to", "node", "service", "severity", "message"}


def facts_of(directory):
    """From the five documents in a directory."""
    world = {}
    for name in ("nodes", "services", "incidents", "deployments", "runtime-summary"):
        with open(os.path.join(directory, name + ".json"), "rb") as file:
            world[name] = json.load(file)
    facts = {name: {key: entry["status"] for key, entry in world[name].items()}
             for name in STATUS.values()}
    facts["pressures"] = {"%s/%s" % (node, name): entry[name]
                          for node, entry in world["nodes"].items()
                          for name in PRESSURES if entry[name] is not None}
    facts["severities"] = {key: i["severity"] for key, i in world["incidents"].items()}
    facts["counts"] = {key: i["occurrence_count"] for key, i in world["incidents"].items()}
    facts["drift"] = {name: set(world["runtime-summary"]["drift"][name]) for name in DRIFTS}
    facts["world"] = world["runtime-summary"]["status"]
    return facts


class Told:
    def __init__(self):
        self.generation = 0
        self.facts = None       # before the first world
        self.batches = 0
        self.latest = []        # events of the batches that came with the latest run
        self.world = None       # the oracle's, as of the latest run

    def follow(self, root, rebuilt, forgotten, note):
        """After a run; `rebuilt`: it was told to make everything anew; `forgotten`:
        its checkpoint was deleted, so that it may know nothing of the world before."""
        world = os.path.join(root, "world")
        with open(os.path.join(world, "history.json"), "rb") as file:
            history = json.load(file)
        now = facts_of(world)
        new = [b for b in history["batches"] if b["generation"] > self.generation]
        anew = [b["events"][0] for b in new if b["events"][0]["kind"] == "world_rebuilt"]
        if rebuilt and not anew:
            fail("H: a rebuild isn't told", "history.json")
        if self.facts and not forgotten and any(e["from"] is None for e in anew):
            fail("H: the world before isn't known", "history.json")
        facts = copy.deepcopy(self.facts)
        self.latest = [e for batch in new for e in batch["events"]]
        for batch in new:
            note("H")
            facts = self._batch(facts, batch, now)
        for key, count in now["counts"].items():
            # A late recovery splits an incident: that it has fewer isn't told.
            facts["counts"][key] = min(facts["counts"].get(key, 0), count)
        for name in now:
            if facts[name] != now[name]:
                fail("H: the changes lead elsewhere", "history.json", "/" + name,
                     str(now[name]), str(facts[name]))
        self.facts = now
        self._outbox(root, history)

    def compare(self, expected, step, options, rebuilt):
        """After follow(), with the oracle's documents."""
        before, self.world = self.world, {name.split(".")[0]: json.loads(data)
                                          for name, data in expected.items()}
        if step.how not in ("plain", "dry", "reset"):
            return
        wanted = changes.changes(before, self.world, step.now, options, rebuilt)
        for should, told in zip(wanted, self.latest):
            if (should["kind"], told["kind"]) == ("incident_withdrawn", "incident_expired") \
                    and should["replaced_by"] is None \
                    and changes.may_be_over(should, before, step.now, options):
                should["kind"] = told["kind"]
                del should["replaced_by"]
        if self.latest != wanted:
            texts = [json.dumps(events, indent=1, sort_keys=True).encode()
                     for events in (wanted, self.latest)]
            raise Failure(differences_of("H: other changes", "history.json", *texts))

    def _batch(self, facts, batch, now):
        if batch["generation"] <= self.generation or not batch["events"]:
            fail("H: not a batch", "history.json", got=str(batch)[:500])
        if batch["previous"] not in (self.generation, 0):
            fail("H: batches don't follow each other", "history.json", "/previous",
                 str(self.generation), str(batch["previous"]))
        self.generation = batch["generation"]
        self.batches += 1
        for index, event in enumerate(batch["events"]):
            if not MEMBERS <= event.keys():
                fail("H: members are missing", "history.json", got=str(event))
            if event["kind"] == "world_rebuilt":
                if index:
                    fail("H: not the first", "history.json", got=str(event))
                if event["from"] is None:
                    facts = copy.deepcopy(now)
                continue
            self._apply(facts, event)
        return facts

    def _apply(self, facts, event):
        kind, key, before, after = (event[n] for n in ("kind", "key", "from", "to"))
        if kind == "drift_changed":
            there = facts["drift"][key]
            if there & set(event["added"]) or not there >= set(event["removed"]):
                fail("H: drift doesn't follow", "history.json", got=str(event))
            facts["drift"][key] = (there | set(event["added"])) - set(event["removed"])
        elif kind == "status_changed":
            self._move({"world": facts["world"]}, "world", before, after, event)
            facts["world"] = after
        elif kind == "pressure_changed":
            self._move(facts["pressures"], key, before, after, event)
        elif kind in COUNTED:
            self._move(facts[COUNTED[kind]], key, before, after, event)
        else:
            self._status(facts, event)

    def _status(self, facts, event):
        kind, key, before, after = (event[n] for n in ("kind", "key", "from", "to"))
        group = STATUS[kind.split("_")[0]]
        if (kind in ENDS) != (after is None) or (kind in BEGINS and before is not None):
            fail("H: the kind doesn't fit", "history.json", got=str(event))
        self._move(facts[group], key, before, after, event)
        if kind == "incident_opened":
            facts["severities"][key] = event["severity"]
            facts["counts"][key] = event["occurrence_count"]
        elif group == "incidents" and after is None:
            del facts["severities"][key], facts["counts"][key]
        elif kind == "node_removed":
            for name in PRESSURES:
                facts["pressures"].pop("%s/%s" % (key, name), None)
        elif kind == "incident_recurred" and after <= before:
            fail("H: fewer occurrences", "history.json", got=str(event))

    @staticmethod
    def _move(there, key, before, after, event):
        if there.get(key) != before:
            fail("H: told twice, or something was lost", "history.json", key,
                 str(there.get(key)), str(event))
        if after is None:
            del there[key]
        else:
            there[key] = after

    @staticmethod
    def _outbox(root, history):
        """history.json shows the end of what the outbox has."""
        directory = os.path.join(root, "state/observer/outbox")
        lines = []
        for name in sorted(os.listdir(directory), key=lambda n: int(n.split(".")[0])):
            with open(os.path.join(directory, name), "rb") as file:
                lines += [json.loads(line) for line in file]
        lines = [b for b in lines if b["generation"] <= history["generation"]]
        if lines[-64:] != history["batches"]:
            fail("H: the outbox has other batches", "history.json")
