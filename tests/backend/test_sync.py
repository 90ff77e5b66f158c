"""A node's events to the control host, by the real rsync, with the command line of
homelab-sync.service, and what sshd would run: what authorized_keys forces, with our
rsyncd.conf. Only ssh itself is left out: see FAKE_SSH."""

import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import unittest

CONTRIB = pathlib.Path(__file__).resolve().parents[2] / "contrib"
PATIENCE = 60
DAY = "2026-05-12"

# Whatever the client asks for, what the node's line of authorized_keys says is run,
# as sshd does; of what comes only so many bytes, and then the end or nothing more.
FAKE_SSH = """#!%s
import os, subprocess, sys, threading
server = subprocess.Popen(os.environ["FORCED"], shell=True, stdin=subprocess.PIPE)
def relay(left):
    while left > 0 and (data := os.read(0, min(left, 65536))):
        server.stdin.write(data)
        server.stdin.flush()
        left -= len(data)
    if os.environ["CUT"] != "hang":
        server.stdin.close()
left = int(os.environ.get("BYTES", sys.maxsize))
threading.Thread(target=relay, args=(left,), daemon=True).start()
status = server.wait()
sys.stdout.flush()
os._exit(status)
""" % sys.executable


def service():
    text = (CONTRIB / "systemd/homelab-sync.service").read_text().replace("\\\n", " ")
    (command,) = re.findall(r"^ExecStart=(.*)$", text, re.M)
    return shlex.split(command)


def forced(node):
    for line in (CONTRIB / "sync/authorized_keys").read_text().splitlines():
        found = re.match(r'command="(HOMELAB_NODE=%s .*?)",restrict ' % node, line)
        if found:
            return found[1]
    raise AssertionError(node)


def tree(path):
    return {
        str(p.relative_to(path)): p.read_bytes() if p.is_file() else None
        for p in sorted(path.rglob("*"))
        if not p.is_dir() or p.is_symlink()
    }


class Sync(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)
        self.node = self.scratch / "node/events"
        self.control = self.scratch / "control/events"
        for folder in self.node, self.control, self.scratch / "bin":
            folder.mkdir(parents=True)
        ssh = self.scratch / "bin/ssh"
        ssh.write_text(FAKE_SSH)
        ssh.chmod(0o755)
        config = (CONTRIB / "sync/rsyncd.conf").read_text()
        self.assertIn("path = /opt/homelab/events\n", config)
        config = config.replace("/opt/homelab/events", str(self.control))
        if os.geteuid() == 0:  # the account would be another
            config += "uid = 0\ngid = 0\n"
        (self.scratch / "rsyncd.conf").write_text(config)

    def put(self, path, text="{}\n", under=None):
        file = (under or self.node) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def environment(self, forced_as="nas", **more):
        command = forced(forced_as)
        self.assertIn("--config=/etc/homelab/rsyncd.conf ", command)
        command = command.replace("/etc/homelab", str(self.scratch))
        return dict(
            os.environ, PATH=f"{self.scratch}/bin:{os.environ['PATH']}", FORCED=command,
            CUT="", **more,
        )  # fmt: skip

    def rsync(self, *arguments, cwd=None, **more):
        """As somebody else than our unit would."""
        return subprocess.run(
            ["rsync", "--rsh=ssh", *arguments], env=self.environment(**more), text=True,
            cwd=cwd or self.node, capture_output=True, timeout=PATIENCE,
        )  # fmt: skip

    def command(self, node="nas"):
        values = {"${HOMELAB_NODE}": node, "${HOMELAB_SYNC_TO}": "sync@control"}
        return [re.sub(r"\$\{\w+\}", lambda m: values[m[0]], word) for word in service()]

    def send(self, node="nas", forced_as="nas", **more):
        environment = self.environment(forced_as)
        environment.update(more)
        return subprocess.run(
            self.command(node), env=environment, cwd=self.node, text=True,
            capture_output=True, timeout=PATIENCE,
        )  # fmt: skip

    def fill(self):
        for node in "nas", "vps":
            self.put(f"{DAY}/{node}/a.json", f"{node} a\n")
            self.put(f"2026-05-13/{node}/b.json", f"{node} b\n")
            self.put(f"{DAY}/{node}/c.jsonl", f"{node} c\n")
            self.put(f"{node}/d.json", f"{node} d\n")
        return {
            path: content for path, content in tree(self.node).items() if "nas" in path
        }

    def test_its_own_arrive_and_nothing_else(self):
        own = self.fill()
        for path in ".hidden.json", "a.json.part", "a.txt", "a.json~", ".x.json.new", "sub/a.json":
            self.put(f"{DAY}/nas/{path}")
        self.put("2026-05-14/stray.json")
        self.put("stray.json")
        (self.node / DAY / "nas/link.json").symlink_to("/etc/passwd")
        (self.node / "nas/folder").symlink_to("/etc")
        done = self.send()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(tree(self.control), own)
        self.assertEqual((self.control / DAY / "nas").stat().st_mode & 0o7777, 0o2775)
        self.assertEqual((self.control / DAY / "nas/a.json").stat().st_mode & 0o7777, 0o664)

    def test_again_only_what_is_new(self):
        own = self.fill()
        self.send()
        before = {p: p.stat().st_ctime_ns for p in self.control.rglob("*") if p.is_file()}
        self.put(f"{DAY}/nas/new.json")
        with (self.node / DAY / "nas/c.jsonl").open("a") as file:
            file.write("more\n")
        self.assertEqual(self.send().returncode, 0)
        own[f"{DAY}/nas/new.json"] = b"{}\n"
        own[f"{DAY}/nas/c.jsonl"] += b"more\n"
        self.assertEqual(tree(self.control), own)
        after = {p.name: p.stat().st_ctime_ns == t for p, t in before.items() if p.name != "c.jsonl"}
        self.assertTrue(all(after.values()), after)

    def test_what_is_gone_here_stays_there(self):
        own = self.fill()
        self.send()
        (self.node / DAY / "nas/a.json").unlink()
        self.assertEqual(self.send().returncode, 0)
        self.assertEqual(tree(self.control), own)

    def test_another_nodes_is_refused(self):
        """vps has its key, and says that it's nas."""
        self.fill()
        self.put(f"{DAY}/nas/a.json", "true\n", under=self.control)
        before = tree(self.control)
        done = self.send("nas", forced_as="vps")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("refused", done.stderr)
        self.assertEqual(tree(self.control), before)
        for target in f"{DAY}/nas/", "nas/", f"{DAY}/vps/../nas/", f"../events/{DAY}/nas/", "nas/a.json":
            done = self.rsync("-t", "d.json", f"x::events/{target}", cwd=self.node / "vps", forced_as="vps")
            self.assertNotEqual(done.returncode, 0, target)
        self.assertEqual(tree(self.control), before)

    def test_no_way_out(self):
        self.fill()
        for target in "../up.json", "/up.json", "up.json", f"{DAY}/up.json", "other/a.json", \
                f"{DAY}/nas/.hidden.json", f"{DAY}/nas/x.txt", f"{DAY}/nas/sub/x.json", \
                "2026-05-1/nas/x.json", f"{DAY}/nas/../../../up.json":  # fmt: skip
            with self.subTest(target=target):
                self.rsync("-t", "d.json", f"x::events/{target}", cwd=self.node / "nas")
                self.assertEqual(tree(self.scratch / "control"), {})

    def test_options_that_are_refused(self):
        own = self.fill()
        self.send()
        (self.node / "nas/link.json").symlink_to("/etc/passwd")
        for options in (
            ["--links"], ["--copy-unsafe-links", "--links"], ["--delete"], ["--inplace"],
            ["--append"], ["--partial"], ["--partial-dir=x"], ["--remove-source-files"],
            ["--perms"], ["--owner"], ["--group"], ["--devices"], ["--specials"], ["--xattrs"],
            ["--acls"], ["--temp-dir=/tmp"], ["--backup", "--suffix=.json"],
            ["--backup-dir=/tmp", "--backup"], ["--log-file=/tmp/x", "--remote-option=--log-file=/tmp/x"],
            ["--copy-dest=/etc"], ["--link-dest=/etc"], ["--compare-dest=/etc"], ["--hard-links"],
            ["--fake-super", "--remote-option=--fake-super"], ["--super", "--remote-option=--super"],
            ["--chmod=4777", "--perms"], ["--mkpath"], ["--write-devices"], ["--delay-updates"],
            ["--files-from=:/etc/passwd"], ["--existing"], ["--remote-option=--config=/dev/null"],
        ):  # fmt: skip
            with self.subTest(options=options):
                done = self.rsync("-rt", *options, "nas/", "x::events/nas/")
                self.assertNotEqual(done.returncode, 0)
                self.assertEqual(tree(self.control), own)

    def test_nothing_is_read(self):
        self.fill()
        self.send()
        got = self.scratch / "got"
        got.mkdir()
        for source in "x::events/nas/", f"x::events/{DAY}/vps/", "x::":
            done = self.rsync("-rt", source, str(got))
            self.assertEqual(tree(got), {})
            self.assertNotIn("events", done.stdout)

    def test_links_over_there_arent_followed(self):
        """Of whatever made them."""
        self.fill()
        outside = self.scratch / "outside"
        outside.mkdir()
        (self.control / DAY).symlink_to(outside)
        (self.control / "nas").symlink_to(outside)
        self.send()
        self.assertEqual(tree(outside), {})

    # --- cut off -------------------------------------------------------------------

    def visible(self):
        """What the observer would read."""
        return {
            path: content
            for path, content in tree(self.control).items()
            if not path.split("/")[-1].startswith(".")
        }

    def test_cut_off_anywhere(self):
        """No half file has a name that the observer reads, and the next time brings all."""
        for n in range(4):
            self.put(f"{DAY}/nas/{n}.json", os.urandom(40_000).hex())
        own = tree(self.node)
        seen = set()
        for size in list(range(0, 1200, 200)) + list(range(1200, 300_000, 12_000)):
            done = self.send(CUT="end", BYTES=str(size))
            got = self.visible()
            self.assertLessEqual(got.items(), own.items(), size)
            seen.add(len(got))
            if done.returncode == 0:
                break
            for file in self.control.rglob("*.json"):
                file.unlink()
        self.assertEqual(done.returncode, 0, "never all of it")
        self.assertGreaterEqual(seen, {0, 1, 2, 3, 4})
        self.assertEqual(tree(self.control), own)

    def test_killed_in_the_middle(self):
        self.put(f"{DAY}/nas/a.json", os.urandom(500_000).hex())
        own = tree(self.node)
        sender = subprocess.Popen(
            self.command(), env=dict(self.environment(), CUT="hang", BYTES="400000"),
            cwd=self.node, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        end = time.monotonic() + PATIENCE
        while not any(tree(self.control).values()):
            self.assertLess(time.monotonic(), end, "nothing is under way")
            time.sleep(0.01)
        self.assertEqual(self.visible(), {})
        os.killpg(sender.pid, signal.SIGKILL)
        sender.wait(PATIENCE)
        self.assertEqual(self.visible(), {})
        self.assertEqual(len(tree(self.control)), 1, "what was killed leaves its own file")
        self.assertEqual(self.send().returncode, 0)
        self.assertEqual(self.visible(), own)


if __name__ == "__main__":
    unittest.main()
