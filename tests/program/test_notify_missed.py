"""homelab-notify: an outbox with gaps, started over, torn, damaged and hostile."""

import json
import os
import resource
import unittest

from outbox import NOTIFY, HomelabTest, incident

LITTLE = 448 << 20              # bytes of memory
SOON = 30                       # seconds of the processor


def limited():
    """For what must be done with little; sanitizers need more memory than there is."""
    if 'sanitize' not in NOTIFY:
        resource.setrlimit(resource.RLIMIT_AS, (LITTLE, LITTLE))
    resource.setrlimit(resource.RLIMIT_CPU, (SOON, SOON))


class Missed(HomelabTest):
    def batch_events(self):
        """The events of the newest batch, as they are in its line."""
        return '"events":' + json.dumps(self.lab.batches[-1]['events'], separators=(',', ':'),
                                        sort_keys=True)

    def missed(self):
        """What the hook was told, the one thing, with all incidents that are active now."""
        resolved = incident(2, 'pluto', status='resolved')
        self.lab.write_incidents(incident(1), resolved, incident(3, 'vps'))
        self.lab.run()
        told = self.lab.got('hook')
        self.assertTrue(told[0]['missed'])
        self.assertEqual(told[0]['incidents'], [incident(1), incident(3, 'vps')])
        self.assertFalse([n for n in told[1:] if n['missed'] or n['incidents'] is not None])
        self.assertEqual(self.lab.place('hook')['generation'], self.lab.committed)
        return told

    def test_segments_that_fell_out(self):
        self.begin()
        for i in range(2, 7):
            self.lab.tell(segment=i)
        for i in range(1, 5):
            (self.lab.outbox / ('%d.jsonl' % i)).unlink()
        self.missed()
        self.assertEqual(self.generations(), [5, 6])

    def test_everything_fell_out(self):
        self.begin()
        self.lab.tell()
        (self.lab.outbox / '1.jsonl').unlink()
        (told,) = self.missed()
        self.assertEqual((told['reason'], told['events']), ('missed', []))
        self.lab.outbox.rmdir()
        self.lab.run()
        self.assertEqual(len(self.lab.got('hook')), 1)

    def test_what_is_not_committed_is_not_told_in_place_of_what_was_lost(self):
        self.begin()
        self.lab.line()
        self.lab.commit()
        self.lab.append(self.lab.line())
        (told,) = self.missed()
        self.assertEqual((told['reason'], told['generation'], told['events']), ('missed', 2, []))
        self.lab.commit()
        self.lab.run()
        self.assertEqual(self.generations(), [2, 3])

    def test_generations_that_start_over(self):
        self.begin()
        for _ in range(3):
            self.lab.tell()
        self.lab.run()
        self.lab.log('hook').unlink()
        (self.lab.outbox / '1.jsonl').unlink()
        self.lab.last = 0
        self.lab.tell()
        self.lab.tell()
        self.missed()
        self.assertEqual(self.generations(), [2])      # the newest; the others are missed

    def test_a_line_that_is_no_batch(self):
        for line in (b'nonsense\n', b'\n', b'{}\n', b'[]\n', b'{"generation":2}\n', b'\0\n',
                     b'{"generation":2,"events":7}\n', b'{"generation":"2","events":[]}\n',
                     b'{"events":[],"generation":2,"generation":2}\n', b'[' * 100000 + b'\n',
                     b'{"generation":-3,"events":[]}\n', b'\xff\xfe\n'):
            with self.subTest(line[:40]):
                self.setUp()
                self.begin()
                self.lab.line()
                self.lab.append(line)
                self.lab.tell()
                self.missed()
                self.assertEqual(self.generations(), [3])

    def test_a_line_that_would_fill_the_memory(self):
        self.begin()
        with open(self.lab.outbox / '1.jsonl', 'ab') as file:
            file.write(self.lab.line()[:-2].encode() + b' ' * (9 << 20) + b'}\n')
        self.lab.tell()
        self.missed()
        self.assertEqual(self.generations(), [3])

    def test_batches_that_would_fill_the_memory_when_parsed(self):
        self.begin()
        for bomb in (b'{},' * 1300000 + b'{}', b'[],' * 1300000 + b'[]', b'1e9,' * 1000000 + b'1',
                     (b'[' * 2000 + b']' * 2000 + b',') * 1000 + b'1'):
            self.lab.append(self.lab.line().encode().replace(
                self.batch_events().encode(), b'"events":[' + bomb + b',{"kind":"node_added"}]'))
            self.lab.tell()
        self.lab.hook('hook', 'grep -o \'"generation":[0-9]*\' >>%s\n' % self.lab.log('hook'))
        self.lab.run(preexec_fn=limited)
        self.assertEqual(self.lab.log('hook').read_text().split(),
                         ['"generation":%d' % i for i in range(2, 10)])

    def test_a_segment_without_end_takes_neither_memory_nor_time(self):
        self.begin()
        with open(self.lab.outbox / '2.jsonl', 'wb') as file:
            file.truncate(1 << 40)          # no line at all, as far as anybody can read
        self.lab.line()
        self.lab.tell(segment=3)
        self.lab.run(preexec_fn=limited)
        self.assertEqual(self.generations(), [3])
        self.assertTrue(self.lab.got('hook')[0]['missed'])

    def test_things_that_are_no_segments(self):
        self.begin()
        os.mkfifo(self.lab.outbox / '2.jsonl')
        (self.lab.outbox / '3.jsonl').mkdir()
        (self.lab.outbox / '4.jsonl').symlink_to('/etc/passwd')
        for name in ('02.jsonl', '0.jsonl', '5.jsonl.new', 'x', '9' * 30 + '.jsonl', '-1.jsonl'):
            (self.lab.outbox / name).write_text(self.lab.line(generation=2))
        self.lab.last = 1
        self.lab.tell(segment=2000)
        self.lab.run()
        self.assertEqual(self.generations(), [2])
        self.assertFalse(self.lab.got('hook')[0]['missed'])

    def test_a_history_larger_than_memory_is_no_matter(self):
        self.begin()
        self.lab.append(self.lab.line())
        with open(self.lab.root / 'world/history.json', 'w') as file:
            file.write('{\n  "batches": [\n    "\\n  \\"generation\\": 9"\n')
            file.truncate(1 << 40)
            file.seek(1 << 40)
            file.write(' ' * 100000 + '\n  ],\n  "generation": 2\n}\n')
        self.lab.run(preexec_fn=limited)
        self.assertEqual(self.generations(), [2])

    def test_a_history_without_a_generation_ends_with_74(self):
        self.begin()
        for text in ('', 'nonsense', '{\n  "batches": []\n}\n'):
            (self.lab.root / 'world/history.json').write_text(text)
            self.assertIn('history.json', self.lab.run(status=74).stderr)


if __name__ == '__main__':
    unittest.main()
