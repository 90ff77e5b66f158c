"""A random story: what arrives, what the operator does, when the observer runs.

A story is a list of steps, each a value that says everything about itself,
so that a part of them can be played again.  Story.steps makes them one by
one and looks at the model of what has been decided on so far, never at what
the observer did: equal seeds make equal stories.
"""

import json
import random

import homelab
from edits import Operator
from event import (DAY, HOUR, MAX_TEXT, MINUTE, SECOND, EventMaker, Meaning,
                   parse_stamp, plain_stamp)
from files import Files
from model import FAR
from steps import HOW, Expire, Run, Write

STEPS_OF_TIME = tuple(
    unit * count for unit, counts in (
        (SECOND, (1, 30, 300, 900)), (MINUTE, (1, 5, 15)),
        (HOUR, (1, 6, 24, 26)), (DAY, (1, 7, 30, 90, 120)))
    for count in counts)


class Story:
    def __init__(self, seed, meanings, note):
        self.seed = seed
        self.rng = rng = random.Random(seed)
        self.note = note
        self.meanings = meanings
        self.maker = EventMaker(rng, note, self.meanings)
        self.style = rng.choices(
            ("dense", "medium", "long", "crowd"), (50, 25, 21, 4))[0]
        self.mode = rng.choices(
            ("topology", "added", "absent", "option"), (80, 8, 6, 6))[0]
        self.separate_repo = rng.random() < 0.3
        self.options = self._options()
        self.machines = homelab.make_machines(rng, rng.randint(4, 7))
        self.operator = Operator(rng, self.machines, self.mode, note)
        self.letters = []       # (index of run, machine, instant)
        self.events = 0
        self._plan()
        self.files = Files(rng, self.machines, self.operator, self.maker,
                           self._event_text, self.base, note)

    def some(self, chance):
        return self.rng.random() < chance

    def _options(self):
        rng, options = self.rng, []
        if self.mode == "option":
            options.append("--no-topology")
        for name, values in (("incident", ("1h", "7d", "30d", "0")),
                             ("service", ("1d", "7d", "40d")),
                             ("deployment", ("90d", "120d", "2d"))):
            if rng.random() < 0.12:
                options += ["--%s-retention" % name, rng.choice(values)]
        if rng.random() < 0.2:
            options += ["--jobs", str(rng.randint(1, 4))]
        return options

    def _plan(self):
        """The base, the runs' times, and how many events lie between them."""
        rng = self.rng
        pick = rng.random()
        if pick < 0.8:
            base = parse_stamp("2024-01-01T00:00:00Z") + \
                rng.randrange(1100 * 86400) * SECOND
        elif pick < 0.86:
            base = rng.randrange(3 * 86400) * SECOND
        elif pick < 0.95:
            base = parse_stamp(rng.choice((
                "2024-02-27T10:00:00Z", "1999-12-29T23:00:00Z",
                "2025-12-30T12:00:00Z", "2100-02-26T00:00:00Z")))
        else:
            base = parse_stamp("2259-06-01T00:00:00Z")
        days = {"dense": rng.uniform(4.1, 7), "medium": rng.uniform(9, 45),
                "long": rng.uniform(140, 420), "crowd": rng.uniform(4.1, 6)}
        span = int(days[self.style] * DAY) // SECOND * SECOND
        runs = rng.randint(5, 8) if self.style != "crowd" else 5
        cuts = sorted(rng.randrange(span // 20, span) for _ in range(runs - 1))
        self.base = base
        self.times = [base + cut // SECOND * SECOND for cut in cuts]
        self.times.append(base + span)
        for k in range(1, len(self.times) - 1):
            if rng.random() < 0.2:
                self.times[k] = min(self.times[k + 1], self.times[k - 1] +
                                    rng.choice((0, SECOND, MINUTE, HOUR)))
        total = rng.randint(205, 270)
        weights = [rng.random() + 0.1 for _ in self.times]
        self.shares = [max(1, round(total * w / sum(weights))) for w in weights]
        self.shares[0] += max(0, total - sum(self.shares))

    # -- the steps ------------------------------------------------------------

    def steps(self, model):
        """Yield every step; model must have taken each before the next."""
        self.model = self.operator.model = self.files.model = model
        yield from self.operator.first()
        previous = self.base
        for k, planned in enumerate(self.times):
            last = k == len(self.times) - 1
            now = self._choose_now(previous, planned, last)
            self._write_letters(k, previous, now)
            batch = self._deliver(k, now, last)
            if k:
                batch += self._far_late(now)
                yield from self.operator.edit()
            batch += self.files.tend(k, batch)
            self.rng.shuffle(batch)
            yield from batch
            yield from self._run(now, last)
            if self.some(0.15):
                yield Expire(self.some(0.3))
            previous = now
        if self.some(0.5):
            now = previous + self.rng.choice(STEPS_OF_TIME)
            if now < parse_stamp("2262-01-01T00:00:00Z"):
                yield Run(now, "plain", False, True, self.some(0.5))

    def _run(self, now, last):
        how = self.rng.choices(HOW, (60, 22, 8, 5, 5))[0]
        again = self.some(0.25)
        yield Run(now, how, again, last or self.some(0.3),
                  last or self.some(0.12))

    def _choose_now(self, previous, planned, last):
        """A run's time: as planned, or on an edge of some rule."""
        if self.some(0.35) and self.model.decided:
            instants = [self.meanings[t].instant
                        for t in self.rng.sample(list(self.model.decided.values()),
                                                 min(20, len(self.model.decided)))]
            instants += [i - 10 * MINUTE
                         for i in self.model.held_places.values()]
            edges = [i + step + nudge for i in instants for step in STEPS_OF_TIME
                     for nudge in (-1, 0, 1, SECOND)]
            edges = [e for e in edges if previous <= e <= planned]
            if edges:
                self.note("P7")
                return self.rng.choice(edges)
        if not last and self.some(0.2):
            planned -= self.rng.randint(1, SECOND - 1)
        return max(previous, planned)

    # -- events ---------------------------------------------------------------

    def _instants(self, start, end, count):
        """Times of events, many of them close together or equal."""
        rng, result = self.rng, []
        middles = [rng.randint(start, max(start, end))
                   for _ in range(max(1, count // 7))]
        for _ in range(count):
            instant = rng.choice(middles)
            pick = rng.random()
            if result and pick < 0.22:
                instant = rng.choice(result[-12:])
                if rng.random() < 0.5:
                    instant = instant // SECOND * SECOND + rng.choice(
                        (0, 1, 5, 500000000, 999999999))
            elif pick < 0.5:
                instant += rng.randint(-9, 9) * SECOND
            elif pick < 0.75:
                instant += rng.randint(-90, 90) * MINUTE
            else:
                instant += rng.randint(-HOUR, HOUR)
            if rng.random() < 0.6:
                instant = instant // SECOND * SECOND
            if rng.random() < 0.05:
                self.note("F11")
                instant = instant // DAY * DAY + rng.choice((-1, 0, 0, 1))
            result.append(min(max(instant, start, 0), end))
        return result

    def _write_letters(self, k, start, now):
        """Events that happen until now, and the run each arrives before."""
        rng = self.rng
        weights = [rng.choice((1, 2, 6)) for _ in self.machines]
        runs = len(self.times)
        for instant in self._instants(start, now, self.shares[k]):
            arrives = k
            pick = rng.random()
            if pick < 0.22:
                arrives = min(runs - 1, k + rng.choice((1, 1, 1, 2, 3)))
                self.note("T2")
            elif pick < 0.27:
                arrives = runs - 1
            elif pick < 0.32:
                instant = now + rng.choice(
                    (5 * MINUTE, 5 * MINUTE + 1, 5 * MINUTE - 1, MINUTE,
                     10 * MINUTE, 6 * HOUR, 3 * DAY))
            machine = rng.choices(self.machines, weights)[0]
            self.letters.append((arrives, machine, instant))
        if k == 0 and self.some(0.25):
            for _ in range(rng.randint(1, 6)):
                instant = max(0, self.base - rng.randint(1, 400) * DAY
                              - rng.randrange(DAY))
                self.letters.append((0, rng.choice(self.machines), instant))

    def _deliver(self, k, now, last):
        due = [l for l in self.letters if l[0] <= k or last]
        self.letters = [l for l in self.letters if not (l[0] <= k or last)]
        self.rng.shuffle(due)
        lines, batch = {}, []
        for _, machine, instant in due:
            self._post(machine, instant, now, lines, batch)
        if self.style == "crowd" and k == len(self.times) - 2:
            self._crowd(now, lines)
        for path in [p for p, tail in self.files.logs.items() if tail]:
            if self.some(0.7) or last and self.some(0.5):
                lines.setdefault(path, [])
        for path, texts in lines.items():
            self.files.log(path, texts, batch)
        return batch

    def _post(self, machine, instant, now, lines, batch):
        """One event into a file of its own or a line of a log."""
        rng, self.events = self.rng, self.events + 1
        name = machine.name if self.some(0.72) else rng.choice(machine.names())
        where = self.files.folder(name, instant, now)
        one_line = self.some(0.42)
        text = self._event_text(machine, name, instant, one_line)
        if not one_line:
            batch.append(Write(self.files.name(where, ".json"), text,
                               self._mtime(now)))
            return
        ours = [p for p in self.files.logs if p.split("/")[-2] == name and
                (p in self.model.files or p in lines)]
        if ours and self.some(0.75):
            path = rng.choice(ours)
        else:
            path = self.files.name(where, ".jsonl")
            self.files.logs[path] = b""
        lines.setdefault(path, []).append(text)

    def _event_text(self, machine, name, instant, one_line):
        rng, maker = self.rng, self.maker
        node = name
        if self.mode != "absent" and self.mode != "option" or self.some(0.05):
            node = rng.choice([name, machine.name, machine.name] +
                              machine.old_names)
        pick = rng.random()
        if pick < 0.10:
            others = [m.name for m in self.machines if m is not machine]
            return maker.broken_text(node, others + machine.old_names, instant,
                                     machine.services, one_line)
        if pick < 0.103:
            return maker.far_text(node, machine.services, one_line)
        if pick < 0.10315:
            return maker.sized_text(node, instant, machine.services,
                                    MAX_TEXT + rng.randint(0, 1))
        return maker.text(node, instant, machine.services, one_line)

    def _mtime(self, now):
        return now // SECOND - self.rng.randrange(10**6) if self.some(0.3) else None

    def _far_late(self, now):
        """Events just within and just beyond 120 days before the newest."""
        batch = []
        if self.style != "long" and not self.some(0.04):
            return batch
        for machine in self.machines:
            newest = self.model.newest.get(machine.name)
            if newest is None or newest < FAR + 2 * DAY or not self.some(0.4):
                continue
            for _ in range(self.rng.randint(1, 3)):
                instant = newest - FAR + self.rng.choice(
                    (0, -1, 1, -SECOND, SECOND, -DAY, DAY, -9 * DAY, HOUR,
                     -(newest % DAY)))
                name = self.rng.choice(machine.names())
                folder = self.files.folder(name, instant, now)
                text = self.maker.text(name, instant, machine.services, False)
                batch.append(Write(self.files.name(folder, ".json"), text,
                                   None))
        return batch

    def _crowd(self, now, lines):
        """More of something than F2, F11 or E9 keep."""
        rng, maker = self.rng, self.maker
        machine = rng.choice(self.machines[:3])
        folder = self.files.folder(machine.name, now, now)
        path = "%s/crowd.jsonl" % folder
        self.files.logs[path] = b""
        start = now - 6 * HOUR
        kind = rng.choices(("services", "runs", "types", "occurrences",
                            "incidents"), (4, 4, 3, 3, 1))[0]
        texts = []

        def say(instant, type_, **more):
            text = json.dumps({"timestamp": plain_stamp(instant),
                               "node": machine.name, "type": type_,
                               **more}).encode()
            texts.append(maker.mean(text, Meaning(True, instant, machine.name)))

        self.note({"types": "F2", "occurrences": "F6"}.get(kind, "F11"))
        if kind == "types":
            for n in range(130):
                say(start + n % 60 * SECOND, "kind_%d" % (n * 7 % 125))
        elif kind == "occurrences":
            for n in range(140):
                say(start + n * SECOND, "mqtt_unreachable", service="broker")
        elif kind == "runs":
            for n in range(1040):
                at = start + n // 2 * SECOND
                say(at, "deployment_started", correlation_id="many-%d" % n)
                if rng.random() < 0.7:
                    say(at + rng.randint(0, 50) * SECOND,
                        rng.choice(("deployment_completed", "deployment_failed")),
                        correlation_id="many-%d" % n)
        else:
            rounds = 6 if kind == "incidents" else 1
            for turn in range(rounds):
                for part in range(4):
                    names = ["s%d" % (part * 256 + n) for n in range(260)]
                    say(start + (turn * 10 + part) * SECOND,
                        rng.choice(("service_unhealthy", "healthcheck_failed")),
                        payload={"services": names})
                if kind == "incidents" or self.some(0.5):
                    say(start + (turn * 10 + 8) * SECOND, "service_healthy",
                        service="all")
        rng.shuffle(texts)
        lines[path] = texts
