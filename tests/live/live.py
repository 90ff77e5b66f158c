"""Other people's servers on loopback: started, waited for, ended by their process id."""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(TOP / 'tests/program'))

from outbox import Homelab  # noqa: E402

HOOKS = TOP / 'contrib/hooks'


def find(program):
    """Daemons are often where only root looks."""
    path = shutil.which(program, path=os.environ.get('PATH', '') + ':/usr/sbin:/usr/local/sbin')
    if path is None:
        raise AssertionError('%s is missing: sh contrib/bootstrap.sh check-live' % program)
    return path


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def wait_for(what, seconds=60):
    """Until it returns something true, which is returned."""
    end = time.monotonic() + seconds
    while True:
        try:
            found = what()
        except OSError:
            found = None
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError('waited %d seconds in vain' % seconds)
        time.sleep(0.05)


def answers(port):
    with socket.create_connection(('127.0.0.1', port), timeout=5):
        return True


class LiveTest(unittest.TestCase):
    def setUp(self):
        self.lab = Homelab()
        self.addCleanup(self.lab.remove)

    def serve(self, *command, port):
        """Starts a server, and waits until it answers."""
        log = open(self.lab.work / 'server.log', 'ab')
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        self.addCleanup(self.end, server)
        try:
            wait_for(lambda: server.poll() is not None or answers(port))
            self.assertIsNone(server.poll())
        except AssertionError:
            self.fail((self.lab.work / 'server.log').read_text()[-4000:])
        return server

    @staticmethod
    def end(server):
        if server.poll() is None:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()

    def enable(self, name, place=''):
        """A hook as it is shipped, and what it needs beside it."""
        for source in (HOOKS / name, HOOKS / 'sentences.jq'):
            path = self.lab.hooks / place / source.name
            shutil.copy(source, path)
            path.chmod(0o755 if source.name == name else 0o644)

    def run_notify(self, *options, status=0, now=None, **variables):
        environment = {k: v for k, v in os.environ.items() if not k.lower().endswith('_proxy')}
        return self.lab.run(*options, status=status, now=now, env=dict(environment, **variables))
