"""homelab-event as a process: its options, what it writes, and what a real observer makes of it."""
import concurrent.futures
import datetime
import json
import os
import pathlib
import pty
import re
import resource
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
OBSERVER = str(TOP / os.environ.get('OBSERVER', 'build/homelab-observer'))
EVENT = str(pathlib.Path(OBSERVER).with_name('homelab-event'))
NAME = re.compile(r'\d{8}T\d{6}\.\d{9}Z_([a-z0-9_]+)_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-'
                  r'[89ab][0-9a-f]{3}-[0-9a-f]{12}\.json')


class Homelab(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix='event-'))
        self.addCleanup(shutil.rmtree, self.root)
        self.environment = {key: value for key, value in os.environ.items()
                            if key not in ('NODE_NAME', 'HOMELAB_CORRELATION_ID')}
        self.environment.update(HOMELAB_ROOT=str(self.root), NODE_NAME='nas')

    def run_event(self, *arguments, **more):
        more.setdefault('env', self.environment)
        if 'input' not in more:
            more.setdefault('stdin', subprocess.DEVNULL)
        more.setdefault('stdout', subprocess.PIPE)
        return subprocess.run([EVENT, *arguments], stderr=subprocess.PIPE, timeout=120, **more)

    def write(self, *arguments, **more):
        """Writes an event: its file and what's in it."""
        done = self.run_event(*arguments, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        path = pathlib.Path(os.fsdecode(done.stdout.removesuffix(b'\n')))
        return path, json.loads(path.read_bytes())

    def refuse(self, status, *arguments, **more):
        """Its one line of message; nothing is written."""
        before = self.files()
        done = self.run_event(*arguments, **more)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(done.stdout, b'')
        self.assertEqual(done.stderr.count(b'\n'), 1, done.stderr)
        self.assertTrue(done.stderr.startswith(b'homelab-event: error: '), done.stderr)
        self.assertEqual(self.files(), before)
        return done.stderr.decode()

    def files(self):
        return sorted(path for path in self.root.rglob('*') if path.is_file())

    def events(self):
        """What was written, as it's dated."""
        return sorted((json.loads(path.read_bytes()) for path in self.root.glob('events/*/*/*.json')),
                      key=lambda event: event['timestamp'])

    def observe(self):
        subprocess.run([OBSERVER, '--root', str(self.root), '--settle', '0'], check=True,
                       capture_output=True, timeout=120)
        summary = json.loads((self.root / 'world/runtime-summary.json').read_text())
        self.assertEqual(summary['observation']['totals']['rejected'], 0)
        return summary

    def world(self, name):
        return json.loads((self.root / 'world' / (name + '.json')).read_text())


class Options(Homelab):
    def test_each_is_a_member_of_the_event(self):
        path, event = self.write(
            'service_unhealthy', '--service', 'home assistant', '--node', 'piha',
            '--severity', 'critical', '--source', 'cron', '--correlation-id', 'run 1',
            '--message', 'no answer', '--payload', 'a=1', '--payload', 'b=text',
            '--at', '2026-05-12 14:00:00.5+02:00')
        self.assertEqual(event, {
            'timestamp': '2026-05-12T12:00:00.5Z', 'node': 'piha', 'type': 'service_unhealthy',
            'severity': 'critical', 'source': 'cron', 'service': 'home assistant',
            'correlation_id': 'run 1', 'message': 'no answer', 'payload': {'a': 1, 'b': 'text'}})
        self.assertEqual(path.parent.name, 'piha')

    def test_options_may_come_before_the_type_and_with_an_equals_sign(self):
        _, event = self.write('--service=web', '--', 'service_healthy')
        self.assertEqual((event['type'], event['service']), ('service_healthy', 'web'))

    def test_what_isnt_given_isnt_there(self):
        _, event = self.write('backup_done', '--message', '', '--source', '')
        self.assertEqual(set(event), {'timestamp', 'node', 'type'})

    def test_the_time_is_now_to_the_nanosecond_in_a_directory_of_today(self):
        before = time.time_ns()
        path, event = self.write('backup_done')
        after = time.time_ns()
        seconds, fraction = re.fullmatch(r'(.*?)(?:\.(\d+))?Z', event['timestamp']).groups()
        at = datetime.datetime.fromisoformat(seconds + '+00:00')
        written = int(at.timestamp()) * 10**9 + int((fraction or '').ljust(9, '0'))
        self.assertTrue(before <= written <= after)
        self.assertEqual(path.parent, self.root / 'events' / seconds[:10] / 'nas')
        self.assertEqual(NAME.fullmatch(path.name)[1], 'backup_done')
        self.assertEqual(path.name[:15], re.sub('[-:]', '', seconds))

    def test_the_path_is_that_of_the_writing_whatever_the_event_is_dated(self):
        earlier, _ = self.write('backup_done')
        path, _ = self.write('backup_done', '--at', '2026-05-12T12:00:00Z')
        self.assertGreater(str(path), str(earlier))
        self.assertNotIn('2026-05-12', str(path))

    def test_the_node_is_the_options_the_environments_or_the_hosts(self):
        self.assertEqual(self.write('x', '--node', 'vps')[1]['node'], 'vps')
        self.assertEqual(self.write('x')[1]['node'], 'nas')
        short = socket.gethostname().split('.')[0]
        for value in (None, ''):
            environment = dict(self.environment, NODE_NAME=value or '')
            if value is None:
                del environment['NODE_NAME']
            if re.fullmatch('[0-9a-f]{12}', short):
                self.assertIn('--node', self.refuse(64, 'x', env=environment))
            else:
                self.assertEqual(self.write('x', env=environment)[1]['node'], short)

    # Rule: E2
    def test_a_containers_id_is_refused_with_a_hint(self):
        environment = dict(self.environment, NODE_NAME='0123456789ab')
        for said in (self.refuse(64, 'x', env=environment),
                     self.refuse(64, 'x', '--node', 'abcdefabcdef')):
            self.assertIn('container', said)
            self.assertIn('--node', said)
            self.assertIn('NODE_NAME', said)
        self.write('x', '--node', '0123456789abc')
        self.write('x', '--node', '0123456789AB')

    def test_root_is_the_options_or_the_environments(self):
        (self.root / 'other').mkdir()
        path, _ = self.write('x', '--root', str(self.root / 'other'))
        self.assertEqual(path.parents[3], self.root / 'other')
        path, _ = self.write('x', '--root', 'other', cwd=self.root)
        self.assertEqual(path.parents[3], (self.root / 'other').resolve())

    def test_payloads_are_merged_and_the_last_of_a_key_counts(self):
        (self.root / 'more.json').write_text('{"a": [1, {"b": null}], "c": 0.1, "d": 1}')
        _, event = self.write('x', '--payload', 'a=1', '--payload-json',
                              str(self.root / 'more.json'), '--payload', 'd=true',
                              '--payload-json', '-', '--payload', 'g=-0.5', '--payload', 'h=null',
                              input=b'{"e": "\\u00e9", "f": {}}')
        self.assertEqual(event['payload'], {'a': [1, {'b': None}], 'c': 0.1, 'd': True,
                                            'e': '\u00e9', 'f': {}, 'g': -0.5, 'h': None})

    def test_help_and_version(self):
        done = self.run_event('--help')
        self.assertEqual((done.returncode, done.stderr), (0, b''))
        for word in ('service node severity source correlation-id message payload payload-json at '
                     'root version help').split():
            self.assertIn(b'\n  --%s ' % word.encode(), done.stdout)
        self.assertRegex(self.run_event('--version').stdout, rb'^homelab-event \d+\.\d+')
        self.assertEqual(self.run_event('run', '--help').stdout, done.stdout)
        self.assertEqual(self.files(), [])


class Refusals(Homelab):
    # Rules: E2, E4, E9
    def test_usage_errors_name_what_is_wrong(self):
        (self.root / 'list.json').write_text('[1]')
        (self.root / 'twice.json').write_text('{"a": 1,\n "a": 2}')
        listed, twice = str(self.root / 'list.json'), str(self.root / 'twice.json')
        for arguments, *words in (
                ([], 'TYPE'), (['--nonsense'], '--nonsense'), (['x', '--node'], '--node', 'argument'),
                (['x', 'y'], 'y'), (['Backup'], 'Backup', 'a-z'), (['x' * 65], 'type'), ([''], 'type'),
                (['x', '--service', ''], '--service'), (['x', '--service', 'a/b'], 'a/b'),
                (['x', '--service', b'\xff'], '--service', '\\xff'),
                (['x', '--service', 's' * 129], '--service', '128'),
                (['x', '--node', '../nas'], '../nas'), (['x', '--node', 'n' * 64], '63'),
                (['x', '--node', ''], '--node'), (['x', '--severity', 'fatal'], 'fatal', 'critical'),
                (['x', '--source', 's' * 129], '--source', '128'),
                (['x', '--correlation-id', 'c' * 129], '--correlation-id', '128'),
                (['x', '--correlation-id', ''], '--correlation-id'),
                (['x', '--payload', 'a'], '--payload a', 'KEY=VALUE'),
                (['x', '--payload', '=1'], '--payload =1'),
                (['x', '--payload-json', listed], listed, 'object'),
                (['x', '--payload-json', twice], twice, 'line 2', 'duplicate'),
                (['x', '--payload-json', '-'], 'JSON'),
                (['x', '--at', 'now'], '--at now', '3339'), (['x', '--at', '1969-12-31T23:59:59Z'], '1969'),
                (['x', '--at', '9999-01-01T00:00:00Z'], '2262'), (['x', '--root', ''], '--root'),
                (['run', '--service', 'web'], 'COMMAND'), (['run', 'true'], '--service'),
                (['run', '--service', 'web', '--at', '2026-05-12T12:00:00Z', 'true'], '--at'),
                (['--severity', 'info', 'run', '--service', 'web', 'true'], '--severity'),
                (['run', '--service', 'web', '--node', '0123456789ab', 'true'], 'container')):
            with self.subTest(arguments):
                said = self.refuse(64, *arguments)
                for word in words:
                    self.assertIn(word, said)

    def test_what_cant_be_read_or_written_is_74_and_named(self):
        missing = str(self.root / 'missing')
        self.assertIn(missing + ': cannot be opened: No such file',
                      self.refuse(74, 'x', '--payload-json', missing))
        self.assertIn(missing, self.refuse(74, 'x', '--root', missing))
        self.assertIn(str(self.root), self.refuse(74, 'x', '--payload-json', str(self.root)))
        (self.root / 'events').write_text('')
        said = self.refuse(74, 'x')
        self.assertIn(str(self.root), said)
        self.assertIn('events: Not a directory', said)

    def test_no_link_is_followed(self):
        (self.root / 'elsewhere').mkdir()
        (self.root / 'events').symlink_to('elsewhere')
        self.refuse(74, 'x')

    # Rule: E4
    def test_more_than_a_mebibyte_is_refused(self):
        for size in (1 << 20, 2 << 20):
            text = json.dumps({'message': 'x' * size}).encode()
            self.assertIn('1 MiB', self.refuse(64, 'x', '--payload-json', '-', input=text))
        self.assertIn('nested', self.refuse(64, 'x', '--payload-json', '-',
                                            input=b'{"a": ' * 32 + b'1' + b'}' * 32))

    def test_messages_show_nothing_raw(self):
        said = self.refuse(64, 'x', '--node', '\x1b[2J\u202e')
        self.assertNotIn('\x1b', said)
        self.assertNotIn('\u202e', said)


class Written(Homelab):
    def test_hostile_texts_reach_the_observer_as_texts(self):
        hostile = b'\x1b[2J\x01\x7f \xc2\x9b\xe2\x80\xae <img> "\\ caf\xe9'
        shown = '\x1b[2J\x01\x7f \x9b\u202e <img> "\\ caf\ufffd'
        path, event = self.write('service_unhealthy', '--service', 'web', '--message', hostile,
                                 '--source', hostile, '--payload', b'k=' + hostile)
        self.assertEqual((event['message'], event['source'], event['payload']['k']), (shown,) * 3)
        self.assertNotRegex(path.read_bytes(), rb'[\x00-\x09\x0b-\x1f]')
        self.observe()
        (incident,) = self.world('incidents').values()
        self.assertEqual(incident['message'], shown)

    # Rule: E9
    def test_a_long_message_is_written_whole_with_a_warning(self):
        message = '\u00e9' * 50000
        done = self.run_event('service_unhealthy', '--service', 'web', '--message', message)
        self.assertEqual(done.returncode, 0)
        self.assertIn(b'warning', done.stderr)
        self.assertEqual(self.events()[0]['message'], message)
        self.observe()
        (incident,) = self.world('incidents').values()
        self.assertEqual(incident['message'], '\u00e9' * 512)

    def test_what_wont_count_is_written_with_a_warning(self):
        for arguments, word in ((['service_unhealthy'], b'no service'),
                                (['service_healthy', '--service', '0123456789ab_web'], b'Docker'),
                                (['x', '--at', '2200-01-01T00:00:00Z'], b'future')):
            done = self.run_event(*arguments)
            self.assertEqual(done.returncode, 0)
            self.assertIn(word, done.stderr)
            self.assertEqual(done.stderr.count(b'\n'), 1)
        self.assertEqual(self.run_event('service_healthy', '--service', 'all').stderr, b'')
        self.assertEqual(self.observe()['observation']['held'], 1)

    # Rule: W2
    def test_a_hundred_at_once_lose_nothing(self):
        with concurrent.futures.ThreadPoolExecutor(100) as pool:
            list(pool.map(lambda i: self.write('custom_%d' % (i % 10), '--payload', 'i=%d' % i),
                          range(100)))
        self.assertEqual({event['payload']['i'] for event in self.events()}, set(range(100)))
        summary = self.observe()
        self.assertEqual(summary['events']['accepted'], 100)
        self.assertEqual(summary['events']['by_type'], {'custom_%d' % i: 10 for i in range(10)})
        self.assertEqual(summary['observation']['ignored'], 0)

    # Rule: W2
    def test_none_is_lost_to_an_observer_that_runs_meanwhile(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            writing = [pool.submit(self.write, 'x') for _ in range(100)]
            while not all(done.done() for done in writing):
                self.observe()
        for done in writing:
            done.result()
        self.assertEqual(self.observe()['events']['accepted'], 100)

    def test_one_script_after_the_other_is_in_order(self):
        paths = [self.write('x')[0].name for _ in range(5)]
        self.assertEqual(paths, sorted(paths))

    def test_a_group_shares_what_it_shares_whatever_the_umask(self):
        self.root.chmod(0o775)
        (self.root / 'events').mkdir()
        (self.root / 'events').chmod(0o2775)
        path, _ = self.write('x', umask=0o077)
        self.assertEqual([stat.S_IMODE(place.stat().st_mode) for place in
                          (path.parent.parent, path.parent, path)], [0o2775, 0o2775, 0o644])

    def test_closed_descriptors_do_no_harm(self):
        for closed in ('>&-', '>&- 2>&-', '<&- >&- 2>&-'):
            done = subprocess.run(['sh', '-c', 'exec "$@" ' + closed, 'sh', EVENT, 'x'],
                                  env=self.environment)
            self.assertEqual(done.returncode, 0)
        self.assertEqual(len(self.events()), 3)

    def test_a_path_that_cant_be_printed_is_said_and_the_event_is_written(self):
        with open('/dev/full', 'wb') as full:
            done = self.run_event('x', stdout=full)
        self.assertEqual(done.returncode, 0)
        self.assertIn(b'warning: cannot print', done.stderr)
        self.assertEqual(len(self.events()), 1)


def can_trace():
    return shutil.which('strace') is not None and subprocess.run(
        ['strace', '-o', '/dev/null', 'true'], capture_output=True).returncode == 0


@unittest.skipUnless(can_trace(), 'no strace here, or not allowed')
class Traced(Homelab):
    CHANGES = 'mkdirat', 'openat', 'fchmod', 'pwrite64', 'fsync', 'close', 'renameat'

    def trace(self, *options, arguments=('x',)):
        log = self.root / 'trace'
        # A sanitizer can't look for leaks where another one traces.
        environment = dict(self.environment, ASAN_OPTIONS='detect_leaks=0')
        done = subprocess.run(['strace', '-y', '-o', str(log), *options, EVENT, *arguments],
                              env=environment, capture_output=True, timeout=120)
        return done.returncode, log.read_text().splitlines()

    def test_one_file_costs_one_sync_of_it_and_one_of_its_directory(self):
        self.write('x')
        code, calls = self.trace('-e', 'trace=fsync,rename,renameat,renameat2,creat,mkdirat')
        self.assertEqual(code, 0)
        synced = [re.search(r'<(.*)>\)', call)[1] for call in calls if call.startswith('fsync(')]
        place = next(path.parent for path in self.root.glob('events/*/*/*.json'))
        # Those above it are young, so they are synced as well; unit tests have older ones.
        self.assertEqual(synced[:3], [str(path) for path in list(place.parents)[2::-1]])
        self.assertEqual(len(synced), 5)
        self.assertRegex(synced[3], r'/\.[^/]*\.json\.new$')
        self.assertEqual(synced[4], str(place))
        self.assertEqual(sum(call.startswith('rename') for call in calls), 1)
        self.assertEqual(sum(call.startswith('mkdirat') for call in calls), 0)

    def test_a_deployments_log_is_durable_before_the_event_that_names_it(self):
        code, calls = self.trace('-e', 'trace=pwrite64,fsync,renameat,renameat2', arguments=(
            'run', '--service', 'web', '--', 'sh', '-c', 'echo something'))
        self.assertEqual(code, 0)
        log = next(self.root.glob('logs/deploy/*'))
        self.assertEqual(log.read_text(), 'something\n')
        of_log = [n for n, call in enumerate(calls) if str(log) in call]
        self.assertEqual([calls[n].split('(')[0] for n in of_log[-2:]], ['pwrite64', 'fsync'])
        end = [n for n, call in enumerate(calls) if 'deployment_completed' in call]
        self.assertTrue(end and of_log[-1] < end[0], calls)

    # Rule: W3
    def test_killed_at_any_call_nothing_half_is_read(self):
        """Each call in turn is the last one that is made."""
        written, kills = 0, 0
        for call in self.CHANGES:
            for number in range(1, 40):
                code, _ = self.trace('-e', 'inject=%s:signal=KILL:when=%d' % (call, number))
                if code == 0:
                    break
                kills += 1
        self.assertEqual(code, 0)
        self.assertGreater(kills, 20)
        for event in self.events():
            self.assertEqual((event['node'], event['type']), ('nas', 'x'))
            written += 1
        self.assertEqual(self.observe()['events']['accepted'], written)
        self.assertFalse((self.root / 'state/observer_failed_events').exists())


class Deployments(Homelab):
    def run_deployment(self, *command, options=(), **more):
        return self.run_event('run', '--service', 'web', *options, '--', *command, **more)

    def deployment(self):
        self.observe()
        (deployment,) = self.world('deployments').values()
        return deployment

    def log(self):
        (log,) = self.root.glob('logs/deploy/*')
        return log.read_bytes()

    def test_a_success(self):
        done = self.run_deployment('sh', '-c', 'echo out; echo err >&2; cat', input=b'in\n',
                                   options=['--source', 'me', '--message', 'v2', '--payload', 'stage=deploy'])
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b'out\nin\n', b'err\n'))
        self.assertEqual(sorted(self.log().split()), [b'err', b'in', b'out'])
        started, completed = self.events()
        self.assertEqual([started['type'], completed['type']],
                         ['deployment_started', 'deployment_completed'])
        self.assertEqual(started['correlation_id'], completed['correlation_id'])
        self.assertRegex(started['correlation_id'], r'^deploy-\d{8}T\d{6}Z-[0-9a-f]{8}$')
        self.assertEqual((completed['payload']['exit_status'], completed['payload']['command']),
                         (0, 'sh'))
        self.assertNotIn('signal', completed['payload'])
        deployment = self.deployment()
        (log,) = deployment['diagnostics']
        self.assertEqual(pathlib.Path(log).read_bytes(), self.log())
        self.assertEqual([deployment[key] for key in ('status', 'services', 'source', 'message',
                                                      'stage', 'id')],
                         ['completed', ['web'], 'me', 'v2', 'deploy', started['correlation_id']])

    def test_a_failure_has_the_commands_status(self):
        done = self.run_deployment('sh', '-c', 'echo why; exit 3', options=['--correlation-id', 'r1'])
        self.assertEqual((done.returncode, done.stdout), (3, b'why\n'))
        self.assertIn(b'sh exited with status 3', done.stderr)
        self.assertEqual(self.events()[1]['payload']['exit_status'], 3)
        deployment = self.deployment()
        self.assertEqual((deployment['status'], deployment['id'], deployment['message']),
                         ('failed', 'r1', 'sh exited with status 3'))

    def test_a_command_that_a_signal_ends(self):
        done = self.run_deployment('sh', '-c', 'kill -KILL $$')
        self.assertEqual(done.returncode, 128 + signal.SIGKILL)
        failed = self.events()[1]
        self.assertEqual((failed['type'], failed['payload']['signal'], failed['payload']['exit_status']),
                         ('deployment_failed', 9, 137))
        self.assertIn('signal 9', failed['message'])

    def test_a_command_that_isnt_there_or_cant_be_run(self):
        (self.root / 'plain').write_text('')
        for command, status, word in (('no-such-command', 127, 'No such file'),
                                      (str(self.root / 'plain'), 126, 'Permission denied')):
            done = self.run_deployment(command)
            self.assertEqual(done.returncode, status)
            self.assertIn(word, done.stderr.decode())
            failed = self.events()[-1]
            self.assertEqual((failed['type'], failed['payload']['exit_status']),
                             ('deployment_failed', status))
            self.assertIn(word, failed['message'])
        self.assertEqual(len(self.events()), 4)

    def test_a_command_without_dashes_keeps_its_options(self):
        done = self.run_event('run', '--service', 'web', 'sh', '-c', 'echo "$1"', 'sh', '--node')
        self.assertEqual(done.stdout, b'--node\n')

    def begin(self, script, **more):
        """A deployment under way: its command has said `begun`."""
        process = subprocess.Popen([EVENT, 'run', '--service', 'web', '--', 'sh', '-c', script],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                   env=self.environment, start_new_session=True, **more)
        self.addCleanup(process.stdout.close)
        self.assertEqual(process.stdout.readline(), b'begun\n')
        return process

    def test_signals_are_sent_on_and_the_end_is_written(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(number):
                # Whoever runs the tests may ignore it, as nohup does; so would the command.
                process = self.begin('echo begun; exec sleep 100', preexec_fn=lambda: signal.signal(
                    number, signal.SIG_DFL))
                process.send_signal(number)
                self.assertEqual(process.wait(60), 128 + number)
                failed = self.events()[-1]
                self.assertEqual((failed['type'], failed['payload']['signal']),
                                 ('deployment_failed', number))

    def test_a_command_may_live_on_after_a_signal(self):
        process = self.begin('trap "echo caught; exit 0" TERM; echo begun; '
                             'while :; do sleep 0.05; done')
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 0)
        self.assertEqual(process.stdout.read(), b'caught\n')
        self.assertEqual(self.events()[-1]['type'], 'deployment_completed')

    def test_a_key_of_the_terminal_reaches_the_command_once(self):
        script = ('import signal, sys; signal.signal(signal.SIGINT, lambda *_: print("caught"));'
                  'print("begun", flush=True); sys.stdin.readline(); sys.exit(5)')
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(EVENT, [EVENT, 'run', '--service', 'web', '--', sys.executable, '-uc', script],
                      self.environment)
        said = b''
        for typed, until in ((b'', b'begun'), (b'\x03', b'caught'), (b'end\n', b'status 5')):
            os.write(terminal, typed)
            while until not in said:
                said += os.read(terminal, 1024)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.close(terminal)
        self.assertEqual((status, said.count(b'caught')), (5, 1))
        self.assertEqual(self.events()[-1]['payload']['exit_status'], 5)

    def test_ignored_signals_stay_ignored(self):
        process = self.begin('echo begun; kill -HUP $$; read answer', stdin=subprocess.PIPE,
                             preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        process.send_signal(signal.SIGHUP)
        process.stdin.write(b'answer\n')
        process.stdin.close()
        self.assertEqual(process.wait(60), 0)

    def test_the_command_has_the_signals_it_would_have(self):
        """Above all SIGPIPE, which is ignored while output is passed on."""
        done = self.run_deployment('sh', '-c', 'grep ^Sig[BIC] /proc/self/status')
        alone = subprocess.run(['sh', '-c', 'grep ^Sig[BIC] /proc/self/status'], stdout=subprocess.PIPE,
                               check=True)
        self.assertEqual(done.stdout, alone.stdout)

    def test_the_command_finds_no_descriptor_of_ours(self):
        script = 'ls /proc/self/fd | sort -n | tail -n 1'
        alone = subprocess.run(['sh', '-c', script], stdout=subprocess.PIPE, check=True)
        self.assertEqual(self.run_deployment('sh', '-c', script).stdout, alone.stdout)

    def test_much_output_comes_whole(self):
        script = 'seq 1 200000; seq 1 1000 >&2'
        done = self.run_deployment('sh', '-c', script)
        numbers = b''.join(b'%d\n' % i for i in range(1, 200001))
        self.assertEqual(done.stdout, numbers)
        self.assertEqual(len(self.log()), len(done.stdout) + len(done.stderr))

    def test_nobody_reading_the_output_ends_nothing(self):
        reading, writing = os.pipe()
        os.close(reading)
        with open(writing, 'wb') as closed:
            done = self.run_deployment('sh', '-c', 'seq 1 100000 && echo end >&2', stdout=closed)
        self.assertEqual(done.returncode, 0)
        self.assertIn(b'end', done.stderr)
        self.assertIn(b'\n100000\n', self.log())

    def test_what_stays_in_the_background_isnt_waited_for(self):
        done = self.run_deployment('sh', '-c', 'echo begun; (sleep 1000 & echo $!)')
        os.kill(int(done.stdout.split()[1]), signal.SIGKILL)
        self.assertEqual((done.returncode, len(self.events())), (0, 2))

    def test_what_never_stops_writing_isnt_waited_for(self):
        script = 'while echo more; do :; done & echo $! >%s/pid' % self.root
        done = self.run_deployment('sh', '-c', script)
        self.assertEqual((done.returncode, len(self.events())), (0, 2))

    def test_the_command_knows_the_id_and_the_umask_is_its_own(self):
        done = self.run_deployment('sh', '-c', 'echo $HOMELAB_CORRELATION_ID; umask', umask=0o027)
        self.assertEqual(done.stdout.split(),
                         [self.events()[0]['correlation_id'].encode(), b'0027'])

    def test_the_log_is_for_the_group_and_named_plainly(self):
        self.run_event('run', '--service', 'a b;$(c)', '--', 'true', umask=0o077)
        (log,) = self.root.glob('logs/deploy/*')
        self.assertEqual(stat.S_IMODE(log.stat().st_mode), 0o640)
        self.assertRegex(log.name, r'^\d{8}T\d{6}\.\d{9}Z_a_b___c__[0-9a-f]{8}\.log$')

    def test_diagnostics_of_the_caller_stay(self):
        self.run_deployment('true', options=['--payload', 'diagnostics=/var/log/mine'])
        diagnostics = self.deployment()['diagnostics']
        self.assertEqual(diagnostics[0], '/var/log/mine')
        self.assertTrue(diagnostics[1].startswith(str(self.root / 'logs/deploy')))

    def test_what_cant_be_written_keeps_no_command_from_running(self):
        for name in ('events', 'logs'):
            (self.root / name).write_text('')
        done = self.run_deployment('sh', '-c', 'echo done; exit 5')
        self.assertEqual((done.returncode, done.stdout), (5, b'done\n'))
        for word in (b"the output isn't kept", b"deployment_started isn't written",
                     b"deployment_failed isn't written"):
            self.assertIn(word, done.stderr)
        done = self.run_deployment('true', options=['--root', str(self.root / 'missing')])
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"deployment_completed isn't written", done.stderr)

    def test_an_event_that_cant_be_keeps_it_from_running(self):
        marker = self.root / 'ran'
        for options in (['--node', 'a/b'], ['--payload-json', '-']):
            done = self.run_deployment('touch', str(marker), options=options,
                                       input=json.dumps({'a': 'x' * 1048500}).encode())
            self.assertEqual(done.returncode, 64)
        self.assertFalse(marker.exists())
        self.assertEqual(self.files(), [])

    def test_a_full_disk_is_said_and_the_command_runs_to_its_end(self):
        """The limit on the size of files stands for it: writing beyond fails with EFBIG."""
        limit = lambda: (signal.signal(signal.SIGXFSZ, signal.SIG_IGN),  # noqa: E731
                         resource.setrlimit(resource.RLIMIT_FSIZE, (50000, 50000)))
        done = self.run_deployment('sh', '-c', 'seq 1 100000; exit 4', preexec_fn=limit)
        self.assertEqual(done.returncode, 4)
        self.assertTrue(done.stdout.endswith(b'\n100000\n'))
        self.assertEqual(done.stderr.count(b"the rest of the output isn't kept"), 1)
        self.assertTrue(done.stdout.startswith(self.log()))
        self.assertEqual(len(self.log()), 50000)
        self.assertEqual(self.deployment()['status'], 'failed')


class Manual(Homelab):
    """The examples of the man page, typed in."""

    def test_every_example_works(self):
        text = (TOP / 'man/homelab-event.1').read_text()
        blocks = re.findall(r'^\.Bd -literal.*?\n(.*?)^\.Ed', text, re.M | re.S)
        self.assertEqual(len(blocks), 6)
        environment = dict(self.environment, PATH='%s:%s' % (os.path.dirname(EVENT),
                                                             os.environ['PATH']))
        written = []
        for block in blocks:
            script = block.replace('\\e', '\\')
            if 'curl' in script:    # there's nothing that answers
                script = 'curl() { false; }\n' + script
            done = subprocess.run(['sh', '-c', script], env=environment, capture_output=True,
                                  timeout=60)
            self.assertEqual((done.returncode, done.stderr), (0, b''), script)
            written.append(len(self.events()))
        self.assertEqual(written, [1, 2, 3, 4, 6, 9])
        summary = self.observe()
        self.assertEqual(summary['events']['accepted'], 9)
        self.assertEqual(self.world('nodes')['nas']['disk_pressure'], 'high')
        self.assertEqual(self.world('nodes')['chelsty']['status'], 'offline')
        self.assertEqual(len(self.world('deployments')), 2)
        (incident,) = self.world('incidents').values()
        self.assertEqual(incident['service'], 'home-assistant')


if __name__ == '__main__':
    unittest.main()
