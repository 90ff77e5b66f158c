"""What happens to containers, told by one-shot runs: each event once, nothing that didn't happen."""

import signal
import time

import cases
import runtimes
from agents import of_containers, of_type



class Tracking(cases.AgentTest):
    def run_and_look(self, name="web", **more):
        it = self.runtime.run(name, **more)
        self.agent.look()
        return it

    def look(self, expected):
        """What is told now of "web", which is to be this; the last of it."""
        events = self.agent.look()
        self.assertEqual(of_containers(events, "web"), expected, events)
        return of_type(events, *expected[-1:])[-1] if expected else None

    def check_container(self, event, it, state, **more):
        """What every event says of its container."""
        said = event.container
        self.assertEqual(event["source"], "homelab-agent")
        self.assertEqual(event["node"], "saturn")
        expected = dict(id=it.id, name=it.name, image=runtimes.image.NAME, state=state,
                        restarts=it.attempt, **more)
        self.assertEqual({key: said.get(key) for key in expected}, expected, event)

    # --- one container, step by step

    def test_created_started_stopped_removed(self):
        self.agent.look()
        it = self.runtime.create("web")
        self.check_container(self.look(["container_created"]), it, "created", exit_code=None,
                             oom_killed=False, started_at=None)
        self.runtime.start(it)
        event = self.look(["container_started"])
        self.check_container(event, it, "running")
        self.assertRegex(event.container["started_at"], "^20")
        self.runtime.stop(it)
        event = self.look(["container_stopped"])
        self.check_container(event, it, "exited", exit_code=143, oom_killed=False)
        self.assertEqual(event.severity, "info")
        self.runtime.remove(it)
        self.check_container(self.look(["container_removed"]), it, "removed")
        self.look([])

    def test_killed(self):
        it = self.run_and_look()
        self.runtime.crash(it)
        event = self.look(["container_crashed"])
        self.check_container(event, it, "failed", exit_code=137, oom_killed=False)
        self.assertEqual((event.payload["exit_code"], event.payload["signal"],
                          event.payload["oom_killed"], event.severity),
                         (137, 9, False, "error"))
        self.assertLess(event.payload["started_at"], event.payload["finished_at"])
        self.assertNotIn("log", event.payload)
        self.look([])

    def test_exit_codes(self):
        it = self.run_and_look()
        self.runtime.signal(it, signal.SIGUSR1)
        self.runtime.wait_until_ended(it)
        event = self.look(["container_crashed"])
        self.check_container(event, it, "failed", exit_code=3, oom_killed=False)
        self.assertEqual(event.payload["exit_code"], 3)
        self.runtime.start(it)
        self.look(cases.started_again(self.runtime))
        self.runtime.signal(it, signal.SIGUSR2)
        self.runtime.wait_until_ended(it)
        self.check_container(self.look(["container_stopped"]), it, "exited", exit_code=0)

    def test_out_of_memory(self):
        it = self.run_and_look(memory=runtimes.MEMORY)
        for _ in range(5):
            said = self.runtime.exhaust(it)
            event = self.look(["container_crashed"])
            if said:
                break
            self.runtime.start(it)
            self.agent.look()
        self.check_container(event, it, "failed", exit_code=137, oom_killed=self.runtime.tells_oom)
        self.assertEqual(event.payload["oom_killed"], self.runtime.tells_oom)

    def test_down_and_up_between_two_looks(self):
        it = self.run_and_look()
        for _ in range(2):
            self.runtime.crash(it)
            self.runtime.start(it)
            events = self.agent.look()
            told = of_containers(events, "web")
            again = cases.started_again(self.runtime)
            self.assertEqual(told[-len(again):], again, events)
            self.assertLessEqual(set(told[:-len(again)]), {"container_crashed"}, events)
            self.check_container(of_type(events, "container_restarted")[0], it, "running")
            self.look([])

    def test_removed_while_it_ran(self):
        it = self.run_and_look()
        self.runtime.remove(it)
        told = of_containers(self.agent.look(), "web")
        self.assertEqual(told[-1], "container_removed")
        self.assertLessEqual(set(told[:-1]), {"container_stopped"})
        self.look([])

    def test_made_anew_under_its_name(self):
        old = self.run_and_look()
        self.runtime.remove(old)
        it = self.runtime.run("web")
        events = self.agent.look()
        self.assertEqual([e.container["id"] for e in of_type(events, "container_removed")],
                         [old.id])
        self.assertEqual([e.container["id"] for e in of_type(events, "container_started")], [it.id])
        self.look([])

    def test_paused_and_resumed(self):
        if not self.runtime.pauses:
            return
        it = self.run_and_look()
        self.runtime.pause(it)
        self.check_container(self.look(["container_paused"]), it, "paused")
        self.look([])
        self.runtime.resume(it)
        self.check_container(self.look(["container_resumed"]), it, "running")
        self.look([])

    def test_log_lines_are_told_only_where_asked_for(self):
        it = self.runtime.create("web", "-", "5")
        self.agent.look()
        self.runtime.start(it)
        self.runtime.wait_until_ended(it)
        crash, = of_type(self.agent.look("--log-lines", "3"), "container_crashed")
        self.assertEqual(crash.payload["log"], ["began with: - 5"])

    # --- many

    def test_first_look_tells_what_there_is_and_claims_no_crash(self):
        created = self.runtime.create("made")
        running = self.runtime.run("up")
        dead = self.runtime.run("dead", "7")
        self.runtime.wait_until_ended(dead)
        events = self.agent.look()
        self.assertEqual(len(of_type(events, "node_online")), 1)
        for it, state in ((created, "created"), (running, "running"), (dead, "failed")):
            told = [e for e in events if e.container.get("id") == it.id]
            self.assertIn(of_containers(told)[0], ("container_created", "container_started"))
            self.check_container(told[-1], it, state)
        self.assertEqual(of_type(events, "container_crashed", "container_restarted"), [])
        self.assertEqual(of_containers(self.agent.look()), [])

    def test_without_change_no_event_and_no_byte_of_state(self):
        for name, arguments in (("up", ()), ("down", ("0",)), ("crashed", ("9",))):
            it = self.runtime.run(name, *arguments)
            if arguments:
                self.runtime.wait_until_ended(it)
        self.unchanged(self.agent.look)

        def watch():
            with self.agent.watch():
                time.sleep(2.5)         # some cycles
        self.unchanged(watch)

    def unchanged(self, cycles):
        """Unless the machine itself came under pressure or out of it: then once more."""
        while True:
            self.agent.look()
            before = self.agent.files()
            health = len(of_type(self.agent.events(), "node_health"))
            cycles()
            if health == len(of_type(self.agent.events(), "node_health")):
                break
        after = self.agent.files()
        self.assertEqual([path for path in sorted(before | after)
                          if before.get(path) != after.get(path)], [])

    def test_services(self):
        hexes = "0123456789ab_"
        services = {"c1": ({"homelab.service": "one"}, "one"),
                    "c2": ({"com.docker.compose.service": "two"}, "two"),
                    "c3": ({"io.kubernetes.container.name": "three"}, "three"),
                    "c4": ({"homelab.service": "four", "com.docker.compose.service": "no"}, "four"),
                    hexes + "five": ({}, "five"), "six": ({}, "six")}
        for name, (labels, _) in services.items():
            self.runtime.create(name, labels=labels)
        found = {e.container["name"]: e.service
                 for e in of_type(self.agent.look(), "container_created")}
        self.assertEqual(found, {name: service for name, (_, service) in services.items()})

    # --- the runtime

    def test_runtime_killed_while_containers_live_on(self):
        it = self.run_and_look()
        self.runtime.kill()
        events = self.agent.look(check=69)
        self.assertEqual([e.type for e in events], ["runtime_unavailable"], events)
        self.assertTrue(events[0].payload["reason"])
        self.assertEqual(self.agent.look(check=69), [])
        self.runtime.begin()
        events = self.agent.look()
        self.assertEqual([e.type for e in events], ["runtime_available"], events)
        self.assertTrue(events[0].payload["version"])
        self.assertEqual(self.agent.look(), [])
        self.runtime.crash(it)
        self.look(["container_crashed"])

    def test_what_happened_while_the_runtime_was_down(self):
        it = self.run_and_look()
        self.runtime.crash_unseen(it)
        events = self.agent.look()
        self.assertEqual(of_containers(events, "web"), ["container_crashed"], events)

    def test_another_runtime_is_looked_at_all_the_same(self):
        self.agent.command += ["--runtime", "docker:%s/nobody" % self.work]
        self.runtime.run("web")
        events = self.agent.look(check=69)
        self.assertEqual(len(of_type(events, "runtime_unavailable")), 1)
        self.assertIn("container_started", of_containers(events, "web"))

    def test_one_at_a_time(self):
        with self.agent.watch():
            self.agent.wait_for("node_online")
            self.agent.run(check=75)

    def test_bad_options_and_policies(self):
        for options in (["--interval", "never"], ["--runtime", "cri"], ["--no-such-option"]):
            self.agent.run(*options, check=64)
        self.agent.policies("web: {errors: {on_panic: {action: explode}}}")
        self.agent.run(check=78)


cases.for_each(Tracking, globals())

