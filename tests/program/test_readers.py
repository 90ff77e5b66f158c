"""Readers of the world while runs go on: every file is whole, sets that belong together can be had.

A set is read as any reader would: the summary, the documents it names the digests of, and again,
a little later, where they don't match.
"""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
OBSERVER = str(TOP / os.environ.get('OBSERVER', 'build/homelab-observer'))
NODES = ('piha', 'saturn', 'vps')
SECONDS = 5
TRIES, PAUSE = 3, 0.03


def read_set(world):
    """The set's documents by name, or None where they don't belong together."""
    summary = json.loads((world / 'runtime-summary.json').read_bytes())
    found = {}
    for name, told in summary['files'].items():
        content = (world / name).read_bytes()
        found[name] = json.loads(content)  # whole, whether it belongs here or not
        if hashlib.sha256(content).hexdigest() != told['sha256']:
            return None
    return found


def dangling(found):
    """What one document names and another doesn't have."""
    incidents, nodes = found['incidents.json'], found['nodes.json']
    named = [(i, incidents) for node in nodes.values() for i in node['active_incidents']]
    named += [(i, incidents) for s in found['services.json'].values() for i in s['active_incidents']]
    named += [('%s/%s' % (i['node'], i['service']), found['services.json'])
              for i in incidents.values()]
    named += [(node, nodes) for d in found['deployments.json'].values() for node in d['nodes']]
    return [name for name, document in named if name not in document]


class Readers(unittest.TestCase):
    least = 50  # sets that have to be read

    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix='readers-'))
        self.addCleanup(shutil.rmtree, self.root)
        (self.root / 'inventory').mkdir()
        (self.root / 'inventory/topology.yaml').write_text(
            'nodes:\n' + ''.join('  %s:\n' % node for node in NODES))
        self.runs, self.read, self.matched, self.failures = 0, 0, 0, []
        self.done = threading.Event()

    def put_events(self):
        minute, second = divmod(self.runs, 60)
        at = '2026-05-12T%02d:%02d:%02dZ' % (10 + minute // 60, minute % 60, second)
        for node in NODES:
            directory = self.root / 'events/2026-05-12' / node
            directory.mkdir(parents=True, exist_ok=True)
            failure = {'timestamp': at, 'node': node, 'service': 's%d' % (self.runs % 7),
                       'type': 'service_unhealthy' if self.runs % 2 else 'service_recovered'}
            start = {'timestamp': at, 'node': node, 'service': 's1', 'type': 'deployment_started',
                     'correlation_id': 'dep-%d' % (self.runs // 3)}
            for k, event in enumerate((failure, start)):
                (directory / ('%d-%d.json' % (self.runs, k))).write_text(json.dumps(event))
        return at

    def run_observer(self):
        now = self.put_events()
        done = subprocess.run([OBSERVER, '--root', str(self.root), '--now', now, '--settle', '0'],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.runs += 1

    def read_one(self):
        for _ in range(TRIES):
            found = read_set(self.root / 'world')
            if found is not None:
                self.failures += dangling(found)
                return True
            time.sleep(PAUSE)
        return False

    def reader(self):
        while not self.done.is_set():
            try:
                matched = self.read_one()
            except (ValueError, OSError) as error:
                self.failures.append(repr(error))
                continue
            self.read += 1
            self.matched += matched

    # Rules: W3 P1
    def test_readers_get_whole_files_and_sets_that_match(self):
        self.run_observer()
        thread = threading.Thread(target=self.reader)
        thread.start()
        end = time.monotonic() + SECONDS
        try:
            while time.monotonic() < end:
                self.run_observer()
        finally:
            self.done.set()
            thread.join()
        self.assertEqual(self.failures, [])
        self.assertGreater(self.runs, 10)
        self.assertGreater(self.read, self.least)
        self.assertGreaterEqual(self.matched, 0.99 * self.read,
                                '%d of %d sets in %d runs' % (self.matched, self.read, self.runs))


if __name__ == '__main__':
    unittest.main()
