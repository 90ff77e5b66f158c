"""Nothing of an enclosure is left on the machine, however it ends. (One inside the other.)"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import unittest

import enclosure
import run
from runtimes import wait_for

HERE = pathlib.Path(__file__).resolve().parent
MARK = "314159"
OUTER = """
import signal, sys
sys.path.insert(0, %r)
import enclosure
signal.signal(signal.SIGTERM, signal.default_int_handler)
with enclosure.Enclosure() as machine:
    sys.exit(machine.run(["sh", "-euc", sys.argv[1]]))
""" % str(HERE)
MESS = """
mount -t tmpfs tmpfs /mnt
for group in /sys/fs/cgroup/*/; do mkdir -p "$group/a/b"; done
mkdir /run/containerd && touch /run/docker.sock "$TMPDIR/file"
(setsid sleep %s >/dev/null 2>&1 &)
""" % MARK


def processes(command=MARK):
    found = []
    for line in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if command in line.read_text():
                found.append(line.parent.name)
        except OSError:
            pass                # it ended meanwhile
    return [pid for pid in found if int(pid) != os.getpid()]


def machine():
    """What is to be as it was."""
    groups = [str(path) for path in pathlib.Path("/sys/fs/cgroup").glob("**/homelab-agent-*")]
    interfaces = [re.sub(":.*", "", line) for line in
                  pathlib.Path("/proc/net/dev").read_text().splitlines()]
    return {"mounts": pathlib.Path("/proc/self/mountinfo").read_text(), "groups": groups,
            "interfaces": interfaces, "processes": processes(), "run": os.listdir("/run"),
            "files": os.listdir(os.environ["TMPDIR"])}


class Enclosed(unittest.TestCase):
    def setUp(self):
        self.maxDiff = None
        self.before = machine()

    def begin(self, script):
        return subprocess.Popen([sys.executable, "-B", "-c", OUTER, script],
                                stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                start_new_session=True)

    def begun(self, script):
        outer = self.begin(script + "sleep %s" % MARK)
        wait_for("in a mess", lambda: processes("sleep\0%s\0" % MARK)[1:])
        return outer

    def ended(self, outer):
        said = outer.communicate(timeout=30)[1].decode()
        wait_for("gone", lambda: not processes())
        return outer.returncode, said

    def test_exit_status_and_nothing_left(self):
        self.assertEqual(self.ended(self.begin(MESS + "exit 3")), (3, ""))
        self.assertEqual(machine(), self.before)

    def test_interrupted(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            outer = self.begun(MESS)
            outer.send_signal(number)
            self.assertIn("KeyboardInterrupt", self.ended(outer)[1])
            self.assertEqual(machine(), self.before)

    def test_ctrl_c_of_a_terminal(self):
        outer = self.begun(MESS)
        os.killpg(outer.pid, signal.SIGINT)     # a session of its own: never that of the tests
        self.ended(outer)
        self.assertEqual(machine(), self.before)

    def test_killed(self):
        """What can't be left then is processes and mounts; of its directory only a name stays."""
        outer = self.begun(MESS)
        outer.kill()
        self.ended(outer)
        after = machine()
        for same in ("mounts", "interfaces", "processes", "run"):
            self.assertEqual(after[same], self.before[same])
        left, = set(after["files"]) - set(self.before["files"])
        for group in after["groups"]:
            self.assertTrue(enclosure.Groups.emptied(pathlib.Path(group)))
        (pathlib.Path(os.environ["TMPDIR"]) / left).rmdir()


class Foreign(unittest.TestCase):
    """Where a Docker is at work that isn't the tests' own."""

    def test_its_socket(self):
        self.assertIsNone(enclosure.foreign_docker())
        docker = pathlib.Path("/run/docker.sock")
        docker.touch()
        self.addCleanup(docker.unlink)
        self.assertEqual(enclosure.foreign_docker(), "/run/docker.sock")
        environment = {k: v for k, v in os.environ.items() if k != "HOMELAB_AGENT_WORK"}
        for required, status in (("", 0), ("1", 1)):
            done = subprocess.run(
                [sys.executable, "-B", run.__file__], capture_output=True, text=True, check=False,
                env=dict(environment, REQUIRE_AGENT=required))
            self.assertEqual(done.returncode, status)
            self.assertEqual(done.stdout, "SKIP: no container runtimes here: a Docker that isn't"
                             " its own is at work here: /run/docker.sock\n")


if __name__ == "__main__":
    unittest.main()
