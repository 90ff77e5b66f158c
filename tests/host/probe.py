"""What can a process do? Run in the container, by hand and in the service's place.

Prints a line for each thing tried: its name, and `yes` or why not.
"""

import os
import socket


def write(path):
    with open(path, "w", encoding="ascii") as out:
        out.write("probe\n")
    os.remove(path)


def connect(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(5)
        s.connect(address)


def same_network():
    with open("/usr/local/lib/network", encoding="ascii") as network:
        if network.read().strip() != os.readlink("/proc/self/ns/net"):
            raise OSError("another one")


def other_processes():
    if not any(name.isdigit() and int(name) != os.getpid() for name in os.listdir("/proc")):
        raise OSError("none is visible")


THINGS = {
    "write-events": lambda: write("/opt/homelab/events/probe.json"),
    "write-inventory": lambda: write("/opt/homelab/inventory/probe"),
    "write-etc": lambda: write("/etc/probe"),
    "write-state": lambda: write("/opt/homelab/state/probe"),
    "write-world": lambda: write("/opt/homelab/world/probe"),
    "read-home": lambda: os.listdir("/home/visitor"),
    "loopback": lambda: connect(socket.AF_INET, ("127.0.0.1", 80)),
    "loopback-6": lambda: connect(socket.AF_INET6, ("::1", 80)),
    "network": same_network,
    "systemd": lambda: connect(socket.AF_UNIX, "/run/systemd/private"),
    "see-others": other_processes,
    "become-root": lambda: os.setuid(0),
}

for name, attempt in THINGS.items():
    try:
        attempt()
        print(name, "yes")
    except OSError as error:
        print(name, "no:", error)
