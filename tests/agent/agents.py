"""homelab-agent against real runtimes, and what it wrote: a ROOT, events, state, and the world that
homelab-observer makes of them.

    agent = Agent(work, [docker.runtime])
    agent.policies("web: {errors: {on_panic: {action: restart}}}")
    events = agent.look()               # a one-shot run; what it told
    with agent.watch():                 # --watch, ended by SIGTERM
        agent.wait_for("container_crashed", "web")
"""

import contextlib
import json
import os
import pathlib
import signal
import subprocess

from runtimes import wait_for

TOP = pathlib.Path(__file__).resolve().parents[2]
AGENT = str(TOP / os.environ.get("AGENT", "build/homelab-agent"))
OBSERVER = str(TOP / os.environ.get("OBSERVER", "build/homelab-observer"))
NODE = "saturn"
FAILURES = ("container_crashed", "container_isolated", "service_shutdown", "service_unhealthy")


class Event(dict):
    """One, with its most asked for fields at hand."""

    def __init__(self, path):
        super().__init__(json.loads(path.read_bytes()))
        self.path = str(path)
        self.type = self["type"]
        self.payload = self.get("payload", {})
        self.container = self.payload.get("container") or {}
        self.service = self.get("service")
        self.severity = self.get("severity", "error" if self.type in FAILURES else "info")
        seconds, _, fraction = self["timestamp"].rstrip("Z").partition(".")
        self.moment = seconds + "." + fraction.ljust(9, "0")

    def __repr__(self):
        return "\n%s %s" % (self.path.rsplit("/", 1)[1], dict(self))


def of_containers(events, service=None):
    """The types of those that tell what became of containers."""
    return [e.type for e in events
            if e.type.startswith("container_") and service in (None, e.service)]


def of_type(events, *types):
    return [e for e in events if e.type in types]


class Agent:
    def __init__(self, work, runtimes, options=()):
        self.root = pathlib.Path(work)
        (self.root / "inventory").mkdir(parents=True)
        (self.root / "inventory/topology.yaml").write_text("nodes: {%s: {}}\n" % NODE)
        self.command = [AGENT, "--root", str(self.root), "--node", NODE, "--heartbeat", "1h"]
        for runtime in runtimes:
            self.command += ["--runtime", runtime]
        self.command += options
        self.known = set()
        self.said = self.root.parent / (self.root.name + ".log")
        self.process = None

    def policies(self, text):
        """The services that hosts/NODE/services.yaml declares, in flow style."""
        path = self.root / "hosts" / NODE / "services.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("services: {%s}\n" % text)

    # --- running it

    def run(self, *options, before=(), check=0):
        """A one-shot run, of which a status is expected; None: of which none is."""
        done = subprocess.run([*before, *self.command, *options], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=120, check=False)
        with open(self.said, "a", encoding="utf-8") as said:
            said.write(done.stdout + done.stderr)
        if check is not None and done.returncode != check:
            raise AssertionError("%s: exit status %d, not %d\n%s" % (
                self.command, done.returncode, check, done.stdout + done.stderr))
        return done

    def look(self, *options, check=0):
        self.run(*options, check=check)
        return self.news()

    @contextlib.contextmanager
    def watch(self, *options):
        self.begin(*options)
        try:
            yield self
            if self.process.poll() is not None:
                raise AssertionError("it ended with %d\n%s" % (self.process.returncode,
                                                               self.said.read_text()[-4000:]))
            self.process.terminate()
            if self.process.wait(20) != 0:
                raise AssertionError("SIGTERM ended it with %d" % self.process.returncode)
        finally:
            self.kill()

    def begin(self, *options):
        with open(self.said, "ab") as said:
            self.process = subprocess.Popen(
                [*self.command, "--watch", "--interval", "1s", *options],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said)

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    # --- what it wrote

    def events(self):
        """All, as they happened."""
        found = [Event(path) for path in self.root.glob("events/*/*/*.json")
                 if not path.name.startswith(".")]
        return sorted(found, key=lambda e: (e.moment, e.path))

    def news(self):
        """Those not returned before, without those that come when the machine has much to do."""
        found = [event for event in self.events() if event.path not in self.known]
        self.known.update(event.path for event in found)
        return [event for event in found if event.type != "node_health"]

    def wait_for(self, kind, service=None, count=1, seconds=30):
        """Until as many of a type are there, which are returned."""
        def enough():
            found = [e for e in of_type(self.events(), kind) if service in (None, e.service)]
            return found if len(found) >= count else None
        try:
            return wait_for("told: " + kind, enough, seconds)
        except AssertionError as why:
            raise AssertionError("%s\n%s\n%s" % (why, self.events(), self.words())) from why

    def words(self):
        """What it said last."""
        return self.said.read_text()[-4000:] if self.said.exists() else ""

    def files(self):
        """Every file of events and state: its place, inode, times and bytes."""
        found = {}
        for top in ("events", "state"):
            for path in (self.root / top).rglob("*"):
                about = path.lstat()
                found[str(path)] = (about.st_ino, about.st_mtime_ns, about.st_ctime_ns,
                                    path.read_bytes() if path.is_file() else None)
        return found

    # --- the world

    def observe(self, *options):
        subprocess.run([OBSERVER, "--root", str(self.root), "--settle", "0", "--quiet", *options],
                       check=True, stdin=subprocess.DEVNULL, timeout=120)

    def world(self, name):
        return json.loads((self.root / "world" / (name + ".json")).read_bytes())

    def service(self, name):
        return self.world("services").get("%s/%s" % (NODE, name))
