"""The package's life on a host: installed, upgraded, removed, installed again, purged."""

import shutil
import subprocess
import unittest

from homelab import ROOT, SERVICE, TIMER, Homelab, event, package

OPERATORS = ("inventory/topology.yaml", "hosts/vps/services.yaml", "logs/deploy.log",
             "state/deploy/current_stage", "state/observer_checkpoint.json.upstream",
             "state/world.upstream/nodes.json", "world/index.html")


def next_version(work):
    """The same package, one version later."""
    tree, deb = work / "unpacked", work / "next.deb"
    if deb.exists():
        return deb
    subprocess.run(["dpkg-deb", "--raw-extract", str(package()), str(tree)], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(control.read_text().replace("\nVersion: ", "\nVersion: 1:"))
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", str(tree), str(deb)], check=True,
                   capture_output=True)
    return deb


def setUpModule():
    Life.host = unittest.enterModuleContext(Homelab())


class Life(unittest.TestCase):
    """Each test begins on a host that never saw the package; all are the same host."""

    host = None

    def setUp(self):
        self.host.run("dpkg --purge homelab-observer; rm -rf %s; rm -rf /etc/systemd/system/%s.d;"
                      " ! getent passwd homelab || userdel homelab" % (ROOT, SERVICE))

    def install(self, deb=None):
        done = self.host.install(deb)
        self.assertEqual(done.stderr.replace("Created symlink", "").count("warning"), 0)
        return done

    def state_of(self, unit):
        return [self.host.run("systemctl %s %s" % (question, unit), check=False).stdout.strip()
                for question in ("is-enabled", "is-active")]

    def files(self, *below):
        return self.host.lines("cd %s && find %s -type f | sort | xargs -r sha256sum"
                               % (ROOT, " ".join(below)))

    def use(self):
        """A homelab in use: something of everything that may lie there."""
        for name in OPERATORS:
            self.host.write("%s/%s" % (ROOT, name), "nodes:\n  vps:\n")
        self.host.run("chmod -R a+rX " + ROOT)
        self.host.write(ROOT + "/hosts/vps/services.yaml", "services:\n")
        self.host.run("chmod a+r %s/hosts/vps/services.yaml" % ROOT)
        self.host.drop("good.json", event())
        self.host.drop("bad.json", "not an event")
        self.host.run("homelab-observer --settle 0")
        self.assertEqual(self.host.world("runtime-summary")["observation"]["totals"]["rejected"], 1)

    def test_installing_is_all_there_is_to_do(self):
        self.install()
        self.assertEqual(self.state_of(TIMER), ["enabled", "active"])
        self.assertEqual(self.host.lines("stat -c '%%U %%G %%a' %s/state %s/world" % (ROOT, ROOT)),
                         ["homelab homelab 755"] * 2)
        self.host.observe()
        self.assertEqual(self.host.service_result(), ("success", 0))
        self.host.run("test -s /usr/share/homelab-observer/schemas/event.schema.json && "
                      "test -s /usr/share/doc/homelab-observer/examples/compose/compose.yaml && "
                      "test -s /usr/share/bash-completion/completions/homelab-event && "
                      "test -s /usr/share/zsh/vendor-completions/_homelab-event && "
                      "test -s /usr/share/fish/vendor_completions.d/homelab-event.fish")

    def test_an_upgrade_changes_nothing_the_operator_made(self):
        self.install()
        self.use()
        self.host.write("/etc/systemd/system/%s.d/mine.conf" % SERVICE, "[Service]\nNice=5\n")
        self.host.run("chown agent %s/events && chmod 755 %s/logs" % (ROOT, ROOT))
        modes = "getfacl --absolute-names %s/events %s/logs" % (ROOT, ROOT)
        before, tree = self.host.run(modes).stdout, self.files("events", "world", "state")
        self.host.run("systemctl disable --now " + TIMER)
        self.install(next_version(self.host.work))
        self.assertEqual(self.state_of(TIMER)[0], "disabled")
        self.assertEqual(self.host.run("systemctl show -p Nice --value " + SERVICE).stdout, "5\n")
        self.assertIn("owner: agent", before)
        self.assertEqual(self.host.run(modes).stdout.count("owner: agent"), 1)
        self.assertEqual(self.files("events", "world", "state"), tree)

    def test_an_upgrade_keeps_the_timer_running(self):
        self.install()
        self.install(next_version(self.host.work))
        self.assertEqual(self.state_of(TIMER), ["enabled", "active"])

    def test_removed_and_installed_again_it_goes_on(self):
        self.install()
        self.use()
        cycle, others = self.host.cycle(), self.files("events", *OPERATORS)
        self.host.run("dpkg --remove homelab-observer")
        self.assertNotIn("active", self.state_of(TIMER))
        self.assertEqual(self.host.lines("find /usr -name '*homelab*'"), [])
        self.assertEqual(self.files("events", *OPERATORS), others)
        self.install()
        self.host.observe()
        self.assertGreater(self.host.cycle(), cycle)
        self.assertEqual(self.host.world("runtime-summary")["events"]["accepted"], 1)

    def test_purged_it_leaves_what_others_wrote(self):
        self.install()
        self.use()
        others = self.files("events", *OPERATORS)
        self.assertEqual(len(others), len(OPERATORS) + 2)
        done = self.host.run("dpkg --purge homelab-observer")
        self.assertNotIn("warning", done.stdout + done.stderr)
        self.assertEqual(self.files("."), sorted(
            (line.replace("  ", "  ./") for line in others), key=lambda line: line.split()[1]))
        self.assertEqual(self.host.lines("find /etc /var/lib/systemd -name '*homelab*'"), [])

    def test_purged_unused_it_leaves_nothing(self):
        self.install()
        self.host.observe()
        self.host.run("dpkg --purge homelab-observer && test ! -e %s && test -d /opt" % ROOT)


    # Rule: C3
    def test_installed_over_the_python_observer(self):
        """In a tree it worked in as root."""
        host = self.host
        host.write(ROOT + "/state/observer_checkpoint.json", '{"last_processed_file": "%s"}'
                   % (ROOT + "/events/2026-05-12/vps/a.json"))
        host.write(ROOT + "/world/nodes.json", '{"vps": {"status": "python"}}')
        host.write(ROOT + "/events/2026-05-12/vps/a.json", event("node_online"))
        host.run("chmod -R a+rX " + ROOT)
        host.install()
        host.observe()
        self.assertEqual(host.service_result(), ("success", 0))
        self.assertEqual(host.world("nodes")["vps"]["status"], "online")
        for path, text in (("observer_checkpoint.json.upstream", "last_processed_file"),
                           ("world.upstream/nodes.json", "python")):
            self.assertIn(text, host.run("cat %s/state/%s" % (ROOT, path), user="visitor").stdout)
