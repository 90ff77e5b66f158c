"""homelab-agent --watch: hints, storms, services' health, and ends of its own that nobody foresaw."""

import concurrent.futures
import random
import signal
import time

import cases
from agents import of_containers, of_type
from runtimes import Containerd, Docker, Podman, wait_for

STORM = 100
STORM_RUNNING = 20
CALLS = "rename,renameat,renameat2,link,linkat,fsync,fdatasync,unlink,unlinkat"


class Watching(cases.AgentTest):
    def test_tells_what_happens(self):
        with self.agent.watch():
            it = self.runtime.run("web")
            self.agent.wait_for("container_started", "web")
            self.runtime.crash(it)
            self.agent.wait_for("container_crashed", "web")
            self.runtime.remove(it)
            self.agent.wait_for("container_removed", "web")
        self.assertEqual(of_containers(self.agent.events(), "web"),
                         ["container_created", "container_started", "container_crashed",
                          "container_removed"])

    def test_runtime_killed_while_containers_live_on(self):
        self.runtime.run("web")
        with self.agent.watch():
            self.agent.wait_for("container_started", "web")
            before = len(self.agent.events())
            self.runtime.kill()
            self.agent.wait_for("runtime_unavailable")
            time.sleep(2)               # some tries more
            self.runtime.begin()
            self.agent.wait_for("runtime_available")
            self.runtime.run("other")
            self.agent.wait_for("container_started", "other")
        told = [e.type for e in self.agent.events()[before:] if e.type.startswith("runtime_")]
        self.assertEqual(told, ["runtime_unavailable", "runtime_available"])

    def test_runtime_that_comes_later(self):
        self.runtime.kill()
        try:
            with self.agent.watch():
                self.agent.wait_for("runtime_unavailable")
                self.runtime.begin()
                self.runtime.run("web")
                self.agent.wait_for("container_started", "web")
        finally:
            if self.runtime.daemon.poll() is not None:
                self.runtime.begin()

    def test_storm(self):
        """Many containers at once, some of which run: each told once, in the end nothing left."""
        names = ["storm-%d" % number for number in range(STORM)]
        with self.agent.watch():
            made = self.make(names)
            self.agent.wait_for("container_created", count=STORM, seconds=60)
            self.agent.wait_for("container_started", count=STORM_RUNNING, seconds=60)
            for it in reversed(made):
                self.runtime.remove(it)
            self.agent.wait_for("container_removed", count=STORM, seconds=60)
        ids = [it.id for it in made]
        for kind, expected in (("container_created", ids), ("container_removed", ids),
                               ("container_started", ids[:STORM_RUNNING]),
                               ("container_crashed", []), ("container_restarted", [])):
            told = of_type(self.agent.events(), kind)
            self.assertEqual(sorted(e.container["id"] for e in told), sorted(expected), told[:3])

    def make(self, names):
        """By two at a time, of CRI all in one sandbox."""
        more = {}
        if not self.runtime.acts:
            more["pod"] = self.runtime.create(names[0]).pod
        first = [self.runtime.containers[-1]] if more else []
        with concurrent.futures.ThreadPoolExecutor(2) as two:
            made = first + list(two.map(lambda name: self.runtime.create(name, **more),
                                        names[len(first):]))
            list(two.map(self.runtime.start, made[:STORM_RUNNING]))
        return made

    # --- the agent's own end

    def test_killed_at_random_moments(self):
        """However often it is killed while it looks, each transition is told once."""
        chance = random.Random(1)
        expected = []
        it = None
        self.agent.look()
        for number in range(8):
            it = self.next_step(number, it, expected)
            for _ in range(5):
                self.agent.begin()
                time.sleep(chance.uniform(0, 0.08))
                self.agent.kill()
            self.agent.look()
        self.assertEqual(of_containers(self.agent.events(), "web"), expected, self.agent.events())

    def test_killed_before_every_change_of_the_disk(self):
        """By strace(1), before the first, the second, … until it comes to its end unharmed."""
        self.agent.look()
        expected = []
        it = None
        for number in range(4):
            it = self.next_step(number, it, expected)
            killed = next(call for call in range(200) if self.survives(call + 1))
            self.assertGreater(killed, 2)
        self.assertEqual(of_containers(self.agent.events(), "web"), expected, self.agent.events())

    def survives(self, call):
        """A run, killed before that call."""
        done = self.agent.run(before=[
            "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + CALLS, "-e",
            "inject=%s:signal=KILL:when=%d" % (CALLS, call)], check=None)
        self.assertIn(done.returncode, (0, -signal.SIGKILL), done.stderr)
        return done.returncode == 0

    def next_step(self, number, it, expected):
        """Something happens to a container, which is noted as it is to be told."""
        step = number % 4
        if step == 0:
            it = self.runtime.run("web")
            expected += ["container_created", "container_started"]
        elif step == 1:
            self.runtime.crash(it)
            expected += ["container_crashed"]
        elif step == 2:
            self.runtime.start(it)
            expected += cases.started_again(self.runtime)
        else:
            self.runtime.remove(it)
            expected += ["container_removed"]
        return it


class Hinted(cases.AgentTest):
    """Between two looks an hour lies; so what is told was hinted at."""

    def test_hints(self):
        self.runtime.create("first")
        with self.agent.watch("--interval", "1h"):
            self.agent.wait_for("container_created", "first")
            it = self.runtime.run("web")
            self.agent.wait_for("container_started", "web")
            self.runtime.crash(it)
            self.agent.wait_for("container_crashed", "web")


class StableTest(cases.AgentTest):
    """A service is healthy once its container has run a while without a crash."""

    def new_agent(self):
        return super().new_agent("--stable", "2s", "--heartbeat", "3s")

    def told(self, service="web"):
        return [e.type for e in of_type(self.agent.events(), "service_healthy", "service_unhealthy")
                if e.service == service]


class Stable(StableTest):
    def test_stable(self):
        it = self.runtime.run("web")
        self.runtime.run("external", labels={"homelab.health": "external"})
        with self.agent.watch():
            healthy = self.agent.wait_for("service_healthy", "web", count=2)[0]
            self.assertGreaterEqual(healthy["timestamp"][:19],
                                    healthy.container["started_at"][:19])
            self.runtime.crash(it)
            self.agent.wait_for("container_crashed", "web")
            before = len(self.told())
            time.sleep(4)               # more than a heartbeat
            self.assertEqual(len(self.told()), before)
            self.runtime.start(it)
            self.agent.wait_for("service_healthy", "web", count=before + 1)
        self.assertEqual(set(self.told()), {"service_healthy"})
        self.assertEqual(self.told("external"), [])

    def test_heartbeat_of_the_node(self):
        with self.agent.watch():
            self.agent.wait_for("node_health", count=3)
        for event in of_type(self.agent.events(), "node_health"):
            for key in ("cpu_pressure", "memory_pressure", "disk_pressure"):
                self.assertIn(key, event.payload)
            self.assertGreater(event.payload["memory_percent"], 0)
            self.assertGreater(event.payload["uptime_seconds"], 0)
        self.assertEqual(len(of_type(self.agent.events(), "node_online")), 1)


class Checked(StableTest):
    """And its health check, where it has one, says so."""

    def test_bad_and_good(self):
        it = self.runtime.run("web", health=True)
        self.runtime.heal(it)
        with self.agent.watch():
            self.agent.wait_for("service_healthy", "web")
            self.runtime.sicken(it)
            unhealthy = self.agent.wait_for("service_unhealthy", "web")[0]
            self.assertEqual(unhealthy.severity, "error")
            self.assertEqual(unhealthy.container["state"], "running")
            before = len(self.told())
            time.sleep(4)               # it runs, and is unhealthy all the same
            self.assertEqual(set(self.told()[before - 1:]), {"service_unhealthy"})
            self.runtime.heal(it)
            wait_for("healthy", lambda: self.told()[-1] == "service_healthy")

    def test_never_healthy(self):
        it = self.runtime.run("web", health=True)
        self.runtime.sicken(it)
        with self.agent.watch():
            self.agent.wait_for("service_unhealthy", "web")
            time.sleep(4)
        self.assertNotIn("service_healthy", self.told())


cases.for_each(Watching, globals())
cases.for_each(Hinted, globals())
cases.for_each(Stable, globals(), (Containerd, Docker))
cases.for_each(Checked, globals(), (Docker, Podman))
