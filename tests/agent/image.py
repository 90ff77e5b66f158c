"""An image without a registry: busybox and a program to play with, as `docker save` would write it.

Its program goes on until a signal says otherwise, so that any runtime's container is led by kill():

    SIGUSR1  ends with 3         SIGHUP    its health check fails from now on
    SIGUSR2  ends with 0         SIGWINCH  and no longer
    SIGTERM  ends with 143       SIGTTIN   takes all the memory it can get
    SIGKILL  ends it, as anywhere

With an argument N it ends with N by itself, as soon as it has begun; "-" and N: after it has run
for half a second.
"""

import hashlib
import io
import json
import pathlib
import shutil
import subprocess
import tarfile

NAME = "test.local/life:1"
CHECK = "test ! -e /sick"
PROGRAM = """#!/bin/sh
trap 'exit 3' USR1
trap 'exit 0' USR2
trap 'exit 143' TERM
trap '>/sick' HUP
trap 'rm -f /sick' WINCH
trap 'x=$(tr "\\000" x </dev/zero)' TTIN
echo "began with: $*"
[ "${1:-}" != - ] || { sleep 0.5; shift; }
[ $# -eq 0 ] || exit "$1"
while :; do sleep 2 & wait $!; done     # a signal just before it waits is seen 2 s later
"""
APPLETS = ("sh", "sleep", "test", "tr", "rm")


def add(archive, name, data=b"", mode=0o644, **more):
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), mode
    for field, value in more.items():
        setattr(member, field, value)
    archive.addfile(member, io.BytesIO(data))


def needed_by(program):
    """Shared libraries, where it isn't static."""
    done = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return []
    return [word for word in done.stdout.split() if word.startswith("/")]


def layer():
    busybox = shutil.which("busybox")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        add(archive, "bin", mode=0o755, type=tarfile.DIRTYPE)
        for path in [busybox] + needed_by(busybox):
            name = "bin/busybox" if path == busybox else path.lstrip("/")
            add(archive, name, pathlib.Path(path).read_bytes(), mode=0o755)
        for applet in APPLETS:
            add(archive, "bin/" + applet, type=tarfile.SYMTYPE, linkname="busybox")
        add(archive, "bin/life", PROGRAM.encode(), mode=0o755)
    return out.getvalue()


def write(path):
    """The archive, for docker load, podman load, ctr images import."""
    data = layer()
    digest = hashlib.sha256(data).hexdigest()
    config = json.dumps({
        "architecture": "amd64", "os": "linux", "created": "2026-01-01T00:00:00Z",
        "config": {"Entrypoint": ["/bin/life"], "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + digest]}}).encode()
    config_name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = [{"Config": config_name, "RepoTags": [NAME], "Layers": ["layer.tar"]}]
    with tarfile.open(path, mode="w", format=tarfile.GNU_FORMAT) as archive:
        add(archive, config_name, config)
        add(archive, "layer.tar", data)
        add(archive, "manifest.json", json.dumps(manifest).encode())
