"""--expire-events: what goes, what stays, and that the world doesn't notice."""
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
HOUR = 3600
MARGIN = 60             # s, how long a test may take between two of its lines
DOCUMENTS = ('nodes.json', 'services.json', 'deployments.json', 'incidents.json')


def stamp(seconds):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(seconds))


def event(ago=10, kind='service_unhealthy', node='saturn'):
    return json.dumps({'timestamp': stamp(time.time() - ago), 'node': node, 'type': kind,
                       'service': 'web'})


class Expiry(unittest.TestCase):
    """Time is the real one, since files have no other; --now looks ahead of it."""

    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix='expire-'))
        self.addCleanup(shutil.rmtree, self.root)
        self.events = self.root / 'events'
        (self.root / 'inventory').mkdir()
        (self.root / 'inventory/topology.yaml').write_text('nodes:\n  saturn:\n  vps:\n')
        self.old = self.day(5)

    def day(self, ago, node='saturn'):
        return '%s/%s' % (stamp(time.time() - ago * 24 * HOUR)[:10], node)

    def put(self, path, text):
        path = self.events / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run_observer(self, *options):
        return subprocess.run([OBSERVER, '--root', str(self.root), '--settle', '0', *options],
                              capture_output=True, text=True, timeout=120, check=False)

    def observe(self, *options):
        done = self.run_observer('--now', stamp(self.started), *options)
        self.assertEqual((done.returncode, done.stderr.count('error')), (0, 0), done.stderr)
        return done

    def first_run(self):
        self.started = int(time.time())
        self.observe()

    def expire(self, age='1d', ahead=24 * HOUR + MARGIN, *options, status=0):
        done = self.run_observer('--expire-events', age, '--now', stamp(time.time() + ahead),
                                 *options)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stderr

    def files(self):
        return sorted(str(p.relative_to(self.events)) for p in self.events.rglob('*'))

    def world(self):
        summary = json.loads((self.root / 'world/runtime-summary.json').read_text())
        for name in ('observation', 'last_update', 'generated_at'):
            del summary[name]
        return [summary] + [(self.root / 'world' / name).read_bytes() for name in DOCUMENTS]

    def totals(self):
        summary = json.loads((self.root / 'world/runtime-summary.json').read_text())
        del summary['observation']['totals']['duration_ms']
        return summary['observation']['totals']

    def store(self):
        """The state and the world, but for the lock."""
        return {path: path.read_bytes() for name in ('state', 'world')
                for path in (self.root / name).rglob('*')
                if path.is_file() and path.name != 'observer.lock'}


class WhatGoes(Expiry):
    def put_everything(self):
        """What goes, what stays, each after the rule that it tries."""
        self.put(self.old + '/event.json', event(30))
        self.put(self.old + '/read.jsonl', event(29) + '\n\n' + event(28) + '\n')
        self.put('saturn/undated.json', event(27))
        self.put(self.old + '/rejected.json', '{')
        self.put(self.old + '/held.json', event(-HOUR))
        self.put(self.old + '/unplaced.json', event(130 * 24 * HOUR))
        self.put(self.old + '/rejected-line.jsonl', event(26) + '\n{\n')
        self.put(self.old + '/held-line.jsonl', event(25) + '\n' + event(-HOUR) + '\n')
        self.put(self.old + '/unplaced-line.jsonl', event(24) + '\n' +
                 event(130 * 24 * HOUR) + '\n')
        self.put(self.old + '/unfinished.jsonl', event(23) + '\n' + event(22))
        self.put(self.old + '/grown.jsonl', event(21) + '\n')
        self.put(self.old + '/shrunk.jsonl', event(20) + '\n' + event(19) + '\n')
        self.put(self.old + '/linked.json', event(18))
        self.put(self.old + '/stray.txt', 'x')
        self.put(self.old + '/.transfer.json.x7Ab9Z', event(17))
        self.put(self.day(5, 'nobody') + '/unknown.json', event(node='nobody'))

    def change_some(self):
        self.put('%s/new.json' % self.old, event(5))
        with open(self.events / self.old / 'grown.jsonl', 'a') as file:
            file.write(event(4) + '\n')
        linked = self.events / self.old / 'linked.json'
        linked.rename(self.root / 'elsewhere.json')
        linked.symlink_to(self.root / 'elsewhere.json')

    def shrink(self):
        path = self.events / self.old / 'shrunk.jsonl'
        path.write_text(path.read_text()[:20])

    # Rule: C2 E4 E6 E8
    def test_only_what_is_in_the_journal(self):
        self.put('saturn/newest.json', event(1))        # 130 days before it is unplaced
        self.first_run()
        self.put_everything()
        self.observe()
        self.shrink()
        self.observe()
        self.change_some()
        before = self.files()
        store = self.store()
        said = self.expire()
        gone = [self.old + '/event.json', self.old + '/read.jsonl', 'saturn/newest.json',
                'saturn/undated.json']
        self.assertEqual(sorted(set(before) - set(self.files())), sorted(gone))
        self.assertIn('deleted 4 event files of ', said)
        self.assertIn(' bytes in 2 directories', said)
        self.assertTrue((self.root / 'elsewhere.json').exists())
        self.assertEqual(self.store(), store)

    # Rule: E6
    def test_both_ages_count_to_the_second(self):
        """Decided on at a time that is known to a second; ctimes are set to be older or younger."""
        self.put(self.old + '/early.json', event())
        path = self.put(self.old + '/touched.json', event())
        self.first_run()
        decided = time.time()
        self.assertIn('deleted 0 ', self.expire('1d', 24 * HOUR - MARGIN))
        time.sleep(3)
        path.chmod(0o640)               # the younger ctime counts, not the mtime
        done = self.run_observer('--expire-events', '1d', '--now', stamp(decided + 24 * HOUR + 2))
        self.assertIn('deleted 1 ', done.stderr)
        self.assertTrue(path.exists())
        self.assertIn('deleted 1 ', self.expire())
        self.assertFalse(path.exists())

    # Rule: E6
    def test_what_was_decided_a_moment_ago_stays_though_it_is_old(self):
        path = self.put(self.old + '/old.json', event())
        time.sleep(4)
        self.first_run()
        ctime = path.stat().st_ctime
        done = self.run_observer('--expire-events', '1d', '--now', stamp(ctime + 24 * HOUR + 2))
        self.assertIn('deleted 0 ', done.stderr)
        self.assertIn('deleted 1 ', self.expire())

    def test_directories_go_when_their_day_is_over(self):
        """Days are those of the expiry's now: near midnight they aren't those of the clock."""
        now = time.time() + HOUR + MARGIN
        yesterday, today = (stamp(now - ago)[:10] + '/saturn' for ago in (24 * HOUR, 0))
        for name in (self.old, yesterday, today, 'saturn', self.day(6, 'vps')):
            self.put(name + '/a.json', event(node=name[-6:].strip('/').split('/')[-1]))
        self.put(self.day(6) + '/stray', 'x')
        self.first_run()
        done = self.run_observer('--expire-events', '1h', '--now', stamp(now))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.files(), sorted({
            'saturn', yesterday, yesterday[:10], today, today[:10], self.day(6)[:10],
            self.day(6), self.day(6) + '/stray'}))

    def test_a_link_in_place_of_a_directory_is_not_followed(self):
        for name in (self.old, self.day(4, 'vps')):
            self.put(name + '/a.json', event(node=name[11:]))
        self.first_run()
        for number, name in enumerate((self.old, self.day(4)[:10])):
            moved = self.root / ('moved-%d' % number)
            shutil.move(self.events / name, moved)
            (self.events / name).symlink_to(moved)
        self.assertIn('deleted 0 ', self.expire())
        self.assertEqual(len(list(self.root.glob('moved-*/**/a.json'))), 2)

    def test_a_dry_run_says_what_would_go(self):
        self.put(self.old + '/a.json', event())
        self.first_run()
        before = self.files()
        said = self.expire('1d', 24 * HOUR + MARGIN, '--dry-run', '--verbose')
        self.assertIn('%s/a.json: would be deleted' % self.old, said)
        self.assertIn('would delete 1 event files of %d bytes in 1 directories' %
                      len(event()), said)
        self.assertEqual(self.files(), before)


class TheWorld(Expiry):
    # Rule: C2 W1
    def test_it_stays_now_and_when_made_anew(self):
        for i in range(20):
            kind = ('service_unhealthy', 'service_recovered')[i % 2]
            self.put('%s/%d.json' % (self.day(i % 6), i), event(3000 - i * 100, kind))
        self.put('%s/l.jsonl' % self.old, event(60) + '\n')
        self.first_run()
        world, totals = self.world(), self.totals()
        self.assertIn('deleted 21 ', self.expire())
        for options in ([], [], ['--reset']):
            done = self.observe(*options)
            self.assertEqual(self.world(), world)
            self.assertNotIn('warning', done.stderr)
            if not options:
                self.assertEqual(self.totals(), totals)
        (self.root / 'state/observer_checkpoint.json').unlink()
        self.observe()
        self.assertEqual(self.world(), world)
        self.assertEqual(self.run_observer('--verify').returncode, 0)

    # Rule: C1
    def test_the_checkpoint_no_longer_names_what_is_gone(self):
        self.put('saturn/a.json', event())
        self.put('saturn/b.json', '{')
        self.first_run()
        self.put('saturn/c.json', event())
        self.observe()
        self.assertIn('deleted 2 ', self.expire())
        self.observe()
        checkpoint = json.loads((self.root / 'state/observer_checkpoint.json').read_text())
        self.assertEqual(checkpoint['node_checkpoints'],
                         {'saturn': str(self.events / 'saturn/b.json')})

    # Rule: E6
    def test_what_is_sent_again_is_nothing_new_and_goes_again(self):
        self.put(self.old + '/a.json', event())
        self.first_run()
        world = self.world()
        self.expire()
        self.put(self.old + '/a.json', event(5, 'service_recovered'))
        self.observe()
        self.assertEqual(self.world(), world)
        self.assertIn('deleted 1 ', self.expire())

    # Rule: W3
    def test_ended_or_killed_it_is_done_by_the_next(self):
        for i in range(4000):
            self.put('%s/%d.json' % (self.old, i), event(100))
        self.first_run()
        world = self.world()
        for how, status in ((signal.SIGTERM, 75), (signal.SIGKILL, -9)):
            self.start_and_send(how, status)
            self.observe()
            self.assertEqual(self.world(), world)
        self.expire()
        self.assertEqual(self.files(), [])
        self.observe()
        self.assertEqual(self.world(), world)

    def start_and_send(self, how, status):
        """Sent when some are gone and, of 4,000, some are most likely left."""
        directory = self.events / self.old
        left = len(os.listdir(directory))
        process = subprocess.Popen(
            [OBSERVER, '--root', str(self.root), '--expire-events', '1d', '--now',
             stamp(time.time() + 24 * HOUR + MARGIN)], stderr=subprocess.PIPE, text=True)
        while process.poll() is None and len(os.listdir(directory)) == left:
            pass
        process.send_signal(how)
        message = process.communicate(timeout=60)[1]
        if not directory.exists():
            self.skipTest('all was deleted before the signal came')
        self.assertEqual(process.returncode, status, message)
        self.assertGreater(len(os.listdir(directory)), 0)


class Refusals(Expiry):
    def setUp(self):
        super().setUp()
        self.path = self.put(self.old + '/a.json', event())

    def refused(self, word):
        before = self.store()
        self.assertIn(word, self.expire(status=74))
        self.assertTrue(self.path.exists())
        self.assertEqual(self.store(), before)

    def test_without_any_state(self):
        self.refused('cannot open state/observer.lock')
        self.assertFalse((self.root / 'state').exists())

    # Rule: C3 C4
    def test_without_a_sound_checkpoint(self):
        self.first_run()
        checkpoint = self.root / 'state/observer_checkpoint.json'
        text = checkpoint.read_text()
        checkpoint.unlink()
        self.refused('there is none')
        checkpoint.write_text(text[:-10])
        self.refused('no sound checkpoint')
        checkpoint.write_text('{"node_checkpoints": {}}')
        self.refused("the Python observer's")
        checkpoint.write_text(text)
        self.assertIn('deleted 1 ', self.expire())

    def flip(self, pattern):
        """Flips a bit of the one file of that name."""
        (path,) = (self.root / 'state/observer').glob(pattern)
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)

    # Rule: C4
    def test_a_node_whose_journal_is_damaged(self):
        for pattern, word in (('journal/saturn/[0-9]*', 'the journal of saturn is damaged'),
                              ('journal/saturn/decided*', 'is damaged'),
                              ('partitions/saturn/manifest*', 'the manifest of saturn')):
            other = self.put(self.day(4, 'vps') + '/a.json', event(node='vps'))
            shutil.rmtree(self.root / 'state', ignore_errors=True)
            self.first_run()
            self.flip(pattern)
            self.refused(word)
            self.assertFalse(other.exists(), pattern)

    # Rule: W3
    def test_while_another_runs(self):
        self.first_run()
        with open(self.root / 'state/observer.lock', 'r+') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertIn('another homelab-observer is running', self.expire(status=75))
        self.assertTrue(self.path.exists())
        self.assertIn('deleted 1 ', self.expire())

    def test_the_lock_says_who_holds_it(self):
        self.first_run()
        process = subprocess.Popen([OBSERVER, '--root', str(self.root), '--expire-events', '1h'],
                                   stderr=subprocess.DEVNULL)
        process.wait(60)
        self.assertEqual((self.root / 'state/observer.lock').read_text(), '%d\n' % process.pid)

    @unittest.skipIf(os.geteuid() != 0, 'only root can become another user')
    def test_a_directory_that_may_not_be_written(self):
        """Somebody else than the owner: one warning, and the other directories go on."""
        other = self.put(self.day(4) + '/b.json', event())
        self.put(self.old + '/c.json', event())
        self.first_run()
        for path in [self.root, *self.root.rglob('*')]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        os.chown(other.parent, 12345, 12345)
        # The program itself may lie where only its owner can reach it.
        program = shutil.copy(OBSERVER, self.root / 'program')
        done = subprocess.run(
            [program, '--root', str(self.root), '--expire-events', '1d', '--now',
             stamp(time.time() + 24 * HOUR + MARGIN)], capture_output=True, text=True,
            check=False, user=12345, group=12345, extra_groups=[])
        self.assertEqual(done.returncode, 74, done.stderr)
        self.assertEqual(done.stderr.count('events/%s: cannot delete files: Permission denied'
                                           % self.old), 1, done.stderr)
        self.assertIn('deleted 1 ', done.stderr)
        self.assertFalse(other.exists())
        self.assertTrue(self.path.exists())


if __name__ == '__main__':
    unittest.main()
