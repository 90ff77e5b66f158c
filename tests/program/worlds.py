"""Worlds for the tests of what reads them: made by the observer, or written by hand.

OBSERVER names the observer; homelab-status is beside it.
"""
import datetime
import fcntl
import hashlib
import json
import os
import pathlib
import pty
import select
import shutil
import struct
import subprocess
import tempfile
import termios
import time
import unicodedata

TOP = pathlib.Path(__file__).resolve().parents[2]
OBSERVER = TOP / os.environ.get('OBSERVER', 'build/homelab-observer')
STATUS = OBSERVER.with_name('homelab-status')
FIXTURES = TOP / 'fixtures'
DOCUMENTS = ('nodes', 'services', 'incidents', 'deployments')
TIMEOUT = 60


def environment(**more):
    kept = {'PATH': os.environ['PATH'], 'LC_ALL': 'C.UTF-8', 'TERM': 'xterm'}
    kept.update(more)
    return {name: value for name, value in kept.items() if value is not None}


def later(moment, **more):
    at = datetime.datetime.fromisoformat(moment.replace('Z', '+00:00'))
    return (at + datetime.timedelta(**more)).strftime('%Y-%m-%dT%H:%M:%SZ')


def scratch(test):
    root = pathlib.Path(tempfile.mkdtemp(prefix='status-'))
    (test.addClassCleanup if isinstance(test, type) else test.addCleanup)(shutil.rmtree, root)
    return root


def observe(root, now, *options):
    done = subprocess.run([OBSERVER, '--root', root, '--settle', '0', '--now', now, *options],
                          capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == 0, done.stderr


def of_fixture(test, name):
    """The root of a fixture's world, and when it is of."""
    root = scratch(test)
    fixture = FIXTURES / name
    for part in ('events', 'inventory', 'hosts', 'state', 'elsewhere'):
        if (fixture / part).is_dir():
            shutil.copytree(fixture / part, root / part)
    if (fixture / 'setup').is_file():
        subprocess.run(['sh', fixture / 'setup'], cwd=root, check=True, timeout=TIMEOUT)
    now = (fixture / 'now').read_text().strip()
    options = fixture / 'options'
    observe(root, now, *(options.read_text().split() if options.is_file() else ()))
    return root, now


def of_events(test, events, topology, now='2026-05-12T12:20:00Z'):
    root = scratch(test)
    (root / 'inventory').mkdir()
    (root / 'inventory/topology.yaml').write_text(topology)
    for count, event in enumerate(events):
        directory = root / 'events/2026-05-12' / event['node']
        directory.mkdir(parents=True, exist_ok=True)
        (directory / ('%d.json' % count)).write_text(json.dumps(event))
    observe(root, now)
    return root, now


def dump(value):
    return (json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + '\n').encode()


def replace(path, content):
    """As the observer does: nobody sees half of it."""
    beside = path.with_name('.' + path.name)
    beside.write_bytes(content)
    beside.rename(path)


def write(root, now, documents=None, **members):
    """A world by hand, whose documents belong together."""
    world = root / 'world'
    world.mkdir(exist_ok=True)
    files = {}
    for name in DOCUMENTS:
        content = dump((documents or {}).get(name, {}))
        files[name + '.json'] = {'bytes': len(content),
                                 'sha256': hashlib.sha256(content).hexdigest()}
        replace(world / (name + '.json'), content)
    summary = {'status': 'NOMINAL', 'generated_at': now, 'files': files}
    summary.update(members)
    replace(world / 'runtime-summary.json', dump(summary))


def incident(number, message='', **more):
    record = {'id': 'inc-%d' % number, 'node': 'vps', 'service': 's%d' % number,
              'status': 'active', 'severity': 'error', 'event_type': 'service_unhealthy',
              'message': message, 'started_at': '2026-05-12T12:00:00Z',
              'last_occurrence': '2026-05-12T12:00:00Z', 'occurrence_count': 1,
              'events': ['2026-05-12T12:00:00Z'], 'resolved_at': None, 'remediation': None}
    record.update(more)
    return record


def status(root, now, *options, **env):
    command = [STATUS, '--root', root, *(('--now', now) if now else ()), *options]
    return subprocess.run(command, capture_output=True, timeout=TIMEOUT, env=environment(**env),
                          encoding='utf-8', errors='strict', stdin=subprocess.DEVNULL)


def load(root, name):
    return json.loads((root / 'world' / (name + '.json')).read_bytes())


class Terminal:
    """homelab-status on a terminal of its own."""

    def __init__(self, test, columns, root, now, *options, **env):
        self.master, slave = pty.openpty()
        test.addCleanup(os.close, self.master)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
        command = [STATUS, '--root', root, *(('--now', now) if now else ()), *options]
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave,
                                        env=environment(**env))
        os.close(slave)

    def read(self):
        """All that it writes until it ends, with lines as it ended them."""
        output = b''
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            if not select.select([self.master], [], [], 1)[0]:
                continue
            try:
                more = os.read(self.master, 65536)
            except OSError:  # it has ended
                break
            if not more:
                break
            output += more
        self.status = self.process.wait(TIMEOUT)
        return output.decode().replace('\r\n', '\n')


def width(text):
    """Columns of a terminal, by Unicode's own tables."""
    return sum(0 if unicodedata.combining(c) or unicodedata.category(c) in ('Mn', 'Me') else
               2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in text)


def unseen(text):
    """The characters in a text that could change what is seen of it."""
    return [c for c in text
            if c != '\n' and unicodedata.category(c) in ('Cc', 'Cf', 'Zl', 'Zp', 'Cs')]
