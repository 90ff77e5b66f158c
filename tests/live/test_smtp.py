"""The hook smtp against a real SMTP server, aiosmtpd, which keeps what it gets as a maildir."""

import email
import email.policy
import sys

from live import LiveTest, free_port
from outbox import event, incident_event


class Smtp(LiveTest):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.box = self.lab.work / 'box'
        self.serve(sys.executable, '-B', '-m', 'aiosmtpd', '-n', '-l', '127.0.0.1:%d' % self.port,
                   '-c', 'aiosmtpd.handlers.Mailbox', str(self.box), port=self.port)
        self.enable('smtp')
        self.settings = {'SMTP_URL': 'smtp://127.0.0.1:%d' % self.port, 'SMTP_TLS': 'no',
                         'SMTP_FROM': 'homelab@example.org', 'SMTP_TO': 'a@example.org  b@example.net'}

    def mails(self):
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                for path in sorted(self.box.glob('new/*'), key=lambda p: p.stat().st_mtime_ns)]

    def tell(self, *events, **more):
        self.lab.tell(*events)
        return self.run_notify('--hold', '0', **dict(self.settings, **more))

    def test_a_mail_arrives_as_it_should(self):
        self.tell(incident_event('incident_opened', message='böse 🏠'),
                  event('status_changed', 'world', 'NOMINAL', 'DEGRADED'))
        (mail,) = self.mails()
        self.assertEqual(mail['From'], 'homelab@example.org')
        self.assertEqual(mail['To'], 'a@example.org, b@example.net')
        self.assertEqual(mail['X-RcptTo'], 'a@example.org, b@example.net')
        self.assertEqual(mail['Subject'], 'saturn/mosquitto: error: böse 🏠 (and 1 more)')
        self.assertEqual(mail['Auto-Submitted'], 'auto-generated')
        self.assertIsNotNone(mail['Date'].datetime)
        self.assertEqual(mail.get_content().splitlines(), [
            'saturn/mosquitto: error: böse 🏠', 'homelab: DEGRADED, was NOMINAL'])
        self.assertEqual(mail.defects, [])

    def test_nothing_of_a_message_becomes_a_header_a_body_or_an_end(self):
        nasty = 'x\r\nBcc: evil@example.org\r\n\r\nbody\r\n.\r\nMAIL FROM:<evil@example.org>\r\n'
        for where in ({'message': nasty}, {'service': 'web\r\nBcc: evil@example.org\r\n'},
                      {'node': 'n?=\nBcc: evil@example.org', 'message': '=?utf-8?q?=0ABcc:_e?='}):
            self.tell(incident_event('incident_opened', **where))
        mails = self.mails()
        self.assertEqual(len(mails), 3)
        for mail in mails:
            self.assertIsNone(mail['Bcc'])
            self.assertEqual(len(mail.get_all('Subject')), 1)
            self.assertNotIn('\n', mail['Subject'])
            self.assertEqual(mail['X-MailFrom'], 'homelab@example.org')
            self.assertIn('Bcc', mail.get_content())
            self.assertEqual(mail.defects, [])
        self.assertEqual(mails[0].get_content().strip(), 'saturn/mosquitto: error: x '
                         'Bcc: evil@example.org body . MAIL FROM:<evil@example.org>')

    def test_lines_and_headers_are_of_a_length_that_servers_take(self):
        self.tell(*[incident_event('incident_opened', i, message='🏠' * 1000) for i in range(60)])
        (path,) = self.box.glob('new/*')
        self.assertLess(max(len(line) for line in path.read_bytes().splitlines()), 79)
        (mail,) = self.mails()
        self.assertIn('and 10 more', mail.get_content())

    def test_what_fails_comes_again_with_the_same_id(self):
        script = self.lab.hooks / 'smtp'
        script.write_text(script.read_text() + '\nexit 1\n')
        self.tell(incident_event('incident_opened'))
        self.run_notify('--hold', '0', now=self.lab.place('smtp')['next_attempt'], **self.settings)
        first, second = self.mails()
        self.assertEqual(first['Message-ID'], second['Message-ID'])
        self.assertTrue(first['Message-ID'].endswith('@example.org>'))

    def test_without_encryption_nothing_is_sent_unless_allowed(self):
        done = self.tell(incident_event('incident_opened'), SMTP_TLS='', SMTP_USER='me',
                         SMTP_PASSWORD='s3cret"\\')
        self.assertIn('smtp ended with', done.stderr)
        self.assertEqual(self.mails(), [])

    def test_the_example_arrives_and_nothing_where_nothing_is_to_say(self):
        self.run_notify('--test', 'smtp', **self.settings)
        self.tell(incident_event('incident_recurred'))
        (mail,) = self.mails()
        self.assertIn('This is a test', mail['Subject'])
