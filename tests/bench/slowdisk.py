"""A file system on a disk whose flushes take their time, as those of cards and rotating disks do."""
import contextlib
import os
import subprocess
import time

FLUSH = 0.005                         # seconds
SIZE = 512 << 20


class Missing(Exception):
    """What there would have to be."""


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Missing('%s: %s' % (command[0], done.stderr.strip()))
    return done.stdout.strip()


@contextlib.contextmanager
def slow_disk(build, top):
    """Its directory: ext4 with a journal, on a loop device, on a file by FUSE (slowdisk.c)."""
    program = os.path.join(build, 'slowdisk')
    if os.geteuid() != 0 or not os.path.exists(program):
        raise Missing('root and FUSE')
    with contextlib.ExitStack() as undo:
        image, below, above = (os.path.join(top, name) for name in ('image', 'below', 'above'))
        with open(image, 'wb') as file:
            file.truncate(SIZE)
        run('mkfs.ext4', '-q', image)
        for path in (below, above):
            os.mkdir(path)
        process = subprocess.Popen([program, image, str(int(FLUSH * 1e6)), '-f', below],
                                   stderr=subprocess.DEVNULL)
        undo.callback(process.wait)
        undo.callback(process.terminate)
        wait_for_disk(process, os.path.join(below, 'disk'))
        loop = run('losetup', '--find', '--show', os.path.join(below, 'disk'))
        undo.callback(run, 'losetup', '--detach', loop)
        run('mount', loop, above)
        undo.callback(run, 'umount', above)
        yield above


def wait_for_disk(process, path):
    for _ in range(100):
        if os.path.exists(path):
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    process.terminate()
    raise Missing('FUSE')
