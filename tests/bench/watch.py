"""The observer that stays: how long an event takes to be the world, and what it keeps in memory."""
import contextlib
import datetime
import json
import os
import re
import socket
import statistics
import subprocess
import time

MIB = 1 << 20
SAMPLES = 100
AN_HOUR = 5833                        # events, where there are 140,000 a day
BURST = 50
NODES = ['node-%04d' % i for i in range(6)]


class Watch:
    """homelab-observer --watch, which tells when a cycle is through: all it wrote is durable then."""

    def __init__(self, homelab):
        self.root = homelab.root
        self.path = os.path.join(homelab.top, 'notify')
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(60)
        self.process = subprocess.Popen(
            [homelab.program('homelab-observer'), '--root', self.root, '--watch', '--quiet'],
            env=dict(os.environ, NOTIFY_SOCKET=self.path))
        self.written = 0
        self.wait_cycle()

    def wait_cycle(self):
        while True:
            told = re.search(r'; cycle (\d+)', self.socket.recv(4096).decode())
            if told:
                return int(told.group(1))

    def memory(self):
        with open('/proc/%d/status' % self.process.pid, encoding='ascii') as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith('VmRSS')) * 1024

    def prepare(self, node, kind, **fields):
        """An event under a hidden name; returns both names."""
        now = datetime.datetime.now(datetime.timezone.utc)
        directory = os.path.join(self.root, 'events', now.strftime('%Y-%m-%d'), node)
        os.makedirs(directory, exist_ok=True)
        self.written += 1
        name = os.path.join(directory, 'watched-%06d.json' % self.written)
        hidden = os.path.join(directory, '.watched')
        event = dict(fields, timestamp=now.strftime('%Y-%m-%dT%H:%M:%S.%fZ'), node=node, type=kind)
        with open(hidden, 'w', encoding='ascii') as file:
            json.dump(event, file)
        return hidden, name

    def services(self):
        with open(os.path.join(self.root, 'world/services.json'), encoding='utf-8') as file:
            return json.load(file)

    def accepted(self):
        with open(os.path.join(self.root, 'world/runtime-summary.json'), encoding='utf-8') as file:
            return json.load(file)['events']['accepted']

    def close(self):
        self.process.terminate()
        assert self.process.wait(60) == 0
        self.socket.close()
        os.unlink(self.path)


def durable_replace(path, data):
    """What the world costs at least: one file, replaced so that it outlives a power cut."""
    directory = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        began = time.monotonic()
        with open(path + '.new', 'wb') as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.rename(path + '.new', path)
        os.fsync(directory)
        return time.monotonic() - began
    finally:
        os.close(directory)


def one_latency(watch, n):
    kind = 'service_unhealthy' if n % 2 == 0 else 'service_healthy'
    hidden, name = watch.prepare(NODES[0], kind, service='latency')
    time.sleep(0.15)                  # a quiet moment
    began = time.monotonic()
    os.rename(hidden, name)
    while True:
        watch.wait_cycle()
        spent = time.monotonic() - began
        service = watch.services().get(NODES[0] + '/latency', {})
        if service.get('status') == kind.removeprefix('service_'):
            return spent


def measure_latency(table, watch, homelab, where=''):
    ours, one = [], []
    with open(os.path.join(homelab.root, 'world/services.json'), 'rb') as file:
        data = file.read()
    for n in range(SAMPLES):
        one.append(durable_replace(os.path.join(homelab.root, 'replaced'), data))
        ours.append(one_latency(watch, n))
    replace = statistics.median(one)
    for what, value, factor in (('median', statistics.median(ours), 3),
                                ('99 of 100', sorted(ours)[SAMPLES - 2], 10)):
        table.add('event file to world on disk%s, %s' % (where, what), '%.2f ms' % (value * 1000),
                  '%d x one durable replace, %.2f ms' % (factor, replace * 1000),
                  '%.2f' % (value / replace), value <= factor * replace)


def feed(watch, count):
    """Events in bursts, to all nodes; waits until all are the world."""
    goal = watch.accepted() + count
    for n in range(count):
        kind = ('node_health', 'service_healthy', 'service_unhealthy', 'backup_done')[n % 4]
        hidden, name = watch.prepare(NODES[n % 6], kind, service='service-%d' % (n % 97),
                                     payload={'cpu_percent': n % 100})
        os.rename(hidden, name)
        if n % BURST == BURST - 1:
            time.sleep(0.2)
    while watch.accepted() < goal:
        watch.wait_cycle()


def measure_memory(table, watch):
    feed(watch, AN_HOUR // 4)         # what it needs for so many nodes and services
    before = watch.memory()
    feed(watch, AN_HOUR)
    after = watch.memory()
    table.limit('memory, after an hour of %d events' % AN_HOUR, after - before, 2 * MIB, 'MiB more',
                MIB)
    table.add('memory of --watch', '%.1f MiB' % (after / MIB), '-')


def measure_slow(table, homelab, where):
    homelab.settle()
    with contextlib.closing(Watch(homelab)) as watch:
        measure_latency(table, watch, homelab, where)


def measure_watch(table, homelab):
    homelab.settle()
    with contextlib.closing(Watch(homelab)) as watch:
        measure_latency(table, watch, homelab)
        measure_memory(table, watch)
