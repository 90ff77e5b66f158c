"""Prometheus and node_exporter as processes on loopback, and what is asked of them."""
import json
import pathlib
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

TIMEOUT = 60  # seconds, of a busy machine


def program(*names):
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    raise FileNotFoundError('%s: not there; sh contrib/bootstrap.sh check-live' % names[0])


def free_port():
    with socket.socket() as found:
        found.bind(('127.0.0.1', 0))
        return found.getsockname()[1]


def wait_until(condition, what):
    """The condition's value as soon as it is true."""
    end = time.monotonic() + TIMEOUT
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError('in %d s not: %s' % (TIMEOUT, what() if callable(what) else what))
        time.sleep(0.1)


class Daemon:
    """A program with a port of its own, which answers at a path when it is ready."""

    def __init__(self, directory, name, command, ready):
        self.port = free_port()
        self.address = '127.0.0.1:%d' % self.port
        self.log = directory / (name + '.log')
        with open(self.log, 'wb') as log:
            self.process = subprocess.Popen(
                [*command, '--web.listen-address=' + self.address], cwd=directory,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait_until(lambda: self.answers(ready), self.log.read_text)
        except BaseException:
            self.stop()
            raise

    def get(self, path):
        with urllib.request.urlopen('http://' + self.address + path, timeout=TIMEOUT) as answer:
            return answer.read()

    def answers(self, path):
        if self.process.poll() is not None:
            raise AssertionError(self.log.read_text())
        try:
            return self.get(path) is not None
        except (urllib.error.URLError, ConnectionError):
            return False

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class NodeExporter(Daemon):
    def __init__(self, directory, textfiles):
        super().__init__(directory, 'node-exporter', [
            program('prometheus-node-exporter', 'node_exporter'), '--collector.disable-defaults',
            '--collector.textfile', '--collector.textfile.directory=%s' % textfiles], '/metrics')


class Prometheus(Daemon):
    """Scrapes an exporter and evaluates rules, both every second."""

    def __init__(self, directory, exporter, rules):
        config = pathlib.Path(directory) / 'prometheus.yml'
        config.write_text(json.dumps({    # which is YAML
            'global': {'scrape_interval': '1s', 'scrape_timeout': '1s',
                       'evaluation_interval': '1s'},
            'rule_files': [str(rules)],
            'scrape_configs': [{'job_name': 'node',
                                'static_configs': [{'targets': [exporter.address]}]}]}))
        super().__init__(directory, 'prometheus', [
            program('prometheus'), '--config.file=%s' % config,
            '--storage.tsdb.path=%s' % (directory / 'data')], '/-/ready')

    def api(self, path, **parameters):
        answer = json.loads(self.get('/api/v1/%s?%s' % (path, urllib.parse.urlencode(parameters))))
        assert answer['status'] == 'success', answer
        return answer['data']

    def query(self, expression):
        """[(labels, value as text)] of an instant vector."""
        return [(sample['metric'], sample['value'][1])
                for sample in self.api('query', query=expression)['result']]

    def firing(self):
        """{(alert, node or None)}"""
        return {(alert['labels']['alertname'], alert['labels'].get('node'))
                for alert in self.api('alerts')['alerts'] if alert['state'] == 'firing'}
