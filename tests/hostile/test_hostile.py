"""One hostile node: bounded memory and time, and nobody else notices.

Run as: python3 -m unittest discover -s tests/hostile, with OBSERVER naming the
program. HOSTILE=full takes a million of everything (some GiB) and prints what it
took; HOSTILE=N any other number. Trees lie in memory unless TMPDIR is set.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import homelab

TOP = pathlib.Path(__file__).resolve().parents[2]
OBSERVER = str(TOP / os.environ.get('OBSERVER', 'build/homelab-observer'))
SIZES = {'': 2000, 'full': 1000000}
WANTED = os.environ.get('HOSTILE', '')
SIZE = SIZES[WANTED] if WANTED in SIZES else int(WANTED)
SANITIZED = 'sanitize' in OBSERVER
FACTOR = 8 if SANITIZED else 1
# Of the state that a node may have, whatever it sends (F11), and of one file.
BASE_MIB, BASE_SECONDS = 400 * FACTOR, 20 * FACTOR
# Of each thing of size: a row in memory, a verdict, decoding and folding.
EACH_BYTES, EACH_SECONDS = 3000 * FACTOR, 0.0004 * FACTOR
MEMORY = '/dev/shm' if os.access('/dev/shm', os.W_OK | os.X_OK) else None
SETTLED_SECONDS = 2.2
FLIPPED_RUNS = 9


def observe(root, *options):
    """Status, output, MiB and seconds of CPU of a run."""
    process = subprocess.Popen([OBSERVER, '--root', str(root), '--now', homelab.NOW, '--settle', '0',
                                *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    with process.stderr as stream:
        said = stream.read().decode(errors='replace')
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, said, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


def show(text, done):
    if WANTED:
        print('%-28s %6.0f MiB %8.2f s' % (text, done[2], done[3]), file=sys.stderr)


def observation(root):
    return json.loads((root / 'world/runtime-summary.json').read_text())['observation']


class Hostile(unittest.TestCase):
    def setUp(self):
        self.top = pathlib.Path(tempfile.mkdtemp(
            prefix='hostile-', dir=os.environ.get('TMPDIR', MEMORY)))
        self.addCleanup(shutil.rmtree, self.top)
        self.calm, self.root = self.top / 'calm', self.top / 'hostile'
        homelab.make(self.calm)
        self.assertEqual(observe(self.calm)[0], 0)

    def check_run(self, done):
        self.assertEqual(done[0], 0, done[1])
        self.assertEqual(homelab.parts(self.root), homelab.parts(self.calm))
        self.check_canary(done[1])

    def check_canary(self, said):
        """Nothing outside the tree is in what the observer wrote or said."""
        self.assertNotIn(homelab.CANARY, said)
        for top in ('world', 'state'):
            found = subprocess.run(['grep', '-rlaF', homelab.CANARY, str(self.root / top)],
                                   capture_output=True, text=True).stdout
            self.assertEqual(found, '')

    def check_quarantine(self):
        folder = self.root / 'state/observer_failed_events' / homelab.BAD
        files = list(folder.iterdir())
        self.assertGreater(len(files), 0)
        self.assertLessEqual(sum(p.suffix != '.reason' for p in files), 1000)
        self.assertLessEqual(sum(p.stat().st_size for p in files), 100 * homelab.MIB)

    # Rule: A5 W4 W5 F11 E4 T3
    def test_exhausting(self):
        homelab.make(self.root, SIZE)
        for options in ((), ('--reset',)):
            done = observe(self.root, *options)
            show('%d of each, %s' % (SIZE, options[0] if options else 'first run'), done)
            self.check_run(done)
            self.assertLess(done[2], BASE_MIB + SIZE * EACH_BYTES / homelab.MIB)
            self.assertLess(done[3], BASE_SECONDS + SIZE * len(homelab.ATTACKS) * EACH_SECONDS)
            self.check_quarantine()
        self.check_counts()
        self.check_quiet()

    def check_counts(self):
        seen = observation(self.root)
        self.assertEqual(seen['unreadable'], 0)
        self.assertGreaterEqual(seen['rejected'], SIZE)
        self.assertGreaterEqual(seen['held'], SIZE // 10)
        self.assertGreaterEqual(seen['consumed'], 4 * SIZE)
        world = json.loads((self.root / 'world/nodes.json').read_text())
        self.assertIn(world[homelab.BAD]['services']['total'], (999, 1000))  # one of 1970
        verified = observe(self.root, '--verify')
        show('verify', verified)
        self.assertEqual(verified[0], 0, verified[1])

    def check_quiet(self):
        """A run without news looks at a bounded number of files."""
        time.sleep(SETTLED_SECONDS)
        self.assertEqual(observe(self.root)[0], 0)
        done = observe(self.root)
        show('no news', done)
        self.check_run(done)
        self.assertEqual(observation(self.root)['consumed'], 0)
        self.assertEqual(observation(self.root)['rejected'], 0)
        self.assertLess(done[2], 100 * FACTOR)
        self.assertLess(done[3], 0.5 * FACTOR)

    # Rule: A5 T3
    def test_directories_swapped_while_it_runs(self):
        homelab.make(self.root, 50)
        aside = self.root / 'aside'
        aside.mkdir()
        (aside / 'link').symlink_to(self.root / 'outside' / homelab.BAD)
        (aside / 'date-link').symlink_to(self.root / 'outside')
        (self.root / 'events/2026-05-09').mkdir()
        self.run_flipped([self.root / 'events' / homelab.DATE / homelab.BAD, aside / 'link',
                          self.root / 'events/2026-05-09', aside / 'date-link'])

    # Rule: A5 T3
    def test_files_swapped_while_it_runs(self):
        homelab.make(self.root, 50)
        folder = self.root / 'events' / homelab.DATE / homelab.BAD
        aside, pairs = self.root / 'aside', []
        aside.mkdir()
        for i in range(60):
            name = 'swapped-%d.json%s' % (i, 'l' if i % 3 == 0 else '')
            (folder / name).write_text(homelab.event('seen', number=i) + '\n')
            if i % 5 == 4:
                os.mkfifo(aside / name)
            else:
                (aside / name).symlink_to(self.root / 'outside/secret.json')
            pairs += [folder / name, aside / name]
        self.run_flipped(pairs)

    def run_flipped(self, pairs):
        flipper = subprocess.Popen([sys.executable, str(pathlib.Path(__file__).with_name('flip.py')),
                                    *map(str, pairs)], stdout=subprocess.PIPE)
        try:
            self.assertEqual(flipper.stdout.readline(), b'ready\n')
            for i in range(FLIPPED_RUNS):
                self.check_run(observe(self.root, *(['--reset'] if i % 3 == 2 else [])))
            self.assertIsNone(flipper.poll())
        finally:
            flipper.terminate()
            flipper.wait()
            flipper.stdout.close()


if __name__ == '__main__':
    unittest.main()
