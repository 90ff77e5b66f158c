"""Real container runtimes, each with its sockets and all its files below a directory of its own.

    docker = Docker(work)
    docker.begin()
    it = docker.run("web", labels={"homelab.service": "web"})
    docker.signal(it, signal.SIGKILL)

All three are led alike. `it` is a container: its name and its id, which CRI's change with every
start. They belong into an enclosure, which ends what is left of them.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import cri
import image
from engine import Engine

PATH = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"
READY_SECONDS = 30
MEMORY = 16 << 20           # of a container that is to run out of it
HEALTH_NS = 300 * 1000 * 1000


def wait_for(what, true, seconds=20):
    """Until true() is; what that returned."""
    deadline = time.monotonic() + seconds
    while True:
        found = true()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError("%d s later: not %s" % (seconds, what))
        time.sleep(0.02)


def catches(pid, number):
    """The process has begun so far that the signal will have its effect: it is no longer runc, which
    as all Go programs catches every signal, SIGURG too, which the image's program doesn't."""
    status = pathlib.Path("/proc/%d/status" % pid).read_text()
    caught = int(re.search(r"^SigCgt:\s*(\w+)", status, re.M).group(1), 16)
    return caught >> number - 1 & 1 and not caught >> signal.SIGURG - 1 & 1


def missing():
    """What isn't installed."""
    return [program for kind in ALL for program in kind.programs + ("busybox",)
            if shutil.which(program, path=PATH) is None]


class Container:
    def __init__(self, name, number):
        self.name, self.id = name, number
        self.pod = self.make = None     # of CRI: its sandbox, and how to make it again
        self.attempt = 0


class Runtime:
    """A daemon. Those who inherit say how it is started and how it is asked."""

    programs = ()
    pauses = checks_health = acts = tells_oom = True     # what it can

    def __init__(self, work):
        self.work = pathlib.Path(work) / self.name
        self.work.mkdir()
        self.socket = str(self.work / "socket")
        self.daemon = None
        self.containers = []

    # --- the daemon

    def begin(self):
        """Starts it, and waits until it answers."""
        environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        with open(self.work / "log", "ab") as log:
            self.daemon = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.work,          # conmon leaves files where podman was started
                start_new_session=True, env=dict(environment, PATH=PATH, **self.variables()))
        try:
            wait_for("ready", self.is_ready, READY_SECONDS)
        except AssertionError as why:
            raise AssertionError("%s: %s\n%s" % (
                self.name, why, (self.work / "log").read_text()[-2000:])) from why

    def is_ready(self):
        if self.daemon.poll() is not None:
            raise AssertionError("it ended with %d" % self.daemon.returncode)
        try:
            return self.answers()
        except (OSError, cri.Refused):
            return False

    def kill(self):
        """As kill -9 does it: the containers go on."""
        self.daemon.kill()
        self.daemon.wait()

    def variables(self):
        return {}

    # --- its containers

    def run(self, name, *arguments, **more):
        it = self.create(name, *arguments, **more)
        self.start(it)
        return it

    def signal(self, it, number):
        """Straight to its process, past the runtime."""
        pid = self.running_pid(it)
        if number != signal.SIGKILL:
            wait_for("ready for signals: " + it.name, lambda: catches(pid, number))
        os.kill(pid, number)

    def running_pid(self, it):
        pid = self.pid(it)
        if pid <= 1:
            raise AssertionError("%s isn't running" % it.name)
        return pid

    def crash(self, it):
        self.signal(it, signal.SIGKILL)
        self.wait_until_ended(it)

    def crash_unseen(self, it):
        """While its daemon isn't there to see."""
        pid = self.running_pid(it)
        self.kill()
        os.kill(pid, signal.SIGKILL)
        wait_for("gone", lambda: not os.path.exists("/proc/%d" % pid))
        self.begin()
        self.wait_until_ended(it)

    def exhaust(self, it):
        """The memory it was given. True where its runtime says so, which gets to know of the lack
        and of the end by different ways, and misses the one at times."""
        self.signal(it, signal.SIGTTIN)
        self.wait_until_ended(it)
        return self.end(it)[1] == self.tells_oom

    def wait_until_ended(self, it):
        wait_for("ended: " + it.name, lambda: not self.is_running(it))

    def clear(self):
        for it in list(self.containers):
            self.remove(it)


class Engines(Runtime):
    """What speaks Docker's API."""

    removal = "/containers/%s"

    def __init__(self, work):
        super().__init__(work)
        self.engine = Engine(self.socket)
        self.runtime = "docker:" + self.socket

    def answers(self):
        return self.engine.get("/_ping") == b"OK"

    def load(self, archive):
        self.engine.post("/images/load", pathlib.Path(archive).read_bytes(), quiet=1)

    def create(self, name, *arguments, labels=None, memory=0, health=False, restart="no"):
        check = {"Test": ["CMD-SHELL", image.CHECK], "Interval": HEALTH_NS, "Timeout": 5 * 10 ** 9,
                 "Retries": 1}
        made = self.engine.post("/containers/create", {
            "Image": image.NAME, "Cmd": list(arguments), "Labels": labels or {},
            "HostConfig": {"NetworkMode": "none", "Memory": memory, "MemorySwap": memory,
                           "RestartPolicy": {"Name": restart}},
            **({"Healthcheck": check} if health else {})}, name=name)
        self.containers.append(Container(name, made["Id"]))
        return self.containers[-1]

    def ask(self, it, action, **query):
        self.engine.post("/containers/%s/%s" % (it.id, action), **query)

    def start(self, it):
        self.ask(it, "start")

    def stop(self, it):
        self.ask(it, "stop", t=10)

    def restart(self, it):
        self.ask(it, "restart", t=10)

    def pause(self, it):
        self.ask(it, "pause")

    def resume(self, it):
        self.ask(it, "unpause")

    def remove(self, it):
        """As `docker rm -f` does it."""
        self.containers.remove(it)
        self.engine.delete(self.removal % it.id, force="true", v="true", timeout=10)

    def details(self, it):
        return self.engine.get("/containers/%s/json" % it.id)

    def pid(self, it):
        return self.details(it)["State"]["Pid"]

    def end(self, it):
        state = self.details(it)["State"]
        return state["ExitCode"], state["OOMKilled"]

    def is_running(self, it):
        return self.details(it)["State"]["Status"] in ("running", "paused")

    def is_healthy(self, it):
        return self.details(it)["State"]["Health"]["Status"] == "healthy"

    def sicken(self, it, number=signal.SIGHUP):
        """Its health check fails from now on; returns when the runtime knows."""
        self.signal(it, number)
        wait_for("known to its runtime", lambda: self.checked(it) == (number != signal.SIGHUP))

    def heal(self, it):
        self.sicken(it, signal.SIGWINCH)

    checked = is_healthy


class Docker(Engines):
    """dockerd, which starts a containerd of its own."""

    name = product = "docker"
    programs = ("dockerd", "containerd", "runc")

    def command(self):
        (self.work / "daemon.json").write_text("{}")
        (self.work / "pid").unlink(missing_ok=True)     # as a kill leaves it
        return ["dockerd", "--config-file=%s/daemon.json" % self.work, "--iptables=false",
                "--ip6tables=false", "--ip-forward=false", "--ip-masq=false", "--bridge=none",
                "--storage-driver=vfs", "--live-restore", "--exec-opt=native.cgroupdriver=cgroupfs",
                "--host=unix://" + self.socket,
                "--data-root=%s/data" % self.work, "--exec-root=%s/exec" % self.work,
                "--pidfile=%s/pid" % self.work]


class Podman(Engines):
    """podman's API: a second Docker. Nothing here calls its health checks in time: it has no daemon."""

    name = product = "podman"
    programs = ("podman", "conmon", "runc")
    tells_oom = False
    removal = "/v4.0.0/libpod/containers/%s"    # with a SIGTERM first, as its own command does

    def command(self):
        return ["podman", "system", "service", "--time=0", "unix://" + self.socket]

    def variables(self):
        (self.work / "containers.conf").write_text(
            '[containers]\ndefault_ulimits=["nofile=1024:1024","nproc=4096:4096"]\n'
            '[engine]\ncgroup_manager="cgroupfs"\nevents_logger="file"\nruntime="runc"\n'
            'tmp_dir="%s/tmp"\n' % self.work)
        (self.work / "storage.conf").write_text(
            '[storage]\ndriver="overlay"\ngraphroot="%s/graph"\nrunroot="%s/run"\n'
            % (self.work, self.work))
        return {"CONTAINERS_CONF": str(self.work / "containers.conf"),
                "CONTAINERS_STORAGE_CONF": str(self.work / "storage.conf"),
                "HOME": str(self.work)}

    def checked(self, it):
        answer = self.engine.get("/v4.0.0/libpod/containers/%s/healthcheck" % it.id)
        return answer["Status"] == "healthy"


class Containerd(Runtime):
    """containerd, seen through CRI. A start after an end makes a new container, as a kubelet does."""

    name = product = "containerd"
    programs = ("containerd", "ctr", "containerd-shim-runc-v2", "runc", "curl")
    pauses = checks_health = acts = False

    def __init__(self, work):
        super().__init__(work)
        self.runtime = "cri:" + self.socket

    def command(self):
        (self.work / "config.toml").write_text(CONTAINERD % {"work": self.work,
                                                             "image": image.NAME})
        return ["containerd", "--config", str(self.work / "config.toml")]

    def call(self, method, *message):
        return cri.call(self.socket, method, list(message))

    def answers(self):
        self.call("Version")
        return True

    def load(self, archive):
        subprocess.run(["ctr", "-a", self.socket, "-n", "k8s.io", "images", "import", archive],
                       check=True, capture_output=True)
        wait_for("an image", lambda: self.call("ImageStatus", (1, [(1, image.NAME)])))

    def create(self, name, *arguments, labels=None, memory=0, pod=None):
        it = Container(name, None)
        sandbox = cri.sandbox_config(name, tempfile.mkdtemp(dir=self.work, prefix="logs-"))
        it.pod = pod or cri.text(self.call("RunPodSandbox", (1, sandbox)), 1)
        it.make = lambda: cri.text(self.call(
            "CreateContainer", (1, it.pod),
            (2, cri.container_config(name, it.attempt, image.NAME, arguments, labels or {}, memory)),
            (3, sandbox)), 1)
        it.id = it.make()
        self.containers.append(it)
        return it

    def start(self, it):
        if self.state(it) == EXITED:
            old, it.attempt = it.id, it.attempt + 1
            it.id = it.make()
            self.call("RemoveContainer", (1, old))
        self.call("StartContainer", (1, it.id))

    def stop(self, it):
        self.call("StopContainer", (1, it.id), (2, 10))

    def remove(self, it):
        self.containers.remove(it)
        self.stop(it)
        self.call("RemoveContainer", (1, it.id))
        if it.pod not in [other.pod for other in self.containers]:
            self.call("StopPodSandbox", (1, it.pod))
            self.call("RemovePodSandbox", (1, it.pod))

    def details(self, it):
        answer = self.call("ContainerStatus", (1, it.id), (2, 1))
        entries = [cri.decode(entry) for entry in answer.get(2, [])]
        return answer, {cri.text(e, 1): cri.text(e, 2) for e in entries}

    def status(self, it):
        return cri.decode(self.details(it)[0][1][0])

    def state(self, it):
        return self.status(it).get(3, [CREATED])[0]

    def end(self, it):
        status = self.status(it)
        return status.get(7, [0])[0], status.get(10, [b""])[0] == b"OOMKilled"

    def pid(self, it):
        return json.loads(self.details(it)[1]["info"])["pid"]

    def is_running(self, it):
        return self.state(it) == RUNNING


CREATED, RUNNING, EXITED = range(3)     # CRI's states
CONTAINERD = """
version = 2
root = "%(work)s/root"
state = "%(work)s/state"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "%(work)s/socket"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "%(image)s"
  restrict_oom_score_adj = true
  disable_apparmor = true
  disable_tcp_service = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "%(work)s/cni/bin"
    conf_dir = "%(work)s/cni/conf"
"""
ALL = (Containerd, Docker, Podman)
