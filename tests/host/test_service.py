"""The service and the tree around it: who can write what, who can read what."""

import json
import pathlib
import shutil
import unittest

from homelab import ROOT, SERVICE, TIMER, Homelab, dated, event

DOCUMENTS = ("nodes", "services", "deployments", "incidents", "runtime-summary")
DROP_IN = "/run/systemd/system/%s.d/probe.conf" % SERVICE
THINGS = ("write-events write-inventory write-etc write-state write-world read-home loopback "
          "loopback-6 network systemd see-others become-root").split()
NGINX = """server {
    listen 127.0.0.1:80 default_server;
    listen [::1]:80 default_server;
    location /world/ { alias /opt/homelab/world/; }
}
"""
host = None


def setUpModule():
    global host
    host = unittest.enterModuleContext(Homelab())
    host.install()
    host.run("systemctl stop " + TIMER)     # the tests say when
    host.path("/etc/nginx/sites-enabled/default").unlink()
    host.path("/etc/nginx/conf.d/world.conf").write_text(NGINX)
    host.run("systemctl restart nginx.service")
    shutil.copy(pathlib.Path(__file__).with_name("probe.py"), host.path("/usr/local/lib/probe.py"))
    host.run("readlink /proc/1/ns/net >/usr/local/lib/network")
    host.run("mkdir -m 777 /opt/homelab/inventory /home/visitor")


def probe(script):
    lines = (line.split(" ", 1) for line in host.lines(script))
    return {name: answer for name, answer in lines if name in THINGS}


class Readers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        host.drop("read.json", event())
        host.observe()

    def test_another_user_reads_the_world(self):
        for name in DOCUMENTS:
            self.assertIsInstance(host.world(name), dict)
        self.assertIn("vps/web", host.world("services"))

    def test_nginx_serves_the_world(self):
        self.assertIn("user www-data;", host.lines("nginx -T"))
        for name in DOCUMENTS:
            served = host.fetch("http://127.0.0.1/world/%s.json" % name)
            self.assertEqual(json.loads(served), host.world(name))


class Expiry(unittest.TestCase):
    def test_old_event_files_go_and_the_world_stays(self):
        expire = "homelab-observer-expire.service"
        drop_in = "/run/systemd/system/%s.d/later.conf" % expire
        host.drop("expires.json", event("service_recovered"))
        host.observe()
        before = host.world("services")
        # The unit as shipped, but for the time that it takes for now: in two days.
        host.write(drop_in, "[Service]\nExecStart=\nExecStart=/usr/bin/homelab-observer "
                   "--expire-events 1d --now %s\n" % dated(-2 * 86400))
        self.addCleanup(host.run, "rm %s && systemctl daemon-reload" % drop_in)
        host.run("systemctl daemon-reload")
        host.run("systemctl start {0} || {{ journalctl --no-pager -n 20 -u {0}; false; }}"
                 .format(expire))
        self.assertEqual(host.lines("find %s/events -name expires.json" % ROOT), [])
        host.observe()
        self.assertEqual(host.world("services"), before)
        self.assertEqual(host.lines("find %s/state %s/world ! -user homelab ! -name deploy"
                                    % (ROOT, ROOT)), [])


class Writers(unittest.TestCase):
    def accepted(self):
        host.observe()
        return host.world("runtime-summary")["events"]["accepted"]

    def test_a_member_of_the_group_writes_events_whatever_its_umask(self):
        before = self.accepted()
        host.drop("umask.json", event())            # written with umask 077
        self.assertEqual(self.accepted(), before + 1)

    def test_another_member_writes_into_the_same_directory(self):
        host.drop("agent.json", event())
        before = self.accepted()
        host.run("useradd --system --groups homelab second")
        (there,) = host.lines("dirname %s/events/*/vps/agent.json" % ROOT)
        host.run("echo '%s' >%s/second.json" % (event(), there), user="second")
        self.assertEqual(self.accepted(), before + 1)

    def test_homelab_event_writes_for_everybody_whatever_the_umask(self):
        before = self.accepted()
        host.run("useradd --system --groups homelab third")
        for user in ("third", "agent", None):       # root, too
            host.run("umask 077; homelab-event backup_done --node shared", user=user)
        done = host.run("homelab-event backup_done --node shared", user="visitor", check=False)
        self.assertEqual(done.returncode, 74)
        self.assertIn("Permission denied", done.stderr)
        self.assertEqual(self.accepted(), before + 3)

    def test_rsync_as_the_readme_has_it(self):
        """From files only their owner can read, to files the observer can read."""
        command = next(line.strip() for line in readme() if line.strip().startswith("rsync "))
        host.write("/var/tmp/events/2026-05-12/saturn/a.json", event(node="saturn"), "agent")
        before = self.accepted()
        for _ in range(2):      # nothing changes below the directory's own owner the second time
            host.run(command.replace("HOST:", "").replace(" events/", " /var/tmp/events/"),
                     user="agent")
        self.assertEqual(self.accepted(), before + 1)
        self.assertEqual(host.lines("stat -c '%%U %%G %%a' %s/events" % ROOT),
                         ["root homelab 2775"])

    def test_others_and_the_observer_itself_write_no_events(self):
        host.drop("theirs.json", event())
        (there,) = host.lines("ls %s/events/*/vps/theirs.json" % ROOT)
        for user in ("visitor", "homelab"):
            for path in (there, there + ".more.json", ROOT + "/events/new.json"):
                done = host.run("echo x >>" + path, user=user, check=False)
                self.assertIn("Permission denied", done.stderr)

    def test_deploy_scripts_leave_their_notes(self):
        host.write(ROOT + "/state/deploy/current_stage", "verify\n", user="agent")
        host.run("chmod a+r %s/state/deploy/current_stage" % ROOT, user="agent")
        host.observe()
        self.assertEqual(host.world("runtime-summary")["deploy"]["current_stage"], "verify")


class Runs(unittest.TestCase):
    def test_a_reset_by_root_leaves_nothing_of_roots(self):
        host.drop("reset.json", event())
        host.observe()
        host.run("homelab-observer --reset")
        self.assertEqual(host.lines("find %s/state %s/world ! -user homelab ! -path '*/deploy/*'"
                                    % (ROOT, ROOT)), [])
        host.observe()
        self.assertEqual(host.service_result(), ("success", 0))

    def test_a_second_start_meanwhile_is_harmless(self):
        host.observe()
        before = host.run("cat %s/world/*.json" % ROOT).stdout
        host.run("flock %s/state/observer.lock systemctl start %s" % (ROOT, SERVICE))
        self.assertEqual(host.service_result(), ("success", 75))
        self.assertEqual(host.run("cat %s/world/*.json" % ROOT).stdout, before)
        self.assertEqual(host.lines("systemctl list-units --failed --plain --no-legend"), [])
        host.observe()
        self.assertEqual(host.service_result(), ("success", 0))

    def test_the_cron_line_works_where_systemd_does_not(self):
        line = next(line for line in host.lines(
            "cat /usr/share/doc/homelab-observer/examples/cron/homelab-observer")
            if not line.startswith("#"))
        *_, user, command = line.split(None, 6)
        host.observe()
        before = host.cycle()
        host.run(command, user=user)
        self.assertEqual(host.cycle(), before)
        host.write("/run/cron-line", command)
        host.run("unshare --mount sh -c 'cp /run/cron-line /var/tmp/; chmod a+r /var/tmp/cron-line;"
                 " mount -t tmpfs none /run/systemd; runuser -u %s -- sh /var/tmp/cron-line'" % user)
        self.assertEqual(host.cycle(), before + 1)


class Confinement(unittest.TestCase):
    """The probe under the service's own settings, its ExecStart replaced and nothing else.

    Permissions are taken out of the way first, so that it is the unit that forbids.
    """

    def setUp(self):
        host.run("setfacl --remove-all %s/events && chmod 777 %s/events" % (ROOT, ROOT))
        self.addCleanup(host.run, "chmod 2775 %s/events && systemd-tmpfiles --create homelab.conf"
                        % ROOT)

    def in_the_service(self):
        host.write(DROP_IN, "[Service]\nExecStart=\n"
                   "ExecStart=/usr/bin/python3 /usr/local/lib/probe.py\n"
                   "StandardOutput=truncate:/run/probe\n")
        self.addCleanup(host.run, "rm -f %s && systemctl daemon-reload" % DROP_IN)
        host.run("systemctl daemon-reload && systemctl start " + SERVICE)
        return probe("cat /run/probe")

    def test_the_service_can_write_its_own_and_nothing_else(self):
        found = self.in_the_service()
        self.assertEqual(sorted(found), sorted(THINGS))
        allowed = {name for name, answer in found.items() if answer == "yes"}
        self.assertEqual(allowed, {"write-state", "write-world"}, found)

    def test_the_same_account_could_without_the_service(self):
        found = probe("runuser -u homelab -- python3 /usr/local/lib/probe.py")
        for name in ("write-events", "write-inventory", "write-state", "write-world", "read-home",
                     "loopback", "loopback-6", "network", "see-others"):
            self.assertEqual(found[name], "yes", name)


class Metrics(unittest.TestCase):
    """As contrib/prometheus has it: its drop-in, and access for the account."""

    DIRECTORY = "/var/lib/prometheus/node-exporter"
    README = "/usr/share/doc/homelab-observer/examples/prometheus/README"

    def setUp(self):
        host.drop("metrics.json", event())
        host.observe()
        host.run("rm -rf {0} && mkdir -p {0}".format(self.DIRECTORY))
        steps = [line.strip() for line in host.lines("cat " + self.README)]
        first = next(i for i, line in enumerate(steps) if line.startswith("setfacl "))
        self.access = steps[first]
        self.install = " ".join(steps[first + 1:first + 3]).replace("\\", "")
        self.assertTrue(self.install.startswith("install "), steps)
        self.addCleanup(host.run, "rm -rf /etc/systemd/system/%s.d && systemctl daemon-reload; "
                        "systemctl reset-failed %s" % (SERVICE, SERVICE))
        host.run("cd %s && %s && systemctl daemon-reload"
                 % (self.README.rpartition("/")[0], self.install))

    def test_the_file_is_there_for_others_to_read(self):
        host.run(self.access)
        before = host.cycle()
        host.observe()
        self.assertEqual(host.service_result(), ("success", 0))
        self.assertEqual(host.cycle(), before + 1)
        text = host.run("cat %s/homelab.prom" % self.DIRECTORY, user="visitor").stdout
        self.assertIn("\nhomelab_observer_last_success_timestamp_seconds ", text)

    def test_without_access_it_says_so_and_the_world_goes_on(self):
        for change in ("true", "rm -r " + self.DIRECTORY):
            host.run(change)
            before = host.cycle()
            host.run("systemctl start " + SERVICE, check=False)
            self.assertEqual(host.service_result(), ("exit-code", 74))
            self.assertEqual(host.cycle(), before + 1)


class Units(unittest.TestCase):
    def units(self, kind):
        found = host.lines("dpkg -L homelab-observer | grep '/systemd/system/.*\\.%s$'" % kind)
        self.assertTrue(found)
        return found

    def test_verify_is_silent(self):
        for unit in self.units("service") + self.units("timer"):
            done = host.run("systemd-analyze verify --man=no " + unit)
            self.assertEqual(done.stdout + done.stderr, "")

    def test_security_is_2_or_less(self):
        for unit in self.units("service"):
            host.run("systemd-analyze security --offline=true --threshold=20 " + unit)


def readme():
    return (pathlib.Path(__file__).resolve().parents[2] / "README.md").read_text().splitlines()
