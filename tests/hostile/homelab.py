"""A homelab of well-behaved nodes and one that is out to exhaust or mislead.

Each function of ATTACKS puts one kind of mischief below events/, some of it
`size` times.
"""
import json
import os
import pathlib
import random
import socket
import stat

NOW = '2026-05-12T12:20:00Z'
DATE = '2026-05-12'
GOOD = ('lab', 'piha', 'vps')
BAD = 'mallory'
CANARY = 'canary-4711'
MIB = 1 << 20


def event(kind, at='2026-05-12T12:00:00Z', node=BAD, **more):
    return json.dumps(dict(timestamp=at, node=node, type=kind, **more))


def instant(i):
    """The i-th of instants close together, on one day."""
    return '2026-05-12T%02d:%02d:%02d.%03dZ' % (i // 3600000 % 12, i // 60000 % 60,
                                               i // 1000 % 60, i % 1000)


def make(root, size=None):
    """A tree; with the hostile node's files where a size is given."""
    (root / 'inventory').mkdir(parents=True)
    (root / 'inventory/topology.yaml').write_text(
        'nodes:\n' + ''.join('  %s:\n' % n for n in GOOD + (BAD,)))
    chance = random.Random(1)
    for node in GOOD:
        folder = root / 'events' / DATE / node
        folder.mkdir(parents=True)
        for i in range(60):
            kind = chance.choice(('service_unhealthy', 'service_healthy', 'deployment_started',
                                  'deployment_failed', 'node_health'))
            (folder / ('%d.json' % i)).write_text(event(
                kind, instant(i * 500000), node, service='s%d' % (i % 7), correlation_id=node))
    outside = root / 'outside'
    (outside / BAD).mkdir(parents=True)
    for path in (outside / 'secret.json', outside / BAD / 'secret.json'):
        path.write_text(event('service_unhealthy', service=CANARY) + '\n')
    if size is not None:
        folder = root / 'events' / DATE / BAD
        folder.mkdir()
        for attack in ATTACKS:
            attack(root, folder, size)


def lines(path, texts):
    with open(path, 'w') as out:
        for text in texts:
            out.write(text + '\n')


def services(root, folder, size):
    lines(folder / 'services.jsonl', (event('service_unhealthy', instant(i), service='s%d' % i)
                                      for i in range(size)))


def types(root, folder, size):
    lines(folder / 'types.jsonl', (event('type_%d' % i, instant(i)) for i in range(size)))


def correlation_ids(root, folder, size):
    lines(folder / 'ids.jsonl', (event('deployment_started', instant(i), correlation_id='id-%d' % i,
                                       service='all') for i in range(size)))


def one_second(root, folder, size):
    """A service that fails and heals within a second, over and over."""
    kinds = ('service_unhealthy', 'service_healthy')
    lines(folder / 'second.jsonl', (event(kinds[i % 2], '2026-05-12T12:01:00.%09dZ' % i, service='f')
                                    for i in range(size)))


def wide_deployments(root, folder, size):
    """As many services to a record as there may be, and many records."""
    for_one = [['w%d-%s' % (i, 'x' * 100) for i in range(k, k + 256)] for k in range(0, 1024, 256)]
    lines(folder / 'wide.jsonl', (event('deployment_failed', instant(i), correlation_id='w%d' % (i // 4),
                                        payload={'services': for_one[i % 4]})
                                  for i in range(size // 100)))


def big_files(root, folder, size):
    text = event('seen', payload={'x': ''})
    (folder / 'just-fits.json').write_text(text.replace('""', '"%s"' % ('y' * (MIB - len(text)))))
    (folder / 'too-large.json').write_text(text.replace('""', '"%s"' % ('y' * (MIB - len(text) + 1))))
    for depth in (30, 31, 100000):  # lists in the payload in the event
        (folder / ('deep-%d.json' % depth)).write_text(
            text.replace('""', '[' * depth + ']' * depth))
    (folder / 'many-keys.json').write_text(event('node_health', payload={
        'k%d' % i: i for i in range(60000)}))


def names(root, folder, size):
    """Names of the longest, and a name that isn't text."""
    (folder / ('n' * 250 + '.json')).write_text(event('seen'))
    (folder / ('n' * 249 + '.jsonl')).write_text(event('seen') + '\n')
    with open(os.fsencode(folder) + b'/\xff\x1b[31m\n.json', 'w') as out:
        out.write(event('seen'))


def empty_files(root, folder, size):
    for i in range(size):
        os.close(os.open('%s/empty-%d.json' % (folder, i), os.O_CREAT | os.O_WRONLY))


def dates(root, folder, size):
    for i, at in enumerate(('1970-01-01T00:00:00Z', '1969-12-31T23:59:59Z', '9999-12-31T23:59:59Z',
                            '2262-04-11T23:47:17Z', '2026-02-30T00:00:00Z')):
        (folder / ('date-%d.json' % i)).write_text(event('service_unhealthy', at, service='d'))
    lines(folder / 'future.jsonl', (event('seen', '2027-05-12T12:00:00.%06dZ' % i)
                                    for i in range(size // 10)))
    path = folder / 'times.json'
    path.write_text(event('seen'))
    os.utime(path, (15e9, 15e9))
    os.utime(folder / 'date-0.json', (-1e9, -1e9))


def strange_files(root, folder, size):
    os.mkfifo(folder / 'fifo.json')
    os.mkfifo(folder / 'fifo.jsonl')
    with socket.socket(socket.AF_UNIX) as s:
        there = os.open(folder, os.O_RDONLY)
        s.bind('/proc/self/fd/%d/socket.json' % there)
        os.close(there)
    if os.geteuid() == 0:
        os.mknod(folder / 'zero.json', 0o644 | stat.S_IFCHR, os.makedev(1, 5))
    (folder / 'directory.json').mkdir()
    (folder / 'linked.json').write_text(event('seen'))
    for i in range(10):
        os.link(folder / 'linked.json', folder / ('linked-%d.json' % i))


def links(root, folder, size):
    """Links out of the tree, to files and directories, at every level."""
    outside = root / 'outside'
    (folder / 'secret.json').symlink_to(outside / 'secret.json')
    (folder / 'secret.jsonl').symlink_to(outside / 'secret.json')
    (root / 'events' / BAD).symlink_to(outside / BAD)
    (root / 'events/2026-05-10').symlink_to(outside)
    (root / 'events/2026-05-11').mkdir()
    (root / 'events/2026-05-11' / BAD).symlink_to(outside / BAD)


def endless(root, folder, size):
    """One line without end, and files that are large by name only."""
    with open(folder / 'endless.jsonl', 'w') as out:
        for _ in range(8):
            out.write('x' * MIB)
    for name in ('sparse.json', 'sparse.jsonl'):
        with open(folder / name, 'w') as out:
            out.truncate(2 << 30)


ATTACKS = (services, types, correlation_ids, one_second, wide_deployments, big_files, names,
           empty_files, dates, strange_files, links, endless)


def parts(root):
    """What the world says of the good nodes."""
    world = {p.stem: json.loads(p.read_text()) for p in pathlib.Path(root / 'world').glob('*.json')}
    kept = {'nodes': {n: world['nodes'][n] for n in GOOD}}
    for name in ('services', 'incidents', 'deployments'):
        kept[name] = {key: value for key, value in world[name].items() if value['node'] in GOOD}
    return kept
