"""Every fixture's homelab, run step by step with more options."""
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'fixtures'))
import fixture as fixtures  # noqa: E402

TOP = pathlib.Path(__file__).resolve().parents[2]
# What is synced is no matter here, and a disk is slow.
MEMORY = '/dev/shm' if os.access('/dev/shm', os.W_OK) else None
OBSERVER = str(TOP / os.environ.get('OBSERVER', 'build/homelab-observer'))


def runs(*options):
    """Of each run that published a world: its step and the root."""
    for fixture in fixtures.fixtures(TOP / 'fixtures'):
        if os.geteuid() == 0 and any(step.user for step in fixture.steps):
            continue
        with tempfile.TemporaryDirectory(prefix='homelab-', dir=MEMORY) as directory:
            root = pathlib.Path(directory) / 'root'
            fixture.start(root)
            for step in fixture.steps:
                step.lay_out(root)
                done = subprocess.run(
                    [OBSERVER, '--root', str(root), '--repo', str(root), '--settle', '0', '--quiet',
                     '--now', step.now, *step.options, *options], cwd=root,
                    env={**os.environ, **step.env}, stdin=subprocess.DEVNULL, capture_output=True,
                    timeout=300, check=False)
                if done.returncode in (0, 78) and (root / 'world/runtime-summary.json').is_file():
                    yield step, root
