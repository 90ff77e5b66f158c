"""A tree to measure on, and what can be done with it."""
import datetime
import json
import os
import subprocess
import tempfile
import time

import measure

NOW = datetime.datetime(2026, 5, 30, 23, 50)    # the last event that tree.c makes is before it
RACY = 2.5                            # seconds until a listing is trusted


def later(seconds):
    return (NOW + datetime.timedelta(seconds=seconds)).strftime('%Y-%m-%dT%H:%M:%SZ')


class Homelab:
    def __init__(self, build, top, name, nodes, services, days, files):
        self.build, self.top, self.root = build, top, os.path.join(top, name)
        self.nodes, self.files, self.clock = nodes, files, 0
        os.mkdir(self.root)
        subprocess.run([self.program('bench-tree'), self.root, str(nodes), str(services), str(days),
                        str(files), '1'], check=True)
        os.sync()

    def program(self, name):
        return os.path.join(self.build, name)

    def events(self):
        return os.path.join(self.root, 'events')

    def loop(self):
        return measure.run([self.program('bench-loop'), self.events(), '2'])

    def python_loop(self):
        script = os.path.join(os.path.dirname(__file__), 'loop.py')
        return measure.run(['/usr/bin/python3', '-B', script, self.events(), '2'])

    def command(self, *options):
        return [self.program('homelab-observer'), '--root', self.root, '--now', later(self.clock),
                '--jobs', '2', '--quiet', *options]

    def run(self, *options):
        return measure.run(self.command(*options))

    def trace(self, *options):
        return measure.Trace(self.command(*options), os.path.join(self.top, 'trace'))

    def begin_day(self):
        """A new day begins, in which the observer compresses those before."""
        self.clock = 660
        for node in range(self.nodes):
            self.write_event(node, 30, 0)
        return self.run()

    def forget(self):
        """Puts state and world aside; removing them at once would cost the next run: ext4 avoids
        inodes that were freed just now."""
        for name in ('state', 'world'):
            if os.path.exists(os.path.join(self.root, name)):
                aside = tempfile.mkdtemp(prefix='aside-', dir=self.top)
                os.rename(os.path.join(self.root, name), os.path.join(aside, name))

    def rebuild(self):
        """From the loose files alone."""
        self.forget()
        os.sync()
        return self.run()

    def settle(self):
        """Runs until no directory is so young that it must be listed again."""
        time.sleep(RACY)
        self.run()

    def summary(self):
        with open(os.path.join(self.root, 'world/runtime-summary.json'), encoding='utf-8') as file:
            return json.load(file)

    def without_files(self):
        """Takes the event files away; `with_files` brings them back."""
        os.rename(self.events(), self.events() + '.away')
        os.mkdir(self.events())

    def with_files(self):
        os.rmdir(self.events())
        os.rename(self.events() + '.away', self.events())

    def expire(self):
        """Deletes all event files; ages are real ones, and --now is long after these files."""
        return measure.run([self.program('homelab-observer'), '--root', self.root, '--quiet',
                            '--expire-events', '1h', '--now', '2200-01-01T00:00:00Z'])

    def usage(self):
        return measure.usage(self.events(), os.path.join(self.root, 'state'))

    def write_event(self, node, ago, number):
        """One event dated `ago` seconds before the clock."""
        at, name = later(self.clock - ago), 'node-%04d' % node
        event = {'timestamp': at, 'node': name, 'type': 'service_healthy', 'service': 'mosquitto',
                 'source': 'node-agent', 'payload': {'response_ms': number}}
        directory = os.path.join(self.events(), '2026-05-30', name)
        file_name = 'new-%d-%d.json' % (self.clock, number)
        with open(os.path.join(directory, file_name), 'x', encoding='utf-8') as file:
            json.dump(event, file)

    def arrive(self, count, late):
        """Half a minute later `count` events have come, `late` of them up to 5 minutes old."""
        self.clock += 30
        for i in range(count):
            ago = 30 + (i + 1) * 270 // late if i < late else i * 29 // count
            self.write_event(i % self.nodes, ago, i)
