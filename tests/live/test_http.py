"""The hooks webhook and ntfy against a real HTTP server, nginx, which notes what it was sent."""

import json
import os

from live import LiveTest, find, free_port
from outbox import event, incident, incident_event

CONFIG = """daemon off;
{user}
pid {work}/nginx.pid;
error_log stderr;
events {{ }}
http {{
    client_body_temp_path {work}/body;
    proxy_temp_path {work}/proxy;
    fastcgi_temp_path {work}/fastcgi;
    uwsgi_temp_path {work}/uwsgi;
    scgi_temp_path {work}/scgi;
    client_max_body_size 20m;
    client_body_buffer_size 20m;
    log_format told escape=json '{{"uri":"$request_uri","method":"$request_method",'
        '"type":"$content_type","authorization":"$http_authorization","title":"$http_title",'
        '"evil":"$http_evil","body":"$request_body"}}';
    server {{
        listen 127.0.0.1:{port};
        access_log {work}/told told;
        location / {{ proxy_pass http://unix:{work}/sink; }}
        location /broken {{ return 503; }}
    }}
    server {{ listen unix:{work}/sink; access_log off; location / {{ return 200; }} }}
}}
"""
NASTY = 'down\r\nEvil: yes\r\n\r\n{"topic":"other"}\n\u202e\x00"\\'.replace('\x00', '')


class Http(LiveTest):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.url = 'http://127.0.0.1:%d' % self.port
        config = self.lab.work / 'nginx.conf'
        config.write_text(CONFIG.format(work=self.lab.work, port=self.port,
                                        user='user root;' if os.geteuid() == 0 else ''))
        self.serve(find('nginx'), '-e', 'stderr', '-p', str(self.lab.work), '-c', str(config),
                   port=self.port)
        self.lab.hook('first')      # whatever is tried, this one gets on with it

    def told(self):
        lines = (self.lab.work / 'told').read_text().splitlines()
        return [json.loads(line) for line in lines if '"method":"POST"' in line]

    def tell(self, *events):
        self.lab.tell(*events)

    def test_webhook_posts_the_notification_as_it_is(self):
        self.enable('webhook')
        for _ in range(2):
            self.tell(incident_event('incident_opened', message=NASTY))
            self.run_notify(WEBHOOK_URL=self.url + '/in', WEBHOOK_TOKEN='s3cret')
        told = self.told()
        self.assertEqual([t['uri'] for t in told], ['/in'] * 2)
        for sent, got in zip(told, self.lab.got('first')):
            self.assertEqual(json.loads(sent['body']), got)
            self.assertEqual(sent['type'], 'application/json')
            self.assertEqual(sent['authorization'], 'Bearer s3cret')
            self.assertEqual(sent['evil'], '')

    def test_webhook_gets_large_ones_through(self):
        self.enable('webhook')
        self.tell(*[event('node_added', 'n%d' % i) for i in range(20000)])
        self.run_notify(WEBHOOK_URL=self.url + '/in')
        self.assertEqual(len(json.loads(self.told()[0]['body'])['events']), 20000)

    def test_what_the_server_refuses_comes_again(self):
        self.enable('webhook')
        self.tell()
        done = self.run_notify(WEBHOOK_URL=self.url + '/broken')
        self.assertIn('503', done.stderr)
        self.assertEqual(self.lab.place('webhook')['failures'], 1)
        due = self.lab.place('webhook')['next_attempt']
        self.run_notify(now=due, WEBHOOK_URL=self.url + '/in')
        self.assertEqual([t['uri'] for t in self.told()], ['/broken', '/in'])
        self.assertEqual(json.loads(self.told()[1]['body']), self.lab.got('first')[0])

    def test_without_its_settings_a_hook_says_which(self):
        for name in ('webhook', 'ntfy'):
            self.enable(name)
        self.tell()
        done = self.run_notify()
        self.assertIn('WEBHOOK_URL', done.stderr)
        self.assertIn('NTFY_URL', done.stderr)

    def ntfy(self, *events):
        self.enable('ntfy')
        self.tell(*events)
        self.run_notify('--hold', '0', NTFY_URL=self.url + '/homelab', NTFY_TOKEN='tk_1')
        return self.told()

    def test_ntfy_writes_a_sentence_and_nothing_becomes_a_header(self):
        (told,) = self.ntfy(incident_event('incident_opened', severity='critical', message=NASTY))
        self.assertEqual((told['uri'], told['authorization']), ('/', 'Bearer tk_1'))
        self.assertEqual((told['evil'], told['title']), ('', ''))
        body = json.loads(told['body'])
        self.assertEqual((body['topic'], body['priority']), ('homelab', 5))
        self.assertEqual(body['title'], 'saturn/mosquitto: critical: down Evil: yes '
                         '{"topic":"other"} "\\')
        self.assertEqual(body['message'], body['title'])

    def test_ntfy_says_all_that_is_worth_it_in_one_message(self):
        (told,) = self.ntfy(
            event('node_status_changed', 'pluto', 'online', 'offline', node='pluto'),
            event('service_status_changed', 'saturn/web', 'healthy', 'unhealthy'),
            incident_event('incident_opened'), incident_event('incident_recurred'),
            incident_event('incident_resolved', 2, 'vps', 'web', relapses=3),
            event('deployment_finished', 'deploy-7', 'in_progress', 'failed', message='no disk'),
            event('status_changed', 'world', 'NOMINAL', 'DEGRADED'))
        body = json.loads(told['body'])
        self.assertEqual(body['message'].split('\n'), [
            'pluto: offline, was online', 'saturn/mosquitto: error: connection refused',
            'vps/web: resolved (it came back 3 times)', 'deployment deploy-7: failed: no disk',
            'homelab: DEGRADED, was NOMINAL'])
        self.assertEqual(body['title'], 'pluto: offline, was online (and 4 more)')
        self.assertEqual(body['priority'], 4)

    def test_ntfy_is_silent_where_there_is_nothing_to_say(self):
        self.assertEqual(self.ntfy(incident_event('incident_recurred')), [])
        self.assertEqual(self.lab.place('ntfy')['failures'], 0)

    def test_ntfy_says_what_was_missed(self):
        self.ntfy(event('node_added', 'a'))
        self.lab.write_incidents(incident(1), incident(2, 'vps', 'web', severity='critical'))
        self.lab.line()
        (told,) = self.ntfy(event('node_added', 'b'))
        self.assertEqual(json.loads(told['body'])['message'].split('\n'), [
            'Some changes were missed. Active now: 2', 'saturn/mosquitto: error: connection refused',
            'vps/web: critical: connection refused'])

    def test_ntfy_is_not_overwhelmed(self):
        (told,) = self.ntfy(*[incident_event('incident_opened', i, 'n%d' % i, message='ü' * 500)
                              for i in range(300)])
        body = json.loads(told['body'])
        self.assertLessEqual(len(body['message']), 3000)

    def test_the_example_arrives(self):
        for name in ('ntfy', 'webhook'):
            self.enable(name)
            self.run_notify('--test', name, NTFY_URL=self.url + '/homelab',
                            WEBHOOK_URL=self.url + '/in')
        ntfy, webhook = (json.loads(t['body']) for t in self.told())
        self.assertIn('This is a test', ntfy['message'])
        self.assertEqual(webhook['reason'], 'test')
