"""Comparing documents, and what is said where they differ."""

import json
import re
from collections import namedtuple

Difference = namedtuple("Difference", "what file pointer expected got")

OBSERVATION = re.compile(rb'^  "observation": \{\n.*?^  \},?\n', re.M | re.S)
# Of an inventory error the file is compared; where in it and why depends on
# the YAML library.
REASON = re.compile(rb'^(    "(?:inventory/|hosts/|NODE_ALIAS_MAP)[^"]*?:)'
                    rb'\d+:\d+: .*?(",?)$', re.M)


class Failure(Exception):
    """The observer did something else than the contract says."""

    def __init__(self, differences):
        super().__init__(differences[0].what)
        self.differences = differences

    def kind(self):
        """What must be the same for two failures to be the same."""
        first = self.differences[0]
        status = first.got.split("\n")[0] if "status" in first.what else ""
        return first.what, first.file, status


def fail(what, file="", pointer="", expected="", got=""):
    raise Failure([Difference(what, file, pointer, expected, got)])


def comparable(name, data):
    """A document less what is of one run alone or of one library."""
    if name != "runtime-summary.json":
        return data
    return REASON.sub(rb"\1...\2", OBSERVATION.sub(b"", data, 1))


def differences_of(what, name, wanted, got, limit=8):
    """Where two documents differ."""
    try:
        left, right = json.loads(wanted), json.loads(got)
    except ValueError as error:
        return [Difference(what, name, "", "JSON", str(error))]
    found = list(walk("", left, right))
    if not found:
        for number, (one, other) in enumerate(
                zip(wanted.split(b"\n"), got.split(b"\n")), 1):
            if one != other:
                found = [("line %d" % number, one.decode(), other.decode())]
                break
        else:
            found = [("length", str(len(wanted)), str(len(got)))]
    found = [(p, e, g) for p, e, g in found
             if not p.startswith("/files/") or len(found) < 3]
    return [Difference(what, name, *parts) for parts in found[:limit]]


MISSING = object()


def walk(pointer, left, right):
    """(JSON pointer, expected, got) of all that differs."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted(left.keys() | right.keys()):
            inner = pointer + "/" + key.replace("~", "~0").replace("/", "~1")
            yield from walk(inner, left.get(key, MISSING), right.get(key, MISSING))
    elif isinstance(left, list) and isinstance(right, list) and \
            len(left) == len(right):
        for index, (one, other) in enumerate(zip(left, right)):
            yield from walk("%s/%d" % (pointer, index), one, other)
    elif left is MISSING or right is MISSING or left != right or \
            type(left) is not type(right):
        show = lambda v: "nothing" if v is MISSING else json.dumps(
            v, ensure_ascii=False)[:700]
        yield pointer, show(left), show(right)
