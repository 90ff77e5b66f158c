"""Makes the seeds of the fuzzers' corpora from the fixtures.

    python3 tests/fuzz/seeds.py --observer build/homelab-observer

Writes tests/fuzz/corpus/TARGET/FIXTURE…; other files there, what fuzzers found,
stay as they are. The journal's and the checkpoint's seeds are what the observer
leaves of some fixtures.
"""
import argparse
import datetime
import hashlib
import json
import pathlib
import shutil
import subprocess
import tempfile
import zlib

TOP = pathlib.Path(__file__).resolve().parents[2]
FIXTURES = TOP / 'fixtures'
CORPUS = TOP / 'tests/fuzz/corpus'
START = datetime.datetime(2026, 5, 12, 12, 20, tzinfo=datetime.timezone.utc)
SMALL = 2000
TREES = ('aliases', 'deployment-joined', 'held', 'id-collisions', 'inventory-broken', 'late',
         'lifecycle', 'mended', 'node-added', 'reopened', 'resent', 'strays', 'utf8')
STATES = ('deployments', 'jsonl', 'late', 'lifecycle', 'metrics')
FRAME_HEADER = 8
MAGIC = 8


def write(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def seeds_of_events():
    """One file of each fixture that brings a type not seen yet."""
    seen = set()
    for path in sorted(FIXTURES.glob('*/**/events/**/*.json')):
        data = path.read_bytes()
        kind = data.partition(b'"type"')[2][:30]
        if kind in seen or len(data) > SMALL or len(seen) == 40:
            continue
        seen.add(kind)
        name = '%s-%s' % (path.relative_to(FIXTURES).parts[0], hashlib.md5(data).hexdigest()[:6])
        write('event', name, data)


def seeds_of_lines():
    for path in sorted(FIXTURES.glob('homelab/events/2026-05-1*/*/*.jsonl'))[:6]:
        lines = path.read_bytes().replace(path.parent.name.encode(), b'saturn').splitlines(True)
        write('jsonl', 'homelab-%s-%s' % (path.parent.name, path.stem), b''.join(lines[:6]))
    write('jsonl', 'blank-bad-held', b'\n \t\r\n{"timestamp":"2026-05-12T12:05:00Z","node":"saturn",'
          b'"type":"a"}\n{]\n{"timestamp":"2030-05-12T12:05:00Z","node":"saturn","type":"b"}\n{"ti')


def seeds_of_inventory():
    for target, pattern in (('topology', '**/topology.yaml'), ('services', '**/services.yaml')):
        seen = set()
        for path in sorted(FIXTURES.glob(pattern)):
            data = path.read_bytes()
            if len(data) < SMALL and data not in seen and len(seen) < 25:
                seen.add(data)
                write(target, '%s-%d' % (path.relative_to(FIXTURES).parts[0], len(seen)), data)
    write('topology', 'map', b'nodes:\n  vps:\n    aliases: [v]\n\0{"web": "vps", "x": "none"}')


def steps_of(folder):
    """The files below a fixture's folder, as steps of a tree; then a run."""
    steps = []
    now = folder / 'now'
    if now.exists():
        at = datetime.datetime.fromisoformat(now.read_text().strip().replace('Z', '+00:00'))
        steps.append(b'@= %d\n' % (at - START).total_seconds())
    for top in ('inventory', 'hosts', 'events'):
        for path in sorted((folder / top).rglob('*')):
            if path.is_file():
                name = str(path.relative_to(folder)).encode()
                steps.append(b'@+ ' + name + b'\n' + path.read_bytes())
    return steps


def seeds_of_trees():
    for name in TREES:
        steps = steps_of(FIXTURES / name)
        for folder in sorted((FIXTURES / name).glob('steps/*')):
            steps += steps_of(folder) + [b'@r\n']
        text = b''.join(s if s.endswith(b'\n') else s + b'\n' for s in steps)
        write('tree', name, turns(text))
    lines = b'{"timestamp":"2026-05-12T12:05:00Z","node":"saturn","type":"node_online"}\n'
    base = b'@+ inventory/topology.yaml\nnodes: {saturn: {}, vps: {}}\n'
    write('tree', 'lines', base + b'@+ events/2026-05-12/saturn/a.jsonl\n' + lines + b'@r\n'
          b'@a events/2026-05-12/saturn/a.jsonl\n' + lines + lines[:20] + b'\n@r\n'
          b'@- events/2026-05-12/saturn/a.jsonl\n@n 90000\n@r\n')
    write('tree', 'hostile', base + b'@+ events/vps/a.json\n' + lines.replace(b'saturn', b'vps') +
          b'@l events/2026-05-12/saturn\n@l events/vps/b.json\n@p events/vps/c.json\n'
          b'@d events/vps/d.json\n@r\n@- events/2026-05-12/saturn\n@r\n')
    write('tree', 'damaged', base + b'@+ events/saturn/a.jsonl\n' + lines + b'@r\n'
          b'@~ 0 20 1\n@~ 1 30 255\n@r\n@~ 2 9 4\n@+ world/nodes.json\n{}\n@r\n')


def turns(text):
    """Instants of runs, told as steps forward."""
    out, now = [], 0
    for line in text.splitlines(True):
        if line.startswith(b'@= '):
            at = int(line[3:])
            line, now = (b'@n %d\n' % (at - now), at) if at > now else (b'', now)
        out.append(line)
    return b''.join(out)


def run_fixture(name, observer, root):
    folders = [FIXTURES / name] + sorted((FIXTURES / name).glob('steps/*'))
    for folder in folders:
        for top in ('inventory', 'hosts', 'events'):
            if (folder / top).exists():
                shutil.copytree(folder / top, root / top, dirs_exist_ok=True)
    subprocess.run([observer, '--root', root, '--settle', '0', '--quiet', '--now',
                    '2026-05-12T13:00:00Z'], check=True)


def seeds_of_state(observer):
    for name in STATES:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            run_fixture(name, observer, root)
            store = root / 'state/observer'
            checkpoint = json.loads((root / 'state/observer_checkpoint.json').read_text())
            # What is remembered within: the target puts it into a file of its own.
            memory = next((store / 'inventory').iterdir()).read_text()
            checkpoint['inventory'] = json.loads(memory)
            text = json.dumps(checkpoint, indent=1, sort_keys=True)
            write('checkpoint', name, text.replace(folder, '').encode())
            for kind in ('journal', 'partitions'):
                seeds_of_store(name, store / kind)


def seeds_of_store(name, store):
    for path in sorted(p for p in store.rglob('*') if p.is_file()):
        data = path.read_bytes()
        if len(data) > SMALL:
            continue
        kind = 'gzip' if data[:2] == b'\x1f\x8b' else data[2:6].decode()
        write('journal', '%s-%s' % (name, kind), data)
        if kind == 'stat':
            state = zlib.decompress(data[MAGIC + FRAME_HEADER + 8:])
            write('journal', name + '-part', b'HLpart\n1' + state)


def field(number, value):
    """Of a message of protobuf; a number, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(value):
    value &= (1 << 64) - 1
    more = bytearray()
    while value >= 0x80:
        more.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes(more) + bytes([value])


def seeds_of_cri():
    image = field(1, b'sha256:aa') + field(18, b'test.local/web:1')
    label = field(1, b'homelab.service') + field(2, b'web')
    container = b''.join((
        field(1, b'c1'), field(2, b's1'), field(3, field(1, b'web') + field(2, 3)),
        field(4, image), field(5, b'web@sha256:bb'), field(6, 1), field(7, 1778544000000000001),
        field(8, label), field(9, label)))
    status = b''.join((
        field(1, b'c1'), field(3, 2), field(5, 5), field(6, 6), field(7, 137), field(8, image),
        field(9, b'sha256:cc'), field(10, b'OOMKilled'), field(15, b'/var/log/pods/x/0.log')))
    sandbox = field(1, b's') + field(2, field(1, b'pod') + field(3, b'staging')) + field(3, 1)
    log = b'2026-05-12T12:05:00.1Z std%b %b\n'
    lines = (log % (b'out', b'F one') + log % (b'err', b'P two, ') + log % (b'err', b'F three') +
             log % (b'out', b'P four') + b'none\n')
    write('cri', 'version', b'v' + field(2, b'containerd') + field(3, b'1.6') + field(4, b'v1'))
    write('cri', 'list', b'c' + field(1, container) * 2)
    write('cri', 'status', b's' + field(1, status))
    write('cri', 'status-windows', b's' + field(1, field(3, 2) + field(7, -1073741510)))
    write('cri', 'sandboxes', b'p' + field(1, sandbox) + field(1, field(1, b'a')))
    write('cri', 'log', b'l\x83' + lines)
    write('cri', 'log-end', b'l\x02' + lines)
    write('cri', 'frames', b'f\0\0\0\0\3abc\0\0\0\0\0\0\0\0\1\0d')
    write('cri', 'text', b't50%25 of %e2%82%ac%')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--observer', required=True)
    observer = str(pathlib.Path(parser.parse_args().observer).resolve())
    seeds_of_events()
    seeds_of_lines()
    seeds_of_inventory()
    seeds_of_trees()
    seeds_of_state(observer)
    seeds_of_cri()


if __name__ == '__main__':
    main()
