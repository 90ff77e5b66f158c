"""Events to a backend that does what backends do."""

import gzip
import json
import pathlib
import tempfile
import time
import unittest
import warnings
from email.utils import formatdate

import jsonschema
from driver import Driver, event
from server import (
    Server,
    Stall,
    answers,
    dies,
    huge,
    refused_port,
    speaks_no_http,
    taken,
    takes_and_dies,
    takes_and_dies_in_the_middle,
)

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "schemas"
MIB = 1 << 20


def validate(value, name):
    schemas = [json.loads(path.read_text()) for path in SCHEMAS.glob("*.json")]
    by_id = {schema["$id"]: schema for schema in schemas}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is newer than Debian's
        resolver = jsonschema.RefResolver(name, by_id[name], store=by_id)
        jsonschema.Draft202012Validator(by_id[name], resolver=resolver).validate(value)


def names(*numbers):
    return [f"{n:06d}.json" for n in numbers]


class Case(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)
        self.state = self.scratch / "state"
        self.state.mkdir()
        self.server = self.serve()

    def serve(self, **options):
        server = Server(**options)
        self.addCleanup(server.close)
        return server

    def drive(self, *urls, **options):
        driver = Driver(self.state, *(urls or [self.server.url]), **options)
        self.addCleanup(driver.process.stderr.close)
        self.addCleanup(driver.process.stdout.close)
        self.addCleanup(lambda: driver.process.poll() is None and driver.kill())
        return driver

    def close(self, driver):
        status, said = driver.close()
        self.assertEqual(status, 0, said)
        return said

    def files(self):
        return sorted(
            (p for p in (self.state / "outbox/events").iterdir()), key=lambda p: int(p.stem)
        )


class Taken(Case):
    def test_what_is_sent(self):
        driver = self.drive(self.server.url + "/in/")
        self.assertRaises(jsonschema.ValidationError, validate, [event(1)], "event-batch.schema.json")
        driver.add(event(1), event(2, message="grüße"))
        driver.flush_all()
        self.assertEqual(self.close(driver), "")
        (request,) = self.server.requests
        self.assertEqual(request.path, "/in/events")
        self.assertEqual(request.headers["Content-Type"], "application/json")
        self.assertEqual(request.headers["Content-Encoding"], "gzip")
        self.assertRegex(request.headers["User-Agent"], r"^homelab-agent/\d")
        self.assertRegex(request.key, "^[0-9a-f]{64}$")
        self.assertNotIn("Authorization", request.headers)
        expected = [dict(event(1), id="000001.json"), dict(event(2, message="grüße"), id="000002.json")]
        self.assertEqual(request.json(), expected)
        validate(request.json(), "event-batch.schema.json")

    def test_a_batch_has_at_most_a_hundred_events(self):
        driver = self.drive()
        driver.add(*map(event, range(250)))
        driver.flush_all()
        self.close(driver)
        self.assertEqual([len(r.json()) for r in self.server.requests], [100, 100, 50])
        self.assertEqual(self.server.events(), names(*range(250)))

    def test_a_batch_has_at_most_a_mebibyte(self):
        driver = self.drive()
        driver.add(*(event(n, message="x" * 300_000) for n in range(10)), event(10))
        driver.flush_all()
        self.close(driver)
        for request in self.server.requests:
            self.assertLessEqual(len(gzip.decompress(request.body)), MIB)
        self.assertGreater(max(len(r.json()) for r in self.server.requests), 2)
        self.assertEqual(self.server.events(), names(*range(11)))

    def test_an_event_that_is_added_again_is_there_once(self):
        driver = self.drive()
        driver.add(event(1), event(2), event(1))
        driver.kill()
        driver = self.drive()
        driver.add(event(2), event(3), event(1))
        driver.add(event(3))
        driver.flush_all()
        self.close(driver)
        self.assertEqual(self.server.events(), names(1, 2, 3))

    def test_a_new_backend_begins_with_what_comes_then(self):
        driver = self.drive()
        driver.add(event(1))
        driver.flush_all()
        self.close(driver)
        other = self.serve()
        driver = self.drive(self.server.url, other.url)
        driver.flush_all()
        driver.add(event(2))
        driver.flush_all()
        self.close(driver)
        self.assertEqual(self.server.events(), names(1, 2))
        self.assertEqual(other.events(), names(2))


class Again(Case):
    """It comes again, the same under the same key, and counts once."""

    def check_again(self, *behaviours):
        self.server.behave("/events", *behaviours)
        driver = self.drive(deadline=1)
        driver.add(event(1), event(2))
        self.server.wait_for(lambda: self.server.requests)
        driver.add(event(3))
        driver.flush_all()
        said = self.close(driver)
        self.assertEqual(self.server.events(), names(1, 2, 3))
        first = [r.body for r in self.server.requests[: len(behaviours) + 1]]
        self.assertEqual(len(set(first)), 1, "another batch under way")
        self.assertEqual(len({r.key for r in self.server.requests}), 2)
        return said

    def test_statuses(self):
        for status in 408, 429, 500, 502, 503, 504, 599, 302, 307:
            with self.subTest(status=status):
                self.server = self.serve()
                self.check_again(answers(status))
                self.state = self.scratch / str(status)
                self.state.mkdir()

    def test_no_answer(self):
        for behaviour in dies, takes_and_dies, takes_and_dies_in_the_middle, speaks_no_http:
            with self.subTest(behaviour=behaviour):
                self.server = self.serve()
                said = self.check_again(behaviour)
                self.assertIn("will be sent again", said)
                self.assertIn("takes events again", said)
                self.state = self.scratch / behaviour.__name__
                self.state.mkdir()

    def test_stall(self):
        stall = Stall(counts=True)
        self.addCleanup(stall.release)
        self.check_again(stall)

    def test_all_of_them_in_a_row(self):
        said = self.check_again(answers(500), takes_and_dies, dies)
        self.assertEqual(said.count("will be sent again"), 1, said)

    def test_refused_at_first(self):
        port = refused_port()
        driver = self.drive(f"http://127.0.0.1:{port}")
        driver.add(event(1))
        self.assertFalse(driver.flush(1))
        self.server = self.serve(port=port)
        driver.flush_all()
        self.close(driver)
        self.assertEqual(self.server.events(), names(1))

    def test_the_agent_dies_while_it_sends(self):
        """At each of the moments that a server can tell apart."""
        for behaviour in Stall(counts=True), Stall(counts=False):
            with self.subTest(counts=behaviour.counts):
                self.server = self.serve()
                self.server.behave("/events", behaviour)
                driver = self.drive()
                driver.add(event(1), event(2))
                self.server.wait_for(lambda: self.server.requests)
                if behaviour.counts:
                    self.server.wait_for(lambda: self.server.counted)
                driver.add(event(3))
                driver.kill()
                behaviour.release()
                driver = self.drive()
                driver.add(event(4))
                driver.flush_all()
                self.close(driver)
                self.assertEqual(self.server.events(), names(1, 2, 3, 4))
                first, again = self.server.requests[:2]
                self.assertEqual((first.key, first.body), (again.key, again.body))
                self.state = self.scratch / f"after {behaviour.counts}"
                self.state.mkdir()

    def test_the_agent_dies_again_and_again(self):
        numbers = range(60)
        for n in numbers:
            self.server.behave("/events", (taken, takes_and_dies, answers(503))[n % 3])
            driver = self.drive()
            driver.add(event(n))
            if n % 2:
                driver.flush(1)
            driver.kill()
        self.server.behave("/events")
        driver = self.drive()
        driver.flush_all()
        self.close(driver)
        self.assertEqual(self.server.events(), names(*numbers))

    def test_a_stop_in_the_middle_of_a_request(self):
        stall = Stall()
        self.addCleanup(stall.release)
        self.server.behave("/events", stall)
        driver = self.drive(deadline=600)
        driver.add(event(1))
        self.server.wait_for(lambda: self.server.requests)
        self.close(driver)  # patience is far less than the deadline
        self.assertEqual(self.driver_failures(driver), 0)
        driver = self.drive()
        driver.flush_all()
        self.close(driver)
        self.assertEqual(self.server.events(), names(1))

    def test_a_look_up_that_hangs(self):
        """Nothing can end it: the end doesn't wait for it."""
        driver = self.drive("http://hangs.example:80", self.server.url, deadline=600)
        driver.add(event(1))
        self.server.wait_for(self.server.events)
        self.close(driver)

    def driver_failures(self, driver):
        return driver.position()["events"]["failures"]


class RetryAfter(Case):
    def due_in(self, value):
        self.server.behave("/events", answers(503, headers=[("Retry-After", value)]))
        driver = self.drive()
        before = time.time()
        driver.add(event(1))
        self.server.wait_for(lambda: self.server.requests)
        self.assertFalse(driver.flush())
        self.close(driver)
        self.assertEqual(len(self.server.requests), 1)
        return driver.position()["events"]["due"] / 1e9 - before

    def test_seconds(self):
        self.assertGreaterEqual(self.due_in("1800"), 1800)

    def test_a_date(self):
        at = time.time() + 1800
        self.assertGreaterEqual(self.due_in(formatdate(at, usegmt=True)), 1790)

    def test_a_hostile_one(self):
        due = self.due_in("9" * 300)
        self.assertGreaterEqual(due, 3600)
        self.assertLess(due, 4000)

    def test_it_outlives_the_agent(self):
        self.due_in("1800")
        driver = self.drive()
        driver.add(event(2))
        self.assertFalse(driver.flush())
        self.close(driver)
        self.assertEqual(len(self.server.requests), 1)


class Rejected(Case):
    def reject(self, *behaviours):
        self.server.behave("/events", *behaviours)
        driver = self.drive()
        driver.add(event(1))
        driver.flush_all()
        driver.add(event(2))
        driver.flush_all()
        said = self.close(driver)
        self.assertIn("answered with 4", said)
        self.assertEqual(self.server.events(), names(2))
        (kept,) = (driver.folder() / "rejected").iterdir()
        value = json.loads(kept.read_text())
        self.assertEqual(kept.stem, value["key"])
        self.assertEqual(value["key"], self.server.requests[0].key)
        self.assertEqual(value["events"], self.server.requests[0].json())
        self.assertEqual(value["url"], self.server.url)
        return value

    def test_statuses(self):
        for status in 400, 401, 403, 404, 409, 410, 413, 422, 499:
            with self.subTest(status=status):
                self.server = self.serve()
                value = self.reject(answers(status, b"no such field"))
                self.assertEqual(value["status"], status)
                self.assertEqual(value["answer"], "no such field")
                self.assertFalse(value["answer_cut"])
                self.state = self.scratch / str(status)
                self.state.mkdir()

    def test_a_huge_and_hostile_answer(self):
        value = self.reject(huge(400))
        self.assertTrue(value["answer_cut"])
        self.assertTrue(value["answer"].startswith("\\x00<\\x1b[31m\\x00<"), value["answer"][:40])
        self.assertLessEqual(len(value["answer"]), 4 * 65536)
        self.assertLess(self.server.sent, 16 << 20)

    def test_a_huge_answer_that_takes_it(self):
        self.server.behave("/events", huge(200))
        driver = self.drive()
        driver.add(event(1))
        driver.flush_all()
        self.close(driver)
        self.assertEqual(len(self.server.requests), 1)

    def test_only_so_many_are_kept(self):
        driver = self.drive()
        driver.add(event(1))
        driver.flush_all()
        folder = driver.folder() / "rejected"
        folder.mkdir()
        for n in range(1000):
            (folder / f"{n}.json").write_text("{}")
        self.server.behave("/events", answers(400))
        driver.add(event(2), event(3))
        driver.flush_all()
        self.assertEqual(len(list(folder.iterdir())), 1000)
        ((events, size, total),) = driver.dropped("told")
        self.assertEqual((events, total), (2, 2))
        self.assertGreater(size, 100)
        self.assertEqual(driver.dropped(), [])
        self.close(driver)


class Limits(Case):
    def stalled(self, **options):
        stall = Stall()
        self.addCleanup(stall.release)
        self.server.behave("/events", stall)
        return stall, self.drive(deadline=60, **options)

    def test_size(self):
        """It refuses until the buffer is full; what is left then arrives, the rest is
        counted: together all there was."""
        port = refused_port()
        driver = self.drive(f"http://localhost:{port}", bytes=80_000)
        for n in range(0, 1000, 10):
            driver.add(*(event(n + i, message="x" * 200) for i in range(10)))
        used = sum(p.stat().st_size for p in self.files())
        self.assertLessEqual(used, 80_000 + 10_000)
        ((events, size, total),) = driver.dropped()
        self.assertGreater(events, 500)
        self.assertEqual(events, total)
        self.close(driver)
        driver = self.drive(f"http://localhost:{port}", bytes=80_000)
        self.assertEqual(driver.dropped("told"), [(events, size, total)])
        self.assertEqual(driver.dropped(), [])
        self.server = self.serve(port=port)
        driver.flush_all()
        self.close(driver)
        got = self.server.events()
        self.assertEqual(got, names(*range(1000))[events:])

    def test_age(self):
        port = refused_port()
        url = f"http://localhost:{port}"
        driver = self.drive(url)
        now = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86400))
        driver.add(event(1), event(2), event(3, day=now))
        self.assertFalse(driver.flush(1))
        self.close(driver)
        driver = self.drive(url, age=7 * 86400)
        driver.add(event(4))  # by a clock that hasn't been set yet
        self.assertEqual([d[0] for d in driver.dropped("told")], [3])
        self.server = self.serve(port=port)
        driver.flush_all()
        self.close(driver)
        self.assertEqual(self.server.events(), names(4))

    def test_age_of_what_was_never_begun(self):
        stall, driver = self.stalled()
        now = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86400))
        driver.add(event(1))
        self.server.wait_for(lambda: self.server.requests)
        driver.add(event(2), event(3), event(4, day=now))
        driver.kill()
        stall.release()
        driver = self.drive(age=7 * 86400)
        driver.add()
        driver.flush_all()
        self.assertEqual(sum(d[0] for d in driver.dropped("told")) + len(self.server.events()), 4)
        self.close(driver)
        self.assertIn("000004.json", self.server.events())

    def test_what_is_on_its_way_isnt_dropped(self):
        stall, driver = self.stalled(bytes=16_000)
        driver.add(event(1))
        self.server.wait_for(lambda: self.server.requests)
        driver.add(*(event(n, message="x" * 200) for n in range(2, 300)))
        (dropped,) = driver.dropped("told")
        stall.release()
        driver.flush_all()
        more = driver.dropped("told")
        self.close(driver)
        got = self.server.events()
        self.assertEqual(dropped[0] + sum(d[0] for d in more) + len(got), 299)

    def test_what_all_took_is_removed(self):
        driver = self.drive(bytes=80_000)
        for n in range(500):
            driver.add(event(n, message="x" * 200))
            if n % 100 == 0:
                driver.flush_all()
        driver.flush_all()
        driver.add()
        self.assertEqual(len(self.files()), 1)
        self.assertEqual(driver.dropped(), [])
        self.close(driver)
        self.assertEqual(self.server.events(), names(*range(500)))


class Apart(Case):
    def test_a_slow_backend_holds_back_nobody(self):
        stall = Stall()
        self.addCleanup(stall.release)
        slow = self.serve()
        slow.behave("/events", stall)
        driver = self.drive(slow.url, self.server.url, deadline=600)
        for n in range(50):
            driver.add(event(n))
        self.server.wait_for(lambda: len(self.server.events()) == 50)
        self.assertEqual(len(slow.requests), 1)
        self.assertFalse(driver.flush(0))
        self.close(driver)

    def test_facts_that_are_refused_hold_back_no_events(self):
        self.server.behave("/facts", *[answers(500, headers=[("Retry-After", "3000")])])
        driver = self.drive()
        driver.facts({"node": "nas"})
        self.server.wait_for(lambda: self.server.requests)
        driver.add(event(1))
        self.server.wait_for(self.server.events)
        self.close(driver)


class Facts(Case):
    def paths(self):
        return [r.path for r in self.server.requests]

    def test_on_change(self):
        driver = self.drive()
        for value in {"node": "nas"}, {"node": "nas"}, {"node": "nas", "runtimes": []}:
            driver.facts(value)
            driver.flush_all()
        self.close(driver)
        self.assertEqual(
            [r.json() for r in self.server.requests],
            [{"node": "nas"}, {"node": "nas", "runtimes": []}],
        )
        self.assertEqual(self.paths(), ["/facts"] * 2)
        driver = self.drive()
        driver.facts({"node": "nas", "runtimes": []})
        driver.flush_all()
        self.close(driver)
        self.assertEqual(len(self.server.requests), 2)

    def test_hourly(self):
        driver = self.drive()
        driver.facts({"node": "nas"})
        driver.flush_all()
        self.close(driver)
        path = driver.folder() / "position.jsonl"
        for age, expected in (3500, 1), (3700, 2), (-3700, 3):
            position = dict(driver.position(), facts_at=int((time.time() - age) * 1e9))
            path.write_text(json.dumps(position) + "\n")
            driver = self.drive()
            driver.facts({"node": "nas"})
            driver.flush_all()
            self.close(driver)
            self.assertEqual(len(self.server.requests), expected, age)

    def test_again(self):
        self.server.behave("/facts", answers(500), dies)
        driver = self.drive()
        driver.facts({"node": "nas"})
        driver.flush_all()
        self.close(driver)
        self.assertEqual(len(self.server.requests), 3)

    def test_rejected_they_arent_sent_again(self):
        self.server.behave("/facts", answers(400))
        driver = self.drive()
        driver.facts({"node": "nas"})
        driver.flush_all()
        self.assertIn("answered with 400", self.close(driver))
        self.assertEqual(len(self.server.requests), 1)


class Damaged(Case):
    """What a power cut leaves, and worse."""

    def prepare(self):
        """A batch that was begun and wasn't taken."""
        self.server = self.serve()
        self.server.behave("/events", dies)
        self.driver = self.drive()
        self.driver.add(event(1), event(2))
        self.server.wait_for(lambda: self.server.requests)
        self.driver.kill()

    def finish(self):
        driver = self.drive()
        driver.add(event(3))
        driver.flush_all()
        dropped = driver.dropped("told")
        self.close(driver)
        return dropped

    def test_a_torn_end_of_events(self):
        for tail in b'{"id":"000009.json"', b"\0" * 4096, b"\n", b"[]\n{}\n", b"\xff\xfe\n":
            with self.subTest(tail=tail[:8]):
                self.state = self.scratch / tail.hex()[:16]
                self.state.mkdir()
                self.prepare()
                with self.files()[-1].open("ab") as file:
                    file.write(tail)
                self.assertEqual(self.finish(), [])
                self.assertEqual(self.server.events(), names(1, 2, 3))

    def test_a_torn_end_of_the_position(self):
        for tail in b'{"taken":7', b"\0" * 4096, b"{}\n", b"\n\n":
            with self.subTest(tail=tail[:8]):
                self.state = self.scratch / tail.hex()[:16]
                self.state.mkdir()
                self.prepare()
                with (self.driver.folder() / "position.jsonl").open("ab") as file:
                    file.write(tail)
                self.assertEqual(self.finish(), [])
                self.assertEqual(self.server.events(), names(1, 2, 3))

    def test_a_position_that_is_gone_for_the_most_part(self):
        self.prepare()
        (self.driver.folder() / "position.jsonl").write_bytes(b"\0\0\0")
        self.finish()
        self.assertEqual(self.server.events(), names(1, 2, 3))

    def test_events_that_are_gone(self):
        self.prepare()
        for file in self.files():
            file.unlink()
        self.finish()
        self.assertEqual(self.server.events(), names(3))

    def test_a_segment_that_is_gone_meanwhile(self):
        self.server.behave("/events", answers(503, headers=[("Retry-After", "2")]))
        driver = self.drive()
        driver.add(event(1), event(2))
        self.server.wait_for(lambda: self.server.requests)
        for file in self.files():
            file.unlink()
        driver.add(event(3))
        driver.flush_all()
        ((_, size, _),) = driver.dropped("told")
        self.assertGreater(size, 100)
        self.assertIn("going on", self.close(driver))
        self.assertEqual(self.server.events(), names(3))


if __name__ == "__main__":
    unittest.main()
