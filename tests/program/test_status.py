"""homelab-status as a process: screens, lists, stories, JSON, --check, exit statuses.

Worlds are made by the real observer from fixtures/, and compared with what Python reads in them.
"""
import json
import re
import subprocess
import time
import unittest

import test_readers
import worlds

NOW = '2026-05-12T12:20:00Z'
VERDICTS = {'NOMINAL': 0, 'DEGRADED': 1, 'CRITICAL': 2}
# Fixtures of one run, in which nothing has to be another user's.
PLAIN = sorted(path.parent.name for path in worlds.FIXTURES.glob('*/expected')
               if (path.parent / 'events').is_dir() and not (path.parent / 'infrastructure').exists())
PERFDATA = re.compile(r"'[a-z_]+'=-?\d+s?(;\d*){0,3}")


def service_matters(key, service, drift):
    if service['status'] == 'unknown' and not service['monitored']:
        return False
    return service['status'] != 'healthy' or any(key in keys for keys in drift.values())


class Demo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root, cls.now = worlds.of_fixture(cls, 'homelab')

    def status(self, *options, now=None, **env):
        return worlds.status(self.root, now or worlds.later(self.now, seconds=25), *options, **env)

    def text(self, *options, **more):
        done = self.status(*options, **more)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return done.stdout

    def test_the_overview_says_how_it_stands_and_why(self):
        lines = self.text().splitlines()
        self.assertEqual(lines[0], 'CRITICAL  as of 25 s ago; 4310 events')
        for line in ('  1 critical incident: saturn/nextcloud-db',
                     '  2 incidents active: saturn/immich-ml, saturn/nextcloud',
                     '  1 intermittent node away: chelsty-infra', '  1 node under pressure: saturn',
                     '  1 service never reported: nas/urbackup', '  1 service silent: vps/umami',
                     '  last run: 1 rejected', 'NODES  7: 6 online, 1 offline',
                     'SERVICES  102: 97 healthy, 3 unhealthy, 2 unknown',
                     'INCIDENTS  21: 3 active, 18 resolved',
                     'DEPLOYMENTS  12: 1 in progress, 1 stalled, 2 failed, 8 completed',
                     '  on the observer\'s host: stage deploy, last service gitea-db'):
            self.assertIn(line, lines)
        rows = '\n'.join(lines)
        for row in (r'critical +saturn/nextcloud-db +66 m ago +6 m ago +13 +FATAL: sorry, too many '
                    r'clients already +operator started 36 m ago',
                    r'saturn +online .* 25/28 +memory high, 3 incidents',
                    r'chelsty-infra +offline +4 h ago +3 h ago +9/9 +intermittent',
                    r'nas/urbackup +unknown +never +never +missing: never reported',
                    r'vps/umami +healthy .* silent', r'saturn/jupyter-test .* undeclared',
                    r'in_progress +deploy-20260511-gitea +saturn +gitea, gitea-db +prepare +6 m ago',
                    r'stalled +deploy-20260509-vector', r'failed +deploy-20260510-exporters'):
            self.assertRegex(rows, row)
        self.assertNotIn('dep-1778254200-lab-argocd', rows)  # made up for by a later run

    def test_a_failing_observer_is_said_when_and_why(self):
        root, now = worlds.of_fixture(self, 'homelab')
        path = root / 'world/runtime-summary.json'
        summary = json.loads(path.read_text())
        summary['observation']['last_error'] = {
            'cycle': 9, 'observed_at': now, 'source_count': 7, 'stage': 'poll',
            'message': 'cannot write \x1b[31mstate: No space left on device'}
        path.write_text(json.dumps(summary))
        shown = worlds.status(root, worlds.later(now, seconds=25)).stdout.splitlines()
        self.assertIn('  the observer failed 25 s ago: cannot write \\x1b[31mstate: '
                      'No space left on device', shown)

    def test_what_is_worse_comes_first(self):
        lines = self.text('incidents', '--all').splitlines()[2:]
        found = worlds.load(self.root, 'incidents')
        rank = {'critical': 0, 'error': 1, 'warning': 2, 'info': 3}
        order = sorted(found.values(), key=lambda i: (
            5 if i['status'] == 'resolved' else rank[i['severity']], [-ord(c) for c in i['started_at']]))
        self.assertEqual([line.split()[1] for line in lines], [i['id'] for i in order])

    def test_lists_say_what_they_leave_out(self):
        self.assertIn('  and 96 with --all\n', self.text('services'))
        self.assertNotIn('--all', self.text('services', '--all'))
        self.assertEqual(len(self.text('services', '--all').splitlines()), 2 + 102)
        self.assertEqual(self.text('incidents', '--node', 'nas'),
                         'INCIDENTS  2: 2 resolved\n  2 with --all\n')

    def test_times_are_exact_with_verbose(self):
        self.assertRegex(self.text('incidents', '--verbose'),
                         r'2026-05-11T05:24:00Z +2026-05-11T06:24:00Z +13')
        self.assertTrue(self.text('--verbose').startswith('CRITICAL  as of 2026-05-11T06:30:00Z;'))

    def test_filters_are_everywhere(self):
        for options in (('--node', 'saturn', '--service', 'nextcloud-db'),
                        ('--service', 'saturn/nextcloud-db')):
            text = self.text(*options)
            self.assertIn('; what follows is of saturn/nextcloud-db alone\n', text)
            for title in ('NODES  1: 1 online', 'SERVICES  1: 1 unhealthy', 'INCIDENTS  1: 1 active',
                          'DEPLOYMENTS  1: 1 completed'):
                self.assertIn(title + '\n', text)
            self.assertNotIn('piha', text)

    def test_no_such_thing_ends_with_1(self):
        for options, word in ((['--node', 'nowhere'], 'nowhere'), (['--service', 'nothing'], 'nothing'),
                              (['--service', 'nas/nextcloud-db'], 'on nas'),
                              (['incidents', 'inc-1'], 'inc-1'), (['deployments', 'd'], ' d '),
                              (['incidents', 'inc-1', '--json'], 'inc-1'),
                              (['incidents', 'piha/nextcloud-db'], 'piha/')):
            done = self.status(*options)
            self.assertEqual((done.returncode, done.stdout), (1, ''), options)
            self.assertRegex(done.stderr, r'^homelab-status: error: no .*%s.*\n$' % re.escape(word))

    def test_usage_errors_end_with_64(self):
        for options, word in ((['--nonsense'], '--nonsense'), (['cheese'], 'cheese'),
                              (['nodes', 'piha'], 'piha'), (['incidents', 'a', 'b'], 'b'),
                              (['--now', 'soon'], 'soon'), (['--node'], '--node'),
                              (['--warning-age', '1h'], '--critical-age'),
                              (['--service', '/x'], '/x'), (['--root', ''], '--root')):
            done = self.status(*options)
            self.assertEqual((done.returncode, done.stdout), (64, ''), options)
            self.assertIn(word, done.stderr)
            self.assertEqual(done.stderr.count('\n'), 1)

    def test_help_and_version_name_every_option(self):
        text = self.text('--help')
        for word in ('root node service all json follow check warning-age critical-age now verbose '
                     'version help').split():
            self.assertIn('--' + word, text)
        self.assertRegex(self.text('--version'), r'^homelab-status \d+\.\d+')

    def test_output_that_cannot_be_written_ends_with_74(self):
        with open('/dev/full', 'w') as full:
            done = subprocess.run([worlds.STATUS, '--root', self.root], stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=worlds.TIMEOUT)
        self.assertEqual(done.returncode, 74)
        self.assertIn('No space left', done.stderr)

    # Stories

    def test_the_story_of_an_incident(self):
        for name in ('saturn/nextcloud-db', 'inc-1778477040-saturn-nextcloud-db'):
            text = self.text('incidents', name, '--all')
            self.assertIn('active for 66 m, failed 13 times\n', text)
            self.assertIn('FATAL: sorry, too many clients already\n', text)
            told = re.findall(r'^  (2026\S+) .*?((?:failed|remediation).*)$', text, re.M)
            record = worlds.load(self.root, 'incidents')['inc-1778477040-saturn-nextcloud-db']
            self.assertEqual([at for at, what in told if what.startswith('failed')], record['events'])
            self.assertIn(('2026-05-11T05:54:00Z', 'remediation started by operator'), told)
            self.assertEqual(told, sorted(told, key=lambda one: one[0]))
            self.assertIn('  incident inc-1778477400-saturn-nextcloud, error, active, '
                          'began 6 m after it\n', text)
        self.assertIn('... 7 more with --all\n', self.text('incidents', 'saturn/nextcloud-db'))

    def test_an_incident_after_a_deployment_says_so(self):
        text = self.text('incidents', 'inc-1778064120-vps-authelia')
        self.assertIn('resolved after 33 m', text)
        self.assertIn('resolved: service_recovered', text)
        self.assertIn('  deployment deploy-20260506-authelia, completed, began 12 m before it\n', text)

    def test_the_story_of_a_deployment(self):
        text = self.text('deployments', 'deploy-20260506-authelia')
        self.assertIn('  incident inc-1778064120-vps-authelia, error, resolved, '
                      'began 12 m after its start\n', text)
        self.assertIn('logs/deploy/20260506-authelia/verify.log\n', text)
        self.assertIn('tried 2 times\n', text)
        self.assertIn('failed at stage verify', self.text('deployments', 'deploy-20260510-exporters'))

    # JSON

    def test_json_is_what_the_world_has(self):
        for name in worlds.DOCUMENTS:
            self.assertEqual(self.text(name, '--json', '--all').encode(),
                             (self.root / 'world' / (name + '.json')).read_bytes())
        found = json.loads(self.text('--json', '--all'))
        self.assertEqual(found.pop('summary'), worlds.load(self.root, 'runtime-summary'))
        self.assertEqual(found, {name: worlds.load(self.root, name) for name in worlds.DOCUMENTS})

    def test_json_is_filtered(self):
        incidents = worlds.load(self.root, 'incidents')
        for options, test in (((), lambda i: i['status'] == 'active'),
                              (('--all', '--node', 'piha'), lambda i: i['node'] == 'piha'),
                              (('--all', '--service', 'authelia'), lambda i: i['service'] == 'authelia'),
                              (('inc-1778064120-vps-authelia',),
                               lambda i: i['id'] == 'inc-1778064120-vps-authelia')):
            wanted = {key: i for key, i in incidents.items() if test(i)}
            self.assertTrue(wanted)
            self.assertEqual(json.loads(self.text('incidents', '--json', *options)), wanted)
        runs = worlds.load(self.root, 'deployments')
        self.assertEqual(json.loads(self.text('deployments', '--json', '--all', '--node', 'piha')),
                         {key: run for key, run in runs.items() if 'piha' in run['nodes']})
        drift = worlds.load(self.root, 'runtime-summary')['drift']
        self.assertEqual(json.loads(self.text('services', '--json')),
                         {key: s for key, s in worlds.load(self.root, 'services').items()
                          if service_matters(key, s, drift)})

    # How old it is

    def test_an_old_world_is_said_loudly(self):
        for seconds, old in ((120, False), (121, True), (86400 * 3, True)):
            now = worlds.later(self.now, seconds=seconds)
            for options in ((), ('nodes',), ('services',), ('incidents', 'saturn/nextcloud')):
                text = self.text(*options, now=now)
                self.assertEqual(text.startswith('THIS WORLD IS OLD: of 2026-05-11T06:30:00Z, '), old)
            self.assertEqual('was CRITICAL' in self.text(now=now), old)
            self.assertEqual('the world is old' in self.status('--json', now=now).stderr, old)
        self.assertNotIn('OLD', self.text('--warning-age', '4d', '--critical-age', '5d', now=now))

    def test_a_world_dated_ahead_is_said_loudly(self):
        self.assertTrue(self.text(now='2026-05-11T06:20:00Z').startswith(
            'THIS WORLD IS DATED AHEAD: by 10 m.'))

    def test_history_of_the_observer(self):
        self.assertEqual(self.text('history').splitlines()[1].split(),
                         ['25', 's', 'ago', 'world', 'rebuilt', 'world', 'CRITICAL'])

    def test_history_that_is_not_there_is_said_plainly(self):
        root, now = worlds.of_fixture(self, 'lifecycle')
        (root / 'world/history.json').unlink()
        done = worlds.status(root, now, 'history')
        self.assertEqual((done.returncode, done.stdout), (74, ''))
        self.assertIn('history.json: No such file or directory; does the observer keep a history?',
                      done.stderr)


class Fixtures(unittest.TestCase):
    """Whatever world the observer makes can be looked at in every way."""

    def test_every_world(self):
        self.assertGreater(len(PLAIN), 20)
        for name in PLAIN:
            with self.subTest(name):
                self.look_at(*worlds.of_fixture(self, name))

    def test_containers_of_a_service(self):
        root, now = worlds.of_fixture(self, 'containers-hostile')
        self.assertNotIn('CONTAINERS', worlds.status(root, now, 'services').stdout)
        shown = worlds.status(root, now, 'services', '--service', 'vps/markup').stdout
        self.assertEqual(worlds.unseen(shown), [])
        self.assertIn('\\x1b[31m\\x0a\\u202e../../etc/passwd', shown)
        root, now = worlds.of_fixture(self, 'containers-older')
        lines = worlds.status(root, now, 'services', '--service', 'later').stdout.splitlines()
        self.assertEqual(lines[3], 'CONTAINERS')
        self.assertRegex(lines[5], r'  vps/later +failed +20 m ago +0 +exit 2 +registry.lan/web:1.4 ')
        lines = worlds.status(root, now, 'services', '--service', 'api').stdout.splitlines()
        self.assertEqual([line.split()[0] for line in lines[5:]],
                         ['vps/api-1', 'vps/api-10', 'vps/api-2'])

    def test_the_deployment_of_an_incident(self):
        root, now = worlds.of_fixture(self, 'which-service')
        for key, incident in worlds.load(root, 'incidents').items():
            shown = worlds.status(root, now, 'incidents', key).stdout
            said = 'deployment    %s' % incident['deployment']
            self.assertEqual(said in shown.splitlines(), incident['deployment'] is not None)

    def look_at(self, root, now):
        summary = worlds.load(root, 'runtime-summary')
        for options in ((), ('--all',), ('nodes',), ('services', '--all'), ('incidents', '--all'),
                        ('deployments', '--all'), ('--verbose',)):
            done = worlds.status(root, now, *options)
            self.assertEqual((done.returncode, done.stderr), (0, ''))
            self.assertEqual(worlds.unseen(done.stdout), [])
        for document in worlds.DOCUMENTS:
            found = worlds.load(root, document)
            self.assertEqual(json.loads(worlds.status(root, now, document, '--json', '--all').stdout),
                             found)
            for key in list(found)[:5] if document in ('incidents', 'deployments') else ():
                done = worlds.status(root, now, document, key)
                self.assertEqual((done.returncode, done.stderr), (0, ''))
        shown = json.loads(worlds.status(root, now, 'services', '--json').stdout)
        self.assertEqual(set(shown), {key for key, s in worlds.load(root, 'services').items()
                                      if service_matters(key, s, summary['drift'])})
        self.check_plugin(root, now, summary)

    def check_plugin(self, root, now, summary):
        done = worlds.status(root, now, '--check')
        self.assertEqual(done.returncode, VERDICTS[summary['status']], done.stdout)
        if summary['status'] != 'NOMINAL':  # a reason for each verdict, and none without
            self.assertNotIn('all well', done.stdout)
        else:
            self.assertIn('all well', done.stdout)


class Check(unittest.TestCase):
    def setUp(self):
        self.root = worlds.scratch(self)

    def check(self, status, word, *options, now=NOW):
        done = worlds.status(self.root, now, '--check', *options)
        self.assertEqual(done.returncode, status, done.stdout)
        self.assertEqual(done.stdout.count('\n'), 1)
        self.assertTrue(done.stdout.startswith('HOMELAB %s - ' % word), done.stdout)
        self.assertEqual(done.stderr, '')
        text, bar, figures = done.stdout.rstrip('\n').partition('|')
        if status != 3:
            self.assertTrue(bar)
            for figure in figures.split():
                self.assertRegex(figure, r'\A%s\Z' % PERFDATA.pattern)
        return done.stdout

    def test_verdicts_are_exit_statuses(self):
        for word, alarm in (('NOMINAL', 'OK'), ('DEGRADED', 'WARNING'), ('CRITICAL', 'CRITICAL')):
            worlds.write(self.root, NOW, status=word)
            self.check(VERDICTS[word], alarm)
        worlds.write(self.root, NOW, status='PERFECT')
        self.check(3, 'UNKNOWN')

    def test_an_old_world_is_never_ok(self):
        worlds.write(self.root, NOW)
        for age, status, word in ((0, 0, 'OK'), (120, 0, 'OK'), (121, 1, 'WARNING'),
                                  (600, 1, 'WARNING'), (601, 2, 'CRITICAL'), (-121, 1, 'WARNING')):
            text = self.check(status, word, now=worlds.later(NOW, seconds=age))
            self.assertIn("'age'=%ds;120;600" % age, text)
        text = self.check(1, 'WARNING', '--warning-age', '30s', '--critical-age', '2h',
                          now=worlds.later(NOW, minutes=20))
        self.assertIn('world is old: 20 m', text)
        self.assertIn("'age'=1200s;30;7200", text)

    def test_names_cannot_break_the_line(self):
        name = 'a|b\nc\'d=1;2 \x1b[2J\u202e'
        worlds.write(self.root, NOW, {'incidents': {'inc-1': worlds.incident(1, service=name)}},
                     status='DEGRADED')
        text = self.check(1, 'WARNING')
        self.assertIn('vps/a\\x7cb\\x0ac\'d=1;2 \\x1b[2J\\u202e', text)
        self.assertEqual(worlds.unseen(text), [])

    def test_many_names_leave_the_figures_whole(self):
        long = '\u65e5' * 40
        incidents = {'inc-%d' % n: worlds.incident(n, service='%d%s' % (n, long), node='n' * 63)
                     for n in range(50)}
        nodes = {'%02d%s' % (n, 'x' * 60): {'status': 'offline', 'connectivity': 'permanent'}
                 for n in range(50)}
        worlds.write(self.root, NOW, {'incidents': incidents, 'nodes': nodes}, status='CRITICAL')
        text = self.check(2, 'CRITICAL')
        self.assertIn(' and 47 more', text)
        self.assertIn("'incidents'=50;0;;0", text)
        self.assertLess(len(text.partition('|')[0].encode()), 1100)

    def test_a_part_is_judged_by_its_own(self):
        nodes = {'a': {'status': 'online', 'connectivity': 'permanent', 'disk_pressure': 'high'},
                 'b': {'status': 'offline', 'connectivity': 'permanent'},
                 'c': {'status': 'online', 'connectivity': 'permanent'},
                 'd': {'status': 'stale', 'connectivity': 'intermittent'}}
        incidents = {'i': worlds.incident(1, node='c', service='s', severity='critical'),
                     'j': worlds.incident(2, node='c', service='t', severity='info')}
        services = {'c/%s' % s: {'node': 'c', 'service': s, 'status': 'unhealthy'} for s in 'stu'}
        worlds.write(self.root, NOW, {'nodes': nodes, 'incidents': incidents, 'services': services},
                     status='CRITICAL')
        for options, status, word in ((('--node', 'a'), 1, 'WARNING'), (('--node', 'b'), 2, 'CRITICAL'),
                                      (('--node', 'd'), 1, 'WARNING'), (('--node', 'c'), 2, 'CRITICAL'),
                                      (('--service', 'c/t'), 1, 'WARNING'),
                                      (('--service', 'u'), 0, 'OK'), (('--node', 'e'), 3, 'UNKNOWN')):
            self.check(status, word, *options)

    def test_what_cannot_be_read_is_unknown(self):
        self.check(3, 'UNKNOWN')
        worlds.write(self.root, NOW)
        for name in worlds.DOCUMENTS + ('runtime-summary',):
            path = self.root / 'world' / (name + '.json')
            content = path.read_bytes()
            for torn in (content[:-3], b'', b'[]', None):
                path.unlink()
                if torn is not None:
                    path.write_bytes(torn)
                text = self.check(3, 'UNKNOWN')
                self.assertIn(name + '.json', text)
            path.write_bytes(content)
        self.check(0, 'OK')

    def test_a_wrong_command_line_is_unknown(self):
        worlds.write(self.root, NOW)
        for options in (['--nonsense'], ['nodes'], ['--json'], ['--follow'], ['--warning-age', 'x']):
            self.check(3, 'UNKNOWN', *options)


class Consistency(unittest.TestCase):
    def setUp(self):
        self.root = worlds.scratch(self)
        worlds.write(self.root, NOW)

    def test_a_torn_world_is_shown_with_a_warning(self):
        for name in worlds.DOCUMENTS:
            path = self.root / 'world' / (name + '.json')
            content = path.read_bytes()
            worlds.replace(path, b'{\n}\n')
            done = worlds.status(self.root, NOW)
            self.assertEqual(done.returncode, 0)
            self.assertTrue(done.stdout.startswith('THIS WORLD IS TORN: its %s.json ' % name))
            worlds.replace(path, content)
        worlds.replace(path, b'{}')
        done = worlds.status(self.root, NOW, '--json')
        self.assertEqual(done.returncode, 0)
        self.assertIn('torn: its %s.json' % name, done.stderr)
        done = worlds.status(self.root, NOW, '--check')
        self.assertEqual(done.returncode, 1)
        self.assertIn('world is torn', done.stdout)
        worlds.replace(path, content)
        self.assertNotIn('TORN', worlds.status(self.root, NOW).stdout)

    def test_documents_of_the_right_size_alone_are_torn(self):
        node = {'status': 'online', 'connectivity': 'permanent'}
        worlds.write(self.root, NOW, {'nodes': {'aa': node}})
        worlds.replace(self.root / 'world/nodes.json', worlds.dump({'bb': node}))
        self.assertIn('TORN: its nodes.json', worlds.status(self.root, NOW).stdout)

    def test_what_is_missing_ends_with_74(self):
        for name in worlds.DOCUMENTS + ('runtime-summary',):
            path = self.root / 'world' / (name + '.json')
            content = path.read_bytes()
            path.unlink()
            done = worlds.status(self.root, NOW)
            self.assertEqual((done.returncode, done.stdout), (74, ''))
            self.assertIn('world/%s.json: No such file' % name, done.stderr)
            path.write_bytes(content)
        self.assertEqual(worlds.status(self.root / 'nowhere', NOW).returncode, 74)

    def test_links_in_the_world_are_not_followed(self):
        path = self.root / 'world/nodes.json'
        path.rename(self.root / 'elsewhere')
        path.symlink_to(self.root / 'elsewhere')
        self.assertEqual(worlds.status(self.root, NOW).returncode, 74)

    def test_a_set_that_is_being_replaced_is_waited_for(self):
        """Half of the new world is there; the rest comes while it is read again."""
        node = {'status': 'online', 'connectivity': 'permanent'}
        other = worlds.scratch(self)
        worlds.write(other, NOW, {'nodes': {'new': node}}, status='DEGRADED')
        (other / 'world/nodes.json').rename(self.root / 'world/nodes.json')
        process = subprocess.Popen([worlds.STATUS, '--root', self.root, '--now', NOW],
                                   stdout=subprocess.PIPE, text=True, env=worlds.environment())
        time.sleep(0.3)
        summary = (other / 'world/runtime-summary.json').read_bytes()
        worlds.replace(self.root / 'world/runtime-summary.json', summary)
        text = process.communicate(timeout=worlds.TIMEOUT)[0]
        self.assertTrue(text.startswith('DEGRADED '), text)
        self.assertIn('NODES  1: 1 online', text)


class Readers(test_readers.Readers):
    """While runs of the observer go on, what is shown is of one run."""

    least = 5  # a process each

    def read_one(self):
        done = worlds.status(self.root, None, '--json', '--all', '--warning-age', '9999d',
                             '--critical-age', '9999d')
        found = json.loads(done.stdout)
        self.assertEqual(done.returncode, 0)
        if done.stderr:
            return False
        self.failures += test_readers.dangling(
            {name + '.json': found[name] for name in worlds.DOCUMENTS})
        return True


if __name__ == '__main__':
    unittest.main()
