"""A host of a homelab: a container with the package, an agent and somebody who looks."""

import datetime
import json
import shlex
import shutil
import subprocess

import container

ROOT = "/opt/homelab"
SERVICE = "homelab-observer.service"
TIMER = "homelab-observer.timer"


def package():
    (built,) = container.TOP.glob("build/homelab-observer_*.deb")
    return built


def dated(seconds_ago=0):
    now = datetime.datetime.now(datetime.timezone.utc)
    return (now - datetime.timedelta(seconds=seconds_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def event(kind="service_unhealthy", node="vps", seconds_ago=0, **more):
    return json.dumps({"timestamp": dated(seconds_ago), "node": node, "type": kind,
                       "service": "web", **more})


class Homelab(container.Container):
    def __enter__(self):
        super().__enter__()
        self.run("useradd --system --user-group agent; useradd --system --user-group visitor")
        return self

    def install(self, deb=None):
        shutil.copy(deb or package(), self.path("/root/package.deb"))
        done = self.run("dpkg --install /root/package.deb")
        self.run("usermod --append --groups homelab agent")
        return done

    def write(self, path, text, user=None):
        """As a program of that user with a cautious umask would."""
        self.run("umask 077; mkdir -p $(dirname {0}); printf '%s' {1} >{0}".format(
            shlex.quote(path), shlex.quote(text)), user=user)

    def drop(self, name, text, node="vps"):
        self.write("%s/events/%s/%s/%s" % (ROOT, dated()[:10], node, name), text, user="agent")

    def observe(self):
        self.run("systemctl start {0} || {{ journalctl --no-pager -n 20 -u {0}; false; }}"
                 .format(SERVICE))

    def service_result(self):
        shown = self.run("systemctl show -p Result -p ExecMainStatus " + SERVICE).stdout
        values = dict(line.split("=", 1) for line in shown.splitlines())
        return values["Result"], int(values["ExecMainStatus"])

    def world(self, name):
        return json.loads(self.run("cat %s/world/%s.json" % (ROOT, name), user="visitor").stdout)

    def cycle(self):
        return self.world("runtime-summary")["observation"]["cycle"]

    def lines(self, script, **more):
        return self.run(script, **more).stdout.splitlines()

    def fetch(self, url):
        """What a browser on that machine's loopback would get."""
        return subprocess.run(
            ["nsenter", "--target", str(self.leader), "--net", "/usr/bin/python3", "-c",
             "import sys, urllib.request as u; sys.stdout.buffer.write(u.urlopen(%r).read())"
             % url], capture_output=True, check=True, timeout=60).stdout
