"""A machine of its own for daemons: what is started, mounted or made in it ends with it.

    with Enclosure() as enclosure:
        status = enclosure.run([program, argument, ...])

The program is given processes, mounts, a network (a loopback, nothing else) and control groups of
its own, and an empty /run in memory with a directory for it, HOMELAB_AGENT_WORK. When its first
process ends, the kernel ends every other one, and with the last one go mounts, interfaces and the
files in memory. What is left to be removed here is a directory and the control groups, which are
empty then.
"""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

INSIDE = pathlib.Path(__file__).resolve().parent / "inside.py"
NEEDED = ("unshare", "setpriv", "mount", "umount")
WANTED = ("cpuset", "cpu", "io", "memory", "pids")      # of control groups, version 2
EMPTY_SECONDS = 20


class CannotEnclose(Exception):
    """This machine has no room for another: no fault of the project."""


class Hierarchy:
    """One of control groups, as /proc/self/mountinfo has it: where it's mounted, how."""

    def __init__(self, line):
        before, after = line.split(" - ", 1)
        self.device, self.point = before.split()[2], pathlib.Path(before.split()[4])
        self.kind, _, options = after.split()[:3]
        self.options = [o for o in options.split(",") if o not in ("rw", "ro")]


def hierarchies(everywhere=False):
    """Each once, or wherever it is mounted."""
    found = [Hierarchy(line) for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
             if line.split(" - ", 1)[1].startswith("cgroup")]
    return found if everywhere else list({h.device: h for h in reversed(found)}.values())


def write(path, text):
    """To a file of the kernel's, which may refuse."""
    with contextlib.suppress(OSError):
        path.write_text(text)


class Groups:
    """A control group of this name in every hierarchy."""

    def __init__(self, name):
        self.roots = [(h.point, h.kind) for h in hierarchies()]
        self.groups = [root / name for root, _ in self.roots]
        self.enabled = []
        if not self.groups:
            raise CannotEnclose("no control groups are mounted")

    def make(self):
        for (root, kind), group in zip(self.roots, self.groups):
            if kind == "cgroup2":
                self.enable(root)
            try:
                group.mkdir()
            except OSError as why:
                raise CannotEnclose("no control group can be made: %s" % why) from why
            for name in ("cpuset.cpus", "cpuset.mems"):
                if kind == "cgroup" and (root / name).exists():
                    write(group / name, (root / name).read_text())

    def enable(self, root):
        """Those controllers that groups here don't have already."""
        have = (root / "cgroup.subtree_control").read_text().split()
        for name in WANTED:
            if name in (root / "cgroup.controllers").read_text().split() and name not in have:
                write(root / "cgroup.subtree_control", "+" + name)
                self.enabled.append((root, name))

    def join(self):
        for group in self.groups:
            (group / "cgroup.procs").write_text(str(os.getpid()))

    def remove(self):
        """Once their processes are gone, which takes the kernel a moment."""
        deadline = time.monotonic() + EMPTY_SECONDS
        for group in self.groups:
            while group.exists() and not self.emptied(group):
                if time.monotonic() > deadline:
                    raise AssertionError("%s is still in use" % group)
                time.sleep(0.02)
        for root, name in self.enabled:
            write(root / "cgroup.subtree_control", "-" + name)

    @staticmethod
    def emptied(group):
        try:
            for folder, _, _ in os.walk(group, topdown=False):
                os.rmdir(folder)
        except OSError:
            return False
        return True


class Enclosure:
    def __init__(self):
        if os.geteuid() != 0:
            raise CannotEnclose("not root")
        for name in NEEDED:
            if shutil.which(name) is None:
                raise CannotEnclose("no " + name)
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="homelab-agent-"))
        self.groups = Groups(self.work.name)
        self.process = None

    def __enter__(self):
        try:
            self.groups.make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.kill()
        self.groups.remove()
        for directory in (self.work / "root", self.work):
            with contextlib.suppress(FileNotFoundError):
                directory.rmdir()       # not a tree: nothing is to be in there

    def run(self, command, **more):
        """Its exit status."""
        namespaces = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--propagation",
                      "unchanged", "--pid", "--fork", "--kill-child", "--net", "--ipc", "--uts", "--cgroup"]
        self.process = subprocess.Popen(
            namespaces + [sys.executable, "-B", str(INSIDE), str(self.work)] + command,
            preexec_fn=self.groups.join, **more)
        return self.process.wait()

    def kill(self):
        """With unshare(1) goes its child, and with that one, the first, all of them."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


def foreign_docker():
    """Where a Docker is at work that isn't these tests' own they stay away: what it is, or None."""
    for path in ("/run/docker.sock", "/run/containerd/containerd.sock"):
        if os.path.exists(path):
            return path
    for groups in pathlib.Path("/proc").glob("[0-9]*/cgroup"):
        with contextlib.suppress(OSError):
            found = re.search(r"/((docker|containerd)\.service)", groups.read_text())
            if found:
                return found.group(1)
    return None
