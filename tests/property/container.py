"""Random containers, as an agent tells of them, and as nobody should."""

from texts import DAY, MINUTE, SECOND, Raw, plain_stamp

STATES = ("created", "running", "restarting", "paused", "stopping", "exited", "failed")
CRASHES = ("container_crashed", "container_crash_loop", "container_isolated",
           "service_shutdown")
TYPES = CRASHES + ("container_removed",) * 4 + (
    "container_created", "container_started", "container_started", "container_stopped",
    "container_completed", "container_restarted", "container_paused", "supervision_failed",
    "service_healthy")
ODD = (None, True, False, 0, -1, 7, 1.0, 2**63 - 1, -2**63, 4294967295, "", "text", "é" * 200,
       "x" * 300, [], ["a"], {}, {"a": 1}, Raw("1e3"), Raw("-0"), "\u0001\n", "<b>", "removed",
       "2026-05-12T10:00:00+02:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")


class ContainerMaker:
    def __init__(self, rng, note):
        self.rng = rng
        self.note = note
        self.ids = {}  # name -> the id it was told of with last

    def event_type(self):
        return self.rng.choice(TYPES)

    def container(self, service, instant, kind):
        """One of few, so that names and ids meet again."""
        rng, name = self.rng, self._name(service)
        id_ = rng.choice(("a" * 64, "a" * 64, "b" * 64, "c"))
        if kind == "container_removed" and rng.random() < 0.7:
            id_ = self.ids.get(name, id_)
        said = {"name": name, "id": id_,
                "runtime": "podman" if rng.random() < 0.1 else "docker",
                "image": rng.choice(("web:1", "registry/web@sha256:0", "")),
                "state": rng.choice(STATES), "exit_code": rng.choice((None, 0, 1, 137, 3221225786)),
                "oom_killed": rng.random() < 0.2, "restarts": rng.randint(0, 9),
                "started_at": self._time(instant)}
        if rng.random() < 0.5:
            said["supervision"] = self._supervision(instant)
        for key in list(said):
            if rng.random() < 0.04:
                said[key] = rng.choice(ODD)
            elif rng.random() < 0.04:
                del said[key]
        if rng.random() < 0.03:
            return rng.choice(ODD)
        if self.ids.get(name, id_) != id_:
            self.note("F14")
        self.ids[name] = id_
        return said

    def _name(self, service):
        rng, pick = self.rng, self.rng.random()
        if pick < 0.6:
            return service
        if pick < 0.9:
            return service + rng.choice(("-1", "-2"))
        if pick < 0.95:
            self.note("F4")
            return rng.choice(("0123456789ab_", "0123456789ab_ba9876543210_")) + service
        return rng.choice(("a/b", "x" * 129, "é" * 64, "\u007f", "all", "r%d" % rng.randint(1, 60)))

    def _time(self, instant):
        """One of few times before the event: younger and older ones, and the same."""
        ago = self.rng.choice((0, MINUTE, 2 * MINUTE, DAY))
        at = max(0, instant // MINUTE * MINUTE - ago)
        return self.rng.choice((plain_stamp(at), plain_stamp(at), None))

    def _supervision(self, instant):
        rng = self.rng
        said = {"state": rng.choice(("running", "crash_loop_backoff", "isolated")),
                "policy": rng.choice((None, "restart", "shutdown")),
                "restarts_total": rng.randint(0, 99), "restarts_in_window": rng.randint(0, 6),
                "last_exit_code": rng.choice((None, 1)), "since": self._time(instant),
                "backoff_until": rng.choice((None, plain_stamp(instant + 30 * SECOND)))}
        for key in list(said):
            if rng.random() < 0.06:
                said[key] = rng.choice(ODD)
        return said
