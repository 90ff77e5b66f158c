"""One mutant: compile its file, link the tests and the program with it, run tests until one fails.

All of it happens in a directory of its own, under limits of time, memory and file size, and in a
process group of its own that is ended where it takes too long.
"""

import contextlib
import fnmatch
import glob
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import tables
from results import Outcome

# Seconds of CPU, blocks of 512 bytes (256 MiB) a file, KiB (4 GiB) of memory.
LIMITS = 'ulimit -c 0 -f 524288 -v 4194304; ulimit -t "$0"; exec "$@"'
# Whatever takes so much longer than unchanged hangs: of CPU, and by the clock.
CPU, CLOCK = (3, 3), (10, 30)   # times, and seconds more
GENEROUS = (600, 600)

# libcheck's tests say how each went; the first that fails is enough. One that crashes says nothing.
FIRST_FAILURE = """{ CK_TAP_LOG_FILE_NAME=/dev/stdout "$0" || echo 'not ok'; } |
    { ! grep -m1 '^not ok'; }"""


class Broken(Exception):
    """The mutant isn't C, or the sources aren't fit to be changed."""


def run(command, directory, limits):
    """Exit status, or None where it took too long; `limits` in seconds of CPU and of the clock."""
    environment = {**os.environ, "TMPDIR": str(directory), "CK_FORK": "no", "LC_ALL": "C"}
    limited = ["sh", "-c", LIMITS, str(int(limits[0])), *command]
    with open(directory / "said", "wb") as said:
        process = subprocess.Popen(limited, env=environment, stdin=subprocess.DEVNULL,
                                   stdout=said, stderr=said, start_new_session=True)
        try:
            return process.wait(limits[1])
        except subprocess.TimeoutExpired:
            return None
        finally:
            end_group(process)


def program_of(test):
    return tables.PROGRAM_OF.get(test, "unit-tests")


def objects(plain, program):
    return [path for pattern in tables.PROGRAMS[program] for path in glob.glob(str(plain / pattern))]


def can_be_tried(group, plain):
    return all(objects(plain, program_of(test)) for test in group.tests)


def spent():
    """Seconds of CPU of the children, and the clock's."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime, time.monotonic()


def end_group(process):
    """Whatever of it still runs: the group is named by the process' own id."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Bench:
    """Where mutants are built and tried."""

    def __init__(self, plain, flags, libraries, only):
        self.plain = plain
        self.compile = [os.environ.get("CC", "cc"), *flags, "-O0", "-w"]
        self.libraries, self.only = libraries, only or "*"
        self.limits = {}

    def __enter__(self):
        fast = "/dev/shm"
        top = None if "TMPDIR" in os.environ or not os.access(fast, os.W_OK) else fast
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="mutants.", dir=top))
        self.top.chmod(0o755)
        return self

    def __exit__(self, *_):
        remove(self.top)

    def measure(self, groups):
        """How long each test takes on the sources unchanged, where all have to pass."""
        for name in dict.fromkeys(test for group in groups for test in self.tests_of(group)):
            with self.place() as directory:
                self.link(directory, (), (program_of(name),))
                before = spent()
                status = run(self.command(name, directory), directory, GENEROUS)
                if status != 0:
                    said = (directory / "said").read_text(errors="replace")
                    raise SystemExit("%s\nmutants: error: %s fails on the sources unchanged"
                                     % (said, name))
                self.limits[name] = [times * (after - since) + more for since, after, (times, more)
                                     in zip(before, spent(), (CPU, CLOCK))]

    def tests_of(self, group):
        names = ["unit " + suite for suite in group.unit.split()] + list(group.tests)
        return fnmatch.filter(names, self.only)

    @contextlib.contextmanager
    def place(self):
        directory = pathlib.Path(tempfile.mkdtemp(dir=self.top))
        directory.chmod(0o755)
        try:
            yield directory
        finally:
            remove(directory)

    def attempt(self, mutant):
        started = time.monotonic()
        with self.place() as directory:
            try:
                how, by = self.judge(mutant, directory)
            except Broken as broken:
                how, by = "broken", str(broken)
        return Outcome(how, by, time.monotonic() - started)

    def judge(self, mutant, directory):
        source = directory / pathlib.Path(mutant.place.file).name
        source.write_text(mutant.source, encoding="latin-1")
        self.call([*self.compile, "-I", str(pathlib.Path(mutant.place.file).parent), "-c", "-o",
                   str(directory / "mutant.o"), str(source)])
        linked = set()
        for test in self.tests_of(mutant.group):
            program = program_of(test)
            if program not in linked:
                self.link(directory, [str(directory / "mutant.o")], (program,))
                linked.add(program)
            status = run(self.command(test, directory), directory, self.limits[test])
            if status != 0:
                return "killed", test if status is not None else "%s, hanging" % test
        return "survived", ""

    def call(self, command):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Broken(done.stderr.strip().split("\n")[0])

    def link(self, directory, changed, programs):
        """What is changed comes before the library, which so isn't asked for it."""
        for name in programs:
            self.call([self.compile[0], "-o", str(directory / name), *objects(self.plain, name),
                       *changed, str(self.plain / "libhomelab.a"), *self.libraries])

    def command(self, test, directory):
        suite = test[5:] if test.startswith("unit ") else tables.SUITES.get(test)
        if suite:
            return ["env", "CK_RUN_SUITE=" + suite, "sh", "-c", FIRST_FAILURE,
                    str(directory / program_of(test))]
        return [word.format(python=sys.executable, program=directory / program_of(test))
                for word in tables.COMMANDS[test]]


def remove(directory):
    """Also where a test left what can't be entered."""
    for path in directory.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    shutil.rmtree(directory)
