"""homelab-agent as a process, with an engine of the tests' own: what it tells, once, whatever happens to it."""
import contextlib
import gzip
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from engine import Engine

TOP = pathlib.Path(__file__).resolve().parents[2]
OBSERVER = str(TOP / os.environ.get('OBSERVER', 'build/homelab-observer'))
AGENT = str(pathlib.Path(OBSERVER).with_name('homelab-agent'))
NODE = 'saturn'
ENVIRONMENT = ('NODE_NAME', 'HOMELAB_ROOT', 'HOMELAB_REPO', 'DOCKER_HOST', 'NOTIFY_SOCKET',
               'CONTAINER_RUNTIME_ENDPOINT')
RESTART = 'errors: {on_panic: {action: restart}}'


class Node(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix='agent-'))
        self.addCleanup(shutil.rmtree, self.root)
        self.environment = {key: value for key, value in os.environ.items()
                            if key not in ENVIRONMENT}
        self.engine = Engine(self.root / 'engine').up()
        self.addCleanup(self.engine.down)
        self.known, self.options = set(), ('--heartbeat', '1h')

    def command(self, *options):
        return [AGENT, '--root', str(self.root), '--node', NODE, '--runtime', self.engine.runtime,
                *self.options, *options]

    def run_agent(self, *options, status=0, **more):
        more.setdefault('env', self.environment)
        done = subprocess.run(more.pop('command', None) or self.command(*options), text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                              check=False, **more)
        if status is not None:
            self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(done.stdout, '')
        return done

    def look(self, *options, status=0, **more):
        """A run of its own: what it told of other things than the node."""
        self.run_agent(*options, status=status, **more)
        return self.news()

    def events(self):
        found = [(path, json.loads(path.read_bytes()))
                 for path in self.root.glob('events/*/%s/*.json' % NODE)
                 if not path.name.startswith('.')]
        return [event for _, event in sorted(found, key=lambda one: one[0].name)]

    def news(self, nodes=False):
        """Those not returned before, in the order they were written."""
        paths = [path for path in sorted(self.root.glob('events/*/*/*.json'),
                                         key=lambda path: path.name)
                 if path not in self.known and not path.name.startswith('.')]
        self.known.update(paths)
        events = [json.loads(path.read_bytes()) for path in paths]
        return [e for e in events if nodes or not e['type'].startswith('node_')]

    def types(self, events):
        return [(event['type'], event.get('service')) for event in events]

    def declare(self, text):
        path = self.root / 'hosts' / NODE / 'services.yaml'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('services: {%s}\n' % text)
        return path

    def state(self):
        return json.loads((self.root / 'state/agent/containers.json').read_bytes())

    def until(self, what, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = what()
            if found:
                return found
            time.sleep(0.02)
        self.fail('it never came: %s' % self.said())

    def said(self):
        path = self.root / 'said'
        return path.read_text() if path.exists() else ''

    def told(self, kind, count=1):
        return self.until(lambda: [e for e in self.events() if e['type'] == kind][count - 1:])

    @contextlib.contextmanager
    def watch(self, *options, environment=(), **more):
        with open(self.root / 'said', 'ab') as said:
            process = subprocess.Popen(self.command('--watch', *options), stdin=subprocess.DEVNULL,
                                       stdout=said, stderr=said,
                                       env=dict(self.environment, **dict(environment)), **more)
        try:
            yield process
            if process.poll() is None:
                process.terminate()
                self.assertEqual(process.wait(60), 0, self.said())
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


class Options(Node):
    def refuse(self, *options, status=64, **more):
        done = self.run_agent(*options, status=status, **more)
        self.assertTrue(done.stderr.startswith('homelab-agent: error: '), done.stderr)
        self.assertEqual(done.stderr.count('\n'), 1, done.stderr)
        self.assertFalse((self.root / 'events').exists())
        return done.stderr

    def test_what_isnt_right_is_refused(self):
        for options in (('--nothing',), ('x',), ('--node', 'a/b'), ('--runtime', 'x'),
                        ('--runtime', ''), ('--interval', '0'), ('--interval', 'x'),
                        ('--heartbeat', '0s'), ('--stable', '-1'), ('--log-lines', '101'),
                        ('--log-lines', 'x'), ('--isolate-hook', 'relative'), ('--root', ''),
                        ('--backend-key', 'x'), ('--mount', ''), ('--root',)):
            with self.subTest(options=options):
                self.refuse(*options)

    def test_a_containers_id_is_no_nodes_name(self):
        self.assertIn('NODE_NAME', self.refuse('--node', '0123456789ab'))

    def test_the_node_is_the_environments_or_the_hosts(self):
        command = [AGENT, '--root', str(self.root), '--runtime', self.engine.runtime]
        short = socket.gethostname().split('.')[0]
        self.run_agent(command=command, env=dict(self.environment, NODE_NAME='venus'))
        self.assertEqual({e['node'] for e in self.news(nodes=True)}, {'venus'})
        if not re.fullmatch('[0-9a-f]{12}', short):
            shutil.rmtree(self.root / 'state')
            self.run_agent(command=command)
            self.assertEqual({e['node'] for e in self.news(nodes=True)}, {short})

    def test_help_names_every_option(self):
        done = subprocess.run([AGENT, '--help'], capture_output=True, text=True, check=True)
        manual = (TOP / 'man/homelab-agent.8').read_text()
        for name in re.findall(r'^  --([a-z-]+)', done.stdout, re.M):
            self.assertRegex(manual, r'\.It (.* , )?Fl -%s\b' % re.escape(name))

    def test_a_root_that_isnt_there_is_said(self):
        done = self.run_agent('--root', str(self.root / 'nowhere'), status=74)
        self.assertIn('nowhere', done.stderr)


class Containers(Node):
    def test_what_is_there_is_told_once_and_nothing_written_again(self):
        self.engine.add('web').start()
        self.engine.add('idle')
        self.assertEqual(sorted(self.types(self.look())), [
            ('container_created', 'idle'), ('container_created', 'web'),
            ('container_started', 'web')])
        self.look()
        before = {str(path): path.lstat().st_mtime_ns for top in ('events', 'state')
                  for path in (self.root / top).rglob('*')}
        self.assertEqual(self.look(), [])
        self.assertEqual(before, {str(path): path.lstat().st_mtime_ns for top in ('events', 'state')
                                  for path in (self.root / top).rglob('*')})

    def test_a_life(self):
        web = self.engine.add('web', {'homelab.service': 'site'}).start()
        self.look()
        web.die(3)
        crash, = self.look()
        self.assertEqual(crash['type'], 'container_crashed')
        self.assertEqual(crash['service'], 'site')
        self.assertEqual(crash['source'], 'homelab-agent')
        payload = crash['payload']
        self.assertEqual((payload['exit_code'], payload['signal'], payload['oom_killed']),
                         (3, None, False))
        self.assertNotIn('log', payload)
        self.assertLessEqual({'runtime': self.engine.runtime, 'id': web.id, 'name': 'web',
                              'image': 'test:1', 'state': 'failed', 'exit_code': 3}.items(),
                             payload['container'].items())
        self.assertEqual(payload['container']['supervision']['policy'], None)
        web.start()
        restarted, = self.look()
        self.assertEqual((restarted['type'], restarted['payload']['by']),
                         ('container_restarted', 'runtime'))
        web.stop()
        self.assertEqual(self.types(self.look()), [('container_stopped', 'site')])
        web.remove()
        self.assertEqual(self.types(self.look()), [('container_removed', 'site')])

    def test_an_end_with_0_is_completed_where_there_is_a_policy(self):
        self.declare('job: {%s}' % RESTART)
        job, other = self.engine.add('job').start(), self.engine.add('other').start()
        self.look()
        job.die(0)
        other.die(0)
        self.assertEqual(sorted(self.types(self.look())), [
            ('container_completed', 'job'), ('container_stopped', 'other')])
        self.assertEqual(self.look(), [])
        self.assertEqual(self.engine.starts, [])

    def test_log_lines_are_cut_and_cleaned(self):
        web = self.engine.add('web').start()
        web.log = (b'first\nsecond \x1b[31mred\x07\r\nthird \xff\xc2\x85 \xe2\x82\xac\n' +
                   b'x' * 100 + b'\n')
        self.look()
        web.die(1)
        crash, = self.look('--log-lines', '3')
        self.assertEqual(crash['payload']['log'],
                         ['second [31mred', 'third \ufffd \u20ac', 'x' * 100])
        web.start()
        self.look()
        web.log = b'a\n' + b'y' * 5000 + b'\n'
        web.die(1)
        crash, = self.look('--log-lines', '10')
        self.assertLessEqual(sum(map(len, crash['payload']['log'])), 4096)

    def test_a_service_is_healthy_once_it_is_stable_and_then_with_every_heartbeat(self):
        self.engine.add('web').start()
        self.options = ('--heartbeat', '1s')
        self.assertNotIn('service_healthy', [e['type'] for e in self.look()])
        self.assertIn(('service_healthy', 'web'), self.types(self.look('--stable', '0')))
        time.sleep(1.1)
        self.assertEqual(self.types(self.look('--stable', '0')), [('service_healthy', 'web')])

    def test_a_failed_check_is_unhealthy_once(self):
        web = self.engine.add('web').start()
        web.health = 'unhealthy'
        told = self.look('--stable', '0')
        self.assertEqual(self.types(told)[-1], ('service_unhealthy', 'web'))
        self.assertEqual(self.look('--stable', '0'), [])
        web.health = 'healthy'
        self.assertEqual(self.types(self.look('--stable', '0')), [('service_healthy', 'web')])

    def test_the_observer_takes_all_of_it(self):
        web = self.engine.add('web').start()
        self.look()
        web.die(1)
        self.look()
        subprocess.run([OBSERVER, '--root', str(self.root), '--settle', '0', '--no-topology'],
                       check=True, capture_output=True, timeout=120)
        summary = json.loads((self.root / 'world/runtime-summary.json').read_text())
        self.assertEqual(summary['observation']['totals']['rejected'], 0)
        services = json.loads((self.root / 'world/services.json').read_text())
        self.assertEqual(services[NODE + '/web']['status'], 'unhealthy')
        self.assertEqual(services[NODE + '/web']['containers'][0]['state'], 'failed')
        nodes = json.loads((self.root / 'world/nodes.json').read_text())
        self.assertEqual(nodes[NODE]['status'], 'online')


class Runtimes(Node):
    def test_one_that_is_gone_is_told_once_and_so_is_its_return(self):
        self.engine.add('web').start()
        self.look()
        self.engine.down()
        gone, = self.look(status=69)
        self.assertEqual((gone['type'], gone['payload']['runtime']),
                         ('runtime_unavailable', self.engine.runtime))
        self.assertTrue(gone['payload']['reason'])
        self.assertEqual(self.look(status=69), [])
        self.engine.up()
        back, = self.look()
        self.assertEqual((back['type'], back['payload']['version']), ('runtime_available', '0.1'))
        self.assertEqual(self.look(), [])

    def test_what_happened_meanwhile_is_told_after(self):
        web = self.engine.add('web').start()
        self.look()
        self.engine.broken = True
        web.die(1)
        self.assertEqual(self.types(self.look(status=69)), [('runtime_unavailable', None)])
        self.engine.broken = False
        self.assertEqual(self.types(self.look()), [
            ('runtime_available', None), ('container_crashed', 'web')])

    def test_one_that_never_was_holds_back_no_other(self):
        self.engine.add('web').start()
        told = self.look('--runtime', 'docker:%s/nothing' % self.root, status=69)
        self.assertEqual(self.types(told), [
            ('container_created', 'web'), ('container_started', 'web'),
            ('runtime_unavailable', None)])

    def test_what_auto_found_once_is_looked_for_again(self):
        environment = dict(self.environment, DOCKER_HOST='unix://%s' % self.engine.path)
        command = [AGENT, '--root', str(self.root), '--node', NODE]
        self.engine.add('web').start()
        self.look(command=command, env=environment)
        self.engine.down()
        self.assertIn(('runtime_unavailable', None),
                      self.types(self.look(command=command, status=69)))

    def test_auto_finds_none_and_then_what_the_environment_names(self):
        command = [AGENT, '--root', str(self.root), '--node', NODE]
        environment = dict(self.environment, DOCKER_HOST='unix://%s' % self.engine.path)
        self.engine.add('web').start()
        self.assertEqual(self.types(self.look(command=command, env=environment)), [
            ('container_created', 'web'), ('container_started', 'web')])
        self.engine.down()
        self.assertEqual(self.types(self.look(command=command, env=environment, status=69)), [
            ('runtime_unavailable', None)])

    def test_staying_it_comes_back_by_itself(self):
        with self.watch('--interval', '1s'):
            self.engine.add('web').start()
            self.told('container_started')
            self.engine.down()
            self.told('runtime_unavailable')
            self.engine.up()
            self.told('runtime_available')
            self.engine.add('db').start()
            self.told('container_started', 2)
        self.assertEqual(len(self.told('runtime_unavailable')), 1)

    def test_a_hint_ends_the_wait(self):
        with self.watch('--interval', '1h'):
            self.told('node_health')
            web = self.engine.add('web').start()
            self.told('container_started')
            web.die(1)
            self.told('container_crashed')

    def test_what_happened_before_it_listened_is_told_when_it_does(self):
        self.engine.listens.clear()
        web = self.engine.add('web').start()
        with self.watch('--interval', '1h'):
            self.told('container_started')
            self.until(lambda: '/events' in self.engine.asked)
            web.die(1)
            time.sleep(0.3)
            self.assertNotIn('container_crashed', [e['type'] for e in self.events()])
            self.engine.listens.set()
            self.told('container_crashed')

    def test_a_quiet_cycle_is_two_calls_and_a_look_into_few(self):
        """What hasn't changed is looked into once in 30 cycles."""
        ids = [self.engine.add('c%d' % number).start() for number in range(60)]
        for container in ids:
            container.age = '2 hours'
        with self.watch('--interval', '1h') as process:
            self.until(lambda: self.engine.asked.count('/containers/json') > 1) # it listens
            self.another_cycle(process)
            before = len(self.engine.asked)
            for _ in range(30):
                self.another_cycle(process)
            asked = self.engine.asked[before:]
        self.assertEqual(sorted(asked), sorted(
            ['/_ping', '/containers/json'] * 30 + ['/containers/%s/json' % it.id for it in ids]))

    def another_cycle(self, process):
        """Returns when it has had the time to end."""
        before = self.engine.asked.count('/containers/json')
        process.send_signal(signal.SIGHUP)
        self.until(lambda: self.engine.asked.count('/containers/json') > before)
        time.sleep(0.1)


class Backend(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        if self.headers.get('Content-Encoding') == 'gzip':
            body = gzip.decompress(body)
        self.server.got.append((self.path, json.loads(body)))
        self.send_response(self.server.status)
        self.send_header('Content-Length', '0')
        self.end_headers()


class Backends(Node):
    def setUp(self):
        super().setUp()
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Backend)
        self.server.got, self.server.status = [], 200
        thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        thread.start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(self.server.shutdown)
        self.options += ('--backend', 'http://127.0.0.1:%d/lab' % self.server.server_port)

    def got(self, what):
        return [body for path, body in self.server.got if path == '/lab/' + what]

    def sent(self):
        return [event for batch in self.got('events') for event in batch]

    def sent_once(self):
        """The types of what was sent, in the order of its first time."""
        return list({event['id']: event['type'] for event in self.sent()}.values())

    def test_events_and_facts_are_sent(self):
        self.engine.add('web').start()
        self.run_agent()
        self.assertEqual([{key: value for key, value in event.items() if key != 'id'}
                          for event in self.sent()], self.events())
        facts = self.got('facts')[-1]
        self.assertEqual((facts['node'], facts['runtimes'][0]['name'], facts['runtimes'][0]['version'],
                          facts['containers'][0]['name'], facts['containers'][0]['image']),
                         (NODE, self.engine.runtime, '0.1', 'web', 'test:1'))
        before = len(self.server.got)
        self.run_agent()
        self.assertEqual(len(self.server.got), before)
        self.run_agent('--offline')
        self.assertEqual(self.sent()[-1]['type'], 'node_offline')

    def test_one_that_refuses_holds_nothing_up_and_gets_all_later(self):
        self.server.status = 503
        web = self.engine.add('web').start()
        self.run_agent()
        web.die(1)
        self.run_agent()
        self.assertIn('container_crashed', [e['type'] for e in self.events()])
        self.server.status, self.server.got = 200, []
        # After its backoff; the second batch maybe by the run after that. One whose answer a run
        # didn't wait for is sent again: the id tells.
        self.until(lambda: self.run_agent() and len(self.sent_once()) >= len(self.events()))
        self.assertEqual(self.sent_once(), [e['type'] for e in self.events()])

    def test_bad_ones_are_refused(self):
        for url in ('ftp://x', 'nothing', 'http://u@x/'):
            self.run_agent('--backend', url, status=78)


class Once(Node):
    # strace counts each of them for itself.
    CALLS = (('openat', 3), ('pwrite64', 1), ('fsync', 1), ('renameat,renameat2', 1),
             ('fchmod', 1), ('unlinkat,mkdirat', 1), ('sendto,sendmsg', 1))

    def kill_at(self, calls, count):
        """Killed just before the count'th of them; whether it came to its end."""
        return self.run_agent(status=None, command=[
            'strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=' + calls, '-e',
            'inject=%s:signal=SIGKILL:when=%d' % (calls, count), *self.command()]).returncode == 0

    @unittest.skipUnless(shutil.which('strace'), 'no strace')
    def test_no_transition_is_lost_or_told_twice_over_a_kill_at_any_call(self):
        self.declare('web: {%s}' % RESTART)
        web, kills = self.engine.add('web').start(), 0
        self.look()
        for calls, step in self.CALLS:
            at, ended = 1, False
            while not ended:
                web.die(1)
                ended = self.kill_at(calls, at)
                told = self.look()
                self.assertEqual(web.state, 'running')
                self.assertEqual(self.types(told + self.look()), [
                    ('container_crashed', 'web'), ('container_restarted', 'web')], (calls, at))
                shutil.rmtree(self.root / 'state/agent')  # else it would be a loop
                self.look()
                at, kills = at + step, kills + 1
        self.assertGreater(kills, 40)

    def test_a_stay_that_is_killed_again_and_again(self):
        web = self.engine.add('web').start()
        self.look()
        crashes = 8
        for i in range(crashes):
            with self.watch('--interval', '1s') as process:
                self.until(lambda: web.state == 'running')
                web.die(1)
                time.sleep(0.03 * i)
                process.kill()
                process.wait()
            self.run_agent()
            web.start()
            self.run_agent()
        types = [e['type'] for e in self.events() if e.get('service') == 'web']
        self.assertEqual(types.count('container_crashed'), crashes)
        self.assertEqual(types.count('container_restarted'), crashes)
        self.assertEqual(types.count('container_created'), 1)

    def test_what_could_not_be_written_comes_with_the_next_run(self):
        web = self.engine.add('web').start()
        self.look()
        web.die(1)
        events = self.root / 'events'
        events.rename(self.root / 'away')
        events.write_text('no directory')
        self.run_agent(status=74)
        events.unlink()
        (self.root / 'away').rename(events)
        self.assertEqual(self.types(self.look()), [('container_crashed', 'web')])
        self.assertEqual(self.look(), [])

    def test_damaged_state_is_kept_aside_and_said(self):
        self.engine.add('web').start()
        self.look()
        for damage in (b'', b'{"version": 1, ', b'[]', b'{"version": 7}', b'{"version": 1, "track": 5}'):
            path = self.root / 'state/agent/containers.json'
            path.write_bytes(damage)
            done = self.run_agent()
            self.assertIn('damaged', done.stderr)
            self.assertIn('"web"', path.read_text())
            kept = list(path.parent.glob('containers.json.corrupt-*'))
            self.assertIn(damage, [one.read_bytes() for one in kept])
            for one in kept:
                one.unlink()

    def test_only_one_runs_at_a_time(self):
        with self.watch('--interval', '1h'):
            self.told('node_health')
            self.assertIn('another homelab-agent is running', self.run_agent(status=75).stderr)
        self.run_agent()


class Supervision(Node):
    def crash(self, action='restart'):
        self.declare('web: {errors: {on_panic: {action: %s}}}' % action)
        web = self.engine.add('web').start()
        self.look()
        return web.die(1)

    def test_restart_by_the_agent_is_told_as_such(self):
        web = self.crash()
        self.assertEqual(self.types(self.look()), [('container_crashed', 'web')])
        self.assertEqual(self.engine.starts, [web.id])
        again, = self.look()
        self.assertEqual((again['type'], again['payload']['by']), ('container_restarted', 'agent'))

    def test_no_act_only_says_it(self):
        self.crash()
        done = self.run_agent('--no-act')
        self.assertIn('would restart web', done.stderr)
        self.assertNotIn('would', self.run_agent('--no-act').stderr)
        self.assertEqual(self.engine.starts, [])

    def test_while_a_deployment_is_under_way_it_only_watches(self):
        stage = self.root / 'state/deploy/current_stage'
        web = self.crash()
        stage.parent.mkdir(parents=True)
        for word in ('deploy\n', 'verify'):
            stage.write_text(word)
            self.look()
            self.assertEqual(self.engine.starts, [])
        os.utime(stage, (time.time() - 1801,) * 2)
        self.look()
        self.assertEqual(self.engine.starts, [web.id])
        web.die(1)
        stage.write_text('complete')
        self.look()
        self.assertEqual(self.engine.starts, [web.id] * 2)

    def test_shutdown_stops_and_tells(self):
        web = self.crash('shutdown')
        self.assertIn(('service_shutdown', 'web'), self.types(self.look()))
        self.assertEqual(self.engine.stops, [web.id])
        self.assertEqual(self.look(), [])

    def test_isolate_calls_the_hook_with_what_it_is_about(self):
        hook = self.root / 'hook'
        hook.write_text('#!/bin/sh\ncat >%s/given\necho done\n' % self.root)
        hook.chmod(0o755)
        os.chmod(self.root, 0o755)
        web = self.crash('isolate')
        self.assertIn(('container_isolated', 'web'),
                      self.types(self.look('--isolate-hook', str(hook))))
        given = json.loads((self.root / 'given').read_text())
        self.assertEqual((given['node'], given['service'], given['container']['id']),
                         (NODE, 'web', web.id))
        self.assertEqual(self.engine.starts + self.engine.stops, [])

    def test_a_hook_that_others_may_write_isnt_run(self):
        hook = self.root / 'hook'
        hook.write_text('#!/bin/sh\ntouch %s/given\n' % self.root)
        hook.chmod(0o777)
        self.crash('isolate')
        failed = [e for e in self.look('--isolate-hook', str(hook))
                  if e['type'] == 'supervision_failed']
        self.assertEqual(len(failed), 1)
        self.assertIn('written by others', failed[0]['payload']['reason'])
        self.assertFalse((self.root / 'given').exists())

    def test_a_deed_that_is_refused_is_told(self):
        self.engine.refuses = True
        self.crash()
        told = self.look()
        self.assertEqual(self.types(told), [
            ('container_crashed', 'web'), ('supervision_failed', 'web')])
        self.assertIn('refuses', told[1]['payload']['reason'])
        self.assertNotIn('supervision_failed', [e['type'] for e in self.look()])

    def test_a_loop_is_told_once_with_the_sixth_crash(self):
        web = self.crash()
        told = []
        for _ in range(6):
            told += self.look()
            if web.state == 'running':
                told += self.look()
                web.die(1)
        loops = [e for e in told if e['type'] == 'container_crash_loop']
        self.assertEqual(len(loops), 1)
        self.assertEqual((loops[0]['severity'], loops[0]['payload']['crashes']), ('critical', 6))
        self.assertEqual(len(self.engine.starts), 5)

    def test_bad_services_are_said_and_the_last_good_ones_stay(self):
        web = self.crash()
        path = self.declare('web: {errors: {on_panic: {action: dance}}}')
        done = self.run_agent(status=78)
        self.assertIn(str(path), done.stderr)
        self.assertEqual(self.engine.starts, [web.id])
        self.declare('web: {}')
        self.run_agent()
        web.die(1)
        self.run_agent()
        self.assertEqual(self.engine.starts, [web.id])

    def test_staying_it_says_bad_services_once_and_reads_them_when_they_change(self):
        path = self.declare('web: {errors: {on_panic: {action: dance}}}')
        with self.watch('--interval', '1s') as process:
            web = self.engine.add('web').start()
            self.told('container_started')
            self.declare('web: {%s}' % RESTART)
            process.send_signal(signal.SIGHUP)
            self.until(lambda: 'reading everything anew' in self.said())
            web.die(1)
            self.until(lambda: self.engine.starts == [web.id])
        self.assertEqual(self.said().count(str(path)), 1)


class Machine(Node):
    def of_node(self):
        return [e['type'] for e in self.news(nodes=True) if e['type'].startswith('node_')]

    def test_online_is_told_once_a_boot(self):
        self.run_agent()
        self.assertEqual(self.of_node(), ['node_online', 'node_health'])
        self.run_agent()
        self.assertEqual(self.of_node(), [])
        path = self.root / 'state/agent/containers.json'
        boot = self.state()['node']['boot']
        path.write_text(path.read_text().replace(boot, 'another'))
        self.run_agent()
        event, = [e for e in self.news(nodes=True) if e['type'] == 'node_online']
        self.assertEqual(event['payload']['boot_id'], boot)

    def test_offline_is_told_when_asked_for_though_another_runs_and_online_after(self):
        with self.watch('--interval', '1s'):
            self.told('node_health')
        self.assertNotIn('node_offline', self.of_node())
        with self.watch('--interval', '1h'):
            self.told('node_health')
            done = self.run_agent('--offline')
        self.assertEqual(done.stderr, '')
        self.run_agent()  # the one that stayed may have answered already
        self.assertEqual(self.of_node(), ['node_offline', 'node_online'])
        self.run_agent()
        self.assertEqual(self.of_node(), [])
        before = self.state()
        subprocess.run([AGENT, '--root', str(self.root), '--node', NODE, '--offline'], check=True,
                       env=self.environment, capture_output=True, timeout=60)
        self.assertEqual(self.of_node(), ['node_offline'])
        self.assertEqual({key: self.state()[key] for key in ('engines', 'track', 'pending')},
                         {key: before[key] for key in ('engines', 'track', 'pending')})

    def test_health_with_every_heartbeat(self):
        self.options = ('--heartbeat', '1s')
        self.run_agent()
        self.news(nodes=True)
        time.sleep(1.1)
        self.run_agent('--mount', '/', '--mount', str(self.root / 'nowhere'))
        event, = self.news(nodes=True)
        payload = event['payload']
        self.assertEqual(event['type'], 'node_health')
        for name in ('memory_percent', 'disk_percent', 'load1', 'load5', 'load15',
                     'uptime_seconds', 'memory_total_bytes', 'memory_available_bytes'):
            self.assertGreaterEqual(payload[name], 0, name)
        for name in ('disk_pressure', 'memory_pressure', 'cpu_pressure'):
            self.assertIn(payload[name], (None, 'warning', 'high', 'critical'))
        self.assertEqual(list(payload['disks']), ['/'])
        self.assertIsNone(event.get('service'))

    def test_a_pressure_that_changed_is_told_before_the_heartbeat(self):
        self.run_agent()
        path = self.root / 'state/agent/containers.json'
        state = self.state()
        now = state['node']['disk_pressure']
        state['node']['disk_pressure'] = 'critical' if now != 'critical' else None
        path.write_text(json.dumps(state))
        self.news(nodes=True)
        used = shutil.disk_usage('/')
        if 70 < 100 * used.used / (used.used + used.free) < 97:
            self.skipTest('the disk is too full to tell')
        self.run_agent()
        self.assertEqual(self.of_node(), ['node_health'])
        self.assertEqual(self.state()['node']['disk_pressure'], now)

    def test_systemd_is_told(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(self.root / 'manager'))
            manager.settimeout(60)
            with self.watch('--interval', '1h',
                            environment={'NOTIFY_SOCKET': str(self.root / 'manager')}.items()):
                self.assertRegex(manager.recv(4096), b'READY=1\nSTATUS=0 containers of 1 runtimes')
            self.assertEqual(manager.recv(4096), b'STOPPING=1')


if __name__ == '__main__':
    unittest.main()
