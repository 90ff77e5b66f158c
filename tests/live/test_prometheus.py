"""Prometheus' own programs on what --metrics writes, and on the alerts of contrib/prometheus.

Run as: python3 -m unittest discover -s tests/live, with OBSERVER naming the program and those of
Prometheus in PATH, as make check-live does.
"""
import datetime
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

import prometheus

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / 'tests/program'))
import exposition  # noqa: E402
import homelabs  # noqa: E402

RULES = TOP / 'contrib/prometheus'
TOPOLOGY = """nodes:
  lan:
  off:
  old:
  lte:
    connectivity: intermittent
  new:
"""
# What UTF-8 has to offer, but for what no name of a service may have.
ODD = ['we"ird', 'back\\slash', '\\"', '\\n', '{x="y"} 1', '# HELP', 'tab', 'c1 \x85\x9b',
       'line \u2028 end', '\u202eoben', 'caf\u00e9 \u2615', '\U0001f600', '\ufeffmark', 'a=b,c', ' ']


def promtool(*arguments, **more):
    return subprocess.run([prometheus.program('promtool'), *arguments], capture_output=True,
                          text=True, timeout=300, check=False, **more)


class Homelab:
    """Nodes of all kinds as of some time, and runs over them."""

    def __init__(self, root, at):
        self.root, self.at, self.count = root, at, 0
        (root / 'textfiles').mkdir()
        (root / 'inventory').mkdir()
        (root / 'inventory/topology.yaml').write_text(TOPOLOGY)
        self.put('lan', 60, 'service_unhealthy', ODD[0], severity='critical')
        self.put('lan', 50, 'service_unhealthy', ODD[1])
        self.put('lan', 40, 'disk_usage_high')
        self.put('off', 60, 'node_offline')
        self.put('old', 3600, 'node_online')
        self.put('lte', 3600, 'node_online')

    def put(self, node, ago, kind, service=None, **more):
        """An event from so many seconds before the time."""
        self.count += 1
        at = (self.at - datetime.timedelta(seconds=ago)).strftime('%Y-%m-%dT%H:%M:%SZ')
        directory = self.root / 'events' / at[:10] / node
        directory.mkdir(parents=True, exist_ok=True)
        (directory / ('%d.json' % self.count)).write_text(json.dumps(
            {'timestamp': at, 'node': node, 'type': kind, 'service': service or '', **more}))

    def observe(self):
        subprocess.run(
            [homelabs.OBSERVER, '--root', str(self.root), '--settle', '0', '--quiet',
             '--now', self.at.strftime('%Y-%m-%dT%H:%M:%S.%fZ'),
             '--metrics', str(self.root / 'textfiles/homelab.prom')], check=True, timeout=60)

    def expected(self):
        """As floats, which is what Prometheus has."""
        told = exposition.expected(exposition.documents(self.root / 'world'))
        return {series: float(value) for series, value in told.items()}


class Text(unittest.TestCase):
    def assert_well_formed(self, content, what):
        done = promtool('check', 'metrics', input=content)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, '', ''), what)

    def test_promtool_has_nothing_to_say_of_any_fixture(self):
        count = 0
        for step, root in homelabs.runs('--metrics', 'homelab.prom'):
            self.assert_well_formed((root / 'homelab.prom').read_text(), str(step))
            count += 1
        self.assertGreater(count, 50)

    def test_nor_of_odd_names(self):
        with tempfile.TemporaryDirectory() as directory:
            homelab = Homelab(pathlib.Path(directory), datetime.datetime(2026, 5, 12, 12))
            for service in ODD:
                homelab.put('lan', 30, 'service_unhealthy', service)
            homelab.observe()
            text = (homelab.root / 'textfiles/homelab.prom').read_text()
        self.assertEqual(text.count('\nhomelab_incident_active{'), len(ODD))
        self.assert_well_formed(text, ODD)


class Rules(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix='rules-'))
        self.addCleanup(shutil.rmtree, self.directory)
        for path in RULES.glob('*.yml'):
            shutil.copy(path, self.directory)
        self.rules = self.directory / 'homelab.rules.yml'

    def run_tests(self):
        return promtool('test', 'rules', 'homelab.rules.test.yml', cwd=self.directory)

    def test_they_are_rules_and_do_as_they_should(self):
        done = promtool('check', 'rules', str(self.rules))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done = self.run_tests()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_none_is_missed_by_its_tests(self):
        whole = yaml.safe_load(self.rules.read_text())
        for rule in whole['groups'][0]['rules']:
            kept = [other for other in whole['groups'][0]['rules'] if other is not rule]
            self.rules.write_text(json.dumps({'groups': [{'name': 'homelab', 'rules': kept}]}))
            self.assertNotEqual(self.run_tests().returncode, 0, rule['alert'])


class Scrape(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix='scrape-'))
        self.addCleanup(shutil.rmtree, self.directory)
        now = datetime.datetime.now(datetime.timezone.utc)
        self.homelab = Homelab(self.directory, now - datetime.timedelta(seconds=600))
        self.homelab.observe()
        rules = self.directory / 'rules.yml'    # without patience
        rules.write_text(re.sub(r'(?m)^( *for:) .*', r'\1 0s',
                                (RULES / 'homelab.rules.yml').read_text()))
        exporter = prometheus.NodeExporter(self.directory, self.directory / 'textfiles')
        self.addCleanup(exporter.stop)
        self.prometheus = prometheus.Prometheus(self.directory, exporter, rules)
        self.addCleanup(self.prometheus.stop)

    def scraped(self):
        """{series: value} of all that is ours."""
        return {exposition.series(labels['__name__'], **{
            name: value for name, value in labels.items()
            if name not in ('__name__', 'instance', 'job')}): float(value)
                for labels, value in self.prometheus.query('{__name__=~"homelab_.+"}')}

    def wait_for_world(self):
        expected = self.homelab.expected()
        self.assertGreater(len(expected), 80)
        prometheus.wait_until(
            lambda: self.scraped() == expected,
            lambda: sorted(map(str, self.scraped().items() ^ expected.items())))

    def wait_for_alerts(self, expected):
        prometheus.wait_until(lambda: self.prometheus.firing() == expected,
                              lambda: self.prometheus.firing() ^ expected)

    # The whole way: events, observer, node_exporter, Prometheus, alerts; and back again.
    def test_the_world_arrives_and_alerts_fire_and_end(self):
        self.wait_for_world()
        self.assertEqual(self.prometheus.query('node_textfile_scrape_error')[0][1], '0')
        lasting = {('HomelabNodeStale', 'old'), ('HomelabNodeOffline', 'off'),
                   ('HomelabDegraded', None)}
        self.wait_for_alerts(lasting | {('HomelabObserverDead', None),
                                        ('HomelabCriticalIncident', 'lan')})
        self.homelab.at += datetime.timedelta(seconds=600)
        self.homelab.put('lan', 1, 'service_recovered', ODD[0])
        self.homelab.put('vps', 1, 'node_online')    # not in the topology
        self.homelab.observe()
        self.wait_for_world()
        self.wait_for_alerts(lasting)
        self.assertEqual(self.prometheus.query(
            'homelab_active_incidents{severity="critical"}')[0][1], '0')


if __name__ == '__main__':
    unittest.main()
