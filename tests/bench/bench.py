#!/usr/bin/env python3
"""Figures at scale: makes its own trees, measures, prints a table.

Everything is compared within one run on one machine; sides that are compared run in turn, on
the same files, with warm caches. Figures are medians; times are of whole processes.
"""
import argparse
import os
import platform
import shutil
import sys
import tempfile
import time

import measure
from homelab import Homelab
from slowdisk import FLUSH, Missing, slow_disk
from watch import measure_slow, measure_watch

MIB = 1 << 20


class Table:
    """Rows: what, measured, to reach, ratio, met or not."""

    def __init__(self, rounds):
        self.rounds = rounds           # of sides that are compared
        self.rows = [('what', 'measured', 'to reach', 'ratio', 'met')]

    def add(self, what, measured, reach, ratio='', met=None):
        self.rows.append((what, measured, reach, ratio, {True: 'yes', False: 'NO', None: ''}[met]))
        print('| ' + ' | '.join(self.rows[-1]) + ' |', flush=True)

    def limit(self, what, value, limit, unit, scale=1.0):
        self.add(what, '%.3g %s' % (value / scale, unit), '%.3g %s' % (limit / scale, unit),
                 '%.2f' % (value / limit), value <= limit)

    def ratio(self, what, side, other, factor, of):
        self.add(what, '%.2f s (%.2f s of CPU)' % (side.wall, side.cpu),
                 '%.2f x %s, %.2f s (%.2f s of CPU)' % (factor, of, other.wall, other.cpu),
                 '%.2f' % (side.wall / other.wall), side.wall <= factor * other.wall)

    def show(self):
        widths = [max(len(row[i]) for row in self.rows) for i in range(5)]
        lines = ['| ' + ' | '.join(cell.ljust(width) for cell, width in zip(row, widths)) + ' |'
                 for row in self.rows]
        lines.insert(1, '|' + '|'.join('-' * (width + 2) for width in widths) + '|')
        print('\n'.join(lines))


def number(n):
    return format(n, ',')


def rebuild_files(table, homelab):
    homelab.loop()
    ours, loop, python = measure.alternate(table.rounds, homelab.rebuild, homelab.loop,
                                           homelab.python_loop)
    assert homelab.summary()['events']['accepted'] == homelab.files
    what = 'rebuild of %s loose files' % number(homelab.files)
    table.ratio(what, ours, loop, 1.3, 'bare loop')
    table.ratio(what, ours, python, 0.25, 'the loop in Python')
    return ours


def rebuild_journal(table, homelab, what):
    """The event files are gone; the journal has what they said."""
    events = homelab.summary()['events']['accepted']

    def rebuild():
        homelab.without_files()
        try:
            os.sync()
            return homelab.run('--reset')
        finally:
            homelab.with_files()

    homelab.settle()
    ours, loop = measure.alternate(table.rounds, rebuild, homelab.loop)
    assert homelab.summary()['events']['accepted'] == events
    table.ratio('rebuild from the %s of %s' % (what, number(homelab.files)), ours, loop, 1 / 3,
                'bare loop')
    return ours


def compress(table, homelab):
    """On the next day the journal's days are compressed."""
    cost = homelab.begin_day()
    table.add('the run that begins a day after a rebuild of %s' % number(homelab.files),
              '%.2f s (%.2f s of CPU)' % (cost.wall, cost.cpu), '-')


def trace_without_news(table, homelab):
    size = '%s files' % number(homelab.files)
    homelab.settle()
    trace = homelab.trace()
    touched = trace.events_opened + trace.listed
    table.add('no news, %s: opens and listings of events' % size, str(touched), '0', '',
              touched == 0)
    table.limit('no news, %s: fsyncs' % size, trace.syncs, 2, '')
    table.limit('no news, %s: bytes written' % size, trace.bytes, 12000, 'kB', 1000)
    cost = measure.median([homelab.run() for _ in range(41)])
    table.limit('no news, %s: CPU' % size, cost.cpu, 0.003, 'ms', 0.001)
    return trace


def no_news(table, small, large):
    counts = [trace_without_news(table, homelab).calls for homelab in (small, large)]
    other = {name: (counts[0][name], counts[1][name]) for name in counts[0] | counts[1]
             if counts[0][name] != counts[1][name]}
    table.add('no news, %s and %s files: system calls' % (number(small.files), number(large.files)),
              '%d and %d' % tuple(sum(c.values()) for c in counts),
              'the same', '' if not other else str(other), not other)


def new_events(table, homelab):
    homelab.settle()

    def news():
        homelab.arrive(100, 20)
        return homelab.run()

    costs = [news() for _ in range(9)]
    observation = homelab.summary()['observation']
    assert (observation['consumed'], observation['late']) == (100, 20), observation
    table.limit('100 new events, 20 late, at %s files: CPU' % number(homelab.files),
                measure.median(costs).cpu, 0.020, 'ms', 0.001)


def files_written(homelab, trace):
    """Bytes by file below the tree, temporary names as what they became."""
    written = {}
    for path, count in trace.written.items():
        path = os.path.relpath(path, homelab.root)
        name = os.path.basename(path)
        if name.startswith('.') and name.endswith('.new'):
            path = os.path.join(os.path.dirname(path), name[1:-len('.new')])
        written[path] = written.get(path, 0) + count
    return written


def may_be_written(path, node):
    return (path.startswith(('state/observer/journal/%s/' % node, 'world/',
                             'state/observer/partitions/%s/' % node))
            or path in ('state/observer_checkpoint.json', 'state/observer.lock',
                        'state/observer/outbox/1.jsonl'))


def one_event(table, homelab):
    """One event of one of many nodes."""
    homelab.settle()
    homelab.clock += 30
    homelab.write_event(500, 1, 0)
    trace = homelab.trace()
    written = files_written(homelab, trace)
    other = [path for path in written if not may_be_written(path, 'node-0500')]
    own = sum(count for path, count in written.items() if 'node-0500' in path)
    table.add('one event of 1 of %s nodes: files written' % number(homelab.nodes),
              ', '.join('%s %d' % item for item in sorted(written.items())),
              "the node's partition, the checkpoint, changed documents, the summary, what changed",
              '%d B of the partition' % own, not other)


def expire(table, homelab):
    """What deleting all event files saves; then the world is made from the journal alone."""
    accepted = homelab.summary()['events']['accepted']
    before = homelab.usage()
    cost = homelab.expire()
    after = homelab.usage()
    size = number(homelab.files)
    table.add('event files deleted, %s: inodes of events and state' % size, number(after.inodes),
              '-', '%.4f of %s' % (after.inodes / before.inodes, number(before.inodes)))
    table.add('event files deleted, %s: bytes on disk' % size, '%.1f MiB' % (after.bytes / MIB),
              '-', '%.4f of %.1f MiB' % (after.bytes / before.bytes, before.bytes / MIB))
    table.add('deleting them', '%.2f s (%.2f s of CPU), %.0f MiB'
              % (cost.wall, cost.cpu, cost.memory / MIB), '-')
    homelab.run('--reset')
    assert homelab.summary()['events']['accepted'] == accepted


def measure_nodes(table, homelab):
    cost = measure.median([homelab.rebuild() for _ in range(3)])
    table.limit('memory, %s nodes x 20 services' % number(homelab.nodes), cost.memory, 256 * MIB,
                'MiB', MIB)
    homelab.settle()
    cost = measure.median([homelab.run() for _ in range(11)])
    table.add('no news, %s nodes: CPU' % number(homelab.nodes), '%.1f ms' % (cost.cpu * 1000), '-')
    one_event(table, homelab)


def measure_size(table, homelab, small):
    ours = rebuild_files(table, homelab)
    table.limit('memory, rebuild of %s files' % number(homelab.files), ours.memory, 64 * MIB, 'MiB',
                MIB)
    ours = rebuild_journal(table, homelab, 'journal')
    table.limit('memory, from the journal of %s' % number(homelab.files), ours.memory, 64 * MIB,
                'MiB', MIB)
    no_news(table, small, homelab)
    new_events(table, homelab)
    compress(table, homelab)
    rebuild_journal(table, homelab, 'compressed journal')
    expire(table, homelab)      # last: it deletes the files


def watched(build, top):
    return Homelab(build, top, 'watched', 6, 16, 30, 10000)


def bench_slow_disk(table, build, top):
    try:
        with slow_disk(build, top) as directory:
            measure_slow(table, watched(build, directory), ', flushes of %g ms' % (FLUSH * 1000))
    except Missing as what:
        table.add('a slow disk', 'SKIP: %s' % what, '-')


def bench(table, build, top, sizes):
    small = Homelab(build, top, 'small', 6, 16, 30, 1000)
    small.rebuild()
    measure_watch(table, watched(build, top))
    bench_slow_disk(table, build, top)
    for files in sizes:
        homelab = Homelab(build, top, 'files-%d' % files, 6, 16, 30, files)
        measure_size(table, homelab, small)
        shutil.rmtree(homelab.root)
    measure_nodes(table, Homelab(build, top, 'nodes', 1000, 20, 2, 100000))


def machine():
    with open('/proc/cpuinfo', encoding='ascii', errors='replace') as lines:
        models = [line.split(': ')[1].strip() for line in lines if line.startswith('model name')]
    model = models[0] if models else platform.machine()
    return '%s, %d processors, Linux %s' % (model, os.cpu_count(), platform.release())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', required=True, help='where the programs were built')
    parser.add_argument('--files', type=int, nargs='+', default=[100000, 1000000])
    parser.add_argument('--rounds', type=int, default=5, help='of what is compared')
    options = parser.parse_args()
    began, table = time.time(), Table(options.rounds)
    top = tempfile.mkdtemp(prefix='bench-')
    try:
        bench(table, options.build, top, options.files)
    finally:
        shutil.rmtree(top, ignore_errors=True)
    print('\n%s, %s, in %d minutes' % (time.strftime('%Y-%m-%d'), machine(),
                                       (time.time() - began + 59) // 60))
    table.show()
    return 0


if __name__ == '__main__':
    sys.exit(main())
