"""What an event says of a container (F13): as services.json shows it, and when it has to go."""

import decode
import instant
import naming

STATES = {"created", "running", "restarting", "paused", "stopping", "exited", "failed", "removed"}
ENDED = {"exited", "failed"}
LIMIT = 32  # F13: of one service


def read(event):
    """The container that the event tells of, None where it tells of none (F13)."""
    said = event.payload.get("container")
    if len(event.names) != 1 or naming.is_ghost(event.names[0]) or not isinstance(said, dict):
        return None
    name = said.get("name")
    if not isinstance(name, str):
        return None
    while naming.is_ghost(name):
        name = name[13:]
    if not naming.is_service(name):
        return None
    return {
        "runtime": text(said, "runtime", 64),
        "id": text(said, "id", 128),
        "name": name,
        "image": text(said, "image", 256),
        "state": said["state"] if text(said, "state", 64) in STATES else None,
        "exit_code": integer(said, "exit_code"),
        "oom_killed": said["oom_killed"] if isinstance(said.get("oom_killed"), bool) else None,
        "started_at": time(said, "started_at"),
        "restarts": number(said, "restarts"),
        "supervision": supervision(said.get("supervision")),
    }


def supervision(said):
    if not isinstance(said, dict) or not said:
        return None
    return {
        "state": text(said, "state", 64),
        "policy": text(said, "policy", 64),
        "restarts_total": number(said, "restarts_total"),
        "restarts_in_window": number(said, "restarts_in_window"),
        "last_exit_code": integer(said, "last_exit_code"),
        "since": time(said, "since"),
        "backoff_until": time(said, "backoff_until"),
    }


def text(said, key, size):
    return decode.cut(decode.text_of(said, key), size)


def integer(said, key):
    value = said.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(said, key):
    """How many: nothing below 0."""
    value = integer(said, key)
    return value if value is not None and value >= 0 else None


def time(said, key):
    """An instant, written out as E3 has it; what isn't one counts as null."""
    return instant.format(instant.parse(decode.text_of(said, key) or ""))


class Containers:
    """Those of one service."""

    def __init__(self):
        self.by_key = {}  # (name, runtime) -> container
        self.told = {}    # the same -> when in fold order it was told of last

    def shown(self):
        """By name, then runtime, one without a runtime first."""
        keys = sorted(self.by_key, key=lambda key: (key[0].encode(), (key[1] or "").encode()))
        return [self.by_key[key] for key in keys]

    def tell(self, new, step):
        """F13, F14; False where there is no room for it."""
        key = key_of(new)
        old = self.by_key.get(key)
        if old is None and len(self.by_key) == LIMIT:
            over = [k for k, container in self.by_key.items() if container["state"] in ENDED]
            if not over:
                return False
            self._drop(min(over, key=self.told.get))
        if old and differ(old, new) and new["state"] in ENDED and not later(new, old):
            return True
        self.by_key[key] = new
        self.told[key] = step
        return True

    def remove(self, gone):
        """F15: whether that was the last one."""
        old = self.by_key.get(key_of(gone))
        if old is None or differ(old, gone):
            return False
        self._drop(key_of(gone))
        return not self.by_key

    def _drop(self, key):
        del self.by_key[key]
        del self.told[key]


def key_of(container):
    return container["name"], container["runtime"]


def differ(one, other):
    """Are they two, though of one name? An id that isn't said may be any."""
    return None not in (one["id"], other["id"]) and one["id"] != other["id"]


def later(one, other):
    """Was it started later, for sure?"""
    starts = one["started_at"], other["started_at"]
    return None not in starts and instant.parse(starts[0]) > instant.parse(starts[1])
