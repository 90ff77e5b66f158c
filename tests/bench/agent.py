#!/usr/bin/env python3
"""What homelab-agent costs beside a hundred real containers, and how soon it tells of a crash.

The runtimes are those of tests/agent, in an enclosure as there. ROOT is on the disk, so that what
is told when it is durable takes as long as it does.
"""
import argparse
import concurrent.futures
import os
import pathlib
import shutil
import random
import signal
import socket
import statistics
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'agent')]

import cases  # noqa: E402
import run  # noqa: E402
import runtimes  # noqa: E402
from agents import Agent  # noqa: E402
from bench import MIB, Table  # noqa: E402
from deaf import Deaf  # noqa: E402
from measure import run as measured  # noqa: E402

CONTAINERS = 100
ROUNDS = 20
CRASHES = 10
UNHINTED = 5
INTERVAL = 5
WATCHED_SECONDS = 60
LOST = 10
CYCLE, SHARE, MEMORY, TOLD = 0.050, 0.01, 16 * MIB, 0.200


class Watched:
    """A process of the agent that stays: its processor time so far and its memory."""

    def __init__(self, agent, *options):
        self.agent = agent
        agent.begin(*options)
        self.proc = pathlib.Path('/proc/%d' % agent.process.pid)

    def cpu(self):
        """Of all its threads, in seconds."""
        return sum(int((task / 'schedstat').read_text().split()[0])
                   for task in (self.proc / 'task').iterdir()) / 1e9

    def memory(self):
        for line in (self.proc / 'status').read_text().splitlines():
            if line.startswith('VmHWM:'):
                return int(line.split()[1]) * 1024
        raise AssertionError('no VmHWM')


def containers(runtime):
    more = {}
    if not runtime.acts:
        more['pod'] = runtime.run('bench-0').pod
    names = ['bench-%d' % number for number in range(len(runtime.containers), CONTAINERS)]
    with concurrent.futures.ThreadPoolExecutor(2) as two:
        list(two.map(lambda name: runtime.run(name, **more), names))


def alone(table, runtime, agent):
    """A run of its own, which knows nothing of the engine and looks into every container."""
    agent.run()
    costs = [measured(agent.command) for _ in range(ROUNDS)]
    table.add('%s: a run of its own over %d containers' % (runtime.name, CONTAINERS),
              '%.3g ms' % (statistics.median(cost.wall for cost in costs) * 1e3), '')


def cycles(table, runtime, agent):
    """Of --watch: from the SIGHUP that begins one to its word to the service manager."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        path = str((agent.root / 'manager').absolute())
        manager.bind(path)
        manager.settimeout(60)
        os.environ['NOTIFY_SOCKET'] = path
        watched = Watched(agent, '--interval', '1h')
        del os.environ['NOTIFY_SOCKET']
        time.sleep(5)                   # until it listens, and all is quiet
        waiting(manager)
        before = watched.cpu()
        walls = [a_cycle(agent, manager) for _ in range(ROUNDS)]
        cpu = (watched.cpu() - before) / ROUNDS
        agent.kill()
    what = '%s: a cycle over %d containers' % (runtime.name, CONTAINERS)
    table.limit(what, statistics.median(walls), CYCLE, 'ms', 1e-3)
    table.add(what + ', processor time of its own', '%.3g ms' % (cpu * 1e3), '')


def a_cycle(agent, manager):
    time.sleep(0.2)
    began = time.monotonic()
    agent.process.send_signal(signal.SIGHUP)
    manager.recv(4096)
    return time.monotonic() - began


def waiting(manager):
    """Takes what came before."""
    manager.setblocking(False)
    try:
        while manager.recv(4096):
            pass
    except BlockingIOError:
        manager.settimeout(60)


def stays(table, runtime, agent):
    watched = Watched(agent, '--interval', '%ds' % INTERVAL)
    time.sleep(2 * INTERVAL)
    before, began = watched.cpu(), time.monotonic()
    time.sleep(WATCHED_SECONDS)
    share = (watched.cpu() - before) / (time.monotonic() - began)
    table.limit('%s: share of a processor, a look every %d s' % (runtime.name, INTERVAL), share,
                SHARE, '%', 0.01)
    table.limit('%s: memory' % runtime.name, watched.memory(), MEMORY, 'MiB', MIB)
    agent.kill()


def tells(table, runtime, agent):
    """From a kill to the event's name in its directory; it is durable before it has one."""
    agent.begin('--interval', '1h')
    time.sleep(3)
    delays = [delay(runtime, agent, it) for it in runtime.containers[:CRASHES]]
    agent.kill()
    table.limit('%s: from a crash to its event, hinted at' % runtime.name,
                statistics.median(delays), TOLD, 'ms', 1e-3)


def tells_unhinted(table, runtime, agent, chance):
    """The same where the engine's events are refused, at any time of an interval."""
    agent.begin('--interval', '%ds' % INTERVAL)
    time.sleep(3)
    delays = []
    for it in runtime.containers[CRASHES:CRASHES + UNHINTED]:
        time.sleep(chance.uniform(0, INTERVAL))
        delays.append(delay(runtime, agent, it))
    assert agent.process.poll() is None, agent.words()
    agent.kill()
    table.limit('%s: from a crash to its event, without hints, at most' % runtime.name,
                max(delays), INTERVAL + TOLD, 's')


def delay(runtime, agent, it):
    """One that isn't told counts as LOST seconds."""
    pid = runtime.pid(it)
    count = crashes(agent)
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    while crashes(agent) == count and time.monotonic() - began < LOST:
        time.sleep(0.001)
    return time.monotonic() - began


def crashes(agent):
    return sum('container_crashed' in name for folder in agent.root.glob('events/*/*')
               for name in os.listdir(folder) if not name.startswith('.'))


def bench(table, kind, directory):
    runtime = cases.started(kind)
    agent = Agent(pathlib.Path(directory) / runtime.name, [runtime.runtime])
    containers(runtime)
    alone(table, runtime, agent)
    cycles(table, runtime, agent)
    stays(table, runtime, agent)
    tells(table, runtime, agent)
    if runtime.acts:                    # of CRI there is no telling which call is which
        way = Deaf(pathlib.Path(directory).absolute() / (runtime.name + '.deaf'), runtime.socket)
        deaf = Agent(pathlib.Path(directory) / (runtime.name + '-deaf'), [way.runtime])
        tells_unhinted(table, runtime, deaf, random.Random(1))
    runtime.kill()


def inside(build):
    table = Table(ROUNDS)
    directory = tempfile.mkdtemp(prefix='bench-agent-', dir=build)
    try:
        for kind in runtimes.ALL:
            bench(table, kind, directory)
    finally:
        shutil.rmtree(directory)
    print()
    table.show()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--build', required=True, help='the folder of the built programs')
    options = parser.parse_args()
    if 'HOMELAB_AGENT_WORK' in os.environ:
        inside(options.build)
    else:
        sys.exit(run.enclose([sys.executable, '-B', __file__, '--build', options.build]))


if __name__ == '__main__':
    main()
