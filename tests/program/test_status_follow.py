"""homelab-status history and --follow: changes as world/history.json tells them.

The file is written here, by its contract: batches oldest first, each with the generation before it.
"""
import json
import queue
import re
import subprocess
import threading
import time
import unittest

import worlds

NOW = '2026-05-12T12:20:00Z'


def event(kind, key, **more):
    members = {'kind': kind, 'key': key, 'at': '2026-05-12T12:10:30Z', 'from': None, 'to': None,
               'node': None, 'service': None, 'severity': None, 'message': None}
    members.update({name.rstrip('_'): value for name, value in more.items()})
    return members


def incident(kind, **more):
    return event(kind, 'inc-1', **{'node': 'vps', 'service': 'web', 'severity': 'error',
                                   'message': 'no answer', 'correlation_id': None,
                                   'occurrence_count': 1, **more})


def batch(generation, previous, *events):
    return {'cycle': generation * 3, 'generation': generation, 'previous': previous,
            'observed_at': '2026-05-12T12:10:30Z', 'source_count': 1, 'events': list(events)}


FIRST = batch(3, 0, event('world_rebuilt', 'world'),
              event('node_added', 'vps', node='vps', to='online'),
              event('service_added', 'vps/web', node='vps', service='web', to='healthy'),
              event('status_changed', 'world', to='NOMINAL'))
SECOND = batch(7, 3, event('pressure_changed', 'vps/disk_pressure', node='vps', to='high'),
               event('node_status_changed', 'nas', at='2026-05-12T12:10:30.123456789Z', node='nas', from_='online', to='stale'),
               incident('incident_opened', to='active'),
               incident('incident_severity_changed', from_='error', to='critical',
                        occurrence_count=4),
               event('deployment_finished', 'dep-1', node='vps', from_='in_progress', to='failed'),
               event('drift_changed', 'silent', added=['vps/db'], removed=['nas/x']),
               event('status_changed', 'world', from_='NOMINAL', to='CRITICAL'))
THIRD = batch(8, 7, incident('incident_resolved', from_='active', to='resolved'),
              event('incident_withdrawn', 'inc-2', node='nas', service='x', replaced_by='inc-3'),
              event('pressure_changed', 'vps/disk_pressure', node='vps', from_='high'))


def put(root, *batches, generation=None):
    document = {'batches': list(batches),
                'generation': generation if generation is not None else batches[-1]['generation']}
    worlds.replace(root / 'world/history.json', worlds.dump(document))


def put_world(root, now):
    record = {'node': 'vps', 'service': 'web', 'status': 'healthy'}
    node = {'status': 'online', 'connectivity': 'permanent'}
    worlds.write(root, now, {'nodes': {'vps': node, 'nas': node}, 'services': {'vps/web': record}})


class History(unittest.TestCase):
    def setUp(self):
        self.root = worlds.scratch(self)
        put_world(self.root, NOW)
        put(self.root, FIRST, SECOND, THIRD)

    def text(self, *options):
        done = worlds.status(self.root, NOW, 'history', *options)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return done.stdout

    def test_changes_are_a_line_each_the_oldest_first(self):
        lines = self.text().splitlines()
        self.assertEqual(lines[0], 'HISTORY  14 changes')
        for line, pattern in zip(lines[1:], (
                'world rebuilt +world', 'node added +vps +online', 'service added +vps/web +healthy',
                'status +world +NOMINAL', 'pressure +vps/disk_pressure +high',
                'node status +nas +online -> stale', 'incident opened +vps/web +error: no answer',
                'incident severity +vps/web +error -> critical, 4 times: no answer',
                'deployment finished +dep-1 +in_progress -> failed',
                r'drift +silent +\+vps/db, -nas/x', 'status +world +NOMINAL -> CRITICAL',
                'incident resolved +vps/web +error: no answer',
                'incident withdrawn +nas/x +now inc-3',
                'pressure +vps/disk_pressure +cleared'), strict=True):
            self.assertRegex(line, '^9 m ago +%s$' % pattern)
        for line in self.text('--verbose').splitlines()[1:]:
            self.assertTrue(line.startswith('2026-05-12T12:10:30Z  '))

    def test_the_latest_are_shown(self):
        many = [batch(n, n - 1, event('node_added', 'n%d' % n, to='online')) for n in range(1, 31)]
        put(self.root, *many)
        lines = self.text().splitlines()
        self.assertEqual(lines[:2], ['HISTORY  30 changes', '10 earlier ones with --all'])
        self.assertEqual([line.split()[5] for line in lines[2:]], ['n%d' % n for n in range(11, 31)])
        self.assertEqual(len(self.text('--all').splitlines()), 31)

    def test_filters(self):
        for options, count in ((('--node', 'nas'), 3), (('--service', 'web'), 4),
                               (('--node', 'vps', '--service', 'db'), 1), (('--node', 'vps'), 9)):
            self.assertIn('HISTORY  %d change' % count, self.text(*options))
        done = worlds.status(self.root, NOW, 'history', '--node', 'nowhere')
        self.assertEqual(done.returncode, 1)

    def test_json(self):
        self.assertEqual(json.loads(self.text('--json')),
                         {'batches': [FIRST, SECOND, THIRD], 'generation': 8})
        found = json.loads(self.text('--json', '--service', 'web'))
        self.assertEqual([b['generation'] for b in found['batches']], [3, 7, 8])
        self.assertEqual(found['batches'][0], {**FIRST, 'events': [FIRST['events'][2]]})

    def test_nothing_yet(self):
        put(self.root, generation=0)
        self.assertEqual(self.text(), 'HISTORY  nothing has changed, as far as is remembered\n')

    def test_hostile_strings_are_escaped(self):
        evil = '\x1b[2J\u202e|\n'
        put(self.root, batch(1, 0, *(event(evil, evil, from_=evil, to=evil, node=evil, service=evil,
                                           severity=evil, message=evil, added=[evil], removed=[1],
                                           replaced_by=evil),
                                     incident('incident_' + evil, severity=evil, message=evil))))
        text = self.text()
        self.assertEqual(worlds.unseen(text), [])
        self.assertEqual(text.count('\n'), 3)

    def test_what_is_no_history_is_survived(self):
        for content in (b'{}', b'{"batches": 3}', b'{"batches": [1, {"events": 2}, {"events": [3]}]}'):
            worlds.replace(self.root / 'world/history.json', content)
            self.assertIn('nothing has changed', self.text())
        for content in (b'[]', b'{', b''):
            worlds.replace(self.root / 'world/history.json', content)
            self.assertEqual(worlds.status(self.root, NOW, 'history').returncode, 74)


class Follow(unittest.TestCase):
    def setUp(self):
        self.root = worlds.scratch(self)
        put_world(self.root, time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()))

    def start(self, *options):
        self.process = subprocess.Popen(
            [worlds.STATUS, '--root', self.root, '--follow', *options], text=True, bufsize=1,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=worlds.environment())
        self.lines = queue.Queue()
        thread = threading.Thread(target=self.pump, args=(self.process.stdout, self.lines))
        thread.start()
        for release in (self.process.stdout.close, thread.join, self.process.wait,
                        self.process.kill):  # done from the last to the first
            self.addCleanup(release)

    @staticmethod
    def pump(stream, lines):
        for line in stream:
            lines.put(line)

    def expect(self, *patterns):
        for pattern in patterns:
            self.assertRegex(self.lines.get(timeout=worlds.TIMEOUT), pattern)

    def test_changes_are_printed_as_they_come(self):
        put(self.root, FIRST)
        self.start()
        self.expect('HISTORY  4 changes', 'world rebuilt', 'node added', 'service added', 'status')
        put(self.root, FIRST, SECOND)
        self.expect('^2026-05-12T12:10:30Z +pressure', 'node status', 'incident opened',
                    'incident severity', 'deployment finished', 'drift', 'NOMINAL -> CRITICAL')
        put(self.root, SECOND, THIRD)
        self.expect('incident resolved', 'incident withdrawn', 'pressure')
        self.assertTrue(self.lines.empty())

    def test_what_was_missed_is_said(self):
        put(self.root, FIRST)
        self.start('nodes')
        self.expect('HISTORY  1 change', 'node added')
        put(self.root, batch(20, 12, event('node_removed', 'a', from_='online')))
        self.expect('some are missing here', 'node removed +a +was online')
        put(self.root, batch(2, 0, event('node_added', 'b', to='stale')))
        self.expect('began anew', 'node added +b +stale')
        put(self.root, batch(2, 0, event('node_added', 'b', to='stale')),
            batch(3, 2, event('node_added', 'c', to='stale')))
        self.expect('node added +c')

    def test_one_incident(self):
        for name in ('inc-1', 'vps/web'):
            put(self.root, FIRST)
            self.start('incidents', name)
            self.expect('nothing has changed')
            put(self.root, FIRST, SECOND)
            put(self.root, FIRST, SECOND, THIRD)
            self.expect('incident opened', 'incident severity', 'incident resolved')

    def test_json_is_a_batch_a_line(self):
        put(self.root, FIRST)
        self.start('--json', '--service', 'web')
        news = [FIRST]
        for generation in range(7, 70):  # until it has begun
            news.append(batch(generation, news[-1]['generation'], *SECOND['events']))
            put(self.root, *news)
            try:
                found = json.loads(self.lines.get(timeout=1))
                break
            except queue.Empty:
                pass
        self.assertEqual(found['events'], SECOND['events'][2:4])
        self.assertLessEqual(found['generation'], generation)

    def test_a_history_that_is_not_there_is_waited_for(self):
        self.start()
        self.expect('history.json: No such file or directory; waiting for it')
        put(self.root, FIRST)
        self.expect('HISTORY  4 changes', 'world rebuilt')

    def test_an_old_world_is_said_and_that_it_is_back(self):
        put_world(self.root, NOW)
        put(self.root, FIRST)
        self.start('nodes')
        self.expect('^the world is old: of 2026-05-12T12:20:00Z, .*is the observer dead', 'HISTORY', 'vps')
        put_world(self.root, time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()))
        self.expect('^the world is of now again')
        put_world(self.root, NOW)
        self.expect('^the world is old')

    def test_a_name_that_is_not_there_ends_with_1(self):
        put(self.root, FIRST)
        self.start('--node', 'nowhere')
        self.expect('no node is called nowhere')
        self.assertEqual(self.process.wait(worlds.TIMEOUT), 1)

    def test_it_ends_when_nobody_reads(self):
        put(self.root, FIRST)
        process = subprocess.Popen([worlds.STATUS, '--root', self.root, '--follow'],
                                   stdout=subprocess.PIPE, env=worlds.environment())
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertIn(b'HISTORY', process.stdout.readline())
        process.stdout.close()
        for generation in range(10, 70):
            put(self.root, batch(generation, generation - 1, event('node_added', 'x', to='online')))
            try:
                process.wait(1)
                break
            except subprocess.TimeoutExpired:
                pass
        self.assertIsNotNone(process.poll())


if __name__ == '__main__':
    unittest.main()
