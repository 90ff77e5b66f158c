"""What is changed, and which tests are to notice: the one place to add a file or a test."""

import collections

# `unit`: the suites of the unit tests that are run, before the other tests.
Group = collections.namedtuple("Group", "name sources kinds unit tests")

EVERYTHING = ("condition", "operand", "edge", "row", "statement")
WORLD = ("histories", "fixtures", "more-histories")

GROUPS = (
    Group("fold", ("src/fold/*.c",), EVERYTHING, "state partition sighting", WORLD),
    Group("order", ("src/journal/row.c", "src/journal/replay.c", "src/journal/order.c"), EVERYTHING,
          "row order replay sighting", WORLD),
    Group("decode", ("src/decode/*.c", "src/base/names.c", "src/base/timestamp.c"), EVERYTHING,
          "names timestamp decode row sighting", WORLD),
    Group("projection", ("src/project/*.c",), EVERYTHING, "project", WORLD),
    Group("metrics", ("src/metrics/*.c",), EVERYTHING, "metrics", ()),
    Group("novelty", ("src/scan/*.c",), EVERYTHING,
          "scan unreadable intake lines carried quarantine tree", (*WORLD, "power-cuts")),
    Group("observation", ("src/observation/*.c",), EVERYTHING,
          "observation observation-wait observation-reader", ()),
    Group("history", ("src/history/*.c",), EVERYTHING, "changes entries outbox",
          ("fixtures",)),
    Group("inventory", ("src/inventory/*.c",), EVERYTHING, "inventory load memory policy",
          ("fixtures",)),
    Group("supervision", ("src/supervise/*.c", "src/base/backoff.c"), EVERYTHING,
          "supervision supervision-story supervision-memory backoff", ()),
    Group("event", ("src/event/compose.c", "src/event/label.c", "src/event/spool.c",
                    "src/event/payload.c", "src/event/text.c",), (*EVERYTHING, "sync"), "compose spool", ()),
    Group("track", ("src/track/*.c",), EVERYTHING, "container track track-many lives health", ()),
    Group("cri", ("src/runtime/cri*.c", "src/runtime/grpc.c"), EVERYTHING, "grpc cri-read cri", ()),
    Group("notify", ("src/notify/bookmark.c",), ("sync",), "bookmark", ()),
    # Each fsync of the observer's in turn, so that the power cuts are shown to have teeth.
    Group("sync", ("src/[!aben]*/*.c",), ("sync",), "", ("power-cuts",)),
    Group("base-sync", ("src/base/*.c",), ("sync",), "", ("agent-cuts", "power-cuts")),
    Group("agent-sync", ("src/agent/*.c", "src/backend/*.c"), ("sync",), "", ("agent-cuts",)),
)

# What tests run: a program is linked of objects, and a group whose objects aren't there is left out.
# The unit tests are suites, and need no row below.
PROGRAMS = {
    "unit-tests": ("tests/unit/*.o",),
    "homelab-observer": ("src/observer/main.o",),
    "disk-tests": ("tests/disk/*.o",),
}
PROGRAM_OF = {"histories": "homelab-observer", "more-histories": "homelab-observer",
              "fixtures": "homelab-observer", "power-cuts": "disk-tests",
              "agent-cuts": "disk-tests"}
HISTORY = ("{python}", "-B", "tests/property/history.py", "--fail-fast", "--jobs", "1",
           "--observer", "{program}")
COMMANDS = {
    "histories": (*HISTORY, "--count", "4", "--seed", "101"),
    "more-histories": (*HISTORY, "--count", "40", "--seed", "201"),
    "fixtures": ("{python}", "-B", "tests/fixtures/run.py", "--fail-fast", "--jobs", "1",
                 "--observer", "{program}"),
}
SUITES = {"power-cuts": "power cuts", "agent-cuts": "power cuts, agent"}  # of programs that are libcheck's
