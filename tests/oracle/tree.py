"""Scan: every event that lies under ROOT/events (section 1)."""

import dataclasses
import os

import decode
import naming


@dataclasses.dataclass
class Place:
    """An event place (E6) and what is to be said of it."""

    node: str        # the node whose partition it belongs to
    dirname: str     # the directory's node name: the node or an alias
    path: str        # relative to ROOT, with `/` between
    offset: int      # of the line's first byte; 0 in a .json
    data: bytes      # a line is without its newline
    verdict: object  # decode.Event or decode.Reject


@dataclasses.dataclass
class Scan:
    """Places in no particular order; `ignored` and `unreadable` are relative paths."""

    places: list = dataclasses.field(default_factory=list)
    ignored: list = dataclasses.field(default_factory=list)
    unreadable: list = dataclasses.field(default_factory=list)


def scan(root, node_of, names_of):
    """All that lies under root/events.

    node_of(dirname): the node a directory belongs to, None where it isn't to be read.
    names_of(node): the texts that may be in the `node` of its events.
    """
    result = Scan()
    for entry in _listed(result, root, "events", missing_is_fine=True):
        path = "events/" + entry.name
        if naming.is_transfer(entry.name):
            continue
        if not entry.is_dir(follow_symlinks=False):
            result.ignored.append(path)
        elif naming.is_date(entry.name):
            _scan_date(result, root, path, node_of, names_of)
        else:
            _scan_node(result, root, path, entry.name, node_of, names_of)
    return result


def _scan_date(result, root, path, node_of, names_of):
    for entry in _listed(result, root, path):
        if naming.is_transfer(entry.name):
            continue
        inner = path + "/" + entry.name
        if entry.is_dir(follow_symlinks=False):
            _scan_node(result, root, inner, entry.name, node_of, names_of)
        else:
            result.ignored.append(inner)


def _scan_node(result, root, path, dirname, node_of, names_of):
    if not is_node_directory(dirname):
        result.ignored.append(path)
        return
    node = node_of(dirname)
    if node is None:
        return  # I6
    for entry in _listed(result, root, path):
        if naming.is_transfer(entry.name):
            continue
        inner = path + "/" + entry.name
        if not naming.is_event_file(entry.name) or not entry.is_file(follow_symlinks=False):
            result.ignored.append(inner)
            continue
        try:
            with open(os.path.join(root, inner), "rb") as file:
                content = file.read()
        except OSError:
            result.unreadable.append(inner)  # T4
            continue
        for offset, data in split(inner, content):
            verdict = judge(inner, offset, data, names_of(node))
            result.places.append(Place(node, dirname, inner, offset, data, verdict))


def _listed(result, root, path, missing_is_fine=False):
    try:
        with os.scandir(os.path.join(root, path)) as entries:
            return sorted(entries, key=lambda entry: os.fsencode(entry.name))
    except FileNotFoundError:
        if missing_is_fine:
            return []
        result.unreadable.append(path)
    except OSError:
        result.unreadable.append(path)
    return []


def is_node_directory(dirname):
    """A name of the form of a date is never a node's (T3)."""
    return naming.is_node(dirname) and not naming.looks_like_date(dirname)


def split(path, content):
    """The events a file holds: pairs of offset and bytes.

    Blank lines of a .jsonl are nothing (E1); a last line without newline isn't finished.
    """
    if not path.endswith(".jsonl"):
        return [(0, content)]
    lines, offset = [], 0
    for line in content.split(b"\n")[:-1]:
        if line.strip(b" \t\r"):
            lines.append((offset, line))
        offset += len(line) + 1
    return lines


def judge(path, offset, data, names):
    """Decode what lies at a place: decode.Event or decode.Reject (E4)."""
    name = path.rsplit("/", 1)[-1]
    if not naming.is_printable(name):
        return decode.Reject("name")
    verdict = decode.decode_event(data, dirname_of(path), names)
    if isinstance(verdict, decode.Event):
        return dataclasses.replace(verdict, path=path, offset=offset)
    return verdict


def dirname_of(path):
    """`vps` of `events/2026-05-27/vps/evt-vps-1234.json` and of `events/vps/evt-vps-1234.json`."""
    return path.split("/")[-2]
