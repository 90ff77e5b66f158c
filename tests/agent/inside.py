"""The first process of an enclosure: inside.py WORK COMMAND [ARGUMENT...].

It lays out what enclosure.py promises, starts the command, takes care of orphans as a first process
has to, and ends as the command does.
"""

import ctypes
import fcntl
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys

import enclosure

WORK = "/run/work"          # short: names of sockets, and podman has limits of its own
LIBC = ctypes.CDLL(None, use_errno=True)
MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 1 << 12, 1 << 14, 1 << 18, 2
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def mount(*arguments):
    subprocess.run(("mount",) + arguments, check=True)


def system(name, *arguments):
    """A call that this Python doesn't have."""
    if getattr(LIBC, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), "%s: %s" % (name, os.strerror(ctypes.get_errno())))


def own_root(work):
    """Whatever is mounted from here on nobody else sees. In a chroot, runc couldn't change the root,
    and who joins these mounts would be at the machine's root: then let it be the root of them."""
    here = os.open("/", os.O_RDONLY)
    with open("/proc/self/ns/mnt", "rb") as mounts:
        system("setns", mounts.fileno(), 0)
    system("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
    os.fchdir(here)
    os.close(here)
    if os.getcwd() == "/":
        return
    root = os.path.join(os.getcwd(), work.relative_to("/"), "root")
    os.mkdir(root)
    system("mount", os.getcwd().encode(), root.encode(), None, MS_BIND | MS_REC, None)
    os.chdir(root)
    system("syscall", SYS_PIVOT_ROOT[os.uname().machine], b".", b".")
    system("umount2", b".", MNT_DETACH)
    os.chdir("/")


def own_groups():
    """Mounted in the control group's own namespace, hierarchies begin at that group."""
    found = enclosure.hierarchies()
    for each in reversed(enclosure.hierarchies(everywhere=True)):
        subprocess.run(["umount", each.point], check=True)
    for each in found:
        version_1 = each.kind == "cgroup"
        mount("-t", each.kind, *(["-o", ",".join(each.options)] if version_1 else []), each.kind,
              each.point)
        if not version_1:
            delegate(each.point)


def delegate(root):
    """Groups below can have controllers only where no process is in this one itself."""
    first = root / "first"
    first.mkdir()
    for pid in (root / "cgroup.procs").read_text().split():
        (first / "cgroup.procs").write_text(pid)
    for name in (root / "cgroup.controllers").read_text().split():
        enclosure.write(root / "cgroup.subtree_control", "+" + name)


def loopback_up():
    with socket.socket() as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def lay_out(work):
    own_root(work)
    mount("-t", "proc", "proc", "/proc")
    own_groups()
    mount("-t", "tmpfs", "-o", "mode=755,size=80%", "tmpfs", "/run")
    mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", "/dev/shm")    # podman's locks
    os.mkdir(WORK)
    loopback_up()


def wait_for(command):
    """Its exit status; children of others that fell to the first process are waited for too."""
    while True:
        pid, status = os.wait()
        if pid == command.pid:
            return os.waitstatus_to_exitcode(status)


def main():
    work = pathlib.Path(sys.argv[1])
    here = os.getcwd()
    lay_out(work)
    signal.signal(signal.SIGINT, signal.SIG_IGN)    # the command's business, which may clean up
    command = subprocess.Popen(
        sys.argv[2:], cwd=here, env=dict(os.environ, HOMELAB_AGENT_WORK=WORK, TMPDIR=WORK),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
    status = wait_for(command)
    sys.exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
