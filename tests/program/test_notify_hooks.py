"""homelab-notify: hooks side by side, their time and their end, and which are refused."""

import fcntl
import os
import pathlib
import signal
import unittest

from outbox import RECORD, HomelabTest, at, event, wait_for


def is_alive(pid):
    try:
        return pathlib.Path('/proc/%d/stat' % pid).read_text().rpartition(')')[2].split()[0] != 'Z'
    except OSError:
        return False


class SideBySide(HomelabTest):
    def test_a_slow_hook_holds_back_no_other_even_from_what_comes_meanwhile(self):
        self.begin('fast', 'slow')
        release = self.lab.work / 'release'
        self.lab.hook('slow', 'while [ ! -e %s ]; do sleep 0.05; done\n%s'
                      % (release, RECORD % self.lab.log('slow')))
        self.lab.tell()
        process = self.lab.start()
        self.addCleanup(process.communicate)
        self.addCleanup(release.touch)
        for last in (2, 3, 4):
            wait_for(lambda: last in self.generations('fast'))
            self.assertIsNone(process.poll())
            if last < 4:
                self.lab.tell()
        self.assertEqual(self.lab.got('slow'), [])
        release.touch()
        self.assertEqual(process.wait(60), 0)
        self.assertEqual(self.generations('slow'), [2, 3, 4])

    def test_one_hook_runs_once_at_a_time(self):
        self.begin()
        alone = self.lab.work / 'alone'
        self.lab.hook('hook', 'mkdir %s || exit 1\nsleep 0.1\n%srmdir %s\n'
                      % (alone, RECORD % self.lab.log('hook'), alone))
        for _ in range(3):
            self.lab.tell()
        self.lab.run()
        self.assertEqual(self.generations(), [2, 3, 4])

    def pids(self, count=2):
        path = self.lab.work / 'pids'
        wait_for(lambda: path.exists() and len(path.read_text().split()) == count)
        return [int(word) for word in path.read_text().split()]

    def stubborn(self):
        """Neither it nor what it starts ends by SIGTERM."""
        return ("trap '' TERM\n(trap '' TERM; sleep 1000; :) &\necho $$ $! >%s/pids\n"
                'while :; do sleep 1000; done\n' % self.lab.work)

    def test_when_the_time_is_over_the_whole_group_is_ended(self):
        self.begin()
        self.lab.tell()
        self.lab.hook('hook', self.stubborn())
        done = self.lab.run('--timeout', '1')
        self.assertIn('hook took too long; the same again', done.stderr)
        self.assertFalse([pid for pid in self.pids() if is_alive(pid)])
        self.assertEqual(self.lab.place('hook')['failures'], 1)
        self.lab.hook('hook')
        self.lab.run(now=at(60))
        self.assertEqual(self.generations(), [2])

    def test_the_whole_group_is_told_to_end_before_it_is_ended(self):
        self.begin()
        self.lab.tell()
        self.lab.hook('hook', "trap : TERM\n(trap 'echo told >%s/told; exit' TERM\n"
                      'while :; do sleep 0.1; done) &\nwait; wait\n' % self.lab.work)
        done = self.lab.run('--timeout', '1')
        self.assertEqual((self.lab.work / 'told').read_text(), 'told\n')
        self.assertIn('took too long', done.stderr)     # though it ended with 0
        self.assertEqual(self.lab.place('hook')['failures'], 1)

    def test_what_a_hook_leaves_running_is_ended_with_it(self):
        self.begin()
        self.lab.tell()
        self.lab.hook('hook', 'sleep 1000 &\necho $! >%s/pids\n' % self.lab.work)
        self.lab.run()
        (pid,) = self.pids(1)
        wait_for(lambda: not is_alive(pid))
        self.assertIsNone(self.lab.place('hook').get('pending'))

    def test_what_escapes_its_group_does_not_hold_us_up(self):
        self.begin()
        self.lab.tell()
        self.lab.hook('hook', 'setsid sleep 1000 &\necho $! >%s/pids\nsleep 0.2\n' % self.lab.work)
        self.lab.run()
        (pid,) = self.pids(1)
        os.kill(pid, signal.SIGKILL)

    def test_told_to_stop_it_ends_the_hooks_and_gives_the_same_again(self):
        self.begin()
        self.lab.tell()
        self.lab.hook('hook', self.stubborn())
        process = self.lab.start()
        pids = self.pids()
        process.send_signal(signal.SIGTERM)
        message = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 75, message)
        self.assertFalse([pid for pid in pids if is_alive(pid)])
        self.assertEqual(self.lab.place('hook')['failures'], 0)
        self.lab.hook('hook')
        self.lab.run()
        self.assertEqual(self.generations(), [2])

    def test_a_second_one_ends_with_75_and_names_the_first(self):
        self.begin()
        with open(self.lab.state / 'notify.lock', 'r+') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.truncate(0)
            lock.write('4711\n')
            lock.flush()
            self.assertIn('4711', self.lab.run(status=75).stderr)

    def test_a_hook_that_reads_nothing_or_closes_all_is_fine(self):
        self.begin()
        self.lab.tell(*[event('node_added', 'x' * 1000) for _ in range(1000)])
        for script in ('exit 0\n', 'exec <&- >&- 2>&-\nsleep 0.1\n'):
            self.lab.hook('hook', script)
            self.lab.run()
            self.assertEqual(self.lab.place('hook')['failures'], 0)
            self.lab.tell()

    def test_a_hook_sees_a_clean_place(self):
        self.begin()
        self.lab.tell()
        self.lab.hook('hook', 'ls -l /proc/self/fd >%s/fds\npwd >%s/pwd\n'
                      'grep SigBlk /proc/self/status >%s/mask\n' % ((self.lab.work,) * 3))
        self.lab.run()
        fds = (self.lab.work / 'fds').read_text()
        self.assertLessEqual({line.split()[8] for line in fds.splitlines()[1:]},
                             {'0', '1', '2', '3'})         # 3 is what ls reads
        self.assertNotIn(str(self.lab.state), fds)
        self.assertEqual((self.lab.work / 'pwd').read_text(), '/\n')
        self.assertEqual(int((self.lab.work / 'mask').read_text().split()[1], 16), 0)

    def test_a_hook_added_meanwhile_or_taken_away_is_noticed_by_the_next_run(self):
        self.begin()
        self.lab.tell()
        (self.lab.hooks / 'hook').rename(self.lab.hooks / 'new')
        self.lab.run()
        self.assertEqual(self.generations(), [2])      # still records into the same log
        self.assertEqual(self.lab.place('hook')['generation'], 1)
        self.assertEqual(self.lab.place('new')['generation'], 2)


class Refused(HomelabTest):
    def refused(self, why, name='hook'):
        done = self.lab.run(status=78)
        self.assertIn('hook %s refused: ' % name, done.stderr)
        self.assertIn(why, done.stderr)
        self.assertEqual(self.generations('other'), [2])
        self.assertEqual(self.lab.got('hook'), [])

    def setUp(self):
        super().setUp()
        self.begin('hook', 'other')
        self.lab.tell()

    def test_what_others_can_write(self):
        for mode in (0o775, 0o757, 0o777):
            (self.lab.hooks / 'hook').chmod(mode)
            self.refused('can be written by others')

    @unittest.skipIf(os.geteuid() != 0, 'only root can give files away')
    def test_what_belongs_to_somebody_else(self):
        os.chown(self.lab.hooks / 'hook', 12345, 0)
        self.refused('belongs to neither')

    @unittest.skipIf(os.geteuid() != 0, 'only root can give files away')
    def test_a_directory_of_somebody_elses(self):
        os.chown(self.lab.hooks, 12345, 0)
        done = self.lab.run(status=78)
        self.assertEqual(done.stderr.count('belongs to neither'), 2)
        self.assertEqual(self.generations('other'), [])

    def test_a_directory_on_the_way_that_others_can_write(self):
        for path in (self.lab.hooks, self.lab.work):
            path.chmod(0o777)
            done = self.lab.run(status=78)
            self.assertEqual(done.stderr.count('can be written by others'), 2)
            self.assertEqual(self.generations('other'), [])
            path.chmod(0o755)

    def test_a_link_into_a_directory_that_others_can_write(self):
        open_to_all = self.lab.work / 'open'
        open_to_all.mkdir()
        (self.lab.hooks / 'hook').rename(open_to_all / 'hook')
        (self.lab.hooks / 'hook').symlink_to(open_to_all / 'hook')
        open_to_all.chmod(0o777)
        self.refused('can be written by others')

    def test_a_link_to_a_sound_file_is_followed(self):
        shelf = self.lab.work / 'shelf'
        shelf.mkdir(mode=0o755)
        (self.lab.hooks / 'hook').rename(shelf / 'shipped.sh')
        (self.lab.hooks / 'hook').symlink_to(shelf / 'shipped.sh')
        self.lab.run()
        self.assertEqual(self.generations(), [2])

    def test_names_that_are_no_hooks_are_passed_over(self):
        for name in ('hook.bak', 'hook~', '.hook', 'hook.dpkg-old', 'x' * 65):
            self.lab.hook(name)
        self.lab.hook('not-executable', mode=0o644)
        (self.lab.hooks / 'directory').mkdir()
        (self.lab.hooks / 'dangling').symlink_to('nowhere')
        self.assertEqual(self.lab.run().stderr, '')
        self.assertEqual(sorted(p.name for p in self.lab.state.glob('*.json')),
                         ['hook.json', 'other.json'])

    def test_more_than_32(self):
        for i in range(40):
            self.lab.hook('more%02d' % i)
        self.assertEqual(self.lab.run(status=78).stderr.count('more than 32'), 10)

    @unittest.skipIf(os.geteuid() != 0, 'only root can become another user')
    def test_root_becomes_the_owner_of_the_places(self):
        os.chmod(self.lab.work, 0o755)
        os.chown(self.lab.state, 12345, 12346)
        for path in self.lab.state.iterdir():
            os.chown(path, 12345, 12346)
        told = self.lab.work / 'told'
        told.mkdir()
        os.chown(told, 12345, 12346)
        self.lab.hook('hook', 'id -u >%s/id\n' % told)
        self.lab.hook('other', 'exit 0\n')
        self.lab.run()
        self.assertEqual((told / 'id').read_text(), '12345\n')
        for path in self.lab.state.iterdir():
            self.assertEqual(path.stat().st_uid, 12345, path)
        self.lab.tell()
        self.lab.run('--test', 'hook')
        self.assertEqual((told / 'id').read_text(), '12345\n')


if __name__ == '__main__':
    unittest.main()
