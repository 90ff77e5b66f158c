"""Running a program and saying what it cost."""
import collections
import os
import re
import statistics
import subprocess
import time

Cost = collections.namedtuple('Cost', 'wall cpu memory')      # seconds, seconds, bytes
Usage = collections.namedtuple('Usage', 'inodes bytes')
CALL = re.compile(r'^(\w+)\((.*?)\) += (-?\d+|0x[0-9a-f]+)')
OPENS = {'open', 'openat', 'openat2'}
WRITES = {'write', 'pwrite64', 'writev', 'pwritev'}
SYNCS = {'fsync', 'fdatasync', 'sync', 'syncfs', 'msync', 'sync_file_range'}


def usage(*trees):
    """Inodes and bytes on disk of some trees, directories included."""
    inodes = size = 0
    for tree in trees:
        for folder, _, files in os.walk(tree):
            for path in [folder] + [os.path.join(folder, name) for name in files]:
                inodes += 1
                size += os.lstat(path).st_blocks * 512
    return Usage(inodes, size)


def run(argv):
    """Runs it to its end; fails where it does."""
    began = time.monotonic()
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read()
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, argv, stderr=said)
    return Cost(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def median(costs):
    """The median of each figure; of memory the most."""
    return Cost(statistics.median(c.wall for c in costs), statistics.median(c.cpu for c in costs),
                max(c.memory for c in costs))


def alternate(rounds, *sides):
    """Calls the sides in turn, each of which returns a cost; their medians."""
    costs = [[side() for side in sides] for _ in range(rounds)]
    return [median(column) for column in zip(*costs)]


def whole_calls(log):
    """The lines of a log of strace; a call that another thread came between is one line again."""
    begun = {}
    with open(log, encoding='ascii', errors='replace') as lines:
        for line in lines:
            process, rest = line.split(maxsplit=1)
            resumed = re.match(r'<\.\.\. \w+ resumed>(.*)', rest)
            if rest.endswith('<unfinished ...>\n'):
                begun[process] = rest.removesuffix('<unfinished ...>\n')
            elif resumed:
                yield begun.pop(process) + resumed.group(1)
            else:
                yield rest


class Trace:
    """The system calls of a run, by strace."""

    def __init__(self, argv, log):
        subprocess.run(['strace', '-f', '-y', '-s', '0', '-o', log, *argv], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.calls = collections.Counter()
        self.written = collections.Counter()
        self.opened = []
        self.listed = 0
        self.renamed = {}
        for line in whole_calls(log):
            self.count(line)

    def count(self, line):
        found = CALL.match(line)
        if not found:
            return
        name, arguments, result = found.groups()
        paths = re.findall(r'<(/[^>]*)>', arguments)
        texts = re.findall(r'"([^"]*)"', arguments)
        self.calls[name] += 1
        if name in WRITES and paths and int(result) > 0:
            self.written[paths[0]] += int(result)
        if name in OPENS:
            self.opened += re.findall(r'<(/[^>]*)>', line.rsplit(' = ', 1)[1])
        if name == 'getdents64':
            self.listed += '/events' in paths[0]
        if name in ('rename', 'renameat', 'renameat2') and len(texts) == 2:
            self.renamed[texts[0]] = texts[1]

    @property
    def syncs(self):
        return sum(self.calls[name] for name in SYNCS)

    @property
    def bytes(self):
        return sum(self.written.values())

    @property
    def events_opened(self):
        return sum('/events/' in path or path.endswith('/events') for path in self.opened)
