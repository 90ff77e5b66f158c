"""Agent and observer together: a container is made, crashes, loops, recovers; the world tells it."""

import time

import cases
from agents import NODE, of_type
from runtimes import Containerd, Docker, Podman, wait_for

POLICY = "web: {errors: {on_panic: {max_restarts: 2, window: 8s, backoff: 2s}}}"


class Story(cases.AgentTest):
    def new_agent(self):
        return super().new_agent("--stable", "2s", "--heartbeat", "3s")

    def incidents(self):
        return list(self.agent.world("incidents").values())

    def status(self):
        self.agent.observe()
        return (self.agent.service("web") or {}).get("status")

    def container(self):
        one, = self.agent.service("web")["containers"]
        return one

    def ups(self):
        """How often it was told to have come up. Who looks between the making and the start of a
        kubelet's next attempt sees no restart."""
        return len(of_type(self.agent.events(), "container_started", "container_restarted"))

    def up_again(self, it):
        """By the policy, or else as a kubelet does it."""
        if not self.runtime.acts:
            self.runtime.start(it)
        wait_for("up again", lambda: self.runtime.is_running(it))

    def test_loop(self):
        self.agent.policies(POLICY)
        it = self.runtime.run("web")
        with self.agent.watch():
            wait_for("healthy", lambda: self.status() == "healthy")
            self.assertEqual(self.agent.world("nodes")[NODE]["status"], "online")
            self.assertEqual(self.incidents(), [])
            self.assertEqual((self.container()["id"], self.container()["state"]),
                             (it.id, "running"))
            for count in range(1, 4):
                self.runtime.crash(it)
                self.agent.wait_for("container_crashed", "web", count=count)
                if count < 3:
                    self.up_again(it)
                    wait_for("told: up again", lambda: self.ups() == count + 1)
            self.agent.wait_for("container_crash_loop", "web")
            self.loops(it)
            self.up_again(it)
            wait_for("healthy again", lambda: self.status() == "healthy", 30)
            self.recovered(it)
            self.runtime.remove(it)
            # A kubelet's next attempt had the one before it removed, which was told, too.
            self.agent.wait_for("container_removed", "web")
            wait_for("gone", lambda: self.status() == "unknown")
        self.assertEqual(self.status(), "unknown")
        self.assertEqual(self.agent.service("web")["containers"], [])

    def loops(self, it):
        self.assertEqual(self.status(), "unhealthy")
        incident, = self.incidents()
        self.assertEqual((incident["status"], incident["severity"], incident["service"]),
                         ("active", "critical", "web"))
        said = self.container()
        self.assertEqual((said["name"], said["image"], said["exit_code"]),
                         (it.name, cases.image.NAME, 137))
        self.assertEqual(said["supervision"]["state"], "crash_loop_backoff")

    def recovered(self, it):
        incident, = self.incidents()
        self.assertEqual((incident["status"], incident["resolved_by"]),
                         ("resolved", "service_healthy"))
        self.assertEqual(incident["event_type"], "container_crashed")
        self.assertGreaterEqual(incident["occurrence_count"], 4)
        self.assertEqual((self.container()["id"], self.container()["state"]), (it.id, "running"))

    def test_a_loop_of_long_is_one_incident(self):
        """Every loop of it is a failure more of the one incident, none begins another."""
        self.runtime.run("web", "-", "1", **({"restart": "always"} if self.runtime.acts else {}))
        with self.agent.watch():
            if self.runtime.acts:
                self.agent.wait_for("container_crash_loop", "web", seconds=60)
            else:
                self.crash_again_and_again()
            time.sleep(4)               # twice what makes a service stable
        self.assertEqual(self.status(), "unhealthy")
        incident, = self.incidents()
        self.assertEqual(incident["status"], "active")
        self.assertEqual(of_type(self.agent.events(), "service_healthy"), [])

    def crash_again_and_again(self):
        it = self.runtime.containers[0]
        for count in range(1, 7):
            self.runtime.wait_until_ended(it)
            self.agent.wait_for("container_crashed", "web", count=count)
            self.runtime.start(it)
        self.agent.wait_for("container_crash_loop", "web")


cases.for_each(Story, globals(), (Containerd, Docker, Podman))
