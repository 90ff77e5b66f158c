"""--metrics: what the file says, that it is whole at any time, and what a failure of it does.

Disks that fail are tests/disk's; what Prometheus' own programs say of the text, tests/live's.
"""
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile
import threading
import time
import unittest

import exposition
import homelabs

RUNS, READS = 10, 20
NOWS = ['2026-05-12T12:%02d:%02dZ' % divmod(n, 60) for n in range(30 * 60, 60 * 60)]


class Fixtures(unittest.TestCase):
    # Rules: P1
    def test_every_world_is_told_as_its_documents_say(self):
        count = 0
        for step, root in homelabs.runs('--metrics', 'homelab.prom'):
            told = exposition.read((root / 'homelab.prom').read_bytes())
            wanted = exposition.expected(exposition.documents(root / 'world'))
            self.assertEqual(told, wanted, str(step))
            count += 1
        self.assertGreater(count, 50)


class Names(unittest.TestCase):
    """Who else speaks of metrics speaks of those there are."""

    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run([homelabs.OBSERVER, '--root', directory, '--no-topology', '--metrics',
                            directory + '/homelab.prom'], check=True, capture_output=True)
            text = (pathlib.Path(directory) / 'homelab.prom').read_text()
        cls.names = re.findall(r'(?m)^# TYPE (\w+)', text)

    def test_the_manual_lists_all_in_their_order(self):
        manual = (homelabs.TOP / 'man/homelab-observer.8').read_text()
        self.assertEqual(re.findall(r'(?m)^\.It Va (homelab_\w+)', manual), self.names)

    def test_alerts_are_on_nothing_else(self):
        for path in (homelabs.TOP / 'contrib/prometheus').glob('*.yml'):
            named = set(re.findall(r'\bhomelab_\w+', path.read_text()))
            self.assertGreater(len(named), 5)
            self.assertEqual(named - set(self.names), set(), path)


class Metrics(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix='metrics-'))
        self.addCleanup(shutil.rmtree, self.root)
        (self.root / 'inventory').mkdir()
        (self.root / 'inventory/topology.yaml').write_text('nodes:\n  saturn:\n')
        (self.root / 'textfile').mkdir()
        self.file = self.root / 'textfile/homelab.prom'
        self.put('a', '2026-05-12T12:05:00Z', 'service_unhealthy')

    def put(self, name, at, kind, service='mosquitto'):
        directory = self.root / 'events/2026-05-12/saturn'
        directory.mkdir(parents=True, exist_ok=True)
        (directory / (name + '.json')).write_text(json.dumps(
            {'timestamp': at, 'node': 'saturn', 'type': kind, 'service': service}))

    def run_observer(self, *options, now=NOWS[0], metrics=None, **more):
        return subprocess.run(
            [homelabs.OBSERVER, '--root', str(self.root), '--settle', '0', '--now', now,
             '--metrics', str(metrics or self.file), *options],
            capture_output=True, text=True, timeout=60, check=False, **more)

    def told(self):
        return exposition.read(self.file.read_bytes())

    def published_at(self):
        return json.loads((self.root / 'world/runtime-summary.json').read_bytes())['generated_at']

    def test_a_run_without_news_says_that_it_was(self):
        key = exposition.series('homelab_observer_last_success_timestamp_seconds')
        silence = exposition.series('homelab_node_silence_seconds', node='saturn')
        self.assertEqual(self.run_observer().returncode, 0)
        time.sleep(2.1)                # a younger listing isn't trusted
        self.assertEqual(self.run_observer().returncode, 0)
        for number, now in enumerate(NOWS[1:4], 1):
            done = self.run_observer('--verbose', now=now)
            self.assertIn('no news', done.stderr)
            told = self.told()
            self.assertEqual(told[key], 1778587500 + 25 * 60 + number)
            self.assertEqual(told[silence], 25 * 60 + number)
            self.assertEqual(told, exposition.expected(exposition.documents(self.root / 'world')))

    def test_the_environment_names_the_file_and_the_option_wins(self):
        other = self.root / 'textfile/other.prom'
        done = subprocess.run(
            [homelabs.OBSERVER, '--root', str(self.root), '--settle', '0', '--now', NOWS[0]],
            env={**os.environ, 'HOMELAB_METRICS': str(other)}, capture_output=True, timeout=60,
            check=False)
        self.assertEqual(done.returncode, 0)
        self.assertTrue(other.is_file())
        other.unlink()
        done = self.run_observer(env={**os.environ, 'HOMELAB_METRICS': str(other)})
        self.assertEqual(done.returncode, 0)
        self.assertEqual(os.listdir(self.root / 'textfile'), ['homelab.prom'])

    def test_a_file_that_is_none_is_a_usage_error(self):
        for name in ('', 'textfile/'):
            done = subprocess.run([homelabs.OBSERVER, '--root', str(self.root), '--metrics', name],
                                  capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 64, name)
            self.assertIn('--metrics', done.stderr)

    def test_everybody_may_read_it(self):
        self.assertEqual(self.run_observer(preexec_fn=lambda: os.umask(0o077)).returncode, 0)
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o644)

    def test_runs_that_publish_nothing_leave_it_alone(self):
        self.assertEqual(self.run_observer().returncode, 0)
        self.file.unlink()
        for options in (['--dry-run'], ['--verify'], ['--expire-events', '1h']):
            self.assertEqual(self.run_observer(*options).returncode, 0, options)
            self.assertFalse(self.file.exists(), options)

    def test_a_link_is_replaced_and_not_followed(self):
        target = self.root / 'precious'
        target.write_text('precious')
        self.file.symlink_to(target)
        self.assertEqual(self.run_observer().returncode, 0)
        self.assertEqual(target.read_text(), 'precious')
        self.assertFalse(self.file.is_symlink())

    # Rule: W3
    def test_where_it_cannot_be_written_the_world_is_published_all_the_same(self):
        (self.root / 'textfile/directory.prom').mkdir()
        for number, metrics in enumerate((self.root / 'missing/homelab.prom',
                                          self.root / 'textfile/directory.prom',
                                          self.root / 'inventory/topology.yaml/homelab.prom')):
            done = self.run_observer(now=NOWS[number], metrics=metrics)
            self.assertEqual(done.returncode, 74)
            self.assertIn(str(metrics.parent), done.stderr)
            self.assertEqual(done.stderr.count('error:'), 1, done.stderr)
            self.assertEqual(self.published_at(), NOWS[number])
        self.assertEqual(os.listdir(self.root / 'textfile'), ['directory.prom'])
        self.assertEqual(self.run_observer('--verify').returncode, 0)

    # Rule: I2
    def test_a_stale_topology_is_told_and_still_ends_with_78(self):
        self.assertEqual(self.run_observer().returncode, 0)
        (self.root / 'inventory/topology.yaml').write_text('nodes: [')
        self.assertEqual(self.run_observer(now=NOWS[1]).returncode, 78)
        told = self.told()
        self.assertEqual(told[exposition.series('homelab_topology', state='stale')], 1)
        self.assertEqual(told[exposition.series('homelab_observer_error')], 1)
        done = self.run_observer(now=NOWS[2], metrics=self.root / 'missing/homelab.prom')
        self.assertEqual(done.returncode, 78)
        self.assertIn('missing', done.stderr)
        self.assertIn('last good topology', done.stderr)

    def test_what_was_torn_while_it_was_away_is_made_whole(self):
        self.assertEqual(self.run_observer().returncode, 0)
        whole = self.file.read_bytes()
        self.file.write_bytes(whole[:100])
        (self.root / 'textfile/.homelab.prom.new').write_bytes(whole[:50])    # of a killed run
        self.assertEqual(self.run_observer(now=NOWS[1]).returncode, 0)
        self.assertEqual(os.listdir(self.root / 'textfile'), ['homelab.prom'])
        self.told()

    def test_readers_never_get_half_a_file(self):
        for number in range(300):    # of a size that isn't written in a moment
            self.put('s%d' % number, '2026-05-12T12:10:00Z', 'service_unhealthy', 's%d' % number)
        self.assertEqual(self.run_observer().returncode, 0)
        done, failures, read = threading.Event(), [], []

        def reader():
            while not done.is_set():
                try:
                    read.append(exposition.read(self.file.read_bytes()))
                except (ValueError, OSError) as error:
                    failures.append(repr(error))
                    return
        thread = threading.Thread(target=reader)
        thread.start()
        number = 0
        try:
            while not failures and (number < RUNS or len(read) < READS) and number < 10 * RUNS:
                number += 1
                self.put('n%d' % number, NOWS[number], 'service_recovered', 's%d' % (number % 300))
                self.assertEqual(self.run_observer(now=NOWS[number]).returncode, 0)
        finally:
            done.set()
            thread.join()
        self.assertEqual(failures, [])
        self.assertGreaterEqual(len(read), READS)


if __name__ == '__main__':
    unittest.main()
