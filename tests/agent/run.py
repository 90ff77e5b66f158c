"""All tests of this directory, in an enclosure: python3 tests/agent/run.py [TEST...].

Where there can't be one it says SKIP and why. With REQUIRE_AGENT set, that and any test that is
skipped is a failure.
"""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import enclosure  # noqa: E402
import runtimes  # noqa: E402

REQUIRED = bool(os.environ.get("REQUIRE_AGENT"))


class TimedResult(unittest.TextTestResult):
    """Says of each test how long it took."""

    def startTest(self, test):
        self.began = time.monotonic()
        super().startTest(test)

    def stopTest(self, test):
        self.stream.write("    %.1f s\n" % (time.monotonic() - self.began))
        super().stopTest(test)


def each(tests):
    for test in tests:
        if isinstance(test, unittest.TestSuite):
            yield from each(test)
        else:
            yield test


def runtime_of(test):
    kind = getattr(test, "kind", None)
    return "alone" if kind is None else kind.name


def run_tests(group, names):
    """Those of one runtime, or of none ("alone"); those with a name, or all."""
    loader = unittest.TestLoader()
    tests = loader.loadTestsFromNames(names) if names else loader.discover(str(HERE))
    chosen = unittest.TestSuite(test for test in each(tests) if runtime_of(test) == group)
    result = unittest.TextTestRunner(verbosity=2, resultclass=TimedResult).run(chosen)
    if REQUIRED and result.skipped:
        print("%d tests were skipped" % len(result.skipped))
        return 1
    return 0 if result.wasSuccessful() else 1


def start(group, names):
    out = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
    process = subprocess.Popen([sys.executable, "-B", __file__, "--group", group, *names],
                               stdout=out, stderr=subprocess.STDOUT)
    return group, process, out


def finish(group, process, out):
    """Its exit status. What it said is shown where something is wrong, else only its last words."""
    status = process.wait()
    out.seek(0)
    said = out.read()
    print("%s:\n%s" % (group, said if status != 0 else "\n".join(said.splitlines()[-3:])), flush=True)
    return status


def run_groups(names):
    """First those that look at the whole machine; then the runtimes beside each other."""
    statuses = [finish(*start("alone", names))]
    running = [start(kind.name, names) for kind in runtimes.ALL]
    statuses += [finish(*each_group) for each_group in running]
    return 1 if any(statuses) else 0


def why_not():
    """What keeps the tests from running here, or None."""
    foreign = enclosure.foreign_docker()
    if foreign is not None:
        return "a Docker that isn't its own is at work here: " + foreign
    missing = runtimes.missing()
    if missing:
        return "not installed: " + " ".join(missing)
    return None


def enclose(command):
    why = why_not()
    if why is None:
        try:
            with enclosure.Enclosure() as machine:
                return machine.run(command)
        except enclosure.CannotEnclose as reason:
            why = str(reason)
    print("SKIP: no container runtimes here: " + why)
    return 1 if REQUIRED else 0


def main():
    if sys.argv[1:2] == ["--group"]:
        sys.exit(run_tests(sys.argv[2], sys.argv[3:]))
    if "HOMELAB_AGENT_WORK" in os.environ:
        sys.exit(run_groups(sys.argv[1:]))
    # End as by Ctrl-C: what was started is ended on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(enclose([sys.executable, "-B", __file__] + sys.argv[1:]))


if __name__ == "__main__":
    main()
