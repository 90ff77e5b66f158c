"""Incidents in the real Alertmanager: they fire, go on, end, and are there again after a restart."""

import http.server
import json
import shutil
import threading
import time
import urllib.request

from live import LiveTest, find, free_port, wait_for
from outbox import incident

CONFIG = """global:
  resolve_timeout: 1s
route:
  receiver: test
  group_by: [incident]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
receivers:
- name: test
  webhook_configs:
  - url: http://127.0.0.1:%d/
    send_resolved: true
"""


def stamp(offset):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + offset))


class Receiver:
    """Where Alertmanager sends what it would page somebody with: (status, incident)."""

    def __init__(self):
        told = self.told = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
                told.extend((a['status'], a['labels']['incident']) for a in body['alerts'])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Alertmanager(LiveTest):
    def setUp(self):
        super().setUp()
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)
        (self.lab.work / 'alertmanager.yml').write_text(CONFIG % self.receiver.port)
        self.port = free_port()
        self.server = self.start()
        self.enable('alertmanager', 'state')

    def start(self):
        data = self.lab.work / 'data'
        shutil.rmtree(data, ignore_errors=True)
        server = self.serve(
            find('prometheus-alertmanager'), '--config.file', str(self.lab.work / 'alertmanager.yml'),
            '--storage.path', str(data), '--cluster.listen-address=',
            '--web.listen-address=127.0.0.1:%d' % self.port, port=self.port)
        wait_for(lambda: self.get('/-/ready'))
        return server

    def get(self, path):
        with urllib.request.urlopen('http://127.0.0.1:%d%s' % (self.port, path), timeout=10) as page:
            return page.read()

    def firing(self):
        alerts = json.loads(self.get('/api/v2/alerts?active=true'))
        return {a['labels']['incident']: a for a in alerts}

    def tell(self, *incidents, **more):
        self.lab.write_incidents(*incidents)
        self.run_notify(ALERTMANAGER_URL='http://127.0.0.1:%d/' % self.port, **more)

    def test_an_incident_fires_outlives_resolve_timeout_and_ends(self):
        mine = incident(1, severity='critical', message='refused\n"x"', started_at=stamp(-100))
        other = incident(2, 'pluto', 'zürich', started_at=stamp(-50.5))
        self.tell(mine, other)
        wait_for(lambda: ('firing', mine['id']) in self.receiver.told)
        wait_for(lambda: ('firing', other['id']) in self.receiver.told)
        alert = self.firing()[mine['id']]
        self.assertEqual(alert['labels'], {
            'alertname': 'HomelabIncident', 'incident': mine['id'], 'node': 'saturn',
            'service': 'mosquitto', 'severity': 'critical'})
        self.assertEqual(alert['annotations']['description'], 'refused\n"x"')
        self.assertEqual(alert['startsAt'][:19] + 'Z', mine['started_at'])
        time.sleep(3)                       # three times resolve_timeout
        self.assertEqual(set(self.firing()), {mine['id'], other['id']})
        self.assertNotIn('resolved', dict(self.receiver.told))
        self.tell(dict(mine, status='resolved', resolved_at=stamp(-1)), other)
        wait_for(lambda: ('resolved', mine['id']) in self.receiver.told)
        self.assertEqual(set(self.firing()), {other['id']})

    def test_it_survives_a_restart_that_forgot_everything(self):
        mine = incident(1, started_at=stamp(-100))
        self.tell(mine)
        wait_for(lambda: ('firing', mine['id']) in self.receiver.told)
        self.end(self.server)
        self.lab.write_incidents(mine)
        done = self.run_notify(ALERTMANAGER_URL='http://127.0.0.1:%d' % self.port)
        self.assertIn('state/alertmanager ended with 1', done.stderr)
        self.server = self.start()
        self.assertEqual(self.firing(), {})
        self.tell(mine)
        self.assertEqual(set(self.firing()), {mine['id']})

    def test_if_nobody_posts_any_more_it_would_end_after_five_minutes(self):
        mine = incident(1, started_at=stamp(-100))
        before = time.time()
        self.tell(mine)
        ends = self.firing()[mine['id']]['endsAt'][:19] + 'Z'
        self.assertLessEqual(time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(before + 299)), ends)
        self.assertLessEqual(ends, stamp(301))

    def test_resolved_ones_are_posted_for_ten_minutes(self):
        self.tell(incident(1, started_at=stamp(-900), status='resolved', resolved_at=stamp(-590)),
                  incident(2, started_at=stamp(-900), status='resolved', resolved_at=stamp(-610)))
        self.assertEqual(self.firing(), {})
        wait_for(lambda: b'alertmanager_alerts_received_total{status="resolved",version="v2"} 1\n'
                 in self.get('/metrics'))

    def test_the_example_fires(self):
        self.tell(incident())
        self.run_notify('--test', 'state/alertmanager',
                        ALERTMANAGER_URL='http://127.0.0.1:%d' % self.port)
        (alert,) = [a for i, a in self.firing().items() if 'example' in i]
        self.assertEqual(alert['labels']['severity'], 'info')

    def test_of_several_all_get_it_and_one_that_is_down_is_said(self):
        down = 'http://127.0.0.1:%d' % free_port()
        self.lab.write_incidents(incident())
        done = self.run_notify(ALERTMANAGER_URL='%s http://127.0.0.1:%d' % (down, self.port))
        self.assertIn('state/alertmanager ended with 1', done.stderr)
        self.assertEqual(set(self.firing()), {incident()['id']})
