"""The observer that stays, as a service: it boots, sees, is confined, and gives way to nobody."""

import pathlib
import shutil
import time
import unittest

from homelab import ROOT, TIMER, Homelab, event
from test_service import NGINX, THINGS

UNIT = "homelab-observer-watch.service"
DROP_IN = "/run/systemd/system/%s.d/probe.conf" % UNIT
INTERVAL = 30       # seconds, the unit's own
host = None


def setUpModule():
    global host
    host = unittest.enterModuleContext(Homelab())
    host.install()
    host.run("systemctl disable --now " + TIMER)    # as README.md has it
    host.path("/etc/nginx/sites-enabled/default").unlink()
    host.path("/etc/nginx/conf.d/world.conf").write_text(NGINX)
    host.run("systemctl restart nginx.service")
    shutil.copy(pathlib.Path(__file__).with_name("probe.py"), host.path("/usr/local/lib/probe.py"))
    host.run("readlink /proc/1/ns/net >/usr/local/lib/network")
    host.run("mkdir -m 777 /opt/homelab/inventory /home/visitor")


def active(unit):
    """Its state, once it is one that lasts."""
    while True:
        state = host.run("systemctl is-active " + unit, check=False).stdout.strip()
        if state not in ("activating", "deactivating"):
            return state
        time.sleep(0.1)


def main_pid():
    return host.run("systemctl show -P MainPID " + UNIT).stdout.strip()


class Watch(unittest.TestCase):
    def setUp(self):
        host.run("systemctl start {0} || {{ journalctl --no-pager -n 20 -u {0}; false; }}"
                 .format(UNIT))
        self.addCleanup(host.run, "systemctl stop " + UNIT)

    def service(self, name):
        """A service's status, once there is one; well before the interval is over."""
        until = time.monotonic() + INTERVAL
        while time.monotonic() < until:
            if name in host.world("services"):
                return host.world("services")[name]["status"]
            time.sleep(0.2)
        return None

    def test_it_is_ready_with_a_world(self):
        self.assertEqual(active(UNIT), "active")
        self.assertIn(host.world("runtime-summary")["status"], ("NOMINAL", "DEGRADED"))

    def test_an_event_becomes_world_without_anybody_starting_it(self):
        host.drop("seen.json", event(service="seen"))
        self.assertEqual(self.service("vps/seen"), "unhealthy")
        said = host.run("systemctl status --no-pager " + UNIT).stdout
        self.assertIn("Status: \"DEGRADED; cycle %d\"" % host.cycle(), said)

    def test_another_run_names_it_and_gives_way(self):
        done = host.run("homelab-observer", check=False)
        self.assertEqual(done.returncode, 75)
        self.assertIn(main_pid(), done.stderr)

    def test_reload_and_stop(self):
        before = main_pid()
        host.run("systemctl reload {0} || {{ journalctl --no-pager -n 20 -u {0}; false; }}"
                 .format(UNIT))
        host.drop("reloaded.json", event(service="reloaded"))
        self.assertEqual(self.service("vps/reloaded"), "unhealthy")
        self.assertEqual(main_pid(), before)
        host.run("systemctl stop " + UNIT)
        shown = host.run("systemctl show -P Result -P ExecMainStatus " + UNIT).stdout.split()
        self.assertEqual(shown, ["success", "0"])

    def test_it_and_the_timer_take_turns(self):
        host.run("systemctl start " + TIMER)
        self.assertEqual((active(UNIT), active(TIMER)), ("inactive", "active"))
        host.run("systemctl start " + UNIT)
        self.assertEqual((active(UNIT), active(TIMER)), ("active", "inactive"))

    def test_an_upgrade_restarts_it(self):
        before = main_pid()
        host.run("dpkg --install /root/package.deb")
        self.assertEqual(active(UNIT), "active")
        self.assertNotEqual(main_pid(), before)
        self.assertEqual(active(TIMER), "inactive")


class Confinement(unittest.TestCase):
    def test_it_can_write_its_own_and_nothing_else(self):
        host.run("setfacl --remove-all %s/events && chmod 777 %s/events" % (ROOT, ROOT))
        self.addCleanup(host.run, "chmod 2775 %s/events && systemd-tmpfiles --create homelab.conf"
                        % ROOT)
        host.write(DROP_IN, "[Service]\nType=oneshot\nRestart=no\nExecStart=\n"
                   "ExecStart=/usr/bin/python3 /usr/local/lib/probe.py\n"
                   "StandardOutput=truncate:/run/probe\n")
        self.addCleanup(host.run, "rm -f %s && systemctl daemon-reload" % DROP_IN)
        host.run("systemctl daemon-reload && systemctl start " + UNIT)
        lines = (line.split(" ", 1) for line in host.lines("cat /run/probe"))
        found = {name: answer for name, answer in lines if name in THINGS}
        self.assertEqual(sorted(found), sorted(THINGS))
        self.assertEqual({name for name, answer in found.items() if answer == "yes"},
                         {"write-state", "write-world"}, found)
