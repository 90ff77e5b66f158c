"""homelab-notify: what got better is kept back in case it doesn't stay so."""

import unittest

from outbox import RECORD, HomelabTest, at, event, incident_event


class Held(HomelabTest):
    OPENED, RESOLVED, REOPENED = (incident_event('incident_' + kind)
                                  for kind in ('opened', 'resolved', 'reopened'))

    def tell(self, second, *events):
        self.lab.tell(*events, observed=at(second))
        self.lab.run(now=at(second))

    def told(self):
        return [(e['kind'], e['key'].split('-')[1] if '-' in e['key'] else e['key'])
                for n in self.lab.got('hook') for e in n['events']]

    def setUp(self):
        super().setUp()
        self.begin()

    def test_a_resolution_is_told_when_it_stays_so(self):
        self.tell(10, self.OPENED)
        self.tell(20, self.RESOLVED, event('node_added', 'pluto'))
        self.lab.run(now=at(139))
        self.assertEqual(self.told(), [('incident_opened', '1'), ('node_added', 'pluto')])
        self.lab.run(now=at(140))
        last = self.lab.got('hook')[-1]
        self.assertEqual(last['events'], [self.RESOLVED])
        self.assertEqual((last['reason'], last['generation']), ('released', 3))
        self.lab.run(now=at(500))
        self.assertEqual(len(self.told()), 3)

    def test_a_resolution_and_its_reopening_are_neither_told(self):
        self.tell(10, self.OPENED)
        for second in range(20, 620, 20):
            self.tell(second, self.RESOLVED if second % 40 == 20 else self.REOPENED)
        self.lab.run(now=at(3000))
        self.assertEqual(self.told(), [('incident_opened', '1')])
        self.tell(3100, self.RESOLVED)
        self.lab.run(now=at(3220))
        self.assertEqual(self.told(), [('incident_opened', '1'), ('incident_resolved', '1')])
        self.assertEqual(self.lab.got('hook')[-1]['events'][0]['relapses'], 15)

    def test_a_failure_under_a_new_id_goes_on_as_the_one_that_was_told(self):
        self.tell(10, incident_event('incident_opened', 1))
        for number in range(1, 6):
            self.tell(number * 100, incident_event('incident_resolved', number))
            self.tell(number * 100 + 10, incident_event('incident_opened', number + 1))
        self.tell(700, incident_event('incident_severity_changed', 6, severity='critical'))
        self.tell(800, incident_event('incident_resolved', 6))
        self.lab.run(now=at(1000))
        self.assertEqual(self.told(), [('incident_opened', '1'), ('incident_severity_changed', '6'),
                                       ('incident_resolved', '6')])
        for told in self.lab.got('hook')[1:]:
            self.assertEqual(told['events'][0]['continues'], 'inc-1-saturn-mosquitto')
        self.assertEqual(self.lab.got('hook')[-1]['events'][0]['relapses'], 5)
        self.assertEqual(self.lab.place('hook')['kept'], [])

    def test_a_worse_failure_is_told_and_the_resolution_before_it(self):
        self.tell(10, self.OPENED)
        self.tell(20, self.RESOLVED)
        self.tell(30, incident_event('incident_opened', 2, severity='critical'))
        self.assertEqual(self.told(), [('incident_opened', '1'), ('incident_resolved', '1'),
                                       ('incident_opened', '2')])

    def test_a_failure_after_the_hold_is_told(self):
        self.tell(10, self.OPENED)
        self.tell(20, self.RESOLVED)
        self.tell(140, incident_event('incident_opened', 2))
        self.assertEqual(self.told(), [('incident_opened', '1'), ('incident_resolved', '1'),
                                       ('incident_opened', '2')])

    def test_another_service_is_another_matter(self):
        self.tell(10, self.OPENED)
        self.tell(20, self.RESOLVED)
        self.tell(30, incident_event('incident_opened', 1, service='web'))
        self.lab.run(now=at(300))
        self.assertEqual(len(self.told()), 3)

    def test_what_is_withdrawn_or_expires_ends_it(self):
        for kind in ('incident_withdrawn', 'incident_expired'):
            with self.subTest(kind):
                self.setUp()
                self.tell(10, self.OPENED)
                self.tell(20, self.RESOLVED)
                self.tell(30, incident_event(kind))
                self.tell(40, incident_event('incident_opened', 2))
                self.lab.run(now=at(1000))
                self.assertEqual([k for k, _ in self.told()], [
                    'incident_opened', 'incident_resolved', kind, 'incident_opened'])
                self.assertEqual(self.lab.place('hook')['kept'], [])

    def test_it_does_not_matter_how_late_we_look(self):
        self.lab.tell(self.OPENED, observed=at(10))
        self.lab.tell(self.RESOLVED, observed=at(20))
        self.lab.tell(self.REOPENED, observed=at(30))
        self.lab.tell(self.RESOLVED, observed=at(40))
        self.lab.tell(event('node_added', 'pluto'), observed=at(1000))
        self.lab.tell(self.REOPENED, observed=at(1010))
        self.lab.run(now=at(5000))
        self.assertEqual(self.told(), [
            ('incident_opened', '1'), ('incident_resolved', '1'), ('node_added', 'pluto'),
            ('incident_reopened', '1')])

    def test_what_was_attempted_is_not_taken_back(self):
        """The hook took it, but we were killed before that was on disk; then it comes back."""
        self.tell(10, self.OPENED)
        self.tell(20, self.RESOLVED)
        self.lab.hook('hook', RECORD % self.lab.log('hook') + 'kill -9 $PPID\n')
        self.lab.run(status=-9, now=at(140))
        self.lab.hook('hook')
        self.tell(139, self.REOPENED)
        self.assertEqual(self.told(), [('incident_opened', '1'), ('incident_resolved', '1'),
                                       ('incident_resolved', '1'), ('incident_reopened', '1')])

    def test_a_clock_set_back_keeps_nothing_for_long(self):
        self.tell(9000, self.OPENED)
        self.tell(9010, self.RESOLVED)
        self.lab.run(now=at(100))
        self.assertEqual(len(self.told()), 2)

    def test_statuses_that_flap(self):
        def node(a, b):
            return event('node_status_changed', 'pluto', a, b, node='pluto')

        self.tell(10, node('online', 'offline'))
        for second in range(20, 400, 40):
            self.tell(second, node('offline', 'online'))
            self.tell(second + 20, node('online', 'offline'))
        self.assertEqual(len(self.told()), 1)
        self.tell(500, node('offline', 'online'))
        self.tell(510, node('online', 'stale'))        # from offline to stale: better, too
        self.lab.run(now=at(619))
        self.assertEqual(len(self.told()), 1)
        self.lab.run(now=at(620))
        last = self.lab.got('hook')[-1]['events']
        self.assertEqual([(e['from'], e['to']) for e in last], [('offline', 'stale')])

    def test_worse_than_it_was_is_told_from_what_it_was(self):
        self.tell(10, event('status_changed', 'world', 'DEGRADED', 'NOMINAL'))
        self.tell(20, event('status_changed', 'world', 'NOMINAL', 'CRITICAL'))
        (told,) = self.lab.got('hook')
        self.assertEqual([(e['from'], e['to']) for e in told['events']], [('DEGRADED', 'CRITICAL')])

    def test_better_is_kept_worse_is_told(self):
        better = [event('service_status_changed', 'a/b', 'unhealthy', 'healthy'),
                  event('pressure_changed', 'a/disk_pressure', 'high', None),
                  event('node_status_changed', 'a', 'stale', 'online'),
                  event('status_changed', 'world', 'CRITICAL', 'DEGRADED')]
        worse = [dict(e, key='x' + e['key'], **{'from': e['to'], 'to': e['from']}) for e in better]
        neither = [event('service_status_changed', 'c/d', 'unknown', 'healthy'),
                   event('pressure_changed', 'c/disk_pressure', 'high', 'critical'),
                   event('status_changed', 'other', None, 'NOMINAL'),
                   event('deployment_finished', 'd', 'in_progress', 'completed'),
                   event('drift_changed', 'missing', added=['a/b'], removed=[])]
        self.tell(10, *better, *worse, *neither)
        (told,) = self.lab.got('hook')
        self.assertEqual(told['events'], worse + neither)
        self.lab.run(now=at(130))
        self.assertEqual(self.lab.got('hook')[-1]['events'], better)

    def test_what_goes_away_comes_behind_what_was_kept_of_it(self):
        self.tell(10, event('node_status_changed', 'a', 'stale', 'online'))
        self.tell(20, event('node_removed', 'a', 'online', None))
        self.assertEqual(self.told(), [('node_status_changed', 'a'), ('node_removed', 'a')])

    def test_where_something_is_missed_all_that_was_kept_is_told(self):
        self.tell(10, self.OPENED)
        self.tell(20, self.RESOLVED)
        self.lab.line()
        self.lab.tell(self.REOPENED, observed=at(40))
        self.lab.run(now=at(40))
        self.assertEqual(self.told(), [('incident_opened', '1'), ('incident_resolved', '1'),
                                       ('incident_reopened', '1')])
        self.assertTrue(self.lab.got('hook')[-1]['missed'])

    def test_without_a_hold_everything_is_told_at_once(self):
        self.lab.tell(self.OPENED, self.RESOLVED, observed=at(10))
        self.lab.run('--hold', '0', now=at(10))
        self.assertEqual(self.told(), [('incident_opened', '1'), ('incident_resolved', '1')])

    def test_beyond_a_thousand_things_nothing_is_kept_back(self):
        self.tell(10, *[event('node_status_changed', 'n%04d' % i, 'offline', 'online')
                        for i in range(1200)])
        self.assertEqual(len(self.told()), 200)
        self.lab.run(now=at(130))
        self.assertEqual(len(self.told()), 1200)


if __name__ == '__main__':
    unittest.main()
