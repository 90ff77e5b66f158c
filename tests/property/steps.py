"""The steps of a story: what is done to the tree, and the runs between.

Paths are relative to ROOT; data are bytes; None deletes.
"""

from collections import namedtuple

from event import plain_stamp

Write = namedtuple("Write", "path data mtime")
Append = namedtuple("Append", "path data")
Remove = namedtuple("Remove", "path prune")
Shrink = namedtuple("Shrink", "path size")
Rename = namedtuple("Rename", "old new data")
Junk = namedtuple("Junk", "path kind data")
Topology = namedtuple("Topology", "data meaning")
Services = namedtuple("Services", "node data")
Aliases = namedtuple("Aliases", "text meaning")
Word = namedtuple("Word", "name data")
Garble = namedtuple("Garble", "name data")
Expire = namedtuple("Expire", "again")
Run = namedtuple("Run", "now how again verify copies")

DOCUMENTS = ("nodes", "services", "deployments", "incidents",
             "runtime-summary")
# A run: as usual; killed before and then run as usual; after a dry run; with
# --reset; with the checkpoint deleted before.
HOW = ("plain", "kill", "dry", "reset", "forget")


def describe(step):
    """A step as a line for people."""
    values = step._asdict()
    if isinstance(step, Run):
        flags = [f for f in ("again", "verify", "copies") if values[f]]
        return "run    %s  %s" % (plain_stamp(step.now),
                                  " ".join([step.how] + flags))
    words = [repr(v) if isinstance(v, bytes) else str(v)
             for v in values.values()]
    return "%-6s %s" % (type(step).__name__.lower(), "  ".join(words))
