"""Backends as the agent uses them, by the driver: see driver.c."""

import json
import os
import pathlib
import signal
import subprocess

DRIVER = os.environ["DRIVER"]
PATIENCE = 30  # seconds until a test that hangs fails


def event(number, day="2026-05-12", **more):
    made = {
        "timestamp": f"{day}T12:00:00.{number:06d}Z",
        "node": "nas",
        "type": "container_started",
        "payload": {"number": number},
    }
    made.update(more)
    return made


class Driver:
    def __init__(self, state, *urls, **options):
        arguments = [DRIVER, "--state", str(state)]
        options.setdefault("age", 100 * 365 * 86400)
        options.setdefault("deadline", 5)
        for name, value in options.items():
            arguments += [f"--{name}", str(value)]
        for url in urls:
            arguments += ["--url", url]
        self.state = pathlib.Path(state)
        self.added = 0
        environment = dict(os.environ, http_proxy="http://127.0.0.1:1", https_proxy="http://127.0.0.1:1")
        self.process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self):
        return self.process.stdout.readline().rstrip("\n")

    def add(self, *events, names=None):
        for i, one in enumerate(events):
            name = names[i] if names else f"{one['payload']['number']:06d}.json"
            self.tell(f"add {name} {json.dumps(one)}")
        self.tell("commit")
        said = self.hear()
        if said != "committed":
            raise AssertionError(f"not committed: {said}{self.process.communicate()[1]}")

    def facts(self, value):
        self.tell("facts " + json.dumps(value))

    def flush(self, seconds=PATIENCE):
        self.tell(f"flush {seconds}")
        return self.hear() == "flushed yes"

    def flush_all(self):
        if not self.flush():
            raise AssertionError("it's never done: " + self.process.communicate()[1])

    def dropped(self, word="dropped"):
        self.tell(word)
        lines = list(iter(self.hear, "end"))
        return [tuple(int(n) for n in line.split()[1:4]) for line in lines]

    def close(self):
        """Its end, in good order: the status and what it said."""
        out, err = self.process.communicate(timeout=PATIENCE)
        if self.process.returncode == 0 and not out.endswith("closed\n"):
            raise AssertionError(f"not closed: {out}")
        return self.process.returncode, err

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=PATIENCE)

    def folder(self):
        """Of the only backend."""
        return next(p for p in (self.state / "outbox").iterdir() if p.name != "events")

    def position(self):
        text = (self.folder() / "position.jsonl").read_text()
        return json.loads(text.splitlines()[-1])
