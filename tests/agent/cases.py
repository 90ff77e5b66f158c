"""What the tests share: the runtimes, started once; an agent with a ROOT of its own for each test."""

import itertools
import os
import pathlib
import tempfile
import unittest

import image
import runtimes
from agents import AGENT, Agent

STARTED = {}
NUMBERS = itertools.count(1)


def started(kind):
    """The one runtime of this kind, ready and with the image."""
    if kind not in STARTED:
        runtime = STARTED[kind] = kind(os.environ["HOMELAB_AGENT_WORK"])
        image.write(runtime.work / "image.tar")
        runtime.begin()
        runtime.load(str(runtime.work / "image.tar"))
    return STARTED[kind]


class RuntimeTest(unittest.TestCase):
    kind = None

    def setUp(self):
        self.runtime = started(self.kind)
        self.addCleanup(self.clear)

    def clear(self):
        if self.runtime.daemon.poll() is not None:
            self.runtime.begin()        # a test failed between kill and begin
        self.runtime.clear()


class AgentTest(RuntimeTest):
    """With an agent, which knows nothing yet: the directory's name is new."""

    maxDiff = None

    def setUp(self):
        super().setUp()
        if not os.access(AGENT, os.X_OK):
            self.skipTest("%s isn't built" % AGENT)
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="test-"))
        self.agent = self.new_agent()
        self.addCleanup(self.agent.kill)

    def new_agent(self, *options):
        return Agent(self.work / ("root-%d" % next(NUMBERS)), [self.runtime.runtime], options)


def started_again(runtime):
    """What a start after a crash is told as: CRI's is another container in the place of the old."""
    return ["container_restarted"] if runtime.acts else [
        "container_removed", "container_created", "container_restarted"]


def for_each(tests, namespace, kinds=runtimes.ALL):
    """A class of tests becomes one for each runtime, in the module that calls."""
    for kind in kinds:
        name = tests.__name__ + kind.__name__
        namespace[name] = type(name, (tests, unittest.TestCase), {
            "kind": kind, "__module__": tests.__module__, "__qualname__": name})
    del namespace[tests.__name__]
