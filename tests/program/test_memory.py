"""What is remembered of the inventory: a file of its own, named by the checkpoint.

Written where it has changed, removed where it is superseded; where it's missing or torn, all is
read from the operator's files again, and a topology that can't be read then isn't made up for.
"""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
OBSERVER = str(TOP / os.environ.get('OBSERVER', 'build/homelab-observer'))
DOCUMENTS = ('nodes', 'services', 'deployments', 'incidents')
MISSING, TORN, OTHER = 'missing', 'torn', 'other'


class Memory(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix='memory-'))
        self.addCleanup(shutil.rmtree, self.root)
        self.topology = self.root / 'inventory/topology.yaml'
        self.checkpoint = self.root / 'state/observer_checkpoint.json'
        self.put('inventory/topology.yaml', 'nodes:\n  saturn:\n  vps:\n    aliases: [old]\n')
        self.put('hosts/vps/services.yaml', 'services:\n  nginx:\n')
        self.put('hosts/saturn/services.yaml', 'services: bad\n')
        self.event('a', 'vps', 5)

    def put(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def event(self, name, node, minute):
        self.put('events/2026-05-12/%s/%s.json' % (node, name), json.dumps(
            {'timestamp': '2026-05-12T12:%02d:00Z' % minute, 'node': node,
             'type': 'service_unhealthy', 'service': 'nginx'}))

    def run_observer(self, *options, status=0):
        done = subprocess.run(
            [OBSERVER, '--root', str(self.root), '--now', '2026-05-12T12:20:00Z',
             '--settle', '0', *options], capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stderr

    def files(self):
        return sorted(path.name for path in (self.root / 'state/observer/inventory').glob('*'))

    def memory(self):
        """The file that the checkpoint names."""
        named = json.loads(self.checkpoint.read_text())['inventory']
        return self.root / ('state/observer/inventory/memory.%d' % named['generation'])

    def world(self):
        world = {name: (self.root / 'world' / (name + '.json')).read_bytes()
                 for name in DOCUMENTS}
        summary = json.loads((self.root / 'world/runtime-summary.json').read_text())
        del summary['observation']
        return {**world, 'summary': summary}

    def damage(self, how):
        memory = self.memory()
        if how == MISSING:
            memory.unlink()
        elif how == TORN:
            memory.write_bytes(memory.read_bytes()[:-20])
        else:  # sound, but not what was committed
            memory.write_text('{"topology":null}\n')

    # Rule: W5
    def test_the_checkpoint_names_it_with_bytes_and_digest(self):
        self.run_observer()
        named = json.loads(self.checkpoint.read_text())['inventory']
        data = self.memory().read_bytes()
        self.assertEqual(named, {'generation': 1, 'bytes': len(data),
                                 'sha256': hashlib.sha256(data).hexdigest()})
        self.assertEqual(self.files(), ['memory.1'])
        self.assertNotIn('declarations', self.checkpoint.read_text())
        self.assertIn('vps', json.loads(data)['topology']['nodes'])

    # Rule: W5
    def test_it_is_written_where_it_has_changed_and_the_old_one_removed(self):
        self.run_observer()
        first = self.memory()
        time.sleep(2.1)  # what was read so soon after it was made is read once more
        self.run_observer()
        settled = self.memory()
        self.assertNotEqual(first, settled)
        before = settled.stat()
        self.event('b', 'vps', 6)
        self.assertIn('1 events', self.run_observer())
        self.assertEqual((self.memory(), settled.stat().st_ctime_ns), (settled, before.st_ctime_ns))
        self.put('hosts/vps/services.yaml', 'services:\n  grafana:\n')
        self.run_observer()
        self.assertNotEqual(self.memory(), settled)
        self.assertEqual(self.files(), [self.memory().name])

    # Rule: W3
    def test_what_killed_runs_left_is_swept(self):
        self.run_observer()
        self.put('state/observer/inventory/memory.77', '{}')
        self.put('state/observer/inventory/memory.1.corrupt-1', '{}')
        self.run_observer('--reset')
        self.assertEqual(self.files(), ['memory.1.corrupt-1', self.memory().name])

    # Rule: C4
    def test_damage_is_said_and_all_is_read_anew(self):
        for how in (MISSING, TORN, OTHER):
            with self.subTest(how):
                shutil.rmtree(self.root / 'state', ignore_errors=True)
                self.run_observer()
                world, damaged = self.world(), self.memory()
                self.damage(how)
                said = self.run_observer()
                self.assertIn('error: state/observer/inventory/%s %s: reading the inventory anew'
                              % (damaged.name, 'is missing' if how == MISSING else
                                 "isn't the committed one"), said)
                self.assertEqual(self.world(), world)
                kept = [name for name in self.files() if '.corrupt-' in name]
                self.assertEqual(len(kept), how != MISSING)
                self.assertNotEqual(self.memory(), damaged)
                self.assertNotIn('error', self.run_observer())
                self.assertIn('verified', self.run_observer('--verify'))

    # Rule: C4 I2
    def test_without_it_a_topology_that_is_bad_or_gone_stops_the_run(self):
        for how, text in ((MISSING, 'nodes: []\n'), (TORN, None), (OTHER, 'nodes: {}\n')):
            with self.subTest(how):
                shutil.rmtree(self.root / 'state', ignore_errors=True)
                good = self.topology.read_text()
                self.run_observer()
                world, checkpoint = self.world(), self.checkpoint.read_bytes()
                self.damage(how)
                self.topology.unlink()
                if text is not None:
                    self.topology.write_text(text)
                self.event('e', 'vps', 9)
                for _ in range(2):
                    said = self.run_observer(status=78)
                    self.assertIn('reading the inventory anew', said)
                    self.assertIn('what the last good topology was is lost', said)
                    self.assertEqual(self.world(), world)
                    self.assertEqual(self.checkpoint.read_bytes(), checkpoint)
                self.topology.write_text(good)
                self.assertIn('1 events', self.run_observer())
                self.assertIn('verified', self.run_observer('--verify'))
                (self.root / 'events/2026-05-12/vps/e.json').unlink()

    # Rule: C4 I3
    def test_without_it_no_topology_stays_none(self):
        self.topology.unlink()
        self.run_observer()
        world = self.world()
        self.damage(MISSING)
        self.run_observer()
        self.assertEqual(self.world(), world)
        self.assertEqual(world['summary']['topology'], 'absent')

    # Rule: C4 I2
    def test_that_there_was_a_topology_is_not_forgotten_without_one(self):
        good = self.topology.read_text()
        self.run_observer()
        self.damage(MISSING)
        self.run_observer('--no-topology')
        self.topology.unlink()
        self.assertIn('is lost', self.run_observer(status=78))
        self.topology.write_text(good)
        self.run_observer()

    def test_who_only_looks_changes_nothing(self):
        self.run_observer()
        self.damage(TORN)
        before = self.files()
        self.assertIn("isn't the committed one", self.run_observer('--dry-run'))
        self.assertIn("isn't the committed one", self.run_observer('--verify', status=1))
        self.assertEqual(self.files(), before)

    def make_older(self):
        """The checkpoint as version 0.1.0 wrote it: format 1, the memory within."""
        checkpoint = json.loads(self.checkpoint.read_text())
        del checkpoint['digest']
        checkpoint['inventory'] = json.loads(self.memory().read_text())
        checkpoint['format'] = 1
        text = json.dumps(checkpoint, separators=(',', ':'), sort_keys=True)[1:] + '\n'
        digest = hashlib.sha256(text.encode()).hexdigest()
        self.checkpoint.write_text('{"digest":"%s",\n%s' % (digest, text))
        shutil.rmtree(self.root / 'state/observer/inventory')

    # Rule: I2
    def test_a_checkpoint_that_has_it_within_is_read(self):
        self.run_observer()
        world = self.world()
        self.make_older()
        self.assertIn('verified', self.run_observer('--verify'))
        self.assertNotIn('error', self.run_observer())
        self.topology.write_text('nodes: {}\n')
        said = self.run_observer(status=78)
        self.assertIn('going on with the last good topology', said)
        self.assertEqual({name: self.world()[name] for name in DOCUMENTS},
                         {name: world[name] for name in DOCUMENTS})
        self.assertEqual(json.loads(self.checkpoint.read_text())['format'], 3)
        self.assertEqual(self.files(), [self.memory().name])


if __name__ == '__main__':
    unittest.main()
