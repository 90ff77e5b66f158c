"""homelab-observer --watch as a process: what wakes it, what it puts off, how it ends."""
import ctypes
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
OBSERVER = str(TOP / os.environ.get('OBSERVER', 'build/homelab-observer'))
PATIENCE = 30           # s; how long anything may take on a busy machine
LONG = '1h'             # an interval that no test lives to see


def stamp(at=None):
    at = time.time_ns() if at is None else at
    return time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(at // 10**9)) + '.%09dZ' % (at % 10**9)


class Watch(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix='watch-'))
        self.addCleanup(shutil.rmtree, self.root)
        self.topology('saturn')
        self.count = 0
        self.child = None
        self.said = ''

    def topology(self, *nodes):
        path = self.root / 'inventory/topology.yaml'
        path.parent.mkdir(exist_ok=True)
        new = path.with_name('new')
        new.write_text('nodes:\n' + ''.join('  %s:\n' % n for n in nodes))
        new.replace(path)

    def event(self, kind, service='web', node='saturn', where=None):
        where = where or '%s/%s' % (stamp()[:10], node)
        event = {'timestamp': stamp(), 'node': node, 'type': kind}
        if service:
            event['service'] = service
        directory = self.root / 'events' / where
        directory.mkdir(parents=True, exist_ok=True)
        self.count += 1
        hidden, path = directory / '.new', directory / ('%d.json' % self.count)
        hidden.write_text(json.dumps(event))
        hidden.rename(path)
        return path

    def start(self, *options, interval=LONG, **more):
        self.log = open(self.root / 'log', 'w+')
        self.addCleanup(self.log.close)
        self.child = subprocess.Popen(
            [OBSERVER, '--root', str(self.root), '--watch', '--interval', interval,
             '--settle', '0', *options], stderr=self.log, stdin=subprocess.DEVNULL, **more)
        self.addCleanup(self.end)
        self.until(lambda: (self.root / 'world/runtime-summary.json').exists())

    def end(self):
        if self.child and self.child.poll() is None:
            self.child.kill()
        if self.child:
            self.child.wait()

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(PATIENCE)

    def until(self, true):
        end = time.monotonic() + PATIENCE
        while not true():
            self.assertIsNone(self.child.poll(), self.messages())
            self.assertLess(time.monotonic(), end, self.messages())
            time.sleep(0.01)

    def messages(self):
        return (self.root / 'log').read_text()

    def document(self, name):
        return json.loads((self.root / 'world' / (name + '.json')).read_text())

    def status(self, service='saturn/web'):
        return self.document('services').get(service, {}).get('status')

    def until_status(self, status, service='saturn/web'):
        """… and all the rest of that world is published."""
        self.until(lambda: self.status(service) == status)
        path = self.root / 'world/services.json'
        self.until(lambda: self.document('runtime-summary')['files']['services.json']['sha256'] ==
                   hashlib.sha256(path.read_bytes()).hexdigest())

    def kinds(self):
        return [e['kind'] for b in self.document('history')['batches'] for e in b['events']]


class Waking(Watch):
    def test_an_event_becomes_world_at_once(self):
        self.start()
        for kind, status in (('service_unhealthy', 'unhealthy'), ('service_recovered', 'healthy')):
            self.event(kind)
            self.until_status(status)
        self.assertEqual(self.kinds().count('incident_opened'), 1)
        self.assertEqual(self.kinds().count('incident_resolved'), 1)
        self.assertEqual(self.stop(), 0)

    def test_new_directories_are_watched_as_they_appear(self):
        self.start()
        for where in ('saturn', stamp()[:10] + '/saturn'):
            service = where.replace('/', '-')
            self.event('service_unhealthy', service, where=where)
            self.until_status('unhealthy', 'saturn/' + service)
            self.event('service_healthy', service, where=where)
            self.until_status('healthy', 'saturn/' + service)

    def test_a_burst_is_gathered(self):
        self.start()
        for number in range(200):
            self.event('service_unhealthy', 'web%d' % number)
        self.until_status('unhealthy', 'saturn/web199')
        self.assertEqual(self.document('runtime-summary')['events']['accepted'], 200)
        self.assertLess(len(self.document('history')['batches']), 100)

    def test_lines_are_read_as_they_are_appended(self):
        path = self.root / 'events' / stamp()[:10] / 'saturn/log.jsonl'
        path.parent.mkdir(parents=True)
        self.start()
        with open(path, 'a') as file:
            for service in ('a', 'b'):
                file.write(json.dumps({'timestamp': stamp(), 'node': 'saturn', 'service': service,
                                       'type': 'service_unhealthy'}) + '\n')
                file.flush()
                self.until_status('unhealthy', 'saturn/' + service)

    def test_what_was_there_before_is_read_first(self):
        self.event('service_unhealthy')
        self.start()
        self.assertEqual(self.status(), 'unhealthy')

    def test_counters_alone_wait_for_the_interval(self):
        self.event('service_healthy')
        self.start()
        before = (self.root / 'state/observer_checkpoint.json').stat()
        for _ in range(5):
            self.event('backup_done', None)
            time.sleep(0.1)
        self.event('service_unhealthy', 'other')
        self.until_status('unhealthy', 'saturn/other')
        self.assertEqual(len(self.document('history')['batches']), 2)
        self.assertEqual(self.document('runtime-summary')['events']['accepted'], 7)
        after = (self.root / 'state/observer_checkpoint.json').stat()
        self.assertNotEqual(before.st_ino, after.st_ino)

    def test_and_are_there_when_it_is_over(self):
        self.start(interval='1s')
        self.event('backup_done', None)
        self.until(lambda: self.document('runtime-summary')['events']['accepted'] == 1)

    def test_a_transfer_is_nothing_until_it_has_its_name(self):
        path = self.event('service_healthy')
        self.start()
        before = self.document('runtime-summary')
        hidden = path.with_name('.x.json.Ab12')
        for _ in range(20):
            hidden.write_text('{')
            time.sleep(0.01)
        self.assertEqual(self.document('runtime-summary'), before)
        self.event('service_unhealthy')
        self.until_status('unhealthy')
        self.assertEqual(self.document('runtime-summary')['observation']['rejected'], 0)


class Requests(Watch):
    def test_a_second_observer_is_refused_and_told_by_whom(self):
        self.start()
        done = subprocess.run([OBSERVER, '--root', str(self.root)], capture_output=True,
                              text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 75)
        self.assertIn('(pid %d)' % self.child.pid, done.stderr)

    def test_a_second_one_that_stays_is_too(self):
        self.start()
        done = subprocess.run([OBSERVER, '--root', str(self.root), '--watch'],
                              capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 75)

    def test_usr1_rebuilds(self):
        self.event('service_unhealthy')
        self.start()
        self.child.send_signal(signal.SIGUSR1)
        self.until(lambda: self.kinds().count('world_rebuilt') == 2)
        self.assertEqual(self.status(), 'unhealthy')

    def test_hup_reads_the_inventory(self):
        self.start()
        self.topology('saturn', 'vps')
        self.child.send_signal(signal.SIGHUP)
        self.until(lambda: 'vps' in self.document('nodes'))

    def test_so_does_a_changed_file_within_the_interval(self):
        self.start(interval='1s')
        self.topology('saturn', 'vps')
        self.until(lambda: 'vps' in self.document('nodes'))

    def test_a_deleted_checkpoint_means_rebuild(self):
        self.event('service_unhealthy')
        self.start(interval='1s')
        (self.root / 'state/observer_checkpoint.json').unlink()
        self.until(lambda: (self.root / 'state/observer_checkpoint.json').exists())
        self.assertEqual(self.kinds(), ['world_rebuilt'])

    def test_deletes_old_event_files_and_goes_on(self):
        """Ages are real ones: nothing is an hour old."""
        self.event('service_unhealthy')
        self.start('--expire-events', '1h', interval='1s')
        self.until(lambda: 'deleted 0 event files' in self.messages())
        self.event('service_recovered')
        self.until_status('healthy')
        self.assertEqual(self.messages().count('deleted 0 event files'), 1)

    def test_options_that_make_no_sense_with_it(self):
        for options in (['--verify'], ['--dry-run'], ['--now', stamp()],
                        ['--interval', '0'], ['--interval', 'x']):
            with self.subTest(options):
                done = subprocess.run([OBSERVER, '--root', str(self.root), '--watch', *options],
                                      capture_output=True, text=True, timeout=PATIENCE)
                self.assertEqual(done.returncode, 64, done.stderr)


class Failing(Watch):
    def test_without_a_topology_it_does_not_start(self):
        self.topology()
        done = subprocess.run([OBSERVER, '--root', str(self.root), '--watch'],
                              capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 78)
        self.assertIn('topology.yaml', done.stderr)

    def test_a_topology_that_breaks_is_told_once_and_survived(self):
        self.start(interval='1s')
        (self.root / 'inventory/topology.yaml').write_text('nodes: [')
        error = lambda: self.document('runtime-summary')['observation']['last_error']
        self.until(error)
        self.assertEqual(error()['stage'], 'source_refresh')
        time.sleep(2.5)
        self.assertEqual(self.messages().count('topology.yaml'), 1)
        self.topology('saturn')
        self.until(lambda: error() is None)
        self.until(lambda: 'all is well again' in self.messages())

    def test_a_cycle_that_fails_is_told_and_the_next_goes_on(self):
        self.start(interval='1s')
        journal = self.root / 'state/observer/journal'
        shutil.move(journal, self.root / 'moved')
        journal.write_text('in the way')
        self.event('service_unhealthy')
        error = lambda: self.document('runtime-summary')['observation']['last_error']
        self.until(error)
        self.assertIn(error()['stage'], ('poll', 'source_refresh'))
        self.assertIsNone(self.status())
        journal.unlink()
        shutil.move(self.root / 'moved', journal)
        self.until(lambda: self.status() == 'unhealthy' and error() is None)

    def test_without_inotify_it_goes_by_the_interval_and_says_so_once(self):
        libc = ctypes.CDLL(None, use_errno=True)
        taken = []
        self.addCleanup(lambda: [os.close(fd) for fd in taken])
        while (fd := libc.inotify_init()) >= 0:
            taken.append(fd)
        self.start(interval='1s')
        self.event('service_unhealthy')
        self.until_status('unhealthy')
        self.assertEqual(self.messages().count('cannot use inotify'), 1)


class Service(Watch):
    def test_speaks_the_protocol_of_the_service_manager(self):
        path = str(self.root / 'notify')
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
            server.bind(path)
            server.settimeout(PATIENCE)
            self.start(interval='1s', env={**os.environ, 'NOTIFY_SOCKET': path,
                                           'WATCHDOG_USEC': '10000000'})
            told = [server.recv(1024).decode() for _ in range(6)]
            self.assertTrue(told[0].startswith('READY=1\nSTATUS='), told)
            self.assertIn('WATCHDOG=1', told)
            self.assertEqual(self.stop(), 0)
            while 'STOPPING=1' not in told:
                told.append(server.recv(1024).decode())

    def test_ends_at_once_and_well(self):
        self.start()
        self.event('service_unhealthy')
        self.assertEqual(self.stop(), 0)
        done = subprocess.run([OBSERVER, '--root', str(self.root), '--verify'],
                              capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == '__main__':
    unittest.main()
