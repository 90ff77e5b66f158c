"""homelab-status on terminals, and what hostile strings of the world do there: nothing."""
import itertools
import json
import re
import unicodedata
import unittest

import picture
import worlds

NOW = '2026-05-12T12:20:00Z'
COLOURS = re.compile(r'\x1b\[(0|1|2|32|33|1;31|1;37;41)m')  # its own, and no others
VIEWS = ((), ('nodes',), ('services', '--all'), ('incidents',), ('incidents', '--all'),
         ('deployments', '--all'))


class Terminals(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root, cls.now = worlds.of_fixture(cls, 'homelab')

    def show(self, columns, *options, now=None, **env):
        terminal = worlds.Terminal(self, columns, self.root, now or self.now, *options, **env)
        text = terminal.read()
        self.assertEqual(terminal.status, 0, text)
        return text

    def test_lines_fit_every_width(self):
        for columns in (1, 20, 40, 80, 132, 200):
            for options in VIEWS:
                plain = COLOURS.sub('', self.show(columns, *options))
                self.assertEqual(worlds.unseen(plain), [])
                for line in plain.splitlines():
                    self.assertLessEqual(worlds.width(line), columns, line)

    def test_the_picture_of_the_readme_is_what_is_shown(self):
        self.assertEqual(picture.picture(self), picture.PICTURE.read_text(encoding='utf-8'),
                         'python3 -B tests/program/picture.py makes it anew')

    def test_what_is_cut_is_seen_to_be(self):
        wide = worlds.status(self.root, self.now, 'incidents').stdout.splitlines()
        for line, whole in zip(COLOURS.sub('', self.show(60, 'incidents')).splitlines(), wide):
            if 'FATAL' in line:
                self.assertTrue(line.endswith('\u2026'))
                self.assertIn(line.split()[-1].rstrip('\u2026'), whole)

    def test_stories_are_not_cut(self):
        text = COLOURS.sub('', self.show(40, 'incidents', 'saturn/nextcloud-db'))
        self.assertEqual(text, worlds.status(self.root, self.now, 'incidents',
                                             'saturn/nextcloud-db').stdout)

    def test_colour_is_for_terminals_alone_and_says_nothing_else(self):
        for options in VIEWS:
            coloured = self.show(100, *options)
            self.assertIn('\x1b[', coloured)
            self.assertIn('\x1b[', self.show(100, *options, NO_COLOR=''))
            plain = self.show(100, *options, NO_COLOR='1')
            self.assertNotIn('\x1b', plain)
            self.assertEqual(COLOURS.sub('', coloured), plain)
            for env in ({'TERM': 'dumb'}, {'TERM': None}):
                self.assertEqual(self.show(100, *options, **env), plain)
            done = worlds.status(self.root, self.now, *options, COLUMNS='100')
            self.assertEqual(done.stdout, plain)

    def test_old_is_red(self):
        text = self.show(100, now=worlds.later(self.now, minutes=3))
        self.assertTrue(text.startswith('\x1b[1;37;41mTHIS WORLD IS OLD'))
        self.assertNotIn('41m', self.show(100))

    def test_pipes_get_whole_lines(self):
        self.assertNotIn('\u2026', worlds.status(self.root, self.now).stdout)
        long = max(worlds.status(self.root, self.now, 'deployments').stdout.splitlines(), key=len)
        self.assertGreater(len(long), 120)

    def test_columns_count_where_there_is_no_terminal(self):
        for columns in (40, 80):
            text = worlds.status(self.root, self.now, COLUMNS=str(columns)).stdout
            self.assertEqual(text, self.show(columns, NO_COLOR='1'))
        for columns in ('0', 'many', '-1', ''):
            self.assertNotIn('\u2026', worlds.status(self.root, self.now, COLUMNS=columns).stdout)

    def test_without_utf8_it_is_ascii(self):
        for locale in ('C', 'POSIX', 'xx_XX.none'):
            for options in VIEWS:
                text = self.show(70, *options, LC_ALL=locale, NO_COLOR='1')
                self.assertTrue(text.isascii())
                self.assertLessEqual(max(map(len, text.splitlines())), 70)
            self.assertIn('...', text)
        self.assertIn('camera \\u00bbHof\\u00ab', worlds.status(
            self.root, self.now, 'incidents', '--all', LC_ALL='C').stdout)

    def test_json_has_no_colour_and_is_not_cut(self):
        text = self.show(20, 'nodes', '--json')
        self.assertEqual(json.loads(text), worlds.load(self.root, 'nodes'))


class Hostile(unittest.TestCase):
    def events(self):
        names = ('<img src=x onerror=alert(1)>', 'a\u202egpj.exe', 'zero\u200bwidth', '\u0085next',
                 '\u009b31mred', '\ufefforder', 'tag\U000e0041', '日' * 42, '🏠' * 32, 'e\u0301tude',
                 '__proto__', '%s%n%s', '../x'.replace('/', '\\'), '|'.join('abc'), ' ')
        for second, name in enumerate(names):
            yield {'timestamp': '2026-05-12T12:05:%02dZ' % second, 'node': 'vps', 'service': name,
                   'type': 'service_unhealthy', 'source': '\x1b]0;title\x07',
                   'message': '\x1b[2J\x1b[H\r\n\x07\x7f' + name * 8}
        yield {'timestamp': '2026-05-12T12:06:00Z', 'node': 'vps', 'type': 'deployment_failed',
               'service': 'x', 'correlation_id': '\u2066dep\x1b[31m',
               'payload': {'stage': '\x1b[5m', 'diagnostics': ['/tmp/\u202e\n\x1b[1m']},
               'message': 'x' * 300}
        yield {'timestamp': '2026-05-12T12:06:00Z', 'node': 'vps', 'type': 'node_health',
               'payload': {'disk_pressure': '\x1b[31mhigh\u202e', '\x1b[0m': 3, '\u200e': 1}}

    def setUp(self):
        self.root, self.now = worlds.of_events(self, self.events(), 'nodes:\n  vps:\n')

    def everything(self):
        yield from VIEWS
        yield from ((*view, '--json') for view in VIEWS)
        yield ('--check',)
        for name in ('incidents', 'deployments'):
            yield from ((name, key) for key in worlds.load(self.root, name))
            yield from ((name, key, '--json') for key in worlds.load(self.root, name))
        for service in worlds.load(self.root, 'services'):
            yield ('--service', service)

    # Rule: W4
    def test_nothing_of_it_is_raw(self):
        """No control and no format character, wherever it goes, but the colours of its own."""
        for options in self.everything():
            for columns in (40, 200):
                terminal = worlds.Terminal(self, columns, self.root, self.now, *options)
                text = terminal.read()
                self.assertIn(terminal.status, (0, 1) if '--check' in options else (0,))
                plain = COLOURS.sub('', text)
                self.assertEqual(worlds.unseen(plain), [], options)
                if options in VIEWS:
                    for line in plain.splitlines():
                        self.assertLessEqual(worlds.width(line), columns, line)
            done = worlds.status(self.root, self.now, *options)
            self.assertEqual(worlds.unseen(done.stdout + done.stderr), [], options)

    def test_columns_stand_below_each_other(self):
        """Whatever is as wide as it is: status begins where its title does."""
        lines = worlds.status(self.root, self.now, 'services').stdout.splitlines()
        at = lines[1].index('STATUS')
        rows = [line for line in lines[2:] if 'unhealthy' in line]
        self.assertGreater(len(rows), 10)
        for line in rows:
            self.assertEqual(worlds.width(line[:line.index('unhealthy')]), at, line)

    def test_json_means_the_same(self):
        for name in worlds.DOCUMENTS:
            done = worlds.status(self.root, self.now, name, '--json', '--all')
            self.assertEqual(json.loads(done.stdout), worlds.load(self.root, name))

    def test_no_service_like_that_is_said_without_it(self):
        done = worlds.status(self.root, self.now, '--service', '\x1b[31m\u202e')
        self.assertEqual(done.returncode, 1)
        self.assertIn('\\x1b[31m\\u202e', done.stderr)

    def test_every_character_there_is(self):
        """An incident for each 2,000 of Unicode; what is seen of it has none that isn't."""
        root = worlds.scratch(self)
        every = (chr(c) for c in range(1, 0x110000) if not 0xd800 <= c <= 0xdfff)
        incidents = {}
        for number in itertools.count():
            message = ''.join(itertools.islice(every, 2000))
            if not message:
                break
            incidents['inc-%d' % number] = worlds.incident(number, message)
        worlds.write(root, NOW, {'incidents': incidents})
        text = worlds.status(root, NOW, 'incidents').stdout
        self.assertEqual(worlds.unseen(text), [])
        for c in ('\\x01', '\\x7f', '\\u0085', '\\u202e', '\\U000e0041', '\u65e5', '\U0001f3e0'):
            self.assertIn(c, text)
        shown = set(text)
        for c in range(0x20, 0x110000):
            if unicodedata.category(chr(c))[0] in 'LNPS' and chr(c) not in '\u115f\u1160\u3164\uffa0':
                self.assertIn(chr(c), shown)


if __name__ == '__main__':
    unittest.main()
