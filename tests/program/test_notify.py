"""homelab-notify: who is told what, when, and again.

Hooks are scripts; the outbox is written by outbox.py. What a hook was given is checked against the
schema whenever it's looked at.
"""

import random
import time
import unittest

from outbox import RECORD, SCHEMA, HomelabTest, at, event, incident, incident_event, wait_for


class Told(HomelabTest):
    def test_a_new_hook_begins_with_the_newest_batch(self):
        for _ in range(3):
            self.lab.tell()
        self.lab.hook('hook')
        self.lab.run()
        (told,) = self.lab.got('hook')
        self.assertEqual(told['generation'], 3)
        self.assertEqual(told['events'], self.lab.batches[-1]['events'])
        self.assertFalse(told['missed'])

    def test_batches_come_once_and_in_order(self):
        self.begin()
        for generation in (2, 5, 6, 9):
            self.lab.tell(generation=generation, segment=6 if generation >= 6 else 1)
        self.lab.run()
        self.lab.run()
        self.assertEqual(self.generations(), [2, 5, 6, 9])
        self.lab.tell(segment=6)
        self.lab.run()
        self.assertEqual(self.generations(), [2, 5, 6, 9, 10])
        self.assertEqual([n['reason'] for n in self.lab.got('hook')], ['batch'] * 5)
        self.assertFalse([n for n in self.lab.got('hook') if n['missed']])

    def test_a_batch_is_given_as_it_is(self):
        self.begin()
        self.lab.tell(incident_event('incident_opened', message='\n\u202e\\"'), event('later', 'x'))
        self.lab.run()
        (told,) = self.lab.got('hook')
        for member, value in self.lab.batches[-1].items():
            self.assertEqual(told[member], value)

    def test_what_is_not_committed_is_not_told(self):
        self.begin()
        self.lab.append(self.lab.line())
        self.lab.append(self.lab.line())
        self.lab.commit(2)
        self.lab.run()
        self.assertEqual(self.generations(), [2])

    def test_a_torn_line_is_not_told_and_what_takes_its_place_is(self):
        self.begin()
        self.lab.tell()
        whole = (self.lab.outbox / '1.jsonl').read_bytes()
        self.lab.append(self.lab.line()[:-5])
        self.lab.run()
        self.assertEqual(self.generations(), [2])
        (self.lab.outbox / '1.jsonl').write_bytes(whole)
        self.lab.last = 2
        self.lab.tell(event('node_added', 'other'))
        self.lab.run()
        self.assertEqual(self.lab.events('hook')[-1], ('node_added', 'other'))
        self.assertEqual(self.generations(), [2, 3])
        self.assertFalse(self.lab.got('hook')[-1]['missed'])

    def test_without_a_history_or_hooks_nothing_happens(self):
        self.lab.run()
        self.lab.hook('hook')
        self.lab.run()
        self.assertEqual(self.lab.got('hook'), [])
        self.lab.tell()
        (self.lab.root / 'world/history.json').unlink()
        self.lab.run()
        self.assertEqual(self.lab.got('hook'), [])
        self.lab.commit()
        self.lab.run()
        self.assertEqual(self.generations(), [1])

    def test_a_hook_from_before_the_first_batch_begins_with_the_newest_too(self):
        self.lab.hook('hook')
        self.lab.commit(0)
        self.lab.run()
        for _ in range(3):
            self.lab.tell()
        self.lab.run()
        (told,) = self.lab.got('hook')
        self.assertEqual((told['generation'], told['missed']), (3, False))

    def test_a_history_that_goes_away_for_a_time_loses_nothing(self):
        self.begin()
        self.lab.tell()
        (self.lab.root / 'world/history.json').unlink()
        self.lab.run()
        self.lab.commit()
        self.lab.run()
        (told,) = self.lab.got('hook')
        self.assertEqual((told['generation'], told['missed']), (2, False))


class Again(HomelabTest):
    def fail_with(self, status):
        self.lab.hook('hook', 'tee -a %s >/dev/null\nexit %d\n' % (self.lab.log('hook'), status))

    def test_what_it_failed_on_it_gets_again_byte_for_byte_later(self):
        self.begin()
        self.lab.tell()
        self.lab.tell()
        self.fail_with(1)
        self.assertIn('hook ended with 1; the same again in 1 minutes', self.lab.run().stderr)
        self.lab.run(now=at(59))
        self.assertEqual(self.generations(), [2])
        self.lab.run(now=at(60))
        self.assertEqual(self.generations(), [2, 2])
        self.lab.hook('hook')
        self.lab.run(now=at(60 + 120))
        self.assertEqual(self.generations(), [2, 2, 2, 3])
        first, second, third, _ = self.lab.log('hook').read_text().splitlines()
        self.assertEqual(first, second)
        self.assertEqual(first, third)

    def test_delays_grow_to_an_hour_and_are_kept_on_disk(self):
        self.begin()
        self.lab.tell()
        self.fail_with(75)
        now, delays = 0, []
        for _ in range(9):
            self.lab.run(now=at(now))
            place = self.lab.place('hook')
            hour, minute, second = (int(x) for x in place['next_attempt'][11:19].split(':'))
            day = int(place['next_attempt'][8:10]) - 12
            due = ((day * 24 + hour - 12) * 60 + minute) * 60 + second
            delays.append((due - now) // 60)
            now = due
            if now > 11 * 3600:
                break
        self.assertEqual(delays, [1, 2, 4, 8, 16, 32, 60, 60, 60])

    def test_a_clock_set_back_makes_nobody_wait_for_long(self):
        self.begin()
        self.lab.tell()
        self.fail_with(1)
        self.lab.run(now=at(5 * 3600))
        self.lab.run(now=at(0))
        self.assertEqual(self.generations(), [2, 2])

    def test_a_hook_that_fails_holds_back_no_other(self):
        self.begin('a', 'hook', 'z')
        self.fail_with(1)
        for _ in range(3):
            self.lab.tell()
        self.lab.run()
        self.assertEqual(self.generations('a'), [2, 3, 4])
        self.assertEqual(self.generations('hook'), [2])
        self.assertEqual(self.generations('z'), [2, 3, 4])

    def test_what_it_failed_on_outlives_the_outbox(self):
        self.begin()
        self.lab.tell()
        self.fail_with(1)
        self.lab.run()
        (self.lab.outbox / '1.jsonl').unlink()
        self.lab.tell(segment=3)
        self.lab.hook('hook')
        self.lab.run(now=at(60))
        self.assertEqual(self.generations(), [2, 2, 3])
        self.assertFalse(self.lab.got('hook')[-1]['missed'])

    def test_nothing_is_told_that_cannot_be_noted_before(self):
        self.begin()
        self.lab.tell()
        in_the_way = self.lab.state / '.hook.json.new'
        in_the_way.mkdir()
        self.assertIn('hook.json', self.lab.run(status=74).stderr)
        self.assertEqual(self.lab.got('hook'), [])
        in_the_way.rmdir()
        self.lab.run()
        self.assertEqual(self.generations(), [2])

    def test_killed_at_any_time_every_batch_comes_in_order(self):
        self.begin('hook', 'other')
        dice = random.Random(4)
        for _ in range(40):
            for _ in range(dice.randrange(3)):
                self.lab.tell()
            process = self.lab.start()
            time.sleep(dice.uniform(0, 0.03))
            process.kill()
            process.communicate()
        self.lab.tell()
        self.lab.run()
        for name in ('hook', 'other'):
            wait_for(lambda: self.lab.log(name).read_bytes().endswith(b'\n'))
            told = list(dict.fromkeys(self.generations(name)))
            self.assertEqual(told, list(range(2, self.lab.last + 1)))
            self.assertFalse([n for n in self.lab.got(name) if n['missed']])
        self.assertFalse([p for p in self.lab.state.iterdir() if p.name.startswith('.')])

    def test_killed_between_hook_and_place_it_comes_again(self):
        self.begin()
        self.lab.tell()
        self.lab.hook('hook', RECORD % self.lab.log('hook') + 'kill -9 $PPID\n')
        self.lab.run(status=-9)
        self.lab.hook('hook')
        self.lab.run()
        self.assertEqual(self.generations(), [2, 2])

    def test_a_damaged_place_is_kept_said_and_means_missed(self):
        self.begin()
        self.lab.tell()
        self.lab.tell()
        place = self.lab.state / 'hook.json'
        for text in ('', '{"format": 1', '[]', '{"format": 2}'):
            place.write_text(text)
            self.assertIn('damaged', self.lab.run().stderr)
            told = self.lab.got('hook')[-1]
            self.assertEqual((told['generation'], told['missed']), (3, True))
            self.assertEqual((self.lab.state / 'hook.json.damaged').read_text(), text)


class Said(HomelabTest):
    def test_what_a_hook_says_is_said_line_by_line_with_its_name_and_escaped(self):
        self.begin()
        self.lab.tell()
        self.lab.hook('hook', "printf 'one\\ntwo \\033[2J\\a' >&2\nsleep 0.1\nprintf 'rest\\n'\n")
        self.assertEqual(self.lab.run().stderr, 'homelab-notify: hook: one\n'
                         'homelab-notify: hook: two \\x1b[2J\\x07rest\n')

    def test_a_flood_is_cut(self):
        self.begin()
        self.lab.tell()
        self.lab.hook('hook', 'head -c 20000000 /dev/zero | tr "\\0" x\nyes | head -n 1000000\n')
        done = self.lab.run()
        self.assertLess(len(done.stderr), 100000)
        self.assertIn('says too much', done.stderr)
        self.assertIsNone(self.lab.place('hook').get('pending'))

    def test_what_cannot_be_executed_fails(self):
        self.begin()
        self.lab.tell()
        self.lab.hook('hook').write_text('#!/nonexistent\n')
        self.assertIn('cannot execute', self.lab.run().stderr)
        self.assertEqual(self.lab.place('hook')['failures'], 1)

    def test_usage_errors_end_with_64(self):
        for options in (['--nonsense'], ['--hold', 'soon'], ['--hold', '2d'], ['--timeout', '0'],
                        ['extra'], ['--now', 'x'], ['--test', '']):
            self.assertEqual(self.lab.run(*options, status=64).stderr.count('\n'), 1)
        usage = self.lab.run('--help').stdout
        for word in 'root hooks state hold timeout test now verbose quiet version'.split():
            self.assertIn('--' + word, usage)


class States(HomelabTest):
    def test_a_hook_of_states_gets_all_incidents_at_every_run(self):
        lately = incident(2, 'pluto', status='resolved')
        lab = self.lab
        lab.write_incidents(incident(1), lately, incident(3, 'vps', 'web', status='resolved',
                                                          resolved_at='2026-05-12T11:00:00Z'))
        lab.hook('state/alerts')
        lab.hook('other')
        lab.tell()
        lab.run(now=at(120))
        lab.run(now=at(180))
        first, second = lab.got('state/alerts')
        self.assertEqual((first['reason'], first['events']), ('state', []))
        self.assertEqual(first['incidents'], [incident(1), lately])
        self.assertEqual(second['observed_at'], at(180))
        self.assertEqual(len(lab.got('other')), 1)
        self.assertEqual([p.name for p in lab.state.glob('*.json')], ['other.json'])

    def test_it_is_called_without_any_batch_and_whatever_it_said(self):
        self.lab.hook('state/alerts', RECORD % self.lab.log('state/alerts') + 'exit 1\n')
        for _ in range(2):
            self.assertIn('state/alerts ended with 1', self.lab.run().stderr)
        self.assertEqual(len(self.lab.got('state/alerts')), 2)

    def test_incidents_that_cannot_be_read_end_with_74(self):
        self.lab.hook('state/alerts')
        (self.lab.root / 'world/incidents.json').write_text('[')
        self.assertIn('incidents.json', self.lab.run(status=74).stderr)
        self.assertEqual(self.lab.got('state/alerts'), [])


class Tests(HomelabTest):
    def test_the_example_is_as_the_schema_has_it(self):
        for name in ('hook', 'state/hook', 'unlisted.sh'):
            self.lab.hook(name)
            done = self.lab.run('--test', name)
            self.assertIn('%s took the example' % name, done.stderr)
            (told,) = self.lab.got(name)
            self.assertEqual(told['reason'], 'test')
            self.assertTrue(told['events'] and told['incidents'])
        self.lab.run('--test', str(self.lab.hooks / 'hook'))
        self.assertFalse(self.lab.state.exists())

    def test_its_status_is_reported(self):
        self.lab.hook('hook', 'echo >&2 no; exit 3\n')
        done = self.lab.run('--test', 'hook', status=1)
        self.assertIn('hook: no\n', done.stderr)
        self.assertIn('error: hook ended with 3\n', done.stderr)
        self.lab.hook('hook', 'sleep 1000\n')
        self.assertIn('took too long', self.lab.run('--test', 'hook', '--timeout', '1',
                                                    status=1).stderr)

    def test_what_must_not_run_does_not(self):
        self.lab.hook('hook', mode=0o777)
        self.assertIn('by others', self.lab.run('--test', 'hook', status=78).stderr)
        self.assertIn('cannot find', self.lab.run('--test', 'none', status=78).stderr)
        self.assertEqual(self.lab.got('hook'), [])

    def test_the_schema_is_not_too_wide(self):
        self.lab.hook('hook')
        self.lab.run('--test', 'hook')
        (told,) = self.lab.got('hook')
        for change in ({'reason': 'other'}, {'missed': None}, {'events': None}, {'incidents': None},
                       {'generation': -1}, {'reason': 'batch'}, {'observed_at': 'now'},
                       {'events': [{}]}, {'incidents': [{}]}):
            self.assertFalse(SCHEMA.is_valid(dict(told, **change)), change)


if __name__ == '__main__':
    unittest.main()
