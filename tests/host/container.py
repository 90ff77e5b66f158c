"""A Debian of the running release in a directory, booted with its own systemd, network and users.

The tree is made once with debootstrap and kept below build/host. A container writes into an overlay
in memory, which nobody else sees and which goes with it. It has no network but its own loopback,
and ends with this process, however that ends. Commands are run in it by nsenter(1): what a shell
on that machine would do, without a daemon to ask for one.
"""

import atexit
import contextlib
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
CACHE = TOP / "build/host"
PACKAGES = ("systemd,systemd-sysv,nginx-light,python3-minimal,rsync,acl,"
            "libcurl4,libjansson4,libmd0,libprotobuf-c1,libyaml-0-2,zlib1g")
NEEDED = ("debootstrap", "systemd-nspawn", "nsenter", "setpriv", "unshare")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BOOT_SECONDS = 60
HALT_SECONDS = 20


class CannotBoot(Exception):
    """This machine can't boot a container: no fault of the project."""


def release():
    lines = pathlib.Path("/etc/os-release").read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    if values.get("ID") != "debian" or "VERSION_CODENAME" not in values:
        raise CannotBoot("this isn't a released Debian")
    return values["VERSION_CODENAME"]


def base_tree():
    """The tree all containers are copies of; made by the first who asks."""
    if os.geteuid() != 0:
        raise CannotBoot("not root")
    for name in NEEDED:
        if shutil.which(name, path=PATH) is None:
            raise CannotBoot("no " + name)
    suite = release()
    key = hashlib.sha256(PACKAGES.encode()).hexdigest()[:8]
    tree = CACHE / ("%s-%s" % (suite, key))
    if not tree.is_dir():
        debootstrap(suite, tree)
    return tree


def debootstrap(suite, tree):
    CACHE.mkdir(parents=True, exist_ok=True)
    made = pathlib.Path(tempfile.mkdtemp(prefix="making-", dir=CACHE))
    made.chmod(0o755)
    try:
        done = subprocess.run(
            ["debootstrap", "--variant=minbase", "--include=" + PACKAGES, suite, str(made)],
            capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CannotBoot("debootstrap: " + (done.stdout + done.stderr).strip()[-500:])
        shutil.rmtree(made / "var/cache/apt/archives")
        made.rename(tree)
    finally:
        shutil.rmtree(made, ignore_errors=True)


# Without --register and with --keep-unit nothing is asked of a systemd here; there may be none.
NSPAWN = ("exec systemd-nspawn --quiet --boot --directory=tree --machine=homelab-host"
          " --private-network --register=no --keep-unit --console=pipe")
MOUNT = """
mount -t tmpfs -o mode=700 tmpfs "$2" && cd "$2" && mkdir upper work tree && chmod 755 upper
mount -t overlay -o "lowerdir=$1,upperdir=upper,workdir=work" overlay tree
"""


class Container:
    """The base tree, running: `with Container() as host: host.run("id")`."""

    def __init__(self):
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="homelab-host-"))
        self.nspawn = None
        self.leader = None

    def __enter__(self):
        atexit.register(self.end)       # unittest cleans up nothing when interrupted
        try:
            self.boot()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_):
        self.end()

    def boot(self):
        mount = self.work / "mount"
        mount.mkdir()
        self.start(["unshare", "--mount", "sh", "-euc", MOUNT + NSPAWN, "sh", str(base_tree()),
                    str(mount)])

    def reboot(self):
        """Shut down, and boot again from the same overlay, which its mount namespace holds."""
        with open("/proc/%d/ns/mnt" % self.nspawn.pid, "rb") as mounts:
            self.halt()
            self.start(["nsenter", "--mount=/proc/self/fd/%d" % mounts.fileno(), "sh", "-euc",
                        "cd \"$1\"; " + NSPAWN, "sh", str(self.work / "mount")],
                       pass_fds=[mounts.fileno()])

    def start(self, command, **more):
        # setpriv has the container halted where this process is killed.
        with open(self.work / "log", "wb") as log:
            self.nspawn = subprocess.Popen(["setpriv", "--pdeathsig", "TERM"] + command,
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=log, **more)
        self.wait_until_up()

    def wait_until_up(self):
        deadline = time.monotonic() + BOOT_SECONDS
        while not self.is_up():
            if self.nspawn.poll() is not None or time.monotonic() > deadline:
                raise CannotBoot((self.work / "log").read_text().strip()[-500:]
                                 or "systemd-nspawn gives no sign of life")
            time.sleep(0.1)

    def is_up(self):
        self.leader = self.leader or self.find_leader()
        return self.leader is not None and self.run(
            "systemctl is-system-running", check=False).stdout.strip() in ("running", "degraded")

    def find_leader(self):
        """The host's number for the container's first process, once it is systemd."""
        children = pathlib.Path("/proc/%d/task/%d/children" % (self.nspawn.pid, self.nspawn.pid))
        with contextlib.suppress(OSError):
            for pid in children.read_text().split():
                if pathlib.Path("/proc/%s/comm" % pid).read_text() == "systemd\n":
                    return int(pid)
        return None

    def halt(self):
        """Shut down, or kill what doesn't."""
        if self.nspawn is not None and self.nspawn.poll() is None:
            self.nspawn.terminate()
            try:
                self.nspawn.wait(HALT_SECONDS)
            except subprocess.TimeoutExpired:
                if self.leader is not None:
                    os.kill(self.leader, signal.SIGKILL)
                self.nspawn.kill()
                self.nspawn.wait()
        self.nspawn = self.leader = None

    def end(self):
        atexit.unregister(self.end)
        self.halt()
        shutil.rmtree(self.work)

    def run(self, script, user=None, check=True, timeout=60):
        """Run a script of sh in the container, as root or another user."""
        command = ["nsenter", "--target", str(self.leader), "--mount", "--uts", "--ipc", "--net",
                   "--pid", "--root", "--wd"]
        if user is not None:
            command += ["runuser", "-u", user, "--"]
        done = subprocess.run(command + ["sh", "-euc", script], capture_output=True, text=True,
                              check=False, timeout=timeout, stdin=subprocess.DEVNULL,
                              env={"PATH": PATH, "LC_ALL": "C", "HOME": "/"})
        if check and done.returncode != 0:
            raise AssertionError("%s: exit status %d: %s" % (script, done.returncode,
                                                             done.stdout + done.stderr))
        return done

    def path(self, name):
        """A path of the container as seen from here."""
        return pathlib.Path("/proc/%d/root" % self.leader) / name.lstrip("/")

    def wait_for(self, what, script, seconds):
        """Run a script until it succeeds."""
        deadline = time.monotonic() + seconds
        while self.run(script, check=False).returncode != 0:
            if time.monotonic() > deadline:
                raise AssertionError("%d s later: not %s" % (seconds, what))
            time.sleep(0.5)
