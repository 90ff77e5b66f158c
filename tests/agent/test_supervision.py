"""What is done about crashes: each policy, loops, and what it leaves alone."""

import pathlib
import signal
import time

import cases
from agents import of_containers, of_type
from runtimes import Containerd, Docker, Podman, wait_for

RESTART = "web: {errors: {on_panic: {action: restart, max_restarts: 2, window: 60s, backoff: 3s}}}"
SHUTDOWN = "web: {errors: {on_panic: {action: shutdown}}}"
ISOLATE = "web: {errors: {on_panic: {action: isolate}}}"
HOOK = '#!/bin/sh\ncat >>"$(dirname "$0")/called"\necho CALLED >>"$(dirname "$0")/called"\n'


class SupervisionTest(cases.AgentTest):
    def begin(self, policy, *arguments, **more):
        """The container "web" under a policy, seen once."""
        self.agent.policies(policy)
        it = self.runtime.run("web", *arguments, **more)
        self.agent.look()
        return it

    def crash(self, it, *options):
        self.runtime.crash(it)
        return self.agent.look(*options)

    def supervision(self):
        """As the latest event of the container says it."""
        events = [e for e in self.agent.events() if e.container.get("supervision")]
        return events[-1].container["supervision"]


class Restarting(SupervisionTest):
    def test_restarts_at_once(self):
        it = self.begin(RESTART)
        events = self.crash(it)
        self.assertEqual(of_containers(events)[0], "container_crashed")
        wait_for("running", lambda: self.runtime.is_running(it))
        events += self.agent.look()
        restarted, = of_type(events, "container_restarted")
        self.assertEqual(restarted.payload["by"], "agent")
        supervision = restarted.container["supervision"]
        self.assertEqual((supervision["state"], supervision["policy"], supervision["restarts_total"],
                          supervision["last_exit_code"]), ("running", "restart", 1, 137))
        self.assertEqual(of_type(events, "container_crash_loop", "container_started"), [])

    def test_loop_backoff_and_out_of_it(self):
        it = self.begin(RESTART)
        for _ in range(2):
            self.crash(it)
            self.assertTrue(self.runtime.is_running(it))
            self.agent.look()
        events = self.crash(it)
        loop, = of_type(events, "container_crash_loop")
        self.assertEqual((loop.severity, loop.payload["crashes"], loop.payload["window_seconds"]),
                         ("critical", 3, 60))
        self.assertGreater(loop.payload["backoff_until"], loop["timestamp"])
        self.assertEqual(self.supervision()["state"], "crash_loop_backoff")
        self.assertFalse(self.runtime.is_running(it))
        time.sleep(3)                   # meanwhile nobody looks: the deadline passes all the same
        events = self.agent.look() + self.agent.look()
        self.assertTrue(self.runtime.is_running(it))
        restarted, = of_type(events, "container_restarted")
        self.assertEqual(restarted.payload["by"], "agent")
        self.assertEqual(restarted.container["supervision"]["restarts_total"], 3)
        self.assertEqual(of_type(self.agent.events(), "container_crash_loop"), [loop])

    def test_loop_is_left_when_the_window_has_passed(self):
        it = self.begin("web: {errors: {on_panic: {max_restarts: 1, window: 10s, backoff: 1s}}}")
        with self.agent.watch("--stable", "1s"):
            for count in (1, 2):
                # Not crash(): it's up again before anybody sees that it was down.
                self.runtime.signal(it, signal.SIGKILL)
                self.agent.wait_for("container_restarted", "web", count=count)
            self.agent.wait_for("container_crash_loop", "web")
            looped = len(self.agent.events())
            wait_for("healthy again", lambda: of_type(self.agent.events()[looped:],
                                                      "service_healthy"))
            self.runtime.signal(it, signal.SIGKILL)     # the first of a new window
            self.agent.wait_for("container_restarted", "web", count=3)
        self.assertEqual(len(of_type(self.agent.events(), "container_crash_loop")), 1)

    def test_agent_killed_while_it_waits(self):
        it = self.begin("web: {errors: {on_panic: {max_restarts: 0, backoff: 3s}}}")
        self.agent.begin()
        self.runtime.crash(it)
        self.agent.wait_for("container_crash_loop", "web")
        self.agent.kill()
        self.assertFalse(self.runtime.is_running(it))
        with self.agent.watch():
            self.agent.wait_for("container_restarted", "web")
        self.assertTrue(self.runtime.is_running(it))
        self.assertEqual(len(of_type(self.agent.events(), "container_crash_loop")), 1)

    def test_completed(self):
        it = self.begin(RESTART)
        self.runtime.signal(it, signal.SIGUSR2)
        self.runtime.wait_until_ended(it)
        events = self.agent.look() + self.agent.look()
        completed, = of_type(events, "container_completed")
        self.assertEqual(completed.container["exit_code"], 0)
        self.assertEqual(completed.container["supervision"]["state"], "completed")
        self.assertFalse(self.runtime.is_running(it))
        self.assertEqual(of_containers(events), ["container_completed"])

    def test_stopped_by_somebody(self):
        it = self.begin(RESTART)
        self.runtime.stop(it)
        self.assertEqual(of_containers(self.agent.look() + self.agent.look()),
                         ["container_stopped"])
        self.assertFalse(self.runtime.is_running(it))

    def test_runtime_that_restarts_it_itself(self):
        it = self.begin(RESTART, restart="always")
        old = self.runtime.pid(it)
        self.runtime.signal(it, signal.SIGKILL)
        wait_for("up again", lambda: self.runtime.pid(it) not in (0, old))
        events = self.agent.look() + self.agent.look()
        restarted, = of_type(events, "container_restarted")
        self.assertEqual(restarted.payload["by"], "runtime")
        self.assertEqual(self.runtime.details(it)["RestartCount"], 1)

    def test_loop_of_a_runtime_that_restarts_it_itself(self):
        """Without a policy: judged by the defaults, not acted on."""
        self.runtime.run("web", "-", "1", restart="always")
        with self.agent.watch():
            loop, = self.agent.wait_for("container_crash_loop", "web", seconds=60)
            self.assertGreaterEqual(loop.payload["crashes"], 6)
            time.sleep(1)
        self.assertEqual(len(of_type(self.agent.events(), "container_crash_loop")), 1)
        self.assertEqual({e.payload["by"] for e in
                          of_type(self.agent.events(), "container_restarted")}, {"runtime"})

    def test_shutdown(self):
        it = self.begin(SHUTDOWN)
        events = self.crash(it) + self.agent.look()
        down, = of_type(events, "service_shutdown")
        self.assertTrue(down.payload["reason"])
        self.assertEqual(down.container["supervision"]["state"], "shutdown")
        self.assertFalse(self.runtime.is_running(it))
        self.assertEqual(of_type(events, "container_restarted"), [])

    def test_shutdown_against_the_runtime(self):
        it = self.begin(SHUTDOWN, restart="always")
        with self.agent.watch():
            self.runtime.signal(it, signal.SIGKILL)
            self.agent.wait_for("service_shutdown", "web")
            wait_for("down", lambda: not self.runtime.is_running(it))
            time.sleep(2)
        self.assertFalse(self.runtime.is_running(it))
        self.assertEqual(len(of_type(self.agent.events(), "service_shutdown")), 1)

    def test_isolate(self):
        hook = pathlib.Path(self.work) / "hook"
        hook.write_text(HOOK)
        hook.chmod(0o755)
        it = self.begin(ISOLATE)
        options = ("--isolate-hook", str(hook))
        events = self.crash(it, *options) + self.agent.look(*options)
        isolated, = of_type(events, "container_isolated")
        self.assertTrue(isolated.payload["reason"])
        self.assertEqual(isolated.container["supervision"]["state"], "isolated")
        self.assertFalse(self.runtime.is_running(it))
        self.assertEqual(of_type(events, "container_restarted"), [])
        called = (self.work / "called").read_text()
        self.assertIn("web", called)
        self.assertEqual(called.count("CALLED"), 1)

    def test_hook_that_fails_is_called_again(self):
        hook = pathlib.Path(self.work) / "hook"
        hook.write_text(HOOK + '[ "$(grep -c CALLED "$(dirname "$0")/called")" -gt 1 ]\n')
        hook.chmod(0o755)
        it = self.begin(ISOLATE)
        with self.agent.watch("--isolate-hook", str(hook)):
            self.runtime.crash(it)
            failed, = self.agent.wait_for("supervision_failed", "web")
            self.assertEqual(failed.payload["action"], "isolate")
            self.agent.wait_for("container_isolated", "web")
        self.assertEqual((self.work / "called").read_text().count("CALLED"), 2)

    # --- what it leaves alone

    def left_alone(self, it, *options):
        events = self.crash(it, *options) + self.agent.look(*options)
        self.assertFalse(self.runtime.is_running(it))
        self.assertEqual(of_containers(events), ["container_crashed"])

    def test_no_act(self):
        it = self.begin(RESTART)
        self.left_alone(it, "--no-act")
        self.assertIn("web", self.agent.words())
        self.agent.look()
        self.assertTrue(self.runtime.is_running(it))

    def test_deployment_at_work(self):
        it = self.begin("web: {errors: {on_panic: {}}}")
        stage = self.agent.root / "state/deploy/current_stage"
        stage.parent.mkdir(parents=True)
        for word in ("deploy\n", "verify"):
            stage.write_text(word)
            self.left_alone(it)
            self.runtime.start(it)
            self.agent.look()
        self.runtime.crash(it)
        stage.write_text("complete\n")
        self.agent.look()
        self.assertTrue(self.runtime.is_running(it))

    def test_no_policy(self):
        self.left_alone(self.begin("other: {errors: {on_panic: {}}}, web: {role: none}"))

    def test_label_makes_no_policy(self):
        self.agent.policies(RESTART)
        it = self.runtime.run("other", labels={"homelab.service": "web"})
        self.agent.look()
        self.left_alone(it)

    def test_compose_project_does(self):
        self.agent.policies(RESTART)
        it = self.runtime.run("web-db-1", labels={"com.docker.compose.project": "web",
                                                  "com.docker.compose.service": "db"})
        self.agent.look()
        self.crash(it)
        self.assertTrue(self.runtime.is_running(it))


class Judging(SupervisionTest):
    """CRI is observed and judged: its sandboxes are the kubelet's."""

    def test_policy_cannot_be_acted_on(self):
        it = self.begin(RESTART)
        events = self.crash(it)
        for _ in range(2):
            self.runtime.start(it)
            self.agent.look()
            events += self.crash(it)
        failed, = of_type(self.agent.events(), "supervision_failed")
        self.assertTrue(failed.payload["reason"])
        self.assertFalse(self.runtime.is_running(it))
        self.assertEqual(len(of_type(self.agent.events(), "container_crash_loop")), 1)


cases.for_each(Restarting, globals(), (Docker, Podman))
cases.for_each(Judging, globals(), (Containerd,))
