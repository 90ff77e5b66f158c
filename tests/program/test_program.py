"""The program as a process: options, exit statuses, lock, signals, owner, install.

Run as: python3 -m unittest discover -s tests/program, with OBSERVER naming the
program and MAKE the make to use (default: build/homelab-observer, make).
"""
import fcntl
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
OBSERVER = str(TOP / os.environ.get('OBSERVER', 'build/homelab-observer'))
NOW = '2026-05-12T12:20:00Z'


def event(second, kind='service_unhealthy', node='saturn'):
    return json.dumps({'timestamp': '2026-05-12T12:05:%02dZ' % second, 'node': node,
                       'type': kind, 'service': 'mosquitto'})


class Program(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix='program-'))
        self.addCleanup(shutil.rmtree, self.root)
        self.events = self.root / 'events/2026-05-12/saturn'
        self.events.mkdir(parents=True)
        (self.root / 'inventory').mkdir()
        (self.root / 'inventory/topology.yaml').write_text('nodes:\n  saturn:\n')
        (self.events / 'a.json').write_text(event(1))

    def run_observer(self, *options, **more):
        return subprocess.run([OBSERVER, '--root', str(self.root), '--now', NOW, '--settle', '0',
                               *options], capture_output=True, text=True, timeout=120, **more)

    def test_usage_errors_end_with_64_and_name_the_option(self):
        for options, word in ((['--nonsense'], '--nonsense'), (['--settle', 'soon'], 'soon'),
                              (['extra'], 'extra'), (['--jobs', '0'], '--jobs'),
                              (['--incident-retention', '31d'], '31d'),
                              (['--now', '1969-12-31T23:59:59Z'], '1969'),
                              (['--expire-events', '59m'], '59m')):
            done = self.run_observer(*options)
            self.assertEqual(done.returncode, 64, options)
            self.assertIn(word, done.stderr)
            self.assertEqual(done.stderr.count('\n'), 1)

    def test_help_and_version_name_every_option(self):
        done = self.run_observer('--help')
        self.assertEqual(done.returncode, 0)
        for word in ('root repo reset force dry-run verify no-topology now jobs settle verbose quiet '
                     'incident-retention service-retention deployment-retention expire-events metrics '
                     'version').split():
            self.assertIn('--' + word, done.stdout)
        self.assertRegex(self.run_observer('--version').stdout, r'^homelab-observer \d+\.\d+')

    # Rule: W3
    def test_a_second_one_ends_with_75_and_names_the_first(self):
        self.assertEqual(self.run_observer().returncode, 0)
        with open(self.root / 'state/observer.lock', 'r+') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.truncate(0)
            lock.write('4711\n')
            lock.flush()
            done = self.run_observer()
        self.assertEqual(done.returncode, 75)
        self.assertIn('4711', done.stderr)
        self.assertEqual(self.run_observer().returncode, 0)

    # Rule: C4
    def test_without_its_manifests_it_lists_directories_that_it_trusted_before(self):
        self.assertEqual(self.run_observer().returncode, 0)
        time.sleep(2.1)                # a younger listing isn't trusted anyway
        self.assertEqual(self.run_observer().returncode, 0)
        shutil.rmtree(self.root / 'state/observer/partitions')
        (self.events / 'b.json').write_text(event(2))
        self.assertEqual(self.run_observer().returncode, 0)
        summary = json.loads((self.root / 'world/runtime-summary.json').read_text())
        self.assertEqual(summary['events']['accepted'], 2)

    # Rule: C4 W1
    def test_a_source_that_two_manifests_have_counts_once(self):
        """Without a checkpoint, where one of them is of before the alias was another's."""
        topology = self.root / 'inventory/topology.yaml'
        old = self.root / 'events/2026-05-12/old'
        old.mkdir()
        (old / 'b.json').write_text(event(2, node='old'))
        topology.write_text('nodes:\n  saturn:\n  vps:\n    aliases: [old]\n')
        self.assertEqual(self.run_observer().returncode, 0)
        partition = self.root / 'state/observer/partitions/vps'
        kept = self.root / 'kept'
        for events_gone in (False, True):
            shutil.copytree(partition, kept)
            topology.write_text('nodes:\n  saturn:\n    aliases: [old]\n  vps:\n')
            self.assertEqual(self.run_observer().returncode, 0)
            world = (self.root / 'world/incidents.json').read_bytes()
            self.assertIn(b'"occurrence_count": 2', world)
            shutil.rmtree(partition)
            kept.rename(partition)
            (self.root / 'state/observer_checkpoint.json').unlink()
            if events_gone:
                shutil.rmtree(self.root / 'events/2026-05-12')
            self.assertEqual(self.run_observer().returncode, 0)
            self.assertEqual((self.root / 'world/incidents.json').read_bytes(), world)
            done = self.run_observer()
            self.assertEqual((done.returncode, 'damaged' in done.stderr), (0, False), done.stderr)
            topology.write_text('nodes:\n  saturn:\n  vps:\n    aliases: [old]\n')
            self.assertEqual(self.run_observer().returncode, 0)

    # Rule: W3
    def test_a_signal_ends_a_run_and_the_old_world_stays(self):
        self.assertEqual(self.run_observer().returncode, 0)
        before = (self.root / 'world/services.json').read_bytes()
        for i in range(20000):
            (self.events / ('x%d.json' % i)).write_text(event(2 + i % 50))
        process = subprocess.Popen([OBSERVER, '--root', str(self.root), '--now', NOW, '--reset'],
                                   stderr=subprocess.PIPE, text=True)
        time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        message = process.communicate(timeout=60)[1]
        if process.returncode == 0:
            self.skipTest('the run was over before the signal came')
        self.assertEqual(process.returncode, 75, message)
        self.assertEqual((self.root / 'world/services.json').read_bytes(), before)
        self.assertFalse([p for p in self.root.rglob('.*') if p.is_file()])
        self.assertEqual(self.run_observer().returncode, 0)
        summary = json.loads((self.root / 'world/runtime-summary.json').read_text())
        self.assertEqual(summary['events']['accepted'], 20001)

    @unittest.skipIf(os.geteuid() != 0, 'only root can become another user')
    def test_root_becomes_the_owner_of_state(self):
        os.chmod(self.root, 0o755)
        for name in ('state', 'world'):
            (self.root / name).mkdir()
            os.chown(self.root / name, 12345, 12346)
        self.assertEqual(self.run_observer('--reset').returncode, 0)
        for place in ('state', 'world'):
            for path in (self.root / place).rglob('*'):
                self.assertEqual((path.stat().st_uid, path.stat().st_gid), (12345, 12346), path)

    def test_messages_in_the_journal_of_systemd_have_priorities(self):
        (self.events / 'bad.json').write_text('{')
        with open(self.root / 'log', 'w+') as log:
            st = os.fstat(log.fileno())
            environment = dict(os.environ, JOURNAL_STREAM='%d:%d' % (st.st_dev, st.st_ino))
            subprocess.run([OBSERVER, '--root', str(self.root), '--now', NOW, '--settle', '0'],
                           stderr=log, env=environment, check=True)
            log.seek(0)
            lines = log.read().splitlines()
        self.assertTrue(any(line.startswith('<4>warning: ') for line in lines), lines)
        self.assertTrue(all(line[:3] in ('<3>', '<4>', '<6>', '<7>') for line in lines), lines)

    # Rule: W4
    def test_nothing_of_an_event_reaches_the_terminal_raw(self):
        (self.events / 'bad.json').write_text(
            '{"timestamp": "\\u001b[2J\\u202e\\u0007", "node": "saturn", "type": "x"}')
        done = self.run_observer()
        self.assertNotIn('\x1b', done.stderr)
        self.assertNotIn('\u202e', done.stderr)
        self.assertIn('\\x1b[2J', done.stderr)

    # Rule: W1
    def test_a_day_is_compressed_when_the_third_after_it_begins(self):
        def days():
            return sorted(path.name for path in journal.glob('2026-*'))

        journal = self.root / 'state/observer/journal/saturn'
        for date in (13, 14):
            (self.events / ('b%d.json' % date)).write_text(
                event(date).replace('05-12T', '05-%dT' % date))
        options = '--now', '2026-05-14T23:00:00Z'
        self.assertEqual(self.run_observer(*options).returncode, 0)
        self.assertEqual(days(), ['2026-05-12.1', '2026-05-13.1', '2026-05-14.1'])
        (self.events / 'c.json').write_text(event(1).replace('05-12T', '05-15T'))
        options = '--now', '2026-05-15T23:00:00Z'
        self.assertEqual(self.run_observer(*options).returncode, 0)
        self.assertEqual(days(), ['2026-05-12.2.gz', '2026-05-13.1', '2026-05-14.1', '2026-05-15.2'])
        self.assertEqual(self.run_observer(*options, '--verify').returncode, 0)
        # A late one goes behind what is compressed.
        (self.events / 'd.json').write_text(event(2))
        self.assertEqual(self.run_observer(*options).returncode, 0)
        self.assertEqual(self.run_observer(*options, '--verify').returncode, 0)
        self.assertEqual(days()[0], '2026-05-12.2.gz')
        for path in self.events.iterdir():
            path.unlink()
        world = (self.root / 'world/services.json').read_bytes()
        self.assertEqual(self.run_observer(*options, '--reset').returncode, 0)
        self.assertEqual((self.root / 'world/services.json').read_bytes(), world)

    def test_quiet_is_quiet_and_no_news_is_silent(self):
        self.assertEqual(self.run_observer('--quiet').stderr, '')
        time.sleep(2.1)
        self.run_observer()
        self.assertEqual(self.run_observer().stderr, '')
        self.assertNotEqual(self.run_observer('--verbose').stderr, '')

    # Rule: C1
    def test_the_checkpoint_names_whole_paths_for_a_relative_root(self):
        subprocess.run([OBSERVER, '--root', self.root.name, '--now', NOW], check=True,
                       cwd=self.root.parent, stderr=subprocess.DEVNULL)
        checkpoint = json.loads((self.root / 'state/observer_checkpoint.json').read_text())
        self.assertEqual(checkpoint['node_checkpoints'],
                         {'saturn': str(self.events.resolve() / 'a.json')})

    def test_verify_shows_what_differs(self):
        self.run_observer()
        self.assertEqual(self.run_observer('--verify').returncode, 0)
        path = self.root / 'world/services.json'
        path.write_text(path.read_text().replace('"unhealthy"', '"healthy"'))
        done = self.run_observer('--verify')
        self.assertEqual(done.returncode, 1)
        self.assertIn('services.json: /saturn/mosquitto/status is "healthy", should be "unhealthy"',
                      done.stderr)

    def leave_as_python_did(self):
        for name, text in (('state/observer_checkpoint.json', '{"node_checkpoints": {}}'),
                           ('world/nodes.json', '{"saturn": {"by": "python"}}')):
            (self.root / name).parent.mkdir(exist_ok=True)
            (self.root / name).write_text(text)

    def tree(self, *below):
        return {path: path.read_bytes() for name in below
                for path in (self.root / name).rglob('*.json*')}

    # Rule: C3 W6
    def test_a_missing_disk_leaves_what_the_python_observer_made(self):
        self.leave_as_python_did()
        shutil.rmtree(self.root / 'events')
        before = self.tree('state', 'world')
        done = self.run_observer()
        self.assertEqual(done.returncode, 74)
        self.assertIn('mounted', done.stderr)
        self.assertEqual(self.tree('state', 'world'), before)

    # Rule: C3
    def test_what_the_python_observer_made_is_kept_or_nothing_is_done(self):
        """The place of a copy is taken by a directory: the copy can't be made."""
        self.leave_as_python_did()
        before = self.tree('state', 'world')
        (self.root / 'world.upstream/nodes.json').mkdir(parents=True)
        self.assertEqual(self.run_observer().returncode, 74)
        self.assertEqual({path: text for path, text in self.tree('state', 'world').items()
                          if path in before}, before)
        shutil.rmtree(self.root / 'world.upstream')
        self.assertEqual(self.run_observer().returncode, 0)
        self.assertIn(b'python', (self.root / 'world.upstream/nodes.json').read_bytes())

    def test_install_and_uninstall(self):
        target = self.root / 'installed'
        make = os.environ.get('MAKE', 'make')
        options = ['DESTDIR=%s' % target, 'PREFIX=/usr']
        quiet = dict(check=True, cwd=TOP, stdout=subprocess.DEVNULL)
        subprocess.run([make, '-s', 'install', *options], **quiet)
        self.assertTrue(os.access(target / 'usr/bin/homelab-observer', os.X_OK))
        self.assertTrue((target / 'usr/share/man/man8/homelab-observer.8').exists())
        for path in ('bin/homelab-event', 'share/man/man1/homelab-event.1',
                     'share/bash-completion/completions/homelab-event',
                     'share/zsh/site-functions/_homelab-observer',
                     'share/fish/vendor_completions.d/homelab-event.fish'):
            self.assertTrue((target / 'usr' / path).exists(), path)
        unit = (target / 'usr/lib/systemd/system/homelab-observer.service').read_text()
        self.assertIn('ExecStart=/usr/bin/homelab-observer', unit)
        for kind in ('sysusers.d', 'tmpfiles.d'):
            self.assertTrue((target / 'usr/lib' / kind / 'homelab.conf').exists())
        subprocess.run([make, '-s', 'uninstall', *options], **quiet)
        self.assertEqual([p for p in target.rglob('*') if p.is_file()], [])


if __name__ == '__main__':
    unittest.main()
