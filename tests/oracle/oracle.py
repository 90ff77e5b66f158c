#!/usr/bin/env python3
"""The world of a tree of events, made anew from the contract: slow and obvious."""

import argparse
import os
import sys

import decode
import fold
import instant
import inventory as inventories
import project
import tree


def world_of(places, inventory, now, *, unplaced=frozenset(), on_disk=None, options=None,
             deploy=None, inventory_errors=None):
    """The five documents, by file name, of an explicit collection of event places.

    places: {(path, offset): bytes}, all that was decided on and all that is held. Those that
        aren't usable, or lie in directories of no known node, don't count.
    unplaced: places that came too late to be placed (W2); they don't count either.
    on_disk: places whose files are still there (None: all are). Of the others those dated too
        far ahead of now are gone (E8).
    """
    partitions, held = partitions_of(places, inventory, now, unplaced, on_disk)
    return project.world(partitions, inventory, now, options, held, deploy, inventory_errors)


def partitions_of(places, inventory, now, unplaced=frozenset(), on_disk=None):
    """node -> fold.Partition, and node -> number of held events."""
    events, held = {}, {}
    for (path, offset), data in places.items():
        if (path, offset) in unplaced:
            continue
        kind, node, event = verdict_of(path, offset, data, inventory, now)
        if kind == "held":
            if on_disk is None or (path, offset) in on_disk:
                held[node] = held.get(node, 0) + 1
        elif kind == "usable":
            events.setdefault(node, []).append(event)
    partitions = {}
    for node, own in events.items():
        partitions[node] = fold.Partition(node)
        for event in sorted(own, key=lambda event: event.order):
            partitions[node].fold(event)
    return partitions, held


def verdict_of(path, offset, data, inventory, now):
    """What a place is: (kind, node, event).

    kind: `unread` (a directory of no known node), `rejected`, `held` (E8) or `usable`.
    """
    dirname = tree.dirname_of(path)
    node = inventory.node_of(dirname) if tree.is_node_directory(dirname) else None
    if node is None:
        return "unread", None, None
    event = tree.judge(path, offset, data, inventory.names_of(node))
    if isinstance(event, decode.Reject):
        return "rejected", node, None
    if is_held(event.timestamp, now):
        return "held", node, event
    return "usable", node, event


def is_held(timestamp, now):
    """E8."""
    return timestamp > now + 5 * instant.MINUTE


def read_deploy(root):
    """The summary's `deploy`: one word of each of two files, None where both are missing."""
    words = {}
    for name in ("current_stage", "last_service"):
        words[name] = None
        try:
            with open(os.path.join(root, "state/deploy", name), "rb") as file:
                found = file.read().split()
        except OSError:
            continue
        if found and len(found[0]) <= 128 and all(0x21 <= byte <= 0x7E for byte in found[0]):
            words[name] = found[0].decode("ascii")
    return words if any(words.values()) else None


def world_of_tree(root, inventory, now, options=None, inventory_errors=None):
    """The five documents of exactly the event files that are there now."""
    scan = tree.scan(root, inventory.node_of, inventory.names_of)
    places = {(place.path, place.offset): place.data for place in scan.places}
    return world_of(places, inventory, now, options=options, deploy=read_deploy(root),
                    inventory_errors=inventory_errors)


def duration_up_to(limit):
    def parse(text):
        length = instant.parse_duration(text)
        if length is None or (limit is not None and length > limit):
            raise argparse.ArgumentTypeError("not such a duration: %s" % text)
        return length
    return parse


def moment(text):
    value = instant.parse_exact(text)
    if value is None or value > instant.LATEST:
        raise argparse.ArgumentTypeError("not such an instant: %s" % text)
    return value


def main():
    defaults = project.Options()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", required=True)
    parser.add_argument("--repo")
    parser.add_argument("--now", required=True, type=moment)
    parser.add_argument("--no-topology", action="store_true")
    parser.add_argument("--incident-retention", type=duration_up_to(30 * instant.DAY),
                        default=defaults.incident_retention)
    parser.add_argument("--service-retention", type=duration_up_to(None),
                        default=defaults.service_retention)
    parser.add_argument("--deployment-retention", type=duration_up_to(120 * instant.DAY),
                        default=defaults.deployment_retention)
    parser.add_argument("--alias-map")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()

    options = project.Options(arguments.incident_retention, arguments.service_retention,
                              arguments.deployment_retention)
    try:
        inventory = inventories.load(arguments.repo or arguments.root, arguments.alias_map,
                                     arguments.no_topology)
    except inventories.NoInventory as error:
        for line in error.errors:
            print("oracle: error: %s" % line, file=sys.stderr)
        return 78
    files = world_of_tree(arguments.root, inventory, arguments.now, options)
    os.makedirs(arguments.out, exist_ok=True)
    for name, content in files.items():
        with open(os.path.join(arguments.out, name), "wb") as file:
            file.write(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
