"""Nobody starts anything here: the timer does."""

import unittest

from homelab import ROOT, TIMER, Homelab, event

PERIOD = 30     # s, of the timer
SLACK = 10      # s, for a machine that is busy with other things


class Timer(unittest.TestCase):
    def test_events_become_world_by_themselves(self):
        host = self.enterContext(Homelab())
        host.install()
        host.drop("good.json", event())
        host.wait_for("in the world", "grep -q unhealthy %s/world/services.json" % ROOT,
                      PERIOD + SLACK)
        self.assertEqual(host.world("services")["vps/web"]["status"], "unhealthy")
        # The second run: within a period, though the first one was long after boot.
        host.drop("bad.json", "not an event")
        host.wait_for("in quarantine", "test -e %s/state/observer_failed_events/vps/bad.json.reason"
                      % ROOT, PERIOD + SLACK)
        self.assertEqual(host.world("runtime-summary")["observation"]["totals"]["rejected"], 1)
        self.after_a_reboot(host, host.cycle())

    def after_a_reboot(self, host, cycle):
        host.reboot()
        self.assertEqual(host.lines("systemctl is-active " + TIMER), ["active"])
        host.drop("later.json", event("service_recovered"))
        host.wait_for("healthy", "grep -q '\"status\": \"healthy\"' %s/world/services.json" % ROOT,
                      PERIOD + SLACK)
        self.assertGreater(host.cycle(), cycle)
