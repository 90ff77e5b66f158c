"""homelab-event(5) has a table of what homelab-agent writes: it says the same as the agent does."""
import collections
import re
import unittest

from test_agent import TOP, Node

TABLE = re.compile(r'^\.Ss What homelab-agent writes\n(.*?)^\.El\n(.*?)^\.Ss', re.M | re.S)


def words(text):
    return re.sub('[^a-z0-9_]', ' ', text).split()


class Page:
    """The table: a type's names, and which of all names are integers, or null."""

    def __init__(self):
        table, text = TABLE.search((TOP / 'man/homelab-event.5').read_text()).groups()
        self.names, kind = collections.defaultdict(set), None
        for cells in re.findall(r'^\.It (?:Cm (\w+) )?Ta (.*)$', table, re.M):
            kind = cells[0] or kind
            self.names[kind].update(words(cells[1]))
        integers = re.search(r'^Of these$(.*?)^is one or', text, re.M | re.S).group(1)
        self.integers = set(words(' '.join(re.findall(r'^\.Va (.*)$', integers, re.M))))


class Payloads(Node):
    """A life with everything that can be told."""

    maxDiff = None

    def restarted_and_looping(self):
        self.declare('web: {errors: {on_panic: {action: restart}}},'
                     'job: {errors: {on_panic: {action: restart}}}')
        web, job = self.engine.add('web').start(), self.engine.add('job').start()
        web.log = b'the last line\n'
        self.run_agent()
        job.die(0)
        for _ in range(6):
            web.die(1)
            self.run_agent('--log-lines', '5')
            self.run_agent()
        self.engine.refuses = True
        self.engine.add('sick', {'com.docker.compose.project': 'web'}).start()
        self.run_agent()
        return web

    def refused(self):
        self.declare('other: {errors: {on_panic: {action: restart}}}')
        other = self.engine.add('other').start()
        self.run_agent()
        self.engine.refuses = True
        other.die(1)
        self.run_agent()
        self.engine.refuses = False

    def decided(self):
        self.declare('a: {errors: {on_panic: {action: shutdown}}},'
                     'b: {errors: {on_panic: {action: isolate}}}')
        both = [self.engine.add(name).start() for name in 'ab']
        self.run_agent()
        for container in both:
            container.die(3)
        self.run_agent()

    def healthy_stopped_and_gone(self):
        plain = self.engine.add('plain').start()
        self.run_agent('--stable', '0')
        plain.health = 'unhealthy'
        self.run_agent('--stable', '0')
        for state in ('paused', 'running'):
            plain.state = state
            self.run_agent()
        plain.stop()
        self.run_agent()
        plain.remove()
        self.run_agent()

    def runtime_gone_and_node(self):
        self.engine.down()
        self.run_agent(status=69)
        self.engine.up()
        self.run_agent()
        self.run_agent('--offline')
        self.run_agent()

    def dropped(self):
        """What waits for a backend is made to be of long ago."""
        options = ('--interval', '1s', '--backend', 'http://127.0.0.1:1/nobody')
        place = self.root / 'state/agent/outbox/events'
        with self.watch(*options):
            self.until(lambda: any(path.stat().st_size for path in place.glob('*.jsonl')))
        for path in place.glob('*.jsonl'):
            path.write_bytes(path.read_bytes().replace(b'"timestamp":"202', b'"timestamp":"201'))
        with self.watch(*options):
            self.told('backend_dropped')

    def test_the_table_is_what_is_written(self):
        self.options = ('--heartbeat', '1s', '--mount', '/')
        self.restarted_and_looping()
        self.engine.refuses = False
        self.refused()
        self.decided()
        self.healthy_stopped_and_gone()
        self.runtime_gone_and_node()
        self.dropped()
        page, written = Page(), collections.defaultdict(set)
        for event in self.events():
            written[event['type']].update(event['payload'])
            for name, value in event['payload'].items():
                if name in page.integers:
                    self.assertIn(type(value), (int, type(None)), event)
                else:
                    self.assertNotEqual(type(value), int, event)
        self.assertEqual({kind: sorted(names) for kind, names in written.items()},
                         {kind: sorted(names) for kind, names in page.names.items()})


if __name__ == '__main__':
    unittest.main()
