"""homelab-notify under the real systemd: news reach hooks at once, with secrets, and confined."""

import json
import pathlib
import shutil
import time
import unittest

from homelab import ROOT, TIMER, Homelab, dated
from test_service import NGINX, THINGS

UNITS = ("homelab-notify.path", "homelab-notify.timer")
SERVICE = "homelab-notify.service"
OWN = "/var/lib/homelab-notify"
host = None


def setUpModule():
    global host
    host = unittest.enterModuleContext(Homelab())
    host.install()
    host.run("systemctl stop " + TIMER)     # what changed, the tests say
    host.path("/etc/nginx/sites-enabled/default").unlink()
    host.path("/etc/nginx/conf.d/world.conf").write_text(NGINX)
    host.run("systemctl restart nginx.service")
    shutil.copy(pathlib.Path(__file__).with_name("probe.py"), host.path("/usr/local/lib/probe.py"))
    host.run("readlink /proc/1/ns/net >/usr/local/lib/network")
    host.run("mkdir -m 777 /opt/homelab/inventory /home/visitor")
    host.run("install -d -o homelab {0}/state/observer/outbox".format(ROOT))


def tell(generation):
    """As the observer does, as its account."""
    batch = {"cycle": 1, "generation": generation, "observed_at": dated(), "source_count": 1,
             "previous": generation - 1, "events": []}
    batch["events"].append({"kind": "node_added", "key": "vps", "at": None, "from": None,
                            "to": "online", "node": "vps", "service": None, "severity": None,
                            "message": None})
    host.run("cd {0} && cat >>state/observer/outbox/1.jsonl <<'END'\n{1}\nEND\n"
             "cat >world/.new <<'END'\n{2}\nEND\nmv world/.new world/history.json".format(
                 ROOT, json.dumps(batch, sort_keys=True),
                 json.dumps({"batches": [batch], "generation": generation}, indent=2,
                            sort_keys=True)), user="homelab")


def hook(name, script):
    path = host.path("/etc/homelab/hooks.d/" + name)
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o755)


def said():
    return host.lines("journalctl --no-pager -o cat -u " + SERVICE)


class Notify(unittest.TestCase):
    def setUp(self):
        host.run("systemctl stop %s; rm -rf %s/* /etc/homelab/hooks.d/*" % (" ".join(UNITS), OWN),
                 check=False)
        host.run("mkdir -p /etc/homelab/hooks.d/state; rm -f %s/state/observer/outbox/*" % ROOT)

    def test_installed_it_waits_to_be_enabled(self):
        for unit in UNITS:
            self.assertEqual(host.lines("systemctl is-enabled " + unit, check=False), ["disabled"])
        self.assertEqual(host.lines("stat -c '%U %G %a' /etc/homelab /etc/homelab/hooks.d"),
                         ["root root 755"] * 2)
        host.run("test -x /usr/share/homelab-observer/hooks/ntfy")

    def test_news_reach_a_hook_at_once_and_secrets_are_its_own(self):
        host.write("/etc/homelab/notify.env", "SECRET=s3cret\n")
        hook("hook", 'printf "%%s %%s %%s\\n" "$SECRET" "$(id -un)" "$(cat)" >>%s/told\n' % OWN)
        tell(1)
        host.run("systemctl start " + SERVICE)
        host.run("systemctl enable --now " + " ".join(UNITS))
        tell(2)
        end = time.monotonic() + 30
        while len(host.lines("cat %s/told" % OWN)) < 2 and time.monotonic() < end:
            time.sleep(0.2)
        told = [line.split(" ", 2) for line in host.lines("cat %s/told" % OWN)]
        self.assertEqual([words[:2] for words in told], [["s3cret", "homelab-notify"]] * 2)
        self.assertEqual([json.loads(words[2])["generation"] for words in told], [1, 2])
        self.assertEqual(host.lines("grep -rl s3cret %s /opt" % OWN, check=False), [OWN + "/told"])
        host.run("! cat /etc/homelab/notify.env", user="homelab-notify")
        self.assertIn(SERVICE, "\n".join(host.lines("systemctl list-timers --all --no-pager")))

    def test_a_hook_by_link_and_one_run_by_root(self):
        host.run("printf '#!/bin/sh\\nid -un >%s/user\\n' >/usr/local/bin/mine; "
                 "chmod 755 /usr/local/bin/mine; ln -s /usr/local/bin/mine /etc/homelab/hooks.d/mine"
                 % OWN)
        host.run("chmod 755 /usr/local/bin /usr/local")
        tell(1)
        host.run("systemctl start " + SERVICE)
        self.assertEqual(host.lines("cat %s/user; rm %s/user" % (OWN, OWN)), ["homelab-notify"])
        tell(2)
        host.run("homelab-notify")
        self.assertEqual(host.lines("cat %s/user" % OWN), ["homelab-notify"])
        self.assertEqual(host.lines("find %s ! -user homelab-notify" % OWN), [])

    def test_a_hook_can_reach_the_network_and_write_nothing_but_its_own(self):
        host.run("chmod 777 %s/events %s/state %s/world" % ((ROOT,) * 3))
        self.addCleanup(host.run, "chmod 755 {0}/state {0}/world; chmod 2775 {0}/events".format(
            ROOT))
        hook("state/probe", "exec /usr/bin/python3 /usr/local/lib/probe.py\n")
        host.run("systemctl start " + SERVICE)
        lines = [line.partition("state/probe: ")[2] for line in said()]
        found = dict(line.split(" ", 1) for line in lines if line.split(" ")[0] in THINGS)
        self.assertEqual(sorted(found), sorted(THINGS), said())
        # The others it sees are those of its account: homelab-notify that started it.
        self.assertEqual({name for name, answer in found.items() if answer == "yes"},
                         {"loopback", "loopback-6", "network", "see-others"}, found)

    def test_purged_it_leaves_what_is_the_operators(self):
        hook("hook", "exit 0\n")
        tell(1)
        host.run("systemctl start " + SERVICE)
        host.run("dpkg --purge homelab-observer")
        self.assertEqual(host.lines("find /etc/homelab -name hook"), ["/etc/homelab/hooks.d/hook"])
        host.run("test ! -e %s" % OWN)
        host.run("rm -r /etc/homelab")
        host.install()
        host.run("systemctl stop %s; install -d -o homelab %s/state/observer/outbox"
                 % (TIMER, ROOT))
        host.run("dpkg --purge homelab-observer && test ! -e /etc/homelab")
        host.install()
        host.run("systemctl stop %s; install -d -o homelab %s/state/observer/outbox"
                 % (TIMER, ROOT))


class Units(unittest.TestCase):
    def test_verify_is_silent(self):
        for unit in UNITS:
            done = host.run("systemd-analyze verify --man=no " + unit)
            self.assertEqual(done.stdout + done.stderr, "")
