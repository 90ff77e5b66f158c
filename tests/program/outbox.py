"""A tree with an outbox and a world as the observer leaves them, and what homelab-notify makes of it.

Written to what homelab-world(5) says of world/history.json and the outbox, by nothing of ours.
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

from jsonschema import Draft202012Validator

TOP = pathlib.Path(__file__).resolve().parents[2]
OBSERVER = TOP / os.environ.get('OBSERVER', 'build/homelab-observer')
NOTIFY = str(OBSERVER.with_name('homelab-notify'))
SCHEMA = Draft202012Validator(json.loads((TOP / 'schemas/notification.schema.json').read_text()))
RECORD = 'cat >>%s\n'


def at(second):
    """A time of 2026-05-12, in seconds after noon."""
    return '2026-05-12T%02d:%02d:%02dZ' % (12 + second // 3600, second // 60 % 60, second % 60)


def event(kind, key, before=None, now=None, **more):
    return dict({'kind': kind, 'key': key, 'at': at(0), 'from': before, 'to': now, 'node': None,
                 'service': None, 'severity': None, 'message': None}, **more)


def incident_event(kind, number=1, node='saturn', service='mosquitto', severity='error', **more):
    changes = {'incident_opened': (None, 'active'), 'incident_resolved': ('active', 'resolved'),
               'incident_reopened': ('resolved', 'active'), 'incident_recurred': (1, 2),
               'incident_severity_changed': ('error', severity),
               'incident_withdrawn': ('active', None), 'incident_expired': ('resolved', None)}
    more.setdefault('message', 'connection refused')
    return event(kind, 'inc-%d-%s-%s' % (number, node, service), *changes[kind], node=node,
                 service=service, severity=severity, correlation_id=None, occurrence_count=1,
                 **more)


def incident(number=1, node='saturn', service='mosquitto', status='active', **more):
    """As in incidents.json."""
    return dict({
        'id': 'inc-%d-%s-%s' % (number, node, service), 'node': node, 'service': service,
        'status': status, 'severity': 'error', 'event_type': 'service_unhealthy',
        'last_event_type': 'service_unhealthy', 'source': None, 'message': 'connection refused',
        'started_at': at(0), 'last_occurrence': at(0), 'occurrence_count': 1, 'events': [at(0)],
        'correlation_id': None, 'resolved_at': None if status == 'active' else at(60),
        'resolved_by': None if status == 'active' else 'service_healthy', 'remediation': None},
        **more)


def wait_for(what):
    """Until it's so; a minute is forever."""
    end = time.monotonic() + 60
    while not what():
        if time.monotonic() > end:
            raise AssertionError('waited a minute for it')
        time.sleep(0.01)


class Homelab:
    """ROOT with world and outbox, a directory of hooks, and one of their places."""

    def __init__(self):
        self.work = pathlib.Path(tempfile.mkdtemp(prefix='notify-'))
        self.root, self.hooks, self.state = (self.work / n for n in ('root', 'hooks.d', 'state'))
        self.outbox = self.root / 'state/observer/outbox'
        self.outbox.mkdir(parents=True)
        (self.root / 'world').mkdir()
        (self.hooks / 'state').mkdir(parents=True)
        for path in (self.hooks, self.hooks / 'state'):
            path.chmod(0o755)
        self.last = 0               # generation of the newest line
        self.committed = 0
        self.batches = []
        self.write_incidents()

    def remove(self):
        shutil.rmtree(self.work)

    # --- the observer's side

    def line(self, *events, generation=None, previous=None, observed=None):
        """A batch's line, ended; not written."""
        generation = self.last + 1 if generation is None else generation
        batch = {'cycle': 9000 + generation, 'generation': generation,
                 'observed_at': observed or at(generation), 'source_count': 6,
                 'previous': self.last if previous is None else previous,
                 'events': list(events) or [event('node_added', 'n%d' % generation)]}
        self.last = generation
        self.batches.append(batch)
        return json.dumps(batch, separators=(',', ':'), sort_keys=True) + '\n'

    def append(self, line, segment=1):
        with open(self.outbox / ('%d.jsonl' % segment), 'ab') as file:
            file.write(line if isinstance(line, bytes) else line.encode())

    def commit(self, generation=None):
        self.committed = self.last if generation is None else generation
        self.replace('world/history.json', {'batches': self.batches[-64:],
                                            'generation': self.committed})

    def tell(self, *events, segment=1, **more):
        """A batch, committed."""
        self.append(self.line(*events, **more), segment)
        self.commit()

    def write_incidents(self, *incidents):
        self.replace('world/incidents.json', {i['id']: i for i in incidents})

    def replace(self, name, value):
        new = self.root / (name + '.new')
        new.write_text(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + '\n')
        new.rename(self.root / name)

    # --- hooks

    def hook(self, name, script=None, mode=0o755):
        """An executable of /bin/sh; without a script it records what it gets."""
        path = self.hooks / name
        path.write_text('#!/bin/sh\n' + (script or RECORD % self.log(name)))
        path.chmod(mode)
        return path

    def log(self, name):
        return self.work / (name.replace('/', '-') + '.log')

    def got(self, name):
        """What a hook that records was given; all of it as the schema has it."""
        log = self.log(name)
        told = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        for notification in told:
            SCHEMA.validate(notification)
        return told

    def events(self, name):
        """(kind, key) of all events told, in order."""
        return [(e['kind'], e['key']) for n in self.got(name) for e in n['events']]

    def place(self, name):
        return json.loads((self.state / (name + '.json')).read_text())

    # --- the program

    def command(self, *options, now=at(0)):
        return [NOTIFY, '--root', str(self.root), '--hooks', str(self.hooks), '--state',
                str(self.state), *(('--now', now) if now else ()), *options]

    def run(self, *options, status=0, now=at(0), **more):
        done = subprocess.run(self.command(*options, now=now), capture_output=True, text=True,
                              timeout=120, **more)
        if done.returncode != status:
            raise AssertionError('ended with %d: %s' % (done.returncode, done.stderr))
        return done

    def start(self, *options, now=at(0)):
        return subprocess.Popen(self.command(*options, now=now), stderr=subprocess.PIPE, text=True)


class HomelabTest(unittest.TestCase):
    def setUp(self):
        self.lab = Homelab()
        self.addCleanup(self.lab.remove)

    def generations(self, name='hook'):
        return [n['generation'] for n in self.lab.got(name)]

    def begin(self, *names):
        """Hooks that have been told of batch 1, and whose log is empty."""
        for name in names or ('hook',):
            self.lab.hook(name)
        self.lab.tell()
        self.lab.run()
        for name in names or ('hook',):
            self.lab.log(name).unlink()
