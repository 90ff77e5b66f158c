"""The runtimes that the other tests stand on do what is told of them."""

import signal
import unittest

import cases
import runtimes


class Runtime(cases.RuntimeTest):
    def ends(self, it):
        """Its exit code and whether memory was what ended it, as its runtime has them."""
        self.runtime.wait_until_ended(it)
        return self.runtime.end(it)

    def test_life_and_ends(self):
        it = self.runtime.run("web")
        self.runtime.crash(it)
        self.assertEqual(self.ends(it), (137, False))
        for number, code in ((signal.SIGUSR1, 3), (signal.SIGUSR2, 0)):
            self.runtime.start(it)
            self.assertTrue(self.runtime.is_running(it))
            self.runtime.signal(it, number)
            self.assertEqual(self.ends(it), (code, False))
        self.runtime.start(it)
        self.runtime.stop(it)
        self.assertEqual(self.ends(it), (143, False))

    def test_out_of_memory(self):
        it = self.runtime.run("web", memory=runtimes.MEMORY)
        for _ in range(5):
            if self.runtime.exhaust(it):
                break
            self.runtime.start(it)
        self.assertEqual(self.ends(it), (137, self.runtime.tells_oom))

    def test_ends_by_itself(self):
        self.assertEqual(self.ends(self.runtime.run("job", "7")), (7, False))

    def test_containers_outlive_the_daemon(self):
        it = self.runtime.run("web")
        pid = self.runtime.pid(it)
        self.runtime.kill()
        self.runtime.begin()
        self.assertTrue(self.runtime.is_running(it))
        self.assertEqual(self.runtime.pid(it), pid)

    def test_health(self):
        if not self.runtime.checks_health:
            return
        it = self.runtime.run("web", health=True)
        self.runtime.heal(it)
        self.assertTrue(self.runtime.is_healthy(it))
        self.runtime.sicken(it)
        self.assertFalse(self.runtime.is_healthy(it))


cases.for_each(Runtime, globals())

if __name__ == "__main__":
    unittest.main()
